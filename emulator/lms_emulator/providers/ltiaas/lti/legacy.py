"""Checks an LTI 1.1 or 1.2 launch: consumer, message, OAuth fields, signature, time, nonce.

That LTIAAS accepts such launches, and how it reports them, is known from its clients: LTIaaS/ltiaas-node-sdk
src/resources/idtoken/schemas.ts, RawOauthPayloadSchema. Where they arrive and how they are refused is chosen.
"""

from __future__ import annotations

from collections.abc import Mapping

from lms_emulator.core.access.bodies import why_no_form
from lms_emulator.core.clock import later
from lms_emulator.core.errors import shortened
from lms_emulator.core.http.forms import decode_pairs
from lms_emulator.core.http.refusals import Unfinished
from lms_emulator.core.numbers import parse_integer
from lms_emulator.core.skew import why_off
from lms_emulator.lti import signed_launches
from lms_emulator.lti.signed_launches import Pairs
from lms_emulator.providers.ltiaas import refusals
from lms_emulator.providers.ltiaas.call import Call
from lms_emulator.providers.ltiaas.credentials import tenant_in_address
from lms_emulator.providers.ltiaas.model import Consumer, UsedNonce
from lms_emulator.signing import lti11, oauth1

_MESSAGE = {
    "lti_message_type": (lti11.MESSAGE_TYPE, "NO_MESSAGE_TYPE_CLAIM"),
    "lti_version": (lti11.VERSION, "WRONG_LTI_VERSION_CLAIM"),
    "resource_link_id": ("", "NO_RESOURCE_LINK_ID_CLAIM"),
}
"""Required fields, and the error code for each, which is that of the same claim in LTI 1.3."""
_NONCE_SECONDS = 3600
_FORM = "application/x-www-form-urlencoded"


def is_legacy(given: Mapping[str, str]) -> bool:
    """Whether the fields are those of an LTI 1.1 launch rather than of an id_token response."""
    return "id_token" not in given and ("oauth_consumer_key" in given or "lti_message_type" in given)


def validated(call: Call) -> tuple[Consumer, dict[str, str]]:
    """The consumer and the fields of a valid launch. Marks its nonce as used.

    Raises the refusal of the first check that fails.
    """
    pairs = _pairs(call)
    fields = signed_launches.first_values(pairs)
    consumer = _consumer(call, fields.get("oauth_consumer_key", ""))
    for name, (value, code) in _MESSAGE.items():
        got = fields.get(name)
        if not call.check(f"the LTI field {name}", got == value if value else bool(got), got=got):
            raise refusals.legacy_launch_refused(
                code, f"legacy_{name}", check=name, expected=value or "not empty", got=got, **_if_absent(name, got)
            )
    for check in signed_launches.oauth_fields(_once(pairs)):
        if not call.check(f"the OAuth field {check.name}", check.passed, expected=check.expected, got=check.got):
            raise refusals.legacy_launch_refused(
                "INVALID_OAUTH_FIELD",
                "legacy_oauth_field",
                check=check.name,
                expected=check.expected,
                got=check.got,
                diagnosis=check.why,
            )
    _check_signature(call, consumer, pairs, fields)
    _check_time(call, parse_integer(fields["oauth_timestamp"]) or 0)
    _spend_nonce(call, consumer, fields["oauth_nonce"])
    return consumer, fields


def _pairs(call: Call) -> Pairs:
    call.reads.whole()  # every field is signed
    if not call.check("the body is a URL-encoded form", call.content_type == _FORM, got=call.content_type):
        raise refusals.legacy_launch_refused(
            "INVALID_OAUTH_FIELD",
            "legacy_not_a_form",
            expected=_FORM,
            got=call.content_type,
            diagnosis=why_no_form(call),
        )
    return [pair for data in (call.body, call.query_string) for pair in decode_pairs(data)]


def _if_absent(name: str, got: str | None) -> dict[str, str]:
    """A field that did not come, so that it is looked for under other names and in other places."""
    return {} if got else {"absent": name}


def _once(pairs: Pairs) -> Pairs:
    """The pairs, without duplicates of the query in the form."""
    return list(dict.fromkeys(pairs))


def _consumer(call: Call, key: str) -> Consumer:
    named = tenant_in_address(call)
    consumer = call.store.consumers.get(key)
    if not key:
        why = None
        if call.headers.get("authorization", "").lower().startswith("oauth "):
            why = "the OAuth fields were sent in the Authorization header; LTI puts them in the form"
        raise refusals.inactive_platform(
            {"oauth_consumer_key": key}, reason="consumer_key_missing", absent="oauth_consumer_key", diagnosis=why
        )
    if consumer is None or (named is not None and consumer.tenant != named.subdomain):
        whose = f"tenant `{named.subdomain}`" if named is not None else "this world"
        why = f"no consumer of {whose} has the key {shortened(key, 100)}"
        raise refusals.inactive_platform(
            {"oauth_consumer_key": key}, reason="consumer_unregistered", diagnosis=why, credential=key
        )
    if not consumer.active:
        why = f"consumer {key} is registered but not active; activate it in the portal"
        raise refusals.inactive_platform({"oauth_consumer_key": key}, reason="consumer_inactive", diagnosis=why)
    return consumer


def _check_signature(call: Call, consumer: Consumer, pairs: Pairs, fields: Mapping[str, str]) -> None:
    url = call.request_url.partition("?")[0]
    ways = [pairs] if call.settings.legacy_query_signed == "twice" else [pairs, _once(pairs)]
    try:
        made = [oauth1.sign(call.method, url, way, consumer.secret) for way in ways]
    except ValueError as error:
        raise refusals.legacy_launch_refused(
            "INVALID_OAUTH_SIGNATURE", "legacy_address", expected="an address that can be signed", got=str(error)
        ) from None
    received = fields["oauth_signature"]

    def why() -> str | Unfinished | None:
        others = {consumer.consumer_key: consumer.secret for consumer in call.store.consumers}
        urls = [f"https://{consumer.tenant}.ltiaas.com{call.path}", *signed_launches.addresses(call, call.path)]
        return signed_launches.mistake(
            call, pairs, url=url, secret=consumer.secret, other_secrets=others, other_urls=[u for u in urls if u != url]
        )

    signed = any(oauth1.equal(value, received) for value in made)
    if not call.check("oauth_signature is the HMAC-SHA1 of this request", signed, expected=made[0], got=received):
        raise refusals.legacy_launch_refused(
            "INVALID_OAUTH_SIGNATURE", "legacy_signature", expected=made[0], got=received, diagnosis=why()
        )


def _check_time(call: Call, timestamp: int) -> None:
    most, off = call.settings.legacy_launch_seconds, int(call.clock.timestamp()) - timestamp
    if not call.check(f"oauth_timestamp within {most} s of now", abs(off) <= most, got=f"{off} s ago"):
        raise refusals.legacy_launch_refused(
            "OAUTH_TIMESTAMP_OUT_OF_RANGE",
            "legacy_timestamp",
            expected=f"at most {most} s from now",
            got=f"{off} s ago",
            diagnosis=why_off(call.clock, timestamp) or "the form is too old, or the LMS's clock is wrong",
        )


def _spend_nonce(call: Call, consumer: Consumer, nonce: str) -> None:
    fresh = (consumer.consumer_key, nonce) not in call.store.used_nonces
    if not call.check("oauth_nonce was not used before", fresh, got=nonce):
        why = "the form was posted twice: a reload or a double click; each launch needs a new one"
        raise refusals.legacy_launch_refused(
            "NONCE_ALREADY_RECEIVED", "legacy_nonce", expected="a nonce not seen before", got=nonce, diagnosis=why
        )
    until = later(call.clock.now(), _NONCE_SECONDS)
    call.store.used_nonces.put(UsedNonce(sender=consumer.consumer_key, nonce=nonce, keep_until=until))
