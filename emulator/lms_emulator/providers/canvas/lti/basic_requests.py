"""Requests signed by LTI 1.1 tools with their secret (OAuth 1.0).

Source: fixtures/recordings/canvas/lti-11.jsonl 126, 128, 133, 144; canvas-lms app/controllers/lti_api_controller.rb.
"""

from __future__ import annotations

from functools import partial
from typing import Any
from urllib.parse import parse_qsl

from lms_emulator.core.access.single_use import use_once
from lms_emulator.core.http.refusals import SiteRefusal
from lms_emulator.core.skew import length, why_off
from lms_emulator.lti import outcomes, signed_services
from lms_emulator.providers.canvas.call import Call
from lms_emulator.providers.canvas.model import Tool
from lms_emulator.signing import lti11, oauth1

LIFETIME_SECONDS = 90 * 60
INVALID = "Invalid authorization header"


def require_signed(call: Call, tool: Tool) -> None:
    """Require a valid signature by the tool, a recent timestamp and an unused nonce. Raises the refusal."""
    fields, wrong = _judged(call, tool)
    if not call.check("the tool's own signature", wrong is None) and wrong is not None:
        raise wrong
    at = fields.get("oauth_timestamp", "")
    age = call.clock.timestamp() - float(at if at.isdecimal() else 0)
    if not call.check("oauth_timestamp within 90 minutes", abs(age) <= LIFETIME_SECONDS, got=at):
        text = "Timestamp too old or too far in the future, request has expired"
        why = why_off(call.clock, int(at)) if at.isdecimal() else f"{at!r} is not a number of seconds since 1970"
        why = why or f"it is {length(-age)} of now: the request is old, or the tool's clock is wrong"
        raise refused("oauth_timestamp_too_far", text, expected=int(call.clock.timestamp()), got=at, diagnosis=why)
    nonce = fields.get("oauth_nonce", "")
    fresh = use_once(call, "lti11 nonce", tool.id, nonce, LIFETIME_SECONDS - age)
    if not call.check("oauth_nonce was not used before", fresh, got=nonce):
        why = "each request needs a new nonce, one that is repeated too" if nonce else "no oauth_nonce was sent"
        raise refused("oauth_nonce_used", "Duplicate nonce detected", got=nonce, diagnosis=why)
    body_hash = fields.get("oauth_body_hash")
    right = oauth1.body_hash(call.body)
    if body_hash != right and not (call.is_form and body_hash is None):
        why = signed_services.why_body_hash(call, body_hash)
        _unchecked(call, "body_hash_wrong", "oauth_body_hash is that of the body", right, body_hash, why)


def signed_by(call: Call, tool: Tool) -> bool:
    """Whether the tool signed the request, regardless of its timestamp."""
    return _judged(call, tool)[1] is None


def _judged(call: Call, tool: Tool) -> tuple[dict[str, str], SiteRefusal | None]:
    """The fields of a signed request, and the fault in its signature, if any."""
    form = call.body.decode("utf-8", "replace") if call.content_type == "application/x-www-form-urlencoded" else ""
    pairs = [*outcomes.header_fields(call), *parse_qsl(form, keep_blank_values=True)]
    call.reads.add(*lti11.OAUTH_FIELDS, "oauth_body_hash", "lti_version")
    fields = dict([*oauth1.query_parameters(call.request_url), *pairs])
    return fields, _fault(call, tool, fields, pairs)


def _fault(call: Call, tool: Tool, fields: dict[str, str], pairs: list[tuple[str, str]]) -> SiteRefusal | None:
    """The refusal for a signature that the tool did not make."""
    if tool.developer_key_id is not None:
        return refused(
            "tool_without_secret", INVALID, diagnosis="an LTI 1.3 tool, which has to use the LTI 1.3 services"
        )
    url = call.request_url.partition("?")[0]
    all_pairs = [*oauth1.query_parameters(call.request_url), *pairs]
    why = partial(signed_services.why_unsigned, call, all_pairs, url=url, secret=tool.shared_secret)
    if fields.get("oauth_signature_method") != lti11.SIGNATURE_METHOD:
        got = fields.get("oauth_signature_method")
        return refused("oauth_method_unknown", INVALID, expected=lti11.SIGNATURE_METHOD, got=got, diagnosis=why())
    consumer_key = fields.get("oauth_consumer_key")
    if consumer_key != tool.consumer_key:
        _unchecked(call, "consumer_key_ignored", "oauth_consumer_key is the tool's", tool.consumer_key, consumer_key)
    text_signed = oauth1.signature_base_string(call.method, call.request_url, pairs)
    expected = oauth1.hmac_sha1(text_signed, oauth1.signing_key(tool.shared_secret))
    if oauth1.equal(expected, fields.get(oauth1.SIGNATURE_FIELD, "")):
        return None
    got = fields.get("oauth_signature")
    return refused("oauth_signature_wrong", INVALID, expected=f"a signature of {text_signed}", got=got, diagnosis=why())


def _unchecked(call: Call, code: str, check: str, expected: str, got: str | None, why: str | None = None) -> None:
    """Warn about something that Canvas does not check, or refuse it if the setting says so."""
    if call.settings.unchecked_by_canvas == "refuse":
        raise refused(code, INVALID, expected=expected, got=got, diagnosis=why)
    reason = f"; {why}" if why else ""
    call.warn(code, f"{check}: Canvas does not check it ({got!r}, not {expected!r}){reason}")


def refused(reason: str, text: str, status: int = 401, **details: Any) -> SiteRefusal:
    """The refusal of a tool's request, whose body is one sentence."""
    body = {"errors": [{"message": text}]}
    return SiteRefusal(reason, status=status, message=text, body=body, check=reason.replace("_", " "), **details)
