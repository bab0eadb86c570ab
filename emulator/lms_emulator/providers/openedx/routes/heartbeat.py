"""`/heartbeat`: health of the site. Source: edx-platform `openedx/core/djangoapps/heartbeat/views.py`."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from lms_emulator.providers.openedx import wire
from lms_emulator.providers.openedx.call import Call
from lms_emulator.providers.openedx.routes.resource import Family, recorded


def heartbeat(call: Call) -> Response:
    """Whether the parts of the site are up."""
    fine: dict[str, Any] = {"status": True, "message": "OK"}
    parts = {"modulestore": fine, "sql": fine}
    if "extended" in call.query:
        parts["celery"] = {"status": True, "message": "{'time': '0.014162540435791016'}"}
    return wire.pretty_json(parts)


FAMILY = Family("/heartbeat", tag="site", source=recorded("main", 1328))

ROUTES = (FAMILY.page("", heartbeat, "Health of the site", "GET"),)
