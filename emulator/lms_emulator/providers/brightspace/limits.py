"""Credits that all users of an application share, minute by minute.

Source: https://community.d2l.com/brightspace/kb/articles/1191 (a cost for each call, and the headers).
"""

from __future__ import annotations

from starlette.responses import Response

from lms_emulator.providers.brightspace import refusals
from lms_emulator.providers.brightspace.call import Call


class Credits:
    """An application's credits after a request. Attributes: `reset`, seconds until they are restored."""

    remaining: int | None = None
    reset: int = 0


def spend(call: Call, who: str) -> None:
    """Charge one call to an application. Raises the refusal `rate_limited` when this minute's credits are used up.

    A reset of the world clears the counters.
    """
    settings = call.settings
    now = call.clock.timestamp()
    minute, credits_left = int(now) // 60, settings.rate_limit_credits
    reset = 60 - int(now % 60)
    if settings.rate_limit == "count":
        name = f"credits:{who}"
        used = call.store.counters[name] if call.store.counters.get(f"{name}:minute") == minute else 0
        if not call.check("credits are left", used + settings.request_cost <= settings.rate_limit_credits, got=used):
            raise refusals.rate_limited(
                reset,
                got=used,
                diagnosis=f"this application used {used} of the {settings.rate_limit_credits} credits of this minute, "
                f"and a call costs {settings.request_cost}; there are new ones in {reset} s, as `Retry-After` says",
            )
        call.store.counters[name], call.store.counters[f"{name}:minute"] = used + settings.request_cost, minute
        credits_left -= used
    spent = call.per_request(Credits)
    spent.remaining, spent.reset = credits_left - settings.request_cost, reset
    call.notes |= {"rate_limit_remaining": spent.remaining, "rate_limit_reset": reset}


def add_headers(call: Call, response: Response) -> None:
    """Add the headers about credits, if any were charged."""
    spent = call.per_request(Credits)
    if spent.remaining is not None and response.status_code != 429:
        response.headers["X-Rate-Limit-Remaining"] = str(spent.remaining)
        response.headers["X-Rate-Limit-Reset"] = str(spent.reset)
        response.headers["X-Request-Cost"] = str(call.settings.request_cost)
