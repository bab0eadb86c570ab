"""Courses in SIS imports.

Source: canvas-lms lib/sis/course_importer.rb, and the recorded exchanges of `people-sis`.
"""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.call.params import as_flag
from lms_emulator.providers.canvas.model import Course
from lms_emulator.providers.canvas.model.shorthand import DEFAULT_TERM
from lms_emulator.providers.canvas.rules import blueprints, course_events, course_log
from lms_emulator.providers.canvas.rules.sis import abstracts
from lms_emulator.providers.canvas.rules.sis.work import ImportFault, Row, Work, too_long

FORMATS = ("online", "on_campus", "blended", "not_set")
PASSBACK = ("nightly_sync", "disabled", "not_set")
Fields = dict[str, Any]


def course(work: Work, row: Row) -> bool:
    """A row of courses."""
    sis_id = row.get("course_id")
    _check_course(row, sis_id)
    if work.skips_deletes and row.matches("status", "deleted"):
        return False
    known = with_id(work, sis_id)
    place = _place(work, row, known)
    if known is None:
        base = Course(
            id=work.api.new_id("courses"),
            name=row.get("long_name"),
            course_code=row.get("short_name"),
            account_id=place,
            enrollment_term_id=_default_term(work.api),
            uuid=work.api.new_uuid(),
            workflow_state="unpublished",
            created_at=work.api.now,
        )
    else:
        base = known
    changed = replace(base, updated_at=work.api.now, **_course_fields(work, row, known, place))
    changed = _like(work, row, changed)
    _require_valid(work, row, known, changed)
    if known is None:
        course_events.first_group(work.api, changed)
    if known is not None and replace(changed, updated_at=known.updated_at) == known:
        changed = known
    made = work.keep(changed, known)
    _log(work, known, made)
    if known is not None and known.workflow_state != made.workflow_state:
        _follow(work, made)
    _blueprint(work, row, made)
    return True


def _check_course(row: Row, sis_id: str) -> None:
    if not sis_id:
        raise ImportFault("No course_id given for a course")
    for name in ("short_name", "long_name"):
        if not row.get(name) and not row.get("abstract_course_id"):
            raise ImportFault(f"No {name} given for course {sis_id}")
    if not row.matches("status", "active|deleted|completed|unpublished|published"):
        raise ImportFault(f'Improper status "{row.get("status")}" for course {sis_id}')
    chosen = row.get("course_format")
    if chosen and not row.matches("course_format", "|".join(FORMATS)):
        raise ImportFault(f'Invalid course_format "{chosen}" for course {sis_id}')
    chosen = row.get("grade_passback_setting")
    if chosen and chosen.lower() not in PASSBACK:
        raise ImportFault(f'Invalid grade_passback_setting "{chosen}" for course {sis_id}')


def _require_valid(work: Work, row: Row, known: Course | None, course: Course) -> None:
    """What canvas-lms app/models/course.rb finds wrong with an imported course."""
    taken = work.store.courses.find("integration_id", course.integration_id) if course.integration_id else ()
    other = work.own((other for other in taken if other.id != course.id), lambda record: record.account_id)
    if other is not None and (known is None or known.integration_id != course.integration_id):
        said = [f'Integration Integration ID "{course.integration_id}" is already in use']
    else:
        wrong = course.start_at is not None and course.end_at is not None and course.end_at < course.start_at
        said = ["Conclude at End date cannot be before start date"] if wrong else []
        said += too_long(**{"Name": course.name, "Sis source": course.sis_course_id, "Course code": course.course_code})
    if said:
        of = f"{row.get('course_id')} / {row.get('short_name')}"
        raise ImportFault(f"A course did not pass validation (course: {of}, error: {','.join(said)})")


def with_id(work: Work, sis_id: str) -> Course | None:
    """The course of this school with a SIS id, deleted ones too."""
    return work.own(work.store.courses.find("sis_course_id", sis_id), lambda never: never.account_id)


def _default_term(api: Api) -> int:
    terms = api.store.enrollment_terms.find("root", api.root.id)
    return next((term.id for term in terms if term.name == DEFAULT_TERM), 0)


def _place(work: Work, row: Row, known: Course | None) -> int:
    found = None
    for name in ("account_id", "fallback_account_id"):
        found = found or (work.account(row.get(name)) if row.get(name) else None)
    if row.get("account_id") and found is None:
        raise ImportFault(f'Account not found "{row.get("account_id")}" for course {row.get("course_id")}')
    if found is not None and found.workflow_state == "active" and "account_id" not in work.stuck(known):
        return found.id
    number = known.account_id if known is not None else work.batch.account_id
    account = work.store.accounts.get(number)
    if account is not None and account.workflow_state == "deleted":
        raise ImportFault(
            f"Cannot restore course {row.get('course_id')} because the associated account {account.sis_account_id} "
            "is deleted"
        )
    return number


def _course_fields(work: Work, row: Row, known: Course | None, place: int) -> Fields:
    stuck, sis_id = work.stuck(known), row.get("course_id")
    fields: Fields = {"sis_course_id": sis_id, "account_id": place, "integration_id": row.get("integration_id") or None}
    if row.get("term_id") and "enrollment_term_id" not in stuck:
        terms = work.store.enrollment_terms.find("root", work.batch.account_id)
        found = (term for term in terms if term.sis_term_id == row.get("term_id") and term.workflow_state == "active")
        fields |= next(({"enrollment_term_id": term.id} for term in found), {})
    if "workflow_state" not in stuck:
        fields |= _course_state(row, known)
    for cell, name in (("short_name", "course_code"), ("long_name", "name")):
        if row.get(cell) and name not in stuck:
            fields[name] = row.get(cell)
    if not {"start_at", "end_at"} & set(stuck):
        fields |= _course_dates(work, row, stuck, sis_id)
    for name in ("course_format", "grade_passback_setting"):
        if name in row.cells and name not in stuck:
            fields[name] = None if row.get(name) in ("", "not_set") else row.get(name)
    if chosen := row.get("homeroom_course"):
        fields["homeroom_course"] = as_flag(chosen)
    return fields


def _like(work: Work, row: Row, course: Course) -> Course:
    """A course with what its row leaves to the abstract course. An unknown one causes a warning."""
    named = row.get("abstract_course_id")
    found = abstracts.with_id(work, named) if named else None
    if named and found is None:
        work.say(f"unknown abstract course id {named}, ignoring abstract course reference", file=row.file)
    if found is None:
        return course
    fields: Fields = {} if row.get("account_id") else {"account_id": found.account_id}
    if not row.get("term_id") and "enrollment_term_id" not in work.stuck(course):
        fields["enrollment_term_id"] = found.enrollment_term_id
    return replace(course, **fields, name=course.name or found.name, course_code=course.course_code or found.short_name)


def _course_state(row: Row, known: Course | None) -> Fields:
    status = row.get("status").lower()
    state = known.workflow_state if known is not None else "unpublished"
    if status in ("active", "unpublished", "published"):
        begun = "available" if status == "published" else "unpublished"
        return {"workflow_state": {"completed": "available", "available": "available"}.get(state, begun)}
    found = next((value for value in ("deleted", "completed") if value in status), state)
    return {"workflow_state": found}


def _course_dates(work: Work, row: Row, stuck: Any, sis_id: str) -> Fields:
    start, end = work.dates(row, f"course {sis_id}")
    dates = {"start_date": ("start_at", start), "end_date": ("end_at", end)}
    found: Fields = dict(pair for cell, pair in dates.items() if cell in row.cells)
    if found and "restrict_enrollments_to_course_dates" not in stuck:
        found["restrict_enrollments_to_course_dates"] = any(found.values())
    return found


def _log(work: Work, known: Course | None, made: Course) -> None:
    """Write what changed into the course's audit log. Source: lib/sis/course_importer.rb, auditor_state_changes."""
    course_log.note_changes(work.api, known, made, work.batch.id)
    before = known.workflow_state if known is not None else None
    now = made.workflow_state
    began = {"deleted": "restored", "completed": "unconcluded"}.get(before or "")
    said = {
        "deleted": "deleted",
        "completed": "concluded",
        "available": began or "published",
        "unpublished": began,
    }
    if before != now and (what := said[now]) is not None:
        course_log.note(work.api, made, what, sis_batch_id=work.batch.id)


def _follow(work: Work, made: Course) -> None:
    """Enrollments end with their course."""
    for row in list(work.store.enrollments.find("course", made.id)):
        if made.workflow_state == "deleted":
            work.change(row, "deleted", updated_at=work.api.now)
        elif made.workflow_state == "completed" and row.workflow_state in ("active", "invited"):
            work.change(row, "completed", completed_at=work.api.now, updated_at=work.api.now)


def _blueprint(work: Work, row: Row, made: Course) -> None:
    named = row.get("blueprint_course_id")
    if not named or made.workflow_state == "deleted":
        return
    if named == "dissociate":
        blueprints.dissociate(work.api, made)
        return
    store, course = work.store, f'Cannot associate course "{made.sis_course_id}" -'
    master = with_id(work, named)
    template = blueprints.template_of(store, master) if master is not None else None
    other = blueprints.subscription_of(store, made)
    said = None
    if template is None:
        said = f'Unknown blueprint course "{named}" for course "{made.sis_course_id}"'
    elif blueprints.template_of(store, made) is not None:
        said = f"{course} is a blueprint course"
    elif other is not None and other.template_id != template.id:
        said = f"{course} is associated to another blueprint course"
    elif not blueprints.associate(work.api, template, [made]):
        said = f"{course} is not in the same or lower account as the blueprint course"
    if said is not None:
        work.say(said, file=row.file, late=True)
