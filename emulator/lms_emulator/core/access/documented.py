"""Compares a refused request with what the real provider documents for its operation.

Only a parameter that the refusal itself names is looked at: another one may be misspelt too, without being the reason.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Set
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

from lms_emulator.core.access.bodies import why_another, why_text
from lms_emulator.core.access.recognise import UNSET
from lms_emulator.core.access.slips import how_differs, why_no_time
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
_SECRET = re.compile("password|secret|token|(?<!usage_)(?<!course_)key", re.IGNORECASE)
_MOST_BYTES = 65_536
_MOST = 500
"""Parameters of a request that is compared; of one with more it is unknown what is missing."""
_DEEPEST = 8
_LONGEST = 100
_TELLING = 2
"""Shorter values are in many sentences."""
_OF_TIME = re.compile(r"\bInvalid (?:date|datetime|time)\b|\bis a (?:time|date)\b|\bdates are dates\b")


def why_not_as_documented(exchange: Exchange[Any, Any], refusal: Refusal, operation: Operation) -> str | None:
    """How the parameter that a refusal names was misspelt, misplaced or left out, or which values it takes."""
    case = _case(exchange, refusal, operation)
    named = _named(case.known, case.texts)
    if (
        exchange.body
        and not exchange.is_form
        and not exchange.content_type.endswith("json")
        and exchange.body.lstrip()[:1] in (b"{", b"[")
    ):
        return f"the body is JSON, and its Content-Type says {exchange.content_type or 'nothing'}"
    if (
        exchange.body
        and refusal.status in (400, 422)
        and (why := why_another(exchange) or why_text(exchange)) is not None
    ):
        return why
    if case.sent is None:
        return None
    if not named:
        return _unnamed(case.known, case.sent, case.texts) if refusal.status in (400, 422) else None
    came = [path for path in named if path in case.sent]
    if (why := _why_elsewhere(exchange, refusal, case.known, came)) is not None:
        return why
    for path in came:
        choices = _choices(case.known[path], refusal, operation)
        if (why := _why_value(case.known[path], choices, case.sent[path])) is not None:
            return why
    missing = [path for path in named if path[-1] not in {pair[-1] for pair in came}]
    return _why_absent(exchange, case, named, missing) or _why_subject(case, named, missing)


def _why_elsewhere(
    exchange: Exchange[Any, Any], refusal: Refusal, known: dict[Path, str], came: list[Path]
) -> str | None:
    """That a parameter was sent in the body where the handler looked in the query, or the other way round."""
    unread = {item.path: item.where for item in exchange.reads.unread(exchange)}
    asked = exchange.reads.asked_of_body(exchange)
    bare = not exchange.body and refusal.status in (400, 422) and exchange.method in ("POST", "PUT", "PATCH")
    for path in came:
        name = known[path]
        if unread.get(path) in ("form", "json") and path[0] in exchange.query.names:
            return f"`{name}` was sent in the body; here it goes into the query"
        if unread.get(path) == "query" and (bare or path[0] in asked):
            return f"`{name}` was sent in the query; here it goes into the body"
    return None


class _Case(NamedTuple):
    """A refusal beside the request and the operation's parameters.

    Attributes:
        known: the parameters that are documented, or that the refusal names, by their paths.
        said: those that the refusal lists, and what the provider says of each.
        texts: everything that it says.
        sent: what came, by path; None if it cannot be read or is too much.
        above: those of them that stand in the URL's path alone.
    """

    refusal: Refusal
    known: dict[Path, str]
    said: dict[str, str]
    texts: list[str]
    sent: dict[Path, Any] | None
    above: Set[Path] = frozenset()


def _case(exchange: Exchange[Any, Any], refusal: Refusal, operation: Operation) -> _Case:
    known = {path_of(name): name for name in operation.parameters or ()}
    heads = [path[0] for path in known if len(path) > 1 and refusal.reason == f"{path[0]}_missing"]
    words = {_words(path[-1]) for path in known}
    quoted = [name for name in _QUOTED.findall(refusal.check) if _words(path_of(name)[-1]) not in words]
    absent = refusal.check.split(",") if refusal.expected == "present" else []
    said = {} if absent else _said_of(refusal.got)
    sent, above = _sent(exchange), set[Path]()
    if sent is not None:
        sent = {_placed(path, known): value for path, value in sent.items()}
        above.update((name,) for name in exchange.path_params if (name,) not in sent)
        sent = {(name,): value for name, value in exchange.path_params.items()} | sent
        read = (path for path in sent if len(path) > 1 and path in exchange.reads.paths and path not in known)
        known |= {path: _written(path) for path in read}
        quoted += [
            item for item in (*said, refusal.check) if path_of(item) in sent and _words(path_of(item)[-1]) not in words
        ]
    quoted += [item for item in absent if item.isidentifier()]
    known |= {path_of(name): name for name in (*heads, *quoted)}
    texts = list(_texts((refusal.reason, refusal.check, refusal.message, _body(refusal), list(said))))
    return _Case(refusal, known, said, texts, sent, above)


def _why_absent(exchange: Exchange[Any, Any], case: _Case, named: list[Path], missing: list[Path]) -> str | None:
    """Says so if parameters that the refusal names came elsewhere, under other names, or not at all."""
    known, sent = case.known, case.sent or {}
    read = exchange.reads.paths | {(name,) for name in (*exchange.query.names, *exchange.reads.asked_of_body(exchange))}
    strange = {path: _written(path) for path in sent if path not in known and path not in read}
    for path in missing:
        if (why := _why_missing(path, known, sent, strange)) is not None:
            return why
    if missing and exchange.body.lstrip()[:1] == b"[":
        return f"the body is a list; it has to be an object, with `{known[missing[0]]}`"
    lists = len(named) <= len(case.said) or any("one of" in item for item in case.said)
    if lists and missing == named and len(named) > 1:
        return f"none of {', '.join(f'`{known[path]}`' for path in named)} was sent"
    return None


def _why_subject(case: _Case, named: list[Path], missing: list[Path]) -> str | None:
    """How the parameter that the refusal is about came, or that it did not."""
    refusal, known, said, texts = case.refusal, case.known, case.said, case.texts
    sent = case.sent or {}
    about = [path for path in named if _is_about(refusal, path, texts, said)]
    about = [path for path in about if path in sent and path not in case.above] or about
    if len(about) > 1 and not set(about) - set(missing) - case.above:
        where = " in the body" if case.above & set(about) else ""
        return " and ".join(f"no `{known[path]}`" for path in about) + f" was sent{where}"
    if len(about) == 2 and len(said) == 1 and not any(_SECRET.search(known[path]) for path in about):
        pair = ", ".join(f"`{known[path]}` was sent as {str(sent[path])[:_LONGEST]}" for path in about)
        return f"{pair}: {next(iter(said))}"
    if 1 < len(about) == len(said):
        return "; ".join(_how_came(case, path) for path in about)
    if len(about) != 1 or (len(named) != 1 and not said):
        return None
    name, value = known[about[0]], sent.get(about[0])
    if about[0] in missing:
        return f"no `{name}` was sent"
    if value is None or not (refusal.got is None or said):
        return None
    says = next((f": {said[key]}" for key in (name, about[0][-1]) if said.get(key)), "")
    says = says or _said_under(_body(refusal), about[0][-1])
    if len(said) == 1 and not says and " " in (sentence := next(iter(said))):
        says = f": {sentence}"
    if _SECRET.search(name):
        return f"`{name}` was sent with {len(str(value))} characters{says}"
    if _OF_TIME.search(" ".join(texts)) and isinstance(value, str | int) and not isinstance(value, bool):
        return f"`{name}` was sent as {str(value)[:_LONGEST]}; {why_no_time(str(value))}"
    what = "an object" if isinstance(value, dict) else "a list" if isinstance(value, list) else str(value)[:_LONGEST]
    return f"`{name}` was sent as {what}{says}"


def _how_came(case: _Case, path: Path) -> str:
    """How one of several parameters came that a refusal lists, and what it says of that one."""
    name, value = case.known[path], (case.sent or {}).get(path)
    if value is None:
        return f"no `{name}` was sent"
    says = (case.said.get(name) or case.said.get(path[-1]) or "").rstrip(".")
    if _SECRET.search(name):
        came = f"`{name}` was sent with {len(str(value))} characters"
    else:
        came = f"`{name}` was sent as {str(value)[:_LONGEST]}"
    if not says and _OF_TIME.search(" ".join(case.texts)):
        says = why_no_time(str(value))
    return f"{came}: {says}" if says else came


def _said_of(got: object) -> dict[str, str]:
    """The parameters that a refusal lists, and what the provider says of each, if anything."""
    if isinstance(got, dict):
        return {str(name): " ".join(islice(_texts(said), 3))[:_LONGEST] for name, said in islice(got.items(), _MOST)}
    listed = got if isinstance(got, list | tuple) else ()
    return {value: "" for value in listed if isinstance(value, str) and len(value) <= _LONGEST}


def _body(refusal: Refusal) -> Any:
    """The document of an answer, in a provider's wrapping or without."""
    body = getattr(refusal, "body", None)
    return getattr(body, "data", body)


def _said_under(body: Any, name: str) -> str:
    """What an answer says under the name of a parameter, at any depth, with a colon before it."""
    if not isinstance(body, dict):
        return ""
    if name in body:
        return next((f": {text}" for text in _texts(body[name])), "")
    return next(filter(None, (_said_under(member, name) for member in body.values())), "")


def _placed(path: Path, known: Iterable[Path]) -> Path:
    """A path as the documentation writes it: `timetables[<course_section_id>]` stands for one with any id."""
    written = (item for item in known if len(item) == len(path) and any(part.startswith("<") for part in item))
    fits = (item for item in written if all(a == b or b.startswith("<") for a, b in zip(path, item, strict=True)))
    return path if path in known else next(fits, path)


def _unnamed(known: dict[Path, str], sent: dict[Path, Any], texts: list[str]) -> str | None:
    """What is wrong if the answer names no parameter: a container that has to be one, or a value that it repeats."""
    if (why := _all_at_the_top(known, sent)) is not None:
        return why
    for path, value in sent.items():
        inside = next((item for item in known if item[: len(path)] == path != item), None)
        if isinstance(value, str) and inside is not None:
            return f"`{_written(path)}` was sent as the text {value[:_LONGEST]}; it has to hold `{known[inside]}`"
    said = dict.fromkeys(text for text in texts if " " in text)
    repeated = [
        (known[path], value, text)
        for path, value in sent.items()
        if path in known
        and isinstance(value, str | int)
        and len(str(value)) >= _TELLING
        and not isinstance(value, bool)
        for text in said
        if str(value) in re.findall(r"[^\s\"',:]+", text)
    ]
    if len(repeated) != 1 or _SECRET.search(repeated[0][0]):
        return None
    return "`{}` was sent as {}: {}".format(*repeated[0])


def _all_at_the_top(known: dict[Path, str], sent: dict[Path, Any]) -> str | None:
    """Says so if something that belongs in a container was sent beside it, and nothing where it is documented."""
    if any(path in sent for path in known):
        return None
    top = [path[0] for path in sent if len(path) == 1]
    inside = ((value, path) for value in top for path in sorted(known) if len(path) == 2 and path[1] == value)
    found = next(inside, None)
    return None if found is None else _at_the_top(known, found[1])


def _at_the_top(known: dict[Path, str], inside: Path) -> str:
    return (
        f"`{inside[-1]}` was sent at the top; write `{known[inside]}`, or put it into `{_written(inside[:-1])}` in JSON"
    )


def _why_missing(path: Path, known: dict[Path, str], sent: dict[Path, Any], strange: dict[Path, str]) -> str | None:
    """Where else a parameter is: under a similar name, in a text that should be an object, or outside its container."""
    if (like := _like(path, strange)) is not None:
        return f"`{like}` was sent; the name is `{known[path]}`"
    if isinstance(whole := sent.get(path[:-1]), str):
        return f"`{_written(path[:-1])}` was sent as the text {whole[:_LONGEST]}; it has to hold `{known[path]}`"
    inside = next((pair for pair in known if pair[:-1] == path and pair[-1:] in strange), None)
    if inside is not None:
        return _at_the_top(known, inside)
    return None


def _named(known: dict[Path, str], texts: list[str]) -> list[Path]:
    """The parameters that a refusal's words name; if some are written in full, only those."""
    said, whole = f" {' , '.join(map(_words, texts))} ", " ".join(texts)
    found = set()
    for word in sorted({_words(path[-1]) for path in known}, key=len, reverse=True):
        if f" {word} " in said:
            found.add(word)
            said = said.replace(f" {word} ", " , ")  # `assertion` is not part of `assertion_type`
    named = sorted((path for path in known if _words(path[-1]) in found), key=lambda path: known[path])
    return [path for path in named if len(path) > 1 and known[path] in whole] or named


def _is_about(refusal: Refusal, path: Path, texts: list[str], said: Iterable[str]) -> bool:
    """Whether a refusal has no other subject than this parameter. Parameters: `said`, the names that it lists."""
    word = _words(path[-1])
    quoted = (_words(path_of(name)[-1]) for name in _QUOTED.findall(refusal.check))
    names = [f" {_words(value)} " for value in (refusal.reason, *said)]
    return any(f" {word} " in name for name in names) or word in quoted or path[-1] in texts


def _choices(name: str, refusal: Refusal, operation: Operation) -> list[str]:
    """The values that a parameter takes, as the refusal or the documentation lists them; empty if neither does."""
    listed = refusal.expected
    if isinstance(listed, Mapping):
        listed = listed.get(path_of(name)[-1])
    elif isinstance(listed, str) and refusal.check == name and not _SECRET.search(name):
        listed = [listed]
    elif path_of(name)[-1] not in refusal.reason:
        listed = None
    documented = operation.choices.get(name) or operation.choices.get(name.removesuffix("[]")) or ()
    return sorted(map(str, listed)) if isinstance(listed, list | tuple | Set) else sorted(documented)


def _why_value(name: str, choices: list[str], value: object) -> str | None:
    if value is None or value == "":
        return f"`{name}` was sent, but {'is null' if value is None else 'is empty'}: has the variable a value?"
    if str(value).lower() in UNSET:
        return f"`{name}` was sent as {value}: the variable that should hold it has no value"
    if isinstance(value, str) and _COMMA.fullmatch(value):
        return f"`{name}` was sent as {value}; numbers have a point, not a comma"
    if isinstance(value, list) and choices:
        strange = next((str(item) for item in value if str(item) not in choices), None)
        if strange is None:
            return f"`{name}` was sent as a list; send the one value as a text"
        why = how_differs(choices, strange) or f"each {_those(choices)}"
        return f"`{name}` was sent as a list with {strange[:_LONGEST]}: {why}"
    if not choices or not isinstance(value, str) or value in choices:
        return None
    if "," in value and set(value.replace(" ", "").split(",")) <= set(choices):
        return f"`{name}` was sent as {value[:_LONGEST]}, one text; send each value as a `{name.removesuffix('[]')}[]`"
    how = how_differs(choices, value) or f"it {_those(choices)}"
    return f"`{name}` was sent as {value[:_LONGEST]}: {how}"


def _those(choices: list[str]) -> str:
    return f"is one of {', '.join(choices)}" if len(choices) > 1 else f"has to be {choices[0]}"


def _like(path: Path, strange: dict[Path, str]) -> str | None:
    """The name under which this parameter was probably sent."""
    plain = _plain(path[-1])
    same = (pair for pair in strange if _plain(pair[-1]) == plain or _plain("".join(pair)) == _plain("".join(path)))
    siblings = {pair[-1]: pair for pair in strange if pair[:-1] == path[:-1]}
    part = (value for name, value in siblings.items() if len(name) > 3 and _plain(name) in plain)
    found = next(same, None) or next(part, None) or siblings.get(nearest(path[-1], siblings, 0.75) or "")
    return None if found is None else strange[found]


def _sent(exchange: Exchange[Any, Any]) -> dict[Path, Any] | None:
    """Path and value of every parameter, without marking any as read; None if they cannot be read or are too many."""
    if len(exchange.body) > _MOST_BYTES or (
        exchange.body and not exchange.is_form and not exchange.content_type.endswith("json")
    ):
        return None
    try:
        pairs = list(islice(_pairs(exchange), _MOST + 1))
    except BodyError:
        return None
    return dict(pairs) if len(pairs) <= _MOST else None


def _pairs(exchange: Exchange[Any, Any]) -> Iterator[tuple[Path, Any]]:
    yield from ((path_of(name), value) for name, value in exchange.query.peek())
    if exchange.is_form:
        yield from ((path_of(name), value) for name, value in exchange.form().peek())
    elif exchange.body and exchange.content_type.endswith("json"):
        yield from _members(exchange.plain_json(), ())


def _members(value: Any, above: Path) -> Iterator[tuple[Path, Any]]:
    if isinstance(value, dict) and len(above) < _DEEPEST:
        for name, member in value.items():
            if len(name) <= _LONGEST:  # no documented name is nearly as long
                yield from _members(member, (*above, name))
    elif above and isinstance(value, list) and value and isinstance(value[0], dict):
        yield from _members(value[0], above)
    if above:
        yield above, value


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list | tuple):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _texts(item)


def _words(text: str) -> str:
    return " ".join(re.findall("[a-z0-9]+", _HUMPS.sub("_", text).lower()))


def _plain(name: str) -> str:
    return re.sub("[^a-z0-9]", "", name.lower())


def _written(path: Path) -> str:
    return path[0] + "".join(f"[{part}]" for part in path[1:])
