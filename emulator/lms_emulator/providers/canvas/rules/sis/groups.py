"""Groups, group categories and memberships in SIS imports.

Source: canvas-lms lib/sis/group_category_importer.rb, group_importer.rb and group_membership_importer.rb.
"""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from lms_emulator.providers.canvas.model import Account, Course, Group, GroupCategory, GroupMembership, User
from lms_emulator.providers.canvas.rules import groups
from lms_emulator.providers.canvas.rules.sis import courses
from lms_emulator.providers.canvas.rules.sis.work import ImportFault, Row, Work


def category(work: Work, row: Row) -> bool:
    """A row of group categories."""
    sis_id, name = row.get("group_category_id"), row.get("category_name")
    if not sis_id:
        raise ImportFault("No sis_id given for a group category")
    if not name:
        raise ImportFault(f"No name given for group category {sis_id}")
    if not row.get("status"):
        raise ImportFault(f"No status given for group category {sis_id}")
    if not row.matches("status", "active|deleted"):
        raise ImportFault(f'Improper status "{row.get("status")}" for group category {sis_id}, skipping')
    deleted = row.matches("status", "deleted")
    if work.skips_deletes and deleted:
        return False
    place = _home(work, row, f"group category {sis_id}") or work.api.root
    known = next((item for item in work.store.group_categories if item.sis_source_id == sis_id), None)
    if known is not None and groups.of_category(work.api, known) and not _lies_in(known, place):
        raise ImportFault(f"Cannot move group category {sis_id} because it has groups in it.")
    beside = (item for item in groups.of_place(work.api, place) if known is None or item.id != known.id)
    if (known is None or known.name != name) and any(group_category.name == name for group_category in beside):
        said = f"Name {name} is already in use."
        raise ImportFault(f"A group category did not pass validation (group category: {sis_id}, error: {said})")
    fields: dict[str, Any] = {
        "context_type": "Course" if isinstance(place, Course) else "Account",
        "context_id": place.id,
        "name": name,
        "sis_source_id": sis_id,
        "workflow_state": "deleted" if deleted else "active",
    }
    base = known or GroupCategory(
        id=work.api.new_id("group_categories"), context_id=place.id, name=name, created_at=work.api.now
    )
    work.keep(replace(base, **fields), known)
    return True


def _home(work: Work, row: Row, of: str) -> Course | Account | None:
    """The course or account in a row; None if it has neither."""
    account_id, course_id = row.get("account_id"), row.get("course_id")
    if account_id and course_id:
        raise ImportFault(f"Only one context is allowed and both course_id and account_id where provided for {of}.")
    if account_id:
        account = work.account(account_id)
        if account is None or account.workflow_state == "deleted":
            raise ImportFault(f"Account with {_missing(account_id, of)}")
        return account
    if course_id:
        course = courses.with_id(work, course_id)
        if course is None or course.workflow_state == "deleted":
            raise ImportFault(f"Course with {_missing(course_id, of)}")
        return course
    return None


def _missing(sis_id: str, of: str) -> str:
    category = of.startswith("group category")
    return f'id "{sis_id}" didn\'t exist for {of}' if category else f"sis id {sis_id} didn't exist for {of}."


def group(work: Work, row: Row) -> bool:
    """A row of groups."""
    sis_id, name = row.get("group_id"), row.get("name")
    if not sis_id:
        raise ImportFault("No group_id given for a group.")
    if not name:
        raise ImportFault(f"No name given for group {sis_id}.")
    if not row.matches("status", "available|closed|completed|deleted"):
        raise ImportFault(f'Improper status "{row.get("status")}" for group {sis_id}.')
    deleted = row.get("status") == "deleted"
    if work.skips_deletes and row.matches("status", "deleted"):
        return False
    place = _home(work, row, f"group {sis_id}")
    known = next((group for group in work.store.groups if group.sis_source_id == sis_id), None)
    within = _category(work, row, place, known)
    if known is not None and groups.members(work.api, known):
        before = groups.category_of(work.api, known)
        moves = (before.context_type, before.context_id) != (within.context_type, within.context_id)
        if moves and "Course" in (before.context_type, within.context_type):
            raise ImportFault(f"Cannot move group {sis_id} because it has group_memberships.")
    if len(name) > 255 and "name" not in work.stuck(known):
        said = "Name Enter a shorter group name"
        raise ImportFault(f"A group did not pass validation (group: {sis_id}, error: {said})")
    base = known or Group(
        id=work.api.new_id("groups"),
        group_category_id=within.id,
        name=name,
        lti_context_id=work.api.call.ids.hex(40),
        created_at=work.api.now,
    )
    fields: dict[str, Any] = {"sis_source_id": sis_id, "group_category_id": within.id}
    fields["workflow_state"] = "deleted" if deleted else "available"
    if "name" not in work.stuck(known):
        fields["name"] = name
    work.keep(replace(base, **fields), known)
    return True


def _category(work: Work, row: Row, place: Course | Account | None, known: Group | None) -> GroupCategory:
    named, sis_id = row.get("group_category_id"), row.get("group_id")
    if named:
        rows = [item for item in work.store.group_categories if item.sis_source_id == named]
        kind = "course" if isinstance(place, Course) else "account"
        where = f" in {kind} {row.get(f'{kind}_id')}" if place is not None else ""
        rows = [item for item in rows if item.workflow_state != "deleted" and (place is None or _lies_in(item, place))]
        if not rows:
            raise ImportFault(f"Group Category {named} didn't exist{where} for group {sis_id}.")
        return rows[0]
    home = place or work.api.root
    if known is not None:
        before = groups.category_of(work.api, known)
        if _lies_in(before, home):
            return before
    return groups.own_set(work.api, home)


def _lies_in(category: GroupCategory, place: Course | Account) -> bool:
    return (category.context_type == "Course") == isinstance(place, Course) and category.context_id == place.id


def membership(work: Work, row: Row) -> bool:
    """A row of group memberships."""
    named, sis_id = row.get("group_id"), row.get("user_id")
    if not named:
        raise ImportFault("No group_id given for a group user")
    if not sis_id:
        raise ImportFault("No user_id given for a group user")
    if not row.matches("status", "accepted|deleted"):
        raise ImportFault(f'Improper status "{row.get("status")}" for a group user')
    deleted = row.matches("status", "deleted")
    if work.skips_deletes and deleted:
        return False
    login = work.login(sis_id)
    found = next((group for group in work.store.groups if group.sis_source_id == named), None)
    if login is None:
        raise ImportFault(f"User {sis_id} didn't exist for group user")
    if found is None:
        raise ImportFault(f"Group {named} didn't exist for group user")
    user = work.store.users.get(login.user_id)
    assert user is not None, "the world file's references are checked when it is loaded"
    place = groups.home(work.api, groups.category_of(work.api, found))
    if isinstance(place, Course) and not groups.takes_part(work.api, place, user):
        raise ImportFault(f"User {sis_id} doesn't have an enrollment in the course of group {named}.")
    rows = [item for item in work.store.group_memberships.find("group", found.id) if item.user_id == user.id]
    known = min(rows, key=lambda item: (item.workflow_state != "accepted", item.id), default=None)
    if known is None and (said := _unfit(work, found, user)):
        of = f"user: {sis_id}, group: {named}"
        raise ImportFault(f"A group user did not pass validation ({of}, error: {said})")
    base = known or GroupMembership(
        id=work.api.new_id("group_memberships"), group_id=found.id, user_id=user.id, created_at=work.api.now
    )
    if not deleted and groups.category_of(work.api, found).role not in groups.FREE:
        for other, old in groups.joined(work.api, groups.category_of(work.api, found), user.id):
            if other.id != found.id:
                groups.leave(work.api, other, old)
    work.keep(replace(base, workflow_state="deleted" if deleted else "accepted"), known)
    return True


def _unfit(work: Work, group: Group, user: User) -> str | None:
    """Why a user cannot join a group, by canvas-lms app/models/group_membership.rb; a deleted row counts too."""
    within = groups.category_of(work.api, group)
    if within.self_signup == "restricted" and not groups.shares_section(work.api, group, user):
        return f"User {user.name} does not share a section with the other members of {group.name}."
    return "Group The group is full." if groups.full(work.api, within, group) else None
