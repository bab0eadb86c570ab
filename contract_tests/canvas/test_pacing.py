"""Paces of Canvas's courses: when items fall due, the overrides that a published pace makes, and blackout dates."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest

from contract_tests.canvas.support import Site
from lms_emulator.providers.canvas.rules.pacing import Days, compressed, due_dates

API = "/api/v1"
COURSE = f"{API}/courses/1"
FRIDAY = date(2026, 11, 20)
HOLIDAYS = (date(2026, 11, 24), date(2026, 11, 25))


def paced(canvas: Site) -> list[int]:
    """Switch pacing on in a course with two assignments in a module; gives their items' ids.

    Of the school's features it is a hidden one, which the site admins decide about.
    """
    world: dict[str, Any] = json.loads(json.dumps(canvas.lms.dump(), default=str))
    made = dict.fromkeys(("created_at", "updated_at"), "2026-11-20T00:00:00Z")
    flag = {"id": 1, "context_type": "Account", "context_id": 1, "feature": "course_paces", "state": "on"}
    world["canvas"].setdefault("feature_flags", []).append(flag | made)
    canvas.lms.load(world)
    assert canvas.teacher.put(COURSE, data={"course[enable_course_paces]": "true"}).status_code == 200
    module = canvas.teacher.post(f"{COURSE}/modules", data={"module[name]": "First"}).json()["id"]
    found = []
    for name in ("One", "Two"):
        sent = {"assignment[name]": name, "assignment[published]": "true"}
        assignment = canvas.teacher.post(f"{COURSE}/assignments", data=sent).json()
        assert assignment["in_paced_course"] is True
        item = {"module_item[type]": "Assignment", "module_item[content_id]": assignment["id"]}
        found.append(canvas.teacher.post(f"{COURSE}/modules/{module}/items", data=item).json())
    return [entry["id"] for entry in found]


def sent(items: list[int], *durations: int) -> dict[str, Any]:
    rows = [{"module_item_id": item, "duration": number} for item, number in zip(items, durations, strict=True)]
    return {"course_pace_module_items_attributes": rows}


@pytest.mark.parametrize(
    ("days", "durations", "expected"),
    [
        (Days([]), [1, 1], ["2026-11-23", "2026-11-24"]),
        (Days([], exclude_weekends=False), [1, 1], ["2026-11-21", "2026-11-22"]),
        (Days([HOLIDAYS]), [1, 1], ["2026-11-23", "2026-11-26"]),
        (Days([(FRIDAY, FRIDAY)]), [0, 2], ["2026-11-23", "2026-11-25"]),
    ],
)
def test_days_that_do_not_count(days: Days, durations: list[int], expected: list[str]) -> None:
    assert [str(day) for day in due_dates(days, durations, FRIDAY)] == expected


@pytest.mark.parametrize("durations", [[10, 10], [3, 9, 1], [1, 1, 1, 1, 1, 1, 1, 1], [0, 20]])
def test_a_pace_is_compressed_to_its_end_date(durations: list[int]) -> None:
    days, end = Days([]), date(2026, 11, 27)
    found = compressed(days, durations, FRIDAY, end)
    assert due_dates(days, found, FRIDAY)[-1] <= end
    assert sum(found) < sum(durations)
    assert compressed(days, durations, FRIDAY, date(2027, 6, 1)) == durations, "there is room"


def test_publishing_gives_students_their_dates(canvas: Site) -> None:
    items = paced(canvas)
    new = canvas.teacher.get(f"{COURSE}/course_pacing/new").json()["course_pace"]
    assert (new["id"], [module["module_item_id"] for module in new["modules"][0]["items"]]) == (None, items)
    made = canvas.teacher.post(f"{COURSE}/course_pacing", json={"course_pace": sent(items, 1, 2)}).json()
    assert (made["progress"]["workflow_state"], made["course_pace"]["published_at"]) == ("queued", None)
    assert canvas.teacher.get(f"{API}/progress/{made['progress']['id']}").json()["workflow_state"] == "completed"
    path = f"{COURSE}/course_pacing/{made['course_pace']['id']}"
    assert canvas.teacher.get(path).json()["course_pace"]["workflow_state"] == "active"
    due = _due(canvas)
    assert None not in due
    assert len(set(due)) == 2
    assert due == sorted(due)
    assert canvas.teacher.put(path, json={"course_pace": sent(items, 0, 0)}).status_code == 200
    assert canvas.teacher.post(f"{path}/publish").json()["tag"] == "course_pace_publish"


def _due(canvas: Site) -> list[Any]:
    rows = canvas.student.get(f"{COURSE}/assignments", params={"per_page": 100}).json()
    return [row["due_at"] for row in rows if row["name"] in ("One", "Two")]


def test_compressing_dates_respects_the_end_date_and_stores_nothing(canvas: Site) -> None:
    items = paced(canvas)
    wanted = {"start_date": "2026-11-20", "end_date": "2026-11-27", **sent(items, 10, 10)}
    tried = canvas.teacher.post(f"{COURSE}/course_pacing/compress_dates", json={"course_pace": wanted})
    assert list(tried.json()) == [str(item) for item in items]
    assert max(tried.json().values()) <= "2026-11-27"
    wanted["end_date"] = "2026-11-01"
    refused = canvas.teacher.post(f"{COURSE}/course_pacing/compress_dates", json={"course_pace": wanted})
    assert refused.json() == {"success": False, "errors": "End date cannot be before start date"}
    assert canvas.diagnosis == (
        "`course_pace[end_date]` was sent as 2026-11-01, `course_pace[start_date]` was sent as 2026-11-20: "
        "End date cannot be before start date"
    )
    assert canvas.teacher.get(f"{COURSE}/course_pacing/new").json()["course_pace"]["id"] is None


def test_who_paces_and_where(canvas: Site) -> None:
    new, dates = f"{COURSE}/course_pacing/new", f"{COURSE}/blackout_dates"
    assert (canvas.teacher.get(new).status_code, canvas.reason) == (404, "switched_off")
    assert (canvas.teacher.get(dates).status_code, canvas.reason) == (404, "switched_off")
    items = paced(canvas)
    assert canvas.student.get(new).status_code == 403
    assert canvas.student.get(dates).status_code == 403
    both = {"course_section_id": 1, "user_id": 2, **sent(items, 1, 1)}
    refused = canvas.teacher.post(f"{COURSE}/course_pacing", json={"course_pace": both})
    assert refused.json()["errors"] == ["Only one of course_section_id and user_id can be given"]


def test_records_of_the_later_pacing_design_are_looked_up_first(canvas: Site) -> None:
    items = paced(canvas)
    pace = canvas.teacher.post(f"{COURSE}/course_pacing", json={"course_pace": sent(items, 1, 1)}).json()["course_pace"]
    rows = canvas.teacher.get(f"{COURSE}/enrollments", params={"type[]": "StudentEnrollment"}).json()
    known = {"sections": rows[0]["course_section_id"], "student_enrollments": rows[0]["id"]}
    there = [f"course_pacing/{pace['id']}", *(f"{place}/{number}/pace" for place, number in known.items())]
    for path in there:
        assert (canvas.teacher.delete(f"{COURSE}/{path}").status_code, canvas.reason) == (404, "switched_off")
    for path in ("course_pacing/9999999", "sections/9999999/pace", "student_enrollments/9999999/pace"):
        assert (canvas.teacher.delete(f"{COURSE}/{path}").status_code, canvas.reason) == (404, "not_found")
    assert canvas.student.delete(f"{COURSE}/course_pacing/{pace['id']}").status_code == 403


def test_blackout_dates(canvas: Site) -> None:
    paced(canvas)
    path = f"{COURSE}/blackout_dates"
    wanted = {"start_date": "2026-12-24", "end_date": "2026-12-26", "event_title": "Holidays"}
    made = canvas.teacher.post(path, json={"blackout_date": wanted}).json()["blackout_date"]
    assert canvas.teacher.get(f"{path}/{made['id']}").json()["blackout_date"]["event_title"] == "Holidays"
    early = canvas.teacher.put(f"{path}/{made['id']}", json={"blackout_date": {"end_date": "2026-12-01"}})
    assert (early.status_code, early.json()) == (422, ["End date can't be before start date"])
    assert canvas.diagnosis.startswith("`blackout_date[end_date]` was sent as 2026-12-01: End date can't be before")
    kept = [{"id": made["id"], "event_title": "Long holidays"}, {**wanted, "event_title": "New"}]
    found = canvas.teacher.put(path, json={"blackout_dates": kept}).json()
    assert [item["event_title"] for item in found] == ["Long holidays", "New"]
    assert canvas.teacher.delete(f"{path}/{found[1]['id']}").status_code == 204
    assert [item["id"] for item in canvas.teacher.get(path).json()] == [made["id"]]
    above = f"{API}/accounts/1/blackout_dates"
    assert canvas.admin.get(f"{above}/new").json()["blackout_date"]["context_type"] == "Account"
    assert canvas.admin.get(above).json() == []


def test_a_section_and_a_student_begin_with_the_next_wider_pace(canvas: Site) -> None:
    items = paced(canvas)
    new = f"{COURSE}/course_pacing/new"
    row = canvas.teacher.get(f"{COURSE}/enrollments", params={"type[]": "StudentEnrollment"}).json()[0]
    section, student = {"course_section_id": row["course_section_id"]}, {"enrollment_id": row["id"]}
    empty = canvas.teacher.get(new, params=section).json()["course_pace"]
    assert (empty["context_type"], empty["modules"][0]["items"][0]["duration"]) == ("Section", 0)
    wanted = sent(items, 1, 2)
    canvas.teacher.post(f"{COURSE}/course_pacing", json={"course_pace": wanted})
    copied = canvas.teacher.get(new, params=section).json()["course_pace"]
    assert (copied["id"], copied["workflow_state"], copied["root_account_id"]) == (None, "unpublished", 1)
    assert [module["duration"] for module in copied["modules"][0]["items"]] == [1, 2]
    wanted = {**section, **sent(items, 3, 4)}
    made = canvas.teacher.post(f"{COURSE}/course_pacing", json={"course_pace": wanted}).json()["course_pace"]
    assert canvas.teacher.get(new, params=section).json()["course_pace"]["id"] == made["id"]
    own = canvas.teacher.get(new, params=student).json()["course_pace"]
    assert (own["context_type"], own["context_id"], own["id"]) == ("Enrollment", row["user_id"], None)
    assert [module["duration"] for module in own["modules"][0]["items"]] == [3, 4]
    assert canvas.teacher.get(new, params={"enrollment_id": 999}).status_code == 404
    assert canvas.student.get(new, params=student).status_code == 403
