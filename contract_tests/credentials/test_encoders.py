"""What platforms' functions make of a launch's signature: each is named. The signer here needs only hmac."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import time
from collections.abc import Callable
from html import escape
from typing import Any
from urllib.parse import quote, quote_plus
from uuid import uuid4

import httpx
import pytest

from contract_tests.credentials.test_integrators_mistakes import diagnosed
from lms_emulator import Emulator

NAME = "Zoë O'Brien *~ (x)"
NONE = "no known mistake reproduces this signature"


def right(text: str) -> str:
    return quote(text, safe="~")


def java(text: str) -> str:
    return quote_plus(text, safe="*").replace("~", "%7E")


def php(text: str) -> str:
    return quote_plus(text).replace("~", "%7E")


def java_spaces(text: str) -> str:
    return java(text).replace("+", "%20")


def only_spaces_mended(text: str) -> str:
    return java(text).replace("+", "%20").replace("%7E", "~")


def encode_uri(text: str) -> str:
    return quote(text, safe=";,/?:@&=+$#!'()*~")


def add_slashes(text: str) -> str:
    return re.sub(r"(['\"\\])", r"\\\1", text)


def php_entities(text: str) -> str:
    return escape(text).replace("&#x27;", "&#039;")


def json_of(fields: dict[str, str]) -> str:
    return json.dumps(fields, separators=(",", ":"), ensure_ascii=False)


def by_number(name: str) -> list[str]:
    return [part.zfill(9) if part.isdigit() else part for part in re.split(r"(\d+)", name)]


class Signer:
    """A signer with parts that can be replaced."""

    def __init__(self, lms: Emulator) -> None:
        self.info = lms.openlearning
        self.url = f"{self.info.url}/lti/launch/"

    def launch(
        self,
        *,
        encode: Callable[[str], str] = right,
        of_key: Callable[[str], str] | None = None,
        value: Callable[[str], str] = str,
        order: Callable[[str], Any] = str,
        joint: str = "&",
        method: str = "POST",
        secret: str = "",
        base: Callable[[dict[str, str]], str] | None = None,
        sent_as: Callable[[str], str] = str,
        **more: str,
    ) -> httpx.Response:
        fields = {"lti_message_type": "basic-lti-launch-request", "lti_version": "LTI-1p0", "resource_link_id": "r1"}
        fields |= {"context_id": "campus-course-7", "user_id": "student-1815", "lis_person_name_full": NAME, **more}
        fields |= {"oauth_consumer_key": self.info.consumer_key, "oauth_signature_method": "HMAC-SHA1"}
        fields |= {"oauth_nonce": uuid4().hex, "oauth_version": "1.0"}
        fields.setdefault("oauth_timestamp", str(int(time.time())))
        pairs = [f"{encode(name)}={encode(value(fields[name]))}" for name in sorted(fields, key=order)]
        text = "&".join(encode(part) for part in (method, self.url, base(fields) if base else joint.join(pairs)))
        key = f"{(of_key or encode)(secret or self.info.consumer_secret)}&"
        digest = hmac.new(key.encode(), text.encode(), hashlib.sha1).digest()
        fields["oauth_signature"] = base64.b64encode(digest).decode()
        return httpx.post(self.url, data={sent_as(name): value for name, value in fields.items()})


@pytest.mark.parametrize(
    ("habits", "words"),
    [
        ({"encode": php}, "PHP's urlencode was used"),
        ({"encode": php, "lis_person_name_full": "Ada ~1"}, "PHP's urlencode or Java's URLEncoder was used"),
        ({"encode": java, "lis_person_name_full": "Ada ~1"}, "PHP's urlencode or Java's URLEncoder was used"),
        ({"encode": java, "of_key": right}, "Java's URLEncoder was used"),
        ({"encode": java}, "Java's URLEncoder was used"),
        ({"encode": java}, "the secret was encoded in the key as for a form"),
        ({"encode": java_spaces, "of_key": right}, "Java's URLEncoder was used with its '+' replaced by %20"),
        ({"encode": only_spaces_mended}, "text was encoded otherwise than RFC 3986 has it: UTF-8, '*' bare"),
        ({"encode": encode_uri, "custom_x": "a&b=c/d"}, "JavaScript's encodeURI was used"),
        ({"value": add_slashes}, "with a backslash before each quotation mark"),
        ({"value": php_entities}, "values were signed with HTML entities"),
        ({"joint": "&amp;"}, "the parameters were joined with '&amp;'"),
        ({"order": by_number, "custom_b9": "1", "custom_b10": "2"}, "the parameters were sorted naturally"),
        ({"method": "PUT"}, "the signature was made for another method: PUT"),
        ({"secret": "other"}, NONE),  # with it begins a secret of another provider
    ],
)
def test_what_functions_of_platforms_do(lms: Emulator, habits: dict[str, Any], words: str) -> None:
    signer = Signer(lms)
    assert signer.launch(**habits).status_code == 403
    assert words in diagnosed(lms)
    assert signer.launch(**{name: habits[name] for name in habits if name.startswith("custom_")}).status_code == 302
    assert diagnosed(lms) == ""


def test_what_is_signed_in_place_of_names_and_values(lms: Emulator) -> None:
    signer = Signer(lms)
    assert signer.launch(base=json_of).status_code == 403
    assert "the fields were signed as JSON" in diagnosed(lms)
    renamed = {"sent_as": lambda name: name.replace(".", "_"), "custom_a.b": "1"}
    assert signer.launch(**renamed).status_code == 403
    assert "a name was signed with a dot or space that PHP made an underscore of: custom_a_b" in diagnosed(lms)
    assert signer.launch(oauth_timestamp=f'"{int(time.time())}"').status_code == 400
    assert "there are quotation marks around it" in diagnosed(lms)
    assert signer.launch(**{"custom_a.b": "1"}).status_code == 302
