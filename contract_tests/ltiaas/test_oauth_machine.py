"""Arbitrary interleavings of connecting: states and codes work once, in time, in their browser, for their platform."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import ClassVar

import httpx
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, rule, run_state_machine_as_test

from contract_tests.ltiaas.small_lms import SmallLms
from contract_tests.ltiaas.support import ROTATING, SMALL, Rig, details, query

STATE_SECONDS, CODE_SECONDS = 600, 600


class Connecting(RuleBasedStateMachine):
    """The model: when each state and code was issued, and whether it was used."""

    rig: ClassVar[Rig]
    small: ClassVar[SmallLms]
    callbacks = Bundle("callbacks")
    codes = Bundle("codes")
    refresh_tokens = Bundle("refresh_tokens")

    @initialize()
    def begin(self) -> None:
        self.rig.reset()
        self.rig.freeze()
        self.small.reset()
        self.now = 0
        self.used: set[str] = set()
        self.dead: set[str] = set()

    @rule(target=callbacks, platform=st.sampled_from([SMALL, ROTATING]))
    def start(self, platform: str) -> tuple[str, str, str, int]:
        begun = self.rig.http.get(f"{self.rig.url}/oauth/start/{platform}")
        cookie = begun.headers["set-cookie"].split(";")[0]
        self.rig.http.cookies.clear()
        consented = self.rig.http.get(begun.headers["location"])
        return platform, consented.headers["location"], cookie, self.now

    @rule(seconds=st.sampled_from([1, 60, 299, 300, 599, 600]))
    def wait(self, seconds: int) -> None:
        self.rig.advance(seconds)
        self.now += seconds

    def visit(self, url: str, cookie: str) -> httpx.Response:
        answer = self.rig.http.get(url, headers={"Cookie": cookie} if cookie else {})
        self.rig.http.cookies.clear()
        return answer

    @rule(target=codes, callback=callbacks)
    def come_back(self, callback: tuple[str, str, str, int]) -> tuple[str, str, int]:
        platform, url, cookie, since = callback
        answer = self.visit(url, cookie)
        if url in self.used or self.now - since >= STATE_SECONDS:
            assert (answer.status_code, details(answer)["message"]) == (400, "INVALID_STATE")
            return platform, "", self.now
        self.used.add(url)
        assert answer.status_code == 302, answer.text
        return platform, query(answer.headers["location"])["code"], self.now

    @rule(callback=callbacks)
    def come_back_in_another_browser(self, callback: tuple[str, str, str, int]) -> None:
        _, url, _, since = callback
        answer = self.visit(url, "")
        spent = url in self.used or self.now - since >= STATE_SECONDS
        expected = (400, "INVALID_STATE") if spent else (401, "MISSING_VALIDATION_COOKIE")
        assert (answer.status_code, details(answer)["message"]) == expected

    @rule(target=refresh_tokens, code=codes, elsewhere=st.booleans(), tampered=st.booleans())
    def exchange(self, code: tuple[str, str, int], elsewhere: bool, tampered: bool) -> tuple[str, str]:
        platform, value, since = code
        at = ({SMALL, ROTATING} - {platform}).pop() if elsewhere else platform
        sent = value[:-1] + ("x" if value[-1:] != "x" else "y") if tampered else value
        answer = self.rig.api("POST", f"/api/oauth/access-token/{at}", {"code": sent})
        good = value and not elsewhere and not tampered and value not in self.used
        if good and self.now - since < CODE_SECONDS:
            self.used.add(value)
            assert answer.status_code == 200, answer.text
            assert answer.json()["refreshToken"] in self.small.refresh_tokens
            return platform, answer.json()["refreshToken"]
        assert answer.status_code == 400
        if sent:
            assert details(answer)["bodyReceived"]["error"] == "invalid_grant"
        return platform, ""

    @rule(rotating=st.booleans())
    def lms_rotates(self, rotating: bool) -> None:
        self.small.rotate = rotating

    @rule(target=refresh_tokens, token=consumes(refresh_tokens))
    def refresh(self, token: tuple[str, str]) -> tuple[str, str]:
        platform, value = token
        answer = self.rig.api("POST", f"/api/oauth/access-token/{platform}/refresh", {"refreshToken": value})
        if not value or value in self.dead:
            assert answer.status_code == 400
            return platform, value
        assert answer.status_code == 200
        if self.small.rotate:
            self.dead.add(value)
            return platform, answer.json()["refreshToken"]
        assert "refreshToken" not in answer.json()
        return platform, value

    @rule(target=refresh_tokens, token=refresh_tokens)
    def keep_a_copy(self, token: tuple[str, str]) -> tuple[str, str]:
        return token


@contextmanager
def bound(rig: Rig, small: SmallLms) -> Iterator[None]:
    Connecting.rig, Connecting.small = rig, small
    yield
    del Connecting.rig, Connecting.small


@pytest.mark.timeout(300)
def test_connecting(rig: Rig, small: SmallLms) -> None:
    with bound(rig, small):
        run_state_machine_as_test(Connecting, settings=settings(max_examples=12, stateful_step_count=25, deadline=None))
