"""Callback URLs that tools get by variables: for reporting activity, and for sign-out notification."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

from msgspec.structs import replace
from starlette.responses import Response

from lms_emulator.core.access.single_use import use_once
from lms_emulator.core.clock import later
from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call import identifiers
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.lti.basic_requests import refused, require_signed
from lms_emulator.providers.canvas.lti.sealed_numbers import unsealed
from lms_emulator.providers.canvas.model import LogoutCallback, Tool
from lms_emulator.providers.canvas.routes.declare import service
from lms_emulator.providers.canvas.wire import nothing

LIFETIME_SECONDS = 24 * 3600
_DURATION = re.compile(
    r"P(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+(?:\.\d+)?)H)?(?:(\d+(?:\.\d+)?)M)?(?:(\d+(?:\.\d+)?)S)?)?", re.IGNORECASE
)


def _of_token(api: Api, length: int, what: str) -> tuple[Tool, list[int]]:
    """The tool and the numbers in the URL; the tool signed the request."""
    numbers = unsealed(api.slot("token"), length)
    if not api.check("the address is as Canvas gave it", numbers is not None) or numbers is None:
        raise refused("token_not_our_own", f"Invalid {what} service token")
    tool = identifiers.known(api.store.tools.get(numbers[0]), "the tool", numbers[0], deleted=True)
    require_signed(api.call, tool)
    return tool, numbers


def _seconds(duration: Any) -> int:
    """An ISO 8601 duration in seconds."""
    found = _DURATION.fullmatch(str(duration or ""))
    if found is None:
        return 0
    weeks, days, hours, minutes, seconds = (float(part or 0) for part in found.groups())
    return int(timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes, seconds=seconds).total_seconds())


def _spend(api: Api, numbers: list[int], duration: Any) -> Response:
    """Add to the time that the person spent in the course."""
    _, user_id, course_id, _ = numbers
    for enrollment in api.store.enrollments.find("course", course_id):
        if enrollment.user_id == user_id:
            total = enrollment.total_activity_time + _seconds(duration)
            api.store.enrollments.put(replace(enrollment, total_activity_time=total))
    return nothing(200)


def xapi(api: Api) -> Response:
    """A person's activity as xAPI; only the duration matters."""
    _, numbers = _of_token(api, 4, "analytics")
    if api.call.content_type != "application/json":
        kind = api.call.content_type
        raise refusals.bare("body_not_json", 415, "Content-Type is JSON", expected="application/json", got=kind)
    return _spend(api, numbers, api.params.get("result", "duration"))


def caliper(api: Api) -> Response:
    """A person's activity as Caliper; only the duration matters."""
    _, numbers = _of_token(api, 4, "analytics")
    return _spend(api, numbers, api.params.get("duration"))


def logout(api: Api) -> Response:
    """Register a callback for the person's sign-out, once per launch."""
    tool, (_, login_id, at) = _of_token(api, 3, "logout")
    age = api.call.clock.timestamp() - at
    if not api.check("the address is not older than a day", age <= LIFETIME_SECONDS):
        raise refused("token_expired", "Logout service token has expired")
    fresh = use_once(api.call, "logout", tool.id, api.slot("token"), LIFETIME_SECONDS - age)
    if not api.check("the address was not used before", fresh):
        raise refused("token_used", "Logout service token has already been used")
    url = api.params.text("callback") or ""
    until = later(api.now, LIFETIME_SECONDS)
    api.store.logout_callbacks.put(
        LogoutCallback(id=api.call.ids.hex(16), login_id=login_id, url=url, expires_at=until)
    )
    return nothing(200)


ROUTES = (
    *service(
        "lti 1.1",
        "canvas-lms app/controllers/lti_api_controller.rb; canvas-lms lib/lti/analytics_service.rb; "
        "canvas-lms lib/lti/logout_service.rb",
        ("POST /api/lti/v1/xapi/{token}", xapi, "Report activity by xAPI"),
        ("POST /api/lti/v1/caliper/{token}", caliper, "Report activity by Caliper"),
        ("POST /api/lti/v1/logout_service/{token}", logout, "Register for sign-out notification"),
        evidence="documented",
    ),
)
