"""The JSON of course modes.

Sources: edx-platform `common/djangoapps/course_modes/rest_api/serializers.py` (CourseModeSerializer);
`fixtures/recordings/openedx`, main.jsonl 792-907.
"""

from __future__ import annotations

from typing import Any

from lms_emulator.providers.openedx.model.courseware import CourseMode
from lms_emulator.providers.openedx.shapes import moment


def mode(course_id: str, record: CourseMode) -> dict[str, Any]:
    """A mode of a course."""
    explicit = record.expiration_datetime_is_explicit
    return {
        "course_id": course_id,
        "mode_slug": record.slug,
        "mode_display_name": record.name,
        "min_price": record.min_price,
        "currency": record.currency,
        "expiration_datetime": moment(record.expiration_datetime),
        "expiration_datetime_is_explicit": record.expiration_datetime is not None if explicit is None else explicit,
        "description": record.description,
        "sku": record.sku,
        "bulk_sku": record.bulk_sku,
    }
