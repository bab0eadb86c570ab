"""New Quizzes and their questions as JSON.

Fields: the resources `new_quizzes` and `new_quiz_items` of Instructure's developer documentation.
"""

from __future__ import annotations

from lms_emulator.providers.canvas.call.moments import stamp, when
from lms_emulator.providers.canvas.model import Assignment, NewQuiz, NewQuizItem
from lms_emulator.providers.canvas.rules import new_quizzes
from lms_emulator.providers.canvas.shapes import Json

QUESTION = (
    "title",
    "item_body",
    "calculator_type",
    "interaction_type_slug",
    "interaction_data",
    "properties",
    "scoring_data",
    "answer_feedback",
    "scoring_algorithm",
    "feedback",
)


def quiz(record: NewQuiz, base: Assignment) -> Json:
    """A quiz with its settings."""
    settings: Json = {}
    for name, value in new_quizzes.settings_of(record).items():
        group, _, leaf = name.rpartition(".")
        (settings.setdefault(group, {}) if group else settings)[leaf] = value
    return {
        "id": str(base.id),
        "title": base.name,
        "instructions": base.description,
        "assignment_group_id": str(base.assignment_group_id),
        "points_possible": base.points_possible,
        "due_at": when(base.due_at),
        "lock_at": when(base.lock_at),
        "unlock_at": when(base.unlock_at),
        "published": base.published,
        "grading_type": base.grading_type,
        "quiz_settings": settings,
    }


def item(record: NewQuizItem) -> Json:
    """A question of a quiz."""
    return {
        "id": str(record.id),
        "position": record.position,
        "points_possible": record.points_possible,
        "entry_type": "Item",
        "entry_editable": True,
        "stimulus_quiz_entry_id": None,
        "status": "mutable",
        "properties": {},
        "entry": {
            "id": str(record.id),
            **{name: record.entry.get(name) for name in QUESTION},
            "created_at": stamp(record.created_at),
            "updated_at": stamp(record.updated_at),
        },
    }
