"""An LTI 1.1 launch as the tool receives it: its OAuth fields, and the mistake behind an invalid signature.

Sources: 1EdTech LTI Implementation Guide 1.1, 4.2; RFC 5849. Order and refusals of the checks are the tool's own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from lms_emulator.core.access.bodies import why_garbled, why_no_form
from lms_emulator.core.access.signers import known_secrets, whose_secret
from lms_emulator.core.access.slips import undone
from lms_emulator.core.http.exchange import Exchange
from lms_emulator.core.http.refusals import Unfinished, searched
from lms_emulator.core.http.urls import parts_of
from lms_emulator.signing import lti11, oauth1

Pairs = Sequence[tuple[str, str]]
_MOST_SECRETS = 20
_OTHERS = ("PLAINTEXT", "RSA-SHA1", "HMAC-SHA256", "HMAC-SHA512")
_TWICE = "this field of OAuth came more than once: it has to come once, in the form or in the query"


class FieldCheck(NamedTuple):
    """One check of an OAuth field. Attributes: `why`, the mistake that its value reveals."""

    name: str
    passed: bool
    expected: str
    got: str | None
    why: str | None = None


def first_values(pairs: Pairs) -> dict[str, str]:
    """The fields by name, each with its first value."""
    found: dict[str, str] = {}
    for name, value in pairs:
        found.setdefault(name, value)
    return found


def oauth_fields(pairs: Pairs) -> Iterator[FieldCheck]:
    """The checks of the OAuth fields, in order: no field is repeated, and each has an allowed value."""
    fields = first_values(pairs)
    names = [name for name, _ in pairs if name.startswith("oauth_")]
    why: str | None
    for name in dict.fromkeys(names):
        if names.count(name) > 1:
            yield FieldCheck(name, False, "once", "repeated", _TWICE)
    method, right = fields.get("oauth_signature_method"), lti11.SIGNATURE_METHOD
    yield FieldCheck("oauth_signature_method", method == right, right, method, why_method(method))
    version = fields.get("oauth_version", "1.0")
    why = f"OAuth 1.0, and 1.0a too, write the version 1.0 or leave it out; {version!r} is none"
    yield FieldCheck("oauth_version", version == "1.0", "1.0 or absent", version, why)
    for name in ("oauth_signature", "oauth_nonce"):
        got = fields.get(name)
        why = f"{name} was sent, but is empty: has the variable a value?" if got is not None else f"no {name} was sent"
        yield FieldCheck(name, bool(got), "not empty", got, why)
    timestamp = fields.get("oauth_timestamp", "")
    digits = timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 18
    why = "whole seconds are counted: it has a fraction" if timestamp.replace(".", "", 1).isdigit() else None
    why = "it is a date, not the seconds since 1970" if "-" in timestamp[1:] or ":" in timestamp else why
    why = f"the seconds since 1970 have 10 digits, it has {len(timestamp)}" if timestamp.isdecimal() else why
    if why is None and (slip := next((slip for slip, meant in undone(timestamp) if meant.isdecimal()), None)):
        why = slip
    yield FieldCheck("oauth_timestamp", digits, "seconds since 1970, as digits", timestamp or None, why)


def why_method(method: str | None) -> str:
    """Why a signature method is not the one of LTI 1.1."""
    right = lti11.SIGNATURE_METHOD
    if not method:
        return f"no oauth_signature_method was sent; it has to be {right}"
    if method in _OTHERS:
        return f"{method} is another method of OAuth 1.0; LTI signs with {right}"
    letters = "".join(filter(str.isalnum, method.lower()))
    if letters in ("hmacsha1", "sha1", "hmacsha", "hmacsha1base64"):
        return f"the name is written {right}"
    return f"OAuth 1.0 has no method {method!r}; LTI signs with {right}"


def mistake(
    exchange: Exchange[Any, Any],
    pairs: Pairs,
    *,
    url: str,
    secret: str,
    other_secrets: Mapping[str, str],
    other_urls: Sequence[str],
    unsent: Mapping[str, tuple[str, str]] | None = None,
    owner: str | None = None,
) -> str | Unfinished | None:
    """The mistake in signing that produces the signature received.

    Parameters:
        url: as it should be signed, without its query.
        secret: the consumer's.
        other_secrets, other_urls: what may have been used by mistake; the secrets by consumer key.
        unsent: fields that may have been signed besides, by description.
        owner: whose the secret is; None: the consumer key's that was sent.
    """
    from lms_emulator.signing.diagnosis import OUT_OF_TIME
    from lms_emulator.signing.oauth1_diagnosis import TOO_LONG, explain, explain_secret, form_of, limits

    fields = first_values(pairs)
    received, key = fields["oauth_signature"], owner or fields["oauth_consumer_key"]
    exchange.notes["signature_base_string"] = oauth1.signature_base_string(exchange.method, url, pairs)[:20_000]
    secrets = {
        f"the secret of {other} was used, not that of {key}": theirs
        for other, theirs in list(other_secrets.items())[:_MOST_SECRETS]
        if theirs != secret
    }
    urls = {f"{address} was signed instead of {url}": address for address in other_urls}
    query = exchange.query_string.decode("latin-1")
    sent_to = f"{url}?{query}" if query else url

    base = oauth1.signature_base_string(exchange.method, url, pairs)
    whose = whose_secret(
        exchange, lambda record: oauth1.hmac_sha1(base, oauth1.signing_key(record.decode())) == received
    )
    if whose is not None:
        return f"it was signed with {whose}, not with that of {key}"

    def with_token(other: bytes) -> bool:
        key = oauth1.signing_key(secret, other.decode())
        return other.decode() != secret and oauth1.hmac_sha1(base, key) == received

    token = whose_secret(exchange, with_token)
    if token is not None:
        return f"in place of the token secret stands {token}; LTI has no token: the key is the secret and `&`"
    known = known_secrets(exchange)

    def find(in_time: Callable[[], bool]) -> str:
        options: Any = {"other_urls": urls, "in_time": in_time}
        message = (received, exchange.method, sent_to, pairs, secret)
        whose, found = None, explain(*message, other_secrets=secrets, unsent=unsent, **options)
        if found is None or found is TOO_LONG:
            whose, found = explain_secret(*message, known, **options) or (None, found)
        if found is not None and found not in (OUT_OF_TIME, TOO_LONG):
            return f"it was signed with {whose()}, not with that of {key}; and {found}" if whose else str(found)
        form_fault = (
            form_of(received, secret)
            or (why_no_form(exchange) if exchange.is_form else why_garbled(exchange))
            or (
                f"another secret was used (the registered one has {len(secret)} characters), or the message was "
                f"changed after signing{limits(pairs, found)}"
            )
        )
        return f"no known mistake reproduces this signature: {form_fault}"

    return searched(find)


def addresses(exchange: Exchange[Any, Any], path: str) -> list[str]:
    """The URLs at which a path of this provider answers, apart from real host names."""
    found = [f"{exchange.base_url}{path}"]
    port = exchange.addresses.port_of(exchange.provider)
    if port is not None and exchange.world.is_default:
        found += [f"http://{name}:{port}{path}" for name in ("127.0.0.1", "localhost")]
    gateway = exchange.addresses.gateway_port
    found += [f"{origin}{path}" for origin in _named_origins(exchange)]
    if gateway is not None:
        prefix = exchange.addresses.prefix(exchange.provider, exchange.world.name)
        found += [f"http://{name}:{gateway}{prefix}{path}" for name in ("127.0.0.1", "localhost")]
        found.append(f"http://{exchange.provider}.localhost:{gateway}{path}")
    return found


def _named_origins(exchange: Exchange[Any, Any]) -> Iterator[str]:
    """Scheme and host of other sites that the request's headers name: of a proxy in front, or of the sender."""
    host, scheme = exchange.headers.get("x-forwarded-host"), exchange.headers.get("x-forwarded-proto", "https")
    if host:
        yield f"{scheme.partition(',')[0].strip()}://{host.partition(',')[0].strip()}"
    for name in ("origin", "referer"):
        parts = parts_of(exchange.headers.get(name, ""))
        if parts.scheme in ("http", "https") and parts.netloc:
            yield f"{parts.scheme}://{parts.netloc}"
