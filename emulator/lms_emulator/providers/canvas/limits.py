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


def admit(call: Call) -> None:
    """Charge one call to its client, before anything else. Raises the refusal `rate_limited` if its bucket is full.

    A call reserves a part of the bucket while it is in progress, so that the bucket is full that much earlier.
    """
    settings = call.settings
    call.notes["rate_limit_remaining"] = settings.rate_limit_high_water
    if settings.rate_limit == "never":
        return
    client = _client(call)
    level = _level(call, client)
    if not call.check("rate limit", level + settings.rate_limit_reserved < settings.rate_limit_high_water, got=level):
        over = level + settings.rate_limit_reserved - settings.rate_limit_high_water
        wait = f"it is low enough in {over / settings.rate_limit_outflow:.1f} s" if settings.rate_limit_outflow else ""
        why = (
            f"the bucket of {_WHOSE[client.partition(' ')[0]]} holds {level:.1f}, a call in progress reserves "
            f"{settings.rate_limit_reserved:g}, and the mark is {settings.rate_limit_high_water:g}"
        )
        raise refusals.throttled(settings.rate_limit_status, level, f"{why}; {wait}" if wait else why)
    _fill(call, client, level + settings.request_cost)


def charge(call: Call, cost: float) -> None:
    """Charge a request an additional cost, which its answer reports."""
    call.per_request(Charged).further = call.notes["further_cost"] = cost
    if call.settings.rate_limit == "bucket":
        client = _client(call)
        _fill(call, client, _level(call, client) + cost)


def charge_visitor(call: Call) -> None:
    """Charge a client the cost of issuing a token."""
    if call.settings.rate_limit == "bucket":
        client = _visitor(call)
        _fill(call, client, _level(call, client) + call.settings.token_request_cost)


def _client(call: Call) -> str:
    """Whom a call is charged to: its token, valid or not, or its visitor."""
    scheme, _, value = call.headers.get("authorization", "").partition(" ")
    text = value.strip() if scheme == "Bearer" else ""
    text = text or call.query.get("access_token") or ""
    token = call.store.access_tokens.first("token", text) if text else None
    if token is not None:
        return f"token {token.id}"
    return f"token {sha256(text.encode()).hexdigest()[:16]}" if text else _visitor(call)


def _visitor(call: Call) -> str:
    """Whom a request without a token is charged to: the browser's session, else the IP address."""
    session = call.cookies.get("_normandy_session")
    return f"session {session}" if session else "address"


def _level(call: Call, client: str) -> float:
    bucket = call.store.buckets.get(client)
    if bucket is None:
        return 0.0
    drained = (call.clock.now() - bucket.at).total_seconds() * call.settings.rate_limit_outflow
    return max(0.0, bucket.level - max(0.0, drained))


def _fill(call: Call, client: str, level: float) -> None:
    call.store.buckets.put(Bucket(client=client, level=level, at=call.clock.now()))
    remaining = max(0.0, call.settings.rate_limit_high_water - level)
    call.per_request(Charged).remaining = call.notes["rate_limit_remaining"] = remaining


def add_headers(call: Call, response: Response) -> None:
    """Add the cost headers of the REST API. A refusal may already have said that nothing is left."""
    raw = response.raw_headers
    present = dict(raw)
    charged = call.per_request_if_used(Charged) or Charged
    if b"x-request-cost" not in present:
        raw.append((b"x-request-cost", _written(call.settings.request_cost + charged.further)))
    if b"x-rate-limit-remaining" not in present:
        remaining = call.settings.rate_limit_high_water if charged.remaining is None else charged.remaining
        raw.append((b"x-rate-limit-remaining", _written(float(remaining))))


@lru_cache(maxsize=64, typed=True)
def _written(number: float) -> bytes:
    return str(number).encode()
