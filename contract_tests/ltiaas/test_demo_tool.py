"""The demo tool without a browser: its command, its own pages, and what it does when the other sides fail."""

from __future__ import annotations

import html
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from contract_tests.lms_site import form
from contract_tests.ltiaas.support import Campus
from contract_tests.machine import signals_end_processes
from contract_tests.openedx.web import controls
from lms_emulator.demo_tool.lms import Person, same_person


def start(*arguments: str) -> tuple[subprocess.Popen[str], str]:
    process = subprocess.Popen(
        [sys.executable, "-m", "lms_emulator", "demo-tool", "--port", "0", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    return process, process.stdout.readline()


@signals_end_processes
def test_command_starts_and_stops(campus: Campus) -> None:
    process, line = start("--url", campus.rig.root)
    with process:
        assert line.startswith("lms-emulator demo-tool ready http://127.0.0.1:")
        page = httpx.get(line.split()[-1], verify=False)
        assert page.status_code == 200
        assert "Open this tool from your course" in page.text
        process.send_signal(signal.SIGTERM)
        assert process.wait(5) == 0
        assert process.stderr is not None
        assert process.stderr.read() == ""


@signals_end_processes
def test_command_with_addresses_of_its_own(campus: Campus) -> None:
    process, line = start("--ltiaas", campus.rig.url, "--api-key", campus.rig.key, "--lms", "x=http://127.0.0.1:9")
    with process:
        answer = httpx.get(f"{line.split()[-1]}/launch?ltik=x", verify=False)
        assert "This launch is over" in answer.text
        process.send_signal(signal.SIGINT)
        assert process.wait(5) == 0


@pytest.mark.parametrize(
    "arguments",
    [("--url", "http://127.0.0.1:9"), ("--ltiaas", "http://x"), ("--lms", "no-url"), ("--port", "many")],
)
def test_wrong_command_line_arguments(arguments: tuple[str, ...]) -> None:
    environment = {**os.environ, "LMS_EMULATOR_URL": "http://127.0.0.1:9"}
    done = subprocess.run(
        [sys.executable, "-m", "lms_emulator", "demo-tool", *arguments],
        capture_output=True,
        text=True,
        env=environment,
        timeout=30,
    )
    assert done.returncode == 2
    assert done.stderr.startswith("lms-emulator: ")
    assert done.stderr.count("\n") == 1


@pytest.fixture
def browser() -> Iterator[httpx.Client]:
    with httpx.Client(trust_env=False, verify=False) as client:
        yield client


def test_pages_without_a_launch(campus: Campus, browser: httpx.Client) -> None:
    for method, path, status, words in (
        ("GET", "/", 200, "Open this tool from your course"),
        ("GET", "/courses", 401, "Open this tool from your course"),
        ("POST", "/connect", 401, "Open this tool from your course"),
        ("POST", "/deep-linking", 401, "Open this tool from your course"),
        ("GET", "/connected?code=x", 400, "We do not know who is connecting"),
        ("GET", "/launch", 401, "This launch is over"),
        ("GET", "/deep-linking?ltik=x", 401, "This launch is over"),
    ):
        page = browser.request(method, campus.tool + path)
        assert (page.status_code, words in page.text) == (status, True), path


def test_ltik_does_not_stay_in_the_address(campus: Campus, browser: httpx.Client) -> None:
    ltik = canvas_ltik(campus)
    answer = browser.get(f"{campus.tool}/launch?ltik={ltik}")
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert "HttpOnly" in answer.headers["set-cookie"]
    assert "Ada Lovelace" in browser.get(f"{campus.tool}/").text
    for page in (browser.get(f"{campus.tool}/"), browser.get(f"{campus.tool}/courses")):
        assert campus.rig.key not in page.text
        assert ltik not in page.text


def test_a_launch_of_another_deployment_is_turned_away(campus: Campus, browser: httpx.Client) -> None:
    """LTIAAS takes it; the next launch is the tool's own again."""
    campus.rig.control("POST", "/canvas/lti/next-launch", {"wrong_deployment": True})
    answer = browser.get(f"{campus.tool}/launch?ltik={canvas_ltik(campus)}")
    assert (answer.status_code, "This tool is not set up here" in answer.text) == (403, True)
    assert browser.get(f"{campus.tool}/launch?ltik={canvas_ltik(campus)}").status_code == 303


def test_emulator_that_fails(campus: Campus, browser: httpx.Client) -> None:
    browser.get(f"{campus.tool}/launch?ltik={canvas_ltik(campus)}")
    assert browser.post(f"{campus.tool}/connect").headers["location"].startswith(campus.rig.url)
    fault = {"provider": "ltiaas", "path": "/api/oauth", "status": 503, "body": "down"}
    campus.rig.control("POST", "/faults", fault)
    answer = browser.get(f"{campus.tool}/connected?code=x")
    assert answer.status_code == 502
    assert "LTIAAS refused" in answer.text


def canvas_ltik(campus: Campus) -> str:
    from contract_tests.ltiaas.test_python_client import launch

    return launch(campus, "student", f"/courses/{campus.lms('canvas')['course_id']}/external_tools/5")


@pytest.mark.slow
def test_connect_at_open_edx(campus: Campus) -> None:
    """From the block into the tool, to the consent page and back; then as somebody else."""
    edx, site = campus.lms("openedx"), campus.url("openedx")
    with httpx.Client(trust_env=False, verify=False, follow_redirects=True) as visitor:

        def sign_in(person: dict[str, Any]) -> None:
            visitor.get(f"{site}/csrf/api/v1/token")
            said = {"email_or_username": person["username"], "password": person["password"]}
            answer = visitor.post(
                f"{site}/api/user/v2/account/login_session/",
                data=said,
                headers={"X-CSRFToken": visitor.cookies.get("csrftoken") or ""},
            )
            assert answer.status_code == 200, answer.text

        def consent(press: str = "allow") -> httpx.Response:
            page = visitor.post(f"{campus.tool}/connect")
            given = controls(page.text)
            given.pop("cancel" if press == "allow" else "allow")
            return visitor.post(str(page.url), data=given)

        sign_in(edx["learner"])
        frame = re.search(r'<iframe[^>]* src="([^"]+)"', visitor.get(f"{site}/xblock/{edx['lti_block']}").text)
        assert frame is not None
        action, fields = form(visitor.get(html.unescape(frame[1])).text)
        hello = visitor.post(action, data=fields)
        assert "Hello Ada" in hello.text
        assert "You did not allow access" in consent("cancel").text
        listed = consent()
        assert str(listed.url) == f"{campus.tool}/courses"
        assert edx["course_id"] in listed.text
        visitor.get(f"{site}/logout")
        sign_in(edx["staff"])
        other = consent()
        assert (other.status_code, "You connected as somebody else" in other.text) == (409, True)


def shown_for(family: str, user_id: str, **custom: Any) -> dict[str, Any]:
    return {
        "user": {"id": user_id, "email": "Ada@example.edu"},
        "platform": {"productFamilyCode": family},
        "launch": {"custom": custom},
    }


def test_same_person() -> None:
    ada = Person("7", "Ada", "ada@example.edu", "opaque")
    assert same_person(shown_for("canvas", "opaque"), ada)
    assert same_person(shown_for("canvas", "other"), ada)  # the ids of LTI 1.1 and 1.3 differ; the address is the same
    assert not same_person(shown_for("canvas", "other"), ada._replace(email="grace@example.edu"))
    assert same_person(shown_for("canvas", "other", canvas_user_id=7), ada)
    assert not same_person(shown_for("canvas", "opaque", canvas_user_id="8"), ada)
    assert same_person(shown_for("canvas", "x"), ada._replace(lti_user_id=""))
    assert not same_person(shown_for("canvas", "x"), ada._replace(lti_user_id="", email=""))
    assert same_person(shown_for("", "opaque-uuid"), ada)
    assert not same_person(shown_for("", "opaque-uuid", canvas_user_id="7"), ada._replace(email="grace@example.edu"))
    assert same_person(shown_for("desire2learn", "guid_7"), ada)
    assert not same_person(shown_for("desire2learn", "guid_17"), ada)
