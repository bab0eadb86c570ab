"""canvasapi: the Canvas REST client."""

from __future__ import annotations

import warnings

from ...outcomes import Refused
from ..wire import canvas


class CanvasApi(canvas.Canvas):
    """The user behind a token, through the client."""

    WHY_WIRE = "it calls the REST API with a token it is given, and knows neither OAuth 2.0 nor LTI"

    def whoami(self, access_token: str | None) -> str | Refused:
        from canvasapi import Canvas
        from canvasapi.exceptions import InvalidAccessToken, Unauthorized

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it warns of http
            client = Canvas(self.base, access_token or "")
        try:
            return str(client.get_current_user().id)
        except InvalidAccessToken as error:
            return Refused(status=401, detail=str(error))
        except Unauthorized as error:
            return Refused(status=401, code="unauthorized", detail=str(error))
        finally:
            client._Canvas__requester._session.close()
