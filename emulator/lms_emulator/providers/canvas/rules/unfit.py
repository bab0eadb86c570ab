"""Contradictory fields of assignments: what Canvas clears, what it refuses, and its messages.

Source: canvas-lms app/models/assignment.rb, validations (2023-06), and the recorded exchanges of `grading-assignments`.
"""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.model import Assignment, Course
from lms_emulator.providers.canvas.rules import courses, periods, states, submissions

GRADING_TYPES = ("points", "percent", "letter_grade", "gpa_scale", "pass_fail", "not_graded")
SENTENCES = {
    "blank": "can't be blank",
    "inclusion": "is not included in the list",
    "greater_than": "must be greater than 0",
    "not_a_number": "is not a number",
    "equal_to": "must be equal to 0",
}
"""Rails's sentences for faults in `Validation failed: …`, where the response contains only the type."""
UNMODERATED = {
    "final_grader_id": None,
    "grader_count": 0,
    "grader_names_visible_to_final_grader": True,
    "grader_comments_visible_to_graders": True,
    "graders_anonymous_to_graders": False,
}
"""The moderation fields of an assignment without moderated grading."""
FROZEN = (
    "name",
    "points_possible",
    "grading_type",
    "assignment_group_id",
    "omit_from_final_grade",
    "published",
    "unlock_at",
    "lock_at",
    "group_category_id",
    "grade_group_students_individually",
    "grading_standard_id",
    "intra_group_peer_reviews",
    "moderated_grading",
    "grader_count",
    "final_grader_id",
    "anonymous_grading",
    "anonymous_instructor_annotations",
    "allowed_attempts",
    "hide_in_gradebook",
    "important_dates",
    "position",
    "sis_assignment_id",
    "integration_id",
    "integration_data",
)
"""What cannot change of what was due in a closed grading period.

Source: canvas-lms lib/api/v1/assignment.rb, EDITABLE_ATTRS_IN_CLOSED_GRADING_PERIOD (2024-04), which names the others.
"""
COLUMNS = {"name": "name", "published": "workflow_state"}
IN_CLOSED = "cannot be changed because this assignment is due in a closed grading period"
MOST_POINTS = 999_999_999
CUSTOM = "Invalid custom parameters. Please ensure they match the LTI 1.3 specification."
Faults = dict[str, list[str | tuple[str, str]]]


def of(api: Api, course: Course, wanted: Assignment, known: Assignment | None) -> Faults:
    """The faults of the record, by attribute."""
    found: Faults = {}
    for faults in (_faults_of_groups(api, wanted, known), _faults_of_columns(wanted, known)):
        found |= faults
    found |= _faults_of_moderation(api, wanted, known)
    if known is not None and known.published and not wanted.published and _handed_in(api, known):
        found["workflow_state"] = ["Can't unpublish if there are student submissions"]
    taken = (
        api.store.assignments.find("sis_assignment_id", wanted.sis_assignment_id) if wanted.sis_assignment_id else []
    )
    if any(other.id != wanted.id for other in taken):
        raise refusals.crashed("another assignment has this SIS id", wanted.sis_assignment_id)
    return found


def gradeable(record: Assignment) -> bool:
    """Whether the assignment is graded."""
    return record.submission_types not in (["not_graded"], ["wiki_page"])


def settled(wanted: Assignment, base: Assignment) -> Assignment:
    """The assignment without contradictory fields, as Canvas saves it.

    Source: canvas-lms app/models/assignment.rb, default_values, clear_moderated_grading_attributes and
    ensure_manual_posting_if_… (2024-04).
    """
    kinds, changes = wanted.submission_types, dict[str, Any]()
    if not gradeable(wanted):
        changes |= {"points_possible": None, "post_to_sis": False}
    if kinds == ["external_tool"]:
        changes["peer_reviews"] = False
    if kinds in (["none"], ["on_paper"]) and kinds != base.submission_types:
        changes["allowed_attempts"] = None
    if wanted.peer_reviews_assign_at != base.peer_reviews_assign_at:
        changes |= {"peer_reviews_assigned": False, "asked_at": None}
    if not wanted.moderated_grading:
        changes |= UNMODERATED
    elif not wanted.grader_comments_visible_to_graders:
        changes["graders_anonymous_to_graders"] = False
    if any(getattr(wanted, name) and not getattr(base, name) for name in ("anonymous_grading", "moderated_grading")):
        changes["post_manually"] = True
    return replace(wanted, **changes)


def of_final_grader(api: Api, course: Course, wanted: Assignment, base: Assignment) -> str | None:
    """Why the new final grader is invalid; Canvas checks this before the rest."""
    if wanted.final_grader_id is None or wanted.final_grader_id == base.final_grader_id:
        return None
    rows = api.store.enrollments.find("whose", (course.id, wanted.final_grader_id))
    teaches = (e.type in states.INSTRUCTORS and e.workflow_state == "active" for e in rows)
    if not any(teaches):
        return "course has no active instructors with this ID"
    may = courses.may(api, api.store.users.get(wanted.final_grader_id), course, "select_final_grade")
    return None if may else "user does not have permission to select final grade"


def _handed_in(api: Api, known: Assignment) -> bool:
    return any(submissions.handed_in(submission) for submission in submissions.stored(api, known))


def _faults_of_columns(wanted: Assignment, known: Assignment | None) -> Faults:
    found: Faults = {}
    if not wanted.name.strip() and (known is None or wanted.name != known.name):
        found["title"] = ["blank"]
    elif len(wanted.name) > 255:
        found["title"] = ["The title cannot be longer than 255 characters"]
    if wanted.grading_type not in GRADING_TYPES:
        found["grading_type"] = ["inclusion"]
    points = wanted.points_possible or 0
    new = known is None or wanted.points_possible != known.points_possible
    if new and points < 0:
        found["points_possible"] = ["The value of possible points for this assignment must be zero or greater."]
    elif new and points > MOST_POINTS:
        found["points_possible"] = ["The value of possible points for this assignment cannot exceed 999999999."]
    if isinstance(wanted.allowed_attempts, str):
        found["allowed_attempts"] = ["not_a_number"]
    elif wanted.allowed_attempts is not None and wanted.allowed_attempts < 1:
        found["allowed_attempts"] = ["greater_than"]
    due, opens, closes = wanted.due_at, wanted.unlock_at, wanted.lock_at
    late = due and ((opens and due < opens) or (closes and due > closes))
    if late or (opens and closes and opens > closes):
        found["due_at"] = ["must be between availability dates"]
    if wanted.hide_in_gradebook and not (wanted.omit_from_final_grade and not points):
        found["hide_in_gradebook"] = [
            *(["equal_to"] if points else []),
            *([] if wanted.omit_from_final_grade else ["inclusion"]),
        ]
    return found


def _faults_of_moderation(api: Api, wanted: Assignment, known: Assignment | None) -> Faults:
    """Why moderated grading cannot be turned on or off."""
    found: Faults = {}
    if wanted.moderated_grading and wanted.grader_count < 1:
        found["grader_count"] = ["greater_than"]
    if known is not None and wanted.moderated_grading == known.moderated_grading:
        return found
    reasons: list[str | tuple[str, str]] = []
    rows = submissions.stored(api, known) if known is not None else []
    if any(submission.workflow_state == "graded" for submission in rows):
        reasons.append("Moderated grading setting cannot be changed if graded submissions exist")
    if wanted.moderated_grading:
        unfit = {
            "ungraded": not gradeable(wanted),
            "group": wanted.group_category_id is not None,
            "peer reviewed": wanted.peer_reviews,
        }
        text = "Moderated grading setting cannot be enabled for {} assignments"
        reasons += [text.format(kind) for kind, holds in unfit.items() if holds]
    return found | ({"moderated_grading": reasons} if reasons else {})


def _faults_of_groups(api: Api, wanted: Assignment, known: Assignment | None) -> Faults:
    """Why the assignment cannot be group work."""
    was, anonymous = (known.group_category_id, known.anonymous_grading) if known is not None else (None, False)
    moved, renamed = wanted.group_category_id != was, wanted.anonymous_grading != anonymous
    grouped = wanted.group_category_id is not None
    found: Faults = {}
    if moved and known is not None and _handed_in(api, known):
        found["group_category_id"] = [
            "The group category can't be changed because students have already submitted on this assignment"
        ]
    if moved and wanted.anonymous_grading and not renamed:
        found.setdefault("group_category_id", []).append("Anonymously graded assignments can't be group assignments")
    if renamed and grouped and not moved:
        found["anonymous_grading"] = ["Group assignments can't be anonymously graded"]
    if renamed and moved and grouped and wanted.anonymous_grading:
        found["base"] = ["Can't enable anonymous grading and group assignments together"]
    if moved and grouped and wanted.submission_types == ["discussion_topic"]:
        text = "Group categories cannot be set directly on a discussion assignment, but should be set on the discussion"
        found.setdefault("group_category_id", []).append(f"{text} instead")
    if grouped and "student_annotation" in wanted.submission_types:
        found["annotatable_attachment_id"] = ["must be blank when group_category_id is present"]
        text = "must be blank when annotatable_attachment_id is present"
        found.setdefault("group_category_id", []).append(text)
    return found


def require_open(api: Api, course: Course, wanted: Assignment, known: Assignment | None) -> None:
    """Refuse changes that affect a closed grading period."""
    was = known is not None and periods.due_in_closed(api, course, known)
    moved = known is None or wanted.due_at != known.due_at
    into = wanted.due_at is not None and periods.closed(api, periods.of_date(api, course, wanted.due_at))
    if moved and (was or into):
        text = "Cannot change the due date to a date within a closed grading period"
        if was:
            text = "Cannot change the due date when due in a closed grading period"
        elif known is None:
            text = "Cannot set the due date to a date within a closed grading period"
        raise refusals.invalid({"due_at": [text]}, 403)
    if was and known is not None:
        changed = [name for name in FROZEN if getattr(wanted, name) != getattr(known, name)]
        if changed:
            raise refusals.invalid({COLUMNS.get(name, name): [IN_CLOSED] for name in changed})


def require_custom(sent: Any) -> None:
    """Refuse custom parameters that are not a hash of scalars."""
    fits = isinstance(sent, dict) and all(not isinstance(value, list | dict) for value in sent.values())
    if sent and not fits:
        raise refusals.invalid({"custom_params": [("invalid", CUSTOM)]})


def refusal(faults: Faults, known: Assignment | None) -> Exception:
    """The refusal; for a change, also as Rails's sentence."""
    body = {name: [refusals.model_fault(name, fault) for fault in found] for name, found in faults.items()}
    if known is not None:
        said = [f"{_human(name)} {_sentence(fault)}" for name, found in faults.items() for fault in found]
        whole = f"Validation failed: {', '.join(said)}"
        body["invalid_record"] = [refusals.model_fault("invalid_record", whole)]
    if "workflow_state" in body:
        body["published"] = body.pop("workflow_state")
    got = refusals.said_of({"name" if name == "title" else name: found for name, found in faults.items()})
    check, takes = "the record is valid", {"grading_type": GRADING_TYPES}
    return refusals.rest("record_invalid", 400, {"errors": body}, check=check, expected=takes, got=got)


def _human(attribute: str) -> str:
    return attribute.removesuffix("_id").replace("_", " ").capitalize()


def _sentence(fault: str | tuple[str, str]) -> str:
    text = fault if isinstance(fault, str) else fault[1]
    return SENTENCES.get(text, text)
