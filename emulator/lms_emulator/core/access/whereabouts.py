"""Where the record behind a "not found" is: deleted, below another parent, or in another world.

Path parameters name records: `/courses/{course_id}/assignments/{id}`. The word before a parameter
names the table; where it does not, `Provider.tables_of_words` does.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from lms_emulator.core.access.recognise import UNSET
from lms_emulator.core.clock import brief_search
from lms_emulator.core.numbers import parse_integer

if TYPE_CHECKING:
    from lms_emulator.core.http.exchange import Exchange
    from lms_emulator.core.http.refusals import Refusal
    from lms_emulator.core.state.tables import Table

R = TypeVar("R", bound=Any)

_PARAMETER = re.compile(r"\{(\w++)[^{}]*\}")
_PLACEHOLDER = re.compile(r"\{.*\}|<.*>|:[A-Za-z]\w*|\[.*\]")
_HUMPS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_GONE = ("deleted", "destroyed")
_NAMED = 5
_LONGEST = 100
_SHORTEST_GLOBAL = 13
"""Digits of a number that names a record among all sites, which is kept under another."""
_MOST_COMPARED = 1_000
_CHECKED = re.compile(r"(?:(?:the|an?) )?([a-z][a-z ]{2,30}?)(?: in .*)? (?:exists|does not exist)$", re.IGNORECASE)
_LOOKED_FOR = re.compile(r"((?:the|an?) [a-z][\w ,'-]{2,80}) exists$", re.IGNORECASE)
_NAMING = re.compile(
    r"(code|name|title|slug|email|address|number|unique_id|url|client_string|path|uuid|guid)$"
    r"|^(sis|sourced|external|lti|client|deployment|org_defined)_?\w*id$"
)
"""Fields that name a record for people or for other systems, while paths take its id."""
_ENDS = re.compile(r"(?<=ss)es$|(?<=ch)es$|s$")
_SINGULAR = {
    "quizzes": "quiz",
    "new_quizzes": "new quiz",
    "campuses": "campus",
    "course_sections": "section",
    "lti_line_items": "line item",
    "lti_tools": "LTI tool",
}


_CONTEXTS = {"Course": "courses", "Group": "groups", "Account": "accounts", "User": "users"}
"""The tables of what a record says that it belongs to."""


class Place(NamedTuple):
    """One record named in a path. Attributes: `noun`, what it is: `assignment`; `sent`, its id as sent."""

    table: str
    noun: str
    sent: str


def why_not_found(exchange: Exchange[Any, Any], refusal: Refusal) -> str | None:
    """Which record of the path is elsewhere, and where; None if the path is not at fault."""
    places = _looked_at(list(_places(exchange)), refusal)
    above: list[tuple[Place, Any]] = []
    for place in places:
        table = getattr(exchange.store, place.table)
        if not _names(table, place.sent):
            if (
                named := _named_otherwise(exchange, table, place) or _misses_kind(exchange, refusal, place)
            ) is not None:
                return named
            if (why := _no_key(table, place, refusal)) is not None:
                return why
            continue
        record = _record(table, place.sent)
        if record is None:
            return _absent(exchange, place)
        if getattr(record, "workflow_state", "") in _GONE:
            return f"{_called(place)} was deleted"
        for parent, its in above:
            if (why := _elsewhere(place, record, parent, its)) is not None:
                return why
        above.append((place, record))
    if (why := _outside_the_path(exchange, places, refusal)) is not None:
        return why
    if not above or (refusal.got is not None and str(refusal.got) not in exchange.path_params.values()):
        return None
    return _what_of_it(exchange, *above[-1], refusal) if refusal.status == 404 else None


def named_records(exchange: Exchange[Any, Any]) -> Iterator[tuple[str, Any]]:
    """The records that a path names, each with what it is called there: `assignment 7`."""
    for place in _places(exchange):
        table: Table[Any] = getattr(exchange.store, place.table)
        _, other = by_other_name(table, place.sent) or ("", None)
        record = _record(table, place.sent) if _names(table, place.sent) else other
        if record is not None:
            yield _called(place), record


def _what_of_it(exchange: Exchange[Any, Any], place: Place, record: Any, refusal: Refusal) -> str | None:
    """What is not there of the last record that is, as the path or the refusal's check names it."""
    state = getattr(record, "workflow_state", "")
    found = f"{_called(place)} exists" + (f" (`{state}`)" if isinstance(state, str) and state else "")
    what = _LOOKED_FOR.match(refusal.check)
    if what is not None and what[1] not in (f"the {place.noun}", "the path"):
        return f"{found}; what was looked for is {what[1]}"
    *_, word, last = ("", "", *(exchange.route.path if exchange.route is not None else "").rstrip("/").split("/"))
    parameter = _PARAMETER.fullmatch(last)
    if parameter is not None and (sent := str(exchange.path_params.get(parameter[1], ""))) != place.sent:
        return f"{found}, but there is no `{word}/{sent[:_LONGEST]}` in it, or none for this caller"
    if parameter is None and exchange.method not in ("GET", "HEAD"):
        return None
    return f"{found}, but the requested part of it is not, or not for this caller"


def _looked_at(places: list[Place], refusal: Refusal) -> list[Place]:
    """The records of a path up to the one that the refusal's check is about; all of them if it names none."""
    noun = _CHECKED.match(refusal.check)
    for number, place in reversed(list(enumerate(places, 1))):
        if noun is not None and (place.noun, place.sent) == (noun[1].lower(), str(refusal.got)):
            return places[:number]
    return places


def _outside_the_path(exchange: Exchange[Any, Any], places: list[Place], refusal: Refusal) -> str | None:
    """Which record is elsewhere that the query or body names, or a word of the path that names no table, by the noun
    of the refusal's check."""
    noun, sent = _CHECKED.match(refusal.check), refusal.got
    if noun is None or not isinstance(sent, int | str):
        return None
    named = noun[1].lower()
    word = named.replace(" ", "_")
    table = _table(exchange, word, word, "")
    if table is None or (table, str(sent)) in [(place.table, place.sent) for place in places]:
        return None
    place, records = Place(table, named, str(sent)), getattr(exchange.store, table)
    if not _names(records, place.sent):
        named_otherwise = _named_otherwise(exchange, records, place, "send its id")
        return named_otherwise or _no_kind(exchange, place) or _no_key(records, place, refusal)
    record = _record(records, place.sent)
    if record is None:
        return _absent(exchange, place)
    return f"{_called(place)} was deleted" if getattr(record, "workflow_state", "") in _GONE else None


def _misses_kind(exchange: Exchange[Any, Any], refusal: Refusal, place: Place) -> str | None:
    return _no_kind(exchange, place) if refusal.got is None or str(refusal.got) == place.sent else None


def _no_kind(exchange: Exchange[Any, Any], place: Place) -> str | None:
    """Why an identifier with its kind in front, `sis_course_id:7`, names nothing."""
    kinds = exchange.world.providers[exchange.provider].kinds_of_ids
    kind, colon, value = place.sent.partition(":")
    known = sorted(kinds.get(place.table, ()))
    if not colon or not kind or not known or len(place.sent) > _LONGEST:
        return None
    if kind not in known:
        of = next((table for table, names in kinds.items() if kind in names), None)
        tip = f"; it is one of {of.replace('_', ' ')}" if of else ""
        return f"`{kind}` is not a kind of id of a {place.noun}{tip}; there are {', '.join(known)}"
    return f"no {place.noun} has the {kind} `{value}`" if value else f"`{kind}:` was sent without a value behind it"


def _places(exchange: Exchange[Any, Any]) -> Iterator[Place]:
    if exchange.route is None:
        return
    before = above = both = ""
    for segment in exchange.route.path.split("/"):
        parameter = _PARAMETER.fullmatch(segment)
        if parameter is None:
            both, before = f"{before}_{segment}", segment if "{" not in segment else ""
            continue
        sent = str(exchange.path_params.get(parameter[1], ""))
        own = re.sub("_?(id|key|key_string)$", "", _snake(parameter[1]))
        table = _table(exchange, both, own, above) if not own and _snake(both) in exchange.store.tables else None
        table = table or _table(exchange, before, own, above)
        before = both = ""  # the word is that of the first parameter after it
        if table is not None:
            plain = _SINGULAR.get(table) or _ENDS.sub("", re.sub("ies$", "ys", table))
            above = own or plain
            yield Place(table, (own if own and own in table else plain).replace("_", " "), sent)


def _table(exchange: Exchange[Any, Any], before: str, own: str, above: str) -> str | None:
    """The table of a parameter: by its own name, as part of its parent, or by the word before it."""
    words = exchange.world.providers[exchange.provider].tables_of_words
    parts = [f"{above}_{_snake(before)}"] if above and not own else []
    plurals = (f"{own}s", f"{own}es", re.sub("y$", "ies", own)) if own else ()
    for word in (own, *plurals, *parts, before):
        table = words.get(word, _snake(word))
        if table in exchange.store.tables:
            return table
    return None


def _names(table: Table[Any], sent: str) -> bool:
    """Whether a text can be a key there: a number cannot be a name, nor `self` or `sis_user_id:7` a number."""
    first = next(iter(table), None)
    if not sent or len(sent) > _LONGEST:
        return False
    if first is None or isinstance(table.key_of(first), int):
        return sent.isascii() and sent.isdigit() and len(sent) < _SHORTEST_GLOBAL
    return isinstance(table.key_of(first), str)


def _snake(word: str) -> str:
    return _HUMPS.sub("_", word).lower()


def _called(place: Place) -> str:
    return f"{place.noun} {place.sent}"


def _record(table: Table[Any], sent: str) -> Any:
    found = table.get(sent)
    if found is None and sent.isascii() and sent.isdigit() and len(sent) < _SHORTEST_GLOBAL:
        found = table.get(int(sent))
    return found


def _no_key(table: Table[Any], place: Place, refusal: Refusal) -> str | None:
    """Why a text is the key of no record there; None where it may be a word that the provider knows."""
    sent = place.sent
    if not sent:
        return f"there is no {place.noun} in the path, but two slashes"
    if _PLACEHOLDER.fullmatch(sent):
        return f"`{sent}` is a placeholder of the documentation; the id of the {place.noun} goes there"
    if sent.lower() in UNSET:
        return f"`{sent}` was sent: the variable that should hold the id of the {place.noun} has no value"
    ours = sent.isdigit() or ":" in sent  # the provider's other ways to write an id
    if ours or refusal.check != f"the {place.noun} exists" or len(sent) > _LONGEST:
        return None
    return f"`{sent}` names no {place.noun}; this world has {_some(table)}"


def _some(table: Table[Any]) -> str:
    keys = [str(table.key_of(record)) for record in islice(table, _NAMED)]
    return f"{len(table)}, the first of them {', '.join(keys)}" if len(table) > _NAMED else ", ".join(keys) or "none"


def _elsewhere(place: Place, record: Any, parent: Place, its: Any) -> str | None:
    """Where a record is, if not in the parent that the path names."""
    other, noun = _other_parent(record, parent, its), parent.noun
    kind, owner = getattr(record, "context_type", ""), getattr(record, "context_id", None)
    if kind in _CONTEXTS and parent.table in _CONTEXTS.values():
        other, noun = (None if (_CONTEXTS[kind], owner) == (parent.table, its.id) else owner), kind.lower()
    if other is not None:
        return f"{_called(place)} is not in {_called(parent)}, but in {noun} {other}"
    courses = [getattr(found, "course_id", None) for found in (record, its)]
    if None in courses or courses[0] == courses[1]:
        return None
    return f"{_called(place)} is in course {courses[0]}, and {_called(parent)} in course {courses[1]}"


def _other_parent(record: Any, parent: Place, its: Any) -> Any:
    """The id of the parent that a record has instead of the one that the path names."""
    for field in (f"{parent.noun.replace(' ', '_')}_id", parent.noun.replace(" ", "_")):
        value = getattr(record, field, None)
        if isinstance(value, int | str) and value != "":
            known = {getattr(its, name, None) for name in ("id", "key", "username", "guid")}
            return None if value in known or str(value) == parent.sent else value
    return None


def _named_otherwise(
    exchange: Exchange[Any, Any], table: Table[Any], place: Place, instead: str = "the path takes its id"
) -> str | None:
    """Whose code, name or the like was sent in place of the id."""
    found = by_other_name(table, place.sent)
    if found is None:
        return None
    word, record = found
    kind = word.replace(" ", "_")
    takes = kind in exchange.world.providers[exchange.provider].kinds_of_ids.get(place.table, ())
    also = f", or `{kind}:{place.sent}`" if takes else ""
    return f"`{place.sent}` is the {word} of {place.noun} {table.key_of(record)}; {instead}{also}"


def by_other_name(table: Table[R], sent: str) -> tuple[str, R] | None:
    """The record that a text names otherwise than by its id: by which word, such as its code or e-mail address."""
    if not sent or len(sent) > _LONGEST:
        return None
    asked = sent.lower()
    for record in islice(table, _MOST_COMPARED):
        for field in record.__struct_fields__:
            value = getattr(record, field)
            if isinstance(value, str) and value.lower() == asked and _NAMING.search(field):
                return field.replace("_", " "), record
    return None


def _absent(exchange: Exchange[Any, Any], place: Place) -> str | None:
    table: Table[Any] = getattr(exchange.store, place.table)
    if (named := _named_otherwise(exchange, table, place)) is not None:
        return named
    keys = (str(table.key_of(record)) for record in islice(table, _MOST_COMPARED))
    if (alike := next((key for key in keys if key.lower() == place.sent.lower()), None)) is not None:
        return f"the {place.noun} is {alike}: the case differs"
    if any(table.was_seeded(key) for key in (place.sent, parse_integer(place.sent))):
        return f"{_called(place)} was deleted since the world began"
    in_time = brief_search()
    for world in exchange.world.others():
        if not in_time():
            break
        if _record(getattr(world.store(exchange.provider), place.table), place.sent) is not None:
            return f"{_called(place)} is in the world `{world.name}`; the request came to `{exchange.world.name}`"
    if not len(table):
        return f"there is no {_called(place)}: this world has none"
    return f"there is no {_called(place)}; this world has {_some(table)}{_of_a_user(exchange, place)}"


def _of_a_user(exchange: Exchange[Any, Any], place: Place) -> str:
    """Whose id was sent in place of another record's. Ids of people are the only ones that are hardly ever others'."""
    users: Table[Any] | None = getattr(exchange.store, "users", None)
    other = users is not None and place.table != "users" and _record(users, place.sent) is not None
    return f"; {place.sent} is the id of a user" if other else ""
