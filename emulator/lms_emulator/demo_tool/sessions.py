"""Browser sessions. In memory, as this is a demonstration."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from lms_emulator.core.ids import Ids
from lms_emulator.demo_tool.ltiaas import Tokens

COOKIE = "demo_tool_session"


@dataclass
class Session:
    """One user at one browser.

    `launch` is the id token of the launch. `connecting` is the id of the user who pressed Connect: LTIAAS passes no
    value of the application through the OAuth2 flow, so only this session knows who began it.
    """

    id: str
    launch: dict[str, Any]
    ltik: str
    connecting: str | None = None
    tokens: Tokens | None = None

    @property
    def user(self) -> dict[str, Any]:
        """`id`, `name`, `email`, `roles` of the launch."""
        return user_of(self.launch)

    @property
    def platform_id(self) -> str:
        """The LTIAAS platform id of the launch; empty for LTI 1.1, which has neither registrations nor OAuth2."""
        return str(self.launch["platform"].get("id", ""))

    @property
    def family(self) -> str:
        """`canvas`, `desire2learn`, …"""
        return str(self.launch["platform"].get("productFamilyCode", ""))


def user_of(launch: dict[str, Any]) -> dict[str, Any]:
    """Who was launched. An LMS need not tell anything but the id."""
    return {"name": None, "givenName": None, "email": None, "roles": [], **launch["user"]}


class Sessions:
    """The sessions, newest last. The oldest are dropped to make room."""

    def __init__(self, limit: int = 1_000) -> None:
        self._sessions: OrderedDict[str, Session] = OrderedDict()
        self._limit = limit
        self._ids = Ids()

    def open(self, request: Request, response: Response, launch: dict[str, Any], ltik: str) -> Session:
        """Begin a session for a launch, with a new cookie.

        In a frame of the LMS only `SameSite=None; Secure` is kept. Chromium, which sends client hints, keeps that on
        loopback without TLS too.
        """
        secure = request.url.scheme == "https" or "sec-ch-ua" in request.headers
        session = Session(self._ids.token(43), launch, ltik)
        self._sessions[session.id] = session
        while len(self._sessions) > self._limit:
            self._sessions.popitem(last=False)
        response.set_cookie(
            COOKIE, session.id, httponly=True, secure=secure, samesite="none" if secure else "lax", path="/"
        )
        return session

    def of(self, request: Request) -> Session | None:
        """The session of a browser, if it has one."""
        return self._sessions.get(request.cookies.get(COOKIE, ""))
