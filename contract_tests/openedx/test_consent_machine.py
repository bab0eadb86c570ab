"""A model of which credentials work and who is asked for consent, against arbitrary orders of administration,
consent, exchange, refresh, revocation and time."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from datetime import timedelta
from typing import Any, ClassVar

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test

from contract_tests.openedx.web import Browser, Web, controls, returned
from lms_emulator.client.emulator import Emulator

CALLBACK = "http://127.0.0.1:8090/authorize/"
SCOPES = st.sampled_from(["read", "read write", "email", "email profile read", "write email"])
PICK = st.integers(0, 30)
PEOPLE = st.sampled_from(["learner", "other_learner"])
HOUR = 3600


@dataclasses.dataclass
class App:
    id: int
    client_id: str
    trusted: bool
    alive: bool = True

    client_secret: ClassVar[str] = "app-secret"


@dataclasses.dataclass
class Code:
    text: str
    app: App
    person: str
    scopes: str
    ends: int
    used: bool = False


@dataclasses.dataclass
class Pair:
    """An access token and the refresh token that came with it."""

    access: str
    refresh: str
    app: App
    person: str
    scopes: str
    ends: int
    stored: bool = True
    refresh_usable: bool = True
    broken: bool = False  # the access token was revoked alone: refreshing makes the real server fail


class Consents(RuleBasedStateMachine):
    lms: ClassVar[Emulator]

    def __init__(self) -> None:
        super().__init__()
        self.lms.reset()
        self.lms.clock.freeze()
        self.web = Web(self.lms)
        self.now = 0
        self.apps: list[App] = []
        self.codes: list[Code] = []
        self.pairs: list[Pair] = []
        self.admin = self.web.browser(self.web.info.superuser)
        self.browsers = {who: self.web.browser(getattr(self.web.info, who)) for who in ("learner", "other_learner")}
        self.add_application(trusted=False)

    def teardown(self) -> None:
        self.web.close()

    # administration

    @rule(trusted=st.booleans())
    def add_application(self, trusted: bool) -> None:
        path = "/admin/oauth2_provider/application/add/"
        form = {n: v for n, v in controls(self.admin.get(path).text).items() if not n.startswith("_")}
        form |= {
            "client_id": f"app-{len(self.apps)}",
            "client_secret": App.client_secret,
            "client_type": "confidential",
            "authorization_grant_type": "authorization-code",
            "redirect_uris": CALLBACK,
            **({"skip_authorization": "on"} if trusted else {}),
            "_continue": "1",
        }
        answer = self.admin.http.post(path, data=form)
        number = int(answer.headers["location"].split("/")[-3])
        self.apps.append(App(id=number, client_id=form["client_id"], trusted=trusted))

    @rule(number=PICK)
    def delete_application(self, number: int) -> None:
        app = self.apps[number % len(self.apps)]
        path = f"/admin/oauth2_provider/application/{app.id}/delete/"
        page = self.admin.get(path)
        assert page.status_code == (200 if app.alive else 404)
        if not app.alive:
            return
        assert self.admin.http.post(path, data=controls(page.text)).status_code == 302
        app.alive = False
        for pair in self.pairs:
            if pair.app is app:
                pair.stored = pair.refresh_usable = False
        self.codes = [code for code in self.codes if code.app is not app]

    # consent

    def has_token(self, app: App, person: str, scopes: str, *, expired_too: bool) -> bool:
        return any(
            pair.stored
            and (pair.app, pair.person) == (app, person)
            and set(scopes.split()) <= set(pair.scopes.split())
            and (expired_too or pair.ends > self.now)
            for pair in self.pairs
        )

    @rule(number=PICK, person=PEOPLE, scopes=SCOPES, prompt=st.sampled_from(["", "auto", "force"]), allow=st.booleans())
    def authorize(self, number: int, person: str, scopes: str, prompt: str, allow: bool) -> None:
        app = self.apps[number % len(self.apps)]
        browser: Browser = self.browsers[person]
        query = {"client_id": app.client_id, "response_type": "code", "redirect_uri": CALLBACK, "scope": scopes}
        answer = browser.get("/oauth2/authorize/", params={**query, **({"approval_prompt": prompt} if prompt else {})})
        if not app.alive:
            assert answer.status_code == 400
            return
        remembered = prompt != "force" and self.has_token(app, person, scopes, expired_too=prompt == "")
        assert answer.status_code == (302 if app.trusted or remembered else 200), (app, prompt, remembered)
        if answer.status_code == 200:
            answer = browser.decide(answer, allow=allow)
            if not allow:
                assert returned(answer) == {"error": "access_denied"}
                return
        self.codes.append(Code(returned(answer)["code"], app, person, scopes, self.now + 60))

    # trading

    def trade(self, app: App, **form: str) -> Any:
        return self.web.token(client_id=app.client_id, client_secret=app.client_secret, **form)

    def keep(self, answer: Any, app: App, person: str, scopes: str) -> None:
        shown = answer.json()
        assert shown["scope"] == scopes
        self.pairs.append(
            Pair(shown["access_token"], shown["refresh_token"], app, person, scopes, self.now + 10 * HOUR)
        )

    @precondition(lambda self: self.codes)
    @rule(number=PICK)
    def exchange(self, number: int) -> None:
        code = self.codes[number % len(self.codes)]
        form = {"grant_type": "authorization_code", "code": code.text, "redirect_uri": CALLBACK}
        answer = self.trade(code.app, **form)
        works = not code.used and code.ends > self.now
        assert answer.status_code == (200 if works else 400)
        if works:
            code.used = True
            self.keep(answer, code.app, code.person, code.scopes)
        else:
            assert answer.json() == {"error": "invalid_grant"}

    @precondition(lambda self: self.pairs)
    @rule(number=PICK)
    def refresh(self, number: int) -> None:
        pair = self.pairs[number % len(self.pairs)]
        answer = self.trade(pair.app, grant_type="refresh_token", refresh_token=pair.refresh)
        if not pair.app.alive:
            assert answer.status_code == 401
        elif not pair.refresh_usable:
            assert answer.json() == {"error": "invalid_grant"}
        elif pair.broken:
            assert answer.status_code == 500
        else:
            assert answer.status_code == 200
            pair.stored = pair.refresh_usable = False
            self.keep(answer, pair.app, pair.person, pair.scopes)

    @precondition(lambda self: self.pairs)
    @rule(number=PICK, whole=st.booleans())
    def revoke(self, number: int, whole: bool) -> None:
        pair = self.pairs[number % len(self.pairs)]
        form = {"client_id": pair.app.client_id, "client_secret": pair.app.client_secret}
        token = pair.refresh if whole else pair.access
        answer = self.web.http.post("/oauth2/revoke_token/", data={**form, "token": token})
        assert answer.status_code == (200 if pair.app.alive else 401)
        if not pair.app.alive:
            return
        if whole and pair.refresh_usable:
            pair.stored = pair.refresh_usable = False
        elif not whole and pair.stored:
            pair.stored, pair.broken = False, True

    # using and waiting

    @precondition(lambda self: self.pairs)
    @rule(number=PICK)
    def use(self, number: int) -> None:
        pair = self.pairs[number % len(self.pairs)]
        answer = self.web.me(pair.access)
        if pair.stored and pair.ends > self.now:
            assert answer.json() == {"username": getattr(self.web.info, pair.person).username}
        else:
            expected = "token_expired" if pair.stored else "token_nonexistent"
            assert answer.json()["error_code"] == expected

    @rule(seconds=st.sampled_from([1, 59, 60, HOUR, 10 * HOUR]))
    def wait(self, seconds: int) -> None:
        self.lms.clock.advance(timedelta(seconds=seconds))
        self.now += seconds


@pytest.fixture(scope="module")
def emulator() -> Iterator[Emulator]:
    with Emulator.start() as emulator:
        yield emulator


def test_credentials_and_consents_are_as_the_model_says(emulator: Emulator) -> None:
    Consents.lms = emulator
    few = max(10, settings().max_examples // 4)
    run_state_machine_as_test(Consents, settings=settings(max_examples=few, stateful_step_count=20, deadline=None))
