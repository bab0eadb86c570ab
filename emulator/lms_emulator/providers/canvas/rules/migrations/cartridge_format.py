"""Canvas's own elements in a cartridge, and the fields of rows that they map to.

Source: canvas-lms lib/cc/xsd/cccv1p0.xsd (Canvas's schema of its own exports).
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, get_args
from xml.etree.ElementTree import Element, SubElement

import msgspec

from lms_emulator.core.state.structure import convert
from lms_emulator.providers.canvas.call.moments import stamp

CANVAS = "http://canvas.instructure.com/xsd/cccv1p0"
MANIFEST = "http://www.imsglobal.org/xsd/imsccv1p1/imscp_v1p1"
SETTINGS = "associatedcontent/imscc_xmlv1p1/learning-application-resource"
QUIZ = "imsqti_xmlv1p2/imscc_xmlv1p1/assessment"
TOPIC, LINK, TOOL = "imsdt_xmlv1p1", "imswl_xmlv1p1", "imsbasiclti_xmlv1p0"


def _same(names: str) -> dict[str, str]:
    return {name: name for name in names.split()}


GROUP = {"title": "name", **_same("position group_weight")}
ASSIGNMENT = {"title": "name"} | _same(
    "due_at lock_at unlock_at points_possible grading_type position submission_types allowed_extensions "
    "allowed_attempts peer_reviews automatic_peer_reviews peer_review_count anonymous_peer_reviews "
    "grade_group_students_individually omit_from_final_grade hide_in_gradebook only_visible_to_overrides "
    "post_to_sis moderated_grading grader_count anonymous_grading important_dates"
)
QUIZ_FIELDS = _same(
    "title description due_at lock_at unlock_at shuffle_answers scoring_policy hide_results quiz_type "
    "points_possible show_correct_answers anonymous_submissions allowed_attempts one_question_at_a_time "
    "cant_go_back time_limit access_code ip_filter only_visible_to_overrides question_count"
)
TOPIC_FIELDS = _same(
    "title discussion_type delayed_post_at lock_at pinned require_initial_post allow_rating only_graders_can_rate "
    "todo_date"
)
MODULE = {"title": "name", **_same("position unlock_at require_sequential_progress")}
EVENT = _same("title description start_at end_at all_day location_name location_address")
COURSE = {"title": "name"} | _same(
    "course_code license default_view public_description is_public is_public_to_auth_users public_syllabus "
    "public_syllabus_to_auth allow_student_wiki_edits hide_final_grades time_zone locale course_format"
)
CONTENT_TYPES = {
    "Assignment": ("Assignment", "assignments"),
    "Quizzes::Quiz": ("Quiz", "quizzes"),
    "Attachment": ("File", "attachments"),
    "WikiPage": ("Page", "wiki_pages"),
    "DiscussionTopic": ("Discussion", "discussion_topics"),
    "ContextModuleSubHeader": ("SubHeader", ""),
    "ExternalUrl": ("ExternalUrl", ""),
    "ContextExternalTool": ("ExternalTool", "context_external_tools"),
}
"""Canvas's names of module items, with the names and kinds used here."""


def text_of(value: Any) -> str:
    """A value as the text of an element."""
    if isinstance(value, datetime):
        return stamp(value).removesuffix("Z")
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return ",".join(str(item) for item in value)
    return str(value)


def add(parent: Element, name: str, value: Any = None, **attributes: str) -> Element:
    """Add an element with text, unless it is empty."""
    made = SubElement(parent, name, attributes)
    if value is not None:
        made.text = text_of(value)
    return made


def add_fields(parent: Element, record: Any, fields: dict[str, str]) -> None:
    """Add the non-empty fields of a row."""
    for name, field in fields.items():
        value = getattr(record, field)
        if value is not None and value != []:
            add(parent, name, value)


def tag(element: Element) -> str:
    """An element's name without its namespace."""
    return element.tag.rpartition("}")[2]


def child(element: Element | None, name: str) -> Element | None:
    """The first child of that name."""
    return next((value for value in element if tag(value) == name), None) if element is not None else None


def within(element: Element | None) -> list[Element]:
    """The children of an element; none where it is missing."""
    return list(element) if element is not None else []


def words(element: Element | None, name: str) -> str:
    """The text of a child; empty if there is none."""
    found = child(element, name)
    return (found.text or "").strip() if found is not None else ""


def read_fields(element: Element, record: type[Any], fields: dict[str, str]) -> dict[str, Any]:
    """The fields of a row in an element; invalid ones are skipped."""
    types = {info.name: info.type for info in msgspec.structs.fields(record)}
    found: dict[str, Any] = {}
    for name, field in fields.items():
        text = words(element, name)
        if not text:
            continue
        kind = types[field]
        value: Any = text.split(",") if list[str] in (kind, *get_args(kind)) else text
        if any(item is datetime or "datetime" in str(item) for item in (kind, *get_args(kind))):
            value = text if text.endswith("Z") else f"{text}Z"
        try:
            found[field] = convert(value, kind, strict=False)
        except msgspec.ValidationError:
            continue
    return found
