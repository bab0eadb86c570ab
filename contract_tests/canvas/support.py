"""A browser and a client for Canvas, as a test sees them: plain httpx, nothing hidden."""

from __future__ import annotations

from typing import Any, ClassVar

import httpx

from contract_tests.lms_site import Browser as AnyBrowser
from contract_tests.lms_site import LmsSite


class Site(LmsSite):
    """Canvas with the demo world, reached over a socket."""

    name: ClassVar[str] = "canvas"
    authorize: ClassVar[str] = "/login/oauth2/auth"
    token_endpoint: ClassVar[str] = "/login/oauth2/token"

    def browser(self) -> Browser:
        return Browser(self.client(), self.url)

    @property
    def teacher(self) -> httpx.Client:
        return self.api(self.info.access_tokens.teacher)

    @property
    def admin(self) -> httpx.Client:
        return self.api(self.info.access_tokens.admin)


class Browser(AnyBrowser):
    """A browser that knows the pages of this LMS."""

    heading: ClassVar[str] = "Log In"

    def sign_in(self, answer: httpx.Response, person: Any) -> httpx.Response:
        names = {"pseudonym_session[unique_id]": person.login, "pseudonym_session[password]": person.password}
        return self.submit(answer, **names)
