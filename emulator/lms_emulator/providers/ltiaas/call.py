"""A request to LTIAAS, and helpers that read and check it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from lms_emulator.core.http.exchange import BodyError, Exchange
from lms_emulator.core.http.reads import Members
from lms_emulator.core.numbers import parse_integer
from lms_emulator.providers.ltiaas import refusals
from lms_emulator.providers.ltiaas.model import LtiaasStore, Platform, Tenant
from lms_emulator.providers.ltiaas.settings import LtiaasSettings

Call = Exchange[LtiaasStore, LtiaasSettings]


def object_body(call: Call, needed: str = "") -> dict[str, Any]:
    """The body, a JSON object. Raises `validation`.

    Parameters: `needed`, the member to report as missing if the body is not a JSON object.
    """
    status = call.settings.validation_status
    try:
        body = call.json()
    except BodyError as error:
        faults = [{needed: ["Required"]}] if needed else [{"body": ["Expected JSON"]}]
        refusal = refusals.validation(status, faults, got=str(error))
        refusal.diagnosis = "a form was sent; the API takes JSON" if call.is_form else None
        if not call.body and needed:
            refusal.absent = needed
        elif not call.body:
            refusal.diagnosis = "the body is empty; the members go into it, as JSON"
        raise refusal from None
    if not isinstance(body, dict):
        faults = [{needed: ["Required"]}] if needed else [{"body": ["Expected object"]}]
        raise refusals.validation(status, faults, got=type(body).__name__)
    return body


def text_field(call: Call, body: Mapping[str, Any], name: str) -> str:
    """A required text member. Raises `validation`."""
    value = body.get(name)
    if value is None or value == "":
        refusal = refusals.validation(
            call.settings.validation_status, [{name: ["Required"]}], got=sorted(map(str, body))
        )
        refusal.absent = name
        raise refusal
    if not isinstance(value, str):
        raise refusals.validation(
            call.settings.validation_status, [{name: ["Expected string"]}], got=type(value).__name__
        )
    return value


def require_service(call: Call, included: bool, service: str, tenant: Tenant) -> None:
    """Raise `inactive_service` unless the plan includes the service."""
    if not included:
        raise refusals.inactive_service(call.settings.inactive_service_status, service, tenant.subdomain)


def require_active(platform: Platform) -> Platform:
    """The platform, if it is active. Raises `inactive_platform`."""
    if not platform.active:
        raise refusals.inactive_platform(
            {"platformId": platform.id},
            reason="platform_inactive",
            diagnosis=f"platform {platform.id} was deactivated; activate it in the portal or by API",
        )
    return platform


def limit_of(call: Call) -> str | None:
    """The `limit` query parameter, a whole number from 1. Raises `validation`."""
    value = call.query.get("limit")
    if value is None or value == "":
        return None
    if not (value.isascii() and (parse_integer(value) or 0) >= 1):
        raise refusals.validation(call.settings.validation_status, [{"limit": ["Expected number >= 1"]}], got=value)
    return value


def query_decoded(call: Call, name: str) -> str | None:
    """A query parameter, decoded again if it was encoded twice, as the Python client does with `url` and `role`."""
    value = call.query.get(name)
    if not value:
        return None
    if "://" not in value and "%3a" in value.lower():
        call.notes[f"doubly_encoded_{name}"] = True
        return unquote(value)
    return value


def without_nulls(value: Any) -> Any:
    """`value` without null members: the Python client sends them for fields that were not given."""
    if isinstance(value, Members):  # in place, so that it keeps tracking which members are read
        for key, member in list(dict.items(value)):
            if member is None:
                dict.pop(value, key)
            else:
                dict.__setitem__(value, key, without_nulls(member))
        return value
    if isinstance(value, Mapping):
        return {key: without_nulls(member) for key, member in value.items() if member is not None}
    if isinstance(value, list):
        return [without_nulls(member) for member in value]
    return value
