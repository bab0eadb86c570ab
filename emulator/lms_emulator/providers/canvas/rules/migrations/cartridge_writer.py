"""Writes cartridges in the form of Canvas's own exports, quizzes as QTI, and books as EPUB.

Source: canvas-lms lib/cc (2023-06), IMS Common Cartridge 1.1 and QTI 1.2, EPUB 3.
"""

from __future__ import annotations

from html import escape
from typing import Any
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from lms_emulator.providers.canvas.rules import slugs
from lms_emulator.providers.canvas.rules.migrations import cartridge_format as form
from lms_emulator.providers.canvas.rules.migrations.cartridge_format import add, add_fields
from lms_emulator.providers.canvas.rules.migrations.kinds import key
from lms_emulator.providers.canvas.rules.migrations.packages import Package, Part

Files = dict[str, bytes]
MARK = "Q: What did the panda say when he was forced out of his natural habitat?\nA: This is un-BEAR-able\n"
"""The text in `course_settings/canvas_export.txt` by which Canvas's importer recognises its own exports."""
ITEM_TYPES = {name: model for model, (name, _) in form.CONTENT_TYPES.items()}


def whole(package: Package) -> Files:
    """The content of a course as a cartridge."""
    return _Writer(package).written()


def quizzes(package: Package) -> Files:
    """The quizzes of a course as QTI."""
    writer = _Writer(package)
    for part in package.of("quizzes"):
        writer.quiz(part)
    writer.files["imsmanifest.xml"] = _xml(writer.manifest)
    return writer.files


def book(package: Package) -> Files:
    """The pages and texts of a course as an EPUB."""
    chapters = [(p.record.title, p.record.body) for p in package.of("wiki_pages") if p.record.published]
    chapters += [(p.record.name, p.record.description) for p in package.of("assignments") if p.record.published]
    title = package.course.name if package.course is not None else ""
    items = "".join(
        f'<item id="c{n}" href="c{n}.xhtml" media-type="application/xhtml+xml"/>' for n in range(len(chapters))
    )
    spine = "".join(f'<itemref idref="c{n}"/>' for n in range(len(chapters)))
    links = "".join(f'<li><a href="c{n}.xhtml">{escape(name)}</a></li>' for n, (name, _) in enumerate(chapters))
    opf = (
        '<?xml version="1.0"?><package xmlns="http://www.idpf.org/2007/opf" version="3.0" unique-identifier="id">'
        '<metadata xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:identifier id="id">'
        f"course-{package.course_id}</dc:identifier><dc:title>{escape(title)}</dc:title><dc:language>en</dc:language>"
        f'</metadata><manifest><item id="nav" href="nav.xhtml" properties="nav" media-type="application/xhtml+xml"/>'
        f"{items}</manifest><spine>{spine}</spine></package>"
    )
    container = (
        '<?xml version="1.0"?><container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container">'
        '<rootfiles><rootfile full-path="content.opf" media-type="application/oebps-package+xml"/></rootfiles>'
        "</container>"
    )
    nav = f'<nav xmlns:epub="http://www.idpf.org/2007/ops" epub:type="toc"><ol>{links}</ol></nav>'
    found = {"mimetype": b"application/epub+zip", "META-INF/container.xml": container.encode()}
    found |= {"content.opf": opf.encode(), "nav.xhtml": _page(title, nav)}
    return found | {
        f"c{n}.xhtml": _page(name, f"<h1>{escape(name)}</h1>{body or ''}") for n, (name, body) in enumerate(chapters)
    }


def _page(title: str, body: str) -> bytes:
    head = f"<head><title>{escape(title)}</title></head>"
    return f'<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml">{head}<body>{body}</body></html>'.encode()


def _xml(root: Element) -> bytes:
    text: bytes = ElementTree.tostring(root, encoding="UTF-8", xml_declaration=True)
    return text


def _html(title: str, body: str | None, **metas: str) -> bytes:
    tags = "".join(f'<meta name="{name}" content="{escape(value)}"/>\n' for name, value in metas.items())
    head = f'<meta http-equiv="Content-Type" content="text/html; charset=utf-8"/>\n<title>{escape(title)}</title>\n'
    return f"<html>\n<head>\n{head}{tags}</head>\n<body>\n{body or ''}\n</body>\n</html>".encode()


class _Writer:
    def __init__(self, package: Package) -> None:
        self.package, self.files = package, Files()
        self.keys = {(part.kind.table, part.record.id): part.key for part in package.parts}
        self.manifest = Element("manifest", {"identifier": key("course", package.course_id), "xmlns": form.MANIFEST})
        metadata = add(self.manifest, "metadata")
        add(metadata, "schema", "IMS Common Cartridge")
        add(metadata, "schemaversion", "1.1.0")
        self.organizations = add(self.manifest, "organizations")
        self.resources = add(self.manifest, "resources")

    def written(self) -> Files:
        package = self.package
        self._course()
        for part in package.of("wiki_pages"):
            self._page(part)
        for part in package.of("assignments"):
            self._assignment(part)
        for part in (*package.of("discussion_topics"), *package.of("announcements")):
            self._topic(part)
        for part in package.of("quizzes"):
            self.quiz(part)
        for part in package.of("context_external_tools"):
            self._tool(part)
        for part in package.of("attachments"):
            path = "/".join(
                filter(None, ["web_resources", package.folders.get(part.record.id), part.record.display_name])
            )
            self._add(part.key, "webcontent", path, part.record.content)
        self._modules()
        return {"imsmanifest.xml": _xml(self.manifest), **self.files}

    def _add(self, identifier: str, kind: str, path: str, content: bytes, *more: tuple[str, bytes]) -> None:
        resource = add(self.resources, "resource", identifier=identifier, type=kind, href=path)
        for name, held in ((path, content), *more):
            self.files[name] = held
            add(resource, "file", href=name)

    def _ref(self, table: str, number: int | None) -> str | None:
        return self.keys.get((table, number or 0))

    def _course(self) -> None:
        package = self.package
        files: list[tuple[str, bytes]] = [("course_settings/canvas_export.txt", MARK.encode())]
        if package.course is not None:
            root = Element("course", {"identifier": key("course", package.course_id), "xmlns": form.CANVAS})
            add_fields(root, package.course, form.COURSE)
            files.append(("course_settings/course_settings.xml", _xml(root)))
            if package.course.syllabus_body:
                files.append(("course_settings/syllabus.html", _html("Syllabus", package.course.syllabus_body)))
        groups = Element("assignmentGroups", {"xmlns": form.CANVAS})
        for part in package.of("assignment_groups"):
            add_fields(add(groups, "assignmentGroup", identifier=part.key), part.record, form.GROUP)
        files.append(("course_settings/assignment_groups.xml", _xml(groups)))
        events = Element("events", {"xmlns": form.CANVAS})
        for part in package.of("calendar_events"):
            add_fields(add(events, "event", identifier=part.key), part.record, form.EVENT)
        files.append(("course_settings/events.xml", _xml(events)))
        files.append(("course_settings/module_meta.xml", self._module_meta()))
        first, *rest = files
        self._add(key("course_settings", package.course_id), form.SETTINGS, *first, *rest)

    def _module_meta(self) -> bytes:
        root = Element("modules", {"xmlns": form.CANVAS})
        for part in self.package.of("context_modules"):
            module = add(root, "module", identifier=part.key)
            add_fields(module, part.record, form.MODULE)
            add(module, "workflow_state", part.record.workflow_state)
            before = add(module, "prerequisites")
            for number in part.record.prerequisite_ids:
                if (ref := self._ref("context_modules", number)) is not None:
                    add(add(before, "prerequisite", type="context_module"), "identifierref", ref)
            items = add(module, "items")
            for item in self.package.items.get(part.record.id, []):
                self._item(items, item)
        return _xml(root)

    def _item(self, items: Element, item: Any) -> None:
        element = add(items, "item", identifier=key("content_tag", item.id))
        _, kind = form.CONTENT_TYPES[ITEM_TYPES[item.type]]
        add(element, "content_type", ITEM_TYPES[item.type])
        add(element, "workflow_state", "active" if item.published else "unpublished")
        add(element, "title", item.title)
        ref = self._ref("tools" if kind == "context_external_tools" else kind, item.content_id) if kind else None
        if ref is not None:
            add(element, "identifierref", ref)
        for name in ("url", "position", "new_tab", "indent"):
            if getattr(item, name) is not None:
                add(element, name, getattr(item, name))

    def _modules(self) -> None:
        organization = add(self.organizations, "organization", identifier="org_1", structure="rooted-hierarchy")
        root = add(organization, "item", identifier="LearningModules")
        for part in self.package.of("context_modules"):
            module = add(root, "item", identifier=part.key)
            add(module, "title", part.record.name)
            for item in self.package.items.get(part.record.id, []):
                _, kind = form.CONTENT_TYPES[ITEM_TYPES[item.type]]
                ref = (
                    self._ref("tools" if kind == "context_external_tools" else kind, item.content_id) if kind else None
                )
                if item.type == "ExternalUrl" and item.url:
                    ref = key("web_link", item.id)
                    self._link(ref, item)
                attributes = {"identifier": key("content_tag", item.id)} | ({"identifierref": ref} if ref else {})
                add(add(module, "item", **attributes), "title", item.title)

    def _link(self, identifier: str, item: Any) -> None:
        root = Element("webLink", {"xmlns": "http://www.imsglobal.org/xsd/imsccv1p1/imswl_v1p1"})
        add(root, "title", item.title)
        add(root, "url", href=item.url)
        self._add(identifier, form.LINK, f"{identifier}.xml", _xml(root))

    def _page(self, part: Part) -> None:
        page = part.record
        state = "active" if page.published else "unpublished"
        metas = {"identifier": part.key, "editing_roles": page.editing_roles, "workflow_state": state}
        if page.front_page:
            metas["front_page"] = "true"
        self._add(part.key, "webcontent", f"wiki_content/{page.url}.html", _html(page.title, page.body, **metas))

    def _settings(self, part: Part) -> bytes:
        record = part.record
        root = Element("assignment", {"identifier": part.key, "xmlns": form.CANVAS})
        add_fields(root, record, form.ASSIGNMENT)
        add(root, "workflow_state", "published" if record.published else "unpublished")
        for name, table, number in (
            ("assignment_group_identifierref", "assignment_groups", record.assignment_group_id),
            ("quiz_identifierref", "quizzes", record.quiz_id),
            ("discussion_topic_identifierref", "discussion_topics", record.discussion_topic_id),
        ):
            if (ref := self._ref(table, number)) is not None:
                add(root, name, ref)
        if record.external_tool is not None:
            add(root, "external_tool_url", record.external_tool.url)
            add(root, "external_tool_new_tab", bool(record.external_tool.new_tab))
        return _xml(root)

    def _assignment(self, part: Part) -> None:
        page = f"{part.key}/{slugs.slug(part.record.name) or 'assignment'}.html"
        settings = (f"{part.key}/assignment_settings.xml", self._settings(part))
        content = _html(f"Assignment: {part.record.name}", part.record.description)
        self._add(part.key, form.SETTINGS, page, content, settings)

    def _topic(self, part: Part) -> None:
        topic, meta = part.record, key("topic_meta", part.record.id)
        root = Element("topic", {"xmlns": "http://www.imsglobal.org/xsd/imsccv1p1/imsdt_v1p1"})
        add(root, "title", topic.title)
        add(root, "text", topic.message or "", texttype="text/html")
        self._add(part.key, form.TOPIC, f"{part.key}.xml", _xml(root))
        extra = Element("topicMeta", {"identifier": meta, "xmlns": form.CANVAS})
        add(extra, "topic_id", part.key)
        add_fields(extra, topic, form.TOPIC_FIELDS)
        add(extra, "type", "announcement" if topic.is_announcement else "topic")
        add(extra, "workflow_state", "active" if topic.published else "unpublished")
        if (ref := self._ref("assignments", topic.assignment_id)) is not None:
            add(extra, "assignment_identifierref", ref)
        self._add(meta, form.SETTINGS, f"{meta}.xml", _xml(extra))

    def _tool(self, part: Part) -> None:
        root = Element("cartridge_basiclti_link", {"xmlns": "http://www.imsglobal.org/xsd/imslticc_v1p0"})
        namespace = "http://www.imsglobal.org/xsd/imsbasiclti_v1p0"
        for name, value in (("title", part.record.name), ("launch_url", part.record.url)):
            made = add(root, f"{{{namespace}}}{name}")
            made.text = value or ""
        self._add(part.key, form.TOOL, f"{part.key}.xml", _xml(root))

    def quiz(self, part: Part) -> None:
        """Write a quiz: its questions as QTI, and its settings."""
        quiz = part.record
        root = Element("questestinterop", {"xmlns": "http://www.imsglobal.org/xsd/ims_qtiasiv1p2"})
        assessment = add(root, "assessment", ident=part.key, title=quiz.title)
        section = add(assessment, "section", ident="root_section")
        for question in self.package.questions.get(quiz.id, ([], []))[1]:
            _question(section, question.id, question.question_data)
        meta = Element("quiz", {"identifier": part.key, "xmlns": form.CANVAS})
        add_fields(meta, quiz, form.QUIZ_FIELDS)
        add(meta, "available", quiz.workflow_state == "available")
        if (ref := self._ref("assignment_groups", quiz.assignment_group_id)) is not None:
            add(meta, "assignment_group_identifierref", ref)
        if (ref := self._ref("assignments", quiz.assignment_id)) is not None:
            add(meta, "assignment_identifierref", ref)
        settings = (f"{part.key}/assessment_meta.xml", _xml(meta))
        self._add(part.key, form.QUIZ, f"{part.key}/assessment_qti.xml", _xml(root), settings)


def _question(section: Element, number: int, data: dict[str, Any]) -> None:
    item = add(section, "item", ident=key("quiz_question", number), title=str(data.get("question_name") or ""))
    fields = add(add(item, "itemmetadata"), "qtimetadata")
    for name in ("question_type", "points_possible"):
        field = add(fields, "qtimetadatafield")
        add(field, "fieldlabel", name)
        add(field, "fieldentry", data.get(name))
    presentation = add(item, "presentation")
    add(add(presentation, "material"), "mattext", data.get("question_text") or "", texttype="text/html")
    answers = data.get("answers") or []
    kind = data.get("question_type")
    processing = add(item, "resprocessing")
    add(add(processing, "outcomes"), "decvar", maxvalue="100", minvalue="0", varname="SCORE", vartype="Decimal")
    if kind in ("short_answer_question", "essay_question", "numerical_question"):
        add(add(presentation, "response_str", ident="response1", rcardinality="Single"), "render_fib")
        condition = add(add(processing, "respcondition", **{"continue": "No"}), "conditionvar")
        for answer in answers:
            worth = answer.get("exact") if kind == "numerical_question" else answer.get("text")
            add(condition, "varequal", worth, respident="response1")
        return
    many = kind == "multiple_answers_question"
    lid = add(presentation, "response_lid", ident="response1", rcardinality="Multiple" if many else "Single")
    choices = add(lid, "render_choice")
    for answer in answers:
        label = add(choices, "response_label", ident=str(answer["id"]))
        add(add(label, "material"), "mattext", answer.get("html") or answer.get("text") or "", texttype="text/plain")
    condition = add(add(processing, "respcondition", **{"continue": "No"}), "conditionvar")
    holder = add(condition, "and") if many else condition
    for answer in answers:
        if answer.get("weight"):
            add(holder, "varequal", str(answer["id"]), respident="response1")
        elif many:
            add(add(holder, "not"), "varequal", str(answer["id"]), respident="response1")
