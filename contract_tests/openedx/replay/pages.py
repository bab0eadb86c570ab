"""The reduction of an HTML page to what a client can act on: title, forms with their controls, headings, errors."""

from __future__ import annotations

import html.parser
from typing import Any

_CONTROLS = {"input", "button", "select", "textarea"}
_VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}


class _Element:
    """An open element and, where its text matters, what has been read of it."""

    def __init__(self, tag: str, *, kind: str = "", slot: int = -1) -> None:
        self.tag, self.kind, self.slot = tag, kind, slot
        self.text: list[str] = []


class _Reducer(html.parser.HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.title: str | None = None
        self.forms: list[dict[str, Any]] = []
        self.headings: list[str] = []
        self.errors: list[str] = []
        self._open: list[_Element] = []
        self._in_form = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._in_form = True
            named = {name: given.get(name) for name in ("id", "action", "method")}
            self.forms.append({**named, "controls": []})
        elif tag in _CONTROLS and self._in_form:
            self.forms[-1]["controls"].append(_control(tag, given))
        if tag not in _VOID:
            self._open.append(self._element(tag, given))

    def _element(self, tag: str, given: dict[str, str]) -> _Element:
        if tag in {"h1", "h2", "h3"}:
            return _Element(tag, kind="heading")
        if tag == "title" and self.title is None:
            return _Element(tag, kind="title")
        if tag == "ul" and "errorlist" in given.get("class", "").split():
            return _Element(tag, kind="errorlist")
        if tag == "li" and any(element.kind == "errorlist" for element in self._open):
            self.errors.append("")
            return _Element(tag, kind="error", slot=len(self.errors) - 1)
        return _Element(tag)

    def handle_data(self, data: str) -> None:
        for element in self._open:
            if element.kind:
                element.text.append(data)

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._in_form = False
        if not any(element.tag == tag for element in self._open):
            return
        while self._open:
            element = self._open.pop()
            self._close(element)
            if element.tag == tag:
                return

    def _close(self, element: _Element) -> None:
        text = " ".join(" ".join(element.text).split())
        if element.kind == "title":
            self.title = text
        elif element.kind == "heading":
            self.headings.append(text)
        elif element.kind == "error":
            self.errors[element.slot] = text


def _control(tag: str, given: dict[str, str]) -> dict[str, str]:
    control = {"tag": tag}
    for name in ("name", "type"):
        if name in given:
            control[name] = given[name]
    if given.get("value"):
        control["value"] = "<csrf>" if given.get("name") == "csrfmiddlewaretoken" else given["value"]
    return control


#: The recorded error texts are cut to this length.
ERROR_LENGTH = 160


def reduce(text: str) -> dict[str, Any]:
    """Title, forms (id, action, method, controls), headings and error texts of a page."""
    reducer = _Reducer()
    reducer.feed(text)
    reducer.close()
    page: dict[str, Any] = {"title": reducer.title, "forms": reducer.forms, "headings": reducer.headings}
    if reducer.errors:
        page["errors"] = [error[:ERROR_LENGTH].rstrip() for error in reducer.errors]
    return page


def differences(recorded: dict[str, Any], ours: dict[str, Any]) -> list[str]:
    """What differs between two reductions, part by part."""
    wanted = dict(recorded)
    wanted["forms"] = [
        {**form, "controls": [{k: v for k, v in control.items() if k != "text"} for control in form["controls"]]}
        for form in recorded["forms"]
    ]
    fields = {name for form in recorded["forms"] for name in form}  # the two sets tell different things of a form
    ours = {**ours, "forms": [{k: v for k, v in form.items() if k in fields} for form in ours["forms"]]}
    keys = ("title", "forms", "headings", "errors")
    return [
        f"{key}: expected {wanted.get(key)!r}, got {ours.get(key)!r}"
        for key in keys
        if wanted.get(key) != ours.get(key)
    ]
