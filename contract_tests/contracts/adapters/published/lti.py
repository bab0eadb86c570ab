"""`lti` with oauthlib: signs launches as a consumer and verifies them as a tool, independently of our own code."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

from ...outcomes import Form
from ..wire import openlearning


class Lti(openlearning.OpenLearning):
    """Signing by `ToolConsumer`'s oauthlib client, verifying by oauthlib's `SignatureOnlyEndpoint`."""

    WHY_WIRE = "it signs and checks launches; it does not call the REST API"

    def sign(self, url: str, fields: Mapping[str, str], key: str, secret: str, timestamp: int, nonce: str) -> Form:
        from oauthlib.oauth1 import SIGNATURE_TYPE_BODY, Client

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            client = Client(key, secret, signature_type=SIGNATURE_TYPE_BODY, nonce=nonce, timestamp=str(timestamp))
            headers = {"Content-Type": "application/x-www-form-urlencoded"}
            _, _, body = client.sign(url, "POST", body=dict(fields), headers=headers)
        from urllib.parse import parse_qsl

        return Form(url=url, fields=tuple(parse_qsl(body, keep_blank_values=True)))

    def verify(self, form: Form, key: str, secret: str) -> bool:
        from oauthlib.oauth1 import RequestValidator

        from lti import ToolProvider

        class Known(RequestValidator):  # type: ignore[misc]  # oauthlib has no types
            enforce_ssl = False
            dummy_client = "unknown"

            def validate_timestamp_and_nonce(self, *_: Any, **__: Any) -> bool:
                return True

            def validate_client_key(self, client_key: str, request: Any) -> bool:
                return client_key == key

            def get_client_secret(self, client_key: str, request: Any) -> str:
                return secret

            @property
            def timestamp_lifetime(self) -> int:
                return 10**9  # the site's clock may have been moved

        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        tool = ToolProvider.from_unpacked_request(secret, dict(form.fields), form.url, headers)
        return bool(tool.is_valid_request(Known()))
