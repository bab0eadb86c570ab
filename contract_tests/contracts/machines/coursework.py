"""A course of Canvas at work: grades, enrolments, modules and files, each against a model of it."""

from __future__ import annotations

from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, precondition, rule

from .base import PICK, Machine, creating, expect_granted, expect_refused, pick

NAMES = st.sampled_from(["a.txt", "b.txt"])
TASKS = st.sampled_from(["conclude", "inactivate", "reactivate", "delete"])
MOVES = {
    ("active", "conclude"): "completed",
    ("active", "inactivate"): "inactive",
    ("inactive", "conclude"): "completed",
    ("inactive", "reactivate"): "active",
    ("inactive", "inactivate"): "inactive",
    ("completed", "conclude"): "completed",
    ("completed", "inactivate"): "inactive",
}
"""What becomes of an enrollment; `delete` takes away any."""


class Work:
    """An assignment with the student's submission and grade."""

    def __init__(self, number: int, points: float) -> None:
        self.number, self.points = number, points
        self.attempts = 0
        self.score: float | None = None


class CourseworkMachine(Machine):
    """What a teacher and a student do in a course, and what each sees of it."""

    ATTACKS: ClassVar = {
        "swap user": "a_student_grades a_student_enrols a_student_uploads",
        "reuse": "hand_in change_an_enrolment upload",
    }

    provider = "canvas"
    NEEDS = "access_tokens.student access_tokens.teacher course_id student.id other_student.id"

    @initialize()
    def begin(self) -> None:
        self.port: Any = self.bench.port("canvas")
        facts = self.facts
        self.teacher, self.student = facts["access_tokens"]["teacher"], facts["access_tokens"]["student"]
        self.course, self.user = facts["course_id"], facts["student"]["id"]
        self.other = facts["other_student"]["id"]
        self.works: list[Work] = []
        self.modules: list[tuple[int, Work]] = []
        self.section: int | None = None
        self.enrolments: dict[int, str] = {}
        self.files: dict[str, tuple[int, bytes]] = {}

    @rule()
    def look(self) -> None:
        """The users behind the tokens."""
        assert expect_granted(self.port.whoami(self.student)) == str(self.user)

    # grades

    @creating
    @precondition(lambda self: len(self.works) < 4)
    @rule(points=st.sampled_from([5.0, 10.0, 20.0]))
    def make_an_assignment(self, points: float) -> None:
        name = f"Work {self.tag}{len(self.works)}"
        number = expect_granted(self.port.make_assignment(self.teacher, self.course, name, points))
        self.works.append(Work(number, points))
        self.undo.append(lambda: self.port.delete_assignment(self.teacher, self.course, number))

    @creating
    @precondition(lambda self: self.works)
    @rule(number=PICK)
    def hand_in(self, number: int) -> None:
        """As often as wanted; each time is a separate attempt."""
        work = pick(self.works, number)
        attempt = expect_granted(self.port.hand_in(self.student, self.course, work.number, "text"))
        work.attempts += 1
        assert attempt == work.attempts
        expect_refused(self.port.hand_in(self.teacher, self.course, work.number, "text"), status=403)

    @creating
    @precondition(lambda self: self.works)
    @rule(number=PICK, share=st.sampled_from([None, 0.0, 0.5, 1.0, 1.5]))
    def grade(self, number: int, share: float | None) -> None:
        work = pick(self.works, number)
        work.score = None if share is None else share * work.points
        expect_granted(self.port.give_grade(self.teacher, self.course, work.number, self.user, work.score))
        for token in (self.teacher, self.student):
            seen = expect_granted(self.port.submission(token, self.course, work.number, self.user))
            assert seen["score"] == work.score
            assert (seen["attempt"] or 0) == work.attempts

    @precondition(lambda self: self.works)
    @creating
    @rule(number=PICK)
    def a_student_grades(self, number: int) -> None:
        work = pick(self.works, number)
        expect_refused(self.port.give_grade(self.student, self.course, work.number, self.user, 1.0), status=403)

    # enrolments

    @creating
    @precondition(lambda self: self.section is None)
    @rule()
    def make_a_section(self) -> None:
        section = expect_granted(self.port.make_section(self.teacher, self.course, f"Section {self.tag}"))
        self.section = section
        self.undo.append(lambda: self.port.delete_section(self.teacher, section))

    @creating
    @precondition(lambda self: self.section is not None)
    @rule()
    def enrol(self) -> None:
        """Somebody who is already in the section is enrolled again under the same enrollment."""
        number = expect_granted(self.port.enrol(self.teacher, self.section, self.other))
        assert not self.enrolments or number in self.enrolments
        self.enrolments[number] = "active"
        self.undo.append(lambda: self.port.change_enrolment(self.teacher, self.course, number, "delete"))

    @creating
    @precondition(lambda self: self.section is not None)
    @rule()
    def a_student_enrols(self) -> None:
        expect_refused(self.port.enrol(self.student, self.section, self.user), status=403)

    @creating
    @precondition(lambda self: any(state != "deleted" for state in self.enrolments.values()))
    @rule(task=TASKS)
    def change_an_enrolment(self, task: str) -> None:
        number, state = next((n, s) for n, s in self.enrolments.items() if s != "deleted")
        outcome = self.port.change_enrolment(self.teacher, self.course, number, task)
        if task == "delete":
            expect_granted(outcome)
            self.enrolments[number] = "deleted"
        elif (state, task) in MOVES:
            expect_granted(outcome)
            self.enrolments[number] = MOVES[state, task]
        else:
            expect_refused(outcome, status=400)

    # modules

    @creating
    @precondition(lambda self: self.works and len(self.modules) < 3)
    @rule(number=PICK)
    def make_a_module(self, number: int) -> None:
        """Each module requires the one before, and is completed by submitting its work."""
        work = pick(self.works, number)
        after = self.modules[-1][0] if self.modules else None
        name = f"Module {self.tag}{len(self.modules)}"
        made = expect_granted(self.port.make_module(self.teacher, self.course, name, after, work.number))
        self.modules.append((made, work))
        self.undo.append(lambda: self.port.delete_module(self.teacher, self.course, made))

    @precondition(lambda self: self.modules)
    @rule(number=PICK)
    def see_the_modules(self, number: int) -> None:
        module, _ = pick(self.modules, number)
        place = [module for module, _ in self.modules].index(module)
        done = [bool(work.attempts or work.score is not None) for _, work in self.modules]
        seen = expect_granted(self.port.module_state(self.student, self.course, module))
        if not all(done[:place]):
            assert seen == "locked"
        else:
            assert seen == ("completed" if done[place] else "unlocked")

    # files

    @creating
    @rule(name=NAMES, content=st.sampled_from([b"one", b"another", b"\x00\xff"]))
    def upload(self, name: str, content: bytes) -> None:
        """A second file of the same name replaces the first."""
        file = expect_granted(self.port.upload(self.teacher, self.course, f"{self.tag}{name}", content))
        self.files[name] = (file, content)
        self.undo.append(lambda: self.port.delete_file(self.teacher, file))
        assert expect_granted(self.port.contents(self.student, self.course, file)) == content

    @creating
    @rule(name=NAMES)
    def a_student_uploads(self, name: str) -> None:
        expect_refused(self.port.upload(self.student, self.course, name, b"x"), status=403)

    @creating
    @precondition(lambda self: self.files)
    @rule(name=NAMES)
    def delete_a_file(self, name: str) -> None:
        if name in self.files:
            file, _ = self.files.pop(name)
            expect_granted(self.port.delete_file(self.teacher, file))
            expect_refused(self.port.contents(self.student, self.course, file), status=404)

    # what is seen elsewhere

    @invariant()
    def the_score_is_that_of_what_is_graded(self) -> None:
        graded = [work for work in getattr(self, "works", []) if work.score is not None]
        if not graded or not self.resets:  # a course of a real site holds other work
            return
        wanted = round(100 * sum(w.score or 0 for w in graded) / sum(w.points for w in graded), 2)
        assert expect_granted(self.port.current_score(self.student, self.course, self.user)) == wanted

    @invariant()
    def the_roster_is_the_model_s(self) -> None:
        if getattr(self, "enrolments", None):
            seen = expect_granted(self.port.enrolments(self.teacher, self.section))
            assert seen == {number: state for number, state in self.enrolments.items() if state != "deleted"}
