"""A write that began before a reset, and whose body arrives after it, leaves nothing in the next test's world."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator

import pytest

from contract_tests.everywhere.late import late
from lms_emulator import Emulator
from lms_emulator.app import load_providers

PROVIDERS = sorted(load_providers())


@pytest.fixture(scope="module")
def running() -> Iterator[Emulator]:
    with Emulator.start() as lms:
        yield lms


def state(lms: Emulator) -> str:
    """A digest of all state of the world."""
    return hashlib.sha256(json.dumps(lms.dump(), sort_keys=True).encode()).hexdigest()


def _reset(lms: Emulator, kept: str) -> None:
    lms.reset()


def _restore(lms: Emulator, kept: str) -> None:
    lms.restore(kept)
    lms.requests.clear()  # a restore keeps the journal


@pytest.mark.parametrize("provider", PROVIDERS)
def test_without_a_reset_the_write_counts(running: Emulator, provider: str) -> None:
    running.reset()
    with late(running, provider) as write:
        before = state(running)
        answer = write.finish()
    assert answer.status < 300, answer
    assert state(running) != before
    assert running.requests.last.status == answer.status


@pytest.mark.parametrize("change", [_reset, _restore])
@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_late_write_leaves_nothing(running: Emulator, provider: str, change: Callable[[Emulator, str], None]) -> None:
    running.reset()
    kept = running.snapshot()
    with late(running, provider) as write:
        change(running, kept)
        before = state(running)
        answer = write.finish()
    assert answer.status == 503, answer
    assert "during this request" in json.loads(answer.body)["detail"]
    assert state(running) == before
    assert [*running.requests] == []
    outbox = running.call("GET", "/outbox")
    assert (outbox["emails"], outbox["webhooks"]) == ([], [])


SUITE = """
import pytest, threading
from contract_tests.everywhere.late import late
from contract_tests.everywhere.test_late_writes import PROVIDERS, state

digests, ended = {}, []

@pytest.fixture(autouse=True, scope="module")
def seed(lms_emulator, _lms_pristine):
    digests["seed"] = state(lms_emulator)

@pytest.mark.parametrize("provider", PROVIDERS, scope="class")
class TestPair:
    def test_a_leaves_a_request_in_flight(self, lms, provider):
        begun, go_on = threading.Event(), threading.Event()

        def work():
            with late(lms, provider) as write:
                begun.set()
                assert go_on.wait(10)
                ended.append(write.finish().status)

        thread = threading.Thread(target=work)
        thread.start()
        assert begun.wait(10)
        digests["left"] = thread, go_on

    def test_b_begins_with_a_pristine_world(self, lms, provider):
        thread, go_on = digests.pop("left")
        go_on.set()
        thread.join(10)
        assert ended.pop() == 503
        assert state(lms) == digests["seed"]
        assert lms.requests.find() == []
"""


def test_the_plugin_keeps_tests_apart(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(SUITE)
    pytester.runpytest("-q", "-p", "no:randomly").assert_outcomes(passed=2 * len(PROVIDERS))
