"""OpenLearning: who was provisioned, which launches are still valid, and that each works once."""

from __future__ import annotations

import dataclasses
import time
from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule

from ..http import Browser
from ..outcomes import Form, Refused
from .base import PICK, Machine, creating, expect_granted, expect_refused, flipped, pick

MAX_AGE, SKEW = 300, 60
NAMES = st.integers(0, 3)
TAMPER = [
    "user",
    "role",
    "drop",
    "add",
    "signature",
    "cut",
    "timestamp",
    "nonce",
    "key",
    "twice",
    "oauth-twice",
    "case",
    "get",
    "context",
    "no-signature",
    "method",
    "url",
]


@dataclasses.dataclass(kw_only=True)
class Person:
    """A managed account."""

    id: str
    external: str
    email: str
    institution: str
    classes: set[str] = dataclasses.field(default_factory=set)


@dataclasses.dataclass(kw_only=True)
class Launch:
    """A signed launch. `made` is its timestamp on the model's clock."""

    form: Form
    person: Person
    class_id: str | None
    made: int
    used: bool = False


class OpenLearningMachine(Machine):
    """Provisioning and sign-on."""

    ATTACKS: ClassVar = {
        "tamper": "launch_tampered",
        "truncate": "launch_tampered provision_without_right",
        "replay": "launch launch_of_our_own",
        "reuse": "launch",
        "swap key": "launch_tampered launch_of_our_own sign_on_wrongly",
        "swap tenant": "provision_without_right sign_on_wrongly enrolments_for_a_stranger",
        "swap user": "launch_tampered sign_on_wrongly",
        "algorithm `none`": "launch_tampered",
        "HS256 with the public key": "(launches are signed with a shared secret)",
        "strip a parameter": "launch_tampered",
        "a parameter twice": "launch_tampered",
        "a second late": "wait_for_an_expiry launch_of_our_own",
        "in the last second": "wait_for_an_expiry launch_of_our_own",
    }

    provider = "openlearning"
    NEEDS = (
        "api_key other_api_key member_api_key institution_id other_institution_id managed_user.id class_id "
        "other_class_id foreign_class_id course_id consumer_key consumer_secret launch_url"
    )

    @initialize()
    def begin(self) -> None:
        self.port: Any = self.bench.port("openlearning")
        self.wire: Any = self.bench.wire("openlearning")
        managed = self.facts["managed_user"]
        self.mine, self.other = self.facts["institution_id"], self.facts["other_institution_id"]
        self.keys = {self.mine: self.facts["api_key"], self.other: self.facts["other_api_key"]}
        self.people = [
            Person(id=managed["id"], external=managed["external_institution_id"], email=managed["email"].lower(),
                   institution=self.mine, classes=self.classes_so_far(managed["id"]))
        ]  # fmt: skip
        self.launches: list[Launch] = []
        self.zero: int | None = None
        self.nonces = 0

    def classes_so_far(self, user_id: str) -> set[str]:
        """The enrolments of earlier examples: OpenLearning has no way to end one."""
        return set() if self.resets else set(expect_granted(self.wire.enrolments(self.facts["api_key"], user_id)))

    # provisioning

    @creating
    @rule(number=NAMES, mail=NAMES, mine=st.booleans(), shout=st.booleans())
    def provision(self, number: int, mail: int, mine: bool, shout: bool) -> None:
        institution = self.mine if mine else self.other
        external, email = f"ext-{self.tag}{number}", f"person{self.tag}{mail}@contract.example"
        sent = email.upper() if shout else email
        outcome = self.port.provision(self.keys[institution], institution, external, sent, f"Zoë O'Neil {number}")
        same_mail = next((person for person in self.people if person.email == email), None)
        if same_mail is not None and same_mail.institution != institution:
            expect_refused(outcome, status=400, why="the e-mail address belongs to another institution's account")
        elif same_mail is not None:
            assert outcome == same_mail.id, f"provisioning again must give the same id, got {outcome!r}"
        elif any(p.external == external and p.institution == institution for p in self.people):
            expect_refused(outcome, status=400, why="the external id is in use")
        else:
            user_id = expect_granted(outcome)
            assert all(user_id != person.id for person in self.people)
            self.people.append(Person(id=user_id, external=external, email=email, institution=institution))

    @creating  # only if the site is broken, but then it would
    @rule(who=st.sampled_from(["nobody", "unknown", "member", "other institution", "cut", "upper case"]))
    def provision_without_right(self, who: str) -> None:
        good = self.facts["api_key"]
        key = {
            "nobody": "",
            "unknown": flipped(good, 40),
            "member": self.facts["member_api_key"],
            "other institution": self.facts["other_api_key"],
            "cut": good[:-1],
            "upper case": good.upper(),
        }[who]
        outcome = self.wire.provision(key, self.mine, "ext-attack", "attack@contract.example", "A")
        expect_refused(outcome, status=403 if who in ("member", "other institution") else 401, why=who)

    @rule(number=PICK, which=st.sampled_from(["class_id", "other_class_id", None]))
    def sign_on(self, number: int, which: str | None) -> None:
        person = pick(self.people, number)
        class_id = self.facts[which] if which and person.institution == self.mine else None
        outcome = self.port.sign_on(self.keys[person.institution], person.institution, person.id, class_id)
        made = expect_granted(outcome)
        assert made["user_id"] == person.external, "the launch names the person by the institution's own id"
        if person.institution == self.mine:
            key, secret = self.facts["consumer_key"], self.facts["consumer_secret"]
            assert self.port.verify(made, key, secret), "an independent check of the signature failed"
        if self.zero is None:
            self.zero = int(made["oauth_timestamp"]) - self.now
        slack = 0 if self.bench.target.has_clock else 2
        late = int(made["oauth_timestamp"]) - self.zero - self.now
        assert abs(late) <= slack, f"the timestamp must be the site's time, is {late} s off"
        assert all(made["oauth_nonce"] != old.form["oauth_nonce"] for old in self.launches)
        self.launches.append(Launch(form=made, person=person, class_id=class_id, made=self.now))

    @rule(number=PICK, what=st.sampled_from(["external id", "foreign user", "course id", "foreign class", "other key"]))
    def sign_on_wrongly(self, number: int, what: str) -> None:
        person = pick([p for p in self.people if p.institution == self.mine], number)
        stranger = next((p for p in self.people if p.institution == self.other), None)
        user, class_id, key, status = person.id, None, self.facts["api_key"], 404
        if what == "external id":
            user = person.external
        elif what == "foreign user":
            user = stranger.id if stranger else "5e00000000000000000affff"
        elif what == "course id":
            class_id = self.facts["course_id"]
        elif what == "foreign class":
            class_id = self.facts["foreign_class_id"]
        else:
            key, status = self.facts["other_api_key"], 403
        expect_refused(self.port.sign_on(key, self.mine, user, class_id), status=status, why=what)

    # launching

    @creating
    @precondition(lambda self: self.launches)
    @rule(number=PICK)
    def launch(self, number: int) -> None:
        self.submit(pick(self.launches, number))

    def submit(self, launch: Launch) -> None:
        """Submit a valid launch: it works once, while it is fresh."""
        outcome = self.port.launch(Browser(self.bench.target.http), launch.form)
        age = self.now - launch.made
        if age > MAX_AGE:
            expect_refused(outcome, "launch_expired", status=403, why=f"{age} s old")
        elif age < -SKEW:
            expect_refused(outcome, "launch_not_yet_valid", status=403, why=f"{-age} s ahead")
        elif launch.used:
            expect_refused(outcome, "launch_replayed", status=403, why="used before")
        else:
            location = expect_granted(outcome, f"a launch {age} s old")
            launch.used = True
            assert f"/{launch.person.institution}/" in location
            if launch.class_id is not None:
                launch.person.classes.add(launch.class_id)

    @creating
    @precondition(lambda self: self.launches)
    @rule(number=PICK, how=st.sampled_from(TAMPER), at=st.integers(0, 27))
    def launch_tampered(self, number: int, how: str, at: int) -> None:
        """A changed launch is refused, and does not use up the valid one."""
        launch = pick(self.launches, number)
        made = launch.form
        signature = made["oauth_signature"]
        changed = {
            "user": lambda: made.changed(user_id="somebody-else"),
            "role": lambda: made.changed(roles="Instructor"),
            "drop": lambda: made.changed(lis_person_name_full=None),
            "add": lambda: made.with_field("ext_submit", "Continue"),
            "signature": lambda: made.changed(oauth_signature=flipped(signature[:-2], at) + signature[-2:]),
            "cut": lambda: made.changed(oauth_signature=signature[:-3]),
            "timestamp": lambda: made.changed(oauth_timestamp=str(int(made["oauth_timestamp"]) + 1)),
            "nonce": lambda: made.changed(oauth_nonce=flipped(made["oauth_nonce"], at)),
            "key": lambda: made.changed(oauth_consumer_key=flipped(made["oauth_consumer_key"], at)),
            "twice": lambda: made.with_field("user_id", "somebody-else"),
            "oauth-twice": lambda: made.with_field("oauth_nonce", "another"),
            "case": lambda: made.changed(user_id=made["user_id"].upper()),
            "get": lambda: made,
            "context": lambda: made.with_field("context_id", self.facts["other_class_id"]),
            "no-signature": lambda: made.changed(oauth_signature=None),
            "method": lambda: made.changed(oauth_signature_method="PLAINTEXT", oauth_signature="x"),
            "url": lambda: dataclasses.replace(made, url=made.url + "?user_id=somebody-else"),
        }[how]()
        outcome = self.wire.launch(Browser(self.bench.target.http), changed, method="GET" if how == "get" else "POST")
        status = {"get": 405, "oauth-twice": 400, "no-signature": 400, "method": 400}.get(how, 403)
        assert isinstance(outcome, Refused), f"a launch changed by {how!r} must be refused, but led to {outcome!r}"
        expect_refused(outcome, status=status, why=how)
        if status == 403 and how != "key":
            expect_refused(outcome, "launch_signature", why=how)

    @creating
    @rule(number=PICK, offset=st.sampled_from([0, -MAX_AGE, -MAX_AGE - 1, SKEW, SKEW + 1, -1]), again=st.booleans(),
          secret=st.sampled_from(["right", "right", "flipped", "hex", "empty"]))  # fmt: skip
    def launch_of_our_own(self, number: int, offset: int, again: bool, secret: str) -> None:
        """A launch signed by the integrator, with a timestamp that may be off and a nonce that may be old."""
        person = pick([p for p in self.people if p.institution == self.mine], number)
        made_at = self.now + self.off_edge(self.off_edge(offset, MAX_AGE), SKEW)
        old = next((launch for launch in self.launches if launch.used and launch.person.institution == self.mine), None)
        self.nonces += 1
        nonce = old.form["oauth_nonce"] if again and old is not None else f"contractnonce{self.tag}{self.nonces:012d}"
        right: str = self.facts["consumer_secret"]
        used = {"right": right, "flipped": flipped(right, 5), "hex": right.encode().hex(), "empty": ""}[secret]
        form = self.port.sign(
            self.facts["launch_url"] if self.bench.target.name == "live" else self.launch_url(),
            {
                "lti_message_type": "basic-lti-launch-request",
                "lti_version": "LTI-1p0",
                "resource_link_id": self.facts["class_id"],
                "context_id": self.facts["class_id"],
                "user_id": person.external,
                "lis_person_name_full": "Zoë O'Neil & Co",
                "roles": "Learner",
            },
            self.facts["consumer_key"],
            used,
            self.epoch() + made_at,
            nonce,
        )
        launch = Launch(form=form, person=person, class_id=self.facts["class_id"], made=made_at)
        if secret != "right":
            outcome = self.wire.launch(Browser(self.bench.target.http), form)
            expect_refused(outcome, "launch_signature", status=403, why=f"{secret} secret")
            return
        launch.used = again and old is not None and self.now - old.made <= MAX_AGE + SKEW
        if again and old is not None and not launch.used:
            return  # whether so old a nonce is still remembered is nobody's promise
        self.submit(launch)
        self.launches.append(launch)

    def launch_url(self) -> str:
        """The launch URL as this client reaches it."""
        base: str = self.wire.base
        path: str = self.facts["launch_url"].split("/", 3)[3]
        return f"{base}/{path.removeprefix('openlearning/')}"

    def epoch(self) -> int:
        """The site's time when the example began."""
        if self.zero is None:
            if not self.bench.target.has_clock:
                self.zero = int(time.time()) - self.now
            else:
                form = expect_granted(self.wire.sign_on(self.facts["api_key"], self.mine, self.people[0].id))
                self.zero = int(form["oauth_timestamp"]) - self.now
        return self.zero

    # time, and what came of it

    @precondition(lambda self: self.bench.target.has_clock)
    @rule(seconds=st.sampled_from([1, 60, 299, 300, 301]))
    def wait(self, seconds: int) -> None:
        self.move(seconds)

    @precondition(lambda self: self.bench.target.has_clock and self.launches)
    @rule(number=PICK, offset=st.sampled_from([0, 1]))
    def wait_for_an_expiry(self, number: int, offset: int) -> None:
        self.move_to(pick(self.launches, number).made + MAX_AGE, offset)

    @rule(number=PICK)
    def enrolments(self, number: int) -> None:
        """Who launched into a class is enrolled in it; nobody else is."""
        person = pick(self.people, number)
        found = expect_granted(self.port.enrolments(self.keys[person.institution], person.id))
        assert sorted(found) == sorted(person.classes), f"enrolled in {found}, must be {person.classes}"

    @precondition(lambda self: any(p.institution == self.mine for p in self.people))
    @rule(number=PICK)
    def enrolments_for_a_stranger(self, number: int) -> None:
        person = pick([p for p in self.people if p.institution == self.mine], number)
        expect_refused(self.wire.enrolments(self.facts["other_api_key"], person.id), status=403)
