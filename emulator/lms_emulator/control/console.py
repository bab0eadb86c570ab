"""An HTML page with the latest exchanges of a world, and why some failed."""

from __future__ import annotations

from starlette.responses import Response

from lms_emulator.control.calls import Call
from lms_emulator.core.clock import isoformat
from lms_emulator.core.http.pages import page
from lms_emulator.core.outcomes import WELL

_MOST = 100


def console(call: Call) -> Response:
    """The console: addresses, clock, and the latest exchanges, newest first."""
    world = call.world
    entries = [entry.summary() for entry in reversed(world.journal.entries()[-_MOST:])]
    if call.query.get("failed") == "true":
        entries = [entry for entry in entries if entry["outcome"] not in WELL]
    return page(
        "lms_emulator.control",
        "console.html",
        world=world.seed.name,
        name=world.name,
        now=isoformat(world.clock.now()),
        mode=world.clock.mode,
        control=call.control_url(),
        bases={name: call.bases(name) for name in call.gateway.providers},
        with_lti=[
            name
            for name, provider in call.gateway.providers.items()
            if any(route.path == "/lti" for route in provider.controls)
        ],
        titles={name: provider.title for name, provider in call.gateway.providers.items()},
        entries=entries,
        failed_only=call.query.get("failed") == "true",
        emails=sum(message.medium == "email" for message in world.outbox),
        dropped=world.journal.dropped,
    )
