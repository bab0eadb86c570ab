"""The effects of a tool's score on the gradebook: attempt, grade, comment, result.

Source: canvas-lms app/controllers/lti/ims/scores_controller.rb and app/models/lti/result.rb (2023-06); the recorded
exchanges of `lti-ags` 145-364.
"""

from __future__ import annotations

import sys
from datetime import datetime, timedelta
from typing import Any

from msgspec.structs import replace

from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.call.moments import read_moment
from lms_emulator.providers.canvas.call.params import Params, as_flag, as_float, is_number
from lms_emulator.providers.canvas.model import (
    Assignment,
    Course,
    LineItem,
    LtiResult,
    Submission,
    SubmissionComment,
    Tool,
    User,
)
from lms_emulator.providers.canvas.refusals import grading as grading_refusals
from lms_emulator.providers.canvas.rules import grading, html, submissions, submitting
from lms_emulator.signing import lti13_services as services

EXTENSION = "https://canvas.instructure.com/lti/submission"
OF_ITEMS = ("type", "url", "title", "media_type")
MEMBERS = ("new_submission", "submission_type", "submission_data", "submitted_at", "prioritize_non_tool_grade")
TYPES = ("none", "basic_lti_launch", "online_text_entry", "online_url", "external_tool", "online_upload")
AHEAD = timedelta(minutes=1)
UNPUBLISHED = "cannot be changed at this time: This assignment is still unpublished"
NO_ATTEMPTS = "The maximum number of allowed attempts has been reached for this submission"
NO_FILES = "Content items must be provided with submission type 'online_upload'"


class Score:
    """A score from a tool, with Canvas's extension. `check` refuses invalid ones."""

    def __init__(self, api: Api) -> None:
        self.sent = api.params
        extension = api.params.peek(EXTENSION)
        if extension is not None and not isinstance(extension, dict):
            raise refusals.crashed(f"{EXTENSION} is not an object", extension)
        self.extension: Params = api.params.hash(EXTENSION)
        self.given = api.params.text("scoreGiven")
        self.maximum = api.params.text("scoreMaximum")
        self.comment = api.params.text("comment")
        self.activity = api.params.text("activityProgress") or ""
        self.grading = api.params.text("gradingProgress") or ""

    @property
    def counts(self) -> bool:
        """Whether it gives a grade; one that does not removes it."""
        return self.given is not None and self.grading in services.COUNTED

    @property
    def files(self) -> list[Params]:
        """The files submitted with it."""
        return [fields for fields in self.extension.hashes("content_items") if fields.text("type") == "file"]

    @property
    def kind(self) -> str:
        """What is submitted."""
        return "online_upload" if self.files else self.extension.text("submission_type") or "external_tool"

    @property
    def new_attempt(self) -> bool:
        """Whether something is submitted at all."""
        flag = self.extension.get("new_submission")
        return (flag in (None, "") or as_flag(flag)) and self.kind != "none"

    def check(self, item: LineItem, last: LtiResult | None, now: datetime) -> datetime:
        """The score's timestamp. Raises the refusal for the first thing that is invalid."""
        for name in ("activityProgress", "gradingProgress", "timestamp"):
            if not self.sent.text(name):
                raise refusals.missing(name)
        at = self._moment(last)
        if self.counts:
            self._check_numbers(item)
        self._check_submitted_at(now)
        if self.kind == "online_upload" and not self.files:
            raise refused("content_items_missing", NO_FILES)
        return at

    def _moment(self, last: LtiResult | None) -> datetime:
        text = self.sent.text("timestamp") or ""
        at = read_moment(text)
        if at is None:
            wrong = f"Provided timestamp of {text} not a valid timestamp"
            raise refused("score_not_a_time", wrong, 400, check="timestamp", got=text)
        if last is not None and last.updated_at > at:
            known = services.iso(last.updated_at)
            text = f"Provided timestamp of {text} before last updated timestamp of {known}"
            raise refused("score_too_old", text, 400)
        return at

    def _check_numbers(self, item: LineItem) -> None:
        if self.maximum is None:
            raise refused(
                "score_missing",
                "ScoreMaximum not supplied when ScoreGiven present.",
                check="scoreMaximum",
                got=sorted(self.sent.data),
            )
        if as_float(self.maximum) < 0:
            wrong = "ScoreMaximum must be greater than or equal to 0"
            raise refused("score_out_of_range", wrong, check="scoreMaximum", expected="0 or more", got=self.maximum)
        if as_float(self.maximum) == 0 and item.data.score_maximum != 0:
            wrong = "cannot be zero if line item's maximum is not zero"
            above = "a number above 0"
            raise refused("score_maximum_zero", wrong, check="scoreMaximum", expected=above, got=self.maximum)
        if as_float(self.given) < 0:
            wrong = "ScoreGiven must be greater than or equal to 0"
            raise refused("score_out_of_range", wrong, check="scoreGiven", expected="0 or more", got=self.given)

    def _check_submitted_at(self, now: datetime) -> None:
        text = self.extension.text("submitted_at")
        if not text:
            return
        at = read_moment(text)
        if at is None:
            sentence = f"Provided submitted_at timestamp of {text} not a valid timestamp"
            raise refused("submitted_not_a_time", sentence, 400)
        if at > now + AHEAD:
            raise refused("submitted_in_future", f"Provided submitted_at timestamp of {text} in the future", 400)

    def points(self, item: LineItem) -> float:
        """The score on the line item's scale."""
        most = as_float(self.maximum)
        found = as_float(self.given) * (item.data.score_maximum / most) if most else as_float(self.given)
        return min(found, sys.float_info.max)  # JSON has no infinity


def refused(reason: str, sentence: str, status: int = 422, *, check: str = "the score holds", **details: Any) -> Any:
    """The refusal of a score. Parameters: `check`, the member's name, if one is at fault."""
    return refusals.lti_service(reason, sentence, status, check=check, **details)


def hand_in(api: Api, base: Assignment, record: Submission, score: Score) -> Submission:
    """Create the attempt for a score, without files."""
    data = score.extension.text("submission_data")
    given: dict[str, Any] = {}
    if score.kind in TYPES:
        given = {"submission_type": score.kind, "url": None, "body": None, "attachment_ids": []}
        if score.kind == "online_text_entry":
            given["body"] = html.clean(data)
        elif data and score.kind in ("online_url", "basic_lti_launch"):
            given["url"] = data if score.kind == "basic_lti_launch" else _address(data)
    at = score.extension.moment("submitted_at")
    return submitting.hand_in(api, base, record, {**given, "submitted_at": at or api.now})


def _address(data: str) -> str:
    address = submitting.address(data)
    if address is None:
        raise grading_refusals.fault_of_field("url", submitting.NO_ADDRESS, None)
    return address


def check_result(score: Score) -> None:
    """Raise the refusal of a result that Canvas cannot store. The attempt is kept."""
    faults: list[grading_refusals.Fault] = []
    words: dict[str, Any] = {}
    if score.given and not score.maximum:
        faults.append(("result_maximum", None, "blank"))
        words = {"check": "`scoreMaximum` is valid"}
    for field, member, text in (
        ("result_score", "scoreGiven", score.given),
        ("result_maximum", "scoreMaximum", score.maximum),
    ):
        if text and not is_number(text):
            faults.append((field, None, "not_a_number"))
            words = words or {"check": f"`{member}` is valid", "expected": ["a number"], "got": text}
    for field, member, word, known in (
        ("activity_progress", "activityProgress", score.activity, services.ACTIVITY_PROGRESS),
        ("grading_progress", "gradingProgress", score.grading, services.GRADING_PROGRESS),
    ):
        if word not in known:
            faults.append((field, None, "inclusion"))
            words = words or {"check": f"`{member}` is valid", "expected": list(known), "got": word}
    if faults:
        raise grading_refusals.faults_of_fields(faults, **words)


def grade(api: Api, course: Course, base: Assignment, user: User, tool: Tool, item: LineItem, score: Score) -> None:
    """Set or remove the grade according to a score. Raises the refusal for an unpublished assignment."""
    if not base.published or base.workflow_state == "deleted":
        raise grading_refusals.fault_of_field("grade", UNPUBLISHED, None)
    check_result(score)
    record = submissions.of(api, base, user.id)
    kept = score.extension.flag("prioritize_non_tool_grade") and record.entered_score is not None
    if not score.counts:
        record = _cleared(api, base, record)
    elif not kept:
        points = score.points(item)
        if base.grading_type == "pass_fail" and points > 0:
            points = float(base.points_possible or 0)
        record = grading.grade(api, course, base, record, None, grader_id=-tool.id, points=points)
    if score.grading == "PendingManual" and not kept:
        record = grading.keep(api, base, replace(record, workflow_state="pending_review"), new_version=False)
    if score.comment:
        _comment(api, record, score.comment)


def _cleared(api: Api, base: Assignment, record: Submission) -> Submission:
    state: Any = record.workflow_state
    if state == "graded":
        state = "submitted" if record.submission_type is not None else "unsubmitted"
    bare = replace(record, entered_score=None, entered_grade=None, workflow_state=state)
    return grading.keep(api, base, bare, new_version=not record.versions)


def _comment(api: Api, record: Submission, text: str) -> None:
    comment = SubmissionComment(
        id=api.new_id("submission_comments"), submission_id=record.id, comment=text, created_at=api.now
    )
    api.store.submission_comments.put(comment)
    current = api.store.submissions.get(record.id) or record
    if current.posted_at is not None:
        api.store.submissions.put(replace(current, **submissions.marked(current, current.user_id, read=False)))


def keep_result(api: Api, item: LineItem, user: User, score: Score, last: LtiResult | None, at: datetime) -> LtiResult:
    """Store a tool's result."""
    known = api.store.lti_results.first("person", (item.id, user.id)) or last
    extension = {name: value for name in MEMBERS if (value := score.extension.get(name)) is not None}
    items = score.extension.get("content_items")
    if isinstance(items, list):
        extension["content_items"] = [
            {name: pair[name] for name in OF_ITEMS if name in pair} for pair in items if isinstance(pair, dict)
        ]
    result = LtiResult(
        id=known.id if known is not None else api.new_id("lti_results"),
        line_item_id=item.id,
        user_id=user.id,
        result_score=as_float(score.given) if score.given else None,
        result_maximum=as_float(score.maximum) if score.maximum else None,
        comment=score.comment if score.comment is not None or known is None else known.comment,
        activity_progress=score.activity,
        grading_progress=score.grading,
        extensions={EXTENSION: extension} if score.sent.peek(EXTENSION) is not None else {},
        updated_at=at,
    )
    return api.store.lti_results.put(result)
