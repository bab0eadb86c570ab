"""The filters of lists of enrollments.

Source: canvas-lms app/controllers/enrollments_api_controller.rb, index and enrollment_index_conditions (2024-04).
"""

from __future__ import annotations

from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call import identifiers
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.model import Course, Enrollment
from lms_emulator.providers.canvas.rules import courses, people, periods
from lms_emulator.providers.canvas.rules.permissions import account_allows
from lms_emulator.providers.canvas.rules.roles import role_name


def narrowed(api: Api, rows: list[Enrollment], course: Course | None) -> list[Enrollment]:
    """The enrollments that the request's filters leave. Parameters: `course`, whose list it is; None of a person's."""
    kinds = api.params.given("type")
    if api.params.given("role_id"):
        numbers = set(api.params.integers("role_id"))
        rows = [e for e in rows if e.role_id in numbers]
    elif names := api.params.given("role"):
        if not {role.name for role in api.store.roles}.issuperset(names):
            raise refusals.crashed("no role has that name", names)
        rows = [e for e in rows if role_name(api, e) in names]
    elif kinds:
        rows = [e for e in rows if e.type in kinds]
    if (period := api.params.text("grading_period_id")) is not None:
        of = {e.course_id: api.store.courses.get(e.course_id) for e in rows} if course is None else {course.id: course}
        if all(period is None or periods.asked_for(api, period) is None for period in of.values()):
            body = {"error": "invalid grading_period_id"}
            raise refusals.rest("grading_period_unknown", 400, body, check="grading period", got=period)
    if (name := api.params.text("enrollment_term_id")) is not None:
        term = identifiers.term(api, name)
        rows = [e for e in rows if (c := api.store.courses.get(e.course_id)) and c.enrollment_term_id == term.id]
    return _by_sis(api, rows, course)


def _by_sis(api: Api, rows: list[Enrollment], course: Course | None) -> list[Enrollment]:
    names = ("sis_user_id", "sis_course_id", "sis_section_id", "sis_account_id")
    if not any(api.params.has(name) for name in names):
        return rows
    reads = account_allows(api, api.caller, api.root, "read_sis") if course is None else False
    if course is not None:
        reads = courses.may(api, api.caller, course, "read_sis", "manage_sis")
    if not reads:
        text = "Insufficient permissions to filter by SIS fields"
        raise refusals.message(400, "sis_filter_refused", text, check="read_sis")
    asked = {name: found for name in names if (found := api.params.given(name))}
    if "sis_user_id" in asked and api.params.flag("created_for_sis_id"):
        rows = [e for e in rows if e.sis_batch_id is not None]
    return [e for e in rows if all(_sis_of(api, e, name) in wanted for name, wanted in asked.items())]


def _sis_of(api: Api, enrollment: Enrollment, name: str) -> str | None:
    if name == "sis_user_id":
        user = api.store.users.get(enrollment.user_id)
        login = people.login_of(api.store, user) if user is not None else None
        return login.sis_user_id if login is not None else None
    course = api.store.courses.get(enrollment.course_id)
    if name == "sis_section_id":
        section = api.store.course_sections.get(enrollment.course_section_id)
        return section.sis_section_id if section is not None else None
    if course is None or name == "sis_course_id":
        return course.sis_course_id if course is not None else None
    account = api.store.accounts.get(course.account_id)
    return account.sis_account_id if account is not None else None
