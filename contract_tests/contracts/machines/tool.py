"""LTI 1.3 at an LMS: which launches, assertions and service tokens are valid, for whom, and until when."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, ClassVar
from urllib.parse import parse_qsl, urlencode, urlsplit

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from ..adapters.wire.opening import authenticate, open_tool
from ..adapters.wire.tool import CLAIM, LINE_ITEM, ROSTER, SCORE, Seat, assertion, choice
from ..http import Browser
from ..jose import b64, hs_token, rs_token, unb64
from ..outcomes import Form, Launched, Refused
from .base import PICK, Machine, creating, expect_granted, expect_refused, flipped, pick

SERVICE_LIFE, ASSERTION_AGE = 3600, 300
LOGIN_ATTACKS = ["user", "client", "address", "no nonce", "no hint", "browser", "hint of another"]
TOKEN_ATTACKS = ["flip", "cut", "claims", "none", "public key", "state", "again", "late"]
ASSERTION_ATTACKS = ["flip", "cut", "claims", "none", "public key", "another key", "audience", "issuer", "subject"]
ASSERTION_ATTACKS += ["exp now", "too old", "too early", "no jti", "unknown kid", "twice"]
REPLAY = "launch replay"
FORGED = 3
"""How often an example tries forged logins, launches and assertions: they take many requests each."""
CHOICE_ATTACKS = ["flip", "none", "another key", "sender", "audience", "expired", "message"]
SERVICE_ATTACKS = ["right", "right", "flip", "cut", "none", "of a person"]


class ToolRules(Machine):
    """A tool in LTIAAS's place in the world; the LMS's side of the launch is under contract."""

    port: Any
    PEOPLE: ClassVar[tuple[str, ...]]
    sessions: list[Any]
    HINT_DECIDES: ClassVar[frozenset[str]] = frozenset()
    """The wrong logins for which the message hint decides: it stands for the launch it was made for, whoever comes."""
    UNCHECKED: ClassVar[frozenset[str]] = frozenset()
    """The forged assertions and choices that the LMS takes all the same."""
    AHEAD: ClassVar[int] = 30
    """How far ahead of its clock an assertion may be made."""
    LEEWAY: ClassVar[int] = 0
    """Seconds that its clock and a tool's may differ by."""
    wire: Any

    def sit_down(self) -> None:
        """No launch yet."""
        self.launches: list[tuple[Launched, str]] = []
        self.service: list[tuple[str, tuple[str, ...], int]] = []
        self.points: dict[str, float] = {}
        self.zero = 0
        self.jtis = self.forged = 0
        self.chosen = False
        self.opened: dict[str, Browser] = {}
        self.seat: Seat | None = None

    @property
    def seated(self) -> bool:
        """Whether there is a tool: LTIAAS is registered, and its key is public."""
        return self.bench.target.seats

    def epoch(self) -> int:
        """The site's time in epoch seconds."""
        if not self.zero:
            self.zero = self.bench.target.epoch() - self.now
        return self.zero + self.now

    def jti(self) -> str:
        """An unused id."""
        self.jtis += 1
        return f"contract-{self.jtis}"

    def begin_login(self, person: str, *, choosing: bool = False) -> tuple[str, dict[str, str], Browser]:
        """A person opens the tool; returns the URL of the tool's redirect, and the session it keeps.

        Parameters: `choosing`, whether to choose content.
        """
        browser = self.opened.get(person) or self.opened.setdefault(person, self.new_browser(person))
        base = self.bench.target.base(self.provider)
        sent = open_tool(browser, self.provider, base, self.facts, self.facts[person], choosing=choosing)
        fields, session = dict(sent.fields), dict[str, str]()
        if self.seat is None:
            from lms_emulator.core.keys import private_pem

            self.seat = Seat(
                issuer=fields["iss"],
                client_id=fields["client_id"],
                deployment_id=fields["lti_deployment_id"],
                kid=self.bench.facts("ltiaas")["platforms"][self.provider],
                private_pem=private_pem("ltiaas"),
                launch_url=sent.url.replace("/lti/login", "/lti/launch"),
                auth_url=base + self.wire.TOOL_AUTH,
                token_url=base + self.wire.TOOL_TOKEN,
                keys_url=base + self.wire.TOOL_KEYS,
                audience=self.wire.TOOL_AUDIENCE,
            )
        assert fields["login_hint"]
        return self.port.login(self.seat, fields, session), session, browser

    def new_browser(self, person: str) -> Browser:
        """A browser in which a person signs in when the LMS requires it."""
        return Browser(self.bench.target.http)

    def launch(self, person: str, *, choosing: bool = False) -> tuple[Form, dict[str, str]]:
        """From the course page to the form with the id_token."""
        url, session, browser = self.begin_login(person, choosing=choosing)
        assert self.seat is not None
        made: Form = expect_granted(authenticate(browser, url, self.bench.target.base(self.provider)))
        assert made.url == self.seat.launch_url
        return made, session

    def accepted(self, person: str) -> Launched:
        """A valid launch identifies the person and the course."""
        made, session = self.launch(person)
        launched: Launched = expect_granted(self.port.accept(self.seat, dict(made.fields), session, self.epoch()))
        assert launched.user == self.facts[person]["lti_id"], "a launch names the person who opened the tool"
        assert all(launched.context == other.context for other, _ in self.launches)
        self.launches.append((launched, person))
        if not self.excused(REPLAY):
            again = self.port.accept(self.seat, dict(made.fields), session, self.epoch())
            expect_refused(again, why="the same launch again")
        return launched

    @precondition(lambda self: self.seated and len(self.launches) < 4)
    @rule(number=PICK)
    def open_the_tool(self, number: int) -> None:
        self.accepted(pick(self.PEOPLE, number))

    @precondition(lambda self: self.seated and self.forged < FORGED)
    @rule(how=st.sampled_from(LOGIN_ATTACKS))
    def log_in_wrongly(self, how: str) -> None:
        """A changed authentication request gets no id_token."""
        self.forged += 1
        url, _, browser = self.begin_login(self.PEOPLE[0])
        parts = urlsplit(url)
        query = dict(parse_qsl(parts.query))
        if how == "user":
            query["login_hint"] = self.login_hint(self.PEOPLE[1])
        elif how == "client":
            query["client_id"] = flipped(query["client_id"], 8)
        elif how == "address":
            query["redirect_uri"] = "https://evil.example/launch"
        elif how == "no nonce":
            del query["nonce"]
        elif how == "no hint":
            del query["login_hint"]
        elif how == "browser":
            browser = Browser(self.bench.target.http)
        else:
            query["login_hint"] = self.login_hint(self.PEOPLE[1])
            browser = self.opened[self.PEOPLE[1]]  # signed in as the other, with the message hint of the first
        url = parts._replace(query=urlencode(query)).geturl()
        outcome = authenticate(browser, url, self.bench.target.base(self.provider))
        if how in self.HINT_DECIDES:
            claims = json.loads(unb64(expect_granted(outcome)["id_token"].split(".")[1]))
            assert claims["sub"] == self.facts[self.PEOPLE[0]]["lti_id"], "the id_token names who opened the tool"
            return
        refused = expect_refused(outcome, why=how)
        assert "evil.example" not in urlsplit(refused.detail).netloc, f"redirected to {refused.detail}"

    def login_hint(self, person: str) -> str:
        """The login hint for another person when the tool is opened."""
        url, _, _ = self.begin_login(person)
        return dict(parse_qsl(urlsplit(url).query))["login_hint"]

    @precondition(lambda self: self.seated and self.forged < FORGED)
    @rule(number=PICK, at=st.integers(0, 300), how=st.sampled_from(TOKEN_ATTACKS))
    def launch_forged(self, number: int, at: int, how: str) -> None:
        """An id_token that was altered, or comes too late: a tool must refuse it."""
        self.forged += 1
        made, session = self.launch(pick(self.PEOPLE, number))
        fields = dict(made.fields)
        good, now = dict(fields), self.epoch()
        head, payload, signature = fields["id_token"].split(".")
        changed = {
            "flip": lambda: f"{head}.{payload}.{flipped(signature, at % (len(signature) - 1))}",
            "cut": lambda: fields["id_token"][:-2],
            "claims": lambda: f"{head}.{b64({**json.loads(unb64(payload)), 'sub': 'x'})}.{signature}",
            "none": lambda: f"{b64({**json.loads(unb64(head)), 'alg': 'none'})}.{payload}.",
            "public key": lambda: hs_token(
                {**json.loads(unb64(head)), "alg": "HS256"}, payload, json.dumps(self.lms_key()).encode()
            ),
        }
        if how in changed:
            fields["id_token"] = changed[how]()
        elif how == "state":
            fields["state"] = flipped(fields["state"], at)
        elif how == "again":
            expect_granted(self.port.accept(self.seat, good, session, now))
            if self.excused(REPLAY):
                return
        else:
            claims = json.loads(unb64(payload))
            assert claims["iat"] <= now < claims["exp"]
            now = claims["exp"] + 1
        expect_refused(self.port.accept(self.seat, fields, session, now), why=how)

    def lms_key(self) -> Any:
        """A public key of the LMS."""
        assert self.seat is not None
        return self.bench.target.http.send("GET", self.seat.keys_url).json()["keys"][0]

    # service tokens

    @precondition(lambda self: self.launches)
    @rule(scopes=st.sampled_from([(ROSTER,), (LINE_ITEM, SCORE), (ROSTER, LINE_ITEM, SCORE)]))
    def service_token(self, scopes: tuple[str, ...]) -> None:
        token = expect_granted(self.port.service_token(self.seat, scopes, self.epoch(), self.jti()))
        assert token.expires_in in (None, SERVICE_LIFE)
        self.service.append((token.access, scopes, self.now + SERVICE_LIFE))

    @precondition(lambda self: self.launches and self.forged < FORGED)
    @rule(at=st.integers(0, 300), attacks=st.sets(st.sampled_from(ASSERTION_ATTACKS), min_size=1, max_size=4))
    def assertions_forged(self, at: int, attacks: set[str]) -> None:
        """Some ways to alter an assertion; and the last second in which each time is valid."""
        self.forged += 1
        for how in sorted(attacks):
            self.assertion_forged(how, at)
        for change in ({"exp": 1}, {"iat": -ASSERTION_AGE}, {"iat": self.AHEAD}):
            assert self.seat is not None
            now = self.epoch()
            claims = assertion(self.seat, now, self.jti()) | {name: now + by for name, by in change.items()}
            signed = rs_token(claims, self.seat.private_pem, self.seat.kid)
            expect_granted(self.wire.send_assertion(self.seat, signed, [ROSTER]), str(change))

    def assertion_forged(self, how: str, at: int) -> None:
        """One way."""
        assert self.seat is not None
        from lms_emulator.core.keys import private_pem

        seat, now = self.seat, self.epoch()
        pem, kid = seat.private_pem, seat.kid
        claims = assertion(seat, now, self.jti())
        if how == "another key":
            pem = private_pem("spare")
        elif how == "unknown kid":
            kid = flipped(kid, at)
        elif how == "no jti":
            del claims["jti"]
        changes: dict[str, dict[str, Any]] = {
            "audience": {"aud": "https://elsewhere.example/token"},
            "issuer": {"iss": flipped(seat.client_id, at)},
            "subject": {"sub": flipped(seat.client_id, at)},
            "exp now": {"exp": now - self.LEEWAY},
            "too old": {"iat": now - ASSERTION_AGE - 1},
            "too early": {"iat": now + max(self.AHEAD, self.LEEWAY) + 1},
        }
        claims |= changes.get(how, {})
        signed = rs_token(claims, pem, kid)
        head, payload, signature = signed.split(".")
        if how == "flip":
            signed = f"{head}.{payload}.{flipped(signature, at % (len(signature) - 1))}"
        elif how == "cut":
            signed = signed[:-2]
        elif how == "claims":
            signed = f"{head}.{b64({**claims, 'jti': self.jti()})}.{signature}"
        elif how == "none":
            signed = f"{b64({'alg': 'none', 'kid': kid})}.{payload}."
        elif how == "public key":
            signed = hs_token({"alg": "HS256", "kid": kid}, payload, self.own_public_pem())
        elif how == "twice":
            expect_granted(self.wire.send_assertion(seat, signed, [ROSTER]), "the first time")
        outcome = self.wire.send_assertion(seat, signed, [ROSTER])
        if how in self.UNCHECKED:
            expect_granted(outcome, how)
        else:
            expect_refused(outcome, why=how)

    def own_public_pem(self) -> bytes:
        """The tool's public key, which everybody can read."""
        from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

        from lms_emulator.core.keys import private_key

        return private_key("ltiaas").public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)

    @precondition(lambda self: self.service)
    @rule(number=PICK, at=st.integers(0, 300), how=st.sampled_from(SERVICE_ATTACKS))
    def use_a_service_token(self, number: int, how: str, at: int) -> None:
        """A valid token with the right scope reads the roster; nothing else does."""
        token, scopes, expires = pick(self.service, number)
        launched = self.launches[-1][0]
        if how == "right":
            outcome = self.wire.roster_with(token, launched)
            if ROSTER in scopes and self.now < expires:
                assert self.facts[self.PEOPLE[0]]["lti_id"] in expect_granted(outcome)
            else:
                expect_refused(outcome, why=f"scopes {scopes}, expires {expires}, now {self.now}")
            return
        wrong: dict[str, Callable[[], str]] = {
            "flip": lambda: flipped(token, at % (len(token) - 1)),
            "cut": lambda: token[:-2],
            "none": lambda: f"{b64({'alg': 'none', 'typ': 'JWT'})}.{token.split('.')[1]}.",
            "of a person": self.token_of_a_person,
        }
        expect_refused(self.wire.roster_with(wrong[how](), launched), why=how)

    def token_of_a_person(self) -> str:
        """A living access token of the LMS's own API."""
        found: str = self.sessions[-1].tokens[-1][0]
        return found

    # services, as the client under contract uses them

    @precondition(lambda self: self.launches)
    @rule(number=PICK)
    def roster(self, number: int) -> None:
        launched, _ = pick(self.launches, number)
        found = expect_granted(self.port.roster(self.seat, launched, self.epoch(), self.jti()))
        for person in self.PEOPLE:
            member = found[self.facts[person]["lti_id"]]
            role = "Instructor" if person == self.PEOPLE[-1] else "Learner"
            assert member.name == self.facts[person]["name"]
            assert f"http://purl.imsglobal.org/vocab/lis/v2/membership#{role}" in member.roles, (person, member)

    @creating
    @precondition(lambda self: self.seated and not self.chosen)
    @rule(number=st.integers(0, 2), attacks=st.sets(st.sampled_from(CHOICE_ATTACKS), max_size=2), at=PICK)
    def choose_content(self, number: int, attacks: set[str], at: int) -> None:
        """A teacher has the tool choose links to itself; an altered response is refused."""
        self.chosen = True
        teacher = self.PEOPLE[-1]
        made, session = self.launch(teacher, choosing=True)
        now = self.epoch()
        launched = expect_granted(self.port.accept(self.seat, dict(made.fields), session, now))
        titles = [f"Chosen {value}" for value in range(number)]
        for how in sorted(attacks):
            forged = self.choice_forged(how, launched, at)
            outcome = self.wire.send_choice(self.opened[teacher], launched, forged)
            if how in self.UNCHECKED:
                expect_granted(outcome, how)
                return  # an answer is taken once
            expect_refused(outcome, why=how)
        signed = self.port.choice(self.seat, launched, titles, now, self.jti())
        assert expect_granted(self.wire.send_choice(self.opened[teacher], launched, signed)) == number

    def choice_forged(self, how: str, launched: Launched, at: int) -> str:
        """A response with one mistake."""
        assert self.seat is not None
        from lms_emulator.core.keys import private_pem

        now = self.epoch()
        changes: dict[str, dict[str, Any]] = {
            "sender": {"iss": flipped(self.seat.client_id, at)},
            "audience": {"aud": "https://elsewhere.example"},
            "expired": {"iat": now - 7200, "exp": now - 3600},
            "message": {f"{CLAIM}message_type": "LtiDeepLinkingRequest"},
        }
        claims = choice(self.seat, launched, ["Forged"], now, self.jti()) | changes.get(how, {})
        pem = private_pem("spare") if how == "another key" else self.seat.private_pem
        signed = rs_token(claims, pem, self.seat.kid)
        head, payload, signature = signed.split(".")
        if how == "flip":
            return f"{head}.{payload}.{flipped(signature, at % (len(signature) - 1))}"
        return f"{b64({'alg': 'none', 'kid': self.seat.kid})}.{payload}." if how == "none" else signed

    @creating
    @precondition(lambda self: self.launches)
    @rule(number=PICK, who=st.sampled_from([0, 1]), points=st.integers(0, 100))
    def grade(self, number: int, who: int, points: int) -> None:
        launched, _ = pick(self.launches, number)
        user = self.facts[self.PEOPLE[who]]["lti_id"]
        self.jtis += 1
        if not self.points:
            self.undo.append(lambda: self.wire.remove_items(self.seat, launched, self.epoch(), self.jti()))
        at = self.epoch() + self.jtis / 1000  # each score is later than the one before
        assert expect_granted(self.port.grade(self.seat, launched, user, points, at, self.jti())) is None
        self.points[user] = points
        found = expect_granted(self.port.results(self.seat, launched, self.epoch(), self.jti()))
        # scaled from the score's maximum to the item's: 7 of 100 may come back as 7.000000000000001
        assert {who: round(result, 6) for who, result in found.items()} == self.points

    @creating  # only if the site is broken
    @precondition(lambda self: any(SCORE not in scopes and self.now < end for _, scopes, end in self.service))
    @rule()
    def grade_without_right(self) -> None:
        """A token for rosters cannot post scores."""
        token = next(t for t, scopes, end in self.service if SCORE not in scopes and self.now < end)
        launched = self.launches[-1][0]
        outcome = self.wire.grade_with(token, launched, self.facts[self.PEOPLE[0]]["lti_id"], 1, self.epoch())
        expect_refused(outcome, why="a token for rosters only")


__all__ = ["Refused", "ToolRules"]
