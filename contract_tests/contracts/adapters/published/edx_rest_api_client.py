"""edx-rest-api-client: what Open edX's own services use to call each other, with JWTs."""

from __future__ import annotations

from typing import Any

import requests

from contract_tests.django_settings import configure

from ...outcomes import Refused, Token
from ...ports import Client
from ..wire import openedx
from . import refused


class EdxRestApiClient(openedx.OpenEdx):
    """Tokens by client credentials and by refresh, and calls with a JWT, as tubular's `LmsApi` makes them."""

    ALSO = ("to_retire", "move_retirement", "retire")  # all of them by `call`
    WHY_WIRE = (
        "it asks for no scope, knows no passwords, codes or revocation, and "
        "calls with JWTs; scopes, public clients and Bearer go by the wire"
    )

    def client_credentials(self, client: Client, *, scope: str | None = None, jwt: bool = False) -> Token | Refused:
        if scope is not None:
            return super().client_credentials(client, scope=scope, jwt=jwt)  # it asks for no scope
        return self._token(client, token_type="jwt" if jwt else "bearer", grant_type="client_credentials")

    def refresh(self, client: Client, refresh_token: str, *, scope: str | None = None) -> Token | Refused:
        if scope is not None or "client_secret" not in client:
            return super().refresh(client, refresh_token, scope=scope)
        return self._token(client, token_type="bearer", grant_type="refresh_token", refresh_token=refresh_token)

    def me(self, scheme: str | None, token: str) -> str | Refused:
        if scheme != "JWT":
            return super().me(scheme, token)
        configure()
        from edx_rest_api_client.auth import SuppliedJwtAuth

        answer = requests.get(f"{self.base}/api/user/v1/me", auth=SuppliedJwtAuth(token), timeout=10)
        if answer.status_code == 200:
            return str(answer.json()["username"])
        return Refused(status=answer.status_code, code=answer.json().get("detail"))

    def call(
        self, credentials: str, method: str, path: str, document: Any = None, *, kind: str = "application/json"
    ) -> Any | Refused:
        scheme, _, token = credentials.partition(" ")
        if scheme != "JWT" or kind != "application/json":
            return super().call(credentials, method, path, document, kind=kind)
        configure()
        from edx_rest_api_client.auth import SuppliedJwtAuth

        auth = SuppliedJwtAuth(token)
        answer = requests.request(method, f"{self.base}{path}", json=document, auth=auth, timeout=10)
        if answer.status_code >= 300:
            return refused(answer)
        return answer.json() if answer.content else None

    def _token(self, client: Client, **how: Any) -> Token | Refused:
        if "token_type" not in how:
            return super()._token(client, **how)
        configure()
        from edx_rest_api_client.client import get_oauth_access_token

        url = f"{self.base}/oauth2/access_token"
        try:
            access, expires = get_oauth_access_token(url, client["client_id"], client["client_secret"], **how)
        except requests.HTTPError as error:
            assert error.response is not None
            return refused(error.response)
        assert expires is not None
        return Token(access=access)
