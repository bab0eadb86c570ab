"""Draws everything random: identifiers, tokens, nonces. Seedable, so that a run can be repeated."""

from __future__ import annotations

import random
from functools import lru_cache
from string import ascii_letters, digits
from typing import Any

ALPHANUMERIC = ascii_letters + digits
URL_SAFE = ALPHANUMERIC + "-_"


@lru_cache(maxsize=64)
def _table(alphabet: str) -> bytes:
    """Maps each byte to a character. If the alphabet's length does not divide 256, some characters are slightly more
    likely. That does not matter in tests, and costs a tenth of drawing each character."""
    return bytes(ord(alphabet[byte % len(alphabet)]) for byte in range(256))


class Ids:
    """Draws identifiers in the formats that providers use.

    Parameters: `seed`, any text; the same seed gives the same sequence again. None draws
    an unpredictable one from the operating system.
    """

    __slots__ = ("_random", "_seed")

    def __init__(self, seed: str | None = None) -> None:
        self._seed = seed
        self._random = random.Random(seed) if seed is not None else random.Random()

    def text(self, length: int, alphabet: str = ALPHANUMERIC) -> str:
        """`length` characters of `alphabet` (at most 256 of them, ASCII)."""
        return self._random.randbytes(length).translate(_table(alphabet)).decode("ascii")

    def alnum(self, length: int) -> str:
        """`length` characters of A-Z a-z 0-9."""
        return self.text(length)

    def token(self, length: int) -> str:
        """`length` URL-safe characters (A-Z a-z 0-9 - _)."""
        return self.text(length, URL_SAFE)

    def hex(self, length: int) -> str:
        """`length` lower-case hexadecimal digits."""
        return f"{self._random.getrandbits(4 * length):0{length}x}" if length else ""

    def digits(self, length: int) -> str:
        """`length` decimal digits, the first not zero."""
        return self.text(1, "123456789") + self.text(length - 1, digits) if length else ""

    def uuid(self) -> str:
        """A version 4 UUID, lower case with hyphens."""
        bits = self._random.getrandbits(128) & ~(0xF << 76) | (4 << 76)
        bits = bits & ~(0x3 << 62) | (0x2 << 62)
        text = f"{bits:032x}"
        return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))

    def object_id(self, at: float) -> str:
        """A MongoDB ObjectId: 24 hex digits, the first 8 of which are the creation time `at` in seconds."""
        return f"{int(at) & 0xFFFFFFFF:08x}{self._random.getrandbits(64):016x}"

    def integer(self, low: int, high: int) -> int:
        """An integer from `low` to `high`, both included."""
        return self._random.randint(low, high)

    def fresh(self) -> Ids:
        """Ids that restart the sequence, if it is seeded; without a seed there is nothing to restart."""
        return self if self._seed is None else Ids(self._seed)

    def snapshot(self) -> Any:
        return self._random.getstate() if self._seed is not None else None

    def restore(self, state: Any) -> None:
        if state is not None:
            self._random.setstate(state)
