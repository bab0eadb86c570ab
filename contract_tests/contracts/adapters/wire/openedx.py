"""Open edX by plain HTTP."""

from __future__ import annotations

import base64
import html
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, parse_qsl, quote, quote_plus, urlencode, urlsplit

from ...http import Answer, Browser, Http, Pairs, form
from ...outcomes import Code, Launched, Refused, Token
from ...ports import Client
from .learning import Learning, refused
from .tool import DEEP_LINKING, ToolSide

CONSUMER = "/api/lti_consumer/v1"


class OpenEdx(Learning, ToolSide):
    """The port, request by request. `style` is how clients authenticate: `body` or `basic`."""

    provider = "openedx"
    TOOL_AUTH = f"{CONSUMER}/launch/"
    TOOL_AUDIENCE = ""

    def __init__(self, http: Http, base: str, facts: Mapping[str, Any]) -> None:
        self.http, self.base, self.facts = http, base, facts
        self.style = "body"

    @property
    def TOOL_KEYS(self) -> str:
        """The key set of the tool's block."""
        return f"{CONSUMER}/public_keysets/{quote(self.facts['lti_block'])}"

    @property
    def TOOL_TOKEN(self) -> str:
        """Where the tool of the block gets its service tokens."""
        return f"{CONSUMER}/token/{quote(self.facts['lti_block'])}"

    def send_choice(self, browser: Browser, launched: Launched, signed: str) -> int | Refused:
        back = launched.claims[DEEP_LINKING]["deep_link_return_url"]
        answer = browser.form(back, {"JWT": signed})
        if answer.status != 200:
            return refused(answer)
        page = browser.open(f"{self.base}/xblock/{self.facts['lti_block']}?deep_linking=1")
        frame = dict(parse_qsl(urlsplit(html.unescape(re.findall('<iframe[^>]* src="([^"]+)"', page.text)[0])).query))
        content = back.replace("lti-dl/response", "lti-dl/content")
        shown = browser.open(f"{content}?launch_data_key={frame['lti_message_hint']}")
        return shown.text.count('target="_blank"') if shown.status == 200 else 0

    def client_credentials(self, client: Client, *, scope: str | None = None, jwt: bool = False) -> Token | Refused:
        return self._token(client, grant_type="client_credentials", scope=scope, jwt=jwt)

    def password(
        self, client: Client, username: str, password: str, *, scope: str | None = None, jwt: bool = False
    ) -> Token | Refused:
        return self._token(client, grant_type="password", username=username, password=password, scope=scope, jwt=jwt)

    def exchange(
        self, client: Client, code: str, redirect_uri: str, *, verifier: str | None = None, jwt: bool = False
    ) -> Token | Refused:
        fields = {"code": code, "redirect_uri": redirect_uri, "code_verifier": verifier}
        return self._token(client, grant_type="authorization_code", jwt=jwt, **fields)

    def refresh(self, client: Client, refresh_token: str, *, scope: str | None = None) -> Token | Refused:
        return self._token(client, grant_type="refresh_token", refresh_token=refresh_token, scope=scope)

    def revoke(self, client: Client, token: str) -> Refused | None:
        answer = form(self.http, f"{self.base}/oauth2/revoke_token/", [("token", token), *identity(client)])
        return None if answer.status == 200 else refused(answer)

    def me(self, scheme: str | None, token: str) -> str | Refused:
        headers = [("Authorization", f"{scheme} {token}".strip())] if scheme is not None else []
        answer = self.http.send("GET", f"{self.base}/api/user/v1/me", headers)
        return answer.json()["username"] if answer.status == 200 else refused(answer)

    def sign_in(self, email: str, password: str) -> Browser | Refused:
        """A browser signed in as this person."""
        browser = Browser(self.http)
        csrf = browser.send("GET", f"{self.base}/csrf/api/v1/token").json()["csrfToken"]
        answer = browser.form(
            f"{self.base}/api/user/v1/account/login_session/",
            {"email": email, "password": password},
            [("X-CSRFToken", csrf)],
        )
        return browser if answer.status == 200 else refused(answer)

    def authorize(
        self,
        browser: Browser,
        client: Client,
        redirect_uri: str,
        *,
        scope: str,
        state: str,
        challenge: str | None = None,
        agree: bool = True,
    ) -> Code | Refused:
        query = {
            "response_type": "code",
            "client_id": client["client_id"],
            "redirect_uri": redirect_uri,
            "scope": scope,
            "state": state,
        }
        if challenge is not None:
            query |= {"code_challenge": challenge, "code_challenge_method": "S256"}
        url = f"{self.base}/oauth2/authorize?{urlencode(query)}"
        answer = browser.send("GET", url)
        asked = answer.status == 200
        if asked:
            fields = hidden_fields(answer.text)
            answer = browser.form(url, {**fields, **({"allow": "Authorize"} if agree else {})})
        return arrived(answer, redirect_uri, asked)

    def raw_token(self, fields: Pairs, headers: Pairs = ()) -> Token | Refused:
        """Send exactly these fields to the token endpoint."""
        return granted(form(self.http, f"{self.base}/oauth2/access_token", fields, headers))

    def _token(self, client: Client, *, jwt: bool = False, **fields: str | None) -> Token | Refused:
        pairs = [(name, value) for name, value in fields.items() if value is not None]
        pairs += [("token_type", "jwt")] if jwt else []
        secret = client.get("client_secret")
        if self.style == "basic" and secret is not None:
            plain = f"{quote_plus(client['client_id'])}:{quote_plus(secret)}"
            credentials = base64.b64encode(plain.encode()).decode()
            return self.raw_token(pairs, [("Authorization", f"Basic {credentials}")])
        return self.raw_token(pairs + identity(client))


def identity(client: Client) -> list[tuple[str, str]]:
    """The client's credentials as form fields."""
    return [(name, client[name]) for name in ("client_id", "client_secret") if name in client]


def granted(answer: Answer) -> Token | Refused:
    """A token response."""
    if answer.status != 200:
        return refused(answer)
    body = answer.json()
    return Token(
        access=body["access_token"],
        expires_in=body["expires_in"],
        kind=body["token_type"],
        scope=body["scope"],
        refresh=body.get("refresh_token"),
    )


def arrived(answer: Answer, redirect_uri: str, asked: bool) -> Code | Refused:
    """The parameters of the redirect back to the application."""
    if answer.status != 302 or not answer.location.startswith(redirect_uri):
        return Refused(status=answer.status, code=None, detail=answer.location or answer.text[:200])
    query = {name: values[-1] for name, values in parse_qs(urlsplit(answer.location).query).items()}
    if "code" not in query:
        return Refused(status=302, code=query.get("error"), detail=answer.location)
    return Code(code=query["code"], state=query.get("state"), asked=asked)


def hidden_fields(page: str) -> dict[str, str]:
    """Names and values of hidden inputs, and of inputs without a type, as in forms that submit themselves."""
    fields = {}
    for tag in re.findall(r"<input\b[^>]*>", page):
        attributes = dict(re.findall(r'([\w-]+)="([^"]*)"', tag))
        if attributes.get("type", "hidden") == "hidden" and "name" in attributes:
            fields[attributes["name"]] = html.unescape(attributes.get("value", ""))
    return fields
