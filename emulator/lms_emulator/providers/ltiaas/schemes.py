"""Read the Authorization header into one of the credential schemes. Pure."""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

Scheme = Literal["LTIK-AUTH-V2", "LTIK-AUTH-V1", "SERVICE-AUTH-V1", "Bearer"]
LTIK: tuple[Scheme, ...] = ("LTIK-AUTH-V2", "LTIK-AUTH-V1")
LTIK_OR_SERVICE: tuple[Scheme, ...] = (*LTIK, "SERVICE-AUTH-V1")

_V1 = re.compile(r"^Token=(?P<token>[^,\s]+)\s*,\s*Additional=Bearer\s+(?P<key>\S+)$", re.IGNORECASE)
_NAMES: dict[str, Scheme] = {
    "ltik-auth-v2": "LTIK-AUTH-V2",
    "ltik-auth-v1": "LTIK-AUTH-V1",
    "service-auth-v1": "SERVICE-AUTH-V1",
    "bearer": "Bearer",
}


class Credential(NamedTuple):
    """What the header said. `token` is the ltik or service key; empty for Bearer."""

    scheme: Scheme
    api_key: str
    token: str = ""


class Unreadable(NamedTuple):
    """A header that is none of the schemes, and why."""

    why: str
    diagnosis: str | None = None


def parse(header: str | None) -> Credential | Unreadable:
    """Read an Authorization header.

    V2 and service credentials are split at the first colon: neither an API key nor a JWT has one.
    Source: guides/api/authentication; the V1 form as the official Moodle plugin sends it.
    """
    if not header or not header.strip():
        return Unreadable("no Authorization header")
    name, _, rest = header.strip().partition(" ")
    rest = rest.strip()
    scheme = _NAMES.get(name.lower())
    if scheme is None:
        return Unreadable(f"unknown scheme `{name}`" if rest else "a bare value without a scheme", _guess(name, rest))
    if not rest:
        return Unreadable(f"{scheme} without credentials")
    if scheme == "Bearer":
        return Credential(scheme, rest)
    if scheme == "LTIK-AUTH-V1":
        match = _V1.match(rest)
        if match is None:
            return Unreadable("LTIK-AUTH-V1 that is not `Token=<ltik>, Additional=Bearer <API key>`")
        return Credential(scheme, match["key"], match["token"])
    key, colon, token = rest.partition(":")
    if not colon or not key or not token:
        swapped = "the API key is missing: write `<API key>:<ltik>`" if rest.count(".") == 2 else None
        return Unreadable(f"{scheme} that is not `<API key>:<token>`", swapped)
    if key.count(".") == 2 and token.count(".") != 2:
        return Unreadable(f"{scheme} with its halves swapped", "sent `<ltik>:<API key>`; the API key comes first")
    return Credential(scheme, key.strip(), token.strip())


def _guess(name: str, rest: str) -> str | None:
    if not rest and name.count(".") == 2:
        return "sent the bare ltik; write `LTIK-AUTH-V2 <API key>:<ltik>`"
    if name.lower().rstrip(":") in _NAMES or name.lower().startswith(("ltik", "service")):
        return "the schemes are LTIK-AUTH-V2, SERVICE-AUTH-V1 and Bearer, followed by one space"
    return None
