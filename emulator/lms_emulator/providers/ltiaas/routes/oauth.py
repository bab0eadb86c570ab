"""OAuth2: the redirect to the LMS's consent page, the callback, and tokens."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any

from starlette.responses import Response

from lms_emulator.core.clock import later
from lms_emulator.core.http.routing import Route
from lms_emulator.providers.ltiaas import refusals, shapes
from lms_emulator.providers.ltiaas.call import Call, object_body, require_active, require_service, text_field
from lms_emulator.providers.ltiaas.credentials import bearer, platform_of, tenant_of_platform, with_portal_overrides
from lms_emulator.providers.ltiaas.lti import lms
from lms_emulator.providers.ltiaas.model import OAuthClient, OAuthCode, OAuthState, Platform, Tenant
from lms_emulator.providers.ltiaas.refusals import lms as lms_refusals
from lms_emulator.providers.ltiaas.wire import answer, clear_state_cookie, redirect, set_state_cookie, state_cookie

GUIDE = "https://ltiaas.com/guides/flows/oauth2"
REFRESH = "https://ltiaas.com/api/post-api-oauth-access-token-refresh"
_UNDOCUMENTED = ("redirect", "redirect_uri", "return_to", "state", "ltik", "scope")
_KEPT_SECONDS = 86_400


def start(call: Call) -> Response:
    """Send the user's browser to the LMS's consent page."""
    platform_id = str(call.path_params["platform_id"])
    tenant = with_portal_overrides(call, tenant_of_platform(call, platform_id))
    platform, client = _configured(call, tenant, platform_id)
    if not tenant.oauth_return_url:
        raise refusals.portal_url_missing(
            "oauth_return_url_missing", "OAUTH_REDIRECT_URL_NOT_CONFIGURED", "OAuth2 return URL"
        )
    if call.headers.get("authorization") and call.settings.start_authorization == "refuse":
        raise refusals.bearer_only(call.settings.wrong_api_key_code, "an Authorization header on a browser's address")
    return_url, echo, scope = _honoured(call, tenant.oauth_return_url)
    state = call.ids.token(32)
    callback = call.url(call.settings.callback_path)
    now = call.clock.now()
    call.store.oauth_states.put(
        OAuthState(
            state=state,
            tenant=tenant.subdomain,
            platform_id=platform.id,
            redirect_uri=callback,
            return_url=return_url,
            echo=echo,
            created_at=now,
            keep_until=later(now, call.settings.oauth_state_seconds + _KEPT_SECONDS),
        )
    )
    response = redirect(
        lms.with_query(
            call.resolve(client.authorization_endpoint),
            response_type="code",
            client_id=client.client_id,
            redirect_uri=callback,
            state=state,
            scope=scope or " ".join(client.scopes) or None,
        )
    )
    set_state_cookie(call, response, tenant, state, "oauth", call.settings.oauth_state_seconds)
    return response


def _honoured(call: Call, return_url: str) -> tuple[str, str | None, str | None]:
    """Return URL, state and scopes; those in the query count only if a setting says so."""
    given = [name for name in _UNDOCUMENTED if name in call.query]
    if not call.settings.start_honours_parameters:
        for name in given:
            call.warn("start_parameter_ignored", f"`{name}` on /oauth/start is not documented and will not be honoured")
        return return_url, None, None
    asked = next(
        (call.query[name] for name in ("redirect", "redirect_uri", "return_to") if call.query.get(name)), return_url
    )
    return asked, call.query.get("state"), call.query.get("scope")


async def callback(call: Call) -> Response:
    """Receive the user from the LMS and redirect them to the tool with a one-time code."""
    state = _pending_state(call)
    tenant = call.store.tenants.get(state.tenant)
    if tenant is None:
        raise refusals.invalid_state("state_unknown", diagnosis="the tenant of this state is gone")
    if state_cookie(call, tenant, state.state) is None:
        raise refusals.missing_cookie("OAuth2 flow")
    platform, client = _configured(call, tenant, state.platform_id)
    call.store.spend_oauth_state(state)
    error = call.query.get("error")
    if error:
        raise _refused(call, state, client, error, call.query.get("error_description"))
    lms_code = call.query.get("code")
    if not lms_code:
        raise lms_refusals.callback_without_code()
    tokens = None
    if call.settings.exchange == "on_callback":
        try:
            tokens = await _exchange_at_lms(call, platform, client, lms_code, state.redirect_uri)
        except refusals.LtiaasRefusal as refusal:
            if refusal.reason != "lms_refused":
                raise
            received = refusal.details["bodyReceived"]
            name = received.get("error", "server_error") if isinstance(received, dict) else "server_error"
            raise _refused(call, state, client, str(name), None) from None
    now = call.clock.now()
    code = call.store.oauth_codes.put(
        OAuthCode(
            code=call.ids.token(43),
            tenant=tenant.subdomain,
            platform_id=platform.id,
            lms_code=lms_code,
            redirect_uri=state.redirect_uri,
            tokens=tokens,
            created_at=now,
            keep_until=later(now, call.settings.oauth_code_seconds + _KEPT_SECONDS),
        )
    )
    platform_id = platform.id if call.settings.oauth_return_platform_id else None
    parameters = {call.settings.oauth_return_param: code.code, "platformId": platform_id, "state": state.echo}
    response = redirect(lms.with_query(state.return_url, **parameters))
    clear_state_cookie(response, state.state)
    return response


def _pending_state(call: Call) -> OAuthState:
    given = call.query.get("state")
    state = call.store.oauth_states.get(given) if given else None
    if state is None:
        diagnosis = "this state was not issued by /oauth/start"
        error = call.query.get("error")
        if error and not given:
            diagnosis = f"the LMS refused with `{error}` and gave no state back, as Canvas does for scopes: are the "
            diagnosis += "portal's client id and scopes those of an API key, not of the LTI key?"
        raise refusals.invalid_state("state_unknown", diagnosis=diagnosis, credential=given)
    if state.used:
        again = "the callback was loaded a second time; begin again at /oauth/start"
        raise refusals.invalid_state("state_used", diagnosis=again)
    if call.clock.now() >= later(state.created_at, call.settings.oauth_state_seconds):
        minutes = call.settings.oauth_state_seconds // 60
        slow = f"the user took longer than {minutes} min to log in and consent"
        raise refusals.invalid_state("state_expired", diagnosis=slow)
    return state


def _refused(call: Call, state: OAuthState, client: OAuthClient, error: str, description: str | None) -> Exception:
    parameters = {"error": error, "error_description": description, "state": state.echo}
    location = lms.with_query(state.return_url, **parameters) if call.settings.oauth_refusal == "redirect" else None
    url = call.resolve(client.authorization_endpoint)
    return lms_refusals.authorization_refused(error, description, location=location, url=url)


async def access_token(call: Call) -> Response:
    """Exchange the code of the return URL for the user's LMS tokens."""
    tenant = bearer(call)
    platform, client = _configured(call, tenant, str(call.path_params["platform_id"]))
    field = call.settings.oauth_code_field or call.settings.oauth_return_param
    body = object_body(call, field)
    given = text_field(call, body, field if field in body or "code" not in body else "code")
    code = _live_code(call, tenant, platform, client, given)
    call.store.spend_oauth_code(code)
    tokens = code.tokens
    if tokens is None:
        try:
            tokens = await _exchange_at_lms(call, platform, client, code.lms_code, code.redirect_uri)
        except refusals.LtiaasRefusal as refusal:
            if refusal.reason == "lms_unreachable":
                call.store.spend_oauth_code(code, used=False)  # the LMS has not seen the code
            raise
    refresh_token = tokens.get("refresh_token") if call.settings.exchange_returns_refresh_token else None
    return answer(shapes.tokens(tokens, refresh_token), call.settings.access_token_status)


def _live_code(call: Call, tenant: Tenant, platform: Platform, client: OAuthClient, given: str) -> OAuthCode:
    def refused(reason: str, diagnosis: str) -> refusals.LtiaasRefusal:
        url = call.resolve(client.token_endpoint)
        canvas = platform.product_family_code == "canvas"
        known = reason in ("code_used", "code_expired")
        return lms_refusals.code_refused(
            reason, token_url=url, canvas=canvas, diagnosis=diagnosis, credential=None if known else given
        )

    code = call.store.oauth_codes.get(given)
    if code is None:
        raise refused("code_unknown", "no such code; send the value of the return URL's query parameter, decoded once")
    if code.tenant != tenant.subdomain:
        raise refused("code_of_other_tenant", "the code was issued for another tenant")
    if code.platform_id != platform.id:
        raise refused("code_of_other_platform", f"the code belongs to platform {code.platform_id}")
    if code.used and call.settings.oauth_code_single_use:
        raise refused("code_used", "the code was exchanged before: was the return page reloaded?")
    if call.clock.now() >= later(code.created_at, call.settings.oauth_code_seconds):
        raise refused("code_expired", f"the code is older than {call.settings.oauth_code_seconds // 60} min")
    return code


async def _exchange_at_lms(
    call: Call, platform: Platform, client: OAuthClient, code: str, redirect_uri: str
) -> dict[str, Any]:
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect_uri}
    return await lms.user_token(call, platform, client, form)


async def refresh_suffix(call: Call) -> Response:
    """Refresh at `/api/oauth/access-token/ID/refresh`."""
    return await _refresh(call, "suffix")


async def refresh_infix(call: Call) -> Response:
    """Refresh at `/api/oauth/access-token/refresh/ID`."""
    return await _refresh(call, "infix")


async def refresh_dashed(call: Call) -> Response:
    """Refresh at `/api/oauth/access-token-refresh/ID`."""
    return await _refresh(call, "dashed")


async def _refresh(call: Call, form_of_path: str) -> Response:
    if call.settings.oauth_refresh_path not in ("all", form_of_path):
        raise refusals.not_found(call.method, call.path)
    call.notes["refresh_path"] = form_of_path
    tenant = bearer(call)
    platform, client = _configured(call, tenant, str(call.path_params["platform_id"]))
    sent = text_field(call, object_body(call, "refreshToken"), "refreshToken")
    tokens = await lms.user_token(call, platform, client, {"grant_type": "refresh_token", "refresh_token": sent})
    new, wanted = tokens.get("refresh_token"), call.settings.refresh_returns_refresh_token
    rotated = new if new != sent else None
    if rotated and wanted == "never":
        call.warn(
            "refresh_token_lost", "the LMS rotated the refresh token and this answer has no place for the new one"
        )
    returned = {"auto": rotated, "never": None, "always": new or sent}[wanted]
    return answer(shapes.tokens(tokens, returned))


def _configured(call: Call, tenant: Tenant, platform_id: str) -> tuple[Platform, OAuthClient]:
    """The platform and its OAuth2 client, in this order: plan, platform, active, configured."""
    require_service(call, tenant.plan.oauth2, "OAuth2", tenant)
    platform = platform_of(call, tenant, platform_id)
    require_active(platform)
    client = platform.oauth
    if client is None or not client.client_id or not client.client_secret:
        raise lms_refusals.oauth_not_configured(call.settings.oauth_not_configured_code, platform_id)
    if client.client_id == platform.client_id:
        raise lms_refusals.oauth_lti_key(call.settings.oauth_not_configured_code, platform_id)
    return platform, client


def callback_route(call: Call) -> Awaitable[Response]:
    """The callback, at the path of the setting only."""
    if call.path != call.settings.callback_path:
        refusal = refusals.not_found(call.method, call.path)
        provider = call.world.providers[call.provider]
        known = provider.catalogue.at(call.path) if provider.catalogue is not None else []
        takes = dict.fromkeys(method for operation in known for method in operation.methods)
        if takes and call.method not in takes:
            refusal.diagnosis = f"{call.method} was sent; this path takes {', '.join(takes)}"
        else:
            refusal.outcome = "unknown_path"
            refusal.diagnosis = provider.hint_for_unknown_path(call.path)
        raise refusal
    return callback(call)


ROUTES: tuple[Route, ...] = (
    Route(
        methods=("GET",),
        path="/oauth/start/{platform_id}",
        handler=start,
        evidence="documented",
        source=GUIDE,
        summary="Send the user to the LMS's consent page",
        tag="OAuth2",
    ),
    Route(
        methods=("GET",),
        path="/oauth/callback",
        handler=callback_route,
        evidence="chosen",
        source=f"{GUIDE} (that there is one)",
        summary="Where the LMS sends the user back to",
        tag="OAuth2",
    ),
    Route(
        methods=("POST",),
        path="/api/oauth/access-token/{platform_id}",
        handler=access_token,
        evidence="documented",
        source=f"{GUIDE} (the path)",
        summary="Exchange the one-time code for the user's LMS tokens",
        tag="OAuth2",
    ),
    Route(
        methods=("POST",),
        path="/api/oauth/access-token/{platform_id}/refresh",
        handler=refresh_suffix,
        evidence="inferred",
        source=REFRESH,
        summary="Refresh an access token",
        tag="OAuth2",
    ),
    Route(
        methods=("POST",),
        path="/api/oauth/access-token/refresh/{platform_id}",
        handler=refresh_infix,
        evidence="chosen",
        source=REFRESH,
        summary="Refresh an access token (second reading of the path)",
        tag="OAuth2",
    ),
    Route(
        methods=("POST",),
        path="/api/oauth/access-token-refresh/{platform_id}",
        handler=refresh_dashed,
        evidence="chosen",
        source=REFRESH,
        summary="Refresh an access token (third reading of the path)",
        tag="OAuth2",
    ),
    Route(
        methods=("GET",),
        path="/{anywhere:path}",
        handler=callback_route,
        evidence="chosen",
        source="",
        summary="The OAuth2 callback, where the setting moves it; 404 elsewhere",
        tag="OAuth2",
    ),
)
