"""The JSON of the LMS's objects, one module for each family of resources."""

from __future__ import annotations

from datetime import datetime


def moment(at: datetime | None) -> str | None:
    """`YYYY-MM-DDTHH:MM:SSZ`, with six digits of a second where they are not zero (Django REST framework)."""
    if at is None:
        return None
    text = at.strftime("%Y-%m-%dT%H:%M:%S")
    return f"{text}.{at.microsecond:06d}Z" if at.microsecond else f"{text}Z"
