"""REST: communication channels and notification preferences."""

from __future__ import annotations

import re
from datetime import timedelta
from functools import cache
from importlib import resources
from typing import Any, NamedTuple

from msgspec.structs import replace

from lms_emulator.core.http.routing import Route
from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call import identifiers
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.call.params import as_integer
from lms_emulator.providers.canvas.model import CommunicationChannel, User
from lms_emulator.providers.canvas.paging import paged
from lms_emulator.providers.canvas.routes.declare import RECORDED, rest, signed_in
from lms_emulator.providers.canvas.routes.preferences import readable
from lms_emulator.providers.canvas.rules import belonging, people, registering
from lms_emulator.providers.canvas.rules.permissions import account_allows
from lms_emulator.providers.canvas.rules.registering import EMAIL, LONGEST
from lms_emulator.providers.canvas.shapes import people as shapes

SOURCE = f"{RECORDED}/people-linked.jsonl 0, 5, 24; canvas-lms app/controllers/communication_channels_controller.rb"
PREFERENCES = (
    f"{RECORDED}/people-linked.jsonl 36, 39, 41; canvas-lms app/controllers/notification_preferences_controller.rb"
)
FREQUENCIES = ("immediately", "daily", "weekly", "never")
NO_PUSH = "SNS is not configured for this developer key"


def index(api: Api) -> Any:
    """The addresses of a person."""
    user = readable(api)
    path = f"/api/v1/users/{api.slot('user_id')}/communication_channels"
    return paged(api, people.channels_of(api.store, user), lambda row: shapes.channel(api, row), path=path)


def _owner(api: Api) -> User:
    """The user in the path: the caller, if their school lets people change addresses, or anybody for admins."""
    user, caller = identifiers.user(api, api.slot("user_id")), api.user
    own = caller.id == user.id and belonging.may_oneself(api, user, "users_can_edit_comm_channels")
    if not api.check("may change the person's addresses", own or belonging.manages(api, user), got=user.id):
        raise api.refused(f"change addresses of user {user.id}")
    return user


def _check_count(api: Api) -> None:
    """Refuse one more address if the caller has as many as the school allows, with those deleted in the last hour."""
    most, hour = api.root.settings.get("max_communication_channels"), timedelta(hours=1)
    rows = api.store.communication_channels.find("user", api.user.id)
    count = sum(1 for channel in rows if channel.workflow_state != "retired" or channel.created_at > api.now - hour)
    fewer = most is None or most is False or count < as_integer(most)
    if not api.check("the caller has fewer addresses than allowed", fewer, got=count):
        body = {"errors": {"type": "Maximum number of communication channels reached"}}
        raise refusals.rest("too_many_addresses", 400, body, check="the caller has fewer addresses than allowed")


def create(api: Api) -> Any:
    """Add an address, or restore a deleted one."""
    user = _owner(api)
    _check_count(api)
    sent = api.params.hash("communication_channel")
    if not sent.data:
        raise refusals.crashed("`communication_channel` is missing")
    kind, address = sent.text("type"), sent.text("address") or ""
    if kind == "push":
        raise refusals.rest("push_unset", 400, {"errors": {"type": NO_PUSH}}, check="the key can push")
    if not kind:
        raise refusals.invalid(({} if address else {"path": ["blank"]}) | {"path_type": ["blank"]})
    kind = "sms" if kind == "sms" else "email"
    faults: dict[str, list[Any]] = {}
    if not address:
        faults["path"] = ["blank"]
    if kind == "email" and not EMAIL.fullmatch(address):
        faults["email"] = ["invalid"]
    known = next((c for c in api.store.communication_channels.find("user", user.id) if _same(c, address, kind)), None)
    if known is not None and known.workflow_state != "retired":
        faults["path"] = ["unique!"]
    if faults:
        raise refusals.invalid(faults)
    if len(address) > LONGEST:
        raise refusals.crashed("the address is longer than its column", address)
    confirmed = api.params.flag("skip_confirmation") and account_allows(api, api.caller, api.root, "manage_students")
    state: Any = "active" if confirmed else "unconfirmed"
    if known is not None:
        back = replace(known, address=address, workflow_state=state, bounce_count=0)
        return _save(api, user, back)
    made = CommunicationChannel(
        id=api.new_id("communication_channels"),
        user_id=user.id,
        address=address,
        type=kind,
        position=1 + max((c.position for c in api.store.communication_channels.find("user", user.id)), default=0),
        workflow_state=state,
        confirmation_code=api.call.ids.text(25),
        created_at=api.now,
    )
    return _save(api, user, made)


def _save(api: Api, user: User, channel: CommunicationChannel) -> Any:
    """Store an address, and ask its owner to confirm it. A confirmed one registers its owner."""
    api.store.communication_channels.put(channel)
    if channel.workflow_state == "unconfirmed":
        registering.ask_to_confirm(api, user, channel)
    elif user.workflow_state != "registered":
        api.store.users.put(replace(user, workflow_state="registered", updated_at=api.now))
    return shapes.channel(api, channel)


def _same(channel: CommunicationChannel, address: str, kind: str) -> bool:
    return channel.type == kind and channel.address.lower() == address.lower()


def _channel(api: Api, user: User) -> CommunicationChannel:
    known = people.channels_of(api.store, user)
    if "address" in api.call.path_params:
        wanted = (api.slot("address"), api.slot("type"))
        found = next((channel for channel in known if _same(channel, *wanted)), None)
    else:
        name = "id" if "id" in api.call.path_params else "communication_channel_id"
        number = identifiers.local_number(api.slot(name))
        found = next((channel for channel in known if channel.id == number), None)
    if found is None:
        raise refusals.not_found("the address")
    return found


def destroy(api: Api) -> Any:
    """Delete an address."""
    found = _channel(api, identifiers.user(api, api.slot("user_id")))
    user = _owner(api)
    imported = any(login.sis_channel_id == found.id for login in api.store.pseudonyms.find("user", user.id))
    kept = imported and api.root.settings.get("edit_institution_email") is False
    if not api.check("the school lets people change imported addresses", not kept, got=found.id):
        raise api.refused(f"delete address {found.id}")
    api.store.users.put(replace(user, updated_at=api.now))
    return shapes.channel(api, api.store.communication_channels.put(replace(found, workflow_state="retired")))


def delete_push(api: Api) -> Any:
    """Forget the caller's device. Nobody has one, as no key supports push."""
    _ = api.user
    api.call.reads.add("push_token")
    raise refusals.not_found("a push channel of the caller's")


SLUGS = {
    "discussion_mention": "discussionmention",
    "discussion_entry": "discussionentry",
    "reported_reply": "reportedreply",
    "deprecated___reminder": "deprecated__reminder",
}
"""Categories that a list of categories names otherwise than a preference does."""


class Notification(NamedTuple):
    """A kind of notification."""

    name: str
    category: str
    default: str


@cache
def notifications() -> dict[str, Notification]:
    """All notifications by name."""
    text = resources.files("lms_emulator.providers.canvas").joinpath("catalogue/notifications.tsv").read_text("utf-8")
    return {row[0]: Notification(*row) for row in (line.split("\t") for line in text.splitlines()[1:])}


def _chosen(api: Api, user: User, channel: CommunicationChannel) -> dict[str, str]:
    fresh: User = api.store.users.get(user.id) or user
    found: dict[str, str] = fresh.preferences.get("notifications", {}).get(str(channel.id), {})
    return found


def _shown(api: Api, user: User, channel: CommunicationChannel, wanted: list[Notification]) -> Any:
    chosen, first = _chosen(api, user, channel), people.channels_of(api.store, user)[:1] == [channel]

    def frequency(row: Notification) -> str:
        return chosen.get(row.name, row.default if first else "never")

    rows = [{"frequency": frequency(row), "notification": row.name, "category": row.category} for row in wanted]
    return {"notification_preferences": rows}


def _wanted(api: Api) -> list[Notification]:
    every = list(notifications().values())
    if "notification" in api.call.path_params:
        every = [notification for notification in every if notification.name == _words(api.slot("notification"))]
    elif "category" in api.call.path_params:
        every = [notification for notification in every if notification.category == _category(api.slot("category"))]
    if not every:
        raise refusals.not_found("the notification")
    return every


def _category(sent: str) -> str:
    """The category that a path names. Canvas makes words of it, so that it finds only those that consist of words.

    Source: canvas-lms app/controllers/notification_preferences_controller.rb, update_preferences_by_category.
    """
    if sent.lower() == "discussionentry":
        return "discussion_entry"
    name = _words(sent)
    return "" if name in SLUGS else name


def _words(sent: str) -> str:
    """A name however its words are set apart."""
    return re.sub(r"[\s_-]+", "_", re.sub(r"(?<=[a-z])(?=[A-Z])", "_", sent)).lower()


def _person_and_channel(api: Api) -> tuple[User, CommunicationChannel]:
    """The person and the address in the path, for that person and those who may view their activity."""
    caller = api.user
    user = identifiers.user(api, api.slot("user_id"))
    channel = _channel(api, user)
    own = caller.id == user.id
    if not api.check("oneself, or who sees statistics", own or belonging.administered(api, user, "view_statistics")):
        raise api.refused(f"the notification preferences of user {user.id}", "view_statistics")
    return user, channel


def preferences(api: Api) -> Any:
    """A user's notification preferences for one address."""
    return _shown(api, *_person_and_channel(api), _wanted(api))


def categories(api: Api) -> Any:
    """The kinds of notifications."""
    _person_and_channel(api)
    found = dict.fromkeys(notification.category for notification in notifications().values())
    return {"categories": [SLUGS.get(name, name) for name in found]}


def prefer(api: Api) -> Any:
    """Set the frequency of one notification, of several, or of a category."""
    user = api.user
    channel = _channel(api, user)
    if api.path.endswith("notification_preferences"):
        asked = _several(api)
        if not set(asked) <= set(notifications()):
            raise refusals.not_found("the notification", sorted(asked))
        wanted = [notifications()[name] for name in asked]
    else:
        rows = api.params.hashes("notification_preferences")
        listed = isinstance(api.params.get("notification_preferences"), list)
        sent = rows[0] if listed and rows else api.params.hash("notification_preferences")
        if not sent.data:
            raise refusals.crashed("no `notification_preferences`")
        wanted = _wanted(api)
        asked = {notification.name: sent.text("frequency") for notification in wanted}
    if not {value for value in asked.values() if value is not None} <= set(FREQUENCIES):
        body = {"errors": [{"field": "frequency", "message": None, "error_code": "inclusion"}]}
        raise refusals.rest("frequency_unknown", 422, body, check="frequency", got=list(asked.values()))
    every = user.preferences.get("notifications", {})
    chosen = {name: frequency for name, frequency in asked.items() if frequency is not None}
    changed = people.prefer(
        api, user, notifications={**every, str(channel.id): {**_chosen(api, user, channel), **chosen}}
    )
    return _shown(api, changed, channel, wanted)


def _several(api: Api) -> dict[str, str | None]:
    """The frequencies in a request, by notification: a hash, or a list of hashes that name theirs."""
    if isinstance(api.params.get("notification_preferences"), list):
        rows = api.params.hashes("notification_preferences")
        return {_words(row.text("notification") or ""): row.text("frequency") for row in rows}
    sent = api.params.hash("notification_preferences")
    if not api.params.has("notification_preferences"):
        raise refusals.crashed("no `notification_preferences`")
    return {_words(name): sent.text(name, "frequency") for name in sent.data}


CHANNELS = "/api/v1/users/{user_id}/communication_channels"
OWN = "/api/v1/users/self/communication_channels"
BY_ID = "/{communication_channel_id}"
BY_ADDRESS = "/{type}/{address}"
ROUTES: tuple[Route, ...] = (
    *rest(
        "users",
        PREFERENCES,
        *(
            row
            for way in (BY_ID, BY_ADDRESS)
            for row in (
                (f"GET {CHANNELS}{way}/notification_preferences", preferences, "Notification preferences"),
                (f"PUT {OWN}{way}/notification_preferences", prefer, "Set several notification preferences"),
                (
                    f"GET {CHANNELS}{way}/notification_preferences/{{notification}}",
                    preferences,
                    "One notification preference",
                ),
                (
                    f"PUT {OWN}{way}/notification_preferences/{{notification}}",
                    prefer,
                    "Set one notification preference",
                ),
                (
                    f"PUT {OWN}{way}/notification_preference_categories/{{category}}",
                    prefer,
                    "Set the preference of a category",
                ),
            )
        ),
        (f"GET {CHANNELS}{BY_ID}/notification_preference_categories", categories, "Kinds of notifications"),
    ),
    *rest("users", SOURCE, (f"GET {CHANNELS}", index, "Addresses of a person")),
    *signed_in(
        "users",
        SOURCE,
        (f"POST {CHANNELS}", create, "Add an address"),
        (f"DELETE {OWN}/push", delete_push, "Delete a push endpoint"),
        (f"DELETE {CHANNELS}/{{id}}", destroy, "Delete an address"),
        (f"DELETE {CHANNELS}{BY_ADDRESS}", destroy, "Delete an address"),
    ),
)
