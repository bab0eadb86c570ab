"""Assignments, their groups and overrides as Canvas's JSON.

Fields: canvas-lms lib/api/v1/assignment.rb, assignment_group.rb and assignment_override.rb (2023-06), and the recorded
exchanges of `grading-assignments` and `grading-rubrics`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any

from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.call.moments import when
from lms_emulator.providers.canvas.model import (
    Assignment,
    AssignmentGroup,
    AssignmentOverride,
    Course,
    Rubric,
    RubricAssociation,
    Submission,
)
from lms_emulator.providers.canvas.rules import (
    assignments,
    courses,
    new_quiz_copies,
    pacing,
    periods,
    progressing,
    rubrics,
    submissions,
)
from lms_emulator.providers.canvas.rules.contexts import Context
from lms_emulator.providers.canvas.rules.grades import restricts_numbers
from lms_emulator.providers.canvas.rules.permissions import ASSIGNMENTS
from lms_emulator.providers.canvas.shapes import Json, locks, topics
from lms_emulator.providers.canvas.shapes.html import shown

MANY_DATES = 25
COLUMNS = (
    "id",
    "points_possible",
    "grading_type",
    "assignment_group_id",
    "grading_standard_id",
    "peer_reviews",
    "automatic_peer_reviews",
    "position",
    "anonymous_peer_reviews",
    "group_category_id",
    "moderated_grading",
    "omit_from_final_grade",
    "intra_group_peer_reviews",
    "anonymous_instructor_annotations",
    "anonymous_grading",
    "graders_anonymous_to_graders",
    "grader_count",
    "grader_comments_visible_to_graders",
    "final_grader_id",
    "grader_names_visible_to_final_grader",
    "annotatable_attachment_id",
    "hide_in_gradebook",
    "lti_context_id",
    "course_id",
    "name",
    "submission_types",
    "important_dates",
    "published",
    "only_visible_to_overrides",
)
ORIGINAL = (
    "original_course_id",
    "original_assignment_id",
    "original_lti_resource_link_id",
    "original_assignment_name",
    "original_quiz_id",
)


def assignment(
    api: Api,
    base: Assignment,
    course: Course,
    includes: Collection[str] = (),
    *,
    override_dates: bool = True,
    topic: bool = True,
) -> Json:
    """An assignment as the caller sees it.

    Parameters: `override_dates`, whether dates are those that hold for the caller, instead of the assignment's own;
    `topic`, whether the discussion that it is done in is told.
    """
    record = assignments.dated(api, course, base) if override_dates else base
    stored = submissions.stored(api, base)
    body: Json = {name: getattr(record, name) for name in COLUMNS}
    body |= {
        "description": shown(api, record.description, course),
        "due_at": when(record.due_at),
        "unlock_at": when(record.unlock_at),
        "lock_at": when(record.lock_at),
        "points_possible": None if record.points_possible is None else float(record.points_possible),
        "created_at": when(record.created_at),
        "updated_at": when(record.updated_at),
        "grade_group_students_individually": bool(record.grade_group_students_individually),
        "post_to_sis": bool(record.post_to_sis),
        "allowed_attempts": record.allowed_attempts or -1,
        "secure_params": assignments.secure_params(api, record),
        "has_submitted_submissions": any(submissions.handed_in(submission) for submission in stored),
        "due_date_required": False,
        "max_name_length": 255,
        **({"in_paced_course": True} if pacing.on(api, course) else {}),
        "in_closed_grading_period": periods.due_in_closed(api, course, base),
        "graded_submissions_exist": _graded(api, record, stored),
        "is_quiz_assignment": record.quiz_id is not None,
        "can_duplicate": can_duplicate(api, record),
        **{name: record.original.get(name) for name in ORIGINAL},
        "workflow_state": state(api, record),
        "published": state(api, record) == "published",
        "muted": submissions.muted(api, record),
        "html_url": api.url(f"/courses/{course.id}/assignments/{record.id}"),
        "submissions_download_url": api.url(f"/courses/{course.id}/assignments/{record.id}/submissions?zip=1"),
        "post_manually": assignments.posts_manually(record, course),
        "anonymize_students": submissions.is_anonymous(api, record),
        "require_lockdown_browser": False,
        "restrict_quantitative_data": restricts_numbers(api, api.caller, course, staff=False),
        "locked_for_user": False,
    }
    body |= _of_kind(api, record)
    body |= _managed(api, record, course)
    if not courses.may(api, api.caller, course, "read_as_admin"):
        body |= locked(api, record, course)
    body |= _included(api, base, course, includes)
    done_in = api.store.discussion_topics.get(record.discussion_topic_id or 0) if topic else None
    if done_in is not None and (done_in.workflow_state != "deleted" or record.workflow_state == "deleted"):
        body["discussion_topic"] = topics.topic(api, done_in, Context("Course", course.id, course))
    return body


def _graded(api: Api, record: Assignment, stored: Iterable[Submission]) -> bool:
    if record.submission_types in (["not_graded"], ["wiki_page"]):
        return False
    return any(
        (submission.workflow_state == "graded" and submissions.graded(submission))
        or (record.moderated_grading and bool(api.store.provisional_grades.find("submission", submission.id)))
        for submission in stored
    )


def can_duplicate(api: Api, record: Assignment) -> bool:
    """Whether Canvas copies an assignment: not those of quizzes and tools, but those of New Quizzes."""
    return record.quiz_id is None and (record.external_tool is None or record.id in api.store.new_quizzes)


def state(api: Api, record: Assignment) -> str:
    """The state of an assignment as Canvas calls it."""
    if record.workflow_state == "deleted":
        return "deleted"
    if (copied := new_quiz_copies.state(api, record)) is not None:
        return copied
    return "published" if record.published else "unpublished"


def locked(api: Api, record: Assignment, course: Course) -> Json:
    """What a student sees of a locked assignment; before it opens, not even its description."""
    reason = assignments.shut(api, record)
    asset = f"assignment_{record.id}"
    if reason == "unlock_at":
        info = {"unlock_at": when(record.unlock_at), "asset_string": asset}
        return {"description": None, **locks.locked_json(api, "assignment", info)}
    if reason == "lock_at":
        return locks.locked_json(
            api, "assignment", {"lock_at": when(record.lock_at), "can_view": True, "asset_string": asset}
        )
    by_module = progressing.lock_of(api, course, "Assignment", record.id)
    return locks.locked_json(api, "assignment", by_module) | ({} if by_module is None else {"description": None})


def _of_kind(api: Api, record: Assignment) -> Json:
    """What depends on how the work is done."""
    body: Json = {}
    if record.allowed_extensions:
        body["allowed_extensions"] = record.allowed_extensions
    if record.automatic_peer_reviews and record.peer_reviews:
        body["peer_review_count"] = record.peer_review_count
        body["peer_reviews_assign_at"] = when(record.peer_reviews_assign_at)
    if (graded_with := rubrics.of_assignment(api, record.id)) is not None:
        body |= _rubric(api, *graded_with)
    if record.quiz_id is not None:
        body["quiz_id"] = record.quiz_id
        handed_in = f"/courses/{record.course_id}/quizzes/{record.quiz_id}/submissions?zip=1"
        body["submissions_download_url"] = api.url(handed_in)
        quiz = api.store.quizzes.get(record.quiz_id)
        body["anonymous_submissions"] = quiz is not None and quiz.anonymous_submissions
    if record.external_tool is not None:
        tool = record.external_tool
        tag: Json = {"url": tool.url, "new_tab": tool.new_tab, "resource_link_id": tool.resource_link_id}
        tag |= {"external_data": tool.external_data, "custom_params": tool.custom_params}
        if tool.content_id is not None:
            tag |= {"content_type": "ContextExternalTool", "content_id": tool.content_id}
        body["external_tool_tag_attributes"] = tag
        launch = f"/api/v1/courses/{record.course_id}/external_tools/sessionless_launch"
        body["url"] = api.url(f"{launch}?assignment_id={record.id}&launch_type=assessment")
    if record.id in api.store.new_quizzes:
        body |= {"is_quiz_lti_assignment": True, "frozen_attributes": ["submission_types"]}
    return body


def _rubric(api: Api, rubric: Rubric, association: RubricAssociation) -> Json:
    """The rubric that an assignment is graded with."""
    rows: list[Json] = []
    for criterion in rubric.criteria:
        names = ("id", "points", "description", "long_description")
        ratings = [{name: rating[name] for name in names} for rating in criterion["ratings"]]
        use_range = criterion["criterion_use_range"]
        row = {**{name: criterion[name] for name in names}, "criterion_use_range": use_range, "ratings": ratings}
        if "ignore_for_scoring" in criterion:
            row["ignore_for_scoring"] = criterion["ignore_for_scoring"]
        outcome = api.store.learning_outcomes.get(criterion.get("learning_outcome_id") or 0)
        rows.append(row if outcome is None else row | {"outcome_id": outcome.id, "vendor_guid": outcome.vendor_guid})
    return {
        "use_rubric_for_grading": association.use_for_grading,
        "free_form_criterion_comments": bool(rubric.free_form_criterion_comments),
        "rubric": rows,
        "rubric_settings": {
            "id": rubric.id,
            "title": rubric.title,
            "points_possible": float(rubric.points_possible),
            "free_form_criterion_comments": bool(rubric.free_form_criterion_comments),
            "hide_score_total": bool(association.hide_score_total),
            "hide_points": association.hide_points,
        },
    }


def _managed(api: Api, record: Assignment, course: Course) -> Json:
    """What only those see who may change it."""
    body: Json = {}
    if courses.may(api, api.caller, course, "manage", "manage_grades", "manage_assignments_edit"):
        body["has_overrides"] = bool(assignments.overrides(api, record))
        body["unpublishable"] = not any(
            submissions.handed_in(submission) for submission in submissions.stored(api, record)
        )
    if courses.may(api, api.caller, course, "manage_grades"):
        body["needs_grading_count"] = submissions.needing_grades_count(api, course, record)
        if api.params.flag("needs_grading_count_by_section"):
            body["needs_grading_count_by_section"] = [
                {"section_id": section, "needs_grading_count": len(people)}
                for section, people in submissions.needing_grades(api, course, record).items()
            ]
    if courses.may(api, api.caller, course, "read_sis", "manage_sis"):
        body["sis_assignment_id"] = record.sis_assignment_id
        body["integration_id"] = record.integration_id
        body["integration_data"] = record.integration_data
    return body


def _included(api: Api, base: Assignment, course: Course, includes: Collection[str]) -> Json:
    body: Json = {}
    manages = assignments.manages(api, course)
    if "all_dates" in includes:
        body |= all_dates(api, base, course, can_edit="can_edit" in includes)
    if "overrides" in includes and manages:
        found = assignments.overrides_seen(api, course, base)
        body["overrides"] = [override(item) for item in sorted(found, key=lambda o: (o.title.casefold(), o.id))]
    if "can_edit" in includes:
        body["can_edit"] = assignments.may_change(api, course, base)
    if "webhook_info" in includes and manages:
        body["webhook_info"] = None
    staff = courses.may(api, api.caller, course, "read_as_admin", "manage_grades", *ASSIGNMENTS)
    if "assignment_visibility" in includes and staff:
        active = {e.user_id for e in assignments.students(api, course.id) if e.workflow_state != "inactive"}
        people = (
            [user_id for user_id in submissions.student_ids(api, base) if user_id in active] if base.published else []
        )
        body["assignment_visibility"] = [str(person) for person in people]
    return body


def all_dates(api: Api, base: Assignment, course: Course, *, can_edit: bool = False) -> Json:
    """Every set of dates; only how many where there are more than Canvas lists."""
    found = assignments.overrides_seen(api, course, base)
    if len(found) >= MANY_DATES:
        return {"all_dates_count": len(found) + 1}
    changes, bound = assignments.may_change(api, course, base), periods.binds(api, course)

    def dated(dates: Mapping[str, datetime | None], **more: Any) -> Json:
        row = dated_row(dates, **more)
        if not can_edit:
            return row
        due = dates.get("due_at")
        closed = due is not None and periods.closed(api, periods.of_date(api, course, due))
        return row | {"in_closed_grading_period": closed, "can_edit": changes and not (closed and bound)}

    ordered = sorted(found, key=lambda o: (o.title, o.id))
    rows = [dated(o.dates, id=o.id, title=o.title, set_type=o.set_type, set_id=o.set_id) for o in ordered]
    first = dated({name: getattr(base, name) for name in assignments.DATES}, base=True)
    own = not courses.may(api, api.caller, course, "read_as_admin", *ASSIGNMENTS)
    sections = {s.id for s in api.store.course_sections.find("course", course.id) if s.workflow_state == "active"}
    every_section = bool(sections) and sections == {o.set_id for o in found if o.set_type == "CourseSection"}
    if (own and rows) or base.only_visible_to_overrides or every_section:
        return {"all_dates": by_due(rows)}
    return {"all_dates": by_due([*rows, first])}


def by_due(rows: list[Json]) -> list[Json]:
    """Sets of dates by due date, those without one last."""
    return sorted(rows, key=lambda row: (row["due_at"] is None, row["due_at"]))


def dated_row(dates: Mapping[str, datetime | None], **more: Any) -> Json:
    """A set of dates."""
    return {**more, **{name: when(dates.get(name)) for name in assignments.DATES}}


def override(record: AssignmentOverride) -> Json:
    """Other dates for some."""
    body: Json = {"id": record.id, "assignment_id": record.assignment_id, "title": record.title}
    if "due_at" in record.dates:
        due = record.dates["due_at"]
        all_day = due is not None and (due.hour, due.minute) == (23, 59)
        body["due_at"] = when(due)
        body["all_day"] = all_day
        body["all_day_date"] = None if due is None else due.date().isoformat()
    for name in ("unlock_at", "lock_at"):
        if name in record.dates:
            body[name] = when(record.dates[name])
    match record.set_type:
        case "ADHOC":
            body["student_ids"] = record.student_ids
        case "CourseSection":
            body["course_section_id"] = record.set_id
        case "Group":
            body["group_id"] = record.set_id
        case _:
            body["noop_id"] = record.set_id
    return body


def group(record: AssignmentGroup, *, as_sent: bool = False) -> Json:
    """An assignment group. `as_sent`: Canvas answers a change of `never_drop` with texts."""
    rules: dict[str, Any] = dict(record.rules)
    if as_sent and "never_drop" in rules:
        rules["never_drop"] = [str(number) for number in rules["never_drop"]]
    return {
        "id": record.id,
        "name": record.name,
        "position": record.position,
        "group_weight": float(record.group_weight),
        "sis_source_id": record.sis_source_id,
        "integration_data": record.integration_data,
        "rules": rules,
    }
