"""What may be set of a course, by whom, and what is wrong with it.

Source: canvas-lms app/controllers/courses_controller.rb, create and update (2023-06), and the recorded exchanges of
`courses-write`.
"""

from __future__ import annotations

import re
from typing import Any

from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call import identifiers
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.call.moments import rails_name, zone
from lms_emulator.providers.canvas.model import Course
from lms_emulator.providers.canvas.rules.permissions import account_allows

FLAGS = (
    "is_public",
    "is_public_to_auth_users",
    "public_syllabus",
    "public_syllabus_to_auth",
    "restrict_enrollments_to_course_dates",
    "hide_final_grades",
    "open_enrollment",
    "self_enrollment",
    "allow_student_wiki_edits",
    "allow_wiki_comments",
    "apply_assignment_group_weights",
    "homeroom_course",
)
TEXTS = ("course_code", "public_description", "syllabus_body", "friendly_name")
VIEWS = ("feed", "wiki", "modules", "assignments", "syllabus")
FORMATS = ("on_campus", "online", "blended")
PASSBACK = ("nightly_sync", "disabled")
LICENSES = (
    "private",
    "public_domain",
    "cc_by",
    "cc_by_sa",
    "cc_by_nc",
    "cc_by_nc_sa",
    "cc_by_nd",
    "cc_by_nc_nd",
)
SETTINGS: dict[str, Any] = {
    "allow_final_grade_override": False,
    "allow_student_discussion_topics": True,
    "allow_student_forum_attachments": True,
    "allow_student_discussion_editing": True,
    "allow_student_discussion_reporting": True,
    "allow_student_anonymous_discussion_topics": False,
    "filter_speed_grader_by_student_group": False,
    "allow_student_organized_groups": True,
    "hide_distribution_graphs": False,
    "hide_sections_on_course_users_page": False,
    "lock_all_announcements": False,
    "usage_rights_required": False,
    "restrict_student_past_view": False,
    "restrict_student_future_view": False,
    "restrict_quantitative_data": False,
    "show_announcements_on_home_page": False,
    "syllabus_course_summary": True,
    "conditional_release": False,
}
"""The settings of a course with their defaults."""
_COLOR = re.compile(r"#?(?:[0-9a-fA-F]{3}|[0-9a-fA-F]{6})")


def fields(api: Api, own: Course | None) -> dict[str, Any]:
    """What the request sets of a course. Raises the refusal for what is not valid."""
    sent = api.params.hash("course")
    found: dict[str, Any] = {name: sent.flag(name) for name in FLAGS if sent.has(name)}
    found |= {name: sent.text(name) for name in TEXTS if sent.has(name)}
    faults: dict[str, list[Any]] = {}
    if sent.has("name"):
        found["name"] = sent.text("name") or "Unnamed Course"
        if len(found["name"]) > 255:
            faults["name"] = ["too_long"]
    _chosen(api, found, faults)
    _dates(api, own, found, faults)
    _sis(api, own, found, faults)
    if faults:
        raise refusals.invalid(faults)
    if found.get("is_public"):
        found["public_syllabus"] = True
    return found


def _chosen(api: Api, found: dict[str, Any], faults: dict[str, list[Any]]) -> None:
    sent = api.params.hash("course")
    if sent.has("default_view"):
        found["default_view"] = sent.text("default_view")
        if found["default_view"] not in VIEWS:
            faults["default_view"] = ["Home page is not valid"]
    if sent.has("license"):
        found["license"] = sent.text("license") if sent.text("license") in LICENSES else "private"
    if sent.has("course_format"):
        found["course_format"] = sent.text("course_format") if sent.text("course_format") in FORMATS else None
    if sent.has("time_zone"):
        name = sent.text("time_zone") or ""
        found["time_zone"] = rails_name(name) if zone(name) is not None else "UTC"
    if sent.has("grade_passback_setting"):
        found["grade_passback_setting"] = sent.text("grade_passback_setting") or None
        if found["grade_passback_setting"] not in (*PASSBACK, None):
            faults["grade_passback_setting"] = ["Invalid grade_passback_setting"]
    if sent.has("course_color"):
        found["course_color"] = sent.text("course_color") or None
        if found["course_color"] is not None and not _COLOR.fullmatch(found["course_color"]):
            faults["course_color"] = ["Invalid hexcode provided"]
    if (quota := sent.text("storage_quota_mb")) and quota.isdigit() and _may(api, "manage_storage_quotas"):
        found["storage_quota_mb"] = int(quota)


def _dates(api: Api, own: Course | None, found: dict[str, Any], faults: dict[str, list[Any]]) -> None:
    sent = api.params.hash("course")
    for name in ("start_at", "end_at"):
        if sent.has(name):
            moment = api.moment("course", name)
            if moment is not None or not sent.text(name):
                found[name] = moment
    bound = own is not None and own.restrict_enrollments_to_course_dates
    if not found.get("restrict_enrollments_to_course_dates", bound):
        found.pop("start_at", None)
        found.pop("end_at", None)
    start = found.get("start_at", own.start_at if own is not None else None)
    end = found.get("end_at", own.end_at if own is not None else None)
    if start is not None and end is not None and end < start:
        faults["conclude_at"] = ["End date cannot be before start date"]


def _may(api: Api, permission: str) -> bool:
    return account_allows(api, api.caller, api.root, permission)


def _sis(api: Api, own: Course | None, found: dict[str, Any], faults: dict[str, list[Any]]) -> None:
    sent = api.params.hash("course")
    if not _may(api, "manage_sis"):
        return
    for name, attribute, what in (
        ("sis_course_id", "sis_source_id", "SIS ID"),
        ("integration_id", "integration_id", "Integration ID"),
    ):
        if not sent.has(name):
            continue
        value = sent.text(name) or None
        if own is None and name == "sis_course_id" and sent.text(name) == "":
            faults[attribute] = ["too_short"]
        taken = next((c for c in api.store.courses if value is not None and getattr(c, name) == value), None)
        if taken is not None and (own is None or taken.id != own.id):
            faults[attribute] = [f'{what} "{value}" is already in use']
        found[name] = value


def term_id(api: Api, own: Course | None) -> int:
    """The term that is named, else the course's, else the school's default one."""
    sent = api.params.hash("course")
    named = sent.text("term_id") or sent.text("enrollment_term_id")
    if named and (own is None or _may(api, "manage_courses")):
        return identifiers.term(api, named).id
    return own.enrollment_term_id if own is not None else identifiers.term(api, "default").id


def code_of(name: str) -> str:
    """The code of a course that was given none: its first word, and the next with a digit."""
    words = name.split()
    later = next((word for word in words[1:] if re.search(r"\d", word)), None)
    return " ".join([words[0], later] if later else words[:1])
