"""What a tool is opened for: the assignment and the student that an address names, for those who may open it.

Source: canvas-lms app/controllers/external_tools_controller.rb, basic_lti_launch_request (2024-04).
"""

from __future__ import annotations

from typing import Any

from lms_emulator.providers.canvas import refusals, rules
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.call.identifiers import local_number
from lms_emulator.providers.canvas.credentials import visitors
from lms_emulator.providers.canvas.lti.basic_launches import SELECTION
from lms_emulator.providers.canvas.lti.places import Place
from lms_emulator.providers.canvas.model import Assignment, Collaboration, Tool, User
from lms_emulator.providers.canvas.rules import contexts
from lms_emulator.providers.canvas.rules.tools import Placement

CARD = "student_context_card"
STUDENTS = ("StudentEnrollment", "StudentViewEnrollment")


def assignment(api: Api, place: Place) -> Assignment | None:
    """The assignment that a URL names. Raises the refusal for one outside the course."""
    reference = api.params.text("assignment_id")
    if not reference:
        return None
    found = api.store.assignments.get(local_number(reference) or 0)
    if found is None or place.course is None or found.course_id != place.course.id or found.workflow_state == "deleted":
        raise refusals.page_not_found("the assignment is in the course")
    return found


def collaboration(api: Api, tool: Tool, placement: Placement, url: str) -> Collaboration | None:
    """The collaboration that a tool is opened to change, if its URL for that is the one opened; tools of LTI 1.1 that
    answer by content items are told of any. Raises the refusal for one that does not exist."""
    reference = api.params.text("content_item_id")
    if not reference:
        return None
    found = api.store.collaborations.get(local_number(reference) or 0)
    if found is None:
        raise refusals.page_not_found("the collaboration exists")
    chooses = tool.developer_key_id is None and placement.message_type == SELECTION
    return found if chooses or (placement.name == "collaboration" and found.data.get("updateUrl") == url) else None


def details(api: Api, place: Place, placement: Placement) -> dict[str, Any]:
    """What an address says of the assignment and the student that a tool is opened for. Raises a refusal for those who
    may not open it there."""
    found: dict[str, Any] = {"about": assignment(api, place)}
    needs = str(placement.settings.get("required_permissions") or "")
    card = placement.name == CARD and api.params.text("student_id")
    if card:
        found["student"] = student = _student(api)
        enrolled = rules.enrollments_of(api.call, student, place.course.id) if place.course is not None else []
        fits = any(enrollment.type in STUDENTS and enrollment.workflow_state != "deleted" for enrollment in enrolled)
    else:
        fits = True
    if (card or needs) and not (fits and _sees(api, place, placement, needs)):
        raise visitors.forbidden(api, "the person may open the tool there")
    return found


def _student(api: Api) -> User:
    student = api.store.users.get(local_number(api.params.text("student_id") or "") or 0)
    if student is None:
        raise refusals.page_not_found("the student is there")
    return student


def _sees(api: Api, place: Place, placement: Placement, needs: str) -> bool:
    """Whether the spot is visible to the caller, who has all permissions that it needs."""
    where = contexts.get(api, type(place.record).__name__, place.record.id)
    seen_by = {"members": ("participate_as_student", "read_as_admin"), "admins": ("read_as_admin",)}
    rights = seen_by.get(str(placement.settings.get("visibility")))
    permitted = all(contexts.may(api, where, item.strip()) for item in needs.split(",") if item.strip())
    return permitted and (rights is None or contexts.may(api, where, *rights))
