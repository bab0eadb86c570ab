"""Finds the mistake that produces the OAuth 1.0a signature that an integrator sent to LearningStudio.

The mistakes are known from practice; `diagnosis.diagnose` finds the smallest set that reproduces the signature
received. Sources: the mistakes that Pearson's own pages list, the bugs of its libraries, and what a general OAuth
library does (HMAC-SHA1, `secret&` as the key, the whole URL, no body, no application_id).
"""

import hashlib
import json
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any, NamedTuple
from urllib.parse import quote, unquote, urlsplit

from lms_emulator.signing.cmac import cmac_aes
from lms_emulator.signing.diagnosis import OUT_OF_TIME, Mistake, always, diagnose
from lms_emulator.signing.macs import Mac, hmac_sha1, hmac_sha256
from lms_emulator.signing.pearson_mistakes import (
    ENCODINGS,
    LARGEST_BODY,
    cbc_mac,
    over_hex,
    rare_keys,
    rare_macs,
    wrong_keys,
)
from lms_emulator.signing.pearson_oauth1 import JAVA, PERCENT, SIGNATURE_METHOD, SignedRequest, query_pairs, sign_body

LARGEST_BODY_FOR_PAIRS = 2_048
_REWRITTEN = "the JSON of the body was signed as written with other white space or escapes than it was sent"


class _Recipe(NamedTuple):
    """A recipe for an OAuth 1.0a signature; the defaults are correct. The fields of the base string come last.

    Parameters: `bases`, a cache of base strings by those fields.
    """

    request: SignedRequest
    secret: str
    bases: dict[tuple[Any, ...], bytes]
    location: str
    mac: Mac = cmac_aes
    key: bytes | None = None
    encode: Callable[[bytes], str] = lambda tag: b64encode(tag).decode()
    body: str | None = ""
    application_id: bool = True
    version: bool = False
    sort_key: Callable[[tuple[str, str]], Any] = lambda pair: pair[0].lower()
    query: bool = True
    escaping: Callable[[str], str] = JAVA
    escape_values: bool = False
    method: str = ""
    method_name: str = SIGNATURE_METHOD
    timestamp: str = ""
    further: tuple[tuple[str, str], ...] = ()
    between: str = "&"
    of_parameters: Callable[[str], str] | None = None

    def signature(self) -> str:
        """The signature. Raises ValueError if the MAC does not support keys of this length."""
        made_of = (self.location, *self[_Recipe._fields.index("body") :])
        base = self.bases.get(made_of)
        if base is None:
            base = self.bases[made_of] = self._base()
        return self.encode(self.mac(self.secret.encode() if self.key is None else self.key, base))

    def _base(self) -> bytes:
        pairs = self.request.oauth_parameters()
        if self.query:
            pairs += query_pairs(self.request.query)
        if self.body is not None and (self.body or self.request.signs_body):
            pairs.append(("body", self.body or sign_body(self.request.body)))
        pairs = [(name, self.method_name if name == "oauth_signature_method" else value) for name, value in pairs]
        if self.timestamp:
            pairs = [(name, self.timestamp if name == "oauth_timestamp" else value) for name, value in pairs]
        if not self.application_id:
            pairs = [pair for pair in pairs if pair[0] != "application_id"]
        if self.version:
            pairs.append(("oauth_version", "1.0"))
        pairs += self.further
        pairs.sort(key=self.sort_key)
        if self.escape_values:
            pairs = [(name, self.escaping(value)) for name, value in pairs]
        joined = (self.of_parameters or self.escaping)(self.between.join(f"{name}={value}" for name, value in pairs))
        return f"{self.method or self.request.method.upper()}&{self.escaping(self.location)}&{joined}".encode()


Change = tuple[str, dict[str, object]]


def _changes(request: SignedRequest, secret: str, urls: Iterable[str]) -> dict[str, list[Change]]:
    """The mistakes by axis; mistakes of one axis exclude each other, and those in `alone` are never combined."""
    encodings = [(name, {"encode": encode}) for key, (name, encode) in ENCODINGS.items() if key != "base64"]
    macs: list[Change] = [
        ("HMAC-SHA1 was used instead of CMAC-AES", {"mac": hmac_sha1}),
        ("HMAC-SHA256 was used instead of CMAC-AES", {"mac": hmac_sha256}),
        ("CBC-MAC was used instead of CMAC-AES", {"mac": cbc_mac}),
        ("the hex digits of the base string were signed, not the string", {"mac": over_hex}),
    ]
    keys: list[Change] = [(name, {"key": key}) for name, key in wrong_keys(secret)]
    names: list[Change] = [
        ("application_id was left out of the signed parameters", {"application_id": False}),
        (f"oauth_version was signed ({SIGNATURE_METHOD} requests have none)", {"version": True}),
    ]
    orders: list[Change] = [
        ("the parameters were sorted case-sensitively", {"sort_key": _by_name}),
        ("the parameters were not sorted", {"sort_key": _as_sent}),
        ("the parameters were sorted backwards", {"sort_key": _backwards}),
    ]
    methods: list[Change] = [("the method was signed in lower case", {"method": request.method.lower()})]
    methods += [
        (f"the signature was made for {other}, but the request was {request.method.upper()}", _as_method(other))
        for other in ("GET", "POST", "PUT", "DELETE")
        if other != request.method.upper()
    ]
    escapes: list[Change] = [
        ("percent-encoding used lower-case hex digits", {"escaping": _lower_escapes}),
        ("the parts of the base string were not percent-encoded", {"escaping": str}),
        ("slashes were not percent-encoded", {"escaping": quote}),
        ("the parameters were not percent-encoded in the base string", {"of_parameters": str}),
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
            *_times(request),
            *_rare_bodies(request),
            *_rare_keys_and_macs(secret),
            *_general_library(request, secret, urls),
        ],
    }


def _times(request: SignedRequest) -> list[Change]:
    """Timestamps of a moment before the one that was sent, or written in another unit."""
    sent = request.timestamp
    if not sent.isdecimal() or len(sent) > 12:
        return []
    seconds = sorted({*range(-120, 16)} - {0}, key=abs)
    found: list[Change] = [
        ("another oauth_timestamp was signed than was sent; it was made twice", {"timestamp": str(int(sent) + moved)})
        for moved in seconds
    ]
    milliseconds = "oauth_timestamp was signed in milliseconds and sent in seconds"
    return [*found, (milliseconds, {"timestamp": f"{sent}000"})]


def _as_method(method: str) -> dict[str, object]:
    """Sign for another method, and with the body only if that method signs it."""
    return {"method": method} if method in ("POST", "PUT") else {"method": method, "body": None}


def _locations(request: SignedRequest, urls: Iterable[str]) -> list[Change]:
    path = request.path
    found: list[Change] = []
    if request.query:
        whole = "the whole URL was signed instead of the path"
        found = [(whole, {"location": f"{url}?{request.query}"}) for url in urls]
        found.append(("the query was left on the path", {"location": f"{path}?{request.query}"}))
        alone = "the query was signed as part of the {}, not as parameters"
        found += [(alone.format("URL"), {"location": f"{url}?{request.query}", "query": False}) for url in urls]
        found.append((alone.format("path"), {"location": f"{path}?{request.query}", "query": False}))
    other_slash = path.rstrip("/") if path.endswith("/") else f"{path}/"
    found += [
        ("the path was signed with its trailing slash added or left off", {"location": other_slash}),
        ("the path was signed without its leading slash", {"location": path.lstrip("/")}),
        ("the path was signed in lower case", {"location": path.lower()}),
        ("the path was signed in upper case", {"location": path.upper()}),
        ("the path was signed with a doubled slash", {"location": f"/{path}"}),
        *_with_locations("the path was signed with more in front", (f"/v1{path}", f"/api{path}")),
        *_with_locations("host and path were signed instead of the path", (url.partition("://")[2] for url in urls)),
        *_with_locations(
            "host and path were signed instead of the path", (f"{urlsplit(url).hostname}{path}" for url in urls)
        ),
        ("the path was percent-decoded before signing", {"location": unquote(path)}),
    ]
    for ending in (".json", ".xml"):
        if path.lower().endswith(ending):
            found.append((f"the path was signed without its {ending}", {"location": path[: -len(ending)]}))
        found.append((f"the path was signed with {ending}", {"location": path + ending}))
    return [change for change in found if change[1]["location"] != path]


def _with_locations(words: str, locations: Iterable[str]) -> Iterator[Change]:
    for location in locations:
        yield words, {"location": location}


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


def _rare_keys_and_macs(secret: str) -> Iterator[Change]:
    for name, mac in rare_macs():
        yield name, {"mac": mac}
    for name, key in rare_keys(secret):
        yield name, {"key": key}


def _rare_bodies(request: SignedRequest) -> list[Change]:
    if not request.signs_body or not request.body:
        return []
    return [
        ("the body was signed with a line break at its end", {"body": sign_body(request.body + b"\n")}),
        ("the body was signed with a byte order mark", {"body": sign_body(b"\xef\xbb\xbf" + request.body)}),
        ("the URL-safe Base64 of the body was signed", {"body": JAVA(JAVA(urlsafe_b64encode(request.body).decode()))}),
        ("the hex digits of the body were signed", {"body": JAVA(JAVA(request.body.hex()))}),
        *_hashes(request.body),
        *_rewritten(request.body),
    ]


def _hashes(body: bytes) -> Iterator[Change]:
    for name in ("md5", "sha1", "sha256"):
        digest = hashlib.new(name, body).digest()
        words = f"a hash of the body ({name.upper()}) was signed instead of the body"
        yield words, {"body": sign_body(digest)}
        yield words, {"body": JAVA(JAVA(digest.hex()))}
        oauth_style = (("oauth_body_hash", b64encode(digest).decode()),)
        yield words, {"body": None, "further": oauth_style}


def _rewritten(body: bytes) -> Iterator[Change]:
    """A JSON body as other programs write it."""
    try:
        value = json.loads(body)
    except ValueError:
        return
    for indent, between in ((None, (",", ":")), (None, (", ", ": ")), (2, (",", ": ")), (4, (",", ": "))):
        for plain in (False, True):
            text = json.dumps(value, indent=indent, separators=between, ensure_ascii=plain)
            yield _REWRITTEN, {"body": sign_body(text.encode(errors="replace"))}


def diagnose_oauth1(
    received: str,
    request: SignedRequest,
    secret: str,
    *,
    urls: Iterable[str],
    in_time: Callable[[], bool] = always,
    bases: dict[tuple[Any, ...], bytes] | None = None,
) -> str | None:
    """The one or two mistakes, or the general-purpose OAuth 1.0 library, that reproduce the signature.

    Parameters:
        received: the signature as sent, percent-decoded.
        secret: the campus's shared secret.
        urls: forms of the request's URL, without query, that a client may have signed.
        in_time: returns False when the search must end.
        bases: a cache of base strings, to share between searches on the same request with different secrets.
    """
    if max(len(request.body), len(request.query)) > LARGEST_BODY:
        return None
    urls = tuple(urls)
    right = _Recipe(request=request, secret=secret, bases={} if bases is None else bases, location=request.path)
    groups = _changes(request, secret, urls)
    mistakes = {axis: [_mistake(text, change, axis) for text, change in group] for axis, group in groups.items()}
    single = [mistake for group in mistakes.values() for mistake in group]
    found = diagnose(received, right, _Recipe.signature, single, together=1, in_time=in_time)
    if found is None and len(request.body) <= LARGEST_BODY_FOR_PAIRS:
        common = [mistake for mistake in single if mistake.axis != "alone"]
        found = diagnose(received, right, _Recipe.signature, common, attempts=1_000, in_time=in_time)
    return None if found is None or found is OUT_OF_TIME else str(found)


def limits(request: SignedRequest) -> str:
    """What is not tried on a request of this size; empty if everything is."""
    if max(len(request.body), len(request.query)) > LARGEST_BODY:
        return f"; none was tried, as query or body have over {LARGEST_BODY:,} characters"
    if len(request.body) > LARGEST_BODY_FOR_PAIRS:
        return f"; no pairs of mistakes were tried, as the body has over {LARGEST_BODY_FOR_PAIRS:,} bytes"
    return ""


def _mistake(text: str, change: dict[str, Any], axis: str) -> Mistake[_Recipe]:
    def apply(recipe: _Recipe) -> list[_Recipe]:
        return [recipe._replace(**change)]

    return Mistake(text, text, apply, axis)


def _general_library(request: SignedRequest, secret: str, urls: Iterable[str]) -> Iterator[Change]:
    """All that a general-purpose library does differently, with and without the fixes that integrators try first."""
    raw = secret.encode()
    for location, described in ((request.path, "the path"), *((url, "the whole URL") for url in urls)):
        for application_id in (False, True):
            for version in (True, False):
                for method_name in ("HMAC-SHA1", SIGNATURE_METHOD):
                    for key, key_name in ((raw + b"&", "'secret&'"), (raw, "the secret")):
                        change: dict[str, object] = {
                            "mac": hmac_sha1,
                            "key": key,
                            "location": location,
                            "body": None,
                            "application_id": application_id,
                            "version": version,
                            "method_name": method_name,
                            "escaping": PERCENT,
                            "escape_values": True,
                            "sort_key": _by_name,
                        }
                        name = (
                            f"a general-purpose OAuth 1.0 library signed this: HMAC-SHA1 with {key_name} as the key "
                            f"over {described}, no body, {'with' if application_id else 'without'} application_id; "
                            "LearningStudio wants CMAC-AES over the path, application_id and body"
                        )
                        yield name, change


def _by_name(pair: tuple[str, str]) -> str:
    return pair[0]


def _as_sent(pair: tuple[str, str]) -> str:
    return ""


def _backwards(pair: tuple[str, str]) -> list[int]:
    return [-ord(value) for value in pair[0].lower()]


def _lower_escapes(text: str) -> str:
    parts = JAVA(text).split("%")
    return parts[0] + "".join(f"%{part[:2].lower()}{part[2:]}" for part in parts[1:])


def _text(body: bytes) -> str:
    return body.decode(errors="replace")
