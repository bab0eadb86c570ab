"""REST: the people of a course."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from lms_emulator.core.http.routing import Route
from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call import identifiers
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.call.moments import when
from lms_emulator.providers.canvas.model import Account, Course, Enrollment, User
from lms_emulator.providers.canvas.paging import paged, per_page
from lms_emulator.providers.canvas.routes.declare import RECORDED, rest
from lms_emulator.providers.canvas.routes.enrollments import in_states, met
from lms_emulator.providers.canvas.rules import courses, enrolling, people, roles, states
from lms_emulator.providers.canvas.shapes import Json
from lms_emulator.providers.canvas.shapes import courses as course_shapes
from lms_emulator.providers.canvas.shapes import enrollments as enrollment_shapes
from lms_emulator.providers.canvas.shapes import people as shapes

SOURCE = f"{RECORDED}/courses-people.jsonl 1, 14; canvas-lms app/controllers/courses_controller.rb"
KINDS = (
    "TeacherEnrollment",
    "StudentEnrollment",
    "StudentViewEnrollment",
    "TaEnrollment",
    "ObserverEnrollment",
    "DesignerEnrollment",
)


PENDING = (*states.CURRENT, "creation_pending")
"""The states of enrollments that are shown with a person unless others are asked for."""


UNCONFIRMED = ("invited", "creation_pending", "rejected")
"""People with nothing but such enrollments show no login and no address."""


def search_term(api: Api, *, blank: bool = False, later: bool = False) -> str | None:
    """`search_term` in lower case. Raises the refusal for one that is too short.

    Parameters:
        blank: whether mere spaces count as a term.
        later: whether the operation gained it after 2023.
    """
    term = (api.later if later else api.params).text("search_term")
    if term is None or not (blank or term.strip()):
        return None
    least = api.settings.min_search_term
    if len(term) < least:
        fault = {"field": "search_term", "code": "invalid", "message": f"{least} or more characters is required"}
        check, why = (
            "search_term is long enough",
            f"`search_term` was sent as {term}: it needs {least} characters or more",
        )
        raise refusals.rest("search_term_short", 400, {"errors": [fault]}, check=check, got=term, diagnosis=why)
    return term.lower()


def kinds(api: Api) -> list[str]:
    """The enrollment types that `enrollment_type` names. Raises the refusal for an unknown one."""
    found = []
    for name in api.params.texts("enrollment_type"):
        kind = (
            "".join(word[:1].upper() + word[1:] for word in name.removesuffix("Enrollment").split("_")) + "Enrollment"
        )
        if kind not in KINDS:
            body = {"status": "bad_request", "message": f"Invalid enrollment type: {name}"}
            raise refusals.rest("enrollment_type_unknown", 400, body, check="enrollment_type", got=name)
        found.append(kind)
    return found


def matches(api: Api, user: User, term: str, *, sis: bool, email: bool, logins: bool) -> bool:
    """Whether a person fits a search: by name, id, login, and what else the caller may read."""
    if term in user.name.lower() or term == str(user.id):
        return True
    known = people.logins_of(api.store, user)
    if logins and any(term in login.unique_id.lower() for login in known if login.workflow_state == "active"):
        return True
    if sis and any(term in (value or "").lower() for p in known for value in (p.sis_user_id, p.integration_id)):
        return True
    addresses = people.channels_of(api.store, user) if email else []
    return any(term in channel.address.lower() for channel in addresses if channel.type == "email")


def _with_inactive(api: Api, course: Course) -> bool:
    """Whether inactive people are asked for by somebody who may see them."""
    return api.params.flag("include_inactive") and courses.may(api, api.caller, course, "read_as_admin")


def _rows(api: Api, course: Course) -> list[Enrollment]:
    """The enrollments that match the request's filters."""
    wanted = api.params.texts("enrollment_state") or (
        ["active", "invited", "inactive"] if _with_inactive(api, course) else list(states.CURRENT)
    )
    rows = met(api, course, in_states(api, course, ("course", course.id), tuple(wanted)))
    if "test_student" not in api.params.includes and "student_view" not in api.params.texts("enrollment_type"):
        rows = [e for e in rows if e.type != "StudentViewEnrollment"]
    if wanted_sections := set(api.later.words("section_ids")):
        rows = [e for e in rows if str(e.course_section_id) in wanted_sections]
    role_ids, names = api.params.texts("enrollment_role_id"), api.params.texts("enrollment_role")
    if role_ids:
        wanted_roles = {known_role(api, reference) for reference in role_ids}
        return [e for e in rows if e.role_id in wanted_roles]
    if names:
        if not {role.name for role in api.store.roles}.issuperset(names):
            raise refusals.crashed("no role has that name", names)
        return [e for e in rows if roles.role_name(api, e) in names]
    of = kinds(api)
    return [e for e in rows if e.type in of] if of else rows


def known_role(api: Api, reference: str) -> int:
    """The id of the role that a filter names. Raises the refusal for an unknown one."""
    role = api.store.roles.get(identifiers.local_number(reference))
    if role is None:
        raise refusals.crashed("no role has that id", reference)
    return role.id


def index(api: Api) -> Any:
    """The people of a course whom the caller may see."""
    course = courses.from_path(api, "read_roster", "view_all_grades", "manage_grades")
    rows = _rows(api, course)
    by_user: dict[int, list[Enrollment]] = {}
    for row in rows:
        by_user.setdefault(row.user_id, []).append(row)
    found = [
        user for user in map(api.store.users.get, by_user) if user is not None and user.workflow_state != "deleted"
    ]
    found = _searched(api, course, found)
    if wanted := api.params.words("user_ids"):
        known = {identifiers.local_number(name) for name in wanted}
        found = [user for user in found if user.id in known]
    if uuids := api.params.texts("user_uuids"):
        found = [user for user in found if user.uuid in uuids]
    found = ordered(api, found, down=False)
    if (limit := api.params.text("limit")) is not None:
        api.params.data.setdefault("per_page", limit)
    _jump(api, found)
    includes = api.params.includes
    pending = (*PENDING, "inactive") if _with_inactive(api, course) else PENDING
    every = in_states(api, course, ("course", course.id), tuple(api.params.texts("enrollment_state") or pending))
    if "enrollments" in includes:
        by_user = {user.id: [] for user in found}
        for row in every:
            by_user.setdefault(row.user_id, []).append(row)
    return paged(api, found, lambda user: person(api, user, course, includes, by_user[user.id]), counted=False)


def _searched(api: Api, course: Course, found: list[User]) -> list[User]:
    term = search_term(api)
    return found if term is None else searched(api, course, found, term)


def searched(api: Api, context: Course | Account, found: list[User], term: str) -> list[User]:
    """The people who match a search in a course or an account, by what the caller may read there."""
    sis = shapes.context_allows(api, context, "read_sis", "manage_sis")
    email = shapes.context_allows(api, context, "read_email_addresses")
    logins = shapes.context_allows(api, context, "view_user_logins", "manage_user_logins")
    return [user for user in found if matches(api, user, term, sis=sis, email=email, logins=logins)]


def ordered(api: Api, found: list[User], *, down: bool | None = None) -> list[User]:
    """People in the order given by `sort` and, unless `down` is set, `order`."""
    by = api.params.text("sort")
    down = api.params.text("order") == "desc" if down is None else down
    places = api.store.derived("people by name", ("users",), lambda: _by_name(api))
    found = sorted(found, key=lambda user: places[user.id], reverse=down and by == "username")
    if by not in SORTED:
        return found
    values = {user.id: SORTED[by](api, user) for user in found}
    known = [user for user in found if values[user.id] is not None]
    unknown = [user for user in found if values[user.id] is None]
    if down:
        known.sort(key=lambda user: user.id, reverse=True)
        unknown.sort(key=lambda user: user.id, reverse=True)
    return sorted(known, key=lambda user: values[user.id], reverse=down) + unknown


def _of_login(name: str) -> Callable[[Api, User], str | None]:
    """A column of a person's login; None for people without one."""
    return lambda api, user: getattr(people.login_of(api.store, user), name, None)


SORTED: dict[str | None, Callable[[Api, User], Any]] = {
    "email": lambda api, user: people.email_of(api.store, user),
    "sis_id": _of_login("sis_user_id"),
    "integration_id": _of_login("integration_id"),
    "last_login": shapes.last_login,
}
"""What people are sorted by other than their names; those without it come last in either direction."""


def _by_name(api: Api) -> dict[int, int]:
    """The sort key of everybody by name."""
    every = sorted(api.store.users, key=lambda user: (people.sortable_name(user).lower(), user.id))
    return {user.id: place for place, user in enumerate(every)}


def _jump(api: Api, found: list[User]) -> None:
    """The page with `user_id`."""
    number = identifiers.local_number(api.params.text("user_id") or "")
    place = next((i for i, user in enumerate(found) if user.id == number), None)
    if place is not None:
        api.params.data["page"] = str(place // per_page(api) + 1)


def person(api: Api, user: User, course: Course, includes: set[str], own: list[Enrollment]) -> Json:
    """A user in a list of a course's people, with the requested includes. `own`: their enrollments there."""
    body = shapes.person(api, user, course, includes)
    rows = api.store.enrollments.find("user", user.id)
    if all(e.workflow_state in UNCONFIRMED for e in (own if "enrollments" in includes else _in(course, rows))):
        for name in ("login_id", "sis_import_id", "email"):
            body.pop(name, None)
    elif courses.may(api, api.caller, course, "read_email_addresses"):
        body["email"] = people.email_of(api.store, user)
    return body | _included(api, user, course, includes, own)


def _in(course: Course, rows: Iterable[Enrollment]) -> list[Enrollment]:
    return [e for e in rows if e.course_id == course.id]


def _included(api: Api, user: User, course: Course, includes: set[str], own: list[Enrollment]) -> Json:
    body: Json = {}
    if "enrollments" in includes:
        body["enrollments"] = [_enrollment(api, e, course, includes) for e in own]
    if "sections" in includes:
        rows = own if "enrollments" in includes else api.store.enrollments.find("user", user.id)
        living = [e for e in rows if e.workflow_state != "deleted"]
        found = {e.course_section_id: None for e in living}
        names = [section.name for section in map(api.store.course_sections.get, found) if section is not None]
        body["sections"] = ", ".join(names)
    if "custom_links" in includes:
        body["custom_links"] = []
    if "lti_id" in includes:
        body["lti_id"] = user.lti_user_id or None
    if "permissions" in includes:
        body["permissions"] = shapes.own_permissions(api, user)
    if "first_name" in includes:
        body["first_name"] = people.name_parts(user.name)[0]
    if "last_name" in includes:
        body["last_name"] = people.name_parts(user.name)[1]
    return body


def _enrollment(api: Api, record: Enrollment, course: Course, includes: set[str]) -> Json:
    body = enrollment_shapes.enrollment(api, record, course)
    if _sections_hidden(api, course):
        body.pop("course_section_id", None)
    return body | {"locked": enrolling.locked(api, record, course)} if "locked" in includes else body


def _sections_hidden(api: Api, course: Course) -> bool:
    """Whether a list of people keeps their sections from the caller, who only studies in the course."""
    if "id" in api.call.path_params or not course.settings.get("hide_sections_on_course_users_page"):
        return False
    rows = _in(course, api.store.enrollments.find("user", api.caller.id)) if api.caller is not None else []
    own = [e for e in rows if e.workflow_state != "deleted"]
    parts = [s for s in api.store.course_sections.find("course", course.id) if s.workflow_state == "active"]
    return len(parts) > 1 and bool(own) and all(e.type in states.STUDENTS for e in own)


def show(api: Api) -> Any:
    """One person of a course, even with concluded, inactive or rejected enrollments only.

    Source: canvas-lms app/controllers/courses_controller.rb, user (2023-06).
    """
    course = courses.from_path(api, "read_roster")
    user = identifiers.user(api, api.slot("id"))
    rows = met(api, course, api.store.enrollments.find("course", course.id))
    rows = [e for e in rows if e.user_id == user.id and e.workflow_state != "deleted"]
    if not rows:
        raise refusals.not_found("the person in the course", user.id)
    includes = api.params.includes
    current = [e for e in rows if e.workflow_state in PENDING]
    return shapes.person(api, user, course, includes) | _included(api, user, course, includes, current)


def students(api: Api) -> Any:
    """The students of a course, all on one page."""
    course = courses.from_path(api, "read_roster")
    ids = course_shapes.students_of(api, course)
    found = [user for user in map(api.store.users.get, ids) if user is not None]
    return [shapes.person(api, user, course) for user in ordered(api, found)]


def recent(api: Api) -> Any:
    """The students of a course, also those who have left it, most recent sign-in first."""
    course = courses.from_path(api, "read_reports")
    rows = api.store.enrollments.find("course", course.id)
    ids = {e.user_id for e in rows if e.type == "StudentEnrollment" and e.workflow_state != "deleted"}
    found = [user for user in map(api.store.users.get, ids) if user is not None]

    def last(user: User) -> datetime | None:
        times = (login.current_login_at for login in people.logins_of(api.store, user))
        return max((moment for moment in times if moment is not None), default=None)

    def shape(user: User) -> Any:
        return shapes.person(api, user, course) | {"last_login": when(last(user))}

    found.sort(key=lambda user: (-moment.timestamp() if (moment := last(user)) is not None else 0.0, -user.id))
    return paged(api, found, shape)


COURSE = "/api/v1/courses/{course_id}"
ROUTES: tuple[Route, ...] = rest(
    "courses",
    SOURCE,
    (f"GET {COURSE}/users", index, "People of a course"),
    (f"GET {COURSE}/search_users", index, "People of a course"),
    (f"GET {COURSE}/users/{{id}}", show, "One person of a course"),
    (f"GET {COURSE}/students", students, "Students of a course"),
    (f"GET {COURSE}/recent_students", recent, "Recently signed-in students"),
)
