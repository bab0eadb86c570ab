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
    (folder,) = [entry for entry in folders if entry["title"] == "course files/Texts/One"]
    assert (folder["type"], [file["title"] for file in folder["sub_items"]]) == ("folders", ["a.txt"])
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


def _copied(canvas: Site, course: dict[str, Any], **shift: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """A course with one assignment, copied into a new one with these date shifts: the assignment and the course."""
    admin = canvas.admin
    old, new = (
        admin.post(f"{API}/accounts/1/courses", json={"course": {"name": name, **course}}).json()["id"]
        for name in ("Old", "New")
    )
    work = {"name": "A", "published": True, "due_at": "2026-10-07T02:30:00Z", "unlock_at": "2026-09-03T00:00:00Z"}
    admin.post(f"{API}/courses/{old}/assignments", json={"assignment": work})
    fields = {"migration_type": "course_copy_importer", "settings": {"source_course_id": old}}
    admin.post(f"{API}/courses/{new}/content_migrations", json={**fields, "date_shift_options": shift})
    (row,) = admin.get(f"{API}/courses/{new}/assignments").json()
    return row, admin.get(f"{API}/courses/{new}").json()


def test_bounds_of_a_shift_that_are_not_sent(canvas: Site) -> None:
    """The length of the course stays, and what it lasts is found from its dates."""
    starts = {"shift_dates": True, "old_start_date": "2026-09-01", "new_start_date": "2027-09-07"}
    row, course = _copied(canvas, {}, **starts)
    assert row["due_at"] == "2027-10-13T02:30:00Z", "371 days, all whole weeks, as 36 of 36 days had passed"
    assert course["start_at"] == "2027-09-07T00:00:00Z", "a course without dates gets them"
    assert course["end_at"] is None
    back = {"old_end_date": "2026-08-01", "new_end_date": "2027-01-01"}
    assert _copied(canvas, {}, **starts, **back)[0]["due_at"] == row["due_at"], "ends before the starts are no ends"
    dated: dict[str, Any] = {"start_at": "2026-09-01T00:00:00Z", "end_at": "2026-12-22T00:00:00Z"}
    dated["restrict_enrollments_to_course_dates"] = True
    row, course = _copied(canvas, dated, shift_dates=True, new_start_date="2027-09-07")
    assert (row["due_at"], course["start_at"]) == ("2027-10-13T02:30:00Z", dated["start_at"])


def test_a_shift_is_rounded_to_days_of_its_time_zone(canvas: Site) -> None:
    term = {"old_start_date": "2026-09-01", "old_end_date": "2026-12-22", "new_start_date": "2027-09-07"}
    usual, _ = _copied(canvas, {}, shift_dates=True, **term, new_end_date="2027-12-28")
    assert usual["due_at"] == "2027-10-13T02:30:00Z"
    named = {"time_zone": "America/New_York", "day_substitutions": {"2": "4"}}
    there, _ = _copied(canvas, {}, shift_dates=True, **term, new_end_date="2027-12-28", **named)
    assert there["due_at"] == "2027-10-08T02:30:00Z", "there it was a Tuesday evening, which becomes a Thursday"
    shorter, _ = _copied(canvas, {}, shift_dates=True, **term, new_end_date="2027-09-16")
    assert shorter["due_at"] == "2027-09-08T02:30:00Z", "2.9 days are three, from where the last Wednesday is"


@pytest.mark.parametrize("bound", ["9999-12-31", "0001-01-01"])
def test_a_shift_beyond_the_calendar_leaves_dates_alone(canvas: Site, bound: str) -> None:
    term = {
        "old_start_date": "2026-10-06",
        "old_end_date": "2026-10-06",
        "new_start_date": bound,
        "new_end_date": bound,
    }
    row, _ = _copied(canvas, {}, shift_dates=True, **term, day_substitutions={"3": "6"})
    assert row["due_at"] is not None


def test_a_file_with_a_comment_takes_the_choices_of_an_upload(canvas: Site) -> None:
    work = {"name": "A", "submission_types": ["online_upload"], "published": True}
    number = canvas.teacher.post(f"{API}/courses/1/assignments", json={"assignment": work}).json()["id"]
    path = f"{API}/courses/1/assignments/{number}/submissions/101/comments/files"
    begun = canvas.teacher.post(path, json={"name": "a.txt", "on_duplicate": "rename"}).json()
    assert "on_duplicate=rename&quota_exemption=" in begun["upload_url"]
    nowhere = canvas.teacher.post(path, json={"name": "a.txt", "parent_folder_id": 1})
    assert (nowhere.status_code, nowhere.json()) == (404, {"message": "The specified resource does not exist."})
    job = canvas.teacher.post(path, json={"name": "a.txt", "url": "ftp://x"}).json()["progress"]
    assert (job["context_type"], job["context_id"]) == ("Assignment", number)
    sent = {"name": "a.txt", "url": "ftp://x", "assignment_id": number}
    job = canvas.student.post(f"{API}/users/self/files", json=sent).json()["progress"]
    assert (job["context_type"], job["context_id"]) == ("Assignment", number)
