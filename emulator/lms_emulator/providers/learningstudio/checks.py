"""Checks of a well-formed section of a world file: references that lead nowhere, values that no message can carry."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lms_emulator.core.state.references import Reference, dangling, shared
from lms_emulator.signing.cmac import KEY_LENGTHS

_REFERENCES = (
    Reference("users", "client_string", "campuses", "client_string"),
    Reference("terms", "client_string", "campuses", "client_string"),
    Reference("courses", "client_string", "campuses", "client_string"),
    Reference("courses", "term_id", "terms"),
    Reference("enrollments", "course_id", "courses"),
    Reference("enrollments", "user_id", "users"),
    Reference("announcements", "course_id", "courses"),
    Reference("gradebook_items", "course_id", "courses"),
    Reference("grades", "gradebook_item_id", "gradebook_items"),
    Reference("grades", "user_id", "users"),
    Reference("custom_categories", "course_id", "courses"),
    Reference("custom_items", "category_guid", "custom_categories", "guid"),
    Reference("custom_items", "gradebook_item_id", "gradebook_items"),
)


def problems(section: Any) -> Iterator[str]:
    """One line per broken reference and per value that cannot be used, beginning with its place."""
    if len(section.server_key.encode()) not in KEY_LENGTHS:
        yield f"server_key: an AES key has 16, 24 or 32 bytes, this one has {len(section.server_key.encode())}"
    for number, campus in enumerate(section.campuses):
        size = len(campus.shared_secret.encode())
        if size not in KEY_LENGTHS:
            yield (
                f"campuses[{number}].shared_secret: its characters are the AES key, so it has 16, 24 or 32 bytes; "
                f"this one has {size}"
            )
        if "|" in campus.client_string + campus.consumer_key:
            yield f"campuses[{number}]: neither client_string nor consumer_key may contain |, which separates fields"
    yield from shared("campuses", "consumer_key", (campus.consumer_key for campus in section.campuses))
    yield from dangling(section, _REFERENCES)
    for number, item in enumerate(section.gradebook_items):
        if not 0 <= item.points_possible < 1e9:
            yield f"gradebook_items[{number}].points_possible: from 0 to a billion"
    for number, grade in enumerate(section.grades):
        if grade.points is not None and not 0 <= grade.points < 1e9:
            yield f"grades[{number}].points: from 0 to a billion"
    for number, user in enumerate(section.users):
        if not 0 < user.id < 10**15:
            yield f"users[{number}].id: a positive number below 10^15, because access tokens contain it"
        if "|" in user.username:
            yield f"users[{number}].username: may not contain |, which separates the fields of an assertion"
