"""A browser and a client for Brightspace, as a test sees them: plain httpx, nothing hidden."""

from __future__ import annotations

from typing import Any, ClassVar

import httpx

from contract_tests.lms_site import Browser as AnyBrowser
from contract_tests.lms_site import LmsSite


class Site(LmsSite):
    """Brightspace with the demo world, reached over a socket."""

    name: ClassVar[str] = "brightspace"
    authorize: ClassVar[str] = "/oauth2/auth"
    token_endpoint: ClassVar[str] = "/core/connect/token"

    def browser(self) -> Browser:
        return Browser(self.client(), self.url)

    @property
    def instructor(self) -> httpx.Client:
        return self.api(self.info.access_tokens.instructor)

    def refresh(self, token: str, **changes: Any) -> httpx.Response:
        return self.token(**{"grant_type": "refresh_token", "refresh_token": token, **changes})

    def whoami(self, token: str) -> httpx.Response:
        return self.api(token).get("/d2l/api/lp/1.47/users/whoami")


class Browser(AnyBrowser):
    """A browser that knows the pages of this LMS."""

    heading: ClassVar[str] = "Log in to Brightspace"

    def sign_in(self, answer: httpx.Response, person: Any) -> httpx.Response:
        return self.submit(answer, userName=person.username, password=person.password)

    def consent(self, url: str, person: Any, decision: str = "allow") -> dict[str, str]:
        return super().consent(url, person, decision=decision)
