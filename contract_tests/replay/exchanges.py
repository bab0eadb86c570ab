"""Recorded exchanges, as they lie in `fixtures/recordings`, and how each went when it was replayed."""

from __future__ import annotations

import base64
import dataclasses
import email.utils
import json
import pathlib
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar

from contract_tests.replay.targets import Answer

ROOT = pathlib.Path(__file__).resolve().parents[2]
RECORDINGS = ROOT / "fixtures" / "recordings"
WORLDS = ROOT / "fixtures" / "worlds"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Exchange:
    """One recorded request with its answer.

    Attributes:
        request_body: as text; bytes that are not UTF-8 stand as surrogates, so that it encodes to what was sent.
        body: None if only `page`, or a note about the body, was kept.
        page: the reduction of an HTML body (title, forms, headings, errors).
    """

    run: str
    n: int
    name: str
    group: str
    method: str
    target: str
    request_headers: tuple[tuple[str, str], ...]
    request_body: str | None
    status: int
    headers: tuple[tuple[str, str], ...]
    body: str | None
    page: dict[str, Any] | None

    @property
    def label(self) -> str:
        """Where to find this exchange: run and position."""
        return f"{self.run}#{self.n}"

    @property
    def date(self) -> datetime:
        """When the real server answered, from its `Date` header, to the second."""
        return email.utils.parsedate_to_datetime(dict(self.headers)["Date"]).astimezone(UTC)


Recorded = TypeVar("Recorded", bound=Exchange)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Result(Generic[Recorded]):
    """One exchange as it went: what differs, our answer, and the request as we sent it."""

    exchange: Recorded
    answer: Answer
    sent: str
    differences: tuple[str, ...]

    @property
    def agrees(self) -> bool:
        """Whether our answer is the recorded one."""
        return not self.differences


def lines(path: pathlib.Path) -> Iterator[dict[str, Any]]:
    """The exchanges of a file, one JSON document a line, in order."""
    for line in path.read_text(encoding="utf-8").split("\n"):
        if line:
            yield json.loads(line)


def common(run: str, raw: dict[str, Any]) -> dict[str, Any]:
    """What `Exchange` takes of one line of the run `run`; for its constructor."""
    request, response = raw["request"], raw["response"]
    return {
        "run": run,
        "n": raw["n"],
        "name": raw["name"],
        "group": raw["group"],
        "method": request["method"],
        "target": request["target"],
        "request_headers": tuple(request["headers"].items()),
        "request_body": _sent(request),
        "status": response["status"],
        "headers": tuple((name, value) for name, value in response["headers"]),
        "body": response.get("body"),
        "page": response.get("html"),
    }


def _sent(request: dict[str, Any]) -> str | None:
    if "body_b64" in request:
        return base64.b64decode(request["body_b64"]).decode("utf-8", "surrogateescape")
    return request.get("body")
