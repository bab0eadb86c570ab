"""What Canvas takes a file for: its content type, its kind, and the name under which it is stored."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from contract_tests.canvas.support import Site
from contract_tests.canvas.test_files import API, upload

OPEN_XML = "application/vnd.openxmlformats-officedocument."


def _begun(canvas: Site, **sent: Any) -> dict[str, str]:
    return dict(canvas.teacher.post(f"{API}/courses/1/files", json=sent).json()["upload_params"])


@pytest.mark.parametrize(
    ("name", "kind", "word"),
    [
        ("a.docx", f"{OPEN_XML}wordprocessingml.document", "doc"),
        ("a.XLSX", f"{OPEN_XML}spreadsheetml.sheet", "xls"),
        ("a.zip", "application/zip", "zip"),
        ("a.tar.gz", "application/x-gzip", "file"),
        ("a.wmv", "video/x-ms-wmv", "audio"),
        ("a.mkv", "video/x-matroska", "file"),
        ("a.mp4", "video/mp4", "video"),
        ("a.md", "application/x-genesis-rom", "file"),
    ],
)
def test_the_type_that_a_name_suggests(canvas: Site, name: str, kind: str, word: str) -> None:
    made = upload(canvas.teacher, "/courses/1/files", name, b"x").json()
    assert (made["content-type"], made["mime_class"]) == (kind, word)
    assert made["media_entry_id"] == ("maybe" if kind.startswith("video/") else None)


def test_the_first_of_the_names_that_suggests_a_type(canvas: Site) -> None:
    assert _begun(canvas, name="plan", filename="plan.pdf")["content-type"] == "application/pdf"
    assert _begun(canvas, name="a.csv", content_type="unknown/unknown")["content-type"] == "text/csv"
    assert "content-type" not in _begun(canvas, name="a.json")
    assert _begun(canvas, name="a.json", content_type="x/y")["content-type"] == "x/y"


@pytest.mark.parametrize(
    ("announced", "name", "sent", "kind"),
    [
        ("application/pdf", "b.txt", "text/plain", "application/pdf"),
        ("x/y", "b.txt", "image/png", "image/png"),
        ("x/y", "b.csv", "application/octet-stream", "text/csv"),
        ("x/y", "b", "application/octet-stream", "unknown/unknown"),
    ],
)
def test_an_announced_type_holds_if_it_is_known(canvas: Site, announced: str, name: str, sent: str, kind: str) -> None:
    fields = {"name": "a.bin", "content_type": announced}
    first = canvas.teacher.post(f"{API}/courses/1/files", json=fields).json()
    second = httpx.post(first["upload_url"], data=first["upload_params"], files={"file": (name, b"x", sent)})
    made = canvas.teacher.get(second.headers["location"]).json()
    assert (made["display_name"], made["content-type"]) == ("a.bin", kind)
    assert made["filename"].endswith(f"__{name}"), "as it is called where it came from"


def test_a_name_without_an_extension_is_stored_with_one(canvas: Site) -> None:
    assert _begun(canvas, name="READ ME", content_type="text/plain")["Filename"] == "READ_ME.txt"
    assert _begun(canvas, name="README", content_type="x/y")["Filename"] == "README"
    made = upload(canvas.teacher, "/courses/1/files", "README", b"x", content_type="text/plain").json()
    assert made["display_name"] == "README"
    assert made["filename"].endswith("__README.txt")


def test_the_same_content_is_stored_once(canvas: Site) -> None:
    quota = f"{API}/courses/1/files/quota"
    first = upload(canvas.teacher, "/courses/1/files", "a.txt", b"same").json()
    used = canvas.teacher.get(quota).json()["quota_used"]
    again = upload(canvas.teacher, "/courses/1/files", "b.txt", b"same").json()
    assert (again["display_name"], again["filename"]) == ("b.txt", first["filename"])
    assert canvas.teacher.get(quota).json()["quota_used"] == used
    other = upload(canvas.teacher, "/courses/1/files", "c.csv", b"same").json()
    assert other["filename"] != first["filename"], "of another type"
    assert canvas.teacher.get(quota).json()["quota_used"] == used + 512
