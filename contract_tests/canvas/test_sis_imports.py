"""SIS imports."""

from __future__ import annotations

import io
import zipfile
from typing import Any

import httpx

from contract_tests.canvas.support import Site

IMPORTS = "/api/v1/accounts/1/sis_imports"
USERS = "user_id,login_id,full_name,email,status\n"
COURSES = "course_id,short_name,long_name,account_id,term_id,status\n"


def send(admin: httpx.Client, text: str, **options: Any) -> dict[str, Any]:
    """Import a CSV. Returns its result."""
    answer = admin.post(IMPORTS, params=options, content=text, headers={"Content-Type": "text/csv"})
    assert answer.status_code == 200, answer.text
    begun: dict[str, Any] = answer.json()
    assert (begun["workflow_state"], begun["progress"]) == ("created", 0)
    return dict(admin.get(f"{IMPORTS}/{begun['id']}").json())


def archive(**files: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as packed:
        for name, text in files.items():
            packed.writestr(f"{name}.csv", text)
    return out.getvalue()


EVERYTHING = {
    "accounts": "account_id,parent_account_id,name,status\nLAW,,School of Law,active\nTAX,LAW,Tax,active\n",
    "terms": "term_id,name,status,start_date,end_date\nW27,Winter,active,2027-01-04,2027-03-31\n",
    "courses": f"{COURSES}L1,L1,Law 1,LAW,W27,active\nL2,L2,Law 2,TAX,W27,published\n",
    "sections": "section_id,course_id,name,status\nL1-A,L1,Law 1 A,active\n",
    "users": f"{USERS}U1,u1,Una One,u1@example.edu,active\nU2,u2,Ugo Two,,active\n",
    "logins": "user_id,login_id,status,existing_user_id\nU1B,u1.b,active,U1\n",
    "enrollments": "course_id,user_id,role,section_id,status\nL1,U1,student,L1-A,active\nL2,U2,teacher,,active\n",
    "admins": "user_id,account_id,role,status\nU2,LAW,AccountAdmin,active\n",
    "sets": "group_category_id,account_id,category_name,status\nGC,LAW,Teams,active\n",
    "groups": "group_id,group_category_id,name,status\nG1,GC,Team 1,available\n",
    "members": "group_id,user_id,status\nG1,U1,accepted\n",
    "observers": "observer_id,student_id,status\nU2,U1,active\n",
    "xlists": "xlist_course_id,section_id,status\nL2,L1-A,active\n",
    "changes": "old_id,new_id,type\nS-102,S-999,user\n",
}


def test_an_archive_of_every_kind_of_table(canvas: Site) -> None:
    admin = canvas.admin
    sent = {"attachment": ("all.zip", archive(**EVERYTHING), "application/zip")}
    begun = admin.post(IMPORTS, files=sent).json()
    done = admin.get(f"{IMPORTS}/{begun['id']}").json()
    assert (done["workflow_state"], done.get("processing_warnings")) == ("imported", None)
    counts = {name: number for name, number in done["data"]["counts"].items() if number}
    assert counts == {
        **dict.fromkeys(("accounts", "courses", "users", "enrollments"), 2),
        **dict.fromkeys(("terms", "sections", "xlists", "logins", "admins", "change_sis_ids"), 1),
        **dict.fromkeys(("group_categories", "groups", "group_memberships", "user_observers"), 1),
    }
    assert len(done["csv_attachments"]) == len(EVERYTHING)
    file = httpx.get(done["csv_attachments"][0]["url"])
    assert file.text == EVERYTHING["accounts"]
    section = admin.get("/api/v1/sections/sis_section_id:L1-A").json()
    assert (section["sis_course_id"], section["sis_import_id"]) == ("L2", begun["id"])
    people = admin.get("/api/v1/courses/sis_course_id:L2/enrollments").json()
    kinds = {(row["type"], row["sis_user_id"]) for row in people}
    assert kinds == {("StudentEnrollment", "U1"), ("TeacherEnrollment", "U2"), ("ObserverEnrollment", "U2")}
    assert admin.get("/api/v1/users/sis_user_id:S-999").status_code == 200
    assert admin.get("/api/v1/groups/sis_group_id:G1/users").json()[0]["login_id"] == "u1"
    assert [login["unique_id"] for login in admin.get("/api/v1/users/sis_user_id:U1/logins").json()] == ["u1", "u1.b"]


def test_an_archive_that_would_fill_the_memory_is_not_unpacked(canvas: Site) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("users.csv", USERS + "\n" * (17 * 1024 * 1024))
    sent = {"attachment": ("all.zip", out.getvalue(), "application/zip")}
    begun = canvas.admin.post(IMPORTS, files=sent).json()
    done = canvas.admin.get(f"{IMPORTS}/{begun['id']}").json()
    assert done["workflow_state"] == "failed_with_messages"
    assert "Error while importing CSV" in str(done["processing_errors"])


def test_meaningless_rows_are_skipped(canvas: Site) -> None:
    done = send(canvas.admin, f"{USERS}U1,u1,Una,not-an-address,active\n,u2,Nobody,,active\nU3,u3,Good,,active\n")
    assert done["workflow_state"] == "imported_with_messages"
    assert (done["data"]["counts"]["users"], done["data"]["counts"]["warning_count"]) == (1, 2)
    row, other = canvas.admin.get(f"{IMPORTS}/{done['id']}/errors").json()["sis_import_errors"]
    assert (other["row"], other["row_info"]) == (2, "U1,u1,Una,not-an-address,active,2\n"), (
        "found once all rows are read"
    )
    assert (row["message"], row["row"]) == ("No user_id given for a user", 3)
    assert row["row_info"].startswith('[{:user_id=>nil, :login_id=>"u2", :status=>"active", :first_name=>nil, ')
    assert row["row_info"].endswith(":declared_user_type=>nil, :home_account=>false}]")
    listed = httpx.get(done["errors_attachment"]["url"]).text.splitlines()
    assert (listed[0], len(listed)) == ("sis_import_id,file,message,row", 3)
    assert canvas.admin.get(f"{IMPORTS}/{done['id']}/errors?failure=true").json()["sis_import_errors"] == []
    failed = send(canvas.admin, "name,colour\n1,2\n")
    assert failed["workflow_state"] == "failed_with_messages"
    assert failed["processing_errors"] == [["sis_import.csv", "Couldn't find Canvas CSV import headers"]]
    assert send(canvas.admin, 'user_id,login_id,status\n"x,1,2\n')["processing_errors"][0][1] == "Malformed CSV"


def test_an_account_is_not_put_below_itself(canvas: Site) -> None:
    rows = "account_id,parent_account_id,name,status\nx,,X,active\ny,x,Y,active\nx,y,X,active\nx,x,X,active\n"
    done = send(canvas.admin, rows)
    warnings = [text for _, text in done["processing_warnings"]]
    assert warnings == [f"Setting account x's parent to {letter} would create a loop" for letter in "yx"]
    below = canvas.admin.get("/api/v1/accounts/sis_account_id:x/sub_accounts").json()
    assert [account["sis_account_id"] for account in below] == ["y"]


def test_sticky_fields_stay_unless_overridden(canvas: Site) -> None:
    admin = canvas.admin
    send(admin, f"{COURSES}L1,L1,Law 1,,,active\n")
    path = "/api/v1/courses/sis_course_id:L1"
    admin.put(path, json={"course": {"name": "By hand"}})
    send(admin, f"{COURSES}L1,L-1,Law one,,,active\n")
    course = admin.get(path).json()
    assert (course["name"], course["course_code"]) == ("By hand", "L-1")
    send(admin, f"{COURSES}L1,L-1,Law one,,,active\n", override_sis_stickiness=True, add_sis_stickiness=True)
    assert admin.get(path).json()["name"] == "Law one"
    send(admin, f"{COURSES}L1,L-1,Law 3,,,active\n")
    assert admin.get(path).json()["name"] == "Law one", "stuck by the import"
    send(admin, f"{COURSES}L1,L-1,Law 4,,,active\n", override_sis_stickiness=True, clear_sis_stickiness=True)
    send(admin, f"{COURSES}L1,L-1,Law 5,,,active\n")
    assert admin.get(path).json()["name"] == "Law 5"


def test_batch_mode_deletes_what_is_not_named_and_is_undone(canvas: Site) -> None:
    admin = canvas.admin
    send(admin, EVERYTHING["terms"])
    send(admin, f"{COURSES}L1,L1,Law 1,,W27,active\nL2,L2,Law 2,,W27,active\n")
    options = {"batch_mode": True, "batch_mode_term_id": "sis_term_id:W27"}
    kept = send(admin, f"{COURSES}L1,L1,Law 1,,W27,active\n", change_threshold=10, **options)
    assert kept["workflow_state"] == "aborted"
    assert kept["processing_warnings"][0][1] == "1 courses would be deleted and exceeds the set threshold of 10%"
    done = send(admin, f"{COURSES}L1,L1,Law 1,,W27,active\n", **options)
    assert done["data"]["counts"]["batch_courses_deleted"] == 1
    assert admin.get("/api/v1/courses/sis_course_id:L2").status_code == 404
    undone = admin.put(f"{IMPORTS}/{done['id']}/restore_states", json={"batch_mode": True}).json()
    assert (undone["tag"], undone["workflow_state"]) == ("sis_batch_state_restore", "queued")
    assert admin.get(f"{IMPORTS}/{done['id']}").json()["workflow_state"] == "partially_restored"
    assert admin.get("/api/v1/courses/sis_course_id:L2").status_code == 200
    assert admin.post(IMPORTS, params={"batch_mode": True}, content="user_id\n").status_code == 400


def test_a_chain_of_imports_reads_what_changed(canvas: Site) -> None:
    admin, chain = canvas.admin, {"diffing_data_set_identifier": "people"}
    send(admin, f"{USERS}D1,d1,One,,active\nD2,d2,Two,,active\nD4,d4,Four,,active\n", **chain)
    done = send(admin, f"{USERS}D1,d1,Uno,,active\nD3,d3,Three,,active\nD4,d4,Four,,active\n", **chain)
    assert done["data"]["counts"]["users"] == 3
    (diff,) = done["diffed_csv_attachments"]
    rows = httpx.get(diff["url"]).text.splitlines()[1:]
    assert rows == ["D1,d1,Uno,,active", "D3,d3,Three,,active", "D2,d2,Two,,deleted"]
    assert admin.get("/api/v1/users/sis_user_id:D2").status_code == 404
    far = send(admin, f"{USERS}D1,d1,Eins,,active\n", change_threshold=5, **chain)
    assert (far["diffing_threshold_exceeded"], far["data"]["counts"]["users"]) == (True, 1)
    assert admin.get("/api/v1/users/sis_user_id:D3").status_code == 200


def test_an_import_can_be_called_off_until_the_next_request(canvas: Site) -> None:
    admin = canvas.admin
    headers = {"Content-Type": "text/csv"}
    waiting = admin.post(IMPORTS, content=f"{USERS}A1,a1,Abe,,active\n", headers=headers).json()["id"]
    assert admin.put(f"{IMPORTS}/{waiting}/abort").json()["workflow_state"] == "aborted"
    assert admin.put(f"{IMPORTS}/{waiting}/abort").status_code == 404
    admin.post(IMPORTS, content=f"{USERS}A1,a1,Abe,,active\n", headers=headers)
    assert admin.put(f"{IMPORTS}/abort_all_pending").json() == {"aborted": True}
    assert admin.get("/api/v1/users/sis_user_id:A1").status_code == 404
    admin.post(IMPORTS, content=f"{USERS}A1,a1,Abe,,active\n", headers=headers)
    assert admin.get("/api/v1/users/sis_user_id:A1").status_code == 200


def test_who_may_import(canvas: Site) -> None:
    assert canvas.teacher.post(IMPORTS, content=USERS).status_code == 403
    assert canvas.admin.post(IMPORTS, content="").status_code == 422
    latin = {"Content-Type": "text/csv; charset=latin-1"}
    assert canvas.admin.post(IMPORTS, content=USERS, headers=latin).status_code == 400
    assert canvas.reason == "sis_import_not_utf8"


def test_the_first_checks_of_an_import(canvas: Site) -> None:
    admin = canvas.admin
    below = admin.post("/api/v1/accounts/1/sub_accounts", data={"account[name]": "College"}).json()["id"]
    for who in (canvas.client(), canvas.student, admin):
        assert who.get(f"/api/v1/accounts/{below}/sis_imports").status_code == 400, "no school, whoever asks"
    table, csv = f"{USERS}W1,w1,Will,,active\n", {"Content-Type": "text/csv"}

    def refused(**options: str) -> str:
        answer = admin.post(IMPORTS, params=options, content=table, headers=csv)
        assert answer.status_code == 400, answer.text
        return str(answer.json()["message"])

    assert refused(diffing_drop_status="gone", batch_mode_enrollment_drop_status="gone").endswith("diffing_drop_status")
    assert refused(batch_mode_enrollment_drop_status="gone").endswith("batch_mode_enrollment_drop_status")
    assert refused(multi_term_batch_mode="false").startswith("change_threshold is required"), "any text will do"
    read = send(canvas.admin, f"{USERS}D1,d1,Eins,,active\n", change_threshold="10.5%", diff_row_count_threshold="5x")
    assert (read["change_threshold"], read["diff_row_count_threshold"]) == (10, 5)
    done = send(admin, table)["id"]
    for asked, found in ((["imported"], True), (["failed"], False), (["nonsense"], True), (["failed", "x"], False)):
        rows = admin.get(IMPORTS, params={"workflow_state[]": asked}).json()["sis_imports"]
        assert (done in [row["id"] for row in rows]) is found, asked
    role = {"label": "Importer", "base_role_type": "AccountMembership"}
    role |= {f"permissions[import_sis][{name}]": "1" for name in ("enabled", "explicit")}
    made = admin.post("/api/v1/accounts/1/roles", data=role).json()["id"]
    clerk = admin.get("/api/v1/users/sis_user_id:W1").json()["id"]
    admin.post("/api/v1/accounts/1/admins", data={"user_id": str(clerk), "role_id": str(made)})
    acting = {"as_user_id": str(clerk)}
    assert admin.get(f"{IMPORTS}/{done}", params=acting).status_code == 200
    assert admin.put(f"{IMPORTS}/{done}/restore_states", params=acting).status_code == 403, "that takes manage_sis"
    assert admin.post(IMPORTS, params=acting, content=table, headers=csv).status_code == 200


def said(done: dict[str, Any]) -> list[str]:
    """The warnings of an import."""
    return [text for _, text in done.get("processing_warnings", ())]


def test_an_import_that_is_refused_once_begun_stays_in_the_list(canvas: Site) -> None:
    admin, csv = canvas.admin, {"Content-Type": "text/csv"}
    assert admin.post(IMPORTS, content="", headers=csv).status_code == 422
    wrong = {"diffing_data_set_identifier": "x", "diffing_drop_status": "gone"}
    assert admin.post(IMPORTS, params=wrong, content=USERS, headers=csv).status_code == 400
    rows = admin.get(IMPORTS, params={"workflow_state[]": "initializing"}).json()["sis_imports"]
    assert [(row["progress"], row["data"]) for row in rows] == [(0, {"import_type": "instructure_csv"})] * 2
    assert "csv_attachments" not in rows[0]
    admin.put(f"{IMPORTS}/abort_all_pending")
    rows = admin.get(IMPORTS).json()["sis_imports"]
    assert [(row["workflow_state"], row["progress"], row["skip_deletes"]) for row in rows] == [
        ("aborted", 100, None)
    ] * 2


def test_what_is_found_late_is_said_last(canvas: Site) -> None:
    admin = canvas.admin
    rows = "U1,u1,One,no-address,active\n,u2,Two,,active\nU3,student1,Three,,active\nU4,u4,Four,,asleep\n"
    taken = "An existing Canvas user with the SIS ID S-101 has already claimed U3's user_id requested login information"
    login = admin.get("/api/v1/users/sis_user_id:S-101").json()["login_id"]
    done = send(admin, USERS + rows.replace("student1", login))
    invalid = "The email address associated with user 'U1' is invalid (email: 'no-address')"
    early = ["No user_id given for a user", "Improper status for user U4"]
    assert said(done) == [*early, invalid, f"{taken}, skipping"]
    send(admin, f"{COURSES}L1,L1,Law 1,,,active\n")
    table = "course_id,user_id,role,section_id,status,start_date\n"
    rows = "NOPE,U1,student,,active,\nL1,U1,student,,asleep,\n"
    rows += "L1,U1,student,,active,2027-13-45\nL1,U1,student,,active,soon\n"
    done = send(admin, table + rows)
    early = ['Improper status "asleep" for an enrollment', "Bad date format for user U1 in course L1"]
    late = "Neither course nor section existed for user enrollment (Course ID: NOPE, Section ID: , User ID: U1)"
    assert said(done) == [*early, late]
    errors = admin.get(f"{IMPORTS}/{done['id']}/errors").json()["sis_import_errors"]
    assert errors[-1]["row_info"].startswith('[{:course_id=>"NOPE", :section_id=>nil, :user_id=>"U1", ')
    assert errors[-1]["row_info"].endswith(":notify=>nil, :start_date=>nil, :end_date=>nil}]")
    assert errors[0]["row_info"] == "L1,U1,student,,asleep,,3\n"


def test_logins_need_no_status(canvas: Site) -> None:
    admin = canvas.admin
    send(admin, f"{USERS}U1,u1,One,,active\n")
    done = send(admin, "user_id,login_id,existing_user_id\nU1B,u1.b,U1\nU1C,u1.c,\nU1B,u1.d,U1\nU1E,u1.e,NOPE\n")
    assert done["data"]["counts"]["logins"] == 1
    assert said(done) == [
        "No existing user provided for login with SIS ID U1C",
        "An existing Canvas user with the SIS ID U1B or login of u1.d already exists, skipping",
        "Could not find the existing user for login with SIS ID U1E, skipping",
    ]


def test_more_than_fifty_rows_are_imported_by_further_jobs(canvas: Site) -> None:
    people = "".join(f"U{n},u{n},U {n},,active\n" for n in range(50))
    few = send(canvas.admin, USERS + people.partition("U49,")[0])
    assert (few["data"]["running_immediately"], few["data"]["completed_importers"]) == (True, ["user"])
    many = send(canvas.admin, USERS + people)
    assert (many["data"]["running_immediately"], many["data"]["counts"]["users"]) == (False, 50)


def test_a_chain_without_changes_reads_a_file_without_rows(canvas: Site) -> None:
    chain = {"diffing_data_set_identifier": "people"}
    send(canvas.admin, f"{USERS}D1,d1,One,,active\n", **chain)
    done = send(canvas.admin, f"{USERS}D1,d1,One,,active\n", **chain)
    assert (done["data"]["supplied_batches"], done["data"]["completed_importers"]) == (["user"], [])
    assert httpx.get(done["diffed_csv_attachments"][0]["url"]).text == USERS
    other = send(canvas.admin, "user_id,login_id,status\nD1,d1,active\n", **chain)
    assert said(other) == ["Couldn't generate diff: CSV headers do not match, cannot diff"]


def test_terms_and_sets_that_are_in_use_stay(canvas: Site) -> None:
    admin = canvas.admin
    send(admin, EVERYTHING["terms"])
    send(admin, f"{COURSES}L1,L1,Law 1,,W27,active\n")
    done = send(admin, "term_id,name,status\nW27,Winter,deleted\n")
    why = "Workflow state Cannot delete a term with active courses"
    assert said(done) == [f"A term did not pass validation (term: W27 / Winter, error: {why})"]
    table = "group_category_id,course_id,category_name,status\n"
    assert not said(send(admin, f"{table}GC,L1,Teams,active\n"))
    assert not said(send(admin, "group_id,group_category_id,name,status\nG1,GC,Team 1,available\n"))
    done = send(admin, f"{table}GC,,Teams,active\nGD,L1,Teams,active\n")
    taken = "A group category did not pass validation (group category: GD, error: Name Teams is already in use.)"
    assert said(done) == ["Cannot move group category GC because it has groups in it.", taken]


def test_a_deleted_login_is_enrolled_as_deleted_unless_there_is_another(canvas: Site) -> None:
    admin = canvas.admin
    send(admin, f"{USERS}U1,u1,One,,active\nU2,u2,Two,,active\n")
    send(admin, EVERYTHING["logins"])
    send(admin, f"{COURSES}L1,L1,Law 1,,,active\n")
    send(admin, f"{USERS}U1,u1,One,,deleted\nU2,u2,Two,,deleted\n")
    done = send(admin, "course_id,user_id,role,status\nL1,U1,student,active\nL1,U2,student,active\n")
    assert said(done) == [
        "Enrolled a user U1 in course L1, but referenced a deleted sis login",
        "Attempted enrolling of deleted user U2 in course L1",
    ]
    assert done["data"]["counts"]["enrollments"] == 2
    rows = admin.get("/api/v1/courses/sis_course_id:L1/enrollments", params={"state[]": ["active", "deleted"]}).json()
    assert sorted(row["enrollment_state"] for row in rows) == ["active", "deleted"]
    again = send(admin, "course_id,user_id,role,status\nL1,U2,student,deleted\n")
    assert said(again) == ["Attempted enrolling with deleted sis login u2 in course L1"]


def test_blueprints_are_associated_once_all_courses_are_read(canvas: Site) -> None:
    admin = canvas.admin
    send(admin, f"{COURSES}BP,BP,Plan,,,active\nBQ,BQ,Other,,,active\n")
    for sis_id in ("BP", "BQ"):
        admin.put(f"/api/v1/courses/sis_course_id:{sis_id}", json={"course": {"blueprint": True}})
    table = "course_id,short_name,long_name,status,blueprint_course_id\n"
    assert not said(send(admin, f"{table}L1,L1,Law 1,active,BP\n"))
    done = send(admin, f"{table}L1,L1,Law 1,active,BQ\nL2,L2,Law 2,active,NOPE\nBP,BP,Plan,active,BQ\n,x,x,active,\n")
    assert said(done) == [
        "No course_id given for a course",
        'Cannot associate course "L1" - is associated to another blueprint course',
        'Unknown blueprint course "NOPE" for course "L2"',
        'Cannot associate course "BP" - is a blueprint course',
    ]


def test_courses_tell_what_an_import_did_to_them(canvas: Site) -> None:
    admin = canvas.admin
    first = send(admin, f"{COURSES}L1,L1,Law 1,,,published\n")["id"]
    send(admin, f"{COURSES}L1,L1,Law 1,,,completed\n")
    log = "/api/v1/audit/course"
    events = admin.get(f"{log}/courses/sis_course_id:L1").json()["events"]
    assert {event["event_type"] for event in events} == {"created", "published", "concluded"}
    assert {event["event_source"] for event in events} == {"sis"}
    assert first in [event["links"]["sis_batch"] for event in events]
    below = admin.post("/api/v1/accounts/1/sub_accounts", data={"account[name]": "College"}).json()["id"]
    assert admin.get(f"{log}/accounts/{below}").json()["events"] == []
    moved = admin.get("/api/v1/courses/sis_course_id:L1").json()["id"]
    admin.put(f"/api/v1/courses/{moved}", json={"course": {"account_id": below, "name": "Law one"}})
    ours = admin.get(f"{log}/accounts/1").json()["events"]
    assert {event["links"]["course"] for event in ours} == {moved}, "what was done while it was here"
    assert [event["event_type"] for event in admin.get(f"{log}/accounts/{below}").json()["events"]] == ["updated"]


def test_courses_take_from_their_abstract_course_what_their_rows_leave_out(canvas: Site) -> None:
    admin = canvas.admin
    send(admin, EVERYTHING["accounts"])
    send(admin, EVERYTHING["terms"])
    table = "abstract_course_id,short_name,long_name,account_id,term_id,status\n"
    done = send(admin, f"{table}AC,AC1,Abstract,LAW,W27,active\nAD,,No code,,,active\nAE,AE,State,,,asleep\n")
    assert said(done) == [
        "No short_name given for abstract course AD",
        'Improper status "asleep" for abstract course AE',
    ]
    assert done["data"]["counts"]["abstract_courses"] == 1
    assert done["data"]["statistics"]["AbstractCourse"]["created"] == 1
    courses = "course_id,short_name,long_name,abstract_course_id,status\n"
    done = send(admin, f"{courses}L1,,,AC,active\nL2,L2,Law 2,NOPE,active\n")
    assert said(done) == ["unknown abstract course id NOPE, ignoring abstract course reference"]
    course = admin.get("/api/v1/courses/sis_course_id:L1", params={"include[]": ["account", "term"]}).json()
    assert (course["name"], course["course_code"], course["account"]["name"]) == ("Abstract", "AC1", "School of Law")
    assert course["term"]["name"] == "Winter"


def test_results_of_publishing_grades(canvas: Site) -> None:
    enrollment = canvas.admin.get("/api/v1/courses/1/enrollments").json()[0]["id"]
    rows = f"{enrollment},published,\n{enrollment},lost,\n999999,error,\n,error,\n"
    done = send(canvas.admin, f"enrollment_id,grade_publishing_status,message\n{rows}")
    assert done["data"]["counts"]["grade_publishing_results"] == 1
    assert said(done) == [
        f'Improper grade_publishing_status "lost" for enrollment {enrollment}',
        "Enrollment 999999 doesn't exist",
        "No enrollment_id given",
    ]
