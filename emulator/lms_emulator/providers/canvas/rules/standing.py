"""The caller's roles in the course or account of a refused request, and the roles that have the missing permission.

For the journal: Canvas itself says only that the user is not authorized.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import Any

from lms_emulator.core.access.whereabouts import named_records
from lms_emulator.core.http.exchange import number
from lms_emulator.core.state.tables import Table
from lms_emulator.providers.canvas.call import Call
from lms_emulator.providers.canvas.credentials import Identity
from lms_emulator.providers.canvas.model import Account, Course, Quiz, Role, User
from lms_emulator.providers.canvas.rules.permissions import admins_over, permissions, role_allows

_CODE = re.compile(r"\bcourse_(\d{1,12})$")
_LISTED = 6
_DRAFTS = ("created", "claimed", "edited", "unpublished")


def why_not(call: Call, needs: Collection[str], what: str = "") -> str | None:
    """The caller's roles and those with the permission, in the course or account of the path or in the whole site.

    None if one of those roles has the permission, so that it is not what was missing.
    Parameters: `what`, what the caller may not do, which may name a course by its context code.
    """
    code = _CODE.search(what)
    course = call.store.courses.get(int(code[1])) if code is not None else _course(call)
    account = call.store.accounts.get(course.account_id) if course is not None else _account(call) or _root(call)
    user = call.store.users.get(call.per_request(Identity).user_id or 0)
    if account is None or user is None:
        return None
    if any(role_allows(call, account, role, need) for role in _roles(call, user, course) for need in needs):
        return None
    of_account = course is None and _account(call) is not None
    reasons = [_caller(call, user, course, account), *_holders(call, account, needs, of_account=of_account)]
    if permissions().keys().isdisjoint(needs) and any(_roles(call, user, course)):
        reasons += [f"{hidden} is not published, and students see it only when it is" for hidden in _unpublished(call)]
    return "; ".join(reasons)


def where_somebody_stands(call: Call, user: User, course: Course) -> str:
    """`user 3 is TeacherEnrollment in course 1`."""
    account = call.store.accounts.get(course.account_id)
    return _caller(call, user, course, account) if account is not None else f"user {user.id} has no role there"


def _unpublished(call: Call) -> Iterator[str]:
    """What the records of the path are called that are not published."""
    for called, record in named_records(call):
        drafts = _DRAFTS if isinstance(record, Course | Quiz) else ("unpublished",)
        if getattr(record, "published", None) is False or getattr(record, "workflow_state", "") in drafts:
            yield called


def _course(call: Call) -> Course | None:
    own = call.route is not None and call.route.path.removeprefix("/api/v1").startswith("/courses/{id}")
    key = number(call.path_params.get("course_id") or (call.path_params.get("id") if own else None))
    tables: tuple[tuple[str, Table[Any]], ...] = (
        ("assignment_id", call.store.assignments),
        ("section_id", call.store.course_sections),
    )
    for name, table in tables if key is None else ():
        record = table.get(number(call.path_params.get(name)) or 0)
        key = record.course_id if record is not None else key
    return call.store.courses.get(key) if key is not None else None


def _account(call: Call) -> Account | None:
    own = call.route is not None and call.route.path.removeprefix("/api/v1").startswith("/accounts/{id}")
    key = number(call.path_params.get("account_id") or (call.path_params.get("id") if own else None))
    return call.store.accounts.get(key) if key is not None else None


def _root(call: Call) -> Account | None:
    roots = (account for account in call.store.accounts if account.parent_account_id is None and not account.site_admin)
    return next(roots, None)


def _roles(call: Call, user: User, course: Course | None) -> Iterator[Role]:
    """The roles in which somebody takes part in a course now."""
    for enrollment in call.store.enrollments.find("user", user.id):
        role, here = call.store.roles.get(enrollment.role_id), course is not None and enrollment.course_id == course.id
        if here and enrollment.workflow_state == "active" and role is not None:
            yield role


def _caller(call: Call, user: User, course: Course | None, account: Account) -> str:
    """`user 3 is StudentEnrollment (invited) in course 1`."""
    found = []
    if course is not None:
        for enrollment in call.store.enrollments.find("user", user.id):
            role = call.store.roles.get(enrollment.role_id)
            if enrollment.course_id == course.id and role is not None:
                state = "" if enrollment.workflow_state == "active" else f" ({enrollment.workflow_state})"
                found.append(f"{role.name}{state} in course {course.id}")
    found += [f"{role.name} of account {admin.account_id}" for admin, role in admins_over(call.store, user, account.id)]
    where = f"course {course.id}" if course is not None else f"account {account.id}"
    return f"user {user.id} is {', '.join(found)}" if found else f"user {user.id} has no role in {where}"


def _holders(call: Call, account: Account, needs: Collection[str], *, of_account: bool) -> Iterator[str]:
    """`manage_grades` belongs to TeacherEnrollment, TaEnrollment, AccountAdmin.

    Parameters: `of_account`, whether an account is asked for something, where the roles of a course count for nothing.
    """
    roles = [role for role in call.store.roles if not of_account or not role.base_role_type.endswith("Enrollment")]
    for need in needs:
        if need in permissions():
            names = dict.fromkeys(role.name for role in roles if role_allows(call, account, role, need))
            yield f"`{need}` belongs to {', '.join(list(names)[:_LISTED]) or 'no role'}"
