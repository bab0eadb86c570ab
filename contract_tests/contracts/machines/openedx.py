"""Open edX: which tokens and codes are alive, for whom, and that nothing else opens a door."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import hmac
import json
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule

from ..http import Browser
from ..outcomes import Code, Refused, Token
from .base import PICK, Machine, expect_granted, expect_refused, flipped, pick

DEFAULT = ("read", "write", "email", "profile")
SCOPES = st.sampled_from([None, "read", "email profile", "read write email profile", "write read"])
FOREIGN = st.sampled_from(["bogus", "read bogus", "READ", "openid", "grades:read"])
PEOPLE = st.sampled_from(["superuser", "learner", "other_learner", "inactive"])
ACTIVE = st.sampled_from(["superuser", "learner", "other_learner"])
CODE_CLIENTS = st.sampled_from(["authorization_code", "public_authorization_code", "trusted"])
CLAIMS = ["nothing", "exp now", "exp next second", "aud", "iss", "no exp", "no iat", "version", "user"]
CODE_LIFE = 60
OPAQUE_LIFE, JWT_LIFE = 36000, 3600
VERIFIER = "contract-verifier-0123456789-0123456789-0123456789"


@dataclasses.dataclass(kw_only=True)
class Access:
    """An access token; `row` is what the site stored for it, which for a JWT is something else than the token."""

    value: str
    jwt: bool
    user: str | None
    expires: float
    restricted: bool = False
    deleted: bool = False


@dataclasses.dataclass(kw_only=True)
class Row:
    """A stored token: what consent is remembered by, and what a refresh token hangs on."""

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


class OpenEdxMachine(Machine):
    """Sign-in at Open edX."""

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

    # grants

    def client(self, name: str) -> dict[str, Any]:
        """A client's credentials."""
        found: dict[str, Any] = self.facts["clients"][name]
        return found

    def username(self, role: str) -> str:
        """A person's user name."""
        found: str = self.facts[role]["username"]
        return found

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
        if token.refresh is not None and user is not None:
            assert all(token.refresh != old.value for old in self.refreshes), "the same refresh token was issued twice"
            self.refreshes.append(Refresh(value=token.refresh, client=client, user=user, row=row))
        return row

    @rule(client=st.sampled_from(["client_credentials", "restricted"]), scope=SCOPES, jwt=st.booleans())
    def client_credentials(self, client: str, scope: str | None, jwt: bool) -> None:
        token = expect_granted(self.port.client_credentials(self.client(client), scope=scope, jwt=jwt))
        assert token.refresh is None, "client credentials never come with a refresh token"
        self.keep(token, client, self.client(client)["user"], scope, jwt)

    @rule(
        client=st.sampled_from(["password", "public_password"]),
        person=PEOPLE,
        by_mail=st.booleans(),
        jwt=st.booleans(),
        scope=SCOPES,
    )
    def password(self, client: str, person: str, by_mail: bool, scope: str | None, jwt: bool) -> None:
        facts = self.facts[person]
        name = facts["email" if by_mail else "username"]
        token = self.port.password(self.client(client), name, facts["password"], scope=scope, jwt=jwt)
        self.keep(expect_granted(token), client, facts["username"], scope, jwt)

    @rule(person=PEOPLE, other=PEOPLE, client=st.sampled_from(["password", "public_password"]))
    def password_of_somebody_else(self, person: str, other: str, client: str) -> None:
        wrong = self.facts[other]["password"] if other != person else "wrong"
        outcome = self.port.password(self.client(client), self.username(person), wrong)
        expect_refused(outcome, "invalid_grant", status=400)

    @rule(scope=FOREIGN, which=st.sampled_from(["client_credentials", "password"]))
    def scope_not_allowed(self, scope: str, which: str) -> None:
        if which == "password":
            facts = self.facts["learner"]
            outcome = self.port.password(self.client(which), facts["username"], facts["password"], scope=scope)
        else:
            outcome = self.port.client_credentials(self.client(which), scope=scope)
        expect_refused(outcome, "invalid_scope", status=400)

    @rule(client=st.sampled_from(["authorization_code", "password", "trusted"]))
    def grant_of_another_application_type(self, client: str) -> None:
        expect_refused(self.port.client_credentials(self.client(client)), "unauthorized_client", status=400)

    @rule(
        client=st.sampled_from(["client_credentials", "password", "restricted", "without_user"]), how=st.integers(0, 4)
    )
    def client_secret_wrong(self, client: str, how: int) -> None:
        right = self.client(client)
        secret = right["client_secret"]
        wrong = [
            secret[:-1], secret + "x", flipped(secret, 3), "", self.client("authorization_code")["client_secret"],
        ][how]  # fmt: skip
        outcome = self.port.client_credentials({**right, "client_secret": wrong})
        expect_refused(outcome, "invalid_client", status=401)

    # authorization codes

    @rule(person=ACTIVE, client=CODE_CLIENTS)
    def sign_in(self, person: str, client: str) -> None:
        """From consent to token in one go, with every wrong turn on the way."""
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
        """A code works a second before its end, and not at its end."""
        for seconds in (CODE_LIFE - 1, CODE_LIFE):
            self.consent(person, "trusted", "read", False, False, True)
            self.move(seconds)
            self.trade(self.grants[-1], None, False)

    @rule(client=st.sampled_from(["password", "public_password"]), person=PEOPLE)
    def refresh_and_come_back(self, client: str, person: str) -> None:
        """A pair, its refresh with every wrong turn, and the old pair again."""
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

    def renew(self, refresh: Refresh) -> None:
        """A living refresh token gives a new pair, and ends the old one."""
        token = expect_granted(self.port.refresh(self.client(refresh.client), refresh.value))
        refresh.dead = True
        self.delete(refresh.row)
        assert token.refresh != refresh.value
        self.keep(token, refresh.client, refresh.user, " ".join(refresh.row.scope), False)

    def trade(self, grant: Grant, verifier: str | None, jwt: bool) -> None:
        """Exchange a code as its own client should."""
        client = self.client(grant.client)
        outcome = self.port.exchange(client, grant.code, grant.redirect, verifier=verifier, jwt=jwt)
        if grant.used or self.now >= grant.expires:
            expect_refused(outcome, "invalid_grant", status=400, why=f"used {grant.used}, now {self.now}")
            return
        grant.used = True
        token = expect_granted(outcome, f"a code at {self.now}, good until {grant.expires}")
        self.keep(token, grant.client, grant.user, " ".join(grant.scope), jwt)

    @precondition(lambda self: self.bench.target.has_clock)
    @rule(person=ACTIVE)
    def come_back_later(self, person: str) -> None:
        """Consent outlives the token that it gave."""
        self.consent(person, "authorization_code", "read email", False, False, True)
        self.trade(self.grants[-1], None, False)
        self.move(OPAQUE_LIFE)
        self.consent(person, "authorization_code", "read", False, False, True)

    def browser(self, person: str) -> Browser:
        """The browser of a signed-in person."""
        if person not in self.browsers:
            facts = self.facts[person]
            self.browsers[person] = expect_granted(self.wire.sign_in(facts["email"], facts["password"]))
        return self.browsers[person]

    @rule(person=ACTIVE, client=CODE_CLIENTS, scope=SCOPES.filter(bool), second=st.booleans(), challenged=st.booleans(),
          agree=st.sampled_from([True, True, True, False]))  # fmt: skip
    def authorize(self, person: str, client: str, scope: str, second: bool, challenged: bool, agree: bool) -> None:
        self.consent(person, client, scope, second, challenged, agree)

    def consent(self, person: str, client: str, scope: str, second: bool, challenged: bool, agree: bool) -> None:
        """Ask for a code, and compare what is shown and given with the model."""
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

    # refreshing and revoking

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
        if not row.access.jwt:  # a JWT is no stored token: revoking it does nothing
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

    def delete(self, row: Row) -> None:
        """The stored token is gone; a JWT made from it lives on."""
        row.deleted = True
        if not row.access.jwt:
            row.access.deleted = True

    def live_refreshes(self) -> list[Refresh]:
        """Refresh tokens that work."""
        return [r for r in self.refreshes if not r.dead and not r.row.deleted]

    # time

    @precondition(lambda self: self.bench.target.has_clock)
    @rule(seconds=st.sampled_from([1, 59, 60, 3600, 36000]))
    def wait(self, seconds: int) -> None:
        self.move(seconds)

    @precondition(lambda self: self.bench.target.has_clock and (self.accesses or self.grants))
    @rule(number=PICK, offset=st.sampled_from([-1, 0, 1]))
    def wait_for_an_expiry(self, number: int, offset: int) -> None:
        moments = [access.expires for access in self.accesses] + [grant.expires for grant in self.grants]
        self.move_to(pick(moments, number), offset)

    # using tokens

    @precondition(lambda self: self.accesses)
    @rule(number=PICK)
    def use(self, number: int) -> None:
        self.probe(pick(self.accesses, number))

    def probe(self, access: Access) -> None:
        """What the model says is alive works for its owner; what it says is dead does not."""
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

    # forged tokens

    @precondition(lambda self: "jwt" in self.facts)
    @rule()
    def forged_tokens(self) -> None:
        """A JWT's algorithm downgraded in every way, and its claims changed by somebody who holds the site's key."""
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
        """Neither no signature nor one with a key that everybody has will do."""
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

    # malformed requests

    @rule(drop=st.sampled_from(["grant_type", "client_id", "client_secret", "username", "password"]))
    def parameter_missing(self, drop: str) -> None:
        fields = self.password_form()
        code = {
            "grant_type": "unsupported_grant_type",
            "client_id": "invalid_client",
            "client_secret": "invalid_client",
        }
        outcome = self.wire.raw_token([(name, value) for name, value in fields if name != drop])
        refused = code.get(drop, "invalid_request")
        expect_refused(outcome, refused, status=401 if refused == "invalid_client" else 400)

    @rule(name=st.sampled_from(["grant_type", "client_secret", "password", "scope"]), wrong_last=st.booleans())
    def parameter_twice(self, name: str, wrong_last: bool) -> None:
        """The last one counts."""
        fields = [*self.password_form(), ("scope", "read")]
        right = dict(fields)[name]
        pair = [(name, right), (name, "bogus")] if wrong_last else [(name, "bogus"), (name, right)]
        outcome = self.wire.raw_token([*(field for field in fields if field[0] != name), *pair])
        if wrong_last:
            refused = {
                "grant_type": "unsupported_grant_type",
                "client_secret": "invalid_client",
                "password": "invalid_grant",
                "scope": "invalid_scope",
            }[name]
            expect_refused(outcome, refused)
        else:
            self.keep(expect_granted(outcome), "password", self.username("learner"), "read", False)

    def password_form(self) -> list[tuple[str, str]]:
        """The fields of a right password grant."""
        client, facts = self.client("password"), self.facts["learner"]
        return [
            ("grant_type", "password"),
            ("client_id", client["client_id"]),
            ("client_secret", client["client_secret"]),
            ("username", facts["username"]),
            ("password", facts["password"]),
        ]

    @invariant()
    def the_newest_token_is_as_the_model_says(self) -> None:
        if self.accesses:
            self.probe(self.accesses[-1])

    def teardown(self) -> None:
        for access in self.accesses:
            self.probe(access)
        if self.bench.target.name == "live":  # leave nothing behind that can be taken back
            for row in self.rows:
                self.wire.revoke(self.client(row.client), row.value)


def s256(verifier: str) -> str:
    """The S256 challenge of a PKCE verifier."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def b64(document: dict[str, Any]) -> str:
    """A JSON document as a part of a JWT."""
    return base64.urlsafe_b64encode(json.dumps(document).encode()).rstrip(b"=").decode()


def unb64(part: str) -> bytes:
    """A part of a JWT, decoded."""
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def hs_token(header: dict[str, Any], payload: str, key: bytes) -> str:
    """A JWT over this payload, signed with a shared key."""
    head = b64(header)
    digest = hashlib.sha512 if header["alg"] == "HS512" else hashlib.sha256
    signature = hmac.new(key, f"{head}.{payload}".encode(), digest).digest()
    return f"{head}.{payload}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"


__all__ = ["OpenEdxMachine", "Refused"]
