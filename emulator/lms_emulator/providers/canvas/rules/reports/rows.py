"""Rows of the provisioning and SIS export reports. `sis`: only what an import could make.

Source: canvas-lms gems/plugins/account_reports/lib/account_reports/sis_exporter.rb (2024-04), and
fixtures/recordings/canvas/people-account-tools.jsonl 6, 8, 10, 34.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from lms_emulator.providers.canvas.model import Course, CourseSection, Pseudonym
from lms_emulator.providers.canvas.rules import blueprints, people, student_view
from lms_emulator.providers.canvas.rules.reports.scope import Scope, from_sis, when

KINDS = {"TeacherEnrollment": "teacher", "TaEnrollment": "ta", "DesignerEnrollment": "designer"} | {
    "StudentEnrollment": "student",
    "ObserverEnrollment": "observer",
}
CHOICES: dict[str, Iterable[str]] = {
    "enrollment_filter": KINDS,
    "enrollment_states": (("invited", "creation_pending", "active", "completed", "inactive", "deleted", "rejected")),
}
STATES = {"unpublished": "unpublished", "available": "active", "completed": "concluded", "deleted": "deleted"}
ENDED = ("completed", "deleted")
STATUSES = {"completed": "concluded", "creation_pending": "invited"}
KEPT = timedelta(days=120)
"""How long a deleted course without a SIS id stays in the report."""
PENDING = ("invited", "creation_pending", "rejected")
"""States of enrollments that an import cannot make."""
Row = dict[str, Any]


def chosen(scope: Scope, name: str) -> list[str] | None:
    """Those of the known values that a parameter names; None without the parameter."""
    sent = scope.parameters.get(name)
    named = sent if isinstance(sent, list) else scope.text(name).split(",")
    return [choice for choice in CHOICES[name] if choice in named] if sent else None


def _kept(scope: Scope, record: Any, sis_id: str | None) -> bool:
    """Whether a record is in the report: one with a SIS id even when it was deleted, if deleted ones are wanted."""
    return record.workflow_state != "deleted" or (scope.deleted and sis_id is not None)


def users(scope: Scope, sis: bool) -> list[Row]:
    """People, one row per login."""
    found: list[Row] = []
    for login, user in scope.logins(("active", "suspended", "deleted")):
        if (sis and not login.sis_user_id) or not _kept(scope, login, login.sis_user_id):
            continue
        if _previews(scope, user.id):
            continue
        given, surname, _ = people.name_parts(people.sortable_name(user))
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


def _previews(scope: Scope, user_id: int) -> bool:
    """Whether somebody is a course's test student."""
    return any(row.type == student_view.KIND for row in scope.api.store.enrollments.find("user", user_id))


def accounts(scope: Scope, sis: bool) -> list[Row]:
    """Sub-accounts; below a sub-account, only its direct ones."""
    store = scope.api.store
    rows = [account for account in store.accounts if account.id != scope.account.id and scope.inside(account.id)]
    if scope.account.parent_account_id is not None:
        rows = [account for account in rows if account.parent_account_id == scope.account.id]
    rows = [account for account in rows if _kept(scope, account, account.sis_account_id)]
    found: list[Row] = []
    for row in sorted(rows, key=lambda account: account.id):
        parent = store.accounts.get(row.parent_account_id or 0)
        if sis and not row.sis_account_id:
            continue
        found.append(
            {
                "canvas_account_id": row.id,
                "account_id": row.sis_account_id,
                "canvas_parent_id": row.parent_account_id,
                "parent_account_id": parent.sis_account_id if parent is not None else None,
                "name": row.name,
                "status": row.workflow_state,
                "created_by_sis": from_sis(row),
            }
        )
    return found


def terms(scope: Scope, sis: bool) -> list[Row]:
    """Terms."""
    rows = scope.api.store.enrollment_terms.find("root", scope.api.root.id)
    rows = [row for row in rows if _kept(scope, row, row.sis_term_id)]
    found: list[Row] = []
    for term in sorted(rows, key=lambda term: term.id):
        if sis and not term.sis_term_id:
            continue
        shown: Row = {
            "canvas_term_id": term.id,
            "term_id": term.sis_term_id,
            "name": term.name,
            "status": term.workflow_state,
            "start_date": when(term.start_at),
            "end_date": when(term.end_at),
            "created_by_sis": from_sis(term),
        }
        found.append(shown)
    return found


def courses(scope: Scope, sis: bool) -> list[Row]:
    """Courses."""
    store = scope.api.store
    found: list[Row] = []
    since = scope.api.now - KEPT
    for course in scope.courses():
        lately = course.updated_at is not None and course.updated_at > since
        kept = _kept(scope, course, course.sis_course_id) or (scope.deleted and lately)
        ended = course.workflow_state == "completed" and not scope.deleted
        if (sis and not course.sis_course_id) or not kept or ended:
            continue
        account, term = store.accounts.get(course.account_id), store.enrollment_terms.get(course.enrollment_term_id)
        subscription = blueprints.subscription_of(store, course)
        template = store.blueprint_templates.get(subscription.template_id) if subscription is not None else None
        master = store.courses.get(template.course_id) if template is not None else None
        dated = course.restrict_enrollments_to_course_dates
        state = course.workflow_state if sis else STATES[course.workflow_state]
        found.append(
            {
                "canvas_course_id": course.id,
                "course_id": course.sis_course_id,
                "integration_id": course.integration_id,
                "short_name": course.course_code,
                "long_name": course.name,
                "canvas_account_id": course.account_id,
                "account_id": account.sis_account_id if account is not None else None,
                "canvas_term_id": course.enrollment_term_id,
                "term_id": term.sis_term_id if term is not None else None,
                "status": ("active" if sis and course.workflow_state not in ENDED else state),
                "start_date": when(course.start_at) if dated else None,
                "end_date": when(course.end_at) if dated else None,
                "course_format": course.course_format,
                "blueprint_course_id": master.sis_course_id if master is not None else None,
                "created_by_sis": from_sis(course),
            }
        )
    return found


def _sections_of(scope: Scope) -> list[tuple[CourseSection, Course]]:
    courses = {course.id: course for course in scope.courses()}
    rows = (section for section in scope.api.store.course_sections if section.course_id in courses)
    return [(section, courses[section.course_id]) for section in sorted(rows, key=lambda section: section.id)]


def _both(section: CourseSection, course: Course) -> bool:
    """Whether both have SIS ids."""
    return bool(section.sis_section_id and course.sis_course_id)


def sections(scope: Scope, sis: bool) -> list[Row]:
    """Sections."""
    store = scope.api.store
    found: list[Row] = []
    for section, course in _sections_of(scope):
        deleted = section.workflow_state == "deleted" or (course.workflow_state == "deleted" and not scope.deleted)
        if (sis or (deleted and scope.deleted)) and not _both(section, course):
            continue
        if deleted and not scope.deleted:
            continue
        account = store.accounts.get(course.account_id)
        dated = section.restrict_enrollments_to_section_dates
        found.append(
            {
                "canvas_section_id": section.id,
                "section_id": section.sis_section_id,
                "canvas_course_id": course.id,
                "course_id": course.sis_course_id,
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


def enrollments(scope: Scope, sis: bool) -> list[Row]:
    """Enrollments."""
    store = scope.api.store
    courses = {item.id: item for item in scope.courses()}
    asked = chosen(scope, "enrollment_filter")
    kinds = KINDS if asked is None else asked
    states = chosen(scope, "enrollment_states")
    found: list[Row] = []
    for enrollment in sorted(store.enrollments, key=lambda row: row.id):
        course, section = courses.get(enrollment.course_id), store.course_sections.get(enrollment.course_section_id)
        state, login = enrollment.workflow_state, scope.login_of(enrollment.user_id)
        if course is None or section is None or login is None or enrollment.type not in kinds:
            continue
        if state == "deleted" and not (scope.deleted and enrollment.sis_batch_id is not None):
            continue
        if (state == "completed" and not scope.deleted) or (states is not None and state not in states):
            continue
        deleted = "deleted" in (section.workflow_state, course.workflow_state)
        observed = scope.login_of(enrollment.associated_user_id or 0)
        role = store.roles.get(enrollment.role_id)
        if sis and (state in PENDING or not (course.sis_course_id or section.sis_section_id)):
            continue
        built_in = role is None or role.account_id is None
        found.append(
            {
                "canvas_course_id": course.id,
                "course_id": course.sis_course_id,
                "canvas_user_id": enrollment.user_id,
                "user_id": login.sis_user_id,
                "role": KINDS[enrollment.type] if built_in or role is None else role.name,
                "role_id": enrollment.role_id,
                "canvas_section_id": enrollment.course_section_id,
                "section_id": section.sis_section_id,
                "status": "deleted" if deleted else STATUSES.get(state, state),
                "canvas_associated_user_id": enrollment.associated_user_id,
                "associated_user_id": observed.sis_user_id if observed is not None else None,
                "created_by_sis": from_sis(enrollment),
                "base_role_type": enrollment.type,
                "limit_section_privileges": "true" if enrollment.limit_privileges_to_course_section else "false",
                "canvas_enrollment_id": enrollment.id,
            }
        )
    return found


def _place(scope: Scope, kind: str, number: int) -> tuple[Row, bool]:
    table: Any = scope.api.store.courses if kind == "Course" else scope.api.store.accounts
    record = table.get(number)
    account = record.account_id if kind == "Course" and record is not None else number
    inside = record is not None and scope.inside(account)
    sis = getattr(record, f"sis_{kind.lower()}_id", None)
    name = kind.lower()
    return {f"canvas_{name}_id": number, f"{name}_id": sis, "context_id": number, "context_type": kind}, inside


def groups(scope: Scope, sis: bool) -> list[Row]:
    """Groups."""
    store = scope.api.store
    found: list[Row] = []
    for group in sorted(store.groups, key=lambda group: group.id):
        category = store.group_categories.get(group.group_category_id)
        if category is None or (sis and not group.sis_source_id):
            continue
        place, inside = _place(scope, category.context_type, category.context_id)
        if inside and _kept(scope, group, group.sis_source_id):
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


def categories(scope: Scope, sis: bool) -> list[Row]:
    """Group sets."""
    found: list[Row] = []
    for group_category in sorted(scope.api.store.group_categories, key=lambda category: category.id):
        place, inside = _place(scope, group_category.context_type, group_category.context_id)
        if not inside or (group_category.workflow_state == "deleted" and not scope.deleted):
            continue
        own: Row = {
            "canvas_group_category_id": group_category.id,
            "group_category_id": group_category.sis_source_id,
            "name": group_category.name,
            "category_name": group_category.name,
            "role": group_category.role,
            "self_signup": group_category.self_signup,
            "group_limit": group_category.group_limit,
            "auto_leader": group_category.auto_leader,
            "status": group_category.workflow_state,
            "created_by_sis": from_sis(group_category),
        }
        found.append(place | own)
    return found


def memberships(scope: Scope, sis: bool) -> list[Row]:
    """Group memberships."""
    store = scope.api.store
    found: list[Row] = []
    for membership in sorted(store.group_memberships, key=lambda record: record.id):
        group, login = store.groups.get(membership.group_id), scope.login_of(membership.user_id)
        category = store.group_categories.get(group.group_category_id) if group is not None else None
        if group is None or category is None or login is None or _previews(scope, membership.user_id):
            continue
        deleted = "deleted" in (group.workflow_state, membership.workflow_state)
        if deleted and not (scope.deleted and membership.sis_batch_id is not None):
            continue
        if _place(scope, category.context_type, category.context_id)[1]:
            own: Row = {
                "canvas_group_id": group.id,
                "group_id": group.sis_source_id,
                "canvas_user_id": membership.user_id,
                "user_id": login.sis_user_id,
                "status": membership.workflow_state,
                "created_by_sis": from_sis(membership),
            }
            found.append(own)
    return found


def xlists(scope: Scope, sis: bool) -> list[Row]:
    """Cross-listed sections."""
    found: list[Row] = []
    for section, course in _sections_of(scope):
        home = scope.api.store.courses.get(section.nonxlist_course_id or 0)
        ended = "deleted" in (course.workflow_state, section.workflow_state)
        ended = ended or (course.workflow_state == "completed" and not scope.deleted)
        left_out = (sis or (ended and scope.deleted)) and not _both(section, course)
        if home is None or left_out or (ended and not scope.deleted):
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
                "created_by_sis": from_sis(section),
            }
        )
    return found


def observers(scope: Scope, sis: bool) -> list[Row]:
    """Who observes whom, one row per pair of logins."""
    students = scope.logins(("active", "suspended", *(["deleted"] if scope.deleted else [])))
    watching: dict[int, list[Pseudonym]] = {}
    for login in sorted(scope.api.store.pseudonyms, key=lambda record: record.id):
        if login.account_id == scope.api.root.id:
            watching.setdefault(login.user_id, []).append(login)
    found: list[Row] = []
    for login, student in students:
        for observation in scope.api.store.user_observers:
            if observation.student_id != student.id or (observation.workflow_state == "deleted" and not scope.deleted):
                continue
            for other in watching.get(observation.observer_id, []):
                own: Row = {
                    "canvas_observer_id": observation.observer_id,
                    "observer_id": other.sis_user_id,
                    "canvas_student_id": observation.student_id,
                    "student_id": login.sis_user_id,
                    "status": observation.workflow_state,
                    "created_by_sis": from_sis(observation),
                }
                found.append(own)
    return found


def admins(scope: Scope, sis: bool) -> list[Row]:
    """Admins."""
    store = scope.api.store
    found: list[Row] = []
    for admin in sorted(store.account_users, key=lambda record: record.id):
        user, role = store.users.get(admin.user_id), store.roles.get(admin.role_id)
        account, login = store.accounts.get(admin.account_id), scope.login_of(admin.user_id)
        if user is None or role is None or account is None or login is None or not scope.inside(account.id):
            continue
        if admin.workflow_state == "deleted" and not scope.deleted:
            continue
        found.append(
            {
                "admin_user_name": user.name,
                "canvas_user_id": user.id,
                "user_id": login.sis_user_id,
                "canvas_account_id": account.id,
                "account_id": account.sis_account_id,
                "role_id": role.id,
                "role": role.name,
                "status": admin.workflow_state,
                "created_by_sis": from_sis(admin),
            }
        )
    return found
