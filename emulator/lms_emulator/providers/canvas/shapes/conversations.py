"""Conversations, messages and those who take part as Canvas's JSON.

Fields: canvas-lms lib/api/v1/conversation.rb (2023-06), and the recorded exchanges of `conversations`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.call.moments import when
from lms_emulator.providers.canvas.model import ConversationMessage, ConversationParticipant, User
from lms_emulator.providers.canvas.rules import conversations, people
from lms_emulator.providers.canvas.rules.messaging import Common
from lms_emulator.providers.canvas.shapes import Json
from lms_emulator.providers.canvas.shapes import people as people_shapes
from lms_emulator.providers.canvas.shapes import submissions as submission_shapes

LAST = 100
"""How much of the last message is shown."""
MOST_AVATARS = 100
"""How many people a conversation can have for their avatars to be shown."""
GROUP_AVATAR = "/images/messages/avatar-group-50.png"


def conversation(
    api: Api,
    own: ConversationParticipant,
    *,
    common: Mapping[int, Common] | None = None,
    avatars: bool = False,
    messages: Collection[ConversationMessage] | None = None,
    visible: bool | None = None,
    named: bool = False,
    beta: bool = False,
) -> Json:
    """A conversation as one participant sees it.

    Parameters:
        common: what they have in common with the others; None leaves that out.
        visible: whether it is in the list that is looked at; by default, whether it is in the inbox.
        named: whether to include the name of its context.
        beta: whether `include_beta` may ask if it has a context.
    """
    record = api.store.conversations.get(own.conversation_id)
    assert record is not None  # a participant's conversation is kept with it
    every = conversations.messages(api, own)
    found = conversations.written(every)
    authored = next((row for row in found if row.author_id == own.user_id), None)
    latest = found[0] if found and own.last_message_at is not None else None
    users = conversations.present(api, record.id)
    avatars = avatars and len(users) <= MOST_AVATARS
    audience = [user.id for user in users if user.id != own.user_id]
    body: Json = {
        "id": record.id,
        "subject": record.subject,
        "workflow_state": own.workflow_state,
        "last_message": _cut(latest.body) if latest is not None else None,
        "last_message_at": when(own.last_message_at),
        "last_authored_message": None,
        "last_authored_message_at": None,
        "message_count": own.message_count,
        "subscribed": own.subscribed,
        "private": record.private,
        "starred": own.starred,
        "properties": _properties(own, found, latest or authored),
        "audience": audience,
        "audience_contexts": _contexts(api, own, audience),
        "avatar_url": _avatar(api, users, audience),
        "participants": [participant(api, user, common, avatars=avatars) for user in users],
        "visible": in_scope(own, None) if visible is None else visible,
        "context_code": None,
    }
    if own.last_authored_at is not None and authored is not None:
        body["last_authored_message"] = _cut(authored.body)
        body["last_authored_message_at"] = when(authored.created_at)
    if api.params.flag("include_beta") and beta:
        body["beta"] = record.context_id is not None
    code = f"{record.context_type.lower()}_{record.context_id}" if record.context_type is not None else None
    if record.context_type is not None:
        body["context_code"] = code
        if record.context_type == "Course" and any(api.store.account_users.find("user", own.user_id)):
            body["context_code"] = f"account_{api.root.id}"
    if messages is not None:
        body["messages"] = [message(api, conversation_message) for conversation_message in messages]
    if named:
        tags = [tag for tag in record.tags if tag.partition("_")[0] in ("course", "group")]
        body["context_name"] = _name(api, code or next(iter(tags), None))
    return body


def in_scope(own: ConversationParticipant, scope: str | None) -> bool:
    """Whether a conversation is in a list: `unread`, `starred`, `archived`, `sent`, and otherwise the inbox."""
    match scope:
        case "unread":
            return own.workflow_state == "unread" and own.last_message_at is not None
        case "archived":
            return own.workflow_state == "archived" and own.last_message_at is not None
        case "starred":
            return own.starred
        case "sent":
            return own.last_authored_at is not None
        case _:
            return own.workflow_state != "archived" and own.last_message_at is not None


def _cut(text: str) -> str:
    return text if len(text) <= LAST else f"{text[: LAST - 3]}..."


def _properties(
    own: ConversationParticipant, found: list[ConversationMessage], latest: ConversationMessage | None
) -> list[str]:
    checks = {
        "last_author": latest is not None and latest.author_id == own.user_id,
        "attachments": any(conversation_message.attachment_ids for conversation_message in found),
        "media_objects": any(conversation_message.media_comment_id for conversation_message in found),
    }
    return [name for name, holds in checks.items() if holds]


def _contexts(api: Api, own: ConversationParticipant, audience: list[int]) -> Json:
    """The courses and groups that a conversation is about, with the roles of the other if there is one only."""
    found: dict[str, dict[str, list[str]]] = {"courses": {}, "groups": {}}
    for tag in own.tags if audience else ():
        kind, _, number = tag.partition("_")
        found[f"{kind}s"][number] = []
    if len(audience) == 1 and api.params.flag("include_private_conversation_enrollments", default=True):
        for row in api.store.enrollments.find("user", audience[0]):
            roles = found["courses"].get(str(row.course_id))
            if roles is not None and row.workflow_state == "active" and row.type not in roles:
                roles.append(row.type)
        for membership in api.store.group_memberships.find("user", audience[0]):
            if str(membership.group_id) in found["groups"] and membership.workflow_state == "accepted":
                found["groups"][str(membership.group_id)] = ["Member"]
    return found


def _avatar(api: Api, users: list[User], audience: list[int]) -> str:
    if len(audience) > 1:
        return api.url(GROUP_AVATAR)
    other = next((user for user in users if user.id in audience), users[0])
    return people_shapes.avatar_url(api, other)


def participant(api: Api, user: User, common: Mapping[int, Common] | None = None, *, avatars: bool = False) -> Json:
    """One who takes part, or who can be written to."""
    body: Json = {
        "id": user.id,
        "name": people.short_name(user),
        "full_name": user.name,
        "pronouns": user.pronouns,
    }
    if common is not None:
        courses, groups = common.get(user.id, Common({}, {}))
        body |= {"common_courses": courses, "common_groups": groups}
    return body | ({"avatar_url": people_shapes.avatar_url(api, user)} if avatars else {})


def _name(api: Api, code: str | None) -> str | None:
    kind, _, number = (code or "").rpartition("_")
    tables: dict[str, Any] = {"course": api.store.courses, "group": api.store.groups, "account": api.store.accounts}
    record = tables[kind].get(int(number)) if kind in tables else None
    name: str | None = record.name if record is not None else None
    return name


def message(api: Api, record: ConversationMessage) -> Json:
    """One message."""
    media = None
    if record.media_comment_id is not None:
        media = submission_shapes.media_comment(api, record.media_comment_id, record.media_comment_type)
    return {
        "id": record.id,
        "author_id": record.author_id,
        "created_at": when(record.created_at),
        "generated": record.generated,
        "body": record.body,
        "forwarded_messages": [],
        "attachments": submission_shapes.attachments(api, record.attachment_ids),
        "media_comment": media,
        "participating_user_ids": record.user_ids,
    }
