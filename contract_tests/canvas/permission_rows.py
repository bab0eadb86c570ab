"""What each of Canvas's permissions allows: an operation that is refused without it and succeeds with it.

A row is the permission, its holder, and the request. `{name}` in a path or a value stands for something that an admin
creates first (`MAKERS`). `clerk` is somebody with an administrative role of the school that grants the permission and
those listed with it in `WITH`.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

SCHOOL, COURSE = "/api/v1/accounts/1", "/api/v1/courses/1"


class Row(NamedTuple):
    """A request that needs a permission.

    Attributes:
        before: whether the school has the permission only before Canvas split it.
        shows: what only the permission adds to the answer; if empty, the request is refused without it.
    """

    permission: str
    who: str
    method: str
    path: str
    data: Mapping[str, Any] = MappingProxyType({})
    before: bool = False
    shows: str = ""


def _course(permission: str, method: str, path: str, **more: Any) -> Row:
    where = path if path.startswith("/api") else f"{COURSE}{path}"
    return Row(permission, more.pop("who", "teacher"), method, where, **more)


def _school(permission: str, method: str, path: str, **more: Any) -> Row:
    return Row(permission, "clerk", method, path if path.startswith("/api") else f"{SCHOOL}{path}", **more)


def _enrol(kind: str, **more: Any) -> dict[str, Any]:
    return {"enrollment[user_id]": "{person}", "enrollment[type]": f"{kind}Enrollment", **more}


TOOL = {
    "name": "T",
    "consumer_key": "k",
    "shared_secret": "s",
    "url": "https://tool.example/launch",
    "privacy_level": "public",
}
ROWS = (
    # of a school
    _school("import_sis", "POST", "/sis_imports", data={"import_type": "instructure_csv"}),
    _school("manage_account_memberships", "GET", "/admins"),
    _school("manage_account_settings", "PUT", "", data={"account[name]": "Renamed"}),
    _school(
        "manage_alerts",
        "POST",
        "/account_notifications",
        data={
            "account_notification[subject]": "S",
            "account_notification[message]": "M",
            "account_notification[start_at]": "2026-01-01",
            "account_notification[end_at]": "2027-01-01",
        },
    ),
    _school("manage_courses_admin", "PUT", "/courses", data={"course_ids[]": "2", "event": "conclude"}),
    _school("manage_courses_add", "POST", "/courses", data={"course[name]": "New"}),
    _school("manage_courses", "POST", "/courses", data={"course[name]": "New"}, before=True),
    _school("undelete_courses", "PUT", "/courses", data={"course_ids[]": "2", "event": "undelete"}),
    _school("manage_developer_keys", "GET", "/developer_keys"),
    _school("manage_feature_flags", "PUT", "/features/flags/epub_export", data={"state": "on"}),
    _school("manage_master_courses", "PUT", "/api/v1/courses/{empty}", data={"course[blueprint]": "1"}),
    _school("manage_role_overrides", "GET", "/roles"),
    _school("manage_storage_quotas", "PUT", "", data={"account[default_storage_quota_mb]": "10"}),
    _school("manage_sis", "PUT", "/api/v1/sections/{section}", data={"course_section[sis_section_id]": "S1"}),
    _school("manage_user_logins", "POST", "/users", data={"user[name]": "N", "pseudonym[unique_id]": "n"}),
    _school("manage_user_observers", "PUT", "/api/v1/users/{person}/observees/101"),
    _school("read_course_content", "GET", "/api/v1/courses/2/modules"),
    _school("read_course_list", "GET", "/courses"),
    _school("view_course_changes", "GET", "/api/v1/audit/course/courses/2"),
    _school("view_grade_changes", "GET", "/api/v1/audit/grade_change/students/101"),
    _school("view_statistics", "GET", "/api/v1/users/101/page_views"),
    _school("manage_account_calendar_visibility", "PUT", "/api/v1/account_calendars/1", data={"visible": "true"}),
    _school(
        "manage_account_calendar_events",
        "POST",
        "/api/v1/calendar_events",
        data={
            "calendar_event[context_code]": "account_1",
            "calendar_event[title]": "T",
            "calendar_event[start_at]": "2026-12-01",
        },
    ),
    _school("manage_account_settings", "PUT", "", data={"account[name]": "Renamed"}),
    _school("manage_groups_add", "POST", "/group_categories", data={"name": "Set"}),
    _school("view_quiz_answer_audits", "GET", "/api/v1/courses/1/quizzes/{quiz}", shows='"view_answer_audits":true'),
    _school(
        "manage_proficiency_scales",
        "POST",
        "/outcome_proficiency",
        data={
            "ratings[][description]": "Met",
            "ratings[][points]": "1",
            "ratings[][color]": "00ff00",
            "ratings[][mastery]": "true",
        },
    ),
    # of a course: its state and its people
    _course("manage_courses_publish", "PUT", "", data={"course[event]": "offer"}),
    _course("manage_courses_conclude", "PUT", "", data={"course[event]": "conclude"}),
    _course("manage_courses_reset", "POST", "/reset_content"),
    _course("manage_courses_delete", "DELETE", "/api/v1/courses/{taught}?event=delete"),
    _course("change_course_state", "PUT", "", data={"course[event]": "conclude"}, before=True),
    *(
        _course(f"add_{kind.lower()}_to_course", "POST", "/enrollments", data=_enrol(kind))
        for kind in ("Student", "Teacher", "Ta", "Observer", "Designer")
    ),
    *(
        _course(f"remove_{kind}_from_course", "DELETE", f"/enrollments/{{{kind}}}?task=delete")
        for kind in ("student", "teacher", "ta", "observer", "designer")
    ),
    _course("manage_students", "POST", "/enrollments", data=_enrol("Student"), before=True),
    _course("manage_admin_users", "POST", "/enrollments", data=_enrol("Ta"), before=True),
    _course("allow_course_admin_actions", "DELETE", "/enrollments/{ta}?task=conclude"),
    _course("manage_sections_add", "POST", "/sections", data={"course_section[name]": "S"}),
    _course("manage_sections_edit", "PUT", "/api/v1/sections/{section}", data={"course_section[name]": "S"}),
    _course("manage_sections_delete", "DELETE", "/api/v1/sections/{section}"),
    _course("read_roster", "GET", "/users", who="student"),
    _course("read_email_addresses", "GET", "/users?include[]=email", shows="ada.lovelace@example.edu"),
    _course("generate_observer_pairing_code", "POST", "/api/v1/users/{observed}/observer_pairing_codes"),
    # its content
    _course("manage_assignments_add", "POST", "/assignments", data={"assignment[name]": "A"}),
    _course("manage_assignments_edit", "PUT", "/assignments/{assignment}", data={"assignment[name]": "A"}),
    _course("manage_assignments_delete", "DELETE", "/assignments/{assignment}"),
    _course("manage_assignments", "POST", "/assignments", data={"assignment[name]": "A"}, before=True),
    _course(
        "manage_calendar",
        "POST",
        "/api/v1/calendar_events",
        data={
            "calendar_event[context_code]": "course_1",
            "calendar_event[title]": "T",
            "calendar_event[start_at]": "2026-12-01",
        },
    ),
    _course("manage_content", "POST", "/modules", data={"module[name]": "M"}, before=True),
    _course("manage_course_content_add", "POST", "/modules", data={"module[name]": "M"}),
    _course("manage_course_content_edit", "PUT", "/modules/{module}", data={"module[name]": "M"}),
    _course("manage_course_content_delete", "DELETE", "/modules/{module}"),
    _course("manage_files_add", "POST", "/files", data={"name": "a.txt", "size": "1"}),
    _course("manage_files_edit", "PUT", "/api/v1/files/{file}", data={"name": "b.txt"}),
    _course("manage_files_delete", "DELETE", "/api/v1/files/{file}"),
    _course(
        "manage_grades", "PUT", "/assignments/{assignment}/submissions/101", data={"submission[posted_grade]": "1"}
    ),
    _course("view_all_grades", "GET", "/students/submissions?student_ids[]=all"),
    _course("select_final_grade", "PUT", "/assignments/{moderated}", data={"assignment[name]": "A"}),
    _course("manage_groups", "POST", "/group_categories", data={"name": "Set"}, before=True),
    _course("manage_groups_add", "POST", "/group_categories", data={"name": "Set"}),
    _course("manage_groups_manage", "PUT", "/api/v1/group_categories/{set}", data={"name": "Set"}),
    _course("manage_groups_delete", "DELETE", "/api/v1/group_categories/{set}"),
    _course("view_group_pages", "GET", "/api/v1/groups/{group}", who="student"),
    _course("lti_add_edit", "POST", "/external_tools", data=TOOL, before=True),
    _course("manage_lti_add", "POST", "/external_tools", data=TOOL),
    _course("manage_lti_edit", "PUT", "/external_tools/{tool}", data={"name": "U"}),
    _course("manage_lti_delete", "DELETE", "/external_tools/{tool}"),
    _course("manage_outcomes", "POST", "/outcome_groups/{outcomes}/outcomes", data={"title": "O"}),
    _course("import_outcomes", "POST", "/outcome_imports?import_type=instructure_csv"),
    _course("manage_rubrics", "POST", "/rubrics", data={"rubric[title]": "R"}),
    _course("manage_wiki_create", "POST", "/pages", data={"wiki_page[title]": "P"}),
    _course("manage_wiki_update", "PUT", "/pages/{page}", data={"wiki_page[title]": "P"}),
    _course("manage_wiki_delete", "DELETE", "/pages/{page}"),
    _course("create_forum", "POST", "/discussion_topics", data={"title": "T"}, who="student"),
    _course("moderate_forum", "PUT", "/discussion_topics/{topic}", data={"title": "U"}),
    _course("post_to_forum", "POST", "/discussion_topics/{topic}/entries", data={"message": "M"}, who="student"),
    _course("read_forum", "GET", "/discussion_topics/{topic}", who="student"),
    _course("read_announcements", "GET", "/discussion_topics/{announcement}", who="student"),
    _school("read_reports", "GET", "/reports"),
    _course("read_sis", "GET", "", shows="sis_course_id"),
    _course(
        "send_messages",
        "POST",
        "/api/v1/conversations",
        data={"recipients[]": "102", "body": "B", "context_code": "course_1"},
        who="student",
    ),
    _course(
        "send_messages_all",
        "POST",
        "/api/v1/conversations",
        data={"recipients[]": "course_1_students", "body": "B", "group_conversation": "true"},
        who="student",
    ),
    _course("view_user_logins", "GET", "/users", shows="login_id"),
)
NEEDS: dict[str, tuple[str, ...]] = {
    "manage_master_courses": ("manage_courses_admin",),
    "manage_sis": ("manage_sections_edit",),
    "view_quiz_answer_audits": ("read_course_content",),
}
"""What an action needs besides the permission."""
WITHOUT: dict[str, tuple[str, ...]] = {"view_all_grades": ("manage_grades",)}
"""What else would let somebody do it."""
UNGATED: dict[str, str] = {
    "become_user": "the tests act as others by it; `test_credential_edges` and `test_people` refuse it",
    "create_collaborations": "collaborations are made on pages that are not served; groups list the permission",
    "create_conferences": "conferences are made on pages that are not served; groups list the permission",
    "manage_account_banks": "item banks belong to New Quizzes",
    "manage_course_visibility": "what is sent without it is passed over, which `test_a_course_stays_as_open` shows",
    "manage_data_services": "data services are another product",
    "manage_interaction_alerts": "alerts of interaction are set on a page that is not served",
    "manage_proficiency_calculations": "calculations are changed by GraphQL only",
    "moderate_user_content": "it shows portfolios of others, which the tests of those do",
    "read_question_banks": "question banks have no served address",
    "view_audit_trail": "the audit trail of an assignment is read by a page of SpeedGrader",
    "view_feature_flags": "whoever administers an account, or teaches, sees its features",
}
"""Permissions that no served operation is refused for, with the reason."""
