"""`/api/course_home/course_metadata/{course_id}`: what the learning front end asks first. Source: recorded group
`user/more`. Unstable by its own declaration; kept because the recorded server answered it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lms_emulator.providers.openedx import views, wire
from lms_emulator.providers.openedx.routes.courses import caller
from lms_emulator.providers.openedx.rules import enrollment, keys, people, shapes
from lms_emulator.providers.openedx.views import ApiView

if TYPE_CHECKING:
    from starlette.responses import Response

    from lms_emulator.providers.openedx.model.accounts import User
    from lms_emulator.providers.openedx.model.courseware import Course, Enrollment
    from lms_emulator.providers.openedx.visits import Call

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
        raise unknown_course(x.path_params["course_id"])
    user = caller(x)
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
            "start": shapes.moment(course.start),
            "tabs": _tabs(x, course, inside=refused is None, staff=staff),
            "title": course.display_name,
            "username": user.username if user else None,
            "user_timezone": _zone(user),
            "can_view_certificate": True,
            "course_modes": [
                {"slug": mode["slug"], "name": mode["name"]} for mode in shapes.enrollment_modes(course, x.clock.now())
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
    offered = shapes.offered_modes(course, x.clock.now())
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
    """The tabs of the course, with the addresses that a site without the learning front end gives them."""
    home = x.url(f"/api/course_home/course_metadata/None/course/{course.id}")
    page = x.url(f"/courses/{course.id}")
    tabs = [("courseware", "Course", f"{home}/home")]
    if inside:
        tabs += [("progress", "Progress", f"{page}/progress"), ("dates", "Dates", f"{home}/dates")]
    if staff:
        tabs.append(("instructor", "Instructor", f"{page}/instructor"))
    return [{"tab_id": name, "title": title, "url": url} for name, title, url in tabs]


def unknown_course(text: str) -> wire.OpenedxRefusal:
    """No such course."""
    return wire.OpenedxRefusal("unknown_course", status=404, message="Not found.", check="course exists", got=text)


VIEWS = (
    ApiView(
        "/api/course_home/course_metadata/{course_id}",
        regex=rf"^/api/course_home/course_metadata/(?P<course_id>{keys.COURSE_URL})$",
        get=read_metadata,
        permissions=(views.anyone,),
        summary="A course as its home page needs it",
        evidence="recorded",
        source="recorded group user/more",
        tag="course_home",
    ),
)
