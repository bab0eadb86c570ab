"""Open edX as a platform of LTI 1.3, by its consumer component: what a tool in a block can rely on."""

from __future__ import annotations

from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule

from ..http import Browser
from ..targets import ConsumerOracle
from .base import PICK, expect_granted, pick
from .tool import ToolRules


class ConsumerMachine(ToolRules):
    """The component checks the expiry of an assertion, and its signature with any of the tool's keys, ignoring `kid`;
    and a launch belongs to whoever began it."""

    ATTACKS: ClassVar = {
        "tamper": "launch_forged assertions_forged choose_content use_a_service_token",
        "truncate": "launch_forged assertions_forged use_a_service_token",
        "replay": "launch_forged assertions_forged",
        "reuse": "(an assertion is taken again; `assertions_forged` holds that)",
        "swap key": "assertions_forged choose_content",
        "swap tenant": "(a world has one site)",
        "swap user": "log_in_wrongly use_a_service_token",
        "algorithm `none`": "launch_forged assertions_forged use_a_service_token choose_content",
        "HS256 with the public key": "launch_forged assertions_forged",
        "strip a parameter": "log_in_wrongly assertions_forged",
        "a parameter twice": "(the contract `openedx` sends them)",
        "a second late": "wait_for_an_expiry assertions_forged launch_forged",
        "in the last second": "wait_for_an_expiry assertions_forged",
    }
    provider = "openedx"
    NEEDS = "lti_block learner.lti_id other_learner.lti_id staff.lti_id access_tokens.learner access_tokens.superuser"
    PEOPLE = ("learner", "other_learner", "staff")
    AHEAD = 0
    HINT_DECIDES = frozenset({"user", "browser", "hint of another"})
    UNCHECKED = frozenset({"audience", "issuer", "subject", "sender", "too old", "no jti", "unknown kid", "twice"})

    @initialize()
    def begin(self) -> None:
        self.port: Any = self.bench.port(self.provider)
        self.wire: Any = self.bench.wire(self.provider)
        self.sit_down()
        if self.seated and not isinstance(self.bench.target, ConsumerOracle):
            course = self.facts["lti_block"].replace("block-v1:", "course-v1:").partition("+type@")[0]
            token = self.facts["access_tokens"]["superuser"]
            for person in self.PEOPLE[1:]:
                expect_granted(self.wire.enroll(token, self.facts[person]["username"], course, True))

    def new_browser(self, person: str) -> Browser:
        if isinstance(self.bench.target, ConsumerOracle):
            return self.bench.target.sign_in(person)
        known = self.facts[person]
        browser: Browser = expect_granted(self.wire.sign_in(known["email"], known["password"]))
        return browser

    def token_of_a_person(self) -> str:
        found: str = self.facts["access_tokens"]["learner"]
        return found

    @rule()
    def the_keys_are_published(self) -> None:
        """Anybody can read the keys that sign launches, even at a site without a tool."""
        answer = self.bench.target.http.send("GET", self.bench.target.base(self.provider) + self.wire.TOOL_KEYS)
        assert answer.status == 200, answer.text
        assert all("d" not in key for key in answer.json()["keys"])

    @precondition(lambda self: self.bench.target.has_clock)
    @rule(seconds=st.sampled_from([1, 599, 3599, 3600]))
    def wait(self, seconds: int) -> None:
        self.move(seconds)

    @precondition(lambda self: self.bench.target.has_clock and self.service)
    @rule(number=PICK, offset=st.sampled_from([-1, 0, 1]))
    def wait_for_an_expiry(self, number: int, offset: int) -> None:
        self.move_to(pick([expires for _, _, expires in self.service], number), offset)
