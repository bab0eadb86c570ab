"""REST: assignments whose grades a student information system collects."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace
from starlette.responses import Response

from lms_emulator.core.http.routing import Route
from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call import identifiers
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.call.moments import stamp, when
from lms_emulator.providers.canvas.model import Account, Assignment, AssignmentOverride, Course, CourseSection
from lms_emulator.providers.canvas.paging import paged
from lms_emulator.providers.canvas.routes.declare import RECORDED, rest
from lms_emulator.providers.canvas.rules import assignments, contexts, courses, features, people, periods
from lms_emulator.providers.canvas.rules.permissions import chain
from lms_emulator.providers.canvas.shapes import Json

_NEEDED = ("manage_assignments_edit",)
NOT_ENABLED = "A SIS integration is not configured and the bulk SIS Grade Export feature is not enabled"
NOT_PUBLISHED = "Grade data is not available for non-published courses"


def _refused(code: str, text: str) -> Exception:
    return refusals.rest(f"grade_export_{code}", 400, {"code": code, "error": text}, check=text)


def reported(api: Api) -> Any:
    """The assignments of a course, or of all courses of an account, that post their grades to the SIS."""
    context = contexts.from_path(api)
    record = context.record
    contexts.require(api, context, "view_all_grades")
    assert isinstance(record, Account | Course)
    if not api.check("grades are reported from there", features.enabled(api, record, "post_grades")):
        raise _refused("not_enabled", NOT_ENABLED)
    if isinstance(record, Course):
        found = [record]
        if record.workflow_state != "available":
            raise _refused("unpublished_course", NOT_PUBLISHED)
    else:
        found = [row for row in api.store.courses if row.workflow_state == "available" and _within(api, row, record)]
        found = [course for course in found if _lasts(api, course)]
    rows = [
        (base, course)
        for course in sorted(found, key=lambda course: course.id)
        for base in sorted(assignments.of_course(api, course), key=lambda assignment: assignment.id)
        if base.published and base.post_to_sis
    ]
    students = "student_overrides" in api.params.includes
    path = f"/api/sis{context.path}/assignments"
    return paged(api, rows, lambda row: _shape(api, *row, students=students), path=path)


def _within(api: Api, course: Course, account: Account) -> bool:
    return account in chain(api.store, course.account_id)


def _lasts(api: Api, course: Course) -> bool:
    """Whether a course, or its term, starts before and ends after the requested days, as far as it has dates."""
    term = api.store.enrollment_terms.get(course.enrollment_term_id)
    begins = [moment for moment in (course.start_at, term.start_at if term is not None else None) if moment is not None]
    ends = [moment for moment in (course.end_at, term.end_at if term is not None else None) if moment is not None]
    before, after = api.moment("starts_before"), api.moment("ends_after")
    begun = before is None or not begins or any(moment < before for moment in begins)
    return begun and (after is None or not ends or any(moment > after for moment in ends))


def _shape(api: Api, base: Assignment, course: Course, *, students: bool) -> Json:
    """An assignment with its sections, each with the dates that hold there."""
    group = api.store.assignment_groups.get(base.assignment_group_id)
    overrides = assignments.overrides(api, base)
    of_sections = {override.set_id: override for override in overrides if override.set_type == "CourseSection"}
    sections = [row for row in api.store.course_sections.find("course", course.id) if row.workflow_state == "active"]
    if base.only_visible_to_overrides:
        sections = [section for section in sections if section.id in of_sections]
    names = ("id", "course_id", "name", "submission_types", "sis_assignment_id", "integration_id", "integration_data")
    body: Json = {name: getattr(base, name) for name in names} | _dates(base)
    body |= {
        "created_at": stamp(base.created_at),
        "points_possible": None if base.points_possible is None else float(base.points_possible),
        "include_in_final_grade": not base.omit_from_final_grade and base.grading_type != "not_graded",
        "sections": [_section(api, section, course, of_sections.get(section.id)) for section in sections],
    }
    if group is not None:
        body["assignment_group"] = {
            **{name: getattr(group, name) for name in ("id", "name", "sis_source_id", "integration_data")},
            "group_weight": float(group.group_weight),
        }
    if students:
        body["user_overrides"] = [
            {**_override(row), "title": row.title, "students": [_student(api, number) for number in row.student_ids]}
            for row in overrides
            if row.student_ids
        ]
    return body


def _dates(base: Assignment) -> Json:
    return {name: when(getattr(base, name)) for name in assignments.DATES}


def _override(override: AssignmentOverride) -> Json:
    return {"id": override.id, **{name: when(override.dates.get(name)) for name in assignments.DATES}}


def _student(api: Api, user_id: int) -> Json:
    user = api.store.users.get(user_id)
    login = people.login_of(api.store, user) if user is not None else None
    return {"user_id": user_id, "sis_user_id": login.sis_user_id if login is not None else None}


def _section(api: Api, section: CourseSection, course: Course, override: AssignmentOverride | None) -> Json:
    origin = api.store.courses.get(section.nonxlist_course_id)
    body: Json = {
        "id": section.id,
        "name": section.name,
        "sis_id": section.sis_section_id,
        "integration_id": section.integration_id,
        "origin_course": _course(origin or course),
    }
    if origin is not None:
        body["xlist_course"] = _course(course)
    if override is not None:
        body["override"] = {**_override(override), "override_title": override.title}
    return body


def _course(course: Course) -> Json:
    names = {"id": course.id, "name": course.name, "integration_id": course.integration_id}
    return {**names, "sis_id": course.sis_course_id}


def disable(api: Api) -> Response:
    """Stop posting grades of a course's published assignments, or of those undated or due in a grading period."""
    course = identifiers.course(api, api.slot("course_id"))
    allowed = courses.may(api, api.caller, course, *_NEEDED)
    if not api.check("may manage assignments", allowed, got=course.id):
        raise refusals.lti_nothing("assignments_of_others", 401, "the caller may manage assignments", needs=_NEEDED)
    period = None
    if named := api.params.text("grading_period_id"):
        number = identifiers.local_number(named)
        period = next((row for row in periods.of_course(api, course) if row.id == number), None)
        if period is None:
            raise _refused("not_found", "The Grading Period cannot be found")
    for assignment in assignments.of_course(api, course):
        within_it = (
            period is None or assignment.due_at is None or period.start_date <= assignment.due_at <= period.end_date
        )
        if assignment.post_to_sis and assignment.published and within_it:
            api.store.assignments.put(replace(assignment, post_to_sis=False))
    return Response(status_code=204)


ROUTES: tuple[Route, ...] = rest(
    "sis",
    f"{RECORDED}/grading-gradebook.jsonl 343, 345; canvas-lms app/controllers/sis_api_controller.rb; "
    "canvas-lms lib/api/v1/sis_assignment.rb",
    ("GET /api/sis/courses/{course_id}/assignments", reported, "Assignments posted to the SIS, of a course"),
    (
        "GET /api/sis/accounts/{account_id}/assignments",
        reported,
        "Assignments posted to the SIS, of an account",
    ),
    ("PUT /api/sis/courses/{course_id}/disable_post_to_sis", disable, "Stop posting grades to the SIS"),
)
