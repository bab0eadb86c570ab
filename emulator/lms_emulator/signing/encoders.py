"""Encodings that clients use by mistake instead of RFC 3986's percent-encoding."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import quote, quote_plus

from lms_emulator.signing import oauth1

_HEX = re.compile("%[0-9A-F]{2}")


def java(text: str) -> str:
    """Java's `java.net.URLEncoder.encode`: form encoding, which leaves `*` unescaped."""
    return quote_plus(text.encode(errors="surrogatepass"), safe="*").replace("~", "%7E")


def java_spaces(text: str) -> str:
    """Java's `URLEncoder.encode`, its `+` replaced by `%20`, as advised for OAuth; `*` and `~` need it too."""
    return java(text).replace("+", "%20")


def php(text: str) -> str:
    """PHP's `urlencode`: form encoding."""
    return quote_plus(text.encode(errors="surrogatepass")).replace("~", "%7E")


def dotnet(text: str) -> str:
    """.NET's `HttpUtility.UrlEncode`: form encoding with lower-case hex digits, which leaves `!*()` unescaped."""
    return _HEX.sub(
        lambda found: found[0].lower(), quote_plus(text.encode(errors="surrogatepass"), safe="!*()")
    ).replace("~", "%7e")


def javascript(text: str) -> str:
    """JavaScript's `escape`: Latin-1, `%uXXXX` beyond it, `@*_+-./` unescaped."""
    plain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789@*_+-./"
    units = text.encode("utf-16-be", "surrogatepass")
    codes = [int.from_bytes(units[i : i + 2]) for i in range(0, len(units), 2)]
    return "".join(chr(c) if chr(c) in plain else f"%{c:02X}" if c < 256 else f"%u{c:04X}" for c in codes)


def dotnet_upper(text: str) -> str:
    """.NET's `WebUtility.UrlEncode`: as `HttpUtility.UrlEncode`, in upper-case hex digits."""
    return quote_plus(text.encode(errors="surrogatepass"), safe="!*()").replace("~", "%7E")


def dotnet_spaces(text: str) -> str:
    """.NET's `WebUtility.UrlEncode`, its `+` replaced by `%20`, as advised for OAuth."""
    return dotnet_upper(text).replace("+", "%20")


def uri_component(text: str) -> str:
    """JavaScript's `encodeURIComponent`, and .NET's `Uri.EscapeDataString` before 4.5."""
    return quote(text.encode(errors="surrogatepass"), safe="!'()*")


def uri(text: str) -> str:
    """JavaScript's `encodeURI`, which is for whole URLs."""
    return quote(text.encode(errors="surrogatepass"), safe=";,/?:@&=+$#!'()*")


def slash_bare(text: str) -> str:
    """Python's `quote`, which leaves `/` unescaped unless told otherwise."""
    return quote(text.encode(errors="surrogatepass"), safe="/")


def lower_hex(text: str) -> str:
    """Percent-encoding with lower-case hex digits."""
    return _HEX.sub(lambda found: found[0].lower(), oauth1.percent_encode(text))


def surrogates(text: str) -> str:
    """Percent-encoding in CESU-8: a character beyond U+FFFF becomes two of three bytes each."""
    units = text.encode("utf-16-be", "surrogatepass")
    halves = "".join(chr(int.from_bytes(units[i : i + 2])) for i in range(0, len(units), 2))
    return quote(halves.encode(errors="surrogatepass"), safe="")


def latin1(text: str) -> str:
    """Percent-encoding of the text in Latin-1 instead of UTF-8."""
    return quote(text.encode("latin-1", "replace"), safe="")


def deviating(charset: str, escape: Callable[[bytes, str], str], safe: str, text: str, *, lowered: bool) -> str:
    """Encoding that deviates in several ways. Parameters: `lowered`, whether hex digits are in lower case."""
    found = escape(text.encode(charset, "replace" if charset == "latin-1" else "surrogatepass"), safe)
    return _HEX.sub(lambda digits: digits[0].lower(), found) if lowered else found


def encoded_tilde(text: str) -> str:
    return oauth1.percent_encode(text).replace("~", "%7E")


def base_lower_hex(method: str, uri: str, parameters: str) -> str:
    """A base string whose parts are encoded with lower-case hex digits."""
    return "&".join(lower_hex(part) for part in (method, uri, parameters))
