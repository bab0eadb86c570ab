"""Tokens for an application or by password, and malformed requests."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import rule

from ..base import expect_granted, expect_refused, flipped
from .model import FOREIGN, PEOPLE, SCOPES, OpenEdxModel


class Grants(OpenEdxModel):
    """Client credentials, passwords, and refusals of the token endpoint."""

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
        """The fields of a correct password grant."""
        client, facts = self.client("password"), self.facts["learner"]
        return [
            ("grant_type", "password"),
            ("client_id", client["client_id"]),
            ("client_secret", client["client_secret"]),
            ("username", facts["username"]),
            ("password", facts["password"]),
        ]
