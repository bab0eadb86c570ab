"""Reading the claims of an LTI 1.3 id_token. Pure functions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

LTI = "https://purl.imsglobal.org/spec/lti/claim/"
AGS = "https://purl.imsglobal.org/spec/lti-ags/claim/endpoint"
NRPS = "https://purl.imsglobal.org/spec/lti-nrps/claim/namesroleservice"
DEEP_LINKING = "https://purl.imsglobal.org/spec/lti-dl/claim/deep_linking_settings"
DEEP_LINKING_REQUEST = "LtiDeepLinkingRequest"
RESOURCE_LINK_REQUEST = "LtiResourceLinkRequest"


def claim(claims: Mapping[str, Any], name: str) -> Any:
    """The LTI claim with this short name, e.g. `context`; None when absent."""
    return claims.get(LTI + name)


def object_claim(claims: Mapping[str, Any], name: str) -> dict[str, Any]:
    """The LTI claim with this short name, if it is an object; else an empty one."""
    return as_object(claim(claims, name))


def deep_linking_settings(claims: Mapping[str, Any]) -> dict[str, Any]:
    """The deep-linking settings of the launch; empty if there are none."""
    return as_object(claims.get(DEEP_LINKING))


def as_object(value: Any) -> dict[str, Any]:
    """The value, if it is an object; else an empty one."""
    return dict(value) if isinstance(value, Mapping) else {}


def grades_claim(claims: Mapping[str, Any]) -> dict[str, Any] | None:
    """The AGS endpoint claim, if it has the URL of line items."""
    found = as_object(claims.get(AGS))
    return found if found.get("lineitems") or found.get("lineitem") else None


def roster_claim(claims: Mapping[str, Any]) -> dict[str, Any] | None:
    """The NRPS claim, if it has the URL of memberships."""
    found = as_object(claims.get(NRPS))
    return found if found.get("context_memberships_url") else None


def is_deep_linking(claims: Mapping[str, Any]) -> bool:
    """Whether this was a deep-linking launch."""
    return bool(claim(claims, "message_type") == DEEP_LINKING_REQUEST)
