"""JSON Web Tokens: signing, and verification against a given time.

A thin layer over PyJWT that adds two things: the *time* (PyJWT reads the wall clock, so its time checks are off and are
made here against `now`), and the *reason* (each fault has its own name, so that a provider can tell an integrator which
check failed).

The libraries are imported when a token is first signed or verified, not with this module.

Sources: RFC 7515 (JWS), RFC 7519 (JWT), RFC 8725 (best current practice).
"""

from __future__ import annotations

import base64
import functools
import json
import sys
from collections.abc import Collection, Mapping
from typing import Any, Literal, NamedTuple, TypeAlias

from lms_emulator.signing.jwk import KeySet, SigningKey, VerifyingKey, load_private_key, public_half
from lms_emulator.signing.token_errors import TokenError

Claims: TypeAlias = dict[str, Any]
CURVES = {"ES256": "secp256r1", "ES384": "secp384r1", "ES512": "secp521r1"}
"""The curve of each elliptic algorithm (RFC 7518, 3.4)."""

Critical = Literal["refuse", "ignore"]
"""What to do with a token that has a `crit` header. No extension is supported (RFC 7515, 4.1.11)."""

_WITHOUT_SPACES = json.JSONEncoder(separators=(",", ":"))


class Unverified(NamedTuple):
    """A decoded but unverified token. Use it only to explain a fault or to find the right key."""

    header: dict[str, Any]
    claims: Claims


def sign(
    claims: Mapping[str, Any],
    key: SigningKey,
    *,
    algorithm: str = "RS256",
    kid: str | None = None,
    headers: Mapping[str, Any] | None = None,
) -> str:
    """Sign claims as a compact JWT.

    Parameters:
        claims: the payload; times are in whole epoch seconds, and the caller sets them.
        key: RSA private key (object or PEM) for RS*, secret for HS*.
        algorithm: JWS name, e.g. `RS256`, `RS512`, `HS256`.
        kid: key id for the header; omitted if `None`.
        headers: further header members.

    Returns:
        `header.payload.signature`; the header is `{"alg", "typ": "JWT", "kid"?, ...}`.
    """
    header = {"alg": algorithm, **({} if kid is None else {"kid": kid}), "typ": "JWT", **(headers or {})}
    signer, prepared = _signer(algorithm, key)
    signed = f"{_encode(_compact(header))}.{_encode(_compact(claims))}"
    return f"{signed}.{_encode(signer.sign(signed.encode(), prepared))}"


@functools.lru_cache(maxsize=64)
def _signer(algorithm: str, key: SigningKey) -> tuple[Any, Any]:
    """The algorithm's signer, and the key in the form that it expects."""
    from jwt import get_algorithm_by_name

    material: Any = key
    if not algorithm.startswith("HS") and isinstance(key, str | bytes):
        material = load_private_key(key)
    signer = get_algorithm_by_name(algorithm)
    return signer, signer.prepare_key(material)


def read(token: str) -> Unverified:
    """Header and claims of a token, unverified.

    Raises:
        TokenError: `malformed` when it is not a compact JWS with two JSON objects.
    """
    parts = token.split(".")
    if len(parts) != 3:
        raise TokenError("malformed", "token", expected="three parts joined by dots", got=f"{len(parts)} part(s)")
    return Unverified(_object(parts[0], "header"), _object(parts[1], "payload"))


def claim(token: str, name: str) -> str | None:
    """A text claim of an unverified token; None if there is none."""
    try:
        found = read(token).claims.get(name)
    except TokenError:
        return None
    return found if isinstance(found, str) else None


def is_signed(token: str, secret: str, algorithm: str) -> bool:
    """Whether a token was signed with this secret; its claims are not checked."""
    try:
        header, _ = read(token)
        _check_signature(token, header, secret, (algorithm,))
    except TokenError:
        return False
    return True


def verify(
    token: str,
    keys: VerifyingKey | KeySet,
    *,
    algorithms: Collection[str],
    now: float,
    audience: str | Collection[str] | None = None,
    issuer: str | Collection[str] | None = None,
    leeway: float = 0,
    required: Collection[str] = ("exp",),
    max_age: float | None = None,
    critical: Critical = "refuse",
) -> Claims:
    """Verify a token and return its claims.

    Parameters:
        token: compact JWS.
        keys: one key, or a set in which the header's `kid` selects one.
        algorithms: allowed JWS names; others are refused before any key is used.
        now: the current time, in epoch seconds.
        audience: the accepted `aud` values, one of which is enough; `None` skips the check.
        issuer: the accepted `iss` values; `None` skips the check.
        leeway: tolerated clock difference in seconds, for every comparison of times.
        required: claims that must be present (and not null).
        max_age: maximum time since `iat`, in seconds; `None` skips the check.
        critical: whether a `crit` header is refused. Libraries without support for it ignore it.

    Raises:
        TokenError: with the reason. A token is expired from the second `exp` on (RFC 7519 section 4.1.4: "on or
            after which"), and valid from `nbf` on.
    """
    claims = signed(token, keys, algorithms=algorithms, critical=critical)
    for name in required:
        if claims.get(name) is None:
            raise TokenError("missing_claim", name, expected="present", got=sorted(claims))
    _check_times(claims, now, leeway, max_age)
    if issuer is not None:
        _check_issuer(claims.get("iss"), issuer)
    if audience is not None:
        _check_audience(claims.get("aud"), audience)
    return claims


def signed(
    token: str, keys: VerifyingKey | KeySet, *, algorithms: Collection[str], critical: Critical = "refuse"
) -> Claims:
    """Verify only the signature of a token and return its claims. Raises TokenError."""
    header, claims = read(token)
    if critical == "refuse" and "crit" in header:
        raise TokenError("crit_not_understood", "crit", expected="absent", got=header["crit"])
    _check_signature(token, header, keys, algorithms)
    return claims


def _check_signature(
    token: str, header: Mapping[str, Any], keys: VerifyingKey | KeySet, allowed: Collection[str]
) -> None:
    algorithm = header.get("alg")
    if not isinstance(algorithm, str) or algorithm.lower() == "none":
        raise TokenError("alg_none", "alg", expected=sorted(allowed), got=algorithm)
    if algorithm not in allowed:
        confused = algorithm.startswith("HS") and not any(name.startswith("HS") for name in allowed)
        raise TokenError(
            "alg_confusion" if confused else "alg_not_allowed", "alg", expected=sorted(allowed), got=algorithm
        )
    if isinstance(keys, KeySet):
        kid = header.get("kid")
        found = keys.get(None if kid is None else str(kid))
        if found is None:
            raise TokenError("unknown_kid", "kid", expected=keys.kids, got=kid)
    else:
        found = keys
    if not _signature_holds(token, algorithm, found):
        raise TokenError(
            "bad_signature", "signature", expected=f"{algorithm} by kid {header.get('kid')!r}", got="another"
        )


def _signature_holds(token: str, algorithm: str, key: VerifyingKey) -> bool:
    from jwt import get_algorithm_by_name

    material: Any = key if algorithm.startswith("HS") else public_half(key)
    curve = getattr(material, "curve", None)
    if (curve.name if curve is not None else None) != CURVES.get(algorithm):
        return False  # a key of another type or curve
    signed, _, signature = token.rpartition(".")
    try:
        raw = _decode(signature)
    except ValueError as exc:
        raise TokenError("malformed", "signature", expected="base64url without padding", got=signature[:60]) from exc
    verifier = get_algorithm_by_name(algorithm)
    return bool(verifier.verify(signed.encode(), verifier.prepare_key(material), raw))


def _check_times(claims: Claims, now: float, leeway: float, max_age: float | None) -> None:
    expires, starts, issued = (_seconds(claims, name) for name in ("exp", "nbf", "iat"))
    if expires is not None and now >= expires + leeway:
        raise TokenError("expired", "exp", expected=f"after {now:.3f}", got=expires, issued=issued)
    if starts is not None and now < starts - leeway:
        raise TokenError("not_yet_valid", "nbf", expected=f"at or before {now:.3f}", got=starts)
    if issued is not None and now < issued - leeway:
        raise TokenError("issued_in_future", "iat", expected=f"at or before {now:.3f}", got=issued)
    if max_age is not None and issued is not None and now > issued + max_age + leeway:
        raise TokenError("too_old", "iat", expected=f"at or after {now - max_age:.3f}", got=issued)


def _seconds(claims: Claims, name: str) -> float | None:
    value = claims.get(name)
    if value is None:
        return None
    # Booleans are not numbers, and JSON allows integers that are too large to calculate with.
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < sys.float_info.max:
        raise TokenError("bad_claim", name, expected="seconds since the epoch", got=value)
    return value


def _check_issuer(got: object, accepted: str | Collection[str]) -> None:
    wanted = {accepted} if isinstance(accepted, str) else set(accepted)
    if not isinstance(got, str) or got not in wanted:
        raise TokenError("wrong_issuer", "iss", expected=sorted(wanted), got=got)


def _check_audience(got: object, accepted: str | Collection[str]) -> None:
    wanted = {accepted} if isinstance(accepted, str) else set(accepted)
    named = (
        {got}
        if isinstance(got, str)
        else {value for value in got if isinstance(value, str)}
        if isinstance(got, list)
        else set()
    )
    if not wanted & named:
        raise TokenError("wrong_audience", "aud", expected=sorted(wanted), got=got)


def _compact(value: Mapping[str, Any]) -> bytes:
    return _WITHOUT_SPACES.encode(value).encode()


def _encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _object(part: str, what: str) -> dict[str, Any]:
    try:
        raw = _decode(part)
        value = json.loads(raw)
        if rb"\ud" in raw.lower():  # a lone surrogate becomes U+FFFD
            plain = json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass")
            value = json.loads(plain.decode("utf-8", "replace"))
    except (ValueError, RecursionError) as exc:
        raise TokenError("malformed", what, expected="base64url of a JSON object", got=part[:60]) from exc
    if not isinstance(value, dict):
        raise TokenError("malformed", what, expected="a JSON object", got=type(value).__name__)
    return value


def _decode(part: str) -> bytes:
    """Decode base64url without padding. Raises ValueError for anything else."""
    # The decoder would also accept padding and the alphabet of ordinary base64.
    if "=" in part or "+" in part or "/" in part:
        raise ValueError
    return base64.b64decode(part + "=" * (-len(part) % 4), altchars=b"-_", validate=True)
