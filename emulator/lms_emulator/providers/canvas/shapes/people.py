"""People, their profiles, logins and addresses as Canvas's JSON.

Fields: canvas-lms lib/api/v1/user.rb, user_json and lib/api/v1/user_profile.rb (2023-06), and the recorded exchanges.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.call.moments import iana_name, rails_name, stamp, when
from lms_emulator.providers.canvas.model import Account, CommunicationChannel, Course, Pseudonym, User
from lms_emulator.providers.canvas.rules import belonging, contexts, courses, features, groups, past_ids, people
from lms_emulator.providers.canvas.rules.permissions import account_allows
from lms_emulator.providers.canvas.shapes import Json

NO_AVATAR = "/images/messages/avatar-50.png"
UNUSED = (
    "avatar_image_source",
    "avatar_image_updated_at",
    "school_name",
    "school_position",
    "storage_quota",
    "visible_inbox_types",
    "last_user_note",
    "subscribe_to_emails",
    "public",
    "crocodoc_id",
    "last_logged_out",
    "turnitin_id",
)
"""Columns of a person's row that nothing here fills."""
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
Context = Course | Account


def base36(number: int) -> str:
    """A number in base 36, as anonymous ids are written."""
    text = ""
    while number:
        number, digit = divmod(number, 36)
        text = _DIGITS[digit] + text
    return text or "0"


def avatars_on(api: Api) -> bool:
    """Whether the school shows pictures of people."""
    return "avatars" in api.root.services


def avatar_url(api: Api, user: User) -> str:
    """The URL of a person's picture, whatever its state."""
    return picture_for_tools(api, user) if avatars_on(api) else api.url(NO_AVATAR)


def picture_for_tools(api: Api, user: User) -> str:
    """The URL of a person's picture in LTI launches: the school's setting does not count (canvas-lms user.rb,
    avatar_url)."""
    return user.avatar_image_url or api.url(NO_AVATAR)


def display(api: Api, user: User, within: Course | contexts.Context | None = None) -> Json:
    """A person within another object, which may belong to a course or another context."""
    where = f"/courses/{within.id}" if isinstance(within, Course) else within.path if within is not None else ""
    own = within is None and api.caller is not None and api.caller.id == user.id
    place = f"/about/{user.id}" if own else f"{where}/users/{user.id}"
    body: Json = {
        "id": user.id,
        "anonymous_id": base36(user.id),
        "display_name": people.short_name(user),
        "avatar_image_url": avatar_url(api, user),
        "html_url": api.url(place),
        "pronouns": user.pronouns,
    }
    tests = any(e.type == "StudentViewEnrollment" for e in api.store.enrollments.find("user", user.id))
    return {**body, "fake_student": True} if tests else body


def brief(api: Api, user: User) -> Json:
    """The five keys that everybody can see, and the pronouns if there are any."""
    body: Json = {
        "id": user.id,
        "name": user.name,
        "created_at": stamp(user.created_at, api.zone),
        "sortable_name": people.sortable_name(user),
        "short_name": people.short_name(user),
    }
    return body if user.pronouns is None else {**body, "pronouns": user.pronouns}


def context_allows(api: Api, context: Context, *permissions: str) -> bool:
    """Whether the caller has one of the permissions in a course or an account."""
    if isinstance(context, Course):
        return courses.may(api, api.caller, context, *permissions)
    return any(account_allows(api, api.caller, context, permission) for permission in permissions)


def _held(api: Api, context: Context, *permissions: str) -> Collection[str]:
    """The permissions, of those given, that the caller has in a course or an account; in a course, among all rights."""
    if isinstance(context, Course):
        return courses.rights(api, api.caller, context)
    return [permission for permission in permissions if account_allows(api, api.caller, context, permission)]


def _sis_fields(api: Api, user: User, context: Context, sis_of: Context, own_login: bool) -> Json:
    login = people.login_of(api.store, user)
    body: Json = {}
    if login is None:
        return body
    held = _held(api, sis_of, "read_sis", "manage_sis")
    if "read_sis" in held or "manage_sis" in held:
        body["sis_user_id"] = login.sis_user_id
        body["integration_id"] = login.integration_id
    if "manage_sis" in held:
        body["sis_import_id"] = login.sis_batch_id
    if own_login or context_allows(api, context, "view_user_logins", "manage_user_logins"):
        body["login_id"] = login.unique_id
    return body


def person(
    api: Api,
    user: User,
    context: Context,
    includes: Collection[str] = (),
    *,
    sis_of: Context | None = None,
    own_login: bool = False,
    identified: bool = True,
) -> Json:
    """A person as the caller may see them in a course or an account.

    Parameters: `sis_of`, where the right to read SIS ids counts, by default `context`; `own_login`, whether
    every caller gets the login; `identified`, whether there are login and SIS ids at all, which Canvas
    leaves out where the path names neither a course nor an account.
    """
    body = brief(api, user)
    if identified:
        body |= _sis_fields(api, user, context, sis_of or context, own_login)
    if "avatar_url" in includes and avatars_on(api):
        body["avatar_url"] = avatar_url(api, user)
    if "email" in includes and context_allows(api, context, "read_email_addresses"):
        body["email"] = people.email_of(api.store, user)
    if "bio" in includes and api.root.settings.get("enable_profiles"):
        body["bio"] = user.bio
    if "last_login" in includes:
        body["last_login"] = when(last_login(api, user), api.zone)
    if "time_zone" in includes:
        body["time_zone"] = zone_of(user)
    if "uuid" in includes:
        known = past_ids.as_known(api.store, user, context)
        body |= ({"past_uuid": known.uuid} if known.uuid != user.uuid else {}) | {"uuid": user.uuid}
    if "locale" in includes:
        body["locale"] = user.locale
    if "group_ids" in includes and isinstance(context, Course):
        body["group_ids"] = groups.ids_within(api, context, user)
    if (
        "avatar_state" in includes
        and avatars_on(api)
        and isinstance(context, Account)
        and context_allows(api, context, "manage_user_logins")
    ):
        body["avatar_state"] = user.avatar_state
    return body


def zone_of(user: User) -> str:
    """Rails' name of the person's time zone."""
    return rails_name(user.time_zone) if user.time_zone else "UTC"


def last_login(api: Api, user: User) -> datetime | None:
    """When the person last signed in, over all logins."""
    times = [login.last_login_at for login in people.logins_of(api.store, user) if login.last_login_at is not None]
    return max(times, default=None)


def whole(api: Api, user: User, includes: Collection[str] = ()) -> Json:
    """A person as `GET /users/:id` shows them."""
    kept = [name for name in ("uuid", "last_login", "avatar_state") if name in includes]
    body = person(api, user, api.root, kept)
    if avatars_on(api):
        body["avatar_url"] = avatar_url(api, user)
    if account_allows(api, api.caller, api.root, "read_email_addresses") and people.logins_of(api.store, user):
        body["email"] = people.email_of(api.store, user)
    if api.settings.first_and_last_names:
        body["first_name"], body["last_name"], _ = people.name_parts(user.name)
    body["locale"] = user.locale
    if api.caller is not None and api.caller.id == user.id:
        body["effective_locale"] = people.effective_locale(user)
    body["permissions"] = own_permissions(api, user)
    return body


def own_permissions(api: Api, user: User) -> Json:
    """What may be changed of a person."""
    return {
        "can_update_name": belonging.may_oneself(api, user, "users_can_edit_name"),
        "can_update_avatar": avatars_on(api) and user.avatar_state != "locked",
        "limit_parent_app_web_access": False,
    }


def may_rename(api: Api, user: User) -> bool:
    """Whether the caller may change the person's names."""
    if account_allows(api, api.caller, api.root, "manage_user_logins"):
        return True
    own = api.caller is not None and api.caller.id == user.id
    return own and belonging.may_oneself(api, user, "users_can_edit_name")


def profile(api: Api, user: User, *, email: bool) -> Json:
    """A person as `GET /users/:id/profile` shows them."""
    own = api.caller is not None and api.caller.id == user.id
    login = people.login_of(api.store, user)
    body: Json = {
        "id": user.id,
        "name": user.name,
        "short_name": people.short_name(user),
        "sortable_name": people.sortable_name(user),
    }
    if avatars_on(api):
        body["avatar_url"] = avatar_url(api, user)
    if user.pronouns is not None:
        body["pronouns"] = user.pronouns
    body |= {"title": user.title, "bio": user.bio}
    if email:
        body["primary_email"] = people.email_of(api.store, user)
    if account_allows(api, api.caller, api.root, "read_sis"):
        body["sis_user_id"] = login.sis_user_id if login is not None else None
    body["login_id"] = login.unique_id if login is not None else None
    body["integration_id"] = login.integration_id if login is not None else None
    body["time_zone"] = iana_name(user.time_zone or api.root.default_time_zone or "UTC")
    body["locale"] = user.locale
    if own:
        body["effective_locale"] = people.effective_locale(user)
        body["calendar"] = {"ics": api.url(f"/feeds/calendars/user_{user.uuid}.ics")}
        if user.lti_user_id:
            body["lti_user_id"] = user.lti_user_id
        body["k5_user"] = False
        body["use_classic_font_in_k5"] = False
    return body


def login(api: Api, record: Pseudonym) -> Json:
    """A login."""
    body: Json = {
        "id": record.id,
        "user_id": record.user_id,
        "account_id": record.account_id,
        "workflow_state": record.workflow_state,
        "unique_id": record.unique_id,
        "created_at": stamp(record.created_at),
    }
    account = api.store.accounts.get(record.account_id)
    if account is not None and account_allows(api, api.caller, account, "manage_sis"):
        body["sis_user_id"] = record.sis_user_id
        body["integration_id"] = record.integration_id
    body["authentication_provider_id"] = record.authentication_provider_id
    body["declared_user_type"] = record.declared_user_type
    provider = api.store.authentication_providers.get(record.authentication_provider_id or 0)
    if provider is not None:
        body["authentication_provider_type"] = provider.auth_type
    return body


def channel(api: Api, record: CommunicationChannel) -> Json:
    """An address of a person, with its bounces for site admins."""
    body: Json = {
        "id": record.id,
        "address": record.address,
        "type": record.type,
        "position": record.position,
        "user_id": record.user_id,
        "workflow_state": record.workflow_state,
        "created_at": stamp(record.created_at),
    }
    if not features.sees_hidden(api):
        return body
    return body | {
        "last_bounce_at": when(record.last_bounce_at),
        "last_bounce_summary": record.last_bounce_summary,
        **dict.fromkeys(("last_suppression_bounce_at", "last_transient_bounce_at", "last_transient_bounce_summary")),
    }


def row(user: User) -> Json:
    """A person as a database row."""
    kept = ("id", "name", "time_zone", "deleted_at", "avatar_state", "locale", "browser_locale", "lti_id", "pronouns")
    body: Json = {name: getattr(user, name) for name in kept} | dict.fromkeys(UNUSED)
    return body | {
        "sortable_name": people.sortable_name(user),
        "short_name": people.short_name(user),
        "workflow_state": user.workflow_state,
        "created_at": when(user.created_at),
        "updated_at": when(user.updated_at or user.created_at),
        "deleted_at": when(user.deleted_at),
        "avatar_image_url": user.avatar_image_url,
        "show_user_services": True,
        "page_views_count": 0,
        "reminder_time_for_due_dates": 172800,
        "reminder_time_for_grading": 0,
        "preferences": user.preferences,
        "unread_conversations_count": 0,
        "stuck_sis_fields": user.stuck_sis_fields,
        "initial_enrollment_type": user.initial_enrollment_type,
        "lti_context_id": user.lti_user_id or None,
        "merged_into_user_id": user.merged_into_user_id,
    }
