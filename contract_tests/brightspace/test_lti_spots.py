"""Brightspace's placements: quicklinks, Insert Stuff, activities, widgets; and Submission Review."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from contract_tests.brightspace.lti import ADA, DEPLOYMENT, ITEMS, LAUNCH, LINK, launched, service, signed_in
from contract_tests.brightspace.support import Site
from contract_tests.lti_tool import Tool
from lms_emulator.signing import lti13

AUDIENCE = "https://api.brightspace.com/auth/token"
SETTINGS = f"{lti13.DL_CLAIM}deep_linking_settings"
CHOOSE = f"/d2l/le/lti/6836/deeplinking/{DEPLOYMENT}"


def answered(site: Site, tool: Tool, spot: str, items: list[dict[str, Any]], **headers: Any) -> httpx.Response:
    """The response of a tool that was opened at one spot; further parameters may follow its name."""
    data = launched(site, tool, "instructor", f"{CHOOSE}?spot={spot}").get_launch_data()
    second = int(site.lms.clock.now.timestamp())
    claims = {
        "iss": data["aud"],
        "aud": data["iss"],
        "iat": second,
        "exp": second + 60,
        "nonce": f"n{site.lms.clock.now.timestamp()}",
        f"{lti13.CLAIM}message_type": lti13.DEEP_LINKING_RESPONSE,
        f"{lti13.CLAIM}version": "1.3.0",
        f"{lti13.CLAIM}deployment_id": DEPLOYMENT,
        f"{lti13.DL_CLAIM}content_items": items,
        f"{lti13.DL_CLAIM}data": data[SETTINGS]["data"],
    }
    return httpx.post(data[SETTINGS]["deep_link_return_url"], data={"JWT": tool.sign(claims, **headers)})


@pytest.mark.parametrize(
    ("spot", "kind", "html", "several"),
    [
        ("quicklink", "quicklink", False, True),
        ("insertstuff", "insert_stuff", True, True),
        ("activity", "activity", False, False),
    ],
)
def test_each_spot_takes_its_types(
    brightspace: Site, tool: Tool, spot: str, kind: str, html: bool, several: bool
) -> None:
    settings = launched(brightspace, tool, "instructor", f"{CHOOSE}?spot={spot}").get_launch_data()[SETTINGS]
    assert ("html" in settings["accept_types"], settings["accept_multiple"]) == (html, several)
    link = {"type": "ltiResourceLink", "title": "Chosen", "url": LAUNCH}
    answer = answered(brightspace, tool, spot, [link, link, {"type": "html", "html": "<p>x</p>"}])
    assert answer.status_code == 200, answer.text
    placed = [row for row in brightspace.lms.dump()["brightspace"]["lti_links"] if row["title"] == "Chosen"]
    assert [item["kind"] for item in placed] == [kind] * (2 if several else 1)
    warned = [warning.code for warning in brightspace.lms.requests.last.warnings]
    assert ("items_not_taken" in warned) is not html


def test_the_answer_needs_a_kid(brightspace: Site, tool: Tool) -> None:
    assert answered(brightspace, tool, "quicklink", [], kid=None).status_code == 400
    assert brightspace.reason == "deep_linking_missing_kid"
    assert "KeyId not found in token" in answered(brightspace, tool, "quicklink", [], kid=None).text
    assert signed_in(brightspace, "instructor").get(f"{CHOOSE}?spot=moon").status_code == 404


WHEN = "2026-12-01T08:00:00Z"
UNREADABLE: list[tuple[str, dict[str, Any]]] = [
    ("content_item_url_invalid", {"url": 5}),
    ("content_item_title_invalid", {"title": ["x"]}),
    ("content_item_custom_invalid", {"custom": "week=1"}),
    ("content_item_lineItem_invalid", {"lineItem": 10}),
    ("content_item_available_invalid", {"available": WHEN}),
    ("content_item_available.endDateTime_invalid", {"available": {"startDateTime": WHEN, "endDateTime": "soon"}}),
    ("content_item_submission.endDateTime_invalid", {"submission": {"endDateTime": 1796112000}}),
    ("deep_linking_line_item", {"lineItem": {"scoreMaximum": 1, "endDateTime": "soon"}}),
]


@pytest.mark.parametrize(("reason", "change"), UNREADABLE, ids=[text for text, _ in UNREADABLE])
def test_content_that_cannot_be_read_is_refused(
    brightspace: Site, tool: Tool, reason: str, change: dict[str, Any]
) -> None:
    good = {"type": "ltiResourceLink", "title": "Chosen", "url": LAUNCH, "available": {"startDateTime": WHEN}}
    answer = answered(brightspace, tool, "quicklink", [good, good | change])
    assert (answer.status_code, brightspace.reason) == (400, reason), answer.text

    def placed() -> list[dict[str, Any]]:
        return [row for row in brightspace.lms.dump()["brightspace"]["lti_links"] if row["deployment_id"] == DEPLOYMENT]

    assert [item["id"] for item in placed()] == [LINK]  # not the good one either
    brightspace.lms.settings["brightspace.unreadable_values"] = "ignore"
    assert answered(brightspace, tool, "quicklink", [good, good | change]).status_code == 200
    assert "value_ignored" in [warning.code for warning in brightspace.lms.requests.last.warnings]
    assert len(placed()) == 3


def test_a_widget_shows_the_tool_on_the_homepage(brightspace: Site, tool: Tool) -> None:
    dump = json.loads(json.dumps(brightspace.lms.dump(), default=str))
    next(link for link in dump["brightspace"]["lti_links"] if link["id"] == LINK)["kind"] = "widget"
    brightspace.lms.load(dump)
    page = signed_in(brightspace).get("/d2l/home/6836").text
    assert f'<iframe src="{brightspace.url}/d2l/le/lti/6836/launch/{LINK}"' in page


def test_a_teacher_sees_somebodys_work_in_the_tool(brightspace: Site, tool: Tool) -> None:
    token = service(
        brightspace, tool.assertion(AUDIENCE, brightspace.lms.clock.now), " ".join(lti13.AGS_SCOPES)
    ).json()["access_token"]
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/vnd.ims.lis.v2.lineitem+json"}
    item = {
        "label": "Essay",
        "scoreMaximum": 10,
        "resourceLinkId": LINK,
        "submissionReview": {"reviewableStatus": ["Submitted"], "url": f"{LAUNCH}?review=1", "custom": {"how": "big"}},
    }
    made = httpx.post(f"{brightspace.url}{ITEMS}", content=json.dumps(item), headers=headers).json()
    assert made["submissionReview"] == item["submissionReview"]
    page = f"/d2l/le/lti/6836/review/{made['id'].rpartition('/')[2]}/169"
    assert signed_in(brightspace, "instructor").get(page).status_code == 404, "the deployment lacks the extension"
    dump = json.loads(json.dumps(brightspace.lms.dump(), default=str))
    deployment = next(entry for entry in dump["brightspace"]["deployments"] if entry["id"] == DEPLOYMENT)
    deployment["extensions"].append("submission_review")
    brightspace.lms.load(dump)
    assert signed_in(brightspace).get(page).status_code == 403
    browser = signed_in(brightspace, "instructor")
    assert browser.get(page.replace("/169", "/172")).status_code == 404
    launch = launched(brightspace, tool, "instructor", page)
    data = launch.get_launch_data()
    assert launch.is_submission_review_launch()
    assert data[f"{lti13.CLAIM}for_user"]["user_id"] == ADA
    assert data[lti13.AGS_CLAIM]["lineitem"] == made["id"]
    assert data[f"{lti13.CLAIM}target_link_uri"] == f"{LAUNCH}?review=1"
    assert data[f"{lti13.CLAIM}custom"] == {"a": "b", "how": "big"}
    bad = {**item, "submissionReview": "no"}
    assert httpx.post(f"{brightspace.url}{ITEMS}", content=json.dumps(bad), headers=headers).status_code == 400


def test_a_score_above_the_maximum_stops_at_it_and_anonymous_people_have_results(brightspace: Site, tool: Tool) -> None:
    dump = json.loads(json.dumps(brightspace.lms.dump(), default=str))
    next(row for row in dump["brightspace"]["deployments"] if row["id"] == DEPLOYMENT)["anonymous"] = True
    brightspace.lms.load(dump)
    sub = launched(brightspace, tool).get_launch_data()["sub"]
    assert "169" not in sub
    scopes = " ".join(lti13.AGS_SCOPES)
    token = service(brightspace, tool.assertion(AUDIENCE, brightspace.lms.clock.now), scopes).json()["access_token"]
    headers = {"Authorization": f"Bearer {token}"}
    made = httpx.post(f"{brightspace.url}{ITEMS}", json={"label": "L", "scoreMaximum": 10}, headers=headers).json()
    score = {
        "userId": sub,
        "scoreGiven": 15,
        "scoreMaximum": 10,
        "activityProgress": "Completed",
        "gradingProgress": "FullyGraded",
        "timestamp": "2026-11-21T12:00:00.000Z",
    }
    assert httpx.post(f"{made['id']}/scores", json=score, headers=headers).status_code == 204
    assert "score_clamped" in {warning.code for warning in brightspace.lms.requests.last.warnings}
    (result,) = httpx.get(f"{made['id']}/results", params={"user_id": sub}, headers=headers).json()
    assert (result["userId"], result["resultScore"]) == (sub, 15)
    values = brightspace.lms.dump()["brightspace"]["grade_values"]
    assert [value["points"] for value in values if value["user_id"] == 169][-1] == 10
    known = {**score, "userId": ADA, "timestamp": "2026-11-21T13:00:00.000Z"}
    assert httpx.post(f"{made['id']}/scores", json=known, headers=headers).status_code == 404


def test_what_a_tool_chose_is_inserted_where_it_was_opened(brightspace: Site, tool: Tool) -> None:
    """A link becomes a topic of the module that opens the launch; Insert Stuff goes into the file in the editor."""
    section = brightspace.lms.dump()["brightspace"]
    module = section["modules"][0]["id"]
    file = next(row for row in section["topics"] if row["module_id"] == module and row.get("type", "File") == "File")
    items = [
        {"type": "ltiResourceLink", "title": "Chosen", "url": LAUNCH},
        {"type": "link", "title": "Elsewhere", "url": "https://elsewhere.example/"},
    ]
    assert answered(brightspace, tool, f"quicklink&parentNode={module}", items).status_code == 200
    first, second = brightspace.lms.dump()["brightspace"]["topics"][-2:]
    assert (second["title"], second["type"], second["url"]) == ("Elsewhere", "Link", "https://elsewhere.example/")
    assert (first["title"], first["module_id"]) == ("Chosen", module)
    found = launched(brightspace, tool, "student", brightspace_path(brightspace, first["url"])).get_launch_data()
    assert found[f"{lti13.CLAIM}resource_link"]["title"] == "Chosen"
    image = {"type": "image", "url": "https://elsewhere.example/i.png", "title": "I"}
    sent = [image, {"type": "html", "html": "<b>x</b>"}]
    assert answered(brightspace, tool, f"insertstuff&topic={file['id']}", sent).status_code == 200
    text = next(row for row in brightspace.lms.dump()["brightspace"]["topics"] if row["id"] == file["id"])["text"]
    assert text == f'{file["text"]}<img src="https://elsewhere.example/i.png" alt="I"><b>x</b>'
    assert len(brightspace.lms.dump()["brightspace"]["topics"]) == len(section["topics"]) + 2
    assert signed_in(brightspace, "instructor").get(f"{CHOOSE}?parentNode=999").status_code == 404


def brightspace_path(site: Site, quicklink: str) -> str:
    """Where a quicklink leads the student."""
    return signed_in(site).get(quicklink).headers["location"].removeprefix(site.url)
