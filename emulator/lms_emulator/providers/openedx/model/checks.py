"""What can be wrong with a well-formed section: references to nowhere, clashing keys, broken rates."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lms_emulator.providers.openedx.model.section import OpenedxSection


def problems(section: OpenedxSection) -> Iterable[str]:
    """One line per problem, each naming its place."""
    users = {user.username for user in section.users}
    applications = {application.client_id for application in section.applications}
    for name in ("applications", "access_tokens", "refresh_tokens", "grants", "sessions"):
        yield from _missing(name, getattr(section, name), "user", users)
    for name in ("access_tokens", "refresh_tokens", "grants"):
        yield from _missing(name, getattr(section, name), "application", applications)
    for name in ("users", "applications", "access_tokens", "refresh_tokens"):
        yield from _repeated(name, getattr(section, name))
    for position, application in enumerate(section.applications):
        if application.authorization_grant_type in ("authorization-code", "implicit", "openid-hybrid"):
            for uri in application.redirect_uris:
                if ":" not in uri:
                    yield f"applications[{position}].redirect_uris: expected absolute URIs, got {uri!r}"


def _missing(table: str, records: Iterable[Any], attribute: str, known: set[str]) -> Iterable[str]:
    for position, record in enumerate(records):
        name = getattr(record, attribute)
        if name is not None and name not in known:
            yield f"{table}[{position}].{attribute}: there is no {attribute} {name!r}"


def _repeated(table: str, records: Iterable[Any]) -> Iterable[str]:
    seen: set[int] = set()
    for position, record in enumerate(records):
        if record.id in seen:
            yield f"{table}[{position}].id: another record already has the id {record.id}"
        seen.add(record.id)
