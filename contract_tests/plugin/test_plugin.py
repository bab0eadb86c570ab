"""The pytest plugin, as a project that has installed the package sees it.

Most runs are inside this process, which spares them starting Python and importing everything.
"""

from __future__ import annotations

import importlib
import subprocess
import sys

import pytest

from lms_emulator.app import load_providers
from lms_emulator.client.emulator import Emulator

FLOW = """
import urllib.request, urllib.error, pytest

def get(url):
    try:
        with urllib.request.urlopen(url) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code
"""


@pytest.fixture(scope="module", autouse=True)
def _imported() -> None:
    """Import what a run imports: pytester forgets modules loaded later, and some cannot be imported twice."""
    load_providers()
    for name in ("cryptography.hazmat.primitives.asymmetric.rsa", "httpx", "jinja2", "jwt"):
        importlib.import_module(name)


def test_each_test_begins_with_a_pristine_world(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        def test_one(lms):
            lms.clock.advance(days=3)
            lms.settings["emulator.journal_entries"] = 5
            assert lms.clock.mode == "offset"

        def test_two(lms):
            assert lms.clock.mode == "real"
            assert lms.settings["emulator.journal_entries"] == 1000

        def test_same_emulator(lms, lms_emulator):
            assert lms is lms_emulator
            assert lms.url.startswith("http://127.0.0.1:")
        """
    )
    pytester.runpytest("-q").assert_outcomes(passed=3)


def test_a_test_that_loads_another_world_leaves_the_next_one_as_it_was(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        def test_one(lms):
            lms.load("empty")
            assert lms.dump()["name"] == "empty"

        def test_two(lms):
            assert lms.dump()["name"] == "demo"
            assert lms.openlearning.api_key
        """
    )
    pytester.runpytest("-q").assert_outcomes(passed=2)


def test_a_failing_test_reports_its_refused_requests(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        FLOW
        + """
def test_fails(lms):
    assert get(lms.openlearning.url + "/v2.1/users/me/institutions/?api_key=hush-hush") == 200

def test_passes(lms):
    assert get(lms.openlearning.url + "/v2.1/users/me/institutions/?api_key=other-key") == 401
"""
    )
    result = pytester.runpytest("-q")
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["*LMS requests*", "*refused*"])
    result.stdout.no_fnmatch_line("*api_key=other-key*")
    text = result.stdout.str().split("LMS requests", 1)[1]
    assert "hush-hush" not in text.split("short test summary")[0]


@pytest.mark.slow
def test_workers_do_not_see_each_other(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import pytest, time

        @pytest.mark.parametrize("number", range(6))
        def test_alone(lms, number):
            assert lms.requests.find() == []
            lms.clock.advance(days=number + 1)
            before = lms.clock.now
            time.sleep(0.05)
            assert (lms.clock.now - before).total_seconds() < 3600
        """
    )
    pytester.runpytest_subprocess("-q", "-n", "2").assert_outcomes(passed=6)


@pytest.mark.slow
def test_workers_on_one_running_emulator_do_not_see_each_other(pytester: pytest.Pytester) -> None:
    with Emulator.start() as emulator:
        pytester.makepyfile(
            """
            import pytest, time

            @pytest.mark.parametrize("number", range(6))
            def test_alone(lms, number):
                lms.clock.set(__import__("datetime").datetime(2030 + number, 1, 1))
                time.sleep(0.05)
                assert lms.clock.now.year == 2030 + number
            """
        )
        pytester.runpytest_subprocess("-q", "-n", "2", f"--lms-url={emulator.url}").assert_outcomes(passed=6)
        worlds = {row["name"] for row in emulator.call("GET", "/worlds")["worlds"]}
        assert worlds == {"default", "gw0", "gw1"}
        assert emulator.clock.mode == "real"


@pytest.mark.slow
def test_the_world_comes_from_the_option_the_variable_or_the_ini(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytester.makefile(".toml", small='name = "small"\n')
    pytester.makepyfile(
        """
        import os

        def test_world(lms):
            assert lms.info()["world"] == os.environ["EXPECTED"]
        """
    )
    pytester.makeini("[pytest]\nlms_world = small.toml\n")
    monkeypatch.setenv("EXPECTED", "small")
    pytester.runpytest_subprocess("-q").assert_outcomes(passed=1)
    monkeypatch.setenv("EXPECTED", "empty")
    pytester.runpytest_subprocess("-q", "--lms-world", "empty").assert_outcomes(passed=1)
    monkeypatch.setenv("LMS_EMULATOR_WORLD", "empty")
    pytester.runpytest_subprocess("-q").assert_outcomes(passed=1)


def test_settings_for_the_whole_session_outlive_resets(pytester: pytest.Pytester) -> None:
    pytester.makeconftest(
        """
        import pytest

        @pytest.fixture(scope="session")
        def lms_settings():
            return {"emulator": {"max_body_bytes": 77}}
        """
    )
    pytester.makepyfile(
        """
        def test_one(lms):
            assert lms.settings["emulator.max_body_bytes"] == 77

        def test_two(lms):
            assert lms.settings["emulator.max_body_bytes"] == 77
        """
    )
    pytester.runpytest("-q").assert_outcomes(passed=2)


def test_a_bad_world_is_reported_in_one_place(pytester: pytest.Pytester) -> None:
    pytester.makefile(".toml", bad="[clock]\nfreze = true\n")
    pytester.makepyfile("def test_it(lms): pass")
    result = pytester.runpytest("-q", "--lms-world", "bad.toml")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*bad.toml: clock.freze: unknown key; did you mean `freeze`?*"])


def test_an_unused_plugin_imports_nothing_of_the_emulator(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import sys

        def test_an_empty_request():
            heavy = {"lms_emulator", "starlette", "uvicorn", "httpx", "jwt"}
            assert not heavy & {module.split(".")[0] for module in sys.modules}
        """
    )
    pytester.runpytest_subprocess("-q", "-p", "no:hypothesispytest").assert_outcomes(passed=1)


def test_the_options_are_in_the_help() -> None:
    run = subprocess.run([sys.executable, "-m", "pytest", "--help"], capture_output=True, text=True, check=True)
    assert "--lms-world" in run.stdout
    assert "--lms-url" in run.stdout


STRICT = """
import urllib.error, urllib.request, pytest

def status(lms, query):
    call = urllib.request.Request(f"{lms.canvas.url}/api/v1/courses/1/assignments/2/gradeable_students?{query}")
    call.add_header("Authorization", f"Bearer {lms.canvas.access_tokens.teacher}")
    try:
        with urllib.request.urlopen(call) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        error.close()
        return error.code
"""


def test_strict_by_option_and_by_marker(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        STRICT
        + """
@pytest.mark.lms_strict
def test_marked(lms):
    assert status(lms, "sort=name") == 501

@pytest.mark.lms_strict(False)
def test_switched_off(lms):
    assert status(lms, "sort=name") == 200

def test_of_the_session(lms, request):
    wanted = 501 if request.config.getoption("lms_strict") else 200
    assert status(lms, "sort=name") == wanted
    assert status(lms, "per_page=1") == 200
"""
    )
    pytester.runpytest("-q", "--strict-markers").assert_outcomes(passed=3)
    pytester.runpytest("-q", "--lms-strict").assert_outcomes(passed=3)


def test_the_providers_as_of_a_day(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import pytest

        def test_of_the_session(lms):
            assert lms.as_of.isoformat() == "2024-05-06"
            assert lms.settings["canvas.rate_limit_status"] == 403

        @pytest.mark.lms_as_of("2026-02-01")
        def test_marked(lms):
            assert lms.settings["canvas.rate_limit_status"] == 429

        def test_after_it(lms):
            assert lms.as_of.isoformat() == "2024-05-06"
        """
    )
    pytester.makeini("[pytest]\nlms_as_of = 2024-05-06\n")
    pytester.runpytest("-q").assert_outcomes(passed=3)


def test_whatever_went_wrong_is_in_the_report(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        STRICT
        + """
def test_it(lms):
    status(lms, "sort=name")
    lms.faults.add(provider="canvas", status=503, times=1)
    status(lms, "")
    with pytest.raises(urllib.error.HTTPError) as raised:
        urllib.request.urlopen(f"{lms.openedx.url}/oauth2/access_token?x=1", data=b"")
    raised.value.close()
    assert False
"""
    )
    output = pytester.runpytest("-q").stdout.str()
    unread = "`sort` (query) was not read: Canvas documents it"
    assert f"warning    parameter_not_read: {unread}" in output
    assert "fault      A scripted failure acted on this request: f1: status 503" in output
    assert "defect     The real provider fails on this request too" in output
