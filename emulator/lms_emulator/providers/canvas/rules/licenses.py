"""The licences under which files may be used.

Source: fixtures/recordings/canvas/content-files.jsonl 214.
"""

from __future__ import annotations

from typing import NamedTuple


class License(NamedTuple):
    """A licence, with its name and URL."""

    id: str
    name: str
    url: str


_CC = "http://creativecommons.org/licenses"
_EVERY = (
    License("private", "Private (Copyrighted)", "http://en.wikipedia.org/wiki/Copyright"),
    License("public_domain", "Public Domain", "http://en.wikipedia.org/wiki/Public_domain"),
    License("cc_by", "CC Attribution", f"{_CC}/by/4.0"),
    License("cc_by_sa", "CC Attribution Share Alike", f"{_CC}/by-sa/4.0"),
    License("cc_by_nc", "CC Attribution Non-Commercial", f"{_CC}/by-nc/4.0"),
    License("cc_by_nc_sa", "CC Attribution Non-Commercial Share Alike", f"{_CC}/by-nc-sa/4.0"),
    License("cc_by_nd", "CC Attribution No Derivatives", f"{_CC}/by-nd/4.0"),
    License("cc_by_nc_nd", "CC Attribution Non-Commercial No Derivatives", f"{_CC}/by-nc-nd/4.0/"),
)
LICENSES = {one.id: one for one in _EVERY}
