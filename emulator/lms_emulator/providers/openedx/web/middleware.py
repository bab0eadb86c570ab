"""What the LMS's middleware does around its views, in its order of cookies and of `Vary`.

On the way in: CORS preflight, slashes, the session. On the way out: cookies and common headers. Source:
`fixtures/recordings/openedx`: main.jsonl 1386-1397 (CORS), 1163 (slash), extra.jsonl 120-136 (headers).
"""

from __future__ import annotations

from functools import lru_cache
from urllib.parse import quote

from starlette.responses import Response

from lms_emulator.providers.openedx import refusals, wire
from lms_emulator.providers.openedx.call import Call, Caller, Reply
from lms_emulator.providers.openedx.web import cookies, csrf, deployment, safe_cookie, session

CORS_HEADERS = (
    "accept, authorization, content-type, user-agent, x-csrftoken, x-requested-with, cache-control, expires, pragma, "
    "use-jwt-cookie"
)
CORS_METHODS = "DELETE, GET, OPTIONS, PATCH, POST, PUT"
_ALWAYS = (
    (b"x-content-type-options", b"nosniff"),
    (b"content-language", b"en"),
)


def preflight(call: Call) -> Response | None:
    """The answer to a CORS preflight request; None for any other request."""
    if call.method != "OPTIONS" or "access-control-request-method" not in call.headers or "origin" not in call.headers:
        return None
    call.per_request(Reply).bare = True
    headers = {"vary": "origin, Cookie", **_cors(call)}
    if len(headers) > 1:
        headers |= {"access-control-allow-headers": CORS_HEADERS, "access-control-allow-methods": CORS_METHODS}
    return wire.empty(200, headers)


def _cors(call: Call) -> dict[str, str]:
    origin = call.headers.get("origin")
    if origin is None or not deployment.may_call(call, origin):
        return {}
    return {"access-control-allow-origin": origin, "access-control-allow-credentials": "true"}


def append_slash(call: Call) -> Response:
    """Django's APPEND_SLASH: a redirect, whatever the method, to the path with its final slash."""
    call.per_request(Reply).bare = True
    path = quote(call.path, safe=wire.SAFE_IN_PATH)
    return wire.redirect(wire.with_query(call, f"{call.prefix}{path}/"), 301)


def open_session(call: Call) -> Response | None:
    """Read the session cookie. Answers a malformed one as the real server does, with a bare 500.

    Raises the refusal for a session that was not made for its user, and for one of a disabled account.
    """
    value = session.sent(call)
    if value is None:
        return None
    if safe_cookie.parse(value) is None:
        call.per_request(Reply).bare = True
        call.warn(
            "foreign_session_cookie",
            f"the cookie `{deployment.session_cookie_name(call)}` is not an LMS's: probably that of another Django "
            "site on this host, as cookies are not bound to a port (the setting session_cookie_name, or "
            "deployment=devstack, changes the name)",
        )
        text = "A server error occurred.  Please contact the administrator."
        return Response(text, 500, {"content-type": "text/plain"})
    user = session.read(call).user
    if session.is_forged(call):
        raise refusals.session_forged(user.username if user is not None else "")
    if user is not None and user.standing == "disabled":
        raise refusals.account_disabled(user.username)
    return None


def finish(call: Call, response: Response) -> None:
    """Put cookies and common headers on the answer."""
    if call.method == "HEAD":
        response.body = b""
    chosen, reply = call.per_request_if_used(cookies.SetCookies), call.per_request(Reply)
    set_cookies = list(chosen.values) if chosen is not None else []
    if not reply.bare:
        token = call.per_request(csrf.Token)
        _common_headers(call, response, reply, token)
        set_cookies += _cookies(call, response.status_code, token)
    for value in set_cookies:
        response.raw_headers.append((b"set-cookie", value.encode("latin-1", "replace")))


def _common_headers(call: Call, response: Response, reply: Reply, token: csrf.Token) -> None:
    raw = response.raw_headers
    for place, (name, given) in enumerate(raw):
        if name == b"vary":
            raw[place] = (b"vary", _vary(given, token.set_by_view, token.secret is not None))
            break
    else:
        raw.append((b"vary", _vary(b"", token.set_by_view, token.secret is not None)))
    if not reply.framed:
        raw.append((b"x-frame-options", deployment.frame_options(call).encode()))
    raw += _ALWAYS
    if "origin" in call.headers:
        response.headers.update(_cors(call))


@lru_cache(maxsize=256)
def _vary(given: bytes, csrf_set_by_view: bool, csrf_cookie: bool) -> bytes:
    vary = [name for name in given.decode("latin-1").split(", ") if name]
    if csrf_set_by_view and "Cookie" not in vary:
        vary.append("Cookie")
    wanted = ["Accept-Language", *(["Cookie"] if csrf_cookie else []), "origin", "Cookie"]
    vary += [name for place, name in enumerate(wanted) if name not in vary and name not in wanted[:place]]
    return ", ".join(vary).encode("latin-1")


def _cookies(call: Call, status: int, token: csrf.Token) -> list[str]:
    """The cookies of the CSRF, language and session middleware. A failing view (5xx) leaves the session unsaved."""
    found = [_language(call)]
    if token.secret is not None:
        found.insert(0 if token.set_by_view else 1, csrf.cookie(call))
    if status < 500:
        found.append(session.cookie(call))
    return [value for value in found if value is not None]


def _language(call: Call) -> str | None:
    user = call.per_request(Caller).user
    if user is None:
        return None
    preferred = (call.store.users.get(user.username) or user).preferences.get("pref-lang")
    if preferred:
        return cookies.cookie(call, cookies.LANGUAGE, preferred, seconds=cookies.LANGUAGE_SECONDS, same_site="Lax")
    return cookies.expired(call, cookies.LANGUAGE)
