"""Files, folders and uploads of Canvas."""

from __future__ import annotations

import httpx

from contract_tests.canvas.support import Site

API = "/api/v1"


def upload(api: httpx.Client, path: str, name: str, content: bytes, **more: str) -> httpx.Response:
    """The three steps of an upload; returns the last response."""
    first = api.post(f"{API}{path}", data={"name": name, "size": str(len(content)), **more}).json()
    sent = {first["file_param"]: (name, content, "text/plain")}
    second = httpx.post(first["upload_url"], data=first["upload_params"], files=sent)
    assert second.status_code == 302, second.text
    return api.get(second.headers["location"])


def test_files(canvas: Site) -> None:
    rows = canvas.student.get(f"{API}/courses/1/files").json()
    assert [f["display_name"] for f in rows] == ["notes.html", "syllabus.txt"]
    exam = canvas.student.get(f"{API}/files/4").json()
    assert (exam["locked_for_user"], exam["url"], exam["content-type"]) == (True, "", "text/plain")
    every = canvas.teacher.get(f"{API}/courses/1/files").json()
    assert len(every) == 4
    html = canvas.student.get(f"{API}/courses/1/files", params={"content_types[]": "text/html"}).json()
    assert [f["mime_class"] for f in html] == ["html"]
    assert canvas.student.get(f"{API}/courses/1/files", params={"search_term": "x"}).status_code == 400
    assert len(canvas.student.get(f"{API}/courses/1/files", params={"search_term": "syl"}).json()) == 1
    by_size = canvas.student.get(f"{API}/courses/1/files", params={"sort": "size", "order": "desc"}).json()
    assert [f["size"] for f in by_size] == sorted((f["size"] for f in rows), reverse=True)
    only = canvas.student.get(f"{API}/courses/1/files", params={"only[]": "names"}).json()
    assert "url" not in only[0]
    file = canvas.student.get(f"{API}/files/1").json()
    assert canvas.student.get(f"{API}/courses/1/files/1").json() == file
    assert canvas.student.get(f"{API}/files/3").json()["hidden_for_user"] is True, "open to who has its link"
    assert canvas.student.get(f"{API}/courses/2/files/1").status_code == 404
    assert canvas.teacher.get(f"{API}/files/3").status_code == 200
    assert canvas.student.get(f"{API}/files/9").status_code == 404
    assert [f["name"] for f in canvas.student.get(f"{API}/courses/1/folders").json()] == ["course files"]
    counts = {f["name"]: f["folders_count"] for f in canvas.teacher.get(f"{API}/courses/1/folders").json()}
    assert counts == {"answers": 0, "course files": 1}


def test_bytes_need_a_verifier_and_no_token(canvas: Site) -> None:
    public = canvas.student.get(f"{API}/files/1/public_url").json()["public_url"]
    anonymous = canvas.api()
    answer = anonymous.get(public)
    assert answer.text.startswith("Week 1")
    assert "syllabus.txt" in answer.headers["content-disposition"]
    assert anonymous.get("/files/1/download").headers["location"].endswith("/login")
    for wrong in ("x", "eyJhbGciOiJIUzI1NiJ9.eyJpZCI6MSwiZXhwIjpbXX0.e", "eyJhbGciOiJIUzI1NiJ9.e30.\u00e9"):
        assert anonymous.get("/files/1/download", params={"verifier": wrong}).status_code == 302
    assert anonymous.get("/files/9/download").status_code == 404
    assert canvas.student.get(f"{API}/files/4/public_url").status_code == 403
    assert canvas.teacher.get(f"{API}/files/4/public_url").status_code == 200
    browser = canvas.browser()
    browser.follow(browser.sign_in(browser.follow(browser.get("/")), canvas.info.student))
    assert browser.get("/files/1/download").status_code == 200
    assert browser.get("/files/4/download").status_code == 403


def test_an_upload_takes_three_steps(canvas: Site) -> None:
    made = upload(canvas.teacher, "/courses/1/files", "plan.txt", b"first").json()
    assert (made["display_name"], made["size"], made["upload_status"]) == ("plan.txt", 5, "success")
    assert httpx.get(made["url"]).content == b"first"
    again = upload(canvas.teacher, "/courses/1/files", "plan.txt", b"second").json()
    assert canvas.teacher.get(f"{API}/files/{made['id']}").status_code == 404, "overwritten"
    beside = upload(canvas.teacher, "/courses/1/files", "plan.txt", b"third", on_duplicate="rename").json()
    assert (beside["display_name"], beside["folder_id"]) == ("plan-1.txt", again["folder_id"])
    binary = upload(canvas.teacher, "/courses/1/files", "bytes.bin", b"\xff\x00\xfe").json()
    assert httpx.get(binary["url"]).content == b"\xff\x00\xfe"
    assert canvas.student.post(f"{API}/courses/1/files", data={"name": "x"}).status_code == 403


def test_an_upload_has_to_be_the_one_that_was_begun(canvas: Site) -> None:
    first = canvas.teacher.post(f"{API}/courses/1/files", data={"name": "a.txt", "size": "1"}).json()
    fields, sent = first["upload_params"], {"file": ("a.txt", b"a", "text/plain")}
    for changed in ({**fields, "Signature": "AAAA"}, {**fields, "Policy": "e30="}, {}):
        assert httpx.post(first["upload_url"], data=changed, files=sent).status_code == 400
    canvas.lms.clock.advance(minutes=31)
    assert httpx.post(first["upload_url"], data=fields, files=sent).status_code == 400, "too late"
    canvas.lms.clock.advance(minutes=-31)
    second = httpx.post(first["upload_url"], data=fields, files=sent)
    assert second.status_code == 302
    assert httpx.post(first["upload_url"], data=fields, files=sent).status_code == 400, "once only"
    wrong = httpx.URL(second.headers["location"]).copy_merge_params({"uuid": "no"})
    assert canvas.teacher.get(str(wrong)).status_code == 400
    place = httpx.URL(second.headers["location"])
    odd = canvas.teacher.get(str(place.copy_merge_params({"on_duplicate": "explode"})))
    assert (odd.status_code, odd.json()) == (400, {"message": "invalid on_duplicate option"})
    number = place.path.split("/")[4]
    status = f"{API}/files/{number}/{place.params['uuid']}/status"
    assert canvas.client().get(status).json() == {"upload_status": "pending"}
    assert canvas.client().get(f"{API}/files/{number}/no/status").status_code == 404
    assert canvas.teacher.get(second.headers["location"]).status_code == 200
    assert canvas.teacher.get(second.headers["location"]).status_code == 400, "once only"
    done = canvas.teacher.get(status).json()
    assert (done["upload_status"], done["attachment"]["display_name"]) == ("ready", "a.txt")


def test_the_quota_holds_before_and_after_an_upload(canvas: Site) -> None:
    quota = canvas.student.get(f"{API}/users/self/files/quota").json()
    assert quota == {"quota": 50 * 1024 * 1024, "quota_used": 0}
    path = f"{API}/users/self/files"
    refused = canvas.student.post(path, data={"name": "big", "size": str(quota["quota"] + 1)})
    assert (refused.status_code, refused.json()) == (400, {"message": "file size exceeds quota"})
    upload(canvas.student, "/users/self/files", "small.txt", b"x")
    assert canvas.student.get(f"{API}/users/self/files/quota").json()["quota_used"] == 512, (
        "what a file counts at least"
    )


def test_files_by_url(canvas: Site) -> None:
    source = canvas.teacher.get(f"{API}/files/1/public_url").json()["public_url"]
    queued = canvas.teacher.post(f"{API}/courses/1/files", json={"name": "copy.txt", "url": source}).json()["progress"]
    assert queued["workflow_state"] == "queued"
    done = canvas.teacher.get(queued["url"]).json()
    assert done["workflow_state"] == "completed"
    assert canvas.teacher.get(f"{API}/files/{done['results']['id']}").json()["size"] > 10
    failed = canvas.teacher.post(f"{API}/courses/1/files", json={"name": "x", "url": "ftp://x"}).json()["progress"]
    assert canvas.teacher.get(failed["url"]).json()["message"] == "Could not parse the URL: ftp://x"
    assert canvas.student.get(failed["url"]).status_code == 403


def test_folders(canvas: Site) -> None:
    teacher = canvas.teacher
    made = teacher.post(f"{API}/courses/1/folders", json={"name": "b", "parent_folder_path": "a"}).json()
    assert made["full_name"] == "course files/a/b"
    assert canvas.student.post(f"{API}/courses/1/folders", json={"name": "b"}).status_code == 403
    way = teacher.get(f"{API}/courses/1/folders/by_path/a/b").json()
    assert [f["name"] for f in way] == ["course files", "a", "b"]
    parent = way[1]["id"]
    into_itself = teacher.put(f"{API}/folders/{parent}", json={"parent_folder_id": made["id"]})
    assert into_itself.status_code == 400
    renamed = teacher.put(f"{API}/folders/{parent}", json={"name": "c", "hidden": True}).json()
    assert (renamed["full_name"], renamed["hidden"]) == ("course files/c", True)
    assert canvas.student.get(f"{API}/folders/{made['id']}").status_code == 403, "hidden by the one above"
    assert teacher.delete(f"{API}/folders/{parent}").status_code == 400, "not empty"
    assert teacher.delete(f"{API}/folders/{parent}", params={"force": "true"}).status_code == 200
    assert teacher.get(f"{API}/folders/{made['id']}").status_code == 404


def test_a_file_that_was_handed_in_is_copied_when_it_is_handed_in_again(canvas: Site) -> None:
    fields = {"name": "Essays", "submission_types": ["online_upload"], "published": True}
    made_at = f"{API}/courses/1/assignments"
    work = f"/courses/1/assignments/{canvas.teacher.post(made_at, json={'assignment': fields}).json()['id']}"
    made = upload(canvas.student, f"{work}/submissions/self/files", "essay.txt", b"mine").json()["id"]
    sent = {"submission": {"submission_type": "online_upload", "file_ids": [made]}}
    names = []
    for _ in range(2):
        handed_in = canvas.student.post(f"{API}{work}/submissions", json=sent).json()
        names += [(attachment["id"] == made, attachment["display_name"]) for attachment in handed_in["attachments"]]
    assert names == [(True, "essay.txt"), (False, "essay-1.txt")]


def test_a_new_folder_below_the_one_it_names(canvas: Site) -> None:
    """In that folder's course or user, whatever the path says."""
    teacher, student = canvas.teacher, canvas.student
    root = teacher.get(f"{API}/courses/1/folders/root").json()["id"]
    own = student.get(f"{API}/users/self/folders/root").json()["id"]
    below = student.post(f"{API}/courses/1/folders", json={"name": "Mine", "folder_id": own})
    assert (below.status_code, below.json()["parent_folder_id"], below.json()["context_type"]) == (200, own, "User")
    assert teacher.post(f"{API}/courses/1/folders", json={"folder_id": root}).json()["parent_folder_id"] == root
    assert student.post(f"{API}/users/self/folders", json={"folder_id": root}).status_code == 403
    assert teacher.post(f"{API}/courses/1/folders", json={"folder_id": 9999}).status_code == 404
    both = teacher.post(f"{API}/courses/1/folders", json={"folder_id": root, "parent_folder_id": root})
    assert (both.status_code, both.json()["message"]) == (400, "Can't set folder path and folder id")


def test_what_a_folder_tells_and_where_it_may_go(canvas: Site) -> None:
    teacher, student = canvas.teacher, canvas.student
    folders = f"{API}/courses/1/folders"
    below = teacher.post(folders, json={"name": " b/c ", "parent_folder_path": "course files/a"}).json()
    assert (below["name"], below["full_name"]) == ("b_c", "course files/a/b_c")
    above = below["parent_folder_id"]
    assert teacher.put(f"{API}/folders/{above}", json={"just_hide": "1", "locked": True}).json()["locked"] is False
    assert teacher.get(f"{API}/folders/{below['id']}").json()["hidden"] is True, "by the one above"
    shown = {item["id"]: item for item in student.get(folders).json()}
    assert above not in shown
    assert shown[below["id"]]["hidden_for_user"], "a list looks at each folder alone"
    assert shown[below["id"]]["locked_for_user"] is False
    for dates, seen in (({"lock_at": "2020-01-01T00:00:00Z"}, False), ({"unlock_at": "2020-02-01T00:00:00Z"}, True)):
        teacher.put(f"{API}/folders/{below['id']}", json=dates)
        assert (below["id"] in {item["id"] for item in student.get(folders).json()}) is seen
    assert teacher.put(f"{API}/folders/{below['id']}", json={"parent_folder_path": "x"}).status_code == 500
    assert teacher.put(f"{API}/folders/{below['id']}", json={"parent_folder_id": 9999}).status_code == 404
    assert (
        teacher.put(f"{API}/folders/{below['id']}", json={"parent_folder_id": None}).json()["parent_folder_id"] == above
    )
    root = teacher.get(f"{folders}/root").json()
    assert teacher.put(f"{API}/folders/{root['id']}", json={"name": root["name"]}).status_code == 200, "as it was"
    moved = teacher.put(f"{API}/folders/{below['id']}", json={"parent_folder_id": root["id"]}).json()
    assert moved["full_name"] == "course files/b_c"
    teacher.delete(f"{API}/folders/{above}")
    assert teacher.post(folders, json={"name": "x", "parent_folder_id": above}).status_code == 404
    copied = student.post(f"{API}/users/self/folders", json={"name": "x", "source_folder_id": below["id"]}).json()
    assert (copied["name"], copied["context_type"]) == ("b_c", "User")
    file = teacher.get(f"{API}/courses/1/files").json()[0]
    wanted = {"source_file_id": file["id"], "on_duplicate": "rename", "name": "other.txt"}
    assert teacher.post(f"{API}/folders/{root['id']}/copy_file", json=wanted).json()["display_name"] == "other.txt"


def test_folders_refuse_in_canvas_s_order(canvas: Site) -> None:
    teacher, student = canvas.teacher, canvas.student
    assert teacher.put(f"{API}/courses/1/tabs/files", json={"hidden": True}).status_code == 200
    assert student.get(f"{API}/courses/1/files").status_code == 403, "the tab is hidden"
    assert student.get(f"{API}/courses/1/folders/root").status_code == 403
    assert student.get(f"{API}/courses/1/folders").status_code == 200, "a list of folders does not look at the tab"
    assert student.get(f"{API}/courses/1/folders/by_path").status_code == 200
    assert student.get(f"{API}/courses/1/folders/icon_maker").status_code == 204
    assert teacher.get(f"{API}/courses/1/folders/icon_maker").status_code == 200
    folder = teacher.post(f"{API}/courses/1/folders", data={"name": "Week"}).json()["id"]
    both = {"parent_folder_id": str(folder), "parent_folder_path": "x"}
    assert student.post(f"{API}/courses/1/folders", data=both).status_code == 400
    assert student.post(f"{API}/courses/1/folders", data={"parent_folder_id": "999"}).status_code == 404
    assert student.post(f"{API}/courses/1/folders", data={"parent_folder_id": str(folder)}).status_code == 403
    assert student.post(f"{API}/courses/1/folders", data={"parent_folder_path": "new"}).status_code == 403
    names = [item["name"] for item in teacher.get(f"{API}/courses/1/folders").json()]
    assert "new" not in names, "a refused path makes nothing"
    copy = f"{API}/folders/{folder}/copy_file"
    assert student.post(copy).status_code == 400
    assert student.post(copy, data={"source_file_id": "999"}).status_code == 403
    assert teacher.post(copy, data={"source_file_id": "999"}).status_code == 404
    assert teacher.post(copy, data={"source_file_id": "1", "on_duplicate": "explode"}).status_code == 400
    assert teacher.post(copy, data={"source_file_id": "1"}).status_code == 200
    assert student.post(f"{API}/folders/{folder}/copy_folder").status_code == 400
    assert student.post(f"{API}/folders/{folder}/copy_folder", data={"source_folder_id": "1"}).status_code == 403
    for force in ({"force": "1"}, {}):
        assert teacher.delete(f"{API}/folders/{folder}", params=force).status_code == 400
    assert teacher.delete(f"{API}/folders/{folder}", params={"force": "true"}).status_code == 200
    assert teacher.put(f"{API}/folders/{folder}", data={"name": "Gone"}).json()["name"] == "Gone", "deleted ones too"
    assert teacher.get(f"{API}/folders/{folder}").status_code == 404
    rights = f"{API}/courses/1/usage_rights"
    assert teacher.put(rights).json()["message"].startswith("Must supply 'file_ids'")
    assert teacher.put(rights, json={"file_ids": [1]}).json() == {"message": "No 'usage_rights' object supplied"}
    unfit = teacher.put(rights, json={"file_ids": [1], "usage_rights": {"license": "none"}}).json()["errors"]
    assert sorted(unfit) == ["license", "use_justification"]
    assert student.delete(rights).status_code == 403


def test_who_changes_and_replaces_a_file(canvas: Site) -> None:
    teacher, student, admin = canvas.teacher, canvas.student, canvas.admin
    for who in (student, teacher):
        assert who.delete(f"{API}/files/1", params={"replace": "1"}).json()["status"] == "unauthorized"
    assert student.delete(f"{API}/files/1").json() == {"message": "Unauthorized to delete this file"}
    own = upload(student, "/users/self/files", "own.txt", b"mine").json()["id"]
    assert teacher.delete(f"{API}/files/{own}").status_code == 401
    assert admin.post(f"{API}/files/{own}/reset_verifier").status_code == 200, "who may become the person"
    fields = {"name": "Essays", "submission_types": ["online_upload"], "published": True}
    made = teacher.post(f"{API}/courses/1/assignments", json={"assignment": fields}).json()["id"]
    work = f"/courses/1/assignments/{made}/submissions"
    kept = upload(student, f"{work}/self/files", "work.txt", b"work").json()["id"]
    assert student.put(f"{API}/files/{kept}", data={"name": "x.txt"}).status_code == 403
    assert student.delete(f"{API}/files/{kept}").status_code == 401, "not handed in, but where such files lie"
    sent = {"submission": {"submission_type": "online_upload", "file_ids": [kept]}}
    assert student.post(f"{API}{work}", json=sent).status_code == 201
    assert student.delete(f"{API}/files/{kept}").status_code == 403
    folder = student.get(f"{API}/files/{kept}").json()["folder_id"]
    for method in ("PUT", "DELETE"):
        assert student.request(method, f"{API}/folders/{folder}", data={"name": "x"}).status_code == 403
    assert student.delete(f"{API}/files/{own}").status_code == 200
    shown = student.get(f"{API}/users/self/files", params={"category": "icon_maker_icons"}).json()
    assert shown == []


def test_who_reads_the_files_of_a_person(canvas: Site) -> None:
    """The owner, an observer, and whoever manages the owner's logins; a grader reads only what was submitted."""
    admin, teacher, student = canvas.admin, canvas.teacher, canvas.student
    own = upload(student, "/users/self/files", "own.txt", b"mine").json()["id"]
    sent = {"user[name]": "Watcher", "pseudonym[unique_id]": "watcher"}
    acting = {"as_user_id": str(admin.post(f"{API}/accounts/1/users", data=sent).json()["id"])}
    paths = [
        f"{API}/users/101/files",
        f"{API}/users/101/folders",
        f"{API}/files/{own}",
        f"{API}/files/{own}/public_url",
    ]

    def statuses(who: httpx.Client, **params: str) -> set[int]:
        return {who.get(path, params=params).status_code for path in paths}

    assert (statuses(student), statuses(admin), statuses(teacher)) == ({200}, {200}, {403})
    assert statuses(admin, **acting) == {403}
    assert admin.put(f"{API}/users/{acting['as_user_id']}/observees/101").status_code == 200
    assert statuses(admin, **acting) == {200}
    assert admin.put(f"{API}/files/{own}", data={"name": "x.txt"}).status_code == 403, "reading is all"
    assert admin.post(f"{API}/users/101/folders", data={"name": "x"}).status_code == 403
    fields = {"name": "Essays", "submission_types": ["online_upload"], "published": True}
    made = teacher.post(f"{API}/courses/1/assignments", json={"assignment": fields}).json()["id"]
    work = f"/courses/1/assignments/{made}/submissions"
    kept = upload(student, f"{work}/self/files", "work.txt", b"work").json()["id"]
    assert teacher.get(f"{API}/files/{kept}").status_code == 403, "it was not handed in yet"
    submission = {"submission_type": "online_upload", "file_ids": [kept]}
    done = student.post(f"{API}{work}", json={"submission": submission}).json()["id"]
    assert teacher.get(f"{API}/files/{kept}").status_code == 200
    url = f"{API}/files/{kept}/public_url"
    assert teacher.get(url).status_code == 403, "the submission has to be named"
    assert teacher.get(url, params={"submission_id": str(done)}).status_code == 200


def test_a_course_reports_its_storage(canvas: Site) -> None:
    asked = {"include[]": "storage_quota_used_mb"}
    used = canvas.student.get(f"{API}/courses/1", params=asked).json()["storage_quota_used_mb"]
    upload(canvas.teacher, "/courses/1/files", "engine.png", b"x" * 2**18)
    assert canvas.student.get(f"{API}/courses/1", params=asked).json()["storage_quota_used_mb"] == used + 0.25


def test_a_file_stays_locked_until_it_has_the_usage_rights_that_its_course_demands(canvas: Site) -> None:
    free = upload(canvas.teacher, "/courses/1/files", "free.txt", b"x").json()
    canvas.teacher.put(f"{API}/courses/1/settings", json={"usage_rights_required": True})
    file = upload(canvas.teacher, "/courses/1/files", "kept.txt", b"x").json()
    assert (free["locked"], file["locked"]) == (False, True)
    own = f"{API}/files/{file['id']}"
    refused = canvas.teacher.put(own, json={"locked": False})
    assert refused.json() == {"message": "This file must have usage_rights set before it can be published."}
    assert refused.status_code == 400
    assert canvas.teacher.put(own, json={"name": "other.txt"}).status_code == 200
    module = canvas.teacher.post(f"{API}/courses/1/modules", json={"module": {"name": "M"}}).json()["id"]
    item = {"type": "File", "content_id": file["id"]}
    canvas.teacher.post(f"{API}/courses/1/modules/{module}/items", json={"module_item": item})
    canvas.teacher.put(f"{API}/courses/1/modules/{module}", json={"module": {"published": True}})
    assert canvas.teacher.get(own).json()["locked"] is True
    rights = {"file_ids": [file["id"]], "usage_rights": {"use_justification": "own_copyright"}}
    canvas.teacher.put(f"{API}/courses/1/usage_rights", json=rights)
    assert canvas.teacher.put(own, json={"locked": False}).json()["locked"] is False


def test_a_file_that_takes_the_place_of_another_takes_it_in_modules_too(canvas: Site) -> None:
    old = upload(canvas.teacher, "/courses/1/files", "a.txt", b"old").json()["id"]
    module = canvas.teacher.post(f"{API}/courses/1/modules", json={"module": {"name": "M"}}).json()["id"]
    path = f"{API}/courses/1/modules/{module}/items"
    canvas.teacher.post(path, json={"module_item": {"type": "File", "content_id": old}})
    new = upload(canvas.teacher, "/courses/1/files", "a.txt", b"new", on_duplicate="overwrite").json()["id"]
    assert [row["content_id"] for row in canvas.teacher.get(path).json()] == [new]


def test_a_file_is_found_by_its_id_in_the_package_that_it_came_from(canvas: Site) -> None:
    upload(canvas.teacher, "/courses/1/files", "a.txt", b"x")
    copied = {"settings": {"source_course_id": 1}, "migration_type": "course_copy_importer"}
    begun = canvas.admin.post(f"{API}/courses/3/content_migrations", json=copied).json()
    assert canvas.admin.get(begun["progress_url"]).json()["workflow_state"] == "completed"
    rows = canvas.lms.dump()["canvas"]["copied_assets"]
    known = next(row for row in rows if row["kind"] == "attachments")
    path = f"{API}/courses/3/files/file_ref/"
    assert canvas.admin.get(f"{path}{known['migration_id']}").json()["id"] == known["asset_id"]
    assert canvas.admin.get(f"{path}nothing").status_code == 404
    assert canvas.admin.get(f"{API}/courses/1/files/file_ref/{known['migration_id']}").status_code == 404
    assert canvas.student.get(f"{path}{known['migration_id']}").status_code == 403


def test_files_of_nobody_come_last_in_a_list_by_owner(canvas: Site) -> None:
    upload(canvas.teacher, "/courses/1/files", "mine.txt", b"x")
    for order in ("asc", "desc"):
        params = {"sort": "user", "order": order, "include[]": "user"}
        rows = canvas.teacher.get(f"{API}/courses/1/files", params=params).json()
        named = [bool(row["user"]) for row in rows]
        assert set(named) == {True, False}
        assert named == sorted(named, reverse=True)


def test_an_upload_goes_into_a_folder_of_its_own_place(canvas: Site) -> None:
    teacher, path = canvas.teacher, f"{API}/courses/1/files"
    own = teacher.get(f"{API}/users/self/folders/root").json()["id"]
    root = teacher.get(f"{API}/courses/1/folders/root").json()["id"]
    for number in (own, "", "x"):
        answer = teacher.post(path, data={"name": "a.txt", "parent_folder_id": number})
        assert (answer.status_code, answer.json()) == (404, {"message": "The specified resource does not exist."})
    both = {"name": "a.txt", "parent_folder_id": root, "parent_folder_path": ""}
    assert teacher.post(path, data=both).status_code == 400
    assert teacher.post(f"{API}/folders/{root}/files", data={"name": "a.txt", "folder": "x"}).status_code == 400
    done = upload(teacher, "/courses/1/files", "a.txt", b"a", parent_folder_path="").json()
    assert done["folder_id"] == root, "an empty path is the root's"
    done = upload(teacher, "/courses/1/files", "b.txt", b"b", content_type="unknown/unknown").json()
    assert done["content-type"] == "text/plain"
    for number in ("", str(own)):
        assert teacher.put(f"{API}/files/{done['id']}", data={"parent_folder_id": number}).status_code == 404
    assert teacher.put(f"{API}/files/{done['id']}", data={"parent_folder_id": root}).json()["folder_id"] == root
    by_position = teacher.get(f"{API}/folders/{root}/files", params={"sort": "position"}).json()
    assert [file["id"] for file in by_position] == sorted(file["id"] for file in by_position)
    turned = teacher.get(f"{API}/folders/{root}/files", params={"sort": "position", "order": "desc"}).json()
    assert turned == by_position


def test_a_file_by_url_is_called_by_the_end_of_its_url(canvas: Site) -> None:
    answer = canvas.teacher.post(f"{API}/courses/1/files", data={"url": "https://files.example.test/a/plan.txt?x=1"})
    assert answer.json()["progress"]["tag"] == "upload_via_url"
    names = [file["display_name"] for file in canvas.teacher.get(f"{API}/courses/1/files").json()]
    assert "plan.txt" in names
    assert canvas.teacher.post(f"{API}/courses/1/files", data={"size": "1"}).status_code == 400


def test_in_lists_hidden_files_are_said_to_be_hidden_for_those_who_see_them(canvas: Site) -> None:
    listed = {file["id"]: file for file in canvas.teacher.get(f"{API}/courses/1/files").json()}
    assert (listed[3]["hidden"], listed[3]["hidden_for_user"]) == (True, True)
    assert not listed[1]["hidden_for_user"]
    assert canvas.teacher.get(f"{API}/files/3").json()["hidden_for_user"] is False
    assert canvas.student.get(f"{API}/files/3").json()["hidden_for_user"] is True
    assert 3 not in {file["id"] for file in canvas.student.get(f"{API}/courses/1/files").json()}
