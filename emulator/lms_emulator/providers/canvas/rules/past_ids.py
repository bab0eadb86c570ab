"""The ids by which tools know people who were merged into others.

Source: canvas-lms app/models/user_past_lti_id.rb, lib/user_merge.rb, populate_past_lti_ids, and lib/lti/asset.rb
(2024-04).
"""

from __future__ import annotations

from typing import Literal

from msgspec.structs import replace

from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.lti import places
from lms_emulator.providers.canvas.model import Account, CanvasStore, Course, Group, User, UserPastLtiId

Context = Course | Account | Group


def keep(api: Api, user: User, into: User) -> list[int]:
    """Keep a user's ids wherever they have been, for the user that they are merged into.

    Returns the numbers of those kept by earlier merges, which change hands.
    """
    store = api.store
    table = store.user_past_lti_ids
    taken = {_place(row) for row in table.find("user", into.id)}
    moved = [row for row in table.find("user", user.id) if _place(row) not in taken]
    for row in moved:
        table.put(replace(row, user_id=into.id))
    taken |= {_place(row) for row in (*moved, *table.find("user", user.id))}
    found: list[tuple[Literal["Course", "Group", "Account"], int]]
    found = [("Course", row.course_id) for row in store.enrollments.find("user", user.id)]
    found += [("Group", row.group_id) for row in store.group_memberships.find("user", user.id)]
    found += [("Account", row.account_id) for row in store.account_users.find("user", user.id)]
    for kind, number in dict.fromkeys(found):
        if (kind, number) not in taken:
            made = UserPastLtiId(
                id=api.new_id("user_past_lti_ids"),
                user_id=into.id,
                context_type=kind,
                context_id=number,
                user_uuid=user.uuid,
                user_lti_id=user.lti_id,
                user_lti_context_id=places.user_id(user),
            )
            table.put(made)
    return [row.id for row in moved]


def drop(api: Api, user: User, restored: User) -> None:
    """Take back what was kept of a user when they are split off again."""
    for row in list(api.store.user_past_lti_ids.find("user", user.id)):
        if row.user_lti_id == restored.lti_id:
            api.store.user_past_lti_ids.delete(row.id)


def as_known(store: CanvasStore, user: User, context: Context) -> User:
    """A user with the ids that tools know them by in a context."""
    key = (type(context).__name__, context.id)
    past = next((row for row in store.user_past_lti_ids.find("user", user.id) if _place(row) == key), None)
    if past is None:
        return user
    return replace(user, lti_id=past.user_lti_id, lti_user_id=past.user_lti_context_id, uuid=past.user_uuid)


def known(store: CanvasStore, lti_id: str, context: Context) -> User | None:
    """The user that tools in a context know by an earlier LTI id."""
    key = (type(context).__name__, context.id)
    past = next((row for row in store.user_past_lti_ids.find("lti_id", lti_id) if _place(row) == key), None)
    return store.users.get(past.user_id) if past is not None else None


def _place(row: UserPastLtiId) -> tuple[str, int]:
    return row.context_type, row.context_id
