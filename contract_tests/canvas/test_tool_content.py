"""What tools export of a course when Canvas copies or exports it, and import into the copy.

A tool of our own answers on a free port; PyJWT reads what Canvas signed.
"""

from __future__ import annotations

import io
import json
import threading
import zipfile
from collections.abc import Callable, Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import jwt
import pytest

from contract_tests.canvas.support import Site

SOURCE, TARGET = 1, 3
KEY, SECRET = "quill", "quill-secret-of-32-characters-or-more"
Answer = tuple[int, Any]
"""A status and a body, or a redirect's address."""


class Quill:
    """A tool that keeps content of its own for each course. `answers` can be replaced to misbehave.

    Attributes: `heard`, each request with its path, claims and body.
    """

    def __init__(self) -> None:
        self.heard: list[tuple[str, dict[str, Any], str]] = []
        self.content: Any = {"note": "kept", "pages": [{"$canvas_assignment_id": 1, "name": "Page"}]}
        self.answers: dict[str, Callable[[int], Answer]] = {}
        self.tokens: list[str] = []
        tool = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                path = urlsplit(self.path).path
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
                tool.tokens.append(self.headers["Authorization"].removeprefix("Bearer "))
                tool.heard.append((path, dict(self.headers), body))
                status, sent = tool.answer(path)
                content = sent if isinstance(sent, bytes) else json.dumps(sent).encode()
                self.send_response(status)
                if 300 <= status < 400:
                    self.send_header("Location", sent)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            do_POST = do_GET

            def log_message(self, format: str, *args: object) -> None:
                """Nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def answer(self, path: str) -> Answer:
        times = sum(1 for asked, *_ in self.heard if asked == path)
        if path in self.answers:
            return self.answers[path](times)
        if path == "/export":
            return 200, {"status_url": f"{self.url}/exported", "fetch_url": f"{self.url}/fetch"}
        if path == "/import":
            return 201, {"status_url": f"{self.url}/imported"}
        return 200, self.content if path == "/fetch" else {"status": "completed"}

    @property
    def paths(self) -> list[str]:
        return [path for path, *_ in self.heard]

    def body(self, path: str) -> str:
        return next(body for asked, _, body in self.heard if asked == path)

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture
def quill() -> Iterator[Quill]:
    tool = Quill()
    yield tool
    tool.close()


def installed(site: Site, quill: Quill, **settings: Any) -> Site:
    """The site with the tool in the school's account."""
    world = json.loads(json.dumps(site.lms.dump(), default=str))
    urls = {"export_start_url": f"{quill.url}/export", "import_start_url": f"{quill.url}/import", **settings}
    world["canvas"]["tools"].append(
        {"id": 500, "account_id": 1, "name": "Quill", "consumer_key": KEY, "shared_secret": SECRET}
        | {"url": f"{quill.url}/launch", "custom": {"Course-Name": "$Context.title"}}
        | {"settings": {"content_migration": urls}}
    )
    site.lms.load(world)
    site.lms.settings["canvas.tool_content_retry_seconds"] = 0
    return site


def configured(site: Site, quill: Quill, meant: Any) -> None:
    """Give the tool this as `content_migration`, with the tool's own address for `{url}`."""
    world = json.loads(json.dumps(site.lms.dump(), default=str))
    tool = next(tool for tool in world["canvas"]["tools"] if tool["id"] == 500)
    tool["settings"] = {"content_migration": json.loads(json.dumps(meant).replace("{url}", quill.url))}
    site.lms.load(world)


def copied(site: Site, **more: Any) -> list[str]:
    """Copy a course; the warnings of the journal."""
    sent = {"migration_type": "course_copy_importer", "settings": {"source_course_id": SOURCE}, **more}
    answer = site.teacher.post(f"/api/v1/courses/{TARGET}/content_migrations", json=sent)
    assert answer.status_code == 200, answer.text
    return finished(site, f"/api/v1/courses/{TARGET}/content_migrations/{answer.json()['id']}")


def finished(site: Site, path: str) -> list[str]:
    assert site.teacher.get(path).json()["workflow_state"] in ("completed", "exported")
    return [warning.message for warning in site.lms.requests.last.warnings if warning.code == "tool_content_left_out"]


def test_a_course_copy_takes_the_tools_content_along(canvas: Site, quill: Quill) -> None:
    site = installed(canvas, quill)
    assert copied(site) == []
    assert quill.paths == ["/export", "/exported", "/fetch", "/import", "/imported"]
    for token in quill.tokens:
        assert jwt.get_unverified_header(token) == {"alg": "HS256", "kid": KEY, "typ": "JWT"}
        now = site.lms.clock.now.timestamp()
        claims = jwt.decode(token, SECRET, algorithms=["HS256"], options={"verify_exp": False})
        assert list(claims) == ["exp"]
        assert now <= claims["exp"] <= now + 31
    sent = dict(parse_qsl(quill.body("/export")))
    assert list(sent) == ["context_id", "tool_consumer_instance_guid", "custom_course_name"]
    assert sent["custom_course_name"] == site.teacher.get(f"/api/v1/courses/{SOURCE}").json()["name"]
    given = dict(parse_qsl(quill.body("/import")))
    assert given["custom_course_name"] == site.teacher.get(f"/api/v1/courses/{TARGET}").json()["name"]
    assert (given["data[note]"], given["data[pages][][name]"]) == ("kept", "Page")
    name = site.teacher.get(f"/api/v1/courses/{SOURCE}/assignments/1").json()["name"]
    copy = site.teacher.get(f"/api/v1/courses/{TARGET}/assignments/{given['data[pages][][$canvas_assignment_id]']}")
    assert copy.json()["name"] == name, "the id became that of the copy"
    kept = [webhook.data for webhook in site.lms.outbox.webhooks if webhook.kind == "content_migration"]
    assert [data["context_id"] for data in kept] == [sent["context_id"], given["context_id"]]


def test_json_and_a_selection_if_only_some_is_copied(canvas: Site, quill: Quill) -> None:
    site = installed(canvas, quill, export_format="json", import_format="json")
    assert copied(site, select={"assignments": [1]}) == []
    sent = json.loads(quill.body("/export"))
    assert "assignment_1" in sent["custom_exported_assets"]
    given = json.loads(quill.body("/import"))
    assert given["data"]["note"] == "kept"
    assert isinstance(given["data"]["pages"][0]["$canvas_assignment_id"], int)


def test_ids_without_a_copy(canvas: Site, quill: Quill) -> None:
    site = installed(canvas, quill, import_format="json")
    quill.content = {"$canvas_page_id": 999, "$canvas_nothing_id": 5, "x": [{"$canvas_learning_outcome_id": 1}]}
    copied(site)
    given = json.loads(quill.body("/import"))["data"]
    assert given["$canvas_page_id"] == "$OBJECT_NOT_FOUND"
    assert given["$canvas_nothing_id"] == 5, "no type of Canvas's"
    assert given["x"] == [{"$canvas_learning_outcome_id": "$OBJECT_NOT_FOUND"}]


def test_an_export_carries_it_to_the_course_that_imports_the_package(canvas: Site, quill: Quill) -> None:
    site = installed(canvas, quill, import_format="json")
    exports = f"/api/v1/courses/{SOURCE}/content_exports"
    made = site.teacher.post(exports, json={"export_type": "common_cartridge"}).json()
    assert finished(site, f"{exports}/{made['id']}") == []
    assert quill.paths == ["/export", "/exported", "/fetch"]
    url = site.teacher.get(f"{exports}/{made['id']}").json()["attachment"]["url"]
    with zipfile.ZipFile(io.BytesIO(site.teacher.get(url, follow_redirects=True).content)) as package:
        held = json.loads(package.read("external_content/lti_500.json"))
    assert held["note"] == "kept"
    assert held["pages"][0]["$canvas_assignment_id"].startswith("g"), "an id of packages"
    sent = {"migration_type": "canvas_cartridge_importer", "settings": {"content_export_id": made["id"]}}
    began = site.teacher.post(f"/api/v1/courses/{TARGET}/content_migrations", json=sent).json()
    assert finished(site, f"/api/v1/courses/{TARGET}/content_migrations/{began['id']}") == []
    assert quill.paths[3:] == ["/import", "/imported"]
    number = json.loads(quill.body("/import"))["data"]["pages"][0]["$canvas_assignment_id"]
    assert site.teacher.get(f"/api/v1/courses/{TARGET}/assignments/{number}").status_code == 200


@pytest.mark.parametrize(
    ("path", "answer", "message", "heard"),
    [
        ("/export", (404, {}), None, ["/export"]),
        ("/export", (200, {}), None, ["/export"]),
        ("/export", (500, {}), "answered 500 instead of 200 or 201", ["/export"]),
        ("/export", (200, {"status_url": "x"}), "needs both `status_url` and `fetch_url`", ["/export"]),
        ("/export", (200, b"<html>"), "gave no JSON", ["/export"]),
        ("/export", (200, []), "gave no JSON object", ["/export"]),
        ("/exported", (200, {"status": "failed", "message": "full"}), "it failed: full", ["/export", "/exported"]),
        ("/exported", (200, {"status": "running"}), "not complete when asked 6 times", ["/export", *["/exported"] * 6]),
        ("/exported", (500, b""), "not complete when asked 6 times", ["/export", *["/exported"] * 6]),
        ("/fetch", (403, b""), "answered 403 instead of 200", ["/export", "/exported", "/fetch"]),
        ("/import", (400, {}), "answered 400 instead of 200 or 201", ["/export", "/exported", "/fetch", "/import"]),
        ("/import", (200, {}), None, ["/export", "/exported", "/fetch", "/import"]),
        ("/imported", (200, {"status": "failed"}), "it failed", ["/export", "/exported", "/fetch", "/import"]),
    ],
)
def test_a_tool_that_fails_does_not_stop_the_copy(
    canvas: Site, quill: Quill, path: str, answer: Answer, message: str | None, heard: list[str]
) -> None:
    site = installed(canvas, quill)
    quill.answers[path] = lambda times: answer
    warnings = copied(site)
    assert quill.paths[: len(heard)] == heard
    assert len(quill.paths) - len(heard) == int(path == "/imported")
    assert len(warnings) == int(message is not None)
    assert message is None or message in warnings[0]


def test_a_tool_that_needs_time_is_asked_again(canvas: Site, quill: Quill) -> None:
    site = installed(canvas, quill)
    quill.answers["/exported"] = lambda times: (200, {"status": "completed" if times > 2 else "running"})
    assert copied(site) == []
    assert quill.paths.count("/exported") == 3
    assert quill.paths[-1] == "/imported"


def test_redirects_are_followed_twice_with_body_and_token(canvas: Site, quill: Quill) -> None:
    site = installed(canvas, quill)
    quill.answers["/moved/1"] = lambda times: (307, f"{quill.url}/moved/2")
    quill.answers["/moved/2"] = lambda times: (302, f"{quill.url}/fetch")
    started = {"status_url": f"{quill.url}/exported", "fetch_url": f"{quill.url}/moved/1"}
    quill.answers["/export"] = lambda times: (301, f"{quill.url}/begin")
    quill.answers["/begin"] = lambda times: (200, started)
    assert copied(site) == []
    assert quill.paths[:6] == ["/export", "/begin", "/exported", "/moved/1", "/moved/2", "/fetch"]
    assert quill.body("/begin") == quill.body("/export") != ""
    assert quill.tokens[0] == quill.tokens[1]
    assert quill.paths[-1] == "/imported"


@pytest.mark.parametrize(
    ("to", "text", "times"),
    [
        ("{url}/export", "it redirected 3 times", 3),
        ("", "redirects without a `Location`", 1),
        ("http://[", "which is not a URL", 1),
        ("/begin", "which has no host; Canvas forgets the port", 1),
    ],
)
def test_redirects_that_lead_nowhere(canvas: Site, quill: Quill, to: str, text: str, times: int) -> None:
    site = installed(canvas, quill)
    quill.answers["/export"] = lambda _: (302, to.format(url=quill.url))
    (warning,) = copied(site)
    assert text in warning
    assert quill.paths == ["/export"] * times


@pytest.mark.parametrize("named", [True, False])
def test_a_redirect_leads_only_to_hosts_that_the_world_names(canvas: Site, quill: Quill, named: bool) -> None:
    other = Quill()
    try:
        site = installed(canvas, quill, **({"icon_url": f"{other.url}/icon"} if named else {}))
        quill.answers["/fetch"] = lambda times: (302, f"{other.url}/fetch")
        warnings = copied(site)
        assert other.paths == (["/fetch"] if named else [])
        assert [quill.paths[-1], len(warnings)] == (["/imported", 0] if named else ["/fetch", 1])
        assert named or f"--allow-outgoing {urlsplit(other.url).netloc}" in warnings[0]
    finally:
        other.close()


@pytest.mark.slow
def test_a_request_that_times_out_is_made_three_times(canvas: Site, quill: Quill) -> None:
    site = installed(canvas, quill)
    site.lms.settings["emulator.lms_timeout_seconds"] = 0.5
    free, arrived = threading.Event(), threading.Semaphore(0)

    def held(times: int) -> Answer:
        arrived.release()
        free.wait(60)
        return 200, {}

    started = {"status_url": f"{quill.url}/exported", "fetch_url": f"{quill.url}/fetch"}
    try:
        quill.answers["/export"] = lambda times: held(times) if times == 1 else (200, started)
        assert copied(site) == []
        assert quill.paths[-1] == "/imported"
        quill.heard.clear()
        quill.answers["/export"] = held
        (warning,) = copied(site)
        assert "no answer from" in warning
        assert all(arrived.acquire(timeout=60) for _ in range(4)), "one of the first copy, three of the second"
        assert quill.paths == ["/export"] * 3
    finally:
        free.set()


def test_a_tool_of_one_course_is_found_in_the_other_by_its_domain_only(canvas: Site, quill: Quill) -> None:
    site = installed(canvas, quill)

    def put(**fields: Any) -> None:
        world = json.loads(json.dumps(site.lms.dump(), default=str))
        tool = next(tool for tool in world["canvas"]["tools"] if tool["id"] == 500)
        tool.update({"account_id": None, "course_id": SOURCE, **fields})
        site.lms.load(world)
        quill.heard.clear()

    put()
    assert "by the domain of the original (it has none)" in copied(site)[0]
    assert "/import" not in quill.paths
    put(domain="127.0.0.1")
    assert copied(site) == []
    assert quill.paths[-1] == "/imported"


def test_a_tool_says_so_in_its_xml(canvas: Site, quill: Quill) -> None:
    site = installed(canvas, quill, export_start_url=f"{quill.url}/unused")
    made = site.teacher.post(
        f"/api/v1/courses/{SOURCE}/external_tools",
        json={"name": "By XML", "consumer_key": KEY, "shared_secret": SECRET, "config_type": "by_xml"}
        | {"config_xml": XML.format(url=quill.url)},
    )
    assert made.status_code == 200, made.text
    quill.answers["/unused"] = lambda times: (200, {})
    copied(site)
    assert set(quill.paths) >= {"/unused", "/export", "/fetch"}
    assert dict(parse_qsl(quill.body("/export")))["custom_place"] == "shelf"


@pytest.mark.parametrize("meant", ["x", 5, None, [], ["export_start_url"], {}, {"export_start_url": "{url}/export"}])
def test_a_tool_without_both_addresses_is_not_asked(canvas: Site, quill: Quill, meant: Any) -> None:
    site = installed(canvas, quill)
    configured(site, quill, meant)
    assert copied(site) == []
    assert quill.paths == []


@pytest.mark.parametrize(
    ("settings", "message", "heard"),
    [
        ({"export_start_url": None}, "its `export_start_url` is null, which is not a URL", 0),
        ({"export_start_url": 5}, "its `export_start_url` is 5, which is not a URL", 0),
        ({"export_start_url": {"a": 1}}, "which is not a URL", 0),
        ({"export_start_url": " "}, "which is not a URL", 0),
        ({"export_start_url": "http://["}, "not the address of an HTTP site", 0),
        ({"export_start_url": "javascript:alert(1)"}, "not the address of an HTTP site", 0),
        ({"import_start_url": ["x"]}, "which is not a URL", 3),
        ({"custom_fields": "x"}, "its `custom_fields` are not an object", 0),
        ({"custom_fields": [1]}, "its `custom_fields` are not an object", 0),
        ({"export_format": 5, "import_format": ["json"], "custom_fields": None}, None, 5),
        ({"custom_fields": {"n": {"a": [1]}}}, None, 5),
    ],
    ids=str,
)
def test_settings_that_cannot_be_meant_stop_only_their_tool(
    canvas: Site, quill: Quill, settings: dict[str, Any], message: str | None, heard: int
) -> None:
    site = installed(canvas, quill, **settings)
    warnings = copied(site)
    assert len(warnings) == int(message is not None)
    assert message is None or message in warnings[0]
    assert quill.paths == ["/export", "/exported", "/fetch", "/import", "/imported"][:heard]
    assert not site.lms.requests.find(outcome="crash")


def test_an_address_without_a_scheme_is_http(canvas: Site, quill: Quill) -> None:
    site = installed(canvas, quill, export_start_url=quill.url.removeprefix("http:") + "/export")
    assert copied(site) == []
    assert quill.paths[-1] == "/imported"


def test_a_blueprint_takes_it_to_its_courses(canvas: Site, quill: Quill) -> None:
    """Whole at a course's first sync, what changed later on; the tools export once for all courses alike."""
    site = installed(canvas, quill, export_format="json", import_format="json")
    master, *others = (
        site.admin.post("/api/v1/accounts/1/courses", json={"course": {"name": name}}).json()["id"] for name in "abc"
    )
    tasks = f"/api/v1/courses/{master}/assignments"
    task = site.admin.post(tasks, json={"assignment": {"name": "Task"}}).json()["id"]
    quill.content = {"$canvas_assignment_id": task}
    assert site.admin.put(f"/api/v1/courses/{master}", json={"course": {"blueprint": True}}).status_code == 200
    template = f"/api/v1/courses/{master}/blueprint_templates/default"
    associated = site.admin.put(f"{template}/update_associations", json={"course_ids_to_add": others})
    assert associated.status_code == 200, associated.text

    def synced() -> list[dict[str, Any]]:
        quill.heard.clear()
        began = site.admin.post(f"{template}/migrations").json()
        state = site.admin.get(f"{template}/migrations/{began['id']}").json()["workflow_state"]
        assert state == "completed"
        return [json.loads(body) for path, _, body in quill.heard if path in ("/export", "/import")]

    export, *imports = synced()
    assert "custom_exported_assets" not in export
    assert len({data["context_id"] for data in imports}) == len(others)
    for number, given in zip(others, imports, strict=True):
        copy = given["data"]["$canvas_assignment_id"]
        assert site.admin.get(f"/api/v1/courses/{number}/assignments/{copy}").status_code == 200
    site.lms.clock.advance(timedelta(minutes=1))
    site.admin.put(f"{tasks}/{task}", json={"assignment": {"name": "Renamed"}})
    export, *imports = synced()
    group = site.admin.get(f"{tasks}/{task}").json()["assignment_group_id"]
    assert sorted(export["custom_exported_assets"]) == [f"assignment_{task}", f"assignment_group_{group}"]
    assert len(imports) == len(others)


def test_a_school_can_have_it_off(canvas: Site, quill: Quill) -> None:
    site = installed(canvas, quill)
    site.lms.settings["canvas.tool_content"] = False
    assert copied(site) == []
    assert quill.paths == []


XML = """<cartridge_basiclti_link xmlns="http://www.imsglobal.org/xsd/imslticc_v1p0"
 xmlns:blti="http://www.imsglobal.org/xsd/imsbasiclti_v1p0" xmlns:lticm="http://www.imsglobal.org/xsd/imslticm_v1p0">
 <blti:title>By XML</blti:title><blti:launch_url>{url}/launch</blti:launch_url>
 <blti:extensions platform="canvas.instructure.com"><lticm:options name="content_migration">
 <lticm:property name="export_start_url">{url}/export</lticm:property>
 <lticm:property name="import_start_url">{url}/import</lticm:property>
 <blti:custom><lticm:property name="place">shelf</lticm:property></blti:custom>
 </lticm:options></blti:extensions></cartridge_basiclti_link>"""
