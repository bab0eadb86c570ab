"""The two forms of a tool's configuration, and accounts' overlays.

Tools' makers write `LtiConfiguration`, with an extension for Canvas; registrations
use Canvas's internal form. Source: canvas-lms lib/schemas/internal_lti_configuration.rb,
app/models/lti/overlay.rb (2025), and the words of json_schemer, which checks it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from lms_emulator.providers.canvas.rules import tool_configurations as configurations
from lms_emulator.providers.canvas.rules import tool_forms, tools
from lms_emulator.providers.canvas.rules.scopes import LTI
from lms_emulator.signing import lti13

OWN = "canvas.instructure.com"
_ROOT = (
    *("title", "description", "custom_fields", "target_link_uri", "oidc_initiation_url", "oidc_initiation_urls"),
    *("public_jwk_url", "public_jwk", "scopes"),
)
_OF_EXTENSION = ("domain", "tool_id", "privacy_level")
LAID_OVER = (
    *("title", "description", "custom_fields", "target_link_uri", "oidc_initiation_url", "domain", "privacy_level"),
    *("redirect_uris", "public_jwk", "public_jwk_url", "scopes"),
)
"""What an overlay replaces of the tool itself, rather than of a placement."""

TEXT, NUMBER, FLAG, OBJECT = ({"type": kind} for kind in ("string", "number", "boolean", "object"))
PLACEMENTS = (
    *(*configurations.PLACEMENTS, "top_navigation", "analytics_hub"),
    *("ActivityAssetProcessor", "ActivityAssetProcessorContribution"),
)
_MESSAGES = {**TEXT, "enum": [lti13.DEEP_LINKING_REQUEST, lti13.RESOURCE_LINK_REQUEST]}
_SCOPES = {"type": "array", "items": {**TEXT, "enum": sorted(LTI)}}
_PRIVACY = {**TEXT, "enum": list(tool_forms.PRIVACY)}
_SIZES = dict.fromkeys(("launch_height", "launch_width", "selection_height", "selection_width"), NUMBER)
_SETTINGS = {
    **dict.fromkeys(("text", "icon_url", "canvas_icon_class", "required_permissions", "url", "target_link_uri"), TEXT),
    **dict.fromkeys(("labels", "custom_fields"), OBJECT),
    **_SIZES,
    "message_type": _MESSAGES,
    "windowTarget": {**TEXT, "enum": ["_blank"]},
    "display_type": {
        **TEXT,
        "enum": ["default", "full_width", "full_width_in_context", "in_nav_context", "borderless"],
    },
    "visibility": {**TEXT, "enum": ["admins", "members", "public"]},
    "default": {**TEXT, "enum": ["disabled", "enabled"]},
    **dict.fromkeys(("icon_svg_path_64", "accept_media_types"), TEXT),
    **dict.fromkeys(("prefer_sis_email", "oauth_compliant", "use_tray"), FLAG),
}
_PLACEMENT = {
    "type": "object",
    "required": ["placement"],
    "properties": {"placement": {**TEXT, "enum": list(PLACEMENTS)}, "enabled": FLAG, **_SETTINGS},
}
CONFIGURATION: dict[str, Any] = {
    "type": "object",
    "required": [
        *("title", "description", "target_link_uri", "oidc_initiation_url"),
        *("redirect_uris", "scopes", "placements", "launch_settings"),
    ],
    "properties": {
        **dict.fromkeys(("title", "description", "target_link_uri", "oidc_initiation_url", "public_jwk_url"), TEXT),
        **dict.fromkeys(("oidc_initiation_urls", "public_jwk", "custom_fields"), OBJECT),
        "scopes": _SCOPES,
        "redirect_uris": {"type": "array", "items": TEXT},
        **dict.fromkeys(("domain", "tool_id"), TEXT),
        "privacy_level": _PRIVACY,
        "launch_settings": {"type": "object", "properties": _SETTINGS},
        "placements": {"type": "array", "items": _PLACEMENT},
    },
}
CONFIGURED = tuple(CONFIGURATION["properties"])
"""What is kept of a configuration."""

_OVERLAID = {
    **dict.fromkeys(("text", "target_link_uri", "icon_url"), TEXT),
    **dict.fromkeys(("launch_height", "launch_width"), NUMBER),
    "message_type": _MESSAGES,
    "default": _SETTINGS["default"],
}
OVERLAY: dict[str, Any] = {
    "type": "object",
    "properties": {
        **dict.fromkeys(
            ("title", "description", "target_link_uri", "oidc_initiation_url", "domain", "public_jwk_url"), TEXT
        ),
        **dict.fromkeys(("custom_fields", "public_jwk"), OBJECT),
        "privacy_level": _PRIVACY,
        "redirect_uris": {"type": "array", "items": TEXT},
        **dict.fromkeys(("scopes", "disabled_scopes"), _SCOPES),
        "disabled_placements": {"type": "array", "items": {**TEXT, "enum": list(PLACEMENTS)}},
        "placements": {
            "type": "object",
            "properties": {name: {"type": "object", "properties": _OVERLAID} for name in PLACEMENTS},
            "closed": True,
        },
    },
}
WRITTEN: dict[str, Any] = {
    "type": "object",
    "properties": {
        "scopes": {"type": "array"},
        "extensions": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "settings": {
                        "type": "object",
                        "properties": {"placements": {"type": "array", "items": {"type": "object"}}},
                    }
                },
            },
        },
    },
}
"""What a configuration has to be, as makers of tools write it, so that it can be taken over."""

_TYPES: dict[str, Any] = {"string": str, "object": dict, "array": list, "boolean": bool, "number": (int, float)}


def fields_of(given: Any) -> Any:
    """Custom fields, which may also be given as lines of text."""
    if not isinstance(given, str):
        return given
    lines = (line.partition("=") for line in given.splitlines())
    return {name.strip(): value.strip() for name, _, value in lines if name.strip()}


def internal(written: dict[str, Any], redirect_uris: list[str], disabled: list[str] | None = None) -> dict[str, Any]:
    """A configuration in Canvas's internal form. Parameters: `disabled`, placements to switch off regardless."""
    extension = tools.extension_of(written)
    said = dict(extension.get("settings") or {})
    placements = [{**value} for value in said.pop("placements", None) or []]
    for placement in placements:
        if placement.get("placement") in (disabled or ()):
            placement["enabled"] = False
    found = {name: written[name] for name in _ROOT if written.get(name) is not None}
    found |= {name: extension[name] for name in _OF_EXTENSION if extension.get(name) is not None}
    scopes = list(written.get("scopes") or [])
    return {
        **found,
        "scopes": scopes,
        "redirect_uris": redirect_uris,
        "launch_settings": said,
        "placements": placements,
    }


def written(found: dict[str, Any]) -> dict[str, Any]:
    """A configuration converted from Canvas's internal form to `LtiConfiguration`."""
    extension = {
        "platform": OWN,
        **{name: found[name] for name in _OF_EXTENSION if name in found},
        "settings": {**(found.get("launch_settings") or {}), "placements": found.get("placements") or []},
    }
    return {**{name: found[name] for name in _ROOT if name in found}, "extensions": [extension]}


def applied(data: dict[str, Any], found: dict[str, Any], *, additive: bool) -> dict[str, Any]:
    """A configuration with an overlay applied. Parameters: `additive`, whether it may add placements."""
    result = {**found, **{name: data[name] for name in LAID_OVER if data.get(name) is not None}}
    off = data.get("disabled_scopes") or []
    result["scopes"] = [value for value in dict.fromkeys(result["scopes"]) if value not in off]
    changes = data.get("placements") or {}
    known = [{**placement, **changes.get(placement["placement"], {})} for placement in found["placements"]]
    names = {item["placement"] for item in known}
    if additive:
        known += [{"placement": name, **value} for name, value in changes.items() if name not in names]
    for laid in known:
        if laid["placement"] in (data.get("disabled_placements") or []):
            laid["enabled"] = False
    return {**result, "placements": known}


def unlike(value: Any, schema: dict[str, Any], path: str = "") -> Iterator[str]:
    """Where a value violates a schema. A null member counts as missing."""
    where = f"`{path}`" if path else "root"
    kind = schema["type"]
    if not isinstance(value, _TYPES[kind]) or (kind == "number" and isinstance(value, bool)):
        yield f"value at {where} is not {'an' if kind[0] in 'ao' else 'a'} {kind}"
        return
    if "enum" in schema and value not in schema["enum"]:
        yield f"value at {where} is not one of: {json.dumps(schema['enum'], separators=(', ', ': '))}"
    if isinstance(value, dict):
        lacking = [name for name in schema.get("required", ()) if value.get(name) is None]
        if lacking:
            yield f"object at {where} is missing required properties: {', '.join(lacking)}"
        known = schema.get("properties", {})
        for name, part in known.items():
            if value.get(name) is not None:
                yield from unlike(value[name], part, f"{path}/{name}")
        for name in value if schema.get("closed") else ():
            if name not in known:
                yield f"object property at `{path}/{name}` is a disallowed additional property"
    if isinstance(value, list) and "items" in schema:
        for place, item in enumerate(value):
            yield from unlike(item, schema["items"], f"{path}/{place}")


def diff(old: Any, new: Any, path: tuple[str | int, ...] = ()) -> list[list[Any]]:
    """The difference between two values: `["~", path, old, new]`, `-` and `+`."""
    if isinstance(old, dict) and isinstance(new, dict):
        found = [["-", [*path, name], value] for name, value in old.items() if name not in new]
        for name in old:
            found += diff(old[name], new[name], (*path, name)) if name in new else []
        return found + [["+", [*path, name], value] for name, value in new.items() if name not in old]
    if isinstance(old, list) and isinstance(new, list):
        removed = [place for place in reversed(range(len(old))) if old[place] not in new]
        found = [["-", [*path, place], old[place]] for place in removed]
        return found + [["+", [*path, place], item] for place, item in enumerate(new) if item not in old]
    return [] if old == new else [["~", [*path], old, new]]


def flat(changes: list[list[Any]]) -> list[list[Any]]:
    """A `diff` with each path as a string: `placements[0].text`."""
    found = []
    for sign, path, *rest in changes:
        text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
        found.append([sign, text.removeprefix("."), *rest])
    return found
