"""Mistakes in REST requests that integrators make by hand, sent with requests: each is named by the member and what to
do about it, and the right neighbour is taken.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests

from contract_tests.credentials.test_integrators_mistakes import Wrong, diagnosed, each
from lms_emulator import Emulator

Send = Callable[..., Callable[[], requests.Response]]


@pytest.fixture(scope="module")
def session() -> Iterator[requests.Session]:
    with requests.Session() as session:
        session.trust_env = False
        yield session


@pytest.fixture
def canvas(lms: Emulator, session: requests.Session) -> Send:
    """Makes a request to Canvas, of the demo teacher unless another token is given."""
    info = lms.canvas

    def send(method: str, path: str, token: str = info.access_tokens.teacher, **more: Any) -> Any:
        more.setdefault("headers", {"Authorization": f"Bearer {token}"} if token else {})
        base = more.pop("base", f"{info.url}/api/v1")
        return lambda: session.request(method, f"{base}{path}", allow_redirects=False, **more)

    return send


@pytest.fixture
def edx(lms: Emulator, session: requests.Session) -> Send:
    info = lms.openedx

    def send(method: str, path: str, token: str = info.access_tokens.superuser, **more: Any) -> Any:
        headers = ({"Authorization": f"Bearer {token}"} if token else {}) | more.pop("headers", {})
        return lambda: session.request(method, f"{info.url}{path}", headers=headers, allow_redirects=False, **more)

    return send


def test_kinds_of_ids_at_canvas(lms: Emulator, canvas: Send) -> None:
    each(
        lms,
        {
            "a kind that is none": (
                canvas("GET", "/courses/sis_id:X"),
                "`sis_id` is not a kind of id of a course; there are lti_context_id, sis_course_id",
            ),
            "a kind of other records": (canvas("GET", "/courses/sis_user_id:X"), "it is one of users"),
            "an id of nothing": (canvas("GET", "/courses/sis_course_id:X"), "no course has the sis_course_id `X`"),
            "a slash in an id": (
                canvas("GET", "/courses/sis_course_id:A/B/assignments"),
                "write a slash within an id as %2F",
            ),
            "a login in a path": (
                canvas("GET", "/users/ada.lovelace/profile"),
                "`ada.lovelace` is the unique id of user 101",
            ),
            "an id of LTI": (
                canvas("GET", f"/users/{lms.canvas.student.lti_id}/profile"),
                "is the lti id of user 101",
            ),
            "a login in a form": (
                canvas(
                    "POST",
                    "/courses/1/enrollments",
                    data={"enrollment[user_id]": "ada.lovelace", "enrollment[type]": "StudentEnrollment"},
                ),
                "`ada.lovelace` is the unique id of user 101",
            ),
            "a course in JSON": (
                canvas(
                    "POST",
                    "/courses/1/content_migrations",
                    json={"migration_type": "course_copy_importer", "settings": {"source_course_id": 99}},
                ),
                "there is no course 99; this world has",
            ),
            "a person to act as": (
                canvas("GET", "/users/self?as_user_id=999", lms.canvas.access_tokens.admin),
                "no user is `999`",
            ),
            "nobody": (canvas("GET", "/users/self", ""), "nobody is signed in: send `Authorization: Bearer <token>`"),
            "a page for people": (
                canvas(
                    "GET",
                    "/courses/1/assignments",
                    base=lms.canvas.url,
                    headers={
                        "Authorization": f"Bearer {lms.canvas.access_tokens.teacher}",
                        "Accept": "application/json",
                    },
                ),
                "REST has `/api/v1/courses/1/assignments`",
            ),
        },
    )
    sis = lms.dump()["canvas"]["courses"][0].get("sis_course_id")
    assert canvas("GET", f"/courses/sis_course_id:{sis}" if sis else "/courses/1")().status_code == 200
    assert (
        canvas("GET", "/users/sis_login_id:ada.lovelace/profile", lms.canvas.access_tokens.admin)().status_code == 200
    )
    assert diagnosed(lms) == ""


def test_values_at_canvas(lms: Emulator, canvas: Send) -> None:
    def make(**members: object) -> Callable[[], requests.Response]:
        return canvas("POST", "/courses/1/assignments", data={f"assignment[{k}]": v for k, v in members.items()})

    form = {"Content-Type": "application/x-www-form-urlencoded"}
    plus = {"Authorization": f"Bearer {lms.canvas.access_tokens.teacher}", **form}
    in_berlin = "assignment[due_at]=2026-12-24T10:00:00+01:00"
    wrong: Wrong = {
        "a list as one text": (
            make(name="x", submission_types="online_upload,online_url"),
            "send each value as a `assignment[submission_types][]`",
        ),
        "a hyphen": (
            canvas("POST", "/courses/1/assignments", data={
                "assignment[name]": "x", "assignment[submission_types][]": "online-upload"
            }),
            "`assignment[submission_types]` was sent as online-upload: did you mean online_upload?",
        ),
        "a near word": (make(name="x", grading_type="percentage"), "was sent as percentage: did you mean percent?"),
        "a day": (make(name="x", due_at="2026-12-24"), "a time of day and a zone belong to it: 2026-12-24T00:00:00Z"),
        "day first": (make(name="x", due_at="24.12.2026"), "was sent as 24.12.2026; the year comes first"),
        "seconds": (make(name="x", due_at="1798070400"), "it counts seconds since 1970"),
        "a plus": (
            canvas("PUT", "/courses/1/assignments/1", data=in_berlin, headers=plus),
            "the + of its zone became a space: write %2B",
        ),
        "words": (make(name="x", due_at="soon"), "times are written as ISO 8601 has them"),
        "an event": (canvas("DELETE", "/courses/1?event=remove"), "was sent as remove: it is one of conclude, delete"),
        "a kind of quiz": (
            canvas("POST", "/courses/1/quizzes", data={"quiz[title]": "x", "quiz[quiz_type]": "graded"}),
            "`quiz[quiz_type]` was sent as graded: it is one of assignment, graded_survey",
        ),
        "a kind of enrollment": (
            canvas("POST", "/courses/1/enrollments", data={
                "enrollment[user_id]": "102", "enrollment[type]": "student_enrollment"
            }),
            "`enrollment[type]` was sent as student_enrollment: did you mean StudentEnrollment?",
        ),
        "a page": (canvas("GET", "/courses?page=0"), "`page` was sent as 0; pages are counted from 1"),
        "a bookmark": (canvas("GET", "/courses/1/users?page=bookmark:x"), "this list has numbers"),
        "a context": (
            canvas("POST", "/calendar_events", data={
                "calendar_event[title]": "x", "calendar_event[context_code]": "courses_1"
            }),
            "`courses_1` is not a context code",
        ),
    }  # fmt: skip
    each(lms, wrong)
    assert make(name="x", due_at="2026-12-24T10:00:00Z", grading_type="percent")().status_code == 201
    assert diagnosed(lms) == ""


def test_pages_and_choices_at_canvas(lms: Emulator, canvas: Send) -> None:
    admin, student = lms.canvas.access_tokens.admin, lms.canvas.access_tokens.student
    page, pages = {"wiki_page": {"title": "First steps"}}, "/courses/1/pages"
    assert canvas("POST", pages, json=page)().status_code == 200
    assert canvas("PUT", f"{pages}/first-steps", json={"wiki_page": {"title": "Next steps"}})().status_code == 200
    assert canvas("POST", pages, json={"wiki_page": {"title": "Gone"}})().status_code == 200
    assert canvas("DELETE", f"{pages}/gone")().status_code == 200
    work = {"assignment": {"name": "W", "submission_types": ["online_texts"]}}
    each(
        lms,
        {
            "a page that is not there": (
                canvas("GET", f"{pages}/syllabus"),
                "course 1 has no page `syllabus`; it has home",
            ),
            "a page misspelt": (canvas("GET", f"{pages}/hom"), "did you mean `home`?"),
            "a page that was renamed": (canvas("GET", f"{pages}/first-steps"), "is called `next-steps` now"),
            "a page that was deleted": (canvas("GET", f"{pages}/gone"), "the page `gone` was deleted"),
            "a page of another course": (
                canvas("GET", "/courses/2/pages/home", admin),
                "the page `home` is in course 1",
            ),
            "an unknown word in a list": (
                canvas("POST", "/courses/1/assignments", json=work),
                "was sent as a list with online_texts: each is one of discussion_topic, external_tool",
            ),
            "a list for one word": (
                canvas(
                    "POST",
                    "/courses/1/assignments/1/submissions",
                    student,
                    json={"submission": {"submission_type": ["online_text_entry"]}},
                ),
                "`submission[submission_type]` was sent as a list with online_text_entry",
            ),
        },
    )
    assert canvas("GET", f"{pages}/next-steps")().status_code == 200
    work["assignment"]["submission_types"] = ["online_text_entry"]
    assert canvas("POST", "/courses/1/assignments", json=work)().status_code == 201
    imports = "/accounts/1/sis_imports"
    assert canvas("POST", f"{imports}?import_type=csv", admin, data=b"user_id\n1")().status_code == 500
    assert "`import_type` was sent as `csv`: the only one here is instructure_csv" in diagnosed(lms)


def test_what_is_missing_or_in_the_wrong_place(lms: Emulator, canvas: Send) -> None:
    tool = {"name": "x", "consumer_key": "k", "shared_secret": "s"}
    json_text = {"Authorization": f"Bearer {lms.canvas.access_tokens.teacher}"}
    each(
        lms,
        {
            "everything at the top": (
                canvas("POST", "/courses/1/quizzes", json={"title": "x", "shuffle_answers": True}),
                "`title` was sent at the top; write `quiz[title]`",
            ),
            "an enrollment at the top": (
                canvas("POST", "/courses/1/enrollments", data={"user_id": "102", "type": "StudentEnrollment"}),
                "`user_id` was sent at the top; write `enrollment[user_id]`",
            ),
            "one of several": (
                canvas("POST", "/courses/1/external_tools", data=tool), "none of `domain`, `url` was sent",
            ),
            "an item of nothing": (
                canvas("POST", "/courses/1/modules/1/items", data={"module_item[title]": "x"}),
                "no `module_item[content_id]` and no `module_item[type]` was sent",
            ),
            "whose override": (
                canvas("POST", "/courses/1/assignments/1/overrides", data={
                    "assignment_override[due_at]": "2026-12-24T10:00:00Z"
                }),
                "`assignment_override[student_ids]` was sent",
            ),
            "no Content-Type": (
                canvas("POST", "/courses/1/assignments", data='{"assignment": {"name": "x"}}', headers=json_text),
                "the body is JSON, and its Content-Type says nothing: send application/json",
            ),
            "an upload's fields": (
                lambda: requests.post(f"{lms.canvas.url}/files_api", files={"file": ("a.txt", b"x")}),
                "every member of the first answer's `upload_params`",
            ),
            "an upload as JSON": (
                lambda: requests.post(f"{lms.canvas.url}/files_api", json={"file": "x"}),
                "send a form, multipart/form-data",
            ),
            "whose rights": (
                canvas("POST", "/accounts/1/users", data={"user[name]": "x", "pseudonym[unique_id]": "zz"}),
                "`manage_user_logins` belongs to AccountAdmin",
            ),
        },
    )  # fmt: skip
    assert canvas("POST", "/courses/1/external_tools", data=tool | {"domain": "x.example"})().status_code == 200


def test_values_at_open_edx(lms: Emulator, edx: Send) -> None:
    info = lms.openedx
    enrol, course = "/api/enrollment/v1/enrollment", {"course_id": info.course_id}
    me, merge = f"/api/user/v1/accounts/{info.superuser.username}", {"Content-Type": "application/merge-patch+json"}
    each(
        lms,
        {
            "a truth value": (
                edx("GET", "/api/courses/v1/courses/?mobile=yes"), "`mobile` was sent as yes: Invalid Boolean Value.",
            ),
            "a choice": (
                edx("POST", enrol, json={"user": "ada", "mode": "professional", "course_details": course}),
                "`mode` was sent as professional: it is one of audit, honor, verified",
            ),
            "a list": (
                edx("POST", "/api/bulk_enroll/v1/bulk_enroll", json={
                    "identifiers": ["ada"], "courses": info.course_id, "action": "enroll"
                }),
                "`identifiers` was sent as a list: Not a valid string.",
            ),
            "no key": (
                edx("POST", enrol, json={"course_details": {"course_id": "CET/GW_01"}}),
                "`CET/GW_01` is not a course key; it is written course-v1:Org+Course+Run",
            ),
            "nobody": (edx("POST", enrol, json={"user": "xyz", "course_details": course}), "there is no user xyz"),
            "no token": (edx("GET", "/api/user/v1/me", ""), "no credentials were sent; send `Authorization: "),
            "a method": (edx("PUT", "/api/user/v1/accounts/ada", json={}), "PUT was sent; this path takes GET, PATCH"),
            "what was replaced": (edx("GET", "/api/user/v1/me", "abc"), "each refresh and each revocation removes"),
            "what expired": (edx("GET", "/api/user/v1/me", info.access_tokens.expired), "it expired at 2022-01-01"),
            "a key in the path": (
                edx("GET", "/api/courses/v1/blocks/block-v1:x"), "`usage_key` was sent as block-v1:x",
            ),
            "what cannot be changed": (
                edx("PATCH", me, data='{"username": "lovelace"}', headers=merge),
                "`username` was sent as lovelace: This field is not editable via this API",
            ),
            "grades of nobody": (
                edx("GET", f"/api/grades/v1/courses/{info.course_id}/?username=nobody"), "there is no user nobody",
            ),
        },
    )  # fmt: skip
    assert edx("POST", enrol, json={"user": "ada", "mode": "audit", "course_details": course})().status_code == 200
    assert diagnosed(lms) == ""


@pytest.mark.parametrize(
    ("name", "path", "meant"),
    [
        ("canvas", "/oauth/token", "/login/oauth2/token"),
        ("canvas", "/login/oauth2/authorize", "/login/oauth2/auth"),
        ("brightspace", "/oauth2/token", "/core/connect/token"),
        ("openedx", "/oauth2/token", "/oauth2/access_token"),
    ],
)
def test_addresses_of_other_platforms(
    lms: Emulator, session: requests.Session, name: str, path: str, meant: str
) -> None:
    site = getattr(lms, name)
    assert session.post(f"{site.url}{path}", data={"grant_type": "authorization_code"}).status_code == 404
    assert diagnosed(lms).endswith(f"at `{meant}`")
    assert session.post(f"{site.url}{meant}").status_code != 404 or "auth" in meant


@pytest.mark.parametrize(
    ("name", "path", "meant"),
    [
        ("canvas", "/api/lti/courses/1/memberships", "`/api/lti/courses/1/names_and_roles`"),
        ("canvas", "/api/lti/courses/1/nrps/memberships", "`/api/lti/courses/1/names_and_roles`"),
        ("canvas", "/api/lti/courses/1/lineitems", "`/api/lti/courses/1/line_items`"),
        ("learningstudio", "/User/4433390", "`/users/4433390`"),
        ("learningstudio", "/USER/4433390/course", "`/users/{userId}/courses`"),
        ("learningstudio", "/course/3433672/roster", "`/courses/3433672/roster`"),
    ],
)
def test_paths_in_other_words(lms: Emulator, session: requests.Session, name: str, path: str, meant: str) -> None:
    assert session.get(f"{getattr(lms, name).url}{path}").status_code == 404
    assert meant in diagnosed(lms)
    assert session.get(f"{lms.canvas.url}/api/lti/courses/1/names_and_roles").status_code == 401


def test_what_came_in_another_container_and_was_ignored(lms: Emulator, canvas: Send) -> None:
    admin = lms.canvas.access_tokens.admin
    for send, words in (
        (
            canvas("POST", "/accounts/1/courses", admin, data={"course_code": "X"}),
            "did you mean `course[course_code]`?",
        ),
        (canvas("POST", "/courses/1/sections", json={"name": "x"}), "did you mean `course_section[name]`?"),
    ):
        assert send().status_code == 200
        (warning,) = lms.requests.last.warnings
        assert words in warning.message
    assert canvas("POST", "/courses/1/sections", json={"course_section": {"name": "x"}})().status_code == 200
    assert lms.requests.last.warnings == []
