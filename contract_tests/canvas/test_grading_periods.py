"""Grading periods and schemes at Canvas: permissions, the order of checks, and periods that conflict."""

from __future__ import annotations

from typing import Any

from contract_tests.canvas.grading import COURSE, grade, made, team, work
from contract_tests.canvas.support import Site

REFUSED = (401, 403)
ACCOUNT = "/api/v1/accounts/1"
DATES = ("start_date", "end_date", "close_date")


def period(title: str | None, *months: int, **more: Any) -> dict[str, Any]:
    return (
        {"title": title}
        | {name: f"2026-{month:02}-01T00:00:00Z" for name, month in zip(DATES, months, strict=False)}
        | more
    )


def test_periods_of_a_set(canvas: Site) -> None:
    teacher, student, admin = canvas.teacher, canvas.student, canvas.admin
    sets = f"{ACCOUNT}/grading_period_sets"
    for who, status in ((student, REFUSED), (teacher, REFUSED), (admin, (201,))):
        asked = {"grading_period_set": {"title": "2026"}, "enrollment_term_ids": [1]}
        answer = who.post(sets, json=asked)
        assert answer.status_code in status
    number = answer.json()["grading_period_set"]["id"]
    path = f"/api/v1/grading_period_sets/{number}/grading_periods/batch_update"

    def batch(*periods: Any, status: int = 422) -> Any:
        answer = admin.patch(path, json={"grading_periods": list(periods)})
        assert answer.status_code == status, answer.text
        return answer.json().get("errors" if status >= 400 else "grading_periods")

    assert teacher.patch(path, json={}).status_code in REFUSED
    assert batch(status=400) == [{"message": "grading_periods is missing"}]
    assert batch({"id": "9999999"}, status=404)
    (first,) = batch(period("First", 1, 3, 4), status=200)
    second, third = batch(period("Third", 6, 8), period("Second", 3, 6), status=200)
    assert (second["title"], third["title"], second["close_date"]) == ("Third", "Second", second["end_date"])
    (changed,) = batch({"id": first["id"], "title": "Winter"}, status=200)
    assert changed == first | {"title": "Winter"}
    assert [list(item["errors"]) for item in batch(period("", 9, 8, 7, weight="much"))] == [
        ["title", "weight", "end_date", "close_date"]
    ]
    assert list(batch(period("X", 2, 3))[0]["errors"]) == ["base"]
    assert batch(period("X", 9, 11), period("Y", 10, 12)) == [{"errors": {}}]
    found, other = batch(period("X", 9, 11), period("", 10, 12))
    assert found == other
    assert list(found["errors"]) == ["title"]
    listed = student.get(f"{COURSE}/grading_periods").json()
    assert [grading_period["title"] for grading_period in listed["grading_periods"]] == ["Winter", "Second", "Third"]
    assert (listed["grading_periods_read_only"], listed["can_create_grading_periods"]) == (True, False)
    whole = admin.get(f"{ACCOUNT}/grading_periods").json()
    assert (whole["grading_periods_read_only"], whole["can_create_grading_periods"]) == (False, True)
    assert student.get(f"{ACCOUNT}/grading_periods").status_code in REFUSED
    for who, known, unknown in ((teacher, REFUSED, (404,)), (admin, (204,), (404,))):
        for found, status in ((9999999, unknown), (third["id"], known)):
            assert who.delete(f"{ACCOUNT}/grading_periods/{found}").status_code in status
    mine = f"{COURSE}/grading_periods/{first['id']}"
    assert student.get(mine).json()["grading_periods"][0]["permissions"]["update"] is False
    assert [teacher.put(mine, json=value).status_code for value in ({}, {"grading_periods": [{}]})] == [400, 404]
    assert teacher.delete(mine).status_code == 404
    assert admin.patch(f"{sets}/{number}", json={"grading_period_set": {"title": "Free"}}).status_code == 204
    assert student.get(f"{COURSE}/grading_periods").json()["grading_periods"] == []


def test_closed_periods_bind_those_who_do_not_administer(canvas: Site) -> None:
    teacher, admin = canvas.teacher, canvas.admin
    asked = {"grading_period_set": {"title": "Old"}, "enrollment_term_ids": [1]}
    number = admin.post(f"{ACCOUNT}/grading_period_sets", json=asked).json()["grading_period_set"]["id"]
    past = {"title": "Past", "start_date": "2020-01-01T00:00:00Z", "end_date": "2020-06-01T00:00:00Z"}
    path = f"/api/v1/grading_period_sets/{number}/grading_periods/batch_update"
    assert admin.patch(path, json={"grading_periods": [past]}).status_code == 200
    fields = {"name": "Old", "points_possible": 5, "published": True, "due_at": "2020-02-01T10:00:00Z"}
    assert teacher.post(f"{COURSE}/assignments", json={"assignment": fields}).status_code == 403
    task = work(admin, **fields)
    assert not task["in_closed_grading_period"]
    assert teacher.get(f"{COURSE}/assignments/{task['id']}").json()["in_closed_grading_period"]
    address = f"{COURSE}/assignments/{task['id']}/submissions/101"
    here = f"{COURSE}/assignments/{task['id']}"
    fixed = teacher.put(here, json={"assignment": {"published": True, "lock_at": "2030-01-01T00:00:00Z"}})
    assert (fixed.status_code, list(fixed.json()["errors"])) == (400, ["lock_at"])
    assert teacher.put(here, json={"assignment": {"submission_types": ["online_url"]}}).status_code == 200
    for body, status in (({"submission": {"posted_grade": 5}}, REFUSED), ({"comment": {"text_comment": "x"}}, (200,))):
        assert teacher.put(address, json=body).status_code in status
    assert grade(admin, task, 5)["score"] == 5


def test_schemes_are_those_of_the_place_itself(canvas: Site) -> None:
    teacher, student, admin = canvas.teacher, canvas.student, canvas.admin
    entries = [{"name": "Pass", "value": 50}, {"name": "Fail", "value": 0}]
    body = {"title": "P", "grading_scheme_entry": entries}
    whole = admin.post(f"{ACCOUNT}/grading_standards", json=body).json()["id"]
    own = made(teacher, "grading_standards", **body)["id"]
    assert student.post(f"{COURSE}/grading_standards", json=body).status_code in REFUSED
    assert [student.get(f"{COURSE}/grading_standards/{value}").status_code for value in (own, whole)] == [200, 404]
    assert [item["id"] for item in student.get(f"{COURSE}/grading_standards").json()] == [own]


def test_a_scheme_by_which_something_was_graded_is_only_renamed(canvas: Site) -> None:
    teacher = canvas.teacher
    entries = [{"name": "Pass", "value": 50}, {"name": "Fail", "value": 0}]
    scheme = made(teacher, "grading_standards", title="P", grading_scheme_entry=entries)["id"]
    own, stricter = f"{COURSE}/grading_standards/{scheme}", [{"name": "Pass", "value": 60}, entries[1]]
    assert canvas.student.put(own, json={"title": "Q"}).status_code in REFUSED
    changed = teacher.put(own, json={"grading_scheme_entry": stricter}).json()
    assert (changed["title"], [item["value"] for item in changed["grading_scheme"]]) == ("P", [0.6, 0.0])
    fields = {"name": "A", "grading_type": "letter_grade", "grading_standard_id": scheme, "points_possible": 10}
    task = made(teacher, "assignments", assignment={**fields, "published": True})
    assert teacher.put(own, json={"grading_scheme_entry": entries}).status_code == 200, "nothing was graded by it"
    grade(teacher, task, 9)
    refused = teacher.put(own, json={"grading_scheme_entry": stricter})
    assert (refused.status_code, list(refused.json()["errors"])) == (400, ["base"])
    assert teacher.put(own, json={"title": "R"}).json()["title"] == "R"
    assert canvas.student.delete(own).status_code in REFUSED
    assert teacher.delete(own).status_code == 200
    assert teacher.get(own).status_code == 404
    assert teacher.get(f"{COURSE}/assignments/{task['id']}").json()["grading_standard_id"] == scheme


def test_anybody_puts_columns_into_an_order(canvas: Site) -> None:
    teacher, student = canvas.teacher, canvas.student
    path = f"{COURSE}/custom_gradebook_columns"
    ids = [made(teacher, "custom_gradebook_columns", column={"title": title})["id"] for title in "abcd"]
    assert student.post(f"{path}/reorder", json={"order": "1"}).status_code == 500
    assert student.post(f"{path}/reorder", json={"order": [ids[2], 9999999, "x", ids[0]]}).json() == {}
    rows = {row["id"]: row["position"] for row in teacher.get(path).json()}
    assert rows == {ids[2]: 1, ids[0]: 3, ids[1]: 3, ids[3]: 4}


def test_final_grades_of_a_course_and_of_its_periods(canvas: Site) -> None:
    teacher, student, admin = canvas.teacher, canvas.student, canvas.admin
    path = f"{COURSE}/update_final_grade_overrides"
    assert teacher.put(path, json={"grading_period_id": 9}).status_code in REFUSED
    flags = "/api/v1/accounts/1/features/flags"
    admin.put(f"{flags}/final_grades_override", json={"state": "on"})
    teacher.put(f"{COURSE}/settings", json={"allow_final_grade_override": True})
    asked = {"grading_period_set": {"title": "S"}, "enrollment_term_ids": [1]}
    number = admin.post(f"{ACCOUNT}/grading_period_sets", json=asked).json()["grading_period_set"]["id"]
    batch = f"/api/v1/grading_period_sets/{number}/grading_periods/batch_update"
    (only,) = admin.patch(batch, json={"grading_periods": [period("P", 1, 12)]}).json()["grading_periods"]
    assert teacher.put(path, json={"grading_period_id": 9}).json() == {"error": "invalid_grading_period"}
    assert teacher.put(path, json={"grading_period_id": only["id"]}).status_code == 400
    rows = [{"student_id": 101, "override_score": 50}, {"student_id": "x", "override_score": 1}]
    rows.append({"student_id": 102, "override_score": "5o"})
    job = teacher.put(path, json={"grading_period_id": only["id"], "override_scores": rows}).json()
    done = teacher.get(f"/api/v1/progress/{job['id']}").json()
    faults = [{"student_id": "x", "error": "invalid_student_id"}, {"student_id": 102, "error": "failed_to_update"}]
    assert done["results"] == {"errors": faults}
    job = teacher.put(path, json={"override_scores": {"0": rows[0]}}).json()
    assert teacher.get(f"/api/v1/progress/{job['id']}").json()["workflow_state"] == "failed", "it is not a list"
    teacher.put(path, json={"override_scores": [{"student_id": 101, "override_score": 91.5}]})
    for query, score in ({"grading_period_id": only["id"]}, 50), ({}, 91.5):
        for who, name in ((teacher, "override_score"), (student, "final_score")):
            listed = who.get(f"{COURSE}/enrollments", params={"user_id": 101, **query}).json()
            (grades,) = (row["grades"] for row in listed if "grades" in row)
            assert (grades[name], "override_grade" in grades) == (score, False), "the course has no letters"
    entries = [{"name": "A-", "value": 90}, {"name": "F", "value": 0}]
    letters = made(teacher, "grading_standards", title="S", grading_scheme_entry=entries)["id"]
    teacher.put(COURSE, json={"course": {"grading_standard_id": letters}})
    (row,) = teacher.get(f"{COURSE}/enrollments", params={"user_id": 101, "type[]": "StudentEnrollment"}).json()
    assert row["grades"]["override_grade"] == "A-"


def test_scores_for_what_is_not_graded(canvas: Site) -> None:
    teacher = canvas.teacher
    path = f"{COURSE}/apply_score_to_ungraded_submissions"
    assert teacher.put(path, json={"percent": 50}).status_code in REFUSED
    canvas.switch_on("apply_score_to_ungraded")
    open_, past = work(teacher), work(teacher, due_at="2020-01-01T00:00:00Z")
    grade(teacher, past, 3, user=102)
    both = {"student_ids": [101, 102, 9999999], "assignment_ids": [open_["id"], past["id"], 9999999]}
    faults = [
        teacher.put(path, json=value).json().get("error")
        for value in ({"percent": ""}, {"percent": 5}, {**both, "percent": -1})
    ]
    assert faults == ["no_score_or_excused_provided", "no_student_ids_provided", "invalid_percent_value"]
    assert "assignment" in teacher.put(path, json={"percent": 5, "student_ids": [101]}).json()["error"]
    given = {"percent": "50", "only_past_due": True, "mark_as_missing": True}
    assert teacher.put(path, json=given | both).status_code == 200
    found = {
        (task["id"], user): teacher.get(f"{COURSE}/assignments/{task['id']}/submissions/{user}").json()
        for task in (open_, past)
        for user in (101, 102)
    }
    assert [item["score"] for item in found.values()] == [None, None, 5, 3]
    assert found[past["id"], 101]["late_policy_status"] == "missing"
    shared = work(teacher, group_category_id=team(teacher, 101, 102)["group_category_id"])
    job = teacher.put(path, json={"percent": "33.3", "student_ids": [101], "assignment_ids": [shared["id"]]}).json()
    assert teacher.get(f"/api/v1/progress/{job['id']}").json()["results"] == {"errors": []}
    rows = teacher.get(f"{COURSE}/assignments/{shared['id']}/submissions").json()
    assert {row["user_id"]: row["score"] for row in rows if row["user_id"] in (101, 102)} == {101: 3.33, 102: 3.33}


def test_how_one_looks_at_the_gradebook(canvas: Site) -> None:
    teacher, student = canvas.teacher, canvas.student
    path = f"{COURSE}/gradebook_settings"
    assert student.put(path, json={"gradebook_settings": {"hide_total": "true"}}).status_code in REFUSED
    first = {
        "hide_total": "true",
        "odd": "x",
        "filter_rows_by": {"section_id": "null", "odd": 1},
        "filter_columns_by": {"submissions": "late"},
        "colors": {"late": "#Ff0000", "missing": "red", "odd": "#000"},
    }
    teacher.put(path, json={"gradebook_settings": first})
    second = {"filter_columns_by": {"context_module_id": "1"}, "colors": {"missing": "#abc"}}
    assert teacher.put(path, json={"gradebook_settings": second}).json()["gradebook_settings"] == {
        "1": {
            "hide_total": "true",
            "filter_rows_by": {"section_id": None},
            "filter_columns_by": {"submissions": "late", "context_module_id": "1"},
            "enter_grades_as": None,
        },
        "colors": {"late": "#Ff0000", "missing": "#abc"},
    }
    filters = f"{COURSE}/gradebook_filters"
    assert student.post(filters, json={}).status_code == 400
    wrong = student.post(filters, json={"gradebook_filter": {"name": "x" * 256, "payload": "p"}}).json()["errors"]
    assert {name: faults[0]["type"] for name, faults in wrong.items()} == {
        "name": "too_long",
        "payload": "must be a hash",
    }
    kept = student.post(filters, json={"gradebook_filter": {"name": "F", "payload": {"a": "b"}}}).json()
    shared = f"{filters}/{kept['gradebook_filter']['id']}"
    assert [who.get(shared).status_code for who in (student, teacher)] == [201, 404]
    assert student.put(shared, json={"gradebook_filter": {"name": ""}}).status_code == 400
    assert (student.get(filters).json(), teacher.get(filters).json()) == ([kept], [])


def test_sis_assignments(canvas: Site) -> None:
    teacher, student, admin, nobody = canvas.teacher, canvas.student, canvas.admin, canvas.client()
    path = "/api/sis/courses/1/assignments"
    assert [who.get(path).status_code for who in (nobody, teacher)] == [401, 400]
    assert student.get(path).status_code in REFUSED
    canvas.switch_on("post_grades")
    task = work(teacher, post_to_sis=True, due_at="2026-05-01T10:00:00Z", omit_from_final_grade=True)
    work(teacher, post_to_sis=True, published=False)
    (section,) = teacher.get(f"{COURSE}/sections").json()[:1]
    for target in ({"course_section_id": section["id"]}, {"student_ids": [101]}):
        body = {"assignment_override": {**target, "due_at": "2026-06-01T10:00:00Z"}}
        assert teacher.post(f"{COURSE}/assignments/{task['id']}/overrides", json=body).status_code == 201
    (row,) = teacher.get(path, params={"include[]": "student_overrides"}).json()
    assert (row["id"], row["due_at"], row["include_in_final_grade"]) == (task["id"], "2026-05-01T10:00:00Z", False)
    dated = next(item for item in row["sections"] if item["id"] == section["id"])
    assert (dated["override"]["due_at"], dated["origin_course"]["id"]) == ("2026-06-01T10:00:00Z", 1)
    assert row["user_overrides"][0]["students"] == [{"user_id": 101, "sis_user_id": "S-101"}]
    assert row["assignment_group"]["id"] == task["assignment_group_id"]
    whole = f"/api/sis{ACCOUNT.removeprefix('/api/v1')}/assignments"
    assert [item["id"] for item in admin.get(whole).json()] == [task["id"]]
    assert (
        admin.get(whole, params={"ends_after": "2100-01-01T00:00:00Z", "starts_before": "1990-01-01"}).status_code
        == 200
    )
    assert teacher.get(whole).status_code in REFUSED
    off = "/api/sis/courses/1/disable_post_to_sis"
    refused = student.put(off)
    assert (refused.status_code, refused.text) == (401, "")
    assert teacher.put(off, json={"grading_period_id": 9}).json()["code"] == "not_found"
    assert (teacher.put(off).status_code, teacher.get(path).json()) == (204, [])
    late = "/api/v1/courses/9999999/late_policy"
    assert [who.get(late).status_code for who in (nobody, teacher)] == [401, 404]


def test_schemes_in_points_and_what_is_not_valid(canvas: Site) -> None:
    def said(*rows: tuple[str, Any], **fields: Any) -> Any:
        entries = [{"name": name, "value": value} for name, value in rows]
        sent = {"title": "S", "grading_scheme_entry": entries, **fields}
        return canvas.teacher.post(f"{COURSE}/grading_standards", json=sent).json()

    plain = said((" A ", 90), ("F", 0))
    assert (plain["points_based"], plain["scaling_factor"]) == (False, 1)
    assert plain["grading_scheme"][0] == {"name": "A", "value": 0.9, "calculated_value": 90}
    assert said(("", 90), ("F", ""))["grading_scheme"][1]["value"] == 0
    for entries in ({"0": {"name": "A", "value": 0}}, ["A"]):
        sent = {"title": "S", "grading_scheme_entry": entries}
        assert canvas.teacher.post(f"{COURSE}/grading_standards", json=sent).status_code == 500
    points = said(("A", 75), ("F", 0), points_based=True, scaling_factor=4)
    assert points["grading_scheme"][0]["calculated_value"] == 3
    refused = {
        "scaling_factor": said(("A", 75), ("F", 0), scaling_factor=4),
        "data": said(("A" * 256, 75), ("B", 75), ("C", -5)),
    }
    assert [fault["message"] for fault in refused["scaling_factor"]["errors"]["scaling_factor"]] == [
        "must be 1 if scheme points_based is false"
    ]
    assert [fault["message"] for fault in refused["data"]["errors"]["data"]] == [
        "grading scheme values cannot be negative",
        "grading scheme cannot contain duplicate values",
        "a grading scheme name is too long",
        "grading schemes must have 0% for the lowest grade",
    ]
    canvas.lms.settings["canvas.later_parameters"] = False
    assert "points_based" not in said(("A", 75), ("F", 0))


def test_a_scheme_changes_until_something_was_graded_by_it(canvas: Site) -> None:
    teacher, student, admin = canvas.teacher, canvas.student, canvas.admin
    rows = [{"name": "A", "value": 90}, {"name": "F", "value": 0}]
    own = made(teacher, "grading_standards", title="S", grading_scheme_entry=rows)
    path = f"{COURSE}/grading_standards/{own['id']}"
    assert teacher.put(f"{COURSE}/grading_standards/9999999", json={"title": "T"}).status_code == 404
    assert student.put(path, json={"title": "T"}).status_code in REFUSED
    assert admin.put(f"{ACCOUNT}/grading_standards/{own['id']}", json={"title": "T"}).status_code == 404
    renamed = teacher.put(path, json={"title": "T"}).json()
    assert (renamed["title"], renamed["grading_scheme"]) == ("T", own["grading_scheme"])
    fault = teacher.put(path, json={"points_based": True, "scaling_factor": 4}).json()["errors"]
    assert [item["message"] for item in fault["data"]] == ["blank"], "the entries go when they are not sent again"
    fields = {"points_based": True, "scaling_factor": 4, "grading_scheme_entry": [{"name": "B", "value": 50}, rows[1]]}
    changed = teacher.put(path, json=fields).json()
    assert (changed["title"], changed["grading_scheme"][0]["calculated_value"]) == ("T", 2)
    task = work(teacher, grading_type="letter_grade", grading_standard_id=own["id"])
    assert teacher.put(path, json=fields).status_code == 200, "nothing was graded yet"
    grade(teacher, task, "B")
    assert list(teacher.put(path, json=fields).json()["errors"]) == ["base"]
    assert teacher.put(path, json={"title": "U"}).json()["title"] == "U"
    assert student.delete(path).status_code in REFUSED
    assert teacher.delete(path).json()["id"] == own["id"]
    assert (teacher.get(path).status_code, teacher.get(f"{COURSE}/grading_standards").json()) == (404, [])
    assert grade(teacher, task, "B")["grade"] == "B", "the assignment keeps it"
    whole = admin.post(f"{ACCOUNT}/grading_standards", json={"title": "W", "grading_scheme_entry": rows}).json()["id"]
    assert teacher.put(f"{ACCOUNT}/grading_standards/{whole}", json={"title": "X"}).status_code in REFUSED
    assert admin.put(f"{ACCOUNT}/grading_standards/{whole}", json={"title": "X"}).json()["title"] == "X"
    assert admin.delete(f"{ACCOUNT}/grading_standards/{whole}").status_code == 200


def test_a_set_that_is_named_beside_a_course(canvas: Site) -> None:
    """The school's set is changed, if the caller may; a course has no periods of its own."""
    made_set = canvas.admin.post(f"{ACCOUNT}/grading_period_sets", json={"grading_period_set": {"title": "2026"}})
    path = f"{COURSE}/grading_periods/batch_update"
    sent = {"set_id": made_set.json()["grading_period_set"]["id"], "grading_periods": [period("First", 1, 3)]}
    assert canvas.teacher.patch(path, json=sent).status_code in REFUSED
    (shown,) = canvas.admin.patch(path, json=sent).json()["grading_periods"]
    assert (shown["title"], shown["grading_period_group_id"]) == ("First", sent["set_id"])
    assert canvas.admin.patch(path, json={**sent, "set_id": "99999"}).status_code == 404
    assert canvas.admin.patch(path, json={**sent, "set_id": ""}).status_code in REFUSED


def test_a_deleted_period_keeps_its_time_and_terms_are_named_by_number(canvas: Site) -> None:
    admin, sets = canvas.admin, f"{ACCOUNT}/grading_period_sets"
    named = {"grading_period_set": {"title": "S"}, "enrollment_term_ids": ["sis_term_id:x"]}
    assert admin.post(sets, json=named).status_code == 404
    number = admin.post(sets, json={"grading_period_set": {"title": "S"}}).json()["grading_period_set"]["id"]
    path = f"/api/v1/grading_period_sets/{number}/grading_periods/batch_update"
    (kept,) = admin.patch(path, json={"grading_periods": [period("A", 1, 3)]}).json()["grading_periods"]
    assert admin.delete(f"{ACCOUNT}/grading_periods/{kept['id']}").status_code == 204
    (fault,) = admin.patch(path, json={"grading_periods": [period("B", 2, 4)]}).json()["errors"]
    assert list(fault["errors"]) == ["base"], "Canvas compares a single period with deleted ones too"
    two = [period("C", 6, 7), {"title": "D", "start_date": "2026-08-01T00:00:00Z"}]
    (fault,) = admin.patch(path, json={"grading_periods": two}).json()["errors"]
    assert sorted(fault["errors"]) == ["close_date", "end_date"], "the last one may lack its end until it is validated"
    assert admin.patch(path, json={"grading_periods": list(reversed(two))[:1] * 2}).status_code == 500
    assert admin.patch(path, json={"grading_periods": {"0": two[0]}}).status_code == 500
