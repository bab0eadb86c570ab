"""The settings of a course that come with its content.

Source: canvas-lms lib/cc/canvas_resource.rb, create_course_settings; lib/cc/importer/canvas/course_settings.rb, and
app/models/importers/course_content_importer.rb, import_settings_from_migration.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from msgspec.structs import replace

from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.model import Course
from lms_emulator.providers.canvas.rules import discussions, features, grades, policies, quotas
from lms_emulator.providers.canvas.rules.migrations.packages import Package
from lms_emulator.providers.canvas.rules.permissions import account_allows, chain

FIELDS = (
    *("license", "locale", "default_view", "course_color", "friendly_name", "apply_assignment_group_weights"),
    *("is_public", "is_public_to_auth_users", "public_syllabus", "public_syllabus_to_auth", "indexed"),
    *("allow_student_wiki_edits", "allow_wiki_comments", "open_enrollment", "self_enrollment", "hide_final_grades"),
    *("restrict_enrollments_to_course_dates", "homeroom_course"),
)
VISIBILITY = ("is_public", "is_public_to_auth_users")
SETTINGS = (
    *("syllabus_course_summary", "allow_student_forum_attachments", "allow_student_organized_groups"),
    *("lock_all_announcements", "default_wiki_editing_roles", "filter_speed_grader_by_student_group"),
    *("hide_distribution_graphs", "allow_student_discussion_topics", "allow_student_discussion_editing"),
    *("show_announcements_on_home_page", "home_page_announcement_limit", "usage_rights_required"),
    *("restrict_student_future_view", "restrict_student_past_view", "show_total_grade_as_points"),
)
FEATURES = {"allow_final_grade_override": "final_grades_override", "enable_course_paces": "course_paces"}
"""Settings that come only where the feature is on."""
PICTURES = ("image", "banner_image")
TOOL = "context_external_tool_"
New = Callable[[str, int | None], int | None]


def bring(
    api: Api, package: Package, target: Course, new: New, *, visibility: bool = True, synced: bool = False
) -> Course:
    """Store a course with the settings in a package.

    Parameters:
        new: gives the id here of a row there, by table.
        visibility: whether to include who can see the course.
        synced: whether they come from a blueprint, which also sets dates and takes the grading scheme away.
    """
    source = package.course
    if source is None:
        return target
    fields = {name: value for name in FIELDS if (value := getattr(source, name)) not in (None, "")}
    fields = {name: value for name, value in fields.items() if package.given is None or name in package.given}
    if not visibility:
        fields = {name: value for name, value in fields.items() if name not in VISIBILITY}
    if fields.get("self_enrollment") and target.self_enrollment_code is None:
        fields["self_enrollment_code"] = api.call.ids.text(6)
    fields["settings"] = {**target.settings, **_settings(api, source, target, new)}
    if package.native:
        fields |= _of_place(api, source, target, synced=synced)
    if synced:
        fields |= {"start_at": source.start_at, "end_at": source.end_at}
    changed = api.store.courses.put(replace(target, updated_at=api.now, **fields))
    if changed.settings.get("lock_all_announcements"):
        discussions.lock_announcements(api, changed)
    if (policy := policies.of(api, source.id)) is not None:
        own = policies.of(api, target.id)
        number = own.id if own is not None else api.new_id("late_policies")
        api.store.late_policies.put(replace(policy, id=number, course_id=target.id))
    return changed


def _settings(api: Api, source: Course, target: Course, new: New) -> dict[str, Any]:
    sent = source.settings
    found = {name: sent[name] for name in SETTINGS if sent.get(name) not in (None, "")}
    found["post_manually"] = bool(sent.get("post_manually"))
    for name, feature in FEATURES.items():
        if name in sent and features.enabled(api, target, feature):
            found[name] = sent[name]
    for name in PICTURES:
        url, number = sent.get(f"{name}_url"), new("attachments", sent.get(f"{name}_id"))
        if url or number is not None:
            found |= {f"{name}_url": url or None, f"{name}_id": None if url else number}
    tabs = sent.get("tab_configuration")
    if isinstance(tabs, list) and tabs:
        found["tab_configuration"] = [tab for said in tabs if (tab := _tab(said, new)) is not None]
    return found


def _tab(said: Any, new: New) -> Any:
    """A tab as it is here; None for that of a tool that did not come."""
    name = said.get("id") if isinstance(said, dict) else None
    if not isinstance(name, str) or not name.startswith(TOOL):
        return said
    text = name.removeprefix(TOOL)
    number = new("tools", int(text)) if text.isdecimal() else None
    return {**said, "id": f"{TOOL}{number}"} if number is not None else None


def _of_place(api: Api, source: Course, target: Course, *, synced: bool) -> dict[str, Any]:
    """What depends on the accounts of both courses."""
    found: dict[str, Any] = {}
    account = api.store.accounts.get(source.account_id)
    home = api.store.accounts.get(target.account_id)
    levels = chain(api.store, source.account_id)
    usual = next((level.default_time_zone for level in levels if level.default_time_zone), None)
    if account is not None and source.time_zone and source.time_zone != usual:
        found["time_zone"] = source.time_zone
    if home is not None and account_allows(api, api.caller, home, "manage_storage_quotas"):
        quota = quotas.of_course(api, source)
        found["storage_quota_mb"] = None if quota == quotas.default(api, home, "default_storage_quota_mb") else quota
    if source.grading_standard_id is not None:
        number = _standard(api, source, target)
        found |= {"grading_standard_id": number} if number is not None else {}
    elif synced:
        found["grading_standard_id"] = None
    return found


def _standard(api: Api, source: Course, target: Course) -> int | None:
    """The scheme for a copy: the account's, if the target has it too, or the course's own, copied."""
    standard = api.store.grading_standards.get(source.grading_standard_id or 0)
    if standard is None:  # Canvas's own scheme
        return source.grading_standard_id
    if standard.context_type == "Account":
        known = {row.id for row in grades.standards(api, "Course", target.id)}
        return standard.id if standard.id in known else None
    same = (row for row in grades.standards_of(api, "Course", target.id) if row.scheme == standard.scheme)
    kept = next((row for row in same if row.title == standard.title), None)
    if kept is None:
        number = api.new_id("grading_standards")
        kept = api.store.grading_standards.put(replace(standard, id=number, context_id=target.id))
    return kept.id
