"""Whether Canvas looks up content or checks permissions first, and modules seen as a student."""

from __future__ import annotations

from contract_tests.canvas.support import Site

API = "/api/v1"


def test_content_is_looked_up_before_permissions(canvas: Site) -> None:
    """Canvas looks up a page, a module or an item first, so that outsiders learn what does not exist."""
    course = f"{API}/courses/{canvas.admin.post(f'{API}/accounts/1/courses', json={'course': {}}).json()['id']}"
    canvas.admin.post(f"{course}/pages", json={"wiki_page": {"title": "Plan", "published": True}})
    module = canvas.admin.post(f"{course}/modules", json={"module": {"name": "Week"}}).json()["id"]
    header = {"module_item": {"type": "SubHeader", "title": "Part"}}
    item = canvas.admin.post(f"{course}/modules/{module}/items", json=header).json()["id"]
    outsider = canvas.student
    for method, there, missing in (
        ("GET", "pages/plan", "pages/none"),
        ("GET", "pages/plan/revisions/1", "pages/plan/revisions/9"),
        ("POST", "pages/plan/revisions/1", "pages/none/revisions/1"),
        ("DELETE", "pages/plan", "pages/none"),
        ("DELETE", f"modules/{module}", "modules/9"),
        ("PUT", f"modules/{module}/relock", "modules/9/relock"),
        ("POST", f"modules/{module}/items", "modules/9/items"),
        ("DELETE", f"modules/{module}/items/{item}", f"modules/{module}/items/9"),
    ):
        assert outsider.request(method, f"{course}/{there}").status_code == 403, (method, there)
        assert outsider.request(method, f"{course}/{missing}").status_code == 404, (method, missing)
    assert outsider.get(f"{course}/front_page").json() == {"message": "No front page has been set"}
    for path in ("modules/9", "discussion_topics/9", "discussion_topics/9/view"):
        assert outsider.get(f"{course}/{path}").status_code == 403, "the course is asked about first"
        assert canvas.admin.get(f"{course}/{path}").status_code == 404
    emptied = canvas.admin.post(f"{course}/modules", json={"module": {}})
    assert (emptied.status_code, emptied.json()) == (400, {"message": "missing module name"})
    assert canvas.admin.post(f"{course}/modules").json() == {"message": "missing module parameter"}


def test_modules_as_a_student_sees_them(canvas: Site) -> None:
    course = f"{API}/courses/1"
    modules, header = f"{course}/modules", {"type": "SubHeader", "title": "Hidden"}
    made = canvas.teacher.post(modules, json={"module": {"name": "Draft", "unlock_at": "2100-01-01T00:00:00Z"}}).json()
    link = {"type": "ExternalUrl", "title": "Site", "external_url": "https://site.example/"}
    items = f"{modules}/{made['id']}/items"
    hidden, shown = (canvas.teacher.post(items, json={"module_item": value}).json()["id"] for value in (header, link))
    onward = f"{course}/module_item_redirect/{shown}"
    student_id = canvas.student.get(f"{API}/users/self").json()["id"]
    viewed = {"student_id": student_id}
    assert canvas.student.get(onward).status_code == 403, "it exists, but is not published"
    assert canvas.teacher.get(f"{modules}/{made['id']}").status_code == 200
    assert canvas.teacher.get(f"{modules}/{made['id']}", params=viewed).status_code == 404
    assert canvas.teacher.get(f"{modules}/9", params={"student_id": 9}).status_code == 403, "the student comes first"
    canvas.teacher.put(f"{modules}/{made['id']}", json={"module": {"published": True}})
    canvas.teacher.put(f"{items}/{hidden}", json={"module_item": {"published": False}})
    assert [item["id"] for item in canvas.teacher.get(items).json()] == [hidden, shown]
    rows = canvas.teacher.get(items, params=viewed).json()
    assert [(row["id"], "published" in row) for row in rows] == [(shown, False)]
    assert canvas.teacher.get(f"{modules}/{made['id']}", params=viewed).json()["items_count"] == 1
    assert canvas.teacher.get(f"{items}/{hidden}", params=viewed).status_code == 404
    assert canvas.student.get(onward).headers["Location"] == "https://site.example/"
    done = canvas.student.put(f"{items}/{shown}/done")
    assert (done.status_code, done.json()) == (200, {"message": "OK"}), "without effect in a module that is locked"
    assert canvas.student.post(f"{items}/{shown}/mark_read").status_code == 403


def test_students_of_an_open_wiki(canvas: Site) -> None:
    """They can create pages, published at once, and rename those open to them, but no more."""
    course, pages = f"{API}/courses/1", f"{API}/courses/1/pages"
    assert canvas.student.post(pages, json={"wiki_page": {"title": "Mine"}}).status_code == 403
    canvas.teacher.put(course, json={"course": {"allow_student_wiki_edits": True}})
    refused = canvas.student.post(pages, json={"wiki_page": {"title": "Mine", "editing_roles": "public"}})
    assert (refused.status_code, list(refused.json()["errors"])) == (401, ["editing_roles"])
    made = canvas.student.post(pages, json={"wiki_page": {"title": "Mine", "published": True}}).json()
    assert (made["published"], made["editing_roles"]) == (True, "teachers,students")
    hidden = canvas.student.post(pages, json={"wiki_page": {"title": "Secret", "published": False}})
    assert (hidden.status_code, list(hidden.json()["errors"])) == (401, ["published"])
    renamed = canvas.student.put(f"{pages}/mine", json={"wiki_page": {"title": "Ours"}})
    assert (renamed.status_code, renamed.json()["url"]) == (200, "ours")
    assert canvas.student.put(f"{pages}/ours", json={"wiki_page": {"published": False}}).status_code == 401
    assert canvas.student.post(f"{pages}/ours/revisions/1").status_code == 200
    drafts = canvas.teacher.get(pages, params={"published": ""}).json()
    assert not any(draft["published"] for draft in drafts), "an empty text asks for unpublished ones"


def test_an_entry_of_ones_own_opens_replies_ratings_and_copies(canvas: Site) -> None:
    """Replies, ratings and copies require it; read marks of deleted entries do not."""
    fields = {"title": "T", "published": True, "require_initial_post": True, "allow_rating": True}
    topic = f"{API}/courses/1/discussion_topics/"
    topic += str(canvas.teacher.post(topic.rstrip("/"), json=fields).json()["id"])
    entry = f"{topic}/entries/{canvas.teacher.post(f'{topic}/entries', json={'message': 'a'}).json()['id']}"
    for path in (f"{entry}/replies", f"{entry}/rating", f"{topic}/duplicate"):
        answer = canvas.student.post(path, json={"message": "b", "rating": 1})
        assert (answer.status_code, answer.text) == (403, "require_initial_post"), path
    canvas.student.post(f"{topic}/entries", json={"message": "mine"})
    assert canvas.student.post(f"{entry}/replies", json={"message": "b"}).status_code == 201
    assert canvas.student.post(f"{entry}/rating", json={"rating": 5}).status_code == 400
    assert canvas.student.post(f"{entry}/rating", json={"rating": "1"}).status_code == 204
    canvas.teacher.delete(entry)
    assert canvas.student.put(f"{entry}/read").status_code == 204
    assert canvas.student.post(f"{entry}/replies", json={"message": "c"}).status_code == 404


def test_parents_are_looked_up_before_permissions(canvas: Site) -> None:
    """For polls, migrations, exports and blueprints; a poll's body is read before permissions are checked."""
    teacher, student = canvas.teacher, canvas.student
    poll = f"{API}/polls/{teacher.post(f'{API}/polls', json={'polls': [{'question': 'Q'}]}).json()['polls'][0]['id']}"
    made = teacher.post(f"{poll}/poll_choices", json={"poll_choices": [{"text": "A"}]}).json()
    choice = f"{poll}/poll_choices/{made['poll_choices'][0]['id']}"
    for method, path, body, status in (
        ("POST", f"{API}/polls", {}, 400),
        ("PUT", poll, {}, 400),
        ("PUT", poll, {"polls": [{"question": "R"}]}, 403),
        ("GET", choice, {}, 403),
        ("GET", f"{poll}/poll_choices/9", {}, 404),
        ("DELETE", f"{poll}/poll_choices/9", {}, 404),
        ("DELETE", choice, {}, 403),
        ("GET", f"{poll}/poll_sessions", {}, 403),
        ("DELETE", f"{poll}/poll_sessions/9", {}, 404),
        ("POST", f"{poll}/poll_sessions", {"poll_sessions": [{}]}, 404),
    ):
        assert student.request(method, path, json=body).status_code == status, (method, path)
    course = f"{API}/courses/1"
    export = teacher.post(f"{course}/content_exports", json={"export_type": "qti"}).json()["id"]
    assert teacher.get(f"{course}/content_exports/{export}").status_code == 200
    assert student.get(f"{course}/content_exports/{export}").status_code == 403
    assert student.get(f"{course}/content_exports/9").status_code == 404
    fields = {"migration_type": "course_copy_importer", "settings": {"source_course_id": 1}}
    migration = canvas.admin.post(f"{course}/content_migrations", json=fields).json()["id"]
    assert student.get(f"{course}/content_migrations/{migration}/migration_issues").status_code == 403
    assert student.get(f"{course}/content_migrations/9/migration_issues").status_code == 404
    template = f"{course}/blueprint_templates/default"
    assert student.get(template).status_code == 404
    assert student.get(f"{course}/external_tools", params={"include_parents": "false"}).json(), "any text is true"


def test_media_are_sorted_by_title_and_named(canvas: Site) -> None:
    media = f"{API}/media_objects"
    for number, title in ((1, "Zebra"), (2, "Apple")):
        canvas.student.post(media, json={"id": f"m-{number}", "type": "video", "title": title})
    assert [item["title"] for item in canvas.student.get(media).json()] == ["Apple", "Zebra"]
    by_age = canvas.student.get(media, params={"sort": "created_at", "search_term": "zeb"})
    assert [item["title"] for item in by_age.json()] == ["Zebra"]
    unnamed = canvas.student.put(f"{media}/m-1", json={"user_entered_title": " "})
    assert unnamed.json() == {"message": "The user_entered_title parameter must have a value"}
    named = canvas.student.put(f"{media}/m-1", json={"user_entered_title": "x" * 300}).json()["title"]
    assert (len(named), named[-3:]) == (255, "...")
