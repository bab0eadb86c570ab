"""Dates at the limits of the calendar, which the real Canvas does not support, are stored and break nothing."""

from __future__ import annotations

import pytest

from contract_tests.canvas.support import Site

_ENDS = ("0001-01-01T00:00:01Z", "9999-12-31T23:59:59Z")


@pytest.mark.parametrize("moment", _ENDS)
@pytest.mark.parametrize("zone", ["Pacific/Honolulu", "Pacific/Kiritimati"])
def test_a_date_at_an_end_of_the_calendar_is_shown_in_any_zone(canvas: Site, moment: str, zone: str) -> None:
    """Beyond it, where the zone's own time is, there is no date."""
    course, admin = "/api/v1/courses/1", canvas.admin
    admin.put("/api/v1/users/self", data={"user[time_zone]": zone})
    assert admin.put(course, data={"course[time_zone]": zone}).status_code == 200
    task = {"assignment[name]": "A", "assignment[due_at]": moment, "assignment[published]": "true"}
    assert admin.post(f"{course}/assignments", data=task).json()["due_at"] == moment
    quiz = {"quiz[title]": "Q", "quiz[due_at]": moment, "quiz[time_limit]": "9" * 18, "quiz[published]": "true"}
    assert admin.post(f"{course}/quizzes", data=quiz).json()["due_at"] == moment
    event = {"context_code": "course_1", "title": "E", "start_at": moment, "end_at": moment}
    for more in ({}, {"rrule": "FREQ=DAILY;INTERVAL=999999;COUNT=9"}, {"duplicate][count": "3"}):
        sent = {f"calendar_event[{name}]": value for name, value in (event | more).items()}
        assert admin.post("/api/v1/calendar_events", data=sent).status_code == 201
    for path in (f"{course}/assignments", f"{course}/quizzes", "/api/v1/planner/items", "/api/v1/users/self/todo"):
        assert admin.get(path).status_code == 200, path
    assert not canvas.lms.requests.find(outcome="crash")
