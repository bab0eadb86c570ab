"""Reads cartridges: Canvas's own exports completely, others as far as the standard goes.

Source: canvas-lms lib/cc/importer (2023-06), IMS Common Cartridge 1.1 to 1.3 and QTI 1.2.
"""

from __future__ import annotations

import base64
import re
from datetime import UTC, datetime
from itertools import count
from typing import Any
from urllib.parse import unquote
from xml.etree.ElementTree import Element

from lms_emulator.core.ids import Ids
from lms_emulator.core.xml import NotXmlError, read_xml
from lms_emulator.providers.canvas.call.params import Params
from lms_emulator.providers.canvas.model import (
    Assignment,
    AssignmentGroup,
    Attachment,
    CalendarEvent,
    ContentTag,
    ContextModule,
    Course,
    DiscussionTopic,
    Quiz,
    QuizQuestion,
    Tool,
    ToolTag,
    WikiPage,
)
from lms_emulator.providers.canvas.rules import quiz_questions, slugs
from lms_emulator.providers.canvas.rules.migrations import cartridge_format as form
from lms_emulator.providers.canvas.rules.migrations.cartridge_format import child, read_fields, tag, within, words
from lms_emulator.providers.canvas.rules.migrations.cartridges import Read, Unreadable, content_type, opened
from lms_emulator.providers.canvas.rules.migrations.kinds import BY_NAME
from lms_emulator.providers.canvas.rules.migrations.packages import Package, Part

LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
_BODY = re.compile(r"<body[^<>]*>", re.IGNORECASE)
_TITLE = re.compile(r"<title>", re.IGNORECASE)
_META = re.compile(r'<meta name="([\w-]+)" content="([^"]*)"')
QTI = re.compile(r"imsqti_xmlv\dp\d")


def read(name: str, content: bytes, ids: Ids, *, quizzes_only: bool) -> Read:
    """The content of a cartridge. Raises Unreadable."""
    reader = _Reader(opened(name, content), ids)
    manifest = reader.xml("imsmanifest.xml")
    if manifest is None and not quizzes_only:
        raise Unreadable("Error identifying package type: no imsmanifest.xml in the archive")
    reader.resources(manifest)
    if quizzes_only:
        reader.loose_quizzes()
        kept = {"quizzes", "assignments"}
        reader.package.parts = [part for part in reader.package.parts if part.kind.name in kept]
    else:
        reader.modules(manifest)
    return Read(reader.package, reader.issues)


class _Reader:
    def __init__(self, files: dict[str, bytes], ids: Ids) -> None:
        self.files, self.ids = files, ids
        self.package = Package(native=False)
        self.issues: list[str] = []
        self.numbers = count(1)
        self.rows: dict[str, tuple[str, int]] = {}
        self.refs: dict[str, int] = {}
        self.read: set[str] = set()

    def xml(self, path: str) -> Element | None:
        """A file's root; None if it is missing or no XML."""
        content = self.files.get(path)
        if content is None:
            return None
        self.read.add(path)
        try:
            return read_xml(content, doctype=True)
        except NotXmlError:
            self.issues.append(f"The file {path} is not readable as XML")
            return None

    def number(self, identifier: str) -> int:
        """The row with this identifier."""
        return self.refs.setdefault(identifier, next(self.numbers))

    def add(self, kind: str, identifier: str, record: Any) -> None:
        self.rows[identifier] = kind, record.id
        self.package.parts.append(Part(BY_NAME[kind], identifier, record))

    # resources

    def resources(self, manifest: Element | None) -> None:
        self._settings()
        found = within(child(manifest, "resources"))
        for resource in found:
            identifier, kind = resource.get("identifier") or "", resource.get("type") or ""
            paths = [unquote(element.get("href") or "") for element in resource if tag(element) == "file"]
            paths = paths or [unquote(resource.get("href") or "")]
            self._resource(identifier, kind, paths)

    def _resource(self, identifier: str, kind: str, paths: list[str]) -> None:
        first = paths[0]
        if any(path.endswith("assignment_settings.xml") for path in paths):
            self._assignment(identifier, paths)
        elif QTI.match(kind):
            self._quiz(identifier, paths)
        elif kind.startswith("imsdt_"):
            self._topic(identifier, first)
        elif kind.startswith("imswl_"):
            self.rows.setdefault(identifier, ("link", 0))
        elif kind.startswith("imsbasiclti"):
            self._tool(identifier, first)
        elif kind == "webcontent" and first.startswith("wiki_content/"):
            self._page(identifier, first)
        elif kind == "webcontent" and first in self.files:
            self._file(identifier, first)

    def _settings(self) -> None:
        course = self.xml("course_settings/course_settings.xml")
        if course is not None:
            fields = {"name": "", "course_code": None, **read_fields(course, Course, form.COURSE)}
            syllabus = self.files.get("course_settings/syllabus.html")
            fields["syllabus_body"] = _body(syllabus) if syllabus is not None else None
            self.package.course, self.package.given = Course(id=0, account_id=0, **fields), frozenset(fields)
        for element in within(self.xml("course_settings/assignment_groups.xml")):
            fields = read_fields(element, AssignmentGroup, form.GROUP)
            number = self.number(element.get("identifier") or "")
            record = AssignmentGroup(id=number, course_id=0, created_at=LONG_AGO, **{"name": "Assignments", **fields})
            self.add("assignment_groups", element.get("identifier") or "", record)
        for element in within(self.xml("course_settings/events.xml")):
            fields = read_fields(element, CalendarEvent, form.EVENT)
            number = self.number(element.get("identifier") or "")
            event = CalendarEvent(
                id=number, context_type="Course", context_id=0, created_at=LONG_AGO, updated_at=LONG_AGO, **fields
            )
            self.add("calendar_events", element.get("identifier") or "", event)

    def _page(self, identifier: str, path: str) -> None:
        content = self.files.get(path)
        if content is None:
            return
        metas = dict(_META.findall(content.decode("utf-8", "replace")))
        title = _title(content) or path.rpartition("/")[2]
        record = WikiPage(
            id=self.number(identifier),
            context_id=0,
            url=slugs.slug(title),
            title=title,
            body=_body(content),
            editing_roles=metas.get("editing_roles") or "teachers",
            published=metas.get("workflow_state", "active") == "active",
            front_page=metas.get("front_page") == "true",
            created_at=LONG_AGO,
            updated_at=LONG_AGO,
        )
        self.add("wiki_pages", identifier, record)

    def _file(self, identifier: str, path: str) -> None:
        content, name = self.files[path], path.rpartition("/")[2]
        number = self.number(identifier)
        self.package.folders[number] = path.removeprefix("web_resources/").rpartition("/")[0]
        record = Attachment(
            id=number,
            context_id=0,
            folder_id=0,
            display_name=name,
            content_type=content_type(name),
            data=base64.b64encode(content).decode(),
            uuid="",
            created_at=LONG_AGO,
            updated_at=LONG_AGO,
        )
        self.add("attachments", identifier, record)

    def _assignment(self, identifier: str, paths: list[str]) -> None:
        settings = next(path for path in paths if path.endswith("assignment_settings.xml"))
        element = self.xml(settings)
        if element is None:
            return
        fields = read_fields(element, Assignment, form.ASSIGNMENT)
        text = next((self.files[path] for path in paths if path != settings and path in self.files), None)
        for name, ref in (
            ("assignment_group_id", "assignment_group_identifierref"),
            ("quiz_id", "quiz_identifierref"),
            ("discussion_topic_id", "discussion_topic_identifierref"),
        ):
            if found := words(element, ref):
                fields[name] = self.number(found)
        if url := words(element, "external_tool_url"):
            fields["external_tool"] = ToolTag(url=url, new_tab=words(element, "external_tool_new_tab") == "true")
        self.add(
            "assignments",
            identifier,
            Assignment(
                id=self.number(identifier),
                course_id=0,
                published=words(element, "workflow_state") != "unpublished",
                description=_body(text) if text is not None else None,
                created_at=LONG_AGO,
                updated_at=LONG_AGO,
                **{"name": "No Title", **fields},
            ),
        )

    def _topic(self, identifier: str, path: str) -> None:
        element = self.xml(path)
        if element is None:
            return
        meta = next((value for value in self._metas() if words(value, "topic_id") == identifier), None)
        fields = read_fields(meta, DiscussionTopic, form.TOPIC_FIELDS) if meta is not None else {}
        announcement = words(meta, "type") == "announcement"
        if ref := words(meta, "assignment_identifierref"):
            fields["assignment_id"] = self.number(ref)
        fields["title"] = words(element, "title") or "No Title"
        record = DiscussionTopic(
            id=self.number(identifier),
            context_id=0,
            message=words(element, "text"),
            is_announcement=announcement,
            published=words(meta, "workflow_state") != "unpublished",
            created_at=LONG_AGO,
            updated_at=LONG_AGO,
            **fields,
        )
        self.add("announcements" if announcement else "discussion_topics", identifier, record)

    def _metas(self) -> list[Element]:
        found = [self.xml(path) for path in self.files if path.endswith(".xml") and b"<topicMeta" in self.files[path]]
        return [element for element in found if element is not None]

    def _tool(self, identifier: str, path: str) -> None:
        element = self.xml(path)
        if element is None:
            return
        name, url = words(element, "title"), words(element, "launch_url") or words(element, "secure_launch_url")
        record = Tool(id=self.number(identifier), name=name or url, url=url or None, created_at=LONG_AGO)
        self.issues.append(f'The security parameters for the external tool "{name}" need to be set in Course Settings.')
        self.add("context_external_tools", identifier, record)

    # quizzes

    def loose_quizzes(self) -> None:
        """Quizzes missing from the manifest."""
        for path in sorted(set(self.files) - self.read):
            if path.endswith((".xml", ".qti")) and b"<questestinterop" in self.files[path]:
                self._quiz(path, [path])

    def _quiz(self, identifier: str, paths: list[str]) -> None:
        path = next((item for item in paths if not item.endswith("assessment_meta.xml")), paths[0])
        element = self.xml(path)
        assessment = child(element, "assessment")
        if assessment is None:
            return
        settings = next((item for item in paths if item.endswith("assessment_meta.xml")), None)
        settings = settings or path.rpartition("/")[0] + "/assessment_meta.xml"
        meta = self.xml(settings)
        number = self.number(identifier)
        fields: dict[str, Any] = {"title": assessment.get("title") or "Unnamed Quiz"}
        if meta is not None:
            fields |= read_fields(meta, Quiz, form.QUIZ_FIELDS)
            if ref := words(meta, "assignment_group_identifierref"):
                fields["assignment_group_id"] = self.number(ref)
            if ref := words(meta, "assignment_identifierref"):
                fields["assignment_id"] = self.number(ref)
        questions = [self._question(number, item, place) for place, item in enumerate(_items(assessment), start=1)]
        fields.setdefault("points_possible", sum(question.question_data["points_possible"] for question in questions))
        fields.setdefault("question_count", len(questions))
        available = words(meta, "available") == "true"
        record = Quiz(
            id=number,
            course_id=0,
            workflow_state="available" if available else "edited",
            quiz_data=[question.question_data for question in questions] if available else [],
            created_at=LONG_AGO,
            updated_at=LONG_AGO,
            **fields,
        )
        self.package.questions[number] = [], questions
        self.add("quizzes", identifier, record)

    def _question(self, quiz: int, item: Element, place: int) -> QuizQuestion:
        fields = (node for node in item.iter() if tag(node) == "qtimetadatafield")
        meta = {words(field, "fieldlabel"): words(field, "fieldentry") for field in fields}
        kind = meta.get("question_type") or _profile(meta.get("cc_profile", ""))
        presentation = child(item, "presentation")
        text = (
            next((element.text or "" for element in presentation.iter() if tag(element) == "mattext"), "")
            if presentation is not None
            else ""
        )
        sent: dict[str, Any] = {
            "question_name": item.get("title") or "Question",
            "question_type": kind,
            "question_text": text,
            "points_possible": meta.get("points_possible") or "1",
            "answers": _answers(item, kind),
        }
        if kind in ("matching_question", "calculated_question", "fill_in_multiple_blanks_question"):
            self.issues.append("The importer couldn't determine the correct answers for this question.")
        data = quiz_questions.parse(Params(sent), {}, self.ids)
        return QuizQuestion(id=next(self.numbers), quiz_id=quiz, position=place, question_data=data)

    # modules

    def modules(self, manifest: Element | None) -> None:
        meta = self.xml("course_settings/module_meta.xml")
        if meta is not None:
            for element in meta:
                self._module_of_canvas(element)
            return
        organization = child(child(manifest, "organizations"), "organization")
        root = child(organization, "item")
        for place, item in enumerate(
            (node for node in root if tag(node) == "item") if root is not None else (), start=1
        ):
            if any(tag(value) == "item" for value in item):
                self._module_of_others(item, place)

    def _module_of_canvas(self, element: Element) -> None:
        identifier = element.get("identifier") or ""
        fields = {"name": "Module", **read_fields(element, ContextModule, form.MODULE)}
        before = [words(value, "identifierref") for value in within(child(element, "prerequisites"))]
        state: Any = words(element, "workflow_state")
        number = self.number(identifier)
        record = ContextModule(
            id=number,
            course_id=0,
            prerequisite_ids=[self.number(value) for value in before if value],
            workflow_state=state if state in ("active", "unpublished") else "active",
            **fields,
        )
        self.add("context_modules", identifier, record)
        items = self.package.items.setdefault(number, [])
        for item in within(child(element, "items")):
            kind: Any = form.CONTENT_TYPES.get(words(item, "content_type"), ("SubHeader", ""))[0]
            ref = words(item, "identifierref")
            known = read_fields(item, ContentTag, {name: name for name in ("url", "position", "new_tab", "indent")})
            items.append(
                ContentTag(
                    id=next(self.numbers),
                    course_id=0,
                    context_module_id=number,
                    type=kind,
                    content_id=self.rows[ref][1] if ref in self.rows else 0,
                    title=words(item, "title") or "No Title",
                    published=words(item, "workflow_state") != "unpublished",
                    **known,
                )
            )

    def _module_of_others(self, item: Element, place: int) -> None:
        identifier = item.get("identifier") or ""
        number = self.number(identifier)
        name = words(item, "title") or "Module"
        self.add("context_modules", identifier, ContextModule(id=number, course_id=0, name=name, position=place))
        items = self.package.items.setdefault(number, [])
        self._items_of_others(item, items, number, 0)

    def _items_of_others(self, item: Element, items: list[ContentTag], module: int, indent: int) -> None:
        kinds = {kind: name for name, kind in form.CONTENT_TYPES.values() if kind}
        for element in (found for found in item if tag(found) == "item"):
            ref = element.get("identifierref") or ""
            title = words(element, "title") or "No Title"
            kind, content = self.rows.get(ref, ("", 0))
            fields: dict[str, Any] = {"type": kinds.get(kind, "SubHeader"), "content_id": content}
            if kind == "link":
                url = self._url(ref)
                if url is None:
                    continue
                fields = {"type": "ExternalUrl", "url": url}
            elif ref and not kind:
                continue
            tag_ = ContentTag(
                id=next(self.numbers),
                course_id=0,
                context_module_id=module,
                title=title,
                indent=indent,
                position=len(items) + 1,
                **fields,
            )
            items.append(tag_)
            self._items_of_others(element, items, module, indent + 1)

    def _url(self, ref: str) -> str | None:
        manifest = self.xml("imsmanifest.xml")
        for resource in within(child(manifest, "resources")):
            if resource.get("identifier") == ref:
                path = next((element.get("href") or "" for element in resource if tag(element) == "file"), "")
                found = child(self.xml(path), "url")
                return found.get("href") if found is not None else None
        return None


def _body(content: bytes) -> str:
    text = content.decode("utf-8", "replace")
    found = _between(text, _BODY, "</body>")
    return text if found is None else found


def _title(content: bytes) -> str:
    return _between(content.decode("utf-8", "replace"), _TITLE, "</title>") or ""


def _between(text: str, opening: re.Pattern[str], closing: str) -> str | None:
    """The stripped text between two tags. A single pattern would rescan from every tag."""
    begun = opening.search(text)
    end = re.compile(closing, re.IGNORECASE).search(text, begun.end()) if begun is not None else None
    return text[begun.end() : end.start()].strip() if begun is not None and end is not None else None


def _items(assessment: Element) -> list[Element]:
    return [element for element in assessment.iter() if tag(element) == "item"]


def _profile(name: str) -> str:
    kinds = {
        "cc.multiple_choice.v0p1": "multiple_choice_question",
        "cc.multiple_response.v0p1": "multiple_answers_question",
        "cc.true_false.v0p1": "true_false_question",
        "cc.fib.v0p1": "short_answer_question",
        "cc.essay.v0p1": "essay_question",
    }
    return kinds.get(name, "essay_question")


def _answers(item: Element, kind: str) -> list[dict[str, Any]]:
    right: list[str] = []
    wrong: set[str] = set()
    for element in item.iter():
        if tag(element) == "not":
            wrong |= {(record.text or "") for record in element.iter() if tag(record) == "varequal"}
        elif tag(element) == "varequal":
            right.append(element.text or "")
    if kind == "short_answer_question":
        return [{"answer_text": value, "answer_weight": "100"} for value in right]
    if kind == "numerical_question":
        exact = {"numerical_answer_type": "exact_answer", "answer_weight": "100"}
        return [exact | {"answer_exact": value, "answer_error_margin": "0"} for value in right]
    found: list[dict[str, Any]] = []
    for label in (value for value in item.iter() if tag(value) == "response_label"):
        text = next((record.text or "" for record in label.iter() if tag(record) == "mattext"), "")
        ident = label.get("ident") or ""
        good = ident in right and ident not in wrong
        found.append({"answer_text": text, "answer_weight": "100" if good else "0"})
    return found
