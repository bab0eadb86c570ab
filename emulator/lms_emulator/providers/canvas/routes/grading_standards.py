"""REST: grading schemes of courses and accounts."""

from __future__ import annotations

from typing import Any

from lms_emulator.core.http.routing import Route
from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call import identifiers
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.call.params import as_float
from lms_emulator.providers.canvas.model import GradingStandard
from lms_emulator.providers.canvas.routes.declare import RECORDED, rest
from lms_emulator.providers.canvas.rules import belonging, courses
from lms_emulator.providers.canvas.rules.permissions import require_account
from lms_emulator.providers.canvas.shapes import Json

SOURCE = (
    f"{RECORDED}/courses-misc.jsonl 112, 114, 115, 134; {RECORDED}/grading-gradebook.jsonl 213; "
    "canvas-lms app/controllers/grading_standards_api_controller.rb"
)
NO_ZERO = "grading schemes must have 0% for the lowest grade"
NEGATIVE = "grading scheme values cannot be negative"
LONG, LONGEST = "a grading scheme name is too long", 255
SCALED = "must be 1 if scheme points_based is false"
TWICE = "grading scheme cannot contain duplicate values"
Place = tuple[str, int]


def _place(api: Api, wanted: str) -> Place:
    _ = api.user
    if "course_id" in api.x.path_params:
        course = courses.of_path(api, wanted)
        return "Course", course.id
    account = identifiers.account(api, api.slot("account_id"))
    if wanted == "read":
        belonging.require_account_reader(api, account)
    else:
        require_account(api, account, wanted)
    return "Account", account.id


def shape(api: Api, record: GradingStandard) -> Json:
    """A scheme as JSON."""
    body: Json = {
        "id": record.id,
        "title": record.title,
        "context_id": record.context_id,
        "context_type": record.context_type,
        "grading_scheme": [{"name": name, "value": value} for name, value in record.scheme],
    }
    if not api.settings.later_parameters:
        return body
    most = record.scaling_factor if record.points_based else 100
    for one in body["grading_scheme"]:
        one["calculated_value"] = round(one["value"] * most, 4)
    return body | {"points_based": record.points_based, "scaling_factor": record.scaling_factor}


def index(api: Api) -> Any:
    """A course's or account's own schemes."""
    place = _place(api, "read")
    return [shape(api, one) for one in api.store.grading_standards.find("place", place)]


def show(api: Api) -> Any:
    """One scheme."""
    place = _place(api, "read")
    found = identifiers.pick(
        api.store.grading_standards.find("place", place), api.slot("grading_standard_id"), "the grading standard"
    )
    return shape(api, found)


def create(api: Api) -> Any:
    """A new scheme."""
    kind, number = _place(api, "manage_grades")
    entries: dict[str, float] = {}
    for one in api.params.hashes("grading_scheme_entry"):
        name, value = one.text("name"), one.text("value")
        if name and value:
            entries[name] = round(as_float(value) / 100, 4)
    points_based, sent = api.later.flag("points_based"), api.later.text("scaling_factor")
    factor = 1.0 if sent is None else as_float(sent)
    if faults := _faults(entries, points_based, factor):
        raise refusals.invalid(faults)
    made = GradingStandard(
        id=api.new_id("grading_standards"),
        title=api.params.text("title"),
        context_type="Course" if kind == "Course" else "Account",
        context_id=number,
        scheme=sorted(((name.strip(), value) for name, value in entries.items()), key=lambda entry: -entry[1]),
        points_based=points_based,
        scaling_factor=factor,
    )
    return shape(api, api.store.grading_standards.put(made))


def _faults(entries: dict[str, float], points_based: bool, factor: float) -> dict[str, list[str | tuple[str, str]]]:
    """The invalid fields of a scheme."""
    values = list(entries.values())
    wrong = {
        "blank": not entries,
        NEGATIVE: any(value < 0 for value in values),
        TWICE: len(set(values)) != len(values),
        LONG: any(len(name) > LONGEST for name in entries),
        NO_ZERO: bool(entries) and 0 not in values,
    }
    found: dict[str, list[str | tuple[str, str]]] = {}
    if any(wrong.values()):
        found["data"] = [text for text, is_so in wrong.items() if is_so]
    if not points_based and factor != 1:
        found["scaling_factor"] = [SCALED]
    return found


COURSE, ACCOUNT = "/api/v1/courses/{course_id}", "/api/v1/accounts/{account_id}"
ROUTES: tuple[Route, ...] = rest(
    "grading standards",
    SOURCE,
    (f"GET {COURSE}/grading_standards", index, "Grading schemes of a course"),
    (f"GET {ACCOUNT}/grading_standards", index, "Grading schemes of an account"),
    (f"GET {COURSE}/grading_standards/{{grading_standard_id}}", show, "A grading scheme of a course"),
    (f"GET {ACCOUNT}/grading_standards/{{grading_standard_id}}", show, "A grading scheme of an account"),
    (f"POST {COURSE}/grading_standards", create, "Create a grading scheme in a course"),
    (f"POST {ACCOUNT}/grading_standards", create, "Create a grading scheme in an account"),
)
