"""Who requests a service token: the assertion that a tool signs.

Sources: RFC 7523 and 1EdTech Security Framework 1.0, 4.1.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Any, Generic, NamedTuple
from urllib.parse import urlsplit

from lms_emulator.core.access.jwts import why_another_sort
from lms_emulator.core.http.exchange import Exchange
from lms_emulator.core.http.refusals import Refusal
from lms_emulator.core.skew import why_not_now, why_off
from lms_emulator.lti.platform import (
    CallT,
    Fault,
    KeysUnavailableError,
    ToolKeys,
    key_set,
    token_fault,
    use_once,
    warn_of_critical,
)
from lms_emulator.signing import lti13
from lms_emulator.signing.jwk import KeySet
from lms_emulator.signing.jwt import Claims, read
from lms_emulator.signing.token_errors import TokenError

_LONG = 86_400
_BEYOND = 1e19
_REMEMBERED = 3600
"""How long the `jti` of an assertion without `exp` is remembered, in seconds."""


_NO_ASSERTION = (
    "tools ask for tokens with a client_assertion that they sign; "
    "a client secret is for the grants in which a person takes part"
)


def _why_none(exchange: Exchange[Any, Any]) -> str:
    """Why there is no assertion: a secret came in its place, in the form or by HTTP Basic, or nothing."""
    sent = dict(exchange.query.peek()) | (dict(exchange.form().peek()) if exchange.is_form else {})
    secret = "client_secret" in sent or exchange.basic() is not None
    return _NO_ASSERTION if secret else "no client_assertion was sent, which a tool signs to ask for a token"


class Client(NamedTuple):
    """Who may sign assertions.

    Attributes: `scopes`, which may be requested; `subject`, whom a token represents.
    """

    client_id: str
    keys: ToolKeys
    scopes: list[str]
    subject: str


class Assertions(ABC, Generic[CallT]):
    """How one platform verifies client assertions."""

    @abstractmethod
    def client(self, call: CallT, client_id: str) -> Client | None:
        """The client whose id is the assertion's `sub`."""

    @abstractmethod
    def audiences(self, call: CallT) -> list[str]:
        """The accepted values of `aud`."""

    @abstractmethod
    def refusal(self, call: CallT, fault: Fault) -> Refusal:
        """The refusal of an assertion that fails a check."""

    def check_header(self, call: CallT, assertion: str) -> None:
        """Checks before the tool's keys are fetched: none here. Raises TokenError."""

    def read_keys(self, found: Any) -> KeySet:
        """The keys of a key set. Raises TokenError, or KeysUnavailableError with the platform's own words."""
        return KeySet.from_jwks(found)

    def allowed_again(self, call: CallT) -> bool:
        """Whether a `jti` may be used more than once."""
        return False

    async def verify(self, call: CallT, kind: str, assertion: str) -> Client:
        """The client that signed an assertion. Raises the refusal for the first fault.

        Parameters: `kind`, the request's `client_assertion_type`.
        """
        if not call.check("client_assertion_type", kind == lti13.JWT_BEARER, expected=lti13.JWT_BEARER, got=kind):
            check = "client_assertion_type"
            why = _why_other_type(kind) if kind or assertion else _why_none(call)
            fault = Fault("assertion", "type_wrong", check, lti13.JWT_BEARER, kind, diagnosis=why)
            raise self.refusal(call, fault)
        if not assertion:
            fault = Fault("assertion", "malformed", "token", "three parts joined by dots", "1 part(s)")
            refusal = self.refusal(call, fault.noted(call))
            refusal.absent, refusal.diagnosis = "client_assertion", None
            raise refusal
        try:
            client = self._signer(call, assertion)
            claims = await self.claims(call, client, assertion)
        except KeysUnavailableError as error:
            raise self.refusal(call, error.fault) from error
        except TokenError as error:
            raise self.refusal(call, (await token_fault(call, "assertion", error, assertion)).noted(call)) from error
        call.check("the client assertion holds")
        warn_of_critical(call, assertion)
        self._use(call, client, claims)
        return client

    async def claims(self, call: CallT, client: Client, assertion: str) -> Claims:
        """The claims of a valid assertion, by the keys that the platform accepts. Raises TokenError and
        KeysUnavailableError."""
        self.check_header(call, assertion)
        keys = await key_set(call, client.keys, self.read_keys)
        return self.check(call, client, assertion, keys)

    def _use(self, call: CallT, client: Client, claims: Claims) -> None:
        """Note the `jti`; an assertion without one, if accepted, may be reused until it expires."""
        self._warn_of_long_life(call, claims.get("exp"))
        if "jti" not in claims:
            call.warn("jti_missing", "an assertion without `jti` can be sent again by whoever reads it")
            return
        jti, again = str(claims["jti"]), self.allowed_again(call)
        until = claims.get("exp", call.clock.timestamp() + _REMEMBERED)
        if not call.check(
            "jti is new", use_once(call, "jti", client.client_id, jti, until, allowed_again=again), got=jti
        ):
            diagnosis = "sign a new assertion for each request"
            raise self.refusal(call, Fault("assertion", "jti_used", "jti", got=jti, diagnosis=diagnosis))

    def _warn_of_long_life(self, call: CallT, exp: object) -> None:
        remaining = exp - call.clock.timestamp() if isinstance(exp, int | float) and not isinstance(exp, bool) else 0
        if remaining > _LONG:
            why = why_off(call.clock, float(min(exp, _BEYOND))) if isinstance(exp, int | float) else None
            how = why if why is not None and "since 1970" in why else f"it expires in {remaining / 86_400:.0f} days"
            call.warn("assertion_lives_long", f"`exp`: {how}; whoever reads the assertion can use it until then")

    def check(self, call: CallT, client: Client, assertion: str, keys: KeySet) -> Claims:
        """The claims of a valid assertion. Raises TokenError."""
        return lti13.check_client_assertion(
            assertion,
            keys,
            client_id=client.client_id,
            audiences=self.audiences(call),
            now=call.clock.timestamp(),
            leeway=call.settings.assertion_future_buffer_seconds,
            max_age=call.settings.assertion_max_age_seconds or None,
            critical=call.settings.critical_headers,
        )

    def _signer(self, call: CallT, assertion: str) -> Client:
        client_id = str(read(assertion).claims.get("sub", ""))
        client = self.client(call, client_id)
        if client is None:
            known = "the client id of a registered tool"
            why = why_another_sort(assertion, "assertion_")
            why = why or (None if client_id else "the assertion has no `sub`, which is the client id")
            fault = Fault("assertion", "client_unknown", "sub", known, client_id, why, client_id)
            raise self.refusal(call, fault.noted(call))
        return client


def _why_other_type(kind: str) -> str:
    came = f"`client_assertion_type` was sent as {kind[:100]}" if kind else "no `client_assertion_type` was sent"
    return f"{came}; it has to be {lti13.JWT_BEARER}"


def why_claim(exchange: Exchange[Any, Any], claim: str, expected: object, got: object) -> str | None:
    """Why a time in an assertion is off, or its audience is nearly the right one."""
    if got == "absent" or expected == "present":
        return f"the claim `{claim}` is missing"
    if claim == "alg":
        taken = ", ".join(map(str, expected)) if isinstance(expected, list) else expected
        return f"it was signed with {got}; only {taken} is taken"
    if claim == "signature":
        return (
            "no key of the tool's key set made this signature: a key was replaced, or the token changed after signing"
        )
    if claim in ("exp", "iat", "nbf"):
        if isinstance(got, int | float) and not isinstance(got, bool):
            ends = claim == "exp"
            said = why_off(exchange.clock, got, ends=ends) or why_not_now(exchange.clock, got, ends=ends)
            return f"its `{claim}`: {said}; sign a new one for each request, by the time of now" if said else None
        return f'`{claim}` was sent as the text "{got}"; it counts seconds since 1970'
    if claim == "aud" and isinstance(got, list) and len(got) == 1:
        got = got[0]
    return _why_audience(expected, got) if claim == "aud" and isinstance(got, str) else None


def _why_audience(expected: object, got: str) -> str | None:
    for right in expected if isinstance(expected, Iterable) and not isinstance(expected, str) else [expected]:
        if not isinstance(right, str):
            continue
        if got.rstrip("/") == right.rstrip("/"):
            return f"`aud` is {right}, {'without' if got.endswith('/') else 'with'} a slash at its end"
        if got.partition("://")[2] == right.partition("://")[2]:
            return f"`aud` is {right}: the scheme differs"
        if got.lower() == right.lower():
            return f"`aud` is {right}: the case differs"
        if got and right.startswith(f"{got.rstrip('/')}/"):
            return f"`aud` is {right}, the token endpoint's own address, not only its site's"
        if (why := _why_other_port(right, got)) is not None:
            return why
    return None


def _why_other_port(right: str, got: str) -> str | None:
    try:
        its, came = urlsplit(right), urlsplit(got)
        ports = its.port, came.port
    except ValueError:
        return None
    if its._replace(netloc="") != came._replace(netloc="") or its.hostname != came.hostname or ports[0] == ports[1]:
        return None
    if ports[1] is None:
        return f"`aud` is {right}: the port is missing"
    return f"`aud` is {right}: the port differs"
