"""Results by LTI 1.1 and LTI 2.0: the LTI consumer component and the emulator answer alike."""

from __future__ import annotations

import json
import re
from typing import Any, ClassVar

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from contract_tests.lms_site import form
from contract_tests.lti.basic_outcomes import authorization, envelope, of_score
from contract_tests.lti.machine import run_walks
from contract_tests.openedx.lti_oracle import COURSE, OLD, Platform, component, emulated

__all__ = ["component", "emulated"]
pytestmark = pytest.mark.slow

RESULT = "application/vnd.ims.lis.v2.result+json"


def scored(platform: Platform, method: str, handler: str, body: str, **how: Any) -> tuple[int, str]:
    """A score sent to the block by LTI 1.1: status and body, but for the id of the person and pages."""
    place = f"{platform.url}/courses/{COURSE}/xblock/{OLD}/handler_noauth"
    who = "somebody"
    if platform.browser is not None:
        fields = form(platform.browser.get(f"/courses/{COURSE}/xblock/{OLD}/handler/lti_launch_handler").text)[1]
        who = fields["user_id"]
    body, handler = (text.replace("{who}", how.get("who", who)) for text in (body, handler))
    service = f"{place}/outcome_service_handler"
    changes = {"oauth_body_hash": how["digest"]} if "digest" in how else {}
    changes |= {"oauth_signature": None} if how.get("unsigned") else {}
    header = authorization(method, service, body, "key", how.get("secret", "secret"), **changes)
    headers = {"Authorization": how.get("header", header), "Content-Type": how.get("kind", RESULT)}
    url = f"{platform.url}/_oracle/scores" if platform.browser is None else place
    answer = platform.http.request(
        method, f"{url}/{handler}", content=body, headers={**headers, "X-Service": service}, follow_redirects=False
    )
    page = answer.headers.get("content-type", "").startswith("text/html")
    text = "" if page else re.sub(r"\s+", " ", answer.text.replace(how.get("who", who), "~"))
    return answer.status_code, text


@pytest.mark.parametrize(
    ("operation", "score", "how"),
    [
        ("replaceResult", "0.75", {}),
        ("readResult", "0.75", {}),
        ("replaceResult", "1.5", {}),
        ("replaceResult", "x", {}),
        ("replaceResult", "0.5", {"who": "nobody"}),
        ("replaceResult", "0.5", {"secret": "wrong"}),
        ("replaceResult", "0.5", {"digest": "wrong"}),
        ("replaceResult", "0.5", {"unsigned": True}),
        ("replaceResult", "0.5", {"header": "Bearer x"}),
    ],
    ids=str,
)
def test_basic_outcomes(
    emulated: Platform, component: Platform, operation: str, score: str, how: dict[str, Any]
) -> None:
    body = envelope(operation, "c:l:{who}", of_score(score))
    answers = [scored(platform, "POST", "outcome_service_handler", body, **how) for platform in (emulated, component)]
    assert answers[0] == answers[1]


def result(**members: Any) -> str:
    """A result as a tool sends it."""
    return json.dumps({"@context": "x", "@type": "Result", **members})


SHARES = [0, 1, -0.1, 1.1, 2, "1", "0.5", " 1 ", "x", "", None, True, [1], "nan"]
NO_RESULTS = [result(), json.dumps({"@type": "Result"}), json.dumps({"@context": "x"}), "[]", "{", "", "null", "5"]
RESULTS = st.one_of(
    st.builds(result, resultScore=st.floats(0, 1), comment=st.sampled_from(["Good", "", "é", None, 5])),
    st.builds(result, resultScore=st.sampled_from(SHARES)),
    st.sampled_from(NO_RESULTS),
)
UNACCEPTED: list[dict[str, str]] = [
    {"kind": "application/json"}, {"secret": "wrong"}, {"header": "x"}, {"who": "nobody"}, {"digest": "wrong"},
]  # fmt: skip


class ResultsOfLti2(RuleBasedStateMachine):
    """What a tool can do with a person's result: the component and the emulator answer alike, whatever came before."""

    both: ClassVar[tuple[Platform, Platform]]

    def same(self, method: str, body: str = "", **how: str) -> None:
        ours, theirs = (
            scored(platform, method, "result_service_handler/user/{who}", body, **how) for platform in self.both
        )
        assert ours == theirs, (method, body, how)

    @initialize()
    def begin(self) -> None:
        self.same("DELETE")

    @rule(body=RESULTS, listed=st.booleans())
    def put(self, body: str, listed: bool) -> None:
        self.same("PUT", f"[{body}]" if listed else body)

    @rule()
    def delete(self) -> None:
        self.same("DELETE")

    @rule(method=st.sampled_from(["GET", "PUT", "DELETE"]), how=st.sampled_from(UNACCEPTED))
    def ask_wrongly(self, method: str, how: dict[str, str]) -> None:
        self.same(method, result(resultScore=0.25) if method == "PUT" else "", **how)

    @rule(method=st.sampled_from(["POST", "PATCH"]))
    def ask_by_another_method(self, method: str) -> None:
        self.same(method, result(resultScore=0.5))

    @invariant()
    def the_result_is_the_same(self) -> None:
        self.same("GET")


def test_results_of_lti_2(emulated: Platform, component: Platform) -> None:
    run_walks(type("Machine", (ResultsOfLti2,), {"both": (emulated, component)}), examples=40, steps=15)
