"""Uploads: files in discussion posts, and CSV files for the instructor dashboard."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from contract_tests.openedx.conftest import COURSE, LEARNER
from contract_tests.openedx.web import Web

UPLOAD = f"/api/discussion/v1/courses/{COURSE}/upload"
TABLES = f"/courses/{COURSE}/instructor/api/add_users_to_cohorts"
PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(100)


def upload(web: Web, name: str = "a.png", data: bytes = PICTURE, *, key: str | None = None) -> httpx.Response:
    files = {"uploaded_file": (name, data, "image/png")}
    form = {} if key is None else {"thread_key": key}
    return web.http.post(UPLOAD, files=files, data=form, headers={"Authorization": f"Bearer {LEARNER}"})


@pytest.mark.parametrize(
    ("key", "name", "folder"),
    [
        (None, "a.png", "root/"),
        ("", "A.JPG", "root/"),
        ("7", "a.b.gif", "7/"),
        ("a b/./c", "x.tiff", "a%20b/c/"),
        ("ü", ".x.png", "%C3%BC/"),
    ],
)
def test_an_image_lies_where_the_answer_says(web: Web, key: str | None, name: str, folder: str) -> None:
    answer = upload(web, name, key=key)
    assert answer.status_code == 200
    location = answer.json()["location"]
    quoted = COURSE.replace(":", "%3A").replace("+", "%2B")
    ending = name.rpartition(".")[2].lower()
    assert location.startswith(f"{web.url}/media/{quoted}/{folder}")
    assert location.endswith(f".{ending}")
    shown = web.http.get(location)
    assert (shown.status_code, shown.content) == (200, PICTURE)
    assert shown.headers["content-type"].startswith("image/")
    assert web.http.get(f"{location}x").status_code == 404


@pytest.mark.parametrize(
    ("name", "size", "key", "status", "words"),
    [
        ("a.txt", 9, None, 403, "The file must end with one of the following extensions: '.jpg', '.jpeg', '.gif'"),
        ("png", 9, None, 403, "The file must end with"),
        ("a.png", 1024 * 1024 + 1, None, 403, "Maximum upload file size is 1048576 bytes."),
        ("a.png", 9, "../..", 400, None),
        ("a.png", 9, "/etc", 400, None),
        ("a.png", 9, "a\0b", 400, None),
        ("a.png", 9, "x" * 256, 500, None),
    ],
)
def test_uploads_that_are_refused(
    web: Web, name: str, size: int, key: str | None, status: int, words: str | None
) -> None:
    web.lms.settings["emulator.max_body_bytes"] = 2_000_000
    assert upload(web, name, bytes(size), key=key).status_code == status
    assert words is None or web.refusal.diagnosis.startswith(words)
    assert web.lms.dump()["openedx"].get("media", []) == []
    if status != 500:
        assert upload(web, "a.png", bytes(1024 * 1024)).status_code == 200, "the neighbour is taken"


def test_a_table_of_the_dashboard_puts_people_into_cohorts(web: Web) -> None:
    staff = web.browser(web.info.staff).http
    staff.headers["X-CSRFToken"] = staff.cookies["csrftoken"]
    cohort = {"name": "Red", "assignment_type": "manual"}
    bearer = {"Authorization": f"Bearer {web.info.access_tokens.superuser}"}
    assert web.http.post(f"/api/cohorts/v1/courses/{COURSE}/cohorts/", json=cohort, headers=bearer).status_code == 200
    table = f"username,cohort\r\n{web.info.learner.username},Red\r\n"
    answer = staff.post(TABLES, files={"uploaded-file": ("people.csv", table, "text/csv")})
    assert (answer.status_code, answer.text, answer.headers["content-type"]) == (204, "", "application/json")
    red = next(item for item in web.lms.dump()["openedx"]["cohorts"] if item["name"] == "Red")
    assert red["users"] == [web.info.learner.username]
    for files, words in (
        ({"other": ("people.csv", table)}, "No file uploaded with key 'uploaded-file'."),
        ({"uploaded-file": ("people.txt", table)}, "The file must end with the extension '.csv'."),
        ({"uploaded-file": ("people.csv", "a,b\r\n")}, "The file must contain a 'cohort' column"),
    ):
        answer = staff.post(TABLES, files=files)
        assert (answer.status_code, answer.json()["error"].startswith(words)) == (400, True)
    assert web.http.post(TABLES, headers=bearer).status_code == 401, "it takes no opaque tokens"
    learner = web.browser(web.info.learner)
    assert learner.post(TABLES, {}).status_code == 403


AS_PNG = b"\x89PNG\r\n\x1a\n" + bytes(200)


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        (
            {"files": {"file": ("a.jpg", AS_PNG, "image/jpeg")}},
            "is called a.jpg, its Content-Type is image/jpeg, and its",
        ),
        ({"files": {"file": ("a.png", b"x" * 200, "image/png")}}, "200 bytes begin as neither jpeg, png nor gif"),
        ({"files": {"picture": ("a.png", AS_PNG, "image/png")}}, "no file was sent"),
        ({"data": {"file": "a.png"}}, "`file` was sent as text; send it as a file"),
    ],
)
def test_a_profile_image_that_is_refused_is_described(web: Web, sent: dict[str, Any], said: str) -> None:
    path = f"/api/user/v1/accounts/{web.info.learner.username}/image"
    own = {"Authorization": f"Bearer {web.info.access_tokens.learner}"}
    assert web.http.post(path, headers=own, **sent).status_code == 400
    assert web.refusal.reason == "invalid_image"
    assert said in (web.refusal.diagnosis or "")
    good = {"file": ("a.png", AS_PNG, "image/png")}
    assert web.http.post(path, headers=own, files=good).status_code == 204


def test_fields_of_a_registration_that_nothing_reads_are_named(web: Web) -> None:
    fields = {"username": "newone", "email": "newone@example.com", "password": "Passw0rd!x", "name": "N"}
    for fields["username"], zz, named in (("newone", {"zz": "1"}, ["zz"]), ("newtwo", {}, [])):
        fields["email"] = f"{fields['username']}@example.com"
        answer = web.http.post("/api/user/v2/account/registration/", data={**fields, "honor_code": "true", **zz})
        assert answer.status_code == 200, answer.text
        assert [warning.name for warning in web.lms.requests.last.warnings] == named
