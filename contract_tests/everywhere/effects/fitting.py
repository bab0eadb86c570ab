"""Plausible values for a parameter: recorded ones, documented ones, existing ids, and others of its kind."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from contract_tests.everywhere.effects.requests import Request
from lms_emulator.core.http.reads import Path, path_of

if TYPE_CHECKING:
    from lms_emulator.core.catalogue import Operation
    from lms_emulator.core.state.store import Store

MOMENTS = re.compile(r"(_at|_date|_time|date|after|before|since|until|start|end|from|to|DateTime)$")
DAYS = (1, -1, 2000, -2000)
DOCUMENTED: dict[str, tuple[Any, ...]] = {
    "scope": ("unread", "starred", "archived", "sent", "locked", "unlocked", "pinned", "unpinned"),
    "filter_by": ("unread", "all"),
    "filter": ("submittable", "current_grading_period", "new_activity", "incomplete_items", "ungraded_todo_items"),
    "filter_mode": ("and", "or"),
    "content_types": ("text/plain", "image", ["image/png"]),
    "exclude_content_types": (["text/plain"], ["text"], ["image"], ["text/csv"], ["application"]),
    "exclude": (["sources"], ["tracks"], ["user"], ["course"], ["context"], ["enrollments"]),
    "bucket": ("past", "overdue", "undated", "ungraded", "unsubmitted", "upcoming", "future"),
    "order": ("asc", "desc", [{"type": "question", "id": 1}]),
    "privacy_level": ("public", "anonymous", "name_only", "email_only"),
    "registration_status": ("all", "registered", "not_registered"),
    "group_comment": (True,),
    "plannable_type": ("assignment", "quiz", "wiki_page", "discussion_topic"),
    "grading_type": ("points", "percent", "letter_grade", "pass_fail", "gpa_scale", "not_graded"),
    "role": ("teacher", "TeacherEnrollment", "StudentEnrollment", "TaEnrollment", "Learner", "Instructor"),
    "late_submission_interval": ("hour", "day"),
    "status": ("in_progress", "completed", "expired"),
    "workflow_state": ("accepted", "deleted", "active", "requested"),
    "visibility_level": ("institution", "public", "course"),
    "display": ("borderless", "full_width", "in_rce"),
    "includes": ("lti_guid", "registration_settings", "services"),
    "self_signup": ("enabled", "restricted"),
    "auto_leader": ("first", "random"),
    "sort": ("name", "title", "created_at", "updated_at", "size", "username", "email", "id", "desc", "nickname"),
    "sort_by": ("name", "created_at", "student", "user"),
    "sort_order": ("desc", "asc", "all", "top", "alphabetical"),
    "order_by": (
        *("name", "position", "due_at", "title", "id", "recent_activity"),
        *("comment_count", "vote_count", "last_activity_at", "last_activity", "team_count", "recency", "flagged"),
    ),
    "expand": ("user", "team", "user,team"),
    "view": ("unread", "unanswered"),
    "thread_type": ("question", "discussion"),
    "permissions": ("instructor", "staff"),
    "mfe": ("learning", "account", "authn"),
    "response_mode": ("fragment", "query"),
    "approval_prompt": ("force", "auto"),
    "token_type": ("jwt",),
    "page_size": (1, 2),
    "course_grade_max": ("0", "1"),
    "enrollment_attributes": ([{"namespace": "credit", "name": "provider_id", "value": "x"}],),
    "cohorts": ("Red", "Morning"),
    "city": ("Paris",),
    "auth_type": ("cas", "ldap", "saml"),
    "course_visibility": ("institution", "public", "course"),
    "exclude_response_fields": (["score"], ["body"], ["workflow_state"], ["description"], ["rubric"], ["id"]),
    "response_fields": (["score"], ["id"]),
    "submission_types": (["online_text_entry"], ["online_upload"], ["none"]),
    "exclude_submission_types": (["online_text_entry"], ["none"]),
    "anonymous_state": ("full_anonymity", "partial_anonymity"),
}
"""Values that documentation names for a parameter, by the last part of its name."""
KINDS: tuple[tuple[str, tuple[Any, ...]], ...] = (
    (
        r"_(menu|modal|navigation|button|selection|hub|card|detection|grades|link|view|edit)$|AssetProcessor$",
        ({"enabled": True, "url": "https://tool.example.test/there", "text": "There"},),
    ),
    (r"direction$", ("desc", "asc", "descending", "ascending")),
    (r"search|query|^q$|filter|partial", ("a", "Ada", "zzz", "te", "the")),
    (r"state|status", ("active", "deleted", "completed", "available", "unread", "published", "inactive")),
    (r"type$", ("student", "StudentEnrollment", "teacher", "Course", "online_text_entry", "assignment", "email")),
    (r"colou?r|hexcode", ("#abcdef",)),
    (r"url|uri|href|domain", ("https://tool.example.test/launch",)),
    (r"email|address", ("new@example.test",)),
    (r"locale|language", ("de", "fr")),
    (r"zone", ("Europe/Berlin", "America/Denver")),
    (r"points|score|grade|limit|count|position|number|weight|threshold|quota|size|max|min", (3, 1, 70, "50%", "A", 0)),
    (r"attempts|days|hours|percent|level|width|height|offset|interval", (2, 1, 50)),
    (r"event", ("conclude", "delete", "publish", "suspend")),
)
"""A pattern of a parameter's last part, and what fits it."""
ANY: tuple[Any, ...] = (True, False, "1", "0", "text of a test", 2, ["1"], ["a", "b"])
MOST = 18
TABLES = {
    "category": "group_categories",
    "file": "attachments",
    "grader": "users",
    "module": "context_modules",
    "observee": "users",
    "observer": "users",
    "outcome": "learning_outcomes",
    "quiz": "quizzes",
    "section": "course_sections",
    "student": "users",
    "term": "enrollment_terms",
    "tool": "tools",
    "topic": "discussion_topics",
}
"""Where a table has another name than its objects in a parameter."""


class Fitting:
    """Possible values of a parameter. Learns from the requests that it is shown."""

    def __init__(self) -> None:
        self.includes: set[str] = set()
        self._of: dict[tuple[str, str, Path], dict[str, Any]] = defaultdict(dict)
        self._named: dict[str, dict[str, Any]] = defaultdict(dict)

    def learn(self, operation: Operation, request: Request) -> None:
        """Remember the values of a successful request."""
        self.includes |= operation.choices.get("include", frozenset())
        for name, value in (*request.query, *request.form):
            self._keep(operation, request, path_of(name), [value] if name.endswith("[]") else value)
        if request.is_json:
            for path, value in _values(request.document, ()):
                self._keep(operation, request, path, value)

    def _keep(self, operation: Operation, request: Request, path: Path, value: Any) -> None:
        if len(str(value)) < 400:
            self._of[request.method, operation.path, path].setdefault(repr(value), value)
            self._named[path[-1]].setdefault(repr(value), value)

    def values(self, operation: Operation, request: Request, name: str, store: Store, now: datetime) -> list[Any]:
        """At most `MOST` values, the likeliest first."""
        path = path_of(name)
        leaf = path[-1]
        found: list[Any] = list(self._of[request.method, operation.path, path].values())[:6]
        choices = sorted(operation.choices.get(name.removesuffix("[]"), ()))
        if leaf in ("include", "includes"):
            found += [[choice] for choice in choices] or [sorted(self.includes)]
        found += choices
        found += DOCUMENTED.get(leaf, ())
        found += existing(leaf, store, request.target)
        if MOMENTS.search(leaf):
            found += [f"{now + timedelta(days=days):%Y-%m-%dT%H:%M:%SZ}" for days in DAYS]
        kinds = [values for pattern, values in KINDS if re.search(pattern, leaf)]
        found += [value for values in kinds[:2] for value in values]
        found += list(self._named[leaf].values())[:5]
        found += ANY
        unique = {repr(value): value for value in found}
        return list(unique.values())[: MOST + len(choices)]


def existing(leaf: str, store: Store, target: str) -> Iterator[Any]:
    """Ids of records of the kind in the parameter's name, those of the course in the URL first."""
    listed = leaf.endswith("ids")
    kind = leaf.removesuffix("s").removesuffix("_id")
    if kind == leaf.removesuffix("s") and kind not in ("user", "course", "section"):
        return
    names = (TABLES.get(kind, ""), f"{kind}s", f"{kind[:-1]}ies")
    table = next((name for name in names if name in store.tables), None)
    if table is None:
        return
    records = getattr(store, table).values()
    course = re.search(r"/courses/(\d+)", target)
    inside = [record for record in records if course and str(getattr(record, "course_id", "")) == course[1]]
    for number in dict.fromkeys(getattr(value, "id", None) for value in [*inside[-3:], *records[-2:], *records[:2]]):
        if number is not None:
            yield [str(number)] if listed else number


def _values(value: Any, path: Path) -> Iterable[tuple[Path, Any]]:
    if isinstance(value, dict) and value:
        if path:
            yield path, value
        for name, inner in value.items():
            yield from _values(inner, path if name.isdigit() else (*path, *path_of(name)))
    elif isinstance(value, list) and value and isinstance(value[0], dict):
        yield path, value
        for inner in value:
            yield from _values(inner, path)
    elif path:
        yield path, value
