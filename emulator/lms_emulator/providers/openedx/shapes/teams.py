"""The JSON of teams, their topics and members.

Source: edx-platform `lms/djangoapps/teams/serializers.py`; `fixtures/recordings/openedx-2`, instr.jsonl 579-694.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from lms_emulator.providers.openedx.model.commerce import Membership, Team
from lms_emulator.providers.openedx.model.courseware import Teamset
from lms_emulator.providers.openedx.model.section import OpenedxStore
from lms_emulator.providers.openedx.shapes import accounts, moment


def topic(record: Teamset, count: int) -> dict[str, Any]:
    """A teamset with the number of its teams."""
    return {
        "description": record.description,
        "name": record.name,
        "id": record.id,
        "type": record.type,
        "max_team_size": record.max_team_size,
        "team_count": count,
    }


def team(store: OpenedxStore, record: Team, base_url: str, now: datetime, expand: set[str]) -> dict[str, Any]:
    """A team with its members. Parameters: `expand`, `user` for whole accounts."""
    return {
        "id": record.id,
        "discussion_topic_id": record.discussion_topic_id,
        "name": record.name,
        "course_id": record.course,
        "topic_id": record.topic_id,
        "date_created": moment(record.date_created),
        "description": record.description,
        "country": record.country,
        "language": record.language,
        "last_activity_at": moment(record.last_activity_at),
        "membership": [_member(store, member, base_url, now, expand) for member in record.members],
        "organization_protected": record.organization_protected,
    }


def _member(store: OpenedxStore, entry: Membership, base_url: str, now: datetime, expand: set[str]) -> dict[str, Any]:
    return {
        "user": _user(store, entry.user, base_url, now, expand),
        "date_joined": moment(entry.date_joined),
        "last_activity_at": moment(entry.last_activity_at),
    }


def _user(store: OpenedxStore, username: str, base_url: str, now: datetime, expand: set[str]) -> dict[str, Any]:
    url = f"{base_url}/api/user/v1/accounts/{username}"
    user = store.users.get(username)
    if "user" in expand and user is not None:
        return accounts.shared(user, now, base_url) | {"url": url}
    return {"url": url, "username": username}


def membership(
    store: OpenedxStore, record: Team, entry: Membership, base_url: str, now: datetime, expand: set[str]
) -> dict[str, Any]:
    """A membership with its team; an expanded team does without its members."""
    whole = {name: value for name, value in team(store, record, base_url, now, set()).items() if name != "membership"}
    brief = {"url": f"{base_url}/api/team/v0/teams/{record.id}", "team_id": record.id}
    return {
        "user": _user(store, entry.user, base_url, now, expand),
        "team": whole if "team" in expand else brief,
        "date_joined": moment(entry.date_joined),
        "last_activity_at": moment(entry.last_activity_at),
    }
