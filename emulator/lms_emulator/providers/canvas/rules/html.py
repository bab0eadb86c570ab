"""HTML sanitising as in Canvas: without scripts, forms, event handlers and script URLs.

Source: canvas-lms gems/canvas_sanitize (2023-06), and the recorded exchanges of `content-html`.
"""

from __future__ import annotations

import re
from collections import deque
from functools import cache
from html import escape
from itertools import groupby
from typing import TYPE_CHECKING

from lms_emulator.core.http.html_text import shallow

if TYPE_CHECKING:
    from nh3 import Cleaner

LONGEST = 64 * 1024 - 1
"""Bytes of a text: canvas-lms config/initializers/active_record.rb, maximum_text_length."""

_TAGS = """
a abbr acronym address area article aside audio b bdo big blockquote br caption cite code col colgroup dd del
details dfn div dl dt em embed figcaption figure font footer h1 h2 h3 h4 h5 h6 header hr i iframe img ins kbd legend
li map mark nav object ol p param picture pre q rp rt ruby s samp section small source span strike strong style sub
summary sup table tbody td tfoot th thead time tr track tt u ul var video wbr annotation annotation-xml maction
maligngroup malignmark math menclose merror mfenced mfrac mglyph mi mlabeledtr mlongdiv mmultiscripts mn mo mover
mpadded mphantom mprescripts mroot mrow ms mscarries mscarry msgroup msline mspace msqrt msrow mstack mstyle msub
msubsup msup mtable mtd mtext mtr munder munderover none semantics
"""
_EVERYWHERE = "class dir id lang role style tabindex title"

ATTRIBUTES = {
    "a": "href target name",
    "area": "alt coords href shape target",
    "audio": "controls muted name src",
    "blockquote": "cite",
    "col": "span width",
    "colgroup": "span width",
    "del": "cite datetime",
    "embed": "allowfullscreen allowscriptaccess height name pluginspage src type width wmode",
    "font": "color face size",
    "iframe": "align allow allowfullscreen height longdesc name sandbox scrolling src width",
    "img": "align alt height longdesc src usemap width",
    "ins": "cite datetime",
    "map": "name",
    "math": "alttext display mathvariant xmlns",
    "object": "classid codebase data height style type width",
    "ol": "start type",
    "param": "name value",
    "q": "cite",
    "source": "src type",
    "table": "border cellpadding cellspacing summary width",
    "td": "abbr align axis colspan rowspan valign width",
    "th": "abbr align axis colspan rowspan scope valign width",
    "time": "datetime",
    "tr": "align valign",
    "track": "default kind label src srclang",
    "ul": "type",
    "video": "allowfullscreen controls height muted name poster src width",
}
SCHEMES = {"ftp", "http", "https", "mailto", "skype", "tel"}
_PROPERTY = re.compile(r"(?<![\w-])[\w-]++\s*+:")
_ADDRESS = re.compile(r"\burl\s*\(", re.IGNORECASE)


@cache
def _cleaner() -> Cleaner:
    from nh3 import Cleaner

    return Cleaner(
        tags=set(_TAGS.split()),
        clean_content_tags={"script"},
        attributes={"*": set(_EVERYWHERE.split())} | {tag: set(names.split()) for tag, names in ATTRIBUTES.items()},
        attribute_filter=_kept,
        generic_attribute_prefixes={"aria-", "data-"},
        url_schemes=SCHEMES,
        link_rel=None,
    )


def _kept(tag: str, attribute: str, value: str) -> str | None:
    """The value that an allowed attribute keeps."""
    if attribute == "style":
        return "".join(_without_address(item) for item in re.findall(r"[^;]+;?|;", value))
    return None if attribute.startswith("data-api-") else value


def _without_address(declaration: str) -> str:
    """A declaration of a style, or what is before it if it names an address."""
    for last in deque(_ADDRESS.finditer(declaration), maxlen=1):
        if named := _PROPERTY.search(declaration, 0, last.start()):
            return declaration[: named.start()]
    return declaration


def clean(text: str | None, own: str = "") -> str | None:
    """Sanitised HTML; None stays None.

    Parameters: `own`, this site's base URL, which is removed from links.
    """
    if text is None:
        return None
    if own:
        text = re.sub(rf"""(?<=[\s"'])(href|src)=(["']){re.escape(own)}/""", r"\1=\2/", text)
    return _cleaner().clean(shallow(text))


_LINK = re.compile(r"https?://[^\s<>\"]*[^\s<>\".,;:!?')\]}]")
_QUOTED = (
    "<div class='quoted_text_holder'><a href='#' class='show_quoted_text_link'>show quoted text</a>"
    "<div class='quoted_text' style='display: none;'>{}</div></div>"
)


def formatted(text: str) -> str:
    """A plain text as HTML, with line breaks, links for what begins with `http`, and quoted lines folded away.

    Source: canvas-lms gems/html_text_helper/lib/html_text_helper.rb, format_message (2024-04).
    """
    made, end = "", 0
    for found in _LINK.finditer(text):
        address = _escaped(found.group().replace("'", "%27"))
        made += f"{_escaped(text[end : found.start()])}<a href='{address}'>{_escaped(found.group())}</a>"
        end = found.end()
    made = re.sub(r"\r?\n", "<br/>\r\n", made + _escaped(text[end:]))
    lines = made.removesuffix("\n").split("\n")
    clumps = groupby(lines, lambda line: line.startswith("&gt;"))
    return "\n".join((_QUOTED if quoted else "{}").format("\n".join(clump)) for quoted, clump in clumps)


def _escaped(text: str) -> str:
    return escape(text).replace("&#x27;", "&#39;")
