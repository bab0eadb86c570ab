"""`/api/user_tours/`: the tours of the site that users have yet to see.

Source: edx-platform `lms/djangoapps/user_tours/v1/views.py`; `fixtures/recordings/openedx-2`, learn.jsonl 589-598.
"""

from __future__ import annotations

from msgspec.structs import replace
from starlette.responses import Response

from lms_emulator.providers.openedx import credentials, refusals, wire
from lms_emulator.providers.openedx.call import Call, caller
from lms_emulator.providers.openedx.model import lookup
from lms_emulator.providers.openedx.model.learning import Tour
from lms_emulator.providers.openedx.routes.resource import Family, recorded


def _tour(call: Call) -> Tour:
    user = caller(call)
    if call.path_params["username"] != user.username and not user.is_staff:
        raise refusals.api_error(400, None, reason="not_yours", check="own tour or staff")
    named = lookup.user_named(call.store, call.settings, call.path_params["username"])
    if named is None:
        raise refusals.api_error(404, None, reason="unknown_user", check="user exists")
    return call.store.tours.get(named.username) or Tour(user=named.username)


def read_tour(call: Call) -> Response:
    """The tours that a user has yet to see."""
    tour = _tour(call)
    return wire.api_json({"course_home_tour_status": tour.home, "show_courseware_tour": tour.show_courseware})


def change_tour(call: Call) -> Response:
    """Record which tours the caller was shown."""
    tour, body = _tour(call), wire.read_object(call)
    if tour.user != caller(call).username:
        raise refusals.api_error(403, None, reason="not_yours", check="own tour")
    names = {"course_home_tour_status": "home", "show_courseware_tour": "show_courseware"}
    changes = {names[name]: value for name, value in body.items() if name in names}
    call.store.tours.put(replace(tour, **changes))
    return Response(b"", 200)


def no_change(call: Call) -> Response:
    """Tours can only be changed partially."""
    raise refusals.api_error(405, None, reason="method_not_allowed", check="PATCH in place of PUT")


def discussion_tours(call: Call) -> Response:
    """The tours of the discussions: none."""
    return wire.api_json([])


_TOURS = Family("/api/user_tours", tag="user_tours", authenticators=credentials.JWT_SESSION, permissions=(caller,))

ROUTES = (
    *_TOURS.resource(
        "/discussion_tours/",
        "Tours of discussions",
        get=discussion_tours,
        allow="GET, PUT, HEAD, OPTIONS",
        source=recorded("openedx-2/learn", 598),
    ),
    *_TOURS.resource(
        "/v1/{username}",
        "Tours that a user has not seen",
        get=read_tour,
        put=no_change,
        patch=change_tour,
        evidence="observed",
        source=recorded("openedx-2/learn", 589, 595),
    ),
)
