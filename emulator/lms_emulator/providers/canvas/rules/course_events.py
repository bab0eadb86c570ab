"""Events of courses: offer, claim, conclude, delete, undelete, reset.

Source: canvas-lms app/models/course.rb, process_event, destroy and reset_content (2023-06).
"""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.model import AssignmentGroup, Course
from lms_emulator.providers.canvas.rules import assignments, course_log, courses, scores, states, submissions

EVENTS = {
    "offer": ("unpublished", "available", "completed"),
    "claim": ("unpublished", "available", "completed"),
    "conclude": ("unpublished", "available", "completed"),
    "delete": ("unpublished", "available", "completed", "deleted"),
    "undelete": ("deleted",),
}
"""The events, with the states of a course in which each may apply."""
RIGHTS = {
    "offer": "manage_courses_publish",
    "claim": "manage_courses_publish",
    "conclude": "manage_courses_conclude",
    "delete": "delete",
    "undelete": "undelete",
}
"""The right that each event needs."""
LEADS_TO = {"offer": "available", "claim": "unpublished", "conclude": "completed", "delete": "deleted"}
"""The state that an event leads to; a course that is already in it does not change."""
GRADED = "Course cannot be unpublished if student submissions exist."
IN_DATABASE = {"unpublished": "claimed"}


def ask(api: Api, course: Course, event: str) -> Course:
    """Apply an event for the caller. Raises the refusals for one that the caller or the course's state forbids."""
    if event in EVENTS:
        courses.require(api, course, RIGHTS[event])
    if course.workflow_state == LEADS_TO.get(event):
        return course
    if event == "claim" and not api.check("nothing is graded", not _graded(api, course), got=course.id):
        raise refusals.invalid({"workflow_state": [GRADED]})
    if course.workflow_state not in EVENTS.get(event, ()):
        state = IN_DATABASE.get(course.workflow_state, course.workflow_state)
        refusal = refusals.invalid({"workflow_state": [f"There is no event {event} defined for the {state} state"]})
        takes = [key for key in EVENTS if course.workflow_state in EVENTS[key]]
        refusal.diagnosis = f"the course is {state}; its event may be {', '.join(takes)}"
        raise refusal
    return apply(api, course, event)


def _graded(api: Api, course: Course) -> bool:
    """Whether a student of a course has a grade for an assignment that is not deleted."""
    learning = {row.user_id for row in assignments.students(api, course.id) if row.type == "StudentEnrollment"}
    return any(
        row.user_id in learning and (row.entered_score is not None or row.entered_grade is not None)
        for base in assignments.of_course(api, course)
        for row in submissions.stored(api, base)
    )


def apply(api: Api, course: Course, event: str) -> Course:
    """Apply an event to a course."""
    course_log.note(api, course, course_log.EVENTS[event])
    if event == "offer":
        return _offered(api, course)
    if event in ("claim", "undelete"):
        return _in_state(api, course, "unpublished")
    return _ended(api, course, "completed" if event == "conclude" else "deleted")


def _offered(api: Api, course: Course) -> Course:
    for e in api.store.enrollments.find("course", course.id):
        if e.workflow_state == "creation_pending":
            api.store.enrollments.put(replace(e, workflow_state="invited", updated_at=api.now))
    return _in_state(api, course, "available")


def _in_state(api: Api, course: Course, state: Any) -> Course:
    found = api.store.courses.put(replace(course, workflow_state=state, updated_at=api.now))
    states.touch_all(api, found)
    return found


def _ended(api: Api, course: Course, state: Any) -> Course:
    """End a course, and with it the enrollments in it: who was in a concluded course stays so if it opens again."""
    ending = states.CURRENT if state == "completed" else (*states.CURRENT, *states.OTHERS)
    fields: dict[str, Any] = {"completed_at": api.now} if state == "completed" else {}
    rows = [e for e in api.store.enrollments.find("course", course.id) if e.workflow_state in ending]
    ended = [(e, replace(e, workflow_state=state, **fields)) for e in rows]
    for enrollment in [scores.ended(api, e, now) if e.type in states.STUDENTS else now for e, now in ended]:
        api.store.enrollments.put(enrollment)
    end = course.end_at or (api.now if state == "completed" else None)
    return _in_state(api, replace(course, end_at=end), state)


def begin_anew(api: Api, course: Course) -> Course:
    """Put an empty course in place of one, with its people, sections, names, ids and settings. The old one is deleted.

    Source: canvas-lms app/models/course.rb, reset_content (2024-04).
    """
    fresh = replace(
        course,
        **api.new_row("courses"),
        workflow_state="unpublished",
        default_view="modules",
        syllabus_body=None,
        grading_standard_id=None,
        settings={name: value for name, value in course.settings.items() if name != "tab_configuration"},
    )
    for section in list(api.store.course_sections.find("course", course.id)):
        api.store.course_sections.put(replace(section, course_id=fresh.id))
    for enrollment in list(api.store.enrollments.find("course", course.id)):
        api.store.enrollments.put(replace(enrollment, course_id=fresh.id, updated_at=api.now))
    for user in list(api.store.users):
        if course.id in (marked := user.preferences.get("favorite_courses", [])):
            moved = [fresh.id if number == course.id else number for number in marked]
            api.store.users.put(replace(user, preferences={**user.preferences, "favorite_courses": moved}))
    old = replace(
        course,
        workflow_state="deleted",
        uuid=api.new_uuid(),
        lti_context_id="",
        sis_course_id=None,
        sis_batch_id=None,
        integration_id=None,
        self_enrollment=False,
        self_enrollment_code=None,
        updated_at=api.now,
    )
    api.store.courses.put(old)
    first_group(api, fresh)
    course_log.note_pair(api, old, fresh, "reset")
    return api.store.courses.put(fresh)


def first_group(api: Api, course: Course) -> None:
    """Create the default assignment group of a new course."""
    number = api.new_id("assignment_groups")
    made = AssignmentGroup(id=number, course_id=course.id, name="Assignments", created_at=api.now)
    api.store.assignment_groups.put(made)


def touch_content(api: Api, course: Course) -> None:
    """Mark the contents of a course as updated."""
    store = api.store
    for assignment in list(store.assignments.find("course", course.id)):
        store.assignments.put(replace(assignment, updated_at=api.now))
    for module in list(store.context_modules.find("course", course.id)):
        store.context_modules.put(replace(module, updated_at=api.now))
    for quiz in list(store.quizzes.find("course", course.id)):
        store.quizzes.put(replace(quiz, updated_at=api.now))
