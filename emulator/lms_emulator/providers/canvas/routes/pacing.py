"""REST: course paces and blackout dates."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import msgspec
from starlette.responses import Response

from lms_emulator.core.clock import in_zone
from lms_emulator.core.http.routing import Route
from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call import identifiers
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.call.params import Params, as_whole
from lms_emulator.providers.canvas.model import Account, BlackoutDate, Course, CoursePace, PaceItem, Progress
from lms_emulator.providers.canvas.routes.declare import RECORDED, rest, within
from lms_emulator.providers.canvas.rules import assignments, contexts, courses, features, jobs, pacing
from lms_emulator.providers.canvas.rules.contexts import Context
from lms_emulator.providers.canvas.rules.permissions import CONTENT
from lms_emulator.providers.canvas.shapes import Json
from lms_emulator.providers.canvas.shapes import pacing as shapes
from lms_emulator.providers.canvas.shapes.progress import progress
from lms_emulator.providers.canvas.wire import reply

SOURCE = (
    f"{RECORDED}/courses-misc.jsonl 276, 277, 281, 282, 283, 284; canvas-lms app/controllers/course_paces_controller.rb"
)
BLACKOUTS = (
    f"{RECORDED}/courses-misc.jsonl 288, 289, 290; canvas-lms app/controllers/blackout_dates_controller.rb, "
    "app/models/blackout_date.rb"
)
ONE_OF_BOTH = "Only one of course_section_id and user_id can be given"
replace = msgspec.structs.replace


def _off(what: str) -> Exception:
    """Canvas's answer if the feature is off: a 404."""
    body = {"errors": [{"message": "An error occurred.", "error_code": "not_found"}]}
    return refusals.rest("switched_off", 404, body, check=what, diagnosis=f"switched off here: {what}")


def _course(api: Api, *wanted: str) -> Course:
    return _paced(api, identifiers.course(api, api.slot("course_id")), *wanted)


def _paced(api: Api, course: Course, *wanted: str) -> Course:
    if not api.check("the course is paced", pacing.on(api, course), got=course.id):
        raise _off("the course's setting `enable_course_paces` and its account's feature `course_paces` are on")
    courses.require(api, course, *(wanted or CONTENT))
    return course


def _pace(api: Api, course: Course) -> CoursePace:
    found = api.store.course_paces.get(identifiers.local_number(api.slot("id")))
    if found is None or found.course_id != course.id:
        raise refusals.not_found("the pace", api.slot("id"))
    return found


def _of(api: Api, course: Course, section_id: int | None = None, user_id: int | None = None) -> CoursePace | None:
    """The pace of a course, a section or a person in it, a published one first."""
    rows = [
        pace
        for pace in api.store.course_paces.find("course", course.id)
        if pace.workflow_state != "deleted" and (pace.course_section_id, pace.user_id) == (section_id, user_id)
    ]
    return min(rows, key=lambda pace: (not _is_published(pace), pace.id), default=None)


def _is_published(pace: CoursePace) -> bool:
    return pace.workflow_state == "active" and pace.published_at is not None


def new(api: Api) -> Any:
    """The pace of a course, a section or a student. By default a copy of the next wider pace."""
    number, named = api.params.text("enrollment_id"), api.params.text("course_section_id")
    row = api.store.enrollments.get(as_whole(number) or 0) if number is not None else None
    section = identifiers.section(api, named) if number is None and named is not None else None
    if number is not None and row is None:
        raise refusals.not_found("the enrollment", number)
    inside = row or section
    course = _paced(api, identifiers.course(api, inside.course_id)) if inside is not None else _course(api)
    whose = {"section_id": section.id if section is not None else None, "user_id": row.user_id if row else None}
    found = _of(api, course, **whose)
    if found is not None:
        return _body(api, course, found, None)
    wider = [_of(api, course, row.course_section_id)] if row is not None else []
    known = next((pace for pace in (*wider, _of(api, course)) if pace is not None and _is_published(pace)), None)
    owner = {"course_section_id": whose["section_id"], "user_id": whose["user_id"]}
    if known is not None:
        items = [PaceItem(module_item_id=item.module_item_id, duration=item.duration) for item in known.items]
        fresh = {"id": 0, "workflow_state": "unpublished", "published_at": None, "created_at": None, "updated_at": None}
        return _body(api, course, replace(known, **fresh, **owner, items=items), None, copied=True)
    items = [PaceItem(module_item_id=tag.id) for tag in pacing.paced(api, course)]
    return _body(api, course, replace(CoursePace(id=0, course_id=course.id, items=items), **owner), None)


def show(api: Api) -> Any:
    """A pace; the job that publishes it has run by now."""
    course = _course(api)
    return _body(api, course, _pace(api, course), None)


def create(api: Api) -> Any:
    """Create a pace and publish it."""
    course = _course(api, "manage_course_content_add")
    found = _sent(api, course, CoursePace(id=0, course_id=course.id))
    items = [replace(item, id=api.new_id("course_pace_module_items")) for item in found.items]
    made = replace(found, id=api.new_id("course_paces"), items=items, created_at=api.now, updated_at=api.now)
    return _body(api, course, made, _publish(api, course, api.store.course_paces.put(made)))


def update(api: Api) -> Any:
    """Change a pace and publish it again."""
    course = _course(api, "manage_course_content_edit")
    found = _sent(api, course, _pace(api, course))
    items = [item if item.id else replace(item, id=api.new_id("course_pace_module_items")) for item in found.items]
    made = api.store.course_paces.put(replace(found, items=items, updated_at=api.now))
    return _body(api, course, made, _publish(api, course, made))


def publish(api: Api) -> Any:
    """Publish a pace again."""
    course = _course(api, "manage_course_content_edit")
    return progress(api, _publish(api, course, _pace(api, course)))


def _publish(api: Api, course: Course, record: CoursePace) -> Progress:
    return jobs.run(api, record, "course_pace_publish", lambda: pacing.publish(api, course, record))


def _body(api: Api, course: Course, record: CoursePace, job: Progress | None, *, copied: bool = False) -> Json:
    return {
        "course_pace": shapes.pace(api, record, course, copied=copied),
        "progress": progress(api, job) if job is not None else None,
    }


def _sent(api: Api, course: Course, known: CoursePace) -> CoursePace:
    """A pace updated by the request. Raises the refusal `pace_invalid`."""
    sent = api.params.require("course_pace")
    found: dict[str, Any] = {name: sent.flag(name) for name in ("exclude_weekends", "hard_end_dates") if sent.has(name)}
    if (state := sent.text("workflow_state")) in ("active", "unpublished", "deleted"):
        found["workflow_state"] = state
    if sent.has("end_date"):
        day = _day(sent, "end_date")
        found["end_date"] = day.isoformat() if day is not None else None
    for name in ("course_section_id", "user_id"):
        if sent.has(name):
            found[name] = identifiers.local_number(sent.text(name) or "")
    number = identifiers.local_number(sent.text("context_id") or "")
    for kind, name in (("Section", "course_section_id"), ("Enrollment", "user_id")):
        if number is not None and sent.text("context_type") == kind:
            found[name] = number
    made = replace(known, **found, items=_items(api, course, sent, known))
    if made.course_section_id is not None and made.user_id is not None:
        raise _unfit("pace_invalid", [ONE_OF_BOTH])
    return made


def _items(api: Api, course: Course, sent: Params, known: CoursePace) -> list[PaceItem]:
    items = {item.id: item for item in known.items}
    added: list[PaceItem] = []
    living = {tag.id for tag in pacing.paced(api, course)}
    for digest in sent.hashes("course_pace_module_items_attributes"):
        duration = digest.whole("duration") or 0
        number = identifiers.local_number(digest.text("id") or "")
        tag = identifiers.local_number(digest.text("module_item_id") or "")
        if number is not None:
            if number not in items:
                raise refusals.not_found("the item of the pace", number)
            items[number] = replace(items[number], duration=duration)
        elif tag in living:
            added.append(PaceItem(module_item_id=tag, duration=duration))
    return [*items.values(), *added]


def compress(api: Api) -> Any:
    """When the items of a pace would be due, by item; nothing is stored."""
    course = _course(api, "manage_course_content_edit")
    made = _sent(api, course, CoursePace(id=0, course_id=course.id))
    begin = _day(api.params.hash("course_pace"), "start_date") or _start(api, course)
    if made.end_date is not None and date.fromisoformat(made.end_date) < begin:
        raise _unfit("pace_invalid", "End date cannot be before start date")
    counting = pacing.days(api, course, exclude_weekends=made.exclude_weekends)
    for digest in api.params.hashes("blackout_dates"):
        first, last = _day(digest, "start_date"), _day(digest, "end_date")
        if first is not None and last is not None:
            counting.closed.append((first, last))
    items = pacing.in_order(api, course, made.items)
    wanted = [item.duration for item in items]
    durations = pacing.compressed(counting, wanted, begin, pacing.last_day(api, course, made))
    days = pacing.due_dates(counting, durations, begin)
    return {str(item.module_item_id): day.isoformat() for item, day in zip(items, days, strict=True)}


def _start(api: Api, course: Course) -> date:
    begun: datetime = pacing.start_of(api, course).at or api.now
    return in_zone(begun, pacing.zone_of(api, course)).date()


REDESIGN = "the site has the feature `course_paces_redesign` on"


def destroy(api: Api) -> Any:
    """Deletion, for a later redesign of the pages. Sites that have it on are not emulated."""
    _pace(api, _course(api, "manage_course_content_delete"))
    raise _off(REDESIGN)


def contexts_of(api: Api) -> Any:
    """Contexts of paces, for a later redesign of the pages."""
    raise _off(REDESIGN)


def of_section(api: Api) -> Any:
    """The pace of a section, for a later redesign of the pages."""
    course = identifiers.course(api, api.slot("course_id"))
    section = identifiers.section(api, api.slot("course_section_id"))
    if section.course_id != course.id or section.workflow_state == "deleted":
        raise refusals.not_found("the section in the course", section.id)
    raise _off(REDESIGN)


def of_student(api: Api) -> Any:
    """The pace of a student, for a later redesign of the pages."""
    course = identifiers.course(api, api.slot("course_id"))
    number = identifiers.local_number(api.slot("student_enrollment_id"))
    if all(e.id != number or e.type != "StudentEnrollment" for e in assignments.students(api, course.id)):
        raise refusals.not_found("the student's enrollment in the course", number)
    raise _off(REDESIGN)


# blackout dates


def _place(api: Api, *wanted: str) -> Context:
    context = contexts.from_path(api)
    record = context.record
    account = api.store.accounts.get(record.account_id) if isinstance(record, Course) else record
    has = isinstance(account, Account) and features.enabled(api, account, "course_paces")
    if not api.check("the account has the feature `course_paces` on", has):
        raise _off("the account has the feature `course_paces` on")
    contexts.require(api, context, *(wanted or CONTENT))
    return context


def _rows(api: Api, context: Context) -> list[BlackoutDate]:
    rows = api.store.blackout_dates.find("context", (context.type, context.id))
    return sorted(rows, key=lambda blackout_date: (blackout_date.start_date, blackout_date.id))


def _blackout(api: Api, context: Context, reference: str) -> BlackoutDate:
    number = identifiers.local_number(reference)
    found = next((blackout_date for blackout_date in _rows(api, context) if blackout_date.id == number), None)
    if found is None:
        raise refusals.not_found("the blackout date", reference)
    return found


def blackouts(api: Api) -> Any:
    """The blackout dates of a course or an account."""
    return [shapes.blackout(api, blackout_date) for blackout_date in _rows(api, _place(api))]


def blackout(api: Api) -> Any:
    """One blackout date."""
    return {"blackout_date": shapes.blackout(api, _blackout(api, _place(api), api.slot("id")))}


def new_blackout(api: Api) -> Any:
    """The defaults of a new blackout date."""
    context = _place(api)
    names = ("id", "start_date", "end_date", "event_title", "created_at", "updated_at", "root_account_id")
    found: Json = dict.fromkeys(names)
    return {"blackout_date": {**found, "context_type": context.type, "context_id": context.id}}


def create_blackout(api: Api) -> Any:
    """Make a blackout date."""
    context = _place(api, "manage_course_content_add")
    made, faults = _read(api, context, api.params.require("blackout_date"), None)
    if made is None:
        raise _unfit("blackout_invalid", faults)
    return reply(api, {"blackout_date": shapes.blackout(api, api.store.blackout_dates.put(made))}, 201)


def update_blackout(api: Api) -> Any:
    """Change a blackout date."""
    context = _place(api, "manage_course_content_edit")
    known = _blackout(api, context, api.slot("id"))
    made, faults = _read(api, context, api.params.require("blackout_date"), known)
    if made is None:
        raise refusals.rest("blackout_invalid", 422, faults, check="the blackout date is valid", got=faults)
    return {"blackout_date": shapes.blackout(api, api.store.blackout_dates.put(made))}


def delete_blackout(api: Api) -> Any:
    """Remove a blackout date."""
    known = _blackout(api, _place(api, "manage_course_content_delete"), api.slot("id"))
    api.store.blackout_dates.delete(known.id)
    return Response(status_code=204)


def replace_blackouts(api: Api) -> Any:
    """Replace a course's blackout dates with those in the request, updated by id or new."""
    context = _place(api, "manage_course_content_edit")
    sent = api.params.hashes("blackout_dates")
    known = [_blackout(api, context, params.text("id") or "") if params.text("id") else None for params in sent]
    made = [_read(api, context, params, old) for params, old in zip(sent, known, strict=True)]
    faults = [fault for _, found in made for fault in found]
    if faults:
        raise refusals.crashed("Canvas answers 500 to a list with a blackout date that is not valid", got=faults)
    for old in _rows(api, context):
        api.store.blackout_dates.delete(old.id)
    for blackout_date, _ in made:
        assert blackout_date is not None
        api.store.blackout_dates.put(blackout_date)
    return [shapes.blackout(api, blackout) for blackout in _rows(api, context)]


def _read(
    api: Api, context: Context, sent: Params, known: BlackoutDate | None
) -> tuple[BlackoutDate | None, list[str]]:
    """The blackout date in the request, or else what is wrong with it."""
    start: Any = _day(sent, "start_date") if sent.has("start_date") or known is None else _date(known.start_date)
    end: Any = _day(sent, "end_date") if sent.has("end_date") or known is None else _date(known.end_date)
    title = sent.text("event_title") if sent.has("event_title") or known is None else known.event_title
    faults = [f"{name} can't be blank" for name, day in (("Start date", start), ("End date", end)) if day is None]
    if not (title or "").strip():
        faults.append("Event title can't be blank")
    if not title:
        faults.append("Event title is too short (minimum is 1 character)")
    elif len(title) > 255:
        faults.append("Event title is too long (maximum is 255 characters)")
    if start is None and end is not None:
        raise refusals.crashed("Canvas compares the end with the start, which is missing")
    if end is not None and end < start:
        faults.append("End date can't be before start date")
    if faults:
        return None, faults
    made = known or BlackoutDate(
        **api.new_row("blackout_dates"),
        context_type="Account" if context.type == "Account" else "Course",
        context_id=context.id,
        start_date="",
        end_date="",
        event_title="",
    )
    found = replace(made, start_date=start.isoformat(), end_date=end.isoformat(), event_title=title, updated_at=api.now)
    return found, []


def _date(text: str) -> date:
    return date.fromisoformat(text)


def _day(sent: Params, name: str) -> date | None:
    moment = sent.moment(name)
    return moment.date() if moment is not None else None


def _unfit(reason: str, faults: list[str] | str) -> Exception:
    body = {"success": False, "errors": faults}
    return refusals.rest(
        reason, 422, body, check="what is sent is valid", got=[faults] if isinstance(faults, str) else faults
    )


COURSE = "/api/v1/courses/{course_id}"
ROUTES: tuple[Route, ...] = (
    *rest(
        "courses",
        SOURCE,
        (f"GET {COURSE}/course_pacing/new", new, "The defaults of a new pace"),
        (f"GET {COURSE}/course_pacing/{{id}}", show, "A pace"),
        (f"POST {COURSE}/course_pacing", create, "Create a pace"),
        (f"PUT {COURSE}/course_pacing/{{id}}", update, "Change a pace"),
        (f"POST {COURSE}/course_pacing/compress_dates", compress, "Preview the due dates of a pace"),
        (f"POST {COURSE}/course_pacing/{{id}}/publish", publish, "Publish a pace"),
        (f"GET {COURSE}/pace_contexts", contexts_of, "Contexts of paces"),
        (f"DELETE {COURSE}/course_pacing/{{id}}", destroy, "Remove a pace"),
        *(
            (
                f"{method} {COURSE}/{place}/pace{'s' if method == 'POST' else ''}",
                handler,
                f"{what} the pace of a {whose}",
            )
            for place, handler, whose in (
                ("sections/{course_section_id}", of_section, "section"),
                ("student_enrollments/{student_enrollment_id}", of_student, "student"),
            )
            for method, what in (("GET", "Read"), ("POST", "Make"), ("PATCH", "Change"), ("DELETE", "Remove"))
        ),
    ),
    *rest(
        "courses",
        BLACKOUTS,
        *within("courses accounts", "GET /blackout_dates", blackouts, "Blackout dates"),
        *within("courses accounts", "POST /blackout_dates", create_blackout, "Create a blackout date"),
        *within("courses accounts", "GET /blackout_dates/new", new_blackout, "The defaults of a new blackout date"),
        *within("courses accounts", "GET /blackout_dates/{id}", blackout, "A blackout date"),
        *within("courses accounts", "PUT /blackout_dates/{id}", update_blackout, "Change a blackout date"),
        *within("courses accounts", "DELETE /blackout_dates/{id}", delete_blackout, "Remove a blackout date"),
        *within("courses", "PUT /blackout_dates", replace_blackouts, "Replace blackout dates"),
    ),
)
