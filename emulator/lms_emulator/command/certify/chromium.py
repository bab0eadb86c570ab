"""The visitor that drives Chromium through Playwright (an optional extra)."""

from __future__ import annotations

import re
from contextlib import ExitStack
from typing import Any
from urllib.parse import parse_qs

from lms_emulator.client.browsers import chromium
from lms_emulator.command.certify.visitors import Landing, Visitor, is_launch
from lms_emulator.core.clock import monotonic
from lms_emulator.core.http.cookie_policies import Policy
from lms_emulator.lti.seats import Person

LOOK_MS = 350
"""Pause between two looks at a page."""
SAME, LOOKS = 2, 23
"""Unchanged looks that end a launch which was answered and has loaded; looks after the last navigation that end any.

They are counted instead of timed, so that a browser that is short of processor time gets as many as a quick one.
"""
OWN_PAGES_SECONDS = 60.0
"""How long the platform's own pages may take, including the start of the browser."""
ENDLESS = ("eventsource", "media")
"""Requests that a page may leave open for good."""
IDLE = "() => new Promise(done => requestIdleCallback(() => done(true), {timeout: 1000}))"
"""Waits for queued scripts and window messages. All sites share one process, so a script of the tool's that does not
end stops all of it. Only calls that Playwright ends by itself are used then: waiting for a function, and texts.
"""
BUSY = "a script of the page does not end"


class ChromiumVisitor(Visitor):
    """Chromium, with a cookie policy.

    Attributes: `policy`, of its cookies; `tab`, the page that was opened last.
    """

    name = "Chromium"

    def __init__(self, policy: Policy, executable: str) -> None:
        self.policy = policy
        self._open = ExitStack()
        self._context = self._open.enter_context(chromium(policy, executable))
        self.tab: Any = None
        self._person: Person | None = None
        self._asked: list[Any] = []
        self._answers: dict[Any, Any] = {}
        self._loading: set[Any] = set()

    def open(self, page: str, person: Person) -> Landing:
        if self.tab is not None:
            self.tab.close()
        if person != self._person:
            self._context.clear_cookies()
            self._person = person
        tab = self.tab = self._context.new_page()
        tab.set_default_timeout(OWN_PAGES_SECONDS * 1000)
        self._forget()
        tab.on("request", self._note)
        tab.on("response", lambda answer: self._answers.update({answer.request: answer}))
        for ended in ("requestfinished", "requestfailed"):
            tab.on(ended, lambda request: self._loading.discard(request))
        tab.goto(page, wait_until="domcontentloaded")
        if tab.url != page and tab.locator("input[type=password]").count():
            form = tab.locator("form:has(input[type=password])").first
            form.locator("input[type=text], input[type=email], input:not([type])").first.fill(person.login)
            form.locator("input[type=password]").first.fill(person.password)
            form.locator("[type=submit], button").first.click()
        return self._settled(tab)

    def _forget(self) -> None:
        self._asked.clear()
        self._answers.clear()
        self._loading.clear()

    def _note(self, request: Any) -> None:
        if request.resource_type not in ENDLESS:
            self._loading.add(request)
        if request.is_navigation_request():
            self._asked.append(request)

    def _settled(self, tab: Any) -> Landing:
        """Wait until the tool's frame has stopped navigating, loading and changing its text."""
        end = monotonic() + self.patience
        before: tuple[Any, ...] = ()
        state, text, same, looks = "", "", 0, 0
        while monotonic() < end and looks < LOOKS:
            tab.wait_for_timeout(LOOK_MS)
            way = self._way
            state, text = _look(tab, end)
            if state == BUSY:
                break
            now = len(way), state, re.sub(r"\d", "", text)
            same, looks = (same + 1 if now == before else 0), (looks + 1 if now[:1] == before[:1] else 0)
            before = now
            if way and way[-1] in self._loading and way[-1] not in self._answers:
                looks = 0
            elif same >= SAME and way and (way[-1].failure or self._complete(way, state)):
                break
        return self._landing(tab, text, busy=state == BUSY)

    def _complete(self, way: list[Any], state: str) -> bool:
        return state == "load" and not self._loading and any(map(_is_launch, way))

    def _landing(self, tab: Any, text: str, *, busy: bool) -> Landing:
        way = self._way
        posted = next(filter(_is_launch, way), None)
        sent = (posted.url, dict(posted.post_data_json or {})) if posted is not None else None
        if not way:
            return Landing(0, tab.url, text, sent, "the frame stayed empty")
        last = way[-1]
        answer = self._answers.get(last)
        if answer is None:
            return Landing(0, last.url, "", sent, f"no answer: {last.failure}" if last.failure else "no answer in time")
        return Landing(0, last.url, "", sent, BUSY) if busy else Landing(answer.status, last.url, text, sent)

    @property
    def _way(self) -> list[Any]:
        """The frame's navigation requests, in order. Playwright learns a frame's name when it commits a page."""
        return [request for request in self._asked if _is_the_tools(request.frame)]

    def post_again(self, landing: Landing) -> Landing:
        assert landing.posted is not None
        action, fields = landing.posted
        tab = self.tab
        self._forget()
        if not _idle(tab, self.patience):
            return Landing(0, action, "", landing.posted, BUSY)
        frame = next(value for value in tab.frames if _is_the_tools(value))
        frame.frame_element().evaluate(
            """(frame, [action, fields]) => {
              frame.name ||= "tool";
              const form = document.createElement("form");
              Object.assign(form, {method: "post", action, target: frame.name});
              for (const [name, value] of Object.entries(fields)) {
                const input = document.createElement("input");
                Object.assign(input, {type: "hidden", name, value});
                form.append(input);
              }
              document.body.append(form);
              form.submit();
            }""",
            [action, fields],
        )
        return self._settled(tab)

    def close(self) -> None:
        self._open.close()


def _is_launch(request: Any) -> bool:
    return is_launch(parse_qs(request.post_data or "", keep_blank_values=True))


def _is_the_tools(frame: Any) -> bool:
    """Whether a frame is the one in which the page opens the tool."""
    above = frame.parent_frame
    outer = above is not None and above.parent_frame is None and not frame.is_detached()
    return outer and frame.name not in ("post_message_forwarding", "lms_emulator_cookies")


def _idle(tab: Any, seconds: float) -> bool:
    """Wait until the browser is idle. Returns whether it became so in time."""
    from playwright.sync_api import Error, TimeoutError

    try:
        tab.wait_for_function(IDLE, timeout=max(seconds, 1) * 1000)
    except TimeoutError:
        return False
    except Error:
        return True  # the page leads on
    return True


def _look(tab: Any, end: float) -> tuple[str, str]:
    """How far the tool's frame has loaded, and its text, read while the browser is idle; BUSY for a browser that is
    not idle until the end.
    """
    from playwright.sync_api import Error, TimeoutError

    if not _idle(tab, end - monotonic()):
        return BUSY, ""
    frame = next(filter(_is_the_tools, tab.frames), None)
    if frame is None:
        return "", ""
    try:
        frame.wait_for_load_state("load", timeout=1)
        text = frame.locator(":root").inner_text(timeout=max(end - monotonic(), 1) * 1000)
    except TimeoutError:
        return "loading", ""
    except Error as error:
        return ("load" if "not an HTMLElement" in str(error) else "leading on"), ""
    return "load", " ".join(text.split())
