"""LTI services: scores, results, and the progress of a score's files."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace
from starlette.responses import Response

from lms_emulator.core.access.recognise import UNSET
from lms_emulator.core.access.slips import how_differs
from lms_emulator.core.http.routing import Route
from lms_emulator.core.http.urls import parts_of
from lms_emulator.providers.canvas import refusals, rules
from lms_emulator.providers.canvas.call import identifiers, number
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.call.params import Params
from lms_emulator.providers.canvas.lti.callers import Place, enter_gradebook
from lms_emulator.providers.canvas.model import (
    Assignment,
    Attachment,
    Course,
    Folder,
    LineItem,
    LtiResult,
    Progress,
    User,
)
from lms_emulator.providers.canvas.paging import paged
from lms_emulator.providers.canvas.routes import line_items as items
from lms_emulator.providers.canvas.routes.declare import RECORDED, service
from lms_emulator.providers.canvas.routes.line_items import ITEMS, typed
from lms_emulator.providers.canvas.rules import (
    features,
    fetching,
    files,
    line_items,
    past_ids,
    people,
    scopes,
    standing,
    submissions,
    submitting,
    tool_scores,
    uploads,
)
from lms_emulator.providers.canvas.rules.tool_scores import EXTENSION, Score
from lms_emulator.providers.canvas.shapes import Json
from lms_emulator.providers.canvas.shapes.progress import progress
from lms_emulator.providers.canvas.wire import reply
from lms_emulator.signing import lti13, lti13_services

AT_ONCE = "ags_scores_multiple_files"


def _person(api: Api, text: str, course: Course) -> User | None:
    """The user for a `userId`: the LTI id from launches, Canvas's own, or one from before a merge."""
    found = api.store.users.first("lti_id", text) if text else None
    found = found if found is None or found.workflow_state != "deleted" else None
    return found or api.store.users.get(number(text)) or past_ids.known(api.store, text, course)


def _student(api: Api, place: Place) -> User:
    text = api.params.text("userId") or ""
    user = _person(api, text, place.course)
    if user is not None and user.lti_id != text:
        api.call.warn("score_by_api_id", "Canvas accepts its own user id here; others know only the id_token's `sub`")
    studies = user is not None and rules.is_student(api.call, user, place.course.id)
    if user is None or not api.check("userId is a student of the course", studies, got=text):
        raise refusals.lti_service(
            "score_for_no_student",
            "User not found in course or is not a student",
            422,
            check="userId is a student of the course",
            got=text,
            absent=None if text else "userId",
            diagnosis=_why_no_student(api, place, user, text) if text else None,
        )
    return user


def _why_no_student(api: Api, place: Place, user: User | None, text: str) -> str | None:
    if user is not None:
        return standing.where_somebody_stands(api.call, user, place.course)
    subs = [user.lti_id for user in api.store.users]
    if (why := how_differs(subs, text)) is not None:
        return why
    if text.lower() in UNSET:
        return f"`userId` was sent as {text}: the variable that should hold it has no value"
    named = people.who_is_meant(api.call, text, takes_kinds=False)
    return f"{named}; `userId` is the `sub` of the id_token" if named else f"`{text}` is the `sub` of nobody here"


def create(api: Api) -> Response:
    """Record a score for one user."""
    place = enter_gradebook(api, lti13.SCOPE_SCORE)
    item = items.found_of_any_tool(api, place)
    user = _student(api, place)
    score = Score(api)
    last = api.store.lti_results.first("person", (item.id, user.id))
    at = score.check(item, last, api.now)
    base = items.assignment_of(api, item)
    record = submissions.of(api, base, user.id) if base is not None and score.new_attempt else None
    if base is not None and record is not None and not submitting.attempts_left(base, record):
        raise tool_scores.refused("attempts_used_up", tool_scores.NO_ATTEMPTS)
    sent = _expected(api, place, user, score) if base is not None else []
    at_once = api.settings.one_attempt_of_several_files or features.enabled(api, api.root, AT_ONCE)
    if base is not None and at_once:
        _hand_in(api, base, user, score, sent)
    if base is not None and line_items.is_first(api.store, item):
        if record is not None and not score.files:
            tool_scores.hand_in(api, base, record, score)
        tool_scores.grade(api, place.course, base, user, place.tool, item, score)
    else:
        tool_scores.check_result(score)
    result = tool_scores.keep_result(api, item, user, score, last, at)
    taken = _take_files(api, place, base, user, score, sent, at_once=at_once) if base is not None else []
    body = {"resultUrl": _result_url(api, item, result), EXTENSION: {"content_items": taken}}
    return reply(api, body, headers=typed(lti13_services.SCORE_TYPE))


def _expected(api: Api, place: Place, user: User, score: Score) -> list[Attachment]:
    """The files of a score, not yet downloaded."""
    folder = files.submissions_folder(api, user, place.course) if score.files else None
    return [_expect(api, folder, user, fields) for fields in score.files]


def _expect(api: Api, folder: Folder | None, user: User, fields: Params) -> Attachment:
    name = fields.text("title") or parts_of(fields.text("url") or "").path.rpartition("/")[2] or "file"
    made = uploads.expect(api, "User", user.id, folder, name, owner=user)
    kind = fields.text("media_type")
    return api.store.attachments.put(replace(made, content_type=kind)) if kind else made


def _hand_in(api: Api, base: Assignment, user: User, score: Score, sent: list[Attachment]) -> None:
    """Create an attempt from the files, if the score represents one."""
    if sent and score.new_attempt:
        given = {"submission_type": "online_upload", "url": None, "body": None}
        record = submissions.of(api, base, user.id)
        submitting.hand_in(api, base, record, {**given, "attachment_ids": [file.id for file in sent]})


def _take_files(
    api: Api, place: Place, base: Assignment, user: User, score: Score, sent: list[Attachment], *, at_once: bool
) -> list[Json]:
    """Queue the downloads of a score's files; each is submitted as it arrives, unless they were `at_once`."""
    shown: list[Json] = []
    for fields, attachment in zip(score.files, sent, strict=True):
        address = fields.text("url") or ""
        job = fetching.take(api, attachment, address, base, user, submits=score.new_attempt and not at_once)
        content_item = {"type": "file", "url": address, "title": fields.text("title")}
        shown.append({**content_item, "progress": _progress_url(api, place, job)})
    return shown


def _progress_url(api: Api, place: Place, job: Progress) -> str:
    return api.url(f"/api/lti/courses/{place.course.id}/progress/{job.id}")


def _result_url(api: Api, item: LineItem, result: LtiResult) -> str:
    return f"{items.url(api, item)}/results/{result.id}"


def _shape(api: Api, item: LineItem, result: LtiResult) -> Json:
    user, course = api.store.users.get(result.user_id), identifiers.course(api, item.course_id)
    body: dict[str, Any] = {
        "id": _result_url(api, item, result),
        "scoreOf": items.url(api, item),
        "userId": past_ids.as_known(api.store, user, course).lti_id if user is not None else None,
        "resultScore": result.result_score,
        "resultMaximum": 1.0 if result.result_maximum == 0 else result.result_maximum,
        "comment": result.comment,
        **result.extensions,
    }
    return {name: value for name, value in body.items() if value is not None}


def index(api: Api) -> Response:
    """The results of a line item; `user_id` filters."""
    place = enter_gradebook(api, lti13.SCOPE_RESULT_READ)
    item = items.found_of_any_tool(api, place)
    found = sorted(api.store.lti_results.find("line_item", item.id), key=lambda result: result.id)
    if api.params.has("user_id"):
        user = _person(api, api.params.text("user_id") or "", place.course)
        if user is not None and not rules.is_student(api.call, user, place.course.id):
            return reply(api, [], headers=typed(lti13_services.RESULTS_TYPE))
        found = [result for result in found if user is not None and result.user_id == user.id]
    headers = typed(lti13_services.RESULTS_TYPE)
    return paged(api, found, lambda result: _shape(api, item, result), size=items.limit(api), headers=headers)


def show(api: Api) -> Response:
    """One result."""
    item = items.own(api, enter_gradebook(api, lti13.SCOPE_RESULT_READ))
    result = identifiers.row(
        api.store.lti_results, api.slot("result_id"), "the result is of the line item", line_item_id=item.id
    )
    return reply(api, _shape(api, item, result), headers=typed(lti13_services.RESULTS_TYPE))


def show_progress(api: Api) -> Json:
    """The progress of a score's file."""
    place = enter_gradebook(api, scopes.PROGRESS)
    job = identifiers.row(api.store.progresses, api.slot("progress_id"), "the job")
    base = api.store.assignments.get(job.context_id) if job.context_type == "Assignment" else None
    if base is None:
        raise refusals.lti_nothing("canvas_fails_here", 500, "the job is one of an assignment")
    mine = [item.developer_key_id for item in line_items.of_assignment(api.store, base.id)]
    if not api.check("the job is the tool's", place.key.id in mine, got=job.id):
        sentence = "Tool does not have permission to view progress"
        raise refusals.lti_service("progress_of_another_tool", sentence, 422, check="the job is the tool's")
    return {**progress(api, job), "url": _progress_url(api, place, job)}


CONTROLLERS = "canvas-lms app/controllers/lti/ims"
ROUTES: tuple[Route, ...] = (
    *service(
        "lti services",
        f"{RECORDED}/lti-ags.jsonl 145, 157, 211, 219, 251, 254, 285, 304, 309; {CONTROLLERS}/scores_controller.rb",
        (f"POST {ITEMS}/{{id}}/scores", create, "Post a score"),
        ("GET /api/lti/courses/{course_id}/progress/{progress_id}", show_progress, "The progress of a score's file"),
    ),
    *service(
        "lti services",
        f"{RECORDED}/lti-ags.jsonl 128, 368, 371, 372, 385, 387; {CONTROLLERS}/results_controller.rb",
        (f"GET {ITEMS}/{{id}}/results", index, "Results"),
        (f"GET {ITEMS}/{{id}}/results/{{result_id}}", show, "One result"),
    ),
)
