"""Finds the mistakes that produce the OAuth 1.0 signature that a client sent, or the owner of the secret used."""

from __future__ import annotations

from base64 import b64decode
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import TypeVar
from urllib.parse import unquote

from lms_emulator.signing import oauth1
from lms_emulator.signing.diagnosis import OUT_OF_TIME, Diagnosis, Mistake, always, made
from lms_emulator.signing.macs import Mac, keyed
from lms_emulator.signing.oauth1_mistakes import MISTAKES
from lms_emulator.signing.oauth1_rare_mistakes import RARE
from lms_emulator.signing.oauth1_secret_mistakes import RARE_SECRETS, SECRETS
from lms_emulator.signing.oauth1_signing import Signing, base64, with_pair

T = TypeVar("T")

WORK = 8_000_000
"""How many characters of base strings one search may build in total (0.4 s at most)."""
MESSAGES = 20_000
"""How many base strings it may build, enough for all mistakes on most launches."""
LARGEST = 40_000
"""Requests with more characters are not diagnosed, as even a single signature is slow."""
TOO_LONG = Diagnosis(("too_long",), ("none of the mistakes that were tried reproduces this signature",))
"""The result for a message that is so long that not all pairs of mistakes were tried."""
_FEW = 6
"""A mistake with more variants is not combined with both a foreign secret and a further mistake."""
_MANY = 100
"""A rare mistake with more variants is not combined with a foreign secret."""
_OF_KEY, _OF_DIGEST = frozenset({"secret", "key"}), frozenset({"hash", "output"})
_ONE, _TWO = ((1, 0, 0), (0, 1, 0), (0, 0, 1)), ((1, 1, 0), (1, 0, 1), (0, 1, 1), (0, 2, 0), (0, 0, 2), (2, 0, 0))
"""Numbers of mistakes in the base string, key and digest, in the order of the search."""

_CUTS, _TELLING = ("secret_cut", "secret_front_cut"), 12
"""Mistakes that leave a part of a secret, and how many of its characters tell whose it is."""

_SIZE = 20
"""Bytes of a digest of HMAC-SHA1."""
_AT_ONCE = 64
"""How many digests to compute between two checks of the time."""

Made = tuple[tuple[Mistake[Signing], ...], Signing]
"""Mistakes, and the resulting signing."""
_Tried = defaultdict[tuple[int, int], set[bytes]]
_InTime = Callable[[], bool]


def explain(
    received: str,
    method: str,
    url: str,
    pairs: Iterable[tuple[str, str]],
    secret: str,
    *,
    other_urls: Mapping[str, str] | None = None,
    other_secrets: Mapping[str, str] | None = None,
    unsent: Mapping[str, tuple[str, str]] | None = None,
    in_time: _InTime = always,
) -> Diagnosis | None:
    """The mistake or pair of mistakes that reproduces a refused signature; None if no known one does.

    `TOO_LONG` or `OUT_OF_TIME` if not all were tried.

    Parameters:
        received: the `oauth_signature` sent.
        method, url: what the client should have signed.
        pairs: the decoded parameters from body and query.
        secret: the consumer's secret.
        other_urls: other URLs that the client may have signed, by description ("the API's address was signed").
        other_secrets: other secrets that it may have used, by description.
        unsent: fields that it may have signed but not sent, by description.
        in_time: returns False when the search must end.
    """
    right = _signing(method, url, pairs, secret)
    if size_of(right.pairs) > LARGEST:
        return None
    mistakes = [*in_place_of(other_urls or {}, "url"), *in_place_of(other_secrets or {}, "secret")]
    mistakes += [Mistake("unsent", text, with_pair(*pair), "parameters") for text, pair in (unsent or {}).items()]
    mistakes += [*SECRETS, *MISTAKES]
    tried: _Tried = defaultdict(set)
    for numbers, looked_for in ((_ONE, [*mistakes, *RARE_SECRETS, *RARE]), (_TWO, mistakes)):
        of_key = [item for item in looked_for if item.axis in _OF_KEY]
        most = max(of for _, of, _ in numbers)
        keys = {number: _by_key((None, value) for value in made(right, of_key, number)) for number in range(most + 1)}
        search = _Search(received, right, looked_for, tried, in_time)
        for number in numbers:
            if (found := search.find(number, keys)) is not None:
                return found[1]
    return None


def explain_secret(
    received: str,
    method: str,
    url: str,
    pairs: Iterable[tuple[str, str]],
    own: str,
    secrets: Sequence[tuple[T, str]],
    *,
    other_urls: Mapping[str, str] | None = None,
    in_time: _InTime = always,
) -> tuple[T | None, Diagnosis] | None:
    """The owner of the secret that made a signature, with up to two mistakes besides; None if unknown.

    Parameters: `own`, the consumer's secret; `secrets`, owners and secrets of others; the rest as for `explain`.
    """
    right = _signing(method, url, pairs, own)
    if size_of(right.pairs) > LARGEST:
        return None
    mistakes = [*in_place_of(other_urls or {}, "url"), *SECRETS, *MISTAKES]
    tried: _Tried = defaultdict(set)
    few = [mistake for mistake in mistakes if _ways(right, mistake) <= _FEW]
    rare = [mistake for mistake in RARE_SECRETS if _ways(right, mistake) <= _MANY]
    for numbers, looked_for in ((_ONE, [*mistakes, *rare, *RARE]), (_TWO, few)):
        of_key = [item for item in looked_for if item.axis in _OF_KEY]
        keys = {number: _keys_of_others(right, secrets, of_key, number) for number in (0, 1)}
        search = _Search(received, right, looked_for, tried, in_time)
        for number in numbers:
            if number[1] in keys and (found := search.find(number, keys)) is not None:
                return found
    return None


def _ways(right: Signing, mistake: Mistake[Signing]) -> int:
    """The number of variants of a mistake."""
    return sum(1 for _ in made(right, [mistake], 1))


def _signing(method: str, url: str, pairs: Iterable[tuple[str, str]], secret: str) -> Signing:
    sent = tuple((name, value) for name, value in pairs if name != oauth1.SIGNATURE_FIELD)
    return Signing(method=method, url=url, pairs=sent, secret=secret, memo={})


def _keys_of_others(
    right: Signing, secrets: Sequence[tuple[T, str]], of_key: Sequence[Mistake[Signing]], number: int
) -> Mapping[bytes, tuple[T, Made]]:
    """The makers of each key from foreign secrets and this many mistakes, without mistakes that need no secret."""
    own = _by_key((None, value) for value in made(right, of_key, number))
    theirs = _by_key(
        (whose, value) for whose, secret in secrets for value in made(right._replace(secret=secret), of_key, number)
    )
    return {key: value for key, value in theirs.items() if key not in own and not _is_scrap(value[1])}


def _is_scrap(value: Made) -> bool:
    """Whether so little of a secret was used that others may begin or end so by chance."""
    return len(value[1].secret) < _TELLING and any(mistake.name in _CUTS for mistake in value[0])


def _by_key(makers: Iterable[tuple[T, Made]]) -> dict[bytes, tuple[T, Made]]:
    """The first maker of each key."""
    found: dict[bytes, tuple[T, Made]] = {}
    for whose, pair in makers:
        found.setdefault(pair[1].key(pair[1].secret), (whose, pair))
    return found


class _Search:
    """Searches for mistakes in base string, key and digest. Each part is computed only once and tried only once.

    Parameters:
        received, right: the signature that was sent, and the correct signing.
        mistakes: the mistakes to combine.
        tried: the base strings already tried, by the numbers of mistakes in key and digest.
    """

    def __init__(
        self, received: str, right: Signing, mistakes: Sequence[Mistake[Signing]], tried: _Tried, in_time: _InTime
    ) -> None:
        self._received, self._right, self._tried, self._in_time = received, right, tried, in_time
        self._of_message = [mistake for mistake in mistakes if mistake.axis not in _OF_KEY | _OF_DIGEST]
        self._of_digest = [mistake for mistake in mistakes if mistake.axis in _OF_DIGEST]
        self._left = min(MESSAGES, WORK // size_of(right.pairs))
        self._digest = _digest_in(received)

    def find(
        self, number: tuple[int, int, int], keys: Mapping[int, Mapping[bytes, tuple[T, Made]]]
    ) -> tuple[T | None, Diagnosis] | None:
        """The key's owner and the mistakes, with these numbers in each part; `OUT_OF_TIME` if time ran out."""
        of_message, of_key, of_digest = number
        endings = self._endings(of_digest)
        if not endings:
            return None
        ready = [(keyed(mac, key), value, ways) for key, value in keys[of_key].items() for mac, ways in endings.items()]
        for chosen, message in self._messages(of_message, self._tried[of_key, of_digest]):
            for start in range(0, len(ready), _AT_ONCE):
                if not self._in_time():
                    return None, OUT_OF_TIME
                for digest_of, (whose, key), ways in ready[start : start + _AT_ONCE]:
                    digest = digest_of(message)
                    for wanted, ending in ways:
                        if digest == wanted or (wanted is None and ending[1].output(digest) == self._received):
                            return whose, _named(self._right.secret, chosen, key, ending)
        return (None, TOO_LONG) if self._left < 0 else None

    def _endings(self, number: int) -> dict[Mac, list[tuple[bytes | None, Made]]]:
        """The endings (MAC and output) with this many mistakes that can produce the received text.

        Each comes with the digest that it requires, if the text reveals it.
        """
        found: dict[Mac, list[tuple[bytes | None, Made]]] = {}
        for pair in made(self._right, self._of_digest, number):
            size = len(pair[1].mac(b"", b""))
            # Digests of zeros give the shortest texts; digests of ones, whose base64 is all slashes, the longest.
            shortest, longest = (len(pair[1].output(bytes((byte,)) * size)) for byte in (0, 255))
            plain = pair[1].output is self._right.output
            if shortest <= len(self._received) <= longest and not (plain and self._digest is None):
                found.setdefault(pair[1].mac, []).append((self._digest if plain else None, pair))
        return found

    def _messages(self, number: int, tried: set[bytes]) -> Iterator[tuple[Made, bytes]]:
        """The untried base strings with this many mistakes, until there are too many."""
        for pair in made(self._right, self._of_message, number):
            self._left -= 1
            if self._left < 0:
                return
            with suppress(ValueError):
                message = pair[1].message()
                if message not in tried:
                    tried.add(message)
                    yield pair, message


def _digest_in(received: str) -> bytes | None:
    """The digest of a base64 signature; None if it is not canonical base64."""
    with suppress(ValueError):
        digest = b64decode(received, validate=True)
        return digest if base64(digest) == received else None
    return None


def _named(secret: str, *parts: Made) -> Diagnosis:
    """The mistakes of all parts, with their details about this request.

    That a key was not encoded goes without saying beside what made a `secret` need it that does not.
    """
    implied = "secret_not_encoded" if oauth1.percent_encode(secret) == secret else None
    chosen = tuple(mistake for mistakes, _ in parts for mistake in mistakes)
    texts = []
    for mistakes, signing in parts:
        texts += [mistake.text for mistake in mistakes if len(mistakes) == 1 or mistake.name != implied]
        if mistakes and signing.detail:
            texts[-1] += f": {signing.detail}"
    return Diagnosis(tuple(mistake.name for mistake in chosen), tuple(texts))


def form_of(received: str, secret: str) -> str:
    """A description of a signature that cannot be an HMAC-SHA1 by its form; empty if it can.

    Parameters: `secret`, the consumer's secret.
    """
    if unquote(received).rstrip("&") == secret != "":
        return "it is the consumer secret itself, as PLAINTEXT sends it"
    if received.count(".") == 2 and received.startswith("eyJ"):
        return "it is a JWT, and HMAC-SHA1 makes none"
    digest = _digest_in(received)
    with suppress(ValueError):
        digest = bytes.fromhex(received)
    if digest is None or len(digest) == _SIZE:
        return ""
    of = ", as RSA makes" if len(digest) in (128, 256, 384, 512) else ""
    return f"it has {len(digest)} bytes{of}, where HMAC-SHA1 makes {_SIZE}"


def size_of(sent: Iterable[tuple[str, str]]) -> int:
    """The approximate length of the base string of these parameters."""
    return 200 + sum(len(name) + len(value) + 2 for name, value in sent)


def limits(pairs: Iterable[tuple[str, str]], found: Diagnosis | None) -> str:
    """A description of what was not tried; empty if everything was. Parameters: `found`, the result of the search."""
    size = size_of((name, value) for name, value in pairs if name != oauth1.SIGNATURE_FIELD)
    if size > LARGEST:
        return f"; none was tried, as the message has over {LARGEST:,} characters"
    if found is None:
        return ""
    why = "as the message is long" if found is TOO_LONG else "for lack of time"
    return f"; not all pairs of mistakes were tried, {why}"


def in_place_of(values: Mapping[str, str], field: str) -> list[Mistake[Signing]]:
    """Mistakes that use another URL or secret, of their own axis. Parameters: `values`, by description."""

    def swap(value: str) -> Callable[[Signing], Iterable[Signing]]:
        return lambda s: [s._replace(url=value) if field == "url" else s._replace(secret=value)]

    return [
        Mistake(f"other_{field}", text, swap(value), axis="host" if field == "url" else field)
        for text, value in values.items()
    ]
