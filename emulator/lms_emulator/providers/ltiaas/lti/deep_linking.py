"""The deep linking response: converts the API's content items to those of the LTI message. Pure functions."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

from lms_emulator.providers.ltiaas.lti.claims import LTI, deep_linking_settings

DL = "https://purl.imsglobal.org/spec/lti-dl/claim/"
TYPES = {
    "ltiResourceLink": "ltiResourceLink",
    "link": "link",
    "file": "file",
    "html": "html",
    "htmlFragment": "html",
    "image": "image",
}
_NEEDS = {"link": "url", "file": "url", "image": "url", "html": "html"}
LIFETIME_SECONDS = 600


def faults(body: Any) -> list[dict[str, list[str]]]:
    """The faults in the body of a deep linking call: one object per fault, field to sentences."""
    if not isinstance(body, Mapping):
        return [{"contentItems": ["Required"]}]
    items = body.get("contentItems")
    if not isinstance(items, list):
        return [{"contentItems": ["Required" if items is None else "Expected array"]}]
    found: list[dict[str, list[str]]] = []
    for number, item in enumerate(items):
        place = f"contentItems.{number}"
        if not isinstance(item, Mapping):
            found.append({place: ["Expected object"]})
            continue
        kind = item.get("type")
        if not isinstance(kind, str) or kind not in TYPES:
            found.append({f"{place}.type": ["Required" if kind is None else f"One of {', '.join(TYPES)}"]})
            continue
        needed = _NEEDS.get(TYPES[kind])
        if needed and not item.get(needed):
            found.append({f"{place}.{needed}": ["Required"]})
    options = body.get("options")
    if options is not None and not isinstance(options, Mapping):
        found.append({"options": ["Expected object"]})
    elif options:
        good, bad = (options.get("message"), options.get("log")), (options.get("errMessage"), options.get("errLog"))
        if any(good) and any(bad):
            found.append({"options": ["Success and error messages exclude each other"]})
    return found


def foreign_urls(items: list[Any], launch_urls: list[str]) -> list[str]:
    """The URLs of ltiResourceLink items that do not lead to this tenant's /lti/launch."""
    urls = [item["url"] for item in items if item.get("type") == "ltiResourceLink" and isinstance(item.get("url"), str)]
    return [url for url in urls if not any(url.split("?")[0].split("#")[0] == own for own in launch_urls)]


def message_claims(
    claims: Mapping[str, Any],
    items: list[Any],
    options: Mapping[str, Any],
    *,
    client_id: str,
    nonce: str,
    issued_at: int,
) -> dict[str, Any]:
    """The claims of an LtiDeepLinkingResponse.

    Parameters: `claims`, the launch's id_token; `items`, content items without nulls, further keys kept;
    `issued_at`, epoch seconds. `data` of the request's settings goes back unchanged.
    Source: LTI Deep Linking 2.0.
    """
    message: dict[str, Any] = {
        "iss": client_id,
        "aud": claims.get("iss"),
        "iat": issued_at,
        "exp": issued_at + LIFETIME_SECONDS,
        "nonce": nonce,
        LTI + "message_type": "LtiDeepLinkingResponse",
        LTI + "version": "1.3.0",
        LTI + "deployment_id": claims.get(LTI + "deployment_id"),
        DL + "content_items": [{**item, "type": TYPES[item["type"]]} for item in items],
    }
    data = deep_linking_settings(claims).get("data")
    if data is not None:
        message[DL + "data"] = data
    for option, name in (("message", "msg"), ("log", "log"), ("errMessage", "errormsg"), ("errLog", "errorlog")):
        if options.get(option):
            message[DL + name] = options[option]
    return message


def form(message: str, target: str, *, form_id: str) -> str:
    """A self-submitting form that posts the message to the LMS. Parameters: `target`, the LMS's return URL."""
    return (
        f'<form id="{form_id}" style="display: none;" action="{escape(target)}" method="POST">'
        f'<input type="hidden" name="JWT" value="{escape(message)}" /></form>'
        f'<script>document.getElementById("{form_id}").submit()</script>'
    )
