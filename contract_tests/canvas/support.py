"""A browser and a client for Canvas, as a test sees them: plain httpx, nothing hidden."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import httpx

from contract_tests.lms_site import Browser as AnyBrowser
from contract_tests.lms_site import LmsSite, parameters
from lms_emulator.client.emulator import Emulator


class Site(LmsSite):
    """Canvas with the demo world, reached over a socket."""

    def __init__(self, lms: Emulator) -> None:
        super().__init__(lms, lms.canvas)
        self.info = lms.canvas

    def browser(self) -> Browser:
        return Browser(self.client(), self.url)

    @property
    def student(self) -> httpx.Client:
        return self.api(self.info.access_tokens.student)

    @property
    def teacher(self) -> httpx.Client:
        return self.api(self.info.access_tokens.teacher)

    def auth_url(self, **changes: Any) -> str:
        params = {
            "client_id": self.info.client_id,
            "response_type": "code",
            "redirect_uri": self.info.redirect_uri,
            "state": "s1",
            **changes,
        }
        return "/login/oauth2/auth?" + urlencode({k: v for k, v in params.items() if v is not None})

    def code(self, who: str = "student", **changes: Any) -> str:
        """A code, by signing in and consenting."""
        answer = self.browser().consent(self.auth_url(**changes), getattr(self.info, who))
        return answer["code"]

    def token(self, **fields: Any) -> httpx.Response:
        form = {"client_id": self.info.client_id, "client_secret": self.info.client_secret, **fields}
        kept = {k: v for k, v in form.items() if v is not None}
        return httpx.post(f"{self.url}/login/oauth2/token", data=kept)

    def tokens(self, who: str = "student") -> dict[str, Any]:
        answer = self.token(grant_type="authorization_code", code=self.code(who), redirect_uri=self.info.redirect_uri)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())


class Browser(AnyBrowser):
    """A browser that knows the pages of this LMS."""

    def sign_in(self, answer: httpx.Response, person: Any) -> httpx.Response:
        names = {"pseudonym_session[unique_id]": person.login, "pseudonym_session[password]": person.password}
        return self.submit(answer, **names)

    def consent(self, url: str, person: Any) -> dict[str, str]:
        """Go through sign-in and consent; the parameters that the application gets."""
        page = self.follow(self.get(url))
        assert "Log In" in page.text
        page = self.follow(self.sign_in(page, person))
        assert page.status_code == 200, page.text
        return parameters(self.submit(page))
