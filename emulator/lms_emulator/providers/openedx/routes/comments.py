"""`/api/discussion/v1/comments/`: answers to threads, and to answers.

Sources: edx-platform `lms/djangoapps/discussion/rest_api/views.py` (CommentViewSet); `fixtures/recordings/openedx-2`,
forum.jsonl 280-347.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec.structs import replace
from starlette.responses import Response

from lms_emulator.core.numbers import parse_integer
from lms_emulator.providers.openedx import refusals, wire
from lms_emulator.providers.openedx.call import JSON, MERGE_PATCH, Call, caller
from lms_emulator.providers.openedx.model.forum import Comment, Thread
from lms_emulator.providers.openedx.routes import notifications, threads
from lms_emulator.providers.openedx.routes.resource import recorded
from lms_emulator.providers.openedx.rules import discussions, fields
from lms_emulator.providers.openedx.shapes import forum as shapes

_COMMENT = threads.POST | {"endorsed": fields.Field(fields.boolean)}


def _page(call: Call, found: list[Comment], page: int, size: int) -> Response:
    if page > max(1, -(-len(found) // size)):
        text = "Page not found (No results on this page)."
        raise refusals.developer_error(404, text, reason="page_not_found", got=page)
    shown = found[(page - 1) * size : page * size]
    results = [shapes.comment(call, _thread(call, comment), comment) for comment in shown]
    return wire.api_json(threads.envelope(call, results, page, size, len(found)))


def _thread(call: Call, comment: Comment) -> Thread:
    above = call.store.threads.get(comment.thread)
    assert above is not None  # comments go with their thread
    return above


def list_all(call: Call) -> Response:
    """The answers to a thread, or what the caller wrote in a course (`username`), newest first."""
    errors: dict[str, str] = {}
    page, size = threads.page_numbers(call, errors)
    endorsed = threads.boolean(call, "endorsed", errors)
    merged = threads.boolean(call, "merge_question_type_responses", errors)
    if "username" in call.query and "thread_id" not in call.query:
        return _own(call, page, size, errors)
    if not call.query.get("thread_id"):
        errors["thread_id"] = "This field is required."
    if errors:
        raise threads.invalid(errors)
    above = threads.existing(call, call.query["thread_id"])
    if above.type == "question" and endorsed is None and not merged:
        raise threads.invalid({"endorsed": "This field is required for question threads."})
    if above.type == "discussion" and endorsed is not None:
        raise threads.invalid({"endorsed": "This field may not be specified for discussion threads."})
    found = [comment for comment in discussions.comments(call.store, above) if comment.parent is None]
    if endorsed is not None and not merged:
        found = [comment for comment in found if comment.endorsed == endorsed]
    return _page(call, found, page, size)


def _own(call: Call, page: int, size: int, errors: dict[str, str]) -> Response:
    if not call.query.get("course_id"):
        errors["course_id"] = "This field is required."
    if errors:
        raise threads.invalid(errors)
    course = threads.course(call, call.query["course_id"])
    if call.query["username"] != caller(call).username:
        raise refusals.Unhandled(f"username is `{call.query['username']}`, not the caller")
    mine = [row for row in call.store.comments if row.author == caller(call).username and row.course == course.id]
    return _page(call, sorted(mine, key=lambda comment: comment.id, reverse=True), page, size)


def create(call: Call) -> Response:
    """Comment on a thread or on another comment."""
    given, user = wire.read_object(call), caller(call)
    if not given.get("thread_id"):
        raise threads.invalid({"thread_id": "This field is required."})
    above, now = threads.existing(call, str(given["thread_id"])), discussions.seconds(call.clock.now())
    parent = _find(call, str(given["parent_id"])) if given.get("parent_id") else None
    if above.closed:
        raise refusals.permission_denied("the thread is closed", check="open thread")
    made = Comment(
        id=0,
        author=user.username,
        course=above.course,
        body="",
        created=now,
        updated=now,
        thread=above.id,
        parent=parent.id if parent is not None else None,
    )
    allowed = ["thread_id", "parent_id", *discussions.comment_fields(call.store, user, above, made)]
    threads.refuse_fields(given, allowed, "initializable")
    given = threads.read_fields(given, _COMMENT, partial=False)
    stored = replace(
        made,
        id=call.store.next_number("comments"),
        **{name: value for name, value in _changes(call, made, given).items() if name not in ("edits", "updated")},
    )
    call.store.comments.put(stored)
    call.store.threads.put(replace(above, active=now))
    notifications.answered(call, above, parent, stored)
    return wire.api_json(shapes.comment(call, above, stored))


def _changes(call: Call, comment: Comment, given: Mapping[str, Any]) -> dict[str, Any]:
    changes = threads.shared_changes(call, comment, given)
    if "endorsed" in given:
        endorsed = given["endorsed"]
        changes |= {
            "endorsed": endorsed,
            "endorsed_by": caller(call).username if endorsed else None,
            "endorsed_at": discussions.seconds(call.clock.now()) if endorsed else None,
        }
    return changes


def _find(call: Call, text: str) -> Comment:
    found = call.store.comments.get(parse_integer(text)) if text.isascii() else None
    if found is None:
        raise refusals.Unhandled(f"`{text}` is not a comment's id")
    threads.course(call, found.course)
    return found


def list_answers(call: Call) -> Response:
    """The answers to an answer, the oldest first."""
    errors: dict[str, str] = {}
    page, size = threads.page_numbers(call, errors)
    if errors:
        raise threads.invalid(errors)
    above = _find(call, call.path_params["comment_id"])
    found = [comment for comment in call.store.comments.find("thread", above.thread) if comment.parent == above.id]
    return _page(call, sorted(found, key=lambda comment: comment.id), page, size)


def update(call: Call) -> Response:
    """Change an answer."""
    found, given, user = _find(call, call.path_params["comment_id"]), wire.read_object(call), caller(call)
    above = _thread(call, found)
    threads.refuse_fields(given, discussions.comment_fields(call.store, user, above, found), "editable")
    given = threads.read_fields(given, _COMMENT, partial=True)
    stored = call.store.comments.put(replace(found, **_changes(call, found, given)))
    if given.get("endorsed"):
        notifications.endorsed(call, above, stored)
    shape = shapes.comment(
        call, above, stored, edit_reason=given.get("edit_reason_code"), before=found if "endorsed" in given else None
    )
    return wire.api_json(shape)


def delete(call: Call) -> Response:
    """Remove an answer with the answers to it."""
    found = _find(call, call.path_params["comment_id"])
    threads.refuse_deletion(call, found)
    _remove(call, found)
    return wire.no_content()


def _remove(call: Call, comment: Comment) -> None:
    for child in list(call.store.comments.find("thread", comment.thread)):
        if child.parent == comment.id:
            _remove(call, child)
    call.store.comments.delete(comment.id)


ROUTES = (
    *threads.FAMILY.resource(
        "/comments/",
        "Comments of a thread",
        get=list_all,
        post=create,
        parsers=(JSON,),
        source=recorded("openedx-2/forum", 283, 302),
    ),
    *threads.FAMILY.resource(
        "/comments/{comment_id}/",
        "A comment",
        get=list_answers,
        patch=update,
        delete=delete,
        parsers=(MERGE_PATCH,),
        source=recorded("openedx-2/forum", 324, 331, 463),
    ),
)
