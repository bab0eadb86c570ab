"""`/api/courses/v1/courses/` and `course_ids/`: the catalogue.

Source: edx-platform `lms/djangoapps/course_api/views.py`, `course_api/forms.py` and `course_api/api.py`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from functools import partial

from starlette.responses import Response

from lms_emulator.providers.openedx import limits, paging, refusals, wire
from lms_emulator.providers.openedx.call import Call, Reply, calling_user
from lms_emulator.providers.openedx.model import lookup
from lms_emulator.providers.openedx.model.accounts import User
from lms_emulator.providers.openedx.model.courseware import Course
from lms_emulator.providers.openedx.routes.permissions import anyone
from lms_emulator.providers.openedx.routes.resource import Family, recorded
from lms_emulator.providers.openedx.rules import catalog, enrollment, keys, people
from lms_emulator.providers.openedx.shapes import courses as shapes

_BOOLEANS = {"true": True, "1": True, "false": False, "0": False}
_FILTERS = ("org", "mobile", "search_term", "active_only", "course_keys", "username")


def effective_user(call: Call, username: str) -> User | None:
    """The user whose view is asked for: the caller, or anybody for staff; None for an empty name.

    Raises the refusal for another user's view, and for an unknown user.
    """
    if not username:
        return None
    user = calling_user(call)
    if user is not None and user.username == username:
        return user
    if not people.is_global_staff(user):
        raise refusals.permission_denied("only staff may see the catalogue as another user", check="own view or staff")
    found = lookup.user_named(call.store, call.settings, username)
    if found is None:
        text = "User matching query does not exist."
        raise refusals.developer_error(404, text, reason="unknown_user", got=username)
    return found


def _is_older(call: Call) -> bool:
    return call.settings.release == "2025-07"


def list_courses(call: Call) -> Response:
    """The catalogue as `username` sees it; without one, as anybody does, even for a staff caller."""
    if _is_older(call):
        reply = call.per_request(Reply)
        if reply.dialect is not None:
            reply.dialect = dataclasses.replace(reply.dialect, allow="GET, HEAD, OPTIONS")
        if call.method == "POST":
            raise refusals.method_not_allowed(call.method)
    given = _given(call)
    checks = _filters(call, given)
    user = effective_user(call, given.get("username", ""))
    if _is_older(call):
        checks += _permitted(call, user)
    found = [c for c in catalog.visible(call.store, user) if all(check(c) for check in checks)]
    page = paging.numbered(call, found)
    return wire.api_json(page.namespaced([shapes.summary(course, call.base_url) for course in page.items]))


def _permitted(call: Call, user: User | None) -> Iterator[Callable[[Course], bool]]:
    """One test for each of `permissions` that not every viewer of the course has."""
    asked = set(call.query.getlist("permissions"))
    if not asked <= _PERMISSIONS:
        raise refusals.Unhandled("permissions names one that the older version does not know")
    rules = {"staff": people.is_course_staff, "instructor": people.is_instructor}
    for name in asked & rules.keys():
        yield partial(lambda rule, course: rule(call.store, user, course.id), rules[name])


def _given(call: Call) -> dict[str, str]:
    """The filters, from the query or the body of a POST."""
    given = {name: call.query[name] for name in _FILTERS if name in call.query}
    if "course_keys" in given:
        given["course_keys"] = ",".join(call.query.getlist("course_keys"))
    if call.method == "POST":
        body = wire.read(call)
        if isinstance(body, dict):
            given |= {name: str(body[name]) for name in _FILTERS if body.get(name) is not None}
    return given


def _filters(call: Call, given: dict[str, str]) -> list[Callable[[Course], bool]]:
    """One test for each filter. Raises the refusal for values that cannot be read."""
    checks: list[Callable[[Course], bool]] = []
    errors: dict[str, str] = {}
    if org := given.get("org", "").strip():
        checks.append(lambda course: _org(course).lower() == org.lower())
    mobile = _boolean(given, "mobile", errors)
    if mobile is not None:
        checks.append(lambda course: course.mobile_available == mobile)
    if _boolean(given, "active_only", errors):
        now = call.clock.now()
        checks.append(lambda course: course.end is None or course.end >= now)
    if term := given.get("search_term", "").strip().lower():
        checks.append(lambda course: term in f"{course.display_name} {course.id}".lower())
    if wanted := [text for text in given.get("course_keys", "").split(",") if text]:
        bad = next((text for text in wanted if keys.course_key(text) is None), None)
        if bad is not None:
            errors["course_keys"] = f"'{bad}' is not a valid course key."
        checks.append(lambda course: course.id in wanted)
    if errors:
        raise invalid(errors)
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


def read_course(call: Call) -> Response:
    """One course, with `is_enrolled` when `username` names a user."""
    text = call.path_params["course_id"]
    key = keys.course_key(text)
    if key is None:
        raise invalid({"course_key": f"'{text}' is not a valid course key."})
    username = call.query.get("username", "")
    user = effective_user(call, username)
    course = call.store.courses.get(key.text)
    if course is None or not catalog.sees(call.store, user, course):
        raise refusals.developer_error(404, "Course not found.", reason="unknown_course", got=text)
    shape = shapes.detail(course, call.base_url)
    if user is not None:
        found = enrollment.get(call.store, user, course.id)
        shape["is_enrolled"] = found is not None and found.is_active
    return wire.api_json(shape)


def list_course_ids(call: Call) -> Response:
    """The ids of the courses in which a user has a role; of all courses for global staff."""
    role, username = call.query.get("role", ""), call.query.get("username", "")
    if not role:
        raise invalid({"role": "This field is required."})
    user = effective_user(call, username)
    if _is_older(call) and (user is None or role not in _ROLES):
        raise refusals.Unhandled("the older version looks up neither an unknown user nor an unknown role")
    everywhere = people.is_global_staff(user)
    found = sorted(c.id for c in call.store.courses if everywhere or _has(call, user, c.id, role))
    page = paging.numbered(call, found, most=1000)
    return wire.api_json(page.namespaced(page.items))


#: What may be asked of a course (`permissions`).
_PERMISSIONS = {"see_exists", "see_in_catalog", "see_about_page", "staff", "instructor"}
#: The roles that the list of ids knows.
_ROLES = ("instructor", "staff", "beta_testers", "data_researcher", "finance_admin", "limited_staff", "support")


def _has(call: Call, user: User | None, course: str, role: str) -> bool:
    """Whether a user has a role in a course; instructors count as staff."""
    wanted = ("staff", "instructor") if role == "staff" else (role,)
    return people.has_course_role(call.store, user, course, wanted)


def invalid(errors: dict[str, str]) -> refusals.OpenedxRefusal:
    """Parameters that the resource's form does not accept."""
    return refusals.field_errors(errors, reason="invalid_parameter")


FAMILY = Family("/api/courses/v1", tag="courses", developer_errors=True)

ROUTES = (
    *FAMILY.resource(
        "/courses/",
        "The course catalogue",
        get=list_courses,
        post=list_courses,
        permissions=(anyone,),
        throttle=limits.course_list,
        source=recorded("main", 747),
    ),
    *FAMILY.resource(
        "/courses/{course_id}",
        "One course",
        regex=rf"/api/courses/v1/courses/(?P<course_id>{keys.COURSE_URL})(?s:.*)",
        get=read_course,
        permissions=(anyone,),
        source=recorded("main", 1112),
    ),
    *FAMILY.resource(
        "/course_ids/",
        "The courses in which a user has a role",
        get=list_course_ids,
        throttle=limits.course_ids,
        source=recorded("more", 253),
    ),
)
