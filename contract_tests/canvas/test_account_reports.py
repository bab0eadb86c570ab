"""Reports of accounts."""

from __future__ import annotations

import csv
import io
import zipfile
from typing import Any

from contract_tests.canvas.support import Site

REPORTS = "/api/v1/accounts/1/reports"


def made(site: Site, report: str, **parameters: str) -> dict[str, Any]:
    """Run a report. Returns its result."""
    sent = {f"parameters[{name}]": value for name, value in parameters.items()}
    answer = site.admin.post(f"{REPORTS}/{report}", data=sent)
    assert answer.status_code == 200, answer.text
    begun = answer.json()
    assert (begun["status"], begun["progress"], begun["file_url"]) == ("created", 0, None)
    return dict(site.admin.get(f"{REPORTS}/{report}/{begun['id']}").json())


def content(site: Site, run: dict[str, Any]) -> bytes:
    """The file of a run."""
    answer = site.admin.get(run["attachment"]["url"], follow_redirects=True)
    assert answer.status_code == 200, answer.text
    return answer.content


def table(site: Site, report: str, **parameters: str) -> list[dict[str, str]]:
    """The rows of a report with one file."""
    run = made(site, report, **parameters)
    assert run["status"] == "complete", run
    rows = list(csv.DictReader(io.StringIO(content(site, run).decode())))
    assert run["current_line"] == len(rows) + 1
    return rows


def test_only_those_who_read_reports_see_and_run_them(canvas: Site) -> None:
    listed = {item["report"]: item for item in canvas.admin.get(REPORTS, params={"per_page": 100}).json()}
    assert listed["provisioning_csv"]["last_run"] is None
    assert listed["provisioning_csv"]["parameters"]["users"]["required"] is False
    assert canvas.teacher.get(REPORTS).status_code == 403
    assert canvas.teacher.post(f"{REPORTS}/provisioning_csv").status_code == 403
    assert canvas.admin.post(f"{REPORTS}/no_such_report").status_code == 404


def test_runs_are_listed_and_deleted(canvas: Site) -> None:
    first, second = (made(canvas, "provisioning_csv", users="true") for _ in range(2))
    path = f"{REPORTS}/provisioning_csv"
    assert [item["id"] for item in canvas.admin.get(path).json()] == [second["id"], first["id"]]
    listed = {item["report"]: item for item in canvas.admin.get(REPORTS).json()}
    assert listed["provisioning_csv"]["last_run"]["id"] == second["id"]
    assert canvas.admin.delete(f"{path}/{second['id']}").json()["status"] == "deleted"
    assert canvas.admin.get(f"{path}/{second['id']}").status_code == 404
    assert canvas.admin.get(f"{path}/{first['id']}").status_code == 200
    begun = canvas.admin.post(path, data={"parameters[users]": "true"}).json()
    done = canvas.admin.put(f"{path}/{begun['id']}/abort").json()
    assert done["status"] == "aborted"
    again = canvas.admin.get(f"{path}/{begun['id']}").json()
    assert (again["status"], again["file_url"]) == ("aborted", None)


def test_an_export_is_an_import(canvas: Site) -> None:
    everybody = table(canvas, "provisioning_csv", users="true")
    assert everybody[0].keys() >= {"canvas_user_id", "user_id", "login_id", "created_by_sis"}
    with_ids = [item for item in everybody if item["user_id"]]
    assert with_ids
    run = made(canvas, "sis_export_csv", users="true", courses="true", enrollments="true")
    packed = content(canvas, run)
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        assert sorted(archive.namelist()) == ["courses.csv", "enrollments.csv", "users.csv"]
        users = list(csv.DictReader(io.StringIO(archive.read("users.csv").decode())))
    assert [user["user_id"] for user in users] == [item["user_id"] for item in with_ids]
    sent = {"attachment": ("all.zip", packed, "application/zip")}
    begun = canvas.admin.post("/api/v1/accounts/1/sis_imports", files=sent).json()
    done = canvas.admin.get(f"/api/v1/accounts/1/sis_imports/{begun['id']}").json()
    assert (done["workflow_state"], done.get("processing_warnings")) == ("imported", None)
    assert done["data"]["counts"]["users"] == len(users)


def test_a_run_without_a_file_ends_in_an_error(canvas: Site) -> None:
    for report in ("provisioning_csv", "sis_export_csv"):
        run = made(canvas, report)
        assert (run["status"], run["file_url"]) == ("error", None)
        assert run["parameters"]["extra_text"].startswith("Failed")


def test_grades_of_grading_periods_come_in_a_file_per_term(canvas: Site) -> None:
    course = canvas.admin.get("/api/v1/courses/1").json()
    term, report = course["enrollment_term_id"], "mgp_grade_export_csv"
    student = str(canvas.student.get("/api/v1/users/self").json()["id"])
    fields = {"title": "Year", "weighted": False}
    sent = {"grading_period_set": fields, "enrollment_term_ids": [term]}
    group = canvas.admin.post("/api/v1/accounts/1/grading_period_sets", json=sent).json()["grading_period_set"]
    year = canvas.lms.clock.now.year
    rows = [
        {"title": "Early", "start_date": f"{year - 2}-01-01", "end_date": f"{year - 1}-01-01"},
        {"title": "Late", "start_date": f"{year - 1}-01-01", "end_date": f"{year + 2}-01-01"},
    ]
    rows = [{**row, "close_date": f"{year + 2}-01-01"} for row in rows]
    path = f"/api/v1/grading_period_sets/{group['id']}/grading_periods/batch_update"
    saved = canvas.admin.patch(path, json={"grading_periods": rows})
    number = str(saved.json()["grading_periods"][0]["id"])
    fields = {"name": "Early work", "points_possible": 8, "published": True, "due_at": f"{year - 2}-06-01T12:00:00Z"}
    work = canvas.teacher.post("/api/v1/courses/1/assignments", json={"assignment": fields}).json()
    graded = f"/api/v1/courses/1/assignments/{work['id']}/submissions/{student}"
    canvas.teacher.put(graded, data={"submission[posted_grade]": "2"})

    def files(**parameters: str) -> dict[str, list[dict[str, str]]]:
        with zipfile.ZipFile(io.BytesIO(content(canvas, made(canvas, report, **parameters)))) as archive:
            texts = {name: archive.read(name).decode() for name in archive.namelist()}
        return {name: list(csv.DictReader(io.StringIO(text))) for name, text in texts.items()}

    (rows,) = files(enrollment_term_id=str(term)).values()
    row = next(line for line in rows if (line["student id"], line["course id"]) == (student, "1"))
    assert (row["grading period set"], row["Early grading period id"]) == ("Year", number)
    assert (row["Early current score"], row["Early final score"], row["enrollment state"]) == ("25.0", "25.0", "active")
    whole = next(line for line in table(canvas, "grade_export_csv") if line["student id"] == row["student id"])
    assert (row["current score"], row["final score"]) == (whole["current score"], whole["final score"])
    assert row["Late final score"] != row["Early final score"] != row["final score"]
    assert not {"Early override score", "override score"} & {*row, *whole}
    flag = "/api/v1/accounts/1/features/flags/final_grades_override"
    assert canvas.admin.put(flag, data={"state": "allowed"}).status_code == 200
    (rows,) = files(enrollment_term_id=str(term)).values()
    assert rows[0].keys() >= {"Early override score", "Early override grade", "override score", "override grade"}
    sent = {"enrollment_term[name]": "Bare"}
    assert canvas.admin.post("/api/v1/accounts/1/terms", data=sent).status_code == 200
    every = files()
    assert (len(every) > 1, every["Bare.csv"]) == (True, [])
    assert made(canvas, report, enrollment_term_id="999999")["status"] == "error"


def test_reports_follow_what_happens(canvas: Site) -> None:
    course = canvas.admin.post("/api/v1/accounts/1/courses", data={"course[name]": "Botany"}).json()["id"]

    def names(report: str, **parameters: str) -> set[str]:
        return {str(item.get("id") or item.get("course id")) for item in table(canvas, report, **parameters)}

    assert str(course) in names("unpublished_courses_csv") & names("unused_courses_csv")
    assert str(course) not in names("public_courses_csv") | names("recently_deleted_courses_csv")
    made_page = {"wiki_page[title]": "Leaves"}
    assert canvas.admin.post(f"/api/v1/courses/{course}/pages", data=made_page).status_code == 200
    shown = {"offer": "true", "course[is_public]": "true"}
    assert canvas.admin.put(f"/api/v1/courses/{course}", data=shown).status_code == 200
    assert str(course) not in names("unpublished_courses_csv") | names("unused_courses_csv")
    assert str(course) in names("public_courses_csv")
    storage = {item["id"]: item for item in table(canvas, "course_storage_csv")}
    assert float(storage[str(course)]["storage used in MB"]) == 0
    assert canvas.admin.delete(f"/api/v1/courses/{course}", params={"event": "delete"}).status_code == 200
    assert str(course) in names("recently_deleted_courses_csv")


def test_students_in_reports(canvas: Site) -> None:
    grades = table(canvas, "grade_export_csv")
    assert {grade["enrollment state"] for grade in grades} == {"active"}
    idle = table(canvas, "students_with_no_submissions_csv", include_enrollment_state="true")
    assert idle[0].keys() >= {"user id", "course id", "enrollment state"}
    run = made(canvas, "students_with_no_submissions_csv", start_at="2020-01-01T00:00:00Z")
    assert run["parameters"]["end_at"] == "2020-01-15T00:00:00Z", "two weeks at most"
    last = table(canvas, "last_user_access_csv")
    assert {grade["student id"] for grade in grades} <= {item["user id"] for item in last}
    assert {item["dev key name"] for item in table(canvas, "user_access_tokens_csv")} != set()


def test_tools_are_listed_with_what_their_configuration_says(canvas: Site) -> None:
    row = table(canvas, "lti_report_csv")[0]
    tool = next(item for item in canvas.lms.dump()["canvas"]["tools"] if item["name"] == row["tool_type_name"])
    assert ",".join(row) == (
        "context_type,context_id,account_name,course_name,tool_type_name,tool_type_id,tool_created_at,privacy_level,"
        "launch_url,custom_fields"
    )
    assert (row["context_type"], row["launch_url"]) == ("Account", tool["url"])
    fields = {"name": "Old", "consumer_key": "k", "shared_secret": "s", "url": "https://old.example/launch"}
    fields |= {"custom_fields[who]": "$User.id", "custom_fields[where]": "here", "privacy_level": "public"}
    assert canvas.admin.post("/api/v1/accounts/1/external_tools", data=fields).status_code == 200
    added = table(canvas, "lti_report_csv")[-1]
    assert added["custom_fields"] == '{"who"=>"$User.id", "where"=>"here"}'
    assert added["tool_created_at"].endswith(" UTC")


def test_what_reports_include_follows_states(canvas: Site) -> None:
    sent = {"course[name]": "Botany", "course[sis_course_id]": "BOT", "offer": "true"}
    course = canvas.admin.post("/api/v1/accounts/1/courses", data=sent).json()["id"]
    person = {"user": {"name": "Jan de Vries"}, "pseudonym": {"unique_id": "jdv", "sis_user_id": "JDV"}}
    person["user"]["sortable_name"] = "de Vries, Jan"
    user = canvas.admin.post("/api/v1/accounts/1/users", json=person).json()["id"]
    joined = {"enrollment[user_id]": user, "enrollment[enrollment_state]": "active"}
    enrolled = canvas.admin.post(f"/api/v1/courses/{course}/enrollments", data=joined).json()["id"]

    def row(report: str, key: str, number: object, **parameters: str) -> dict[str, str]:
        return next((pair for pair in table(canvas, report, **parameters) if pair[key] == str(number)), {})

    shown = row("provisioning_csv", "canvas_user_id", user, users="true")
    assert (shown["first_name"], shown["last_name"]) == ("Jan", "de Vries")
    shown = row("provisioning_csv", "canvas_course_id", course, courses="true")
    assert (shown["status"], shown["canvas_account_id"]) == ("active", "1")
    assert row("grade_export_csv", "student id", user)["enrollment state"] == "active"

    canvas.lms.clock.advance(seconds=60)
    canvas.admin.delete(f"/api/v1/courses/{course}/enrollments/{enrolled}", params={"task": "conclude"})
    assert row("grade_export_csv", "student id", user)["enrollment state"] == "concluded"
    asked = {"enrollments": "true", "enrollment_states": "completed"}
    assert not row("provisioning_csv", "canvas_enrollment_id", enrolled, **asked)
    ended = row("provisioning_csv", "canvas_enrollment_id", enrolled, include_deleted="true", **asked)
    assert ended["status"] == "concluded"
    said = made(canvas, "provisioning_csv", include_deleted="true", enrollment_filter="TaEnrollment", **asked)
    assert said["parameters"]["extra_text"] == (
        "Term: All Terms; Include Deleted Objects; Include Enrollment Roles: TaEnrollment; "
        "Include Enrollment States: completed; Reports: enrollments "
    )

    assert canvas.admin.put(f"/api/v1/courses/{course}", data={"course[event]": "conclude"}).status_code == 200
    assert not row("provisioning_csv", "canvas_course_id", course, courses="true")
    kept = {"courses": "true", "include_deleted": "true"}
    assert row("provisioning_csv", "canvas_course_id", course, **kept)["status"] == "concluded"
    assert row("sis_export_csv", "course_id", "BOT", **kept)["status"] == "completed"
    assert not row("grade_export_csv", "student id", user)
    assert row("grade_export_csv", "student id", user, include_deleted="true")


def test_keys_and_portfolios_are_reported(canvas: Site) -> None:
    sent = {"developer_key": {"name": "Gradebook"}}
    key = canvas.admin.post("/api/v1/accounts/1/developer_keys", json=sent).json()
    listed = {item["Key Name"]: item for item in table(canvas, "developer_key_report_csv")}
    shown = [listed["Gradebook"][name] for name in ("Global ID", "Key Type", "Placements", "Permitted API Endpoints")]
    assert shown == [str(key["id"]), "API Key", "None", "All"]
    assert table(canvas, "eportfolio_report_csv") == []


def test_a_report_on_a_term_or_course_that_is_not_there_fails(canvas: Site) -> None:
    for named in ({"enrollment_term_id": "99"}, {"enrollment_term_id": "sis_term_id:none"}, {"course_id": "999"}):
        run = made(canvas, "grade_export_csv", **named)
        assert (run["status"], run["progress"], run["file_url"]) == ("error", 100, None), named
        assert run["parameters"]["extra_text"].startswith("Failed, the report failed to generate a file.")
    assert made(canvas, "grade_export_csv", enrollment_term_id="default")["status"] == "complete"


def test_a_token_says_when_it_was_used_to_ten_minutes(canvas: Site) -> None:
    me = canvas.student.get("/api/v1/users/self").json()

    def used() -> set[str]:
        rows = table(canvas, "user_access_tokens_csv")
        return {row["last used"] for row in rows if row["user name"] == me["sortable_name"]} - {"never"}

    (first,) = used()
    for minutes, same in ((9, True), (2, False)):
        canvas.lms.clock.advance(minutes=minutes)
        canvas.student.get("/api/v1/users/self")
        assert (used() == {first}) is same
