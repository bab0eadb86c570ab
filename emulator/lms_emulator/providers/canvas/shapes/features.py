"""JSON of features and feature flags."""

from __future__ import annotations

from typing import Any

from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.rules import features
from lms_emulator.providers.canvas.rules.features import Flag, Owner


def flag(api: Api, owner: Owner, found: Flag) -> dict[str, Any]:
    """The state of a feature. Site admins see whether it is hidden."""
    shown: dict[str, Any] = {"feature": found.feature.name, "state": found.state}
    if found.owner is not None:
        kind, number = found.owner
        shown = {"context_id": number, "context_type": kind, **shown, "locking_account_id": None}
    parent = features.lookup(api, owner, found.feature.name, inherited=True)
    hidden = found.state == "hidden" or features.unhides(api, owner, found)
    return {
        **shown,
        "transitions": features.transitions(api, owner, found.feature, found.state),
        "locked": found.locked(owner),
        **({"hidden": hidden} if features.sees_hidden(api) else {}),
        "parent_state": parent.state if parent is not None else None,
    }


def feature(api: Api, owner: Owner, found: Flag) -> dict[str, Any]:
    """A feature with its state."""
    defined = found.feature
    return {
        "feature": defined.name,
        "applies_to": defined.applies_to,
        **({"root_opt_in": defined.root_opt_in} if defined.root_opt_in is not None else {}),
        **({"beta": True} if defined.beta else {}),
        "type": defined.type,
        "display_name": defined.display_name,
        "description": defined.description,
        "feature_flag": flag(api, owner, found),
    }
