"""The pages of the site itself: front page, dashboard, catalogue, error pages. The look is ours."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from starlette.responses import Response

from lms_emulator.providers.openedx import pages, refusals, wire
from lms_emulator.providers.openedx.call import Call
from lms_emulator.providers.openedx.model.courseware import Course
from lms_emulator.providers.openedx.routes.authorize import to_login
from lms_emulator.providers.openedx.routes.resource import Family, recorded
from lms_emulator.providers.openedx.rules import keys
from lms_emulator.providers.openedx.web import csrf, deployment, session


def dashboard(call: Call) -> Response:
    """The signed-in user's courses."""
    user = session.current(call).user
    if user is None:
        return to_login(call)
    front = deployment.front(call, "learner_home")
    if front:
        csrf.ensure(call, set_by_view=True)
        return wire.redirect(front)
    enrolled = [e.course for e in call.store.enrollments.find("user", user.username) if e.is_active]
    courses = [course for course in (call.store.courses.get(key) for key in enrolled) if course is not None]
    return _courses(call, "dashboard.html", courses, title="Dashboard")


def catalogue(call: Call) -> Response:
    """The course catalogue."""
    return _courses(call, "courses.html", _shown(call), title="Courses", heading="Refine Your Search")


def _shown(call: Call) -> list[Course]:
    """The courses of the catalogue, the latest to start first."""
    shown = [course for course in call.store.courses if course.catalog_visibility == "both"]
    return sorted(shown, key=lambda course: course.start.timestamp() if course.start else 0.0, reverse=True)


def _courses(call: Call, template: str, courses: Sequence[Any], **values: Any) -> Response:
    csrf.ensure(call, set_by_view=True)
    page = pages.page(call, template, courses=courses, **values)
    page.headers["vary"] = "Cookie"
    return page


def home(call: Call) -> Response:
    """The front page: the dashboard when signed in, else a welcome and the catalogue."""
    if session.current(call).user is not None:
        csrf.ensure(call, set_by_view=True)
        return wire.redirect(f"{call.prefix}/dashboard")
    heading = f"Welcome to {call.store.section.platform_name}"
    named = [(course, keys.course_key(course.id)) for course in _shown(call)]
    return _courses(call, "home.html", named, title="", heading=heading)


def favicon(call: Call) -> Response:
    """The address of the icon."""
    return wire.redirect(f"{call.prefix}/static/images/favicon.ico", 301)


def forbidden(call: Call) -> Response:
    """The site's 403 page."""
    raise refusals.OpenedxRefusal("forbidden_page", status=403, style="forbidden-page", check="address /403")


def server_error(call: Call) -> Response:
    """The site's 500 page, shown on purpose."""
    raise refusals.Unhandled("the address /500 shows the page of failures")


def too_many_requests(call: Call) -> Response:
    """The site's 429 page."""
    raise refusals.OpenedxRefusal("too_many_requests_page", status=429, style="too-many", check="address /429")


def static_tab(call: Call) -> Response:
    """A page that a course's staff wrote; there is none."""
    refusal = refusals.page_not_found(call.path)
    refusal.diagnosis = "no course of this world has pages that its staff wrote"
    raise refusal


FAMILY = Family("", tag="site")

ROUTES = (
    FAMILY.page("/", home, "Front page", "GET", evidence="observed", source=recorded("openedx-2/learn", 457)),
    FAMILY.page("/dashboard", dashboard, "The signed-in user's courses", "GET", source=recorded("main", 1356)),
    FAMILY.page(
        "/dashboard/", dashboard, "The signed-in user's courses", "GET", source=recorded("openedx-2/learn", 454)
    ),
    FAMILY.page(
        "/courses", catalogue, "The course catalogue", "GET", evidence="observed", source=recorded("main", 1357)
    ),
    FAMILY.page(
        "/courses/",
        catalogue,
        "The course catalogue",
        "GET",
        evidence="documented",
        source="edx-platform lms/urls.py, courses",
    ),
    FAMILY.page("/favicon.ico", favicon, "Icon", "GET", source=recorded("main", 1332)),
    FAMILY.page(
        "/500", server_error, "The site's 500 page", evidence="documented", source="edx-platform lms/urls.py, 500"
    ),
    FAMILY.page(
        "/courses/{course_id}/{tab_slug}/",
        static_tab,
        "A page of a course's staff",
        evidence="documented",
        source="edx-platform lms/urls.py, static_tab",
    ),
    FAMILY.page("/403", forbidden, "The site's 403 page", evidence="observed", source=recorded("main", 1350)),
    FAMILY.page("/429", too_many_requests, "The site's 429 page", evidence="observed", source=recorded("main", 1351)),
)
