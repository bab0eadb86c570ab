"""Texts, Office documents and uploads of web content: metadata and content."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from lms_emulator.core.http.routing import Route
from lms_emulator.providers.learningstudio import refusals, rules, wire
from lms_emulator.providers.learningstudio.call import MEMBERS, Call, CourseHandler, Place, Row, in_course
from lms_emulator.providers.learningstudio.model.content import ItemType
from lms_emulator.providers.learningstudio.routes.items import item_named, items_of
from lms_emulator.providers.learningstudio.settings import PORTAL, java
from lms_emulator.providers.learningstudio.shapes import content as show


def _list(kind: ItemType) -> CourseHandler:
    def handler(call: Call, place: Place) -> Mapping[str, Any]:
        return {show.COLLECTIONS[kind]: [show.document(call, item) for item in items_of(call, place, kind)]}

    return handler


def _one(kind: ItemType) -> CourseHandler:
    def handler(call: Call, place: Place) -> Mapping[str, Any]:
        return {show.COLLECTIONS[kind]: [show.document(call, item_named(call, place, "document_id", kind))]}

    return handler


def _content(kind: ItemType) -> CourseHandler:
    """A page of the content; `useSourceDomain=true` gives the addresses in HTML their host."""

    def handler(call: Call, place: Place) -> Response:
        item, path = item_named(call, place, "document_id", kind), call.path_params["content_path"]
        found = rules.page_of(item, path)
        if found is None:
            raise refusals.not_found("Content", path)
        content, media_type = found
        if media_type.startswith("text/html") and wire.flag(call, "useSourceDomain"):
            content = wire.with_host(content, call.base_url)
        return wire.file(content, media_type)

    return handler


def _original(kind: ItemType) -> CourseHandler:
    """The file as it was uploaded."""

    def handler(call: Call, place: Place) -> Response:
        item = item_named(call, place, "document_id", kind)
        if not item.original:
            raise refusals.not_found("Original document", item.id)
        return wire.file(base64.b64decode(item.original), rules.media_type(item.original_name))

    return handler


def _rows(kind: ItemType, what: str, content: str, *, original: bool = True) -> tuple[Row, ...]:
    """The operations on one kind of document. Parameters: `content`, the path of a page below the document's."""
    every = f"GET /{show.COLLECTIONS[kind]}"
    document_path = f"{every}/{{document_id}}"
    rows: tuple[Row, ...] = ()
    if original:
        rows = ((f"{document_path}/originalDocument", _original(kind), f"{what}: the uploaded file", MEMBERS),)
    return (
        (every, _list(kind), f"{what}: all of a course", MEMBERS),
        (document_path, _one(kind), f"{what}: one", MEMBERS),
        *rows,
        (f"{document_path}{content}/{{content_path:path}}", _content(kind), f"{what}: its content", MEMBERS),
    )


ROUTES: tuple[Route, ...] = in_course(
    "documents",
    f"{java('content/ContentService')}; {PORTAL}/content-items/ms-office-document-original-file",
    *_rows("textMultimedia", "Text and multimedia", "", original=False),
    *_rows("msOfficeDocument", "Office document", "/content"),
    *_rows("webContentUpload", "Upload of web content", "/content"),
)
