"""Content that moves between courses, into them and out of them; blueprint courses."""

from __future__ import annotations

import io
import zipfile
from typing import Any

import httpx

from contract_tests.canvas.support import Site
from contract_tests.canvas.test_files import upload

API = "/api/v1"


def filled(canvas: Site) -> tuple[httpx.Client, int, int]:
    """An admin, a course with one object of each kind, and an empty course."""
    admin = canvas.admin
    courses = [
        admin.post(f"{API}/accounts/1/courses", json={"course": {"name": n}}).json()["id"] for n in ("Old", "New")
    ]
    old = f"{API}/courses/{courses[0]}"
    group = admin.post(f"{old}/assignment_groups", json={"name": "Labs", "group_weight": 40}).json()["id"]
    fields = {"name": "Essay", "points_possible": 8, "due_at": "2026-10-07T12:00:00Z", "published": True}
    fields |= {"assignment_group_id": group, "submission_types": ["online_text_entry"], "description": "<p>Write.</p>"}
    essay = admin.post(f"{old}/assignments", json={"assignment": fields}).json()["id"]
    body = f'<a href="/courses/{courses[0]}/assignments/{essay}">Essay</a>'
    admin.post(f"{old}/pages", json={"wiki_page": {"title": "Start", "body": body, "published": True}})
    admin.post(f"{old}/discussion_topics", json={"title": "Talk", "message": "Hi", "published": True})
    quiz = admin.post(f"{old}/quizzes", json={"quiz": {"title": "Check", "quiz_type": "assignment"}}).json()["id"]
    answers = [{"answer_text": "4", "answer_weight": 100}, {"answer_text": "5", "answer_weight": 0}]
    question = {"question_name": "Sum", "question_text": "2+2?", "question_type": "multiple_choice_question"}
    question |= {"points_possible": 3, "answers": answers}
    admin.post(f"{old}/quizzes/{quiz}/questions", json={"question": question})
    module = admin.post(f"{old}/modules", json={"module": {"name": "Week 1"}}).json()["id"]
    for item in (
        {"type": "Assignment", "content_id": essay},
        {"type": "Page", "page_url": "start"},
        {"type": "ExternalUrl", "external_url": "https://example.edu/", "title": "Site"},
    ):
        admin.post(f"{old}/modules/{module}/items", json={"module_item": item})
    return admin, courses[0], courses[1]


def finished(admin: httpx.Client, begun: httpx.Response) -> dict[str, Any]:
    assert begun.status_code == 200, begun.text
    waiting = begun.json()
    assert waiting["workflow_state"] == "running"
    assert admin.get(waiting["progress_url"]).json()["workflow_state"] == "completed"
    path = waiting["migration_issues_url"].removesuffix("/migration_issues")
    return dict(admin.get(path).json())


def test_a_copy_goes_into_a_module_and_a_group(canvas: Site) -> None:
    """Each kind of object becomes an item once, in its place; settings of the course stay unchanged."""
    admin, old, new = filled(canvas)
    here = f"{API}/courses/{new}"
    admin.put(f"{API}/courses/{old}", json={"course": {"is_public": True, "license": "cc_by"}})
    module = admin.post(f"{here}/modules", json={"module": {"name": "Inbox"}}).json()["id"]
    group = admin.post(f"{here}/assignment_groups", json={"name": "Later"}).json()["id"]
    items = f"{here}/modules/{module}/items"
    for title in ("First", "Last"):
        admin.post(items, json={"module_item": {"type": "SubHeader", "title": title}})

    def copied(**settings: Any) -> list[tuple[str, str]]:
        sent = {"migration_type": "course_copy_importer", "settings": {"source_course_id": old, **settings}}
        finished(admin, admin.post(f"{here}/content_migrations", json=sent))
        return [(item["type"], item["title"]) for item in admin.get(items).json()]

    heads = ("SubHeader", "First"), ("SubHeader", "Last")
    placed = {"insert_into_module_id": module, "insert_into_module_position": 2}
    kept = {"importer_skips": ["visibility_settings"], "move_to_assignment_group_id": group}
    assert copied(**placed, **kept, insert_into_module_type="page") == [heads[0], ("Page", "Start"), heads[1]]
    assert [item["name"] for item in admin.get(f"{here}/modules").json()] == ["Inbox"], "no module comes along"
    shown = admin.get(f"{API}/courses/{new}").json()
    assert (bool(shown["is_public"]), shown["license"]) == (False, "cc_by")
    groups = {item["name"]: item["assignment_group_id"] for item in admin.get(f"{here}/assignments").json()}
    assert groups == {"Essay": group, "Check": group}
    again = copied(insert_into_module_id=module, importer_skips=["all_course_settings"])
    assert again[:3] == [heads[0], ("Page", "Start"), heads[1]]
    assert sorted(again[3:]) == [("Assignment", "Essay"), ("Discussion", "Talk"), ("Quiz", "Check")]


def has_everything(admin: httpx.Client, course: int) -> None:
    new = f"{API}/courses/{course}"
    rows = {row["name"]: row for row in admin.get(f"{new}/assignments").json()}
    assert (rows["Essay"]["points_possible"], rows["Essay"]["description"]) == (8, "<p>Write.</p>")
    groups = {row["id"]: row["name"] for row in admin.get(f"{new}/assignment_groups").json()}
    assert groups[rows["Essay"]["assignment_group_id"]] == "Labs"
    page = admin.get(f"{new}/pages/start").json()
    assert (page["published"], "Essay</a>" in page["body"]) == (True, True)
    assert [row["title"] for row in admin.get(f"{new}/discussion_topics").json()] == ["Talk"]
    (quiz,) = admin.get(f"{new}/quizzes").json()
    (question,) = admin.get(f"{new}/quizzes/{quiz['id']}/questions").json()
    assert (question["question_text"], [a["weight"] for a in question["answers"]]) == ("2+2?", [100, 0])
    (module,) = admin.get(f"{new}/modules?include[]=items").json()
    assert [(item["type"], item["title"]) for item in module["items"]] == [
        ("Assignment", "Essay"),
        ("Page", "Start"),
        ("ExternalUrl", "Site"),
    ]
    assert module["items"][0]["content_id"] == rows["Essay"]["id"]


def test_a_course_is_copied_and_copied_again(canvas: Site) -> None:
    admin, old, new = filled(canvas)
    policy = {"late_submission_deduction_enabled": True, "late_submission_deduction": 15}
    assert admin.post(f"{API}/courses/{old}/late_policy", json={"late_policy": policy}).status_code == 201
    path = f"{API}/courses/{new}/content_migrations"
    fields: dict[str, Any] = {"migration_type": "course_copy_importer", "settings": {"source_course_id": old}}
    done = finished(admin, admin.post(path, json=fields))
    has_everything(admin, new)
    assert admin.get(f"{API}/courses/{new}/late_policy").json()["late_policy"]["late_submission_deduction"] == 15
    assert admin.get(f"{API}/courses/{old}/late_policy").status_code == 200
    first = {row["name"]: row["id"] for row in admin.get(f"{API}/courses/{new}/assignments").json()}
    body = admin.get(f"{API}/courses/{new}/pages/start").json()["body"]
    assert f"/courses/{new}/assignments/{first['Essay']}" in body
    dates = {"old_start_date": "2026-09-01", "old_end_date": "2026-12-01"}
    dates |= {"new_start_date": "2027-01-05", "new_end_date": "2027-04-06"}
    finished(admin, admin.post(path, json=fields | {"date_shift_options": {"shift_dates": True, **dates}}))
    (essay,) = [row for row in admin.get(f"{API}/courses/{new}/assignments").json() if row["name"] == "Essay"]
    assert (essay["id"], essay["due_at"]) == (first["Essay"], "2027-02-10T12:00:00Z")
    mapping = admin.get(f"{path}/{done['id']}/asset_id_mapping").json()
    assert str(essay["id"]) in mapping["assignments"].values()


def test_only_selected_content_is_copied(canvas: Site) -> None:
    admin, old, new = filled(canvas)
    path = f"{API}/courses/{new}/content_migrations"
    fields: dict[str, Any] = {"migration_type": "course_copy_importer", "settings": {"source_course_id": old}}
    begun = admin.post(path, json=fields | {"selective_import": True}).json()
    assert begun["workflow_state"] == "waiting_for_select"
    kinds = {row["type"] for row in admin.get(f"{path}/{begun['id']}/selective_data").json()}
    assert kinds >= {"assignments", "quizzes", "wiki_pages", "context_modules", "discussion_topics"}
    groups = admin.get(f"{path}/{begun['id']}/selective_data?type=assignments").json()
    chosen = next(item for group in groups for item in group["sub_items"] if item["title"] == "Essay")
    finished(admin, admin.put(f"{path}/{begun['id']}", data={chosen["property"]: "1"}))
    assert [row["name"] for row in admin.get(f"{API}/courses/{new}/assignments").json()] == ["Essay"]
    assert admin.get(f"{API}/courses/{new}/pages").json() == []
    assert admin.post(path, json={"migration_type": "course_copy_importer"}).status_code == 400
    assert canvas.student.post(path, json=fields).status_code == 403


def test_an_export_is_a_cartridge_that_can_be_imported(canvas: Site) -> None:
    admin, old, new = filled(canvas)
    exports = f"{API}/courses/{old}/content_exports"
    begun = admin.post(exports, json={"export_type": "common_cartridge"}).json()
    assert begun["workflow_state"] == "created"
    done = admin.get(f"{exports}/{begun['id']}").json()
    cartridge = httpx.get(done["attachment"]["url"]).content
    names = zipfile.ZipFile(io.BytesIO(cartridge)).namelist()
    assert {"imsmanifest.xml", "wiki_content/start.html", "course_settings/module_meta.xml"} <= set(names)
    path = f"{API}/courses/{new}/content_migrations"
    sent = {"name": "old.imscc", "size": len(cartridge)}
    asked = admin.post(path, json={"migration_type": "common_cartridge_importer", "pre_attachment": sent}).json()
    assert asked["workflow_state"] == "pre_processing"
    target = asked["pre_attachment"]
    files = {"file": ("old.imscc", cartridge)}
    moved = httpx.post(target["upload_url"], data=target["upload_params"], files=files, follow_redirects=False)
    assert admin.post(moved.headers["location"]).status_code == 200
    assert admin.get(f"{path}/{asked['id']}").json()["workflow_state"] == "completed"
    has_everything(admin, new)
    assert admin.post(exports, json={"export_type": "pdf"}).status_code == 400


def test_a_file_that_is_not_a_package_fails_with_an_issue(canvas: Site) -> None:
    admin, _, new = filled(canvas)
    path = f"{API}/courses/{new}/content_migrations"
    asked = admin.post(path, json={"migration_type": "qti_converter", "pre_attachment": {"name": "x.zip"}}).json()
    target = asked["pre_attachment"]
    moved = httpx.post(target["upload_url"], data=target["upload_params"], files={"file": ("x.zip", b"no zip")})
    admin.post(moved.headers["location"])
    assert admin.get(f"{path}/{asked['id']}").json()["workflow_state"] == "failed"
    (issue,) = admin.get(f"{path}/{asked['id']}/migration_issues").json()
    assert "unknown mime type text/plain" in issue["description"]
    issue_path = f"{path}/{asked['id']}/migration_issues/{issue['id']}"
    assert admin.put(issue_path, json={"workflow_state": "resolved"}).json()["workflow_state"] == "resolved"
    assert admin.put(issue_path, json={"workflow_state": "gone"}).status_code == 403


def test_a_blueprint_keeps_a_course_and_locks_it(canvas: Site) -> None:
    admin, old, new = filled(canvas)
    admin.put(f"{API}/courses/{old}", json={"course": {"blueprint": True}})
    template = f"{API}/courses/{old}/blueprint_templates/default"
    assert admin.post(f"{template}/migrations").status_code == 400, "no course is kept"
    assert admin.put(f"{template}/update_associations", json={"course_ids_to_add": [old]}).status_code == 400
    assert admin.put(f"{template}/update_associations", json={"course_ids_to_add": [new]}).json() == {"success": True}
    begun = admin.post(f"{template}/migrations", json={"comment": "First"}).json()
    assert begun["workflow_state"] == "queued"
    assert admin.post(f"{template}/migrations").status_code == 400, "one is under way"
    assert admin.get(f"{template}/migrations/{begun['id']}").json()["workflow_state"] == "completed"
    has_everything(admin, new)
    (essay,) = [row for row in admin.get(f"{API}/courses/{old}/assignments").json() if row["name"] == "Essay"]
    (copy,) = [row for row in admin.get(f"{API}/courses/{new}/assignments").json() if row["name"] == "Essay"]
    assert (copy["is_master_course_child_content"], copy["restricted_by_master_course"]) == (True, False)
    canvas.lms.clock.advance(seconds=60)
    lock = {"content_type": "assignment", "content_id": essay["id"], "restricted": True}
    assert admin.put(f"{template}/restrict_item", json=lock).json() == {"success": True}
    own = f"{API}/courses/{new}/assignments/{copy['id']}"
    assert admin.put(own, json={"assignment": {"name": "Mine"}}).status_code == 400
    assert admin.put(own, json={"assignment": {"points_possible": 9}}).status_code == 200
    assert admin.delete(own).status_code == 403
    admin.put(f"{API}/courses/{old}/assignments/{essay['id']}", json={"assignment": {"name": "Long essay"}})
    changes = admin.get(f"{template}/unsynced_changes").json()
    assert ("Long essay", "updated", True) in [(c["asset_name"], c["change_type"], c["locked"]) for c in changes]
    canvas.lms.clock.advance(seconds=60)
    again = admin.post(f"{template}/migrations").json()
    assert admin.get(own).json()["name"] == "Long essay"
    details = admin.get(f"{template}/migrations/{again['id']}/details").json()
    assert [change["asset_name"] for change in details] == ["Long essay"]
    received = admin.get(f"{API}/courses/{new}/blueprint_subscriptions/default/migrations").json()
    assert len(received) == 2
    assert canvas.teacher.get(template).status_code == 403


def test_a_folder_with_a_file_that_a_blueprint_locks_is_not_deleted(canvas: Site) -> None:
    admin, old, new = filled(canvas)
    file = upload(admin, f"/courses/{old}/files", "a.txt", b"a", parent_folder_path="Texts").json()
    admin.put(f"{API}/courses/{old}", json={"course": {"blueprint": True}})
    template = f"{API}/courses/{old}/blueprint_templates/default"
    admin.put(f"{template}/update_associations", json={"course_ids_to_add": [new]})
    lock = {"content_type": "attachment", "content_id": file["id"], "restricted": True}
    assert admin.put(f"{template}/restrict_item", json=lock).json() == {"success": True}
    done = admin.post(f"{template}/migrations").json()
    assert admin.get(f"{template}/migrations/{done['id']}").json()["workflow_state"] == "completed"
    (copy,) = [item for item in admin.get(f"{API}/courses/{new}/folders").json() if item["name"] == "Texts"]
    (inside,) = admin.get(f"{API}/folders/{copy['id']}/files").json()
    forced = {"force": "true"}
    refused = admin.delete(f"{API}/folders/{copy['id']}", params=forced)
    assert (refused.status_code, refused.json()["message"][:19]) == (400, "Can't delete folder")
    assert admin.delete(f"{API}/files/{inside['id']}").status_code == 403
    own = admin.post(f"{API}/courses/{new}/folders", data={"name": "Own"}).json()["id"]
    upload(admin, f"/folders/{own}/files", "b.txt", b"b")
    assert admin.delete(f"{API}/folders/{own}", params=forced).status_code == 200


def test_an_impossible_migration_fails_with_an_issue(canvas: Site) -> None:
    admin = canvas.admin
    path = f"{API}/courses/1/content_migrations"
    asked = admin.post(path, json={"migration_type": "qti_converter", "pre_attachment": {"name": "x.zip"}}).json()
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("imsmanifest.xml", '<?xml version="1.0" encoding="none-8"?><manifest/>')
    target = asked["pre_attachment"]
    moved = httpx.post(target["upload_url"], data=target["upload_params"], files={"file": ("x.zip", packed.getvalue())})
    admin.post(moved.headers["location"])
    (issue,) = admin.get(f"{path}/{asked['id']}/migration_issues").json()
    assert issue["description"] == "The file imsmanifest.xml is not readable as XML"
    begun = admin.post(path, json={"migration_type": "moodle_converter"}).json()
    assert admin.get(f"{path}/{begun['id']}").json()["workflow_state"] == "failed"
    (issue,) = admin.get(f"{path}/{begun['id']}/migration_issues").json()
    assert issue["description"] == "File required for content migration."
    assert admin.get(begun["progress_url"]).json()["workflow_state"] == "failed"
    path = f"{API}/accounts/1/content_migrations"
    begun = admin.post(path, json={"migration_type": "moodle_converter"}).json()
    assert admin.get(f"{path}/{begun['id']}").json()["workflow_state"] == "failed"


def test_books_of_courses(canvas: Site) -> None:
    books, teacher = f"{API}/courses/1/epub_exports", canvas.teacher
    assert teacher.post(books).status_code == 404, "the school has not allowed it"
    assert canvas.admin.put(f"{API}/accounts/1/features/flags/epub_export", data={"state": "on"}).status_code == 200
    made = canvas.student.post(books)
    assert made.status_code == 201
    assert made.json()["epub_export"]["permissions"] == {"download": False, "regenerate": False}
    path = f"{books}/{made.json()['epub_export']['id']}"
    for who in (canvas.student, teacher):
        shown = who.get(path).json()["epub_export"]
        assert (shown["workflow_state"], shown["permissions"]["download"]) == ("generated", True)
        assert httpx.get(shown["epub_attachment"]["url"]).content.startswith(b"PK")
    assert canvas.admin.get(f"{books}/999999").status_code == 403
    mine = canvas.student.get(f"{API}/epub_exports").json()["courses"]
    assert [(row["id"], "epub_export" in row) for row in mine] == [(1, True), (2, False)]
    taught = teacher.get(f"{API}/epub_exports").json()["courses"]
    assert [(row["id"], "epub_export" in row) for row in taught][:1] == [(1, False)], "a book is whose it was made for"


def test_whose_exports_are_shown(canvas: Site) -> None:
    exports, teacher, student = f"{API}/courses/1/content_exports", canvas.teacher, canvas.student
    packed = teacher.post(exports, data={"export_type": "common_cartridge"}).json()["id"]
    files = student.post(exports, data={"export_type": "zip"}).json()["id"]
    assert student.post(exports, data={"export_type": "qti"}).status_code == 403
    assert [row["id"] for row in student.get(exports).json()] == [files]
    assert [row["id"] for row in canvas.admin.get(exports).json()] == [packed]
    assert student.get(f"{exports}/{packed}").status_code == 403
    assert teacher.get(f"{exports}/{files}").status_code == 403, "files are packed for whoever asked"
    assert canvas.admin.get(f"{exports}/{packed}").status_code == 200


def test_a_changed_migration_runs_again_unless_it_shall_not(canvas: Site) -> None:
    admin, old, new = filled(canvas)
    path = f"{API}/courses/{new}/content_migrations"
    fields = {"migration_type": "course_copy_importer", "settings": {"source_course_id": old}}
    begun = admin.post(path, json={**fields, "do_not_run": True}).json()
    assert (begun["workflow_state"], "progress_url" in begun) == ("pre_processing", False)
    assert admin.get(f"{API}/courses/{new}/pages").json() == []
    done = finished(admin, admin.put(f"{path}/{begun['id']}", json={"copy": {"all_wiki_pages": "1"}}))
    assert done["workflow_state"] == "completed"
    assert len(admin.get(f"{API}/courses/{new}/pages").json()) == 1
    assert admin.get(f"{API}/courses/{new}/assignments").json() == []
    assert finished(admin, admin.put(f"{path}/{begun['id']}", json={}))["workflow_state"] == "completed"
    copied = [item["name"] for item in admin.get(f"{API}/courses/{new}/assignments").json()]
    assert copied == ["Check", "Essay"], "everything"
    assert admin.put(f"{path}/{begun['id']}", json={"settings": {"source_course_id": 999_999}}).status_code == 404


def test_what_a_migration_must_name(canvas: Site) -> None:
    path = f"{API}/courses/1/content_migrations"

    def refusal(kind: str, api: httpx.Client = canvas.teacher, **settings: Any) -> tuple[int, object]:
        package = {"name": "a.zip", "size": 10}
        answer = api.post(path, json={"migration_type": kind, "settings": settings, "pre_attachment": package})
        return answer.status_code, answer.json().get("message")

    assert refusal("zip_file_importer", x=1) == (400, "A .zip upload requires a folder to upload to.")
    assert refusal("zip_file_importer", folder_id=999)[1] == "The specified folder couldn't be found in this course."
    root = canvas.teacher.get(f"{API}/courses/1/folders/root").json()["id"]
    assert refusal("zip_file_importer", folder_id=root) == (200, None)
    assert refusal("canvas_cartridge_importer", source_course_id=999)[0] == 404, "of whatever kind"
    assert refusal("course_copy_importer")[1] == "A course copy requires a source course."
    other = canvas.admin.post(f"{API}/accounts/1/courses", json={"course": {"name": "Other"}}).json()["id"]
    assert (
        refusal("course_copy_importer", source_course_id=other)[1] == "You are not allowed to copy the source course."
    )


def test_what_a_blueprint_tells_of_its_syncs(canvas: Site) -> None:
    admin = canvas.admin
    old, new = (
        admin.post(f"{API}/accounts/1/courses", json={"course": {"name": name}}).json()["id"] for name in ("B", "C")
    )
    admin.put(f"{API}/courses/{old}", json={"course": {"blueprint": True}})
    template = f"{API}/courses/{old}/blueprint_templates/default"
    assert admin.get(f"{template}/unsynced_changes").json() == [{"asset_name": "B", "change_type": "initial_sync"}]
    admin.put(f"{template}/update_associations", json={"course_ids_to_add": [new]})
    admin.post(f"{template}/migrations", json={})
    assert admin.get(f"{template}/unsynced_changes").json() == []
    second = admin.post(f"{template}/migrations", json={"copy_settings": True}).json()["id"]
    (detail,) = admin.get(f"{template}/migrations/{second}/details").json()
    assert (detail["asset_type"], detail["asset_name"], detail["asset_id"]) == ("settings", "Course Settings", old)
    page = admin.post(f"{API}/courses/{old}/pages", json={"wiki_page": {"title": "P"}}).json()
    lock = {"content_type": "wiki_page", "content_id": page["page_id"], "restricted": True}
    assert admin.put(f"{template}/restrict_item", json=lock).json() == {"success": True}
    admin.delete(f"{API}/courses/{old}/pages/{page['url']}")
    assert admin.put(f"{template}/restrict_item", json=lock).status_code == 404
    subscription = admin.get(f"{API}/courses/{new}/blueprint_subscriptions").json()[0]["id"]
    received = f"{API}/courses/{new}/blueprint_subscriptions"
    assert canvas.teacher.get(f"{received}/default/migrations").status_code == 403
    assert canvas.teacher.get(f"{received}/{subscription + 1}/migrations").status_code == 404, "looked up first"
    admin.put(f"{template}/update_associations", json={"course_ids_to_remove": [new]})
    assert admin.get(f"{received}/default/migrations").status_code == 404
    assert len(admin.get(f"{received}/{subscription}/migrations").json()) == 2, "a former one, by its id"


def test_quizzes_come_anew_unless_they_are_overwritten(canvas: Site) -> None:
    admin, old, new = filled(canvas)
    path = f"{API}/courses/{new}/content_migrations"

    def copy(**settings: Any) -> tuple[int, int]:
        fields = {"migration_type": "course_copy_importer", "settings": {"source_course_id": old, **settings}}
        finished(admin, admin.post(path, json=fields))
        rows = admin.get(f"{API}/courses/{new}/quizzes").json()
        work = admin.get(f"{API}/courses/{new}/assignments", params={"per_page": 100}).json()
        assert {row["assignment_id"] for row in rows if row["assignment_id"]} <= {row["id"] for row in work}
        return len(rows), len(work)

    quizzes, works = copy()
    assert quizzes > 0
    assert copy() == copy(overwrite_quizzes=True) == copy(overwrite_quizzes="false") == (quizzes, works)
    twice, more = copy(overwrite_quizzes=False)
    assert twice == 2 * quizzes
    assert works <= more <= works + quizzes, "only the assignments of quizzes come with them"
    assert copy() == (twice, more), "the first ones are brought up to date"
