"""A browser and a client for Brightspace, as a test sees them: plain httpx, nothing hidden."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import httpx

from contract_tests.lms_site import Browser as AnyBrowser
from contract_tests.lms_site import LmsSite, parameters
from lms_emulator.client.emulator import Emulator


class Site(LmsSite):
    """Brightspace with the demo world, reached over a socket."""

    def __init__(self, lms: Emulator) -> None:
        super().__init__(lms, lms.brightspace)
        self.info = lms.brightspace

    def browser(self) -> Browser:
        return Browser(self.client(), self.url)

    @property
    def student(self) -> httpx.Client:
        return self.api(self.info.access_tokens.student)

    @property
    def instructor(self) -> httpx.Client:
        return self.api(self.info.access_tokens.instructor)

    def auth_url(self, **changes: Any) -> str:
        params = {
            "client_id": self.info.client_id,
            "response_type": "code",
            "redirect_uri": self.info.redirect_uri,
            "scope": self.info.scope,
            "state": "s1",
            **changes,
        }
        return "/oauth2/auth?" + urlencode({k: v for k, v in params.items() if v is not None})

    def code(self, who: str = "student", **changes: Any) -> str:
        """A code, by signing in and consenting."""
        return self.browser().consent(self.auth_url(**changes), getattr(self.info, who))["code"]

    def token(self, **fields: Any) -> httpx.Response:
        form = {"client_id": self.info.client_id, "client_secret": self.info.client_secret, **fields}
        kept = {k: v for k, v in form.items() if v is not None}
        return httpx.post(f"{self.url}/core/connect/token", data=kept)

    def exchange(self, code: str, **changes: Any) -> httpx.Response:
        grant = {"grant_type": "authorization_code", "code": code, "redirect_uri": self.info.redirect_uri}
        return self.token(**{**grant, **changes})

    def tokens(self, who: str = "student", **changes: Any) -> dict[str, Any]:
        answer = self.exchange(self.code(who, **changes))
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def refresh(self, token: str, **changes: Any) -> httpx.Response:
        return self.token(**{"grant_type": "refresh_token", "refresh_token": token, **changes})

    def whoami(self, token: str) -> httpx.Response:
        return self.api(token).get("/d2l/api/lp/1.47/users/whoami")


class Browser(AnyBrowser):
    """A browser that knows the pages of this LMS."""

    def sign_in(self, answer: httpx.Response, person: Any) -> httpx.Response:
        return self.submit(answer, userName=person.username, password=person.password)

    def consent_page(self, url: str, person: Any) -> httpx.Response:
        page = self.follow(self.get(url))
        assert "Log in to Brightspace" in page.text, page.text
        return self.follow(self.sign_in(page, person))

    def consent(self, url: str, person: Any, decision: str = "allow") -> dict[str, str]:
        """Go through sign-in and consent; the parameters that the application gets."""
        page = self.consent_page(url, person)
        assert page.status_code == 200, page.text
        return parameters(self.submit(page, decision=decision))
