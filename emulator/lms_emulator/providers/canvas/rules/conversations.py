"""Conversations: adding and removing messages, and each participant's view.

Source: canvas-lms app/models/conversation.rb, conversation_participant.rb, lib/simple_tags.rb (2024-04), and the
recorded exchanges of `conversations`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable
from datetime import datetime
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
    CourseSection,
    User,
)
from lms_emulator.providers.canvas.rules import (
    assignments,
    collation,
    courses,
    groups,
    messaging,
    people,
    sections,
    states,
)

STATES = ("read", "unread", "archived")
_TAG = re.compile(r"((course|group)_(\d{1,18}))|section_(\d{1,18})")


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


def present(api: Api, conversation_id: int) -> list[User]:
    """The people of a conversation: those who wrote last first, then the others by name."""
    wrote = dict[int, datetime]()
    for message in written(api.store.conversation_messages.find("conversation", conversation_id)):
        wrote[message.author_id] = max(message.created_at, wrote.get(message.author_id, message.created_at))
    rows = participants(api, conversation_id)
    found = [user for row in rows if (user := api.store.users.get(row.user_id)) is not None]
    found.sort(key=lambda user: collation.key(people.short_name(user)))
    return sorted(found, key=lambda user: -wrote[user.id].timestamp() if user.id in wrote else 0)


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
    """The tags of a message: the courses and groups that it goes to, and the courses of these sections and groups."""
    found = []
    for sent in [*recipients, *([context_code] if context_code else [])]:
        named = _TAG.match(sent)
        section = api.store.course_sections.get(as_whole(named.group(4))) if named is not None else None
        if section is not None:
            found.append(f"course_{section.course_id}")
        elif named is not None and named.group(1):
            found.append(named.group(1))
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
        seen = active or codes(api, row.user_id)
        own = [tag for tag in new_tags if tag in seen] or [tag for tag in common if tag in seen]
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
    """Give earlier messages to people who did not get them, or removed them."""
    for message in found:
        new = [user for user in users if user not in message.user_ids]
        api.store.conversation_messages.put(replace(message, user_ids=[*message.user_ids, *new]))
        for user_id in new:
            row = api.store.conversation_participants.first("whose", (message.conversation_id, user_id))
            if row is not None and not message.generated:
                api.store.conversation_participants.put(replace(row, message_count=row.message_count + 1))


def add_people(
    api: Api, conversation: Conversation, own: ConversationParticipant, users: list[User], tags: Collection[str]
) -> None:
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
    add_message(api, conversation, announcement, tags=tags, generated=True)


def remove(api: Api, own: ConversationParticipant, found: Iterable[ConversationMessage]) -> ConversationParticipant:
    """Remove messages for one participant; the others keep them."""
    for message in found:
        api.store.conversation_messages.put(replace(message, removed={**message.removed, str(own.user_id): api.now}))
    return recount(api, own)


def recount(api: Api, own: ConversationParticipant) -> ConversationParticipant:
    """Recompute a participant's view of a conversation from the messages they still have."""
    conversation, found = api.store.conversations.get(own.conversation_id), written(messages(api, own))
    last = own.last_message_at
    if conversation is None or not found or last is None:  # who only wrote loses all with one of their messages
        state = "archived" if own.workflow_state == "archived" else "read"
        empty: dict[str, Any] = {"tags": [], "message_count": 0, "last_message_at": None, "last_authored_at": None}
        return api.store.conversation_participants.put(replace(own, workflow_state=state, starred=False, **empty))
    authored = next((message.created_at for message in found if message.author_id == own.user_id), None)
    changes: dict[str, Any] = {"message_count": len(found), "last_authored_at": authored}
    changes["last_message_at"] = found[0].created_at if own.subscribed else _after_leaving(api, own, last)
    if conversation.private:
        kept = (tag for message in found for tag in message.tags.get(str(own.user_id), []))
        changes["tags"] = list(dict.fromkeys(kept))
    return api.store.conversation_participants.put(replace(own, **changes))


def _after_leaving(api: Api, own: ConversationParticipant, last: datetime) -> datetime | None:
    """When the last message is said to be for who left: of those that came later, the last, or the first if all did."""
    times = [message.created_at for message in messages(api, own)]
    later = [time for time in times if time > last]
    return (later[-1] if len(later) == len(times) else later[0]) if later else None


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
    if made != own:
        made = replace(made, updated_at=api.now)
    return api.store.conversation_participants.put(made)


def locked(api: Api, conversation: Conversation, others: Iterable[int | None]) -> bool:
    """Whether the caller cannot reply, as in a course that is over for them, or where they may not write.

    Parameters: `others`, to whom: those who may not write can still reply to staff.
    """
    kind, number = conversation.context_type, conversation.context_id or 0
    if kind not in ("Course", "Group"):
        return False
    course, group = groups.course_of(api, kind, number), api.store.groups.get(number) if kind == "Group" else None
    if course is None and group is None:
        return True
    if course is not None:
        if course.workflow_state == "completed" or not _goes_on(api, course):
            return True
        inside = {row.user_id for row in participants(api, conversation.id)}
        rows = api.store.enrollments.find("course", course.id)
        staff = {row.user_id for row in rows if row.type in states.STAFF and row.workflow_state != "deleted"}
        if inside & staff & set(others) or observes(api, inside - {api.user.id}, course):
            return False
    held = groups.rights(api, group, api.caller) if group is not None else ()
    rights = ("send_messages", "send_messages_all")
    return not (courses.may(api, api.caller, course, *rights) if group is None and course else {*rights} & {*held})


def _goes_on(api: Api, course: Course) -> bool:
    """Whether a course goes on for the caller in one of their roles, or in a section that they see."""
    own = api.store.enrollments.find("whose", (course.id, api.user.id))
    ended = ("rejected", "completed", "deleted")
    if any(row.workflow_state not in ended and not states.concluded(api, course, row.type) for row in own):
        return True
    seen = sections.visible(api, course)
    found = (row for row in api.store.course_sections.find("course", course.id) if row.workflow_state != "deleted")
    return any(not _section_over(api, course, row) for row in found if seen is None or row.id in seen)


def _section_over(api: Api, course: Course, section: CourseSection) -> bool:
    if section.end_at is not None and section.restrict_enrollments_to_section_dates:
        return section.end_at < api.now
    return states.concluded(api, course)


def departed(api: Api, conversation: Conversation, users: Collection[int]) -> list[str]:
    """The names of people who are not in the course of a conversation any more, if the caller is a student there."""
    course = api.store.courses.get(conversation.context_id) if conversation.context_type == "Course" else None
    if course is None or course.workflow_state != "available":
        return []
    rows = list(api.store.enrollments.find("course", course.id))
    own = [
        row.type for row in rows if row.user_id == api.user.id and states.state_of(api, row, course).name == "active"
    ]
    if "StudentEnrollment" not in own or not {*own}.isdisjoint(states.STAFF):
        return []
    ended = ("rejected", "completed", "deleted", "inactive")
    left = {*users} - {row.user_id for row in rows if row.workflow_state not in ended}
    return [user.name for number in sorted(left) if (user := api.store.users.get(number)) is not None]


def over(api: Api, course: Course) -> bool:
    """Whether a course is concluded for the caller, as it is for all but its admins."""
    return course.workflow_state == "completed" and not courses.may(api, api.caller, course, "read_as_admin")


def instructors(api: Api, course: Course, users: Collection[int]) -> bool:
    """Whether these people all teach or assist in a course now."""
    rows = [row for row in api.store.enrollments.find("course", course.id) if row.type in messaging.INSTRUCTORS]
    teaching = {row.user_id for row in rows if states.state_of(api, row, course).name == "active"}
    return teaching.issuperset(users)


def observes(api: Api, users: Collection[int], course: Course | None = None) -> bool:
    """Whether the caller observes all these users: in a course now, or at any time in some course."""
    rows = [row for row in api.store.enrollments.find("user", api.user.id) if row.type == "ObserverEnrollment"]
    if course is not None:
        rows = [row for row in rows if row.course_id == course.id and row.workflow_state != "deleted"]
    watched = {row.associated_user_id for row in rows}
    return bool(watched) and watched.issuperset(users)


def unread(api: Api, user: User) -> int:
    """The number of a user's unread conversations."""
    rows = api.store.conversation_participants.find("user", user.id)
    return sum(1 for row in rows if row.workflow_state == "unread" and row.last_message_at is not None)
