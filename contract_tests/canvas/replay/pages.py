"""The reduction of an HTML page to what a client can act on: title, forms with controls, headings, errors, frames."""

from __future__ import annotations

import html.parser
import json
import re
from typing import Any

_VOID = {"input", "br", "img", "meta", "link", "hr"}
_ERROR_CLASSES = {"ic-flash-error", "error", "errorBox", "ic-flash-warning", "ui-state-error"}
#: Forms of the page around the content.
_AROUND = ("/error_reports", "/login/canvas/forgot", "/search", "/forgot_password", "/logout")

Attributes = dict[str, str]


class _Reducer(html.parser.HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.title = ""
        self.forms: list[dict[str, Any]] = []
        self.headings: list[str] = []
        self.errors: list[str] = []
        self.iframes: list[Attributes] = []
        self._open: list[str] = []
        self._form: dict[str, Any] | None = None
        self._select: dict[str, Any] | None = None
        self._area: dict[str, Any] | None = None
        self._reading: tuple[str, int] | None = None
        self._text: list[str] = []
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self._silent += tag in ("script", "style")
        if tag not in _VOID:
            self._open.append(tag)
        if tag == "form":
            self._form = {name: given.get(name, "") for name in ("id", "action", "target")}
            self._form |= {"method": given.get("method", "get").lower(), "controls": []}
            self.forms.append(self._form)
        elif tag == "iframe":
            self.iframes.append({"id": given.get("id", ""), "src": given.get("src", "")})
        elif self._form is not None:
            self._control(tag, given, self._form["controls"])
        self._begin_reading(tag, given)

    def _control(self, tag: str, given: Attributes, controls: list[dict[str, Any]]) -> None:
        name, value = given.get("name", ""), given.get("value", "")
        if tag == "input" and name:
            controls.append({"name": name, "type": given.get("type", "text"), "value": value})
        elif tag == "button" and name:
            controls.append({"name": name, "type": "button", "value": value})
        elif tag == "select":
            self._select = {"name": name, "type": "select", "value": ""}
            controls.append(self._select)
        elif tag == "option" and self._select is not None and "selected" in given:
            self._select["value"] = value
        elif tag == "textarea":
            self._area = {"name": name, "type": "textarea", "value": ""}
            controls.append(self._area)

    def _begin_reading(self, tag: str, given: Attributes) -> None:
        if self._reading is not None or tag in _VOID:
            return
        if tag in ("title", "h1", "h2"):
            self._reading, self._text = (tag, len(self._open)), []
        elif set(given.get("class", "").split()) & _ERROR_CLASSES:
            self._reading, self._text = ("error", len(self._open)), []

    def handle_data(self, data: str) -> None:
        if self._silent:
            return
        if self._reading is not None:
            self._text.append(data)
        if self._area is not None:
            self._area["value"] += data

    def handle_endtag(self, tag: str) -> None:
        if tag in ("script", "style"):
            self._silent = max(0, self._silent - 1)
        if tag in _VOID:
            return
        if self._reading is not None and len(self._open) == self._reading[1]:
            self._keep(self._reading[0], " ".join("".join(self._text).split()))
            self._reading = None
        if tag in self._open:
            del self._open[len(self._open) - 1 - self._open[::-1].index(tag) :]
        if tag == "form":
            self._form = None
        elif tag == "select":
            self._select = None
        elif tag == "textarea":
            self._area = None

    def _keep(self, kind: str, text: str) -> None:
        if kind == "title":
            self.title = self.title or text
        elif kind == "error" and text and text not in self.errors:
            self.errors.append(text[:300])
        elif kind in ("h1", "h2") and text:
            self.headings.append(text[:200])


def reduce(text: str) -> dict[str, Any]:
    """Title, forms of the content, headings, errors, frames, notices and deep-linking data of a page."""
    reducer = _Reducer()
    reducer.feed(text)
    reducer.close()
    handed_over = environment(text)
    return {
        "title": reducer.title,
        "forms": [form for form in reducer.forms if not _is_around(form)],
        "headings": reducer.headings[:3],
        "errors": reducer.errors[:3],
        "iframes": [frame for frame in reducer.iframes if frame["id"] or frame["src"]],
        "notices": handed_over.get("notices") or [],
        "deep_link": {k: v for k, v in handed_over.items() if "deep_link" in k.lower()},
    }


def _is_around(form: dict[str, Any]) -> bool:
    return form["id"] == "logout_form" or any(part in form["action"] for part in _AROUND)


def environment(text: str) -> dict[str, Any]:
    """What a page hands to its scripts (`ENV = {…}`)."""
    found = re.search(r"^\s*ENV = (\{.*\});?\s*$", text, re.MULTILINE)
    try:
        document = json.loads(found.group(1)) if found else {}
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}
