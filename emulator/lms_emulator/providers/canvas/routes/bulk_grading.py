"""REST: gradeable students, bulk grades, extra attempts, bulk assignment dates."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from msgspec.structs import replace

from lms_emulator.core.http.routing import Route
from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call import identifiers
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.call.params import Params, as_whole, listed
from lms_emulator.providers.canvas.model import Assignment, Course, CourseSection, User
from lms_emulator.providers.canvas.paging import paged
from lms_emulator.providers.canvas.routes.declare import RECORDED, rest
from lms_emulator.providers.canvas.routes.submissions import GRADED, change, graded_place, place
from lms_emulator.providers.canvas.rules import (
    assignments,
    courses,
    grading,
    groups,
    jobs,
    moderation,
    overriding,
    quizzes,
    roster,
    states,
    submissions,
    submitting,
    teams,
)
from lms_emulator.providers.canvas.shapes import people as people_shapes
from lms_emulator.providers.canvas.shapes.progress import progress

SOURCE = (
    f"{RECORDED}/grading-submissions.jsonl 88, 424, 429, 454, 463; {RECORDED}/grading-assignments.jsonl 442; "
    "canvas-lms app/controllers/submissions_api_controller.rb"
)
GRADEABLE = ("active", "invited", "inactive")
ONLINE_ONLY = (
    "Extra attempts can only be set on submissions for an assignment with a type of online_upload, online_url, or "
    "online_text_entry"
)
COMMENTING = ("text_comment", "group_comment", "file_ids", "media_comment_id", "media_comment_type")
TOO_FEW = "Extra attempts must be greater than or equal to 0"
FORMAT = ":assignment_extensions must be in this format: { user_id: 1, extra_attempts: 2 }"


def gradeable(api: Api) -> Any:
    """The students of an assignment whom the caller grades."""
    course, section, base = graded_place(api)
    people = _people(api, roster.gradeable(api, course, section, base, *GRADEABLE))
    moderated = "provisional_grades" in api.params.includes
    if moderated and not api.check("may choose among the grades", moderation.moderates(api, course, base)):
        raise api.refused(f"moderate assignment {base.id}")
    path = f"/api/v1/courses/{course.id}/assignments/{base.id}/gradeable_students"
    nameless: dict[int, str] = {}
    if api.later.flag("allow_new_anonymous_id") and submissions.is_anonymous(api, base):
        rows = sorted(submissions.stored(api, base), key=lambda row: row.anonymous_id or "")
        nameless = {row.user_id: f"Student {place}" for place, row in enumerate(rows, 1)}
        people.sort(key=lambda user: submissions.of(api, base, user.id).anonymous_id or "")

    def shape(user: User) -> Any:
        record = submissions.of(api, base, user.id)
        body = people_shapes.display(api, user, course)
        if user.id in nameless:
            picture = {"avatar_image_url": api.url(people_shapes.NO_AVATAR)}
            body = {"anonymous_id": record.anonymous_id, **picture, "display_name": nameless[user.id]}
        if not moderated:
            return body
        chosen = next((grade.id for grade in moderation.of_submission(api, record) if grade.selected), None)
        waiting = moderation.shapes(api, course, base, record)
        return {
            **body,
            "in_moderation_set": chosen is not None,
            "selected_provisional_grade_id": chosen,
            "provisional_grades": waiting,
        }

    return paged(api, people, shape, path=path)


def _people(api: Api, numbers: list[int]) -> list[User]:
    return [user for user in map(api.store.users.get, numbers) if user is not None]


def gradeable_of_several(api: Api) -> Any:
    """The students whom the caller grades, with their assignments."""
    course, section = roster.place(api)
    roster.require_grader(api, course)
    asked = api.params.texts("assignment_ids")
    wanted = [a for a in assignments.of_course(api, course) if str(a.id) in asked and a.published]
    of: dict[int, list[int]] = {}
    for base in wanted:
        for user_id in roster.gradeable(api, course, section, base, *states.CURRENT):
            of.setdefault(user_id, []).append(base.id)

    def shape(user: User) -> Any:
        return {**people_shapes.display(api, user, course), "assignment_ids": of[user.id]}

    path = f"/api/v1/courses/{course.id}/assignments/gradeable_students"
    return paged(api, _people(api, sorted(of)), shape, path=path)


def summary(api: Api) -> Any:
    """How many submissions of an assignment are graded, ungraded, or missing.

    With grouping, Canvas counts groups and ungrouped students, but lists only groups as missing.
    """
    course, section, base = graded_place(api)
    together = base.group_category_id is not None and not base.grade_group_students_individually
    if together and api.params.flag("grouped"):
        found = teams.one_for_each(api, base, roster.graded_list(api, course, section, base, inactive=True))
        category = api.store.group_categories.get(base.group_category_id)
        total = len(groups.of_category(api, category)) if category is not None else 0
    else:
        wanted = ("active", "inactive") if api.later.flag("include_deactivated") else ("active",)
        people = roster.gradeable(api, course, section, base, *wanted) if base.published else []
        tests = {e.user_id for e in assignments.students(api, course.id) if e.type == "StudentViewEnrollment"}
        found = submissions.of_all(api, base, [person for person in people if person not in tests])
        total = len(found)
    counts = {
        "graded": sum(map(submissions.graded, found)),
        "ungraded": sum(map(submissions.needs_grading, found)),
    }
    return {**counts, "not_submitted": total - sum(counts.values())}


def update_grades(api: Api) -> Any:
    """Grade many students of one assignment, in a job."""
    course, section = roster.place(api)
    data = _grade_data(api)
    return _graded(api, course, section, {api.slot("assignment_id"): lambda: data})


def update_grades_of_course(api: Api) -> Any:
    """Grade many students of many assignments, in a job."""
    course, section = roster.place(api)
    data = _grade_data(api)
    return _graded(api, course, section, {name: partial(data.hash, name) for name in data.data})


def _grade_data(api: Api) -> Params:
    data = api.params.hash("grade_data")
    if api.params.peek("grade_data") in ("", []):
        raise refusals.crashed("Canvas takes `grade_data` for a hash", api.params.peek("grade_data"))
    if not data.data:
        text = "'grade_data' parameter required"
        raise refusals.rest("grade_data_missing", 400, {"error": text}, check="`grade_data` is sent")
    return data


def _graded(api: Api, course: Course, section: CourseSection | None, data: dict[str, Callable[[], Params]]) -> Any:
    """Grade in a job. `data`, by assignment, what to read there; a hash is expected, without which the job fails."""
    bases = [identifiers.find(api, "assignments", name) for name in data]
    known = [a for a in bases if a is not None and a.course_id == course.id and a.workflow_state != "deleted"]
    courses.require(api, course, "manage_grades")
    if not api.check("the assignments are published", all(a.published for a in known)):
        raise api.refused("grade published assignments")
    if len({base.id for base in known}) < len(data):
        text = f"Some assignments could not be found: ( {', '.join(data)} )"
        raise refusals.rest("assignments_unknown", 400, {"error": text}, check="the assignments are in the course")

    def work() -> None:
        if any(as_whole(name) not in api.store.assignments for name in data):
            raise refusals.crashed("the job finds assignments by their numbers alone", list(data))
        unknown: list[str] = []
        for base, students in zip(known, data.values(), strict=True):
            unknown += _grade_students(api, course, section, base, students())
        if unknown:
            named = ", ".join(f"'{value}'" for value in unknown)
            raise jobs.JobFailed(f"Couldn't find User(s) with API ids {named}")

    return progress(api, jobs.run(api, course, "submissions_update", work))


def _grade_students(
    api: Api, course: Course, section: CourseSection | None, base: Assignment, data: Params
) -> list[str]:
    """Grade the students of one assignment. Returns the ids of those who do not exist.

    Raises the refusals that end the job. Whoever is not named by their number is graded, if with nothing.
    """
    unknown: list[str] = []
    known = set(roster.gradeable(api, course, section, base, *GRADEABLE))
    for name in data.data:
        user = identifiers.find(api, "users", name)
        if user is None or user.id not in known:
            unknown.append(name)
            continue
        sent = data.hash(name)
        graded = as_whole(name) != user.id or any(sent.has(value) for value in GRADED)
        if graded and (why := moderation.why_not_graded(api, course, base, user.id)) is not None:
            raise moderation.not_graded(api, why)
        change(api, course, base, user, _as_usual(api, sent), graded=graded, in_bulk=True)
    return unknown


def _as_usual(api: Api, sent: Params) -> Params:
    """A student's `grade_data`, as parameters of the single-student call; without files that do not fit."""
    values = sent.data
    comment = {name: values[name] for name in COMMENTING if name in values}
    if "file_ids" in comment:
        files = map(api.store.attachments.get, sent.integers("file_ids"))
        comment["file_ids"] = [
            file.id for file in files if file is not None and submitting.goes_with_comment(api, file)
        ]
        if not comment["file_ids"]:
            del comment["file_ids"]
    usual = {
        "submission": {name: values[name] for name in ("posted_grade", "excuse") if name in values},
        "comment": comment or None,
        "rubric_assessment": values.get("rubric_assessment"),
    }
    return Params(usual)


def extend(api: Api) -> Any:
    """Give students more attempts."""
    course, _, base = place(api)
    courses.require(api, course, "manage_assignments_add")
    if not api.params.get("assignment_extensions"):
        raise _bad_request("missing required key :assignment_extensions")
    sent = api.params.hashes("assignment_extensions")
    if not sent or any(not (fields.has("user_id") and fields.has("extra_attempts")) for fields in sent):
        raise _bad_request(FORMAT)
    studying = {e.user_id for e in assignments.students(api, course.id)}
    people = [(identifiers.find(api, "users", fields.text("user_id") or ""), fields) for fields in sent]
    wanted = {
        user.id: fields.integer("extra_attempts") for user, fields in people if user is not None and user.id in studying
    }
    faults = [{"user_id": number, "errors": found} for number, more in wanted.items() if (found := _faults(base, more))]
    if faults:
        raise refusals.rest("extensions_unfit", 400, {"errors": faults}, check="the attempts can be given")
    for number, more in wanted.items():
        api.store.submissions.put(replace(submissions.of(api, base, number), extra_attempts=more))
    return {"assignment_extensions": [{"user_id": key, "extra_attempts": more} for key, more in wanted.items()]}


def _faults(base: Assignment, more: int) -> list[str]:
    """Why a student cannot be given that many more attempts at the assignment."""
    online = not submitting.COUNTED.isdisjoint(base.submission_types)
    return [*([TOO_FEW] if more < 0 else []), *([] if online else [ONLINE_ONLY])]


def _bad_request(text: str) -> Exception:
    body = {"status": "bad_request", "message": text}
    return refusals.rest("extensions_invalid", 400, body, check="extensions are well-formed")


def bulk_dates(api: Api) -> Any:
    """Change the dates of many assignments, in a job."""
    course = identifiers.course(api, api.slot("course_id"))
    courses.require(api, course, "manage_assignments_edit")
    sent = listed(api.call)
    if sent is None:
        raise refusals.message(400, "no_array", "expected array")
    if not all(isinstance(item, dict) and item.get("id") for item in sent):
        raise refusals.message(400, "id_missing", "missing assignment id")
    found = [(assignments.find(api, course, str(item["id"])), Params(item).hashes("all_dates")) for item in sent]
    if not all(assignments.may_change(api, course, base) for base, _ in found):
        raise api.refused("change what is moderated", "select_final_grade")

    def work() -> dict[str, Any]:
        changed = [base.id for base, dates in found if _set_dates(api, base, dates)]
        if len(changed) == 1:
            grading.apply_policy(api, course, assignments.find(api, course, str(changed[0])))
        return {"updated_count": len(changed)}

    return progress(api, jobs.run(api, course, "assignment_bulk_update", work))


def _set_dates(api: Api, base: Assignment, rows: list[Params]) -> bool:
    """Set an assignment's dates and those of its overrides, which lose the dates that are not sent.

    Returns whether anything changed.
    """
    changed = False
    for row in rows:
        given = [name for name in assignments.DATES if row.has(name) and not isinstance(row.get(name), dict | list)]
        dates = {name: row.moment(name, zone=api.zone) for name in given}
        if row.flag("base"):
            wanted = replace(base, **dates)
            if wanted != base:
                changed, base = True, api.store.assignments.put(replace(wanted, updated_at=api.now))
                quizzes.follow(api, base)
            continue
        for override in assignments.overrides(api, base):
            if override.id == identifiers.local_number(row.text("id")) and override.dates != dates:
                changed = True
                api.store.assignment_overrides.put(replace(override, dates=dates))
                overriding.touch(api, base.id)
    return changed


COURSE, SECTION = "/api/v1/courses/{course_id}", "/api/v1/sections/{section_id}"
ONE = "assignments/{assignment_id}"
ROUTES: tuple[Route, ...] = rest(
    "bulk grading",
    SOURCE,
    (f"PUT {COURSE}/assignments/bulk_update", bulk_dates, "Change assignment dates in bulk"),
    (f"GET {COURSE}/assignments/gradeable_students", gradeable_of_several, "Gradeable students of several assignments"),
    (f"GET {COURSE}/{ONE}/gradeable_students", gradeable, "Gradeable students of an assignment"),
    (f"GET {COURSE}/{ONE}/submission_summary", summary, "Submission summary of an assignment"),
    (f"GET {SECTION}/{ONE}/submission_summary", summary, "Submission summary of an assignment in a section"),
    (f"POST {COURSE}/{ONE}/submissions/update_grades", update_grades, "Grade an assignment in bulk"),
    (f"POST {SECTION}/{ONE}/submissions/update_grades", update_grades, "Grade an assignment in bulk for a section"),
    (f"POST {COURSE}/submissions/update_grades", update_grades_of_course, "Grade several assignments in bulk"),
    (
        f"POST {SECTION}/submissions/update_grades",
        update_grades_of_course,
        "Grade several assignments in bulk for a section",
    ),
    (f"POST {COURSE}/{ONE}/extensions", extend, "Grant extra attempts"),
)
