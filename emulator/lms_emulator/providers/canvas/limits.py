"""The rate limit of a token: a leaky bucket.

Source: canvas.instructure.com/doc/api/file.throttling.html.
"""

from __future__ import annotations

from starlette.responses import Response

from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call import Call
from lms_emulator.providers.canvas.model import AccessToken, Bucket

RESERVED = 50.0
"""What a request holds back while it is in flight."""


def throttle(x: Call, token: AccessToken) -> None:
    """Charge one call to the token. Raises the refusal `rate_limited` when its bucket is full."""
    settings = x.settings
    x.notes["rate_limit_remaining"] = settings.rate_limit_high_water
    if settings.rate_limit == "never":
        return
    client = f"token {token.id}"
    level = _level(x, client)
    if not x.check("rate limit", level < settings.rate_limit_high_water, got=level):
        raise refusals.throttled(settings.rate_limit_status, level)
    _fill(x, client, level + settings.request_cost)


def throttle_visitor(x: Call) -> None:
    """Raise the refusal `rate_limited` when whoever asks for tokens has asked too often."""
    settings = x.settings
    if settings.rate_limit == "bucket":
        level = _level(x, _visitor(x))
        if not x.check("rate limit", level + RESERVED < settings.rate_limit_high_water, got=level):
            raise refusals.throttled(settings.rate_limit_status, level)


def charge_visitor(x: Call) -> None:
    """Charge whoever got a token what each one costs."""
    if x.settings.rate_limit == "bucket":
        client = _visitor(x)
        _fill(x, client, _level(x, client) + x.settings.token_request_cost)


def _visitor(x: Call) -> str:
    """Whom a request without a token is charged to: the browser's session, or else the address."""
    session = x.cookies.get("_normandy_session")
    return f"session {session}" if session else "address"


def _level(x: Call, client: str) -> float:
    bucket = x.store.buckets.get(client)
    if bucket is None:
        return 0.0
    drained = (x.clock.now() - bucket.at).total_seconds() * x.settings.rate_limit_outflow
    return max(0.0, bucket.level - max(0.0, drained))


def _fill(x: Call, client: str, level: float) -> None:
    x.store.buckets.put(Bucket(client=client, level=level, at=x.clock.now()))
    x.notes["rate_limit_remaining"] = max(0.0, x.settings.rate_limit_high_water - level)


def add_headers(x: Call, response: Response) -> None:
    """What every answer of the REST API says about its cost. A refusal may have said already that nothing is left."""
    response.headers.setdefault("X-Request-Cost", str(x.settings.request_cost))
    remaining = x.notes.get("rate_limit_remaining", x.settings.rate_limit_high_water)
    response.headers.setdefault("X-Rate-Limit-Remaining", str(float(remaining)))
