"""Discussions: who can see, reply to and change them, and what a user has read.

Source: canvas-lms app/models/discussion_topic.rb and discussion_entry.rb (2023-06), and the recorded exchanges of
`content-discussions` and `content-announcements`.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from msgspec.structs import replace

from lms_emulator.core.clock import later
from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.call.moments import stamp
from lms_emulator.providers.canvas.model import (
    Assignment,
    Course,
    DiscussionEntry,
    DiscussionParticipant,
    DiscussionTopic,
    Group,
    User,
)
from lms_emulator.providers.canvas.rules import assignments, contexts, courses, groups, inherited, progressing
from lms_emulator.providers.canvas.rules.contexts import Context
from lms_emulator.providers.canvas.rules.states import CURRENT


def topics_of(api: Api, context: Context) -> list[DiscussionTopic]:
    """The undeleted topics of a context, announcements among them."""
    found = api.store.discussion_topics.find("context", (context.type, context.id))
    return [topic for topic in found if topic.workflow_state != "deleted"]


def children(api: Api, topic: DiscussionTopic) -> list[DiscussionTopic]:
    """The child topics of a group discussion, in order."""
    found = api.store.discussion_topics.find("root", topic.id)
    return sorted((row for row in found if row.workflow_state != "deleted"), key=lambda row: row.id)


def entries_of(api: Api, topic: DiscussionTopic, *, deleted: bool = False) -> list[DiscussionEntry]:
    """The entries of a topic, oldest first."""
    found = api.store.discussion_entries.find("topic", topic.id)
    return sorted(
        (entry for entry in found if deleted or entry.workflow_state != "deleted"), key=lambda entry: entry.id
    )


def posted_at(api: Api, topic: DiscussionTopic) -> datetime | None:
    """When a topic was posted; a seeded age moves with the clock, a delayed announcement is posted at its time."""
    if topic.posted_days_ago is not None:
        return later(api.now, -86_400 * topic.posted_days_ago)
    if topic.is_announcement and topic.delayed_post_at is not None and topic.delayed_post_at <= api.now:
        return topic.delayed_post_at
    return topic.posted_at


def course_of(api: Api, context: Context) -> Course | None:
    """The course that a topic's context is, or is a group of."""
    record = context.record
    home = groups.home(api, groups.category_of(api, record)) if isinstance(record, Group) else record
    return home if isinstance(home, Course) else None


def assignment_of(api: Api, topic: DiscussionTopic) -> Assignment | None:
    """The assignment of a topic."""
    found = api.store.assignments.get(topic.assignment_id) if topic.assignment_id is not None else None
    return found if found is not None and found.workflow_state != "deleted" else None


# rights


def moderates(api: Api, context: Context, user: User | None = None) -> bool:
    """Whether a user (by default the caller) moderates the discussions of a context."""
    return contexts.may(api, context, "moderate_forum", user=user)


def delayed(api: Api, topic: DiscussionTopic) -> bool:
    """Whether a topic's posting is delayed."""
    return topic.delayed_post_at is not None and topic.delayed_post_at > api.now


def closed(api: Api, topic: DiscussionTopic) -> bool:
    """Whether a topic is closed for new entries."""
    return topic.locked or (topic.lock_at is not None and topic.lock_at <= api.now)


def comments_disabled(api: Api, topic: DiscussionTopic) -> bool:
    """Whether the course has disabled comments on announcements."""
    course = api.store.courses.get(topic.context_id) if topic.context_type == "Course" else None
    return topic.is_announcement and course is not None and inherited.of_course(api, course, "lock_all_announcements")


def lock_announcements(api: Api, course: Course) -> None:
    """Close every announcement of a course to replies."""
    for topic in list(api.store.discussion_topics.find("context", ("Course", course.id))):
        if topic.is_announcement and topic.workflow_state == "active":
            api.store.discussion_topics.put(replace(topic, locked=True))


def visible(api: Api, topic: DiscussionTopic, context: Context) -> bool:
    """Whether the caller sees a topic."""
    kind = "read_announcements" if topic.is_announcement else "read_forum"
    if not contexts.may(api, context, kind, "moderate_forum"):
        return False
    if moderates(api, context) or (api.caller is not None and topic.user_id == api.caller.id):
        return True
    if not topic.published or (topic.is_announcement and delayed(api, topic)):
        return False
    assignment = assignment_of(api, topic)
    course = context.record
    if assignment is not None and isinstance(course, Course) and not assignments.visible(api, course, assignment):
        return False
    return not topic.section_ids or in_sections(api, topic, context)


def in_sections(api: Api, topic: DiscussionTopic, context: Context) -> bool:
    """Whether the caller is in one of the sections that a topic is for."""
    if api.caller is None or not isinstance(context.record, Course):
        return False
    own = courses.enrollments_of(api, api.caller, context.record)
    return any(enrollment.course_section_id in topic.section_ids for enrollment, _ in own)


def lock_of(api: Api, topic: DiscussionTopic) -> dict[str, Any] | None:
    """The `lock_info` of a topic for users who do not moderate."""
    asset = f"discussion_topic_{topic.id}"
    if delayed(api, topic) and topic.delayed_post_at is not None:
        return {"unlock_at": stamp(topic.delayed_post_at), "asset_string": asset}
    if topic.lock_at is not None and topic.lock_at <= api.now:
        return {"lock_at": stamp(topic.lock_at), "can_view": True, "asset_string": asset}
    return {"can_view": True, "asset_string": asset} if closed(api, topic) else None


def locked_for_caller(api: Api, topic: DiscussionTopic, context: Context) -> dict[str, Any] | None:
    """`lock_of` for the caller."""
    if moderates(api, context):
        return None
    return lock_of_module(api, topic, context) or lock_of(api, topic)


def lock_of_module(api: Api, topic: DiscussionTopic, context: Context) -> dict[str, Any] | None:
    """The `lock_info` of the module that locks a topic for the caller."""
    course = context.record
    if moderates(api, context) or not isinstance(course, Course):
        return None
    return progressing.lock_of(api, course, "Discussion", topic.id)


def edits_own(api: Api, context: Context) -> bool:
    """Whether users may change their own entries, which a course can forbid to students, in its groups too."""
    course = course_of(api, context)
    kept = course is not None and not course.settings.get("allow_student_discussion_editing", True)
    return not kept or contexts.may(api, context, "read_as_admin")


def attaches(api: Api, topic: DiscussionTopic, context: Context) -> bool:
    """Whether the caller may attach a file to an entry, which a course can forbid to students."""
    if oversees(api, topic, context):
        return locked_for_caller(api, topic, context) is None
    course = course_of(api, context)
    allowed = course is not None and course.settings.get("allow_student_forum_attachments", True)
    shut = not topic.published or (topic.is_announcement and closed(api, topic))
    allowed = allowed and not shut and locked_for_caller(api, topic, context) is None
    return bool(allowed) and contexts.may(api, context, "post_to_forum")


def permissions(api: Api, topic: DiscussionTopic, context: Context) -> dict[str, bool]:
    """The caller's permissions on a topic."""
    moderator, author = moderates(api, context), api.caller is not None and topic.user_id == api.caller.id
    posts = contexts.may(api, context, "post_to_forum", "moderate_forum")
    open_to_caller = locked_for_caller(api, topic, context) is None
    own = author and open_to_caller and posts and edits_own(api, context)
    return {
        "attach": posts and (moderator or not topic.is_announcement),
        "update": topic.root_topic_id is None and (moderator or own),
        "reply": posts and open_to_caller,
        "delete": oversees(api, topic, context) or (own and not entries_of(api, topic)),
    }


# reading


def participant(api: Api, topic: DiscussionTopic, user: User) -> DiscussionParticipant | None:
    """A user's read state of a topic, if there is one."""
    return api.store.discussion_participants.first("whose", (topic.id, user.id))


def topic_read(api: Api, topic: DiscussionTopic, user: User) -> bool:
    """Whether a user has read a topic itself; authors have, unless they marked it unread."""
    known = participant(api, topic, user)
    return known.read if known is not None and known.read is not None else topic.user_id == user.id


def keep(api: Api, topic: DiscussionTopic, user: User, **changes: Any) -> DiscussionParticipant:
    """Store a user's read state of a topic."""
    known = participant(api, topic, user)
    if known is None:
        known = DiscussionParticipant(id=api.new_id("discussion_participants"), topic_id=topic.id, user_id=user.id)
    return api.store.discussion_participants.put(replace(known, **changes))


def is_read(entry: DiscussionEntry, user: User, known: DiscussionParticipant | None) -> bool:
    """Whether a user has read an entry; authors have, unless they marked it unread."""
    if known is not None and entry.id in known.read_entries:
        return True
    return entry.user_id == user.id and (known is None or entry.id not in known.unread_entries)


def mark(
    api: Api, topic: DiscussionTopic, user: User, ids: Collection[int], *, read: bool, forced: bool | None
) -> None:
    """Mark entries of a topic as read or unread.

    Parameters: `forced`, whether that was done by hand; None leaves what is known of it.
    """
    known = participant(api, topic, user)
    before, by_hand = (known.read_entries, known.forced) if known is not None else ([], [])
    unread_before = known.unread_entries if known is not None else []
    if forced is not None:
        by_hand = [value for value in by_hand if value not in ids] + (list(ids) if forced else [])
    keep(
        api,
        topic,
        user,
        read_entries=[value for value in before if value not in ids] + (list(ids) if read else []),
        unread_entries=[value for value in unread_before if value not in ids] + ([] if read else list(ids)),
        forced=by_hand,
    )


def unread_count(api: Api, topic: DiscussionTopic, user: User) -> int:
    """How many entries Canvas counts as unread: every deletion is subtracted, even a repeated one."""
    known, count = participant(api, topic, user), 0
    for entry in entries_of(api, topic, deleted=True):
        if not is_read(entry, user, known):
            count += (entry.workflow_state != "deleted") - max(0, entry.deletions - 1)
    return max(0, count)


def root_of(api: Api, topic: DiscussionTopic) -> DiscussionTopic:
    """The topic of the course that a group's topic was made for, or the topic itself."""
    return api.store.discussion_topics.get(topic.root_topic_id or 0) or topic


def oversees(api: Api, topic: DiscussionTopic, context: Context, user: User | None = None) -> bool:
    """Whether a user moderates a topic; one made for a group is moderated by those of its course."""
    root = root_of(api, topic)
    return moderates(api, context if root is topic else contexts.holding(api, root), user)


def requires_post(api: Api, topic: DiscussionTopic) -> bool | None:
    """Whether people must post before they read. If not, Canvas says null, and false of a topic made for a group."""
    root = root_of(api, topic)
    return topic.require_initial_post or (None if root is topic else bool(root.require_initial_post))


def sees_posts(
    api: Api, topic: DiscussionTopic, context: Context, user: User | None = None, *, observed: bool = True
) -> bool:
    """Whether a user (by default the caller) may read others' entries: if that is required, only after posting one.

    Parameters: `observed`, whether entries of those whom the user observes count too.
    """
    who = user or api.caller
    if not requires_post(api, topic) or oversees(api, topic, context, who):
        return True
    if who is None:
        return False
    whose = {who.id}
    course = course_of(api, context)
    if observed and course is not None:
        own = courses.enrollments_of(api, who, course)
        whose |= {enrollment.associated_user_id for enrollment, _ in own if enrollment.associated_user_id}
    return any(entry.user_id in whose for entry in entries_of(api, topic))


def hold(api: Api, topic: DiscussionTopic, context: Context) -> str | None:
    """Why the caller cannot subscribe."""
    if topic.is_announcement:
        return "topic_is_announcement"
    if not sees_posts(api, topic, context):
        return "initial_post_required"
    group = context.record
    if isinstance(group, Group) and not groups.is_member(api, group, api.caller):
        return "not_in_group"
    grouped = topic.group_category_id is not None and topic.root_topic_id is None
    outside = api.caller is None or (grouped and child_for(api, topic, api.caller) is None)
    return "not_in_group_set" if outside else None


def subscribed(api: Api, topic: DiscussionTopic, context: Context) -> bool:
    """Whether the caller is notified of new entries; of a group discussion, in the topic of one of its groups."""
    if api.caller is None:
        return False
    rows = [participant(api, discussion_topic, api.caller) for discussion_topic in (*children(api, topic), topic)]
    known = next((row for row in rows if row is not None), None)
    if known is not None and known.subscribed is not None:
        return known.subscribed
    return topic.user_id == api.caller.id and hold(api, topic, context) is None


def child_for(api: Api, topic: DiscussionTopic, user: User) -> DiscussionTopic | None:
    """The topic, of those made for groups, of a group that a user is in."""
    for child in children(api, topic):
        group = api.store.groups.get(child.context_id)
        if group is not None and groups.is_member(api, group, user):
            return child
    return None


# changing


def renewed(api: Api, topic: DiscussionTopic, **changes: Any) -> DiscussionTopic:
    """Store a topic after something was posted in it."""
    fresh = api.store.discussion_topics.get(topic.id) or topic
    return api.store.discussion_topics.put(replace(fresh, viewed_in=None, **changes))


def members(api: Api, context: Context) -> int:
    """The number of a context's members, including invited ones."""
    if not isinstance(context.record, Course):
        return 0
    living = api.store.enrollments.find("course", context.id)
    return len({enrollment.user_id for enrollment in living if enrollment.workflow_state in CURRENT})


def draft_refused(why: str) -> Exception:
    """The refusal for a topic that cannot be a draft."""
    text = f"This topic cannot be set to draft state because it {why}."
    fault = {"attribute": "workflow_state", "type": text, "message": text}
    return refusals.rest("topic_no_draft", 400, {"errors": {"published": [fault]}}, check="the topic may be a draft")
