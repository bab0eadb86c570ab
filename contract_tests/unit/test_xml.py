"""XML that somebody sent: what is not read, and that what is read is all there."""

from __future__ import annotations

import pytest

from lms_emulator.core.xml import DEEPEST, NotXmlError, read_xml


@pytest.mark.parametrize(
    "text",
    [
        *("", "x", "<a>", "<a></b>", "<a/><b/>", "<a>&b;</a>", "<!DOCTYPE a><a/>"),
        *(b"\xff", b'<?xml version="1.0" encoding="nonsense"?><a/>', "<!DOCTYPE a><a/>".encode("utf-16")),
        '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>',
        "<a>" * (DEEPEST + 1) + "</a>" * (DEEPEST + 1),
        "<a>" * 1_000_000,
    ],
    ids=range(13),
)
def test_what_is_not_read(text: str | bytes) -> None:
    with pytest.raises(NotXmlError):
        read_xml(text)


def test_what_is_read() -> None:
    root = read_xml('<a xmlns="n" b="1">' + "<c>ä</c>" * 40_000 + "</a>")
    assert (root.tag, root.get("b"), len(root), {one.text for one in root}) == ("{n}a", "1", 40_000, {"ä"})
    assert read_xml("<a>ä</a>".encode("utf-16")).text == "ä"
    assert read_xml("<a>" * DEEPEST + "</a>" * DEEPEST).tag == "a"
    assert read_xml('<!DOCTYPE a SYSTEM "http://127.0.0.1:9/a.dtd"><a/>', doctype=True).tag == "a"
