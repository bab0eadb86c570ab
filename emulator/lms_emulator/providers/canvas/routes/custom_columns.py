"""REST: custom gradebook columns and their data."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from lms_emulator.core.http.routing import Route
from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call import columns, identifiers
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.call.params import as_integer
from lms_emulator.providers.canvas.model import Course, CustomColumnDatum, CustomGradebookColumn
from lms_emulator.providers.canvas.paging import paged
from lms_emulator.providers.canvas.routes.declare import RECORDED, rest
from lms_emulator.providers.canvas.rules import assignments, courses, jobs, roster
from lms_emulator.providers.canvas.shapes.progress import progress

SOURCE = (
    f"{RECORDED}/grading-gradebook.jsonl 45, 46, 59, 62, 66, 81, 89; "
    "canvas-lms app/controllers/custom_gradebook_columns_api_controller.rb"
)
FLAGS = ("teacher_notes", "read_only", "hidden")
RESERVED = frozenset(
    (
        "Student",
        "LastName",
        "FirstName",
        "ID",
        "SIS User ID",
        "SIS Login ID",
        "Section",
        "Integration ID",
        "Root Account",
    )
)
"""Titles that Canvas keeps for the columns of its own exports: canvas-lms lib/gradebook_importer.rb."""


def _living(api: Api, course: Course) -> list[CustomGradebookColumn]:
    found = [c for c in api.store.custom_gradebook_columns.find("course", course.id) if c.workflow_state == "active"]
    return sorted(found, key=lambda c: (c.position, c.title, c.id))


def _course(api: Api) -> Course:
    """The course of the path, for somebody who is logged in; Canvas looks at rights later."""
    course = identifiers.course(api, api.slot("course_id"))
    _ = api.user
    return course


def _column(api: Api, course: Course, reference: str) -> CustomGradebookColumn:
    return identifiers.pick(_living(api, course), reference, "the column")


def shape(record: CustomGradebookColumn) -> dict[str, Any]:
    """A column as JSON."""
    return {name: getattr(record, name) for name in ("id", "title", "position", *FLAGS)}


def index(api: Api) -> Any:
    """The columns of a course; hidden ones on request."""
    course = courses.from_path(api, *assignments.GRADERS)
    hidden = api.params.flag("include_hidden")
    found = [c for c in _living(api, course) if hidden or not c.hidden]
    return paged(api, found, shape, path=f"/api/v1/courses/{course.id}/custom_gradebook_columns")


def create(api: Api) -> Any:
    """A new column."""
    course = _course(api)
    api.params.require("column")
    courses.require(api, course, *assignments.GRADERS)
    last = max((c.position for c in _living(api, course)), default=0)
    blank = CustomGradebookColumn(id=0, course_id=course.id, title="", position=last + 1)
    made = replace(_read(api, blank), id=api.new_id("custom_gradebook_columns"))
    return shape(api.store.custom_gradebook_columns.put(made))


def update(api: Api) -> Any:
    """Change a column."""
    course = _course(api)
    known = _column(api, course, api.slot("id"))
    api.params.require("column")
    courses.require(api, course, *assignments.GRADERS)
    return shape(api.store.custom_gradebook_columns.put(_read(api, known)))


def _read(api: Api, record: CustomGradebookColumn) -> CustomGradebookColumn:
    sent = columns.permitted(api.params.require("column"))
    changes: dict[str, Any] = columns.booleans(sent, ("teacher_notes", "read_only"))
    if sent.has("hidden"):
        changes["hidden"] = sent.flag("hidden")
    if sent.has("title"):
        changes["title"] = sent.text("title") or ""
    if sent.text("position"):
        changes["position"] = sent.integer("position")
    faults: dict[str, list[str | tuple[str, str]]] = {}
    title = changes.get("title", record.title)
    if not title.strip():
        faults["title"] = ["blank"]
    elif len(title) > 255 or title in RESERVED:
        faults["title"] = ["too_long" if len(title) > 255 else "cannot use gradebook importer reserved names"]
    if changes.get("teacher_notes", False) is None:
        faults["teacher_notes"] = ["teacher_notes must be true or false"]
    if faults:
        raise refusals.invalid(faults)
    if changes.get("read_only", False) is None:
        raise refusals.crashed("`read_only` is neither true nor false", sent.get("read_only"))
    return replace(record, **changes)


def destroy(api: Api) -> Any:
    """Delete a column."""
    course = _course(api)
    known = _column(api, course, api.slot("id"))
    courses.require(api, course, *assignments.GRADERS)
    return shape(api.store.custom_gradebook_columns.put(replace(known, workflow_state="deleted")))


def reorder(api: Api) -> Any:
    """Move columns to the front. Canvas checks no permission here."""
    course = _course(api)
    asked = api.params.get("order")
    if not isinstance(asked, list):
        raise refusals.crashed("`order` is not a list", asked)
    order = list(dict.fromkeys(number for number in api.params.integers("order") if number > 0))
    living = _living(api, course)
    moving = [row.position for row in living if row.id in order]
    for column in living:
        behind = len([value for value in moving if column.position <= value])
        position = order.index(column.id) + 1 if column.id in order else column.position + behind
        api.store.custom_gradebook_columns.put(replace(column, position=position))
    return {}


def data(api: Api) -> Any:
    """The data of a column; of a hidden one on request."""
    course = _course(api)
    column = _column(api, course, api.slot("id"))
    if column.hidden and not api.params.flag("include_hidden"):
        raise refusals.not_found("the column among those that are shown", column.id)
    courses.require(api, course, *assignments.GRADERS)
    seen = {e.user_id for e in roster.enrollments_seen(api, course, None)}
    found = [datum for datum in api.store.custom_column_data.find("column", column.id) if datum.user_id in seen]
    found.sort(key=lambda datum: datum.user_id)
    path = f"/api/v1/courses/{course.id}/custom_gradebook_columns/{column.id}/data"
    return paged(api, found, lambda datum: {"content": datum.content, "user_id": datum.user_id}, path=path)


def write(api: Api) -> Any:
    """Write a student's entry; a blank one deletes it."""
    course = _course(api)
    user = api.store.users.get(as_integer(api.slot("user_id")))
    if user is None or user.id not in {e.user_id for e in roster.enrollments_seen(api, course, None)}:
        raise refusals.not_found("the student in the course, by number", api.slot("user_id"))
    column = _column(api, course, api.slot("id"))
    courses.require(api, course, *assignments.GRADERS)
    sent = api.params.require("column_data")
    known = api.store.custom_column_data.get(_key(column, user.id))
    content = sent.text("content") or "" if sent.has("content") or known is None else known.content
    if len(content) > 255:
        fault = refusals.model_fault("content", "too_long")
        return {"errors": {"content": [fault]}}
    _keep(api, column, user.id, content)
    return {"content": content, "user_id": user.id}


def _key(column: CustomGradebookColumn, user_id: int) -> str:
    return f"{column.id}:{user_id}"


def _keep(api: Api, column: CustomGradebookColumn, user_id: int, content: str) -> None:
    key = _key(column, user_id)
    if content.strip():
        api.store.custom_column_data.put(
            CustomColumnDatum(id=key, column_id=column.id, user_id=user_id, content=content)
        )
    else:
        api.store.custom_column_data.delete(key)


def write_many(api: Api) -> Any:
    """Write entries for many students, in a job."""
    course = _course(api)
    sent = api.params.rows("column_data")
    if not sent:
        body = {"errors": [{"message": "An error occurred.", "error_code": "bad_request"}], "error_report_id": 1}
        raise refusals.rest("column_data_empty", 400, body, check="`column_data` is a list")
    if not all(fields.has("column_id") and fields.has("user_id") for fields in sent):
        raise refusals.crashed("each entry has a `column_id` and a `user_id`")
    every = list(api.store.custom_gradebook_columns.find("course", course.id))
    columns = [identifiers.pick(every, fields.text("column_id") or "", "the column") for fields in sent]
    if not courses.may(api, api.user, course, *assignments.GRADERS):
        raise refusals.lti_nothing("canvas_fails_here", 500, "the caller may write, or Canvas fails")
    seen = {e.user_id for e in roster.enrollments_seen(api, course, None)}
    people = [fields.integer("user_id") for fields in sent]
    if not seen.issuperset(people):
        raise api.refused("write about students of the course")
    texts = [fields.text("content") or "" for fields in sent]
    rows = list(zip(columns, people, texts, strict=True))

    def work() -> None:
        for column, user_id, content in rows:
            _keep(api, column, user_id, content)

    return progress(api, jobs.run(api, course, "custom_columns_submissions_update", work))


COURSE = "/api/v1/courses/{course_id}"
COLUMNS = f"{COURSE}/custom_gradebook_columns"
ROUTES: tuple[Route, ...] = rest(
    "custom gradebook columns",
    SOURCE,
    (f"GET {COLUMNS}", index, "Custom gradebook columns"),
    (f"POST {COLUMNS}", create, "Create a column"),
    (f"POST {COLUMNS}/reorder", reorder, "Reorder columns"),
    (f"PUT {COLUMNS}/{{id}}", update, "Change a column"),
    (f"DELETE {COLUMNS}/{{id}}", destroy, "Delete a column"),
    (f"GET {COLUMNS}/{{id}}/data", data, "Data of a column"),
    (f"PUT {COLUMNS}/{{id}}/data/{{user_id}}", write, "Set one entry of a column"),
    (f"PUT {COURSE}/custom_gradebook_column_data", write_many, "Set many entries of columns"),
)
