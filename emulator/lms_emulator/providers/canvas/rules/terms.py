"""What a term is kept for."""

from __future__ import annotations

from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.model import EnrollmentTerm
from lms_emulator.providers.canvas.model.shorthand import DEFAULT_TERM


def kept(api: Api, term: EnrollmentTerm) -> str | None:
    """Why a term cannot be deleted, in Canvas's words. Source: canvas-lms app/models/enrollment_term.rb."""
    if term.name == DEFAULT_TERM:
        return "Cannot delete the default term"
    if any(course.enrollment_term_id == term.id and course.workflow_state != "deleted" for course in api.store.courses):
        return "Cannot delete a term with active courses"
    return None
