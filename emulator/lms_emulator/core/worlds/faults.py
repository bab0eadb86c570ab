"""Scripted failures: a delay, a status, a dropped connection, a truncated or malformed body, a rate limit."""

from __future__ import annotations

import re
from typing import Annotated, Any

import msgspec
from msgspec.structs import replace

from lms_emulator.core.wildcards import fits

_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*")
_FRAMING = ("content-length", "transfer-encoding", "connection", "upgrade")


class Fault(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What goes wrong, for which requests, and how often.

    Which requests (all given conditions must match): `provider`, `method`, `path` (a prefix, or a glob if it has `*`).
    `after` skips that many matching requests; `times` limits how many fail (None: all).
    What happens: `delay_ms` delays the response; `status` replaces it, with `headers` and `body`; `drop` closes the
    connection without a response; `truncate` sends that many bytes of the body and closes; `malformed` cuts a JSON or
    HTML body in half but declares it complete; `rate_limit` lets that many requests pass, then answers 429 with
    `Retry-After: retry_after`.
    """

    id: str = ""
    provider: str | None = None
    method: str | None = None
    path: str | None = None
    after: Annotated[int, msgspec.Meta(ge=0)] = 0
    times: Annotated[int, msgspec.Meta(ge=1)] | None = None
    delay_ms: Annotated[float, msgspec.Meta(ge=0, le=3_600_000)] = 0
    status: Annotated[int, msgspec.Meta(ge=200, le=599)] | None = None
    headers: dict[str, str] = {}
    body: str = ""
    drop: bool = False
    truncate: Annotated[int, msgspec.Meta(ge=0)] | None = None
    malformed: bool = False
    rate_limit: Annotated[int, msgspec.Meta(ge=0)] | None = None
    retry_after: Annotated[int, msgspec.Meta(ge=0)] = 60

    def __post_init__(self) -> None:
        if self.body and self.status in (204, 205, 304):
            raise ValueError(f"body: an answer with status {self.status} has none")
        for name, value in self.headers.items():
            if not _NAME.fullmatch(name):
                raise ValueError(f"headers: `{name}` is not the name of a header")
            if name.lower() in _FRAMING:
                raise ValueError(f"headers: {name} follows from the body; use `truncate`, `malformed` or `drop`")
            if not _VALUE.fullmatch(value):
                raise ValueError(f"headers.{name}: a value is of Latin-1, without line breaks and control characters")

    @property
    def effect(self) -> str:
        """A description of what it does to the answer; empty for a mere delay."""
        if self.drop:
            return "the connection was dropped"
        if self.truncate is not None:
            return f"the body was cut off after {self.truncate} bytes"
        if self.malformed:
            return "the body was cut in half but declared whole"
        if self.status is not None or self.rate_limit is not None:
            return f"status {self.status or 429} instead of the provider's answer"
        return ""


class Faults:
    """The scripted failures of one world, in the order in which they were added. The first that matches applies."""

    __slots__ = ("_faults", "_number", "_seen")

    def __init__(self) -> None:
        self._faults: dict[str, Fault] = {}
        self._seen: dict[str, int] = {}
        self._number = 0

    def __bool__(self) -> bool:
        return bool(self._faults)

    def add(self, fault: Fault) -> Fault:
        """Add a failure. Returns it with its id."""
        self._number += 1
        named = replace(fault, id=f"f{self._number}")
        self._faults[named.id] = named
        self._seen[named.id] = 0
        return named

    def remove(self, fault_id: str) -> bool:
        """Remove a failure. Returns False if there is none with that id."""
        self._seen.pop(fault_id, None)
        return self._faults.pop(fault_id, None) is not None

    def clear(self) -> None:
        self._faults.clear()
        self._seen.clear()

    def listing(self) -> list[dict[str, Any]]:
        """Each fault with how many requests it has seen."""
        return [{**msgspec.to_builtins(f), "seen": self._seen[f.id]} for f in self._faults.values()]

    def hit(self, provider: str, method: str, path: str) -> Fault | None:
        """The failure for this request, which counts towards it; None if there is none."""
        for fault in self._faults.values():
            if fault.provider is not None and fault.provider != provider:
                continue
            if fault.method is not None and fault.method.upper() != method:
                continue
            if fault.path is not None:
                matches = fits(path, fault.path) if "*" in fault.path else path.startswith(fault.path)
                if not matches:
                    continue
            self._seen[fault.id] += 1
            number = self._seen[fault.id] - fault.after
            if fault.rate_limit is not None:
                number -= fault.rate_limit
            if number >= 1 and (fault.times is None or number <= fault.times):
                return fault
        return None
