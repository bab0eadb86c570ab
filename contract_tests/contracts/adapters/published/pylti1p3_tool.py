"""What PyLTI1p3 asks every web framework to provide, for one request at a time."""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any

import requests
from pylti1p3.cookie import CookieService
from pylti1p3.message_launch import MessageLaunch
from pylti1p3.oidc_login import OIDCLogin
from pylti1p3.redirect import Redirect
from pylti1p3.registration import Registration
from pylti1p3.request import Request
from pylti1p3.session import SessionService
from pylti1p3.tool_config.dict import ToolConfDict

from ..wire.tool import Seat


class _Request(Request):
    def __init__(self, params: dict[str, str], session: MutableMapping[str, Any]) -> None:
        super().__init__()
        self._params, self._session = params, session

    @property
    def session(self) -> Any:
        return self._session

    def is_secure(self) -> bool:
        return False

    def get_param(self, key: str) -> str:
        return self._params.get(key, "")


class _Cookies(CookieService):
    def __init__(self, jar: MutableMapping[str, Any]) -> None:
        self._jar = jar

    def get_cookie(self, name: str) -> str | None:
        return self._jar.get(f"cookie {name}")

    def set_cookie(self, name: str, value: str | int, exp: int | None = 3600) -> None:
        self._jar[f"cookie {name}"] = str(value)


class _Redirect(Redirect[str]):
    def __init__(self, location: str) -> None:
        self._location = location

    def do_redirect(self) -> str:
        return self._location

    def do_js_redirect(self) -> str:
        return self._location

    def set_redirect_url(self, location: str) -> None:
        self._location = location

    def get_redirect_url(self) -> str:
        return self._location


class _Login(OIDCLogin[Any, Any, Any, Any, Any]):
    def get_redirect(self, url: str) -> _Redirect:
        return _Redirect(url)


class _Launch(MessageLaunch[Any, Any, Any, Any]):
    def _get_request_param(self, key: str) -> str:
        return str(self._request.get_param(key))


class _Config(ToolConfDict):
    """The registration, with the id under which the tool's key is published."""

    kid = ""

    def find_registration_by_issuer(self, iss: str, *args: Any, **kwargs: Any) -> Registration:
        return self._named(super().find_registration_by_issuer(iss, *args, **kwargs))

    def find_registration_by_params(self, iss: str, client_id: str, *args: Any, **kwargs: Any) -> Registration:
        return self._named(super().find_registration_by_params(iss, client_id, *args, **kwargs))

    def _named(self, registration: Registration) -> Registration:
        registration.get_kid = lambda: self.kid  # type: ignore[method-assign]  # else it hashes the key to name it
        return registration


class Tool:
    """One request to the tool; `session` is the person's."""

    def __init__(self, seat: Seat, session: MutableMapping[str, Any]) -> None:
        known: Any = {
            "default": True,
            "client_id": seat.client_id,
            "auth_login_url": seat.auth_url,
            "auth_token_url": seat.token_url,
            "auth_audience": seat.audience or seat.token_url,
            "key_set_url": seat.keys_url,
            "deployment_ids": [seat.deployment_id],
        }
        self.config = _Config({seat.issuer: [known]})
        self.config.kid = seat.kid
        self.config.set_private_key(seat.issuer, seat.private_pem, client_id=seat.client_id)
        self.seat, self.session = seat, session
        self.http = requests.Session()

    @property
    def registration(self) -> Registration:
        """The tool's registration at the LMS."""
        return self.config.find_registration_by_params(self.seat.issuer, self.seat.client_id)

    def login(self, params: dict[str, str]) -> str:
        """Where to send the browser."""
        request = _Request(params, self.session)
        login = _Login(request, self.config, SessionService(request), _Cookies(self.session))
        return str(login.redirect(self.seat.launch_url))

    def launch(self, fields: dict[str, str]) -> MessageLaunch[Any, Any, Any, Any]:
        """A valid launch; raises LtiException for an invalid one."""
        request = _Request(fields, self.session)
        service, cookies = SessionService(request), _Cookies(self.session)
        launch = _Launch(request, self.config, service, cookies, requests_session=self.http)
        launch.validate()
        return launch
