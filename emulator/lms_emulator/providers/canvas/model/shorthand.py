"""Fills in what a world file may leave out: built-in roles, default terms and sections, a login and an
address per person, accounts in which a developer key is on, assignments of line items."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, get_args

from msgspec.structs import replace

from lms_emulator.providers.canvas.model.access import DeveloperKeyAccountBinding
from lms_emulator.providers.canvas.model.assignments import Assignment, AssignmentGroup
from lms_emulator.providers.canvas.model.courses import Course, CourseSection
from lms_emulator.providers.canvas.model.people import (
    Account,
    AccountUser,
    AuthenticationProvider,
    BaseRole,
    CommunicationChannel,
    EnrollmentTerm,
    Pseudonym,
    Role,
    User,
)

BUILT_IN: tuple[BaseRole, ...] = get_args(BaseRole)
DEFAULT_TERM = "Default Term"
LONG_AGO = datetime(2024, 1, 1, tzinfo=UTC)
"""When what a world file does not name was made."""


def expand(section: Any) -> None:
    """Fill in omitted fields, in place. A complete section stays unchanged."""
    roots = [account for account in section.accounts if account.parent_account_id is None]
    for root in roots:
        _built_in_roles(section, root)
        if not any(term.root_account_id == root.id for term in section.enrollment_terms):
            term = EnrollmentTerm(
                id=_next(section.enrollment_terms), root_account_id=root.id, name=DEFAULT_TERM, created_at=LONG_AGO
            )
            section.enrollment_terms.append(term)
        if not any(provider.account_id == root.id for provider in section.authentication_providers):
            provider = AuthenticationProvider(id=_next(section.authentication_providers), account_id=root.id)
            section.authentication_providers.append(provider)
    if roots:
        for place, user in enumerate(section.users):
            section.users[place] = _person(section, user, min(root.id for root in roots))
    for place, course in enumerate(section.courses):
        section.courses[place] = _course(section, course)
    _enrollments(section)
    _line_items(section)
    _assignments(section)
    _bindings(section)


def _next(records: Iterable[Any]) -> int:
    return max((record.id for record in records), default=0) + 1


def _built_in_roles(section: Any, root: Account) -> None:
    own = {role.name for role in section.roles if role.root_account_id == root.id and role.account_id is None}
    for name in BUILT_IN:
        if name in own:
            continue
        role = Role(
            id=_next(section.roles),
            name=name,
            base_role_type=name,
            root_account_id=root.id,
            created_at=LONG_AGO,
            updated_at=LONG_AGO,
        )
        section.roles.append(role)


def _person(section: Any, user: User, root_id: int) -> User:
    if user.login is not None:
        login = Pseudonym(
            id=_next(section.pseudonyms),
            user_id=user.id,
            account_id=root_id,
            unique_id=user.login,
            password=user.password,
            sis_user_id=user.sis_user_id,
            created_at=user.created_at,
        )
        section.pseudonyms.append(login)
    if user.email is not None:
        channel = CommunicationChannel(
            id=_next(section.communication_channels), user_id=user.id, address=user.email, created_at=user.created_at
        )
        section.communication_channels.append(channel)
    if user.admin:
        theirs = (item for item in section.roles if item.root_account_id == root_id and item.account_id is None)
        role = next(item for item in theirs if item.name == "AccountAdmin")
        admin = AccountUser(id=_next(section.account_users), account_id=root_id, user_id=user.id, role_id=role.id)
        section.account_users.append(admin)
    return replace(user, login=None, password=None, email=None, sis_user_id=None, admin=False)


def _root_of(section: Any, account_id: int) -> int:
    parents = {account.id: account.parent_account_id for account in section.accounts}
    seen: set[int] = set()
    while (parent := parents.get(account_id)) is not None and account_id not in seen:
        seen.add(account_id)
        account_id = parent
    return account_id


def _course(section: Any, course: Course) -> Course:
    created = course.created_at or course.start_at or LONG_AGO
    if not any(course_section.course_id == course.id for course_section in section.course_sections):
        added = CourseSection(
            id=_next(section.course_sections),
            course_id=course.id,
            name=course.name,
            default_section=True,
            created_at=created,
        )
        section.course_sections.append(added)
    if not course.enrollment_term_id:
        root = _root_of(section, course.account_id)
        term = next((t.id for t in section.enrollment_terms if t.root_account_id == root), 0)
        course = replace(course, enrollment_term_id=term)
    return course if course.created_at is not None else replace(course, created_at=created)


def _enrollments(section: Any) -> None:
    if all(enrollment.course_section_id and enrollment.role_id for enrollment in section.enrollments):
        return
    accounts = {course.id: course.account_id for course in section.courses}
    sections: dict[int, int] = {}
    for course_section in sorted(section.course_sections, key=lambda record: (not record.default_section, record.id)):
        sections.setdefault(course_section.course_id, course_section.id)
    roles = {(role.root_account_id, role.name): role.id for role in section.roles if role.account_id is None}
    for place, enrollment in enumerate(section.enrollments):
        root = _root_of(section, accounts.get(enrollment.course_id, 0))
        section.enrollments[place] = replace(
            enrollment,
            course_section_id=enrollment.course_section_id or sections.get(enrollment.course_id, 0),
            role_id=enrollment.role_id or roles.get((root, enrollment.type), 0),
        )


def _bindings(section: Any) -> None:
    said = {(binding.developer_key_id, binding.account_id) for binding in section.developer_key_account_bindings}
    schools = {account.id for account in section.accounts if account.parent_account_id is None}
    for place, key in enumerate(section.developer_keys):
        for account_id in key.accounts:
            if (key.id, account_id) not in said:
                on = DeveloperKeyAccountBinding(
                    id=_next(section.developer_key_account_bindings),
                    account_id=account_id,
                    developer_key_id=key.id,
                    workflow_state="on",
                )
                section.developer_key_account_bindings.append(on)
        owner = key.account_id or next((account for account in key.accounts if account in schools), None)
        section.developer_keys[place] = replace(
            key, accounts=[], account_id=owner, created_at=key.created_at or LONG_AGO
        )


def _assignments(section: Any) -> None:
    groups: dict[int, int] = {}
    for group in section.assignment_groups:
        groups.setdefault(group.course_id, group.id)
    for place, assignment in enumerate(section.assignments):
        if assignment.resource_link_id and assignment.submission_types == ["none"]:
            section.assignments[place] = assignment = replace(assignment, submission_types=["external_tool"])
        if assignment.assignment_group_id:
            continue
        if assignment.course_id not in groups:
            made = AssignmentGroup(
                id=_next(section.assignment_groups),
                course_id=assignment.course_id,
                name="Assignments",
                created_at=assignment.created_at,
            )
            section.assignment_groups.append(made)
            groups[assignment.course_id] = made.id
        section.assignments[place] = replace(assignment, assignment_group_id=groups[assignment.course_id])


def _line_items(section: Any) -> None:
    """Give each line item its assignment: that of its link, or a new one with its label."""
    tied = {row.resource_link_id: row.id for row in section.assignments if row.resource_link_id}
    for place, link in enumerate(section.resource_links):
        if link.assignment_id is None and link.id in tied:
            section.resource_links[place] = replace(link, assignment_id=tied[link.id])
        if link.number is None:
            highest = max((resource_link.number or 0 for resource_link in section.resource_links), default=0)
            section.resource_links[place] = replace(section.resource_links[place], number=highest + 1)
    behind = {link.id: link.assignment_id for link in section.resource_links}
    for place, item in enumerate(section.line_items):
        if item.assignment_id is not None:
            continue
        number = behind.get(item.data.resource_link_id)
        if number is None:
            made = Assignment(
                id=_next(section.assignments),
                course_id=item.course_id,
                name=item.data.label,
                points_possible=item.data.score_maximum,
                created_at=LONG_AGO,
                updated_at=LONG_AGO,
            )
            section.assignments.append(made)
            number = made.id
        section.line_items[place] = replace(item, assignment_id=number)
