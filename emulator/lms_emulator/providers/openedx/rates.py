"""Rate limits: requests of one caller in one sliding window. Off unless a setting names a rate.

Source: openedx.md 0.4, 1.4, 6; recorded answers (groups ratelimit, throttle).
"""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from lms_emulator.providers.openedx import visits, wire
from lms_emulator.providers.openedx.model.accounts import Throttle

if TYPE_CHECKING:
    from lms_emulator.providers.openedx.visits import Call

_PERIODS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def parse(rate: str) -> tuple[int, int] | None:
    """`40/minute` as (40, 60); None for no limit. Raises ValueError for another text."""
    if not rate:
        return None
    count, _, period = rate.partition("/")
    return int(count), _PERIODS[period.strip()[:1]]


def admit(x: Call, scope: str, rate: str, *, caller: str | None = None) -> int | None:
    """Count a request of this caller in `scope`.

    Returns None when it is within the rate, else the seconds until the next one would be. Parameters: `caller`, who
    is counted; the user when signed in, else the client's address.
    """
    limit = parse(rate)
    if limit is None:
        return None
    count, period = limit
    if caller is None:
        user = visits.of(x).user
        caller = f"user {user.id}" if user is not None else "address"
    now = x.clock.timestamp()
    key = f"{scope}/{caller}"
    known = x.store.throttles.get(key)
    hits = [hit for hit in (known.hits if known is not None else []) if hit > now - period]
    if len(hits) >= count:
        return max(1, math.ceil(hits[0] + period - now))
    until = datetime.fromtimestamp(now + period, UTC)
    x.store.throttles.put(Throttle(key=key, hits=[*hits, now], until=until))
    return None


def rest_view(x: Call) -> None:
    """The limit of REST views that have none of their own."""
    wait = admit(x, "user", x.settings.user_rate)
    if wait is not None:
        raise wire.throttled(wait)


def token_endpoint(x: Call) -> None:
    """The token endpoint's limit per address; it counts every method and answers with a page."""
    if admit(x, "token", x.settings.token_endpoint_rate, caller="address") is not None:
        raise wire.OpenedxRefusal(
            "rate_limited",
            status=429,
            style="too-many",
            check="rate limit of the token endpoint",
            expected=x.settings.token_endpoint_rate,
        )
