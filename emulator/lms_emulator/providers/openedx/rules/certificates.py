"""Which certificates a user has earned."""

from __future__ import annotations

from lms_emulator.providers.openedx.model.courseware import Certificate
from lms_emulator.providers.openedx.model.section import OpenedxStore

PASSING = ("downloadable", "generating")


def is_passing(certificate: Certificate) -> bool:
    """Whether it certifies that the learner passed."""
    return certificate.status in PASSING


def of_user(store: OpenedxStore, username: str) -> list[Certificate]:
    """The certificates a user has earned, oldest first."""
    found = [certificate for certificate in store.certificates.find("user", username) if is_passing(certificate)]
    return sorted(found, key=lambda certificate: certificate.created)
