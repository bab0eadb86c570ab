"""What a tool's registration request has to be, and what Canvas keeps of it.

Source: canvas-lms lib/schemas/lti/ims/oidc_registration.rb, lti_tool_configuration.rb (2026).
"""

from __future__ import annotations

from typing import Any

from lms_emulator.lti.registrations import TOOL
from lms_emulator.providers.canvas.rules import schemas, tool_forms
from lms_emulator.providers.canvas.rules.tools import FURTHER, PLACEMENTS
from lms_emulator.signing import lti13

PREFIX = "https://canvas.instructure.com/lti/"
PLACELESS = (lti13.EULA_REQUEST,)
"""Messages that have no placement."""
STANDARD = {"ContentArea": "link_selection", "RichTextEditor": "editor_button"}
"""The specification's names of placements for which Canvas has its own names."""
SPOTS = (*PLACEMENTS, *FURTHER)
"""The placements that a tool may register for."""
OF_PROCESSORS = ("ActivityAssetProcessor", "ActivityAssetProcessorContribution")
"""The placements whose names are the specification's, not URLs of Canvas."""

_TEXT, _TEXTS = {"type": "string"}, {"type": "array", "items": {"type": "string"}}
_MAYBE, _FLAG = {"type": ["string", "null"]}, {"type": ["boolean", "null"]}
_URL, _MAYBE_URL = {**_TEXT, "format": "uri"}, {**_MAYBE, "format": "uri"}
_SIZE, _OWN_SIZE = {"type": ["integer", "null"]}, {"type": ["integer", "string", "null"]}
_FIELDS = {"type": "object", "additionalProperties": _TEXT}
_DISPLAYED = ("default", "full_width", "full_width_in_context", "in_nav_context", "borderless", "new_window")
_URLS_OF_SPOTS = (name if name in OF_PROCESSORS else f"{PREFIX}{name}" for name in SPOTS)
_MESSAGE: schemas.Schema = {
    "type": "object",
    "required": ["type"],
    "additionalProperties": True,
    "properties": {
        "type": {**_TEXT, "enum": [lti13.RESOURCE_LINK_REQUEST, lti13.DEEP_LINKING_REQUEST, *PLACELESS]},
        "target_link_uri": _MAYBE_URL,
        "label": _MAYBE,
        "icon_uri": _MAYBE_URL,
        "custom_parameters": _FIELDS,
        "roles": _TEXTS,
        "placements": {"type": "array", "items": {**_TEXT, "enum": [*SPOTS, *_URLS_OF_SPOTS, *STANDARD]}},
        "preferred_presentation": {**_MAYBE, "enum": [None, "iframe", "window"]},
        "window": {
            "type": ["object", "null"],
            "properties": {"target_name": _MAYBE, "width": _SIZE, "height": _SIZE, "window_features": _MAYBE},
        },
        "iframe": {"type": ["object", "null"], "properties": {"width": _SIZE, "height": _SIZE}},
        f"{PREFIX}course_navigation/default_enabled": {"type": "boolean"},
        f"{PREFIX}visibility": {**_MAYBE, "enum": [None, "admins", "members", "public"]},
        f"{PREFIX}display_type": {**_MAYBE, "enum": [None, *_DISPLAYED]},
        f"{PREFIX}launch_width": _OWN_SIZE,
        f"{PREFIX}launch_height": _OWN_SIZE,
    },
}
_LABEL = "([a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])"
_TOOL: schemas.Schema = {
    "type": "object",
    "required": ["domain", "target_link_uri", "messages", "claims"],
    "properties": {
        "domain": {**_TEXT, "pattern": rf"^({_LABEL}\.)*{_LABEL}(:[0-9]{{1,5}})?$"},
        "messages": {"type": "array", "items": _MESSAGE},
        "claims": _TEXTS,
        "target_link_uri": _TEXT,
        "secondary_domains": {"type": "array", "items": {**_TEXT, "format": "hostname"}},
        "deployment_id": _MAYBE,
        "custom_parameters": _FIELDS,
        "description": _MAYBE,
        f"{PREFIX}privacy_level": {**_MAYBE, "enum": [None, *tool_forms.PRIVACY]},
        f"{PREFIX}tool_id": _MAYBE,
        f"{PREFIX}vendor": _MAYBE,
        f"{PREFIX}disable_reinstall": _FLAG,
        f"{PREFIX}content_migration": {
            "type": "object",
            "required": ["export_start_url", "import_start_url"],
            "properties": {
                **dict.fromkeys(("export_start_url", "import_start_url"), _URL),
                **dict.fromkeys(("export_format", "import_format"), _MAYBE),
            },
        },
    },
}
_GRANTS = ("client_credentials", "implicit")
_REQUIRED: schemas.Schema = {
    "application_type": {**_TEXT, "const": "web"},
    "grant_types": {"allOf": [{**_TEXTS, "minLength": 2}, *({"contains": {"const": name}} for name in _GRANTS)]},
    "response_types": {**_TEXTS, "minItems": 1, "contains": {"const": "id_token"}},
    "redirect_uris": {"type": "array", "items": _URL, "minItems": 1},
    "initiate_login_uri": _URL,
    "client_name": {**_TEXT, "minLength": 1},
    "jwks_uri": _URL,
    "token_endpoint_auth_method": {**_TEXT, "const": "private_key_jwt"},
    TOOL: _TOOL,
}
_REQUEST: schemas.Schema = {
    "type": "object",
    "properties": {
        **_REQUIRED,
        "scope": _MAYBE,
        "contacts": {"type": "array", "items": {**_TEXT, "format": "email"}},
        **dict.fromkeys(("client_uri", "logo_uri", "tos_uri", "policy_uri"), _MAYBE_URL),
    },
    "required": list(_REQUIRED),
    "additionalProperties": True,
}


def faults(body: Any) -> list[str]:
    """What is wrong with a request, in Canvas's sentences."""
    document = body if isinstance(body, dict) else {}
    return [violation.sentence() for violation in schemas.violations(document, _REQUEST)]


def kept(body: dict[str, Any]) -> dict[str, Any]:
    """The members of a valid request that Canvas knows, in its order."""
    tool = _known(body[TOOL], _TOOL)
    messages = [_known(message, _MESSAGE) for message in tool["messages"]]
    return {**_known(body, _REQUEST), TOOL: {**tool, "messages": messages}}


def _known(given: dict[str, Any], schema: schemas.Schema) -> dict[str, Any]:
    return {name: given[name] for name in schema["properties"] if name in given}
