"""The kinds of records in the administration, in the order of the index."""

from __future__ import annotations

from lms_emulator.providers.openedx.admin.applications import (
    ApplicationAccesses,
    Applications,
    RestrictedApplications,
)
from lms_emulator.providers.openedx.admin.base import Model
from lms_emulator.providers.openedx.admin.tokens import AccessTokens, Grants, IdTokens, RefreshTokens, Users

MODELS: tuple[Model, ...] = (
    Users(),
    AccessTokens(),
    Applications(),
    Grants(),
    IdTokens(),
    RefreshTokens(),
    ApplicationAccesses(),
    RestrictedApplications(),
)
