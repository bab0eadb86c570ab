"""The limit of requests per second and key."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from lms_emulator.providers.learningstudio import refusals
from lms_emulator.providers.learningstudio.model.access import RequestCount

if TYPE_CHECKING:
    from lms_emulator.providers.learningstudio.call import Call


def throttle(call: Call, key: str) -> None:
    """Count a request of this key; raise 429 beyond the setting `requests_per_second`."""
    limit = call.settings.requests_per_second
    if not limit:
        return
    second = int(call.clock.timestamp())
    before = call.store.request_counts.get(key)
    if before is None or before.second != second:
        before = RequestCount(key=key, second=second, count=0)
    counted = call.store.request_counts.put(replace(before, count=before.count + 1))
    if counted.count > limit:
        raise refusals.too_many_requests(limit, counted.count)
