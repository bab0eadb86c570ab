"""Refreshing and revoking: what replaces what, and what stops working."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from ..base import PICK, expect_granted, expect_refused, flipped, pick
from .model import DEFAULT, PEOPLE, OpenEdxModel


class Renewal(OpenEdxModel):
    """Refresh tokens are rotated; revoking ends a token and those that depend on it."""

    @rule(client=st.sampled_from(["password", "public_password"]), person=PEOPLE)
    def refresh_and_come_back(self, client: str, person: str) -> None:
        """A pair, its refresh with every possible mistake, and the old pair again."""
        facts, own = self.facts[person], self.client(client)
        token = expect_granted(self.port.password(own, facts["username"], facts["password"], scope="read"))
        self.keep(token, client, facts["username"], "read", False)
        refresh = self.refreshes[-1]
        stranger = self.port.refresh(self.client("trusted"), refresh.value)
        expect_refused(stranger, "invalid_grant", status=400, why="another client's")
        wider = self.port.refresh(own, refresh.value, scope="read write")
        expect_refused(wider, "invalid_scope", status=400, why="wider than granted")
        self.renew(refresh)
        expect_refused(self.port.refresh(own, refresh.value), "invalid_grant", why="rotated")
        self.probe(refresh.row.access)
        self.probe(self.accesses[-1])

    @precondition(lambda self: self.refreshes)
    @rule(
        number=PICK,
        narrower=st.booleans(),
        stranger=st.sampled_from([False, False, False, True]),
        again=st.booleans(),
    )
    def refresh(self, number: int, narrower: bool, stranger: bool, again: bool) -> None:
        refresh = pick(self.refreshes, number)
        name = refresh.client
        if stranger:
            name = "trusted" if name != "trusted" else "password"
        scope = refresh.row.scope[0] if narrower else None
        outcome = self.port.refresh(self.client(name), refresh.value, scope=scope)
        if refresh.dead or stranger:
            expect_refused(outcome, "invalid_grant", status=400, why=f"dead {refresh.dead}, stranger {stranger}")
        elif refresh.row.deleted:
            expect_refused(outcome, status=500, why="its access token was revoked: the libraries fail here")
        else:
            token = expect_granted(outcome)
            refresh.dead = True
            self.delete(refresh.row)
            assert token.refresh != refresh.value
            row = self.keep(token, name, refresh.user, scope or " ".join(refresh.row.scope), False)
            self.probe(refresh.row.access)
            self.probe(row.access)
            if again:
                expect_refused(self.port.refresh(self.client(name), refresh.value), "invalid_grant", why="rotated")

    @precondition(lambda self: self.live_refreshes())
    @rule(number=PICK)
    def refresh_for_more(self, number: int) -> None:
        refresh = pick(self.live_refreshes(), number)
        more = next((scope for scope in DEFAULT if scope not in refresh.row.scope), "bogus")
        outcome = self.port.refresh(self.client(refresh.client), refresh.value, scope=f"{refresh.row.scope[0]} {more}")
        expect_refused(outcome, "invalid_scope", status=400)

    @precondition(lambda self: self.refreshes)
    @rule(number=PICK, cut=st.booleans())
    def refresh_with_a_tampered_token(self, number: int, cut: bool) -> None:
        refresh = pick(self.refreshes, number)
        value = refresh.value[:-1] if cut else flipped(refresh.value, number)
        expect_refused(self.port.refresh(self.client(refresh.client), value), "invalid_grant", status=400)

    @precondition(lambda self: self.rows)
    @rule(number=PICK, by=st.sampled_from(["own", "client_credentials"]))
    def revoke_access(self, number: int, by: str) -> None:
        row = pick(self.rows, number)
        client = self.client(row.client if by == "own" else by)
        assert self.port.revoke(client, row.value) is None
        if not row.access.jwt:  # a JWT is not a stored token: revoking it does nothing
            self.delete(row)
        self.probe(row.access)

    @precondition(lambda self: self.refreshes)
    @rule(number=PICK)
    def revoke_refresh(self, number: int) -> None:
        refresh = pick(self.refreshes, number)
        assert self.port.revoke(self.client(refresh.client), refresh.value) is None
        if not refresh.dead:
            refresh.dead = True
            self.delete(refresh.row)

    @precondition(lambda self: self.accesses)
    @rule(number=PICK)
    def revoke_with_a_wrong_secret(self, number: int) -> None:
        client = {**self.client("client_credentials"), "client_secret": "wrong"}
        expect_refused(self.port.revoke(client, pick(self.accesses, number).value), "invalid_client", status=401)
