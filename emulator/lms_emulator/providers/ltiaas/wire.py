"""LTIAAS's wire formats: bodies, the error envelope, the Authorization header, and state cookies."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Literal, NamedTuple

from starlette.responses import Response

from lms_emulator.core.access.slips import undone
from lms_emulator.core.http.refusals import Refusal
from lms_emulator.core.http.urls import in_a_header
from lms_emulator.core.suggest import nearest
from lms_emulator.providers.ltiaas.call import Call
from lms_emulator.providers.ltiaas.model import Tenant
from lms_emulator.providers.ltiaas.refusals import LtiaasRefusal

_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


def answer(body: Any, status: int = 200) -> Response:
    """A JSON response in the format of Express: UTF-8, with only lone surrogates escaped."""
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    if not text.isascii() and _LONE_SURROGATE.search(text):
        text = _LONE_SURROGATE.sub(lambda match: f"\\u{ord(match[0]):04x}", text)
    return Response(text, status, media_type="application/json; charset=utf-8")


def no_content() -> Response:
    """204 without a body."""
    return Response(status_code=204)


def redirect(location: str) -> Response:
    """302."""
    return Response(status_code=302, headers={"Location": in_a_header(location)})


def render(refusal: Refusal) -> Response:
    """The refusal as an answer: the envelope, or a redirect."""
    if not isinstance(refusal, LtiaasRefusal):
        return answer(_envelope(refusal.status, {"message": refusal.reason.upper()}), refusal.status)
    if refusal.location is not None:
        return redirect(refusal.location)
    body = _envelope(refusal.status, refusal.details) if refusal.envelope else refusal.details
    response = answer(body, refusal.status)
    response.headers.update(refusal.headers)
    return response


def _envelope(status: int, details: Mapping[str, Any]) -> dict[str, Any]:
    try:
        phrase = HTTPStatus(status).phrase
    except ValueError:
        phrase = "Error"
    return {"status": status, "error": phrase, "details": dict(details)}


Scheme = Literal["LTIK-AUTH-V2", "LTIK-AUTH-V1", "SERVICE-AUTH-V1", "Bearer"]
LTIK: tuple[Scheme, ...] = ("LTIK-AUTH-V2", "LTIK-AUTH-V1")
LTIK_OR_SERVICE: tuple[Scheme, ...] = (*LTIK, "SERVICE-AUTH-V1")

_V1_FORM = "Token=<ltik>, Additional=Bearer <API key>"
_V1 = re.compile(r"^Token=(?P<token>[^,\s]+)\s*,\s*Additional=Bearer\s+(?P<key>\S+)$", re.IGNORECASE)
_NAMES: dict[str, Scheme] = {
    "ltik-auth-v2": "LTIK-AUTH-V2",
    "ltik-auth-v1": "LTIK-AUTH-V1",
    "service-auth-v1": "SERVICE-AUTH-V1",
    "bearer": "Bearer",
}


_SCHEMES = "LTIK-AUTH-V2, SERVICE-AUTH-V1 and Bearer, followed by one space"


class Credential(NamedTuple):
    """The credential of a header. `token` is the ltik or service key; empty for Bearer."""

    scheme: Scheme
    api_key: str
    token: str = ""


class Unreadable(NamedTuple):
    """Why a header is not a credential. Attributes: `elsewhere`, whether to look for one in other places."""

    why: str
    diagnosis: str | None = None
    elsewhere: bool = False


def read_authorization(header: str | None) -> Credential | Unreadable:
    """Read an Authorization header into one of the schemes.

    V2 and service credentials are split at the first colon, which neither an API key nor a JWT contains. The V1 form is
    that of the official Moodle plugin. https://docs.ltiaas.com/guides/api/authentication
    """
    if not header or not header.strip():
        return Unreadable(
            "no Authorization header", f"send `Authorization: <scheme> <credentials>`; the schemes are {_SCHEMES}", True
        )
    name, _, rest = header.strip().partition(" ")
    rest = rest.strip()
    scheme = _NAMES.get(name.lower())
    if scheme is None:
        bare = f"unknown scheme `{name}`" if rest else "a bare value without a scheme"
        return Unreadable(bare, _guess(name, rest), True)
    if not rest:
        return Unreadable(f"{scheme} without credentials", f"nothing follows {scheme}: is the variable unset?")
    if scheme == "Bearer":
        return Credential(scheme, rest)
    if scheme == "LTIK-AUTH-V1":
        match = _V1.match(rest)
        if match is None:
            both = ":" in rest
            why = "the form `<API key>:<ltik>` is that of LTIK-AUTH-V2" if both else f"write `LTIK-AUTH-V1 {_V1_FORM}`"
            return Unreadable(f"LTIK-AUTH-V1 that is not `{_V1_FORM}`", why)
        return Credential(scheme, match["key"], match["token"])
    key, colon, token = rest.partition(":")
    if not colon or not key or not token:
        lacks = "the API key" if rest.count(".") == 2 else "the ltik, or the service key,"
        joined = not colon and re.search(r"[,;\s|&]|%3a", rest, re.IGNORECASE)
        fault = "another sign than a colon joins the halves" if joined else f"{lacks} is missing"
        if not joined and any(meant.partition(":")[2].count(".") == 2 for _, meant in undone(rest)):
            fault = "the two halves were encoded in base64, as for Basic"
        return Unreadable(f"{scheme} that is not `<API key>:<token>`", f"{fault}: write `<API key>:<ltik>`")
    if key.count(".") == 2 and token.count(".") != 2:
        held = "service key" if scheme == "SERVICE-AUTH-V1" else "ltik"
        return Unreadable(f"{scheme} with its halves swapped", f"sent `<{held}>:<API key>`; the API key comes first")
    return Credential(scheme, key.strip(), token.strip())


def _guess(name: str, rest: str) -> str:
    if not rest and name.count(".") == 2:
        return "sent the bare ltik; write `LTIK-AUTH-V2 <API key>:<ltik>`"
    if rest and (likely := nearest(name.upper().rstrip(":"), [known.upper() for known in _NAMES], 0.8)):
        return f"there is no scheme `{name}`: did you mean {likely}?"
    return f"the schemes are {_SCHEMES}"


def _cookie_name(state: str) -> str:
    """One cookie per state, named as ltijs names it."""
    return f"state{state}"


def set_state_cookie(call: Call, response: Response, tenant: Tenant, state: str, value: str, seconds: int) -> None:
    """Set the signed cookie that binds a redirect chain to one browser."""
    secure = call.settings.cookie_secure == "always" or (
        call.settings.cookie_secure == "auto" and call.keeps_secure_cookies
    )
    response.set_cookie(
        _cookie_name(state),
        f"{value}.{_signature(tenant, state, value)}",
        max_age=seconds,
        path="/",
        secure=secure,
        httponly=True,
        samesite="none" if secure else None,
    )


def state_cookie(call: Call, tenant: Tenant, state: str) -> str | None:
    """The value of this browser's cookie for `state`; None if there is none signed by LTIAAS."""
    value, _, signature = call.cookies.get(_cookie_name(state), "").rpartition(".")
    wanted = _signature(tenant, state, value)
    return value if signature and hmac.compare_digest(signature.encode(), wanted.encode()) else None


def clear_state_cookie(response: Response, state: str) -> None:
    """Delete the cookie for `state`."""
    response.delete_cookie(_cookie_name(state), path="/", httponly=True, samesite=None)


def _signature(tenant: Tenant, state: str, value: str) -> str:
    return hmac.new(tenant.ltik_secret.encode(), f"{state}:{value}".encode(), hashlib.sha256).hexdigest()[:43]
