"""A request with one of its parameters set to another value, or left out."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlencode

from lms_emulator.core.http.reads import Path, path_of

FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data"
_BOUNDARY = re.compile(r'boundary="?([^";]+)')
_PART_NAME = re.compile(rb'name="([^"]*)"')


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
        """Whether the body is a JSON object, with a JSON content type or none."""
        return (not self.kind or self.kind.endswith("json")) and isinstance(self.document, dict)

    @property
    def is_form(self) -> bool:
        """Whether the body is a form, or is empty and may become one."""
        return self.kind == FORM or (not self.body and self.method not in ("GET", "HEAD", "DELETE"))

    @property
    def document(self) -> Any:
        """The body as JSON; None if it is not JSON."""
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

    @property
    def _boundary(self) -> bytes:
        """The boundary of a multipart form; empty for another body."""
        given = next((value for name, value in self.headers if name.lower() == "content-type"), "")
        found = _BOUNDARY.search(given) if self.kind == MULTIPART else None
        return b"--" + found[1].encode() if found is not None else b""

    @property
    def parts(self) -> list[tuple[Path, bytes]]:
        """The parts of a multipart form, texts and files, as sent."""
        if not self._boundary:
            return []
        found = [(_PART_NAME.search(part), part) for part in (self.body or b"").split(self._boundary)[1:-1]]
        return [(path_of(name[1].decode()), part) for name, part in found if name is not None]

    def names(self) -> Iterator[Path]:
        """The members that the request carries."""
        for name, _ in (*self.query, *self.form):
            yield path_of(name)
        for path, _ in self.parts:
            yield path
        if self.is_json:
            yield from _leaves(self.document, ())

    def values(self, path: Path) -> list[str]:
        """The values of a parameter in the query or a form."""
        return [value for name, value in (*self.query, *self.form) if path_of(name) == path]

    def number_in(self, name: str) -> str | None:
        """The first number that is a member of a hash of that name; `path_of` leaves it out."""
        text = " ".join(name for name, _ in (*self.query, *self.form)) + (
            json.dumps(self.document) if self.is_json else ""
        )
        found = re.search(rf'{re.escape(name)}\]?(?:\[|": {{")(\d+)', text)
        return found[1] if found is not None else None

    def without(self, path: Path) -> Request:
        """The same request without the parameter."""
        made = self._with_query([pair for pair in self.query if not _within(path_of(pair[0]), path)])
        if self.form:
            made = made._with_form([pair for pair in self.form if not _within(path_of(pair[0]), path)])
        if self.parts:
            made = made._with_parts([part for name, part in self.parts if not _within(name, path)])
        if self.is_json:
            document = self.document
            _removed(document, path)
            made = made._replace(body=json.dumps(document).encode())
        return made

    def having(self, path: Path, value: Any) -> Request | None:
        """The same request with the parameter set; None if the body has no room for it."""
        bare = self.without(path)
        if self.is_json:
            document = bare.document
            return bare._replace(body=json.dumps(document).encode()) if _put(document, path, value) else None
        lists = any(name.startswith(f"{path[0]}[][") for name, _ in (*self.query, *self.form))
        name = path[0] + ("[]" if lists else "") + "".join(f"[{part}]" for part in path[1:])
        if isinstance(value, dict):
            pairs = [(f"{name}[{key}]", _text(member)) for key, member in value.items()]
        elif isinstance(value, list):
            pairs = [(f"{name}[]", _text(item)) for item in value]
        else:
            pairs = [(name, _text(value))]
        if self.method in ("GET", "HEAD", "DELETE") and not self.form:
            return bare._with_query([*bare.query, *pairs])
        if bare.parts:
            texts = [f'\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{text}\r\n' for name, text in pairs]
            return bare._with_parts([*(part for _, part in bare.parts), *(text.encode() for text in texts)])
        return bare._with_form([*bare.form, *pairs]) if self.is_form else None

    def _with_query(self, pairs: list[tuple[str, str]]) -> Request:
        if pairs == self.query:
            return self
        path = self.target.partition("?")[0]
        return self._replace(target=f"{path}?{urlencode(pairs)}" if pairs else path)

    def _with_parts(self, parts: list[bytes]) -> Request:
        return self._replace(body=b"".join(self._boundary + part for part in parts) + self._boundary + b"--\r\n")

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
        for name, inner in value.items():
            yield from _leaves(inner, path if name.isdigit() else (*path, *path_of(name)))
    elif isinstance(value, list) and value and isinstance(value[0], dict):
        for inner in value:
            yield from _leaves(inner, path)
    elif path:
        yield path


def _removed(value: Any, path: Path) -> None:
    if isinstance(value, list):
        for item in value:
            _removed(item, path)
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
        return bool([True for item in value if _put(item, path, new)])
    if not isinstance(value, dict):
        return False
    if len(path) == 1:
        value[path[0]] = new
        return True
    return _put(value.setdefault(path[0], {}), path[1:], new)
