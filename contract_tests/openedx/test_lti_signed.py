"""Open edX as a platform of LTI 1.1: launches, and results by Basic Outcomes and by the result service of LTI 2.0."""

from __future__ import annotations

import json
from urllib.parse import quote

import httpx

from contract_tests.lms_site import form
from contract_tests.lti.basic_outcomes import authorization, envelope, of_score
from contract_tests.lti_tool import LAUNCH, keys
from contract_tests.openedx.lti_site import BASE, COURSE, KEY, OLD_BLOCK, OUTCOMES, SECRET, edx, lms, site
from contract_tests.openedx.web import Web
from lms_emulator.signing import lti11, oauth1

__all__ = ["edx", "keys", "lms", "site"]


def diagnosis(edx: Web) -> str:
    refusal = edx.lms.requests.last.refusal
    return "" if refusal is None else str(refusal.diagnosis)


def test_lti_1_1(edx: Web) -> None:
    browser = edx.browser(edx.info.learner)
    page = browser.get(f"/courses/{COURSE}/xblock/{OLD_BLOCK}/handler/lti_launch_handler")
    action, fields = form(page.text)
    signature = fields.pop(oauth1.SIGNATURE_FIELD)
    assert action == f"{LAUNCH}?x=1"
    assert oauth1.sign("POST", action, fields.items(), SECRET) == signature
    assert (fields["lti_message_type"], fields["roles"]) == (lti11.MESSAGE_TYPE, "Student,Learner")
    assert fields["lis_outcome_service_url"] == f"{edx.url}{OUTCOMES}"
    assert list(fields)[:4] == ["oauth_callback", "launch_presentation_return_url", "lti_message_type", "lti_version"]
    assert list(fields)[-3:] == ["oauth_signature_method", "oauth_consumer_key", "oauth_nonce"]
    assert (fields["context_type"], fields["custom_c"]) == ("Group", "d"), "a parameter of LTI's own has no prefix"

    def outcome(
        status: int = 200, *, score: str = "0.5", sourced: str = fields["lis_result_sourcedid"], **how: str
    ) -> str:
        body = envelope(how.get("operation", "replaceResult"), sourced, of_score(score))
        changes = {"oauth_body_hash": how["digest"]} if "digest" in how else {}
        header = authorization("POST", f"{edx.url}{OUTCOMES}", body, KEY, how.get("secret", SECRET), **changes)
        answer = edx.http.post(OUTCOMES, content=body, headers={"Authorization": header})
        assert answer.status_code == status
        return answer.text

    assert "<imsx_codeMajor>success" in outcome()
    states = edx.lms.dump()["openedx"]["block_states"]
    assert [(state["earned"], state["possible"]) for state in states if state["block"] == OLD_BLOCK] == [(5.0, 10.0)]
    assert "500 error" in outcome(500, secret="somebody else's"), "the component does not catch its own error"
    assert "another secret was used" in diagnosis(edx)
    assert "500 error" in outcome(500, secret=f"{SECRET}\n")
    assert diagnosis(edx) == "the secret was used with a newline at its end"
    assert "500 error" in outcome(500, digest="x")
    assert diagnosis(edx) == "it is the hash of another body: was the body rewritten or changed after it was hashed?"
    message = envelope("replaceResult", "a:b:c", of_score("0.5"))
    answer = edx.http.post(OUTCOMES, content=message, headers={"Authorization": "Bearer x"}).text
    assert "OAuth verification error: Malformed authorization header" in answer
    assert diagnosis(edx).startswith("`Bearer` is of OAuth 2")
    answer = edx.http.post(OUTCOMES, content=message.replace("imsoms_v1p0", "other")).text
    assert "Failed to parse imsx_messageIdentifier" in answer
    assert "in another XML namespace" in diagnosis(edx)
    assert "outside the permitted range" in outcome(score="2")
    assert diagnosis(edx) == "a score is a fraction from 0 to 1: 2 of 100 is 0.02"
    assert "User not found." in outcome(sourced="a:b:c")
    assert "is not a user's anonymous id" in diagnosis(edx)
    assert "<imsx_codeMajor>unsupported" in outcome(operation="deleteResult")
    assert edx.http.get(f"{BASE}/public_keysets/{quote(OLD_BLOCK)}").status_code == 404


def test_results_of_lti_2_are_points_in_the_gradebook(edx: Web) -> None:
    (service,) = [
        row
        for row in edx.http.get(f"/courses/{COURSE}/lti_rest_endpoints/").json()
        if row["lti_1_1_result_service_xml_endpoint"] == f"{edx.url}{OUTCOMES}"
    ]
    assert edx.http.get("/courses/course-v1:No+No+No/lti_rest_endpoints/").status_code == 404
    page = edx.browser(edx.info.learner).get(f"/courses/{COURSE}/xblock/{OLD_BLOCK}/handler/lti_launch_handler")
    url = service["lti_2_0_result_service_json_endpoint"].replace("{anon_user_id}", form(page.text)[1]["user_id"])
    kind = {"Content-Type": "application/vnd.ims.lis.v2.result+json"}

    def call(method: str, body: str = "", secret: str = SECRET) -> httpx.Response:
        header = authorization(method, url, body, KEY, secret)
        return edx.http.request(method, url, content=body, headers={**kind, "Authorization": header})

    assert call("PUT", json.dumps({"@context": "x", "@type": "Result", "resultScore": 0.5})).json() == {}
    assert edx.lms.requests.last.warnings == []
    assert call("GET").json()["resultScore"] == 5.0, "points, signed with the request's own URL"
    states = edx.lms.dump()["openedx"]["block_states"]
    assert [state["earned"] for state in states if state["block"] == OLD_BLOCK] == [5.0]
    assert call("GET", secret="x").status_code == 500, "the component does not catch its own error"
    header = authorization("POST", url, "", KEY, SECRET)
    assert edx.http.request("PUT", url, headers={**kind, "Authorization": header}).status_code == 500
    assert diagnosis(edx) == "the signature was made for another method: POST"
    elsewhere = f"{url.rpartition('/')[0]}/ada"
    header = authorization("GET", elsewhere, "", KEY, SECRET)
    assert edx.http.get(elsewhere, headers={**kind, "Authorization": header}).status_code == 404
    assert diagnosis(edx).startswith("'ada' is nobody's anonymous id")
    assert call("DELETE").json() == {}
    assert "resultScore" not in call("GET").json()
