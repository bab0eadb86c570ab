"""REST: a user's to-do list: work to submit, work to grade, and what is due soon."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, NamedTuple

from lms_emulator.core.http.routing import Route
from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.call.identifiers import local_number
from lms_emulator.providers.canvas.call.moments import stamp
from lms_emulator.providers.canvas.model import Assignment, CalendarEvent, Course, Quiz
from lms_emulator.providers.canvas.paging import bookmarked
from lms_emulator.providers.canvas.routes.declare import RECORDED, rest
from lms_emulator.providers.canvas.rules import (
    assignments,
    courses,
    people,
    planner,
    quiz_taking,
    quizzes,
    states,
    submissions,
)
from lms_emulator.providers.canvas.rules.calendars import Place
from lms_emulator.providers.canvas.shapes import Json
from lms_emulator.providers.canvas.shapes import assignments as assignment_shapes
from lms_emulator.providers.canvas.shapes import calendars as calendar_shapes
from lms_emulator.providers.canvas.shapes import courses as course_shapes
from lms_emulator.providers.canvas.shapes import quizzes as quiz_shapes

SOURCE = (
    f"{RECORDED}/people-linked.jsonl 152, 164, 167, 168; canvas-lms app/controllers/users_controller.rb, todo_items"
)
UPCOMING = f"{RECORDED}/people-linked.jsonl 172; canvas-lms app/controllers/users_controller.rb, upcoming_events"
IGNORABLE = {"assignment": "assignments", "assessment_request": "peer_reviews", "quizzes:quiz": "quizzes"}
PURPOSES = ("grading", "submitting", "reviewing", "moderation")
BACK = timedelta(weeks=4)
AHEAD = timedelta(weeks=1)
MOST = 20
"""How many upcoming items are listed."""
OFFLINE = ("none", "not_graded", "on_paper", "external_tool", "wiki_page")
"""What nothing is handed in for at Canvas; such an assignment is only listed until it is due."""


class Item(NamedTuple):
    """A to-do item: an assignment or an ungraded quiz, and what to do about it."""

    purpose: str
    work: Assignment | Quiz
    course: Course
    due: datetime | None
    waiting: int = 0

    @property
    def asset_string(self) -> str:
        """Its asset string, such as `assignment_1`."""
        return f"{'quizzes:quiz' if isinstance(self.work, Quiz) else 'assignment'}_{self.work.id}"


def _courses(api: Api, kinds: tuple[str, ...]) -> list[Course]:
    found: dict[int, Course] = {}
    for row in api.store.enrollments.find("user", api.user.id):
        course = api.store.courses.get(row.course_id)
        if course is None or row.type not in kinds or course.workflow_state not in ("available", "unpublished"):
            continue
        if states.state_of(api, row, course).name == "active":
            found[course.id] = course
    return list(found.values())


def _submitting(api: Api, course: Course) -> list[Item]:
    found = []
    for base in assignments.of_course(api, course):
        due = assignments.dated_for(api, base, api.user.id).due_at
        soon = due is not None and api.now - BACK <= due <= api.now + AHEAD
        if not soon or not base.published or not assignments.assigned(api, base, api.user.id):
            continue
        record = submissions.of(api, base, api.user.id)
        waits = record.submission_type is None and not record.excused
        offline = ",".join(base.submission_types) in ("", *OFFLINE)
        past = due is None or due <= api.now
        if waits and not (offline and past) and _unlocked(api, base):
            found.append(Item("submitting", base, course, due))
    return found


def _unlocked(api: Api, work: Assignment | Quiz) -> bool:
    """Whether the dates of an assignment or a quiz itself, without overrides, keep it open."""
    return (work.unlock_at is None or work.unlock_at < api.now) and (work.lock_at is None or work.lock_at > api.now)


def _ungraded(api: Api, course: Course) -> list[Item]:
    """Practice quizzes and surveys that are due within a week and that the caller has not completed."""
    found = []
    for quiz in quizzes.of_course(api, course):
        taken = quiz_taking.of_user(api, quiz, api.user.id)
        soon = quiz.due_at is not None and api.now <= quiz.due_at <= api.now + AHEAD
        waits = (taken is None or taken.workflow_state not in ("complete", "pending_review")) and _unlocked(api, quiz)
        if quiz.assignment_id is None and soon and waits and quizzes.visible(api, course, quiz):
            found.append(Item("submitting", quiz, course, quiz.due_at))
    return found


def _grading(api: Api, course: Course) -> list[Item]:
    if not courses.may(api, api.caller, course, "manage_grades"):
        return []
    found = []
    for base in assignments.of_course(api, course):
        count = submissions.needing_grades_count(api, course, base)
        if base.published and count:
            found.append(Item("grading", base, course, base.due_at, count))
    return found


def _items(api: Api, course: Course | None) -> list[Item]:
    ignored = api.user.preferences.get("ignored_until", {})

    wanted = set(api.later.words("course_ids")) if course is None else {str(course.id)}

    def within(kinds: tuple[str, ...]) -> list[Course]:
        return [course for course in _courses(api, kinds) if not wanted or str(course.id) in wanted]

    found = [item for course in within(states.INSTRUCTORS) for item in _grading(api, course)]
    studied = within(("StudentEnrollment",))
    found += [item for course in studied for item in _submitting(api, course)]
    if "ungraded_quizzes" in api.params.texts("include"):
        found += [item for course in studied for item in _ungraded(api, course)]
    kept = [item for item in found if f"{item.purpose}/{item.asset_string}" not in ignored]
    return sorted(kept, key=_key)


def _key(item: Item) -> list[Any]:
    due = item.due.strftime("%Y-%m-%d %H:%M:%S.%f") if item.due is not None else ""
    return [item.purpose, [due, item.work.id], *(["quiz"] if isinstance(item.work, Quiz) else [])]


def _shown(api: Api, item: Item) -> Json:
    place = f"/courses/{item.course.id}"
    ignore = api.url(f"/api/v1/users/self/todo/{item.asset_string}/{item.purpose}")
    body: Json = {
        "context_type": "Course",
        "course_id": item.course.id,
        "context_name": course_shapes.course_name(api, item.course),
        "type": item.purpose,
        "ignore": f"{ignore}?permanent=0",
        "ignore_permanently": f"{ignore}?permanent=1",
    }
    if isinstance(item.work, Quiz):
        shown = quiz_shapes.quiz(api, item.work, item.course)
        return body | {"quiz": shown, "html_url": api.url(f"{place}/quizzes/{item.work.id}")}
    body["assignment"] = assignment_shapes.assignment(api, item.work, item.course, {"all_dates"})
    if item.purpose != "grading":
        return body | {"html_url": api.url(f"{place}/assignments/{item.work.id}#submit")}
    address = f"{place}/gradebook/speed_grader?assignment_id={item.work.id}"
    return body | {"html_url": api.url(address), "needs_grading_count": item.waiting}


def index(api: Api) -> Any:
    """The caller's to-do list, for one course or all."""
    course = None
    if "course_id" in api.call.path_params:
        course = courses.from_path(api, "read", "read_as_admin")
    return bookmarked(api, _items(api, course), lambda item: _shown(api, item), _key)


def count(api: Api) -> Any:
    """The counts of the caller's to-do items."""
    found = _items(api, None)
    return {
        "needs_grading_count": sum(item.waiting for item in found if item.purpose == "grading"),
        "assignments_needing_submitting": sum(1 for item in found if item.purpose == "submitting"),
    }


def ignore(api: Api) -> Any:
    """Dismiss a to-do item."""
    user, purpose = api.user, api.slot("purpose")
    if purpose not in PURPOSES:
        raise refusals.rest("purpose_unknown", 400, {"ignored": False}, check="purpose", got=purpose)
    kind, _, number = api.slot("asset_string").rpartition("_")
    table = IGNORABLE.get(kind)
    if table is None or getattr(api.store, table).get(local_number(number) or 0) is None:
        raise refusals.crashed("Canvas fails if the item to ignore does not exist", api.slot("asset_string"))
    until = None if api.params.is_one("permanent") else stamp(api.now)
    ignored = {**user.preferences.get("ignored_until", {}), f"{purpose}/{api.slot('asset_string')}": until}
    people.prefer(api, user, ignored_until=ignored)
    return {"ignored": True}


def upcoming(api: Api) -> Any:
    """What is due or starts within a week in the caller's courses, groups and own calendar."""
    kinds = (*states.STAFF, "StudentEnrollment")
    found: list[tuple[datetime, Json]] = []
    for course in _courses(api, kinds):
        for base in assignments.of_course(api, course):
            record = assignments.dated(api, course, base)
            if base.published and record.due_at is not None and api.now <= record.due_at <= api.now + AHEAD:
                found.append((record.due_at, calendar_shapes.assignment_event(api, record, course)))
    window = planner.Window(api.now, api.now + AHEAD)
    places = [Place("User", api.user), *(Place("Course", course) for course in _courses(api, kinds))]
    places += [Place("Group", group) for group in planner.groups_of(api, api.user)]
    events = planner.events(api, places, api.user, window)
    found += [
        (item.at, calendar_shapes.event(api, item.record)) for item in events if isinstance(item.record, CalendarEvent)
    ]
    return [body for _, body in sorted(found, key=lambda row: (row[0], str(row[1]["id"])))][:MOST]


ROUTES: tuple[Route, ...] = (
    *rest(
        "users",
        SOURCE,
        ("GET /api/v1/users/self/todo", index, "The caller's to-do list"),
        ("GET /api/v1/users/self/todo_item_count", count, "The number of to-do items"),
        ("DELETE /api/v1/users/self/todo/{asset_string}/{purpose}", ignore, "Dismiss a to-do item"),
        ("GET /api/v1/courses/{course_id}/todo", index, "The caller's to-do list in a course"),
    ),
    *rest("users", UPCOMING, ("GET /api/v1/users/self/upcoming_events", upcoming, "Upcoming events")),
)
