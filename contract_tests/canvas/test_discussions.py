"""Discussions and announcements of Canvas."""

from __future__ import annotations

import httpx

from contract_tests.canvas.support import Site

API = "/api/v1"
TOPICS = f"{API}/courses/1/discussion_topics"


def talk(api: httpx.Client, **fields: object) -> dict[str, object]:
    made: dict[str, object] = api.post(TOPICS, json={"title": "Talk", "published": True, **fields}).json()
    return made


def test_what_is_said_is_read_and_counted(canvas: Site) -> None:
    topic = f"{TOPICS}/{talk(canvas.teacher)['id']}"
    first = canvas.student.post(f"{topic}/entries", json={"message": "<p>Hi<script>x</script></p>"}).json()
    assert (first["message"], first["user_name"], first["read_state"]) == ("<p>Hi</p>", "Ada Lovelace", "read")
    reply = canvas.teacher.post(f"{topic}/entries/{first['id']}/replies", data={"message": "Hello"}).json()
    shown = canvas.student.get(topic).json()
    assert (shown["discussion_subentry_count"], shown["unread_count"], shown["subscribed"]) == (2, 1, True)
    tree = canvas.student.get(f"{topic}/view").json()
    assert tree["unread_entries"] == [reply["id"]]
    assert [one["id"] for one in tree["view"][0]["replies"]] == [reply["id"]]
    assert canvas.student.put(f"{topic}/entries/{reply['id']}/read").status_code == 204
    assert canvas.student.get(topic).json()["unread_count"] == 0
    assert canvas.student.delete(f"{topic}/entries/{reply['id']}").status_code == 403, "the teacher's"
    assert canvas.teacher.delete(f"{topic}/entries/{first['id']}").status_code == 204
    gone = canvas.student.get(f"{topic}/view").json()["view"][0]
    assert (gone["deleted"], "message" in gone, len(gone["replies"])) == (True, False, 1)


def test_who_has_to_post_first(canvas: Site) -> None:
    topic = f"{TOPICS}/{talk(canvas.teacher, require_initial_post=True)['id']}"
    canvas.teacher.post(f"{topic}/entries", json={"message": "the answer"})
    hidden = canvas.student.get(f"{topic}/entries")
    assert (hidden.status_code, hidden.text) == (403, "require_initial_post")
    assert canvas.student.get(topic).json()["subscription_hold"] == "initial_post_required"
    assert canvas.student.post(f"{topic}/entries", json={"message": "mine"}).status_code == 201
    assert len(canvas.student.get(f"{topic}/entries").json()) == 2


def test_drafts_and_locks(canvas: Site) -> None:
    draft = canvas.teacher.post(TOPICS, json={"title": "Draft"}).json()
    path = f"{TOPICS}/{draft['id']}"
    assert canvas.student.get(path).status_code == 403
    assert canvas.teacher.put(path, json={"published": True, "locked": True}).json()["locked"] is True
    closed = canvas.student.get(path).json()
    assert closed["lock_explanation"] == "This topic is closed for comments."
    assert canvas.student.post(f"{path}/entries", json={"message": "x"}).status_code == 403
    assert canvas.teacher.post(f"{path}/entries", json={"message": "x"}).status_code == 201
    refused = canvas.student.post(TOPICS, json={"title": "x", "published": False})
    assert "draft state" in refused.json()["errors"]["published"]


def test_pinned_topics_have_places(canvas: Site) -> None:
    ids = [str(talk(canvas.teacher, title=title, pinned=True)["id"]) for title in "abc"]
    order = [ids[2], ids[0]]
    assert canvas.teacher.post(f"{TOPICS}/reorder", json={"order": order}).json()["order"] == [*order, ids[1]]
    assert canvas.student.post(f"{TOPICS}/reorder", json={"order": order}).status_code == 403
    assert canvas.teacher.post(f"{TOPICS}/reorder", json={"order": ["3"]}).status_code == 400
    both = canvas.teacher.get(TOPICS, params={"scope": "pinned,unpinned"})
    assert both.json() == {"errors": {"scope": "scope is contradictory"}}


def test_a_graded_discussion_is_an_assignment(canvas: Site) -> None:
    made = talk(canvas.teacher, message="<p>m</p>", assignment={"points_possible": 5})
    assignment = f"{API}/courses/1/assignments/{made['assignment_id']}"
    assert canvas.teacher.get(assignment).json()["submission_types"] == ["discussion_topic"]
    canvas.teacher.put(assignment, json={"assignment": {"name": "Renamed"}})
    path = f"{TOPICS}/{made['id']}"
    assert canvas.teacher.get(path).json()["title"] == "Renamed"
    canvas.student.post(f"{path}/entries", json={"message": "my work"})
    assert canvas.teacher.get(assignment).json()["needs_grading_count"] == 1
    assert canvas.teacher.get(path).json()["can_unpublish"] is False
    assert canvas.student.post(TOPICS, json={"title": "x", "assignment": {"points_possible": 1}}).status_code == 403
    canvas.teacher.delete(path)
    assert canvas.teacher.get(assignment).status_code == 404


def test_ratings(canvas: Site) -> None:
    topic = f"{TOPICS}/{talk(canvas.teacher, allow_rating=True)['id']}"
    entry = canvas.student.post(f"{topic}/entries", json={"message": "x"}).json()["id"]
    assert canvas.teacher.post(f"{topic}/entries/{entry}/rating", json={"rating": 1}).status_code == 204
    assert canvas.teacher.post(f"{topic}/entries/{entry}/rating", json={"rating": 2}).status_code == 400
    view = canvas.teacher.get(f"{topic}/view").json()
    assert (view["entry_ratings"], view["view"][0]["rating_sum"]) == ({str(entry): 1}, 1)
    plain = f"{TOPICS}/{talk(canvas.teacher)['id']}"
    other = canvas.student.post(f"{plain}/entries", json={"message": "x"}).json()["id"]
    assert canvas.teacher.post(f"{plain}/entries/{other}/rating", json={"rating": 1}).status_code == 403
