"""Canvas's languages, and the API messages that it translates.

The translations are data: `catalogue/translations.tsv`, from `fixtures/recordings/canvas/people-common.jsonl` 297 and
`fixtures/recordings/canvas/people-users.jsonl` 180. A text without a translation stays in English.
"""

from __future__ import annotations

from functools import cache
from importlib import resources

LOCALES = {"ar", "ca", "cy", "da", "de", "el", "en", "en-AU", "en-CA", "en-GB", "es", "fa", "fi", "fr", "fr-CA", "he"}
LOCALES |= {"hi", "ht", "hu", "hy", "id", "is", "it", "ja", "ko", "mi", "ms", "nb", "nl", "nn", "pl", "pt", "pt-BR"}
LOCALES |= {"ro", "ru", "sl", "sv", "th", "tr", "uk", "vi", "zh-Hans", "zh-Hant"}


@cache
def accepted(header: str) -> str | None:
    """The preferred language of an `Accept-Language` header that Canvas has; None if there is none."""
    if not header:
        return None
    ranked = []
    for place, part in enumerate(header.split(",")):
        name, _, quality = part.strip().partition(";q=")
        try:
            ranked.append((-float(quality or 1), place, name))
        except ValueError:
            continue
    for _, _, name in sorted(ranked):
        language = name.partition("-")[0]
        if name in LOCALES or language in LOCALES:
            return name if name in LOCALES else language
    return None


@cache
def _translations() -> dict[tuple[str, str], str]:
    text = resources.files("lms_emulator.providers.canvas").joinpath("catalogue/translations.tsv").read_text("utf-8")
    rows = (line.split("\t") for line in text.splitlines()[1:])
    return {(row[0], row[1]): row[2] for row in rows}


def translated(language: str, text: str) -> str:
    """An API message in another language; unchanged if its translation is unknown."""
    return _translations().get((language, text), text)
