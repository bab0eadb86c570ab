"""Copies of New Quizzes, which the service beside Canvas makes while Canvas shows them as being duplicated.

Source: canvas-lms app/models/assignment.rb, duplicate, finish_duplicating and can_duplicate?.
"""

from __future__ import annotations

from msgspec.structs import replace

from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.model import Assignment, NewQuiz
from lms_emulator.providers.canvas.rules import assigning, new_quizzes


def state(api: Api, base: Assignment) -> str | None:
    """The state of a copy that is not there yet; None for any other assignment."""
    copy = api.store.new_quizzes.get(base.id)
    if copy is None or not (copy.waiting or copy.failed):
        return None
    return "failed_to_duplicate" if copy.failed else "duplicating"


def begin(api: Api, known: Assignment, made: Assignment) -> None:
    """Ask the service for the copy of a quiz, whose assignment is copied already."""
    copy = NewQuiz(assignment_id=made.id, course_id=made.course_id, copied_from=known.id, user_id=api.user.id)
    api.store.new_quizzes.put(replace(copy, queued_at=api.now))


def run(api: Api, job: NewQuiz) -> None:
    """Copy the settings and questions. The copy of a published quiz is published, too."""
    source = api.store.new_quizzes.get(job.copied_from or 0)
    original, made = api.store.assignments.get(job.copied_from or 0), api.store.assignments.get(job.assignment_id)
    course = api.store.courses.get(job.course_id)
    if source is None or original is None or made is None or course is None:
        api.store.new_quizzes.put(replace(job, queued_at=None, failed=True))
        return
    for item in new_quizzes.items(api, source):
        api.store.new_quiz_items.put(replace(item, **api.new_row("new_quiz_items"), assignment_id=job.assignment_id))
    api.store.new_quizzes.put(replace(job, settings=source.settings, queued_at=None))
    published = original.published and original.workflow_state != "deleted"
    assigning.keep(api, course, replace(made, published=published, updated_at=api.now), None)
