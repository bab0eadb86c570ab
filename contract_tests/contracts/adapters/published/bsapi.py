"""brightspace-api (`bsapi`): OAuth 2.0 and REST of Brightspace."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from ...outcomes import Refused, Token
from ...ports import Client
from ..wire import brightspace
from . import refused


class BsApi(brightspace.Brightspace):
    """Tokens and `whoami` through the client; it insists on https, so only the scheme of its URLs is changed."""

    WHY_WIRE = "it does not support LTI"

    def token(self, client: Client, code: str, redirect_uri: str) -> Token | Refused:
        from bsapi import oauth

        identity = (client["client_id"], client["client_secret"])
        return self._try(lambda: oauth.exchange_code_for_token(*identity, redirect_uri, code, token_url=self._url))

    def refresh(self, client: Client, refresh_token: str) -> Token | Refused:
        from bsapi import oauth

        identity = (client["client_id"], client["client_secret"])
        return self._try(lambda: oauth.refresh_access_token(*identity, refresh_token, token_url=self._url))

    @property
    def _url(self) -> str:
        return self.base + self.TOKEN

    def _try(self, call: Any) -> Token | Refused:
        from bsapi import APIError

        try:
            body = call()
        except APIError as error:
            assert error.response is not None, error
            return refused(error.response)
        return Token(access=body["access_token"], expires_in=body["expires_in"], refresh=body.get("refresh_token"))

    def whoami(self, access_token: str | None) -> str | Refused:
        import bsapi

        client = bsapi.BSAPI(access_token or "", urlsplit(self.base).netloc)
        client._create_url = lambda route: f"{self.base}{route}"
        try:
            return str(client.whoami().identifier)
        except bsapi.APIError as error:
            assert error.response is not None, error
            return Refused(status=error.response.status_code, detail=str(error)[:200])
        finally:
            client.session.close()
