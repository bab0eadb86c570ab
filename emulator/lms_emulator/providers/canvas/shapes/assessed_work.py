"""Work that was just assessed with a rubric, as Canvas's own serialization of its records.

Fields: canvas-lms app/controllers/rubric_assessments_controller.rb, and the recorded exchanges of `grading-rubrics`.
"""

from __future__ import annotations

from typing import Any

from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.call.moments import when
from lms_emulator.providers.canvas.model import Assignment, Course, RubricAssessment, Submission, SubmissionVersion
from lms_emulator.providers.canvas.rules import lateness, periods, rubrics, submissions, teams
from lms_emulator.providers.canvas.shapes import Json
from lms_emulator.providers.canvas.shapes import rubrics as rubric_shapes
from lms_emulator.providers.canvas.shapes import submissions as submission_shapes

_OF_SUBMISSION = ("id", "assignment_id", "user_id", "group_id", "anonymous_id", "extra_attempts", "redo_request")
_OF_VERSION = (
    "body",
    "url",
    "submission_type",
    "workflow_state",
    "grade_matches_current_submission",
    "grader_id",
    "media_comment_id",
    "media_comment_type",
    "attempt",
    "excused",
    "late_policy_status",
    "seconds_late_override",
    "resource_link_lookup_uuid",
)
_BARE: dict[str, Any] = {
    "attachment_id": None,
    "processed": None,
    "student_entered_score": None,
    "quiz_submission_id": None,
    "submission_comments_count": None,
    "media_object_id": None,
    "turnitin_data": {},
    "graded_anonymously": None,
    "lti_user_id": None,
    "cached_quiz_lti": False,
    "cached_tardiness": None,
    "proxy_submitter_id": None,
}


def assessed(api: Api, record: RubricAssessment, base: Assignment, course: Course, submission: Submission) -> Json:
    """An assessment after a change, with the submission that it is about."""
    own, raw = rubric_shapes.assessment_row(api, record), _row(api, submission, submission, base, course)
    found = api.store.rubric_associations.get(record.rubric_association_id)
    together = teams.graded_together(api, base, record.user_id) or [record.user_id]
    versions = (row for _, row in submission_shapes.attempts(submission))
    seen = submission_shapes.comments_seen(api, submission, base, course)
    return {
        **own,
        "ratings": record.data,
        **_assessor(api, record),
        "related_group_submissions_and_assessments": []
        if base.grade_group_students_individually
        else [_related(api, submissions.of(api, base, person), base, course) for person in together],
        "artifact": {
            **raw,
            "submission_history": [
                {
                    "submission": {
                        **_row(api, submission, version, base, course),
                        "versioned_attachments": submission_shapes.attachments(api, version.attachment_ids),
                    }
                }
                for version in versions
            ],
            "attachments": submission_shapes.attachments(api, submission.attachment_ids),
            "entered_score": submission.entered_score,
            "entered_grade": submission.entered_grade,
            "word_count": len(submission.body.split()) if submission.body else None,
            "submission_comments": [submission_shapes.moderated_comment(api, course, base, row) for row in seen],
        },
        "rubric_association": rubric_shapes.association_row(api, found) if found is not None else None,
    }


def _assessor(api: Api, record: RubricAssessment) -> Json:
    assessor = api.store.users.get(record.assessor_id)
    return {"assessor_name": assessor.name if assessor is not None else None}


def _related(api: Api, record: Submission, base: Assignment, course: Course) -> Json:
    """The work of somebody who is assessed together with others, with all assessments of it."""
    rows = [rubric_shapes.assessment_row(api, row) | _assessor(api, row) for row in rubrics.of_submission(api, record)]
    return {
        "submission": {"submission": _row(api, record, record, base, course)},
        "rubric_assessments": [{"rubric_assessment": row} for row in rows],
    }


def _row(api: Api, record: Submission, version: SubmissionVersion, base: Assignment, course: Course) -> Json:
    """Every column of a submission, as of one of its versions."""
    stands = lateness.standing(api, base, record.user_id, version)
    period = periods.of_date(api, course, stands.due_at)
    others = (
        comment.created_at
        for comment in api.store.submission_comments.find("submission", record.id)
        if comment.author_id != record.user_id and not comment.draft and comment.provisional_grade_id is None
    )
    updated_at = record.updated_at if version is record else version.made_at or version.updated_at
    return {
        **_BARE,
        **{name: getattr(record, name) for name in _OF_SUBMISSION},
        **{name: getattr(version, name) for name in _OF_VERSION},
        "grade": stands.grade,
        "score": stands.score,
        "published_score": stands.score,
        "published_grade": stands.grade,
        "submitted_at": when(version.submitted_at),
        "created_at": when(record.created_at or base.created_at),
        "updated_at": when(updated_at or record.created_at or base.created_at),
        "attachment_ids": ",".join(map(str, version.attachment_ids)) or None,
        "graded_at": when(version.graded_at),
        "cached_due_date": when(stands.due_at),
        "points_deducted": stands.deducted,
        "grading_period_id": period.id if period is not None else None,
        "last_comment_at": when(max(others, default=None)),
        "posted_at": when(version.posted_at),
        "course_id": base.course_id,
        "root_account_id": api.root.id,
    }
