"""Which mistake produces the signature that an integrator sent to LearningStudio?

Each is a mistake that integrators really make; `diagnosis.diagnose` finds the fewest that reproduce the signature
received. Sources: the mistakes that Pearson's own pages list, the bugs of its libraries, and what a general
OAuth library does (HMAC-SHA1, `secret&` as the key, the whole URL, no body, no application_id).
"""

import hashlib
import hmac
from base64 import b32encode, b64decode, b64encode, urlsafe_b64encode
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import islice
from typing import Any
from urllib.parse import quote, unquote

from lms_emulator.signing.cmac import cmac_aes
from lms_emulator.signing.diagnosis import Mistake, always, diagnose
from lms_emulator.signing.pearson import TIMESTAMP_FORMAT, Assertion
from lms_emulator.signing.pearson_oauth1 import JAVA, PERCENT, SIGNATURE_METHOD, SignedRequest, query_pairs, sign_body

Mac = Callable[[bytes, bytes], bytes]

LARGEST_BODY = 16_384
"""Bytes. A larger body is not diagnosed: a hundred attempts at it would hold up every other request."""

LARGEST_BODY_FOR_PAIRS = 2_048


def _hmac_sha1(key: bytes, message: bytes) -> bytes:
    return hmac.digest(key, message, hashlib.sha1)


def _hmac_sha256(key: bytes, message: bytes) -> bytes:
    return hmac.digest(key, message, hashlib.sha256)


def _over_hex(key: bytes, message: bytes) -> bytes:
    return cmac_aes(key, message.hex().encode())


def _cbc_mac(key: bytes, message: bytes) -> bytes:
    """The last block of AES-CBC from a zero vector, the message padded with zeros."""
    from cryptography.hazmat.primitives.ciphers import Cipher
    from cryptography.hazmat.primitives.ciphers.algorithms import AES
    from cryptography.hazmat.primitives.ciphers.modes import CBC

    padded = message + bytes(-len(message) % 16)
    return Cipher(AES(key), CBC(bytes(16))).encryptor().update(padded)[-16:]


def _wrong_keys(secret: str) -> Iterator[tuple[str, bytes]]:
    """Wrong keys that integrators derive from a shared secret."""
    raw = secret.encode()
    yield "'&' was appended to the secret, as in ordinary OAuth 1.0", raw + b"&"
    with suppress(ValueError):
        yield "the secret was hex-decoded; its ASCII characters are the key", bytes.fromhex(secret)
    with suppress(ValueError):
        yield "the secret was Base64-decoded; its ASCII characters are the key", b64decode(secret, validate=True)
    yield "only the first 16 characters of the secret were used", raw[:16]
    yield "the secret was hashed with MD5 before use", hashlib.md5(raw, usedforsecurity=False).digest()
    yield "the secret was hashed with SHA-256 before use", hashlib.sha256(raw).digest()
    yield "the secret was used with a space at its end", raw + b" "
    yield "the secret was used with a line break at its end", raw + b"\n"
    yield "the secret was upper-cased", secret.upper().encode()
    yield "the secret was lower-cased", secret.lower().encode()


_ENCODINGS: dict[str, tuple[str, Callable[[bytes], str]]] = {
    "base64": ("the signature was encoded as Base64 instead of hex", lambda tag: b64encode(tag).decode()),
    "base64url": ("the signature was encoded as URL-safe Base64", lambda tag: urlsafe_b64encode(tag).decode()),
    "base64-bare": ("the padding '==' of the signature is missing", lambda tag: b64encode(tag).decode().rstrip("=")),
    "hex": ("the signature was encoded as hex instead of Base64", lambda tag: tag.hex()),
    "base64-line": (
        "the signature has the line break that some encoders end with",
        lambda tag: f"{b64encode(tag).decode()}\n",
    ),
    "dashes": ("the signature is hex with dashes, as .NET's BitConverter writes it", lambda tag: tag.hex("-").upper()),
    "0x": ("the signature has 0x in front", lambda tag: f"0x{tag.hex()}"),
    "hex-line": ("the signature has a line break at its end", lambda tag: f"{tag.hex()}\n"),
    "HEX": ("the signature was encoded as upper-case hex", lambda tag: tag.hex().upper()),
    "base64-escaped": ("the signature was percent-encoded twice", lambda tag: JAVA(b64encode(tag).decode())),
    "base64-of-hex": (
        "the signature was encoded as hex and then as Base64",
        lambda tag: b64encode(tag.hex().encode()).decode(),
    ),
}

_SLIPS_OF_HEX: dict[str, tuple[str, Callable[[bytes], str]]] = {
    "colons": ("the signature is hex with colons", lambda tag: tag.hex(":")),
    "spaces": ("the signature is hex with spaces", lambda tag: tag.hex(" ")),
    "reversed": ("the bytes of the signature are in reverse order", lambda tag: tag[::-1].hex()),
    "words": (
        "the bytes of each 4-byte word of the signature are in reverse order",
        lambda tag: b"".join(tag[at : at + 4][::-1] for at in range(0, len(tag), 4)).hex(),
    ),
    "half": ("only the first 8 bytes of the signature were sent", lambda tag: tag[:8].hex()),
    "decimal": ("the signature was written as a decimal number", lambda tag: str(int.from_bytes(tag, "big"))),
    "base32": ("the signature was encoded as Base32", lambda tag: b32encode(tag).decode()),
    "base64url-bare": (
        "the signature was encoded as URL-safe Base64 without its padding",
        lambda tag: urlsafe_b64encode(tag).decode().rstrip("="),
    ),
}
"""Further ones of an assertion."""


# --- OAuth 1.0a ---
@dataclass(frozen=True, kw_only=True)
class _Recipe:
    """A recipe for an OAuth 1.0a signature; the defaults are the right one."""

    request: SignedRequest
    secret: str
    location: str
    mac: Mac = cmac_aes
    key: bytes | None = None
    body: str | None = ""
    application_id: bool = True
    version: bool = False
    sort_key: Callable[[tuple[str, str]], Any] = lambda pair: pair[0].lower()
    query: bool = True
    escaping: Callable[[str], str] = JAVA
    escape_values: bool = False
    method: str = ""
    method_name: str = SIGNATURE_METHOD
    further: tuple[tuple[str, str], ...] = ()
    between: str = "&"
    of_parameters: Callable[[str], str] | None = None
    encode: Callable[[bytes], str] = lambda tag: b64encode(tag).decode()

    def signature(self) -> str:
        """The signature. Raises ValueError when the MAC takes no key of this length."""
        pairs = self.request.oauth_parameters()
        if self.query:
            pairs += query_pairs(self.request.query)
        if self.body is not None and (self.body or self.request.signs_body):
            pairs.append(("body", self.body or sign_body(self.request.body)))
        pairs = [(name, self.method_name if name == "oauth_signature_method" else value) for name, value in pairs]
        if not self.application_id:
            pairs = [pair for pair in pairs if pair[0] != "application_id"]
        if self.version:
            pairs.append(("oauth_version", "1.0"))
        pairs += self.further
        pairs.sort(key=self.sort_key)
        if self.escape_values:
            pairs = [(name, self.escaping(value)) for name, value in pairs]
        joined = (self.of_parameters or self.escaping)(self.between.join(f"{name}={value}" for name, value in pairs))
        base = f"{self.method or self.request.method.upper()}&{self.escaping(self.location)}&{joined}"
        return self.encode(self.mac(self.secret.encode() if self.key is None else self.key, base.encode()))


Change = tuple[str, dict[str, object]]


def _changes(request: SignedRequest, secret: str, urls: Iterable[str]) -> dict[str, list[Change]]:
    """The mistakes, in groups that exclude each other's members; those in `alone` are never combined."""
    encodings = [(name, {"encode": encode}) for key, (name, encode) in _ENCODINGS.items() if key != "base64"]
    macs: list[Change] = [
        ("HMAC-SHA1 was used instead of CMAC-AES", {"mac": _hmac_sha1}),
        ("HMAC-SHA256 was used instead of CMAC-AES", {"mac": _hmac_sha256}),
        ("CBC-MAC was used instead of CMAC-AES", {"mac": _cbc_mac}),
        ("the hex digits of the base string were signed, not the string", {"mac": _over_hex}),
    ]
    keys: list[Change] = [(name, {"key": key}) for name, key in _wrong_keys(secret)]
    names: list[Change] = [
        ("application_id was left out of the signed parameters", {"application_id": False}),
        (f"oauth_version was signed ({SIGNATURE_METHOD} requests have none)", {"version": True}),
    ]
    orders: list[Change] = [
        ("the parameters were sorted case-sensitively", {"sort_key": lambda pair: pair[0]}),
        ("the parameters were not sorted", {"sort_key": lambda pair: ""}),
        ("the parameters were sorted backwards", {"sort_key": lambda pair: [-ord(one) for one in pair[0].lower()]}),
    ]
    methods: list[Change] = [("the method was signed in lower case", {"method": request.method.lower()})]
    methods += [
        (f"the signature was made for {other}, but the request was {request.method.upper()}", _as_method(other))
        for other in ("GET", "POST", "PUT", "DELETE")
        if other != request.method.upper()
    ]
    escapes: list[Change] = [
        ("percent-encoding used lower-case hex digits", {"escaping": lambda text: _lower_escapes(JAVA(text))}),
        ("the parts of the base string were not percent-encoded", {"escaping": lambda text: text}),
        ("slashes were not percent-encoded", {"escaping": quote}),
        ("the parameters were not percent-encoded in the base string", {"of_parameters": lambda text: text}),
        ("the parameters were joined by ';' instead of '&'", {"between": ";"}),
    ]
    realms = (*islice(urls, 3), request.path)
    escapes += [("the realm was signed with the parameters", {"further": (("realm", realm),)}) for realm in realms]
    queries: list[Change] = [("the query parameters were not signed", {"query": False})]
    return {
        "encoding": [(name, dict(change)) for name, change in encodings],
        "mac": macs,
        "key": keys,
        "location": [("the whole URL was signed instead of the path", {"location": url}) for url in urls],
        "names": names,
        "body": _bodies(request),
        "alone": [
            *_locations(request, urls),
            *orders,
            *methods,
            *escapes,
            *queries,
            *_general_library(request, secret, urls),
        ],
    }


def _as_method(method: str) -> dict[str, object]:
    """Signing for another method, with or without the body as that one does."""
    return {"method": method} if method in ("POST", "PUT") else {"method": method, "body": None}


def _locations(request: SignedRequest, urls: Iterable[str]) -> list[Change]:
    path = request.path
    found: list[Change] = []
    if request.query:
        whole = "the whole URL was signed instead of the path"
        found = [(whole, {"location": f"{url}?{request.query}"}) for url in urls]
        found.append(("the query was left on the path", {"location": f"{path}?{request.query}"}))
    other_slash = path.rstrip("/") if path.endswith("/") else f"{path}/"
    found += [
        ("the path was signed with its trailing slash added or left off", {"location": other_slash}),
        ("the path was signed without its leading slash", {"location": path.lstrip("/")}),
        ("the path was signed in lower case", {"location": path.lower()}),
        ("the path was percent-decoded before signing", {"location": unquote(path)}),
    ]
    for ending in (".json", ".xml"):
        if path.lower().endswith(ending):
            found.append((f"the path was signed without its {ending}", {"location": path[: -len(ending)]}))
        found.append((f"the path was signed with {ending}", {"location": path + ending}))
    return [change for change in found if change[1]["location"] != path]


def _bodies(request: SignedRequest) -> list[Change]:
    encoded = b64encode(request.body).decode()
    if not request.signs_body:
        signed: dict[str, object] = {"further": (("body", JAVA(JAVA(encoded))),)}
        return [(f"the body was signed, but {request.method.upper()} requests never sign one", signed)]
    found: list[Change] = [("the body was left out of the signed parameters", {"body": None})]
    if not encoded:
        return found
    as_utf8 = request.body.decode("latin-1").encode()
    stripped = request.body.replace(b"\r", b"").replace(b"\n", b"")
    lines = encoded and "\r\n".join(encoded[i : i + 76] for i in range(0, len(encoded), 76))
    found += [
        ("the body was percent-encoded once instead of twice before signing", {"body": JAVA(encoded)}),
        ("the body was signed without being percent-encoded twice", {"body": encoded}),
        (
            "the body was percent-encoded three times instead of twice before signing",
            {"body": JAVA(JAVA(JAVA(encoded)))},
        ),
        ("the body was not Base64-encoded", {"body": JAVA(JAVA(_text(request.body)))}),
        ("the body went into the base string unencoded", {"body": _text(request.body)}),
        ("CR and LF were removed from the body (as Pearson's Python library does)", {"body": sign_body(stripped)}),
        (
            "the body was signed as UTF-8 and sent as Latin-1 (as Pearson's Java library does)",
            {"body": sign_body(as_utf8)},
        ),
        ("the Base64 of the body was broken into lines", {"body": JAVA(JAVA(lines))}),
        ("white space around the body was not signed", {"body": sign_body(request.body.strip())}),
    ]
    right = sign_body(request.body)
    return [change for change in found if change[1]["body"] != right]


def diagnose_oauth1(
    received: str, request: SignedRequest, secret: str, *, urls: Iterable[str], in_time: Callable[[], bool] = always
) -> str | None:
    """What was done wrong, if one or two mistakes (or a general-purpose OAuth 1.0 library) reproduce the signature.

    Parameters:
        received: the signature as sent, percent-decoded.
        secret: the campus's shared secret.
        urls: forms of the request's URL, without query, that a client may have signed.
        in_time: False when the search must end.
    """
    if max(len(request.body), len(request.query)) > LARGEST_BODY:
        return None
    urls = tuple(urls)
    right = _Recipe(request=request, secret=secret, location=request.path)
    groups = _changes(request, secret, urls)
    mistakes = {axis: [_mistake(text, change, axis) for text, change in group] for axis, group in groups.items()}
    single = [mistake for group in mistakes.values() for mistake in group]
    found = diagnose(received, right, _Recipe.signature, single, together=1, in_time=in_time)
    if found is None and len(request.body) <= LARGEST_BODY_FOR_PAIRS:
        common = [mistake for mistake in single if mistake.axis != "alone"]
        found = diagnose(received, right, _Recipe.signature, common, attempts=1_000, in_time=in_time)
    return None if found is None else str(found)


def limits(request: SignedRequest) -> str:
    """What was not tried on a request of this size, in words; empty if nothing."""
    if max(len(request.body), len(request.query)) > LARGEST_BODY:
        return f"; none was tried, as query or body have over {LARGEST_BODY:,} characters"
    if len(request.body) > LARGEST_BODY_FOR_PAIRS:
        return f"; no pairs of mistakes were tried, as the body has over {LARGEST_BODY_FOR_PAIRS:,} bytes"
    return ""


def _mistake(text: str, change: dict[str, Any], axis: str) -> Mistake[_Recipe]:
    def apply(recipe: _Recipe) -> list[_Recipe]:
        return [replace(recipe, **change)]

    return Mistake(text, text, apply, axis)


def _general_library(request: SignedRequest, secret: str, urls: Iterable[str]) -> Iterator[Change]:
    """Everything such a library does differently, with and without the fixes that integrators try first."""
    raw = secret.encode()
    for location, described in ((request.path, "the path"), *((url, "the whole URL") for url in urls)):
        for application_id in (False, True):
            for version in (True, False):
                for method_name in ("HMAC-SHA1", SIGNATURE_METHOD):
                    for key, key_name in ((raw + b"&", "'secret&'"), (raw, "the secret")):
                        change: dict[str, object] = {
                            "mac": _hmac_sha1,
                            "key": key,
                            "location": location,
                            "body": None,
                            "application_id": application_id,
                            "version": version,
                            "method_name": method_name,
                            "escaping": PERCENT,
                            "escape_values": True,
                            "sort_key": lambda pair: pair[0],
                        }
                        name = (
                            f"a general-purpose OAuth 1.0 library signed this: HMAC-SHA1 with {key_name} as the key "
                            f"over {described}, no body, {'with' if application_id else 'without'} application_id; "
                            "LearningStudio wants CMAC-AES over the path, application_id and body"
                        )
                        yield name, change


def _lower_escapes(text: str) -> str:
    parts = text.split("%")
    return parts[0] + "".join(f"%{part[:2].lower()}{part[2:]}" for part in parts[1:])


def _text(body: bytes) -> str:
    return body.decode(errors="replace")


# --- the assertion ---
@dataclass(frozen=True, kw_only=True)
class _Signing:
    """One way of signing an assertion."""

    text: bytes
    key: bytes
    mac: Mac = cmac_aes
    encode: Callable[[bytes], str] = bytes.hex

    def signature(self) -> str:
        """The signature. Raises ValueError when the MAC takes no key of this length."""
        return self.encode(self.mac(self.key, self.text))


def diagnose_assertion(
    received: str, assertion: Assertion, secret: str, *, in_time: Callable[[], bool] = always
) -> str | None:
    """What was done wrong, if one or two mistakes reproduce the signature of an assertion.

    Parameters:
        received: the seventh field.
        assertion: the six fields as received.
        secret: the shared secret of the campus whose key the assertion names.
        in_time: False when the search must end.
    """
    if len(assertion.text) > LARGEST_BODY:
        return None
    mistakes: list[Mistake[_Signing]] = []

    def add(words: str, **change: Any) -> None:
        def apply(signing: _Signing) -> list[_Signing]:
            return [replace(signing, **change)]

        mistakes.append(Mistake(words, words, apply, axis="".join(change)))

    for kind, (text, encode) in (_ENCODINGS | _SLIPS_OF_HEX).items():
        if kind not in ("hex", "HEX"):
            add(text, encode=encode)
    add("HMAC-SHA1 was used instead of CMAC-AES", mac=_hmac_sha1)
    add("HMAC-SHA256 was used instead of CMAC-AES", mac=_hmac_sha256)
    add("CBC-MAC was used instead of CMAC-AES", mac=_cbc_mac)
    add("the hex digits of the assertion were signed, not the assertion", mac=_over_hex)
    for text, key in _wrong_keys(secret):
        add(text, key=key)
    add("the bytes of the secret were reversed", key=secret.encode()[::-1])
    for text, signed in _wrong_texts(assertion):
        add(text, text=signed)
    right = _Signing(text=assertion.text.encode(), key=secret.encode())
    found = diagnose(received, right, _Signing.signature, mistakes, in_time=in_time)
    return None if found is None else str(found)


def _wrong_texts(assertion: Assertion) -> Iterator[tuple[str, bytes]]:
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
    try:
        moment = int(assertion.moment().timestamp())
    except ValueError:
        return
    for seconds in (-1, 1, -2, 2, -3, 3):
        other = datetime.fromtimestamp(moment + seconds, UTC).strftime(TIMESTAMP_FORMAT)
        described = f"the timestamp was taken twice: {other} was signed, {timestamp} was sent"
        yield described, changed(timestamp=other)
