"""Enrollments as Canvas's JSON, alone and in lists.

Fields: canvas-lms lib/api/v1/user.rb, enrollment_json (2023-06), and the recorded exchanges of `courses-enrol` and
`courses-enrol-write`.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from functools import cached_property

from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.call.moments import when
from lms_emulator.providers.canvas.model import Account, Course, Enrollment, GradingPeriod, User
from lms_emulator.providers.canvas.rules import courses, people, periods, roles, states
from lms_emulator.providers.canvas.rules.grades import course_letter, course_letters
from lms_emulator.providers.canvas.rules.permissions import root_of
from lms_emulator.providers.canvas.rules.scores import Scores, both, final_grade
from lms_emulator.providers.canvas.shapes import Json
from lms_emulator.providers.canvas.shapes import people as people_shapes


class _Sight:
    """What a person can see of a course's enrollments, computed once per list.

    Attributes: `sis`, the SIS ids of the course and its account where they may see such ids.
    """

    def __init__(self, api: Api, course: Course) -> None:
        self._api, self.course, self.caller = api, course, api.caller
        held = courses.rights(api, api.caller, course)
        self.reports = "read_reports" in held
        self.grader = not held.isdisjoint(("view_all_grades", "manage_grades"))
        self.root_id = root_of(api.store, course.account_id).id
        self.url = api.url(f"/courses/{course.id}")
        self.sis: Json | None = None
        if not held.isdisjoint(courses.READS_SIS):
            account = api.store.accounts.get(course.account_id)
            self.sis = {"sis_import_id": None} if "manage_sis" in held else {}
            self.sis |= {
                "sis_account_id": account.sis_account_id if account is not None else None,
                "sis_course_id": course.sis_course_id,
                "course_integration_id": course.integration_id,
            }

    def only(self, user_id: int) -> set[int] | None:
        """A student's assignments of the period that the request asks for."""
        period = self.period if self.of_today else self.asked
        return None if period is None else periods.assignments_of(self._api, self.course, period, user_id)

    @cached_property
    def asked(self) -> GradingPeriod | None:
        """The grading period in the request."""
        return periods.asked_for(self._api, self.course)

    @cached_property
    def of_today(self) -> bool:
        """Whether a list of users requests the grades of the current grading period."""
        return "current_grading_period_scores" in self._api.params.includes

    @cached_property
    def period(self) -> GradingPeriod | None:
        """The current grading period."""
        return periods.current(self._api, self.course)


@dataclass
class _Seen:
    """The sights of one request, by course."""

    sights: dict[int, _Sight] = field(default_factory=dict)


def _sight(api: Api, course: Course) -> _Sight:
    known = api.call.per_request(_Seen).sights
    found = known.get(course.id)
    if found is None or found.course is not course or found.caller is not api.caller:
        found = known[course.id] = _Sight(api, course)
    return found


def enrollment(
    api: Api,
    record: Enrollment,
    course: Course,
    *,
    sis_of: Course | Account | None = None,
    includes: Collection[str] = (),
) -> Json:
    """An enrollment; in a list, including the person.

    Parameters: `sis_of`, where the right to read SIS ids of the person counts; without it the person is left out.
        `includes`, of the person.
    """
    sight = _sight(api, course)
    body: Json = {
        "id": record.id,
        "user_id": record.user_id,
        "course_id": record.course_id,
        "type": record.type,
        "created_at": when(record.created_at),
        "updated_at": when(record.updated_at),
        "associated_user_id": record.associated_user_id,
        "start_at": when(record.start_at),
        "end_at": when(record.end_at),
        "course_section_id": record.course_section_id,
        "root_account_id": sight.root_id,
        "limit_privileges_to_course_section": record.limit_privileges_to_course_section,
        "enrollment_state": shown_state(api, record, course),
        "role": roles.role_name(api, record),
        "role_id": record.role_id,
        "html_url": f"{sight.url}/users/{record.user_id}",
    }
    own = api.caller is not None and api.caller.id == record.user_id
    user = api.store.users.get(record.user_id)
    if own or sight.reports:
        body["last_activity_at"] = when(record.last_activity_at)
        body["last_attended_at"] = when(record.last_attended_at)
        body["total_activity_time"] = record.total_activity_time
    if sight.sis is not None:
        body |= _sis_of_enrollment(api, record, user, sight.sis)
    if record.type in states.STUDENTS:
        body["grades"] = _grades(api, record, course, sight)
    if sis_of is not None and user is not None:
        body["user"] = people_shapes.person(
            api, user, course, includes, sis_of=sis_of, own_login=own and sis_of is not course
        )
    return body


def shown_state(api: Api, record: Enrollment, course: Course) -> str:
    """The stored state; that of what is deleted, or over with the course, goes before it."""
    section = api.store.course_sections.get(record.course_section_id)
    if course.workflow_state == "deleted" or (section is not None and section.workflow_state == "deleted"):
        return "deleted"
    if course.workflow_state == "completed" and record.workflow_state in ("active", "invited", "creation_pending"):
        return "completed"
    return record.workflow_state


def _sis_of_enrollment(api: Api, record: Enrollment, user: User | None, of_course: Json) -> Json:
    section = api.store.course_sections.get(record.course_section_id)
    login = people.login_of(api.store, user) if user is not None else None
    body = dict(of_course)
    if "sis_import_id" in body:
        body["sis_import_id"] = record.sis_batch_id
    body["sis_section_id"] = section.sis_section_id if section is not None else None
    body["section_integration_id"] = section.integration_id if section is not None else None
    body["sis_user_id"] = login.sis_user_id if login is not None else None
    return body


def _grades(api: Api, record: Enrollment, course: Course, sight: _Sight) -> Json:
    """A student's grades in a course that the caller may see."""
    body: Json = {"html_url": f"{sight.url}/grades/{record.user_id}"}
    own = api.caller is not None and api.caller.id == record.user_id
    if not (sight.grader or (own and not course.hide_final_grades) or _observes(api, record, course)):
        return body
    if sight.of_today:
        body["grading_period_id"] = sight.period.id if sight.period is not None else None
    period = str(sight.period.id) if sight.of_today and sight.period is not None else None
    only = sight.only(record.user_id)
    if not sight.of_today and only is not None:
        period = api.params.text("grading_period_id")
    override = final_grade(api, record, course, period)
    if override is not None and not sight.grader:
        return body | lettered(api, record, course, Scores(override, override))
    posted, unposted = both(api, record, course, only)
    body |= lettered(api, record, course, posted)
    if sight.grader:
        body |= lettered(api, record, course, unposted, "unposted_")
        if override is not None:
            body["override_score"] = override
            if (letter := course_letter(api, course, override, record.user_id)) is not None:
                body["override_grade"] = letter
    return body


def _observes(api: Api, record: Enrollment, course: Course) -> bool:
    rows = api.store.enrollments.find("whose", (course.id, api.caller.id)) if api.caller is not None else []
    mine = [e for e in rows if e.workflow_state != "deleted"]
    return any(e.associated_user_id == record.user_id for e in mine)


def lettered(api: Api, record: Enrollment, course: Course, found: Scores, prefix: str = "") -> Json:
    """Scores with their letters. Parameters: `prefix`, of their names."""
    current, final = course_letters(api, course, (found.current, found.final), record.user_id)
    return {
        f"{prefix}current_grade": current,
        f"{prefix}current_score": found.current,
        f"{prefix}final_grade": final,
        f"{prefix}final_score": found.final,
    }
