"""Health, keys, introspection, token exchange, the pages around the site, and addresses that are known to lead nowhere.

Sources: openedx.md 3, 9; recorded answers (groups oauth2, misc, extras).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lms_emulator.core.evidence import Evidence
from lms_emulator.core.http.exchange import BodyError
from lms_emulator.core.http.routing import Handler, Route
from lms_emulator.providers.openedx import credentials, html, jwts, visits, wire
from lms_emulator.providers.openedx.clients import ClientCheck
from lms_emulator.providers.openedx.model import lookup
from lms_emulator.providers.openedx.routes.authorize import to_login
from lms_emulator.providers.openedx.views import ApiView, anyone, server_error

if TYPE_CHECKING:
    from starlette.responses import Response

    from lms_emulator.providers.openedx.visits import Call


def heartbeat(x: Call) -> Response:
    """Whether the site's parts are alive."""
    fine: dict[str, Any] = {"status": True, "message": "OK"}
    parts = {"modulestore": fine, "sql": fine}
    if "extended" in x.query:
        parts["celery"] = {"status": True, "message": "{'time': '0.014162540435791016'}"}
    return wire.pretty_json(parts)


def jwks(x: Call) -> Response:
    """The public keys of RS512 tokens."""
    return wire.pretty_json(jwts.key_set(x.store.section.jwt))


# the toolkit's own addresses


def introspect(x: Call) -> Response:
    """What a token is worth; for applications that authenticate, or bearers of a token with scope `introspection`."""
    if not _may_introspect(x):
        raise wire.OpenedxRefusal(
            "introspection_forbidden",
            status=403,
            style="empty",
            check="client authentication",
            expected="HTTP Basic with client id and secret",
        )
    try:
        text = x.query.get("token", "") if x.method == "GET" else x.field("token")
    except BodyError:
        text = ""
    token = lookup.access_token(x.store, x.settings, text)
    if token is None or token.expires <= x.clock.now():
        return wire.spaced_json({"active": False})
    document: dict[str, Any] = {"active": True, "scope": token.scope, "exp": int(token.expires.timestamp())}
    if token.application is not None:
        document["client_id"] = token.application
    if token.user is not None:
        document["username"] = token.user
    return wire.spaced_json(document)


def _may_introspect(x: Call) -> bool:
    words = x.headers.get("authorization", "").split()
    if len(words) == 2 and words[0] == "Bearer":
        token = lookup.access_token(x.store, x.settings, words[1])
        alive = token is not None and token.expires > x.clock.now()
        return token is not None and alive and "introspection" in token.scope.split()
    try:
        ClientCheck(x).authenticate()
    except (wire.OpenedxRefusal, BodyError):
        return False
    return True


def oidc_is_off(x: Call) -> Response:
    """OpenID Connect is switched off: an empty 404."""
    raise wire.OpenedxRefusal(
        "oidc_disabled", status=404, style="empty", check="OpenID Connect", expected="on", got="off"
    )


def own_applications(x: Call) -> Response:
    """The signed-in user's own applications."""
    visit = visits.of(x)
    if visit.session_user is None:
        return to_login(x)
    own = x.store.applications.find("user", visit.session_user.username)
    return html.page(x, "own_applications.html", title="Your applications", applications=own)


def own_tokens(x: Call) -> Response:
    """The signed-in user's access tokens."""
    visit = visits.of(x)
    if visit.session_user is None:
        return to_login(x)
    own = [token for token in x.store.access_tokens if token.user == visit.session_user.username]
    return html.page(x, "own_tokens.html", title="Tokens", tokens=own)


_BACKENDS = frozenset(
    {"google-oauth2", "facebook", "linkedin-oauth2", "azuread-oauth2", "apple-id", "identityServer3", "tpa-saml", "lti"}
)


def exchange_access_token(x: Call) -> Response:
    """Trade another site's token for one of ours. Third-party sign-in is not set up, so no trade ever succeeds."""
    form = {} if not x.is_form else dict(x.form())
    for name in ("access_token", "client_id"):
        if not form.get(name):
            raise _exchange_refused("invalid_request", f"{name} is required")
    client_id = x.field("client_id")
    application = lookup.application(x.store, x.settings, client_id)
    if application is None:
        raise _exchange_refused("invalid_client", f"{client_id} is not a valid client_id")
    if application.client_type != "public":
        raise _exchange_refused("invalid_client", f"{client_id} is not a public client")
    x.warn("provider_defect", "third-party sign-in is not set up on the recorded server, which fails on this")
    return server_error(x)


def _exchange_refused(error: str, description: str) -> wire.OpenedxRefusal:
    return wire.OpenedxRefusal(
        error,
        status=400,
        body=wire.Verbatim({"error": error, "error_description": description}),
        message=description,
        check="token exchange",
    )


_exchange_view = ApiView(
    "/oauth2/exchange_access_token/{backend}/",
    post=exchange_access_token,
    authenticators=credentials.NONE,
    permissions=(anyone,),
    allow="POST",
    summary="Trade another site's token",
    evidence="recorded",
    source="openedx.md 3",
    tag="oauth2",
)


def exchange(x: Call) -> Response:
    """The view of token exchange, which the backend's name is looked up in front of."""
    if x.path_params["backend"] not in _BACKENDS:
        raise wire.OpenedxRefusal(
            "unknown_backend",
            status=404,
            style="not-found",
            check="sign-in backend",
            expected=sorted(_BACKENDS),
            got=x.path_params["backend"],
        )
    return _exchange_view(x)


# pages


def dashboard(x: Call) -> Response:
    """The signed-in user's courses."""
    user = visits.of(x).session_user
    if user is None:
        return to_login(x)
    enrolled = [e.course for e in x.store.enrollments.find("user", user.username) if e.is_active]
    courses = [course for course in (x.store.courses.get(key) for key in enrolled) if course is not None]
    visits.need_csrf(x, first=True)
    page = html.page(x, "dashboard.html", title="Dashboard", courses=courses)
    page.headers["vary"] = "Cookie"
    return page


def catalogue(x: Call) -> Response:
    """The course catalogue."""
    return _courses(x, title="Courses", heading="Refine Your Search")


def _courses(x: Call, *, title: str, heading: str) -> Response:
    visits.need_csrf(x, first=True)
    shown = [course for course in x.store.courses if course.catalog_visibility == "both"]
    page = html.page(x, "courses.html", title=title, heading=heading, courses=shown)
    page.headers["vary"] = "Cookie"
    return page


def home(x: Call) -> Response:
    """The front page: the dashboard when signed in, else a welcome and the catalogue."""
    if visits.of(x).session_user is not None:
        return wire.redirect(f"{x.prefix}/dashboard")
    return _courses(x, title="", heading="Welcome to the Open edX® platform!")


def favicon(x: Call) -> Response:
    """Where the icon would be."""
    return wire.redirect(f"{x.prefix}/static/images/favicon.ico", 301)


def forbidden_page(x: Call) -> Response:
    """The site's 403 page."""
    raise wire.OpenedxRefusal("forbidden_page", status=403, style="forbidden-page", check="address /403")


def error_page(x: Call) -> Response:
    """The site's 500 page, shown on purpose."""
    return html.server_error(x)


def too_many_page(x: Call) -> Response:
    """The site's 429 page."""
    raise wire.OpenedxRefusal("too_many_requests_page", status=429, style="too-many", check="address /429")


def _route(
    path: str,
    handler: Handler,
    summary: str,
    *,
    methods: tuple[str, ...] = (),
    evidence: Evidence = "recorded",
    source: str = "openedx.md 9",
    tag: str = "site",
) -> Route:
    return Route(
        methods=methods, path=path, handler=handler, evidence=evidence, source=source, summary=summary, tag=tag
    )


ROUTES = (
    _route("/heartbeat", heartbeat, "Health of the site", methods=("GET",)),
    _route("/auth/jwks.json", jwks, "Public keys of RS512 tokens", methods=("GET",)),
    _route("/_o/introspect/", introspect, "Introspect a token", methods=("GET", "POST")),
    _route("/_o/.well-known/openid-configuration/", oidc_is_off, "OpenID Connect is off"),
    _route("/_o/.well-known/jwks.json", oidc_is_off, "OpenID Connect is off"),
    _route("/_o/userinfo/", oidc_is_off, "OpenID Connect is off"),
    _route("/_o/applications/", own_applications, "The signed-in user's applications", methods=("GET",)),
    _route(
        "/_o/authorized_tokens/",
        own_tokens,
        "The signed-in user's access tokens",
        methods=("GET",),
        evidence="documented",
        source="django-oauth-toolkit 1.7.1",
    ),
    _route(
        "/oauth2/exchange_access_token/{backend}/",
        exchange,
        "Trade another site's token",
        source="openedx.md 3",
        tag="oauth2",
    ),
    _route("/", home, "Front page", methods=("GET",), evidence="chosen"),
    _route("/dashboard", dashboard, "The signed-in user's courses", methods=("GET",)),
    _route("/courses", catalogue, "The course catalogue", methods=("GET",)),
    _route("/courses/", catalogue, "The course catalogue", methods=("GET",), evidence="documented"),
    _route("/favicon.ico", favicon, "Icon", methods=("GET",)),
    _route("/500", error_page, "The site's 500 page", evidence="documented"),
    _route("/403", forbidden_page, "The site's 403 page"),
    _route("/429", too_many_page, "The site's 429 page"),
)
