"""How an authentication response is altered: the building blocks of `misbehaviour.NextLaunch`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from lms_emulator.core.keys import private_key, private_pem, public_numbers
from lms_emulator.signing.jwt import sign
from lms_emulator.signing.lti13 import CLAIM

STRANGER = "spare"
"""The shipped key that signs where the platform's own should."""


@dataclass(kw_only=True)
class Draft:
    """The answer to an authentication request, before it is signed.

    Attributes:
        claims, header: of the id_token, which is issued at `now`.
        key: the name of the shipped key that signs.
        signature: how the id_token is made from the three.
        fields: the form fields besides the id_token.
        earlier: the id_token of the tool's last launch, and its nonce; None before the first.
    """

    claims: dict[str, Any]
    now: int
    header: dict[str, Any]
    key: str
    fields: dict[str, str]
    earlier: tuple[str, str] | None = None
    signature: Callable[[Draft], str] = field(default=lambda draft: rs256(draft, draft.key))

    def token(self) -> str:
        """The id_token."""
        return self.signature(self)


Alter: TypeAlias = Callable[[Draft], None]
AlterLogin: TypeAlias = Callable[[dict[str, str]], None]


def rs256(draft: Draft, key: str) -> str:
    header = {name: value for name, value in draft.header.items() if name != "alg"}
    return sign(draft.claims, private_key(key), headers=header)


def by_a_stranger(draft: Draft) -> str:
    return rs256(draft, STRANGER)


def unsigned(draft: Draft) -> str:
    body = sign(draft.claims, "-" * 32, algorithm="HS256", headers={**draft.header, "alg": "none"})
    return f"{body.rpartition('.')[0]}."


def hs256(draft: Draft) -> str:
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    public = private_key(draft.key).public_key()
    secret = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode("ascii")
    return _hmac(draft, secret)


def _hmac(draft: Draft, secret: str) -> str:
    """HS256 by hand: libraries refuse a public key as a secret, to prevent the very attack that this imitates."""
    import hashlib
    import hmac
    from base64 import urlsafe_b64encode

    signed = sign(draft.claims, "-" * 32, algorithm="HS256", headers=draft.header | {"alg": "HS256"}).rpartition(".")[0]
    made = hmac.new(secret.encode(), signed.encode(), hashlib.sha256).digest()
    return f"{signed}.{urlsafe_b64encode(made).rstrip(b'=').decode()}"


def tampered(draft: Draft) -> str:
    header, _, signature = rs256(draft, draft.key).split(".")
    claims = {**draft.claims, "sub": f"{draft.claims.get('sub', '')}0"}
    changed = sign(claims, private_pem(draft.key), headers=draft.header).split(".")[1]
    return f"{header}.{changed}.{signature}"


def signed(how: Callable[[Draft], str]) -> Alter:
    def alter(draft: Draft) -> None:
        draft.signature = how

    return alter


def header(**members: Any) -> Alter:
    def alter(draft: Draft) -> None:
        draft.header = {k: v for k, v in {**draft.header, **members}.items() if v is not None}

    return alter


def shifted(**seconds: int) -> Alter:
    """Shift the token's times, truncated to seconds; an expired `exp` stays expired."""

    def alter(draft: Draft) -> None:
        over = draft.claims.get("exp", draft.now + 1) <= draft.now
        draft.claims |= {name: draft.now + by for name, by in seconds.items() if not (over and name == "exp")}

    return alter


def claims(claims: Mapping[str, Any]) -> Alter:
    def alter(draft: Draft) -> None:
        draft.claims |= {_full(name): value for name, value in claims.items()}

    return alter


def exactly(claims: Mapping[str, Any]) -> Alter:
    """These claims alone, in this order. What holds for one launch only stays the launch's own, if it is among them."""
    named = {_full(name): value for name, value in claims.items()}

    def alter(draft: Draft) -> None:
        own = {name: draft.claims[name] for name in ("nonce", "iat", "nbf", "exp") if name in draft.claims}
        draft.claims = named | {name: value for name, value in own.items() if name in named}

    return alter


def without(*names: str) -> Alter:
    def alter(draft: Draft) -> None:
        for name in names:
            draft.claims.pop(_full(name), None)

    return alter


def _full(name: str) -> str:
    """The full name of a claim that may be given by its short one: `roles`, `resource_link`."""
    return f"{CLAIM}{name}" if name in _SHORT else name


_SHORT = {
    "message_type",
    "version",
    "deployment_id",
    "target_link_uri",
    "resource_link",
    "roles",
    "context",
    "custom",
    "lis",
    "tool_platform",
    "launch_presentation",
    "role_scope_mentor",
    "lti11_legacy_user_id",
    "lti1p1",
}


def audience(change: Callable[[Any], Any], azp: Callable[[Any], Any] | None = None) -> Alter:
    def alter(draft: Draft) -> None:
        client = draft.claims.get("aud", "")
        draft.claims["aud"] = change(client)
        draft.claims.pop("azp", None)
        if azp is not None:
            draft.claims["azp"] = azp(client)

    return alter


def issuer(change: Callable[[str], str]) -> Alter:
    def alter(draft: Draft) -> None:
        draft.claims["iss"] = change(str(draft.claims.get("iss", "")))

    return alter


def replayed(draft: Draft) -> None:
    if draft.earlier is not None:
        token, _ = draft.earlier
        draft.signature = lambda _: token
    else:
        old_nonce(draft)


def old_nonce(draft: Draft) -> None:
    draft.claims["nonce"] = draft.earlier[1] if draft.earlier else f"{draft.claims.get('nonce', '')}-of-another-launch"


def never_sent(draft: Draft) -> None:
    draft.claims["nonce"] = f"{draft.claims.get('nonce', '')}-never-sent"


def posted(**fields: str | None) -> Alter:
    def alter(draft: Draft) -> None:
        draft.fields = {k: v for k, v in {**draft.fields, **fields}.items() if v is not None}

    return alter


def login(**fields: str | None) -> AlterLogin:
    def alter(sent: dict[str, str]) -> None:
        for name, value in fields.items():
            if value is None:
                sent.pop(name, None)
            else:
                sent[name] = value

    return alter


def stranger_jwk() -> dict[str, Any]:
    """The public half of the stranger's key."""
    return {"kty": "RSA", **public_numbers(STRANGER)}


def both(first: Alter, second: Alter) -> Alter:
    """One alteration, then another."""

    def alter(draft: Draft) -> None:
        first(draft)
        second(draft)

    return alter
