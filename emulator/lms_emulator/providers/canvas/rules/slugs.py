"""Titles as URL slugs: `Übung & Größe – 3.14` is `ubung-and-grosse-3-dot-14`.

Source: the recorded exchanges 10-28 of `content-pages`; canvas-lms lib/duplicating_objects.rb for titles of copies.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

_WORDS = ((r"&", "and"), (r"#", "number"), (r"@", "at"), (r"\*", "star"), (r"%", "percent"), (r"[\\/]", "slash"))
_GREEK = "αa βb γg δd εe ζz ηe θth ιi κk λl μm νn ξx οo πp ρr ςs σs τt υu φph χkh ψps ωo"
_CYRILLIC = "аa бb вv гg дd еe жzh зz иi йi кk лl мm нn оo пp рr сs тt уu фf хkh цts чch шsh щshch ъ ыy ь эe юiu яia"
_LATIN = {"ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "đ": "d", "ð": "d", "þ": "th", "ł": "l", "ı": "i"}
_FOLDED = {pair[0]: pair[1:] for pair in f"{_GREEK} {_CYRILLIC}".split()} | _LATIN

_NUMBERED_COPY = re.compile(r"copy-[0-9]*\Z")


def slug(title: str) -> str:
    """The slug of a title. Latin, Greek and Cyrillic letters become ASCII, others stay."""
    text = title
    for sign, word in _WORDS:
        text = re.sub(rf"(?:(?<!\s)\s++)?{sign}\s*", f" {word} ", text)
    text = re.sub(r"(\S)\.(\S)", r"\1 dot \2", text)
    text = re.sub(r"['\"‘’“”]", "", text)
    letters = "".join(_folded(letter) for letter in unicodedata.normalize("NFC", text.lower()))
    return re.sub(r"[^\w]+", "-", letters).replace("_", "-").strip("-")


def _folded(letter: str) -> str:
    if letter in _FOLDED:
        return _FOLDED[letter]
    base = unicodedata.normalize("NFD", letter)
    plain = _FOLDED.get(base[0], base[0])
    return plain if plain.isascii() else letter


def title_of(slug: str) -> str:
    """The title suggested by a slug: `made-by-put` is `Made By Put`."""
    return " ".join(word[:1].upper() + word[1:] for word in re.split(r"[-_\s]+", slug) if word)


def copied_title(title: str, others: Iterable[str]) -> str:
    """The title of a copy: `X Copy`, or `X Copy 2` and so on if that is in use, ignoring case and hyphens."""

    def alike(text: str) -> str:
        return text.replace(" ", "-").lower()

    several = _NUMBERED_COPY.search(alike(title)) is not None
    copied = several or alike(title).endswith("copy")
    name = title if copied else f"{title} Copy"
    base = name.rstrip("0123456789") if several else f"{name} "
    taken = {alike(other) for other in others if other.lower().startswith(base[:-1].lower())}
    number = int(name[len(base) :] or 1) + 1 if several else 2
    found = name
    while alike(found) in taken:
        found, number = f"{base}{number}", number + 1
    return found
