"""Play a run against a target: clock, every request in order, every answer compared."""

from __future__ import annotations

import copy
import json
import urllib.parse
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from contract_tests.replay import exchanges
from contract_tests.replay.targets import Answer, Target, control

from . import recordings, signing
from .compare import Comparison
from .ledger import Ledger
from .recordings import Exchange

HELD_SECONDS = 3600


Result = exchanges.Result[Exchange]


def play(exchanges: Iterable[Exchange], target: Target) -> Iterator[Result]:
    """Send the requests of one run in order, from the recorded world's start. Yields one result for each."""
    control(target, "POST", "/reset")
    player = _Player(target, recordings.setup())
    listed = list(exchanges)
    run = listed[0].run if listed else ""
    if run in recordings.SITE_SETTINGS:
        control(target, "PATCH", "/settings", {"canvas": recordings.SITE_SETTINGS[run]})
    with _school_settings(target, recordings.SCHOOL_SETTINGS.get(run, {})):
        jobs = _Jobs(target)
        for exchange in listed:
            if exchange.lets_go:
                jobs.hold(False)
            with _throttled_at(target, exchange.high_water):
                yield player.exchange(exchange)
            if exchange.holds or exchange.method != "GET":
                jobs.hold(exchange.holds)
        jobs.hold(False)


@contextmanager
def _school_settings(target: Target, settings: dict[str, Any]) -> Iterator[None]:
    """Within the context, a world whose school has additional settings."""
    if not settings:
        yield
        return
    before = control(target, "GET", "/world")
    changed = copy.deepcopy(before)
    school = next(account for account in changed["canvas"]["accounts"] if account["id"] == 1)
    school["settings"] = school.get("settings", {}) | settings
    control(target, "PUT", "/world", changed)
    yield
    control(target, "PUT", "/world", before)


@contextmanager
def _throttled_at(target: Target, mark: int | None) -> Iterator[None]:
    """Within the context, a throttle with that high-water mark."""
    if mark is None:
        yield
        return
    before = {"rate_limit": "never", "rate_limit_high_water": 600.0}
    control(target, "PATCH", "/settings", {"canvas": {"rate_limit": "bucket", "rate_limit_high_water": mark}})
    yield
    control(target, "PATCH", "/settings", {"canvas": before})


class _Jobs:
    """Whether background jobs are held back."""

    def __init__(self, target: Target) -> None:
        self._target, self._held = target, False

    def hold(self, held: bool) -> None:
        if held != self._held:
            seconds = HELD_SECONDS if held else 0
            control(self._target, "PATCH", "/settings", {"canvas": {"background_job_seconds": seconds}})
            self._held = held


class _Player:
    def __init__(self, target: Target, setup: dict[str, Any]) -> None:
        self._target, self._setup, self._ledger = target, setup, Ledger(setup)
        self._secrets = {tool["consumer_key"]: tool.get("shared_secret", "") for tool in setup["external_tools"]}
        self._keys: dict[str, Any] | None = None
        self._comparison = Comparison(self._ledger, self._key_set, lambda key: self._secrets.get(key, ""))

    def exchange(self, recorded: Exchange) -> Result:
        self._note_secret(recorded)
        moment = recorded.date.strftime("%Y-%m-%dT%H:%M:%SZ")
        control(self._target, "POST", "/clock", {"set": moment, "freeze": True})
        answer, sent = self._send(recorded)
        found = self._comparison.differences(recorded, answer)
        return Result(exchange=recorded, answer=answer, sent=sent, differences=found)

    def _send(self, recorded: Exchange) -> tuple[Answer, str]:
        translate = self._ledger.translate
        target = translate(recorded.target)
        headers = [(name, translate(value)) for name, value in recorded.request_headers]
        body = recorded.request_body
        if body is not None:
            body = signing.signed_again(translate(body), self._setup["keys"]["tool_keys"], translate)
        if body != recorded.request_body:
            headers = [(name, self._signed(recorded, name, value, target, body or "")) for name, value in headers]
        on_the_wire = [(name, value.encode().decode("latin-1")) for name, value in headers]
        answer = self._target.send(recorded.method, target, on_the_wire, None if body is None else body.encode())
        shown = "\n".join(
            [f"{recorded.method} {target}", *(f"{name}: {value}" for name, value in headers), "", body or ""]
        )
        return answer, shown

    def _signed(self, recorded: Exchange, name: str, value: str, target: str, body: str) -> str:
        if name.lower() != "authorization" or not value.startswith("OAuth "):
            return value
        site = f"http://{dict(recorded.request_headers)['Host']}"
        urls = (site + recorded.target, site + target)
        bodies = (recorded.request_body or "", body)
        return signing.oauth1_again(value, recorded.method, urls, bodies, self._secrets.values())

    def _note_secret(self, recorded: Exchange) -> None:
        """Remember the secret of a tool created in this run."""
        body = recorded.request_body or ""
        if "shared_secret" not in body or "consumer_key" not in body:
            return
        if body.startswith("{"):
            fields = json.loads(body)
            fields = fields.get("external_tool", fields)
        else:
            fields = {name.split("[")[-1].rstrip("]"): value for name, value in urllib.parse.parse_qsl(body)}
        if "consumer_key" in fields and "shared_secret" in fields:
            self._secrets[fields["consumer_key"]] = fields["shared_secret"]

    def _key_set(self) -> dict[str, Any]:
        if self._keys is None:
            headers = [("Host", self._setup["host"])]
            answer = self._target.send("GET", "/api/lti/security/jwks", headers, None)
            self._keys = json.loads(answer.body) if answer.status == 200 else {}
        return self._keys
