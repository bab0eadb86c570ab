"""A machine for what a school does with tools at Canvas: installed and removed, opened, assigned, linked to, scored.

Tools of LTI 1.1 are installed by the REST API and score by PyPI `lti`; PyLTI1p3 is the tool behind resource links.
The model is Canvas's source: nobody runs a Canvas beside the tests.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from contract_tests.brightspace.test_legacy_outcomes import outcome
from contract_tests.canvas.lti import signed_in
from contract_tests.canvas.support import Site
from contract_tests.canvas.test_resource_links import LINKS, OWN, launch_claims
from contract_tests.canvas.test_tools import signature_of
from contract_tests.lms_site import form
from contract_tests.lti.service_machines import PICK, short
from contract_tests.lti_tool import Tool

COURSE = "/api/v1/courses/1"
PLACES = {"courses": "/api/v1/courses/1", "accounts": "/api/v1/accounts/1"}
PLACE = st.sampled_from(sorted(PLACES))
NAMES = st.text("ab é日", min_size=1, max_size=6).map(lambda text: f"x{text}x")
PRIVACY = {
    "anonymous": (False, False), "name_only": (True, False), "email_only": (False, True), "public": (True, True),
}  # fmt: skip
"""Whether names and addresses are sent."""
LEVELS = st.sampled_from(sorted(PRIVACY))
SCORES = st.sampled_from([0, 0.25, 0.5, 1])


@dataclass(kw_only=True)
class Installed:
    """A tool of LTI 1.1 in the model."""

    place: str
    name: str
    secret: str
    privacy: str


@dataclass(kw_only=True)
class Task:
    """An assignment with a tool in the model, and its student's share of the points. `fields`, of a launch."""

    tool: int
    fields: dict[str, str]
    secret: str
    score: float | None = None


class ToolMachine(RuleBasedStateMachine):
    """Attributes, of the model: `tools`, `tasks`, `links` (their level) by id; `known`, what is not ours."""

    site: ClassVar[Site]
    tool: ClassVar[Tool]

    @initialize()
    def begin(self) -> None:
        self.site.lms.reset()
        self.tools, self.tasks, self.links = dict[int, Installed](), dict[int, Task](), dict[int, str]()
        self.student, self.admin = signed_in(self.site), signed_in(self.site, "admin")
        self.known = {place: self.listed(place) for place in PLACES}
        self.made = 0

    def listed(self, place: str) -> dict[int, str]:
        rows = self.site.admin.get(f"{PLACES[place]}/external_tools?per_page=100").json()
        return {row["id"]: row["name"] for row in rows}

    def pick(self, number: int) -> tuple[int, Installed]:
        return list(self.tools.items())[number % len(self.tools)]

    # installing

    @rule(place=PLACE, name=NAMES, privacy=LEVELS)
    def install(self, place: str, name: str, privacy: str) -> None:
        self.made += 1
        body = {
            "name": name, "consumer_key": "k", "shared_secret": f"s{self.made}", "privacy_level": privacy,
            "url": f"https://t{self.made}.example.test/launch?a=1",
        } | {f"{place[:-1]}_navigation": {"enabled": True}}  # fmt: skip
        made = self.site.admin.post(f"{PLACES[place]}/external_tools", json=body)
        assert (made.status_code, made.json()["privacy_level"]) == (200, privacy), made.text
        self.tools[made.json()["id"]] = Installed(place=place, name=name, secret=f"s{self.made}", privacy=privacy)

    @rule(place=PLACE, lacking=st.sampled_from(["name", "consumer_key", "shared_secret", "url"]))
    def install_wrongly(self, place: str, lacking: str) -> None:
        body = {"name": "n", "consumer_key": "k", "shared_secret": "s", "url": "https://n.example.test/"} | {
            lacking: ""
        }
        assert self.site.admin.post(f"{PLACES[place]}/external_tools", json=body).status_code == 400
        assert self.site.student.post(f"{PLACES[place]}/external_tools", json=body).status_code in (401, 403)

    @precondition(lambda self: self.tools)
    @rule(number=PICK, name=NAMES, privacy=LEVELS)
    def change(self, number: int, name: str, privacy: str) -> None:
        tool_id, tool = self.pick(number)
        path = f"{PLACES[tool.place]}/external_tools/{tool_id}"
        assert self.site.student.put(path, json={"name": "no"}).status_code in (401, 403)
        said = self.site.admin.put(path, json={"name": name, "privacy_level": privacy}).json()
        assert (said["name"], said["privacy_level"]) == (name, privacy)
        tool.name, tool.privacy = name, privacy

    @precondition(lambda self: self.tools)
    @rule(number=PICK)
    def remove(self, number: int) -> None:
        """A removed tool opens no more, and what was launched from it reports no more."""
        tool_id, tool = self.pick(number)
        path = f"{PLACES[tool.place]}/external_tools/{tool_id}"
        assert self.site.admin.delete(path).json()["workflow_state"] == "deleted"
        assert self.site.admin.get(path).status_code == 404
        page = self.admin.get(f"/{tool.place}/1/external_tools/{tool_id}")
        assert (page.status_code, page.headers["location"]) == (302, f"{self.site.url}/{tool.place}/1")
        del self.tools[tool_id]
        for task in [number for number, task in self.tasks.items() if task.tool == tool_id]:
            ended = self.tasks.pop(task)
            assert not outcome(ended.fields, ended.secret).post_replace_result(1).is_success()

    # opening

    @precondition(lambda self: self.tools)
    @rule(number=PICK, without_session=st.booleans())
    def open(self, number: int, without_session: bool) -> None:
        """From the navigation of its place, or by an address for a browser without a session."""
        tool_id, tool = self.pick(number)
        browser = self.student if tool.place == "courses" else self.admin
        page = f"/{tool.place}/1/external_tools/{tool_id}"
        if without_session:
            client = self.site.student if tool.place == "courses" else self.site.admin
            kind = {"launch_type": "account_navigation"} if tool.place == "accounts" else {}
            answer = client.get(
                f"{PLACES[tool.place]}/external_tools/sessionless_launch", params={"id": tool_id, **kind}
            )
            browser = self.site.browser()
            page = browser.get(answer.json()["url"]).headers["location"]
        self.holds(tool, *form(browser.get(page).text))

    @staticmethod
    def holds(tool: Installed, action: str, fields: dict[str, str]) -> None:
        """The launch is signed with the tool's secret, and says of people what its privacy allows."""
        assert signature_of(action, fields, tool.secret) == fields["oauth_signature"]
        names, address = PRIVACY[tool.privacy]
        assert ("lis_person_name_full" in fields, "lis_person_contact_email_primary" in fields) == (names, address)

    # assignments and scores

    @precondition(lambda self: self.tools)
    @rule(number=PICK)
    def assign(self, number: int) -> None:
        tool_id, tool = self.pick(number)
        url = self.site.admin.get(f"{PLACES[tool.place]}/external_tools/{tool_id}").json()["url"]
        tag = {"content_type": "ContextExternalTool", "content_id": tool_id, "url": url}
        body = {"name": "Task", "points_possible": 10, "submission_types": ["external_tool"], "published": True}
        body["external_tool_tag_attributes"] = tag
        task = self.site.teacher.post(f"{COURSE}/assignments", json={"assignment": body}).json()["id"]
        action, fields = form(self.student.get(f"/courses/1/assignments/{task}").text)
        self.holds(tool, action, fields)
        others = [item.fields["lis_result_sourcedid"] for item in self.tasks.values()]
        assert fields["lis_result_sourcedid"] not in others
        self.tasks[task] = Task(tool=tool_id, fields=fields, secret=tool.secret)

    def task(self, number: int) -> Task:
        return list(self.tasks.values())[number % len(self.tasks)]

    @precondition(lambda self: self.tasks)
    @rule(number=PICK, score=SCORES)
    def score(self, number: int, score: float) -> None:
        task = self.task(number)
        assert outcome(task.fields, task.secret).post_replace_result(score).is_success()
        task.score = score

    @precondition(lambda self: self.tasks)
    @rule(number=PICK)
    def delete_a_score(self, number: int) -> None:
        task = self.task(number)
        assert outcome(task.fields, task.secret).post_delete_result().is_success()
        task.score = None

    @precondition(lambda self: self.tasks)
    @rule(number=PICK, wrong=st.sampled_from(["secret", "score", "sourcedid"]))
    def score_wrongly(self, number: int, wrong: str) -> None:
        task = self.task(number)
        fields = task.fields | ({"lis_result_sourcedid": "x"} if wrong == "sourcedid" else {})
        request = outcome(fields, "another" if wrong == "secret" else task.secret)
        assert not request.post_replace_result(9 if wrong == "score" else 0.75).is_success()

    # links of LTI 1.3

    @rule(level=st.sampled_from("12"))
    def make_a_link(self, level: str) -> None:
        sent = {"url": f"{OWN}&exercise={level}", "title": "Exercise", "custom": {"level": level}}
        made = self.site.teacher.post(LINKS, json=sent)
        assert made.status_code == 200, made.text
        self.links[made.json()["id"]] = level

    @precondition(lambda self: self.links)
    @rule(number=PICK, level=st.sampled_from("34"))
    def change_a_link(self, number: int, level: str) -> None:
        link_id = list(self.links)[number % len(self.links)]
        assert self.site.student.put(f"{LINKS}/{link_id}", json={}).status_code in (401, 403)
        assert self.site.teacher.put(f"{LINKS}/{link_id}", json={"custom": {"level": level}}).status_code == 200
        self.links[link_id] = level

    @precondition(lambda self: self.links)
    @rule(number=PICK)
    def open_a_link(self, number: int) -> None:
        link_id = list(self.links)[number % len(self.links)]
        link = self.site.teacher.get(f"{LINKS}/{link_id}").json()
        found = short(launch_claims(self.site, link, self.tool))
        assert found["custom"] == {"a": "b", "level": self.links[link_id]}
        assert found["resource_link"]["id"] == link["resource_link_uuid"]

    @precondition(lambda self: self.links)
    @rule(number=PICK)
    def delete_a_link(self, number: int) -> None:
        link_id = list(self.links)[number % len(self.links)]
        assert self.site.teacher.delete(f"{LINKS}/{link_id}").json()["workflow_state"] == "deleted"
        assert self.site.teacher.get(f"{LINKS}/{link_id}").status_code == 404
        del self.links[link_id]

    @invariant()
    def everything_is_as_the_model_says(self) -> None:
        if not hasattr(self, "made"):
            return
        for place in PLACES:
            mine = {tool_id: tool.name for tool_id, tool in self.tools.items() if tool.place == place}
            assert self.listed(place) == self.known[place] | mine
        rows = self.site.teacher.get(f"{LINKS}?per_page=100").json()
        assert {row["id"]: row["custom"]["level"] for row in rows if row["id"] in self.links} == self.links
        for number, task in self.tasks.items():
            read: Any = outcome(task.fields, task.secret).post_read_result().score
            assert read in ([None, ""] if task.score is None else [f"{task.score:g}", str(float(task.score))])
            path = f"{COURSE}/assignments/{number}/submissions/{self.site.info.student.id}"
            points = None if task.score is None else task.score * 10
            assert self.site.teacher.get(path).json()["score"] == points
