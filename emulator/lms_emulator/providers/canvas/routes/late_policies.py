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
from lms_emulator.providers.canvas.rules import assignments, courses, grades, grading, policies
from lms_emulator.providers.canvas.wire import reply

SOURCE = f"{RECORDED}/grading-gradebook.jsonl 16, 20, 26, 36; canvas-lms app/controllers/late_policy_controller.rb"
NUMBERS = ("missing_submission_deduction", "late_submission_deduction", "late_submission_minimum_percent")
FLAGS = tuple(f"{name}_enabled" for name in NUMBERS)
ONE = "only one late policy per course is allowed"


def _course(api: Api, *wanted: str) -> Course:
    _ = api.user
    return courses.from_path(api, *wanted, slot="id")


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
    bare = LatePolicy(id=0, course_id=course.id)
    made = api.store.late_policies.put(replace(_read(api, bare), id=api.new_id("late_policies")))
    _apply(api, course, bare, made)
    return reply(api, shape(made), 201)


def update(api: Api) -> Response:
    """Change the course's policy."""
    course = _course(api, "manage_grades")
    known = _policy(api, course)
    _apply(api, course, known, api.store.late_policies.put(_read(api, known)))
    return Response(status_code=204)


def _apply(api: Api, course: Course, before: LatePolicy, after: LatePolicy) -> None:
    """Apply a changed policy to existing work."""
    published = course.workflow_state in ("available", "completed")
    if published and any(getattr(before, name) != getattr(after, name) for name in policies.APPLIED):
        for base in assignments.of_course(api, course):
            grading.apply_policy(api, course, base, without_points=True)


def _read(api: Api, record: LatePolicy) -> LatePolicy:
    sent = api.params.require("late_policy")
    changes: dict[str, Any] = {}
    for name in (name for name in FLAGS if sent.has(name)):
        changes[name] = sent.boolean(name)
        if changes[name] is None:
            raise refusals.crashed(f"`{name}` is neither true nor false", sent.get(name))
    faults: dict[str, list[Any]] = {}
    for name in NUMBERS:
        if sent.has(name):
            text = sent.text(name) or ""
            changes[name] = grades.rounded(as_float(text))
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


COURSE = "/api/v1/courses/{id}/late_policy"
ROUTES: tuple[Route, ...] = rest(
    "late policies",
    SOURCE,
    (f"GET {COURSE}", show, "The late policy of a course"),
    (f"POST {COURSE}", create, "Create the late policy of a course"),
    (f"PATCH {COURSE}", update, "Change the late policy of a course"),
)
