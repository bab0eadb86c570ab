"""What is tried at each platform, and what a tool must do."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, NamedTuple

from msgspec import convert

from lms_emulator.core.http.cookie_policies import Policy
from lms_emulator.lti.misbehaviour import NextLaunch, misbehaviours

Duty = Literal["must accept", "should accept", "may refuse", "should refuse", "must refuse"]
Act = Literal["launch", "choose", "post twice", "rotate keys", "keys slow", "keys down"]
"""What is done beside opening the tool."""
SLOW_MS = 300
KEYS = "OpenID Connect Core 1.0, 10.1.1"
STORAGE = "1EdTech LTI OIDC Login with LTI Client Side postMessages 1.0"


class Trial(NamedTuple):
    """One thing that is tried.

    Attributes:
        name: short, unique at a platform.
        what: what the platform or the browser does, as a sentence.
        duty, section: what the tool must do, and the section that requires it.
        wrong: what is wrong with the launch.
        policy: of the browser's cookies.
        teacher: whether a teacher opens the tool.
    """

    name: str
    what: str
    duty: Duty
    section: str
    wrong: NextLaunch | None = None
    act: Act = "launch"
    policy: Policy = "lax"
    teacher: bool = False


PLAIN = Trial("launch", "A student opens the tool.", "must accept", "1EdTech LTI Core 1.3, 4.3")
"""The launch to which all others are compared."""

FURTHER = (
    Trial("launch_of_a_teacher", "A teacher opens the tool.", "must accept", "1EdTech LTI Core 1.3, 4.3", teacher=True),
    Trial(
        "deep_linking",
        "A teacher opens the tool to choose content.",
        "may refuse",
        "1EdTech Deep Linking 2.0, 3",
        act="choose",
        teacher=True,
    ),
    Trial(
        "posted_twice",
        "The browser posts the launch to the tool a second time, as after a reload.",
        "should refuse",
        "1EdTech Security Framework 1.0, 5.1.3 (9)",
        act="post twice",
    ),
    Trial("keys_rotated", "The platform signs with its next key.", "must accept", KEYS, act="rotate keys"),
    Trial("keys_slow", "The platform's key set takes its time.", "must accept", KEYS, act="keys slow"),
    Trial(
        "keys_down",
        "The platform signs with a new key, while its key set answers 503.",
        "must refuse",
        "1EdTech Security Framework 1.0, 5.1.3 (1)",
        act="keys down",
    ),
)

COOKIES = (
    Trial(
        "cookies_allowed",
        "The browser keeps cookies in frames of other sites, as Firefox did.",
        "must accept",
        "RFC 6265, 5.4",
        policy="allow",
    ),
    Trial(
        "cookies_lax",
        "The browser keeps only cookies with `SameSite=None; Secure` in frames, as Chromium does.",
        "must accept",
        "draft-ietf-httpbis-rfc6265bis, 5.6.7",
        policy="lax",
    ),
    Trial(
        "cookies_blocked",
        "The browser keeps no cookies in frames of other sites, as Safari does.",
        "should accept",
        STORAGE,
        policy="block",
    ),
)

_NOT_TRIED = ("exactly", "claims", "missing", "slow_ms", "lost")


def wrong_launches() -> Iterator[Trial]:
    """A trial for each misbehaviour."""
    for name, row in misbehaviours().items():
        if name not in _NOT_TRIED:
            yield Trial(name, row.what, row.rule.duty, row.rule.section, convert({name: True}, NextLaunch))
    slow = misbehaviours()["slow_ms"]
    yield Trial("slow", slow.what, slow.rule.duty, slow.rule.section, NextLaunch(slow_ms=SLOW_MS))
    lost = misbehaviours()["lost"]
    yield Trial("lost", lost.what, lost.rule.duty, lost.rule.section, NextLaunch(lost=True))


def trials() -> list[Trial]:
    """All trials at each platform except the plain launch, in order."""
    return [*FURTHER[:3], *wrong_launches(), *FURTHER[3:]]
