"""The JSON of grades, the grading policy and the gradebook.

Sources: edx-platform `lms/djangoapps/grades/rest_api/v1/views.py` and `v1/gradebook_views.py` (GradebookView);
`fixtures/recordings/openedx`, more.jsonl 56-134.
"""

from __future__ import annotations

from typing import Any

from lms_emulator.providers.openedx.model.accounts import User
from lms_emulator.providers.openedx.model.courseware import Course, Grade
from lms_emulator.providers.openedx.rules import grades

#: The mode whose learners' addresses the grades show.
MASTERS = "masters"
#: How the gradebook abbreviates the assignment types of a new course.
SHORT_LABELS = {"Homework": "HW", "Lab": "Lab", "Midterm Exam": "Midterm", "Final Exam": "Final"}


def summary(user: User, course: Course, grade: Grade | None, mode: str = "") -> dict[str, Any]:
    """A learner's grade in a course; without a record it is 0. The address is shown of learners in a master's mode."""
    percent = float(grade.percent) if grade else 0.0
    earned = grades.letter(course, percent)
    return {
        "username": user.username,
        "email": user.email if mode == MASTERS else "",
        "course_id": course.id,
        "passed": earned is not None,
        "percent": percent,
        "letter_grade": (grade.letter_grade or earned) if grade else None,
    }


def policy(course: Course) -> list[dict[str, Any]]:
    """The grading policy of a course."""
    return [
        {"assignment_type": line.type, "count": line.count, "dropped": line.dropped, "weight": line.weight}
        for line in course.grading_policy
    ]


def label(course: Course, category: str, number: int) -> str:
    """What the gradebook calls the assignment of a kind and number."""
    line = next((row for row in course.grading_policy if row.type == category), None)
    short = (line.short_label if line else "") or SHORT_LABELS.get(category, category)
    return f"{short} {number:02d}"


def gradebook_row(user: User, course: Course, grade: Grade | None, mode: str = "") -> dict[str, Any]:
    """A learner's row of the gradebook: the share of the whole, and each subsection that counts."""
    numbers: dict[str, int] = {}
    lines = []
    for node in grades.graded_subsections(course):
        category = node.block.format or ""
        numbers[category] = numbers.get(category, 0) + 1
        found = grades.score(grade, node.block.block_id)
        earned, most = found or (0.0, 0.0)
        lines.append(
            {
                "attempted": found is not None,
                "category": category,
                "label": label(course, category, numbers[category]),
                "module_id": node.key,
                "percent": earned / most if most else 0.0,
                "score_earned": earned,
                "score_possible": most,
                "subsection_name": node.block.display_name,
            }
        )
    return {
        "user_id": user.id,
        "username": user.username,
        **({"full_name": user.name} if mode == MASTERS else {}),
        "email": user.email if mode == MASTERS else "",
        "percent": float(grade.percent) if grade else 0.0,
        "section_breakdown": lines,
    }


def breakdown(user: User, course: Course, grade: Grade | None) -> dict[str, Any]:
    """A learner's grade with its parts."""
    whole = summary(user, course, grade)
    return {
        "course_id": course.id,
        "username": user.username,
        "passed": whole["passed"],
        "current_grade": int(whole["percent"] * 100),
        "section_breakdown": [
            {
                "percent": part["percent"],
                "label": part["label"],
                "detail": f"{part['subsection_name']} - {part['percent']:.0%} "
                f"({part['score_earned']:g}/{part['score_possible']:g})",
                "category": part["category"],
            }
            for part in gradebook_row(user, course, grade)["section_breakdown"]
        ],
    }
