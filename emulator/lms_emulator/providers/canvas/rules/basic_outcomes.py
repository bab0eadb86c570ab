"""The effects of LTI 1.1 outcomes on the gradebook.

Source: canvas-lms lib/basic_lti/basic_outcomes.rb and lib/basic_lti/sourcedid.rb (2023-06);
fixtures/recordings/canvas/lti-11.jsonl 66-169.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, NamedTuple

from lms_emulator.lti.outcomes import Asked
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.call.moments import read_moment
from lms_emulator.providers.canvas.lti import basic_outcomes as messages
from lms_emulator.providers.canvas.model import Assignment, Course, Submission, SubmissionComment, Tool, User
from lms_emulator.providers.canvas.rules import grading, html, states, submissions, submitting, tools

AHEAD = timedelta(minutes=1)
DATA = {"text": "online_text_entry", "url": "online_url", "ltiLaunchUrl": "basic_lti_launch"}
NO_POINTS = (
    "An external tool attempted to grade this assignment as {}, but was unable\n"
    "to because the assignment has no points possible.\n"
)


class Failed(Exception):
    """Why an outcome request fails: Canvas's code and its sentence."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code, self.text = code, text


class Whose(NamedTuple):
    """The student and assignment of a result."""

    course: Course
    assignment: Assignment
    user: User

    def record(self, api: Api) -> Submission:
        """What was submitted."""
        return submissions.of(api, self.assignment, self.user.id)


def whose(api: Api, tool: Tool, text: str) -> Whose:
    """Resolve a sourced id. Raises Failed if the tool may not use it (any more)."""
    store, found = api.store, messages.read(text)
    if found is None:
        raise Failed("sourcedid_invalid", "Invalid sourcedid")
    if not found.intact:
        raise Failed("signature_invalid", "Invalid signature")
    course = store.courses.get(found.course_id)
    if course is None or course.workflow_state == "deleted":
        raise Failed("course_invalid", "Course is invalid")
    user = store.users.get(found.user_id)
    rows = store.enrollments.find("course", course.id) if user is not None else []
    studies = (e.user_id == found.user_id and e.type in states.STUDENTS and e.workflow_state == "active" for e in rows)
    if user is None or not any(studies):
        raise Failed("user_not_in_course", "User is no longer in course")
    base = store.assignments.get(found.assignment_id)
    if base is None or base.workflow_state == "deleted" or base.course_id != course.id:
        raise Failed("assignment_invalid", "Assignment is invalid")
    behind = tools.behind(store, course, base)
    if behind is None or behind.id != found.tool_id:
        raise Failed("assignment_tool_mismatch", "Assignment is no longer associated with this tool")
    if tool.id != found.tool_id:
        raise Failed("tool_invalid", "Tool is invalid")
    return Whose(course, base, user)


def share(base: Assignment, record: Submission) -> float | None:
    """A grade for tools: a fraction of the points; None without a grade."""
    if record.workflow_state != "graded" or (record.entered_score is None and not record.excused):
        return None
    score, points = record.entered_score or 0.0, base.points_possible
    return round(100 * score / points, 2) / 100 if points else score / 100


def delete(api: Api, tool: Tool, found: Whose) -> None:
    """Remove a grade."""
    grading.grade(api, found.course, found.assignment, found.record(api), None, grader_id=-tool.id)


class Replacement:
    """A result from a tool: the submission and the grade. Raises Failed for what Canvas does not accept."""

    def __init__(self, api: Api, tool: Tool, found: Whose, asked: Asked) -> None:
        self.api, self.tool, self.found, self.asked = api, tool, found, asked
        self.record = found.record(api)
        score = _number(asked.score, "no_parseable_result_score", "resultScore")
        total = _number(asked.total, "no_parseable_result_total_score", "resultTotalScore")
        self.kind, self.data = self._data()
        by_person = self.record.grader_id is not None and self.record.grader_id > 0
        kept = by_person and asked.detail("prioritizeNonToolGrade") is not None
        self.grade = None if kept else self._grade(score, total)
        self.points = total if self.grade is not None else None
        self.submitted_at = self._submitted_at()
        if found.assignment.points_possible is None and found.assignment.grading_type != "pass_fail":
            self._tell_of_no_points()

    def _data(self) -> tuple[str | None, str]:
        for name, kind in DATA.items():
            text = self.asked.data(name)
            if text is not None:
                return kind, text
            if name == "url" and self.download is not None:
                return "online_upload", ""
        return (None, "") if self.record.submission_type else ("external_tool", "")

    @property
    def download(self) -> tuple[str, str] | None:
        """URL and name of a submitted file."""
        url, name = self.asked.data("downloadUrl"), self.asked.data("documentName")
        handed_in = self.asked.data("text") is not None or self.asked.data("url") is not None
        return (url, name) if url and name and not handed_in else None

    def _grade(self, score: float | None, total: float | None) -> str | None:
        number = total if total is not None else score
        if number is None:
            if not any(self.asked.data(name) is not None for name in DATA) and self.download is None:
                raise Failed("no_score", "No score given")
            return None
        if self.found.assignment.grading_type == "pass_fail":
            return "pass" if number > 0 else "fail"
        if total is None and not 0 <= number <= 1:
            raise Failed("bad_score", "Score is not between 0 and 1")
        return str(number) if total is not None else f"{_plain(number * 100)}%"

    def _submitted_at(self) -> datetime:
        text = self.asked.detail("submittedAt")
        at = read_moment(text) if text else self.api.now
        if at is None:
            raise Failed("timestamp_not_parseable", "Invalid timestamp - timestamp not parseable")
        if at > self.api.now + AHEAD:
            raise Failed("timestamp_in_future", "Invalid timestamp - timestamp in future")
        return at

    def _tell_of_no_points(self) -> None:
        comment = SubmissionComment(
            id=self.api.new_id("submission_comments"),
            submission_id=self.record.id,
            comment=NO_POINTS.format(self.grade or ""),
            created_at=self.api.now,
        )
        self.api.store.submission_comments.put(comment)
        raise Failed("no_points_possible", "Assignment has no points possible.")

    def keep(self, attachment_ids: list[int] | None = None) -> None:
        """Submit, and grade."""
        base = self.found.assignment
        if self.kind is None and self.grade is None:
            raise Failed("no_submission_created", "This outcome request failed to create a new homework submission.")
        if self.kind is not None:
            given = {"submission_type": self.kind, "attachment_ids": attachment_ids or [], **self._content()}
            submitting.hand_in(self.api, base, self.record, {**given, "submitted_at": self.submitted_at})
        if self.grade is not None:
            record, by = self.found.record(self.api), -self.tool.id
            passing = base.grading_type == "pass_fail"
            points = None if passing else self.points
            grading.grade(self.api, self.found.course, base, record, self.grade, grader_id=by, points=points)

    def _content(self) -> dict[str, Any]:
        match self.kind:
            case "online_text_entry":
                return {"body": html.clean(self.data), "url": None}
            case "online_url":
                return {"body": None, "url": submitting.address(self.data) or self.data}
            case "basic_lti_launch":
                return {"body": None, "url": self.data}
        return {"body": None, "url": None}


def _number(text: str | None, code: str, name: str) -> float | None:
    """A number as Ruby reads one."""
    try:
        found = float(text) if text is not None else None
    except ValueError:
        found = float("inf")
    if found is not None and not abs(found) < float("inf"):
        raise Failed(code, f"Unable to parse {name}: {text}")
    return found


def _plain(number: float) -> str:
    return str(int(number)) if number == int(number) else str(number)
