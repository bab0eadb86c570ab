"""A machine for collaborations at Canvas: a tool is asked for a document, its members open it, the tool changes it.

The model is Canvas's source: nobody runs a Canvas beside the tests.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any, ClassVar

import httpx
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from contract_tests.canvas.lti import OPEN, signed_in
from contract_tests.canvas.support import Site
from contract_tests.canvas.test_collaborations import ALL, ITEM, MEMBERS, PLACE, kept, token, with_collaborations
from contract_tests.lti.service_machines import PICK, claims_of
from contract_tests.lti_tool import LAUNCH, KeySite, Tool
from lms_emulator.signing import lti13

TITLES = st.text("ab é日<", min_size=1, max_size=6).map(lambda text: f"x{text}x")
PEOPLE = st.sets(st.sampled_from(["student", "other_student"]))
WHO = st.sampled_from(["teacher", "student", "other_student"])
TEAM = "0471000000000000000000000000000000000471"
"""The id by which tools know the team."""
PERSONS = {"teacher": 103, "student": 101, "other_student": 102}
TOKENS = {who: f"1~CollaborationsOf{who}".ljust(66, "0") for who in PERSONS}


@dataclass(kw_only=True)
class Document:
    """A collaboration in the model. `people` work on it beside `author`; so does the team, where `team` is set."""

    author: str
    title: str
    url: str
    people: set[str] = field(default_factory=set)
    team: bool = False


class CollaborationMachine(RuleBasedStateMachine):
    """Attributes, of the model: `documents`, by id; `gone`, those that were deleted; `joined`, who is in the team."""

    site: ClassVar[Site]
    tool: ClassVar[Tool]
    keys: ClassVar[KeySite]
    prepared: ClassVar[dict[str, Any]]

    @staticmethod
    def world(world: dict[str, Any]) -> dict[str, Any]:
        """The world with the tool's placement, a team without members, and a token for each person."""
        section = with_collaborations(world)["canvas"]
        day = {"created_at": "2026-09-01T08:00:00Z"}
        section["group_categories"] = [{"id": 1, "context_id": 1, "name": "Teams"} | day]
        section["groups"] = [{"id": 1, "group_category_id": 1, "name": "Owls", "lti_context_id": TEAM} | day]
        like = section["access_tokens"][0]
        section["access_tokens"] += [
            {**like, "id": 900 + n, "user_id": user, "token": TOKENS[who]}
            for n, (who, user) in enumerate(PERSONS.items())
        ]
        return world

    @initialize()
    def begin(self) -> None:
        self.site.lms.load(self.prepared)
        self.names = {who: getattr(self.site.info, who).lti_id for who in TOKENS}
        self.documents, self.gone, self.joined = dict[int, Document](), set[int](), set[str]()
        self.sign_in()

    def sign_in(self) -> None:
        self.browsers = {who: signed_in(self.site, who) for who in TOKENS}
        self.apis = {who: self.site.api(held) for who, held in TOKENS.items()}

    def pick(self, number: int) -> tuple[int, Document]:
        return list(self.documents.items())[number % len(self.documents)]

    def item(self, title: str, people: set[str], *, team: bool) -> dict[str, Any]:
        """A content item of the tool's."""
        said = {"users": [self.names[who] for who in people], "groups": [TEAM] if team else []}
        return {
            **ITEM,
            "url": f"{LAUNCH}?title={len(title)}",
            "title": title,
            "updateUrl": f"{LAUNCH}?edit",
            MEMBERS: said,
        }

    def works_on(self, who: str, document: Document) -> bool:
        return who in ("teacher", document.author, *document.people) or (document.team and who in self.joined)

    @staticmethod
    def runs(who: str, document: Document) -> bool:
        """Whether somebody may change and delete a document."""
        return who in ("teacher", document.author)

    # making and changing

    @rule(by=WHO, title=TITLES, people=PEOPLE, team=st.booleans(), confirms=st.booleans())
    def choose(self, by: str, title: str, people: set[str], team: bool, confirms: bool) -> None:
        """Canvas asks the tool, takes the item of its answer, and tells it so where it wants to know."""
        asked = self.asked(by, f"{OPEN}/resource_selection?placement=collaboration")
        item = self.item(title, people, team=team) | ({"confirmUrl": f"{self.keys.url}/confirm"} if confirms else {})
        shown = self.answered(by, asked, item)
        assert shown.get("service_id") is None
        (given,) = shown["content_items"]
        assert {name: given[name] for name in item} == item
        self.keys.posted.clear()
        made = kept(self.browsers[by], given)
        assert made.status_code == 200, made.text
        assert self.keys.posted == [b""] * confirms
        body = made.json()["collaboration"]
        assert body["resource_link_lookup_uuid"] == given["lookup_uuid"]
        assert body["id"] not in {*self.documents, *self.gone}
        self.documents[body["id"]] = Document(author=by, title=title, url=item["url"], people=people, team=team)

    def asked(self, by: str, page: str) -> dict[str, Any]:
        found = claims_of(self.browsers[by], self.tool, page)
        assert found["message_type"] == lti13.DEEP_LINKING_REQUEST
        return found

    def answered(self, by: str, asked: dict[str, Any], item: dict[str, Any]) -> dict[str, Any]:
        """What Canvas's page hands on of the tool's answer."""
        settings = asked[f"{lti13.DL_CLAIM}deep_linking_settings"]
        assert (settings["accept_multiple"], settings["auto_create"]) == (False, True)
        now = int(self.site.lms.clock.now.timestamp())
        claims = {
            "iss": asked["aud"], "aud": asked["iss"], "iat": now, "exp": now + 60, "nonce": f"n{now}",
            f"{lti13.CLAIM}message_type": lti13.DEEP_LINKING_RESPONSE, f"{lti13.CLAIM}version": "1.3.0",
            f"{lti13.CLAIM}deployment_id": asked["deployment_id"], f"{lti13.DL_CLAIM}content_items": [item],
        }  # fmt: skip
        page = self.browsers[by].http.post(settings["deep_link_return_url"], data={"JWT": self.tool.sign(claims)})
        assert page.status_code == 200, page.text
        found = re.search(r'"deep_link_response":\s*', page.text)
        assert found is not None, page.text
        return dict(json.JSONDecoder().raw_decode(page.text, found.end())[0])

    @rule(by=WHO, wrong=st.sampled_from(["title", "url"]))
    def choose_wrongly(self, by: str, wrong: str) -> None:
        """What is refused makes nothing, and the tool does not hear that its item was taken."""
        self.keys.posted.clear()
        item = self.item("Refused", set(), team=False) | {wrong: "", "confirmUrl": f"{self.keys.url}/confirm"}
        assert kept(self.browsers[by], item).status_code == 400
        assert self.keys.posted == []

    @precondition(lambda self: self.documents)
    @rule(number=PICK, by=WHO, title=TITLES, people=PEOPLE, team=st.booleans())
    def change_in_the_tool(self, number: int, by: str, title: str, people: set[str], team: bool) -> None:
        """The tool is opened to change a document; it hears where the members are, and which document it was. Who
        changes it becomes its author."""
        document_id, document = self.pick(number)
        page = (
            f"{PLACE}/external_tools/retrieve?content_item_id={document_id}&placement=collaboration&url={LAUNCH}?edit"
        )
        asked = self.asked(by, page)
        assert asked["custom"]["members"] == f"{self.site.url}/api/v1/collaborations/{document_id}/members"
        shown = self.answered(by, asked, self.item(title, people, team=team))
        assert shown["service_id"] == document_id
        status = kept(self.browsers[by], shown["content_items"][0], document_id).status_code
        assert (status == 200) is self.runs(by, document), status
        if status == 200:
            url = shown["content_items"][0]["url"]
            self.documents[document_id] = Document(author=by, title=title, url=url, people=people, team=team)

    @precondition(lambda self: self.documents)
    @rule(number=PICK, by=WHO, title=TITLES, people=PEOPLE, team=st.booleans())
    def change_by_form(self, number: int, by: str, title: str, people: set[str], team: bool) -> None:
        document_id, document = self.pick(number)
        form = {
            "_method": "put", "authenticity_token": token(self.browsers[by]), "collaboration[title]": title,
            "user[]": [str(PERSONS[who]) for who in people], "group[]": ["1"] if team else [],
        }  # fmt: skip
        answer = self.browsers[by].http.post(f"{self.site.url}{PLACE}/collaborations/{document_id}", data=form)
        assert answer.is_redirect is self.runs(by, document), answer.status_code
        if answer.is_redirect:
            document.title, document.people, document.team = title, people, team

    @precondition(lambda self: self.documents)
    @rule(number=PICK, by=WHO, rest=st.booleans())
    def delete(self, number: int, by: str, rest: bool) -> None:
        document_id, document = self.pick(number)
        if rest:
            status = self.apis[by].delete(f"{ALL}/{document_id}").status_code
        else:
            form = {"_method": "delete", "authenticity_token": token(self.browsers[by])}
            status = (
                self.browsers[by]
                .http.post(f"{self.site.url}{PLACE}/collaborations/{document_id}", data=form)
                .status_code
            )
        assert (status in (200, 302)) is self.runs(by, document), status
        if status in (200, 302):
            del self.documents[document_id]
            self.gone.add(document_id)

    @rule(who=st.sampled_from(["student", "other_student"]))
    def join_the_team(self, who: str) -> None:
        answer = self.apis["teacher"].post("/api/v1/groups/1/memberships", json={"user_id": PERSONS[who]})
        assert answer.status_code == 200, answer.text
        self.joined.add(who)

    # opening

    @precondition(lambda self: self.documents)
    @rule(number=PICK, by=WHO)
    def open(self, number: int, by: str) -> None:
        """Who works on a document opens it in the tool, at its address; nobody else does."""
        document_id, document = self.pick(number)
        answer = self.browsers[by].http.get(f"{self.site.url}{PLACE}/collaborations/{document_id}")
        assert answer.is_redirect is self.works_on(by, document), answer.text
        if answer.is_redirect:
            found = claims_of(self.browsers[by], self.tool, answer.headers["location"])
            assert found["message_type"] == lti13.RESOURCE_LINK_REQUEST
            assert (found["target_link_uri"], found["sub"]) == (document.url, self.names[by])

    @precondition(lambda self: self.documents)
    @rule(number=PICK, by=WHO)
    def read_members(self, number: int, by: str) -> None:
        document_id, document = self.pick(number)
        answer = self.apis[by].get(f"/api/v1/collaborations/{document_id}/members")
        if not self.works_on(by, document):
            assert answer.status_code in (401, 403)
            return
        found = {(row["type"], row["collaborator_id"]) for row in answer.json()}
        people = {("user", PERSONS[who]) for who in (document.author, *document.people)}
        assert found == people | ({("group", 1)} if document.team else set())

    @rule(by=WHO)
    def see_who_could_work_on_one(self, by: str) -> None:
        found = {row["id"] for row in self.apis[by].get(f"/api/v1{PLACE}/potential_collaborators").json()}
        assert found == set(PERSONS.values())

    @rule()
    def load_what_was_dumped(self) -> None:
        self.site.lms.load(self.site.lms.dump())
        self.sign_in()

    @invariant()
    def everybody_sees_their_own(self) -> None:
        if not hasattr(self, "browsers"):
            return
        for who, api in self.apis.items():
            answer: httpx.Response = api.get(ALL)
            found = {row["id"]: (row["title"], row["url"]) for row in answer.json()}
            seen = {document_id: doc for document_id, doc in self.documents.items() if self.works_on(who, doc)}
            assert found == {document_id: (doc.title, doc.url) for document_id, doc in seen.items()}, who
