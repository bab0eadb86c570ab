"""Published libraries, unmodified, at every platform and with every message that it sends, with all services."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from contract_tests import node
from contract_tests.brightspace.processing import submit_file
from contract_tests.brightspace.support import Site as BrightspaceSite
from contract_tests.canvas.support import Site as CanvasSite
from contract_tests.lti.messages import MESSAGES, WORKS
from contract_tests.lti.web_tools import Pylti1p3App, free_port, ltijs, served
from lms_emulator.client.emulator import Emulator
from lms_emulator.command.certify.judge import Judge, seated
from lms_emulator.command.certify.visitors import HttpVisitor, Landing
from lms_emulator.core.keys import private_key
from lms_emulator.lti.seats import Person, Seat, Site, ToolAddresses
from lms_emulator.providers.brightspace.lti.seat import DEPLOYMENT
from lms_emulator.providers.canvas.lti import documents, notices
from lms_emulator.providers.canvas.rules import scopes
from lms_emulator.providers.openedx.lti.seat import NUMBER as JUDGED
from lms_emulator.signing import jwk, jwt, lti13

pytestmark = pytest.mark.slow

PLATFORMS = tuple(seated())
"""Every provider that has a seat for a tool: whoever adds one finds it judged here."""
ITEM = "11ee0000-0000-4000-8000-000000009001"
LIBRARIES = ("pylti1p3", pytest.param("ltijs", marks=node.needs("ltijs@5.9.9")))
CHOOSING = (
    "link_selection", "assignment_selection", "editor_button", "homework_submission", "course_assignments_menu",
    "collaboration", "conference_selection", "module_index_menu_modal", "module_menu_modal",
    "submission_type_selection", "migration_selection", "ActivityAssetProcessor",
    "ActivityAssetProcessorContribution",
)  # fmt: skip
"""Canvas's placements that ask for content, and some that show the tool."""
SHOWING = ("course_navigation", "assignment_view", "student_context_card")
WITHOUT_LINKS = (
    "=conference_selection", "=migration_selection", "=ActivityAssetProcessor", "=ActivityAssetProcessorContribution",
)  # fmt: skip
"""Where Canvas takes no links to the tool: ltijs sends none then, and PyLTI1p3 refuses the launch."""
SPOTS = {
    "openedx": ("",),
    "canvas": tuple(f"resource_selection?placement={name}" for name in CHOOSING),
    "brightspace": ("?spot=quicklink", "?spot=insertstuff", "?spot=activity"),
}
"""Where each platform asks for content, as what changes in the address of its page."""


_PROCESSOR = "/d2l/le/lti/6836/assetprocessor/a1"
PAGES = {
    ("brightspace", lti13.SUBMISSION_REVIEW_REQUEST): f"/d2l/le/lti/6836/review/{ITEM}/169",
    ("brightspace", documents.EULA_REQUEST): f"/d2l/le/lti/6836/eula/{DEPLOYMENT}",
    ("brightspace", documents.SETTINGS_REQUEST): f"{_PROCESSOR}/settings",
    ("brightspace", documents.REVIEW_REQUEST): f"{_PROCESSOR}/reports/1",
    ("canvas", documents.EULA_REQUEST): "/courses/1/external_tools/{}/eula_launch",
    ("canvas", documents.SETTINGS_REQUEST): "/asset_processors/1/launch",
    ("canvas", documents.REVIEW_REQUEST): "/asset_processors/1/reports/1/launch",
}
"""Where each platform opens a tool for anything but a link and a choice, with the tool's number at Canvas."""
PROCESSES = ["notices", "asset_processor"]


@dataclass
class Works:
    """A tool that works, with its seats at all platforms."""

    lms: Emulator
    library: str
    url: str
    seats: dict[str, tuple[Site, Seat]]
    visitor: HttpVisitor = field(default_factory=lambda: HttpVisitor("allow"))

    def opened(self, platform: str, page: str, person: Person) -> Landing:
        return self.visitor.open(self.seats[platform][0].url + page, person)

    def close(self) -> None:
        self.visitor.close()


class _Judge(Judge):
    """Reaches platforms by number: a library's services have no browser's rule for names below `.localhost`."""

    def site(self, name: str) -> Site:
        info = getattr(self.lms, name)
        return Site(info.url, info.url, info)


@pytest.fixture(scope="module", params=LIBRARIES)
def tool(request: pytest.FixtureRequest) -> Iterator[Works]:
    library = request.param
    with Emulator.start() as lms:
        if library == "pylti1p3":
            app = Pylti1p3App(works=True)
            with served(app) as url, closing(works(lms, library, url)) as made:
                app.places = {name: seat for name, (_, seat) in made.seats.items()}
                yield made
            return
        port = free_port()
        with (
            closing(works(lms, library, f"http://127.0.0.1:{port}")) as made,
            ltijs(port, {name: seat for name, (_, seat) in made.seats.items()}, works=True),
        ):
            yield made


def works(lms: Emulator, library: str, url: str) -> Works:
    """Register a tool everywhere, with every message that its platforms can send."""
    judge = _Judge(lms=lms, tool=ToolAddresses(f"{url}/login", f"{url}/launch", f"{url}/keys"))
    seats = judge.seats(PLATFORMS)
    world = json.loads(json.dumps(lms.dump(), default=str))
    deployment = seats["brightspace"][1].deployment_id
    processes(world["brightspace"], deployment)
    data = {"label": "Essay", "score_maximum": 10, "submission_review": {"reviewableStatus": ["Submitted"]}}
    world["brightspace"]["line_items"].append(
        {"id": ITEM, "deployment_id": deployment, "org_unit_id": 6836, "grade_object_id": 501, "data": data}
    )
    consumer = next(lti_tool for lti_tool in world["openedx"]["lti_tools"] if lti_tool["id"] == JUDGED)
    consumer["roster_names"] = True
    if library == "pylti1p3":  # ltijs asks for `application/json` when it makes a column: a 406 at Open edX
        consumer["grades"] = "programmatic"
    tool = next(item for item in world["canvas"]["tools"] if item["url"] == f"{url}/launch")
    kinds = dict.fromkeys(CHOOSING, lti13.DEEP_LINKING_REQUEST) | dict.fromkeys(SHOWING, lti13.RESOURCE_LINK_REQUEST)
    tool["settings"] = {name: {"enabled": True, "message_type": kind} for name, kind in kinds.items()}
    handed = {"submission_id": 901, "attempt": 1, "id": "a55e7000-0000-4000-8000-000000000001"}
    world["canvas"]["submissions"].append({"id": 901, "assignment_id": 2, "user_id": 101, "attempt": 1})
    found = {"asset_processor_id": 1, "asset_id": handed["id"], "report_type": "originality"}
    world["canvas"] |= {
        "asset_processors": [{"id": 1, "assignment_id": 2, "tool_id": tool["id"]}],
        "lti_assets": [handed],
        "asset_reports": [{"id": 1, **found, "timestamp": "2026-11-01T10:00:00Z"}],
    }
    lms.load(world)
    return Works(lms, library, url, seats)


def processes(section: dict[str, Any], deployment: str) -> None:
    """Make a tool of Brightspace show submissions and process an assignment, on which it reported already."""
    assert deployment == DEPLOYMENT
    deployed = next(item for item in section["deployments"] if item["id"] == deployment)
    deployed |= {"extensions": [*deployed["extensions"], "submission_review", *PROCESSES]}
    registered = next(row for row in section["registrations"] if row["client_id"] == deployed["client_id"])
    registered["extensions"] = PROCESSES
    deployed["eula_url"] = registered["target_link_uri"]
    report = {"id": 1, "asset_processor_id": "a1", "asset_id": "b1", "report_type": "originality"}
    section |= {
        "dropbox_submissions": [{"id": 1, "folder_id": 701, "user_id": 169, "submitted_at": "2026-11-01T10:00:00Z"}],
        "asset_processors": [{"id": "a1", "folder_id": 701, "deployment_id": deployment}],
        "assets": [{"id": "b1", "submission_id": 1}],
        "asset_reports": [{**report, "timestamp": "2026-11-01T11:00:00Z"}],
    }


def noticed(tool: Works, kind: str) -> httpx.Response:
    """How the tool answers a notice of Canvas's to the address at which it takes launches.

    Another world has the same tool with a key of ours: only who holds a tool's key can ask for notices.
    """
    with Emulator.start() as lms:
        seat, site = works(lms, tool.library, tool.url).seats["canvas"][1], CanvasSite(lms)
        topics, number = "/api/v1/courses/1/discussion_topics", int(seat.opened.rpartition("/")[2])
        graded = {"title": "Steam", "published": True, "assignment": {"points_possible": 5}}
        topic = site.teacher.post(topics, json=graded).json()
        world = json.loads(json.dumps(lms.dump(), default=str))
        key = next(row for row in world["canvas"]["developer_keys"] if str(row["id"]) == seat.client_id)
        public = jwk.jwks([("own", private_key("tool"))])["keys"][0]
        key |= {"public_jwk_url": None, "public_jwk": public, "scopes": [scopes.NOTICES]}
        essay = next(assignment for assignment in world["canvas"]["assignments"] if assignment["id"] == 2)
        essay |= {"submission_types": ["online_text_entry"], "published": True}
        world["canvas"]["asset_processors"].append(
            {"id": 2, "assignment_id": topic["assignment_id"], "tool_id": number}
        )
        lms.load(world)
        now = int(lms.clock.now.timestamp())
        claims = {"iss": seat.client_id, "sub": seat.client_id, "aud": seat.audience, "iat": now, "exp": now + 60}
        assertion = jwt.sign(claims | {"jti": kind}, private_key("tool"), kid="own")
        sent = {
            "grant_type": "client_credentials", "client_assertion_type": lti13.JWT_BEARER,
            "client_assertion": assertion, "scope": scopes.NOTICES,
        }  # fmt: skip
        token = httpx.post(seat.token_url, data=sent).json()["access_token"]
        wanted = {"notice_type": kind, "handler": f"{tool.url}/launch"}
        path = f"/api/lti/notice-handlers/{number}"
        assert site.api(token).put(path, json=wanted).status_code == 200
        work = {"submission": {"submission_type": "online_text_entry", "body": "Steam"}}
        assert site.student.post("/api/v1/courses/1/assignments/2/submissions", json=work).status_code == 201
        assert site.student.post(f"{topics}/{topic['id']}/entries", json={"message": "Steam"}).status_code == 201
        copy = {"migration_type": "course_copy_importer", "settings": {"source_course_id": 3}}
        assert site.teacher.post("/api/v1/courses/1/content_migrations", json=copy).is_success
        lms.clock.advance(seconds=60)  # by then the copy is done
        site.teacher.get("/api/v1/courses/1/content_migrations")
        (notice,) = lms.outbox.webhooks
        assert (notice.kind, notice.to) == (kind, wanted["handler"])
        assert "notice_not_delivered" in [warning.code for entry in lms.requests for warning in entry.warnings]
        site.close()
        return httpx.post(notice.to, json=notice.data)


def noticed_at_brightspace(tool: Works, kind: str) -> httpx.Response:
    """How the tool answers a notice of Brightspace's to the address at which it takes launches."""
    with Emulator.start() as lms:
        seat, site = works(lms, tool.library, tool.url).seats["brightspace"][1], BrightspaceSite(lms)
        world = json.loads(json.dumps(lms.dump(), default=str))
        section, handler = world["brightspace"], f"{tool.url}/launch"
        section["notice_handlers"] = [{"id": 1, "tool_id": seat.deployment_id, "notice_type": kind, "handler": handler}]
        lms.load(world)
        if kind == lti13.SUBMISSION_NOTICE:
            assert submit_file(site, b"Steam").status_code == 200
        else:
            copy = {"SourceOrgUnitId": 6838, "Components": ["News"]}
            assert site.instructor.post("/d2l/api/le/1.79/import/6836/copy/", json=copy).status_code == 200
        (notice,) = lms.outbox.webhooks
        assert (notice.kind, notice.to) == (kind, handler)
        assert "notice_not_delivered" in [warning.code for entry in lms.requests for warning in entry.warnings]
        site.close()
        return httpx.post(notice.to, json=notice.data)


def report_of(landing: Landing) -> dict[str, Any]:
    """A tool's report of what it did for a user."""
    assert landing.text.startswith('{"message"'), (landing.status, landing.text, landing.note)
    return dict(json.loads(landing.text))


@pytest.mark.parametrize(("platform", "spot"), [(name, spot) for name in PLATFORMS for spot in SPOTS[name]], ids=str)
def test_deep_linking(tool: Works, platform: str, spot: str) -> None:
    seat = tool.seats[platform][1]
    page = seat.chosen.partition("resource_selection")[0] if platform == "canvas" else seat.chosen
    landing = tool.opened(platform, page + spot, seat.teacher)
    wanted = "successfully saved" if platform == "openedx" else "1 item received"
    if spot.endswith(WITHOUT_LINKS):
        wanted = "0 items received" if tool.library == "ltijs" else "Must support resource link placement types"
    assert wanted in landing.text, landing


@pytest.mark.parametrize("placement", SHOWING)
def test_canvas_shows_it_everywhere(tool: Works, placement: str) -> None:
    seat = tool.seats["canvas"][1]
    landing = tool.opened("canvas", f"{seat.opened}?placement={placement}", seat.student)
    assert report_of(landing)["message"] == lti13.RESOURCE_LINK_REQUEST


def with_its_services(did: dict[str, Any], message: str, roles: tuple[str, ...] = ("Learner",)) -> None:
    """The tool knows the student, by the roster as well, and sent a score that came back."""
    assert (did["message"], did["results"], did["columns"]) == (message, [7], 1)
    name, found = did["members"][did["user"]]
    assert {f"{lti13.MEMBERSHIP}{role}" for role in roles} <= set(found)
    assert message == lti13.SUBMISSION_REVIEW_REQUEST or did["name"] == name, "whoever reviews is not the student"


@pytest.mark.parametrize(("platform", "message"), MESSAGES, ids=str)
def test_every_message_works_or_the_library_says_why_not(tool: Works, platform: str, message: str) -> None:
    said = getattr(MESSAGES[platform, message], tool.library)
    seat = tool.seats[platform][1]
    if message in notices.TYPES:
        answer = noticed(tool, message) if platform == "canvas" else noticed_at_brightspace(tool, message)
        status, text = answer.status_code, answer.text
    else:
        page = PAGES.get((platform, message), "").format(seat.opened.rpartition("/")[2])
        page = page or (seat.chosen if message == lti13.DEEP_LINKING_REQUEST else seat.opened)
        landing = tool.opened(platform, page, seat.student if message == lti13.RESOURCE_LINK_REQUEST else seat.teacher)
        if said == WORKS and message != lti13.DEEP_LINKING_REQUEST:
            did = report_of(landing)
            with_its_services(did, message)
            if tool.library == "ltijs" and platform != "openedx":  # PyLTI1p3 has no calls for it
                assert (did["label"], did["left"]) == ("Renamed", 0)
            assert message != lti13.SUBMISSION_REVIEW_REQUEST or did["user"] == tool.lms.brightspace.student.lti_id
            return
        status, text = landing.status, landing.text
    wanted = (200, "saved" if platform == "openedx" else "1 item received") if said == WORKS else (401, said)
    assert (status, wanted[1] in text) == (wanted[0], True), (status, text)


@pytest.mark.parametrize("platform", PLATFORMS)
def test_people_without_names_are_launched_and_graded(tool: Works, platform: str) -> None:
    """A tool that may learn nothing of a person knows neither name nor address, and scores reach them all the same."""
    site, seat = tool.seats[platform]
    nameless: dict[str, Any] = {
        "canvas": ("tools", {"privacy": "anonymous"}),
        "brightspace": ("deployments", {"anonymous": True}),
        "openedx": ("lti_tools", {"ask_to_send_full_name": False, "ask_to_send_email": False, "roster_names": False}),
    }
    table, changes = nameless[platform]
    visitor = HttpVisitor("allow")
    with tool.lms.restored(), closing(visitor):
        world = json.loads(json.dumps(tool.lms.dump(), default=str))
        known = {"developer_key_id": seat.client_id, "client_id": seat.client_id}
        for row in world[platform][table]:
            if any(str(row.get(name)) == value for name, value in known.items()):
                row |= changes
        tool.lms.load(world)
        did = report_of(visitor.open(site.url + seat.opened, seat.student))
    assert did.get("name") is None
    roles = () if platform == "brightspace" else ("Learner",)
    with_its_services({**did, "name": None}, lti13.RESOURCE_LINK_REQUEST, roles)
