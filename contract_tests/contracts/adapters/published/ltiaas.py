"""LTIAAS's own Python client."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...outcomes import Refused
from ..wire import ltiaas


class LtiaasClient(ltiaas.Ltiaas):
    """Launches and rosters through the client, which has no OAuth 2.0 methods; only its base URL is changed."""

    WHY_WIRE = "it has no OAuth 2.0 methods"

    def id_token(self, api_key: str, ltik: str) -> Any | Refused:
        token = self._ask(api_key, ltik, lambda client: client.get_id_token())
        if isinstance(token, Refused):
            return token
        user = {"id": token.user.id, "email": token.user.email, "name": token.user.name}
        return {"user": user, "platform": {"id": token.platform.id}}

    def members(self, api_key: str, ltik: str) -> list[str] | Refused:
        found = self._ask(api_key, ltik, lambda client: client.get_memberships())
        return found if isinstance(found, Refused) else [member.user_id for member in found.members]

    def _ask(self, api_key: str, ltik: str, call: Callable[[Any], Any]) -> Any | Refused:
        from ltiaas.client.request_handler import RequestHandler
        from ltiaas.exceptions.api_error import APIError

        from ltiaas import LTIAASLaunch

        client = LTIAASLaunch(domain="demo.ltiaas.com", api_key=api_key, ltik=ltik)
        client._request_handler = RequestHandler(self.base)
        try:
            return call(client)
        except APIError as error:
            assert error.response is not None, error
            details = error.response.details
            return Refused(status=error.response.status, code=details.message if details else None)
        finally:
            client._request_handler.session.close()
