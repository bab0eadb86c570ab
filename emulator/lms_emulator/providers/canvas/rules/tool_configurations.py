"""Configurations of LTI keys: validation, and updates of keys and tools.

Source: canvas-lms app/models/lti/tool_configuration.rb and lib/schemas/lti/tool_configuration.rb (2023-06);
fixtures/recordings/canvas/lti-keys.jsonl 13, 17, 20, 22, 24, 27, 29, 39.
"""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.model import DeveloperKey, ToolConfiguration
from lms_emulator.providers.canvas.rules import schemas, scopes, tool_forms, tools

Fault = tuple[str, str | None, str | None]
"""Field, text and code."""

REQUIRED = ("title", "description", "target_link_uri", "oidc_initiation_url")
KEY_PARTS = ("kty", "e", "n", "kid", "alg", "use")
OF_KEY = ("public_jwk", "public_jwk_url", "oidc_initiation_url", "target_link_uri")
"""What a key takes over of its configuration as it is."""

_TEXT: dict[str, Any] = {"type": "string"}
_SPOTS = """
account_navigation similarity_detection assignment_edit assignment_group_menu assignment_index_menu assignment_menu
assignment_selection assignment_view collaboration conference_selection course_assignments_menu
course_home_sub_navigation course_navigation course_settings_sub_navigation discussion_topic_menu
discussion_topic_index_menu editor_button file_menu file_index_menu global_navigation homework_submission
link_selection migration_selection module_group_menu module_index_menu module_index_menu_modal module_menu
module_menu_modal post_grades quiz_index_menu quiz_menu resource_selection submission_type_selection
student_context_card tool_configuration user_navigation wiki_index_menu wiki_page_menu
"""
PLACEMENTS = tuple(_SPOTS.split())
"""The spots that a configuration may name, in the order of Canvas's own schema."""

_PLACEMENT: dict[str, Any] = {
    "type": "object",
    "properties": {
        "placement": {**_TEXT, "enum": list(PLACEMENTS)},
        "message_type": {**_TEXT, "enum": ["LtiDeepLinkingRequest", "LtiResourceLinkRequest"]},
        **dict.fromkeys(("target_link_uri", "text", "icon_url"), _TEXT),
        "custom_fields": {"type": "object"},
    },
}
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        **dict.fromkeys((*REQUIRED, "public_jwk_url"), _TEXT),
        "custom_fields": {"type": "object"},
        "public_jwk": {"type": "object"},
        "scopes": {"type": "array", "items": _TEXT},
        "extensions": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    **dict.fromkeys(("domain", "platform", "tool_id", "privacy_level"), _TEXT),
                    "settings": {
                        "type": "object",
                        "properties": {
                            **dict.fromkeys(("text", "icon_url"), _TEXT),
                            "placements": {"type": "array", "items": _PLACEMENT},
                        },
                    },
                },
            },
        },
    },
}
"""What a configuration's members have to be. A member that is not named may be anything."""


def faults_of_key(jwk: Any, url: str | None, asked: list[str]) -> list[Fault]:
    """What is wrong with an LTI key: it needs a public key, or where one is, and known scopes."""
    if not jwk and not url:
        return [("lti_key", "developer key must have public jwk or public jwk url", None)]
    return [*_faults_of_jwk(jwk), *faults_of_scopes(asked)]


def _faults_of_jwk(jwk: Any) -> list[Fault]:
    if not jwk or (isinstance(jwk, dict) and all(jwk.get(part) for part in KEY_PARTS)):
        return []
    return [("public_jwk", f"The following fields are required: {', '.join(KEY_PARTS)}", None)]


def faults_of_scopes(asked: list[str]) -> list[Fault]:
    """The scopes that there are not."""
    unknown = [value for value in asked if not scopes.is_known(value)]
    return [("scopes", f"cannot contain {', '.join(unknown)}", None)] if unknown else []


def faults(settings: dict[str, Any], disabled: list[str]) -> list[Fault]:
    """What is wrong with a configuration."""
    found: list[Fault] = []
    if not settings.get("public_jwk") and not settings.get("public_jwk_url"):
        found.append(("lti_key", "tool configuration must have public jwk or public jwk url", None))
    if not all(settings.get(name) for name in REQUIRED):
        found.append(("configuration", f"The following fields are required: {', '.join(REQUIRED)}", None))
    else:
        wrong = next(schemas.violations(settings, SCHEMA, nulls=False), None)
        if wrong is not None:
            found.append(("configuration", wrong.sentence("=>"), None))
    unknown = [name for name in disabled if name not in PLACEMENTS]
    if unknown:
        found.append(("disabled_placements", f"Invalid placements: {', '.join(unknown)}", None))
    return found


def privacy_of(settings: dict[str, Any], asked: str | None) -> str | None:
    """The privacy level of a tool: the configuration takes precedence over the request."""
    said = tools.extension_of(settings).get("privacy_level") or asked
    return said if said in tool_forms.PRIVACY else None


def follow(api: Api, key: DeveloperKey, found: ToolConfiguration) -> DeveloperKey:
    """Let a key, and the tools that were installed with it, take a configuration over."""
    settings = found.settings
    changed = replace(key, **{name: settings.get(name) for name in OF_KEY})
    for tool in list(api.store.tools.find("key", key.id)):
        if tool.workflow_state == "active":
            kept = tool_forms.configured(tool, settings, found.privacy_level)
            api.store.tools.put(replace(kept, updated_at=api.now))
    return api.store.developer_keys.put(changed)


def forget(api: Api, key: DeveloperKey, found: ToolConfiguration) -> None:
    """Delete a configuration. Tools that were installed with it stay as they are."""
    for tool in list(api.store.tools.find("key", key.id)):
        kept = {"settings": tools.settings(api.store, tool), "custom": tools.custom(api.store, tool)}
        api.store.tools.put(replace(tool, **kept))
    api.store.tool_configurations.delete(found.id)
