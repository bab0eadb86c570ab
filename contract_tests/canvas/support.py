"""A browser and a client for Canvas, as a test sees them: plain httpx, nothing hidden."""

from __future__ import annotations

from typing import Any, ClassVar

import httpx

from contract_tests.lms_site import Browser as AnyBrowser
from contract_tests.lms_site import LmsSite

ADMIN = "1~DemoAdminKatherineJohnson000000000000000000000000000000000099"


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
        """The admin of the demo world, who has no token before."""
        world = self.lms.dump()
        tokens = world["canvas"]["access_tokens"]
        if not any(token["token"] == ADMIN for token in tokens):
            tokens.append({**tokens[1], "id": 99, "user_id": 104, "token": ADMIN})
            self.lms.load(world)
        return self.api(ADMIN)


class Browser(AnyBrowser):
    """A browser that knows the pages of this LMS."""

    heading: ClassVar[str] = "Log In"

    def sign_in(self, answer: httpx.Response, person: Any) -> httpx.Response:
        names = {"pseudonym_session[unique_id]": person.login, "pseudonym_session[password]": person.password}
        return self.submit(answer, **names)
