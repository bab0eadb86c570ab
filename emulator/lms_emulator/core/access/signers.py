"""Whose key or secret made a refused signature: tries every one that this process knows.

A tool's keys are those of its registration, and those that its URL published when they were last fetched, or
before. Nothing here decides anything: a recognised signature stays refused.
"""

from __future__ import annotations

import hmac
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from functools import partial
from hashlib import sha256
from typing import TYPE_CHECKING, Any, NamedTuple

from lms_emulator.core.clock import brief_search
from lms_emulator.core.http import json_text
from lms_emulator.core.keys import NAMES, public_numbers

if TYPE_CHECKING:
    from lms_emulator.core.http.exchange import Exchange
    from lms_emulator.core.state.credentials import Credential
    from lms_emulator.core.worlds.world import World

ADDRESSES = ("public_jwk_url", "keyset_url", "jwks_url")
"""Fields of a record that say where its owner publishes keys."""
FAULTS = ("bad_signature", "unknown_kid", "alg_confusion")
"""How a reason ends that is about the key of a signature."""
_MOST_SECRETS = 2_000


class Holder(NamedTuple):
    """Somebody with published keys. Attributes: `words`, a description; `names`, its ids; `url` and `jwk`, its keys."""

    words: str
    names: frozenset[str]
    url: str
    jwk: Any


class _Key(NamedTuple):
    """One public key. Attributes: `whose`, a description with its article; `advice`, what to do instead;
    `registered`, whether somebody published it, or registered it here."""

    whose: str
    jwk: Mapping[str, Any]
    advice: str = ""
    registered: bool = False


def holders(world: World, provider: str) -> Iterator[Holder]:
    """Everybody registered with keys at a provider of a world."""
    store = world.store(provider)
    for name in store.tables:
        table = getattr(store, name)
        first = next(iter(table), None)
        fields = [value for value in (*ADDRESSES, "public_jwk") if first is not None and hasattr(first, value)]
        for record in table if fields else ():
            url = next((found for address in ADDRESSES if (found := getattr(record, address, None))), "")
            jwk = getattr(record, "public_jwk", None)
            if url or jwk:
                names = {str(table.key_of(record)), str(getattr(record, "client_id", ""))}
                called = getattr(record, "name", "") or getattr(record, "title", "") or table.key_of(record)
                words = f"{name.removesuffix('s').replace('_', ' ')} {table.key_of(record)}"
                yield Holder(f"{words} (`{called}`)", frozenset(names - {""}), url, jwk)


def whose_signature(x: Exchange[Any, Any], token: str, *, pair: bool) -> str | None:
    """Whose key or secret signed a JWT, and what that means; None if it is not a JWT, or the key is unknown.

    Parameters: `pair`, whether it should have been signed with a private key rather than a secret.
    """
    try:
        start, _, signature = token.rpartition(".")
        header, claims = (json_text.parse(_decoded(part)) for part in start.split("."))
        raw, algorithm = _decoded(signature), str(header["alg"])
        named = {str(claims.get("iss")), str(claims.get("sub"))}
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
    if algorithm in ("HS256", "HS384", "HS512"):
        return _by_secret(x, algorithm, start.encode(), raw, pair=pair)
    if algorithm[:2] not in ("RS", "PS"):
        return None
    from jwt import get_algorithm_by_name
    from jwt.exceptions import PyJWTError

    in_time = brief_search()
    for key in _keys(x, named):
        if not in_time():
            return None
        try:
            public, rsa = _rsa(key.jwk), get_algorithm_by_name(algorithm)
            right = public is not None and rsa.verify(start.encode(), public, raw)
        except (PyJWTError, ValueError, TypeError, NotImplementedError):
            continue
        if right:
            kid = header.get("kid")
            its = key.jwk.get("kid")
            other = f"; that key's kid is {its!r}, the header says {kid!r}" if its and kid != its else ""
            if kid and not its and key.registered:
                what = "its thumbprint" if kid == _thumbprint(key.jwk) else repr(kid)
                other = f"; that key is published without a `kid`, and the header says {what}: publish it as its `kid`"
            return f"it was signed with {key.whose}{other}{key.advice}"
    return None


def _thumbprint(jwk: Mapping[str, Any]) -> str:
    """The name of an RSA key that RFC 7638 makes of its numbers."""
    text = json.dumps({name: jwk.get(name) for name in ("e", "kty", "n")}, separators=(",", ":"))
    return urlsafe_b64encode(sha256(text.encode()).digest()).rstrip(b"=").decode()


def whose_secret(x: Exchange[Any, Any], made: Callable[[bytes], bool]) -> str | None:
    """Whose secret made a signature, in this world or another; None if it is unknown.

    Parameters: `made`, whether a secret makes that signature; may raise ValueError for an unusable one.
    """
    in_time = brief_search()
    for whose, secret in known_secrets(x):
        if not in_time():
            return None
        with suppress(ValueError):
            if made(secret.encode(errors="surrogatepass")):
                return whose()
    return None


def known_secrets(x: Exchange[Any, Any]) -> list[tuple[Callable[[], str], str]]:
    """Every secret that this process knows, its own provider's first, each with a function that says whose it is."""
    in_time = brief_search()
    found: dict[str, Callable[[], str]] = {}
    for world in (x.world, *x.world.others()):
        inside = "" if world is x.world else f" in the world `{world.name}`"
        for name in (x.provider, *(name for name in world.providers if name != x.provider)):
            at = "" if name == x.provider else f" at {world.providers[name].title}"
            for credential, record, secret in _records(world, name):
                if not in_time() or len(found) >= _MOST_SECRETS:
                    return [(whose, key) for key, whose in found.items()]
                whose = partial(_described, credential, record, f"{at}{inside}")
                found.setdefault(secret, whose)
    return [(whose, key) for key, whose in found.items()]


def _described(credential: Credential, record: Any, where: str) -> str:
    return f"{credential.described(record)}{where}"


def _records(world: World, provider: str) -> Iterator[tuple[Credential, Any, str]]:
    """Every secret of a provider's records."""
    store = world.store(provider)
    for table, spec in store.tables.items():
        for credential in spec.credentials:
            for record in getattr(store, table) if not credential.public else ():
                values = credential.values(record)
                for value in values if isinstance(values, list) else [values]:
                    if isinstance(value, str):
                        yield credential, record, value


def _decoded(part: str) -> bytes:
    return urlsafe_b64decode(part + "=" * (-len(part) % 4))


def _keys(x: Exchange[Any, Any], named: set[str]) -> Iterator[_Key]:
    """Every known public key: of the issuer that a token names, of others here and elsewhere, and shipped ones."""
    own = x.provider
    rest = [name for name in x.world.providers if name != own]
    known_here = list(holders(x.world, own))
    for holder in sorted(known_here, key=lambda record: record.names.isdisjoint(named)):
        same = not holder.names.isdisjoint(named)
        yield from _of_holder(x, holder, "", "" if same else "; sign with the key of the client that the token names")
    for name in rest:
        for holder in holders(x.world, name):
            yield from _of_holder(x, holder, f" at {x.world.providers[name].title}")
    for world in x.world.others():
        for name in (own, *rest):
            for holder in holders(world, name):
                yield from _of_holder(x, holder, f" in the world `{world.name}`")
    for name in NAMES:
        provider = x.world.providers.get(name)
        if provider is not None:
            yield _Key(f"the key with which the emulated {provider.title} itself signs", _shipped(name))
        else:
            yield _Key(f"the key `{name}` that comes with the emulator", _shipped(name))


def _shipped(name: str) -> dict[str, str]:
    return {"kty": "RSA", **public_numbers(name)}


def _of_holder(x: Exchange[Any, Any], holder: Holder, where: str, advice: str = "") -> Iterator[_Key]:
    sets = [holder.jwk] if holder.jwk else []
    published = x.world.given_out.published.at(x.resolve(holder.url)) if holder.url else []
    for number, document in enumerate([*published, *sets]):
        if not isinstance(document, Mapping):
            continue
        keys = document.get("keys", [document])
        before = 0 < number < len(published)
        for jwk in keys if isinstance(keys, list) else ():
            if isinstance(jwk, Mapping) and jwk.get("kty") == "RSA":
                old = ", one that its key set had before and has no more" if before else ""
                old += "" if jwk.get("kid") else ", to which its key set gives no `kid`"
                yield _Key(f"the key of {holder.words}{where}{old}", jwk, advice, registered=True)


def _by_secret(x: Exchange[Any, Any], algorithm: str, message: bytes, raw: bytes, *, pair: bool) -> str | None:
    """Whose secret an HMAC was made with: a client's, or the text of a public key."""

    def made(secret: bytes) -> bool:
        return hmac.compare_digest(hmac.digest(secret, message, f"sha{algorithm[2:]}"), raw)

    if (whose := whose_secret(x, made)) is not None:
        return f"it was signed with {algorithm}, and as the secret {whose}" + (
            "; a key pair is taken here" if pair else ""
        )
    in_time = brief_search()
    for key in _keys(x, set()):
        if not in_time():
            return None
        if any(made(text) for text in _texts(key.jwk)):
            why = "a public key is no secret: sign with its private key, by RS256"
            return f"it was signed with {algorithm}, and as the secret the public half of {key.whose}; {why}"
    return None


def _rsa(jwk: Mapping[str, Any]) -> Any:
    """The public key of a JWK as a tool registered it; None if it is not an RSA key."""
    from jwt.algorithms import RSAAlgorithm
    from jwt.exceptions import PyJWTError

    try:
        return RSAAlgorithm.from_jwk({name: jwk[name] for name in ("kty", "n", "e")})
    except (PyJWTError, KeyError, TypeError, ValueError):
        return None


def _texts(jwk: Mapping[str, Any]) -> list[bytes]:
    """A public key as PEM text, with and without the final newline."""
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    public = _rsa(jwk)
    if public is None:
        return []
    pem = bytes(public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    return [pem, pem.strip()]
