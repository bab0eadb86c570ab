"""LearningStudio: whose assertions, tokens and signatures are valid, and until when."""

from __future__ import annotations

import dataclasses
from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, precondition, rule

from ..outcomes import Token
from .base import PICK, Machine, expect_granted, expect_refused, flipped, pick

LIFE, REFRESH_LIFE, WINDOW, NONCE_LIFE = 3600, 4200, 300, 600
PEOPLE = st.sampled_from(["student", "other_student", "teacher"])
OFFSETS = st.sampled_from([0, -1, WINDOW, -WINDOW, WINDOW + 1, -WINDOW - 1])
ASSERTION_ATTACKS = ["flip", "cut", "upper field", "user", "campus", "order", "no signature", "field more"]
ASSERTION_ATTACKS += ["other secret", "type"]
SIGNATURE_ATTACKS = ["secret", "key", "flip", "method", "path", "query", "nonce", "time", "hmac", "drop", "long"]
SIGNATURE_ATTACKS += ["cut", "nonce twice", "header twice"]


@dataclasses.dataclass(kw_only=True)
class Access:
    """An access token and its owner."""

    value: str
    user_id: int
    expires: int


@dataclasses.dataclass(kw_only=True)
class Refresh:
    """A refresh token: works once, and lives longer than its access token."""

    value: str
    user_id: int
    expires: int
    used: bool = False


class LearningStudioMachine(Machine):
    """Assertions, tokens and signed requests."""

    ATTACKS: ClassVar = {
        "tamper": "assertions_forged signed_in_every_wrong_way me_tampered",
        "truncate": "assertions_forged signed_in_every_wrong_way refresh me_tampered",
        "replay": "signed",
        "reuse": "refresh",
        "swap key": "assertions_forged signed_in_every_wrong_way",
        "swap tenant": "assertion_of_the_other_campus assertions_forged password_wrong signed_beyond_the_campus",
        "swap user": "assertions_forged me_tampered another_user",
        "algorithm `none`": "signed_in_every_wrong_way assertions_forged",
        "HS256 with the public key": "(there are no public keys)",
        "strip a parameter": "signed_in_every_wrong_way assertions_forged",
        "a parameter twice": "signed_in_every_wrong_way",
        "a second late": "assertion signed wait_for_an_expiry",
        "in the last second": "assertion signed wait_for_an_expiry",
    }

    provider = "learningstudio"
    NEEDS = (
        "application_id application_name consumer_key shared_secret client_string student other_student teacher "
        "course_id other_course_id other_campus.consumer_key other_campus.user_id other_campus.course_id"
    )

    @initialize()
    def begin(self) -> None:
        self.port: Any = self.bench.port("learningstudio")
        self.wire: Any = self.bench.wire("learningstudio")
        names = ("application_id", "application_name", "consumer_key", "shared_secret", "client_string")
        self.keys = {name: self.facts[name] for name in names}
        other = self.facts["other_campus"]
        self.other_keys = {**self.keys, **{n: other[n] for n in ("consumer_key", "shared_secret", "client_string")}}
        self.zero: int = self.wire.now() - self.now
        self.accesses: list[Access] = []
        self.refreshes: list[Refresh] = []
        self.assertions: list[tuple[str, int, int]] = []
        self.nonces: dict[str, int] = {}
        self.counter = 0

    @property
    def epoch(self) -> int:
        """The site's time in epoch seconds."""
        return self.zero + self.now

    def keep(self, token: Token, user_id: int, refreshable: bool) -> None:
        """Compare a token answer with the model and remember it."""
        assert token.expires_in == LIFE
        assert (token.refresh is not None) == refreshable, "only the password grant gives refresh tokens"
        assert int(token.access.split("|")[2]) == user_id, "the third field of a token is the user's id"
        self.accesses.append(Access(value=token.access, user_id=user_id, expires=self.now + LIFE))
        if token.refresh is not None:
            assert all(token.refresh != old.value for old in self.refreshes)
            self.refreshes.append(Refresh(value=token.refresh, user_id=user_id, expires=self.now + REFRESH_LIFE))

    # assertions

    @rule(person=PEOPLE, offset=OFFSETS)
    def assertion(self, person: str, offset: int) -> None:
        facts, offset = self.facts[person], self.off_edge(offset, WINDOW)
        outcome = self.port.assertion(self.keys, facts["username"], self.epoch + offset)
        if abs(offset) > WINDOW:
            expect_refused(outcome, status=400, why=f"{offset} s off")
            return
        self.keep(expect_granted(outcome, f"{offset} s off"), facts["id"], False)
        from ..adapters.wire.learningstudio import signed_assertion

        signed = signed_assertion(self.keys, facts["username"], self.epoch + offset)
        self.assertions.append((signed, facts["id"], self.now + offset))

    @precondition(lambda self: self.assertions)
    @rule(number=PICK)
    def assertion_again(self, number: int) -> None:
        """An assertion may be sent again while it is fresh."""
        signed, user_id, at = pick(self.assertions, number)
        outcome = self.wire.send_assertion(signed)
        if abs(self.now - at) > WINDOW:
            expect_refused(outcome, status=400, why="stale")
        else:
            self.keep(expect_granted(outcome), user_id, False)

    @rule(person=PEOPLE, at=st.integers(0, 31))
    def assertions_forged(self, person: str, at: int) -> None:
        """Every way to change an assertion."""
        for how in ASSERTION_ATTACKS:
            self.assertion_forged(person, how, at)

    def assertion_forged(self, person: str, how: str, at: int) -> None:
        from ..adapters.wire.learningstudio import ASSERTION_TYPE, signed_assertion

        name = self.facts[person]["username"]
        good = signed_assertion(self.keys, name, self.epoch)
        fields = good.split("|")
        kind = ASSERTION_TYPE
        forged = good
        if how == "flip":
            forged = "|".join([*fields[:6], flipped(fields[6], at)])
        elif how == "cut":
            forged = good[:-1]
        elif how == "upper field":
            forged = "|".join([fields[0].swapcase(), *fields[1:]])
        elif how == "user":
            other = self.facts["teacher" if person != "teacher" else "student"]["username"]
            forged = "|".join([*fields[:4], other, *fields[5:]])
        elif how == "campus":
            keys = {**self.keys, "client_string": self.other_keys["client_string"]}
            forged = signed_assertion(keys, self.name_at_the_other_campus(), self.epoch)
        elif how == "order":
            swapped = {**self.keys, "consumer_key": self.keys["application_id"]}
            swapped["application_id"] = self.keys["consumer_key"]
            forged = signed_assertion(swapped, name, self.epoch)
        elif how == "no signature":
            forged = "|".join(fields[:6])
        elif how == "field more":
            forged = good + "|x"
        elif how == "other secret":
            secret = self.other_keys["shared_secret"]
            forged = signed_assertion({**self.keys, "shared_secret": secret}, name, self.epoch)
        else:
            kind = ASSERTION_TYPE + "x"
        expect_refused(self.wire.send_assertion(forged, kind), status=400, why=how)

    def name_at_the_other_campus(self) -> str:
        """A user name at the other campus, read with that campus's own keys."""
        user = self.facts["other_campus"]["user_id"]
        found = self.wire.signed(self.other_keys, "GET", f"/users/{user}", self.epoch, self.nonce())
        return str(expect_granted(found)["users"][0]["userName"])

    @rule(person=PEOPLE)
    def assertion_of_the_other_campus(self, person: str) -> None:
        """Each campus's keys work only for its own people."""
        outcome = self.port.assertion(self.other_keys, self.facts[person]["username"], self.epoch)
        expect_refused(outcome, status=400, why="no such user on that campus")

    # passwords and refreshing

    @rule(person=PEOPLE)
    def password(self, person: str) -> None:
        facts = self.facts[person]
        token = self.port.password(self.keys, facts["username"], facts["password"])
        self.keep(expect_granted(token), facts["id"], True)

    @rule(person=PEOPLE, how=st.sampled_from(["password", "campus", "application", "case"]))
    def password_wrong(self, person: str, how: str) -> None:
        facts, keys = self.facts[person], dict(self.keys)
        password = facts["password"]
        if how == "password":
            password = flipped(password, 2)
        elif how == "campus":
            keys["client_string"] = self.other_keys["client_string"]
        elif how == "application":
            keys["application_id"] = flipped(keys["application_id"], 4)
        else:
            password = password.swapcase()
        expect_refused(self.port.password(keys, facts["username"], password), status=400, why=how)

    @precondition(lambda self: self.refreshes)
    @rule(
        number=PICK, how=st.sampled_from(["right", "right", "right", "flip", "cut", "application"]), again=st.booleans()
    )
    def refresh(self, number: int, how: str, again: bool) -> None:
        """Refresh, also incorrectly, and perhaps a second time with a used token."""
        refresh = pick(self.refreshes, number)
        keys, value = dict(self.keys), refresh.value
        if how == "flip":
            value = flipped(value, number)
        elif how == "cut":
            value = value[:-1]
        elif how == "application":
            keys["application_id"] = flipped(keys["application_id"], 4)
        outcome = self.port.refresh(keys, value)
        if how != "right" or refresh.used or self.now >= refresh.expires:
            expect_refused(outcome, status=400, why=f"{how}, used {refresh.used}, now {self.now} of {refresh.expires}")
        else:
            refresh.used = True
            self.keep(expect_granted(outcome), refresh.user_id, True)
            if again:
                expect_refused(self.port.refresh(keys, value), status=400, why="used a moment ago")

    # using tokens

    @precondition(lambda self: self.accesses)
    @rule(number=PICK)
    def me(self, number: int) -> None:
        self.probe(pick(self.accesses, number))

    def probe(self, access: Access) -> None:
        """A valid token identifies its user, an invalid one nobody."""
        outcome = self.port.get(access.value, "/me")
        if self.now >= access.expires:
            expect_refused(outcome, status=401, why="expired")
        else:
            assert expect_granted(outcome, "a living token")["me"]["id"] == access.user_id

    @precondition(lambda self: self.accesses)
    @rule(number=PICK, how=st.sampled_from(["flip", "cut", "user", "expiry", "swap"]), at=st.integers(0, 31))
    def me_tampered(self, number: int, how: str, at: int) -> None:
        access = pick(self.accesses, number)
        fields = access.value.split("|")
        if how == "flip":
            fields[4] = flipped(fields[4], at)
        elif how == "cut":
            fields[4] = fields[4][:-1]
        elif how == "user":
            fields[2] = str(self.facts["teacher" if self.facts["teacher"]["id"] != access.user_id else "student"]["id"])
        elif how == "expiry":
            fields[3] = flipped(fields[3], 3)
        else:
            fields[0], fields[1] = fields[1], fields[0]
        expect_refused(self.port.get("|".join(fields), "/me"), status=401, why=how)

    @precondition(lambda self: any(self.now < a.expires for a in self.accesses))
    @rule(number=PICK, who=PEOPLE)
    def another_user(self, number: int, who: str) -> None:
        """Students see themselves only."""
        access = pick([a for a in self.accesses if self.now < a.expires], number)
        wanted = self.facts[who]["id"]
        students = (self.facts["student"]["id"], self.facts["other_student"]["id"])
        outcome = self.port.get(access.value, f"/users/{wanted}")
        if wanted == access.user_id:
            assert expect_granted(outcome)["users"][0]["id"] == wanted
        elif access.user_id in students:
            expect_refused(outcome, status=403, why="a student reading somebody else")
        foreign = self.port.get(access.value, f"/users/{self.facts['other_campus']['user_id']}")
        expect_refused(foreign, why="a user of another campus")

    # signed requests

    def nonce(self) -> str:
        """An unused nonce."""
        self.counter += 1
        return f"Contract{self.tag}{self.counter:08d}"

    @rule(offset=OFFSETS, old=st.booleans(), number=PICK, query=st.booleans())
    def signed(self, offset: int, old: bool, number: int, query: bool) -> None:
        again, offset = old and bool(self.nonces), self.off_edge(offset, WINDOW)
        nonce = pick(list(self.nonces), number) if again else self.nonce()
        course = self.facts["course_id"]
        path = f"/courses/{course}" + ("?expand=instructors" if query else "")
        outcome = self.port.signed(self.keys, "GET", path, self.epoch + offset, nonce)
        if abs(offset) > WINDOW:
            expect_refused(outcome, status=401, why=f"{offset} s off")
        elif again and self.now < self.nonces[nonce] + NONCE_LIFE:
            expect_refused(outcome, status=401, why="nonce used before")
        else:
            assert expect_granted(outcome)["courses"][0]["id"] == course
            self.nonces[nonce] = self.now
            replayed = self.port.signed(self.keys, "GET", path, self.epoch + offset, nonce)
            expect_refused(replayed, status=401, why="the same request again")

    @rule(at=st.integers(0, 20))
    def signed_in_every_wrong_way(self, at: int) -> None:
        """Every way to sign a request wrongly."""
        for how in SIGNATURE_ATTACKS:
            self.signed_wrongly(how, at)

    def signed_wrongly(self, how: str, at: int) -> None:
        """A wrong signature is refused, and does not use up the nonce."""
        path, nonce = f"/courses/{self.facts['course_id']}", self.nonce()
        keys, method, sent = dict(self.keys), "GET", path
        if how == "secret":
            keys["shared_secret"] = self.other_keys["shared_secret"]
        elif how == "key":
            keys["consumer_key"] = flipped(keys["consumer_key"], at)
        elif how == "long":
            nonce = "n" * 33
        elif how == "method":
            method = "DELETE"
        elif how == "path":
            sent = f"/courses/{self.facts['other_course_id']}"
        elif how == "query":
            sent = path + "?expand=students"
        header = self.spoilt(how, self.wire.header(keys, method, path, self.epoch, nonce), nonce, at)
        headers = [("X-Authorization", header)] * (2 if how == "header twice" else 1)
        expect_refused(self.wire.send("GET", sent, headers), status=401, why=how)
        if how in ("secret", "flip", "path", "query"):
            right = self.wire.signed(self.keys, "GET", path, self.epoch, nonce)
            expect_granted(right, "a refused request must not use up its nonce")
            self.nonces[nonce] = self.now

    def spoilt(self, how: str, header: str, nonce: str, at: int) -> str:
        """A signed header with a part of it changed, if that is the way."""
        signature = header.rpartition('oauth_signature="')[2][:-1]
        match how:
            case "flip":
                return header.replace(signature, flipped(signature[:20], at) + signature[20:])
            case "nonce":
                return header.replace(nonce, self.nonce())
            case "time":
                return header.replace(f'"{self.epoch}"', f'"{self.epoch + 1}"')
            case "hmac":
                return header.replace("CMAC-AES", "HMAC-SHA1")
            case "drop":
                return header.replace(f',oauth_nonce="{nonce}"', "")
            case "cut":
                return header.replace(signature, signature[:-5])
            case "nonce twice":
                return f'{header},oauth_nonce="{self.nonce()}"'
        return header

    @rule(what=st.sampled_from(["user", "course", "me"]))
    def signed_beyond_the_campus(self, what: str) -> None:
        other = self.facts["other_campus"]
        path = {"user": f"/users/{other['user_id']}", "course": f"/courses/{other['course_id']}", "me": "/me"}[what]
        outcome = self.port.signed(self.keys, "GET", path, self.epoch, self.nonce())
        expect_refused(outcome, status=403 if what == "me" else 404, why=what)

    @rule(how=st.sampled_from(["none", "authorization", "bearer"]))
    def no_credentials(self, how: str) -> None:
        token = self.accesses[-1].value if self.accesses else "x"
        headers = {
            "none": [],
            "authorization": [("Authorization", f"Access_Token access_token={token}")],
            "bearer": [("X-Authorization", f"Bearer {token}")],
        }[how]
        expect_refused(self.wire.send("GET", "/me", headers), status=401, why=how)

    # time

    @precondition(lambda self: self.bench.target.has_clock)
    @rule(seconds=st.sampled_from([1, 299, 301, 600, 3599, 3600]))
    def wait(self, seconds: int) -> None:
        self.move(seconds)

    @precondition(lambda self: self.bench.target.has_clock and self.accesses)
    @rule(number=PICK, offset=st.sampled_from([-1, 0]))
    def wait_for_an_expiry(self, number: int, offset: int) -> None:
        moments = [a.expires for a in self.accesses] + [r.expires for r in self.refreshes]
        moments += [used + NONCE_LIFE for used in self.nonces.values()]
        self.move_to(pick(moments, number), offset)

    @invariant()
    def the_newest_token_is_as_the_model_says(self) -> None:
        if getattr(self, "accesses", None):
            self.probe(self.accesses[-1])
