"""LearningStudio with the demo world, pristine for each test."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from contract_tests.learningstudio.client import Client, Keys
from lms_emulator.client import Emulator
from lms_emulator.providers.learningstudio.info import Info


@pytest.fixture
def info(lms: Emulator) -> Info:
    return lms.learningstudio


@pytest.fixture(scope="module")
def http() -> Iterator[httpx.Client]:
    with httpx.Client(trust_env=False) as client:
        yield client


@pytest.fixture
def client(lms: Emulator, http: httpx.Client) -> Client:
    """An integrator whose clock agrees with the emulator's."""
    return client_of(lms, http)


def client_of(lms: Emulator, http: httpx.Client) -> Client:
    told = lms.learningstudio
    keys = Keys(
        application_id=told.application_id,
        application_name=told.application_name,
        consumer_key=told.consumer_key,
        shared_secret=told.shared_secret,
        client_string=told.client_string,
    )
    return Client(told.url, keys, http, now=lambda: lms.clock.now)
