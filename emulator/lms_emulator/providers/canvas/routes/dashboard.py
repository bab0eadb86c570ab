"""REST: the cards of the dashboard, and whether it is the elementary one."""

from __future__ import annotations

from typing import Any

from lms_emulator.core.http.routing import Route
from lms_emulator.providers.canvas.call import identifiers
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.model import Enrollment
from lms_emulator.providers.canvas.routes.declare import rest
from lms_emulator.providers.canvas.rules import contexts, courses, menu, pages, roles, tabs
from lms_emulator.providers.canvas.rules.menu import Entry
from lms_emulator.providers.canvas.shapes import Json
from lms_emulator.providers.canvas.shapes import courses as shapes
from lms_emulator.providers.canvas.shapes.accounts import LABELS

LINKED = {
    "announcements": "icon-announcement",
    "assignments": "icon-assignment",
    "discussions": "icon-discussion",
    "files": "icon-folder",
}
"""The pages of a course that a card links to, with their icons."""
_VERBS = {"invited": "invited"}


def cards(api: Api) -> Any:
    """The cards of the caller's dashboard, those with a position first."""
    positions = api.user.preferences.get("dashboard_positions", {})
    found = [(_position(positions.get(f"course_{entry.course.id}")), entry) for entry in menu.entries(api)]
    found.sort(key=lambda row: (row[0] is None, row[0] or 0))
    return [_card(api, entry, place) for place, entry in found]


def _position(value: Any) -> int | None:
    return int(value) if value is not None and str(value).lstrip("-").isdigit() else None


def _card(api: Api, entry: Entry, position: int | None) -> Json:
    course, primary = entry
    term = api.store.enrollment_terms.get(course.enrollment_term_id)
    named = term is not None and term.id != identifiers.term(api, "default").id
    front = pages.front_page(api, contexts.get(api, "Course", course.id))
    role = roles.role_name(api, primary)
    manages = courses.may(api, api.caller, course, "manage_content", "manage_course_content_edit")
    publishes = courses.may(api, api.caller, course, "change_course_state", "manage_courses_publish")
    return {
        "longName": f"{course.name} - {course.course_code}",
        "shortName": shapes.course_name(api, course),
        "originalName": course.name,
        "courseCode": course.course_code,
        "assetString": f"course_{course.id}",
        "href": f"/courses/{course.id}",
        "term": term.name if term is not None and named else None,
        "subtitle": f"{_VERBS.get(primary.workflow_state, 'enrolled')} as: {LABELS.get(role, role)}",
        "enrollmentState": primary.workflow_state,
        "enrollmentType": primary.type,
        "observee": _observed(api, primary),
        "id": course.id,
        "isFavorited": course.id in menu.marked(api.user),
        "isK5Subject": False,
        "isHomeroom": course.homeroom_course,
        "useClassicFont": False,
        "canManage": manages,
        "canReadAnnouncements": courses.may(api, api.caller, course, "read_announcements"),
        "image": shapes.picture(api, course, "image"),
        "color": None,
        "position": position,
        "published": course.workflow_state in ("available", "completed"),
        "links": [
            {"css_class": tab.name, "icon": LINKED[tab.name], "hidden": tab.hidden or None}
            | {"path": tab.path, "label": tab.label}
            for tab in tabs.of_course(api, course)
            if tab.name in LINKED and not tab.unused
        ],
        "canChangeCoursePublishState": publishes,
        "defaultView": course.default_view,
        "pagesUrl": api.url(f"/courses/{course.id}/pages"),
        "frontPageTitle": front.title if front is not None else None,
    }


def _observed(api: Api, primary: Enrollment) -> str | None:
    if primary.type != "ObserverEnrollment":
        return None
    rows = api.store.enrollments.find("whose", (primary.course_id, primary.user_id))
    watched = dict.fromkeys(row.associated_user_id for row in rows if row.associated_user_id is not None)
    people = (api.store.users.get(number) for number in watched)
    return ", ".join(user.name for user in people if user is not None)


def elementary(api: Api) -> Any:
    """Whether the caller has the elementary dashboard. No school here does."""
    _ = api.user
    return {"show_k5_dashboard": False, "use_classic_font": False}


ROUTES: tuple[Route, ...] = rest(
    "users",
    "canvas-lms app/controllers/users_controller.rb, dashboard_cards and show_k5_dashboard; "
    "canvas-lms app/presenters/course_for_menu_presenter.rb, to_h",
    ("GET /api/v1/dashboard/dashboard_cards", cards, "The cards of the dashboard"),
    ("GET /api/v1/show_k5_dashboard", elementary, "Whether the dashboard is the elementary-school one"),
    evidence="documented",
)
