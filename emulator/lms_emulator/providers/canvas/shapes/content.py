"""Pages, modules and discussions as Canvas's JSON.

Fields: canvas-lms controllers' documentation (files, enrollments, announcements), client types and fixtures (users,
courses), the API reference (pages, modules, folders, discussion topics).
"""

from __future__ import annotations

from lms_emulator.providers.canvas.call import Call
from lms_emulator.providers.canvas.model import (
    Module,
)
from lms_emulator.providers.canvas.shapes import Json


def module(x: Call, record: Module, *, for_staff: bool) -> Json:
    body: Json = {
        "id": record.id,
        "name": record.name,
        "position": record.position,
        "unlock_at": None,
        "require_sequential_progress": False,
        "publish_final_grade": False,
        "prerequisite_module_ids": [],
        "items_count": 0,
        "items_url": x.url(f"/api/v1/courses/{record.course_id}/modules/{record.id}/items"),
    }
    return {**body, "published": record.published} if for_staff else {**body, "state": "unlocked"}
