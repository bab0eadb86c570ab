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


def auth(x: Call) -> Response:
    """GET /oauth2/auth: check the request, then sign in, ask for consent, or go straight back."""
    application, pending = oauth.pending_authorization(x)
    if x.headers.get("sec-fetch-dest") in ("iframe", "frame"):
        x.warn("authorize_in_frame", "the login and consent pages refuse framing; open this in the top window")
    session = SESSIONS.change(x, SESSIONS.open(x), pending=pending, return_to=None)
    user = SESSIONS.user(x, session)
    if user is None:
        return SESSIONS.redirect(x, session, x.url(LOGIN))
    if oauth.needs_no_consent(x, application, user, pending):
        return SESSIONS.finish(x, session, oauth.accept(x, user, pending))
    return SESSIONS.redirect(x, session, x.url(CONSENT))


def login_form(x: Call) -> Response:
    """GET /d2l/login: the sign-in page."""
    return SESSIONS.page(x, SESSIONS.open(x), "login.html", error=None, username="")


def login(x: Call) -> Response:
    """POST /d2l/lp/auth/login/login.d2l: fields `userName`, `password`."""
    session = SESSIONS.posted(x)
    name, password = x.field("userName"), x.field("password")
    user = x.store.users.first("username", name.lower())
    right = user is not None and user.password == password and user.is_active
    if not x.check("username and password", right, got=name):
        raise refusals.wrong_login(name, x.base_url, session.csrf)
    assert user is not None
    fresh = SESSIONS.signed_in_as(x, session, user.id)
    if fresh.pending is not None:
        return _after_login(x, fresh, user, fresh.pending)
    return SESSIONS.redirect(x, fresh, x.url(session.return_to or "/d2l/home"))


def _after_login(x: Call, session: Session, user: User, pending: PendingAuthorization) -> Response:
    application = oauth.find_application(x, pending.client_id)
    if application is not None and oauth.needs_no_consent(x, application, user, pending):
        return SESSIONS.finish(x, session, oauth.accept(x, user, pending))
    return SESSIONS.redirect(x, session, x.url(CONSENT))


def logout(x: Call) -> Response:
    """POST /d2l/logout: end the session."""
    session = SESSIONS.posted(x)
    x.store.sessions.delete(session.id)
    return RedirectResponse(x.url(LOGIN), 302)


def consent_form(x: Call) -> Response:
    """GET /oauth2/consent: the consent page."""
    session = SESSIONS.find(x)
    user = SESSIONS.user(x, session)
    if session is None or session.pending is None or user is None:
        return RedirectResponse(x.url(LOGIN), 302)
    application = oauth.find_application(x, session.pending.client_id)
    name = application.name if application is not None else session.pending.client_id
    return SESSIONS.page(x, session, "consent.html", application=name, user=user, pending=session.pending)


def decide(x: Call) -> Response:
    """POST /oauth2/consent: `decision` is `allow` or `deny`; the browser takes a code or an error back."""
    session = SESSIONS.find(x)
    user = SESSIONS.user(x, session)
    if session is None or session.pending is None or user is None:
        raise refusals.no_pending_authorization()
    SESSIONS.posted(x)
    pending = session.pending
    if x.check("the person consents", x.field("decision") == "allow", got=x.field("decision")):
        return SESSIONS.finish(x, session, oauth.accept(x, user, pending))
    SESSIONS.change(x, session, pending=None)
    raise refusals.redirected(
        pending.redirect_uri, "access_denied", "access_denied", pending.state, check="the person consents"
    )


# tokens


async def token(x: Call) -> Response:
    """POST /core/connect/token: three grants."""
    grant = x.field("grant_type")
    x.notes["grant_type"] = grant
    if not x.is_form:
        raise refusals.invalid_request(
            "body_not_a_form",
            expected="application/x-www-form-urlencoded",
            got=x.content_type,
            absent="grant_type",
        )
    if grant == "client_credentials":
        body = await lti_tokens.service_token(x)
        return JSONResponse(body, headers={"Cache-Control": "no-store"})
    if grant not in ("authorization_code", "refresh_token"):
        raise refusals.unsupported_grant_type(grant)
    application = oauth.authenticate_client(x, *_client(x))
    if grant == "authorization_code":
        if not x.field("code"):
            raise refusals.invalid_request("code_missing", expected="code", absent="code")
        issued = oauth.exchange_code(x, application, x.field("code"), x.field("redirect_uri"))
    else:
        if not x.field("refresh_token"):
            raise refusals.invalid_request("refresh_token_missing", expected="refresh_token", absent="refresh_token")
        issued = oauth.refresh(x, application, x.field("refresh_token"), x.field("scope"))
    return JSONResponse(issued.body(), headers={"Cache-Control": "no-store"})


def _client(x: Call) -> tuple[str, str]:
    """Client id and secret by HTTP Basic, or from the body."""
    if x.headers.get("authorization", "").partition(" ")[0].lower() == "basic":
        name, secret = x.basic() or ("", "")
        return unquote(name), unquote(secret)
    return x.field("client_id"), x.field("client_secret")
