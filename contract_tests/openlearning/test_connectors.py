"""Webhook connectors: making them, and what they send into the outbox and to an address."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import httpx
import pytest

from contract_tests.openlearning.site import BROWSER, Site
from lms_emulator import Emulator


def make(site: Site, **body: Any) -> httpx.Response:
    path = f"/institutions/{site.info.institution_id}/connector/"
    return site.call("PUT", path, json={"name": "Seen", "type": "webhook"} | body)


def visit(site: Site) -> None:
    """Sign a managed user on, into a class, and look at its page."""
    signed = site.launch_data(class_id=site.info.class_id)
    with httpx.Client(trust_env=False, headers=BROWSER, follow_redirects=True) as browser:
        assert browser.post(signed["url"], data=signed["params"]).status_code == 200


def test_making_a_connector(site: Site) -> None:
    made = make(site).json()["data"]
    assert (made["name"], made["type"]) == ("Seen", "webhook")
    assert make(site, name=" ").status_code == 400
    assert make(site, type="email").status_code == 400
    assert make(site, type="msautomate").status_code == 200
    path = f"/institutions/{site.info.institution_id}/connector/"
    assert (
        site.call("PUT", path, key=site.info.member_api_key, json={"name": "a", "type": "webhook"}).status_code == 403
    )


def test_a_visit_to_a_class_is_an_event(site: Site, lms: Emulator) -> None:
    visit(site)
    assert lms.outbox.webhooks == []
    make(site)
    visit(site)
    (message,) = lms.outbox.webhooks
    assert (message.kind, message.to, message.subject) == ("pageViewed", "", "Seen")
    event = message.data
    assert list(event) == ["action", "actor", "context", "timestamp", "page"]
    assert event["actor"]["id"] == site.info.managed_user.id
    assert event["actor"]["externalId"] == site.info.managed_user.external_institution_id
    assert event["context"]["classId"] == event["page"]["id"] == site.info.class_id
    assert "institutionEmail" in event["actor"]
    assert "userEmail" not in event["actor"], "nobody has agreed"


def test_completing_a_page_and_commenting_on_it_are_events(site: Site, lms: Emulator) -> None:
    make(site)
    signed = site.launch_data(class_id=site.info.class_id)
    with httpx.Client(trust_env=False, headers=BROWSER, follow_redirects=True) as browser:
        home = browser.post(signed["url"], data=signed["params"])
        complete, comments = re.findall(r'action="(\S+/(?:complete|comments)/\S*)"', home.text)
        done = browser.post(complete)
        assert 'id="completed"' in done.text
        browser.post(complete)  # again: not a second completion
        assert "<b>" not in browser.post(comments, data={"text": "a <b> bold word"}).text
        browser.post(comments, data={"text": " "})
        kinds = [message.kind for message in lms.outbox.webhooks]
        assert (kinds.count("pageCompleted"), kinds.count("pageCommented")) == (1, 1)
    stranger = httpx.post(complete, headers=BROWSER, trust_env=False)
    assert stranger.status_code == 403
    assert lms.requests.last.refusal.reason == "not_in_the_class"


@pytest.fixture
def receiver() -> Iterator[tuple[str, list[Any]]]:
    """A site that takes events, and what it got; it refuses those to `/broken`."""
    got: list[Any] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            got.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(500 if self.path == "/broken" else 200)
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing on stderr."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", got
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(("path", "codes"), [("/events", []), ("/broken", ["webhook_not_delivered"])])
def test_an_event_goes_to_an_address(
    site: Site, lms: Emulator, receiver: tuple[str, list[Any]], path: str, codes: list[str]
) -> None:
    url, got = receiver
    world = lms.dump()
    connector = {"id": "5f0000000000000000000c01", "institution": site.info.institution_id, "name": "There"}
    world["openlearning"]["connectors"] = [{**connector, "url": url + path}]
    lms.load(world)
    visit(site)
    (event,) = got
    assert event["action"] == "pageViewed"
    assert [message.data for message in lms.outbox.webhooks] == [event]
    assert [warning.code for warning in lms.requests.last.warnings] == codes
