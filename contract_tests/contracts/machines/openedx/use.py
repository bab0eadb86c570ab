"""Using tokens: valid, expired, altered and forged ones."""

from __future__ import annotations

import json

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from ...jose import b64, hs_token, unb64
from ..base import PICK, expect_granted, expect_refused, flipped, pick
from .model import JWT_LIFE, Access, OpenEdxModel

CLAIMS = ["nothing", "exp now", "exp next second", "aud", "iss", "no exp", "no iat", "version", "user"]


class Use(OpenEdxModel):
    """Whose token it is, and what an attacker can do with it."""

    @precondition(lambda self: self.accesses)
    @rule(number=PICK)
    def use(self, number: int) -> None:
        self.probe(pick(self.accesses, number))

    @precondition(lambda self: self.accesses)
    @rule(number=PICK, at=st.integers(0, 500), how=st.sampled_from(["flip", "cut", "longer", "case", "other scheme"]))
    def use_tampered(self, number: int, at: int, how: str) -> None:
        access = pick(self.accesses, number)
        scheme, value = "JWT" if access.jwt else "Bearer", access.value
        if how == "other scheme":
            scheme = "Bearer" if access.jwt else "JWT"
        elif how == "cut":
            value = value[: -1 - at % 5] if not access.jwt else value[: -2 - at % 5]
        elif how == "case":
            value = value.swapcase()
            if not access.jwt and self.bench.target.folds_case:  # MySQL compares so: the real site takes it too
                self.probe(access)
                return
        elif how == "longer":
            value += "a" if not access.jwt else ".a"
        else:
            value = flipped(value, at % (len(value) - 1))
        refused = "Invalid token." if scheme == "JWT" else "token_nonexistent"
        expect_refused(self.port.me(scheme, value), refused, status=401, why=how)

    @rule(how=st.sampled_from(["none", "bearer alone", "three words"]))
    def use_nothing(self, how: str) -> None:
        if how == "none":
            expect_refused(self.wire.me(None, ""), "Authentication credentials were not provided.", status=401)
        elif how == "bearer alone":
            expect_refused(self.wire.me("Bearer", ""), "token_not_provided", status=401)
        else:
            expect_refused(self.wire.me("Bearer", "a b"), "token_malformed", status=401)

    @precondition(lambda self: "jwt" in self.facts)
    @rule()
    def forged_tokens(self) -> None:
        """A JWT with its algorithm downgraded in every way, and with claims changed by somebody who holds the site's
        key."""
        client = self.client("client_credentials")
        token = expect_granted(self.wire.client_credentials(client, jwt=True))
        self.keep(token, "client_credentials", client["user"], None, True)
        self.downgraded(self.accesses[-1])
        if self.bench.target.has_clock:
            for change in CLAIMS:
                self.made_with_the_sites_key(self.accesses[-1], change)

    @precondition(lambda self: self.bench.target.has_clock)
    @rule()
    def jwt_at_the_last_second(self) -> None:
        client = self.client("client_credentials")
        token = expect_granted(self.port.client_credentials(client, jwt=True))
        self.keep(token, "client_credentials", client["user"], None, True)
        for seconds in (JWT_LIFE - 1, 1):
            self.move(seconds)
            self.probe(self.accesses[-1])

    def downgraded(self, access: Access) -> None:
        """Neither an unsigned token nor one signed with a public key is accepted."""
        header, payload, _ = access.value.split(".")
        jwks, secret = self.facts["jwt"]["jwks"], self.facts["jwt"]["hs256_secret"].encode()
        hs256, hs512 = {"alg": "HS256", "typ": "JWT"}, {"alg": "HS512", "typ": "JWT"}
        forged = {
            "no signature": f"{header}.{payload}.",
            "none": f"{b64({'alg': 'none', 'typ': 'JWT'})}.{payload}.",
            "None": f"{b64({'alg': 'None', 'typ': 'JWT'})}.{payload}.",
            "hs256 with the public key": hs_token(hs256, payload, json.dumps(jwks["keys"][0]).encode()),
            "hs256 with a guess": hs_token(hs256, payload, b"secret"),
            "hs512": hs_token(hs512, payload, secret),
        }
        for how, value in forged.items():
            expect_refused(self.wire.me("JWT", value), "Invalid token.", status=401, why=how)

    def made_with_the_sites_key(self, access: Access, change: str) -> None:
        """Whoever holds the key can make tokens; the claims are checked all the same."""
        claims = json.loads(unb64(access.value.split(".")[1]))
        now = claims["iat"] + self.now - (access.expires - JWT_LIFE)
        claims |= {"iat": int(now), "exp": int(now) + 100}
        other = self.facts["other_learner"]
        claims |= {
            "exp now": {"exp": int(now)},
            "exp next second": {"exp": int(now) + 1},
            "aud": {"aud": "somebody-else"},
            "iss": {"iss": "http://evil.example/oauth2"},
            "version": {"version": "2.0.0"},
            "user": {"preferred_username": other["username"], "email": other["email"]},
        }.get(change, {})
        if change.startswith("no "):
            del claims[change.removeprefix("no ")]
        secret = self.facts["jwt"]["hs256_secret"].encode()
        outcome = self.wire.me("JWT", hs_token({"alg": "HS256", "typ": "JWT"}, b64(claims), secret))
        if change in ("nothing", "exp next second", "user"):
            assert outcome == claims["preferred_username"], f"{change}: {outcome!r}"
        else:
            expect_refused(outcome, "Invalid token.", status=401, why=change)
