"""Signing in to Brightspace and out, the consent page, and the token endpoint."""

from __future__ import annotations

from urllib.parse import unquote

from starlette.responses import JSONResponse, RedirectResponse, Response

from lms_emulator.providers.brightspace import oauth, refusals
from lms_emulator.providers.brightspace.call import Call
from lms_emulator.providers.brightspace.credentials import SESSIONS
from lms_emulator.providers.brightspace.lti import tokens as lti_tokens
from lms_emulator.providers.brightspace.model import PendingAuthorization, Session, User

CONSENT = "/oauth2/consent"
LOGIN = "/d2l/login"


def auth(call: Call) -> Response:
    """GET /oauth2/auth: check the request, then sign in, ask for consent, or go straight back."""
    application, pending = oauth.pending_authorization(call)
    if call.headers.get("sec-fetch-dest") in ("iframe", "frame"):
        call.warn("authorize_in_frame", "the login and consent pages refuse framing; open this in the top window")
    session = SESSIONS.change(call, SESSIONS.open(call), pending=pending, return_to=None)
    user = SESSIONS.user(call, session)
    if user is None:
        return SESSIONS.redirect(call, session, call.url(LOGIN))
    if oauth.needs_no_consent(call, application, user, pending):
        return SESSIONS.finish(call, session, oauth.accept(call, user, pending))
    return SESSIONS.redirect(call, session, call.url(CONSENT))


def login_form(call: Call) -> Response:
    """GET /d2l/login: the sign-in page."""
    return SESSIONS.page(call, SESSIONS.open(call), "login.html", error=None, username="")


def login(call: Call) -> Response:
    """POST /d2l/lp/auth/login/login.d2l: fields `userName`, `password`."""
    session = SESSIONS.posted(call)
    name, password = call.field("userName"), call.field("password")
    user = call.store.users.first("username", name.lower())
    right = user is not None and user.password == password and user.is_active
    if not call.check("username and password", right, got=name):
        raise refusals.wrong_login(name, call.base_url, session.csrf)
    assert user is not None
    fresh = SESSIONS.signed_in_as(call, session, user.id)
    if fresh.pending is not None:
        return _after_login(call, fresh, user, fresh.pending)
    return SESSIONS.redirect(call, fresh, call.url(session.return_to or "/d2l/home"))


def _after_login(call: Call, session: Session, user: User, pending: PendingAuthorization) -> Response:
    application = oauth.find_application(call, pending.client_id)
    if application is not None and oauth.needs_no_consent(call, application, user, pending):
        return SESSIONS.finish(call, session, oauth.accept(call, user, pending))
    return SESSIONS.redirect(call, session, call.url(CONSENT))


def logout(call: Call) -> Response:
    """POST /d2l/logout: end the session."""
    session = SESSIONS.posted(call)
    call.store.sessions.delete(session.id)
    return RedirectResponse(call.url(LOGIN), 302)


def consent_form(call: Call) -> Response:
    """GET /oauth2/consent: the consent page."""
    session = SESSIONS.find(call)
    user = SESSIONS.user(call, session)
    if session is None or session.pending is None or user is None:
        return RedirectResponse(call.url(LOGIN), 302)
    application = oauth.find_application(call, session.pending.client_id)
    name = application.name if application is not None else session.pending.client_id
    return SESSIONS.page(call, session, "consent.html", application=name, user=user, pending=session.pending)


def decide(call: Call) -> Response:
    """POST /oauth2/consent: `decision` is `allow` or `deny`; the browser takes a code or an error back."""
    session = SESSIONS.find(call)
    user = SESSIONS.user(call, session)
    if session is None or session.pending is None or user is None:
        raise refusals.no_pending_authorization()
    SESSIONS.posted(call)
    pending = session.pending
    if call.check("the person consents", call.field("decision") == "allow", got=call.field("decision")):
        return SESSIONS.finish(call, session, oauth.accept(call, user, pending))
    SESSIONS.change(call, session, pending=None)
    raise refusals.redirected(
        pending.redirect_uri, "access_denied", "access_denied", pending.state, check="the person consents"
    )


# tokens


async def token(call: Call) -> Response:
    """POST /core/connect/token: three grants."""
    grant = call.field("grant_type")
    call.notes["grant_type"] = grant
    if not call.is_form:
        raise refusals.invalid_request(
            "body_not_a_form",
            expected="application/x-www-form-urlencoded",
            got=call.content_type,
            absent="grant_type",
        )
    if grant == "client_credentials":
        body = await lti_tokens.service_token(call)
        return JSONResponse(body, headers={"Cache-Control": "no-store"})
    if grant not in ("authorization_code", "refresh_token"):
        raise refusals.unsupported_grant_type(grant)
    application = oauth.authenticate_client(call, *_client(call))
    if grant == "authorization_code":
        if not call.field("code"):
            raise refusals.invalid_request("code_missing", expected="code", absent="code")
        issued = oauth.exchange_code(call, application, call.field("code"), call.field("redirect_uri"))
    else:
        if not call.field("refresh_token"):
            raise refusals.invalid_request("refresh_token_missing", expected="refresh_token", absent="refresh_token")
        issued = oauth.refresh(call, application, call.field("refresh_token"), call.field("scope"))
    return JSONResponse(issued.body(), headers={"Cache-Control": "no-store"})


def _client(call: Call) -> tuple[str, str]:
    """Client id and secret by HTTP Basic, or from the body."""
    if call.headers.get("authorization", "").partition(" ")[0].lower() == "basic":
        name, secret = call.basic() or ("", "")
        return unquote(name), unquote(secret)
    return call.field("client_id"), call.field("client_secret")
