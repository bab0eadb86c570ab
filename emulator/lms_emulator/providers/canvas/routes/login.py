"""Signing in to and out of Canvas: the form, session URLs for applications, masquerading."""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from starlette.responses import Response

from lms_emulator.core.http import outgoing
from lms_emulator.core.http.not_emulated import parameters_not_emulated
from lms_emulator.core.http.pages import NOT_IN_FRAMES
from lms_emulator.core.http.refusals import SiteRefusal
from lms_emulator.core.http.urls import add_query, parts_of
from lms_emulator.providers.canvas import refusals, wire
from lms_emulator.providers.canvas.call import identifiers
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.credentials import (
    Identity,
    browser,
    by_token_or_page,
    note_identity,
    session_tokens,
    visitors,
)
from lms_emulator.providers.canvas.model import Pseudonym, User
from lms_emulator.providers.canvas.routes import authorize
from lms_emulator.providers.canvas.routes.declare import RECORDED, rest, site
from lms_emulator.providers.canvas.rules import masquerade, signing_in
from lms_emulator.providers.canvas.rules.people import unique_id
from lms_emulator.providers.canvas.shapes.access import login_record


def begin(api: Api) -> Response:
    """Redirect to the school's first way to sign in, or the one that the URL names."""
    call, params = api.call, api.params
    if params.has("needs_cookies"):
        raise refusals.cookies_required()
    login = params.text("pseudonym_session", "unique_id")
    session = browser.find(call).session
    if api.caller is not None and session is not None:
        if not params.flag("force_login") and not session.remembered:
            return wire.redirect(call.url("/"))
        login = login or unique_id(call.store, api.caller)
    wanted = params.text("authentication_provider")
    elsewhere = api.root.settings.get("auth_discovery_url")
    if wanted is None and elsewhere:
        return wire.redirect(str(elsewhere))
    target = _way(api, wanted)
    return wire.redirect(add_query(target, [("pseudonym_session[unique_id]", login)]) if login else target)


def _way(api: Api, wanted: str | None) -> str:
    """The URL of a way to sign in: by its id, by its type, or the school's first. Raises a page's refusal."""
    found = signing_in.provider(api, api.root, wanted)
    if found is None:
        raise refusals.page_not_found(f"the school signs in by {wanted}")
    numbered = wanted is not None and wanted != found.auth_type and found.auth_type != "canvas"
    return api.url(f"/login/{found.auth_type}" + (f"/{found.id}" if numbered else ""))


def by_provider(api: Api) -> Response:
    """Redirect to a way to sign in by its id."""
    return wire.redirect(_way(api, api.slot("id")))


def outside(api: Api) -> Response:
    """Redirect to an identity provider. The emulator supports CAS only."""
    kind = api.call.path.split("/")[2]
    found = signing_in.provider(api, api.root, str(api.call.path_params.get("id", kind)))
    if found is None or found.auth_type != kind:
        raise refusals.page_not_found(f"the school signs in by {kind}")
    if kind != "cas":
        raise parameters_not_emulated("canvas", f"GET /login/{kind}", ["authentication_provider"], "only CAS is led to")
    address = found.fields.get("log_in_url") or f"{found.fields.get('auth_base') or ''}/login"
    return wire.redirect(add_query(address, [("service", api.url(api.call.path))]))


def one_time_code(api: Api) -> Response:
    """The second factor, which is never required here."""
    visitors.require(api)
    return wire.redirect(api.url("/"))


def form(api: Api) -> Response:
    """The sign-in page."""
    call, params = api.call, api.params
    message = params.text("message")
    notices = [{"type": "error", "content": message, "icon": "warning"}] if message else []
    if params.flag("password_changed"):
        notices.append({"type": "success", "content": "Your password has been changed.", "icon": "check"})
    login = params.text("pseudonym_session", "unique_id") or ""
    template, values = _form(api, login)
    return wire.page(call, template, headers=NOT_IN_FRAMES, notices=notices, **values)


def _form(api: Api, login: str, error: str | None = None) -> tuple[str, dict[str, Any]]:
    return ("login_phone.html" if wire.by_phone(api.call) else "login.html"), {"login": login, "error": error}


def sign_in(api: Api) -> Response:
    """Sign in with `pseudonym_session[unique_id]` and `pseudonym_session[password]`."""
    call, params = api.call, api.params
    given = params.hash("pseudonym_session")
    name, password = given.text("unique_id") or "", given.text("password") or ""
    call.reads.add("redirect_to_ssl")
    if not browser.sent_by_own_page(api):
        raise _wrong(api, "csrf_token_wrong", "Invalid Authenticity Token", name)
    if not password:
        raise _wrong(api, "password_missing", "No password was given", name)
    found = signing_in.check(api, name, password)
    if isinstance(found, str):
        raise _wrong(api, *signing_in.REFUSALS[found], name)
    user = call.store.users.get(found.user_id)
    assert user is not None  # the world file's references are checked when it is loaded
    return _signed_in(api, user, found, given.flag("remember_me"))


def _wrong(api: Api, reason: str, message: str, name: str) -> SiteRefusal:
    if wire.asked_for(api.call) == "json":
        return refusals.wrong_login_json(reason, message, name)
    template, values = _form(api, name, message)
    if not wire.by_phone(api.call):
        values["notices"] = [{"type": "error", "content": {"html": message, "timeout": 15000}, "icon": "warning"}]
    return refusals.wrong_login(reason, message, name, (template, values))


def _signed_in(api: Api, user: User, login: Pseudonym, remember: bool) -> Response:
    call = api.call
    back = session.return_to if (session := browser.find(call).session) is not None else None
    waiting = browser.sign_in(call, user, login).pending
    login = signing_in.count(api, login)
    if remember and call.scheme == "https":
        browser.remember(call, login)
    if api.caller is None:
        api.caller = api.real_user = user
        note_identity(api)
    if wire.asked_for(call) == "json":
        way = signing_in.provider(api, api.root, "canvas")
        used = {} if way is None or login.authentication_provider_id else {"authentication_provider_id": way.id or None}
        return wire.reply(api, {"pseudonym": login_record(api, login, user) | used})
    if waiting is not None:
        return wire.redirect(authorize.decide(api, user, waiting))
    account = call.store.accounts.get(login.account_id)
    if account is not None and account.site_admin:
        text = f"You are logged in at {api.root.name} using your credentials from {account.name}"
        browser.notice(call, "success", text)
    return wire.redirect(back or call.url("/?login_success=1"))


def logout_page(api: Api) -> Response:
    """The page with the logout button."""
    if api.caller is None:
        return wire.redirect(api.url("/login"))
    form = {"action": "/logout", "fields": {"_method": "delete"}, "button": "Log Out"}
    return wire.page(api.call, "text.html", title="Log Out", heading="Log Out", form=form)


def _notify_tools(api: Api, user: User) -> None:
    """Call the URLs that tools registered for the user's sign-out; their answers are ignored."""
    callbacks = [
        logout_callback
        for login in api.store.pseudonyms.find("user", user.id)
        for logout_callback in api.store.logout_callbacks.find("login", login.id)
    ]
    for callback in callbacks:
        api.store.logout_callbacks.delete(callback.id)
        outgoing.later(api.call, partial(_call, api, callback.url))


async def _call(api: Api, url: str) -> None:
    with suppress(outgoing.OutgoingError):
        await outgoing.fetch(api.call, "GET", url, allowed=[url])


def logout(api: Api) -> Response:
    """End all the user's browser sessions, and `Stay signed in`."""
    call = api.call
    session = browser.find(call).session
    signed_in = api.real_user is not None and session is not None and not session.remembered
    login = call.store.pseudonyms.get(session.login_id) if session is not None else None
    if login is not None:
        signing_in.note(api, login, "logout")
    if api.real_user is not None:
        _notify_tools(api, api.real_user)
        browser.end_all(call, api.real_user.id)
        browser.forget(call, session.login_id if session is not None else None)
    browser.end(call)
    return wire.redirect(api.url("/login/canvas" if signed_in else "/login"))


def session_token(api: Api) -> Response:
    """A URL that signs the token's owner in, in any browser that opens it; useless if already signed in."""
    call = api.call
    back = api.params.text("return_to")
    by_session = api.token is None
    if by_session:
        visitors.require(api)
    target = call.url("/")
    if back is not None:
        try:
            parts = urlsplit(back)
        except ValueError:
            parts = None
        if parts is None or " " in back:
            raise refusals.return_to_invalid(back)
        if f"{parts.scheme}://{parts.netloc}" != f"{call.scheme}://{call.authority}":
            raise visitors.forbidden(api, "`return_to` is an address of this site")
        target = back
    if by_session:
        raise visitors.forbidden(api, "a session URL is for applications with a token")
    token = session_tokens.issue(api)
    parts = parts_of(target)
    query = f"{parts.query}&session_token={token}" if parts.query else f"session_token={token}"
    url = urlunsplit(parts._replace(query=query))
    return wire.reply(api, {"session_url": url, "requires_terms_acceptance": False})


def session_token_outside(api: Api) -> Response:
    """The same outside the REST API, where an invalid token gets an error page."""
    by_token_or_page(api)
    return session_token(api)


def open_session_url(api: Api) -> Response | None:
    """Sign in by a session URL and redirect to the page without the token; None for other pages."""
    call, token = api.call, api.params.text("session_token")
    if token is None or call.method != "GET":
        return None
    signed = session_tokens.read(call, token)
    if isinstance(signed, str):
        call.check("session_token", False, got=signed)
        return None
    login = call.store.pseudonyms.get(signed.login_id)
    user = call.store.users.get(login.user_id) if login is not None and login.workflow_state == "active" else None
    if (
        not call.check("session_token", user is not None, got=f"login {signed.login_id}")
        or user is None
        or login is None
    ):
        return None
    waiting = browser.sign_in(call, user, login, remembered=signed.remembered).pending
    target = call.store.users.get(signed.become_user_id)
    if target is not None and masquerade.may_become(api, user, target):
        browser.change(call, become_user_id=target.id)
    if waiting is not None:
        api.caller = api.real_user = user
        return wire.redirect(authorize.decide(api, user, waiting))
    return wire.redirect(visitors.this_address(api, without=("session_token",)))


def offer_masquerade(api: Api) -> Response | None:
    """Redirect to the page that offers to act as `become_user_id`; None if it is absent or not allowed."""
    target = visitors.masquerade_target(api)
    if target is None or api.real_user is None or not _may_act_as(api, target):
        return None
    api.call.per_request(Identity).user_id = api.call.per_request(Identity).real_user_id = None
    return wire.redirect(api.url(f"/users/{target.id}/masquerade"))


def _may_act_as(api: Api, target: User) -> bool:
    real = api.real_user
    return real is not None and (real.id == target.id or masquerade.may_become(api, real, target))


def masquerade_page(api: Api) -> Response:
    """Ask whether to act as another user."""
    visitors.require(api)
    target = identifiers.find(api, "users", api.slot("user_id"))
    if target is None or target.workflow_state == "deleted":
        raise refusals.page_not_found("the person exists")
    if not api.check("may act as the person", _may_act_as(api, target)):
        raise visitors.forbidden(api, "`become_user` in each account of the person")
    title = f"Act as {target.name}"
    form = {"action": f"/users/{target.id}/masquerade", "fields": {}, "button": "Proceed"}
    return wire.page(api.call, "text.html", title=title, heading=title, form=form, bare=True)


def act_as(api: Api) -> Response:
    """Act as another user, or stop doing so."""
    visitors.require(api)
    target = identifiers.find(api, "users", api.slot("user_id"))
    real = api.real_user
    if target is None or real is None or not api.check("may act as the person", _may_act_as(api, target)):
        raise visitors.forbidden(api, "`become_user` in each account of the person")
    browser.change(api.call, become_user_id=None if target.id == real.id else target.id)
    came_from = api.call.headers.get("referer", "")
    own = came_from.startswith(api.url("/")) and not came_from.endswith("/masquerade")
    return wire.redirect(came_from if own else api.url("/"))


ROUTES = (
    *site(
        "pages",
        f"{RECORDED}/oauth-session.jsonl 4, 13, 15, 52; {RECORDED}/oauth-browser.jsonl 1, 56, 60, 78, 80, 178, 182",
        ("GET /login", begin, "Redirect to the sign-in page"),
        ("GET /login/canvas", form, "Sign in"),
        ("GET /logout", logout_page, "Sign out"),
        ("DELETE /logout", logout, "Sign out"),
        ("GET /login/session_token", session_token_outside, "A session URL"),
        ("GET /login/otp", one_time_code, "The second factor"),
        *((f"GET /login/{kind}", outside, f"Sign in by {kind}") for kind in signing_in.ELSEWHERE),
        *((f"GET /login/{kind}/{{id}}", outside, f"Sign in by {kind}") for kind in signing_in.ELSEWHERE),
        ("GET /login/{id}", by_provider, "Redirect to a way to sign in"),
        ("GET /users/{user_id}/masquerade", masquerade_page, "Act as another user"),
        ("POST /users/{user_id}/masquerade", act_as, "Act as another user"),
    ),
    *site(
        "pages",
        f"{RECORDED}/oauth-session.jsonl 33, 54, 62, 88",
        ("POST /login/canvas", sign_in, "Sign in"),
        forms="any",
    ),
    *rest(
        "pages",
        f"{RECORDED}/oauth-browser.jsonl 16",
        ("GET /api/v1/login/session_token", session_token, "A session URL"),
    ),
)
