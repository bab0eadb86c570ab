"""`/api/courses/v1/courses/` and `course_ids/`: the catalogue. Source: openedx.md 6.3; recorded group `courses`."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from lms_emulator.providers.openedx import paging, throttles, views, visits, wire
from lms_emulator.providers.openedx.model import lookup
from lms_emulator.providers.openedx.model.courseware import Course
from lms_emulator.providers.openedx.rules import catalog, enrollment, keys, people
from lms_emulator.providers.openedx.views import ApiView

if TYPE_CHECKING:
    from starlette.responses import Response

    from lms_emulator.providers.openedx.model.accounts import User
    from lms_emulator.providers.openedx.visits import Call

_BOOLEANS = {"true": True, "1": True, "false": False, "0": False}
_KINDS = ("org", "mobile", "search_term", "active_only", "course_keys", "username")


def caller(x: Call) -> User | None:
    """Who is calling, or None for nobody."""
    identity = visits.of(x).identity
    return identity.user if identity else None


def effective_user(x: Call, username: str) -> User | None:
    """The user whose view is asked for: himself, or anybody for staff; nobody for an empty name.

    Raises the refusal for another user's view, and for an unknown user.
    """
    if not username:
        return None
    user = caller(x)
    if user is not None and user.username == username:
        return user
    if not people.is_global_staff(user):
        raise wire.permission_denied("only staff may see the catalogue as another user", check="own view or staff")
    found = lookup.user_named(x.store, x.settings, username)
    if found is None:
        raise unknown_user(username)
    return found


def list_courses(x: Call) -> Response:
    """The catalogue as `username` sees it; without one, as anybody does, even for a staff caller."""
    given = _given(x)
    checks = _filters(x, given)
    user = effective_user(x, given.get("username", ""))
    found = [c for c in catalog.visible(x.store, user) if all(check(c) for check in checks)]
    page = paging.numbered(x, found)
    envelope = {"next": page.next, "previous": page.previous, "count": page.total, "num_pages": page.pages}
    results = [catalog.summary(course, x.base_url) for course in page.items]
    return wire.api_json({"results": results, "pagination": envelope})


def _given(x: Call) -> dict[str, str]:
    """The filters, from the query or the body of a POST."""
    given = {name: x.query[name] for name in _KINDS if name in x.query}
    if "course_keys" in given:
        given["course_keys"] = ",".join(x.query.getlist("course_keys"))
    if x.method == "POST":
        body = views.data(x)
        if isinstance(body, dict):
            given |= {name: str(body[name]) for name in _KINDS if body.get(name) is not None}
    return given


def _filters(x: Call, given: dict[str, str]) -> list[Callable[[Course], bool]]:
    """One test for each filter. Raises the refusal for values that cannot be read."""
    checks: list[Callable[[Course], bool]] = []
    errors: dict[str, str] = {}
    if org := given.get("org", "").strip():
        checks.append(lambda course: _org(course).lower() == org.lower())
    mobile = _boolean(given, "mobile", errors)
    if mobile is not None:
        checks.append(lambda course: course.mobile_available == mobile)
    if _boolean(given, "active_only", errors):
        now = x.clock.now()
        checks.append(lambda course: course.end is None or course.end >= now)
    if term := given.get("search_term", "").strip().lower():
        checks.append(lambda course: term in f"{course.display_name} {course.id}".lower())
    if wanted := [text for text in given.get("course_keys", "").split(",") if text]:
        bad = next((text for text in wanted if keys.course_key(text) is None), None)
        if bad is not None:
            errors["course_keys"] = f"'{bad}' is not a valid course key."
        checks.append(lambda course: course.id in wanted)
    if errors:
        raise field_errors(errors)
    return checks


def _org(course: Course) -> str:
    key = keys.course_key(course.id)
    return key.org if key else ""


def _boolean(given: dict[str, str], name: str, errors: dict[str, str]) -> bool | None:
    text = given.get(name, "").strip()
    if not text:
        return None
    value = _BOOLEANS.get(text.lower())
    if value is None:
        errors[name] = "Invalid Boolean Value."
    return value


def read_course(x: Call) -> Response:
    """One course; `is_enrolled` is told when `username` names somebody."""
    text = x.path_params["course_id"]
    key = keys.course_key(text)
    if key is None:
        raise field_errors({"course_key": f"'{text}' is not a valid course key."})
    username = x.query.get("username", "")
    user = effective_user(x, username)
    course = x.store.courses.get(key.text)
    if course is None or not catalog.sees(x.store, user, course):
        raise unknown_course(text)
    told = catalog.detail(course, x.base_url)
    if user is not None:
        found = enrollment.get(x.store, user, course.id)
        told["is_enrolled"] = found is not None and found.is_active
    return wire.api_json(told)


def list_course_ids(x: Call) -> Response:
    """The ids of the courses in which a user has a role; of all courses for global staff."""
    role = x.query.get("role", "")
    if not role:
        raise field_errors({"role": "This field is required."})
    user = effective_user(x, x.query.get("username", ""))
    everywhere = people.is_global_staff(user)
    found = sorted(c.id for c in x.store.courses if everywhere or people.has_course_role(x.store, user, c.id, (role,)))
    page = paging.numbered(x, found, most=1000)
    envelope = {"next": page.next, "previous": page.previous, "count": page.total, "num_pages": page.pages}
    return wire.api_json({"results": page.items, "pagination": envelope})


# refusals


def unknown_course(text: str) -> wire.OpenedxRefusal:
    """A course that is not there, or that this person may not see."""
    return wire.OpenedxRefusal(
        "unknown_course", status=404, message="Course not found.", check="course exists and is visible", got=text
    )


def unknown_user(username: str) -> wire.OpenedxRefusal:
    """No such user; said to staff only."""
    return wire.OpenedxRefusal(
        "unknown_user",
        status=404,
        message="User matching query does not exist.",
        check="user exists",
        got=username,
    )


def field_errors(errors: dict[str, Any]) -> wire.OpenedxRefusal:
    """Parameters that the view's form does not take, by name."""
    document = {"field_errors": {name: {"developer_message": text} for name, text in errors.items()}}
    return wire.api_error(400, document, reason="invalid_parameter", check=", ".join(errors), got=errors)


VIEWS = (
    ApiView(
        "/api/courses/v1/courses/",
        get=list_courses,
        post=list_courses,
        permissions=(views.anyone,),
        developer_errors=True,
        throttle=throttles.course_list,
        summary="The course catalogue",
        evidence="recorded",
        source="openedx.md 6.3",
        tag="courses",
    ),
    ApiView(
        "/api/courses/v1/courses/{course_id}",
        regex=rf"^/api/courses/v1/courses/(?P<course_id>{keys.COURSE_URL})(?s:.*)$",
        get=read_course,
        permissions=(views.anyone,),
        developer_errors=True,
        summary="One course",
        evidence="recorded",
        source="openedx.md 6.3",
        tag="courses",
    ),
    ApiView(
        "/api/courses/v1/course_ids/",
        get=list_course_ids,
        developer_errors=True,
        summary="The courses in which a user has a role",
        evidence="recorded",
        source="openedx.md 6.3",
        tag="courses",
    ),
)
