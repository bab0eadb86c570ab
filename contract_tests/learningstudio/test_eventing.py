"""Subscriptions and events, with a subscriber that signs and verifies as Pearson's eventing library does."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from urllib.parse import parse_qsl

import httpx
import pytest

from contract_tests.learningstudio.client import cmac
from contract_tests.learningstudio.support import Send, refused, warnings
from lms_emulator.client.emulator import Emulator
from lms_emulator.providers.learningstudio.info import Info

CREATED = "pearson.ls.threads.response.created"
COMPLETED = "pearson.ls.assessment.studentexam.completed"


class Subscriber:
    """An application with a principal of its own."""

    def __init__(self, lms: Emulator, http: httpx.Client, info: Info) -> None:
        self.lms, self.http, self.info = lms, http, info

    def token(self, data: str, at: datetime | None = None, secret: str | None = None) -> str:
        stamp = (at or self.lms.clock.now).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        mac = cmac(secret or self.info.principal_secret, stamp + data).hex()
        return f"{self.info.principal_id}|{stamp}|{mac}"

    def call(self, method: str, path: str, token: str, **form: str) -> httpx.Response:
        url, data = f"{self.info.url}/v1{path}", form or None
        return self.http.request(method, url, headers={"Authorization": token}, data=data)

    def subscribe(self, token: str | None = None, **fields: str) -> httpx.Response:
        form = {name.replace("_", "-"): value for name, value in fields.items()}
        order = ("CLIENT", "CLIENT-STRING", "SYSTEM", "SUB-SYSTEM", "CALLBACK-URL", "TAGS", "MESSAGE-TYPE")
        signed = token or self.token("".join(form.get(name, "") for name in order))
        return self.call("POST", "/subscription", signed, **form)


@pytest.fixture
def subscriber(lms: Emulator, http: httpx.Client, info: Info) -> Subscriber:
    return Subscriber(lms, http, info)


def write(send: Send, info: Info, who: str = "student") -> None:
    topic = f"/courses/{info.course_id}/threadeddiscussions/{info.discussion_id}/topics/{info.topic_id}"
    body = {"response": {"title": "Grüße", "description": "<p>from here</p>"}}
    assert send(who, "POST", f"{topic}/responses", body).status_code == 201


def test_subscriptions(lms: Emulator, subscriber: Subscriber, info: Info) -> None:
    url = "https://app.example.edu/events"
    made = subscriber.subscribe(CALLBACK_URL=url, MESSAGE_TYPE=CREATED, TAGS=f"CourseId:{info.course_id}")
    assert made.status_code == 200
    subscription = made.json()["subscription"]
    assert (subscription["principal_id"], subscription["callback_url"]) == (info.principal_id, url)
    assert {tag["tag"]["type"]: tag["tag"]["value"] for tag in subscription["tags"]} == {
        "MessageType": CREATED,
        "CourseId": str(info.course_id),
    }
    path, everything = f"/subscription/{subscription['id']}", f"/subscriptions/principal/{info.principal_id}"
    assert subscriber.call("GET", path, subscriber.token(subscription["id"])).json() == {"subscription": subscription}
    listed = subscriber.call("GET", everything, subscriber.token(info.principal_id)).json()
    assert listed == {"subscriptions": [{"subscription": subscription}]}
    assert subscriber.call("DELETE", path, subscriber.token(subscription["id"])).status_code == 200
    refused(lms, subscriber.call("GET", path, subscriber.token(subscription["id"])), "not_found", 404)


def test_subscriptions_that_are_refused(lms: Emulator, subscriber: Subscriber) -> None:
    right = {"CALLBACK_URL": "https://app.example.edu/", "MESSAGE_TYPE": CREATED}
    signed = "https://app.example.edu/" + CREATED
    late = subscriber.lms.clock.now - timedelta(seconds=302)
    for token in ("a|b", "a||c", "a|b|c|d"):
        refused(lms, subscriber.subscribe(token=token, **right), "eventing_token", 401)
        diagnosis = lms.requests.last.refusal and lms.requests.last.refusal.diagnosis
        assert diagnosis == "a token has three parts between pipes: principal, timestamp, MAC"
    for token in ("a|b|c", subscriber.token(signed, secret="x" * 32), subscriber.token(signed, at=late)):
        refused(lms, subscriber.subscribe(token=token, **right), "eventing_token", 401)
    refused(lms, subscriber.subscribe(token=subscriber.token(signed + "x"), **right), "eventing_token", 401)
    lms.settings["learningstudio.eventing_window_seconds"] = 400
    assert subscriber.subscribe(token=subscriber.token(signed, at=late), **right).status_code == 200
    refused(lms, subscriber.subscribe(CALLBACK_URL="https://app.example.edu/"), "tags")
    refused(lms, subscriber.subscribe(CALLBACK_URL="ftp://a.example/", MESSAGE_TYPE=CREATED), "callback_url")
    refused(lms, subscriber.subscribe(TAGS="UserId", **right), "tags")
    assert subscriber.subscribe(SYSTEM="x", **right).status_code == 200
    assert warnings(lms) == ["no_such_events"]


@pytest.mark.parametrize(
    ("filters", "count"),
    [
        ({"MESSAGE_TYPE": CREATED}, 1),
        ({"MESSAGE_TYPE": COMPLETED}, 0),
        ({"CLIENT_STRING": "gbdemo"}, 1),
        ({"CLIENT_STRING": "gbother"}, 0),
        ({"TAGS": "CourseId:3433672,UserId:4433390"}, 1),
        ({"TAGS": "CourseId:3433672,UserId:4433391"}, 0),
        ({"MESSAGE_TYPE": CREATED, "SYSTEM": "any"}, 0),
    ],
)
def test_filters(
    lms: Emulator, subscriber: Subscriber, send: Send, info: Info, filters: dict[str, str], count: int
) -> None:
    assert subscriber.subscribe(CALLBACK_URL="https://app.example.edu/", **filters).status_code == 200
    write(send, info)
    assert len(lms.outbox.webhooks) == count


def test_a_completed_exam(lms: Emulator, subscriber: Subscriber, send: Send, info: Info) -> None:
    assert subscriber.subscribe(CALLBACK_URL="https://app.example.edu/", MESSAGE_TYPE=COMPLETED).status_code == 200
    attempt = f"/me/courses/{info.course_id}/exams/{info.practice_exam_id}/attempts/7301"
    token = {"Pearson-Exam-Token": "demo-exam-token"}
    assert send("other_student", "PUT", attempt, {"attempts": {"isCompleted": True}}, **token).status_code == 204
    assert warnings(lms) == ["event_not_delivered"], "nobody is there"
    (message,) = lms.outbox.webhooks
    event = message.data
    assert list(event) == ["eventId", "eventDate", "eventType", "object", "actor", "contexts"]
    thing = event["object"]
    assert (thing["examId"], thing["isComplete"], thing["isAutoGradingOn"]) == (info.practice_exam_id, True, True)
    assert event["actor"]["userName"] == info.other_student.username
    assert event["contexts"]["ep"]["clientString"] == "gbdemo"


@pytest.fixture
def receiver() -> Iterator[tuple[str, list[dict[str, str]]]]:
    """A subscriber's web server, and what it got."""
    got: list[dict[str, str]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            got.append(dict(parse_qsl(self.rfile.read(int(self.headers["Content-Length"])).decode())))
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing on stderr."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/events", got
    server.shutdown()
    server.server_close()


def test_a_delivery_is_signed(
    lms: Emulator, subscriber: Subscriber, send: Send, info: Info, receiver: tuple[str, list[dict[str, str]]]
) -> None:
    url, got = receiver
    assert subscriber.subscribe(CALLBACK_URL=url, MESSAGE_TYPE=CREATED).status_code == 200
    lms.load(lms.dump())  # the owner's world now names the address, so requests may go there
    write(send, info)
    assert warnings(lms) == []
    (delivery,) = got
    assert delivery["DELIVERY-ATTEMPT-ID"] == delivery["MESSAGE-ID"]
    assert delivery["PAYLOAD-CONTENT-TYPE"] == "application/json"
    principal, stamp, mac = delivery["AUTHORIZATION"].split("|")
    data = "".join(delivery[f] for f in ("MESSAGE-ID", "MESSAGE-TYPE", "PAYLOAD-CONTENT-TYPE", "PAYLOAD"))
    assert (principal, mac) == (info.principal_id, cmac(info.principal_secret, stamp + data).hex())
    event = json.loads(delivery["PAYLOAD"])
    assert (event["eventType"], event["object"]["title"]) == (CREATED, "Grüße")
    assert event["object"]["thread_id"] == info.discussion_id
    assert lms.outbox.webhooks[0].data == event
