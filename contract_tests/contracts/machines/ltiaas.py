"""LTIAAS in front of Canvas and Brightspace: whose tokens and launches are valid, and how the LMSes treat them."""

from __future__ import annotations

import dataclasses
import json
from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, precondition, rule

from ..http import Browser
from ..jose import b64, hs_token, unb64
from ..outcomes import Form, Token
from .base import PICK, Machine, expect_granted, expect_refused, flipped, pick

LIFE, CODE_LIFE, LMS_CODE_LIFE, LTIK_LIFE = 3600, 600, {"canvas": 600, "brightspace": 300}, 86400
STATE_LIFE, TOKEN_AGE = 60, 10
LMSES = st.sampled_from(["canvas", "brightspace"])
SPOILING = ["flip", "claims", "none", "public key"]
LAUNCH_ATTACKS = [*SPOILING, "browser", "state", "other token", "no state", "no id_token", "state twice"]
ROTATES = {"canvas": False, "brightspace": True}


@dataclasses.dataclass(kw_only=True)
class Connection:
    """A code that the tool received."""

    code: str
    lms: str
    person: str
    made: int
    used: bool = False


@dataclasses.dataclass(kw_only=True)
class Session:
    """LMS tokens handed out through LTIAAS."""

    lms: str
    person: str
    refresh: str
    tokens: list[tuple[str, int]]
    spent: list[str] = dataclasses.field(default_factory=list)


@dataclasses.dataclass(kw_only=True)
class Waiting:
    """A launch in progress: the form with the id_token, and the browser it was made for."""

    form: Form
    browser: Browser
    lms: str
    person: str
    made: int
    done: bool = False
    spoilt: bool = False


@dataclasses.dataclass(kw_only=True)
class Launched:
    """A finished launch."""

    ltik: str
    lms: str
    person: str
    made: int


class LtiaasMachine(Machine):
    """Connecting, refreshing and launching through LTIAAS."""

    ATTACKS: ClassVar = {
        "tamper": "exchange refresh launch_forged id_token_wrongly",
        "truncate": "exchange",
        "replay": "finish_launch launch_and_wait_a_day",
        "reuse": "exchange refresh connect_with_every_wrong_turn",
        "swap key": "exchange id_token_wrongly",
        "swap tenant": "exchange refresh id_token_wrongly connect_with_every_wrong_turn",
        "swap user": "launch_forged id_token_wrongly launch_and_wait_a_day",
        "algorithm `none`": "launch_forged id_token_wrongly",
        "HS256 with the public key": "launch_forged",
        "strip a parameter": "launch_forged",
        "a parameter twice": "launch_forged",
        "a second late": "wait_for_an_expiry launch_and_wait_a_day",
        "in the last second": "wait_for_an_expiry launch_and_wait_a_day",
    }

    provider = "ltiaas"
    NEEDS = "api_key platforms.canvas platforms.brightspace without_oauth_plan.api_key oauth_return_url launch_url"
    providers: ClassVar[tuple[str, ...]] = ("ltiaas", "canvas", "brightspace")

    @initialize()
    def begin(self) -> None:
        self.port: Any = self.bench.port("ltiaas")
        self.wire: Any = self.bench.wire("ltiaas")
        self.key: str = self.facts["api_key"]
        self.people = dict.fromkeys(("canvas", "brightspace"), ("student", "other_student"))
        self.connections: list[Connection] = []
        self.sessions: list[Session] = []
        self.waiting: list[Waiting] = []
        self.launched: list[Launched] = []
        self.browsers: dict[tuple[str, str], Browser] = {}
        self.foreign = 0
        for lms in ("canvas", "brightspace"):
            self.connected(lms, self.people[lms][0])
            self.redeem(self.connections[-1])

    def connected(self, lms: str, role: str) -> None:
        """A person consents at the LMS."""
        platform = self.facts["platforms"][lms]
        code = expect_granted(self.wire.connect(self.browser(lms, role), platform, self.person(lms, role)))
        assert all(code.code != old.code for old in self.connections)
        self.connections.append(Connection(code=code.code, lms=lms, person=role, made=self.now))

    def redeem(self, connection: Connection) -> None:
        """A valid code yields the LMS's token."""
        outcome = self.port.access_token(self.key, self.facts["platforms"][connection.lms], connection.code)
        token: Token = expect_granted(outcome, f"a code {self.now - connection.made} s old")
        connection.used = True
        assert token.refresh is not None
        assert token.expires_in in (None, LIFE)
        tokens = [(token.access, self.now + LIFE)]
        made = Session(lms=connection.lms, person=connection.person, refresh=token.refresh, tokens=tokens)
        self.sessions.append(made)
        if made.lms == "canvas":  # Brightspace has no revocation
            self.undo.append(lambda: self.bench.wire("canvas").revoke(made.tokens[-1][0]))

    def person(self, lms: str, role: str) -> dict[str, Any]:
        """A person of an LMS."""
        found: dict[str, Any] = self.bench.facts(lms)[role]
        return found

    def browser(self, lms: str, role: str) -> Browser:
        """The browser of a person of an LMS."""
        return self.browsers.setdefault((lms, role), Browser(self.bench.target.http))

    # connecting

    @rule(lms=LMSES, number=PICK, agree=st.sampled_from([True, True, True, False]))
    def connect(self, lms: str, number: int, agree: bool) -> None:
        role = pick(self.people[lms], number)
        platform = self.facts["platforms"][lms]
        if agree:
            self.connected(lms, role)
            return
        outcome = self.wire.connect(self.browser(lms, role), platform, self.person(lms, role), agree=False)
        expect_refused(outcome, "access_denied")

    @precondition(lambda self: self.foreign < 3)
    @rule(which=st.sampled_from(["inactive", "without_oauth", "unknown", "plan"]))
    def connect_wrongly(self, which: str) -> None:
        self.foreign += 1
        platforms = {**self.facts["platforms"], "unknown": "NoSuchPlatform000000"}
        platforms["plan"] = self.facts["without_oauth_plan"]["platform"]
        person = self.person("canvas", "student")
        outcome = self.wire.connect(Browser(self.bench.target.http), platforms[which], person)
        status = {"inactive": 400, "without_oauth": 400, "unknown": 404, "plan": 403}[which]
        expect_refused(outcome, status=status, why=which)

    @precondition(lambda self: self.connections)
    @rule(
        number=PICK,
        at=st.integers(0, 42),
        wrong=st.sampled_from([None, None, None, "flip", "cut", "platform", "tenant", "key", "ltik scheme"]),
    )
    def exchange(self, number: int, wrong: str | None, at: int) -> None:
        connection = pick(self.connections, number)
        platform, key, code = self.facts["platforms"][connection.lms], self.key, connection.code
        if wrong == "flip":
            code = flipped(code, at)
        elif wrong == "cut":
            code = code[:-1]
        elif wrong == "platform":
            platform = self.facts["platforms"]["canvas" if connection.lms == "brightspace" else "brightspace"]
        elif wrong == "tenant":
            key = self.facts["without_oauth_plan"]["api_key"]
        elif wrong == "key":
            key = flipped(key, at % 36)
        if wrong == "ltik scheme":
            path = f"/api/oauth/access-token/{platform}"
            answer = self.wire.call("POST", path, f"LTIK-AUTH-V2 {key}:x", {"code": code})
            assert answer.status == 401, "these endpoints take the API key as Bearer only"
            return
        age = self.now - connection.made
        if wrong is None and not connection.used and age < LMS_CODE_LIFE[connection.lms]:
            self.redeem(connection)
            if not at % 2:
                return
        outcome = self.port.access_token(key, platform, code)
        if wrong in ("tenant", "key"):
            expect_refused(outcome, status=403 if wrong == "tenant" else 401, why=wrong)
        elif wrong is not None or connection.used or age >= CODE_LIFE:
            expect_refused(outcome, status=400, why=f"{wrong}, used {connection.used}, {age} s old")
        else:
            connection.used = True
            expect_refused(outcome, status=400, why="the LMS's own code inside it is over")

    @precondition(lambda self: self.sessions)
    @rule(number=PICK, wrong=st.sampled_from([None, None, None, "flip", "platform", "spent", "tenant"]), at=PICK)
    def refresh(self, number: int, wrong: str | None, at: int) -> None:
        session = pick(self.sessions, number)
        platform, key, value = self.facts["platforms"][session.lms], self.key, session.refresh
        if wrong == "flip":
            value = flipped(value, 5 + at)
        elif wrong == "platform":
            platform = self.facts["platforms"]["canvas" if session.lms == "brightspace" else "brightspace"]
        elif wrong == "tenant":
            key = self.facts["without_oauth_plan"]["api_key"]
        elif wrong == "spent":
            if not session.spent:
                return
            value = pick(session.spent, at)
        outcome = self.port.refresh(key, platform, value)
        if wrong is not None:
            expect_refused(outcome, status=403 if wrong == "tenant" else 400, why=wrong)
            return
        token: Token = expect_granted(outcome)
        if ROTATES[session.lms]:
            assert token.refresh not in (None, session.refresh), "a rotating LMS gives a new refresh token"
            session.spent.append(session.refresh)
            session.refresh = str(token.refresh)
        else:
            session.tokens = [(old, -1) for old, _ in session.tokens]
        session.tokens.append((token.access, self.now + LIFE))

    @precondition(lambda self: self.sessions)
    @rule(number=PICK, which=PICK)
    def use(self, number: int, which: int) -> None:
        session = pick(self.sessions, number)
        self.probe(session, *pick(session.tokens, which))

    def probe(self, session: Session, access: str, expires: int) -> None:
        """The token works at the LMS, for the person who consented there, until it expires."""
        outcome = self.bench.wire(session.lms).whoami(access)
        if self.now >= expires:
            expect_refused(outcome, status=401, why=f"over at {expires}, now {self.now}")
        else:
            assert outcome == str(self.person(session.lms, session.person)["id"]), f"{session.person}: {outcome!r}"

    @precondition(lambda self: self.sessions)
    @rule(number=PICK)
    def use_at_the_other_lms(self, number: int) -> None:
        session = pick(self.sessions, number)
        other = "canvas" if session.lms == "brightspace" else "brightspace"
        expect_refused(self.bench.wire(other).whoami(session.tokens[-1][0]), status=401)

    @rule(lms=LMSES)
    def connect_with_every_wrong_turn(self, lms: str) -> None:
        """A code works once, for its own platform and tenant only."""
        self.connected(lms, self.people[lms][1])
        connection = self.connections[-1]
        platforms, tenant = self.facts["platforms"], self.facts["without_oauth_plan"]
        other = platforms["canvas" if lms == "brightspace" else "brightspace"]
        refused = self.port.access_token(self.key, other, connection.code)
        expect_refused(refused, status=400, why="another platform")
        refused = self.port.access_token(tenant["api_key"], platforms[lms], connection.code)
        expect_refused(refused, status=403, why="another tenant, whose plan lacks OAuth2")
        self.redeem(connection)
        refused = self.port.access_token(self.key, platforms[lms], connection.code)
        expect_refused(refused, status=400, why="the code was used")

    @precondition(lambda self: self.bench.target.has_clock)
    @rule(lms=LMSES)
    def launch_and_wait_a_day(self, lms: str) -> None:
        """An ltik identifies the launch for a day, and only to its own tenant."""
        role = self.people[lms][0]
        base, facts = self.bench.target.base(lms), self.bench.facts(lms)
        browser = self.browser(lms, role)
        first, two = (self.wire.begin_launch(browser, lms, base, facts, self.person(lms, role)) for _ in range(2))
        crossed = self.wire.finish_launch(browser, first.changed(id_token=two["id_token"]))
        expect_refused(crossed, status=401, why="the id_token of another login")
        form = self.wire.begin_launch(browser, lms, base, facts, self.person(lms, role))
        ltik = expect_granted(self.wire.finish_launch(browser, form))
        expect_refused(self.wire.finish_launch(browser, form), status=401, why="the same launch again")
        launched = Launched(ltik=ltik, lms=lms, person=role, made=self.now)
        self.launched.append(launched)
        self.prove(launched)
        foreign = self.port.id_token(self.facts["without_oauth_plan"]["api_key"], ltik)
        expect_refused(foreign, status=401, why="another tenant's key")
        for seconds in (LTIK_LIFE - 1, 2):
            self.move(seconds)
            self.prove(launched)

    # launching

    @rule(lms=LMSES, number=PICK)
    def begin_launch(self, lms: str, number: int) -> None:
        role = pick(self.people[lms], number)
        browser = self.browser(lms, role)
        base, facts = self.bench.target.base(lms), self.bench.facts(lms)
        form = self.wire.begin_launch(browser, lms, base, facts, self.person(lms, role))
        self.waiting.append(Waiting(form=form, browser=browser, lms=lms, person=role, made=self.now))

    @precondition(lambda self: self.waiting)
    @rule(number=PICK)
    def finish_launch(self, number: int) -> None:
        waiting = pick(self.waiting, number)
        if waiting.spoilt:
            return
        outcome = self.wire.finish_launch(waiting.browser, waiting.form)
        age = self.now - waiting.made
        if waiting.done or age > TOKEN_AGE:
            expect_refused(outcome, status=401, why=f"done {waiting.done}, {age} s old")
            return
        ltik = expect_granted(outcome, f"{age} s old")
        waiting.done = True
        assert all(ltik != old.ltik for old in self.launched), "each launch has its own ltik"
        self.launched.append(Launched(ltik=ltik, lms=waiting.lms, person=waiting.person, made=self.now))

    @precondition(lambda self: any(not w.done for w in self.waiting))
    @rule(number=PICK, at=st.integers(0, 300), attacks=st.sets(st.sampled_from(LAUNCH_ATTACKS), min_size=1, max_size=4))
    def launch_forged(self, number: int, attacks: set[str], at: int) -> None:
        """A changed id_token, another browser or another state: no launch."""
        waiting = pick([w for w in self.waiting if not w.done], number)
        for how in sorted(attacks, key=lambda how: (how in SPOILING, how)):
            self.one_launch_forged(waiting, how, at)

    def one_launch_forged(self, waiting: Waiting, how: str, at: int) -> None:
        """One way."""
        form, browser, token = waiting.form, waiting.browser, waiting.form["id_token"]
        head, payload, signature = token.split(".")
        if how == "flip":
            form = form.changed(id_token=f"{head}.{payload}.{flipped(signature, at % (len(signature) - 1))}")
        elif how == "claims":
            claims = json.loads(unb64(payload))
            claims["sub"] = "somebody-else"
            form = form.changed(id_token=f"{head}.{b64(claims)}.{signature}")
        elif how == "none":
            form = form.changed(id_token=f"{b64({**json.loads(unb64(head)), 'alg': 'none'})}.{payload}.")
        elif how == "public key":
            key = json.dumps(self.jwks(waiting.lms)).encode()
            form = form.changed(id_token=hs_token({**json.loads(unb64(head)), "alg": "HS256"}, payload, key))
        elif how == "browser":
            browser = Browser(self.bench.target.http)
        elif how == "state":
            form = form.changed(state=flipped(form["state"], at))
        elif how in ("no state", "no id_token"):
            form = form.changed(**{how[3:]: None})
        elif how == "state twice":
            form = form.with_field("state", flipped(form["state"], at))
        else:
            other = next((w for w in self.waiting if w is not waiting), None)
            if other is None:
                return
            form = form.changed(id_token=other.form["id_token"])  # its nonce belongs to another state
        expect_refused(self.wire.finish_launch(browser, form), status=401, why=how)
        if how in SPOILING:
            waiting.spoilt = True  # whether the right one still works is nobody's promise

    def jwks(self, lms: str) -> Any:
        """The LMS's public keys."""
        path = {"canvas": "/api/lti/security/jwks", "brightspace": "/d2l/.well-known/jwks"}[lms]
        return self.bench.wire(lms).get(None, path)["keys"][0]

    @precondition(lambda self: self.launched)
    @rule(number=PICK)
    def id_token(self, number: int) -> None:
        self.prove(pick(self.launched, number))

    def prove(self, launched: Launched) -> None:
        """The ltik identifies the launch for a day."""
        outcome = self.port.id_token(self.key, launched.ltik)
        age = self.now - launched.made
        if age > LTIK_LIFE:
            expect_refused(outcome, "INVALID_LTIK_AUTH_AUTHORIZATION_HEADER", status=401, why=f"{age} s old")
        elif age != LTIK_LIFE:
            found = expect_granted(outcome)
            assert found["user"]["id"] == self.person(launched.lms, launched.person)["lti_id"]
            assert found["platform"]["id"] == self.facts["platforms"][launched.lms]

    @precondition(lambda self: self.launched)
    @rule(number=PICK, how=st.sampled_from(["flip", "tenant", "key", "user", "none", "bearer"]), at=st.integers(0, 41))
    def id_token_wrongly(self, number: int, how: str, at: int) -> None:
        launched = pick(self.launched, number)
        key, ltik = self.key, launched.ltik
        head, payload, signature = ltik.split(".")
        if how == "flip":
            ltik = f"{head}.{payload}.{flipped(signature, at)}"
        elif how == "tenant":
            key = self.facts["without_oauth_plan"]["api_key"]
        elif how == "key":
            key = flipped(key, at % 36)
        elif how == "user":
            ltik = f"{head}.{b64({**json.loads(unb64(payload)), 'user': 'x'})}.{signature}"
        elif how == "none":
            ltik = f"{b64({'alg': 'none', 'typ': 'JWT'})}.{payload}."
        if how == "bearer":
            assert self.wire.call("GET", "/api/idtoken", f"Bearer {key}").status == 401
            return
        expect_refused(self.port.id_token(key, ltik), status=401, why=how)

    @precondition(lambda self: any(self.now - item.made < LTIK_LIFE for item in self.launched))
    @rule(number=PICK)
    def members(self, number: int) -> None:
        """The roster is the LMS's, for the course of this launch."""
        launched = pick([launch for launch in self.launched if self.now - launch.made < LTIK_LIFE], number)
        found = expect_granted(self.port.members(self.key, launched.ltik))
        assert self.person(launched.lms, launched.person)["lti_id"] in found

    # time

    @precondition(lambda self: self.bench.target.has_clock)
    @rule(seconds=st.sampled_from([1, 9, 10, 11, 299, 300, 3600]))
    def wait(self, seconds: int) -> None:
        self.move(seconds)

    @precondition(lambda self: self.bench.target.has_clock and (self.sessions or self.connections or self.launched))
    @rule(number=PICK, offset=st.sampled_from([-1, 0, 1]))
    def wait_for_an_expiry(self, number: int, offset: int) -> None:
        moments = [expires for session in self.sessions for _, expires in session.tokens]
        moments += [c.made + LMS_CODE_LIFE[c.lms] for c in self.connections]
        moments += [launched.made + LTIK_LIFE for launched in self.launched]
        self.move_to(pick(moments, number), offset)

    @invariant()
    def the_newest_token_is_as_the_model_says(self) -> None:
        if getattr(self, "sessions", None):
            self.probe(self.sessions[-1], *self.sessions[-1].tokens[-1])
