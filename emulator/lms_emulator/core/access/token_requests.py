"""What is wrong with a token request as a whole: its grant type, content type, Basic header, redirect URI."""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult, unquote, urlsplit

from lms_emulator.core.access.slips import how_written, undone
from lms_emulator.core.suggest import nearest

if TYPE_CHECKING:
    from lms_emulator.core.http.exchange import Exchange


def why_no_grant(sent: str, known: Collection[str]) -> str | None:
    """Why a token endpoint does not know the grant type sent. Parameters: `known`, the grant types that it has."""
    if not sent:
        return None
    if sent.replace("-", "_") in known:
        return "write the grant type with underscores; hyphens belong to the application's setting"
    closest = next((item for item in sorted(known) if item == sent.lower() or item.startswith(f"{sent}_")), None)
    closest = closest or nearest(sent, known, 0.8)
    return f"did you mean {closest}?" if closest else f"there is no such grant here, only {', '.join(sorted(known))}"


def why_no_basic(exchange: Exchange[Any, Any]) -> str | None:
    """Why the credentials of an HTTP Basic header are not read as intended; None if they are."""
    scheme, _, value = exchange.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        raw = b64decode(value.strip() + "=" * (-len(value.strip()) % 4), validate=True)
    except ValueError:
        plain = "they were sent unencoded" if ":" in value else "it is not base64"
        plain = "it is base64url, with - and _ for + and /" if re.fullmatch("[A-Za-z0-9_=-]+", value.strip()) else plain
        return f"what follows `Basic` has to be client id, colon and secret in base64; {plain}"
    if b"\0" in raw:
        return "the Basic credentials were encoded as UTF-16 before base64; they have to be UTF-8"
    return None if b":" in raw else "the Basic credentials have no colon between client id and secret"


def why_no_response_type(sent: str | None) -> str | None:
    """Why an authorization request's response type is not supported. Parameters: `sent`, its `response_type`."""
    if not sent:
        return "no response_type was sent; it has to be code"
    if sent in ("token", "id_token", "id_token token"):
        return "the implicit grant is not given here: ask for response_type=code, and exchange the code"
    return "only response_type=code is accepted"


def why_no_scope(refused: Collection[str], known: Collection[str]) -> str | None:
    """The slip that led to unknown scopes. Parameters: `known`, the scopes that exist."""
    for scope in refused:
        if any({scope.split(mark)[0], scope.split(mark)[-1]} & set(known) for mark in ",;|+" if mark in scope):
            return "scopes are separated by spaces; these were sent as one"
        if (why := how_written(sorted(known), scope) or _why_written(scope, known)) is not None:
            return why
        if (closest := nearest(scope, known, 0.95)) is not None:
            return f"did you mean {closest}?"
        if scope in _OF_SIGNING_IN and scope not in known:
            return f"`{scope}` is for signing in by OpenID Connect, as a launch does; this token does not take it"
    listed = " ".join(sorted(known)[:_MOST_LISTED])
    return (
        f"`{next(iter(refused))}` is not among the scopes that may be asked for: {listed}"
        if refused and listed
        else None
    )


def _why_written(scope: str, known: Collection[str]) -> str | None:
    """How several scopes were garbled together, or what a single one lacks."""
    for why, meant in undone(scope):
        if set(re.split("[ +]", meant)) & set(known):
            return f"these are scopes, {meant}, but {why.replace('it is', 'they are')}"
    if (bare := scope.strip("[](){}\"'`,;")) in known:
        return f"nothing but spaces belongs around a scope: send {bare}"
    if (route := _why_no_route(scope, known)) is not None:
        return route
    ends = [item for item in known if scope and re.search(rf"[:/|]{re.escape(scope)}$", item)]
    return f"a scope is written in full: {ends[0]}" if len(ends) == 1 else None


def _why_no_route(scope: str, known: Collection[str]) -> str | None:
    """Says how a scope that names a route, `url:GET|/api/v1/users/:id`, was wrongly given a host or an id."""
    bare = _HOST.sub("", scope)
    fits = (item for item in sorted(known) if re.fullmatch(_SLOT.sub("/[^/]+", re.escape(item)), bare))
    meant = bare if bare in known else next(fits, None)
    if meant is None or meant == scope:
        return None
    without = ["no host"] if bare != scope else []
    without += ["names of ids, not ids"] if bare != meant else []
    return f"a scope is a route with {' and '.join(without)}: send {meant}"


_HOST = re.compile(r"(?<=\|)https?://[^/]*")
_SLOT = re.compile(r"/:\w+")
NO_CLIENT = "no client_id was sent, neither in the body nor by HTTP Basic"
_OF_SIGNING_IN = ("openid", "profile", "email", "offline_access")
_MOST_LISTED = 12
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


def why_no_redirect(
    sent: str | None, known: Collection[str], others: Iterable[tuple[str, Collection[str]]] = ()
) -> str | None:
    """The one way in which a redirect URI differs from an expected one; None if it resembles none of them.

    Parameters:
        known: the registered ones, or the one from the authorization request.
        others: other clients, by what they are called, with those that are registered for them.
    """
    if not known:
        return "no redirect URI is registered"
    if not sent:
        return "no redirect_uri was sent"
    if sent.strip() in known:
        return "there is white space around it"
    for whose, theirs in others:
        if sent in theirs:
            return f"it is registered for {whose}, not for this client"
    if sent.partition("%")[2] and unquote(sent) in known:
        return "it is percent-encoded once too often"
    for value in known:
        if (slip := _slip(sent, value)) is not None:
            return f"it differs from {value} only in {slip}"
    if _SCHEME.match(sent) is None:
        return "it is not an absolute URI, which begins with a scheme: https://…"
    return None


def _slip(sent: str, right: str) -> str | None:
    try:
        ours, theirs = urlsplit(sent), urlsplit(right)
        same_port = ours.port == theirs.port
    except ValueError:
        return None
    apart = [name for name in SplitResult._fields if getattr(ours, name) != getattr(theirs, name)]
    if apart == ["path"] and ours.path.rstrip("/") == theirs.path.rstrip("/"):
        return "its final slash"
    if sent.lower() == right.lower():
        return "the case of letters"
    if apart == ["scheme"]:
        return f"its scheme: {theirs.scheme} is registered, {ours.scheme} was sent"
    if apart == ["query"]:
        return "its query" if theirs.query else "the query that it has and the registered one has not"
    if apart == ["fragment"]:
        return "its fragment"
    return _host_slip(ours, theirs, same_port=same_port) if apart == ["netloc"] else None


def _host_slip(ours: SplitResult, theirs: SplitResult, *, same_port: bool) -> str | None:
    if ours.hostname == theirs.hostname and not same_port:
        return "its port"
    if {ours.hostname, theirs.hostname} <= set(_LOOPBACK) and same_port:
        return f"its host: {ours.hostname} and {theirs.hostname} are different hosts here"
    if (ours.hostname or "").removeprefix("www.") == (theirs.hostname or "").removeprefix("www."):
        return "`www.` before its host"
    return None
