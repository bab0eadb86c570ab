"""REST: late policies."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace
from starlette.responses import Response

from lms_emulator.core.http.routing import Route
from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call import identifiers
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.call.params import as_float, is_number
from lms_emulator.providers.canvas.model import Course, LatePolicy
from lms_emulator.providers.canvas.routes.declare import RECORDED, rest
from lms_emulator.providers.canvas.rules import assignments, courses, grading, lateness, policies, submissions
from lms_emulator.providers.canvas.wire import reply

SOURCE = f"{RECORDED}/grading-gradebook.jsonl 16, 20, 26, 36; canvas-lms app/controllers/late_policy_controller.rb"
NUMBERS = ("missing_submission_deduction", "late_submission_deduction", "late_submission_minimum_percent")
FLAGS = tuple(f"{name}_enabled" for name in NUMBERS)
ONE = "only one late policy per course is allowed"


def _course(api: Api, *wanted: str) -> Course:
    _ = api.user
    return courses.of_path(api, *wanted, slot="id")


def _policy(api: Api, course: Course) -> LatePolicy:
    return identifiers.known(policies.of(api, course.id), "the late policy", course.id)


def shape(record: LatePolicy) -> dict[str, Any]:
    """A policy as JSON."""
    body = {name: float(getattr(record, name)) for name in NUMBERS} | {name: getattr(record, name) for name in FLAGS}
    return {
        "late_policy": {
            "id": str(record.id),
            **body,
            "late_submission_interval": record.late_submission_interval,
        }
    }


def show(api: Api) -> Any:
    """The course's policy."""
    return shape(_policy(api, _course(api, *assignments.GRADERS)))


def create(api: Api) -> Any:
    """Create the course's policy."""
    course = _course(api, "manage_grades")
    if policies.of(api, course.id) is not None:
        body = {"status": "bad_request", "errors": [{"message": ONE}]}
        raise refusals.rest("late_policy_exists", 400, body, check="the course has no late policy")
    made = _read(api, LatePolicy(id=0, course_id=course.id))
    made = api.store.late_policies.put(replace(made, id=api.new_id("late_policies")))
    _note_deductions(api, course)
    grade_missing(api, course)
    return reply(api, shape(made), 201)


def update(api: Api) -> Response:
    """Change the course's policy."""
    course = _course(api, "manage_grades")
    known = _policy(api, course)
    wanted = _read(api, known)
    if not wanted.late_submission_deduction_enabled:
        _note_deductions(api, course)
    api.store.late_policies.put(wanted)
    _note_deductions(api, course)
    grade_missing(api, course)
    return Response(status_code=204)


def _note_deductions(api: Api, course: Course) -> None:
    """Record current deductions, which stay when the course stops deducting, and in the versions they apply to."""
    for base in assignments.of_course(api, course):
        for one in submissions.stored(api, base):
            deducted = lateness.standing(api, base, one.user_id, one).deducted
            if deducted and one.versions:
                versions = [*one.versions[:-1], replace(one.versions[-1], deducted=deducted)]
                api.store.submissions.put(replace(one, deducted=deducted, versions=versions))


def _read(api: Api, record: LatePolicy) -> LatePolicy:
    sent = api.params.require("late_policy")
    changes: dict[str, Any] = {name: sent.flag(name) for name in FLAGS if sent.has(name)}
    faults: dict[str, list[Any]] = {}
    for name in NUMBERS:
        if sent.has(name):
            text = sent.text(name) or ""
            changes[name] = as_float(text)
            if not is_number(text):
                faults[name] = [*([] if text.strip() else ["blank"]), "not_a_number"]
            elif changes[name] < 0:
                faults[name] = ["greater_than_or_equal_to"]
            elif changes[name] > 100:
                faults[name] = ["less_than_or_equal_to"]
    if sent.has("late_submission_interval"):
        changes["late_submission_interval"] = sent.text("late_submission_interval")
        if changes["late_submission_interval"] not in policies.INTERVALS:
            blank = not (changes["late_submission_interval"] or "").strip()
            faults["late_submission_interval"] = [*(["blank"] if blank else []), "inclusion"]
    if faults:
        raise refusals.invalid(faults, 422)
    return replace(record, **changes)


def grade_missing(api: Api, course: Course) -> None:
    """Grade missing work by the policy; existing grades stay."""
    for base in assignments.of_course(api, course):
        points = policies.points_for_missing(api, base)
        if points is None or not base.published:
            continue
        for user_id in submissions.student_ids(api, base):
            record = submissions.of(api, base, user_id)
            if record.entered_score is None and lateness.standing(api, base, user_id, record).missing:
                grading.grade_missing(api, course, base, record, points)


COURSE = "/api/v1/courses/{id}/late_policy"
ROUTES: tuple[Route, ...] = rest(
    "late policies",
    SOURCE,
    (f"GET {COURSE}", show, "The late policy of a course"),
    (f"POST {COURSE}", create, "Create the late policy of a course"),
    (f"PATCH {COURSE}", update, "Change the late policy of a course"),
)
