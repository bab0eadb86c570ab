"""Recent activity: announcements, discussions, comments on the user's work, assignments, conversations, collaborations.

Source: canvas-lms app/models/stream_item.rb and assignment.rb, participants_with_visibility (2023-06), and the recorded
exchanges of `courses` 282-299. Canvas stores items for the participants at the time; here they are computed on request,
and only hidden ones are stored.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.model import (
    Assignment,
    Collaboration,
    ConversationParticipant,
    Course,
    DiscussionTopic,
    Enrollment,
    Group,
    Submission,
    User,
)
from lms_emulator.providers.canvas.rules import assignments, conversations, discussions, groups, states, submissions
from lms_emulator.providers.canvas.rules.contexts import Context
from lms_emulator.providers.canvas.rules.planner import courses_of, groups_of

KINDS = ("Announcement", "DiscussionTopic", "Submission", "Conversation", "Message", "Collaboration")
"""The kinds of items, in the order of their names in ids."""
HIDDEN = "hidden_stream_items"


class Item(NamedTuple):
    """One activity.

    Attributes:
        at: the time of the last change.
        place: the course or group; None for a conversation.
        assignment: the submission's assignment.
    """

    kind: str
    record: DiscussionTopic | Submission | ConversationParticipant | Assignment | Collaboration
    at: datetime
    place: Context | None = None
    assignment: Assignment | None = None

    @property
    def number(self) -> int:
        """The item's id, derived from its kind and object."""
        return int(self.record.id) * len(KINDS) + KINDS.index(self.kind)


def _of_topics(api: Api, place: Context) -> Iterator[Item]:
    for topic in discussions.topics_of(api, place):
        if not topic.published or not discussions.visible(api, topic, place):
            continue
        kind = "Announcement" if topic.is_announcement else "DiscussionTopic"
        said = (entry.created_at for entry in discussions.entries_of(api, topic))
        yield Item(kind, topic, max(said, default=topic.created_at or api.now), place)


def _of_work(api: Api, course: Course, place: Context, user: User) -> Iterator[Item]:
    """The user's submissions with comments by others."""
    for base in assignments.of_course(api, course):
        record = api.store.submissions.first("whose", (base.id, user.id))
        if record is None or not base.published:
            continue
        rows = api.store.submission_comments.find("submission", record.id)
        said = [comment.created_at for comment in rows if comment.author_id != user.id]
        if said:
            at = max([*said, *([record.graded_at] if record.graded_at is not None else [])])
            yield Item("Submission", record, at, place, base)


def _of_news(api: Api, course: Course, place: Context, user: User) -> Iterator[Item]:
    """The new assignments of which Canvas notified the user."""
    own = [e for e in api.store.enrollments.find("user", user.id) if e.course_id == course.id]
    for base in assignments.of_course(api, course):
        at = base.created_at
        if base.published and at is not None and any(_was_announced(api, course, base, row, at) for row in own):
            yield Item("Message", base, at, place)


def _was_announced(api: Api, course: Course, assignment: Assignment, enrollment: Enrollment, at: datetime) -> bool:
    """Whether an assignment created at `at` was announced to an enrolled user: staff, students whose dates had
    begun, and observers of those or of the whole course."""
    if enrollment.workflow_state != "active" or (enrollment.created_at is not None and enrollment.created_at > at):
        return False
    if enrollment.type in states.STUDENTS:
        begun = states.state_of(api, enrollment, course, at).name == "active"
        return begun and assignments.assigned(api, assignment, enrollment.user_id)
    if enrollment.type != "ObserverEnrollment" or enrollment.associated_user_id is None:
        return True
    rows = api.store.enrollments.find("user", enrollment.associated_user_id)
    students = (e for e in rows if e.course_id == course.id and e.type in states.STUDENTS)
    return any(_was_announced(api, course, assignment, e, at) for e in students)


def _of_documents(api: Api, place: Context, user: User) -> Iterator[Item]:
    """The collaborations that the user made, or works on as a person and not only in a group."""
    for row in api.store.collaborations.find("context", (place.type, place.id)):
        named = {member.user_id for member in api.store.collaborators.find("collaboration", row.id)}
        if row.workflow_state == "active" and user.id in (row.user_id, *named):
            yield Item("Collaboration", row, row.created_at, place)


def takes_part(api: Api, place: Context, user: User) -> bool:
    """Whether a user gets activity: members do, observers do not."""
    if not isinstance(place.record, Course):
        return isinstance(place.record, Group) and user.id in {row.user_id for row in groups.members(api, place.record)}
    rows = api.store.enrollments.find("user", user.id)
    return any(
        e.course_id == place.id and e.workflow_state == "active" and e.type != "ObserverEnrollment" for e in rows
    )


def of_place(api: Api, place: Context, user: User) -> list[Item]:
    """Activity in a course or a group, latest first."""
    found = list(_of_topics(api, place)) if takes_part(api, place, user) else []
    found += _of_documents(api, place, user)
    if isinstance(place.record, Course):
        found += [*_of_work(api, place.record, place, user), *_of_news(api, place.record, place, user)]
    return _shown(found, user)


def of_user(api: Api, user: User) -> list[Item]:
    """Activity in all of a user's courses, groups and conversations, latest first."""
    places = [Context("Course", course.id, course) for course in courses_of(api, user)]
    places += [Context("Group", group.id, group) for group in groups_of(api, user)]
    found = [item for place in places for item in of_place(api, place, user)]
    rows = api.store.conversation_participants.find("user", user.id)
    latest = [(row, row.last_message_at) for row in rows if conversations.messages(api, row)]
    found += [Item("Conversation", participant, at) for participant, at in latest if at is not None]
    return _shown(found, user)


def _shown(found: list[Item], user: User) -> list[Item]:
    hidden = set(user.preferences.get(HIDDEN, []))
    kept = [item for item in found if item.number not in hidden]
    return sorted(kept, key=lambda item: (item.at, item.kind == "Announcement", item.record.id), reverse=True)


def is_read(api: Api, item: Item, user: User) -> bool:
    """Whether a user has seen an item's object."""
    if isinstance(item.record, DiscussionTopic):
        return discussions.topic_read(api, item.record, user)
    if isinstance(item.record, ConversationParticipant):
        return item.record.workflow_state != "unread"
    if isinstance(item.record, Assignment):
        return True
    if isinstance(item.record, Collaboration):
        return False
    return submissions.is_read(api, item.record, user.id)
