"""Files of Canvas: what lists leave out, what a file takes over from the one it replaces, and whom it is open to."""

from __future__ import annotations

import pytest

from contract_tests.canvas.support import Site
from contract_tests.canvas.test_files import API, upload

FILES = f"{API}/courses/1/files"


def test_files_without_a_size_are_the_largest(canvas: Site) -> None:
    upload(canvas.teacher, "/courses/1/files", "empty.txt", b"")
    by_size = [file["size"] for file in canvas.teacher.get(FILES, params={"sort": "size"}).json()]
    assert by_size[-1] is None
    turned = [file["size"] for file in canvas.teacher.get(FILES, params={"sort": "size", "order": "desc"}).json()]
    assert turned == by_size[::-1]


@pytest.mark.parametrize(("sent", "found"), [("tex", True), ("TEXT", True), ("text/plain", True), ("text/pl", False)])
def test_a_type_without_a_slash_is_how_content_types_begin(canvas: Site, sent: str, found: bool) -> None:
    own = f"{API}/users/self/files"
    upload(canvas.student, "/users/self/files", "a.txt", b"a")
    assert len(canvas.student.get(own, params={"content_types[]": sent}).json()) == found
    assert len(canvas.student.get(own, params={"exclude_content_types[]": sent}).json()) == (not found)


def test_an_overwritten_file_hands_on_its_locks_and_licence(canvas: Site) -> None:
    teacher = canvas.teacher
    old = upload(teacher, "/courses/1/files", "a.txt", b"old").json()["id"]
    dates = {"unlock_at": "2030-01-01T00:00:00Z", "lock_at": "2031-01-01T00:00:00Z"}
    teacher.put(f"{API}/files/{old}", json={"hidden": True, "locked": True, **dates})
    rights = {"file_ids": [old], "usage_rights": {"use_justification": "creative_commons"}}
    teacher.put(f"{API}/courses/1/usage_rights", json=rights)
    new = upload(teacher, "/courses/1/files", "a.txt", b"new").json()
    assert {name: new[name] for name in dates} == dates
    assert (new["hidden"], new["locked"], new["usage_rights"]["license"]) == (True, True, "cc_by_nc_nd")
    beside = upload(teacher, "/courses/1/files", "a.txt", b"third", on_duplicate="rename").json()
    assert (beside["hidden"], beside["locked"], beside["lock_at"]) == (False, False, None)


def test_a_number_comes_before_all_extensions_and_ends_with_seven(canvas: Site) -> None:
    names = [
        upload(canvas.teacher, "/courses/1/files", "a.tar.gz", b"x", on_duplicate="rename").json()["display_name"]
        for _ in range(9)
    ]
    assert names[:3] == ["a.tar.gz", "a-1.tar.gz", "a-2.tar.gz"]
    assert (names[7], len(names[8])) == ("a-7.tar.gz", len("a-.tar.gz") + 36)


def test_a_large_drawing_has_no_thumbnail(canvas: Site) -> None:
    shown = {}
    for size in (16_383, 16_384):
        content = b"<svg/>".ljust(size)
        made = upload(canvas.teacher, "/courses/1/files", f"{size}.svg", content, content_type="image/svg+xml").json()
        shown[size] = made["thumbnail_url"] == made["url"], made["thumbnail_url"] is None
    assert shown == {16_383: (True, False), 16_384: (False, True)}
    bitmap = upload(canvas.teacher, "/courses/1/files", "a.bmp", b"x", content_type="image/x-win-bitmap").json()
    assert "/images/thumbnails/" in bitmap["thumbnail_url"]


def test_copies_and_hidden_files_count_against_no_quota(canvas: Site) -> None:
    teacher = canvas.teacher

    def used() -> int:
        return int(teacher.get(f"{FILES}/quota").json()["quota_used"])

    before = used()
    made = upload(teacher, "/courses/1/files", "a.txt", b"x").json()
    assert used() == before + 512
    copied = {"source_file_id": made["id"], "on_duplicate": "rename"}
    assert teacher.post(f"{API}/folders/{made['folder_id']}/copy_file", json=copied).status_code == 200
    assert used() == before + 512
    teacher.put(f"{API}/files/{made['id']}", json={"hidden": True})
    assert used() == before


def test_a_quota_is_that_of_the_account_or_the_one_above(canvas: Site) -> None:
    limits = {"default_storage_quota_mb": 3, "default_group_storage_quota_mb": 4, "default_user_storage_quota_mb": 5}
    assert canvas.admin.put(f"{API}/accounts/1", json={"account": limits}).status_code == 200
    made = canvas.teacher.post(f"{API}/courses/1/group_categories", json={"name": "S"}).json()["id"]
    group = canvas.teacher.post(f"{API}/group_categories/{made}/groups", json={"name": "G"}).json()
    assert group["storage_quota_mb"] == 4
    assert canvas.teacher.get(f"{API}/groups/{group['id']}/files/quota").json()["quota"] == 4 * 2**20
    assert canvas.student.get(f"{API}/users/self/files/quota").json()["quota"] == 5 * 2**20
    course = canvas.admin.get(f"{API}/courses/1").json()["storage_quota_mb"]
    assert canvas.teacher.get(f"{FILES}/quota").json()["quota"] == course * 2**20


def test_a_file_that_could_not_be_downloaded_is_in_error(canvas: Site) -> None:
    sent = {"name": "a.txt", "url": "ftp://x", "parent_folder_path": "new"}
    assert canvas.teacher.post(FILES, json=sent).status_code == 200
    file = next(file for file in canvas.teacher.get(FILES).json() if file["display_name"] == "a.txt")
    status = canvas.teacher.get(f"{API}/files/{file['id']}/{file['uuid']}/status").json()
    assert status == {"upload_status": "errored", "message": "Could not parse the URL: ftp://x"}
    assert "a.txt" not in [file["display_name"] for file in canvas.student.get(FILES).json()]


def test_a_file_by_url_counts_against_the_quota(canvas: Site) -> None:
    source = upload(canvas.student, "/users/self/files", "big.txt", b"x" * 600_000).json()["url"]
    canvas.admin.put(f"{API}/accounts/1", json={"account": {"default_user_storage_quota_mb": 1}})
    begun = canvas.student.post(f"{API}/users/self/files", json={"name": "a.txt", "url": source}).json()["progress"]
    done = canvas.student.get(begun["url"]).json()
    assert (done["workflow_state"], done["message"]) == ("failed", "file size exceeds quota limits: 600000 bytes")


def test_a_file_may_be_open_to_more_people_than_its_course(canvas: Site) -> None:
    file = upload(canvas.teacher, "/courses/1/files", "a.txt", b"x").json()["id"]
    sent = {"user[name]": "Stranger", "pseudonym[unique_id]": "stranger"}
    acting = {"as_user_id": str(canvas.admin.post(f"{API}/accounts/1/users", data=sent).json()["id"])}
    seen = {}
    for level in ("inherit", "course", "institution", "public"):
        assert canvas.teacher.put(f"{API}/files/{file}", json={"visibility_level": level}).status_code == 200
        answers = canvas.admin.get(f"{API}/files/{file}", params=acting), canvas.api().get(f"{API}/files/{file}")
        seen[level] = [answer.status_code for answer in answers]
    assert seen == {"inherit": [403, 401], "course": [403, 401], "institution": [200, 401], "public": [200, 200]}


def test_what_a_module_locks_is_listed_all_the_same(canvas: Site) -> None:
    teacher, modules = canvas.teacher, f"{API}/courses/1/modules"
    file = upload(teacher, "/courses/1/files", "a.txt", b"x").json()["id"]
    module = teacher.post(modules, json={"module": {"name": "M", "unlock_at": "2099-01-01T00:00:00Z"}}).json()["id"]
    teacher.post(f"{modules}/{module}/items", json={"module_item": {"type": "File", "content_id": file}})
    teacher.put(f"{modules}/{module}", json={"module": {"published": True}})
    listed = {file["id"]: file for file in canvas.student.get(FILES).json()}
    assert (listed[file]["locked_for_user"], listed[file]["url"]) == (True, "")


def test_the_parameters_of_an_icon(canvas: Site) -> None:
    drawn = b'<svg><metadata>{"shape":"square","alt":"&lt;"}</metadata></svg>'
    kind = {"content_type": "image/svg+xml", "category": "icon_maker_icons"}
    icon = upload(canvas.teacher, "/courses/1/files", "icon.svg", drawn, **kind).json()["id"]
    shown = canvas.student.get(f"{API}/files/{icon}/icon_metadata")
    assert shown.json() == {"name": "icon.svg", "shape": "square", "alt": "<"}
    plain = upload(canvas.teacher, "/courses/1/files", "plain.svg", b"<svg/>", **kind).json()["id"]
    assert canvas.student.get(f"{API}/files/{plain}/icon_metadata").status_code == 204
    canvas.teacher.delete(f"{API}/files/{plain}")
    assert canvas.student.get(f"{API}/files/{plain}/icon_metadata").status_code == 404
    assert canvas.student.get(f"{API}/files/1/icon_metadata").status_code == 400


def test_a_replaced_file_is_found_through_its_course_only(canvas: Site) -> None:
    old = upload(canvas.teacher, "/courses/1/files", "a.txt", b"old").json()["id"]
    new = upload(canvas.teacher, "/courses/1/files", "a.txt", b"new").json()["id"]

    def answer(kind: str, number: str) -> int:
        chain = {"replacement_chain_context_type": kind, "replacement_chain_context_id": number}
        shown = canvas.student.get(f"{API}/files/{old}", params=chain)
        return int(shown.json()["id"]) if shown.status_code == 200 else shown.status_code

    assert [answer("course", "1"), answer("course", "2"), answer("account", "1"), answer("course", "999")] == [
        new,
        404,
        404,
        404,
    ]


def test_a_name_keeps_its_extension_within_255_characters(canvas: Site) -> None:
    made = upload(canvas.teacher, "/courses/1/files", f"{'n' * 300}.txt", b"x").json()
    assert made["display_name"] == f"{'n' * 251}.txt"


def test_a_file_from_a_blueprint_says_so_and_keeps_what_is_locked(canvas: Site) -> None:
    admin = canvas.admin
    courses = f"{API}/accounts/1/courses"
    old, new = (admin.post(courses, json={"course": {"name": name}}).json()["id"] for name in ("Old", "New"))
    file = upload(admin, f"/courses/{old}/files", "a.txt", b"a").json()["id"]
    settings = {"blueprint": True, "blueprint_restrictions": {"content": True}}
    admin.put(f"{API}/courses/{old}", json={"course": settings})
    template = f"{API}/courses/{old}/blueprint_templates/default"
    admin.put(f"{template}/update_associations", json={"course_ids_to_add": [new]})
    lock = {"content_type": "attachment", "content_id": file, "restricted": True}
    admin.put(f"{template}/restrict_item", json=lock)
    admin.post(f"{template}/migrations")
    for course, role in ((old, "master"), (new, "child")):
        (row,) = admin.get(f"{API}/courses/{course}/files").json()
        assert (row[f"is_master_course_{role}_content"], row["restricted_by_master_course"]) == (True, True)
        (name,) = admin.get(f"{API}/courses/{course}/files", params={"only[]": "names"}).json()
        assert name["master_course_restrictions"] == {"content": True}
        assert "restricted_by_master_course" not in admin.get(f"{API}/files/{row['id']}").json()
    copy = f"{API}/files/{row['id']}"
    refused = admin.put(copy, json={"name": "b.txt"})
    assert refused.json()["errors"]["base"][0]["message"].startswith("cannot change column(s): display_name")
    assert refused.status_code == 400
    assert admin.put(copy, json={"hidden": True}).status_code == 200
    beside = upload(admin, f"/courses/{new}/files", "a.txt", b"b").json()
    assert beside["display_name"] == "a-1.txt", "what is locked is not overwritten"


def test_a_file_by_its_path(canvas: Site) -> None:
    upload(canvas.teacher, "/courses/1/files", "Plan.txt", b"plan", parent_folder_path="Texts/One")
    path = "/courses/1/file_contents/course%20files/Texts/One"
    browser = canvas.browser()
    assert canvas.client().get(f"{path}/plan.txt").headers["location"].endswith("/login")
    assert canvas.client().get(f"{path}/nothing.txt").headers["location"].endswith("/login"), "nobody learns of it"
    browser.follow(browser.sign_in(browser.follow(browser.get("/")), canvas.info.student))
    assert browser.get(f"{path}/plan.txt").content == b"plan"
    assert browser.get(f"{path}/nothing.txt").status_code == 400
    assert browser.get("/courses/1/file_contents/Texts/One/plan.txt").status_code == 400, "the root is named"


def test_the_thumbnail_of_a_picture(canvas: Site) -> None:
    made = upload(canvas.teacher, "/courses/1/files", "a.png", b"png", content_type="image/png").json()
    anonymous = canvas.client()
    assert anonymous.get(made["thumbnail_url"]).content == b"png"
    for number, uuid in ((made["id"], "x"), (1, canvas.teacher.get(f"{API}/files/1").json()["uuid"])):
        assert anonymous.get(f"/images/thumbnails/{number}/{uuid}").headers["location"].endswith("/images/no_pic.gif")


@pytest.mark.parametrize(
    ("name", "query", "kept"),
    [
        ("a.txt", "", "inline"),
        ("a.txt", "&download_frd=1", "attachment"),
        ("a.pdf", "", "attachment"),
        ("a.png", "", "attachment"),
        ("a.png", "&inline=1", "inline"),
        ("a.pdf", "&inline=1", "attachment"),
    ],
)
def test_what_a_browser_shows_and_what_it_saves(canvas: Site, name: str, query: str, kept: str) -> None:
    made = upload(canvas.teacher, "/courses/1/files", name, b"x").json()
    answer = canvas.client().get(f"/files/{made['id']}/download?verifier={made['uuid']}{query}")
    assert answer.headers["content-disposition"].startswith(kept)
