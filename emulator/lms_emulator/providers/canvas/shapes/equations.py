"""Images of equations, with MathML for screen readers.

Source: canvas-lms lib/api/html/content.rb, apply_mathml (2023-06), and `content-html` 24. Canvas uses Ritex for the
MathML; here it is latex2mathml, without the rows of one member that it puts around things.
"""

from __future__ import annotations

import re
from functools import lru_cache
from html import unescape

from lms_emulator.providers.canvas.call.api import Api

MOST_CHARACTERS = 3000
"""Of LaTeX, in one request: about 50 ms of processor time."""

_IMAGE = re.compile(r'<img((?:\s[\w:-]++="[^"]*+")+)>')
_CLASS = re.compile(r'\sclass="([^"]*)"')
_LATEX = re.compile(r'\sdata-equation-content="([^"]*)"')
_ALT = re.compile(r'\salt="([^"]*)"')
_ROW_OF_ONE = re.compile(r"<mrow>(<(m[ino])>[^<]*</\2>)</mrow>")
_OUTERMOST = re.compile(r"(<math[^>]*>)<mrow>(.*)</mrow></math>", re.DOTALL)


class _Converted:
    """How many characters of LaTeX a request has converted."""

    characters = 0


def with_mathml(api: Api, text: str) -> str:
    """The HTML with an attribute `x-canvaslms-safe-mathml` on each image of an equation that can be read."""
    return _IMAGE.sub(lambda found: _image(api, found), text)


def _image(api: Api, found: re.Match[str]) -> str:
    kind = _CLASS.search(found[1])
    if kind is None or "equation_image" not in kind[1].split():
        return found[0]
    latex = _LATEX.search(found[1]) or _ALT.search(found[1])
    spent = api.call.per_request(_Converted)
    if latex is None or spent.characters > MOST_CHARACTERS:
        return found[0]
    spent.characters += len(latex[1])
    if spent.characters > MOST_CHARACTERS:
        api.call.warn("mathml_left_out", f"only {MOST_CHARACTERS} characters of LaTeX are converted in one request")
        return found[0]
    mathml = _converted(unescape(latex[1])).replace("&", "&amp;").replace('"', "&quot;")
    return f'<img{found[1]} x-canvaslms-safe-mathml="{mathml}">' if mathml else found[0]


@lru_cache(1024)
def _converted(latex: str) -> str:
    """The MathML of an equation; an empty text if it cannot be parsed, as at Canvas."""
    from latex2mathml.converter import convert

    try:
        made = convert(latex) if latex.strip() else ""
    except Exception:  # its errors have no common class, and some are Python's own
        return ""
    if outermost := _OUTERMOST.fullmatch(made):
        made = f"{outermost[1]}{outermost[2]}</math>"
    return _ROW_OF_ONE.sub(r"\1", made)
