"""CSV files that assign people to cohorts."""

from __future__ import annotations

import json

import pytest

from contract_tests.openedx.conftest import ADMIN, COURSE, LEARNER, Site

PATH = f"/api/cohorts/v1/courses/{COURSE}"


def upload(site: Site, table: str | bytes, name: str = "people.csv", token: str = ADMIN) -> tuple[int, str]:
    head = f'--cut\r\nContent-Disposition: form-data; name="uploaded-file"; filename="{name}"\r\n\r\n'.encode()
    body = head + (table if isinstance(table, bytes) else table.encode()) + b"\r\n--cut--\r\n"
    kind = ("Content-Type", "multipart/form-data; boundary=cut")
    sent = [("Host", "openedx.localhost"), ("Authorization", f"Bearer {token}"), kind]
    answer = site.socket.send("POST", f"{PATH}/users", sent, body)
    return answer.status, answer.body


def test_a_table_puts_people_into_cohorts(site: Site) -> None:
    info = site.lms.openedx
    numbers = {}
    for name in ("Red", "Blue"):
        made = site.call("POST", f"{PATH}/cohorts/", token=ADMIN, body={"name": name, "assignment_type": "manual"})
        numbers[name] = json.loads(made.body)["id"]
    first, second = info.learner.username, info.other_learner.username
    rows = [
        f"{first},,Red",
        f"nobody,{info.other_learner.email},Blue",  # the address counts
        "nobody,,Red",
        "someone,new@example.test,Red",
        f"{second},,Green",  # there is none
        f"{first},,Blue,more",
    ]
    assert upload(site, "\ufeffusername,email,cohort\r\n" + "\r\n".join(rows)) == (204, "")

    def members(name: str) -> set[str]:
        found = site.get(f"{PATH}/cohorts/{numbers[name]}/users/", ADMIN)["results"]
        return {member["username"] for member in found}

    assert (members("Red"), members("Blue")) == (set(), {first, second}), "the last row moves the first learner"
    red = next(cohort for cohort in site.lms.dump()["openedx"]["cohorts"] if cohort["name"] == "Red")
    assert red["preassigned"] == ["new@example.test"]


@pytest.mark.parametrize(
    ("table", "name", "status", "words"),
    [
        ("username,group\r\na,b", "a.csv", 400, "The file must contain a 'cohort' column containing cohort names."),
        ("cohort\r\nRed", "a.csv", 400, "The file must contain a 'username' column, an 'email' column, or both."),
        ("", "a.csv", 400, "The file must contain a 'cohort' column containing cohort names."),
        (b"username,cohort\r\n\xff,Red", "a.csv", 400, "'utf-8' codec can't decode byte 0xff"),
        ("username,cohort\r\na,Red", "a.txt", 403, "403 Forbidden"),
        ("username,cohort\r\n" + "a,Red\r\n" * 300_000, "a.csv", 403, "403 Forbidden"),
    ],
    ids=["no cohort", "nobody", "empty", "no text", "not csv", "too large"],
)
def test_invalid_cohort_tables_are_refused(site: Site, table: str | bytes, name: str, status: int, words: str) -> None:
    site.lms.settings["emulator.max_body_bytes"] = 4_000_000
    code, body = upload(site, table, name)
    assert code == status
    assert words in body


def test_only_staff_may_upload(site: Site) -> None:
    assert upload(site, "username,cohort\r\n", token=LEARNER)[0] == 403


def test_a_large_table_takes_no_longer_for_each_row(site: Site) -> None:
    site.call("POST", f"{PATH}/cohorts/", token=ADMIN, body={"name": "Red", "assignment_type": "manual"})
    rows = "".join(f"n{i}@example.test,Red\r\n" for i in range(40_000))
    assert upload(site, f"email,cohort\r\n{rows}")[0] == 204
    (red,) = [cohort for cohort in site.lms.dump()["openedx"]["cohorts"] if cohort["name"] == "Red"]
    assert len(red["preassigned"]) == 40_000
