"""Provisioning and SIS export reports: everything with Canvas's ids, or as SIS import files.

Source: canvas-lms gems/plugins/account_reports/lib/account_reports/sis_exporter.rb (2023-06), and
fixtures/recordings/canvas/people-account-tools.jsonl 6, 8, 10, 34.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from lms_emulator.providers.canvas.model import Course, CourseSection
from lms_emulator.providers.canvas.rules import blueprints, people
from lms_emulator.providers.canvas.rules.reports.scope import Made, Scope, Table, from_sis, when

KINDS = {"StudentEnrollment": "student", "TeacherEnrollment": "teacher", "TaEnrollment": "ta"} | {
    "ObserverEnrollment": "observer",
    "DesignerEnrollment": "designer",
}
STATES = {"unpublished": "unpublished", "available": "active", "completed": "completed", "deleted": "deleted"}
PENDING = ("invited", "creation_pending", "rejected")
"""States of enrollments that an import cannot make."""
Row = dict[str, Any]


class File(NamedTuple):
    """One of the files. `ours`: its columns with Canvas's ids; `theirs`: its columns in SIS import format."""

    rows: Callable[[Scope, bool], list[Row]]
    ours: tuple[str, ...]
    theirs: tuple[str, ...]


def made(scope: Scope, *, sis: bool) -> Made:
    """The requested files. `sis`: in SIS import format, for records with SIS ids."""
    files: dict[str, Table] = {}
    asked = [name for name in FILES if scope.flag(name)]
    for name in asked:
        file = FILES[name]
        columns = file.theirs if sis else file.ours
        rows = file.rows(scope, sis)
        if scope.flag("created_by_sis"):
            rows = [row for row in rows if row.get("created_by_sis") == "true"]
        files[name] = [list(columns), *([row.get(column) for column in columns] for row in rows)]
    says = f"{scope.term_summary()} Reports: {''.join(f'{name} ' for name in asked)}"
    return Made(files, says + ("Include Deleted Objects;" if scope.deleted else ""))


def _users(scope: Scope, sis: bool) -> list[Row]:
    states = ("active", "suspended", "deleted") if scope.deleted else ("active", "suspended")
    found: list[Row] = []
    for login, user in scope.logins(states):
        if sis and not login.sis_user_id:
            continue
        given, surname, _ = people.name_parts(user.name)
        shown: Row = {
            "canvas_user_id": user.id,
            "user_id": login.sis_user_id,
            "integration_id": login.integration_id,
            "authentication_provider_id": login.authentication_provider_id,
            "login_id": login.unique_id,
            "first_name": given,
            "last_name": surname,
            "full_name": user.name,
            "sortable_name": people.sortable_name(user),
            "short_name": user.short_name if user.short_name != user.name else None,
            "email": people.email_of(scope.api.store, user),
            "status": login.workflow_state,
            "created_by_sis": from_sis(login),
        }
        found.append(shown)
    return found


def _accounts(scope: Scope, sis: bool) -> list[Row]:
    store = scope.api.store
    rows = [account for account in store.accounts if account.id != scope.account.id and scope.inside(account.id)]
    rows = [account for account in rows if scope.deleted or account.workflow_state != "deleted"]
    found: list[Row] = []
    for one in sorted(rows, key=lambda account: account.id):
        parent = store.accounts.get(one.parent_account_id or 0)
        if sis and not one.sis_account_id:
            continue
        found.append(
            {
                "canvas_account_id": one.id,
                "account_id": one.sis_account_id,
                "canvas_parent_id": one.parent_account_id,
                "parent_account_id": parent.sis_account_id if parent is not None else None,
                "name": one.name,
                "status": one.workflow_state,
                "created_by_sis": from_sis(one),
            }
        )
    return found


def _terms(scope: Scope, sis: bool) -> list[Row]:
    rows = scope.api.store.enrollment_terms.find("root", scope.api.root.id)
    rows = [one for one in rows if scope.deleted or one.workflow_state != "deleted"]
    found: list[Row] = []
    for term in rows:
        if sis and not term.sis_term_id:
            continue
        shown: Row = {
            "canvas_term_id": term.id,
            "term_id": term.sis_term_id,
            "integration_id": term.integration_id,
            "name": term.name,
            "status": term.workflow_state,
            "start_date": when(term.start_at),
            "end_date": when(term.end_at),
            "created_by_sis": from_sis(term),
        }
        found.append(shown)
        for kind, (start, end) in term.overrides.items():
            dates: Row = {"start_date": when(start), "end_date": when(end), "date_override_enrollment_type": kind}
            found.append(shown | dates)
    return found


def _courses(scope: Scope, sis: bool) -> list[Row]:
    store = scope.api.store
    found: list[Row] = []
    for course in scope.courses() if scope.deleted else scope.living():
        if sis and not course.sis_course_id:
            continue
        account, term = store.accounts.get(course.account_id), store.enrollment_terms.get(course.enrollment_term_id)
        subscription = blueprints.subscription_of(store, course)
        template = store.blueprint_templates.get(subscription.template_id) if subscription is not None else None
        master = store.courses.get(template.course_id) if template is not None else None
        dated = course.restrict_enrollments_to_course_dates
        top = account is None or account.parent_account_id is None
        found.append(
            {
                "canvas_course_id": course.id,
                "course_id": course.sis_course_id,
                "integration_id": course.integration_id,
                "short_name": course.course_code,
                "long_name": course.name,
                "canvas_account_id": None if top else course.account_id,
                "account_id": account.sis_account_id if account is not None else None,
                "canvas_term_id": course.enrollment_term_id,
                "term_id": term.sis_term_id if term is not None else None,
                "status": STATES[course.workflow_state],
                "start_date": when(course.start_at) if dated else None,
                "end_date": when(course.end_at) if dated else None,
                "course_format": course.course_format,
                "blueprint_course_id": master.sis_course_id if master is not None else None,
                "created_by_sis": from_sis(course),
            }
        )
    return found


def _sections_of(scope: Scope) -> list[tuple[CourseSection, Course]]:
    courses = {course.id: course for course in (scope.courses() if scope.deleted else scope.living())}
    rows = (section for section in scope.api.store.course_sections if section.course_id in courses)
    rows = (section for section in rows if scope.deleted or section.workflow_state != "deleted")
    return [(section, courses[section.course_id]) for section in sorted(rows, key=lambda section: section.id)]


def _sections(scope: Scope, sis: bool) -> list[Row]:
    store = scope.api.store
    found: list[Row] = []
    for section, course in _sections_of(scope):
        home = store.courses.get(section.nonxlist_course_id or 0) or course
        if sis and not (section.sis_section_id and home.sis_course_id):
            continue
        account = store.accounts.get(course.account_id)
        dated = section.restrict_enrollments_to_section_dates
        found.append(
            {
                "canvas_section_id": section.id,
                "section_id": section.sis_section_id,
                "canvas_course_id": home.id,
                "course_id": home.sis_course_id,
                "integration_id": section.integration_id,
                "name": section.name,
                "status": section.workflow_state,
                "start_date": when(section.start_at) if dated else None,
                "end_date": when(section.end_at) if dated else None,
                "canvas_account_id": course.account_id,
                "account_id": account.sis_account_id if account is not None else None,
                "created_by_sis": from_sis(section),
            }
        )
    return found


def _enrollments(scope: Scope, sis: bool) -> list[Row]:
    store = scope.api.store
    courses = {one.id: one for one in (scope.courses() if scope.deleted else scope.living())}
    kinds = [one.strip() for one in scope.text("enrollment_filter").split(",") if one.strip()]
    states = [one.strip() for one in scope.text("enrollment_states").split(",") if one.strip()]
    found: list[Row] = []
    for enrollment in sorted(store.enrollments, key=lambda row: row.id):
        course, section = courses.get(enrollment.course_id), store.course_sections.get(enrollment.course_section_id)
        if course is None or enrollment.type not in KINDS or (kinds and enrollment.type not in kinds):
            continue
        if states and enrollment.workflow_state not in states:
            continue
        if not states and not scope.deleted and enrollment.workflow_state in ("deleted", "completed"):
            continue
        login, observed = scope.login_of(enrollment.user_id), scope.login_of(enrollment.associated_user_id or 0)
        role = store.roles.get(enrollment.role_id)
        named = section.sis_section_id if section is not None else None
        user_id = login.sis_user_id if login is not None else None
        if sis and (enrollment.workflow_state in PENDING or not (course.sis_course_id or named)):
            continue
        built_in = role is None or role.account_id is None
        found.append(
            {
                "canvas_course_id": course.id,
                "course_id": course.sis_course_id,
                "canvas_user_id": enrollment.user_id,
                "user_id": user_id,
                "role": KINDS[enrollment.type] if built_in or role is None else role.name,
                "role_id": enrollment.role_id,
                "canvas_section_id": enrollment.course_section_id,
                "section_id": named,
                "status": _status(enrollment.workflow_state, course),
                "canvas_associated_user_id": enrollment.associated_user_id,
                "associated_user_id": observed.sis_user_id if observed is not None else None,
                "created_by_sis": from_sis(enrollment),
                "base_role_type": enrollment.type,
                "limit_section_privileges": "true" if enrollment.limit_privileges_to_course_section else "false",
                "canvas_enrollment_id": enrollment.id,
            }
        )
    return found


def _status(state: str, course: Course) -> str:
    if state in ("active", "invited", "creation_pending") and course.workflow_state == "completed":
        return "concluded"
    return {"completed": "concluded", "rejected": "deleted", "creation_pending": "invited"}.get(state, state)


def _place(scope: Scope, kind: str, number: int) -> tuple[Row, bool]:
    table: Any = scope.api.store.courses if kind == "Course" else scope.api.store.accounts
    record = table.get(number)
    account = record.account_id if kind == "Course" and record is not None else number
    inside = record is not None and scope.inside(account)
    sis = getattr(record, f"sis_{kind.lower()}_id", None)
    name = kind.lower()
    return {f"canvas_{name}_id": number, f"{name}_id": sis, "context_id": number, "context_type": kind}, inside


def _groups(scope: Scope, sis: bool) -> list[Row]:
    store = scope.api.store
    found: list[Row] = []
    for group in store.groups:
        category = store.group_categories.get(group.group_category_id)
        if category is None or (sis and not group.sis_source_id):
            continue
        place, inside = _place(scope, category.context_type, category.context_id)
        if inside and (scope.deleted or group.workflow_state != "deleted"):
            own: Row = {
                "canvas_group_id": group.id,
                "group_id": group.sis_source_id,
                "canvas_group_category_id": category.id,
                "group_category_id": category.sis_source_id,
                "name": group.name,
                "status": group.workflow_state,
                "created_by_sis": from_sis(group),
                "max_membership": group.max_membership,
            }
            found.append(place | own)
    return found


def _categories(scope: Scope, sis: bool) -> list[Row]:
    found: list[Row] = []
    for one in scope.api.store.group_categories:
        place, inside = _place(scope, one.context_type, one.context_id)
        if not inside or (sis and not one.sis_source_id) or (one.workflow_state == "deleted" and not scope.deleted):
            continue
        own: Row = {
            "canvas_group_category_id": one.id,
            "group_category_id": one.sis_source_id,
            "name": one.name,
            "category_name": one.name,
            "role": one.role,
            "self_signup": one.self_signup,
            "group_limit": one.group_limit,
            "auto_leader": one.auto_leader,
            "status": one.workflow_state,
        }
        found.append(place | own)
    return found


def _memberships(scope: Scope, sis: bool) -> list[Row]:
    groups = {row["canvas_group_id"]: row for row in _groups(scope, sis)}
    found: list[Row] = []
    for membership in scope.api.store.group_memberships:
        group, login = groups.get(membership.group_id), scope.login_of(membership.user_id)
        user_id = login.sis_user_id if login is not None else None
        skipped = membership.workflow_state == "deleted" and not scope.deleted
        if group is None or skipped or (sis and not user_id):
            continue
        own: Row = {"canvas_user_id": membership.user_id, "user_id": user_id, "status": membership.workflow_state}
        found.append(group | own | {"created_by_sis": from_sis(membership)})
    return found


def _xlists(scope: Scope, sis: bool) -> list[Row]:
    found: list[Row] = []
    for section, course in _sections_of(scope):
        home = scope.api.store.courses.get(section.nonxlist_course_id or 0)
        if home is None or (sis and not (course.sis_course_id and section.sis_section_id)):
            continue
        found.append(
            {
                "canvas_xlist_course_id": course.id,
                "xlist_course_id": course.sis_course_id,
                "canvas_section_id": section.id,
                "section_id": section.sis_section_id,
                "status": section.workflow_state,
                "canvas_nonxlist_course_id": home.id,
                "nonxlist_course_id": home.sis_course_id,
            }
        )
    return found


def _observers(scope: Scope, sis: bool) -> list[Row]:
    found: list[Row] = []
    for observation in scope.api.store.user_observers:
        first, second = scope.login_of(observation.observer_id), scope.login_of(observation.student_id)
        ids = [login.sis_user_id if login is not None else None for login in (first, second)]
        if (sis and not all(ids)) or (observation.workflow_state == "deleted" and not scope.deleted):
            continue
        found.append(
            {
                "canvas_observer_id": observation.observer_id,
                "observer_id": ids[0],
                "canvas_student_id": observation.student_id,
                "student_id": ids[1],
                "status": observation.workflow_state,
                "created_by_sis": from_sis(observation),
            }
        )
    return found


def _admins(scope: Scope, sis: bool) -> list[Row]:
    store = scope.api.store
    found: list[Row] = []
    for admin in store.account_users:
        user, role = store.users.get(admin.user_id), store.roles.get(admin.role_id)
        account = store.accounts.get(admin.account_id)
        login = scope.login_of(admin.user_id)
        user_id = login.sis_user_id if login is not None else None
        if user is None or role is None or account is None or not scope.inside(account.id) or (sis and not user_id):
            continue
        if admin.workflow_state == "deleted" and not scope.deleted:
            continue
        found.append(
            {
                "admin_user_name": people.sortable_name(user),
                "canvas_user_id": user.id,
                "user_id": user_id,
                "canvas_account_id": account.id,
                "account_id": account.sis_account_id,
                "role_id": role.id,
                "role": role.name,
                "status": admin.workflow_state,
                "created_by_sis": from_sis(admin),
            }
        )
    return found


def _file(rows: Callable[[Scope, bool], list[Row]], ours: str, theirs: str) -> File:
    return File(rows, tuple(ours.split()), tuple(theirs.split()))


FILES = {
    "users": _file(
        _users,
        "canvas_user_id user_id integration_id authentication_provider_id login_id first_name last_name full_name "
        "sortable_name short_name email status created_by_sis",
        "user_id integration_id authentication_provider_id login_id password first_name last_name full_name "
        "sortable_name short_name email status",
    ),
    "accounts": _file(
        _accounts,
        "canvas_account_id account_id canvas_parent_id parent_account_id name status created_by_sis",
        "account_id parent_account_id name status",
    ),
    "terms": _file(
        _terms,
        "canvas_term_id term_id integration_id name status start_date end_date date_override_enrollment_type "
        "created_by_sis",
        "term_id integration_id name status start_date end_date date_override_enrollment_type",
    ),
    "courses": _file(
        _courses,
        "canvas_course_id course_id integration_id short_name long_name canvas_account_id account_id canvas_term_id "
        "term_id status start_date end_date course_format blueprint_course_id created_by_sis",
        "course_id integration_id short_name long_name account_id term_id status start_date end_date course_format "
        "blueprint_course_id",
    ),
    "sections": _file(
        _sections,
        "canvas_section_id section_id canvas_course_id course_id integration_id name status start_date end_date "
        "canvas_account_id account_id created_by_sis",
        "section_id course_id integration_id name status start_date end_date",
    ),
    "enrollments": _file(
        _enrollments,
        "canvas_course_id course_id canvas_user_id user_id role role_id canvas_section_id section_id status "
        "canvas_associated_user_id associated_user_id created_by_sis base_role_type limit_section_privileges "
        "canvas_enrollment_id",
        "course_id user_id role role_id section_id status associated_user_id limit_section_privileges",
    ),
    "groups": _file(
        _groups,
        "canvas_group_id group_id canvas_group_category_id group_category_id canvas_account_id account_id "
        "canvas_course_id course_id name status created_by_sis context_id context_type max_membership",
        "group_id group_category_id account_id course_id name status",
    ),
    "group_categories": _file(
        _categories,
        "canvas_group_category_id group_category_id context_id context_type name role self_signup group_limit "
        "auto_leader status",
        "group_category_id account_id course_id category_name status",
    ),
    "group_membership": _file(
        _memberships, "canvas_group_id group_id canvas_user_id user_id status created_by_sis", "group_id user_id status"
    ),
    "xlist": _file(
        _xlists,
        "canvas_xlist_course_id xlist_course_id canvas_section_id section_id status canvas_nonxlist_course_id "
        "nonxlist_course_id",
        "xlist_course_id section_id status",
    ),
    "user_observers": _file(
        _observers,
        "canvas_observer_id observer_id canvas_student_id student_id status created_by_sis",
        "observer_id student_id status",
    ),
    "admins": _file(
        _admins,
        "admin_user_name canvas_user_id user_id canvas_account_id account_id role_id role status created_by_sis",
        "user_id account_id role_id role status",
    ),
}
