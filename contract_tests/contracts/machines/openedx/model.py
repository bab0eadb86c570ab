"""The model of Open edX's sign-in: what was issued, to whom, until when; and the steps that several rules share."""

from __future__ import annotations

import dataclasses
from typing import Any

from hypothesis import strategies as st

from ...http import Browser
from ...jose import s256
from ...outcomes import Code, Token
from ..base import Machine, expect_granted, expect_refused

DEFAULT = ("read", "write", "email", "profile")
SCOPES = st.sampled_from([None, "read", "email profile", "read write email profile", "write read"])
FOREIGN = st.sampled_from(["bogus", "read bogus", "READ", "openid", "grades:read"])
PEOPLE = st.sampled_from(["superuser", "learner", "other_learner", "inactive"])
ACTIVE = st.sampled_from(["superuser", "learner", "other_learner"])
CODE_CLIENTS = st.sampled_from(["authorization_code", "public_authorization_code", "trusted"])
CODE_LIFE = 60
OPAQUE_LIFE, JWT_LIFE = 36000, 3600
VERIFIER = "contract-verifier-0123456789-0123456789-0123456789"


@dataclasses.dataclass(kw_only=True)
class Access:
    """An access token; `row` is the site's record of it, which for a JWT differs from the token."""

    value: str
    jwt: bool
    user: str | None
    expires: float
    restricted: bool = False
    deleted: bool = False


@dataclasses.dataclass(kw_only=True)
class Row:
    """A stored token, to which consent and refresh tokens are tied."""

    value: str
    client: str
    user: str | None
    scope: tuple[str, ...]
    access: Access
    deleted: bool = False


@dataclasses.dataclass(kw_only=True)
class Refresh:
    """A refresh token and the row it renews."""

    value: str
    client: str
    user: str
    row: Row
    dead: bool = False


@dataclasses.dataclass(kw_only=True)
class Grant:
    """An authorization code."""

    code: str
    client: str
    user: str
    redirect: str
    scope: tuple[str, ...]
    expires: float
    challenged: bool
    used: bool = False


class OpenEdxModel(Machine):
    """Which credentials are alive, and the outcome of consenting, exchanging, renewing and using them."""

    provider = "openedx"
    NEEDS = (
        "superuser learner other_learner inactive clients.client_credentials clients.authorization_code "
        "clients.trusted clients.public_authorization_code clients.password clients.public_password clients.restricted "
        "clients.without_user"
    )

    def __init__(self) -> None:
        super().__init__()
        self.port: Any = self.bench.port("openedx")
        self.wire: Any = self.bench.wire("openedx")
        self.accesses: list[Access] = []
        self.rows: list[Row] = []
        self.refreshes: list[Refresh] = []
        self.grants: list[Grant] = []
        self.browsers: dict[str, Browser] = {}

    def client(self, name: str) -> dict[str, Any]:
        """A client's credentials."""
        found: dict[str, Any] = self.facts["clients"][name]
        return found

    def username(self, role: str) -> str:
        """A person's user name."""
        found: str = self.facts[role]["username"]
        return found

    def browser(self, person: str) -> Browser:
        """The browser of a signed-in person."""
        if person not in self.browsers:
            facts = self.facts[person]
            self.browsers[person] = expect_granted(self.wire.sign_in(facts["email"], facts["password"]))
        return self.browsers[person]

    def keep(self, token: Token, client: str, user: str | None, scope: str | None, jwt: bool) -> Row:
        """Compare a token answer with the model and remember it."""
        wanted = tuple(scope.split()) if scope else DEFAULT
        restricted = client == "restricted"
        if token.kind is not None:
            assert token.kind == ("JWT" if jwt else "Bearer")
        if token.scope is not None:
            given = token.scope.split()
            assert set(wanted) <= set(given) <= {*wanted, "user_id"}, f"asked for {wanted}, got {given}"
        life = JWT_LIFE if jwt else (0 if restricted else OPAQUE_LIFE)
        if token.expires_in is not None and life:
            assert token.expires_in == life
        if token.expires_in is not None and not life:
            assert token.expires_in < 0
        if restricted and not jwt:
            life = -1
        access = Access(value=token.access, jwt=jwt, user=user, expires=self.now + life, restricted=restricted)
        row = Row(value=token.access, client=client, user=user, scope=wanted, access=access)
        if not jwt:  # JWTs of one second are equal: they carry no id
            assert all(token.access != old.value for old in self.accesses), "the same token was issued twice"
        self.accesses.append(access)
        self.rows.append(row)
        self.undo.append(lambda: self.wire.revoke(self.client(client), token.refresh or token.access))
        if token.refresh is not None and user is not None:
            assert all(token.refresh != old.value for old in self.refreshes), "the same refresh token was issued twice"
            self.refreshes.append(Refresh(value=token.refresh, client=client, user=user, row=row))
        return row

    def consent(self, person: str, client: str, scope: str, second: bool, challenged: bool, agree: bool) -> None:
        """Request a code, and compare the page and the code with the model."""
        uris = self.client(client)["redirect_uris"]
        redirect = uris[1 % len(uris)] if second else uris[0]
        user = self.username(person)
        wanted = tuple(scope.split())
        remembered = any(
            row.client == client and row.user == user and set(wanted) <= set(row.scope) and not row.deleted
            for row in self.rows
        )
        ask = client != "trusted" and not remembered
        outcome = self.port.authorize(
            self.browser(person), self.client(client), redirect, scope=scope, state="st/a te&1", agree=agree,
            challenge=s256(VERIFIER) if challenged else None,
        )  # fmt: skip
        if ask and not agree:
            expect_refused(outcome, "access_denied")
            return
        code: Code = expect_granted(outcome)
        assert code.state == "st/a te&1", "the state must come back as it was sent"
        if code.asked is not None:
            assert code.asked == ask, f"consent page shown: {code.asked}, must be {ask}"
        assert all(code.code != old.code for old in self.grants)
        self.grants.append(
            Grant(code=code.code, client=client, user=user, redirect=redirect, scope=wanted,
                  expires=self.now + CODE_LIFE, challenged=challenged)
        )  # fmt: skip

    def trade(self, grant: Grant, verifier: str | None, jwt: bool) -> None:
        """Exchange a code as its own client would."""
        client = self.client(grant.client)
        outcome = self.port.exchange(client, grant.code, grant.redirect, verifier=verifier, jwt=jwt)
        if grant.used or self.now >= grant.expires:
            expect_refused(outcome, "invalid_grant", status=400, why=f"used {grant.used}, now {self.now}")
            return
        grant.used = True
        token = expect_granted(outcome, f"a code at {self.now}, good until {grant.expires}")
        self.keep(token, grant.client, grant.user, " ".join(grant.scope), jwt)

    def renew(self, refresh: Refresh) -> None:
        """A valid refresh token yields a new pair, and ends the old one."""
        token = expect_granted(self.port.refresh(self.client(refresh.client), refresh.value))
        refresh.dead = True
        self.delete(refresh.row)
        assert token.refresh != refresh.value
        self.keep(token, refresh.client, refresh.user, " ".join(refresh.row.scope), False)

    def delete(self, row: Row) -> None:
        """The stored token is deleted; a JWT made from it lives on."""
        row.deleted = True
        if not row.access.jwt:
            row.access.deleted = True

    def live_refreshes(self) -> list[Refresh]:
        """Refresh tokens that work."""
        return [r for r in self.refreshes if not r.dead and not r.row.deleted]

    def probe(self, access: Access) -> None:
        """A token that is valid in the model works for its owner; any other does not."""
        outcome = self.port.me("JWT" if access.jwt else "Bearer", access.value)
        if access.jwt and self.now >= access.expires:
            expect_refused(outcome, "Invalid token.", status=401, why=f"expired at {access.expires}, now {self.now}")
        elif access.jwt and access.restricted:
            expect_refused(outcome, status=403, why="a JWT of a restricted application")
        elif access.deleted:
            expect_refused(outcome, "token_nonexistent", status=401, why="revoked or rotated")
        elif self.now >= access.expires:
            expect_refused(outcome, "token_expired", status=401, why=f"expired at {access.expires}, now {self.now}")
        else:
            assert outcome == access.user, f"a living token of {access.user} got {outcome!r}"
