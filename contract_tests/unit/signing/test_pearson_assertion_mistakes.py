"""Every diagnosed mistake in signing LearningStudio's assertion, with its whole sentence."""

from __future__ import annotations

import hashlib
import hmac
import struct
from base64 import b32encode, b64encode, urlsafe_b64encode
from collections.abc import Callable
from dataclasses import replace
from urllib.parse import quote, quote_plus

import pytest

from contract_tests.learningstudio.client import cbc_mac
from lms_emulator.signing.cmac import cmac_aes
from lms_emulator.signing.pearson import Assertion
from lms_emulator.signing.pearson_assertion_diagnosis import diagnose_assertion
from lms_emulator.signing.pearson_mistakes import LARGEST_BODY

SECRET = "0123456789ABCDEFabcdefabcdefabcd"
RAW = SECRET.encode()
SENT = Assertion(
    application_name=" My/Äpp€ ",
    consumer_key="aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee",
    application_id="11111111-2222-3333-4444-555555555555",
    client_string="sandbox",
    username=" sandbox\\Ada\\Byron ",
    timestamp="2014-05-13T16:53:20Z",
)
TEXT = (
    " My/Äpp€ |aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee|11111111-2222-3333-4444-555555555555|sandbox|"
    " sandbox\\Ada\\Byron |2014-05-13T16:53:20Z"
)
GUIDS = "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee|11111111-2222-3333-4444-555555555555"


def tag(text: str | bytes = TEXT, key: bytes = RAW) -> bytes:
    return cmac_aes(key, text if isinstance(text, bytes) else text.encode())


def signed(old: str, new: str) -> str:
    """The right text but for one part."""
    assert TEXT.count(old) == 1
    return tag(TEXT.replace(old, new)).hex()


def why(received: str, assertion: Assertion = SENT, secret: str = SECRET) -> str | None:
    return diagnose_assertion(received, assertion, secret)


def made_twice(other: str) -> str:
    return f"the timestamp was taken twice: {other} was signed, 2014-05-13T16:53:20Z was sent"


SENTENCES: dict[str, list[str]] = {
    # How it was written.
    "the signature was encoded as Base64 instead of hex": [b64encode(tag()).decode()],
    "the padding '==' of the signature is missing": [b64encode(tag()).decode().rstrip("=")],
    "the signature was encoded as hex and then as Base64": [b64encode(tag().hex().encode()).decode()],
    # With what.
    "HMAC-SHA1 was used instead of CMAC-AES": [hmac.digest(RAW, TEXT.encode(), "sha1").hex()],
    "HMAC-SHA256 was used instead of CMAC-AES": [hmac.digest(RAW, TEXT.encode(), "sha256").hex()],
    "CBC-MAC was used instead of CMAC-AES": [cbc_mac(SECRET, TEXT).hex()],
    "the hex digits of the assertion were signed, not the assertion": [tag(TEXT.encode().hex()).hex()],
    "the bytes of the secret were reversed": [tag(key=RAW[::-1]).hex()],
    "the secret was hex-decoded; its ASCII characters are the key": [tag(key=bytes.fromhex(SECRET)).hex()],
    "only the first 16 characters of the secret were used": [tag(key=RAW[:16]).hex()],
    "the secret was hashed with MD5 before use": [tag(key=hashlib.md5(RAW).digest()).hex()],
    "the secret was hashed with SHA-256 before use": [tag(key=hashlib.sha256(RAW).digest()).hex()],
    "the secret was upper-cased": [tag(key=RAW.upper()).hex()],
    "the secret was lower-cased": [tag(key=RAW.lower()).hex()],
    # Over which text.
    "the signed text ended in a pipe": [tag(f"{TEXT}|").hex()],
    "the percent-encoded assertion was signed": [tag(quote_plus(TEXT)).hex(), tag(quote(TEXT, safe="")).hex()],
    "the assertion was signed as Latin-1 instead of UTF-8": [tag(TEXT.encode("latin-1", "replace")).hex()],
    "the assertion was signed as UTF-16 instead of UTF-8": [tag(TEXT.encode("utf-16-le")).hex()],
    "the assertion was signed with a line break at the end": [tag(f"{TEXT}\n").hex()],
    "the assertion was signed in lower case": [tag(TEXT.lower()).hex()],
    "the assertion was signed in upper case": [tag(TEXT.upper()).hex()],
    "the name of the form's field was signed with it": [tag(f"assertion={TEXT}").hex()],
    "the assertion was signed in quotation marks": [tag(f'"{TEXT}"').hex()],
    "the assertion was signed without its pipes": [tag(TEXT.replace("|", "")).hex()],
    "the assertion was signed with commas instead of pipes": [tag(TEXT.replace("|", ",")).hex()],
    "the fields of the assertion were signed in reverse order": [tag("|".join(TEXT.split("|")[::-1])).hex()],
    "the assertion was signed without its timestamp": [tag(TEXT.rpartition("|")[0]).hex()],
    "a '+' was not percent-encoded in the form, so it arrived as a space (send %2B)": [
        tag(TEXT.replace(" ", "+")).hex()
    ],
    # With which fields.
    "the signed username was in lower case": [signed("sandbox\\Ada\\Byron", "sandbox\\ada\\byron")],
    "the signed username was in upper case": [signed("sandbox\\Ada\\Byron", "SANDBOX\\ADA\\BYRON")],
    "the signed username was not trimmed": [signed("Byron ", "Byron  ")],
    "the signed username was trimmed": [signed(" sandbox\\Ada\\Byron ", "sandbox\\Ada\\Byron")],
    "the signed username had the clientString in front": [signed(" sandbox\\Ada", "sandbox\\ sandbox\\Ada")],
    "the signed username had no clientString in front": [signed(" sandbox\\Ada\\Byron ", "Byron ")],
    "the signed GUIDs were in upper case": [signed(GUIDS, GUIDS.upper())],
    "the signed applicationName was trimmed": [signed(" My/Äpp€ ", "My/Äpp€")],
    "the signed timestamp had no Z": [signed("20Z", "20")],
    "the signed timestamp ended in +00:00": [signed("20Z", "20+00:00")],
    "the signed timestamp had milliseconds": [signed("20Z", "20.000Z")],
    # As hardly anybody makes it.
    "HMAC-MD5 was used instead of CMAC-AES": [hmac.digest(RAW, TEXT.encode(), "md5").hex()],
    "the secret was hashed with SHA-1 before use": [tag(key=hashlib.sha1(RAW).digest()[:16]).hex()],
} | {
    made_twice(f"2014-05-13T16:53:{second}Z"): [signed("16:53:20Z", f"16:53:{second}Z")]
    for second in (17, 18, 19, 21, 22, 23)
}


@pytest.mark.parametrize("sentence", SENTENCES)
def test_each_mistake_has_its_sentence(sentence: str) -> None:
    for received in SENTENCES[sentence]:
        assert why(received) == sentence


SLIPS: dict[str, str] = {
    "the signature is hex with colons": tag().hex(":"),
    "the signature is hex with spaces": tag().hex(" "),
    "the bytes of the signature are in reverse order": tag()[::-1].hex(),
    "the bytes of each 4-byte word of the signature are in reverse order": struct.pack(
        "<4I", *struct.unpack(">4I", tag())
    ).hex(),
    "only the first 8 bytes of the signature were sent": tag().hex()[:16],
    "the signature was written as a decimal number": str(int(tag().hex(), 16)),
    "the signature was encoded as Base32": b32encode(tag()).decode(),
    "the signature is hex with dashes, as .NET's BitConverter writes it": tag().hex("-").upper(),
    "the signature has 0x in front": "0x" + tag().hex(),
    "the signature has a line break at its end": tag().hex() + "\n",
}


@pytest.mark.parametrize("sentence", SLIPS)
def test_each_way_to_write_it_has_its_sentence(sentence: str) -> None:
    assert why(SLIPS[sentence]) == sentence


def test_url_safe_base64() -> None:
    texts = (replace(SENT, username=str(i)) for i in range(99))
    assertion = next(text for text in texts if set("+/") & set(b64encode(tag(text.text)).decode()))
    received = urlsafe_b64encode(tag(assertion.text)).decode()
    assert why(received, assertion) == "the signature was encoded as URL-safe Base64"


@pytest.mark.parametrize(
    ("secret", "key", "sentence"),
    [
        (
            "QUJDREVGR0hJSktMTU5PUA==",
            b"ABCDEFGHIJKLMNOP",
            "the secret was Base64-decoded; its ASCII characters are the key",
        ),
        ("0123456789ABCDE", b"0123456789ABCDE ", "the secret was used with a space at its end"),
        ("0123456789ABCDE", b"0123456789ABCDE\n", "the secret was used with a line break at its end"),
        ("0123456789ABCDE", b"0123456789ABCDE&", "'&' was appended to the secret, as in ordinary OAuth 1.0"),
    ],
)
def test_other_keys(secret: str, key: bytes, sentence: str) -> None:
    assert why(tag(key=key).hex(), secret=secret) == sentence


def test_a_timestamp_made_twice_on_a_machine_of_another_zone(time_zone: Callable[[str], None]) -> None:
    time_zone("America/Denver")
    assert why(signed("16:53:20Z", "16:53:21Z")) == made_twice("2014-05-13T16:53:21Z")


@pytest.mark.parametrize(
    ("sent", "named"),
    [("16:53:16", True), ("16:53:15", True), ("16:51:20", True), ("16:51:19", False), ("16:53:24", False)],
)
def test_a_timestamp_may_be_two_minutes_old(sent: str, named: bool) -> None:
    found = why(signed("16:53:20Z", f"{sent}Z"))
    assert (found is not None) == named
    assert not named or f"2014-05-13T{sent}Z was signed" in str(found)


def test_an_invalid_timestamp() -> None:
    """Its Z and its seconds are not mentioned; everything else is."""
    assertion = replace(SENT, timestamp="yesterday")
    for timestamp in ("yesterda", "yesterda+00:00"):
        assert why(replace(assertion, timestamp=timestamp).signature(SECRET), assertion) is None
    assert why(tag(f"{assertion.text}|").hex(), assertion) == "the signed text ended in a pipe"
    assertion = replace(SENT, timestamp="2014-05-13T25:53:20Z")
    signed = replace(assertion, timestamp="2014-05-13T25:53:20").signature(SECRET)
    assert why(signed, assertion) == "the signed timestamp had no Z"


def test_a_blank_that_was_a_plus() -> None:
    """Where there is no blank, no plus was lost; if there are several, all of them were."""
    received = replace(SENT, application_name="a b", username="c d")
    sent = replace(received, application_name="a+b", username="c+d")
    assert (why(sent.signature(SECRET), received) or "").endswith("(send %2B)")
    partly = replace(received, application_name="a+b")
    assert why(partly.signature(SECRET), received) is None


def test_two_mistakes_are_named_together_and_two_of_a_kind_are_not() -> None:
    received = b64encode(tag(f"{TEXT}|")).decode()
    assert why(received) == "the signature was encoded as Base64 instead of hex; and the signed text ended in a pipe"
    received = b64encode(tag(key=RAW[:16])).decode()
    assert why(received) == (
        "the signature was encoded as Base64 instead of hex; and only the first 16 characters of the secret were used"
    )
    assert why(hmac.digest(RAW + b"&", TEXT.encode(), "sha1").hex()) == (
        "HMAC-SHA1 was used instead of CMAC-AES; and '&' was appended to the secret, as in ordinary OAuth 1.0"
    )
    assert why(tag(f"{TEXT}|", RAW[:16]).hex()) == (
        "only the first 16 characters of the secret were used; and the signed text ended in a pipe"
    )
    assert why(tag(f"{TEXT}|".lower()).hex()) is None


def test_a_rare_mistake_is_named_alone() -> None:
    assert why(b64encode(hmac.digest(RAW, TEXT.encode(), "md5")).decode()) is None


def test_a_right_signature_has_no_diagnosis() -> None:
    """Nor of one in upper case: whether that is wrong at all, a setting says."""
    assert why(tag().hex()) is None
    assert why(tag().hex().upper()) is None


def test_guids_in_lower_case() -> None:
    sent = replace(SENT, consumer_key=SENT.consumer_key.upper())
    assert why(tag().hex(), sent) == "the signed GUIDs were in lower case"


def test_nothing_is_named_once_time_is_up() -> None:
    assert diagnose_assertion(tag(f"{TEXT}|").hex(), SENT, SECRET, in_time=lambda: False) is None
    two = b64encode(tag(f"{TEXT}|")).decode()
    asked: list[None] = []
    assert why(two) is not None
    # The last of the mistakes that are looked for singly; pairs come after it.
    last = signed("16:53:20Z", "16:51:20Z")
    assert diagnose_assertion(last, SENT, SECRET, in_time=lambda: asked.append(None) is None) is not None
    moments = iter([True] * (len(asked) + 1))
    assert diagnose_assertion(two, SENT, SECRET, in_time=lambda: next(moments, False)) is None


def test_a_huge_assertion_is_not_looked_into() -> None:
    for more, sentence in ((0, "the signed text ended in a pipe"), (1, None)):
        assertion = replace(SENT, username="x" * (LARGEST_BODY - len(TEXT) + len(SENT.username) + more))
        assert why(tag(f"{assertion.text}|").hex(), assertion) == sentence
