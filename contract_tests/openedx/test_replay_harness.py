"""The replay harness itself: it agrees with the recording in other words, and notices what was changed."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import re
import string
from typing import Any

import pytest

from contract_tests.openedx.replay import recordings, volatile
from contract_tests.openedx.replay.player import Result, play
from contract_tests.openedx.replay.recordings import Exchange, Run
from contract_tests.replay.targets import Answer

_SETUP = (recordings.RECORDINGS / "openedx" / "setup.json").read_text()


def _other_word(word: str) -> str:
    """Another token of the same length and alphabet, always the same for the same word."""
    if word in _SETUP:
        return word
    digest = hashlib.sha512(word.encode()).digest() * 8
    alphabet = string.ascii_lowercase + string.digits if word.islower() else string.ascii_letters + string.digits
    return "".join(alphabet[byte % len(alphabet)] for byte in digest[: len(word)])


def _in_other_words(text: str) -> str:
    def replace(match: re.Match[str]) -> str:
        value = match.group()
        if match.lastgroup == "opaque":
            return _other_word(value)
        if match.lastgroup == "session":
            version, key, salt, signature = value.split("|")
            return "|".join((version, _other_word(key), _other_word(salt), signature))
        return value

    return volatile.PATTERN.sub(replace, text)


class Mirror:
    """Answers every request of a run as recorded, but with other tokens; `spoil` changes one answer."""

    def __init__(self, run: Run, spoil: dict[int, Any] | None = None) -> None:
        self._exchanges = list(run.exchanges)
        self._spoil = spoil or {}
        self.requests: list[tuple[Exchange, str]] = []

    def send(self, method: str, path: str, headers: list[tuple[str, str]], body: bytes | None) -> Answer:
        if path.startswith("/_emulator"):
            return Answer(200, (), "{}")
        recorded = self._exchanges.pop(0)
        self.requests.append((recorded, "\n".join([path, *(value for _, value in headers), (body or b"").decode()])))
        words = tuple((name, _in_other_words(value)) for name, value in recorded.headers)
        answer = Answer(recorded.status, words, _in_other_words(recorded.body or ""))
        change = self._spoil.get(recorded.n)
        return change(answer) if change else answer


@pytest.fixture(scope="module")
def run() -> Run:
    whole = recordings.load("more")
    return dataclasses.replace(whole, unrecorded={}, exchanges=tuple(e for e in whole.exchanges if e.page is None))


def _play(run: Run, mirror: Mirror) -> list[Result]:
    return list(play(run, mirror, load_world=False))


def test_the_recording_in_other_words_agrees(run: Run) -> None:
    results = _play(run, Mirror(run))
    assert {r.exchange.label: r.differences for r in results if not r.agrees} == {}


def test_cookies_given_by_the_target_are_sent_back(run: Run) -> None:
    mirror = Mirror(run)
    _play(run, mirror)
    logins = [sent for recorded, sent in mirror.requests if recorded.target.endswith("/login_session/")]
    given = [dict(r.request_headers)["X-CSRFToken"] for r, _ in mirror.requests if r.target.endswith("/login_session/")]
    assert logins
    assert all(_other_word(token) in sent and token not in sent for token, sent in zip(given, logins, strict=True))


@pytest.mark.parametrize(
    ("change", "part"),
    [
        (lambda a: dataclasses.replace(a, status=418), "status"),
        (lambda a: dataclasses.replace(a, body=a.body.replace('":', '": ', 1)), "body"),
        (lambda a: dataclasses.replace(a, headers=tuple(h for h in a.headers if h[0] != "Allow")), "Allow"),
        (lambda a: dataclasses.replace(a, headers=tuple(h for h in a.headers if h[0] != "Set-Cookie")), "cookies"),
    ],
)
def test_a_changed_answer_is_a_difference(run: Run, change: Any, part: str) -> None:
    position = next(e.n for e in run.exchanges if e.body and e.body.startswith("{") and len(e.headers) > 7)
    results = _play(run, Mirror(run, {position: change}))
    (changed,) = [r for r in results if not r.agrees]
    assert changed.exchange.n == position
    assert changed.differences[0].startswith(part)


def test_the_same_token_must_stay_the_same() -> None:
    from contract_tests.openedx.replay.ledger import Ledger

    ledger = Ledger("")
    token, ours, other = "a1" * 15, "b2" * 15, "c3" * 15
    assert ledger.align(json.dumps({"t": token}), json.dumps({"t": ours})) == []
    assert ledger.translate(f"token={token}&x=1") == f"token={ours}&x=1"
    assert ledger.align(token, ours) == []
    assert ledger.align(token, other) != []


def test_a_moment_may_be_seconds_off_but_not_more() -> None:
    from contract_tests.openedx.replay.ledger import Ledger

    assert Ledger("").align("at 2026-11-21T21:12:23.000100Z", "at 2026-11-21T21:12:24.000900Z") == []
    assert Ledger("").align("at 2026-11-21T21:12:23.000100Z", "at 2026-11-21T21:13:24.000100Z") != []
    assert Ledger("").align("at 2026-11-21T21:12:23.000100Z", "at 2026-11-21T21:12:23Z") != []


def test_claims_are_compared_in_order() -> None:
    import base64

    from contract_tests.openedx.replay.ledger import Ledger

    def jwt(claims: dict[str, Any]) -> str:
        parts = [{"alg": "HS256", "typ": "JWT"}, claims]
        return ".".join(base64.urlsafe_b64encode(json.dumps(p).encode()).decode().rstrip("=") for p in parts) + ".c2ln"

    recorded = jwt({"aud": "x", "exp": 1795299162, "iss": "y"})
    assert Ledger("").align(recorded, jwt({"aud": "x", "exp": 1795299163, "iss": "y"})) == []
    assert Ledger("").align(recorded, jwt({"exp": 1795299162, "aud": "x", "iss": "y"})) != []
    assert Ledger("").align(recorded, jwt({"aud": "x", "exp": 1795299162, "iss": "z"})) != []
