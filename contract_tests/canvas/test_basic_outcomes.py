"""Outcomes of LTI 1.1 at Canvas: scores by XML and by the older forms, signed as tools sign them."""

from __future__ import annotations

import json
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import pytest

from contract_tests.canvas.lti import signed_in
from contract_tests.canvas.support import Site
from contract_tests.lms_site import form
from contract_tests.lti.basic_outcomes import body_hash, envelope
from lms_emulator.signing import oauth1

COURSE = "/api/v1/courses/1"
TOOL = {"name": "Old", "consumer_key": "k", "shared_secret": "s", "url": "https://old.example.test/launch"}
NONCES = count()


class Seat:
    """An assignment that opens an LTI 1.1 tool, opened by the student."""

    def __init__(self, canvas: Site, tool: dict[str, Any] | None = None, **fields: Any) -> None:
        self.canvas = canvas
        wanted = TOOL | (tool or {})
        self.tool = canvas.teacher.post(f"{COURSE}/external_tools", json=wanted).json()
        tag = {"content_type": "ContextExternalTool", "content_id": self.tool["id"], "url": wanted["url"]}
        work = {"submission_types": ["external_tool"], "external_tool_tag_attributes": tag, "published": True}
        sent = {"assignment": {"name": "Old", "points_possible": 10, **work, **fields}}
        self.number = canvas.teacher.post(f"{COURSE}/assignments", json=sent).json()["id"]
        self.launch = form(signed_in(canvas).get(f"/courses/1/assignments/{self.number}").text)[1]
        self.sourced_id = self.launch["lis_result_sourcedid"]

    def send(self, url: str, body: str, media: str, **changes: str) -> httpx.Response:
        now = int(self.canvas.lms.clock.now.timestamp())
        oauth = {"oauth_consumer_key": "k", "oauth_signature_method": "HMAC-SHA1", "oauth_timestamp": str(now)}
        oauth |= {"oauth_nonce": f"n{next(NONCES)}", "oauth_version": "1.0", **changes}
        pairs = [*oauth.items(), *httpx.QueryParams(body).multi_items()] if "form" in media else [*oauth.items()]
        if "form" not in media:
            oauth.setdefault("oauth_body_hash", body_hash(body))
            pairs = [*oauth.items()]
        oauth.setdefault("oauth_signature", oauth1.sign("POST", url, pairs, "s"))
        header = ", ".join(f'{name}="{oauth1.percent_encode(value)}"' for name, value in oauth.items())
        headers = {"Authorization": f"OAuth {header}", "Content-Type": media}
        return httpx.post(url, content=body.encode(), headers=headers)

    def ask(self, operation: str, result: str = "", details: str = "", **changes: str) -> httpx.Response:
        given = f"<result>{result}</result>" if result else ""
        sourced_id = changes.pop("sourced_id", self.sourced_id)
        media = changes.pop("media", "application/xml")
        body = changes.pop("body", envelope(operation, sourced_id, given, details, "m&amp;1"))
        return self.send(self.launch["lis_outcome_service_url"], body, media, **changes)

    @property
    def submission(self) -> dict[str, Any]:
        path = f"{COURSE}/assignments/{self.number}/submissions/{self.canvas.info.student.id}"
        found: dict[str, Any] = self.canvas.teacher.get(path).json()
        return found


RECORDED = Path(__file__).parents[2] / "fixtures/recordings/canvas/lti-11.jsonl"


def test_the_fields_of_a_launch_stand_in_the_recorded_order(canvas: Site) -> None:
    """Recording 57: a student opens an assignment whose tool has custom fields, and a query in its URL."""
    lines = (json.loads(line) for line in RECORDED.read_text("utf-8").splitlines())
    page = next(line["response"]["html"] for line in lines if line["n"] == 57)
    recorded = [control["name"] for control in page["forms"][0]["controls"]]
    custom = {"url": f"{TOOL['url']}?a=1", "custom_fields": {"a": "1", "who": "x"}, "privacy_level": "public"}
    ours = list(Seat(canvas, custom).launch)
    assert ours == recorded


def score(text: str, kind: str = "resultScore") -> str:
    return f"<{kind}><language>en</language><textString>{text}</textString></{kind}>"


def test_scores_are_read_replaced_and_deleted(canvas: Site) -> None:
    seat = Seat(canvas)
    assert "<textString/>" in seat.ask("readResult").text
    answer = seat.ask("replaceResult", score("0.92"))
    assert answer.headers["content-type"] == "application/xml; charset=utf-8"
    assert "<imsx_messageRefIdentifier>m&amp;1<" in answer.text
    first = seat.submission
    shown = (first["score"], first["submission_type"], first["grader_id"], first["attempt"])
    assert shown == (9.2, "external_tool", -seat.tool["id"], 1)
    assert "<textString>0.92</textString>" in seat.ask("readResult").text
    work = "<resultData><text>My <![CDATA[<b>text</b>]]></text></resultData>"
    seat.ask("replaceResult", score("0.1") + score("12", "resultTotalScore") + work)
    assert [seat.submission[name] for name in ("score", "attempt", "body")] == [12.0, 2, "My <b>text</b>"]
    seat.ask("replaceResult", "<resultData><url>https://work.example.test/1</url></resultData>")
    assert [seat.submission[name] for name in ("score", "attempt", "workflow_state")] == [12.0, 3, "submitted"]
    assert seat.ask("deleteResult").status_code == 200
    assert seat.submission["score"] is None


def test_a_teachers_grade_goes_first_where_the_tool_says_so(canvas: Site) -> None:
    seat = Seat(canvas)
    path = f"{COURSE}/assignments/{seat.number}/submissions/{canvas.info.student.id}"
    seat.ask("replaceResult", score("0.5"))
    canvas.teacher.put(path, data={"submission[posted_grade]": "3"})
    polite = "<submissionDetails><prioritizeNonToolGrade/></submissionDetails>"
    assert "no_submission_created" in seat.ask("replaceResult", score("0.9"), polite).text
    assert seat.ask("replaceResult", score("0.9"), polite.replace("prioritizeNon", "x")).status_code == 200
    assert seat.submission["score"] == 9


@pytest.mark.parametrize(
    ("result", "code"),
    [
        (score("1.5"), "bad_score"),
        (score("-0.1"), "bad_score"),
        (score("92%"), "no_parseable_result_score"),
        (score("nan"), "no_parseable_result_score"),
        (score("x", "resultTotalScore"), "no_parseable_result_total_score"),
        ("", "no_score"),
    ],
)
def test_invalid_scores(canvas: Site, result: str, code: str) -> None:
    answer = Seat(canvas).ask("replaceResult", result)
    assert answer.status_code == 422
    assert f"<ext_canvas_error_code>{code}<" in answer.text
    assert canvas.reason == f"outcome_{code}"


def test_the_sourced_id_and_operation_of_a_request(canvas: Site) -> None:
    seat = Seat(canvas)
    for changed, code in (
        (value, "sourcedid_invalid") for value in ("abc", *(seat.sourced_id[:-1] + x for x in "!\u00e9"))
    ):
        assert code in seat.ask("readResult", sourced_id=changed).text
    flipped = seat.sourced_id[:-1] + ("0" if seat.sourced_id[-1] != "0" else "1")
    assert "signature_invalid" in seat.ask("readResult", sourced_id=flipped).text
    assert "tool_invalid" not in seat.ask("fooResult").text
    for body in (
        "hello",
        "",
        envelope("replaceResult", "")[:200],
        "<!DOCTYPE a []><a/>",
        "<a>" * 5_000 + "</a>" * 5_000,
    ):
        assert "unsupported" in seat.ask("", body=body).text
    far = "<submissionDetails><submittedAt>{}</submittedAt></submissionDetails>"
    assert "timestamp_in_future" in seat.ask("replaceResult", score("1"), far.format("2099-01-01T00:00:00Z")).text
    assert "timestamp_not_parseable" in seat.ask("replaceResult", score("1"), far.format("never")).text
    assert Seat(canvas, points_possible=10, grading_type="pass_fail").ask("replaceResult", score("0.1")).is_success
    canvas.teacher.delete(f"{COURSE}/assignments/{seat.number}")
    assert "assignment_invalid" in seat.ask("readResult").text


def test_signatures(canvas: Site) -> None:
    seat = Seat(canvas)
    now = int(canvas.lms.clock.now.timestamp())
    wrong = {"errors": [{"message": "Invalid authorization header"}]}
    for changes in ({"oauth_signature": "x"}, {"oauth_signature_method": "PLAINTEXT"}):
        answer = seat.ask("readResult", **changes)
        assert (answer.status_code, answer.json()) == (401, wrong)
    url = seat.launch["lis_outcome_service_url"]
    assert httpx.post(url, content="", headers={"Content-Type": "application/xml"}).json() == wrong
    assert seat.ask("readResult", oauth_consumer_key="other").status_code == 200
    assert seat.ask("readResult", oauth_body_hash="other").status_code == 200
    assert [warning.code for warning in canvas.lms.requests.last.warnings] == ["body_hash_wrong"]
    canvas.lms.settings["canvas.unchecked_by_canvas"] = "refuse"
    for changes in ({"oauth_body_hash": "other"}, {"oauth_body_hash": ""}, {"oauth_consumer_key": "other"}):
        assert seat.ask("readResult", **changes).json() == wrong
    assert seat.ask("readResult").status_code == 200
    assert seat.ask("readResult", oauth_timestamp=str(now - 5300)).status_code == 200
    assert "Timestamp too old" in seat.ask("readResult", oauth_timestamp=str(now + 5500)).text
    assert seat.ask("readResult", oauth_nonce="twice").status_code == 200
    assert "Duplicate nonce" in seat.ask("readResult", oauth_nonce="twice").text
    assert seat.ask("readResult", media="text/plain").status_code == 415
    number = canvas.teacher.get(f"{COURSE}/external_tools?include_parents=true").json()[0]["id"]
    newer = f"{canvas.url}/api/lti/v1/tools/{number}/grade_passback"
    assert seat.send(newer, "", "application/xml").json() == wrong, "a tool of LTI 1.3 has no secret"
    assert seat.send(newer.replace(f"/{number}/", "/999/"), "", "application/xml").status_code == 404


def test_the_older_form(canvas: Site) -> None:
    seat = Seat(canvas)

    def ask(kind: str, **fields: str) -> str:
        sent = {"lti_message_type": kind, "sourcedid": seat.sourced_id, **fields}
        url, media = seat.launch["ext_ims_lis_basic_outcome_url"], "application/x-www-form-urlencoded"
        answer = seat.send(url, str(httpx.QueryParams(sent)), media)
        assert answer.status_code == 200
        return answer.text

    updated = ask("basic-lis-updateresult", result_resultscore_textstring="0.77")
    assert "<codemajor>Success<" in updated
    assert "<textstring>0.77<" in updated
    assert "<codemajor>Failure<" in ask("basic-lis-updateresult", result_resultscore_textstring="x")
    assert "<textstring>0.77<" in ask("basic-lis-readresult")
    assert "<result>" not in ask("basic-lis-deleteresult")
    assert "<codemajor>Unsupported<" in ask("foo")
