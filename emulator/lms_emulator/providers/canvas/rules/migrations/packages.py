"""The content of a course as a package: copied, exported, or read from a file."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.model import ContentTag, Course, QuizGroup, QuizQuestion
from lms_emulator.providers.canvas.rules import files, quizzes
from lms_emulator.providers.canvas.rules.migrations.kinds import KINDS, Kind, key_of


class Part(NamedTuple):
    """One object: its kind, its id in packages, and its row at the source."""

    kind: Kind
    key: str
    record: Any


@dataclass
class Package:
    """The content of a course.

    Attributes:
        course: the course itself, for its settings; None if there are none.
        course_id: the number of the course in links and rows.
        native: whether `course_id` is a course of this school.
        given: the fields of the course that the package has; None for all.
        items: module items, by module. questions: groups and questions, by quiz.
        folders: the folders of each file.
        uses: by assignment, its rubric and how it is used.
    """

    course: Course | None = None
    course_id: int = 0
    native: bool = True
    given: frozenset[str] | None = None
    parts: list[Part] = field(default_factory=list)
    items: dict[int, list[ContentTag]] = field(default_factory=dict)
    questions: dict[int, tuple[list[QuizGroup], list[QuizQuestion]]] = field(default_factory=dict)
    folders: dict[int, str] = field(default_factory=dict)
    uses: list[Any] = field(default_factory=list)

    def of(self, name: str) -> list[Part]:
        """The parts of one kind."""
        return [part for part in self.parts if part.kind.name == name]


def of_course(api: Api, course: Course) -> Package:
    """The whole content of a course."""
    package = Package(course=course, course_id=course.id)
    for kind in KINDS:
        package.parts += [Part(kind, key_of(kind, record), record) for record in kind.lister(api, course)]
    package.parts = sorted(package.parts, key=lambda part: _group(package, part))
    for part in package.of("context_modules"):
        rows = [tag for tag in api.store.content_tags.find("module", part.record.id) if tag.workflow_state == "active"]
        package.items[part.record.id] = sorted(rows, key=lambda item: (item.position or 0, item.id))
    for part in package.of("quizzes"):
        package.questions[part.record.id] = quizzes.groups(api, part.record), quizzes.questions(api, part.record)
    for part in package.of("attachments"):
        folder = files.folder_of(api.store, part.record)
        path = files.full_name(api.store, folder) if folder is not None else ""
        package.folders[part.record.id] = path.partition("/")[2]
    for part in package.of("rubrics"):
        uses = api.store.rubric_associations.find("rubric", part.record.id)
        package.uses += [row for row in uses if row.association_type == "Assignment" and row.workflow_state == "active"]
    return package


def _group(package: Package, part: Part) -> str:
    """Assignments sorted by group, as packages list them; other kinds unchanged."""
    if part.kind.name != "assignments":
        return ""
    return next(
        (group.key for group in package.of("assignment_groups") if group.record.id == part.record.assignment_group_id),
        "",
    )
