"""Work for many people takes time in proportion to their number, not to its square."""

from __future__ import annotations

import time

import pytest

from contract_tests.canvas.support import Site

PEOPLE = range(10_000, 13_000)
COURSE = "/api/v1/courses/1"


@pytest.fixture
def crowd(canvas: Site) -> Site:
    """The demo world with 3,000 further students in its first course."""
    world = canvas.lms.dump()
    section = world["canvas"]
    row = next(
        enrollment
        for enrollment in section["enrollments"]
        if enrollment["course_id"] == 1 and enrollment["type"] == "StudentEnrollment"
    )
    person = next(user for user in section["users"] if user["id"] == row["user_id"])
    section["users"] += [{**person, "id": number, "uuid": f"u{number}", "lti_id": f"l{number}"} for number in PEOPLE]
    section["enrollments"] += [{**row, "id": number, "user_id": number} for number in PEOPLE]
    canvas.lms.load(world)
    return canvas


def test_grades_for_everybody(crowd: Site) -> None:
    grades = {str(number): {"posted_grade": number % 10} for number in PEOPLE}
    begun = time.process_time()
    job = crowd.teacher.post(f"{COURSE}/assignments/2/submissions/update_grades", json={"grade_data": grades}).json()
    done = crowd.teacher.get(f"/api/v1/progress/{job['id']}").json()
    assert time.process_time() - begun < 1
    assert done["workflow_state"] == "completed"
    assert crowd.teacher.get(f"{COURSE}/assignments/2/submissions/{PEOPLE[-1]}").json()["score"] == PEOPLE[-1] % 10


def test_groups_for_everybody(crowd: Site) -> None:
    made = crowd.teacher.post(f"{COURSE}/group_categories", data={"name": "Teams", "create_group_count": 2}).json()
    path = f"/api/v1/group_categories/{made['id']}"
    rows = "".join(f"{number},Team {number % 300}\n" for number in PEOPLE)
    begun = time.process_time()
    crowd.teacher.post(f"{path}/import", files={"attachment": ("g.csv", f"canvas_user_id,group_name\n{rows}")})
    crowd.teacher.post(f"{path}/assign_unassigned_members", data={"sync": "true"})
    assert time.process_time() - begun < 1
    groups = crowd.teacher.get(f"{path}/groups?per_page=100").json()
    assert len(groups) == 100
    assert groups[-1]["members_count"] == 10
