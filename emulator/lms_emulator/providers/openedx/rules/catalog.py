"""The course catalogue: which courses a user sees.

Source: edx-platform `lms/djangoapps/courseware/access.py` (_can_see_in_catalog, _can_see_about_page).
"""

from __future__ import annotations

from collections.abc import Iterable

from lms_emulator.providers.openedx.model.accounts import User
from lms_emulator.providers.openedx.model.courseware import Course
from lms_emulator.providers.openedx.model.section import OpenedxStore
from lms_emulator.providers.openedx.rules import people


def visible(store: OpenedxStore, user: User | None) -> list[Course]:
    """The courses in the catalogue as a user sees it, by key; None sees what an anonymous visitor sees."""
    courses = [c for c in store.courses if sees(store, user, c, ("both",))]
    return sorted(courses, key=lambda course: course.id)


def sees(store: OpenedxStore, user: User | None, course: Course, shown: Iterable[str] = ("both", "about")) -> bool:
    """Whether a user may see that a course exists.

    Parameters: `shown`, the values of `catalog_visibility` that show it to those who are not on its staff.
    """
    if people.is_course_staff(store, user, course.id):
        return True
    return not course.staff_only and course.catalog_visibility in shown
