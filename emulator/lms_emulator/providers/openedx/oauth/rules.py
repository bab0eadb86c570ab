"""Grant types, scopes and redirect URIs that an application may use.

Sources: django-oauth-toolkit 1.7.1 `oauth2_provider/oauth2_validators.py` and `oauth2_provider/models.py`
(redirect_to_uri_allowed); edx-platform `openedx/core/djangoapps/oauth_dispatch/scopes.py` and
`dot_overrides/validators.py`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from urllib.parse import parse_qsl, urlsplit

from lms_emulator.providers.openedx.call import Call
from lms_emulator.providers.openedx.model.accounts import Application

SCOPES = {
    "read": "Read access",
    "write": "Write access",
    "email": "Know your email address",
    "profile": "Know your name and username",
    "certificates:read": "Retrieve your course certificates",
    "grades:read": "Retrieve your grades for your enrolled courses",
    "tpa:read": "Retrieve your third-party authentication username mapping",
    "user_id": "Know your user identifier",
}
DEFAULT_SCOPES = ("read", "write", "email", "profile")
OUT_OF_BAND = "urn:ietf:wg:oauth:2.0:oob"
OUT_OF_BAND_AUTO = "urn:ietf:wg:oauth:2.0:oob:auto"

GRANT_TYPES: dict[str, tuple[str, ...]] = {
    "authorization_code": ("authorization-code", "openid-hybrid"),
    "password": ("password",),
    "client_credentials": ("client-credentials",),
    "refresh_token": ("authorization-code", "password", "client-credentials"),
}
"""Which application types may use which grant."""

RESPONSE_TYPES: dict[str, tuple[str, ...]] = {
    "code": ("authorization-code", "openid-hybrid"),
    "token": ("implicit",),
    "id_token": ("implicit",),
    "id_token token": ("implicit",),
    "code id_token": ("openid-hybrid",),
    "code token": ("openid-hybrid",),
    "code id_token token": ("openid-hybrid",),
}


def available_scopes(application: Application) -> set[str]:
    """The scopes that an application may request."""
    further = application.access.scopes if application.access is not None else []
    return set(DEFAULT_SCOPES) | (set(further) & set(SCOPES))


def default_scopes(application: Application) -> list[str]:
    """The scopes of an application that requests none; a client-credentials one also gets `user_id` if allowed."""
    scopes = list(DEFAULT_SCOPES)
    if application.authorization_grant_type == "client-credentials" and "user_id" in available_scopes(application):
        scopes.append("user_id")
    return scopes


def scope_list(scope: str | None) -> list[str]:
    """A scope parameter as oauthlib splits it: an empty one is one empty scope (and so not allowed)."""
    return [] if scope is None else scope.strip().split(" ")


def filters(application: Application) -> list[str]:
    """The filters in the JWTs of an application."""
    own = application.access.filters if application.access is not None else []
    return [*([] if application.authorization_grant_type == "client-credentials" else ["user:me"]), *own]


def jwt_scopes(application: Application, scopes: Sequence[str]) -> list[str]:
    """The scopes in a JWT: those of password applications always have `user_id`."""
    if application.authorization_grant_type == "password" and "user_id" not in scopes:
        return [*scopes, "user_id"]
    return list(scopes)


_SAFE = r"A-Za-z0-9._~!$&'()*+,;=\-"
_CHARACTER = rf"(?:[{_SAFE}:@]|%[0-9A-Fa-f]{{2}})"
_IP_LITERAL = rf"\[(?:[A-Fa-f0-9:]+[:$][A-Fa-f0-9]{{1,4}}|v[0-9A-Fa-f]+\.[{_SAFE}:]+)\]"
_AUTHORITY = (  # oauthlib lets user information be one character long
    rf"(?:(?:[{_SAFE}:]|%[0-9A-Fa-f]{{2}})@)?(?:{_IP_LITERAL}|(?:[{_SAFE}]|%[0-9A-Fa-f]{{2}})*)(?::[0-9]*)?"
)
_ABSOLUTE = re.compile(
    r"[A-Za-z][A-Za-z0-9+.-]*:"
    rf"(?://{_AUTHORITY}(?:/{_CHARACTER}*)*|/(?:{_CHARACTER}+(?:/{_CHARACTER}*)*)?|{_CHARACTER}+(?:/{_CHARACTER}*)*|)"
    rf"(?:\?(?:{_CHARACTER}|[/?])*)?"
)


def is_absolute_uri(uri: str) -> bool:
    """RFC 3986's absolute-URI as oauthlib tests it: no fragment, and nothing that needs percent-encoding."""
    return _ABSOLUTE.fullmatch(uri) is not None


def redirect_uri_allowed(uri: str, registered: Iterable[str]) -> bool:
    """Whether a redirect URI is one of the registered ones.

    Scheme, host, port and path must be equal and the registered query part of the given one; a registered loopback
    address without a port stands for any port (RFC 8252 section 7.3).
    """
    try:
        given = urlsplit(uri)
        given_query = set(parse_qsl(given.query))
        given_host = given.hostname
    except ValueError:
        return False
    for allowed_uri in registered:
        try:
            allowed = urlsplit(allowed_uri)
            loopback = allowed.scheme == "http" and allowed.hostname in ("127.0.0.1", "::1") and allowed.port is None
        except ValueError:
            continue
        same_host = allowed.hostname == given_host if loopback else allowed.netloc == given.netloc
        same = allowed.scheme == given.scheme and same_host and allowed.path == given.path
        if same and set(parse_qsl(allowed.query)) <= given_query:
            return True
    return False


def redirect_uris(call: Call, application: Application) -> list[str]:
    """The registered redirect URIs, those of emulated sites (`ltiaas:/…`) written out."""
    return [call.resolve(uri) for uri in application.redirect_uris]


def default_redirect_uri(call: Call, application: Application) -> str | None:
    """The registered redirect URI if there is just one."""
    found = redirect_uris(call, application)
    return found[0] if len(found) == 1 else None
