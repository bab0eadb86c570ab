"""The rate limit of a token: a leaky bucket.

Source: canvas.instructure.com/doc/api/file.throttling.html.
"""

from __future__ import annotations

from starlette.responses import Response

from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call import Call
from lms_emulator.providers.canvas.model import AccessToken, Bucket


def throttle(x: Call, token: AccessToken) -> None:
    """Charge one call to the token. Raises the refusal `rate_limited` when its bucket is full."""
    settings = x.settings
    x.notes["rate_limit_remaining"] = settings.rate_limit_high_water
    if settings.rate_limit == "never":
        return
    now = x.clock.now()
    bucket = x.store.buckets.get(token.id)
    level = 0.0
    if bucket is not None:
        drained = (now - bucket.at).total_seconds() * settings.rate_limit_outflow
        level = max(0.0, bucket.level - max(0.0, drained))
    if not x.check("rate limit", level < settings.rate_limit_high_water, got=level):
        raise refusals.throttled(settings.rate_limit_status, level)
    level += settings.request_cost
    x.store.buckets.put(Bucket(token_id=token.id, level=level, at=now))
    x.notes["rate_limit_remaining"] = max(0.0, settings.rate_limit_high_water - level)


def add_headers(x: Call, response: Response) -> None:
    """What every answer of the REST API says about its cost. A refusal may have said already that nothing is left."""
    response.headers.setdefault("X-Request-Cost", str(x.settings.request_cost))
    remaining = x.notes.get("rate_limit_remaining", x.settings.rate_limit_high_water)
    response.headers.setdefault("X-Rate-Limit-Remaining", str(float(remaining)))
