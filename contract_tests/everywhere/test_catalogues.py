"""The catalogues of the real providers: each operation is served, or refused as not emulated."""

from __future__ import annotations

import json
import random
import re
from datetime import date
from functools import cache
from typing import Any

import pytest

from contract_tests.everywhere.asgi import Sent, send
from contract_tests.everywhere.existing import DemoWorld, credentials
from lms_emulator import Emulator
from lms_emulator.app import PROVIDERS, create_app, load_providers
from lms_emulator.core.coverage import coverage, examples, serves
from lms_emulator.server.gateway import Gateway

DAY = date(2026, 11, 26)
DRAWN = 150
ABSENT = ("unknown_path", "not_emulated")


@cache
def app(not_emulated: str = "refuse") -> Gateway:
    settings = {"emulator": {"not_emulated": not_emulated, "as_of": DAY.isoformat(), "journal_entries": 1}}
    return create_app("demo", settings=settings)


def ask(provider: str, method: str, path: str, app_: Gateway | None = None) -> tuple[int, bytes, Any]:
    headers = [(b"user-agent", b"contract-tests")]
    return send(app_ or app(), Sent(method, f"/{provider}{path}".encode(), b"", headers))


def operations(provider: str) -> list[Any]:
    """Every operation that is served, and some others, drawn anew as the catalogue grows."""
    rows = coverage(load_providers()[provider], DAY)
    rest = [row for row in rows if not row.served]
    drawn = random.Random(len(rows)).sample(rest, min(DRAWN, len(rest)))
    return [row for row in rows if row.served] + drawn


@pytest.mark.parametrize("provider", PROVIDERS)
def test_each_operation_is_served_or_declared_unserved(provider: str) -> None:
    catalogue = load_providers()[provider].catalogue
    assert catalogue is not None
    wrong = []
    for row in operations(provider):
        operation = next(o for o in catalogue.operations if o.path.removesuffix("[/]") == row.path)
        method = "GET" if row.method == "ANY" else row.method
        ended = []
        for path in examples(operation):
            status, body, entry = ask(provider, method, path)
            ended.append(entry.outcome)
            if entry.outcome == "not_emulated":
                problem = json.loads(body)
                assert (status, problem["status"], problem["title"]) == (501, 501, "Not emulated")
                assert problem["operation"]["path"]
                assert "CONTRIBUTING.md" in problem["ask"]
                headers = dict(entry.response_headers)
                assert headers[b"content-type"] == b"application/problem+json"
                assert headers[b"x-emulator-not-emulated"].decode().startswith(f"{method} ")
                assert entry.refusal["reason"] == "not_emulated"
        # the first example has a 1 everywhere, which a looser pattern may take for a part of an old course id
        unserved = set(ended[1:] or ended) <= {"not_emulated"}
        good = any(outcome not in ABSENT for outcome in ended) if row.served else unserved
        if not good:
            wrong.append((method, row.path, row.served, ended))
    assert wrong == []


THERE_IS_NONE = {
    "canvas": "the admin; the address; a push channel of the caller's; alert unknown; nickname unknown; the flag; "
    "the rubric; the file in this context; the file of that uuid; the folder in this context; the tool; the override; "
    "the key has a configuration; the late policy; the registration of the key; there are levels of mastery; the user; "
    "the feature exists; the New Quiz in the course",
    "openedx": "credit course or provider; linked account; exists; own account; username",
    "learningstudio": "Grade exists",
    "brightspace": "the grade value",
}
"""Objects that the demo world lacks, so that a 404 is right: each of them has tests of its own."""
SWITCHED_OFF = {
    "canvas": "Immersive Reader is set up; the account above all schools; the account has the feature; "
    "the course's setting; the feature of the school; the school signs in by; the site has the feature",
    "openedx": "ENABLE_MFE_CONFIG_API; OpenID Connect; identity verification; path: a site has this only if; "
    "path: the instructor dashboard",
}
"""What this site has not switched on, where the real one answers 404 as well."""
NOT_SENT = {
    "canvas": "the assignment in the course; the context of `calendar_event; the course; verifier is of a launch; "
    "the address is somebody's",
    "openedx": "invalid course key",
}
"""What the query or the body would name, and here is nothing."""


@pytest.mark.parametrize("most", [40, pytest.param(600, marks=pytest.mark.slow)])
@pytest.mark.parametrize("provider", PROVIDERS)
def test_whoever_may_do_everything_is_never_sent_away_without_a_word(provider: str, most: int) -> None:
    """With ids that exist and belong together: no path is unknown, and a 404 concerns something else."""
    catalogue, lms = load_providers()[provider].catalogue, Emulator.in_process("demo", as_of=DAY.isoformat())
    assert catalogue is not None
    assert lms.app is not None
    demo, wrong, met = DemoWorld(lms, provider), [], 0
    known = [(m, row.path) for row in catalogue.operations if row.exists_on(DAY) for m in row.methods]
    expected = "; ".join(reasons.get(provider, "") for reasons in (THERE_IS_NONE, SWITCHED_OFF, NOT_SENT)).split("; ")
    for method, template in random.Random(len(known)).sample(known, len(known)):
        path = demo.filled(template.removesuffix("[/]"))
        if demo.unknown:
            continue
        lms.reset()
        headers = {**credentials(lms, provider), "User-Agent": "contract-tests"}
        raw = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
        sent = Sent("GET" if method == "ANY" else method, f"/{provider}{path}".encode(), b"", raw)
        status, _, entry = send(lms.app, sent)
        assert entry is not None
        check = f"{entry.refusal['check']}: {entry.refusal['diagnosis']}" if entry.refusal else ""
        if (
            entry.outcome == "unknown_path"
            or (status >= 400 and not entry.refusal and not entry.defect)
            or (status == 404 and not check.startswith(tuple(value for value in expected if value)))
        ):
            wrong.append((method, path, status, entry.outcome, check))
        met += 1
        if met == most:
            break
    assert wrong == []
    assert met >= min(most, 30)


@pytest.mark.parametrize(
    ("provider", "method", "path"),
    [
        ("canvas", "GET", "/api/v1/courses/1/live_assessments"),
        ("canvas", "GET", "/api/v1/courses/1/live_assessments.json"),
        ("canvas", "POST", "/api/v1/courses/1/microsoft_sync/group"),
        ("brightspace", "GET", "/d2l/api/le/1.92/6606/grades/categories/"),
        ("openedx", "POST", "/api/course_home/v1/save_course_goal"),
        ("openedx", "GET", "/courses/course-v1:CET+GW_01+2021_2022_FA/wiki/1/edit/"),
        ("openedx", "GET", "/courses/edX/DemoX/Demo/courseware/chapter/section/"),
        ("openedx", "POST", "/courses/edX/DemoX/Demo/instructor/api/certificate_invalidation_view/"),
        ("openedx", "GET", "/api/ccx/v0/ccx/"),
        ("openedx", "GET", "/courses/course-v1:CET+GW_01+2021_2022_FA/wiki/"),  # not a page of that course's own
        ("learningstudio", "GET", "/ME/upcomingEvents.xml"),
        ("openlearning", "GET", "/v2.2/docs"),
    ],
)
def test_an_operation_that_is_not_emulated_is_a_501(provider: str, method: str, path: str) -> None:
    status, _, entry = ask(provider, method, path)
    assert (status, entry.outcome) == (501, "not_emulated")
    assert b"x-emulator-explain" in dict(entry.response_headers)


@pytest.mark.parametrize(
    ("provider", "method", "path", "words"),
    [
        ("canvas", "GET", "/api/v1/courses/1/quizes", "has `/api/v1/courses/1/quizzes`: the word is `quizzes`"),
        ("canvas", "PATCH", "/api/v1/announcements", "it takes GET"),
        ("brightspace", "GET", "/d2l/api/le/1.92/6606/grade/", "the word is `grades`"),
        ("openedx", "GET", "/api/enrolment/v1/enrollment", "the word is `enrollment`"),
        ("openlearning", "GET", "/v2.2/cources/", "has `/v2.2/courses/`: the word is `courses`"),
        ("openlearning", "GET", "/v2.2/lessons/", "which are not all"),
    ],
)
def test_an_operation_that_the_real_provider_lacks_is_an_unknown_path(
    provider: str, method: str, path: str, words: str
) -> None:
    status, _, entry = ask(provider, method, path)
    assert status in (401, 404, 405)
    assert entry.outcome in ("unknown_path", "refused")
    assert b"x-emulator-not-emulated" not in dict(entry.response_headers)
    if entry.outcome == "unknown_path":
        assert words in entry.refusal["diagnosis"]


def test_the_providers_own_404_by_setting() -> None:
    quiet = app("provider")
    path = "/api/v1/courses/1/live_assessments"
    status, body, entry = ask("canvas", "GET", path, quiet)
    assert status == 404
    assert b"Not emulated" not in body
    assert b"x-emulator-not-emulated" not in dict(entry.response_headers)
    assert entry.outcome == "not_emulated"
    assert "Canvas has GET /api/v1/courses/{course_id}/live_assessments" in entry.refusal["diagnosis"]


def test_a_removed_operation_is_absent() -> None:
    catalogue = load_providers()["brightspace"].catalogue
    assert catalogue is not None
    removed = next(operation for operation in catalogue.operations if operation.until)
    (path, *_) = examples(removed)
    assert not removed.exists_on(DAY)
    assert removed.exists_on(date(2021, 1, 1))
    _, _, entry = ask("brightspace", removed.methods[0], path)
    assert entry.outcome in ("unknown_path", "refused")


@pytest.mark.parametrize(
    ("provider", "path"),
    [
        ("openedx", "/api/mobile/v1/my_user_info"),
        ("openedx", "/admin/oauth2_provider/application/"),
        ("brightspace", "/d2l/api/le/1.92/6606/grades/7"),
        ("canvas", "/api/v1/users/self"),
    ],
)
def test_routes_with_parameters_serve_the_catalogues_literal_words(provider: str, path: str) -> None:
    _, _, entry = ask(provider, "GET", path)
    assert entry.outcome not in ABSENT


def test_a_missing_page_is_not_mistaken_for_a_course() -> None:
    status, _, entry = ask("openedx", "GET", "/courses/course-v1:CET+GW_01+2021_2022_FA/syllabus/")
    assert (status, entry.outcome) == (404, "refused")
    assert entry.refusal["diagnosis"] == "no course of this world has pages that its staff wrote"


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_catalogue_is_well_formed(provider: str) -> None:
    catalogue = load_providers()[provider].catalogue
    assert catalogue is not None
    for row in catalogue.operations:
        assert set(row.methods) <= {"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "ANY"}
        assert row.path.startswith("/")
        assert not row.source or re.match(
            r"https?://|[\w.-]+/[\w.-]+@[0-9a-f]{6,}:?|[\w.-]+/[\w.-]+ [\w/.-]+(?:, \w+)?$|PyPI [\w.-]+==", row.source
        ), row
        found = [catalogue.find("GET" if m == "ANY" else m, examples(row)[0]) for m in row.methods]
        assert all(found), row


def test_served_operations_are_not_reported_absent() -> None:
    for provider in load_providers().values():
        assert provider.catalogue is not None
        rows = coverage(provider, DAY)
        assert sum(row.served for row in rows) >= 20
        assert serves(provider, provider.catalogue.operations[0], "GET") in (True, False)


@pytest.mark.parametrize(
    ("provider", "path", "said"),
    [
        ("learningstudio", "/me/", "has `/me`, but not with a slash at its end"),
        ("learningstudio", "//me", "has `/me`, but not with doubled slashes"),
        ("ltiaas", "/api/idtoken/", "has `/api/idtoken`, but not with a slash at its end"),
        ("ltiaas", "/API/idtoken", "has `/api/idtoken`, but not with capital letters"),
        ("ltiaas", "/api/line-items", "has `/api/lineitems`: the word is `lineitems`"),
        ("ltiaas", "/nowhere/at/all", "LTIAAS has no such operation (reference of 2025)"),
        ("brightspace", "/lp/1.47/users/whoami", "has `/d2l/api/lp/1.47/users/whoami`: paths begin with /d2l/api"),
        ("brightspace", "/d2l/api/le/1.75/users/whoami", "the product is lp, with its own versions"),
        ("ltiaas", "/platforms", "has `/api/platforms`: paths begin with /api"),
        ("ltiaas", "/v1/api/platforms", "has `/api/platforms`: paths begin with /api"),
        ("ltiaas", "/api/v1/platforms", "has `/api/platforms`: paths begin with /api"),
        ("canvas", "/api/courses", "has `/api/v1/courses`: paths begin with /api/v1"),
        ("openedx", "/courses/v1/courses/", "has `/api/courses/v1/courses/`: paths begin with /api"),
        ("learningstudio", "/v1/me", "has `/me`: paths begin with neither /api nor a version"),
        ("brightspace", "//d2l/api/lp/1.47/users/whoami", "but not with doubled slashes"),
        ("canvas", "/api/v1/course/1", "has `/api/v1/courses/1`: the word is `courses`"),
        (
            "canvas",
            "/api/v1/courses/1/assignment/1",
            "has `/api/v1/courses/1/assignments/1`: the word is `assignments`",
        ),
        ("canvas", "/api/v1/courses/1/nothing/1", "Canvas has no such operation"),
        ("openedx", "/api/course/v1/courses/", "has `/api/courses/v1/courses/`: the word is `courses`"),
        ("brightspace", "/d2l/api/le/1.75/grades/6836", "`/d2l/api/le/1.75/6836/grades`: `6836` comes before `grades`"),
        ("canvas", "/api/v1/1/courses", "has `/api/v1/courses/1`: `courses` comes before `1`"),
        ("openlearning", "/v2.1/Users/me/", "has `/v2.1/users/me/`, but not with capital letters"),
    ],
)
def test_a_path_that_is_nearly_an_operation(provider: str, path: str, said: str) -> None:
    status, _, entry = ask(provider, "GET", path)
    assert (status, entry.outcome) == (404, "unknown_path")
    assert said in entry.refusal["diagnosis"]


def test_old_versions_are_refused_before_unserved_operations() -> None:
    for version, outcome in (("1.0", "refused"), ("v1.92", "refused"), ("1.92", "not_emulated")):
        assert ask("brightspace", "GET", f"/d2l/api/le/{version}/6606/quizzes/")[2].outcome == outcome
