"""Small families around learning: tours, agreements, discounts, experiments, calendar, search of courseware.

Sources: edx-platform `lms/djangoapps/user_tours/v1/views.py`, `openedx/core/djangoapps/agreements/views.py`,
`openedx/features/discounts/views.py`, `lms/djangoapps/experiments/views.py`, `openedx/features/calendar_sync/views/`;
`fixtures/recordings/openedx-2`, learn.jsonl 589-672.
"""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace
from starlette.responses import Response

from lms_emulator.core.http import json_text
from lms_emulator.core.numbers import whole
from lms_emulator.providers.openedx import credentials, paging, refusals, wire
from lms_emulator.providers.openedx.call import Call, caller
from lms_emulator.providers.openedx.model import lookup
from lms_emulator.providers.openedx.model.accounts import User
from lms_emulator.providers.openedx.model.learning import EmailOptout, ExperimentData, Tour
from lms_emulator.providers.openedx.oauth import jwts
from lms_emulator.providers.openedx.routes.authorize import to_login
from lms_emulator.providers.openedx.routes.permissions import anyone, is_staff
from lms_emulator.providers.openedx.routes.resource import Family, recorded
from lms_emulator.providers.openedx.rules import keys
from lms_emulator.providers.openedx.shapes import moment
from lms_emulator.providers.openedx.web import csrf, deployment, session

# e-mail


def email_settings(x: Call) -> Response:
    """Whether the caller wants e-mail from a course; without a key of a course the real server fails (500)."""
    body = wire.read_object(x)
    key = keys.course_key(body.get("course_id"))
    if key is None:
        raise refusals.unreadable_key(body.get("course_id"))
    chosen = EmailOptout(user=caller(x).username, course=key.text)
    if body.get("receive_emails"):
        x.store.email_optouts.delete((chosen.user, chosen.course))
    else:
        x.store.email_optouts.put(chosen)
    return wire.pretty_json({"success": True})


# tours


def _tour(x: Call) -> Tour:
    user = caller(x)
    if x.path_params["username"] != user.username and not user.is_staff:
        raise refusals.api_error(400, None, reason="not_yours", check="own tour or staff")
    named = lookup.user_named(x.store, x.settings, x.path_params["username"])
    if named is None:
        raise refusals.api_error(404, None, reason="unknown_user", check="user exists")
    return x.store.tours.get(named.username) or Tour(user=named.username)


def read_tour(x: Call) -> Response:
    """Which tours a user is still to be shown."""
    tour = _tour(x)
    return wire.api_json({"course_home_tour_status": tour.home, "show_courseware_tour": tour.show_courseware})


def change_tour(x: Call) -> Response:
    """Keep what the caller was shown."""
    tour, body = _tour(x), wire.read_object(x)
    if tour.user != caller(x).username:
        raise refusals.api_error(403, None, reason="not_yours", check="own tour")
    names = {"course_home_tour_status": "home", "show_courseware_tour": "show_courseware"}
    changes = {names[name]: value for name, value in body.items() if name in names}
    x.store.tours.put(replace(tour, **changes))
    return Response(b"", 200)


def no_change(x: Call) -> Response:
    """Tours are changed in parts only."""
    raise refusals.api_error(405, None, reason="method_not_allowed", check="PATCH in place of PUT")


def discussion_tours(x: Call) -> Response:
    """The tours of the discussions: none."""
    return wire.api_json([])


# agreements and discounts


def agreements_off(x: Call) -> Response:
    """The honor code is not signed on this site."""
    raise refusals.api_error(404, None, reason="agreements_off", check="integrity signatures are on")


def _discount(x: Call, user: User) -> Response:
    """Whether a discount applies: none does. A token says it to the shop."""
    csrf.ensure(x)
    key = keys.course_key(x.path_params["course_id"])
    if key is None or key.text not in x.store.courses:
        raise refusals.OpenedxRefusal("unknown_course", status=404, message="Not found.", check="course exists")
    token = jwts.create(
        user,
        config=x.store.section.jwt,
        settings=x.settings,
        now=x.clock.timestamp(),
        grant_type="",
        scopes=("email", "profile"),
        filters=(),
        restricted=False,
        asymmetric=False,
        further={"discount_applicable": False, "discount_percent": 15},
    )
    csrf.ensure(x, set_by_view=True)
    return wire.api_json({"discount_applicable": False, "jwt": token}, 200, {"vary": "Cookie"})


def own_discount(x: Call) -> Response:
    """Whether the caller has a discount in a course."""
    return _discount(x, caller(x))


def users_discount(x: Call) -> Response:
    """Whether a user has a discount in a course, for staff."""
    user = x.store.users.first("id", whole(x.path_params["id"]))
    if user is None:
        raise refusals.OpenedxRefusal("unknown_user", status=404, message="Not found.", check="user exists")
    return _discount(x, caller(x))


# experiments


def _data(one: ExperimentData) -> dict[str, Any]:
    return {
        "id": one.id,
        "experiment_id": one.experiment,
        "user": one.user,
        "key": one.key,
        "value": one.value,
        "created": moment(one.created),
        "modified": moment(one.modified),
    }


def list_data(x: Call) -> Response:
    """What experiments keep for the caller."""
    mine = [one for one in x.store.experiment_data if one.user == caller(x).username]
    page = paging.numbered(x, mine)
    return wire.api_json(page.envelope([_data(one) for one in page.items]))


def keep_data(x: Call) -> Response:
    """Keep a value of an experiment for the caller."""
    body, user, now = wire.read_object(x), caller(x), x.clock.now()
    if missing := [name for name in ("experiment_id", "key", "value") if name not in body]:
        errors = {name: ["This field is required."] for name in missing}
        raise refusals.api_error(400, errors, reason="invalid_data", check=", ".join(missing))
    if not str(body["experiment_id"]).isdecimal():
        text = "This field may not be null." if body["experiment_id"] is None else "A valid integer is required."
        raise refusals.api_error(400, {"experiment_id": [text]}, reason="invalid_data", check="experiment_id")
    key = (user.username, whole(str(body["experiment_id"])) or 0, str(body["key"]))
    known = x.store.experiment_data.get(key)
    made = ExperimentData(
        user=key[0],
        experiment=key[1],
        key=key[2],
        value=str(body["value"]),
        created=known.created if known else now,
        modified=now,
        id=known.id if known else x.store.next_number("experiment_data"),
    )
    return wire.api_json(_data(x.store.experiment_data.put(made)), 200 if known else 201)


def list_values(x: Call) -> Response:
    """The values of experiments: none."""
    page = paging.numbered(x, [])
    return wire.api_json(page.envelope([]))


def upsell(x: Call) -> Response:
    """Whether an upgrade is to be offered: no."""
    csrf.ensure(x, set_by_view=True)
    return wire.api_json({"show_upsell": False, "upsell_flag": False}, 200, {"vary": "Cookie"})


def user_metadata(x: Call) -> Response:
    """What experiments know of a user in a course."""
    username, _, course = x.path_params["name"].partition(",")
    user = lookup.user_named(x.store, x.settings, username)
    if user is None or user.id != caller(x).id:
        raise refusals.OpenedxRefusal("not_yours", status=404, message="Provided user is not found", check="own data")
    if course not in x.store.courses:
        raise refusals.OpenedxRefusal(
            "unknown_course", status=404, message="Provided course is not found", check="course exists"
        )
    return wire.api_json({"course_id": course, "username": username})


# calendar and search


def sync_calendar(x: Call) -> Response:
    """Subscribe to the calendar of a course, or end that."""
    user = session.current(x).user
    if x.method != "POST":
        raise refusals.wrong_method("POST", x.method)
    if fault := csrf.failure(x):
        raise refusals.csrf_page(fault)
    if user is None:
        return to_login(x)
    csrf.ensure(x, set_by_view=True)
    try:
        sent = json_text.parse(x.field("tool_data") or "{}")
    except ValueError:
        sent = {}
    if not isinstance(sent, dict):
        return wire.server_failure(x, refusals.Unhandled("tool_data is no object"))
    wanted = sent.get("toggle_data")
    if wanted not in ("subscribe", "unsubscribe"):
        text = "Toggle data was not provided or had unknown value."
        raise refusals.OpenedxRefusal("unknown_toggle", status=422, style="plain", body=text, check="toggle_data")
    front = deployment.front(x, "learning", x.base_url)
    response = wire.redirect(f"{front}/course/{x.path_params['course_id']}/home")
    response.headers["vary"] = "Cookie"
    return response


def search(x: Call) -> Response:
    """Search the content of a course, or the catalogue; the index is empty."""
    if x.method != "POST":
        raise refusals.wrong_method("POST", x.method)
    if fault := csrf.failure(x):
        raise refusals.csrf_page(fault)
    if not x.field("search_string") and "course_id" in x.path_params:
        error = {"error": "No search term provided for search"}
        raise refusals.OpenedxRefusal("no_search_term", status=500, style="spaced", body=error, check="search_string")
    return wire.spaced_json({"took": 1, "total": 0, "max_score": None, "results": []})


def _known_course(x: Call) -> None:
    if x.path_params["course_id"] not in x.store.courses:
        raise refusals.Unhandled(f"there is no course `{x.path_params['course_id']}`")


def search_enabled(x: Call) -> Response:
    """Whether the content can be searched: no."""
    _known_course(x)
    return wire.spaced_json({"enabled": False})


def sidebar(x: Call) -> Response:
    """Which side bars the courseware has."""
    return wire.spaced_json(
        {
            "enable_navigation_sidebar": True,
            "always_open_auxiliary_sidebar": False,
            "enable_completion_tracking": True,
        }
    )


def _learn(*numbers: int) -> str:
    return recorded("openedx-2/learn", *numbers)


_JWT: dict[str, Any] = {"authenticators": credentials.JWT_SESSION, "permissions": (caller,)}
_OPEN: dict[str, Any] = {"authenticators": (credentials.SESSION,), "permissions": (anyone,), "allow": "OPTIONS, GET"}
_TOURS = Family("/api/user_tours", tag="user_tours", **_JWT)
_AGREEMENTS = Family("/api/agreements/v1", tag="agreements", **_JWT)
_DISCOUNTS = Family("/api/discounts", tag="discounts", permissions=(caller,), developer_errors=True)
_EXPERIMENTS = Family("/api/experiments/v0", tag="experiments")
_COURSES = Family("/courses/{course_id}", tag="courseware")

ROUTES = (
    *Family("/api", tag="email").resource(
        "/change_email_settings",
        "Take e-mail from a course, or none",
        post=email_settings,
        allow="OPTIONS, POST",
        defect=True,
        notes_course=False,
        evidence="documented",
        source="edx-platform common/djangoapps/student/views/management.py, change_email_settings",
    ),
    *_TOURS.resource(
        "/discussion_tours/",
        "Tours of discussions",
        get=discussion_tours,
        allow="GET, PUT, HEAD, OPTIONS",
        source=_learn(598),
    ),
    *_TOURS.resource(
        "/v1/{username}",
        "Which tours are still to be shown",
        get=read_tour,
        put=no_change,
        patch=change_tour,
        evidence="observed",
        source=_learn(589, 595),
    ),
    *_AGREEMENTS.resource(
        "/integrity_signature/{course_id}",
        "The honor code",
        get=agreements_off,
        post=agreements_off,
        notes_course=False,
        source=_learn(607),
    ),
    *_AGREEMENTS.resource(
        "/lti_pii_signature/{course_id}",
        "Data for LTI tools",
        post=agreements_off,
        notes_course=False,
        source=_learn(620),
    ),
    *_DISCOUNTS.resource(
        "/course/{course_id}", "The caller's discount", get=own_discount, notes_course=False, source=_learn(625)
    ),
    *_DISCOUNTS.resource(
        "/user/{id}/course/{course_id}",
        "A user's discount",
        get=users_discount,
        permissions=(is_staff,),
        notes_course=False,
        source=_learn(626),
    ),
    *_EXPERIMENTS.resource(
        "/data/",
        "Values of experiments for the caller",
        get=list_data,
        post=keep_data,
        allow="GET, POST, PUT, HEAD, OPTIONS",
        evidence="observed",
        source=_learn(640, 656),
        **(_JWT | {"authenticators": credentials.JWT_ANY_SESSION}),
    ),
    *_EXPERIMENTS.resource(
        "/key-value/",
        "Values of experiments",
        get=list_values,
        authenticators=credentials.NONE,
        permissions=(anyone,),
        allow="GET, POST, HEAD, OPTIONS",
        source=_learn(641),
    ),
    *_EXPERIMENTS.resource(
        "/custom/REV-934/", "Whether an upgrade is offered", get=upsell, developer_errors=True, source=_learn(655)
    ),
    *_EXPERIMENTS.resource(
        "/custom/userMetadata/{name}",
        "A user in a course",
        get=user_metadata,
        evidence="observed",
        source=_learn(642),
        **(_JWT | {"authenticators": credentials.JWT_ANY_SESSION}),
    ),
    _COURSES.page("/calendar_sync", sync_calendar, "Subscribe to the calendar", source=_learn(633)),
    *_COURSES.resource(
        "/courseware-search/enabled/",
        "Whether content is searched",
        get=search_enabled,
        defect=True,
        notes_course=False,
        source=_learn(670),
        **_OPEN,
    ),
    *_COURSES.resource(
        "/courseware-navigation-sidebar/toggles/",
        "Which side bars there are",
        get=sidebar,
        notes_course=False,
        source=_learn(671),
        **_OPEN,
    ),
    Family("/search", tag="search").page(
        "/course_discovery/", search, "Search the catalogue", evidence="observed", source=_learn(666)
    ),
    Family("/search", tag="search").page("/{course_id}", search, "Search a course", source=_learn(660)),
)
