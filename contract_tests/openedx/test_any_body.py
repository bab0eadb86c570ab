"""No input, however odd, makes the emulator itself fail: a 500 is the real server's own, and says so."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contract_tests.openedx.conftest import ADMIN, COURSE
from contract_tests.openedx.permission_matrix import LESSON, OPERATIONS
from contract_tests.replay.targets import InProcess
from lms_emulator.app import create_app

SETTINGS = {"openedx": {"enrollment_staff_rate": "", "course_list_staff_rate": ""}}
PATHS = sorted({operation.path.partition("?")[0] for operation in OPERATIONS})
# fmt: off
NAMES = (
    "course_details", "course_id", "user", "username", "email", "emails", "mode", "is_active",
    "force_enrollment", "cohort", "name", "bio", "country", "mode_slug", "mode_display_name", "currency",
    "min_price", "expiration_datetime", "expiration_datetime_is_explicit", "description", "sku",
    "enrollment_attributes", "identifiers", "courses", "action", "auto_enroll", "email_students", "cohorts",
    "is_cohorted", "assignment_type", "users", "language_proficiencies", "social_links", "year_of_birth",
    "level_of_education", "time_zone", "depth", "nav_depth", "return_type", "all_blocks", "requested_fields",
    "block_counts", "student_view_data", "page", "page_size", "cursor", "org", "mobile", "active_only",
    "search_term", "role", "lms_user_id", "states", "user_id", "include_expired", "course_ids", "course_keys",
    "view",
)
# fmt: on

scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=8),
    st.sampled_from(
        [COURSE, "ada", "audit", "enroll", "2031-01-01T00:00:00Z", "ada.lovelace@example.edu", "1", "true"]
    ),
)
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=3)
)
documents = st.one_of(st.dictionaries(st.sampled_from(NAMES), values, max_size=12), values)
queries = st.lists(st.tuples(st.sampled_from(NAMES), scalars.map(str)), max_size=4)
kinds = st.sampled_from(["application/json", "application/merge-patch+json", "application/x-www-form-urlencoded", ""])


@pytest.fixture(scope="module")
def site() -> Iterator[InProcess]:
    target = InProcess(create_app(settings=SETTINGS))
    yield target
    target.close()


@pytest.mark.parametrize("path", PATHS)
@settings(max_examples=max(10, settings.default.max_examples // 2))
@given(
    method=st.sampled_from(["GET", "POST", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"]),
    query=queries,
    document=documents,
    kind=kinds,
)
def test_the_emulator_itself_never_fails(
    site: InProcess, path: str, method: str, query: list[tuple[str, str]], document: Any, kind: str
) -> None:
    url = path.format(course=COURSE, lesson=LESSON) + ("?" + urlencode(query) if query else "")
    headers = [("Host", "openedx.localhost"), ("Authorization", f"Bearer {ADMIN}")]
    body = None
    if method not in ("GET", "HEAD"):
        headers.append(("Content-Type", kind))
        encode = urlencode if kind.endswith("urlencoded") and isinstance(document, dict) else json.dumps
        body = encode(document).encode()
    answer = site.send(method, url, headers, body)
    if answer.status == 500 and method != "HEAD":
        assert "There has been a 500 error on the" in answer.body, (url, body, answer.body[:300])
