"""What LTI needs of an LMS's state and settings, and what its parts share: tools, their keys, faults."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol, TypeAlias, TypeVar

from lms_emulator.core.access import single_use
from lms_emulator.core.access.issued_tokens import IssuedToken
from lms_emulator.core.access.signers import FAULTS, holders
from lms_emulator.core.access.single_use import UsedTokens
from lms_emulator.core.clock import later, monotonic
from lms_emulator.core.http.exchange import Exchange
from lms_emulator.core.http.outgoing import OutgoingError, fetch_json
from lms_emulator.core.skew import why_issued
from lms_emulator.core.state.tables import Table
from lms_emulator.lti.records import (
    ArmedLaunch,
    ArmedSignedLaunch,
    KeptKeySet,
    KeyRotation,
    LastLaunch,
    LastSignedLaunch,
    PendingLaunch,
)
from lms_emulator.signing.jwk import KeySet
from lms_emulator.signing.jwt import Critical, read
from lms_emulator.signing.token_errors import TokenError


class LtiStore(UsedTokens, Protocol):
    """The tables that a platform needs."""

    pending_launches: Table[PendingLaunch]
    armed_launches: Table[ArmedLaunch]
    last_launches: Table[LastLaunch]
    armed_signed_launches: Table[ArmedSignedLaunch]
    last_signed_launches: Table[LastSignedLaunch]
    key_rotations: Table[KeyRotation]
    kept_key_sets: Table[KeptKeySet]
    issued_tokens: Table[IssuedToken]

    @property
    def users(self) -> Iterable[Any]: ...

    def next_number(self, table: str) -> int: ...


class LtiSettings(Protocol):
    """The settings that a platform needs."""

    @property
    def launch_lifetime_seconds(self) -> int: ...

    @property
    def id_token_lifetime_seconds(self) -> int: ...

    @property
    def assertion_max_age_seconds(self) -> int: ...

    @property
    def assertion_future_buffer_seconds(self) -> int: ...

    @property
    def critical_headers(self) -> Critical: ...


_LONGEST_LOOK = 2.0
"""Seconds, for the key sets that only explain a refusal."""
_MOST_LOOKED_AT = 8

AnyCall: TypeAlias = Exchange[LtiStore, LtiSettings]
CallT = TypeVar("CallT", bound=AnyCall)


@dataclass(frozen=True)
class Fault:
    """A check that failed on something a tool sent.

    Attributes:
        what: what is at fault: `assertion`, `lti` (an authentication request), `deep_linking`, `line_item`, `score`.
        kind: how it is wrong: `expired`, `unknown_kid`, `missing`.
        check: the claim, parameter or member that was checked, or a description of the check.
        expected, got: both sides of that check.
        diagnosis: the probable mistake.
        credential: the refused credential, if it is one.
    """

    what: str
    kind: str
    check: str
    expected: Any = None
    got: Any = None
    diagnosis: str | None = None
    credential: str | None = None

    @property
    def reason(self) -> str:
        """The reason of the refusal: `assertion_expired`."""
        return f"{self.what}_{self.kind}"

    @property
    def details(self) -> dict[str, Any]:
        """The arguments that a refusal takes over."""
        return {
            "expected": self.expected,
            "got": self.got,
            "diagnosis": self.diagnosis,
            "credential": self.credential,
        }

    def noted(self, exchange: Exchange[Any, Any]) -> Fault:
        """The fault, with its check in the journal."""
        exchange.check(f"{self.what}: {self.check}", False, expected=self.expected, got=self.got)
        return self


def warn_of_critical(exchange: Exchange[Any, Any], token: str) -> None:
    """Warn of a `crit` header in a token that was accepted nevertheless."""
    critical = read(token).header.get("crit", ...)
    if critical is not ...:
        exchange.warn(
            "crit_ignored", f"the header's `crit` ({critical!r}) is not heeded here; who heeds it refuses the token"
        )


async def token_fault(exchange: Exchange[Any, Any], what: str, error: TokenError, token: str) -> Fault:
    """The fault of a signed token that failed verification."""
    credential = token if error.reason == "malformed" else await signed(exchange, error, token)
    why = why_issued(exchange.clock, error.issued)
    return Fault(what, error.reason, error.check, error.expected, error.got, why, credential)


async def signed(exchange: Exchange[Any, Any], error: TokenError, token: str) -> str | None:
    """The token, if the fault is its signature: its refusal then says whose key made it. None for other faults.

    For that, key sets of other tools are fetched if they never were.
    """
    if error.reason not in FAULTS:
        return None
    known = {exchange.resolve(holder.url) for holder in holders(exchange.world, exchange.provider) if holder.url}
    wanted = [url for url in sorted(known) if not exchange.world.given_out.published.at(url)]
    end = monotonic() + _LONGEST_LOOK
    for url in wanted[:_MOST_LOOKED_AT]:
        seconds_left = end - monotonic()
        if seconds_left <= 0:
            break
        with suppress(OutgoingError):
            exchange.world.given_out.published.note(url, await fetch_json(exchange, url, within=seconds_left))
    return token


class ToolKeys(NamedTuple):
    """Where a tool's public keys are: at a URL of the world file, or in its registration."""

    url: str | None
    jwk: Mapping[str, Any] | None = None


class KeysUnavailableError(Exception):
    """A tool's public keys could not be fetched or read; the text says why."""

    @property
    def fault(self) -> Fault:
        """The failure as a fault."""
        return Fault("tool_keys", "unavailable", "the tool's keys", diagnosis=str(self))


async def key_set(
    exchange: Exchange[Any, Any], keys: ToolKeys, read_keys: Callable[[Any], KeySet] = KeySet.from_jwks
) -> KeySet:
    """A tool's public keys, fetched if they are published at a URL.

    Parameters: `read_keys`, how the platform reads a key set. Raises KeysUnavailableError.
    """
    url = exchange.resolve(keys.url) if keys.url else ""
    try:
        if url:
            return await _fetched(exchange, url, read_keys)
        if keys.jwk is not None:
            return read_keys(keys.jwk)
    except OutgoingError as error:
        raise KeysUnavailableError(str(error)) from error
    except (ValueError, TokenError) as error:
        raise KeysUnavailableError(f"{url or 'the registration'} gave no key set: {error}") from error
    raise KeysUnavailableError("the tool has neither a key set's address nor a key with its registration")


async def _fetched(exchange: Exchange[Any, Any], url: str, read_keys: Callable[[Any], KeySet]) -> KeySet:
    kept, keeps = exchange.store.kept_key_sets.get(url), exchange.world.emulator.tool_keys_kept_seconds
    if keeps and kept is not None and exchange.clock.now() < kept.expires_at:
        exchange.warn(
            "tool_keys_kept", f"the tool's key set is one that was fetched before, and is kept until {kept.expires_at}"
        )
        return read_keys(kept.keys)
    found = await fetch_json(exchange, url)
    exchange.world.given_out.published.note(url, found)
    keys = read_keys(found)
    if keeps:
        exchange.store.kept_key_sets.put(KeptKeySet(url=url, keys=found, expires_at=later(exchange.clock.now(), keeps)))
    return keys


def use_once(call: AnyCall, kind: str, client_id: str, value: str, exp: float, *, allowed_again: bool = False) -> bool:
    """Note a `jti` or nonce of a tool as used. False if reuse is to be refused.

    Parameters: `exp`, when its token expires, in epoch seconds; `allowed_again`, warn instead of refusing.
    """
    if single_use.use_once(call, kind, client_id, value, exp - call.clock.timestamp()):
        return True
    if allowed_again:
        call.warn("jti_reused", f"{kind} {value!r} was used before; a strict platform refuses it")
    return allowed_again
