"""OAuth 1.0 signatures (RFC 5849), as pure functions.

Everything here works on decoded text: the caller parses the request; this module builds the base string, signs and
compares. It does not read the time, generate nonces or deal with HTTP.

    >>> pairs = [("b", "2"), ("a", "1 &"), ("oauth_consumer_key", "key")]
    >>> signature_base_string("post", "HTTP://Example.com:80/launch/?x=1", pairs)
    'POST&http%3A%2F%2Fexample.com%2Flaunch%2F&a%3D1%2520%2526%26b%3D2%26oauth_consumer_key%3Dkey%26x%3D1'
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
from base64 import b64encode
from collections.abc import Iterable
from urllib.parse import parse_qsl, urlsplit

from lms_emulator.signing.escapes import percent_encoded

Pairs = Iterable[tuple[str, str]]

SIGNATURE_FIELD = "oauth_signature"
_DEFAULT_PORTS = {"http": 80, "https": 443}


def percent_encode(text: str) -> str:
    """RFC 5849 section 3.6: UTF-8, upper-case hex, everything escaped except `A-Z a-z 0-9 - . _ ~`.

    Lone surrogates (bytes that were not UTF-8, carried through by `surrogateescape`) become their original bytes;
    any other surrogate becomes its three UTF-8-like bytes, so that no text raises an error.
    """
    try:
        return percent_encoded(text.encode(errors="surrogateescape"))
    except UnicodeEncodeError:
        return percent_encoded(text.encode(errors="surrogatepass"))


def base_string_uri(url: str) -> str:
    """The base string URI of section 3.4.1.2: scheme, authority and path, without query or fragment.

    Scheme and host are lower-cased, the scheme's default port is removed, an empty path becomes `/`, and a trailing
    slash is kept. A space in the path becomes `%20`, the only re-encoding that the RFC shows.

    Raises:
        ValueError: the URL has no scheme or host, or its port is not a number from 1 to 65535.
    """
    parts = urlsplit(url)
    scheme, host, port = parts.scheme.lower(), (parts.hostname or "").lower(), parts.port
    if not scheme or not host:
        raise ValueError(f"expected an absolute URL, got {url!r}")
    if port == 0:
        raise ValueError(f"port 0 in {url!r}")
    if ":" in host:
        host = f"[{ipaddress.ip_address(host)}]"
    if port is not None and port != _DEFAULT_PORTS.get(scheme):
        host = f"{host}:{port}"
    return f"{scheme}://{host}{parts.path or '/'}".replace(" ", "%20")


def query_parameters(url: str) -> list[tuple[str, str]]:
    """The decoded parameters of a URL's query, including blank ones (section 3.4.1.3.1)."""
    return parse_qsl(urlsplit(url).query, keep_blank_values=True, errors="surrogateescape")


def normalise_parameters(pairs: Pairs) -> str:
    """Section 3.4.1.3.2: encode names and values, sort by encoded name then encoded value, join.

    Parameters:
        pairs: decoded names and values from all sources. `oauth_signature` is removed; duplicates and blank values are
            kept.
    """
    encoded = sorted((percent_encode(name), percent_encode(value)) for name, value in pairs if name != SIGNATURE_FIELD)
    return "&".join(f"{name}={value}" for name, value in encoded)


def signature_base_string(method: str, url: str, pairs: Pairs) -> str:
    """Section 3.4.1: method, URI and parameters, each percent-encoded, joined with `&`.

    Parameters:
        method: the HTTP method, in any letter case.
        url: the absolute request URL; its query is added to the parameters.
        pairs: the decoded form fields and those of an Authorization header, without `realm`.

    Raises:
        ValueError: as `base_string_uri`.
    """
    parameters = normalise_parameters([*pairs, *query_parameters(url)])
    return "&".join((percent_encode(method.upper()), percent_encode(base_string_uri(url)), percent_encode(parameters)))


def signing_key(consumer_secret: str, token_secret: str = "") -> bytes:
    """Section 3.4.2: both secrets percent-encoded, joined with `&`, even if the token secret is empty."""
    return f"{percent_encode(consumer_secret)}&{percent_encode(token_secret)}".encode()


def hmac_sha1(base_string: str, key: bytes) -> str:
    """The signature of a base string: HMAC-SHA1 in base64, with padding."""
    return b64encode(hmac.new(key, base_string.encode(), hashlib.sha1).digest()).decode()


def body_hash(body: bytes) -> str:
    """The `oauth_body_hash` of a body that is not a form (OAuth Request Body Hash 1.0 draft 4): SHA-1 in base64."""
    return b64encode(hashlib.sha1(body, usedforsecurity=False).digest()).decode()


def sign(method: str, url: str, pairs: Pairs, consumer_secret: str, token_secret: str = "") -> str:
    """The `oauth_signature` of a request under HMAC-SHA1.

    Parameters:
        method, url, pairs: as `signature_base_string`.
        consumer_secret, token_secret: as plain text, not yet encoded.
    """
    return hmac_sha1(signature_base_string(method, url, pairs), signing_key(consumer_secret, token_secret))


def equal(expected: str, received: str) -> bool:
    """Compare two signatures in constant time."""
    return hmac.compare_digest(expected.encode(errors="surrogatepass"), received.encode(errors="surrogatepass"))
