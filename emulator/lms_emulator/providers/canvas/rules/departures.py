"""How people leave an account or the site, are merged, and come back.

Source: canvas-lms app/models/user.rb, remove_from_root_account, lib/user_merge.rb and lib/split_users.rb (2023-06).
"""

from __future__ import annotations

from collections.abc import Callable

from msgspec.structs import replace

from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.model import Account, Enrollment, Group, User, UserMerge
from lms_emulator.providers.canvas.rules import enrolled, groups, observing
from lms_emulator.providers.canvas.rules.permissions import chain

MOVED = ("pseudonyms", "communication_channels", "enrollments", "account_users")


def remove(api: Api, user: User, account: Account) -> User:
    """Take a user out of an account: logins, courses and administrative roles in it and below it."""

    def inside(account_id: int) -> bool:
        return account in chain(api.store, account_id)

    for login in api.store.pseudonyms.find("user", user.id):
        if inside(login.account_id):
            api.store.pseudonyms.put(replace(login, workflow_state="deleted"))
    touched = False
    for enrollment in api.store.enrollments.find("user", user.id):
        course = api.store.courses.get(enrollment.course_id)
        if course is not None and inside(course.account_id) and enrollment.workflow_state != "deleted":
            enrolled.keep(api, replace(enrollment, workflow_state="deleted", updated_at=api.now))
            touched = True
    for admin in api.store.account_users.find("user", user.id):
        if inside(admin.account_id):
            api.store.account_users.put(replace(admin, workflow_state="deleted"))
            touched = True
    _part(api, user, inside)
    return api.store.users.put(replace(user, updated_at=api.now)) if touched else user


def _part(api: Api, user: User, inside: Callable[[int], bool]) -> None:
    """End a user's memberships of groups in an account, what they observe, who observes them, and their portfolios."""
    for row in api.store.group_memberships.find("user", user.id):
        group = api.store.groups.get(row.group_id)
        if group is not None and row.workflow_state != "deleted" and inside(_account_of(api, group)):
            groups.leave(api, group, row)
    for link in [
        *api.store.user_observers.find("student", user.id),
        *api.store.user_observers.find("observer", user.id),
    ]:
        observer, student = api.store.users.get(link.observer_id), api.store.users.get(link.student_id)
        if link.workflow_state == "active" and observer is not None and student is not None:
            observing.unlink(api, observer, student)
    for portfolio in api.store.eportfolios.find("user", user.id):
        if portfolio.workflow_state != "deleted":
            api.store.eportfolios.put(replace(portfolio, workflow_state="deleted", deleted_at=api.now))


def _account_of(api: Api, group: Group) -> int:
    category = groups.category_of(api, group)
    course = api.store.courses.get(category.context_id) if category.context_type == "Course" else None
    return course.account_id if course is not None else category.context_id


def restore(api: Api, user: User, account: Account) -> User:
    """Bring back the logins that a user had in an account."""
    for login in api.store.pseudonyms.find("user", user.id):
        if login.account_id == account.id and login.workflow_state == "deleted":
            api.store.pseudonyms.put(replace(login, workflow_state="active"))
    return api.store.users.put(replace(user, workflow_state="registered", deleted_at=None, updated_at=api.now))


def delete(api: Api, user: User) -> None:
    """Delete a user altogether."""
    for root in [account for account in api.store.accounts if account.parent_account_id is None]:
        user = remove(api, user, root)
    for channel in api.store.communication_channels.find("user", user.id):
        api.store.communication_channels.put(replace(channel, workflow_state="retired"))
    api.store.users.put(replace(user, workflow_state="deleted", deleted_at=api.now))


def merge(api: Api, user: User, into: User) -> None:
    """Move everything one user has to another, and delete the first."""
    moved: dict[str, list[int]] = {}
    ended: dict[str, str] = {}
    theirs = [_place(e) for e in api.store.enrollments.find("user", into.id) if e.workflow_state != "deleted"]
    last = max((c.position for c in api.store.communication_channels.find("user", into.id)), default=0)
    for table in MOVED:
        rows = getattr(api.store, table)
        for row in list(rows.find("user", user.id)):
            if table == "enrollments" and _place(row) in theirs:
                ended[str(row.id)] = row.workflow_state
                rows.put(replace(row, workflow_state="deleted", updated_at=api.now))
                continue
            changes = {"position": row.position + last} if table == "communication_channels" else {}
            rows.put(replace(row, user_id=into.id, **changes))
            moved.setdefault(table, []).append(row.id)
    made = UserMerge(id=api.new_id("user_merge_data"), from_user_id=user.id, user_id=into.id, moved=moved, ended=ended)
    api.store.user_merges.put(made)
    gone = replace(user, workflow_state="deleted", merged_into_user_id=into.id, deleted_at=api.now, updated_at=api.now)
    api.store.users.put(gone)


def _place(enrollment: Enrollment) -> tuple[int, int, int | None]:
    return enrollment.course_section_id, enrollment.role_id, enrollment.associated_user_id


def split(api: Api, user: User) -> list[User]:
    """Undo the merges into a user. Returns those who were merged; empty if nobody was."""
    found: list[User] = []
    for record in api.store.user_merges.find("user", user.id):
        other = api.store.users.get(record.from_user_id)
        if record.workflow_state == "split" or other is None:
            continue
        for table, ids in record.moved.items():
            rows = getattr(api.store, table)
            for row in filter(None, map(rows.get, ids)):
                rows.put(replace(row, user_id=other.id))
        for number, state in record.ended.items():
            enrollment = api.store.enrollments.get(int(number))
            if enrollment is not None:
                api.store.enrollments.put(replace(enrollment, workflow_state=state))
        api.store.user_merges.put(replace(record, workflow_state="split"))
        back = replace(other, workflow_state="registered", merged_into_user_id=None, deleted_at=None)
        found.append(api.store.users.put(back))
    return found
