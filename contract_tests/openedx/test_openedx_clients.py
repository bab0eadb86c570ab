"""`openedx-rest-api-client`, unmodified, and the events as `openedx-events` declares them.

Both run in a virtual environment of their own, built on first use; without a package index this is skipped.
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from contract_tests.openedx.conftest import ADMIN, COURSE, LEARNER, OTHER_LEARNER, Site
from contract_tests.openedx.web import Web
from contract_tests.oracles.launcher import HERE, CannotBuild, environment

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def interpreter() -> Path:
    try:
        return environment("openedx_clients")
    except CannotBuild as why:
        pytest.skip(f"no environment here: {why}")


def _run(interpreter: Path, script: str, *arguments: str, given: str = "") -> str:
    command = [str(interpreter), "-W", "ignore", str(HERE / "openedx_clients" / script), *arguments]
    done = subprocess.run(command, input=given, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("kind", ["bearer", "jwt"])
def test_every_call_of_the_client(site: Site, interpreter: Path, kind: str) -> None:
    own = site.lms.openedx.clients.client_credentials
    arguments = (site.lms.openedx.url, own.client_id, own.client_secret, COURSE, kind)
    found = json.loads(_run(interpreter, "calls.py", *arguments))
    assert COURSE in found["courses"]
    assert found["of an organisation"] == [COURSE]
    decisions = found["validation"]["validation_decisions"]
    assert decisions["email"] == ""
    assert "already" in decisions["username"]
    assert found["registered"]["success"] is True
    (result,) = found["enrolled"]["courses"][COURSE]["results"]
    assert result["after"]["allowed"] is True
    assert found["grades"] == ["ada", "charles"]
    assert found["grade"] == 0.93


def test_the_events_of_a_term(site: Site, web: Web, interpreter: Path) -> None:
    """What a class does from its registration to its certificates; every event fits its declaration."""
    world = site.lms.dump()
    (course,) = (item for item in world["openedx"]["courses"] if item["id"] == COURSE)
    course["grading_policy"] = [{"type": kind, "count": 1, "weight": 0.5} for kind in ("Homework", "Final Exam")]
    site.lms.load(world)
    new = {"username": "grace", "email": "grace@example.edu", "name": "Grace Hopper", "password": "Cobol1959x"}
    web.browser().post("/api/user/v2/account/registration/", {**new, "honor_code": "true"})
    teacher = web.browser(web.info.superuser)
    role = {"unique_student_identifier": "charles", "rolename": "staff", "action": "allow"}
    api = f"/courses/{COURSE}/instructor/api"
    assert teacher.post(f"{api}/modify_access", role).status_code == 200
    assert site.enroll(ADMIN, COURSE, user="charles", mode="verified").status == 200

    def mails() -> list[str]:
        names = [webhook.kind for webhook in site.lms.outbox.webhooks]
        return [name.removeprefix("org.openedx.learning.").removesuffix(".v1") for name in names]

    threads, comments = "/api/discussion/v1/threads/", "/api/discussion/v1/comments/"
    before = len(mails())
    thread = {"course_id": COURSE, "topic_id": "course", "type": "question", "title": "Why?", "raw_body": "b" * 2001}
    begun = json.loads(site.call("POST", threads, token=LEARNER, body=thread | {"following": True}).body)
    answer = {"thread_id": begun["id"], "raw_body": "Because"}
    said = json.loads(site.call("POST", comments, token=OTHER_LEARNER, body=answer).body)
    site.call("POST", comments, token=LEARNER, body=answer | {"parent_id": said["id"]})
    assert mails()[before:] == [
        "forum.thread.created",
        "forum.thread.response.created",
        "user.notification.requested",
        "forum.thread.response.comment.created",
        "user.notification.requested",
    ]
    data = site.lms.outbox.webhooks[before].data["thread"]
    assert (data["truncated"], len(data["body"]), data["options"]) == (True, 2000, {"followed": True})

    override = [
        {
            "user_id": site.lms.openedx.other_learner.id,
            "usage_id": f"block-v1:{COURSE.split(':')[1]}+type@sequential+block@{block}",
            "grade": {"earned_all_override": 1, "possible_all_override": 1}
            | {"earned_graded_override": 1, "possible_graded_override": 1},
        }
        for block in ("lesson1", "exam1")
    ]
    before = len(mails())
    path = f"/api/grades/v1/gradebook/{COURSE}/bulk-update"
    assert site.call("POST", path, token=ADMIN, body=override).status == 202
    assert mails()[before:] == 2 * ["course.persistent_grade_summary.changed", "course.passing.status.updated"]
    summary = site.lms.outbox.webhooks[before].data["grade"]
    assert (summary["percent_grade"], summary["letter_grade"]) == (1.0, "Pass")
    assert summary["passed_timestamp"] is not None
    assert site.lms.outbox.webhooks[-1].data["course_passing_status"]["is_passing"] is True
    before = len(mails())
    assert teacher.post(f"{api}/start_certificate_generation", {}).status_code == 200
    assert mails()[before:] == ["certificate.changed", "certificate.created"]
    events = [webhook.data for webhook in site.lms.outbox.webhooks]
    assert len({event["event_metadata"]["event_type"] for event in events}) >= 12
    assert _run(interpreter, "events.py", given=json.dumps(events)) == ""
