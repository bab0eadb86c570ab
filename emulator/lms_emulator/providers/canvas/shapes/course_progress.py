"""How far a user is in a course, as JSON: requirements of modules, met and left."""

from __future__ import annotations

from typing import Any

from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.call.moments import when
from lms_emulator.providers.canvas.model import Course
from lms_emulator.providers.canvas.rules import modules, progressing, states
from lms_emulator.providers.canvas.shapes import Json

NO_PROGRESS = (
    "no progress available because this course is not module based (has modules and module completion requirements) "
    "or the user is not enrolled as a student in this course"
)

NO_MODULES = (
    "No progress available because this course is not module based "
    "(meaning, it does not have modules and module completion requirements)."
)

STUDYING = (*states.CURRENT_OR_FUTURE, "completed")


def course_progress(api: Api, course: Course, user_id: int) -> Json:
    """`progress` of a student in a course with requirements, or why there is none."""
    rows = (e for e in api.store.enrollments.find("course", course.id) if e.user_id == user_id)
    studies = any(e.type == "StudentEnrollment" and states.state_of(api, e, course).name in STUDYING for e in rows)
    found = progress(api, course, user_id)
    return found if studies and found["requirement_count"] else {"error": {"message": NO_PROGRESS}}


def progress(api: Api, course: Course, user_id: int) -> Json:
    """How many requirements of a course a user met."""
    found = [m for m in modules.of_course(api, course) if m.workflow_state == "active"]
    asked, met, times, following = 0, 0, list[Any](), None
    for module in found:
        stands = progressing.standing(api, course, module, user_id)
        wanted = [t for t in modules.items(api, module) if t.requirement and modules.published(api, t)]
        asked, met = asked + len(wanted), met + len(stands.met)
        times.append(stands.completed_at)
        unmet = [t for t in wanted if t.id not in stands.met]
        if following is None and unmet and module.require_sequential_progress and stands.state != "locked":
            following = api.url(f"/courses/{course.id}/modules/items/{unmet[0].id}")
    whole = bool(asked) and asked == met
    return {
        "requirement_count": asked,
        "requirement_completed_count": met,
        "next_requirement_url": following,
        "completed_at": when(max((t for t in times if t is not None), default=None)) if whole else None,
    }
