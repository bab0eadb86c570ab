"""Which mistakes produce the OAuth 1.0 signature that a client sent, and whose secret made it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

from lms_emulator.signing import oauth1
from lms_emulator.signing.diagnosis import OUT_OF_TIME, Diagnosis, Mistake, always, made
from lms_emulator.signing.oauth1_mistakes import MISTAKES
from lms_emulator.signing.oauth1_signing import Signing

T = TypeVar("T")

WORK = 8_000_000
"""How many characters of base string one search may build in all (some 0.4 s at most)."""
MESSAGES = 20_000
"""How many base strings it may build: all that are known, of most launches."""
LARGEST = 40_000
"""Requests with more characters than this are not diagnosed: signing them once is work enough."""
TOO_LONG = Diagnosis(("too_long",), ("no known mistake reproduces this signature as far as was looked",))
"""Stands for a diagnosis of a message for which not all pairs of mistakes were tried, as it is long."""
_FEW = 6
"""A mistake that can be made in more ways than this is not looked for beside another's secret and a further mistake."""
_OF_KEY, _OF_DIGEST = frozenset({"secret"}), frozenset({"hash", "output"})
_ONE, _TWO = ((1, 0, 0), (0, 1, 0), (0, 0, 1)), ((1, 1, 0), (1, 0, 1), (0, 1, 1), (0, 0, 2), (2, 0, 0))
"""How many mistakes in the base string, in the key, and in the digest, in the order of looking."""

Made = tuple[tuple[Mistake[Signing], ...], Signing]
"""Mistakes, and the signing that they make."""


def explain(
    received: str,
    method: str,
    url: str,
    pairs: Iterable[tuple[str, str]],
    secret: str,
    *,
    other_urls: Mapping[str, str] | None = None,
    other_secrets: Mapping[str, str] | None = None,
    in_time: Callable[[], bool] = always,
) -> Diagnosis | None:
    """The mistake, or the pair of mistakes, which reproduces a refused signature; None when none of the known does.

    `TOO_LONG` or `OUT_OF_TIME` when not all were tried.

    Parameters:
        received: the `oauth_signature` sent.
        method, url: of the request as it should have been signed.
        pairs: its decoded parameters from body and query.
        secret: the consumer's secret.
        other_urls: further URLs the client may have signed, by what to say ("the API's address was signed").
        other_secrets: further secrets it may have used, by what to say.
        in_time: False when the search must end.
    """
    right = _signing(method, url, pairs, secret)
    if size_of(right.pairs) > LARGEST:
        return None
    mistakes = [*in_place_of(other_urls or {}, "url"), *in_place_of(other_secrets or {}, "secret"), *MISTAKES]
    of_key = [one for one in mistakes if one.axis in _OF_KEY]
    keys = {number: [(None, one) for one in made(right, of_key, number)] for number in (0, 1)}
    search = _Search(received, right, mistakes, in_time)
    for number in (*_ONE, *_TWO):
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
    in_time: Callable[[], bool] = always,
) -> tuple[T | None, Diagnosis] | None:
    """Whose secret made a signature, and the mistakes beside, two at most; None if nobody's.

    Parameters: `own`, the consumer's secret; `secrets`, whose and which of others; the rest as of `explain`.
    """
    right = _signing(method, url, pairs, own)
    if size_of(right.pairs) > LARGEST:
        return None
    mistakes = [*in_place_of(other_urls or {}, "url"), *MISTAKES]
    of_key = [one for one in MISTAKES if one.axis in _OF_KEY]
    for numbers, tried in ((_ONE, mistakes), (_TWO, [one for one in mistakes if _ways(right, one) <= _FEW])):
        keys = {number: list(_keys_of_others(right, secrets, of_key, number)) for number in (0, 1)}
        search = _Search(received, right, tried, in_time)
        for number in numbers:
            if (found := search.find(number, keys)) is not None:
                return found
        of_key = [one for one in of_key if _ways(right, one) <= _FEW]
    return None


def _ways(right: Signing, mistake: Mistake[Signing]) -> int:
    """In how many ways a mistake can be made."""
    return sum(1 for _ in made(right, [mistake], 1))


def _signing(method: str, url: str, pairs: Iterable[tuple[str, str]], secret: str) -> Signing:
    sent = tuple((name, value) for name, value in pairs if name != oauth1.SIGNATURE_FIELD)
    return Signing(method=method, url=url, pairs=sent, secret=secret)


def _keys_of_others(
    right: Signing, secrets: Sequence[tuple[T, str]], of_key: Sequence[Mistake[Signing]], number: int
) -> Iterator[tuple[T, Made]]:
    """What makes a key of another's secret, with so many mistakes, but for those that need no secret."""
    own = {signing.key(signing.secret) for _, signing in made(right, of_key, number)}
    for whose, secret in secrets:
        for chosen, signing in made(replace(right, secret=secret), of_key, number):
            if signing.key(signing.secret) not in own:
                yield whose, (chosen, signing)


class _Search:
    """Looks for mistakes in base string, key and digest, each part made once."""

    def __init__(
        self, received: str, right: Signing, mistakes: Sequence[Mistake[Signing]], in_time: Callable[[], bool]
    ) -> None:
        self._received, self._right, self._in_time = received, right, in_time
        self._of_message = [one for one in mistakes if one.axis not in _OF_KEY | _OF_DIGEST]
        self._of_digest = [one for one in mistakes if one.axis in _OF_DIGEST]
        self._left = min(MESSAGES, WORK // size_of(right.pairs))

    def find(
        self, number: tuple[int, int, int], keys: Mapping[int, Sequence[tuple[T, Made]]]
    ) -> tuple[T | None, Diagnosis] | None:
        """Whose key, and which mistakes, so many in each part; `OUT_OF_TIME` in place of these if time is up."""
        digests = list(made(self._right, self._of_digest, number[2]))
        ready = [(whose, one, one[1].key(one[1].secret)) for whose, one in keys[number[1]]]
        for of_message, signing in made(self._right, self._of_message, number[0]):
            self._left -= 1
            if self._left < 0:
                return None, TOO_LONG
            try:
                message = signing.message()
            except ValueError:
                continue
            for whose, of_key, key in ready:
                if not self._in_time():
                    return None, OUT_OF_TIME
                for of_digest, ending in digests:
                    if ending.output(ending.mac(key, message)) == self._received:
                        return whose, _named((of_message, signing), of_key, (of_digest, ending))
        return None


def _named(*parts: Made) -> Diagnosis:
    """The mistakes of all parts, with what they found out about this request."""
    chosen = tuple(mistake for mistakes, _ in parts for mistake in mistakes)
    texts = []
    for mistakes, signing in parts:
        texts += [mistake.text for mistake in mistakes]
        if mistakes and signing.detail:
            texts[-1] += f": {signing.detail}"
    return Diagnosis(tuple(mistake.name for mistake in chosen), tuple(texts), parts[0][1])


def size_of(sent: Iterable[tuple[str, str]]) -> int:
    """About how many characters the base string of these parameters has."""
    return 200 + sum(len(name) + len(value) + 2 for name, value in sent)


def limits(pairs: Iterable[tuple[str, str]], found: Diagnosis | None) -> str:
    """What was not tried, in words; empty if nothing. Parameters: `found`, what the search came to."""
    size = size_of((name, value) for name, value in pairs if name != oauth1.SIGNATURE_FIELD)
    if size > LARGEST:
        return f"; none was tried, as the message has over {LARGEST:,} characters"
    if found is None:
        return ""
    why = "as the message is long" if found is TOO_LONG else "for want of time"
    return f"; not all pairs of mistakes were tried, {why}"


def in_place_of(values: Mapping[str, str], field: str) -> list[Mistake[Signing]]:
    """Mistakes that put another URL or secret in its place. Parameters: `values`, by what to say of each."""

    def swap(value: str) -> Callable[[Signing], Iterable[Signing]]:
        return lambda s: [replace(s, url=value) if field == "url" else replace(s, secret=value)]

    return [Mistake(f"other_{field}", text, swap(value), axis=field) for text, value in values.items()]
