"""The platform's public events: which request causes which, what they hold, and how they reach a receiver."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from contract_tests.openedx.conftest import ADMIN, COURSE, INVITE, LEARNER, STAFF, Site
from contract_tests.openedx.web import Web
from lms_emulator.client.control import ControlError
from lms_emulator.client.emulator import Emulator
from lms_emulator.signing.webhooks import sign

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
CREATED = "org.openedx.learning.course.enrollment.created.v1"


def _told(lms: Emulator) -> list[str]:
    """The names of the events in the outbox, without what all of them share."""
    names = [message.kind for message in lms.outbox.webhooks]
    return [name.removeprefix("org.openedx.learning.").removesuffix(".v1") for name in names]


def test_enrolments(site: Site) -> None:
    assert site.enroll(LEARNER, INVITE).status == 200
    assert _told(site.lms) == ["course.enrollment.changed", "course.enrollment.created"]
    message = site.lms.outbox.webhooks[-1]
    learner = site.lms.openedx.learner
    assert message.data["event_metadata"] | {"id": "", "time": ""} == {
        "event_type": CREATED,
        "id": "",
        "minorversion": 0,
        "source": "openedx/lms/web",
        "sourcehost": "openedx.localhost",
        "time": "",
        "sourcelib": [10, 5, 0],
    }
    enrolment = message.data["enrollment"]
    assert enrolment["user"]["pii"]["username"] == learner.username
    assert (enrolment["course"]["course_key"], enrolment["mode"], enrolment["is_active"]) == (INVITE, "audit", True)

    site.lms.outbox.clear()
    assert site.enroll(LEARNER, INVITE).status == 200
    assert _told(site.lms) == []
    assert site.enroll(STAFF, INVITE, user=learner.username, is_active=False).status == 200
    assert _told(site.lms) == ["course.enrollment.changed", "course.unenrollment.completed"]
    assert site.enroll(None, INVITE).status == 401
    assert len(site.lms.outbox.webhooks) == 2


def test_cohorts_and_roles(site: Site, web: Web) -> None:
    cohorts = site.get(f"/api/cohorts/v1/courses/{COURSE}/cohorts/", ADMIN)
    name = site.lms.openedx.other_learner.username
    chosen = next(cohort for cohort in cohorts if not _holds(site, cohort["id"], name))
    path = f"/api/cohorts/v1/courses/{COURSE}/cohorts/{chosen['id']}/users/{name}"
    assert site.call("POST", path, token=ADMIN).status == 200
    (event,) = site.lms.outbox.webhooks
    assert _told(site.lms) == ["cohort_membership.changed"]
    assert event.data["cohort"]["name"] == chosen["name"]

    browser = web.browser(web.info.superuser)
    site.lms.outbox.clear()
    form = {"unique_student_identifier": name, "rolename": "staff"}
    for action in ("allow", "revoke"):
        url = f"/courses/{COURSE}/instructor/api/modify_access"
        assert browser.post(url, {**form, "action": action}).status_code == 200
    assert _told(site.lms) == ["user.course_access_role.added", "user.course_access_role.removed"]
    role = site.lms.outbox.webhooks[0].data["course_access_role_data"]
    assert (role["org_key"], role["course_key"], role["role"]) == ("CET", COURSE, "staff")


def _holds(site: Site, cohort: int, name: str) -> bool:
    members = site.get(f"/api/cohorts/v1/courses/{COURSE}/cohorts/{cohort}/users/", ADMIN)["results"]
    return name in [member["username"] for member in members]


def test_people(web: Web) -> None:
    web.browser(web.info.learner)
    assert _told(web.lms) == ["auth.session.login.completed"]
    wrong = {"email_or_username": web.info.learner.username, "password": "wrong"}
    browser = web.browser()
    browser.get("/csrf/api/v1/token")
    assert browser.post("/api/user/v2/account/login_session/", wrong).status_code == 400
    assert len(web.lms.outbox.webhooks) == 1
    new = {"username": "grace", "email": "grace@example.edu", "name": "Grace Hopper", "password": "Cobol1959x"}
    made = browser.post("/api/user/v2/account/registration/", {**new, "honor_code": "true"})
    assert made.status_code == 200, made.text
    assert _told(web.lms)[1:] == ["student.registration.completed"]
    assert web.lms.outbox.webhooks[-1].data["user"]["pii"]["email"] == "grace@example.edu"


def test_the_signature_is_that_of_the_specification() -> None:
    """The example that the reference libraries of Standard Webhooks are tested with."""
    signed = sign(SECRET, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    assert signed == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@pytest.mark.parametrize("secret", ["a plain secret", "whsec_abcd*efgh", "whsec_abc"])
def test_a_secret_that_is_not_in_base64_is_taken_as_it_is(secret: str) -> None:
    signature = base64.b64encode(hmac.new(secret.encode(), b"msg_1.1614265330.{}", hashlib.sha256).digest()).decode()
    assert sign(secret, "msg_1", 1614265330, b"{}") == f"v1,{signature}"


@pytest.fixture
def receiver() -> Iterator[tuple[str, list[tuple[Any, bytes]]]]:
    """A web server that receives events, and what it got."""
    got: list[tuple[Any, bytes]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            got.append((self.headers, self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing on stderr."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/events", got
    server.shutdown()
    server.server_close()


def test_a_delivery_is_signed(site: Site, receiver: tuple[str, list[tuple[Any, bytes]]]) -> None:
    url, got = receiver
    world = site.lms.dump()
    world["openedx"]["event_webhooks"] = [{"name": "mine", "url": url, "secret": SECRET, "events": [CREATED]}]
    site.lms.load(world)
    assert site.enroll(LEARNER, INVITE).status == 200
    assert site.lms.requests.last.warnings == []
    ((headers, body),) = got
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    key = base64.b64decode(SECRET.removeprefix("whsec_"))
    mac = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{mac}"
    (message,) = site.lms.outbox.webhooks
    assert json.loads(body) == message.data
    assert message.data["event_metadata"]["id"] == headers["webhook-id"]

    world["openedx"]["event_webhooks"][0]["url"] = "http://127.0.0.1:1/events"
    site.lms.load(world)
    assert site.enroll(LEARNER, INVITE).status == 200
    assert [warning.code for warning in site.lms.requests.last.warnings] == ["event_not_delivered"]


def test_an_event_that_does_not_exist_is_refused_in_a_world(lms: Emulator) -> None:
    world = lms.dump()
    world["openedx"]["event_webhooks"] = [{"name": "mine", "events": ["course.enrolled"]}]
    with pytest.raises(ControlError, match=r"event_webhooks\[0\]\.events: there is no event 'course\.enrolled'"):
        lms.load(world)
