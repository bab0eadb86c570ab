"""REST: conversations."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from starlette.responses import Response

from lms_emulator.core.http.routing import Route
from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call import identifiers
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.call.params import as_whole
from lms_emulator.providers.canvas.model import (
    Account,
    Conversation,
    ConversationMessage,
    ConversationParticipant,
    Course,
    Group,
)
from lms_emulator.providers.canvas.paging import paged
from lms_emulator.providers.canvas.routes.declare import RECORDED, rest
from lms_emulator.providers.canvas.rules import calendars, conversations, courses, jobs, messaging
from lms_emulator.providers.canvas.rules import groups as group_rules
from lms_emulator.providers.canvas.rules.messaging import Common, Messaging
from lms_emulator.providers.canvas.rules.permissions import account_allows
from lms_emulator.providers.canvas.shapes import Json
from lms_emulator.providers.canvas.shapes import conversations as shapes
from lms_emulator.providers.canvas.shapes.progress import progress
from lms_emulator.providers.canvas.wire import reply

SOURCE = (
    f"{RECORDED}/conversations.jsonl 8, 12, 25, 60, 75, 83, 94, 108, 115, 134, 140, 157, 176; "
    "canvas-lms app/controllers/conversations_controller.rb"
)
MOST_IN_ONE = 100
"""How many people a group conversation can have."""
MOST_AT_ONCE = 500
LONGEST = 255
Change = Callable[[Api, ConversationParticipant], Any]


def refused(attribute: str, message: str, said: str = "") -> Exception:
    """400: an invalid message. Parameters: `said`, a sentence that Canvas has in the attribute's place."""
    body = [{"attribute": said or attribute, "message": message}]
    return refusals.rest(f"{attribute}_refused", 400, body, check=f"`{attribute}` is fit: {message}")


def index(api: Api) -> Any:
    """The caller's conversations: the inbox, or those of another scope."""
    scope, own = api.params.text("scope"), api.store.conversation_participants.find("user", api.user.id)
    fits = _filter(api)
    found = [row for row in own if row.message_count and shapes.in_scope(row, scope) and fits(row)]
    column = {"sent": "last_authored_at", "starred": "updated_at"}.get(scope or "", "last_message_at")
    found.sort(key=lambda row: (str(getattr(row, column) or ""), row.conversation_id), reverse=True)
    api.params.flag("interleave_submissions")  # documented as ignored
    avatars = "participant_avatars" in api.params.includes
    ids = [participant.conversation_id for participant in found]
    every = api.params.has("include_all_conversation_ids")
    return paged(
        api,
        found,
        lambda participant: shapes.conversation(api, participant, avatars=avatars, visible=True, named=True, beta=True),
        path="/api/v1/conversations",
        wrap=lambda rows: {"conversations": rows, "conversation_ids": ids} if every else rows,
    )


def _filter(api: Api) -> Callable[[ConversationParticipant], bool]:
    """Whether a conversation matches any, or all, of the requested courses, groups and people."""
    sent = api.params.text("filter_mode")
    mode = "or" if sent is None else sent
    if mode not in ("or", "and"):
        raise refused("filter_mode", "invalid")
    asked = [text.lower() for text in api.params.given("filter")]

    def holds(own: ConversationParticipant, text: str) -> bool:
        number = identifiers.local_number(text.removeprefix("user_")) if text.startswith("user_") else None
        if number is not None:
            rows = conversations.participants(api, own.conversation_id)
            return any(row.user_id == number for row in rows)
        return text in own.tags

    def fits(own: ConversationParticipant) -> bool:
        checks = [holds(own, value) for value in asked]
        return not checks or (any(checks) if mode == "or" else all(checks))

    return fits


def _visible(api: Api, own: ConversationParticipant) -> bool:
    return shapes.in_scope(own, api.params.text("scope")) and _filter(api)(own)


def _shown(
    api: Api, own: ConversationParticipant, messages: list[ConversationMessage] | None = None, **more: Any
) -> Json:
    """A conversation, with the courses and groups that the caller shares with the participants."""
    ids = [row.user_id for row in conversations.participants(api, own.conversation_id)]
    more.setdefault("common", Messaging(api, api.user).common(ids, messaging.READING))
    more.setdefault("visible", _visible(api, own))
    return shapes.conversation(api, own, avatars=True, messages=messages, **more)


def create(api: Api) -> Any:
    """Write to people: in one conversation, or to each in a separate one."""
    user, sent = api.user, api.params
    _filter(api)
    asked = _asked(api)
    if not asked:
        raise refused("recipients", "blank")
    known = _recipients(api, asked)
    if not known:
        raise refused("recipients", "invalid")
    body = sent.text("body") or ""
    if not body.strip():
        raise refused("body", "blank")
    context = _context(api, known)
    _refuse_whole_courses(api, asked)
    together = sent.flag("group_conversation")
    alone = (together and sent.flag("bulk_message")) or sent.flag("force_new")
    if not alone and len(known) > MOST_IN_ONE:
        raise refused("recipients", "too many for group conversation")
    subject = sent.text("subject") or None
    tags = conversations.tags_of(api, asked, sent.text("context_code"))
    files, media = _attached(api), _media(api)

    def write(users: list[int], private: bool) -> tuple[Conversation, ConversationMessage]:
        made = conversations.begin(api, [user.id, *users], private=private, subject=subject, context=context)
        return made, conversations.add_message(api, made, body, tags=tags, files=files, media=media)

    if alone or (not together and len(known) > 1):
        if subject is not None and len(subject) > LONGEST:
            raise refusals.invalid({"subject": ["too_long"]})
        made = [write([number], not alone)[0] for number in known]
        if sent.text("mode") == "async":
            return reply(api, [], 202, {"X-Conversation-Batch-Id": str(api.new_id("conversation_batches"))})
        rows = [_own(api, conversation) for conversation in reversed(made)]
        return reply(api, [shapes.conversation(api, own, visible=_visible(api, own)) for own in rows], 201)
    if subject is not None and len(subject) > LONGEST:
        subject = subject[:LONGEST]
        api.call.warn("subject_cut", "the subject is longer than Canvas keeps")
    found, message = write(list(known), not together)
    return reply(api, [_shown(api, _own(api, found), [message], common=known)], 201)


def _own(api: Api, conversation: Conversation) -> ConversationParticipant:
    own = api.store.conversation_participants.first("whose", (conversation.id, api.user.id))
    assert own is not None  # the caller takes part
    return own


def _asked(api: Api) -> list[str]:
    value = api.params.get("recipients")
    if isinstance(value, list):
        return [str(item) for item in value]
    return [item.strip() for item in str(value).split(",") if item.strip()] if value not in (None, "") else []


def _media(api: Api) -> tuple[str | None, str | None]:
    """The recording attached to a message, and its type; neither without the other."""
    number, kind = api.params.text("media_comment_id"), api.params.text("media_comment_type")
    return (number, kind) if number and kind else (None, None)


def _recipients(api: Api, asked: list[str]) -> dict[int, Common]:
    """The recipients whom the caller can write to, with what they have in common."""
    look, code = Messaging(api, api.user), api.params.text("context_code")
    numbers = [number for value in asked if (number := identifiers.local_number(value)) is not None]
    place = messaging.place_of(api, code) if code else None
    if code and place is None and messaging.is_code(code):
        raise refusals.not_found("the context of the conversation", code)
    found = look.known(numbers) if place is None or numbers == [api.user.id] else {}
    if place is not None and numbers:
        seen = look.within(place, whole=look.runs(place))
        found |= {number: common for number, common in seen.items() if number in numbers}
        # for members of the caller's group in that course, Canvas remembers only the group
        for group in look.own_groups(place):
            mates = look.within(messaging.Place(None, group=group))
            found |= {number: common for number, common in mates.items() if number in numbers}
    if together := api.params.text("from_conversation_id"):
        earlier = identifiers.row(api.store.conversations, together, "the conversation to go on from")
        rows = {row.user_id for row in conversations.participants(api, earlier.id)}
        found |= {number: Common({}, {}) for number in numbers if number in rows and number not in found}
    for reference in asked:
        whole = messaging.place_of(api, reference)
        if whole is not None:
            found = {**look.within(whole), **found}
    return found if list(found) == [api.user.id] and len(asked) == 1 else _without(found, api.user.id)


def _without(found: dict[int, Common], number: int) -> dict[int, Common]:
    return {key: common for key, common in found.items() if key != number}


def _context(api: Api, known: dict[int, Common]) -> tuple[str, int] | None:
    """The context of the conversation. Raises the refusals for impossible ones."""
    code = api.params.text("context_code")
    if not code:
        return None
    kind, _, number = code.rpartition("_")
    tables: dict[str, Any] = {
        "course": api.store.courses,
        "group": api.store.groups,
        "account": api.store.accounts,
    }
    if kind not in tables or as_whole(number) is None:
        raise refused("context_code", "invalid")
    record = tables[kind].get(as_whole(number))
    if record is None:
        raise refused("context_code", "invalid")
    if isinstance(record, Course):
        connected = conversations.instructors(api, record, list(known)) or conversations.observes(api, list(known))
        sends = messaging.may_send(api, record)
        if not connected and not sends:
            raise refused("course", "", f"Unable to send messages to users in {record.name}")
        own = api.store.enrollments.find("whose", (record.id, api.user.id))
        if not sends and not api.check("is in the course", any(row.workflow_state != "deleted" for row in own)):
            raise refused("context_code", "invalid")
        if conversations.over(api, record):
            raise refused("course", "Unable to send messages", "Course concluded")
    elif not api.check("may write in the context", _writes_in(api, record), got=code):
        raise refused("context_code", "invalid")
    return type(record).__name__, record.id


def _writes_in(api: Api, record: Group | Account) -> bool:
    if isinstance(record, Group):
        return "send_messages" in group_rules.rights(api, record, api.caller)
    if record.parent_account_id is not None:
        return False
    own_accounts = (account for account in api.store.accounts if account.id in calendars.accounts_of(api, api.user))
    return any(account_allows(api, api.caller, account, "read_roster") for account in (record, *own_accounts))


def _refuse_whole_courses(api: Api, asked: list[str]) -> None:
    """Refuse callers who may write to people of a course, but not to all of them."""
    for value in asked:
        place = messaging.place_of(api, value)
        course = place.course if place is not None and place.section is None else None
        if course is None or place is None or place.part not in (None, "students", "observers"):
            continue
        if not api.check("may write to all", courses.may(api, api.caller, course, "send_messages_all"), got=value):
            raise refused("recipients", "restricted by role")


def _attached(api: Api) -> list[int]:
    """The caller's files attached to a message; others are ignored."""
    numbers = (identifiers.local_number(text) for text in api.params.texts("attachment_ids"))
    found = (api.store.attachments.get(number) for number in numbers if number is not None)
    own = ("User", api.user.id)
    return [file.id for file in found if file is not None and (file.context_type, file.context_id) == own]


def batches(api: Api) -> Any:
    """Bulk messages being sent: none, as each is sent within its request."""
    return paged(api, [api.user][:0], lambda user: user)


def show(api: Api) -> Any:
    """One conversation with its messages, which are thereby read."""
    found, own = conversations.find(api, api.slot("id"))
    if own.workflow_state == "unread" and api.params.flag("auto_mark_as_read", default=True):
        own = conversations.set_state(api, own, workflow_state="read")
    api.params.flag("interleave_submissions")  # documented as ignored
    more: dict[str, Any] = {"named": True, "beta": True}
    if not api.params.flag("include_participant_contexts", default=True):
        more["common"] = None
    body = _shown(api, own, conversations.messages(api, own), **more)
    body["submissions"] = []
    return body | ({"cannot_reply": True} if conversations.locked(api, found, body["audience"]) else {})


def update(api: Api) -> Any:
    """Mark a conversation as read, unread or archived; star it; leave it or come back."""
    _, own = conversations.find(api, api.slot("id"))
    sent = api.params.require("conversation")
    changes: dict[str, Any] = {name: sent.flag(name) for name in ("starred", "subscribed") if sent.has(name)}
    if sent.has("workflow_state"):
        state = sent.text("workflow_state")
        changes["workflow_state"] = state if state in conversations.STATES else "unread"
    return _shown(api, conversations.set_state(api, own, **changes))


def destroy(api: Api) -> Any:
    """Remove a conversation for the caller."""
    _, own = conversations.find(api, api.slot("id"))
    return _shown(api, conversations.remove(api, own, conversations.messages(api, own)), visible=False)


def add_message(api: Api) -> Any:
    """Reply to all or some, including earlier messages that they did not receive."""
    found, own = conversations.find(api, api.slot("id"), deleted=True)
    asked = _asked(api)
    numbers = {identifiers.local_number(value) for value in asked}
    if not api.check("may reply", not conversations.locked(api, found, numbers), got=found.id):
        raise api.refused(f"reply in conversation {found.id}")
    body = api.params.text("body") or ""
    if not body.strip():
        raise refused("empty_message", "Unable to create message without a body")
    rows = [row.user_id for row in conversations.participants(api, found.id)]
    known = {*_recipients(api, asked)} | {number for number in rows if number in numbers} - {api.user.id}
    if len(known | {*rows}) > MOST_IN_ONE + 1:
        raise refused("recipients", "Too many participants for group conversation")
    if departed := conversations.departed(api, found, known):
        text = "The following recipients have no active enrollment in the course, "
        text += f"{json.dumps(departed, ensure_ascii=False)}, unable to send messages"
        body_of = [{"attribute": "recipients", "message": text}]
        raise refusals.rest("recipients_left", 401, body_of, check="the recipients are in the course")
    earlier = _included(api, own)
    new = [number for number in sorted(known) if number not in rows and not found.private]
    only = [*(row for row in rows if row in known), *new] if asked else None
    for number in new:
        conversations.join(api, found, number)
    conversations.include(api, earlier, [*rows, *new] if only is None else only)
    tags = conversations.tags_of(api, asked, api.params.text("context_code"))
    made = conversations.add_message(api, found, body, tags=tags, only=only, files=_attached(api), media=_media(api))
    if len(rows) >= MOST_IN_ONE:
        return reply(api, [], 202)  # in a job, which is over when it is answered
    return _shown(api, _own(api, found), [made])


def _included(api: Api, own: ConversationParticipant) -> list[ConversationMessage]:
    numbers = {identifiers.local_number(text) for text in api.params.texts("included_messages")}
    every = api.store.conversation_messages.find("conversation", own.conversation_id)
    if not numbers <= {message.id for message in every}:
        raise refused("included_messages", "not for this conversation")
    found = [message for message in every if message.id in numbers]
    if not all(own.user_id in message.user_ids for message in found):
        raise refused("included_messages", "not a participant")
    return found


def add_recipients(api: Api) -> Any:
    """Add people to a group conversation."""
    found, own = conversations.find(api, api.slot("id"))
    asked = _asked(api)
    known = _recipients(api, asked)
    people = [user for value in known if (user := api.store.users.get(value)) is not None]
    if not people:
        raise refusals.rest("recipients_unknown", 400, {}, check="the recipients can be written to")
    rows = {row.user_id for row in conversations.participants(api, found.id)}
    if len(rows | {user.id for user in people}) > MOST_IN_ONE + 1:
        raise refused("recipients", "too many participants for group conversation")
    if found.private:
        raise refusals.crashed("nobody can be added to a private conversation", found.id)
    tags = conversations.tags_of(api, asked, api.params.text("context_code"))
    conversations.add_people(api, found, own, people, tags)
    return _shown(api, _own(api, found), conversations.messages(api, own)[:1])


def remove_messages(api: Api) -> Any:
    """Remove messages for the caller."""
    _, own = conversations.find(api, api.slot("id"))
    numbers = {identifiers.local_number(text) for text in api.params.texts("remove")}
    if not api.params.has("remove"):
        return Response(None, 204)
    found = [message for message in conversations.messages(api, own) if message.id in numbers]
    return _shown(api, conversations.remove(api, own, found))


def _state(name: str) -> Change:
    return lambda api, own: conversations.set_state(api, own, workflow_state=name)


EVENTS: dict[str, Change] = {
    "mark_as_read": _state("read"),
    "mark_as_unread": _state("unread"),
    "archive": _state("archived"),
    "star": lambda api, own: conversations.set_state(api, own, starred=True),
    "unstar": lambda api, own: conversations.set_state(api, own, starred=False),
    "destroy": lambda api, own: conversations.remove(api, own, conversations.messages(api, own)),
}
"""What can be done with many conversations at once."""


def batch_update(api: Api) -> Any:
    """Change many conversations, in a job."""
    user, asked = api.user, api.params.get("conversation_ids")
    if not isinstance(asked, list):
        raise refusals.message(400, "conversation_ids_missing", "conversation_ids not specified")
    if len(asked) > MOST_AT_ONCE:
        text = f"conversation batch size limit ({MOST_AT_ONCE}) exceeded"
        raise refusals.message(400, "too_many_conversations", text)
    event = api.params.text("event")
    if event is None:
        raise refusals.message(400, "event_missing", "event not specified")
    if event not in EVENTS:
        raise refusals.message(400, "event_unknown", "invalid event", got=event)

    def work() -> str:
        done, strange = 0, []
        for value in asked:
            key = (identifiers.local_number(value), user.id)
            own = api.store.conversation_participants.first("whose", key)
            if own is None:
                strange.append(str(value))
                continue
            EVENTS[event](api, own)
            done += 1
        text = f"{done} conversation{'' if done == 1 else 's'} processed"
        return text + (f"\nThe user is not participating in this conversation: {', '.join(strange)}" if strange else "")

    return progress(api, jobs.run(api, user, "conversation_batch_update", work, by=user, completion=0.0))


def mark_all_as_read(api: Api) -> Any:
    """Mark everything as read."""
    for own in list(api.store.conversation_participants.find("user", api.user.id)):
        if own.workflow_state == "unread" and own.last_message_at is not None:
            conversations.set_state(api, own, workflow_state="read")
    return {}


def unread_count(api: Api) -> Any:
    """How many conversations are unread."""
    return {"unread_count": str(conversations.unread(api, api.user))}


ALL = "/api/v1/conversations"
ONE = f"{ALL}/{{id}}"
ROUTES: tuple[Route, ...] = rest(
    "conversations",
    SOURCE,
    (f"GET {ALL}", index, "The caller's conversations"),
    (f"POST {ALL}", create, "Start a conversation"),
    (f"PUT {ALL}", batch_update, "Change many conversations"),
    (f"GET {ALL}/batches", batches, "Running message batches"),
    (f"GET {ALL}/unread_count", unread_count, "The number of unread conversations"),
    (f"POST {ALL}/mark_all_as_read", mark_all_as_read, "Mark all as read"),
    (f"GET {ONE}", show, "A conversation"),
    (f"PUT {ONE}", update, "Change a conversation"),
    (f"DELETE {ONE}", destroy, "Delete a conversation"),
    (f"POST {ONE}/add_message", add_message, "Reply"),
    (f"POST {ONE}/add_recipients", add_recipients, "Add recipients"),
    (f"POST {ONE}/remove_messages", remove_messages, "Remove messages"),
)
