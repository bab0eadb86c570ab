"""The day whose providers are emulated: what changed at the real ones changes here."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from contextlib import closing
from datetime import date
from urllib.parse import urlsplit

import httpx
import pytest

from lms_emulator import ControlError, Emulator
from lms_emulator.app import load_providers
from lms_emulator.command.main import main
from lms_emulator.core.errors import UsageError, WorldError
from lms_emulator.core.worlds.file import from_data

OLD, NEW = "2022-06-01", "2026-02-01"


@pytest.fixture
def lms() -> Iterator[Emulator]:
    with Emulator.start() as lms:
        yield lms


def throttled(lms: Emulator) -> tuple[int, str]:
    lms.settings["canvas.rate_limit"] = "bucket"
    lms.settings["canvas.rate_limit_high_water"] = 1
    lms.settings["canvas.request_cost"] = 10
    headers = {"Authorization": f"Bearer {lms.canvas.access_tokens.student}"}
    with httpx.Client(headers=headers, trust_env=False) as client:
        for _ in range(3):
            answer = client.get(f"{lms.canvas.url}/api/v1/users/self")
    return answer.status_code, answer.text


def nameless(lms: Emulator) -> tuple[int, bytes]:
    """A request without User-Agent, which no library would send by itself."""
    parts = urlsplit(lms.canvas.url)
    headers = {"Authorization": f"Bearer {lms.canvas.access_tokens.student}"}
    with closing(http.client.HTTPConnection(parts.hostname or "", parts.port)) as connection:
        connection.request("GET", "/api/v1/users/self", headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.read()


def dead_refresh_token(lms: Emulator) -> tuple[int, str]:
    client = lms.canvas
    form = {
        "grant_type": "refresh_token",
        "client_id": client.client_id,
        "client_secret": client.client_secret,
        "refresh_token": "x",
    }
    answer = httpx.post(f"{lms.canvas.url}/login/oauth2/token", data=form, trust_env=False)
    return answer.status_code, answer.json()["error"]


def test_canvas_of_two_days(lms: Emulator) -> None:
    lms.as_of = OLD
    assert throttled(lms) == (403, "403 Forbidden (Rate Limit Exceeded)\n")
    lms.reset()
    lms.as_of = OLD
    assert dead_refresh_token(lms) == (400, "invalid_request")
    lms.reset()
    lms.as_of = OLD
    assert nameless(lms)[0] == 200
    lms.reset()
    lms.as_of = date.fromisoformat(NEW)
    assert throttled(lms) == (429, "429 Too Many Requests (Rate Limit Exceeded)\n")
    lms.reset()
    lms.as_of = date.fromisoformat(NEW)
    assert dead_refresh_token(lms) == (400, "invalid_grant")
    status, body = nameless(lms)
    assert (status, json.loads(body)["error"]) == (403, "Forbidden")
    assert lms.requests.last.refusal.reason == "user_agent_missing"


@pytest.mark.parametrize(("day", "status"), [("2026-01-16", 200), ("2026-01-17", 403)])
def test_the_day_itself(lms: Emulator, day: str, status: int) -> None:
    lms.as_of = day
    assert nameless(lms)[0] == status


def test_moving_the_clock_does_not_change_the_provider(lms: Emulator) -> None:
    today = lms.as_of
    assert today == lms.clock.now.date()
    lms.clock.advance(days=-1000)
    assert lms.as_of == today
    assert lms.settings["canvas.require_user_agent"] is True
    assert lms.settings["canvas.rate_limit_status"] == 429
    lms.settings["emulator.as_of"] = "clock"
    assert lms.as_of == lms.clock.now.date()
    assert lms.settings["canvas.rate_limit_status"] == 403
    lms.clock.advance(days=1000)
    assert lms.settings["canvas.rate_limit_status"] == 429
    lms.as_of = None
    assert lms.as_of == today


def test_a_world_begins_on_the_day_of_its_clock(lms: Emulator) -> None:
    lms.load({"name": "old", "clock": {"set": "2022-03-01T09:00:00Z", "freeze": True}})
    assert lms.as_of == date(2022, 3, 1)
    assert lms.settings["canvas.dead_refresh_token_error"] == "invalid_request"
    lms.clock.advance(days=3000)
    kept = lms.snapshot()
    dumped = lms.dump()
    lms.load("demo")
    assert lms.as_of != date(2022, 3, 1)
    lms.restore(kept)
    assert lms.as_of == date(2022, 3, 1)
    lms.load(dumped)
    assert lms.as_of == date(2022, 3, 1)
    assert lms.dump() == dumped


def test_explicit_settings_do_not_change_with_the_day(lms: Emulator) -> None:
    lms.settings["canvas.rate_limit_status"] = 429
    lms.as_of = OLD
    assert lms.settings["canvas.rate_limit_status"] == 429
    assert lms.settings["canvas.require_user_agent"] is False
    lms.reset()
    assert lms.settings["canvas.rate_limit_status"] == 429


def test_where_as_of_can_be_set() -> None:
    with Emulator.in_process(as_of=OLD) as lms:
        assert lms.as_of == date.fromisoformat(OLD)
        lms.reset()
        assert lms.as_of == date.fromisoformat(OLD)
    with Emulator.in_process(settings={"emulator": {"as_of": OLD}}) as lms:
        assert lms.info()["as_of"] == OLD
    seed = from_data({"settings": {"emulator": {"as_of": date(2022, 6, 1)}}}, load_providers())
    assert seed.settings["emulator"]["as_of"] == date(2022, 6, 1)


@pytest.mark.parametrize("day", ["2025-13-01", "yesterday", "20250901x"])
def test_invalid_days_are_refused(lms: Emulator, day: str) -> None:
    with pytest.raises(ControlError, match="expected a day such as"):
        lms.as_of = day
    with pytest.raises(UsageError):
        Emulator.in_process(as_of=day)
    with pytest.raises(WorldError):
        from_data({"settings": {"emulator": {"as_of": day}}}, load_providers())


def test_changes_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["changes", "--since", "2025-10-01", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    listed = [(row["day"], row["what"]) for row in rows]
    assert {("2026-01-17", "canvas.require_user_agent"), ("2025-10-01", "canvas.rate_limit_status")} <= set(listed)
    assert listed == sorted(listed, key=lambda row: row[0], reverse=True), "the newest first"
    assert all(row["source"] and row["day"] >= "2025-10-01" for row in rows)
    assert main(["changes", "canvas"]) == 0
    assert "403 -> 429" in capsys.readouterr().out
    assert main(["changes", "--since", "lately"]) == 2
