"""Every list contains each item exactly once, whatever the page size, and paging backwards finds them all."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract_tests.openedx.conftest import COURSE
from contract_tests.replay.targets import InProcess, control
from lms_emulator.app import create_app

MANY = 23
BEGAN = datetime(2024, 1, 1, tzinfo=UTC)


def world(moments: list[int]) -> dict[str, Any]:
    """Learners enrolled at moments that may coincide, in as many courses with cohorts."""
    users = [{"username": f"u{n:02d}", "email": f"u{n:02d}@x.org", "password": "p", "id": 100 + n} for n in range(MANY)]
    staff = {"username": "staff", "email": "s@x.org", "password": "p", "id": 1, "is_staff": True}
    return {
        "settings": {"openedx": {"enrollment_staff_rate": "", "course_list_staff_rate": ""}},
        "openedx": {
            "edx_api_key": "key",
            "users": [staff, *users],
            "access_tokens": [{"token": "t", "user": "staff", "expires": "2099-01-01T00:00:00Z"}],
            "courses": [
                {"id": COURSE, "display_name": "One", "modes": [{"slug": "audit", "name": "Audit"}]},
                *({"id": f"course-v1:Many+C{n:02d}+R", "display_name": f"C{n}"} for n in range(MANY)),
            ],
            "enrollments": [
                {
                    "user": user["username"],
                    "course": COURSE,
                    "created": (BEGAN + timedelta(microseconds=moment)).isoformat(),
                }
                for user, moment in zip(users, moments, strict=True)
            ],
            "cohorts": [{"course": COURSE, "name": "All", "users": [user["username"] for user in users]}],
        },
    }


#: Path, where the items lie, what tells them apart, where the links lie.
LISTS: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "enrollments": ("/api/enrollment/v1/enrollments", lambda item: item["user"]),
    "grades": (f"/api/grades/v1/courses/{COURSE}/", lambda item: item["username"]),
    "gradebook": (f"/api/grades/v1/gradebook/{COURSE}/", lambda item: item["username"]),
    "courses": ("/api/courses/v1/courses/", lambda item: item["id"]),
    "course ids": ("/api/courses/v1/course_ids/?role=staff&username=staff", lambda item: item),
    "cohort": (f"/api/cohorts/v1/courses/{COURSE}/cohorts/1/users/", lambda item: item["username"]),
    "users": ("/api/user/v1/users/", lambda item: item["username"]),
}


@pytest.fixture(scope="module")
def site() -> Iterator[InProcess]:
    target = InProcess(create_app("empty"))
    yield target
    target.close()


def page(site: InProcess, url: str) -> tuple[list[Any], str | None, str | None]:
    path = url.split("openedx.localhost", 1)[-1]
    headers = [("Host", "openedx.localhost"), ("X-Edx-Api-Key", "key")]
    if "/users/" not in path or "cohort" in path:
        headers.append(("Authorization", "Bearer t"))
    answer = site.send("GET", path, headers, None)
    assert answer.status == 200, answer
    document = json.loads(answer.body)
    links = document.get("pagination", document)
    return document["results"], links["next"], links["previous"]


def walk(site: InProcess, url: str | None, *, back: bool = False) -> tuple[list[list[Any]], str]:
    """All pages from a URL on, and the URL of the last one."""
    pages, last = [], ""
    while url is not None:
        items, following, before = page(site, url)
        pages.append(items)
        last, url = url, before if back else following
        assert len(pages) < 100
    return pages, last


@given(
    name=st.sampled_from(sorted(LISTS)),
    size=st.integers(min_value=1, max_value=MANY + 3),
    moments=st.one_of(
        st.lists(st.integers(min_value=0, max_value=4), min_size=MANY, max_size=MANY),
        st.permutations(range(MANY)),
    ),
)
def test_each_item_once(site: InProcess, name: str, size: int, moments: list[int]) -> None:
    control(site, "PUT", "/world", world(moments))
    path, identity = LISTS[name]
    start = f"{path}{'&' if '?' in path else '?'}page_size={size}"
    pages, last = walk(site, start)
    shown = [identity(item) for items in pages for item in items]
    whole = [identity(item) for item in page(site, f"{path}{'&' if '?' in path else '?'}page_size=100")[0]]
    assert shown == whole
    assert len(shown) == len(set(shown)) >= MANY
    assert all(len(items) == size for items in pages[:-1])
    if name == "enrollments" and len(set(moments)) < MANY:
        return  # turning round among items of one moment skips some, on the real server too
    back, _ = walk(site, last, back=True)
    assert {identity(item) for items in back for item in items} == set(whole)
