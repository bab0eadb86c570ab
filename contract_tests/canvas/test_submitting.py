"""Submitting, grading and commenting: permissions, the order of checks, and odd values."""

from __future__ import annotations

import json
from typing import Any

from contract_tests.canvas.grading import ADA, COURSE, GRACE, grade, rubric, team, work
from contract_tests.canvas.support import Site
from contract_tests.canvas.test_files import upload

REFUSED = (401, 403)


def text(body: str = "x", **more: Any) -> dict[str, Any]:
    return {"submission": {"submission_type": "online_text_entry", "body": body, **more}}


def at(task: dict[str, Any], rest: str = "") -> str:
    return f"{COURSE}/assignments/{task['id']}/submissions{rest}"


def test_a_comment_on_handed_in_work_is_a_hash(canvas: Site) -> None:
    task = work(canvas.teacher, submission_types=["online_text_entry"], allowed_attempts=-1)
    assert canvas.student.post(at(task), json={**text(), "comment": "Here"}).status_code == 500
    assert canvas.student.post(at(task), json={"submission": {}, "comment": "Here"}).status_code == 400, (
        "looked at before"
    )
    done = canvas.student.post(at(task), json={**text(), "comment": {"text_comment": "Here"}}).json()
    assert (done["attempt"], done["submission_comments"][0]["comment"]) == (1, "Here")


def test_what_can_be_handed_in(canvas: Site) -> None:
    teacher, student = canvas.teacher, canvas.student
    paper, none, tool = (work(teacher, submission_types=[kind]) for kind in ("on_paper", "none", "online_text_entry"))
    assert student.post(at(paper), json=text("  ")).status_code == 302
    assert student.post(at(paper), json=text()).status_code == 400
    assert student.post(at(none), json=text()).status_code in REFUSED
    launch = {"submission_type": "basic_lti_launch", "url": "tool.example.com/7"}
    assert student.post(at(paper), json={"submission": launch}).status_code == 400
    sent = student.post(at(tool), json={"submission": launch}).json()
    assert (sent["submission_type"], sent["external_tool_url"]) == ("basic_lti_launch", "http://tool.example.com/7")
    site = work(teacher, submission_types=["online_url", "online_upload"], allowed_attempts=-1)
    for url, status in {
        " https://a.example ": 201,
        "mailto:a@b.example": 400,
        "//c.example/d": 201,
        "a:1/x": 400,
    }.items():
        body = {"submission": {"submission_type": "online_url", "url": url}}
        assert student.post(at(site), json=body).status_code == status, url
    foreign = {"submission": {"submission_type": "online_upload", "file_ids": "1"}}
    assert student.post(at(site), json=foreign).json()["message"] == "No valid file ids given"
    begun = student.post(f"{COURSE}/assignments/{site['id']}/submissions/self/files", json={"name": "a.txt", "size": 1})
    assert begun.status_code == 200
    teacher.put(f"{COURSE}/assignments/{site['id']}", json={"assignment": {"lock_at": "2020-01-01T00:00:00Z"}})
    for who, status in ((student, REFUSED), (teacher, (200,))):
        files = who.post(at(site, f"/{ADA}/files"), json={"name": "a.txt"})
        assert files.status_code in status
    assert teacher.post(at(site, "/self/files"), json={"name": "a.txt"}).status_code == 404


def test_for_somebody_else_and_at_another_time(canvas: Site) -> None:
    teacher, student = canvas.teacher, canvas.student
    task = work(teacher)
    moment = "2026-01-01T10:00:00Z"
    assert student.post(at(task), json=text(submitted_at=moment)).status_code == 204
    assert student.post(at(task), json=text(user_id=ADA)).status_code in REFUSED
    assert teacher.post(at(task), json=text(user_id="sis_user_id:S-101")).status_code == 204
    assert student.get(at(task, "/self")).json()["attempt"] is None
    said = {**text(user_id=ADA, submitted_at=moment), "comment": {"text_comment": "Mine", "group_comment": True}}
    sent = teacher.post(at(task), json=said).json()
    assert (sent["submitted_at"], sent["submission_comments"][0]["author_id"]) == (moment, ADA)


def test_grades_and_statuses_of_odd_values(canvas: Site) -> None:
    teacher, student = canvas.teacher, canvas.student
    task = work(teacher)
    path = at(task, f"/{ADA}")
    assert student.post(at(task), json=text()).status_code == 201
    for body, status in (
        ({"submission": {}}, REFUSED),
        ({"submission": "9"}, (500,)),
        ({"rubric_assessment": {}}, REFUSED),
        ({"submission": None, "comment": {"text_comment": "x"}}, (200,)),
    ):
        assert student.put(path, json=body).status_code in status, body
    assert teacher.put(path, json={"submission": {"excuse": True, "posted_grade": ""}}).status_code == 400
    assert grade(teacher, task, 7)["score"] == 7
    assert grade(teacher, task, False)["score"] == 7
    assert teacher.put(path, data={"submission[excuse]": "false"}).json()["score"] is None
    grade(teacher, task, 8)
    odd = teacher.put(path, json={"submission": {"posted_grade": 5, "late_policy_status": "odd"}})
    assert (odd.status_code, teacher.get(path).json()["score"]) == (422, 5)
    grade(teacher, task, 5, late_policy_status="late", seconds_late_override=60)
    late = teacher.put(path, json={"submission": {"seconds_late_override": 3600}}).json()
    assert (late["seconds_late"], late["late_policy_status"]) == (3600, "late")
    rubric(teacher, task)
    assert teacher.put(path, json={"rubric_assessment": {}}).json() == {"message": "invalid rubric_assessment"}
    for place, status in (
        (f"/courses/1/assignments/{task['id']}/submissions/{ADA}/comments", 200),
        ("/users/self", 401),
    ):
        file = upload(student, f"{place}/files", f"{status}.txt", b"text").json()
        said = student.put(path, json={"comment": {"text_comment": "See", "file_ids": [file["id"]]}})
        assert said.status_code in ((200,) if status == 200 else REFUSED), place
    assert student.post(at(task, f"/{GRACE}/comments/files"), json={"name": "a.txt"}).status_code == 200
    launch = {"posted_grade": 1, "submission_type": "basic_lti_launch", "url": "https://tool.example/9"}
    assert teacher.put(path, json={"submission": launch}).json()["submission_type"] == "online_text_entry"
    plain = {"submission": {**launch, "posted_grade": None}}
    assert teacher.put(at(task, f"/{GRACE}"), json=plain).json()["submission_type"] is None
    assert (
        teacher.put(at(task, f"/{GRACE}"), json={"submission": launch}).json()["submission_type"] == "basic_lti_launch"
    )


def test_many_at_once(canvas: Site) -> None:
    teacher, student = canvas.teacher, canvas.student
    task, hidden = work(teacher), work(teacher, published=False)
    every = at(task, "/update_grades")
    assert student.post(every, json={"grade_data": {ADA: {"posted_grade": 1}}}).status_code in REFUSED
    unknown = f"{COURSE}/assignments/9999999/submissions/update_grades"
    assert student.post(unknown, json={"grade_data": {ADA: {"posted_grade": 1}}}).status_code in REFUSED
    assert teacher.post(unknown, json={"grade_data": {ADA: {"posted_grade": 1}}}).status_code == 400
    assert teacher.post(every, json={"grade_data": "x"}).status_code == 500
    mixed = {"grade_data": {hidden["id"]: {ADA: {"posted_grade": 1}}, 9999999: {}}}
    assert teacher.post(f"{COURSE}/submissions/update_grades", json=mixed).status_code in REFUSED
    grade(teacher, task, 4)
    first = teacher.get(at(task, f"/{ADA}")).json()["graded_at"]
    sent = {"grade_data": {ADA: {"posted_grade": 4}, 9999998: {}, 9999999: {}}}
    job = teacher.post(every, json=sent).json()
    done = teacher.get(f"/api/v1/progress/{job['id']}").json()
    message = "Couldn't find User(s) with API ids '9999998', '9999999'"
    assert (done["workflow_state"], done["message"]) == ("failed", message)
    assert teacher.get(at(task, f"/{ADA}")).json()["graded_at"] == first
    teacher.post(every, json={"grade_data": {ADA: {"posted_grade": None}}})
    assert teacher.get(at(task, f"/{ADA}")).json()["score"] is None


def test_lists_by_visibility_grade_and_group(canvas: Site) -> None:
    teacher = canvas.teacher
    tasks = [work(teacher, name=f"T{number}") for number in range(3)]
    for task in tasks[1:]:
        grade(teacher, task, 5)
    seen = teacher.get(at(tasks[0]), params={"include[]": "visibility", "per_page": 1})
    assert ("link" in seen.headers, len(seen.json()), seen.json()[0]["assignment_visible"]) == (False, 2, True)
    several = f"{COURSE}/students/submissions"
    ids = [task["id"] for task in tasks]
    asked = {"student_ids[]": ADA, "assignment_ids[]": ids, "order": "graded_at", "include[]": "visibility"}
    for direction in ("ascending", "descending"):
        rows = teacher.get(several, params={**asked, "order_direction": direction}).json()
        assert rows[-1]["assignment_id"] == ids[0]
        assert not rows[0]["assignment_visible"]
    asked["post_to_sis"] = "true"
    assert teacher.get(several, params={**asked, "assignment_ids[]": []}).json() == []
    task = work(teacher, group_category_id=team(teacher, ADA)["group_category_id"])
    counted = f"{COURSE}/assignments/{task['id']}/submission_summary"
    assert teacher.get(counted).json()["not_submitted"] == 2
    grade(teacher, task, 5, user=GRACE)
    grade(teacher, task, 5)
    assert teacher.get(counted, params={"grouped": "1"}).json() == {"graded": 2, "ungraded": 0, "not_submitted": -1}


def test_filters_by_missing_and_graded_submissions(canvas: Site) -> None:
    teacher, student, admin = canvas.teacher, canvas.student, canvas.admin
    set_ = {"grading_period_set": {"title": "S"}, "enrollment_term_ids": [1]}
    number = admin.post("/api/v1/accounts/1/grading_period_sets", json=set_).json()["grading_period_set"]["id"]
    spans = [("Old", "2000-01-01", "2001-01-01"), ("Now", "2001-01-01", "2100-01-01")]
    sent = [{"title": title, "start_date": f"{a}T00:00:00Z", "end_date": f"{b}T00:00:00Z"} for title, a, b in spans]
    path = f"/api/v1/grading_period_sets/{number}/grading_periods/batch_update"
    assert admin.patch(path, json={"grading_periods": sent}).status_code == 200
    old = work(admin, name="Old", due_at="2000-06-01T00:00:00Z")
    new = work(admin, name="New", due_at="2020-06-01T00:00:00Z")
    shut = work(admin, name="Shut", due_at="2020-06-01T00:00:00Z", lock_at="2020-07-01T00:00:00Z")
    override = {"student_ids": [ADA], "due_at": "2020-06-02T00:00:00Z", "lock_at": None}
    assert (
        admin.post(f"{COURSE}/assignments/{shut['id']}/overrides", json={"assignment_override": override}).status_code
        == 201
    )
    missing = "/api/v1/users/self/missing_submissions"

    def found(*filters: str) -> list[str]:
        rows = student.get(missing, params={"filter[]": list(filters), "per_page": 100}).json()
        return [row["name"] for row in rows if row["id"] in (old["id"], new["id"], shut["id"])]

    assert found() == ["Old", "New", "Shut"]
    assert found("current_grading_period") == ["New", "Shut"]
    assert found("submittable") == ["Old", "New"]
    for task in (new, shut):
        grade(teacher, task, 5)
    grade(teacher, new, "")
    assert admin.put(at(old, f"/{ADA}"), json={"submission": {"excuse": True}}).status_code == 200
    rows = student.get("/api/v1/users/self/graded_submissions", params={"per_page": 100}).json()
    assert {row["assignment_id"] for row in rows} & {old["id"], new["id"], shut["id"]} == {old["id"], shut["id"]}


def test_who_reads_whose_work(canvas: Site) -> None:
    teacher, student, admin = canvas.teacher, canvas.student, canvas.admin
    task, hidden = work(teacher), work(teacher, published=False)
    watcher = admin.post(
        "/api/v1/accounts/1/users", json={"user": {"name": "W"}, "pseudonym": {"unique_id": "w"}}
    ).json()
    row = {
        "user_id": watcher["id"],
        "type": "ObserverEnrollment",
        "associated_user_id": ADA,
        "enrollment_state": "active",
    }
    assert teacher.post(f"{COURSE}/enrollments", json={"enrollment": row}).status_code == 200
    (own,) = (value for value in teacher.get(f"{COURSE}/enrollments", params={"user_id": ADA}).json())
    statuses = {}
    for state in ("active", "inactive"):
        if state == "inactive":
            answer = admin.delete(f"{COURSE}/enrollments/{own['id']}", params={"task": "deactivate"})
            assert answer.status_code == 200
        statuses[state] = [
            [who.get(at(value, f"/{ADA}"), params=query).status_code for value in (task, hidden)]
            for who, query in ((student, {}), (admin, {"as_user_id": watcher["id"]}), (teacher, {}))
        ]
    assert statuses["active"] == [[200, 403], [200, 200], [200, 200]]
    assert statuses["inactive"] == statuses["active"]
    assert student.get(at(task, "/102")).status_code == 404, "who sees no roster finds nobody else there"
    several = f"{COURSE}/assignments/gradeable_students"
    rows = teacher.get(several, params={"assignment_ids[]": [task["id"], hidden["id"], 9999999]}).json()
    assert {row["id"]: row["assignment_ids"] for row in rows} == {102: [task["id"]]}
    single = teacher.get(f"{COURSE}/assignments/{task['id']}/gradeable_students").json()
    assert [row["id"] for row in single] == [ADA, 102]
    counts = [teacher.get(f"{COURSE}/assignments/{item['id']}/submission_summary").json() for item in (task, hidden)]
    assert [sum(count.values()) for count in counts] == [1, 0]
    job = teacher.post(at(task, "/update_grades"), json={"grade_data": {ADA: {"posted_grade": 1}}}).json()
    assert teacher.get(f"/api/v1/progress/{job['id']}").json()["workflow_state"] == "completed"


def test_work_without_names_and_only_the_fields_asked_for(canvas: Site) -> None:
    teacher, student, admin = canvas.teacher, canvas.student, canvas.admin
    teacher.put(f"{COURSE}/features/flags/anonymous_marking", json={"state": "on"})
    task = work(teacher, anonymous_grading=True)
    assert (task["anonymous_grading"], task["anonymize_students"]) == (True, False)
    assert teacher.get(f"{COURSE}/assignments/{task['id']}").json()["anonymize_students"]
    assert student.post(at(task), json=text()).status_code == 201
    includes = {"include[]": ["user", "html_url", "submission_history", "has_postable_comments"]}
    nameless = admin.get(at(task), params=includes).json()[0]
    assert (nameless["user_id"], "user" in nameless, "preview_url" in nameless) == (ADA, False, False)
    assert f"anonymous_id={nameless['anonymous_id']}" in nameless["html_url"]
    path = f"{COURSE}/assignments/{task['id']}/anonymous_submissions/{nameless['anonymous_id']}"
    graded = teacher.put(path, json={"submission": {"posted_grade": 5}, "comment": {"text_comment": "x"}}).json()
    assert ("user_id" in graded, graded["anonymous_id"], graded["posted_at"]) == (False, nameless["anonymous_id"], None)
    shown = teacher.get(path, params=includes).json()
    assert ("user_id" in shown["submission_history"][0], shown["has_postable_comments"]) == (False, True)
    own = student.get(at(task, "/self"), params=includes).json()
    assert (own["user"]["id"], "preview_url" in own, "score" in own) == (ADA, False, False)
    plain = work(teacher)
    cut = {"response_fields[]": ["id", "score"], "include[]": ["user", "submission_history"]}
    bare = teacher.get(at(plain, f"/{ADA}"), params=cut).json()
    assert set(bare) == {"id", "score", "preview_url", "user", "submission_history"}
    assert set(bare["submission_history"][0]) == {"id", "score", "preview_url"}
    left = teacher.get(
        at(plain, f"/{ADA}"), params={**cut, "response_fields[]": [], "exclude_response_fields[]": "user"}
    ).json()
    assert "user" in left


def test_a_new_attempt_starts_without_the_status_of_the_last(canvas: Site) -> None:
    teacher, student = canvas.teacher, canvas.student
    task = work(teacher)
    student.post(at(task), json=text())
    late = {"submission": {"late_policy_status": "late", "seconds_late_override": 3600}}
    assert teacher.put(at(task, f"/{ADA}"), json=late).json()["seconds_late"] == 3600
    links = canvas.lms.dump()["canvas"]["resource_links"]
    known = next(link for link in links if link.get("course_id") == 1)
    sent = text(resource_link_lookup_uuid="nobody", group_comment=True)
    refused = student.post(at(task), json=sent)
    assert (refused.status_code, "lookup_uuid" in refused.json()["message"]) == (400, True)
    sent["submission"]["resource_link_lookup_uuid"] = known.get("lookup_id") or known["id"]
    again = student.post(at(task), json=sent)
    assert again.status_code == 201, again.text
    assert (again.json()["attempt"], again.json()["late_policy_status"], again.json()["seconds_late"]) == (2, None, 0)
    assert [warning.code for warning in canvas.lms.requests.last.warnings] == ["group_comment_ignored"]


def test_a_file_that_canvas_fetches_is_handed_in(canvas: Site) -> None:
    teacher, student = canvas.teacher, canvas.student
    task = work(teacher, submission_types=["online_upload"], allowed_attempts=1)
    source = teacher.get("/api/v1/files/1/public_url").json()["public_url"]
    sent = {"name": "essay.txt", "url": source, "comment": "As asked"}

    def fetched(**more: Any) -> Any:
        queued = student.post(at(task, "/self/files"), json=sent | more).json()["progress"]
        return student.get(queued["url"]).json()

    assert fetched(submit_assignment=False)["workflow_state"] == "completed"
    assert student.get(at(task, "/self")).json()["workflow_state"] == "unsubmitted"
    done = fetched()
    mine = student.get(at(task, "/self"), params={"include[]": "submission_comments"}).json()
    assert [attachment["id"] for attachment in mine["attachments"]] == [done["results"]["id"]]
    assert [comment["comment"] for comment in mine["submission_comments"]] == ["As asked"]
    failed = fetched(url="ftp://nowhere")
    assert failed["workflow_state"] == "failed"
    assert teacher.get(failed["url"]).json()["id"] == failed["id"], "who may read the assignment"
    assert (fetched()["workflow_state"], student.get(at(task, "/self")).json()["attempt"]) == ("failed", 1)


def test_stickers_where_the_course_has_them(canvas: Site) -> None:
    teacher, task = canvas.teacher, work(canvas.teacher)
    body = {"submission": {"sticker": "apple"}}
    assert "sticker" not in teacher.put(at(task, f"/{ADA}"), json=body).json()
    last = canvas.lms.requests.last
    assert [warning.code for warning in last.warnings] == ["sticker_ignored"]
    world = json.loads(json.dumps(canvas.lms.dump(), default=str))
    flag = {"id": 1, "context_type": "Course", "context_id": 1, "feature": "submission_stickers", "state": "on"}
    made = dict.fromkeys(("created_at", "updated_at"), "2026-11-20T00:00:00Z")
    world["canvas"].setdefault("feature_flags", []).append(flag | made)
    canvas.lms.load(world)
    assert teacher.get(at(task, f"/{ADA}")).json()["sticker"] is None
    assert teacher.put(at(task, f"/{ADA}"), json=body).json()["sticker"] == "apple"
    assert teacher.put(at(task, f"/{ADA}"), json={"submission": {"sticker": ""}}).json()["sticker"] is None
