"""External tools: settings, placements, and finding the tool for a URL or link.

Sources: fixtures/recordings/canvas/lti-launch.jsonl 56, 66, 106, 136, 138, 254, 310; fixtures/recordings/canvas/
lti-keys.jsonl 52, 65, 67, 96, 121; canvas-lms app/models/context_external_tool.rb, infer_defaults,
set_extension_setting, find_external_tool (2023-06). Tools without settings are this emulator's own short form.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Mapping
from typing import Any, NamedTuple, cast
from urllib.parse import parse_qsl

from lms_emulator.core.http.urls import parts_of
from lms_emulator.providers.canvas.call import Call
from lms_emulator.providers.canvas.call.params import as_whole
from lms_emulator.providers.canvas.model import (
    Account,
    Assignment,
    CanvasStore,
    Course,
    DeveloperKey,
    Group,
    LtiContextControl,
    ResourceLink,
    Tool,
)
from lms_emulator.providers.canvas.rules import collation, keys
from lms_emulator.providers.canvas.rules.permissions import chain
from lms_emulator.signing import lti13

Where = Course | Account | Group
_SPOTS = """
account_navigation assignment_edit assignment_group_menu assignment_index_menu assignment_menu
assignment_selection assignment_view collaboration course_assignments_menu course_home_sub_navigation
course_navigation course_settings_sub_navigation discussion_topic_index_menu discussion_topic_menu
file_index_menu file_menu global_navigation homework_submission link_selection migration_selection
module_group_menu module_index_menu module_index_menu_modal module_menu_modal module_menu post_grades
quiz_index_menu quiz_menu resource_selection similarity_detection student_context_card
submission_type_selection tool_configuration user_navigation wiki_index_menu wiki_page_menu
editor_button
"""
PLACEMENTS = tuple(_SPOTS.split())
"""The placements, in the order in which Canvas lists them."""

CHOOSING = (
    "assignment_selection",
    "collaboration",
    "conference_selection",
    "editor_button",
    "homework_submission",
    "link_selection",
    "migration_selection",
    "resource_selection",
    "submission_type_selection",
)
"""The placements that open a tool in a window of its own size."""

FURTHER = (
    *("conference_selection", "analytics_hub", "top_navigation"),
    *("ActivityAssetProcessor", "ActivityAssetProcessorContribution"),
)
"""Placements behind a feature flag, or newer ones, which are not listed."""

OF_ANY_TOOL = ("assignment_selection", "link_selection")
"""The placements that offer every selectable LTI 1.1 tool."""

MIGRATION = "content_migration"
"""The setting with the URLs at which a tool exports and imports what it keeps of a course."""

INACTIVE = "inactive_placements"
"""The setting that keeps a placement's settings while it is disabled."""

SELECTIONS = ("editor_button", "resource_selection", "link_selection", "assignment_selection", "homework_submission")
BASIC_LAUNCH = "basic-lti-launch-request"
WIDTH, HEIGHT = 800, 400


class Placement(NamedTuple):
    """A placement of a tool.

    Attributes:
        text: its label.
        target: its own URL, if it has one.
        settings: all its settings.
    """

    name: str
    text: str
    message_type: str
    target: str | None
    custom: dict[str, Any]
    width: int
    height: int
    settings: dict[str, Any]


def key_of(store: CanvasStore, tool: Tool) -> DeveloperKey:
    """The developer key that an LTI 1.3 tool was installed with."""
    key = store.developer_keys.get(tool.developer_key_id)
    assert key is not None, "the world file's references are checked when it is loaded"
    return key


def configuration(store: CanvasStore, tool: Tool) -> dict[str, Any]:
    """The tool's configuration by its maker; empty if there is none."""
    if tool.developer_key_id is None:
        return {}
    found = store.tool_configurations.first("key", tool.developer_key_id)
    return found.settings if found is not None else {}


def settings(store: CanvasStore, tool: Tool) -> dict[str, Any]:
    """A tool's settings: placements by name, `text`, `icon_url` and the like."""
    if tool.settings is not None:
        return tool.settings
    found = None
    if tool.developer_key_id is not None:
        found = store.tool_configurations.first("key", tool.developer_key_id)
    if found is not None and found.settings:
        return of_configuration(found.settings, found.disabled_placements or [])
    offered = ("course_navigation", *(SELECTIONS if tool.deep_linking else ()))
    kinds = {
        name: lti13.DEEP_LINKING_REQUEST if name in SELECTIONS else lti13.RESOURCE_LINK_REQUEST for name in offered
    }
    if tool.developer_key_id is None:
        return {}
    return {name: {"enabled": True, "message_type": kind} for name, kind in kinds.items()}


def of_configuration(written: dict[str, Any], disabled: Iterable[str] = ()) -> dict[str, Any]:
    """The settings that a tool takes from an LTI key's configuration."""
    extension = extension_of(written)
    said = extension.get("settings") or {}
    named = ("text", "icon_url", "selection_width", "selection_height", "message_settings")
    found = {name: said[name] for name in named if said.get(name)}
    for item in said.get("placements") or []:
        name = item.get("placement")
        if name in disabled or item.get("enabled", True) in (False, "false"):
            continue
        found[name] = {"enabled": True, **item}
    return found


def extension_of(written: dict[str, Any]) -> dict[str, Any]:
    """The Canvas extension of a configuration."""
    extensions = [value for value in written.get("extensions") or [] if isinstance(value, dict)]
    return next((row for row in extensions if row.get("platform") == "canvas.instructure.com"), None) or next(
        iter(extensions), {}
    )


def custom(store: CanvasStore, tool: Tool) -> dict[str, Any] | None:
    """The fields that every launch of a tool carries; None for an LTI 1.1 tool that has none."""
    if tool.custom is not None or tool.developer_key_id is None:
        return tool.custom
    return configuration(store, tool).get("custom_fields") or {}


def custom_name(name: str) -> str:
    """The name of a tool's custom field in a launch, which LTI 1.3 gives without the `custom_`: letters in lower case,
    `_` for everything but ASCII letters and digits.

    canvas-lms app/models/context_external_tool.rb, set_custom_fields; lib/lti/messages/jwt_message.rb (2024-04)
    """
    plain = re.sub(r"\W", "_", name, flags=re.ASCII).lower()
    return plain if plain.startswith("custom_") else f"custom_{plain}"


def as_claimed(custom: Mapping[str, Any] | None) -> dict[str, Any]:
    """A tool's or placement's custom fields under the names that LTI 1.3 messages give them."""
    return {custom_name(name).removeprefix("custom_"): value for name, value in (custom or {}).items()}


def as_linked(custom: Mapping[str, Any] | None) -> dict[str, Any]:
    """The custom fields of a link as they come out of its `jsonb` column: shorter names first, then by their bytes.

    fixtures/recordings/canvas/lti-launch.jsonl 199; PostgreSQL, `compareJsonbScalarValue`'s order of keys.
    """
    return dict(sorted((custom or {}).items(), key=lambda pair: (len(name := pair[0].encode()), name)))


def label(store: CanvasStore, tool: Tool, name: str | None = None) -> str:
    """The label of a placement or tool."""
    said = settings(store, tool)
    placement = said.get(name) if name is not None else None
    return (placement or {}).get("text") or said.get("text") or tool.name


def placement(store: CanvasStore, tool: Tool, name: str) -> Placement | None:
    """A tool's placement, None if it lacks it."""
    if name not in settings(store, tool) and not (name in OF_ANY_TOOL and of_any_tool(tool)):
        return None
    return as_placed(store, tool, name)


def as_placed(store: CanvasStore, tool: Tool, name: str) -> Placement:
    """A tool's placement, or defaults if it lacks it."""
    said = settings(store, tool)
    placement = said.get(name) or {}
    usual = BASIC_LAUNCH if tool.developer_key_id is None else lti13.RESOURCE_LINK_REQUEST
    if name == "resource_selection" and tool.developer_key_id is None:
        usual = "resource_selection"
    return Placement(
        name,
        label(store, tool, name),
        placement.get("message_type") or usual,
        (placement.get("target_link_uri") if tool.developer_key_id is not None else None) or placement.get("url"),
        placement.get("custom_fields") or {},
        _size(placement, said, "selection_width", WIDTH),
        _size(placement, said, "selection_height", HEIGHT),
        placement,
    )


def opens_in_tab(place: Placement | None) -> bool:
    """Whether a placement opens the tool in a new tab (Canvas's `windowTarget`)."""
    return place is not None and place.settings.get("windowTarget") == "_blank"


def of_any_tool(tool: Tool) -> bool:
    """Whether an LTI 1.1 tool can be selected wherever tools are offered."""
    return tool.developer_key_id is None and not tool.not_selectable and bool(tool.domain or tool.url)


def _size(placement: dict[str, Any], said: dict[str, Any], name: str, usual: int) -> int:
    value = as_whole(str(placement.get(name) or said.get(name) or usual))
    return usual if value is None else value


# installation


def home(store: CanvasStore, tool: Tool) -> Course | Account:
    """Where a tool is installed."""
    if tool.course_id is not None:
        course = store.courses.get(tool.course_id)
        assert course is not None, "the world file's references are checked when it is loaded"
        return course
    if tool.account_id is not None:
        account = store.accounts.get(tool.account_id)
        assert account is not None, "the world file's references are checked when it is loaded"
        return account
    return store.school


def above(store: CanvasStore, where: Where) -> Course | Account:
    """The course or account of a group, or the place itself."""
    if not isinstance(where, Group):
        return where
    category = store.group_categories.get(where.group_category_id)
    assert category is not None, "the world file's references are checked when it is loaded"
    found: Any = (store.courses if category.context_type == "Course" else store.accounts).get(category.context_id)
    assert found is not None
    return cast("Course | Account", found)


def account_of(store: CanvasStore, where: Where) -> Account:
    """The account that a course or group belongs to, or the account itself."""
    found = above(store, where)
    account = found if isinstance(found, Account) else store.accounts.get(found.account_id)
    assert account is not None, "the world file's references are checked when it is loaded"
    return account


def places(store: CanvasStore, where: Where) -> list[tuple[str, int]]:
    """Where tools for a course, group or account may be installed, the nearest first."""
    found = above(store, where)
    own = [("Course", found.id)] if isinstance(found, Course) else []
    return own + [("Account", account.id) for account in chain(store, account_of(store, where).id)]


def place_of(store: CanvasStore, tool: Tool) -> tuple[str, int]:
    """The context in which a tool is installed, as kind and id."""
    found = home(store, tool)
    return type(found).__name__, found.id


def usable(store: CanvasStore, tool: Tool) -> bool:
    """Whether the tool is installed, and its key enabled there."""
    if tool.workflow_state != "active" or tool.developer_key_id is None:
        return tool.workflow_state == "active"
    key = key_of(store, tool)
    return key.workflow_state == "active" and keys.is_on(store, key, account_of(store, home(store, tool)).id)


def controls(store: CanvasStore, tool: Tool) -> list[LtiContextControl]:
    """The context controls of a tool."""
    return [row for row in store.lti_context_controls.find("deployment", tool.id) if row.workflow_state == "active"]


def available(store: CanvasStore, tool: Tool, where: Where) -> bool:
    """Whether a tool is available in a context: the nearest context control decides; without one it is."""
    said = {control.place: control.available for control in controls(store, tool)}
    return not said or next((said[place] for place in places(store, where) if place in said), False)


def installed(store: CanvasStore, where: Where) -> list[Tool]:
    """The usable tools of a course or account itself, by name."""
    own = places(store, where)[:1]
    return by_name(tool for tool in store.tools if place_of(store, tool) in own and usable(store, tool))


def offered(store: CanvasStore, where: Where) -> list[Tool]:
    """The usable tools of a course, group or account and the accounts above, by name."""
    known = set(places(store, where))
    candidates = (tool for tool in store.tools if place_of(store, tool) in known and usable(store, tool))
    return by_name(tool for tool in candidates if available(store, tool, where))


def by_name(tools: Iterable[Tool]) -> list[Tool]:
    """Tools in the order in which Canvas lists them."""
    return sorted(tools, key=lambda tool: (collation.key(tool.name), tool.id))


def placed(store: CanvasStore, tools: Iterable[Tool], names: Iterable[str]) -> list[Tool]:
    """The tools that have one of the placements."""
    wanted = list(names)
    return [tool for tool in tools if any(placement(store, tool, name) is not None for name in wanted)]


def by_address(
    store: CanvasStore, where: Where, url: str, *, newer: bool = False, client: int | None = None
) -> Tool | None:
    """The tool for a URL: one with exactly this URL, else this URL with further parameters, else its host; LTI 1.3
    before 1.1, which `newer` excludes, then the nearest. Parameters: `client`, the key whose tools to consider
    (canvas-lms app/models/context_external_tool.rb, find_and_order_tools, 2024-04)."""
    candidates = [tool for tool in offered(store, where) if not (newer and tool.developer_key_id is None)]
    return _matching(store, where, url, [tool for tool in candidates if client in (None, tool.developer_key_id)])


def predecessor(store: CanvasStore, where: Where, url: str) -> Tool | None:
    """The LTI 1.1 tool of a URL that an LTI 1.3 tool with the same URL replaces; it may be deleted already.

    canvas-lms app/models/context_external_tool.rb, associated_1_1_tool (2024-04)
    """
    known = set(places(store, where))
    old = [tool for tool in store.tools if tool.developer_key_id is None and place_of(store, tool) in known]
    return _matching(store, where, url, old)


def _matching(store: CanvasStore, where: Where, url: str, candidates: Iterable[Tool]) -> Tool | None:
    order = {place: number for number, place in enumerate(places(store, where))}

    def rank(tool: Tool) -> tuple[bool, int, int, int]:
        labels = len((tool.domain or "").split("."))
        return tool.developer_key_id is None, order[place_of(store, tool)], -labels, tool.id

    tools = sorted(candidates, key=rank)
    for matches in (_same, _same_but_query, _same_host):
        found = next((tool for tool in tools if matches(tool, url)), None)
        if found is not None:
            return found
    return None


def link_behind(store: CanvasStore, base: Assignment) -> ResourceLink | None:
    """The resource link of an assignment."""
    links = store.resource_links.find("course", base.course_id)
    return next((link for link in links if base.id == link.assignment_id or base.resource_link_id == link.id), None)


def behind(store: CanvasStore, course: Course, base: Assignment) -> Tool | None:
    """The tool that an assignment opens: the one it was created with, if that still exists; else the one for its
    URL."""
    tag, link = base.external_tool, link_behind(store, base)
    target = (tag.url if tag is not None else None) or (link.url if link is not None else None)
    chosen = (tag.content_id if tag is not None else None) or (link.tool_id if link is not None else None)
    return linked(store, course, chosen, target)


def linked(store: CanvasStore, where: Where, chosen: int | None, target: str | None) -> Tool | None:
    """The tool that a link was created with, if it still exists and the URL is on its host, unless it is an LTI 1.1
    tool and an LTI 1.3 tool has the URL by now; else the tool for the URL."""
    tool = store.tools.get(chosen) if chosen else None
    if tool is not None and not (usable(store, tool) and available(store, tool, where)):
        tool = None
    if tool is not None and not parts_of(target or "").hostname:
        return tool
    found = by_address(store, where, target or "")
    if tool is None or not matches_host(tool, target or ""):
        return found
    return found if found is not None and found.developer_key_id and not tool.developer_key_id else tool


def matches_host(tool: Tool, url: str) -> bool:
    """Whether a URL is on a tool's host."""
    host = parts_of(url).hostname
    return bool(host) and host == (tool.domain or parts_of(tool.url or "").hostname or "").lower()


def may_be_opened_at(call: Call, tool: Tool, url: str) -> bool:
    """Whether a URL is on a tool's host, or below its domain."""
    return _same_host(tool, url) or parts_of(url).hostname == parts_of(call.resolve(tool.url or "")).hostname


def _plain(url: str) -> tuple[str, list[tuple[str, str]]]:
    parts = parts_of(url if "://" in url else f"http://{url}")
    address = f"{parts.scheme}://{parts.netloc.lower()}{parts.path or '/'}"
    return address, sorted(parse_qsl(parts.query, keep_blank_values=True))


def _same(tool: Tool, url: str) -> bool:
    return bool(tool.url and url) and _plain(tool.url or "") == _plain(url)


def _same_but_query(tool: Tool, url: str) -> bool:
    if not (tool.url and url):
        return False
    address, pairs = _plain(tool.url)
    other, further = _plain(url)
    return address == other and [pair for pair in further if pair in pairs] == pairs


def _same_host(tool: Tool, url: str) -> bool:
    """Whether a URL is on a tool's domain or below it; a port other than the scheme's own has to be in the domain."""
    parts = parts_of(url if "://" in url else f"http://{url}")
    domain = re.sub("https?://", "", (tool.domain or "").lower())
    port = parts.netloc.rpartition("@")[2].removeprefix(parts.hostname or "")
    usual = ":443" if parts.scheme == "https" else ":80"
    return bool(domain and parts.hostname) and f".{parts.hostname}{port.removesuffix(usual)}".endswith(f".{domain}")


BARS = {"rce": "editor_button", "top_nav": "top_navigation"}
"""The bars to which an account pins tools, and the placement that a pinned tool has."""


def favorites(store: CanvasStore, account: Account, bar: str = "rce") -> list[int] | None:
    """The tools that an account, or one above it, pinned to a bar; None if there is no such setting."""
    for level in chain(store, account.id):
        said = level.settings.get(f"{bar}_favorite_tool_ids")
        if said is not None:
            return list(said)
    return None


def pinned(store: CanvasStore, tool: Tool, where: Where, placements: Container[str]) -> dict[str, bool]:
    """Whether a tool is pinned to the bars for which it has one of these placements."""
    account, shown = account_of(store, where), {}
    for bar, name in BARS.items():
        if name in placements:
            found = favorites(store, account, bar)
            by_itself = bar == "rce" and tool.is_rce_favorite
            shown[f"is_{bar}_favorite"] = by_itself if found is None else tool.id in found
    return shown
