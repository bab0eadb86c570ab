"""What can be wrong with a token or a key set, each fault by a name of its own."""

from __future__ import annotations

from typing import Literal

TokenFault = Literal[
    "malformed",
    "alg_none",
    "crit_not_understood",
    "alg_confusion",
    "alg_not_allowed",
    "missing_kid",
    "unknown_kid",
    "bad_signature",
    "missing_claim",
    "bad_claim",
    "expired",
    "not_yet_valid",
    "issued_in_future",
    "too_old",
    "wrong_audience",
    "wrong_issuer",
]


class TokenError(ValueError):
    """A token that failed a check.

    Attributes:
        reason: which check failed, one of `TokenFault`.
        check: the claim or header concerned (`exp`, `kid`, `signature`).
        expected: what the check requires.
        got: what the token has.
        issued: the `iat` of one that expired.
    """

    def __init__(
        self,
        reason: TokenFault,
        check: str,
        *,
        expected: object = None,
        got: object = None,
        issued: float | None = None,
    ) -> None:
        super().__init__(f"{reason}: {check} (expected {expected!r}, got {got!r})")
        self.reason: TokenFault = reason
        self.check = check
        self.expected = expected
        self.got = got
        self.issued = issued

    @property
    def is_of_time(self) -> bool:
        """Whether only the token's times are wrong, so that it may well be the right token."""
        return self.reason in ("expired", "too_old", "issued_in_future", "not_yet_valid")
