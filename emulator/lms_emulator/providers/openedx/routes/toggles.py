"""`/api/toggles/v0/state/`: feature toggles, of which the emulator has none."""

from __future__ import annotations

from starlette.responses import Response

from lms_emulator.providers.openedx import credentials, wire
from lms_emulator.providers.openedx.call import Call
from lms_emulator.providers.openedx.routes.permissions import is_staff
from lms_emulator.providers.openedx.routes.resource import Family, recorded


def read_state(call: Call) -> Response:
    """The toggles, for staff."""
    return wire.api_json({"waffle_flags": [], "waffle_switches": [], "django_settings": []})


FAMILY = Family("/api/toggles/v0", tag="toggles", authenticators=credentials.JWT_SESSION, permissions=(is_staff,))

ROUTES = FAMILY.resource(
    "/state/", "Feature toggles", get=read_state, evidence="inferred", source=recorded("main", 1207)
)
