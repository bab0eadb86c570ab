"""The probable mistake behind a refusal, from the request and from what this process knows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lms_emulator.core.access.absent import why_absent, why_nobody, why_not_fit, why_not_sent
from lms_emulator.core.access.bodies import why_no_json
from lms_emulator.core.access.documented import why_not_as_documented
from lms_emulator.core.access.member_faults import why_member
from lms_emulator.core.access.recognise import why_refused
from lms_emulator.core.access.slips import how_differs
from lms_emulator.core.access.token_faults import why_token
from lms_emulator.core.errors import shortened
from lms_emulator.core.skew import why_not_now, with_shift

if TYPE_CHECKING:
    from lms_emulator.core.http.exchange import Exchange
    from lms_emulator.core.http.refusals import Refusal
    from lms_emulator.core.provider import AnyProvider

_LONGEST = 100
_OF_TIME = ("_expired", "_not_yet_valid", "_issued_in_future", "_too_old")
"""Endings of reasons that are about a time in a token."""
_NO_TOKEN = ("token_missing", "token_malformed", "token_not_provided")
_UNREADABLE = ("parse_error", "body_unreadable", "parameters_unreadable")
_OF_BODIES = (400, 415, 422, 500)
"""Statuses of refusals that a body may have led to."""


def diagnosis(provider: AnyProvider, exchange: Exchange[Any, Any], refusal: Refusal) -> str | None:
    """What the client probably did wrong, and how to mend it; None if nothing is recognised."""
    why = _why(provider, exchange, refusal) or _why_in_words(provider, exchange, refusal)
    if not refusal.reason.endswith(_OF_TIME) or refusal.reason == "score_too_old":
        return why
    return with_shift(exchange.clock, why, late=refusal.reason.endswith(("_expired", "_too_old")))


def _why(provider: AnyProvider, exchange: Exchange[Any, Any], refusal: Refusal) -> str | None:
    """The probable mistake: the one found in the request, otherwise the refusal's own diagnosis."""
    if refusal.credential:
        found = why_refused(exchange, refusal) or how_differs(refusal.expected, refusal.got)
        return found or provider.why_refused(exchange, refusal)
    if refusal.absent is not None and (found := refusal.diagnosis or why_absent(exchange, refusal.absent)):
        return found
    if refusal.looked_for is not None and (found := why_nobody(exchange, refusal.looked_for, refusal.diagnosis)):
        return found
    if refusal.credential is not None:
        return why_refused(exchange, refusal) or how_differs(refusal.expected, refusal.got)
    if refusal.diagnosis is not None:
        of_json = refusal.reason == "parameters_unreadable" and exchange.content_type.endswith("json")
        return (why_no_json(exchange) if of_json else None) or refusal.diagnosis
    if refusal.reason.endswith(_OF_TIME):
        return why_not_now(exchange.clock, refusal.got, ends=refusal.reason.endswith("_expired"))
    if refusal.absent is not None:
        return why_not_sent(exchange, refusal.absent)
    return provider.why_refused(exchange, refusal) or how_differs(refusal.expected, refusal.got)


def _why_in_words(provider: AnyProvider, exchange: Exchange[Any, Any], refusal: Refusal) -> str | None:
    """What is wrong with a token, with the body, or with a parameter as the real provider documents it."""
    if refusal.reason in _UNREADABLE and not exchange.body:
        return "the body is empty; JSON belongs there"
    about_body = refusal.status in _OF_BODIES and exchange.content_type.endswith("json")
    if about_body and (found := why_no_json(exchange)) is not None:
        return found
    if (found := why_token(refusal) or why_member(refusal)) is not None:
        return found
    scheme, _, value = exchange.headers.get("authorization", "").partition(" ")
    if refusal.reason.endswith(_NO_TOKEN) and scheme.isalpha() and not value.strip():
        return f"nothing follows `{scheme}`: has the variable a value?"
    if refusal.reason == "service_token_missing" and not exchange.headers.get("authorization"):
        return "no token was sent; send `Authorization: Bearer <token>`"
    if refusal.reason.endswith(("unknown_client", "client_unknown")) and refusal.credential:
        return f"no client of {provider.title} has the id `{shortened(refusal.credential, _LONGEST)}`"
    if refusal.looked_for is not None and not exchange.headers.get("authorization"):
        return f"no credentials were sent; send `{refusal.looked_for}`"
    if refusal.status == 405 and provider.catalogue is not None:
        takes = provider.catalogue.methods(provider.normalise_path(exchange.path), exchange.world.as_of)
        return f"{exchange.method} was sent; this path takes {', '.join(takes)}" if takes else None
    operation = provider.operation(exchange) if exchange.route is not None else None
    found = why_not_as_documented(exchange, refusal, operation) if operation is not None else None
    return found or why_not_fit(exchange, refusal)
