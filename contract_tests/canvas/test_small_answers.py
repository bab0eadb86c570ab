"""Rules of single Canvas operations: searches, orders, CSV files, refusals."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from contract_tests.canvas.support import Site

API = "/api/v1"
COURSE = f"{API}/courses/1"


def test_modules_with_items_are_searched_page_by_page(canvas: Site) -> None:
    teacher = canvas.teacher
    for name in ("Alpha", "Beta", "Gamma"):
        made = teacher.post(f"{COURSE}/modules", json={"module": {"name": name}}).json()["id"]
        item = {"type": "SubHeader", "title": f"All of {name}"}
        teacher.post(f"{COURSE}/modules/{made}/items", json={"module_item": item})
    names = [entry["name"] for entry in teacher.get(f"{COURSE}/modules", params={"per_page": "50"}).json()]
    asked = {"search_term": "of gamma", "per_page": str(names.index("Gamma"))}
    assert teacher.get(f"{COURSE}/modules", params=asked).json() == []
    page = teacher.get(f"{COURSE}/modules", params=asked | {"include[]": "items"})
    assert page.json() == [], "it is on the next page"
    found = teacher.get(page.links["next"]["url"]).json()
    assert [(row["name"], [item["title"] for item in row["items"]]) for row in found] == [("Gamma", ["All of Gamma"])]
    assert teacher.get(f"{COURSE}/modules", params={"include[]": "items", "search_term": "x"}).status_code == 400


def test_pages_by_their_dates_for_students(canvas: Site) -> None:
    teacher = canvas.teacher
    for title, day in (("Late", "2026-12-02"), ("Early", "2026-12-01"), ("Never", None)):
        fields = {"title": title, "published": True, "student_planner_checkbox": day is not None}
        fields |= {"student_todo_at": f"{day}T00:00:00Z"} if day else {}
        assert teacher.post(f"{COURSE}/pages", json={"wiki_page": fields}).status_code == 200
    asked = {"sort": "todo_date", "per_page": "50"}
    titles = [item["title"] for item in teacher.get(f"{COURSE}/pages", params=asked).json()]
    assert titles[:2] == ["Early", "Late"]
    back = [item["title"] for item in teacher.get(f"{COURSE}/pages", params={**asked, "order": "desc"}).json()]
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


def test_graded_quizzes_keep_out_of_closed_periods(canvas: Site) -> None:
    """Except for administrators: a quiz is neither made nor moved into a closed period, nor out of one."""
    admin, teacher = canvas.admin, canvas.teacher
    terms = {"grading_period_set": {"title": "All"}, "enrollment_term_ids": [1]}
    number = admin.post(f"{API}/accounts/1/grading_period_sets", json=terms).json()["grading_period_set"]["id"]
    spans = (("Over", "2020", "2021", "2021"), ("Now", "2021", "2090", "2091"))
    periods = [
        {"title": title, "start_date": f"{a}-01-01", "end_date": f"{b}-01-01", "close_date": f"{c}-01-01"}
        for title, a, b, c in spans
    ]
    path = f"{API}/grading_period_sets/{number}/grading_periods/batch_update"
    assert admin.patch(path, json={"grading_periods": periods}).status_code == 200
    over, open_now = "2020-06-01T00:00:00Z", "2050-06-01T00:00:00Z"

    def made(client: httpx.Client, **fields: object) -> httpx.Response:
        return client.post(f"{COURSE}/quizzes", json={"quiz": {"title": "Q", "quiz_type": "assignment", **fields}})

    def said(answer: httpx.Response) -> list[str]:
        assert answer.status_code == 403, answer.text
        return [fault["message"] for faults in answer.json()["errors"].values() for fault in faults]

    assert said(made(teacher, due_at=over)) == ["Cannot set the due date to a date within a closed grading period"]
    assert made(teacher, due_at=over, quiz_type="practice_quiz").status_code == 200, "nothing is graded in it"
    assert made(teacher, due_at=over, only_visible_to_overrides=True).status_code == 200
    closed = f"{COURSE}/quizzes/{made(admin, due_at=over).json()['id']}"
    current = f"{COURSE}/quizzes/{made(teacher, due_at=open_now).json()['id']}"
    into = "Cannot change the due date to a date within a closed grading period"
    assert said(teacher.put(current, json={"quiz": {"due_at": over}})) == [into]
    out = "Cannot change the due date when due in a closed grading period"
    assert said(teacher.put(closed, json={"quiz": {"due_at": open_now}})) == [out]
    hidden = "Cannot set only visible to overrides when due in a closed grading period"
    assert said(teacher.put(closed, json={"quiz": {"only_visible_to_overrides": True}})) == [hidden]
    assert teacher.put(closed, json={"quiz": {"title": "R", "due_at": over}}).status_code == 200, "nothing moves"
    assert teacher.delete(closed).json()["errors"] == [{"message": "user not authorized to perform that action"}]
    assert admin.put(closed, json={"quiz": {"due_at": open_now}}).status_code == 200
    assert teacher.delete(closed).status_code == 200


def test_the_latest_run_of_a_report_is_shown_in_any_state(canvas: Site) -> None:
    reports = f"{API}/accounts/1/reports"
    canvas.admin.post(f"{reports}/provisioning_csv", json={"parameters": {"users": True}})
    done = canvas.admin.get(f"{reports}/provisioning_csv").json()[0]["id"]
    begun = canvas.admin.post(f"{reports}/provisioning_csv", json={"parameters": {"users": True}}).json()["id"]
    assert canvas.admin.put(f"{reports}/provisioning_csv/{begun}/abort").json()["status"] == "aborted"

    def last() -> tuple[int, str]:
        row = next(item for item in canvas.admin.get(reports).json() if item["report"] == "provisioning_csv")
        return row["last_run"]["id"], row["last_run"]["status"]

    assert last() == (begun, "aborted")
    canvas.admin.delete(f"{reports}/provisioning_csv/{begun}")
    assert last() == (done, "complete")


def test_associated_courses_are_checked_in_order(canvas: Site) -> None:
    admin = canvas.admin
    master, child = (
        admin.post(f"{API}/accounts/1/courses", json={"course": {"name": name}}).json()["id"] for name in ("M", "C")
    )
    assert admin.put(f"{API}/courses/{master}", json={"course": {"blueprint": True}}).status_code == 200
    path = f"{API}/courses/{master}/blueprint_templates/default"

    def change(**courses: list[int]) -> httpx.Response:
        return admin.put(f"{path}/update_associations", json=courses)

    assert change(course_ids_to_add=[child, 999_999]).json() == {"success": True}, "an unknown one is passed over"
    assert len(admin.get(f"{path}/associated_courses").json()) == 1
    assert change(course_ids_to_add=[master]).json() == {"message": f"invalid courses to add ({master})"}
    both = change(course_ids_to_add=[child], course_ids_to_remove=[child])
    assert both.json() == {"message": "cannot add and remove a course at the same time"}
    canvas.lms.settings["canvas.background_job_seconds"] = 3600
    assert admin.post(f"{path}/migrations").status_code == 200
    busy = change(course_ids_to_add=[master], course_ids_to_remove=[child])
    assert busy.json() == {"message": "cannot remove courses while a sync is ongoing"}, "before what is to be added"


def test_ungraded_quizzes_wait_too_where_they_are_asked_for(canvas: Site) -> None:
    teacher, student, own = canvas.teacher, canvas.student, f"{API}/users/self/todo"
    now = canvas.lms.clock.now
    for title, days, kind in (("Soon", 2, "practice_quiz"), ("Late", 30, "survey"), ("Past", -2, "survey")):
        fields = {"title": title, "quiz_type": kind, "published": True, "due_at": (now + timedelta(days)).isoformat()}
        assert teacher.post(f"{COURSE}/quizzes", json={"quiz": fields}).status_code == 200
    asked = {"include[]": "ungraded_quizzes"}

    def waiting(path: str = own, **params: str) -> list[Any]:
        return [value for value in student.get(path, params=params).json() if "quiz" in value]

    assert waiting() == []
    (item,) = waiting(**asked)
    assert (item["type"], item["quiz"]["title"]) == ("submitting", "Soon")
    assert item["html_url"].endswith(f"/courses/1/quizzes/{item['quiz']['id']}")
    assert waiting(f"{COURSE}/todo", **asked) == [item]
    counts = [student.get(f"{API}/users/self/todo_item_count", params=p).json() for p in ({}, asked)]
    assert counts[1]["assignments_needing_submitting"] == counts[0]["assignments_needing_submitting"] + 1
    assert student.delete(item["ignore_permanently"]).json() == {"ignored": True}
    assert waiting(**asked) == []


def test_work_to_grade_is_counted_by_the_piece(canvas: Site) -> None:
    fields = {"name": "Essay", "submission_types": ["online_text_entry"], "published": True}
    made = canvas.teacher.post(f"{COURSE}/assignments", json={"assignment": fields}).json()["id"]
    sent = {"submission": {"submission_type": "online_text_entry", "body": "x"}}
    assert canvas.student.post(f"{COURSE}/assignments/{made}/submissions", json=sent).status_code == 201
    people = [
        row["id"] for row in canvas.teacher.get(f"{COURSE}/users", params={"enrollment_type[]": "student"}).json()
    ]
    for other in people:
        path = f"{COURSE}/assignments/{made}/submissions"
        canvas.admin.post(path, json=sent, params={"as_user_id": str(other)})
    (item,) = [row for row in canvas.teacher.get(f"{API}/users/self/todo").json() if row["assignment"]["id"] == made]
    count = canvas.teacher.get(f"{API}/users/self/todo_item_count").json()["needs_grading_count"]
    assert count >= item["needs_grading_count"] == len(people) > 1


def test_thresholds_and_alerts_belong_to_who_observes(canvas: Site) -> None:
    admin = canvas.admin
    acting = {}
    for name in ("watcher", "other"):
        sent = {"user": {"name": name}, "pseudonym": {"unique_id": name}}
        number = admin.post(f"{API}/accounts/1/users", json=sent).json()["id"]
        admin.put(f"{API}/users/{number}/observees/101")
        acting[name] = {"as_user_id": str(number)}
    thresholds = f"{API}/users/self/observer_alert_thresholds"
    nobody = {"observer_alert_threshold": {"user_id": 999_999, "alert_type": "assignment_missing"}}
    refused = admin.post(thresholds, json=nobody, params=acting["watcher"])
    assert (refused.status_code, refused.json()) == (400, {"errors": ["user_id is invalid"]})
    wanted = {"observer_alert_threshold": {"user_id": 101, "alert_type": "assignment_missing"}}
    made = admin.post(thresholds, json=wanted, params=acting["watcher"]).json()["id"]
    assert admin.get(f"{thresholds}/{made}", params=acting["watcher"]).status_code == 200
    assert admin.get(f"{thresholds}/{made}", params=acting["other"]).status_code == 403, "somebody else's"
    assert admin.get(f"{thresholds}/999999", params=acting["other"]).status_code == 404
    listed = admin.get(thresholds, params={**acting["watcher"], "student_id": "999999"})
    assert listed.json() == [], "nobody is looked for"
    assert admin.get(f"{API}/users/self/observer_alerts/999999", params=acting["watcher"]).json() == []
    assert admin.delete(f"{API}/users/{acting['watcher']['as_user_id']}/observees/101").status_code == 200
    assert admin.get(thresholds, params=acting["watcher"]).json() == [], "the link is gone"
    assert admin.get(f"{thresholds}/{made}", params=acting["watcher"]).status_code == 403


def test_new_assignments_are_news_to_those_in_the_course(canvas: Site) -> None:
    canvas.lms.clock.set(datetime(2026, 11, 27, 12, tzinfo=UTC))  # a day of this year is told without it
    stream = f"{COURSE}/activity_stream"
    fields = {"name": "Report", "published": True, "due_at": "2026-12-02T09:30:00Z"}
    made = canvas.teacher.post(f"{COURSE}/assignments", json={"assignment": fields}).json()
    canvas.teacher.post(f"{COURSE}/assignments", json={"assignment": {"name": "Draft", "published": False}})
    for reader in (canvas.teacher, canvas.student):
        messages = [entry for entry in reader.get(stream).json() if entry["type"] == "Message"]
        assert "Draft" not in str(messages)
        (item,) = (entry for entry in messages if entry["url"] == made["html_url"])
        assert item["title"].startswith("Assignment Created - Report, ")
        assert "\ndue: Dec 2 at " in item["message"]
        assert (item["read_state"], item["message_id"], item["notification_category"]) == (True, None, "Due Date")
        (counted,) = (entry for entry in reader.get(f"{stream}/summary").json() if entry["type"] == "Message")
        assert (counted["count"], counted["unread_count"]) == (len(messages), 0)


def test_announcements_count_as_topics_too(canvas: Site) -> None:
    canvas.teacher.post(f"{COURSE}/discussion_topics", json={"title": "News", "message": "x", "is_announcement": True})
    counted = {item["type"]: item["count"] for item in canvas.student.get(f"{COURSE}/activity_stream/summary").json()}
    assert counted["Announcement"] > 0
    assert "DiscussionTopic" in counted


def test_who_may_make_accounts_is_asked_before_what_they_send(canvas: Site) -> None:
    path = f"{API}/accounts/1/sub_accounts"
    assert canvas.teacher.post(path, data={"name": "x"}).status_code == 403
    assert canvas.admin.post(path, data={"name": "x"}).status_code == 500


def test_a_path_that_is_not_utf8_is_a_bad_request(canvas: Site) -> None:
    broken = canvas.teacher.get(f"{API}/courses/%FF")
    assert (broken.status_code, "Page Error" in broken.text) == (400, True)
    assert canvas.teacher.get(f"{API}/courses/%EF%BF%BD").status_code == 404, "U+FFFD itself is UTF-8"


def test_text_clients_get_json_for_a_missing_page(canvas: Site) -> None:
    said = {"errors": {"base": "Unexpected error, ID: unknown"}, "status": "404 Not Found"}
    assert canvas.teacher.get("/nothing.txt").json() == said
    assert canvas.teacher.get("/nothing", headers={"Accept": "text/plain"}).json() == said
    assert "Page Not Found" in canvas.teacher.get("/nothing").text


def test_conferences_lead_back_to_the_course_whatever_is_asked_of_them(canvas: Site) -> None:
    for method in ("GET", "POST"):
        answer = canvas.teacher.request(method, "/api/v1/courses/1/conferences")
        assert (answer.status_code, answer.headers["location"]) == (302, f"{canvas.url}/courses/1")


def test_peer_reviews_for_nobody_and_of_one_submission(canvas: Site) -> None:
    reviews = "/api/v1/courses/1/assignments/{}/peer_reviews"
    work = canvas.teacher.get("/api/v1/courses/1/assignments").json()[0]["id"]
    assert canvas.api().get(reviews.format(work)).status_code == 500
    rows = canvas.teacher.get(f"/api/v1/courses/1/assignments/{work}/submissions").json()
    first, second = rows[0], rows[1]
    place = f"/api/v1/courses/1/assignments/{work}/submissions/{first['id']}/peer_reviews"
    assert canvas.teacher.post(place, json={"user_id": second["user_id"]}).status_code == 200
    for reviewed, found in ((first, 1), (second, 0)):
        listed = canvas.teacher.get(reviews.format(work), params={"submission_id": reviewed["id"]})
        assert len(listed.json()) == found


def test_keys_belong_to_whole_schools(canvas: Site) -> None:
    made = canvas.admin.post("/api/v1/accounts/1/sub_accounts", json={"account": {"name": "S"}}).json()["id"]
    assert canvas.admin.get(f"/api/v1/accounts/{made}/developer_keys").status_code == 403
    assert canvas.admin.get("/api/v1/accounts/1/developer_keys").status_code == 200
    inherited = canvas.admin.get("/api/v1/accounts/1/developer_keys", params={"inherited": "no"}).json()
    assert inherited == canvas.admin.get("/api/v1/accounts/1/developer_keys", params={"inherited": "1"}).json()


def test_a_school_with_a_catalogue_lists_its_indexed_courses(canvas: Site) -> None:
    path = "/api/v1/search/all_courses"
    assert canvas.student.get(path).status_code == 403
    assert canvas.api().get(path).status_code == 401
    whole = json.loads(json.dumps(canvas.lms.dump(), default=str))
    school = next(account for account in whole["canvas"]["accounts"] if account["id"] == 1)
    school["settings"] = {"enable_course_catalog": True}
    canvas.lms.load(whole)
    visitor = canvas.api()
    assert visitor.get(path).json() == []
    course = {"course[indexed]": "true", "course[is_public]": "true"}
    assert canvas.admin.put("/api/v1/courses/1", data=course).status_code == 200
    canvas.admin.put("/api/v1/courses/2", data={"course[indexed]": "true"})
    rows = [row["course"] for row in visitor.get(path).json()]
    assert [row["id"] for row in rows] == [1, 2]
    assert rows[0]["indexed"] is True
    assert "uuid" not in rows[0]
    name = rows[1]["name"].upper()
    assert [row["course"]["id"] for row in visitor.get(path, params={"search": name}).json()] == [2]
    assert [row["course"]["id"] for row in visitor.get(path, params={"public_only": "1"}).json()] == [1]
    assert visitor.get(path, params={"open_enrollment_only": "1"}).json() == []
    canvas.admin.put("/api/v1/courses/1", data={"course[event]": "claim"})
    assert [row["course"]["id"] for row in visitor.get(path).json()] == [2]


@pytest.mark.parametrize("sent", ["x", ["x"], 5])
def test_canvas_fails_on_text_and_lists_whose_members_it_asks_for(canvas: Site, sent: Any) -> None:
    module = canvas.teacher.post(f"{API}/courses/1/modules", json={"module": {"name": "M"}}).json()["id"]
    for path, name in (
        ("modules", "module"),
        (f"modules/{module}/items", "module_item"),
        ("pages", "wiki_page"),
        ("discussion_topics", "assignment"),
        ("custom_gradebook_columns", "column"),
        ("late_policy", "late_policy"),
        ("rubrics", "rubric"),
        ("rubrics", "rubric_association"),
        ("rubric_associations", "rubric_association"),
    ):
        answer = canvas.teacher.post(f"{API}/courses/1/{path}", json={"title": "T", name: sent})
        assert answer.status_code == 500, (path, name)
    blank = canvas.teacher.post(f"{API}/courses/1/late_policy", json={"late_policy": " "})
    assert blank.status_code == 400


def test_rules_of_a_group_that_are_text_are_none(canvas: Site) -> None:
    groups = f"{COURSE}/assignment_groups"
    assert canvas.teacher.post(groups, json={"name": "G", "rules": "x"}).json()["rules"] == {}
    assert canvas.teacher.post(groups, json={"name": "G", "rules": ["x"]}).status_code == 500


def test_a_deleted_topic_could_be_locked_if_it_ever_was_in_a_module(canvas: Site) -> None:
    teacher = canvas.teacher
    module = teacher.post(f"{COURSE}/modules", json={"module": {"name": "M"}}).json()["id"]
    for placed in (True, False):
        topic = teacher.post(f"{COURSE}/discussion_topics", json={"title": "T"}).json()["id"]
        if placed:
            item = {"module_item": {"type": "Discussion", "content_id": topic}}
            made = teacher.post(f"{COURSE}/modules/{module}/items", json=item).json()["id"]
            assert teacher.delete(f"{COURSE}/modules/{module}/items/{made}").status_code == 200
        removed = teacher.delete(f"{COURSE}/discussion_topics/{topic}").json()["discussion_topic"]
        assert removed["could_be_locked"] is placed
