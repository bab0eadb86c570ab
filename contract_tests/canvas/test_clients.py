"""canvasapi, unmodified, against the emulated Canvas."""

from __future__ import annotations

import warnings
from typing import Any

import pytest
from canvasapi import Canvas
from canvasapi.exceptions import Forbidden, InvalidAccessToken, ResourceDoesNotExist, Unauthorized

from contract_tests.canvas.support import Site


def client(site: Site, token: str) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # canvasapi warns about http
        made = Canvas(site.url, token)
    site.on_close(made._Canvas__requester._session.close)
    return made


def test_reading(canvas: Site) -> None:
    api = client(canvas, canvas.info.access_tokens.student)
    me = api.get_current_user()
    assert (me.id, me.name) == (101, "Ada Lovelace")
    assert me.get_profile()["primary_email"] == "ada.lovelace@example.edu"
    assert [c.name for c in api.get_courses()] == ["Analytical Engines", "History of Computing"]
    course = api.get_course(1)
    assert course.start_at_date.year == 2026
    assert [u.name for u in course.get_users()] == ["Charles Babbage", "Grace Hopper", "Ada Lovelace"]
    assert [e.type for e in course.get_enrollments()][-1] == "TeacherEnrollment"
    assert [f.display_name for f in course.get_files()] == ["notes.html", "syllabus.txt"]
    assert [f.name for f in course.get_folders()] == ["course files"]
    assert [p.title for p in course.get_pages()] == ["Home"]
    assert course.get_page("home").body == "<p>Start here.</p>"
    assert [m.name for m in course.get_modules()] == ["Week 1"]
    assert [a.name for a in course.get_assignments()] == ["Exercise 1", "Essay"]
    assert course.get_assignment(2).points_possible == 20
    assert [t.title for t in course.get_discussion_topics()] == ["Can the engine compose music?"]
    assert [a.title for a in api.get_announcements(context_codes=["course_1"])] == ["Welcome"]
    file = course.get_file(1)
    assert file.get_contents() == "Week 1: the difference engine. Week 2: the analytical engine."


def test_pages_are_followed(canvas: Site) -> None:
    api = client(canvas, canvas.info.access_tokens.student)
    assert len(list(api.get_course(1).get_users(per_page=1))) == 3


def test_writing(canvas: Site) -> None:
    api = client(canvas, canvas.info.access_tokens.teacher)
    course = api.get_course(3)
    enrollment = course.enroll_user(101, enrollment={"type": "StudentEnrollment", "enrollment_state": "active"})
    assert enrollment.user_id == 101
    assert enrollment.deactivate("conclude").enrollment_state == "completed"
    topic = course.create_discussion_topic(title="Exam", message="Monday", is_announcement=True)
    assert topic.is_announcement
    assert [a.title for a in api.get_announcements(context_codes=["course_3"])] == ["Exam"]


def test_its_errors_tell_dead_tokens_from_missing_rights(canvas: Site) -> None:
    student = client(canvas, canvas.info.access_tokens.student)
    with pytest.raises(Forbidden):
        student.get_course(3)
    with pytest.raises(ResourceDoesNotExist):
        student.get_course(99)
    canvas.lms.settings["canvas.permission_denied_status"] = 401
    with pytest.raises(Unauthorized):
        student.get_course(3)
    for token in (canvas.info.access_tokens.expired, "garbage"):
        with pytest.raises(InvalidAccessToken):
            client(canvas, token).get_current_user()


def test_a_token_from_the_whole_flow(canvas: Site) -> None:
    tokens = canvas.tokens("teacher")
    assert client(canvas, tokens["access_token"]).get_current_user().name == "Grace Hopper"
    canvas.token(grant_type="refresh_token", refresh_token=tokens["refresh_token"])
    with pytest.raises(InvalidAccessToken):
        client(canvas, tokens["access_token"]).get_current_user()
