"""A user's standing in a course, as seen in the course: scores, and the current grading period."""

from __future__ import annotations

from collections.abc import Collection

from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.model import Assignment, Course, Enrollment, GradingPeriod
from lms_emulator.providers.canvas.rules import courses, grades, periods, states, submissions
from lms_emulator.providers.canvas.rules.scores import scores
from lms_emulator.providers.canvas.shapes import Json


def standing(api: Api, record: Enrollment, course: Course, includes: Collection[str]) -> Json:
    """A student's scores, as far as they are asked for and not hidden."""
    if record.type not in states.STUDENTS or not {"total_scores", "current_grading_period_scores"} & set(includes):
        return {}
    if course.hide_final_grades and not courses.may(api, api.caller, course, "view_all_grades", "manage_grades"):
        return {}
    found = scores(api, record, course)
    body: Json = {
        "computed_current_score": found.current,
        "computed_current_grade": grades.course_letter(api, course, found.current),
        "computed_current_letter_grade": grades.course_letter(api, course, found.current),
        "computed_final_score": found.final,
        "computed_final_grade": grades.course_letter(api, course, found.final),
    }
    return body | (_of_period(api, record, course) if "current_grading_period_scores" in includes else {})


def _now(api: Api, course: Course) -> GradingPeriod | None:
    return next((p for p in periods.of_course(api, course) if p.start_date < api.now <= p.end_date), None)


def _of_period(api: Api, record: Enrollment, course: Course) -> Json:
    period, has = _now(api, course), bool(periods.of_course(api, course))
    only = {a.id for a in periods.narrowed(api, course, [*_all(api, course)], str(period.id))} if period else set()
    found = scores(api, record, course, only=only) if period is not None else None
    current, final = (found.current, found.final) if found is not None else (None, None)
    return {
        "current_grading_period_id": period.id if period is not None else None,
        "current_grading_period_title": period.title if period is not None else None,
        "has_grading_periods": has,
        "multiple_grading_periods_enabled": has,
        "totals_for_all_grading_periods_option": _totals(api, course),
        "current_period_computed_current_score": current,
        "current_period_computed_final_score": final,
        "current_period_computed_current_grade": grades.course_letter(api, course, current),
        "current_period_computed_final_grade": grades.course_letter(api, course, final),
    }


def _all(api: Api, course: Course) -> list[Assignment]:
    return [a for a in api.store.assignments.find("course", course.id) if a.workflow_state == "active"]


def _totals(api: Api, course: Course) -> bool:
    term = api.store.enrollment_terms.get(course.enrollment_term_id)
    group = api.store.grading_period_groups.get(term.grading_period_group_id if term is not None else None)
    return group is not None and group.display_totals_for_all_grading_periods


def of_course(api: Api, course: Course, includes: Collection[str]) -> Json:
    """What a course says of its grading periods, and of work that waits for the caller's grade."""
    body: Json = {}
    if "needs_grading_count" in includes and courses.may(api, api.caller, course, "manage_grades"):
        body["needs_grading_count"] = sum(
            sum(submissions.needing_grades(api, course, one).values()) for one in _all(api, course)
        )
    if "current_grading_period_scores" in includes:
        found = periods.of_course(api, course)
        group = api.store.grading_period_groups.get(found[0].grading_period_group_id) if found else None
        body["has_grading_periods"] = body["multiple_grading_periods_enabled"] = bool(found)
        body["has_weighted_grading_periods"] = group is not None and bool(group.weighted)
    return body
