"""Identifies a refused credential: one register for all kinds, clients, tenants, providers and worlds.

Tables declare which fields are credentials (`core.state.credentials`). A refusal names the one that it did not
accept, `Refusal(…, credential=sent)`, and the search is the same for all: a slip in copying, another kind or owner in
this world, another provider, another world, or a state from before a reset.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import takewhile
from typing import TYPE_CHECKING, Any

from lms_emulator.core.access.jwts import why_another_sort, why_not_whole
from lms_emulator.core.access.signers import FAULTS, whose_signature, why_another_type
from lms_emulator.core.access.slips import is_jwt, undone, why_no_jwt
from lms_emulator.core.access.token_requests import why_no_basic
from lms_emulator.core.clock import brief_search
from lms_emulator.core.state.credentials import Credential

if TYPE_CHECKING:
    from lms_emulator.core.http.exchange import Exchange
    from lms_emulator.core.http.refusals import Refusal
    from lms_emulator.core.state.tables import Table
    from lms_emulator.core.worlds.world import World

UNSET = ("undefined", "null", "none", "nil", "nan", "[object object]")
_TEMPLATE = re.compile(r"\$\{\w{1,50}\}|\$[A-Z_]{2,50}|\{\{ ?[\w.]{1,50} ?\}\}|%[A-Z_]{2,50}%|<%= ?\w{1,50} ?%>")
_PLACEHOLDER = re.compile(r"<\w[\w -]{1,50}>|\{\w{1,50}\}")
_HASH = re.compile(r"(?:pbkdf2_\w{1,20}|bcrypt\w{0,10}|argon2\w{0,2}|scrypt|\$2[aby]|\$argon2\w{0,2})\$")
_OF_ANOTHER = ("_of_another_client", "incorrect_client")
"""How a reason ends if the credential is valid, but somebody else's."""
NOTHING_SENT = "no client secret was sent, neither in the body nor by HTTP Basic"
NOBODYS = "nobody's: no world of this emulator has it or issued it recently"
_CHANGED = "another key signed it, or its header or payload was changed after signing"
_OF_BEARERS = ("service_token_", "lti_token_", "registration_token_", "token_")
_MOST_COMPARED = 1_000
_SHORTEST = 8
"""Of shorter texts, and of numbers, one that is nearly the same is another."""
_TELLING = 16
"""First or last characters of a credential that identify it; the beginnings of JWTs are much alike."""
_LONGEST = 8_192
"""Longer texts are not looked for."""


def why_refused(exchange: Exchange[Any, Any], refusal: Refusal) -> str | None:
    """Whose the refused credential is, or which slip garbled it; else the refusal's own diagnosis."""
    sent, registered = refusal.credential, refusal.registered
    if (unreadable := _why_basic(exchange, refusal)) is not None:
        return unreadable
    if not sent or len(sent) > _LONGEST:
        return refusal.diagnosis if sent or registered is None else NOTHING_SENT
    if registered is not None and (slip := _slip_of(sent, registered)):
        return slip
    if _TEMPLATE.fullmatch(sent):
        return f"`{sent}` was sent: a template's variable in whose place no value was put"
    if sent.strip("{}<>").lower() in UNSET:
        return f"`{sent}` was sent: the variable that should hold it has no value"
    if refusal.reason.endswith(_OF_ANOTHER) and (held := _in(exchange.world, exchange.provider, sent)) is not None:
        return f"this is {held[0].described(held[1])}; another client sent it"
    if refusal.reason.endswith("_expired") and (held := _in(exchange.world, exchange.provider, sent)) is not None:
        return f"this is {held[0].described(held[1])}, and has expired: request another one"
    found = recognise(exchange, sent) or why_another_sort(sent, refusal.reason, exchange.path)
    whole = why_not_whole(sent) if is_jwt(sent) else None
    said = whole is not None and refusal.diagnosis is not None and whole in refusal.diagnosis
    if found is None and refusal.reason.endswith(FAULTS):
        found = whose_signature(exchange, sent, pair=refusal.reason.endswith("alg_confusion"))
        found = found or (None if said else whole) or why_another_type(exchange, sent)
        if found is None and refusal.diagnosis is None and refusal.reason.endswith("bad_signature"):
            found = why_no_jwt(sent) or _CHANGED
    if found is None and _PLACEHOLDER.fullmatch(sent):
        stands = f"`{sent}` was sent: a placeholder of the documentation, in whose place the value goes"
        return f"{stands}; {refusal.diagnosis}" if refusal.diagnosis else stands
    found = found or why_no_jwt(sent) or refusal.diagnosis or whole
    if found or registered is not None:
        return found or _lengths(sent, registered or "")
    return NOBODYS if refusal.expected is None and refusal.got in (None, sent) else None


def _why_basic(exchange: Exchange[Any, Any], refusal: Refusal) -> str | None:
    """What is wrong with HTTP Basic: that it cannot be read, or that a bearer token is wanted."""
    scheme, _, value = exchange.headers.get("authorization", "").partition(" ")
    if not refusal.reason.startswith(_OF_BEARERS) or scheme.lower() != "basic":
        return why_no_basic(exchange)
    found = recognise(exchange, value.strip())
    return f"`Authorization: {scheme} …` was sent; it has to be `Authorization: Bearer <token>`" + (
        f"; {found}" if found else ""
    )


def recognise(exchange: Exchange[Any, Any], sent: str) -> str | None:
    """Whose credential this is, as far as this process knows; None if nobody's."""
    world, own = exchange.world, exchange.provider
    found = _in(world, own, sent)
    if found is not None:
        credential, record = found
        return f"this is {credential.described(record)}" + _tip(exchange, credential, sent)
    for why, meant in undone(sent):
        if (found := _in(world, own, meant)) is not None:
            return f"this is {found[0].described(found[1])}, but {why}"
    if (said := _elsewhere(exchange, sent)) is not None or (close := _written_wrong(world, own, sent)) is None:
        return said
    credential, record, why = close
    right = f"; the registered one is {credential.values(record)}" if credential.public else ""
    return f"this is {credential.described(record)}, but {why}{right}"


def _tip(exchange: Exchange[Any, Any], credential: Credential, sent: str) -> str:
    """What the credential is good for; nothing about how to send it, if it came just so."""
    scheme, _, value = exchange.headers.get("authorization", "").partition(" ")
    so = value.rpartition(":")[2].strip() == sent and credential.tip.startswith(f"send it as `Authorization: {scheme} ")
    return ": this call takes another one" if so else f": {credential.tip}" if credential.tip else ""


def _elsewhere(exchange: Exchange[Any, Any], sent: str) -> str | None:
    in_time = brief_search()
    own, title = exchange.provider, exchange.world.providers[exchange.provider].title
    for name in exchange.world.providers:
        if name != own and (found := _in(exchange.world, name, sent)) is not None:
            theirs = exchange.world.providers[name].title
            return f"this is {found[0].described(found[1])} at {theirs}; the request came to {title}"
    for world in exchange.world.others():
        for name in (own, *(name for name in world.providers if name != own)):
            if not in_time():
                return "this world does not know it; not all other worlds were searched, for lack of time"
            if (found := _in(world, name, sent)) is not None:
                at = "" if name == own else f" at {world.providers[name].title}"
                return (
                    f"this is {found[0].described(found[1])}{at} in the world `{world.name}`; "
                    f"the request came to the world `{exchange.world.name}`"
                )
    return _before(exchange, sent)


def _before(exchange: Exchange[Any, Any], sent: str) -> str | None:
    """Whether it was issued in a state that no longer exists."""
    for name in exchange.world.providers:
        for _, credential in _kinds(exchange.world, name):
            if (
                credential.proved is None
                and (where := exchange.world.given_out.where(name, credential, sent)) is not None
            ):
                whose = "this world" if where == exchange.world.name else f"the world `{where}`"
                return f"this is {credential.name} that {whose} issued before it was reset, replaced or restored"
    return None


def _kinds(world: World, provider: str) -> Iterator[tuple[Table[Any], Credential]]:
    store = world.store(provider)
    for name, spec in store.tables.items():
        for credential in spec.credentials:
            yield getattr(store, name), credential


def _in(world: World, provider: str, text: str) -> tuple[Credential, Any] | None:
    for table, credential in _kinds(world, provider):
        record = table.bearer(credential, text)
        if record is not None and (credential.proved is None or credential.proved(world.store(provider), record, text)):
            return credential, record
    return None


def _written_wrong(world: World, provider: str, text: str) -> tuple[Credential, Any, str] | None:
    """The credential that this would be without a slip in copying it, and that slip."""
    in_time = brief_search()
    for table, credential in _kinds(world, provider):
        if len(table) > _MOST_COMPARED or credential.read is not None:
            continue
        for record in table:
            if not in_time():
                return None
            values = credential.values(record)
            for value in values if isinstance(values, list) else [values]:
                if isinstance(value, str) and (why := _mistyped(text, value)):
                    return credential, record, why
    return None


def _mistyped(sent: str, right: str) -> str | None:
    """The slip that turned one text into the other; never quotes characters that were not sent."""
    if sent.lower() == right.lower():
        return "the case differs" if sent != right else None
    less, more = sorted((len(sent), len(right)))
    if less < _SHORTEST or sent.isdigit() or more > _LONGEST:
        return None
    same = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(sent, right, strict=False)))
    enough = 2 * less >= more or (less >= _TELLING and "." not in right)
    if len(sent) < len(right) and max(same, less if right.endswith(sent) else 0) == less and enough:
        return f"it is cut: {less} of {more} characters were sent"
    return _at_one_place(sent, right, same) or _between(sent, right)


def _between(sent: str, right: str) -> str | None:
    ours, theirs = (re.sub("[^a-z0-9]", "", text.lower()) for text in (sent, right))
    return "the characters between its letters and digits differ" if ours == theirs != "" else None


def _at_one_place(sent: str, right: str, same: int) -> str | None:
    """Parameters: `same`, the length of their common prefix."""
    more = max(len(sent), len(right))
    if len(sent) == len(right):
        if sent[same + 1 :] == right[same + 1 :]:
            return f"the character at place {same + 1} of {more} is another"
        swapped = right[same : same + 2][::-1] == sent[same : same + 2] and sent[same + 2 :] == right[same + 2 :]
        return f"the characters at places {same + 1} and {same + 2} are exchanged" if swapped else None
    if len(sent) == len(right) - 1:
        return f"a character is missing at place {same + 1}" if sent[same:] == right[same + 1 :] else None
    if len(sent) != len(right) + 1:
        return None
    return f"the character at place {same + 1} is one too many" if sent[same + 1 :] == right[same:] else None


# against the one that is registered


def _slip_of(sent: str, registered: str) -> str | None:
    for why, meant in undone(sent):
        if meant == registered:
            return f"it is the right one, but {why}"
    for why, once in undone(sent):
        for more, meant in undone(once):
            if meant == registered:
                return f"it is the right one, but {why}, and {more}"
    why_not = _mistyped(sent, registered)
    return f"it is the right one, but {why_not}" if why_not else None


def _lengths(sent: str, registered: str) -> str:
    if _HASH.match(sent):
        return "this is the hash that a site keeps of a secret; send the secret, as it was shown when it was made"
    return f"this is another one: yours has {len(sent)} characters, the registered one {len(registered)}"
