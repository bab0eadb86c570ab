"""Selections by LTI 1.1 tools: content items in JSON, or a single item in query parameters.

Source: canvas-lms app/controllers/external_content_controller.rb, lib/lti/content_item_converter.rb.
"""

from __future__ import annotations

import mimetypes
from typing import Any

from lms_emulator.core.http import json_text
from lms_emulator.core.http.urls import add_query
from lms_emulator.providers.canvas.call.params import Params

LINK = "LtiLinkItem"
RETURN_TYPES = ("oembed", "lti_launch_url", "url", "image_url", "iframe", "file")
_OLD_TYPES = {"basic_lti": "lti_launch_url", "link": "url", "image": "image_url"}
_CLASSES = {"file": "FileItem", "lti_launch_url": LINK}
_TARGETS = {
    "file": "download",
    "lti_launch_url": "frame",
    "image_url": "embed",
    "rich_content": "embed",
    "iframe": "iframe",
}
_SHOWN = {"iframe": "borderless", "window": "borderless"}
_USUAL = {"presentationDocumentTarget": "default", "displayWidth": 800, "displayHeight": 600}


class UnreadableItems(ValueError):
    """The content items cannot be read."""


def return_type(sent: Params) -> str | None:
    """The kind of the selection, with older names normalised."""
    kind = sent.text("return_type") if sent.has("return_type") else sent.text("embed_type")
    return _OLD_TYPES.get(kind or "", kind)


def chosen(sent: Params, path: str, default_url: str | None) -> list[dict[str, Any]]:
    """The items that a tool selected, with the URLs that open them here. Raises UnreadableItems.

    Parameters: `path`, of the context; `default_url`, for links without a URL of their own.
    """
    items = _graph(sent) if sent.text("lti_message_type") else [_one(sent)]
    for item in items:
        advice = item.setdefault("placementAdvice", dict(_USUAL))
        if item.get("@type") == LINK:
            target = advice.get("presentationDocumentTarget") if isinstance(advice, dict) else None
            query = {"display": _SHOWN.get(str(target)), "url": item.get("url") or default_url}
            shown = ((name, value) for name, value in query.items() if value)
            item["canvasURL"] = add_query(f"{path}/external_tools/retrieve", shown)
    return items


def _graph(sent: Params) -> list[dict[str, Any]]:
    text = sent.text("content_items")
    try:
        found = json_text.parse(text or "{}")
    except ValueError as error:
        raise UnreadableItems(str(error)) from error
    graph = found.get("@graph", []) if isinstance(found, dict) else None
    if not isinstance(graph, list) or not all(isinstance(value, dict) for value in graph):
        raise UnreadableItems("no object with a list `@graph`")
    return graph


def _one(sent: Params) -> dict[str, Any]:
    kind, url, text = return_type(sent), sent.text("url"), sent.text("text")
    advice = {
        "displayHeight": sent.text("height"),
        "displayWidth": sent.text("width"),
        "presentationDocumentTarget": _TARGETS.get(kind or "", "window"),
    }
    found = {
        "@type": _CLASSES.get(kind or "", "ContentItem"),
        "@id": url,
        "url": url,
        "text": text,
        "title": sent.text("title"),
        "mediaType": _media(kind, sent.text("content_type"), text, url),
        "placementAdvice": {name: value for name, value in advice.items() if value is not None},
    }
    return {name: value for name, value in found.items() if value is not None}


def _media(kind: str | None, params: str | None, text: str | None, url: str | None) -> str | None:
    if kind == "lti_launch_url":
        return "application/vnd.ims.lti.v1.ltilink"
    if kind not in ("file", "image_url"):
        return "text/html"
    guessed = mimetypes.guess_type(text or "")[0] or mimetypes.guess_type(url or "")[0]
    if kind == "image_url":
        return guessed or "image"
    return params or guessed
