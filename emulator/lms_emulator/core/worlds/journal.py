"""A bounded record of exchanges: request, checks, response, and why it was refused."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from itertools import chain
from typing import Any

import msgspec

from lms_emulator.core.outcomes import WELL, Outcome, explanation

Headers = list[tuple[bytes, bytes]]


class Warning(msgspec.Struct, frozen=True, omit_defaults=True):
    """Something that the real provider accepts, or silently fails on, although it is probably a mistake.

    Attributes: for an unread parameter, `name`, and whether the real provider documents it, if known.
    """

    code: str
    message: str
    name: str = ""
    documented: bool | None = None


class Check(msgspec.Struct, frozen=True):
    """One check and its outcome, in the order of the checks."""

    name: str
    passed: bool
    expected: Any = None
    got: Any = None


_BETWEEN = b"\0"  # which is not part of any header


def _unpacked(packed: bytes) -> Headers:
    parts = iter(packed.split(_BETWEEN) if packed else ())
    return list(zip(parts, parts, strict=True))


class Entry:
    """One exchange. Kept raw, and turned into text only when it is read.

    Headers are kept in one piece: allocating and freeing different memory with every request
    is slow.
    """

    __slots__ = (
        "_headers",
        "_response_headers",
        "at",
        "body",
        "checks",
        "crash",
        "defect",
        "duration",
        "host",
        "id",
        "later",
        "method",
        "notes",
        "outcome",
        "provider",
        "reached_by",
        "refusal",
        "response_body",
        "route",
        "scheme",
        "size",
        "status",
        "target",
        "warnings",
        "world",
    )

    id: str
    at: float
    duration: float
    world: str
    provider: str
    reached_by: str
    scheme: str
    host: str
    method: str
    target: str
    body: bytes
    route: str
    status: int
    response_body: bytes
    checks: Sequence[Check]
    warnings: Sequence[Warning]
    notes: dict[str, Any]
    refusal: dict[str, Any] | None
    later: Callable[[], str | None] | None
    defect: bool
    crash: str | None
    outcome: Outcome
    size: int

    @property
    def headers(self) -> Headers:
        """The request's headers, as sent."""
        return _unpacked(self._headers)

    @property
    def response_headers(self) -> Headers:
        """The response's headers."""
        return _unpacked(self._response_headers)

    def pack(self, headers: Headers, response_headers: Headers) -> None:
        """Keep the headers, and estimate how much memory all of this takes."""
        self._headers = request = _BETWEEN.join(chain.from_iterable(headers))
        self._response_headers = response = _BETWEEN.join(chain.from_iterable(response_headers))
        texts = len(self.target) + len(self.body) + len(self.response_body)
        self.size = 512 + texts + len(request) + len(response)

    def settle(self) -> None:
        """Finish a diagnosis that was cut short. Takes seconds at worst; can run in any thread."""
        later, self.later = self.later, None
        if later is not None and self.refusal is not None:
            self.refusal = {**self.refusal, "diagnosis": later() or self.refusal["diagnosis"]}

    @property
    def failed(self) -> bool:
        """Whether it failed in any way."""
        return self.outcome not in WELL

    @property
    def refused(self) -> bool:
        """Whether the answer is one of the three kinds of refusal, not a failure of the provider's."""
        return self.refusal is not None and not self.defect

    def summary(self) -> dict[str, Any]:
        """One line of the journal."""
        return {
            "id": self.id,
            "at": datetime.fromtimestamp(self.at, UTC).isoformat().replace("+00:00", "Z"),
            "duration_ms": round(self.duration * 1000, 3),
            "world": self.world,
            "provider": self.provider,
            "reached_by": self.reached_by,
            "method": self.method,
            "url": f"{self.scheme}://{self.host}{self.target}",
            "route": self.route,
            "status": self.status,
            "outcome": self.outcome,
            "explanation": explanation(
                self.outcome, self.refusal, self.notes, [(w.code, w.message) for w in self.warnings], self.crash
            ),
            "refusal": plain(self.refusal),
            "warnings": msgspec.to_builtins(self.warnings),
            "provider_defect": self.defect,
            "crash": self.crash,
        }

    def whole(self) -> dict[str, Any]:
        """The exchange with headers, bodies and checks."""
        return {
            **self.summary(),
            "notes": plain(self.notes),
            "checks": [plain(msgspec.structs.asdict(check)) for check in self.checks],
            "request": {"headers": _headers(self.headers), "body": _text(self.body)},
            "response": {"headers": _headers(self.response_headers), "body": _text(self.response_body)},
        }


def plain(value: Any) -> Any:
    """`value` as JSON data; bytes become text and unknown objects their `repr`."""
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, bytes):
        return _text(value)
    if isinstance(value, dict):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(v) for v in value]
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, msgspec.Struct):
        return plain(msgspec.structs.asdict(value))
    return repr(value)


def _text(body: bytes) -> str:
    return body.decode("utf-8", "backslashreplace")


def _headers(headers: Headers) -> list[list[str]]:
    return [[name.decode("latin-1"), value.decode("latin-1")] for name, value in headers]


class Journal:
    """The latest exchanges, bounded by count and by bytes.

    Parameters: `max_entries`, `max_bytes`; 0 entries switches the journal off (refusals still get ids).
    """

    __slots__ = ("_bytes", "_entries", "_left", "_number", "dropped", "max_bytes", "max_entries")

    def __init__(self, max_entries: int = 1_000, max_bytes: int = 8_388_608) -> None:
        self.max_entries = max_entries
        self.max_bytes = max_bytes
        self.dropped = 0
        self._number = 0
        self._bytes = 0
        self._entries: deque[Entry] = deque()
        self._left: deque[deque[Entry]] = deque()

    def next_id(self) -> str:
        """An id for a new exchange."""
        self._number += 1
        return f"r{self._number}"

    def add(self, entry: Entry) -> None:
        """Keep an exchange. The oldest are dropped to make room."""
        entries = self._entries
        entries.append(entry)
        self._bytes += entry.size
        while entries and (len(entries) > self.max_entries or self._bytes > self.max_bytes):
            self._bytes -= entries.popleft().size
            self.dropped += 1
        if self._left:
            self._free_some()

    def _free_some(self) -> None:
        oldest = self._left[0]
        for _ in range(min(2, len(oldest))):
            oldest.popleft()
        if not oldest:
            self._left.popleft()

    def get(self, entry_id: str) -> Entry | None:
        """The exchange with this id, or None if there never was one or it was dropped."""
        return next((entry for entry in self._entries if entry.id == entry_id), None)

    @property
    def latest(self) -> Entry | None:
        """The exchange that ended last; None if there is none."""
        return self._entries[-1] if self._entries else None

    def entries(self) -> list[Entry]:
        """All kept exchanges, oldest first."""
        return list(self._entries)

    def fresh(self) -> Journal:
        """An empty journal that goes on counting, so that ids are never reused."""
        successor = Journal(self.max_entries, self.max_bytes)
        successor._number = self._number
        return successor

    def free(self, discarded: Journal) -> None:
        """Gradually free an abandoned journal, two entries with each new one.

        That keeps up with new ones, and no reset has to free a thousand at once.
        """
        self._left = discarded._left
        if discarded._entries:
            self._left.append(discarded._entries)

    def clear(self) -> None:
        """Drop all exchanges. Ids are not reused."""
        self._entries.clear()
        self._bytes = 0
        self.dropped = 0

    @property
    def bytes(self) -> int:
        """Approximate bytes held."""
        return self._bytes
