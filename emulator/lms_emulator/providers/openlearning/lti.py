"""LTI 1.1 launches: how the API creates one, and the checks of an incoming one, in their fixed order.

Launches signed by the API and by the integrator go through the same checks: key, message, OAuth fields, signature,
time, nonce. The nonce is marked as used only if signature and time are valid.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from functools import partial
from typing import NamedTuple

from lms_emulator.core.access.slips import how_differs
from lms_emulator.core.access.whereabouts import by_other_name
from lms_emulator.core.clock import isoformat
from lms_emulator.core.http.refusals import Unfinished
from lms_emulator.core.numbers import parse_integer
from lms_emulator.core.skew import why_off
from lms_emulator.core.suggest import nearest
from lms_emulator.lti import signed_launches
from lms_emulator.providers.openlearning import refusals
from lms_emulator.providers.openlearning.call import LAUNCH_PATH, Call, ensure, web_base
from lms_emulator.providers.openlearning.model import Class, Institution, IssuedLaunch, Nonce, Registration
from lms_emulator.signing import lti11, oauth1

PRODUCT_FAMILY = "openlearning-api"
_KEEP = timedelta(hours=1)
"""How much longer a nonce and an issued form are kept than the launch is valid, so that moving the clock back does
not make it valid again."""
_CONTEXT = "it must be a class id, or a context mapped to a class"
_NEWER = "this is an LTI 1.3 message; OpenLearning's launches are LTI 1.1"


class Launch(NamedTuple):
    """A launch that passed all checks."""

    registration: Registration
    fields: dict[str, str]


# --- issuing ---
def issue(
    call: Call, institution: Institution, registration: Registration, fields: Mapping[str, str | None]
) -> IssuedLaunch:
    """Sign a launch to this emulator's own launch URL, and record it.

    Parameters:
        fields: the message's optional fields; those that are None are omitted.

    Raises a 400 if the Host header does not yield a URL that can be signed.
    """
    now = call.clock.now()
    url = web_base(call) + LAUNCH_PATH
    message = lti11.message(fields.get("resource_link_id") or institution.id, fields)
    nonce = call.ids.alnum(24)
    try:
        params = lti11.signed_launch(
            url,
            message,
            consumer_key=registration.consumer_key,
            secret=registration.secret,
            timestamp=int(now.timestamp()),
            nonce=nonce,
        )
    except ValueError:
        raise refusals.unusable_address(url) from None
    return call.store.issued_launches.put(
        IssuedLaunch(
            nonce=nonce,
            consumer_key=registration.consumer_key,
            url=url,
            params=params,
            keep_until=now + timedelta(seconds=call.settings.launch_max_age_seconds) + _KEEP,
        )
    )


# --- checking ---
def accept(call: Call, pairs: list[tuple[str, str]], method: str, url: str) -> Launch:
    """Run the checks in order and mark the nonce as used. Raises the refusal of the first that fails.

    Parameters:
        pairs: the decoded fields of body and query, in order.
        method, url: of the request; the URL without its query.
    """
    fields = signed_launches.first_values(pairs)
    registration = _registration(call, fields)
    _check_message(call, fields)
    _check_oauth(call, pairs)
    _check_signature(call, pairs, fields, registration, method, url)
    _check_time(call, parse_integer(fields["oauth_timestamp"]) or 0)
    _use_nonce(call, registration, fields)
    names = [name for name, _ in pairs]
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        call.warn("repeated_field", f"sent more than once, the first counts: {', '.join(repeated)[:500]}")
    return Launch(registration, fields)


def _registration(call: Call, fields: Mapping[str, str]) -> Registration:
    in_header = call.headers.get("authorization", "").lower().startswith("oauth ")
    key = ensure(
        call,
        "oauth_consumer_key is in the form",
        fields.get("oauth_consumer_key"),
        refusals.launch_without_key,
        diagnosis="the OAuth fields were sent in the Authorization header; LTI puts them in the form"
        if in_header
        else _NEWER
        if "id_token" in fields
        else None,
    )
    return ensure(
        call,
        "oauth_consumer_key is registered",
        call.store.registrations.get(key),
        refusals.launch_unknown_key,
        got=key,
        diagnosis=lambda: _why_unknown_key(call, key),
        credential=key,
    )


def _why_unknown_key(call: Call, key: str) -> str | None:
    known = [registration.consumer_key for registration in call.store.registrations]
    if meant := next((name for name in known if name.lower() == key.strip().lower()), None):
        return f"the case differs; the registered key is {meant}"
    if meant := nearest(key, known, 0.8):
        return f"this consumer key is not registered; did you mean {meant}?"
    return f"this consumer key is not registered in this world, which has {len(known)}"


_OTHER_MESSAGES = ("ContentItemSelectionRequest", "ContentItemSelection", "ToolProxyRegistrationRequest")


def _check_message(call: Call, fields: Mapping[str, str]) -> None:
    wanted = {"lti_message_type": lti11.MESSAGE_TYPE, "lti_version": lti11.VERSION, "resource_link_id": ""}
    for name, value in wanted.items():
        got = fields.get(name)
        passed = got == value if value else bool(got)
        refuse = partial(refusals.launch_not_lti, name)
        why = _NEWER if got in ("1.3.0", "LtiResourceLinkRequest") else None
        if got in _OTHER_MESSAGES:
            why = f"{got} is another message of LTI 1.1; only launches of links are taken here"
        if not passed and got and why is None:
            why = how_differs(value, got) or f"`{name}` was sent as {got[:100]}: it has to be {value}"
        ensure(call, f"the LTI field {name}", passed, refuse, expected=value or "not empty", got=got, diagnosis=why)


def _check_oauth(call: Call, pairs: list[tuple[str, str]]) -> None:
    for name, passed, expected, got, why in signed_launches.oauth_fields(pairs):
        refuse = partial(refusals.launch_oauth_fields, name)
        ensure(call, f"the OAuth field {name}", passed, refuse, expected=expected, got=got, diagnosis=why)


def _check_signature(
    call: Call,
    pairs: list[tuple[str, str]],
    fields: Mapping[str, str],
    registration: Registration,
    method: str,
    url: str,
) -> None:
    received = fields["oauth_signature"]
    try:
        expected = oauth1.sign(method, url, pairs, registration.secret)
    except ValueError:
        raise refusals.unusable_address(url) from None

    def why() -> str | Unfinished | None:
        return _changes(call, pairs, fields, url) or signed_launches.mistake(
            call,
            pairs,
            url=url,
            secret=registration.secret,
            other_secrets={registration.consumer_key: registration.secret for registration in call.store.registrations},
            other_urls=_other_addresses(call, url),
        )

    check = "oauth_signature is the HMAC-SHA1 of this request"
    same = oauth1.equal(expected, received)
    ensure(call, check, same, refusals.launch_signature, expected=expected, got=received, diagnosis=why)


def _other_addresses(call: Call, url: str) -> list[str]:
    """The other URLs of the launch endpoint."""
    real = [f"{web_base(call)}{LAUNCH_PATH}", f"https://www.openlearning.com{LAUNCH_PATH}"]
    candidates = [*real, *signed_launches.addresses(call, LAUNCH_PATH)]
    return [address for address in dict.fromkeys(candidates) if address != url]


def _changes(call: Call, pairs: list[tuple[str, str]], fields: Mapping[str, str], url: str) -> str | None:
    """How the form differs from the one that a sign-on call issued with the same nonce."""
    issued = call.store.issued_launches.get(fields.get("oauth_nonce", ""))
    if issued is None or issued.consumer_key != fields["oauth_consumer_key"]:
        return None
    changes = []
    for name, value in issued.params.items():
        if name not in fields:
            changes.append(f"{name} is missing")
        elif fields[name] != value:
            changes.append(f"{name} was changed from {value!r} to {fields[name]!r}")
    changes += [f"{name} was added" for name in fields if name not in issued.params]
    if len(pairs) > len(fields):
        changes.append("a field was sent more than once")
    if issued.url != url:
        changes.append(f"it was issued for {issued.url} and sent to {url}")
    if not changes:
        return None
    return f"the form was changed after the sign-on call issued it: {'; '.join(changes)[:2000]}"


def _check_time(call: Call, timestamp: int) -> None:
    max_age, skew = call.settings.launch_max_age_seconds, call.settings.launch_clock_skew_seconds
    age = int(call.clock.timestamp()) - timestamp

    late = "the form is too old, or the signer's clock is slow"
    why = why_off(call.clock, timestamp) or ("the signer's clock is fast" if age < 0 else late)
    why += "; this is not a replay"
    check, most, refuse = f"oauth_timestamp is at most {max_age} s old", f"at most {max_age} s", refusals.launch_expired
    ensure(call, check, age <= max_age, refuse, expected=most, got=f"{age} s", diagnosis=why)
    check, most = f"oauth_timestamp is at most {skew} s ahead of the server's clock", f"at most {skew} s"
    refuse = refusals.launch_not_yet_valid
    ensure(call, check, -age <= skew, refuse, expected=most, got=f"{-age} s", diagnosis=why)


def _use_nonce(call: Call, registration: Registration, fields: Mapping[str, str]) -> None:
    nonce, signature = fields["oauth_nonce"], fields["oauth_signature"]
    used = call.store.nonces.get((registration.consumer_key, nonce))

    def why() -> str:
        if used is not None and used.signature and used.signature != signature:
            return "another launch had the same nonce; generate a new one for each launch"
        return (
            "the form was posted twice: a cached or pre-rendered launch, a double click or a reload; "
            "ask for a new launch each time"
        )

    ensure(
        call,
        "oauth_nonce was never used with this key",
        used is None,
        refusals.launch_replayed,
        got=nonce if used is None else f"{nonce}, used at {isoformat(used.used_at)}",
        diagnosis=why,
    )
    now = call.clock.now()
    life = timedelta(seconds=call.settings.launch_max_age_seconds + call.settings.launch_clock_skew_seconds)
    key, until = registration.consumer_key, now + life + _KEEP
    call.store.nonces.put(Nonce(consumer_key=key, nonce=nonce, signature=signature, used_at=now, keep_until=until))


# --- target ---
def class_of(call: Call, institution: Institution, context_id: str) -> Class | None:
    """The class of an LTI context: the one mapped to it, or else the institution's class with that id."""
    mapping = call.store.context_mappings.get((institution.id, context_id))
    klass = call.store.classes.get(mapping.class_id if mapping else context_id)
    if klass is None or call.store.institution_of_class(klass) != institution.id:
        return None
    return klass


def why_no_class(call: Call, institution: Institution, context_id: str) -> str:
    """Why a context does not identify a class, as a diagnosis."""
    kind = call.store.kind_of(context_id)
    if kind == "class":
        return f"that class does not belong to {institution.id}"
    if kind is not None:
        return f"context_id is the id of a {kind}; {_CONTEXT}"
    if (named := by_other_name(call.store.courses, context_id)) is not None:
        return f"context_id is the {named[0]} of course {named[1].id}; {_CONTEXT}"
    return "an Instructor or Administrator with Institution Staff can set up the class by launching into it"
