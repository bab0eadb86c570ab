"""Open edX: which tokens and codes are valid, for whom, and that nothing else grants access."""

from __future__ import annotations

from typing import ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule

from ..base import PICK, pick
from .codes import Codes
from .grants import Grants
from .renewal import Renewal
from .use import Use


class OpenEdxMachine(Grants, Codes, Renewal, Use):
    """Sign-in at Open edX."""

    ATTACKS: ClassVar = {
        "tamper": "exchange_a_tampered_code refresh_with_a_tampered_token use_tampered forged_tokens",
        "truncate": "exchange_a_tampered_code refresh_with_a_tampered_token use_tampered",
        "replay": "(no request is signed: codes and refresh tokens are what works once, see reuse)",
        "reuse": "sign_in exchange refresh refresh_and_come_back",
        "swap key": "client_secret_wrong exchange refresh revoke_with_a_wrong_secret",
        "swap tenant": "(a site has one tenant)",
        "swap user": "password_of_somebody_else forged_tokens",
        "algorithm `none`": "forged_tokens",
        "HS256 with the public key": "forged_tokens",
        "strip a parameter": "parameter_missing exchange_without_verifier",
        "a parameter twice": "parameter_twice",
        "a second late": "wait_for_an_expiry sign_in_at_the_last_second jwt_at_the_last_second",
        "in the last second": "wait_for_an_expiry sign_in_at_the_last_second jwt_at_the_last_second",
    }

    @precondition(lambda self: self.bench.target.has_clock)
    @rule(seconds=st.sampled_from([1, 59, 60, 3600, 36000]))
    def wait(self, seconds: int) -> None:
        self.move(seconds)

    @precondition(lambda self: self.bench.target.has_clock and (self.accesses or self.grants))
    @rule(number=PICK, offset=st.sampled_from([-1, 0, 1]))
    def wait_for_an_expiry(self, number: int, offset: int) -> None:
        moments = [access.expires for access in self.accesses] + [grant.expires for grant in self.grants]
        self.move_to(pick(moments, number), offset)

    @invariant()
    def the_newest_token_is_as_the_model_says(self) -> None:
        if self.accesses:
            self.probe(self.accesses[-1])

    def teardown(self) -> None:
        for access in self.accesses:
            self.probe(access)
        super().teardown()


__all__ = ["OpenEdxMachine"]
