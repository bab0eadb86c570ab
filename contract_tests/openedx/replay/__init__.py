"""Replay of the exchanges recorded from the real Open edX LMS against an emulator, with a parity figure.

`recordings` loads a run, `targets` sends one request (over a socket or straight into an ASGI application), `volatile`
names the values that no two servers share (tokens, codes, times), `ledger` remembers which of our values stands for
which recorded one, `compare` tells the differences of one answer, `player` walks a run, `report` prints and writes.
"""
