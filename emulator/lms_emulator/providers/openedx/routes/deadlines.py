"""`/api/course_experience/v1/`: deadlines that were missed, and shifting them.

Source: edx-platform `openedx/features/course_experience/api/v1/views.py`; `fixtures/recordings/openedx-2`, learn.jsonl
358-368.
"""

from __future__ import annotations

from starlette.responses import Response

from lms_emulator.providers.openedx import refusals, wire
from lms_emulator.providers.openedx.call import Call, caller, readable_key
from lms_emulator.providers.openedx.routes import course_home
from lms_emulator.providers.openedx.routes.resource import Family, recorded
from lms_emulator.providers.openedx.rules import keys, people
from lms_emulator.providers.openedx.shapes import learning as shapes


def reset_deadlines(call: Call) -> Response:
    """Shift the due dates of a self-paced course for the caller."""
    body = wire.read_object(call)
    key = keys.course_key(str(body.get("course_key", "")))
    course = call.store.courses.get(key.text) if key else None
    if course is None:
        text = "'course_key' is required." if not body.get("course_key") else "Unable to reset deadlines."
        raise course_home.invalid(text)
    link = course_home.front(call, course, "dates")
    return wire.api_json(
        {
            "body": f'<a href="{link}">View all dates</a>',
            "header": "Your due dates have been successfully shifted to help you stay on track.",
            "link": link,
            "link_text": "View all dates",
            "message": "Deadlines successfully reset.",
        }
    )


def read_deadlines(call: Call) -> Response:
    """The banner above the calendar, for the apps, for enrolled learners or others; an invalid key is a 500."""
    key = readable_key(call.path_params["course_id"])
    course = call.store.courses.get(key.text)
    if course is None or (course.staff_only and not people.is_course_staff(call.store, caller(call), course.id)):
        raise refusals.api_error(404, {"detail": "Not found."}, reason="unknown_course", check="course may be seen")
    return wire.api_json({"dates_banner_info": shapes.banner(course, call.clock.now())})


_FAMILY = Family("/api/course_experience/v1", tag="course_home")

ROUTES = (
    *_FAMILY.resource(
        "/course_deadlines_info/{course_id}",
        "Missed deadlines, for the apps",
        get=read_deadlines,
        defect=True,
        notes_course=False,
        evidence="documented",
        source="edx-platform openedx/features/course_experience/api/v1/views.py, CourseDeadlinesMobileView",
    ),
    *_FAMILY.resource(
        "/reset_course_deadlines",
        "Shift due dates",
        post=reset_deadlines,
        allow="OPTIONS, POST",
        source=recorded("openedx-2/learn", 358),
    ),
)
