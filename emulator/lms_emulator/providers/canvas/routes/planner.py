"""REST: the planner."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Any

from msgspec.structs import replace

from lms_emulator.core.clock import in_zone
from lms_emulator.core.http.routing import Route
from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call import identifiers
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.call.moments import read_edge
from lms_emulator.providers.canvas.model import Course, PlannerNote, PlannerOverride, User
from lms_emulator.providers.canvas.paging import bookmarked, paged
from lms_emulator.providers.canvas.routes.declare import RECORDED, rest, signed_in
from lms_emulator.providers.canvas.rules import (
    contexts,
    courses,
    module_content,
    observing,
    planner,
    progressing,
    states,
)
from lms_emulator.providers.canvas.rules.calendars import Place, place_of_code
from lms_emulator.providers.canvas.rules.planner import Item, Window
from lms_emulator.providers.canvas.shapes import planner as shapes
from lms_emulator.providers.canvas.wire import reply

ITEMS = f"{RECORDED}/planner.jsonl 45, 56, 57, 69, 73, 95; canvas-lms app/controllers/planner_controller.rb"
NOTES = (
    f"{RECORDED}/planner.jsonl 10, 12, 35, 41; canvas-lms app/controllers/planner_notes_controller.rb, lib/plannable.rb"
)
OVERRIDES = f"{RECORDED}/planner.jsonl 78, 93, 97; canvas-lms app/controllers/planner_overrides_controller.rb"
AROUND = timedelta(weeks=2)
FAR = timedelta(days=3652)
LINKED = ("announcement", "assignment", "discussion_topic", "wiki_page", "quiz")


def _window(api: Api) -> Window:
    """The requested time range: by default two weeks around now, or ten years if one end is given.

    Raises the refusal for an invalid time.
    """
    today = datetime.combine(api.now.astimezone(api.zone).date(), time(), api.zone)
    start, end = _edge(api, "start_date", end=False), _edge(api, "end_date", end=False)
    around = AROUND if start is None and end is None else FAR
    return Window(start or in_zone(today - around, UTC), end or in_zone(today + around, UTC))


def _edge(api: Api, name: str, *, end: bool) -> datetime | None:
    text = api.params.text(name)
    if not text:
        return None
    moment = read_edge(text, api.zone, end=end)
    if moment is None:
        body = {"errors": f"Invalid date or datetime for {name}"}
        raise refusals.rest("date_invalid", 400, body, check=f"`{name}` is a time", got=text)
    return moment


def items(api: Api) -> Any:
    """The caller's planner, or that of a user they observe."""
    user = _planned_for(api)
    codes, window = api.params.texts("context_codes"), _window(api)
    kind = api.params.text("filter")
    api.see_as(user)
    found = list(_found(api, user, codes, window, kind))
    if kind == "new_activity":
        found = [value for value in found if shapes.new_activity(api, value, user)]
    back = api.params.text("order") == "desc"
    found.sort(key=lambda record: (record.at, record.record.id), reverse=back)

    def key(item: Item) -> list[Any]:
        if back:
            return [item.walk, [-item.at.timestamp(), -item.record.id]]
        return [item.walk, [item.at.strftime("%Y-%m-%d %H:%M:%S.%f"), item.record.id]]

    return bookmarked(api, found, lambda value: shapes.item(api, value, user), key, order=lambda bookmark: bookmark[1])


def _planned_for(api: Api) -> User:
    """Whose planner is requested. Raises the refusal for a user whom the caller does not observe."""
    caller, named = api.user, api.params.text("observed_user_id")
    if "user_id" in api.call.path_params:
        user = identifiers.user(api, api.slot("user_id"))
        api.path = f"/api/v1/users/{user.id}/planner/items"
        seen = user.id == caller.id or observing.link_between(api, caller, user) is not None
    elif named is not None:
        codes = api.params.texts("context_codes")
        if not api.check("courses are named in which the person is observed", bool(codes)):
            raise api.refused("see a planner without naming courses")
        user = identifiers.user(api, named)
        # Canvas takes the number of anything else for a course's, and refuses it
        wanted = {place.record.id for code in codes if (place := place_of_code(api, code)) is not None}
        seen = wanted <= observing.courses_with(api, caller, user)
    else:
        return caller
    if not api.check("observes the person", seen, got=user.id):
        raise api.refused(f"see the planner of user {user.id}")
    return user


def _found(api: Api, user: User, codes: list[str], window: Window, kind: str | None) -> Any:
    places = _places(api, user, codes)
    within = [place for place in places if place.kind == "Course"]
    groups = [place for place in places if place.kind == "Group"]
    if kind == "all_ungraded_todo_items" and not codes:
        raise refusals.crashed("`context_codes` is missing", kind)
    if kind in ("ungraded_todo_items", "all_ungraded_todo_items"):
        for place in within + groups:
            announced = kind == "ungraded_todo_items"
            unpublished = not announced and contexts.may(api, contexts.of(place.record), "view_unpublished_items")
            yield from planner.ungraded(
                api, contexts.of(place.record), window, announced=announced, unpublished=unpublished
            )
        return
    for place in within:
        yield from planner.of_course(api, place.record, window)
        if kind != "new_activity":
            yield from planner.reviews(api, place.record, user, window)
    for place in groups:
        yield from planner.ungraded(api, contexts.of(place.record), window)
    own = any(place.kind == "User" for place in places)
    about: set[int | None] = {place.record.id for place in within} | ({None} if own else set())
    yield from planner.notes(api, user, window, about)
    yield from planner.events(api, places, user, window)


def _places(api: Api, user: User, codes: list[str]) -> list[Place]:
    """The requested courses, groups and person. Raises the refusal for others' courses."""
    if not codes:
        concluded = "concluded" in api.params.includes
        studied = planner.all_courses_of(api, user) if concluded else planner.courses_of(api, user)
        mine = [Place("Course", course) for course in studied if concluded or _studies(api, course, user)]
        return [*mine, *(Place("Group", group) for group in planner.groups_of(api, user)), Place("User", user)]
    found = [place for code in codes if (place := place_of_code(api, code)) is not None]
    observed = _observed(api, user)
    for place in found:
        if place.kind == "Course" and place not in observed:
            courses.require(api, place.record, "read", "read_as_admin")
    groups = {group.id for group in planner.groups_of(api, user)}
    for place in found:
        if place.kind == "Group" and place.record.id not in groups:
            contexts.require(api, contexts.of(place.record), "read")
        elif place.kind == "User" and not api.check("it is the person's own", place.record.id == user.id):
            raise api.refused(f"see what user {place.record.id} plans")
    found += [place for place in observed if place not in found]
    return [place for place in found if place.kind in ("Course", "Group", "User")]


def _observed(api: Api, user: User) -> list[Place]:
    """What an observer sees besides the calendars named: all courses in which they observe, and a child's own notes."""
    observer = api.asker
    if observer is None or not api.params.has("observed_user_id"):
        return []
    known = (api.store.courses.get(number) for number in sorted(observing.courses_with(api, observer, user)))
    linked = observing.link_between(api, observer, user) is not None
    return [Place("Course", course) for course in known if course is not None] + [Place("User", user)] * linked


def _studies(api: Api, course: Course, user: User) -> bool:
    rows = api.store.enrollments.find("whose", (course.id, user.id))
    return any(e.type in states.STUDENTS and e.workflow_state == "active" for e in rows)


# notes


def notes(api: Api) -> Any:
    """The caller's notes."""
    user, codes = api.user, api.params.texts("context_codes")
    asked = api.params.has("start_date") or api.params.has("end_date")
    window = Window(
        _edge(api, "start_date", end=False) or datetime.min.replace(tzinfo=UTC),
        _edge(api, "end_date", end=True) or datetime.max.replace(tzinfo=UTC),
    )
    wanted: set[int | None] | None = None
    if api.params.get("context_codes") is not None:
        known = (place_of_code(api, code) for code in codes)
        places = [place for place in known if place is not None]
        wanted = {
            row.record.id for row in places if row.kind == "Course" and courses.may(api, user, row.record, "read")
        }
        wanted |= {None} if any(place.kind == "User" and place.record.id == user.id for place in places) else set()
    found = planner.notes(api, user, window if asked else None, wanted)
    living = (item for item in found if item.place is None or item.place.record.workflow_state != "deleted")
    return [shapes.note(api, item.record) for item in living if isinstance(item.record, PlannerNote)]


def _note(api: Api) -> PlannerNote:
    own = {"user_id": api.user.id}
    return identifiers.row(api.store.planner_notes, api.slot("id"), "the caller's note", deleted=True, **own)


def _course(api: Api, reference: str | None) -> Course | None:
    """The course that a note is about. Raises the refusals for an unknown course and for others'."""
    if not reference:
        return None
    course = identifiers.course(api, reference)
    courses.require(api, course, "read")
    return course


def create_note(api: Api) -> Any:
    """A new note, optionally linked to course content."""
    user, sent = api.user, api.params
    linked, title = None, sent.text("title")
    course = _course(api, sent.text("course_id"))
    if sent.text("linked_object_type") and sent.text("linked_object_id"):
        linked = _linked(api, course)
        title = title or getattr(linked[1], "title", None) or getattr(linked[1], "name", None)
    made = PlannerNote(
        id=0,
        user_id=user.id,
        title=title or "",
        details=sent.text("details"),
        todo_date=_date(api, title),
        course_id=course.id if course is not None else None,
        linked_type=linked[0] if linked is not None else None,
        linked_id=linked[1].id if linked is not None else None,
        created_at=api.now,
        updated_at=api.now,
    )
    made = api.store.planner_notes.put(replace(made, id=api.new_id("planner_notes")))
    return reply(api, shapes.note(api, made), 201)


def _date(api: Api, title: str | None) -> datetime:
    """The date of a note. Raises the refusal for a missing title or date."""
    moment = api.moment("todo_date")
    sent: dict[str, object] = {"title": title, "todo_date": moment}
    faults: dict[str, list[str | tuple[str, str]]] = {name: ["blank"] for name, value in sent.items() if not value}
    if faults or moment is None:
        raise refusals.invalid(faults)
    return moment


def _linked(api: Api, course: Course | None) -> tuple[str, Any]:
    """The course content that a note is linked to. Raises the refusals for unknown content and a second note."""
    kind, number = api.params.text("linked_object_type") or "", api.params.text("linked_object_id") or ""
    if course is None:
        raise refusals.message(400, "course_missing", "must specify course_id")
    if kind not in LINKED:
        raise refusals.message(400, "linked_type_unknown", "invalid linked_object_type", got=kind)
    record = _planned(api, kind, number)
    if getattr(record, "course_id", getattr(record, "context_id", None)) != course.id:
        raise refusals.not_found("what the note is about", number)
    if not api.check("may see what the note is about", record.workflow_state != "deleted", got=number):
        raise api.refused(f"see {kind} {number}")
    own = api.store.planner_notes.find("user", api.user.id)
    if any((note.linked_type, note.linked_id, note.workflow_state) == (kind, record.id, "active") for note in own):
        raise refusals.message(400, "note_exists", "a planner note linked to that object already exists")
    return kind, record


def show_note(api: Api) -> Any:
    """One note."""
    return shapes.note(api, _note(api))


def update_note(api: Api) -> Any:
    """Change a note."""
    record, sent = _note(api), api.params
    changes: dict[str, Any] = {name: sent.text(name) for name in ("title", "details") if sent.has(name)}
    if sent.has("todo_date"):
        changes["todo_date"] = api.moment("todo_date")
    if sent.has("course_id"):
        # Canvas compares with what was sent: the text of the same number counts as a change
        if record.linked_type is not None and sent.get("course_id") != record.course_id:
            raise refusals.message(400, "note_linked", "course_id cannot be changed for linked planner notes")
        course = _course(api, sent.text("course_id"))
        changes["course_id"] = course.id if course is not None else None
    blank = [name for name in changes if name in ("title", "todo_date") and not changes[name]]
    faults: dict[str, list[str | tuple[str, str]]] = {name: ["blank"] for name in blank}
    if faults:
        raise refusals.invalid(faults)
    return shapes.note(api, api.store.planner_notes.put(replace(record, **changes, updated_at=api.now)))


def delete_note(api: Api) -> Any:
    """Delete a note, and with it what anybody said about it."""
    deleted = replace(_note(api), workflow_state="deleted", updated_at=api.now)
    for said in list(api.store.planner_overrides):
        if (said.plannable_type, said.plannable_id) == ("planner_note", deleted.id):
            api.store.planner_overrides.put(replace(said, workflow_state="deleted"))
    return shapes.note(api, api.store.planner_notes.put(deleted))


# overrides


def overrides(api: Api) -> Any:
    """The caller's planner overrides."""
    own = [row for row in api.store.planner_overrides.find("user", api.user.id) if row.workflow_state == "active"]
    return paged(api, sorted(own, key=lambda override: override.id), lambda override: shapes.override(api, override))


def _override(api: Api) -> PlannerOverride:
    """The planner override in the path. Canvas does not check who owns it."""
    return identifiers.row(api.store.planner_overrides, api.slot("id"), "the override", deleted=True)


def show_override(api: Api) -> Any:
    """One planner override; Canvas shows it to other users too."""
    return shapes.override(api, _override(api))


def create_override(api: Api) -> Any:
    """Mark a planner item as done or dismissed."""
    user, kind = api.user, api.params.text("plannable_type") or ""
    if kind not in planner.TABLES:
        raise refusals.crashed("`plannable_type` is nothing that the planner knows", kind)
    record = _planned(api, kind, api.params.text("plannable_id"))
    about = planner.shown_as(api, kind, record)
    if api.store.planner_overrides.find("whose", (user.id, *about)):
        raise refusals.invalid({"plannable_id": ["taken"]})
    made = PlannerOverride(
        **api.new_row("planner_overrides"),
        user_id=user.id,
        plannable_type=about[0],
        plannable_id=about[1],
        marked_complete=api.params.flag("marked_complete"),
        dismissed=api.params.flag("dismissed"),
    )
    _in_modules(api, made)
    return reply(api, shapes.override(api, api.store.planner_overrides.put(made)), 201)


def _planned(api: Api, kind: str, reference: str | None) -> Any:
    """What has that kind and number, deleted or not. Raises the refusal `not_found`."""
    record = identifiers.named(api, planner.TABLES[kind], reference or "", "the thing to do", deleted=True)
    if kind == "announcement" and not record.is_announcement:
        raise refusals.not_found("the announcement", reference)
    return record


def _in_modules(api: Api, said: PlannerOverride) -> None:
    """Mark the same as done, or not, in the module that asks for it."""
    kind = next((item for item, kind in planner.OF_ITEMS.items() if kind == said.plannable_type), None)
    record = getattr(api.store, planner.TABLES[said.plannable_type]).get(said.plannable_id) if kind else None
    course = api.store.courses.get(module_content.course_of(record)) if record is not None else None
    tag = progressing.to_be_done(api, course.id, kind, said.plannable_id) if course and kind else None
    if course is not None and tag is not None:
        progressing.act(api, course, tag, "done", undo=not said.marked_complete)


def update_override(api: Api) -> Any:
    """Change a planner override; omitted marks become false."""
    said = {name: api.params.flag(name) for name in ("marked_complete", "dismissed")}
    changed = replace(_override(api), **said, updated_at=api.now)
    _in_modules(api, changed)
    return shapes.override(api, api.store.planner_overrides.put(changed))


def delete_override(api: Api) -> Any:
    """Delete a planner override."""
    record = _override(api)
    deleted = replace(record, workflow_state="deleted", deleted_at=api.now, updated_at=api.now)
    return shapes.override(api, api.store.planner_overrides.put(deleted))


NOTE, SAID = "/api/v1/planner_notes", "/api/v1/planner/overrides"
ROUTES: tuple[Route, ...] = (
    *rest(
        "planner",
        ITEMS,
        ("GET /api/v1/planner/items", items, "The caller's planner items"),
        ("GET /api/v1/users/{user_id}/planner/items", items, "Another user's planner items"),
    ),
    *signed_in(
        "planner",
        NOTES,
        (f"GET {NOTE}", notes, "Planner notes"),
        (f"POST {NOTE}", create_note, "Create a planner note"),
        (f"GET {NOTE}/{{id}}", show_note, "A note"),
        (f"PUT {NOTE}/{{id}}", update_note, "Change a note"),
        (f"DELETE {NOTE}/{{id}}", delete_note, "Delete a note"),
    ),
    *signed_in(
        "planner",
        OVERRIDES,
        (f"GET {SAID}", overrides, "The caller's planner overrides"),
        (f"POST {SAID}", create_override, "Create a planner override"),
        (f"GET {SAID}/{{id}}", show_override, "A planner override"),
        (f"PUT {SAID}/{{id}}", update_override, "Change a planner override"),
        (f"DELETE {SAID}/{{id}}", delete_override, "Delete a planner override"),
    ),
)
