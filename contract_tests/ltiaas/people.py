"""A person's way through each emulated LMS, in a browser."""

from __future__ import annotations

from typing import Any

from contract_tests.ltiaas.support import Campus


class Canvas:
    """The emulated Canvas."""

    name = "canvas"

    def __init__(self, campus: Campus) -> None:
        self.info = campus.lms("canvas")
        self.url = campus.url("canvas")
        self.someone = self.info["student"]
        self.other = self.info["other_student"]
        self.teacher = self.info["teacher"]
        self.platform = campus.rig.info["platforms"]["canvas"]
        self.course = "Analytical Engines"

    def sign_in(self, tab: Any, person: dict[str, Any]) -> None:
        tab.locator("#pseudonym_session_unique_id").fill(person["login"])
        tab.get_by_label("Password", exact=True).fill(person["password"])
        tab.get_by_role("button", name="Log In").click()

    def sign_out(self, tab: Any) -> None:
        tab.goto(f"{self.url}/")
        tab.get_by_role("button", name="Log out").click()

    def open_course(self, tab: Any) -> None:
        tab.goto(f"{self.url}/courses/{self.info['course_id']}")

    def launch(self, tab: Any) -> None:
        tab.get_by_role("link", name="Demo tool", exact=True).click()

    def choose(self, tab: Any) -> None:
        tab.get_by_role("link", name="choose content from Demo tool").click()

    def allow(self, tab: Any) -> None:
        tab.get_by_role("button", name="Authorize").click()

    def deny(self, tab: Any) -> None:
        tab.get_by_role("link", name="Cancel").click()


class Brightspace:
    """The emulated Brightspace."""

    name = "brightspace"

    def __init__(self, campus: Campus) -> None:
        self.info = campus.lms("brightspace")
        self.url = campus.url("brightspace")
        self.someone = self.info["student"]
        self.other = self.info["other_student"]
        self.teacher = self.info["instructor"]
        self.platform = campus.rig.info["platforms"]["brightspace"]
        self.course = "Analytical Engines"

    def sign_in(self, tab: Any, person: dict[str, Any]) -> None:
        tab.get_by_label("Username").fill(person["username"])
        tab.get_by_label("Password").fill(person["password"])
        tab.get_by_role("button", name="Log In").click()

    def sign_out(self, tab: Any) -> None:
        tab.goto(f"{self.url}/d2l/home")
        tab.get_by_role("button", name="Log out").click()

    def open_course(self, tab: Any) -> None:
        tab.goto(f"{self.url}/d2l/home/{self.info['org_unit_id']}")

    def launch(self, tab: Any) -> None:
        tab.locator("main a[href*='/launch/']").first.click()

    def choose(self, tab: Any) -> None:
        tab.get_by_role("link", name="Choose content from").first.click()

    def allow(self, tab: Any) -> None:
        tab.get_by_role("button", name="Allow").click()

    def deny(self, tab: Any) -> None:
        tab.get_by_role("button", name="Deny").click()


LMSES: list[type[Any]] = [Canvas, Brightspace]
