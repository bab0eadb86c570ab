"""What work that is done makes superfluous: ignored to-do items, and open items in the planner.

Source: canvas-lms app/models/submission.rb, delete_ignores and update_planner_override, and lib/planner_helper.rb
(2024-04).
"""

from __future__ import annotations

from msgspec.structs import replace

from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.model import Assignment, PlannerOverride, QuizSubmission, Submission
from lms_emulator.providers.canvas.rules import people, submissions


def follow(api: Api, base: Assignment, record: Submission, before: Submission | None) -> None:
    """Drop what a stored submission makes superfluous. Parameters: `before`, how it was."""
    if record.submission_type is not None or record.excused:
        _unignore(api, base, record.user_id)
    was = before.workflow_state if before is not None else "unsubmitted"
    graded_quiz = record.submission_type == "online_quiz" and record.workflow_state == "graded"
    if was != record.workflow_state and (was == "unsubmitted" if graded_quiz else record.workflow_state == "submitted"):
        marks = [("assignment", base.id)]
        if record.submission_type == "discussion_topic":
            marks.insert(0, ("discussion_topic", base.discussion_topic_id or 0))
        elif graded_quiz:
            marks.insert(0, ("quiz", base.quiz_id or 0))
        found = (_mark(api, record.user_id, *value) for value in marks)
        if (known := next(filter(None, found), None)) is not None:
            api.store.planner_overrides.put(replace(known, marked_complete=True, updated_at=api.now))


def complete_quiz(api: Api, record: QuizSubmission) -> None:
    """Mark a practice quiz or survey as done in the planner of who took it."""
    user_id, number = record.user_id, record.quiz_id
    if user_id is None:
        return
    known = _mark(api, user_id, "quiz", number) or PlannerOverride(
        **api.new_row("planner_overrides"), user_id=user_id, plannable_type="quiz", plannable_id=number
    )
    api.store.planner_overrides.put(replace(known, marked_complete=True, updated_at=api.now))


def _mark(api: Api, user_id: int, kind: str, number: int) -> PlannerOverride | None:
    return next(iter(api.store.planner_overrides.find("whose", (user_id, kind, number))), None)


def _unignore(api: Api, base: Assignment, user_id: int) -> None:
    """Show an assignment again that was ignored: to the student, and to graders once nothing waits for a grade."""
    users = api.store.users
    ignoring = api.store.derived(
        ("ignoring",), ("users",), lambda: [user.id for user in users if user.preferences.get("ignored_until")]
    )
    if not ignoring:
        return
    waits = any(map(submissions.needs_grading, submissions.stored(api, base)))
    for user in filter(None, map(users.get, ignoring)):
        ignored = user.preferences["ignored_until"]
        assets = {f"submitting/assignment_{base.id}"} if user.id == user_id else set()
        if not waits and ignored.get(f"grading/assignment_{base.id}") is not None:
            assets.add(f"grading/assignment_{base.id}")
        if not assets.isdisjoint(ignored):
            people.prefer(api, user, ignored_until={name: at for name, at in ignored.items() if name not in assets})
