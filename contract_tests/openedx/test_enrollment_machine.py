"""Enrolments as a state machine: for every caller, the emulator agrees with a model of the documented rules."""

from __future__ import annotations

import json
from typing import NamedTuple

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from contract_tests.openedx.conftest import (
    ADMIN,
    CLOSED,
    COURSE,
    COURSE_STAFF,
    FULL,
    INVITE,
    LEARNER,
    OTHER,
    OTHER_LEARNER,
    STAFF,
)
from contract_tests.replay.targets import Answer, InProcess
from lms_emulator.app import create_app

UNKNOWN, MALFORMED = "course-v1:No+Such+Course", "a+b+c"
OFFERED = {
    COURSE: ["audit", "honor", "verified"],
    OTHER: ["honor"],
    CLOSED: ["audit"],
    INVITE: ["audit"],
    FULL: ["audit"],
}
#: Modes that ran out; only a server with the API key, or a deactivation, still finds them.
EXPIRED = {COURSE: ["professional"]}
TOKENS = {
    "nobody": None,
    "ada": LEARNER,
    "charles": OTHER_LEARNER,
    "cora": COURSE_STAFF,
    "stella": STAFF,
    "api-user": ADMIN,
    "server": None,
}
#: Who may enrol others: global staff and servers with the API key.
PRIVILEGED = {"stella", "api-user", "server"}
#: Who may enrol outside the enrolment window: the course's own staff counts only in the courses they have.
STAFF_OF = {"cora": {COURSE, OTHER}, "stella": set(OFFERED), "api-user": set(OFFERED)}
USERS = ["ada", "charles", "cora", "stella", "inactive", "api-user"]
SETTINGS = {"openedx": {"enrollment_rate": "", "enrollment_staff_rate": ""}}


class State(NamedTuple):
    mode: str
    active: bool


class Enrolments(RuleBasedStateMachine):
    """Operations of the enrollment API against `self.model`, what should be so for each user and course."""

    def __init__(self) -> None:
        super().__init__()
        self.site = InProcess(create_app(settings=SETTINGS))
        self.model: dict[tuple[str, str], State] = {}

    def teardown(self) -> None:
        self.site.close()

    @initialize()
    def as_the_demo_world_begins(self) -> None:
        self.model = {
            ("ada", COURSE): State("verified", True),
            ("ada", OTHER): State("honor", True),
            ("charles", COURSE): State("audit", True),
            ("charles", OTHER): State("honor", False),
            ("cora", FULL): State("audit", True),
        }

    def call(self, method: str, path: str, actor: str, body: object = None) -> Answer:
        headers = [("Host", "openedx.localhost")]
        if TOKENS[actor] is not None:
            headers.append(("Authorization", f"Bearer {TOKENS[actor]}"))
        if actor == "server":
            headers.append(("X-Edx-Api-Key", "demo-edx-api-key"))
        raw = None
        if body is not None:
            headers.append(("Content-Type", "application/json"))
            raw = json.dumps(body).encode()
        return self.site.send(method, path, headers, raw)

    @rule(
        actor=st.sampled_from(sorted(TOKENS)),
        user=st.sampled_from([None, *USERS, "nobody-here"]),
        course=st.sampled_from([*OFFERED, UNKNOWN, MALFORMED]),
        mode=st.sampled_from([None, "audit", "honor", "verified", "professional", "nope"]),
        is_active=st.sampled_from([None, True, False, "yes"]),
        force=st.booleans(),
    )
    def post(
        self, actor: str, user: str | None, course: str, mode: str | None, is_active: bool | str | None, force: bool
    ) -> None:
        body: dict[str, object] = {"course_details": {"course_id": course}}
        body |= {k: v for k, v in {"user": user, "mode": mode, "is_active": is_active}.items() if v is not None}
        if force:
            body["force_enrollment"] = True
        answer = self.call("POST", "/api/enrollment/v1/enrollment", actor, body)
        expected = self.expect(actor, user, course, mode, is_active, force)
        assert answer.status == expected, (answer, body, actor)
        if expected == 200:
            shown = json.loads(answer.body)
            who = user or actor
            assert State(shown["mode"], shown["is_active"]) == self.model[who, course]
            assert (shown["user"], shown["course_details"]["course_id"]) == (who, course)

    def expect(
        self, actor: str, user: str | None, course: str, mode: str | None, is_active: bool | str | None, force: bool
    ) -> int:
        """The status of the answer, after making the change in the model."""
        privileged = actor in PRIVILEGED
        who = user or ("" if actor == "server" else actor)
        if actor == "nobody":
            return 401
        if course == MALFORMED:
            return 400
        if who != actor and not privileged:
            return 404
        if mode not in (None, "audit", "honor") and not privileged:
            return 403
        if who not in USERS:
            return 406
        if is_active == "yes" or course == UNKNOWN:
            return 400
        forced = force and actor != "server"  # only staff in person force
        return self.change(actor, who, course, mode, is_active is not False if is_active is not None else None, forced)

    def change(self, actor: str, who: str, course: str, mode: str | None, active: bool | None, force: bool) -> int:
        now = self.model.get((who, course))
        privileged = actor in PRIVILEGED
        other_mode = now is not None and mode is not None and mode != now.mode
        other_activity = now is not None and active is not None and active != now.active
        if privileged and now is not None and (other_mode or other_activity):
            if other_mode and other_activity and not active:
                return 400
            allowed = OFFERED[course] + (EXPIRED.get(course, []) if actor == "server" or active is False else [])
            if mode is not None and mode not in allowed:
                return 400
            self.model[who, course] = State(mode or now.mode, now.active if active is None else active)
            return 200
        return self.begin(who, course, mode, active is not False, force and privileged)

    def begin(self, who: str, course: str, mode: str | None, active: bool, force: bool) -> int:
        offered = OFFERED[course]
        chosen = mode or next(slug for slug in ("verified", "audit", "honor") if slug in offered)
        if chosen not in offered + (EXPIRED.get(course, []) if force or not active else []):
            return 400
        now = self.model.get((who, course))
        if not force:
            if course == CLOSED and CLOSED not in STAFF_OF.get(who, set()):
                return 400
            if course == FULL and any(state.active for (_, c), state in self.model.items() if c == FULL):
                return 400
            if now is not None and now.active:
                return 200
        self.model[who, course] = State(chosen, active)
        return 200

    @rule(actor=st.sampled_from(sorted(TOKENS)), user=st.sampled_from(USERS), course=st.sampled_from(sorted(OFFERED)))
    def read(self, actor: str, user: str, course: str) -> None:
        answer = self.call("GET", f"/api/enrollment/v1/enrollment/{user},{course}", actor)
        if actor == "nobody":
            assert answer.status == 401
        elif actor != user and actor not in PRIVILEGED:
            assert (answer.status, answer.body, answer.first("Content-Type")) == (404, "", None)
        elif (user, course) not in self.model:
            assert (answer.status, answer.body, answer.first("Content-Type")) == (200, "", None)
        else:
            shown = json.loads(answer.body)
            assert State(shown["mode"], shown["is_active"]) == self.model[user, course]

    @rule(actor=st.sampled_from(sorted(TOKENS)), user=st.sampled_from([*USERS, "nobody-here"]))
    def list_of(self, actor: str, user: str) -> None:
        answer = self.call("GET", f"/api/enrollment/v1/enrollment?user={user}", actor)
        if actor == "nobody":
            assert answer.status == 401
            return
        visible = set(OFFERED) if actor in PRIVILEGED or actor == user else STAFF_OF.get(actor, set())
        shown = [row["course_details"]["course_id"] for row in json.loads(answer.body)]
        expected = {c for (who, c), state in self.model.items() if who == user and state.active and c in visible}
        assert len(shown) == len(set(shown))
        assert set(shown) == expected

    @invariant()
    def the_staff_list_is_the_model(self) -> None:
        answer = self.call("GET", "/api/enrollment/v1/enrollments", "stella")
        shown = {
            (row["user"], row["course_id"]): State(row["mode"], row["is_active"])
            for row in json.loads(answer.body)["results"]
        }
        assert shown == self.model


Enrolments.TestCase.settings = settings(max_examples=25, stateful_step_count=20, deadline=None)
TestEnrolments = Enrolments.TestCase
