"""Whose key or secret made a refused signature: tries every one that this process knows.

A tool's keys are those of its registration, and those that its URL published when they were last fetched, or
before. Nothing here decides anything: a recognised signature stays refused.
"""

from __future__ import annotations

import hmac
import json
import re
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from functools import partial
from hashlib import new, sha256
from typing import TYPE_CHECKING, Any, NamedTuple

from lms_emulator.core.access.jwts import Parts, jwt_parts
from lms_emulator.core.clock import brief_search
from lms_emulator.core.keys import NAMES, public_numbers

if TYPE_CHECKING:
    from lms_emulator.core.http.exchange import Exchange
    from lms_emulator.core.state.credentials import Credential
    from lms_emulator.core.worlds.world import World

ADDRESSES = ("public_jwk_url", "keyset_url", "jwks_url", "auth_key")
"""Fields of a record that say where its owner publishes keys."""
FAULTS = ("bad_signature", "unknown_kid", "alg_confusion")
"""How a reason ends that is about the key of a signature."""
_MOST_SECRETS = 2_000
_ANOTHERS = "; sign with the key of the client that the token names, or name the client of this key"
_OLD = ", one that its key set had before and has no more"
_ALGORITHMS = frozenset(f"{kind}{size}" for kind in ("HS", "RS", "PS") for size in (256, 384, 512))
_HEX = re.compile(rb"(?:[0-9a-fA-F]{2}){64,512}")
_TYPES = {"RS": "RSA", "PS": "RSA", "ES": "EC"}
_DIGESTS = {"sha1": "SHA-1", "md5": "MD5", "sha256": "SHA-256", "sha384": "SHA-384", "sha512": "SHA-512"}


class Holder(NamedTuple):
    """Somebody with published keys. Attributes: `words`, a description; `names`, its ids; `url` and `jwk`, its keys."""

    words: str
    names: frozenset[str]
    url: str
    jwk: Any


class _Key(NamedTuple):
    """One public key. Attributes: `whose`, a description with its article; `advice`, what to do instead;
    `registered`, whether somebody publishes it, or registered it here."""

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


def whose_signature(exchange: Exchange[Any, Any], token: str, *, pair: bool) -> str | None:
    """Whose key or secret signed a JWT, and what that means; None if it is not a JWT, or the key is unknown.

    Parameters: `pair`, whether it should have been signed with a private key rather than a secret.
    """
    read = jwt_parts(token)
    algorithm = str(read.header.get("alg")) if read is not None else ""
    if read is None or algorithm not in _ALGORITHMS:
        return None
    if algorithm[:2] == "HS":
        return _by_secret(exchange, algorithm, read.signed.encode(), read.signature, pair=pair)
    audience = read.claims.get("aud")
    named = {str(read.claims.get(name)) for name in ("iss", "sub")}
    named |= {str(value) for value in (audience if isinstance(audience, list) else [audience])}
    in_time = brief_search()
    for key in _keys(exchange, named):
        if not in_time():
            return None
        how = _how_signed(read, algorithm, key.jwk)
        if how == "":
            return f"it was signed with {key.whose}{_other_kid(read, key)}{key.advice}"
        if how is not None:
            return f"{key.whose} made this signature, but {how}"
    return None


def why_another_type(exchange: Exchange[Any, Any], token: str) -> str | None:
    """Says so if the key that a header names has another type than the algorithm takes; None if that is unknown."""
    read = jwt_parts(token)
    algorithm, kid = (str(read.header.get("alg")), read.header.get("kid")) if read is not None else ("", None)
    if read is None or kid is None or (taken := _TYPES.get(algorithm[:2])) is None:
        return None
    named = {str(read.claims.get(name)) for name in ("iss", "sub")}
    for holder in holders(exchange.world, exchange.provider):
        if not holder.names.isdisjoint(named):
            published = exchange.world.given_out.published.at(exchange.resolve(holder.url)) if holder.url else []
            for jwk in _all_keys(next(iter(published), holder.jwk)):
                if jwk.get("kid") == kid and str(jwk.get("kty")) not in ("None", taken):
                    return f"the key with the kid {kid!r} has the `kty` {jwk['kty']}; {algorithm} takes {taken}"
    return None


def _other_kid(read: Parts, key: _Key) -> str:
    """How the `kid` of a header differs from that of the key, as it is published."""
    kid, its = read.header.get("kid"), key.jwk.get("kid")
    if not key.registered:
        return ""
    if kid and not its:
        what = "its thumbprint" if kid == _thumbprint(key.jwk) else repr(kid)
        return f"; that key is published without a `kid`, and the header says {what}: publish it as its `kid`"
    return f"; that key's kid is {its!r}, the header says {kid!r}" if its and kid != its else ""


def _how_signed(read: Parts, algorithm: str, jwk: Mapping[str, Any]) -> str | None:
    """Whether a key made a signature: "" if as the header says, otherwise how; None if it did not."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
    from jwt import get_algorithm_by_name

    public, text, size = _rsa(jwk), read.signed.encode(), algorithm[2:]
    if public is None:
        return None
    if _HEX.fullmatch(read.signature) and (plain := bytes.fromhex(read.signature.decode())):
        made = _how_signed(read._replace(signature=plain), algorithm, jwk) is not None
        return "it was written out in hexadecimal digits before base64url, where its bytes go" if made else None
    for kind in (algorithm[:2], "PS" if algorithm[:2] == "RS" else "RS"):
        if get_algorithm_by_name(f"{kind}{size}").verify(text, public, read.signature):
            return "" if algorithm[:2] == kind else f"by {kind}{size}, and the header says {algorithm}"
    try:
        digest = bytes(public.recover_data_from_signature(read.signature, PKCS1v15(), None))
    except (InvalidSignature, ValueError):
        return None
    if digest == new(f"sha{size}", text).digest():
        return f"of the bare SHA-{size}, without the name of the hash before it: sign by RSASSA-PKCS1-v1_5"
    for name, words in _DIGESTS.items():
        if digest.endswith(new(name, text, usedforsecurity=False).digest()):
            return f"with {words}, and {algorithm} takes SHA-{size}"
    once = new(f"sha{size}", text).digest()
    if any(digest.endswith(sha256(twice).digest()) for twice in (once, once.hex().encode())):
        return "of the hash of the text: give the library the text itself, which it hashes"
    return "of another text: header or payload were changed after signing, or the signature is another token's"


def _thumbprint(jwk: Mapping[str, Any]) -> str:
    """The name of an RSA key that RFC 7638 makes of its numbers."""
    text = json.dumps({name: jwk.get(name) for name in ("e", "kty", "n")}, separators=(",", ":"))
    return urlsafe_b64encode(sha256(text.encode()).digest()).rstrip(b"=").decode()


def whose_secret(exchange: Exchange[Any, Any], made: Callable[[bytes], bool]) -> str | None:
    """Whose secret made a signature, in this world or another; None if it is unknown.

    Parameters: `made`, whether a secret makes that signature; may raise ValueError for an unusable one.
    """
    in_time = brief_search()
    for whose, secret in known_secrets(exchange):
        if not in_time():
            return None
        with suppress(ValueError):
            if made(secret.encode(errors="surrogatepass")):
                return whose()
    return None


def known_secrets(exchange: Exchange[Any, Any]) -> list[tuple[Callable[[], str], str]]:
    """Every secret that this process knows, its own provider's first, each with a function that says whose it is."""
    in_time = brief_search()
    found: dict[str, Callable[[], str]] = {}
    for world in (exchange.world, *exchange.world.others()):
        inside = "" if world is exchange.world else f" in the world `{world.name}`"
        for name in (exchange.provider, *(name for name in world.providers if name != exchange.provider)):
            at = "" if name == exchange.provider else f" at {world.providers[name].title}"
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


def _keys(exchange: Exchange[Any, Any], named: set[str]) -> Iterator[_Key]:
    """Every known public key: of the issuer that a token names, of others here, shipped ones, and those elsewhere."""
    own = exchange.provider
    rest = [name for name in exchange.world.providers if name != own]
    known_here = list(holders(exchange.world, own))
    for holder in sorted(known_here, key=lambda record: record.names.isdisjoint(named)):
        same = not holder.names.isdisjoint(named)
        yield from _of_holder(exchange, holder, "", "" if same else _ANOTHERS)
    for name in NAMES:
        provider = exchange.world.providers.get(name)
        if provider is not None:
            yield _Key(f"the key with which the emulated {provider.title} itself signs", _shipped(name))
        else:
            yield _Key(f"the key `{name}` that comes with the emulator", _shipped(name))
    for name in rest:
        for holder in holders(exchange.world, name):
            yield from _of_holder(exchange, holder, f" at {exchange.world.providers[name].title}")
    for world in exchange.world.others():
        for name in (own, *rest):
            for holder in holders(world, name):
                yield from _of_holder(exchange, holder, f" in the world `{world.name}`")


def _shipped(name: str) -> dict[str, str]:
    return {"kty": "RSA", **public_numbers(name)}


def _of_holder(exchange: Exchange[Any, Any], holder: Holder, where: str, advice: str = "") -> Iterator[_Key]:
    sets = [holder.jwk] if holder.jwk else []
    published = exchange.world.given_out.published.at(exchange.resolve(holder.url)) if holder.url else []
    known: dict[str, None] = {}
    for number, document in enumerate([*published, *sets]):
        before, kids = 0 < number < len(published), set[str]()
        for jwk in _rsa_keys(document):
            if str(jwk.get("n")) not in known:
                what = _OLD if before else _why_not_found(jwk, kids)
                yield _Key(f"the key of {holder.words}{where}{what}", jwk, advice, registered=not before)
            known[str(jwk.get("n"))] = None
            kids.add(str(jwk.get("kid")))


def _all_keys(document: Any) -> list[Mapping[str, Any]]:
    """The keys of a key set, or a bare key."""
    keys = document.get("keys", [document]) if isinstance(document, Mapping) else ()
    return [jwk for jwk in keys if isinstance(jwk, Mapping)] if isinstance(keys, list) else []


def _rsa_keys(document: Any) -> list[Mapping[str, Any]]:
    """The RSA keys of a key set, those too that a platform passes over."""
    return [jwk for jwk in _all_keys(document) if str(jwk.get("kty")).upper() == "RSA"]


def _why_not_found(jwk: Mapping[str, Any], kids: set[str]) -> str:
    """Why a platform does not find a key in its key set. Parameters: `kids`, of the keys before it."""
    for name, right in (("kty", "RSA"), ("use", "sig")):
        if jwk.get(name, right) != right:
            return f", whose `{name}` is {jwk[name]!r} in its key set, and has to be {right!r}"
    if not jwk.get("kid"):
        return ", to which its key set gives no `kid`"
    return ", which comes after another one in its key set with the same `kid`" if jwk["kid"] in kids else ""


def _by_secret(exchange: Exchange[Any, Any], algorithm: str, message: bytes, raw: bytes, *, pair: bool) -> str | None:
    """Whose secret an HMAC was made with: a client's, or the text of a public key."""

    def made(secret: bytes) -> bool:
        return hmac.compare_digest(hmac.digest(secret, message, f"sha{algorithm[2:]}"), raw)

    if (whose := whose_secret(exchange, made)) is not None:
        return f"it was signed with {algorithm}, and as the secret {whose}" + (
            "; a key pair is taken here" if pair else ""
        )
    in_time = brief_search()
    for key in _keys(exchange, set()):
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
        return RSAAlgorithm.from_jwk({"kty": "RSA", "n": jwk["n"], "e": jwk["e"]})
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
