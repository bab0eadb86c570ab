"""The settings of a course that a copy brings, and those that it does not."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from contract_tests.canvas.support import Site
from contract_tests.canvas.test_files import API, upload


def _course(admin: httpx.Client, name: str, **fields: Any) -> str:
    made = admin.post(f"{API}/accounts/1/courses", json={"course": {"name": name}}).json()["id"]
    assert admin.put(f"{API}/courses/{made}", json={"course": {"name": name, **fields}}).status_code == 200
    return f"{API}/courses/{made}"


def _copy(who: httpx.Client, old: str, new: str, **more: Any) -> dict[str, Any]:
    settings = {"source_course_id": int(old.rpartition("/")[2])}
    begun = who.post(f"{new}/content_migrations", json={"migration_type": "course_copy_importer", "settings": settings})
    assert who.get(begun.json()["progress_url"]).json()["workflow_state"] == "completed"
    shown = who.get(new, params={"include[]": ["public_description", "syllabus_body", "course_image"], **more})
    return {**shown.json(), **who.get(f"{new}/settings").json()}


def test_what_comes_with_a_copy(canvas: Site) -> None:
    admin = canvas.admin
    brought = {"license": "cc_by", "is_public": True, "open_enrollment": True, "allow_wiki_comments": True}
    brought |= {"restrict_enrollments_to_course_dates": True, "hide_final_grades": True, "time_zone": "Asia/Tokyo"}
    settings = {"hide_distribution_graphs": True, "allow_student_forum_attachments": False}
    left = {"public_description": "About", "course_format": "online", "start_at": "2026-09-01T00:00:00Z"}
    old = _course(admin, "Old", **brought, **left, syllabus_body="<p>S</p>")
    admin.put(f"{old}/settings", json={**settings, "hide_sections_on_course_users_page": True})
    new = _course(admin, "New", allow_student_wiki_edits=True)
    copied = _copy(admin, old, new)
    assert {name: copied.get(name) for name in settings} == settings
    for name in ("license", "is_public", "restrict_enrollments_to_course_dates", "hide_final_grades", "time_zone"):
        assert copied[name] == brought[name], name
    assert copied["syllabus_body"] == "<p>S</p>"
    assert [copied["name"], copied.get("public_description"), copied["start_at"]] == ["New", None, None]
    assert copied["hide_sections_on_course_users_page"] is False


def test_nothing_is_taken_away_by_what_the_other_course_does_not_say(canvas: Site) -> None:
    old = _course(canvas.admin, "Old")
    new = _course(canvas.admin, "New", license="cc_by", is_public=True)
    copied = _copy(canvas.admin, old, new)
    assert copied["license"] == "cc_by"


def test_the_grading_scheme_of_a_copy(canvas: Site) -> None:
    admin = canvas.admin
    scheme = {"title": "S", "grading_scheme_entry": [{"name": "P", "value": 50}, {"name": "F", "value": 0}]}
    old, new = _course(admin, "Old"), _course(admin, "New")
    own = admin.post(f"{old}/grading_standards", json=scheme).json()["id"]
    admin.put(old, json={"course": {"grading_standard_id": own}})
    for _ in range(2):
        copied = _copy(admin, old, new)["grading_standard_id"]
        assert copied not in (own, None)
        assert admin.get(f"{new}/grading_standards/{copied}").json()["title"] == "S"
    shared = admin.post(f"{API}/accounts/1/grading_standards", json=scheme).json()["id"]
    admin.put(old, json={"course": {"grading_standard_id": shared}})
    assert _copy(admin, old, new)["grading_standard_id"] == shared


def test_the_picture_and_the_tabs_of_a_copy(canvas: Site) -> None:
    admin = canvas.admin
    old, new = _course(admin, "Old"), _course(admin, "New")
    picture = upload(admin, old.removeprefix(API) + "/files", "a.png", b"x", content_type="image/png").json()["id"]
    admin.put(old, json={"course": {"image_id": picture}})
    assert admin.put(f"{old}/tabs/files", json={"hidden": True}).status_code == 200
    shown = _copy(admin, old, new)
    (file,) = admin.get(f"{new}/files").json()
    assert file["id"] != picture
    assert f"/files/{file['id']}/" in shown["image_download_url"]
    assert [tab.get("hidden") for tab in admin.get(f"{new}/tabs").json() if tab["id"] == "files"] == [True]


@pytest.mark.parametrize("manages", [True, False])
def test_the_quota_of_a_copy_needs_who_may_set_it(canvas: Site, manages: bool) -> None:
    admin, teacher = canvas.admin, canvas.teacher
    old, new = _course(admin, "Old", storage_quota_mb=321), _course(admin, "New")
    number = teacher.get(f"{API}/users/self").json()["id"]
    for course in (old, new):
        sent = {"user_id": number, "type": "TeacherEnrollment", "enrollment_state": "active"}
        admin.post(f"{course}/enrollments", json={"enrollment": sent})
    usual = admin.get(new).json()["storage_quota_mb"]
    copied = _copy(admin if manages else teacher, old, new)
    assert copied["storage_quota_mb"] == (321 if manages else usual)


def test_a_sync_of_settings_brings_dates_and_takes_the_scheme_away(canvas: Site) -> None:
    admin = canvas.admin
    old, new = _course(admin, "Old", blueprint=True), _course(admin, "New", grading_standard_id=0)
    template = f"{old}/blueprint_templates/default"
    admin.put(f"{template}/update_associations", json={"course_ids_to_add": [int(new.rpartition("/")[2])]})
    admin.post(f"{template}/migrations", json={})
    assert admin.get(new).json()["grading_standard_id"] is None
    canvas.lms.clock.advance(seconds=60)
    dated = {"restrict_enrollments_to_course_dates": True, "start_at": "2026-09-01T00:00:00Z"}
    admin.put(old, json={"course": {**dated, "syllabus_body": "<p>S</p>"}})
    admin.post(f"{template}/migrations", json={"copy_settings": True})
    shown = admin.get(new, params={"include[]": "syllabus_body"}).json()
    assert (shown["start_at"], shown["syllabus_body"]) == ("2026-09-01T00:00:00Z", "<p>S</p>")


def _with_outcomes(canvas: Site) -> tuple[str, str, int]:
    """A course with an outcome in a group, one of its account, and a rubric with the first; an empty course."""
    admin = canvas.admin
    old, new = _course(admin, "Old"), _course(admin, "New")
    root = admin.get(f"{old}/root_outcome_group", follow_redirects=True).json()["id"]
    group = admin.post(f"{old}/outcome_groups/{root}/subgroups", json={"title": "G"}).json()["id"]
    own = admin.post(f"{old}/outcome_groups/{group}/outcomes", json={"title": "Own"}).json()["outcome"]["id"]
    above = admin.get(f"{API}/accounts/1/root_outcome_group", follow_redirects=True).json()["id"]
    shared = admin.post(f"{API}/accounts/1/outcome_groups/{above}/outcomes", json={"title": "Shared"}).json()
    admin.put(f"{old}/outcome_groups/{root}/outcomes/{shared['outcome']['id']}")
    criteria = {"0": {"learning_outcome_id": own, "description": "Own"}}
    sent = {"rubric": {"title": "R", "criteria": criteria}}
    assert admin.post(f"{old}/rubrics", json=sent).status_code == 200
    return old, new, own


def _linked(admin: httpx.Client, course: str) -> dict[str, tuple[str, int]]:
    links = admin.get(f"{course}/outcome_group_links").json()
    return {row["outcome"]["title"]: (row["outcome_group"]["title"], row["outcome"]["id"]) for row in links}


def test_outcomes_come_with_a_copy(canvas: Site) -> None:
    """Those of the course are copied with their groups, those of its account are the same; rubrics follow."""
    admin = canvas.admin
    old, new, own = _with_outcomes(canvas)
    for _ in range(2):
        _copy(admin, old, new)
        before, after = _linked(admin, old), _linked(admin, new)
        assert (after["Own"][0], after["Own"][1] != own) == ("G", True)
        assert after["Shared"][1] == before["Shared"][1]
        assert len(after) == 2
    (rubric,) = admin.get(f"{new}/rubrics").json()
    assert [row["learning_outcome_id"] for row in rubric["data"]] == [after["Own"][1]]


def test_outcomes_that_were_not_chosen_stay_behind(canvas: Site) -> None:
    admin = canvas.admin
    old, new, own = _with_outcomes(canvas)
    sent: dict[str, Any] = {"migration_type": "course_copy_importer"}
    sent["settings"] = {"source_course_id": int(old.rpartition("/")[2])}

    def brought(**select: Any) -> list[str]:
        begun = admin.post(f"{new}/content_migrations", json={**sent, "select": select}).json()
        assert admin.get(begun["progress_url"]).json()["workflow_state"] == "completed"
        return sorted(_linked(admin, new))

    rubric = admin.get(f"{old}/rubrics").json()[0]["id"]
    assert brought(rubrics=[rubric]) == []
    assert "learning_outcome_id" not in admin.get(f"{new}/rubrics").json()[0]["data"][0]
    assert brought(learning_outcomes=[own]) == ["Own"]
    assert brought(all_learning_outcomes="1") == ["Own", "Shared"]
