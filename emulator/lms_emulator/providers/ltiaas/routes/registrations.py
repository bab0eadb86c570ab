"""Dynamic registration: an LMS registers itself, with or without the tool's approval."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace
from starlette.responses import HTMLResponse, Response

from lms_emulator.core.clock import later
from lms_emulator.core.http.routing import Route
from lms_emulator.providers.ltiaas import refusals, shapes
from lms_emulator.providers.ltiaas.call import Call, object_body
from lms_emulator.providers.ltiaas.credentials import bearer, tenant_in_address
from lms_emulator.providers.ltiaas.lti import lms
from lms_emulator.providers.ltiaas.lti.registration import is_configuration, platform_fields, registration_request
from lms_emulator.providers.ltiaas.model import Platform, Registration, Tenant
from lms_emulator.providers.ltiaas.refusals import lms as lms_refusals
from lms_emulator.providers.ltiaas.wire import answer, redirect

GUIDE = "https://docs.ltiaas.com/guides/api/dynamic-registration"
_HOURS = 24
CLOSE = "<script>(window.opener || window.parent).postMessage({subject:'org.imsglobal.lti.close'}, '*');</script>"


async def register(call: Call) -> Response:
    """Where an LMS sends its administrator to register the tool."""
    tenant = _tenant(call)
    if not tenant.plan.dynamic_registration:
        raise refusals.registration_refused(
            "registration_disabled",
            "Dynamic registration is disabled.",
            status=403,
            expected="a plan with dynamic registration",
            diagnosis=f"the plan of the tenant `{tenant.subdomain}` has no dynamic registration: register the platform "
            "by POST /api/platforms, or set `plan.dynamic_registration` of the tenant in the world",
        )
    url = call.query.get("openid_configuration")
    if not url:
        raise refusals.registration_refused(
            "openid_configuration_missing", 'Missing parameter: "openid_configuration".', status=400
        )
    if "privacy_level" in call.query:
        call.warn("privacy_level_ignored", "`privacy_level` is ignored; the parameter is `privacyLevel`")
    token = call.query.get("registration_token")
    configuration = await _configuration(call, tenant, url, token)
    now = call.clock.now()
    pending = Registration(
        id=call.ids.alnum(20),
        tenant=tenant.subdomain,
        openid_configuration=configuration,
        registration_token=token,
        privacy_level=call.query.get("privacyLevel"),
        created_at=now,
        keep_until=later(now, _HOURS * 3600),
    )
    if tenant.pre_approval.enabled:
        call.store.registrations.put(pending)
        return redirect(lms.with_query(tenant.pre_approval.url, registrationId=pending.id))
    await _complete(call, tenant, pending, {})
    return HTMLResponse(CLOSE)


def _tenant(call: Call) -> Tenant:
    tenant = tenant_in_address(call) or call.store.default_tenant()
    if tenant is None:
        raise refusals.gateway_forbidden(call.host)
    return tenant


def _known_urls(call: Call, tenant: Tenant) -> list[str]:
    platforms = call.store.platforms.find("tenant", tenant.subdomain)
    return [*call.store.section.lms_urls, *(url for platform in platforms for url in lms.known_urls(call, platform))]


async def _configuration(call: Call, tenant: Tenant, url: str, token: str | None) -> dict[str, Any]:
    headers = {"Accept": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
    found = await lms.ask(call, _known_urls(call, tenant), "GET", url, headers=headers)
    if not found.ok or not isinstance(found.body, dict) or not is_configuration(found.body):
        raise _no_configuration(url, found.body)
    return found.body


def _no_configuration(url: str, received: Any) -> Exception:
    return lms_refusals.lms_refused(
        "INVALID_OPENID_CONFIGURATION", status=400, url=url, received=received, reason="openid_configuration_bad"
    )


async def _complete(call: Call, tenant: Tenant, pending: Registration, body: dict[str, Any]) -> Platform:
    configuration = pending.openid_configuration
    if not is_configuration(configuration):  # as the world came with it
        raise _no_configuration("", configuration)
    request = registration_request(
        configuration,
        base_url=call.base_url,
        tool_name=tenant.tool_name,
        privacy_level=pending.privacy_level,
        messages=body.get("messages"),
    )
    token = pending.registration_token
    url = str(configuration["registration_endpoint"])
    headers = {"Accept": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
    found = await lms.ask(call, _known_urls(call, tenant), "POST", url, headers=headers, json=request)
    if not found.ok or not isinstance(found.body, dict) or not found.body.get("client_id"):
        raise lms_refusals.lms_refused(
            "REGISTRATION_REQUEST_FAILED",
            status=found.status if 400 <= found.status <= 599 else call.settings.lms_unreachable_status,
            url=url,
            received=found.body,
            reason="registration_refused_by_lms",
        )
    issuer, client_id = str(configuration["issuer"]), str(found.body["client_id"])
    for platform in call.store.platforms.find("tenant", tenant.subdomain):
        if call.resolve(platform.url) == issuer and platform.client_id == client_id:
            raise refusals.registration_refused(
                "platform_already_registered", "Platform already registered.", status=403, got=issuer
            )
    wanted = body.get("autoActivate")
    active = wanted if isinstance(wanted, bool) else tenant.auto_activate
    fields = platform_fields(configuration, client_id, name=body.get("platformName"))
    return call.store.platforms.put(
        Platform(id=call.ids.alnum(20), tenant=tenant.subdomain, active=active, added=True, **fields)
    )


def _pending(call: Call, tenant: Tenant) -> Registration:
    registration_id = str(call.path_params["registration_id"])
    found = call.store.registrations.get(registration_id)
    if found is None or found.tenant != tenant.subdomain or found.used or call.clock.now() >= found.keep_until:
        used = found is not None and found.tenant == tenant.subdomain and found.used
        raise refusals.registration_not_found(registration_id, used=used)
    return found


def show(call: Call) -> Response:
    """A registration that waits for approval; `?raw=true` gives the LMS's own configuration."""
    pending = _pending(call, bearer(call))
    if call.reads.flag("raw", call.query.get("raw", "").lower(), ("true", "1")):
        token = pending.registration_token
        return answer(
            {"openIdConfiguration": pending.openid_configuration} | ({"registrationToken": token} if token else {})
        )
    return answer(shapes.registration(pending.openid_configuration))


async def complete(call: Call) -> Response:
    """Approve a registration."""
    tenant = bearer(call)
    pending = _pending(call, tenant)
    body = object_body(call) if call.body.strip() and not call.is_form else {}
    call.store.registrations.put(replace(pending, used=True))
    try:
        platform = await _complete(call, tenant, pending, body)
    except refusals.LtiaasRefusal as refusal:
        if refusal.reason == "lms_unreachable":
            call.store.registrations.put(pending)  # the LMS never heard of it; it can be tried again
        raise
    return answer({"html": CLOSE, "platformId": platform.id})


ROUTES: tuple[Route, ...] = (
    Route(
        methods=("GET",),
        path="/lti/register",
        handler=register,
        evidence="documented",
        source=GUIDE,
        summary="Dynamic registration by an LMS",
        tag="Registrations",
    ),
    Route(
        methods=("GET",),
        path="/api/registrations/{registration_id}",
        handler=show,
        evidence="documented",
        source=GUIDE,
        summary="A registration that waits for approval",
        tag="Registrations",
    ),
    Route(
        methods=("POST",),
        path="/api/registrations/{registration_id}/complete",
        handler=complete,
        evidence="documented",
        source=GUIDE,
        summary="Approve a registration",
        tag="Registrations",
    ),
)
