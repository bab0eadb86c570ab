"""English singulars, as the names of new groups have them.

Source: Rails' default inflections (activesupport lib/active_support/inflections.rb, 7.0).
"""

from __future__ import annotations

import re

_UNCOUNTABLE = re.compile(
    r"\b(equipment|information|rice|money|species|series|fish|sheep|jeans|police)$", re.IGNORECASE
)
_RULES = [
    (re.compile(pattern, re.IGNORECASE), singular)
    for pattern, singular in (
        (r"(p)eople$", r"\1erson"),
        (r"(m)en$", r"\1an"),
        (r"(child)ren$", r"\1"),
        (r"(move|sex|zombie)s$", r"\1"),
        (r"(database)s$", r"\1"),
        (r"(quiz)zes$", r"\1"),
        (r"(matr)ices$", r"\1ix"),
        (r"(vert|ind)ices$", r"\1ex"),
        (r"(alias|status)(es)?$", r"\1"),
        (r"(cris|test)(is|es)$", r"\1is"),
        (r"(shoe)s$", r"\1"),
        (r"(o)es$", r"\1"),
        (r"(bus)(es)?$", r"\1"),
        (r"\b(m|l)ice$", r"\1ouse"),
        (r"(x|ch|ss|sh)es$", r"\1"),
        (r"([^aeiouy]|qu)ies$", r"\1y"),
        (r"([lr])ves$", r"\1f"),
        (r"(tive)s$", r"\1"),
        (r"(hive)s$", r"\1"),
        (r"([^f])ves$", r"\1fe"),
        (r"((a)naly|(b)a|(d)iagno|(p)arenthe|(p)rogno|(s)ynop|(t)he)(sis|ses)$", r"\1sis"),
        (r"([ti])a$", r"\1um"),
        (r"(n)ews$", r"\1ews"),
        (r"(ss)$", r"\1"),
        (r"s$", ""),
    )
]


def singular(text: str) -> str:
    """The text with its last word in the singular: `Study Parties` becomes `Study Party`."""
    if _UNCOUNTABLE.search(text):
        return text
    for pattern, replacement in _RULES:
        if pattern.search(text):
            return pattern.sub(replacement, text)
    return text


def sentence(words: list[str]) -> str:
    """Words as an English list: `a, b, and c`."""
    if len(words) > 2:
        return f"{', '.join(words[:-1])}, and {words[-1]}"
    return " and ".join(words)
