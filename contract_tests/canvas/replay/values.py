"""Which parts of a text no two servers can share: ids of new rows, tokens, uuids, bookmarks, moments.

A text is cut into literals, which must agree to the byte, and values, which must agree in kind and must stand for the
same thing throughout a run. Each table of the recorded Canvas numbers its rows in a band of its own, from 1010001
upwards, so that a number names its row wherever it stands.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

ID = r"[1-3]\d{6}"
#: Ids of rows as they stand in a text, alone or inside a global id (which begins with the shard's 1000000).
ANY_ID = re.compile(rf"(?<![\d.])(1000000)?({ID})(?![\d.]\d|\d)")
#: GraphQL's ids: base64 of `Course-1800001`.
OPAQUE = re.compile(r"(?<![A-Za-z0-9+/_=-])([A-Za-z0-9+/_-]{12,}={0,2})(?![A-Za-z0-9+/_=-])")
GRAPHQL = re.compile(r"[A-Za-z:]+-\d+(?:-[A-Za-z\d-]+)?")
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)?")
JWT = re.compile(r"(eyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+)")

#: Kind and pattern; the first group is the value. The order matters: what an earlier pattern took is gone.
KINDS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("jwt", JWT),
    (
        "uuid",
        re.compile(r"(?<![0-9a-fA-F-])([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})(?![0-9a-fA-F-])"),
    ),
    (
        "hex",
        re.compile(
            r"(?<![0-9a-zA-Z])"
            r"([0-9a-f]{128}|[0-9a-f]{96}|[0-9a-f]{64}|[0-9a-f]{40}|[0-9a-f]{32}|(?<=-)[0-9a-f]{16}(?=-))"
            r"(?![0-9a-zA-Z])"
        ),
    ),
    (
        "token",
        re.compile(
            r"(?<![0-9a-zA-Z~])"
            r"(\d~[A-Za-z0-9]{64}|[A-Za-z0-9]{64}|(?=[A-Za-z]*(?:\d|[A-Z]{2}))[A-Za-z0-9]{40})"
            r"(?![0-9a-zA-Z])"
        ),
    ),
    ("bookmark", re.compile(r"(?<=page=bookmark:)([A-Za-z0-9_=%-]+)")),
    ("cursor", re.compile(r"(?<![A-Za-z0-9])(bookmark:[A-Za-z0-9+/_=-]{8,})")),
    ("stored name", re.compile(r"(?<!\d)(\d{10}_\d{1,4})(?=__)")),
    ("token hint", re.compile(r"^([A-Za-z0-9]{5})(?=\.\.\.$)")),
    ("answer", re.compile(r'(?<=option value=")(\d{1,5})(?=")')),
    ("anonymous id", re.compile(r"(?<=anonymous_id=)(\w{5})(?!\w)")),
    ("quota exemption", re.compile(r"(?<=quota_exemption=)([0-9a-f]{10})")),
    ("confirmation code", re.compile(r"(?<=/register/)([A-Za-z0-9]{16,40})")),
    ("temporary file", re.compile(r"(20\d{6}-\d{2,6}-[a-z0-9]{4,8})(?=\.)")),
    ("criterion", re.compile(r"(?:(?<![A-Za-z0-9])|(?<=\d{7}))(_\d{2,5})(?!\d)")),
    ("modulus", re.compile(r"(?<![A-Za-z0-9_-])([A-Za-z0-9_-]{342})(?![A-Za-z0-9_-])")),
    ("global id", re.compile(rf"(?<!\d)1000000({ID})(?!\d)")),
    ("id", re.compile(rf"(?<![\d.])({ID})(?![\d.]\d|\d)")),
)

#: How far one of our moments may lie from the recorded one: the clock is set to the recorded `Date`, in whole seconds.
TOLERANCE_SECONDS = 3.0


class Value(NamedTuple):
    """A value and its kind. Two values may stand for each other only when their kinds are equal."""

    kind: str
    text: str


def split(text: str) -> tuple[str, list[Value]]:
    """The literals of a text, with each value's kind in its place; and the values."""
    found: list[Value] = []

    def moment(match: re.Match[str]) -> str:
        found.append(Value("moment", match.group()))
        return "<moment>"

    text = MOMENT.sub(moment, decoded(text, lambda plain: f"<graphql {plain}>"))
    for kind, pattern in KINDS:
        text = pattern.sub(_taker(kind, found), text)
    return text, found


def _taker(kind: str, found: list[Value]) -> Callable[[re.Match[str]], str]:
    def take(match: re.Match[str]) -> str:
        found.append(Value(kind, match.group(1)))
        before = match.group()[: match.start(1) - match.start()]
        return f"{before}<{kind}>{match.group()[match.end(1) - match.start() :]}"

    return take


def decoded(text: str, write: Callable[[str], str]) -> str:
    """A text with each GraphQL id in it replaced by the result of `write` for its plain form."""

    def replace(match: re.Match[str]) -> str:
        plain = graphql_id(match.group(1))
        return match.group() if plain is None else write(plain)

    return OPAQUE.sub(replace, text)


def graphql_id(text: str) -> str | None:
    """The plain form of a GraphQL id (`Course-1800001`), or None for other texts."""
    try:
        plain = base64.b64decode(text + "=" * (-len(text) % 4)).decode("ascii")
    except (ValueError, binascii.Error):
        return None
    return plain if GRAPHQL.fullmatch(plain) else None


def moments_agree(recorded: str, ours: str) -> bool:
    """Whether two moments are close, in the same time zone and written in the same way."""
    try:
        theirs, mine = datetime.fromisoformat(recorded), datetime.fromisoformat(ours)
    except ValueError:
        return False
    if theirs.utcoffset() != mine.utcoffset() or len(recorded) != len(ours):
        return False
    return abs((theirs - mine).total_seconds()) <= TOLERANCE_SECONDS
