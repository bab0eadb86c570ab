"""Launches in a frame, in a real browser, with third-party cookies allowed and blocked; Canvas's window messages."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from contract_tests.chromium import CHROMIUM, IN_A_BROWSER
from contract_tests.lti.storing_tool import StoringTool
from lms_emulator.client.emulator import Emulator
from lms_emulator.command.certify.chromium import ChromiumVisitor
from lms_emulator.command.certify.visitors import Landing
from lms_emulator.lti.seats import Person

pytestmark = [*IN_A_BROWSER, pytest.mark.slow, pytest.mark.timeout(400)]
KEY = 10000000000078
PATIENCE = 90.0
"""Seconds; a safety net for slow machines."""
FOREIGN = "; Secure; SameSite=None"
ASK = """([target, message]) => new Promise((resolve, reject) => {
  const frame = target ? window.parent.frames[target] : window.parent;
  const answered = event => {
    if (event.data.message_id !== message.message_id || event.data.subject !== `${message.subject}.response`) return;
    window.removeEventListener("message", answered);
    resolve(event.data);
  };
  window.addEventListener("message", answered);
  frame.postMessage(message, "*");
  setTimeout(() => reject(new Error("no answer")), 60000);
})"""


@pytest.fixture
def tools(lms: Emulator) -> Iterator[list[StoringTool]]:
    """Three tools: with storage support (78), without (79), and one (80) whose cookies say nothing of other sites."""
    port = lms.url.rpartition(":")[2]
    auth = f"http://canvas.localhost:{port}/api/lti/authorize_redirect"
    kinds = ((True, FOREIGN), (False, FOREIGN), (False, ""))
    made = [
        StoringTool(auth, str(KEY + number), storage=storage, cookie=cookie)
        for number, (storage, cookie) in enumerate(kinds)
    ]
    dump = lms.dump()
    for key, tool in enumerate(made, KEY):
        dump["canvas"]["developer_keys"].append(
            {"id": key, "name": f"Tool {key}", "is_lti_key": True, "redirect_uris": [f"{tool.url}/launch"],
             "oidc_initiation_url": f"{tool.url}/login", "target_link_uri": f"{tool.url}/launch", "accounts": [1],
             "scopes": ["https://canvas.instructure.com/lti/page_content/show"] if tool.storage else []}
        )  # fmt: skip
        dump["canvas"]["tools"].append(
            {"id": key % 1000, "developer_key_id": key, "name": "Tool", "course_id": 1, "url": f"{tool.url}/launch"}
        )  # fmt: skip
    lms.load(json.loads(json.dumps(dump, default=str)))
    yield made
    for tool in made:
        tool.close()


@pytest.fixture(params=["allow", "lax", "block"])
def visitor(request: pytest.FixtureRequest) -> Iterator[ChromiumVisitor]:
    """Chromium, with each policy for cookies."""
    assert CHROMIUM is not None
    made = ChromiumVisitor(request.param, CHROMIUM)
    made.patience = PATIENCE
    yield made
    made.close()


def opened(visitor: ChromiumVisitor, lms: Emulator, tool: int) -> Landing:
    student = lms.canvas.student
    page = f"http://canvas.localhost:{lms.url.rpartition(':')[2]}/courses/1/external_tools/{tool}"
    return visitor.open(page, Person(student.login, student.password))


def outcome(visitor: ChromiumVisitor, lms: Emulator, tool: int) -> str:
    """What the tool's page says about the launch, which must be what the visitor reports."""
    landing = opened(visitor, lms, tool)
    assert landing.posted is not None, landing.note
    message = visitor.tab.frame_locator("[name=tool_content]").locator("#outcome").filter(has_not_text="waiting")
    message.wait_for(timeout=PATIENCE * 1000)
    assert message.inner_text() == landing.text
    return landing.text


@pytest.mark.usefixtures("tools")
def test_a_tool_without_storage_needs_cookies_and_one_with_it_does_not(visitor: ChromiumVisitor, lms: Emulator) -> None:
    lms.settings["emulator.third_party_cookies"] = {"lax": "chrome", "block": "safari"}.get(visitor.policy, "allow")
    texts = "launched by cookie", "refused: no cookie"
    assert outcome(visitor, lms, 80) == texts[visitor.policy != "allow"]
    assert outcome(visitor, lms, 79) == texts[visitor.policy == "block"]
    if visitor.policy == "lax":
        frame = next(item for item in visitor.tab.frames if item.name == "tool_content")
        refused = frame.evaluate(ASK, ["", {"subject": "lti.getPageContent", "message_id": "1"}])
        assert refused["error"] == {"code": "unauthorized"}, "its key lacks the scope"
    assert outcome(visitor, lms, 78) == "launched by storage"
    if visitor.policy == "block":
        lms.settings["canvas.platform_storage"] = False
        assert outcome(visitor, lms, 78) == "launched by storage", "without its frame Canvas's page keeps it itself"
    if visitor.policy == "lax":
        measured(visitor, lms)


def at_brightspace(visitor: ChromiumVisitor, lms: Emulator, tool: StoringTool) -> str:
    """What a tool says about its launch from Brightspace's page."""
    client, port = tool.client_id, lms.url.rpartition(":")[2]
    student = lms.brightspace.student
    page = f"http://brightspace.localhost:{port}/d2l/le/lti/6836/launch/exu-{client}_6836"
    landing = visitor.open(page, Person(student.username, student.password))
    assert landing.posted is not None, landing.note
    message = visitor.tab.frame_locator("[name=tool_content]").locator("#outcome").filter(has_not_text="waiting")
    message.wait_for(timeout=PATIENCE * 1000)
    return str(message.inner_text())


@pytest.fixture
def placed(lms: Emulator) -> Iterator[list[StoringTool]]:
    """At Brightspace: a tool with storage support, one without, and one whose cookies say nothing of other sites."""
    auth = f"http://brightspace.localhost:{lms.url.rpartition(':')[2]}/d2l/lti/authenticate"
    kinds = ((True, FOREIGN), (False, FOREIGN), (False, ""))
    made = [StoringTool(auth, f"{n}", storage=storage, cookie=cookie) for n, (storage, cookie) in enumerate(kinds, 701)]
    section = (dump := lms.dump())["brightspace"]
    for tool in made:
        url, client = f"{tool.url}/launch", tool.client_id
        registration = {"client_id": client, "name": client, "login_url": f"{tool.url}/login", "redirect_uris": [url]}
        section["registrations"].append(registration | {"keyset_url": f"{tool.url}/keys", "target_link_uri": url})
        section["deployments"].append({"id": client, "client_id": client, "org_unit_id": 6836, "name": client})
        section["lti_links"].append({"id": f"exu-{client}_6836", "deployment_id": client, "title": client, "url": url})
    lms.load(json.loads(json.dumps(dump, default=str)))
    yield made
    for tool in made:
        tool.close()


def test_so_it_is_at_brightspace(visitor: ChromiumVisitor, lms: Emulator, placed: list[StoringTool]) -> None:
    """Storage is in the page itself; without it, a tool that knows of it needs cookies as well."""
    lms.settings["emulator.third_party_cookies"] = {"lax": "chrome", "block": "safari"}.get(visitor.policy, "allow")
    texts = "launched by cookie", "refused: no cookie"
    storing, plain, careless = placed
    assert at_brightspace(visitor, lms, careless) == texts[visitor.policy != "allow"]
    assert at_brightspace(visitor, lms, plain) == texts[visitor.policy == "block"]
    assert at_brightspace(visitor, lms, storing) == "launched by storage"
    ask = Asking(visitor.tab)
    put, get = "lti.put_data", "lti.get_data"
    assert ask(put, key="a", value="1") == {"key": "a", "value": "1"}
    assert ask(get, key="a") == {"key": "a", "value": "1"}
    assert ask(put, key="a", value=None) == {"key": "a"}
    assert ask(get, key="a") == {"key": "a", "value": None}
    assert [row["subject"] for row in ask("lti.capabilities")["supported_messages"]] == ["lti.capabilities", get, put]
    assert ask(put, value="1")["error"]["code"] == "bad_request"
    assert ask("lti.unheardOf")["error"]["code"] == "unsupported_subject"
    lms.settings["brightspace.platform_storage"] = False
    assert at_brightspace(visitor, lms, storing) == texts[visitor.policy == "block"]


def measured(visitor: ChromiumVisitor, lms: Emulator) -> None:
    """No tool is opened in a browser that does otherwise than the setting says."""
    tab: Any = visitor.tab
    port = lms.url.rpartition(":")[2]
    tab.goto(f"http://canvas.localhost:{port}/_emulator/cookies")
    tab.get_by_role("status").get_by_text("lax").wait_for()
    lms.settings["emulator.third_party_cookies"] = "block"
    tab.goto(f"http://canvas.localhost:{port}/courses/1/external_tools/78")
    assert "does lax (block is wanted)" in tab.get_by_role("alert").inner_text()
    assert next(frame for frame in tab.frames if frame.name == "tool_content").url == "about:blank"
    lms.settings["emulator.third_party_cookies"] = "any"


SUBJECTS = [
    *(f"lti.{name}" for name in ("close", "enableScrollEvents", "fetchWindowSize", "frameResize")),
    *(f"lti.{name}" for name in ("hideRightSideWrapper", "removeUnloadMessage", "resourceImported")),
    *(f"lti.{name}" for name in ("screenReaderAlert", "scrollToTop", "setUnloadMessage", "showAlert")),
    *(f"lti.{name}" for name in ("showModuleNavigation", "capabilities", "get_data", "put_data")),
    *("lti.getPageContent", "lti.getPageSettings", "requestFullWindowLaunch", "toggleCourseNavigationMenu"),
    *("showNavigationMenu", "hideNavigationMenu"),
]
"""canvas-lms ui/shared/lti/jquery/constants.ts, SUBJECT_ALLOW_LIST (2026)."""
FORWARDING = "post_message_forwarding"


class Asking:
    """A tool in Canvas's page that speaks to it."""

    def __init__(self, tab: Any) -> None:
        self.tab, self.number = tab, iter(range(1000))

    def __call__(self, subject: str, *, by: str = "tool_content", to: str = "", **members: Any) -> Any:
        """What the page answers, without what every answer has."""
        frame = next(item for item in self.tab.frames if item.name == by)
        message = {"subject": subject, "message_id": f"m{next(self.number)}", **members}
        answer = frame.evaluate(ASK, [to, message])
        assert answer.pop("message_id") == message["message_id"]
        assert answer.pop("subject") == f"{subject}.response"
        return answer

    def refused(self, code: str, subject: str, message: str | None = None, **members: Any) -> None:
        assert self(subject, **members) == {"error": {"code": code, **({"message": message} if message else {})}}

    def state(self, script: str) -> Any:
        """Something of Canvas's page."""
        return self.tab.evaluate(script)


@pytest.fixture
def ask(tools: list[StoringTool], lms: Emulator) -> Iterator[Asking]:
    """The tool with storage and the scope for page content, in its frame. Cookies are blocked, as they mostly are."""
    assert CHROMIUM is not None
    assert tools
    visitor = ChromiumVisitor("block", CHROMIUM)
    visitor.patience = PATIENCE
    opened(visitor, lms, 78)
    yield Asking(visitor.tab)
    visitor.close()


def foreign(ask: Asking, lms: Emulator) -> str:
    """A frame of another site in the same page; its name."""
    with ask.tab.expect_event("framenavigated", lambda frame: frame.name == "other") as navigated:
        ask.tab.evaluate(
            """url => {
              const frame = document.createElement("iframe");
              Object.assign(frame, {name: "other", src: url});
              document.body.append(frame);
            }""",
            f"{lms.openlearning.url}/nowhere",
        )
    navigated.value.wait_for_load_state()
    return "other"


def test_capabilities_that_canvas_announces(ask: Asking, lms: Emulator) -> None:
    messages = ask("lti.capabilities")["supported_messages"]
    stored = {"frame": FORWARDING}
    assert messages == [
        {"subject": row, **(stored if row in ("lti.get_data", "lti.put_data") else {})} for row in SUBJECTS
    ]
    assert ask("lti.capabilities", to=FORWARDING)["supported_messages"] == messages
    assert ask("lti.capabilities", by=foreign(ask, lms))["supported_messages"] == messages
    ask.refused("unsupported_subject", "lti.unheardOf")
    ask.refused("unsupported_subject", "org.imsglobal.lti.get_data", key="a")
    ask.refused("unsupported_subject", "constructor")


def test_canvas_keeps_what_tools_put(ask: Asking, lms: Emulator) -> None:
    """By its frame all tools share one store: Canvas takes the forwarding frame for their origin."""
    put, get = "lti.put_data", "lti.get_data"
    assert ask(put, to=FORWARDING, key="a", value="1") == {"key": "a", "value": "1"}
    assert ask(get, to=FORWARDING, key="a") == {"key": "a", "value": "1"}
    assert ask(get, key="a") == {"key": "a", "value": None}, "the page itself keeps each origin's apart"
    assert ask(put, key="a", value="2") == {"key": "a", "value": "2"}
    assert ask(get, by=foreign(ask, lms), key="a") == {"key": "a", "value": None}
    for empty in (None, ""):
        assert ask(put, to=FORWARDING, key="a", value=empty) == {"key": "a"}
    assert ask(get, to=FORWARDING, key="a") == {"key": "a", "value": None}
    ask.refused("bad_request", put, "Missing required 'key' field", to=FORWARDING, value="1")
    ask.refused("bad_request", get, "Missing required 'key' field", key="")
    frame = next(item for item in ask.tab.frames if item.name == "tool_content")
    for subject in (put, get):
        nameless = frame.evaluate(ASK, ["", {"subject": subject, "key": "a", "value": "1"}])
        assert nameless["error"]["message"] == "Missing required 'message_id' field"


def test_how_much_canvas_keeps(ask: Asking) -> None:
    put = "lti.put_data"
    assert "error" not in ask(put, key="k", value="x" * 4095)
    ask.refused("storage_exhaustion", put, "Reached byte limit for tool", key="l", value="x")
    assert ask(put, key="k", value=None) == {"key": "k"}
    for number in range(500):
        assert "error" not in ask(put, key=f"{number}", value="x")
    ask.refused("storage_exhaustion", put, "Reached key limit for tool", key="0", value="y")


def test_sizes_and_scrolling(ask: Asking, lms: Emulator) -> None:
    height = "() => document.getElementById('tool_content').style.height"
    for asked, becomes in ((700, "700px"), (321, "450px"), (-1, "450px"), ("800", "450px"), (None, "450px")):
        assert ask("lti.frameResize", height=asked) == {}
        assert ask.state(height) == becomes, asked
    assert ask("lti.frameResize", to=FORWARDING, height=5000) == {}
    assert ask.state(height) == "5000px"
    other = foreign(ask, lms)
    for subject in ("lti.frameResize", "lti.scrollToTop", "lti.setUnloadMessage", "lti.removeUnloadMessage"):
        ask.refused("unauthorized", subject, by=other, height=500)
    for subject in ("lti.enableScrollEvents", "lti.scrollToTop"):
        ask.refused("unsupported_subject", subject, "Not supported inside Rich Content Editor", in_rce=True)
    assert ask("lti.frameResize", height=700, in_rce=True) == {}
    size = ask("lti.fetchWindowSize")
    assert set(size) == {"height", "width", "offset", "footer", "scrollY"}
    assert set(size["offset"]) == {"top", "left"}
    assert size["width"] > 0 < size["height"]
    assert ask("lti.scrollToTop") == {}
    assert abs(ask.state("() => window.scrollY") - size["offset"]["top"]) < 1
    frame = next(item for item in ask.tab.frames if item.name == "tool_content")
    frame.evaluate(
        """() => {
          window.addEventListener("message", event => {
            if (event.data.subject === "lti.scroll") window.scrolled = event.data;
          });
          window.parent.postMessage({subject: "lti.enableScrollEvents", message_id: "s"}, "*");
        }"""
    )
    assert ask("lti.fetchWindowSize")["scrollY"] > 0, "what was asked before is done"
    ask.state("() => window.scrollTo(0, 7)")
    frame.wait_for_function("() => window.scrolled && window.scrolled.scrollY === 7")
    assert frame.evaluate("() => window.scrolled") == {"subject": "lti.scroll", "message_id": "s", "scrollY": 7}


def test_alerts_that_canvas_shows_for_a_tool(ask: Asking) -> None:
    assert ask("lti.showAlert", body="Saved") == {}
    assert ask.tab.locator(".flash-success").inner_text() == "Tool: Saved"
    assert ask("lti.showAlert", body={"a": 1}, title="Mine", alertType="warning") == {}
    assert ask.tab.locator(".flash-warning").inner_text() == 'Mine: {"a":1}'
    assert ask("lti.showAlert", body="<b>No</b>", alertType="error") == {}
    assert ask.tab.get_by_role("alert").inner_text() == "Tool: <b>No</b>"
    ask.refused("bad_request", "lti.showAlert", "Missing required 'body' field")
    ask.refused("bad_request", "lti.showAlert", "Unsupported value for 'alertType' field", body="x", alertType="loud")
    assert ask("lti.screenReaderAlert", body="Read") == {}
    assert ask.tab.locator(".flash-status").inner_text() == "Read"


def test_messages_that_change_the_surrounding_page(ask: Asking) -> None:
    menu = "() => document.body.classList.contains('course-menu-expanded')"
    for subject, shown in (
        ("showNavigationMenu", True), ("toggleCourseNavigationMenu", False), ("toggleCourseNavigationMenu", True),
        ("hideNavigationMenu", False),
    ):  # fmt: skip
        assert ask(subject) == {}
        assert ask.state(menu) is shown
    for subject in ("lti.hideRightSideWrapper", "lti.resourceImported", "lti.close"):
        assert ask(subject) == {}
    assert ask("lti.showModuleNavigation", show=False) == {}
    ask.state("() => document.body.click()")
    leaving = """() => {
      const event = new Event("beforeunload", {cancelable: true});
      window.dispatchEvent(event);
      return event.defaultPrevented;
    }"""
    assert ask.state(leaving) is False
    for subject, asks in (("lti.setUnloadMessage", True), ("lti.removeUnloadMessage", False)):
        assert ask(subject, message="Stay") == {}
        assert ask.state(leaving) is asks


def test_messages_that_read_the_surrounding_page(ask: Asking, lms: Emulator) -> None:
    settings = ask("lti.getPageSettings")["pageSettings"]
    assert (settings["use_high_contrast"], settings["active_brand_config_json_url"].endswith(".json")) == (False, True)
    assert set(settings) == {"locale", "time_zone", "use_high_contrast", "active_brand_config_json_url", "window_width"}
    assert ask("lti.getPageContent") == {"content": ""}
    ask.state(
        """() => document.querySelector("h1").outerHTML =
          '<div data-lti-page-content="true">a\\n  \\nb<i data-lti-page-content="false">no</i></div>'"""
    )
    assert ask("lti.getPageContent") == {"content": '<div data-lti-page-content="true">a\nb</div>'}
    ask.refused("unauthorized", "lti.getPageContent", by=foreign(ask, lms))


def test_a_tool_asks_for_a_whole_window(ask: Asking) -> None:
    """What a tool asks to have in a window is opened by Canvas's address for it, as the tool says."""
    subject, tab = "requestFullWindowLaunch", ask.tab
    ask.state("() => { window.asked = []; window.open = (...all) => { window.asked.push(all); }; }")
    url = "https://tool.example/deep?client_id=7&assignment_id=3"
    size = {"width": 300, "height": 200}
    asked = {"url": url, "launchType": "popup", "launchOptions": size, "placement": "course_navigation"}
    assert ask(subject, data=asked) == {}
    assert ask(subject, data={"url": url, "launchType": "new_window", "resource_link_id": "r"}) == {}
    ask.refused("error", subject, "unknown launchType, must be 'popup', 'new_window', 'same_window'",
                data={**asked, "launchType": "tab"})  # fmt: skip
    ask.refused("error", subject, "message must contain a `url` property", data={"launchType": "popup"})
    ask.refused("error", subject, "message contents must either be a string or an object", data=[url])
    assert ask(subject, data="no address")["error"]["code"] == "error"
    popup, window = ask.state("() => window.asked")
    assert popup[1:] == [
        "popupLaunch",
        "toolbar=no,menubar=no,location=no,status=no,resizable,scrollbars,width=300,height=200",
    ]
    opened = httpx.URL(popup[0])
    assert opened.path == "/courses/1/external_tools/retrieve"
    query = dict(opened.params)
    params = dict(httpx.URL(query.pop("url")).params)
    assert query == {
        "display": "borderless", "client_id": "7", "placement": "course_navigation", "assignment_id": "3",
    }  # fmt: skip
    assert (params["full_win_launch_requested"], params["platform_redirect_url"]) == ("1", tab.url)
    assert (window[1], dict(httpx.URL(window[0]).params)["resource_link_id"]) == ("newWindowLaunch", "r")
    frame = next(item for item in tab.frames if item.name == "tool_content")
    mine = frame.url
    frame.evaluate("data => window.parent.postMessage({subject: 'requestFullWindowLaunch', data}, '*')", mine)
    tab.wait_for_url(mine.replace("/launch", "/login"))


def test_canvas_without_its_storage_frame(tools: list[StoringTool], lms: Emulator) -> None:
    """The page keeps what tools put, and knows the subjects of the drafts of the specification."""
    assert CHROMIUM is not None
    assert tools
    lms.settings["canvas.platform_storage"] = False
    visitor = ChromiumVisitor("block", CHROMIUM)
    visitor.patience = PATIENCE
    assert outcome(visitor, lms, 78) == "launched by storage"
    ask = Asking(visitor.tab)
    messages = [row for row in ask("lti.capabilities")["supported_messages"] if row["subject"].endswith("_data")]
    names = [f"{older}lti.{kind}_data" for older in ("org.imsglobal.", "") for kind in ("get", "put")]
    assert messages == [{"subject": name} for name in names]
    assert ask("org.imsglobal.lti.put_data", key="a", value="1") == {"key": "a", "value": "1"}
    assert ask("lti.get_data", key="a") == {"key": "a", "value": "1"}
    visitor.close()


def test_the_setting_chooses_the_browser(lms: Emulator) -> None:
    lms.settings["emulator.third_party_cookies"] = "safari"
    with lms.browser() as context:
        tab = context.new_page()
        tab.goto(f"http://canvas.localhost:{lms.url.rpartition(':')[2]}/_emulator/cookies")
        tab.get_by_role("status").get_by_text("block").wait_for()


def test_the_forwarding_frame_serves_pages_of_canvas_only(lms: Emulator) -> None:
    assert httpx.get(f"{lms.canvas.url}/post_message_forwarding?token=x").status_code == 404
    lms.settings["canvas.platform_storage"] = False
    off = httpx.get(f"{lms.canvas.url}/post_message_forwarding")
    assert (off.status_code, "<title>Canvas LMS</title>" in off.text) == (404, True)
