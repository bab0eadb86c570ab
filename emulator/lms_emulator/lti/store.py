"""Base classes of platforms' stores, with the tables that each needs."""

from __future__ import annotations

from lms_emulator.core.clock import later
from lms_emulator.core.state.credentials import Credential
from lms_emulator.core.state.store import Store
from lms_emulator.core.state.tables import Table, table
from lms_emulator.lti.records import (
    ArmedLaunch,
    ArmedSignedLaunch,
    KeptKeySet,
    KeyRotation,
    LastLaunch,
    LastSignedLaunch,
    RegistrationToken,
)

KEY_ROTATIONS: Table[KeyRotation] = table(key="id", limit=1000)


class PlatformTables(Store):
    """Armed misbehaviours, key rotations, and cached keys of tools."""

    armed_launches: Table[ArmedLaunch] = table(key="id", limit=1000)
    last_launches: Table[LastLaunch] = table(key="client_id", limit=1000)
    armed_signed_launches: Table[ArmedSignedLaunch] = table(key="id", limit=1000)
    last_signed_launches: Table[LastSignedLaunch] = table(key="consumer_key", limit=1000)
    key_rotations: Table[KeyRotation] = KEY_ROTATIONS
    kept_key_sets: Table[KeptKeySet] = table(key="url", keep_until=lambda record: record.expires_at, limit=1000)


class RegisteringTables(PlatformTables):
    """The tables of a platform with dynamic registration."""

    registration_tokens: Table[RegistrationToken] = table(
        key="token",
        keep_until=lambda token: later(token.expires_at, 3600),
        limit=1000,
        credentials=(
            Credential(
                name="a registration token",
                value="token",
                owner=lambda token: f"user {token.user_id}",
                tip="a tool sends it with its registration, as a bearer",
                single_use=True,
            ),
        ),
    )
