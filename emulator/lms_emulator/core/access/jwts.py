"""What a JWT tells before anybody verifies it: which sort of token it is, and whether it is whole."""

from __future__ import annotations

from base64 import urlsafe_b64decode
from typing import Any, NamedTuple

from lms_emulator.core.access.slips import is_jwt
from lms_emulator.core.http import json_text

_LTI = "https://purl.imsglobal.org/spec/lti/claim/message_type"
_RESPONSES = ("LtiDeepLinkingResponse", "LtiStartAssessment")
_SIZES = {"HS256": (32,), "HS384": (48,), "HS512": (64,), "ES256": (64,), "ES384": (96,), "ES512": (132,)}
_SIZES_OF_RSA = (128, 256, 384, 512)
_SORTS = {
    "id_token": "an id_token, which says who opened a tool",
    "response": "a message that a tool sends through the browser, such as a deep linking response",
    "assertion": "a client assertion, with which a tool requests a token",
}
_TAKEN = {
    "assertion": "an assertion is signed by the tool, with its client id as `iss` and `sub`",
    "response": "the response is signed by the tool, with the content items in it",
    "token": "send the access_token that the token endpoint answers a client assertion with",
    "user's token": "a REST call takes an access token issued for a user",
}
_OF_REASONS = (("assertion_", "assertion"), ("deep_linking_", "response"))
_OF_SERVICES, _OF_ANY = ("service_token_", "lti_token_"), "token_"


class Parts(NamedTuple):
    """A decoded but unverified JWT. Attributes: `signed`, the text that its signature is of."""

    signed: str
    header: dict[str, Any]
    claims: dict[str, Any]
    signature: bytes


def jwt_parts(token: str) -> Parts | None:
    """The parts of a JWT; None for any other text."""
    try:
        start, _, signature = token.rpartition(".")
        header, claims = (json_text.parse(decoded(part)) for part in start.split("."))
        raw = decoded(signature)
    except ValueError:
        return None
    return Parts(start, header, claims, raw) if isinstance(header, dict) and isinstance(claims, dict) else None


def decoded(part: str) -> bytes:
    """The bytes of a part. Raises ValueError if it is not base64url."""
    return urlsafe_b64decode(part + "=" * (-len(part) % 4))


def why_not_whole(token: str) -> str | None:
    """What its parts or the size of its signature say of a token: truncated, or written out; None if they are right."""
    if (parts := token.count(".") + 1) < 3:
        return f"it has {parts} of the three parts of a JWT, which dots join: it was cut"
    if len(token.rpartition(".")[2]) % 4 == 1:
        return "its signature ends within a byte: it was cut"
    if not is_jwt(token) or (read := jwt_parts(token)) is None:
        return None
    algorithm, size = str(read.header.get("alg")), len(read.signature)
    right = _SIZES.get(algorithm, _SIZES_OF_RSA)
    if size in right:
        return None
    usual = "something follows it" if {size - 1, size - 2, size - 3}.intersection(right) else "it was cut"
    how = {20: "it was cut, or made with SHA-1", 2 * right[0]: "it is in hexadecimal digits"}.get(size, usual)
    if algorithm in _SIZES and algorithm[:2] == "ES" and read.signature[:1] == b"0" and read.signature[1:2] != b"":
        how = f"it is in DER, as OpenSSL and node write it; a JWT has two numbers of {right[0] // 2} bytes"
    return f"its signature has {size} bytes, which {algorithm} never has: {how}"


def why_another_sort(token: str, reason: str, path: str = "") -> str | None:
    """Which other sort of token this is than the one that was refused; None if it is of that sort, or of no known.

    Parameters: `reason`, of the refusal; `path`, of the request, which says whether a service or REST was called.
    """
    taken = next((sort for start, sort in _OF_REASONS if reason.startswith(start)), None)
    if reason.startswith(_OF_SERVICES) or (reason.startswith(_OF_ANY) and "/lti/" in path):
        taken = "token"
    elif reason.startswith(_OF_ANY):
        taken = "user's token"
    read = jwt_parts(token) if taken is not None and is_jwt(token) else None
    if read is None or taken is None:
        return None
    kind = read.claims.get(_LTI)
    sort = "response" if kind in _RESPONSES else "id_token" if kind else None
    its_own = isinstance(read.claims.get("iss"), str) and read.claims["iss"] == read.claims.get("sub")
    if sort is None and its_own and "jti" in read.claims and "scope" not in read.claims:
        sort = "assertion"
    if (
        sort is None
        and taken in ("token", "user's token")
        and reason.endswith(("alg_not_allowed", "alg_confusion", "alg_none"))
    ):
        return f"this is a JWT that the platform did not issue; {_TAKEN[taken]}"
    return f"this is {_SORTS[sort]}; {_TAKEN[taken]}" if sort not in (None, taken) else None
