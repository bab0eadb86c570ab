"""Other ways to write and sort the fields of an OAuth 1.0 message, for `oauth1_mistakes` and the rare ones."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from itertools import combinations, product

from lms_emulator.signing import oauth1_signing as wrong
from lms_emulator.signing.macs import hmac_sha1
from lms_emulator.signing.oauth1_signing import Signing


def escaped_for_html(s: Signing) -> list[Signing]:
    """Sign values with HTML entities, as Python, PHP and others write those of quotation marks."""
    marks = {"'": ("&#x27;", "&#039;", "&#39;", "'"), '"': ("&quot;", "&#34;", '"')}
    ways = [zip(marks, row, strict=True) for row in product(*marks.values())]
    tables = [str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", **dict(way)}) for way in ways]
    return [made for table in tables for made in wrong.with_values(partial(_translated, table))(s)]


def _translated(table: dict[int, str], value: str) -> str:
    return value.translate(table)


def reread(value: str) -> str:
    """Decode UTF-8 as Latin-1."""
    return value.encode(errors="surrogatepass").decode("latin-1")


def read_back(value: str) -> str:
    with suppress(UnicodeError):
        return value.encode("latin-1").decode()
    return value


def in_ascii(errors: str) -> Callable[[str], str]:
    return lambda value: value.encode("ascii", errors).decode()


def in_utf16(name: str) -> Callable[[bytes, bytes], bytes]:
    """HMAC-SHA1 of key and text in UTF-16; in big-endian with the mark that Java puts in front."""
    mark = b"\xfe\xff" if name == "utf-16-be" else b""
    return lambda key, text: hmac_sha1(mark + key.decode().encode(name), mark + text.decode().encode(name))


def blanks_not_sent(s: Signing) -> Iterator[Signing]:
    """Sign one or two blank fields of LTI besides."""
    sent = {name for name, _ in s.pairs}
    absent = [name for name in _OFTEN_BLANK if name not in sent]
    for number in (1, 2):
        for names in combinations(absent, number):
            yield s._replace(pairs=(*s.pairs, *((name, "") for name in names)), detail=", ".join(names))


_OFTEN_BLANK = (
    *("lis_person_name_given", "lis_person_name_family", "lis_person_name_full", "lis_person_contact_email_primary"),
    *("lis_person_sourcedid", "lis_result_sourcedid", "lis_outcome_service_url", "lis_course_section_sourcedid"),
    *("lis_course_offering_sourcedid", "context_id", "context_label", "context_title", "context_type", "user_id"),
    *("roles", "resource_link_title", "resource_link_description", "launch_presentation_return_url", "user_image"),
    *("launch_presentation_locale", "launch_presentation_document_target", "tool_consumer_instance_guid"),
    *("tool_consumer_instance_name", "tool_consumer_info_product_family_code", "tool_consumer_info_version"),
)
_GUID = re.compile(r"([0-9A-Fa-f]{8})([0-9A-Fa-f]{4})([0-9A-Fa-f]{4})([0-9A-Fa-f]{4})([0-9A-Fa-f]{12})")


def underscored(s: Signing) -> Iterator[Signing]:
    """Sign a dot or a space for one underscore in a name of one's own, as it was before PHP read the form."""
    for number, (name, value) in enumerate(s.pairs):
        for at, letter in enumerate(name) if name.startswith(("custom_", "ext_")) else ():
            for mark in ". " if letter == "_" else "":
                other = (f"{name[:at]}{mark}{name[at + 1 :]}", value)
                yield s._replace(pairs=(*s.pairs[:number], other, *s.pairs[number + 1 :]), detail=name)


def oauth_rewritten(s: Signing) -> Iterator[Signing]:
    """Sign one field of OAuth in other letters, with the dashes of a GUID, or as a fraction."""
    changes = (str.lower, str.upper, lambda text: _GUID.sub(r"\1-\2-\3-\4-\5", text), lambda text: f"{text}.0")
    for number, (name, value) in enumerate(s.pairs):
        for change in changes if name.startswith("oauth_") else ():
            if (other := change(value)) != value:
                yield s._replace(pairs=(*s.pairs[:number], (name, other), *s.pairs[number + 1 :]), detail=name)


_QUOTES = str.maketrans("‘’“”", "''\"\"")
REWRITINGS: tuple[Callable[[str], str], ...] = (
    lambda value: " ".join(value.split()),
    lambda value: value.replace("\t", "    "),
    lambda value: value.translate(_QUOTES),
    lambda value: value.replace(",", ", "),
    lambda value: value.replace(", ", ","),
    lambda value: f"{value}.0" if value.isdecimal() else value,
    lambda value: value.lstrip("0") if value.isdecimal() else value,
)
"""What databases, spreadsheets, editors and type conversions make of a value."""
BOOLEANS = (
    {"true": "True", "false": "False"},
    {"True": "true", "False": "false"},
    {"true": "1", "false": "0"},
    {"1": "true", "0": "false"},
)


def _by_number(name: str, *, cased: bool) -> list[tuple[int, str | int]]:
    """A name for natural sorting, which compares digits as a number."""
    parts = re.split(r"(\d{1,9})", name if cased else name.lower())
    return [(0, int(part)) if part.isdecimal() else (1, part) for part in parts if part]


def _sorted_by_number(encoded: list[wrong.Encoded], *, cased: bool) -> list[wrong.Encoded]:
    return sorted(encoded, key=lambda e: (_by_number(e[0], cased=cased), e[1]))


def naturally(s: Signing) -> list[Signing]:
    """Sort names naturally, with or without regard to case."""
    return [made for cased in (True, False) for made in wrong.with_order(partial(_sorted_by_number, cased=cased))(s)]
