"""A request with one of its parameters set to another value, or left out."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlencode

from lms_emulator.core.http.reads import Path, path_of

FORM = "application/x-www-form-urlencoded"


class Request(NamedTuple):
    """One request as it goes to the application."""

    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    body: bytes | None

    @property
    def kind(self) -> str:
        """The body's media type."""
        given = next((value for name, value in self.headers if name.lower() == "content-type"), "")
        return given.partition(";")[0].strip().lower()

    @property
    def is_json(self) -> bool:
        """Whether the body is a JSON object, said to be one or not said to be anything."""
        return (not self.kind or self.kind.endswith("json")) and isinstance(self.document, dict)

    @property
    def is_form(self) -> bool:
        """Whether the body is a form, or may become one because there is none."""
        return self.kind == FORM or (not self.body and self.method not in ("GET", "HEAD", "DELETE"))

    @property
    def document(self) -> Any:
        """The body as JSON; None if it is none."""
        try:
            return json.loads(self.body or b"null")
        except ValueError:
            return None

    @property
    def query(self) -> list[tuple[str, str]]:
        """The pairs of the query."""
        return parse_qsl(self.target.partition("?")[2], keep_blank_values=True)

    @property
    def form(self) -> list[tuple[str, str]]:
        """The pairs of a form."""
        if self.kind != FORM:
            return []
        return parse_qsl((self.body or b"").decode("latin-1"), keep_blank_values=True)

    def names(self) -> Iterator[Path]:
        """The members that the request carries."""
        for name, _ in (*self.query, *self.form):
            yield path_of(name)
        if self.is_json:
            yield from _leaves(self.document, ())

    def without(self, path: Path) -> Request:
        """The same request without the parameter."""
        made = self._with_query([pair for pair in self.query if not _within(path_of(pair[0]), path)])
        if self.form:
            made = made._with_form([pair for pair in self.form if not _within(path_of(pair[0]), path)])
        if self.is_json:
            document = self.document
            _removed(document, path)
            made = made._replace(body=json.dumps(document).encode())
        return made

    def having(self, path: Path, value: Any) -> Request | None:
        """The same request with the parameter set; None if the body has no place for it."""
        bare = self.without(path)
        if self.is_json:
            document = bare.document
            return bare._replace(body=json.dumps(document).encode()) if _put(document, path, value) else None
        listed = value if isinstance(value, list) else [value]
        name = path[0] + "".join(f"[{part}]" for part in path[1:]) + ("[]" if isinstance(value, list) else "")
        pairs = [(name, _text(one)) for one in listed]
        if self.method in ("GET", "HEAD", "DELETE") and not self.form:
            return bare._with_query([*bare.query, *pairs])
        return bare._with_form([*bare.form, *pairs]) if self.is_form else None

    def _with_query(self, pairs: list[tuple[str, str]]) -> Request:
        if pairs == self.query:
            return self
        path = self.target.partition("?")[0]
        return self._replace(target=f"{path}?{urlencode(pairs)}" if pairs else path)

    def _with_form(self, pairs: list[tuple[str, str]]) -> Request:
        others = tuple((name, value) for name, value in self.headers if name.lower() not in ("content-type",))
        return self._replace(headers=(*others, ("Content-Type", FORM)), body=urlencode(pairs).encode())


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


def _within(path: Path, above: Path) -> bool:
    return path[: len(above)] == above


def _leaves(value: Any, path: Path) -> Iterator[Path]:
    if isinstance(value, dict) and value:
        for name, one in value.items():
            yield from _leaves(one, path if name.isdigit() else (*path, *path_of(name)))
    elif isinstance(value, list) and value and isinstance(value[0], dict):
        for one in value:
            yield from _leaves(one, path)
    elif path:
        yield path


def _removed(value: Any, path: Path) -> None:
    if isinstance(value, list):
        for one in value:
            _removed(one, path)
    elif isinstance(value, dict):
        for name in list(value):
            own = path_of(name)
            if name.isdigit() and path[0] != name:
                _removed(value[name], path)
            elif _within(own, path):
                del value[name]
            elif _within(path, own):
                _removed(value[name], path[len(own) :])


def _put(value: Any, path: Path, new: Any) -> bool:
    if isinstance(value, list):
        return bool([True for one in value if _put(one, path, new)])
    if not isinstance(value, dict):
        return False
    if len(path) == 1:
        value[path[0]] = new
        return True
    return _put(value.setdefault(path[0], {}), path[1:], new)
