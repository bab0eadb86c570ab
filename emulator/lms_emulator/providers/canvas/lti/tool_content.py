"""What tools keep of a course: they export it when the course is copied, exported or synced, and import it.

Canvas asks each tool whose configuration has `content_migration` to start an export, asks for its status until it is
complete, fetches it, and gives it to the tool of the new course. Ids of Canvas in it (`"$canvas_assignment_id": 5`)
become those of the copies. Failures stop only the tool's own part; the migration never mentions them.

Source: canvas-lms app/models/lti/content_migration_service, lib/canvas/migration/external_content,
lib/cc/cc_exporter.rb, gems/canvas_http, lib/base/canvas.rb `retriable` (2024-04);
https://canvas.instructure.com/doc/api/file.tools_xml.html.
"""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import quote_plus, urljoin, urlsplit

from msgspec.structs import replace

from lms_emulator.core.http import json_text
from lms_emulator.core.http.outgoing import OutgoingError, fetch, later, pause
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.call.params import as_whole
from lms_emulator.providers.canvas.lti import places, variables
from lms_emulator.providers.canvas.model import Course, Tool
from lms_emulator.providers.canvas.rules import attached, tools
from lms_emulator.providers.canvas.rules.migrations import cartridges, packages, selection
from lms_emulator.providers.canvas.rules.migrations.kinds import KINDS, Kind, key
from lms_emulator.signing.jwt import sign

if TYPE_CHECKING:
    import httpx


LIFETIME_SECONDS = 30
RETRIES = 5
"""How often Canvas asks again whether an export or import is complete."""
MOST_REQUESTS = 3
"""A request, and two redirects followed."""
PAUSES_SECONDS = (1.5, 4.5)
"""Canvas's pauses after time-outs."""
NOT_FOUND = "$OBJECT_NOT_FOUND"
_KEY = re.compile(r"lti_(\d+)")
_ID = re.compile(r"\$canvas_(\w+)_id")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_TABLES = {kind.asset.rpartition(":")[2]: (kind.table, kind.asset) for kind in KINDS}
_TABLES |= {"announcement": ("discussion_topics", "discussion_topic")}
_TABLES |= {"file": _TABLES["attachment"], "page": _TABLES["wiki_page"]}
_UNTRACKED = (
    *("assessment_question_bank", "context_module_item", "context_module_tag"),
    *("grading_standard", "learning_outcome"),
)
"""The types whose ids Canvas translates too, but whose copies the emulator does not track."""


class Failed(Exception):
    """Why a tool's content is not exported or imported."""


@dataclass
class Exchange:
    """A tool's export or import in progress. `fetched` is where an export can be downloaded."""

    tool: Tool
    status: str
    fetched: str = ""


def _selected(api: Api, source: Course, copy: selection.Copy) -> list[str] | None:
    """The selected objects of a course as its tools see them (`quiz_5`); None for everything."""
    if not copy or copy.get("everything"):
        return None
    chosen = [part for part in packages.of_course(api, source).parts if selection.chosen(copy, part.kind, part.key)]
    return [_asset(part.kind, part.record.id) for part in chosen]


def _asset(kind: Kind, number: int) -> str:
    return f"{kind.asset.rpartition(':')[2]}_{number}"


def copy_later(api: Api, source: Course, target: Course, copy: selection.Copy) -> None:
    """Have the tools of a course export their content, and import it into its copy.

    Parameters: `copy`, what is copied.
    """
    _send_later(api, source, [target], _selected(api, source, copy))


def sync_later(api: Api, master: Course, targets: list[Course], changed: Iterable[tuple[Kind, int]] | None) -> None:
    """Have the tools of a blueprint course export their content once, and import it into courses.

    Parameters: `changed`, the objects that are synced; None for all, at the first sync of these courses.
    """
    assets = None if changed is None else [_asset(kind, number) for kind, number in changed]
    if targets:
        _send_later(api, master, targets, assets)


def _send_later(api: Api, source: Course, targets: list[Course], assets: list[str] | None) -> None:
    if configured(api, source):
        later(api.call, partial(_send, api, source, targets, assets))


def export_later(api: Api, source: Course, file_id: int, copy: selection.Copy) -> None:
    """Have the tools of a course export their content, and add it to the package in this file."""
    if configured(api, source):
        later(api.call, partial(_export, api, source, file_id, _selected(api, source, copy)))


def import_later(api: Api, target: Course, content: dict[str, Any]) -> None:
    """Give the content in a package, by tool, to the tools of the course."""
    if content and api.settings.tool_content:
        later(api.call, partial(_import, api, target, content))


def configured(api: Api, course: Course) -> list[Tool]:
    """The tools of a course, and of the accounts above it, that export and import content."""
    return [tool for tool in tools.offered(api.store, course) if _urls(api, tool)] if api.settings.tool_content else []


def _urls(api: Api, tool: Tool) -> Mapping[str, Any]:
    found = tools.settings(api.store, tool).get(tools.MIGRATION)
    return found if isinstance(found, dict) and {"export_start_url", "import_start_url"} <= set(found) else {}


def _address(urls: Mapping[str, Any], name: str) -> str:
    """A tool's URL, with `http://` where it has no scheme. Raises Failed."""
    written = urls[name]
    if not isinstance(written, str) or not written.strip():
        raise Failed(f"its `{name}` is {json.dumps(written)}, which is not a URL")
    return written.strip() if _SCHEME.match(written.strip()) else f"http://{written.strip().removeprefix('//')}"


async def _send(api: Api, source: Course, targets: list[Course], assets: list[str] | None) -> None:
    content = await _exported(api, source, assets)
    for target in targets:
        await _import(api, target, content)


async def _export(api: Api, source: Course, file_id: int, assets: list[str] | None) -> None:
    content = await _exported(api, source, assets)
    file = api.store.attachments.get(file_id)
    if content and file is not None:
        held = cartridges.entries(file.content)
        held |= {
            f"{cartridges.OF_TOOLS}/{name}.json": json.dumps(document).encode() for name, document in content.items()
        }
        api.store.attachments.put(replace(file, **attached.held(cartridges.zipped(held))))


# exporting


async def _exported(api: Api, course: Course, assets: list[str] | None) -> dict[str, Any]:
    """The tools' content, by name in packages, with ids of packages."""
    begun: dict[str, Exchange] = {}
    for tool in configured(api, course):
        if (answer := await _attempt(api, tool, "export", _start(api, tool, course, assets))) is not None:
            begun[f"lti_{tool.id}"] = answer
    content: dict[str, Any] = {}

    async def complete(name: str) -> bool:
        if not await _is_complete(api, begun[name]):
            return False
        content[name] = _translated(await _fetched(api, begun[name]), partial(_exported_id, api))
        return True

    await _until_complete(api, {name: exchange.tool for name, exchange in begun.items()}, "export", complete)
    return content


async def _start(api: Api, tool: Tool, course: Course, assets: list[str] | None) -> Exchange | None:
    urls = _urls(api, tool)
    body = _body(api, tool, course) | ({"custom_exported_assets": assets} if assets is not None else {})
    url = _address(urls, "export_start_url")
    answer = await _post(api, tool, url, urls.get("export_format"), body)
    if 400 <= answer.status_code < 500:
        return None  # documented: there is nothing to export
    if answer.status_code not in (200, 201):
        raise Failed(f"{url} answered {answer.status_code} instead of 200 or 201")
    started = _object(answer)
    if started and not (started.get("status_url") and started.get("fetch_url")):
        raise Failed("the answer needs both `status_url` and `fetch_url`, or to be an empty object")
    return Exchange(tool, str(started["status_url"]), str(started["fetch_url"])) if started else None


async def _fetched(api: Api, exchange: Exchange) -> Any:
    answer = await _get(api, exchange.tool, exchange.fetched)
    if answer.status_code != 200:
        raise Failed(f"{exchange.fetched} answered {answer.status_code} instead of 200")
    return _json(answer)


# importing


async def _import(api: Api, target: Course, content: dict[str, Any]) -> None:
    content = _translated(content, partial(_imported_id, api, target))
    begun: dict[str, Exchange] = {}
    for name, data in content.items():
        number = _KEY.fullmatch(name)
        original = api.store.tools.get(int(number.group(1))) if number is not None else None
        if original is None:
            _warn(api, name, "import", "the package does not name a tool of this school")
            continue
        answer = await _attempt(api, original, "import", _give(api, original, target, data))
        if answer is not None and answer.status:
            begun[name] = answer
    named = {name: exchange.tool for name, exchange in begun.items()}
    await _until_complete(api, named, "import", lambda name: _is_complete(api, begun[name]))


async def _give(api: Api, original: Tool, target: Course, data: Any) -> Exchange:
    tool = _counterpart(api, original, target)
    urls = _urls(api, tool) if tool is not None else {}
    if tool is None or not urls:
        raise Failed(
            f"Canvas finds no tool in the new course by the domain of the original ({original.domain or 'it has none'})"
        )
    body = _body(api, tool, target)
    body = {"context_id": body.pop("context_id"), "data": data, **body}
    url = _address(urls, "import_start_url")
    answer = await _post(api, tool, url, urls.get("import_format"), body)
    if answer.status_code not in (200, 201):
        raise Failed(f"{url} answered {answer.status_code} instead of 200 or 201")
    return Exchange(tool, str(_object(answer).get("status_url") or ""))


def _counterpart(api: Api, original: Tool, target: Course) -> Tool | None:
    """The tool that imports what another exported: the same, if the course has it, else one with its domain."""
    usable = any(tool.id == original.id for tool in tools.offered(api.store, target))
    if not original.domain:
        return original if usable else None
    found = tools.by_address(api.store, target, original.domain)
    if usable and not (found is not None and found.developer_key_id and not original.developer_key_id):
        return original
    return found


# ids


def _translated(data: Any, becomes: Callable[[str, Any], Any]) -> Any:
    """JSON data with the values of `$canvas_…_id` replaced."""
    if isinstance(data, list):
        return [_translated(member, becomes) for member in data]
    if not isinstance(data, dict):
        return data
    found = {}
    for name, member in data.items():
        known = _ID.fullmatch(name)
        if isinstance(member, dict | list) or known is None or known.group(1) not in (*_TABLES, *_UNTRACKED):
            found[name] = _translated(member, becomes)
        else:
            found[name] = becomes(known.group(1), member)
    return found


def _exported_id(api: Api, kind: str, value: Any) -> Any:
    number = as_whole(str(value))
    if kind in _UNTRACKED:
        api.call.warn("id_not_translated", f"not emulated: `$canvas_{kind}_id`; the tool gets `{NOT_FOUND}`")
    return NOT_FOUND if number is None or kind in _UNTRACKED else key(_TABLES[kind][1], number)


def _imported_id(api: Api, target: Course, kind: str, value: Any) -> Any:
    table = _TABLES[kind][0] if kind in _TABLES else ""
    rows = api.store.copied_assets.find("course", target.id)
    return next((asset.asset_id for asset in rows if asset.kind == table and asset.migration_id == value), NOT_FOUND)


# requests


async def _until_complete(
    api: Api, pending: dict[str, Tool], what: str, complete: Callable[[str], Awaitable[bool]]
) -> None:
    """Ask until all are complete or have failed, at most as often as Canvas."""
    for turn in range(RETRIES + 1):
        if not pending:
            return
        if turn:
            await pause(api.settings.tool_content_retry_seconds)
        for name, tool in list(pending.items()):
            if await _attempt(api, tool, what, complete(name), failed=True):
                del pending[name]
    for tool in pending.values():
        _warn(api, tool.name, what, f"it was not complete when asked {RETRIES + 1} times")


async def _attempt(api: Api, tool: Tool, what: str, doing: Awaitable[Any], failed: Any = None) -> Any:
    """The result, or `failed` and a warning."""
    try:
        return await doing
    except (Failed, OutgoingError) as error:
        _warn(api, tool.name, what, str(error))
        return failed


def _warn(api: Api, name: str, what: str, why: str) -> None:
    api.call.warn("tool_content_left_out", f"the {what} of {name}: {why}; Canvas leaves it out without saying so")


async def _is_complete(api: Api, exchange: Exchange) -> bool:
    """Raises Failed if the tool says so."""
    try:
        answer = await _get(api, exchange.tool, exchange.status)
    except OutgoingError as error:
        if error.reason == "timeout":
            return False
        raise
    reported = _object(answer) if answer.status_code == 200 else {}
    if reported.get("status") == "failed":
        raise Failed(f"the tool said that it failed: {reported.get('message')}")
    return reported.get("status") == "completed"


def _body(api: Api, tool: Tool, course: Course) -> dict[str, Any]:
    place = places.of_course(api.call, course)
    everywhere, own = tools.custom(api.store, tool) or {}, _urls(api, tool).get("custom_fields") or {}
    if not (isinstance(everywhere, dict) and isinstance(own, dict)):
        raise Failed("its `custom_fields` are not an object")
    fields = {tools.custom_name(name): value for name, value in (everywhere | own).items()}
    return {
        "context_id": places.context_id(course),
        "tool_consumer_instance_guid": f"{places.school(api.call, place.account.id).guid}:canvas-lms",
        **variables.expanded_as_text(variables.Scene(api.call, None, place, tool), fields),
    }


async def _post(api: Api, tool: Tool, url: str, form: Any, body: dict[str, Any]) -> httpx.Response:
    kind = "application/json" if form == "json" else "application/x-www-form-urlencoded"
    content = json.dumps(body) if form == "json" else _nested(body)
    api.call.outbox.add(
        "webhook",
        provider=api.call.provider,
        kind=tools.MIGRATION,
        to=url,
        at=api.call.clock.now(),
        subject=tool.name,
        data=body,
    )
    return await _sent(api, tool, "POST", url, content.encode(), {"Content-Type": kind})


async def _get(api: Api, tool: Tool, url: str) -> httpx.Response:
    return await _sent(api, tool, "GET", url, None, {})


async def _sent(
    api: Api, tool: Tool, method: str, url: str, content: bytes | None, headers: dict[str, str]
) -> httpx.Response:
    """The answer; a request that times out is sent again, with a pause."""
    for seconds in PAUSES_SECONDS:
        try:
            return await _followed(api, tool, method, url, content, headers)
        except OutgoingError as error:
            if error.reason != "timeout":
                raise
        await pause(min(seconds, api.settings.tool_content_retry_seconds))
    return await _followed(api, tool, method, url, content, headers)


async def _followed(
    api: Api, tool: Tool, method: str, url: str, content: bytes | None, headers: dict[str, str]
) -> httpx.Response:
    """The answer where redirects end. Canvas repeats the whole request there: method, body and token."""
    claims = {"exp": int(api.call.clock.timestamp()) + LIFETIME_SECONDS}
    token = sign(claims, tool.shared_secret, algorithm="HS256", kid=tool.consumer_key)
    headers = {**headers, "Authorization": f"Bearer {token}"}
    for _ in range(MOST_REQUESTS):
        found: httpx.Response = await fetch(
            api.call, method, api.call.resolve(url), allowed=[url], headers=headers, content=content
        )
        if not 300 <= found.status_code < 400 or found.status_code == 304:
            return found
        url = _redirected(str(found.request.url), found.headers.get("location", ""))
    raise Failed(f"it redirected {MOST_REQUESTS} times (to {url}); Canvas gives up at that")


def _redirected(url: str, location: str) -> str:
    """Where Canvas goes from a URL. Raises Failed."""
    if not location:
        raise Failed(f"{url} redirects without a `Location`")
    try:
        to, port, host = urljoin(url, location), urlsplit(url).port, urlsplit(location).netloc
    except ValueError:
        raise Failed(f"{url} redirects to {location}, which is not a URL") from None
    if port is not None and not host:
        raise Failed(
            f"{url} redirects to {location}, which has no host; Canvas forgets the port {port} and goes astray"
        )
    return to


def _nested(value: Any, prefix: str = "") -> str:
    """Data as a form in Rack's notation, in which empty lists and objects vanish: `data[assignments][][name]=x`."""
    if isinstance(value, dict):
        parts = (
            _nested(member, f"{prefix}[{quote_plus(name)}]" if prefix else quote_plus(name))
            for name, member in value.items()
        )
        return "&".join(filter(None, parts))
    if isinstance(value, list):
        return "&".join(filter(None, (_nested(member, f"{prefix}[]") for member in value)))
    if value is None:
        return prefix
    return f"{prefix}={quote_plus(str(value).lower() if isinstance(value, bool) else str(value))}"


def _json(answer: httpx.Response) -> Any:
    try:
        return json_text.parse(answer.content)
    except ValueError as error:
        raise Failed(f"{answer.request.url} gave no JSON: {error}") from None


def _object(answer: httpx.Response) -> dict[str, Any]:
    found = _json(answer)
    if not isinstance(found, dict):
        raise Failed(f"{answer.request.url} gave no JSON object")
    return found
