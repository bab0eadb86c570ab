"""Blueprint courses of Canvas: what is locked, what is told of syncs, and who may change it."""

from __future__ import annotations

from typing import Any

import httpx

from contract_tests.canvas.support import Site
from contract_tests.canvas.test_files import API


def _blueprint(admin: httpx.Client, children: int = 1) -> tuple[str, list[str]]:
    made = [
        admin.post(f"{API}/accounts/1/courses", json={"course": {"name": f"C{number}"}}).json()["id"]
        for number in range(children + 1)
    ]
    admin.put(f"{API}/courses/{made[0]}", json={"course": {"blueprint": True}})
    old, *new = (f"{API}/courses/{number}" for number in made)
    _associate(admin, old, made[1:])
    return old, new


def _associate(admin: httpx.Client, old: str, numbers: list[int]) -> None:
    associations = f"{old}/blueprint_templates/default/update_associations"
    assert admin.put(associations, json={"course_ids_to_add": numbers}).status_code == 200


def _sync(canvas: Site, old: str, **settings: Any) -> list[Any]:
    """A sync a minute later; returns its details."""
    canvas.lms.clock.advance(seconds=60)
    begun = canvas.admin.post(f"{old}/blueprint_templates/default/migrations", json=settings).json()["id"]
    canvas.lms.clock.advance(seconds=60)
    return list(canvas.admin.get(f"{old}/blueprint_templates/default/migrations/{begun}/details").json())


def test_restrictions_that_are_off_are_shown_and_lock_nothing(canvas: Site) -> None:
    admin = canvas.admin
    old, (new,) = _blueprint(admin)
    page = admin.post(f"{old}/pages", json={"wiki_page": {"title": "P"}}).json()["page_id"]
    lock = {"content_type": "wiki_page", "content_id": page, "restricted": True}
    restrictions = {"content": True, "settings": False}
    admin.put(f"{old}/blueprint_templates/default/restrict_item", json={**lock, "restrictions": restrictions})
    _sync(canvas, old)
    assert admin.get(f"{new}/pages").json()[0]["master_course_restrictions"] == restrictions
    assert admin.put(f"{new}/pages/p", json={"wiki_page": {"body": "x"}}).status_code == 400
    none = {"content": False}
    admin.put(f"{old}/blueprint_templates/default/restrict_item", json={**lock, "restrictions": none})
    row = admin.get(f"{new}/pages").json()[0]
    assert (row["restricted_by_master_course"], "master_course_restrictions" in row) == (False, False)
    assert admin.put(f"{new}/pages/p", json={"wiki_page": {"body": "x"}}).status_code == 200
    assert admin.delete(f"{new}/pages/p").status_code == 200


def test_an_assignment_of_a_quiz_is_locked_with_it(canvas: Site) -> None:
    admin = canvas.admin
    old, (new,) = _blueprint(admin)
    quiz = {"title": "Q", "quiz_type": "assignment", "published": True}
    number = admin.post(f"{old}/quizzes", json={"quiz": quiz}).json()["assignment_id"]
    lock = {"content_type": "assignment", "content_id": number, "restricted": True}
    assert admin.put(f"{old}/blueprint_templates/default/restrict_item", json=lock).json() == {"success": True}
    assert admin.get(f"{old}/quizzes").json()[0]["restricted_by_master_course"] is True
    _sync(canvas, old)
    assert [row["restricted_by_master_course"] for row in admin.get(f"{new}/assignments").json()] == [True]
    quiz_there = admin.get(f"{new}/quizzes").json()[0]
    assert admin.delete(f"{new}/quizzes/{quiz_there['id']}").status_code == 403


def test_who_changes_the_restrictions_of_a_blueprint(canvas: Site) -> None:
    old, _ = _blueprint(canvas.admin)
    sent = {
        "enrollment": {"user_id": canvas.teacher.get(f"{API}/users/self").json()["id"], "type": "TeacherEnrollment"}
    }
    canvas.admin.post(f"{old}/enrollments", json={"enrollment": {**sent["enrollment"], "enrollment_state": "active"}})
    change = {"course": {"blueprint_restrictions": {"points": True}}}
    assert canvas.teacher.put(old, json=change).status_code == 403
    same = {"course": {"blueprint_restrictions": {"content": True}}}
    assert canvas.teacher.put(old, json=same).status_code == 200, "nothing changes"
    assert canvas.admin.put(old, json=change).json()["blueprint_restrictions"] == {"points": True}
    off = {"course": {"blueprint_restrictions": {"points": False}}}
    assert canvas.admin.put(old, json=off).json()["blueprint_restrictions"] == {"points": False}
    unknown = {"course": {"blueprint_restrictions_by_object_type": {"module": {"content": True}}}}
    assert "master_course_restrictions" in canvas.admin.put(old, json=unknown).json()["errors"]


def test_tighter_restrictions_are_synced_again(canvas: Site) -> None:
    admin = canvas.admin
    old, _ = _blueprint(admin)
    work = admin.post(f"{old}/assignments", json={"assignment": {"name": "A", "published": True}}).json()["id"]
    lock = {"content_type": "assignment", "content_id": work, "restricted": True}
    admin.put(f"{old}/blueprint_templates/default/restrict_item", json=lock)
    _sync(canvas, old)
    unsynced = f"{old}/blueprint_templates/default/unsynced_changes"
    assert admin.get(unsynced).json() == []
    admin.put(old, json={"course": {"blueprint_restrictions": {"content": True, "points": True}}})
    assert [row["asset_id"] for row in admin.get(unsynced).json() if row["asset_type"] == "assignment"] == [work]


def test_what_unsynced_changes_tell(canvas: Site) -> None:
    admin = canvas.admin
    old, _ = _blueprint(admin)
    _sync(canvas, old)
    said = {"title": "T", "message": "m"}
    admin.post(f"{old}/discussion_topics", json=said)
    notice = admin.post(f"{old}/discussion_topics", json={**said, "is_announcement": True}).json()["id"]
    tool = {"name": "Tool", "url": "https://tool.example.edu/", "consumer_key": "k", "shared_secret": "s"}
    number = admin.post(f"{old}/external_tools", json={**tool, "privacy_level": "public"}).json()["id"]
    removed = admin.post(f"{old}/pages", json={"wiki_page": {"title": "Gone"}}).json()
    admin.delete(f"{old}/pages/{removed['url']}")
    admin.put(old, json={"course": {"syllabus_body": "new"}})
    rows = admin.get(f"{old}/blueprint_templates/default/unsynced_changes").json()
    assert [(row["asset_type"], row["change_type"]) for row in rows] == [
        ("announcement", "created"),
        ("context_external_tool", "created"),
        ("discussion_topic", "created"),
        ("wiki_page", "deleted"),
        ("syllabus", "updated"),
    ]
    paths = [row["html_url"].partition("/courses/")[2].partition("/")[2] for row in rows]
    assert paths[:2] == [f"announcements/{notice}", f"external_tools/{number}"]
    assert paths[-1] == "assignments/syllabus"


def test_a_course_that_gets_everything_is_told_no_details(canvas: Site) -> None:
    admin = canvas.admin
    old, (first, _) = _blueprint(admin, 2)
    _sync(canvas, old)
    later = admin.post(f"{API}/accounts/1/courses", json={"course": {"name": "Later"}}).json()["id"]
    _associate(admin, old, [later])
    admin.post(f"{old}/pages", json={"wiki_page": {"title": "P"}})
    admin.put(old, json={"course": {"syllabus_body": "new"}})
    details = _sync(canvas, old)
    assert [row["asset_type"] for row in details] == ["wiki_page", "syllabus"]

    def received(course: str) -> list[str]:
        path = f"{course}/blueprint_subscriptions/default/migrations"
        newest = admin.get(path).json()[0]["id"]
        return [row["asset_type"] for row in admin.get(f"{path}/{newest}/details").json()]

    assert received(first) == ["wiki_page", "syllabus"]
    assert received(f"{API}/courses/{later}") == []
    newest = admin.get(f"{first}/blueprint_subscriptions/default/migrations").json()[0]["id"]
    assert admin.get(f"{first}/content_migrations/{newest}").json()["migration_type"] == "master_course_import"


def test_a_copy_becomes_a_blueprint_only_where_that_is_asked(canvas: Site) -> None:
    admin = canvas.admin
    old, (child,) = _blueprint(admin)
    admin.put(old, json={"course": {"blueprint_restrictions": {"points": True}}})
    page = admin.post(f"{old}/pages", json={"wiki_page": {"title": "P"}}).json()["page_id"]
    lock = {"content_type": "wiki_page", "content_id": page, "restricted": True}
    admin.put(f"{old}/blueprint_templates/default/restrict_item", json=lock)

    def copied(target: str, more: dict[str, Any], **settings: Any) -> tuple[bool | None, int]:
        sent = {"migration_type": "course_copy_importer", **more}
        sent["settings"] = {"source_course_id": int(old.rpartition("/")[2]), **settings}
        begun = admin.post(f"{target}/content_migrations", json=sent).json()
        issues = admin.get(begun["migration_issues_url"]).json()
        return admin.get(target).json().get("blueprint"), len(issues)

    new = [
        f"{API}/courses/{admin.post(f'{API}/accounts/1/courses', json={'course': {'name': name}}).json()['id']}"
        for name in ("A", "B")
    ]
    assert copied(new[0], {}) == (False, 0)
    assert copied(new[0], {}, import_blueprint_settings=True) == (True, 0)
    assert admin.get(new[0]).json()["blueprint_restrictions"] == {"points": True}
    assert admin.get(f"{new[0]}/pages").json()[0]["master_course_restrictions"] == {"points": True}
    assert copied(new[1], {"copy": {"all_blueprint_settings": "1"}}) == (True, 0)
    assert copied(child, {}, import_blueprint_settings=True) == (False, 1), "it is kept like a blueprint itself"
