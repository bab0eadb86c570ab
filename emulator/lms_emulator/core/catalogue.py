"""The operations of a real provider, emulated or not.

A provider's package carries `catalogue.tsv`. It is read when a request finds no route, or when a word stands where our
route has a parameter, so it costs nothing at start.

The file: lines `name<TAB>value` (`provider`, `title`, `age`, `complete`, `match`, and numbered `client`, `family`,
`source`), an empty line, then a line for each operation: methods, path, family, source, since, until, clients,
parameters. A trailing column is optional. `{name}` is one segment, `{name*}` takes slashes, `[/]` a final slash
that is optional. The parameters are those that the provider documents or its published code reads, `-` for none,
with `*` at the end of a list that is not complete; empty: not known. `include=term|teachers` names the values as well;
`!name` is documented, and the provider's code does nothing with it.
The line `parameters` says where they are from.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from lms_emulator.core.suggest import nearest

if TYPE_CHECKING:
    from datetime import date

_PLACEHOLDER = re.compile(r"\{[^{}]*\}")
BEGINNING = r"(?:/(?:d2l|api|rest|v\d+(?:\.\d+)*)(?=/))*"
"""What paths begin with before they name anything."""
_BEGINNING = re.compile(BEGINNING)
_MOST_COMPARED = 200
_SLASHES = re.compile(r"\{[^{}]*(?:\*|:path)\}")
_VERSION = re.compile(r"v\d+(?:\.\d+)*")
_YEAR_AND_MONTH = re.compile(r"((?:19|20)\d\d)(?:-(\d\d))?")


class Operation(NamedTuple):
    """One operation of the real provider.

    Attributes:
        methods, path: as the catalogue has them; `ANY` for a handler that does not look at the method.
        since, until: as far as known, in words (`2015-06 or before`, `after 2023-06`); with `until` it was removed.
        clients: published clients that call it.
        parameters: documented names for query and body; None if unknown.
        more: whether it may take others.
        choices: the documented values of a parameter, where known.
        idle: the parameters, and values of them (`include=name`), with which the provider itself does nothing.
    """

    methods: tuple[str, ...]
    path: str
    family: str
    source: str
    since: str
    until: str
    clients: tuple[str, ...]
    parameters: frozenset[str] | None
    more: bool
    choices: dict[str, frozenset[str]]
    idle: frozenset[str]

    def takes(self, method: str) -> bool:
        """Whether it answers this method; GET implies HEAD."""
        return method in self.methods or "ANY" in self.methods or (method == "HEAD" and "GET" in self.methods)

    def exists_on(self, day: date) -> bool:
        """Whether the provider had it on that day, as far as the dates tell."""
        begun, ended = _month(self.since, first=True), _month(self.until, first=False)
        this = (day.year, day.month)
        return not (begun is not None and this < begun) and not (ended is not None and this > ended)


def _month(text: str, *, first: bool) -> tuple[int, int] | None:
    if not text or text.endswith("or before"):
        return None
    found = _YEAR_AND_MONTH.findall(text)
    if not found:
        return None
    year, month = (int(part or (1 if first else 12)) for part in found[0 if first else -1])
    if text.startswith("after "):
        return (year, month + 1) if month < 12 else (year + 1, 1)
    return year, month


def _idle(parameters: list[str]) -> Iterator[str]:
    """What has a `!` before it: a parameter, or one of its values, `include=name`."""
    for name, _, values in (parameter.partition("=") for parameter in parameters):
        if name.startswith("!"):
            yield name[1:]
        yield from (f"{name}={value[1:]}" for value in values.split("|") if value.startswith("!"))


class _Node:
    __slots__ = ("any", "lines", "literals", "patterns", "rest")

    def __init__(self) -> None:
        self.literals: dict[str, _Node] = {}
        self.patterns: list[tuple[re.Pattern[str], _Node]] = []
        self.any: _Node | None = None
        self.rest: list[str] = []
        self.lines: list[str] = []


class Catalogue:
    """The operations of one provider.

    Attributes:
        title: the provider's name in a sentence.
        age: how old the knowledge is, in words.
        complete: whether a missing operation is evidence that the provider has none.
        operations: all of them, in the order of their paths.
    """

    def __init__(self, text: str) -> None:
        head, _, body = text.partition("\n\n")
        self._names: dict[str, dict[str, str]] = {"client": {}, "family": {}, "source": {}}
        values: dict[str, str] = {}
        for line in head.splitlines():
            kind, *rest = line.split("\t")
            if kind in self._names:
                self._names[kind][rest[0]] = rest[1]
            else:
                values[kind] = rest[0]
        self.title, self.age = values["title"], values["age"]
        self.complete = values["complete"] == "yes"
        rules = [rule.partition("=")[::2] for rule in values.get("match", "").split()]
        self._fold = ("case", "any") in rules
        self._bare = ("final-slash", "optional") in rules
        self._suffixes = tuple(value for name, value in rules if name == "suffix")
        self._aliases = tuple(tuple(value.split(":")) for name, value in rules if name == "alias")
        self._lines = body.splitlines()
        self._trees: dict[int, _Node] = {}

    @cached_property
    def operations(self) -> tuple[Operation, ...]:
        return tuple(self._operation(line) for line in self._lines)

    @property
    def clients(self) -> tuple[str, ...]:
        """The published clients whose calls the catalogue knows."""
        return tuple(self._names["client"].values())

    def _operation(self, line: str) -> Operation:
        methods, path, family, source, since, until, clients, parameters = (*line.split("\t"), *([""] * 6))[:8]
        names = self._names
        known = {
            name: values
            for name, _, values in (parameter.removeprefix("!").partition("=") for parameter in parameters.split())
        }
        return Operation(
            tuple(methods.split(",")),
            path,
            names["family"].get(family, ""),
            names["source"].get(source, ""),
            since,
            until,
            tuple(names["client"][letter] for letter in clients),
            frozenset(known) - {"-", "*"} if known else None,
            "*" in known,
            {name: frozenset(values.replace("!", "").split("|")) for name, values in known.items() if values},
            frozenset(_idle(parameters.split())),
        )

    def shape(self, template: str) -> str:
        """A template without the names of its placeholders, for comparison."""
        return _PLACEHOLDER.sub("{}", self._written(template.removesuffix("[/]")))

    def _written(self, path: str) -> str:
        path = (path.rstrip("/") or "/") if self._bare else path
        return path.lower() if self._fold else path

    @cached_property
    def _by_length(self) -> dict[int, list[tuple[str, str]]]:
        """Paths and their lines by number of segments, 0 for those that take slashes, so that a look-up reads few."""
        groups: dict[int, list[tuple[str, str]]] = {}
        for line in self._lines:
            template = line.split("\t", 2)[1]
            path = self._written(template.removesuffix("[/]"))
            groups.setdefault(0 if path.endswith("*}") else path.count("/"), []).append((path, line))
            if template.endswith("[/]"):
                groups.setdefault(path.count("/") + 1, []).append((path + "/", line))
        return groups

    def _tree(self, segments: int) -> _Node:
        found = self._trees.get(segments)
        if found is None:
            found = self._trees[segments] = _Node()
            for path, line in self._by_length.get(segments, ()):
                self._insert(found, path, line)
        return found

    def _insert(self, node: _Node, path: str, line: str) -> None:
        for segment in path.split("/")[1:]:
            if segment.endswith("*}"):
                node.rest.append(line)
                return
            if "{" not in segment:
                node = node.literals.setdefault(segment, _Node())
            elif _PLACEHOLDER.fullmatch(segment):
                node.any = node.any or _Node()
                node = node.any
            else:
                pattern = re.compile("[^/]+?".join(map(re.escape, _PLACEHOLDER.split(segment))))
                node.patterns.append((pattern, _Node()))
                node = node.patterns[-1][1]
        node.lines.append(line)

    def at(self, path: str) -> list[Operation]:
        """The operations of a path, whatever their methods, the most literal template first."""
        tried = [path]
        tried += [path.removesuffix(suffix) for suffix in self._suffixes if path.endswith(suffix)]
        for alias, meant in self._aliases:
            tried += [
                meant + candidate[len(alias) :] for candidate in tuple(tried) if candidate.lower().startswith(alias)
            ]
        found: list[str] = []
        for candidate in tried:
            segments = self._written(candidate).split("/")[1:]
            found += _under(self._tree(len(segments)), segments)
            found += _under(self._tree(0), segments)
        return [self._operation(line) for line in found]

    def methods(self, path: str, day: date) -> tuple[str, ...]:
        """The methods that the operations of a path take on that day, in the order of Django's `Allow`."""
        taken = {method for operation in self.at(path) if operation.exists_on(day) for method in operation.methods}
        order = ("GET", "POST", "PUT", "PATCH", "DELETE")
        return tuple(method for method in order if method in taken) + (("HEAD",) if "GET" in taken else ())

    def below(self, path: str, method: str) -> list[str]:
        """The templates one literal segment below a path's own that take a method."""
        starts = {f"{self.shape(entry.path).rstrip('/')}/" for entry in self.at(path)[:1]}
        rows = (line.split("\t", 2)[:2] for line in self._lines)
        return [
            template
            for methods, template in rows
            for start in starts
            if (shape := self.shape(template)).startswith(start)
            and re.fullmatch(r"[\w.-]+/?", shape[len(start) :])
            and method in methods.split(",")
        ]

    @cached_property
    def versions(self) -> tuple[str, ...]:
        """The versions in this provider's paths (`v2.2`), newest first."""
        found = {line.split("\t", 2)[1].split("/", 2)[1] for line in self._lines}
        return tuple(sorted((segment for segment in found if _VERSION.fullmatch(segment)), reverse=True))

    @cached_property
    def beginnings(self) -> tuple[str, ...]:
        """The beginnings of its paths that name no operation yet, such as `/api/v1`, the most frequent first."""
        found = Counter(begun[0] for line in self._lines if (begun := _BEGINNING.match(line.split("\t", 2)[1])))
        return tuple(beginning for beginning, _ in found.most_common())

    def find(self, method: str, path: str) -> Operation | None:
        """The operation that the real provider would run, or None."""
        return next((operation for operation in self.at(path) if operation.takes(method)), None)

    def words(self, template: str) -> frozenset[str]:
        """The literal words that operations have where one of our templates has a parameter."""
        ours = self._segments(template)
        anything = any(map(_SLASHES.fullmatch, ours))
        groups = self._by_segments.values() if anything else [self._by_segments.get(len(ours), [])]
        return frozenset().union(*(_words(ours, theirs) for group in groups for theirs in group))

    def is_other(self, template: str, path: str) -> bool:
        """Whether an operation's path fits a route's template, but has a literal word in place of a parameter."""
        return bool(_words(self._segments(template), self._segments(path)))

    def _segments(self, template: str) -> list[str]:
        return self._written(template.removesuffix("[/]")).split("/")

    @cached_property
    def _by_segments(self) -> dict[int, list[list[str]]]:
        """The segments of every path, by their number: few paths have as many as a given one."""
        groups: dict[int, list[list[str]]] = {}
        for line in self._lines:
            segments = self._segments(line.split("\t", 2)[1])
            groups.setdefault(len(segments), []).append(segments)
        return groups

    def respelt(self, path: str) -> tuple[str, str] | None:
        """A path that fits none, with one word as an operation has it, and that word; None if that does not help."""
        segments = self._written(path).split("/")[1:]
        number, word = next(_respelt(self._tree(len(segments)), segments, 0), (0, None))
        if word is None:
            return None
        written = path.split("/")
        return "/".join((*written[: number + 1], word, *written[number + 2 :])), word

    def nearest(self, path: str) -> str | None:
        """The template most similar to a path that fits none, as it is or with a known first word like its own."""
        found = self._similar(path)
        first, _, rest = self._written(path)[1:].partition("/")
        if found or (meant := nearest(first, self._heads - {first}, 0.8)) is None:
            return found
        at = self.at(f"/{meant}/{rest}")
        return at[0].path.removesuffix("[/]") if at else self._similar(f"/{meant}/{rest}")

    def _similar(self, path: str) -> str | None:
        asked = "/".join("{}" if segment.isdigit() else segment for segment in self._written(path).split("/"))
        lengths = range(max(asked.count("/") - 1, 1), asked.count("/") + 2)
        lines = [line for length in lengths for _, line in self._by_length.get(length, ())]
        if not lines:
            return None
        shapes = {self.shape(template): template for template in (line.split("\t", 2)[1] for line in lines)}
        start = asked
        while start and not (close := [template for template in shapes if template.startswith(start + "/")]):
            start = start.rpartition("/")[0]
        last = asked.rstrip("/").rpartition("/")[2]
        longer = (
            [template for template in close if len(last) > 3 and last in template.rstrip("/").rpartition("/")[2]]
            if start
            else []
        )
        named = _BEGINNING.sub("", start + "/", count=1) != "/"
        alike = nearest(asked, close[:_MOST_COMPARED], 0.6 if named else 0.8) if start else None
        found = min(longer, key=len, default=None) or alike
        return shapes[found].removesuffix("[/]") if found else None

    @cached_property
    def _heads(self) -> frozenset[str]:
        """The first words of all paths."""
        return frozenset(self._written(line.split("\t", 2)[1]).split("/")[1] for line in self._lines)


def _words(ours: list[str], theirs: list[str]) -> set[str]:
    """The words of one path in place of our parameters; empty if it does not fit."""
    words: set[str] = set()
    for number, segment in enumerate(ours):
        if "{" not in segment:
            if number >= len(theirs) or segment != theirs[number]:
                return set()
            continue
        if _SLASHES.fullmatch(segment):
            behind = len(ours) - number - 1
            return words.union(
                literal for literal in theirs[number : len(theirs) - behind] if literal and "{" not in literal
            )
        if number >= len(theirs):
            return set()
        known = theirs[number]
        if _PLACEHOLDER.fullmatch(segment):
            if not known or (":int" in segment and "{" not in known):
                return set()
            if "{" not in known:
                words.add(known)
        elif _PLACEHOLDER.sub("{}", segment) != _PLACEHOLDER.sub("{}", known):
            return set()
    return words if len(ours) == len(theirs) else set()


def _under(node: _Node, segments: list[str]) -> Iterator[str]:
    if not segments:
        yield from node.lines
        return
    segment, rest = segments[0], segments[1:]
    literal = node.literals.get(segment)
    if literal is not None:
        yield from _under(literal, rest)
    if segment:
        for pattern, below in node.patterns:
            if pattern.fullmatch(segment):
                yield from _under(below, rest)
        if node.any is not None:
            yield from _under(node.any, rest)
    yield from node.rest


def _respelt(node: _Node, segments: list[str], number: int) -> Iterator[tuple[int, str]]:
    """The number of each segment, and the word in its place, that would make an operation of the path."""
    if number == len(segments):
        return
    segment = segments[number]
    for below in (node.literals.get(segment), node.any if segment else None):
        if below is not None:
            yield from _respelt(below, segments, number + 1)
    meant = nearest(segment, node.literals, 0.8)
    if meant is not None and meant != segment and any(_under(node.literals[meant], segments[number + 1 :])):
        yield number, meant
