"""Replay of recorded exchanges: what every provider's recordings and their replay share.

`exchanges` reads the files of `fixtures/recordings`, `targets` says where requests go. A provider's own `replay`
package knows its world, what no two servers can share, and what it compares.
"""
