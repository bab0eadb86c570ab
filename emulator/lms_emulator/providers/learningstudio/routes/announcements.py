"""Announcements of a course, and whether the user has read them."""

from __future__ import annotations

from datetime import timedelta

from starlette.responses import Response

from lms_emulator.core.http.routing import Route
from lms_emulator.providers.learningstudio import representations as show
from lms_emulator.providers.learningstudio import wire
from lms_emulator.providers.learningstudio.credentials import Caller
from lms_emulator.providers.learningstudio.model import Announcement, AnnouncementRead, Course
from lms_emulator.providers.learningstudio.routes.common import (
    body_of,
    course_named,
    day,
    field,
    resource,
    subject,
)
from lms_emulator.providers.learningstudio.wire import Call

_DASHBOARD = "Pearson's iOS dashboard"


def announcements(x: Call, caller: Caller) -> Response:
    course = course_named(x, caller)
    return wire.answer({"announcements": [show.announcement(one) for one in _listed(x, course)]})


def announcement(x: Call, caller: Caller) -> Response:
    one = _named(x, course_named(x, caller))
    return wire.answer({"announcements": [show.announcement(one)]})


def my_announcements(x: Call, caller: Caller) -> Response:
    user, course = subject(x, caller), course_named(x, caller)
    rows = [
        {**show.announcement(one), "readstatus": (one.id, user.id) in x.store.announcement_reads}
        for one in _listed(x, course)
    ]
    return wire.answer({"announcements": rows})


def put_read_status(x: Call, caller: Caller) -> Response:
    """PUT …/readstatus with `{"announcementReadStatus":{"markedAsRead":true}}`."""
    user, course = subject(x, caller), course_named(x, caller)
    one = _named(x, course)
    status = body_of(x, "announcementReadStatus")
    read = field(status, "markedAsRead", bool)
    if read is None:
        raise wire.bad_request(
            "malformed_body", "Missing required element: markedAsRead.", check="markedAsRead is true or false"
        )
    if read:
        x.store.announcement_reads.put(AnnouncementRead(announcement_id=one.id, user_id=user.id))
    else:
        x.store.announcement_reads.delete((one.id, user.id))
    return wire.no_content()


def _listed(x: Call, course: Course) -> list[Announcement]:
    """The course's announcements as the query wants them."""
    now, found = x.clock.now(), x.store.announcements.find("course", course.id)
    if wire.flag(x, "excludeInactive"):
        found = [one for one in found if one.start_display <= now < one.end_display]
    since = x.query.get("since")
    if since is not None:
        first = day(x, "since", since)
        found = [one for one in found if one.start_display >= first]
        if x.settings.since_omits_today:
            today = now.replace(hour=0, minute=0, second=0, microsecond=0)
            left_out = [one for one in found if today <= one.start_display < today + timedelta(days=1)]
            if left_out:
                x.warn("since_omits_today", "`since` leaves out today's announcements (a defect of the real API).")
            found = [one for one in found if one not in left_out]
    return found


def _named(x: Call, course: Course) -> Announcement:
    identification: str = x.path_params["announcement_id"]
    found = None
    if identification.isascii() and identification.isdigit() and len(identification) < 20:
        found = x.store.announcements.get(int(identification))
    if found is None or found.course_id != course.id:
        raise wire.not_found("Announcement", identification)
    return found


ROUTES: tuple[Route, ...] = (
    resource("GET", "/courses/{course_id}/announcements", announcements, summary="Announcements", tag="announcements"),
    resource(
        "GET",
        "/courses/{course_id}/announcements/{announcement_id}",
        announcement,
        summary="An announcement",
        tag="announcements",
    ),
    resource(
        "GET",
        "/me/courses/{course_id}/announcements",
        my_announcements,
        summary="Announcements with the user's read status",
        source=_DASHBOARD,
        tag="announcements",
    ),
    resource(
        "PUT",
        "/me/courses/{course_id}/announcements/{announcement_id}/readstatus",
        put_read_status,
        summary="Mark an announcement as read or unread",
        source=_DASHBOARD,
        tag="announcements",
    ),
)
