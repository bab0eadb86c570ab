"""Course paces: which days count, when each item is due, and the overrides that a published pace creates.

Source: canvas-lms app/models/course_pace.rb, lib/course_pace_due_dates_calculator.rb and
lib/course_pace_hard_end_date_compressor.rb (2023-06).
"""

from __future__ import annotations

import math
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from lms_emulator.core.clock import in_zone
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.call.moments import zone
from lms_emulator.providers.canvas.model import (
    Assignment,
    AssignmentOverride,
    ContentTag,
    Course,
    CoursePace,
    Enrollment,
    PaceItem,
)
from lms_emulator.providers.canvas.rules import assignments, features, module_content, modules, overriding, states
from lms_emulator.providers.canvas.rules.permissions import chain

DAY = timedelta(days=1)
ROUNDS_UP = 0.75
"""What is left over a whole day and makes another one."""


class Days(NamedTuple):
    """The days that count: not blackout dates, nor weekends if they are excluded."""

    closed: list[tuple[date, date]]
    exclude_weekends: bool = True

    def count(self, day: date) -> bool:
        """Whether a day counts."""
        weekend = self.exclude_weekends and day.weekday() >= 5
        return not weekend and not any(first <= day <= last for first, last in self.closed)

    def after(self, day: date, number: int) -> date:
        """The day that many counting days later; for zero, the first counting day from that day on."""
        while number > 0 or not self.count(day):
            number -= self.count(day)
            day += DAY
        return day

    def before(self, day: date) -> date:
        """The last counting day up to that one."""
        while not self.count(day):
            day -= DAY
        return day

    def within(self, first: date, last: date) -> int:
        """The number of counting days between two days, inclusive."""
        return sum(self.count(first + DAY * number) for number in range((last - first).days + 1))


def on(api: Api, course: Course) -> bool:
    """Whether a course is paced."""
    account = api.store.accounts.get(course.account_id)
    return (
        bool(course.settings.get("enable_course_paces"))
        and account is not None
        and features.enabled(api, account, "course_paces")
    )


def zone_of(api: Api, course: Course) -> ZoneInfo:
    """The time zone of a course."""
    return zone(course.time_zone or api.root.default_time_zone) or ZoneInfo("UTC")


def days(api: Api, course: Course, *, exclude_weekends: bool) -> Days:
    """The counting days of a course: without its blackout dates and the blackout events there and above."""
    closed = [(row.start_date, row.end_date) for row in api.store.blackout_dates.find("context", ("Course", course.id))]
    found = [(date.fromisoformat(first), date.fromisoformat(last)) for first, last in closed]
    places = [("Course", course.id), *(("Account", account.id) for account in chain(api.store, course.account_id))]
    events = (event for place in places for event in api.store.calendar_events.find("context", place))
    found += [
        (event.start_at.date(), event.end_at.date())
        for event in events
        if event.blackout_date and event.workflow_state != "deleted" and event.start_at and event.end_at
    ]
    return Days(found, exclude_weekends)


def assignment_of(api: Api, item: ContentTag) -> Assignment | None:
    """The assignment behind a module item."""
    found = module_content.content(api, item)
    if isinstance(found, Assignment):
        return found
    return api.store.assignments.get(getattr(found, "assignment_id", None))


def paced(api: Api, course: Course) -> list[ContentTag]:
    """The pace items of a course, in module order."""
    rows = [item for module in modules.of_course(api, course) for item in modules.items(api, module)]
    return [item for item in rows if assignment_of(api, item) is not None]


def in_order(api: Api, course: Course, items: list[PaceItem]) -> list[PaceItem]:
    """The items of a pace in module order, without deleted ones."""
    place = {item.id: number for number, item in enumerate(paced(api, course))}
    return sorted((i for i in items if i.module_item_id in place), key=lambda i: place[i.module_item_id])


# dates


class Bound(NamedTuple):
    """When a course starts or ends, and by which dates: `course` or `term`."""

    at: datetime | None
    by: str


def start_of(api: Api, course: Course) -> Bound:
    """When a course starts."""
    if course.restrict_enrollments_to_course_dates and course.start_at is not None:
        return Bound(course.start_at, "course")
    term = api.store.enrollment_terms.get(course.enrollment_term_id)
    return Bound(term.start_at if term is not None else None, "term")


def end_of(api: Api, course: Course) -> Bound:
    """When a course ends."""
    if course.restrict_enrollments_to_course_dates and course.end_at is not None:
        return Bound(course.end_at, "course")
    term = api.store.enrollment_terms.get(course.enrollment_term_id)
    return Bound(term.end_at if term is not None else None, "term")


def began(api: Api, course: Course, enrollment: Enrollment) -> datetime:
    """When a student's time in the course begins."""
    if enrollment.start_at is not None:
        return enrollment.start_at
    starts = [start for start, _ in states.ranges_of(api, enrollment, course)[:1] if start is not None]
    return max([*starts, enrollment.created_at or api.now])


def due_dates(counting: Days, durations: list[int], start: date) -> list[date]:
    """The due dates of items, each its duration after the previous one."""
    found = []
    day = counting.after(start, 0)
    for number in durations:
        day = counting.after(day, number)
        found.append(day)
    return found


def last_day(api: Api, course: Course, pace: CoursePace) -> date | None:
    """The due date of the last item."""
    if pace.end_date is not None:
        return date.fromisoformat(pace.end_date)
    term = api.store.enrollment_terms.get(course.enrollment_term_id)
    end = course.end_at or (term.end_at if term is not None else None)
    return end.date() if end is not None else None


def compressed(counting: Days, durations: list[int], start: date, end: date | None) -> list[int]:
    """Durations shortened in proportion, in whole days, if the items would run past the end."""
    if not durations or end is None:
        return durations
    start, end = counting.after(start, 0), counting.before(end)
    last = due_dates(counting, durations, start)[-1]
    if last < end:
        return durations
    room, used = counting.within(start, end), counting.within(start, max(start, last))
    found = _whole_days([number * (room / used if used else 0) for number in durations], room)
    over = max(0, counting.within(end, due_dates(counting, found, start)[-1]) - 1)
    for place in reversed(range(len(found))):
        less = min(found[place], over)
        found[place], over = found[place] - less, over - less
    return found


def _whole_days(exact: list[float], room: int) -> list[int]:
    """Durations rounded to days. Fractions accumulate to a day, which goes to the first of those items."""
    up = [number % 1 >= ROUNDS_UP for number in exact]
    found = [math.ceil(number) if more else math.floor(number) for number, more in zip(exact, up, strict=True)]
    first, left_over = None, 0.0
    for place, number in enumerate(exact):
        if found[place]:
            first, left_over = None, 0.0
            continue
        first = place if first is None else first
        left_over += number % 1
        if left_over >= ROUNDS_UP:
            found[first] = 1
            first, left_over = None, 0.0
    missing = room - sum(found)
    for place in reversed(range(len(exact))):
        step = (missing > 0 and not up[place] and exact[place] > 0) - (missing < 0 and up[place])
        found[place], missing = found[place] + step, missing - step
    return found


# publishing


def students_of(api: Api, course: Course, pace: CoursePace) -> list[Enrollment]:
    """The students of a pace: those of its section or course without a more specific one."""
    rows = [e for e in assignments.students(api, course.id) if e.workflow_state == "active"]
    if pace.user_id is not None:
        return [e for e in rows if e.user_id == pace.user_id]
    others = [row for row in api.store.course_paces.find("course", course.id) if row.workflow_state != "deleted"]
    rows = [e for e in rows if e.user_id not in {course_pace.user_id for course_pace in others}]
    if pace.course_section_id is not None:
        return [e for e in rows if e.course_section_id == pace.course_section_id]
    return [e for e in rows if e.course_section_id not in {course_pace.course_section_id for course_pace in others}]


def publish(api: Api, course: Course, pace: CoursePace) -> None:
    """Give each student of a pace its due dates, and mark it as published."""
    counting = days(api, course, exclude_weekends=pace.exclude_weekends)
    items = in_order(api, course, pace.items)
    for enrollment in students_of(api, course, pace):
        start = in_zone(began(api, course, enrollment), UTC).date()
        durations = compressed(counting, [i.duration for i in items], start, last_day(api, course, pace))
        for item, day in zip(items, due_dates(counting, durations, start), strict=True):
            tag = api.store.content_tags.get(item.module_item_id)
            assignment = assignment_of(api, tag) if tag is not None else None
            if assignment is not None:
                _give(api, assignment, enrollment.user_id, end_of_day(day, zone_of(api, course)))
    api.store.course_paces.put(replace(pace, workflow_state="active", published_at=api.now))


def end_of_day(day: date, where: ZoneInfo) -> datetime:
    """The last second of a day somewhere."""
    return in_zone(datetime.combine(day, time(23, 59, 59), where), UTC)


def _give(api: Api, assignment: Assignment, user_id: int, due: datetime) -> None:
    """Set a student's due date, in a shared override or a new one."""
    found = [o for o in assignments.overrides(api, assignment) if o.set_type == "ADHOC"]
    own = next((o for o in found if user_id in o.student_ids), None)
    if own is not None and own.dates.get("due_at") == due:
        return
    same = next((o for o in found if o.dates.get("due_at") == due), None)
    if own is not None and own.student_ids == [user_id] and same is None and "due_at" in own.dates:
        overriding.keep(api, replace(own, dates=own.dates | {"due_at": due}))
        return
    if own is not None:
        students = [number for number in own.student_ids if number != user_id]
        reduced = replace(own, student_ids=students, workflow_state="active" if students else "deleted")
        api.store.assignment_overrides.put(reduced)
    if same is None:
        same = AssignmentOverride(
            id=0,
            assignment_id=assignment.id,
            title="Course Pacing",
            set_type="ADHOC",
            dates={"due_at": due},
            created_at=api.now,
        )
    overriding.keep(api, replace(same, student_ids=[*same.student_ids, user_id]))
