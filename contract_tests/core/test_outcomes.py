"""How an exchange ended: one type, an explanation for each, and the same words everywhere."""

from __future__ import annotations

import html
import json
from contextlib import ExitStack

import httpx
import pytest
from starlette.responses import JSONResponse, Response

from contract_tests.unit.toy import Call, Toy, gateway
from lms_emulator import ControlError, Emulator
from lms_emulator.command.main import main
from lms_emulator.core.catalogue import Catalogue
from lms_emulator.core.http.routing import Route
from lms_emulator.core.outcomes import OUTCOMES
from lms_emulator.server.sockets import Server
from pytest_lms_emulator.report import section

UNREAD = "/canvas/api/v1/courses/1/assignments/2/gradeable_students?sort=name&searchterm=x"


@pytest.fixture
def site() -> Emulator:
    with Emulator.start() as lms:
        yield lms


@pytest.fixture
def http(site: Emulator) -> httpx.Client:
    headers = {"Authorization": f"Bearer {site.canvas.access_tokens.teacher}"}
    with httpx.Client(base_url=site.url, headers=headers, trust_env=False) as client:
        yield client


WAYS = {
    "answered": ("GET", "/canvas/api/v1/users/self"),
    "answered_with_warnings": ("GET", UNREAD),
    "refused": ("GET", "/canvas/api/v1/courses/99"),
    "not_emulated": ("GET", "/canvas/api/v1/courses/1/live_assessments"),
    "unknown_path": ("GET", "/canvas/api/v1/nowhere"),
    "provider_defect": ("POST", "/openedx/oauth2/access_token?x=1"),
    "fault": ("GET", "/brightspace/d2l/api/versions"),
}


DEFECTS = {
    "a refusal raised": ("GET", "/canvas/api/v1/courses/1/gradebook_history/1"),
    "parameters that conflict": ("GET", "/canvas/api/v1/courses?a=1&a[b]=2"),
    "the server's page": ("POST", "/openedx/oauth2/access_token?x=1"),
}


def places(lms: Emulator, answer: httpx.Response, capsys: pytest.CaptureFixture[str]) -> list[str]:
    """The description of the latest request in its header, on the command line, on the page, in pytest and in the
    journal."""
    entry = lms.call("GET", "/requests")["requests"][-1]
    address = answer.headers.get("x-emulator-explain", f"{lms.url}/_emulator/requests/{entry['id']}")
    followed = httpx.get(address, trust_env=False).json()
    assert main(["explain", "--url", lms.url, entry["id"]]) == 0
    page = html.unescape(httpx.get(f"{lms.url}/_emulator/", trust_env=False).text)
    row = page.partition(f"/requests/{entry['id']}")[2].partition("</tr>")[0]
    said = [json.dumps(followed), capsys.readouterr().out, row, section(lms), json.dumps(entry)]
    assert entry["outcome"] == followed["outcome"]
    assert f'<tr class="{entry["outcome"]}">' in page
    return [" ".join(text.replace('\\"', '"').split()) for text in said]


TOLD = {
    "answered_with_warnings": "`searchterm` (query) was not read: Canvas does not document it for this operation",
    "refused": "the course exists",
    "not_emulated": "Canvas has GET /api/v1/courses/{course_id}/live_assessments",
    "unknown_path": "Canvas has no such operation (routes of June 2023",
    "provider_defect": "The real provider fails on this request too",
    "fault": "A scripted failure acted on this request: f1: status 503 instead of the provider's answer",
    "crash": "ZeroDivisionError: on purpose",
}


def test_every_kind_is_looked_at() -> None:
    assert {"answered", *TOLD} == set(OUTCOMES)


@pytest.mark.parametrize("outcome", TOLD)
def test_five_places_say_the_same(site: Emulator, outcome: str, capsys: pytest.CaptureFixture[str]) -> None:
    lms, (method, path) = site, WAYS.get(outcome, ("GET", "/toy/crash"))
    with ExitStack() as stack:
        headers = {}
        if outcome == "crash":
            server = Server(gateway())
            server.start()
            stack.callback(server.stop)
            lms = stack.enter_context(Emulator.connect(server.url))
        else:
            headers["Authorization"] = f"Bearer {site.canvas.access_tokens.teacher}"
            site.faults.add(provider="brightspace", status=503)
        answer = httpx.request(method, f"{lms.url}{path}", headers=headers, trust_env=False)
        said = places(lms, answer, capsys)
    assert ("x-emulator-explain" in answer.headers) == (outcome != "answered_with_warnings")
    assert [number for number, text in enumerate(said) if TOLD[outcome] not in text] == []


@pytest.mark.parametrize("way", DEFECTS)
def test_where_the_real_provider_fails(
    site: Emulator, http: httpx.Client, way: str, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = http.request(*DEFECTS[way])
    entry = site.requests.last
    assert (answer.status_code, entry.outcome, entry.provider_defect) == (500, "provider_defect", True)
    assert [text for text in places(site, answer, capsys) if TOLD["provider_defect"] not in text] == []
    assert (site.requests.refused, [entry.id for entry in site.requests.failed]) == ([], [entry.id])
    http.request(*WAYS["not_emulated"])
    assert [entry.outcome for entry in site.requests.refused] == ["not_emulated"]


@pytest.mark.parametrize("outcome", WAYS)
def test_each_outcome(site: Emulator, http: httpx.Client, outcome: str, capsys: pytest.CaptureFixture[str]) -> None:
    site.faults.add(provider="brightspace", status=503)
    answer = http.request(*WAYS[outcome])
    entry = site.requests.last
    assert entry.outcome == outcome
    assert [entry.id for entry in site.requests.find(outcome=entry.outcome)] == [entry.id]
    well = outcome in ("answered", "answered_with_warnings")
    assert ("x-emulator-explain" in answer.headers) == (not well)
    assert site.requests.failed == ([] if well else site.requests.find(outcome=entry.outcome))
    code = main(["explain", "--url", site.url])
    output = capsys.readouterr()
    if well:
        assert code == 1
        assert "every request so far went well" in output.err
        return
    assert code == 0
    assert output.out.startswith(f"{entry.id}  ")
    assert http.get(answer.headers["x-emulator-explain"]).json()["explanation"] == entry.explanation
    assert main(["explain", answer.headers["x-emulator-explain"]]) == 0
    assert capsys.readouterr().out == output.out


def test_the_explanation_says_what_happened(site: Emulator, http: httpx.Client) -> None:
    site.faults.add(provider="brightspace", drop=False, truncate=3)
    for outcome, part in {
        "not_emulated": "Canvas has GET /api/v1/courses/{course_id}/live_assessments",
        "unknown_path": "Canvas has no such operation (routes of June 2023",
        "provider_defect": "fails on this request too",
        "fault": "f1: the body was cut off after 3 bytes.",
    }.items():
        try:
            http.request(*WAYS[outcome])
        except httpx.RemoteProtocolError:
            assert outcome == "fault"
        assert part in site.requests.last.explanation


def test_a_delay_alone_leaves_the_outcome(site: Emulator, http: httpx.Client) -> None:
    site.faults.add(provider="canvas", delay_ms=1)
    http.get(WAYS["answered"][1])
    assert site.requests.last.outcome == "answered"


def test_the_latest_that_did_not_go_well_is_explained(
    site: Emulator, http: httpx.Client, capsys: pytest.CaptureFixture[str]
) -> None:
    for outcome in ("refused", "provider_defect", "answered"):
        http.request(*WAYS[outcome])
    assert main(["explain", "--url", site.url]) == 0
    assert "defect     The real provider fails on this request too" in capsys.readouterr().out
    assert main(["explain", "--url", site.url, "last-refused"]) == 0
    assert "the course exists" in capsys.readouterr().out
    assert main(["explain", f"{site.url}/nothing"]) == 2


@pytest.mark.parametrize(
    "filters",
    [
        {"provider": "cnvas"},
        {"status": "4x"},
        {"outcome": "refuse"},
        {"after": "x"},
        {"reason": "no such"},
        {"reason": "launch_expird"},
        {"warning": "parameter_not_raed"},
    ],
)
def test_a_filter_of_the_handle_that_cannot_find_anything_raises(site: Emulator, filters: dict[str, str]) -> None:
    with pytest.raises(ControlError):
        site.requests.find(**filters)
    with pytest.raises(TypeError):
        site.requests.find(reson="x")


def chosen(call: Call) -> Response:
    wanted = call.reads.choose("include[]", lambda: call.query.getlist("include[]"))
    return JSONResponse({"pets": "pets" in wanted})


class Choosy(Toy):
    """A toy whose real counterpart documents three includes, and does nothing with the last."""

    catalogue = Catalogue(
        "title\tToy School\nage\t2026\ncomplete\tyes\n\nGET\t/chosen\t\t\t\t\t\tinclude=pets|marks|!hobbies"
    )
    routes = (Route(methods=("GET",), path="/chosen", handler=chosen, evidence="chosen", source="", summary="chosen"),)


class TestUnread:
    def test_unread_parameters_are_named(self, site: Emulator, http: httpx.Client) -> None:
        http.get(UNREAD)
        documented = {warning.name: warning.documented for warning in site.requests.last.warnings}
        assert documented == {"sort": True, "searchterm": False}
        assert {warning.code for warning in site.requests.last.warnings} == {"parameter_not_read"}
        assert [entry.id for entry in site.requests.find(warning="parameter_not_read")] == [site.requests.last.id]

    def test_read_parameters_are_not_named(self, site: Emulator, http: httpx.Client) -> None:
        http.get("/canvas/api/v1/courses?enrollment_type=teacher&per_page=5&page=1")
        assert site.requests.last.warnings == []

    def test_parameters_without_effect_in_this_request_are_warnings_not_errors(
        self, site: Emulator, http: httpx.Client
    ) -> None:
        site.settings["emulator.strict"] = True
        for asked in (
            "discussion_topics?exclude_context_module_locked_topics=1",  # which those of the course see in any case
            "?teacher_limit=1",  # of teachers that nobody asked for
        ):
            assert http.get(f"/canvas/api/v1/courses/1/{asked}".replace("/?", "?")).status_code == 200
            (warning,) = site.requests.last.warnings
            assert (warning.code, warning.documented) == ("parameter_not_read", True)
            assert "this request gave no reason to look at it" in warning.message
            assert site.requests.last.notes["parameters_without_effect_here"] == [warning.name]

    def test_what_the_provider_does_nothing_with_either_is_a_warning_not_an_error(
        self, site: Emulator, http: httpx.Client
    ) -> None:
        """Canvas documents the names of its `PUT` for the `GET` of the same path, too."""
        site.settings["emulator.strict"] = True
        path = "/canvas/api/v1/users/self/settings"
        assert http.get(f"{path}?collapse_global_nav=1").status_code == 200
        (warning,) = site.requests.last.warnings
        assert "documents it for this operation, and does nothing with it either" in warning.message
        assert http.put(path, json={"collapse_global_nav": "1"}).json()["collapse_global_nav"] is True
        assert http.get(f"{UNREAD}&collapse_global_nav=1").status_code == 501, "another address documents it"

    def test_an_empty_list_has_nothing_to_include(self, site: Emulator, http: httpx.Client) -> None:
        assert http.get("/canvas/api/v1/courses/1/modules?search_term=none&include[]=items").json() == []
        assert site.requests.last.warnings == []

    def test_a_refused_request_has_nothing_to_read(self, site: Emulator, http: httpx.Client) -> None:
        http.get("/canvas/api/v1/courses/99?include[]=term")
        assert site.requests.last.warnings == []

    def test_members_of_documents_and_forms(self, site: Emulator, http: httpx.Client) -> None:
        topics = "/canvas/api/v1/courses/1/discussion_topics"
        fields = {"title": "x", "lock_comment": "1"}
        parts = {name: (None, value) for name, value in fields.items()}
        for sent in ({"json": fields}, {"data": fields}, {"files": parts}):
            assert http.post(topics, **sent).status_code == 200
            (warning,) = site.requests.last.warnings
            assert (warning.name, warning.documented) == ("lock_comment", True)

    def test_those_beyond_what_is_named_are_counted(self, site: Emulator, http: httpx.Client) -> None:
        some, more = ({f"zz{number}": "1" for number in range(many)} for many in (20, 23))
        assert http.get("/canvas/api/v1/courses", params=some).is_success
        assert [warning.message for warning in site.requests.last.warnings if not warning.name] == []
        assert http.get("/canvas/api/v1/courses", params=more).is_success
        *named, rest = site.requests.last.warnings
        assert (len(named), rest.code, rest.name) == (20, "parameter_not_read", "")
        assert rest.message == "3 more, which are not named here, were not read; emulator.strict lets them pass"

    def test_strict_refuses_and_undoes(self, site: Emulator, http: httpx.Client) -> None:
        site.clock.freeze()
        site.settings["emulator.strict"] = True
        topics = "/canvas/api/v1/courses/1/discussion_topics"
        before = http.get(topics).json()
        answer = http.post(topics, json={"title": "x", "lock_comment": "1"})
        assert (answer.status_code, answer.json()["parameters"]) == (501, ["lock_comment"])
        assert answer.headers["x-emulator-not-emulated"] == "POST /api/v1/courses/{course_id}/discussion_topics"
        assert site.requests.last.outcome == "not_emulated"
        assert http.get(topics).json() == before
        parts = dict.fromkeys(("title", "lock_comment"), (None, "x"))
        assert http.post(topics, files=parts).json()["parameters"] == ["lock_comment"]
        many = {f"zz{number}": "1" for number in range(600)}
        assert http.post(topics, json={"title": "x", **many, "lock_comment": "1"}).status_code == 501
        assert http.get(topics).json() == before
        assert http.post(topics, json={"title": "x", **many}).status_code == 200
        assert http.delete(f"{topics}/{http.get(topics).json()[0]['id']}").status_code == 200
        assert http.post(topics, json={"title": "x"}).status_code == 200
        assert len(http.get(topics).json()) == len(before) + 1

    def test_strict_mode_accepts_parameters_that_the_real_provider_ignores(
        self, site: Emulator, http: httpx.Client
    ) -> None:
        site.settings["emulator.strict"] = True
        assert http.get("/canvas/api/v1/courses?searchterm=x").status_code == 200
        assert http.get(UNREAD).status_code == 501

    def test_names_of_any_kind(self, site: Emulator, http: httpx.Client) -> None:
        site.settings["emulator.strict"] = True
        answer = http.get("/openlearning/v2.2/courses/", params={"\ufffd\n" + "x" * 999: "1"}, headers={
            "X-Api-Key": site.openlearning.api_key})  # fmt: skip
        assert answer.status_code in (200, 501, 401)
        assert "crash" not in json.dumps(site.requests.last.outcome)

    def test_strict_refuses_documented_includes_that_have_no_effect(self) -> None:
        server = Server(gateway(toy=Choosy()))
        server.start()
        with ExitStack() as stack:
            stack.callback(server.stop)
            lms = stack.enter_context(Emulator.connect(server.url))
            lms.settings["emulator.strict"] = True
            for word, status in (("pets", 200), ("hobbies", 200), ("strange", 200), ("marks", 501)):
                answer = httpx.get(f"{lms.url}/toy/chosen", params={"include[]": word}, trust_env=False)
                assert answer.status_code == status
                messages = [warning.message for warning in lms.requests.last.warnings]
                assert (messages == []) == (word == "pets")
                assert any("does nothing with it either" in message for message in messages) == (word == "hobbies")
            assert answer.json()["parameters"] == ["include[]=marks"]

    def test_unknown_includes(self, site: Emulator, http: httpx.Client) -> None:
        asked = "/canvas/api/v1/courses?include[]=term&include[]=trem"
        assert http.get(asked).status_code == 200
        (warning,) = site.requests.last.warnings
        assert (warning.code, warning.name, warning.documented) == ("include_not_read", "include[]=trem", False)
        http.get("/canvas/api/v1/courses?include[]=term")
        assert site.requests.last.warnings == []
        site.settings["emulator.strict"] = True
        assert http.get(asked).status_code == 200
        assert http.get("/canvas/api/v1/courses/1?include[]=term&include[]=total_scores").status_code == 200
        assert site.requests.last.warnings == [], "a teacher has no scores that it could add"
        asked = "/canvas/api/v1/courses/1/assignment_groups?include[]=assignments&include[]=all_dates&include[]=trem"
        assert http.get(asked).status_code == 200
        assert [warning.name for warning in site.requests.last.warnings] == ["include[]=trem"]
        work = http.get("/canvas/api/v1/courses/1/assignments").json()[0]["id"]
        asked = f"/canvas/api/v1/courses/1/assignments/{work}/submissions?include[]=user&include[]=read_status"
        assert http.get(asked).status_code == 200
        (warning,) = site.requests.last.warnings
        assert (warning.name, warning.documented) == ("include[]=read_status", True)
        assert http.get("/canvas/api/v1/users/self/groups?include[]=tabs").status_code == 200
        assert site.requests.last.warnings == []

    @pytest.mark.parametrize(
        ("path", "name", "documented"),
        [
            ("/ltiaas/api/platforms?client=x", "client", False),
            ("/brightspace/d2l/api/lp/1.47/enrollments/myenrollments/?pageSze=2", "pageSze", False),
            ("/brightspace/d2l/api/le/1.75/6606/grades/?sort=x", "sort", False),
            ("/openedx/api/user/v1/accounts?username=ada&fields=x", "fields", None),
            ("/openedx/api/enrollment/v1/enrollment?course=x", "course", False),
            ("/openlearning/v2.2/courses/?limit=3", "limit", None),
        ],
    )
    def test_warnings_say_whether_a_parameter_is_documented(
        self, site: Emulator, path: str, name: str, documented: bool | None
    ) -> None:
        tokens = {
            "ltiaas": site.ltiaas.api_key,
            "brightspace": site.brightspace.access_tokens.student,
            "openedx": site.openedx.access_tokens.learner,
            "openlearning": site.openlearning.api_key,
        }
        headers = {"Authorization": f"Bearer {tokens[path.split('/')[1]]}"}
        assert httpx.get(f"{site.url}{path}", headers=headers, trust_env=False).status_code == 200
        assert [(warning.name, warning.documented) for warning in site.requests.last.warnings] == [(name, documented)]
