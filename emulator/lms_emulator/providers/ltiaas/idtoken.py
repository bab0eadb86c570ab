"""Make LTIAAS's own, friendlier id token out of the claims of an LTI 1.3 id_token. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

LTI = "https://purl.imsglobal.org/spec/lti/claim/"
AGS = "https://purl.imsglobal.org/spec/lti-ags/claim/endpoint"
NRPS = "https://purl.imsglobal.org/spec/lti-nrps/claim/namesroleservice"
DEEP_LINKING = "https://purl.imsglobal.org/spec/lti-dl/claim/deep_linking_settings"
DEEP_LINKING_REQUEST = "LtiDeepLinkingRequest"
RESOURCE_LINK_REQUEST = "LtiResourceLinkRequest"

_PRESENTATION = {
    "document_target": "documentTarget",
    "locale": "locale",
    "return_url": "returnUrl",
}
_DEEP_LINKING_SETTINGS = {
    "accept_types": "acceptTypes",
    "accept_media_types": "acceptMediaTypes",
    "accept_presentation_document_targets": "acceptPresentationDocumentTargets",
    "accept_multiple": "acceptMultiple",
    "auto_create": "autoCreate",
    "title": "title",
    "text": "text",
    "data": "data",
    "deep_link_return_url": "deepLinkReturnUrl",
}
_TOOL_PLATFORM = {
    "guid": "guid",
    "product_family_code": "productFamilyCode",
    "version": "version",
    "description": "description",
    "contact_email": "contactEmail",
}


def claim(claims: Mapping[str, Any], name: str) -> Any:
    """The LTI claim with this short name, e.g. `context`; None when absent."""
    return claims.get(LTI + name)


def _given(source: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    return {to: source[name] for name, to in names.items() if source.get(name) is not None}


def object_claim(claims: Mapping[str, Any], name: str) -> dict[str, Any]:
    """The LTI claim with this short name where it is an object, as it should be; else an empty one."""
    return _object(claim(claims, name))


def deep_linking_settings(claims: Mapping[str, Any]) -> dict[str, Any]:
    """The deep-linking settings of the launch; empty where there are none."""
    return _object(claims.get(DEEP_LINKING))


def _object(value: Any) -> dict[str, Any]:
    return dict(value) if isinstance(value, Mapping) else {}


def _list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list) else []


def formatted(
    claims: Mapping[str, Any], *, platform_id: str, platform_name: str, client_id: str, service_key: str | None
) -> dict[str, Any]:
    """The body of `GET /api/idtoken`.

    Parameters: `claims`, the validated id_token; `platform_id`, the LTIAAS registration id; `service_key`, given
    when grades or roster are available. Presentation width and height are left out: the reference has them as
    integers, the Node client wants text. `custom` keeps only text and integers: the Python client refuses others.
    Source: API reference of July 2025, and what both official clients parse.
    """
    return {
        "ltiVersion": str(claim(claims, "version") or "1.3.0"),
        "user": _user(claims),
        "platform": _platform(claims, platform_id, platform_name, client_id),
        "launch": _launch(claims),
        "services": _services(claims, service_key),
    }


def _user(claims: Mapping[str, Any]) -> dict[str, Any]:
    user: dict[str, Any] = {"id": str(claims.get("sub", "")), "roles": _list(claim(claims, "roles"))}
    names = {"email": "email", "name": "name", "given_name": "givenName", "family_name": "familyName"}
    user.update(_given(claims, names))
    if claim(claims, "role_scope_mentor"):
        user["roleScopeMentor"] = claim(claims, "role_scope_mentor")
    return user


def _platform(claims: Mapping[str, Any], platform_id: str, name: str, client_id: str) -> dict[str, Any]:
    tool_platform = _object(claim(claims, "tool_platform"))
    platform: dict[str, Any] = {
        "id": platform_id,
        "url": claims.get("iss"),
        "clientId": client_id,
        "deploymentId": claim(claims, "deployment_id"),
        "name": tool_platform.get("name") or name,
    }
    platform.update(_given(tool_platform, _TOOL_PLATFORM))
    if claim(claims, "lis"):
        platform["lis"] = claim(claims, "lis")
    return platform


def _launch(claims: Mapping[str, Any]) -> dict[str, Any]:
    launch: dict[str, Any] = {"type": claim(claims, "message_type"), "target": claim(claims, "target_link_uri")}
    context = _object(claim(claims, "context"))
    if context:
        launch["context"] = {key: context[key] for key in ("id", "label", "title", "type") if context.get(key)}
    link = _object(claim(claims, "resource_link"))
    if link:
        launch["resourceLink"] = {key: link[key] for key in ("id", "title", "description") if link.get(key)}
    presentation = _given(_object(claim(claims, "launch_presentation")), _PRESENTATION)
    if presentation:
        launch["presentation"] = presentation
    custom = _object(claim(claims, "custom"))
    launch["custom"] = {
        key: value for key, value in custom.items() if isinstance(value, str | int) and not isinstance(value, bool)
    }
    return launch


def grades_claim(claims: Mapping[str, Any]) -> dict[str, Any] | None:
    """The AGS endpoint claim, when it says where line items are."""
    found = _object(claims.get(AGS))
    return found if found.get("lineitems") or found.get("lineitem") else None


def roster_claim(claims: Mapping[str, Any]) -> dict[str, Any] | None:
    """The NRPS claim, when it says where memberships are."""
    found = _object(claims.get(NRPS))
    return found if found.get("context_memberships_url") else None


def _services(claims: Mapping[str, Any], service_key: str | None) -> dict[str, Any]:
    grades, roster = grades_claim(claims), roster_claim(claims)
    assignment: dict[str, Any] = {"available": grades is not None}
    if grades is not None:
        if grades.get("lineitem"):
            assignment["lineItemId"] = grades["lineitem"]
        assignment["scopes"] = _list(grades.get("scope"))
    settings = deep_linking_settings(claims)
    deep_linking = is_deep_linking(claims)
    services: dict[str, Any] = {
        "outcomes": {"available": False},
        "deepLinking": {"available": deep_linking} | (_given(settings, _DEEP_LINKING_SETTINGS) if deep_linking else {}),
        "namesAndRoles": {"available": roster is not None},
        "assignmentAndGrades": assignment,
    }
    if service_key is not None:
        services["serviceKey"] = service_key
    return services


def is_deep_linking(claims: Mapping[str, Any]) -> bool:
    """Was this a deep-linking launch?"""
    return bool(claim(claims, "message_type") == DEEP_LINKING_REQUEST)


def raw(claims: Mapping[str, Any]) -> dict[str, Any]:
    """The body of `GET /api/idtoken?raw=true`: the claims, and `ltiVersion`, which both clients read first."""
    return {"ltiVersion": str(claim(claims, "version") or "1.3.0"), **claims}
