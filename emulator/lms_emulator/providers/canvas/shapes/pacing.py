"""Course paces and blackout dates as Canvas's JSON."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from typing import Any

from lms_emulator.core.clock import in_zone, later
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.call.moments import stamp, when
from lms_emulator.providers.canvas.model import BlackoutDate, ContentTag, Course, CoursePace, PaceItem
from lms_emulator.providers.canvas.rules import assignments, modules, pacing
from lms_emulator.providers.canvas.shapes import Json


def pace(api: Api, record: CoursePace, course: Course, *, copied: bool = False) -> Json:
    """A pace with its items by module. If it is not stored, neither it nor its items have ids.

    Parameters: `copied`, whether it is a copy of a stored one, which keeps the school's id.
    """
    root = api.root.id if record.id or copied else None
    context = ("Course", record.course_id)
    if record.user_id is not None:
        context = ("Enrollment", record.user_id)
    elif record.course_section_id is not None:
        context = ("Section", record.course_section_id)
    return {
        "id": record.id or None,
        "course_id": record.course_id,
        "course_section_id": record.course_section_id,
        "user_id": record.user_id,
        "workflow_state": record.workflow_state,
        "exclude_weekends": record.exclude_weekends,
        "hard_end_dates": record.hard_end_dates,
        "created_at": when(record.created_at),
        "updated_at": when(record.updated_at),
        "published_at": when(record.published_at),
        "root_account_id": root,
        "modules": _modules(api, record, course, root),
        "context_id": context[1],
        "context_type": context[0],
        **_start(api, record, course),
        **_end(api, record, course),
    }


def _modules(api: Api, record: CoursePace, course: Course, root: int | None) -> list[Json]:
    by_item = {pace_item.module_item_id: pace_item for pace_item in record.items}
    found = []
    for module in modules.of_course(api, course):
        tags = [tag for tag in modules.items(api, module) if tag.id in by_item]
        rows = [_item(api, tag, by_item[tag.id], record) | {"root_account_id": root} for tag in tags]
        if rows:
            found.append({"id": module.id, "name": module.name, "position": module.position, "items": rows})
    return found


def _item(api: Api, tag: ContentTag, pace_item: PaceItem, record: CoursePace) -> Json:
    assignment = pacing.assignment_of(api, tag)
    points = assignment.points_possible if assignment is not None else None
    kind = {"Quiz": "Quizzes::Quiz", "Discussion": "DiscussionTopic", "Page": "WikiPage"}.get(tag.type, tag.type)
    return {
        "id": pace_item.id,
        "duration": pace_item.duration,
        "course_pace_id": record.id or None,
        "root_account_id": None,
        "module_item_id": tag.id,
        "assignment_title": modules.title(api, tag),
        "points_possible": _plain(points),
        "assignment_link": f"/courses/{tag.course_id}/modules/items/{tag.id}",
        "position": tag.position,
        "module_item_type": kind,
        "published": modules.published(api, tag),
    }


def _plain(points: float | None) -> float | int | None:
    """Points, as an integer if they are whole."""
    return int(points) if points is not None and float(points).is_integer() else points


def _start(api: Api, record: CoursePace, course: Course) -> Json:
    where = pacing.zone_of(api, course)
    section = api.store.course_sections.get(record.course_section_id)
    student = next(iter(assignments.student(api, course.id, record.user_id)), None) if record.user_id else None
    known = pacing.start_of(api, course)
    begun: Any = (known.at, known.by)
    if student is not None:
        begun = (pacing.began(api, course, student), "user")
    elif section is not None and section.start_at is not None:
        begun = (section.start_at, "section")
    if begun[0] is None:
        begun = (datetime.combine(api.now.date(), time(), UTC), "hypothetical")
    return {"start_date": stamp(begun[0], where), "start_date_context": begun[1]}


def _end(api: Api, record: CoursePace, course: Course) -> Json:
    where = pacing.zone_of(api, course)
    known = pacing.end_of(api, course)
    section = api.store.course_sections.get(record.course_section_id)
    day = _day(known.at, where)
    by = known.by if day is not None else "hypothetical"
    if record.hard_end_dates:
        day = date.fromisoformat(record.end_date) if record.end_date is not None else day
        by = "hard"
    elif section is not None and section.end_at is not None:
        day = section.end_at.date()
    if section is not None and section.end_at is not None:
        by = "section"
    if record.user_id is not None and day is not None:
        by = "user"
    shown = None if day is None else stamp(datetime.combine(day, time(), where), where)
    return {"end_date": shown, "end_date_context": by}


def _day(moment: datetime | None, where: Any) -> date | None:
    """The last day before an end; one at midnight ends with the day before."""
    if moment is None:
        return None
    at_midnight = (moment.hour, moment.minute) == (0, 0)
    return in_zone(later(moment, -60) if at_midnight else moment, where).date()


def blackout(api: Api, record: BlackoutDate) -> Json:
    """A blackout date."""
    return {
        "id": record.id,
        "context_type": record.context_type,
        "context_id": record.context_id,
        "start_date": record.start_date,
        "end_date": record.end_date,
        "event_title": record.event_title,
        "created_at": stamp(record.created_at),
        "updated_at": stamp(record.updated_at),
        "root_account_id": api.root.id,
    }
