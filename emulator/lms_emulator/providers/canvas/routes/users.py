"""REST: people, as they see themselves and as admins see them."""

from __future__ import annotations

from typing import Any

from lms_emulator.core.http.routing import Route
from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call import identifiers
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.model import User
from lms_emulator.providers.canvas.routes.declare import RECORDED, rest
from lms_emulator.providers.canvas.rules import courses, people
from lms_emulator.providers.canvas.rules.permissions import account_allows
from lms_emulator.providers.canvas.shapes import people as shapes

SOURCE = f"{RECORDED}/people-users.jsonl 2, 4; canvas-lms app/controllers/users_controller.rb"
PROFILE = f"{RECORDED}/people-users.jsonl 85; canvas-lms app/controllers/profile_controller.rb"


def administers(api: Api, user: User) -> bool:
    """Whether the caller may manage the person in one of the accounts that the person belongs to."""
    return any(
        account_allows(api, api.caller, account, permission)
        for account in accounts_with(api, user)
        for permission in ("manage_user_logins", "read_roster")
    )


def accounts_with(api: Api, user: User) -> list[Any]:
    """The accounts that a person belongs to, by a login, an administrative role or a course."""
    ids = {login.account_id: None for login in people.logins_of(api.store, user)}
    ids |= {admin.account_id: None for admin in api.store.account_users.find("user", user.id)}
    for enrollment in api.store.enrollments.find("user", user.id):
        course = api.store.courses.get(enrollment.course_id)
        if course is not None and enrollment.workflow_state not in ("deleted", "rejected"):
            ids[course.account_id] = None
    return [account for account in map(api.store.accounts.get, ids) if account is not None]


def readable(api: Api) -> User:
    """The person in the path: oneself, or somebody the caller administers. Raises the refusal `not_found`."""
    name = "id" if "id" in api.x.path_params else "user_id"
    user = identifiers.user(api, api.slot(name))
    own = api.caller is not None and api.caller.id == user.id
    if not api.check("may see the person", own or administers(api, user), got=user.id):
        raise refusals.not_found("the user", api.slot(name))
    return user


def show(api: Api) -> Any:
    """The person, more of oneself."""
    return shapes.whole(api, readable(api), api.params.includes)


def profile(api: Api) -> Any:
    """With e-mail, login and LTI id."""
    user = identifiers.user(api, api.slot("user_id"))
    own = api.user.id == user.id
    staff = [c for c in shared_courses(api, user) if courses.may(api, api.caller, c, "read_reports", "manage_students")]
    if not api.check("may see the profile", own or bool(staff) or administers(api, user), got=user.id):
        raise api.refused(f"profile of user {user.id}")
    email = own or administers(api, user) or any(courses.may(api, api.caller, c, "read_email_addresses") for c in staff)
    return shapes.profile(api, user, email=email)


def shared_courses(api: Api, user: User) -> list[Any]:
    """The courses in which a person takes part."""
    living = (e for e in api.store.enrollments.find("user", user.id) if e.workflow_state not in ("deleted", "rejected"))
    found = {e.course_id: api.store.courses.get(e.course_id) for e in living}
    return [course for course in found.values() if course is not None and course.workflow_state != "deleted"]


ROUTES: tuple[Route, ...] = (
    *rest("users", SOURCE, ("GET /api/v1/users/{id}", show, "A person")),
    *rest("users", PROFILE, ("GET /api/v1/users/{user_id}/profile", profile, "A profile")),
)
