"""XML from clients."""

from __future__ import annotations

from typing import AnyStr, NoReturn
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers.expat import ExpatError, ParserCreate

DEEPEST = 200
"""How deep elements may be nested: what reads them calls itself for each level."""
MOST_ELEMENTS = 250_000
_LONGEST = 262_144
"""Bytes of a tag or a comment, which the parser reads in one go."""
_NAMESPACES, _LONGEST_NAMESPACE = 100, 1_000
"""Those that count at one place, and characters of one, which stands before each name of it."""
_XML = {"xml": "http://www.w3.org/XML/1998/namespace"}
_PIECE = 65_536
_PIECE_OF_HEAD = 64
"""Before the first tag: so short that nothing that is declared can grow before it is refused."""


class NotXmlError(ValueError):
    """The text is not XML, has a forbidden document type or declaration, is nested too deep, or is too large."""


def read_xml(text: AnyStr, *, doctype: bool = False) -> Element:
    """The root of a document. It is parsed in chunks, so that other threads have their turn.

    Parameters: `doctype`, whether it may name one, without declarations; nothing is ever fetched.

    Raises NotXmlError.
    """
    document = _Document("utf-8" if isinstance(text, str) else None, doctype=doctype)
    try:
        return document.read(text.encode() if isinstance(text, str) else text)
    except (ExpatError, LookupError, ValueError) as error:
        raise NotXmlError(str(error)) from None


class _Document:
    """A document being parsed. `ElementTree`'s parser can refuse neither declarations nor overlong names in time."""

    def __init__(self, encoding: str | None, *, doctype: bool) -> None:
        self._tree = TreeBuilder()
        self._elements = 0
        self._open = [_XML]  # for each open element, the namespaces by prefix
        self._parser = ParserCreate(encoding)
        self._parser.buffer_text = True
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._tree.data
        self._parser.SkippedEntityHandler = _undefined
        self._parser.EntityDeclHandler = self._parser.AttlistDeclHandler = _declares
        if not doctype:
            self._parser.StartDoctypeDeclHandler = _has_doctype

    def read(self, text: bytes) -> Element:
        begin = behind = 0
        while begin < len(text):
            # A token that is rescanned with each chunk until it is complete costs quadratic time.
            end = begin + (_PIECE if self._elements else min(max(_PIECE_OF_HEAD, behind), _PIECE))
            self._parser.Parse(text[begin:end])
            begin, behind = end, end - self._parser.CurrentByteIndex
            if behind > _LONGEST:
                raise NotXmlError(f"a tag or a comment is longer than {_LONGEST} bytes")
        self._parser.Parse(b"", True)
        return self._tree.close()

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        self._elements += 1
        if len(self._open) > DEEPEST:
            raise NotXmlError(f"it is nested over {DEEPEST} levels deep")
        if self._elements > MOST_ELEMENTS:
            raise NotXmlError(f"it has over {MOST_ELEMENTS} elements")
        known = self._open[-1]
        declared = {name: uri for name, uri in attributes.items() if name == "xmlns" or name.startswith("xmlns:")}
        if declared:
            known = known | {name[6:]: uri for name, uri in declared.items()}
            if len(known) > _NAMESPACES or max(map(len, declared.values())) > _LONGEST_NAMESPACE:
                raise NotXmlError("its namespaces are too many or too long")
            attributes = {name: value for name, value in attributes.items() if name not in declared}
        self._open.append(known)
        named = {_named(name, known) if ":" in name else name: value for name, value in attributes.items()}
        self._tree.start(_named(tag, known), named)

    def _end(self, tag: str) -> None:
        self._tree.end(_named(tag, self._open.pop()))


def _named(name: str, known: dict[str, str]) -> str:
    """A name with its namespace, in `ElementTree`'s notation."""
    prefix, colon, local = name.rpartition(":")
    uri = known.get(prefix, "")
    if colon and not uri:
        raise NotXmlError(f"unbound prefix {prefix}")
    return f"{{{uri}}}{local}" if uri else name


def _has_doctype(*_: object) -> NoReturn:
    raise NotXmlError("it has a DOCTYPE")


def _declares(*_: object) -> NoReturn:
    raise NotXmlError("it declares entities or attributes")


def _undefined(name: str, is_parameter: bool) -> None:
    if not is_parameter:
        raise NotXmlError(f"undefined entity &{name};")
