"""The signed cookie that ties a redirect chain to one browser."""

from __future__ import annotations

import hashlib
import hmac

from starlette.responses import Response

from lms_emulator.providers.ltiaas.credentials import Call
from lms_emulator.providers.ltiaas.model import Tenant


def cookie_name(state: str) -> str:
    """One cookie per state, named as ltijs names it."""
    return f"state{state}"


def bind(x: Call, response: Response, tenant: Tenant, state: str, value: str, seconds: int) -> None:
    """Set the cookie of `state`, holding `value`, for so many seconds."""
    secure = x.settings.cookie_secure == "always" or (x.settings.cookie_secure == "auto" and x.scheme == "https")
    response.set_cookie(
        cookie_name(state),
        f"{value}.{_signature(tenant, state, value)}",
        max_age=seconds,
        path="/",
        secure=secure,
        httponly=True,
        samesite="none" if secure else None,
    )


def bound(x: Call, tenant: Tenant, state: str) -> str | None:
    """The value in this browser's cookie of `state`; None when there is none that LTIAAS signed."""
    value, _, signature = x.cookies.get(cookie_name(state), "").rpartition(".")
    wanted = _signature(tenant, state, value)
    return value if signature and hmac.compare_digest(signature.encode(), wanted.encode()) else None


def release(response: Response, state: str) -> None:
    """Take the cookie back."""
    response.delete_cookie(cookie_name(state), path="/", httponly=True, samesite=None)


def _signature(tenant: Tenant, state: str, value: str) -> str:
    return hmac.new(tenant.ltik_secret.encode(), f"{state}:{value}".encode(), hashlib.sha256).hexdigest()[:43]
