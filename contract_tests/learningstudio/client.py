"""A small client of LearningStudio, written from Pearson's pages as an integrator would, with none of our code."""

from __future__ import annotations

import secrets
import string
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote_plus

import httpx
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import ECB
from cryptography.hazmat.primitives.cmac import CMAC

ASSERTION_TYPE = "urn:ecollege:names:moauth:1.0:assertion"
SOURCED_ID_TYPE = "urn:ecollege:names:sourcedid:1.0:assertion"


def cmac(secret: str, text: str) -> bytes:
    mac = CMAC(AES(secret.encode()))
    mac.update(text.encode())
    return mac.finalize()


def cbc_mac(secret: str, text: str) -> bytes:
    """What an integrator may take for CMAC: the last block of CBC, the text padded with zeros."""
    message, block = text.encode(), bytes(16)
    for at in range(0, len(message), 16):
        mixed = bytes(a ^ b for a, b in zip(block, message[at : at + 16].ljust(16, b"\0"), strict=True))
        block = Cipher(AES(secret.encode()), ECB()).encryptor().update(mixed)
    return block


@dataclass(frozen=True)
class Keys:
    """What an application has of one campus."""

    application_id: str
    application_name: str
    consumer_key: str
    shared_secret: str
    client_string: str


@dataclass
class Client:
    """Signs, asks for tokens, sends. `now` is the integrator's clock."""

    url: str
    keys: Keys
    http: httpx.Client
    now: Any = field(default=lambda: datetime.now(UTC))

    def of(self, **changes: str) -> Client:
        """The same client with other keys."""
        return replace(self, keys=replace(self.keys, **changes))

    # OAuth 2
    def assertion(self, username: str, **changes: str) -> str:
        """A signed assertion; `changes` replace fields before signing, `signature` after it."""
        values = {
            "name": self.keys.application_name,
            "key": self.keys.consumer_key,
            "application": self.keys.application_id,
            "client": self.keys.client_string,
            "user": username,
            "timestamp": self.now().astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        }
        text = "|".join((values | {k: v for k, v in changes.items() if k != "signature"}).values())
        return f"{text}|{changes.get('signature', cmac(self.keys.shared_secret, text).hex())}"

    def ask(self, **form: str) -> httpx.Response:
        return self.http.post(f"{self.url}/token", data=form)

    def ask_by_assertion(self, assertion: str, assertion_type: str = ASSERTION_TYPE) -> httpx.Response:
        return self.ask(grant_type="assertion", assertion_type=assertion_type, assertion=assertion)

    def ask_by_password(self, username: str, password: str) -> httpx.Response:
        return self.ask(
            grant_type="password",
            client_id=self.keys.application_id,
            username=f"{self.keys.client_string}\\{username}",
            password=password,
        )

    def refresh(self, token: str) -> httpx.Response:
        return self.ask(grant_type="refresh_token", client_id=self.keys.application_id, refresh_token=token)

    def token(self, username: str) -> str:
        answer = self.ask_by_assertion(self.assertion(username))
        assert answer.status_code == 200, answer.text
        return str(answer.json()["access_token"])

    def as_user(
        self, token: str, method: str, path: str, headers: Mapping[str, str] | None = None, **rest: Any
    ) -> httpx.Response:
        sent = {"X-Authorization": f"Access_Token access_token={token}", **(headers or {})}
        return self.http.request(method, self.url + path, headers=sent, **rest)

    # OAuth 1.0a
    def parameters(self, method: str, path: str, body: bytes = b"", **changes: str) -> dict[str, str]:
        """The OAuth parameters of a request, signed; `changes` replace parameters before signing."""
        path, _, query = path.partition("?")
        parameters = {
            "oauth_consumer_key": self.keys.consumer_key,
            "application_id": self.keys.application_id,
            "oauth_signature_method": "CMAC-AES",
            "oauth_timestamp": str(int(self.now().timestamp())),
            "oauth_nonce": "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(32)),
        } | changes
        signed = dict(parameters)
        signed.update(pair.split("=", 1) for pair in query.split("&") if pair)
        if method in ("POST", "PUT"):
            signed["body"] = quote_plus(quote_plus(b64encode(body).decode()))
        joined = "&".join(f"{name}={signed[name]}" for name in sorted(signed, key=str.lower))
        base = f"{method}&{quote_plus(path)}&{quote_plus(joined)}"
        return parameters | {"oauth_signature": b64encode(cmac(self.keys.shared_secret, base)).decode()}

    def header(self, method: str, path: str, body: bytes = b"", **changes: str) -> str:
        parameters = self.parameters(method, path, body, **changes)
        pairs = ",".join(f'{name}="{quote_plus(value)}"' for name, value in parameters.items())
        return f'OAuth realm="{self.url}{path.partition("?")[0]}",{pairs}'

    def signed(
        self, method: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None, **changes: str
    ) -> httpx.Response:
        """One request with OAuth 1.0a."""
        sent = {"X-Authorization": self.header(method, path, body, **changes), **(headers or {})}
        return self.http.request(method, self.url + path, headers=sent, content=body or None)
