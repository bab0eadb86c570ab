"""Imports of what a student information system (SIS) knows."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.call.params import Params

if TYPE_CHECKING:
    from lms_emulator.providers.canvas.call import Call

PICKED_UP = timedelta(seconds=3)
"""How long an import waits at most, if the next request comes late."""
CALLS_OFF = ("/abort", "/abort_all_pending")


def run_waiting(x: Call) -> None:
    """Do the imports that wait, unless the request is there to call them off."""
    if not x.store.sis_batches.find("waiting", True) or x.path.endswith(CALLS_OFF):
        return
    from lms_emulator.providers.canvas.rules.sis import batches

    for batch in list(x.store.sis_batches.find("waiting", True)):
        api = Api(x, Params({}))
        api.caller = x.store.users.get(batch.user_id)
        api.now = min(api.now, batch.created_at + PICKED_UP)
        batches.run(api, batch)
