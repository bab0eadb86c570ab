"""Browser sessions: the sign-in page and its API, JWT cookie refresh, sign-out, token to session, CSRF token.

Sources: openedx.md 3; recorded answers (groups login, csrf).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lms_emulator.core.clock import http_date
from lms_emulator.core.evidence import Evidence
from lms_emulator.core.http.exchange import BodyError
from lms_emulator.core.http.routing import Handler, Route
from lms_emulator.providers.openedx import credentials, csrf, html, login, visits, wire
from lms_emulator.providers.openedx.views import ApiView, anyone, caller

if TYPE_CHECKING:
    from starlette.responses import Response

    from lms_emulator.providers.openedx.visits import Call


# the page


def login_page(x: Call) -> Response:
    """The sign-in page; its form is built by script, as the real one's is."""
    following = login.safe_next(x, x.query.get("next")) or f"{x.prefix}/dashboard"
    if visits.of(x).session is not None:
        return wire.redirect(following)
    visit = visits.of(x)
    visit.cookies += [
        visits.cookie(x, "experiments_is_enterprise", "false", seconds=1_209_600, same_site=False),
        'enterprise_customer_uuid=""; Domain=localhost; expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; Path=/',
    ]
    visits.need_csrf(x, first=True)
    visits.touch_session(x)
    response = html.page(x, "login.html", title="Sign in or Register", following=following)
    response.headers["vary"] = "Cookie"
    return response


# the API behind it


def describe_login(x: Call) -> Response:
    """The sign-in form as data."""
    visits.need_csrf(x, first=True)
    visits.touch_session(x)
    name = x.store.section.platform_name
    empty = {"errorMessages": {}, "supplementalLink": "", "supplementalText": "", "loginIssueSupportLink": ""}
    common: dict[str, Any] = {"defaultValue": "", "placeholder": ""}
    email = {
        "name": "email",
        "label": "Email",
        "type": "email",
        **common,
        "instructions": f"The email address you used to register with {name}",
        "exposed": True,
        "required": True,
        "restrictions": {"min_length": 3, "max_length": 254},
        **empty,
    }
    password = {
        "name": "password",
        "label": "Password",
        "type": "password",
        **common,
        "instructions": "",
        "exposed": True,
        "required": True,
        "restrictions": {"max_length": 5000},
        **empty,
    }
    document = {
        "method": "post",
        "submit_url": f"{x.prefix}/api/user/v1/account/login_session/",
        "fields": [email, password],
    }
    return wire.spaced_json(document, 200, {"vary": "Cookie"})


def sign_in_v1(x: Call) -> Response:
    """Sign in with `email` and `password`."""
    return _sign_in(x, "email")


def sign_in_v2(x: Call) -> Response:
    """Sign in with `email_or_username` and `password`."""
    return _sign_in(x, "email_or_username")


def _sign_in(x: Call, field: str) -> Response:
    fault = csrf.failure(x)
    if fault is not None:
        raise _forbidden(fault)
    visit = visits.of(x)
    already = visit.session
    visits.need_csrf(x, first=True)
    visits.touch_session(x)
    try:
        user = login.authenticate(x, field=field)
    except BodyError as error:
        raise wire.parse_error(str(error)) from None
    if already is not None:
        x.store.sessions.delete(already.key)
        raise wire.OpenedxRefusal(
            "already_signed_in",
            status=400,
            style="bad-request",
            check="no session yet",
            got=already.user,
            diagnosis="signing in again inside a live session ends that session on the real server: sign out first",
        )
    login.sign_in(x, user)
    return wire.pretty_json({"success": True, "redirect_url": None}, 200, {"vary": "Cookie"})


def login_ajax(x: Call) -> Response:
    """The older address of the sign-in API; no REST view, so no Allow header."""
    if x.method != "POST":
        raise _only("POST", x)
    return sign_in_v1(x)


def _forbidden(fault: str) -> wire.OpenedxRefusal:
    return wire.OpenedxRefusal(
        "csrf_failed",
        status=403,
        style="forbidden",
        message="CSRF verification failed. Request aborted.",
        check="CSRF token",
        expected="the value of the cookie csrftoken in X-CSRFToken or csrfmiddlewaretoken",
        got=fault,
        diagnosis=fault,
    )


def _only(method: str, x: Call) -> wire.OpenedxRefusal:
    return wire.OpenedxRefusal(
        "method_not_allowed", status=405, style="empty", headers={"allow": method}, check="method", got=x.method
    )


# refresh and sign-out


def login_refresh(x: Call) -> Response:
    """New JWT cookies for a signed-in browser."""
    if x.method != "POST":
        raise _only("POST", x)
    visit = visits.of(x)
    if visit.session_user is None:
        raise wire.OpenedxRefusal(
            "not_signed_in",
            status=401,
            style="pretty",
            body="Unauthorized",
            check="browser session",
            diagnosis="this needs the session cookie; the JWT cookies alone are not enough",
        )
    login.jwt_cookies(x, visit.session_user)
    now = x.clock.timestamp()
    expires = int(now) + x.settings.jwt_seconds
    return wire.spaced_json(
        {
            "success": True,
            "user_id": visit.session_user.id,
            "response_epoch_seconds": now,
            "response_http_date": http_date(now),
            "expires": http_date(expires),
            "expires_epoch_seconds": expires,
        }
    )


def logout(x: Call) -> Response:
    """Sign out: a page that goes on to `redirect_url` or `next` when that is safe, else home."""
    wanted = x.query.get("redirect_url") or x.query.get("next")
    following = login.safe_next(x, wanted) or _registered_target(x, wanted) or f"{x.prefix}/"
    visits.end_session(x)
    visit = visits.of(x)
    visit.cookies += [visits.gone(x, name) for name in visits.LOGIN_COOKIES]
    page = html.page(x, "logout.html", title="Signed Out", following=following, going_on=wanted is not None)
    visits.need_csrf(x)
    return page


def _registered_target(x: Call, target: str | None) -> str | None:
    """A redirect address of the application that `client_id` names is safe too."""
    application = x.store.applications.get(x.query.get("client_id", ""))
    if target is None or application is None:
        return None
    origins = {"/".join(uri.split("/")[:3]) for uri in application.redirect_uris}
    return target if "/".join(target.split("/")[:3]) in origins else None


# token to session


def token_to_session(x: Call) -> Response:
    """Turn a bearer token of a password application (or an asymmetric JWT of one) into a session."""
    identity = caller(x)
    if identity.means == "bearer":
        token = identity.token
        application = x.store.applications.get(token.application or "") if token is not None else None
        if application is None or application.authorization_grant_type != "password":
            raise _token_refused("non_supported_token", "Only access tokens with grant type password are supported.")
    else:
        if (identity.claims or {}).get("grant_type") != "password":
            raise _token_refused("non_supported_token", "Only access tokens with grant type password are supported.")
        if not _is_asymmetric(x):
            raise _token_refused("non_asymmetric_token", "Only asymmetric jwt are supported.")
    if identity.user.password is None or identity.user.standing == "disabled":
        raise _token_refused("account_disabled", "User account is disabled.")
    visits.sign_in(x, identity.user)
    visits.need_csrf(x)
    return wire.empty(204, media_type=None)


def _is_asymmetric(x: Call) -> bool:
    from lms_emulator.signing import jwt

    token = x.headers.get("authorization", "").split()[-1:]
    return bool(token) and str(jwt.read(token[0]).header.get("alg")).startswith("RS")


def _token_refused(code: str, text: str) -> wire.OpenedxRefusal:
    return wire.OpenedxRefusal(
        code, status=401, message=text, body={"error_code": code, "developer_message": text}, check="token kind"
    )


# CSRF token


def csrf_token(x: Call) -> Response:
    """A CSRF token for scripts, and its cookie."""
    return wire.api_json({"csrfToken": visits.csrf_token(x)})


def _login_view(version: str, operation: Any) -> ApiView:
    return ApiView(
        f"/api/user/{version}/account/login_session/",
        get=describe_login,
        post=operation,
        authenticators=credentials.NONE,
        permissions=(anyone,),
        summary="Sign a browser in",
        evidence="recorded",
        source="openedx.md 3",
        tag="session",
    )


def _page(
    path: str, handler: Handler, summary: str, *, methods: tuple[str, ...] = (), evidence: Evidence = "recorded"
) -> Route:
    return Route(
        methods=methods,
        path=path,
        handler=handler,
        evidence=evidence,
        source="openedx.md 3",
        summary=summary,
        tag="session",
    )


ROUTES = (
    _page("/login", login_page, "Sign-in page", methods=("GET",)),
    _page("/register", login_page, "Sign-in page, at its address for newcomers", methods=("GET",), evidence="chosen"),
    *_login_view("v1", sign_in_v1).routes(),
    *_login_view("v2", sign_in_v2).routes(),
    *(
        route
        for version, operation in (("v1", sign_in_v1), ("v2", sign_in_v2))
        for route in ApiView(
            f"/user_api/{version}/account/login_session/",
            get=describe_login,
            post=operation,
            authenticators=credentials.NONE,
            permissions=(anyone,),
            summary="Sign a browser in (older address)",
            evidence="documented",
            source="openedx.md 3",
            tag="session",
        ).routes()
    ),
    _page("/login_ajax", login_ajax, "Sign a browser in (older address)"),
    _page("/login_post", login_ajax, "Sign a browser in (older address)", evidence="documented"),
    _page("/login_refresh", login_refresh, "New JWT cookies for a signed-in browser"),
    _page("/logout", logout, "Sign out"),
    *ApiView(
        "/oauth2/login/",
        post=token_to_session,
        authenticators=credentials.BEARER_JWT,
        summary="Turn a token into a browser session",
        evidence="documented",
        source="openedx.md 3",
        tag="oauth2",
    ).routes(),
    *ApiView(
        "/csrf/api/v1/token",
        get=csrf_token,
        permissions=(anyone,),
        authenticators=credentials.JWT_SESSION,
        summary="A CSRF token and its cookie",
        evidence="recorded",
        source="openedx.md 3",
        tag="session",
    ).routes(),
)
