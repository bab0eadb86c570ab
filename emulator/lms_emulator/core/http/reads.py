"""Tracks which parameters a handler read, so that an ignored one is not mistaken for one that has an effect.

`call.query`, `call.form()`, `call.json()` and `call.fields()` remember the names they were asked for. A handler that
takes a message as a whole (a signed launch, a raw upload) says so: `call.reads.whole()`. A custom reader, such as one
of nested parameters, reports what it used: `call.reads.add("enrollment[user_id]")`; see `Reads`.

The rest is worked out after the answer, and only if there were any parameters.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Container, ItemsView, Iterable, Iterator, KeysView, ValuesView
from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from starlette.datastructures import FormData, ImmutableMultiDict, UploadFile

from lms_emulator.core.errors import shortened

if TYPE_CHECKING:
    from lms_emulator.core.http.exchange import Exchange

MOST_BYTES = 1_048_576
"""A longer body that no handler read is not parsed just to name what was in it."""

USUAL_FALSE = frozenset(("", "0", "f", "false", "n", "no", "off", "none", "null"))
"""What is sent for false; most providers know only that it is not true."""
LONGEST_VALUE = 40

Path = tuple[str, ...]
_PARTS = re.compile(r"\[([^\[\]]*)\]")


def path_of(name: str) -> Path:
    """The path that a form field's name stands for: `a[b][]` is (a, b), as Rails and PHP read it."""
    head, bracket, _ = name.partition("[")
    if not bracket or not head:
        return (name,)
    return (head, *(part for part in _PARTS.findall(name) if part and not part.isdigit()))


class Unread(NamedTuple):
    """A parameter that was sent and not read.

    Attributes: `where`, `query`, `form` or `json`; `name` as sent; `path`, the same as a path of members.
    """

    where: str
    name: str
    path: Path


V = TypeVar("V", covariant=True)


class Pairs(ImmutableMultiDict[str, V]):
    """Decoded pairs that remember which names they were asked for. Iterating counts as reading all."""

    def __init__(self, pairs: list[tuple[str, V]]) -> None:
        self._list = pairs
        self._dict = dict(pairs)
        self.names: set[object] = set()
        self.whole = False

    def __getitem__(self, key: str) -> V:
        self.names.add(key)
        return self._dict[key]

    def __contains__(self, key: object) -> bool:
        self.names.add(key)
        return key in self._dict

    if not TYPE_CHECKING:  # typed by Mapping, whose implementation looks up twice

        def get(self, key: str, default: Any = None) -> Any:
            """The last value of that name."""
            self.names.add(key)
            return self._dict.get(key, default)

    def getlist(self, key: Any) -> list[V]:
        """Every value of that name, in order."""
        self.names.add(key)
        return super().getlist(key)

    def peek(self) -> list[tuple[str, V]]:
        """Every pair, without marking any as read: for links that repeat the query."""
        return list(self._list)

    def keys(self) -> KeysView[str]:
        self.whole = True
        return super().keys()

    def values(self) -> ValuesView[V]:
        self.whole = True
        return super().values()

    def items(self) -> ItemsView[str, V]:
        self.whole = True
        return super().items()

    def multi_items(self) -> list[tuple[str, V]]:
        self.whole = True
        return list(self._list)

    def unread(self, where: str) -> Iterator[Unread]:
        """The pairs that were not asked for by name."""
        if not self.whole:
            for name in self._dict:
                if name not in self.names:
                    yield Unread(where, name, path_of(name))


class Choices(set[str]):
    """The values of a parameter such as `include`, and which of them were tested for."""

    def __init__(self, name: str, values: Iterable[str]) -> None:
        super().__init__(values)
        self.name = name
        self.asked: set[object] = set()
        self.whole = False

    def __contains__(self, value: object) -> bool:
        self.asked.add(value)
        return super().__contains__(value)

    def __iter__(self) -> Iterator[str]:
        self.whole = True
        return super().__iter__()

    def __and__(self, others: AbstractSet[object]) -> set[str]:
        self.asked.update(others)
        return super().__and__(others)

    __rand__ = __and__

    def __sub__(self, others: AbstractSet[object]) -> Choices:
        rest = Choices(self.name, super().__sub__(others))
        rest.asked = self.asked
        return rest

    def isdisjoint(self, others: Iterable[Any]) -> bool:
        """Whether none of these was sent."""
        others = set(others)
        self.asked.update(others)
        return super().isdisjoint(others)

    def unread(self) -> list[str]:
        """Values that were never tested for, although others were."""
        if self.whole or not self.asked:
            return []
        return sorted(value for value in set.__iter__(self) if value not in self.asked)


class FormPairs(Pairs[str | UploadFile], FormData):
    """The same for a form, which can have files."""


class Members(dict[str, Any]):
    """A JSON object, or the text fields of a form, that remembers which members were read, at every depth.

    Any other access (conversion to a Struct, iteration, storing it) counts as reading all of it.
    """

    def __init__(self, values: dict[str, Any]) -> None:
        super().__init__(values)
        self.names: set[object] = set()
        self.whole = False

    def _read(self, key: str, value: Any) -> Any:
        self.names.add(key)
        if type(value) is dict:
            value = Members(value)
            super().__setitem__(key, value)
        return value

    def __getitem__(self, key: str) -> Any:
        return self._read(key, super().__getitem__(key))

    def __contains__(self, key: object) -> bool:
        self.names.add(key)
        return super().__contains__(key)

    def get(self, key: str, default: Any = None) -> Any:
        """The member, or `default`."""
        if super().__contains__(key):
            return self._read(key, super().__getitem__(key))
        self.names.add(key)
        return default

    def pop(self, key: str, *default: Any) -> Any:
        """Take a member out."""
        self.names.add(key)
        return super().pop(key, *default)

    def __iter__(self) -> Iterator[str]:
        self.whole = True
        return super().__iter__()

    def keys(self) -> Any:
        self.whole = True
        return super().keys()

    def values(self) -> Any:
        self.whole = True
        return super().values()

    def items(self) -> Any:
        self.whole = True
        return super().items()

    def __or__(self, other: Any) -> Any:
        return dict(self) | other

    def __ror__(self, other: Any) -> Any:
        return other | dict(self)

    def __eq__(self, other: object) -> bool:
        self.whole = True
        return super().__eq__(other)

    __hash__ = None

    def unread(self, where: str, above: Path = ()) -> Iterator[Unread]:
        """The members that were not read. An object none of whose members was read by name counts as read whole."""
        if self.whole or not self.names:
            return
        for name in dict.keys(self):
            path = (*above, *(path_of(name) if where == "form" else (name,)))
            value = dict.__getitem__(self, name)
            if isinstance(value, Members):
                yield from value.unread(where, path)
            elif name not in self.names:
                yield Unread(where, ".".join((*above, name)), path)


def _leaves(value: Any, path: Path) -> Iterator[Unread]:
    """The members of a document that was never parsed, those of objects in lists once each."""
    if isinstance(value, dict) and value:
        for name, member in value.items():
            yield from _leaves(member, (*path, name))
    elif isinstance(value, list) and value and isinstance(value[0], dict):
        yield from _leaves(
            {name: member for part in value if isinstance(part, dict) for name, member in part.items()}, path
        )
    elif path:
        yield Unread("json", ".".join(path), path)


def _unnumbered(path: Path) -> Path:
    return tuple(part for part in path if not part.isdigit())


def _reported(path: Path, paths: set[Path], below: set[Path]) -> bool:
    if path in paths:
        return True
    return bool(below) and any(path[:length] in below for length in range(1, len(path) + 1))


class Reads:
    """Which parameters of one request were read, beyond what its accessors remember.

    Attributes: `paths`, members that were used, and `below`, members that were used with everything in them, as paths.
    A reader of nested parameters may add to both directly. `otherwise` says, by path, what the provider makes of values
    that it accepts and reads as something else than was probably meant.
    """

    __slots__ = ("_whole", "below", "choices", "members", "otherwise", "paths")

    def __init__(self) -> None:
        self.paths: set[Path] = set()
        self.below: set[Path] = set()
        self._whole = False
        self.members: list[Members] = []
        self.choices: dict[str, set[str]] = {}
        self.otherwise: dict[Path, str] = {}

    def takes(self, path: Path, sent: str, meaning: float | str | None) -> None:
        """Note that the provider takes a value for something else than was probably meant; None is nothing."""
        taken = "nothing" if meaning is None else f"`{meaning:g}`" if isinstance(meaning, float) else f"`{meaning}`"
        self.otherwise.setdefault(path, f"takes `{shortened(sent, LONGEST_VALUE)}` for {taken}")

    def knows_no(self, path: Path, word: str) -> None:
        """Note that the provider does not know a word, which then has no effect or matches nothing."""
        self.otherwise.setdefault(path, f"knows no `{shortened(word, LONGEST_VALUE)}` here")

    def flag(self, name: str, text: str, true: Container[str]) -> bool:
        """Whether a text is one of the provider's words for true; any other that is not usual for false is noted."""
        if text not in true and text.strip().lower() not in USUAL_FALSE:
            self.takes((name,), text, "false")
        return text in true

    def words(self, path: Path, given: Iterable[str], known: Container[str]) -> None:
        """Note words in a parameter that the provider does not know, and so ignores or matches with nothing."""
        if strange := [word for word in given if word.strip() and word not in known]:
            self.knows_no(path, ", ".join(strange))

    def choose(self, name: str, values: Callable[[], list[str]]) -> set[str]:
        """The values of a parameter such as `include`; the same set for the whole request.

        If there are none it is a plain set, which is faster.
        """
        found = self.choices.get(name)
        if found is None:
            given = values()
            found = self.choices[name] = Choices(name, given) if given else set()
        return found

    @property
    def chosen(self) -> list[Choices]:
        """The parameters of that kind that were sent."""
        return [choices for choices in self.choices.values() if isinstance(choices, Choices)]

    def add(self, *names: str) -> None:
        """Report members as used: `enrollment[user_id]`; `include` stands for `include[]` too."""
        self.paths.update(map(path_of, names))

    def whole(self) -> None:
        """Report query and body as used altogether: a signed message, or a body that is neither form nor JSON."""
        self._whole = True

    def unread(self, exchange: Exchange[Any, Any]) -> list[Unread]:
        """The parameters that were sent and not read."""
        if self._whole:
            return []
        found = list(exchange.query.unread("query")) if exchange.query_string else []
        if exchange.body:
            found += self._of_body(exchange)
        found = [unread for unread in found if not _reported(unread.path, self.paths, self.below)]
        if found and (self.paths or self.below):  # a second, more expensive look for members of lists
            paths, below = ({_unnumbered(path) for path in known} for known in (self.paths, self.below))
            found = [unread for unread in found if not _reported(unread.path, paths, below)]
        return found

    def asked_of_body(self, exchange: Exchange[Any, Any]) -> set[object]:
        """The names that the body was asked for at its top, whether they were there or not."""
        asked = {name for members in self.members for name in members.names}
        return asked | exchange.form().names if exchange.body_was_read and exchange.is_form else asked

    def _of_body(self, exchange: Exchange[Any, Any]) -> Iterator[Unread]:
        if self.members:
            for members in self.members:
                yield from members.unread("form" if exchange.is_form else "json")
            return
        if len(exchange.body) > MOST_BYTES and not exchange.body_was_read:
            return
        if exchange.is_form:
            yield from exchange.form().unread("form")
        elif not exchange.body_was_read and exchange.content_type.endswith(("/json", "+json")):
            yield from _leaves(exchange.plain_json(), ())
