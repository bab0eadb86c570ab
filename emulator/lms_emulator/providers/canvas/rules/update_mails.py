"""Mails about changed assignments and pages, which `notify_of_update` asks for.

Source: canvas-lms app/models/broadcast_policies/assignment_policy.rb, assignment_participants.rb and
wiki_page_policy.rb; app/messages/assignment_changed.email.erb and updated_wiki_page.email.erb.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.model import Assignment, Course, Enrollment, Group, WikiPage
from lms_emulator.providers.canvas.rules import assignments, groups, mails, pages, states, submissions
from lms_emulator.providers.canvas.rules.contexts import Context

FRESH = timedelta(minutes=1)
"""Nobody hears of changes to a page that is as young as this."""


def _hears(api: Api, course: Course) -> bool:
    return course.workflow_state == "available" and not states.concluded(api, course)


def _members(api: Api, course: Course) -> list[Enrollment]:
    return [row for row in api.store.enrollments.find("course", course.id) if row.workflow_state == "active"]


def _tell(api: Api, kind: str, ids: Iterable[int], subject: str, body: str, link: str) -> None:
    users = [user for user in map(api.store.users.get, dict.fromkeys(ids)) if user is not None]
    mails.notify(api, kind, users, subject, body, link=link)


def assignment_changed(api: Api, course: Course, before: Assignment, after: Assignment) -> None:
    """Tell those whom a published assignment is for, their observers, and the staff: of new points, or on request."""
    asked = api.params.flag("assignment", "notify_of_update") or before.points_possible != after.points_possible
    if not (asked and before.published and after.published and _hears(api, course)) or submissions.muted(api, after):
        return
    rows = _members(api, course)
    for_it = {
        row.user_id for row in rows if row.type in states.STUDENTS and assignments.assigned(api, after, row.user_id)
    }
    ids = [
        row.user_id
        for row in rows
        if row.user_id in for_it or row.type in states.STAFF or row.associated_user_id in for_it
    ]
    link = api.url(f"/courses/{course.id}/assignments/{after.id}")
    said = f'The assignment "{after.name}" for {course.name} has changed.'
    _tell(api, "assignment_changed", ids, f"Assignment Changed: {after.name}, {course.name}", said, link)


def page_updated(api: Api, context: Context, before: WikiPage, after: WikiPage) -> None:
    """Tell the members of a course or group of a page that was published, or on request of its change."""
    shown = pages.published(api, after)
    asked = api.params.flag("wiki_page", "notify_of_update") or not pages.published(api, before)
    if not (asked and shown) or after.created_at >= api.now - FRESH:
        return
    record = context.record
    if isinstance(record, Course) and _hears(api, record):
        ids = [row.user_id for row in _members(api, record)]
    elif isinstance(record, Group):
        ids = [row.user_id for row in groups.members(api, record)]
    else:
        return
    link = api.url(f"{context.path}/pages/{after.url}")
    name, title = getattr(record, "name", ""), after.title.title()
    said = f"The page {name} has been updated."  # Canvas names the course where the page is meant
    _tell(api, "updated_wiki_page", ids, f"Updated Page: {title}, {name}", f"{said} {title}", link)
