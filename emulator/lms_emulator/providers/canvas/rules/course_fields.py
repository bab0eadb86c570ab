"""Settable fields of a course: who may set them, and their validation.

Source: canvas-lms app/controllers/courses_controller.rb, create and update (2023-06), and the recorded exchanges of
`courses-write`.
"""

from __future__ import annotations

import re
from typing import Any

from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call import identifiers
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.call.languages import LOCALES
from lms_emulator.providers.canvas.call.moments import rails_name, zone
from lms_emulator.providers.canvas.call.params import Params
from lms_emulator.providers.canvas.model import Account, Course
from lms_emulator.providers.canvas.rules import blueprints, courses, features, grades
from lms_emulator.providers.canvas.rules.permissions import account_allows, require_account

FLAGS = (
    "is_public",
    "indexed",
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
TEXTS = ("course_code", "public_description", "syllabus_body")
SWITCHES = ("post_manually", "enable_course_paces")
PICTURES = ("image", "banner_image")
LONGEST = 255
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
INHERITED = (
    "lock_all_announcements",
    "usage_rights_required",
    "restrict_student_past_view",
    "restrict_student_future_view",
    "restrict_quantitative_data",
    "conditional_release",
)
"""Those that a course has from its account where it has none of its own."""
FEATURES = {
    "allow_final_grade_override": "final_grades_override",
    "filter_speed_grader_by_student_group": "filter_speed_grader_by_student_group",
}
"""Settings that have an effect only if a feature is on, for the course or the root account."""
_TIME = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2}))?")
_COLOR = re.compile(r"#?(?:[0-9a-fA-F]{3}|[0-9a-fA-F]{6})")


VISIBILITIES = {"course": (False, False), "institution": (False, True), "public": (True, None)}
"""The values of `is_public` and `is_public_to_auth_users` by `course_visibility`; None leaves them unchanged."""


def require_rights(api: Api, course: Course) -> None:
    """Refuse callers who send a field that they may not set."""
    sent = api.params.hash("course")
    named = sent.text("grading_standard_id") if sent.has("grading_standard_id") else None
    known = {standard.id for standard in grades.standards(api, "Course", course.id)}
    wanted = number if named and (number := identifiers.local_number(named)) in known else None
    regraded = sent.has("grading_standard_id") and wanted != course.grading_standard_id
    if regraded or sent.has("grade_passback_setting"):
        courses.require(api, course, "manage_grades")
    turned = sent.has("blueprint") and sent.flag("blueprint") != course.blueprint
    if turned or blueprints.restricts(api.store, course, sent):
        require_account(api, home(api, course), "manage_master_courses")
    if not api.params.flag("override_sis_stickiness", default=True):
        raise refusals.crashed("Canvas of 2023 fails on override_sis_stickiness=false here")


def announcement_limit(sent: Params) -> dict[str, int | None]:
    """How many announcements the home page shows, if it was sent; None for a blank."""
    name = "home_page_announcement_limit"
    text = sent.text(name)
    return {} if text is None else {name: sent.integer(name) if text.strip() else None}


def home(api: Api, course: Course) -> Account:
    """The account that a course is in."""
    return api.store.accounts.get(course.account_id) or api.root


def fields(api: Api, own: Course | None, account: Account) -> dict[str, Any]:
    """The course fields in the request. Raises the refusal for invalid ones.

    Parameters: `account`, the account of the course or of the new course.
    """
    sent = api.params.hash("course")
    found: dict[str, Any] = {name: sent.boolean(name) for name in FLAGS if sent.has(name)}
    found |= {name: sent.text(name) for name in TEXTS if sent.has(name)}
    if "syllabus_body" in found and found["syllabus_body"] != (own.syllabus_body if own is not None else None):
        found["syllabus_updated_at"] = api.now
    faults: dict[str, list[Any]] = {}
    if not _writes_all(api, own):
        return {name: value for name, value in found.items() if name.startswith("syllabus_")}
    if sent.has("name"):
        found["name"] = (sent.text("name") or "").replace("\r", "")
        found["name"] = found["name"] if found["name"].strip() else "Unnamed Course"
        if len(found["name"]) > LONGEST:
            faults["name"] = ["too_long"]
    code = found.get("course_code") or (code_of(found["name"]) if own is None and "name" in found else "")
    if len(code) > LONGEST:
        faults["course_code"] = ["too_long"]
    _openness(api, own, account, found)
    _chosen(api, own, account, found, faults)
    _dates(api, own, found, faults)
    _sis(api, own, found, faults)
    _settings(api, own, found)
    _paced(api, own, faults)
    _fixed(api, own, account, found)
    if found.get("self_enrollment") and (own is None or own.self_enrollment_code is None):
        found["self_enrollment_code"] = api.call.ids.text(6)
    if faults:
        raise refusals.invalid(faults)
    return found


def _writes_all(api: Api, own: Course | None) -> bool:
    """Whether the caller may write more than the syllabus, which who edits the contents of a course may write."""
    return own is None or courses.may(api, api.caller, own, "update")


def _openness(api: Api, own: Course | None, account: Account, found: dict[str, Any]) -> None:
    """The course's visibility. It is ignored from callers who may not set it."""
    sent, right = api.params.hash("course"), "manage_course_visibility"
    allowed = courses.may(api, api.caller, own, right) if own else account_allows(api, api.caller, account, right)
    if not allowed and own is None:
        for name in ("public_syllabus", "is_public_to_auth_users", "public_syllabus_to_auth"):
            found.pop(name, None)
        found["is_public"] = False
    if not allowed:
        found.pop("indexed", None)
        return
    public, logged_in = VISIBILITIES.get(sent.text("course_visibility") or "", (None, None))
    if public is not None:
        found["is_public"] = public
    if logged_in is not None:
        found["is_public_to_auth_users"] = logged_in
    if "is_public" in found:
        by_login = own is not None and own.public_syllabus_to_auth
        found.setdefault("public_syllabus", bool(found["is_public"]) and not by_login)
    if "is_public_to_auth_users" in found:
        found.setdefault("public_syllabus_to_auth", bool(found["is_public_to_auth_users"]))
    if sent.flag("custom_course_visibility") and (option := sent.text("syllabus_visibility_option")):
        found["public_syllabus"] = option == "public"
        found["public_syllabus_to_auth"] = option == "institution"


def settable(api: Api, course: Course | None, name: str) -> bool:
    """Whether a setting has an effect in a course."""
    feature = FEATURES.get(name)
    owners = [owner for owner in (course, api.root) if owner is not None]
    return feature is None or any(features.enabled(api, owner, feature) for owner in owners)


def _settings(api: Api, own: Course | None, found: dict[str, Any]) -> None:
    sent = api.params.hash("course")
    kept = dict(own.settings) if own is not None else {}
    names = (name for name in (*SETTINGS, *SWITCHES) if sent.has(name) and settable(api, own, name))
    kept |= {name: sent.flag(name) for name in names}
    for name in PICTURES:
        kept |= _picture(api, own, name)
    kept |= announcement_limit(sent)
    if sent.has("default_due_time"):
        kept["default_due_time"] = time_of_day(sent.text("default_due_time") or "")
    if kept != (own.settings if own is not None else {}):
        found["settings"] = kept


def _paced(api: Api, own: Course | None, faults: dict[str, list[Any]]) -> None:
    """Refuse course paces in a homeroom."""
    sent = api.params.hash("course")
    if own is not None and sent.flag("homeroom_course") and own.settings.get("enable_course_paces"):
        faults["homeroom_course"] = ["Homeroom Course cannot be used with Course Pacing"]
    if own is not None and sent.flag("enable_course_paces") and own.homeroom_course:
        faults["enable_course_paces"] = ["Course Pacing cannot be used with Homeroom Course"]


def _fixed(api: Api, own: Course | None, account: Account, found: dict[str, Any]) -> None:
    """Drop what a school keeps from its teachers."""
    kept = own is not None and api.root.settings.get("prevent_course_renaming_by_teachers")
    if kept and not account_allows(api, api.caller, account, "manage_courses_admin"):
        for name in ("name", "course_code"):
            found.pop(name, None)


def _picture(api: Api, own: Course | None, name: str) -> dict[str, Any]:
    """The picture in the request: a URL, or one of the course's files.

    Canvas silently ignores both at once, and a file that is not the course's.
    """
    sent = api.params.hash("course")
    url, named = sent.text(f"{name}_url"), sent.text(f"{name}_id")
    number = None
    if named is not None:
        file = api.store.attachments.get(identifiers.local_number(named) or 0)
        inside = file is not None and own is not None and (file.context_type, file.context_id) == ("Course", own.id)
        if url is not None or not inside or file is None or file.file_state == "deleted":
            return {}
        number = file.id
    removes = sent.flag(f"remove_{name}")
    if url is None and number is None and not removes:
        return {}
    return {f"{name}_url": None if removes else url or None, f"{name}_id": None if removes else number}


def time_of_day(text: str) -> str | None:
    """A time of day as Ruby reads it: midnight if it is not one; None for `inherit`."""
    if text in ("", "inherit"):
        return None
    found = _TIME.fullmatch(text.strip())
    hour, minute, second = (int(part or 0) for part in found.groups()) if found else (0, 0, 0)
    return f"{hour:02}:{minute:02}:{second:02}" if hour < 24 and minute < 60 and second < 60 else "00:00:00"


def _chosen(
    api: Api, own: Course | None, account: Account, found: dict[str, Any], faults: dict[str, list[Any]]
) -> None:
    sent = api.params.hash("course")
    _looks(api, own, sent, found, faults)
    if sent.has("license"):
        found["license"] = sent.text("license") if sent.text("license") in LICENSES else "private"
    if sent.has("course_format"):
        found["course_format"] = sent.text("course_format") if sent.text("course_format") in FORMATS else None
    if sent.has("time_zone"):
        name = sent.text("time_zone") or ""
        found["time_zone"] = rails_name(name) if zone(name) is not None else "UTC"
    if sent.has("locale"):
        found["locale"] = sent.text("locale") or None
        if found["locale"] not in (*LOCALES, None):
            faults["locale"] = ["inclusion"]
    _grading(api, own, sent, found, faults)
    if sent.has("blueprint"):
        found["blueprint"] = sent.flag("blueprint")
    if sent.has("template") and own is not None:
        right = "add_course_template" if sent.flag("template") else "delete_course_template"
        if courses.may(api, api.caller, own, right):
            found["template"] = sent.flag("template")
    _placed(api, own, account, found)


def _looks(api: Api, own: Course | None, sent: Params, found: dict[str, Any], faults: dict[str, list[Any]]) -> None:
    if sent.has("default_view"):
        found["default_view"] = sent.text("default_view")
        if found["default_view"] not in VIEWS:
            faults["default_view"] = ["Home page is not valid"]
        elif found["default_view"] == "wiki" and not _has_front_page(api, own):
            faults["default_view"] = ["A Front Page is required"]
    if sent.has("course_color"):
        text = sent.text("course_color") or ""
        color = text if text.strip() and len(text) > 1 else None
        found["course_color"] = f"#{color.removeprefix('#')}" if color is not None else None
        if color is not None and not _COLOR.fullmatch(color):
            faults["course_color"] = ["Invalid hexcode provided"]


def _grading(api: Api, own: Course | None, sent: Params, found: dict[str, Any], faults: dict[str, list[Any]]) -> None:
    if sent.has("grading_standard_id"):
        wanted = identifiers.local_number(sent.text("grading_standard_id") or "")
        known = grades.standards(api, "Course", own.id) if own is not None else api.store.grading_standards
        usable = {standard.id for standard in known}  # a new course accepts any file
        if wanted in usable:
            found["grading_standard_id"] = wanted
        elif sent.text("grading_standard_id") == "":
            found["grading_standard_id"] = None
    if sent.has("grade_passback_setting"):
        found["grade_passback_setting"] = sent.text("grade_passback_setting") or None
        if own is not None and found["grade_passback_setting"] not in (*PASSBACK, None):
            faults["grade_passback_setting"] = ["Invalid grade_passback_setting"]
    if sent.has("group_weighting_scheme"):
        found["apply_assignment_group_weights"] = sent.text("group_weighting_scheme") == "percent"


def _has_front_page(api: Api, own: Course | None) -> bool:
    pages = api.store.wiki_pages.find("context", ("Course", own.id)) if own is not None else []
    return any(page.front_page and page.workflow_state == "active" for page in pages)


def _placed(api: Api, own: Course | None, account: Account, found: dict[str, Any]) -> None:
    """Fields that only account admins may set: the course's account and storage quota."""
    sent = api.params.hash("course")
    if account_allows(api, api.caller, account, "manage_storage_quotas"):
        if (quota := sent.whole("storage_quota_mb")) is not None:
            found["storage_quota_mb"] = quota
        elif (quota := sent.whole("storage_quota")) is not None:
            found["storage_quota_mb"] = quota // 2**20
    named = sent.text("account_id")
    if own is not None and named and account_allows(api, api.caller, account, "manage_courses_admin"):
        other = identifiers.account(api, named)
        if account_allows(api, api.caller, other, "manage_courses_admin"):
            found["account_id"] = other.id


def _dates(api: Api, own: Course | None, found: dict[str, Any], faults: dict[str, list[Any]]) -> None:
    sent = api.params.hash("course")
    for name in ("start_at", "end_at"):
        if sent.has(name):
            moment = api.moment("course", name)
            if moment is not None or not sent.text(name):
                found[name] = moment
    bound = own is not None and own.restrict_enrollments_to_course_dates
    if not found.get("restrict_enrollments_to_course_dates", bound):
        found["end_at"] = None
        if own is None or own.workflow_state == "unpublished":
            found["start_at"] = None
    start = found.get("start_at", own.start_at if own is not None else None)
    end = found.get("end_at", own.end_at if own is not None else None)
    if start is not None and end is not None and end < start:
        faults["conclude_at"] = ["End date cannot be before start date"]


def _may(api: Api, permission: str) -> bool:
    return account_allows(api, api.caller, api.root, permission)


def _sis(api: Api, own: Course | None, found: dict[str, Any], faults: dict[str, list[Any]]) -> None:
    sent = api.params.hash("course")
    manages = _may(api, "manage_sis")
    for name, attribute, what in (
        ("sis_course_id", "sis_source_id", "SIS ID"),
        ("integration_id", "integration_id", "Integration ID"),
    ):
        if not sent.has(name) or not (manages or (own is not None and name == "integration_id")):
            continue
        value = sent.text(name) or (None if name == "sis_course_id" or own is None else sent.text(name))
        if own is None and name == "sis_course_id" and sent.text(name) == "":
            faults[attribute] = ["too_short"]
        taken = next((c for c in api.store.courses if value and getattr(c, name) == value), None)
        if taken is not None and (own is None or taken.id != own.id):
            faults[attribute] = [f'{what} "{value}" is already in use']
        found[name] = value


def term_id(api: Api, own: Course | None) -> int:
    """The term in the request, else the course's, else the root account's default."""
    sent = api.params.hash("course")
    named = sent.text("term_id") or sent.text("enrollment_term_id")
    if named and (own is None or account_allows(api, api.caller, home(api, own), "manage_courses_admin")):
        return identifiers.term(api, named).id
    return own.enrollment_term_id if own is not None else identifiers.term(api, "default").id


def code_of(name: str) -> str:
    """The default code of a course: its first word, and the next one with a digit."""
    words = name.split()
    later = next((word for word in words[1:] if re.search(r"\d", word)), None)
    return " ".join([words[0], later] if later else words[:1])
