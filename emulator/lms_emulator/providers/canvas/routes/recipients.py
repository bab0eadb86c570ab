"""REST: the people and contexts that the caller can message."""

from __future__ import annotations

from typing import Any

from lms_emulator.core.http.routing import Route
from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call import identifiers
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.model import Course, CourseSection, Group, User
from lms_emulator.providers.canvas.paging import bookmarked
from lms_emulator.providers.canvas.routes.declare import RECORDED, rest
from lms_emulator.providers.canvas.rules import assignments, collation, courses, messaging, people
from lms_emulator.providers.canvas.rules import groups as group_rules
from lms_emulator.providers.canvas.rules.messaging import Common, Messaging, Place
from lms_emulator.providers.canvas.rules.permissions import permissions
from lms_emulator.providers.canvas.shapes import Json
from lms_emulator.providers.canvas.shapes import conversations as shapes
from lms_emulator.providers.canvas.shapes import courses as course_shapes

SOURCE = (
    f"{RECORDED}/conversations.jsonl 180, 184, 186, 193, 200, 204, 211, 213; "
    "canvas-lms app/controllers/search_controller.rb, recipients"
)
ROLES = {"teachers": "Teachers", "tas": "Teaching Assistants", "students": "Students", "observers": "Observers"}
"""The parts of a course that stand for people, and what they are called."""
Row = tuple[list[Any], Json]


def recipients(api: Api) -> Any:
    """People and contexts that fit a search, or those of a context, that the caller can write to."""
    user, sent = api.user, api.params
    code, number = sent.text("context"), sent.text("user_id")
    if not (code or number or sent.text("search")):
        return []
    look = Messaging(api, user)
    kinds = set(sent.words("type")) or {"user", "context"}
    place = _place(api, code) if code else None
    rows: list[Row] = []
    if number:
        rows += _named(api, look, number)
    else:
        if kinds & {"context", "course", "section", "group"}:
            rows += _contexts(api, look, place, kinds)
        if "user" in kinds:
            rows += _people(api, look, place)
    excluded = {str(one) for one in sent.texts("exclude")}
    rows = [row for row in rows if str(row[1]["id"]) not in excluded]
    return bookmarked(api, sorted(rows, key=lambda row: row[0]), lambda row: row[1], lambda row: _told(row[0]))


def _told(key: list[Any]) -> list[Any]:
    """The key of a row as a bookmark says it."""
    return [str(one) for one in key]


def _place(api: Api, code: str) -> Place:
    """What `context` names. Raises the refusal `not_found`."""
    found = messaging.place_of(api, code)
    if found is None or (found.course is None and found.group is None):
        raise refusals.not_found("the context", code)
    return found


def _terms(api: Api) -> list[str]:
    return (api.params.text("search") or "").lower().split()


def _fits(terms: list[str], name: str | None) -> bool:
    return all(term in (name or "").lower() for term in terms)


def _named(api: Api, look: Messaging, reference: str) -> list[Row]:
    user = identifiers.user(api, reference)
    known = look.known([user.id])
    together = identifiers.local_number(api.params.text("from_conversation_id"))
    if user.id not in known and together is not None:
        rows = api.store.conversation_participants.find("conversation", together)
        if {user.id, api.user.id} <= {row.user_id for row in rows}:
            known = look.common([user.id], messaging.READING)
    return [_person(api, user, known[user.id])] if user.id in known else []


def _person(api: Api, user: User, common: Common) -> Row:
    key = [1, collation.key(people.sortable_name(user)), user.id]
    return key, shapes.participant(api, user, {user.id: common}, avatars=True)


def _people(api: Api, look: Messaging, place: Place | None) -> list[Row]:
    if place is not None and place.part in ("sections", "groups"):
        return []
    if place is not None:
        whole = api.params.flag("skip_visibility_checks") and _runs(api, place)
        known = look.within(place, whole=whole)
    else:
        ids = {row.user_id for course in look.courses() for row in look.in_course(course, messaging.SEARCHING)}
        ids |= {row.user_id for group in look.groups() for row in group_rules.members(api, group)}
        ids |= {user.id for user in api.store.users if _fits(_terms(api), user.name) and look.administers(user)}
        known = look.common(ids | {api.user.id}, messaging.SEARCHING)
        own: dict[str, list[str]] = {str(course.id): [str(row.type) for row in rows] for course, rows in look.own()}
        mine = {str(number): ["Member"] for number in assignments.groups_of(api, api.user.id)}
        known[api.user.id] = Common(own, mine)
    found = ((api.store.users.get(number), common) for number, common in known.items())
    terms = _terms(api)
    return [_person(api, user, common) for user, common in found if user is not None and _fits(terms, user.name)]


def _runs(api: Api, place: Place) -> bool:
    course = place.course
    return (
        course is not None
        and courses.may(api, api.caller, course, "read_roster")
        and "read_as_admin" in courses.rights(api, api.caller, course)
    )


def _contexts(api: Api, look: Messaging, place: Place | None, kinds: set[str]) -> list[Row]:
    """The courses, sections and groups that fit; of a course, its roles and sections where that is asked for."""
    if place is not None:
        return _of_course(api, look, place)
    terms, found = _terms(api), list[Row]()
    active = [one for one, rows in look.own() if look.takes_part(one)]
    if kinds & {"context", "course"}:
        found += [_course(api, look, one) for one in active if _fits(terms, one.name)]
    if kinds & {"context", "section"}:
        sections = [(one, section) for one in active for section in messaging.sections_of(api, one)]
        seen = [(one, section) for one, section in sections if look.sees_section(one, section)]
        found += [_section(api, look, one, section) for one, section in seen if _fits(terms, section.name)]
    if kinds & {"context", "group"}:
        found += [_group(api, look, one) for one in look.groups() if _fits(terms, one.name)]
    if api.params.flag("messageable_only"):
        found = [row for row in found if row[1]["permissions"].get("send_messages")]
    return found


def _of_course(api: Api, look: Messaging, place: Place) -> list[Row]:
    course = place.course
    if course is None or place.section is not None:
        return []
    if place.part == "sections":
        every = messaging.sections_of(api, course)
        return [_section(api, look, course, one) for one in every if look.sees_section(course, one)]
    if place.part is not None or not api.params.flag("synthetic_contexts"):
        return []
    code, found = f"course_{course.id}", list[Row]()
    for position, (part, name) in enumerate(ROLES.items()):
        count = len(look.within(place._replace(part=part)))
        if count:
            body = _context(api, f"{code}_{part}", name, count, course)
            found.append(([0, 0, position], body))
    sections = [one for one in messaging.sections_of(api, course) if look.sees_section(course, one)]
    groups = [one for one in look.groups() if group_rules.category_of(api, one).context_id == course.id]
    for position, (part, name, items) in enumerate(
        (("sections", "Course Sections", len(sections)), ("groups", "Student Groups", len(groups)))
    ):
        if items:
            body = {"id": f"{code}_{part}", "name": name, "avatar_url": api.url(shapes.GROUP_AVATAR), "type": "context"}
            found.append(([0, 1, position], {**body, "item_count": items}))
    return found


def _context(api: Api, code: str, name: str, count: int, course: Course | None) -> Json:
    asked = {one for one in api.params.texts("permissions") if one in permissions()}
    asked |= {"send_messages"} if api.params.flag("messageable_only") else set()
    may = {one: course is None or courses.may(api, api.caller, course, one) for one in sorted(asked)}
    return {
        "id": code,
        "name": name,
        "avatar_url": api.url(shapes.GROUP_AVATAR),
        "type": "context",
        "user_count": count,
        "permissions": may,
    }


def _course(api: Api, look: Messaging, course: Course) -> Row:
    name = course_shapes.course_name(api, course)
    count = len(look.within(Place(course)))
    return [0, collation.key(name), 0, course.id], _context(api, f"course_{course.id}", name, count, course)


def _section(api: Api, look: Messaging, course: Course, section: CourseSection) -> Row:
    count = len(look.within(Place(course, section)))
    body = _context(api, f"section_{section.id}", section.name, count, course)
    return [0, collation.key(section.name), 1, section.id], body | {"context_name": course.name}


def _group(api: Api, look: Messaging, group: Group) -> Row:
    home = group_rules.home(api, group_rules.category_of(api, group))
    count = len(look.within(Place(None, group=group)))
    within = home if isinstance(home, Course) else None
    body = _context(api, f"group_{group.id}", group.name, count, within)
    return [0, collation.key(group.name), 2, group.id], body | {"context_name": home.name}


ROUTES: tuple[Route, ...] = rest(
    "conversations",
    SOURCE,
    ("GET /api/v1/search/recipients", recipients, "People and contexts that one can write to"),
    ("GET /api/v1/conversations/find_recipients", recipients, "The same, by its older address"),
)
