"""The rate limit: a leaky bucket per token, else per browser session or IP address.

Source: canvas.instructure.com/doc/api/file.throttling.html.
"""

from __future__ import annotations

from functools import lru_cache
from hashlib import sha256

from starlette.responses import Response

from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call import Call
from lms_emulator.providers.canvas.model import Bucket

_WHOSE = {"token": "this access token", "session": "this browser", "address": "all clients without a token"}


class Charged:
    """What a request was charged. Attributes: `further`, its cost beside that of every request; `remaining`, what is
    left of its client's bucket, None if nothing is counted."""

    further: float = 0
    remaining: float | None = None


def admit(x: Call) -> None:
    """Charge one call to its client, before anything else. Raises the refusal `rate_limited` if its bucket is full.

    A call reserves a part of the bucket while it is in progress, so that the bucket is full that much earlier.
    """
    settings = x.settings
    x.notes["rate_limit_remaining"] = settings.rate_limit_high_water
    if settings.rate_limit == "never":
        return
    client = _client(x)
    level = _level(x, client)
    if not x.check("rate limit", level + settings.rate_limit_reserved < settings.rate_limit_high_water, got=level):
        over = level + settings.rate_limit_reserved - settings.rate_limit_high_water
        wait = f"it is low enough in {over / settings.rate_limit_outflow:.1f} s" if settings.rate_limit_outflow else ""
        why = (
            f"the bucket of {_WHOSE[client.partition(' ')[0]]} holds {level:.1f}, a call in progress reserves "
            f"{settings.rate_limit_reserved:g}, and the mark is {settings.rate_limit_high_water:g}"
        )
        raise refusals.throttled(settings.rate_limit_status, level, f"{why}; {wait}" if wait else why)
    _fill(x, client, level + settings.request_cost)


def charge(x: Call, cost: float) -> None:
    """Charge a request an additional cost, which its answer reports."""
    x.per_request(Charged).further = x.notes["further_cost"] = cost
    if x.settings.rate_limit == "bucket":
        client = _client(x)
        _fill(x, client, _level(x, client) + cost)


def charge_visitor(x: Call) -> None:
    """Charge a client the cost of issuing a token."""
    if x.settings.rate_limit == "bucket":
        client = _visitor(x)
        _fill(x, client, _level(x, client) + x.settings.token_request_cost)


def _client(x: Call) -> str:
    """Whom a call is charged to: its token, valid or not, or its visitor."""
    scheme, _, value = x.headers.get("authorization", "").partition(" ")
    text = value.strip() if scheme == "Bearer" else ""
    text = text or x.query.get("access_token") or ""
    token = x.store.access_tokens.first("token", text) if text else None
    if token is not None:
        return f"token {token.id}"
    return f"token {sha256(text.encode()).hexdigest()[:16]}" if text else _visitor(x)


def _visitor(x: Call) -> str:
    """Whom a request without a token is charged to: the browser's session, else the IP address."""
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
    remaining = max(0.0, x.settings.rate_limit_high_water - level)
    x.per_request(Charged).remaining = x.notes["rate_limit_remaining"] = remaining


def add_headers(x: Call, response: Response) -> None:
    """Add the cost headers of the REST API. A refusal may already have said that nothing is left."""
    raw = response.raw_headers
    present = dict(raw)
    charged = x.per_request_if_used(Charged) or Charged
    if b"x-request-cost" not in present:
        raw.append((b"x-request-cost", _written(x.settings.request_cost + charged.further)))
    if b"x-rate-limit-remaining" not in present:
        remaining = x.settings.rate_limit_high_water if charged.remaining is None else charged.remaining
        raw.append((b"x-rate-limit-remaining", _written(float(remaining))))


@lru_cache(maxsize=64, typed=True)
def _written(number: float) -> bytes:
    return str(number).encode()
