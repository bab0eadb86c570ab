"""Brightspace by plain HTTP."""

from __future__ import annotations

from ...outcomes import Refused
from .lms import Lms


class Brightspace(Lms):
    """Brightspace's URLs."""

    provider = "brightspace"
    AUTHORIZE = "/oauth2/auth"
    TOKEN = "/core/connect/token"
    TOOL_AUDIENCE = "https://api.brightspace.com/auth/token"
    TOOL_AUTH = "/d2l/lti/authenticate"
    TOOL_KEYS = "/d2l/.well-known/jwks"

    def whoami(self, access_token: str | None) -> str | Refused:
        found = self.get(access_token, "/d2l/api/lp/1.46/users/whoami")
        return found if isinstance(found, Refused) else str(found["Identifier"])
