"""`/oauth2/revoke_token/`: revoking tokens. Source: django-oauth-toolkit 1.7.1 `oauth2_provider/views/base.py`."""

from __future__ import annotations

from starlette.responses import Response

from lms_emulator.core.http.exchange import BodyError
from lms_emulator.providers.openedx import refusals, wire
from lms_emulator.providers.openedx.call import Call
from lms_emulator.providers.openedx.oauth.clients import ClientCheck
from lms_emulator.providers.openedx.oauth.tokens import issuer
from lms_emulator.providers.openedx.routes.resource import recorded
from lms_emulator.providers.openedx.routes.token import post_endpoint


def revoke_token(call: Call) -> Response:
    """Revoke an access or refresh token. The answer for an unknown one is the same."""
    if call.query_string:
        raise refusals.oauth_error(
            "invalid_request", "URL query parameters are not allowed", reason="query_string", check="query string"
        )
    try:
        token = call.field("token")
    except BodyError:
        token = ""
    if not token:
        raise refusals.oauth_error(
            "invalid_request",
            "Missing token parameter.",
            reason="missing_token",
            check="token",
            diagnosis=None if call.is_form or not call.body else "only form bodies are read",
        )
    ClientCheck(call).require()
    if not issuer(call).revoke(token, call.field("token_type_hint") or None):
        why = "a JWT cannot be revoked: it lives until it expires" if token.count(".") == 2 else "no such token"
        call.warn("nothing_revoked", f"{why}; the answer is the same either way")
    return wire.empty(200)


_VIEW = "django-oauth-toolkit 1.7.1 oauth2_provider/views/base.py, RevokeTokenView"

ROUTES = (
    *post_endpoint("/oauth2/revoke_token/", revoke_token, "Revoke a token", recorded("main", 365)),
    *post_endpoint("/oauth2/revoke_token", revoke_token, "Revoke a token", recorded("main", 382)),
    *post_endpoint("/_o/revoke_token/", revoke_token, "Revoke a token", _VIEW, "documented"),
)
