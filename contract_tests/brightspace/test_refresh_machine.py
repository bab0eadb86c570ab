"""Brightspace's tokens under arbitrary interleavings of codes, refreshes, reuse, other clients, and clock moves.

The model: a refresh token works once and gives the next one; an access token lives to its own expiry, whatever
happens to the refresh tokens; a code gives one grant within its lifetime, to its own client and redirect URI.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import httpx
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, multiple, rule

from contract_tests.brightspace.support import Site
from lms_emulator.client.emulator import Emulator
from lms_emulator.signing.jwt import read


@dataclass(eq=False)
class Grant:
    refresh_token: str
    used: list[str] = field(default_factory=list)


class Tokens(RuleBasedStateMachine):
    """Drives one emulator; the clock is frozen unless a rule advances it."""

    lms: Emulator
    codes: Bundle[tuple[str, float]] = Bundle("codes")
    grants: Bundle[Grant] = Bundle("grants")

    @initialize()
    def begin(self) -> None:
        self.lms.call("POST", "/reset")
        self.lms.settings["brightspace.session_lifetime_seconds"] = 1_000_000_000
        self.lms.clock.freeze(self.lms.clock.now.replace(microsecond=0))
        self.site = Site(self.lms)
        self.access: list[tuple[str, int]] = []
        self.browser = self.site.browser()
        self.browser.consent(self.site.auth_url(), self.site.info.student)
        self.now = self.lms.clock.now.timestamp()

    def teardown(self) -> None:
        if hasattr(self, "site"):
            self.site.close()

    def token(self, **fields: str) -> httpx.Response:
        info = self.site.info
        form = {"client_id": info.client_id, "client_secret": info.client_secret, **fields}
        return self.browser.http.post("/core/connect/token", data=form)

    def exchanged(self, code: str, **fields: str) -> httpx.Response:
        grant = {"grant_type": "authorization_code", "redirect_uri": self.site.info.redirect_uri, **fields}
        return self.token(code=code, **grant)

    def keep(self, body: dict[str, str]) -> str:
        self.access.append((body["access_token"], read(body["access_token"]).claims["exp"]))
        return body["refresh_token"]

    @rule(target=codes)
    def consent(self) -> tuple[str, float]:
        page = self.browser.follow(self.browser.get(self.site.auth_url()))
        location = self.browser.submit(page, decision="allow").headers["location"]
        return str(httpx.URL(location).params["code"]), self.now + 300

    @rule(target=grants, code=consumes(codes))
    def exchange(self, code: tuple[str, float]) -> object:
        wrong = self.exchanged(code[0], redirect_uri="http://127.0.0.1:9000/other")
        assert wrong.json() == {"error": "invalid_grant"}
        answer = self.exchanged(code[0])
        if self.now >= code[1]:
            assert answer.json() == {"error": "invalid_grant"}
            return multiple()
        assert self.exchanged(code[0]).json() == {"error": "invalid_grant"}
        return Grant(self.keep(answer.json()))

    @rule(grant=grants)
    def refresh(self, grant: Grant) -> None:
        answer = self.token(grant_type="refresh_token", refresh_token=grant.refresh_token)
        assert answer.status_code == 200, answer.text
        grant.used.append(grant.refresh_token)
        grant.refresh_token = self.keep(answer.json())
        assert grant.refresh_token not in grant.used

    @rule(grant=grants, which=st.integers(0, 5))
    def reuse(self, grant: Grant, which: int) -> None:
        if grant.used:
            old = grant.used[which % len(grant.used)]
            answer = self.token(grant_type="refresh_token", refresh_token=old)
            assert (answer.status_code, answer.json()) == (400, {"error": "invalid_grant"})

    @rule(grant=grants)
    def another_client_tries_to_refresh(self, grant: Grant) -> None:
        other = self.site.info.other_client
        client = {"client_id": other.client_id, "client_secret": other.client_secret}
        answer = self.token(grant_type="refresh_token", refresh_token=grant.refresh_token, **client)
        assert answer.json() == {"error": "invalid_grant"}

    @rule(seconds=st.sampled_from([1, 299, 300, 1800, 3599, 3600]))
    def wait(self, seconds: int) -> None:
        self.lms.clock.advance(seconds=seconds)
        self.now += seconds

    @invariant()
    def who_is_alive(self) -> None:
        for token, expires in getattr(self, "access", [])[-4:]:
            headers = {"Authorization": f"Bearer {token}"}
            status = self.browser.http.get("/d2l/api/lp/1.47/users/whoami", headers=headers).status_code
            assert status == (200 if self.now < expires else 401)


def test_tokens(lms: Emulator) -> None:
    Tokens.lms = lms
    Tokens.TestCase.settings = settings(max_examples=12, stateful_step_count=20, deadline=None)
    Tokens.TestCase("runTest").runTest()
