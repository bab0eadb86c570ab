"""Authorization codes: consent, PKCE, ownership and single use."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from ..base import PICK, expect_granted, expect_refused, flipped, pick
from .model import ACTIVE, CODE_CLIENTS, CODE_LIFE, OPAQUE_LIFE, SCOPES, VERIFIER, OpenEdxModel


class Codes(OpenEdxModel):
    """From consent to token, with every possible mistake on the way."""

    @rule(person=ACTIVE, client=CODE_CLIENTS)
    def sign_in(self, person: str, client: str) -> None:
        """From consent to token in one step, with every possible mistake on the way."""
        self.consent(person, client, "read email", False, True, True)
        grant = self.grants[-1]
        other = "trusted" if client != "trusted" else "authorization_code"
        uris = self.client(client)["redirect_uris"]
        foreign = next((uri for uri in uris if uri != grant.redirect), grant.redirect + "/x")
        outcome = self.port.exchange(self.client(other), grant.code, grant.redirect, verifier=VERIFIER)
        expect_refused(outcome, "invalid_grant", status=400, why="another client's code")
        outcome = self.port.exchange(self.client(client), grant.code, foreign, verifier=VERIFIER)
        expect_refused(outcome, "invalid_request", status=400, why="another redirect_uri")
        outcome = self.port.exchange(self.client(client), grant.code, grant.redirect, verifier=VERIFIER[::-1])
        expect_refused(outcome, "invalid_grant", status=400, why="another verifier")
        outcome = self.port.exchange(self.client(client), grant.code, grant.redirect)
        expect_refused(outcome, "invalid_request", status=400, why="no verifier")
        self.trade(grant, VERIFIER, False)
        self.trade(grant, VERIFIER, False)

    @precondition(lambda self: self.bench.target.has_clock)
    @rule(person=ACTIVE)
    def sign_in_at_the_last_second(self, person: str) -> None:
        """A code works a second before it expires, and not when it does."""
        for seconds in (CODE_LIFE - 1, CODE_LIFE):
            self.consent(person, "trusted", "read", False, False, True)
            self.move(seconds)
            self.trade(self.grants[-1], None, False)

    @precondition(lambda self: self.bench.target.has_clock)
    @rule(person=ACTIVE)
    def come_back_later(self, person: str) -> None:
        """Consent outlives the token it led to."""
        self.consent(person, "authorization_code", "read email", False, False, True)
        self.trade(self.grants[-1], None, False)
        self.move(OPAQUE_LIFE)
        self.consent(person, "authorization_code", "read", False, False, True)

    @rule(person=ACTIVE, client=CODE_CLIENTS, scope=SCOPES.filter(bool), second=st.booleans(), challenged=st.booleans(),
          agree=st.sampled_from([True, True, True, False]))  # fmt: skip
    def authorize(self, person: str, client: str, scope: str, second: bool, challenged: bool, agree: bool) -> None:
        self.consent(person, client, scope, second, challenged, agree)

    @rule(client=CODE_CLIENTS, how=st.sampled_from(["path", "host", "prefix", "scheme"]))
    def authorize_to_a_foreign_address(self, client: str, how: str) -> None:
        right = self.client(client)["redirect_uris"][0]
        foreign = {
            "path": right + "/more",
            "host": "http://evil.example/callback",
            "prefix": right.replace("://", "://evil.example/?"),
            "scheme": right.replace("http", "https", 1)
            if right.startswith("http:")
            else right.replace("https", "http"),
        }[how]
        browser = self.browser("learner")
        outcome = self.wire.authorize(browser, self.client(client), foreign, scope="read", state="s")
        expect_refused(outcome, status=400, why="a foreign redirect_uri must not be redirected to")

    @precondition(lambda self: self.grants)
    @rule(number=PICK, jwt=st.booleans(), wrong=st.sampled_from([None, None, None, "redirect", "verifier", "client"]))
    def exchange(self, number: int, jwt: bool, wrong: str | None) -> None:
        grant = pick(self.grants, number)
        name = grant.client
        if wrong == "client":
            name = "trusted" if grant.client != "trusted" else "authorization_code"
        uris = self.client(grant.client)["redirect_uris"]
        redirect = grant.redirect
        if wrong == "redirect":
            redirect = next((uri for uri in uris if uri != grant.redirect), grant.redirect + "/x")
        verifier = VERIFIER if grant.challenged else None
        if wrong == "verifier" and grant.challenged:
            verifier = flipped(VERIFIER, number)
        outcome = self.port.exchange(self.client(name), grant.code, redirect, verifier=verifier, jwt=jwt)
        if grant.used or self.now >= grant.expires or wrong == "client":
            expect_refused(outcome, "invalid_grant", status=400, why=f"used {grant.used}, client {wrong}")
        elif verifier not in (VERIFIER, None):
            expect_refused(outcome, "invalid_grant", status=400, why="wrong verifier")
        elif wrong == "redirect":
            expect_refused(outcome, "invalid_request", status=400, why="other redirect_uri")
        else:
            grant.used = True
            token = expect_granted(outcome, f"a code at {self.now}, good until {grant.expires}")
            self.keep(token, grant.client, grant.user, " ".join(grant.scope), jwt)

    @precondition(lambda self: any(g.challenged and not g.used for g in self.grants))
    @rule()
    def exchange_without_verifier(self) -> None:
        grant = next(g for g in reversed(self.grants) if g.challenged and not g.used)
        outcome = self.port.exchange(self.client(grant.client), grant.code, grant.redirect)
        late = self.now >= grant.expires
        expect_refused(outcome, "invalid_grant" if late else "invalid_request", status=400)

    @precondition(lambda self: self.grants)
    @rule(number=PICK, how=st.sampled_from(["flip", "cut", "longer"]))
    def exchange_a_tampered_code(self, number: int, how: str) -> None:
        grant = pick(self.grants, number)
        code = {"flip": flipped(grant.code, number), "cut": grant.code[:-1], "longer": grant.code + "a"}[how]
        outcome = self.port.exchange(self.client(grant.client), code, grant.redirect, verifier=VERIFIER)
        expect_refused(outcome, "invalid_grant", status=400)
