"""Signing in to Canvas and out, and the consent pages of OAuth2."""

from __future__ import annotations

from starlette.responses import RedirectResponse, Response

from lms_emulator.core.http.urls import add_query
from lms_emulator.providers.canvas import oauth, refusals
from lms_emulator.providers.canvas.call import Call
from lms_emulator.providers.canvas.credentials import SESSIONS
from lms_emulator.providers.canvas.model import DeveloperKey, PendingAuthorization, Session, User


def auth(x: Call) -> Response:
    """GET /login/oauth2/auth: check the request, then sign in, ask for consent, or go straight back."""
    key, pending = oauth.pending_authorization(x)
    if x.headers.get("sec-fetch-dest") in ("iframe", "frame"):
        x.warn("authorize_in_frame", "the login and consent pages refuse framing; open this in the top window")
    found = SESSIONS.find(x)
    user = SESSIONS.user(x, found)
    prompt = x.query.get("prompt")
    if prompt is not None:
        return _without_asking(x, key, user, pending, prompt)
    session = SESSIONS.change(x, found or SESSIONS.open(x), pending=pending, return_to=None)
    if user is None or x.query.get("force_login"):
        target = "/login/canvas"
        if x.query.get("unique_id"):
            target = add_query(target, [("unique_id", x.query["unique_id"])])
    elif oauth.needs_no_consent(x, key, user, pending):
        return SESSIONS.finish(x, session, oauth.accept(x, user, pending))
    else:
        target = "/login/oauth2/confirm"
    return SESSIONS.redirect(x, session, x.url(target))


def _without_asking(
    x: Call, key: DeveloperKey, user: User | None, pending: PendingAuthorization, prompt: str
) -> Response:
    answers = {
        "login_required": "prompt=none but there is no current session",
        "interaction_required": "prompt=none but a token cannot be granted without user interaction",
        "unsupported_prompt_type": 'prompt must be "none" (or omitted)',
    }
    if prompt != "none":
        error = "unsupported_prompt_type"
    elif user is None:
        error = "login_required"
    elif not oauth.needs_no_consent(x, key, user, pending):
        error = "interaction_required"
    else:
        return RedirectResponse(oauth.accept(x, user, pending), 302)
    x.check("prompt", False, expected="none, with a session and an earlier grant", got=prompt)
    raise refusals.redirected(
        pending.redirect_uri, error, error, answers[error], pending.state, check="prompt", got=prompt
    )


def login_form(x: Call) -> Response:
    """GET /login/canvas (and /login): the sign-in page."""
    session = SESSIONS.open(x)
    return SESSIONS.page(x, session, "login.html", error=None, login=x.query.get("unique_id", ""))


def login(x: Call) -> Response:
    """POST /login/canvas: fields `pseudonym_session[unique_id]`, `pseudonym_session[password]`."""
    session = SESSIONS.posted(x)
    name, password = x.field("pseudonym_session[unique_id]"), x.field("pseudonym_session[password]")
    logins = [one for one in x.store.pseudonyms.find("unique_id", name.lower()) if one.workflow_state == "active"]
    found = next((one for one in logins if one.password == password), None)
    user = x.store.users.get(found.user_id) if found is not None else None
    right = user is not None and user.workflow_state in ("registered", "pre_registered")
    if not x.check("login and password", right, got=name):
        raise refusals.wrong_login(name, x.base_url, session.csrf)
    assert user is not None
    fresh = SESSIONS.signed_in_as(x, session, user.id)
    if fresh.pending is not None:
        return _after_login(x, fresh, user, fresh.pending)
    return SESSIONS.redirect(x, fresh, x.url(session.return_to or "/?login_success=1"))


def _after_login(x: Call, session: Session, user: User, pending: PendingAuthorization) -> Response:
    key = x.store.developer_keys.get(pending.developer_key_id)
    if key is not None and oauth.needs_no_consent(x, key, user, pending):
        return SESSIONS.finish(x, session, oauth.accept(x, user, pending))
    return SESSIONS.redirect(x, session, x.url("/login/oauth2/confirm"))


def logout(x: Call) -> Response:
    """POST /logout: end the session."""
    session = SESSIONS.posted(x)
    x.store.sessions.delete(session.id)
    return RedirectResponse(x.url("/login/canvas"), 302)


def confirm(x: Call) -> Response:
    """GET /login/oauth2/confirm: the consent page."""
    session = SESSIONS.find(x)
    user = SESSIONS.user(x, session)
    if session is None or session.pending is None or user is None:
        return RedirectResponse(x.url("/login/canvas"), 302)
    key = x.store.developer_keys.get(session.pending.developer_key_id)
    name = key.name if key is not None else ""
    return SESSIONS.page(x, session, "confirm.html", application=name, user=user, pending=session.pending)


def accept(x: Call) -> Response:
    """POST /login/oauth2/accept: consent; the browser takes a code back to the application."""
    session = SESSIONS.find(x)
    user = SESSIONS.user(x, session)
    if session is None or session.pending is None or user is None:
        raise refusals.invalid_oauth_session()
    SESSIONS.posted(x)
    remember = x.field("remember_access") == "1"
    return SESSIONS.finish(x, session, oauth.accept(x, user, session.pending, remember=remember))


def deny(x: Call) -> Response:
    """GET /login/oauth2/deny: no consent; the browser takes `error=access_denied` back."""
    session = SESSIONS.find(x)
    if session is None or session.pending is None:
        raise refusals.invalid_oauth_session()
    pending = session.pending
    SESSIONS.change(x, session, pending=None)
    x.check("the person consents", False)
    raise refusals.redirected(
        pending.redirect_uri, "access_denied", "access_denied", None, pending.state, check="the person consents"
    )
