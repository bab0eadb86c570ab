"""Copies of content within a course."""

from __future__ import annotations

from msgspec.structs import replace

from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.model import Assignment
from lms_emulator.providers.canvas.rules import assigning, new_quiz_copies, rubrics, slugs, submissions


def copied_assignment(api: Api, known: Assignment, name: str) -> Assignment:
    """An unpublished copy that refers to its original; it still has the original's id and position."""
    return replace(
        known,
        name=name,
        published=False,
        sis_assignment_id=None,
        integration_id=None,
        integration_data={},
        peer_review_count=0,
        peer_reviews_assigned=False,
        asked_at=None,
        post_to_sis=False,
        lti_context_id=api.call.ids.uuid(),
        resource_link_id=None,
        original={
            "original_course_id": known.course_id,
            "original_assignment_id": known.id,
            "original_assignment_name": known.name,
        },
        created_at=api.now,
        updated_at=api.now,
    )


def copy_rubric(api: Api, known: Assignment, made: Assignment) -> None:
    """Give a copy the grading rubric of its original."""
    if (graded_with := rubrics.of_assignment(api, known.id)) is not None:
        row = api.new_row("rubric_associations")
        api.store.rubric_associations.put(replace(graded_with[1], **row, association_id=made.id))


def require_copyable(known: Assignment) -> None:
    """Refuse the assignment of a quiz, which Canvas does not copy."""
    if known.quiz_id is not None:
        text = "quiz duplication not implemented"
        raise refusals.rest("quiz_not_copied", 400, {"error": text}, check="it is not a quiz")


def duplicate_assignment(api: Api, known: Assignment) -> tuple[Assignment, dict[str, int]]:
    """Place a copy right after the original. Returns it and the new positions in the group."""
    of_service = known.id in api.store.new_quizzes
    if known.external_tool is not None and not of_service:
        raise refusals.crashed("Canvas cannot copy the assignment of a tool", known.id)
    taken = {a.name for a in api.store.assignments.find("course", known.course_id) if a.workflow_state != "deleted"}
    for other in assigning.in_group(api, known.assignment_group_id):
        if other.position > known.position:
            api.store.assignments.put(replace(other, position=other.position + 1))
    copy = copied_assignment(api, known, slugs.copied_title(known.name, taken))
    copy = replace(copy, id=api.new_id("assignments"), position=known.position + 1, discussion_topic_id=None)
    if copy.external_tool is not None:
        link = {"id": api.new_id("content_tags"), "resource_link_id": api.call.ids.hex(40)}
        copy = replace(copy, external_tool=replace(copy.external_tool, **link))
    made = assigning.with_content(api, api.store.assignments.put(copy))
    submissions.ensure(api, made)
    copy_rubric(api, known, made)
    if of_service:
        new_quiz_copies.begin(api, known, made)
    return made, {str(a.id): a.position for a in assigning.in_group(api, known.assignment_group_id)}
