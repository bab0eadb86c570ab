"""Mistakes in deep linking responses: each is named, and the right response is accepted. PyJWT signs."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Any, NamedTuple
from uuid import uuid4

import httpx
import jwt

from contract_tests.brightspace.support import Site as BrightspaceSite
from contract_tests.canvas.support import Site as CanvasSite
from contract_tests.credentials import launches
from contract_tests.credentials.test_integrators_mistakes import diagnosed, each
from contract_tests.lms_site import LmsSite
from contract_tests.openedx.web import Web
from lms_emulator import Emulator
from lms_emulator.core.keys import private_key
from lms_emulator.signing import lti13

CLAIM, DL = lti13.CLAIM, lti13.DL_CLAIM
LINK = {"type": "ltiResourceLink", "url": "https://tool.example/launch", "title": "A link"}
SWAPPED = "`iss` and `aud` are in each other's place"


class Asked(NamedTuple):
    """A deep linking request: what the tool was told, and the browser's cookies."""

    message: str
    claims: dict[str, Any]
    cookies: dict[str, str]

    @property
    def url(self) -> str:
        return str(self.claims[f"{DL}deep_linking_settings"]["deep_link_return_url"])


def asked(site: LmsSite) -> Asked:
    answered = launches._answered(site, deep=True)
    message = answered.fields["id_token"]
    return Asked(message, jwt.decode(message, options={"verify_signature": False}), answered.cookies)


def signed(site: LmsSite, request: dict[str, Any], **changes: Any) -> str:
    """A response as the demo world's tool signs it. Parameters: `changes`, of its claims; None leaves one out."""
    now = int(time.time())
    claims = {"iss": site.info.lti_client_id, "aud": request["iss"], "iat": now, "exp": now + 60, "nonce": uuid4().hex}
    claims |= {f"{CLAIM}message_type": "LtiDeepLinkingResponse", f"{CLAIM}version": "1.3.0"}
    claims |= {f"{CLAIM}deployment_id": request[f"{CLAIM}deployment_id"], f"{DL}content_items": [LINK]}
    claims[f"{DL}data"] = request[f"{DL}deep_linking_settings"].get("data")
    kept = {name: value for name, value in (claims | changes).items() if value is not None}
    kid = httpx.get(f"{site.lms.ltiaas.url}/lti/keys").json()["keys"][0]["kid"]
    return jwt.encode(kept, private_key("ltiaas"), "RS256", headers={"kid": kid})


Send = Callable[[], httpx.Response]


def sender(site: LmsSite, request: Asked) -> Callable[..., Send]:
    """Makes what posts a response. Parameters of that: `form`, instead of the field JWT; `change`, of the JWT."""

    def post(
        form: Callable[[str], dict[str, str]] = lambda message: {"JWT": message},
        *,
        change: Callable[[str], str] = str,
        url: str = "",
        **changes: Any,
    ) -> Send:
        return lambda: httpx.post(
            url or request.url, data=form(change(signed(site, request.claims, **changes))), headers=request.cookies
        )

    return post


def test_canvas(lms: Emulator, canvas: CanvasSite) -> None:
    request = asked(canvas)
    post = sender(canvas, request)
    issuer, client = request.claims["iss"], canvas.info.lti_client_id
    each(
        lms,
        {
            "iss and aud swapped": (post(iss=issuer, aud=client), SWAPPED),
            "the id_token sent back": (post(change=lambda _: request.message), "this is an id_token, which says who"),
            "no iss": (post(iss=None), "it has no `iss`, which has to be the tool's client id"),
            "nothing": (post(change=lambda _: ""), "JWT was sent, but is empty"),
            "the tool's address": (post(iss="https://tool.example"), "it has to be its client id"),
            "no exp": (post(exp=None), "the token has no `exp`"),
            "jwt": (post(lambda message: {"jwt": message}), "`jwt` was sent; the name is `JWT`"),
            "id_token": (
                post(lambda message: {"id_token": message}),
                "a JWT was sent as `id_token`; the name is `JWT`",
            ),
            "in quotation marks": (post(change=lambda m: f'"{m}"'), "it is a JWT, but there are quotation marks"),
        },
    )
    assert post()().status_code == 200
    assert diagnosed(lms) == ""
    each(lms, {"twice": (post(), "this request was answered before")})


def test_brightspace(lms: Emulator, brightspace: BrightspaceSite) -> None:
    request = asked(brightspace)
    post = sender(brightspace, request)
    client, other = brightspace.info.lti_client_id, "d2d2d2d2-0000-4000-8000-00000000de02"
    item = {"lineItem": {"scoreMaximum": "ten"}}
    each(
        lms,
        {
            "iss and aud swapped": (post(iss=request.claims["iss"], aud=client), SWAPPED),
            "no data": (post(**{f"{DL}data": None}), "the response has no `data`"),
            "the message of a request": (
                post(**{f"{CLAIM}message_type": "LtiDeepLinkingRequest"}),
                "its `message_type` was sent as",
            ),
            "no deployment": (post(**{f"{CLAIM}deployment_id": None}), "it has no `deployment_id`"),
            "the client as deployment": (
                post(**{f"{CLAIM}deployment_id": client}),
                "this is the client id of an LTI tool",
            ),
            "another deployment": (
                post(**{f"{CLAIM}deployment_id": other}),
                f'its `deployment_id` was sent as the text "{other}"; it has to be',
            ),
            "one item": (post(**{f"{DL}content_items": LINK}), "its `content_items` was sent as {"),
            "no nonce": (post(nonce=None), "the token has no `nonce`"),
            "JSON": (
                lambda: httpx.post(request.url, json={"JWT": "x"}, headers=request.cookies),
                "the body was sent as application/json",
            ),
            "cut": (post(change=lambda message: message.rpartition(".")[0]), "2 came: was it cut"),
            "a word for a number": (
                post(**{f"{DL}content_items": [LINK | item]}),
                'its `scoreMaximum` was sent as the text "ten"; it has to be a number',
            ),
            "no number": (post(**{f"{DL}content_items": [LINK | {"lineItem": {}}]}), "no `scoreMaximum` was sent"),
            "the day first": (
                post(**{f"{DL}content_items": [LINK | {"available": {"startDateTime": "31/12/2026"}}]}),
                "the year comes first",
            ),
        },
    )
    items = f"{DL}content_items"
    assert post(**{items: None, "content_items": [LINK]})().status_code == 200
    (warning,) = lms.requests.last.warnings
    assert warning.message == f"`content_items` was sent; the claim is `{items}`: nothing is placed"
    assert post(nonce="once")().status_code == 200
    assert diagnosed(lms) == ""
    each(lms, {"a nonce again": (post(nonce="once"), "a token with this `nonce` was taken before")})


def test_open_edx(lms: Emulator, edx: Web) -> None:
    request = {"iss": edx.url, f"{CLAIM}deployment_id": "1", f"{DL}deep_linking_settings": {}}

    def post(user: Any = lms.openedx.staff, name: str = "JWT", **changes: Any) -> Send:
        message = signed(edx, request, **changes)
        return lambda: edx.browser(user).http.post("/api/lti_consumer/v1/lti/1/lti-dl/response", data={name: message})

    kind = f"{CLAIM}message_type"
    each(
        lms,
        {
            "a learner": (post(lms.openedx.learner), "staff of the course choose content; ada is neither"),
            "nobody": (post(None), "no session came with it"),
            "no message type": (post(**{kind: None}), "it has no `message_type`"),
            "another message type": (post(**{kind: "LtiDeepLinkingRequest"}), "its `message_type` was sent as"),
            "a file": (
                post(**{f"{DL}content_items": [{"type": "file"}]}),
                'its `type` was sent as the text "file"; it has to be ltiResourceLink or',
            ),
            "jwt": (post(name="jwt"), "`jwt` was sent; the name is `JWT`"),
        },
    )
    assert post()().status_code == 200
    assert diagnosed(lms) == ""


def test_an_altered_return_url(lms: Emulator, canvas: CanvasSite) -> None:
    request = asked(canvas)
    post = sender(canvas, request)
    changed = re.sub(r"(data=[^&]+).{6}(?=&|$)", r"\1", request.url)
    each(lms, {"cut": (post(url=changed), "to the unchanged deep_link_return_url")})
    assert post()().status_code == 200
