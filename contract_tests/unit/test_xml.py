"""XML from clients: what is not read, and that everything else is."""

from __future__ import annotations

import pytest

from lms_emulator.core.xml import DEEPEST, MOST_ELEMENTS, NotXmlError, read_xml


@pytest.mark.parametrize(
    "text",
    [
        *("", "x", "<a>", "<a></b>", "<a/><b/>", "<a>&b;</a>", "<!DOCTYPE a><a/>"),
        *(b"\xff", b'<?xml version="1.0" encoding="nonsense"?><a/>', "<!DOCTYPE a><a/>".encode("utf-16")),
        '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>',
        "<a>" * (DEEPEST + 1) + "</a>" * (DEEPEST + 1),
        "<a>" * 1_000_000,
        "<a>" + "<b/>" * MOST_ELEMENTS + "</a>",
        *("<n:a/>", "<a n:b='1'/>", f"<a xmlns='{'n' * 2_000}'/>"),
        "<a " + " ".join(f"xmlns:n{n}='{n}'" for n in range(200)) + "/>",
        *(f"<a b='{'c' * 400_000}'/>", f"<!--{'c' * 400_000}--><a/>"),
    ],
    ids=range(20),
)
def test_documents_that_are_refused(text: str | bytes) -> None:
    with pytest.raises(NotXmlError):
        read_xml(text)


LAUGHS = "".join(f'<!ENTITY a{n + 1} "{f"&a{n};" * 10}">' for n in range(7))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
@pytest.mark.parametrize(
    "declared",
    [
        f'<!ENTITY a0 "ha">{LAUGHS}',
        '<!ENTITY a7 SYSTEM "file:///etc/hostname">',
        '<!ENTITY % p SYSTEM "http://127.0.0.1:9/p"> %p;',
        "<!ATTLIST a b CDATA 'c'>",
    ],
)
def test_nothing_is_declared(declared: str, encoding: str) -> None:
    with pytest.raises(NotXmlError, match="declares"):
        read_xml(f"<!DOCTYPE a [{declared}]><a>&a7;</a>".encode(encoding), doctype=True)


def test_documents_that_are_parsed() -> None:
    root = read_xml('<a xmlns="n" b="1">' + "<c>ä</c>" * 40_000 + "</a>")
    assert (root.tag, root.get("b"), len(root), {item.text for item in root}) == ("{n}a", "1", 40_000, {"ä"})
    assert read_xml("<a>ä</a>".encode("utf-16")).text == "ä"
    assert read_xml('<?xml version="1.0" encoding="windows-1252"?><a>€</a>'.encode("cp1252")).text == "€"
    assert read_xml("<!--" + "b" * 200_000 + "--><a c='" + "d" * 200_000 + "'/>").tag == "a"
    names = read_xml('<n:a xmlns:n="m" xmlns="o" n:b="1" c="2" xml:lang="de"><d xmlns=""/><e/><n:f xmlns:n="p"/></n:a>')
    assert [name.tag for name in names.iter()] == ["{m}a", "d", "{o}e", "{p}f"]
    assert names.attrib == {"{m}b": "1", "c": "2", "{http://www.w3.org/XML/1998/namespace}lang": "de"}
    assert read_xml("<a>" * DEEPEST + "</a>" * DEEPEST).tag == "a"
    assert read_xml('<!DOCTYPE a SYSTEM "http://127.0.0.1:9/a.dtd"><a/>', doctype=True).tag == "a"
