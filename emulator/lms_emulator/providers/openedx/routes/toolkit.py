"""`/_o/` and `/auth/jwks.json`: django-oauth-toolkit's own addresses, and the public keys of JWTs.

Its token, authorization and revocation endpoints stand with the platform's. Source: django-oauth-toolkit 1.7.1
`oauth2_provider/urls.py`, `views/introspect.py` and `views/mixins.py` (OIDCOnlyMixin).
"""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from lms_emulator.core.http.exchange import BodyError
from lms_emulator.providers.openedx import pages, refusals, wire
from lms_emulator.providers.openedx.call import Call
from lms_emulator.providers.openedx.model import lookup
from lms_emulator.providers.openedx.oauth import jwts
from lms_emulator.providers.openedx.oauth.clients import ClientCheck
from lms_emulator.providers.openedx.routes.authorize import to_login
from lms_emulator.providers.openedx.routes.resource import Family, recorded
from lms_emulator.providers.openedx.web import session


def jwks(call: Call) -> Response:
    """The public keys of RS512 tokens."""
    return wire.pretty_json(jwts.key_set(call.store.section.jwt))


def introspect(call: Call) -> Response:
    """Whether a token is active: for applications that authenticate, and bearers of a token with that scope."""
    if not _may_introspect(call):
        raise refusals.OpenedxRefusal(
            "introspection_forbidden",
            status=403,
            style="empty",
            check="client authentication",
            expected="HTTP Basic with client id and secret",
        )
    try:
        text = call.query.get("token", "") if call.method == "GET" else call.field("token")
    except BodyError:
        text = ""
    token = lookup.access_token(call.store, call.settings, text)
    if token is None or token.expires <= call.clock.now():
        return wire.spaced_json({"active": False})
    document: dict[str, Any] = {"active": True, "scope": token.scope, "exp": int(token.expires.timestamp())}
    if token.application is not None:
        document["client_id"] = token.application
    if token.user is not None:
        document["username"] = token.user
    return wire.spaced_json(document)


def _may_introspect(call: Call) -> bool:
    words = call.headers.get("authorization", "").split()
    if len(words) == 2 and words[0] == "Bearer":
        token = lookup.access_token(call.store, call.settings, words[1])
        alive = token is not None and token.expires > call.clock.now()
        return token is not None and alive and "introspection" in token.scope.split()
    try:
        ClientCheck(call).authenticate()
    except (refusals.OpenedxRefusal, BodyError):
        return False
    return True


def oidc_is_off(call: Call) -> Response:
    """OpenID Connect is switched off: an empty 404."""
    raise refusals.OpenedxRefusal(
        "oidc_disabled", status=404, style="empty", check="OpenID Connect", expected="on", got="off"
    )


def own_applications(call: Call) -> Response:
    """The signed-in user's own applications."""
    user = session.current(call).user
    if user is None:
        return to_login(call)
    own = call.store.applications.find("user", user.username)
    return pages.page(call, "own_applications.html", title="Your applications", applications=own)


def own_tokens(call: Call) -> Response:
    """The signed-in user's access tokens."""
    user = session.current(call).user
    if user is None:
        return to_login(call)
    own = [token for token in call.store.access_tokens if token.user == user.username]
    return pages.page(call, "own_tokens.html", title="Tokens", tokens=own)


FAMILY = Family("", tag="site")
_OIDC_OFF = "OpenID Connect is off"

ROUTES = (
    FAMILY.page("/auth/jwks.json", jwks, "Public keys of RS512 tokens", "GET", source=recorded("main", 417)),
    FAMILY.page("/_o/introspect/", introspect, "Introspect a token", "GET", "POST", source=recorded("main", 414)),
    FAMILY.page(
        "/_o/.well-known/openid-configuration/",
        oidc_is_off,
        _OIDC_OFF,
        evidence="documented",
        source="django-oauth-toolkit 1.7.1 oauth2_provider/views/mixins.py, OIDCOnlyMixin",
    ),
    FAMILY.page(
        "/_o/.well-known/jwks.json",
        oidc_is_off,
        _OIDC_OFF,
        evidence="documented",
        source="django-oauth-toolkit 1.7.1 oauth2_provider/views/mixins.py, OIDCOnlyMixin",
    ),
    FAMILY.page(
        "/_o/userinfo/",
        oidc_is_off,
        _OIDC_OFF,
        evidence="documented",
        source="django-oauth-toolkit 1.7.1 oauth2_provider/views/mixins.py, OIDCOnlyMixin",
    ),
    FAMILY.page(
        "/_o/applications/", own_applications, "The signed-in user's applications", "GET", source=recorded("main", 416)
    ),
    FAMILY.page(
        "/_o/authorized_tokens/",
        own_tokens,
        "The signed-in user's access tokens",
        "GET",
        evidence="documented",
        source="django-oauth-toolkit 1.7.1 oauth2_provider/views/token.py, AuthorizedTokensListView",
    ),
)
