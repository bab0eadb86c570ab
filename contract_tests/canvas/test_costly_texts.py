"""Texts that make a careless pattern rescan from every position. Each takes no longer than reading it."""

from __future__ import annotations

import csv
import io
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract_tests.canvas.support import Site
from lms_emulator.core.wildcards import fits
from lms_emulator.providers.canvas.rules import csv_files, html, slugs
from lms_emulator.providers.canvas.rules.migrations.cartridge_reader import _body, _title
from lms_emulator.providers.canvas.shapes.topics import plain

API = "/api/v1"
SIZE = 200_000
STYLES = ("a" * SIZE, "a:" * SIZE, "url(" + "a:" * SIZE, "a:" * SIZE + ";b:url(x)", " " * SIZE)


def _quick(begun: float) -> bool:
    return time.process_time() - begun < 2


def test_space_before_tags_is_read_once(canvas: Site) -> None:
    message = f"<p>a{' ' * SIZE}b</p>"
    sent = {"title": f"a{' ' * SIZE}b"[:200], "message": message}
    topic = canvas.teacher.post(f"{API}/courses/1/discussion_topics", json=sent).json()
    begun = time.process_time()
    read = canvas.teacher.get(f"{API}/courses/1/discussion_topics/{topic['id']}?include[]=plain_message")
    assert read.status_code == 200
    assert slugs.slug(message)
    assert _quick(begun)
    assert plain("<p>a</p> <p> b\n</p>c") == "a\n\nb\n\nc"


@pytest.mark.parametrize("style", STYLES, ids=range(len(STYLES)))
def test_a_style_is_read_once(style: str) -> None:
    begun = time.process_time()
    html.clean(f'<p style="{style}">x</p>')
    assert _quick(begun)


@pytest.mark.parametrize(
    ("style", "kept"),
    [
        ("color: red; background: url(x); top: 0", "color: red;  top: 0"),
        ("a:b:url(x)", ""),
        ("! a : URL (x", "! "),
        ("url(a: b", "url(a: b"),
        ("curl(x): a; x: curl(y)", "curl(x): a; x: curl(y)"),
    ],
)
def test_a_style_loses_its_addresses(style: str, kept: str) -> None:
    assert html.clean(f'<p style="{style}">x</p>') == f'<p style="{kept}">x</p>'


@pytest.mark.parametrize("grade", ["9" * SIZE, "9" * SIZE + "x", "9" * SIZE + "%x", "." * SIZE])
def test_a_grade_is_read_once(canvas: Site, grade: str) -> None:
    made: Any = canvas.teacher.post(f"{API}/courses/1/assignments", json={"assignment": {"name": "A"}}).json()
    begun = time.process_time()
    path = f"{API}/courses/1/assignments/{made['id']}/submissions/self"
    student = canvas.student.get(f"{API}/users/self").json()["id"]
    canvas.teacher.put(path.replace("self", str(student)), json={"submission": {"posted_grade": grade}})
    assert _quick(begun)


@pytest.mark.parametrize("grade", ["5", "5.5", ".5", "-1", "+2.0", "50%", ".5%"])
def test_a_plain_grade_is_a_number(canvas: Site, grade: str) -> None:
    made: Any = canvas.teacher.post(
        f"{API}/courses/1/assignments", json={"assignment": {"name": "A", "points_possible": 10, "published": True}}
    ).json()
    student = canvas.student.get(f"{API}/users/self").json()["id"]
    path = f"{API}/courses/1/assignments/{made['id']}/submissions/{student}"
    graded = canvas.teacher.put(path, json={"submission": {"posted_grade": grade}}).json()
    number = float(grade.rstrip("%"))
    assert graded["score"] == pytest.approx(number / 10 if grade.endswith("%") else number)


@pytest.mark.parametrize("text", ["<body>" * SIZE, "<body" * SIZE, "<body>" + " " * SIZE, "<title>" * SIZE])
def test_a_page_of_a_cartridge_is_read_once(text: str) -> None:
    begun = time.process_time()
    _body(text.encode())
    _title(text.encode())
    assert _quick(begun)
    page = b"<html><title> A </title><BODY class='b'>\n <p>x</p> </Body></html>"
    assert (_title(page), _body(page)) == ("A", "<p>x</p>")


def test_a_line_of_a_table_is_bounded() -> None:
    assert csv_files.read("a" + "," * (csv_files.LONGEST_LINE - 3) + "b\n")[0][-1] == "b"
    with pytest.raises(csv_files.MalformedCsv, match="a line has over"):
        csv_files.read("a\n" + "," * csv_files.LONGEST_LINE + "\n")
    with pytest.raises(csv_files.MalformedCsv, match="lines"):
        csv_files.read("\n" * (csv_files.MOST_LINES + 1))


@given(st.text("a,\r\n", max_size=40), st.integers(1, 9))
def test_a_table_is_split_into_lines_piece_by_piece(text: str, piece: int) -> None:
    expected = [[cell or None for cell in row] for row in csv.reader(io.StringIO(text, newline=""))]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(csv_files, "_PIECE", piece)
        assert csv_files.whole(text, ",") == expected


def test_scripts_in_announcements_are_read_once(canvas: Site) -> None:
    def announced(message: str) -> Any:
        sent = {"subject": "S", "message": message, "start_at": "2026-11-01", "end_at": "2030-01-01"}
        return canvas.admin.post(f"{API}/accounts/1/account_notifications", json={"account_notification": sent}).json()

    begun = time.process_time()
    announced("<script" * 50_000)
    assert _quick(begun)
    assert announced("a<script>b</script >c<SCRIPT x>d</SCRIPT>e")["message"] == "ace"


@pytest.mark.parametrize(
    ("text", "pattern", "expected"),
    [
        ("/api/v1/users", "/api/*/users", True),
        ("/api/users", "/api/*/users", False),
        ("ab", "ab*b", False),
        ("abb", "ab*b", True),
        ("abc", "*", True),
        ("abc", "abc", True),
        ("abc", "ab", False),
        ("a.c", "a?c", False),
        ("aXbXc", "a*b*c", True),
        ("acb", "a*b*c", False),
        ("a" * 10_000, "*a" * 5_000 + "b", False),
    ],
)
def test_a_pattern_of_stars(text: str, pattern: str, expected: bool) -> None:
    assert fits(text, pattern) is expected
