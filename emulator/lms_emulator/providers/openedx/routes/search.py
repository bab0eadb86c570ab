"""`/search/` and whether the courseware has a search: the index is empty.

Source: `fixtures/recordings/openedx-2`, learn.jsonl 660-671.
"""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from lms_emulator.providers.openedx import credentials, refusals, wire
from lms_emulator.providers.openedx.call import Call
from lms_emulator.providers.openedx.routes.permissions import anyone
from lms_emulator.providers.openedx.routes.resource import Family, recorded
from lms_emulator.providers.openedx.web import methods


def search(call: Call) -> Response:
    """Search the content of a course, or the catalogue; the index is empty."""
    methods.require_post(call)
    methods.check_csrf(call)
    if not call.field("search_string") and "course_id" in call.path_params:
        error = {"error": "No search term provided for search"}
        raise refusals.OpenedxRefusal("no_search_term", status=500, style="spaced", body=error, check="search_string")
    return wire.spaced_json({"took": 1, "total": 0, "max_score": None, "results": []})


def _known_course(call: Call) -> None:
    if call.path_params["course_id"] not in call.store.courses:
        raise refusals.Unhandled(f"there is no course `{call.path_params['course_id']}`")


def search_enabled(call: Call) -> Response:
    """Whether the content can be searched: no."""
    _known_course(call)
    return wire.spaced_json({"enabled": False})


def sidebar(call: Call) -> Response:
    """Which side bars the courseware has."""
    return wire.spaced_json(
        {
            "enable_navigation_sidebar": True,
            "always_open_auxiliary_sidebar": False,
            "enable_completion_tracking": True,
        }
    )


_OPEN: dict[str, Any] = {"authenticators": (credentials.SESSION,), "permissions": (anyone,), "allow": "OPTIONS, GET"}
_COURSES = Family("/courses/{course_id}", tag="courseware")

ROUTES = (
    *_COURSES.resource(
        "/courseware-search/enabled/",
        "Whether courseware search is on",
        get=search_enabled,
        defect=True,
        notes_course=False,
        source=recorded("openedx-2/learn", 670),
        **_OPEN,
    ),
    *_COURSES.resource(
        "/courseware-navigation-sidebar/toggles/",
        "Navigation sidebar toggles",
        get=sidebar,
        notes_course=False,
        source=recorded("openedx-2/learn", 671),
        **_OPEN,
    ),
    Family("/search", tag="search").page(
        "/course_discovery/",
        search,
        "Search the catalogue",
        evidence="observed",
        source=recorded("openedx-2/learn", 666),
    ),
    Family("/search", tag="search").page(
        "/{course_id}", search, "Search a course", source=recorded("openedx-2/learn", 660)
    ),
)
