"""Shared by all contract tests: Hypothesis profiles, and pytest's own tester for the plugin."""

from __future__ import annotations

import functools
import gc
import os
import ssl
import sys
from collections.abc import Iterator
from typing import Any

import certifi
import httpx
import pytest
from hypothesis import HealthCheck, Phase, settings

from contract_tests.chromium import chromium, tab  # noqa: F401 - fixtures of tests in a browser
from contract_tests.contracts.plugin import (  # noqa: F401 - hooks and fixtures of the contracts
    bench,
    contract_targets,
    pytest_addoption,
    pytest_configure,
    pytest_generate_tests,
)
from lms_emulator.core import clock

pytest_plugins = ["pytester"]

# A starved machine draws slowly; that says nothing about a test.
UNTIMED: dict[str, Any] = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}
settings.register_profile("dev", max_examples=12, **UNTIMED)
settings.register_profile("ci", max_examples=200, **UNTIMED)
settings.register_profile("nightly", max_examples=5_000, **UNTIMED)
# A mutant is dead at the first failing example: nobody reads the smallest one, and every run must judge alike.
settings.register_profile(
    "mutation", max_examples=30, derandomize=True, database=None, phases=[Phase.explicit, Phase.generate], **UNTIMED
)
# Said in the environment, so that the contracts and the processes that tests start go by it as well.
settings.load_profile(os.environ.setdefault("HYPOTHESIS_PROFILE", "dev"))

# The tests start Python a few hundred times: whatever the habit here, what they and xdist's workers compile is kept.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# A starved machine searches slowly, too. Servers that tests start as processes keep the limit.
clock.DIAGNOSIS_SECONDS = 5.0

gc.set_threshold(50_000, 20, 100)

_make_context = ssl.create_default_context
_kept_context = functools.cache(_make_context)
_AUTHORITIES = (certifi.where(), os.environ.get("SSL_CERT_FILE"))


def _context(*args: Any, cafile: str | None = None, **options: Any) -> ssl.SSLContext:
    """httpx reads the public authorities for each client, also for `http://`, and that takes 20 ms."""
    if cafile in _AUTHORITIES and cafile is not None and not args and not options:
        return _kept_context(cafile=cafile)
    return _make_context(*args, cafile=cafile, **options)


ssl.create_default_context = _context


def pytest_collection_finish() -> None:
    """Keep what was imported out of the garbage collector's rounds, which took a quarter of the tests' time."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="module")
def http() -> Iterator[httpx.Client]:
    """A client that goes straight to the emulator, whatever proxies the machine has."""
    with httpx.Client(trust_env=False, timeout=30) as client:
        yield client
