"""`/api/entitlements/v1/`: rights to enrol in some run of a course.

Source: edx-platform `common/djangoapps/entitlements/rest_api/v1/views.py`; `fixtures/recordings/openedx-2`,
instr.jsonl 764-786.
"""

from __future__ import annotations

import re
from typing import Any

from msgspec.structs import replace
from starlette.responses import Response

from lms_emulator.providers.openedx import credentials, paging, refusals, wire
from lms_emulator.providers.openedx.call import Call, caller
from lms_emulator.providers.openedx.model import lookup
from lms_emulator.providers.openedx.model.commerce import Entitlement
from lms_emulator.providers.openedx.routes.permissions import is_staff
from lms_emulator.providers.openedx.routes.resource import Family, recorded
from lms_emulator.providers.openedx.rules import fields
from lms_emulator.providers.openedx.rules.fields import Field
from lms_emulator.providers.openedx.shapes import moment

_UUID = re.compile(r"[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}", re.IGNORECASE)


def _uuid(value: Any) -> str:
    if not isinstance(value, str) or not _UUID.fullmatch(value):
        raise fields.FieldError("Must be a valid UUID.")
    return value


_FIELDS = {
    "user": Field(fields.text(), required=True),
    "course_uuid": Field(_uuid, required=True),
    "mode": Field(fields.text(), required=True),
    "order_number": Field(fields.text(), null=True),
    "refund_locked": Field(fields.boolean),
}


def _shape(entitlement: Entitlement) -> dict[str, Any]:
    return {
        "user": entitlement.user,
        "uuid": entitlement.uuid,
        "course_uuid": entitlement.course_uuid,
        "expired_at": moment(entitlement.expired_at),
        "created": moment(entitlement.created),
        "modified": moment(entitlement.modified),
        "mode": entitlement.mode,
        "refund_locked": entitlement.refund_locked,
        "order_number": entitlement.order_number,
        "support_details": [],
    }


def staff_to_write(x: Call) -> None:
    """Permission: everybody may read their own; only staff may write."""
    if x.method not in ("GET", "HEAD", "OPTIONS"):
        is_staff(x)
    else:
        caller(x)


def list_all(x: Call) -> Response:
    """The caller's entitlements, or those of the user whom staff name."""
    user = caller(x)
    every = user.is_staff and "user" in x.query
    found = list(x.store.entitlements) if every else x.store.entitlements.find("user", user.username)
    page = paging.numbered(x, [entitlement for entitlement in found if _wanted(x, entitlement)])
    return wire.api_json(page.envelope([_shape(item) for item in page.items]))


def _wanted(x: Call, entitlement: Entitlement) -> bool:
    """Whether it passes the query's filters, which apply to operations on a single one too."""
    query = x.query
    ended = {"true": True, "false": False}.get(text := query.get("expired_at__isnull", "").lower())
    if ended is None and text:
        x.reads.takes(("expired_at__isnull",), text, ended)
    return (
        query.get("user", "") in ("", entitlement.user)
        and (not query.get("uuid") or entitlement.uuid in query["uuid"].split(","))
        and (not query.get("course_uuid") or entitlement.course_uuid in query["course_uuid"].split(","))
        and (ended is None or ended == (entitlement.expired_at is None))
    )


def create(x: Call) -> Response:
    """Give a user an entitlement; any mode is accepted."""
    values = _read(x, partial=False)
    now = x.clock.now()
    made = x.store.entitlements.put(Entitlement(uuid=x.ids.uuid(), created=now, modified=now, **values))
    return wire.api_json(_shape(made), 201)


def _read(x: Call, *, partial: bool) -> dict[str, Any]:
    values, errors = fields.read(wire.read(x), _FIELDS, partial=partial)
    if not errors and "user" in values and lookup.user_named(x.store, x.settings, values["user"]) is None:
        errors = {"user": [f"Object with username={values['user']} does not exist."]}
    if errors:
        raise refusals.api_error(400, errors, reason="invalid_entitlement", check=", ".join(errors), got=errors)
    return values


def _one(x: Call) -> Entitlement:
    found, user = x.store.entitlements.get(x.path_params["uuid"]), caller(x)
    if found is None or (found.user != user.username and not user.is_staff) or not _wanted(x, found):
        raise refusals.OpenedxRefusal("unknown_entitlement", status=404, message="Not found.", check="entitlement")
    return found


def read_one(x: Call) -> Response:
    """One entitlement."""
    return wire.api_json(_shape(_one(x)))


def change(x: Call) -> Response:
    """Change an entitlement."""
    found, values = _one(x), _read(x, partial=x.method == "PATCH")
    changed = replace(found, modified=x.clock.now(), **values)
    return wire.api_json(_shape(x.store.entitlements.put(changed)))


def expire(x: Call) -> Response:
    """End an entitlement; it stays in the lists."""
    now = x.clock.now()
    x.store.entitlements.put(replace(_one(x), expired_at=now, modified=now))
    return wire.no_content()


def enroll(x: Call) -> Response:
    """Enrol with an entitlement. Without a catalogue no run belongs to any course."""
    body = wire.read_object(x)
    found = x.store.entitlements.get(x.path_params["uuid"])
    if found is None or found.user != caller(x).username:
        text = "The Entitlement for this UUID does not exist or is Expired."
        raise refusals.api_error(400, text, reason="unknown_entitlement", check="entitlement")
    if not body.get("course_run_id"):
        raise refusals.api_error(400, "The Course Run ID was not provided.", reason="no_course_run", check="course run")
    text = "The Course Run ID is not a match for this Course Entitlement."
    raise refusals.api_error(400, {"message": text}, reason="other_course", check="course of the entitlement")


def unenroll(x: Call) -> Response:
    """Give the seat back; there can be none."""
    raise refusals.OpenedxRefusal("not_enrolled", status=404, message="Not found.", check="enrolled")


FAMILY = Family(
    "/api/entitlements/v1/entitlements",
    tag="entitlements",
    authenticators=credentials.JWT_SESSION,
    permissions=(staff_to_write,),
)

ROUTES = (
    *FAMILY.resource(
        "/",
        "Entitlements",
        get=list_all,
        post=create,
        source=recorded("openedx-2/instr", 765, 784),
        ignores=("email_opt_in",),  # only the catalogue service knows the organisations of a course
    ),
    *FAMILY.resource(
        "/{uuid}/",
        "An entitlement",
        get=read_one,
        put=change,
        patch=change,
        delete=expire,
        source=recorded("openedx-2/instr", 772, 776, 783),
    ),
    *FAMILY.resource(
        "/{uuid}/enrollments",
        "Enrol with an entitlement",
        post=enroll,
        delete=unenroll,
        permissions=(caller,),
        source=recorded("openedx-2/instr", 778),
    ),
)
