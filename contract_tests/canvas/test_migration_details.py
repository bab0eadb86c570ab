"""Migrations of Canvas: what they offer for selection, packages by URL, and who sees what of them."""

from __future__ import annotations

import io
import zipfile
from typing import Any

import httpx
import pytest

from contract_tests.canvas.support import Site
from contract_tests.canvas.test_files import API, upload
from contract_tests.canvas.test_migrations import filled


def _waiting(admin: httpx.Client, old: int, new: int) -> str:
    fields = {"migration_type": "course_copy_importer", "settings": {"source_course_id": old}, "selective_import": True}
    begun = admin.post(f"{API}/courses/{new}/content_migrations", json=fields).json()
    assert begun["workflow_state"] == "waiting_for_select"
    return f"{API}/courses/{new}/content_migrations/{begun['id']}"


def test_the_lists_of_an_export_name_objects_by_their_asset_strings(canvas: Site) -> None:
    admin, old, new = filled(canvas)
    listed = f"{API}/courses/{old}/content_list"
    (quiz,) = admin.get(listed, params={"type": "quizzes"}).json()
    assert quiz["id"].startswith("quizzes:quiz_")
    assert "property" not in quiz
    assert quiz["linked_resource"]["message"] == "linked with Assignment 'Check'"
    waiting = f"{_waiting(admin, old, new)}/selective_data"
    (same,) = admin.get(waiting, params={"type": "quizzes"}).json()
    assert same["property"] == f"copy[quizzes][id_{same['migration_id']}]"
    assert {"type", "migration_id", "property", "message"} == same["linked_resource"].keys()
    rows = [row for group in admin.get(waiting, params={"type": "assignments"}).json() for row in group["sub_items"]]
    linked = {row["title"]: row.get("linked_resource", {}).get("message") for row in rows}
    assert linked == {"Check": "linked with Quiz 'Check'", "Essay": None}


def test_the_top_of_the_lists(canvas: Site) -> None:
    admin, old, new = filled(canvas)
    listed = [row["type"] for row in admin.get(f"{API}/courses/{old}/content_list").json()]
    assert listed[:3] == ["course_settings", "syllabus_body", "context_modules"], "a syllabus in any case"
    assert listed.index("assessment_question_banks") == listed.index("quizzes") + 1
    waiting = f"{_waiting(admin, old, new)}/selective_data"
    assert [row["type"] for row in admin.get(waiting).json()][2] == "blueprint_settings"
    sent = {"enrollment": {"user_id": 101, "type": "StudentEnrollment", "enrollment_state": "active"}}
    admin.post(f"{API}/courses/{new}/enrollments", json=sent)
    assert "blueprint_settings" not in [row["type"] for row in admin.get(waiting).json()], "it has a student"


@pytest.mark.parametrize(
    ("name", "status"), [("pages", 400), ("assignment_groups", 400), ("wiki_pages", 200), ("submodules_x", 200)]
)
def test_which_lists_there_are(canvas: Site, name: str, status: int) -> None:
    answer = canvas.teacher.get(f"{API}/courses/1/content_list", params={"type": name})
    assert answer.status_code == status
    assert status == 200 or answer.json() == {"message": "unsupported migration type"}


def test_files_are_listed_in_their_folders(canvas: Site) -> None:
    upload(canvas.teacher, "/courses/1/files", "a.txt", b"a", parent_folder_path="Texts/One")
    folders = canvas.teacher.get(f"{API}/courses/1/content_list", params={"type": "attachments"}).json()
    (one,) = [folder for folder in folders if folder["title"] == "course files/Texts/One"]
    assert (one["type"], [file["title"] for file in one["sub_items"]]) == ("folders", ["a.txt"])
    assert "course files/Texts" not in [folder["title"] for folder in folders], "no file lies right there"


def _package() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("imsmanifest.xml", '<?xml version="1.0"?><manifest/>')
    return packed.getvalue()


def test_a_package_by_url_is_fetched_by_the_job(canvas: Site) -> None:
    admin, old, new = filled(canvas)
    exported = admin.post(f"{API}/courses/{old}/content_exports", json={"export_type": "common_cartridge"}).json()
    file = admin.get(f"{API}/courses/{old}/content_exports/{exported['id']}").json()["attachment"]["url"]
    path = f"{API}/courses/{new}/content_migrations"
    fields = {"migration_type": "canvas_cartridge_importer", "settings": {"file_url": file}}
    begun = admin.post(path, json={**fields, "selective_import": True}).json()
    assert begun["workflow_state"] == "running"
    own = f"{path}/{begun['id']}"
    assert admin.get(own).json()["workflow_state"] == "waiting_for_select"
    groups = admin.get(f"{own}/selective_data", params={"type": "assignments"}).json()
    (essay,) = [row for group in groups for row in group.get("sub_items", []) if row["title"] == "Essay"]
    assert admin.get(f"{API}/courses/{new}/assignments").json() == []
    admin.put(own, json={"copy": {"assignments": {f"id_{essay['migration_id']}": "1"}}})
    assert admin.get(own).json()["workflow_state"] == "completed"
    assert [row["name"] for row in admin.get(f"{API}/courses/{new}/assignments").json()] == ["Essay"]
    failing = admin.post(path, json={**fields, "settings": {"file_url": "ftp://x"}}).json()
    assert admin.get(failing["progress_url"]).json()["workflow_state"] == "failed"
    (issue,) = admin.get(f"{path}/{failing['id']}/migration_issues").json()
    assert (issue["description"], issue["issue_type"]) == ("Could not parse the URL: ftp://x", "warning")
    assert "error_message" not in issue, "what only those who run the site see"


def test_a_package_that_does_not_come_within_an_hour(canvas: Site) -> None:
    path = f"{API}/courses/1/content_migrations"
    fields = {"migration_type": "common_cartridge_importer", "pre_attachment": {"name": "a.imscc"}}
    begun = canvas.teacher.post(path, json=fields).json()
    canvas.lms.clock.advance(minutes=59)
    assert canvas.teacher.get(path).json()[0]["workflow_state"] == "pre_processing"
    canvas.lms.clock.advance(minutes=2)
    assert canvas.teacher.get(path).json()[0]["workflow_state"] == "failed"
    assert canvas.teacher.get(begun["progress_url"]).json()["workflow_state"] == "failed"
    (issue,) = canvas.teacher.get(f"{path}/{begun['id']}/migration_issues").json()
    assert issue["description"] == "The file upload process timed out."


def test_an_export_to_import_is_one_that_the_caller_sees(canvas: Site) -> None:
    exports, path = f"{API}/courses/1/content_exports", f"{API}/courses/1/content_migrations"
    files = canvas.student.post(exports, data={"export_type": "zip"}).json()["id"]
    content = canvas.teacher.post(exports, data={"export_type": "common_cartridge"}).json()["id"]

    def answer(number: int) -> Any:
        settings = {"content_export_id": number}
        sent = {"migration_type": "canvas_cartridge_importer", "settings": settings}
        return canvas.teacher.post(path, json=sent).json()

    assert answer(files) == {"message": "invalid content export"}
    assert answer(content)["workflow_state"] == "running"
    canvas.lms.settings["canvas.background_job_seconds"] = 60
    waiting = canvas.teacher.post(exports, data={"export_type": "common_cartridge"}).json()["id"]
    assert answer(waiting) == {"message": "content export is incomplete"}


def test_the_file_of_a_migration_is_given_out_for_a_month(canvas: Site) -> None:
    path = f"{API}/users/self/content_migrations"
    root = canvas.student.get(f"{API}/users/self/folders/root").json()["id"]
    fields: dict[str, Any] = {"migration_type": "zip_file_importer", "settings": {"folder_id": root}}
    begun = canvas.student.post(path, json={**fields, "pre_attachment": {"name": "a.zip"}}).json()
    assert f"/api/v1/courses/101/content_migrations/{begun['id']}/" in begun["migration_issues_url"], "as of a course"
    target = begun["pre_attachment"]
    sent = {"file": ("a.zip", _package(), "application/zip")}
    moved = httpx.post(target["upload_url"], data=target["upload_params"], files=sent)
    assert canvas.student.post(moved.headers["location"]).status_code == 200
    assert "attachment" in canvas.student.get(f"{path}/{begun['id']}").json()
    canvas.lms.clock.advance(days=31)
    assert "attachment" not in canvas.student.get(f"{path}/{begun['id']}").json()


def test_who_follows_a_job_is_who_may_read_what_it_is_for(canvas: Site) -> None:
    sent = {"name": "a.txt", "url": "ftp://x"}
    own = canvas.student.post(f"{API}/users/self/files", json=sent).json()["progress"]["url"]
    assert canvas.student.get(own).status_code == 200
    assert canvas.teacher.get(own).status_code == 403
    assert canvas.admin.get(own).status_code == 200, "who manages logins reads people"
    exported = canvas.teacher.post(f"{API}/courses/1/content_exports", data={"export_type": "common_cartridge"}).json()
    assert canvas.student.get(exported["progress_url"]).status_code == 403
    assert canvas.admin.get(exported["progress_url"]).status_code == 200
    zipped = canvas.student.post(f"{API}/courses/1/content_exports", data={"export_type": "zip"}).json()
    assert canvas.teacher.get(zipped["progress_url"]).status_code == 403, "files packed for somebody else"
