"""Conversations: adding and removing messages, and each participant's view.

Source: canvas-lms app/models/conversation.rb and conversation_participant.rb (2023-06), and the recorded exchanges of
`conversations`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from typing import Any

from msgspec.structs import replace

from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call import identifiers
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.call.params import as_whole
from lms_emulator.providers.canvas.model import (
    Conversation,
    ConversationMessage,
    ConversationParticipant,
    Course,
    User,
)
from lms_emulator.providers.canvas.rules import assignments, courses, groups, messaging, people, states

STATES = ("read", "unread", "archived")


def find(api: Api, reference: str, *, deleted: bool = False) -> tuple[Conversation, ConversationParticipant]:
    """One of the caller's conversations, by default one that they have not deleted. Raises the refusal `not_found`."""
    number = identifiers.local_number(reference)
    user = api.user
    own = api.store.conversation_participants.first("whose", (number, user.id)) if number is not None else None
    found = api.store.conversations.get(number) if own is not None and number is not None else None
    if own is None or found is None or not (deleted or own.message_count):
        raise refusals.not_found("the conversation of the caller", reference)
    return found, own


def participants(api: Api, conversation_id: int) -> list[ConversationParticipant]:
    """The participants of a conversation."""
    rows = api.store.conversation_participants.find("conversation", conversation_id)
    return sorted(rows, key=lambda participant: participant.id)


def messages(api: Api, own: ConversationParticipant) -> list[ConversationMessage]:
    """The messages that a user has in a conversation, newest first."""
    rows = api.store.conversation_messages.find("conversation", own.conversation_id)
    kept = (message for message in rows if own.user_id in message.user_ids and str(own.user_id) not in message.removed)
    return sorted(kept, key=lambda message: (message.created_at, message.id), reverse=True)


def written(found: Iterable[ConversationMessage]) -> list[ConversationMessage]:
    """The messages that users wrote, without generated ones."""
    return [message for message in found if not message.generated]


def codes(api: Api, user_id: int, *, concluded: bool = True) -> list[str]:
    """The codes of the courses and groups that a user is in."""
    wanted = ("active", "completed") if concluded else ("active",)
    found = []
    for row in api.store.enrollments.find("user", user_id):
        course = api.store.courses.get(row.course_id)
        shut = course is None or (course.workflow_state == "unpublished" and row.type not in states.STAFF)
        if course is not None and not shut and states.state_of(api, row, course).name in wanted:
            found.append(f"course_{course.id}")
    living = (api.store.groups.get(number) for number in assignments.groups_of(api, user_id))
    found += [f"group_{group.id}" for group in living if group is not None and group.workflow_state != "deleted"]
    return list(dict.fromkeys(found))


def shared(api: Api, conversation: Conversation, threshold: int | None = None) -> list[str]:
    """The codes that more than `threshold` of the participants share, by default half of them; the best first."""
    rows = participants(api, conversation.id)
    if conversation.private and len(rows) == 1:
        return []
    least = len(rows) // 2 if threshold is None else threshold
    counted = Counter(code for row in rows for code in codes(api, row.user_id))
    ranked = sorted(sorted(counted), key=lambda code: counted[code])
    return [code for code in reversed(ranked) if counted[code] > least]


def tags_of(api: Api, recipients: Iterable[str], context_code: str | None) -> list[str]:
    """The tags of a message: its context and recipients, and the courses of groups."""
    found = [code.lower() for code in [*([context_code] if context_code else []), *recipients]]
    found = [code for code in found if code.rpartition("_")[0] in ("course", "group")]
    for code in [item for item in found if item.startswith("group_")]:
        group = api.store.groups.get(as_whole(code.rpartition("_")[2]))
        category = api.store.group_categories.get(group.group_category_id) if group is not None else None
        if category is not None:
            found.append(f"{category.context_type.lower()}_{category.context_id}")
    return list(dict.fromkeys(found))


def begin(
    api: Api, users: Collection[int], *, private: bool, subject: str | None, context: tuple[Any, int] | None
) -> Conversation:
    """Start a conversation, or return the existing private one of these users."""
    kind, number = context or (None, None)
    people_in = sorted(set(users))
    if private:
        for own in api.store.conversation_participants.find("user", api.user.id):
            known = api.store.conversations.get(own.conversation_id)
            if known is None or not known.private or (known.context_type, known.context_id) != (kind, number):
                continue
            if sorted(row.user_id for row in participants(api, known.id)) == people_in:
                return known
    made = Conversation(
        id=api.new_id("conversations"), subject=subject, private=private, context_type=kind, context_id=number
    )
    api.store.conversations.put(made)
    for user_id in people_in:
        join(api, made, user_id)
    return made


def join(api: Api, conversation: Conversation, user_id: int, **fields: Any) -> ConversationParticipant:
    """Add a participant to a conversation."""
    row = ConversationParticipant(
        id=api.new_id("conversation_participants"), conversation_id=conversation.id, user_id=user_id, **fields
    )
    return api.store.conversation_participants.put(row)


def add_message(
    api: Api,
    conversation: Conversation,
    body: str,
    *,
    tags: Collection[str] = (),
    only: Collection[int] | None = None,
    generated: bool = False,
    files: Collection[int] = (),
    media: tuple[str | None, str | None] = (None, None),
) -> ConversationMessage:
    """Add a message of the caller's to a conversation.

    Parameters: `tags`, its contexts; `only`, who gets it besides the author, by default all participants.
    """
    author = api.user.id
    known = shared(api, conversation, 1)
    new_tags = [tag for tag in tags if tag in known]
    if not new_tags and not conversation.tags:
        new_tags = shared(api, conversation)
    if new_tags:
        merged = list(dict.fromkeys([*conversation.tags, *new_tags]))
        conversation = api.store.conversations.put(replace(conversation, tags=merged))
    rows = participants(api, conversation.id)
    got = [row for row in rows if only is None or row.user_id in {*only, author}]
    common, own_tags = shared(api, conversation), dict[str, list[str]]()
    for row in got:
        active = codes(api, row.user_id, concluded=False)
        own = [tag for tag in new_tags if tag in active] or [tag for tag in common if tag in active]
        own_tags[str(row.user_id)] = own
        merged = list(dict.fromkeys([*row.tags, *own]))
        kept = [tag for tag in merged if tag in active] if active and own else merged
        count = row.message_count + (0 if generated else 1)
        api.store.conversation_participants.put(replace(row, tags=kept, message_count=count))
    made = ConversationMessage(
        id=api.new_id("conversation_messages"),
        conversation_id=conversation.id,
        author_id=author,
        body=body,
        generated=generated,
        attachment_ids=list(files),
        media_comment_id=media[0],
        media_comment_type=media[1],
        user_ids=[row.user_id for row in got],
        tags=own_tags if conversation.private else {},
        created_at=api.now,
    )
    api.store.conversation_messages.put(made)
    if not generated:
        _mark_unread(api, conversation, only)
    return made


def _mark_unread(api: Api, conversation: Conversation, only: Collection[int] | None) -> None:
    """Mark a new message as unread for the others and as the author's last one."""
    for row in participants(api, conversation.id):
        if only is not None and row.user_id not in only:
            continue
        if row.user_id == api.user.id:
            api.store.conversation_participants.put(replace(row, last_authored_at=api.now))
        elif row.last_message_at is None or row.subscribed:
            unread = replace(row, last_message_at=api.now, workflow_state="unread")
            api.store.conversation_participants.put(unread)


def include(api: Api, found: Iterable[ConversationMessage], users: Collection[int]) -> None:
    """Give earlier messages to people who did not get them."""
    for message in found:
        new = [user for user in users if user not in message.user_ids]
        api.store.conversation_messages.put(replace(message, user_ids=[*message.user_ids, *new]))
        for user_id in new:
            row = api.store.conversation_participants.first("whose", (message.conversation_id, user_id))
            if row is not None and not message.generated:
                api.store.conversation_participants.put(replace(row, message_count=row.message_count + 1))


def add_people(api: Api, conversation: Conversation, own: ConversationParticipant, users: list[User]) -> None:
    """Add participants: they get every message the caller has, and everybody is notified."""
    known = {row.user_id for row in participants(api, conversation.id)}
    new = [user for user in users if user.id not in known]
    if not new:
        return
    seen = messages(api, own)
    every = written(api.store.conversation_messages.find("conversation", conversation.id))
    last = max((conversation_message.created_at for conversation_message in every), default=api.now)
    for user in new:
        state = {"workflow_state": "unread", "last_message_at": last, "message_count": len(every)}
        join(api, conversation, user.id, **state)
    for message in seen:
        ids = [user.id for user in new]
        api.store.conversation_messages.put(replace(message, user_ids=[*message.user_ids, *ids]))
    names = [people.short_name(user) for user in new]
    listed = names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
    verb = "was" if len(names) == 1 else "were"
    announcement = f"{listed} {verb} added to the conversation by {people.short_name(api.user)}"
    add_message(api, conversation, announcement, generated=True)


def remove(api: Api, own: ConversationParticipant, found: Iterable[ConversationMessage]) -> ConversationParticipant:
    """Remove messages for one participant; the others keep them."""
    for message in found:
        api.store.conversation_messages.put(replace(message, removed={**message.removed, str(own.user_id): api.now}))
    return recount(api, own)


def recount(api: Api, own: ConversationParticipant) -> ConversationParticipant:
    """Recompute a participant's view of a conversation from the messages they still have."""
    conversation, found = api.store.conversations.get(own.conversation_id), written(messages(api, own))
    if conversation is None or not found:
        state = "archived" if own.workflow_state == "archived" else "read"
        empty: dict[str, Any] = {"tags": [], "message_count": 0, "last_message_at": None, "last_authored_at": None}
        return api.store.conversation_participants.put(replace(own, workflow_state=state, starred=False, **empty))
    authored = next((message.created_at for message in found if message.author_id == own.user_id), None)
    changes: dict[str, Any] = {"message_count": len(found), "last_authored_at": authored}
    if own.subscribed:
        changes["last_message_at"] = found[0].created_at
    if conversation.private:
        kept = (tag for message in found for tag in message.tags.get(str(own.user_id), []))
        changes["tags"] = list(dict.fromkeys(kept))
    return api.store.conversation_participants.put(replace(own, **changes))


def set_state(api: Api, own: ConversationParticipant, **changes: Any) -> ConversationParticipant:
    """Change a participant's view of a conversation; nobody can leave a private one."""
    conversation = api.store.conversations.get(own.conversation_id)
    if conversation is not None and conversation.private:
        changes.pop("subscribed", None)
    made = replace(own, **changes)
    if own.subscribed and not made.subscribed and made.workflow_state == "unread":
        made = replace(made, workflow_state="read")
    if made.subscribed and not own.subscribed:
        latest = next((message.created_at for message in written(messages(api, own))), None)
        if latest is not None and own.last_message_at is not None and latest > own.last_message_at:
            made = replace(made, last_message_at=latest, workflow_state="unread")
    return api.store.conversation_participants.put(made)


def locked(api: Api, conversation: Conversation) -> bool:
    """Whether the caller cannot reply: students who may not write in the course it is about can still write to
    instructors."""
    course = groups.course_of(api, conversation.context_type, conversation.context_id or 0)
    if course is not None and course.workflow_state == "completed":
        return True
    if conversation.context_type != "Course" or course is None or messaging.may_send(api, course):
        return False
    others = [row.user_id for row in participants(api, conversation.id) if row.user_id != api.user.id]
    return not instructors(api, course, others) or not courses.may(api, api.caller, course, "read")


def over(api: Api, course: Course) -> bool:
    """Whether a course is concluded for the caller, as it is for all but its admins."""
    return course.workflow_state == "completed" and not courses.may(api, api.caller, course, "read_as_admin")


def instructors(api: Api, course: Course, users: Collection[int]) -> bool:
    """Whether these people all teach or assist in a course that is not over."""
    if states.concluded(api, course):
        return False
    rows = api.store.enrollments.find("course", course.id)
    teaching = {e.user_id for e in rows if e.type in messaging.INSTRUCTORS and e.workflow_state == "active"}
    return bool(users) and teaching.issuperset(users)


def observes(api: Api, course: Course, users: Collection[int]) -> bool:
    """Whether the caller observes all these users in the course."""
    rows = (e for e in api.store.enrollments.find("user", api.user.id) if e.course_id == course.id)
    watched = {e.associated_user_id for e in rows if e.workflow_state == "active"}
    return bool(users) and watched.issuperset(users)


def unread(api: Api, user: User) -> int:
    """The number of a user's unread conversations."""
    rows = api.store.conversation_participants.find("user", user.id)
    return sum(1 for row in rows if row.workflow_state == "unread" and row.last_message_at is not None)
