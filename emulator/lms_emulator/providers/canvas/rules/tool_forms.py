"""What is said of a tool when it is installed or changed: by parameters, by XML, or by an LTI key's configuration.

Source: canvas-lms app/controllers/external_tools_controller.rb, set_tool_attributes; app/models/
context_external_tool.rb, validations; lib/cc/importer/blti_converter.rb (2023-06).
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit
from xml.etree.ElementTree import Element

from msgspec.structs import replace

from lms_emulator.core.http.outgoing import OutgoingError, fetch
from lms_emulator.core.xml import NotXmlError, read_xml
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.call.params import Params, as_flag, as_text, as_whole
from lms_emulator.providers.canvas.model import Account, Course, DeveloperKey, Tool
from lms_emulator.providers.canvas.rules import tools

PRIVACY = ("anonymous", "name_only", "email_only", "public")
NO_ADDRESS = "Either the url or domain should be set."
BAD_XML = "Invalid XML Configuration"
BAD_ADDRESS = "Invalid URL"
INSTALLED = "The tool is already installed in this context."
_NULLABLE = ("description", "url", "domain")
_REQUIRED = ("name", "consumer_key", "shared_secret")
_SAID = ("text", "icon_url", "canvas_icon_class", "vendor_help_link")
_OF_PLACEMENT = """
canvas_icon_class custom_fields default display_type enabled icon_svg_path_64 icon_url message_type prefer_sis_email
required_permissions selection_height selection_width text windowTarget url target_link_uri placement visibility labels
accept_media_types use_tray
"""
_VISIBILITY = ("members", "admins", "public")
Faults = dict[str, list[str | tuple[str, str]]]


class Reading:
    """A tool being configured, with the faults found.

    Attributes:
        tool: with the changes so far.
        said: its complete settings.
        faults: by attribute.
    """

    def __init__(self, api: Api, tool: Tool) -> None:
        self.api = api
        self.tool = tool
        self.said = {name: _copy(value) for name, value in tools.settings(api.store, tool).items()}
        self.faults: Faults = {}

    def place(self, name: str, sent: dict[str, Any] | None) -> None:
        """Apply the settings of one placement. A disabled one is kept; null removes it."""
        inactive = self.said.setdefault(tools.INACTIVE, {})
        if sent is None:
            self.said.pop(name, None)
            inactive.pop(name, None)
            return
        known = self.said.get(name) or inactive.get(name) or {}
        placement = {**known, **{key: _plain(key, sent[key]) for key in _OF_PLACEMENT.split() if key in sent}}
        if placement.get("visibility", "public") not in _VISIBILITY:
            del placement["visibility"]
        on = placement.get("enabled", True)
        (self.said if on else inactive)[name] = placement
        (inactive if on else self.said).pop(name, None)

    def finished(self) -> Tool:
        """The tool with its settings, without impossible placements."""
        for name in tools.PLACEMENTS:
            placement = self.said.get(name)
            if placement is not None and "enabled" not in placement and not (placement.get("url") or self.tool.url):
                del self.said[name]
        button = self.said.get("editor_button")
        if button is not None and not any(button.get(k) or self.said.get(k) for k in ("icon_url", "canvas_icon_class")):
            del self.said["editor_button"]
        if not self.said.get(tools.INACTIVE):
            self.said.pop(tools.INACTIVE, None)
        return replace(self.tool, settings=self.said)


def _copy(value: Any) -> Any:
    return {name: _copy(member) for name, member in value.items()} if isinstance(value, dict) else value


def _plain(key: str, value: Any) -> Any:
    if key == "enabled":
        return as_flag(value)
    if key in ("selection_width", "selection_height"):
        return as_whole(as_text(value)) or 0
    return value


async def read(api: Api, tool: Tool, sent: Params) -> tuple[Tool, Faults]:
    """The tool that the parameters describe, and the faults."""
    reading = Reading(api, tool)
    kind = sent.text("config_type")
    if kind in ("by_xml", "by_url") and (given := sent.text("config_" + kind.removeprefix("by_"))):
        await _take_cartridge(reading, kind, given)
    texts: dict[str, Any] = {name: sent.text(name) or None for name in _NULLABLE if sent.has(name)}
    texts |= {name: sent.text(name) or "" for name in _REQUIRED if sent.has(name)}
    if not texts.get("shared_secret", "x"):
        del texts["shared_secret"]
    if kind is not None and not texts.get("name", "x"):
        del texts["name"]
    reading.tool = replace(reading.tool, **texts)
    reading.said |= {name: sent.text(name) for name in _SAID if sent.has(name)}
    if "oauth_compliant" in sent.data:
        reading.said["oauth_compliant"] = sent.flag("oauth_compliant")
    _take_rest(reading, sent)
    for name in (*tools.PLACEMENTS, *tools.FURTHER):
        if sent.has(name):
            given = sent.get(name)
            reading.place(name, given if isinstance(given, dict) else None)
    made = reading.finished()
    return made, _faults(made, kind, sent) | reading.faults


def _take_rest(reading: Reading, sent: Params) -> None:
    tool = reading.tool
    if (privacy := sent.text("privacy_level")) in PRIVACY:
        tool = replace(tool, privacy=privacy)
    fields = sent.get("custom_fields")
    if isinstance(fields, dict) and fields:
        tool = replace(tool, custom=fields)
    if (lines := sent.text("custom_fields_string")) is not None:
        pairs = (line.partition("=") for line in lines.splitlines())
        tool = replace(tool, custom={name.strip(): value.strip() for name, _, value in pairs if name and value})
    if sent.has("not_selectable"):
        tool = replace(tool, not_selectable=sent.flag("not_selectable"))
    if sent.has("is_rce_favorite"):
        tool = replace(tool, is_rce_favorite=sent.flag("is_rce_favorite"))
    reading.tool = tool


def _faults(tool: Tool, kind: str | None, sent: Params) -> Faults:
    found: Faults = {name: ["blank"] for name in _REQUIRED if not getattr(tool, name)}
    if len(tool.name) > 255:
        found["name"] = ["too_long"]
    for name in ("url", "xml"):
        if kind == f"by_{name}" and not sent.text(f"config_{name}"):
            found[f"config_{name}"] = ["blank"]
    placed = [value.get("url") for name, value in (tool.settings or {}).items() if name in tools.PLACEMENTS]
    if not (tool.url or tool.domain or any(placed)):
        found |= {"url": [NO_ADDRESS], "domain": [NO_ADDRESS]}
    bad = [url for url in (tool.url, *placed) if url and not _is_address(url)]
    if bad:
        found["url"] = [f"Incorrect url for {url}" for url in bad]
    return found


def _is_address(url: Any) -> bool:
    try:
        urlsplit(url)
    except (ValueError, TypeError, AttributeError):
        return False
    return isinstance(url, str) and not any(sign.isspace() for sign in url)


# XML


async def _take_cartridge(reading: Reading, kind: str, given: str) -> None:
    """Apply an XML cartridge, sent inline or as a URL. Its faults are reported for the parameter."""
    field, text = kind.replace("by", "config"), given
    if kind == "by_url":
        try:
            answer = await fetch(reading.api.call, "GET", given, allowed=[given])
        except OutgoingError:
            reading.faults[field] = [BAD_ADDRESS]
            return
        text = answer.text
    try:
        root = read_xml(text)
    except NotXmlError:
        root = Element("unreadable")
    if _local(root) != "cartridge_basiclti_link":
        reading.faults[field] = [BAD_XML]
        return
    parts = {_local(item): (item.text or "").strip() for item in root}
    changes: dict[str, Any] = {
        "description": parts.get("description") or None,
        "url": parts.get("launch_url") or parts.get("secure_launch_url") or None,
    }
    if parts.get("title") and not reading.tool.name:
        changes["name"] = parts["title"]
    for element in root:
        if _local(element) == "custom":
            changes["custom"] = _values(element)
        if _local(element) == "extensions" and element.get("platform") == "canvas.instructure.com":
            _take_extension(reading, element, changes)
    reading.tool = replace(reading.tool, **changes)


def _take_extension(reading: Reading, extension: Element, changes: dict[str, Any]) -> None:
    values = _values(extension)
    if values.get("privacy_level") in PRIVACY:
        changes["privacy"] = values["privacy_level"]
    if values.get("domain"):
        changes["domain"] = values["domain"]
    reading.said |= {name: values[name] for name in ("text", "icon_url", "tool_id") if values.get(name)}
    for name in ("selection_width", "selection_height"):
        if (size := as_whole(values.get(name))) is not None:
            reading.said[name] = size
    for options in extension:
        name = options.get("name", "")
        if _local(options) != "options":
            continue
        fields = {element.get("name", ""): _values(element) for element in options if _local(element) == "custom"}
        inner = {"custom_fields": next(iter(fields.values()))} if fields else {}
        if name == tools.MIGRATION:
            reading.said[name] = {**_values(options), **inner}
        elif name in (*tools.PLACEMENTS, *tools.FURTHER):
            reading.place(name, {"enabled": True, **_values(options), **inner})


def _values(element: Element) -> dict[str, Any]:
    return {item.get("name", ""): (item.text or "").strip() for item in element if _local(item) == "property"}


def _local(element: Element) -> str:
    return str(element.tag).rpartition("}")[2]


# LTI keys


def of_key(api: Api, key: DeveloperKey) -> Tool:
    """A tool from an LTI key's configuration, not stored yet."""
    found = api.store.tool_configurations.first("key", key.id)
    assert found is not None, "only keys with a configuration are installed"
    tool = Tool(id=0, developer_key_id=key.id, name="", created_at=api.now, updated_at=api.now)
    return configured(tool, found.settings, found.privacy_level)


def configured(tool: Tool, written: dict[str, Any], privacy: str | None) -> Tool:
    """A tool reset to its key's configuration, without manual changes."""
    extension = tools.extension_of(written)
    level = extension.get("privacy_level") or privacy
    return replace(
        tool,
        name=str(written.get("title") or tool.name),
        description=written.get("description") or None,
        url=written.get("target_link_uri") or None,
        domain=extension.get("domain") or None,
        privacy=level if level in PRIVACY else "anonymous",
        custom=None,
        settings=None,
    )


def is_duplicate(api: Api, tool: Tool, where: Course | Account) -> bool:
    """Whether an equal tool exists: with the same settings, or, without settings, the same URL."""
    own = _compared(api, tool)
    for other in tools.offered(api.store, where):
        theirs = _compared(api, other)
        if (theirs and own == theirs) or (not theirs and not own and other.url == tool.url):
            return True
    return False


def _compared(api: Api, tool: Tool) -> dict[str, Any]:
    found = {name: value for name, value in tools.settings(api.store, tool).items() if value}
    fields = tools.custom(api.store, tool)
    return found | ({"custom_fields": fields} if fields else {})
