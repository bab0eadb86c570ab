"""Known mistakes with the consumer secret and the key made of it, for `oauth1_diagnosis`.

Those of the axis `secret` change the secret, those of the axis `key` what is made of it.
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from html import escape, unescape

from lms_emulator.signing import encoders, oauth1
from lms_emulator.signing import oauth1_signing as wrong
from lms_emulator.signing.diagnosis import Mistake
from lms_emulator.signing.oauth1_signing import Signing

UNSET = ("None", "null", "undefined")
"""What a variable without a value is written as."""
_INVISIBLE = {
    "a no-break space": "\u00a0",
    "a zero-width space": "\u200b",
    "a carriage return": "\r",
    "a tab": "\t",
    "a soft hyphen": "\u00ad",
    "a NUL": "\0",
}


def _ending(key: str) -> Callable[[Signing], list[Signing]]:
    """Make a key of the percent-encoded secret and this ending."""
    return wrong.with_key(lambda secret: oauth1.percent_encode(secret) + key)


def _decoded(s: Signing) -> list[Signing]:
    """Use the secret decoded from base64 or hex."""
    found = {}
    with suppress(ValueError):
        found["base64"] = b64decode(s.secret + "=" * (-len(s.secret) % 4), validate=True)
    with suppress(ValueError):
        found["hex"] = bytes.fromhex(s.secret)

    def giving(raw: bytes) -> Callable[[str], bytes]:
        return lambda _: raw

    return [s._replace(key=giving(raw + end), detail=kind) for kind, raw in found.items() for end in (b"&", b"")]


def _unescaped(s: Signing) -> str:
    return unescape(s.secret)


def _invisible(s: Signing) -> list[Signing]:
    """Use the secret with what a copy from a page or a file brings along."""
    return [
        s._replace(secret=secret, detail=name)
        for name, value in _INVISIBLE.items()
        for secret in (s.secret + value, value + s.secret)
    ]


def _twice(s: Signing) -> Iterator[Signing]:
    """Change the secret in two ways, one after the other."""
    changes = [*SECRETS, *RARE_SECRETS[:-1]]
    single = [change for change in changes if change.axis == "secret" and change.name not in _WHOLE]
    for first in single:
        for once in first.apply(s):
            for then in single:
                for twice in then.apply(once) if then is not first else ():
                    yield twice._replace(detail=f"{first.text}; then {then.text}")


def _encoded_key(encode: Callable[[str], str], secret: str) -> str:
    return f"{encode(secret)}&"


_ENCODERS = (encoders.java, encoders.php, encoders.dotnet, encoders.dotnet_upper, encoders.javascript)
_WHOLE = ("secret_cut", "secret_front_cut", "secret_unset", "secret_empty", "secret_is_key", "secret_trimmed")
"""Mistakes that leave little of the secret, or cannot be told from others when something follows."""

SECRETS: tuple[Mistake[Signing], ...] = (
    Mistake("secret_trimmed", "the secret was trimmed", wrong.with_secret(lambda s: s.secret.strip()), "secret"),
    Mistake(
        "secret_with_newline",
        "the secret was used with a newline at its end",
        wrong.with_secret(lambda s: s.secret + "\n"),
        "secret",
    ),
    Mistake(
        "secret_with_space",
        "the secret was used with white space around it",
        lambda s: [s._replace(secret=secret) for secret in (f" {s.secret}", f"{s.secret} ", f" {s.secret} ")],
        "secret",
    ),
    Mistake(
        "secret_quoted",
        "the secret was used with the quotation marks around it",
        lambda s: [s._replace(secret=f"{mark}{s.secret}{mark}") for mark in "\"'"],
        "secret",
    ),
    Mistake(
        "secret_unset",
        "a variable without a value was used as the secret",
        lambda s: [s._replace(secret=word) for word in ("undefined", "null", "None", "nil", "NULL")],
        "secret",
    ),
    Mistake(
        "secret_base64",
        "the secret was encoded in base64 first",
        wrong.with_secret(lambda s: wrong.base64(s.secret.encode(errors="surrogatepass"))),
        "secret",
    ),
    Mistake(
        "secret_ampersand",
        "the '&' of the key was taken for a part of the secret, and so put twice",
        wrong.with_secret(lambda s: s.secret + "&"),
        "secret",
    ),
    Mistake("secret_empty", "an empty secret was used", wrong.with_secret(lambda s: ""), "secret"),
    Mistake(
        "secret_is_key", "the consumer key was used as the secret", wrong.with_secret(wrong.consumer_key), "secret"
    ),
    Mistake("secret_lowered", "the secret was lower-cased", wrong.with_secret(lambda s: s.secret.lower()), "secret"),
    Mistake("secret_uppered", "the secret was upper-cased", wrong.with_secret(lambda s: s.secret.upper()), "secret"),
    Mistake(
        "secret_bytes",
        "the secret was written out as Python's bytes, b'…'",
        wrong.with_secret(lambda s: f"b'{s.secret}'"),
        "secret",
    ),
    Mistake("secret_hashed", "a hash of the secret was used as the secret", wrong.secret_hashed, "secret"),
    Mistake("secret_cut", "the secret was cut", wrong.secret_cut, "secret"),
    Mistake(
        "key_without_ampersand",
        "the '&' after the consumer secret is missing from the key",
        wrong.with_key(str),
        "key",
    ),
    Mistake(
        "secret_not_encoded",
        "the consumer secret was not percent-encoded in the key",
        wrong.with_key(lambda secret: f"{secret}&"),
        "key",
    ),
    Mistake(
        "secret_encoded_without_ampersand",
        "the '&' after the percent-encoded consumer secret is missing from the key",
        wrong.with_key(oauth1.percent_encode),
        "key",
    ),
    Mistake(
        "secret_encoded_twice",
        "the consumer secret was percent-encoded twice in the key",
        wrong.with_key(lambda secret: f"{oauth1.percent_encode(oauth1.percent_encode(secret))}&"),
        "key",
    ),
    Mistake(
        "secret_encoded_otherwise",
        "the secret was encoded in the key as for a form",
        lambda s: [made for by in _ENCODERS for made in wrong.with_key(partial(_encoded_key, by))(s)],
        "key",
    ),
    Mistake("secret_first", "the '&' was put before the secret", wrong.with_key(lambda secret: f"&{secret}"), "key"),
    Mistake(
        "secret_doubled", "the secret was used as the token secret too", wrong.with_key(lambda s: f"{s}&{s}"), "key"
    ),
    Mistake(
        "key_both",
        "consumer key and secret were joined to make the key",
        lambda s: wrong.with_key(lambda secret: f"{wrong.consumer_key(s)}&{oauth1.percent_encode(secret)}")(s),
        "key",
    ),
)
"""Common ones, which are also tried in pairs with other mistakes."""

RARE_SECRETS: tuple[Mistake[Signing], ...] = (
    Mistake(
        "secret_front_cut",
        "the first characters of the secret are missing",
        lambda s: [s._replace(secret=s.secret[n:], detail=str(n)) for n in range(1, min(100, len(s.secret) - 3))],
        "secret",
    ),
    Mistake(
        "secret_marked",
        "the secret was used with a byte order mark in front, as a file begins",
        wrong.with_secret(lambda s: f"\ufeff{s.secret}"),
        "secret",
    ),
    Mistake(
        "secret_with_line_end",
        "the secret was used with CR LF at its end",
        wrong.with_secret(lambda s: f"{s.secret}\r\n"),
        "secret",
    ),
    Mistake(
        "secret_bracketed",
        "the secret was used with the brackets of a manual around it",
        lambda s: [s._replace(secret=form.replace("…", s.secret)) for form in ("<…>", "{…}", "[…]", "${…}")],
        "secret",
    ),
    Mistake(
        "secret_hex",
        "the secret was written in hex digits first",
        wrong.with_secret(lambda s: s.secret.encode(errors="surrogatepass").hex()),
        "secret",
    ),
    Mistake("secret_reversed", "the secret was reversed", wrong.with_secret(lambda s: s.secret[::-1]), "secret"),
    Mistake(
        "secret_escaped",
        "the secret was used with HTML entities (&amp; and the like) in it, or without those it has",
        lambda s: [*wrong.with_secret(lambda s: escape(s.secret))(s), *wrong.with_secret(_unescaped)(s)],
        "secret",
    ),
    Mistake("secret_invisible", "the secret was used with an invisible character at an end", _invisible, "secret"),
    Mistake("secret_decoded", "the secret was decoded first; its characters are the key", _decoded, "key"),
    Mistake(
        "token_secret_unset",
        "a variable without a value was used as the token secret",
        lambda s: [made for word in UNSET for made in _ending(f"&{word}")(s)],
        "key",
    ),
    Mistake(
        "key_reversed",
        "consumer secret and consumer key were joined to make the key",
        lambda s: _ending(f"&{wrong.consumer_key(s)}")(s),
        "key",
    ),
    Mistake(
        "key_ampersand_encoded",
        "the '&' of the key was percent-encoded",
        _ending("%26"),
        "key",
    ),
    Mistake("secret_twice", "two mistakes were made with the secret", _twice, "secret"),
)
"""Rare ones, which are tried only singly."""
