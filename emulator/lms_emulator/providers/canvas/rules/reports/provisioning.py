"""Provisioning and SIS export reports: everything with Canvas's ids, or as SIS import files.

Source: canvas-lms gems/plugins/account_reports/lib/account_reports/sis_exporter.rb (2024-04), and
fixtures/recordings/canvas/people-account-tools.jsonl 6, 8, 10, 34.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from lms_emulator.providers.canvas.rules import inflections
from lms_emulator.providers.canvas.rules.reports import rows as of
from lms_emulator.providers.canvas.rules.reports.scope import Made, Scope, Table

UNFILTERED = ("group_categories", "admins")
"""Files that `created_by_sis` does not narrow."""
IMPORTED = ("group_categories", "group_membership", "user_observers", "admins")
"""Files whose SIS export only holds what an import made."""


class File(NamedTuple):
    """One of the files. `ours`: its columns with Canvas's ids; `theirs`: its columns in SIS import format."""

    rows: Callable[[Scope, bool], list[of.Row]]
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
        only = scope.parameters.get("created_by_sis") not in (None, False)
        if (sis and name in IMPORTED) or (only and name not in UNFILTERED):
            rows = [row for row in rows if row["created_by_sis"] == "true"]
        files[name] = [list(columns), *([row.get(column) for column in columns] for row in rows)]
    says = [scope.term_summary(), *(["Include Deleted Objects;"] if scope.deleted else [])]
    for name, label in (("enrollment_filter", "Roles"), ("enrollment_states", "States")):
        chosen = of.chosen(scope, name)
        if chosen is not None:
            says.append(f"Include Enrollment {label}: {inflections.sentence(chosen)};")
    return Made(files, f"{' '.join(says)} Reports: {''.join(f'{name} ' for name in asked)}")


def _file(rows: Callable[[Scope, bool], list[of.Row]], ours: str, theirs: str) -> File:
    return File(rows, tuple(ours.split()), tuple(theirs.split()))


FILES = {
    "users": _file(
        of.users,
        "canvas_user_id user_id integration_id authentication_provider_id login_id first_name last_name full_name "
        "sortable_name short_name email status created_by_sis",
        "user_id integration_id authentication_provider_id login_id password first_name last_name full_name "
        "sortable_name short_name email status",
    ),
    "accounts": _file(
        of.accounts,
        "canvas_account_id account_id canvas_parent_id parent_account_id name status created_by_sis",
        "account_id parent_account_id name status",
    ),
    "terms": _file(
        of.terms,
        "canvas_term_id term_id name status start_date end_date created_by_sis",
        "term_id name status start_date end_date",
    ),
    "courses": _file(
        of.courses,
        "canvas_course_id course_id integration_id short_name long_name canvas_account_id account_id canvas_term_id "
        "term_id status start_date end_date course_format blueprint_course_id created_by_sis",
        "course_id integration_id short_name long_name account_id term_id status start_date end_date course_format "
        "blueprint_course_id",
    ),
    "sections": _file(
        of.sections,
        "canvas_section_id section_id canvas_course_id course_id integration_id name status start_date end_date "
        "canvas_account_id account_id created_by_sis",
        "section_id course_id integration_id name status start_date end_date",
    ),
    "enrollments": _file(
        of.enrollments,
        "canvas_course_id course_id canvas_user_id user_id role role_id canvas_section_id section_id status "
        "canvas_associated_user_id associated_user_id created_by_sis base_role_type limit_section_privileges "
        "canvas_enrollment_id",
        "course_id user_id role role_id section_id status associated_user_id limit_section_privileges",
    ),
    "groups": _file(
        of.groups,
        "canvas_group_id group_id canvas_group_category_id group_category_id canvas_account_id account_id "
        "canvas_course_id course_id name status created_by_sis context_id context_type max_membership",
        "group_id group_category_id account_id course_id name status",
    ),
    "group_categories": _file(
        of.categories,
        "canvas_group_category_id group_category_id context_id context_type name role self_signup group_limit "
        "auto_leader status",
        "group_category_id account_id course_id category_name status",
    ),
    "group_membership": _file(
        of.memberships,
        "canvas_group_id group_id canvas_user_id user_id status created_by_sis",
        "group_id user_id status",
    ),
    "xlist": _file(
        of.xlists,
        "canvas_xlist_course_id xlist_course_id canvas_section_id section_id status canvas_nonxlist_course_id "
        "nonxlist_course_id",
        "xlist_course_id section_id status",
    ),
    "user_observers": _file(
        of.observers,
        "canvas_observer_id observer_id canvas_student_id student_id status created_by_sis",
        "observer_id student_id status",
    ),
    "admins": _file(
        of.admins,
        "admin_user_name canvas_user_id user_id canvas_account_id account_id role_id role status created_by_sis",
        "user_id account_id role_id role status",
    ),
}
