"""Canvas's token endpoint: three grants, and revocation."""

from __future__ import annotations

from urllib.parse import unquote

from starlette.responses import JSONResponse, Response

from lms_emulator.core.http.refusals import SiteRefusal
from lms_emulator.providers.canvas import oauth, refusals
from lms_emulator.providers.canvas.call import Call
from lms_emulator.providers.canvas.credentials import SESSIONS, sent_token
from lms_emulator.providers.canvas.lti import tokens


async def token(x: Call) -> Response:
    """POST /login/oauth2/token."""
    try:
        return await _token(x)
    except SiteRefusal as refusal:
        redirect_uri = _field(x, "redirect_uri")
        if x.settings.redirect_token_errors and redirect_uri and refusal.body is not None:
            refusals.send_back(refusal, redirect_uri)
        raise


async def _token(x: Call) -> Response:
    x.reads.add("code", "redirect_uri", "replace_tokens", "scope")  # taken with any grant, whether it has a use or not
    grant = _field(x, "grant_type") or ("authorization_code" if _field(x, "code") else "")
    x.notes["grant_type"] = grant
    if grant == "client_credentials":
        return JSONResponse(
            await tokens.service_token(
                x, _field(x, "client_assertion_type"), _field(x, "client_assertion"), _field(x, "scope")
            )
        )
    if grant not in ("authorization_code", "refresh_token"):
        raise refusals.unsupported_grant_type(_field(x, "grant_type"))
    client_id, secret = _client(x)
    key = oauth.find_key(x, client_id)
    oauth.check_secret(x, key, secret)
    if grant == "refresh_token":
        if not _field(x, "refresh_token"):
            raise refusals.refresh_token_missing()
        given = oauth.refresh(x, key, _field(x, "refresh_token"))
    else:
        if not _field(x, "code"):
            raise refusals.code_missing()
        replace = _field(x, "replace_tokens").lower() in ("1", "true")
        given = oauth.exchange_code(x, key, _field(x, "code"), replace_tokens=replace)
    return JSONResponse(oauth.token_answer(x, given), headers={"Cache-Control": "no-store"})


def _field(x: Call, name: str) -> str:
    """A parameter of the form, or of the query: Rails does not tell them apart. JSON bodies count as well."""
    if x.content_type == "application/json":
        body = x.json()
        value = body.get(name) if isinstance(body, dict) else None
        if isinstance(value, str | int) and not isinstance(value, bool):
            return str(value)
    return x.field(name) or x.query.get(name, "")


def _client(x: Call) -> tuple[str, str]:
    """Client id and secret from the body, else from HTTP Basic."""
    name, secret = x.basic() or ("", "")
    return _field(x, "client_id") or unquote(name), _field(x, "client_secret") or unquote(secret)


def revoke(x: Call) -> Response:
    """DELETE /login/oauth2/token: the token, its refresh token, and with `expire_sessions=1` the browser session."""
    if x.query.get("expire_sessions") or x.field("expire_sessions"):
        session = SESSIONS.find(x)
        if session is not None:
            x.store.sessions.delete(session.id)
            x.notes["session_ended"] = SESSIONS.name
    text = sent_token(x, x.query.get("access_token") or x.field("access_token"))
    found = x.store.access_tokens.first("token", text) if text else None
    if found is None or found.revoked:
        x.check("an access token was sent", False)
        raise refusals.nothing_to_revoke()
    oauth.revoke(x, found)
    return JSONResponse({})
