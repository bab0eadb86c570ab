"""LTI dynamic registration: what the tool asks of the LMS, and what it keeps of the answer. Pure.

Source: LTI Dynamic Registration 1.0; field names as ltijs sends them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

PLATFORM = "https://purl.imsglobal.org/spec/lti-platform-configuration"
TOOL = "https://purl.imsglobal.org/spec/lti-tool-configuration"
SCOPES = (
    "https://purl.imsglobal.org/spec/lti-ags/scope/lineitem",
    "https://purl.imsglobal.org/spec/lti-ags/scope/lineitem.readonly",
    "https://purl.imsglobal.org/spec/lti-ags/scope/result.readonly",
    "https://purl.imsglobal.org/spec/lti-ags/scope/score",
    "https://purl.imsglobal.org/spec/lti-nrps/scope/contextmembership.readonly",
)
_CLAIMS = ("iss", "sub", "name", "given_name", "family_name", "email")


def _platform(configuration: Mapping[str, Any]) -> dict[str, Any]:
    found = configuration.get(PLATFORM)
    return dict(found) if isinstance(found, Mapping) else {}


def summary(configuration: Mapping[str, Any]) -> dict[str, Any]:
    """The body of `GET /api/registrations/:id`."""
    platform = _platform(configuration)
    messages = platform.get("messages_supported")
    supported = configuration.get("scopes_supported")
    return {
        "url": configuration.get("issuer"),
        "familyCode": platform.get("product_family_code", ""),
        "version": platform.get("version", ""),
        "supportedScopes": list(supported) if isinstance(supported, list) else [],
        "supportedMessages": [
            {"type": message.get("type")} | ({"placements": message["placements"]} if "placements" in message else {})
            for message in (messages if isinstance(messages, list) else [])
            if isinstance(message, Mapping)
        ],
    }


def registration_request(
    configuration: Mapping[str, Any],
    *,
    base_url: str,
    tool_name: str,
    privacy_level: str | None,
    messages: Any,
) -> dict[str, Any]:
    """The client registration that goes to the LMS.

    Parameters: `base_url`, the tenant's address; `privacy_level`, `anonymous` asks for no names or addresses;
    `messages`, placements that the approval chose, or None for all that the LMS offers.
    """
    offered = configuration.get("scopes_supported")
    scopes = [scope for scope in SCOPES if not isinstance(offered, list) or scope in offered]
    chosen = messages if isinstance(messages, list) else summary(configuration)["supportedMessages"]
    claims = _CLAIMS[:2] if privacy_level == "anonymous" else _CLAIMS
    launch = f"{base_url}/lti/launch"
    tool: dict[str, Any] = {
        "domain": urlsplit(base_url).netloc,
        "target_link_uri": launch,
        "claims": list(claims),
        "messages": [{**message, "target_link_uri": launch} for message in chosen if isinstance(message, Mapping)],
    }
    if privacy_level:
        tool["https://canvas.instructure.com/lti/privacy_level"] = privacy_level
    return {
        "application_type": "web",
        "response_types": ["id_token"],
        "grant_types": ["implicit", "client_credentials"],
        "initiate_login_uri": f"{base_url}/lti/login",
        "redirect_uris": [launch],
        "client_name": tool_name,
        "jwks_uri": f"{base_url}/lti/keys",
        "token_endpoint_auth_method": "private_key_jwt",
        "scope": " ".join(scopes),
        TOOL: tool,
    }


def platform_fields(configuration: Mapping[str, Any], client_id: str, *, name: Any) -> dict[str, Any]:
    """The fields of the platform record that comes out of a registration."""
    platform = _platform(configuration)
    family = str(platform.get("product_family_code", ""))
    return {
        "url": str(configuration["issuer"]),
        "client_id": client_id,
        "name": name if isinstance(name, str) and name else family or str(configuration["issuer"]),
        "authentication_endpoint": str(configuration["authorization_endpoint"]),
        "accesstoken_endpoint": str(configuration["token_endpoint"]),
        "authorization_server": configuration.get("authorization_server"),
        "auth_method": "JWK_SET",
        "auth_key": str(configuration["jwks_uri"]),
        "product_family_code": family,
    }
