"""The world files of the first set of runs.

What the setup leaves out (when accounts and enrolments were made, the about page of a course) is read from the
recorded answers.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from contract_tests.replay.exchanges import Exchange

from .setups import Setup

START = datetime(2026, 11, 21, 21, 12, 0, tzinfo=UTC)
#: When the accounts were made; each recorded `date_joined` lies within a few seconds of it.
JOINED = datetime(2026, 11, 21, 20, 49, 13, tzinfo=UTC)

#: The number that the LMS gave to the first application added during the runs (recording extra 23).
NEXT_APPLICATION = 39


def world(
    name: str, document: dict[str, Any], exchanges: Iterable[Exchange], tree: dict[str, Any] | None
) -> dict[str, Any]:
    """The whole world file as plain data."""
    setup = Setup(document, START)
    facts = list(_told(exchanges))
    overview = next(item["overview"] for item in facts if "overview" in item)
    return {
        "name": name,
        "description": "What the recorded Open edX LMS held when its runs began.",
        "settings": {
            "openedx": {
                "case_insensitive_matching": True,
                "enrollment_rate": "40/minute",
                "enrollment_staff_rate": "120/minute",
                "course_list_rate": "20/minute",
                "course_list_staff_rate": "40/minute",
            }
        },
        "openedx": {
            **setup.site(),
            "users": _users(setup, facts),
            "applications": setup.applications(NEXT_APPLICATION - len(setup["applications"])),
            **setup.tokens(),
            "grants": [_grant(grant, setup) for grant in setup["grants"]],
            "courses": [_course(course, setup, overview, tree) for course in setup["courses"]],
            "enrollments": [_enrollment(enrollment, setup, facts) for enrollment in setup["enrollments"]],
            "course_roles": setup["course_access_roles"],
        },
    }


def _told(exchanges: Iterable[Exchange]) -> Iterator[dict[str, Any]]:
    """Every JSON object in the recorded answers, however deep."""
    for exchange in exchanges:
        if exchange.body and exchange.body[:1] in "{[":
            yield from _objects(json.loads(exchange.body))


def _objects(document: Any) -> Iterator[dict[str, Any]]:
    if isinstance(document, dict):
        yield document
        document = list(document.values())
    if isinstance(document, list):
        for item in document:
            yield from _objects(item)


def _users(setup: Setup, facts: list[dict[str, Any]]) -> list[dict[str, Any]]:
    joined = {item["username"]: item["date_joined"] for item in facts if "date_joined" in item}
    users = [setup.service_user()]
    for number, entry in enumerate(setup["users"]):
        user = dict(entry)
        if not user.pop("password_usable", True):
            del user["password"]
        made = joined.get(user["username"]) or (JOINED + timedelta(seconds=number // 2)).isoformat()
        users.append(user | {"date_joined": setup.moment(made)})
    return users


def _grant(record: dict[str, Any], setup: Setup) -> dict[str, Any]:
    return record | {"application": setup.client_id(record["application"]), "expires": setup.moment(record["expires"])}


def _course(record: dict[str, Any], setup: Setup, overview: str, tree: dict[str, Any] | None) -> dict[str, Any]:
    course = record | setup.dates(record) | {"modes": setup.modes(record), "overview": overview}
    course["certificates_display_behavior"] = "early_no_info"  # as the recorded course page tells
    if tree is not None and tree["course"] == record["id"]:
        course["content"] = tree["blocks"]
    return course


def _enrollment(record: dict[str, Any], setup: Setup, facts: list[dict[str, Any]]) -> dict[str, Any]:
    for item in facts:
        course = item.get("course_id") or item.get("course_details", {}).get("course_id")
        if item.get("user") == record["user"] and course == record["course"] and "created" in item:
            return record | {"created": setup.moment(item["created"])}
    raise LookupError(f"no recorded answer tells when {record['user']} enrolled in {record['course']}")
