"""Submitting work.

Source: canvas-lms app/controllers/submissions_controller.rb, create, and app/models/assignment.rb, submit_homework
(2023-06); the recorded exchanges of `grading-submissions` 28-110.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from msgspec.structs import replace

from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.call.params import Params, as_integer
from lms_emulator.providers.canvas.lti import documents
from lms_emulator.providers.canvas.model import Assignment, Attachment, Course, Submission, SubmissionComment, User
from lms_emulator.providers.canvas.refusals import grading as grading_refusals
from lms_emulator.providers.canvas.rules import (
    assignments,
    courses,
    files,
    grading,
    html,
    progressing,
    states,
    submissions,
    teams,
)

REQUIRED = {
    "online_text_entry": ("body",),
    "online_url": ("url",),
    "online_upload": ("file_ids",),
    "media_recording": ("media_comment_id", "media_comment_type"),
    "basic_lti_launch": ("url",),
    "student_annotation": ("annotatable_attachment_id",),
}
NOTHING_TO_SUBMIT = ([""], ["none"], ["not_graded"], ["online_quiz"], ["wiki_page"], ["attendance"])
NOTHING: dict[str, Any] = {
    "body": None,
    "url": None,
    "attachment_ids": [],
    "media_comment_id": None,
    "media_comment_type": None,
    "resource_link_lookup_uuid": None,
}
"""The fields of other submission types, which an attempt clears."""
COUNTED = {"online_upload", "online_url", "online_text_entry"}
"""The submission types with a limited number of attempts."""
NO_ATTEMPTS = "you have reached the maximum number of allowed attempts for this assignment"
ATTACHED_FILES = "Please see attached files."
NO_ADDRESS = "is not a valid URL"


def takes_work(base: Assignment) -> bool:
    """Whether students can submit something, or post it in a discussion."""
    return bool(base.submission_types) and base.submission_types not in NOTHING_TO_SUBMIT


def may_submit(api: Api, course: Course, base: Assignment, user: User, record: Submission | None) -> bool:
    """Whether the user may submit something now."""
    return why_not(api, course, base, user, record) is None


def why_not(api: Api, course: Course, base: Assignment, user: User, record: Submission | None) -> str | None:
    """Why the user may not submit anything now; None if they may."""
    if not takes_work(base):
        types = ", ".join(base.submission_types) or "none"
        return f"assignment {base.id} takes no work: its submission_types are {types}"
    rows = [e for e, state in courses.enrollments_of(api, user, course) if state.name == "active"]
    if not any(e.type in states.STUDENTS for e in rows):
        return f"user {user.id} is not an active student of course {course.id}, and only students hand in"
    if course.workflow_state != "available":
        return f"course {course.id} is {course.workflow_state}, not available"
    if not assignments.assigned(api, base, user.id):
        return f"assignment {base.id} is not assigned to user {user.id}, or not published"
    if record is not None and record.excused:
        return f"user {user.id} is excused from assignment {base.id}"
    if (closed := assignments.shut(api, assignments.dated_for(api, base, user.id))) is not None:
        return f"assignment {base.id} is closed by its {closed}"
    locked = user is api.caller and progressing.lock_of(api, course, "Assignment", base.id) is not None
    return f"assignment {base.id} is in a module that is locked for the caller" if locked else None


def may_send_files(api: Api, course: Course, base: Assignment) -> bool:
    """Whether the caller, a student, may attach files to comments, even if the assignment is closed."""
    takes = takes_work(base) or base.submission_types == ["online_quiz"]
    studies = courses.may(api, api.user, course, "participate_as_student")
    return takes and studies and assignments.assigned(api, base, api.user.id)


def _kind(base: Assignment, sent: Params) -> str:
    """The submission type. Raises the refusals for one that is not accepted, or lacks required fields."""
    kind = sent.text("submission_type") or ""
    if kind == "basic_lti_launch":
        allowed = any("online" in row or row == "external_tool" for row in base.submission_types)
    else:
        allowed = kind in REQUIRED and kind in base.submission_types
    if not allowed:
        takes = list(base.submission_types)
        text = "Invalid submission[submission_type] given"
        raise refusals.message(400, "submission_type_invalid", text, expected=takes)
    names = REQUIRED[kind]
    if kind != "online_text_entry" and not all(sent.has(name) for name in names):
        needed = ", ".join(f"submission[{name}]" for name in names)
        text = f"Invalid parameters for submission_type {kind}. Required: {needed}"
        raise refusals.message(400, "submission_incomplete", text)
    return kind


def content(api: Api, base: Assignment, sent: Params, user: User) -> dict[str, Any]:
    """The submitted content, validated. Raises the refusals for invalid content."""
    kind = _kind(base, sent)
    names = REQUIRED[kind]
    found: dict[str, Any] = {**NOTHING, "submission_type": kind}
    match kind:
        case "online_text_entry":
            found["body"] = html.clean(sent.text("body"))
        case "online_upload":
            found["attachment_ids"] = sorted(file.id for file in _files(api, base, sent, user))
        case "online_url" | "basic_lti_launch":
            found["url"] = address(sent.text("url") or "")
            if found["url"] is None:
                raise refusals.invalid({"url": [NO_ADDRESS]})
        case "student_annotation":
            if sent.integer(names[0]) != base.annotatable_attachment_id:
                raise refusals.crashed("another file than the one to be annotated", sent.text(names[0]))
        case _:
            found |= {name: sent.text(name) for name in names}
    if (lookup := sent.text("resource_link_lookup_uuid")) is not None:
        links = api.store.resource_links
        if not any(link.course_id == base.course_id and (link.lookup_id or link.id) == lookup for link in links):
            text = "Resource link not found for given `resource_link_lookup_uuid`"
            raise refusals.message(400, "resource_link_unknown", text, got=lookup)
        found["resource_link_lookup_uuid"] = lookup
    return found


def address(text: str) -> str | None:
    """A text as a web URL; None if it is not one."""
    text = text.strip()
    try:
        parts = urlsplit(text)
        url = text if parts.scheme else f"http:{text}" if parts.netloc else f"http://{text}"
        parts = urlsplit(url)
    except ValueError:
        return None
    bad = not text or " " in text or parts.scheme not in ("http", "https") or not parts.hostname
    return None if bad else url


def _files(api: Api, base: Assignment, sent: Params, user: User) -> list[Attachment]:
    """The submitted files: those uploaded for the assignment, and copies of others and of earlier submissions."""
    numbers = sent.texts("file_ids") if isinstance(sent.get("file_ids"), list) else []
    found = dict.fromkeys(as_integer(number) for number in numbers)
    group = teams.team(api, base, user.id)
    places = {("User", user.id), *([("Group", group.id)] if group is not None else [])}
    own = [
        row
        for row in map(api.store.attachments.get, found)
        if row is not None and row.file_state != "deleted" and (row.context_type, row.context_id) in places
    ]
    if not own:
        raise refusals.message(400, "no_file", "No valid file ids given")
    course = api.store.courses.get(base.course_id)
    assert course is not None, "an assignment's course is kept with it"
    records = api.store.submissions.find("user", user.id)
    before = {number for record in records for version in record.versions for number in version.attachment_ids}
    return [
        attachment
        if files.submitted(api.store, attachment) and attachment.id not in before
        else files.copy(api, attachment, files.submissions_folder(api, user, course), "rename")
        for attachment in own
    ]


def submit(api: Api, base: Assignment, user: User, given: dict[str, Any], said: str | None) -> Submission:
    """Store a new attempt of a user and their group; returns the user's own. `said`: a comment."""
    mates = teams.teammates(api, base, user.id)
    made = [hand_in(api, base, submissions.of(api, base, value), given) for value in mates]
    own = next(submission for submission in made if submission.user_id == user.id)
    documents.handed_in(api, base, own)
    comment(api, own, Params({"text_comment": said}), author=user)
    return own


def attempts_left(base: Assignment, record: Submission) -> bool:
    """Whether the student has an attempt left."""
    allowed = base.allowed_attempts
    return allowed is None or allowed < 0 or (record.attempt or 0) < allowed + (record.extra_attempts or 0)


def hand_in(api: Api, base: Assignment, record: Submission, given: dict[str, Any]) -> Submission:
    """Store a new attempt. Raises the refusal if no attempt is left."""
    attempt = (record.attempt or 0) + 1
    if not COUNTED.isdisjoint(base.submission_types) and not attempts_left(base, record):
        raise refusals.invalid({"attempt": [NO_ATTEMPTS]})
    group = teams.team(api, base, record.user_id)
    made = replace(
        record,
        **{"submitted_at": api.now, **given},
        group_id=group.id if group is not None else None,
        attempt=attempt,
        workflow_state="pending_review" if record.workflow_state == "pending_review" else "submitted",
        late_policy_status=None,
        seconds_late_override=None,
        graded_at=api.now if record.excused or record.late_policy_status else record.graded_at,
        grade_matches_current_submission=record.entered_grade is None,
    )
    return grading.keep(api, base, made, new_version=True)


def _posts(api: Api, record: Submission) -> bool:
    """Whether the caller's comment, like a grade, posts the submission's grade to the student."""
    base = api.store.assignments.get(record.assignment_id)
    course = api.store.courses.get(base.course_id) if base is not None else None
    if base is None or course is None or assignments.posts_manually(base, course):
        return False
    return courses.may(api, api.user, course, "manage_grades")


def goes_with_comment(api: Api, attachment: Attachment) -> bool:
    """Whether the caller uploaded that file for a comment."""
    return attachment.context_type == "Assignment" and attachment.user_id == api.user.id


def comment(
    api: Api,
    record: Submission,
    sent: Params,
    *,
    author: User | None = None,
    group_comment_id: str | None = None,
    provisional_grade_id: int | None = None,
) -> SubmissionComment | None:
    """Store the comment of a request, if it has one. Raises the refusal for an attempt that does not exist.

    Parameters: `author`, if it is not the caller.
    """
    author = author or api.user
    record = api.store.submissions.get(record.id) or record
    if author.id != record.user_id and provisional_grade_id is None and _posts(api, record):
        record = api.store.submissions.put(replace(record, posted_at=record.posted_at or api.now))
    text, media = (sent.text("text_comment") or "").strip(), sent.text("media_comment_id")
    numbers = sent.integers("file_ids")
    if not text and not media and sent.has("file_ids"):
        text = ATTACHED_FILES
    if not (text or media):
        return None
    attempt = sent.integer("attempt") if sent.text("attempt") else None
    if attempt is not None and attempt > (record.attempt or 1):
        fault = "attempt must not be larger than number of submission attempts"
        raise grading_refusals.fault_of_field("attempt", fault, None)
    made = SubmissionComment(
        id=api.new_id("submission_comments"),
        submission_id=record.id,
        author_id=author.id,
        author_name=author.short_name or author.name,
        comment=text,
        attempt=attempt,
        group_comment_id=group_comment_id,
        media_comment_id=media,
        media_comment_type=sent.text("media_comment_type") if media else None,
        attachment_ids=[number for number in numbers if number in api.store.attachments],
        provisional_grade_id=provisional_grade_id,
        created_at=api.now,
    )
    if author.id != record.user_id and record.posted_at is not None and provisional_grade_id is None:
        api.store.submissions.put(replace(record, **submissions.marked(record, record.user_id, read=False)))
    return api.store.submission_comments.put(made)
