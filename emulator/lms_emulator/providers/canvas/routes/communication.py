"""REST: messages sent to users, bouncing addresses, conferences, and pings."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from typing import Any

from msgspec.structs import replace
from starlette.responses import Response

from lms_emulator.core.http.routing import Route
from lms_emulator.core.http.urls import add_query
from lms_emulator.core.wildcards import fits
from lms_emulator.core.worlds.outbox import Message
from lms_emulator.providers.canvas import refusals, wire
from lms_emulator.providers.canvas.call import identifiers
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.call.moments import stamp, when
from lms_emulator.providers.canvas.model import Account, CommunicationChannel, User
from lms_emulator.providers.canvas.paging import paged
from lms_emulator.providers.canvas.routes.declare import RECORDED, rest, signed_in, within
from lms_emulator.providers.canvas.rules import belonging, contexts, features
from lms_emulator.providers.canvas.rules.permissions import account_allows, in_force, is_account_admin
from lms_emulator.providers.canvas.shapes import Json

Column = Callable[[CommunicationChannel], str | None]
MOST = 10_000
"""How many addresses a report has."""
MESSAGES = f"{RECORDED}/misc.jsonl 22, 23, 25; canvas-lms app/controllers/comm_messages_api_controller.rb"
REPORTS = f"{RECORDED}/extra.jsonl 21, 23, 25; canvas-lms app/controllers/communication_channels_controller.rb"
MEETINGS = f"{RECORDED}/misc.jsonl 72, 73; canvas-lms app/controllers/conferences_controller.rb"
SEEN = f"{RECORDED}/misc.jsonl 120, 122, 203; canvas-lms app/controllers/users_controller.rb"
VIEWS = f"{RECORDED}/people-linked.jsonl 201, 205; canvas-lms app/controllers/page_views_controller.rb"


def comm_messages(api: Api) -> Any:
    """Messages sent to a user's addresses, latest first."""
    user = identifiers.user(api, api.params.text("user_id") or "")
    enabled = api.root.settings.get("admins_can_view_notifications")
    allowed = any(is_account_admin(api, api.caller, row) for row in api.store.accounts if row.site_admin) or (
        bool(enabled) and account_allows(api, api.caller, api.root, "view_notifications")
    )
    if not api.check("may see what was sent to the person", allowed, got=user.id):
        raise api.refused(f"see what was sent to user {user.id}")
    start, end = api.moment("start_time"), api.moment("end_time")
    own = {channel.address.lower() for channel in api.store.communication_channels.find("user", user.id)}
    found = [
        message
        for message in api.call.outbox
        if message.medium == "email" and message.provider == "canvas" and message.to.lower() in own
        if (start is None or message.at >= start) and (end is None or message.at <= end)
    ]
    return paged(api, list(reversed(found)), lambda message: _message(api, message))


def _message(api: Api, message: Message) -> Json:
    return {
        "id": int(re.sub(r"\D", "", message.id) or 0),
        "created_at": when(message.at),
        "sent_at": when(message.at),
        "workflow_state": "sent",
        "from": None,
        "from_name": api.root.name,
        "to": message.to,
        "reply_to": None,
        "subject": message.subject,
        "body": message.body,
        "html_body": None,
    }


def _school(api: Api) -> Account:
    """The school in the path, for those who may see its people's messages. Raises the refusals for others."""
    account = identifiers.account(api, api.slot("account_id"))
    seen = account.parent_account_id is None and account_allows(api, api.caller, account, "read_roster")
    reads = "view_notifications" in in_force(api, account) and account_allows(
        api, api.caller, account, "view_notifications"
    )
    if not api.check("may work on addresses of all people", seen and (reads or features.sees_hidden(api))):
        raise api.refused("work on addresses of all people")
    return account


def _channels(api: Api, *, bouncing: bool = False) -> list[CommunicationChannel]:
    """The unconfirmed or the bouncing addresses of an account's people, as requested, by default the oldest first.

    Bouncing ones are filtered and sorted by their last bounce.
    """
    account = _school(api)

    def wanted(channel: CommunicationChannel) -> bool:
        if bouncing:
            return bool(channel.bounce_count) and channel.workflow_state != "retired"
        return channel.workflow_state == "unconfirmed"

    found = [channel for channel in api.store.communication_channels if wanted(channel)]
    people = {channel.user_id: api.store.users.get(channel.user_id) for channel in found}
    inside = {number for number, user in people.items() if user is not None and belonging.belongs(api, user, account)}
    found = [channel for channel in found if channel.user_id in inside]

    def at(channel: CommunicationChannel) -> Any:
        return (channel.last_bounce_at or channel.created_at) if bouncing else channel.created_at

    after, before, kind = api.moment("after"), api.moment("before"), api.params.text("path_type")
    pattern, broken = (api.params.text("pattern") or "*").lower(), api.params.has("with_invalid_paths")
    kept = [
        channel
        for channel in found
        if kind in (None, channel.type)
        and fits(channel.address.lower(), pattern)
        and (broken or channel.type != "email" or _ADDRESS.search(channel.address))
        and (after is None or at(channel) > after)
        and (before is None or at(channel) < before)
    ]
    return sorted(kept, key=at, reverse=(api.params.text("order") or "").lower() == "desc")


def unconfirmed(api: Api) -> Any:
    """Unconfirmed addresses."""
    return _table(api, _channels(api), {"Created at": lambda channel: stamp(channel.created_at)})


def confirm(api: Api) -> Any:
    """Confirm addresses on their owners' behalf."""
    found = _channels(api)
    for channel in found:
        api.store.communication_channels.put(replace(channel, workflow_state="active"))
    return {"confirmed_count": len(found)}


def bounced(api: Api) -> Any:
    """Bouncing addresses: those that the world file names, as no mail leaves the emulator."""
    columns: dict[str, Column] = {
        "Date of most recent bounce": lambda channel: when(channel.last_bounce_at),
        "Bounce reason": lambda channel: channel.last_bounce_summary,
    }
    return _table(api, _channels(api, bouncing=True), columns)


def reset_bounces(api: Api) -> Any:
    """Reset the bounce counts."""
    found = _channels(api, bouncing=True)
    for channel in found:
        api.store.communication_channels.put(replace(channel, bounce_count=0))
    return {"scheduled_reset_approximate_count": len(found)}


def _table(api: Api, rows: list[CommunicationChannel], more: dict[str, Column]) -> Any:
    """The addresses as CSV if the path says so, else as JSON, with everything but the names as text."""
    lines: list[list[Any]] = [["User ID", "Name", "Communication channel ID", "Type", "Path", *more]]
    for channel in rows[:MOST]:
        user = api.store.users.get(channel.user_id)
        found = [channel.user_id, user.name if user is not None else "", channel.id, channel.type, channel.address]
        lines.append([*found, *(value(channel) for value in more.values())])
    if not api.call.path.endswith(".csv"):
        return [[None if cell is None else str(cell) for cell in line] for line in lines]
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(lines)
    return Response(text.getvalue(), media_type="text/csv")


def conferences(api: Api) -> Any:
    """Conferences: none, as the school has no conferencing service."""
    api.params.text("state")  # an empty list has none in any state
    return {"conferences": []}


def conferences_within(api: Api) -> Any:
    """The conferences of a course or a group: a redirect back to it, as the school has no conferencing service."""
    return wire.redirect(api.url(contexts.from_path(api).path))


def ping(api: Api) -> Any:
    """Record that the caller is still active."""
    identifiers.course(api, api.slot("course_id"))
    return {"success": True}


def history(api: Api) -> Any:
    """The pages that a user visited recently; like a default installation, the emulator records none."""
    user = identifiers.user(api, api.slot("user_id")) if api.slot("user_id") != "self" else api.user
    if not api.check("may read what the person has", belonging.may_read(api, user), got=user.id):
        raise api.refused(f"see the history of user {user.id}")
    return paged(api, [user][:0], lambda value: value, path=f"/api/v1/users/{user.id}/history", size=100)


def _viewer(api: Api) -> User:
    """The person in the path, for those who may view their activity. Raises the refusals for others."""
    _ = api.user
    user = identifiers.user(api, api.slot("user_id"))
    allowed = belonging.administered(api, user, "view_statistics")
    if not api.check("may see the person's page views", allowed, got=user.id):
        raise api.refused(f"see page views of user {user.id}", "view_statistics")
    return user


def _reversed(api: Api) -> bool:
    start, end = api.moment("start_time"), api.moment("end_time")
    return not api.check("`end_time` is not before `start_time`", start is None or end is None or end >= start)


def page_views(api: Api) -> Any:
    """The requests that a user made; like a default installation, the emulator records none."""
    user = _viewer(api)
    if _reversed(api):
        body = {"error": REVERSED}
        got = api.params.text("end_time")
        raise refusals.rest("times_reversed", 400, body, check="`end_time` is not before `start_time`", got=got)
    given = [(name, api.params.text(name) or "") for name in ("end_time", "start_time") if api.moment(name) is not None]
    return paged(api, [user][:0], lambda value: value, path=add_query(f"/api/v1/users/{user.id}/page_views", given))


def page_views_table(api: Api) -> Response:
    """The requests that a user made, as CSV; Canvas sends an empty file if there are none."""
    user = _viewer(api)
    if _reversed(api):
        raise refusals.text("times_reversed", REVERSED, got=api.params.text("end_time"))
    name = f"Pageviews For {user.name.replace(' ', '_')}.csv"
    headers = {"Content-Disposition": wire.disposition("attachment", name)}
    return Response("", 200, headers, media_type="text/csv")


_ADDRESS = re.compile(r"^.[^@\n]*+@.+\..", re.MULTILINE)
REVERSED = "end_time must be after start_time"
ACCOUNT = "/api/v1/accounts/{account_id}"
ROUTES: tuple[Route, ...] = (
    *signed_in("users", MESSAGES, ("GET /api/v1/comm_messages", comm_messages, "Messages sent to somebody")),
    *rest(
        "accounts",
        REPORTS,
        (f"GET {ACCOUNT}/unconfirmed_communication_channels", unconfirmed, "Unconfirmed addresses"),
        (f"GET {ACCOUNT}/unconfirmed_communication_channels.csv", unconfirmed, "The same, as CSV"),
        (f"POST {ACCOUNT}/unconfirmed_communication_channels/confirm", confirm, "Confirm addresses"),
        (f"GET {ACCOUNT}/bounced_communication_channels", bounced, "Bouncing addresses"),
        (f"GET {ACCOUNT}/bounced_communication_channels.csv", bounced, "The same, as CSV"),
        (f"POST {ACCOUNT}/bounced_communication_channels/reset", reset_bounces, "Reset bounce counts"),
    ),
    *signed_in("conferences", MEETINGS, ("GET /api/v1/conferences", conferences, "The caller's conferences")),
    *rest(
        "conferences",
        MEETINGS,
        *within("courses groups", "GET /conferences", conferences_within, "Conferences of a context"),
        *within("courses groups", "POST /conferences", conferences_within, "Create a conference in a context"),
    ),
    *signed_in("users", SEEN, ("POST /api/v1/courses/{course_id}/ping", ping, "Record activity in a course")),
    *signed_in("users", SEEN, ("GET /api/v1/users/{user_id}/history", history, "A user's recent history")),
    *rest(
        "users",
        VIEWS,
        ("GET /api/v1/users/{user_id}/page_views", page_views, "A user's page views"),
        ("GET /api/v1/users/{user_id}/page_views.csv", page_views_table, "The same, as CSV"),
    ),
)
