"""LearningStudio by plain HTTP; CMAC by `cryptography`."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, quote_plus, urlsplit

from ...http import Answer, Http, Pairs, form
from ...outcomes import Refused, Token

ASSERTION_TYPE = "urn:ecollege:names:moauth:1.0:assertion"
Keys = Mapping[str, Any]


class LearningStudio:
    """The port, request by request."""

    provider = "learningstudio"

    def __init__(self, http: Http, base: str, facts: Mapping[str, Any]) -> None:
        self.http, self.base, self.facts = http, base, facts

    def now(self) -> int:
        """The site's time in epoch seconds."""
        value = self.http.send("GET", f"{self.base}/systemDateTime").json()["systemDateTime"]["value"]
        return int(datetime.fromisoformat(value).timestamp())

    def assertion(self, keys: Keys, username: str, now: int) -> Token | Refused:
        return self.send_assertion(signed_assertion(keys, username, now))

    def send_assertion(self, assertion: str, assertion_type: str = ASSERTION_TYPE) -> Token | Refused:
        """Send exactly this assertion to the token endpoint."""
        return self._token(grant_type="assertion", assertion_type=assertion_type, assertion=assertion)

    def password(self, keys: Keys, username: str, password: str) -> Token | Refused:
        name = f"{keys['client_string']}\\{username}"
        return self._token(grant_type="password", client_id=keys["application_id"], username=name, password=password)

    def refresh(self, keys: Keys, refresh_token: str) -> Token | Refused:
        return self._token(
            grant_type="refresh_token", client_id=keys["application_id"], refresh_token=refresh_token
        )  # fmt: skip

    def get(self, token: str, path: str) -> Any | Refused:
        return self.send("GET", path, [("X-Authorization", f"Access_Token access_token={token}")])

    def signed(
        self, keys: Keys, method: str, path: str, now: int, nonce: str, body: bytes = b""
    ) -> Any | Refused:  # fmt: skip
        return self.send(method, path, [("X-Authorization", self.header(keys, method, path, now, nonce, body))], body)

    def grade(self, token: str, path: str, points: float | None, *, new: bool) -> Refused | None:
        headers = [("X-Authorization", f"Access_Token access_token={token}"), ("Content-Type", "application/json")]
        method = "DELETE" if points is None else ("POST" if new else "PUT")
        document = {"grade": {"points": points, "letterGrade": "", "comments": ""}}
        body = b"" if points is None else json.dumps(document).encode()
        answer = self.http.send(method, self.base + path, headers, body)
        return None if answer.status < 300 else refused(answer)

    def header(self, keys: Keys, method: str, path: str, now: int, nonce: str, body: bytes = b"") -> str:
        """The value of X-Authorization for a signed request."""
        oauth = {
            "oauth_consumer_key": keys["consumer_key"],
            "application_id": keys["application_id"],
            "oauth_signature_method": "CMAC-AES",
            "oauth_timestamp": str(now),
            "oauth_nonce": nonce,
        }
        signature = base64.b64encode(cmac(keys["shared_secret"], base_string(method, path, oauth, body))).decode()
        values = {"realm": self.base + urlsplit(path).path, **oauth, "oauth_signature": quote_plus(signature)}
        return "OAuth " + ",".join(f'{name}="{value}"' for name, value in values.items())

    def send(self, method: str, path: str, headers: Pairs, body: bytes = b"") -> Any | Refused:
        """One request of the REST API."""
        answer = self.http.send(method, self.base + path, headers, body)
        return answer.json() if answer.status < 300 else refused(answer)

    def _token(self, **fields: str) -> Token | Refused:
        answer = form(self.http, f"{self.base}/token", fields)
        if answer.status != 200:
            return refused(answer)
        body = answer.json()
        return Token(access=body["access_token"], expires_in=body["expires_in"], refresh=body.get("refresh_token"))


def signed_assertion(keys: Keys, username: str, now: int) -> str:
    """The six fields and their CMAC."""
    at = datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    names = ("application_name", "consumer_key", "application_id", "client_string")
    plain = "|".join([*(keys[name] for name in names), username, at])
    return f"{plain}|{cmac(keys['shared_secret'], plain).hex()}"


def base_string(method: str, path: str, oauth: Mapping[str, str], body: bytes) -> str:
    """What an OAuth 1.0a signature of LearningStudio covers."""
    parts = urlsplit(path)
    parameters = {**oauth, **dict(parse_qsl(parts.query, keep_blank_values=True))}
    if method in ("POST", "PUT"):
        parameters["body"] = quote_plus(quote_plus(base64.b64encode(body).decode()))
    ordered = sorted(parameters.items(), key=lambda pair: pair[0].lower())
    joined = "&".join(f"{name}={value}" for name, value in ordered)
    return f"{method}&{quote_plus(parts.path)}&{quote_plus(joined)}"


def cmac(secret: str, message: str) -> bytes:
    """AES-CMAC with the bytes of the secret as key."""
    from cryptography.hazmat.primitives.ciphers.algorithms import AES
    from cryptography.hazmat.primitives.cmac import CMAC

    mac = CMAC(AES(secret.encode()))
    mac.update(message.encode())
    return mac.finalize()


def refused(answer: Answer) -> Refused:
    """A refusal in LearningStudio's envelope."""
    body = answer.json()
    error = body.get("error") if isinstance(body, dict) else None
    message = error.get("message") if isinstance(error, dict) else answer.text[:200]
    return Refused(status=answer.status, detail=str(message))
