"""Mistakes of LTI 1.1 tools that send scores to Canvas, signed by oauthlib and by a signer written here."""

from __future__ import annotations

import base64
import gzip
import hashlib
import hmac
from collections.abc import Callable
from itertools import count
from typing import Any
from urllib.parse import quote, unquote

import httpx
import pytest
from oauthlib.oauth1 import Client

from contract_tests.canvas.support import Site
from contract_tests.canvas.test_basic_outcomes import Seat
from contract_tests.lti.basic_outcomes import body_hash, envelope, of_score

XML, NONCES = "application/xml", count()
Pairs = list[tuple[str, str]]


def enc(text: str) -> str:
    return quote(text, safe="~")


class Tool:
    """A tool whose key is `k` and whose secret is `s`."""

    def __init__(self, canvas: Site) -> None:
        self.canvas, self.seat = canvas, Seat(canvas)
        self.url: str = self.seat.launch["lis_outcome_service_url"]
        self.body = self.envelope("0.5")

    def envelope(self, score: str, operation: str = "replaceResult", sourced: str | None = None) -> str:
        return envelope(operation, self.seat.sourced_id if sourced is None else sourced, of_score(score))

    def send(
        self,
        body: str | bytes | None = None,
        *,
        key: str = "s&",
        url: str = "",
        media: str = XML,
        digest: str | None = None,
        written: Callable[[str], str] = str,
        besides: Pairs | None = None,
        **changes: str,
    ) -> httpx.Response:
        sent = self.body if body is None else body
        now = int(self.canvas.lms.clock.now.timestamp())
        oauth = {"oauth_consumer_key": "k", "oauth_nonce": f"n{next(NONCES)}", "oauth_timestamp": str(now)}
        oauth |= {
            "oauth_signature_method": "HMAC-SHA1",
            "oauth_body_hash": body_hash(sent) if digest is None else digest,
        }
        oauth = {name: value for name, value in (oauth | changes).items() if value}
        pairs = sorted((enc(name), enc(value)) for name, value in [*oauth.items(), *(besides or [])])
        base = "&".join(("POST", enc(url or self.url), enc("&".join(f"{name}={value}" for name, value in pairs))))
        signature = base64.b64encode(hmac.digest(key.encode(), base.encode(), "sha1")).decode()
        header = ", ".join(f'{n}="{enc(v)}"' for n, v in {**oauth, "oauth_signature": signature}.items())
        headers = {"Authorization": written(f"OAuth {header}"), "Content-Type": media}
        return httpx.post(self.url, content=sent, headers={name: value for name, value in headers.items() if value})

    def explanation(self) -> str:
        refusal = self.canvas.lms.requests.last.refusal
        return "" if refusal is None else str(refusal.diagnosis)


@pytest.fixture
def tool(canvas: Site) -> Tool:
    return Tool(canvas)


def test_each_is_named(tool: Tool) -> None:
    now = int(tool.canvas.lms.clock.now.timestamp())
    wrong: dict[str, dict[str, Any]] = {
        "another secret was used": {"key": "t&"},
        "at OpenLearning, not with that of the tool": {"key": f"{tool.canvas.lms.openlearning.consumer_secret}&"},
        "the '&' after the consumer secret is missing": {"key": "s"},
        "http and https were swapped": {"url": tool.url.replace("http:", "https:")},
        "an oauth_body_hash was signed but not sent": {
            "digest": "",
            "besides": [("oauth_body_hash", body_hash(tool.body))],
        },
        "the body was signed as a parameter": {"digest": "", "besides": [(tool.body, "")]},
        "no Authorization header was sent": {"written": lambda _: ""},
        "`Bearer` is of OAuth 2": {"written": lambda _: "Bearer x"},
        "the word OAuth is missing": {"written": lambda text: text.removeprefix("OAuth ")},
        "stand in no quotes": {"written": lambda text: text.replace('"', "")},
        "stand in single quotes": {"written": lambda text: text.replace('"', "'")},
        "HMAC-SHA256 is another method": {"oauth_signature_method": "HMAC-SHA256"},
        "the name is written HMAC-SHA1": {"oauth_signature_method": "HmacSHA1"},
        "local time was probably taken for UTC": {"oauth_timestamp": str(now - 7200)},
        "the timestamp is in milliseconds": {"oauth_timestamp": f"{now}000"},
        "set Content-Type: application/xml": {"media": "text/plain"},
        "the body is XML, and its Content-Type says application/x": {"media": "application/x-www-form-urlencoded"},
        "the body is XML, and its Content-Type says JSON": {"media": "application/json"},
        "85 of 100 is 0.85": {"body": tool.envelope("85")},
        "the decimals follow a point": {"body": tool.envelope("0,85")},
        "85% of 100 is 0.85": {"body": tool.envelope("85%")},
        "written as a number: 0.85": {"body": tool.envelope("17/20")},
        "`A+` is not a number": {"body": tool.envelope("A+")},
        "the score is empty": {"body": tool.envelope("")},
        "the sourcedId was changed or cut": {"body": tool.envelope("1", sourced=tool.seat.sourced_id[:-3])},
        "a sourcedId is four numbers and a seal": {"body": tool.envelope("1", sourced="5")},
        "no sourcedId came": {"body": tool.envelope("1", sourced="")},
        "but there are quotation marks around it": {"body": tool.envelope("1", sourced=f'"{tool.seat.sourced_id}"')},
        "updateResultRequest is not an operation; there are": {"body": tool.envelope("1", "updateResult")},
        "not well-formed XML": {"body": tool.body[:-5]},
        "there is no imsx_POXBody": {"body": "<a/>"},
        "the body is compressed (gzip)": {"body": gzip.compress(tool.body.encode())},
    }
    unnamed = []
    for words, habits in wrong.items():
        assert tool.send(**habits).status_code >= 400, words
        if words not in tool.explanation():
            unnamed.append((words, tool.explanation()))
    assert unnamed == []
    assert tool.send().status_code == 200
    assert tool.send(written=unquote).status_code == 200
    assert tool.explanation() == ""
    assert [tool.send(oauth_nonce="once").status_code for _ in range(2)] == [200, 401]
    assert tool.explanation() == "each request needs a new nonce, one that is repeated too"


def test_hashes_of_the_body(tool: Tool) -> None:
    """Canvas does not look at them: the journal warns, and a setting refuses them."""
    raw, spaced = tool.body.encode(), tool.body.replace("><", ">\n<").encode()
    wrong = {
        "it is the SHA-1 in hex digits": hashlib.sha1(raw, usedforsecurity=False).hexdigest(),
        "it is the SHA256 of the body": base64.b64encode(hashlib.sha256(raw).digest()).decode(),
        "it is the hash of no body": body_hash(b""),
        "of the body with a line break at its end": body_hash(raw + b"\n"),
        "it is the hash of another body": body_hash("<x/>"),
    }
    for words, digest in wrong.items():
        assert tool.send(digest=digest).status_code == 200
        assert words in tool.canvas.lms.requests.last.warnings[0].message
    assert tool.send(spaced, digest=body_hash(raw)).status_code == 200
    assert "without white space between its elements" in tool.canvas.lms.requests.last.warnings[0].message
    tool.canvas.lms.settings["canvas.unchecked_by_canvas"] = "refuse"
    assert tool.send(digest="").status_code == 401
    assert tool.explanation().startswith("no oauth_body_hash came")
    assert tool.send().status_code == 200


def test_oauthlib_of_another_tool(tool: Tool) -> None:
    uri, headers, _ = Client("k", "s").sign(tool.url, "POST", None, {"Content-Type": XML})
    assert httpx.post(uri, content=tool.body, headers=headers).status_code == 200
    elsewhere = tool.url.replace(f"/{tool.seat.tool['id']}/", "/987654/")
    uri, headers, _ = Client("k", "s").sign(elsewhere, "POST", None, {"Content-Type": XML})
    assert httpx.post(uri, content=tool.body, headers=headers).status_code == 404
    assert "there is no tool 987654" in tool.explanation()
