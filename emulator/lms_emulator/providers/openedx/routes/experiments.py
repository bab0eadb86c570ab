"""`/api/experiments/` and `/api/discounts/`: values that experiments keep, and discounts, of which there are none.

Sources: edx-platform `lms/djangoapps/experiments/views.py`, `openedx/features/discounts/views.py`;
`fixtures/recordings/openedx-2`, learn.jsonl 625-656.
"""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from lms_emulator.core.numbers import parse_integer
from lms_emulator.providers.openedx import credentials, paging, refusals, wire
from lms_emulator.providers.openedx.call import Call, caller, course_of
from lms_emulator.providers.openedx.model import lookup
from lms_emulator.providers.openedx.model.accounts import User
from lms_emulator.providers.openedx.model.learning import ExperimentData
from lms_emulator.providers.openedx.oauth import jwts
from lms_emulator.providers.openedx.routes.permissions import anyone, is_staff
from lms_emulator.providers.openedx.routes.resource import Family, recorded
from lms_emulator.providers.openedx.shapes import moment
from lms_emulator.providers.openedx.web import csrf


def _discount(call: Call, user: User) -> Response:
    """Whether a discount applies: none does. A token says it to the shop."""
    csrf.ensure(call)
    course_of(call)
    token = jwts.create(
        user,
        config=call.store.section.jwt,
        settings=call.settings,
        now=call.clock.timestamp(),
        grant_type="",
        scopes=("email", "profile"),
        filters=(),
        restricted=False,
        asymmetric=False,
        further={"discount_applicable": False, "discount_percent": 15},
    )
    csrf.ensure(call, set_by_view=True)
    return wire.api_json({"discount_applicable": False, "jwt": token}, 200, {"vary": "Cookie"})


def own_discount(call: Call) -> Response:
    """Whether the caller has a discount in a course."""
    return _discount(call, caller(call))


def users_discount(call: Call) -> Response:
    """Whether a user has a discount in a course, for staff."""
    user = call.store.users.first("id", parse_integer(call.path_params["id"]))
    if user is None:
        raise refusals.OpenedxRefusal("unknown_user", status=404, message="Not found.", check="user exists")
    return _discount(call, caller(call))


def _data(record: ExperimentData) -> dict[str, Any]:
    return {
        "id": record.id,
        "experiment_id": record.experiment,
        "user": record.user,
        "key": record.key,
        "value": record.value,
        "created": moment(record.created),
        "modified": moment(record.modified),
    }


def list_data(call: Call) -> Response:
    """The values that experiments store for the caller."""
    mine = [record for record in call.store.experiment_data if record.user == caller(call).username]
    page = paging.numbered(call, mine)
    return wire.api_json(page.envelope([_data(item) for item in page.items]))


def keep_data(call: Call) -> Response:
    """Store a value of an experiment for the caller."""
    body, user, now = wire.read_object(call), caller(call), call.clock.now()
    if missing := [name for name in ("experiment_id", "key", "value") if name not in body]:
        errors = {name: ["This field is required."] for name in missing}
        raise refusals.api_error(400, errors, reason="invalid_data", check=", ".join(missing))
    if not str(body["experiment_id"]).isdecimal():
        text = "This field may not be null." if body["experiment_id"] is None else "A valid integer is required."
        raise refusals.api_error(400, {"experiment_id": [text]}, reason="invalid_data", check="experiment_id")
    key = (user.username, parse_integer(str(body["experiment_id"])) or 0, str(body["key"]))
    known = call.store.experiment_data.get(key)
    made = ExperimentData(
        user=key[0],
        experiment=key[1],
        key=key[2],
        value=str(body["value"]),
        created=known.created if known else now,
        modified=now,
        id=known.id if known else call.store.next_number("experiment_data"),
    )
    return wire.api_json(_data(call.store.experiment_data.put(made)), 200 if known else 201)


def list_values(call: Call) -> Response:
    """The values of experiments: none."""
    page = paging.numbered(call, [])
    return wire.api_json(page.envelope([]))


def upsell(call: Call) -> Response:
    """Whether an upgrade is offered: no."""
    csrf.ensure(call, set_by_view=True)
    return wire.api_json({"show_upsell": False, "upsell_flag": False}, 200, {"vary": "Cookie"})


def user_metadata(call: Call) -> Response:
    """What experiments know of a user in a course."""
    username, _, course = call.path_params["name"].partition(",")
    user = lookup.user_named(call.store, call.settings, username)
    if user is None or user.id != caller(call).id:
        raise refusals.OpenedxRefusal("not_yours", status=404, message="Provided user is not found", check="own data")
    if course not in call.store.courses:
        raise refusals.OpenedxRefusal(
            "unknown_course", status=404, message="Provided course is not found", check="course exists"
        )
    return wire.api_json({"course_id": course, "username": username})


_OWN: dict[str, Any] = {"authenticators": credentials.JWT_ANY_SESSION, "permissions": (caller,)}
_DISCOUNTS = Family("/api/discounts", tag="discounts", permissions=(caller,), developer_errors=True)
_EXPERIMENTS = Family("/api/experiments/v0", tag="experiments")

ROUTES = (
    *_DISCOUNTS.resource(
        "/course/{course_id}",
        "The caller's discount",
        get=own_discount,
        notes_course=False,
        source=recorded("openedx-2/learn", 625),
    ),
    *_DISCOUNTS.resource(
        "/user/{id}/course/{course_id}",
        "A user's discount",
        get=users_discount,
        permissions=(is_staff,),
        notes_course=False,
        source=recorded("openedx-2/learn", 626),
    ),
    *_EXPERIMENTS.resource(
        "/data/",
        "Values of experiments for the caller",
        get=list_data,
        post=keep_data,
        allow="GET, POST, PUT, HEAD, OPTIONS",
        evidence="observed",
        source=recorded("openedx-2/learn", 640, 656),
        **_OWN,
    ),
    *_EXPERIMENTS.resource(
        "/key-value/",
        "Values of experiments",
        get=list_values,
        authenticators=credentials.NONE,
        permissions=(anyone,),
        allow="GET, POST, HEAD, OPTIONS",
        source=recorded("openedx-2/learn", 641),
    ),
    *_EXPERIMENTS.resource(
        "/custom/REV-934/",
        "Whether an upgrade is offered",
        get=upsell,
        developer_errors=True,
        source=recorded("openedx-2/learn", 655),
    ),
    *_EXPERIMENTS.resource(
        "/custom/userMetadata/{name}",
        "A user in a course",
        get=user_metadata,
        evidence="observed",
        source=recorded("openedx-2/learn", 642),
        **_OWN,
    ),
)
