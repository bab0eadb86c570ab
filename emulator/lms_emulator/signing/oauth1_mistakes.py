"""The mistakes made in signing OAuth 1.0 requests with HMAC, and LTI 1.1 launches in particular.

Each is a change to a :class:`~lms_emulator.signing.oauth1_signing.Signing`, the right one as the server sees it, which
yields what a client with that mistake would have signed. :func:`explain` runs them through the diagnosis engine.
"""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from urllib.parse import quote, quote_plus

from lms_emulator.signing import oauth1
from lms_emulator.signing import oauth1_signing as wrong
from lms_emulator.signing.diagnosis import Diagnosis, Mistake, diagnose
from lms_emulator.signing.oauth1_signing import Signing, Spoiler

WORK = 4_000_000
"""How many characters of base string one diagnosis may build in all (some 0.1 s at most)."""
LARGEST = 40_000
"""Requests with more characters than this are not diagnosed: signing them once is work enough."""


def explain(
    received: str,
    method: str,
    url: str,
    pairs: Iterable[tuple[str, str]],
    secret: str,
    *,
    other_urls: Mapping[str, str] | None = None,
    other_secrets: Mapping[str, str] | None = None,
) -> Diagnosis | None:
    """The mistake, or the pair of mistakes, which reproduces a refused signature; None when none of the known does.

    Parameters:
        received: the ``oauth_signature`` sent.
        method, url: of the request as it should have been signed.
        pairs: its decoded parameters from body and query.
        secret: the consumer's secret.
        other_urls: further URLs the client may have signed, by what to say ("the API's address was signed").
        other_secrets: further secrets it may have used, by what to say.
    """
    sent = tuple((name, value) for name, value in pairs if name != oauth1.SIGNATURE_FIELD)
    right = Signing(method=method, url=url, pairs=sent, secret=secret)
    size = 200 + sum(len(name) + len(value) + 2 for name, value in sent)
    mistakes = [
        *_extra(other_urls or {}, "url"),
        *_extra(other_secrets or {}, "secret"),
        *MISTAKES,
    ]
    if size > LARGEST:
        return None
    attempts = min(4000, WORK // size)
    return diagnose(received, right, Signing.signature, mistakes, attempts=attempts)


def _extra(values: Mapping[str, str], field: str) -> list[Mistake[Signing]]:
    def swap(value: str) -> Callable[[Signing], Iterable[Signing]]:
        return lambda s: [replace(s, url=value) if field == "url" else replace(s, secret=value)]

    return [Mistake(f"other_{field}", text, swap(value), axis=field) for text, value in values.items()]


def _made(name: str, axis: str, text: str, spoil: Spoiler) -> Mistake[Signing]:
    return Mistake(name=name, text=text, spoil=spoil, axis=axis)


MISTAKES: tuple[Mistake[Signing], ...] = (
    _made("url_without_slash", "url", "the URL was signed without its trailing slash", wrong.without_slash),
    _made("url_with_slash", "url", "the URL was signed with a trailing slash it does not have", wrong.with_slash),
    _made("url_other_scheme", "url", "http and https were swapped in the signed URL", wrong.other_scheme),
    _made("url_without_port", "url", "the URL was signed without its port", wrong.without_port),
    _made(
        "url_behind_proxy",
        "url",
        "http and https were swapped and the port was left out of the signed URL, as behind a proxy",
        wrong.other_scheme_same_port,
    ),
    _made(
        "url_loopback", "url", "another name of this machine (localhost, 127.0.0.1) was signed", wrong.loopback_swapped
    ),
    _made("url_www", "url", "the URL was signed with, or without, 'www.'", wrong.www_swapped),
    _made("url_default_port", "url", "the URL was signed with its default port kept", wrong.default_port_kept),
    _made("url_query_in_uri", "url", "the URL was signed with its query string as well", wrong.query_in_uri),
    _made(
        "url_query_unsorted",
        "url",
        "the query string was signed as part of the URL instead of as parameters",
        wrong.query_in_uri_only,
    ),
    _made("query_left_out", "url", "the parameters of the URL's query were left out", wrong.query_parameters_left_out),
    _made("url_lowered", "url", "the whole URL was put in lower case; only scheme and host are", wrong.path_lowered),
    _made("url_path_only", "url", "only the path of the URL was signed", wrong.path_only),
    _made("url_double_slash", "url", "the path was signed with two leading slashes", wrong.double_slash),
    _made("method_get", "method", "the signature was made for GET, not POST", wrong.with_method("GET")),
    _made("method_lower", "method", "the method was signed in lower case", wrong.with_method("post")),
    _made(
        "key_without_ampersand",
        "secret",
        "the '&' after the consumer secret is missing in the key",
        wrong.with_key(str),
    ),
    _made(
        "secret_not_encoded",
        "secret",
        "the consumer secret was not percent-encoded in the key",
        wrong.with_key(lambda secret: f"{secret}&"),
    ),
    _made(
        "secret_encoded_without_ampersand",
        "secret",
        "the '&' after the percent-encoded consumer secret is missing in the key",
        wrong.with_key(oauth1.percent_encode),
    ),
    _made(
        "secret_encoded_twice",
        "secret",
        "the consumer secret was percent-encoded twice in the key",
        wrong.with_key(lambda secret: f"{oauth1.percent_encode(oauth1.percent_encode(secret))}&"),
    ),
    _made("secret_first", "secret", "the '&' was put before the secret", wrong.with_key(lambda secret: f"&{secret}")),
    _made("secret_doubled", "secret", "the secret was used as token secret too", wrong.with_key(lambda s: f"{s}&{s}")),
    _made("secret_trimmed", "secret", "the secret was trimmed", wrong.with_secret(lambda s: s.secret.strip())),
    _made(
        "secret_with_newline",
        "secret",
        "the secret was used with a line end",
        wrong.with_secret(lambda s: s.secret + "\n"),
    ),
    _made("secret_empty", "secret", "an empty secret was used", wrong.with_secret(lambda s: "")),
    _made("secret_is_key", "secret", "the consumer key was used as secret", wrong.with_secret(wrong.consumer_key)),
    _made(
        "secret_lowered", "secret", "the secret was put in lower case", wrong.with_secret(lambda s: s.secret.lower())
    ),
    _made("submit_button", "parameters", "a submit button or CSRF field was added after signing", wrong.button_added),
    _made(
        "body_left_out",
        "parameters",
        "the body parameters were left out; only the OAuth fields were signed",
        wrong.keeping(lambda name, _: name.startswith("oauth_")),
    ),
    _made(
        "oauth_left_out",
        "parameters",
        "the OAuth fields were left out; only the message was signed",
        wrong.keeping(lambda name, _: not name.startswith("oauth_")),
    ),
    _made(
        "blank_left_out", "parameters", "blank parameters were left out", wrong.keeping(lambda _, value: value != "")
    ),
    _made("callback_left_out", "parameters", "oauth_callback was left out", wrong.oauth_left_out("oauth_callback")),
    _made("version_left_out", "parameters", "oauth_version was left out", wrong.oauth_left_out("oauth_version")),
    _made(
        "custom_left_out",
        "parameters",
        "the custom_ and ext_ parameters were left out",
        wrong.keeping(lambda name, _: not name.startswith(("custom_", "ext_"))),
    ),
    _made("trimmed", "parameters", "values were trimmed before signing but not in the form", wrong.trimmed),
    _made("newlines", "parameters", "line ends were signed as LF but sent as CR LF", wrong.newlines),
    _made("names_lowered", "parameters", "parameter names were put in lower case", wrong.names_lowered),
    _made("field_added", "parameters", "a field was added to the form after signing", wrong.one_added),
    _made(
        "unsorted", "order", "the parameters were not sorted (order of the form)", lambda s: [replace(s, ordered=False)]
    ),
    _made("plus_for_space", "encoding", "spaces were encoded as '+' instead of %20", wrong.with_encoding(quote_plus)),
    _made(
        "encoded_twice",
        "encoding",
        "names and values were percent-encoded twice before they were joined",
        wrong.with_encoding(lambda text: oauth1.percent_encode(oauth1.percent_encode(text))),
    ),
    _made(
        "not_encoded", "encoding", "names and values were not percent-encoded", wrong.with_encoding(lambda text: text)
    ),
    _made(
        "hex_lowered", "encoding", "percent-encoding used lower-case hex digits", wrong.with_encoding(wrong.lower_hex)
    ),
    _made("latin1", "encoding", "text was encoded as Latin-1 instead of UTF-8", wrong.with_encoding(wrong.latin1)),
    _made(
        "uri_component",
        "encoding",
        "encodeURIComponent was used, which leaves ! ' ( ) * bare",
        wrong.with_encoding(lambda text: quote(text.encode(errors="surrogatepass"), safe="!'()*")),
    ),
    _made(
        "slash_bare",
        "encoding",
        "'/' was left bare in names and values",
        wrong.with_encoding(lambda text: quote(text.encode(errors="surrogatepass"), safe="/")),
    ),
    _made("tilde_encoded", "encoding", "'~' was encoded as %7E", wrong.with_encoding(wrong.encoded_tilde)),
    _made(
        "base_hex_lowered",
        "base",
        "the base string was encoded with lower-case hex digits",
        wrong.with_base(wrong.base_lower_hex),
    ),
    _made(
        "base_parts_not_encoded",
        "base",
        "URL and parameters were joined without being percent-encoded",
        wrong.with_base(lambda method, uri, parameters: f"{method}&{uri}&{parameters}"),
    ),
    _made(
        "base_parameters_not_encoded",
        "base",
        "the parameter string was not percent-encoded within the base string",
        wrong.with_base(lambda method, uri, parameters: f"{method}&{oauth1.percent_encode(uri)}&{parameters}"),
    ),
    _made(
        "base_newlines",
        "base",
        "the parts of the base string were joined with line ends instead of '&'",
        wrong.with_base(lambda *parts: "\n".join(oauth1.percent_encode(part) for part in parts)),
    ),
    _made("sha256", "hash", "HMAC-SHA256 was used under the name HMAC-SHA1", wrong.with_hash("sha256")),
    _made("sha512", "hash", "HMAC-SHA512 was used under the name HMAC-SHA1", wrong.with_hash("sha512")),
    _made("md5", "hash", "HMAC-MD5 was used under the name HMAC-SHA1", wrong.with_hash("md5")),
    _made("hex", "output", "the signature is hex instead of base64", wrong.with_output(bytes.hex)),
    _made(
        "hex_upper", "output", "the signature is hex instead of base64", wrong.with_output(lambda d: d.hex().upper())
    ),
    _made(
        "hex_in_base64",
        "output",
        "the hex digits of the digest were put in base64 instead of its bytes",
        wrong.with_output(lambda d: wrong.base64(d.hex().encode())),
    ),
    _made(
        "unpadded",
        "output",
        "the padding '=' of the base64 signature is missing",
        wrong.with_output(lambda d: wrong.base64(d).rstrip("=")),
    ),
    _made(
        "base64_url",
        "output",
        "URL-safe base64 was used",
        wrong.with_output(lambda d: urlsafe_b64encode(d).decode()),
    ),
    _made(
        "signature_encoded_twice",
        "output",
        "the signature was percent-encoded once more than the form needs",
        wrong.with_output(lambda d: oauth1.percent_encode(wrong.base64(d))),
    ),
    _made(
        "signature_plus_lost",
        "output",
        "the signature was not encoded for the form, so its '+' arrived as a space",
        wrong.with_output(lambda d: wrong.base64(d).replace("+", " ")),
    ),
    _made(
        "signature_newline",
        "output",
        "a line end was left on the signature",
        wrong.with_output(lambda d: wrong.base64(d) + "\n"),
    ),
    _made(
        "signature_lowered",
        "output",
        "the signature was put in lower case",
        wrong.with_output(lambda d: wrong.base64(d).lower()),
    ),
)
