"""LTI between LMS and LTIAAS: login, launches of LTI 1.3 and 1.1, keys, and the redirect to the tool."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlunsplit

from starlette.datastructures import ImmutableMultiDict
from starlette.responses import Response

from lms_emulator.core.access.bodies import why_no_form
from lms_emulator.core.clock import later
from lms_emulator.core.http.exchange import BodyError
from lms_emulator.core.http.routing import Route
from lms_emulator.core.http.urls import parts_of
from lms_emulator.providers.ltiaas import refusals
from lms_emulator.providers.ltiaas.call import Call, require_service
from lms_emulator.providers.ltiaas.credentials import make_ltik, tenant_in_address, with_portal_overrides
from lms_emulator.providers.ltiaas.lti import launch, legacy, lms
from lms_emulator.providers.ltiaas.lti.claims import (
    claim,
    grades_claim,
    is_deep_linking,
    object_claim,
    roster_claim,
)
from lms_emulator.providers.ltiaas.lti.keys import KEYS
from lms_emulator.providers.ltiaas.model import Activity, Launch, LoginState, Platform, Tenant
from lms_emulator.providers.ltiaas.wire import answer, clear_state_cookie, redirect, set_state_cookie, state_cookie

FLOW = "https://ltiaas.com/guides/flows/launch-and-sso"
_REQUIRED = ("iss", "login_hint", "target_link_uri")
_KEPT_SECONDS = 600
_FROM_PLATFORMS = ("deployment_id", "lti_storage_target", "canvas_environment", "canvas_region")
"""Parameters that platforms send and LTIAAS does not need: it keeps its state in cookies, and calls no platform's
own API."""


def parameters(call: Call, *read: str) -> ImmutableMultiDict[str, str]:
    """Query and form fields combined: the login accepts either. Parameters: `read`, those that are used."""
    call.reads.add(*read)
    pairs = call.query.peek()
    if call.method == "POST":
        try:
            pairs += [(name, value) for name, value in call.form().peek() if isinstance(value, str)]
        except BodyError as error:
            call.warn("form_unreadable", str(error))
    names = [name for name, _ in pairs]
    for name in (name for name in read if names.count(name) > 1):
        call.warn("repeated_field", f"`{name}` was sent {names.count(name)} times; the last counts")
    return ImmutableMultiDict(pairs)


def login(call: Call) -> Response:
    """OIDC initiation: send the browser to the LMS's authentication endpoint."""
    given = parameters(call, *_REQUIRED, "client_id", "lti_message_hint", "lti_deployment_id")
    received = {name: given[name] for name in ("iss", "login_hint", "target_link_uri", "client_id") if name in given}
    missing = [name for name in _REQUIRED if not given.get(name)]
    if missing:
        legacy = "this is a launch of LTI 1.1, which has no login: it is posted to /lti/launch"
        why = _no_form(call) or (legacy if "oauth_consumer_key" in given else None)
        raise refusals.missing_login_parameters(missing, received, why)
    tenant = _tenant_for(call, given["iss"], given.get("client_id"))
    platform = launch.active_platform(call, tenant, given["iss"], given.get("client_id") or None, received)
    target = parts_of(given["target_link_uri"])
    now = call.clock.now()
    state = LoginState(
        state=call.ids.token(25),
        tenant=tenant.subdomain,
        platform_id=platform.id,
        nonce=call.ids.token(25),
        query=target.query,
        created_at=now,
        keep_until=later(now, call.settings.login_state_seconds + _KEPT_SECONDS),
    )
    call.store.login_states.put(state)
    response = redirect(
        lms.with_query(
            call.resolve(platform.authentication_endpoint),
            response_type="id_token",
            response_mode="form_post",
            id_token_signed_response_alg="RS256",
            scope="openid",
            client_id=platform.client_id,
            redirect_uri=urlunsplit(target._replace(query="", fragment="")),
            login_hint=given["login_hint"],
            nonce=state.nonce,
            prompt="none",
            state=state.state,
            lti_message_hint=given.get("lti_message_hint"),
            lti_deployment_id=given.get("lti_deployment_id"),
        )
    )
    set_state_cookie(call, response, tenant, state.state, "login", call.settings.login_state_seconds)
    return response


def _tenant_for(call: Call, issuer: str, client_id: str | None) -> Tenant:
    """The tenant in the host name; else the one with the platform; else the default one."""
    tenant = tenant_in_address(call)
    if tenant is None:
        for candidate in call.store.tenants:
            if launch.find_platform(call, candidate, issuer, client_id or None) is not None:
                tenant = candidate
                break
    tenant = tenant or call.store.default_tenant()
    if tenant is None:
        raise refusals.gateway_forbidden(call.host)
    return tenant


def _no_form(call: Call) -> str | None:
    return None if call.method == "GET" else why_no_form(call)


_OPENED = "the URL was opened by GET; the LMS posts a form to it after the login at /lti/login"


async def receive_launch(call: Call) -> Response:
    """Validate the id_token, or the signature of LTI 1.1, and redirect the browser to the tool with an ltik."""
    given = parameters(call, "id_token", "state", "error", "error_description")
    if call.method == "POST" and legacy.is_legacy(given):
        return _receive_legacy(call)
    token, state = given.get("id_token"), given.get("state", "")
    if given.get("error") and not token:
        raise refusals.lms_launch_error(given["error"], given.get("error_description"), state)
    if not token:
        raise refusals.no_id_token(_OPENED if call.method == "GET" else _no_form(call))
    waiting, tenant = _waiting(call, state, token)
    platform, claims = await launch.validated(call, tenant, waiting, token)
    call.store.login_states.delete(state)
    url, kind = _destination(call, tenant, claims)
    if not url:
        raise refusals.portal_url_missing("launch_url_missing", "LAUNCH_URL_NOT_CONFIGURED", kind)
    record, activity = _remember(call, tenant, platform, claims)
    ltik = make_ltik(call, tenant, platform, record, activity.id if activity else "")
    response = _to_tool(url, waiting.query, ltik)
    clear_state_cookie(response, state)
    return response


def _to_tool(url: str, query: str, ltik: str) -> Response:
    """Redirect the browser to the tool, with the launch's query."""
    stored = f"{url}{'&' if parts_of(url).query else '?'}{query}" if query else url
    return redirect(lms.with_query(stored, ltik=ltik))


def _receive_legacy(call: Call) -> Response:
    call.reads.whole()
    consumer, fields = legacy.validated(call)
    owner = call.store.tenants.get(consumer.tenant)
    assert owner is not None  # a world whose consumers name no tenant is refused
    tenant = with_portal_overrides(call, owner)
    if not tenant.launch_url:
        raise refusals.portal_url_missing("launch_url_missing", "LAUNCH_URL_NOT_CONFIGURED", "launch URL")
    now = call.clock.now()
    record = Launch(
        id=call.ids.hex(32),
        tenant=tenant.subdomain,
        consumer_key=consumer.consumer_key,
        claims=fields,
        target=call.request_url,
        created_at=now,
        keep_until=later(now, call.settings.ltik_hours * 3600 + 3600),
    )
    call.store.launches.put(record)
    query = call.query_string.decode("latin-1")
    return _to_tool(tenant.launch_url, query, make_ltik(call, tenant, consumer, record, ""))


_TWICE = "this id_token was posted before, and its launch accepted: a second click or a reload; begin again at the LMS"


def _waiting(call: Call, state: str, token: str) -> tuple[LoginState, Tenant]:
    waiting = call.store.login_states.get(state)
    tenant = call.store.tenants.get(waiting.tenant) if waiting is not None else None
    if waiting is None:
        if launch.was_posted(call, token):
            raise refusals.missing_cookie("launch", _TWICE)
        unknown = "this `state` is of no login that waits: it was used, is long over, or was changed on its way"
        raise refusals.missing_cookie("launch", unknown if state else "`state` is missing: the LMS returns it")
    if tenant is None or state_cookie(call, tenant, state) is None:
        raise refusals.missing_cookie("launch")
    if call.clock.now() >= later(waiting.created_at, call.settings.login_state_seconds):
        raise refusals.missing_cookie("launch took longer than the state cookie lives, or it")
    return waiting, with_portal_overrides(call, tenant)


def _destination(call: Call, tenant: Tenant, claims: dict[str, Any]) -> tuple[str, str]:
    if is_deep_linking(claims):
        require_service(call, tenant.plan.deep_linking, "deep linking", tenant)
        return tenant.deep_linking_url, "deep-linking URL"
    return tenant.launch_url, "launch URL"


def _remember(call: Call, tenant: Tenant, platform: Platform, claims: dict[str, Any]) -> tuple[Launch, Activity | None]:
    now = call.clock.now()
    grades, roster = grades_claim(claims), roster_claim(claims)
    activity = None
    if grades is not None or roster is not None:
        found = Activity(
            id=call.ids.hex(32),
            tenant=tenant.subdomain,
            platform_id=platform.id,
            deployment_id=str(claim(claims, "deployment_id")),
            context_id=str(object_claim(claims, "context").get("id", "")),
            resource_link_id=str(object_claim(claims, "resource_link").get("id", "")),
            grades=grades,
            roster=roster,
        )
        activity = call.store.remember_activity(found, rotate=call.settings.service_key_rotates)
    record = Launch(
        id=call.ids.hex(32),
        tenant=tenant.subdomain,
        platform_id=platform.id,
        claims=claims,
        service_key_id=activity.id if activity else None,
        created_at=now,
        keep_until=later(now, call.settings.ltik_hours * 3600 + 3600),
    )
    return call.store.launches.put(record), activity


def keys(call: Call) -> Response:
    """The tool's public keys: one per platform, with its id as `kid`, as in ltijs."""
    tenant = tenant_in_address(call)
    platforms = (
        call.store.platforms.find("tenant", tenant.subdomain) if tenant is not None else list(call.store.platforms)
    )
    return answer(KEYS.key_set_for(call, platforms))


ROUTES: tuple[Route, ...] = (
    Route(
        methods=("GET", "POST"),
        path="/lti/login",
        handler=login,
        evidence="documented",
        source=FLOW,
        summary="OIDC login initiation by the LMS",
        tag="LTI",
        ignores=_FROM_PLATFORMS,
    ),
    Route(
        methods=("GET", "POST"),
        path="/lti/launch",
        handler=receive_launch,
        evidence="documented",
        source=FLOW,
        summary="Validate the id_token, or an LTI 1.1 launch; on to the tool with an ltik",
        tag="LTI",
        ignores=_FROM_PLATFORMS,
    ),
    Route(
        methods=("GET",),
        path="/lti/keys",
        handler=keys,
        evidence="documented",
        source="https://ltiaas.com/docs/lms_setup/canvas_setup/",
        summary="The tool's public keys (JWKS)",
        tag="LTI",
    ),
)
