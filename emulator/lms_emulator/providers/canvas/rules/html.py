"""HTML as Canvas keeps it: without scripts, handlers and addresses that run something.

Source: canvas-lms gems/canvas_sanitize (2023-06), and the recorded exchanges of `grading-assignments` 91 and 158.
"""

from __future__ import annotations

from html import escape
from html.parser import HTMLParser

_TAGS = """
a abbr acronym address area article aside audio b bdo big blockquote br caption center cite code col colgroup dd
del details dfn div dl dt em embed figcaption figure footer font form h1 h2 h3 h4 h5 h6 header hr i iframe img
ins kbd legend li map mark math nav object ol p param picture pre q rp rt ruby s samp section small source span
strike strong sub summary sup table tbody td tfoot th thead time tr track tt u ul var video wbr
"""
TAGS = frozenset(_TAGS.split())
VOID = {"area", "br", "col", "embed", "hr", "img", "param", "source", "track", "wbr"}
DROPPED_WHOLE = {"script", "style"}
_ATTRIBUTES = """
abbr align allow allowfullscreen alt aria-describedby aria-hidden aria-label aria-labelledby axis border
cellpadding cellspacing char charset cite class clear color cols colspan compact controls coords datetime dir
download face frame frameborder headers height href hreflang hspace id kind label lang loop longdesc media muted
name nowrap poster preload rel rev role rows rowspan rules scope scrolling shape size span src srclang start
style summary target title type usemap valign value vspace width
"""
ATTRIBUTES = frozenset(_ATTRIBUTES.split())
ADDRESSES = {"href", "src", "cite", "longdesc", "poster"}
SCHEMES = {"ftp", "http", "https", "mailto", "skype", "tel"}


class _Cleaner(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.out: list[str] = []
        self.hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in DROPPED_WHOLE:
            self.hidden += 1
        elif not self.hidden and tag in TAGS:
            kept = "".join(f' {name}="{escape(value or "")}"' for name, value in attrs if _allowed(name, value))
            self.out.append(f"<{tag}{kept}>")

    def handle_endtag(self, tag: str) -> None:
        if tag in DROPPED_WHOLE:
            self.hidden = max(0, self.hidden - 1)
        elif not self.hidden and tag in TAGS and tag not in VOID:
            self.out.append(f"</{tag}>")

    def handle_data(self, data: str) -> None:
        if not self.hidden:
            self.out.append(escape(data, quote=False))


def _allowed(name: str, value: str | None) -> bool:
    if name in ADDRESSES and value is not None:
        scheme, colon, _ = value.strip().partition(":")
        return not colon or not scheme.isalpha() or scheme.lower() in SCHEMES
    return name in ATTRIBUTES or name.startswith("data-")


def clean(text: str | None) -> str | None:
    """The HTML that a client sent as Canvas keeps it; None stays None."""
    if text is None:
        return None
    cleaner = _Cleaner()
    cleaner.feed(text)
    cleaner.close()
    return "".join(cleaner.out)
