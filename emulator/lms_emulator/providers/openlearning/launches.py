"""Launches: how the API makes one, and the checks in their fixed order when one arrives.

Signed by the API or by the integrator, a launch is judged by the same rules: key, message, OAuth fields, signature,
time, nonce. Only the nonce of a launch whose signature and time are right is used up.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import NamedTuple

from lms_emulator.core.clock import isoformat
from lms_emulator.providers.openlearning import refusals, wire
from lms_emulator.providers.openlearning.model import Institution, IssuedLaunch, Nonce, Registration
from lms_emulator.providers.openlearning.wire import Call
from lms_emulator.signing import lti11, oauth1

PRODUCT_FAMILY = "openlearning-api"
_KEEP = timedelta(hours=1)
"""How much longer than its life a nonce and an issued form are kept, so that a clock set back does not revive one."""


class Launch(NamedTuple):
    """A launch that passed the checks of form, key, signature, time and nonce."""

    registration: Registration
    fields: dict[str, str]


# making one


def issue(
    x: Call, institution: Institution, registration: Registration, fields: Mapping[str, str | None]
) -> IssuedLaunch:
    """Sign a launch to this emulator's own launch address, and remember what was given out.

    Parameters: `fields`, the message's optional fields besides `resource_link_id`, None ones left out.
    """
    now = x.clock.now()
    url = wire.web_base(x) + wire.LAUNCH_PATH
    message = lti11.message(fields.get("resource_link_id") or institution.id, fields)
    nonce = x.ids.alnum(24)
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
    return x.store.issued_launches.put(
        IssuedLaunch(
            nonce=nonce,
            consumer_key=registration.consumer_key,
            url=url,
            params=params,
            keep_until=now + timedelta(seconds=x.settings.launch_max_age_seconds) + _KEEP,
        )
    )


# judging one


def accept(x: Call, pairs: list[tuple[str, str]], method: str, url: str) -> Launch:
    """Run the checks in their order and use up the nonce. Raises the refusal of the first that fails.

    Parameters:
        pairs: the decoded fields of body and query, in their order.
        method, url: as the launch was sent; the URL without its query.
    """
    fields: dict[str, str] = {}
    for name, value in pairs:
        fields.setdefault(name, value)
    registration = _registration(x, fields)
    _check_message(x, fields)
    timestamp = _check_oauth(x, pairs, fields)
    _check_signature(x, pairs, fields, registration, method, url)
    _check_time(x, timestamp)
    _use_nonce(x, registration, fields["oauth_nonce"], timestamp)
    return Launch(registration, fields)


def _registration(x: Call, fields: Mapping[str, str]) -> Registration:
    key = fields.get("oauth_consumer_key")
    if not key:
        scheme = x.headers.get("authorization", "").partition(" ")[0].lower()
        hint = (
            "the OAuth fields came in the Authorization header; LTI puts them in the form"
            if scheme == "oauth"
            else None
        )
        x.check("oauth_consumer_key is in the form", False)
        raise refusals.launch_without_key(hint)
    found = x.store.registrations.get(key)
    if not x.check("oauth_consumer_key is registered", found is not None, got=key) or found is None:
        raise refusals.launch_unknown_key(key, _why_unknown_key(x, key))
    return found


def _why_unknown_key(x: Call, key: str) -> str | None:
    if key in x.store.api_keys:
        return "that is an API key; launches are signed with the institution's consumer key and secret"
    if x.store.institution(key) is not None:
        return "that is the institution's id; launches name its consumer key"
    if key.strip() in x.store.registrations:
        return "the consumer key has white space around it"
    if any(registration.secret == key for registration in x.store.registrations.values()):
        return "that is a consumer secret; key and secret were swapped"
    return None


def _check_message(x: Call, fields: Mapping[str, str]) -> None:
    wanted = {"lti_message_type": lti11.MESSAGE_TYPE, "lti_version": lti11.VERSION, "resource_link_id": ""}
    for name, expected in wanted.items():
        got = fields.get(name)
        passed = bool(got) and (not expected or got == expected)
        if not x.check(name, passed, expected=expected or "not empty", got=got):
            raise refusals.launch_not_lti(name, expected or "not empty", got)


def _check_oauth(x: Call, pairs: list[tuple[str, str]], fields: Mapping[str, str]) -> int:
    seen: set[str] = set()
    for name, _ in pairs:
        if name.startswith("oauth_") and name in seen:
            raise refusals.launch_oauth_fields(name, "once", "repeated")
        seen.add(name)
    method = fields.get("oauth_signature_method")
    if method != lti11.SIGNATURE_METHOD:
        raise refusals.launch_oauth_fields("oauth_signature_method", lti11.SIGNATURE_METHOD, method)
    version = fields.get("oauth_version", "1.0")
    if version != "1.0":
        raise refusals.launch_oauth_fields("oauth_version", "1.0 or absent", version)
    for name in ("oauth_signature", "oauth_nonce"):
        if not fields.get(name):
            raise refusals.launch_oauth_fields(name, "not empty", fields.get(name))
    timestamp = fields.get("oauth_timestamp", "")
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 18):
        raise refusals.launch_oauth_fields("oauth_timestamp", "seconds since 1970, as digits", timestamp or None)
    x.check("oauth fields")
    return int(timestamp)


def _check_signature(
    x: Call, pairs: list[tuple[str, str]], fields: Mapping[str, str], registration: Registration, method: str, url: str
) -> None:
    received = fields["oauth_signature"]
    try:
        expected = oauth1.sign(method, url, pairs, registration.secret)
    except ValueError:
        raise refusals.unusable_address(url) from None
    if not x.check("oauth_signature", oauth1.equal(expected, received), expected=expected, got=received):
        x.notes["signature_base_string"] = oauth1.signature_base_string(method, url, pairs)[:20_000]
        raise refusals.launch_signature(expected, received, _why_signature(x, pairs, fields, registration, method, url))


def _why_signature(
    x: Call, pairs: list[tuple[str, str]], fields: Mapping[str, str], registration: Registration, method: str, url: str
) -> str | None:
    changed = _changes(x, pairs, fields, url)
    if changed is not None:
        return changed
    from lms_emulator.signing.oauth1_mistakes import explain

    secrets = {
        f"the secret of {other.consumer_key} was used, not that of {registration.consumer_key}": other.secret
        for other in x.store.registrations.values()[:20]
        if other.secret != registration.secret
    }
    urls = {f"{address} was signed instead of {url}": address for address in _other_addresses(x, url)}
    found = explain(
        fields["oauth_signature"],
        method,
        url,
        pairs,
        registration.secret,
        other_urls=urls,
        other_secrets=secrets,
    )
    return str(found) if found else None


def _other_addresses(x: Call, url: str) -> list[str]:
    """The other addresses at which the launch endpoint answers."""
    real = f"https://www.openlearning.com{wire.LAUNCH_PATH}"
    candidates = [f"{x.base_url}{wire.LAUNCH_PATH}", f"{wire.web_base(x)}{wire.LAUNCH_PATH}", real]
    port = x.addresses.port_of(x.provider)
    if port is not None and x.world.is_default:
        candidates += [f"http://{name}:{port}{wire.LAUNCH_PATH}" for name in ("127.0.0.1", "localhost")]
    gateway = x.addresses.gateway_port
    if gateway is not None:
        prefix = x.addresses.prefix(x.provider, x.world.name)
        candidates += [f"http://{name}:{gateway}{prefix}{wire.LAUNCH_PATH}" for name in ("127.0.0.1", "localhost")]
        candidates.append(f"http://openlearning.localhost:{gateway}{wire.LAUNCH_PATH}")
    return [address for address in dict.fromkeys(candidates) if address != url]


def _changes(x: Call, pairs: list[tuple[str, str]], fields: Mapping[str, str], url: str) -> str | None:
    """How the form differs from the one that a sign-on call gave out under the same nonce."""
    issued = x.store.issued_launches.get(fields.get("oauth_nonce", ""))
    if issued is None or issued.consumer_key != fields["oauth_consumer_key"]:
        return None
    told = []
    for name, value in issued.params.items():
        if name not in fields:
            told.append(f"{name} is missing")
        elif fields[name] != value:
            told.append(f"{name} was {value!r} and came as {fields[name]!r}")
    told += [f"{name} was added" for name in fields if name not in issued.params]
    if len(pairs) > len(fields):
        told.append("a field came more than once")
    if issued.url != url:
        told.append(f"it was made for {issued.url} and came to {url}")
    return f"the form was changed after the sign-on call gave it out: {'; '.join(told)[:2000]}" if told else None


def _check_time(x: Call, timestamp: int) -> None:
    max_age, skew = x.settings.launch_max_age_seconds, x.settings.launch_clock_skew_seconds
    age = int(x.clock.timestamp()) - timestamp
    if not x.check("oauth_timestamp is not too old", age <= max_age, expected=f"at most {max_age} s", got=f"{age} s"):
        raise refusals.launch_expired(max_age, age, _why_time(age, timestamp))
    if not x.check("oauth_timestamp is not in the future", -age <= skew, expected=f"at most {skew} s", got=f"{-age} s"):
        raise refusals.launch_not_yet_valid(skew, -age, _why_time(age, timestamp))


def _why_time(age: int, timestamp: int) -> str | None:
    if timestamp > 100_000_000_000:
        return "the timestamp is in milliseconds; OAuth counts seconds"
    if 1800 <= abs(age) <= 14 * 3600 + 60 and min(abs(age) % 900, -abs(age) % 900) <= 60:
        hours = round(abs(age) / 900) / 4
        return f"the timestamp is {hours:g} h off: probably local time was taken for UTC"
    if age < 0:
        return "the signer's clock is ahead"
    return "the form was kept too long, or the signer's clock is behind; this is not a replay"


def _use_nonce(x: Call, registration: Registration, nonce: str, timestamp: int) -> None:
    key = (registration.consumer_key, nonce)
    used = x.store.nonces.get(key)
    if not x.check("oauth_nonce is new", used is None, got=nonce) and used is not None:
        raise refusals.launch_replayed(nonce, isoformat(used.used_at))
    now = x.clock.now()
    life = timedelta(seconds=x.settings.launch_max_age_seconds + x.settings.launch_clock_skew_seconds)
    x.store.nonces.put(
        Nonce(consumer_key=registration.consumer_key, nonce=nonce, used_at=now, keep_until=now + life + _KEEP)
    )
