"""Machines for what else a tool does at a platform: document processors, terms and notices at Canvas, review of
submissions at Brightspace.

No platform with these can be run outside of its vendor, so each machine holds the emulator to a model: of Canvas's
source, of 1EdTech's specifications, and of D2L's guide.
"""

from __future__ import annotations

import json
from base64 import b64encode
from hashlib import sha256
from typing import Any, ClassVar

import httpx
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from contract_tests.brightspace import lti as at_brightspace
from contract_tests.brightspace.support import Site as BrightspaceSite
from contract_tests.canvas import lti as at_canvas
from contract_tests.canvas import processing
from contract_tests.canvas.support import Site as CanvasSite
from contract_tests.lms_site import Browser
from contract_tests.lti_tool import KeySite, Tool, initiation, posted
from lms_emulator.providers.canvas.lti import notices
from lms_emulator.signing import jwk, jwt, lti13

TEXTS = st.text("ab é日", min_size=1, max_size=6).map(lambda text: f"<p>{text}</p>")
DAYS = st.integers(1, 4)
PICK = st.integers(0, 5)
ESSAY = "/api/v1/courses/1/assignments/2"
HANDLERS = "/api/lti/notice-handlers/77"
SUBMITTED, CONTRIBUTED, COPIED = notices.WORK, notices.CONTRIBUTION, notices.COPY


def claims_of(browser: Browser, tool: Tool, page: str) -> dict[str, Any]:
    """The claims of the launch when somebody opens a page, without the prefix of LTI's claims."""
    _, fields = posted(browser, tool.login(initiation(browser, page)))
    return short(jwt.read(fields["id_token"]).claims)


def short(claims: dict[str, Any]) -> dict[str, Any]:
    return {name.removeprefix(lti13.CLAIM): value for name, value in claims.items()}


class ProcessorMachine(RuleBasedStateMachine):
    """A document processor of an essay and of a graded discussion, with terms and notices, at Canvas.

    Attributes, of the model:
        heard: the kinds of notice that the tool asked for; `due`, how many of each it must have got.
        living: the numbers of the essay's processors.
        texts: what each asset holds, by its id; `own`, the processor by which the tool heard of it.
        reports: the newest of each processor, asset and kind: its day, and whether the student sees it.
        word: what the student last said of the terms, and on which day.
    """

    site: ClassVar[CanvasSite]
    tool: ClassVar[Tool]
    keys: ClassVar[KeySite]
    entries: ClassVar[str]
    world = staticmethod(processing.with_processor)

    @initialize()
    def begin(self) -> None:
        self.site.lms.reset()
        self.teacher, self.student = (at_canvas.signed_in(self.site, who) for who in ("teacher", "student"))
        scopes = (processing.NOTICES, processing.ASSETS, processing.REPORTS, processing.TERMS, processing.TERMS_AT_ALL)
        self.api = processing.caller(self.site, self.tool, *scopes)
        self.heard, self.due = set[str](), dict.fromkeys((SUBMITTED, CONTRIBUTED, COPIED, notices.HELLO), 0)
        self.living, self.attempts, self.said = [5], 0, dict[str, str]()
        self.texts, self.own = dict[str, str](), dict[str, int]()
        self.reports = dict[tuple[int, str, str], tuple[int, bool]]()
        self.word: tuple[bool, int] | None = None
        self.needed = True

    # notices

    def notices_of(self, kind: str) -> list[dict[str, Any]]:
        """The notices of a kind so far, with their signatures checked."""
        public = jwk.KeySet.from_jwks(httpx.get(self.tool.seat.keys_url).json())
        now, found = self.site.lms.clock.now.timestamp(), []
        for sent in self.site.lms.outbox.webhooks:
            if sent.kind == kind:
                (notice,) = sent.data["notices"]
                claims = jwt.verify(notice["jwt"], public, algorithms=["RS256"], now=now, audience=str(at_canvas.KEY))
                found.append(short(claims))
        return found

    def newly(self, kind: str, number: int) -> list[dict[str, Any]]:
        """The notices that must have come since the last look."""
        number = number if kind in self.heard else 0
        self.due[kind] += number
        found = self.notices_of(kind)
        assert len(found) == self.due[kind]
        return found[len(found) - number :]

    @rule(kind=st.sampled_from([SUBMITTED, CONTRIBUTED, COPIED, notices.HELLO]), on=st.booleans())
    def ask_for_notices(self, kind: str, on: bool) -> None:
        handler = f"{self.keys.url}/told" if on else ""
        answer = self.api.put(HANDLERS, json={"notice_type": kind, "handler": handler})
        assert (answer.status_code, answer.json()["handler"]) == (200, handler)
        (self.heard.add if on else self.heard.discard)(kind)
        self.newly(kind, int(on and kind == notices.HELLO))

    @rule(wrong=st.sampled_from(["kind", "host", "nothing", "scope"]))
    def ask_wrongly(self, wrong: str) -> None:
        sent = {"notice_type": SUBMITTED, "handler": f"{self.keys.url}/told"}
        sent |= {"kind": {"notice_type": "LtiOther"}, "host": {"handler": "https://other.example/"}}.get(wrong, {})
        if wrong == "nothing":
            del sent["handler"]
        api = processing.caller(self.site, self.tool, processing.ASSETS) if wrong == "scope" else self.api
        assert api.put(HANDLERS, json=sent).status_code == (401 if wrong == "scope" else 400)

    @rule()
    def copy_a_course(self) -> None:
        sent = {"migration_type": "course_copy_importer", "settings": {"source_course_id": 3}}
        assert self.site.teacher.post("/api/v1/courses/1/content_migrations", json=sent).is_success
        self.site.lms.clock.advance(seconds=60)
        self.site.teacher.get("/api/v1/courses/1/content_migrations")
        for item in self.newly(COPIED, 1):
            assert item["origin_contexts"] == ["c0003c0000000000000000000000000000000003"]

    @invariant()
    def handlers_are_as_the_model_says(self) -> None:
        if hasattr(self, "needed"):
            found = self.api.get(HANDLERS).json()["notice_handlers"]
            assert {item["notice_type"] for item in found} == set(notices.TYPES)
            assert {item["notice_type"] for item in found if item["handler"]} == self.heard

    # processors and what they get

    @rule(title=st.sampled_from(["Checks", "Other"]))
    def add_a_processor(self, title: str) -> None:
        """In a browser, as the page does with the answer of a tool that was asked to choose."""
        rows: list[dict[str, Any]] = [{"existing_id": value} for value in self.living]
        item = {"context_external_tool_id": 77, "title": title, "url": f"{processing.LAUNCH}?settings={title}"}
        self.change([*rows, {"new_content_item": item}])
        kept = self.site.lms.dump()["canvas"]["asset_processors"]
        self.living.append(max(entry["id"] for entry in kept))

    @precondition(lambda self: self.living)
    @rule(number=PICK)
    def remove_a_processor(self, number: int) -> None:
        removed = self.living.pop(number % len(self.living))
        self.change([{"existing_id": value} for value in self.living])
        assert self.api.post(f"/api/lti/asset_processors/{removed}/reports", json={}).status_code == 404

    def change(self, rows: list[dict[str, Any]]) -> None:
        token = {"X-CSRF-Token": httpx.URL(f"http://x/?{self.csrf}").params["t"]}
        sent = {"assignment": {"asset_processors": rows}}
        answer = self.teacher.http.put(f"{self.site.url}{ESSAY}", json=sent, headers=token)
        assert answer.status_code == 200, answer.text

    @property
    def csrf(self) -> str:
        """As a query, which undoes the cookie's encoding."""
        return f"t={self.teacher.http.cookies['_csrf_token']}"

    @rule(text=TEXTS)
    def hand_in(self, text: str) -> None:
        sent = {"submission": {"submission_type": "online_text_entry", "body": text}}
        assert self.site.student.post(f"{ESSAY}/submissions", json=sent).status_code == 201
        self.attempts += 1
        self.take(self.newly(SUBMITTED, len(self.living)), text)

    @precondition(lambda self: self.attempts)
    @rule(by=st.sampled_from(["teacher", "student"]), number=PICK)
    def resend(self, by: str, number: int) -> None:
        if not self.living:
            return
        processor = self.living[number % len(self.living)]
        path = f"/api/lti/asset_processors/{processor}/notices/{self.site.info.student.id}/attempts/latest"
        answer = getattr(self.site, by).post(path)
        assert answer.status_code == (204 if by == "teacher" else 403), answer.text
        for notice in self.newly(SUBMITTED, int(by == "teacher")):
            assert notice["assetreport"]["report_url"].endswith(f"/{processor}/reports")

    def take(self, found: list[dict[str, Any]], text: str) -> None:
        """Each notice names the text, which its processor reads."""
        for notice in found:
            assert notice["for_user"] == {"user_id": self.site.info.student.lti_id}
            (asset,) = notice["assetservice"]["assets"]
            data = text.encode()
            assert (asset["size"], asset["sha256_checksum"]) == (len(data), b64encode(sha256(data).digest()).decode())
            assert self.api.get(asset["url"]).content == data
            self.texts[asset["asset_id"]] = text
            self.own[asset["asset_id"]] = int(notice["assetreport"]["report_url"].split("/")[-2])

    @rule(text=TEXTS)
    def write_in_the_discussion(self, text: str) -> None:
        made = self.site.student.post(self.entries, json={"message": text})
        assert made.status_code == 201, made.text
        self.said[str(made.json()["id"])] = text
        found = self.newly(CONTRIBUTED, 1)
        assert [item["contribution"]["status"] for item in found] == ["Submitted"] * len(found)
        self.take(found, text)

    @precondition(lambda self: self.said)
    @rule(number=PICK, text=TEXTS)
    def edit_in_the_discussion(self, number: int, text: str) -> None:
        entry = list(self.said)[number % len(self.said)]
        assert self.site.student.put(f"{self.entries}/{entry}", json={"message": text}).status_code == 200
        changed, self.said[entry] = text != self.said[entry], text
        self.take(self.newly(CONTRIBUTED, int(changed)), text)

    @precondition(lambda self: self.said)
    @rule(number=PICK)
    def delete_in_the_discussion(self, number: int) -> None:
        entry = list(self.said)[number % len(self.said)]
        assert self.site.student.delete(f"{self.entries}/{entry}").status_code == 204
        text = self.said.pop(entry)
        found = self.newly(CONTRIBUTED, 1)
        assert [item["contribution"]["status"] for item in found] == ["Deleted"] * len(found)
        self.take(found, text)

    # reports

    @precondition(lambda self: self.texts)
    @rule(number=PICK, kind=st.sampled_from(["originality", "ai"]), day=DAYS, shown=st.booleans())
    def report(self, number: int, kind: str, day: int, shown: bool) -> None:
        asset = list(self.texts)[number % len(self.texts)]
        processor = self.own[asset]
        before = self.reports.get((processor, asset, kind))
        sent = {
            **processing.REPORT, "type": kind, "assetId": asset, "visibleToOwner": shown,
            "timestamp": f"2026-11-0{day}T10:00:00Z",
        }  # fmt: skip
        answer = self.api.post(f"/api/lti/asset_processors/{processor}/reports", json=sent)
        if processor not in (*self.living, 6):
            assert answer.status_code == 404
        elif before is not None and day < before[0]:
            assert answer.status_code == 409
        else:
            assert (answer.status_code, answer.json()) == (201, sent)
            self.reports[processor, asset, kind] = day, shown

    @precondition(lambda self: self.texts)
    @rule(wrong=st.sampled_from(["asset", "priority", "scope", "processor"]))
    def report_wrongly(self, wrong: str) -> None:
        asset = next(iter(self.texts))
        sent = {**processing.REPORT, "assetId": "none" if wrong == "asset" else asset}
        sent |= {"priority": 6} if wrong == "priority" else {}
        api = processing.caller(self.site, self.tool, processing.ASSETS) if wrong == "scope" else self.api
        other = next((value for value in (*self.living, 6) if (value == 6) is not (self.own[asset] == 6)), 999)
        number = other if wrong == "processor" else next(iter(self.living), 6)
        status = api.post(f"/api/lti/asset_processors/{number}/reports", json=sent).status_code
        assert status in {"asset": (400,), "priority": (400, 422), "scope": (401,), "processor": (400, 404)}[wrong]

    @precondition(lambda self: self.reports)
    @rule(number=PICK)
    def open_a_report(self, number: int) -> None:
        """Graders see all, students what they are to see."""
        processor, asset, kind = list(self.reports)[number % len(self.reports)]
        rows = self.site.lms.dump()["canvas"]["asset_reports"]
        named = [(r["asset_processor_id"], r["asset_id"], r["report_type"]) for r in rows]
        page = f"/asset_processors/{processor}/reports/{rows[named.index((processor, asset, kind))]['id']}/launch"
        said = claims_of(self.teacher, self.tool, page)
        assert (said["message_type"], said["asset"]) == ("LtiReportReviewRequest", {"id": asset})
        assert said["assetreport_type"] == kind
        if not self.reports[processor, asset, kind][1]:
            assert self.student.get(page).status_code == 403
            return
        assert claims_of(self.student, self.tool, page)["for_user"]["user_id"] == self.site.info.student.lti_id

    @invariant()
    def reports_are_as_the_model_says(self) -> None:
        if hasattr(self, "needed"):
            rows = self.site.lms.dump()["canvas"]["asset_reports"]
            found = {
                (row["asset_processor_id"], row["asset_id"], row["report_type"]): row["said"]["visibleToOwner"]
                for row in rows
            }
            assert (found, len(rows)) == ({what: shown for what, (_, shown) in self.reports.items()}, len(self.reports))

    @precondition(lambda self: self.living)
    @rule(number=PICK, by=st.sampled_from(["teacher", "student"]))
    def open_settings(self, number: int, by: str) -> None:
        page = f"/asset_processors/{self.living[number % len(self.living)]}/launch"
        if by == "student":
            assert self.student.get(page).status_code == 403
            return
        said = claims_of(self.teacher, self.tool, page)
        assert said["message_type"] == "LtiAssetProcessorSettingsRequest"
        assert said["target_link_uri"].startswith(f"{processing.LAUNCH}?settings=")

    # terms

    @rule(accepted=st.booleans(), day=DAYS)
    def say_of_the_terms(self, accepted: bool, day: int) -> None:
        sent = {"userId": self.site.info.student.lti_id, "accepted": accepted}
        sent["timestamp"] = f"2026-11-0{day}T10:00:00Z"
        late = self.word is None or day > self.word[1]
        assert self.api.post(f"{processing.EULA}/user", json=sent).status_code == (201 if late else 409)
        self.word = (accepted, day) if late else self.word

    @rule()
    def forget_the_terms(self) -> None:
        assert self.api.delete(f"{processing.EULA}/user").status_code == 204
        self.word = None

    @rule(needed=st.booleans())
    def need_the_terms(self, needed: bool) -> None:
        sent = {"eulaRequired": needed}
        answer = self.api.put(f"{processing.EULA}/deployment", json=sent)
        assert (answer.status_code, answer.json()) == (200, sent)
        self.needed = needed

    @rule()
    def look_at_the_essay(self) -> None:
        """The student is asked for what is still to be accepted, and can read it; the teacher is not asked."""
        asked = self.needed and bool(self.living) and not (self.word is not None and self.word[0])
        page = self.student.get("/courses/1/assignments/2").text
        assert ("/external_tools/77/eula_launch" in page) is asked
        assert "/eula_launch" not in self.teacher.get("/courses/1/assignments/2").text
        assert claims_of(self.student, self.tool, f"{at_canvas.OPEN}/eula_launch")["message_type"] == "LtiEulaRequest"


class ReviewMachine(RuleBasedStateMachine):
    """Line items with and without `submissionReview` at Brightspace, and the launches that come of them.

    Attributes, of the model: `items`, what each line item says of reviews, by its address.
    """

    site: ClassVar[BrightspaceSite]
    tool: ClassVar[Tool]

    @initialize(names=st.booleans(), offered=st.booleans())
    def begin(self, names: bool, offered: bool) -> None:
        self.site.lms.reset()
        dump = json.loads(json.dumps(self.site.lms.dump(), default=str))
        deployment = next(d for d in dump["brightspace"]["deployments"] if d["id"] == at_brightspace.DEPLOYMENT)
        deployment |= {"send_name": names, "send_email": names}
        deployment["extensions"] = ["ags", "nrps", *(["submission_review"] if offered else [])]
        self.site.lms.load(dump)
        self.names, self.offered = names, offered
        self.teacher, self.student = (at_brightspace.signed_in(self.site, who) for who in ("instructor", "student"))
        signed = at_brightspace.assertion(self.site, self.tool)
        token = at_brightspace.service(self.site, signed, " ".join(lti13.AGS_SCOPES)).json()["access_token"]
        self.api = self.site.api(token)
        self.items = dict[str, dict[str, Any] | None]()

    REVIEWS = st.none() | st.fixed_dictionaries(
        {"reviewableStatus": st.lists(st.sampled_from(["InProgress", "Submitted", "Completed"]), max_size=2)},
        optional={
            "url": st.just(f"{processing.LAUNCH}?review=1"),
            "label": st.just("Look"),
            "custom": st.dictionaries(st.sampled_from(["how", "a"]), st.sampled_from(["big", "small"])),
        },
    )

    @rule(review=REVIEWS)
    def make(self, review: dict[str, Any] | None) -> None:
        answer = self.api.post(at_brightspace.ITEMS, json=self.body(review))
        assert (answer.status_code, answer.json().get("submissionReview")) == (201, review), answer.text
        self.items[answer.json()["id"]] = review

    @precondition(lambda self: self.items)
    @rule(number=PICK, review=REVIEWS)
    def change(self, number: int, review: dict[str, Any] | None) -> None:
        item = list(self.items)[number % len(self.items)]
        answer = self.api.put(item, json=self.body(review))
        assert (answer.status_code, answer.json().get("submissionReview")) == (200, review), answer.text
        self.items[item] = review

    @staticmethod
    def body(review: dict[str, Any] | None) -> dict[str, Any]:
        return {"label": "Essay", "scoreMaximum": 10} | ({"submissionReview": review} if review is not None else {})

    @rule(wrong=st.sampled_from(["no", 7, ["Submitted"]]))
    def make_wrongly(self, wrong: Any) -> None:
        assert (
            self.api.post(at_brightspace.ITEMS, json=self.body(None) | {"submissionReview": wrong}).status_code == 400
        )

    @precondition(lambda self: self.items)
    @rule(number=PICK)
    def delete(self, number: int) -> None:
        item = list(self.items)[number % len(self.items)]
        assert self.api.delete(item).status_code in (200, 204)
        del self.items[item]
        assert self.teacher.get(self.page(item, 169)).status_code == 404

    @staticmethod
    def page(item: str, person: int) -> str:
        return f"/d2l/le/lti/6836/review/{item.rpartition('/')[2]}/{person}"

    @precondition(lambda self: self.items)
    @rule(number=PICK, by=st.sampled_from(["teacher", "student"]), person=st.sampled_from([169, 172]))
    def review(self, number: int, by: str, person: int) -> None:
        """Only teachers see a participant's work, and only where tool and line item say so."""
        item = list(self.items)[number % len(self.items)]
        said, page, browser = self.items[item], self.page(item, person), getattr(self, by)
        if not self.offered or said is None:
            assert browser.get(page).status_code == 404
        elif by == "student":
            assert browser.get(page).status_code == 403
        elif person == 172:
            assert browser.get(page).status_code == 404
        else:
            claims = claims_of(browser, self.tool, page)
            assert claims["message_type"] == lti13.SUBMISSION_REVIEW_REQUEST
            assert claims[lti13.AGS_CLAIM]["lineitem"] == item
            assert claims["target_link_uri"] == said.get("url", processing.LAUNCH)
            assert claims["custom"] == {"a": "b"} | said.get("custom", {})
            assert claims["for_user"]["user_id"] == at_brightspace.ADA
            assert ("name" in claims["for_user"], "email" in claims["for_user"]) == (self.names, self.names)

    @invariant()
    def the_list_is_as_the_model_says(self) -> None:
        if hasattr(self, "items"):
            found = {item["id"]: item.get("submissionReview") for item in self.api.get(at_brightspace.ITEMS).json()}
            assert {item: review for item, review in found.items() if item in self.items} == self.items
