"""`/api/user/v1/me`: whose credentials these are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lms_emulator.providers.openedx import wire
from lms_emulator.providers.openedx.views import JSON, MERGE_PATCH, ApiView, caller

if TYPE_CHECKING:
    from starlette.responses import Response

    from lms_emulator.providers.openedx.visits import Call


def me(x: Call) -> Response:
    """The caller's username."""
    return wire.api_json({"username": caller(x).user.username})


ROUTES = ApiView(
    "/api/user/v1/me",
    get=me,
    parsers=(JSON, MERGE_PATCH),
    summary="Whose credentials these are",
    evidence="recorded",
    source="openedx.md 5",
    tag="user",
).routes()
