"""An integrator's own code: calls of the API, a browser, and a signer for launches."""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import Any
from urllib.parse import quote, urlsplit

import httpx

from lms_emulator.client.emulator import Emulator

BROWSER = {"Accept": "text/html,application/xhtml+xml"}


class Site:
    """OpenLearning as seen from outside, with the demo world's credentials at hand."""

    def __init__(self, lms: Emulator, url: str | None = None) -> None:
        self.lms = lms
        self.info = lms.openlearning
        self.url = url or self.info.url
        self.http = httpx.Client(base_url=self.url, timeout=30)

    def close(self) -> None:
        self.http.close()

    # API

    def call(self, method: str, path: str, *, key: str | None = None, version: str = "v2.1", **more: Any) -> Any:
        """One call of the API with the administrator's key, or another one; `key=""` sends none."""
        params = dict(more.pop("params", {}))
        if key != "":
            params["api_key"] = key or self.info.api_key
        return self.http.request(method, f"/{version}{path}", params=params, **more)

    def get(self, path: str, **more: Any) -> httpx.Response:
        return self.call("GET", path, **more)

    def post(self, path: str, data: Any = None, **more: Any) -> httpx.Response:
        return self.call("POST", path, data=data, **more)

    def managed_users(self, institution: str | None = None) -> str:
        return f"/institutions/{institution or self.info.institution_id}/managed-users/"

    def provision(self, **fields: str) -> httpx.Response:
        """Create a managed user without mails; the fields complete or replace the defaults."""
        profile = {
            "full_name": "Zoë O'Neil & Co",
            "external_institution_id": "student 42/ä",
            "primary_email_address": "zoe+test@example.edu",
            "send_password_email": "false",
            "send_welcome_email": "false",
        }
        return self.post(self.managed_users(), profile | fields)

    def sign_on(self, user_id: str | None = None, **fields: str) -> httpx.Response:
        user_id = user_id or self.info.managed_user.id
        return self.post(f"{self.managed_users()}{user_id}/sign-on/", fields)

    def launch_data(self, user_id: str | None = None, **fields: str) -> dict[str, Any]:
        """`url`, `method` and `params` of a fresh launch; into the demo class unless `fields` say otherwise."""
        fields = fields or {"class_id": self.info.class_id}
        response = self.sign_on(user_id, **fields)
        assert response.status_code == 200, response.text
        data: dict[str, Any] = response.json()["data"]
        return data

    # browser

    def browser(self) -> httpx.Client:
        """A browser with cookies of its own. Close it, or use it in a with statement."""
        return httpx.Client(base_url=self.url, headers=BROWSER, timeout=30)

    def post_launch(self, data: dict[str, Any]) -> httpx.Response:
        """Post a launch from a fresh browser, without following where it leads."""
        with self.browser() as browser:
            return browser.post(data["url"], data=data["params"])

    # launches signed by the integrator

    def signed(self, *, secret: str | None = None, url: str | None = None, **changes: str | None) -> dict[str, Any]:
        """A launch signed here, by the book. None leaves a field out."""
        url = url or self.info.launch_url
        fields: dict[str, str | None] = {
            "lti_message_type": "basic-lti-launch-request",
            "lti_version": "LTI-1p0",
            "resource_link_id": "link-1",
            "user_id": self.info.managed_user.external_institution_id,
            "context_id": self.info.class_id,
            "roles": "Learner",
            "oauth_consumer_key": self.info.consumer_key,
            "oauth_signature_method": "HMAC-SHA1",
            "oauth_timestamp": str(int(self.lms.clock.now.timestamp())),
            "oauth_nonce": hashlib.sha256(repr(sorted(changes.items())).encode()).hexdigest()[:24],
            "oauth_version": "1.0",
            "oauth_callback": "about:blank",
        }
        fields |= changes
        params = {name: value for name, value in fields.items() if value is not None}
        params["oauth_signature"] = hmac_sha1(url, params, secret or self.info.consumer_secret)
        return {"url": url, "method": "POST", "params": params}

    # what the emulator knows

    def refusal(self) -> Any:
        """Why the latest request was refused."""
        return self.lms.requests.last.refusal

    def warnings(self) -> list[str]:
        """Codes of the latest request's warnings."""
        return [warning.code for warning in self.lms.requests.last.warnings]


def hmac_sha1(url: str, params: dict[str, str], secret: str, method: str = "POST") -> str:
    """An OAuth 1.0 signature, written here from the RFC, without the code under test."""

    def escape(text: str) -> str:
        return quote(text, safe="~")

    parts = urlsplit(url)
    plain = f"{parts.scheme}://{parts.netloc}{parts.path}"
    escaped = sorted((escape(name), escape(value)) for name, value in params.items())  # by name first: `a` before `a0`
    pairs = "&".join(f"{name}={value}" for name, value in escaped)
    base = "&".join(escape(part) for part in (method, plain, pairs))
    digest = hmac.new(f"{escape(secret)}&".encode(), base.encode(), hashlib.sha1).digest()
    return base64.b64encode(digest).decode()
