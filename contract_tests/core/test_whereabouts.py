"""A missing record is located, and a refused permission names the roles that have it."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from lms_emulator import Emulator

COURSES = "/canvas/api/v1/courses"


@pytest.fixture(scope="module")
def lms() -> Iterator[Emulator]:
    with Emulator.start() as lms:
        yield lms


def diagnosed(lms: Emulator, method: str, path: str, token: str = "", world: str = "") -> str | None:
    headers = {"Authorization": f"Bearer {token or lms.canvas.access_tokens.admin}"}
    answer = httpx.request(method, f"{lms.url}{world}{path}", headers=headers, trust_env=False)
    assert answer.status_code in (401, 403, 404), answer.text
    refusal = lms.requests.last.refusal
    assert refusal is not None
    diagnosis: str | None = refusal.diagnosis
    return diagnosis


@pytest.mark.parametrize(
    ("path", "words"),
    [
        (f"{COURSES}/99/modules", "there is no course 99; this world has 1, 2, 3"),
        (f"{COURSES}/1/assignments/77", "there is no assignment 77"),
        (f"{COURSES}/2/assignments/1", "assignment 1 is not in course 2, but in course 1"),
        (f"{COURSES}/1/quizzes/9", "there is no quiz 9: this world has none"),
        (f"{COURSES}/1/pages/nowhere", "course 1 exists (`available`), but the requested part of it is not"),
        (f"{COURSES}/sis_course_id:x", "no course has the sis_course_id `x`"),
        (f"{COURSES}/ENG101", "`ENG101` names no course; this world has 1, 2"),
        (f"{COURSES}/None", "`None` was sent: the variable that should hold the id of the course has no value"),
        (f"{COURSES}/:id/users", "`:id` is a placeholder of the documentation; the id of the course goes there"),
        ("/canvas/api/v1/users/10000000000999/profile", None),
        (f"/openlearning/v2.2/courses/{'0' * 24}/classes/?api_key=KEY", "there is no course 0000"),
    ],
)
def test_a_missing_record(lms: Emulator, path: str, words: str | None) -> None:
    found = diagnosed(lms, "GET", path.replace("KEY", lms.openlearning.api_key))
    assert found == words if words is None or found is None else words in found


def test_a_record_that_was_deleted_or_is_in_another_world(lms: Emulator) -> None:
    token = lms.canvas.access_tokens.admin
    headers = {"Authorization": f"Bearer {token}"}
    made = httpx.post(f"{lms.url}{COURSES}/1/assignments", headers=headers, json={"assignment": {"name": "x"}})
    number = made.json()["id"]
    other = lms.new_world("other")
    url = f"{other.canvas.url}/api/v1/courses/1/assignments/{number}"
    answer = httpx.get(url, headers={"Authorization": f"Bearer {other.canvas.access_tokens.admin}"})
    assert answer.status_code == 404
    here = other.requests.last.refusal.diagnosis
    assert here == f"assignment {number} is in the world `default`; the request came to `other`"
    httpx.delete(f"{lms.url}{COURSES}/1/assignments/{number}", headers=headers)
    assert diagnosed(lms, "GET", f"{COURSES}/1/assignments/{number}") == f"assignment {number} was deleted"


def test_a_permission_that_is_missing(lms: Emulator) -> None:
    found = diagnosed(lms, "POST", f"{COURSES}/1/assignments", lms.canvas.access_tokens.student)
    assert found is not None
    assert found.startswith("user 101 is StudentEnrollment in course 1; `manage_assignments_add` belongs to ")
    assert "TeacherEnrollment" in found
    student = lms.brightspace.access_tokens.student
    found = diagnosed(lms, "GET", "/brightspace/d2l/api/le/1.75/6836/grades/501/values/", student)
    assert found is not None
    assert "in org unit 6836; Grades.SeeAll belongs to " in found
    course = "course-v1:DemoX+DemoCourse+T2024"
    found = diagnosed(lms, "GET", f"/openedx/api/grades/v1/gradebook/{course}/", lms.openedx.access_tokens.learner)
    assert found == f"ada is neither staff nor superuser of the site, and has no role in {course}"
