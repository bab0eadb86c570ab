"""edx-auth-backends: how Open edX's other services sign people in with the LMS (social-core's `EdXOAuth2`)."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

from contract_tests.django_settings import configure

from ...outcomes import Refused, Token
from ...ports import Client
from ..wire import openedx
from . import refused


class EdxAuthBackends(openedx.OpenEdx):
    """The exchange of codes and the refreshing of tokens, through the back end; it always asks for JWTs."""

    WHY_WIRE = (
        "it signs people in by code and asks for JWTs; PKCE, opaque tokens by code and public clients go by the wire"
    )

    def _backend(self, client: Client, code: str, redirect_uri: str) -> Any:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            configure()
            from auth_backends.backends import EdXOAuth2
            from social_core.strategy import BaseStrategy

        known = {
            "SOCIAL_AUTH_EDX_OAUTH2_KEY": client["client_id"],
            "SOCIAL_AUTH_EDX_OAUTH2_SECRET": client.get("client_secret", ""),
            "SOCIAL_AUTH_EDX_OAUTH2_URL_ROOT": self.base,
            "SOCIAL_AUTH_EDX_OAUTH2_PUBLIC_URL_ROOT": self.base,
        }

        class Strategy(BaseStrategy):  # type: ignore[type-arg]  # takes an argument in newer releases only
            def get_setting(self, name: str) -> Any:
                return known[name]

            def build_absolute_uri(self, path: str | None = None) -> str:
                return path or redirect_uri

            def session_get(self, name: str, default: Any = None) -> Any:
                return default

            def session_set(self, name: str, value: Any) -> None:
                """Nothing is stored between requests: only the exchange happens here."""

            def request_data(self, merge: bool = True) -> dict[str, str]:
                return {"code": code}

        return EdXOAuth2(Strategy(storage=None), redirect_uri=redirect_uri)

    def exchange(
        self, client: Client, code: str, redirect_uri: str, *, verifier: str | None = None, jwt: bool = False
    ) -> Token | Refused:
        if not jwt or verifier is not None or "client_secret" not in client:
            return super().exchange(client, code, redirect_uri, verifier=verifier, jwt=jwt)
        backend = self._backend(client, code, redirect_uri)
        return _answer(
            lambda: backend.request_access_token(
                backend.access_token_url(),
                data=backend.auth_complete_params(),
                headers=backend.auth_headers(),
                auth=backend.auth_complete_credentials(),
                method="POST",
            )
        )

    def refresh(self, client: Client, refresh_token: str, *, scope: str | None = None) -> Token | Refused:
        if scope is not None or "client_secret" not in client:
            return super().refresh(client, refresh_token, scope=scope)
        backend = self._backend(client, "", "")
        return _answer(lambda: backend.refresh_token(refresh_token))


def _answer(ask: Callable[[], Any]) -> Token | Refused:
    import requests
    from social_core.exceptions import SocialAuthBaseException

    try:
        body = ask()
    except (requests.HTTPError, SocialAuthBaseException) as error:
        response = getattr(error, "response", None) or getattr(error.__cause__, "response", None)
        return Refused(status=None) if response is None else refused(response)
    return Token(access=body["access_token"], expires_in=body["expires_in"], kind=body["token_type"],
                 scope=body["scope"], refresh=body.get("refresh_token"))  # fmt: skip
