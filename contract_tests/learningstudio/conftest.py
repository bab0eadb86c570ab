"""LearningStudio with the demo world, pristine for each test."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest

from contract_tests.learningstudio.client import Client, Keys
from contract_tests.learningstudio.support import Send
from lms_emulator.client.emulator import Emulator
from lms_emulator.providers.learningstudio.info import Info, Person


@pytest.fixture
def info(lms: Emulator) -> Info:
    return lms.learningstudio


@pytest.fixture
def client(lms: Emulator, http: httpx.Client) -> Client:
    """An integrator whose clock agrees with the emulator's."""
    return client_of(lms, http)


def client_of(lms: Emulator, http: httpx.Client) -> Client:
    info = lms.learningstudio
    keys = Keys(
        application_id=info.application_id,
        application_name=info.application_name,
        consumer_key=info.consumer_key,
        shared_secret=info.shared_secret,
        client_string=info.client_string,
    )
    return Client(info.url, keys, http, now=lambda: lms.clock.now)


@pytest.fixture
def send(client: Client, info: Info) -> Send:
    """Send as `student`, `other_student`, `teacher`, `teaching_assistant`, `administrator`, or `app` (OAuth 1.0a).

    Tokens are renewed in time.
    """
    tokens: dict[str, tuple[str, datetime]] = {}

    def request(who: str, method: str, path: str, body: Any = None, **headers: str) -> httpx.Response:
        content = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        if who == "app":
            return client.signed(method, path, content, headers)
        if who not in tokens or client.now() >= tokens[who][1]:
            person: Person = getattr(info, who)
            tokens[who] = client.token(person.username), client.now() + timedelta(minutes=50)
        return client.as_user(tokens[who][0], method, path, headers, content=content)

    return request
