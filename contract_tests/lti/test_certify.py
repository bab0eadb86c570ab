"""`lms-emulator certify`: what published libraries and our own tool do, and the command itself."""

from __future__ import annotations

import json
import re
import threading
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from pathlib import Path
from time import sleep
from typing import Any
from urllib.parse import parse_qsl
from xml.etree import ElementTree

import pytest

from contract_tests import node
from contract_tests.chromium import CHROMIUM, IN_A_BROWSER
from contract_tests.lti.test_signed_misbehaviour import KEY, LTI_TAKES, SECRET, Memory, taken_by_lti
from contract_tests.lti.web_tools import DjangoApp, Pylti1p3App, free_port, ltijs, served
from lms_emulator.client.emulator import Emulator
from lms_emulator.command.certify.judge import Judge, Verdict, alike
from lms_emulator.command.certify.trials import programme
from lms_emulator.command.certify.visitors import Landing
from lms_emulator.command.main import main
from lms_emulator.demo_tool.config import from_emulator
from lms_emulator.demo_tool.serve import DemoToolServer
from lms_emulator.lti.seats import ToolAddresses

pytestmark = pytest.mark.slow

PLATFORMS = ("openedx", "canvas", "brightspace")
WITHOUT_STORAGE = {"cookies_blocked"}
LTIJS_TAKES = {"further_audience", "no_expiry", "no_nonce", "wrong_azp", "wrong_deployment", "wrong_nonce"}
"""What ltijs 5.9 takes."""
PYLTI1P3 = {"further_audience", "no_expiry", "posted_twice", "replayed_nonce", "replayed_token", "wrong_azp"}
"""What PyLTI1p3 2.0 takes though it has to refuse it (or should)."""


@pytest.fixture(scope="module")
def running() -> Iterator[Emulator]:
    with Emulator.start() as lms:
        yield lms


def judged(lms: Emulator, url: str, app: Any, *platforms: str, keys: str = "") -> list[Verdict]:
    judge = Judge(lms=lms, tool=ToolAddresses(f"{url}/login", f"{url}/launch", keys), browser="never")
    with lms.restored():
        if app is not None:
            app.places = {name: seat for name, (_, seat) in judge.seats(platforms).items()}
    return judge.run(platforms)


def amiss(verdicts: list[Verdict], *outcomes: str) -> set[str]:
    wanted = outcomes or ("failed", "warned")
    return {verdict.trial.name for verdict in verdicts if verdict.outcome in wanted}


def test_pylti1p3(running: Emulator) -> None:
    app = Pylti1p3App()
    with served(app) as url:
        verdicts = judged(running, url, app, *PLATFORMS)
    for platform in PLATFORMS:
        here = [verdict for verdict in verdicts if verdict.platform == platform]
        assert amiss(here) == PYLTI1P3 | WITHOUT_STORAGE
        assert "launch" in amiss(here, "passed")
    taken = next(verdict for verdict in verdicts if verdict.trial.name == "no_expiry")
    assert (taken.outcome, taken.did.split(" (")[0]) == ("failed", "took the launch")
    assert taken.should == "a tool must refuse it (OpenID Connect Core 1.0, 2)"
    assert len(running.dump()["canvas"]["tools"]) == len(Emulator.in_process().dump()["canvas"]["tools"])


def test_pylti1p3_under_django(running: Emulator) -> None:
    """As it is without views of one's own for errors, every refusal is a 500, which is a warning."""
    app = DjangoApp()
    with served(app) as url:
        verdicts = judged(running, url, app, "canvas")
    assert amiss(verdicts, "failed") == PYLTI1P3 - {"wrong_azp", "posted_twice"}
    refused = next(verdict for verdict in verdicts if verdict.trial.name == "expired")
    assert (refused.outcome, refused.did[:27]) == ("warned", "broke instead of refusing (")


@node.needs("ltijs@5.9.9")
def test_ltijs(running: Emulator) -> None:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    judge = Judge(lms=running, tool=ToolAddresses(f"{url}/login", f"{url}/launch", f"{url}/keys"), browser="never")
    with running.restored():
        places = {name: seat for name, (_, seat) in judge.seats(PLATFORMS).items()}
    with ltijs(port, places):
        verdicts = judge.run(PLATFORMS)
    assert amiss([verdict for verdict in verdicts if verdict.platform == PLATFORMS[0]]) == LTIJS_TAKES | WITHOUT_STORAGE
    for platform in PLATFORMS[1:]:
        there = [verdict for verdict in verdicts if verdict.platform == platform]
        assert amiss(there) == (LTIJS_TAKES | WITHOUT_STORAGE) - {"no_nonce"}, "it has had no nonce before"


@pytest.fixture(scope="module")
def demo_tool(running: Emulator) -> Iterator[None]:
    server = DemoToolServer(port=0)
    world = json.loads(json.dumps(running.dump(), default=str))
    for tenant in world["ltiaas"]["tenants"]:
        tenant.update(launch_url=f"{server.url}/launch", deep_linking_url=f"{server.url}/deep-linking")
    running.load(world)
    server.start(from_emulator(running.url))
    yield
    server.stop()
    running.load("demo")


@pytest.mark.usefixtures("demo_tool")
@pytest.mark.timeout(400)
def test_the_command_judges_the_demo_tool(running: Emulator, tmp_path: Path, capsys: Any) -> None:
    """Nothing fails; what it does not know of is the platform's storage."""
    login, launch = f"{running.url}/ltiaas/lti/login", f"{running.url}/ltiaas/lti/launch"
    asked = ["certify", "--url", running.url, "--login-url", login, "--launch-url", launch, "--expect", "Hello"]
    files = ["--junit", str(tmp_path / "lti.xml"), "--html", str(tmp_path / "lti.html")]
    assert main([*asked, *files, *(() if CHROMIUM else ("--browser", "never"))]) == 0
    output = capsys.readouterr()
    for platform in PLATFORMS:
        assert re.search(rf"{platform}: \d+ passed, 1 warned", output.out)
        assert re.search(rf"{platform} +cookies_blocked +warning", output.err)
    suites = ElementTree.parse(tmp_path / "lti.xml").getroot()
    assert [suite.get("name") for suite in suites] == list(PLATFORMS)
    assert {suite.get("failures") for suite in suites} == {"0"}
    for suite in suites:
        did = {case.get("name"): case.findtext("system-out") or "" for case in suite}
        for trial in programme().further:
            if trial.duty in ("must refuse", "should refuse"):
                assert re.search("The tool (refused the|was given no) launch", did[trial.name]), trial
    page = (tmp_path / "lti.html").read_text("utf-8")
    assert "a tool must refuse it (RFC 8725, 3.2)" in page
    if CHROMIUM:
        assert "(Chromium)" in page


@pytest.mark.usefixtures("demo_tool")
def test_the_command_judges_the_demo_tool_by_lti_1_1(running: Emulator, capsys: Any) -> None:
    asked = ["certify", "--url", running.url, "--launch-url", f"{running.ltiaas.url}/lti/launch", "--expect", "Hello"]
    asked += ["--consumer-key", running.ltiaas.consumer_key, "--secret", running.ltiaas.consumer_secret]
    before = len(running.dump()["canvas"]["tools"])
    assert main([*asked, "--browser", "never"]) == 0
    output = capsys.readouterr()
    for platform in PLATFORMS:
        assert f"{platform}: {len(programme(signed=True).names) - 1} passed, 1 warned" in output.out
        assert re.search(rf"{platform} +cookies_blocked +warning", output.err)
        assert re.search(rf"{platform} +wrong_signature +ok +refused the launch .*INVALID_OAUTH_SIGNATURE", output.err)
    assert len(running.dump()["canvas"]["tools"]) == before


class SignedApp:
    """PyPI `lti`, which keeps nothing in cookies, with a memory of nonces."""

    def __init__(self) -> None:
        self._takes = taken_by_lti(Memory())

    def __call__(self, environ: dict[str, Any], start: Any) -> list[bytes]:
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)).decode()
        fields = dict(parse_qsl(body, keep_blank_values=True))
        taken = self._takes(f"http://{environ['HTTP_HOST']}{environ['PATH_INFO']}", fields)
        start("200 OK" if taken else "401 Unauthorized", [("Content-Type", "text/html; charset=utf-8")])
        return [f"You are in, {fields.get('lis_person_name_full')}".encode() if taken else b"Refused"]


def test_a_library_of_lti_1_1(running: Emulator) -> None:
    with served(SignedApp()) as url:
        tool = ToolAddresses("", f"{url}/launch", consumer_key=KEY, secret=SECRET)
        verdicts = Judge(lms=running, tool=tool, browser="never").run(PLATFORMS)
    for platform in PLATFORMS:
        here = [verdict for verdict in verdicts if verdict.platform == platform]
        assert amiss(here) == LTI_TAKES
        assert {"launch", "launch_of_a_teacher", "long_names", "cookies_blocked"} <= amiss(here, "passed")


@IN_A_BROWSER[0]
@IN_A_BROWSER[1]
def test_chromium_launches_by_lti_1_1(running: Emulator) -> None:
    with served(SignedApp()) as url:
        tool = ToolAddresses("", f"{url}/launch", consumer_key=KEY, secret=SECRET)
        judge = Judge(lms=running, tool=tool, browser="always", only=["wrong_signature"], patience=60)
        verdicts = judge.run(PLATFORMS)
    assert [(verdict.trial.name, verdict.outcome) for verdict in verdicts] == [
        ("launch", "passed"), ("wrong_signature", "passed"),
    ] * len(PLATFORMS)  # fmt: skip
    assert {verdict.visitor for verdict in verdicts} == {"Chromium"}


def test_pages_that_greet_different_people_are_alike() -> None:
    def greeted(text: str, **claims: str) -> Landing:
        payload = urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
        return Landing(200, "http://tool.test/", text, ("http://tool.test/", {"id_token": f"h.{payload}.s"}))

    ada, grace = greeted("You are in. Ada Lovelace", name="Ada Lovelace"), greeted("You are in. Grace", name="Grace")
    assert alike(ada, grace)
    assert not alike(ada, greeted("Sorry, Grace, this did not work", name="Grace"))
    assert alike(ada, Landing(200, "", "You are in.", ("", {"id_token": "no token"})))
    signed = {"oauth_nonce": "n", "lis_person_name_full": "Grace Hopper"}
    assert alike(ada, Landing(200, "", "You are in. Grace Hopper", ("", signed)))


def test_the_command_prints_the_details_that_a_tool_needs(capsys: Any) -> None:
    asked = ["certify", "--login-url", "http://127.0.0.1:1/login", "--launch-url", "http://127.0.0.1:1/launch"]
    assert main([*asked, "--registrations", "--port", "0"]) == 0
    known = json.loads(capsys.readouterr().out)
    assert known["canvas"]["issuer"] == "https://canvas.instructure.com"
    assert known["brightspace"]["audience"] == "https://api.brightspace.com/auth/token"
    assert known["brightspace"]["keys_url"].startswith("http://127.0.0.1:")


def test_an_unreachable_tool_fails(capsys: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = ["certify", "--login-url", "http://127.0.0.1:1/login", "--launch-url", "http://127.0.0.1:1/launch"]
    assert main([*asked, "--port", "0", "--platform", "canvas", "--browser", "never"]) == 1
    err = capsys.readouterr().err
    assert "was given no launch" in err
    assert re.search(r"canvas +launch_of_a_teacher +skipped .*; nor for the trials that follow$", err, re.M)
    assert len(err.splitlines()) == 6, "the plain launch in two lines, all that follow it in one, and three policies"
    assert main([*asked, "--port", "0", "--platform", "canvas", "--browser", "never", "--trial", "expired"]) == 1
    assert len(capsys.readouterr().err.splitlines()) == 3, "the plain launch in two lines, and the trial"
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("CHROMIUM", raising=False)
    assert main([*asked, "--port", "0", "--platform", "canvas", "--trial", "expired"]) == 1
    assert capsys.readouterr().err.startswith("no Chromium with Playwright here: all trials run over plain HTTP")
    for wrong, err in {
        ("--platform", "moodle"): "moodle",
        ("--trial", "late"): "late",
        ("--launch-url", "tool/launch"): "tool/launch",
        ("--expect", "Hello ("): "--expect: missing )",
        ("--timeout", "0"): "--timeout: give seconds",
        ("--budget", "nan"): "--budget: give seconds",
        ("--junit", "/no/such/folder/lti.xml"): "--junit: there is no folder /no/such/folder",
        ("--consumer-key", "k"): "give the one or the other",
        ("--consumer-key", "k", "--login-url", ""): "a tool of LTI 1.1 has both",
        ("--login-url", ""): "give the one or the other",
        ("--login-url", "", "--consumer-key", "k", "--secret", "s", "--registrations"): "by its key and secret alone",
        ("--login-url", "", "--consumer-key", "k", "--secret", "s", "--trial", "alg_none"): "the trials are launch, ",
    }.items():
        assert main([*asked, *wrong]) == 2
        assert err in capsys.readouterr().err


@IN_A_BROWSER[0]
@IN_A_BROWSER[1]
def test_chromium_reports_an_unreachable_tool(running: Emulator) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    tool = ToolAddresses(f"{url}/login", f"{url}/launch")
    plain, expired = Judge(lms=running, tool=tool, browser="always", only=["expired"]).run(["canvas"])
    assert (plain.outcome, expired.outcome) == ("failed", "skipped")
    assert plain.did == f"was given no launch ({url}/login: no answer: net::ERR_CONNECTION_REFUSED)"


class ScriptedApp(Pylti1p3App):
    """Its page fetches its text by a script, and the answer takes longer than two looks at the page."""

    def __init__(self) -> None:
        super().__init__()
        self.hanging: threading.Event | None = None

    def __call__(self, environ: dict[str, Any], start: Any) -> list[bytes]:
        if environ["PATH_INFO"] == "/words":
            sleep(1.5)
            start("200 OK", [("Content-Type", "text/plain")])
            return [b"You are in"]
        if environ["PATH_INFO"] == "/launch" and self.hanging is not None:
            self.hanging.wait(60)
        return super().__call__(environ, start)

    def _page(self, launch: Any) -> str:
        script = "fetch('/words').then(one => one.text()).then(words => { document.body.textContent = words; })"
        return f"<title>Tool</title><body>waiting<script>{script}</script>"


@IN_A_BROWSER[0]
@IN_A_BROWSER[1]
def test_chromium_waits_for_text_that_a_page_fetches_and_reports_a_launch_without_answer(running: Emulator) -> None:
    app = ScriptedApp()
    with served(app) as url:
        tool = ToolAddresses(f"{url}/login", f"{url}/launch")
        judge = Judge(lms=running, tool=tool, browser="always", only=["posted_twice"], expect="You are in", patience=60)
        with running.restored():
            app.places = {name: seat for name, (_, seat) in judge.seats(["canvas"]).items()}
        plain, twice = judge.run(["canvas"])
        assert (plain.outcome, twice.outcome) == ("passed", "warned"), "a second launch is taken as well"
        app.hanging, judge.patience = threading.Event(), 12
        try:
            plain, _ = judge.run(["canvas"])
        finally:
            app.hanging.set()
    assert plain.did == f"did not answer the launch ({url}/launch: no answer in time)"


@IN_A_BROWSER[0]
@IN_A_BROWSER[1]
def test_chromium_is_not_stopped_by_a_script_without_end(running: Emulator) -> None:
    app = Pylti1p3App()
    app.page = "<title>Tool</title><p>You are in<script>setTimeout(() => { for (;;); }, 50)</script>"
    with served(app) as url:
        tool = ToolAddresses(f"{url}/login", f"{url}/launch")
        judge = Judge(lms=running, tool=tool, browser="always", only=["expired"], patience=20)
        with running.restored():
            app.places = {name: seat for name, (_, seat) in judge.seats(["canvas"]).items()}
        plain, expired = judge.run(["canvas"])
    assert (plain.outcome, expired.outcome) == ("failed", "skipped")
    assert plain.did == f"did not answer the launch ({url}/launch: a script of the page does not end)"


BROKEN = {
    "500 Oops": "boom",
    "302 /circle": "still redirects after",
    "302 http://[": "led to no address of the web",
    "302 javascript:alert(1)": "led to no address of the web",
    "200 endless": "has no end",
    "200 nothing": "200 at",
}
"""What a tool answers to everything, and the report about it."""


def test_broken_tools_fail_and_break_nothing(running: Emulator) -> None:
    def app(environ: dict[str, Any], start: Any) -> Any:
        environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        status, _, rest = answers.partition(" ")
        start(f"{status} X", [("Location", rest)] if status == "302" else [("Content-Type", "text/html")])
        return (b"boom" * 50_000 for _ in range(100 if rest == "endless" else 0 if rest == "nothing" else 1))

    with served(app) as url:
        for answers, said in BROKEN.items():
            tool = ToolAddresses(f"{url}/login", f"{url}/launch")
            judge = Judge(lms=running, tool=tool, browser="never", only=["expired", "cookies_blocked"])
            plain, expired, cookies = judge.run(["canvas"])
            assert (plain.outcome, expired.outcome) == ("failed", "skipped"), answers
            assert said in plain.did
            assert cookies.outcome == ("skipped" if "address" in said or "end" in said else "warned")


TEXT = "<script>alert(1) & \x00\x1b\ufffe ]]> \U0001f600"
"""What neither a page nor an XML file may hold as it is."""


class HangingApp(Pylti1p3App):
    """Accepts valid launches at once, and never answers others while `hanging` is not set."""

    def __init__(self) -> None:
        super().__init__()
        self.hanging = threading.Event()

    def __call__(self, environ: dict[str, Any], start: Any) -> list[bytes]:
        answer = super().__call__(environ, start)
        if environ["PATH_INFO"] == "/launch" and answer[0].startswith(b"<title>Refused"):
            self.hanging.wait()
        return answer


def test_a_tool_that_gives_no_answer_fails_where_a_refusal_is_a_warning(running: Emulator) -> None:
    for hangs, outcome in ((False, "warned"), (True, "failed")):
        app = HangingApp()
        if not hangs:
            app.hanging.set()
        with served(app) as url:
            tool = ToolAddresses(f"{url}/login", f"{url}/launch")
            judge = Judge(lms=running, tool=tool, browser="never", patience=5, only=["cookies_blocked"])
            with running.restored():
                app.places = {name: seat for name, (_, seat) in judge.seats(["canvas"]).items()}
            plain, cookies = judge.run(["canvas"])
            app.hanging.set()
        assert (plain.outcome, cookies.outcome) == ("passed", outcome), cookies


def test_a_hanging_tool_is_given_up(running: Emulator, tmp_path: Path, capsys: Any) -> None:
    """Nor are further trials begun once the time for all of them is over, at three platforms together."""
    app, xml = HangingApp(), tmp_path / "lti.xml"
    with served(app) as url:
        asked = ["certify", "--url", running.url, "--login-url", f"{url}/login", "--launch-url", f"{url}/launch"]
        asked += ["--browser", "never", "--junit", str(xml), "--html", str(tmp_path / "lti.html")]
        judge = Judge(lms=running, tool=ToolAddresses(f"{url}/login", f"{url}/launch"))
        with running.restored():
            app.places = {name: seat for name, (_, seat) in judge.seats(PLATFORMS).items()}
        try:
            assert main([*asked, "--platform", "canvas", "--trial", "expired"]) == 1
            (failure,) = ElementTree.parse(xml).getroot().iter("failure")
            assert (failure.get("message") or "").startswith("the tool did not answer the launch")
            assert "no answer in time" in (failure.get("message") or "")
            assert main([*asked, "--together", "--budget", "0.001"]) == 1
        finally:
            app.hanging.set()
    output = capsys.readouterr()
    assert re.search(r"canvas: 1 passed.*, \d+ cut", output.out)
    assert re.search(r"^ *159/159 \S+ +cookies_blocked +not tried", output.err, re.M)
    skipped = ElementTree.parse(xml).getroot().findall(".//skipped")
    assert {item.get("message") for item in skipped} == {"was not tried: the 0.001 seconds for all trials are over"}


def test_the_reports_hold_whatever_a_tool_says(running: Emulator, tmp_path: Path) -> None:
    """It asks for a name and a password, in words that are markup and more than XML can hold."""

    def app(environ: dict[str, Any], start: Any) -> Any:
        environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        start("401 X", [("Content-Type", "text/html; charset=utf-8"), ("WWW-Authenticate", "Basic")])
        return [TEXT.replace("<script>", "&lt;script>").encode()]

    xml, html = tmp_path / "lti.xml", tmp_path / "lti.html"
    with served(app) as url:
        asked = ["certify", "--url", running.url, "--login-url", f"{url}/login", "--launch-url", f"{url}/launch"]
        asked += ["--platform", "canvas", "--browser", "never", "--trial", "expired"]
        assert main([*asked, "--junit", str(xml), "--html", str(html)]) == 1
    failure = ElementTree.parse(xml).getroot().find(".//failure")
    assert failure is not None
    assert "401 at" in (failure.get("message") or "")
    assert "<script>alert(1) & \ufffd\ufffd\ufffd ]]> \U0001f600)" in (failure.get("message") or "")
    assert "<script>alert" not in html.read_text("utf-8")
    assert "&lt;script&gt;alert(1)" in html.read_text("utf-8")


def test_a_tool_over_https_and_one_without_a_cookie(running: Emulator) -> None:
    """The first speaks no TLS where the address says so; the second cannot know whose launch it is given."""
    app = Pylti1p3App()

    def without_cookies(environ: dict[str, Any], start: Any) -> Any:
        environ.pop("HTTP_COOKIE", None)
        return app(environ, start)

    with served(without_cookies) as url:
        verdicts = judged(running, url, app, "canvas")
        secure = judged(running, url.replace("http:", "https:"), None, "canvas")
    assert amiss(verdicts, "failed") == {"launch", "cookies_allowed", "cookies_lax"}
    assert "State not found" in verdicts[0].did
    assert amiss(secure, "failed") == {"launch"}
    assert "no answer" in secure[0].did
