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

SOURCE = (
    f"{RECORDED}/courses-misc.jsonl 112, 114, 115, 134; {RECORDED}/grading-gradebook.jsonl 213; "
    "canvas-lms app/controllers/grading_standards_api_controller.rb"
)
NO_ZERO = "grading schemes must have 0% for the lowest grade"
TWICE = "grading scheme cannot contain duplicate values"
Place = tuple[str, int]


def _place(api: Api, wanted: str) -> Place:
    _ = api.user
    if "course_id" in api.x.path_params:
        course = identifiers.course(api, api.slot("course_id"))
        courses.require(api, course, wanted)
        return "Course", course.id
    account = identifiers.account(api, api.slot("account_id"))
    if wanted == "read":
        belonging.require_account_reader(api, account)
    else:
        require_account(api, account, wanted)
    return "Account", account.id


def shape(record: GradingStandard) -> dict[str, Any]:
    """A scheme as JSON."""
    return {
        "id": record.id,
        "title": record.title,
        "context_id": record.context_id,
        "context_type": record.context_type,
        "grading_scheme": [{"name": name, "value": value} for name, value in record.scheme],
    }


def index(api: Api) -> Any:
    """The schemes that a course or account has of its own."""
    place = _place(api, "read")
    return [shape(one) for one in api.store.grading_standards.find("place", place)]


def show(api: Api) -> Any:
    """One scheme."""
    place = _place(api, "read")
    found = identifiers.among(
        api.store.grading_standards.find("place", place), api.slot("grading_standard_id"), "the grading standard"
    )
    return shape(found)


def create(api: Api) -> Any:
    """A new scheme."""
    kind, number = _place(api, "manage_grades")
    entries = api.params.hashes("grading_scheme_entry")
    scheme = [(one.text("name") or "", round(as_float(one.text("value")) / 100, 6)) for one in entries]
    scheme.sort(key=lambda entry: -entry[1])
    if not scheme:
        raise refusals.invalid({"data": ["blank"]})
    values = [value for _, value in scheme]
    faults = [TWICE] if len(set(values)) != len(values) else []
    faults += [NO_ZERO] if values[-1] != 0 else []
    if faults:
        raise refusals.invalid({"data": faults})
    made = GradingStandard(
        id=api.new_id("grading_standards"),
        title=api.params.text("title"),
        context_type="Course" if kind == "Course" else "Account",
        context_id=number,
        scheme=scheme,
    )
    return shape(api.store.grading_standards.put(made))


COURSE, ACCOUNT = "/api/v1/courses/{course_id}", "/api/v1/accounts/{account_id}"
ROUTES: tuple[Route, ...] = rest(
    "grading standards",
    SOURCE,
    (f"GET {COURSE}/grading_standards", index, "Grading schemes of a course"),
    (f"GET {ACCOUNT}/grading_standards", index, "Grading schemes of an account"),
    (f"GET {COURSE}/grading_standards/{{grading_standard_id}}", show, "A grading scheme of a course"),
    (f"GET {ACCOUNT}/grading_standards/{{grading_standard_id}}", show, "A grading scheme of an account"),
    (f"POST {COURSE}/grading_standards", create, "Make a grading scheme of a course"),
    (f"POST {ACCOUNT}/grading_standards", create, "Make a grading scheme of an account"),
)
