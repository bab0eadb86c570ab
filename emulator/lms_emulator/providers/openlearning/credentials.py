"""Authentication: API keys sent in three ways, HTTP Basic for the v1 API, and browser sessions."""

from __future__ import annotations

import re
from datetime import timedelta

from lms_emulator.providers.openlearning import refusals
from lms_emulator.providers.openlearning.call import Call
from lms_emulator.providers.openlearning.model import Institution, RateWindow, Session, User, folded
from lms_emulator.signing.oauth1 import equal

SESSION_COOKIE = "openlearning_session"
_KEY = re.compile(r"[0-9a-f]{24}\.[0-9a-f]{64}")
_MASKED = "…"


def caller(call: Call) -> User:
    """The account whose API key was sent.

    The key is read from the query, X-API-Key or `Authorization: Bearer`, in this order; the guide only hints at the
    last. Raises a 401 for a missing or unknown key, and a 429 over the rate limit, if there is one.
    """
    given = _given_key(call)
    if "origin" in call.headers or "sec-fetch-mode" in call.headers:
        call.warn("api_key_in_browser", "a browser sent the API key; it must stay on your server")
    key = call.store.api_keys.get(given)
    if key is None:
        expected = "the key of an account" if _KEY.fullmatch(given) else "24 hex digits, a dot, 64 hex digits"
        raise refusals.unknown_api_key(given, expected, _masked(given), _why_unknown(call, given))
    user = call.store.users.get(key.user)
    assert user is not None  # a world's references are checked when it is loaded
    if call.settings.rate_limit_per_minute:
        _count(call, key.key, call.settings.rate_limit_per_minute)
    return user


def _given_key(call: Call) -> str:
    in_query = call.query.get("api_key") if call.query_string else None
    in_header = call.headers.get("x-api-key")
    if in_query:
        call.notes["auth"] = "query"
        if in_header and in_header != in_query:
            call.warn("two_api_keys", "the query and X-API-Key contain different keys; the one in the query was used")
        return in_query
    if in_header:
        call.notes["auth"] = "header"
        return in_header
    scheme, _, bearer = call.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and bearer.strip():
        if call.settings.bearer_keys == "refuse":
            raise refusals.bearer_refused()
        call.notes["auth"] = "bearer(unverified)"
        return bearer.strip()
    if scheme.lower() == "basic":
        raise refusals.missing_api_key("this API takes an API key; HTTP Basic is for the v1 API under /api/")
    if call.content_type == "application/x-www-form-urlencoded" and "api_key" in call.form():
        raise refusals.missing_api_key("the key is in the body; it belongs in the query or in X-API-Key")
    raise refusals.missing_api_key()


def _why_unknown(call: Call, key: str) -> str | None:
    if not _KEY.fullmatch(key):
        known = call.store.users.get(key) is not None
        half = "this is the id of an account, the half of its API key before the dot; copy it whole: " if known else ""
        return f"{half}an API key is 24 hex digits, a dot and 64 hex digits"
    if call.store.users.get(key.partition(".")[0]) is not None:
        return "an account with that id exists, and this is not its key"
    return f"no account has this key; the world has {len(call.store.api_keys)}"


def _masked(key: str) -> str:
    return key[:8] + _MASKED if len(key) > 12 else key


def _count(call: Call, key: str, limit: int) -> None:
    now = call.clock.now()
    began, calls = now, 0
    window = call.store.rate_windows.get(key)
    if window is not None and timedelta() <= now - window.began < timedelta(minutes=1):
        began, calls = window.began, window.calls
    if calls >= limit:
        raise refusals.rate_limited(limit, 60 - int((now - began).total_seconds()))
    call.store.rate_windows.put(RateWindow(key=key, began=began, calls=calls + 1))


# --- permissions of an API caller ---
def institution_in_path(call: Call) -> Institution:
    """The institution in the path, given by slug or ObjectId. Raises a 404."""
    reference = call.path_params["institution_id"]
    found = call.store.institution(reference)
    if found is None:
        raise refusals.not_found("institution", reference, call.store.kind_of(reference))
    return found


_NEEDS_ADMINISTRATOR = "use the key of an institution administrator"


def administered(call: Call, user: User) -> Institution:
    """The institution in the path, which the user must administer. Raises a 404 or 403."""
    institution = institution_in_path(call)
    if not call.store.administers(user.id, institution.id):
        membership = call.store.membership(institution.id, user.id)
        got = membership.role if membership else "not a member"
        own = [
            institution.id for institution in call.store.institutions if call.store.administers(user.id, institution.id)
        ]
        why = f"this key administers {', '.join(own)}, not {institution.id}" if own else _NEEDS_ADMINISTRATOR
        raise refusals.not_allowed(f"administrator of {institution.id}", got, why)
    return institution


def user_in_path(call: Call, me: User) -> User:
    """The user in the path; `me` is the caller. Raises a 404."""
    reference = call.path_params["user_id"]
    found = me if reference == "me" else call.store.users.get(reference)
    if found is None:
        raise refusals.not_found("user", reference, call.store.kind_of(reference))
    return found


# --- the v1 API ---
_NOT_BASIC = "the v1 API takes the username (or e-mail address) and password of an account, by HTTP Basic"
_NO_ACCOUNT = "no account has this username or e-mail address; an API key, or half of one, is none"


def basic_user(call: Call) -> User:
    """The account with the username (or e-mail address) and password sent by HTTP Basic. Raises a 401."""
    scheme, _, encoded = call.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        key = call.query.get("api_key") or call.headers.get("x-api-key")
        hint = "the v1 API does not take API keys" if key or scheme.lower() == "bearer" else _NOT_BASIC
        raise refusals.v1_unauthorised("HTTP Basic credentials were sent", scheme or None, hint)
    sent = call.basic()
    if sent is None:
        raise refusals.v1_unauthorised("the Basic credentials are the base64 of name:password", encoded)
    name, password = sent
    wanted = folded(name)
    user = call.store.users.first("username", wanted) or call.store.users.first("email", wanted)
    if user is None or user.password is None or not equal(user.password, password):
        why = _NO_ACCOUNT
        if user is not None:
            why = "the account has no password" if user.password is None else "the password is not that of the account"
        raise refusals.v1_unauthorised("username and password belong to an account", name, why)
    return user


# --- browsers ---
def session(call: Call) -> Session | None:
    """The live session of the browser's cookie."""
    found = call.store.sessions.get(call.cookies.get(SESSION_COOKIE))
    return found if found is not None and found.expires_at > call.clock.now() else None


def signed_in(call: Call) -> User | None:
    """The user signed in to the web site in this browser."""
    live = session(call)
    return call.store.users.get(live.user) if live else None
