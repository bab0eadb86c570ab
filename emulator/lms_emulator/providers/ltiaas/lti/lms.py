"""LTIAAS as a client of the LMS: keys, tokens, rosters, grades.

A request to an emulated LMS stays in this process. A real LMS is called only if the world names its address.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any, NamedTuple
from urllib.parse import urlunsplit

from lms_emulator.core.http import json_text
from lms_emulator.core.http.outgoing import OutgoingError, explained, fetch, is_ours
from lms_emulator.core.http.urls import add_query, parts_of
from lms_emulator.providers.ltiaas import refusals
from lms_emulator.providers.ltiaas.call import Call
from lms_emulator.providers.ltiaas.lti.keys import KEYS
from lms_emulator.providers.ltiaas.model import OAuthClient, Platform
from lms_emulator.providers.ltiaas.refusals import lms as lms_refusals

ASSERTION_SECONDS = 60
SERVICE_FAILED = "EXTERNAL_SERVICE_REQUEST_FAILED"
TOKEN_FAILED = "OAUTH_ACCESS_TOKEN_REQUEST_FAILED"
_SERVICE = "the launch, or this call, names the service"
_LINK = re.compile(r'\s*<([^>]*)>\s*;.*?rel="?([a-zA-Z]+)"?')


class Answer(NamedTuple):
    """The LMS's response: status, JSON (or text) body, and the pages of its Link header.

    Attributes: `why`, how the emulator explains a refusal, if the LMS is one of its own.
    """

    status: int
    body: Any
    pages: dict[str, str]
    why: str | None = None

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300


def known_urls(call: Call, platform: Platform) -> list[str]:
    """The addresses of this LMS that the world names.

    The addresses of a platform added at run time, through the API or by dynamic registration, do not count; list them
    under `lms_urls` in the world's `ltiaas` section.
    """
    urls = list(call.store.section.lms_urls)
    if not platform.added:
        urls += [platform.url, platform.authentication_endpoint, platform.accesstoken_endpoint, *platform.lms_urls]
        urls += [platform.auth_key] if platform.auth_method == "JWK_SET" else []
        urls += [platform.oauth.authorization_endpoint, platform.oauth.token_endpoint] if platform.oauth else []
    return urls


async def ask(
    call: Call,
    allowed: Iterable[str],
    method: str,
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    form: Mapping[str, str] | None = None,
    json: Any = None,
    content: bytes | None = None,
    named: str = "the platform's registration names",
) -> Answer:
    """Send one request to the LMS. `named` says who gave its address.

    Raises `lms_unreachable` if there is no answer, or if the world does not name the address.
    """
    permitted = [*allowed, *([url] if is_ours(call, url) else [])]
    try:
        response = await fetch(
            call, method, url, allowed=permitted, headers=headers, data=form, json=json, content=content
        )
    except OutgoingError as error:
        status, why = call.settings.lms_unreachable_status, str(error)
        if error.reason == "not_allowed" and "for this LMS" in why:
            why += "; one of a platform added at run time has to be in `lms_urls` of the world's `ltiaas` section"
        raise lms_refusals.lms_unreachable(status, url=_bare(url), why=why, named=named) from None
    try:
        body = json_text.parse(response.content) if response.content else None
    except ValueError:
        body = response.text[:2000]
    links = re.split(r",(?=\s*<)", response.headers.get("link", ""))
    pages = {found[2].lower(): found[1] for link in links if (found := _LINK.match(link))}
    return Answer(response.status_code, body, pages, explained(call, response))


_KEPT = {"RSA_KEY": "a public key as PEM in the platform's `authConfig.key`", "JWK_KEY": "a JWKS in `authConfig.key`"}


async def key_set(call: Call, platform: Platform) -> Any:
    """The LMS's public keys, according to its registration. Raises `launch_refused`."""
    from lms_emulator.signing.jwk import KeySet, load_public_key
    from lms_emulator.signing.token_errors import TokenError

    try:
        if platform.auth_method == "RSA_KEY":
            return load_public_key(platform.auth_key)
        if platform.auth_method == "JWK_KEY":
            return KeySet.from_jwks(json_text.parse(platform.auth_key))
        url = call.resolve(platform.auth_key)
        answer = await ask(call, known_urls(call, platform), "GET", url, headers={"Accept": "application/json"})
        if not answer.ok:
            why = f"{url} answered {answer.status}"
            raise refusals.launch_refused("KEYSET_NOT_FOUND", expected=url, got=answer.status, diagnosis=why)
        call.world.given_out.published.note(url, answer.body)
        keys = KeySet.from_jwks(answer.body)
    except (TokenError, ValueError) as error:
        expected = _KEPT.get(platform.auth_method, "a JWKS")
        where = "what was registered" if platform.auth_method in _KEPT else call.resolve(platform.auth_key)
        raise refusals.launch_refused(
            "KEYSET_NOT_FOUND", expected=expected, got=str(error), diagnosis=f"{where} is not {expected}: {error}"
        ) from None
    if not len(keys):
        why = "the platform's key set has no key whose `kty` is RSA and whose `use`, if it has one, is sig"
        raise refusals.launch_refused("KEYSET_NOT_FOUND", expected="at least one RSA key", got="none", diagnosis=why)
    return keys


async def service_token(call: Call, platform: Platform, scopes: Iterable[str]) -> str:
    """An access token for LTI services: `client_credentials` with a signed assertion (`private_key_jwt`).

    https://www.imsglobal.org/spec/security/v1p0/, section 4
    """
    from lms_emulator.signing.lti13 import JWT_BEARER

    url = call.resolve(platform.accesstoken_endpoint)
    now = int(call.clock.timestamp())
    claims = {
        "iss": platform.client_id,
        "sub": platform.client_id,
        "aud": call.resolve(platform.authorization_server) if platform.authorization_server else url,
        "iat": now,
        "exp": now + ASSERTION_SECONDS,
        "jti": call.ids.hex(32),
    }
    form = {
        "grant_type": "client_credentials",
        "client_assertion_type": JWT_BEARER,
        "client_assertion": KEYS.sign(call, platform, claims),
        "scope": " ".join(scopes),
    }
    answer = await ask(call, known_urls(call, platform), "POST", url, form=form, headers={"Accept": "application/json"})
    return str(_tokens(call, answer, url)["access_token"])


async def call_service(
    call: Call,
    platform: Platform,
    method: str,
    url: str,
    *,
    scopes: Iterable[str],
    accept: str = "application/json",
    json: Any = None,
    content_type: str = "application/json",
    expects: type[dict[str, Any]] | type[list[Any]] | None = None,
) -> Answer:
    """Call an LTI service of the LMS with a fresh token.

    Parameters: `expects`, the kind of JSON in a successful response.
    Raises `lms_refused` with the LMS's status and body, or `lms_unreachable` without a usable response.
    """
    token = await service_token(call, platform, scopes)
    headers = {"Authorization": f"Bearer {token}", "Accept": accept}
    content: bytes | None = None
    if json is not None:
        import json as encoder

        content = encoder.dumps(json).encode()
        headers["Content-Type"] = content_type
    answer = await ask(call, known_urls(call, platform), method, url, headers=headers, content=content, named=_SERVICE)
    if not answer.ok:
        raise lms_refusals.lms_refused(
            SERVICE_FAILED, status=_relayed(call, answer.status), url=_bare(url), received=answer.body, why=answer.why
        )
    if expects is not None and not isinstance(answer.body, expects):
        why = f"the LMS answered {answer.status} without the expected JSON"
        raise lms_refusals.lms_unreachable(
            call.settings.lms_unreachable_status, url=_bare(url), why=why, named=_SERVICE
        )
    return answer


async def user_token(call: Call, platform: Platform, client: OAuthClient, form: Mapping[str, str]) -> dict[str, Any]:
    """A user's tokens from the LMS's OAuth2 token endpoint, for a code or a refresh token.

    Parameters: `form`, the grant's own fields; client id and secret of the portal are added.
    Raises the LMS's refusal, relayed, or `lms_unreachable`.
    """
    url = call.resolve(client.token_endpoint)
    fields = {**form, "client_id": client.client_id, "client_secret": client.client_secret}
    answer = await ask(
        call, known_urls(call, platform), "POST", url, form=fields, headers={"Accept": "application/json"}
    )
    return _tokens(call, answer, url)


@cache
def public_pem(name: str) -> str:
    """The public half of a shipped key, as PEM."""
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    from lms_emulator.core.keys import private_key

    public = private_key(name).public_key()
    return public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode("ascii")


def with_query(url: str, **parameters: str | None) -> str:
    """`url` with parameters appended to its query, without those that are None."""
    added = [(name, value) for name, value in parameters.items() if value is not None]
    return add_query(url, added) if added else url


def below(url: str, name: str) -> str:
    """`url` with a path segment appended to its path."""
    parts = parts_of(url)
    return urlunsplit(parts._replace(path=f"{parts.path.rstrip('/')}/{name}"))


def _tokens(call: Call, answer: Answer, url: str) -> dict[str, Any]:
    if not answer.ok:
        status = _relayed(call, answer.status)
        raise lms_refusals.lms_refused(TOKEN_FAILED, status=status, url=url, received=answer.body, why=answer.why)
    if not isinstance(answer.body, dict) or not isinstance(answer.body.get("access_token"), str):
        why = "the LMS answered without an access_token"
        raise lms_refusals.lms_unreachable(call.settings.lms_unreachable_status, url=url, why=why)
    return answer.body


def _relayed(call: Call, status: int) -> int:
    """The LMS's status if it is an error; else that of an unreachable LMS."""
    return status if 400 <= status <= 599 else call.settings.lms_unreachable_status


def _bare(url: str) -> str:
    return url.partition("?")[0]
