"""Compares a refused request with what the real provider documents for its operation.

Only a parameter that the refusal itself names is looked at: another one may be misspelt too, without being the reason.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any

from lms_emulator.core.access.recognise import UNSET
from lms_emulator.core.access.slips import how_differs
from lms_emulator.core.http.exchange import BodyError
from lms_emulator.core.http.reads import Path, path_of
from lms_emulator.core.suggest import nearest

if TYPE_CHECKING:
    from lms_emulator.core.catalogue import Operation
    from lms_emulator.core.http.exchange import Exchange
    from lms_emulator.core.http.refusals import Refusal

_HUMPS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_COMMA = re.compile(r"-?\d{1,12},\d{1,12}")
_QUOTED = re.compile(r"`([A-Za-z]\w*(?:\[\w+\])*)`")
_SECRET = re.compile("password|secret|token|key", re.IGNORECASE)
_MOST_BYTES = 65_536
_MOST = 500
"""Parameters of a request that is compared; of one with more it is unknown what is missing."""
_DEEPEST = 8
_LONGEST = 100


def why_not_as_documented(x: Exchange[Any, Any], refusal: Refusal, operation: Operation) -> str | None:
    """How the parameter that a refusal names was misspelt, misplaced or left out, or which values it takes."""
    known = {path_of(name): name for name in operation.parameters or ()}
    heads = [path[0] for path in known if len(path) > 1 and refusal.reason == f"{path[0]}_missing"]
    words = {_words(path[-1]) for path in known}
    quoted = [name for name in _QUOTED.findall(refusal.check) if _words(path_of(name)[-1]) not in words]
    known |= {path_of(name): name for name in (*heads, *quoted)}
    texts = list(_texts((refusal.reason, refusal.check, refusal.message, getattr(refusal, "body", None))))
    named = _named(known, texts)
    if not named:
        return None
    if x.body and not x.is_form and not x.content_type.endswith("json") and x.body.lstrip()[:1] in (b"{", b"["):
        return f"the body is JSON, and its Content-Type says {x.content_type or 'nothing'}"
    sent = _sent(x)
    if sent is None:
        return None
    came = [path for path in named if path in sent]
    for path in came:
        if (why := _why_value(known[path], operation, sent[path])) is not None:
            return why
    missing = [path for path in named if path[-1] not in {one[-1] for one in came}]
    strange = {path: _written(path) for path in sent if path not in known}
    for path in missing:
        if (why := _why_missing(path, known, sent, strange)) is not None:
            return why
    if missing and x.body.lstrip()[:1] == b"[":
        return f"the body is a list; it has to be an object, with `{known[missing[0]]}`"
    if len(named) != 1 or not _is_about(refusal, named[0], texts):
        return None
    name, value = known[named[0]], sent.get(named[0])
    if missing:
        return f"no `{name}` was sent"
    shown = refusal.got is None and isinstance(value, str | int | float) and not _SECRET.search(name)
    return f"`{name}` came as {str(value)[:_LONGEST]}" if shown else None


def _why_missing(path: Path, known: dict[Path, str], sent: dict[Path, Any], strange: dict[Path, str]) -> str | None:
    """Where else a parameter is: under a similar name, in a text that should be an object, or outside its container."""
    if (like := _like(path, strange)) is not None:
        return f"`{like}` came; the name is `{known[path]}`"
    if isinstance(whole := sent.get(path[:-1]), str):
        return f"`{_written(path[:-1])}` came as the text {whole[:_LONGEST]}; it has to hold `{known[path]}`"
    inside = next((one for one in known if one[:-1] == path and one[-1:] in strange), None)
    if inside is not None:
        return f"`{inside[-1]}` came at the top; write `{known[inside]}`, or put it into `{known[path]}` in JSON"
    return None


def _named(known: dict[Path, str], texts: list[str]) -> list[Path]:
    """The parameters that a refusal's words name; if some are written in full, only those."""
    said, whole = f" {' , '.join(map(_words, texts))} ", " ".join(texts)
    named = sorted((path for path in known if f" {_words(path[-1])} " in said), key=lambda path: known[path])
    return [path for path in named if len(path) > 1 and known[path] in whole] or named


def _is_about(refusal: Refusal, path: Path, texts: list[str]) -> bool:
    """Whether a refusal has no other subject than this parameter."""
    word = _words(path[-1])
    quoted = (_words(path_of(name)[-1]) for name in _QUOTED.findall(refusal.check))
    return f" {word} " in f" {_words(refusal.reason)} " or word in quoted or path[-1] in texts


def _why_value(name: str, operation: Operation, value: object) -> str | None:
    if value is None or value == "":
        return f"`{name}` came, but {'is null' if value is None else 'is empty'}: has the variable a value?"
    if str(value).lower() in UNSET:
        return f"`{name}` came as {value}: the variable that should hold it has no value"
    if isinstance(value, str) and _COMMA.fullmatch(value):
        return f"`{name}` came as {value}; numbers have a point, not a comma"
    choices = operation.choices.get(name) or operation.choices.get(name.removesuffix("[]"))
    if not choices or not isinstance(value, str) or value in choices:
        return None
    listed = sorted(choices)
    return how_differs(listed, value) or f"`{value[:_LONGEST]}` came; `{name}` is one of {', '.join(listed)}"


def _like(path: Path, strange: dict[Path, str]) -> str | None:
    """The name under which this parameter was probably sent."""
    plain = _plain(path[-1])
    same = (one for one in strange if _plain(one[-1]) == plain or _plain("".join(one)) == _plain("".join(path)))
    siblings = {one[-1]: one for one in strange if one[:-1] == path[:-1]}
    part = (one for name, one in siblings.items() if len(name) > 3 and _plain(name) in plain)
    found = next(same, None) or next(part, None) or siblings.get(nearest(path[-1], siblings, 0.75) or "")
    return None if found is None else strange[found]


def _sent(x: Exchange[Any, Any]) -> dict[Path, Any] | None:
    """Path and value of every parameter, without marking any as read; None if they are too many to compare."""
    pairs = list(islice(_pairs(x), _MOST + 1)) if len(x.body) <= _MOST_BYTES else None
    return dict(pairs) if pairs is not None and len(pairs) <= _MOST else None


def _pairs(x: Exchange[Any, Any]) -> Iterator[tuple[Path, Any]]:
    yield from ((path_of(name), value) for name, value in x.query.peek())
    try:
        if x.is_form:
            yield from ((path_of(name), value) for name, value in x.form().peek())
        elif x.content_type.endswith("json"):
            yield from _members(x.plain_json(), ())
    except BodyError:
        return


def _members(value: Any, above: Path) -> Iterator[tuple[Path, Any]]:
    if isinstance(value, dict) and len(above) < _DEEPEST:
        for name, one in value.items():
            if len(name) <= _LONGEST:  # no documented name is nearly as long
                yield from _members(one, (*above, name))
    elif above and isinstance(value, list) and value and isinstance(value[0], dict):
        yield from _members(value[0], above)
    if above:
        yield above, value


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list | tuple):
        for one in value.values() if isinstance(value, dict) else value:
            yield from _texts(one)


def _words(text: str) -> str:
    return " ".join(re.findall("[a-z0-9]+", _HUMPS.sub("_", text).lower()))


def _plain(name: str) -> str:
    return re.sub("[^a-z0-9]", "", name.lower())


def _written(path: Path) -> str:
    return path[0] + "".join(f"[{part}]" for part in path[1:])
