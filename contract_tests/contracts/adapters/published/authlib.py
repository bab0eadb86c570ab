"""Authlib: a general OAuth 2.0 client."""

from __future__ import annotations

from typing import Any

from ...outcomes import Refused, Token
from ...ports import Client
from ..wire import openedx
from . import refused


class Authlib(openedx.OpenEdx):
    """Every grant through `OAuth2Session`, with HTTP Basic where the client has a secret."""

    ALSO = ("client_credentials", "password", "exchange", "refresh")  # all of them by `_token`
    WHY_WIRE = "an OAuth client has no `me`, enrolments or browser"

    def revoke(self, client: Client, token: str) -> Refused | None:
        with self._session(client) as session:
            answer = session.revoke_token(f"{self.base}/oauth2/revoke_token/", token=token)
        if answer.status_code == 200:
            return None
        return refused(answer)

    def _session(self, client: Client) -> Any:
        from authlib.integrations.requests_client import OAuth2Session

        method = "client_secret_basic" if client.get("client_secret") else "none"
        return OAuth2Session(client["client_id"], client.get("client_secret"), token_endpoint_auth_method=method)

    def _token(self, client: Client, *, jwt: bool = False, **fields: str | None) -> Token | Refused:
        from authlib.integrations.base_client import OAuthError

        given: dict[str, Any] = {name: value for name, value in fields.items() if value is not None}
        given |= {"token_type": "jwt"} if jwt else {}
        url = f"{self.base}/oauth2/access_token"
        with self._session(client) as session:
            try:
                if given.get("grant_type") == "refresh_token":
                    given.pop("grant_type")
                    token = session.refresh_token(url, **given)
                else:
                    token = session.fetch_token(url, **given)
            except OAuthError as error:
                return Refused(code=error.error, detail=str(error.description))
            except ValueError as error:  # an answer that is not JSON
                return Refused(detail=str(error))
            except Exception as error:
                response = getattr(error, "response", None)
                if response is None:
                    raise
                return Refused(status=response.status_code)
        return Token(
            access=token["access_token"],
            expires_in=token["expires_in"],
            kind=token["token_type"],
            scope=token["scope"],
            refresh=token.get("refresh_token"),
        )
