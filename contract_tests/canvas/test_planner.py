"""The planner: its items, notes and overrides."""

from __future__ import annotations

from datetime import timedelta

import httpx
import pytest

from contract_tests.canvas.support import Site

API = "/api/v1"
ITEMS = f"{API}/planner/items"
RANGE = {"start_date": "2030-01-01", "end_date": "2030-12-31"}


def kinds(canvas: Site, **more: str) -> list[str]:
    return [item["plannable_type"] for item in canvas.student.get(ITEMS, params={**RANGE, **more}).json()]


def test_everything_with_a_date_stands_in_the_planner(canvas: Site) -> None:
    course = f"{API}/courses/1"
    work = {
        "name": "Essay",
        "due_at": "2030-03-01T12:00:00Z",
        "published": True,
        "submission_types": ["online_text_entry"],
    }
    made = canvas.teacher.post(f"{course}/assignments", json={"assignment": work}).json()
    page = {
        "title": "Read",
        "published": True,
        "student_todo_at": "2030-03-02T12:00:00Z",
        "student_planner_checkbox": True,
    }
    canvas.teacher.post(f"{course}/pages", json={"wiki_page": page})
    topic = {"title": "Talk", "published": True, "todo_date": "2030-03-03T12:00:00Z"}
    canvas.teacher.post(f"{course}/discussion_topics", json=topic)
    lab = {"context_code": "course_1", "title": "Lab", "start_at": "2030-03-04T12:00:00Z"}
    canvas.teacher.post(f"{API}/calendar_events", json={"calendar_event": lab})
    canvas.student.post(f"{API}/planner_notes", json={"title": "Own", "todo_date": "2030-03-05"})
    assert kinds(canvas) == ["assignment", "wiki_page", "discussion_topic", "calendar_event", "planner_note"]
    assert kinds(canvas, order="desc")[0] == "planner_note"
    everything = {"filter": "all_ungraded_todo_items", "context_codes[]": "course_1"}
    assert kinds(canvas, **everything) == ["wiki_page", "discussion_topic"]
    assert canvas.student.get(ITEMS, params={"filter": "all_ungraded_todo_items"}).status_code == 500
    assert kinds(canvas, filter="new_activity") == ["discussion_topic"]
    assert kinds(canvas, **{"context_codes[]": "course_1"}) == kinds(canvas)[:-1]
    first = canvas.student.get(ITEMS, params={**RANGE, "per_page": 2})
    rest = canvas.student.get(first.links["next"]["url"]).json()
    assert [item["plannable_type"] for item in rest] == ["discussion_topic", "calendar_event"]
    answer = {"submission": {"submission_type": "online_text_entry", "body": "Mine"}}
    canvas.student.post(f"{course}/assignments/{made['id']}/submissions", json=answer)
    status = canvas.student.get(ITEMS, params=RANGE).json()[0]["submissions"]
    assert (status["submitted"], status["needs_grading"], status["graded"]) == (True, True, False)
    assert canvas.student.get(ITEMS, params={"start_date": "soon"}).status_code == 400


def test_planner_overrides_are_included_in_their_item(canvas: Site) -> None:
    work = {"name": "Essay", "due_at": "2030-03-01T12:00:00Z", "published": True}
    number = canvas.teacher.post(f"{API}/courses/1/assignments", json={"assignment": work}).json()["id"]
    said = {"plannable_type": "assignment", "plannable_id": number, "marked_complete": True}
    made = canvas.student.post(f"{API}/planner/overrides", json=said)
    assert (made.status_code, made.json()["assignment_id"]) == (201, number)
    assert canvas.student.post(f"{API}/planner/overrides", json=said).status_code == 400
    assert canvas.student.get(ITEMS, params=RANGE).json()[0]["planner_override"]["marked_complete"] is True
    path = f"{API}/planner/overrides/{made.json()['id']}"
    # Canvas does not ask whose it is
    assert canvas.teacher.put(path, json={"dismissed": True}).json()["dismissed"] is True
    assert canvas.student.put(path, json={"dismissed": True}).json()["marked_complete"] is False
    assert canvas.student.delete(path).json()["workflow_state"] == "deleted"
    assert canvas.student.get(ITEMS, params=RANGE).json()[0]["planner_override"] is None
    again = canvas.student.post(f"{API}/planner/overrides", json=said)
    assert (again.status_code, list(again.json()["errors"])) == (400, ["plannable_id"])
    news = {"title": "News", "message": "Soon", "is_announcement": True, "published": True}
    number = canvas.teacher.post(f"{API}/courses/1/discussion_topics", json=news).json()["id"]
    about = {"plannable_type": "discussion_topic", "plannable_id": number}
    made = canvas.student.post(f"{API}/planner/overrides", json=about)
    assert (made.status_code, made.json()["plannable_type"]) == (201, "announcement")
    about["plannable_type"] = "announcement"
    assert canvas.student.post(f"{API}/planner/overrides", json=about).status_code == 400
    quiz = {"name": "Test", "submission_types": ["online_quiz"], "published": True}
    number = canvas.teacher.post(f"{API}/courses/1/assignments", json={"assignment": quiz}).json()["id"]
    graded = canvas.teacher.get(f"{API}/courses/1/assignments/{number}").json()
    about = canvas.student.post(f"{API}/planner/overrides", json=said | {"plannable_id": graded["id"]}).json()
    shown = about["plannable_type"], about["plannable_id"], about["assignment_id"]
    assert shown == ("quiz", graded["quiz_id"], graded["id"])


@pytest.mark.parametrize(
    ("fields", "address"),
    [
        (
            {"description": "<p>At https://example.zoom.us/j/12345?pwd=a1 today</p>"},
            "https://example.zoom.us/j/12345?pwd=a1",
        ),
        ({"location_name": "https://meet.google.com/abc-defg-hij"}, "https://meet.google.com/abc-defg-hij"),
        ({"location_name": "https://meet.example.com/abc"}, None),
    ],
)
def test_the_address_of_an_online_meeting_is_in_the_planner(
    canvas: Site, fields: dict[str, str], address: str | None
) -> None:
    lab = {"context_code": "course_1", "title": "Lab", "start_at": "2030-03-04T12:00:00Z", **fields}
    canvas.teacher.post(f"{API}/calendar_events", json={"calendar_event": lab})
    (shown,) = canvas.student.get(ITEMS, params=RANGE).json()
    assert shown["plannable"].get("online_meeting_url") == address


def test_notes_are_one_s_own(canvas: Site) -> None:
    notes = f"{API}/planner_notes"
    assert canvas.student.post(notes, json={"todo_date": "2030-03-01"}).status_code == 400
    work = canvas.teacher.post(f"{API}/courses/1/assignments", json={"assignment": {"name": "Essay"}}).json()["id"]
    fields = {"todo_date": "2030-03-01", "linked_object_type": "assignment", "linked_object_id": work}
    assert canvas.student.post(notes, json=fields).json() == {"message": "must specify course_id"}
    made = canvas.student.post(notes, json={**fields, "course_id": 1}).json()
    assert (made["title"], made["linked_object_id"]) == ("Essay", work)
    assert canvas.student.post(notes, json={**fields, "course_id": 1}).status_code == 400
    site = f"{notes}/{made['id']}"
    assert canvas.teacher.get(site).status_code == 404
    # the number as text is not the number
    assert canvas.student.put(site, data={"course_id": "1"}).status_code == 400
    assert canvas.student.put(site, json={"course_id": 1}).status_code == 200
    assert canvas.student.put(site, json={"title": "Later", "details": "x"}).json()["title"] == "Later"
    assert [note["id"] for note in canvas.student.get(notes, params={"context_codes[]": "course_1"}).json()] == [
        made["id"]
    ]
    said = {"plannable_type": "planner_note", "plannable_id": made["id"], "dismissed": True}
    path = f"{API}/planner/overrides/{canvas.student.post(f'{API}/planner/overrides', json=said).json()['id']}"
    assert canvas.student.get(path).json()["workflow_state"] == "active"
    canvas.student.delete(site)
    assert canvas.student.get(notes).json() == []
    assert canvas.student.get(path).json()["workflow_state"] == "deleted"


def test_activity_shows_in_the_stream_until_it_is_hidden(canvas: Site) -> None:
    stream, course = f"{API}/users/self/activity_stream", f"{API}/courses/1"
    canvas.student.delete(stream)
    assert canvas.student.get(stream).json() == []
    news = {"title": "News", "message": "Soon", "is_announcement": True, "published": True}
    topic = canvas.teacher.post(f"{course}/discussion_topics", json=news).json()
    own = canvas.student.get(f"{API}/users/self/profile").json()["id"]
    canvas.teacher.post(f"{API}/conversations", json={"recipients": [own], "subject": "Hi", "body": "You there?"})
    found = {item["type"]: item for item in canvas.student.get(stream).json()}
    assert (found["Announcement"]["announcement_id"], found["Conversation"]["participant_count"]) == (topic["id"], 2)
    number, said = found["Conversation"]["conversation_id"], ["You there?"]
    for text in ("One", "Two", "Three"):
        canvas.student.post(f"{API}/conversations/{number}/add_message", json={"body": text})
        said.append(text)
    (item,) = (row for row in canvas.student.get(stream).json() if row["type"] == "Conversation")
    assert [row["message"] for row in item["latest_messages"]] == said[-3:], "the last three, oldest first"
    assert item["message"] is None
    counted = {item["type"]: item["unread_count"] for item in canvas.student.get(f"{stream}/summary").json()}
    assert counted == {"Announcement": 1, "Conversation": 0, "DiscussionTopic": 0}
    assert canvas.student.get(f"{course}/activity_stream").json()[0]["title"] == "News"
    assert canvas.student.delete(f"{stream}/{found['Announcement']['id']}").json() == {"hidden": True}
    assert [item["type"] for item in canvas.student.get(stream).json()] == ["Conversation"]


def test_grades_comments_and_peer_reviews_are_in_the_stream(canvas: Site) -> None:
    teacher, student, stream = canvas.teacher, canvas.student, f"{API}/users/self/activity_stream"

    def found(reader: httpx.Client) -> list[tuple[str, str]]:
        kinds = ("Submission", "AssessmentRequest")
        return [(item["type"], item["title"]) for item in reader.get(stream).json() if item["type"] in kinds]

    for reader in (teacher, student):
        reader.delete(stream)
    fields = {"points_possible": 5, "submission_types": ["online_text_entry"], "published": True}
    names = ("Graded", "Asked", "Reviewed")
    made = {
        name: teacher.post(f"{API}/courses/1/assignments", json={"assignment": {"name": name, **fields}}).json()["id"]
        for name in names
    }
    path = {name: f"{API}/courses/1/assignments/{number}/submissions" for name, number in made.items()}
    assert found(student) == []
    teacher.put(f"{path['Graded']}/101", json={"submission": {"posted_grade": 4}})
    assert found(student) == [("Submission", "Graded")], "a grade alone is enough"
    assert found(teacher) == [], "but not for those who grade"
    student.put(f"{path['Asked']}/101", json={"comment": {"text_comment": "How?"}})
    assert (found(teacher), found(student)) == ([("Submission", "Asked")], [("Submission", "Graded")])
    other = teacher.get(f"{path['Reviewed']}/102").json()["id"]
    review = teacher.post(f"{path['Reviewed']}/{other}/peer_reviews", json={"user_id": 101})
    assert review.status_code == 200, review.text
    (item,) = (row for row in student.get(stream).json() if row["type"] == "AssessmentRequest")
    assert (item["title"], item["read_state"]) == ("Peer Review for Reviewed", True)
    assert item["html_url"].endswith(f"/assignments/{made['Reviewed']}/submissions/102")
    (counted,) = (row for row in student.get(f"{stream}/summary").json() if row["type"] == "AssessmentRequest")
    assert (counted["count"], counted["unread_count"]) == (1, 0)


def test_upcoming_events_are_those_of_the_next_week(canvas: Site) -> None:
    now = canvas.lms.clock.now
    soon, later = ((now + timedelta(days=days)).strftime("%Y-%m-%dT12:00:00Z") for days in (2, 20))
    for title, at in (("Soon", soon), ("Later", later)):
        event = {"context_code": "course_1", "title": title, "start_at": at}
        canvas.teacher.post(f"{API}/calendar_events", json={"calendar_event": event})
    upcoming = canvas.student.get(f"{API}/users/self/upcoming_events").json()
    assert [item["title"] for item in upcoming if item["type"] == "event"] == ["Soon"]


def test_whose_courses_a_planner_shows(canvas: Site) -> None:
    teacher = canvas.teacher
    far = {"assignment[name]": "Far", "assignment[due_at]": "2035-01-01T00:00:00Z", "assignment[published]": "true"}
    made = canvas.teacher.post("/api/v1/courses/1/assignments", data=far).json()["id"]
    items = "/api/v1/planner/items"

    def shown(who: httpx.Client, **asked: str) -> bool:
        rows = who.get(items, params={"per_page": "100", **asked}).json()
        return any((row["plannable_type"], row["plannable_id"]) == ("assignment", made) for row in rows)

    assert not shown(canvas.student), "two weeks around now"
    assert shown(canvas.student, start_date="2026-01-01"), "ten years from now, if one end is named"
    course = {"context_codes[]": "course_1"}
    assert not shown(teacher, start_date="2026-01-01"), "of courses that one studies"
    assert shown(teacher, start_date="2026-01-01", **course)
    assert teacher.get(items, params={"context_codes[]": "user_101"}).status_code == 403
    assert canvas.student.get(items, params={"context_codes[]": "user_101"}).status_code == 200
    assert teacher.get(items, params={"observed_user_id": "999999"}).status_code == 403, "no course is named"
    canvas.admin.put("/api/v1/courses/1", json={"course": {"event": "conclude"}})
    assert not shown(canvas.student, start_date="2026-01-01")
    assert shown(canvas.student, start_date="2026-01-01", **{"include[]": "concluded"})


def test_reviews_of_others_work_stand_where_one_s_own_is_due(canvas: Site) -> None:
    fields = {"name": "Essay", "due_at": "2030-03-01T12:00:00Z", "published": True, "peer_reviews": True}
    fields |= {"submission_types": ["online_text_entry"]}
    tasks = f"{API}/courses/1/assignments"
    number = canvas.teacher.post(tasks, json={"assignment": fields}).json()["id"]
    ada = canvas.student.get(f"{API}/users/self/profile").json()["id"]
    other = next(
        item["id"]
        for item in canvas.teacher.get(f"{API}/courses/1/users", params={"enrollment_type[]": "student"}).json()
        if item["id"] != ada
    )
    theirs = canvas.teacher.get(f"{tasks}/{number}/submissions/{other}").json()["id"]
    review = canvas.teacher.post(f"{tasks}/{number}/submissions/{theirs}/peer_reviews", json={"user_id": ada}).json()
    found = {item["plannable_type"]: item for item in canvas.student.get(ITEMS, params=RANGE).json()}
    assert set(found) == {"assignment", "assessment_request"}
    shown = found["assessment_request"]
    assert (shown["plannable_id"], shown["plannable"]["title"]) == (review["id"], "Essay")
    assert (shown["plannable"]["workflow_state"], shown["submissions"]) == ("assigned", False)
    assert shown["html_url"] == f"/courses/1/assignments/{number}/submissions/{other}"
    assert kinds(canvas, filter="new_activity") == []
    assert kinds(canvas, end_date="2030-02-01") == []


def test_an_observer_sees_all_courses_of_the_child_and_the_childs_notes(canvas: Site) -> None:
    canvas.admin.put(f"{API}/users/103/observees/101")
    canvas.student.post(f"{API}/planner_notes", json={"title": "Own", "todo_date": "2030-03-05"})
    observed = {**RANGE, "observed_user_id": "101"}
    assert canvas.teacher.get(ITEMS, params=observed).status_code == 403
    seen = canvas.teacher.get(ITEMS, params={**observed, "context_codes[]": "course_2"})
    assert [item["plannable_type"] for item in seen.json()] == ["planner_note"]
    assert canvas.teacher.get(ITEMS, params={**observed, "context_codes[]": "user_101"}).status_code == 403
