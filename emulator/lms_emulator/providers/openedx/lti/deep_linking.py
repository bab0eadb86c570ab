"""Deep linking responses: verified, validated and stored.

Source: lti-consumer-xblock 9.14.0 `lti_consumer/plugin/views.py` (deep_linking_response_endpoint),
`lti_1p3/extensions/rest_framework/serializers.py`.
"""

from __future__ import annotations

from typing import Any

from lms_emulator.core.access.slips import how_differs
from lms_emulator.core.access.token_faults import unfit
from lms_emulator.lti.deep_linking import warn_of_misnamed_items
from lms_emulator.lti.platform import KeysUnavailableError, key_set, signed, warn_of_critical
from lms_emulator.providers.openedx import refusals
from lms_emulator.providers.openedx.call import Call
from lms_emulator.providers.openedx.lti import claims, tokens
from lms_emulator.providers.openedx.model.accounts import User
from lms_emulator.providers.openedx.model.lti import LtiContentItem, LtiTool
from lms_emulator.providers.openedx.rules import keys, people, standing
from lms_emulator.signing import lti13
from lms_emulator.signing.token_errors import TokenError

_REQUIRED = {"ltiResourceLink": (), "link": ("url",), "html": ("html",), "image": ("url",)}
_NO_ACCESS = "You don't have access to save LTI Content Items."
_EXPLANATION = "Please check that you have course staff permissions and double check this block's LTI settings."


async def items(call: Call, tool: LtiTool, message: str) -> list[dict[str, Any]]:
    """The content items of a tool's response. Raises the refusal."""
    try:
        published = await key_set(call, tokens.keys_of(tool))
        if call.settings.lti_checks == "strict":
            return lti13.check_deep_linking_response(
                message,
                published,
                client_id=tool.client_id,
                issuer=call.base_url,
                deployment_id=claims.DEPLOYMENT,
                now=call.clock.timestamp(),
                leeway=call.settings.assertion_future_buffer_seconds,
                max_age=call.settings.assertion_max_age_seconds,
            )
        found = tokens.by_any_key(call, message, published)
        warn_of_critical(call, message)
    except KeysUnavailableError as error:
        raise refused("deep_linking_keys_unavailable", str(error)) from error
    except TokenError as error:
        token = await signed(call, error, message)
        why = {"check": error.check, "expected": error.expected, "got": error.got}
        raise refused(f"deep_linking_{error.reason}", None, credential=token, **why) from error
    kind = found.get(f"{lti13.CLAIM}message_type")
    if kind != lti13.DEEP_LINKING_RESPONSE:
        raise refused("deep_linking_message_type", unfit("message_type", kind, lti13.DEEP_LINKING_RESPONSE), got=kind)
    warn_of_misnamed_items(call, found)
    chosen = found.get(f"{lti13.DL_CLAIM}content_items", [])
    return [value for value in chosen if isinstance(value, dict)] if isinstance(chosen, list) else []


def keep(call: Call, tool: LtiTool, chosen: list[dict[str, Any]], user: User | None) -> list[LtiContentItem]:
    """Replace the earlier choice, on behalf of course staff. Raises the refusal."""
    for item in chosen:
        if item.get("type") not in claims.ACCEPTED_TYPES:
            raise refusals.lti_page(
                "deep_linking_type",
                "The selected content type is not supported by Open edX.",
                diagnosis=how_differs(claims.ACCEPTED_TYPES, item.get("type"))
                or unfit("type", item.get("type"), claims.ACCEPTED_TYPES),
                got=item.get("type"),
                expected=list(claims.ACCEPTED_TYPES),
            )
    key = keys.usage_key(tool.block)
    if key is None or not people.is_course_staff(call.store, user, key.course):
        why = "no session came with it: was its cookie lost in a frame of another site?"
        if user is not None:
            why = f"staff of the course choose content; {standing.of(call, user)}"
        raise refused("deep_linking_not_staff", why)
    for item in chosen:
        missing = [name for name in _REQUIRED[str(item["type"])] if not item.get(name)]
        if missing:
            raise refusals.Unhandled(f"a content item of type {item['type']} lacks {', '.join(missing)}")
    for old in call.store.lti_content_items.find("tool", tool.id):
        call.store.lti_content_items.delete(old.id)
    return [
        call.store.lti_content_items.put(
            LtiContentItem(
                id=call.store.next_number("lti_content_items"),
                tool=tool.id,
                type=str(item["type"]),
                attributes={name: value for name, value in item.items() if name != "type"},
            )
        )
        for item in chosen
    ]


def refused(reason: str, diagnosis: str | None, **why: Any) -> refusals.OpenedxRefusal:
    """The component's page for an invalid response."""
    return refusals.lti_page(reason, _NO_ACCESS, _EXPLANATION, diagnosis, status=403, **why)
