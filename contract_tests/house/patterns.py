"""The regular expressions of the package, and texts that make a backtracking one slow."""

from __future__ import annotations

import ast
import re
import signal
import string
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from itertools import combinations, product
from pathlib import Path
from re import _constants as sre
from re import _parser as parser
from typing import Any, NamedTuple

from contract_tests.house.package import modules, relative

REPEATED = 1_500
SLOW = 0.5e-6
"""Seconds for each character of a text. What is linear takes a tenth of it, what is quadratic more."""
_STOP = 0.1
_ANYWHERE = {"search", "sub", "subn", "findall", "finditer", "split"}
_METHODS = {"match", "fullmatch", *_ANYWHERE}
_CHARACTERS = string.printable + "ä☃\x00"
_MOST_CLASSES = 9


class Pattern(NamedTuple):
    """A pattern of the package.

    Attributes: `place`, its file and line; `methods`, those that apply it, or all of them if that is not clear.
    """

    place: str
    compiled: re.Pattern[Any]
    methods: frozenset[str]


# finding them


def patterns() -> Iterator[Pattern]:
    """Each pattern in the sources that is applied to input; parts inserted at run time are a `1`. Commands read only
    what their own caller has."""
    sources = {path: ast.parse(path.read_text()) for path in modules() if "command" not in path.parts}
    used: dict[tuple[Path | None, str], set[str]] = {}
    anyhow: dict[Path, set[str]] = {}
    for path, tree in sources.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and node.attr in _METHODS:
                if node.attr != "split":  # which texts have as well
                    anyhow.setdefault(path, set()).add(node.attr)
                if isinstance(node.value, ast.Name):
                    used.setdefault(_named(path, node.value.id), set()).add(node.attr)
    for path, tree in sources.items():
        constants = _constants(tree)
        names = {id(node.value): node.targets[0] for node in ast.walk(tree) if isinstance(node, ast.Assign)}
        for node in ast.walk(tree):
            if not (isinstance(node, ast.Call) and ast.unparse(node.func).startswith("re.") and node.args):
                continue
            method, text = node.func.attr, _text(node.args[0], constants)
            if text is None or method not in {*_METHODS, "compile"}:
                continue
            methods = {method}
            if method == "compile":
                name = names.get(id(node))
                found = used.get(_named(path, name.id)) if isinstance(name, ast.Name) else None
                methods = found or anyhow.get(path, _METHODS)
            yield Pattern(f"{relative(path)}:{node.lineno}", re.compile(text, _flags(node)), frozenset(methods))


def _named(path: Path, name: str) -> tuple[Path | None, str]:
    return (path if name.startswith("_") else None), name


def _constants(tree: ast.Module) -> dict[str, str]:
    found: dict[str, str] = {}
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            text = _text(node.value, found)
            if isinstance(text, str):
                found[node.targets[0].id] = text
    return found


def _text(node: ast.expr, constants: dict[str, str]) -> Any:
    """The text that an expression is a literal of, or nothing."""
    if isinstance(node, ast.Constant) and isinstance(node.value, (str, bytes)):
        return node.value
    if isinstance(node, ast.Name):
        return constants.get(node.id)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        parts = [_text(side, constants) for side in (node.left, node.right)]
        return parts[0] + parts[1] if None not in parts else None
    if isinstance(node, ast.JoinedStr):
        return "".join(
            str(part.value) if isinstance(part, ast.Constant) else _text(part.value, constants) or "1"
            for part in node.values
        )
    return None


def _flags(call: ast.Call) -> int:
    flags = 0
    for node in (*call.args[1:], *(word.value for word in call.keywords if word.arg == "flags")):
        for item in ast.walk(node):
            if isinstance(item, ast.Attribute) and isinstance(item.value, ast.Name) and item.value.id == "re":
                flags |= getattr(re.RegexFlag, item.attr, 0)
    return flags


# texts against one


def attacks(pattern: re.Pattern[Any]) -> Iterator[str]:
    """A repetition that the pattern can match in more than one way, or restart, and an end that fails."""
    text = pattern.pattern if isinstance(pattern.pattern, str) else pattern.pattern.decode("latin-1")
    tree = parser.parse(text, pattern.flags & ~re.UNICODE)
    classes = _classes(tree, pattern.flags)
    pumped = {(before, piece): None for before, piece in _pieces(tree) if piece}
    starts = list(dict.fromkeys(before for before, _ in pumped))
    alone = [(before, value) for before in starts for value in classes]
    pairs = [("", character + other) for character, other in product(classes, repeat=2) if character != other]
    for before, piece in dict.fromkeys((*alone, *pairs, *pumped)):
        body = piece * REPEATED
        for end in ("", *classes) if len(piece) == 1 else ("", classes[-1]):
            yield f"{before}{body}{end}"


def _pieces(tree: Any) -> Iterator[tuple[str, str]]:
    """Texts that each sequence in a pattern matches, in part or whole, after what comes before it or after nothing."""
    for sequence, start in _sequences(tree):
        samples = [_sample(node) for node in sequence]
        for index, end in combinations(range(len(samples) + 1), 2):
            piece = "".join(samples[index:end])
            yield from ((start + "".join(samples[:index]), piece), ("", piece))
        for end in range(1, len(samples) + 1):
            yield "", start + "".join(samples[:end])


def _sequences(tree: Any, start: str = "") -> Iterator[tuple[list[Any], str]]:
    """Each sequence in a pattern, with what comes before it."""
    nodes = list(tree)
    yield nodes, start
    for node in nodes:
        for inner in _within(node):
            yield from _sequences(inner, start)
        start += _sample(node)


def _within(node: Any) -> list[Any]:
    kind, value = node
    if kind in (sre.MAX_REPEAT, sre.MIN_REPEAT, sre.POSSESSIVE_REPEAT):
        return [value[2]]
    if kind is sre.SUBPATTERN:
        return [value[3]]
    if kind is sre.ATOMIC_GROUP:
        return [value]
    if kind is sre.BRANCH:
        return list(value[1])
    if kind in (sre.ASSERT, sre.ASSERT_NOT):
        return [value[1]]
    return []


def _sample(node: Any) -> str:
    """A text that a node matches, at least one character where possible."""
    kind, value = node
    if kind in (sre.MAX_REPEAT, sre.MIN_REPEAT, sre.POSSESSIVE_REPEAT):
        return "".join(map(_sample, value[2])) * max(1, value[0])
    if kind in (sre.ASSERT, sre.ASSERT_NOT, sre.AT, sre.GROUPREF):
        return ""
    if kind is sre.BRANCH:
        return max(("".join(map(_sample, item)) for item in value[1]), key=len)
    if inner := _within(node):
        return "".join(map(_sample, inner[0]))
    return next((item for item in _CHARACTERS if _takes(node, item)), "")


def _takes(node: Any, character: str) -> bool:
    """Whether a node for a single character matches this one."""
    kind, value = node
    if kind is sre.LITERAL:
        return ord(character) == value
    if kind is sre.NOT_LITERAL:
        return ord(character) != value
    if kind is sre.ANY:
        return character != "\n"
    if kind is sre.RANGE:
        return bool(value[0] <= ord(character) <= value[1])
    if kind is sre.CATEGORY:
        return _categories(value).fullmatch(character) is not None
    if kind is sre.IN:
        negated = value[0][0] is sre.NEGATE
        return negated != any(_takes(item, character) for item in value[negated:])
    return False


@cache
def _categories(category: Any) -> re.Pattern[str]:
    name = str(category).rpartition("_")[2].lower()
    letter = {"digit": "d", "space": "s", "word": "w"}[name]
    return re.compile("\\" + (letter.upper() if "_NOT_" in str(category) else letter))


def _classes(tree: Any, flags: int) -> list[str]:
    """A character of each class that the pattern distinguishes. The last one is of the class that it names least."""
    tests = [
        node for sequence, _ in _sequences(tree) for node in sequence if not _within(node) and node[0] is not sre.AT
    ]
    found: dict[tuple[bool, ...], str] = {}
    for character in _CHARACTERS:
        found.setdefault(tuple(_takes(node, character) for node in tests), character)
    ordered = sorted(found, key=lambda kinds: -sum(kinds))
    return [found[kinds] for kinds in (*ordered[: _MOST_CLASSES - 1], ordered[-1])]


# trying them


class TooLong(Exception):
    """The match of a text was aborted."""


@contextmanager
def _limit() -> Iterator[None]:
    def stop(*_: object) -> None:
        raise TooLong

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, _STOP)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def seconds(pattern: Pattern, text: str) -> float:
    """Processor time for matching a text, by the methods that apply the pattern."""
    given: Any = text.encode("utf-8") if isinstance(pattern.compiled.pattern, bytes) else text
    begun = time.process_time()
    try:
        with _limit():
            if "match" in pattern.methods:
                pattern.compiled.match(given)
            if "fullmatch" in pattern.methods:
                pattern.compiled.fullmatch(given)
            if pattern.methods & _ANYWHERE:
                for _ in pattern.compiled.finditer(given):
                    pass
    except TooLong:
        return _STOP
    return time.process_time() - begun


def slow_texts(pattern: Pattern) -> Iterator[tuple[float, str]]:
    """Texts that the pattern is repeatedly slow to match."""
    for text in attacks(pattern.compiled):
        slow = SLOW * len(text)
        if seconds(pattern, text) > slow and (took := min(seconds(pattern, text) for _ in range(2))) > slow:
            yield took, text


__all__ = ["Pattern", "patterns", "slow_texts"]
