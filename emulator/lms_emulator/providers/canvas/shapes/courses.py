"""Courses, sections and terms as Canvas's JSON.

Fields: canvas-lms lib/api/v1/course.rb, course_json.rb and section.rb (2023-06), and the
recorded exchanges of `courses`, `courses-enrol` and `courses-enrol-write`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.call.moments import iana_name, when
from lms_emulator.providers.canvas.model import Account, Course, CourseSection, Enrollment, EnrollmentTerm, User
from lms_emulator.providers.canvas.rules import (
    blueprints,
    collation,
    contexts,
    courses,
    grades,
    people,
    progressing,
    quotas,
    roles,
    sections,
    states,
    tabs,
)
from lms_emulator.providers.canvas.rules.permissions import root_of
from lms_emulator.providers.canvas.shapes import Json, course_progress, files, standings
from lms_emulator.providers.canvas.shapes import accounts as account_shapes
from lms_emulator.providers.canvas.shapes import enrollments as enrollment_shapes
from lms_emulator.providers.canvas.shapes import people as people_shapes
from lms_emulator.providers.canvas.shapes.html import shown
from lms_emulator.providers.canvas.shapes.tabs import tab

COLUMNS: dict[str, Callable[[Course], Any]] = {
    "allow_wiki_comments": lambda course: course.allow_wiki_comments,
    "conclude_at": lambda course: when(course.end_at),
    "integration_id": lambda course: course.integration_id,
    "lti_context_id": lambda course: course.lti_context_id or None,
    "open_enrollment": lambda course: course.open_enrollment,
    "self_enrollment": lambda course: course.self_enrollment,
    "self_enrollment_code": lambda course: course.self_enrollment_code,
    "sis_source_id": lambda course: course.sis_course_id,
    "template": lambda course: course.template,
    "updated_at": lambda course: when(course.updated_at),
}
"""Columns of Canvas's table of courses that are added if `include` names them.

Source: canvas-lms lib/api/v1/course_json.rb, allowed_attributes (2024-04); fixtures/recordings/canvas/courses.jsonl
211.
"""


_INDEXED = (
    "id name account_id workflow_state grading_standard_id is_public allow_student_wiki_edits course_code "
    "syllabus_body default_view enrollment_term_id sis_batch_id license indexed restrict_enrollments_to_course_dates "
    "locale public_description time_zone grade_passback_setting homeroom_course"
)
"""Columns of Canvas's table of courses that have the same name and value here."""


def indexed(api: Api, record: Course) -> Json:
    """A course in the catalogue: the columns of Canvas's table, as far as a course has them here.

    Source: canvas-lms app/models/course.rb, serialization_excludes, and db/migrate, init_canvas_db (2024-04).
    """
    body = {name: getattr(record, name) for name in _INDEXED.split()}
    body |= {name: column(record) for name, column in COLUMNS.items()} | {
        "root_account_id": root_of(api.store, record.account_id).id,
        "group_weighting_scheme": "percent" if record.apply_assignment_group_weights else None,
        "start_at": when(record.start_at),
        "created_at": when(record.created_at),
        "storage_quota": record.storage_quota_mb and record.storage_quota_mb * 1024**2,
        "settings": record.settings,
    }
    return {"course": body}


def nickname(api: Api, course: Course) -> str | None:
    """What the caller calls the course, if they chose a name."""
    names = api.caller.preferences.get("course_nicknames", {}) if api.caller is not None else {}
    found: str | None = names.get(str(course.id))
    return found


def course_name(api: Api, course: Course) -> str:
    """The course's name as the caller sees it."""
    return nickname(api, course) or course.name


def basic(api: Api, record: Course) -> Json:
    """The keys that every answer about a course has."""
    if api.store.courses.get(record.id) is record:
        body = dict(api.store.derived(("course", record.id), _SAME_FOR_ALL_FROM, lambda: _same_for_all(api, record)))
    else:
        body = _same_for_all(api, record)
    body["calendar"] = {"ics": api.url(f"/feeds/calendars/course_{record.uuid}.ics")}
    if chosen := nickname(api, record):
        body["name"], body["original_name"] = chosen, record.name
    if record.course_format is not None:
        body["course_format"] = record.course_format
    if record.locale is not None:
        body["locale"] = record.locale
    held = courses.rights(api, api.caller, record)
    if not held.isdisjoint(courses.READS_SIS):
        body["sis_course_id"] = record.sis_course_id
        body["integration_id"] = record.integration_id
    if "manage_sis" in held:
        body["sis_import_id"] = record.sis_batch_id
    return body


_SAME_FOR_ALL_FROM = ("courses", "accounts", "blueprint_templates")


def _same_for_all(api: Api, record: Course) -> Json:
    """What everybody sees of a course, in the order of an answer."""
    root = root_of(api.store, record.account_id)
    return {
        "id": record.id,
        "name": record.name,
        "account_id": record.account_id,
        "uuid": record.uuid,
        "start_at": when(record.start_at),
        "grading_standard_id": record.grading_standard_id,
        "is_public": record.is_public,
        "created_at": when(record.created_at),
        "course_code": record.course_code,
        "default_view": record.default_view,
        "root_account_id": root.id,
        "enrollment_term_id": record.enrollment_term_id,
        "license": record.license,
        "grade_passback_setting": record.grade_passback_setting,
        "end_at": when(record.end_at),
        "public_syllabus": record.public_syllabus,
        "public_syllabus_to_auth": record.public_syllabus_to_auth,
        "storage_quota_mb": quotas.of_course(api, record),
        "is_public_to_auth_users": record.is_public_to_auth_users,
        "homeroom_course": record.homeroom_course,
        "course_color": record.course_color,
        "friendly_name": record.friendly_name,
        "apply_assignment_group_weights": record.apply_assignment_group_weights,
        "calendar": {},
        "time_zone": iana_name(record.time_zone or root.default_time_zone or "UTC"),
        "blueprint": record.blueprint,
        **blueprints.shown(api.store, record),
        "hide_final_grades": record.hide_final_grades,
        "workflow_state": record.workflow_state,
        "restrict_enrollments_to_course_dates": record.restrict_enrollments_to_course_dates,
    }


def course(api: Api, record: Course, enrollments: Collection[Enrollment], includes: Collection[str]) -> Json:
    """A course, in a list or alone, with the caller's enrollments."""
    body = basic(api, record)
    body["enrollments"] = [membership(api, enrollment) for enrollment in enrollments]
    if not includes:
        return body
    asked = {name for name in standings.INCLUDES if name in includes}
    for own, enrollment in zip(body["enrollments"], enrollments, strict=True):
        own.update(standings.standing(api, enrollment, record, asked))
    return body | _included(api, record, enrollments, includes)


def _of_account(api: Api, account: Account, includes: Collection[str]) -> Json:
    names = {"subaccount": "subaccount_name", "account_name": "account_name"}
    found: Json = {name: account.name for include, name in names.items() if include in includes}
    return found | ({"account": account_shapes.account(api, account)} if "account" in includes else {})


def _included(api: Api, record: Course, enrollments: Collection[Enrollment], includes: Collection[str]) -> Json:
    found: Json = {}
    if "term" in includes and (own := api.store.enrollment_terms.get(record.enrollment_term_id)) is not None:
        found["term"] = _term(api, record, own, enrollments)
    if "sections" in includes:
        found["sections"] = own_sections(api, record, enrollments)
    if "concluded" in includes:
        found["concluded"] = states.concluded(api, record)
    if "favorites" in includes:
        found["is_favorite"] = record.id in favorites(api)
    if "storage_quota_used_mb" in includes:
        found["storage_quota_used_mb"] = quotas.used(api.store, contexts.of(record)) / 1024**2
    if "passback_status" in includes:
        found["passback_status"] = None
    found |= {name: value(record) for name, value in COLUMNS.items() if name in includes}
    if "course_progress" in includes:
        found["course_progress"] = _progress(api, record)
    if (account := api.store.accounts.get(record.account_id)) is not None:
        found |= _of_account(api, account, includes)
    if "tabs" in includes:
        found["tabs"] = [tab(api, entry) for entry in tabs.of_course(api, record)]
    if "html_url" in includes:
        found["html_url"] = api.url(f"/courses/{record.id}")
    found |= _front(api, record, includes) | _people(api, record, includes) | _grading(api, record, includes)
    return found | standings.of_course(api, record, enrollments, includes)


def _front(api: Api, record: Course, includes: Collection[str]) -> Json:
    """What a course shows of itself: texts and pictures."""
    found: Json = {}
    if "syllabus_body" in includes:
        found["syllabus_body"] = shown(api, record.syllabus_body, record)
    if "public_description" in includes and record.public_description is not None:
        found["public_description"] = record.public_description
    if "course_image" in includes:
        found["image_download_url"] = picture(api, record, "image")
    if "banner_image" in includes:
        found["banner_image_download_url"] = picture(api, record, "banner_image")
    return found


def _people(api: Api, record: Course, includes: Collection[str]) -> Json:
    found: Json = {}
    if "total_students" in includes:
        found["total_students"] = len(students_of(api, record))
    if "teachers" in includes:
        found |= teachers(api, record)
    if "active_teachers" in includes:
        found["teachers"] = [people_shapes.display(api, user) for user in _teaching(api, record, states.ENDED)]
    return found


def _grading(api: Api, record: Course, includes: Collection[str]) -> Json:
    found: Json = {}
    if "grading_periods" in includes:
        found["grading_periods"] = _periods(api, record)
    if "grading_scheme" in includes:
        found["grading_scheme"] = grades.scheme(api, record.grading_standard_id)
    if "restrict_quantitative_data" in includes:
        found["restrict_quantitative_data"] = grades.restricts_numbers(api, api.caller, record)
    return found


def _periods(api: Api, record: Course) -> list[Json] | None:
    """The periods of the group of the course's term, deleted ones included; None without a group."""
    own = api.store.enrollment_terms.get(record.enrollment_term_id)
    group = api.store.grading_period_groups.get(own.grading_period_group_id if own is not None else None)
    if group is None:
        return None
    kept = ("id", "title", "workflow_state")
    return [
        {name: getattr(period, name) for name in kept}
        | {"start_date": when(period.start_date), "end_date": when(period.end_date)}
        for period in api.store.grading_periods.find("group", group.id)
    ]


def _progress(api: Api, record: Course) -> Json:
    """The caller's progress, which Canvas tracks from now on."""
    if api.caller is None:
        return {"error": {"message": course_progress.NO_PROGRESS}}
    found = course_progress.course_progress(api, record, api.caller.id)
    if "error" not in found:
        progressing.evaluate(api, record, api.caller.id)
    return found


def favorites(api: Api) -> set[int]:
    """The caller's favourite courses."""
    return set(api.caller.preferences.get("favorite_courses", [])) if api.caller is not None else set()


def students_of(api: Api, record: Course) -> set[int]:
    """The students of a course who have not left it."""
    rows = api.store.enrollments.find("course", record.id)
    return {e.user_id for e in rows if e.type == "StudentEnrollment" and e.workflow_state not in states.ENDED}


def teachers(api: Api, record: Course) -> Json:
    """The teachers of a course by name or, in a list, their number if more than `teacher_limit`."""
    found = _teaching(api, record, ("rejected", "deleted"))
    limited = api.path.endswith("courses") and "/favorites/" not in api.path
    limit = api.params.text("teacher_limit") if limited else None
    if limit and len(found) > api.params.integer("teacher_limit"):
        return {"teacher_count": len(found)}
    found.sort(key=lambda user: collation.key(people.sortable_name(user)))
    return {"teachers": [people_shapes.display(api, user) for user in found]}


def _teaching(api: Api, record: Course, without: Collection[str]) -> list[User]:
    """The teachers of a course without those whose enrollment is in one of these states."""
    rows = [e for e in api.store.enrollments.find("course", record.id) if e.type == "TeacherEnrollment"]
    ids = sorted({e.user_id for e in rows if e.workflow_state not in without})
    return [user for user in map(api.store.users.get, ids) if user is not None]


def own_sections(api: Api, record: Course, enrollments: Collection[Enrollment]) -> list[Json]:
    """The sections of these enrollments; without any all of the course, deleted ones included."""
    if not enrollments:
        return [_section_brief(section) for section in api.store.course_sections.find("course", record.id)]
    pairs = ((api.store.course_sections.get(enrollment.course_section_id), enrollment) for enrollment in enrollments)
    return [{**_section_brief(own), "enrollment_role": enrollment.type} for own, enrollment in pairs if own is not None]


def _section_brief(section: CourseSection) -> Json:
    return {
        "id": section.id,
        "name": section.name,
        "start_at": when(section.start_at),
        "end_at": when(section.end_at),
    }


def membership(api: Api, enrollment: Enrollment) -> Json:
    """An enrollment within a course."""
    body: Json = {
        "type": enrollment.type.removesuffix("Enrollment").lower(),
        "role": roles.role_name(api, enrollment),
        "role_id": enrollment.role_id,
        "user_id": enrollment.user_id,
        "enrollment_state": enrollment.workflow_state,
        "limit_privileges_to_course_section": enrollment.limit_privileges_to_course_section,
    }
    if enrollment.associated_user_id is not None:
        body["associated_user_id"] = enrollment.associated_user_id
    return body


def _term(api: Api, record: Course, own: EnrollmentTerm, enrollments: Collection[Enrollment]) -> Json:
    """A course's term, with the dates that bind people with these enrollments; the term's own without any."""
    body = account_shapes.term(api, own)
    if enrollments:
        starts, ends = zip(*(states.term_dates(api, record, row.type) for row in enrollments), strict=True)
        body["start_at"] = when(None if None in starts else min(starts))
        body["end_at"] = when(None if None in ends else max(ends))
    return body


def section(api: Api, record: CourseSection, course: Course, includes: Collection[str] = ()) -> Json:
    """A section."""
    body: Json = {
        "id": record.id,
        "course_id": record.course_id,
        "name": record.name,
        "start_at": when(record.start_at),
        "end_at": when(record.end_at),
        "created_at": when(record.created_at),
        "restrict_enrollments_to_section_dates": record.restrict_enrollments_to_section_dates,
        "nonxlist_course_id": record.nonxlist_course_id,
    }
    if courses.may(api, api.caller, course, "read_sis", "manage_sis"):
        body["sis_section_id"] = record.sis_section_id
        body["sis_course_id"] = course.sis_course_id
        body["integration_id"] = record.integration_id
    if courses.may(api, api.caller, course, "manage_sis"):
        body["sis_import_id"] = record.sis_batch_id
    rows = [e for e in api.store.enrollments.find("section", record.id) if e.workflow_state != "deleted"]
    if "students" in includes:
        body["students"] = _students(api, course, rows, includes)
    if "total_students" in includes:
        body["total_students"] = sum(
            e.type == "StudentEnrollment" and e.workflow_state not in states.ENDED for e in rows
        )
    if "user_count" in includes:
        named = (states.state_of(api, e, course).name for e in rows if e.type != "StudentViewEnrollment")
        body["user_count"] = sum(name in states.CURRENT_OR_FUTURE for name in named)
    if "passback_status" in includes:
        body["passback_status"] = None
    if "permissions" in includes:
        body["permissions"] = {"manage_calendar": sections.manages_calendar(api, record, course)}
    return body


def _students(api: Api, course: Course, rows: list[Enrollment], includes: Collection[str]) -> list[Json] | None:
    found: list[Json] = []
    for row in rows:
        user = api.store.users.get(row.user_id)
        if row.type == "StudentEnrollment" and user is not None:
            body = people_shapes.person(api, user, course, includes, identified="course_id" in api.call.path_params)
            if "enrollments" in includes:
                body["enrollments"] = [enrollment_shapes.enrollment(api, row, course)]
            found.append(body)
    return found or None


def picture(api: Api, record: Course, name: str) -> str | None:
    """The URL of a course's `image` or `banner_image`: of one of its files, or the given one."""
    file = api.store.attachments.get(record.settings.get(f"{name}_id") or 0)
    if file is not None:
        return files.download_url(api, file) if file.file_state != "deleted" else None
    return record.settings.get(f"{name}_url") or None
