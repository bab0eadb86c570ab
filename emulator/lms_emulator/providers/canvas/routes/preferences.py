"""REST: users' own settings: colours, dashboard positions, nicknames, favourites."""

from __future__ import annotations

import re
from typing import Any

from lms_emulator.core.http.routing import Route
from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call import identifiers
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.call.params import as_whole
from lms_emulator.providers.canvas.model import Account, Course, CourseSection, User
from lms_emulator.providers.canvas.paging import paged
from lms_emulator.providers.canvas.routes.declare import RECORDED, rest, signed_in
from lms_emulator.providers.canvas.rules import belonging, contexts, courses, people
from lms_emulator.providers.canvas.rules.avatars import choices
from lms_emulator.providers.canvas.shapes import courses as shapes
from lms_emulator.providers.canvas.shapes import files as file_shapes

SOURCE = f"{RECORDED}/people-users.jsonl 222, 232, 253, 265; canvas-lms app/controllers/users_controller.rb"
SETTINGS = (
    "manual_mark_as_read",
    "collapse_global_nav",
    "collapse_course_nav",
    "hide_dashcard_color_overlays",
    "release_notes_badge_disabled",
    "comment_library_suggestions_enabled",
    "elementary_dashboard_disabled",
)
HEX = re.compile(r"#?(?:[0-9a-fA-F]{3}|[0-9a-fA-F]{6})")
ASSETS = {
    "account": "accounts",
    "course": "courses",
    "course_section": "course_sections",
    "group": "groups",
    "user": "users",
}
"""What may have a colour and a position, deleted or not, and its table."""
FARTHEST = 1000
TUTORIALS = (
    "home",
    "modules",
    "pages",
    "assignments",
    "quizzes",
    "settings",
    "files",
    "people",
    "announcements",
    "grades",
    "discussions",
    "syllabus",
    "collaborations",
    "import",
    "conferences",
)
LONGEST_NICKNAME = 59


def person(api: Api) -> User:
    """The user in the path: the caller, or anybody for admins. Raises the refusals `not_found` and `not_authorized`."""
    user = identifiers.user(api, api.slot("user_id"))
    if not api.check("oneself, or an admin", api.user.id == user.id or belonging.manages(api, user), got=user.id):
        raise api.refused(f"preferences of user {user.id}")
    return user


def readable(api: Api) -> User:
    """The user in the path, if the caller may read their data. Raises the refusals of `person`."""
    user = identifiers.user(api, api.slot("user_id"))
    if not api.check("oneself, an observer, or an admin", belonging.may_read(api, user), got=user.id):
        raise api.refused(f"preferences of user {user.id}")
    return user


def settings(api: Api) -> Any:
    """A user's settings."""
    _ = api.user
    user = readable(api)
    return {name: bool(user.preferences.get(name, False)) for name in SETTINGS}


def set_settings(api: Api) -> Any:
    """Change a user's settings."""
    user = person(api)
    sent = {name: api.params.flag(name) for name in SETTINGS if api.params.get(name) is not None}
    user = people.prefer(api, user, **sent)
    return {name: bool(user.preferences.get(name, False)) for name in SETTINGS}


def colors(api: Api) -> Any:
    """A user's custom colours."""
    return {"custom_colors": readable(api).preferences.get("custom_colors", {})}


def color(api: Api) -> Any:
    """A user's custom colour for one asset."""
    found = readable(api).preferences.get("custom_colors", {}).get(api.slot("asset_string"))
    if found is None:
        raise refusals.not_found("the colour", api.slot("asset_string"))
    return {"hexcode": found}


def set_color(api: Api) -> Any:
    """Set a colour for a course or another asset."""
    user, asset = person(api), api.slot("asset_string")
    _asset(api, asset)
    code = api.params.text("hexcode") or ""
    if not HEX.fullmatch(code):
        raise refusals.message(400, "hexcode_invalid", "Invalid Hexcode Provided", got=code)
    code = code if code.startswith("#") else f"#{code}"
    people.prefer(api, user, custom_colors={**user.preferences.get("custom_colors", {}), asset: code})
    return {"hexcode": code}


def _asset(api: Api, name: str) -> Any:
    kind, _, number = name.rpartition("_")
    found = getattr(api.store, ASSETS[kind]).get(as_whole(number)) if kind in ASSETS else None
    if found is None:
        raise refusals.not_found("what the name stands for", name)
    return found


def positions(api: Api) -> Any:
    """The positions of course cards on a user's dashboard."""
    return {"dashboard_positions": readable(api).preferences.get("dashboard_positions", {})}


def set_positions(api: Api) -> Any:
    """Move cards on the dashboard."""
    user = person(api)
    if not isinstance(said := api.params.get("dashboard_positions"), dict):
        raise refusals.crashed("`dashboard_positions` is not a hash", said)
    sent = api.params.hash("dashboard_positions")
    for name in sent.data:
        found = _asset(api, name)
        if isinstance(found, CourseSection):
            found = identifiers.course(api, str(found.course_id))
        if isinstance(found, Account):
            belonging.require_account_reader(api, found)
        else:
            contexts.require(api, contexts.of(found), "read")
        _check_position(sent.text(name) or "")
    kept = {**user.preferences.get("dashboard_positions", {}), **sent.data}
    people.prefer(api, user, dashboard_positions=kept)
    return {"dashboard_positions": kept}


def _check_position(text: str) -> None:
    if not re.fullmatch(r"\s*[+-]?(0[0-7]*|[1-9]\d*)\s*", text):
        raise refusals.message(400, "position_invalid", "Invalid position provided", got=text)
    if abs(int(text)) > FARTHEST:
        advice = "Your dashboard cards can probably be sorted with numbers 1-5, you could even use a 0."
        raise refusals.message(400, "position_far", f"Position {int(text)} is too high. {advice}", got=text)


def _nickname(api: Api, course: Course) -> Any:
    return {"course_id": course.id, "name": course.name, "nickname": shapes.nickname(api, course)}


def _course(api: Api) -> Course:
    return courses.from_path(api, "read")


def nicknames(api: Api) -> Any:
    """The caller's nicknames of courses."""
    found = (identifiers.find(api, "courses", number) for number in api.user.preferences.get("course_nicknames", {}))
    return paged(api, [course for course in found if course is not None], lambda course: _nickname(api, course))


def nickname(api: Api) -> Any:
    """The caller's nickname for a course."""
    return _nickname(api, _course(api))


def set_nickname(api: Api) -> Any:
    """Set the caller's nickname for a course."""
    user, course = api.user, _course(api)
    name = api.params.text("nickname") or ""
    if not name.strip():
        raise refusals.message(400, "nickname_missing", "missing nickname")
    if len(name) > LONGEST_NICKNAME:
        raise refusals.message(400, "nickname_too_long", "nickname too long")
    people.prefer(api, user, course_nicknames={**user.preferences.get("course_nicknames", {}), str(course.id): name})
    return _nickname(api, course)


def drop_nickname(api: Api) -> Any:
    """Remove the nickname of a course, even of one that is no longer readable."""
    user, course = api.user, identifiers.course(api, api.slot("course_id"))
    kept = dict(user.preferences.get("course_nicknames", {}))
    if kept.pop(str(course.id), None) is None:
        raise refusals.message(404, "nickname_unknown", "no nickname exists for course")
    people.prefer(api, user, course_nicknames=kept)
    return _nickname(api, course)


def drop_nicknames(api: Api) -> Any:
    """Remove all course nicknames."""
    people.prefer(api, api.user, course_nicknames=None)
    return {"message": "OK"}


def avatars(api: Api) -> Any:
    """The pictures that a user may choose from."""
    return [
        (file_shapes.file(api, choice.file) if choice.file is not None else {})
        | {"url": choice.url, "type": choice.kind, "display_name": choice.name, "token": choice.token}
        for choice in choices(api, person(api))
    ]


def tutorials(api: Api) -> Any:
    """Which pages of the new-user tutorial the caller has collapsed."""
    return {"new_user_tutorial_statuses": {"collapsed": _myself(api).preferences.get("tutorials", {})}}


def set_tutorial(api: Api) -> Any:
    """Collapse a page of the new-user tutorial, or show it again."""
    user, page = _myself(api), api.slot("page_name")
    if page not in TUTORIALS:
        raise refusals.message(400, "page_unknown", "Invalid Page Name Provided", got=page)
    kept = {**user.preferences.get("tutorials", {}), page: api.params.flag("collapsed")}
    people.prefer(api, user, tutorials=kept)
    return {"new_user_tutorial_statuses": {"collapsed": kept}}


def _myself(api: Api) -> User:
    user = identifiers.user(api, api.slot("id"))
    if api.caller is None or user.id != api.caller.id:
        raise refusals.message(401, "of_oneself_only", "This endpoint only works against the current user")
    return user


SELF = "/api/v1/users/self"
USER = "/api/v1/users/{user_id}"
ROUTES: tuple[Route, ...] = rest(
    "users",
    SOURCE,
    (f"GET {USER}/colors", colors, "Custom colours"),
    (f"GET {USER}/colors/{{asset_string}}", color, "One custom colour"),
    (f"PUT {USER}/colors/{{asset_string}}", set_color, "Set a custom colour"),
    (f"GET {USER}/dashboard_positions", positions, "Positions on the dashboard"),
    (f"PUT {USER}/dashboard_positions", set_positions, "Move cards on the dashboard"),
    ("GET /api/v1/users/{id}/new_user_tutorial_statuses", tutorials, "Pages of the tutorial"),
    ("PUT /api/v1/users/{id}/new_user_tutorial_statuses/{page_name}", set_tutorial, "Collapse a page of the tutorial"),
) + signed_in(
    "users",
    SOURCE,
    (f"GET {USER}/settings", settings, "Settings of a user"),
    (f"PUT {USER}/settings", set_settings, "Change settings of a user"),
    (f"GET {USER}/avatars", avatars, "Available avatars"),
    (f"GET {SELF}/course_nicknames", nicknames, "Nicknames of courses"),
    (f"DELETE {SELF}/course_nicknames", drop_nicknames, "Remove all nicknames"),
    (f"GET {SELF}/course_nicknames/{{course_id}}", nickname, "A nickname"),
    (f"PUT {SELF}/course_nicknames/{{course_id}}", set_nickname, "Set a nickname"),
    (f"DELETE {SELF}/course_nicknames/{{course_id}}", drop_nickname, "Remove a nickname"),
)
