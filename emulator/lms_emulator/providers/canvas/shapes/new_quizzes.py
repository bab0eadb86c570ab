"""New Quizzes and their questions as JSON.

Fields: the resources `new_quizzes` and `new_quiz_items` of Instructure's developer documentation.
"""

from __future__ import annotations

from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.call.moments import stamp, when
from lms_emulator.providers.canvas.model import Assignment, Course, NewQuiz, NewQuizItem
from lms_emulator.providers.canvas.rules import courses, new_quizzes, pacing
from lms_emulator.providers.canvas.shapes import Json, assignments

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


def on_quiz_page(api: Api, base: Assignment, course: Course) -> Json:
    """An assignment as the page of quizzes shows it.

    Fields: canvas-lms app/serializers/quizzes_next/quiz_serializer.rb.
    """
    page = api.url(f"/courses/{course.id}/assignments/{base.id}")
    dates: Json = {name: when(getattr(base, name)) for name in ("due_at", "lock_at", "unlock_at")}
    kept: Json = {name: getattr(base, name) for name in ("id", "assignment_group_id", "only_visible_to_overrides")}
    origin = ("original_course_id", "original_assignment_id", "original_assignment_name", "original_quiz_id")
    lockdown = ("require_lockdown_browser", "require_lockdown_browser_for_results", "require_lockdown_browser_monitor")
    return {
        **kept,
        **dates,
        "title": base.name,
        "description": base.description,
        "quiz_type": "quizzes.next",
        "published": base.published,
        "points_possible": base.points_possible,
        "can_update": _permissions(api, base, course)["update"],
        "assignment_id": base.id,
        "migration_id": None,
        "post_to_sis": bool(base.post_to_sis),
        "allowed_attempts": base.allowed_attempts or -1,
        "permissions": _permissions(api, base, course),
        "html_url": page,
        "mobile_url": f"{page}?force_user=1&persist_headless=1",
        "can_duplicate": assignments.can_duplicate(api, base),
        "course_id": course.id,
        **{name: base.original.get(name) for name in origin},
        "workflow_state": assignments.state(api, base),
        **dict.fromkeys(lockdown, False),
        "lockdown_browser_monitor_data": None,
        "access_code": None,
        "in_paced_course": pacing.on(api, course),
    }


def _permissions(api: Api, base: Assignment, course: Course) -> dict[str, bool]:
    """What the caller may do with an assignment that nobody can hand anything in for yet."""

    def may(*rights: str) -> bool:
        return courses.may(api, api.caller, course, *rights)

    grades, shown = may("manage_grades"), base.published and may("read")
    deeds = {name: may(f"manage_assignments_{name}") for name in ("add", "edit", "delete")}
    return {
        "read": shown or may("read_as_admin") or deeds["add"],
        "read_own_submission": shown,
        "submit": False,
        "attach_submission_comment_files": grades,
        "grade": grades,
        **{f"manage_files_{name}": grades for name in deeds},
        "create": deeds["add"],
        "update": deeds["edit"],
        "delete": deeds["delete"],
    }


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
