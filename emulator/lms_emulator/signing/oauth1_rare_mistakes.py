"""Rare mistakes in OAuth 1.0 signatures, which are tried only singly: pairs of the common ones are more likely.

Like those of `oauth1_mistakes`, each changes the correct signing.
"""

from __future__ import annotations

import json
import re
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from hashlib import sha1
from itertools import product
from typing import TypeVar
from urllib.parse import quote, quote_plus, urlencode, urlsplit

from lms_emulator.signing import encoders, oauth1
from lms_emulator.signing import oauth1_rewritings as rewritten
from lms_emulator.signing import oauth1_signing as wrong
from lms_emulator.signing.diagnosis import Mistake
from lms_emulator.signing.oauth1_secret_mistakes import UNSET
from lms_emulator.signing.oauth1_signing import Encoded, Signing

T = TypeVar("T")

_CHARSETS = {"Latin-1": "latin-1", "UTF-8": "utf-8"}
_ESCAPES = {", spaces as '+'": quote_plus, "": quote}
_BARE = {"": "", ", '*' bare": "*", ", !'()* bare": "!'()*", ", '/' bare": "/"}
_HEX = {"": False, ", lower-case hex digits": True}


def _any_of(*changes: Callable[[Signing], Iterable[Signing]]) -> Callable[[Signing], list[Signing]]:
    return lambda s: [made for change in changes for made in change(s)]


def _signed_as(name: str, *values: str) -> Callable[[Signing], list[Signing]]:
    """Sign another value of an OAuth field, each in turn."""
    return lambda s: [
        s._replace(pairs=tuple((field, value if field == name else sent) for field, sent in s.pairs), detail=value)
        for value in values
        if dict(s.pairs).get(name, value) != value
    ]


def _giving(value: T) -> Callable[[str], T]:
    return lambda _: value


def _written(others: dict[str, str]) -> Callable[[Signing], list[Signing]]:
    return wrong.with_values(lambda value: others.get(value, value))


def _blank_as(word: str) -> Callable[[str], str]:
    return lambda value: value or word


def _origin(s: Signing) -> list[Signing]:
    parts = urlsplit(s.url)
    origin = f"{parts.scheme}://{parts.netloc}"
    return [s._replace(uri=_giving(uri)) for uri in (f"{origin}/", origin)]


def _with_netloc(change: Callable[[Signing, str], Iterable[str]]) -> Callable[[Signing], list[Signing]]:
    """Sign host and port in another spelling, which a correct signer would normalise."""

    def apply(s: Signing) -> list[Signing]:
        before, mark, after = oauth1.base_string_uri(s.url).partition("://")
        netloc, slash, path = after.partition("/")
        return [s._replace(uri=_giving(f"{before}{mark}{other}{slash}{path}")) for other in change(s, netloc)]

    return apply


def _followed_by(*ends: str) -> Callable[[Signing], list[Signing]]:
    """Sign something appended to the URL that is not sent."""

    def apply(s: Signing) -> list[Signing]:
        url = oauth1.base_string_uri(s.url)
        return [s._replace(uri=_giving(url + end), detail=end.strip()) for end in ends]

    return apply


def _scheme_raised(s: Signing) -> list[Signing]:
    scheme, mark, rest = oauth1.base_string_uri(s.url).partition(":")
    return [s._replace(uri=_giving(scheme.upper() + mark + rest))]


def _user_of(s: Signing, netloc: str) -> tuple[str, ...]:
    key = wrong.consumer_key(s)
    return f"{key}:{s.secret}@{netloc}", f"{key}@{netloc}"


def _timestamp_long_before(s: Signing) -> list[Signing]:
    sent = dict(s.pairs).get("oauth_timestamp", "")
    if not sent.isdecimal() or len(sent) > 12:
        return []
    return [row for seconds in range(16, 121) for row in _signed_as("oauth_timestamp", str(int(sent) - seconds))(s)]


def _as_sent(s: Signing) -> list[Signing]:
    """Sign the body as sent instead of a base string."""
    return [s._replace(base=lambda *_: urlencode(s.pairs, errors="surrogatepass"))]


def _as_json(s: Signing) -> list[Signing]:
    """Sign the fields as JSON, as JavaScript or Python prints it, instead of a parameter string."""
    ways = (((",", ":"), False), ((", ", ": "), True), ((",", ":"), True))
    return [
        s._replace(base=partial(_base_of_json, json.dumps(dict(s.pairs), separators=marks, ensure_ascii=bare)))
        for marks, bare in ways
    ]


def _base_of_json(text: str, method: str, uri: str, _: str) -> str:
    return wrong.joined(method, uri, text)


def _encoded_otherwise(s: Signing) -> Iterator[Signing]:
    """Encode in a way that deviates from RFC 3986 at several points."""
    for names in product(_CHARSETS, _ESCAPES, _BARE, _HEX):
        charset, escape, safe, lowered = _CHARSETS[names[0]], _ESCAPES[names[1]], _BARE[names[2]], _HEX[names[3]]
        encode = partial(encoders.deviating, charset, escape, safe, lowered=lowered)
        yield s._replace(encode=encode, detail="".join(names))
        if safe:

            def base(*parts: str, by: Callable[[str], str] = encode) -> str:
                return "&".join(map(by, parts))

            yield s._replace(encode=encode, base=base, detail="".join(names))


def _body_hashes(s: Signing) -> Iterator[Signing]:
    """Sign an oauth_body_hash besides: of no body, of the message, or of the form but for its signature."""
    message = [pair for pair in s.pairs if not pair[0].startswith("oauth_")]
    for pairs in ((), message, s.pairs):
        body = urlencode(pairs, errors="surrogatepass").encode()
        digest = wrong.base64(sha1(body, usedforsecurity=False).digest())
        yield from wrong.with_pair("oauth_body_hash", digest)(s)


def _other_methods(s: Signing) -> Iterator[Signing]:
    for method in ("POST", "PUT", "PATCH", "DELETE", "HEAD"):
        if method != s.method:
            yield s._replace(method=method, detail=method)


def _bare_names(encoded: list[Encoded]) -> list[Encoded]:
    return sorted((name, value, name, plain) for _, value, name, plain in encoded)


def _bare_values(encoded: list[Encoded]) -> list[Encoded]:
    return sorted((name, value, plain, value) for name, _, plain, value in encoded)


RARE: tuple[Mistake[Signing], ...] = (
    Mistake(
        "url_fragment",
        "the URL was signed with a fragment, which is never sent",
        _followed_by("#", "#/", "#top", "#main", "#content", "#launch", "#lti"),
        "url",
    ),
    Mistake("url_question_mark", "the URL was signed with a '?' and no query after it", _followed_by("?"), "url"),
    Mistake("url_space", "the URL was signed with white space after it", _followed_by(" ", "\n", "%20"), "url"),
    Mistake(
        "url_host_case",
        "the URL was signed with its host in capitals; the base string has it in lower case",
        _with_netloc(lambda _, netloc: dict.fromkeys((netloc.upper(), netloc.title(), netloc.capitalize()))),
        "url",
    ),
    Mistake(
        "url_scheme_case",
        "the URL was signed with its scheme in capitals; the base string has it in lower case",
        _scheme_raised,
        "url",
    ),
    Mistake("url_user", "the URL was signed with user and password in it", _with_netloc(_user_of), "url"),
    Mistake(
        "oauth_field_left_out",
        "a field of OAuth was left out",
        lambda s: [
            signing._replace(detail=field)
            for field in ("oauth_nonce", "oauth_timestamp", "oauth_consumer_key", "oauth_signature_method")
            for signing in wrong.oauth_left_out(field)(s)
        ],
        "parameters",
    ),
    Mistake(
        "nonce_unset",
        "the oauth_nonce was signed as a variable without a value",
        _signed_as("oauth_nonce", "", *UNSET),
        "parameters",
    ),
    Mistake(
        "timestamp_long_before",
        "another oauth_timestamp was signed than was sent; it was made twice",
        _timestamp_long_before,
        "parameters",
    ),
    Mistake(
        "version_not_sent_otherwise",
        "another oauth_version than 1.0 was signed and none sent",
        wrong.with_pair("oauth_version", "1.0a", "1", "1.1", "2.0"),
        "parameters",
    ),
    Mistake("url_origin", "only scheme and host of the URL were signed, without its path", _origin, "url"),
    Mistake(
        "plus_bare",
        "a '+' was not percent-encoded in the form, so it arrived as a space",
        _any_of(
            wrong.with_values(lambda value: value.replace(" ", "+")),
            wrong.with_one_value(lambda value: value.replace(" ", "+")),
        ),
        "parameters",
    ),
    Mistake(
        "blank_as_word",
        "blank parameters were signed as a variable without a value is written",
        _any_of(*(wrong.with_values(_blank_as(word)) for word in UNSET)),
        "parameters",
    ),
    Mistake(
        "booleans_written",
        "true and false were signed in another way of writing than they were sent in",
        _any_of(*map(_written, rewritten.BOOLEANS)),
        "parameters",
    ),
    Mistake(
        "value_cased",
        "a value was signed in lower or upper case and sent as it was",
        wrong.with_one_value(str.lower, str.upper),
        "parameters",
    ),
    Mistake(
        "value_rewritten",
        "a value was signed written in another way than it was sent",
        wrong.with_one_value(*rewritten.REWRITINGS),
        "parameters",
    ),
    Mistake(
        "oauth_value_rewritten",
        "a field of OAuth was signed written in another way than it was sent",
        rewritten.oauth_rewritten,
        "parameters",
    ),
    Mistake(
        "surrogates",
        "characters beyond U+FFFF were encoded as two surrogates (CESU-8), as Java's modified UTF-8 does",
        wrong.with_encoding(encoders.surrogates),
        "encoding",
    ),
    Mistake(
        "base_lowered",
        "the whole base string was lower-cased",
        wrong.with_base(lambda *parts: "&".join(oauth1.percent_encode(part) for part in parts).lower()),
        "base",
    ),
    Mistake(
        "mojibake",
        "text in UTF-8 was taken for Latin-1 before it was signed",
        wrong.with_values(rewritten.reread),
        "parameters",
    ),
    Mistake(
        "mojibake_later",
        "text in UTF-8 was taken for Latin-1 after it was signed",
        wrong.with_values(rewritten.read_back),
        "parameters",
    ),
    Mistake(
        "ascii_only",
        "characters beyond ASCII were signed as '?', or left out",
        _any_of(wrong.with_values(rewritten.in_ascii("replace")), wrong.with_values(rewritten.in_ascii("ignore"))),
        "parameters",
    ),
    Mistake(
        "json_written",
        "values were signed as JSON writes them, with its backslashes or quotation marks",
        _any_of(
            wrong.with_values(lambda value: json.dumps(value)[1:-1]),
            wrong.with_values(json.dumps),
            wrong.with_values(lambda value: value.replace("/", "\\/")),
        ),
        "parameters",
    ),
    Mistake(
        "method_name_signed",
        "the name of another signature method was signed than was sent",
        _signed_as("oauth_signature_method", "HMAC-SHA256", "HMAC-SHA512", "hmac-sha1", "HMAC_SHA1", "PLAINTEXT"),
        "parameters",
    ),
    Mistake(
        "key_unset_signed",
        "oauth_consumer_key was signed without its value",
        _signed_as("oauth_consumer_key", "", *UNSET),
        "parameters",
    ),
    Mistake(
        "timestamp_milliseconds",
        "oauth_timestamp was signed in milliseconds and sent in seconds",
        lambda s: _signed_as("oauth_timestamp", f"{dict(s.pairs).get('oauth_timestamp', '')}000")(s),
        "parameters",
    ),
    Mistake(
        "realm_signed",
        "the realm was signed with the parameters; it never is",
        lambda s: [made for value in (s.url, "") for made in wrong.with_pair("realm", value)(s)],
        "parameters",
    ),
    Mistake(
        "body_hash_signed",
        "an oauth_body_hash was signed but not sent; a form has none",
        _body_hashes,
        "parameters",
    ),
    Mistake(
        "slashes_added",
        "values were signed with a backslash before each quotation mark, as PHP's addslashes writes them",
        wrong.with_values(lambda value: re.sub(r"(['\"\\\\])", r"\\\1", value)),
        "parameters",
    ),
    Mistake("method_other", "the signature was made for another method", _other_methods, "method"),
    Mistake(
        "base_amp",
        "the parameters were joined with '&amp;' instead of '&', as PHP's arg_separator.output may have it",
        wrong.with_base(lambda method, uri, text: wrong.joined(method, uri, text.replace("&", "&amp;"))),
        "base",
    ),
    Mistake(
        "sorted_naturally",
        "the parameters were sorted naturally, digits as numbers; they are sorted byte by byte",
        rewritten.naturally,
        "order",
    ),
    Mistake(
        "encode_uri",
        "JavaScript's encodeURI was used, which is for whole URLs; OAuth needs encodeURIComponent and !'()* besides",
        wrong.with_encoder(encoders.uri),
        "encoding",
    ),
    Mistake(
        "base_not_joined",
        "the parts of the base string were joined without '&'",
        wrong.with_base(lambda *parts: "".join(oauth1.percent_encode(part) for part in parts)),
        "base",
    ),
    Mistake(
        "base_without_method",
        "the base string begins with the URL; the method is missing",
        wrong.with_base(lambda _, *parts: "&".join(oauth1.percent_encode(part) for part in parts)),
        "base",
    ),
    Mistake(
        "base_url_not_encoded",
        "the URL was not percent-encoded in the base string, the parameters were",
        wrong.with_base(lambda method, uri, text: f"{method}&{uri}&{oauth1.percent_encode(text)}"),
        "base",
    ),
    Mistake(
        "base_url_hex_lowered",
        "the URL was encoded with lower-case hex digits in the base string, as HttpUtility.UrlEncode does",
        wrong.with_base(lambda method, uri, text: f"{method}&{encoders.lower_hex(uri)}&{oauth1.percent_encode(text)}"),
        "base",
    ),
    Mistake(
        "base_as_url",
        "the URL with the parameters as its query was signed, and no base string",
        wrong.with_base(lambda _, uri, parameters: f"{uri}?{parameters}"),
        "base",
    ),
    Mistake(
        "base_parameters_only",
        "the parameters alone were signed, without method and URL",
        wrong.with_base(lambda _method, _uri, parameters: parameters),
        "base",
    ),
    Mistake("base_json", "the fields were signed as JSON, not as names and values joined by '&'", _as_json, "base"),
    Mistake(
        "names_rewritten",
        "a name was signed with a dot or space that PHP made an underscore of",
        rewritten.underscored,
        "parameters",
    ),
    Mistake("base_as_sent", "the body was signed as it was sent, and no base string", _as_sent, "base"),
    Mistake(
        "sorted_by_value",
        "the parameters were sorted by their values, not by their names",
        wrong.with_order(lambda encoded: sorted(encoded, key=lambda e: e[1])),
        "order",
    ),
    Mistake(
        "half_encoded",
        "only names, or only values, were percent-encoded before they were joined",
        _any_of(wrong.with_order(_bare_values), wrong.with_order(_bare_names)),
        "order",
    ),
    Mistake(
        "encoded_otherwise",
        "text was encoded otherwise than RFC 3986 has it",
        _encoded_otherwise,
        "encoding",
    ),
    Mistake(
        "blank_not_sent",
        "blank fields were signed, and left out when the form was sent",
        rewritten.blanks_not_sent,
        "parameters",
    ),
    Mistake(
        "utf16",
        "key and base string were taken as UTF-16; they are ASCII",
        lambda s: [made for name in ("utf-16-be", "utf-16-le") for made in wrong.with_mac(rewritten.in_utf16(name))(s)],
        "hash",
    ),
    Mistake(
        "key_after_text",
        "a plain SHA-1 of base string and key was made, no HMAC",
        wrong.with_mac(lambda key, message: sha1(message + key, usedforsecurity=False).digest()),
        "hash",
    ),
    Mistake(
        "no_key",
        "a plain SHA-1 of the base string was made, without any key",
        wrong.with_mac(lambda _, message: sha1(message, usedforsecurity=False).digest()),
        "hash",
    ),
    Mistake(
        "base64_url_unpadded",
        "URL-safe base64 without its padding '=' was used",
        wrong.with_output(lambda digest: urlsafe_b64encode(digest).decode().rstrip("=")),
        "output",
    ),
)
