"""Modules of a course."""

from __future__ import annotations

from lms_emulator.core.state.records import Record


class Module(Record, frozen=True, kw_only=True):
    id: int
    course_id: int
    name: str
    position: int
    published: bool = True
