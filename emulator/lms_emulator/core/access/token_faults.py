"""What is wrong with a token whose signature is not the question, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lms_emulator.core.http.refusals import Refusal

_LONGEST = 200


def why_token(refusal: Refusal) -> str | None:
    """What the refused token lacks, or whom it is for; None if its refusal is about something else."""
    claim = refusal.check.split(" ")[-1].rpartition("/")[2]
    got, expected = _said(refusal.got), _said(refusal.expected)
    if refusal.reason.endswith("alg_none") and refusal.expected:
        how = f"its header says alg {got}" if refusal.got else "its header names no `alg`"
        return f"the token is not signed: {how}; sign it with {expected}"
    if refusal.reason.endswith("wrong_audience"):
        whom = f"the token is meant for {got}" if refusal.got else "the token has no `aud`"
        return f"{whom}; its `aud` has to be {expected}"
    if refusal.reason.endswith("wrong_issuer"):
        whom = f"the token was issued by {got}" if refusal.got else "the token has no `iss`"
        return f"{whom}; its `iss` has to be {expected}"
    if refusal.reason.endswith("malformed") and got.endswith(" part(s)"):
        tip = (
            "five are an encrypted token; send it signed alone"
            if got.startswith("5 ")
            else "was it cut, or is it no JWT?"
        )
        return f"a signed token has three parts joined by dots; {got.removesuffix(' part(s)')} came: {tip}"
    if refusal.reason.endswith("malformed") and refusal.got and refusal.check.endswith(("header", "payload")):
        return f"its {claim} is not {expected}: {got}"
    if refusal.reason.endswith("malformed") and refusal.got == "":
        return "the payload between the dots is empty: a detached signature; send the token whole"
    if refusal.reason.endswith(("token_expired", "key_expired")):
        return "the time in its `exp` is past: request another one"
    if refusal.reason.endswith("issued_in_future"):
        return "its `iat` is later than now by the emulator's clock"
    named = not refusal.check.endswith(" holds")
    if refusal.reason.endswith("missing_claim") and named:
        return f"the token has no `{claim}`"
    if refusal.reason.endswith("bad_claim") and named:
        return unfit(claim, refusal.got, refusal.expected)
    if refusal.reason.endswith(("nonce_used", "jti_used")) and claim in ("nonce", "jti"):
        return f"a token with this `{claim}` was taken before; every token needs a new one"
    return None


def unfit(name: str, got: object, expected: object) -> str:
    """Says that a member is missing, or what it has to be. Parameters: `expected`, one value or several."""
    if got is None:
        return f"it has no `{name}`, which has to be {_said(expected)}"
    said = f'the text "{got[:_LONGEST]}"' if isinstance(got, str) else str(got)[:_LONGEST]
    return f"its `{name}` was sent as {said}; it has to be {_said(expected)}"


def _said(value: object) -> str:
    several = value if isinstance(value, list | tuple | set | frozenset) else [value]
    return " or ".join(dict.fromkeys(map(str, several)))[:_LONGEST]
