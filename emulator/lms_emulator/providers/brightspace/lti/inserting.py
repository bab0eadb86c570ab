"""Where chosen content goes: into a module, as topics, or into the text of a topic that is being edited.

The page that opens the tool says which: `parentNode`, a module, or `topic`, whose file is open in the editor. Without
either, content is only shown. Source: https://community.d2l.com/brightspace/kb/articles/23660 (quicklinks in the
content, Insert Stuff in the editor); Brightspace/sample-remote-plugins-test-service (targets of quicklinks). `topic`,
and the HTML that is written for an item that has none, are chosen.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape
from typing import Any
from urllib.parse import quote

from msgspec.structs import replace

from lms_emulator.providers.brightspace import refusals
from lms_emulator.providers.brightspace.call import Call, number
from lms_emulator.providers.brightspace.model import LtiLink, Module, OrgUnit, Topic

QUICKLINK = "/d2l/common/dialogs/quickLink/quickLink.d2l"
TARGETS = {"newwindow": "_blank", "wholewindow": "_top", "sameframe": "_self"}
"""Where a quicklink opens, as D2L's plugins name it, and as HTML does."""

PARAMETERS = {"module": "parentNode", "topic": "topic"}
"""The places for content, and the query parameters that name one."""


def opened_at(call: Call, unit: OrgUnit) -> dict[str, int]:
    """The `module` or `topic` that the opening page names. Raises the page if the org unit does not have it."""
    asked = {kind: call.query[name] for kind, name in PARAMETERS.items() if call.query.get(name)}
    found = {kind: record.id for kind, text in asked.items() if (record := _record(call, unit, kind, number(text)))}
    if len(found) < len(asked):
        raise refusals.page_not_found("parentNode is a module, and topic an HTML file, of the org unit")
    return found


def _record(call: Call, unit: OrgUnit, kind: str, key: int | None) -> Module | Topic | None:
    found: Module | Topic | None = call.store.modules.get(key) if kind == "module" else call.store.topics.get(key)
    editable = not isinstance(found, Topic) or (found.type, found.content_type) == ("File", "text/html")
    return found if found is not None and found.org_unit_id == unit.id and editable else None


def public_url(code: str, place: int, unit: str = "{orgUnitId}") -> str:
    """A quicklink to an LTI link. Parameters: `code`, the link's; `place`, its org unit; `unit`, where it is opened."""
    return f"{QUICKLINK}?ou={unit}&type=lti&rcode={code}&srcou={place}"


def insert(
    call: Call, unit: OrgUnit, where: Mapping[str, Any], items: list[dict[str, Any]], links: list[LtiLink]
) -> None:
    """Insert content where the tool was opened from. Raises the page if that was deleted since.

    Parameters: `where`, as in `opened_at`; `links`, those made of the items that are LTI links, in their order.
    """
    places = {kind: _record(call, unit, kind, where[kind]) for kind in PARAMETERS if kind in where}
    if None in places.values():
        raise refusals.page_not_found("what the content was chosen for is still there")
    found = list(_addressed(unit, items, links))
    for place in places.values():
        if isinstance(place, Module):
            for item, address in found:
                call.store.topics.put(_topic(call, place, item, address))
        elif isinstance(place, Topic):
            text = place.text + "".join(_html(item, address) for item, address in found)
            call.store.topics.put(replace(place, text=text, last_modified=call.clock.now()))


def _addressed(
    unit: OrgUnit, items: list[dict[str, Any]], links: list[LtiLink]
) -> Iterator[tuple[dict[str, Any], str]]:
    """The items with their addresses."""
    left = iter(links)
    for item in items:
        link = next(left, None) if item["type"] == "ltiResourceLink" else None
        code = link.id.rpartition("_")[0] if link is not None else ""
        yield item, public_url(code, unit.id, str(unit.id)) if code else str(item.get("url") or "")


def _topic(call: Call, module: Module, item: dict[str, Any], address: str) -> Topic:
    title, text = _title(item, address), str(item.get("html") or "")
    link = Topic(
        id=call.store.next_number("topics"),
        org_unit_id=module.org_unit_id,
        module_id=module.id,
        title=title,
        type="Link",
        url=address,
        last_modified=call.clock.now(),
    )
    return replace(link, type="File", url="", text=text, file_name=f"{quote(title)}.html") if text else link


def _title(item: Mapping[str, Any], address: str) -> str:
    return str(item.get("title") or item.get("text") or address or item["type"])


def _html(item: Mapping[str, Any], address: str) -> str:
    if item.get("html"):
        return str(item["html"])
    title = escape(_title(item, address))
    if item["type"] == "image":
        return f'<img src="{escape(address)}" alt="{title}">'
    target = TARGETS.get(str(item.get("target", "")).lower(), "_self")
    return f'<a href="{escape(address)}" target="{target}">{title}</a>'
