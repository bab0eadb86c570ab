"""Posting in a discussion, which in a graded one also submits work.

Source: canvas-lms app/models/discussion_entry.rb (2023-06), and the recorded exchanges of `content-discussions`.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from msgspec.structs import replace

from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.lti import documents
from lms_emulator.providers.canvas.model import Assignment, Course, DiscussionEntry, DiscussionTopic
from lms_emulator.providers.canvas.rules import contexts, discussions, features, grading, html, submissions
from lms_emulator.providers.canvas.rules.contexts import Context
from lms_emulator.providers.canvas.rules.states import STUDENTS

LAST_REPLY_WITHIN = timedelta(minutes=1)
"""For this long after a reply, the time of the last reply is not updated."""

DEEPEST = 50
"""Levels of replies: canvas-lms app/models/discussion_entry.rb, max_depth."""


def say(
    api: Api,
    topic: DiscussionTopic,
    message: str | None,
    parent: DiscussionEntry | None = None,
    **fields: Any,
) -> DiscussionEntry:
    """Add an entry to a topic; in a graded topic it is the student's work. Raises a refusal if nested too deep."""
    if parent is not None and _depth(api, parent) >= DEEPEST:
        raise refusals.invalid({"base": ["Maximum entry depth reached"]})
    if parent is not None and parent.topic_id != topic.id:
        raise refusals.invalid({"parent_id": ["Parent entry must belong to the same discussion topic"]})
    check_length(message)
    context = contexts.holding(api, topic)
    if parent is not None and not _threaded(api, topic, context):  # there all replies are to the top of the thread
        parent = api.store.discussion_entries.get(parent.root_entry_id or 0) or parent
    entry = DiscussionEntry(
        **api.new_row("discussion_entries"),
        topic_id=topic.id,
        user_id=api.user.id,
        parent_id=parent.id if parent is not None else None,
        root_entry_id=(parent.root_entry_id or parent.id) if parent is not None else None,
        message=message,
        **fields,
    )
    api.store.discussion_entries.put(entry)
    last = topic.last_reply_at
    recent = last is not None and api.now - last < LAST_REPLY_WITHIN
    discussions.renewed(api, topic, last_reply_at=last if recent else api.now)
    if discussions.hold(api, topic, context) is None:
        discussions.keep(api, topic, api.user, subscribed=True)
    elif discussions.participant(api, topic, api.user) is None:
        discussions.keep(api, topic, api.user, subscribed=False)
    assignment = graded_in(api, topic)
    course = api.store.courses.get(assignment.course_id) if assignment is not None else None
    if assignment is not None and course is not None:
        hand_in(api, assignment, course, api.user.id, api.now)
    documents.contributed(api, assignment, entry, "Submitted", api.user)
    return entry


def untouched(api: Api, topic: DiscussionTopic) -> bool:
    """Whether no student has posted or submitted anything, so that a topic can become a draft or change its groups.

    Source: canvas-lms app/models/discussion_topic.rb, can_unpublish? (2024-04).
    """
    assignment = discussions.assignment_of(api, topic)
    if assignment is not None:
        return not any(map(submissions.handed_in, submissions.stored(api, assignment)))
    places = discussions.children(api, topic) if topic.group_category_id is not None else [topic]
    said = {entry.user_id for place in places for entry in discussions.entries_of(api, place)}
    if topic.context_type != "Course":
        return not said
    rows = api.store.enrollments.find("course", topic.context_id)
    return said.isdisjoint(e.user_id for e in rows if e.type == "StudentEnrollment" and e.workflow_state != "deleted")


def graded_in(api: Api, topic: DiscussionTopic) -> Assignment | None:
    """The assignment of a topic, or of the parent of a group's copy."""
    return discussions.assignment_of(api, discussions.root_of(api, topic))


def check_length(message: str | None) -> None:
    """Refuse a message that does not fit into Canvas's column."""
    if message is not None and len(message.encode()) > html.LONGEST:
        raise refusals.invalid({"message": ["too_long"]})


def _threaded(api: Api, topic: DiscussionTopic, context: Context) -> bool:
    course = discussions.course_of(api, context)
    redesigned = course is not None and features.enabled(api, course, "react_discussions_post")
    return topic.discussion_type == "threaded" or redesigned


def take_back(api: Api, topic: DiscussionTopic, entry: DiscussionEntry) -> DiscussionEntry:
    """Remove an entry. In a graded topic the submission then dates from the next one, or is removed.

    Source: canvas-lms app/models/discussion_entry.rb, update_topic_submission (2024-04).
    """
    changes = {"workflow_state": "deleted", "editor_id": api.user.id, "updated_at": api.now}
    taken = api.store.discussion_entries.put(replace(entry, **changes, deletions=entry.deletions + 1))
    _unsubscribe(api, topic, entry)
    assignment = graded_in(api, topic)
    work = api.store.submissions.first("whose", (assignment.id, entry.user_id)) if assignment is not None else None
    if assignment is None or work is None:
        return taken
    remaining = [row.created_at for row in discussions.entries_of(api, topic) if row.user_id == entry.user_id]
    if not remaining:
        none = {"workflow_state": "unsubmitted", "submission_type": None, "submitted_at": None}
        grading.keep(api, assignment, replace(work, **none), new_version=False)
    elif min(remaining) > entry.created_at:
        grading.keep(api, assignment, replace(work, submitted_at=min(remaining)), new_version=False)
    return taken


def _unsubscribe(api: Api, topic: DiscussionTopic, entry: DiscussionEntry) -> None:
    """Stop notifying users of new entries who must post again before they can read them."""
    author = api.store.users.get(entry.user_id)
    context = contexts.holding(api, topic)
    if author is not None and not discussions.sees_posts(api, topic, context, author, observed=False):
        discussions.keep(api, topic, author, subscribed=False)


def _depth(api: Api, entry: DiscussionEntry) -> int:
    depth, above = 1, entry.parent_id
    while above is not None and (discussion_entry := api.store.discussion_entries.get(above)) is not None:
        depth, above = depth + 1, discussion_entry.parent_id
    return depth


def hand_in(api: Api, assignment: Assignment, course: Course, user_id: int, at: datetime) -> None:
    """Submit a student's first entry in a graded topic."""
    own = api.store.enrollments.find("whose", (course.id, user_id))
    if not any(enrollment.type in STUDENTS for enrollment in own):
        return
    known = submissions.of(api, assignment, user_id)
    if known.submission_type is None:
        done = {"submission_type": "discussion_topic", "submitted_at": at, "workflow_state": "submitted"}
        grading.keep(api, assignment, replace(known, **done, attempt=(known.attempt or 0) + 1), new_version=True)
