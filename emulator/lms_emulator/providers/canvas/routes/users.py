"""REST: people, as they see themselves and as admins see them."""

from __future__ import annotations

from typing import Any

import msgspec

from lms_emulator.core.http.routing import Route
from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call import identifiers
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.call.moments import rails_name, zone
from lms_emulator.providers.canvas.model import Account, CommunicationChannel, User
from lms_emulator.providers.canvas.paging import paged
from lms_emulator.providers.canvas.routes import rosters
from lms_emulator.providers.canvas.routes.declare import RECORDED, rest
from lms_emulator.providers.canvas.rules import courses, people, registering
from lms_emulator.providers.canvas.rules.permissions import account_allows, chain, require_account, root_of
from lms_emulator.providers.canvas.shapes import people as shapes

SOURCE = f"{RECORDED}/people-users.jsonl 2, 4; canvas-lms app/controllers/users_controller.rb"
replace = msgspec.structs.replace
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


def index(api: Api) -> Any:
    """The people of an account."""
    account = identifiers.account(api, api.slot("account_id"))
    require_account(api, account, "read_roster")
    found = [user for user in api.store.users if _belongs(api, user, account)]
    if (of := rosters.kinds(api)) or api.params.has("role_filter_id"):
        found = [user for user in found if _enrolled(api, user, of)]
    if (term := rosters.search_term(api)) is not None:
        sis = account_allows(api, api.caller, account, "read_sis")
        mail = account_allows(api, api.caller, account, "read_email_addresses")
        found = [u for u in found if rosters.matches(api, u, term, sis=sis, email=mail, logins=True)]
    includes = api.params.includes
    if api.params.text("sort") == "last_login":
        includes = includes | {"last_login"}
    found = rosters.ordered(api, found)
    path = f"/api/v1/accounts/{account.id}/users"
    return paged(api, found, lambda user: shapes.person(api, user, account, includes), path=path, counted=False)


def _belongs(api: Api, user: User, account: Account) -> bool:
    if user.workflow_state == "deleted" or not people.logins_of(api.store, user):
        return False
    return any(account in chain(api.store, one.id) for one in accounts_with(api, user))


def _enrolled(api: Api, user: User, of: list[str]) -> bool:
    role = api.params.text("role_filter_id")
    if role is not None and api.store.roles.get(identifiers.local_number(role)) is None:
        raise refusals.crashed("there is no role of that id", role)
    rows = [e for e in api.store.enrollments.find("user", user.id) if e.workflow_state not in ("deleted", "rejected")]
    return any((not of or e.type in of) and role in (None, str(e.role_id)) for e in rows)


def create(api: Api) -> Any:
    """Make a person with a login."""
    account = identifiers.account(api, api.slot("account_id"))
    if not api.check("manage_user_logins", account_allows(api, api.caller, account, "manage_user_logins")):
        raise refusals.rest("user_refused", 403, {}, check="manage_user_logins")
    root = root_of(api.store, account.id)
    user = registering.register(api, root)
    body = {**shapes.person(api, user, root), "locale": user.locale}
    if api.params.has("user", "terms_of_use"):
        body["terms_of_use"] = api.params.flag("user", "terms_of_use")
    channel = next(iter(people.channels_of(api.store, user)), None)
    if api.params.flag("communication_channel", "confirmation_url") and channel is not None:
        body["confirmation_url"] = api.url(f"/register/{channel.confirmation_code}")
    return body


OWN = {"name", "short_name", "sortable_name", "terms_of_use", "avatar"}
MANAGED = OWN | {"time_zone", "email", "locale", "pronouns", "event", "birthdate"}


def update(api: Api) -> Any:
    """Change a person: the own names, or more for admins."""
    user = identifiers.user(api, api.slot("id"))
    manages = administers_logins(api, user)
    own = api.user.id == user.id
    sent = api.params.hash("user")
    may = MANAGED if manages else OWN if own and shapes.may_rename(api, user) else OWN - set(registering.NAMES)
    if not api.check("may change all that is sent", (own or manages) and set(sent.data) <= may, got=sorted(sent.data)):
        raise api.refused(f"change user {user.id}")
    faults = registering.name_faults(sent)
    if faults:
        raise refusals.invalid(faults)
    changed = api.store.users.put(replace(user, updated_at=api.now, **_changes(api, user)))
    if email := sent.text("email"):
        _first_address(api, changed, email)
    if own:
        api.caller = changed
    return _updated(api, changed, manages)


def administers_logins(api: Api, user: User) -> bool:
    """Whether the caller manages the logins of an account that the person belongs to."""
    return any(account_allows(api, api.caller, one, "manage_user_logins") for one in accounts_with(api, user))


def _changes(api: Api, user: User) -> dict[str, Any]:
    sent = api.params.hash("user")
    found: dict[str, Any] = {}
    if sent.has("name"):
        found["name"] = sent.text("name") or ""
        if user.sortable_name is not None and people.is_fallback_of(user.name, user.sortable_name):
            found["sortable_name"] = None
    if sent.has("short_name"):
        found["short_name"] = sent.text("short_name") or None
    if sent.has("sortable_name"):
        found["sortable_name"] = sent.text("sortable_name") or None
    if sent.has("time_zone"):
        chosen = sent.text("time_zone") or ""
        if not chosen or zone(chosen) is not None:
            found["time_zone"] = rails_name(chosen) if chosen else None
    if sent.has("locale"):
        locale = sent.text("locale") or None
        if locale is None or locale in registering.LOCALES:
            found["locale"] = locale
    return found


def _first_address(api: Api, user: User, address: str) -> None:
    if not registering.EMAIL.fullmatch(address):
        body = {"errors": [{"field": "email", "message": None, "error_code": "invalid"}]}
        raise refusals.rest("email_invalid", 422, body, check="email is an address", got=address)
    known = people.channels_of(api.store, user)
    same = next((c for c in known if c.address.lower() == address.lower()), None)
    for place, channel in enumerate((c for c in known if c is not same), start=2):
        api.store.communication_channels.put(replace(channel, position=place))
    first = same or CommunicationChannel(
        id=api.new_id("communication_channels"),
        user_id=user.id,
        address=address,
        workflow_state="unconfirmed",
        created_at=api.now,
    )
    api.store.communication_channels.put(replace(first, position=1))


def _updated(api: Api, user: User, manages: bool) -> Any:
    body = shapes.person(api, user, api.root)
    if shapes.avatars_on(api):
        body["avatar_url"] = shapes.avatar_url(api, user)
    body["locale"] = user.locale
    body["time_zone"] = shapes.zone_of(user)
    if manages:
        body["email"] = people.email_of(api.store, user)
        if shapes.avatars_on(api):
            body["avatar_state"] = user.avatar_state
    return body


ROUTES: tuple[Route, ...] = (
    *rest(
        "users",
        SOURCE,
        ("GET /api/v1/users/{id}", show, "A person"),
        ("PUT /api/v1/users/{id}", update, "Change a person"),
        ("GET /api/v1/accounts/{account_id}/users", index, "People of an account"),
        ("POST /api/v1/accounts/{account_id}/users", create, "Make a person"),
    ),
    *rest("users", PROFILE, ("GET /api/v1/users/{user_id}/profile", profile, "A profile")),
)
