"""Assignment overrides from requests.

Source: the recorded exchanges of `grading-rubrics`; canvas-lms lib/api/v1/assignment_override.rb (2023-06).
"""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call import identifiers
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.call.moments import read_moment
from lms_emulator.providers.canvas.call.params import Params
from lms_emulator.providers.canvas.model import Assignment, AssignmentOverride
from lms_emulator.providers.canvas.rules import assignments
from lms_emulator.providers.canvas.rules.schemas import inspected

NO_SET = "one of student_ids, group_id, or course_section_id is required"
TAKEN_STUDENT = {"assignment_override_students": [("taken", "already belongs to an assignment override")]}
TAKEN_SET = {"set_id": ["taken"]}
LONGEST = 255
"""How many characters a title can have."""


class Unfit(ValueError):
    """Something is wrong with an override. `faults` are sentences."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__(", ".join(faults))
        self.faults = faults


def read(api: Api, assignment: Assignment, sent: Params, known: AssignmentOverride | None = None) -> AssignmentOverride:
    """The override that a request describes, new or updated. Raises Unfit."""
    faults: list[str] = []
    fields = _set_of_known(api, assignment, sent, known, faults) if known else _set(api, assignment, sent, faults)
    dates = _dates(api, sent, faults)
    if faults:
        raise Unfit(faults)
    if known is not None:
        return replace(known, dates=dates, **fields)
    return AssignmentOverride(id=0, assignment_id=assignment.id, dates=dates, created_at=api.now, **fields)


def conflict(api: Api, made: AssignmentOverride) -> dict[str, Any] | None:
    """What is wrong with an override's title, or how it conflicts with others of its assignment; None if nothing is."""
    if not made.title.strip() or len(made.title) > LONGEST:
        return {"title": ["too_long" if made.title.strip() else "blank"]}
    for other in assignments.overrides_of(api, made.assignment_id):
        if other.id == made.id or other.set_type != made.set_type:
            continue
        if made.set_type == "ADHOC" and not set(made.student_ids).isdisjoint(other.student_ids):
            return TAKEN_STUDENT
        if made.set_type != "ADHOC" and made.set_id == other.set_id:
            return TAKEN_SET
    return None


def keep(api: Api, made: AssignmentOverride) -> AssignmentOverride:
    """Store an override, which touches its assignment if anything changed.

    Raises the refusal `record_invalid` if there is another for the same people.
    """
    if (taken := conflict(api, made)) is not None:
        raise refusals.invalid(taken)
    if made != api.store.assignment_overrides.get(made.id):
        touch(api, made.assignment_id)
    return api.store.assignment_overrides.put(made if made.id else replace(made, id=api.new_id("assignment_overrides")))


def touch(api: Api, assignment_id: int) -> None:
    """Record that an assignment was changed now."""
    assignment = api.store.assignments.get(assignment_id)
    if assignment is not None:
        api.store.assignments.put(replace(assignment, updated_at=api.now))


def _set(api: Api, assignment: Assignment, sent: Params, faults: list[str]) -> dict[str, Any]:
    if sent.get("student_ids") not in (None, False):
        return _students(api, assignment, sent, faults)
    if sent.has("group_id"):
        if assignment.group_category_id is None:
            faults.append("group_id is not valid for non-group assignments")
            return {}
        group = assignments.group_of_category(api, assignment, sent.text("group_id") or "")
        if group is None:
            faults.append(f"unknown group id {inspected(sent.get('group_id'))}")
            return {}
        return {"set_type": "Group", "set_id": group.id, "title": group.name}
    if sent.has("course_section_id"):
        section = identifiers.find(api, "course_sections", sent.text("course_section_id") or "")
        if section is None or section.course_id != assignment.course_id or section.workflow_state == "deleted":
            faults.append(f"unknown section id {inspected(sent.get('course_section_id'))}")
            return {}
        return {"set_type": "CourseSection", "set_id": section.id, "title": section.name}
    if (noop := sent.whole("noop_id")) is not None:
        return {"set_type": "Noop", "set_id": noop, "title": sent.text("title") or "No Title"}
    faults.append(NO_SET)
    return {}


def _set_of_known(
    api: Api, assignment: Assignment, sent: Params, known: AssignmentOverride, faults: list[str]
) -> dict[str, Any]:
    """An existing override keeps its kind; only its students can change."""
    if known.set_type != "ADHOC":
        return {}
    if sent.get("student_ids") not in (None, False):
        return _students(api, assignment, sent, faults)
    title = sent.text("title")
    return {"title": known.title if title is None else title}


def _students(api: Api, assignment: Assignment, sent: Params, faults: list[str]) -> dict[str, Any]:
    asked = sent.get("student_ids")
    if not isinstance(asked, list) or not asked:
        faults.append(f"invalid student_ids {inspected(asked)}")
        return {}
    studying = {e.user_id for e in assignments.students(api, assignment.course_id)}
    found = [(value, identifiers.find(api, "users", value)) for value in asked]
    unknown = [str(number) for number, user in found if user is None or user.id not in studying]
    if unknown:
        faults.append(f"unknown student ids: {inspected(unknown)}")
    people, title = list(dict.fromkeys(user.id for _, user in found if user is not None)), sent.text("title")
    return {"set_type": "ADHOC", "student_ids": people, "title": title_for(len(people)) if title is None else title}


def title_for(count: int) -> str:
    """The default title of an override for students."""
    return "1 student" if count == 1 else f"{count} students"


def _dates(api: Api, sent: Params, faults: list[str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name in assignments.DATES:
        if not sent.has(name):
            continue
        text = sent.text(name)
        moment = read_moment(text, api.zone)
        if moment is None and (sent.get(name) if text is None else text.strip()):
            faults.append(f"invalid {name} {inspected(sent.get(name))}")
        found[name] = moment if name == "unlock_at" else assignments.end_of_day(moment, api.zone)
    return found
