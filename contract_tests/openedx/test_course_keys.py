"""Whatever is sent in place of a course key, the answer is one that the API is known to give."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from urllib.parse import quote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from contract_tests.openedx.conftest import ADMIN, COURSE
from contract_tests.replay.targets import Answer, InProcess
from lms_emulator.app import create_app

#: What a URL takes for a course id, and what the key library then reads. Written down once more, independently.
IN_A_URL = re.compile(r"[^/+]+(/|\+)[^/+]+(/|\+)[^/?]+")
PART = r"[\w\-~.:]+"
READABLE = re.compile(
    rf"course-v1:{PART}\+{PART}\+{PART}(\+branch@{PART})?(\+version@{PART})?|{PART}/{PART}/{PART}|library-v1:{PART}\+{PART}"
)

#: For each API: the path, the statuses for a key that cannot be read, and for one that can but names no course.
APIS = {
    "modes": ("/api/course_modes/v1/courses/{}/", {500}, {200}),
    "enrolment": ("/api/enrollment/v1/enrollment/ada,{}", {500}, {200}),
    "own enrolment": ("/api/enrollment/v1/enrollment/{}", {500}, {200}),
    "enrolment course": ("/api/enrollment/v1/course/{}", {500}, {400}),
    "course": ("/api/courses/v1/courses/{}", {400}, {404}),
    "grades": ("/api/grades/v1/courses/{}/", {404}, {404}),
    "policy": ("/api/grades/v1/policy/courses/{}/", {400}, {404}),
    "certificate": ("/api/certificates/v0/certificates/ada/courses/{}/", {404}, {404}),
    "cohort settings": ("/api/cohorts/v1/settings/{}", {500}, {404}),
    "cohorts": ("/api/cohorts/v1/courses/{}/cohorts/", {500}, {404}),
}

parts = st.one_of(
    st.sampled_from(
        ["course-v1:", "library-v1:", "block-v1:", "CET", "GW_01", "+", "/", "@", " ", "type@x", "%", "é", "?"]
    ),
    st.text(max_size=3),
)
course_keys = st.one_of(
    st.lists(parts, max_size=9).map("".join),
    st.lists(st.text("abcXYZ019._~:-é", min_size=1, max_size=4), min_size=3, max_size=4).map(
        lambda words: "course-v1:" + "+".join(words)
    ),
    st.lists(st.text("abc+", min_size=1, max_size=4), min_size=3, max_size=3).map("/".join),
)


@pytest.fixture(scope="module")
def site() -> Iterator[InProcess]:
    target = InProcess(create_app(settings={"openedx": {"enrollment_staff_rate": "", "course_list_staff_rate": ""}}))
    yield target
    target.close()


def call(site: InProcess, method: str, path: str, body: object = None) -> Answer:
    headers = [("Host", "openedx.localhost"), ("Authorization", f"Bearer {ADMIN}")]
    if body is not None:
        headers.append(("Content-Type", "application/json"))
    return site.send(method, path, headers, None if body is None else json.dumps(body).encode())


def expected(api: str, key: str) -> set[int]:
    _, unreadable, unknown = APIS[api]
    if key == COURSE:
        return {200} if api != "certificate" else {200, 404}
    if api == "course" and (found := IN_A_URL.match(key)):
        key = found.group()  # its pattern has no end: what follows a slash does not count
    return unknown if READABLE.fullmatch(key) else unreadable


@pytest.mark.parametrize("api", sorted(APIS))
@example(key=COURSE)
@example(key="a+b+c")
@example(key="course-v1:a+b+c+d")
@example(key="course-v1:a b+c+d")
@example(key="library-v1:a+b")
@example(key="edX/DemoX/Demo")
@given(key=course_keys)
def test_a_key_in_the_path(site: InProcess, api: str, key: str) -> None:
    answer = call(site, "GET", APIS[api][0].format(quote(key, safe="")))
    in_a_url = IN_A_URL.match(key) if api == "course" else IN_A_URL.fullmatch(key)
    if in_a_url is None or key.endswith("\n"):
        assert answer.status in {200, 301, 404, *expected(api, key)}  # another route, or none
        return
    assert answer.status in expected(api, key) | {404, 301}, (key, answer)
    if answer.status == 500:
        assert "There has been a 500 error" in answer.body


@example(key="a+b+c")
@example(key="")
@given(key=course_keys)
def test_a_key_in_the_query(site: InProcess, key: str) -> None:
    encoded = quote(key, safe="")
    blocks = call(site, "GET", f"/api/courses/v1/blocks/?all_blocks=true&course_id={encoded}")
    listed = call(site, "GET", f"/api/enrollment/v1/enrollments?course_id={encoded}")
    grades = call(site, "GET", f"/api/grades/v1/courses/?course_id={encoded}")
    if READABLE.fullmatch(key):
        old = "/" in key and ":" not in key.split("/")[0][:10]
        assert blocks.status in ({500} if old else {200, 400, 404, 500})
        assert (listed.status, grades.status) in {(200, 200), (200, 404)}
    else:
        assert blocks.status == 400
        assert listed.status == (400 if key.strip() else 200)
        assert grades.status == 404


@example(key="a+b+c")
@given(key=course_keys)
def test_a_key_in_the_body(site: InProcess, key: str) -> None:
    answer = call(site, "POST", "/api/enrollment/v1/enrollment", {"course_details": {"course_id": key}})
    assert answer.status == (200 if key == COURSE else 400)
    document = json.loads(answer.body)
    if key != COURSE:
        wanted = f"No course '{key}' found for enrollment" if key else "Course ID must be specified to create a new"
        assert document["message"].startswith(wanted)
