"""The lists of course content that a client selects from.

Source: canvas-lms lib/canvas/migration/helpers/selective_content_formatter.rb, and
fixtures/recordings/canvas/courses-migrations.jsonl 41, 90.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.model import Course
from lms_emulator.providers.canvas.rules import blueprints, collation, contexts, files, groups, outcomes
from lms_emulator.providers.canvas.rules.migrations import kinds
from lms_emulator.providers.canvas.rules.migrations.packages import Package, Part

Items = list[dict[str, Any]]


class Sort(NamedTuple):
    """A sort of content in lists. `title`, the field that names an object of it, or the words that name all."""

    name: str
    label: str
    asset: str
    title: str
    lister: Callable[[Api, Course], list[Any]]

    def title_of(self, record: Any) -> str:
        """What lists call an object."""
        return str(getattr(record, self.title, self.title) or "")


def _of(name: str) -> Sort:
    kind = kinds.BY_NAME[name]
    asset = "discussion_topic" if kind.table == "discussion_topics" else kind.asset
    return Sort(name, kind.label, asset, kind.title, kind.lister)


def _outcomes(api: Api, course: Course) -> list[Any]:
    return list(outcomes.of_course(api, contexts.of(course)).values())


def _groups(api: Api, course: Course) -> list[Any]:
    found = [group for category in groups.of_place(api, course) for group in groups.of_category(api, category)]
    return sorted(found, key=lambda group: group.id)


def _banks(api: Api, course: Course) -> list[Any]:
    return list(api.store.assessment_question_banks.find("course", course.id))


SORTS = (
    *map(_of, ("context_modules", "assignments", "quizzes")),
    Sort("assessment_question_banks", "Question Banks", "assessment_question_bank", "Unfiled Questions", _banks),
    *map(_of, ("discussion_topics", "wiki_pages", "context_external_tools")),
    Sort("tool_profiles", "Tool Profiles", "lti/tool_proxy", "name", lambda *_: []),
    *map(_of, ("announcements", "calendar_events", "rubrics")),
    Sort("groups", "Student Groups", "group", "name", _groups),
    Sort("learning_outcomes", "Learning Outcomes", "learning_outcome", "title", _outcomes),
    _of("attachments"),
)
BY_NAME = {sort.name: sort for sort in SORTS}
WITHOUT_LIST = "learning_outcomes"
"""The top level only counts these."""
_LINKED = {"quizzes": "Quiz", "discussion_topics": "Discussion Topic"}
_FOLDERS = Sort("folders", "", "folder", "name", lambda *_: [])
_GROUPS = _of("assignment_groups")


def is_listed(name: str | None) -> bool:
    """Whether `type` may be this."""
    return name is None or name in BY_NAME or name.startswith(("submodules_", "learning_outcome_groups_"))


def _heading(name: str, title: str, root: str, **more: Any) -> dict[str, Any]:
    return {"type": name, "property": f"{root}[all_{name}]", "title": title, **more}


def _counted(sort: Sort, count: int, root: str, address: str) -> dict[str, Any]:
    more = {} if sort.name == WITHOUT_LIST else {"sub_items_url": f"{address}?type={sort.name}"}
    return _heading(sort.name, sort.label, root, count=count, **more)


class OfCourse:
    """The lists of what a course has.

    Attributes:
        target: where it shall be imported; None for an export, whose lists name objects by their asset strings.
    """

    def __init__(self, api: Api, course: Course, target: Course | None) -> None:
        self.api, self.course, self.target = api, course, target
        self.root = "select" if target is None else "copy"

    def top(self, address: str) -> Items:
        """The sorts of content. `address`: the URL of their lists."""
        found = [_heading("course_settings", "Course Settings", self.root)]
        found.append(_heading("syllabus_body", "Syllabus Body", self.root))
        paces = self.api.store.course_paces.find("course", self.course.id)
        whole = (pace for pace in paces if pace.course_section_id is None and pace.user_id is None)
        if any(pace.workflow_state != "deleted" for pace in whole):
            found.append(_heading("course_paces", "Course Pace", self.root))
        if self.target is not None and blueprints.eligible(self.api.store, self.target):
            found.append(_heading("blueprint_settings", "Blueprint Settings", self.root))
        counts = {sort: len(sort.lister(self.api, self.course)) for sort in SORTS if sort.name != "groups"}
        return found + [_counted(sort, count, self.root, address) for sort, count in counts.items() if count]

    def within(self, name: str) -> Items:
        """The objects of one sort."""
        if name == "assignments":
            return self._assignments()
        if name == "attachments":
            return self._files()
        sort = BY_NAME.get(name)
        return [self._item(sort, record) for record in sort.lister(self.api, self.course)] if sort is not None else []

    def _item(self, sort: Sort, record: Any) -> dict[str, Any]:
        found = self._named(sort, record) | {"title": sort.title_of(record)}
        linked = self._linked(sort, record)
        return found | ({"linked_resource": linked} if linked is not None else {})

    def _named(self, sort: Sort, record: Any) -> dict[str, Any]:
        if self.target is None:
            return {"type": sort.name, "id": f"{sort.asset}_{record.id}"}
        key = kinds.key(sort.asset, record.id)
        return {"type": sort.name, "migration_id": key, "property": f"{self.root}[{sort.name}][id_{key}]"}

    def _linked(self, sort: Sort, record: Any) -> dict[str, Any] | None:
        if sort.name == "assignments":
            for name, word in _LINKED.items():
                rows = BY_NAME[name].lister(self.api, self.course)
                found = next((row for row in rows if row.assignment_id == record.id), None)
                if found is not None:
                    text = f"linked with {word} '{found.title}'"
                    return self._named(BY_NAME[name], found) | {"message": text}
        base = self.api.store.assignments.get(record.assignment_id or 0) if sort.name in _LINKED else None
        if base is None:
            return None
        return self._named(BY_NAME["assignments"], base) | {"message": f"linked with Assignment '{base.name}'"}

    def _assignments(self) -> Items:
        sort, found = BY_NAME["assignments"], []
        rows = sort.lister(self.api, self.course)
        for group in _GROUPS.lister(self.api, self.course):
            inside = [self._item(sort, row) for row in rows if row.assignment_group_id == group.id]
            found.append(self._item(_GROUPS, group) | ({"sub_items": inside} if inside else {}))
        return found

    def _files(self) -> Items:
        sort, found = BY_NAME["attachments"], []
        named = [
            (files.full_name(self.api.store, folder), folder)
            for folder in files.folders_of(self.api.store, contexts.of(self.course))
        ]
        for path, folder in sorted(named, key=lambda pair: (collation.key(pair[0]), pair[1].id)):
            inside = [self._item(sort, file) for file in files.files_in(self.api.store, folder)]
            if inside:
                found.append(self._item(_FOLDERS, folder) | {"title": path, "sub_items": inside})
        return found


class OfPackage:
    """The lists of what is in a package that was read."""

    def __init__(self, package: Package) -> None:
        self.package = package

    def top(self, address: str) -> Items:
        """The sorts of content. `address`: the URL of their lists."""
        course, found = self.package.course, []
        if course is not None:
            found.append(_heading("course_settings", "Course Settings", "copy"))
            if course.syllabus_body:
                found.append(_heading("syllabus_body", "Syllabus Body", "copy"))
        counts = {sort: len(self.package.of(sort.name)) for sort in SORTS if sort.name in kinds.BY_NAME}
        return found + [_counted(sort, count, "copy", address) for sort, count in counts.items() if count]

    def within(self, name: str) -> Items:
        """The objects of one sort."""
        parts = self.package.of(name)
        if name == "assignments":
            return self._assignments(parts)
        return self._files(parts) if name == "attachments" else [self._item(part) for part in parts]

    def _item(self, part: Part) -> dict[str, Any]:
        kind = part.kind
        found = {
            "type": kind.name,
            "property": f"copy[{kind.name}][id_{part.key}]",
            "title": getattr(part.record, kind.title),
            "migration_id": part.key,
        }
        if kind.name == "attachments":
            found["path"] = self.package.folders.get(part.record.id, "")
        if kind.name == "context_modules":
            found["item_count"] = len(self.package.items.get(part.record.id, ()))
        return found

    def _assignments(self, parts: list[Part]) -> Items:
        found: Items = []
        placed: set[str] = set()
        for group in self.package.of("assignment_groups"):
            inside = [part for part in parts if part.record.assignment_group_id == group.record.id]
            placed |= {part.key for part in inside}
            found.append(self._item(group) | ({"sub_items": [self._item(part) for part in inside]} if inside else {}))
        return found + [self._item(part) for part in parts if part.key not in placed]

    def _files(self, parts: list[Part]) -> Items:
        by_folder: dict[str, Items] = {}
        for part in parts:
            item = self._item(part)
            by_folder.setdefault(item["path"], []).append(item)
        found: Items = []
        for path, items in sorted(by_folder.items()):
            key = kinds.digest(path)
            place = {"type": "folders", "property": f"copy[folders][id_{key}]", "title": path, "migration_id": key}
            found.append(place | {"sub_items": items})
        return found
