"""Whose secret made an OAuth 1.0 signature that does not hold for another reason too: two faults at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeVar

from lms_emulator.signing import oauth1
from lms_emulator.signing.diagnosis import always
from lms_emulator.signing.oauth1_mistakes import LARGEST, MISTAKES, in_place_of, size_of
from lms_emulator.signing.oauth1_signing import Signing

T = TypeVar("T")


def explain_secret(
    received: str,
    method: str,
    url: str,
    pairs: Iterable[tuple[str, str]],
    secrets: Sequence[tuple[T, str]],
    *,
    other_urls: Mapping[str, str] | None = None,
    in_time: Callable[[], bool] = always,
) -> tuple[T, str] | None:
    """Whose secret made a signature in which something else was wrong too, and that mistake; None if nobody's.

    Parameters: `secrets`, whose and which; the rest as of `explain`.
    """
    sent = tuple((name, value) for name, value in pairs if name != oauth1.SIGNATURE_FIELD)
    right = Signing(method=method, url=url, pairs=sent, secret="")
    if size_of(sent) > LARGEST:
        return None
    for mistake in (*in_place_of(other_urls or {}, "url"), *MISTAKES):
        if mistake.axis == "secret":
            continue
        try:
            wrongly = [(candidate, candidate.message()) for candidate in mistake.apply(right)]
        except ValueError:
            continue
        for candidate, message in wrongly:
            for whose, secret in secrets:
                if not in_time():
                    return None
                if candidate.signed(message, secret) == received:
                    return whose, f"{mistake.text}: {candidate.detail}" if candidate.detail else mistake.text
    return None
