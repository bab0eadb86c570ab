"""What the models refuse of the rows of SIS imports, and the passwords that imports set.

Source: canvas-lms lib/sis, and the validations of app/models/user.rb, pseudonym.rb, course.rb, course_section.rb,
group.rb and group_membership.rb.
"""

from __future__ import annotations

import base64
import hashlib
import json
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from contract_tests.canvas.browser import Browser
from contract_tests.canvas.support import Site
from contract_tests.canvas.test_sis_imports import IMPORTS, said, send
from contract_tests.in_process import InProcess

PEOPLE = "user_id,login_id,full_name,short_name,sortable_name,integration_id,declared_user_type,password,status\n"
LONG = "x" * 256
TOO_LONG = "is too long (maximum is 255 characters)"


@pytest.mark.parametrize(
    ("row", "why"),
    [
        (f"V1,v1,{LONG},,,,,,active", f"Unknown reason: name {TOO_LONG}"),
        (f"V1,v1,Vi,{LONG},,,,,active", f"Unknown reason: short_name {TOO_LONG}"),
        (f"V1,v1,Vi,,{LONG},,,,active", f"Unknown reason: sortable_name {TOO_LONG}"),
        (f"V1,{'v' * 101},Vi,,,,,,active", "Unknown reason: unique_id is too long (maximum is 100 characters)"),
        ("V1,v\t1,Vi,,,,,,active", "Invalid login_id: 'v\t1'"),
        ("V1,v1,Vi,,,,wizard,,active", "Unknown reason: declared_user_type is not included in the list"),
        ("V1,v1,Vi,,,,,short,active", "Unknown reason: password too_short"),
        (f"V1,v1,Vi,,,,,{LONG},active", "Unknown reason: password too_long"),
        ("V1,v1,Vi,,,I0,,,deleted", 'Unknown reason: integration_id Integration ID "I0" is already in use'),
    ],
)
def test_a_person_who_cannot_be_saved(canvas: Site, row: str, why: str) -> None:
    send(canvas.admin, f"{PEOPLE}V0,v0,Vo,,,I0,,,active\n")
    done = send(canvas.admin, f"{PEOPLE}{row}\n")
    assert said(done) == [f"Could not save the user with user_id: 'V1'. {why}"]
    assert canvas.admin.get("/api/v1/users/sis_user_id:V1").status_code == 404


def test_a_person_at_the_limits_is_saved(canvas: Site) -> None:
    row = f"V1,{'v' * 100},{'x' * 255},,,I1,teacher,longpass,active\nV2,v\u00a02,Vi,,,,<delete>,,active"
    assert send(canvas.admin, f"{PEOPLE}{row}\n")["workflow_state"] == "imported"


def _import(site: InProcess, *cells: str) -> None:
    headers = {"Authorization": f"Bearer {site.lms.canvas.access_tokens.admin}", "Content-Type": "text/csv"}
    table = f"user_id,login_id,full_name,password,ssha_password,status\nP1,p1,Pia,{','.join(cells)},active\n"
    begun = site.post(IMPORTS, content=table, headers=headers).json()
    assert site.get(f"{IMPORTS}/{begun['id']}", headers=headers).json()["workflow_state"] == "imported"


def _signed_in(site: InProcess, password: str) -> Browser | None:
    browser = Browser(site)
    answer = browser.sign_in(SimpleNamespace(login="p1", password=password))
    return browser if answer.status_code == 302 else None


def test_an_imported_password_changes_until_its_person_chooses_one() -> None:
    site = InProcess("canvas")
    _import(site, "", "")
    assert _signed_in(site, "password-1") is None
    _import(site, "password-1", "")
    assert _signed_in(site, "password-1") is not None
    digest = hashlib.sha1(b"password-2" + b"salt").hexdigest().encode()
    _import(site, "", f"{{SSHA}}{base64.b64encode(digest + b'salt').decode()}")
    assert _signed_in(site, "password-9") is None
    browser = _signed_in(site, "password-2")
    assert browser is not None
    login = browser.get("/api/v1/users/self/logins", accept="application/json").text
    number = str(json.loads(login.removeprefix("while(1);"))[0]["id"])
    sent = {"change_password": "1", "password_id": number, "old_password": "password-2"}
    sent |= {"password": "password-3", "password_confirmation": "password-3"}
    fields = {f"pseudonym[{name}]": value for name, value in sent.items()}
    answer = browser.send("PUT", "/profile", data={"authenticity_token": browser.csrf, **fields})
    assert answer.status_code == 200, answer.text
    _import(site, "password-4", "")
    assert [_signed_in(site, f"password-{number}") is not None for number in (1, 2, 3, 4)] == [
        False,
        False,
        True,
        False,
    ]


COURSES = "course_id,short_name,long_name,start_date,end_date,integration_id,status\n"
SECTIONS = "section_id,course_id,name,start_date,end_date,integration_id,status\n"


@pytest.mark.parametrize(
    ("row", "of", "why"),
    [
        ("L1,L1,Law,2027-02-01,2027-01-01,", "L1 / L1", "Conclude at End date cannot be before start date"),
        (f"L1,L1,{LONG},,,", "L1 / L1", f"Name {TOO_LONG}"),
        (f"L1,{LONG},Law,,,", f"L1 / {LONG}", f"Course code {TOO_LONG}"),
        (f"{LONG},L1,{LONG},,,", f"{LONG} / L1", f"Name {TOO_LONG},Sis source {TOO_LONG}"),
        ("L1,L1,Law,,,I0", "L1 / L1", 'Integration Integration ID "I0" is already in use'),
    ],
)
def test_a_course_that_cannot_be_saved(canvas: Site, row: str, of: str, why: str) -> None:
    send(canvas.admin, f"{COURSES}L0,L0,Law,2027-01-01,2027-01-01,I0,active\n")
    assert canvas.admin.get("/api/v1/courses/sis_course_id:L0").status_code == 200
    assert send(canvas.admin, f"{COURSES}L0,L0,Law 0,,,I0,active\n")["workflow_state"] == "imported", "its own id"
    done = send(canvas.admin, f"{COURSES}{row},active\n")
    assert said(done) == [f"A course did not pass validation (course: {of}, error: {why})"]
    assert canvas.admin.get("/api/v1/courses/sis_course_id:L1").status_code == 404


@pytest.mark.parametrize(
    ("row", "of", "why"),
    [
        ("A,L0,A,2027-02-01,2027-01-01,", "A / A", "End at End date cannot be before start date"),
        (
            f"A,L0,{LONG},2027-02-01,2027-01-01,",
            f"A / {LONG}",
            f"Name {TOO_LONG}, End at End date cannot be before start date",
        ),
        ("A,L0,A,,,I0", "A / A", 'Integration INTEGRATRION ID "I0" is already in use'),
    ],
)
def test_a_section_that_cannot_be_saved(canvas: Site, row: str, of: str, why: str) -> None:
    send(canvas.admin, f"{COURSES}L0,L0,Law,,,,active\n")
    for name in ("Zero", "Nought"):
        assert send(canvas.admin, f"{SECTIONS}Z,L0,{name},,,I0,active\n")["workflow_state"] == "imported"
    done = send(canvas.admin, f"{SECTIONS}{row},active\n")
    assert said(done) == [f"A section did not pass validation (section: {of}, course: L0, error: {why})"]
    assert canvas.admin.get("/api/v1/sections/sis_section_id:A").status_code == 404


def _in_course(admin: httpx.Client, **options: Any) -> dict[str, Any]:
    """Three students, the second in a section of their own, in a course with a group set, put into one group."""
    send(admin, f"{COURSES}L0,L0,Law,,,,published\n")
    send(admin, f"{SECTIONS}A,L0,A,,,,active\nB,L0,B,,,,active\n")
    send(admin, f"{PEOPLE}V0,v0,Vo,,,,,,active\nV1,v1,Vi,,,,,,active\nV2,v2,Vu,,,,,,active\n")
    enrollments = "L0,V0,student,A,active\nL0,V1,student,B,active\nL0,V2,student,A,active\n"
    send(admin, f"course_id,user_id,role,section_id,status\n{enrollments}")
    made = {"name": "Teams", "sis_group_category_id": "GC", **options}
    answer = admin.post("/api/v1/courses/sis_course_id:L0/group_categories", json=made)
    assert answer.status_code == 200, answer.text
    send(admin, "group_id,course_id,group_category_id,name,status\nG,L0,GC,Team,available\n")
    return send(admin, "group_id,user_id,status\nG,V0,accepted\nG,V1,accepted\nG,V2,accepted\n")


@pytest.mark.parametrize(
    ("options", "who", "why"),
    [
        ({"self_signup": "enabled", "group_limit": 2}, "V2", "Group The group is full."),
        ({"self_signup": "restricted"}, "V1", "User Vi does not share a section with the other members of Team."),
        ({"self_signup": "enabled", "group_limit": 3}, "", ""),
    ],
)
def test_members_that_a_group_does_not_take(canvas: Site, options: dict[str, Any], who: str, why: str) -> None:
    done = _in_course(canvas.admin, **options)
    prefix = f"A group user did not pass validation (user: {who}, group: G, error: "
    assert said(done) == ([f"{prefix}{why})"] if why else [])
    inside = canvas.admin.get("/api/v1/groups/sis_group_id:G/users").json()
    assert {item["login_id"] for item in inside} == {"v0", "v1", "v2"} - {who.lower()}


def test_a_group_with_a_long_name(canvas: Site) -> None:
    done = send(canvas.admin, f"group_id,name,status\nG,{LONG},available\nH,{LONG[1:]},available\n")
    assert said(done) == ["A group did not pass validation (group: G, error: Name Enter a shorter group name)"]
    assert canvas.admin.get("/api/v1/groups/sis_group_id:H").status_code == 200
