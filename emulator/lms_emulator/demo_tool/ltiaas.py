"""Calls to LTIAAS, all from this back end and none from a browser."""

from __future__ import annotations

from typing import Any, NamedTuple
from urllib.parse import quote

import httpx


class LtiaasError(Exception):
    """LTIAAS answered with its error envelope, or did not answer.

    Attributes: `status`; `code`, the UPPER_SNAKE `details.message`; `lms_error`, the error code of the LMS behind it.
    """

    def __init__(self, status: int, body: Any) -> None:
        details = body.get("details") if isinstance(body, dict) else None
        details = details if isinstance(details, dict) else {}
        self.status = status
        self.code = str(details.get("message", "UNREACHABLE"))
        received = details.get("bodyReceived")
        self.lms_error = str(received.get("error", "")) if isinstance(received, dict) else ""
        super().__init__(f"{status} {self.code}")


class Tokens(NamedTuple):
    """A user's tokens for the LMS's own API."""

    access_token: str
    refresh_token: str | None


class Ltiaas:
    """LTIAAS as this application uses it. Parameters: `url`, the account's address; `api_key`, its key."""

    def __init__(self, http: httpx.AsyncClient, url: str, api_key: str) -> None:
        self._http = http
        self._url = url.rstrip("/")
        self._key = api_key

    async def id_token(self, ltik: str) -> dict[str, Any]:
        """The user and the context of the launch."""
        return dict(await self._call("GET", "/api/idtoken", f"LTIK-AUTH-V2 {self._key}:{ltik}"))

    async def deep_linking_form(self, ltik: str, title: str) -> str:
        """HTML that sends the user back to the LMS with one chosen activity."""
        body = {"contentItems": [{"type": "ltiResourceLink", "url": f"{self._url}/lti/launch", "title": title}]}
        answer = await self._call("POST", "/api/deeplinking/form", f"LTIK-AUTH-V2 {self._key}:{ltik}", body)
        return str(answer["form"])

    def connect_url(self, platform_id: str) -> str:
        """Where to send the browser so that its user gives consent. No other value can be passed along."""
        return f"{self._url}/oauth/start/{quote(platform_id, safe='')}"

    async def exchange(self, platform_id: str, code: str) -> Tokens:
        """Exchange the code of the return URL for tokens. It works once, within ten minutes."""
        path = f"/api/oauth/access-token/{quote(platform_id, safe='')}"
        return _tokens(await self._call("POST", path, f"Bearer {self._key}", {"code": code}))

    async def refresh(self, platform_id: str, refresh_token: str) -> Tokens:
        """A new access token. Keep the refresh token that comes with it, if any: the LMS may have rotated it."""
        path = f"/api/oauth/access-token/{quote(platform_id, safe='')}/refresh"
        new = _tokens(await self._call("POST", path, f"Bearer {self._key}", {"refreshToken": refresh_token}))
        return Tokens(new.access_token, new.refresh_token or refresh_token)

    async def _call(self, method: str, path: str, authorization: str, body: Any = None) -> Any:
        try:
            answer = await self._http.request(
                method, self._url + path, headers={"Authorization": authorization}, json=body
            )
            content = answer.json()
        except (httpx.HTTPError, ValueError):
            raise LtiaasError(502, None) from None
        if not answer.is_success:
            raise LtiaasError(answer.status_code, content)
        return content


def _tokens(body: dict[str, Any]) -> Tokens:
    return Tokens(body["accessToken"], body.get("refreshToken"))
