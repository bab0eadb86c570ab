"""XML that somebody sent."""

from __future__ import annotations

from typing import Any, AnyStr
from xml.etree.ElementTree import Element, ParseError, TreeBuilder, XMLParser

DEEPEST = 200
"""How deep elements may be nested: what reads them calls itself for each level."""
_PIECE = 65_536


class NotXmlError(ValueError):
    """The text is not XML, has a document type, or is nested too deep."""


class _Bounded(TreeBuilder):
    def __init__(self, *, doctype: bool) -> None:
        super().__init__()
        self._depth = 0
        self._may_have_doctype = doctype

    def start(self, tag: Any, attrs: Any, /) -> Element:
        self._depth += 1
        if self._depth > DEEPEST:
            raise NotXmlError(f"it is nested over {DEEPEST} levels deep")
        return super().start(tag, attrs)

    def end(self, tag: Any, /) -> Element:
        self._depth -= 1
        return super().end(tag)

    def doctype(self, name: str, pubid: str, system: str) -> None:
        """Called by the parser."""
        if not self._may_have_doctype:
            raise NotXmlError("it has a DOCTYPE")


def read_xml(text: AnyStr, *, doctype: bool = False) -> Element:
    """The root of a document. It is read piece by piece, so that other threads have their turn.

    Parameters: `doctype`, whether it may have one; entities are never fetched from elsewhere.

    Raises NotXmlError.
    """
    parser = XMLParser(target=_Bounded(doctype=doctype))
    try:
        for begin in range(0, len(text), _PIECE):
            parser.feed(text[begin : begin + _PIECE])
        found: Element = parser.close()
    except (ParseError, LookupError, ValueError) as error:
        raise NotXmlError(str(error)) from None
    return found
