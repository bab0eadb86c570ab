"""Finds the mistake that produces the signature of an assertion sent to LearningStudio."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, NamedTuple
from urllib.parse import quote

from lms_emulator.signing.cmac import cmac_aes
from lms_emulator.signing.diagnosis import OUT_OF_TIME, Mistake, always, diagnose
from lms_emulator.signing.macs import Mac, hmac_sha1, hmac_sha256
from lms_emulator.signing.pearson import TIMESTAMP_FORMAT, Assertion
from lms_emulator.signing.pearson_mistakes import (
    ENCODINGS,
    LARGEST_BODY,
    SLIPS_OF_HEX,
    cbc_mac,
    over_hex,
    rare_keys,
    rare_macs,
    wrong_keys,
)
from lms_emulator.signing.pearson_oauth1 import JAVA


class _Signing(NamedTuple):
    """One way of signing an assertion."""

    text: bytes
    key: bytes
    mac: Mac = cmac_aes
    encode: Callable[[bytes], str] = bytes.hex

    def signature(self) -> str:
        """The signature. Raises ValueError if the MAC does not support keys of this length."""
        return self.encode(self.mac(self.key, self.text))


def diagnose_assertion(
    received: str, assertion: Assertion, secret: str, *, in_time: Callable[[], bool] = always
) -> str | None:
    """The one or two mistakes that reproduce the signature of an assertion; None if there are none.

    Parameters:
        received: the seventh field.
        assertion: the six fields as received.
        secret: the shared secret that belongs to the assertion's consumer key.
        in_time: returns False when the search must end.
    """
    if len(assertion.text) > LARGEST_BODY:
        return None
    texts = wrong_texts(assertion)
    return diagnose_text(received, assertion.text, secret, texts, rare=_distant_times(assertion), in_time=in_time)


def diagnose_text(
    received: str,
    text: str,
    secret: str,
    texts: Iterable[tuple[str, bytes]],
    *,
    rare: Iterable[tuple[str, bytes]] = (),
    in_time: Callable[[], bool] = always,
) -> str | None:
    """The one or two mistakes that reproduce the hex CMAC-AES of a text; None if there are none.

    Parameters: `texts`, what may have been signed instead, by description; `rare`, the same, but not tried together
    with other mistakes; the rest as for `diagnose_assertion`.
    """
    mistakes: list[Mistake[_Signing]] = []

    def add(words: str, **change: Any) -> None:
        def apply(signing: _Signing) -> list[_Signing]:
            return [signing._replace(**change)]

        mistakes.append(Mistake(words, words, apply, axis="".join(change)))

    for kind, (words, encode) in (ENCODINGS | SLIPS_OF_HEX).items():
        if kind not in ("hex", "HEX"):
            add(words, encode=encode)
    add("HMAC-SHA1 was used instead of CMAC-AES", mac=hmac_sha1)
    add("HMAC-SHA256 was used instead of CMAC-AES", mac=hmac_sha256)
    add("CBC-MAC was used instead of CMAC-AES", mac=cbc_mac)
    add("the hex digits of the assertion were signed, not the assertion", mac=over_hex)
    for words, key in wrong_keys(secret):
        add(words, key=key)
    add("the bytes of the secret were reversed", key=secret.encode()[::-1])
    for words, signed in texts:
        add(words, text=signed)
    common = list(mistakes)
    for words, mac in rare_macs():
        add(words, mac=mac)
    for words, key in rare_keys(secret):
        add(words, key=key)
    for words, signed in rare:
        add(words, text=signed)
    right = _Signing(text=text.encode(), key=secret.encode())
    found = diagnose(received, right, _Signing.signature, mistakes, together=1, in_time=in_time)
    found = found or diagnose(received, right, _Signing.signature, common, in_time=in_time)
    return None if found is None or found is OUT_OF_TIME else str(found)


def wrong_texts(assertion: Assertion) -> Iterator[tuple[str, bytes]]:
    """What is signed instead of an assertion, by description."""
    text = assertion.text
    yield "the signed text ended in a pipe", f"{text}|".encode()
    yield "the percent-encoded assertion was signed", JAVA(text).encode()
    yield "the percent-encoded assertion was signed", quote(text, safe="").encode()
    yield "the assertion was signed as Latin-1 instead of UTF-8", text.encode("latin-1", "replace")
    yield "the assertion was signed as UTF-16 instead of UTF-8", text.encode("utf-16-le")
    yield "the assertion was signed with a line break at the end", f"{text}\n".encode()
    if " " in text:
        plus = text.replace(" ", "+")
        yield "a '+' was not percent-encoded in the form, so it arrived as a space (send %2B)", plus.encode()
    yield "the assertion was signed in lower case", text.lower().encode()
    yield "the assertion was signed in upper case", text.upper().encode()
    yield "the name of the form's field was signed with it", f"assertion={text}".encode()
    yield "the assertion was signed in quotation marks", f'"{text}"'.encode()
    yield "the assertion was signed without its pipes", text.replace("|", "").encode()
    yield "the assertion was signed with commas instead of pipes", text.replace("|", ",").encode()
    yield "the fields of the assertion were signed in reverse order", "|".join(text.split("|")[::-1]).encode()
    yield "the assertion was signed without its timestamp", text.rpartition("|")[0].encode()
    yield from _changed_fields(assertion)


def _changed_fields(assertion: Assertion) -> Iterator[tuple[str, bytes]]:
    def changed(**fields: str) -> bytes:
        return replace(assertion, **fields).text.encode()

    username, timestamp = assertion.username, assertion.timestamp
    yield "the signed username was in lower case", changed(username=username.lower())
    yield "the signed username was in upper case", changed(username=username.upper())
    yield "the signed username was not trimmed", changed(username=f"{username} ")
    yield "the signed username was trimmed", changed(username=username.strip())
    prefixed = f"{assertion.client_string}\\{username}"
    yield "the signed username had the clientString in front", changed(username=prefixed)
    yield "the signed username had no clientString in front", changed(username=username.rpartition("\\")[2])
    guids = {"consumer_key": assertion.consumer_key, "application_id": assertion.application_id}
    for case, words in ((str.upper, "upper"), (str.lower, "lower")):
        cased = {name: case(value) for name, value in guids.items()}
        if cased != guids:
            yield f"the signed GUIDs were in {words} case", changed(**cased)
    yield "the signed applicationName was trimmed", changed(application_name=assertion.application_name.strip())
    if timestamp.endswith("Z"):
        yield "the signed timestamp had no Z", changed(timestamp=timestamp[:-1])
        yield "the signed timestamp ended in +00:00", changed(timestamp=f"{timestamp[:-1]}+00:00")
        yield "the signed timestamp had milliseconds", changed(timestamp=f"{timestamp[:-1]}.000Z")
    yield from _other_times(assertion, (-1, 1, -2, 2, -3, 3))


def _distant_times(assertion: Assertion) -> Iterator[tuple[str, bytes]]:
    """The timestamps of up to two minutes before, as a form that stays open has one."""
    return _other_times(assertion, range(-4, -121, -1))


def _other_times(assertion: Assertion, away: Iterable[int]) -> Iterator[tuple[str, bytes]]:
    try:
        moment = int(assertion.moment().timestamp())
    except ValueError:
        return
    for seconds in away:
        other = datetime.fromtimestamp(moment + seconds, UTC).strftime(TIMESTAMP_FORMAT)
        described = f"the timestamp was taken twice: {other} was signed, {assertion.timestamp} was sent"
        yield described, replace(assertion, timestamp=other).text.encode()
