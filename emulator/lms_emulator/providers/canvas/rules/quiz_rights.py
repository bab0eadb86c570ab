"""What the caller may do with a classic quiz.

Source: canvas-lms app/models/quizzes/quiz.rb, its policy.
"""

from __future__ import annotations

from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.model import Course, Quiz
from lms_emulator.providers.canvas.rules import courses, periods, quiz_taking, quizzes


def due_in_closed(api: Api, course: Course, quiz: Quiz) -> bool:
    """Whether a closed grading period keeps the caller from deleting a quiz."""
    graded = quizzes.assignment_of(api, quiz)
    return graded is not None and periods.binds(api, course) and periods.due_in_closed(api, course, graded)


def rights(api: Api, course: Course, quiz: Quiz) -> dict[str, bool]:
    """What the caller may do with a quiz that they see."""

    def may(*wanted: str) -> bool:
        return courses.may(api, api.caller, course, *wanted)

    edits, reader = may("manage_assignments_edit"), may("manage_grades", "view_all_grades")
    return {
        "manage": edits,
        "read": True,
        "create": may("manage_assignments_add"),
        "update": edits,
        "submit": quiz_taking.submits(api, course, quiz),
        "preview": edits or may("read_as_admin"),
        "delete": may("manage_assignments_delete") and not due_in_closed(api, course, quiz),
        "read_statistics": reader,
        "grade": may("manage_grades"),
        "review_grades": reader,
        "view_answer_audits": may("view_quiz_answer_audits"),
    }
