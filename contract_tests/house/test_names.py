"""Names that would say nothing of what they hold."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import pytest

from contract_tests.house.package import ROOT

VAGUE = ("one", "told", "gone", "near")
"""Each stood for a hundred different things, as pronouns do."""
_PERHAPS_BOUND = re.compile(rf"\b(?:{'|'.join(VAGUE)})\b(?=\s*(?:[-+*/%&|^@<>:]*=|[:,()\]}}]|in\b|if\b|#|$))", re.M)
"""What may follow a name where it is bound; parsing only modules with that takes a second instead of five."""


def vague_names(text: str) -> Iterator[tuple[int, str]]:
    """The vague names that a module binds, with their lines."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Name):
            name = node.id if isinstance(node.ctx, ast.Store) else None
        elif isinstance(node, ast.arg):
            name = node.arg
        elif isinstance(node, ast.alias):
            name = node.asname
        else:
            name = getattr(node, "name", None)
        if name in VAGUE:
            yield getattr(node, "lineno", 0), name


def test_no_name_is_a_pronoun() -> None:
    """Name an item by what it is: `enrollment`, `token`, `path`."""
    found = []
    for folder in ("emulator", "fixtures", "contract_tests", "benchmarks"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            if _PERHAPS_BOUND.search(text := path.read_text("utf-8")):
                found += [f"{path.relative_to(ROOT).as_posix()}:{line}: {name}" for line, name in vague_names(text)]
    assert found == []


def test_a_call_is_called_a_call() -> None:
    """What is annotated as a provider's `Call` is named `call`, what is an `Exchange`, `exchange` or `call`."""
    others = []
    for path in sorted((ROOT / "emulator").rglob("*.py")):
        if ": Call" not in (text := path.read_text("utf-8")) and ": Exchange" not in text:
            continue
        for node in ast.walk(ast.parse(text)):
            if not isinstance(node, ast.arg) or node.annotation is None or node.arg in ("call", "exchange"):
                continue
            if ast.unparse(node.annotation).partition("[")[0] in ("Call", "Exchange"):
                others.append(f"{path.relative_to(ROOT).as_posix()}:{node.lineno}: {node.arg}")
    assert others == []


@pytest.mark.parametrize(
    "text",
    [
        *("one = 1", "a, (told, *b) = c", "if one := a: pass", "for gone in a: pass", "[one for one in a]"),
        *("def one(): pass", "def f(*, near): pass", "lambda one: 1", "class gone: pass", "class A:\n told: int"),
        *(
            "with a as one: pass",
            "import a as near",
            "try: pass\nexcept E as gone: pass",
            "match a:\n case [told]: pass",
            "match a:\n case {'b': told}: pass",
            "one += 1",
        ),
    ],
)
def test_every_way_to_bind_a_name_is_seen(text: str) -> None:
    assert list(vague_names(text))
    assert _PERHAPS_BOUND.search(text)


@pytest.mark.parametrize("text", ["alone = one_more = 1", "a = 'one'", "a.one, a['told']", "from a import near", "one"])
def test_other_uses_of_the_words_are_not(text: str) -> None:
    assert list(vague_names(text)) == []
