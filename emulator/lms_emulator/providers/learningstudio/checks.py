"""Checks of a well-formed section of a world file: dangling references, values that no message can carry."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lms_emulator.core.state.references import Reference, dangling, not_base64, shared, unending
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
    Reference("subscriptions", "principal_id", "principals"),
    Reference("course_groups", "course_id", "courses"),
    Reference("course_groups", "members", "users"),
    Reference("course_items", "course_id", "courses"),
    Reference("course_items", "parent_id", "course_items"),
    Reference("course_items", "group_id", "course_groups"),
    Reference("topics", "item_id", "course_items"),
    Reference("topic_responses", "topic_id", "topics"),
    Reference("topic_responses", "parent_id", "topic_responses"),
    Reference("topic_responses", "author_id", "users"),
    Reference("response_reads", "response_id", "topic_responses"),
    Reference("response_reads", "user_id", "users"),
    Reference("dropbox_messages", "item_id", "course_items"),
    Reference("dropbox_messages", "student_id", "users"),
    Reference("dropbox_messages", "author_id", "users"),
    Reference("dropbox_attachments", "message_id", "dropbox_messages"),
    Reference("exams", "item_id", "course_items"),
    Reference("exam_extensions", "exam_id", "exams"),
    Reference("exam_extensions", "user_id", "users"),
    Reference("exam_sections", "exam_id", "exams"),
    Reference("questions", "section_id", "exam_sections"),
    Reference("user_exams", "exam_id", "exams"),
    Reference("user_exams", "user_id", "users"),
    Reference("user_exams", "questions", "questions"),
    Reference("attempts", "exam_id", "exams"),
    Reference("attempts", "user_id", "users"),
    Reference("answers", "attempt_id", "attempts"),
    Reference("answers", "question_id", "questions"),
)


def problems(section: Any) -> Iterator[str]:
    """One line per dangling reference or unusable value, beginning with its place."""
    yield from _keys(section)
    yield from shared("campuses", "consumer_key", (campus.consumer_key for campus in section.campuses))
    yield from _points(section)
    yield from _content(section)
    for number, user in enumerate(section.users):
        if not 0 < user.id < 10**15:
            yield f"users[{number}].id: a positive number below 10^15, because access tokens contain it"
        if "|" in user.username:
            yield f"users[{number}].username: may not contain |, which separates the fields of an assertion"
    yield from dangling(section, _REFERENCES)
    yield from unending(section, _REFERENCES)


def _keys(section: Any) -> Iterator[str]:
    """Keys that AES cannot use, and names that a signed text cannot contain."""
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
    for number, principal in enumerate(section.principals):
        if len(principal.secret.encode()) not in KEY_LENGTHS:
            yield f"principals[{number}].secret: its characters are the AES key, so it has 16, 24 or 32 bytes"


def _points(section: Any) -> Iterator[str]:
    """Points of the gradebook that are out of range."""
    for number, item in enumerate(section.gradebook_items):
        if not 0 <= item.points_possible < 1e9:
            yield f"gradebook_items[{number}].points_possible: from 0 to a billion"
    for number, grade in enumerate(section.grades):
        if grade.points is not None and not 0 <= grade.points < 1e9:
            yield f"grades[{number}].points: from 0 to a billion"


def _content(section: Any) -> Iterator[str]:
    """Problems of items, files and questions."""
    units = {item.id for item in section.course_items if item.parent_id is None}
    for number, item in enumerate(section.course_items):
        if item.parent_id is None and item.type != "textMultimedia":
            yield f"course_items[{number}].type: a unit is textMultimedia; other items have a parent_id"
        if item.parent_id is not None and item.parent_id not in units:
            yield f"course_items[{number}].parent_id: {item.parent_id} is not a unit"
    for table, name in (("course_items", "original"), ("dropbox_attachments", "content")):
        yield from not_base64(section, table, name)
    for number, question in enumerate(section.questions):
        if not 0 <= question.points < 1e9:
            yield f"questions[{number}].points: from 0 to a billion"
        choices = [choice.id for choice in question.choices]
        if len(set(choices)) < len(choices):
            yield f"questions[{number}].choices: two have the same id"
        for premise in question.premises:
            if premise.choice_id not in choices:
                yield f"questions[{number}].premises: {premise.choice_id} is not among its choices"
