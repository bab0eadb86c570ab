"""Rate limits: a maximum of requests per caller in a sliding window. Off unless a setting gives a rate.

The course-facing APIs share one count per caller, as with Django REST framework's user throttle: calls to the
enrollment API also count for the course list, and staff have a separate count. Sources: Django REST
framework `rest_framework/throttling.py` (SimpleRateThrottle); `fixtures/recordings/openedx`: rate.jsonl 1276-1289,
extra.jsonl 70-119.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from datetime import timedelta

from lms_emulator.providers.openedx import credentials, refusals
from lms_emulator.providers.openedx.call import Call, calling_user
from lms_emulator.providers.openedx.model.accounts import Throttle

_PERIOD = re.compile(r"(\d{0,9})([smhd])[a-z]*")
_PERIODS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def _count(call: Call, key: str, rate: str, refuse: Callable[[int | None], refusals.OpenedxRefusal]) -> None:
    """Count a request under `key`.

    Parameters: `rate` such as `40/minute`, empty for no limit; `refuse` makes the refusal from the seconds until the
    next request would be within the rate, None if the framework cannot say.
    """
    if not rate:
        return
    number, _, period = rate.partition("/")
    [(many, unit)] = _PERIOD.findall(period)
    limit, seconds = int(number), int(many or 1) * _PERIODS[unit]
    now = call.clock.timestamp()
    known = call.store.throttles.get(key)
    hits = [hit for hit in (known.hits if known else ()) if hit > now - seconds]
    if len(hits) >= limit:
        room = limit - len(hits) + 1
        raise refuse(math.ceil((seconds - (now - hits[0])) / room) if room > 0 else None)
    call.store.throttles.put(Throttle(key=key, hits=[*hits, now], until=call.clock.now() + timedelta(seconds=seconds)))


def any_resource(call: Call) -> None:
    """The default limit of REST resources."""
    user = calling_user(call)
    caller = f"user {user.id}" if user is not None else "address"
    _count(call, f"user/{caller}", call.settings.user_rate, refusals.throttled)


def enrollment(call: Call) -> None:
    """The limit of the enrollment API; none with the site's API key."""
    if not credentials.has_api_key(call):
        _by_user(call, call.settings.enrollment_rate, call.settings.enrollment_staff_rate)


def course_list(call: Call) -> None:
    """The limit of the course list."""
    _by_user(call, call.settings.course_list_rate, call.settings.course_list_staff_rate)


def _by_user(call: Call, rate: str, staff_rate: str) -> None:
    user = calling_user(call)
    staff = user is not None and (user.is_staff or user.is_superuser)
    key = f"{'staff' if staff else 'user'}/{user.username if user else 'address'}"
    _count(call, key, staff_rate if staff else rate, refusals.throttled)


def course_ids(call: Call) -> None:
    """The limit of the list of course ids."""
    user = calling_user(call)
    _count(
        call, f"course_ids/{user.username if user else 'address'}", call.settings.course_ids_rate, refusals.throttled
    )


def mfe_context(call: Call) -> None:
    """The limit of the sign-in front end's context."""
    _count(call, "anonymous/address", call.settings.mfe_context_rate, refusals.throttled)


def token_validation(call: Call) -> None:
    """The limit of the validation of password tokens."""
    _count(call, "anonymous/address", call.settings.token_validation_rate, refusals.throttled)


def registration(call: Call) -> None:
    """The limit of registrations; only attempts count."""
    if call.method == "POST":
        _count(call, "registration/address", call.settings.registration_rate, lambda _: _forbidden_request())


def _forbidden_request() -> refusals.OpenedxRefusal:
    return refusals.OpenedxRefusal(
        "forbidden_request",
        status=403,
        style="pretty",
        body={"error_code": "forbidden-request"},
        check="rate limit of registrations",
    )


def validation(call: Call) -> None:
    """The limit of the validation of registration fields."""

    def refuse(wait: int | None) -> refusals.OpenedxRefusal:
        return refusals.permission_denied(check="rate limit of validations")

    _count(call, "validation/address", call.settings.validation_rate, refuse)


def password(call: Call) -> None:
    """The limit of password resets."""

    def refuse(wait: int | None) -> refusals.OpenedxRefusal:
        text = "Your previous request is in progress, please try again in a few moments."
        return refusals.OpenedxRefusal(
            "rate_limited", status=403, style="plain", body=text, check="rate limit of password resets"
        )

    _count(call, "password/address", call.settings.password_rate, refuse)


def token_endpoint(call: Call) -> None:
    """The token endpoint's limit per address; it counts every method and answers with a page."""

    def refuse(wait: int | None) -> refusals.OpenedxRefusal:
        return refusals.OpenedxRefusal(
            "rate_limited",
            status=429,
            style="too-many",
            check="rate limit of the token endpoint",
            expected=call.settings.token_endpoint_rate,
        )

    _count(call, "token/address", call.settings.token_endpoint_rate, refuse)
