"""What the two servers' `setup.json` say in the same way."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import tomli_w

_PERIODS = {"m": "minutes", "h": "hours", "d": "days"}


class Setup:
    """One server's setup. Parameters: `start`, the moment that `start-1h` and the like count from."""

    def __init__(self, document: dict[str, Any], start: datetime) -> None:
        self.document, self.start = document, start
        self._clients = {application["name"]: application["client_id"] for application in document["applications"]}

    def __getitem__(self, name: str) -> Any:
        return self.document[name]

    def moment(self, text: str | None) -> datetime | None:
        """A moment as the setup writes it: with its zone, or counted from the start."""
        if text is None:
            return None
        found = re.fullmatch(r"start-(\d+)([mhd])", text)
        if found is not None:
            return self.start - timedelta(**{_PERIODS[found.group(2)]: int(found.group(1))})
        return datetime.fromisoformat(text).astimezone(UTC)

    def client_id(self, application: str | None) -> str | None:
        """The client id of an application, by its name."""
        return self._clients.get(application or "")

    def site(self) -> dict[str, Any]:
        """Settings of the site, and its key for JWTs."""
        settings, jwt = self["settings"], self["settings"]["JWT"]
        return {
            "platform_name": self["platform_name"],
            "edx_api_key": settings["EDX_API_KEY"],
            "session_cookie_domain": settings["session_cookie_domain"],
            "cors_origin_whitelist": settings["cors_origin_whitelist"],
            "login_service_client_id": self["service_user"]["application_client_id"],
            "jwt": {
                "issuer": jwt["issuer"],
                "audience": jwt["audience"],
                "secret": jwt["hs256_secret"],
                "kid": jwt["private_signing_jwk"]["kid"],
                "private_signing_jwk": jwt["private_signing_jwk"],
            },
        }

    def service_user(self) -> dict[str, Any]:
        """The account of the login service."""
        service = self["service_user"]
        return {"id": service["id"], "username": service["username"], "email": f"{service['username']}@fake.email"}

    def applications(self, first_id: int) -> list[dict[str, Any]]:
        """The login service's application, then the others, numbered from `first_id`."""
        service = self["service_user"]
        login = {
            "id": 1,
            "name": "Login Service for JWT Cookies",
            "client_id": service["application_client_id"],
            "client_type": "public",
            "authorization_grant_type": "password",
            "user": service["username"],
        }
        return [
            login,
            *(application | {"id": number} for number, application in enumerate(self["applications"], first_id)),
        ]

    def tokens(self) -> dict[str, list[dict[str, Any]]]:
        """Access and refresh tokens that were there at the start."""
        access: list[dict[str, Any]] = []
        refresh: list[dict[str, Any]] = []
        for token in self["access_tokens"]:
            owner = {"user": token["user"], "application": self.client_id(token["application"])}
            access.append(
                {"token": token["token"], **owner, "expires": self.moment(token["expires"]), "scope": token["scope"]}
            )
            if "refresh_token" in token:
                revoked = self.moment(token.get("refresh_revoked"))
                created = self.moment(token.get("refresh_created", "start-1h"))
                issued = {"access_token": token["token"], "revoked": revoked, "created": created}
                refresh.append({"token": token["refresh_token"], **owner, **issued})
        return {"access_tokens": access, "refresh_tokens": refresh}

    def dates(self, course: dict[str, Any]) -> dict[str, datetime | None]:
        """When a course, and enrolling in it, begin and end."""
        return {name: self.moment(course[name]) for name in ("start", "end", "enrollment_start", "enrollment_end")}

    def modes(self, course: dict[str, Any]) -> list[dict[str, Any]]:
        """The modes of a course, with the world file's names."""
        names = {"mode_slug": "slug", "mode_display_name": "name"}
        modes = [{names.get(key, key): value for key, value in item.items()} for item in course["modes"]]
        for mode in modes:
            if "expiration_datetime" in mode:
                mode["expiration_datetime"] = self.moment(mode["expiration_datetime"])
        return modes


def toml(document: dict[str, Any]) -> str:
    """A document as TOML, which has no null: what is null is left out."""
    return tomli_w.dumps(_without_null(document))


def _without_null(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_null(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [_without_null(item) for item in value]
    return value
