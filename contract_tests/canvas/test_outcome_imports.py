"""Outcome imports, and reports on outcomes."""

from __future__ import annotations

import csv
import io
import time
from typing import Any

from contract_tests.canvas.support import Site

ACCOUNT = "/api/v1/accounts/1"
HEAD = "vendor_guid,object_type,title,description,calculation_method,calculation_int,parent_guids,workflow_state"
TABLE = f"""{HEAD},mastery_points,ratings
skills,group,Skills,,,,,,,
deep,group,Deep,,,,skills,,,
read,outcome,Reading,Reads well,n_mastery,3,skills deep,active,3,5,Great,3,Good,0,Bad
plain,outcome,Plain,,,,,,,
"""


def send(site: Site, text: str, place: str = ACCOUNT) -> dict[str, Any]:
    """Import a CSV. Returns its result."""
    answer = site.admin.post(f"{place}/outcome_imports", content=text, headers={"Content-Type": "text/csv"})
    assert answer.status_code == 200, answer.text
    begun = answer.json()
    assert (begun["workflow_state"], begun["progress"]) == ("created", 0)
    done = site.admin.get(f"{place}/outcome_imports/{begun['id']}").json()
    assert site.admin.get(f"{place}/outcome_imports/latest").json() == done
    return dict(done)


def links(site: Site, place: str = ACCOUNT) -> list[tuple[str, str]]:
    """Which groups hold which outcomes."""
    rows = site.admin.get(f"{place}/outcome_group_links", params={"outcome_style": "full"}).json()
    return sorted((row["outcome_group"]["title"], row["outcome"]["title"]) for row in rows)


def test_a_table_makes_changes_and_deletes(canvas: Site) -> None:
    admin = canvas.admin
    assert admin.get(f"{ACCOUNT}/outcome_imports/latest").status_code == 404
    done = send(canvas, TABLE)
    assert (done["workflow_state"], done["progress"], done["processing_errors"]) == ("succeeded", 100, [])
    groups = admin.get(f"{ACCOUNT}/outcome_imports/{done['id']}/created_group_ids").json()
    assert len(groups) == 2
    rows = admin.get(f"{ACCOUNT}/outcome_group_links", params={"outcome_style": "full"}).json()
    read = next(row["outcome"] for row in rows if row["outcome"]["title"] == "Reading")
    assert (read["calculation_method"], read["calculation_int"], read["mastery_points"]) == ("n_mastery", 3, 3)
    assert [(rating["points"], rating["description"]) for rating in read["ratings"]] == [
        (5, "Great"),
        (3, "Good"),
        (0, "Bad"),
    ]
    before = links(canvas)
    assert {("Skills", "Reading"), ("Deep", "Reading")} <= set(before)
    send(canvas, f"{HEAD}\nskills,group,Skills,,,,,\nread,outcome,Reading aloud,,n_mastery,3,skills,\n")
    assert [pair for pair in links(canvas) if pair[1].startswith("Reading")] == [("Skills", "Reading aloud")]
    send(canvas, f"{HEAD}\nskills,group,Skills,,,,,deleted\nplain,outcome,Plain,,,,,deleted\n")
    assert {pair[0] for pair in links(canvas)}.isdisjoint({"Skills", "Deep"})
    assert admin.get(f"/api/v1/outcomes/{read['id']}").status_code == 404


def test_friendly_descriptions_are_listed_where_they_are_switched_on(canvas: Site) -> None:
    head = "vendor_guid,object_type,title,friendly_description,parent_guids"
    send(canvas, f"{head}\nread,outcome,Reading,You can read,\n")

    def listed() -> dict[str, Any]:
        rows = canvas.admin.get(f"{ACCOUNT}/outcome_group_links", params={"outcome_style": "full"}).json()
        return dict(next(row["outcome"] for row in rows if row["outcome"]["title"] == "Reading"))

    assert listed()["friendly_description"] is None
    world = canvas.lms.dump()
    section, moment = world["canvas"], "2026-01-01T00:00:00Z"
    section["accounts"].append({"id": 99, "name": "Site Admin", "site_admin": True})
    names = {99: "outcomes_friendly_description", 1: "improved_outcomes_management"}
    section["feature_flags"] = [
        {"id": number, "context_type": "Account", "context_id": number, "feature": name, "state": "on"}
        | {"created_at": moment, "updated_at": moment}
        for number, name in names.items()
    ]
    canvas.lms.load(world)
    listed_link = listed()
    assert listed_link["friendly_description"] == "You can read"
    assert canvas.admin.get(listed_link["url"]).json()["friendly_description"] is None, "shown in lists alone"
    number = listed_link["id"]
    root = canvas.admin.get("/api/v1/courses/1/root_outcome_group", follow_redirects=True).json()["id"]
    place = f"/api/v1/courses/1/outcome_groups/{root}/outcomes"
    canvas.admin.put(f"{place}/{number}")

    def in_the_course() -> Any:
        (row,) = canvas.admin.get(place, params={"outcome_style": "full"}).json()
        return row["outcome"]["friendly_description"]

    assert in_the_course() == "You can read"
    world = canvas.lms.dump()
    section = world["canvas"]
    record = next(row for row in section["learning_outcomes"] if row["id"] == number)
    record["friendly_descriptions"] = {"course_1": "You read here", "course_2": "Not here"}
    canvas.lms.load(world)
    assert (in_the_course(), listed()["friendly_description"]) == ("You read here", "You can read")
    section["feature_flags"] = section["feature_flags"][:1]
    canvas.lms.load(world)
    assert listed()["friendly_description"] is None


def test_a_table_goes_into_a_group(canvas: Site) -> None:
    send(canvas, f"{HEAD}\nhome,group,Home,,,,,\n")
    rows = canvas.admin.get(f"{ACCOUNT}/outcome_groups").json()
    (home,) = [row["id"] for row in rows if row["title"] == "Home"]

    def into(number: int, text: str) -> Any:
        path = f"{ACCOUNT}/outcome_imports/group/{number}"
        begun = canvas.admin.post(path, content=text, headers={"Content-Type": "text/csv"}).json()
        return canvas.admin.get(f"{ACCOUNT}/outcome_imports/{begun['id']}").json()

    done = into(home, f"{HEAD}\ninner,group,Inner,,,,,\nread,outcome,Reading,,n_mastery,3,,\nhome,group,Home,,,,,\n")
    assert done["processing_errors"] == [[4, "Cyclic reference detected when importing: home"]]
    assert ("Home", "Reading") in links(canvas)
    group = canvas.admin.get(f"{ACCOUNT}/outcome_groups/{home}/subgroups").json()
    assert [entry["title"] for entry in group] == ["Inner"]
    failed = into(9999, f"{HEAD}\nother,group,Other,,,,,\n")
    assert failed["workflow_state"] == "failed"
    assert failed["processing_errors"][0][1].startswith("An unexpected error has occurred")


def test_created_groups_are_listed_for_successful_imports_only(canvas: Site) -> None:
    failed = send(canvas, "a,b\nc,d\n")
    answer = canvas.admin.get(f"{ACCOUNT}/outcome_imports/{failed['id']}/created_group_ids")
    assert (failed["workflow_state"], answer.status_code, answer.json()) == (
        "failed",
        404,
        {"message": "Import has failed"},
    )


def test_rows_that_are_wrong_are_left_out(canvas: Site) -> None:
    rows = [
        ("a b,outcome,T,,,,,", 'The "vendor_guid" field must have no spaces'),
        ("a,outcome,,,,,,", 'The "title" field is required'),
        ("a,thing,T,,,,,", 'Invalid object_type: "thing"'),
        ("a,outcome,T,,,,nowhere,", 'Parent references not found prior to this row: ["nowhere"]'),
        ("a,outcome,T,,,,,gone", '"workflow_state" must be either "active" or "deleted"'),
        ("a,group,T,,latest,,,", 'Invalid fields for a group: ["calculation_method"]'),
        ("a,outcome,T,,,,,,x", 'Invalid value for rating tier 1 threshold: "x"'),
        (
            "a,outcome,T,,,,,,1,Low,2",
            "Points for tier 2 must be less than points for prior tier (2.0 is greater than 1.0)",
        ),
        ("a,outcome,T,,,,,", ""),
        ("a,outcome,T,,,,,", 'Outcome "a" has already appeared in this import'),
        ("canvas_outcome:9999,outcome,T,,,,,", 'Outcome with canvas id "" not found'),
    ]
    done = send(canvas, "\n".join([f"{HEAD},ratings", *(row for row, _ in rows)]))
    assert done["workflow_state"] == "succeeded"
    assert done["processing_errors"] == [[line, says] for line, (_, says) in enumerate(rows, 2) if says]
    wrong = {"": "File has no data", f"{HEAD}\n": "File has no outcomes data", f"{HEAD},x\n": 'Invalid fields: ["x"]'}
    for text, says in wrong.items():
        failed = send(canvas, text)
        assert (failed["workflow_state"], failed["processing_errors"]) == ("failed", [[1, says]])
    assert send(canvas, "title\n")["processing_errors"][0][1].startswith("Missing required fields")


def test_only_those_who_import_outcomes_may(canvas: Site) -> None:
    path = f"{ACCOUNT}/outcome_imports"
    assert canvas.teacher.post(path, content=TABLE).status_code == 403
    assert canvas.teacher.get(f"{path}/latest").status_code == 403
    assert canvas.admin.get(f"{path}/99").status_code == 404
    assert canvas.admin.post(path, params={"import_type": "x"}, content=TABLE).status_code == 500
    assert send(canvas, TABLE, "/api/v1/courses/1")["workflow_state"] == "succeeded"
    above = send(canvas, f"{HEAD}\nread,outcome,Other,,,,,\n")
    assert above["processing_errors"][0][1].startswith(
        "Outcome with ID read already exists in another unrelated course or account ("
    )


def test_cells_that_are_left_out_take_their_usual_values(canvas: Site) -> None:
    def outcome() -> dict[str, Any]:
        rows = canvas.admin.get(f"{ACCOUNT}/outcome_group_links", params={"outcome_style": "full"}).json()
        return next(dict(row["outcome"]) for row in rows if row["outcome"]["vendor_guid"] == "read")

    send(canvas, TABLE)
    table = "vendor_guid;object_type;title;mastery_points;ratings\n\nread;outcome;Reading;;1,000;Great;2,5;\n;x;;;\n"
    done = send(canvas, f"\ufeff{table}")
    assert done["processing_errors"] == [[4, 'The "vendor_guid" field is required']]
    read = outcome()
    assert (read["calculation_method"], read["calculation_int"], read["description"]) == ("decaying_average", 65, None)
    assert (read["points_possible"], read["mastery_points"]) == (1000, 1000)
    assert [rating["description"] for rating in read["ratings"]] == ["Great", "No Comment"]
    send(canvas, f"{HEAD}\nread,outcome,Reading,,,,,deleted\n")
    assert ("Skills", "Reading") not in links(canvas)
    send(canvas, f"{HEAD}\nread,outcome,Reading,,,,,\n")
    assert outcome()["title"] == "Reading"


def test_a_table_of_an_account_reaches_its_courses(canvas: Site) -> None:
    head = "vendor_guid,object_type,title,parent_guids,course_id"
    done = send(
        canvas, f"{head}\nweek,group,Week 1,,1\nnews,outcome,News,week,\nnone,group,No,,9999\nodd,outcome,Odd,,1\n"
    )
    assert done["processing_errors"] == [
        [4, "Course with canvas id 9999 not found"],
        [5, 'Invalid fields for an outcome: ["course_id"]'],
    ]
    assert ("Week 1", "News") in links(canvas, "/api/v1/courses/1")
    refused = send(canvas, f"{head}\nweek2,group,Week 2,,1\n", "/api/v1/courses/1")
    assert refused["processing_errors"] == [[2, "Cannot import to other courses"]]


def report(site: Site, name: str) -> tuple[str, list[dict[str, str]]]:
    """The text of a report, and its rows."""
    begun = site.admin.post(f"{ACCOUNT}/reports/{name}").json()
    run = site.admin.get(f"{ACCOUNT}/reports/{name}/{begun['id']}").json()
    assert run["status"] == "complete", run
    text = site.admin.get(run["attachment"]["url"], follow_redirects=True).text
    return text, list(csv.DictReader(io.StringIO(text)))


def test_reports_of_outcomes(canvas: Site) -> None:
    send(canvas, TABLE)
    text, rows = report(canvas, "outcome_export_csv")
    kept = [row for row in rows if row["vendor_guid"] in ("skills", "deep", "read")]
    assert [(row["object_type"], row["parent_guids"]) for row in kept] == [
        ("group", ""),
        ("group", "skills"),
        ("outcome", "skills deep"),
    ]
    before = links(canvas)
    assert send(canvas, text)["processing_errors"] == []
    assert links(canvas) == before
    for name in ("outcome_results_csv", "student_assignment_outcome_map_csv"):
        assert "No outcomes found" in report(canvas, name)[0]
    rows = canvas.admin.get(f"{ACCOUNT}/outcome_group_links", params={"outcome_style": "full"}).json()
    number = next(row["outcome"]["id"] for row in rows if row["outcome"]["title"] == "Reading")
    criterion: dict[str, Any] = {
        "description": "Reading",
        "points": 5,
        "learning_outcome_id": number,
        "mastery_points": 3,
    }
    criterion["ratings"] = {"0": {"description": "Great", "points": 5}, "1": {"description": "Bad", "points": 0}}
    sent = {
        "rubric": {"title": "R", "criteria": {"0": criterion}},
        "rubric_association": {"association_id": 2, "association_type": "Assignment", "purpose": "grading"},
    }
    made = canvas.teacher.post("/api/v1/courses/1/rubrics", json=sent).json()
    (data,) = made["rubric"]["data"]
    assessment = {"rubric_assessment": {data["id"]: {"points": 4}}}
    graded = canvas.teacher.put("/api/v1/courses/1/assignments/2/submissions/101", json=assessment)
    assert graded.status_code == 200, graded.text
    (result,) = report(canvas, "outcome_results_csv")[1]
    assert (result["student id"], result["learning outcome name"], result["outcome score"]) == ("101", "Reading", "4.0")
    assert [
        result[f"learning outcome {name}"] for name in ("points possible", "mastery score", "mastered", "rating")
    ] == [
        "5.0",
        "3.0",
        "1",
        "Good",
    ]
    assert (result["section name"], result["enrollment state"]) != ("", "")
    students = report(canvas, "student_assignment_outcome_map_csv")[1]
    assert [row["outcome score"] for row in students if row["student id"] == "101"] == ["4.0"]
    assert {row["assignment id"] for row in students} == {"2"}


def test_groups_are_as_deep_as_a_world_file_may_have_them(canvas: Site) -> None:
    chain = "".join(f"g{n},group,G,,,,g{n - 1},\n" for n in range(1, 210))
    done = send(canvas, f"{HEAD}\ng0,group,G,,,,,\n{chain}")
    messages = [text for _, text in done["processing_errors"]]
    assert messages[0] == "An outcome group can be at most 200 levels deep"
    assert all(text.startswith("Parent references not found") for text in messages[1:])
    canvas.lms.load(canvas.lms.dump())


def test_the_work_of_a_table_grows_with_its_rows(canvas: Site) -> None:
    """Each row used to scan all groups and outcomes: 20,000 rows blocked a world for minutes."""
    rows = "".join(f"g{n},group,G{n},,,,,\no{n},outcome,O{n},,,,g{n},\n" for n in range(1_500))
    begun = time.process_time()
    assert send(canvas, f"{HEAD}\n{rows}")["processing_errors"] == []
    assert time.process_time() - begun < 2
