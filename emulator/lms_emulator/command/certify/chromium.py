"""The visitor that drives Chromium through Playwright (an optional extra)."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any

from lms_emulator.client.browsers import chromium
from lms_emulator.command.certify.visitors import Landing, Visitor
from lms_emulator.core.clock import monotonic
from lms_emulator.core.http.cookie_policies import Policy
from lms_emulator.lti.seats import Person

QUIET_MS = 350
SETTLED_SECONDS = 8.0
"""How long a frame may lead nowhere before that is taken for its end."""


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
        self._seen: list[Any] = []
        self._unanswered: list[Any] = []

    def open(self, page: str, person: Person) -> Landing:
        if self.tab is not None:
            self.tab.close()
        if person != self._person:
            self._context.clear_cookies()
            self._person = person
        tab = self.tab = self._context.new_page()
        tab.set_default_timeout(self.patience * 1000)
        self._seen, self._unanswered = [], []
        tab.on("response", self._note)
        tab.on("requestfailed", self._note_failure)
        tab.goto(page)
        if tab.locator("input[type=password]").count():
            form = tab.locator("form:has(input[type=password])").first
            form.locator("input[type=text], input[type=email], input:not([type])").first.fill(person.login)
            form.locator("input[type=password]").first.fill(person.password)
            form.locator("[type=submit], button").first.click()
        return self._settled(tab)

    def _note(self, answer: Any) -> None:
        if answer.request.is_navigation_request() and _is_the_tools(answer.frame):
            self._seen.append(answer)

    def _note_failure(self, request: Any) -> None:
        if request.is_navigation_request() and _is_the_tools(request.frame):
            self._unanswered.append(request)

    def _settled(self, tab: Any) -> Landing:
        """Wait until the tool's frame has stopped navigating."""
        seen = self._seen
        end = monotonic() + min(self.patience, SETTLED_SECONDS)
        quiet = 0
        while monotonic() < end and quiet < 2:
            before = len(seen)
            tab.wait_for_timeout(QUIET_MS)
            quiet = quiet + 1 if len(seen) == before and (self._unanswered or any(map(_is_launch, self._sent))) else 0
        posted = next(filter(_is_launch, self._sent), None)
        frame = next((one for one in tab.frames if _is_the_tools(one)), None)
        last = next((one for one in reversed(seen) if not 300 <= one.status < 400), None)
        text = str(frame.evaluate("document.body ? document.body.innerText : ''")) if frame is not None else ""
        sent = (posted.url, dict(posted.post_data_json or {})) if posted is not None else None
        if self._unanswered:
            failed = self._unanswered[-1]
            return Landing(0, failed.url, "", sent, f"no answer: {failed.failure}")
        if last is None:
            return Landing(0, tab.url, text, sent, "the frame stayed empty")
        return Landing(last.status, last.url, " ".join(text.split()), sent)

    @property
    def _sent(self) -> list[Any]:
        """The requests that the frame made, answered or not."""
        return [*(one.request for one in self._seen), *self._unanswered]

    def post_again(self, landing: Landing) -> Landing:
        assert landing.posted is not None
        action, fields = landing.posted
        tab = self.tab
        self._seen, self._unanswered = [], []
        frame = next(one for one in tab.frames if _is_the_tools(one))
        frame.evaluate(
            """([action, fields]) => {
              const form = document.createElement("form");
              Object.assign(form, {method: "post", action});
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
    return "id_token" in (request.post_data or "")


def _is_the_tools(frame: Any) -> bool:
    """Whether a frame is the one in which the page opens the tool."""
    above = frame.parent_frame
    return above is not None and above.parent_frame is None and frame.name != "post_message_forwarding"
