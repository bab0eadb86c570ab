"""What is wrong with a member of a JSON document that an LTI service refuses, or with the token that came with it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from lms_emulator.core.access.slips import why_no_time
from lms_emulator.core.access.token_faults import unfit

if TYPE_CHECKING:
    from lms_emulator.core.http.refusals import Refusal

_OF_SERVICES = ("score_", "line_item_")
_OF_CONTENT = ("deep_linking_line_item", "content_item_")
_UNFIT = ("_not_a_number", "_out_of_range", "_not_a_text", "_unknown_value", "_zero")
_COMMA = re.compile(r"-?\d+,\d+")
_LONGEST = 100


def why_member(refusal: Refusal) -> str | None:
    """Which member is missing or unfit, and what it has to be; None if the refusal is about something else."""
    reason, name, got = refusal.reason, refusal.check, str(refusal.got)[:_LONGEST]
    if reason == "service_scope_missing" and isinstance(refusal.expected, list | tuple):
        needed = " or ".join(map(str, refusal.expected))
        return f"the token was issued without the scope that the service needs: request {needed}"
    if reason == "token_of_no_user":
        whose = "a user who was deleted, or a tool, whose tokens are for LTI services"
        return f"its `sub`, {got}, is not a user: it is of {whose}; REST needs one of a user"
    if reason == "field_invalid" and isinstance(refusal.expected, list | tuple) and refusal.got is not None:
        return unfit(name.partition(" ")[0].strip("`"), refusal.got, refusal.expected)
    if reason.startswith(_OF_CONTENT):
        return _why_content(refusal)
    return _why_service(refusal) if reason.startswith(_OF_SERVICES) else None


def _why_service(refusal: Refusal) -> str | None:
    """What is wrong with a member of a line item or a score."""
    reason, name, got = refusal.reason, refusal.check, str(refusal.got)[:_LONGEST]
    if reason == "score_too_old":
        return "its `timestamp` is not later than that of the score that is kept: every score needs a later one"
    if reason == "score_for_nobody" and refusal.got is not None:
        return f"nobody in the course has the `sub` {got}; `userId` is the `sub` of the id_token or of the roster"
    if not name.isidentifier() or refusal.got is None:
        return None
    if name == "body":
        return f"the body is {'null' if got == 'NoneType' else f'a {got}'}; it has to be an object"
    if reason.endswith("_missing") and isinstance(refusal.got, list | tuple):
        return _why_missing(name, refusal.got)
    if reason.endswith("_not_a_time"):
        return f"`{name}` was sent as {got}; {why_no_time(got)}"
    if not reason.endswith(_UNFIT):
        return None
    tip = "numbers have a point, not a comma" if _COMMA.fullmatch(got) else f"it has to be {refusal.expected}"
    return f"`{name}` was sent as {got}" + (f"; {tip}" if "," in got or refusal.expected is not None else "")


def _why_content(refusal: Refusal) -> str | None:
    """What is wrong with a member of a content item in a deep linking response."""
    name, got = refusal.check.removeprefix("content item ").removesuffix(" invalid"), refusal.got
    if isinstance(got, list | tuple) and "number" in str(refusal.expected):
        return _why_missing(name, got)
    if "time" in str(refusal.expected) and isinstance(got, str):
        return f"`{name}` was sent as {got[:_LONGEST]}; {why_no_time(got)}"
    return unfit(name, got, refusal.expected)


def _why_missing(name: str, sent: Iterable[object]) -> str:
    like = next((value for value in sent if _plain(value) == _plain(name)), None)
    return f"`{like}` was sent; the name is `{name}`" if like else f"no `{name}` was sent"


def _plain(name: object) -> str:
    return re.sub("[^a-z0-9]", "", str(name).lower())
