"""Control calls of a platform: what goes wrong with its next launch, and its keys. And a page to do it by hand."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Annotated, Any, NamedTuple, TypeAlias, TypeVar

import msgspec
from msgspec.structs import replace

from lms_emulator.core.controls import ControlCall, control
from lms_emulator.core.errors import NotFoundError, UsageError
from lms_emulator.core.http.pages import page
from lms_emulator.core.http.routing import Route
from lms_emulator.core.numbers import parse_integer
from lms_emulator.core.state.structure import structure
from lms_emulator.core.state.tables import Table
from lms_emulator.core.worlds.faults import Fault
from lms_emulator.lti.misbehaviour import NextLaunch, chosen, misbehaviours
from lms_emulator.lti.platform import LtiStore
from lms_emulator.lti.records import ArmedLaunch, ArmedSignedLaunch, KeyRotation
from lms_emulator.lti.rotating_keys import KeyStore, RotatingKeys
from lms_emulator.lti.signed_misbehaviour import NextSignedLaunch

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


class Queue(NamedTuple):
    """The launches that are to go wrong, of one protocol.

    Attributes:
        path: where its calls are.
        kind: what can be wrong.
        record: one of its table, `table`.
        tool: the field that may name a tool.
    """

    path: str
    kind: type[NextLaunch | NextSignedLaunch]
    record: type[ArmedLaunch | ArmedSignedLaunch]
    table: str
    tool: str

    def rows(self, call: Call) -> Table[Any]:
        """What is armed."""
        found: Table[Any] = getattr(call.store, self.table)
        return found

    def arm(self, call: Call) -> Any:
        """Make the next launch go wrong. The body is what is wrong, and may name a tool."""
        body = dict(call.body)
        tool = body.pop(self.tool, None)
        wrong = _read(body, self.kind, "launch")
        if tool is not None and not isinstance(tool, str):
            raise UsageError(f"{self.tool}: expected text")
        if not chosen(wrong):
            raise UsageError(f"nothing is to be wrong; choose of {', '.join(misbehaviours(self.kind))}")
        fields: dict[str, Any] = {"id": call.store.next_number(self.table), "wrong": wrong, self.tool: tool}
        return self.shown(self.rows(call).put(self.record(**fields))), 201

    def shown(self, armed: Any) -> dict[str, Any]:
        """One that is armed, as the calls return it."""
        return {
            "id": armed.id,
            self.tool: getattr(armed, self.tool),
            **msgspec.to_builtins(armed.wrong),
            "explained": [
                {"name": item.name, "what": item.what, "tool": item.rule.duty, "section": item.rule.section}
                for item in chosen(armed.wrong)
            ],
        }

    def armed(self, call: Call) -> Any:
        """What is armed for the next launch, for the one after it, and so on."""
        return {"launches": [self.shown(launch) for launch in self.rows(call)]}

    def disarm(self, call: Call) -> Any:
        """Make the next launches go right."""
        for launch in list(self.rows(call)):
            self.rows(call).delete(launch.id)

    def disarm_one(self, call: Call) -> Any:
        """Take back one."""
        number = str(call.params["id"])
        found = self.rows(call).get(parse_integer(number))
        if found is None:
            raise NotFoundError(f"no armed launch `{number}`")
        self.rows(call).delete(found.id)


LAUNCHES = Queue("lti", NextLaunch, ArmedLaunch, "armed_launches", "client_id")
SIGNED = Queue("lti11", NextSignedLaunch, ArmedSignedLaunch, "armed_signed_launches", "consumer_key")


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


BY_HAND = ("exactly", "claims", "fields", "missing", "slow_ms")
"""What the page has more for than a box to tick, or nothing."""


def controls(keys: RotatingKeys) -> tuple[Route, ...]:
    """The calls of one platform. Parameters: `keys`, its signing keys."""
    return (*_queue_controls(LAUNCHES, keys), *_queue_controls(SIGNED), *key_controls(keys))


def _queue_controls(queue: Queue, keys: RotatingKeys | None = None) -> Iterator[Route]:
    def show(call: Call) -> Any:
        return page(
            PACKAGE,
            "misbehave.html",
            title=call.title,
            url=f"{call.url}/{queue.path}",
            console=call.url.rpartition("/")[0],
            rows=[row for row in misbehaviours(queue.kind).values() if row.name not in BY_HAND],
            armed=[queue.shown(launch) for launch in queue.rows(call)],
            keys=_keys_of(keys, call) if keys is not None else None,
        )

    base, which = f"/{queue.path}", "launch" if keys is not None else "LTI 1.1 launch"
    extra = ", change keys" if keys is not None else ""
    yield control("GET", base, show, f"A page for people: let {'a' if extra else 'an'} {which} go wrong{extra}")
    yield control("GET", f"{base}/next-launch", queue.armed, f"What is to be wrong with the next {which}es")
    yield control(
        "POST", f"{base}/next-launch", queue.arm, f"Have the next {which} go wrong", status=201, body=queue.kind
    )
    yield control("DELETE", f"{base}/next-launch", queue.disarm, f"Have the next {which}es go right")
    yield control("DELETE", f"{base}/next-launch/{{id}}", queue.disarm_one, f"Take back one {which}")
