"""Replay of the exchanges recorded from a real Canvas against an emulator, with a parity figure for each group.

`recordings` loads a run, `worlds` writes the world it begins from, `values` names what no two servers share (ids of new
rows, tokens, uuids, times), `ledger` remembers which of our values stands for which recorded one, `signing` signs again
what a substitution changed, `pages` reduces a page, `compare` tells the differences of one answer, `player` walks a
run, `report` prints and writes.
"""
