"""Finds what a request seems to lack: a parameter or credential under another name or in another place."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from lms_emulator.core.access.bodies import why_another, why_text
from lms_emulator.core.access.recognise import recognise
from lms_emulator.core.access.slips import is_jwt
from lms_emulator.core.access.token_faults import unfit
from lms_emulator.core.access.token_requests import NO_CLIENT
from lms_emulator.core.http.exchange import BodyError
from lms_emulator.core.suggest import nearest

if TYPE_CHECKING:
    from lms_emulator.core.http.exchange import Exchange
    from lms_emulator.core.http.refusals import Refusal

_FORM = "application/x-www-form-urlencoded"
_OF_CREDENTIALS = re.compile("token|key|auth|bearer|jwt|secret|ltik", re.IGNORECASE)
_MOST = 20
_MEMBER = re.compile(r"[A-Za-z][\w.-]*|https?://\S+")
_NAMES = frozenset((
    "grant_type", "client_id", "client_secret", "code", "code_verifier", "code_challenge", "code_challenge_method",
    "redirect_uri", "refresh_token", "scope", "state", "username", "password", "response_type", "assertion_type",
    "client_assertion_type", "oauth_consumer_key", "oauth_signature", "oauth_signature_method", "oauth_timestamp",
    "oauth_nonce", "oauth_version",
))  # fmt: skip
"""Parameters of OAuth, which are never another one misspelt."""
_JWTS = ("JWT", "id_token", "client_assertion")
_GRANTED = ("code", "refresh_token", "access_token", "token", "assertion")


def why_absent(exchange: Exchange[Any, Any], name: str, *, holds_others: bool = False) -> str | None:
    """Why a parameter is missing: it is empty, in another place, in a body that was not read, or misspelled.

    Parameters: `holds_others`, whether it is a container of others, `name[…]`.
    """
    if (
        exchange.content_type.endswith("json")
        and exchange.body.lstrip()[:1] == b"["
        and isinstance(_parsed(exchange), list)
    ):
        return "the body is a list; it has to be an object"
    if (twice := why_text(exchange)) is not None:
        return twice
    in_query, in_body = dict(exchange.query.peek()), body_members(exchange)
    reads_query = exchange.method in ("GET", "HEAD", "DELETE")
    read, other = (in_query, in_body) if reads_query else (in_body, in_query)
    # A provider that takes the body apart itself reports what it looked at.
    taken = exchange.body_was_read or (
        bool(exchange.reads.paths) and (exchange.is_form or exchange.content_type.endswith("json"))
    )
    if name in read and (reads_query or taken):
        empty = not read[name] and not isinstance(read[name], int | float)
        return f"{name} was sent, but is empty: has the variable a value?" if empty else None
    if name in other:
        where = "body" if reads_query else "query"
        return f"{name} was sent in the {where}; it goes into the {_place(exchange, reads_query)}"
    if (
        not reads_query
        and exchange.body
        and not taken
        and exchange.body.lstrip()[:1] in (b"{", b"[")
        and _takes_json(exchange)
    ):
        return (
            f"the body is JSON, and its Content-Type says {exchange.content_type or 'nothing'}: send application/json"
        )
    if not reads_query and exchange.body and not taken:
        return f"the body was sent as {exchange.content_type or 'no Content-Type'}; send {_FORM}"
    if exchange.is_form and exchange.body and (why := why_another(exchange)) is not None:
        return why
    if holds_others:
        bare = next((key for key in read if "[" not in key), None)
        return (
            f"`{bare}` was sent at the top; write `{name}[{bare}]`, or put it into `{name}` in JSON" if bare else None
        )
    if (found := _under_another_name(exchange, name, read, other)) is not None or name != "client_id":
        return found
    return "no client_id was sent" if reads_query else _no_client(exchange, in_body)


def _under_another_name(
    exchange: Exchange[Any, Any], name: str, read: dict[str, Any], other: dict[str, Any]
) -> str | None:
    if name.endswith("name") and len(parts := [key for key in read if _plain(key) in ("firstname", "lastname")]) == 2:
        return f"`{parts[0]}` and `{parts[1]}` were sent; the name is `{name}`, with both"
    if like := _like(name, read) or _like(name, other):
        return f"`{like}` was sent; the name is `{name}`"
    if name == "client_assertion" and is_jwt(exchange.headers.get("authorization", "").rpartition(" ")[2]):
        return "a JWT was sent in the Authorization header; it goes into the form, as `client_assertion`"
    for key, value in read.items() if name in _JWTS else ():
        if is_jwt(value):
            return f"a JWT was sent as `{key}`; the name is `{name}`"
    for key, value in read.items() if name in _GRANTED else ():
        if key in _GRANTED and isinstance(value, str) and (found := recognise(exchange, value)) is not None:
            return f"{found}; it was sent as `{key}`"
    return None


def _no_client(exchange: Exchange[Any, Any], in_body: dict[str, Any]) -> str | None:
    scheme = exchange.headers.get("authorization", "").partition(" ")[0]
    if "client_assertion" in in_body:
        return "a client_assertion was sent, which does not count for this grant: send client_id and client_secret"
    if exchange.basic() is not None:
        return "client_id came by HTTP Basic; it goes into the form"
    if scheme and scheme.lower() != "basic":
        return f"the Authorization header is `{scheme} …`; id and secret of a client go by Basic, or into the form"
    return None if scheme else NO_CLIENT


def why_not_fit(exchange: Exchange[Any, Any], refusal: Refusal) -> str | None:
    """What the member of the request that a refusal names has to be; None if it names none."""
    name, sent = refusal.check, {**dict(exchange.query.peek()), **body_members(exchange)}
    if refusal.status not in (400, 422) or refusal.expected is None or not _MEMBER.fullmatch(name):
        return None
    if refusal.got is None:
        return _under_another_name(exchange, name, sent, {}) or unfit(name, None, refusal.expected)
    return unfit(name, refusal.got, refusal.expected) if name in sent else None


def why_not_sent(exchange: Exchange[Any, Any], name: str) -> str | None:
    """Says so if a parameter is nowhere in the request."""
    return None if name in dict(exchange.query.peek()) or name in body_members(exchange) else f"no {name} was sent"


def _place(exchange: Exchange[Any, Any], reads_query: bool) -> str:
    if reads_query:
        return "query"
    return "form" if exchange.is_form else "body"


def _takes_json(exchange: Exchange[Any, Any]) -> bool:
    """Whether the request is to REST, where every provider takes JSON, and not to a token endpoint."""
    return "/api/" in exchange.path and not exchange.content_type.endswith("json")


def _like(name: str, sent: dict[str, Any]) -> str | None:
    plain = _plain(name)
    others = [key for key in sent if _plain(key) and not name.startswith(f"{key}_")]
    known = [key for key in others if key not in _NAMES or _plain(key) == plain]
    inside = (key for key in known if plain in _plain(key))
    part = (key for key in known if len(key) > 3 and _plain(key) in plain)
    return next(inside, None) or next(part, None) or nearest(name, known, 0.75)


def _plain(name: str) -> str:
    return re.sub("[^a-z0-9]", "", name.lower())


def _parsed(exchange: Exchange[Any, Any]) -> Any:
    """The JSON of the body; None if there is none."""
    try:
        return exchange.plain_json() if exchange.body else None
    except BodyError:
        return None


def body_members(exchange: Exchange[Any, Any]) -> dict[str, Any]:
    """The members of the body, as far as it can be read."""
    try:
        if exchange.is_form:
            return dict(exchange.form().peek())
        value = _parsed(exchange)
    except BodyError:
        return {}
    return value if isinstance(value, dict) else {}


def why_nobody(exchange: Exchange[Any, Any], looked_for: str, otherwise: str | None) -> str | None:
    """Whose credential was sent in a place where the provider does not look.

    Parameters: `looked_for`, how one is sent, such as `Authorization: Bearer <token>`; `otherwise`, the diagnosis if
    none that is known was sent, in place of naming the scheme that came.
    """
    title = exchange.world.providers[exchange.provider].title
    for place, sent in list(_sent(exchange))[:_MOST]:
        if sent and (found := recognise(exchange, sent)) is not None:
            return f"it was sent {place}; {title} looks for it in `{looked_for}`; {found}"
    scheme, _, value = exchange.headers.get("authorization", "").partition(" ")
    other = value.strip() and scheme.isalpha() and scheme.lower() not in looked_for.lower()
    return otherwise or (f"`Authorization: {scheme} …` was sent; {title} looks for `{looked_for}`" if other else None)


def _sent(exchange: Exchange[Any, Any]) -> Iterator[tuple[str, str]]:
    """Everything that may be a credential, with a description of its place."""
    header = exchange.headers.get("authorization", "")
    scheme, _, rest = header.partition(" ")
    yield f"as `{scheme} …`", rest.strip()
    if re.match("[A-Za-z]+[=:]", scheme):
        yield "after a scheme without a space between them", re.split("[=:]", header, maxsplit=1)[-1]
    yield "in the Authorization header without a scheme", header
    name, password = exchange.basic() or ("", "")
    yield "as the name of HTTP Basic", name
    yield "as the password of HTTP Basic", password
    for name, value in exchange.headers.items():
        if name not in ("authorization", "cookie") and _OF_CREDENTIALS.search(name):
            yield f"in the header {name}", re.split("[= ]", value.strip("= "))[-1].strip('"')
            yield f"in the header {name}", value
    for where, pairs in (
        ("query", exchange.query.peek()),
        ("body", body_members(exchange).items()),
        ("cookies", exchange.cookies.items()),
    ):
        for name, value in pairs:
            if isinstance(value, str) and _OF_CREDENTIALS.search(name):
                yield f"in the {where}, as `{name}`", value
