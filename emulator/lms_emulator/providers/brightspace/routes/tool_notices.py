"""LTI services: where tools receive notices."""

from __future__ import annotations

from starlette.responses import JSONResponse, Response

from lms_emulator.core.http.refusals import SiteRefusal
from lms_emulator.core.http.routing import Route, family
from lms_emulator.providers.brightspace import oauth, refusals
from lms_emulator.providers.brightspace.call import Call
from lms_emulator.providers.brightspace.lti import claims
from lms_emulator.providers.brightspace.lti.notices import NOTICES
from lms_emulator.providers.brightspace.lti.services import own_deployment
from lms_emulator.providers.brightspace.model import Deployment
from lms_emulator.signing import lti13

SPECIFICATION = "https://www.imsglobal.org/spec/lti-pns/v1p0/main/"
_LARGEST = 10**9


def _deployment(call: Call) -> Deployment:
    return own_deployment(call, "notices", lti13.SCOPE_NOTICES)


def show(call: Call) -> Response:
    """GET …/noticehandlers: the handlers of a deployment."""
    found = _deployment(call)
    return JSONResponse(
        {
            "client_id": found.client_id,
            "deployment_id": found.id,
            "notice_handlers": NOTICES.listed(call, found),
        }
    )


def update(call: Call) -> Response:
    """PUT …/noticehandlers: set the handler of a notice type; `""` deletes it."""
    found, body = _deployment(call), call.json()
    if not isinstance(body, dict):
        raise _refused("body", "a JSON object", body)
    kind, handler, largest = (body.get(name) for name in ("notice_type", "handler", "max_batch_size"))
    if kind not in NOTICES.types(call, found):
        raise _refused("notice_type", NOTICES.types(call, found), kind)
    if not isinstance(handler, str) or (handler and not oauth.secure_enough(call, handler)):
        raise _refused("handler", "an https URL, or an empty text", handler)
    whole = isinstance(largest, int) and not isinstance(largest, bool) and 0 < largest < _LARGEST
    if largest is not None and not whole:
        raise _refused("max_batch_size", "a positive integer", largest)
    return JSONResponse(NOTICES.subscribe(call, found, str(kind), handler, largest))


def _refused(name: str, expected: object, got: object) -> SiteRefusal:
    detail = f"{name} is missing or invalid"
    return refusals.lti_service("notice_handler_invalid", 400, detail, check=name, expected=expected, got=got)


ROUTES: tuple[Route, ...] = family(
    "lti services",
    f"{SPECIFICATION}; https://community.d2l.com/brightspace/kb/articles/26215 (the address is chosen)",
    "inferred",
    (f"GET {claims.NOTICES_PATH}", show, "A deployment's notice handlers"),
    (f"PUT {claims.NOTICES_PATH}", update, "Set a notice handler"),
)
