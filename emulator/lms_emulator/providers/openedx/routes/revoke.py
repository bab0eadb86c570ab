"""`/oauth2/revoke_token/`. Source: openedx.md 3; recorded answers (group revoke)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lms_emulator.core.http.exchange import BodyError
from lms_emulator.core.http.routing import Route
from lms_emulator.providers.openedx import wire
from lms_emulator.providers.openedx.clients import ClientCheck
from lms_emulator.providers.openedx.routes.token import authority, post_only

if TYPE_CHECKING:
    from starlette.responses import Response

    from lms_emulator.providers.openedx.visits import Call


def revoke_token(x: Call) -> Response:
    """Revoke an access or refresh token; an unknown one is as good as revoked."""
    if x.query_string:
        raise wire.oauth_error(
            "invalid_request", "URL query parameters are not allowed", reason="query_string", check="query string"
        )
    try:
        token = x.field("token")
    except BodyError:
        token = ""
    if not token:
        raise wire.oauth_error(
            "invalid_request",
            "Missing token parameter.",
            reason="missing_token",
            check="token",
            diagnosis=None if x.is_form or not x.body else "only form bodies are read",
        )
    ClientCheck(x).require()
    if not authority(x).revoke(token, x.field("token_type_hint") or None):
        why = "JWTs cannot be revoked: they end by themselves" if token.count(".") == 2 else "no such token"
        x.warn("nothing_revoked", f"{why}; the answer is the same either way")
    return wire.empty(200)


def _routes(path: str) -> tuple[Route, Route]:
    return (
        Route(
            methods=("POST",),
            path=path,
            handler=revoke_token,
            evidence="recorded",
            source="openedx.md 3",
            summary="Revoke a token",
            tag="oauth2",
        ),
        Route(
            methods=(),
            path=path,
            handler=post_only,
            evidence="recorded",
            source="recording main 393",
            summary="Other methods: 405",
        ),
    )


ROUTES = (*_routes("/oauth2/revoke_token/"), *_routes("/oauth2/revoke_token"), *_routes("/_o/revoke_token/"))
