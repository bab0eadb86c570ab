"""Client authentication at OAuth endpoints: HTTP Basic first, then the form.

Sources: django-oauth-toolkit 1.7.1 `oauth2_provider/oauth2_validators.py` (_authenticate_basic_auth,
_authenticate_request_body); `fixtures/recordings/openedx`, main.jsonl 1-90.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from urllib.parse import unquote_plus

from lms_emulator.providers.openedx import refusals
from lms_emulator.providers.openedx.call import Call
from lms_emulator.providers.openedx.model import lookup
from lms_emulator.providers.openedx.model.accounts import Application


class ClientCheck:
    """Client authentication of one request. The first application found stays the application, as in the toolkit."""

    def __init__(self, call: Call) -> None:
        self.call = call
        self.application: Application | None = None
        self.notes: list[str] = []
        self.strange: str | None = None
        self.registered: str | None = None

    def require(self) -> Application:
        """The application. Raises `invalid_client` if it cannot be authenticated."""
        if self._must_authenticate():
            proven = self._by_basic() or self._by_form()
        else:
            proven = self._load(self.call.field("client_id")) is not None and not self._confidential()
        if not proven or self.application is None:
            raise self._refusal()
        self.call.check("client authentication", got=self.application.client_id)
        return self.application

    def authenticate(self) -> Application:
        """The application, which must send its secret even if it is public."""
        if not (self._by_basic() or self._by_form()) or self.application is None:
            raise self._refusal()
        self.call.check("client authentication", got=self.application.client_id)
        return self.application

    def _must_authenticate(self) -> bool:
        if self._basic() is not None:
            return True
        if self.call.field("client_id") and self.call.field("client_secret"):
            return True
        self._load(self.call.field("client_id"))
        return self.application is None or self._confidential()

    def _confidential(self) -> bool:
        return self.application is not None and self.application.client_type == "confidential"

    def _load(self, client_id: str) -> Application | None:
        if self.application is None and client_id:
            self.application = lookup.application(self.call.store, self.call.settings, client_id)
            if self.application is None:
                self.notes.append(f"no application has the client id {client_id!r}")
                self.strange = client_id
        return self.application

    def _basic(self) -> str | None:
        scheme, space, value = self.call.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "basic" and scheme != "Basic":
            self.notes.append("the scheme must be written `Basic`, in this case of letters")
        return value if space and scheme == "Basic" else None

    def _by_basic(self) -> bool:
        value = self._basic()
        if value is None:
            return False
        try:
            text = base64.b64decode(value).decode("utf-8")
        except (binascii.Error, ValueError):
            self.notes.append("the Basic credentials are not base64 of UTF-8 text")
            return False
        client_id, colon, secret = (unquote_plus(part) for part in text.partition(":"))
        if not colon:
            self.notes.append("the Basic credentials have no colon")
            return False
        application = self._load(client_id)
        if application is None or application.client_id != client_id:
            return False
        return self._secret_holds(application, secret)

    def _by_form(self) -> bool:
        application = self._load(self.call.field("client_id"))
        return application is not None and self._secret_holds(application, self.call.field("client_secret"))

    def _secret_holds(self, application: Application, secret: str) -> bool:
        if hmac.compare_digest(application.client_secret.encode(), secret.encode("utf-8", "surrogatepass")):
            return True
        if secret or not self.strange:
            self.strange, self.registered = secret, application.client_secret
        return False

    def _refusal(self) -> refusals.OpenedxRefusal:
        notes = list(dict.fromkeys(self.notes))
        return refusals.oauth_error(
            "invalid_client",
            check="client authentication",
            expected="client_id and client_secret, in HTTP Basic or the form",
            got={"client_id": self.call.field("client_id"), "basic": self._basic() is not None},
            diagnosis="; ".join(notes) or None,
            absent="client_id",
            credential=self.strange,
            registered=self.registered,
        )
