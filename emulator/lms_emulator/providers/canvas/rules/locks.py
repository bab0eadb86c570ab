"""What the dates of a thing keep a student from, as Canvas says it.

Source: the recorded exchanges of `grading-assignments` 259-262.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.call.moments import when
from lms_emulator.providers.canvas.model import Assignment
from lms_emulator.providers.canvas.rules import assignments


def spoken(api: Api, moment: datetime) -> str:
    """A time in a sentence: `Dec 1 at 12am`, with the year where it is another one."""
    local, now = moment.astimezone(api.zone), api.now.astimezone(api.zone)
    day = f"{local:%b} {local.day}" + (f", {local.year}" if local.year != now.year else "")
    clock = f"{local.hour % 12 or 12}" + (f":{local:%M}" if local.minute else "") + ("am" if local.hour < 12 else "pm")
    return f"{day} at {clock}"


def lock_fields(api: Api, record: Assignment) -> dict[str, Any]:
    """The keys of an assignment that is shut for a student; none when it is open."""
    reason = assignments.shut(api, record)
    asset = f"assignment_{record.id}"
    if reason == "unlock_at" and record.unlock_at is not None:
        return {
            "description": None,
            "locked_for_user": True,
            "lock_info": {"unlock_at": when(record.unlock_at), "asset_string": asset},
            "lock_explanation": f"This assignment is locked until {spoken(api, record.unlock_at)}.",
        }
    if reason == "lock_at" and record.lock_at is not None:
        return {
            "locked_for_user": True,
            "lock_info": {"lock_at": when(record.lock_at), "can_view": True, "asset_string": asset},
            "lock_explanation": f"This assignment was locked {spoken(api, record.lock_at)}.",
        }
    return {}
