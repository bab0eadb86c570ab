"""Why a secret that a client sends is not the registered one."""

from __future__ import annotations

from collections.abc import Iterable

_UNSET = ("undefined", "null", "none", "nil")


def why_wrong(sent: str, registered: str, others: Iterable[tuple[str, str]] = ()) -> str:
    """The mistake behind a wrong secret, or what is left when none is known: another secret, and how long both are.

    Parameters: `others`, whose secrets the world knows besides: in words ("developer key 7"), and the secret.
    """
    if not sent:
        return "no client secret was sent, neither in the body nor by HTTP Basic"
    if sent.strip() == registered:
        return "the secret has white space around it"
    if sent.strip("\"'") == registered:
        return "the secret has quotation marks around it"
    if sent.lower() in _UNSET:
        return f"`{sent}` was sent: the variable that should hold the secret has no value"
    if sent.lower() == registered.lower():
        return "letters of the secret differ in case"
    for owner, secret in others:
        if secret and secret == sent:
            return f"this is the secret of {owner}"
    return f"this is another secret: yours has {len(sent)} characters, the registered one {len(registered)}"
