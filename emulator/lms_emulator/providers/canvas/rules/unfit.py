"""What makes an assignment invalid, and how Canvas says so.

Source: canvas-lms app/models/assignment.rb, validations (2023-06), and the recorded exchanges of `grading-assignments`.
"""

from __future__ import annotations

from collections.abc import Callable

from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.model import Assignment, Course
from lms_emulator.providers.canvas.rules import states, submissions

GRADING_TYPES = ("points", "percent", "letter_grade", "gpa_scale", "pass_fail", "not_graded")
SENTENCES = {
    "blank": "can't be blank",
    "inclusion": "is not included in the list",
    "greater_than": "must be greater than 0",
    "not_a_number": "is not a number",
    "equal_to": "must be equal to 0",
}
"""What Rails says of a fault in `Validation failed: …`, where the answer names only its type."""
MOST_POINTS = 999_999_999
Faults = dict[str, list[str | tuple[str, str]]]


def of(api: Api, course: Course, wanted: Assignment, known: Assignment | None) -> Faults:
    """What is not valid about the record, by attribute."""
    found: Faults = {}
    checks: tuple[Callable[..., Faults], ...] = (_faults_of_columns, _faults_of_moderation)
    for check in checks:
        found |= check(api, course, wanted)
    if known is not None:
        found |= _faults_of_change(api, wanted, known)
    taken = (
        api.store.assignments.find("sis_assignment_id", wanted.sis_assignment_id) if wanted.sis_assignment_id else []
    )
    if any(other.id != wanted.id for other in taken):
        raise refusals.crashed("the SIS id is another assignment's", wanted.sis_assignment_id)
    return found


def _faults_of_columns(api: Api, course: Course, wanted: Assignment) -> Faults:
    found: Faults = {}
    if not wanted.name:
        found["title"] = ["blank"]
    elif len(wanted.name) > 255:
        found["title"] = ["The title cannot be longer than 255 characters"]
    if wanted.grading_type not in GRADING_TYPES:
        found["grading_type"] = ["inclusion"]
    points = wanted.points_possible or 0
    if points < 0:
        found["points_possible"] = ["The value of possible points for this assignment must be zero or greater."]
    elif points > MOST_POINTS:
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


def _faults_of_moderation(api: Api, course: Course, wanted: Assignment) -> Faults:
    found: Faults = {}
    if not wanted.moderated_grading:
        return found
    if wanted.grader_count < 1:
        found["grader_count"] = ["greater_than"]
    if wanted.peer_reviews:
        found["moderated_grading"] = ["Moderated grading setting cannot be enabled for peer reviewed assignments"]
    if wanted.final_grader_id is not None:
        rows = api.store.enrollments.find("user", wanted.final_grader_id)
        teaches = (
            e.course_id == course.id and e.type in states.INSTRUCTORS and e.workflow_state == "active" for e in rows
        )
        if not any(teaches):
            found["final_grader_id"] = ["course has no active instructors with this ID"]
    return found


def _faults_of_change(api: Api, wanted: Assignment, known: Assignment) -> Faults:
    """What cannot be changed once there is work."""
    found: Faults = {}
    rows = submissions.stored(api, known)
    handed_in = any(submissions.handed_in(one) for one in rows)
    graded = any(one.workflow_state == "graded" for one in rows)
    if known.published and not wanted.published and handed_in:
        found["workflow_state"] = ["Can't unpublish if there are student submissions"]
    if handed_in and wanted.group_category_id != known.group_category_id:
        found["group_category_id"] = [
            "The group category can't be changed because students have already submitted on this assignment"
        ]
    if graded and wanted.moderated_grading != known.moderated_grading:
        found["moderated_grading"] = ["Moderated grading setting cannot be changed if graded submissions exist"]
    return found


def refusal(faults: Faults, known: Assignment | None) -> Exception:
    """The refusal; of a change, once more as the sentence that Rails makes."""
    body = {name: [refusals.model_fault(name, fault) for fault in found] for name, found in faults.items()}
    if known is not None:
        said = [f"{_human(name)} {_sentence(fault)}" for name, found in faults.items() for fault in found]
        whole = f"Validation failed: {', '.join(said)}"
        body["invalid_record"] = [refusals.model_fault("invalid_record", whole)]
    if "workflow_state" in body:
        body["published"] = body.pop("workflow_state")
    return refusals.rest("record_invalid", 400, {"errors": body}, check="the record is valid", got=sorted(faults))


def _human(attribute: str) -> str:
    return attribute.removesuffix("_id").replace("_", " ").capitalize()


def _sentence(fault: str | tuple[str, str]) -> str:
    text = fault if isinstance(fault, str) else fault[1]
    return SENTENCES.get(text, text)
