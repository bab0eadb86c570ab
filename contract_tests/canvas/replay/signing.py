"""Sign again what a substitution changed: JWTs of the tools and OAuth 1 requests; check what the server signed."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import urllib.parse
from collections.abc import Callable, Iterable
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization

from .values import JWT


def segment(text: str) -> Any:
    """A JWT's header or claims, decoded. Raises ValueError."""
    return json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))


def signed_again(text: str, keys: dict[str, Any], translate: Callable[[str], str]) -> str:
    """A text whose JWTs carry our values, each signed with its tool's key (`kid` is the tool's name and a number).

    One that its tool did not sign stays as it is.
    """

    def resigned(match: re.Match[str]) -> str:
        token = match.group(1)
        try:
            header, claims = (segment(part) for part in token.split(".")[:2])
        except ValueError:
            return token
        key = keys.get(str(header.get("kid", "")).rsplit("-", 1)[0])
        plain = json.dumps(claims)
        changed = translate(plain)
        if key is None or changed == plain or not _own(token, key["private_pem"]):
            return token
        others = {name: value for name, value in header.items() if name != "alg"}
        return jwt.encode(json.loads(changed), key["private_pem"], algorithm="RS256", headers=others)

    return JWT.sub(resigned, text) if "eyJ" in text else text


def _own(token: str, private_pem: str) -> bool:
    public = serialization.load_pem_private_key(private_pem.encode(), None).public_key()
    checks = {"verify_aud": False, "verify_exp": False, "verify_iat": False, "verify_nbf": False}
    try:
        jwt.decode(token, public, algorithms=["RS256"], options=checks)
    except jwt.PyJWTError:
        return False
    return True


def verifies(token: str, key_set: dict[str, Any]) -> bool:
    """Whether a JWT's signature is one of the key set's."""
    kid = jwt.get_unverified_header(token).get("kid")
    try:
        key = next(jwt.PyJWK(item) for item in key_set.get("keys", []) if item.get("kid") == kid)
        jwt.decode(
            token,
            key,
            algorithms=["RS256"],
            options={"verify_aud": False, "verify_exp": False, "verify_iat": False, "verify_nbf": False},
        )
    except (StopIteration, jwt.PyJWTError):
        return False
    return True


def _quoted(value: object) -> str:
    return urllib.parse.quote(str(value), safe="~-._")


def oauth1_signature(method: str, url: str, parameters: Iterable[tuple[str, str]], secret: str) -> str:
    """The HMAC-SHA1 signature of a request with these parameters beside those of the URL."""
    parts = urllib.parse.urlsplit(url)
    pairs = [*urllib.parse.parse_qsl(parts.query, keep_blank_values=True), *parameters]
    pairs = [(name, value) for name, value in pairs if name not in ("oauth_signature", "realm")]
    listed = "&".join(f"{name}={value}" for name, value in sorted((_quoted(a), _quoted(b)) for a, b in pairs))
    base = "&".join((method.upper(), _quoted(f"{parts.scheme}://{parts.netloc}{parts.path}"), _quoted(listed)))
    return base64.b64encode(hmac.new(f"{_quoted(secret)}&".encode(), base.encode(), hashlib.sha1).digest()).decode()


def oauth1_again(
    header: str, method: str, urls: tuple[str, str], bodies: tuple[str, str], secrets: Iterable[str]
) -> str:
    """An `Authorization: OAuth …` header that fits a changed body; unchanged if it did not fit the recorded one.

    Parameters: `urls` and `bodies`, the recorded ones and those of now; `secrets`, all that may have signed it.
    """
    fields = {name: urllib.parse.unquote(value) for name, value in re.findall(r'(\w+)="([^"]*)"', header)}
    realm = fields.pop("realm", None)
    signature = fields.pop("oauth_signature", None)
    by_hash = "oauth_body_hash" in fields
    forms = [[] if by_hash else urllib.parse.parse_qsl(value, keep_blank_values=True) for value in bodies]
    recorded = [*fields.items(), *forms[0]]
    signed = [secret for secret in secrets if oauth1_signature(method, urls[0], recorded, secret) == signature]
    if not signed:
        return header
    if by_hash:
        fields["oauth_body_hash"] = base64.b64encode(hashlib.sha1(bodies[1].encode()).digest()).decode()
    fields["oauth_signature"] = oauth1_signature(method, urls[1], [*fields.items(), *forms[1]], signed[0])
    shown = [f'realm="{realm}"'] if realm is not None else []
    return "OAuth " + ", ".join([*shown, *(f'{name}="{_quoted(value)}"' for name, value in fields.items())])
