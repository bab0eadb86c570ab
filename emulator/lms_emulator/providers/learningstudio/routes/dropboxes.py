"""Dropboxes: students' submissions and teachers' replies."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from lms_emulator.core.http.routing import Route
from lms_emulator.providers.learningstudio import refusals, rules, wire
from lms_emulator.providers.learningstudio.call import Call, Place, in_course, listed_ids, record_named
from lms_emulator.providers.learningstudio.model.content import CourseItem, DropboxAttachment, DropboxMessage
from lms_emulator.providers.learningstudio.routes.items import item_named, items_of
from lms_emulator.providers.learningstudio.settings import android, windows
from lms_emulator.providers.learningstudio.shapes import content as show


def baskets(call: Call, place: Place) -> Mapping[str, Any]:
    """GET …/dropboxBaskets: the dropboxes that the caller sees."""
    return {"dropboxBaskets": [show.basket(call, item) for item in items_of(call, place, "dropboxBasket")]}


def basket(call: Call, place: Place) -> Mapping[str, Any]:
    """GET …/dropboxBaskets/ID: a list of one."""
    return {"dropboxBaskets": [show.basket(call, _basket(call, place))]}


def messages(call: Call, place: Place) -> Mapping[str, Any]:
    """GET …/messages; `submissionStudents=1;2` filters by student. Students see only their own."""
    item = _basket(call, place)
    found = [row for row in call.store.dropbox_messages.find("item", item.id) if _own(place, row)]
    if (numbers := listed_ids(call, "submissionStudents")) is not None:
        found = [dropbox_message for dropbox_message in found if str(dropbox_message.student_id) in numbers]
    return {"messages": [show.message(call, _path(item), dropbox_message) for dropbox_message in found]}


def message(call: Call, place: Place) -> Mapping[str, Any]:
    """GET …/messages/ID: a list of one."""
    item, dropbox_message = _message(call, place)
    return {"messages": [show.message(call, _path(item), dropbox_message)]}


def attachment(call: Call, place: Place) -> Mapping[str, Any]:
    """GET …/attachments/ID: a list of one."""
    item, dropbox_message, file = _attachment(call, place)
    return {"attachments": [show.attachment(call, f"{_path(item)}/messages/{dropbox_message.id}", file)]}


def attachment_content(call: Call, place: Place) -> Response:
    """GET …/attachments/ID/content: the file."""
    _, _, file = _attachment(call, place)
    return wire.file(base64.b64decode(file.content), rules.media_type(file.name))


def _basket(call: Call, place: Place) -> CourseItem:
    return item_named(call, place, "basket_id", "dropboxBasket", "Dropbox")


def _path(item: CourseItem) -> str:
    return f"/courses/{item.course_id}/dropboxBaskets/{item.id}"


def _own(place: Place, message: DropboxMessage) -> bool:
    return not place.is_student or (place.caller.user is not None and message.student_id == place.caller.user.id)


def _message(call: Call, place: Place) -> tuple[CourseItem, DropboxMessage]:
    item = _basket(call, place)
    row = record_named(
        call, call.store.dropbox_messages, "message_id", "Message", lambda found: found.item_id == item.id
    )
    if not _own(place, row):
        raise refusals.other_user(row.student_id)
    return item, row


def _attachment(call: Call, place: Place) -> tuple[CourseItem, DropboxMessage, DropboxAttachment]:
    item, row = _message(call, place)
    files = call.store.dropbox_attachments
    return item, row, record_named(call, files, "attachment_id", "Attachment", lambda file: file.message_id == row.id)


_ONE = "/dropboxBaskets/{basket_id}/messages/{message_id}"
_FILE = f"{_ONE}/attachments/{{attachment_id}}"

ROUTES: tuple[Route, ...] = in_course(
    "dropboxes",
    f"{windows('Services/Dropbox/FetchDropboxMessagesService')}; {android('model/DropboxMessage')}",
    ("GET /dropboxBaskets", baskets, "The dropboxes of a course"),
    ("GET /dropboxBaskets/{basket_id}", basket, "One dropbox"),
    ("GET /dropboxBaskets/{basket_id}/messages", messages, "Submissions and returned work"),
    (f"GET {_ONE}", message, "One message"),
    (f"GET {_FILE}", attachment, "A file of a message"),
    (f"GET {_FILE}/content", attachment_content, "The content of a file"),
)
