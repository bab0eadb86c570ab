"""Content shares."""

from __future__ import annotations

from contract_tests.canvas.support import Site

API = "/api/v1"
SHARES = f"{API}/users/self/content_shares"


def test_a_content_share_arrives_unread_with_its_package(canvas: Site) -> None:
    work = canvas.teacher.post(f"{API}/courses/1/assignments", json={"assignment": {"name": "Essay"}}).json()["id"]
    admin, teacher = (client.get(f"{API}/users/self").json()["id"] for client in (canvas.admin, canvas.teacher))
    fields = {"receiver_ids": [admin], "content_type": "assignment", "content_id": work}
    assert canvas.teacher.post(SHARES, json={**fields, "receiver_ids": []}).status_code == 400
    assert canvas.teacher.post(SHARES, json={**fields, "receiver_ids": [99999]}).status_code == 400
    assert canvas.teacher.post(SHARES, json={**fields, "content_type": "planet"}).status_code == 400
    assert canvas.teacher.post(SHARES, json={**fields, "content_id": 99999}).status_code == 400
    assert canvas.student.post(SHARES, json=fields).status_code == 403
    assert canvas.teacher.post(f"{API}/users/{admin}/content_shares", json=fields).status_code == 403
    made = canvas.teacher.post(SHARES, json=fields)
    assert (made.status_code, made.json()["name"], made.json()["sender"]) == (201, "Essay", None)
    assert [person["id"] for person in made.json()["receivers"]] == [admin]
    assert canvas.admin.get(f"{SHARES}/unread_count").json() == {"unread_count": 1}
    got = canvas.admin.get(f"{SHARES}/received").json()[0]
    assert (got["sender"]["id"], got["content_export"]["workflow_state"]) == (teacher, "exported")
    migration = {
        "migration_type": "common_cartridge_importer",
        "settings": {"content_export_id": got["content_export"]["id"]},
    }
    assert canvas.admin.post(f"{API}/courses/3/content_migrations", json=migration).status_code == 200
    assert "Essay" in [assignment["name"] for assignment in canvas.admin.get(f"{API}/courses/3/assignments").json()]
    path = f"{SHARES}/{got['id']}"
    assert canvas.teacher.put(path, json={"read_state": "read"}).status_code == 404
    assert canvas.admin.put(path, json={"read_state": "read"}).json()["read_state"] == "read"
    assert canvas.admin.get(f"{SHARES}/unread_count").json() == {"unread_count": 0}
    assert canvas.admin.delete(path).json() == {"message": "content share deleted"}
    assert canvas.admin.get(path).status_code == 404
    assert len(canvas.teacher.get(f"{SHARES}/sent").json()) == 1
    more = canvas.teacher.post(f"{SHARES}/{made.json()['id']}/add_users", json={"receiver_ids": [teacher]}).json()
    assert [person["id"] for person in more["receivers"]] == [teacher]


def test_an_export_is_read_by_whom_it_is_shared_with_and_loses_its_file_after_a_month(canvas: Site) -> None:
    work = canvas.teacher.post(f"{API}/courses/1/assignments", json={"assignment": {"name": "Essay"}}).json()["id"]
    ada = canvas.student.get(f"{API}/users/self").json()["id"]
    fields = {"receiver_ids": [ada], "content_type": "assignment", "content_id": work}
    plain = canvas.teacher.post(f"{API}/courses/1/content_exports", json={"export_type": "common_cartridge"}).json()
    canvas.teacher.get(plain["progress_url"])
    assert canvas.student.get(f"{API}/courses/1/content_exports/{plain['id']}").status_code == 403
    assert canvas.teacher.post(SHARES, json=fields).status_code == 201
    shared = canvas.student.get(f"{SHARES}/received").json()[0]["content_export"]["id"]
    assert canvas.student.get(f"{API}/courses/1/content_exports/{shared}").status_code == 200

    def has_files() -> list[bool]:
        paths = (f"{API}/courses/1/content_exports/{number}" for number in (plain["id"], shared))
        return ["attachment" in canvas.teacher.get(path).json() for path in paths]

    assert has_files() == [True, True]
    canvas.lms.clock.advance(days=31)
    assert has_files() == [False, True]


def test_a_classic_quiz_is_not_exported_as_a_new_one(canvas: Site) -> None:
    path, sent = f"{API}/courses/1/content_exports", {"export_type": "quizzes2"}
    quiz = canvas.teacher.post(f"{API}/courses/1/quizzes", json={"quiz": {"title": "Cells"}}).json()["id"]
    assert canvas.teacher.post(path, json={**sent, "quiz_id": quiz}).status_code == 501
    assert canvas.student.post(path, json={**sent, "quiz_id": quiz}).status_code == 403
    for named, says in ((None, "quiz_id required and must be a valid ID"), (9999, "Quiz could not be found")):
        refused = canvas.student.post(path, json={**sent, "quiz_id": named})
        assert (refused.status_code, refused.json()) == (400, {"message": says})
    assert canvas.teacher.post(path, json={"export_type": "tape"}).status_code == 400
