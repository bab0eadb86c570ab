"""The planner: a user's dated items.

Source: canvas-lms app/controllers/planner_controller.rb and app/models/planner_override.rb (2023-06), and the recorded
exchanges of `planner`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any, NamedTuple

from msgspec.structs import replace

from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.model import (
    Assignment,
    CalendarEvent,
    Course,
    DiscussionTopic,
    Group,
    PeerReview,
    PlannerNote,
    PlannerOverride,
    Quiz,
    User,
    WikiPage,
)
from lms_emulator.providers.canvas.rules import (
    assignments,
    calendars,
    contexts,
    courses,
    discussions,
    pages,
    quizzes,
    states,
)
from lms_emulator.providers.canvas.rules.calendars import Place
from lms_emulator.providers.canvas.rules.contexts import Context

TABLES = {
    "assignment": "assignments",
    "announcement": "discussion_topics",
    "discussion_topic": "discussion_topics",
    "quiz": "quizzes",
    "wiki_page": "wiki_pages",
    "planner_note": "planner_notes",
    "calendar_event": "calendar_events",
    "assessment_request": "peer_reviews",
}
"""What the planner shows, by its names, with the tables."""
OF_ITEMS = {"Assignment": "assignment", "Discussion": "discussion_topic", "Page": "wiki_page", "Quiz": "quiz"}
"""What the planner shows of a module's items, by their types."""
WALKS = {
    "announcement": "announcements",
    "assessment_request": "peer_reviews",
    "calendar_event": "calendar_events",
    "discussion_topic": "ungraded_discussions",
    "planner_note": "planner_notes",
    "quiz": "ungraded_quizzes",
    "wiki_page": "pages",
}
"""The lists that are walked one after the other, by what is in them."""
Plannable = Assignment | DiscussionTopic | Quiz | WikiPage | PlannerNote | CalendarEvent | PeerReview


class Item(NamedTuple):
    """Something in a user's planner.

    Attributes:
        kind: one of `TABLES`.
        at: when it is due, posted or starts.
        place: the course, group or person that it belongs to; None for a note without a course.
        assignment: its assignment, if graded, with the person's dates.
    """

    kind: str
    record: Plannable
    at: datetime
    place: Context | None
    assignment: Assignment | None = None

    @property
    def walk(self) -> str:
        """The Canvas list that it comes from, as named in bookmarks."""
        return "viewing" if self.assignment is not None else WALKS[self.kind]


class Window(NamedTuple):
    """The time range of a list."""

    start: datetime
    end: datetime

    def holds(self, moment: datetime | None) -> bool:
        """Whether a time is within the window."""
        return moment is not None and self.start <= moment <= self.end


def courses_of(api: Api, user: User) -> list[Course]:
    """The courses that a user is in now."""
    rows = api.store.enrollments.find("user", user.id)
    found = [(row, api.store.courses.get(row.course_id)) for row in rows]
    active = {c.id: c for row, c in found if c is not None and states.state_of(api, row, c).name == "active"}
    return [course for course in active.values() if courses.may(api, user, course, "read")]


def all_courses_of(api: Api, user: User) -> list[Course]:
    """The courses that a user is in or was in until they ended."""
    rows = (e for e in api.store.enrollments.find("user", user.id) if e.workflow_state in ("active", "completed"))
    found = (api.store.courses.get(number) for number in dict.fromkeys(row.course_id for row in rows))
    return [course for course in found if course is not None and course.workflow_state != "deleted"]


def groups_of(api: Api, user: User) -> list[Group]:
    """The groups that a user is in."""
    known = (api.store.groups.get(number) for number in assignments.groups_of(api, user.id))
    return [group for group in known if group is not None and group.workflow_state != "deleted"]


def of_course(api: Api, course: Course, window: Window) -> Iterator[Item]:
    """A course's items for the caller: graded and ungraded work, dated pages, discussions, announcements."""
    place = Context("Course", course.id, course)
    for base in assignments.of_course(api, course):
        record = assignments.dated(api, course, base)
        seen = base.published and assignments.visible(api, course, base) and window.holds(record.due_at)
        if seen and record.due_at is not None and assigned(api, course, base):
            yield _graded(api, record, record.due_at, place)
    for quiz in quizzes.of_course(api, course):
        if (
            quiz.assignment_id is None
            and quizzes.published(quiz)
            and quiz.due_at is not None
            and window.holds(quiz.due_at)
        ):
            yield Item("quiz", quiz, quiz.due_at, place)
    yield from ungraded(api, place, window)


def reviews(api: Api, course: Course, user: User, window: Window) -> Iterator[Item]:
    """The reviews that a user has to write or wrote in a course, by when the user's own work is due.

    Source: canvas-lms app/models/user_learning_object_scopes.rb, submissions_needing_peer_review (2024-04).
    """
    for review in api.store.peer_reviews.find("assessor", user.id):
        base = reviewed(api, review)
        if base is None or base.course_id != course.id or not (base.published and base.peer_reviews):
            continue
        due = assignments.dated_for(api, base, user.id).due_at
        if due is not None and window.holds(due):
            yield Item(
                "assessment_request", review, base.peer_reviews_assign_at or due, Context("Course", course.id, course)
            )


def reviewed(api: Api, review: PeerReview) -> Assignment | None:
    """The assignment of the work that is reviewed; None if it was deleted."""
    record = api.store.submissions.get(review.submission_id)
    base = api.store.assignments.get(record.assignment_id) if record is not None else None
    return base if base is not None and base.workflow_state != "deleted" else None


def assigned(api: Api, course: Course, base: Assignment) -> bool:
    """Whether an assignment is for the caller or an observed student; staff see all."""
    if courses.may(api, api.caller, course, "read_as_admin") or api.caller is None:
        return True
    return any(assignments.assigned(api, base, row) for row in assignments.seen_for(api, course, api.caller))


def _graded(api: Api, record: Assignment, at: datetime, place: Context) -> Item:
    """An assignment, or its quiz or discussion."""
    topic = api.store.discussion_topics.get(record.discussion_topic_id or 0)
    if topic is not None and topic.workflow_state != "deleted":
        return Item("discussion_topic", topic, at, place, record)
    quiz = api.store.quizzes.get(record.quiz_id or 0)
    return Item("quiz", quiz, at, place, record) if quiz is not None else Item("assignment", record, at, place, record)


def ungraded(
    api: Api, place: Context, window: Window, *, announced: bool = True, unpublished: bool = False
) -> Iterator[Item]:
    """Pages and discussions with a to-do date, and announcements by posting date."""
    for page in pages.pages_of(api, place):
        shown = (page.published or unpublished) and pages.may_read(api, place, page)
        if page.todo_date is not None and window.holds(page.todo_date) and shown:
            yield Item("wiki_page", page, page.todo_date, place)
    for topic in discussions.topics_of(api, place):
        if not (topic.published or unpublished) or not discussions.visible(api, topic, place):
            continue
        at = discussions.posted_at(api, topic) if topic.is_announcement else topic.todo_date
        if at is None or not window.holds(at) or topic.assignment_id is not None:
            continue
        if announced or not topic.is_announcement:
            yield Item("announcement" if topic.is_announcement else "discussion_topic", topic, at, place)


def events(api: Api, places: Iterable[Place], user: User, window: Window) -> Iterator[Item]:
    """Calendar events; if they have section times, those of the person's sections."""
    for event in calendars.events_of(api, list(places), user):
        if event.start_at is None or not window.holds(event.start_at):
            continue
        if calendars.group_of(api, event) is None and calendars.children(api, event):
            continue
        code = (calendars.effective_code(api, event) or calendars.code_of(event)).partition(",")[0]
        place = calendars.place_of_code(api, code)
        if place is not None and place.kind in contexts.TABLES:
            yield Item("calendar_event", event, event.start_at, contexts.of(place.record))


def notes(api: Api, user: User, window: Window | None, wanted: set[int | None] | None) -> Iterator[Item]:
    """A user's notes. `wanted`: the courses to include, where None means notes without a course; by default all."""
    for note in api.store.planner_notes.find("user", user.id):
        about = wanted is None or note.course_id in wanted
        if note.workflow_state == "deleted" or not about or (window is not None and not window.holds(note.todo_date)):
            continue
        course = api.store.courses.get(note.course_id) if note.course_id is not None else None
        place = Context("Course", course.id, course) if course is not None else None
        yield Item("planner_note", note, note.todo_date, place)


def override(api: Api, user: User, kind: str, number: int) -> PlannerOverride | None:
    """A user's planner override of an item."""
    rows = api.store.planner_overrides.find("whose", (user.id, kind, number))
    return next((row for row in rows if row.workflow_state == "active"), None)


def done_in(assignment: Assignment) -> tuple[str, int]:
    """What the planner shows for an assignment: its quiz or discussion, where it has one."""
    if assignment.quiz_id is not None:
        return "quiz", assignment.quiz_id
    if assignment.discussion_topic_id is not None:
        return "discussion_topic", assignment.discussion_topic_id
    return "assignment", assignment.id


def shown_as(api: Api, kind: str, record: Any) -> tuple[str, int]:
    """What the planner's overrides call something: a group's discussion counts as that of its course."""
    if kind == "assignment":
        return done_in(record)
    if isinstance(record, DiscussionTopic) and not record.is_announcement:
        return "discussion_topic", record.root_topic_id or record.id
    return ("announcement" if isinstance(record, DiscussionTopic) else kind), record.id


def uses(api: Api) -> bool:
    """Whether the caller has a planner: students and observers do."""
    kinds = ("StudentEnrollment", "ObserverEnrollment")
    own = api.store.enrollments.find("user", api.user.id)
    return any(row.type in kinds and row.workflow_state not in ("deleted", "rejected") for row in own)


def done(api: Api, kind: str, number: int, *, complete: bool) -> None:
    """Mark something as done, or not, in the caller's planner."""
    known = override(api, api.user, kind, number)
    if known is None:
        row = api.new_row("planner_overrides")
        known = PlannerOverride(**row, user_id=api.user.id, plannable_type=kind, plannable_id=number)
    said = replace(known, marked_complete=complete, dismissed=complete, updated_at=api.now)
    api.store.planner_overrides.put(said)


def graded_by(api: Api, kind: str, record: Any) -> int | None:
    """The assignment that grades something."""
    if kind == "assignment":
        return int(record.id)
    return record.assignment_id if kind in ("quiz", "discussion_topic") else None
