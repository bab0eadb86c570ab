"""What is tried at each platform, and what a tool must do."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Literal, NamedTuple, TypeAlias

from msgspec import convert

from lms_emulator.core.http.cookie_policies import Policy
from lms_emulator.lti.misbehaviour import NextLaunch, misbehaviours
from lms_emulator.lti.signed_misbehaviour import GUIDE, NextSignedLaunch

Duty = Literal["must accept", "should accept", "may refuse", "should refuse", "must refuse"]
Act = Literal["launch", "choose", "post twice", "rotate keys", "keys slow", "keys down"]
"""What is done beside opening the tool."""
Wrong: TypeAlias = NextLaunch | NextSignedLaunch
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
    wrong: Wrong | None = None
    act: Act = "launch"
    policy: Policy = "lax"
    teacher: bool = False


class Programme(NamedTuple):
    """What is tried with tools of one version of LTI.

    Attributes:
        plain: the launch to which all others are compared.
        further: what follows at each platform, in order.
        cookies: under each policy.
        handle: of a platform's Python handle, what makes its launches go wrong.
    """

    plain: Trial
    further: list[Trial]
    cookies: list[Trial]
    handle: str

    @property
    def names(self) -> list[str]:
        """Of all trials."""
        return [trial.name for trial in (self.plain, *self.further, *self.cookies)]


_PLAIN = Trial("launch", "A student opens the tool.", "must accept", "1EdTech LTI Core 1.3, 4.3")

_FURTHER = (
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

_COOKIES = (
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

_NOT_TRIED = ("exactly", "claims", "fields", "missing", "slow_ms", "lost")


def _wrong_launches(kind: type[Wrong]) -> Iterator[Trial]:
    """A trial for each misbehaviour that is only switched on."""
    for name, row in misbehaviours(kind).items():
        if name not in _NOT_TRIED:
            yield Trial(name, row.what, row.rule.duty, row.rule.section, convert({name: True}, kind))


def _slow_and_lost() -> Iterator[Trial]:
    for name, wrong in (("slow", NextLaunch(slow_ms=SLOW_MS)), ("lost", NextLaunch(lost=True))):
        row = misbehaviours()["slow_ms" if name == "slow" else name]
        yield Trial(name, row.what, row.rule.duty, row.rule.section, wrong)


@cache
def programme(*, signed: bool = False) -> Programme:
    """What is tried. Parameters: `signed`, with LTI 1.1, where a form that is posted twice is a misbehaviour."""
    if signed:
        plain, teacher = (trial._replace(section=f"{GUIDE}, 3") for trial in (_PLAIN, _FURTHER[0]))
        cookies = [*_COOKIES[:2], _COOKIES[2]._replace(section="RFC 6265, 7.1")]
        return Programme(plain, [teacher, *_wrong_launches(NextSignedLaunch)], cookies, "lti11")
    further = [*_FURTHER[:3], *_wrong_launches(NextLaunch), *_slow_and_lost(), *_FURTHER[3:]]
    return Programme(_PLAIN, further, list(_COOKIES), "lti")
