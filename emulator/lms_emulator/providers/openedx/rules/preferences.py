"""What a user's preferences may be set to.

Source: edx-platform `openedx/core/djangoapps/user_api/preferences/api.py` (validate_user_preference_serializer).
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any

_ZONE = re.compile(r"[A-Za-z]+(?:/[A-Za-z0-9_+-]+)*")


def problem(key: str, value: Any) -> dict[str, str] | None:
    """What is wrong with a value for a preference, in the two wordings of the API; None if nothing is."""
    if not str(value).strip():
        text = f"Preference '{key}' cannot be set to an empty value."
        return {"developer_message": text, "user_message": text}
    if key == "time_zone" and not is_time_zone(str(value)):
        return {
            "developer_message": f"Value '{value}' not valid for preference '{key}': Not in timezone set.",
            "user_message": f"Value '{value}' is not a valid time zone selection.",
        }
    return None


def is_time_zone(name: str) -> bool:
    """Whether a name is in the system's time zone database; where there is none, whether it looks like a time zone."""
    known = _time_zones()
    return name in known if known else _ZONE.fullmatch(name) is not None


@cache
def _time_zones() -> frozenset[str]:
    from zoneinfo import available_timezones  # walks the whole database, so only when it is needed, and once

    return frozenset(available_timezones())
