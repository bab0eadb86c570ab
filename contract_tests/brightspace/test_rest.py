"""The REST API of Brightspace: shapes, scopes, roles, versions, paging, problem JSON."""

from __future__ import annotations

import json

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contract_tests.brightspace.support import Site
from lms_emulator.client.emulator import Emulator

LP, LE = "/d2l/api/lp/1.47", "/d2l/api/le/1.79"
PREFIX = "http://docs.valence.desire2learn.com/res/apiprop.html"


def test_whoami_and_my_enrollments(brightspace: Site) -> None:
    api = brightspace.student
    assert api.get(f"{LP}/users/whoami").json() == {
        "Identifier": "169",
        "FirstName": "Ada",
        "LastName": "Lovelace",
        "Pronouns": None,
        "UniqueName": "ada.lovelace",
        "ProfileIdentifier": "profile0169",
    }
    body = api.get(f"{LP}/enrollments/myenrollments/", params={"orgUnitTypeId": 3}).json()
    assert body["PagingInfo"] == {"Bookmark": "6837", "HasMoreItems": False}
    assert [item["OrgUnit"]["Name"] for item in body["Items"]] == ["Analytical Engines", "History of Computing"]
    access = body["Items"][0]["Access"]
    assert (access["CanAccess"], access["ClasslistRoleName"], access["LISRoles"]) == (True, "Student", ["Learner"])
    assert access["StartDate"] == "2024-09-01T08:00:00.000Z"
    every = api.get(f"{LP}/enrollments/myenrollments/").json()["Items"]
    assert len(every) == 3
    assert api.get(f"{LP}/enrollments/myenrollments/", params={"canAccess": "false"}).json()["Items"] == []
    assert api.get(f"{LP}/enrollments/myenrollments/", params={"bookmark": "x"}).status_code == 400


def test_headers_tell_the_credits(brightspace: Site) -> None:
    answer = brightspace.student.get(f"{LP}/users/whoami")
    assert answer.headers["x-request-cost"] == "10"
    assert int(answer.headers["x-rate-limit-remaining"]) == 49_990
    assert 0 < int(answer.headers["x-rate-limit-reset"]) <= 60


def test_credits_can_run_out(brightspace: Site) -> None:
    brightspace.lms.settings["brightspace.rate_limit"] = "count"
    brightspace.lms.settings["brightspace.rate_limit_credits"] = 20
    brightspace.lms.clock.freeze(brightspace.lms.clock.now.replace(microsecond=0))
    api = brightspace.student
    assert [api.get(f"{LP}/users/whoami").status_code for _ in range(3)] == [200, 200, 429]
    answer = api.get(f"{LP}/users/whoami")
    assert 0 < int(answer.headers["retry-after"]) <= 60
    assert "x-rate-limit-remaining" not in answer.headers
    brightspace.lms.clock.advance(seconds=int(answer.headers["retry-after"]))
    assert api.get(f"{LP}/users/whoami").status_code == 200


def test_tokens_of_one_application_share_its_credits(brightspace: Site) -> None:
    brightspace.lms.settings["brightspace.rate_limit"] = "count"
    brightspace.lms.settings["brightspace.rate_limit_credits"] = 20
    brightspace.lms.clock.freeze(brightspace.lms.clock.now.replace(microsecond=0))
    signed_in = brightspace.api(brightspace.tokens("instructor")["access_token"])
    assert [api.get(f"{LP}/users/whoami").status_code for api in (brightspace.student, signed_in)] == [200, 200]
    assert [api.get(f"{LP}/users/whoami").status_code for api in (brightspace.student, signed_in)] == [429, 429]


def test_a_scope_that_is_missing(brightspace: Site) -> None:
    token = brightspace.tokens(scope="users:own_profile:read enrollment:own_enrollment:read")["access_token"]
    api = brightspace.api(token)
    assert api.get(f"{LP}/enrollments/myenrollments/").status_code == 200
    refused = api.get(f"{LE}/6836/classlist/")
    assert refused.status_code == 403
    assert refused.text.startswith('{ Errors: [ {Message: "Insufficient scope to call API.Required: ')
    wide = brightspace.api(brightspace.tokens(scope="enrollment:*:read")["access_token"])
    assert wide.get(f"{LE}/6836/classlist/").status_code == 200


def test_roles_decide(brightspace: Site) -> None:
    refused = brightspace.student.get(f"{LP}/enrollments/orgUnits/6836/users/")
    assert refused.status_code == 403
    assert refused.json() == {
        "type": f"{PREFIX}#not-authorized",
        "title": "Not Authorized",
        "status": 403,
        "detail": "Not authorized for [ orgUnitId: 6836, securityVariableName: Users.ViewEnrollments ]",
    }
    body = brightspace.instructor.get(f"{LP}/enrollments/orgUnits/6836/users/").json()
    assert [item["User"]["Identifier"] for item in body["Items"]] == ["169", "170", "171"]
    assert body["Items"][0]["Role"] == {"Id": 110, "Code": "STU", "Name": "Student"}
    only = brightspace.instructor.get(f"{LP}/enrollments/orgUnits/6836/users/", params={"roleId": 109}).json()
    assert [item["User"]["DisplayName"] for item in only["Items"]] == ["Grace Hopper"]
    outside = brightspace.student.get(f"{LE}/6838/classlist/")
    assert (outside.status_code, brightspace.reason) == (403, "not_authorized")
    assert brightspace.student.get(f"{LE}/1/classlist/").status_code == 404


def test_the_classlist(brightspace: Site) -> None:
    rows = brightspace.student.get(f"{LE}/6836/classlist/").json()
    assert [row["DisplayName"] for row in rows] == ["Babbage, Charles", "Hopper, Grace", "Lovelace, Ada"]
    assert rows[2]["Email"] == "ada.lovelace@example.edu"
    brightspace.lms.settings["brightspace.page_size"] = 2
    first = brightspace.student.get(f"{LE}/6836/classlist/paged/").json()
    assert len(first["Objects"]) == 2
    assert [w.code for w in brightspace.lms.requests.last.warnings] == ["more_pages"]
    second = brightspace.student.get(first["Next"]).json()
    assert (second["Next"], len(second["Objects"])) == (None, 1)


def test_content(brightspace: Site) -> None:
    toc = brightspace.student.get(f"{LE}/6836/content/toc").json()
    assert [m["Title"] for m in toc["Modules"]] == ["Week 1"]
    week = toc["Modules"][0]
    assert week["Topics"][0]["Identifier"] == "2001"
    assert week["Topics"][0]["TypeIdentifier"] == "File"
    assert week["Modules"][0]["Topics"][0]["TypeIdentifier"] == "Link"
    every = brightspace.instructor.get(f"{LE}/6836/content/toc").json()
    assert [m["Title"] for m in every["Modules"]] == ["Week 1", "Answers"]
    assert brightspace.student.get(f"{LE}/6836/content/topics/2001").json()["Title"] == "Syllabus"
    file = brightspace.student.get(f"{LE}/6836/content/topics/2001/file?stream=1")
    assert file.text == "<p>Week 1: the difference engine.</p>"
    assert file.headers["content-disposition"].startswith("inline")
    assert brightspace.api().get(f"{LE}/6836/content/topics/2001/file").status_code == 403
    assert brightspace.student.get(f"{LE}/6836/content/topics/2003").status_code == 403
    assert brightspace.student.get(f"{LE}/6836/content/topics/2002/file").status_code == 404
    assert brightspace.student.get(f"{LE}/6837/content/topics/2001").status_code == 404


def test_news(brightspace: Site) -> None:
    shown = brightspace.student.get(f"{LE}/6836/news/").json()
    assert [item["Title"] for item in shown] == ["Welcome"]
    assert shown[0]["Attachments"] == [{"FileId": 9001, "FileName": "syllabus.pdf", "FileSize": 12345}]
    assert shown[0]["Body"] == {
        "Text": "Welcome to Analytical Engines.",
        "Html": "<p>Welcome to Analytical Engines.</p>",
    }
    item = {"Title": "Exam", "Body": {"Content": "<b>On Monday</b>", "Type": "Html"}, "IsPublished": True}
    assert brightspace.student.post(f"{LE}/6836/news/", json=item).status_code == 403
    assert brightspace.instructor.post(f"{LE}/6836/news/", json={"Title": " "}).status_code == 400
    assert brightspace.instructor.post(f"{LE}/6836/news/", json={"Title": "x"}).status_code == 400
    assert brightspace.instructor.post(f"{LE}/6836/news/", content=b"{").status_code == 400
    bad = {**item, "StartDate": "soon"}
    assert brightspace.instructor.post(f"{LE}/6836/news/", json=bad).status_code == 400
    posted = brightspace.instructor.post(f"{LE}/6836/news/", json=item).json()
    assert posted["CreatedBy"] == 171
    assert posted["Body"] == {"Text": "", "Html": "<b>On Monday</b>"}
    assert "Exam" in [item["Title"] for item in brightspace.student.get(f"{LE}/6836/news/").json()]
    dated = {**item, "StartDate": "2999-01-01T00:00:00.000Z", "EndDate": "2999-02-01T00:00:00.000Z"}
    posted = brightspace.instructor.post(f"{LE}/6836/news/", json=dated).json()
    assert (posted["StartDate"], posted["EndDate"]) == (dated["StartDate"], dated["EndDate"])
    texts = {"Title": "Both", "Body": {"Text": "plain", "Html": "<p>plain</p>"}}
    assert brightspace.instructor.post(f"{LE}/6836/news/", json=texts).json()["Body"] == texts["Body"]
    since = brightspace.student.get(f"{LE}/6836/news/", params={"since": "2999-01-01T00:00:00.000Z"}).json()
    assert since == []


def test_groups(brightspace: Site) -> None:
    base = f"{LP}/6836/groupcategories"
    assert [c["Name"] for c in brightspace.student.get(f"{base}/").json()] == ["Lab groups"]
    assert brightspace.student.get(f"{base}/401").json()["Groups"] == [411, 412]
    groups = brightspace.student.get(f"{base}/401/groups/").json()
    assert [(g["GroupId"], g["Enrollments"]) for g in groups] == [(411, [169, 170]), (412, [])]
    assert brightspace.student.get(f"{base}/401/groups/411").json()["Name"] == "Lab group 1"
    assert brightspace.student.get(f"{base}/401/groups/9").status_code == 404
    assert brightspace.student.get(f"{base}/9").status_code == 404


def test_grades(brightspace: Site) -> None:
    base = f"{LE}/6836/grades"
    assert [g["Name"] for g in brightspace.student.get(f"{base}/").json()] == ["Exercise 1", "Essay"]
    assert brightspace.student.get(f"{base}/502").json()["MaxPoints"] == 20
    assert brightspace.student.get(f"{base}/9").status_code == 404
    mine = brightspace.student.get(f"{base}/values/myGradeValues/").json()
    assert [(v["GradeObjectName"], v["PointsNumerator"], v["DisplayedGrade"]) for v in mine] == [
        ("Essay", 18, "18 / 20")
    ]
    assert brightspace.student.get(f"{base}/502/values/myGradeValue").status_code == 200
    assert brightspace.student.get(f"{base}/501/values/myGradeValue").status_code == 404
    assert brightspace.student.get(f"{base}/502/values/").status_code == 403
    every = brightspace.instructor.get(f"{base}/502/values/").json()["Objects"]
    assert [(row["User"]["Identifier"], row["GradeValue"] is not None) for row in every] == [
        ("169", True),
        ("170", False),
    ]
    graded = brightspace.instructor.get(f"{base}/502/values/", params={"isGraded": "true"}).json()["Objects"]
    assert len(graded) == 1
    value = {"GradeObjectType": 1, "PointsNumerator": 7, "Comments": {"Content": "ok", "Type": "Text"}}
    assert brightspace.student.put(f"{base}/501/values/169", json=value).status_code == 403
    assert (
        brightspace.instructor.put(f"{base}/501/values/169", json={**value, "PointsNumerator": 11}).status_code == 400
    )
    assert brightspace.instructor.put(f"{base}/501/values/999", json=value).status_code == 404
    assert brightspace.instructor.put(f"{base}/501/values/169", json=value).status_code == 200
    assert brightspace.instructor.get(f"{base}/501/values/169").json()["Comments"]["Text"] == "ok"
    aside = {**value, "PrivateComments": {"Content": "for staff", "Type": "Text"}}
    assert brightspace.instructor.put(f"{base}/501/values/169", json=aside).status_code == 200
    assert brightspace.instructor.get(f"{base}/501/values/169").json()["PrivateComments"]["Text"] == "for staff"
    text = {**value, "GradeObjectType": 4, "Text": "A"}
    assert brightspace.instructor.put(f"{base}/501/values/169", json=text).status_code == 400
    assert brightspace.instructor.put(f"{base}/501/values/169", json={**value, "Value": "A"}).status_code == 200
    assert [warning.name for warning in brightspace.lms.requests.last.warnings] == ["Value"]
    assert brightspace.instructor.get(f"{base}/501/values/170").status_code == 404


def test_invalid_values_can_be_ignored_with_a_warning(brightspace: Site) -> None:
    path = "/d2l/api/lp/1.47/enrollments/myenrollments/"
    everything = brightspace.student.get(path).json()
    brightspace.lms.settings["brightspace.unreadable_values"] = "ignore"
    for name in ("isActive", "orgUnitTypeId"):
        answer = brightspace.student.get(path, params={name: "course"})
        assert answer.json() == everything
        assert [warning.code for warning in brightspace.lms.requests.last.warnings] == ["value_ignored"]


def test_versions(brightspace: Site) -> None:
    api = brightspace.api()
    rows = api.get("/d2l/api/versions/").json()
    assert {row["ProductCode"]: row["LatestVersion"] for row in rows} == {"le": "1.93", "lp": "1.53"}
    assert api.get("/d2l/api/lp/versions/").json()["SupportedVersions"][0] == "1.31"
    assert api.get("/d2l/api/xx/versions/").status_code == 404
    asked = [{"ProductCode": "lp", "Version": "1.47"}, {"ProductCode": "le", "Version": "1.2"}]
    checked = api.post("/d2l/api/versions/check", json=asked).json()
    assert checked["Supported"] is False
    assert [row["Supported"] for row in checked["Versions"]] == [True, False]
    assert api.post("/d2l/api/versions/check", json={"a": 1}).status_code == 400
    assert api.post("/d2l/api/versions/check", content=b"x").status_code == 400


@pytest.mark.parametrize(
    ("version", "status"), [("1.31", 200), ("1.30", 404), ("2.0", 200), ("x", 404), ("unstable", 200)]
)
def test_obsolete_versions(brightspace: Site, version: str, status: int) -> None:
    assert brightspace.student.get(f"/d2l/api/lp/{version}/users/whoami").status_code == status


def test_unknown_paths_and_methods(brightspace: Site) -> None:
    missing = brightspace.student.get("/d2l/api/lp/1.47/nothing")
    assert (missing.status_code, missing.headers["content-type"]) == (404, "application/problem+json; charset=UTF-8")
    wrong = brightspace.student.delete("/d2l/api/versions/")
    assert (wrong.status_code, wrong.headers["allow"]) == (405, "GET, HEAD")
    assert brightspace.browser().get("/nowhere").status_code == 404


@settings(max_examples=25)
@given(size=st.integers(1, 6), people=st.integers(0, 12))
def test_every_page_once(lms_emulator: Emulator, size: int, people: int) -> None:
    """Following bookmarks lists everybody exactly once, whatever the page size."""
    lms_emulator.load("demo")
    world = lms_emulator.dump()
    section = world["brightspace"]
    user, part = section["users"][0], section["enrollments"][2]
    for number in range(people):
        section["users"].append({**user, "id": 1000 + number, "username": f"u{number}"})
        section["enrollments"].append({**part, "id": 1000 + number, "user_id": 1000 + number})
    lms_emulator.load(json.loads(json.dumps(world, default=str)))
    lms_emulator.settings["brightspace.page_size"] = size
    headers = {"Authorization": f"Bearer {lms_emulator.brightspace.access_tokens.instructor}"}
    seen: list[str] = []
    bookmark = None
    with httpx.Client(base_url=lms_emulator.brightspace.url, headers=headers) as api:
        while True:
            params = {} if bookmark is None else {"bookmark": bookmark}
            body = api.get(f"{LP}/enrollments/orgUnits/6836/users/", params=params).json()
            assert len(body["Items"]) <= size
            seen += [item["User"]["Identifier"] for item in body["Items"]]
            if not body["PagingInfo"]["HasMoreItems"]:
                break
            bookmark = body["PagingInfo"]["Bookmark"]
    lms_emulator.load("demo")
    assert len(seen) == len(set(seen)) == people + 3
