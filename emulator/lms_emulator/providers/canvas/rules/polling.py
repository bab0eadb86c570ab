"""Polls: who may change and see them.

Source: canvas-lms app/models/polling, set_policy and the filters of app/serializers/polling.
"""

from __future__ import annotations

from typing import Literal

from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.model import Poll, PollSession, PollSubmission
from lms_emulator.providers.canvas.rules import assignments, courses


def sessions_of(api: Api, poll: Poll) -> list[PollSession]:
    """The sessions of a poll."""
    return sorted(api.store.poll_sessions.find("poll", poll.id), key=lambda session: session.id)


def answers(api: Api, session: PollSession) -> list[PollSubmission]:
    """The answers in a session."""
    return sorted(api.store.poll_submissions.find("session", session.id), key=lambda submission: submission.id)


def teaches(api: Api) -> bool:
    """Whether the caller teaches somewhere, as those who make polls do."""
    rows = api.store.enrollments.find("user", api.user.id)
    return any(e.type == "TeacherEnrollment" and e.workflow_state == "active" for e in rows)


def may(api: Api, poll: Poll, *deeds: Literal["add", "edit", "delete"]) -> bool:
    """Whether the caller may do one of these with a poll: its maker, and who manages content where it is held."""
    if poll.user_id == api.user.id:
        return True
    held = {session.course_id for session in sessions_of(api, poll)}
    places = [course for course in map(api.store.courses.get, held) if course is not None]
    rights = ("manage_content", *(f"manage_course_content_{deed}" for deed in deeds))
    return any(courses.may(api, api.user, course, *rights) for course in places)


def put_to(api: Api, session: PollSession) -> bool:
    """Whether a session addresses the caller: a member of its course and, if it has one, of its section."""
    rows = api.store.enrollments.find("whose", (session.course_id, api.user.id))
    return any(e.workflow_state == "active" and session.course_section_id in (None, e.course_section_id) for e in rows)


def visible(api: Api, session: PollSession) -> bool:
    """Whether the caller may read the course of a session and, if it has one, the section."""
    course = api.store.courses.get(session.course_id)
    if course is None or not courses.may(api, api.user, course, "read"):
        return False
    limited = assignments.sections_seen(api, course)
    return limited is None or session.course_section_id in (None, *limited)


def has_answered(api: Api, poll: Poll) -> bool:
    """Whether the caller has answered in a session that is closed and addresses the caller."""
    closed = [session for session in sessions_of(api, poll) if not session.is_published and put_to(api, session)]
    return any(row.user_id == api.user.id for session in closed for row in answers(api, session))
