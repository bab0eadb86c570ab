"""Broken links in a course's content.

Source: canvas-lms lib/course_link_validator.rb (2023-06), and the recorded exchanges of `extra`. Canvas checks
whether other sites answer; the emulator does not, so links to other sites count as valid.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from typing import Any, NamedTuple
from urllib.parse import unquote

from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.model import Course
from lms_emulator.providers.canvas.rules import assignments, discussions, files, modules, pages, quizzes
from lms_emulator.providers.canvas.rules.contexts import Context
from lms_emulator.providers.canvas.shapes import Json

_TAG = re.compile(r"<(?P<tag>\w+)(?P<attributes>\s[^<>]*)>(?:(?P<text>[^<]*)</a>)?")
_ADDRESS = re.compile(r'\s(?:href|src|data)="([^"]*)"')
_OBJECT = re.compile(
    r"/courses/(?P<course>\d+)(?:/(?P<kind>assignments|discussion_topics|file_contents|files|modules|pages|quizzes|wiki)"
    r"(?:/(?P<id>[^?#]+))?)?"
)
_RICH = ("question_text", "correct_comments_html", "incorrect_comments_html", "neutral_comments_html")
_ANSWER = ("html", "comments_html", "left_html")
_TABLES = {
    "assignments": "assignments",
    "discussion_topics": "discussion_topics",
    "quizzes": "quizzes",
    "modules": "context_modules",
    "files": "attachments",
}


class Text(NamedTuple):
    """HTML somewhere in a course."""

    name: str
    kind: str
    place: str
    html: str | None


def issues(api: Api, course: Course) -> list[Json]:
    """The broken links of a course, by their places."""
    found: list[Json] = []
    for text in _texts(api, course):
        links = list(_wrong(api, course, text.html or ""))
        if links:
            place = f"/courses/{course.id}/{text.place}"
            found.append({"name": text.name, "type": text.kind, "content_url": place, "invalid_links": links})
    return found


def _texts(api: Api, course: Course) -> Iterator[Text]:
    where = Context("Course", course.id, course)
    yield Text("Course Syllabus", "syllabus", "assignments/syllabus", course.syllabus_body)
    for work in assignments.of_course(api, course):
        yield Text(work.name, "assignment", f"assignments/{work.id}", work.description)
    for event in api.store.calendar_events.find("context", ("Course", course.id)):
        if event.workflow_state == "deleted":
            continue
        yield Text(event.title or "", "calendar_event", f"calendar_events/{event.id}", event.description)
    for topic in discussions.topics_of(api, where):
        kind = "announcement" if topic.is_announcement else "discussion_topic"
        yield Text(topic.title or "", kind, f"discussion_topics/{topic.id}", topic.message)
    for module in modules.of_course(api, course):
        for item in modules.items(api, module):
            link = f'<a href="{item.url}"></a>' if item.type == "ExternalUrl" and item.url else ""
            yield Text(item.title, "module_item", "modules", link)
    yield from _of_quizzes(api, course)
    for page in pages.pages_of(api, where):
        yield Text(page.title, "wiki_page", f"pages/{page.url}", page.body)


def _of_quizzes(api: Api, course: Course) -> Iterator[Text]:
    for quiz in api.store.quizzes.find("course", course.id):
        if quiz.workflow_state == "deleted":
            continue
        yield Text(quiz.title, "quiz", f"quizzes/{quiz.id}", quiz.description)
        for question in quizzes.questions(api, quiz):
            data = question.question_data
            place = f"quizzes/{quiz.id}/take?preview=1#question_{question.id}"
            yield Text(data.get("question_name") or "", "quiz_question", place, _question(data))


def _question(data: dict[str, Any]) -> str:
    found = [data.get(name) for name in _RICH]
    found += [answer.get(name) for answer in data.get("answers") or [] for name in _ANSWER]
    return "\n".join(text for text in found if text)


def _wrong(api: Api, course: Course, html: str) -> Iterator[Json]:
    for tag in _TAG.finditer(html):
        for address in _ADDRESS.findall(tag["attributes"]):
            url = unescape(address)
            reason = _reason(api, course, url)
            if reason is not None:
                link: Json = {"url": url, "reason": reason}
                text = unescape((tag["text"] or "").strip())
                if text:
                    link["link_text"] = text
                if tag["tag"] == "img":
                    link["image"] = True
                yield link


def _reason(api: Api, course: Course, url: str) -> str | None:
    """What is wrong with a link; None if nothing is."""
    found = _OBJECT.fullmatch(url.removeprefix(api.url("")).partition("?")[0].partition("#")[0])
    if found is None:
        return None
    if int(found["course"]) != course.id:
        return "course_mismatch"
    kind, reference = found["kind"], unquote(found["id"] or "")
    if not reference or (kind, reference) == ("assignments", "syllabus"):
        return None
    if kind in ("pages", "wiki"):
        page = pages.find(api, Context("Course", course.id, course), reference)
        return "missing_item" if page is None else None if pages.published(api, page) else "unpublished_item"
    if kind == "file_contents":
        return _of_path(api, course, reference)
    number = re.match(r"\d+", reference)
    return _of_record(api, course, kind, int(number[0])) if number is not None else None


def _of_path(api: Api, course: Course, path: str) -> str | None:
    for file in files.files_of(api.store, Context("Course", course.id, course)):
        folder = files.folder_of(api.store, file)
        if folder is not None and f"{files.full_name(api.store, folder)}/{file.display_name}".endswith(path):
            return None
    return "missing_item"


def _of_record(api: Api, course: Course, kind: str, number: int) -> str | None:
    record: Any = getattr(api.store, _TABLES[kind]).get(number)
    owner = getattr(record, "course_id", None) or getattr(record, "context_id", None)
    if record is None or owner != course.id:
        return "missing_item"
    if kind == "files":
        return "deleted" if record.file_state == "deleted" else "unpublished_item" if record.locked else None
    if record.workflow_state == "deleted":
        return "deleted"
    if kind == "quizzes":
        return None if record.workflow_state == "available" else "unpublished_item"
    hidden = record.workflow_state == "unpublished" if kind == "modules" else not record.published
    return "unpublished_item" if hidden else None
