"""The probable mistake behind a refusal, from the request and from what this process knows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lms_emulator.core.access.absent import why_absent, why_nobody, why_not_sent
from lms_emulator.core.access.documented import why_not_as_documented
from lms_emulator.core.access.recognise import why_refused
from lms_emulator.core.access.slips import how_differs
from lms_emulator.core.access.token_faults import why_token
from lms_emulator.core.skew import why_not_now

if TYPE_CHECKING:
    from lms_emulator.core.http.exchange import Exchange
    from lms_emulator.core.http.refusals import Refusal
    from lms_emulator.core.provider import AnyProvider

_OF_TIME = ("_expired", "_not_yet_valid", "_issued_in_future", "_too_old")
"""Endings of reasons that are about a time in a token."""


def diagnosis(provider: AnyProvider, x: Exchange[Any, Any], refusal: Refusal) -> str | None:
    """What the client probably did wrong, and how to mend it; None if nothing is recognised."""
    return _why(provider, x, refusal) or _why_in_words(provider, x, refusal)


def _why(provider: AnyProvider, x: Exchange[Any, Any], refusal: Refusal) -> str | None:
    """The probable mistake: the one found in the request, otherwise the refusal's own diagnosis."""
    if refusal.credential:
        found = why_refused(x, refusal) or how_differs(refusal.expected, refusal.got)
        return found or provider.why_refused(x, refusal)
    if refusal.absent is not None and (found := refusal.diagnosis or why_absent(x, refusal.absent)):
        return found
    if refusal.looked_for is not None and (found := why_nobody(x, refusal.looked_for)):
        return found
    if refusal.credential is not None:
        return why_refused(x, refusal) or how_differs(refusal.expected, refusal.got)
    if refusal.diagnosis is not None:
        return refusal.diagnosis
    if refusal.reason.endswith(_OF_TIME):
        return why_not_now(x.clock, refusal.got)
    if refusal.absent is not None:
        return why_not_sent(x, refusal.absent)
    return provider.why_refused(x, refusal) or how_differs(refusal.expected, refusal.got)


def _why_in_words(provider: AnyProvider, x: Exchange[Any, Any], refusal: Refusal) -> str | None:
    """What is wrong with a token, or with a parameter as the real provider documents it."""
    if (found := why_token(refusal)) is not None or x.route is None:
        return found
    operation = provider.operation(x)
    return why_not_as_documented(x, refusal, operation) if operation is not None else None
