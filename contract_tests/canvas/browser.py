"""A browser at Canvas, in process."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import unquote

import httpx

from contract_tests.in_process import InProcess

HTML, JSON = "text/html,application/xhtml+xml", "application/json"
SELF = "/api/v1/users/self"


class Browser:
    """A browser that keeps cookies, wherever it sends requests to.

    Attributes: `cookies`, by name; `set`, what the last answer set, with its attributes.
    """

    def __init__(self, site: InProcess, url: str | None = None) -> None:
        self.site, self.url = site, url
        self.cookies: dict[str, str] = {}
        self.set: dict[str, str] = {}

    def send(self, method: str, path: str, *, accept: str = HTML, **options: Any) -> httpx.Response:
        headers = {"Accept": accept, **options.pop("headers", {})}
        if self.cookies:
            headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        answer = self.site.send(method, path, url=self.url, headers=headers, **options)
        self.set = {header.partition("=")[0]: header for header in answer.headers.get_list("set-cookie")}
        for name, cookie in self.set.items():
            value = cookie.partition("=")[2].partition(";")[0]
            if value and "max-age=0" not in cookie:
                self.cookies[name] = value
            else:
                self.cookies.pop(name, None)
        return answer

    def get(self, path: str, **options: Any) -> httpx.Response:
        return self.send("GET", path, **options)

    def sign_in(self, person: Any, **more: str) -> httpx.Response:
        page = self.get("/login/canvas").text
        found = re.search(r'name="authenticity_token" value="([^"]+)"', page)
        assert found is not None
        names = {"unique_id": person.login, "password": person.password, **more}
        fields = {f"pseudonym_session[{name}]": value for name, value in names.items()}
        return self.send("POST", "/login/canvas", data={"authenticity_token": found[1], **fields})

    @property
    def csrf(self) -> str:
        """A CSRF token for forms, masked like the cookie's."""
        return unquote(self.cookies["_csrf_token"])

    def act_as(self, person: int) -> httpx.Response:
        return self.send("POST", f"/users/{person}/masquerade", data={"authenticity_token": self.csrf})

    def who(self) -> int | None:
        """The user whom the REST API identifies the browser as."""
        answer = self.get(SELF, accept=JSON)
        return answer.json()["id"] if answer.status_code == 200 else None
