"""A launch: login initiation, the tool's authentication request, and the id_token that answers it.

Sources: 1EdTech LTI Core 1.3 and Security Framework 1.0, 5.1.1.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, ClassVar, Generic, TypeAlias, TypeVar

import msgspec

from lms_emulator.core.access.absent import why_absent
from lms_emulator.core.access.token_requests import why_no_redirect
from lms_emulator.core.clock import isoformat
from lms_emulator.core.http.exchange import Exchange
from lms_emulator.core.http.refusals import Refusal, SiteRefusal
from lms_emulator.core.skew import with_shift
from lms_emulator.core.worlds.faults import Fault as WireFault
from lms_emulator.lti import misbehaviour
from lms_emulator.lti.altering import Draft
from lms_emulator.lti.platform import CallT, Fault
from lms_emulator.lti.records import LastLaunch, PendingLaunch
from lms_emulator.lti.rotating_keys import RotatingKeys
from lms_emulator.signing import lti13
from lms_emulator.signing.jwt import Claims

ASKED = (
    *("scope", "response_type", "response_mode", "prompt", "client_id", "redirect_uri"),
    *("login_hint", "lti_message_hint", "nonce", "state"),
)
"""The parameters of an authentication request (1EdTech Security Framework 1.0, 5.1.1.2)."""
_PASSED_OVER = ("id_token_signed_response_alg", "lti_deployment_id")
"""What tools built on ltijs send besides (ltijs dist/Utils/Request.js); platforms have no use for it."""


def asked(*places: Mapping[str, object]) -> dict[str, str]:
    """The parameters of an authentication request, from query and form; others are not read."""
    found: dict[str, str] = {}
    for place in places:
        values = {name: place.get(name) for name in (*ASKED, *_PASSED_OVER)}
        found |= {name: value for name, value in values.items() if isinstance(value, str) and name in ASKED}
    return found


U = TypeVar("U")
Form: TypeAlias = tuple[str, dict[str, str]]
"""An address, and the fields that the browser posts to it."""


@dataclass(frozen=True, kw_only=True)
class AuthenticationRequest(Generic[U]):
    """A tool's request after login initiation.

    Attributes:
        params: as sent, or as the platform reads them.
        client_id, redirect_uris: of the registered tool that makes the request.
        pending: the launch that it requests, if alive and unused.
        user: anybody who is signed in.
    """

    params: Mapping[str, str]
    client_id: str
    redirect_uris: list[str]
    pending: PendingLaunch | None
    user: U | None

    @property
    def redirect_uri(self) -> str:
        """Where to send the answer."""
        return self.params.get("redirect_uri", "")


class Launches(ABC, Generic[CallT, U]):
    """How one platform launches tools.

    Attributes:
        keys: the keys that sign id_tokens.
        path: of the authentication endpoint.
        order: the order of the first claims in an id_token; others follow.
    """

    keys: ClassVar[RotatingKeys]
    path: ClassVar[str]
    order: ClassVar[tuple[str, ...]] = ()

    @abstractmethod
    def request(self, call: CallT, params: Mapping[str, str], user: U | None) -> AuthenticationRequest[U]:
        """Who requests which launch. Raises refusals for people, as the redirect URI is not verified yet."""

    @abstractmethod
    def wrong_redirect_uri(self, fault: Fault) -> Refusal:
        """The refusal of an unregistered redirect URI; nothing may be sent there."""

    @abstractmethod
    def login_hint(self, user: U) -> str:
        """What identifies the person who launches, to the tool and later to the platform."""

    @abstractmethod
    def error(self, fault: Fault) -> tuple[str, str]:
        """`error` and `error_description` by which a fault is reported to the tool."""

    def checks(self) -> tuple[Callable[[CallT, AuthenticationRequest[U]], Fault | None], ...]:
        """The checks of a request whose tool and redirect URI are known, in order; the first failure is reported."""
        return self.parameters_hold, self.launch_is_alive, self.user_is_signed_in, self.client_is_the_launchs

    def begin(self, call: CallT, user_id: int, hint: str, launch: lti13.Launch) -> PendingLaunch:
        """Keep a launch until the tool requests it; `hint` finds it again."""
        expires = call.clock.now() + timedelta(seconds=call.settings.launch_lifetime_seconds)
        return call.store.pending_launches.put(
            PendingLaunch(
                hint=hint,
                user_id=user_id,
                client_id=launch.client_id,
                launch=launch,
                expires_at=expires,
                wrong=self._disarm(call, launch.client_id),
            )
        )

    def _disarm(self, call: CallT, client_id: str) -> misbehaviour.NextLaunch | None:
        """Take what is armed for the launch that begins."""
        armed = next((launch for launch in call.store.armed_launches if launch.client_id in (None, client_id)), None)
        if armed is None:
            return None
        call.store.armed_launches.delete(armed.id)
        wrong = armed.wrong
        if wrong.slow_ms or wrong.lost:
            status = 504 if wrong.lost else None
            call.world.faults.add(
                WireFault(provider=call.provider, path=self.path, times=1, delay_ms=wrong.slow_ms, status=status)
            )
        return wrong

    def sent(self, call: CallT, pending: PendingLaunch, action: str, fields: dict[str, str]) -> Form:
        """Login initiation as sent, altered by what is armed."""
        if pending.wrong is None:
            return action, fields
        explain(call, pending.wrong)
        return action, misbehaviour.alter_login(pending.wrong, fields)

    def find(self, call: CallT, hint: str) -> PendingLaunch | None:
        """The pending launch of a hint, unless it has expired."""
        pending = call.store.pending_launches.get(hint)
        return pending if pending is not None and call.clock.now() < pending.expires_at else None

    def authenticate(self, call: CallT, params: Mapping[str, str], user: U | None) -> Form:
        """Answer an authentication request with a signed id_token; the launch is consumed.

        Raises a refusal; errors for the tool are sent to it, but only to a registered redirect URI.
        """
        request = self.request(call, params, user)
        fault = self._address_is_registered(call, request)
        if fault is not None:
            raise self.wrong_redirect_uri(fault)
        fault = next((found for check in self.checks() if (found := check(call, request)) is not None), None)
        if fault is not None:
            raise self.refused(call, request, fault)
        if "state" not in params:
            call.warn(
                "state_missing", "no `state`: the tool cannot tell whose browser began this launch (RFC 6749, 10.12)"
            )
        assert request.pending is not None  # `launch_is_alive`
        call.store.pending_launches.delete(request.pending.hint)
        return request.redirect_uri, self._answer(call, request, request.pending, request.params["nonce"])

    def _answer(
        self, call: CallT, request: AuthenticationRequest[U], pending: PendingLaunch, nonce: str
    ) -> dict[str, str]:
        key = self.keys.signing(call)
        last = call.store.last_launches.get(pending.client_id)
        now = self.issued_at(call, pending)
        draft = Draft(
            claims=self.ordered(self.claims(call, pending.launch, nonce, now)),
            now=now,
            header={"kid": key.kid},
            key=key.name,
            fields={**_state(request), **self.further_fields(call)},
            earlier=(last.id_token, last.nonce) if last is not None else None,
        )
        if pending.wrong is not None:
            explain(call, pending.wrong)
            misbehaviour.alter(pending.wrong, draft)
        token = draft.token()
        if pending.wrong is None:
            call.store.last_launches.put(LastLaunch(client_id=pending.client_id, id_token=token, nonce=nonce))
        return {"id_token": token, **draft.fields}

    def issued_at(self, call: CallT, pending: PendingLaunch) -> int:
        """The `iat` of the id_token: the time of the tool's request."""
        return int(call.clock.timestamp())

    def claims(self, call: CallT, launch: lti13.Launch, nonce: str, now: int) -> Claims:
        """The claims of the id_token, issued at `now`."""
        lifetime = call.settings.id_token_lifetime_seconds
        return lti13.launch_claims(launch, nonce=nonce, now=now, lifetime=lifetime)

    def ordered(self, claims: Claims) -> Claims:
        """The claims in the platform's order."""
        first = [name for name in self.order if name in claims]
        return {name: claims[name] for name in dict.fromkeys((*first, *claims))}

    def further_fields(self, call: CallT) -> dict[str, str]:
        """Form fields after the id_token and `state`."""
        return {}

    # checks

    def parameters_hold(self, call: CallT, request: AuthenticationRequest[U]) -> Fault | None:
        """All parameters are present, and those with a required value have it."""
        try:
            lti13.check_authentication_request(request.params)
        except lti13.AuthenticationRequestError as error:
            return _fault(error).noted(call)
        return None

    def launch_is_alive(self, call: CallT, request: AuthenticationRequest[U]) -> Fault | None:
        """The launch is neither too old nor used."""
        check = "the launch is alive and unused"
        if call.check(check, request.pending is not None):
            return None
        hint = request.params.get("lti_message_hint", "")
        late = call.store.pending_launches.get(hint)
        if late is not None:
            why = f"the launch is too old: it could be answered until {isoformat(late.expires_at)}; begin it anew"
            return Fault("lti", "launch_over", check, diagnosis=with_shift(call.clock, why, late=True))
        diagnosis = "send back the lti_message_hint of the login initiation unchanged, once"
        return Fault("lti", "launch_over", check, diagnosis=diagnosis, credential=hint)

    def user_is_signed_in(self, call: CallT, request: AuthenticationRequest[U]) -> Fault | None:
        """The browser's session belongs to the person of `login_hint`."""
        hint = self.login_hint(request.user) if request.user is not None else "a session"
        got = request.params.get("login_hint")
        if call.check("the session's user is the login_hint's", request.user is not None and hint == got, got=got):
            return None
        lost = "no session cookie came with this; was it lost in a frame of another site?"
        another = request.user is not None and any(self.login_hint(user) == got for user in call.store.users)
        whose = "this browser is signed in as another person than the one of this launch: sign in as that person"
        diagnosis = lost if request.user is None else whose if another else None
        return Fault("lti", "login_required", "login_hint", hint, got, diagnosis)

    def client_is_the_launchs(self, call: CallT, request: AuthenticationRequest[U]) -> Fault | None:
        """The tool that makes the request is the one that was launched."""
        launched = request.pending.client_id if request.pending is not None else None
        if call.check("client_id is the launched tool's", launched == request.client_id, got=request.client_id):
            return None
        return Fault("lti", "client_not_authorized", "client_id", launched, request.client_id)

    def check_redirect_uri(self, call: CallT, redirect_uri: str, registered: list[str]) -> None:
        """The redirect URI is registered. Raises AuthenticationRequestError."""
        lti13.check_redirect_uri(redirect_uri, registered)

    def _address_is_registered(self, call: CallT, request: AuthenticationRequest[U]) -> Fault | None:
        registered = [call.resolve(value) for value in request.redirect_uris]
        try:
            self.check_redirect_uri(call, request.redirect_uri, registered)
        except lti13.AuthenticationRequestError as error:
            name = "redirect_uri"
            why = why_absent(call, name) if not request.redirect_uri else None
            why = why or why_no_redirect(request.redirect_uri, registered)
            return replace(_fault(error), diagnosis=why).noted(call)
        return None

    def refused(self, call: CallT, request: AuthenticationRequest[U], fault: Fault) -> Refusal:
        """The error that the browser posts to the tool instead of an id_token."""
        error, description = self.error(fault)
        fields = {"error": error, "error_description": description, **_state(request)}
        form = (request.redirect_uri, fields)
        return SiteRefusal(fault.reason, status=200, message=description, check=fault.check, form=form, **fault.details)


def explain(exchange: Exchange[Any, Any], wrong: msgspec.Struct) -> None:
    """Say in the journal what is wrong with this launch, and what the tool must do."""
    exchange.notes["misbehaviour"] = msgspec.to_builtins(wrong)
    for mistake in misbehaviour.chosen(wrong):
        exchange.warn(
            "misbehaved", f"as asked for: {mistake.what} A tool {mistake.rule.duty} it ({mistake.rule.section})."
        )


def _state(request: AuthenticationRequest[U]) -> dict[str, str]:
    return {"state": request.params["state"]} if "state" in request.params else {}


def _fault(error: lti13.AuthenticationRequestError) -> Fault:
    why = why_missing(error.parameter.split(","), error.got if isinstance(error.got, list) else ())
    return Fault("lti", error.reason, error.parameter, error.expected, error.got, why)


def why_missing(names: list[str], sent: Collection[str]) -> str | None:
    """Says that several parameters are missing; None for a single one. Parameters: `sent`, names."""
    lacking = " and ".join(f"an empty `{name}`" if name in sent else f"no `{name}`" for name in names)
    return f"{lacking} was sent" if len(names) > 1 else None
