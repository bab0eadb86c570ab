"""A headless Chromium walks the whole way: LMS, LTIAAS, demo tool, Connect, and every way it can go wrong."""

from __future__ import annotations

from typing import Any

import pytest

from contract_tests.chromium import IN_A_BROWSER, shot
from contract_tests.ltiaas.people import LMSES
from contract_tests.ltiaas.support import Campus

pytestmark = [*IN_A_BROWSER, pytest.mark.slow]


@pytest.fixture(params=LMSES, ids=lambda kind: kind.name)
def lms(request: pytest.FixtureRequest, campus: Campus) -> Any:
    return request.param(campus)


def launched(tab: Any, lms: Any, campus: Campus) -> None:
    """From the course page into the tool, which is in a frame of the LMS's page."""
    lms.open_course(tab)
    lms.sign_in(tab, lms.someone)
    shot(tab, f"{lms.name}-1-course")
    lms.launch(tab)
    framed(tab).get_by_role("heading", name="Hello").wait_for()


def framed(tab: Any) -> Any:
    """The tool where it is: in a frame of the LMS's page, or alone."""
    return tab.frame_locator("#tool_content") if tab.locator("#tool_content").count() else tab


def heading(tab: Any) -> str:
    return str(framed(tab).get_by_role("heading", level=1).inner_text())


def message(tab: Any) -> str:
    return str(tab.locator("#message").get_attribute("data-kind"))


def connect(tab: Any, button: str = "Connect") -> None:
    framed(tab).get_by_role("button", name=button, exact=True).click()


def test_the_whole_flow(tab: Any, lms: Any, campus: Campus) -> None:
    launched(tab, lms, campus)
    shot(tab, f"{lms.name}-2-tool")
    assert heading(tab).startswith("Hello")
    assert framed(tab).locator("#user-name").inner_text() == lms.someone["name"]
    assert framed(tab).locator("#platform-id").inner_text() == lms.platform
    lms.sign_out(tab)  # so that the LMS asks who this is
    tab.goto(f"{campus.tool}/")
    connect(tab)
    shot(tab, f"{lms.name}-3-login")
    lms.sign_in(tab, lms.someone)
    shot(tab, f"{lms.name}-4-consent")
    lms.allow(tab)
    tab.wait_for_url(f"{campus.tool}/courses")
    shot(tab, f"{lms.name}-5-courses")
    assert heading(tab) == "Your courses"
    assert lms.course in tab.locator("#courses").inner_text()
    tab.reload()
    assert heading(tab) == "Your courses"


def test_still_signed_in_goes_straight_to_consent(tab: Any, lms: Any, campus: Campus) -> None:
    launched(tab, lms, campus)
    connect(tab)
    lms.allow(tab)
    tab.wait_for_url(f"{campus.tool}/courses")


def test_user_refuses(tab: Any, lms: Any, campus: Campus) -> None:
    launched(tab, lms, campus)
    connect(tab)
    lms.deny(tab)
    tab.wait_for_url(f"{campus.tool}/connected?error=access_denied**")
    shot(tab, f"{lms.name}-6-refused")
    assert message(tab) == "refused"
    assert heading(tab) == "You did not allow access"
    connect(tab, "Connect again")
    lms.allow(tab)
    tab.wait_for_url(f"{campus.tool}/courses")


def returned(tab: Any, lms: Any, campus: Campus) -> str:
    """Consent, but come back to a page that does nothing with the code; gives the return URL it should have been."""
    campus.rig.settings(oauth_return_url=f"{campus.tool}/held")
    connect(tab)
    lms.allow(tab)
    tab.wait_for_url(f"{campus.tool}/held?code=**")
    return str(tab.url).replace("/held?", "/connected?")


def test_reloaded_return_page(tab: Any, lms: Any, campus: Campus) -> None:
    launched(tab, lms, campus)
    url = returned(tab, lms, campus)
    tab.goto(url)
    tab.wait_for_url(f"{campus.tool}/courses")
    tab.goto(url)
    shot(tab, f"{lms.name}-7-reloaded")
    assert message(tab) == "code_dead"
    assert campus.rig.refusal["reason"] == "code_used"
    tab.get_by_role("link", name="Show my courses").click()
    assert heading(tab) == "Your courses"


def test_expired_code(tab: Any, lms: Any, campus: Campus) -> None:
    launched(tab, lms, campus)
    url = returned(tab, lms, campus)
    campus.rig.advance(601)
    tab.goto(url)
    assert message(tab) == "code_dead"
    assert campus.rig.refusal["reason"] == "code_expired"


def test_deactivated_platform(tab: Any, lms: Any, campus: Campus) -> None:
    launched(tab, lms, campus)
    campus.rig.api("POST", f"/api/platforms/{lms.platform}/deactivate")
    connect(tab)
    shot(tab, f"{lms.name}-8-deactivated")
    assert "UNREGISTERED_OR_INACTIVE_PLATFORM" in tab.content()
    lms.open_course(tab)
    lms.launch(tab)
    framed(tab).get_by_text("UNREGISTERED_OR_INACTIVE_PLATFORM").wait_for()


def test_plan_without_the_add_on(tab: Any, lms: Any, campus: Campus) -> None:
    launched(tab, lms, campus)
    world = campus.rig.control("GET", "/world")
    world["ltiaas"]["tenants"][0].setdefault("plan", {})["oauth2"] = False
    campus.rig.control("PUT", "/world", world)
    connect(tab)
    shot(tab, f"{lms.name}-9-add-on")
    assert tab.url == f"{campus.rig.url}/oauth/start/{lms.platform}"
    assert "INACTIVE_SERVICE" in tab.content()


def test_another_lms_user_consents(tab: Any, lms: Any, campus: Campus) -> None:
    launched(tab, lms, campus)
    lms.sign_out(tab)
    tab.goto(f"{campus.tool}/")
    connect(tab)
    lms.sign_in(tab, lms.other)
    lms.allow(tab)
    tab.wait_for_url(f"{campus.tool}/connected?code=**")
    shot(tab, f"{lms.name}-10-other-user")
    assert message(tab) == "other_user"
    assert tab.locator("#launch-user").inner_text() == lms.someone["name"]
    assert tab.locator("#lms-user").inner_text() == lms.other["name"]
    tab.goto(f"{campus.tool}/courses")
    assert tab.url == f"{campus.tool}/"  # nothing was kept


def test_return_url_in_a_browser_that_did_not_begin(chromium: Any, tab: Any, lms: Any, campus: Campus) -> None:
    launched(tab, lms, campus)
    url = returned(tab, lms, campus)
    context = chromium.new_context()
    other = context.new_page()
    other.goto(url)
    assert message(other) == "not_started_here"
    other.goto(f"{campus.tool}/")
    assert message(other) == "not_launched"
    other.goto(f"{campus.tool}/launch?ltik=old")
    assert message(other) == "launch_over"
    context.close()


def test_expired_access_token_is_refreshed(tab: Any, lms: Any, campus: Campus) -> None:
    launched(tab, lms, campus)
    connect(tab)
    lms.allow(tab)
    tab.wait_for_url(f"{campus.tool}/courses")
    for _ in range(2):  # the second time with a rotated refresh token, where the LMS rotates it
        campus.rig.advance(3601)
        tab.reload()
        assert heading(tab) == "Your courses"
    refreshed = campus.rig.control("GET", "/requests?path=/refresh")["requests"]
    assert [entry["status"] for entry in refreshed] == [200, 200]


def test_deep_linking(tab: Any, lms: Any, campus: Campus) -> None:
    lms.open_course(tab)
    lms.sign_in(tab, lms.teacher)
    lms.choose(tab)
    tool = framed(tab)
    tool.get_by_label("Title of the link").fill("Week 7")
    shot(tab, f"{lms.name}-11-choose")
    tool.get_by_role("button", name="Add to the course").click()
    tool.get_by_text("Week 7").wait_for(state="attached")
    shot(tab, f"{lms.name}-12-chosen")
