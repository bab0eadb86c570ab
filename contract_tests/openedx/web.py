"""An integrator's own script: form posts, a browser's cookie jar, and the demo world's credentials."""

from __future__ import annotations

import html.parser
import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx

from lms_emulator.client.emulator import Emulator


class Web:
    """Open edX as seen from outside. Redirects are not followed."""

    def __init__(self, lms: Emulator) -> None:
        self.lms = lms
        self.info = lms.openedx
        self.clients = lms.openedx.clients
        self.url = lms.openedx.url
        self.http = httpx.Client(base_url=self.url, timeout=30)
        self._browsers: list[Browser] = []

    def close(self) -> None:
        self.http.close()
        for browser in self._browsers:
            browser.http.close()

    @property
    def refusal(self) -> Any:
        """Why the last request was refused."""
        return self.lms.requests.last.refusal

    # tokens

    def token(self, **form: str) -> httpx.Response:
        """A call of the token endpoint."""
        return self.http.post("/oauth2/access_token", data=form)

    def by(self, client: Any, **form: str) -> httpx.Response:
        """A call of the token endpoint in the name of a client, its secret in the form if it has one."""
        secret = {"client_secret": client.client_secret} if client.client_secret else {}
        return self.token(**{"client_id": client.client_id, **secret, **form})

    def client_credentials(self, **form: str) -> httpx.Response:
        return self.by(self.clients.client_credentials, grant_type="client_credentials", **form)

    def password(self, user: Any = None, **form: str) -> httpx.Response:
        user = user or self.info.learner
        login = {"username": user.username, "password": user.password}
        return self.by(self.clients.password, **{"grant_type": "password", **login, **form})

    def refresh(self, token: str, **form: str) -> httpx.Response:
        return self.by(self.clients.password, **{"grant_type": "refresh_token", "refresh_token": token, **form})

    def revoke(self, token: str, **form: str) -> httpx.Response:
        client = self.clients.password
        data = {"client_id": client.client_id, "client_secret": client.client_secret, "token": token, **form}
        return self.http.post("/oauth2/revoke_token/", data=data)

    def me(self, token: str | None = None, *, scheme: str = "Bearer", **more: Any) -> httpx.Response:
        headers = {} if token is None else {"Authorization": f"{scheme} {token}"}
        return self.http.get("/api/user/v1/me", headers=headers, **more)

    # a browser

    def browser(self, user: Any = None) -> Browser:
        """A fresh cookie jar, signed in when a user is given."""
        browser = Browser(self)
        self._browsers.append(browser)
        if user is not None:
            assert browser.sign_in(user).status_code == 200
        return browser


class Browser:
    """A cookie jar with the habits of a browser: it sends the CSRF token with what it posts."""

    def __init__(self, web: Web) -> None:
        self.web = web
        self.http = httpx.Client(base_url=web.url, timeout=30)

    def get(self, path: str, **more: Any) -> httpx.Response:
        return self.http.get(path, **more)

    def post(self, path: str, data: dict[str, str], **more: Any) -> httpx.Response:
        headers = {"X-CSRFToken": self.http.cookies.get("csrftoken") or "", **more.pop("headers", {})}
        return self.http.post(path, data=data, headers=headers, **more)

    def sign_in(self, user: Any, *, version: str = "v2") -> httpx.Response:
        self.get("/csrf/api/v1/token")
        field = ("email", user.email) if version == "v1" else ("email_or_username", user.username)
        form = dict([field, ("password", user.password)])
        return self.post(f"/api/user/{version}/account/login_session/", form)

    def authorize(self, client: Any, **query: str) -> httpx.Response:
        """Ask for authorization with the client's first redirect URI; parameters given as empty are left out."""
        asked = {
            "client_id": client.client_id,
            "response_type": "code",
            "redirect_uri": client.redirect_uris[0],
            "scope": "read",
            "state": "st-1",
            **query,
        }
        return self.get("/oauth2/authorize/", params={k: v for k, v in asked.items() if v})

    def decide(self, page: httpx.Response, *, allow: bool) -> httpx.Response:
        """Press Allow or Cancel on the consent page, posting to the very address it was shown at."""
        form = controls(page.text)
        form.pop("cancel", None)
        if not allow:
            form.pop("allow", None)
        return self.http.post(str(page.url), data=form)

    def code(self, client: Any, **query: str) -> str:
        """An authorization code, allowing where asked."""
        answer = self.authorize(client, **query)
        if answer.status_code == 200:
            answer = self.decide(answer, allow=True)
        return returned(answer)["code"]


def returned(answer: httpx.Response) -> dict[str, str]:
    """What a redirect carries back to the application, in query or fragment."""
    assert answer.status_code == 302, answer.text
    parts = urlsplit(answer.headers["location"])
    return {name: values[0] for name, values in parse_qs(parts.query or parts.fragment).items()}


class _Controls(html.parser.HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: dict[str, str] = {}
        self._open = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        name = given.get("name")
        if tag in ("input", "button") and name and (given.get("type") != "checkbox" or "checked" in given):
            self.found[name] = given.get("value") or ""
        elif tag in ("select", "textarea") and name:
            self.found[name], self._open = "", name if tag == "textarea" else ""
            self._select = name
        elif tag == "option" and "selected" in given:
            self.found[self._select] = given.get("value") or ""

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea":
            self._open = ""

    def handle_data(self, data: str) -> None:
        if self._open:
            self.found[self._open] += data


def controls(page: str) -> dict[str, str]:
    """Names and values of what a page's forms would send, buttons included."""
    reader = _Controls()
    reader.feed(page)
    return reader.found


def errors(page: str) -> list[str]:
    """The error texts that Django's forms show."""
    return re.findall(r"<li>([^<]+)</li>", "".join(re.findall(r'<ul class="errorlist[^>]*>(.*?)</ul>', page, re.S)))
