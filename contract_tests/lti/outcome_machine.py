"""A machine for LTI 1.1 at Brightspace: links and remote plugins, their launches, and results by Basic Outcomes.

The tool is PyPI `lti` with oauthlib; the model is 1EdTech's guide to LTI 1.1, and a gradebook of one value for each
person and link.
"""

from __future__ import annotations

from typing import Any, ClassVar, NamedTuple

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from contract_tests.brightspace import lti as at_brightspace
from contract_tests.brightspace.support import Site
from contract_tests.brightspace.test_legacy_outcomes import envelope, outcome, send, status_of
from contract_tests.brightspace.test_legacy_tools import LE, LINK, LINKS, PLUGIN, PROVIDER, PROVIDERS, holds
from contract_tests.lms_site import form
from contract_tests.lti.service_machines import PICK

GRADES = "/d2l/api/le/1.79/6836/grades/"
SCORES = st.sampled_from([0, 0.25, 0.5, 1])
PEOPLE = st.sampled_from(["student", "other_student"])
PLUGINS = ("navbar", "widget")


class Launched(NamedTuple):
    """A launch of a link by a person, and the secret that signed it."""

    link: int
    who: str
    fields: dict[str, str]
    secret: str


class OutcomeMachine(RuleBasedStateMachine):
    """Attributes, of the model:

    links: whether a tool provider signs for each, by the link's id.
    launches: the newest of each link and person, gone with the link.
    scores: of each link and person, with a None for one that was deleted.
    columns: the ids of the links that have a grade item.
    """

    site: ClassVar[Site]

    @initialize()
    def begin(self) -> None:
        self.site.lms.load("demo")
        world = self.site.lms.dump()
        rows = [PLUGIN | {"id": n, "title": kind, "plugin": kind} for n, kind in enumerate(PLUGINS, 901)]
        world["brightspace"]["legacy_links"] = rows
        self.site.lms.load(world)
        self.sign_in()
        assert self.api.post(PROVIDERS, json=PROVIDER).status_code == 200
        self.links = {901: False, 902: False}
        self.launches = dict[tuple[int, str], Launched]()
        self.scores = dict[tuple[int, str], float | None]()
        self.columns = set[int]()
        self.launch(0, "student")
        self.replace(0, 0.5)

    def sign_in(self) -> None:
        scope = "core:*:* lti:links:* grades:*:*"
        self.api = self.site.api(self.site.tokens("instructor", scope=scope)["access_token"])
        self.browsers = {who: at_brightspace.signed_in(self.site, who) for who in ("student", "other_student")}

    def some(self, number: int) -> Launched:
        return list(self.launches.values())[number % len(self.launches)]

    @rule(by_provider=st.booleans())
    def place(self, by_provider: bool) -> None:
        body = LINK | {"SignWithTc": by_provider, "SendUserId": True}
        self.links[self.api.post(LINKS, json=body).json()["LtiLinkId"]] = by_provider

    @precondition(lambda self: any(link > 902 for link in self.links))
    @rule(number=PICK)
    def remove(self, number: int) -> None:
        """What was launched from a removed link reports no more; its grade item stays."""
        own = [value for value in self.links if value > 902]
        link = own[number % len(own)]
        assert self.api.delete(f"{LE}/link/{link}").status_code == 200
        del self.links[link]
        self.columns.discard(link)
        for key in [key for key in self.launches if key[0] == link]:
            ended = self.launches.pop(key)
            self.scores.pop(key, None)
            assert not outcome(ended.fields, ended.secret).post_replace_result(1).is_success()

    @rule(number=PICK, who=PEOPLE)
    def launch(self, number: int, who: str) -> None:
        link = list(self.links)[number % len(self.links)]
        fields = form(self.browsers[who].get(f"/d2l/le/lti/6836/launch/{link}").text)[1]
        by_provider = self.links[link]
        key, secret = ("provider-key", "provider-secret") if by_provider else ("link-key", "link-secret")
        assert fields["oauth_consumer_key"] == key
        assert holds(fields, secret)
        before = self.launches.get((link, who))
        assert before is None or before.fields["lis_result_sourcedid"] == fields["lis_result_sourcedid"]
        others = [item.fields["lis_result_sourcedid"] for item in self.launches.values() if item is not before]
        assert fields["lis_result_sourcedid"] not in others
        self.launches[link, who] = Launched(link, who, fields, secret)

    @precondition(lambda self: self.launches)
    @rule(number=PICK, score=SCORES)
    def replace(self, number: int, score: float) -> None:
        launch = self.some(number)
        assert outcome(launch.fields, launch.secret).post_replace_result(score).is_success()
        self.scores[launch.link, launch.who] = score
        self.columns.add(launch.link)

    @precondition(lambda self: self.launches)
    @rule(number=PICK)
    def delete(self, number: int) -> None:
        launch = self.some(number)
        assert outcome(launch.fields, launch.secret).post_delete_result().is_success()
        self.scores[launch.link, launch.who] = None

    @precondition(lambda self: self.launches)
    @rule(number=PICK, wrong=st.sampled_from(["secret", "key", "body", "time", "score", "sourcedid", "operation"]))
    def report_wrongly(self, number: int, wrong: str) -> None:
        launch = self.some(number)
        changes: dict[str, Any] = {
            "secret": {"secret": "another"},
            "key": {"key": "nobody"},
            "body": {"sent": envelope(launch.fields, 1)},
            "time": {"age": 6000},
        }.get(wrong, {})
        body = envelope(launch.fields, "9" if wrong == "score" else "0.75")
        body = body.replace(launch.fields["lis_result_sourcedid"], "x") if wrong == "sourcedid" else body
        body = body.replace("replaceResult", "eraseResult") if wrong == "operation" else body
        sent = {"key": launch.fields["oauth_consumer_key"], "secret": launch.secret} | changes
        if launch.fields["oauth_signature_method"] == "HMAC-SHA256":
            sent["signature_method"] = "HMAC-SHA256"
        answer = send(self.site, launch.fields["lis_outcome_service_url"], body, **sent)
        assert answer.status_code == (401 if changes else 200)
        assert status_of(answer)["imsx_codeMajor"] == ("unsupported" if wrong == "operation" else "failure")

    @precondition(lambda self: self.launches)
    @rule(number=PICK)
    def report_twice(self, number: int) -> None:
        """The same request again is a replay."""
        launch = self.some(number)
        url = launch.fields["lis_outcome_service_url"]
        sent = {"key": launch.fields["oauth_consumer_key"], "secret": launch.secret}
        nonce = f"n{self.site.lms.requests.last.id}"
        codes = [send(self.site, url, envelope(launch.fields, 1), nonce=nonce, **sent).status_code for _ in range(2)]
        assert codes == [200, 401]
        self.scores[launch.link, launch.who] = 1
        self.columns.add(launch.link)

    @rule()
    def load_what_was_dumped(self) -> None:
        self.site.lms.load(self.site.lms.dump())
        self.sign_in()

    @invariant()
    def the_gradebook_is_as_the_model_says(self) -> None:
        if not hasattr(self, "columns"):
            return
        rows = self.site.lms.dump()["brightspace"]["grade_objects"]
        columns = {row["legacy_link_id"]: row["id"] for row in rows if row.get("legacy_link_id")}
        assert set(columns) == self.columns
        for (link, who), score in self.scores.items():
            launch = self.launches[link, who]
            assert outcome(launch.fields, launch.secret).post_read_result().score in (
                [f"{score:g}"] if score is not None else [None, ""]
            )
            if link not in columns:
                assert score is None
                continue
            person = getattr(self.site.info, who).id
            value = self.api.get(f"{GRADES}{columns[link]}/values/{person}")
            points = value.json()["PointsNumerator"] if value.status_code == 200 else None
            assert points == (score * 100 if score is not None else None)
