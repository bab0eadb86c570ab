"""Play a run against a target: world, settings, clock, every request in order, every answer compared."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

from contract_tests.replay.exchanges import Exchange, Result
from contract_tests.replay.targets import Answer, Target, control

from .compare import differences
from .ledger import Ledger
from .recordings import Run


def play(run: Run, target: Target, *, load_world: bool = True) -> Iterator[Result[Exchange]]:
    """Start from the run's world and send its requests in order.

    With `load_world` the world file is put into the emulator; without, the emulator is reset to the world it was
    started with. Yields one result for each exchange.
    """
    if load_world:
        control(target, "PUT", "/world", _plain(_world(run)))
    else:
        control(target, "POST", "/reset")
    if run.settings:
        control(target, "PATCH", "/settings", run.settings)
    player = _Player(target, Ledger(run.setup), {exchange.n: exchange for exchange in run.exchanges})
    for exchange in run.exchanges:
        for step in run.unrecorded.get(exchange.n, []):
            player.unrecorded(step, exchange)
        yield player.exchange(exchange)


def _world(run: Run) -> dict[str, Any]:
    document = tomllib.loads(run.world.read_text())
    if run.began is not None:
        for enrollment in document["openedx"]["enrollments"]:
            enrollment["created"] = run.began
        for course in document["openedx"]["courses"]:
            course["published"] = run.began - timedelta(seconds=1)
        for certificate in document["openedx"]["certificates"]:
            certificate["created"] = certificate["modified"] = run.began
    return document


class _Player:
    def __init__(self, target: Target, ledger: Ledger, by_position: dict[int, Exchange]) -> None:
        self._target, self._ledger, self._by_position = target, ledger, by_position
        self._second: datetime | None = None
        self._within = 0

    def exchange(self, recorded: Exchange) -> Result[Exchange]:
        self._set_clock(recorded.date)
        answer, sent = self._send(recorded)
        found = differences(recorded, answer, self._ledger)
        return Result(exchange=recorded, answer=answer, sent=sent, differences=tuple(found))

    def _set_clock(self, second: datetime) -> None:
        """The recorded second, and within it a little later for each request: no two things happen at one moment."""
        if second != self._second:
            self._second, self._within = second, 0
        self._within += 1
        moment = second + timedelta(microseconds=123 + 1000 * self._within)
        text = moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        control(self._target, "POST", "/clock", {"set": text, "freeze": True})

    def _send(self, recorded: Exchange) -> tuple[Answer, str]:
        ledger = self._ledger
        target = ledger.translate(recorded.target)
        headers = [(name, ledger.header(name, value)) for name, value in recorded.request_headers]
        body = None if recorded.request_body is None else ledger.translate(recorded.request_body)
        raw = None if body is None else body.encode("utf-8", "surrogateescape")
        answer = self._target.send(recorded.method, target, headers, raw)
        shown = "\n".join([f"{recorded.method} {target}", *(f"{n}: {v}" for n, v in headers), "", body or ""])
        return answer, shown

    def unrecorded(self, step: dict[str, Any], upcoming: Exchange) -> None:
        """A step between the recorded ones (see `runs.toml`): repeat a request, or fetch the CSRF cookie it carries."""
        self._set_clock(upcoming.date)
        if "like" in step:
            like = self._by_position[step["like"]]
            for _ in range(step["repeat"]):
                answer, _ = self._send(like)
            self._adopt(like, answer)
            return
        if "reset_mail" in step:
            self._read_reset_mail(step)
            return
        answer = self._target.send("GET", "/csrf/api/v1/token", [("Host", "127.0.0.1:18000")], None)
        self._adopt(upcoming, answer)

    def _read_reset_mail(self, step: dict[str, Any]) -> None:
        """Map the token of the recorded mail to the one of ours."""
        form = [("Host", "127.0.0.1:18000"), ("Content-Type", "application/x-www-form-urlencoded")]
        self._target.send("POST", "/password_reset/", form, f"email={step['reset_mail']}".encode())
        mails = control(self._target, "GET", "/outbox?provider=openedx")["emails"]
        newest = next(mail for mail in reversed(mails) if mail["kind"] == "password_reset")
        self._ledger.bind(step["token"], newest["data"]["token"])

    def _adopt(self, recorded: Exchange, answer: Answer) -> None:
        """Map the cookies that the recorded request carries to those of an unrecorded answer."""
        carried = dict(recorded.request_headers).get("Cookie", "")
        theirs = dict(pair.split("=", 1) for pair in carried.split("; ") if "=" in pair)
        for header in answer.all("Set-Cookie"):
            name, _, value = header.split(";")[0].partition("=")
            if name in theirs:
                self._ledger.bind(theirs[name], value)


def _plain(document: Any) -> Any:
    """A TOML document as JSON can carry it."""
    if isinstance(document, dict):
        return {key: _plain(value) for key, value in document.items()}
    if isinstance(document, list):
        return [_plain(value) for value in document]
    if isinstance(document, datetime):
        return document.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(document, date):
        return document.isoformat()
    return json.loads(json.dumps(document))
