"""Canvas's token endpoint: three grants, and revocation."""

from __future__ import annotations

from collections.abc import Awaitable
from urllib.parse import unquote

from starlette.responses import Response

from lms_emulator.core.http.refusals import SiteRefusal
from lms_emulator.providers.canvas import limits, oauth, refusals, wire
from lms_emulator.providers.canvas.call import Call
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.call.params import Params
from lms_emulator.providers.canvas.credentials import Identity, browser, by_token_or_page
from lms_emulator.providers.canvas.lti import tokens
from lms_emulator.providers.canvas.refusals import oauth as oauth_refusals
from lms_emulator.providers.canvas.routes.declare import RECORDED, site

JWT_BEARER = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_GRANTS = ("authorization_code", "refresh_token")


async def token(api: Api) -> Response:
    """A token for a code, for a refresh token, or for a tool's assertion."""
    try:
        return await _token(api.call, api.params)
    except SiteRefusal as refusal:
        oauth.send_errors_back(api.call, refusal, api.params.text("redirect_uri"))
        raise


async def _token(call: Call, params: Params) -> Response:
    call.reads.add("code", "redirect_uri", "replace_tokens", "scope", "code_verifier")  # accepted with any grant type
    grant = params.text("grant_type")
    if grant is None:
        grant = "authorization_code" if params.has("code") else ""
    call.notes["grant_type"] = grant
    if grant == "client_credentials":
        body = await _service_token(call, params)
    elif grant in _GRANTS:
        body = _user_token(call, params, grant)
    else:
        raise oauth_refusals.unsupported_grant_type(grant)
    limits.charge_visitor(call)
    kind = "text/html" if call.content_type == "multipart/form-data" else wire.JSON  # for iframes
    return Response(wire.dumps(body), headers={"Cache-Control": "no-store"}, media_type=kind)


def _service_token(call: Call, params: Params) -> Awaitable[dict[str, object]]:
    kind, assertion = params.text("client_assertion_type"), params.text("client_assertion")
    if not (assertion if kind == JWT_BEARER else params.text("client_id")):
        diagnosis = f"client_assertion_type has to be {JWT_BEARER}" if assertion else None
        absent = None if assertion else "client_assertion"
        check = "client_assertion is sent"
        raise refusals.page_error(400, "assertion_missing", check, diagnosis=diagnosis, absent=absent)
    scope = params.text("scope") if params.has("scope") else params.text("scopes")
    return tokens.service_token(call, kind or "", assertion or "", scope or "")


def _user_token(call: Call, params: Params, grant: str) -> dict[str, object]:
    client_id, secret = _client(call, params)
    key = oauth.find_key(call, client_id)
    oauth.check_secret(call, key, secret)
    if grant == "refresh_token":
        if not params.has("refresh_token"):
            raise oauth_refusals.refresh_token_missing()
        given = oauth.refresh(call, key, params.text("refresh_token") or "")
    else:
        if not params.has("code"):
            raise oauth_refusals.code_missing()
        given = oauth.exchange_code(
            call,
            key,
            params.text("code") or "",
            params.text("code_verifier"),
            params.text("redirect_uri"),
            replace_tokens=params.flag("replace_tokens"),
        )
    call.per_request(Identity).user_id = given.user.id
    return oauth.token_answer(call, given)


def _client(call: Call, params: Params) -> tuple[str, str]:
    """Client id and secret, each from the body or else from HTTP Basic."""
    name, secret = call.basic() or ("", "")
    return params.text("client_id") or unquote(name), params.text("client_secret") or unquote(secret)


def revoke(api: Api) -> Response:
    """Revoke the token and its refresh token, and with `expire_sessions=1` the person's browser sessions."""
    call, signed_in = api.call, api.caller
    by_token_or_page(api)
    owner = api.caller
    body: dict[str, str] = {}
    if api.params.flag("expire_sessions") and owner is not None:
        browser.end_all(call, owner.id)
        if signed_in is not None:
            browser.end(call)
            body["forward_url"] = call.url("/login/canvas")
        call.notes["sessions_ended"] = owner.id
    if api.token is None:
        raise oauth_refusals.nothing_to_revoke()
    oauth.revoke(call, api.token)
    return wire.answer(call, body)


ROUTES = site(
    "oauth2",
    f"{RECORDED}/oauth-flow.jsonl 85, 86, 223, 237, 266, 357; canvas-lms app/controllers/oauth2_provider_controller.rb",
    ("POST /login/oauth2/token", token, "Token endpoint"),
    ("DELETE /login/oauth2/token", revoke, "Revoke a token"),
    forms="any",
)
