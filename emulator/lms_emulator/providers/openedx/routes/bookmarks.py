"""`/api/bookmarks/v1/bookmarks/`: blocks that a learner marked.

Source: edx-platform `openedx/core/djangoapps/bookmarks/views.py`; `fixtures/recordings/openedx-2`, learn.jsonl 558-587.
"""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from lms_emulator.providers.openedx import credentials, paging, refusals, wire
from lms_emulator.providers.openedx.call import Call, caller
from lms_emulator.providers.openedx.model.learning import Bookmark
from lms_emulator.providers.openedx.routes.resource import Family, recorded
from lms_emulator.providers.openedx.rules import blocks, keys
from lms_emulator.providers.openedx.shapes import moment

_PARDON = "An error has occurred. Please try again."
_OPTIONAL = ("display_name", "path")


def _shape(call: Call, bookmark: Bookmark, shown: tuple[str, ...]) -> dict[str, Any]:
    key = keys.usage_key(bookmark.block)
    assert key is not None  # only readable keys are bookmarked
    course = call.store.courses.get(key.course)
    path = blocks.path_to(blocks.tree(course), bookmark.block) if course is not None else []
    shape: dict[str, Any] = {
        "id": f"{bookmark.user},{bookmark.block}",
        "course_id": key.course,
        "usage_id": bookmark.block,
        "block_type": key.type,
    }
    if "display_name" in shown:
        shape["display_name"] = path[-1].block.display_name if path else ""
    if "path" in shown:
        above = path[1:-1]
        shape["path"] = [{"usage_key": node.key, "display_name": node.block.display_name} for node in above]
    return shape | {"created": moment(bookmark.created)}


def _fields(call: Call) -> tuple[str, ...]:
    return tuple(part for text in call.query.getlist("fields") for part in text.split(","))


def list_all(call: Call) -> Response:
    """The caller's bookmarks, newest first."""
    user, course = caller(call), call.query.get("course_id")
    found = sorted(
        call.store.bookmarks.find("user", user.username), key=lambda bookmark: bookmark.created, reverse=True
    )
    if course:
        found = [bookmark for bookmark in found if (key := keys.usage_key(bookmark.block)) and key.course == course]
    page = paging.numbered(call, found, size=10, most=500)
    return wire.api_json(page.envelope([_shape(call, item, _fields(call)) for item in page.items]))


def create(call: Call) -> Response:
    """Mark a block; marking it again changes nothing."""
    body, user = wire.read_object(call), caller(call)
    if not body:
        raise _invalid("No data provided.", _PARDON)
    if "usage_id" not in body:
        raise _invalid("Parameter usage_id not provided.", _PARDON)
    text = str(body["usage_id"])
    key = keys.usage_key(text)
    if key is None:
        raise _invalid(f"Invalid usage_id: {text}.", _PARDON)
    course = call.store.courses.get(key.course)
    if course is None or blocks.find(blocks.tree(course), key.text) is None:
        raise _invalid(f"Block with usage_id: {text} not found.", _PARDON)
    known = call.store.bookmarks.get((user.username, key.text))
    bookmark = known or call.store.bookmarks.put(Bookmark(user=user.username, block=key.text, created=call.clock.now()))
    return wire.api_json(_shape(call, bookmark, _OPTIONAL), 201)


def _invalid(developer: str, person: str, *, status: int = 400) -> refusals.OpenedxRefusal:
    document = {"developer_message": developer, "user_message": person}
    return refusals.api_error(status, document, reason="invalid_bookmark", check="bookmark", got=developer)


def _one(call: Call) -> Bookmark:
    user, text = caller(call), call.path_params["usage_key"]
    if call.path_params["username"] != user.username:
        raise refusals.permission_denied("bookmarks are their owner's alone", check="own bookmark")
    if keys.usage_key(text) is None:
        problem = f"Invalid usage_id: {text}."
        raise _invalid(problem, problem, status=404)
    found = call.store.bookmarks.get((user.username, text))
    if found is None:
        problem = f"Bookmark with usage_id: {text} does not exist."
        raise _invalid(problem, problem, status=404)
    return found


def read_one(call: Call) -> Response:
    """One bookmark."""
    return wire.api_json(_shape(call, _one(call), _fields(call)))


def delete(call: Call) -> Response:
    """Remove a bookmark."""
    bookmark = _one(call)
    call.store.bookmarks.delete((bookmark.user, bookmark.block))
    return wire.no_content()


FAMILY = Family(
    "/api/bookmarks/v1/bookmarks",
    tag="bookmarks",
    authenticators=(credentials.BEARER, credentials.ACTIVE_SESSION),
    permissions=(caller,),
)

ROUTES = (
    *FAMILY.resource(
        "/", "The caller's bookmarks", get=list_all, post=create, source=recorded("openedx-2/learn", 558, 560)
    ),
    *FAMILY.resource(
        "/{username},{usage_key}/",
        "A bookmark",
        get=read_one,
        delete=delete,
        source=recorded("openedx-2/learn", 575, 583),
    ),
)
