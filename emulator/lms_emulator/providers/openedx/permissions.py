"""Who may call a course-facing API, as permissions that a view names. Source: openedx.md 4.4, 4.5."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lms_emulator.providers.openedx import credentials, visits, wire
from lms_emulator.providers.openedx.rules import keys
from lms_emulator.providers.openedx.views import Permission, caller

if TYPE_CHECKING:
    from lms_emulator.providers.openedx.credentials import Identity
    from lms_emulator.providers.openedx.visits import Call


def staff_or_self(scope: str) -> Permission:
    """Staff, or the user named in the URL or in `?username=`; a restricted JWT with the scope and the filters.

    Parameters: `scope`, what a JWT of a restricted application must have been given.
    """

    def permission(x: Call) -> None:
        identity = caller(x)
        if identity.is_restricted:
            _restricted(x, identity, scope)
        elif not identity.user.is_staff and not is_self(x, identity):
            raise wire.permission_denied(
                "the caller is neither staff nor the user named by `username`", check="staff or the user himself"
            )

    return permission


def named_user(x: Call) -> str | None:
    """The username in the URL, or in the query."""
    named: str | None = x.path_params.get("username") or x.query.get("username")
    return named


def is_self(x: Call, identity: Identity) -> bool:
    """Whether the call is about the caller."""
    named = named_user(x)
    return named is not None and named.lower() == identity.user.username.lower()


def _restricted(x: Call, identity: Identity, scope: str) -> None:
    """What a JWT of a restricted application needs: the scope, the course's organisation, and its own user."""
    if scope not in identity.scopes:
        raise wire.permission_denied("the JWT lacks the scope", check=f"scope {scope}")
    key = keys.course_key(x.path_params.get("course_id") or x.query.get("course_id") or "")
    organisations = [text.partition(":")[2] for text in identity.filters if text.startswith("content_org:")]
    if key is None or key.org not in organisations:
        raise wire.permission_denied("the JWT has no filter for the course's organisation", check="content_org filter")
    if "user:me" in identity.filters and not is_self(x, identity):
        raise wire.permission_denied("the JWT is limited to its own user (user:me)", check="user filter")


def api_key_or_authenticated(x: Call) -> None:
    """A server with the site's `X-Edx-Api-Key`, or somebody signed in."""
    if visits.of(x).identity is None and not credentials.has_api_key(x):
        raise wire.not_authenticated()


def developer_staff(x: Call) -> None:
    """Global staff; nobody at all is refused first."""
    if not caller(x).user.is_staff:
        raise wire.permission_denied("the caller is not staff (is_staff)")
