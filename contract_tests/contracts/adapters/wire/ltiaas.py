"""LTIAAS by plain HTTP, and the browser's way through it: consent at the LMS, and launches from it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

from ...http import Answer, Browser, Http, Pairs, send_json
from ...outcomes import Code, Form, Refused, Token
from .opening import open_tool, page_form
from .pages import Person, walk


class Ltiaas:
    """The port, request by request."""

    provider = "ltiaas"

    def __init__(self, http: Http, base: str, facts: Mapping[str, Any]) -> None:
        self.http, self.base, self.facts = http, base, facts

    def connect(self, browser: Browser, platform: str, person: Person, *, agree: bool = True) -> Code | Refused:
        """Have a person's browser connect the LMS; returns the code that the tool receives."""
        url = f"{self.base}/oauth/start/{platform}"
        return walk(browser, url, person, agree=agree, until=self.facts["oauth_return_url"])

    def access_token(self, api_key: str, platform: str, code: str) -> Token | Refused:
        return self._tokens(api_key, f"/api/oauth/access-token/{platform}", {"code": code})

    def refresh(self, api_key: str, platform: str, refresh_token: str) -> Token | Refused:
        return self._tokens(api_key, f"/api/oauth/access-token/{platform}/refresh", {"refreshToken": refresh_token})

    def id_token(self, api_key: str, ltik: str) -> Any | Refused:
        return self._get("/api/idtoken", f"LTIK-AUTH-V2 {api_key}:{ltik}")

    def members(self, api_key: str, ltik: str) -> list[str] | Refused:
        found = self._get("/api/memberships", f"LTIK-AUTH-V2 {api_key}:{ltik}")
        return found if isinstance(found, Refused) else [member["userId"] for member in found["members"]]

    def call(self, method: str, path: str, authorization: str | None, document: Any = None) -> Answer:
        """Any request of the API."""
        headers: Pairs = [("Authorization", authorization)] if authorization is not None else []
        if document is None:
            return self.http.send(method, self.base + path, headers)
        return send_json(self.http, method, self.base + path, document, headers)

    def begin_launch(
        self, browser: Browser, lms: str, lms_base: str, lms_facts: Mapping[str, Any], person: Person
    ) -> Form:
        """Open the tool from the LMS's course page; returns the form with the id_token, not yet submitted."""
        found = open_tool(browser, lms, lms_base, lms_facts, person)
        for _ in range(2):
            if "id_token" in dict(found.fields) or not found.url:
                return found
            answer = browser.follow(browser.form(found.url, found.fields))
            found = page_form(answer)
        if "id_token" in dict(found.fields):
            return found
        raise AssertionError(f"the launch did not reach an id_token: {answer.status} {answer.text[:300]}")

    def finish_launch(self, browser: Browser, form: Form) -> str | Refused:
        """Submit the id_token; returns the tool's ltik."""
        answer = browser.form(form.url, form.fields)
        if answer.status != 302 or not answer.location.startswith(self.facts["launch_url"]):
            return refused(answer)
        return parse_qs(urlsplit(answer.location).query)["ltik"][0]

    def _tokens(self, api_key: str, path: str, document: Mapping[str, str]) -> Token | Refused:
        answer = self.call("POST", path, f"Bearer {api_key}", document)
        if answer.status != 200:
            return refused(answer)
        body = answer.json()
        return Token(
            access=body["accessToken"],
            expires_in=body["expiresIn"],
            kind=body["tokenType"],
            refresh=body.get("refreshToken"),
        )

    def _get(self, path: str, authorization: str) -> Any | Refused:
        answer = self.call("GET", path, authorization)
        return answer.json() if answer.status == 200 else refused(answer)


def refused(answer: Answer) -> Refused:
    """A refusal in LTIAAS's envelope."""
    body = answer.json()
    details = body.get("details") if isinstance(body, dict) else None
    code = details.get("message") if isinstance(details, dict) else None
    return Refused(status=answer.status, code=code, detail=answer.text[:300])
