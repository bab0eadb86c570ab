"""OpenLearning from an integrator's server: provision a person, ask for a launch, hand its form to the browser.

What it takes care of: the key goes into a header and never into a URL; every path ends in a slash; `data` is unwrapped;
mails are switched off; a refusal is told from a missing answer; a launch is asked for when it is needed, never kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import requests

from ...http import Http
from ...outcomes import Form, Refused

TIMEOUT = (3.05, 10)


class OpenLearning:
    """The integrator's side. Everything it does not implement goes through the wire adapter."""

    WHY_WIRE = "the browser's part, signing and checking launches are not the server's"

    provider = "openlearning"

    def __init__(self, http: Http, base: str, facts: Mapping[str, Any]) -> None:
        self.base = base

    def provision(self, api_key: str, institution: str, external_id: str, email: str, name: str) -> str | Refused:
        person = {
            "external_institution_id": external_id,
            "primary_email_address": email,
            "full_name": name,
            "send_password_email": "false",
            "send_welcome_email": "false",
        }
        data = self._post(api_key, f"/institutions/{institution}/managed-users/", person)
        return data if isinstance(data, Refused) else str(data["id"])

    def sign_on(self, api_key: str, institution: str, user_id: str, class_id: str | None = None) -> Form | Refused:
        wanted = {} if class_id is None else {"class_id": class_id}
        data = self._post(api_key, f"/institutions/{institution}/managed-users/{user_id}/sign-on/", wanted)
        return data if isinstance(data, Refused) else Form(url=data["url"], fields=tuple(data["params"].items()))

    def _post(self, api_key: str, path: str, fields: Mapping[str, str]) -> Any | Refused:
        headers = {"X-API-Key": api_key, "Accept": "application/json"}
        answer = requests.post(f"{self.base}/v2.1{path}", data=fields, headers=headers, timeout=TIMEOUT)
        if answer.status_code == 200:
            return answer.json()["data"]
        return Refused(status=answer.status_code, detail=answer.text[:200])
