"""Calendars: events, series, timetables, feeds."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from contract_tests.canvas.support import Site

API = "/api/v1"
EVENTS = f"{API}/calendar_events"
RANGE = {"context_codes[]": "course_1", "start_date": "2030-01-01", "end_date": "2030-12-31", "per_page": 50}


def event(**fields: Any) -> dict[str, Any]:
    return {
        "calendar_event": {"context_code": "course_1", "title": "Lab", "start_at": "2030-03-04T10:00:00Z", **fields}
    }


def test_an_event_shows_wherever_its_course_does(canvas: Site) -> None:
    assert canvas.student.post(EVENTS, json=event()).status_code == 403
    made = canvas.teacher.post(EVENTS, json=event(location_name="Hall", important_dates=True))
    assert (made.status_code, made.json()["end_at"]) == (201, "2030-03-04T10:00:00Z")
    (seen,) = canvas.student.get(EVENTS, params=RANGE).json()
    assert (seen["id"], seen["important_dates"]) == (made.json()["id"], True)
    path = f"{EVENTS}/{seen['id']}"
    assert canvas.student.put(path, json=event(title="Mine")).status_code == 403
    moved = canvas.teacher.put(path, json={"calendar_event": {"start_at": "2030-03-05T00:00:00Z", "all_day": True}})
    assert (moved.json()["all_day"], moved.json()["all_day_date"]) == (True, "2030-03-05")
    feed = canvas.teacher.get(f"{API}/courses/1").json()["calendar"]["ics"]
    assert f"UID:event-calendar-event-{seen['id']}" in canvas.student.get(feed).text
    assert canvas.student.get(feed.replace("course_", "course_x")).status_code == 400
    assert canvas.teacher.delete(path).json()["workflow_state"] == "deleted"
    assert canvas.student.get(EVENTS, params=RANGE).json() == []
    assert canvas.teacher.delete(path).status_code == 403


def test_an_assignment_stands_on_the_day_that_it_is_due_and_moves_with_its_event(canvas: Site) -> None:
    fields = {"name": "Essay", "due_at": "2030-04-01T12:00:00Z", "published": True}
    made = canvas.teacher.post(f"{API}/courses/1/assignments", json={"assignment": fields}).json()
    asked = RANGE | {"type": "assignment"}
    assert [shown["id"] for shown in canvas.student.get(EVENTS, params=asked).json()] == [f"assignment_{made['id']}"]
    moved = {"calendar_event": {"start_at": "2030-04-02T12:00:00Z"}}
    assert canvas.student.put(f"{EVENTS}/assignment_{made['id']}", json=moved).status_code == 403
    assert canvas.teacher.put(f"{EVENTS}/assignment_{made['id']}", json=moved).status_code == 200
    due = canvas.student.get(f"{API}/courses/1/assignments/{made['id']}").json()["due_at"]
    assert due == "2030-04-02T12:00:00Z"
    assert canvas.student.get(EVENTS, params=asked | {"end_date": "2030-04-01"}).json() == []


@pytest.mark.parametrize(
    ("rule", "days", "words"),
    [
        ("FREQ=DAILY;INTERVAL=2;COUNT=3", ["04", "06", "08"], "Every 2 days, 3 times"),
        ("FREQ=WEEKLY;INTERVAL=1;BYDAY=MO,WE;COUNT=3", ["04", "06", "11"], "Weekly on Mon, Wed, 3 times"),
        (
            "FREQ=MONTHLY;INTERVAL=1;BYDAY=1MO;UNTIL=20300501T000000Z",
            ["04", "01"],
            "Monthly on the 1st Mon until May 1, 2030",
        ),
        ("FREQ=MONTHLY;INTERVAL=1;BYMONTHDAY=4,-1;COUNT=3", ["04", "31", "04"], "Monthly on days 4,-1, 3 times"),
        ("FREQ=MONTHLY;INTERVAL=2;BYDAY=MO,TU;BYSETPOS=1;COUNT=2", ["04", "06"], None),
        ("FREQ=YEARLY;INTERVAL=1;BYDAY=1MO;COUNT=2", ["06", "05"], None),
        (
            "FREQ=YEARLY;INTERVAL=1;BYMONTH=3;BYDAY=2MO;COUNT=2",
            ["11", "10"],
            "Annualy on the 2nd Mon of March, 2 times",
        ),
        ("FREQ=YEARLY;INTERVAL=1;BYMONTH=3;BYMONTHDAY=4;COUNT=2", ["04", "04"], "Annually on Mar 4, 2 times"),
    ],
)
def test_events_repeat_by_their_rule(canvas: Site, rule: str, days: list[str], words: str | None) -> None:
    first = canvas.teacher.post(EVENTS, json=event(rrule=rule)).json()
    every = [first, *(copy["calendar_event"] for copy in first["duplicates"])]
    assert [entry["start_at"][8:10] for entry in every] == days
    assert words is None or first["series_natural_language"] == words
    changed = canvas.teacher.put(f"{EVENTS}/{first['id']}", json={**event(title="All"), "which": "all"})
    assert [entry["title"] for entry in changed.json()] == ["All"] * len(days)
    following = canvas.teacher.delete(f"{EVENTS}/{every[1]['id']}", params={"which": "following"}).json()
    assert [entry["id"] for entry in following] == [entry["id"] for entry in every[1:]] + [first["id"]]
    assert following[-1]["rrule"] == re.sub("COUNT=[0-9]+|UNTIL=[^;]+", "COUNT=1", rule), "for the event that is left"
    assert canvas.teacher.delete(f"{EVENTS}/{first['id']}", params={"which": "some"}).status_code == 400


def test_events_of_a_series_keep_what_a_change_of_all_does_not_name(canvas: Site) -> None:
    first = canvas.teacher.post(EVENTS, json=event(rrule="FREQ=DAILY;INTERVAL=1;COUNT=3")).json()
    ids = [first["id"], *(copy["calendar_event"]["id"] for copy in first["duplicates"])]

    def change(number: int, which: str, **fields: Any) -> Any:
        return canvas.teacher.put(f"{EVENTS}/{number}", json={"calendar_event": fields, "which": which}).json()

    change(ids[1], "one", title="Own", start_at="2030-03-05T15:00:00Z")
    every = change(ids[0], "all", location_name="Hall")
    assert [(entry["title"], entry["location_name"]) for entry in every] == [
        ("Lab", "Hall"),
        ("Own", "Hall"),
        ("Lab", "Hall"),
    ]
    # but the rule lays them out anew
    assert [entry["start_at"] for entry in every] == [f"2030-03-0{day}T10:00:00Z" for day in (4, 5, 6)]
    later = change(ids[1], "following", location_name="Yard")
    assert {entry["series_uuid"] for entry in later} == {first["series_uuid"]}
    moved = change(ids[1], "following", start_at="2030-03-05T12:00:00Z", end_at="2030-03-05T13:00:00Z")
    left, *apart = moved
    assert (left["id"], left["series_uuid"], left["rrule"]) == (
        ids[0],
        first["series_uuid"],
        "FREQ=DAILY;INTERVAL=1;COUNT=1",
    )
    assert {entry["series_uuid"] for entry in apart}.isdisjoint({first["series_uuid"]})
    assert {entry["rrule"] for entry in apart} == {"FREQ=DAILY;INTERVAL=1;COUNT=2"}
    with_settings = canvas.lms.settings
    with_settings["canvas.splits_series"] = False
    (last,) = change(ids[2], "following", start_at="2030-03-06T20:00:00Z", end_at="2030-03-06T21:00:00Z")
    assert last["rrule"] == "FREQ=DAILY;INTERVAL=1;COUNT=2", "as long as it was, and alone"


def test_an_event_becomes_a_series_and_a_series_one_event(canvas: Site) -> None:
    path = f"{EVENTS}/{canvas.teacher.post(EVENTS, json=event()).json()['id']}"
    rule = {"calendar_event": {"rrule": "FREQ=DAILY;INTERVAL=1;COUNT=3"}}
    every = canvas.teacher.put(path, json=rule).json()
    assert [row["start_at"][8:10] for row in every] == ["04", "05", "06"]
    later = {"calendar_event": {"start_at": "2030-03-07T10:00:00Z"}, "which": "all"}
    assert canvas.teacher.put(f"{EVENTS}/{every[1]['id']}", json=later).status_code == 400, "not its first event"
    moved = canvas.teacher.put(path, json=later).json()
    assert [row["start_at"][8:10] for row in moved] == ["07", "08", "09"]
    (single,) = canvas.teacher.put(path, json={"calendar_event": {"rrule": None}, "which": "all"}).json()
    assert (single["rrule"], single["series_uuid"], single["start_at"][8:10]) == (None, None, "07")
    assert [row["id"] for row in canvas.student.get(EVENTS, params=RANGE).json()] == [single["id"]]


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ("FREQ=HOURLY;COUNT=2", "Missing INTERVAL"),
        ("FREQ=DAILY;INTERVAL=1;UNTIL=soon", "Invalid UNTIL 'soon'"),
        ("FREQ=DAILY;INTERVAL=1;UNTIL=20320101", "A maximum of 200 events may be created"),
        (
            "FREQ=DAILY;INTERVAL=1;COUNT=2x",
            "Failed parsing the event's recurrence rule: COUNT must be a non-negative integer",
        ),
        (
            "FREQ=WEEKLY;INTERVAL=1;BYDAY=monday;COUNT=2",
            "Failed parsing the event's recurrence rule: undefined method `[]' for nil:NilClass",
        ),
    ],
)
def test_what_is_wrong_with_a_rule(canvas: Site, rule: str, message: str) -> None:
    answer = canvas.teacher.post(EVENTS, json=event(rrule=rule))
    assert (answer.status_code, answer.json()) == (400, {"message": message})


@pytest.mark.parametrize("rule", ["COUNT=2;INTERVAL=1", "FREQ=DAILY;COUNT=2", "FREQ=DAILY;INTERVAL=1;COUNT=201"])
def test_a_rule_that_canvas_cannot_use_is_refused(canvas: Site, rule: str) -> None:
    assert canvas.teacher.post(EVENTS, json=event(rrule=rule)).status_code == 400


def test_a_course_that_is_over_or_deleted_takes_no_appointments_or_events(canvas: Site) -> None:
    course = canvas.admin.post(f"{API}/accounts/1/courses", json={"course": {"name": "Old"}}).json()["id"]
    fields = {"appointment_group": {"context_codes": [f"course_{course}"], "title": "Hours"}}
    assert canvas.admin.post(f"{API}/appointment_groups", json=fields).status_code == 201
    canvas.admin.delete(f"{API}/courses/{course}", params={"event": "conclude"})
    refused = canvas.admin.post(f"{API}/appointment_groups", json=fields)
    assert (refused.status_code, refused.json()) == (
        400,
        {"error": "cannot create an appointment group for a concluded course"},
    )
    canvas.admin.delete(f"{API}/courses/{course}", params={"event": "delete"})
    refused = canvas.admin.post(EVENTS, json=event(context_code=f"course_{course}"))
    assert (refused.status_code, refused.json()) == (400, {"error": "cannot create event for deleted course"})
    for code in ("course_99999", str(course)):
        assert canvas.admin.post(EVENTS, json=event(context_code=code)).status_code == 404


def test_a_timetable_makes_events_on_its_weekdays(canvas: Site) -> None:
    place = f"{API}/courses/1/calendar_events/timetable"
    dates = {"course_start_at": "2030-06-03", "course_end_at": "2030-06-14"}
    times = {"weekdays": "Mon,Fri", "start_time": "9:00 am", "end_time": "10:00 am", **dates}
    assert canvas.student.post(place, json={"timetables": {"all": [times]}}).status_code == 403
    wrong = canvas.teacher.post(place, json={"timetables": {"all": [{**times, "weekdays": "Noday"}]}})
    assert wrong.json() == {"errors": ["weekdays are not valid"]}
    assert canvas.teacher.post(place, json={"timetables": {"all": [times]}}).json() == {"status": "ok"}
    days = [shown["start_at"][8:10] for shown in canvas.student.get(EVENTS, params=RANGE).json()]
    assert days == ["03", "07", "10", "14"]
    assert canvas.teacher.get(place).json()["all"][0]["weekdays"] == "Mon,Fri"
    canvas.teacher.post(place, json={"timetables": {"all": [{**times, "weekdays": "Mon"}]}})
    assert len(canvas.student.get(EVENTS, params=RANGE).json()) == 2


def test_a_timetable_has_a_maximum_number_of_events(canvas: Site) -> None:
    place = f"{API}/courses/1/calendar_events/timetable"
    times = {"weekdays": "Mon,Fri", "start_time": "9:00 am", "end_time": "10:00 am", "course_start_at": "2030-01-01"}
    canvas.lms.settings["emulator.max_json_values"] = 150
    for end, status in (("2031-01-01", 200), ("2032-01-01", 413), ("9999-12-31", 413)):
        sent = {"timetables": {"all": [times | {"course_end_at": end}]}}
        assert canvas.teacher.post(place, json=sent).status_code == status


def test_the_calendar_of_an_account_is_had_once_it_is_shown(canvas: Site) -> None:
    account = canvas.admin.get(f"{API}/accounts/self").json()["id"]
    calendar = f"{API}/account_calendars/{account}"
    assert canvas.student.get(calendar).status_code == 403
    assert canvas.teacher.put(calendar, json={"visible": True}).status_code == 403
    assert canvas.admin.put(calendar, json={"visible": True}).json()["visible"] is True
    assert canvas.student.get(f"{API}/account_calendars").json()["total_results"] == 1
    fields = {"calendar_event": {"context_code": f"account_{account}", "title": "Holiday", "start_at": "2030-01-01"}}
    assert canvas.teacher.post(EVENTS, json=fields).status_code == 403
    assert canvas.admin.post(EVENTS, json=fields).status_code == 201
    seen = canvas.student.get(EVENTS, params={**RANGE, "context_codes[]": f"account_{account}"}).json()
    assert [entry["title"] for entry in seen] == ["Holiday"]


def test_which_calendars_and_times_a_list_takes(canvas: Site) -> None:
    def status(who: httpx.Client, **asked: Any) -> int:
        return who.get(
            EVENTS, params={name.replace("_codes", "_codes[]"): value for name, value in asked.items()}
        ).status_code

    nobody = canvas.client()
    assert nobody.get(EVENTS).status_code == 500, "there is no calendar that would be nobody's"
    assert status(nobody, context_codes="course_1") == 401
    assert canvas.student.get(EVENTS, params={"context_codes": "course_1"}).status_code == 500, "no list"
    me = canvas.student.get(f"{API}/users/self").json()["id"]
    canvas.student.post(EVENTS, json=event(context_code=f"user_{me}", title="Own"))
    dates = {name: RANGE[name] for name in ("start_date", "end_date")}
    seen = canvas.admin.get(EVENTS, params={**dates, "context_codes[]": f"user_{me}"}).json()
    assert [entry["title"] for entry in seen] == ["Own"]
    assert status(canvas.teacher, context_codes=f"user_{me}") == 403
    for text, accepted in (
        ("2030-01-01", True),
        ("2030/01/01", True),
        ("2030-01-01T10:00:00+01:00", True),
        ("2030-01-01T10:00Z", False),
        ("2030-01-01 10:00:00", False),
        ("2030-1-1", False),
    ):
        assert status(canvas.student, start_date=text) == (200 if accepted else 400), text
        planned = canvas.student.get(f"{API}/planner/items", params={"start_date": text})
        assert planned.status_code == (200 if accepted else 400), text
    canvas.teacher.put(f"{API}/courses/1", json={"course": {"public_syllabus": True}})
    assert status(nobody, context_codes="course_1") == 200
    assert status(nobody, context_codes="course_1", type="assignment") == 200


def test_a_page_of_assignments_counts_them_and_not_their_dates(canvas: Site) -> None:
    course = f"{API}/courses/1"
    section = canvas.teacher.get(f"{course}/sections").json()[0]["id"]
    canvas.admin.post(f"{course}/sections", json={"course_section": {"name": "Other"}})
    fields: dict[str, Any] = {"name": "Both", "due_at": "2030-04-01T12:00:00Z", "published": True}
    kinds = ["online_upload", "online_text_entry"]
    both = canvas.teacher.post(
        f"{course}/assignments", json={"assignment": fields | {"submission_types": kinds}}
    ).json()
    canvas.teacher.post(f"{course}/assignments", json={"assignment": fields | {"name": "Next"}})
    moved = {"course_section_id": section, "due_at": "2030-04-02T12:00:00Z"}
    canvas.teacher.post(f"{course}/assignments/{both['id']}/overrides", json={"assignment_override": moved})
    asked = RANGE | {"type": "assignment", "per_page": 1}
    page = canvas.teacher.get(EVENTS, params=asked)
    assert [entry["start_at"] for entry in page.json()] == [moved["due_at"], fields["due_at"]]
    assert [entry["title"] for entry in canvas.teacher.get(page.links["next"]["url"]).json()] == ["Next"]
    assert len(canvas.teacher.get(EVENTS, params=asked | {"start_date": "2030-04-02"}).json()) == 1

    def titles(**more: Any) -> set[str]:
        rows = canvas.student.get(EVENTS, params={**asked, "per_page": 50, **more}).json()
        return {entry["title"] for entry in rows}

    assert titles(**{"submission_types[]": "online_upload"}) == set(), "it takes more than that"
    assert titles(**{"submission_types[]": "online_upload,online_text_entry"}) == {"Both"}
    assert titles(**{"submission_types[]": "none", "exclude_submission_types[]": "none"}) == {"Both"}


def test_times_of_sections_are_by_their_code(canvas: Site) -> None:
    """The event spans them; a new list replaces the old one."""
    sections = f"{API}/courses/1/sections"
    codes = [
        f"course_section_{canvas.admin.post(sections, data={'course_section[name]': name}).json()['id']}"
        for name in "AB"
    ]

    def times(*days: int) -> dict[str, dict[str, str]]:
        return {
            str(place): {
                "context_code": codes[place],
                "start_at": f"2030-03-{day:02}T10:00:00Z",
                "end_at": f"2030-03-{day:02}T11:00:00Z",
            }
            for place, day in enumerate(days)
        }

    made = canvas.teacher.post(EVENTS, json=event(child_event_data=times(4, 6))).json()
    path = f"{EVENTS}/{made['id']}"

    def shown() -> list[tuple[str, str, str]]:
        rows = canvas.teacher.get(path).json()["child_events"]
        return [(entry["context_code"], entry["start_at"][8:10], entry["end_at"][8:10]) for entry in rows]

    assert (made["start_at"][8:10], made["end_at"][8:10]) == ("04", "06")
    assert shown() == [(codes[0], "04", "04"), (codes[1], "06", "06")]
    canvas.teacher.put(path, json={"calendar_event": {"child_event_data": times(7)}})
    assert shown() == [(codes[0], "07", "07")]
    for wrong in ("course_1", "course_section_99999", ""):
        lines = {"0": times(7)["0"] | {"context_code": wrong}}
        answer = canvas.teacher.put(path, json={"calendar_event": {"child_event_data": lines}})
        assert (answer.status_code, "Invalid child event context" in answer.text) == (400, True)
    twice = canvas.teacher.put(path, json={"calendar_event": {"child_event_data": [*times(7).values()] * 2}})
    assert (twice.status_code, shown()) == (400, [(codes[0], "07", "07")])


def test_an_event_of_a_section_is_in_the_calendar_of_the_section_alone(canvas: Site) -> None:
    section = canvas.teacher.post(f"{API}/courses/1/sections", json={"course_section": {"name": "Late"}}).json()["id"]
    code = f"course_section_{section}"
    assert canvas.student.post(EVENTS, json=event(context_code=code)).status_code == 403
    refused = [canvas.teacher.post(EVENTS, json={"calendar_event": sent}).status_code for sent in ("x", {})]
    assert refused == [500, 404]
    made = canvas.teacher.post(EVENTS, json=event(context_code=code))
    assert (made.status_code, made.json()["title"]) == (201, "Lab (Late)")
    assert "effective_context_code" not in made.json()
    of_section = RANGE | {"context_codes[]": code}
    assert [shown["id"] for shown in canvas.teacher.get(EVENTS, params=of_section).json()] == [made.json()["id"]]
    assert canvas.teacher.get(EVENTS, params=RANGE).json() == []
    assert canvas.student.get(EVENTS, params=of_section).status_code == 403
    times = {"context_code": code, "start_at": "2030-03-04T12:00:00Z", "end_at": "2030-03-04T13:00:00Z"}
    whole = canvas.teacher.post(EVENTS, json=event(child_event_data=[times])).json()
    assert len(canvas.teacher.get(EVENTS, params=of_section).json()) == 1
    assert len(canvas.teacher.get(EVENTS, params=RANGE).json()) == 2
    # the event goes with the last of its section times
    assert canvas.teacher.delete(f"{EVENTS}/{whole['child_events'][0]['id']}").status_code == 200
    assert canvas.teacher.get(f"{EVENTS}/{whole['id']}").json()["workflow_state"] == "deleted"


def test_the_feed_of_a_teacher_shows_every_date_of_an_assignment(canvas: Site) -> None:
    canvas.lms.clock.freeze(datetime(2030, 3, 1, tzinfo=UTC))
    course = f"{API}/courses/1"
    section = canvas.teacher.post(f"{course}/sections", json={"course_section": {"name": "Late"}}).json()["id"]
    for published in (True, False):
        work = {"name": f"Essay {published}", "due_at": "2030-03-02T12:00:00Z", "published": published}
        number = canvas.teacher.post(f"{course}/assignments", json={"assignment": work}).json()["id"]
        override = {"course_section_id": section, "due_at": "2030-03-03T12:00:00Z"}
        made = canvas.teacher.post(f"{course}/assignments/{number}/overrides", json={"assignment_override": override})
        assert made.status_code == 201

    def days(api: httpx.Client) -> list[str]:
        feed = api.get(f"{API}/users/self/profile").json()["calendar"]["ics"]
        lines = api.get(feed).text.splitlines()
        return sorted(line[-16:-8] for line in lines if line.startswith("DTSTART") and "203003" in line)

    assert days(canvas.teacher) == ["20300302", "20300302", "20300303", "20300303"]
    assert days(canvas.student) == ["20300302"]
