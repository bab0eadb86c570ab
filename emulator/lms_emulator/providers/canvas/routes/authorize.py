"""The OAuth2 consent pages: an application's request and the user's answer."""

from __future__ import annotations

from starlette.responses import Response

from lms_emulator.core.http.pages import NOT_IN_FRAMES
from lms_emulator.core.http.urls import add_query
from lms_emulator.providers.canvas import oauth, refusals, wire
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.credentials import browser
from lms_emulator.providers.canvas.model import DeveloperKey, PendingAuthorization, User
from lms_emulator.providers.canvas.refusals import oauth as oauth_refusals
from lms_emulator.providers.canvas.routes.declare import RECORDED, site
from lms_emulator.providers.canvas.rules.people import email_of, short_name

_PASSED_ON = ("authentication_provider", "canvas_login", "force_login")
_SILENT_ERRORS = {
    "login_required": "prompt=none but there is no current session",
    "interaction_required": "prompt=none but a token cannot be granted without user interaction",
    "unsupported_prompt_type": 'prompt must be "none" (or omitted)',
}


def auth(api: Api) -> Response:
    """Check the request, then sign in, ask for consent, or go straight back."""
    call, params = api.call, api.params
    if params.has("code") or params.has("error"):
        line = "The application has finished the login workflow, and should reactivate shortly."
        return wire.page(call, "text.html", title="Canvas LMS", heading=None, lines=[line])
    key, pending = oauth.pending_authorization(api)
    if call.headers.get("sec-fetch-dest") in ("iframe", "frame"):
        call.warn("authorize_in_frame", "the login and consent pages refuse framing; open this in the top window")
    if params.has("prompt"):
        return _without_asking(api, key, pending, params.text("prompt"))
    browser.change(call, pending=pending, return_to=None)
    if api.caller is None or params.flag("force_login"):
        passed = [(name, text) for name in _PASSED_ON if (text := params.text(name)) is not None]
        login = params.text("unique_id")
        passed += [("pseudonym_session[unique_id]", login)] if login is not None else []
        return wire.redirect(add_query(call.url("/login"), passed))
    return wire.redirect(decide(api, api.caller, pending))


def decide(api: Api, user: User, pending: PendingAuthorization) -> str:
    """Continue an application's request once a user is signed in: to the consent page, or straight back."""
    call = api.call
    key = call.store.developer_keys.get(pending.developer_key_id)
    if key is None or not oauth.needs_no_consent(call, key, user, pending):
        return call.url("/login/oauth2/confirm")
    browser.change(call, pending=None)
    return oauth.accept(call, user, pending, real_user_id=_real_user_id(api))


def _real_user_id(api: Api) -> int | None:
    return api.real_user.id if api.acting and api.real_user is not None else None


def _without_asking(api: Api, key: DeveloperKey, pending: PendingAuthorization, prompt: str | None) -> Response:
    call, user = api.call, api.caller
    if prompt != "none":
        error = "unsupported_prompt_type"
    elif user is None:
        error = "login_required"
    elif not oauth.needs_no_consent(call, key, user, pending):
        error = "interaction_required"
    else:
        return wire.redirect(oauth.accept(call, user, pending, real_user_id=_real_user_id(api)))
    call.check("prompt", False, expected="none, with a session and an earlier grant", got=prompt)
    back = oauth.return_address(call, pending.redirect_uri)
    raise oauth_refusals.redirected(
        back, error, error, _SILENT_ERRORS[error], pending.state, check="prompt", got=prompt
    )


def _pending(api: Api) -> PendingAuthorization | None:
    session = browser.find(api.call).session
    return session.pending if session is not None else None


def confirm(api: Api) -> Response:
    """The consent page."""
    call, pending = api.call, _pending(api)
    if pending is None:
        browser.notice(call, "error", "Must submit new OAuth2 request")
        return wire.redirect(call.url("/login"))
    if api.caller is None:
        raise refusals.page_crashed("an authorization request is pending, and nobody is signed in")
    key = call.store.developer_keys.get(pending.developer_key_id)
    return wire.page(
        call,
        "confirm.html",
        headers=NOT_IN_FRAMES,
        application=key.name if key is not None else "",
        icon=key.icon_url if key is not None else None,
        name=short_name(api.caller),
        email=email_of(call.store, api.caller),
        pending=pending,
        identity_only=pending.scopes == oauth.USERINFO,
        phone=wire.by_phone(call),
    )


def accept(api: Api) -> Response:
    """Grant consent; the browser takes a code back to the application."""
    browser.require_own_page(api)
    pending = _pending(api)
    if pending is None or api.caller is None:
        raise oauth_refusals.invalid_oauth_session()
    browser.change(api.call, pending=None)
    remember = api.params.flag("remember_access")
    return wire.redirect(
        oauth.accept(api.call, api.caller, pending, real_user_id=_real_user_id(api), remember=remember)
    )


def deny(api: Api) -> Response:
    """Deny consent; the browser takes `error=access_denied` back."""
    pending = _pending(api)
    if pending is None:
        raise oauth_refusals.invalid_oauth_session()
    browser.change(api.call, pending=None)
    api.call.check("the person consents", False)
    text = "The resource owner or authorization server denied the request"
    raise oauth_refusals.redirected(
        oauth.return_address(api.call, pending.redirect_uri),
        "access_denied",
        "access_denied",
        text if api.settings.denial_has_description else None,
        pending.state,
        check="the person consents",
    )


ROUTES = site(
    "oauth2",
    f"{RECORDED}/oauth-flow.jsonl 8, 63, 83, 84, 91; canvas-lms app/controllers/oauth2_provider_controller.rb",
    ("GET /login/oauth2/auth", auth, "Authorization endpoint"),
    ("GET /login/oauth2/confirm", confirm, "The consent page"),
    ("POST /login/oauth2/accept", accept, "Grant consent"),
    ("GET /login/oauth2/deny", deny, "Deny consent"),
    forms="any",
)
