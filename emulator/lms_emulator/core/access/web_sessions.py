"""Browser sessions of a web site: the cookie, the CSRF token, who is signed in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import wraps
from typing import Any, Generic, Protocol, TypeVar

from msgspec.structs import replace
from starlette.responses import RedirectResponse, Response

from lms_emulator.core.http.exchange import Exchange
from lms_emulator.core.http.pages import NOT_IN_FRAMES, page
from lms_emulator.core.http.refusals import Refusal
from lms_emulator.core.ids import Ids
from lms_emulator.core.state.records import Instant, Record
from lms_emulator.core.state.tables import Table

C = TypeVar("C", bound=Exchange[Any, Any])
P = TypeVar("P")
S = TypeVar("S", bound="WebSession[Any]")
U = TypeVar("U")


class WebSession(Record, Generic[P], frozen=True, kw_only=True):
    """A browser's session.

    Attributes:
        csrf: the token in every form of the site.
        return_to: the page that signing in leads to.
        pending: an application's request that waits in the session until the person has signed in and decided.
    """

    id: str
    csrf: str
    user_id: int | None = None
    return_to: str | None = None
    pending: P | None = None
    expires_at: Instant


class SessionStore(Protocol[S, U]):
    """What a store needs for sessions."""

    sessions: Table[S]
    users: Table[U]


class SessionSettings(Protocol):
    """What settings need for sessions."""

    @property
    def session_lifetime_seconds(self) -> int: ...


@dataclass(frozen=True, kw_only=True)
class WebSessions(Generic[S, U]):
    """The sessions of one provider.

    Parameters:
        record: what a session is.
        name: of the cookie.
        field: the form field that returns the token.
        new_csrf: draws the token.
        wrong_csrf: makes the refusal of a form without the session's token.
        sign_in: the path of the sign-in page.
        package: the provider's, with its templates.
    """

    record: type[S]
    name: str
    field: str
    new_csrf: Callable[[Ids], str]
    wrong_csrf: Callable[[], Refusal]
    sign_in: str
    package: str

    def find(self, exchange: Exchange[SessionStore[S, U], SessionSettings]) -> S | None:
        """The browser's live session, if it has one."""
        session = exchange.store.sessions.get(exchange.cookies.get(self.name))
        return session if session is not None and exchange.clock.now() < session.expires_at else None

    def open(self, exchange: Exchange[SessionStore[S, U], SessionSettings]) -> S:
        """The browser's session, or a new one that must be sent with the cookie."""
        found = self.find(exchange)
        if found is not None:
            return found
        expires = exchange.clock.now() + timedelta(seconds=exchange.settings.session_lifetime_seconds)
        return self._keep(
            exchange, self.record(id=exchange.ids.token(43), csrf=self.new_csrf(exchange.ids), expires_at=expires)
        )

    def change(self, exchange: Exchange[SessionStore[S, U], SessionSettings], session: S, **changes: object) -> S:
        """Keep the session with some fields replaced."""
        return self._keep(exchange, replace(session, **changes))

    def signed_in_as(self, exchange: Exchange[SessionStore[S, U], SessionSettings], session: S, user_id: int) -> S:
        """The session of a person who has just signed in, under a new id to prevent session fixation."""
        exchange.store.sessions.delete(session.id)
        fresh = {"id": exchange.ids.token(43), "csrf": self.new_csrf(exchange.ids)}
        return self.change(exchange, session, **fresh, user_id=user_id, return_to=None)

    def user(self, exchange: Exchange[SessionStore[S, U], SessionSettings], session: S | None) -> U | None:
        """The person signed in."""
        if session is None or session.user_id is None:
            return None
        return exchange.store.users.get(session.user_id)

    def posted(self, exchange: Exchange[SessionStore[S, U], SessionSettings]) -> S:
        """The session that a posted form belongs to. Raises the refusal for a wrong token."""
        session = self.find(exchange)
        if session is None or exchange.field(self.field) != session.csrf:
            exchange.check(self.field, False)
            raise self.wrong_csrf()
        return session

    def cookie(self, exchange: Exchange[SessionStore[S, U], SessionSettings], session: S) -> str:
        """A session's Set-Cookie. Secure and SameSite=None, as frames need; Lax where browsers would drop that."""
        tail = "; Secure; SameSite=None" if exchange.keeps_secure_cookies else "; SameSite=Lax"
        return f"{self.name}={session.id}; Path={exchange.prefix or '/'}; HttpOnly{tail}"

    def redirect(self, exchange: Exchange[SessionStore[S, U], SessionSettings], session: S, url: str) -> Response:
        """Send the browser on, with its cookie."""
        return RedirectResponse(url, 302, {"Set-Cookie": self.cookie(exchange, session), "Cache-Control": "no-store"})

    def finish(self, exchange: Exchange[SessionStore[S, U], SessionSettings], session: S, url: str) -> Response:
        """Send the browser on, with the application's request decided."""
        return self.redirect(exchange, self.change(exchange, session, pending=None), url)

    def page(
        self, exchange: Exchange[SessionStore[S, U], SessionSettings], session: S, template: str, **values: Any
    ) -> Response:
        """A page to sign in or consent on, with the session's cookie and token; it cannot be framed."""
        headers = {**NOT_IN_FRAMES, "Set-Cookie": self.cookie(exchange, session)}
        return page(self.package, template, headers=headers, base=exchange.base_url, csrf=session.csrf, **values)

    def signed_in(self, handler: Callable[[C, S, U], Response]) -> Callable[[C], Response]:
        """Wrap the handler of a page for signed-in users; others are sent to sign in first, and come back."""

        @wraps(handler)
        def checked(exchange: C) -> Response:
            session = self.find(exchange)
            user = self.user(exchange, session)
            if session is not None and user is not None:
                return handler(exchange, session, user)
            current_path = exchange.request_url.removeprefix(exchange.base_url)
            fresh = self.change(exchange, session or self.open(exchange), return_to=current_path, pending=None)
            return self.redirect(exchange, fresh, exchange.url(self.sign_in))

        return checked

    def _keep(self, exchange: Exchange[SessionStore[S, U], SessionSettings], session: S) -> S:
        return exchange.store.sessions.put(session)
