"""REST: people, as they see themselves and as admins see them."""

from __future__ import annotations

from collections.abc import Container
from typing import Any
from urllib.parse import parse_qsl, urlencode

from msgspec.structs import replace

from lms_emulator.core.http.routing import Route
from lms_emulator.core.http.urls import parts_of
from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call import identifiers
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.credentials import session_tokens
from lms_emulator.providers.canvas.model import Account, CommunicationChannel, Course, Pseudonym, User
from lms_emulator.providers.canvas.paging import paged
from lms_emulator.providers.canvas.routes import rosters
from lms_emulator.providers.canvas.routes.declare import RECORDED, rest
from lms_emulator.providers.canvas.rules import avatars, belonging, courses, people, registering
from lms_emulator.providers.canvas.rules.belonging import administered, belongs
from lms_emulator.providers.canvas.rules.permissions import account_allows, account_from_path, root_of
from lms_emulator.providers.canvas.shapes import people as shapes

SOURCE = f"{RECORDED}/people-users.jsonl 2, 4; canvas-lms app/controllers/users_controller.rb"
PROFILE = f"{RECORDED}/people-users.jsonl 85; canvas-lms app/controllers/profile_controller.rb"


def administers(api: Api, user: User) -> bool:
    """Whether the caller may manage the person in one of the accounts that the person belongs to."""
    return administered(api, user, "manage_user_logins", "read_roster")


def readable(api: Api) -> User:
    """The person in the path: oneself, or a user the caller administers. Raises the refusal `not_found`."""
    name = "id" if "id" in api.call.path_params else "user_id"
    user = identifiers.user(api, api.slot(name))
    own = api.caller is not None and api.caller.id == user.id
    if not api.check("may see the person", own or administers(api, user), got=user.id):
        raise refusals.not_found("the user", api.slot(name))
    return user


def show(api: Api) -> Any:
    """The person, with more detail for oneself. The state of their picture is for their admins."""
    user, includes = readable(api), api.params.includes
    return shapes.whole(api, user, includes if belonging.manages(api, user) else includes - {"avatar_state"})


def profile(api: Api) -> Any:
    """With e-mail, login and LTI id."""
    caller = api.user
    user = identifiers.user(api, api.slot("user_id"))
    own = caller.id == user.id
    shared = shared_courses(api, user)
    staff = any(_instructs(api, course) or courses.may(api, caller, course, "read_reports") for course in shared)
    allowed = own or staff or administered(api, user, "manage_students", "manage_user_logins")
    if not api.check("may see the profile", allowed, got=user.id):
        raise api.refused(f"profile of user {user.id}")
    email = own or administered(api, user, "read_email_addresses")
    email = email or any(courses.may(api, caller, course, "read_email_addresses") for course in shared)
    more = {"uuid": user.uuid, "links": [], "user_services": []}
    shown = {name: value for name, value in more.items() if name in api.params.includes}
    return shapes.profile(api, user, email=email) | shown


def _instructs(api: Api, course: Course) -> bool:
    rows = courses.enrollments_of(api, api.user, course)
    return any(e.type in ("TeacherEnrollment", "TaEnrollment") and state.name == "active" for e, state in rows)


def shared_courses(api: Api, user: User) -> list[Any]:
    """The courses that a user takes part in."""
    living = (e for e in api.store.enrollments.find("user", user.id) if e.workflow_state not in ("deleted", "rejected"))
    found = {e.course_id: api.store.courses.get(e.course_id) for e in living}
    return [course for course in found.values() if course is not None and course.workflow_state != "deleted"]


LISTED = {"avatar_url", "email", "last_login", "time_zone", "uuid"}
"""What a list of an account's people includes."""
MOST_UUIDS = 100
"""How many of `uuids` are looked at."""


def index(api: Api) -> Any:
    """The people of an account."""
    account = account_from_path(api, "read_roster")
    found = [user for user in api.store.users if belongs(api, user, account)]
    if api.later.flag("include_deleted_users"):
        deleted_ids = {login.user_id for login in api.store.pseudonyms if _deleted_in(login, account)}
        found += [user for user in api.store.users if user.id in deleted_ids and user not in found]
    if uuids := set(api.later.texts("uuids")[:MOST_UUIDS]):
        found = [user for user in found if user.uuid in uuids]
    term = rosters.search_term(api)
    roles = {rosters.known_role(api, reference) for reference in api.params.texts("role_filter_id")}
    if roles:
        found = [user for user in found if _enrolled(api, user, ("rejected", "inactive", "deleted"), role_id=roles)]
    elif of := rosters.kinds(api):
        found = [user for user in found if _enrolled(api, user, ("deleted",), type=of)]
    if term is not None:
        found = rosters.searched(api, account, found, term)
    if isinstance(said := api.params.get("include"), str):
        raise refusals.crashed("`include` is not a list", said)
    includes = api.params.includes & LISTED
    if api.params.text("sort") == "last_login":
        includes = includes | {"last_login"}
    found = rosters.ordered(api, found)
    path = f"/api/v1/accounts/{account.id}/users"
    counted = "ui_invoked" in api.params.includes
    return paged(api, found, lambda user: shapes.person(api, user, account, includes), path=path, counted=counted)


def _deleted_in(login: Pseudonym, account: Account) -> bool:
    return login.account_id == account.id and login.workflow_state == "deleted"


def _enrolled(api: Api, user: User, without: tuple[str, ...], **wanted: Container[Any]) -> bool:
    rows = [e for e in api.store.enrollments.find("user", user.id) if e.workflow_state not in without]
    return any(all(getattr(e, name) in values for name, values in wanted.items()) for e in rows)


def create(api: Api) -> Any:
    """Create a person with a login: as an admin, or by self-registration if the school allows it."""
    root = root_of(api.store, identifiers.account(api, api.slot("account_id")).id)
    user = registering.register(api, root)
    body = {**shapes.person(api, user, root), "locale": user.locale}
    if api.params.has("user", "terms_of_use"):
        body["terms_of_use"] = api.params.flag("user", "terms_of_use")
    address = api.params.hash("communication_channel")
    wanted = address.flag("confirmation_url") and (address.text("type") or "email") == "email"
    if wanted and account_allows(api, api.caller, root, "manage_students"):
        channel = next((row for row in people.channels_of(api.store, user) if row.type == "email"), None)
        code = channel.confirmation_code if channel is not None else None
        body["confirmation_url"] = api.url(f"/register/{code}") if code is not None else None
    return body | _onward(api, user)


def _onward(api: Api, user: User) -> dict[str, str]:
    """The requested destination on this site, with a token that signs the new person in, if they have a password."""
    parts = parts_of(api.params.text("destination") or "")
    login = people.login_of(api.store, user)
    if login is None or login.password is None or parts.netloc != api.call.authority:
        return {}
    kept = [pair for pair in parse_qsl(parts.query) if pair[0] != "session_token"]
    query = urlencode([*kept, ("session_token", session_tokens.issue_to_newcomer(api.call, login))])
    return {"destination": parts._replace(query=query).geturl()}


IGNORED = {"avatar", "avatar_image", "birthdate"}
"""Fields that cause no refusal: pictures have a right of their own, the others are ignored."""
MANAGED = {"time_zone", "email", "locale", "pronouns", "event"}
PROFILE_FIELDS = {"title", "bio"}


def update(api: Api) -> Any:
    """Change a person: one's own names, or more as an admin."""
    user = identifiers.user(api, api.slot("id"))
    own = api.user.id == user.id
    manages = belonging.manages(api, user)
    sent = api.params.hash("user")
    may = _may_set(api, user, own, manages)
    if not api.check("may change all that is sent", (own or manages) and set(sent.data) <= may, got=sorted(sent.data)):
        beyond = sorted(set(sent.data) - may)
        why = f"the caller may not change `user[{beyond[0]}]`" if beyond and (own or manages) else None
        raise api.refused(f"change user {user.id}", why=why)
    faults = registering.name_faults(sent)
    if faults:
        raise refusals.invalid(faults)
    changed = api.store.users.put(replace(user, updated_at=api.now, **_changes(api, user, manages)))
    if not own and (event := sent.text("event")) in ("suspend", "unsuspend"):
        for login in filter(lambda row: belonging.deletes_login(api, row), people.logins_of(api.store, user)):
            state: Any = "suspended" if event == "suspend" else "active"
            api.store.pseudonyms.put(replace(login, workflow_state=state))
    if email := sent.text("email"):
        _first_address(api, changed, email)
    if own:
        api.caller = changed
    body = _updated(api, changed, manages)
    return body | {name: getattr(changed, name) for name in PROFILE_FIELDS if sent.text(name) is not None}


def _may_set(api: Api, user: User, own: bool, manages: bool) -> set[str]:
    """Which fields of a person the caller may set."""
    said = api.root.settings
    alone = api.real_user is not None and api.real_user.id == user.id
    may = IGNORED | (MANAGED if manages else set()) | ({"terms_of_use"} if alone else set())
    renames = manages or (own and shapes.may_rename(api, user))
    may |= set(registering.NAMES) if renames else set()
    if said.get("enable_profiles"):
        may |= ({"bio"} if manages else set()) | ({"title"} if renames else set())
    return may if said.get("can_change_pronouns", True) else may - {"pronouns"}


def _changes(api: Api, user: User, manages: bool) -> dict[str, Any]:
    sent = api.params.hash("user")
    found = registering.personal(api, user, sent)
    stuck = [name for name in registering.NAMES if name in user.stuck_sis_fields]
    if not api.params.flag("override_sis_stickiness", default=True):
        found = {name: value for name, value in found.items() if name not in stuck}
    elif named := set(found) & set(registering.NAMES) - set(stuck):
        found["stuck_sis_fields"] = sorted({*user.stuck_sis_fields, *named})
    found |= {name: text for name in PROFILE_FIELDS if (text := sent.text(name)) is not None}
    return found | avatars.chosen(api, user, sent.hash("avatar"), moderates=manages)


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
        ("POST /api/v1/accounts/{account_id}/users", create, "Create a user"),
        ("POST /api/v1/accounts/{account_id}/self_registration", create, "Self-registration"),
    ),
    *rest("users", PROFILE, ("GET /api/v1/users/{user_id}/profile", profile, "A profile")),
)
