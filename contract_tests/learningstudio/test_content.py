"""What a course contains: who sees what and when, discussions, dropboxes; refusals, and the neighbours that pass."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from contract_tests.learningstudio.support import Send, refused, warnings
from lms_emulator.client.emulator import Emulator
from lms_emulator.providers.learningstudio.info import Info

HIDDEN, GROUPED = 100009014, 100009015


@pytest.fixture
def course(info: Info) -> str:
    return f"/courses/{info.course_id}"


@pytest.fixture
def topic(course: str, info: Info) -> str:
    return f"{course}/threadeddiscussions/{info.discussion_id}/topics/{info.topic_id}"


def titles(items: list[dict[str, Any]]) -> list[str]:
    return [item["title"] for item in items]


# --- items ---
def test_who_sees_which_items(lms: Emulator, send: Send, info: Info, course: str) -> None:
    everything = titles(send("teacher", "GET", f"{course}/items").json()["items"])
    assert everything == titles(send("app", "GET", f"{course}/items").json()["items"])
    assert everything[:3] == ["Week 1: the engine", "Note G", "Slides"]
    ours = [f"/users/{person.id}{course}/items" for person in (info.student, info.other_student)]
    seen = [titles(send("app", "GET", path).json()["items"]) for path in ours]
    assert set(everything) - set(seen[0]) == {"For teachers"}
    assert set(seen[0]) - set(seen[1]) == {"On translating"}
    assert titles(send("student", "GET", f"/me{course}/items").json()["items"]) == seen[0]
    refused(lms, send("student", "GET", f"{course}/items"), "item_not_visible", 403)
    refused(lms, send("student", "GET", f"{course}/itemHierarchy"), "item_not_visible", 403)
    refused(lms, send("student", "GET", f"{course}/items/{HIDDEN}"), "item_not_visible", 403)
    refused(lms, send("other_student", "GET", f"{course}/textMultimedias/{GROUPED}"), "item_not_visible", 403)
    assert send("student", "GET", f"{course}/textMultimedias/{GROUPED}").status_code == 200
    refused(lms, send("student", "GET", ours[1]), "other_user", 403)
    refused(lms, send("app", "GET", f"{course}/items/1"), "not_found", 404)
    refused(lms, send("app", "GET", f"/courses/{info.other_course_id}/items/{info.text_id}"), "not_found", 404)


def test_schedules_open_and_close_items(lms: Emulator, send: Send, info: Info, course: str) -> None:
    rows = send("teacher", "GET", f"{course}/itemSchedules").json()["itemSchedules"]
    lms.clock.freeze(datetime(2021, 6, 1, tzinfo=UTC))
    for row in rows:
        if row["itemId"] == info.text_id:
            row["schedule"]["accessSchedule"] |= {"startDateTime": "2021-07-01T00:00:00Z"}
    text = f"{course}/textMultimedias/{info.text_id}"
    answer = send("student", "PUT", f"{course}/itemSchedules", {"itemSchedules": rows})
    refused(lms, answer, "students_not_allowed", 403)
    refused(lms, send("app", "PUT", f"{course}/itemSchedules", {"itemSchedules": rows[1:]}), "malformed_body")
    by_call_number = f"/courses/ccn={info.call_number}/itemSchedules"
    refused(lms, send("app", "PUT", by_call_number, {"itemSchedules": rows}), "course_overload")
    assert send("student", "GET", text).status_code == 200
    assert send("app", "PUT", f"{course}/itemSchedules", {"itemSchedules": rows}).status_code == 204
    refused(lms, send("student", "GET", text), "item_not_visible", 403)
    assert send("teacher", "GET", text).status_code == 200
    shown = send("teacher", "GET", f"/me{course}/items/{info.text_id}/schedule").json()["schedule"]
    assert shown["accessSchedule"]["startDateTime"] == "2021-07-01T00:00:00Z"
    lms.clock.advance(days=31)
    assert send("student", "GET", text).status_code == 200
    for odd in (None, 1, []):
        answer = send("app", "PUT", f"{course}/itemSchedules", {"itemSchedules": [*rows, odd]})
        refused(lms, answer, "malformed_body")
    rows[0]["schedule"]["accessSchedule"]["startDateTime"] = "tomorrow"
    refused(lms, send("app", "PUT", f"{course}/itemSchedules", {"itemSchedules": rows}), "malformed_body")


def test_the_hierarchy_with_and_without_its_items(send: Send, course: str, info: Info) -> None:
    plain = send("teacher", "GET", f"{course}/itemHierarchy").json()["itemHierarchy"]
    assert [len(unit["children"]) for unit in plain] == [5, 4]
    assert "item" not in plain[0]["links"][0]
    query = "?expand=item,item.schedule,item.group"
    full = send("student", "GET", f"/me{course}/itemHierarchy{query}").json()["itemHierarchy"]
    assert [len(unit["children"]) for unit in full] == [4, 4]
    item = full[1]["children"][0]["links"][0]["item"]
    assert item["title"] == "On translating"
    inside = {link.get("title"): link for link in item["links"]}
    assert inside["group"]["group"] == {"id": 301, "title": "Translators"}
    assert inside["schedule"]["schedule"]["accessSchedule"]["startDateTime"] is None
    assert "access" not in inside["access"]
    assert send("student", "GET", inside["group"]["href"].removeprefix(info.url)).json()["group"]["id"] == 301


def test_files_of_documents(lms: Emulator, send: Send, course: str, info: Info) -> None:
    upload = f"{course}/webContentUploads/{info.web_upload_id}"
    assert send("student", "GET", f"{upload}/content/index.html").text.startswith("<h1>The mill")
    picture = send("student", "GET", f"{upload}/content/mill.svg")
    assert (picture.headers["content-type"], picture.content[:4]) == ("image/svg+xml", b"<svg")
    assert send("student", "GET", f"{upload}/originalDocument").content[:2] == b"PK"
    for path in (f"{upload}/content/other.html", f"{course}/textMultimedias/{info.text_id}/other.html"):
        refused(lms, send("student", "GET", path), "not_found", 404)
    refused(lms, send("student", "GET", f"{course}/msOfficeDocuments/{info.text_id}"), "not_found", 404)
    for who in ("app", "administrator"):
        refused(lms, send(who, "GET", upload), "caller_not_allowed", 403)


# --- discussions ---
def test_replies_end_somewhere(lms: Emulator, send: Send, info: Info, topic: str) -> None:
    lms.settings["learningstudio.most_reply_levels"] = 3
    place = f"{topic}/responses"
    for _ in range(3):
        made = send("student", "POST", place, {"response": {"title": "Deeper"}})
        assert made.status_code == 201
        place = f"{made.headers['Location'].removeprefix(info.url)}/responses"
    refused(lms, send("student", "POST", place, {"response": {"title": "Too deep"}}), "reply_too_deep", 400)


def test_a_post_by_the_id_of_its_topic(send: Send, info: Info, topic: str) -> None:
    by_id = f"/users/{info.student.id}/topics/{topic.rpartition('/')[2]}/responses"
    sent = {"title": "By id", "description": "<p>Mine.</p>"}
    (answer,) = send("student", "POST", by_id, {"responses": sent}).json()["responses"]
    assert sent.items() <= answer.items()


def test_posts_replies_and_who_has_read_them(lms: Emulator, send: Send, info: Info, topic: str) -> None:
    counts = f"/me{topic}/responseCounts"
    before = send("student", "GET", counts).json()["responseCount"]
    assert (before["totalResponseCount"], before["unreadResponseCount"], before["personalResponseCount"]) == (3, 2, 1)
    body = {"response": {"title": "New", "description": "<p>One more.</p>"}}
    made = send("other_student", "POST", f"{topic}/responses", body)
    assert made.status_code == 201
    post = made.headers["Location"].removeprefix(info.url)
    reply = send("teacher", "POST", f"{post}/responses", {"responses": {"description": "Indeed."}})
    (answer,) = reply.json()["responses"]
    assert answer["author"]["lastName"] == "Babbage"
    now = send("student", "GET", counts).json()["responseCount"]
    assert (now["totalResponseCount"], now["unreadResponseCount"], now["last24HourResponseCount"]) == (5, 4, 2)
    assert send("student", "GET", f"{counts}?depth=1").json()["responseCount"]["totalResponseCount"] == 2

    status = f"/me{post}/readStatus"
    assert send("student", "GET", status).json() == {"readStatus": {"markedAsRead": False}}
    refused(lms, send("student", "PUT", status, {"readStatus": {}}), "malformed_body")
    assert send("student", "PUT", status, {"readStatus": {"markedAsRead": True}}).status_code == 204
    assert send("student", "GET", status).json() == {"readStatus": {"markedAsRead": True}}
    views = send("student", "GET", f"/me{topic}/userviewresponses?depth=1").json()["userViewResponses"]
    assert [(view["response"]["title"], view["markedAsRead"]) for view in views] == [("It can", False), ("New", True)]
    assert "postedDate" not in views[0]["response"]
    assert send("student", "PUT", status, {"readStatus": {"markedAsRead": False}}).status_code == 204
    assert send("student", "GET", counts).json()["responseCount"]["unreadResponseCount"] == 4
    last = send("teacher", "GET", f"/me/courses/{info.course_id}/threadeddiscussions/lastResponse").json()
    assert last["lastResponse"]["id"] == answer["id"]


def test_trees_and_branches_of_posts(lms: Emulator, send: Send, info: Info, topic: str) -> None:
    (root,) = send("student", "GET", f"{topic}/responseHierarchy").json()["responseHierarchy"]
    deepest = root["children"][0]["children"][0]
    assert deepest["children"] == []
    path = deepest["links"][0]["href"].removeprefix(info.url)
    branch = send("student", "GET", f"{path}/responseBranch").json()["responseBranch"]
    assert [node["links"][0]["href"].rpartition("/")[2] for node in branch] == ["6001", "6002", "6003"]
    assert send("student", "GET", f"{path}/responseHierarchy").json() == {"responseHierarchy": []}
    comps = send("student", "GET", f"{topic}/responseAndAuthorComps").json()["responseAndAuthorComps"]
    assert [item["author"]["roleType"] for item in comps] == ["STUD", "STUD", "PROF"]
    assert send("app", "GET", f"{topic}/responseAndAuthorComps/6002").json()["responseAndAuthorComps"] == comps[1:2]
    assert len(send("app", "GET", f"{topic}/responses?depth=2").json()["responses"]) == 2
    refused(lms, send("app", "GET", f"{topic}/responses?depth=0"), "malformed_number")
    refused(lms, send("app", "GET", f"{topic}/responses/6004"), "not_found", 404)


def test_who_may_write_in_a_discussion(lms: Emulator, send: Send, info: Info, topic: str) -> None:
    body = {"response": {"title": "New", "description": ""}}
    refused(lms, send("app", "POST", f"{topic}/responses", body), "caller_not_allowed", 403)
    refused(lms, send("student", "POST", f"{topic}/responses", {"response": {}}), "malformed_body")
    refused(lms, send("student", "PUT", f"{topic}/responses/6002", body), "students_not_allowed", 403)
    refused(lms, send("student", "DELETE", f"{topic}/responses/6002"), "students_not_allowed", 403)
    assert send("teacher", "PUT", f"{topic}/responses/6002", {"response": {"title": "Edited"}}).status_code == 204
    (post,) = send("student", "GET", f"{topic}/responses/6002").json()["responses"]
    assert (post["title"], post["description"]) == ("Edited", "<p>Only if we tell it how.</p>")
    assert send("app", "DELETE", f"{topic}/responses/6002").status_code == 204
    assert [post["id"] for post in send("app", "GET", f"{topic}/responses").json()["responses"]] == [6001]


def test_topics_that_hide_something_from_students(lms: Emulator, send: Send, info: Info, course: str) -> None:
    topics = f"{course}/threadeddiscussions/{info.discussion_id}/topics"
    assert [item["id"] for item in send("teacher", "GET", topics).json()["topics"]] == [601, 602, 603]
    assert [item["id"] for item in send("student", "GET", topics).json()["topics"]] == [601, 602]
    refused(lms, send("student", "GET", f"{topics}/603"), "topic_hidden", 403)
    assert send("student", "GET", f"{topics}/602").json()["topics"][0]["isPostFirstEnabled"] is True
    refused(lms, send("student", "GET", f"{topics}/602/responses"), "post_first", 403)
    assert len(send("other_student", "GET", f"{topics}/602/responses").json()["responses"]) == 1
    assert send("student", "POST", f"{topics}/602/responses", {"response": {"title": "Ada"}}).status_code == 201
    assert len(send("student", "GET", f"{topics}/602/responses").json()["responses"]) == 2


def test_discussions_as_the_apps_of_2010_read_them(lms: Emulator, send: Send, info: Info) -> None:
    me, other = info.student.id, info.other_student.id
    topics = send("student", "GET", f"/me/userTopics?courses={info.course_id};1").json()["userTopics"]
    assert [item["id"] for item in topics] == [f"{me}-601", f"{me}-602"]
    assert topics[0]["topic"]["containerInfo"]["unitTitle"] == "Week 1: the engine"
    assert send("student", "GET", f"/users/{me}/userTopics?courses=1").json() == {"userTopics": []}
    assert send("student", "GET", f"/me/usertopics/{me}-601").json()["userTopics"] == topics[:1]
    refused(lms, send("student", "GET", f"/me/usertopics/{other}-601"), "not_found", 404)
    refused(lms, send("student", "GET", f"/me/usertopics/{me}-603"), "topic_hidden", 403)

    (post,) = send("student", "GET", "/me/topics/601/userresponses").json()["userResponses"]
    assert (post["id"], post["markedAsRead"], post["response"]["author"]["id"]) == (f"{me}-6001", False, other)
    assert post["childResponseCounts"]["totalResponseCount"] == 2
    assert send("student", "POST", "/me/responses/6001/readStatus", {"readStatus": {"markedAsRead": True}}).is_success
    (read,) = send("student", "GET", f"/me/userresponses/{me}-6001").json()["userResponses"]
    assert read == post | {"markedAsRead": True}
    (reply,) = send("student", "GET", "/me/responses/6001/userresponses").json()["userResponses"]
    assert reply["response"]["id"] == 6002

    body = {"responses": {"title": "Re", "description": "from a phone"}}
    made = send("student", "POST", "/me/topics/601/responses", body).json()["responses"][0]
    assert send("student", "POST", f"/users/{me}/responses/{made['id']}/responses", body).status_code == 201
    counts = send("student", "GET", "/me/topics/601/responseCounts").json()["responseCount"]
    assert (counts["totalResponseCount"], counts["personalResponseCount"]) == (5, 3)
    assert send("app", "GET", f"/users/{me}/responses/{made['id']}/responseCounts").json()["responseCount"]
    refused(lms, send("teacher", "POST", f"/users/{me}/topics/601/responses", body), "other_user", 403)
    refused(lms, send("student", "GET", f"/users/{other}/topics/601/userresponses"), "other_user", 403)
    refused(lms, send("app", "GET", "/me/topics/601/userresponses"), "user_context_required", 403)


# --- dropboxes ---
def test_dropbox_submissions(lms: Emulator, send: Send, info: Info, course: str) -> None:
    (basket,) = send("student", "GET", f"{course}/dropboxBaskets").json()["dropboxBaskets"]
    assert (basket["id"], basket["title"]) == (info.dropbox_id, "Essay")
    path = f"{course}/dropboxBaskets/{info.dropbox_id}/messages"
    handed, returned = send("teacher", "GET", f"{path}?submissionStudents={info.student.id}").json()["messages"]
    assert (handed["author"]["id"], returned["author"]["id"]) == (info.student.id, info.teacher.id)
    assert set(handed["submissionStudent"]) == {"id", "firstName", "lastName", "email", "links"}
    assert send("other_student", "GET", path).json() == {"messages": []}
    refused(lms, send("other_student", "GET", f"{path}/{handed['id']}"), "other_user", 403)
    (file,) = handed["attachments"]
    content = send("student", "GET", file["contentUrl"].removeprefix(info.url))
    assert (content.headers["content-type"], content.content[:5]) == ("application/pdf", b"%PDF-")
    address = file["links"][0]["href"].removeprefix(info.url)
    assert send("student", "GET", address).json() == {"attachments": [file]}
    refused(lms, send("student", "GET", f"{path}/{returned['id']}/attachments/{file['id']}"), "not_found", 404)


# --- the gradebook beside it ---
def test_a_method_in_a_header(lms: Emulator, send: Send, info: Info, course: str) -> None:
    path = f"{course}/gradebook/gradebookItems/{info.gradebook_item_id}"
    body = {"gradebookItem": {"title": "Renamed"}}
    override = {"X-METHOD-OVERRIDE": "PUT"}
    assert send("app", "POST", path, body, **override).status_code == 204
    assert send("app", "GET", path).json()["gradebookItems"][0]["title"] == "Renamed"
    refused(lms, send("app", "POST", f"{path}x", body, **override), "not_found", 404)
    lms.settings["learningstudio.method_override"] = "ignore"
    assert send("app", "POST", path, body, **override).status_code == 501


def test_titles_of_categories_are_unique(lms: Emulator, send: Send, course: str) -> None:
    path = f"{course}/gradebook/customCategories"
    refused(lms, send("app", "POST", path, {"customCategories": {"title": "Participation"}}), "category_exists")
    guid = send("app", "POST", path, {"customCategories": {"title": "A", "isAssignable": True}}).json()
    category = f"{path}/{guid['customCategory']['guid']}"
    refused(lms, send("app", "PUT", category, {"customCategories": {"title": "Participation"}}), "category_exists")
    assert send("app", "PUT", category, {"customCategories": {"title": "A"}}).status_code == 204
    for unit, codes in ((200001000, []), (100009010, ["no_such_unit"]), (7, ["no_such_unit"])):
        assert send("app", "POST", f"{category}/customItems", {"customItem": {"unitID": unit}}).status_code == 201
        assert warnings(lms) == codes
