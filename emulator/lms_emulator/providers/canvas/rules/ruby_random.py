"""The number that Ruby's `Random.new(seed).rand(most)` draws first.

Source: M. Matsumoto and T. Nishimura, Mersenne Twister (1998), MT19937;
ruby random.c (3.1), rand_mt_init and limited_rand.
"""

from __future__ import annotations

WORD = 0xFFFFFFFF
SIZE, MIDDLE = 624, 397


def below(most: int, *, seed: int) -> int:
    """The first number from 0 up to, and without, `most`. Both are less than 2**32, and `most` not more than 256."""
    state = [seed & WORD]
    for index in range(1, SIZE):
        last = state[-1]
        state.append((1812433253 * (last ^ (last >> 30)) + index) & WORD)
    mask = (1 << (most - 1).bit_length()) - 1
    for index in range(SIZE - MIDDLE):
        word = (state[index] & 0x80000000) | (state[index + 1] & 0x7FFFFFFF)
        found = _tempered(state[index + MIDDLE] ^ (word >> 1) ^ (0x9908B0DF if word & 1 else 0)) & mask
        if found < most:
            return found
    raise AssertionError("each draw succeeds in at least half of all cases")


def _tempered(word: int) -> int:
    word ^= word >> 11
    word ^= (word << 7) & 0x9D2C5680
    word ^= (word << 15) & 0xEFC60000
    return word ^ (word >> 18)
