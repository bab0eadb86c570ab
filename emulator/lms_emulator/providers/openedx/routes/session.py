"""Browser sessions: the sign-in page and its API, JWT cookie refresh, sign-out, token to session, CSRF token.

Sources: edx-platform `openedx/core/djangoapps/user_authn/views/login.py` and `views/logout.py`,
`openedx/core/djangoapps/auth_exchange/views.py` (LoginWithAccessTokenView); `fixtures/recordings/openedx`, main.jsonl
1225-1327.
"""

from __future__ import annotations

from starlette.responses import Response

from lms_emulator.core.clock import http_date
from lms_emulator.core.http.exchange import BodyError
from lms_emulator.providers.openedx import credentials, pages, refusals, wire
from lms_emulator.providers.openedx.call import Call, calling_identity
from lms_emulator.providers.openedx.oauth import rules
from lms_emulator.providers.openedx.routes.permissions import anyone
from lms_emulator.providers.openedx.routes.resource import Family, recorded
from lms_emulator.providers.openedx.shapes.forms import form_field
from lms_emulator.providers.openedx.web import cookies, csrf, deployment, event_bus, login, methods, redirects, session

# the page

_AUTHN_PAGES = {"/login": "login", "/register": "register", "/password_assistance": "reset"}


def no_head(call: Call) -> Response:
    """The sign-in page takes GET alone: Django's decorator does not count HEAD as GET."""
    raise refusals.wrong_method("GET", call.method)


def login_page(call: Call) -> Response:
    """The sign-in page; its form is built by script, as the real one's is. A micro-frontend may have its place."""
    query = call.query
    following = redirects.after_login(call, query.get("next"), query.get("course_id"), query.get("enrollment_action"))
    user = session.current(call).user
    if user is not None:
        login.logged_in_cookies(call, user, seconds=session.lasting(call))
        csrf.ensure(call, set_by_view=True)
        response = wire.redirect(call.prefix + following if following.startswith("/") else following)
        response.headers["vary"] = "Cookie"
        return response
    csrf.ensure(call, set_by_view=True)
    session.touch(call)
    if deployment.has_authn(call):
        front = deployment.front(call, "authn", call.base_url)
        response = wire.redirect(wire.with_query(call, f"{front}/{_AUTHN_PAGES[call.path.rstrip('/')]}"))
        response.headers["vary"] = "Cookie"
        return response
    cookies.add(
        call,
        cookies.cookie(call, "experiments_is_enterprise", "false", seconds=1_209_600),
        'enterprise_customer_uuid=""; Domain=localhost; expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; '
        f"Path={call.prefix or '/'}",
    )
    response = pages.page(call, "login.html", title="Sign in or Register", following=following)
    response.headers["vary"] = "Cookie"
    return response


def account_settings(call: Call) -> Response:
    """The caller's account page, which a micro-frontend has replaced."""
    return wire.redirect(deployment.front(call, "account", f"{call.prefix}/dashboard"))


# the API behind it


def describe_login(call: Call) -> Response:
    """The sign-in form as data."""
    csrf.ensure(call, set_by_view=True)
    session.touch(call)
    hint = f"The email address you used to register with {call.store.section.platform_name}"
    fields = [
        form_field("email", "Email", "email", hint, {"min_length": 3, "max_length": 254}),
        form_field("password", "Password", "password", "", {"max_length": 5000}),
    ]
    submit_url = f"{call.prefix}/api/user/v1/account/login_session/"
    return wire.spaced_json({"method": "post", "submit_url": submit_url, "fields": fields}, 200, {"vary": "Cookie"})


def sign_in_v1(call: Call) -> Response:
    """Sign in with `email` and `password`."""
    return _sign_in(call, "email")


def sign_in_v2(call: Call) -> Response:
    """Sign in with `email_or_username` and `password`."""
    return _sign_in(call, "email_or_username")


def _sign_in(call: Call, field: str) -> Response:
    methods.check_csrf(call)
    already = session.current(call).record
    csrf.ensure(call, set_by_view=True)
    session.touch(call)
    try:
        user = login.authenticate(call, field=field)
    except BodyError as error:
        raise refusals.parse_error(str(error)) from None
    if already is not None:
        call.store.sessions.delete(already.key)
        raise refusals.OpenedxRefusal(
            "already_signed_in",
            status=400,
            style="bad-request",
            check="no session yet",
            got=already.user,
            diagnosis="signing in again inside a live session ends that session on the real server: sign out first",
        )
    login.sign_in(call, user)
    event_bus.logged_in(call, user)
    following = (
        redirects.absolute(call, redirects.after_login(call, call.field("next")))
        if deployment.has_authn(call)
        else None
    )
    return wire.pretty_json({"success": True, "redirect_url": following}, 200, {"vary": "Cookie"})


def login_ajax(call: Call) -> Response:
    """The older address of the sign-in API. Not a REST resource, so there is no Allow header."""
    methods.require_post(call)
    return sign_in_v1(call)


# refresh and sign-out


def login_refresh(call: Call) -> Response:
    """New JWT cookies for a signed-in browser."""
    methods.require_post(call)
    user = session.current(call).user
    if user is None:
        raise refusals.OpenedxRefusal(
            "not_signed_in",
            status=401,
            style="pretty",
            body="Unauthorized",
            check="browser session",
            diagnosis="this needs the session cookie; the JWT cookies alone are not enough",
        )
    login.jwt_cookies(call, user)
    now = call.clock.timestamp()
    expires = int(now) + call.settings.jwt_seconds
    return wire.spaced_json(
        {
            "success": True,
            "user_id": user.id,
            "response_epoch_seconds": now,
            "response_http_date": http_date(now),
            "expires": http_date(expires),
            "expires_epoch_seconds": expires,
        }
    )


def logout(call: Call) -> Response:
    """Sign out: a page that goes on to `redirect_url` or `next` if that is safe, else to the front page."""
    wanted = call.query.get("redirect_url") or call.query.get("next")
    following = redirects.allowed(call, wanted) or _registered_target(call, wanted) or f"{call.prefix}/"
    session.end(call)
    cookies.add(call, *(cookies.expired(call, name) for name in cookies.LOGIN_COOKIES))
    page = pages.page(call, "logout.html", title="Signed Out", following=following, going_on=wanted is not None)
    csrf.ensure(call)
    return page


def _registered_target(call: Call, target: str | None) -> str | None:
    """The target, if it is on the host of a redirect URI of the application that `client_id` names."""
    application = call.store.applications.get(call.query.get("client_id", ""))
    if target is None or application is None:
        return None
    origins = {"/".join(uri.split("/")[:3]) for uri in rules.redirect_uris(call, application)}
    return target if "/".join(target.split("/")[:3]) in origins else None


# token to session


def token_to_session(call: Call) -> Response:
    """Turn a bearer token of a password application (or an asymmetric JWT of one) into a session."""
    identity = calling_identity(call)
    if identity.means == "bearer":
        token = identity.token
        application = call.store.applications.get(token.application or "") if token is not None else None
        if application is None or application.authorization_grant_type != "password":
            raise _token_refused("non_supported_token", "Only access tokens with grant type password are supported.")
    else:
        if (identity.claims or {}).get("grant_type") != "password":
            raise _token_refused("non_supported_token", "Only access tokens with grant type password are supported.")
        if not _is_asymmetric(call):
            raise _token_refused("non_asymmetric_token", "Only asymmetric jwt are supported.")
    if identity.user.password is None or identity.user.standing == "disabled":
        disabled = f"the account of {identity.user.username} was disabled by the staff; `standing` in a world file"
        why = disabled if identity.user.password is not None else "the account has no password that anybody can use"
        raise _token_refused("account_disabled", "User account is disabled.", why)
    session.start(call, identity.user)
    csrf.ensure(call)
    return wire.no_content()


def _is_asymmetric(call: Call) -> bool:
    from lms_emulator.signing import jwt

    token = call.headers.get("authorization", "").split()[-1:]
    return bool(token) and str(jwt.read(token[0]).header.get("alg")).startswith("RS")


def _token_refused(code: str, text: str, why: str | None = None) -> refusals.OpenedxRefusal:
    body = {"error_code": code, "developer_message": text}
    check = "token kind" if why is None else "the account is one to sign in with"
    return refusals.OpenedxRefusal(code, status=401, message=text, body=body, check=check, diagnosis=why)


# CSRF token


def csrf_token(call: Call) -> Response:
    """A CSRF token for scripts, and its cookie."""
    return wire.api_json({"csrfToken": csrf.form_token(call)})


FAMILY = Family("", tag="session")
_LOGIN = Family("", tag="session", get=describe_login, authenticators=credentials.NONE, permissions=(anyone,))
_SIGN_IN, _OLDER = "Sign a browser in", "Sign a browser in (older URL)"
_LOGIN_FORM = "edx-platform openedx/core/djangoapps/user_authn/urls_common.py, user_api_login_session"

ROUTES = (
    *(
        FAMILY.page(
            path,
            no_head,
            "Sign-in page: no HEAD",
            "HEAD",
            evidence="documented",
            source="edx-platform openedx/core/djangoapps/user_authn/views/login_form.py, require_http_methods",
        )
        for path in _AUTHN_PAGES
    ),
    FAMILY.page("/login", login_page, "Sign-in page", "GET", evidence="observed", source=recorded("main", 1234)),
    FAMILY.page(
        "/register",
        login_page,
        "Registration page, which is the sign-in page",
        "GET",
        evidence="chosen",
        source="edx-platform openedx/core/djangoapps/user_authn/urls.py, register_user",
    ),
    FAMILY.page(
        "/password_assistance",
        login_page,
        "Password assistance page, which is the sign-in page",
        "GET",
        source=recorded("openedx-2/authn", 8),
    ),
    *(
        FAMILY.page(
            path,
            account_settings,
            "Account settings page",
            "GET",
            evidence="documented",
            source="edx-platform openedx/core/djangoapps/user_api/legacy_urls.py",
        )
        for path in ("/account", "/account/", "/account/settings/")
    ),
    FAMILY.page(
        "/account/settings", account_settings, "Account settings page", "GET", source=recorded("openedx-2/authn", 14)
    ),
    *_LOGIN.resource(
        "/api/user/v1/account/login_session/", _SIGN_IN, post=sign_in_v1, source=recorded("main", 1232, 1239)
    ),
    *_LOGIN.resource("/api/user/v2/account/login_session/", _SIGN_IN, post=sign_in_v2, source=recorded("main", 1245)),
    *_LOGIN.resource(
        "/user_api/v1/account/login_session/", _OLDER, post=sign_in_v1, evidence="documented", source=_LOGIN_FORM
    ),
    *_LOGIN.resource(
        "/user_api/v2/account/login_session/", _OLDER, post=sign_in_v2, evidence="documented", source=_LOGIN_FORM
    ),
    FAMILY.page("/login_ajax", login_ajax, _OLDER, source=recorded("main", 1313)),
    FAMILY.page(
        "/login_post",
        login_ajax,
        _OLDER,
        evidence="documented",
        source="edx-platform openedx/core/djangoapps/user_authn/urls_common.py, login_post",
    ),
    FAMILY.page(
        "/login_refresh", login_refresh, "New JWT cookies for a signed-in browser", source=recorded("extra", 2)
    ),
    FAMILY.page("/logout", logout, "Sign out", evidence="observed", source=recorded("extra", 13)),
    *FAMILY.resource(
        "/oauth2/login/",
        "Turn a token into a browser session",
        post=token_to_session,
        authenticators=credentials.BEARER_JWT,
        evidence="documented",
        source="edx-platform openedx/core/djangoapps/auth_exchange/views.py, LoginWithAccessTokenView",
    ),
    *FAMILY.resource(
        "/csrf/api/v1/token",
        "A CSRF token and its cookie",
        get=csrf_token,
        permissions=(anyone,),
        authenticators=credentials.JWT_SESSION,
        source=recorded("main", 1225),
    ),
)
