"""What Canvas and Brightspace have in common: OAuth 2.0 with a person's consent, by plain HTTP."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from ...http import Answer, Browser, Http, form
from ...outcomes import Code, Refused, Token
from ...ports import Client
from .pages import Person, walk
from .tool import ToolSide


class Lms(ToolSide):
    """The port, request by request; subclasses supply the URLs."""

    provider: str
    AUTHORIZE: str
    TOKEN: str
    TOOL_AUTH: str
    TOOL_KEYS: str
    TOOL_AUDIENCE: str = ""

    @property
    def TOOL_TOKEN(self) -> str:
        """Where tools get service tokens: where everybody gets tokens."""
        return self.TOKEN

    def __init__(self, http: Http, base: str, facts: Mapping[str, Any]) -> None:
        self.http, self.base, self.facts = http, base, facts

    def authorize(
        self, browser: Browser, client: Client, person: Person, redirect_uri: str, state: str, *, agree: bool = True
    ) -> Code | Refused:
        """Send a person's browser to the authorization endpoint."""
        query = {
            "response_type": "code",
            "client_id": client["client_id"],
            "redirect_uri": redirect_uri,
            "state": state,
        }
        if client.get("scope"):
            query["scope"] = client["scope"]
        url = f"{self.base}{self.AUTHORIZE}?{urlencode(query)}"
        return walk(browser, url, person, agree=agree, until=redirect_uri)

    def token(self, client: Client, code: str, redirect_uri: str) -> Token | Refused:
        return self._grant(client, grant_type="authorization_code", code=code, redirect_uri=redirect_uri)

    def refresh(self, client: Client, refresh_token: str) -> Token | Refused:
        return self._grant(client, grant_type="refresh_token", refresh_token=refresh_token)

    def _grant(self, client: Client, **fields: str) -> Token | Refused:
        identity = {"client_id": client["client_id"], "client_secret": client["client_secret"]}
        answer = form(self.http, self.base + self.TOKEN, {**fields, **identity})
        if answer.status != 200:
            return refused(answer)
        body = answer.json()
        return Token(
            access=body["access_token"],
            expires_in=body["expires_in"],
            kind=body["token_type"],
            scope=body.get("scope"),
            refresh=body.get("refresh_token"),
        )

    def get(self, access_token: str | None, path: str) -> Any | Refused:
        """A REST resource as JSON."""
        headers = [("Authorization", f"Bearer {access_token}")] if access_token is not None else []
        answer = self.http.send("GET", self.base + path, headers)
        return answer.json() if answer.status == 200 else refused(answer)


def refused(answer: Answer) -> Refused:
    """A refusal of the OAuth endpoints or of the REST API."""
    body = answer.json()
    body = body if isinstance(body, dict) else {}
    return Refused(status=answer.status, code=body.get("error"), detail=answer.text[:200])
