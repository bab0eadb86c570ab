"""The planner as Canvas's JSON.

Fields: canvas-lms lib/api/v1/planner_item.rb, planner_note.rb and planner_override.rb (2023-06), and the recorded
exchanges of `planner`.
"""

from __future__ import annotations

import re
from typing import Any

from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.call.moments import when
from lms_emulator.providers.canvas.model import (
    CalendarEvent,
    Course,
    DiscussionTopic,
    PeerReview,
    PlannerNote,
    PlannerOverride,
    Submission,
    User,
)
from lms_emulator.providers.canvas.rules import assignments, courses, discussions, lateness, planner, submissions
from lms_emulator.providers.canvas.rules.grades import restricts_numbers
from lms_emulator.providers.canvas.rules.planner import Item
from lms_emulator.providers.canvas.shapes import Json
from lms_emulator.providers.canvas.shapes import calendars as calendar_shapes
from lms_emulator.providers.canvas.shapes import courses as course_shapes
from lms_emulator.providers.canvas.shapes import people as people_shapes
from lms_emulator.providers.canvas.shapes import submissions as submission_shapes
from lms_emulator.providers.canvas.shapes.html import shown

PATHS = {
    "assignment": "assignments",
    "announcement": "discussion_topics",
    "discussion_topic": "discussion_topics",
    "quiz": "quizzes",
    "wiki_page": "pages",
}

_REST = r"[\w./=%-]"
MEETING = re.compile(
    rf"https://[\w-]+\.zoom\.us/(?:my/[\w.]+|(?:j/)?\d+)(?:\?[\w/=%-]*)?|https://teams\.microsoft\.com/l/meetup-join/{_REST}+"
    rf"|https://teams\.live\.com/meet/\d+|https://[\w-]+\.webex\.com/(?:meet/{_REST}+|\w+/j\.php)(?:\?[\w/=%-]*)?"
    rf"|https://meet\.google\.com/[\w/=%-]+"
)
"""Addresses of the meeting services that Canvas knows (lib/api/v1/planner_item.rb, online_meeting_url)."""
_BEGINS, _CONFERENCE = re.compile(r"https?://"), re.compile(r"/conferences/\d+/join")
"""Where the address of a site's own conference begins and ends, on one line."""


def item(api: Api, planned: Item, user: User) -> Json:
    """Something in a planner."""
    record, said = planned.record, planner.override(api, user, planned.kind, planned.record.id)
    work = _work(api, planned, user)
    body: Json = {
        "plannable_id": record.id,
        "planner_override": _override(api, planned, said) if said is not None else None,
        "plannable_type": planned.kind,
        "new_activity": new_activity(api, planned, user),
        "submissions": _statuses(api, planned, work) if work is not None else False,
        "plannable_date": when(planned.at),
        "plannable": plannable(api, planned),
    }
    if planned.place is not None:
        name = (
            course_shapes.course_name(api, planned.place.record) if isinstance(planned.place.record, Course) else None
        )
        body |= {"context_name": name or planned.place.record.name, "context_image": None}
    if planned.kind != "planner_note" and planned.place is not None:
        body |= {"context_type": planned.place.type, f"{planned.place.type.lower()}_id": planned.place.id}
        body["html_url"] = _page(api, planned, work)
    return body


def _override(api: Api, planned: Item, said: PlannerOverride) -> Json:
    """The person's override of an item; for quizzes and discussions, of the assignment."""
    body = override(api, said)
    if planned.assignment is None or planned.kind == "assignment":
        return body
    return body | {"plannable_type": "assignment", "plannable_id": planned.assignment.id}


def _work(api: Api, planned: Item, user: User) -> Submission | None:
    """The person's submission for something graded, if it is assigned to them."""
    course = planned.place.record if planned.place is not None else None
    if planned.assignment is None or not isinstance(course, Course):
        return None
    studying = {row.user_id for row in assignments.students(api, course.id)}
    if user.id not in studying or not courses.may(api, user, course, "read"):
        return None
    return submissions.of(api, planned.assignment, user.id)


def _statuses(api: Api, planned: Item, record: Submission) -> Json:
    """The status of a submission."""
    assert planned.assignment is not None  # of graded work
    course = api.store.courses.get(planned.assignment.course_id)
    stands = lateness.standing(api, planned.assignment, record.user_id, record)
    rows = submission_shapes.comments_seen(api, record, planned.assignment, course) if course is not None else []
    said = [row for row in rows if row.author_id != record.user_id]
    graded = record.entered_score is not None and record.posted_at is not None
    body: Json = {
        "submitted": submissions.handed_in(record),
        "excused": bool(record.excused),
        "graded": graded,
        "posted_at": when(record.posted_at),
        "late": stands.late,
        "missing": stands.missing,
        "needs_grading": submissions.needs_grading(record),
        "has_feedback": bool(said),
        "redo_request": bool(record.redo_request),
    }
    if said:
        last = said[-1]
        author = api.store.users.get(last.author_id or 0)
        body["feedback"] = {"comment": last.comment, "is_media": last.media_comment_id is not None}
        if author is not None:
            picture = people_shapes.avatar_url(api, author)
            name = submission_shapes.author_name(api, last)
            body["feedback"] |= {"author_name": name, "author_avatar_url": picture}
    return body


def new_activity(api: Api, planned: Item, user: User) -> bool:
    """Whether there is something that the person has not seen: others' comments, or a grade."""
    if isinstance(planned.record, DiscussionTopic):
        return not discussions.topic_read(api, planned.record, user) or bool(
            discussions.unread_count(api, planned.record, user)
        )
    record = (
        api.store.submissions.first("whose", (planned.assignment.id, user.id))
        if planned.assignment is not None
        else None
    )
    return record is not None and not submissions.is_read(api, record, user.id)


def _page(api: Api, planned: Item, work: Submission | None) -> str:
    assert planned.place is not None  # what has a page belongs to something
    if isinstance(planned.record, CalendarEvent):
        return str(calendar_shapes.event(api, planned.record, includes=())["html_url"])
    if isinstance(planned.record, PeerReview):
        return _work_to_review(api, planned.record, planned.place.path)
    path = f"{planned.place.path}/{PATHS[planned.kind]}/{getattr(planned.record, 'url', None) or planned.record.id}"
    seen = work is not None and (work.posted_at is not None or submissions.handed_in(work))
    return f"{path}/submissions/{work.user_id}" if planned.kind == "assignment" and seen and work is not None else path


def _work_to_review(api: Api, review: PeerReview, place: str) -> str:
    """The page of the work to review, which does not name its author where reviews are anonymous."""
    base, record = planner.reviewed(api, review), api.store.submissions.get(review.submission_id)
    assert base is not None  # else it is in no planner
    assert record is not None
    if base.anonymous_peer_reviews:
        return f"{place}/assignments/{base.id}/anonymous_submissions/{record.anonymous_id}"
    return f"{place}/assignments/{base.id}/submissions/{record.user_id}"


def plannable(api: Api, planned: Item) -> Json:
    """The item in brief."""
    record: Any = planned.record
    if isinstance(record, PeerReview):
        base = planner.reviewed(api, record)
        brief: Json = {"id": record.id, "title": base.name if base is not None else None, "todo_date": when(planned.at)}
        times = {name: when(getattr(record, name)) for name in ("created_at", "updated_at")}
        return brief | times | {"workflow_state": record.workflow_state}
    title = record.name if planned.kind == "assignment" else record.title
    at = {name: when(getattr(record, name)) for name in ("created_at", "updated_at")}
    body: Json = {"id": record.id, "title": title, **at}
    match planned.kind:
        case "planner_note":
            names = ("course_id", "details", "user_id")
            return body | {name: getattr(record, name) for name in names} | {"todo_date": when(record.todo_date)}
        case "calendar_event":
            return body | _event(api, planned)
        case "wiki_page":
            return body | {"todo_date": when(record.todo_date), "url": record.url}
        case "discussion_topic" | "announcement":
            read = discussions.topic_read(api, record, api.user)
            body |= {"unread_count": discussions.unread_count(api, record, api.user)}
            body["read_state"] = "read" if read else "unread"
            if planned.kind == "discussion_topic":
                body |= {"todo_date": when(record.todo_date), "assignment_id": record.assignment_id}
    return body | _graded(api, planned)


def _event(api: Api, planned: Item) -> Json:
    event: Any = planned.record
    names = ("location_name", "location_address", "all_day")
    body: Json = {name: getattr(event, name) for name in names}
    met = next((found for text in (event.description, event.location_name) if (found := _meeting(text))), None)
    body |= {"online_meeting_url": met} if met else {}
    body["description"] = shown(api, event.description, planned.place)
    return body | {"start_at": when(event.start_at), "end_at": when(event.end_at)}


def _graded(api: Api, planned: Item) -> Json:
    record: Any = planned.record
    body: Json = {}
    graded = planned.assignment
    if graded is not None:
        points = graded.points_possible
        body |= {"points_possible": None if points is None else float(points), "due_at": when(graded.due_at)}
        course = api.store.courses.get(graded.course_id)
        if planned.kind == "assignment" and course is not None and restricts_numbers(api, api.caller, course):
            body["restrict_quantitative_data"] = True
    elif planned.kind == "quiz":
        body |= {"points_possible": record.points_possible, "due_at": when(record.due_at)}
    if planned.kind == "quiz":
        body["assignment_id"] = record.assignment_id
    return body


def _meeting(text: str | None) -> str | None:
    """The address of an online meeting in a text."""
    found = MEETING.search(text or "")
    if found is not None:
        return found.group()
    for line in (text or "").splitlines():
        begin, ends = _BEGINS.search(line), [match.end() for match in _CONFERENCE.finditer(line)]
        if begin is not None and ends and ends[-1] > begin.end():
            return line[begin.start() : ends[-1]]
    return None


def note(api: Api, record: PlannerNote) -> Json:
    """A planner note, with its linked content."""
    names = ("id", "title", "details", "user_id", "course_id", "workflow_state")
    at = {name: when(getattr(record, name)) for name in ("todo_date", "created_at", "updated_at")}
    body: Json = {name: getattr(record, name) for name in names} | at
    if record.linked_type is None:
        return body
    reference = f"page_id:{record.linked_id}" if record.linked_type == "wiki_page" else record.linked_id
    path = f"/courses/{record.course_id}/{PATHS[record.linked_type]}/{reference}"
    return body | {
        "linked_object_type": record.linked_type,
        "linked_object_id": record.linked_id,
        "linked_object_url": api.url(f"/api/v1{path}"),
        "linked_object_html_url": api.url(path),
    }


def override(api: Api, record: PlannerOverride) -> Json:
    """A planner override."""
    names = ("id", "plannable_type", "plannable_id", "user_id", "workflow_state", "marked_complete", "dismissed")
    at = {name: when(getattr(record, name)) for name in ("deleted_at", "created_at", "updated_at")}
    target = getattr(api.store, planner.TABLES[record.plannable_type]).get(record.plannable_id)
    graded = planner.graded_by(api, record.plannable_type, target) if target is not None else None
    return {name: getattr(record, name) for name in names} | at | {"assignment_id": graded}
