"""Rate limits of the course-facing APIs.

All of them count in one place per caller, as Django REST framework's user throttle does: calls of the enrollment API
use up the course list's allowance too. Staff have a place of their own. Source: recorded groups `throttle` and
`courses`; openedx.md 6.2, 6.3.
"""

from __future__ import annotations

import math
from datetime import timedelta
from typing import TYPE_CHECKING

from lms_emulator.providers.openedx import credentials, rates, visits, wire
from lms_emulator.providers.openedx.model.accounts import Throttle

if TYPE_CHECKING:
    from lms_emulator.providers.openedx.visits import Call


def enrollment(x: Call) -> None:
    """The limit of the enrollment API; none with the site's API key."""
    if not credentials.has_api_key(x):
        _limit(x, x.settings.enrollment_rate, x.settings.enrollment_staff_rate)


def course_list(x: Call) -> None:
    """The limit of the course list."""
    _limit(x, x.settings.course_list_rate, x.settings.course_list_staff_rate)


def _limit(x: Call, rate: str, staff_rate: str) -> None:
    identity = visits.of(x).identity
    user = identity.user if identity else None
    staff = user is not None and (user.is_staff or user.is_superuser)
    allowed = rates.parse(staff_rate if staff else rate)
    if allowed is None:
        return
    count, seconds = allowed
    key = f"{'staff' if staff else 'user'}/{user.username if user else 'address'}"
    now = x.clock.timestamp()
    known = x.store.throttles.get(key)
    hits = [at for at in (known.hits if known else ()) if at > now - seconds]
    if len(hits) >= count:
        room = count - len(hits) + 1
        wait = math.ceil((seconds - (now - hits[0])) / room) if room > 0 else None
        raise wire.throttled(wait)
    until = x.clock.now() + timedelta(seconds=seconds)
    x.store.throttles.put(Throttle(key=key, hits=[*hits, now], until=until))
