"""Numbers, booleans and times in D2L's formats, and pages."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from starlette.responses import Response

from lms_emulator.core.clock import parse_instant
from lms_emulator.core.http import cookie_policies, pages
from lms_emulator.core.http.refusals import SiteRefusal
from lms_emulator.providers.brightspace import refusals
from lms_emulator.providers.brightspace.call import Call, number

PACKAGE = __package__
_FORMAT = "yyyy-MM-ddTHH:mm:ss.fffZ"
_MILLISECONDS_FROM = 100_000_000_000


def when(moment: datetime | None) -> str | None:
    """A time in Brightspace's format: `2026-11-21T12:00:00.000Z`, always with milliseconds."""
    if moment is None:
        return None
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def unreadable(
    call: Call,
    name: str,
    expected: str,
    got: Any,
    diagnosis: str | None = None,
    refusal: Callable[..., SiteRefusal] = refusals.invalid_parameter,
) -> None:
    """Raise the 400, or warn if the setting ignores invalid values."""
    if call.settings.unreadable_values == "refuse":
        raise refusal(f"{name}_invalid", expected=expected, got=got, diagnosis=diagnosis)
    call.warn("value_ignored", f"`{name}` was ignored: {diagnosis or f'it has to be {expected}'}")


def numbers(call: Call, name: str, known: Mapping[str, int]) -> set[int]:
    """The ids in a query parameter; empty if it is missing.

    Parameters: `known`, ids by the names that clients send by mistake.
    """
    found = set()
    for text in (part.strip() for value in call.query.getlist(name) for part in value.split(",")):
        value = number(text)
        if value is not None:
            found.add(value)
        elif text:
            meant = next((known[word] for word in known if word.lower() == text.lower()), None)
            said = "an id is a number" if meant is None else f"`{text}` is a name; the id is {meant}"
            unreadable(call, name, "a number", text, said)
    return found


def number_or(call: Call, name: str, default: int) -> int:
    """A number in the query. Anything else counts as the default, and is noted."""
    value = number(text := call.query.get(name, ""))
    if value is None and text:
        call.reads.takes((name,), text, str(default))
    return default if value is None else value


def truth(call: Call, name: str) -> bool | None:
    """A boolean query parameter; None if it is missing."""
    text = call.query.get(name, "").strip().lower()
    if text in ("true", "1"):
        return True
    if text and text not in ("false", "0"):
        unreadable(call, name, "true or false", call.query.get(name), "write `true` or `false`")
        return None
    return False if text else None


def moment(call: Call, name: str, value: Any) -> datetime | None:
    """A UTCDateTime in a query or body; None if it is missing."""
    if value is None or value == "":
        return None
    found = _instant(value)
    if found is not None and value == when(found):
        return found
    unreadable(call, name, _FORMAT, value, f"write it as `{when(found)}`" if found is not None else f"write {_FORMAT}")
    return found if isinstance(value, str) else None


def _instant(value: Any) -> datetime | None:
    """The intended time of a value in another format."""
    count = number(value) if isinstance(value, str) else value
    try:
        if isinstance(count, int | float) and not isinstance(count, bool):
            return datetime.fromtimestamp(count / (1000 if abs(count) > _MILLISECONDS_FROM else 1), UTC)
        return parse_instant(str(value))
    except (ValueError, OverflowError, OSError):
        return None


# pages


def launch_page(call: Call, title: str, action: str, fields: Mapping[str, str]) -> Response:
    """The page that opens a tool, in the window or a frame."""
    return pages.page(
        PACKAGE,
        "tool.html",
        headers={"Cache-Control": "no-store"},
        base=call.base_url,
        title=title,
        action=action,
        fields=fields,
        in_frame=call.settings.launch_in == "frame",
        storage=call.settings.platform_storage,
        **cookie_policies.wanted(call.world.emulator.third_party_cookies, action),
    )


def auto_post(action: str, fields: Mapping[str, str]) -> Response:
    """The auto-posting form for a tool, in this site's style."""
    return pages.auto_post(PACKAGE, action, fields)
