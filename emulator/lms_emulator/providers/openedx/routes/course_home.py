"""`/api/course_home/course_metadata/{course_id}`: what the learning front end asks first.

Source: edx-platform `lms/djangoapps/course_home_api/course_metadata/views.py` (CourseHomeMetadataView). The
platform declares this API unstable.
"""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from lms_emulator.providers.openedx import refusals, wire
from lms_emulator.providers.openedx.call import Call, calling_user
from lms_emulator.providers.openedx.model.accounts import User
from lms_emulator.providers.openedx.model.courseware import Course, Enrollment
from lms_emulator.providers.openedx.routes.permissions import anyone
from lms_emulator.providers.openedx.routes.resource import Family, recorded
from lms_emulator.providers.openedx.rules import course_modes, enrollment, keys, people
from lms_emulator.providers.openedx.shapes import enrollment as shapes
from lms_emulator.providers.openedx.shapes import moment

_ANONYMOUS = (
    "authentication_required",
    "User must be authenticated to view the course",
    "You must be logged in to see this course",
)
_NOT_ENROLLED = (
    "enrollment_required",
    "User must be enrolled in the course to view it",
    "You must be enrolled to see this course",
)


def read_metadata(x: Call) -> Response:
    """A course as its home page needs it."""
    key = keys.course_key(x.path_params["course_id"])
    course = x.store.courses.get(key.text) if key else None
    if key is None or course is None:
        got = x.path_params["course_id"]
        raise refusals.OpenedxRefusal(
            "unknown_course", status=404, message="Not found.", check="course exists", got=got
        )
    user = calling_user(x)
    enrolled = enrollment.get(x.store, user, course.id) if user else None
    active = enrolled is not None and enrolled.is_active
    staff = people.is_course_staff(x.store, user, course.id)
    refused = None if staff or active else _ANONYMOUS if user is None else _NOT_ENROLLED
    return wire.api_json(
        {
            "verified_mode": _upgrade(x, course, enrolled) if active else None,
            "celebrations": {
                "first_section": False,
                "streak_length_to_celebrate": None,
                "streak_discount_enabled": False,
                "weekly_goal": False,
            },
            "course_access": _access(refused),
            "studio_access": staff,
            "course_id": course.id,
            "is_enrolled": active,
            "is_self_paced": course.self_paced,
            "is_staff": staff,
            "number": key.course,
            "org": key.org,
            "original_user_is_staff": staff,
            "start": moment(course.start),
            "tabs": _tabs(x, course, inside=refused is None, staff=staff),
            "title": course.display_name,
            "username": user.username if user else None,
            "user_timezone": _zone(user),
            "can_view_certificate": True,
            "course_modes": [
                {"slug": mode["slug"], "name": mode["name"]} for mode in shapes.modes(course, x.clock.now())
            ],
            "is_new_discussion_sidebar_view_enabled": False,
            "has_course_author_access": staff,
        }
    )


def _zone(user: User | None) -> str | None:
    return user.preferences.get("time_zone") if user else None


def _access(refused: tuple[str, str, str] | None) -> dict[str, Any]:
    code, developer, person = refused or (None, None, None)
    return {
        "has_access": refused is None,
        "error_code": code,
        "developer_message": developer,
        "user_message": person,
        "additional_context_user_message": None,
        "user_fragment": None,
    }


def _upgrade(x: Call, course: Course, enrolled: Enrollment | None) -> dict[str, Any] | None:
    """The verified mode, for somebody in a free one who may still change to it."""
    if enrolled is None or enrolled.mode not in enrollment.OPEN_MODES:
        return None
    offered = course_modes.offered(course, x.clock.now())
    verified = next((mode for mode in offered if mode.slug == "verified"), None)
    if verified is None:
        return None
    return {
        "access_expiration_date": None,
        "currency": verified.currency.upper(),
        "currency_symbol": "$" if verified.currency == "usd" else verified.currency.upper(),
        "price": verified.min_price,
        "sku": verified.sku,
        "upgrade_url": "/dashboard",
    }


def _tabs(x: Call, course: Course, *, inside: bool, staff: bool) -> list[dict[str, str]]:
    """The tabs of the course, with the URLs that a site without the learning front end gives them."""
    home = x.url(f"/api/course_home/course_metadata/None/course/{course.id}")
    page = x.url(f"/courses/{course.id}")
    tabs = [("courseware", "Course", f"{home}/home")]
    if inside:
        tabs += [("progress", "Progress", f"{page}/progress"), ("dates", "Dates", f"{home}/dates")]
    if staff:
        tabs.append(("instructor", "Instructor", f"{page}/instructor"))
    return [{"tab_id": name, "title": title, "url": url} for name, title, url in tabs]


FAMILY = Family("/api/course_home", tag="course_home", permissions=(anyone,))

ROUTES = FAMILY.resource(
    "/course_metadata/{course_id}",
    "A course as its home page needs it",
    get=read_metadata,
    source=recorded("more", 238),
)
