"""Control calls of a platform: what goes wrong with its next launch, and its keys. And a page to do it by hand."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any, TypeAlias, TypeVar

import msgspec
from msgspec.structs import replace

from lms_emulator.core.controls import ControlCall, control
from lms_emulator.core.errors import NotFoundError, UsageError
from lms_emulator.core.http.pages import page
from lms_emulator.core.http.routing import Route
from lms_emulator.core.numbers import parse_integer
from lms_emulator.core.state.structure import structure
from lms_emulator.core.worlds.faults import Fault
from lms_emulator.lti.misbehaviour import NextLaunch, chosen, misbehaviours
from lms_emulator.lti.platform import LtiStore
from lms_emulator.lti.records import ArmedLaunch, KeyRotation
from lms_emulator.lti.rotating_keys import KeyStore, RotatingKeys

Call: TypeAlias = ControlCall[LtiStore]
T = TypeVar("T")
PACKAGE = __package__


class Rotation(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A change of the keys.

    Attributes:
        stale: whether the key set stays as it was.
        after_seconds: how long, by the emulator's clock, the current key still signs; at most a hundred years.
    """

    stale: bool = False
    after_seconds: Annotated[float, msgspec.Meta(ge=0, le=3_155_760_000)] = 0


class KeySetState(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a platform's key set fails: with a status, a delay, or something that is not a key set."""

    status: int | None = None
    delay_ms: float = 0
    body: str = ""
    times: int | None = None


def _read(value: Any, kind: type[T], path: str) -> T:
    found, problems = structure(value, kind, path)
    if found is None:
        raise UsageError("; ".join(problems))
    return found


def arm(call: Call) -> Any:
    """Make the next launch go wrong. The body is a `NextLaunch`, and may name a tool's `client_id`."""
    body = dict(call.body)
    client_id = body.pop("client_id", None)
    wrong = _read(body, NextLaunch, "launch")
    if client_id is not None and not isinstance(client_id, str):
        raise UsageError("client_id: expected text")
    if not chosen(wrong):
        raise UsageError(f"nothing is to be wrong; choose of {', '.join(misbehaviours())}")
    armed = ArmedLaunch(id=call.store.next_number("armed_launches"), wrong=wrong, client_id=client_id)
    return _shown(call.store.armed_launches.put(armed)), 201


def _shown(armed: ArmedLaunch) -> dict[str, Any]:
    return {
        "id": armed.id,
        "client_id": armed.client_id,
        **msgspec.to_builtins(armed.wrong),
        "explained": [
            {"name": one.name, "what": one.what, "tool": one.rule.duty, "section": one.rule.section}
            for one in chosen(armed.wrong)
        ],
    }


def armed(call: Call) -> Any:
    """What is armed for the next launch, for the one after it, and so on."""
    return {"launches": [_shown(launch) for launch in call.store.armed_launches]}


def disarm(call: Call) -> Any:
    """Make the next launches go right."""
    for launch in list(call.store.armed_launches):
        call.store.armed_launches.delete(launch.id)


def disarm_one(call: Call) -> Any:
    """Take back one."""
    number = str(call.params["id"])
    found = call.store.armed_launches.get(parse_integer(number))
    if found is None:
        raise NotFoundError(f"no armed launch `{number}`")
    call.store.armed_launches.delete(found.id)


def _key_fault(keys: RotatingKeys, call: ControlCall[KeyStore]) -> Fault:
    state = _read(dict(call.body), KeySetState, "key_set")
    values = msgspec.structs.asdict(state)
    if state.body and state.status is None:
        values["status"] = 200
    if values["status"] is None and not state.delay_ms:
        raise UsageError("the body has status, delay_ms, body, times; at least one of the first three")
    return _read({**values, "provider": call.provider, "path": keys.path}, Fault, "key_set")


def key_controls(keys: RotatingKeys) -> tuple[Route, ...]:
    """The calls about the keys of one site, platform or tool."""

    def rotate(call: ControlCall[KeyStore]) -> Any:
        wanted = _read(dict(call.body), Rotation, "rotation")
        now = call.world.clock.now()
        due = now + timedelta(seconds=wanted.after_seconds) if wanted.after_seconds else None
        number = call.store.next_number("key_rotations")
        call.store.key_rotations.put(KeyRotation(id=number, at=now, due=due, stale=wanted.stale))
        return show_keys(call), 201

    def publish(call: ControlCall[KeyStore]) -> Any:
        for rotation in list(call.store.key_rotations):
            if rotation.stale:
                call.store.key_rotations.put(replace(rotation, stale=False))
        for listed in call.world.faults.listing():
            if listed["provider"] == call.provider and listed["path"] == keys.path:
                call.world.faults.remove(listed["id"])
        return show_keys(call)

    def fail(call: ControlCall[KeyStore]) -> Any:
        return msgspec.to_builtins(call.world.faults.add(_key_fault(keys, call))), 201

    def show_keys(call: ControlCall[KeyStore]) -> dict[str, Any]:
        return _keys_of(keys, call)

    return (
        control("GET", "/lti/keys", show_keys, "Which key signs, and which are published"),
        control(
            "POST",
            "/lti/keys/rotate",
            rotate,
            "Sign with the next key, at once or after some time; `stale` leaves the key set as it was",
            status=201,
            body=Rotation,
        ),
        control(
            "POST",
            "/lti/keys/fail",
            fail,
            "Have the key set answer late, with a status, or with another body",
            status=201,
            body=KeySetState,
        ),
        control("POST", "/lti/keys/publish", publish, "Have the key set answer, and with the keys of now"),
    )


def _keys_of(keys: RotatingKeys, call: ControlCall[KeyStore]) -> dict[str, Any]:
    clock, store = call.world.clock, call.store
    return {
        "signing": keys.label(keys.key(keys.number_at(clock, store))),
        "published": [keys.label(key) for key in keys.published_at(clock, store)],
        "rotations": len(store.key_rotations),
    }


BY_HAND = ("exactly", "claims", "missing", "slow_ms")
"""What the page has more for than a box to tick, or nothing."""


def controls(keys: RotatingKeys) -> tuple[Route, ...]:
    """The calls of one platform. Parameters: `keys`, its signing keys."""

    def show(call: Call) -> Any:
        return page(
            PACKAGE,
            "misbehave.html",
            title=call.title,
            url=f"{call.url}/lti",
            console=call.url.rpartition("/")[0],
            rows=[misbehaviour for misbehaviour in misbehaviours().values() if misbehaviour.name not in BY_HAND],
            armed=[_shown(launch) for launch in call.store.armed_launches],
            keys=_keys_of(keys, call),
        )

    return (
        control("GET", "/lti", show, "A page for people: let a launch go wrong, change keys"),
        control("GET", "/lti/next-launch", armed, "What is to be wrong with the next launches"),
        control("POST", "/lti/next-launch", arm, "Have the next launch go wrong", status=201, body=NextLaunch),
        control("DELETE", "/lti/next-launch", disarm, "Have the next launches go right"),
        control("DELETE", "/lti/next-launch/{id}", disarm_one, "Take back one"),
        *key_controls(keys),
    )
