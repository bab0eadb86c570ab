"""Canvas's validation of JWTs that tools sign: client assertions and deep linking responses.

Source: canvas-lms lib/canvas/security/jwt_validator.rb; fixtures/recordings/canvas/lti-token.jsonl 14-54,
fixtures/recordings/canvas/lti-deeplink.jsonl 206-250.
"""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call import Call
from lms_emulator.signing.jwk import KeySet, VerifyingKey
from lms_emulator.signing.jwt import Claims, read, signed
from lms_emulator.signing.token_errors import TokenError

NO_KID = "the header has no `kid`: Canvas finds a key in the tool's key set by its `kid` only"


class Wrong(NamedTuple):
    """An invalid claim, with Canvas's message about it."""

    kind: str
    sentence: str
    claim: str
    expected: Any = None
    got: Any = None


def signature(call: Call, token: str, keys: KeySet, *, published: bool) -> Claims:
    """Verify a token's signature and return its claims. Raises TokenError.

    Parameters: `published`, whether the keys were fetched from the tool, so that `kid` has to select one (as in
    github.com/nov/json-jwt lib/json/jose.rb). A single registered key is used whatever `kid` is.
    """
    header = read(token).header
    kid = header.get("kid")
    if published and kid is None and header.get("alg") == "RS256":
        raise TokenError("missing_kid", "kid", expected=keys.kids, got=None)
    only = keys.get(None)
    key: KeySet | VerifyingKey = keys if published or only is None else only
    claims = signed(token, key, algorithms=["RS256"], critical=call.settings.critical_headers)
    if key is not keys and kid is not None and keys.kids != [str(kid)]:
        unchecked(call, "kid_unknown", "kid is the key's", expected=keys.kids, got=kid)
    return claims


def unchecked(call: Call, code: str, check: str, *, expected: Any, got: Any) -> None:
    """Warn about something that Canvas does not check, or raise TokenError if the setting says so."""
    if call.settings.unchecked_by_canvas == "refuse":
        kind: Any = "unknown_kid" if code == "kid_unknown" else "bad_claim"
        raise TokenError(kind, check, expected=expected, got=got)
    call.warn(code, f"{check}: Canvas does not check it ({got!r}, not {expected!r}); other platforms refuse this")


def faults(call: Call, claims: Mapping[str, Any], required: Sequence[str], audiences: Collection[str]) -> list[Wrong]:
    """The invalid claims. If required claims are missing, nothing else is checked.

    Raises Unhandled for times that are not numbers.
    """
    missing = [name for name in required if name not in claims]
    if missing:
        names = ",".join(missing)
        text = f"the following assertions are missing: {names}"
        return [Wrong("missing_claim", text, names, "present", sorted(claims))]
    return [*_audience(claims["aud"], audiences), *_times(call, claims)]


def _audience(got: Any, audiences: Collection[str]) -> Iterator[Wrong]:
    named = got if isinstance(got, list) else [got]
    if not any(value in audiences for value in named if isinstance(value, str)):
        yield Wrong("wrong_audience", "the 'aud' is invalid", "aud", sorted(audiences), got)


def _times(call: Call, claims: Mapping[str, Any]) -> Iterator[Wrong]:
    now, age = call.clock.timestamp(), call.settings.assertion_max_age_seconds
    expires, issued = _seconds(claims, "exp"), _seconds(claims, "iat")
    if expires <= now:
        yield Wrong("expired", "the JWT has expired", "exp", f"after {now:.3f}", expires)
    if issued < now - age:
        text = f"the 'iat' must be less than {age} seconds old"
        yield Wrong("too_old", text, "iat", f"at or after {now - age:.3f}", issued)
    if issued > now + call.settings.assertion_future_buffer_seconds:
        text = "the 'iat' must not be in the future"
        yield Wrong("issued_in_future", text, "iat", f"at or before {now:.3f}", issued)


def _seconds(claims: Mapping[str, Any], name: str) -> float:
    value = claims[name]
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < sys.float_info.max:
        raise refusals.page_crashed(f"`{name}` is not a number: {value!r}")
    return value
