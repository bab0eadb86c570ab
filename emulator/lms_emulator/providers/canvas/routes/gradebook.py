"""REST: final grade overrides, scores for ungraded work, and gradebook settings and filters."""

from __future__ import annotations

from typing import Any

from lms_emulator.core.http.routing import Route
from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call import identifiers
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.call.moments import stamp
from lms_emulator.providers.canvas.call.params import as_float
from lms_emulator.providers.canvas.model import Course, GradebookFilter, GradeOverride
from lms_emulator.providers.canvas.routes.declare import RECORDED, rest
from lms_emulator.providers.canvas.rules import (
    assignments,
    courses,
    grades,
    grading,
    jobs,
    lateness,
    people,
    periods,
    roster,
    submissions,
)
from lms_emulator.providers.canvas.rules.assignments import replace
from lms_emulator.providers.canvas.shapes.progress import progress
from lms_emulator.providers.canvas.wire import reply

SOURCE = (
    f"{RECORDED}/grading-gradebook.jsonl 240, 244, 332, 335, 338; {RECORDED}/grading-extra.jsonl 28, 32; "
    "canvas-lms app/controllers/gradebooks_controller.rb"
)


def _course(api: Api) -> Course:
    course = identifiers.course(api, api.slot("course_id"))
    courses.require(api, course, "manage_grades")
    return course


def _error(text: str) -> Exception:
    return refusals.rest(text, 400, {"error": text}, check=text.replace("_", " "))


def override_final(api: Api) -> Any:
    """Set the final scores of many students, in a job; none takes one away."""
    course = _course(api)
    if not api.check("final grades may be set here", bool(course.settings.get("allow_final_grade_override"))):
        raise api.refused("set final grades")
    if not api.params.get("override_scores"):
        raise refusals.missing("override_scores")
    if number := api.params.text("grading_period_id"):
        if not any(str(one.id) == number for one in periods.of_course(api, course)):
            raise _error("invalid_grading_period")
        api.x.warn("grading_period_id", "only the score of the whole course is set here")
    sent = api.params.hashes("override_scores")

    def work() -> dict[str, Any]:
        for one in sent:
            user_id = identifiers.local_number(one.text("student_id") or "")
            score = one.text("override_score")
            for row in assignments.students(api, course.id):
                if row.user_id == user_id:
                    set_override(api, course, row.id, row.user_id, as_float(score) if score else None)
        return {"errors": []}

    return progress(api, jobs.run(api, course, "override_grade_update", work))


def set_override(api: Api, course: Course, enrollment_id: int, student_id: int, score: float | None) -> None:
    """Set a final score, or take it away."""
    known = api.store.grade_overrides.get(enrollment_id)
    if score is None:
        api.store.grade_overrides.delete(enrollment_id)
    else:
        api.store.grade_overrides.put(GradeOverride(id=enrollment_id, score=score))
    before = grades.course_letter(api, course, known.score) if known is not None else None
    after = grades.course_letter(api, course, score) if score is not None else None
    grading.note_change(api, course.id, None, student_id, before=before, after=after)


def apply_score(api: Api) -> Any:
    """Give the same score, or an excuse, for everything that is not graded, in a job."""
    course = _course(api)
    percent, excused = api.params.text("percent"), api.params.flag("excused")
    if percent is None and not excused:
        raise _error("no_score_or_excused_provided")
    if percent is not None and excused:
        raise _error("cannot_both_score_and_excuse")
    if percent is not None and not 0 <= as_float(percent) <= 100:
        raise _error("invalid_percent_value")
    if not api.params.texts("student_ids"):
        raise _error("no_student_ids_provided")
    who = [roster.student(api, course, None, one).id for one in api.params.texts("student_ids")]
    what = [assignments.find(api, course, one) for one in api.params.texts("assignment_ids")]
    past, missing = api.params.flag("only_past_due"), api.params.flag("mark_as_missing")

    def work() -> dict[str, Any]:
        for base in what:
            for user_id in who:
                record = submissions.of(api, base, user_id)
                stands = lateness.standing(api, base, user_id, record)
                late = stands.due_at is not None and stands.due_at < api.now
                if record.entered_score is not None or record.excused or (past and not late):
                    continue
                text = None if excused else f"{percent}%"
                made = grading.grade(api, course, base, record, text, excuse=excused)
                if missing:
                    grading.set_status(api, course, base, made, {"late_policy_status": "missing"}, new_version=False)
        return {"errors": []}

    return progress(api, jobs.run(api, course, "apply_score_to_ungraded_assignments", work))


def settings(api: Api) -> Any:
    """The caller's settings of a course's gradebook."""
    course = _course(api)
    sent = api.params.require("gradebook_settings").data
    colors = sent.get("colors") or {}
    own = {name: value for name, value in sent.items() if name != "colors"}
    known = api.user.preferences.get("gradebook_settings", {}).get(str(course.id), {})
    merged = {**known, **{name: _without_null(value) for name, value in own.items()}}
    every = {**api.user.preferences.get("gradebook_settings", {}), str(course.id): merged}
    people.prefer(api, api.user, gradebook_settings=every, gradebook_colors=colors)
    return {"gradebook_settings": {str(course.id): merged, "colors": colors}}


def _without_null(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_null(one) for name, one in value.items()}
    return None if value == "null" else value


# filters


def _filter(api: Api, course: Course) -> GradebookFilter:
    found = api.store.gradebook_filters.get(identifiers.local_number(api.slot("id")))
    if found is None or found.course_id != course.id or found.user_id != api.user.id:
        raise refusals.not_found("the filter", api.slot("id"))
    return found


def _filter_shape(record: GradebookFilter) -> dict[str, Any]:
    times = {"created_at": stamp(record.created_at), "updated_at": stamp(record.updated_at)}
    names = ("id", "course_id", "user_id", "name", "payload")
    return {"gradebook_filter": {**{name: getattr(record, name) for name in names}, **times}}


def filters(api: Api) -> Any:
    """The caller's filters."""
    course = _course(api)
    found = [one for one in api.store.gradebook_filters if one.course_id == course.id and one.user_id == api.user.id]
    return [_filter_shape(one) for one in sorted(found, key=lambda one: one.id)]


def show_filter(api: Api) -> Any:
    """One filter; Canvas answers with 201."""
    return reply(api, _filter_shape(_filter(api, _course(api))), 201)


def create_filter(api: Api) -> Any:
    """Keep a filter."""
    course = _course(api)
    sent = api.params.require("gradebook_filter")
    faults: dict[str, list[Any]] = {}
    if not sent.text("name"):
        faults["name"] = ["blank"]
    if not sent.get("payload"):
        faults["payload"] = ["blank"]
    if faults:
        raise refusals.invalid(faults)
    made = GradebookFilter(
        id=api.new_id("gradebook_filters"),
        course_id=course.id,
        user_id=api.user.id,
        name=sent.text("name") or "",
        payload=sent.hash("payload").data,
        created_at=api.now,
        updated_at=api.now,
    )
    return _filter_shape(api.store.gradebook_filters.put(made))


def update_filter(api: Api) -> Any:
    """Change a filter."""
    known = _filter(api, _course(api))
    sent = api.params.require("gradebook_filter")
    changes: dict[str, Any] = {"name": sent.text("name")} if sent.text("name") else {}
    if sent.get("payload"):
        changes["payload"] = sent.hash("payload").data
    return _filter_shape(api.store.gradebook_filters.put(replace(known, **changes, updated_at=api.now)))


def destroy_filter(api: Api) -> Any:
    """Delete a filter."""
    known = _filter(api, _course(api))
    api.store.gradebook_filters.delete(known.id)
    return _filter_shape(known)


COURSE = "/api/v1/courses/{course_id}"
FILTERS = f"{COURSE}/gradebook_filters"
ROUTES: tuple[Route, ...] = rest(
    "gradebook",
    SOURCE,
    (f"PUT {COURSE}/update_final_grade_overrides", override_final, "Set final grades"),
    (f"PUT {COURSE}/apply_score_to_ungraded_submissions", apply_score, "Grade what is not graded"),
    (f"PUT {COURSE}/gradebook_settings", settings, "Set how one looks at the gradebook"),
    (f"GET {FILTERS}", filters, "Filters of the gradebook"),
    (f"POST {FILTERS}", create_filter, "Keep a filter"),
    (f"GET {FILTERS}/{{id}}", show_filter, "A filter"),
    (f"PUT {FILTERS}/{{id}}", update_filter, "Change a filter"),
    (f"DELETE {FILTERS}/{{id}}", destroy_filter, "Delete a filter"),
)
