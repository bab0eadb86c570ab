"""REST: quiz statistics, reports, and messages to those who took a quiz or did not."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from lms_emulator.core.http.routing import Route
from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call import identifiers
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.call.params import Params
from lms_emulator.providers.canvas.model import Course, Quiz, QuizReport, User
from lms_emulator.providers.canvas.paging import accepts_json_api, paged
from lms_emulator.providers.canvas.refusals import quizzes as quiz_refusals
from lms_emulator.providers.canvas.routes.declare import RECORDED, rest, signed_in
from lms_emulator.providers.canvas.routes.quizzes import CONTROLLERS, QUIZZES, a_quiz
from lms_emulator.providers.canvas.rules import (
    assignments,
    conversations,
    courses,
    quiz_reports,
    quiz_statistics,
    quiz_taking,
    quizzes,
    roster,
)
from lms_emulator.providers.canvas.shapes import Json, people
from lms_emulator.providers.canvas.shapes import quiz_reports as shapes
from lms_emulator.providers.canvas.shapes import quizzes as quiz_shapes
from lms_emulator.providers.canvas.wire import reply

READERS = ("manage_grades", "view_all_grades")


def statistics(api: Api) -> Any:
    """The statistics of a quiz's answers."""
    course, quiz = a_quiz(api, *READERS)
    if quiz_statistics.too_large(api, quiz):
        return Response(status_code=204)
    report = quiz_reports.ensure(api, quiz, course, every=api.params.flag("all_versions"))[0]
    sections = api.params.integers("section_ids") if api.params.given("section_ids") else []
    people = quiz_statistics.of_sections(api, sections) if sections else None
    return {"quiz_statistics": [shapes.statistics(api, quiz, course, report, people)]}


def index(api: Api) -> Any:
    """The reports available for a quiz."""
    course, quiz = a_quiz(api, *READERS)
    found = quiz_reports.ensure(api, quiz, course, every=api.params.flag("includes_all_versions"))
    if accepts_json_api(api):
        return {"quiz_reports": [shapes.linked(api, report, quiz, course, ("file", "progress")) for report in found]}
    return [shapes.report(api, report, quiz, course, progress=True) for report in found]


def _one(api: Api, report: QuizReport, quiz: Quiz, course: Course) -> Any:
    """One report; in JSON API style with what `include[]` asks for."""
    if accepts_json_api(api):
        return {"quiz_reports": [shapes.linked(api, report, quiz, course, api.params.includes)]}
    return shapes.report(api, report, quiz, course)


def _report(api: Api, quiz: Quiz) -> QuizReport:
    return identifiers.row(api.store.quiz_reports, api.slot("id"), "the report of the quiz", quiz_id=quiz.id)


def show(api: Api) -> Any:
    """One report."""
    course, quiz = a_quiz(api, *READERS)
    return _one(api, _report(api, quiz), quiz, course)


def create(api: Api) -> Any:
    """Create a report. It is ready by the next request."""
    course, quiz = a_quiz(api)
    if not courses.may(api, api.caller, course, *READERS):
        raise refusals.lti_nothing(
            "canvas_fails_here", 500, "the caller may read statistics; else Canvas answers twice"
        )
    if accepts_json_api(api):
        sent = next(iter(api.params.rows("quiz_reports")), Params({}))
    else:
        sent = api.params.hash("quiz_report")
    kind = sent.text("report_type")
    if kind not in quiz_reports.NAMES:
        raise quiz_refusals.quiz(400, "report_type_invalid", "invalid quiz report type")
    every = sent.flag("includes_all_versions")
    report = next(
        report for report in quiz_reports.ensure(api, quiz, course, every=every) if report.report_type == kind
    )
    if kind == "item_analysis" and shapes.survey(quiz):
        raise quiz_refusals.quiz(400, "report_not_generatable", "report can not be generated")
    if report.waiting:
        raise quiz_refusals.quiz(409, "report_being_generated", "report is already being generated")
    if report.progress_id is not None:  # it is done, or failed
        return _one(api, report, quiz, course)
    return _one(api, quiz_reports.begin(api, report), quiz, course)


def destroy(api: Api) -> Any:
    """Cancel a report, or delete its file. Its row stays."""
    _, quiz = a_quiz(api, *READERS)
    report = _report(api, quiz)
    if report.progress_id is None:
        raise quiz_refusals.quiz(422, "report_not_begun", "report is not being generated")
    quiz_reports.drop(api, report)
    return Response(status_code=204)


# people


def _students(api: Api, course: Course, quiz: Quiz, began: bool | None = None, *, seeing: bool = True) -> list[User]:
    """The students whom the caller sees, by name.

    Parameters: `began`, whether they started the quiz; `seeing`, whether only those to whom it is assigned.
    """
    takers = {
        submission.user_id
        for submission in quiz_taking.of_quiz(api, quiz)
        if submission.workflow_state != "settings_only"
    }
    rows = [row for row in roster.enrollments_seen(api, course, None) if row.workflow_state != "completed"]
    found = {row.user_id for row in rows if began is None or (row.user_id in takers) == began}
    base = quizzes.assignment_of(api, quiz)
    if (seeing or began is not None) and base is not None:
        found = {number for number in found if assignments.assigned(api, base, number)}
    users = [user for user in map(api.store.users.get, found) if user is not None]
    return sorted(users, key=lambda user: (people.brief(api, user)["sortable_name"].lower(), user.id))


def users(api: Api) -> Any:
    """The students of a quiz; with `submitted`, those who began it, or did not."""
    course, quiz = a_quiz(api, *READERS)
    sent = api.params.has("submitted")
    found = _students(api, course, quiz, api.params.flag("submitted") if sent else None)
    path = f"/api/v1/courses/{course.id}/quizzes/{quiz.id}/submission_users"
    taken = {attempt.user_id: attempt for attempt in quiz_taking.of_quiz(api, quiz)}
    linked = "quiz_submissions" in api.params.includes

    def row(user: User) -> Json:
        body = people.brief(api, user) | {"id": str(user.id)}
        own = taken.get(user.id)
        return body | ({"links": {"quiz_submission": str(own.id) if own is not None else None}} if linked else {})

    def whole(rows: list[Json]) -> Json:
        body: Json = {"users": rows, "meta": {"pagination": shapes.pagination(api, path, len(found))}}
        if linked:
            own = [taken.get(int(row["id"])) for row in rows]
            shown = [quiz_shapes.taken(api, attempt, quiz) for attempt in own if attempt is not None]
            body["quiz_submissions"] = [fields | {"id": str(fields["id"])} for fields in shown]
        return body

    return paged(api, found, row, path=path, default=30, wrap=whole)


def message(api: Api) -> Any:
    """Message the students of a quiz who took it, or did not, each in a separate conversation."""
    course, quiz = a_quiz(api, *READERS)
    given = api.params.hashes("conversations")
    if not given:
        raise refusals.crashed("Canvas answers with a status that does not exist", api.params.get("conversations"))
    fields = given[0]
    began = {"unsubmitted": False, "submitted": True}.get(fields.text("recipients") or "all")
    found = [user for user in _students(api, course, quiz, began, seeing=False) if user.id != api.user.id]
    for user in found:
        pair, about = [api.user.id, user.id], ("Course", course.id)
        kept = conversations.begin(api, pair, private=True, subject=fields.text("subject"), context=about)
        conversations.add_message(api, kept, fields.text("body") or "", tags=[f"course_{course.id}"])
    return reply(api, {"status": "created"}, 201)


REPORTS = f"{QUIZZES}/{{quiz_id}}/reports"
ROUTES: tuple[Route, ...] = (
    *signed_in(
        "quiz statistics",
        f"{RECORDED}/content-quizzes.jsonl 270; {CONTROLLERS}/quiz_statistics_controller.rb",
        (f"GET {QUIZZES}/{{quiz_id}}/statistics", statistics, "Statistics of a quiz"),
    ),
    *rest(
        "quiz reports",
        f"{RECORDED}/content-quizzes2.jsonl 39-47; {CONTROLLERS}/quiz_reports_controller.rb",
        (f"GET {REPORTS}", index, "Reports of a quiz"),
        (f"POST {REPORTS}", create, "Create a report"),
        (f"GET {REPORTS}/{{id}}", show, "A report"),
        (f"DELETE {REPORTS}/{{id}}", destroy, "Cancel a report"),
    ),
    *rest(
        "quiz submission users",
        f"{RECORDED}/content-quizzes.jsonl 265, 269; {CONTROLLERS}/quiz_submission_users_controller.rb",
        (f"GET {QUIZZES}/{{quiz_id}}/submission_users", users, "Students of a quiz"),
        (f"POST {QUIZZES}/{{quiz_id}}/submission_users/message", message, "Message the students of a quiz"),
    ),
)
