"""Published libraries, unmodified, at every platform and with every message that it sends, with all services."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

import pytest

from contract_tests import node
from contract_tests.lti.web_tools import Pylti1p3App, free_port, ltijs, served
from lms_emulator.client.emulator import Emulator
from lms_emulator.command.certify.judge import Judge, seated
from lms_emulator.command.certify.visitors import HttpVisitor, Landing
from lms_emulator.lti.seats import Person, Seat, Site, ToolAddresses
from lms_emulator.providers.openedx.lti.seat import NUMBER as JUDGED
from lms_emulator.signing import lti13

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


@dataclass
class Works:
    """A tool that works, with its seats at all platforms."""

    lms: Emulator
    library: str
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
    """Seat a tool everywhere, with all that its platforms can be told to send."""
    judge = _Judge(lms=lms, tool=ToolAddresses(f"{url}/login", f"{url}/launch", f"{url}/keys"))
    seats = judge.seats(PLATFORMS)
    world = json.loads(json.dumps(lms.dump(), default=str))
    deployment = seats["brightspace"][1].deployment_id
    next(one for one in world["brightspace"]["deployments"] if one["id"] == deployment)["extensions"].append(
        "submission_review"
    )
    data = {"label": "Essay", "score_maximum": 10, "submission_review": {"reviewableStatus": ["Submitted"]}}
    world["brightspace"]["line_items"].append(
        {"id": ITEM, "deployment_id": deployment, "org_unit_id": 6836, "grade_object_id": 501, "data": data}
    )
    consumer = next(one for one in world["openedx"]["lti_tools"] if one["id"] == JUDGED)
    consumer["roster_names"] = True
    if library == "pylti1p3":  # ltijs asks for `application/json` when it makes a column: a 406 at Open edX
        consumer["grades"] = "programmatic"
    tool = next(one for one in world["canvas"]["tools"] if one["url"] == f"{url}/launch")
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
    return Works(lms, library, seats)


def told(landing: Landing) -> dict[str, Any]:
    """What a tool says that it did for somebody."""
    assert landing.text.startswith('{"message"'), (landing.status, landing.text, landing.note)
    return dict(json.loads(landing.text))


@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_resource_link_with_its_services(tool: Works, platform: str) -> None:
    seat = tool.seats[platform][1]
    did = told(tool.opened(platform, seat.opened, seat.student))
    assert did["message"] == lti13.RESOURCE_LINK_REQUEST
    name, roles = did["members"][did["user"]]
    assert (name, f"{lti13.MEMBERSHIP}Learner" in roles) == (did["name"], True)
    assert (did["results"], did["columns"]) == ([7], 1)


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
    assert told(landing)["message"] == lti13.RESOURCE_LINK_REQUEST


def test_submission_review(tool: Works) -> None:
    """ltijs takes two messages, and this is a third."""
    seat = tool.seats["brightspace"][1]
    landing = tool.opened("brightspace", f"/d2l/le/lti/6836/review/{ITEM}/169", seat.teacher)
    if tool.library == "ltijs":
        assert (landing.status, "NO_MESSAGE_TYPE_CLAIM" in landing.text) == (401, True), landing
        return
    did = told(landing)
    assert (did["message"], did["user"]) == (lti13.SUBMISSION_REVIEW_REQUEST, tool.lms.brightspace.student.lti_id)
    assert did["results"] == [7]


@pytest.mark.parametrize(
    "page",
    ["/courses/1/external_tools/{}/eula_launch", "/asset_processors/1/launch", "/asset_processors/1/reports/1/launch"],
)
def test_messages_of_document_processors(tool: Works, page: str) -> None:
    """Neither library knows the three: each refuses them as it does what it does not know."""
    seat = tool.seats["canvas"][1]
    number = seat.opened.rpartition("/")[2]
    landing = tool.opened("canvas", page.format(number), seat.teacher)
    unknown = {"ltijs": "NO_MESSAGE_TYPE_CLAIM", "pylti1p3": "Unrecognized message type"}[tool.library]
    assert (landing.status, unknown in landing.text) == (401, True), landing
