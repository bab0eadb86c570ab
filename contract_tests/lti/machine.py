"""A machine that goes through LTI at a platform: launches, good and bad, keys that rotate, rosters, content that is
chosen, line items, scores, results.

The tool is PyLTI1p3. Platforms differ in what `Dialect` names, and in nothing else that a tool sees; the LTI consumer
component of Open edX itself is one of them.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

import requests
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from pylti1p3.deep_link_resource import DeepLinkResource
from pylti1p3.exception import LtiException

from contract_tests.lti_tool import LAUNCH, Tool
from lms_emulator.client.emulator import Emulator
from lms_emulator.signing import lti13
from lms_emulator.signing import lti13_services as types
from lms_emulator.signing.jwt import read

LABELS = st.text('abz é"<', min_size=1, max_size=8).map(lambda text: f"x{text}x")
TAGS = st.sampled_from(["t1", "t2"])
PICK = st.integers(0, 5)
UNSIGNED = "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0"
"""The header of a JWT of no algorithm."""
WRONG = (
    "expired", "wrong_signature", "alg_none", "wrong_issuer", "wrong_audience", "wrong_deployment", "no_nonce",
    "wrong_nonce", "wrong_state", "no_message_type", "unknown_message_type", "wrong_version",
)  # fmt: skip
"""Misbehaviours that PyLTI1p3 refuses."""


@dataclass(frozen=True, kw_only=True)
class Dialect:
    """How a platform differs.

    Parameters:
        deletes: whether a tool may delete its line items.
        same_moment: whether a second score of the same moment is taken.
        tokens_outlive_keys: whether service tokens stay good when the platform's keys rotate.
        grading: the progress that a score is sent with.
        filters: whether a roster can be had by role.
        chosen: the status after content was chosen.
        names_count: whether a token endpoint looks at whom an assertion names.
    """

    deletes: bool = True
    same_moment: bool = True
    tokens_outlive_keys: bool = True
    grading: str = "FullyGraded"
    filters: bool = True
    chosen: int = 200
    names_count: bool = True


class Platform(ABC):
    """A platform with PyLTI1p3 as its tool."""

    dialect: Dialect = Dialect()
    tool: Tool
    lms: Emulator
    """Where it runs, if it is emulated."""
    lti: Any = None
    """How it is made to misbehave; None where it cannot be."""

    @abstractmethod
    def reset(self) -> None:
        """Back to where it began."""

    @abstractmethod
    def launch(self) -> Any:
        """What PyLTI1p3 makes of a student's launch. Raises LtiException."""

    def choose(self) -> tuple[Any, Callable[[str, str], Any]] | None:
        """What PyLTI1p3 makes of a teacher's launch to choose content, and how the teacher's browser posts the answer.

        None if nobody can choose.
        """
        return None


@dataclass(kw_only=True)
class Column:
    """A line item in the model. `scores` by person: share of the maximum, and when."""

    label: str
    maximum: int
    tag: str
    resource: str
    score: tuple[float, datetime] | None = None


class LtiMachine(RuleBasedStateMachine):
    """What a tool can do at a platform."""

    platform: ClassVar[Platform]

    @initialize()
    def begin(self) -> None:
        self.platform.reset()
        self.columns: dict[str, Column] = {}
        self.deleted: list[str] = []
        self.moment = datetime(2026, 11, 21, 12, tzinfo=UTC)
        self.launched = self.platform.launch()
        data = self.launched.get_launch_data()
        self.user, self.deployment = data["sub"], data[f"{lti13.CLAIM}deployment_id"]
        self.items = data[lti13.AGS_CLAIM]["lineitems"]
        self.connector = self.launched.get_service_connector()
        self.before = {item["id"] for item in self.listed()}

    def call(self, method: str, url: str, scope: str, body: Any = None, kind: str = "", accept: str = "*/*") -> Any:
        """A service, with a token that PyLTI1p3 asked for."""
        headers = {"Authorization": f"Bearer {self.connector.get_access_token([scope])}", "Accept": accept}
        sent = json.dumps(body) if body is not None else None
        headers |= {"Content-Type": kind} if kind else {}
        return self.platform.tool.http.request(method, url, data=sent, headers=headers)

    def item(self, number: int) -> str:
        """One of the columns that were made."""
        return list(self.columns)[number % len(self.columns)]

    def listed(self, **query: str) -> list[dict[str, Any]]:
        url = requests.Request("GET", self.items, params=query).prepare().url
        assert url is not None
        answer = self.call("GET", url, lti13.SCOPE_LINE_ITEM)
        assert answer.status_code == 200, answer.text
        return list(answer.json())

    # launches

    @rule()
    def launch(self) -> None:
        data = self.platform.launch().get_launch_data()
        assert (data["sub"], data[f"{lti13.CLAIM}deployment_id"]) == (self.user, self.deployment)
        assert data[lti13.AGS_CLAIM]["lineitems"] == self.items

    @precondition(lambda self: self.platform.lti is not None)
    @rule(wrong=st.sampled_from(WRONG))
    def launch_wrongly(self, wrong: str) -> None:
        """A launch that is wrong on purpose is refused; the next is right."""
        self.platform.lti.next_launch(**{wrong: True})
        try:
            self.platform.launch()
        except Exception as error:  # PyLTI1p3's settings raise a bare one for a client that they do not know
            assert isinstance(error, LtiException) or "not found in settings" in str(error)
            assert not self.platform.lti.armed
        else:
            raise AssertionError(f"PyLTI1p3 took a launch that is wrong: {wrong}")

    @precondition(lambda self: self.platform.lti is not None)
    @rule()
    def rotate_keys(self) -> None:
        self.platform.lti.rotate_keys()
        if not self.platform.dialect.tokens_outlive_keys:
            token = f"Bearer {self.connector.get_access_token([lti13.SCOPE_LINE_ITEM])}"
            assert self.platform.tool.http.get(self.items, headers={"Authorization": token}).status_code in (401, 403)
            self.connector = self.platform.launch().get_service_connector()

    # service tokens

    def forged(self, token: str, how: str) -> str:
        """A token whose signature is not its own: changed, cut off, or of no algorithm."""
        head, payload, signature = token.split(".")
        if how == "changed":
            return f"{head}.{payload}.{'B' if signature[0] == 'A' else 'A'}{signature[1:]}"
        return f"{UNSIGNED}.{payload}." if how == "none" else token[:-2]

    @rule(how=st.sampled_from(["changed", "cut", "none", "another key", "over", "of nobody"]))
    def ask_for_a_token_wrongly(self, how: str) -> None:
        """An assertion that is not the tool's own, or is over, gets no token; one beside it that is right does."""
        tool, now = self.platform.tool, datetime.now(UTC)
        seat = tool.seat
        audience = seat.audience or seat.token_url
        changes: dict[str, Any] = {"jti": f"walk-{now.timestamp()}"}
        if how == "over":
            changes |= {"iat": int(now.timestamp()) - 900, "exp": int(now.timestamp()) - 600}
        elif how == "another key":
            changes |= {"key": "spare"}
        elif how == "of nobody":
            changes |= {"iss": "nobody", "sub": "nobody"}
        signed = tool.assertion(audience, now, **changes)
        sent = self.forged(signed, how) if how in ("changed", "cut", "none") else signed
        # the component looks for its tool by the address, not by whom the assertion names
        known = how == "of nobody" and not self.platform.dialect.names_count
        assert (self.asked(sent) == 200) is known, how
        assert self.asked(tool.assertion(audience, now, jti=f"right-{now.timestamp()}")) == 200

    def asked(self, signed: str) -> int:
        fields = {"grant_type": "client_credentials", "client_assertion_type": lti13.JWT_BEARER}
        fields |= {"client_assertion": signed, "scope": lti13.SCOPE_LINE_ITEM}
        return int(self.platform.tool.http.post(self.platform.tool.seat.token_url, data=fields).status_code)

    @rule(how=st.sampled_from(["changed", "cut", "none"]))
    def use_a_forged_token(self, how: str) -> None:
        token = self.forged(self.connector.get_access_token([lti13.SCOPE_LINE_ITEM]), how)
        answer = self.platform.tool.http.get(self.items, headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code in (401, 403), answer.text

    # rosters

    @precondition(lambda self: lti13.NRPS_CLAIM in self.launched.get_launch_data())
    @rule()
    def read_roster(self) -> None:
        """The one who launched is in it, once, as a learner; it takes its own scope."""
        url = self.launched.get_launch_data()[lti13.NRPS_CLAIM]["context_memberships_url"]
        answer = self.call("GET", url, lti13.SCOPE_MEMBERSHIP)
        assert answer.status_code == 200, answer.text
        assert answer.headers["Content-Type"].startswith(types.MEMBERSHIP_TYPE)
        (member,) = [item for item in answer.json()["members"] if item["user_id"] == self.user]
        assert any(role.endswith("#Learner") for role in member["roles"])
        assert self.call("GET", url, lti13.SCOPE_SCORE).status_code in (401, 403)
        if self.platform.dialect.filters:
            for role, there in (("Learner", True), ("Instructor", False)):
                only = self.call(
                    "GET",
                    requests.Request("GET", url, params={"role": f"{lti13.MEMBERSHIP}{role}"}).prepare().url or "",
                    lti13.SCOPE_MEMBERSHIP,
                ).json()["members"]
                assert (self.user in {item["user_id"] for item in only}) is there

    # content that is chosen

    @rule(title=LABELS, wrong=st.sampled_from(["", "key", "nonsense"]))
    def choose_content(self, title: str, wrong: str) -> None:
        """A response is accepted if the tool signed it. A link without a line item creates none."""
        found = self.platform.choose()
        if found is None:
            return
        launch, post = found
        assert launch.is_deep_link_launch()
        settings = launch.get_launch_data()[f"{lti13.DL_CLAIM}deep_linking_settings"]
        assert "ltiResourceLink" in settings["accept_types"]
        resource = DeepLinkResource().set_url(f"{LAUNCH}?chosen=1").set_title(title)
        signed = launch.get_deep_link().get_response_jwt([resource])
        if wrong:
            forged = self.platform.tool.sign(read(signed).claims, key="spare")
            answer = post(settings["deep_link_return_url"], forged if wrong == "key" else "x.y.z")
            assert 400 <= answer.status_code < 500, answer.text
            return
        answer = post(settings["deep_link_return_url"], signed)
        assert answer.status_code == self.platform.dialect.chosen, answer.text

    # line items

    @rule(label=LABELS, maximum=st.integers(1, 200), tag=TAGS, resource=st.sampled_from(["r1", "r2"]))
    def make_column(self, label: str, maximum: int, tag: str, resource: str) -> None:
        body = {"label": label, "scoreMaximum": maximum, "tag": tag, "resourceId": resource}
        answer = self.call("POST", self.items, lti13.SCOPE_LINE_ITEM, body, types.LINE_ITEM_TYPE)
        assert answer.status_code == 201, answer.text
        made = answer.json()
        assert made["id"] not in {*self.before, *self.columns, *self.deleted}
        assert {name: made[name] for name in body} == body
        self.columns[made["id"]] = Column(label=label, maximum=maximum, tag=tag, resource=resource)

    @rule(lacking=st.sampled_from(["label", "scoreMaximum"]))
    def make_a_wrong_column(self, lacking: str) -> None:
        body = {"label": "L", "scoreMaximum": 5, "tag": "t1", "resourceId": "r1"}
        del body[lacking]
        answer = self.call("POST", self.items, lti13.SCOPE_LINE_ITEM, body, types.LINE_ITEM_TYPE)
        assert 400 <= answer.status_code < 500, answer.text

    @rule()
    def make_a_column_without_the_scope(self) -> None:
        body = {"label": "L", "scoreMaximum": 5, "tag": "t1", "resourceId": "r1"}
        answer = self.call("POST", self.items, lti13.SCOPE_SCORE, body, types.LINE_ITEM_TYPE)
        assert answer.status_code in (401, 403), answer.text

    @precondition(lambda self: self.columns)
    @rule(number=PICK, label=LABELS, tag=TAGS)
    def change_column(self, number: int, label: str, tag: str) -> None:
        item = self.item(number)
        column = self.columns[item]
        body = {"label": label, "scoreMaximum": column.maximum, "tag": tag, "resourceId": column.resource}
        answer = self.call("PUT", item, lti13.SCOPE_LINE_ITEM, body, types.LINE_ITEM_TYPE)
        assert answer.status_code == 200, answer.text
        column.label, column.tag = label, tag

    @precondition(lambda self: self.columns)
    @rule(number=PICK)
    def delete_column(self, number: int) -> None:
        item = self.item(number)
        answer = self.call("DELETE", item, lti13.SCOPE_LINE_ITEM)
        if not self.platform.dialect.deletes:
            assert answer.status_code == 403, answer.text
            return
        assert answer.status_code in (200, 204), answer.text
        del self.columns[item]
        self.deleted.append(item)
        assert self.call("GET", item, lti13.SCOPE_LINE_ITEM).status_code == 404

    @invariant()
    def the_list_is_as_the_model_says(self) -> None:
        if not hasattr(self, "before"):
            return
        found = {entry["id"]: entry for entry in self.listed()}
        assert set(found) == {*self.before, *self.columns}
        for item, column in self.columns.items():
            shown = found[item]
            assert (shown["label"], shown["scoreMaximum"], shown["tag"], shown["resourceId"]) == (
                column.label, column.maximum, column.tag, column.resource,
            )  # fmt: skip

    @rule(tag=TAGS)
    def filter_by_tag(self, tag: str) -> None:
        found = {item["id"] for item in self.listed(tag=tag)} - self.before
        assert found == {item for item, column in self.columns.items() if column.tag == tag}

    # scores

    @precondition(lambda self: self.columns)
    @rule(number=PICK, share=st.sampled_from([0, 0.25, 1]), scale=st.sampled_from([1, 4]), after=st.integers(-1, 1))
    def score(self, number: int, share: float, scale: int, after: int) -> None:
        """A score, of a later moment than the last one, of the same, or of an earlier one."""
        item = self.item(number)
        column = self.columns[item]
        self.moment += timedelta(seconds=10)
        at = self.moment if column.score is None else column.score[1] + timedelta(seconds=after)
        maximum = column.maximum * scale
        body = {
            "userId": self.user, "scoreGiven": share * maximum, "scoreMaximum": maximum,
            "timestamp": at.isoformat(), "activityProgress": "Completed",
            "gradingProgress": self.platform.dialect.grading,
        }  # fmt: skip
        answer = self.call("POST", f"{item}/scores", lti13.SCOPE_SCORE, body, types.SCORE_TYPE)
        stale = column.score is not None and (after < 0 or (after == 0 and not self.platform.dialect.same_moment))
        if stale:
            assert 400 <= answer.status_code < 500, answer.text
            return
        assert answer.status_code in (200, 201, 204), answer.text
        column.score = (share, at)

    @precondition(lambda self: self.columns)
    @rule(number=PICK)
    def read_results(self, number: int) -> None:
        item = self.item(number)
        column = self.columns[item]
        answer = self.call("GET", f"{item}/results", lti13.SCOPE_RESULT_READ)
        assert answer.status_code == 200, answer.text
        found = [value for value in answer.json() if "resultScore" in value]
        if column.score is None:
            assert found == []
            return
        (result,) = found
        assert (result["userId"], result["scoreOf"]) == (self.user, item)
        assert abs(result["resultScore"] / result["resultMaximum"] - column.score[0]) < 1e-6

    @precondition(lambda self: self.columns)
    @rule(lacking=st.sampled_from(["userId", "activityProgress", "gradingProgress", "timestamp"]))
    def score_wrongly(self, lacking: str) -> None:
        body = {
            "userId": self.user, "scoreGiven": 1, "scoreMaximum": 1, "timestamp": "2030-01-01T00:00:00Z",
            "activityProgress": "Completed", "gradingProgress": self.platform.dialect.grading,
        }  # fmt: skip
        del body[lacking]
        answer = self.call("POST", f"{self.item(0)}/scores", lti13.SCOPE_SCORE, body, types.SCORE_TYPE)
        assert 400 <= answer.status_code < 500, answer.text


def run_walks(machine: type[RuleBasedStateMachine], examples: int, steps: int) -> None:
    """Take so many walks of so many steps through a machine, the same ones every time."""
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
