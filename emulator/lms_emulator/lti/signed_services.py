"""Requests of LTI 1.1 tools to a platform, signed in the Authorization header: why one does not hold.

Sources: 1EdTech LTI Implementation Guide 1.1, 4.3 and 6; OAuth Request Body Hash 1.0 draft 4. What a platform checks,
and in which order, is its own.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator
from typing import Any

from lms_emulator.core.access.bodies import why_another, why_garbled
from lms_emulator.core.http.exchange import Exchange
from lms_emulator.core.http.refusals import Unfinished
from lms_emulator.lti import signed_launches
from lms_emulator.lti.signed_launches import Pairs
from lms_emulator.signing import oauth1

_HEADER = 'Authorization: OAuth oauth_consumer_key="…", …'
_NUMBER = re.compile(r"[0-9]+(\.[0-9]+)?")


def why_unsigned(exchange: Exchange[Any, Any], pairs: Pairs, *, url: str, secret: str) -> str | Unfinished | None:
    """The mistake in a request whose signature does not hold.

    Parameters:
        pairs: the decoded fields of header and form, with `oauth_signature`.
        url: as it should be signed, without its query.
        secret: the tool's.
    """
    fields = signed_launches.first_values(pairs)
    if not fields.get("oauth_signature_method") and (why := _why_no_header(exchange, fields)) is not None:
        return why
    if exchange.is_form and (why := why_another(exchange)) is not None:
        return why
    method = fields.get("oauth_signature_method")
    if method != "HMAC-SHA1":
        return signed_launches.why_method(method)
    if not fields.get("oauth_signature"):
        return (
            "oauth_signature was sent, but is empty" if "oauth_signature" in fields else "no oauth_signature was sent"
        )
    lacking = [pair for pair in pairs if pair[0] != "oauth_body_hash"]
    rest = [pair for pair in lacking if pair[0] != oauth1.SIGNATURE_FIELD]
    if len(lacking) < len(pairs) and oauth1.sign(exchange.method, url, rest, secret) == fields["oauth_signature"]:
        return "the oauth_body_hash was added after signing: it is signed like the other fields"
    text, digest = exchange.body.decode("utf-8", "replace"), oauth1.body_hash(exchange.body)
    unsent = {
        "an oauth_body_hash was signed but not sent": ("oauth_body_hash", digest),
        "the body was signed as a parameter without a value; of a body that is not a form only its hash is": (text, ""),
        "the body was signed as a parameter; of a body that is not a form only its hash is": ("", text),
    }
    paths = signed_launches.addresses(exchange, exchange.path)
    return signed_launches.mistake(
        exchange,
        [("oauth_consumer_key", ""), *pairs] if "oauth_consumer_key" not in fields else pairs,
        url=url,
        secret=secret,
        other_secrets={},
        other_urls=[path for path in paths if path != url],
        unsent={words: pair for words, pair in unsent.items() if pair[0] not in fields},
        owner="the tool",
    )


def _why_no_header(exchange: Exchange[Any, Any], fields: dict[str, str]) -> str | None:
    header = exchange.headers.get("authorization", "").strip()
    scheme, _, rest = header.partition(" ")
    if not header:
        return None if fields.get("oauth_consumer_key") else f"no Authorization header was sent; it has to be {_HEADER}"
    if scheme.lower() == "bearer":
        return f"`Bearer` is of OAuth 2; this is signed by OAuth 1.0 with the tool's secret, {_HEADER}"
    if scheme.lower() != "oauth":
        begins = "oauth_" in scheme.lower() or "realm" in scheme.lower()
        what = "the word OAuth is missing in front of the fields" if begins else f"the header begins with `{scheme}`"
        return f"{what}; it has to be {_HEADER}"
    if '"' not in rest:
        quotes = "single quotes" if "'" in rest else "no quotes"
        return f"the values of the header stand in {quotes}; it has to be {_HEADER}"
    if '";' in rest:
        return "the fields of the header are joined by `;`; commas go between them"
    return None


def why_body_hash(exchange: Exchange[Any, Any], got: str | None) -> str:
    """Why an oauth_body_hash is not the SHA-1 of the body in base64."""
    if not got:
        return "no oauth_body_hash came: send the SHA-1 of the body in base64, signed with the other fields"
    if (why := why_garbled(exchange)) is not None:
        return why
    for words, digest in _digests(exchange.body):
        if got == digest:
            return words
    return "it is the hash of another body: was the body rewritten or changed after it was hashed?"


def _digests(body: bytes) -> Iterator[tuple[str, str]]:
    """What is sent in place of the hash of a body, by description."""
    raw = hashlib.sha1(body, usedforsecurity=False).digest()
    yield "it is the SHA-1 in hex digits; base64 of its bytes goes here", raw.hex()
    yield "the hex digits of the SHA-1 were encoded in base64, instead of its bytes", _base64(raw.hex().encode())
    yield "the SHA-1 is in URL-safe base64", base64.urlsafe_b64encode(raw).decode()
    yield "the padding `=` of the base64 is missing", _base64(raw).rstrip("=")
    for name in ("sha256", "md5", "sha512"):
        digest = hashlib.new(name, body).digest()
        for written in (_base64(digest), digest.hex()):
            yield f"it is the {name.upper()} of the body; SHA-1 goes here", written
    text = body.replace(b"\r\n", b"\n")
    others = {
        "of no body": b"",
        "of the body with other line breaks": text.replace(b"\n", b"\r\n") if text == body else text,
        "of the body without what follows it": body.strip(),
        "of the body with a line break at its end": body + b"\n",
        "of the body without its XML declaration": re.sub(rb"^\s*<\?xml[^>]*\?>\s*", b"", body),
        "of the body without white space between its elements": re.sub(rb">\s+<", b"><", body),
    }
    for words, other in others.items():
        if other != body:
            yield f"it is the hash {words}", oauth1.body_hash(other)


def _base64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def why_score(text: str | None) -> str | None:
    """Why a text is not a score from 0 to 1; None if it is one."""
    plain = (text or "").strip()
    if text is None:
        return "no score came: resultScore/textString holds it, a number from 0 to 1"
    if not plain:
        return "the score is empty: has the variable a value?"
    if plain[0] == "-" and _NUMBER.fullmatch(plain[1:].rstrip("% ")):
        return f"a score is a fraction from 0 to 1; {plain} is below 0"
    if "," in plain and _NUMBER.fullmatch(plain.replace(",", ".")):
        return f"the decimals follow a point, not a comma: {plain.replace(',', '.')}"
    share, percent = plain.rstrip("% "), plain.endswith("%")
    whole, slash, most = plain.partition("/")
    if slash and _NUMBER.fullmatch(whole.strip()) and _NUMBER.fullmatch(most.strip()) and float(most):
        return f"a score is a fraction from 0 to 1, written as a number: {float(whole) / float(most):g}"
    if not _NUMBER.fullmatch(share):
        return f"`{plain[:40]}` is not a number; a score is a fraction from 0 to 1"
    if percent or float(share) > 1:
        return f"a score is a fraction from 0 to 1: {plain} of 100 is {float(share) / 100:g}"
    return None
