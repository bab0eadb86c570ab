"""Paths whose placeholders name existing records of the demo world, and callers with all rights there."""

from __future__ import annotations

import json
import re
from operator import itemgetter
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from contract_tests.everywhere.asgi import Sent, send

if TYPE_CHECKING:
    from collections.abc import Callable

    from lms_emulator import Emulator

_PLACEHOLDER = re.compile(r"\{([^}]+)\}")
_WORD = re.compile(r"(?<=[a-z])(?=[A-Z])")
_TABLES = {
    ("canvas", "topic"): "discussion_topics",
    ("canvas", "section"): "course_sections",
    ("canvas", "file"): "attachments",
    ("canvas", "page"): "wiki_pages",
    ("canvas", "module"): "context_modules",
    ("canvas", "external_tool"): "tools",
    ("canvas", "group_category"): "group_categories",
    ("canvas", "term"): "enrollment_terms",
    ("canvas", "login"): "pseudonyms",
    ("canvas", "quiz"): "quizzes",
    ("learningstudio", "section"): "exam_sections",
    ("learningstudio", "response"): "topic_responses",
    ("learningstudio", "message"): "dropbox_messages",
    ("learningstudio", "attachment"): "dropbox_attachments",
    ("brightspace", "group_category"): "group_categories",
    ("brightspace", "lti_link"): "legacy_links",
}
"""Where a table has another name than its objects in an address."""
_NAMED: dict[str, dict[str, str]] = {
    "canvas": {"student_id": "101", "url_or_id": "home", "feature": "new_gradebook", "service": "names_and_roles"},
    "openedx": {"username": "ada", "name": "ada", "who": "ada", "mode_slug": "verified", "version": "v1", "number": "1",
                "course_key": "course-v1:CET+GW_01+2021_2022_FA",
                "course_key_string": "course-v1:CET+GW_01+2021_2022_FA", "app": "auth", "model": "user",
                "usage_key": "block-v1:CET+GW_01+2021_2022_FA+type@problem+block@quiz1",
                "block_id": "block-v1:CET+GW_01+2021_2022_FA+type@problem+block@quiz1"},
    "learningstudio": {"item_id": "100009001", "basket_id": "100009001", "textMultimedias/document_id": "100009010",
                       "msOfficeDocuments/document_id": "100009011", "webContentUploads/document_id": "100009012",
                       "category_id": "44444444-aaaa-4bbb-8ccc-000000000001"},
    "brightspace": {"orgUnitId": "6836", "productCode": "le", "version": "1.92"},
    "openlearning": {"institution": "lakeside", "slug": "analytical-engines", "profile_name": "adalovelace"},
}  # fmt: skip
"""Values of placeholders that no table has, by name, or by the segment before and the name."""


_EXAM = {"user_id": "4433391", "exam_id": "7002", "section_id": "7103", "attempt_id": "7301",
         "shortQuestions/question_id": "7212", "questions/question_id": "7212"}  # fmt: skip
_WITHIN: dict[tuple[str, str], dict[str, str]] = {
    ("learningstudio", "exams/"): _EXAM,
    ("learningstudio", "dropboxBaskets"): {"basket_id": "100009001"},
    ("learningstudio", "threadeddiscussions"): {"thread_id": "100009013", "content_item_id": "100009013"},
    ("learningstudio", "threadedDiscussions"): {"thread_id": "100009013", "content_item_id": "100009013"},
    ("learningstudio", "customCategories"): {"custom_category_id": "44444444-aaaa-4bbb-8ccc-000000000001"},
}
"""The same for paths with a certain word in them."""


class DemoWorld:
    """What the demo world of an emulator has, asked for once.

    Parameters:
        pick: which row of a table a path is about; the first by default.
        tables: of another world than the emulator has now.
    Attributes: `unknown`, the placeholders of the path filled last of which the world has nothing there.
    """

    def __init__(
        self, lms: Emulator, provider: str, pick: Callable[[list[Any]], Any] = itemgetter(0), tables: Any = None
    ) -> None:
        self.provider = provider
        self._pick = pick
        self._tables = tables if tables is not None else lms.dump()[provider]
        self._info = lms.info()["providers"][provider]
        self.unknown: list[str] = []
        self.made: dict[str, str] = {}
        """Ids of what was made since, by the path of the list that it is in."""

    def filled(self, path: str) -> str:
        """The path with the id of an existing object for each placeholder, if the world has such an object; else
        `1`."""
        made, end = "", 0
        self.unknown = []
        chosen: dict[str, str] = {}
        for found in _PLACEHOLDER.finditer(path):
            made += path[end : found.start()]
            name = found[1].rstrip("*").partition(":")[0]
            value = self._value(name, made, path, chosen)
            if value is None:
                self.unknown.append(name)
            made += quote(value or "1", safe="+:@")
            end = found.end()
        return made + path[end:]

    def _value(self, name: str, before: str, path: str, chosen: dict[str, str]) -> str | None:
        """An id, and what it is of is `chosen` for those after it, which have to belong to it."""
        if before in self.made:
            return self.made[before]
        words = [part for part in before.split("/") if part]
        snake = _WORD.sub("_", name).lower()
        within = [named for (own, word), named in _WITHIN.items() if own == self.provider and f"/{word}" in path]
        for named in (*within, _NAMED.get(self.provider, {})):
            for key in (f"{words[-1] if words else ''}/{name}", f"{words[-1] if words else ''}/{snake}", name, snake):
                if key in named:
                    chosen[snake.removesuffix("_id")] = named[key]
                    return named[key]
        if isinstance(self._info.get(snake), str | int):
            chosen[snake.removesuffix("_id")] = str(self._info[snake])
            return str(self._info[snake])
        kind = snake.removesuffix("_id")
        if kind in ("id", "key", "pk", "uuid"):  # the segment before says of what
            kind = ([word for word in words if not word.isdigit()] or [""])[-1].removesuffix("s")
        rows = self._tables.get(_TABLES.get((self.provider, kind), f"{kind}s"))
        fitting = [
            row
            for row in (rows if isinstance(rows, list) else ())
            if "id" in row
            and all(str(row.get(f"{parent}_id", value)) == value for parent, value in chosen.items())
            # each kind of question has its own address
            and (kind != "question" or row["type"].lower() in words[-1].lower())
        ]
        if not fitting:
            return None
        chosen[kind] = str(self._pick(fitting)["id"])
        return chosen[kind]


def credentials(lms: Emulator, provider: str) -> dict[str, str]:
    """Headers of a user with the most rights in the demo world."""
    info = getattr(lms, provider)
    if provider == "openlearning":
        return {"X-API-Key": info.api_key}
    if provider == "learningstudio":
        return {"X-Authorization": f"Access_Token access_token={_pearson_token(lms)}"}
    token = {
        "canvas": lambda: info.access_tokens.admin,
        "openedx": lambda: info.access_tokens.superuser,
        "ltiaas": lambda: info.api_key,
        "brightspace": lambda: info.access_tokens.instructor,
    }[provider]()
    return {"Authorization": f"Bearer {token}"}


def _pearson_token(lms: Emulator) -> str:
    info = lms.learningstudio
    form = {"grant_type": "password", "client_id": info.application_id, "password": info.teacher.password}
    form["username"] = f"{info.client_string}\\{info.teacher.username}"
    if lms.app is None:
        import httpx

        with httpx.Client(trust_env=False) as http:
            return str(http.post(f"{lms.url}/learningstudio/token", data=form).json()["access_token"])
    kind = [(b"content-type", b"application/x-www-form-urlencoded")]
    status, body, _ = send(lms.app, Sent("POST", b"/learningstudio/token", b"", kind, urlencode(form).encode()))
    assert status == 200, body
    return str(json.loads(body)["access_token"])


def furnish(lms: Emulator, course: int, token: str) -> None:
    """Make at Canvas one object of each common kind in a course, as its teacher: `canvas-recorded` has none."""

    def made(path: str, body: object) -> dict[str, object]:
        headers = [
            (b"authorization", f"Bearer {token}".encode()),
            (b"user-agent", b"t"),
            (b"content-type", b"application/json"),
        ]
        assert lms.app is not None
        sent = Sent("POST", f"/canvas/api/v1/{path}".encode(), b"", headers, json.dumps(body).encode())
        status, answer, _ = send(lms.app, sent)
        assert status in (200, 201), (path, answer)
        found = json.loads(answer)
        return found if isinstance(found, dict) else {}

    within = f"courses/{course}"
    rows = [{"name": "A", "value": 50}, {"name": "F", "value": 0}]
    ratings = {"0": {"description": "good", "points": 5}, "1": {"description": "bad", "points": 0}}
    rubric = {"title": "Essays", "criteria": {"0": {"description": "style", "points": 5, "ratings": ratings}}}
    use = {"association_id": course, "association_type": "Course", "purpose": "bookmark"}
    event = {"context_code": f"course_{course}", "title": "Outing", "start_at": "2026-11-28T10:00:00Z"}
    for title in ("home", "apples"):
        made(f"{within}/pages", {"wiki_page": {"title": title, "body": "text", "published": True}})
    module = made(f"{within}/modules", {"module": {"name": "First"}})
    made(f"{within}/modules/{module['id']}/items", {"module_item": {"type": "Page", "page_url": "apples"}})
    made(f"{within}/discussion_topics", {"title": "News", "message": "text", "published": True})
    groups = made(f"{within}/group_categories", {"name": "Teams"})
    made(f"group_categories/{groups['id']}/groups", {"name": "Reds"})
    made(f"{within}/folders", {"name": "papers", "parent_folder_path": "/"})
    made(f"{within}/quizzes", {"quiz": {"title": "Sums", "published": True}})
    made(f"{within}/custom_gradebook_columns", {"column": {"title": "Notes"}})
    made(f"{within}/rubrics", {"rubric": rubric, "rubric_association": use})
    made(f"{within}/external_feeds", {"url": "http://feed.example.test/"})
    made(f"{within}/grading_standards", {"title": "Pass", "grading_scheme_entry": rows})
    made("calendar_events", {"calendar_event": event | {"end_at": "2026-11-28T11:00:00Z"}})
    made("planner_notes", {"title": "Read", "todo_date": "2026-11-28"})
    made("polls", {"polls": [{"question": "Why?"}]})
