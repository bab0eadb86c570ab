"""Rules of Canvas's answers that concern one address each: searches, orders, files of tables, refusals."""

from __future__ import annotations

from contract_tests.canvas.support import Site

API = "/api/v1"
COURSE = f"{API}/courses/1"


def test_modules_with_items_are_searched_page_by_page(canvas: Site) -> None:
    teacher = canvas.teacher
    for name in ("Alpha", "Beta", "Gamma"):
        made = teacher.post(f"{COURSE}/modules", json={"module": {"name": name}}).json()["id"]
        item = {"type": "SubHeader", "title": f"All of {name}"}
        teacher.post(f"{COURSE}/modules/{made}/items", json={"module_item": item})
    names = [one["name"] for one in teacher.get(f"{COURSE}/modules", params={"per_page": "50"}).json()]
    asked = {"search_term": "of gamma", "per_page": str(names.index("Gamma"))}
    assert teacher.get(f"{COURSE}/modules", params=asked).json() == []
    page = teacher.get(f"{COURSE}/modules", params=asked | {"include[]": "items"})
    assert page.json() == [], "it is on the next page"
    found = teacher.get(page.links["next"]["url"]).json()
    assert [(one["name"], [item["title"] for item in one["items"]]) for one in found] == [("Gamma", ["All of Gamma"])]
    assert teacher.get(f"{COURSE}/modules", params={"include[]": "items", "search_term": "x"}).status_code == 400


def test_pages_by_their_dates_for_students(canvas: Site) -> None:
    teacher = canvas.teacher
    for title, day in (("Late", "2026-12-02"), ("Early", "2026-12-01"), ("Never", None)):
        fields = {"title": title, "published": True, "student_planner_checkbox": day is not None}
        fields |= {"student_todo_at": f"{day}T00:00:00Z"} if day else {}
        assert teacher.post(f"{COURSE}/pages", json={"wiki_page": fields}).status_code == 200
    asked = {"sort": "todo_date", "per_page": "50"}
    titles = [one["title"] for one in teacher.get(f"{COURSE}/pages", params=asked).json()]
    assert titles[:2] == ["Early", "Late"]
    back = [one["title"] for one in teacher.get(f"{COURSE}/pages", params={**asked, "order": "desc"}).json()]
    assert back == titles[::-1]


def test_refusals_with_texts_of_their_own(canvas: Site) -> None:
    admin, teacher, student = canvas.admin, canvas.teacher, canvas.student
    sent = {"migration_type": "canvas_cartridge_importer", "pre_attachment": {"name": "x.imscc", "size": 1}}
    waiting = teacher.post(f"{COURSE}/content_migrations", json=sent).json()["id"]
    mapping = f"{COURSE}/content_migrations/{waiting}/asset_id_mapping"
    assert teacher.get(mapping).json() == {"message": "Migration is incomplete"}
    log = f"{API}/accounts/1/csp_log"
    assert admin.get(log).status_code == 503
    assert (teacher.get(log).status_code, canvas.client().get(log).status_code) == (403, 401)
    below = admin.post(f"{API}/accounts/1/sub_accounts", data={"account[name]": "College"}).json()["id"]
    assert admin.get(f"{API}/accounts/{below}/csp_log").status_code == 400
    views = f"{API}/users/101/page_views.csv"
    table = admin.get(views)
    assert (table.status_code, table.text, table.headers["content-type"]) == (200, "", "text/csv; charset=utf-8")
    assert 'filename="Pageviews For Ada_Lovelace.csv"' in table.headers["content-disposition"]
    backwards = {"start_time": "2026-02-01", "end_time": "2026-01-01"}
    refused = admin.get(views, params=backwards)
    assert (refused.status_code, refused.text) == (400, "end_time must be after start_time")
    assert student.get(views).status_code == 403
