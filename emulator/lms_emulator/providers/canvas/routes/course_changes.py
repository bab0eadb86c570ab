"""REST: creating, changing and ending courses, and their settings."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from lms_emulator.core.http.routing import Route
from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call import identifiers
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.call.moments import when
from lms_emulator.providers.canvas.model import Account, Course
from lms_emulator.providers.canvas.routes.declare import RECORDED, rest
from lms_emulator.providers.canvas.rules import (
    assignments,
    belonging,
    blueprints,
    course_events,
    course_fields,
    course_log,
    courses,
    discussions,
    enrolling,
    inherited,
    periods,
    roles,
    states,
    stickiness,
)
from lms_emulator.providers.canvas.rules.course_fields import SETTINGS
from lms_emulator.providers.canvas.rules.permissions import account_from_path, require_account
from lms_emulator.providers.canvas.shapes import Json
from lms_emulator.providers.canvas.shapes import courses as shapes

SOURCE = (
    f"{RECORDED}/courses-write.jsonl 0, 40; {RECORDED}/courses.jsonl 347; "
    "canvas-lms app/controllers/courses_controller.rb"
)
AVAILABILITY = ("restrict_enrollments_to_course_dates", "start_at", "end_at")
PACING = ("enable_course_paces",)
ENDS = 'Only "delete" and "conclude" events are allowed.'


def create(api: Api) -> Any:
    """Create a course with its first assignment group; its first section comes with the first enrollment."""
    account = account_from_path(api, "manage_courses_add")
    if named := api.params.text("course", "account_id"):
        account = belonging.child(api, account, named)
    removed = _removed(api)
    made = _new(api, account) if removed is None else _back(api, removed, account if named else None)
    if api.params.flag("enroll_me"):
        _enroll_caller(api, made)
    return _made(api, made)


def _new(api: Api, account: Account) -> Course:
    found = course_fields.fields(api, None, account)
    name = found.pop("name", "Unnamed Course")
    code = found.pop("course_code", None) or course_fields.code_of(name)
    made = Course(
        **api.new_row("courses"),
        name=name,
        course_code=code,
        account_id=account.id,
        enrollment_term_id=course_fields.term_id(api, None),
        uuid=api.new_uuid(),
        workflow_state="available" if api.params.flag("offer") else "unpublished",
        **found,
    )
    api.store.courses.put(made)
    course_events.first_group(api, made)
    course_log.note_changes(api, None, made)
    if made.workflow_state == "available":
        course_log.note(api, made, course_log.EVENTS["offer"])
    return made


def _back(api: Api, removed: Course, account: Account | None) -> Course:
    """Bring a deleted course back, in another account if one is named. Nothing else of the request counts."""
    place = account.id if account is not None else removed.account_id
    back = course_events.apply(api, replace(removed, account_id=place), "undelete")
    return course_events.apply(api, back, "offer") if api.params.flag("offer") else back


def _removed(api: Api) -> Course | None:
    sis_id = api.params.text("course", "sis_course_id")
    known = api.store.courses.first("sis_course_id", sis_id) if sis_id else None
    back = known is not None and known.workflow_state == "deleted" and api.params.flag("enable_sis_reactivation")
    return known if back else None


def _enroll_caller(api: Api, course: Course) -> None:
    role = roles.built_in(api, course, "TeacherEnrollment")
    section = enrolling.default_section(api, course)
    enrolling.enroll(api, enrolling.Wish(api.user, course, section, role, "active", None, False, None, None))


def _made(api: Api, course: Course) -> Json:
    body = shapes.basic(api, course) | {
        "allow_student_forum_attachments": course.settings.get("allow_student_forum_attachments", True),
        "open_enrollment": course.open_enrollment,
        "allow_wiki_comments": course.allow_wiki_comments,
        "self_enrollment": course.self_enrollment,
    }
    if api.params.has("course", "public_description"):
        body["public_description"] = course.public_description
    if not api.params.text("course", "end_at"):
        body["conclude_at"] = when(course.end_at)
    return body


def update(api: Api) -> Any:
    """Change a course, or apply an event to it."""
    course = _course(api)
    event = "offer" if api.params.flag("offer") else api.params.text("course", "event")
    alone = event is not None and not set(api.params.hash("course").data) - {"event"}
    changed = course if alone else _changed(api, course)
    if event is not None:
        changed = course_events.ask(api, changed, event)
    changed = stickiness.by_hand(course, changed)
    courses.keep_rights(api, course, changed)
    api.store.courses.put(changed)
    blueprints.follow(api, changed, api.params.hash("course"))
    if api.params.flag("course", "lock_all_announcements"):
        discussions.lock_announcements(api, changed)
    if states.touching_enrollments(course) != states.touching_enrollments(changed):
        states.touch_all(api, changed)
    if (course.is_public, course.is_public_to_auth_users) != (changed.is_public, changed.is_public_to_auth_users):
        course_events.touch_content(api, changed)
    return shapes.basic(api, changed)


def _changed(api: Api, course: Course) -> Course:
    """The course with the requested changes. Raises the refusals for forbidden and invalid ones."""
    courses.require(api, course, "update", "manage_course_content_edit")
    course_fields.require_rights(api, course)
    wrong = blueprints.faults(api, course, api.params.hash("course"))
    if wrong:
        raise refusals.invalid(wrong)
    found = course_fields.fields(api, course, course_fields.home(api, course))
    changed = replace(course, enrollment_term_id=course_fields.term_id(api, course), updated_at=api.now, **found)
    _require_for(api, course, changed)
    course_log.note_changes(api, course, changed)
    return changed


def _require_for(api: Api, course: Course, changed: Course) -> None:
    """Refuse changes that need a right beyond that of changing the course."""
    if course.apply_assignment_group_weights != changed.apply_assignment_group_weights:
        due = assignments.of_course(api, course) if periods.binds(api, course) else []
        if any(periods.due_in_closed(api, course, assignment) for assignment in due):
            raise api.refused("change how groups count after a grading period has closed")
    shut = "prevent_course_availability_editing_by_teachers"
    # dates that do not bind may be dropped by anybody
    counted = [
        name
        for name in AVAILABILITY
        if changed.restrict_enrollments_to_course_dates or getattr(changed, name) is not None
    ]
    redated = any(getattr(course, name) != getattr(changed, name) for name in counted)
    if redated and api.root.settings.get(shut):
        require_account(api, course_fields.home(api, course), "manage_courses_admin")


def _course(api: Api) -> Course:
    """The course in the path, even if deleted. Raises the refusal `not_found`."""
    name = "id" if "id" in api.call.path_params else "course_id"
    course: Course = identifiers.named(api, "courses", api.slot(name), "the course", deleted=True)
    return course


def destroy(api: Api) -> Any:
    """Conclude or delete a course."""
    course = _course(api)
    event = api.params.text("event")
    if event not in (takes := ["delete", "conclude"]):
        raise refusals.message(400, "event_unknown", ENDS, expected=takes)
    courses.require(api, course, course_events.RIGHTS[event])
    if course.workflow_state != "deleted":
        course_events.ask(api, course, event)
    return {event: True}


def reset(api: Api) -> Any:
    """Reset a course: an empty one takes its place."""
    course = courses.from_path(api, "reset_content")
    if course.blueprint or course.template:
        text = "cannot reset_content on a blueprint or template course"
        raise refusals.message(400, "reset_of_blueprint", text)
    return shapes.basic(api, course_events.begin_anew(api, course))


def settings(api: Api) -> Any:
    """The settings of a course, for every member."""
    course = courses.from_path(api, "read")
    return _settings(api, course)


def _settings(api: Api, course: Course) -> Json:
    kept = course.settings
    body = {name: kept.get(name, default) for name, default in SETTINGS.items()}
    body |= {name: inherited.of_course(api, course, name) for name in course_fields.INHERITED}
    return body | {
        "grading_standard_enabled": course.grading_standard_id is not None,
        "grading_standard_id": course.grading_standard_id,
        "grade_passback_setting": course.grade_passback_setting,
        "hide_final_grades": course.hide_final_grades,
        "home_page_announcement_limit": kept.get("home_page_announcement_limit"),
        "homeroom_course": course.homeroom_course,
        "image_url": kept.get("image_url"),
        "image_id": kept.get("image_id"),
        "image": shapes.picture(api, course, "image"),
        "banner_image_url": kept.get("banner_image_url"),
        "banner_image_id": kept.get("banner_image_id"),
        "banner_image": shapes.picture(api, course, "banner_image"),
        "course_color": course.course_color,
        "friendly_name": course.friendly_name,
        "default_due_time": kept.get("default_due_time") or "23:59:59",
    }


def set_settings(api: Api) -> Any:
    """Change the settings of a course."""
    course = courses.from_path(api, "update")
    params = api.params
    kept = dict(course.settings)
    names = (name for name in SETTINGS if params.has(name) and course_fields.settable(api, course, name))
    kept |= {name: params.flag(name) for name in (*names, *(value for value in PACING if params.has(value)))}
    kept |= course_fields.announcement_limit(params)
    if params.has("default_due_time"):
        kept["default_due_time"] = course_fields.time_of_day(params.text("default_due_time") or "")
    if inherited.of_account(api, course.account_id, "conditional_release").locked:
        kept.pop("conditional_release", None)
    flags = {name: params.flag(name) for name in ("hide_final_grades", "homeroom_course") if params.has(name)}
    texts = {name: params.text(name) or None for name in ("course_color",) if params.has(name)}
    changed = replace(course, settings=kept, updated_at=api.now, **flags, **texts)
    course_log.note_changes(api, course, changed)
    return _settings(api, api.store.courses.put(changed))


def allowed(api: Api) -> Any:
    """Which permissions the caller has in a course."""
    course = courses.from_path(api, "read")
    return courses.granted(api, course, api.params.texts("permissions") or None)


def dismiss_alert(api: Api) -> Any:
    """Dismiss the alert about what a quiz migration left out. There are no such alerts here."""
    identifiers.course(api, api.slot("id"))
    raise refusals.message(404, "alert_unknown", "Quiz migration alert not found")


ROUTES: tuple[Route, ...] = rest(
    "courses",
    SOURCE,
    ("POST /api/v1/accounts/{account_id}/courses", create, "Create a course"),
    ("PUT /api/v1/courses/{id}", update, "Change a course"),
    ("DELETE /api/v1/courses/{id}", destroy, "Conclude or delete a course"),
    ("POST /api/v1/courses/{course_id}/reset_content", reset, "Reset a course"),
    ("GET /api/v1/courses/{course_id}/settings", settings, "Settings of a course"),
    ("PUT /api/v1/courses/{course_id}/settings", set_settings, "Change settings of a course"),
    ("POST /api/v1/courses/{id}/dismiss_migration_limitation_message", dismiss_alert, "Dismiss an alert"),
    ("GET /api/v1/courses/{course_id}/permissions", allowed, "The caller's permissions in a course"),
)
