"""HTML from clients, which may be nested maliciously deep."""

from __future__ import annotations

import re

_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]*)[^<>]*>?")
_WHOLE_TAG = re.compile(r"<[^>]*+(?:>|\Z)")  # or text that is not a tag, as nothing closes it: it is scanned only once
# Elements that have no content, or end where the next of their kind begins.
_ENDS_ITSELF = {
    *("area", "br", "col", "embed", "hr", "img", "param", "source", "track", "wbr"),
    *("dd", "dt", "li", "p", "td", "th", "tr", "tbody", "tfoot", "thead"),
}
_FEW_TAGS = 1_000
_DEEPEST = 512
_MOST_WORK = 1_000_000


def shallow(text: str) -> str:
    """The HTML without the tags that would make the tree deeper than browsers allow.

    Each tag is looked up among the open ones, so the work grows with the sum of their depths.
    """
    if text.count("<") <= _FEW_TAGS:
        return text
    depth = beyond = work = 0

    def kept(tag: re.Match[str]) -> str:
        nonlocal depth, beyond, work
        if tag[2].lower() not in _ENDS_ITSELF:
            if tag[1]:
                if beyond:
                    beyond -= 1
                    return ""
                depth = max(depth - 1, 0)
            elif depth >= _DEEPEST:
                beyond += 1
                return ""
            else:
                depth += 1
        work += depth
        return tag[0] if work <= _MOST_WORK else ""

    return _TAG.sub(kept, text)


def without_tags(text: str, instead: str = "") -> str:
    """The text between the tags."""
    return _WHOLE_TAG.sub(lambda tag: instead if tag[0].endswith(">") else tag[0], text)
