"""An HTML page with the latest exchanges of a world, and why some failed."""

from __future__ import annotations

from starlette.responses import Response

from lms_emulator.control.calls import Call, Problem
from lms_emulator.core.clock import isoformat
from lms_emulator.core.http.pages import page
from lms_emulator.core.outcomes import WELL

_MOST = 100


def _failed_only(call: Call) -> bool:
    """Whether `failed=true` was asked for. Raises Problem for anything else in the query."""
    other = next((name for name, _ in call.query.multi_items() if name != "failed"), None)
    if other is not None:
        raise Problem(400, f"the console takes `failed`, not `{other}`; /_emulator/requests takes more filters")
    value = call.query.get("failed", "false")
    if value not in ("true", "false"):
        raise Problem(400, f"failed: expected true or false, got `{value}`")
    return value == "true"


def console(call: Call) -> Response:
    """The console: addresses, clock, and the latest exchanges, newest first."""
    world = call.world
    entries = [entry.summary() for entry in reversed(world.journal.entries()[-_MOST:])]
    failed = _failed_only(call)
    if failed:
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
        failed_only=failed,
        emails=sum(message.medium == "email" for message in world.outbox),
        dropped=world.journal.dropped,
    )
