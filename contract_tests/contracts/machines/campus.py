"""One person at every provider: launched from Canvas, provisioned, enrolled, graded; and one clock for all."""

from __future__ import annotations

from typing import Any, ClassVar
from urllib.parse import quote

from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, precondition, rule

from ..http import Browser
from ..outcomes import Form, Refused
from .base import Machine, creating, expect_granted, expect_refused

LTIK_LIFE, LAUNCH_LIFE, STUDIO_LIFE, EDX_LIFE, CANVAS_LIFE = 86400, 300, 3600, 36000, 3600


class CampusMachine(Machine):
    """What happens at one provider affects no other; the clock affects all of them."""

    ATTACKS: ClassVar = {
        "swap key": "credentials_are_no_good_elsewhere",
        "reuse": "enter_the_class",
        "a second late": "time_passes_for_all everywhere",
        "in the last second": "time_passes_for_all everywhere",
    }

    provider = "ltiaas"
    providers: ClassVar[tuple[str, ...]] = ("openlearning", "openedx", "learningstudio", "ltiaas", "canvas")

    @initialize()
    def begin(self) -> None:
        bench = self.bench
        self.ltiaas: Any = bench.port("ltiaas")
        self.tool: Any = bench.wire("ltiaas")
        self.canvas: Any = bench.port("canvas")
        self.learning: Any = bench.port("openlearning")
        self.edx: Any = bench.port("openedx")
        self.studio: Any = bench.port("learningstudio")
        self.browser = Browser(bench.target.http)
        self.person = bench.facts("canvas")["student"]
        studio = bench.facts("learningstudio")
        names = ("application_id", "application_name", "consumer_key", "shared_secret", "client_string")
        self.keys = {name: studio[name] for name in names}
        self.zero = bench.wire("learningstudio").now()
        self.ltik: tuple[str, int] | None = None
        self.user_id: str | None = None
        self.launch: tuple[Form, int] | None = None
        self.entered = False
        self.edx_token: tuple[str, int] | None = None
        self.enrolled = False
        self.studio_token: tuple[str, int] | None = None
        self.points: float | None = None
        self.canvas_token: tuple[str, int] | None = None

    def alive(self, thing: tuple[Any, int] | None) -> bool:
        """Whether something that expires has not expired yet."""
        return thing is not None and self.now < thing[1]

    @rule()
    def launch_from_canvas(self) -> None:
        """From Canvas's course page through LTIAAS to the tool, which learns who launched."""
        facts = self.bench.facts("canvas")
        form = self.tool.begin_launch(self.browser, "canvas", self.bench.target.base("canvas"), facts, self.person)
        ltik = expect_granted(self.tool.finish_launch(self.browser, form))
        self.ltik = (ltik, self.now + LTIK_LIFE)
        token = expect_granted(self.ltiaas.id_token(self.bench.facts("ltiaas")["api_key"], ltik))
        assert token["user"]["email"] == self.person["email"]
        assert token["user"]["name"] == self.person["name"]

    @rule()
    def connect_canvas(self) -> None:
        """The person consents; the token obtained through LTIAAS acts at Canvas for that person."""
        facts = self.bench.facts("ltiaas")
        platform = facts["platforms"]["canvas"]
        code = expect_granted(self.tool.connect(self.browser, platform, self.person))
        token = expect_granted(self.ltiaas.access_token(facts["api_key"], platform, code.code))
        self.canvas_token = (token.access, self.now + CANVAS_LIFE)
        self.undo.append(lambda: self.bench.wire("canvas").revoke(token.access))

    @creating
    @precondition(lambda self: self.ltik is not None and self.now < self.ltik[1])
    @rule()
    def provision_at_openlearning(self) -> None:
        """The tool provisions the person with the launch's data; the second time it is the same account."""
        assert self.ltik is not None
        user = expect_granted(self.ltiaas.id_token(self.bench.facts("ltiaas")["api_key"], self.ltik[0]))["user"]
        facts = self.bench.facts("openlearning")
        user_id = expect_granted(
            self.learning.provision(facts["api_key"], facts["institution_id"], user["id"], user["email"], user["name"])
        )
        assert self.user_id in (None, user_id)
        if self.user_id is None and not self.resets:  # an enrolment of an earlier example is there to stay
            self.entered = facts["class_id"] in expect_granted(self.learning.enrolments(facts["api_key"], user_id))
        self.user_id = user_id

    @precondition(lambda self: self.user_id is not None)
    @rule()
    def sign_on_at_openlearning(self) -> None:
        facts = self.bench.facts("openlearning")
        form = self.learning.sign_on(facts["api_key"], facts["institution_id"], self.user_id, facts["class_id"])
        self.launch = (expect_granted(form), self.now + LAUNCH_LIFE + 1)

    @creating
    @precondition(lambda self: self.launch is not None)
    @rule()
    def enter_the_class(self) -> None:
        assert self.launch is not None
        outcome = self.learning.launch(Browser(self.bench.target.http), self.launch[0])
        if self.alive(self.launch):
            expect_granted(outcome)
            self.entered = True
            self.launch = (self.launch[0], -1)  # it works once
        else:
            expect_refused(outcome, status=403)

    @rule()
    def token_at_open_edx(self) -> None:
        client = self.bench.facts("openedx")["clients"]["client_credentials"]
        token = expect_granted(self.edx.client_credentials(client))
        self.edx_token = (token.access, self.now + EDX_LIFE)
        self.undo.append(lambda: self.edx.revoke(client, token.access))

    @creating
    @precondition(lambda self: self.edx_token is not None)
    @rule(active=st.sampled_from([True, True, False]))
    def enroll_in_open_edx(self, active: bool) -> None:
        assert self.edx_token is not None
        token = self.edx_token[0]
        course, name = self.bench.facts("openedx")["course_id"], self.bench.facts("openedx")["learner"]["username"]
        if not self.alive(self.edx_token):
            expect_refused(self.edx.enroll(token, name, course, active), status=401)
            return
        before = expect_granted(self.edx.enrolled(token, name, course))
        assert expect_granted(self.edx.enroll(token, name, course, active)) is None
        if bool(before) != active:
            self.undo.append(lambda: self.edx.enroll(token, name, course, bool(before)))
        self.enrolled = active
        assert expect_granted(self.edx.enrolled(token, name, course)) in ((True,) if active else (False, None))

    @rule()
    def teacher_at_learningstudio(self) -> None:
        teacher = self.bench.facts("learningstudio")["teacher"]
        now = self.zero + self.now
        token = expect_granted(self.studio.assertion(self.keys, teacher["username"], now))
        self.studio_token = (token.access, self.now + STUDIO_LIFE)

    @creating
    @precondition(lambda self: self.studio_token is not None)
    @rule(points=st.sampled_from([0.0, 5.0, 9.5]))
    def grade_at_learningstudio(self, points: float) -> None:
        assert self.studio_token is not None
        token = self.studio_token[0]
        outcome = self.studio.grade(token, self.grade_path(), points, new=self.points is None)
        if self.alive(self.studio_token):
            expect_granted(outcome)
            if self.points is None:
                self.undo.append(lambda: self.studio.grade(token, self.grade_path(), None, new=False))
            self.points = points
        else:
            expect_refused(outcome, status=401)

    def grade_path(self) -> str:
        """The person's grade in the demo course."""
        facts = self.bench.facts("learningstudio")
        item = facts["gradebook_item_id"]
        return f"/users/{facts['other_student']['id']}/courses/{facts['course_id']}/gradebookItems/{item}/grade"

    @precondition(lambda self: self.bench.target.has_clock)
    @rule(seconds=st.sampled_from([1, 300, 301, 3599, 3600, 36000, 86401]))
    def time_passes_for_all(self, seconds: int) -> None:
        self.move(seconds)

    @rule()
    def everywhere(self) -> None:
        """Every credential is alive or expired by the shared clock."""
        facts = self.bench.facts("ltiaas")
        if self.ltik is not None:
            answer = self.ltiaas.id_token(facts["api_key"], self.ltik[0])
            assert isinstance(answer, Refused) == (self.now > self.ltik[1]) or self.now == self.ltik[1]
        if self.canvas_token is not None:
            found = self.canvas.whoami(self.canvas_token[0])
            assert isinstance(found, Refused) != self.alive(self.canvas_token), found
        if self.edx_token is not None:
            found = self.edx.me("Bearer", self.edx_token[0])
            assert isinstance(found, Refused) != self.alive(self.edx_token), found
        if self.studio_token is not None:
            found = self.studio.get(self.studio_token[0], "/me")
            assert isinstance(found, Refused) != self.alive(self.studio_token), found
        if self.user_id is not None:
            learning = self.bench.facts("openlearning")
            classes = expect_granted(self.learning.enrolments(learning["api_key"], self.user_id))
            assert classes == ([learning["class_id"]] if self.entered else [])

    @rule(where=st.sampled_from(["openedx", "learningstudio", "canvas"]))
    def credentials_are_no_good_elsewhere(self, where: str) -> None:
        """A token of one provider opens nothing at another."""
        tokens = {"openedx": self.edx_token, "learningstudio": self.studio_token, "canvas": self.canvas_token}
        for origin, token in tokens.items():
            if token is None or origin == where:
                continue
            if where == "openedx":
                outcome = self.bench.wire("openedx").me("Bearer", quote(token[0], safe=""))
            elif where == "canvas":
                outcome = self.bench.wire("canvas").whoami(token[0])
            else:
                outcome = self.bench.wire("learningstudio").get(token[0], "/me")
            expect_refused(outcome, status=401, why=f"a token of {origin} at {where}")

    @invariant()
    def the_learner_at_open_edx_is_enrolled_or_not(self) -> None:
        if getattr(self, "edx_token", None) is None or not self.alive(self.edx_token) or not self.enrolled:
            return
        assert self.edx_token is not None
        facts = self.bench.facts("openedx")
        url = f"{self.bench.target.base('openedx')}/api/enrollment/v1/enrollment?user={facts['learner']['username']}"
        answer = self.bench.target.http.send("GET", url, [("Authorization", f"Bearer {self.edx_token[0]}")])
        assert facts["course_id"] in [item["course_details"]["course_id"] for item in answer.json()]
