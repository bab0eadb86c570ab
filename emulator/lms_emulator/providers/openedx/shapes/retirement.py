"""The JSON of retirements.

Source: edx-platform `openedx/core/djangoapps/user_api/serializers.py` (UserRetirementStatusSerializer,
UserRetirementPartnerReportSerializer); `fixtures/recordings/openedx-2`, acct.jsonl 660-723.
"""

from __future__ import annotations

from typing import Any

from lms_emulator.providers.openedx.model.retirement import PartnerReport, Retirement
from lms_emulator.providers.openedx.model.section import OpenedxStore
from lms_emulator.providers.openedx.rules import retirement as rules
from lms_emulator.providers.openedx.shapes import moment


def retirement(store: OpenedxStore, record: Retirement) -> dict[str, Any]:
    """A retirement with its user and states."""
    user = store.users.first("id", record.user)
    return {
        "id": record.id,
        "user": {
            "id": record.user,
            "username": user.username if user else record.retired_username,
            "email": user.email if user else record.retired_email,
            "profile": {"id": rules.profile_number(store, record.user), "name": user.name if user else ""},
        },
        "current_state": _state(store, record.state),
        "last_state": _state(store, record.last_state),
        "created": moment(record.created),
        "modified": moment(record.modified),
        "original_username": record.original_username,
        "original_email": record.original_email,
        "original_name": record.original_name,
        "retired_username": record.retired_username,
        "retired_email": record.retired_email,
    }


def _state(store: OpenedxStore, name: str) -> dict[str, Any]:
    number = store.section.retirement_states.index(name) + 1
    return {"id": number, "state_name": name, "state_execution_order": rules.step(store, name)}


def partner_report(record: PartnerReport) -> dict[str, Any]:
    """What a partner gets."""
    return {
        "user_id": record.user,
        "original_username": record.original_username,
        "original_email": record.original_email,
        "original_name": record.original_name,
        "orgs": record.orgs,
        "created": moment(record.created),
    }
