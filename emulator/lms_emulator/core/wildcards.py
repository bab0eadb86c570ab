"""Patterns with `*`."""

from __future__ import annotations


def fits(text: str, pattern: str) -> bool:
    """Whether a text matches a pattern in which `*` stands for any characters. Thousands of stars cost no more."""
    first, *others = pattern.split("*")
    if not others:
        return text == first
    *inner, last = others
    place, end = len(first), len(text) - len(last)
    if not text.startswith(first) or not text.endswith(last):
        return False
    for part in inner:
        found = text.find(part, place, end)
        if found < 0:
            return False
        place = found + len(part)
    return place <= end
