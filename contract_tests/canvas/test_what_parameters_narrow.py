"""Parameters that filter or change an answer, each with something to leave out."""

from __future__ import annotations

from typing import Any

from contract_tests.canvas.grading import ADA, COURSE, made, team, work
from contract_tests.canvas.support import Site
from contract_tests.canvas.test_files import upload

API = "/api/v1"
CHARLES, TEACHER = 102, 103


def ids(answer: Any, name: str = "id") -> list[Any]:
    assert answer.status_code == 200, answer.text
    body = answer.json()
    return [pair[name] for pair in (body if isinstance(body, list) else next(iter(body.values())))]


def test_conversations_by_all_or_any_of_what_is_asked_for(canvas: Site) -> None:
    teacher = canvas.teacher
    sent = {"recipients": [ADA], "subject": "Hi", "body": "x", "context_code": "course_1", "force_new": True}
    number = teacher.post(f"{API}/conversations", json=sent).json()[0]["id"]
    both = {"filter": [f"user_{ADA}", f"user_{CHARLES}"]}
    asked = {"filter[]": both["filter"]}
    path = f"{API}/conversations/{number}"
    for mode, seen in (("or", True), ("and", False)):
        narrow = asked | {"filter_mode": mode, "scope": "sent"}
        assert (number in ids(teacher.get(f"{API}/conversations", params=narrow))) is seen
        assert teacher.get(path, params=narrow).json()["visible"] is seen
        more = both | {"filter_mode": mode, "scope": "sent"}
        read = teacher.put(path, json=more | {"conversation": {"workflow_state": "read"}})
        assert read.json()["visible"] is seen


def test_blank_filters_of_conversations(canvas: Site) -> None:
    teacher, path = canvas.teacher, f"{API}/conversations"
    sent = {"recipients": [ADA], "body": "x", "context_code": "course_1", "force_new": True}
    number = teacher.post(path, json=sent).json()[0]["id"]
    assert number in ids(teacher.get(path, params={"scope": "sent", "filter": ""}))
    assert number not in ids(teacher.get(path, params={"scope": "sent", "filter[]": ""}))
    assert teacher.get(path, params={"filter_mode": ""}).status_code == 400


def test_recipients_by_name_and_by_a_conversation_with_them(canvas: Site) -> None:
    teacher = canvas.teacher
    topic = made(teacher, "discussion_topics", title="T", published=True)["id"]
    group = team(teacher, ADA, CHARLES)["id"]
    theirs = teacher.post(f"{API}/groups/{group}/discussion_topics", json={"title": "T"}).json()["id"]
    for place in (f"{COURSE}/discussion_topics/{topic}", f"{API}/groups/{group}/discussion_topics/{theirs}"):
        everybody = ids(teacher.get(f"{place}/messageable_users"))
        found = ids(teacher.get(f"{place}/messageable_users", params={"search": "lovelace"}))
        assert found == [ADA]
        assert len(everybody) > 1


def test_courses_of_an_account_by_name_or_teacher(canvas: Site) -> None:
    listed = f"{API}/accounts/1/courses"
    term = {"search_term": "hopper"}
    assert ids(canvas.admin.get(listed, params=term)) == []
    assert 1 in ids(canvas.admin.get(listed, params=term | {"search_by": "teacher"}))
    rising = ids(canvas.admin.get(listed, params={"sort": "course_name"}), "name")
    assert ids(canvas.admin.get(listed, params={"sort": "course_name", "order": "desc"}), "name") == rising[::-1]
    canvas.admin.delete(COURSE, params={"event": "delete"})
    for path in (COURSE, f"{listed}/1"):
        assert canvas.admin.get(path, params={"include[]": "all_courses"}).status_code == 200
        assert canvas.admin.get(path).status_code == 404


def test_activity_of_courses_alone(canvas: Site) -> None:
    """Only current courses count; conversations and groups are left out."""
    student = canvas.student
    news = {"title": "News", "message": "x", "is_announcement": True}
    assert canvas.teacher.post(f"{COURSE}/discussion_topics", json=news).is_success
    sent = {"recipients": [ADA], "subject": "Hi", "body": "x", "context_code": "course_1"}
    assert canvas.teacher.post(f"{API}/conversations", json=sent).is_success
    for path in ("users/activity_stream", "users/self/activity_stream", "users/self/activity_stream/summary"):
        for active, talks in (("true", False), ("false", True)):
            kinds = ids(student.get(f"{API}/{path}", params={"only_active_courses": active}), "type")
            assert ("Announcement" in kinds, "Conversation" in kinds) == (True, talks)


def test_events_of_appointments_and_of_kinds_of_work(canvas: Site) -> None:
    teacher, student = canvas.teacher, canvas.student
    slots = {"0": ["2030-03-01T10:00:00Z", "2030-03-01T11:00:00Z"]}
    group = {"context_codes": ["course_1"], "title": "Talks", "new_appointments": slots, "publish": True}
    number = teacher.post(f"{API}/appointment_groups", json={"appointment_group": group}).json()["id"]
    day = {"start_date": "2030-03-01", "end_date": "2030-03-02"}
    for path in (f"{API}/calendar_events", f"{API}/users/{ADA}/calendar_events"):
        assert ids(student.get(path, params=day)) == []
        assert len(ids(student.get(path, params=day | {"appointment_group_ids": str(number)}))) == 1
    work(teacher, name="Essay", due_at="2030-03-01T12:00:00Z")
    asked = day | {"type": "assignment", "context_codes[]": "course_1"}
    for path in (f"{API}/calendar_events", f"{API}/users/{ADA}/calendar_events"):
        for name, kind, left in (
            ("submission_types[]", "online_text_entry", 1),
            ("submission_types[]", "online_quiz", 0),
            ("exclude_submission_types[]", "online_quiz", 1),
            ("exclude_submission_types[]", "online_text_entry", 0),
        ):
            assert len(ids(student.get(path, params=asked | {name: kind}))) == left


def test_the_log_of_a_course_between_times(canvas: Site) -> None:
    assert canvas.admin.put(COURSE, json={"course": {"name": "Engines"}}).is_success
    for path in (f"{API}/audit/course/courses/1", f"{API}/audit/course/accounts/1"):
        now = canvas.lms.clock.now
        for name, year, some in (
            ("start_time", now.year - 1, True),
            ("start_time", now.year + 1, False),
            ("end_time", now.year + 1, True),
            ("end_time", now.year - 1, False),
        ):
            found = canvas.admin.get(path, params={name: f"{year}-01-01T00:00:00Z"}).json()["events"]
            assert bool(found) is some, (path, name, year)


def test_quizzes_for_longer(canvas: Site) -> None:
    teacher = canvas.teacher
    quiz = made(teacher, "quizzes", quiz={"title": "Q", "time_limit": 60, "published": True})["id"]
    own = canvas.student.post(f"{COURSE}/quizzes/{quiz}/submissions").json()["quiz_submissions"][0]
    for path in (f"{COURSE}/quizzes/{quiz}/extensions", f"{COURSE}/quiz_extensions"):
        for name in ("extend_from_now", "extend_from_end_at"):
            before = canvas.student.get(f"{COURSE}/quizzes/{quiz}/submissions/{own['id']}").json()["quiz_submissions"]
            sent = {"quiz_extensions": [{"user_id": ADA, name: 30}]}
            assert teacher.post(path, json=sent).status_code == 200
            after = canvas.student.get(f"{COURSE}/quizzes/{quiz}/submissions/{own['id']}").json()["quiz_submissions"]
            assert after[0]["end_at"] != before[0]["end_at"], (path, name)


def test_what_a_timetable_says_of_a_section(canvas: Site) -> None:
    path = f"{COURSE}/calendar_events/timetable"
    canvas.admin.put(COURSE, json={"course": {"start_at": "2030-03-01T00:00:00Z", "end_at": "2030-04-01T00:00:00Z",
                                              "restrict_enrollments_to_course_dates": True}})  # fmt: skip
    times = {"weekdays": "monday", "start_time": "11:00 am", "end_time": "11:50 am"}
    assert canvas.teacher.post(path, json={"timetables": {"1": [times]}}).json() == {"status": "ok"}
    found = canvas.teacher.get(path).json()["1"]
    assert (found[0]["weekdays"], found[0]["start_time"]) == ("monday", "11:00 am")


def test_an_observer_of_a_section(canvas: Site) -> None:
    asked = {"user_id": CHARLES, "type": "ObserverEnrollment", "associated_user_id": ADA}
    for path in (f"{API}/sections/1/enrollments", f"{COURSE}/enrollments"):
        made_row = canvas.admin.post(path, json={"enrollment": asked}).json()
        assert made_row["associated_user_id"] == ADA


def test_a_deduction_for_missing_work_is_changed(canvas: Site) -> None:
    policy = {"missing_submission_deduction_enabled": True, "missing_submission_deduction": 60}
    assert canvas.teacher.post(f"{COURSE}/late_policy", json={"late_policy": policy}).status_code == 201
    changed = {"late_policy": {"missing_submission_deduction": 40}}
    assert canvas.teacher.patch(f"{COURSE}/late_policy", json=changed).status_code == 204
    now = canvas.teacher.get(f"{COURSE}/late_policy").json()["late_policy"]
    assert now["missing_submission_deduction"] == 40


def test_usage_rights_publish_a_file(canvas: Site) -> None:
    teacher, student = canvas.teacher, canvas.student
    for client, place in ((teacher, "courses/1"), (student, f"users/{ADA}")):
        for publish, locked in ((False, True), (True, False)):
            file = upload(client, f"/{place}/files", f"{publish}.txt", b"x").json()["id"]
            assert client.put(f"{API}/files/{file}", json={"locked": True}).status_code == 200
            rights = {"use_justification": "own_copyright", "legal_copyright": "me"}
            sent = {"file_ids": [file], "usage_rights": rights, "publish": publish}
            assert client.put(f"{API}/{place}/usage_rights", json=sent).status_code == 200
            assert client.get(f"{API}/files/{file}").json()["locked"] is locked


def test_what_a_tool_says_where_it_returns_to(canvas: Site) -> None:
    """The old name of the kind of content, and the address of an oEmbed service."""
    group = team(canvas.teacher)["id"]
    browser = canvas.client()
    for place in ("", "/courses/1", "/accounts/1", f"/groups/{group}", f"/users/{ADA}"):
        page = f"{place}/external_content/success"
        for send in (browser.get, *([browser.post] if place else [])):
            how = "params" if send == browser.get else "data"
            link = {"embed_type": "link", "url": "https://tool.example.test/a"}
            assert '"return_type":"url"' in send(f"{page}/external_tool_redirect", **{how: link}).text
            embedded = {"return_type": "oembed", "endpoint": "https://embed.example.test/"}
            assert "embed.example.test" in send(f"{page}/external_tool_dialog", **{how: embedded}).text
            token = {**embedded, "oembed_token": "a.b.c"}
            assert "oembed_token=a.b.c" in send(f"{page}/external_tool_dialog", **{how: token}).text
            assert (
                "oembed_token"
                not in send(f"{page}/external_tool_dialog", **{how: {**token, "return_type": "url"}}).text
            )
