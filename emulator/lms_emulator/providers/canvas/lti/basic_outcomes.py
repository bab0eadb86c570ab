"""What LTI 1.1 tools know a student's result by.

Source: fixtures/recordings/canvas/lti-11.jsonl 57.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from typing import NamedTuple

from lms_emulator.core.keys import private_pem

_WRITTEN = re.compile(r"(\d+)-(\d+)-(\d+)-(\d+)-(\w+)")


class SourcedId(NamedTuple):
    """Whose result in which assignment a tool may change; `intact`, whether Canvas wrote it so."""

    tool_id: int
    course_id: int
    assignment_id: int
    user_id: int
    intact: bool


def sourced_id(tool_id: int, course_id: int, assignment_id: int, user_id: int) -> str:
    """The id of a student's result in an assignment, for one tool."""
    text = f"{tool_id}-{course_id}-{assignment_id}-{user_id}"
    return f"{text}-{_seal(text)}"


def read(text: str) -> SourcedId | None:
    """What an id says; None for what is none."""
    found = _WRITTEN.fullmatch(text.strip())
    if found is None:
        return None
    *numbers, seal = found.groups()
    intact = hmac.compare_digest(seal, _seal("-".join(numbers)))
    tool, course, assignment, user = map(int, numbers)
    return SourcedId(tool, course, assignment, user, intact)


def _seal(text: str) -> str:
    secret = f"canvas sourced ids\n{private_pem('canvas')}".encode()
    return hmac.new(secret, text.encode(), hashlib.sha1).hexdigest()
