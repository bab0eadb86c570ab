"""Submissions and comments on them as Canvas's JSON.

Fields: canvas-lms lib/api/v1/submission.rb and submission_comment.rb (2023-06), and the recorded exchanges of
`grading-submissions`.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime
from typing import Any

from msgspec.structs import replace

from lms_emulator.core.http.urls import add_query
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.call.moments import stamp, when
from lms_emulator.providers.canvas.call.params import as_whole
from lms_emulator.providers.canvas.model import (
    Assignment,
    Course,
    QuizSubmission,
    RubricAssessment,
    Submission,
    SubmissionComment,
    SubmissionVersion,
    User,
)
from lms_emulator.providers.canvas.rules import (
    assignments,
    courses,
    discussions,
    lateness,
    moderation,
    periods,
    quiz_scores,
    roster,
    rubrics,
    submissions,
)
from lms_emulator.providers.canvas.rules.contexts import Context
from lms_emulator.providers.canvas.rules.permissions import is_account_admin
from lms_emulator.providers.canvas.shapes import Json
from lms_emulator.providers.canvas.shapes import assignments as assignment_shapes
from lms_emulator.providers.canvas.shapes import courses as course_shapes
from lms_emulator.providers.canvas.shapes import discussions as discussion_shapes
from lms_emulator.providers.canvas.shapes import files as file_shapes
from lms_emulator.providers.canvas.shapes import people as people_shapes
from lms_emulator.providers.canvas.shapes import rubrics as rubric_shapes
from lms_emulator.providers.canvas.shapes.html import shown

GRADE_KEYS = ("grade", "score", "entered_grade", "entered_score")
ALWAYS = ("preview_url", "media_comment", "external_tool_url")
EVER = datetime(1, 1, 1, tzinfo=UTC)


def reads_grade(api: Api, course: Course, base: Assignment, record: Submission) -> bool:
    """Whether the caller may see the grade now."""
    if assignments.grades(api, course):
        return True
    if api.caller is None or api.caller.id != record.user_id:
        # peer reviewers may not
        return record.posted_at is not None and api.caller is not None and roster.observes(api, course, record.user_id)
    if assignments.posts_manually(base, course):
        return record.posted_at is not None
    again = submissions.needs_grading(record) and not record.grade_matches_current_submission
    return record.posted_at is not None or not (submissions.graded(record) or again)


def submission(api: Api, record: Submission, base: Assignment, course: Course, includes: Collection[str] = ()) -> Json:
    """A submission as the caller may see it."""
    body = version(api, record, record, base, course, len(record.versions))
    if not assignments.assigned(api, base, record.user_id):
        body["workflow_state"] = "deleted"
    account = api.store.accounts.get(course.account_id)
    if _by_anonymous_id(api) or (account is not None and is_account_admin(api, api.caller, account)):
        body["anonymous_id"] = record.anonymous_id
    return body | _included(api, record, base, course, includes)


def _by_anonymous_id(api: Api) -> bool:
    return "anonymous_id" in api.call.path_params


def _names(api: Api, record: Submission, base: Assignment, course: Course) -> bool:
    """Whether the caller may know whose it is."""
    if api.caller is not None and api.caller.id == record.user_id:
        return True
    reviewed = base.anonymous_peer_reviews and not courses.may(api, api.caller, course, "view_all_grades")
    return not (reviewed or submissions.is_anonymous(api, base))


def _page(api: Api, record: Submission, base: Assignment, course: Course) -> str:
    """The URL of a submission; by its anonymous id if names are hidden."""
    if not submissions.is_anonymous(api, base):
        return api.url(f"/courses/{course.id}/assignments/{base.id}/submissions/{record.user_id}")
    grader = api.url(f"/courses/{course.id}/gradebook/speed_grader")
    return add_query(grader, [("anonymous_id", record.anonymous_id), ("assignment_id", base.id)])


def _chosen(api: Api, body: Json) -> Json:
    """Only the keys that a client requests; some are always included."""
    only, without = api.params.texts("response_fields"), api.params.texts("exclude_response_fields")
    if not only and not without:
        return body
    return {
        name: value
        for name, value in body.items()
        if (not only or name in only or name in ALWAYS) and (name not in without or name == "media_comment")
    }


def version(
    api: Api, record: Submission, stored: SubmissionVersion, base: Assignment, course: Course, number: int
) -> Json:
    """A submission as of one of its versions."""
    stands = lateness.standing(api, base, record.user_id, stored)
    page = f"/courses/{course.id}/assignments/{base.id}/submissions/{record.user_id}"
    period = periods.of_date(api, course, stands.due_at)
    body: Json = {
        "id": record.id,
        "body": shown(api, stored.body, course),
        "url": stored.url,
        "grade": stands.grade,
        "score": stands.score,
        "submitted_at": when(stored.submitted_at),
        "assignment_id": record.assignment_id,
        "user_id": record.user_id,
        "submission_type": stored.submission_type,
        "workflow_state": stored.workflow_state,
        "grade_matches_current_submission": stored.grade_matches_current_submission,
        "graded_at": when(stored.graded_at),
        "grader_id": stored.grader_id,
        "attempt": stored.attempt,
        "cached_due_date": when(stands.due_at),
        "excused": stored.excused,
        "late_policy_status": stored.late_policy_status,
        "points_deducted": stands.deducted,
        "grading_period_id": period.id if period is not None else None,
        "extra_attempts": record.extra_attempts,
        "posted_at": when(stored.posted_at),
        "redo_request": record.redo_request,
        "late": stands.late,
        "missing": stands.missing,
        "seconds_late": stands.seconds_late,
        "entered_grade": stored.entered_grade,
        "entered_score": stored.entered_score,
        "preview_url": api.url(f"{page}?preview=1&version={number}"),
    }
    if submissions.stickers(api, course):
        body["sticker"] = record.sticker
    if not reads_grade(api, course, base, record):
        for name in GRADE_KEYS:
            del body[name]
    if submissions.is_anonymous(api, base):
        del body["preview_url"]
    if _by_anonymous_id(api):
        del body["user_id"]
    return _chosen(api, body | _content(api, record, stored, base, course))


def _content(api: Api, record: Submission, version: SubmissionVersion, base: Assignment, course: Course) -> Json:
    """The submitted content, unless it is text."""
    body: Json = {}
    if version.submission_type == "basic_lti_launch":
        launch = api.url(f"/courses/{course.id}/external_tools/retrieve")
        body["url"] = add_query(launch, [("assignment_id", record.assignment_id), ("url", version.url or "")])
        body["external_tool_url"] = version.url
    if version.media_comment_id:
        body["media_comment"] = media_comment(api, version.media_comment_id, version.media_comment_type)
    topic = api.store.discussion_topics.get(base.discussion_topic_id or 0)
    if "discussion_topic" in base.submission_types and topic is not None:
        places = discussions.children(api, topic) if topic.group_category_id is not None else [topic]
        every = (entry for place in places for entry in discussions.entries_of(api, place))
        said = sorted((entry for entry in every if entry.user_id == record.user_id), key=lambda entry: entry.created_at)
        place = Context("Course", course.id, course)
        body["discussion_entries"] = [discussion_shapes.entry(api, entry, place) for entry in said]
    if version.attachment_ids:
        files = attachments(api, version.attachment_ids)
        body["attachments"] = [{**file, "preview_url": None} for file in files]
    return body


def media_comment(api: Api, media_id: str, kind: str | None) -> Json:
    """A recording, with a URL from which the caller can fetch it."""
    kind = kind or "video"
    own = api.caller.id if api.caller is not None else 0
    return {
        "content-type": f"{kind}/mp4",
        "display_name": None,
        "media_id": media_id,
        "media_type": kind,
        "url": api.url(f"/users/{own}/media_download?entryId={media_id}&redirect=1&type=mp4"),
    }


def attachments(api: Api, ids: list[int]) -> list[Json]:
    """Files of a submission or a comment."""
    found = [file for file in map(api.store.attachments.get, ids) if file is not None]
    return [file_shapes.file(api, file) for file in found]


def history(api: Api, record: Submission, base: Assignment, course: Course) -> list[Json]:
    """The last state of each attempt, oldest first; of a quiz, its attempts, latest first.

    Of versions created by one request, Canvas shows the first as the last.
    """
    taken = quiz_scores.of_user(api, base.quiz_id, record.user_id) if base.quiz_id is not None else None
    if taken is not None:
        own = [taken.attempts[key] for key in sorted(taken.attempts, key=int, reverse=True)]
        return [_attempt(api, row, version(api, record, record, base, course, row.attempt or 0)) for row in own]
    return [version(api, record, row, base, course, number) for number, row in attempts(record)]


def attempts(record: Submission) -> list[tuple[int, SubmissionVersion]]:
    """The last version of each attempt with its number, oldest first."""
    begun = [(row.made_at or EVER, -number, row) for number, row in enumerate(record.versions, 1)]
    rows: list[tuple[int, SubmissionVersion]] = []
    for _, number, item in sorted(begun, key=lambda row: row[:2], reverse=True):
        if item.submitted_at is not None and (not rows or rows[-1][1].submitted_at != item.submitted_at):
            rows.append((-number, item))
    rows = rows or [(len(record.versions), record.versions[-1] if record.versions else record)]
    return sorted(rows, key=lambda row: row[1].submitted_at or EVER)


def _attempt(api: Api, taken: QuizSubmission, body: Json) -> Json:
    """A quiz attempt in the form of a submission."""
    rows = []
    for row in taken.graded:
        answer = row["answer"]
        data: Json = {name: row[name] for name in ("correct", "points", "question_id")}
        if isinstance(answer, str) and (chosen := as_whole(answer)) is not None:
            data["answer_id"] = chosen
        rows.append(data | {"text": "" if answer is None else str(answer)})
    return body | {
        "id": taken.id,
        "body": None,
        "score": taken.score,
        "submitted_at": when(taken.finished_at),
        "workflow_state": taken.workflow_state,
        "graded_at": when(taken.end_at),
        "attempt": taken.attempt,
        "submission_data": rows,
    }


def _group(api: Api, record: Submission) -> Json:
    """The group that a student had when they last submitted, or were graded."""
    found = api.store.groups.get(record.group_id or 0)
    return {"id": None, "name": None} if found is None else {"id": found.id, "name": found.name}


def _included(api: Api, record: Submission, base: Assignment, course: Course, includes: Collection[str]) -> Json:
    body: Json = {}
    user = api.store.users.get(record.user_id)
    if "submission_history" in includes:
        more = {"group": _group(api, record)} if "group" in includes else {}
        body["submission_history"] = [row | more for row in history(api, record, base, course)]
    if "submission_comments" in includes:
        body["submission_comments"] = [comment(api, row, course) for row in comments_seen(api, record, base, course)]
    if "assignment" in includes:
        body["assignment"] = assignment_shapes.assignment(api, base, course)
    if "course" in includes:
        body["course"] = {**course_shapes.basic(api, course), "html_url": api.url(f"/courses/{course.id}")}
    if "html_url" in includes:
        body["html_url"] = _page(api, record, base, course)
    if "group" in includes:
        body["group"] = _group(api, record)
    if user is not None and ("user" in includes or "user_summary" in includes) and _names(api, record, base, course):
        shape = people_shapes.display if "user_summary" in includes else people_shapes.person
        body["user"] = shape(api, user, course)
    if reads_grade(api, course, base, record) and (assessed := rubrics.grading_assessment(api, record)) is not None:
        body |= _assessed(api, assessed, includes)
    if "visibility" in includes:
        body["assignment_visible"] = assignments.assigned(api, base, record.user_id)
    if "read_state" in includes:
        read = api.caller is None or submissions.is_read(api, record, api.caller.id)
        body["read_state"] = "read" if read else "unread"
        mark(api, record, read=True)
    return body | _grading(api, record, base, course, includes)


def _assessed(api: Api, assessment: RubricAssessment, includes: Collection[str]) -> Json:
    body: Json = {}
    if "rubric_assessment" in includes:
        body["rubric_assessment"] = rubric_shapes.of_submission(api, assessment)
    if "full_rubric_assessment" in includes:
        body["full_rubric_assessment"] = rubric_shapes.full_of_submission(api, assessment)
    return body


def _grading(api: Api, record: Submission, base: Assignment, course: Course, includes: Collection[str]) -> Json:
    """The state of grading."""
    body: Json = {}
    if "submission_status" in includes:
        body["submission_status"] = _submission_status(api, record, base)
    if "grading_status" in includes:
        body["grading_status"] = grading_status(record)
    if "provisional_grades" in includes:
        body |= _provisional(api, record, base, course, with_comments="submission_comments" in includes)
    if "has_postable_comments" in includes:
        body["has_postable_comments"] = _has_hidden_comments(api, record, base, course)
    return body


def _has_hidden_comments(api: Api, record: Submission, base: Assignment, course: Course) -> bool:
    """Whether there are graders' comments that the student will see with the grade."""
    rows = api.store.submission_comments.find("submission", record.id)
    found = [row for row in rows if not row.draft and row.provisional_grade_id is None]
    return len(_shown(api, record, base, course, found)) < len(found)


def _shown(
    api: Api, record: Submission, base: Assignment, course: Course, found: list[SubmissionComment]
) -> list[SubmissionComment]:
    """The comments that do not wait for the grade to be posted, as graders' comments do."""
    if record.posted_at is not None or not assignments.posts_manually(base, course):
        return found
    students = {e.user_id for e in assignments.students(api, course.id)}
    return [submission_comment for submission_comment in found if submission_comment.author_id in students]


def _provisional(api: Api, record: Submission, base: Assignment, course: Course, *, with_comments: bool) -> Json:
    if not base.moderated_grading:
        return {}
    rows = moderation.shapes(api, course, base, record)
    if with_comments:
        comments = api.store.submission_comments.find("submission", record.id)
        for row in rows:
            own = [c for c in comments if c.provisional_grade_id in (None, row["provisional_grade_id"])]
            row["submission_comments"] = [moderated_comment(api, course, base, c) for c in own]
    return {"provisional_grades": rows}


def mark(api: Api, record: Submission, *, read: bool) -> None:
    """Record that the caller has seen it, or not."""
    user, current = api.caller, api.store.submissions.get(record.id) or record
    if user is not None and submissions.is_read(api, current, user.id) != read:
        api.store.submissions.put(replace(current, **submissions.marked(current, user.id, read=read)))


def _submission_status(api: Api, record: Submission, base: Assignment) -> str:
    stands = lateness.standing(api, base, record.user_id, record)
    if submissions.needs_grading(record) and not record.grade_matches_current_submission:
        return "resubmitted"
    if stands.missing or stands.late:
        return "missing" if stands.missing else "late"
    return "submitted" if record.workflow_state == "submitted" or record.submission_type else "unsubmitted"


def grading_status(record: Submission) -> str | None:
    """The grading status."""
    if record.excused:
        return "excused"
    if record.workflow_state == "pending_review":
        return "needs_review"
    if submissions.needs_grading(record):
        return "needs_grading"
    return "graded" if submissions.graded(record) else None


def comments_seen(api: Api, record: Submission, base: Assignment, course: Course) -> list[SubmissionComment]:
    """The comments that the caller may read, oldest first."""
    found = sorted(api.store.submission_comments.find("submission", record.id), key=lambda c: (c.created_at, c.id))
    found = [row for row in found if not row.draft and row.provisional_grade_id is None]
    return found if reads_grade(api, course, base, record) else _shown(api, record, base, course, found)


def comment(api: Api, record: SubmissionComment, course: Course) -> Json:
    """A comment, with who made it."""
    author: User | None = api.store.users.get(record.author_id)
    hidden = not _tells_author(api, record, course, author)
    body: Json = {
        "id": record.id,
        "comment": record.comment,
        "author_id": None if hidden else record.author_id,
        "author_name": "Anonymous User" if hidden else author_name(api, record),
        "created_at": stamp(record.created_at),
        "edited_at": when(record.edited_at),
        "attempt": record.attempt,
        "author": {} if hidden or author is None else people_shapes.display(api, author, course),
    }
    if record.media_comment_id and record.media_comment_type:
        body["media_comment"] = media_comment(api, record.media_comment_id, record.media_comment_type)
    if record.attachment_ids:
        body["attachments"] = attachments(api, record.attachment_ids)
    return body


def author_name(api: Api, record: SubmissionComment) -> str:
    """The name that a comment is signed with."""
    author = api.store.users.get(record.author_id)
    return record.author_name or (author.short_name or author.name if author is not None else "Someone")


def _tells_author(api: Api, record: SubmissionComment, course: Course, author: User | None) -> bool:
    """Whether the caller may know who wrote a comment."""
    if api.caller is not None and api.caller.id == record.author_id:
        return True
    row = api.store.submissions.get(record.submission_id)
    base = api.store.assignments.get(row.assignment_id) if row is not None else None
    if api.caller is None or (base is not None and submissions.is_anonymous(api, base)):
        return False
    if not record.anonymous and not (base is not None and base.anonymous_peer_reviews):
        return True
    return any(courses.may(api, user, course, "view_all_grades") for user in (api.caller, author))


def moderated_comment(api: Api, course: Course, base: Assignment, record: SubmissionComment) -> Json:
    """A comment with its columns; without its author to those who may not know who it is."""
    body, own = removed_comment(api, record), api.caller is not None and record.author_id == api.caller.id
    whose = api.store.submissions.first("whose", (base.id, record.author_id))
    student = whose is not None and bool(assignments.student(api, course.id, whose.user_id))
    if student and whose is not None and not own and submissions.is_anonymous(api, base):
        return {**_without_author(body), "anonymous_id": whose.anonymous_id}
    number = record.author_id
    if (
        number is not None
        and number in moderation.graders(api, base)
        and not moderation.knows_graders(api, course, base)
    ):
        named = {"author_name": body["author_name"]} if own else {}
        return {**_without_author(body), **named, "anonymous_id": moderation.nameless(base, number)}
    return body


def _without_author(body: Json) -> Json:
    return {name: value for name, value in body.items() if name not in ("author_id", "author_name")}


def removed_comment(api: Api, record: SubmissionComment) -> Json:
    """A comment that was deleted."""
    fields: dict[str, Any] = {
        name: getattr(record, name)
        for name in ("id", "comment", "author_id", "group_comment_id", "media_comment_id", "media_comment_type")
    }
    return {
        **fields,
        "author_name": author_name(api, record),
        "created_at": stamp(record.created_at),
        "cached_attachments": [],
        "draft": record.draft,
        "attempt": record.attempt,
        "publishable": False,
    }
