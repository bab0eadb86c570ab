"""A value that a provider takes for something else than its sender meant leaves a warning; the usual one does not."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from contract_tests.everywhere.existing import credentials
from lms_emulator import Emulator

CASES = [
    ("canvas", "/api/v1/courses", "per_page", "ten", "10", "takes `ten` for `1`"),
    ("canvas", "/api/v1/courses", "per_page", "2 items", " 2 ", "takes `2 items` for `2`"),
    ("canvas", "/api/v1/courses/1/enrollments", "role_id[]", "3rd", "3", "takes `3rd` for `3`"),
    ("canvas", "/api/v1/courses/1/gradebook_history/feed", "page", "2x", "1", "takes `2x` for `2`"),
    ("openedx", "/api/courses/v1/courses/", "page_size", "all", "5", "takes `all` for `10`"),
    ("openedx", "/api/courses/v1/courses/", "page_size", "-1", "", "takes `-1` for `10`"),
    (
        "openedx",
        "/api/mobile/v4/users/{name}/course_enrollments/",
        "status",
        "done",
        "completed",
        "knows no `done` here",
    ),
    ("brightspace", "/d2l/api/le/1.75/6836/grades/501/values/", "bookmark", "two", "0", "takes `two` for `0`"),
    (
        "learningstudio",
        "/courses/3433672/gradebookItems/33333333-aaaa-4bbb-8ccc-000000000001/grades",
        "gradedStudents",
        "ada;4433391",
        "4433391",
        "knows no `ada` here",
    ),
    ("openlearning", "/api/courses/list", "type", "gratis", "free", "knows no `gratis` here"),
    ("learningstudio", "/courses/3433672/announcements", "excludeInactive", "yes", "true", "takes `yes` for `false`"),
]


@pytest.fixture(scope="module")
def lms() -> Iterator[Emulator]:
    with Emulator.start() as lms:
        yield lms


@pytest.mark.parametrize(("provider", "path", "name", "odd", "usual", "said"), CASES)
def test_it_is_warned_of(lms: Emulator, provider: str, path: str, name: str, odd: str, usual: str, said: str) -> None:
    for value, warned in ((odd, True), (usual, False)):
        address = f"{lms.url}/{provider}{path}".replace("{name}", lms.openedx.superuser.username)
        answer = httpx.get(address, params={name: value}, headers=credentials(lms, provider), trust_env=False)
        assert answer.status_code == 200, answer.text
        messages = [row.message for row in lms.requests.last.warnings if row.code == "value_read_otherwise"]
        assert len(messages) == warned, lms.requests.last.warnings
        assert all(said in message for message in messages), messages
