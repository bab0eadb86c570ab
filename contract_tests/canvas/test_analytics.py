"""Analytics of a course, of a student in it, and of a department."""

from __future__ import annotations

import pytest

from contract_tests.canvas.grading import ADA, COURSE, emptied, grade, work
from contract_tests.canvas.support import Site

ANALYTICS = f"{COURSE}/analytics"
OF_ADA = f"{ANALYTICS}/users/{ADA}"
PAST, FUTURE = "2020-01-01T00:00:00Z", "2035-01-01T00:00:00Z"
OTHER, GRACE = 102, 103


@pytest.fixture
def studied(canvas: Site) -> Site:
    """Three assignments: one graded for both, one that nobody submitted in time, one in the future."""
    emptied(canvas.teacher)
    done = work(canvas.teacher, name="Done", points_possible=10)
    canvas.student.post(
        f"{COURSE}/assignments/{done['id']}/submissions",
        json={"submission": {"submission_type": "online_text_entry", "body": "x"}},
    ).raise_for_status()
    grade(canvas.teacher, done, 8)
    grade(canvas.teacher, done, 4, user=OTHER)
    work(canvas.teacher, name="Past", due_at=PAST)
    work(canvas.teacher, name="To come", due_at=FUTURE)
    return canvas


def test_how_work_in_a_course_was_done(studied: Site) -> None:
    past, to_come, done = studied.teacher.get(f"{ANALYTICS}/assignments").json()
    assert [past["title"], to_come["title"], done["title"]] == ["Past", "To come", "Done"], "by their dates"
    assert (done["min_score"], done["max_score"]) == (4.0, 8.0)
    assert (done["first_quartile"], done["median"], done["third_quartile"]) == (4.0, 6.0, 8.0)
    assert past["tardiness_breakdown"] == {"missing": 1.0, "late": 0.0, "on_time": 0.0, "floating": 0.0, "total": 2}
    assert done["tardiness_breakdown"]["on_time"] == 0.5
    assert to_come["max_score"] is None


def test_how_each_student_does(studied: Site) -> None:
    rows = studied.teacher.get(f"{ANALYTICS}/student_summaries").json()
    assert [row["id"] for row in rows] == [OTHER, ADA], "Babbage before Lovelace"
    assert rows[1]["tardiness_breakdown"] == {"missing": 1, "late": 0, "on_time": 1, "floating": 1, "total": 3}
    assert rows[0]["page_views"] == rows[0]["max_page_views"] == 0
    order = [("name_descending", [ADA, OTHER]), ("score", [OTHER, ADA]), ("score_descending", [ADA, OTHER])]
    for asked, wanted in order:
        rows = studied.teacher.get(f"{ANALYTICS}/student_summaries", params={"sort_column": asked}).json()
        assert [row["id"] for row in rows] == wanted
    only = studied.teacher.get(f"{ANALYTICS}/student_summaries", params={"student_id": ADA})
    assert [row["id"] for row in only.json()] == [ADA]
    page = studied.teacher.get(f"{ANALYTICS}/student_summaries", params={"per_page": 1})
    assert 'rel="next"' in page.headers["Link"]


def test_how_one_student_does(studied: Site) -> None:
    past, to_come, done = studied.teacher.get(f"{OF_ADA}/assignments").json()
    assert [item["status"] for item in (past, to_come, done)] == ["missing", "floating", "on_time"]
    assert done["submission"]["score"] == 8
    assert (done["min_score"], done["max_score"], done["module_ids"]) == (4, 8, [])
    assert studied.teacher.get(f"{OF_ADA}/activity").json() == {"page_views": {}, "participations": []}
    sent = {"recipients": [str(ADA)], "body": "Well done", "context_code": "course_1", "force_new": True}
    studied.teacher.post("/api/v1/conversations", json=sent).raise_for_status()
    ((day, counted),) = studied.teacher.get(f"{OF_ADA}/communication").json().items()
    assert (len(day), counted) == (10, {"instructorMessages": 1})


def test_department_analytics(studied: Site) -> None:
    path = "/api/v1/accounts/1/analytics/current"
    counted = studied.admin.get(f"{path}/statistics").json()
    assert (counted["teachers"], counted["students"]) >= (1, 2)
    assert counted["assignments"] >= 3
    grades = studied.admin.get(f"{path}/grades").json()
    assert (grades["80"], grades["40"], len(grades)) == (1, 1, 101)
    own, *_ = studied.admin.get(f"{path}/statistics_by_subaccount").json()["accounts"]
    assert own["id"] == 1
    assert own["courses"] <= counted["courses"]
    assert studied.admin.get(f"{path}/activity").json() == {"by_date": [], "by_category": []}
    over = studied.admin.get("/api/v1/accounts/1/analytics/completed/grades").json()
    assert over["80"] is None, "no course is over"
    assert studied.admin.get("/api/v1/accounts/1/analytics/terms/99/grades").status_code == 404


def test_who_sees_analytics(canvas: Site) -> None:
    for path in (f"{ANALYTICS}/assignments", f"{ANALYTICS}/student_summaries", f"{OF_ADA}/assignments"):
        assert canvas.student.get(path).status_code == 403
        assert canvas.admin.get(path).status_code == 200
    department = "/api/v1/accounts/1/analytics/current/statistics"
    assert canvas.teacher.get(department).status_code == 403
    assert canvas.teacher.get(f"{ANALYTICS}/users/{GRACE}/assignments").status_code == 404, "who is not a student"


def test_a_site_without_analytics_does_not_know_the_address(canvas: Site) -> None:
    canvas.lms.settings["canvas.analytics"] = False
    assert canvas.teacher.get(f"{ANALYTICS}/assignments").status_code == 404
    assert canvas.lms.requests.last.outcome == "unknown_path"
    canvas.lms.settings["canvas.analytics"] = True
    assert canvas.teacher.get(f"{ANALYTICS}/assignments").status_code == 200
