"""Why something is locked for the caller, in words."""

from __future__ import annotations

from datetime import datetime
from html import escape
from typing import Any

from lms_emulator.core.clock import in_zone
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.shapes import Json


def in_words(api: Api, moment: datetime) -> str:
    """A time in words: `Nov 25 at 12am`, with the year if it is not the current one."""
    local = in_zone(moment, api.zone)
    year = "" if local.year == api.now.astimezone(api.zone).year else f", {local.year}"
    minutes = f":{local.minute:02d}" if local.minute else ""
    return f"{local:%b} {local.day}{year} at {local.hour % 12 or 12}{minutes}{'am' if local.hour < 12 else 'pm'}"


def locked_json(api: Api, kind: str, info: dict[str, Any] | None) -> Json:
    """The three keys about a lock; only the first one if there is none.

    Parameters: `kind`, its name in a sentence (`file`, `topic`); `info`, the `lock_info`.
    """
    if info is None:
        return {"locked_for_user": False}
    return {"locked_for_user": True, "lock_info": info, "lock_explanation": explanation(api, kind, info)}


def explanation(api: Api, kind: str, info: dict[str, Any]) -> str:
    """The sentence that goes with a lock."""
    if "context_module" in info and "unlock_at" not in info:
        return _by_module(api, kind, info["context_module"], info["asset_string"])
    if "unlock_at" in info:
        return f"This {kind} is locked until {in_words(api, datetime.fromisoformat(info['unlock_at']))}."
    if "lock_at" in info:
        return f"This {kind} was locked {in_words(api, datetime.fromisoformat(info['lock_at']))}."
    return f"This {kind} is currently locked."


def _by_module(api: Api, kind: str, module: dict[str, Any], asset: str) -> str:
    """The explanation of something that a module locks, with the links of Canvas's pages."""
    opens = module["unlock_at"] and datetime.fromisoformat(module["unlock_at"])
    page = f"/courses/{module['context_id']}/modules"
    reason = " and hasn&#39;t been unlocked yet."
    if opens and api.now < opens:
        reason = f", which is locked until {in_words(api, opens)}."
    return (
        f"This {kind} is part of the module <b>{escape(module['name'])}</b>{reason}<br/><div class='spinner'></div>"
        f"<a style='display: none;' class='module_prerequisites_fallback' href='{api.url(page)}#module_{module['id']}'>"
        "Visit the course modules page for information on how to unlock this content.</a>"
        f"<a x-canvaslms-trusted-url='{page}/{module['id']}/prerequisites/{asset}' style='display: none;' "
        "id='module_prerequisites_lookup_link'>&nbsp;</a>"
    )
