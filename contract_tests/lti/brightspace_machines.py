"""Machines for what Brightspace's tools do besides launches (notices, asset processors, terms), and for the REST API
that manages registrations, deployments, sharing rules and LTI 1.1 links.

Nobody outside of D2L can run a Brightspace, so each machine holds the emulator to a model of 1EdTech's specifications
and of D2L's reference.
"""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256
from typing import Any, ClassVar

import httpx
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from contract_tests.brightspace import lti as at_brightspace
from contract_tests.brightspace import processing
from contract_tests.brightspace.support import Site
from contract_tests.brightspace.test_legacy_tools import LINK
from contract_tests.brightspace.test_tool_deployments import DEPLOYMENTS, LE, REGISTRATIONS, wanted
from contract_tests.lti.service_machines import DAYS, PICK, TEXTS
from contract_tests.lti_tool import LAUNCH, LOGIN, KeySite, Tool
from lms_emulator.signing import jwk, jwt, lti13

COPY, WORK = lti13.CONTEXT_COPY_NOTICE, lti13.SUBMISSION_NOTICE
TARGET = {"SourceOrgUnitId": 6838, "Components": ["News"]}
OLD = "/d2l/api/le/1.79/lti/link"
UNITS = st.sampled_from([6836, 6837, 6838])


class ProcessorMachine(RuleBasedStateMachine):
    """An asset processor of an essay, with notices and terms.

    Attributes, of the model:
        heard: the kinds of notice that the tool asked for; `due`, how many of each it must have got.
        texts: what each asset holds, by its id.
        reports: the newest of each asset and kind: its day, and whether the student sees it.
        word: what the student last said of the terms, and on which day; `needed`, whether they are asked.
    """

    site: ClassVar[Site]
    tool: ClassVar[Tool]
    keys: ClassVar[KeySite]

    @initialize(anonymous=st.booleans())
    def begin(self, anonymous: bool) -> None:
        self.site.lms.reset()
        processing.with_processor(self.site, anonymous=anonymous)
        self.teacher, self.student = (at_brightspace.signed_in(self.site, who) for who in ("instructor", "student"))
        self.api = processing.caller(self.site, self.tool)
        said = processing.message(self.site, self.tool, processing.TERMS, "student")
        self.handlers = said["platformnotificationservice"]["platform_notification_service_url"]
        self.terms, self.sub = said["eulaservice"]["url"], said["sub"]
        assert (self.sub == at_brightspace.ADA) is not anonymous
        self.heard, self.due = set[str](), {COPY: 0, WORK: 0}
        self.texts, self.works = dict[str, bytes](), list[str]()
        self.reports = dict[tuple[str, str], tuple[int, bool]]()
        self.word: tuple[bool, int] | None = None
        self.needed = True
        self.ask_for_notices(WORK, True)
        self.hand_in("<p>a</p>", False)
        for day in (2, 1):
            self.report(0, "originality", day, True)

    def newly(self, kind: str) -> list[dict[str, Any]]:
        """The notices that must have come since the last look, with their signatures checked."""
        self.due[kind] += kind in self.heard
        public = jwk.KeySet.from_jwks(httpx.get(self.tool.seat.keys_url).json())
        now, found = self.site.lms.clock.now.timestamp(), []
        for sent in self.site.lms.outbox.webhooks:
            if sent.kind == kind:
                (notice,) = sent.data["notices"]
                client = at_brightspace.CLIENT
                claims = jwt.verify(notice["jwt"], public, algorithms=["RS256"], now=now, audience=client)
                found.append(processing.short(claims))
        assert len(found) == self.due[kind]
        return found[len(found) - (kind in self.heard) :]

    @rule(kind=st.sampled_from([COPY, WORK]), on=st.booleans())
    def ask_for_notices(self, kind: str, on: bool) -> None:
        sent = {"notice_type": kind, "handler": f"{self.keys.url}/told" if on else ""}
        answer = self.api.put(self.handlers, json=sent)
        assert (answer.status_code, answer.json()) == (200, sent)
        (self.heard.add if on else self.heard.discard)(kind)

    @rule(wrong=st.sampled_from(["kind", "url", "scope"]))
    def ask_wrongly(self, wrong: str) -> None:
        sent = {"notice_type": WORK, "handler": f"{self.keys.url}/told"}
        sent |= {"kind": {"notice_type": "LtiOther"}, "url": {"handler": "told"}}.get(wrong, {})
        rosters = processing.caller(self.site, self.tool, lti13.SCOPE_MEMBERSHIP)
        api = rosters if wrong == "scope" else self.api
        assert api.put(self.handlers, json=sent).status_code == (403 if wrong == "scope" else 400)

    @rule()
    def copy_a_course(self) -> None:
        assert self.site.instructor.post("/d2l/api/le/1.79/import/6836/copy/", json=TARGET).status_code == 200
        for item in self.newly(COPY):
            assert (item["context"]["id"], item["origin_contexts"]) == ("6836", ["6838"])

    @rule(text=TEXTS, file=st.booleans())
    def hand_in(self, text: str, file: bool) -> None:
        data = text.encode()
        if file:
            assert processing.submit_file(self.site, data).status_code == 200
        else:
            browser = self.student
            assert browser.submit(browser.get(processing.PAGE), text=text).status_code == 302
        for notice in self.newly(WORK):
            assert notice["for_user"] == {"user_id": self.sub}
            (asset,) = notice["assetservice"]["assets"]
            assert (asset["size"], asset["sha256_checksum"]) == (len(data), b64encode(sha256(data).digest()).decode())
            assert ("filename" in asset) is file
            assert self.api.get(asset["url"]).content == data
            self.texts[asset["asset_id"]] = data
            self.url = notice["assetreport"]["report_url"]

    @precondition(lambda self: self.texts)
    @rule(number=PICK, kind=st.sampled_from(["originality", "ai"]), day=DAYS, shown=st.booleans())
    def report(self, number: int, kind: str, day: int, shown: bool) -> None:
        asset = list(self.texts)[number % len(self.texts)]
        before = self.reports.get((asset, kind))
        sent = processing.REPORT | {"type": kind, "assetId": asset, "visibleToOwner": shown}
        sent["timestamp"] = f"2026-11-0{day}T10:00:00Z"
        answer = self.api.post(self.url, json=sent)
        if before is not None and day < before[0]:
            assert answer.status_code == 409
        else:
            assert (answer.status_code, answer.json()) == (201, sent)
            self.reports[asset, kind] = day, shown
        assert self.student.get(self.page(asset, kind)).status_code == (200 if self.reports[asset, kind][1] else 403)

    def page(self, asset: str, kind: str) -> str:
        """The page of a report."""
        rows = self.site.lms.dump()["brightspace"]["asset_reports"]
        row = next(item for item in rows if (item["asset_id"], item["report_type"]) == (asset, kind))
        return f"{processing.ONE}/reports/{row['id']}"

    @precondition(lambda self: self.texts)
    @rule(wrong=st.sampled_from([{"assetId": "none"}, {"priority": 6}, {"timestamp": "soon"}, {"title": ""}]))
    def report_wrongly(self, wrong: dict[str, Any]) -> None:
        sent = processing.REPORT | {"assetId": next(iter(self.texts))} | wrong
        assert self.api.post(self.url, json=sent).status_code == 400

    @precondition(lambda self: self.reports)
    @rule(number=PICK)
    def open_a_report(self, number: int) -> None:
        """Teachers see all, the learner what is visible to its owner."""
        asset, kind = list(self.reports)[number % len(self.reports)]
        page = self.page(asset, kind)
        said = processing.claims_of(self.teacher, self.tool, page)
        assert (said["message_type"], said["asset"], said["assetreport_type"]) == (
            lti13.REPORT_REVIEW_REQUEST,
            {"id": asset},
            kind,
        )
        assert said["for_user"] == {"user_id": self.sub}
        shown = self.reports[asset, kind][1]
        assert self.student.get(page).status_code == (200 if shown else 403)
        assert (page in self.student.get(processing.PAGE).text) is shown

    @rule(accepted=st.booleans(), day=DAYS)
    def say_of_the_terms(self, accepted: bool, day: int) -> None:
        sent = {"userId": self.sub, "accepted": accepted, "timestamp": f"2026-11-0{day}T10:00:00Z"}
        late = self.word is None or day > self.word[1]
        assert self.api.post(f"{self.terms}/user", json=sent).status_code == (201 if late else 409)
        self.word = (accepted, day) if late else self.word

    @rule()
    def forget_the_terms(self) -> None:
        assert self.api.delete(f"{self.terms}/user").status_code == 204
        self.word = None

    @rule(needed=st.booleans())
    def need_the_terms(self, needed: bool) -> None:
        assert self.api.put(f"{self.terms}/deployment", json={"eulaRequired": needed}).status_code == 200
        self.needed = needed

    @invariant()
    def the_model_holds(self) -> None:
        if not hasattr(self, "needed"):
            return
        found = self.api.get(self.handlers).json()["notice_handlers"]
        assert {item["notice_type"] for item in found} == {COPY, WORK}
        assert {item["notice_type"] for item in found if item["handler"]} == self.heard
        rows = self.site.lms.dump()["brightspace"].get("asset_reports", [])
        assert {(row["asset_id"], row["report_type"]) for row in rows} == set(self.reports)
        asked = self.needed and not (self.word is not None and self.word[0])
        assert (processing.TERMS in self.student.get(processing.PAGE).text) is asked


class ManagementMachine(RuleBasedStateMachine):
    """Registrations, deployments with sharing, and LTI 1.1 links, made by an administrator at the REST API.

    Attributes, of the model:
        tools: whether each registration is enabled, by its client id; `names` and `domains`, what it has.
        deployed: of each deployment, its registration, and whether it is enabled.
        shared: the rules of each deployment: whom, itself and below, by org unit.
        links: the organization's link to each deployment; `old`, of LTI 1.1, whether each is visible.
        old_shared: the rules of each link of LTI 1.1, as in `shared`.
    """

    site: ClassVar[Site]
    tool: ClassVar[Tool]
    keys: ClassVar[KeySite]

    @initialize()
    def begin(self) -> None:
        self.site.lms.reset()
        self.student = at_brightspace.signed_in(self.site)
        scope = "ltiadvantage:*:* lti:links:* core:*:*"
        self.api = self.site.api(self.site.tokens("administrator", scope=scope)["access_token"])
        self.teacher = self.site.api(self.site.tokens("instructor", scope=scope)["access_token"])
        self.tools, self.names, self.domains = dict[str, bool](), dict[str, str](), dict[str, str]()
        self.deployed, self.links = dict[str, tuple[str, bool]](), dict[str, int]()
        self.shared, self.old = dict[str, dict[int, tuple[bool, bool]]](), dict[int, bool]()
        self.old_shared = dict[int, dict[int, tuple[bool, bool]]]()
        self.register("One", "https://a.example", True, 0, False)
        self.deploy(0, True)
        self.share(0, 6836, True, False, False)
        self.share(0, 6837, False, True, False)

    NAMES = st.sampled_from(["One", "Two", "Three"])
    DOMAINS = st.sampled_from(["https://a.example", "https://b.example"])

    def taken(self, name: str, domain: str, on: bool, own: str = "") -> bool:
        others = [client for client in self.tools if client != own]
        rivals = [client for client in others if self.tools[client] and self.domains[client] == domain]
        return name in [self.names[client] for client in others] or (on and bool(rivals))

    @rule(name=NAMES, domain=DOMAINS, on=st.booleans(), number=PICK, again=st.booleans())
    def register(self, name: str, domain: str, on: bool, number: int, again: bool) -> None:
        """A new registration, or a change of one."""
        body = wanted(self.keys.url, Name=name, Domain=domain, IsEnabled=on)
        own = list(self.tools)[number % len(self.tools)] if again and self.tools else ""
        answer = self.api.put(f"{REGISTRATIONS}{own}", json=body) if own else self.api.post(REGISTRATIONS, json=body)
        if self.taken(name, domain, on, own):
            assert answer.status_code == 400
            return
        said = answer.json()
        assert (said["Name"], said["IsEnabled"], said["RedirectUrls"]) == (name, on, [LAUNCH])
        client = said["ClientId"]
        assert client == (own or client)
        self.tools[client], self.names[client], self.domains[client] = on, name, domain

    @precondition(lambda self: self.tools)
    @rule(number=PICK)
    def forget(self, number: int) -> None:
        client = list(self.tools)[number % len(self.tools)]
        assert self.api.delete(f"{REGISTRATIONS}{client}").status_code == 200
        del self.tools[client], self.names[client], self.domains[client]
        for deployment in [key for key, (owner, _) in self.deployed.items() if owner == client]:
            self.drop(deployment)

    def drop(self, deployment: str) -> None:
        del self.deployed[deployment], self.shared[deployment], self.links[deployment]

    @precondition(lambda self: self.tools)
    @rule(number=PICK, on=st.booleans())
    def deploy(self, number: int, on: bool) -> None:
        client = list(self.tools)[number % len(self.tools)]
        body = {"Name": "D", "ClientId": client, "IsEnabled": on, "EnabledExtensions": [1, 3]}
        said = self.api.post(DEPLOYMENTS, json=body).json()
        assert said["IsAvailable"] is (on and self.tools[client])
        machine = said["DeploymentId"]
        self.deployed[machine], self.shared[machine] = (client, on), {}
        link = {"DeploymentId": machine, "Name": "L", "URL": LAUNCH, "Type": 1}
        self.links[machine] = self.api.post(f"{LE}/links/organization/", json=link).json()["LinkId"]

    @precondition(lambda self: self.deployed)
    @rule(number=PICK, on=st.booleans(), away=st.booleans())
    def change_a_deployment(self, number: int, on: bool, away: bool) -> None:
        deployment = list(self.deployed)[number % len(self.deployed)]
        if away:
            assert self.api.delete(f"{DEPLOYMENTS}{deployment}").status_code == 200
            self.drop(deployment)
            return
        client = self.deployed[deployment][0]
        body = {"Name": "E", "ClientId": client, "IsEnabled": on}
        assert self.api.put(f"{DEPLOYMENTS}{deployment}", json=body).json()["Name"] == "E"
        self.deployed[deployment] = client, on

    @precondition(lambda self: self.deployed)
    @rule(number=PICK, unit=UNITS | st.just(6606), itself=st.booleans(), below=st.booleans(), away=st.booleans())
    def share(self, number: int, unit: int, itself: bool, below: bool, away: bool) -> None:
        deployment = list(self.deployed)[number % len(self.deployed)]
        where = f"{DEPLOYMENTS}{deployment}/sharing/"
        if away:
            known = self.shared[deployment].pop(unit, None) is not None
            assert self.api.delete(f"{where}{unit}").status_code == (200 if known else 404)
            return
        body = {"SharingOrgUnitId": unit, "ShareWithOrgUnit": itself, "ShareWithDescendants": below}
        assert self.api.post(where, json=body).json() == body
        self.shared[deployment][unit] = itself, below

    @staticmethod
    def reaches(rules: dict[int, tuple[bool, bool]], unit: int) -> bool:
        return rules.get(unit, (False, False))[0] or rules.get(6606, (False, False))[1]

    @invariant()
    def links_open_where_they_are_shared(self) -> None:
        """While the deployment and its registration are enabled."""
        for key, (client, on) in getattr(self, "deployed", {}).items():
            for unit in (6836, 6837):
                page = self.student.get(f"/d2l/le/lti/{unit}/launch/exu-{self.links[key]}_6606")
                opens = on and self.tools[client] and self.reaches(self.shared[key], unit)
                assert (page.status_code == 200 and LOGIN in page.text) is opens

    @precondition(lambda self: self.tools)
    @rule(number=PICK)
    def ask_for_a_token(self, number: int) -> None:
        client = list(self.tools)[number % len(self.tools)]
        moment = self.site.lms.clock.now.timestamp()
        signed = at_brightspace.assertion(self.site, self.tool, iss=client, sub=client, jti=f"{client}{moment}")
        assert (at_brightspace.service(self.site, signed).status_code == 200) is self.tools[client]

    @rule(visible=st.booleans(), number=PICK, away=st.booleans())
    def link_of_lti_1(self, visible: bool, number: int, away: bool) -> None:
        if (away and self.old) or len(self.old) == 3:
            link = list(self.old)[number % len(self.old)]
            assert self.teacher.delete(f"{OLD}/{link}").status_code == 200
            assert self.teacher.get(f"{OLD}/6836/{link}").status_code == 404
            del self.old[link], self.old_shared[link]
            return
        made = self.teacher.post(f"{OLD}/6836", json=LINK | {"IsVisible": visible}).json()["LtiLinkId"]
        self.old[made], self.old_shared[made] = visible, {}

    @precondition(lambda self: self.old)
    @rule(number=PICK, visible=st.booleans())
    def change_a_link_of_lti_1(self, number: int, visible: bool) -> None:
        link = list(self.old)[number % len(self.old)]
        assert self.teacher.put(f"{OLD}/{link}", json=LINK | {"IsVisible": visible}).status_code == 200
        assert self.teacher.get(f"{OLD}/6836/{link}").json()["IsVisible"] is visible
        self.old[link] = visible

    @precondition(lambda self: self.old)
    @rule(
        number=PICK, unit=st.sampled_from([6837, 6606]), itself=st.booleans(), below=st.booleans(), away=st.booleans()
    )
    def share_a_link_of_lti_1(self, number: int, unit: int, itself: bool, below: bool, away: bool) -> None:
        link = list(self.old)[number % len(self.old)]
        where, rules = f"{OLD}/6836/{link}/sharing/", self.old_shared[link]
        if away:
            known = rules.pop(unit, None) is not None
            assert self.teacher.delete(f"{where}{unit}").status_code == (200 if known else 404)
            return
        body = {"SharingOrgUnitId": unit, "ShareWithOrgUnit": itself, "ShareWithDescendants": below}
        assert self.teacher.post(where, json=body | {"DescendantsTypes": []}).status_code == 200
        rules[unit] = itself, below

    @precondition(lambda self: self.old)
    @rule(number=PICK)
    def open_a_quicklink(self, number: int) -> None:
        link = list(self.old)[number % len(self.old)]
        said = self.teacher.post(f"/d2l/api/le/1.79/lti/quicklink/6836/{link}").json()
        page = self.student.follow(self.student.get(said["PublicUrl"].replace("{orgUnitId}", "6836")))
        assert page.status_code == (200 if self.old[link] else 404)

    @precondition(lambda self: self.links)
    @rule(number=PICK, name=st.sampled_from(["M", "N"]), away=st.booleans())
    def change_a_link_of_the_organization(self, number: int, name: str, away: bool) -> None:
        """A link that is made anew is another one."""
        deployment, link = list(self.links.items())[number % len(self.links)]
        every = f"{LE}/links/organization/"
        body = {"DeploymentId": deployment, "Name": name, "URL": LAUNCH, "Type": 1}
        assert self.api.put(f"{every}{link}", json=body).json()["Name"] == name
        assert self.api.get(f"{every}{link}").json()["Name"] == name
        if away:
            assert self.api.delete(f"{every}{link}").status_code == 200
            assert self.api.get(f"{every}{link}").status_code == 404
            self.links[deployment] = self.api.post(every, json=body).json()["LinkId"]
            assert self.links[deployment] != link

    @invariant()
    def the_lists_are_as_the_model_says(self) -> None:
        if not hasattr(self, "old"):
            return
        rows = self.api.get(REGISTRATIONS).json()["Objects"]
        assert {r["ClientId"]: r["IsEnabled"] for r in rows if r["ClientId"] in self.tools} == self.tools
        assert len(rows) == len(self.tools) + 2
        rows = self.api.get(f"{DEPLOYMENTS}?isAvailable=true").json()["Objects"]
        available = {key for key, (client, on) in self.deployed.items() if on and self.tools[client]}
        assert {r["DeploymentId"] for r in rows} - available == self.own
        assert available <= {r["DeploymentId"] for r in rows}
        for deployment, rules in self.shared.items():
            shown = self.api.get(f"{DEPLOYMENTS}{deployment}/sharing/").json()["Objects"]
            found = {r["SharingOrgUnitId"]: (r["ShareWithOrgUnit"], r["ShareWithDescendants"]) for r in shown}
            assert found == rules
        links = self.teacher.get(f"{OLD}/6836/").json()
        assert {link["LtiLinkId"]: link["IsVisible"] for link in links} == self.old
        for number, visible in self.old.items():
            shared = self.old_shared[number]
            for unit, here in ((6836, True), (6837, self.reaches(shared, 6837))):
                page = self.student.get(f"/d2l/le/lti/{unit}/launch/{number}")
                assert page.status_code == (200 if visible and here else 404)
            shown = self.teacher.get(f"{OLD}/6836/{number}/sharing/").json()
            assert {r["SharingOrgUnitId"]: (r["ShareWithOrgUnit"], r["ShareWithDescendants"]) for r in shown} == shared

    @property
    def own(self) -> set[str]:
        """The deployments of the demo world and of the tool that the tests add."""
        return {
            "d1d1d1d1-0000-4000-8000-00000000de01",
            "d2d2d2d2-0000-4000-8000-00000000de02",
            at_brightspace.DEPLOYMENT,
        }
