"""OpenLearning by plain HTTP; signatures by the standard library."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from ...http import Answer, Browser, Http, form
from ...outcomes import Form, Refused


class OpenLearning:
    """The port, request by request."""

    provider = "openlearning"

    def __init__(self, http: Http, base: str, facts: Mapping[str, Any]) -> None:
        self.http, self.base, self.facts = http, base, facts

    def provision(self, api_key: str, institution: str, external_id: str, email: str, name: str) -> str | Refused:
        fields = {
            "full_name": name,
            "external_institution_id": external_id,
            "primary_email_address": email,
            "send_password_email": "false",
            "send_welcome_email": "false",
        }
        answer = form(self.http, f"{self.base}/v2.1/institutions/{institution}/managed-users/{key(api_key)}", fields)
        return answer.json()["data"]["id"] if answer.status == 200 else refused(answer)

    def sign_on(self, api_key: str, institution: str, user_id: str, class_id: str | None = None) -> Form | Refused:
        url = f"{self.base}/v2.1/institutions/{institution}/managed-users/{user_id}/sign-on/{key(api_key)}"
        answer = form(self.http, url, {"class_id": class_id} if class_id is not None else {})
        if answer.status != 200:
            return refused(answer)
        data = answer.json()["data"]
        assert data["method"] == "POST"
        return Form(url=data["url"], fields=tuple(data["params"].items()))

    def sign(self, url: str, fields: Mapping[str, str], key: str, secret: str, timestamp: int, nonce: str) -> Form:
        pairs = [
            *fields.items(),
            ("oauth_consumer_key", key),
            ("oauth_signature_method", "HMAC-SHA1"),
            ("oauth_timestamp", str(timestamp)),
            ("oauth_nonce", nonce),
            ("oauth_version", "1.0"),
            ("oauth_callback", "about:blank"),
        ]
        return Form(url=url, fields=(*pairs, ("oauth_signature", signature(url, pairs, secret))))

    def verify(self, form: Form, key: str, secret: str) -> bool:
        unsigned = [(name, value) for name, value in form.fields if name != "oauth_signature"]
        return form["oauth_consumer_key"] == key and form["oauth_signature"] == signature(form.url, unsigned, secret)

    def launch(self, browser: Browser, form: Form, *, method: str = "POST") -> str | Refused:
        if method == "GET":
            answer = browser.send("GET", f"{form.url}?{urlencode(form.fields)}")
        else:
            answer = browser.form(form.url, form.fields)
        return answer.location if answer.status == 302 else refused(answer)

    def enrolments(self, api_key: str, user_id: str) -> list[str] | Refused:
        answer = self.http.send("GET", f"{self.base}/v2.1/users/{user_id}/enrolments/{key(api_key)}")
        return [item["class"] for item in answer.json()["data"]] if answer.status == 200 else refused(answer)


def key(api_key: str) -> str:
    """The API key as a query."""
    return f"?{urlencode({'api_key': api_key})}" if api_key else ""


def signature(url: str, pairs: Iterable[tuple[str, str]], secret: str) -> str:
    """HMAC-SHA1 of RFC 5849 for a POSTed form."""
    parts = urlsplit(url)
    default = {"http": 80, "https": 443}[parts.scheme]
    port = "" if parts.port in (None, default) else f":{parts.port}"
    address = f"{parts.scheme}://{(parts.hostname or '').lower()}{port}{parts.path or '/'}"
    encoded = sorted((quote(name, safe="~"), quote(value, safe="~")) for name, value in pairs)
    parameters = "&".join(f"{name}={value}" for name, value in encoded)
    base = "&".join(quote(part, safe="~") for part in ("POST", address, parameters))
    digest = hmac.new(f"{quote(secret, safe='~')}&".encode(), base.encode(), hashlib.sha1).digest()
    return base64.b64encode(digest).decode()


def refused(answer: Answer) -> Refused:
    """A refusal of the API or of the launch page."""
    body = answer.json()
    code = answer.header("x-emulator-launch-error") or None
    detail = body.get("detail") if isinstance(body, dict) else None
    return Refused(status=answer.status, code=code, detail=str(detail or answer.text[:200]))
