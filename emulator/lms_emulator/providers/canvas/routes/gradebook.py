"""REST: final grade overrides, scores for ungraded work, and gradebook settings and filters."""

from __future__ import annotations

import re
from typing import Any

from msgspec.structs import replace

from lms_emulator.core.http.routing import Route
from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call import identifiers
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.call.moments import stamp
from lms_emulator.providers.canvas.call.params import as_float, is_number
from lms_emulator.providers.canvas.model import Assignment, Course, GradebookFilter, GradeOverride
from lms_emulator.providers.canvas.routes.declare import RECORDED, rest
from lms_emulator.providers.canvas.rules import (
    assignments,
    courses,
    features,
    grades,
    grading,
    jobs,
    moderation,
    people,
    periods,
    roster,
    states,
    submissions,
    teams,
)
from lms_emulator.providers.canvas.shapes.progress import progress
from lms_emulator.providers.canvas.wire import reply

SOURCE = (
    f"{RECORDED}/grading-gradebook.jsonl 240, 244, 332, 335, 338; {RECORDED}/grading-extra.jsonl 28, 32; "
    "canvas-lms app/controllers/gradebooks_controller.rb"
)

OVERRIDES, APPLYING = "final_grades_override", "apply_score_to_ungraded"
FAILED = "failed_to_update"
SETTINGS = (
    "hide_assignment_group_totals",
    "hide_total",
    "show_concluded_enrollments",
    "show_inactive_enrollments",
    "show_unpublished_assignments",
    "show_separate_first_last_names",
    "student_column_display_as",
    "student_column_secondary_info",
    "sort_rows_by_column_id",
    "sort_rows_by_setting_key",
    "sort_rows_by_direction",
    "view_ungraded_as_zero",
)
OF_SETTINGS = {
    "filter_columns_by": (
        "context_module_id",
        "grading_period_id",
        "assignment_group_id",
        "submissions",
        "start_date",
        "end_date",
    ),
    "filter_rows_by": ("section_id", "student_group_id"),
}
VIEWS = "selected_view_options_filters"
COLORED = ("late", "missing", "resubmitted", "dropped", "excused", "extended")
_COLOR = re.compile(r"^#([0-9A-F]{3}){1,2}$", re.IGNORECASE | re.MULTILINE)


def _course(api: Api) -> Course:
    return courses.from_path(api, "manage_grades")


def _error(text: str) -> Exception:
    return refusals.rest(text, 400, {"error": text}, check=text.replace("_", " "))


def override_final(api: Api) -> Any:
    """Set the final scores of many students, in a course or a grading period, in a job; null removes one."""
    course = _course(api)
    allowed = features.enabled(api, course, OVERRIDES) and bool(course.settings.get("allow_final_grade_override"))
    if not api.check("final grades may be set here", allowed):
        raise api.refused("set final grades")
    period = api.params.text("grading_period_id")
    if period is not None and not any(str(row.id) == period for row in periods.of_course(api, course)):
        raise _error("invalid_grading_period")
    if not api.params.get("override_scores"):
        raise refusals.missing("override_scores")
    given, sent = api.params.peek("override_scores"), api.params.hashes("override_scores")
    seen = {e.user_id for e in roster.enrollments_seen(api, course, None) if e.workflow_state != "inactive"}
    rows = [e for e in assignments.students(api, course.id) if e.user_id in seen and e.workflow_state in states.CURRENT]

    def work() -> dict[str, Any]:
        if not isinstance(given, list):
            raise refusals.crashed("the job goes through a list of `override_scores`", given)
        faults = []
        for fields in sent:
            user_id, score = fields.integer("student_id"), (fields.text("override_score") or "").strip()
            own = [row.id for row in rows if row.user_id == user_id]
            if user_id <= 0:
                faults.append({"student_id": fields.get("student_id"), "error": "invalid_student_id"})
            elif score and not is_number(score):
                faults += [{"student_id": fields.get("student_id"), "error": FAILED} for _ in own]
            elif own:
                set_override(api, course, own, user_id, as_float(score) if score else None, period)
        return {"errors": faults}

    return progress(api, jobs.run(api, course, "override_grade_update", work))


def set_override(
    api: Api, course: Course, enrollment_ids: list[int], student_id: int, score: float | None, period: str | None
) -> None:
    """Set or remove a student's final score, and log it once.

    Parameters: `period`, the id of the grading period concerned; None for the course.
    """
    before = None
    for number in enrollment_ids:
        known = api.store.grade_overrides.get(number) or GradeOverride(id=number)
        before = known.score if period is None else known.of_periods.get(period)
        if period is None:
            changed = replace(known, score=score)
        else:
            others = {name: value for name, value in known.of_periods.items() if name != period}
            changed = replace(known, of_periods=others if score is None else {**others, period: score})
        api.store.grade_overrides.put(changed)
    was, now = grades.course_letters(api, course, (before, score))
    grading.note_change(api, course.id, None, student_id, before=was, after=now)


def apply_score(api: Api) -> Any:
    """Give the same score, or an excuse, for everything that is not graded, in a job."""
    course = _course(api)
    account = api.store.accounts.get(course.account_id) or api.root
    if not api.check("the account has the feature", features.enabled(api, account, APPLYING)):
        raise api.refused(f"what the feature {APPLYING} is for")
    percent, excused = (api.params.text("percent") or "").strip(), api.params.flag("excused")
    if not percent and not excused:
        raise _error("no_score_or_excused_provided")
    if percent and excused:
        raise _error("cannot_both_score_and_excuse")
    if percent and not 0 <= api.params.real("percent") <= 100:
        raise _error("invalid_percent_value")
    for name in ("student_ids", "assignment_ids"):
        if not api.params.texts(name):
            raise _error(f"no_{name}_provided")
    asked = set(api.params.integers("assignment_ids"))
    what = [a for a in assignments.of_course(api, course) if a.id in asked]
    what = [a for a in what if a.submission_types != ["not_graded"] and not moderation.under_way(a)]
    what = [a for a in what if not a.moderated_grading or a.final_grader_id in (None, api.user.id)]
    who = set(api.params.integers("student_ids"))

    def work() -> dict[str, Any]:
        faults = []
        for base in what:
            points = None if excused else grades.part(float(base.points_possible or 0), as_float(percent))
            for user_id in sorted(who.intersection(roster.gradeable(api, course, None, base, *states.CURRENT))):
                if not _waits(api, base, user_id):
                    continue
                if moderation.why_not_graded(api, course, base, user_id) is None:
                    _apply(api, course, base, user_id, points)
                else:
                    faults.append({"assignment_id": base.id, "error": FAILED, "student_id": user_id})
        return {"errors": faults[:100]}

    return progress(api, jobs.run(api, course, "apply_score_to_ungraded_assignments", work))


def _waits(api: Api, base: Assignment, user_id: int) -> bool:
    """Whether work has neither a grade nor an excuse, and is due if that matters."""
    record = submissions.of(api, base, user_id)
    due = assignments.dated_for(api, base, user_id).due_at
    early = api.params.flag("only_past_due") and (due is None or due >= api.now)
    return record.entered_grade is None and not record.excused and not early


def _apply(api: Api, course: Course, base: Assignment, user_id: int, points: float | None) -> None:
    """Give a score, which a group shares, or an excuse where there is none."""
    for person in [user_id] if points is None else teams.graded_together(api, base, user_id):
        record = submissions.of(api, base, person)
        if person == user_id or not record.excused:
            grading.grade(api, course, base, record, None, excuse=points is None, points=points, spared=True)
    if api.params.flag("mark_as_missing"):
        record = submissions.of(api, base, user_id)
        api.store.submissions.put(replace(record, late_policy_status="missing"))


# settings


def settings(api: Api) -> Any:
    """The caller's settings of a course's gradebook."""
    _ = api.user
    course = courses.from_path(api, *assignments.GRADERS)
    sent = api.params.require("gradebook_settings")
    own: dict[str, Any] = {name: value for name in SETTINGS if isinstance(value := sent.get(name), str | int | float)}
    own |= {
        group: {name: value for name in names if isinstance(value := sent.get(group, name), str | int | float)}
        for group, names in OF_SETTINGS.items()
        if isinstance(sent.get(group), dict)
    }
    if isinstance(views := sent.get(VIEWS), list):
        own[VIEWS] = views
    own["enter_grades_as"] = sent.get("enter_grades_as")
    colors = {name: text for name in COLORED if _COLOR.match(text := sent.text("colors", name) or "")}
    kept = api.user.preferences.get("gradebook_settings", {})
    merged = _merged(kept.get(str(course.id), {}), _without_null(own))
    colors = {**api.user.preferences.get("gradebook_colors", {}), **colors}
    people.prefer(api, api.user, gradebook_settings={**kept, str(course.id): merged}, gradebook_colors=colors)
    return {"gradebook_settings": {str(course.id): merged, "colors": colors}}


def _merged(known: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    """One hash merged over another, recursively."""
    both = {name: _merged(known[name], value) for name, value in new.items() if _nested(known.get(name), value)}
    return {**known, **new, **both}


def _nested(*values: Any) -> bool:
    return all(isinstance(value, dict) for value in values)


def _without_null(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_null(member) for name, member in value.items()}
    return None if value == "null" else value


# filters


def _place(api: Api) -> Course:
    """The course of the path, for everybody: Canvas checks no permission here."""
    _ = api.user
    return identifiers.course(api, api.slot("course_id"))


def _filter(api: Api) -> GradebookFilter:
    course = _place(api)
    return identifiers.row(
        api.store.gradebook_filters, api.slot("id"), "the filter", course_id=course.id, user_id=api.user.id
    )


def _filter_shape(record: GradebookFilter) -> dict[str, Any]:
    times = {"created_at": stamp(record.created_at), "updated_at": stamp(record.updated_at)}
    names = ("id", "course_id", "user_id", "name", "payload")
    return {"gradebook_filter": {**{name: getattr(record, name) for name in names}, **times}}


def filters(api: Api) -> Any:
    """The caller's filters."""
    course = _place(api)
    found = [row for row in api.store.gradebook_filters if row.course_id == course.id and row.user_id == api.user.id]
    return [_filter_shape(row) for row in sorted(found, key=lambda row: (row.created_at, row.id))]


def show_filter(api: Api) -> Any:
    """One filter; Canvas answers with 201."""
    return reply(api, _filter_shape(_filter(api)), 201)


def _filled(api: Api, known: GradebookFilter) -> GradebookFilter:
    """A filter with the sent fields. Raises the refusal for one without a name or payload."""
    sent = api.params.require("gradebook_filter")
    name = sent.text("name") if sent.has("name") else known.name
    payload = sent.get("payload") if sent.has("payload") else known.payload
    faults: dict[str, list[Any]] = {}
    wrong = {"blank": not payload, "must be a hash": payload is not None and not isinstance(payload, dict)}
    if any(wrong.values()):
        faults["payload"] = [text for text, is_so in wrong.items() if is_so]
    if not (name or "").strip() or len(name or "") > 255:
        faults["name"] = ["too_long" if (name or "").strip() else "blank"]
    if faults:
        raise refusals.invalid(faults)
    return api.store.gradebook_filters.put(
        replace(known, id=known.id or api.new_id("gradebook_filters"), name=name, payload=payload, updated_at=api.now)
    )


def create_filter(api: Api) -> Any:
    """Create a filter."""
    times = {"created_at": api.now, "updated_at": api.now}
    blank = GradebookFilter(id=0, course_id=_place(api).id, user_id=api.user.id, name="", payload={}, **times)
    return _filter_shape(_filled(api, blank))


def update_filter(api: Api) -> Any:
    """Change a filter."""
    return _filter_shape(_filled(api, _filter(api)))


def destroy_filter(api: Api) -> Any:
    """Delete a filter."""
    known = _filter(api)
    api.store.gradebook_filters.delete(known.id)
    return _filter_shape(known)


COURSE = "/api/v1/courses/{course_id}"
FILTERS = f"{COURSE}/gradebook_filters"
ROUTES: tuple[Route, ...] = rest(
    "gradebook",
    SOURCE,
    (f"PUT {COURSE}/update_final_grade_overrides", override_final, "Set final grades"),
    (f"PUT {COURSE}/apply_score_to_ungraded_submissions", apply_score, "Apply a score to ungraded submissions"),
    (f"PUT {COURSE}/gradebook_settings", settings, "Save gradebook settings"),
    (f"GET {FILTERS}", filters, "Filters of the gradebook"),
    (f"POST {FILTERS}", create_filter, "Create a filter"),
    (f"GET {FILTERS}/{{id}}", show_filter, "A filter"),
    (f"PUT {FILTERS}/{{id}}", update_filter, "Change a filter"),
    (f"DELETE {FILTERS}/{{id}}", destroy_filter, "Delete a filter"),
)
