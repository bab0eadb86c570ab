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


def staff_to_write(call: Call) -> None:
    """Permission: everybody may read their own; only staff may write."""
    if call.method not in ("GET", "HEAD", "OPTIONS"):
        is_staff(call)
    else:
        caller(call)


def list_all(call: Call) -> Response:
    """The caller's entitlements, or those of the user whom staff name."""
    user = caller(call)
    every = user.is_staff and "user" in call.query
    found = list(call.store.entitlements) if every else call.store.entitlements.find("user", user.username)
    page = paging.numbered(call, [entitlement for entitlement in found if _wanted(call, entitlement)])
    return wire.api_json(page.envelope([_shape(item) for item in page.items]))


def _wanted(call: Call, entitlement: Entitlement) -> bool:
    """Whether it passes the query's filters, which apply to operations on a single one too."""
    query = call.query
    ended = {"true": True, "false": False}.get(text := query.get("expired_at__isnull", "").lower())
    if ended is None and text:
        call.reads.takes(("expired_at__isnull",), text, ended)
    return (
        query.get("user", "") in ("", entitlement.user)
        and (not query.get("uuid") or entitlement.uuid in query["uuid"].split(","))
        and (not query.get("course_uuid") or entitlement.course_uuid in query["course_uuid"].split(","))
        and (ended is None or ended == (entitlement.expired_at is None))
    )


def create(call: Call) -> Response:
    """Give a user an entitlement; any mode is accepted."""
    values = _read(call, partial=False)
    now = call.clock.now()
    made = call.store.entitlements.put(Entitlement(uuid=call.ids.uuid(), created=now, modified=now, **values))
    return wire.api_json(_shape(made), 201)


def _read(call: Call, *, partial: bool) -> dict[str, Any]:
    values, errors = fields.read(wire.read(call), _FIELDS, partial=partial)
    if not errors and "user" in values and lookup.user_named(call.store, call.settings, values["user"]) is None:
        errors = {"user": [f"Object with username={values['user']} does not exist."]}
    if errors:
        raise refusals.api_error(400, errors, reason="invalid_entitlement", check=", ".join(errors), got=errors)
    return values


def _one(call: Call) -> Entitlement:
    found, user = call.store.entitlements.get(call.path_params["uuid"]), caller(call)
    if found is None or (found.user != user.username and not user.is_staff) or not _wanted(call, found):
        raise refusals.OpenedxRefusal("unknown_entitlement", status=404, message="Not found.", check="entitlement")
    return found


def read_one(call: Call) -> Response:
    """One entitlement."""
    return wire.api_json(_shape(_one(call)))


def change(call: Call) -> Response:
    """Change an entitlement."""
    found, values = _one(call), _read(call, partial=call.method == "PATCH")
    changed = replace(found, modified=call.clock.now(), **values)
    return wire.api_json(_shape(call.store.entitlements.put(changed)))


def expire(call: Call) -> Response:
    """End an entitlement; it stays in the lists."""
    now = call.clock.now()
    call.store.entitlements.put(replace(_one(call), expired_at=now, modified=now))
    return wire.no_content()


def enroll(call: Call) -> Response:
    """Enrol with an entitlement. Without a catalogue no run belongs to any course."""
    body = wire.read_object(call)
    found = call.store.entitlements.get(call.path_params["uuid"])
    if found is None or found.user != caller(call).username:
        text = "The Entitlement for this UUID does not exist or is Expired."
        raise refusals.api_error(400, text, reason="unknown_entitlement", check="entitlement")
    if not body.get("course_run_id"):
        raise refusals.api_error(400, "The Course Run ID was not provided.", reason="no_course_run", check="course run")
    text = "The Course Run ID is not a match for this Course Entitlement."
    raise refusals.api_error(400, {"message": text}, reason="other_course", check="course of the entitlement")


def unenroll(call: Call) -> Response:
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
