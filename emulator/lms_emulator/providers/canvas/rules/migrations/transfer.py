"""Imports content into a course: each object once, with its dates, links and references adapted.

Source: canvas-lms app/models/importers (2023-06), and the recorded exchanges of `courses-migrations`.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any

from msgspec.structs import replace

from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.model import Assignment, CopiedAsset, Course, GroupCategory
from lms_emulator.providers.canvas.rules import assigning, blueprints, contexts, files, pages, submissions
from lms_emulator.providers.canvas.rules.migrations import course_settings, selection
from lms_emulator.providers.canvas.rules.migrations.copied_outcomes import CopiedOutcomes
from lms_emulator.providers.canvas.rules.migrations.dates import Shift
from lms_emulator.providers.canvas.rules.migrations.packages import Package, Part

TAGGED = {"Assignment": "assignments", "Quiz": "quizzes", "File": "attachments", "Page": "wiki_pages"} | {
    "Discussion": "discussion_topics",
    "ExternalTool": "tools",
}
LINKED = {
    "assignments": "assignments",
    "quizzes": "quizzes",
    "discussion_topics": "discussion_topics",
    "announcements": "discussion_topics",
    "modules": "context_modules",
    "files": "attachments",
}


class Transfer:
    """An import of content into a course.

    Attributes:
        made: by Canvas's class, the rows created or changed.
        ids: new ids, by table and old id.
    """

    def __init__(
        self,
        api: Api,
        package: Package,
        target: Course,
        copy: selection.Copy,
        shift: Shift,
        *,
        overwrites: bool = True,
        synced: bool = False,
    ) -> None:
        """A transfer.

        Parameters:
            overwrites: whether quizzes that an earlier import brought are brought up to date; else each import brings
                its own (canvas-lms app/models/importers/content_importer_helper.rb, add_assessment_id_prepend).
            synced: whether it comes from a blueprint.
        """
        self.overwrites, self.synced = overwrites, synced
        self.api, self.package, self.target = api, package, target
        self.copy, self.shift = copy, shift
        self.made: dict[str, list[int]] = {}
        self.ids: dict[tuple[str, int], int] = {}
        self.outcomes = None
        if package.course is not None and package.native:
            self.outcomes = CopiedOutcomes(api, package.course, target, copy)
        self.known: dict[str, CopiedAsset] = {}
        for asset in api.store.copied_assets.find("course", target.id):
            self.known[f"{asset.kind} {asset.migration_id}"] = asset

    def run(
        self, *, only: set[str] | None = None, unchanged: set[str] | None = None, skip: Collection[str] = ()
    ) -> None:
        """Import what is selected.

        Parameters: `only`, a restriction to these keys; `unchanged`, existing parts to leave alone; `skip`, settings of
        the course to leave alone.
        """
        parts = [part for part in self.package.parts if self._chosen(part) and (only is None or part.key in only)]
        parts += [part for part in self._needed(parts) if part not in parts]
        if self.outcomes is not None:
            self.outcomes.bring()
        for part in self.package.parts:
            known = self.existing(part)
            if known is not None:
                self.ids[part.kind.table, part.record.id] = known.id
        for part in parts:
            self.ids.setdefault((part.kind.table, part.record.id), self.api.new_id(part.kind.table))
        for part in parts:
            known = self.existing(part)
            if known is None or unchanged is None or part.key not in unchanged:
                self._bring(part, known)
        for part in parts:
            self._complete(part)
        self._uses(parts)
        wanted = selection.of_course(self.copy, "course_settings") and "all_course_settings" not in skip
        if wanted and only is None:
            self.bring_settings(visibility="visibility_settings" not in skip, synced=self.synced)
        if selection.of_course(self.copy, "syllabus_body") and only is None:
            self.bring_syllabus()

    def bring_syllabus(self) -> None:
        """Import the syllabus."""
        if self.package.course is not None:
            body = self._linked(self.package.course.syllabus_body)
            self.target = self.api.store.courses.put(replace(self.target, syllabus_body=body))

    def bring_blueprint(self, source: Course) -> bool:
        """Make the target a blueprint like the source, with its locks. Returns whether it can be one."""
        store = self.api.store
        if not blueprints.eligible(store, self.target):
            return False
        template = blueprints.template_of(store, source)
        if template is None:
            return True
        self.target = store.courses.put(replace(self.target, blueprint=True))
        known = blueprints.template_of(store, self.target)
        number = known.id if known is not None else self.api.new_id("master_courses_master_templates")
        copied: dict[str, Any] = {"id": number, "course_id": self.target.id, "last_export_at": None}
        store.blueprint_templates.put(replace(template, **copied, created_at=self.api.now))
        for lock in [lock for lock in store.blueprint_locks if lock.template_id == template.id]:
            if (content := self._new(lock.kind, lock.content_id)) is not None:
                fields = {"id": self.api.new_id("blueprint_locks"), "template_id": number, "content_id": content}
                store.blueprint_locks.put(replace(lock, **fields))
        return True

    # what comes

    def _chosen(self, part: Part) -> bool:
        return selection.chosen(self.copy, part.kind, part.key)

    def _needed(self, parts: list[Part]) -> list[Part]:
        """What selected objects depend on: the quiz or topic of an assignment, and vice versa."""
        wanted: set[tuple[str, int | None]] = set()
        for part in parts:
            if part.kind.name == "assignments":
                wanted |= {("quizzes", part.record.quiz_id), ("discussion_topics", part.record.discussion_topic_id)}
                wanted.add(("assignment_groups", part.record.assignment_group_id))
            elif part.kind.name in ("quizzes", "discussion_topics"):
                wanted.add(("assignments", part.record.assignment_id))
        return [part for part in self.package.parts if (part.kind.table, part.record.id) in wanted]

    def existing(self, part: Part) -> Any:
        """The existing counterpart of a part in the course."""
        if self._comes_anew(part):
            return None
        table = getattr(self.api.store, part.kind.table)
        asset = self.known.get(f"{part.kind.table} {part.key}")
        found = table.get(asset.asset_id) if asset is not None else None
        deleted = found is None or getattr(found, "file_state", found.workflow_state) == "deleted"
        if not deleted:
            return found
        if part.kind.name == "assignment_groups":
            taken = {row.asset_id for row in self.known.values() if row.kind == "assignment_groups"}
            rows = part.kind.lister(self.api, self.target)
            return next((row for row in rows if row.name == part.record.name and row.id not in taken), None)
        return None

    def _comes_anew(self, part: Part) -> bool:
        """Whether a part is a quiz, or the assignment of one, of which each import brings its own."""
        quiz = part.kind.name == "quizzes" or (part.kind.name == "assignments" and part.record.quiz_id is not None)
        return quiz and not self.overwrites

    # bringing

    def _bring(self, part: Part, known: Any) -> None:
        kind, record = part.kind, part.record
        fields: dict[str, Any] = {name: self.shift(getattr(record, name)) for name in kind.dates}
        fields |= {name: self._linked(getattr(record, name)) for name in kind.html}
        if known is None or "created_at" not in known.__struct_fields__:
            fields["created_at"] = self.api.now
        else:
            fields["created_at"] = known.created_at
        if "updated_at" in record.__struct_fields__:
            fields["updated_at"] = self.api.now
        fields |= getattr(self, f"_of_{kind.table}")(part, known)
        made = replace(record, id=self.ids[kind.table, record.id], **fields)
        if known is not None and hasattr(known, "updated_at") and replace(made, updated_at=known.updated_at) == known:
            made = known
        getattr(self.api.store, kind.table).put(made)
        if known is None or kind.name != "assignment_groups":
            self.made.setdefault(kind.model, []).append(made.id)
        self._remember(part, made.id)

    def _remember(self, part: Part, number: int) -> None:
        name = f"{part.kind.table} {part.key}"
        if self._comes_anew(part) and name in self.known:
            return  # a later import that overwrites finds the first one
        if name not in self.known or self.known[name].asset_id != number:
            self.known[name] = self.api.store.copied_assets.put(
                CopiedAsset(
                    id=self.api.new_id("copied_assets"),
                    course_id=self.target.id,
                    kind=part.kind.table,
                    asset_id=number,
                    migration_id=part.key,
                    source_course_id=self.package.course_id if self.package.native else None,
                    source_id=part.record.id if self.package.native else None,
                )
            )

    def _new(self, table: str, number: int | None) -> int | None:
        return self.ids.get((table, number)) if number is not None else None

    def _linked(self, text: str | None) -> str | None:
        """HTML with its links to the old course adapted."""
        if not text or not self.package.course_id:
            return text
        old, new = self.package.course_id, self.target.id

        def adapted(found: re.Match[str]) -> str:
            table = LINKED.get(found.group(1))
            number = self.ids.get((table or "", int(found.group(2))))
            return found.group() if number is None else f"/courses/{new}/{found.group(1)}/{number}"

        text = re.sub(rf"/courses/{old}/(\w+)/(\d+)(?!\d)", adapted, text)
        return re.sub(rf"/courses/{old}/(pages|wiki)/", rf"/courses/{new}/\1/", text)

    def _of_assignment_groups(self, part: Part, known: Any) -> dict[str, Any]:
        rules = {k: v for k, v in part.record.rules.items() if k != "never_drop"}
        drops = [new for old in part.record.rules.get("never_drop", []) if (new := self._new("assignments", old))]
        return {"course_id": self.target.id, "sis_source_id": None, "integration_data": {}} | {
            "rules": rules | ({"never_drop": drops} if drops else {})
        }

    def _group(self, old: int | None) -> int:
        number = self._new("assignment_groups", old)
        return number if number is not None else assigning.default_group(self.api, self.target).id

    def _of_assignments(self, part: Part, known: Assignment | None) -> dict[str, Any]:
        record, tool = part.record, part.record.external_tool
        if tool is not None:
            tool = replace(tool, new_tab=bool(tool.new_tab), custom_params=tool.custom_params or {})
        return {
            "external_tool": tool,
            "course_id": self.target.id,
            "assignment_group_id": self._group(record.assignment_group_id),
            "description": self._linked(record.description) or "",
            "quiz_id": self._new("quizzes", record.quiz_id),
            "discussion_topic_id": self._new("discussion_topics", record.discussion_topic_id),
            "group_category_id": self._category(record.group_category_id),
            "annotatable_attachment_id": self._new("attachments", record.annotatable_attachment_id),
            "sis_assignment_id": None,
            "integration_id": None,
            "integration_data": {},
            "final_grader_id": None,
            "grades_published_at": None,
            "peer_reviews_assigned": False,
            "asked_at": None,
            "original": {},
            "resource_link_id": None,
            "lti_context_id": known.lti_context_id if known is not None else self.api.call.ids.uuid(),
        }

    def _category(self, number: int | None) -> int | None:
        """The group category of the same name in the course."""
        known = self.api.store.group_categories.get(number) if number is not None else None
        if known is None:
            return None
        rows = self.api.store.group_categories.find("context", ("Course", self.target.id))
        found = next((row for row in rows if row.name == known.name and row.workflow_state != "deleted"), None)
        if found is None:
            found = self.api.store.group_categories.put(
                GroupCategory(
                    id=self.api.new_id("group_categories"),
                    context_id=self.target.id,
                    name=known.name,
                    created_at=self.api.now,
                )
            )
        return found.id

    def _of_quizzes(self, part: Part, known: Any) -> dict[str, Any]:
        record = part.record
        return {
            "course_id": self.target.id,
            "assignment_id": self._new("assignments", record.assignment_id),
            "assignment_group_id": self._group(record.assignment_group_id) if record.assignment_group_id else None,
        }

    def _of_discussion_topics(self, part: Part, known: Any) -> dict[str, Any]:
        return {
            "context_id": self.target.id,
            "user_id": None,
            "editor_id": None,
            "posted_at": None,
            "posted_days_ago": None,
            "last_reply_at": None,
            "section_ids": [],
            "assignment_id": self._new("assignments", part.record.assignment_id),
            "old_assignment_id": None,
            "group_category_id": self._category(part.record.group_category_id),
            "attachment_id": self._new("attachments", part.record.attachment_id),
            "viewed_in": None,
        }

    def _of_wiki_pages(self, part: Part, known: Any) -> dict[str, Any]:
        context = contexts.get(self.api, "Course", self.target.id)
        title, url = pages.unique(self.api, context, part.record.title, self.ids["wiki_pages", part.record.id])
        front = pages.front_page(self.api, context) is None and part.record.front_page
        kept = known is not None and known.front_page
        fields = {"context_id": self.target.id, "title": title, "url": url, "user_id": None, "versions": []}
        return fields | {"front_page": front or kept}

    def _of_tools(self, part: Part, known: Any) -> dict[str, Any]:
        return {"course_id": self.target.id, "deployment_id": None}

    def _of_calendar_events(self, part: Part, known: Any) -> dict[str, Any]:
        return {"context_id": self.target.id, "user_id": None, "timetable_code": None}

    def _of_rubrics(self, part: Part, known: Any) -> dict[str, Any]:
        criteria = part.record.criteria
        if self.outcomes is not None:
            criteria = self.outcomes.criteria(criteria)
        return {"course_id": self.target.id, "user_id": None, "criteria": criteria}

    def _of_attachments(self, part: Part, known: Any) -> dict[str, Any]:
        context = contexts.get(self.api, "Course", self.target.id)
        folder = files.folder_at(self.api, context, self.package.folders.get(part.record.id, ""))
        uuid = known.uuid if known is not None else self.api.call.ids.alnum(40)
        return {"context_id": self.target.id, "folder_id": folder.id, "user_id": None, "uuid": uuid, "copied": True}

    def _of_context_modules(self, part: Part, known: Any) -> dict[str, Any]:
        new = (self._new("context_modules", old) for old in part.record.prerequisite_ids)
        return {"course_id": self.target.id, "prerequisite_ids": [number for number in new if number is not None]}

    # dependent records

    def _complete(self, part: Part) -> None:
        table = getattr(self.api.store, part.kind.table)
        made: Any = table.get(self.ids[part.kind.table, part.record.id])
        if part.kind.name == "assignments":
            submissions.ensure(self.api, made)
        elif part.kind.name == "quizzes":
            self._questions(part, made.id)
        elif part.kind.name == "context_modules":
            self._items(part, made.id)

    def _questions(self, part: Part, quiz_id: int) -> None:
        store = self.api.store
        for question in list(store.quiz_questions.find("quiz", quiz_id)):
            store.quiz_questions.delete(question.id)
        for group in list(store.quiz_groups.find("quiz", quiz_id)):
            store.quiz_groups.delete(group.id)
        groups, questions = self.package.questions.get(part.record.id, ([], []))
        numbers: dict[int, int] = {}
        for group in groups:
            numbers[group.id] = self.api.new_id("quiz_groups")
            store.quiz_groups.put(replace(group, id=numbers[group.id], quiz_id=quiz_id))
        for question in questions:
            number = self.api.new_id("quiz_questions")
            group_id = numbers.get(question.quiz_group_id or 0)
            fields: dict[str, Any] = {"quiz_group_id": group_id, "assessment_question_id": None}
            store.quiz_questions.put(replace(question, id=number, quiz_id=quiz_id, **fields))

    def _items(self, part: Part, module_id: int) -> None:
        store = self.api.store
        if part.kind.name == "context_modules":
            for old in list(store.content_tags.find("module", module_id)):
                store.content_tags.delete(old.id)
        for item in self.package.items.get(part.record.id, []):
            table = TAGGED.get(item.type)
            number = self._new(table, item.content_id) if table is not None and item.content_id else 0
            if number is None:
                continue
            store.content_tags.put(
                replace(
                    item,
                    id=self.api.new_id("content_tags"),
                    course_id=self.target.id,
                    context_module_id=module_id,
                    content_id=number,
                    created_at=self.api.now,
                    updated_at=self.api.now,
                )
            )

    def _uses(self, parts: list[Part]) -> None:
        """Rubrics are for the same assignments as before."""
        brought = {part.record.id for part in parts if part.kind.name == "rubrics"}
        for use in self.package.uses:
            rubric = self._new("rubrics", use.rubric_id)
            assignment = self._new("assignments", use.association_id)
            if use.rubric_id not in brought or rubric is None or assignment is None:
                continue
            place = self.api.store.rubric_associations.find("place", ("Assignment", assignment))
            known = next((association for association in place if association.rubric_id == rubric), None)
            number = known.id if known is not None else self.api.new_id("rubric_associations")
            made = replace(
                use,
                id=number,
                rubric_id=rubric,
                course_id=self.target.id,
                association_id=assignment,
                created_at=self.api.now,
                updated_at=self.api.now,
            )
            self.api.store.rubric_associations.put(made)

    def bring_settings(self, *, visibility: bool = True, synced: bool = False) -> None:
        """Import the course's own settings; see `course_settings.bring`."""
        self.target = course_settings.bring(
            self.api, self.package, self.target, self._new, visibility=visibility, synced=synced
        )


def kinds_made(transfer: Transfer) -> dict[str, str]:
    """What a transfer created, as Canvas reports it."""
    return {model: ",".join(str(number) for number in numbers) for model, numbers in transfer.made.items()}
