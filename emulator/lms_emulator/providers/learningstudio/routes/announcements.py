"""Announcements of a course, and whether the user has read them."""

from __future__ import annotations

from datetime import timedelta

from starlette.responses import Response

from lms_emulator.core.http.routing import Route
from lms_emulator.providers.learningstudio import refusals, wire
from lms_emulator.providers.learningstudio.call import (
    Call,
    body_of,
    course_named,
    day,
    field,
    record_named,
    resource,
    subject,
)
from lms_emulator.providers.learningstudio.credentials import Caller
from lms_emulator.providers.learningstudio.model.people import Announcement, AnnouncementRead, Course
from lms_emulator.providers.learningstudio.settings import DASHBOARD, android, windows
from lms_emulator.providers.learningstudio.shapes import courses as show


def announcements(call: Call, caller: Caller) -> Response:
    """GET …/announcements, with `excludeInactive` and `since`."""
    course = course_named(call, caller)
    return wire.answer({"announcements": [show.announcement(record) for record in _listed(call, course)]})


def announcement(call: Call, caller: Caller) -> Response:
    """GET …/announcements/ID: a list of one."""
    record = _named(call, course_named(call, caller))
    return wire.answer({"announcements": [show.announcement(record)]})


def my_announcements(call: Call, caller: Caller) -> Response:
    """GET /me/…/announcements: with `readstatus`."""
    user, course = subject(call, caller), course_named(call, caller)
    rows = [
        {**show.announcement(record), "readstatus": (record.id, user.id) in call.store.announcement_reads}
        for record in _listed(call, course)
    ]
    return wire.answer({"announcements": rows})


def put_read_status(call: Call, caller: Caller) -> Response:
    """PUT …/readstatus with `{"announcementReadStatus":{"markedAsRead":true}}`."""
    user, course = subject(call, caller), course_named(call, caller)
    record = _named(call, course)
    status = body_of(call, "announcementReadStatus")
    read = field(status, "markedAsRead", bool)
    if read is None:
        raise refusals.bad_request(
            "malformed_body", "Missing required element: markedAsRead.", check="markedAsRead is true or false"
        )
    if read:
        call.store.announcement_reads.put(AnnouncementRead(announcement_id=record.id, user_id=user.id))
    else:
        call.store.announcement_reads.delete((record.id, user.id))
    return wire.no_content()


def _listed(call: Call, course: Course) -> list[Announcement]:
    """The announcements of the course that match the query."""
    now, found = call.clock.now(), call.store.announcements.find("course", course.id)
    if wire.flag(call, "excludeInactive"):
        found = [record for record in found if record.start_display <= now < record.end_display]
    since = call.query.get("since")
    if since is not None:
        first = day(call, "since", since)
        found = [record for record in found if record.start_display >= first]
        if call.settings.since_omits_today:
            today = now.replace(hour=0, minute=0, second=0, microsecond=0)
            left_out = [record for record in found if today <= record.start_display < today + timedelta(days=1)]
            if left_out:
                call.warn("since_omits_today", "`since` leaves out today's announcements (a defect of the real API).")
            found = [record for record in found if record not in left_out]
    return found


def _named(call: Call, course: Course) -> Announcement:
    one_of = call.store.announcements
    return record_named(call, one_of, "announcement_id", "Announcement", lambda record: record.course_id == course.id)


_LIST = "/courses/{course_id}/announcements"
_ONE = f"{_LIST}/{{announcement_id}}"

ROUTES: tuple[Route, ...] = tuple(
    resource(method, path, handler, summary=summary, source=source, tag="announcements")
    for method, path, handler, summary, source in (
        ("GET", _LIST, announcements, "Announcements", android("services/courses/FetchAnnouncementsForCourse")),
        ("GET", _ONE, announcement, "An announcement", windows("Services/Announcements/FetchAnnouncementService")),
        ("GET", f"/me{_LIST}", my_announcements, "Announcements with the user's read status", DASHBOARD),
        ("PUT", f"/me{_ONE}/readstatus", put_read_status, "Mark an announcement as read or unread", DASHBOARD),
    )
)
