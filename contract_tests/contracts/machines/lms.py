"""Canvas and Brightspace: whose consent a token carries, and how refreshing affects earlier tokens."""

from __future__ import annotations

import dataclasses
import json
from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, precondition, rule

from ..http import Browser, form
from ..jose import b64, hs_token, unb64
from ..outcomes import Code, Token
from .base import PICK, expect_granted, expect_refused, flipped, pick
from .tool import ToolRules

LIFE = 3600
TAMPER = ["flip", "cut", "refresh", "none", "case", "alg none", "public key"]


@dataclasses.dataclass(kw_only=True)
class Grant:
    """An authorization code."""

    code: str
    client: str
    person: str
    expires: int
    used: bool = False


@dataclasses.dataclass(kw_only=True)
class Session:
    """A refresh token and the access tokens made from it: (token, expires), newest last."""

    client: str
    person: str
    refresh: str
    tokens: list[tuple[str, int]]
    spent: list[str] = dataclasses.field(default_factory=list)
    revoked: bool = False


class LmsMachine(ToolRules):
    """OAuth 2.0 at an LMS. `ROTATES`: refresh tokens work once; otherwise a refresh revokes the previous access
    token."""

    ATTACKS: ClassVar = {
        "tamper": "exchange refresh use_tampered launch_forged assertions_forged choose_content use_a_service_token",
        "truncate": "exchange use_tampered launch_forged assertions_forged use_a_service_token",
        "replay": "launch_forged assertions_forged",
        "reuse": "sign_in refresh",
        "swap key": "exchange refresh assertions_forged",
        "swap tenant": "(a world has one school)",
        "swap user": "log_in_wrongly use_a_service_token",
        "algorithm `none`": "use_tampered launch_forged assertions_forged use_a_service_token",
        "HS256 with the public key": "use_tampered launch_forged assertions_forged",
        "strip a parameter": "exchange_malformed log_in_wrongly assertions_forged",
        "a parameter twice": "exchange_malformed",
        "a second late": "wait_for_an_expiry assertions_forged launch_forged",
        "in the last second": "wait_for_an_expiry assertions_forged",
    }

    NEEDS = "client_id client_secret redirect_uri other_client.client_id student other_student"
    ROTATES: ClassVar[bool]
    CODE_LIFE: ClassVar[int]
    PEOPLE: ClassVar[tuple[str, ...]]
    DEAD_REFRESH: ClassVar[str]
    NOBODY: ClassVar[int] = 401
    """What asking for oneself without a token is answered with."""

    @initialize()
    def begin(self) -> None:
        self.port: Any = self.bench.port(self.provider)
        self.wire: Any = self.bench.wire(self.provider)
        facts = self.facts
        names = ("client_id", "client_secret", "redirect_uri")
        self.clients = {
            "own": {name: facts[name] for name in names},
            "other": {name: facts["other_client"][name] for name in names},
        }
        self.grants: list[Grant] = []
        self.sessions: list[Session] = []
        self.browsers: dict[str, Browser] = {}
        self.states = self.foreign = 0
        self.sit_down()
        self.connect(self.PEOPLE[0], "own")

    def browser(self, person: str) -> Browser:
        """A person's browser; it stays signed in as long as the site lets it."""
        return self.browsers.setdefault(person, Browser(self.bench.target.http))

    def person(self, role: str) -> dict[str, Any]:
        """A person's login and password."""
        found: dict[str, Any] = self.facts[role]
        return found

    # consent and codes

    def connect(self, person: str, client: str) -> Session:
        """Consent and exchange in one step."""
        self.grant(person, client)
        return self.redeem(self.grants[-1])

    def grant(self, person: str, client: str) -> None:
        """A person consents."""
        self.states += 1
        state, asked = f"st/ate {self.states}&x", self.clients[client]
        outcome = self.wire.authorize(self.browser(person), asked, self.person(person), asked["redirect_uri"], state)
        code: Code = expect_granted(outcome)
        assert code.state == state
        assert all(code.code != old.code for old in self.grants)
        self.grants.append(Grant(code=code.code, client=client, person=person, expires=self.now + self.CODE_LIFE))

    def redeem(self, grant: Grant) -> Session:
        """A valid code yields a token."""
        client = self.clients[grant.client]
        outcome = self.port.token(client, grant.code, client["redirect_uri"])
        token: Token = expect_granted(outcome, f"a code at {self.now}, good until {grant.expires}")
        grant.used = True
        assert token.expires_in in (None, LIFE)
        assert token.refresh is not None
        self.fresh(token.access)
        tokens = [(token.access, self.now + LIFE)]
        made = Session(client=grant.client, person=grant.person, refresh=token.refresh, tokens=tokens)
        self.sessions.append(made)
        self.undo.append(lambda: None if made.revoked else self.give_back(made.tokens[-1][0]))
        return made

    def give_back(self, access: str) -> None:
        """Revoke a token, if the site lets its owner do that."""

    @rule(number=PICK, client=st.sampled_from(["own", "own", "other"]), again=st.booleans())
    def sign_in(self, number: int, client: str, again: bool) -> None:
        """Consent, exchange, and perhaps a second exchange of the code."""
        made = self.connect(pick(self.PEOPLE, number), client)
        self.probe(made, *made.tokens[-1])
        if again:
            used = self.clients[client]
            outcome = self.port.token(used, self.grants[-1].code, used["redirect_uri"])
            expect_refused(outcome, "invalid_grant", status=400, why="the code was used")

    @rule(number=PICK, client=st.sampled_from(["own", "own", "other"]), agree=st.sampled_from([True, True, False]))
    def authorize(self, number: int, client: str, agree: bool) -> None:
        person = pick(self.PEOPLE, number)
        if agree:
            self.grant(person, client)
            return
        asked = self.clients[client]
        outcome = self.wire.authorize(
            self.browser(person), asked, self.person(person), asked["redirect_uri"], "s", agree=False
        )
        expect_refused(outcome, "access_denied")

    @precondition(lambda self: self.foreign < 3)
    @rule(how=st.sampled_from(["host", "before", "client"]))
    def authorize_to_a_foreign_address(self, how: str) -> None:
        self.foreign += 1
        client = dict(self.clients["own"])
        redirect = {
            "host": "https://evil.example/callback",
            "before": client["redirect_uri"].replace("://", "://evil.example/?"),
            "client": client["redirect_uri"],
        }[how]
        if how == "client":
            client["client_id"] = flipped(client["client_id"], 7)
        person = self.PEOPLE[0]
        outcome = self.wire.authorize(self.browser(person), client, self.person(person), redirect, "s")
        expect_refused(outcome, why="nothing may be redirected to a foreign address")
        assert outcome.status not in (302, 303), f"redirected to {outcome.detail}"

    @precondition(lambda self: self.grants)
    @rule(number=PICK, wrong=st.sampled_from([None, None, "client", "secret", "flip", "cut"]), at=st.integers(0, 40))
    def exchange(self, number: int, wrong: str | None, at: int) -> None:
        grant = pick(self.grants, number)
        dead = grant.used or self.now >= grant.expires
        if wrong is None and not dead:
            self.redeem(grant)
            return
        client, code = dict(self.clients[grant.client]), grant.code
        redirect = client["redirect_uri"]
        if wrong == "client":
            client = self.clients["other" if grant.client == "own" else "own"]
        elif wrong == "secret":
            client["client_secret"] = flipped(client["client_secret"], at % 20)
        elif wrong in ("flip", "cut"):
            code = code[:-1] if wrong == "cut" else flipped(code, at)
        outcome = self.port.token(client, code, redirect)
        if wrong == "secret":
            expect_refused(outcome, "invalid_client", why=wrong)
        else:
            expect_refused(outcome, "invalid_grant", status=400, why=f"{wrong}, used {grant.used}, now {self.now}")

    @precondition(lambda self: any(not g.used and self.now < g.expires for g in self.grants))
    @rule(number=PICK, how=st.sampled_from(["code", "client_id", "client_secret", "wrong last", "wrong first"]))
    def exchange_malformed(self, number: int, how: str) -> None:
        """A missing field, or the code sent twice: the last one counts, and a refusal consumes nothing."""
        grant = pick([g for g in self.grants if not g.used and self.now < g.expires], number)
        client = self.clients[grant.client]
        fields = {name: client[name] for name in ("client_id", "client_secret", "redirect_uri")}
        pairs = [("grant_type", "authorization_code"), *fields.items(), ("code", grant.code)]
        if how == "wrong last":
            pairs.append(("code", flipped(grant.code, number)))
        elif how == "wrong first":
            pairs.insert(0, ("code", flipped(grant.code, number)))
        else:
            pairs = [(name, value) for name, value in pairs if name != how]
        answer = form(self.bench.target.http, self.bench.target.base(self.provider) + self.wire.TOKEN, pairs)
        if how == "wrong first":
            grant.used = True
            assert answer.status == 200, answer.text
            access = answer.json()["access_token"]
            self.undo.append(lambda: self.give_back(access))
        else:
            assert answer.status in (400, 401), f"{how}: {answer.status} {answer.text}"

    def fresh(self, access: str) -> None:
        """No token is issued twice."""
        assert all(access != old for session in self.sessions for old, _ in session.tokens)

    # refreshing

    @precondition(lambda self: self.sessions)
    @rule(
        number=PICK,
        wrong=st.sampled_from([None, None, None, "client", "secret", "flip", "spent"]),
        at=st.integers(0, 40),
    )
    def refresh(self, number: int, wrong: str | None, at: int) -> None:
        session = pick(self.sessions, number)
        client, value = dict(self.clients[session.client]), session.refresh
        if wrong == "client":
            client = self.clients["other" if session.client == "own" else "own"]
        elif wrong == "secret":
            client["client_secret"] = client["client_secret"][:-1]
        elif wrong == "flip":
            value = flipped(value, 5 + at)
        elif wrong == "spent":
            if not session.spent:
                return
            value = pick(session.spent, at)
        outcome = self.port.refresh(client, value)
        if wrong == "secret":
            expect_refused(outcome, "invalid_client", why=wrong)
        elif wrong == "client" and not session.revoked:
            expect_refused(outcome, "invalid_grant", status=400, why=wrong)
        elif wrong is not None or session.revoked:
            expect_refused(
                outcome, self.DEAD_REFRESH if wrong != "client" else None, status=400, why=wrong or "revoked"
            )
        else:
            token: Token = expect_granted(outcome)
            self.fresh(token.access)
            if self.ROTATES:
                assert token.refresh is not None
                assert token.refresh != session.refresh
                session.spent.append(session.refresh)
                session.refresh = token.refresh
            else:
                assert token.refresh in (None, session.refresh)
                session.tokens = [(old, -1) for old, _ in session.tokens]  # dead at once
            session.tokens.append((token.access, self.now + LIFE))
            if at % 2:
                self.probe(session, *session.tokens[-2])
                if session.spent:
                    again = self.port.refresh(client, session.spent[-1])
                    expect_refused(again, self.DEAD_REFRESH, status=400, why="the refresh token was used")

    # using tokens

    @precondition(lambda self: self.sessions)
    @rule(number=PICK, which=PICK)
    def use(self, number: int, which: int) -> None:
        session = pick(self.sessions, number)
        self.probe(session, *pick(session.tokens, which))

    def probe(self, session: Session, access: str, expires: int) -> None:
        """A valid token acts for the person who consented; an invalid one for nobody."""
        outcome = self.port.whoami(access)
        if session.revoked or self.now >= expires:
            expect_refused(outcome, status=401, why=f"revoked {session.revoked}, expires {expires}, now {self.now}")
        else:
            assert outcome == str(self.person(session.person)["id"]), f"a token of {session.person}: {outcome!r}"

    @precondition(lambda self: self.sessions)
    @rule(number=PICK, how=st.sampled_from(TAMPER), at=st.integers(0, 600))
    def use_tampered(self, number: int, how: str, at: int) -> None:
        session = pick(self.sessions, number)
        access = session.tokens[-1][0]
        if how in ("alg none", "public key") and access.count(".") != 2:
            how = "flip"  # there is no algorithm in an opaque token
        if how in ("alg none", "public key"):
            expect_refused(self.wire.whoami(self.downgraded(access, how)), status=401, why=how)
            return
        wrong = {
            "flip": flipped(access, at % (len(access) - 2)),
            "cut": access[:-3],
            "refresh": session.refresh,
            "none": None,
            "case": access.swapcase(),
        }[how]
        expect_refused(self.wire.whoami(wrong), status=self.NOBODY if wrong is None else 401, why=how)

    def downgraded(self, access: str, how: str) -> str:
        """A signed access token with an algorithm that anybody can use."""
        head, payload, _ = access.split(".")
        header = json.loads(unb64(head))
        if how == "alg none":
            return f"{b64({**header, 'alg': 'none'})}.{payload}."
        url = self.bench.target.base(self.provider) + self.wire.TOOL_KEYS
        key = self.bench.target.http.send("GET", url).json()["keys"][0]
        return hs_token({**header, "alg": "HS256"}, payload, json.dumps(key).encode())

    # time

    @precondition(lambda self: self.bench.target.has_clock)
    @rule(seconds=st.sampled_from([1, 299, 599, 3599, 3600]))
    def wait(self, seconds: int) -> None:
        self.move(seconds)

    @precondition(lambda self: self.bench.target.has_clock and (self.sessions or self.grants))
    @rule(number=PICK, offset=st.sampled_from([-1, 0, 1]))
    def wait_for_an_expiry(self, number: int, offset: int) -> None:
        moments = [expires for session in self.sessions for _, expires in session.tokens]
        moments += [grant.expires for grant in self.grants]
        moments += [expires for _, _, expires in self.service]
        self.move_to(pick(moments, number), offset)

    @invariant()
    def the_newest_token_is_as_the_model_says(self) -> None:
        if getattr(self, "sessions", None):
            self.probe(self.sessions[-1], *self.sessions[-1].tokens[-1])


class CanvasMachine(LmsMachine):
    """Canvas: refreshing renews in place, and a token can be revoked."""

    provider = "canvas"
    ROTATES = False
    HINT_DECIDES = frozenset({"hint of another"})
    UNCHECKED = frozenset({"issuer", "twice", "message"})
    CODE_LIFE = 600
    PEOPLE = ("student", "other_student", "teacher")
    DEAD_REFRESH = "invalid_grant"
    NOBODY = 404

    def give_back(self, access: str) -> None:
        self.wire.revoke(access)

    @precondition(lambda self: self.sessions)
    @rule(number=PICK)
    def revoke(self, number: int) -> None:
        session = pick(self.sessions, number)
        access, expires = session.tokens[-1]
        outcome = self.wire.revoke(access)
        if not session.revoked and self.now < expires:
            assert outcome is None
            session.revoked = True
            self.probe(session, access, expires)
            again = self.port.refresh(self.clients[session.client], session.refresh)
            expect_refused(again, self.DEAD_REFRESH, status=400, why="its token was revoked")
        elif outcome is None:
            session.revoked = True  # an expired token may be revoked or not: nobody promises


class BrightspaceMachine(LmsMachine):
    """Brightspace: refresh tokens work once; access tokens are signed and valid until they expire."""

    provider = "brightspace"
    UNCHECKED = frozenset({"too old", "twice"})
    LEEWAY = 300
    ROTATES = True
    CODE_LIFE = 300
    PEOPLE = ("student", "other_student", "instructor")
    NOBODY = 403
    DEAD_REFRESH = "invalid_grant"
