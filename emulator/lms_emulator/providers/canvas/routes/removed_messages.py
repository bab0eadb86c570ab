"""REST: messages that users removed from their conversations, for site admins."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from lms_emulator.core.http.routing import Route
from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call import identifiers
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.call.moments import when
from lms_emulator.providers.canvas.paging import paged
from lms_emulator.providers.canvas.routes.conversations import refused
from lms_emulator.providers.canvas.routes.declare import RECORDED, signed_in
from lms_emulator.providers.canvas.rules import conversations
from lms_emulator.providers.canvas.rules.permissions import is_account_admin
from lms_emulator.providers.canvas.shapes import Json
from lms_emulator.providers.canvas.shapes import conversations as shapes


def _for_operators(api: Api) -> None:
    site = next((account for account in api.store.accounts if account.site_admin), None)
    allowed = site is not None and is_account_admin(api, api.caller, site)
    if not api.check("operates the site", allowed):
        raise api.refused("see what others deleted")


def deleted(api: Api) -> Any:
    """Messages that a user removed for themselves, for site admins."""
    _for_operators(api)
    people = {str(identifiers.local_number(text)) for text in api.params.texts("user_id")}
    numbers = {identifiers.local_number(text) for text in api.params.texts("conversation_id")}
    for number in numbers:
        identifiers.known(api.store.conversations.get(number or 0), "the conversation", number)
    before, after = api.moment("deleted_before"), api.moment("deleted_after")
    rows = [
        (at, user_id, message)
        for message in api.store.conversation_messages
        for user_id, at in message.removed.items()
        if user_id in people and (not numbers or message.conversation_id in numbers)
        if (before is None or at < before) and (after is None or at > after)
    ]

    def shape(row: Any) -> Json:
        at, user_id, message = row
        rest_of = {"deleted_at": when(at), "user_id": int(user_id), "conversation_id": message.conversation_id}
        return {**shapes.message(api, message), **rest_of}

    return paged(api, sorted(rows, key=lambda row: (row[0], row[2].id), reverse=True), shape)


def restore(api: Api) -> Any:
    """Restore a message that a user removed, for site admins."""
    _for_operators(api)
    for name in ("message_id", "user_id", "conversation_id"):
        if not api.params.has(name):
            raise refused(name, "required")
    numbers = {identifiers.local_number(text) for text in api.params.texts("message_id")}
    user_id, number = (identifiers.local_number(api.params.text(name)) for name in ("user_id", "conversation_id"))
    place = identifiers.row(api.store.conversations, str(number or ""), "the conversation")
    own = api.store.conversation_participants.first("whose", (place.id, user_id))
    if own is None:
        raise refusals.crashed("the user is in the conversation", user_id)
    found = []
    for message in list(api.store.conversation_messages):
        if message.id in numbers and user_id in message.user_ids:
            removed = {key: at for key, at in message.removed.items() if key != str(user_id)}
            found.append(api.store.conversation_messages.put(replace(message, removed=removed)))
    kept = conversations.messages(api, own)
    if not kept:
        raise refusals.crashed("the user has a message of the conversation", user_id)
    shown = replace(own, message_count=len(kept), last_message_at=kept[0].created_at)
    api.store.conversation_participants.put(shown)
    return [shapes.message(api, conversation_message) for conversation_message in found]


def delete_for_all(api: Api) -> Any:
    """Delete a conversation for everybody, for site admins."""
    _for_operators(api)
    found = identifiers.row(api.store.conversations, api.slot("id"), "the conversation")  # which stays, empty
    for row in conversations.participants(api, found.id):
        api.store.conversation_participants.delete(row.id)
    for message in list(api.store.conversation_messages.find("conversation", found.id)):
        api.store.conversation_messages.delete(message.id)
    return {}


ALL = "/api/v1/conversations"
ROUTES: tuple[Route, ...] = signed_in(
    "conversations",
    f"{RECORDED}/conversations.jsonl 149, 152, 155; canvas-lms app/controllers/conversations_controller.rb",
    (f"GET {ALL}/deleted", deleted, "Deleted messages"),
    (f"PUT {ALL}/restore", restore, "Restore a deleted message"),
    (f"DELETE {ALL}/{{id}}/delete_for_all", delete_for_all, "Delete a conversation for everybody"),
)
