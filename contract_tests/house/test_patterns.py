"""No regular expression of the package backtracks over a long text."""

from __future__ import annotations

import re

import pytest

from contract_tests.house.patterns import Pattern, patterns, slow_texts


@pytest.mark.slow
def test_no_pattern_is_slow() -> None:
    slow = {}
    for row in patterns():
        for took, text in slow_texts(row):
            slow[row.place] = f"{took * 1000:.0f} ms for {text[:40]!r} ... {text[-5:]!r}: {row.compiled.pattern!r}"
            break
    assert slow == {}


@pytest.mark.slow
def test_no_group_is_repeated_possessively() -> None:
    """Python before 3.11.5 takes too much for such a group (python/cpython issue 106052, 101955)."""
    found = re.compile(r"(?<!\\)\)(?:[*+?]|\{[\d,]*\})\+(?![^\[]*\])|\(\?>")
    texts = {pattern.place: pattern.compiled.pattern for pattern in patterns()}
    assert {
        place: text
        for place, text in texts.items()
        if found.search(text if isinstance(text, str) else text.decode("latin-1"))
    } == {}


@pytest.mark.parametrize(
    ("bad", "good", "method"),
    [
        (r"<[^>]*>", r"<[^>]*+(?:>|\Z)", "sub"),
        (r"\s*(\d+)?\s*", r"\s*+(\d+)?\s*", "fullmatch"),
        (r"([\w-]+)=", r"(?<![\w-])([\w-]++)=", "findall"),
        (r"(?:a|a)+b", r"a+b", "match"),
        (r'<img(\s\w+="[^"]*")*\sid="x"(\s\w+="[^"]*")*>', r'<img(?:\s\w++="[^"]*+")++>', "search"),
    ],
)
def test_backtracking_patterns_are_found(bad: str, good: str, method: str) -> None:
    def slow(pattern: str) -> bool:
        return any(slow_texts(Pattern("here", re.compile(pattern), frozenset({method}))))

    assert slow(bad)
    assert not slow(good)
