"""Course and usage keys, read as edx-opaque-keys 4.0.0 reads them.

Sources: opaque-keys 4.0.0 `opaque_keys/edx/locator.py`; edx-platform `openedx/envs/common.py` (COURSE_KEY_PATTERN);
`fixtures/recordings/openedx` for malformed keys, as in main.jsonl 792-907.
"""

from __future__ import annotations

import re
from typing import NamedTuple

#: A course id in a URL, before it is read as a key. What does not match never reaches a view (HTML 404).
COURSE_URL = r"[^/+]+(?:/|\+)[^/+]+(?:/|\+)[^/?]+"
#: A usage key in a URL.
USAGE_URL = r"(?:i4x://?[^/]+/[^/]+/[^/]+/[^@]+(?:@[^/]+)?)|(?:[^/]+)"
#: A username in a URL.
USERNAME_URL = r"[\w .@_+-]+"

_PART = r"[\w\-~.:]+"
_COURSE = re.compile(
    rf"course-v1:(?P<org>{_PART})\+(?P<course>{_PART})\+(?P<run>{_PART})(?:\+branch@{_PART})?(?:\+version@{_PART})?"
)
_DEPRECATED = re.compile(rf"(?P<org>{_PART})/(?P<course>{_PART})/(?P<run>{_PART})")
_LIBRARY = re.compile(rf"library-v1:(?P<org>{_PART})\+(?P<course>{_PART})")
_USAGE = re.compile(
    rf"block-v1:(?P<org>{_PART})\+(?P<course>{_PART})\+(?P<run>{_PART})"
    rf"\+type@(?P<type>{_PART})\+block@(?P<block>[\w\-~.:%]+)"
)
_OLD_USAGE = re.compile(
    rf"i4x://(?P<org>{_PART})/(?P<course>{_PART})/(?P<type>{_PART})/(?P<block>[\w\-~.:%]+)(?:@{_PART})?"
)


class CourseKey(NamedTuple):
    """A readable course key. `kind` is `course`, `deprecated` (`org/course/run`) or `library`."""

    text: str
    kind: str
    org: str
    course: str
    run: str

    def usage(self, kind: str, block_id: str) -> str:
        """The usage key of a block of this course."""
        if self.kind == "deprecated":
            return f"i4x://{self.org}/{self.course}/{kind}/{block_id}"
        return f"block-v1:{self.text.split(':', 1)[1]}+type@{kind}+block@{block_id}"

    @property
    def root(self) -> str:
        """The usage key of the course block itself."""
        return self.usage("course", self.run if self.kind == "deprecated" else "course")

    def asset(self, name: str) -> str:
        """The path of a file uploaded to this course."""
        if self.kind == "deprecated":
            return f"/c4x/{self.org}/{self.course}/asset/{name}"
        return f"/asset-v1:{self.text.split(':', 1)[1]}+type@asset+block@{name}"


class UsageKey(NamedTuple):
    """A readable usage key: one block of one course. `course` is empty for an old-style key, which names no run."""

    text: str
    course: str
    type: str
    block_id: str


def course_key(text: object) -> CourseKey | None:
    """Read a course key; None if the LMS raises InvalidKeyError. Any letter of any script counts as a letter."""
    if not isinstance(text, str):
        return None
    for kind, pattern in (("course", _COURSE), ("deprecated", _DEPRECATED), ("library", _LIBRARY)):
        found = pattern.fullmatch(text)
        if found is not None:
            parts = found.groupdict()
            return CourseKey(text, kind, parts["org"], parts["course"], parts.get("run") or "")
    return None


def why_no_usage_key(text: str) -> str:
    """What is wrong with a text that is not a usage key."""
    if "course-v1:" in text:
        return "this is the key of a course; a block's begins with block-v1:"
    if " " in text and usage_key(text.replace(" ", "+")) is not None:
        return "the `+` of the key was sent as spaces, which they are in a query or a form: write %2B"
    return f"`{text[:100]}` is not a key of a block, which is written block-v1:Org+Course+Run+type@problem+block@id"


def usage_key(text: str) -> UsageKey | None:
    """Read a usage key; None if it cannot be read."""
    found = _USAGE.fullmatch(text)
    if found is not None:
        part = found.group
        course = f"course-v1:{part('org')}+{part('course')}+{part('run')}"
        return UsageKey(text, course, part("type"), part("block"))
    found = _OLD_USAGE.fullmatch(text)
    return None if found is None else UsageKey(text, "", found.group("type"), found.group("block"))
