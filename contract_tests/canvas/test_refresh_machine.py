"""Canvas's tokens under arbitrary interleavings of codes, refreshes, revocations, other keys, and clock moves.

The model: a grant has one access token at a time, dead at its expiry and as soon as it is replaced; its refresh token
lives until the grant is revoked; a code gives one grant within ten minutes, to its own key.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import httpx
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, multiple, rule

from contract_tests.canvas.support import Site
from lms_emulator.client.emulator import Emulator


@dataclass(eq=False)
class Grant:
    refresh_token: str
    live: str
    expires: float
    dead: list[str] = field(default_factory=list)
    revoked: bool = False


class Tokens(RuleBasedStateMachine):
    """Drives one emulator; the clock is frozen unless a rule advances it."""

    lms: Emulator
    codes: Bundle[tuple[str, float]] = Bundle("codes")
    used: Bundle[str] = Bundle("used")
    grants: Bundle[Grant] = Bundle("grants")

    @initialize()
    def begin(self) -> None:
        self.lms.call("POST", "/reset")
        self.lms.settings["canvas.session_lifetime_seconds"] = 1_000_000_000
        self.lms.clock.freeze(self.lms.clock.now.replace(microsecond=0))
        self.site = Site(self.lms)
        self.now = 0.0
        self.known: list[Grant] = []
        self.browser = self.site.browser()
        self.browser.consent(self.site.auth_url(), self.site.info.student)

    def teardown(self) -> None:
        if hasattr(self, "site"):
            self.site.close()

    def me(self, token: str) -> int:
        headers = {"Authorization": f"Bearer {token}"}
        return self.browser.http.get("/api/v1/users/self", headers=headers).status_code

    def token(self, **fields: str) -> httpx.Response:
        info = self.site.info
        form = {"client_id": info.client_id, "client_secret": info.client_secret, **fields}
        return self.browser.http.post("/login/oauth2/token", data=form)

    @rule(target=codes)
    def consent(self) -> tuple[str, float]:
        page = self.browser.follow(self.browser.get(self.site.auth_url()))
        location = self.browser.submit(page).headers["location"]
        return str(httpx.URL(location).params["code"]), self.now + 600

    @rule(target=grants, code=consumes(codes))
    def exchange(self, code: tuple[str, float]) -> object:
        answer = self.token(grant_type="authorization_code", code=code[0])
        if self.now >= code[1]:
            assert answer.json()["error_description"] == "authorization_code not found"
            return multiple()
        body = answer.json()
        again = self.token(grant_type="authorization_code", code=code[0])
        assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")
        grant = Grant(body["refresh_token"], body["access_token"], self.now + 3600)
        self.known.append(grant)
        return grant

    @rule(code=codes)
    def another_key_tries_the_code(self, code: tuple[str, float]) -> None:
        other = self.site.info.other_client
        answer = self.token(code=code[0], client_id=other.client_id, client_secret=other.client_secret)
        assert answer.status_code == 400

    @rule(grant=grants)
    def refresh(self, grant: Grant) -> None:
        answer = self.token(grant_type="refresh_token", refresh_token=grant.refresh_token)
        if grant.revoked:
            assert answer.json() == {"error": "invalid_grant", "error_description": "refresh_token not found"}
            return
        body = answer.json()
        assert "refresh_token" not in body
        assert body["access_token"] != grant.live
        grant.dead.append(grant.live)
        grant.live, grant.expires = body["access_token"], self.now + 3600

    @rule(grant=grants)
    def another_key_tries_to_refresh(self, grant: Grant) -> None:
        other = self.site.info.other_client
        client = {"client_id": other.client_id, "client_secret": other.client_secret}
        answer = self.token(grant_type="refresh_token", refresh_token=grant.refresh_token, **client)
        assert answer.status_code == 400

    @rule(grant=grants)
    def revoke(self, grant: Grant) -> None:
        headers = {"Authorization": f"Bearer {grant.live}"}
        answer = self.browser.http.delete("/login/oauth2/token", headers=headers)
        alive = not grant.revoked and self.now < grant.expires
        assert answer.status_code == (200 if alive else 401)
        grant.revoked = grant.revoked or alive

    @rule(seconds=st.sampled_from([1, 599, 600, 1800, 3599, 3600]))
    def wait(self, seconds: int) -> None:
        self.lms.clock.advance(seconds=seconds)
        self.now += seconds

    @invariant()
    def who_is_alive(self) -> None:
        if not hasattr(self, "known"):
            return
        for grant in self.known[-3:]:
            alive = not grant.revoked and self.now < grant.expires
            assert self.me(grant.live) == (200 if alive else 401)
            for token in grant.dead[-2:]:
                assert self.me(token) == 401


def test_tokens(lms: Emulator) -> None:
    Tokens.lms = lms
    Tokens.TestCase.settings = settings(max_examples=12, stateful_step_count=20, deadline=None)
    Tokens.TestCase("runTest").runTest()
