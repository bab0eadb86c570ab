"""`/api/mfe_config/v1`: configuration of micro frontends, which the site does not serve."""

from __future__ import annotations

from starlette.responses import Response

from lms_emulator.providers.openedx import credentials, refusals, wire
from lms_emulator.providers.openedx.call import Call
from lms_emulator.providers.openedx.routes.permissions import anyone
from lms_emulator.providers.openedx.routes.resource import Family, recorded


def read_config(x: Call) -> Response:
    """Switched off: an empty 404."""
    refusal = refusals.api_error(404, None, reason="mfe_config_off", check="ENABLE_MFE_CONFIG_API")
    refusal.headers["content-type"] = wire.HTML
    raise refusal


FAMILY = Family("/api/mfe_config", tag="mfe_config", authenticators=credentials.NONE, permissions=(anyone,))

ROUTES = FAMILY.resource(
    "/v1", "Configuration of micro frontends (switched off)", get=read_config, source=recorded("main", 1205)
)
