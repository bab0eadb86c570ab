"""Recent activity: discussions, grades and comments, peer reviews, new assignments, conversations, collaborations.

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
    PeerReview,
    Submission,
    User,
)
from lms_emulator.providers.canvas.rules import (
    assignments,
    conversations,
    courses,
    discussions,
    groups,
    states,
    submissions,
)
from lms_emulator.providers.canvas.rules.contexts import Context
from lms_emulator.providers.canvas.rules.planner import courses_of, groups_of

KINDS = (
    "Announcement",
    "DiscussionTopic",
    "Submission",
    "Conversation",
    "Message",
    "Collaboration",
    "AssessmentRequest",
)
"""The kinds of items, in the order of their names in ids."""
KEEPING = KINDS[:3]
"""The kinds whose items are unread until they are read; all others count as read."""
HIDDEN = "hidden_stream_items"


class Item(NamedTuple):
    """One activity.

    Attributes:
        at: the time of the last change.
        place: the course or group; None for a conversation.
        assignment: that of the submission or the peer review.
    """

    kind: str
    record: DiscussionTopic | Submission | ConversationParticipant | Assignment | Collaboration | PeerReview
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
    """The user's posted grades and others' comments on their work; for instructors, what students say about theirs."""
    found: dict[int, datetime] = {}
    for base in assignments.of_course(api, course):
        own = api.store.submissions.first("whose", (base.id, user.id))
        if own is None or own.posted_at is None:
            continue
        rows = api.store.submission_comments.find("submission", own.id)
        said = [row.created_at for row in rows if row.author_id != user.id and row.provisional_grade_id is None]
        graded = [own.graded_at] if own.graded_at is not None and submissions.graded(own) else []
        if said or graded:
            found[own.id] = max([*said, *graded])
    if courses.may(api, user, course, *assignments.GRADERS) and (teaching := _teaching(api, course, user)):
        for row in api.store.submission_comments:
            record = api.store.submissions.get(row.submission_id)
            if record is not None and row.author_id == record.user_id and row.provisional_grade_id is None:
                task = api.store.assignments.get(record.assignment_id)
                if task is not None and task.course_id == course.id and _charged(api, course, teaching, record.user_id):
                    found[record.id] = max(row.created_at, found.get(record.id, row.created_at))
    for number, at in found.items():
        record = api.store.submissions.get(number)
        task = api.store.assignments.get(record.assignment_id) if record is not None else None
        if record is not None and task is not None and task.published and task.workflow_state != "deleted":
            yield Item("Submission", record, at, place, task)


def _teaching(api: Api, course: Course, user: User) -> list[Enrollment]:
    rows = api.store.enrollments.find("whose", (course.id, user.id))
    return [e for e in rows if e.type in states.INSTRUCTORS and states.state_of(api, e, course).name == "active"]


def _charged(api: Api, course: Course, teaching: list[Enrollment], student_id: int) -> bool:
    """Whether one who teaches, perhaps in some sections only, is in charge of a student."""
    sections = {e.course_section_id for e in assignments.student(api, course.id, student_id)}
    return any(not e.limit_privileges_to_course_section or e.course_section_id in sections for e in teaching)


def _of_reviews(api: Api, course: Course, place: Context, user: User) -> Iterator[Item]:
    """Others' work that the user is to review."""
    for row in api.store.peer_reviews:
        record = api.store.submissions.get(row.submission_id) if row.assessor_id == user.id else None
        base = api.store.assignments.get(record.assignment_id) if record is not None else None
        if base is not None and base.course_id == course.id and base.workflow_state != "deleted":
            yield Item("AssessmentRequest", row, row.updated_at or row.created_at or api.now, place, base)


def _of_news(api: Api, course: Course, place: Context, user: User) -> Iterator[Item]:
    """The new assignments of which Canvas notified the user."""
    own = api.store.enrollments.find("whose", (course.id, user.id))
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
    rows = api.store.enrollments.find("whose", (course.id, enrollment.associated_user_id))
    students = (e for e in rows if e.type in states.STUDENTS)
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
    rows = api.store.enrollments.find("whose", (place.id, user.id))
    return any(e.workflow_state == "active" and e.type != "ObserverEnrollment" for e in rows)


def of_place(api: Api, place: Context, user: User) -> list[Item]:
    """Activity in a course or a group, latest first."""
    found = list(_of_topics(api, place)) if takes_part(api, place, user) else []
    found += _of_documents(api, place, user)
    if isinstance(place.record, Course):
        course = place.record
        found += [*_of_work(api, course, place, user), *_of_news(api, course, place, user)]
        found += _of_reviews(api, course, place, user)
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
    if isinstance(item.record, Submission):
        return submissions.is_read(api, item.record, user.id)
    return not isinstance(item.record, ConversationParticipant) or item.record.workflow_state == "read"
