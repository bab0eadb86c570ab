"""Removing users from an account or the site, merging, splitting and restoring them.

Source: canvas-lms app/models/user.rb, remove_from_root_account, lib/user_merge.rb and lib/split_users.rb (2023-06).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from msgspec.structs import replace

from lms_emulator.core.state.tables import Table
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.model import Account, Attachment, Enrollment, Group, Submission, User, UserMerge
from lms_emulator.providers.canvas.rules import enrolled, files, groups, observing, past_ids, progressing
from lms_emulator.providers.canvas.rules.contexts import Context
from lms_emulator.providers.canvas.rules.permissions import chain

MOVED = dict.fromkeys(
    (
        "account_users",
        "access_tokens",
        "group_memberships",
        "discussion_topics",
        "discussion_entries",
        "wiki_pages",
        "calendar_events",
        "polls",
        "rubric_assessments",
    ),
    "user_id",
) | {"submission_comments": "author_id", "conversation_messages": "author_id"}
"""The tables whose records change hands as they are, and the column with the owner."""
RESTORED = MOVED | dict.fromkeys(
    ("pseudonyms", "communication_channels", "enrollments", "user_past_lti_ids"), "user_id"
)
"""The tables whose records a split gives back."""
STATES = ("active", "invited", "creation_pending", "completed", "rejected", "inactive", "deleted")
"""The states of enrollments; of two for the same place, merging keeps the earlier one here."""
WORK = ("submissions", "quiz_submissions")
GIVEN_BACK = (*RESTORED, *WORK, "users", "conversations", "attachments")
"""All that a merge can have moved."""
UNDONE_FOR = timedelta(days=180)
"""How long a merge can be undone."""
ENDED = ("communication_channels", "enrollments")
"""The tables of which a merge ends rows where both users have the same."""


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
    """End a user's group memberships and observer links in an account, and delete their portfolios."""
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
    """Restore the logins that a user had in an account."""
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
    """Move everything that one user has to another, and delete the first."""
    ended: dict[str, str] = {}
    into = _move_identity(api, user, before := into)
    past = past_ids.keep(api, user, into) if into.uuid == before.uuid else []
    moved = {
        "user_past_lti_ids": past,
        "users": [into.id] if into.uuid != before.uuid else [],
        "communication_channels": _move_addresses(api, user, into, ended),
        "enrollments": _move_enrollments(api, user, into, ended),
        "pseudonyms": _move_logins(api, user, into),
        "conversations": _move_conversations(api, user, into),
    }
    for table, column in MOVED.items():
        rows = getattr(api.store, table)
        own = [row for row in rows if getattr(row, column) == user.id]
        for row in own:
            rows.put(replace(row, **{column: into.id}))
        moved[table] = [row.id for row in own]
    for event in [
        event for event in api.store.calendar_events if (event.context_type, event.context_id) == ("User", user.id)
    ]:
        api.store.calendar_events.put(replace(event, context_id=into.id))
    moved |= _move_work(api, user, into)
    moved["attachments"] = _move_files(api, user, into)
    _move_progress(api, user, into)
    _move_observing(api, user, into)
    marked = dict.fromkeys(
        [*into.preferences.get("favorite_courses", []), *user.preferences.get("favorite_courses", [])]
    )
    prefers = {**into.preferences, **user.preferences} | ({"favorite_courses": list(marked)} if marked else {})
    if ignored := {**_ignored(user), **_ignored(into)}:
        prefers["ignored_until"] = ignored
    api.store.users.put(replace(into, preferences=prefers))
    number = api.new_id("user_merge_data")
    made = UserMerge(id=number, from_user_id=user.id, user_id=into.id, moved=moved, ended=ended, created_at=api.now)
    api.store.user_merges.put(made)
    user = api.store.users.get(user.id) or user
    merged = replace(
        user, workflow_state="deleted", merged_into_user_id=into.id, deleted_at=api.now, updated_at=api.now
    )
    api.store.users.put(merged)


def _move_identity(api: Api, user: User, into: User) -> User:
    """Give a user the other's picture, if they have none, and ids for tools, if no tool can know theirs yet."""
    if into.avatar_state == "none" and user.avatar_state != "none":
        into = replace(into, avatar_image_url=user.avatar_image_url, avatar_state=user.avatar_state)
    met = (
        into.lti_user_id
        or api.store.user_past_lti_ids.find("user", user.id)
        or any(
            item.workflow_state != "deleted"
            for table in (api.store.enrollments, api.store.account_users)
            for item in table.find("user", into.id)
        )
    )
    into = api.store.users.put(into)
    return into if met else _swap_ids(api, user, into)


def _swap_ids(api: Api, user: User, into: User) -> User:
    """Let two users change the ids that tools know them by. Returns the second."""
    for person, other in ((user, into), (into, user)):
        changed = replace(person, lti_id=other.lti_id, lti_user_id=other.lti_user_id, uuid=other.uuid)
        api.store.users.put(changed)
    return changed


def _move_addresses(api: Api, user: User, into: User, ended: dict[str, str]) -> list[int]:
    """Move a user's addresses to the other; of two that are the same, the confirmed one stays. Returns the moved ids.

    Source: handle_communication_channels.
    """
    table, moved = api.store.communication_channels, []
    theirs = sorted(table.find("user", into.id), key=lambda channel: (channel.position, channel.id))
    last = theirs[-1].position + 1 if theirs else 0
    for row in list(table.find("user", user.id)):
        place = (row.address.casefold(), row.type)
        same = next((channel for channel in theirs if (channel.address.casefold(), channel.type) == place), None)
        if row.workflow_state == "retired":
            continue
        state = same.workflow_state if same is not None else "retired"
        if state == "active" or state == row.workflow_state:
            ended[f"communication_channels/{row.id}"] = row.workflow_state
            table.put(replace(row, workflow_state="retired"))
            continue
        if same is not None:
            table.delete(same.id)
        table.put(replace(row, user_id=into.id, position=row.position + last))
        moved.append(row.id)
    return moved


def _move_logins(api: Api, user: User, into: User) -> list[int]:
    """Move a user's logins behind the other's. Returns their ids."""
    last = max((pseudonym.position for pseudonym in api.store.pseudonyms.find("user", into.id)), default=0)
    own = list(api.store.pseudonyms.find("user", user.id))
    for login in own:
        api.store.pseudonyms.put(replace(login, user_id=into.id, position=login.position + last))
    return [login.id for login in own]


def _move_enrollments(api: Api, user: User, into: User, ended: dict[str, str]) -> list[int]:
    """Move a user's enrollments to the other; of two for one place, the better state stays. Returns the moved ids.

    Source: move_enrollments.
    """
    table, moved = api.store.enrollments, []
    theirs = {_place(enrollment): enrollment for enrollment in table.find("user", into.id)}
    for row in [enrollment for enrollment in table.find("user", user.id) if enrollment.workflow_state != "deleted"]:
        same = theirs.get(_place(row))
        if same is None and row.associated_user_id != into.id:
            table.put(replace(row, user_id=into.id, updated_at=api.now))
            moved.append(row.id)
            continue
        ended[f"enrollments/{row.id}"] = row.workflow_state
        if same is not None and STATES.index(row.workflow_state) < STATES.index(same.workflow_state):
            ended[f"enrollments/{same.id}"] = same.workflow_state
            table.put(replace(same, workflow_state=row.workflow_state))
        table.put(replace(row, workflow_state="deleted", updated_at=api.now))
    return moved


def _move_conversations(api: Api, user: User, into: User) -> list[int]:
    """Let a user take part in the other's conversations in their place. Returns the conversations' ids."""
    rows = api.store.conversation_participants
    known = {participant.conversation_id for participant in rows if participant.user_id == into.id}
    own = [participant for participant in rows if participant.user_id == user.id]
    for row in own:
        if row.conversation_id in known:
            rows.delete(row.id)
    taken = [row.conversation_id for row in own if row.conversation_id not in known]
    _hand_over(api, [row.conversation_id for row in own], user, into)
    return taken


def _hand_over(api: Api, conversations: list[int], user: User, into: User) -> None:
    for row in [participant for participant in api.store.conversation_participants if participant.user_id == user.id]:
        if row.conversation_id in conversations:
            api.store.conversation_participants.put(replace(row, user_id=into.id))
    for message in [item for item in api.store.conversation_messages if item.conversation_id in conversations]:
        read = dict.fromkeys(into.id if user_id == user.id else user_id for user_id in message.user_ids)
        removed = {str(into.id) if name == str(user.id) else name: at for name, at in message.removed.items()}
        api.store.conversation_messages.put(replace(message, user_ids=list(read), removed=removed))


def _move_work(api: Api, user: User, into: User) -> dict[str, list[int]]:
    """Give a user the other's submissions where these take precedence, and vice versa. Returns the moved ids."""
    moved: dict[str, list[int]] = {table: [] for table in WORK}
    taken: set[int] = set()
    for row in list(api.store.submissions.find("user", user.id)):
        other = api.store.submissions.first("whose", (row.assignment_id, into.id))
        if other is None or _comes_first(row, other):
            taken.add(row.assignment_id)
            _swap(api.store.submissions, row, other, user, into)
            moved["submissions"].append(row.id)
    for attempt in [row for row in api.store.quiz_submissions if row.user_id == user.id]:
        known = api.store.quiz_submissions.first("whose", (attempt.quiz_id, into.id))
        quiz = api.store.quizzes.get(attempt.quiz_id)
        if known is None or (quiz is not None and quiz.assignment_id in taken):
            _swap(api.store.quiz_submissions, attempt, known, user, into)
            moved["quiz_submissions"].append(attempt.id)
    return moved


def _comes_first(row: Submission, other: Submission) -> bool:
    """Whether merging replaces a user's submission by the other's. Source: handle_submissions."""
    graded = [
        submission.excused or (submission.entered_score is not None and submission.workflow_state == "graded")
        for submission in (row, other)
    ]
    if (graded[0] and not graded[1]) or (row.submission_type is not None and other.submission_type is None):
        return True
    return row.submission_type is None and other.submission_type is None


def _swap(table: Table[Any], row: Any, other: Any, user: User, into: User) -> None:
    table.put(replace(row, user_id=into.id))
    if other is not None:
        table.put(replace(other, user_id=user.id))


def _move_observing(api: Api, user: User, into: User) -> None:
    """Let a user observe, and be observed, in the other's place. Source: move_observees."""
    for side, far in (("observer_id", "student_id"), ("student_id", "observer_id")):
        for link in [row for row in api.store.user_observers if getattr(row, side) == user.id]:
            ends = {side: into.id, far: getattr(link, far)}
            rows = api.store.user_observers.find("student", ends["student_id"])
            known = any(item.observer_id == ends["observer_id"] and item.workflow_state == "active" for item in rows)
            redundant = known or into.id == ends[far]
            api.store.user_observers.put(
                replace(link, workflow_state="deleted") if redundant else replace(link, **ends)
            )
    for row in [e for e in api.store.enrollments if e.associated_user_id == user.id and e.workflow_state != "deleted"]:
        changed = replace(row, associated_user_id=into.id, updated_at=api.now)
        known = any(_place(item) == _place(changed) for item in api.store.enrollments.find("user", row.user_id))
        if row.user_id != into.id and not known:
            api.store.enrollments.put(changed)


def _move_files(api: Api, user: User, into: User, only: list[int] | None = None) -> list[int]:
    """Move a user's files into the other's folders of the same names. Returns the moved ids.

    Source: migrate_attachments.
    """
    target, moved = Context("User", into.id, into), []
    theirs = {_path(api, file): file for file in files.files_of(api.store, target)}
    for file in list(files.files_of(api.store, Context("User", user.id, user))):
        folder, same = files.folder_of(api.store, file), theirs.get(_path(api, file))
        if (
            folder is None
            or (only is not None and file.id not in only)
            or (same is not None and (same.text, same.data) == (file.text, file.data))
        ):
            continue
        place = files.folder_at(api, target, files.full_name(api.store, folder))
        changed = replace(file, context_id=into.id, user_id=into.id, folder_id=place.id, updated_at=api.now)
        files.settle_name(api, changed, "rename" if same is not None else "")
        moved.append(file.id)
    return moved


def _path(api: Api, file: Attachment) -> str:
    folder = files.folder_of(api.store, file)
    return f"{files.full_name(api.store, folder) if folder is not None else ''}/{file.display_name}"


def _move_progress(api: Api, user: User, into: User) -> None:
    """Let a user have come as far in each module as the better of the two."""
    for row in [progression for progression in api.store.module_progressions if progression.user_id == user.id]:
        module = api.store.context_modules.get(row.context_module_id)
        if module is None:
            continue
        known = progressing.progression(api, module, into.id)
        if known.completed_at is None and (row.completed_at is not None or not known.opened):
            api.store.module_progressions.put(replace(row, key=known.key, user_id=into.id))
        api.store.module_progressions.delete(row.key)


def _place(enrollment: Enrollment) -> tuple[int, int, int | None]:
    return enrollment.course_section_id, enrollment.role_id, enrollment.associated_user_id


def _ignored(user: User) -> dict[str, Any]:
    """The to-do items that a user ignores."""
    return dict(user.preferences.get("ignored_until") or {})


def splittable(api: Api, user: User) -> list[UserMerge]:
    """The merges into a user that can be undone.

    Source: canvas-lms app/models/user_merge_data.rb, splitable (2024-04).
    """
    found = (record for record in api.store.user_merges.find("user", user.id) if record.workflow_state == "active")
    return [record for record in found if record.created_at is None or record.created_at > api.now - UNDONE_FOR]


def split(api: Api, user: User) -> list[User]:
    """Undo the merges into a user. Returns the restored users."""
    found: list[User] = []
    for record in splittable(api, user):
        other = api.store.users.get(record.from_user_id)
        if other is None:
            continue
        user = api.store.users.get(user.id) or user
        kept = {name: until for name, until in _ignored(user).items() if name not in _ignored(other)}
        if kept != _ignored(user):
            user = api.store.users.put(replace(user, preferences={**user.preferences, "ignored_until": kept}))
        past_ids.drop(api, user, other)
        for table, ids in record.moved.items():
            _give_back(api, table, ids, user, other)
        for named, state in record.ended.items():
            table, _, number = named.partition("/")
            if (row := getattr(api.store, table).get(int(number))) is not None:
                getattr(api.store, table).put(replace(row, workflow_state=state))
        api.store.user_merges.put(replace(record, workflow_state="split"))
        other = api.store.users.get(other.id) or other
        back = replace(other, workflow_state="registered", merged_into_user_id=None, deleted_at=None)
        found.append(api.store.users.put(back))
    return found


def _give_back(api: Api, table: str, ids: list[int], user: User, other: User) -> None:
    if table == "conversations":
        return _hand_over(api, ids, user, other)
    if table == "users":
        if ids:
            _swap_ids(api, api.store.users.get(user.id) or user, other)
        return None
    if table == "attachments":
        _move_files(api, user, other, ids)
        return None
    rows = getattr(api.store, table)
    for row in filter(None, map(rows.get, ids)):
        if table in WORK:
            place = row.assignment_id if table == "submissions" else row.quiz_id
            _swap(rows, row, rows.first("whose", (place, other.id)), user, other)
        else:
            rows.put(replace(row, **{RESTORED[table]: other.id}))
    return None
