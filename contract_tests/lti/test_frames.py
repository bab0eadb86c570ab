"""Launches in a frame, in a real browser, with third-party cookies allowed and blocked; Canvas's window messages."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from contract_tests.chromium import CHROMIUM, IN_A_BROWSER
from contract_tests.lti.storing_tool import StoringTool
from lms_emulator.client.emulator import Emulator
from lms_emulator.command.certify.chromium import ChromiumVisitor
from lms_emulator.command.certify.visitors import Landing
from lms_emulator.lti.seats import Person

pytestmark = [*IN_A_BROWSER, pytest.mark.slow]
KEY = 10000000000078
FOREIGN = "; Secure; SameSite=None"
ASK = """([target, message]) => new Promise((resolve, reject) => {
  const frame = target ? window.parent.frames[target] : window.parent;
  const answered = event => {
    if (event.data.message_id !== message.message_id) return;
    window.removeEventListener("message", answered);
    resolve(event.data);
  };
  window.addEventListener("message", answered);
  frame.postMessage(message, "*");
  setTimeout(() => reject(new Error("no answer")), 4000);
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
    yield made
    made.close()


def opened(visitor: ChromiumVisitor, lms: Emulator, tool: int) -> Landing:
    student = lms.canvas.student
    page = f"http://canvas.localhost:{lms.url.rpartition(':')[2]}/courses/1/external_tools/{tool}"
    return visitor.open(page, Person(student.login, student.password))


@pytest.mark.usefixtures("tools")
def test_a_tool_without_storage_needs_cookies_and_one_with_it_does_not(visitor: ChromiumVisitor, lms: Emulator) -> None:
    lms.settings["emulator.third_party_cookies"] = {"lax": "chrome", "block": "safari"}.get(visitor.policy, "allow")
    told = "launched by cookie", "refused: no cookie"
    silent = opened(visitor, lms, 80)
    assert silent.posted is not None
    assert silent.text == told[visitor.policy != "allow"]
    assert opened(visitor, lms, 79).text == told[visitor.policy == "block"]
    if visitor.policy == "lax":
        frame = next(one for one in visitor.tab.frames if one.name == "tool_content")
        refused = frame.evaluate(ASK, ["", {"subject": "lti.getPageContent", "message_id": "1"}])
        assert refused["error"] == {"code": "unauthorized"}, "its key lacks the scope"
    assert opened(visitor, lms, 78).text == "launched by storage"
    if visitor.policy == "block":
        lms.settings["canvas.platform_storage"] = False
        assert opened(visitor, lms, 78).text == "refused: the state is not mine", "Canvas's page does not store it"
    if visitor.policy == "lax":
        messages(visitor, lms)
        measured(visitor, lms)


def measured(visitor: ChromiumVisitor, lms: Emulator) -> None:
    """No tool is opened in a browser that does otherwise than the setting says."""
    tab: Any = visitor.tab
    port = lms.url.rpartition(":")[2]
    tab.goto(f"http://canvas.localhost:{port}/_emulator/cookies")
    tab.get_by_role("status").get_by_text("lax").wait_for()
    lms.settings["emulator.third_party_cookies"] = "block"
    tab.goto(f"http://canvas.localhost:{port}/courses/1/external_tools/78")
    assert "does lax (block is wanted)" in tab.get_by_role("alert").inner_text()
    assert next(one for one in tab.frames if one.name == "tool_content").url == "about:blank"
    lms.settings["emulator.third_party_cookies"] = "any"


def whole_window(tab: Any, ask: Callable[..., Any]) -> None:
    """What a tool asks to have in a window is opened by Canvas's address for it, as the tool says."""
    tab.evaluate("() => { window.asked = []; window.open = (...all) => { window.asked.push(all); }; }")
    url = "https://tool.example/deep?client_id=7&assignment_id=3"
    size = {"width": 300, "height": 200}
    asked = {"url": url, "launchType": "popup", "launchOptions": size, "placement": "course_navigation"}
    assert ask("requestFullWindowLaunch", data=asked) == {}
    assert ask("requestFullWindowLaunch", data=url) == {}
    for wrong in ({**asked, "launchType": "tab"}, {"launchType": "popup"}, "no address"):
        assert ask("requestFullWindowLaunch", data=wrong)["error"]["code"] == "bad_request"
    popup, same = tab.evaluate("() => window.asked")
    assert popup[1] == "popupLaunch"
    assert popup[2].endswith("width=300,height=200")
    opened = httpx.URL(popup[0])
    assert opened.path == "/courses/1/external_tools/retrieve"
    query = dict(opened.params)
    told = dict(httpx.URL(query.pop("url")).params)
    assert query == {
        "display": "borderless", "client_id": "7", "placement": "course_navigation", "assignment_id": "3",
    }  # fmt: skip
    assert (told["full_win_launch_requested"], told["platform_redirect_url"]) == ("1", tab.url)
    assert same[1] == "_self"


def messages(visitor: ChromiumVisitor, lms: Emulator) -> None:
    """Canvas's window messages, in the browser that is open."""
    tab: Any = visitor.tab
    number = iter(range(1000))

    def ask(subject: str, *, by: str = "tool_content", to: str = "", **members: Any) -> Any:
        frame = next(one for one in tab.frames if one.name == by)
        message = {"subject": subject, "message_id": f"m{next(number)}", **members}
        answer = frame.evaluate(ASK, [to, message])
        assert answer.pop("subject") == f"{subject}.response"
        assert answer.pop("message_id") == message["message_id"]
        return answer

    storage = "post_message_forwarding"
    able = {one["subject"]: one.get("frame") for one in ask("lti.capabilities")["supported_messages"]}
    assert able["lti.put_data"] == able["lti.get_data"] == storage
    assert {"lti.frameResize", "lti.fetchWindowSize", "requestFullWindowLaunch"} <= set(able)
    assert ask("lti.put_data", to=storage, key="a", value="1") == {"key": "a", "value": "1"}
    assert ask("lti.get_data", key="a") == {"key": "a", "value": "1"}, "the page itself answers as well"
    assert ask("lti.put_data", to=storage, key="a", value=None) == {"key": "a", "value": None}
    assert ask("lti.get_data", to=storage, key="a") == {"key": "a", "value": None}
    missing = {"code": "bad_request", "message": "Message is missing required field 'key'"}
    assert ask("lti.put_data", to=storage, value="1") == {"error": missing}
    assert ask("lti.put_data", key="b", value="x" * 4097)["error"]["code"] == "storage_exhaustion"
    assert ask("lti.unheardOf")["error"]["code"] == "unsupported_subject"
    assert ask("lti.frameResize", to=storage, height=300)["error"]["code"] == "wrong_origin"
    ask("lti.frameResize", height=321)
    assert tab.locator("#tool_content").evaluate("frame => frame.style.height") == "321px"
    size = ask("lti.fetchWindowSize")
    assert size["width"] > 0 < size["height"]
    assert ask("lti.getPageContent") == {"content": ""}
    tab.locator("h1").evaluate("heading => heading.dataset.ltiPageContent = 'true'")
    assert ask("lti.getPageContent")["content"].startswith("<h1 data-lti-page-content")
    ask("lti.showAlert", body="Saved", alertType="success")
    assert tab.get_by_role("status").inner_text() == "Saved"
    whole_window(tab, ask)
    told = ask("lti.getPageSettings")["pageSettings"]
    assert (told["use_high_contrast"], told["active_brand_config_json_url"].endswith(".json")) == (False, True)
    tab.evaluate(
        """url => {
          const frame = document.createElement("iframe");
          Object.assign(frame, {name: "other", src: url});
          document.body.append(frame);
        }""",
        f"{lms.openlearning.url}/nowhere",
    )
    tab.wait_for_function("() => window.frames.other.length === 0")
    tab.wait_for_timeout(300)
    assert ask("lti.get_data", by="other", key="a")["error"]["code"] == "unauthorized"


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
