"""Group memberships of a set as a CSV, which teachers export, edit and import."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from lms_emulator.providers.canvas.call import identifiers
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.model import Course, Group, GroupCategory, User
from lms_emulator.providers.canvas.rules import courses, csv_files, groups, inflections, jobs, people

Row = dict[str | None, str | None]
_HEADS = ("name", "canvas_user_id", "user_id", "login_id", "sections", "group_name", "canvas_group_id", "group_id")
_USERS = (("canvas_user_id", ""), ("user_id", "sis_user_id:"), ("login_id", "sis_login_id:"))


def of(api: Api, category: GroupCategory) -> str:
    """The export of a course's group set, a row per student; it has group numbers once a group has members."""
    place = groups.home(api, category)
    within = {row.user_id: group for group in groups.of_category(api, category) for row in groups.members(api, group)}
    left_out = set() if within else {"canvas_group_id", "group_id"}
    if isinstance(place, Course) and not courses.may(api, api.caller, place, *courses.READS_SIS):
        left_out |= {"user_id", "group_id"}
    rows = [_row(api, place.id, user, within.get(user.id)) for user in groups.candidates(api, place, ("active",))]
    rows.sort(key=lambda row: row["canvas_user_id"])
    heads = [name for name in _HEADS if name not in left_out]
    return csv_files.written([heads, *([row[name] for name in heads] for row in rows)])


def _row(api: Api, course_id: int, user: User, group: Group | None) -> dict[str, Any]:
    login = people.login_of(api.store, user)
    sections = [
        section.name
        for row in api.store.enrollments.find("user", user.id)
        if row.course_id == course_id and (section := api.store.course_sections.get(row.course_section_id)) is not None
    ]
    own = (login.sis_user_id, login.unique_id) if login is not None else (None, None)
    theirs = (group.name, group.id, group.sis_source_id) if group is not None else (None, None, None)
    cells = (people.sortable_name(user), user.id, *own, inflections.sentence(sections), *theirs)
    return dict(zip(_HEADS, cells, strict=True))


def take(api: Api, category: GroupCategory, content: bytes) -> None:
    """Assign users to groups as in a file, creating missing groups. Raises JobFailed.

    Only a user's first row counts.
    """
    try:
        rows = csv_files.read(content.decode())
    except UnicodeDecodeError:
        raise jobs.JobFailed("Invalid UTF-8") from None
    except csv_files.MalformedCsv:
        raise jobs.JobFailed("Malformed CSV") from None
    heads = [name and name.lower() for name in rows[0]] if rows else []
    students = {candidate.id for candidate in groups.candidates(api, groups.home(api, category))}
    known = _Groups(api, category)
    for cells in rows[1:]:
        row: Row = dict(zip(heads, cells, strict=False))
        group = known.named(row)
        user = _user(api, row, students) if group is not None else None
        if group is not None and user is not None:
            students.discard(user.id)
            groups.join(api, group, user.id)


def _user(api: Api, row: Row, students: set[int]) -> User | None:
    named = [f"{prefix}{row[column]}" for column, prefix in _USERS if row.get(column)]
    found = (identifiers.find(api, "users", value) for value in named)
    return next((item for item in found if item is not None and item.id in students), None)


class _Groups:
    """The groups of a set by the names in the rows; missing ones are created."""

    def __init__(self, api: Api, category: GroupCategory) -> None:
        self._api = api
        self._category = category
        self._numbers: dict[str, int] = {}
        self._sis_ids: dict[str, int] = {}
        for group in api.store.groups.find("category", category.id):
            self._numbers[str(group.id)] = group.id
            if group.sis_source_id:
                self._sis_ids.setdefault(group.sis_source_id, group.id)
        self._names: dict[str, int] = {}
        for group in groups.of_category(api, category):
            self._names.setdefault(group.name, group.id)

    def named(self, row: Row) -> Group | None:
        """The group of a row: by number, SIS id or name."""
        number, sis_id, name = row.get("canvas_group_id"), row.get("group_id"), row.get("group_name")
        found = self._get(self._numbers, number) or self._get(self._sis_ids, sis_id)
        if found is not None and found.workflow_state == "deleted":
            found = self._api.store.groups.put(replace(found, workflow_state="available"))
            self._names.setdefault(found.name, found.id)
        if found is not None or name is None:
            return found
        found = self._get(self._names, name) or groups.make_group(self._api, self._category, name=name)
        self._names.setdefault(found.name, found.id)
        return found

    def _get(self, numbers: dict[str, int], name: str | None) -> Group | None:
        number = numbers.get(name or "")
        return self._api.store.groups.get(number) if number is not None else None
