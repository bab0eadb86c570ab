"""Discussions: who may write, change and remove what, and who is notified."""

from __future__ import annotations

import json
from typing import Any

import pytest

from contract_tests.openedx.conftest import ADMIN, LEARNER, OTHER_LEARNER, Site

COURSE = "course-v1:CET+GW_01+2021_2022_FA"
THREADS = "/api/discussion/v1/threads/"
COMMENTS = "/api/discussion/v1/comments/"
MERGE = "application/merge-patch+json"
THREAD = {"course_id": COURSE, "topic_id": "course", "type": "discussion", "title": "Hello", "raw_body": "Why *not*?"}


def begin(site: Site, token: str = LEARNER, **fields: Any) -> Any:
    answer = site.call("POST", THREADS, token=token, body={**THREAD, **fields})
    assert answer.status == 200, answer.body
    return json.loads(answer.body)


def change(site: Site, path: str, token: str, **fields: Any) -> Any:
    return site.call("PATCH", path, token=token, body=fields, kind=MERGE)


def test_a_thread_is_rendered_and_others_may_vote_but_not_change_it(site: Site) -> None:
    thread = begin(site)
    assert thread["rendered_body"] == "<p>Why <em>not</em>?</p>"
    path = f"{THREADS}{thread['id']}/"
    assert json.loads(change(site, path, ADMIN, voted=True).body)["vote_count"] == 1
    assert json.loads(change(site, path, LEARNER, voted=True).body) == {
        "field_errors": {"voted": {"developer_message": "This field is not editable."}}
    }
    edited = json.loads(change(site, path, LEARNER, raw_body="Because").body)
    assert edited["last_edit"]["original_body"] == "Why *not*?"


@pytest.mark.parametrize(
    ("fields", "field", "message"),
    [
        ({"title": ""}, "title", "This field may not be blank."),
        ({"type": "poll"}, "type", '"poll" is not a valid choice.'),
        ({"group_id": 1}, "group_id", "This field is not initializable."),
        ({"colour": "red"}, "colour", "This field is not initializable."),
    ],
)
def test_refused_threads(site: Site, fields: dict[str, Any], field: str, message: str) -> None:
    answer = site.call("POST", THREADS, token=LEARNER, body={**THREAD, **fields})
    assert (answer.status, json.loads(answer.body)) == (400, {"field_errors": {field: {"developer_message": message}}})
    assert begin(site)["title"] == "Hello"


def test_scripts_do_not_survive(site: Site) -> None:
    shown = begin(site, raw_body="<script>alert(1)</script> **bold** <a href='javascript:x'>y</a>")["rendered_body"]
    assert "script" not in shown
    assert "<strong>bold</strong>" in shown


def test_a_closed_thread_takes_no_answers(site: Site) -> None:
    thread = begin(site)
    answer = {"thread_id": thread["id"], "raw_body": "An answer"}
    assert site.call("POST", COMMENTS, token=LEARNER, body=answer).status == 200
    change(site, f"{THREADS}{thread['id']}/", ADMIN, closed=True)
    assert site.call("POST", COMMENTS, token=LEARNER, body=answer).status == 403


def test_only_authors_and_moderators_remove(site: Site) -> None:
    thread = begin(site, ADMIN)
    path = f"{THREADS}{thread['id']}/"
    assert site.call("DELETE", path, token=LEARNER).status == 403
    assert site.call("DELETE", path, token=ADMIN).status == 204
    assert site.call("GET", path, token=ADMIN).status == 500  # the real server fails on what is gone


def test_the_author_is_notified_of_an_answer_unless_switched_off(site: Site) -> None:
    thread = begin(site)
    answer = {"thread_id": thread["id"], "raw_body": "An answer"}
    site.call("POST", COMMENTS, token=ADMIN, body=answer)
    (notification,) = site.get("/api/notifications/", LEARNER)["results"]
    assert (notification["notification_type"], notification["content_context"]["post_title"]) == (
        "new_response",
        "Hello",
    )
    site.call("PUT", "/api/notifications/mark-seen/discussion/", token=LEARNER)
    assert site.get("/api/notifications/count/", LEARNER)["count"] == 0
    off = {"notification_app": "discussion", "value": False}
    site.call("PATCH", f"/api/notifications/configurations/{COURSE}", token=LEARNER, body=off)
    site.lms.outbox.clear()
    site.call("POST", COMMENTS, token=ADMIN, body=answer)
    assert site.get("/api/notifications/count/", LEARNER)["count"] == 0
    asked = site.lms.outbox.webhooks[-1].data["notification_data"]  # before anybody's wishes are looked at
    assert (asked["user_ids"], asked["notification_type"]) == ([site.lms.openedx.learner.id], "new_response")
    assert asked["context"]["sender_id"] == site.lms.openedx.superuser.id


def test_followers_are_notified_of_answers_and_comments_on_them(site: Site) -> None:
    thread = begin(site, ADMIN)
    path = f"{THREADS}{thread['id']}/"
    for follower in (LEARNER, OTHER_LEARNER):
        body = {"following": True}
        assert site.call("PATCH", path, token=follower, body=body, kind=MERGE).status == 200
    answer = json.loads(
        site.call("POST", COMMENTS, token=LEARNER, body={"thread_id": thread["id"], "raw_body": "A"}).body
    )
    comment = {"thread_id": thread["id"], "raw_body": "B", "parent_id": answer["id"]}
    site.call("POST", COMMENTS, token=LEARNER, body=comment)
    newest, older = site.get("/api/notifications/", OTHER_LEARNER)["results"]
    assert (older["notification_type"], newest["notification_type"]) == (
        "response_on_followed_post",
        "comment_on_followed_post",
    )
    assert newest["content_context"]["author_pronoun"] == "their"
    assert site.get("/api/notifications/", LEARNER)["results"] == []  # the author of what the others are told of
    asked = [row.data["notification_data"] for row in site.lms.outbox.webhooks if "notification" in row.kind]
    kinds = ["new_response", "response_on_followed_post", "new_comment", "comment_on_followed_post"]
    assert [item["notification_type"] for item in asked] == kinds


def test_the_course_is_closed_to_those_who_are_not_in_it(site: Site) -> None:
    closed = "course-v1:ClosedX+Closed+T2020"
    answer = site.call("POST", THREADS, token=OTHER_LEARNER, body={**THREAD, "course_id": closed})
    assert (answer.status, json.loads(answer.body)) == (404, {"developer_message": "Course not found."})
