"""Each provider's addresses, demo credentials and ids, typed: `lms.canvas.url`.

Written by `python -m contract_tests.house.derived`; do not edit by hand.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import lms_emulator.providers.brightspace.info
    import lms_emulator.providers.canvas.info
    import lms_emulator.providers.learningstudio.info
    import lms_emulator.providers.ltiaas.info
    import lms_emulator.providers.openedx.info
    import lms_emulator.providers.openlearning.info


class ProviderInfos:
    """What `GET /_emulator/info` gives of each provider; `Emulator` reads an attribute when it is first used."""

    openlearning: lms_emulator.providers.openlearning.info.Info
    """OpenLearning."""
    openedx: lms_emulator.providers.openedx.info.Info
    """Open edX."""
    learningstudio: lms_emulator.providers.learningstudio.info.Info
    """Pearson LearningStudio."""
    ltiaas: lms_emulator.providers.ltiaas.info.Info
    """LTIAAS."""
    canvas: lms_emulator.providers.canvas.info.Info
    """Canvas."""
    brightspace: lms_emulator.providers.brightspace.info.Info
    """Brightspace."""
