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
        (f"{COURSES}/101", "there is no course 101; this world has 1, 2, 3; 101 is the id of a user"),
        (f"{COURSES}/1/assignments/77", "there is no assignment 77"),
        (f"{COURSES}/2/assignments/1", "assignment 1 is not in course 2, but in course 1"),
        (f"{COURSES}/1/quizzes/9", "there is no quiz 9: this world has none"),
        (f"{COURSES}/1/pages/nowhere", "course 1 has no page `nowhere`"),
        (f"{COURSES}/sis_course_id:x", "no course has the sis_course_id `x`"),
        (f"{COURSES}/ENG101", "`ENG101` names no course; this world has 1, 2"),
        (f"{COURSES}/None", "`None` was sent: the variable that should hold the id of the course has no value"),
        (f"{COURSES}/:id/users", "`:id` is a placeholder of the documentation; the id of the course goes there"),
        ("/canvas/api/v1/users/10000000000999/profile", None),
        (
            "/canvas/api/v1/sections/3/assignments/2/submissions/1",
            "assignment 2 is in course 1, and section 3 in course 3",
        ),
        ("/canvas/api/v1/audit/grade_change/graders/1", "there is no user 1; this world has 101, 102"),
        ("/canvas/api/v1/audit/grade_change/courses/1/assignments/1/graders/1", "there is no person 1; this world has"),
        ("/canvas/api/v1/users/101/folders/1", "folder 1 is not in user 101, but in course 1"),
        (f"{COURSES}/2/discussion_topics/1", "topic 1 is not in course 2, but in course 1"),
        ("/canvas/api/v1/progress/1", "there is no progress 1: this world has none"),
        ("/canvas/api/v1/planner/overrides/1", "there is no planner override 1: this world has none"),
        ("/canvas/api/v1/global/outcome_groups/1", "the world has no such account"),
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
    progress, tokens = f"/openedx/api/course_home/progress/{course}", lms.openedx.access_tokens
    assert diagnosed(lms, "GET", f"{progress}/999", tokens.superuser) == "there is no user 999"
    other = f"{progress}/{lms.openedx.superuser.id}"
    assert str(diagnosed(lms, "GET", other, tokens.learner)).endswith(f"and not on the staff of {course}")
    found = diagnosed(lms, "GET", f"/openedx/api/grades/v1/gradebook/{course}/", lms.openedx.access_tokens.learner)
    assert found == f"ada is neither staff nor superuser of the site, and has no role in {course}"


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("course_1.ics", "1 is the id of the course; feeds have a uuid"),
        ("course_x.ics", "no course has this uuid, or it was deleted"),
        ("course_x", "the path of a feed ends in .ics or .atom"),
        ("school_x.ics", "the code of a feed is `course_`, `group_`, `user_`, `enrollment_`, and a uuid"),
    ],
)
def test_a_feed_that_nobody_has(lms: Emulator, code: str, words: str) -> None:
    url, visitor = f"{lms.url}/canvas/feeds/calendars/", {"User-Agent": "test"}
    assert httpx.get(f"{url}{code}", headers=visitor, trust_env=False).status_code == 400
    refusal = lms.requests.last.refusal
    assert refusal is not None
    assert (refusal.reason, refusal.got) == ("feed_unknown", code)
    assert words in (refusal.diagnosis or "")
    headers = {"Authorization": f"Bearer {lms.canvas.access_tokens.admin}"}
    course = httpx.get(f"{lms.url}{COURSES}/1", headers=headers, trust_env=False).json()
    assert httpx.get(course["calendar"]["ics"], headers=visitor, trust_env=False).status_code == 200


def test_a_site_without_zendesk(lms: Emulator) -> None:
    token = httpx.post(
        f"{lms.url}/openedx/oauth2/access_token",
        data={
            "grant_type": "password",
            "token_type": "jwt",
            "client_id": lms.openedx.clients.password.client_id,
            "client_secret": lms.openedx.clients.password.client_secret,
            "username": lms.openedx.learner.username,
            "password": lms.openedx.learner.password,
        },
    ).json()["access_token"]
    answer = httpx.post(
        f"{lms.url}/openedx/zendesk_proxy/v1",
        headers={"Authorization": f"JWT {token}"},
        json={"subject": "Help", "comment": {"body": "Please"}},
    )
    refusal = lms.requests.last.refusal
    assert refusal is not None
    assert (answer.status_code, refusal.reason) == (503, "no_zendesk")
    assert (refusal.diagnosis or "").startswith("the ticket is complete; the emulated site has no Zendesk")
