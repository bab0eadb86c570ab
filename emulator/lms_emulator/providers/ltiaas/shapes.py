"""LTIAAS's JSON: the id token, rosters, results, platforms, registrations, tokens."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lms_emulator.core.numbers import parse_integer
from lms_emulator.providers.ltiaas.call import Call
from lms_emulator.providers.ltiaas.lti import lms
from lms_emulator.providers.ltiaas.lti.claims import (
    DEEP_LINKING,
    as_object,
    claim,
    deep_linking_settings,
    grades_claim,
    is_deep_linking,
    roster_claim,
)
from lms_emulator.providers.ltiaas.lti.keys import KEYS
from lms_emulator.providers.ltiaas.lti.registration import offered_messages, platform_configuration
from lms_emulator.providers.ltiaas.model import Consumer, Launch, Platform

_PRESENTATION = {
    "document_target": "documentTarget",
    "locale": "locale",
    "return_url": "returnUrl",
}
_SIZE = ("width", "height")
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
_MEMBER = {
    "user_id": "userId",
    "roles": "roles",
    "status": "status",
    "email": "email",
    "name": "name",
    "given_name": "givenName",
    "family_name": "familyName",
    "middle_name": "middleName",
    "picture": "picture",
    "lis_person_sourcedid": "lisPersonSourcedId",
    "lti11_legacy_user_id": "lti11LegacyUserId",
}
_PAGES = ("next", "prev", "first", "last")
_RESULT = ("id", "userId", "scoreOf", "timestamp", "resultScore", "resultMaximum", "comment")


def id_token(
    claims: Mapping[str, Any],
    *,
    platform_id: str,
    platform_name: str,
    client_id: str,
    service_key: str | None,
    sizes: str,
) -> dict[str, Any]:
    """The body of `GET /api/idtoken`.

    It has the members that the API reference of July 2025 lists and both official clients parse. `custom` keeps only
    strings and integers: the Python client refuses others.

    Parameters: `claims`, the validated id_token; `platform_id`, the LTIAAS registration id; `service_key`, given
    if grades or roster are available; `sizes`, the setting `presentation_size`.
    """
    return {
        "ltiVersion": str(claim(claims, "version") or "1.3.0"),
        "user": _user(claims),
        "platform": _platform(claims, platform_id, platform_name, client_id),
        "launch": _launch(claims, sizes),
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
    tool_platform = as_object(claim(claims, "tool_platform"))
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


def _launch(claims: Mapping[str, Any], sizes: str) -> dict[str, Any]:
    launch: dict[str, Any] = {"type": claim(claims, "message_type"), "target": claim(claims, "target_link_uri")}
    context = as_object(claim(claims, "context"))
    if context:
        launch["context"] = {key: context[key] for key in ("id", "label", "title", "type") if context.get(key)}
    link = as_object(claim(claims, "resource_link"))
    if link:
        launch["resourceLink"] = {key: link[key] for key in ("id", "title", "description") if link.get(key)}
    sent = as_object(claim(claims, "launch_presentation"))
    presentation = _given(sent, _PRESENTATION) | _sized(sent, sizes)
    if presentation:
        launch["presentation"] = presentation
    custom = as_object(claim(claims, "custom"))
    launch["custom"] = {
        key: value for key, value in custom.items() if isinstance(value, str | int) and not isinstance(value, bool)
    }
    return launch


def _sized(sent: Mapping[str, Any], sizes: str) -> dict[str, Any]:
    """Width and height of the frame, in the type of the setting; values that are not numbers are omitted."""
    if sizes == "left out":
        return {}
    found = {name: str(sent[name]) for name in _SIZE if str(sent.get(name, "")).isdecimal()}
    return {name: parse_integer(text) if sizes == "numbers" else text for name, text in found.items()}


def _services(claims: Mapping[str, Any], service_key: str | None) -> dict[str, Any]:
    grades, roster = grades_claim(claims), roster_claim(claims)
    assignment: dict[str, Any] = {"available": grades is not None}
    if grades is not None:
        if grades.get("lineitem"):
            assignment["lineItemId"] = grades["lineitem"]
        assignment["scopes"] = _list(grades.get("scope"))
    settings = deep_linking_settings(claims)
    deep_linking = DEEP_LINKING in claims or is_deep_linking(claims)
    services: dict[str, Any] = {
        "outcomes": {"available": False},
        "deepLinking": {"available": deep_linking} | (_given(settings, _DEEP_LINKING_SETTINGS) if deep_linking else {}),
        "namesAndRoles": {"available": roster is not None},
        "assignmentAndGrades": assignment,
    }
    if service_key is not None:
        services["serviceKey"] = service_key
    return services


def raw_id_token(claims: Mapping[str, Any]) -> dict[str, Any]:
    """The body of `GET /api/idtoken?raw=true`: the claims, and `ltiVersion`, which both clients read first."""
    return {"ltiVersion": str(claim(claims, "version") or "1.3.0"), **claims}


LEGACY_VERSION = "1.2.0"
"""The name of LTI 1.1 and 1.2 in LTIAAS's clients: LTIaaS/ltiaas-node-sdk src/resources/idtoken/enums.ts."""
_LEGACY_USER = {
    "lis_person_name_full": "name",
    "lis_person_contact_email_primary": "email",
    "lis_person_name_given": "givenName",
    "lis_person_name_family": "familyName",
}
_LEGACY_PLATFORM = {
    "tool_consumer_instance_guid": "guid",
    "tool_consumer_instance_name": "name",
    "tool_consumer_instance_description": "description",
    "tool_consumer_instance_contact_email": "contactEmail",
    "tool_consumer_info_version": "version",
    "tool_consumer_info_product_family_code": "productFamilyCode",
}
_LEGACY_LIS = ("person_sourcedid", "course_offering_sourcedid", "course_section_sourcedid")
_OUTCOMES = ("lis_outcome_service_url", "lis_result_sourcedid")
_CUSTOM, _SHOWN = "custom_", "launch_presentation_"


def legacy_launch(fields: Mapping[str, str], consumer: Consumer, launch: Launch, sizes: str) -> dict[str, Any]:
    """The body of `GET /api/idtoken` after an LTI 1.1 launch.

    The members are those of the clients' schema. The mapping of launch fields is inferred from the LTI 1.3 migration
    guide, which gives the claim for each; roles are passed on as sent.
    """
    names = {"name": consumer.name} if consumer.name else {}
    lis = _given(fields, {f"lis_{name}": name for name in _LEGACY_LIS})
    mentored = _texts(fields.get("role_scope_mentor"))
    return {
        "ltiVersion": LEGACY_VERSION,
        "user": {
            "id": fields.get("user_id", ""),
            "roles": _texts(fields.get("roles")),
            **_given(fields, _LEGACY_USER),
            **({"roleScopeMentor": mentored} if mentored else {}),
        },
        "platform": {
            "consumerKey": consumer.consumer_key,
            **names,
            **_given(fields, _LEGACY_PLATFORM),
            **({"lis": lis} if lis else {}),
        },
        "launch": _legacy_opened(fields, launch, sizes),
        "services": {
            "outcomes": {"available": all(fields.get(name) for name in _OUTCOMES)},
            "deepLinking": {"available": False},
            "namesAndRoles": {"available": False},
            "assignmentAndGrades": {"available": False},
        },
    }


def _legacy_opened(fields: Mapping[str, str], launch: Launch, sizes: str) -> dict[str, Any]:
    found: dict[str, Any] = {"type": fields["lti_message_type"], "target": launch.target}
    if fields.get("context_id"):
        context = _given(fields, {f"context_{name}": name for name in ("id", "label", "title")})
        kinds = _texts(fields.get("context_type"))
        found["context"] = {**context, **({"type": kinds} if kinds else {})}
    found["resourceLink"] = _given(fields, {f"resource_link_{name}": name for name in ("id", "title", "description")})
    sent = {name.removeprefix(_SHOWN): value for name, value in fields.items() if name.startswith(_SHOWN)}
    shown = _given(sent, _PRESENTATION) | _sized(sent, sizes)
    if shown:
        found["presentation"] = shown
    found["custom"] = {name.removeprefix(_CUSTOM): v for name, v in fields.items() if name.startswith(_CUSTOM)}
    return found


def _texts(value: str | None) -> list[str]:
    """The values of a comma-separated field."""
    return [part for text in (value or "").split(",") if (part := text.strip())]


def raw_legacy_launch(fields: Mapping[str, str]) -> dict[str, Any]:
    """The body of `GET /api/idtoken?raw=true` after an LTI 1.1 launch: the fields as sent, without the signature."""
    return {"ltiVersion": LEGACY_VERSION, **{name: v for name, v in fields.items() if name != "oauth_signature"}}


def _given(source: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    return {to: source[name] for name, to in names.items() if source.get(name) is not None}


def _list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list) else []


def roster(found: lms.Answer, url: str) -> dict[str, Any]:
    """A page of the roster, from the LMS's answer at `url`."""
    body = found.body
    context = body["context"] if isinstance(body.get("context"), dict) else {}
    members = body.get("members")
    page: dict[str, Any] = {
        "id": str(body.get("id") or url),
        "context": {name: context[name] for name in ("id", "label", "title") if context.get(name) is not None},
        "members": [_member(member) for member in members if isinstance(member, dict)]
        if isinstance(members, list)
        else [],
    }
    if "next" in found.pages:
        page["next"] = found.pages["next"]
    return page


def _member(member: dict[str, Any]) -> dict[str, Any]:
    return {"status": "Active", **_given(member, _MEMBER)}


def page(found: lms.Answer, key: str, items: list[Any]) -> dict[str, Any]:
    """A page of a list under `key`, with the URLs of the other pages."""
    return {key: items, **{name: found.pages[name] for name in _PAGES if name in found.pages}}


def result(found: Mapping[str, Any]) -> dict[str, Any]:
    """A result of a line item."""
    return {key: found[key] for key in _RESULT if found.get(key) is not None}


def platform(call: Call, record: Platform) -> dict[str, Any]:
    """A platform's JSON. The portal's OAuth2 client is not part of it."""
    body: dict[str, Any] = {
        "id": record.id,
        "url": call.resolve(record.url),
        "clientId": record.client_id,
        "name": record.name,
        "authenticationEndpoint": call.resolve(record.authentication_endpoint),
        "accesstokenEndpoint": call.resolve(record.accesstoken_endpoint),
        "authConfig": {"method": record.auth_method, "key": call.resolve(record.auth_key)},
    }
    if record.authorization_server:
        body["authorizationServer"] = call.resolve(record.authorization_server)
    return {**body, "publicKey": lms.public_pem(KEYS.signing(call).name), "active": record.active}


def registration(configuration: Mapping[str, Any]) -> dict[str, Any]:
    """The body of `GET /api/registrations/:id`."""
    platform = platform_configuration(configuration)
    supported = configuration.get("scopes_supported")
    return {
        "url": configuration.get("issuer"),
        "familyCode": platform.get("product_family_code", ""),
        "version": platform.get("version", ""),
        "supportedScopes": list(supported) if isinstance(supported, list) else [],
        "supportedMessages": offered_messages(configuration),
    }


def tokens(given: dict[str, Any], refresh_token: Any) -> dict[str, Any]:
    """A user's tokens from the LMS's response, with a refresh token if it is a string."""
    kind = str(given.get("token_type") or "Bearer")
    seconds = given.get("expires_in")
    body: dict[str, Any] = {
        "tokenType": "Bearer" if kind.lower() == "bearer" else kind,
        "accessToken": given["access_token"],
        "expiresIn": int(seconds) if isinstance(seconds, int | float) else 3600,
    }
    if isinstance(refresh_token, str):
        body["refreshToken"] = refresh_token
    return body
