"""A world file with courses: what is wrong with it is named, and what was done to it survives a dump."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from contract_tests.openedx.conftest import ADMIN, COURSE, LEARNER, OTHER, Site
from lms_emulator.app import create_app
from lms_emulator.client.emulator import Emulator
from lms_emulator.core.errors import WorldError
from lms_emulator.core.worlds.file import from_data

ADA = {"username": "ada", "email": "ada@x.org"}
WHEN = "2024-01-01T00:00:00Z"


@pytest.mark.parametrize(
    ("section", "problem"),
    [
        ({"courses": [{"id": "a+b+c", "display_name": "A"}]}, "openedx.courses[0].id: expected a course key"),
        (
            {"enrollments": [{"user": "bob", "course": COURSE, "created": WHEN}]},
            "openedx.enrollments[0].user: there is no user 'bob'",
        ),
        (
            {"users": [ADA], "grades": [{"user": "ada", "course": "x", "percent": 0.5}]},
            "openedx.grades[0].course: expected a course key",
        ),
        (
            {"cohorts": [{"course": COURSE, "name": "A", "users": ["bob"]}]},
            "openedx.cohorts[0].users: there is no user 'bob'",
        ),
        (
            {"courses": [{"id": COURSE, "display_name": "A", "modes": [{"slug": "m", "name": "M"}] * 2}]},
            "openedx.courses[0].modes: 'm' is there twice",
        ),
        (
            {
                "courses": [
                    {
                        "id": COURSE,
                        "display_name": "A",
                        "content": [{"type": "chapter", "block_id": "w", "display_name": "W"}] * 2,
                    }
                ]
            },
            "openedx.courses[0].content: 'chapter/w' is there twice",
        ),
    ],
)
def test_a_broken_world_is_named(section: dict[str, Any], problem: str) -> None:
    with pytest.raises(WorldError) as caught:
        from_data({"openedx": section}, create_app("empty").providers)
    assert any(line.startswith(problem) for line in caught.value.problems), caught.value.problems


def test_changes_survive_a_dump(site: Site) -> None:
    assert site.enroll(ADMIN, OTHER, user="stella", mode="honor").status == 200
    assert site.call("POST", f"/api/cohorts/v1/courses/{OTHER}/cohorts/", token=ADMIN, body=
                     {"name": "Red", "assignment_type": "manual"}).status == 200  # fmt: skip
    assert site.call("DELETE", f"/api/course_modes/v1/courses/{COURSE}/honor", token=ADMIN).status == 204
    paths = (
        "/api/enrollment/v1/enrollments",
        f"/api/cohorts/v1/courses/{OTHER}/cohorts/",
        f"/api/course_modes/v1/courses/{COURSE}/",
        f"/api/grades/v1/courses/{COURSE}/",
        f"/api/courses/v1/blocks/?course_id={COURSE.replace('+', '%2B')}&all_blocks=true&depth=all",
    )
    before = [site.get(path, ADMIN) for path in paths]
    site.lms.load(site.lms.dump())
    assert [site.get(path, ADMIN) for path in paths] == before


def test_worlds_do_not_see_each_other(site: Site, lms: Emulator) -> None:
    other = lms.new_world("elsewhere")
    try:
        assert site.enroll(ADMIN, OTHER, user="charles", mode="honor").status == 200
        import requests

        url = f"{other.openedx.base_urls['prefix']}/api/enrollment/v1/enrollment?user=charles"
        shown = requests.get(url, headers={"Authorization": f"Bearer {ADMIN}"}, timeout=10).json()
        assert [row["course_details"]["course_id"] for row in shown] == [COURSE]
        assert len(site.get("/api/enrollment/v1/enrollment?user=charles", ADMIN)) == 2
    finally:
        lms.delete_world("elsewhere")


def test_the_clock_closes_modes_and_courses(site: Site, lms: Emulator) -> None:
    lms.clock.set(datetime(2021, 12, 31, 23, 59, 59, tzinfo=UTC))
    lms.clock.freeze()
    modes = f"/api/enrollment/v1/course/{COURSE}"
    assert [mode["slug"] for mode in site.get(modes)["course_modes"]] == ["audit", "honor", "verified", "professional"]
    lms.clock.advance(seconds=1)
    assert [mode["slug"] for mode in site.get(modes)["course_modes"]] == ["audit", "honor", "verified"]
    assert len(site.get(f"{modes}?include_expired=1")["course_modes"]) == 4
    lms.clock.set(datetime(2021, 7, 31, 23, 59, 59, tzinfo=UTC))
    assert site.enroll(LEARNER, "course-v1:InviteX+Invite+T2025").status == 400
    lms.clock.advance(seconds=1)
    assert site.enroll(LEARNER, "course-v1:InviteX+Invite+T2025").status == 200


@pytest.mark.parametrize(
    ("page", "shown"),
    [("outline", {"c", "odd", "below", "s"}), ("navigation", {"c", "odd", "below", "s", "v"})],
)
def test_outlines_skip_levels(site: Site, page: str, shown: set[str]) -> None:
    """As in edx-platform's CourseBlockSerializer: a block of an unusual type for its place is shown like any other."""

    def block(kind: str, name: str, *children: dict[str, Any]) -> dict[str, Any]:
        return {"type": kind, "block_id": name, "display_name": name, "children": list(children)}

    world = site.lms.dump()
    course = next(item for item in world["openedx"]["courses"] if item["id"] == COURSE)
    unit = block("vertical", "v", block("problem", "p"))
    odd = block("self", "odd", block("html", "below"))
    course["content"] = [block("chapter", "c", odd), block("sequential", "s", unit)]
    site.lms.load(world)
    body = site.get(f"/api/course_home/v1/{page}/{COURSE}", LEARNER)
    blocks = body["blocks"] if page == "navigation" else body["course_blocks"]["blocks"]
    assert {key.rpartition("@")[2] for key in blocks} == {"course", *shown}
