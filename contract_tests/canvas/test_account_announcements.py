"""Announcements of an account for a part of its people: where a service is on, and in turns."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from contract_tests.canvas.support import Site
from lms_emulator.providers.canvas.rules import ruby_random

API = "/api/v1"
NOTICES = f"{API}/accounts/1/account_notifications"


def announced(canvas: Site, **fields: Any) -> httpx.Response:
    times = {"start_at": "2020-01-01T00:00:00Z", "end_at": "2100-01-01T00:00:00Z"}
    body = {"account_notification": {"subject": "S", "message": "M", **times, **fields}}
    return canvas.admin.post(NOTICES, json=body)


def seen(client: httpx.Client) -> int:
    return len(client.get(NOTICES).json())


@pytest.mark.parametrize(
    ("name", "wrong", "right"),
    [
        ("required_account_service", "other", "account_survey_notifications"),
        ("required_account_service", "", None),
        ("months_in_display_cycle", "0", "1"),
        ("months_in_display_cycle", "49", "48"),
        ("months_in_display_cycle", "x", ""),
    ],
)
def test_what_a_service_and_a_cycle_may_be(canvas: Site, name: str, wrong: str, right: str | None) -> None:
    refused = announced(canvas, **{name: wrong})
    assert refused.status_code == 400
    assert [fault["type"] for fault in refused.json()["errors"][name]] == ["inclusion"]
    assert announced(canvas, **{name: right}).status_code == 200


def test_a_survey_needs_its_service_and_passes_over_students(canvas: Site) -> None:
    assert announced(canvas, required_account_service="account_survey_notifications").status_code == 200
    assert [seen(canvas.teacher), seen(canvas.student)] == [0, 0]
    services = {"account": {"services": {"account_survey_notifications": "1"}}}
    assert canvas.admin.put(f"{API}/accounts/1", json=services).status_code == 200
    assert [seen(canvas.teacher), seen(canvas.student)] == [1, 0]
    assert announced(canvas).status_code == 200
    assert [seen(canvas.teacher), seen(canvas.student)] == [2, 1]


def test_everybody_sees_an_announcement_with_a_cycle_in_one_month_of_it(canvas: Site) -> None:
    canvas.lms.clock.set(datetime(2026, 1, 15, 12, tzinfo=UTC))  # 672 months after 1970: the first of a cycle of three
    assert announced(canvas, months_in_display_cycle=3).status_code == 200
    months = []
    for _ in range(6):
        months.append(seen(canvas.teacher))
        canvas.lms.clock.advance(days=30)
    assert [sum(months[:3]), sum(months[3:])] == [1, 1]
    whose = canvas.teacher.get(f"{API}/users/self").json()["id"]
    first = ruby_random.below(3, seed=672 // 3)
    assert months[:3].index(1) == (whose - first) % 3


@pytest.mark.parametrize(("most", "seed", "drawn"), [(100, 42, 51), (10, 42, 6), (100, 0, 44), (1, 7, 0)])
def test_numbers_are_drawn_as_ruby_draws_them(most: int, seed: int, drawn: int) -> None:
    """What NumPy's RandomState.randint draws too, which seeds and bounds the same generator alike."""
    assert ruby_random.below(most, seed=seed) == drawn
