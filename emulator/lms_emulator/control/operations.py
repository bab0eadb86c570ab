"""The operations of the control API, declared once; `openapi.py` describes them from here."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec
from starlette.responses import Response

from lms_emulator._version import __version__
from lms_emulator.control import filters
from lms_emulator.control.calls import Call, Problem
from lms_emulator.core.clock import isoformat, parse_duration, parse_instant
from lms_emulator.core.controls import control
from lms_emulator.core.errors import NotFoundError
from lms_emulator.core.http.cookie_policies import probe
from lms_emulator.core.http.routing import Route
from lms_emulator.core.settings import describe
from lms_emulator.core.state.structure import structure
from lms_emulator.core.worlds.faults import Fault
from lms_emulator.core.worlds.file import from_data, load
from lms_emulator.core.worlds.journal import Entry

_MOST_SETTLED = 20


def health(call: Call) -> Any:
    return {"status": "ready", "version": __version__}


def cookies(call: Call) -> Any:
    return probe(call.query.get("step", ""), call.cookies)


def info(call: Call) -> Any:
    world = call.world
    return {
        "version": __version__,
        "world": world.seed.name,
        "name": world.name,
        "public_url": call.gateway_url(),
        "clock": _clock(call),
        "as_of": world.as_of.isoformat(),
        "settings": {s.name: s.value for s in _settings(call)},
        "providers": {
            name: provider.info(world, call.bases(name)) for name, provider in call.gateway.providers.items()
        },
    }


def reset(call: Call) -> Any:
    call.world.reset()


def get_world(call: Call) -> Any:
    return call.world.dump()


def put_world(call: Call) -> Any:
    if not call.body or call.body.isspace():
        raise Problem(400, "the body is empty; send `demo`, `empty`, or a world as a JSON object")
    data = call.json()
    if isinstance(data, str):
        seed = load(data, call.gateway.providers) if data in ("demo", "empty") else None
        if seed is None:
            raise Problem(400, f"`{data}` is not a built-in world; send `demo`, `empty`, or a world as a JSON object")
    else:
        seed = from_data(data, call.gateway.providers)
        seed.read(call.gateway.providers)
        seed.vouched = call.owner
    call.world.replace(seed)


def make_snapshot(call: Call) -> Any:
    return {"id": call.world.snapshot()}, 201


def list_snapshots(call: Call) -> Any:
    return {"snapshots": list(call.world.snapshots)}


def _known_snapshot(call: Call) -> str:
    snapshot_id: str = call.params["id"]
    if snapshot_id not in call.world.snapshots:
        raise NotFoundError(f"no snapshot `{snapshot_id}`; known: {', '.join(call.world.snapshots) or 'none'}")
    return snapshot_id


def restore_snapshot(call: Call) -> Any:
    call.world.restore(_known_snapshot(call))


def delete_snapshot(call: Call) -> Any:
    del call.world.snapshots[_known_snapshot(call)]


def _clock(call: Call) -> dict[str, Any]:
    clock = call.world.clock
    return {"now": isoformat(clock.now()), "mode": clock.mode}


def get_clock(call: Call) -> Any:
    return _clock(call)


def set_clock(call: Call) -> Any:
    data = call.json_object()
    known = {"set", "advance", "freeze", "resume"}
    if not data or set(data) - known:
        raise Problem(
            400,
            'the body is {"set": "2026-…Z"}, {"advance": "PT10M"} or seconds, {"freeze": true}, {"resume": true}',
        )
    for name in ("freeze", "resume"):
        if not isinstance(data.get(name, False), bool):
            raise Problem(400, f"{name}: expected true or false, got {data[name]!r}")
    clock = call.world.clock
    before = clock.snapshot()
    if data.get("freeze"):
        clock.freeze()
    try:
        if "set" in data:
            clock.set(parse_instant(str(data["set"])))
        if "advance" in data:
            clock.advance(_length(data["advance"]))
    except (ValueError, OverflowError, OSError) as error:
        clock.restore(before)
        raise Problem(400, f"{'set' if 'set' in data else 'advance'}: {error}") from None
    if data.get("resume"):
        clock.resume()
    return _clock(call)


def _length(value: Any) -> timedelta:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return timedelta(seconds=value)
    return parse_duration(str(value))


def list_requests(call: Call) -> Any:
    journal = call.world.journal
    entries = filters.select(journal.entries(), call.query.multi_items(), call.gateway.providers)
    _settle(entries)
    return {"requests": [entry.summary() for entry in entries], "dropped": journal.dropped}


def _settle(entries: list[Entry]) -> None:
    """Finish diagnoses that were cut short; if there are many, only the latest."""
    for entry in [entry for entry in entries if entry.later is not None][-_MOST_SETTLED:]:
        entry.settle()


def get_request(call: Call) -> Any:
    entry_id: str = call.params["id"]
    entries = call.world.journal.entries()
    entry = filters.chosen(entry_id, entries)
    if entry is None:
        raise NotFoundError(f"no request `{entry_id}` in the journal; it holds {len(entries)} of the latest")
    _settle([entry])
    return entry.whole()


def clear_requests(call: Call) -> Any:
    call.world.journal.clear()


def get_outbox(call: Call) -> Any:
    messages = [m for m in call.world.outbox if call.query.get("provider") in (None, m.provider)]
    return {
        "emails": [m for m in messages if m.medium == "email"],
        "webhooks": [m for m in messages if m.medium == "webhook"],
        "dropped": call.world.outbox.dropped,
    }


def clear_outbox(call: Call) -> Any:
    call.world.outbox.clear()


def list_faults(call: Call) -> Any:
    return {"faults": call.world.faults.listing()}


def add_fault(call: Call) -> Any:
    fault, problems = structure(call.json_object(), Fault, "fault")
    if fault is None:
        raise Problem(400, "; ".join(problems))
    if fault.provider is not None and fault.provider not in call.gateway.providers:
        raise Problem(400, f"provider: unknown `{fault.provider}`; known: {', '.join(call.gateway.providers)}")
    return msgspec.to_builtins(call.world.faults.add(fault)), 201


def clear_faults(call: Call) -> Any:
    call.world.faults.clear()


def remove_fault(call: Call) -> Any:
    if not call.world.faults.remove(call.params["id"]):
        raise NotFoundError(f"no fault `{call.params['id']}`")


def _settings(call: Call) -> list[Any]:
    day = call.world.as_of
    rows = describe("emulator", call.world.emulator, day)
    for name in call.gateway.providers:
        rows += describe(name, call.world.settings(name), day)
    return rows


def get_settings(call: Call) -> Any:
    return {"settings": _settings(call)}


def patch_settings(call: Call) -> Any:
    """`{"openlearning": {"trailing_slash": "redirect"}}` or `{"openlearning.trailing_slash": "redirect"}`."""
    values: dict[str, dict[str, Any]] = {}
    for key, value in call.json_object().items():
        provider, dot, name = key.partition(".")
        if dot:
            values.setdefault(provider, {})[name] = value
        elif isinstance(value, dict):
            values.setdefault(provider, {}).update(value)
        else:
            raise Problem(400, f"`{key}`: name a setting as `provider.setting`")
    call.world.change_settings(values)
    return get_settings(call)


def _world_row(call: Call, name: str) -> dict[str, Any]:
    world = call.gateway.worlds[name]
    base = call.gateway_url() + ("" if world.is_default else f"/w/{name}")
    return {
        "name": name,
        "world": world.seed.name,
        "control_url": f"{base}/_emulator",
        "base_urls": {provider: call.bases(provider, name) for provider in call.gateway.providers},
    }


def list_worlds(call: Call) -> Any:
    return {"worlds": [_world_row(call, world.name) for world in call.gateway.worlds]}


def add_world(call: Call) -> Any:
    data = call.json_object()
    unknown = set(data) - {"name", "world"}
    name, given = data.get("name"), data.get("world")
    if unknown or not isinstance(name, str):
        raise Problem(400, 'the body is {"name": "a-host-label", "world": "demo" | "empty" | {…}}')
    seed = None
    if isinstance(given, str) and given in ("demo", "empty"):
        seed = load(given, call.gateway.providers)
    elif given is not None:
        seed = from_data(given, call.gateway.providers, default_name=name)
        seed.read(call.gateway.providers)
        seed.vouched = call.owner
    call.gateway.worlds.create(name, seed)
    return _world_row(call, name), 201


def get_named_world(call: Call) -> Any:
    return _world_row(call, call.params["name"])


def delete_world(call: Call) -> Any:
    call.gateway.worlds.delete(call.params["name"])


def ca_pem(call: Call) -> Any:
    pem = call.gateway.ca_pem
    if pem is None:
        raise NotFoundError("there is no certificate authority; start with `lms-emulator serve --tls`")
    return Response(pem, media_type="application/x-pem-file")


def openapi(call: Call) -> Any:
    from lms_emulator.control.openapi import document

    return document(call.gateway_url(), ROUTES, {n: p.controls for n, p in call.gateway.providers.items()})


def show_console(call: Call) -> Any:
    from lms_emulator.control.console import console

    return console(call)


IMMEDIATE = (health, cookies)
"""These read no state, and answer even while a world is busy."""
OF_NO_STATE = (reset, add_world, delete_world)
"""They write nothing into the state of the world that they were sent to, so a reset of it does not matter to them."""
LONG = (
    *(show_console, info, openapi, get_world, put_world, add_world, list_worlds),
    *(get_settings, patch_settings, list_requests, get_request, get_outbox),
)
"""Their cost grows with the world or the journal, or they import every provider."""

ROUTES: tuple[Route, ...] = (
    control("GET", "/", show_console, "Console: the latest exchanges, and why some were refused"),
    control("GET", "/health", health, "Whether the emulator is ready"),
    control("GET", "/cookies", cookies, "Test page: which cookies this browser keeps in frames"),
    control("GET", "/info", info, "Base URLs, and the demo credentials and ids that tests need"),
    control("POST", "/reset", reset, "Reset the current world to its seed"),
    control("GET", "/world", get_world, "Dump the world"),
    control("PUT", "/world", put_world, "Replace the world", body={"type": ["object", "string"]}),
    control("GET", "/snapshots", list_snapshots, "Ids of the snapshots"),
    control("POST", "/snapshots", make_snapshot, "Take a snapshot of the whole state", status=201),
    control("POST", "/snapshots/{id}/restore", restore_snapshot, "Restore a snapshot"),
    control("DELETE", "/snapshots/{id}", delete_snapshot, "Delete a snapshot"),
    control("GET", "/clock", get_clock, "The world's time"),
    control(
        "POST",
        "/clock",
        set_clock,
        "Advance, set, freeze or resume the world's clock",
        body={
            "type": "object",
            "properties": {
                "advance": {"type": ["string", "number"], "description": "ISO 8601 duration, or seconds"},
                "set": {"type": "string", "format": "date-time"},
                "freeze": {"type": "boolean"},
                "resume": {"type": "boolean"},
            },
        },
    ),
    control("GET", "/requests", list_requests, "The journal, oldest first", parameters=filters.PARAMETERS),
    control("DELETE", "/requests", clear_requests, "Clear the journal"),
    control(
        "GET",
        "/requests/{id}",
        get_request,
        "One exchange in full; `last`, `last-refused` and `last-failed` work as ids too",
    ),
    control("GET", "/outbox", get_outbox, "E-mails and webhooks that would have been sent"),
    control("DELETE", "/outbox", clear_outbox, "Empty the outbox"),
    control("GET", "/faults", list_faults, "Scripted failures"),
    control("POST", "/faults", add_fault, "Script a failure", status=201, body={"$ref": "#/components/schemas/Fault"}),
    control("DELETE", "/faults", clear_faults, "Remove all scripted failures"),
    control("DELETE", "/faults/{id}", remove_fault, "Remove one scripted failure"),
    control("GET", "/settings", get_settings, "All settings, with their evidence grades"),
    control("PATCH", "/settings", patch_settings, "Change chosen behaviours", body={"type": "object"}),
    control("GET", "/worlds", list_worlds, "All worlds of this process"),
    control("POST", "/worlds", add_world, "Create another, isolated world", status=201, body={"type": "object"}),
    control("GET", "/worlds/{name}", get_named_world, "One world's addresses"),
    control("DELETE", "/worlds/{name}", delete_world, "Delete a world"),
    control("GET", "/ca.pem", ca_pem, "Certificate of the throw-away authority behind `--tls`"),
    control("GET", "/openapi.json", openapi, "This description"),
)
