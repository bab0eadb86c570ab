"""Services for a launch: the id token, the roster, and the deep linking response."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from lms_emulator.core.http.routing import Route
from lms_emulator.providers.ltiaas import refusals, shapes
from lms_emulator.providers.ltiaas.call import (
    Call,
    limit_of,
    object_body,
    query_decoded,
    require_active,
    require_service,
    without_nulls,
)
from lms_emulator.providers.ltiaas.credentials import Caller, make_service_key, service_caller
from lms_emulator.providers.ltiaas.lti import deep_linking, lms
from lms_emulator.providers.ltiaas.lti.claims import deep_linking_settings
from lms_emulator.providers.ltiaas.lti.keys import KEYS
from lms_emulator.providers.ltiaas.model import Consumer
from lms_emulator.providers.ltiaas.settings import REFERENCE
from lms_emulator.providers.ltiaas.wire import LTIK, LTIK_OR_SERVICE, answer


def id_token(call: Call) -> Response:
    """The launch, formatted; `?raw=true` gives the claims as the LMS signed them."""
    caller = service_caller(call, LTIK)
    claims = _launch_claims(caller)
    raw = call.reads.flag("raw", call.query.get("raw", "").lower(), ("true", "1"))
    sizes = call.settings.presentation_size
    if isinstance(caller.lms, Consumer):
        assert caller.launch is not None  # `_launch_claims`
        if raw:
            return answer(shapes.raw_legacy_launch(claims))
        return answer(shapes.legacy_launch(claims, caller.lms, caller.launch, sizes))
    if raw:
        return answer(shapes.raw_id_token(claims))
    platform = caller.platform
    service_key = make_service_key(caller.tenant, caller.activity) if caller.activity is not None else None
    return answer(
        shapes.id_token(
            claims,
            platform_id=platform.id,
            platform_name=platform.name,
            client_id=platform.client_id,
            service_key=service_key,
            sizes=sizes,
        )
    )


def _launch_claims(caller: Caller) -> dict[str, Any]:
    if caller.launch is None:
        hint = "a service key does not identify a launch; send the ltik"
        raise refusals.invalid_ltik(reason="ltik_unknown", got="no launch", diagnosis=hint)
    return caller.launch.claims


async def memberships(call: Call) -> Response:
    """The course's roster, from the LMS's names and roles service."""
    from lms_emulator.signing.lti13 import SCOPE_MEMBERSHIP
    from lms_emulator.signing.lti13_services import MEMBERSHIP_TYPE

    caller = service_caller(call, LTIK_OR_SERVICE)
    require_service(call, caller.tenant.plan.names_and_roles, "names and roles", caller.tenant)
    roster = caller.activity.roster if caller.activity is not None else None
    if roster is None:
        raise refusals.service_not_available(call.settings.service_not_available_status, "names and roles")
    limit = limit_of(call)
    url = query_decoded(call, "url")
    if url is None:
        role, link = query_decoded(call, "role"), call.query.get("resourceLinkId") or None
        url = lms.with_query(str(roster["context_memberships_url"]), role=role, limit=limit, rlid=link)
    require_active(caller.platform)
    found = await lms.call_service(
        call, caller.platform, "GET", url, scopes=[SCOPE_MEMBERSHIP], accept=MEMBERSHIP_TYPE, expects=dict
    )
    return answer(shapes.roster(found, url))


def deep_linking_message(call: Call) -> Response:
    """The signed deep-linking response and where to post it."""
    message, target = _deep_link(call)
    return answer({"message": message, "target": target})


def deep_linking_form(call: Call) -> Response:
    """A self-submitting form with the signed deep linking response."""
    message, target = _deep_link(call)
    return answer({"form": deep_linking.form(message, target, form_id=call.settings.deep_linking_form_id)})


def _deep_link(call: Call) -> tuple[str, str]:
    caller = service_caller(call, LTIK)
    require_service(call, caller.tenant.plan.deep_linking, "deep linking", caller.tenant)
    claims = _launch_claims(caller)
    target = deep_linking_settings(claims).get("deep_link_return_url")
    if not target:
        raise refusals.service_not_available(call.settings.service_not_available_status, "deep linking")
    body = without_nulls(object_body(call))
    wrong = deep_linking.faults(body)
    if wrong:
        raise refusals.validation(call.settings.validation_status, wrong, got=body)
    items = body["contentItems"]
    _check_urls(call, caller, items)
    message = deep_linking.message_claims(
        claims,
        items,
        body.get("options") or {},
        client_id=caller.platform.client_id,
        nonce=call.ids.token(32),
        issued_at=int(call.clock.timestamp()),
    )
    return KEYS.sign(call, caller.platform, message), str(target)


def _check_urls(call: Call, caller: Caller, items: list[Any]) -> None:
    own = [call.url("/lti/launch"), f"https://{caller.tenant.subdomain}.ltiaas.com/lti/launch"]
    foreign = deep_linking.foreign_urls(items, own)
    if foreign and call.settings.deep_linking_foreign_url == "refuse":
        faults = [{"contentItems.url": [f"Must start with {own[0]}"]}]
        raise refusals.validation(call.settings.validation_status, faults, got=foreign)
    for url in foreign:
        call.warn("deep_link_leads_elsewhere", f"an ltiResourceLink must lead to {own[0]}, this one leads to {url}")


def _deep_linking_route(path: str, handler: Any, source: str, summary: str) -> Route:
    return Route(
        methods=("POST",),
        path=path,
        handler=handler,
        evidence="documented",
        source=source,
        summary=summary,
        tag="Deep linking",
    )


ROUTES: tuple[Route, ...] = (
    Route(
        methods=("GET",),
        path="/api/idtoken",
        handler=id_token,
        evidence="documented",
        source=f"{REFERENCE}/get-idtoken/index.md",
        summary="Who was launched, from where, with which services",
        tag="Launch",
    ),
    Route(
        methods=("GET",),
        path="/api/memberships",
        handler=memberships,
        evidence="documented",
        source=f"{REFERENCE}/get-memberships/index.md",
        summary="The roster",
        tag="Names and roles",
    ),
    _deep_linking_route(
        "/api/deeplinking",
        deep_linking_message,
        "https://docs.ltiaas.com/guides/api/deeplinking",
        "Sign a deep-linking response",
    ),
    _deep_linking_route(
        "/api/deeplinking/message",
        deep_linking_message,
        f"{REFERENCE}/post-api-deeplinking-message/index.md",
        "Old name of /api/deeplinking",
    ),
    _deep_linking_route(
        "/api/deeplinking/form",
        deep_linking_form,
        f"{REFERENCE}/post-api-deeplinking-form/index.md",
        "The same as a self-submitting form",
    ),
)
