"""A headless Chromium posts launches as an application's page would, and sees what a person sees."""

from __future__ import annotations

from html import escape
from typing import Any

import pytest

from contract_tests.chromium import IN_A_BROWSER, shot
from contract_tests.openlearning.site import Site

pytestmark = [*IN_A_BROWSER, pytest.mark.slow]


def open_course(tab: Any, data: dict[str, Any], changes: str = "") -> None:
    """The application's page: a form with the launch and a button, on another site than OpenLearning."""
    inputs = "".join(
        f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">' for name, value in data["params"].items()
    )
    page = (
        f'<!doctype html><meta charset="utf-8"><form method="{data["method"]}" action="{data["url"]}">'
        f"{inputs}{changes}<button>Start</button></form>"
    )
    tab.route("http://app.example/", lambda route: route.fulfill(body=page, content_type="text/html; charset=utf-8"))
    tab.goto("http://app.example/")
    tab.unroute("http://app.example/")
    tab.get_by_role("button", name="Start").click()


NAMES = ["Zoë O'Neil & Co", "李小龍 \U0001f409", "a+b=c%20d;e", "<b>&amp;</b>", "  spaces  inside  "]


@pytest.mark.parametrize("name", NAMES)
def test_a_person_arrives_signed_in_on_the_class_page(site: Site, tab: Any, name: str) -> None:
    user_id = site.provision(full_name=name).json()["data"]["id"]
    open_course(tab, site.launch_data(user_id))
    tab.wait_for_url("**/lakeside/courses/analytical-engines/?cl=*")
    assert tab.locator("#signed-in-as").inner_text() == " ".join(name.split())
    assert tab.get_by_role("heading", name="Analytical Engines").is_visible()
    assert tab.locator("#class-title").inner_text() == "Class of 2020"
    shot(tab, "openlearning-class")
    assert not site.lms.requests.refused
    launches = site.lms.requests.find(path="/lti/launch/")
    assert [launch.warnings for launch in launches] == [[]]

    tab.get_by_role("link", name="Lakeside College").click()
    assert tab.get_by_role("heading", name="Lakeside College").is_visible()
    shot(tab, "openlearning-portal")
    tab.get_by_role("button", name="Sign out").click()
    tab.get_by_role("heading", name="Signed out").wait_for()
    assert "Not signed in" in tab.content()


def test_going_back_and_starting_again_is_a_replay(site: Site, tab: Any) -> None:
    data = site.launch_data()
    open_course(tab, data)
    tab.wait_for_url("**/lakeside/courses/**")
    open_course(tab, data)
    tab.get_by_role("heading", name="This link has been used before.").wait_for()
    shot(tab, "openlearning-replayed")
    assert site.lms.requests.refused[0].refusal.reason == "launch_replayed"


def test_a_page_left_open_expires(site: Site, tab: Any) -> None:
    data = site.launch_data()
    site.lms.clock.advance(minutes=6)
    open_course(tab, data)
    tab.get_by_role("heading", name="This link has expired.").wait_for()


def test_a_named_button_is_a_field_too_many(site: Site, tab: Any) -> None:
    open_course(tab, site.launch_data(), '<input type="hidden" name="ext_submit" value="Start">')
    tab.get_by_role("heading", name="The signature of the launch is not valid.").wait_for()
    assert "ext_submit was added" in site.lms.requests.refused[0].refusal.diagnosis


def test_line_ends_are_changed_by_the_browser_and_named(site: Site, tab: Any) -> None:
    """A form sends every line end as CR LF: what was signed with LF no longer verifies, here as on the real site."""
    data = site.signed(custom_note="two\nlines")
    open_course(tab, data)
    tab.get_by_role("heading", name="The signature of the launch is not valid.").wait_for()
    assert "CR LF" in site.lms.requests.refused[0].refusal.diagnosis


def test_staff_set_a_class_up(site: Site, tab: Any) -> None:
    data = site.launch_data(
        site.info.staff_user.id, context_id="moodle-9", context_title="Nine & Co", roles="Instructor"
    )
    open_course(tab, data)
    tab.get_by_role("heading", name="Set up this class").wait_for()
    shot(tab, "openlearning-setup")
    tab.get_by_label("Class").select_option(label="Analytical Engines: Evening Class")
    tab.get_by_role("button", name="Use this class").click()
    tab.wait_for_url(f"**?cl={site.info.other_class_id}")
    assert "instructor" in tab.content()
    open_course(tab, site.launch_data(context_id="moodle-9"))
    tab.wait_for_url(f"**?cl={site.info.other_class_id}")
    assert tab.locator("#signed-in-as").inner_text() == "Ada Lovelace"


def test_staff_make_a_course(site: Site, tab: Any) -> None:
    data = site.launch_data(site.info.staff_user.id, context_id="moodle-10", context_title="Ten", roles="Instructor")
    open_course(tab, data)
    tab.get_by_label("Title").fill("Tenth Course")
    tab.get_by_role("button", name="Make the course").click()
    tab.get_by_role("heading", name="Tenth Course").wait_for()
