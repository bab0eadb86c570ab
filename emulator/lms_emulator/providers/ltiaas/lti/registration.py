"""LTI dynamic registration: the tool's request, and the platform record from the response. Pure functions.

https://www.imsglobal.org/spec/lti-dr/v1p0, with the field names that ltijs sends.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lms_emulator.core.http.urls import parts_of
from lms_emulator.providers.ltiaas.lti.claims import as_object

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


def platform_configuration(configuration: Mapping[str, Any]) -> dict[str, Any]:
    """The LTI part of the LMS's configuration."""
    return as_object(configuration.get(PLATFORM))


def offered_messages(configuration: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Types and placements of the messages that the LMS offers."""
    messages = platform_configuration(configuration).get("messages_supported")
    return [
        {"type": message.get("type")} | ({"placements": message["placements"]} if "placements" in message else {})
        for message in (messages if isinstance(messages, list) else [])
        if isinstance(message, Mapping)
    ]


OF_PLATFORMS = ("issuer", "authorization_endpoint", "token_endpoint", "jwks_uri", "registration_endpoint")


def is_configuration(found: Mapping[str, Any]) -> bool:
    """Whether the configuration has everything that a registration needs."""
    return all(found.get(name) for name in OF_PLATFORMS)


def registration_request(
    configuration: Mapping[str, Any],
    *,
    base_url: str,
    tool_name: str,
    privacy_level: str | None,
    messages: Any,
) -> dict[str, Any]:
    """The client registration to send to the LMS.

    Parameters: `base_url`, the tenant's address; `privacy_level`, `anonymous` asks for no names or addresses;
    `messages`, those chosen at approval, or None for all that the LMS offers.
    """
    offered = configuration.get("scopes_supported")
    scopes = [scope for scope in SCOPES if not isinstance(offered, list) or scope in offered]
    chosen = messages if isinstance(messages, list) else offered_messages(configuration)
    claims = _CLAIMS[:2] if privacy_level == "anonymous" else _CLAIMS
    launch = f"{base_url}/lti/launch"
    tool: dict[str, Any] = {
        "domain": parts_of(base_url).netloc,
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
    """The fields of the platform record from a registration."""
    platform = platform_configuration(configuration)
    family = str(platform.get("product_family_code", ""))
    return {
        "url": str(configuration["issuer"]),
        "client_id": client_id,
        "name": name if isinstance(name, str) and name else family or str(configuration["issuer"]),
        "authentication_endpoint": str(configuration["authorization_endpoint"]),
        "accesstoken_endpoint": str(configuration["token_endpoint"]),
        "authorization_server": _audience(configuration.get("authorization_server")),
        "auth_method": "JWK_SET",
        "auth_key": str(configuration["jwks_uri"]),
        "product_family_code": family,
    }


def _audience(server: Any) -> str | None:
    """The audience of assertions; None for the token endpoint. Canvas announces a bare host, which it does not accept.

    Chosen: ltijs would use even that.
    """
    return server if isinstance(server, str) and "://" in server else None
