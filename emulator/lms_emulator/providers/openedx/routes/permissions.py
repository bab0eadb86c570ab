"""Permissions of REST resources, named in their declarations; each raises the refusal.

Sources: Django REST framework `rest_framework/permissions.py`; edx-drf-extensions 10.6.0
`edx_rest_framework_extensions/permissions.py` (JWT_RESTRICTED_APPLICATION_OR_USER_ACCESS).
"""

from __future__ import annotations

from collections.abc import Callable

from lms_emulator.providers.openedx import credentials, refusals
from lms_emulator.providers.openedx.call import Call, caller, calling_identity
from lms_emulator.providers.openedx.credentials import Identity
from lms_emulator.providers.openedx.rules import keys

Permission = Callable[["Call"], None]


def anyone(call: Call) -> None:
    """Everybody, signed in or not."""


def is_authenticated(call: Call) -> None:
    """A user is signed in."""
    calling_identity(call)


def is_staff(call: Call) -> None:
    """A member of the site's staff."""
    if not caller(call).is_staff:
        raise refusals.permission_denied("the caller is not staff (is_staff)")


def is_superuser(call: Call) -> None:
    """Permission to retire users: superusers."""
    if not caller(call).is_superuser:
        raise refusals.permission_denied("only a superuser or the retirement service may do this")


def api_key_or_authenticated(call: Call) -> None:
    """A server with the site's `X-Edx-Api-Key`, or a user signed in."""
    if not credentials.has_api_key(call):
        calling_identity(call)


def api_key(call: Call) -> None:
    """A server with the site's `X-Edx-Api-Key`, whatever its other credentials."""
    if not credentials.has_api_key(call):
        calling_identity(call)
        raise refusals.permission_denied("this list is for servers with X-Edx-Api-Key", check="X-Edx-Api-Key")


def staff_or_self(scope: str) -> Permission:
    """Staff, or the user named in the URL or in `?username=`; a restricted JWT with the scope and the filters.

    Parameters: `scope`, what a JWT of a restricted application must have been given.
    """

    def permission(call: Call) -> None:
        identity = calling_identity(call)
        if identity.is_restricted:
            _restricted(call, identity, scope)
        elif not identity.user.is_staff and not is_self(call):
            named = call.path_params.get("username") or call.query.get("username")
            why = (
                "is neither staff nor the user named by `username`" if named else "is not staff; no `username` was sent"
            )
            raise refusals.permission_denied(f"the caller {why}", check="staff or the named user")

    return permission


def is_self(call: Call) -> bool:
    """Whether the user named in the URL, or else in the query, is the caller."""
    named: str | None = call.path_params.get("username") or call.query.get("username")
    return named is not None and named.lower() == caller(call).username.lower()


def _restricted(call: Call, identity: Identity, scope: str) -> None:
    """Check a JWT of a restricted application: the scope, the filter for the organisation, and the user."""
    if scope not in identity.scopes:
        raise refusals.permission_denied("the JWT lacks the scope", check=f"scope {scope}")
    key = keys.course_key(call.path_params.get("course_id") or call.query.get("course_id") or "")
    organisations = [text.partition(":")[2] for text in identity.filters if text.startswith("content_org:")]
    if key is None or key.org not in organisations:
        raise refusals.permission_denied(
            "the JWT has no filter for the course's organisation", check="content_org filter"
        )
    if "user:me" in identity.filters and not is_self(call):
        raise refusals.permission_denied("the JWT is limited to its own user (user:me)", check="user filter")
