"""What the route families share."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from starlette.responses import Response

from lms_emulator.core.http.exchange import BodyError
from lms_emulator.providers.ltiaas import wire
from lms_emulator.providers.ltiaas.credentials import Call
from lms_emulator.providers.ltiaas.model import Platform, Tenant

_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


def answer(body: Any, status: int = 200) -> Response:
    """A JSON answer, as Express writes it: UTF-8, with only half surrogate pairs escaped."""
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    if not text.isascii() and _LONE_SURROGATE.search(text):
        text = _LONE_SURROGATE.sub(lambda match: f"\\u{ord(match[0]):04x}", text)
    return Response(text, status, media_type="application/json; charset=utf-8")


def no_content() -> Response:
    """204 without a body."""
    return Response(status_code=204)


def redirect(location: str) -> Response:
    """302."""
    return Response(status_code=302, headers={"Location": location})


def object_body(x: Call, needed: str = "") -> dict[str, Any]:
    """The JSON object of the body.

    Parameters: `needed`, the member that an answer to a body which is no JSON object finds missing.
    Raises `validation`.
    """
    status = x.settings.validation_status
    try:
        body = x.json()
    except BodyError as error:
        faults = [{needed: ["Required"]}] if needed else [{"body": ["Expected JSON"]}]
        refusal = wire.validation(status, faults, got=str(error))
        refusal.diagnosis = "sent a form; the API takes JSON" if x.is_form else None
        raise refusal from None
    if not isinstance(body, dict):
        faults = [{needed: ["Required"]}] if needed else [{"body": ["Expected object"]}]
        raise wire.validation(status, faults, got=type(body).__name__)
    return body


def text_field(x: Call, body: Mapping[str, Any], name: str) -> str:
    """A required text member. Raises `validation`."""
    value = body.get(name)
    if value is None or value == "":
        raise wire.validation(x.settings.validation_status, [{name: ["Required"]}], got=sorted(map(str, body)))
    if not isinstance(value, str):
        raise wire.validation(x.settings.validation_status, [{name: ["Expected string"]}], got=type(value).__name__)
    return value


def require_service(x: Call, included: bool, service: str, tenant: Tenant) -> None:
    """Raise `inactive_service` unless the plan includes the service."""
    if not included:
        raise wire.inactive_service(x.settings.inactive_service_status, service, tenant.subdomain)


def require_active(platform: Platform) -> Platform:
    """The platform, when it is active. Raises `inactive_platform`."""
    if not platform.active:
        raise wire.inactive_platform(
            {"platformId": platform.id},
            reason="platform_inactive",
            diagnosis=f"platform {platform.id} was deactivated; activate it in the portal or by API",
        )
    return platform


def limit_of(x: Call) -> str | None:
    """The `limit` query parameter, a whole number from 1. Raises `validation`."""
    value = x.query.get("limit")
    if value is None or value == "":
        return None
    if not (value.isascii() and value.isdigit() and int(value) >= 1):
        raise wire.validation(x.settings.validation_status, [{"limit": ["Expected number >= 1"]}], got=value)
    return value


def once_more_decoded(x: Call, name: str) -> str | None:
    """A query parameter that a client may have encoded twice: the Python client does so with `url` and `role`."""
    value = x.query.get(name)
    if not value:
        return None
    if "://" not in value and "%3a" in value.lower():
        x.notes[f"doubly_encoded_{name}"] = True
        return unquote(value)
    return value
