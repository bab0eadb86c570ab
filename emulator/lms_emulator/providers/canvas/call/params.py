"""Request parameters as Rails sees them: nested, and alike from a query, a form, a multipart body or JSON.

A key in brackets nests: `a[b]=c` is a hash, `a[]=x` a list, `a[][k]=v` a list of hashes. The query wins over the body,
key by key at the top level.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterable
from datetime import UTC, datetime, tzinfo
from functools import partial
from math import isfinite
from typing import Any, NamedTuple, TypeVar

from starlette.datastructures import UploadFile

from lms_emulator.core.http import json_text
from lms_emulator.core.http.exchange import BodyError, number
from lms_emulator.core.http.forms import unescaped
from lms_emulator.core.http.reads import USUAL_FALSE, Members, Reads
from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call import Call
from lms_emulator.providers.canvas.call.moments import read_moment

TRUE = {"true", "1", "t", "yes", "y", "on"}
_NAME = re.compile(r"\A[\[\]]*([^\[\]]+)\]*")
_OF_LIST = re.compile(r"\A\[\]\[([^\[\]]+)\]\Z|\A\[\](.+)\Z", re.DOTALL)
_BROKEN_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_INTEGER = re.compile(r"\s*([+-]?[0-9]+)")
_LONGEST = 18
_NUMBER = re.compile(r"\s*[+-]?(\d+(\.\d+)?([eE][+-]?\d+)?|\.\d+)")
_WHOLE_NUMBER = re.compile(r"\s*[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?\s*")
_DEPTH = 100
N = TypeVar("N", float, int, int | None)
_READ_ELSEWHERE = {("access_token",), ("as_user_id",), ("page",), ("per_page",), ("format",), ("_method",)}
_NESTED = (dict, list)


class Upload(NamedTuple):
    """A file of a multipart body."""

    filename: str
    content_type: str
    content: bytes


class UnreadableParameters(ValueError):
    """Parameters of conflicting shapes, or bytes that are not text: Canvas answers with a 500."""


class Params:
    """The parameters of one request, or one hash among them.

    Values are read by path: `params.text("user", "name")` is `user[name]`. What was read is reported to
    the exchange, so that the journal can list the parameters that nothing read.
    """

    __slots__ = ("_path", "_reads", "data")

    def __init__(self, data: dict[str, Any], path: tuple[str, ...] = (), reads: Reads | None = None) -> None:
        self.data = data
        self._path = path
        self._reads = Reads() if reads is None else reads

    def get(self, *path: str) -> Any:
        """The value as sent, or None. JSON null counts as not sent."""
        if not self.data:
            return None
        value = self.data.get(path[0]) if len(path) == 1 else self._find(*path)
        known = self._reads.below if isinstance(value, _NESTED) else self._reads.paths
        known.add((*self._path, *path) if self._path else path)
        return value

    def peek(self, *path: str) -> Any:
        """The value as sent, for its type only: the contents of a hash or list still count as unread."""
        self._reads.paths.add((*self._path, *path))
        return self._find(*path)

    def _find(self, *path: str) -> Any:
        value: Any = self.data
        for name in path:
            if not isinstance(value, dict):
                return None
            value = value.get(name)
        return value

    def has(self, *path: str) -> bool:
        """Whether the parameter was sent, null included."""
        self._reads.paths.add((*self._path, *path))
        value: Any = self.data
        for name in path:
            if not isinstance(value, dict) or name not in value:
                return False
            value = value[name]
        return True

    def text(self, *path: str) -> str | None:
        """A scalar as text, or None if it was not sent or is not a scalar."""
        return as_text(self.get(*path))

    def real(self, *path: str) -> float:
        """A number as Ruby's `to_f` reads it; one that is not read whole is noted for the journal."""
        return self.noted(as_float(self.text(*path)), *path)

    def integer(self, *path: str) -> int:
        """The same for `to_i`."""
        return self.noted(as_integer(self.text(*path)), *path)

    def integers(self, *path: str) -> list[int]:
        """The same for each scalar of a list."""
        return [self.noted(as_integer(text), *path, sent=text) for text in self.texts(*path)]

    def whole(self, *path: str) -> int | None:
        """A string of digits as a number (`as_whole`); any other, which counts as not sent, is noted."""
        return self.noted(as_whole(self.text(*path)), *path)

    def noted(self, found: N, *path: str, sent: str | None = None) -> N:
        """A number as it was read. If that is not what the text says, it is noted for the journal."""
        text = sent or self.text(*path)
        if text and text.strip() and not (found is not None and is_number(text) and float(text) == found):
            self.read_as(found, *path, sent=text)
        return found

    def moment(self, *path: str, zone: tzinfo = UTC) -> datetime | None:
        """A time, in `zone` if it has no offset. None if it is missing, or unreadable; the latter is noted too."""
        found = read_moment(text := self.text(*path), zone)
        if found is None and text and text.strip():
            self.read_as(found, *path)
        return found

    def chosen(self, known: Container[str], *path: str) -> list[str]:
        """The words of a list of choices; those that Canvas does not know are noted for the journal."""
        self._reads.words((*self._path, *path), words := self.texts(*path), known)
        return words

    def read_as(self, meaning: float | str | None, *path: str, sent: str | None = None) -> None:
        """Note that Canvas takes a value for something else than what was probably meant."""
        self._reads.takes((*self._path, *path), sent or self.text(*path) or "", meaning)

    def flag(self, *path: str, default: bool = False) -> bool:
        """Whether it was sent as true: `true`, `1`, `yes` and so on in any case, or JSON true; odd words are noted."""
        value = self.get(*path)
        return default if value is None else self._told(as_flag(value), value, path)

    def is_one(self, *path: str) -> bool:
        """Whether it was sent as the text `1`, all that is true for Canvas here; `true` and the like are noted."""
        return self._told((value := self.get(*path)) == "1", value, path)

    def _told(self, found: bool, value: Any, path: tuple[str, ...]) -> bool:
        if not found and isinstance(value, str | int | float) and str(value).strip().lower() not in USUAL_FALSE:
            self.read_as("false", *path)
        return found

    def boolean(self, *path: str) -> bool | None:
        """A boolean of a column, as Rails casts it (`as_boolean`); `no` and the like, which are true, are noted."""
        text = self.text(*path)
        found = as_boolean(text)
        if found and text is not None and text.strip().lower() not in TRUE:
            self.read_as("true", *path)
        return found

    def values(self, *path: str) -> list[Any]:
        """A list; a scalar counts as a list of one. Raises the refusal `crashed` for a hash."""
        value = self.get(*path)
        if value is None:
            return []
        if isinstance(value, dict):
            raise refusals.crashed("a hash where a list is expected", path)
        return value if isinstance(value, list) else [value]

    def texts(self, *path: str) -> list[str]:
        """The scalars of a list as strings."""
        return [text for value in self.values(*path) if (text := as_text(value)) is not None]

    def given(self, *path: str) -> list[str]:
        """The scalars of a list as texts; none for a blank scalar, which Rails takes for nothing."""
        found = self.texts(*path)
        return [] if len(found) == 1 and not found[0].strip() and not isinstance(self.get(*path), list) else found

    def words(self, *path: str) -> list[str]:
        """The strings of a list, which may also be sent as one comma-separated string."""
        return [word.strip() for text in self.texts(*path) for word in text.split(",") if word.strip()]

    def hash(self, *path: str) -> Params:
        """The hash of that name; empty if it was not sent. Raises the refusal `crashed` for text or a list."""
        value = self._find(*path)
        if value and not isinstance(value, dict):
            came = "a list" if isinstance(value, list) else f"the text {as_text(value)}"[:100]
            raise refusals.crashed(
                f"`{path[-1]}` was sent as {came}; a hash is expected, as `{path[-1]}[name]=value`", value
            )
        return Params(value if isinstance(value, dict) else {}, (*self._path, *path), self._reads)

    def over(self, before: dict[str, Any]) -> Params:
        """This hash, with the members of `before` where nothing or null was sent."""
        sent = {name: value for name, value in self.data.items() if value is not None}
        return Params({**before, **sent}, self._path, self._reads)

    def without(self, name: str, what: str) -> Params:
        """This hash without a member that Canvas drops, which is noted. Parameters: `what`, what was sent."""
        self.read_as(None, name, sent=what)
        return Params({key: value for key, value in self.data.items() if key != name}, self._path, self._reads)

    def hashes(self, *path: str) -> list[Params]:
        """A list of hashes, which may also be sent as a hash of `0`, `1`, …."""
        value = self._find(*path)
        if isinstance(value, dict) and value and all(as_whole(key) is not None for key in value):
            value = [value[key] for key in sorted(value, key=int)]
        found = [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
        return [Params(item, (*self._path, *path), self._reads) for item in found]

    def rows(self, *path: str) -> list[Params]:
        """A list of hashes that Canvas goes through as it was sent; empty if it was not sent. Raises the refusal
        `crashed` for anything else, a hash of `0`, `1`, … too.
        """
        value = self._find(*path)
        if value in (None, False):
            return []
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            raise refusals.crashed(f"a list of hashes is expected, as `{path[-1]}[][name]=value`", value)
        return self.hashes(*path)

    def require(self, name: str) -> Params:
        """The hash of that name. Raises the refusal `parameter_missing` (400, `NAME is missing`)."""
        self.require_some(name)
        return self.hash(name)

    def require_some(self, name: str) -> None:
        """Raise the same refusal if nothing was sent by that name; it need not be a hash."""
        value = self._find(name)
        if value in (None, {}, []) or (isinstance(value, str) and not value.strip()):
            raise refusals.missing(name, self.data)

    def file(self, *path: str) -> Upload | None:
        """A file of a multipart body, or None."""
        value = self.get(*path)
        return value if isinstance(value, Upload) else None

    @property
    def includes(self) -> set[str]:
        """The values of `include[]`, a set that remembers which were tested for; none of a hash, as `include[0]`."""
        if not self.data or isinstance(self.data.get("include"), dict):
            return set()
        return self._reads.choose("include[]", partial(self.texts, "include"))


_FALSE = frozenset(("0", "f", "F", "false", "FALSE", "off", "OFF"))


def as_text(value: Any) -> str | None:
    """A scalar as Ruby's `to_s` writes it; None for anything else."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int | float) else None


def as_float(text: str | None) -> float:
    """A string as Ruby's `to_f` reads it: its leading number, or 0."""
    found = _NUMBER.match(text or "")
    return float(found.group()) if found is not None else 0.0


def is_number(text: str) -> bool:
    """Whether the whole string is a number, as Rails' numericality validation requires."""
    return _WHOLE_NUMBER.fullmatch(text) is not None and isfinite(float(text))


def as_integer(value: Any) -> int:
    """A value as Ruby's `to_i` reads it: its leading integer, or 0.

    Raises the refusal for a number out of the range of Canvas's columns.
    """
    found = _INTEGER.match(as_text(value) or "")
    if found is None:
        return 0
    digits = found.group(1).lstrip("+-0")
    if len(digits) > _LONGEST:
        raise refusals.crashed("a number is too large for Canvas's database", found.group(1)[:40])
    return int(digits or 0) * (-1 if found.group(1).startswith("-") else 1)


def as_whole(text: str | None) -> int | None:
    """A string of digits as a number; None for any other string, and for more digits than a column holds."""
    return number(text)


def as_flag(value: Any) -> bool:
    """A value as a boolean, by Canvas's rules: a word for true, or a number that is not 0."""
    if isinstance(value, str | int) and (found := _INTEGER.match(str(value))) is not None:
        return bool(found.group(1).strip("+-0"))
    return value is True or (isinstance(value, str) and value.lower() in TRUE)


def as_boolean(text: str | None) -> bool | None:
    """A boolean as Rails casts text for a column: all but its words for false is true, and nothing is None."""
    return None if not text else text not in _FALSE


def read(call: Call) -> Params:
    """The parameters of a request. Raises the refusal `parameters_unreadable` (a 500 at Canvas) if they conflict."""
    if not call.query_string and not call.body:
        return Params({}, (), call.reads)
    try:
        body = _body(call)
        query = read_query(call)
    except UnreadableParameters as error:
        raise refusals.unreadable_parameters(str(error)) from error
    merged = {**body, **query}
    call.reads.paths |= _READ_ELSEWHERE
    return Params({name: value for name, value in merged.items() if name not in call.path_params}, (), call.reads)


def read_query(call: Call) -> dict[str, Any]:
    """The parameters of the query alone."""
    if not call.query_string:
        return {}
    return parse(_pairs(call.query_string.decode("latin-1")))


def _body(call: Call) -> dict[str, Any]:
    if not call.body:
        return {}
    kind = call.content_type
    if kind == "application/json" or (kind.startswith("application/vnd.ims.") and kind.endswith("+json")):
        return _json(call.body)
    if kind == "multipart/form-data" and "boundary=" in call.headers.get("content-type", ""):
        try:
            return parse((name, _kept_whole(value)) for name, value in call.form().peek())
        except BodyError:
            return {}
    if kind in ("application/x-www-form-urlencoded", "multipart/form-data"):
        return parse(_pairs(call.body.decode("latin-1")))
    return {}


def listed(call: Call) -> list[Any] | None:
    """A JSON body that is a list; None for any other body, whose parameters have names."""
    try:
        body = json_text.parse(call.body or b"null")
    except ValueError:
        return None
    if not isinstance(body, list):
        return None
    found = [Members(value) if isinstance(value, dict) else value for value in body]
    call.reads.members += [members for members in found if isinstance(members, Members)]
    return found


def _kept_whole(value: str | UploadFile) -> str | Upload:
    """A file's bytes in place of the open file; strings unchanged."""
    if isinstance(value, str):
        return value
    with value.file as opened:
        return Upload(value.filename or "", value.content_type or "", opened.read())


def _json(body: bytes) -> dict[str, Any]:
    try:
        value = json_text.parse(body)
    except ValueError as error:
        raise UnreadableParameters(str(error)) from error
    munged = _without_nulls(value)
    return munged if isinstance(munged, dict) else {}


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_nulls(member) for name, member in value.items()}
    if isinstance(value, list):
        return [_without_nulls(item) for item in value if item is not None]
    return value


def _pairs(text: str) -> Iterable[tuple[str, str | None]]:
    for part in text.split("&"):
        name, equals, value = part.partition("=")
        if part:
            yield _decoded(name), _decoded(value) if equals else None


def _decoded(text: str) -> str:
    if _BROKEN_ESCAPE.search(text):
        raise UnreadableParameters(f"`%` without two hex digits in `{text[:40]}`")
    try:
        return unescaped(text.replace("+", " ").encode("latin-1")).decode("utf-8")
    except UnicodeDecodeError as error:
        raise UnreadableParameters(f"`{text[:40]}` is not UTF-8") from error


def parse(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """Nest flat names. Raises UnreadableParameters if a name is used with conflicting shapes."""
    found: dict[str, Any] = {}
    for name, value in pairs:
        _nest(found, name, value, _DEPTH)
    munged: dict[str, Any] = _without_nulls(found)
    return munged


def _nest(target: dict[str, Any], name: str, value: Any, depth: int) -> None:
    match = _NAME.match(name)
    if match is None:
        return
    if depth <= 0:
        raise UnreadableParameters("names are nested too deeply")
    key, rest = match.group(1), name[match.end() :]
    if not rest:
        target[key] = value
    elif rest == "[":
        target[name] = value
    elif rest == "[]":
        _kept(target, key, list).append(value)
    elif of_list := _OF_LIST.match(rest):
        child = of_list.group(1) or of_list.group(2)
        listed = _kept(target, key, list)
        if not (listed and isinstance(listed[-1], dict) and not _has(listed[-1], child)):
            listed.append({})
        _nest(listed[-1], child, value, depth - 1)
    else:
        _nest(_kept(target, key, dict), rest, value, depth - 1)


def _kept(target: dict[str, Any], key: str, kind: type[Any]) -> Any:
    held = target.setdefault(key, kind())
    if not isinstance(held, kind):
        raise UnreadableParameters(f"expected {kind.__name__} (got {type(held).__name__}) for param `{key}`")
    return held


def _has(target: dict[str, Any], name: str) -> bool:
    if "[]" in name:
        return False
    value: Any = target
    for part in re.split(r"[\[\]]+", name):
        if not part:
            continue
        if not isinstance(value, dict) or part not in value:
            return False
        value = value[part]
    return True
