"""The order of Canvas's checks when a course is created, changed, ended or copied, and who sees students' progress."""

from __future__ import annotations

import httpx

from contract_tests.canvas.support import Site

API = "/api/v1"
COURSE = f"{API}/courses/1"


def test_making_ending_and_copying_courses(canvas: Site) -> None:
    admin, teacher, student, nobody = canvas.admin, canvas.teacher, canvas.student, canvas.client()
    courses = f"{API}/accounts/1/courses"
    elsewhere = {"course[account_id]": "999999"}
    assert teacher.post(courses, data=elsewhere).status_code == 403, "before the account is looked for"
    assert admin.post(courses, data=elsewhere).status_code == 404
    ends = {"message": 'Only "delete" and "conclude" events are allowed.'}
    for who in (nobody, student, admin):
        answer = who.delete(COURSE, params={"event": "explode"})
        assert (answer.status_code, answer.json()) == (400, ends)
    assert student.delete(COURSE, params={"event": "conclude"}).status_code == 403
    assert student.put(COURSE, data={"course[event]": "explode"}).status_code == 400, "no right is asked for no event"
    assert student.put(COURSE, data={"course[event]": "explode", "course[name]": "x"}).status_code == 403
    assert student.put(COURSE, data={"course[event]": "offer"}).status_code == 403
    assert student.put(COURSE, data={"offer": "true"}).status_code == 403
    none = admin.put(courses, json={"course_ids": []})
    assert none.json() == {"message": "need to specify event"}, "an empty list is one"
    assert admin.put(courses, json={"course_ids": [], "event": "offer"}).json()["workflow_state"] == "queued"
    copy = f"{API}/courses/2/course_copy"
    both = {"source_course": "1", "only[]": "files", "except[]": "files"}
    assert admin.post(copy, data=both).status_code == 400
    assert student.post(copy, data=both).status_code == 403
    assert admin.post(copy, data={"source_course": "999999"}).status_code == 404
    templates = f"{API}/accounts/1"
    assert admin.put(templates, json={"account": {"course_template_id": ""}}).status_code == 200
    assert admin.put(templates, json={"account": {"course_template_id": 0}}).status_code == 401
    assert admin.put(templates, json={"account": {"course_template_id": 1}}).status_code == 404, "it is not a template"


def test_how_far_students_are(canvas: Site) -> None:
    teacher, student = canvas.teacher, canvas.student
    every = f"{COURSE}/bulk_user_progress"
    assert student.get(every).status_code == canvas.client().get(every).status_code + 2 == 403
    for module in teacher.get(f"{COURSE}/modules").json():
        teacher.delete(f"{COURSE}/modules/{module['id']}")
    refused = teacher.get(every)
    assert refused.status_code == 400
    assert refused.json()["error"]["message"].startswith("No progress available because this course is not")
    page = teacher.post(f"{COURSE}/pages", json={"wiki_page": {"title": "Start", "published": True}}).json()["url"]
    module = teacher.post(f"{COURSE}/modules", json={"module": {"name": "One"}}).json()["id"]
    teacher.put(f"{COURSE}/modules/{module}", json={"module": {"published": True}})
    item = {"type": "Page", "page_url": page, "completion_requirement": {"type": "must_mark_done"}}
    made = teacher.post(f"{COURSE}/modules/{module}/items", json={"module_item": item}).json()["id"]
    rows = {row["id"]: row["progress"] for row in teacher.get(every).json()}
    assert (rows[101]["requirement_count"], rows[101]["requirement_completed_count"]) == (1, 0)
    assert teacher.get(every, params={"per_page": "1"}).links["next"]
    teacher.put(f"{COURSE}/modules/{module}/items/{made}", json={"module_item": {"published": True}})
    assert student.put(f"{COURSE}/modules/{module}/items/{made}/done").status_code == 200
    rows = {row["id"]: row["progress"] for row in teacher.get(every).json()}
    assert rows[101]["requirement_completed_count"] == 1
    assert rows[101] == teacher.get(f"{COURSE}/users/101/progress").json()
    assert teacher.get(f"{COURSE}/effective_due_dates").status_code == 200
    assert student.get(f"{COURSE}/effective_due_dates").status_code == 403


def test_rights_of_staff_in_a_course(canvas: Site) -> None:
    """The rights that a course itself grants, in addition to those of roles, before Canvas split the permissions."""
    canvas.lms.settings["canvas.granular_permissions"] = False
    admin, teacher = canvas.admin, canvas.teacher
    rights = {name: teacher.get(f"{COURSE}/permissions").json()[name] for name in ("manage", "read_rubrics")}
    assert rights == {"manage": True, "read_rubrics": True}
    asked = {"permissions[]": ["manage_feature_flags", "read_grades", "delete", "direct_share", "reset_content"]}

    def held(client: httpx.Client, course: str = COURSE) -> set[str]:
        return {name for name, may in client.get(f"{course}/permissions", params=asked).json().items() if may}

    assert held(canvas.student) == {"read_grades"}
    assert held(teacher) >= {"manage_feature_flags", "direct_share", "reset_content"}
    assert "read_grades" not in held(teacher) | held(admin), "that is to read one's own"
    sis = {"course[sis_course_id]": "FROM-SIS"}
    assert admin.put(COURSE, data=sis).status_code == 200
    assert "delete" not in held(teacher), "a course of the SIS is not a teacher's to delete"
    deletion = {"course[event]": "delete"}
    assert teacher.put(COURSE, data=deletion).status_code == 403
    assert teacher.delete(COURSE, params={"event": "delete"}).status_code == 403
    assert admin.put(COURSE, data={"course[sis_course_id]": ""}).status_code == 200
    assert "delete" in held(teacher)
    assert teacher.delete(COURSE, params={"event": "conclude"}).json() == {"conclude": True}
    over = held(teacher)
    assert over >= {"direct_share", "delete"}, "what is left of a course that is over"
    assert over.isdisjoint({"manage_feature_flags", "reset_content"})
    assert "read_grades" in held(canvas.student)
    assert teacher.delete(COURSE, params={"event": "delete"}).json() == {"delete": True}
