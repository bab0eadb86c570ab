"""A user's standing in a course, as seen in the course: scores, and the current grading period."""

from __future__ import annotations

from collections.abc import Collection

from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.model import Assignment, Course, Enrollment, GradingPeriod
from lms_emulator.providers.canvas.rules import courses, grades, periods, states, submissions
from lms_emulator.providers.canvas.rules.scores import Scores, both, final_grade
from lms_emulator.providers.canvas.shapes import Json
from lms_emulator.providers.canvas.shapes.enrollments import lettered

INCLUDES = ("total_scores", "current_grading_period_scores")


def standing(api: Api, record: Enrollment, course: Course, includes: Collection[str]) -> Json:
    """A student's scores, if requested and not hidden by the course.

    Source: canvas-lms lib/api/v1/course_json.rb, total_scores and grading_period_info (2024-04).
    """
    asked, of_period = "total_scores" in includes, "current_grading_period_scores" in includes
    if record.type not in states.STUDENTS or not asked:
        return {}
    period = periods.current(api, course) if of_period else None
    body = _period(api, course, period) if of_period else {}
    if course.hide_final_grades:
        return body
    override = final_grade(api, record, course)
    grader = courses.may(api, api.caller, course, "manage_grades", "view_all_grades")
    posted, unposted = both(api, record, course)
    if grader:
        body |= lettered(api, record, course, posted, "computed_")
        body |= lettered(api, record, course, unposted, "unposted_")
        body |= _set_by_hand(api, record, course, "", override)
    else:
        seen = Scores(override, override) if override is not None else posted
        body |= lettered(api, record, course, seen, "computed_")
        body["computed_current_letter_grade"] = grades.course_letter(
            api, course, seen.current, api.caller.id if api.caller is not None else None
        )
    return body | (_of_period(api, record, course, period, grader) if of_period else {})


def _set_by_hand(api: Api, record: Enrollment, course: Course, prefix: str, score: float | None) -> Json:
    letter = grades.course_letter(api, course, score, record.user_id)
    found = {f"{prefix}override_score": score, f"{prefix}override_grade": letter}
    return {name: value for name, value in found.items() if value is not None}


def _period(api: Api, course: Course, period: GradingPeriod | None) -> Json:
    has = bool(periods.of_course(api, course))
    return {
        "current_grading_period_id": period.id if period is not None else None,
        "current_grading_period_title": period.title if period is not None else None,
        "has_grading_periods": has,
        "multiple_grading_periods_enabled": has,
    }


def _of_period(api: Api, record: Enrollment, course: Course, period: GradingPeriod | None, grader: bool) -> Json:
    posted = unposted = Scores()
    override = final_grade(api, record, course, str(period.id)) if period is not None else None
    if period is not None:
        posted, unposted = both(api, record, course, periods.assignments_of(api, course, period, record.user_id))
    body: Json = {"totals_for_all_grading_periods_option": _totals(api, course)}
    if not grader:
        seen = posted if override is None else Scores(override, override)
        return body | lettered(api, record, course, seen, "current_period_computed_")
    body |= lettered(api, record, course, posted, "current_period_computed_")
    body |= lettered(api, record, course, unposted, "current_period_unposted_")
    return body | _set_by_hand(api, record, course, "current_period_", override)


def _all(api: Api, course: Course) -> list[Assignment]:
    return [a for a in api.store.assignments.find("course", course.id) if a.workflow_state == "active"]


def _teaches(api: Api, record: Enrollment, course: Course) -> bool:
    return record.type in states.INSTRUCTORS and states.state_of(api, record, course).name == "active"


def _totals(api: Api, course: Course) -> bool:
    term = api.store.enrollment_terms.get(course.enrollment_term_id)
    group = api.store.grading_period_groups.get(term.grading_period_group_id if term is not None else None)
    return group is not None and group.display_totals_for_all_grading_periods


def of_course(api: Api, course: Course, mine: Collection[Enrollment], includes: Collection[str]) -> Json:
    """A course's grading periods and, for its teachers, the work that awaits grading.

    Parameters: `mine`, the enrollments of the caller.
    """
    body: Json = {}
    if "needs_grading_count" in includes and any(_teaches(api, enrollment, course) for enrollment in mine):
        counts = (submissions.needing_grades_count(api, course, assignment) for assignment in _all(api, course))
        body["needs_grading_count"] = sum(counts)
    if "current_grading_period_scores" in includes:
        found = periods.of_course(api, course)
        group = api.store.grading_period_groups.get(found[0].grading_period_group_id) if found else None
        body["has_grading_periods"] = body["multiple_grading_periods_enabled"] = bool(found)
        body["has_weighted_grading_periods"] = group is not None and bool(group.weighted)
    return body
