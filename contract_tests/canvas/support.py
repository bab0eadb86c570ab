"""A browser and a client for Canvas, as a test sees them: plain httpx, nothing hidden."""

from __future__ import annotations

import json
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

    def switch_on(self, feature: str) -> None:
        """Switch a feature on for the school that its own admins do not see."""
        whole = json.loads(json.dumps(self.lms.dump(), default=str))
        times = dict.fromkeys(("created_at", "updated_at"), "2026-01-01T00:00:00Z")
        row = {"id": 1, "context_type": "Account", "context_id": 1, "feature": feature, "state": "on"}
        whole["canvas"]["feature_flags"] = [row | times]
        self.lms.load(whole)


class Browser(AnyBrowser):
    """A browser that knows the pages of this LMS."""

    heading: ClassVar[str] = "Log In"

    def sign_in(self, answer: httpx.Response, person: Any) -> httpx.Response:
        names = {"pseudonym_session[unique_id]": person.login, "pseudonym_session[password]": person.password}
        return self.submit(answer, **names)
