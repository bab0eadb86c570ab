"""Copying mistakes: what a text was before somebody quoted, encoded, wrapped or copied it once too often."""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable, Iterator
from urllib.parse import parse_qsl, unquote

from lms_emulator.core.http import json_text
from lms_emulator.core.http.urls import parts_of
from lms_emulator.core.suggest import nearest

_LONGEST = 16_384
_DIGITS_OF_IDS = 8
_BETWEEN = re.compile("[-_.:| ]")
_ALGORITHMS = frozenset(f"{kind}{size}" for kind in ("HS", "RS", "ES", "PS") for size in (256, 384, 512))
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{8,}={0,2}")
_PLUS_LOST = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+ \d\d:?\d\d")
_NO_ZONE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d+)?)?")
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_DAY_FIRST = re.compile(r"\d{1,2}[./-]\d{1,2}[./-]\d{4}")
_JWT = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")


def undone(sent: str) -> Iterator[tuple[str, str]]:
    """What a text may have been meant to be: each slip, worded as the end of a sentence, and the text without it."""
    if len(sent) > _LONGEST:
        return
    for why, undo in _SLIPS:
        for meant in undo(sent):
            if meant and meant != sent:
                yield why, meant


def is_jwt(text: object) -> bool:
    """Whether a text has the form of a signed JWT."""
    return isinstance(text, str) and text.startswith("eyJ") and _JWT.fullmatch(text) is not None


def why_no_jwt(sent: str) -> str | None:
    """The slip that garbled what would be a JWT; None if there is none."""
    for why, meant in undone(sent):
        if is_jwt(meant):
            return f"it is a JWT, but {why}"
    return None


def misspelt(secret: str) -> Iterator[tuple[str, str]]:
    """What is used in place of a secret by mistake: each worded as the end of a sentence, and the text."""
    yield "with a line end after it", secret + "\n"
    yield "with white space after it", secret + " "
    yield "encoded in base64", b64encode(secret.encode(errors="surrogatepass")).decode()
    for why, meant in undone(secret):
        if meant == secret.strip() or why == _DECODED:
            yield ("trimmed" if meant == secret.strip() else "decoded from base64"), meant
    yield "in quotation marks", f'"{secret}"'
    yield "with the & that belongs to the key after it", secret + "&"


def how_differs(expected: object, got: object) -> str | None:
    """The one way in which a text differs from an expected one; None if it is a different text.

    Parameters: `expected`, one text or several; those with spaces are never matched.
    """
    if isinstance(got, str) and got in _ALGORITHMS:
        return f"it was signed with {got}; only {' or '.join(map(str, _listed(expected)))} is taken"
    known = [value for value in _listed(expected) if isinstance(value, str)]
    if not isinstance(got, str) or not got or got in known or len(got) > _LONGEST:
        return None
    if (why := how_written(known, got)) is not None:
        return why
    # Ids that differ in more than a character are different ids.
    likeness = 0.95 if sum(map(str.isdigit, got)) >= _DIGITS_OF_IDS else 0.8
    closest = nearest(got, [value for value in known if " " not in value], likeness)
    return f"did you mean {closest}?" if closest else None


def how_written(known: Iterable[str], got: str) -> str | None:
    """Which of the known texts was meant by one that is the same but for its writing."""
    for right in known:
        for why, meant in undone(got):
            if meant == right:
                return f"it is the right one, {right}, but {why}"
        if got.rstrip("/") == right.rstrip("/"):
            return f"it has to be {right}, {'without' if got.endswith('/') else 'with'} a slash at its end"
        if "://" in right and got.partition("://")[2] == right.partition("://")[2]:
            return f"it has to be {right}: the scheme differs"
        if got.lower() == right.lower():
            return f"it has to be {right}: the case differs"
        if (plain := _BETWEEN.sub("", got).lower()) and plain == _BETWEEN.sub("", right).lower():
            return f"did you mean {right}?"
    return None


def why_no_time(sent: str) -> str:
    """How a text that is not an ISO 8601 time has to be written."""
    if _PLUS_LOST.fullmatch(sent):
        return "the + of its zone became a space: write %2B in a query or form"
    if _DAY.fullmatch(sent):
        return f"a time of day and a zone belong to it: {sent}T00:00:00Z"
    if _NO_ZONE.fullmatch(sent):
        return f"a zone belongs to it: {sent}Z"
    if sent.isdecimal() and len(sent) in (10, 13):
        unit = "seconds" if len(sent) == 10 else "milliseconds"
        return f"it counts {unit} since 1970; write it out: 2026-12-31T23:59:00Z"
    if _DAY_FIRST.match(sent):
        return "the year comes first: 2026-12-31T23:59:00Z"
    return "times are written as ISO 8601 has them: 2026-12-31T23:59:00Z"


def _listed(expected: object) -> list[object]:
    return list(expected) if isinstance(expected, list | tuple) else [expected]


def _from_base64(text: str) -> list[str]:
    if not _BASE64.fullmatch(text):
        return []
    try:
        found = b64decode(text.translate(_STANDARD) + "=" * (-len(text) % 4)).decode("ascii")
    except ValueError:
        return []
    return [found] if found.isprintable() else []


def _from_json(text: str) -> list[str]:
    if not text.startswith("{"):
        return []
    try:
        members = json_text.parse(text.encode())
    except ValueError:
        return []
    return [value for value in members.values() if isinstance(value, str)] if isinstance(members, dict) else []


def _from_query(text: str) -> list[str]:
    if "=" not in text or " " in text:
        return []
    return [value for _, value in parse_qsl(parts_of(text).query if "://" in text else text)]


def _from_two(text: str) -> list[str]:
    parts = [part for part in re.split("[ ,;:]+", text) if part]
    return parts[:1] if len(parts) == 2 and parts[0] == parts[1] else []


def _as_base64url(text: str) -> list[str]:
    return [".".join(part.translate(_URL).rstrip("=") for part in text.split("."))] if text.count(".") == 2 else []


_DECODED = "it was encoded in base64 once more"
_STANDARD, _URL = str.maketrans("-_", "+/"), str.maketrans("+/", "-_")
_SLIPS: tuple[tuple[str, Callable[[str], list[str]]], ...] = (
    ("there is white space around it", lambda text: [text.strip()]),
    ("there are quotation marks around it", lambda text: [text.strip("\"'`")]),
    ("it was written out as Python's bytes, b'…'", lambda text: [text[2:-1]] if text[:2] in ("b'", 'b"') else []),
    ("there are brackets around it", lambda text: [text.strip("<>{}[]()")]),
    ("it is percent-encoded once too often", lambda text: [unquote(text)]),
    ("it was written twice", _from_two),
    ("its scheme was written twice", lambda text: [text.partition(" ")[2].strip()]),
    ("there are line breaks or spaces in it", lambda text: ["".join(text.split())]),
    ("it is base64 with + and / or its padding, where a JWT has base64url without", _as_base64url),
    (_DECODED, _from_base64),
    ("a whole JSON document was sent instead of this one member", _from_json),
    ("a whole query string or URL was sent instead of this one value", _from_query),
    ("what followed it in the query was sent with it", lambda text: [text.partition("&")[0]]),
    ("the fragment behind it was sent with it", lambda text: [text.partition("#")[0]]),
)
