"""REST: assignments."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from msgspec.structs import replace
from starlette.responses import Response

from lms_emulator.core.http.routing import Route
from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call import identifiers
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.model import Assignment, AssignmentOverride, Course
from lms_emulator.providers.canvas.paging import paged, per_page
from lms_emulator.providers.canvas.routes.declare import RECORDED, rest
from lms_emulator.providers.canvas.routes.rosters import search_term
from lms_emulator.providers.canvas.rules import (
    assigning,
    assignments,
    belonging,
    blueprints,
    buckets,
    collation,
    contexts,
    copying,
    courses,
    features,
    files,
    new_quizzes,
    observing,
    periods,
    processing,
    progressing,
    quizzes,
    roster,
    submissions,
    update_mails,
)
from lms_emulator.providers.canvas.rules.permissions import account_allows
from lms_emulator.providers.canvas.shapes import assigned
from lms_emulator.providers.canvas.shapes import assignments as shapes
from lms_emulator.providers.canvas.shapes import new_quizzes as new_quiz_shapes
from lms_emulator.providers.canvas.wire import reply

ON_QUIZ_PAGE = "newquizzes_on_quiz_page"
"""The feature with which `result_type=Quiz` shows a copy as the page of quizzes does."""
SOURCE = (
    f"{RECORDED}/grading-assignments.jsonl 90, 205, 265, 334, 341, 418, 431, 442; "
    "canvas-lms app/controllers/assignments_api_controller.rb"
)


def _course(api: Api) -> Course:
    return identifiers.course(api, api.slot("course_id"))


def _found(api: Api, *wanted: str, name: str = "id") -> tuple[Course, Assignment]:
    course = _course(api)
    record = assignments.find(api, course, api.slot(name))
    if wanted:
        courses.require(api, course, *wanted)
    elif not api.check("may see the assignment", assignments.visible(api, course, record), got=record.id):
        raise api.refused(f"see assignment {record.id}")
    return course, record


def index(api: Api) -> Any:
    """The assignments of a course that the caller may see."""
    course = _course(api)
    courses.require(api, course, "read", "read_as_admin")
    found = [a for a in assignments.of_course(api, course) if assignments.visible(api, course, a)]
    if group := _group(api):
        number = identifiers.local_number(group)
        found = [a for a in found if a.assignment_group_id == number]
    return _listed(api, course, found)


def _group(api: Api) -> str | None:
    """The group whose assignments are asked for, in the path or the query."""
    return api.call.path_params.get("assignment_group_id") or api.params.text("assignment_group_id")


def of_user(api: Api) -> Any:
    """The assignments of a course as a student sees them."""
    course = _course(api)
    if api.caller is None:
        raise api.refused("see assignments")
    user = identifiers.user(api, api.slot("user_id"))
    graded = courses.may(api, api.caller, course, "view_all_grades") and any(
        e.user_id == user.id for e in roster.enrollments_seen(api, course, None)
    )
    followed = user.id in assignments.seen_for(api, course, api.user) or observing.link_between(api, api.user, user)
    manages = any(account_allows(api, api.user, row, "manage_user_logins") for row in belonging.answering(api, user))
    allowed = graded or user.id == api.user.id or bool(followed) or manages
    if not api.check("may see the student's assignments", allowed, got=user.id):
        raise api.refused(f"assignments of user {user.id}")
    api.see_as(user)
    return index(api)


LISTED = {
    "submission",
    "observed_users",
    "all_dates",
    "overrides",
    "can_edit",
    "assignment_visibility",
    "score_statistics",
}
SHOWN = LISTED - {"all_dates"} | {"can_submit", "webhook_info"}


def _listed(api: Api, course: Course, found: list[Assignment]) -> Response:
    if (term := search_term(api)) is not None:
        found = [a for a in found if term in a.name.lower()]
    if api.params.has("post_to_sis"):
        wanted = api.params.flag("post_to_sis")
        found = [a for a in found if bool(a.post_to_sis) == wanted]
    if api.later.get("new_quizzes") not in (None, False):  # even for the text `false`
        own = {base.id for _, base in new_quizzes.of_course(api, course)}
        found = [a for a in found if a.id in own]
    if (bucket := api.params.text("bucket")) is not None:
        found = buckets.chosen(api, course, found, bucket)
    asked = _asked(api)
    if asked is not None:
        found = [a for a in found if str(a.id) in asked]
    dates = api.params.flag("override_assignment_dates", default=True)
    by = api.params.text("order_by")
    if by == "due_at":
        found = _by_due_date(api, course, found)
    elif by == "name":
        found = sorted(found, key=lambda a: collation.key(a.name))
    if asked is not None:
        _require_all(api, asked, found, _path(api, course))
    includes = api.params.includes & LISTED

    def shape(record: Assignment) -> Any:
        body = assigned.assignment(api, record, course, includes, override_dates=dates)
        body = blueprints.noted(api, course.id, "assignments", record.id, body)
        return {**body, "bucket": bucket} if bucket else body

    return paged(api, found, shape, path=_path(api, course))


def _by_due_date(api: Api, course: Course, found: list[Assignment]) -> list[Assignment]:
    """By the latest of all due dates for staff; for others by their own, and only assignments that they have."""
    if courses.may(api, api.user, course, "read_as_admin"):
        due = {a.id: _latest_due_date(api, a) for a in found}
    else:
        studies = assignments.student(api, course.id, api.user.id)
        found = [a for a in found if studies and assignments.assigned(api, a, api.user.id)]
        due = {a.id: assignments.dated_for(api, a, api.user.id).due_at for a in found}
    return sorted(found, key=lambda a: (due[a.id] is None, due[a.id], collation.key(a.name)))


def _latest_due_date(api: Api, record: Assignment) -> datetime | None:
    """The latest due date; Canvas includes those of deleted overrides."""
    overrides = api.store.assignment_overrides.find("assignment", record.id)
    dates = (record.due_at, *(override.dates.get("due_at") for override in overrides))
    return max((date for date in dates if date is not None), default=None)


def _path(api: Api, course: Course) -> str:
    if group := _group(api):
        return f"/api/v1/courses/{course.id}/assignment_groups/{group}/assignments"
    return f"/api/v1/courses/{course.id}/assignments"


def _asked(api: Api) -> list[str] | None:
    """The ids in the request; None without any. Raises the refusal for more than fit on a page."""
    if api.params.get("assignment_ids") is None:
        return None
    asked = api.params.texts("assignment_ids")
    if _count(api) > (most := api.settings.max_per_page):
        text = f"Request contains too many assignment_ids.  Limit {most}"
        raise refusals.message(400, "assignment_ids_too_many", text)
    return asked


def _count(api: Api) -> int:
    """How many ids Canvas takes the request to name: where one was sent instead of a list, as many as it has digits."""
    sent = api.params.get("assignment_ids")
    if not isinstance(sent, list | str):
        raise refusals.crashed("`assignment_ids` is a list", sent)
    return len(sent)


def _require_all(api: Api, asked: list[str], found: list[Assignment], path: str) -> None:
    """Refuse ids that are not on the page, as that is where Canvas looks for them."""
    size, page = per_page(api), api.params.whole("page") or 1
    shown = {str(a.id) for a in found[(page - 1) * size : page * size]}
    unknown = [value for value in asked if value not in shown]
    if len(shown) != _count(api):
        if not isinstance(api.params.get("assignment_ids"), list):
            raise refusals.crashed("`assignment_ids` is a list", asked)
        refusal = refusals.message(400, "assignment_ids_invalid", f"Invalid assignment_ids: {','.join(unknown)}")
        # Canvas has built the page by then
        refusal.headers["Link"] = paged(api, [None], lambda value: value, path=path).headers["Link"]
        raise refusal


def show(api: Api) -> Any:
    """One assignment."""
    course, record = _found(api)
    includes = api.params.includes & SHOWN | ({"all_dates"} if api.params.flag("all_dates") else set())
    dates = api.params.flag("override_assignment_dates", default=True)
    progressing.assignment_seen(api, course, record)
    return assigned.assignment(api, record, course, includes, override_dates=dates)


def create(api: Api) -> Any:
    """A new assignment."""
    course = _course(api)
    courses.require(api, course, "manage_assignments_add")
    made = assigning.keep(api, course, *_read(api, course, None))
    processing.follow(api, course, made)
    # there are no submissions yet that would decide about grading periods and anonymity
    body = {**shapes.assignment(api, made, course), "in_closed_grading_period": False}
    return reply(api, body if made.moderated_grading else {**body, "anonymize_students": False}, 201)


def _read(api: Api, course: Course, known: Assignment | None) -> tuple[Assignment, list[AssignmentOverride] | None]:
    """The assignment that the request describes, with a copy of the file that is to be annotated."""
    wanted, found = assigning.read(api, course, known)
    sent = api.params.hash("assignment")
    if not sent.has("submission_types"):
        return wanted, found
    if "student_annotation" not in wanted.submission_types:
        return replace(wanted, annotatable_attachment_id=None), found
    file = api.store.attachments.get(sent.integer("annotatable_attachment_id"))
    if not api.check("may read the file to annotate", file is not None and files.may_read(api, file)) or file is None:
        raise refusals.invalid({})
    folder = files.special_folder(api, contexts.get(api, "Course", course.id), files.ANNOTATED)
    if file.folder_id != folder.id:
        file = files.copy(api, file, folder, "rename")
    return replace(wanted, annotatable_attachment_id=file.id), found


def _require_regrading(api: Api, course: Course, record: Assignment) -> None:
    """Refuse those who do not grade to change what a graded assignment is worth."""
    sent = api.params.hash("assignment")
    points, standard = sent.text("points_possible"), sent.text("grading_standard_id")
    worth: dict[str, Any] = {
        "points_possible": None if points is None else sent.real("points_possible"),
        "grading_type": sent.text("grading_type"),
        "grading_standard_id": sent.integer("grading_standard_id") if standard else None,
    }
    changed = [name for name, value in worth.items() if sent.has(name) and value != getattr(record, name)]
    graded = any(row.workflow_state == "graded" or row.excused for row in submissions.stored(api, record))
    allowed = not (changed and graded) or courses.may(api, api.caller, course, "manage_grades")
    if not api.check("may grade, or changes no grade", allowed, got=changed):
        raise api.refused(f"change grades of assignment {record.id}", "manage_grades")


def update(api: Api) -> Any:
    """Change an assignment."""
    course, record = _found(api, "manage_assignments_edit")
    _require_regrading(api, course, record)
    if not api.check("may change what is moderated", assignments.may_change(api, course, record), got=record.id):
        raise api.refused(f"change assignment {record.id}", "select_final_grade")
    wanted, found = _read(api, course, record)
    blueprints.require_unlocked(api, course.id, "assignments", record, wanted)
    made = assigning.keep(api, course, wanted, found)
    processing.follow(api, course, made)
    quizzes.follow(api, made)
    update_mails.assignment_changed(api, course, record, made)
    own = api.params.get("assignment", "override_dates") is None or api.params.flag("assignment", "override_dates")
    return shapes.assignment(api, made, course, override_dates=own)


def destroy(api: Api) -> Any:
    """Delete an assignment."""
    course, record = _found(api, "manage_assignments_delete")
    blueprints.require_deletable(api, course.id, "assignments", record.id)
    if periods.binds(api, course) and periods.due_in_closed(api, course, record):
        raise api.refused("delete what is due in a closed grading period")
    return shapes.assignment(api, quizzes.delete_assignment(api, record), course)


def duplicate(api: Api) -> Any:
    """Copy an assignment within its course."""
    course = _course(api)
    known = api.store.assignments.get(identifiers.local_number(api.slot("assignment_id")))
    if known is None or known.course_id != course.id or known.workflow_state == "deleted":
        raise refusals.rest("assignment_unknown", 400, {"error": "assignment does not exist"}, check="it is there")
    copying.require_copyable(known)
    courses.require(api, course, "manage_assignments_add")
    made, places = copying.duplicate_assignment(api, known)
    as_quiz = api.params.text("result_type") == "Quiz" and features.enabled(api, api.root, ON_QUIZ_PAGE)
    shape = new_quiz_shapes.on_quiz_page if as_quiz else shapes.assignment
    return {**shape(api, made, course), "new_positions": places}


COURSE = "/api/v1/courses/{course_id}"
ROUTES: tuple[Route, ...] = rest(
    "assignments",
    SOURCE,
    (f"GET {COURSE}/assignments", index, "Assignments of a course"),
    (f"GET {COURSE}/assignment_groups/{{assignment_group_id}}/assignments", index, "Assignments of a group"),
    ("GET /api/v1/users/{user_id}/courses/{course_id}/assignments", of_user, "Assignments as a student sees them"),
    (f"GET {COURSE}/assignments/{{id}}", show, "An assignment"),
    (f"POST {COURSE}/assignments", create, "Create an assignment"),
    (f"POST {COURSE}/assignments/{{assignment_id}}/duplicate", duplicate, "Copy an assignment"),
    (f"PUT {COURSE}/assignments/{{id}}", update, "Change an assignment"),
    (f"DELETE {COURSE}/assignments/{{id}}", destroy, "Delete an assignment"),
)
