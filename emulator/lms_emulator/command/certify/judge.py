"""Runs the trials at each platform, and compares what a tool did with what it has to do."""

from __future__ import annotations

import json
import re
from base64 import urlsafe_b64decode
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Literal, NamedTuple, TypeAlias

from lms_emulator.client import browsers
from lms_emulator.client.emulator import Emulator
from lms_emulator.command.certify import chromium
from lms_emulator.command.certify.trials import SLOW_MS, Programme, Trial, programme
from lms_emulator.command.certify.visitors import PATIENCE, HttpVisitor, Landing, Visitor, host_of
from lms_emulator.core.clock import monotonic
from lms_emulator.core.http.cookie_policies import Policy
from lms_emulator.lti.seats import Seat, SignedSeat, Site, ToolAddresses
from lms_emulator.providers import PROVIDERS

Outcome = Literal["passed", "failed", "warned", "skipped", "cut"]
Browser = Literal["auto", "always", "never"]
ALIKE = 0.5
"""How many of their words two pages share, at least, of all that they have: below, they say different things."""
BUDGET = 300.0
"""How many seconds a judgement may take, unless somebody says otherwise."""
NOTHING_TO_COMPARE = "the plain launch was not taken, so there is nothing to compare with"
AnySeat: TypeAlias = Seat | SignedSeat
IMPATIENT, TIMES_SLOWER = 6.0, 20
"""A tool that answered the plain launch in one second hangs after 20; in no time, after six seconds: some libraries ask
three times for keys that they do not get."""


class Verdict(NamedTuple):
    """The outcome of one trial. `did` and `should` are sentences."""

    platform: str
    trial: Trial
    outcome: Outcome
    did: str
    should: str
    visitor: str
    seconds: float


@dataclass(kw_only=True)
class Judge:
    """Judges one tool.

    Parameters:
        lms: the emulator whose platforms open the tool.
        tool: its addresses, as a world file would give them.
        browser: `auto` uses Chromium where it is installed and plain HTTP is not enough.
        expect: text that the tool shows after an accepted launch; without it, pages are compared.
        only: the names of the trials to run; empty for all. The plain launch always runs.
        report: called with each verdict.
        patience: how many seconds a launch may take, at most.
        budget: how many seconds the whole run may take; trials that no longer fit are skipped.
        together: whether the platforms launch the tool concurrently.
    """

    lms: Emulator
    tool: ToolAddresses
    browser: Browser = "auto"
    expect: str = ""
    only: Collection[str] = ()
    report: Callable[[Verdict], None] = field(default=lambda verdict: None)
    patience: float = PATIENCE
    budget: float = BUDGET
    together: bool = False
    _plain: dict[str, Landing | None] = field(default_factory=dict)
    _silent: set[str] = field(default_factory=set)
    _end: float = 0.0

    @property
    def programme(self) -> Programme:
        """What is tried: with LTI 1.1 if the tool has a consumer key."""
        return programme(signed=bool(self.tool.consumer_key))

    def run(self, platforms: Sequence[str] = ()) -> list[Verdict]:
        """Run all trials at these platforms (by default, every platform). Restores the emulator's world."""
        self._end = monotonic() + self.budget
        with self.lms.restored():
            seats = self.seats(platforms or seated())
            known = self.lms.settings.all()
            self.lms.settings["emulator.third_party_cookies"] = "any"
            for name in seats:
                if f"{name}.launch_in" in known:
                    self.lms.settings[f"{name}.launch_in"] = "frame"
            with ThreadPoolExecutor(len(seats) if self.together else 1) as pool:
                found = pool.map(lambda name: self._told(self._at(name, *seats[name])), seats)
                verdicts = [verdict for those in found for verdict in those]
            verdicts += self._told(self._about_cookies(seats))
        return sorted(verdicts, key=lambda verdict: list(seats).index(verdict.platform))

    def _told(self, verdicts: Iterator[Verdict]) -> list[Verdict]:
        found = []
        for verdict in verdicts:
            self.report(verdict)
            found.append(verdict)
        return found

    def count(self, platforms: Sequence[str] = ()) -> int:
        """How many verdicts there will be."""
        tried = self.programme
        return len(platforms or seated()) * (1 + len([*self._wanted(tried.further), *self._wanted(tried.cookies)]))

    def _about_cookies(self, seats: Mapping[str, tuple[Site, AnySeat]]) -> Iterator[Verdict]:
        for trial in self._wanted(self.programme.cookies):
            chosen = self.browser != "never" and browsers.found() is not None
            with self._visitor(trial.policy, browser=chosen) as visitor:
                for name, (site, seat) in seats.items():
                    yield self._cut(name, trial, visitor) or self._cookies(visitor, name, site, seat, trial)

    def _cut(self, name: str, trial: Trial, visitor: Visitor) -> Verdict | None:
        """The verdict on a trial for which no time is left; None while there is time."""
        if monotonic() < self._end:
            return None
        why = f"was not tried: the {self.budget:g} seconds for all trials are over"
        return Verdict(name, trial, "cut", why, _should(trial), visitor.name, 0.0)

    def _wanted(self, tried: Iterable[Trial]) -> list[Trial]:
        return [trial for trial in tried if not self.only or trial.name in self.only]

    def seats(self, platforms: Sequence[str]) -> dict[str, tuple[Site, Any]]:
        """The tool's registrations, created in the world where missing: each a `Seat`, or a `SignedSeat`."""
        kind = "signed_seat" if self.tool.consumer_key else "seat"
        dump = json.loads(json.dumps(self.lms.dump(), default=str))
        before = json.dumps(dump)
        found = {}
        for name in platforms:
            site = self.site(name)
            seat = getattr(import_module(f"lms_emulator.providers.{name}.lti.seat"), kind)
            found[name] = (site, seat(dump[name], site, self.tool))
        if json.dumps(dump) != before:
            self.lms.load(dump)
        return found

    def site(self, name: str) -> Site:
        """A platform's address under its own host name, so that browsers see the tool as a different site."""
        info = getattr(self.lms, name)
        return Site(info.base_urls.get("host") or info.url, info.url, info)

    def _at(self, name: str, site: Site, seat: AnySeat) -> Iterator[Verdict]:
        handle = getattr(getattr(self.lms, name), self.programme.handle)
        with self._visitor("lax") as visitor:
            plain, seconds = self._opened(visitor, site, seat)
            by_http = self.browser == "auto" and isinstance(visitor, HttpVisitor)
            needs = by_http and bool(plain.status) and not self._arrived(plain)
            if not needs:
                yield self._plainly(visitor, name, plain, seconds)
                yield from self._with(visitor, name, site, seat, handle)
        if needs:
            with self._visitor("lax", browser=browsers.found() is not None) as visitor:
                plain, seconds = self._opened(visitor, site, seat)
                yield self._plainly(visitor, name, plain, seconds)
                yield from self._with(visitor, name, site, seat, handle)

    def _opened(self, visitor: Visitor, site: Site, seat: AnySeat) -> tuple[Landing, float]:
        begun = monotonic()
        return visitor.open(site.url + seat.opened, seat.student), monotonic() - begun

    def _plainly(self, visitor: Visitor, name: str, plain: Landing, seconds: float) -> Verdict:
        self._plain[name] = plain if self._arrived(plain) else None
        if not plain.status:
            self._silent.add(name)
        visitor.patience = min(self.patience, max(IMPATIENT, TIMES_SLOWER * seconds))
        return self._verdict(name, self.programme.plain, plain, visitor, seconds)

    def _with(self, visitor: Visitor, name: str, site: Site, seat: AnySeat, handle: Any) -> Iterator[Verdict]:
        for trial in self._wanted(self.programme.further):
            if self._plain[name] is None:
                yield Verdict(name, trial, "skipped", NOTHING_TO_COMPARE, _should(trial), visitor.name, 0.0)
                continue
            if cut := self._cut(name, trial, visitor):
                yield cut
                continue
            begun = monotonic()
            landing = self._try(visitor, site, seat, handle, trial)
            yield self._verdict(name, trial, landing, visitor, monotonic() - begun)

    def _try(self, visitor: Visitor, site: Site, seat: AnySeat, handle: Any, trial: Trial) -> Landing:
        page = site.url + (seat.chosen if trial.act == "choose" and isinstance(seat, Seat) else seat.opened)
        person = seat.teacher if trial.teacher else seat.student
        if trial.wrong is not None:
            handle.arm(trial.wrong)
        if trial.act in ("rotate keys", "keys down"):
            handle.rotate_keys()
        if trial.act == "keys slow":
            handle.fail_key_set(delay_ms=SLOW_MS)
        elif trial.act == "keys down":
            handle.rotate_keys()
            handle.fail_key_set(status=503)
        try:
            landing = visitor.open(page, person)
            return visitor.post_again(landing) if trial.act == "post twice" and landing.posted else landing
        finally:
            handle.disarm()
            if "key" in trial.act:
                handle.publish_keys()

    def _cookies(self, visitor: Visitor, name: str, site: Site, seat: AnySeat, trial: Trial) -> Verdict:
        begun = monotonic()
        if name in self._silent:
            why = "the tool did not answer the plain launch"
            return Verdict(name, trial, "skipped", why, _should(trial), visitor.name, 0.0)
        landing = visitor.open(site.url + seat.opened, seat.student)
        if landing.posted is None and "needs a browser" in landing.note:
            return Verdict(name, trial, "skipped", landing.note, _should(trial), visitor.name, monotonic() - begun)
        return self._verdict(name, trial, landing, visitor, monotonic() - begun)

    @contextmanager
    def _visitor(self, policy: Policy, *, browser: bool | None = None) -> Iterator[Visitor]:
        executable = browsers.found() if browser or self.browser == "always" else None
        visitor: Visitor = chromium.ChromiumVisitor(policy, executable) if executable else HttpVisitor(policy)
        visitor.patience = self.patience
        try:
            yield visitor
        finally:
            visitor.close()

    def _arrived(self, landing: Landing) -> bool:
        return landing.posted is not None and 200 <= landing.status < 400 and self._expected(landing)

    def _expected(self, landing: Landing) -> bool:
        return not self.expect or re.search(self.expect, landing.text) is not None

    def _taken(self, name: str, trial: Trial, landing: Landing) -> bool:
        """Whether the tool accepted a launch."""
        if trial.act == "choose":
            return landing.posted is not None and 200 <= landing.status < 400
        if not self._arrived(landing):
            return False
        plain = self._plain.get(name)
        return bool(self.expect) or plain is None or alike(landing, plain)

    def _verdict(self, name: str, trial: Trial, landing: Landing, visitor: Visitor, seconds: float) -> Verdict:
        taken = self._taken(name, trial, landing)
        wanted = trial.duty.endswith("accept")
        outcome: Outcome = "passed"
        if not taken and not landing.status:
            outcome = "failed"
        elif not trial.duty.startswith("may") and taken is not wanted:
            outcome = "failed" if trial.duty.startswith("must") else "warned"
        elif not taken and landing.status >= 500 and trial.name != "lost":
            outcome = "warned"
        did = _printable(_did(landing, taken=taken))
        return Verdict(name, trial, outcome, did, _should(trial), visitor.name, seconds)


def seated() -> list[str]:
    """The platforms at which a tool can be registered."""
    return [name for name in PROVIDERS if find_spec(f"lms_emulator.providers.{name}.lti") and _has_seat(name)]


def _has_seat(name: str) -> bool:
    try:
        return find_spec(f"lms_emulator.providers.{name}.lti.seat") is not None
    except ModuleNotFoundError:
        return False


def alike(this: Landing, other: Landing) -> bool:
    """Whether two pages have the same text, apart from numbers and what the launch said about the person."""
    ours, theirs = (_words(landing.text) - _words(" ".join(_person(landing))) for landing in (this, other))
    return not (ours or theirs) or len(ours & theirs) >= ALIKE * len(ours | theirs)


def _words(text: str) -> set[str]:
    return {word for word in re.findall(r"\w+", text.lower()) if not any(char.isdigit() for char in word)}


def _person(landing: Landing) -> list[str]:
    """What the posted token or form says about the person, valid or not."""
    fields = landing.posted[1] if landing.posted is not None else {}
    if "id_token" not in fields:
        return [value for name, value in fields.items() if name == "user_id" or name.startswith("lis_person_")]
    part = fields["id_token"].split(".")[1:2]
    try:
        claims = json.loads(urlsafe_b64decode("".join(part) + "==") or b"{}")
    except ValueError:
        return []
    names = ("name", "given_name", "family_name", "email", "sub")
    return [str(claims[name]) for name in names if name in claims] if isinstance(claims, dict) else []


def _did(landing: Landing, *, taken: bool) -> str:
    where = f"{landing.status} at {host_of(landing.url)}" if landing.status else landing.url.partition("?")[0]
    if taken:
        return f"took the launch ({where})"
    if landing.posted is not None and not landing.status:
        return f"did not answer the launch ({where}: {landing.note})"
    if landing.posted is None:
        why = landing.note or landing.text[:120] or "the way ended before it"
        return f"was given no launch ({where}: {why})"
    if landing.status >= 500:
        return f"broke instead of refusing ({where}: {landing.text[:120]})"
    reason = landing.note or landing.text[:120]
    return f"refused the launch ({where}{': ' if reason else ''}{reason})"


def _printable(text: str) -> str:
    """A tool's output without control characters, which XML 1.0 forbids and terminals interpret."""
    return "".join(char if char.isprintable() else "\ufffd" for char in text)


def _should(trial: Trial) -> str:
    return f"a tool {trial.duty} it ({trial.section})"
