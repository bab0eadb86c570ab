"""Tokens, refreshes, nonces and the clock in any order, compared with a model of what is valid."""

from __future__ import annotations

from typing import Any

import httpx
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, multiple, rule

from contract_tests.learningstudio.client import Client
from contract_tests.learningstudio.conftest import client_of
from lms_emulator.client.emulator import Emulator

_RUNNING: list[tuple[Emulator, httpx.Client]] = []
steps = st.sampled_from([1, 59, 299, 300, 301, 599, 600, 601, 3599, 3600, 3601, 4199, 4200])


class Tokens(RuleBasedStateMachine):
    """The model: each token with the instant at which it ends, each nonce with the instant until it is remembered."""

    access = Bundle("access")
    refresh = Bundle("refresh")

    @initialize()
    def begin(self) -> None:
        self.lms, http = _RUNNING[0]
        self.lms.reset()
        self.lms.clock.freeze()
        self.client: Client = client_of(self.lms, http)
        self.now = 0
        self.expires: dict[str, int] = {}
        self.owner: dict[str, int] = {}
        self.refreshable: dict[str, int] = {}
        self.used: set[str] = set()
        self.nonces: dict[str, int] = {}

    def issued(self, body: dict[str, Any], user: int) -> str:
        token = str(body["access_token"])
        self.expires[token] = self.now + 3600
        self.owner[token] = user
        assert token.split("|")[2] == str(user)
        return token

    @rule(target=access, teacher=st.booleans())
    def assert_user(self, teacher: bool) -> str:
        person = self.lms.learningstudio.teacher if teacher else self.lms.learningstudio.student
        answer = self.client.ask_by_assertion(self.client.assertion(person.username))
        assert answer.status_code == 200
        assert "refresh_token" not in answer.json()
        return self.issued(answer.json(), person.id)

    @rule(targets=(access, refresh))
    def sign_in(self) -> Any:
        person = self.lms.learningstudio.other_student
        body = self.client.ask_by_password(person.username, person.password).json()
        self.issued(body, person.id)
        self.refreshable[body["refresh_token"]] = self.now + 4200
        return multiple(body["access_token"] + "\n" + body["refresh_token"])

    @rule(pair=refresh, target=refresh)
    def use_refresh_token(self, pair: str) -> Any:
        token = pair.partition("\n")[2]
        answer = self.client.refresh(token)
        alive = token not in self.used and self.now < self.refreshable[token]
        assert answer.status_code == (200 if alive else 400), (answer.text, self.now)
        if not alive:
            return multiple()
        self.used.add(token)
        body = answer.json()
        self.issued(body, self.lms.learningstudio.other_student.id)
        self.refreshable[body["refresh_token"]] = self.now + 4200
        return f"{body['access_token']}\n{body['refresh_token']}"

    @rule(token=access)
    def use_access_token(self, token: str) -> None:
        token = token.partition("\n")[0]
        answer = self.client.as_user(token, "GET", "/me")
        if self.now < self.expires[token]:
            assert answer.json()["me"]["id"] == self.owner[token]
        else:
            assert answer.status_code == 401
            assert answer.json()["error"]["message"] == "The access token has expired."

    @rule(token=access, index=st.integers(0, 4))
    def forge(self, token: str, index: int) -> None:
        fields = token.partition("\n")[0].split("|")
        fields[index] = fields[index][:-1] + ("1" if fields[index][-1] != "1" else "2")
        answer = self.client.as_user("|".join(fields), "GET", "/me")
        assert answer.status_code == 401
        assert answer.json()["error"]["message"] == "The access token is invalid."

    @rule(nonce=st.sampled_from(["a", "b", "c"]))
    def sign(self, nonce: str) -> None:
        answer = self.client.signed("GET", "/systemDateTime", oauth_nonce=nonce)
        fresh = self.now >= self.nonces.get(nonce, 0)
        assert answer.status_code == (200 if fresh else 401)
        if fresh:
            self.nonces[nonce] = self.now + 600

    @rule(seconds=steps)
    def pass_time(self, seconds: int) -> None:
        self.lms.clock.advance(seconds=seconds)
        self.now += seconds

    @rule(token=consumes(access))
    def snapshot_and_restore(self, token: str) -> None:
        """What happens between a snapshot and its restoration has not happened."""
        with self.lms.restored():
            self.client.token(self.lms.learningstudio.student.username)
            self.client.signed("GET", "/systemDateTime", oauth_nonce="d")
            self.lms.clock.advance(seconds=5000)
        self.use_access_token(token)


def test_tokens_in_any_order(lms: Emulator, http: httpx.Client) -> None:
    _RUNNING[:] = [(lms, http)]
    examples = settings().max_examples // 3
    Tokens.TestCase.settings = settings(max_examples=examples, stateful_step_count=30, deadline=None)
    Tokens.TestCase().runTest()
