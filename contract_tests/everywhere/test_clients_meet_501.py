"""Published clients that call what is not emulated get a loud error that is not "not found".

LearningStudio's libraries cannot be run here (the Python one is for Python 2, with a compiled part), so their calls are
made by a client of the tests' own.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import bsapi
import httpx
import pytest
import requests
from canvasapi import Canvas
from canvasapi.exceptions import CanvasException

from contract_tests.learningstudio.conftest import client_of
from lms_emulator import Emulator
from lms_emulator.app import load_providers
from lms_emulator.core.coverage import coverage


@pytest.fixture(scope="module")
def lms() -> Iterator[Emulator]:
    with Emulator.start() as lms:
        yield lms


def absent(provider: str, client: str) -> list[tuple[str, str]]:
    """Method and path of each operation that a client calls and the emulator does not serve, placeholders filled."""
    rows = [row for row in coverage(load_providers()[provider]) if client in " ".join(row.clients) and not row.served]
    return [(row.method, re.sub(r"\{[^}]*\}", "1", row.path)) for row in rows]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:Canvas may respond unexpectedly:UserWarning")
def test_canvasapi(lms: Emulator) -> None:
    """A call that is not served raises, and never `ResourceDoesNotExist`, which means a missing record."""
    client = Canvas(lms.canvas.url, lms.canvas.access_tokens.admin)
    requester = client._Canvas__requester
    calls = absent("canvas", "canvasapi")
    assert calls
    for method, path in calls:
        with pytest.raises(CanvasException) as raised:
            requester.request(method, _url=f"{lms.canvas.url}{path}")
        assert (type(raised.value), "501" in str(raised.value)) == (CanvasException, True), path
        assert lms.requests.last.outcome == "not_emulated"
    with pytest.raises(CanvasException, match="501"):
        client.search_accounts()
    requester._session.close()


def test_bsapi(lms: Emulator, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Every method of it: one whose operation is not served raises, even where "not found" would be `None`."""
    client = bsapi.BSAPI(lms.brightspace.access_tokens.instructor, urlsplit(lms.brightspace.url).netloc)
    monkeypatch.setattr(client, "_create_url", lambda route: f"{lms.brightspace.url}{route}")
    file = tmp_path / "feedback.txt"
    file.write_text("well done")
    known = {
        "grade_value": True,
        "pass_fail": True,
        "org_unit_id": 6836,
        "entity_type": "user",
        "product_code": "le",
        "file_path": file,
        "object_type": 2,
    }
    quiet, loud = [], []
    for name, method in inspect.getmembers(client, inspect.ismethod):
        if name.startswith("_") or name == "from_config":
            continue
        needed = [p for p in inspect.signature(method).parameters.values() if p.default is p.empty]
        values: dict[str, Any] = {p.name: known.get(p.name, "1" if p.annotation in ("str", str) else 1) for p in needed}
        try:
            method(**values)
        except (bsapi.APIError, requests.HTTPError, ValueError) as error:
            if lms.requests.last.outcome == "not_emulated":
                loud.append(name)
                assert "501" in str(error), name
            continue
        if lms.requests.last.outcome in ("not_emulated", "unknown_path", "crash"):
            quiet.append((name, lms.requests.last.outcome))
    client.session.close()
    assert quiet == [], "these gave back as if nothing were wrong"
    assert {"get_dropbox_folder_submission_feedback", "get_grade_categories", "get_grade_schemes"} <= set(loud)
    assert len(loud) >= 15


def test_learningstudios_libraries(lms: Emulator) -> None:
    """Their `Response` reports `isError` for every status from 400 up; what is not served is a 501 with either way of
    signing."""
    calls = absent("learningstudio", "LearningStudio libraries")
    assert calls
    info = lms.learningstudio
    with httpx.Client(trust_env=False) as http:
        client = client_of(lms, http)
        token = client.token(info.student.username)
        for method, template in calls:
            path = template.replace("/courses/1", f"/courses/{info.course_id}")
            path = path.replace("/users/1", f"/users/{info.student.id}").replace("/exams/1", f"/exams/{info.exam_id}")
            body = b"{}" if method in ("POST", "PUT") else b""
            for answer in (
                client.signed(method, path, body, {"Content-Type": "application/json"}),
                client.as_user(token, method, path, content=body or None),
            ):
                assert (answer.status_code, "X-Emulator-Not-Emulated" in answer.headers) == (501, True), (method, path)
                assert lms.requests.last.outcome == "not_emulated"
        assert client.as_user(token, "GET", f"/courses/{info.course_id}").status_code == 200
