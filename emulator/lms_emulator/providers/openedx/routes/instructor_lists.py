"""Lists of a course's tasks, reports and scheduled e-mails, beside the instructor dashboard.

Source: edx-platform `lms/djangoapps/instructor/views/instructor_task_helpers.py`; `fixtures/recordings/openedx-2`,
instr.jsonl 449-466.
"""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from lms_emulator.providers.openedx import credentials, paging, refusals, wire
from lms_emulator.providers.openedx.call import Call, caller, course_of
from lms_emulator.providers.openedx.model.courseware import Course
from lms_emulator.providers.openedx.routes.instructor_api import NOT_CACHED
from lms_emulator.providers.openedx.routes.resource import Family, recorded
from lms_emulator.providers.openedx.rules import keys, people


def _staff_of(call: Call, rule: Any) -> Course:
    found = course_of(call)
    if not rule(call.store, caller(call), found.id):
        raise refusals.OpenedxRefusal(
            "not_permitted",
            status=403,
            style="plain",
            body="",
            headers={"content-type": wire.HTML, **dict(NOT_CACHED)},
            check="course role",
        )
    return found


def read_tasks(call: Call) -> Response:
    """The running tasks of a course."""
    _staff_of(call, people.is_course_staff)
    return wire.api_json({"tasks": []})


def read_reports(call: Call) -> Response:
    """The reports of a course."""
    found = _staff_of(call, people.may_research)
    rows = [report for report in call.store.reports if report.course == found.id]
    return wire.api_json({"downloads": [{"name": report.name} for report in rows]})


def read_schedules(call: Call) -> Response:
    """The e-mails that are to be sent to a course: none."""
    key = keys.course_key(call.path_params["course_id"])
    if key is None or not people.is_course_staff(call.store, caller(call), key.text):
        raise refusals.permission_denied("only the staff of the course may see this")
    page = paging.numbered(call, [])
    return wire.api_json(page.envelope([]))


_API = Family("/api", tag="instructor")

ROUTES = (
    *_API.resource(
        "/instructor/v1/tasks/{course_id}",
        "Running tasks of a course",
        get=read_tasks,
        developer_errors=True,
        source=recorded("openedx-2/instr", 449),
    ),
    *_API.resource(
        "/instructor/v1/reports/{course_id}",
        "Reports of a course",
        get=read_reports,
        developer_errors=True,
        source=recorded("openedx-2/instr", 455),
    ),
    *_API.resource(
        "/instructor_task/v1/schedules/{course_id}/bulk_email/",
        "Scheduled bulk e-mails",
        get=read_schedules,
        authenticators=credentials.JWT_SESSION,
        source=recorded("openedx-2/instr", 466),
    ),
)
