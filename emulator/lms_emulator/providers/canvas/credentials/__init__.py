"""Authentication at Canvas: by a token with its scopes, or by a browser session."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache, partial
from typing import NamedTuple

from msgspec.structs import replace

from lms_emulator.core.clock import later
from lms_emulator.core.http.refusals import SiteRefusal
from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call import Call
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.call.moments import stamp
from lms_emulator.providers.canvas.credentials import browser
from lms_emulator.providers.canvas.model import AccessToken, CanvasStore, DeveloperKey, User
from lms_emulator.providers.canvas.rules import keys, masquerade, people
from lms_emulator.providers.canvas.rules.people import logins_of

REVOCATION = "/login/oauth2/token"
"""Where any token may end itself, whatever its scopes."""
NOTED_FOR = 600
"""How many seconds pass before a later use of a token is noted."""
_REVOKED = ("token_revoked", "the access token was revoked")


@dataclass
class Identity:
    """The identity that a call acts for, for the headers of its answer.

    Attributes:
        sought: whether the caller was identified although the operation is not emulated.
    """

    user_id: int | None = None
    real_user_id: int | None = None
    sought: bool = False


class Sent:
    """A request as sent. Attributes: `method`, before a parameter overrode it; empty if none did."""

    method: str = ""


def sent_token(api: Api) -> str | None:
    """The access token of the request: from the Authorization header, or the parameter `access_token`.

    The scheme is case-sensitive: after `bearer` there is no token, and the parameter counts.
    """
    scheme, _, value = api.call.headers.get("authorization", "").partition(" ")
    if scheme == "Bearer" and (text := value.strip()):
        return text
    parameter = api.params.text("access_token")
    if parameter:
        why = "an access token in a URL or form ends in log files; use the Authorization header"
        api.call.warn("token_in_parameter", why)
    return parameter or None


def identify(api: Api) -> None:
    """Find out whom a call acts for, which `as_user_id` can change.

    A token takes precedence over the browser's session. Raises the refusals for a dead token, for insufficient
    scopes, for a cross-site form, and for a forbidden masquerade.
    """
    by_token(api)
    if api.token is None:
        browser.identify(api, refuse_ended=True)
        if api.caller is not None:
            browser.require_own_page(api)
    masquerade.begin(api)
    note_identity(api)


def by_token(api: Api) -> None:
    """Let the call act for the owner of its token, if it has one. Raises the refusals for an invalid one."""
    call = api.call
    text = sent_token(api)
    if text is None:
        return
    token, api.caller = _owner(call, text)
    api.token = _used(call, token)
    real = call.store.users.get(api.token.real_user_id) if api.token.real_user_id is not None else None
    api.real_user, api.acting = real or api.caller, real is not None
    people.note_language(api)
    _limit_includes(api)


def _used(call: Call, token: AccessToken) -> AccessToken:
    """Note when a token was used, to ten minutes, as Canvas does."""
    now = call.clock.now()
    if token.last_used_at is not None and token.last_used_at >= later(now, -NOTED_FOR):
        return token
    return call.store.access_tokens.put(replace(token, last_used_at=now))


def by_token_or_page(api: Api) -> None:
    """`by_token` outside the REST API, where an invalid token is reported by a page."""
    try:
        by_token(api)
        masquerade.begin(api)
    except SiteRefusal as refusal:
        details = {"diagnosis": refusal.diagnosis, "credential": refusal.credential}
        raise refusals.page_error(401, refusal.reason, refusal.check, **details) from refusal
    note_identity(api)


def note_identity(api: Api) -> None:
    """Note for the answer's headers whom the call acts for, and who is behind it."""
    identity = api.call.per_request(Identity)
    if api.caller is not None:
        identity.user_id = api.caller.id
        if api.real_user is not None and (api.params.get("as_user_id") or api.acting):
            identity.real_user_id = api.real_user.id


def _limit_includes(api: Api) -> None:
    """Remove what a scoped key may not request: all of `include[]` but `uuid`."""
    assert api.token is not None  # called for a token
    key = api.store.developer_keys.get(api.token.developer_key_id)
    if key is None or key.allow_includes or not _enforces_scopes(key):
        return
    for name in ("include", "includes"):
        asked = api.params.data.get(name)
        if asked is not None:
            kept = [value for value in asked if value == "uuid"] if isinstance(asked, list) else None
            api.params.data = {**api.params.data, name: kept}
            api.call.warn("includes_dropped", f"the developer key does not allow `{name}[]`")


class _Owner(NamedTuple):
    """The owner of a token.

    Attributes: `login`, the owner's sign-in name, if they can still sign in; `usable`, whether the key is on.
    """

    user: User
    key: DeveloperKey
    login: str | None
    usable: bool


_OWNED_BY = ("access_tokens", "users", "developer_keys", "pseudonyms", "accounts", "developer_key_account_bindings")


def _owner(call: Call, text: str) -> tuple[AccessToken, User]:
    token = _live_token(call, text)
    owner = call.store.derived(("owner", token.id), _OWNED_BY, partial(_look_up_owner, call.store, token))
    if owner.login is None:
        raise refusals.invalid_token("token_orphaned", "the token's user is deleted or suspended")
    if not owner.usable:
        call.check("the developer key is active, and on in the account", False, got=owner.key.id)
        raise refusals.invalid_token("token_key_off", "the token's developer key is inactive, or on in no account")
    _check_scope(call, token, owner.key)
    call.notes["user"] = owner.login
    return token, owner.user


def _look_up_owner(store: CanvasStore, token: AccessToken) -> _Owner:
    user = store.users.get(token.user_id)
    key = store.developer_keys.get(token.developer_key_id)
    assert user is not None  # the world file's references are checked when it is loaded
    assert key is not None
    logins = logins_of(store, user)
    lives = user.workflow_state != "deleted" and any(login.workflow_state == "active" for login in logins)
    return _Owner(user, key, logins[0].unique_id if lives else None, _usable(store, key))


def _usable(store: CanvasStore, key: DeveloperKey) -> bool:
    if key.workflow_state != "active":
        return False
    return key.name == keys.USER_GENERATED or keys.is_on_anywhere(store, key)


def _enforces_scopes(key: DeveloperKey) -> bool:
    return key.require_scopes or key.is_lti_key


def _live_token(call: Call, text: str) -> AccessToken:
    token = call.store.access_tokens.first("token", text)
    if token is None:
        call.check("the access token is known", False)
        replaced = call.store.access_tokens.first("replaced", text) is not None
        signed = text.count(".") == 2 and text.startswith("eyJ")
        hint = "this is a JWT (an LTI service token?); REST calls need an OAuth2 access token" if signed else None
        raise refusals.invalid_token("token_replaced" if replaced else "token_unknown", hint, text)
    if token.revoked:
        call.check("the access token was not revoked", False)
        raise refusals.revoked_token() if call.settings.tells_why_token_died else refusals.invalid_token(*_REVOKED)
    if token.permanent_expires_at is not None and call.clock.now() >= token.permanent_expires_at:
        call.check("the access token has not permanently expired", False, got=token.permanent_expires_at.isoformat())
        ended = stamp(token.permanent_expires_at)
        if not call.settings.tells_why_token_died:
            raise refusals.invalid_token("token_expired_for_good", f"it expired permanently at {ended}")
        raise refusals.expired_token(ended)
    if token.expires_at is not None and (now := call.clock.now()) >= token.expires_at:
        call.check(
            "the access token is not expired", False, expected=f"before {stamp(token.expires_at)}", got=stamp(now)
        )
        raise refusals.invalid_token("token_expired", f"it expired at {stamp(token.expires_at)}: use the refresh token")
    call.check("the access token is alive")
    return token


@cache
def scope_of(method: str, path: str) -> str:
    """The scope of an operation: `url:GET|/api/v1/courses/:course_id/files`."""
    method = "GET" if method == "HEAD" else method
    path = re.sub(r"{(\w+):path}", r"*\1", path)
    return f"url:{method}|" + re.sub(r"{(\w+)(?::\w+)?}", r":\1", path)


def _covers(scope: str, wanted: str) -> bool:
    """Whether a scope covers an operation, given a path with its placeholders filled."""
    template = re.sub(r"\\\*\w+", ".+", re.sub(r":\w+", "[^/]+", re.escape(scope.partition("|")[2])))
    method = scope.partition("|")[0]
    return method == wanted.partition("|")[0] and re.fullmatch(template, wanted.partition("|")[2]) is not None


def _check_scope(call: Call, token: AccessToken, key: DeveloperKey) -> None:
    if not _enforces_scopes(key):
        return
    path = call.route.path if call.route is not None else call.path  # an operation that is not emulated has no route
    wanted = scope_of(call.per_request(Sent).method or call.method, path)  # method overrides do not count
    held = wanted in token.scopes or (call.route is None and any(_covers(scope, wanted) for scope in token.scopes))
    if not call.check("scope", held or call.path == REVOCATION, expected=wanted, got=token.scopes):
        raise refusals.insufficient_scopes(wanted, token.scopes)
