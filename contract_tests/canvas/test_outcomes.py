"""Outcomes at Canvas: their groups and links, validation, and who may see and change them."""

from __future__ import annotations

import json
from typing import Any

import httpx

from contract_tests.canvas.grading import ADA, COURSE, rubric, work
from contract_tests.canvas.support import Site

REFUSED = (401, 403)
ACCOUNT = "/api/v1/accounts/1"


def root(api: httpx.Client, place: str) -> str:
    return f"{place}/outcome_groups/" + api.get(f"{place}/root_outcome_group").headers["location"].rpartition("/")[2]


def made(api: httpx.Client, group: str, **fields: Any) -> Any:
    answer = api.post(f"{group}/outcomes", json=fields)
    return answer.json()["outcome"] if answer.status_code == 200 else answer.json()["errors"]


def test_ratings_and_methods(canvas: Site) -> None:
    teacher, student = canvas.teacher, canvas.student
    group = root(teacher, COURSE)
    rows = [{"points": 2}, {"description": "Best", "points": 6}, {"description": "Good", "points": 4}]
    plain = made(teacher, group, title="Plain", mastery_points=9, calculation_int=7)
    rated = made(teacher, group, title="Rated", ratings=rows)
    both = made(teacher, group, title="Both", ratings=rows, mastery_points=4)
    shown = {item["id"]: student.get(item["url"]).json() for item in (plain, rated, both)}
    assert [item["mastery_points"] for item in shown.values()] == [3, 6, 4]
    assert shown[plain["id"]]["calculation_int"] == 65
    assert [rating["description"] for rating in shown[rated["id"]]["ratings"]] == ["Best", "Good", "No Comment"]
    equal = made(teacher, group, title="Equal", ratings=[{"description": "One", "points": 1}, {"points": 1}])
    assert [rating["description"] for rating in student.get(equal["url"]).json()["ratings"]] == ["No Comment", "One"]
    assert teacher.post(f"{group}/outcomes", json={"title": "None", "ratings": []}).status_code == 500
    assert list(made(teacher, group, title="Long", vendor_guid="x" * 256, display_name="x" * 256)) == [
        "vendor_guid",
        "display_name",
    ]
    changed = teacher.put(both["url"], json={"ratings": [{"description": "Only", "points": 5}]}).json()
    assert (changed["mastery_points"], changed["points_possible"]) == (5, 5)
    assert teacher.put(both["url"], json={"mastery_points": 2}).json()["mastery_points"] == 2
    n_mastery = {"calculation_method": "n_mastery", "calculation_int": 65}
    assert teacher.put(both["url"], json=n_mastery).json()["calculation_int"] == 5
    assert student.put(both["url"], json={"title": "x"}).status_code in REFUSED
    assert "color" not in student.get(rated["url"]).json()["ratings"][0]
    for number, (ratings, colors) in enumerate(
        {
            (1,): ["0B874B"],
            (2, 1): ["0B874B", "555555"],
            (5, 3, 0): ["0374B5", "0B874B", "555555"],
            (3, 2, 1, 0): ["0B874B", "FAB901", "E0061F", "555555"],
            (4, 3, 2, 0): ["0374B5", "0B874B", "FAB901", "555555"],
            (6, 5, 3, 0): None,
            (9, 8, 7, 6, 5, 4, 2): None,
        }.items()
    ):
        outcome = made(
            teacher, group, title=f"C{number}", ratings=[{"points": points} for points in ratings], mastery_points=3
        )
        listed = student.get(outcome["url"], params={"add_defaults": "true"}).json()["ratings"]
        assert [row.get("color") for row in listed] == (colors or [None] * len(ratings)), ratings
        assert sum(row["mastery"] for row in listed) == 1


def test_groups_and_links(canvas: Site) -> None:
    teacher, student, admin = canvas.teacher, canvas.student, canvas.admin
    group, whole = root(teacher, COURSE), root(admin, ACCOUNT)
    (chain,) = teacher.get(f"{COURSE}/outcome_groups/account_chain").json()
    assert (chain["url"], chain["dontImport"], "vendor_guid" in chain) == (whole, True, False)
    assert admin.get(f"{ACCOUNT}/outcome_groups/account_chain").json() == []
    assert student.get(f"{COURSE}/outcome_groups/account_chain").status_code in REFUSED
    assert admin.get("/api/v1/global/outcome_groups/account_chain").status_code in REFUSED
    assert teacher.post(f"{group}/subgroups", json={"title": "x" * 256}).json() == "error"
    first, second = (teacher.post(f"{group}/subgroups", json={"title": name}).json() for name in ("A", "B"))
    assert list(teacher.put(first["url"], json={"title": "x" * 256}).json()["errors"]) == ["title"]
    into = {"title": "Renamed", "parent_outcome_group_id": first["id"]}
    assert teacher.put(first["url"], json=into).json() == "error"
    assert teacher.get(first["url"]).json()["title"] == "Renamed"
    outcome, other = made(teacher, first["url"], title="O"), made(admin, whole, title="Of the school")
    target = f"{second['url']}/outcomes/{outcome['id']}"
    assert teacher.put(target, params={"move_from": 9999999}).status_code == 404
    assert teacher.put(target, params={"move_from": second["id"]}).json() == "error"
    assert teacher.put(target, params={"move_from": first["id"]}).json()["outcome_group"]["title"] == "B"
    assert teacher.put(f"{second['url']}/outcomes/{other['id']}").status_code == 200
    query = {"outcome_style": "full", "outcome_group_style": "full"}
    links = student.get(f"{COURSE}/outcome_group_links", params=query).json()
    assert [("import_url" in row["outcome_group"], "ratings" in row["outcome"]) for row in links] == [(True, True)] * 2
    job = admin.post(f"{whole}/import", json={"source_outcome_group_id": first["id"], "async": True})
    assert job.json() == "error"
    sub = admin.post(f"{whole}/subgroups", json={"title": "S"}).json()
    job = admin.post(f"{whole}/import", json={"source_outcome_group_id": sub["id"], "async": True}).json()
    assert (job["context_type"], job["tag"]) == ("Account", "import_outcome_group")


def test_alignments_and_who_asks(canvas: Site) -> None:
    teacher, student, nobody = canvas.teacher, canvas.student, canvas.client()
    group = root(teacher, COURSE)
    outcome = made(teacher, group, title="O")
    for path in (f"{COURSE}/outcome_groups", "/api/v1/outcomes/9999999", "/api/v1/courses/9999999/outcome_groups"):
        assert nobody.get(path).status_code == 401
    row = {
        "description": "C",
        "learning_outcome_id": outcome["id"],
        "ratings": {"0": {"description": "Y", "points": 5}},
    }
    tasks = [work(teacher, published=published) for published in (True, False)]
    rubric = None
    for task in tasks:
        link = {"association_id": task["id"], "association_type": "Assignment", "purpose": "grading"}
        if rubric is None:
            body = {"rubric": {"title": "R", "criteria": {"0": row}}, "rubric_association": link}
            rubric = teacher.post(f"{COURSE}/rubrics", json=body).json()["rubric"]
        else:
            body = {"rubric_association": {"rubric_id": rubric["id"], **link}}
            assert teacher.post(f"{COURSE}/rubric_associations", json=body).status_code == 200
    path = f"{COURSE}/outcome_alignments"
    assert student.get(path).status_code == 400
    seen = {who: who.get(path, params={"student_id": ADA}).json() for who in (teacher, student)}
    assert {who: len(rows) for who, rows in seen.items()} == {teacher: 2, student: 1}
    assert seen[student][0]["assignment_id"] == tasks[0]["id"]
    answers = [student.get(path, params={"student_id": number}) for number in (102, 9999999)]
    assert [(answer.status_code, answer.json()["message"]) for answer in answers] == [
        (403, "not authorized to read grades for specified users"),
        (400, "specified users not enrolled"),
    ]
    assert teacher.get(path, params={"student_id": 9999999}).status_code == 404


def test_scales_of_a_school_seal_those_of_outcomes(canvas: Site) -> None:
    outcome = made(canvas.teacher, root(canvas.teacher, COURSE), title="O")
    world = json.loads(json.dumps(canvas.lms.dump(), default=str))
    flag = {
        "id": 1,
        "context_type": "Account",
        "context_id": 1,
        "feature": "account_level_mastery_scales",
        "state": "on",
    }
    times = dict.fromkeys(("created_at", "updated_at"), "2026-01-01T00:00:00Z")
    world["canvas"]["feature_flags"] = [flag | times]
    canvas.lms.load(world)
    for name in ("mastery_points", "ratings", "calculation_int"):
        answer = canvas.teacher.put(outcome["url"], json={name: 1})
        assert (answer.status_code, list(answer.json())) == (403, ["error"]), name
    assert canvas.teacher.put(outcome["url"], json={"title": "P"}).json()["title"] == "P"


def test_outcomes_of_all_schools(canvas: Site) -> None:
    whole = "/api/v1/global"
    assert canvas.admin.get(f"{whole}/root_outcome_group").status_code == 404, "the demo world has nothing above"
    world = json.loads(json.dumps(canvas.lms.dump(), default=str))
    world["canvas"]["accounts"].append({"id": 99, "name": "Site Admin", "site_admin": True})
    chief = next(r["id"] for r in world["canvas"]["roles"] if r["name"] == "AccountAdmin")
    canvas.lms.load(world)
    group = root(canvas.student, whole)
    assert canvas.student.get(group).json() | {"id": 0} == {
        "id": 0,
        "title": "ROOT",
        "vendor_guid": None,
        "url": group,
        "subgroups_url": f"{group}/subgroups",
        "outcomes_url": f"{group}/outcomes",
        "can_edit": False,
        "import_url": f"{group}/import",
        "context_id": None,
        "context_type": None,
        "description": None,
    }
    assert canvas.admin.post(f"{group}/subgroups", data={"title": "S"}).status_code in REFUSED, "a school's admin"
    world["canvas"]["account_users"].append({"id": 999, "account_id": 99, "user_id": 103, "role_id": chief})
    canvas.lms.load(world)
    group = root(canvas.teacher, whole)
    below = canvas.teacher.post(f"{group}/subgroups", data={"title": "S"}).json()
    outcome = made(canvas.teacher, below["url"], title="Global")
    assert (outcome["context_id"], outcome["can_edit"]) == (None, True)
    brought = canvas.teacher.post(
        f"{root(canvas.teacher, COURSE)}/import", data={"source_outcome_group_id": below["id"]}
    )
    assert brought.json()["context_type"] == "Course"
    (held,) = canvas.teacher.get(brought.json()["outcomes_url"]).json()
    assert held["outcome"]["id"] == outcome["id"]


def test_whose_rollups_and_which_results(canvas: Site) -> None:
    teacher = canvas.teacher
    outcome = made(teacher, root(teacher, COURSE), title="O")
    task = work(teacher)
    described = {
        "description": "C",
        "learning_outcome_id": outcome["id"],
        "ratings": {"0": {"description": "Y", "points": 5}},
    }
    link = {"association_id": task["id"], "association_type": "Assignment", "purpose": "grading"}
    body = {"rubric": {"title": "R", "criteria": {"0": described}}, "rubric_association": link}
    answer = teacher.post(f"{COURSE}/rubrics", json=body).json()
    (criterion,) = answer["rubric"]["criteria"]
    path = f"{COURSE}/assignments/{task['id']}/submissions/{ADA}"

    def assess() -> None:
        assert teacher.put(path, json={"rubric_assessment": {criterion["id"]: {"points": 4}}}).status_code == 200

    def rollups(**params: Any) -> Any:
        return teacher.get(f"{COURSE}/outcome_rollups", params=params).json()

    assess()
    everybody = [row["links"]["user"] for row in rollups()["rollups"]]
    assert len(everybody) > 1
    (only,) = rollups(**{"exclude[]": "missing_user_rollups", "contributing_scores": "true"})["rollups"]
    use = answer["rubric_association"]["id"]
    (said,) = only["scores"][0]["links"]["contributing_scores"]
    assert (said["association_id"], said["association_type"], said["score"]) == (use, "RubricAssociation", 4)
    assert said["title"].endswith(", Work")
    assert only["scores"][0]["title"] == "Work"
    linked = rollups(**{"include[]": ["assignments", "outcomes.alignments"]})["linked"]
    assert linked["assignments"][0]["submission_types"] == ",".join(task["submission_types"])
    assert [row["name"] for row in linked["outcomes.alignments"]] == ["R", "Work"]
    ratings = rollups(**{"include[]": "outcomes", "add_defaults": "true"})["linked"]["outcomes"][0]["ratings"]
    assert "color" in ratings[0]
    (row,) = [e for e in teacher.get(f"{COURSE}/enrollments").json() if (e["user_id"], e["type"][:3]) == (ADA, "Stu")]
    canvas.admin.delete(f"{COURSE}/enrollments/{row['id']}", params={"task": "conclude"})
    left = [row["links"]["user"] for row in rollups(**{"exclude[]": "concluded_enrollments"})["rollups"]]
    assert set(everybody) - set(left) == {str(ADA)}
    assert rollups(aggregate="course", **{"exclude[]": "concluded_enrollments"})["rollups"][0]["scores"] == []
    hiding = {
        "rubric_association_id": use,
        "rubric_association": {"hide_outcome_results": True},
        "rubric": {"title": "R", "criteria": {"0": {**described, "id": criterion["id"]}}},
    }
    assert teacher.put(f"{COURSE}/rubrics/{answer['rubric']['id']}", json=hiding).is_success
    canvas.admin.put(f"{COURSE}/enrollments/{row['id']}/reactivate")
    assess()
    results = f"{COURSE}/outcome_results"
    assert teacher.get(results).json()["outcome_results"] == []
    assert [r["hidden"] for r in teacher.get(results, params={"include_hidden": "1"}).json()["outcome_results"]] == [
        True
    ]


def test_rollups_have_a_row_for_each_enrollment_and_pages_of_students(canvas: Site) -> None:
    teacher, rollups = canvas.teacher, f"{COURSE}/outcome_rollups"
    (second,) = [canvas.admin.post(f"{COURSE}/sections", data={"course_section[name]": "Second"}).json()["id"]]
    sent = {
        "enrollment[user_id]": ADA,
        "enrollment[type]": "StudentEnrollment",
        "enrollment[course_section_id]": second,
    }
    assert canvas.admin.post(f"{COURSE}/enrollments", data=sent).is_success

    def rows(**params: Any) -> list[tuple[int, int, str]]:
        found = teacher.get(rollups, params=params).json()["rollups"]
        return [(int(r["links"]["user"]), int(r["links"]["section"]), r["links"]["status"]) for r in found]

    (first, other) = [row for row in rows() if row[0] == ADA]
    assert (other[1:], first[2]) == ((second, "invited"), "active")
    assert rows(section_id=second) == [other]
    whole = rows(sort_by="student")
    assert rows(per_page=1) == rows()
    assert rows(per_page=1, sort_by="student") == [row for row in whole if row[0] == whole[0][0]]
    group = root(teacher, COURSE)
    outcome = made(teacher, group, title="Asked")
    made(teacher, group, title="Other")
    asked = {"include[]": "outcomes", "outcome_ids[]": outcome["id"]}
    assert [o["id"] for o in teacher.get(rollups, params=asked).json()["linked"]["outcomes"]] == [outcome["id"]]
    asked["outcome_group_id"] = group.rpartition("/")[2]
    refused = teacher.get(rollups, params=asked).json()
    assert refused["message"] == "can't filter by both outcome_ids and outcome_group_id"
    del asked["outcome_ids[]"]
    assert len(teacher.get(rollups, params=asked).json()["linked"]["outcomes"]) == 2
    refused = teacher.get(rollups, params={"outcome_group_id": 999}).json()
    assert refused["message"] == "can only include an outcome group id in the outcome context"


def test_the_number_of_a_method_that_has_none(canvas: Site) -> None:
    teacher = canvas.teacher
    group = root(teacher, COURSE)
    unused = "A calculation value is not used with this calculation method"
    for method in ("latest", "average"):
        refused = made(teacher, group, title="O", calculation_method=method, calculation_int=50)
        assert refused["calculation_int"][0]["message"] == unused
    outcome = made(teacher, group, title="O", calculation_method="highest")["url"]
    assert (
        teacher.put(outcome, json={"calculation_int": 50}).json()["errors"]["calculation_int"][0]["message"] == unused
    )
    average = {"calculation_method": "average", "calculation_int": 50}
    assert teacher.put(outcome, json=average).status_code == 400
    latest = {"calculation_method": "latest", "calculation_int": 50}
    assert teacher.put(outcome, json=latest).status_code == 200, "Canvas drops it when the method changes to this one"
    assert teacher.put(outcome, json={"calculation_method": "n_mastery", "calculation_int": "x"}).status_code == 400
    assert teacher.put(outcome, json={"calculation_method": ""}).status_code == 400
    assert teacher.put(outcome, json={"calculation_method": "n_mastery"}).json()["calculation_int"] == 5
    for wrong in ({"0": {"points": 3}}, "x", ["x"]):
        assert teacher.put(outcome, json={"ratings": wrong}).status_code == 500, wrong
    assert list(made(teacher, group, title=" ")) == ["short_description"]
    assert list(made(teacher, group, title="O", description="x" * 65_536)) == ["description"]
    assert teacher.post(f"{group}/subgroups", json={"title": " "}).json() == "error"
    sub = teacher.post(f"{group}/subgroups", json={"title": "S"}).json()["url"]
    wrong_twice = teacher.put(sub, json={"title": " ", "vendor_guid": "x" * 256}).json()
    assert sorted(wrong_twice["errors"]) == ["title", "vendor_guid"]


def test_a_group_goes_unless_it_holds_the_last_link_to_an_aligned_outcome(canvas: Site) -> None:
    teacher = canvas.teacher
    group = root(teacher, COURSE)
    first, second = (teacher.post(f"{group}/subgroups", json={"title": name}).json()["url"] for name in ("A", "B"))
    inner = teacher.post(f"{first}/subgroups", json={"title": "C"}).json()["url"]
    outcome = made(teacher, first, title="O")
    assert teacher.put(f"{inner}/outcomes/{outcome['id']}").is_success
    rubric(teacher, work(teacher), learning_outcome_id=outcome["id"])
    assert teacher.delete(first).status_code == 400, "both links are in it"
    assert teacher.put(f"{second}/outcomes/{outcome['id']}").is_success
    assert teacher.delete(first).status_code == 200


def test_whose_results_are_named(canvas: Site) -> None:
    results = f"{COURSE}/outcome_results"
    teacher, student = canvas.teacher, canvas.student
    for nobody in (teacher, student):
        assert nobody.get(results, params={"user_ids": ""}).json()["outcome_results"] == []
    assert student.get(results).status_code == 403
    assert student.get(results, params={"user_ids[]": "self"}).status_code == 200
    twice = teacher.get(results, params={"user_ids[]": [ADA, f"sis_user_id:{canvas_sis(canvas)}"]})
    assert twice.json()["message"] == "can only include id's of users in the outcome context"
    assert teacher.get(results, params={"user_ids[]": [ADA, ADA]}).status_code == 200


def canvas_sis(canvas: Site) -> str:
    found: str = canvas.admin.get(f"/api/v1/users/{ADA}").json()["sis_user_id"]
    return found
