"""Learners of Open edX: enrolments, grades, names, discussions and retirement, each against a model of it."""

from __future__ import annotations

import dataclasses
from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, precondition, rule

from .base import PICK, Machine, creating, expect_granted, expect_refused, pick

WHO = st.sampled_from(["learner", "other_learner"])
STATES = ("PENDING", "LOCKING_ACCOUNT", "LOCKING_COMPLETE", "RETIRING_LMS", "LMS_COMPLETE", "COMPLETE")
"""Some states of the pipeline, in its order."""
DAY = 24 * 3600
COOL_OFF_DAYS = 7


@dataclasses.dataclass(kw_only=True)
class Person:
    """A learner.

    Attributes:
        known: whether the course has known this person, enrolled or not.
        asked: when retirement was asked for.
        wiped: whether the account is.
    """

    role: str
    username: str
    password: str
    token: str
    name: str | None
    known: bool
    enrolled: bool
    asked: int | None = None
    state: int = 0
    wiped: bool = False


@dataclasses.dataclass(kw_only=True)
class Discussion:
    """A thread with its number of replies."""

    thread: str
    replies: int = 0


class LearningMachine(Machine):
    """What two learners, staff and the retirement service do, and what each sees of it."""

    ATTACKS: ClassVar = {
        "swap user": "a_learner_acts_for_another a_learner_retires_others",
        "reuse": "ask_to_retire",
        "a second late": "wait_until_cooled_off",
        "in the last second": "wait_until_cooled_off",
    }

    provider = "openedx"
    NEEDS = (
        "access_tokens.superuser access_tokens.learner access_tokens.other_learner learner.password "
        "other_learner.password clients.client_credentials clients.password other_course_id"
    )

    @initialize()
    def begin(self) -> None:
        self.port: Any = self.bench.port("openedx")
        self.wire: Any = self.bench.wire("openedx")
        facts = self.facts
        self.course, self.staff = facts["other_course_id"], facts["access_tokens"]["superuser"]
        self.people: dict[str, Person] = {}
        for role in ("learner", "other_learner"):
            username = facts[role]["username"]
            enrolled = expect_granted(self.wire.enrolled(self.staff, username, self.course))
            self.people[role] = Person(
                role=role,
                username=username,
                password=facts[role]["password"],
                token=facts["access_tokens"][role],
                name=expect_granted(self.wire.full_name(self.staff, username)),
                known=enrolled is not None,
                enrolled=bool(enrolled),
            )
        self.threads: list[Discussion] = []

    def worker(self) -> str:
        """A new JWT of the retirement service."""
        token = expect_granted(self.wire.client_credentials(self.facts["clients"]["client_credentials"], jwt=True))
        return str(token.access)

    def own_jwt(self, person: Person) -> str:
        """A new JWT of a learner."""
        client = self.facts["clients"]["password"]
        token = expect_granted(self.wire.password(client, person.username, person.password, jwt=True))
        return str(token.access)

    def present(self, role: str) -> Person | None:
        """The learner, unless the account was deleted."""
        person = self.people[role]
        return person if person.asked is None else None

    # enrolments and grades

    @creating
    @rule(role=WHO, active=st.booleans())
    def enrol(self, role: str, active: bool) -> None:
        if person := self.present(role):
            before = person.enrolled
            expect_granted(self.port.enroll(self.staff, person.username, self.course, active))
            person.known, person.enrolled = person.known or active, active
            self.undo.append(lambda: self.wire.enroll(self.staff, person.username, self.course, before))

    @creating
    @rule(role=WHO)
    def enrol_oneself(self, role: str) -> None:
        """Learners can enrol themselves; a request to unenrol changes nothing."""
        if person := self.present(role):
            before = person.enrolled
            expect_granted(self.port.enroll(person.token, person.username, self.course, True))
            expect_granted(self.wire.enroll(person.token, person.username, self.course, False))
            person.known = person.enrolled = True
            self.undo.append(lambda: self.wire.enroll(self.staff, person.username, self.course, before))

    @creating
    @rule(role=WHO)
    def a_learner_acts_for_another(self, role: str) -> None:
        person = self.present(role)
        other = next(person for person in self.people.values() if person.role != role)
        if person is None or other.wiped:
            return
        expect_refused(self.port.enroll(person.token, other.username, self.course, True), status=404)
        expect_refused(self.port.rename(person.token, other.username, "Mallory"), status=403)
        expect_refused(self.port.course_grade(person.token, other.username, self.course), status=403)

    @rule(role=WHO)
    def grade(self, role: str) -> None:
        """A learner sees what staff see, even after leaving the course."""
        person = self.present(role)
        if person is not None and person.known:
            own = expect_granted(self.port.course_grade(person.token, person.username, self.course))
            assert own == expect_granted(self.port.course_grade(self.staff, person.username, self.course))

    # accounts

    @creating
    @rule(role=WHO, name=st.sampled_from(["A B", "Zoë Ångström", "李 明", "O'Neil"]))
    def rename(self, role: str, name: str) -> None:
        """Only the owner can rename an account; not even staff can."""
        if person := self.present(role):
            before = person.name
            expect_refused(self.port.rename(self.staff, person.username, "Not Mine"), status=403)
            expect_granted(self.port.rename(person.token, person.username, name))
            person.name = name
            self.undo.append(lambda: self.wire.rename(person.token, person.username, before))

    # discussions

    @creating
    @precondition(lambda self: len(self.threads) < 4)
    @rule(role=WHO)
    def post(self, role: str) -> None:
        if person := self.present(role):
            outcome = self.port.post(person.token, self.course, f"Thread {self.tag}{len(self.threads)}")
            if not person.enrolled:
                expect_refused(outcome, status=404)
                return
            thread = expect_granted(outcome)
            self.threads.append(Discussion(thread=thread))
            self.undo.append(lambda: self.wire.delete_thread(self.staff, thread))

    @creating
    @precondition(lambda self: self.threads)
    @rule(role=WHO, number=PICK)
    def reply(self, role: str, number: int) -> None:
        if person := self.present(role):
            discussion = pick(self.threads, number)
            outcome = self.port.reply(person.token, discussion.thread, "an answer")
            if person.enrolled:
                expect_granted(outcome)
                discussion.replies += 1
                assert expect_granted(self.port.replies(person.token, discussion.thread)) == discussion.replies
            else:
                expect_refused(outcome, status=404)
                expect_refused(self.port.replies(person.token, discussion.thread), status=404)

    # retirement: what it does to an account cannot be undone

    @creating
    @precondition(lambda self: self.resets)
    @rule(role=WHO)
    def ask_to_retire(self, role: str) -> None:
        """With the password; from then on neither it nor any token works."""
        if person := self.present(role):
            jwt = self.own_jwt(person)
            expect_refused(self.port.ask_to_retire(jwt, f"{person.password}x"), status=403)
            expect_granted(self.port.ask_to_retire(jwt, person.password))
            person.asked, person.enrolled = self.now, False
            client = self.facts["clients"]["password"]
            expect_refused(self.port.password(client, person.username, person.password), "invalid_grant", status=400)

    @precondition(lambda self: self.bench.target.has_clock and any(p.asked is not None for p in self.people.values()))
    @rule(offset=st.sampled_from([-1, 0, 1]))
    def wait_until_cooled_off(self, offset: int) -> None:
        """A retirement is listed, by its state, once the cooling-off period is over."""
        asked = max(p.asked for p in self.people.values() if p.asked is not None)
        self.move_to(asked + COOL_OFF_DAYS * DAY, offset)

    @precondition(lambda self: any(p.asked is not None for p in self.people.values()))
    @rule(role=WHO, ahead=st.integers(-1, 2))
    def move_a_retirement(self, role: str, ahead: int) -> None:
        """Forwards only, never past the end."""
        person = self.people[role]
        target = person.state + ahead
        if person.asked is None or not 0 <= target < len(STATES):
            return
        outcome = self.port.move_retirement(self.worker(), person.username, STATES[target])
        if ahead <= 0:
            expect_refused(outcome, status=400)
        else:
            expect_granted(outcome)
            person.state = target

    @precondition(lambda self: any(p.asked is not None for p in self.people.values()))
    @rule(role=WHO)
    def retire(self, role: str) -> None:
        """The account is wiped once its turn has come, and its name no longer exists."""
        person, turn = self.people[role], STATES.index("RETIRING_LMS")
        if person.asked is None or person.state > turn:
            return
        if person.state < turn:
            expect_granted(self.port.move_retirement(self.worker(), person.username, STATES[turn]))
            person.state = turn
        expect_granted(self.port.retire(self.worker(), person.username))
        person.wiped = True
        expect_refused(self.port.full_name(self.staff, person.username), status=404)

    @creating
    @precondition(lambda self: self.resets and any(self.present(role) for role in self.people))
    @rule(state=st.sampled_from(STATES))
    def a_learner_retires_others(self, state: str) -> None:
        person = next(other for other in self.people.values() if other.asked is None)
        other = next(other for other in self.people.values() if other is not person)
        jwt = self.own_jwt(person)
        for outcome in (
            self.port.to_retire(jwt, state, 0),
            self.port.move_retirement(jwt, other.username, state),
            self.port.retire(jwt, other.username),
        ):
            expect_refused(outcome, status=403)

    # what is seen elsewhere

    @invariant()
    def accounts_are_as_the_model_says(self) -> None:
        for person in getattr(self, "people", {}).values():
            if person.asked is not None:
                expect_refused(self.port.me("Bearer", person.token), "token_nonexistent", status=401)
            else:
                assert expect_granted(self.port.full_name(person.token, person.username)) == person.name
                seen = expect_granted(self.port.enrolled(self.staff, person.username, self.course))
                assert bool(seen) == person.enrolled

    @precondition(lambda self: self.resets and any(p.asked is not None for p in getattr(self, "people", {}).values()))
    @invariant()
    def the_queue_is_the_model_s(self) -> None:
        jwt = self.worker()
        for number, state in enumerate(STATES):
            asked = {p.username: p.asked for p in self.people.values() if p.asked is not None and p.state == number}
            for days in (0, COOL_OFF_DAYS) if asked else ():
                listed = set(expect_granted(self.port.to_retire(jwt, state, days)))
                assert listed >= {name for name, moment in asked.items() if self.now > moment + days * DAY}
                if self.bench.target.has_clock:
                    assert listed <= {name for name, moment in asked.items() if self.now >= moment + days * DAY}
