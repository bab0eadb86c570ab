"""REST: grading schemes of courses and accounts."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from lms_emulator.core.http.routing import Route
from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call import identifiers
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.model import GradingStandard
from lms_emulator.providers.canvas.routes.declare import RECORDED, rest
from lms_emulator.providers.canvas.rules import belonging, courses, grades
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
USED = (
    "Cannot modify grading scheme data, points_based setting, or scaling_factor for a grading standard that has been "
    "used for grading. Only the title can be updated."
)
Place = tuple[str, int]


def _place(api: Api, wanted: str) -> Place:
    _ = api.user
    if "course_id" in api.call.path_params:
        course = courses.from_path(api, wanted)
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
    for item in body["grading_scheme"]:
        item["calculated_value"] = round(item["value"] * most, 4)
    return body | {"points_based": record.points_based, "scaling_factor": record.scaling_factor}


def index(api: Api) -> Any:
    """A course's or account's own schemes."""
    place = _place(api, "read")
    return [shape(api, standard) for standard in grades.standards_of(api, *place)]


def show(api: Api) -> Any:
    """One scheme."""
    place = _place(api, "read")
    return shape(api, _found(api, place))


def _found(api: Api, place: Place) -> GradingStandard:
    found: GradingStandard = identifiers.pick(
        grades.standards_of(api, *place), api.slot("grading_standard_id"), "the grading standard"
    )
    return found


def create(api: Api) -> Any:
    """A new scheme."""
    kind, number = _place(api, "manage_grades")
    made = GradingStandard(
        id=api.new_id("grading_standards"),
        context_type="Course" if kind == "Course" else "Account",
        context_id=number,
        scheme=[],
    )
    return shape(api, api.store.grading_standards.put(_with_scheme(api, made)))


def _with_scheme(api: Api, known: GradingStandard) -> GradingStandard:
    """The standard with the scheme sent. Raises the refusals for invalid entries, and for none."""
    entries: dict[str, float] = {}
    for fields in api.params.rows("grading_scheme_entry"):
        name, value = fields.text("name"), fields.text("value")
        if name is not None and value is not None:
            entries[name] = round(fields.real("value") / 100, 4)
    points_based = api.later.flag("points_based", default=known.points_based)
    sent = api.later.text("scaling_factor")
    factor = known.scaling_factor if sent is None else api.later.real("scaling_factor")
    if faults := _faults(entries, points_based, factor):
        raise refusals.invalid(faults)
    scheme = sorted(((name.strip(), value) for name, value in entries.items()), key=lambda entry: -entry[1])
    return _titled(api, replace(known, scheme=scheme, points_based=points_based, scaling_factor=factor))


def _titled(api: Api, known: GradingStandard) -> GradingStandard:
    return replace(known, title=api.params.text("title")) if api.params.has("title") else known


def _changing(api: Api) -> GradingStandard:
    """The scheme in the path, looked for before the right to change it is."""
    _ = api.user
    if "course_id" in api.call.path_params:
        place: Place = "Course", identifiers.course(api, api.slot("course_id")).id
    else:
        place = "Account", identifiers.account(api, api.slot("account_id")).id
    found = _found(api, place)
    _place(api, "manage_grades")
    return found


def update(api: Api) -> Any:
    """Change a scheme; once something was graded with it, only its title."""
    known = _changing(api)
    if not any(api.params.has(name) for name in ("grading_scheme_entry", "points_based", "scaling_factor")):
        return shape(api, api.store.grading_standards.put(_titled(api, known)))
    graded = (
        submission.workflow_state == "graded"
        for base in api.store.assignments
        if base.grading_standard_id == known.id and base.workflow_state != "deleted"
        for submission in api.store.submissions.find("assignment", base.id)
    )
    if any(graded):
        raise refusals.rest("scheme_used", 400, {"errors": {"base": [USED]}}, check="nothing was graded by the scheme")
    return shape(api, api.store.grading_standards.put(_with_scheme(api, known)))


def destroy(api: Api) -> Any:
    """Delete a scheme; what uses it goes on doing so."""
    return shape(api, api.store.grading_standards.put(replace(_changing(api), workflow_state="deleted")))


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
) + rest(
    "grading standards",
    "https://canvas.instructure.com/doc/api/grading_standards.html, Update and Delete a grading standard; "
    "canvas-lms app/controllers/grading_standards_api_controller.rb",
    (f"PUT {COURSE}/grading_standards/{{grading_standard_id}}", update, "Change a grading scheme of a course"),
    (f"PUT {ACCOUNT}/grading_standards/{{grading_standard_id}}", update, "Change a grading scheme of an account"),
    (f"DELETE {COURSE}/grading_standards/{{grading_standard_id}}", destroy, "Delete a grading scheme of a course"),
    (f"DELETE {ACCOUNT}/grading_standards/{{grading_standard_id}}", destroy, "Delete a grading scheme of an account"),
    evidence="documented",
    since="2024-04-08",
)
