"""Authlib's Starlette integration, as the article on signing in with the LMS sets it up, with nothing changed."""

from __future__ import annotations

import asyncio
import warnings
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from contract_tests.openedx.web import Web

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # it announces the end of its support for httpx
    from authlib.integrations import starlette_client as authlib

CALLBACK = "http://127.0.0.1:8090/authorize/"


def build(web: Web, **client: Any) -> Starlette:
    """The article's application, on Starlette."""
    from starlette.middleware.sessions import SessionMiddleware

    oauth = authlib.OAuth()
    oauth.register(
        "lms",
        client_id=client.pop("client_id", web.clients.authorization_code.client_id),
        client_secret=client.pop("client_secret", web.clients.authorization_code.client_secret),
        access_token_url=f"{web.url}/oauth2/access_token",
        access_token_params=None,
        authorize_url=f"{web.url}/oauth2/authorize/",
        authorize_params=None,
        api_base_url=f"{web.url}/",
        client_kwargs={
            "scope": "email profile read",
            "token_endpoint_auth_method": "client_secret_basic",
            "token_placement": "header",
            **client,
        },
    )

    async def login(request: Request) -> Response:
        answer: Response = await oauth.lms.authorize_redirect(request, CALLBACK)
        return answer

    async def authorize(request: Request) -> Response:
        try:
            token = await oauth.lms.authorize_access_token(request)
        except authlib.OAuthError as error:
            return PlainTextResponse(f"refused: {error.error}", 403)
        answer = await oauth.lms.get("/api/user/v1/me", token=token)
        return PlainTextResponse(answer.json()["username"])

    sessions = Middleware(SessionMiddleware, secret_key="not a secret")
    return Starlette(routes=[Route("/", login), Route("/authorize/", authorize)], middleware=[sessions])


class Visitor:
    """Somebody's browser between the application and the LMS."""

    def __init__(self, web: Web, app: Starlette) -> None:
        self.web, self.browser = web, web.browser(web.info.learner)
        self.cookies: dict[str, str] = {}
        self.app = app

    def ask(self, url: str) -> httpx.Response:
        """One request to the application."""

        async def send() -> httpx.Response:
            transport = httpx.ASGITransport(app=self.app)
            async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8090") as client:
                return await client.get(url, headers={"Cookie": "; ".join(f"{k}={v}" for k, v in self.cookies.items())})

        answer = asyncio.run(send())
        self.cookies.update(answer.cookies.items())
        return answer

    def at_the_lms(self) -> httpx.Response:
        """From the application's front page to what the LMS says."""
        return self.browser.get(self.ask("/").headers["location"])

    def back(self, answer: httpx.Response) -> httpx.Response:
        """Follow the LMS's redirect to the application."""
        location = answer.headers["location"]
        assert location.startswith(CALLBACK)
        parts = urlsplit(location)
        return self.ask(f"{parts.path}?{parts.query}")


@pytest.fixture
def visitor(web: Web) -> Iterator[Visitor]:
    return Visitor(web, build(web))


def test_the_username_is_shown(web: Web, visitor: Visitor) -> None:
    consent = visitor.at_the_lms()
    assert consent.status_code == 200
    shown = visitor.back(visitor.browser.decide(consent, allow=True))
    assert (shown.status_code, shown.text) == (200, web.info.learner.username)


def test_consent_is_not_asked_for_twice(web: Web, visitor: Visitor) -> None:
    visitor.back(visitor.browser.decide(visitor.at_the_lms(), allow=True))
    assert visitor.back(visitor.at_the_lms()).text == web.info.learner.username


def test_denied(visitor: Visitor) -> None:
    answer = visitor.back(visitor.browser.decide(visitor.at_the_lms(), allow=False))
    assert (answer.status_code, answer.text) == (403, "refused: access_denied")


def test_with_pkce(web: Web) -> None:
    visitor = Visitor(web, build(web, code_challenge_method="S256"))
    consent = visitor.at_the_lms()
    assert "code_challenge_method=S256" in str(consent.url)
    assert visitor.back(visitor.browser.decide(consent, allow=True)).text == web.info.learner.username


def test_with_a_wrong_secret(web: Web) -> None:
    visitor = Visitor(web, build(web, client_secret="another"))
    answer = visitor.back(visitor.browser.decide(visitor.at_the_lms(), allow=True))
    assert (answer.status_code, answer.text) == (403, "refused: invalid_client")
