"""Canvas by plain HTTP."""

from __future__ import annotations

from ...outcomes import Refused
from .coursework import Coursework
from .lms import Lms, refused


class Canvas(Coursework, Lms):
    """Canvas's URLs."""

    provider = "canvas"
    AUTHORIZE = "/login/oauth2/auth"
    TOKEN = "/login/oauth2/token"
    TOOL_AUTH = "/api/lti/authorize_redirect"
    TOOL_KEYS = "/api/lti/security/jwks"

    def whoami(self, access_token: str | None) -> str | Refused:
        found = self.get(access_token, "/api/v1/users/self")
        return found if isinstance(found, Refused) else str(found["id"])

    def revoke(self, access_token: str) -> Refused | None:
        """Revoke a token and its refresh token."""
        headers = [("Authorization", f"Bearer {access_token}")]
        answer = self.http.send("DELETE", self.base + self.TOKEN, headers)
        return None if answer.status == 200 else refused(answer)
