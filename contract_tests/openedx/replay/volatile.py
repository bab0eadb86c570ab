"""Which parts of a text no two servers can share: tokens, keys, signatures and moments.

A text is cut into literals, which must agree to the byte, and volatile values, which must agree in kind and must
stand for the same thing throughout a run.
"""

from __future__ import annotations

import base64
import binascii
import dataclasses
import email.utils
import json
import re
from datetime import UTC, datetime

PATTERN = re.compile(
    r"""
    (?P<session>1\|[a-z0-9]{32}\|[A-Za-z0-9]{12}\|[\w=-]+:[\w-]+:[\w-]+)
  | (?P<jwt>eyJ[\w-]+\.[\w-]+(?:\.[\w-]+)?)
  | (?P<iso>\d{4}-\d\d-\d\d[T +]\d\d(?::|%3A)\d\d(?::|%3A)\d\d(?:\.\d+)?(?:Z|(?:\+|%2B)\d\d(?::|%3A)\d\d)?)
  | (?P<httpdate>(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun),[ ]\d\d[ ][A-Z][a-z]{2}[ ]\d{4}[ ]\d\d:\d\d:\d\d[ ]GMT)
  | (?P<wait>(?<=available[ ]in[ ])\d+(?=[ ]second))
  | (?P<uuid>\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b)
  | (?P<epoch>(?<![\w.])-?1[678]\d{8}(?:\.\d+)?(?![\w.]))
  | (?P<cursor>(?<=cursor=)[A-Za-z0-9]{8,}(?:%3D|=)*)
  | (?P<signature>(?<![\w-])[\w-]{43,}(?![\w-]))
  | (?P<opaque>(?<![A-Za-z0-9])[A-Za-z0-9]{20,}(?![A-Za-z0-9]))
    """,
    re.VERBOSE,
)

#: How far one of our moments may lie from the recorded one. The clock is set to the recorded `Date`, which has whole
#: seconds, and the real server took up to a second or two over one answer.
TOLERANCE_SECONDS = 3.0


#: How far a number of seconds to wait may be off: it counts from a moment within the recorded second.
WAIT_TOLERANCE = 1


@dataclasses.dataclass(frozen=True)
class Value:
    """A volatile value and its kind. Two values may stand for each other only when their kinds are equal."""

    kind: str
    text: str


def split(text: str) -> tuple[list[str], list[Value]]:
    """Cut a text into its literals and the volatile values between them: one more literal than values."""
    literals: list[str] = []
    values: list[Value] = []
    position = 0
    for match in PATTERN.finditer(text):
        kind = match.lastgroup or ""
        if kind == "opaque" and match.group().isalpha() and match.group().islower():
            continue  # a long lower-case word, not a token
        literals.append(text[position : match.start()])
        values.append(Value(_precise(kind, match.group()), match.group()))
        position = match.end()
    literals.append(text[position:])
    return literals, values


def _precise(kind: str, text: str) -> str:
    if kind in {"opaque", "signature"}:
        return f"{kind} of {len(text)}"
    if kind in {"iso", "epoch"}:
        return f"{kind} with fraction" if "." in text else kind
    return kind


def moment(value: Value) -> datetime | None:
    """The moment a value tells, in UTC, or None if it tells none."""
    kind = value.kind.split(" ")[0]
    try:
        if kind == "httpdate":
            return email.utils.parsedate_to_datetime(value.text).astimezone(UTC)
        if kind == "epoch":
            return datetime.fromtimestamp(abs(float(value.text)), UTC)
        if kind == "iso":
            text = value.text.replace("%3A", ":").replace("%2B", "+")
            read = datetime.fromisoformat(text[:10] + "T" + text[11:])
            return read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC)
    except ValueError:
        return None
    return None


def jwt_parts(text: str) -> tuple[str, str] | None:
    """Header and claims of a JWT as the JSON text they were signed as, or None if it is none."""
    parts = text.split(".")
    try:
        header, claims = (base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)).decode() for part in parts[:2])
        json.loads(header)
        json.loads(claims)
    except (ValueError, binascii.Error):
        return None
    return header, claims


def cursor_text(text: str) -> str | None:
    """What a pagination cursor says (`r=1&p=…`), or None if it is none."""
    try:
        plain = base64.b64decode(text.replace("%3D", "="), validate=True).decode("ascii")
    except (ValueError, binascii.Error):
        return None
    return plain if "=" in plain else None
