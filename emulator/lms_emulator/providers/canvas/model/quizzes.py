"""Classic quizzes: questions, submissions, and answers."""

from __future__ import annotations

from typing import Any, Literal

from lms_emulator.core.state.records import Instant, Record

QuizType = Literal["practice_quiz", "assignment", "graded_survey", "survey"]


class Quiz(Record, frozen=True, kw_only=True):
    """A classic quiz.

    Attributes:
        assignment_id: where its grades go; a practice quiz or a survey has none.
        title, description, due_at, unlock_at, lock_at, points_possible: kept the same in the assignment.
        workflow_state: `edited` once there were questions, until it is published as `available`.
        quiz_data: the questions and groups as of its publication, which is what students see.
        version_number: how often it was saved.
    """

    id: int
    course_id: int
    title: str = "Unnamed Quiz"
    description: str | None = None
    quiz_type: QuizType = "assignment"
    assignment_id: int | None = None
    assignment_group_id: int | None = None
    time_limit: int | None = None
    shuffle_answers: bool = False
    show_correct_answers: bool = True
    show_correct_answers_at: Instant | None = None
    hide_correct_answers_at: Instant | None = None
    show_correct_answers_last_attempt: bool = False
    hide_results: str | None = None
    one_time_results: bool = False
    scoring_policy: str = "keep_highest"
    allowed_attempts: int = 1
    one_question_at_a_time: bool = False
    cant_go_back: bool = False
    access_code: str | None = None
    ip_filter: str | None = None
    due_at: Instant | None = None
    unlock_at: Instant | None = None
    lock_at: Instant | None = None
    only_visible_to_overrides: bool = False
    anonymous_submissions: bool = False
    points_possible: float | None = None
    question_count: int = 0
    question_types: list[str] = []
    quiz_data: list[dict[str, Any]] = []
    version_number: int = 1
    workflow_state: Literal["created", "unpublished", "edited", "available", "deleted"] = "available"
    created_at: Instant
    updated_at: Instant


class QuizGroup(Record, frozen=True, kw_only=True):
    """A pool of questions from which each attempt draws some."""

    id: int
    quiz_id: int
    name: str = "Question Group"
    pick_count: int | None = None
    question_points: float | None = None
    position: int | None = None
    assessment_question_bank_id: int | None = None


class QuizQuestion(Record, frozen=True, kw_only=True):
    """A question of a quiz.

    Attributes:
        question_data: the question, under Canvas's names.
        assessment_question_id: its row in the course's question bank; None for a text without a question.
        generated: for one drawn from a bank, how often it had been drawn into the same attempt; no list shows it.
        workflow_state: a deleted one stays in the attempts that posed it.
    """

    id: int
    quiz_id: int
    quiz_group_id: int | None = None
    assessment_question_id: int | None = None
    position: int | None = None
    question_data: dict[str, Any]
    generated: int | None = None
    workflow_state: Literal["active", "deleted"] = "active"


class AssessmentQuestion(Record, frozen=True, kw_only=True):
    """A question of a course's question bank, as originally created."""

    id: int
    course_id: int
    assessment_question_bank_id: int
    name: str
    position: int
    question_data: dict[str, Any]
    created_at: Instant


class QuestionBank(Record, frozen=True, kw_only=True):
    """A course's bank of questions."""

    id: int
    course_id: int


class QuizSubmission(Record, frozen=True, kw_only=True):
    """A user's quiz submission: the current attempt, and earlier ones.

    Attributes:
        user_id: None for a teacher's preview.
        submission_id: the assignment's submission that gets the grade.
        attempt: None if there are only settings.
        quiz_data: the questions as posed.
        answers: by question, while the attempt runs.
        graded: the graded answers, when it is finished.
        updated_at: when it was last graded.
        attempts: finished attempts, by number.
    """

    id: int
    quiz_id: int
    user_id: int | None = None
    submission_id: int | None = None
    quiz_version: int | None = None
    workflow_state: Literal["untaken", "pending_review", "complete", "settings_only", "preview"]
    attempt: int | None = None
    score: float | None = None
    kept_score: float | None = None
    fudge_points: float | None = None
    started_at: Instant | None = None
    end_at: Instant | None = None
    finished_at: Instant | None = None
    updated_at: Instant | None = None
    quiz_points_possible: float | None = None
    extra_attempts: int | None = None
    extra_time: int | None = None
    manually_unlocked: bool | None = None
    validation_token: str
    has_seen_results: bool | None = None
    quiz_data: list[dict[str, Any]] = []
    answers: dict[str, Any] = {}
    flagged: list[int] = []
    graded: list[dict[str, Any]] = []
    attempts: dict[str, QuizSubmission] = {}


class QuizSubmissionEvent(Record, frozen=True, kw_only=True):
    """Something that happened while a quiz was taken."""

    id: int
    quiz_submission_id: int
    attempt: int
    event_type: str
    event_data: Any = None
    created_at: Instant


class QuizReport(Record, frozen=True, kw_only=True):
    """Statistics of a quiz, as a CSV once a user (`user_id`) requested it.

    Attributes:
        includes_sis_ids: whether the user who caused the row may read SIS ids, which the CSV then shows.
    """

    id: int
    quiz_id: int
    report_type: Literal["student_analysis", "item_analysis"]
    includes_all_versions: bool = False
    includes_sis_ids: bool = True
    user_id: int | None = None
    queued_at: Instant | None = None
    progress_id: int | None = None
    attachment_id: int | None = None
    created_at: Instant
    updated_at: Instant

    @property
    def waiting(self) -> bool:
        """Whether the CSV has been requested and is not ready."""
        return self.queued_at is not None and self.attachment_id is None
