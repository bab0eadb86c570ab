"""JWTs of the LMS: issuing and verifying.

Sources: edx-platform `openedx/core/djangoapps/oauth_dispatch/jwt.py` (create_jwt_token_dict, _create_jwt);
edx-drf-extensions 10.6.0 `edx_rest_framework_extensions/auth/jwt/decoder.py`; `fixtures/recordings/openedx`, main.jsonl
94-106 (claims in the same order).
"""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

from lms_emulator.core.access import issued_tokens
from lms_emulator.core.keys import private_key, public_numbers
from lms_emulator.core.numbers import parse_integer
from lms_emulator.providers.openedx.model.accounts import User
from lms_emulator.providers.openedx.model.section import JwtConfig, OpenedxStore
from lms_emulator.providers.openedx.settings import OpenedxSettings
from lms_emulator.signing import jwt
from lms_emulator.signing.token_errors import TokenError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

    from lms_emulator.providers.openedx.call import Call

VERSION = "1.2.0"
ASYMMETRIC = ("RS512", "RS256")
JWT = OpenedxStore.tables["issued_tokens"].credentials[0]


def anonymous_id(user_id: int, config: JwtConfig) -> str:
    """The 32 hex digits that identify a user to other sites: SHAKE-128 of the site's secret and the id."""
    return _anonymous_id(config.secret, user_id)


@functools.lru_cache(maxsize=256)
def _anonymous_id(secret: str, user_id: int) -> str:
    return hashlib.shake_128(f"{secret}{user_id}".encode()).hexdigest(16)


def create(
    user: User,
    *,
    config: JwtConfig,
    settings: OpenedxSettings,
    now: float,
    grant_type: str,
    scopes: Sequence[str],
    filters: Sequence[str],
    restricted: bool,
    asymmetric: bool,
    further: Mapping[str, Any] | None = None,
) -> str:
    """A signed token for a user.

    Parameters: `grant_type` with hyphens, as the application stores it; `asymmetric` signs RS512 instead of HS256;
    `further` the claims that only one endpoint adds.
    """
    issued = int(now)
    claims: dict[str, Any] = {
        "aud": config.audience,
        "exp": issued + settings.jwt_seconds,
        "grant_type": grant_type,
        "iat": issued,
        "iss": config.issuer,
        "preferred_username": user.username,
        "scopes": list(scopes),
        "version": VERSION,
        "sub": anonymous_id(user.id, config),
        "filters": list(filters),
        "is_restricted": restricted,
        "email_verified": user.is_active,
        **(further or {}),
    }
    for scope in scopes:
        claims.update(_scope_claims(scope, user))
    kid = config.kid if settings.jwt_kid_header else None
    if asymmetric:
        return jwt.sign(claims, signing_key(config), algorithm="RS512", kid=kid)
    return jwt.sign(claims, config.secret, algorithm="HS256", kid=kid)


def issue(call: Call, user: User, **details: Any) -> str:
    """A token that this world issues. Parameters: the others of `create`."""
    token = create(user, config=call.store.section.jwt, settings=call.settings, now=call.clock.timestamp(), **details)
    until = int(call.clock.timestamp()) + call.settings.jwt_seconds + call.settings.jwt_leeway_seconds
    call.world.given_out.note(call.world.name, call.provider, JWT.name, issued_tokens.digest(token))
    return issued_tokens.remember(call.store.issued_tokens, token, until)


def is_foreign(call: Call, token: str) -> bool:
    """Whether another world issued the token, or this one before a reset.

    The platform takes every token that is signed with its keys, and so do worlds that share them: other services sign
    some themselves. So a world refuses what it knows to be another's, not what it does not know.
    """
    if issued_tokens.find(call.store.issued_tokens, token) is not None:
        return False
    stores = (world.stores.get(call.provider) for world in call.world.others())
    elsewhere = any(
        isinstance(store, OpenedxStore) and issued_tokens.find(store.issued_tokens, token) for store in stores
    )
    return elsewhere or call.world.given_out.where(call.provider, JWT, token) is not None


def _scope_claims(scope: str, user: User) -> dict[str, Any]:
    if scope == "email":
        return {"email": user.email}
    if scope == "profile":
        return {
            "name": user.name,
            "family_name": user.last_name,
            "given_name": user.first_name,
            "administrator": user.is_staff,
            "superuser": user.is_superuser,
        }
    return {"user_id": user.id} if scope == "user_id" else {}


def verify(token: str, *, config: JwtConfig, settings: OpenedxSettings, now: float) -> jwt.Claims:
    """The claims of a valid token: RS512 and RS256 by the public key set, HS256 by the shared secret.

    Raises TokenError with the reason; on the wire every one is "Invalid token.".
    """
    algorithm = str(jwt.read(token).header.get("alg"))
    asymmetric = algorithm in ASYMMETRIC
    claims = jwt.verify(
        token,
        signing_key(config).public_key() if asymmetric else config.secret,
        algorithms=ASYMMETRIC if asymmetric else ("HS256",),
        now=now,
        audience=config.audience,
        issuer=config.issuer,
        leeway=settings.jwt_leeway_seconds,
        required=("exp", "iat"),
        critical=settings.critical_headers,
    )
    version = str(claims.get("version", "1.0.0"))
    major = version.partition(".")[0]
    if (number := parse_integer(major)) is None or number > 1:
        raise TokenError("bad_claim", "version", expected="major version 1", got=version)
    return claims


def signing_key(config: JwtConfig) -> RSAPrivateKey:
    """The site's RSA key."""
    if config.private_signing_jwk is None:
        return private_key("openedx")
    return _key_of(json.dumps(config.private_signing_jwk))


@functools.lru_cache(maxsize=16)
def _key_of(jwk: str) -> RSAPrivateKey:
    from jwt.algorithms import RSAAlgorithm

    return cast("RSAPrivateKey", RSAAlgorithm.from_jwk(jwk))


def key_set(config: JwtConfig) -> dict[str, Any]:
    """The public key set, as the site configures it."""
    public = config.private_signing_jwk or public_numbers("openedx")
    return {
        "keys": [
            {"kty": "RSA", "key_ops": ["verify"], "n": public["n"], "e": public["e"], "kid": config.kid},
        ]
    }
