"""LearningStudio from an integrator's server: tokens by assertion, password and refresh, and calls on behalf of a user.

What it takes care of: the secret's own bytes are the key (it is not hex); the timestamp is UTC; the signature is hex in
lower case; a refresh token is used once; a token is sent as it came, in `X-Authorization`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import requests
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.cmac import CMAC

from ...http import Http
from ...outcomes import Refused, Token

TIMEOUT = (3.05, 10)
Keys = Mapping[str, Any]


class LearningStudio:
    """The integrator's side. Everything it does not implement goes through the wire adapter."""

    WHY_WIRE = "it acts on behalf of users by tokens, and signs no requests"

    provider = "learningstudio"

    def __init__(self, http: Http, base: str, facts: Mapping[str, Any]) -> None:
        self.base = base

    def assertion(self, keys: Keys, username: str, now: int) -> Token | Refused:
        stamp = datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        names = ("application_name", "consumer_key", "application_id", "client_string")
        assertion = "|".join([*(keys[name] for name in names), username, stamp])
        mac = CMAC(AES(keys["shared_secret"].encode()))
        mac.update(assertion.encode())
        kind = "urn:ecollege:names:moauth:1.0:assertion"
        signed = f"{assertion}|{mac.finalize().hex()}"
        return self._token(grant_type="assertion", assertion_type=kind, assertion=signed)

    def password(self, keys: Keys, username: str, password: str) -> Token | Refused:
        login = f"{keys['client_string']}\\{username}"
        return self._token(grant_type="password", client_id=keys["application_id"], username=login, password=password)

    def refresh(self, keys: Keys, refresh_token: str) -> Token | Refused:
        return self._token(grant_type="refresh_token", client_id=keys["application_id"], refresh_token=refresh_token)

    def get(self, token: str, path: str) -> Any | Refused:
        headers = {"X-Authorization": f"Access_Token access_token={token}"}
        answer = requests.get(self.base + path, headers=headers, timeout=TIMEOUT)
        return answer.json() if answer.status_code == 200 else _refused(answer)

    def _token(self, **fields: str) -> Token | Refused:
        answer = requests.post(f"{self.base}/token", data=fields, timeout=TIMEOUT)
        if answer.status_code != 200:
            return _refused(answer)
        body = answer.json()
        return Token(access=body["access_token"], expires_in=body["expires_in"], refresh=body.get("refresh_token"))


def _refused(answer: requests.Response) -> Refused:
    return Refused(status=answer.status_code, detail=answer.text[:200])
