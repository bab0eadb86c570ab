"""REST: the people and contexts that the caller can message."""

from __future__ import annotations

from typing import Any

from lms_emulator.core.http.routing import Route
from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call import identifiers
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.call.params import Params
from lms_emulator.providers.canvas.model import Course, CourseSection, Group, User
from lms_emulator.providers.canvas.paging import bookmarked
from lms_emulator.providers.canvas.routes.declare import RECORDED, rest
from lms_emulator.providers.canvas.rules import assignments, collation, courses, messaging, people
from lms_emulator.providers.canvas.rules import groups as group_rules
from lms_emulator.providers.canvas.rules.messaging import Common, Messaging, Place
from lms_emulator.providers.canvas.shapes import Json
from lms_emulator.providers.canvas.shapes import conversations as shapes
from lms_emulator.providers.canvas.shapes import courses as course_shapes

SOURCE = (
    f"{RECORDED}/conversations.jsonl 180, 184, 186, 193, 200, 204, 211, 213; "
    "canvas-lms app/controllers/search_controller.rb, recipients"
)
ROLES = {"teachers": "Teachers", "tas": "Teaching Assistants", "students": "Students", "observers": "Observers"}
"""The parts of a course that stand for people, and what they are called."""
TOPIC = "discussion_topic_"
LATELY = 10
"""Recently ended courses come after everything else that was found, and older ones last."""
Row = tuple[list[Any], Json]


def recipients(api: Api) -> Any:
    """People and contexts whom the caller can message, by search or by context."""
    user, sent = api.user, api.params
    code, number = sent.text("context"), sent.text("user_id")
    place = _place(api, code) if code else None
    if not (place or number or sent.has("search")):
        return []
    look = Messaging(api, user)
    kinds = set(sent.texts("types") or sent.texts("type")) or {"user", "context"}
    rows: list[Row] = []
    if number:
        rows += _named(api, look, number, place)
    else:
        whole = False
        if kinds - {"user"}:
            if place is None:
                rows += _contexts(api, look, kinds)
            elif _says(api, "synthetic_contexts"):
                rows, whole = _synthetic(api, look, place)
        if "user" in kinds and not whole:
            rows += _people(api, look, place)
    excluded = {str(text) for text in sent.texts("exclude")}
    rows = [row for row in rows if str(row[1]["id"]) not in excluded]
    if sent.integer("per_page") <= 0:
        api.params = Params(
            {name: value for name, value in sent.data.items() if name != "per_page"}, (), api.call.reads
        )
    return bookmarked(api, sorted(rows, key=lambda row: row[0]), lambda row: row[1], lambda row: _bookmark(row[0]))


def _says(api: Api, name: str) -> bool:
    """Whether a parameter was sent at all, whatever its value: only JSON `false` does not count."""
    return api.params.get(name) not in (None, False)


def _bookmark(key: list[Any]) -> list[Any]:
    """The bookmark key of a row."""
    return [str(value) for value in key]


def _place(api: Api, code: str) -> Place | None:
    """The record named by `context`; None if it is not a code. Raises the refusal `not_found`."""
    if code.startswith(TOPIC):
        topic = identifiers.row(api.store.discussion_topics, code.removeprefix(TOPIC), "the discussion", deleted=True)
        return messaging.place_of_topic(api, topic, api.user)
    found = messaging.place_of(api, code)
    if found is None and not messaging.is_code(code):
        return None
    if found is None or (found.course is None and found.group is None):
        raise refusals.not_found("the context", code)
    return found


def _terms(api: Api) -> list[str]:
    return (api.params.text("search") or "").lower().split()


def _fits(terms: list[str], name: str | None) -> bool:
    return all(term in (name or "").lower() for term in terms)


def _found(terms: list[str], user: User) -> bool:
    """Whether each word stands in one of a user's names."""
    return all(any(_fits([term], name) for name in (user.name, people.short_name(user))) for term in terms)


def _named(api: Api, look: Messaging, reference: str, place: Place | None) -> list[Row]:
    user = identifiers.user(api, reference)
    if place is not None:
        within = look.within(place, whole=look.runs(place))
        return [_person(api, user, within[user.id])] if user.id in within else []
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
        looking = messaging.READING if _says(api, "skip_visibility_checks") else messaging.WRITING
        known = look.within(place, whole=look.runs(place), looking=looking)
    else:
        ids = {row.user_id for course in look.courses() for row in look.in_course(course, messaging.SEARCHING)}
        ids |= {row.user_id for group in look.groups() for row in group_rules.members(api, group)}
        ids |= {user.id for user in api.store.users if _found(_terms(api), user) and look.administers(user)}
        known = look.common(ids | {api.user.id}, messaging.SEARCHING)
        own: dict[str, list[str]] = {str(course.id): [str(row.type) for row in rows] for course, rows in look.own()}
        mine = {str(number): ["Member"] for number in assignments.groups_of(api, api.user.id)}
        known[api.user.id] = Common(own, mine)
    found = ((api.store.users.get(number), common) for number, common in known.items())
    terms = _terms(api)
    return [_person(api, user, common) for user, common in found if user is not None and _found(terms, user)]


def _contexts(api: Api, look: Messaging, kinds: set[str]) -> list[Row]:
    """The matching courses, sections and groups; all courses and groups if the search is empty."""
    terms, found = _terms(api), list[Row]()
    kinds = kinds if terms else {"course", "group"}
    every = _says(api, "include_inactive")
    active = [course for course in look.courses() if every or look.takes_part(course)]
    if kinds & {"context", "course"}:
        found += [_course(api, look, course) for course in active if _fits(terms, course.name)]
    if kinds & {"context", "section"}:
        sections = [(course, section) for course in active for section in messaging.sections_of(api, course)]
        seen = [(course, section) for course, section in sections if look.sees_section(course, section)]
        found += [_section(api, look, course, section) for course, section in seen if _fits(terms, section.name)]
    if kinds & {"context", "group"}:
        own = assignments.groups_of(api, api.user.id)
        seen_groups = [row for row in look.groups() if group_rules.members(api, row) and (terms or row.id in own)]
        found += [_group(api, look, group) for group in seen_groups if _fits(terms, group.name)]
    return _messageable(api, found)


def _messageable(api: Api, found: list[Row]) -> list[Row]:
    if not _says(api, "messageable_only"):
        return found
    return [row for row in found if row[1]["permissions"].get("send_messages")]


def _synthetic(api: Api, look: Messaging, place: Place) -> tuple[list[Row], bool]:
    """Collective entries for the people of a course or section (roles, sections, groups), and whether there is more."""
    course, section = place.course, place.section
    if course is None or place.part not in (None, "sections", "groups"):
        return [], False
    terms = _terms(api)
    if section is not None:
        return ([], False) if terms else (_roles(api, look, place, course, f"section_{section.id}"), True)
    sections, groups = _parts(api, look, course)
    if place.part is not None:
        rows = sections if place.part == "sections" else groups
        return _messageable(api, [row for row in rows if _fits(terms, row[1]["name"])]), True
    if terms or _says(api, "search_all_contexts"):
        return _messageable(api, [row for row in (*sections, *groups) if _fits(terms, row[1]["name"])]), False
    code = f"course_{course.id}"
    found = _roles(api, look, place, course, code)
    default = next((f"section_{row.id}" for row in _living(api, course) if row.default_section), None)
    several = len(sections) if any(row[1]["id"] != default for row in sections) else 0
    for position, (part, name, items) in enumerate(
        (("sections", "Course Sections", several), ("groups", "Student Groups", len(groups)))
    ):
        if items:
            body = {"id": f"{code}_{part}", "name": name, "avatar_url": api.url(shapes.GROUP_AVATAR), "type": "context"}
            found.append(([0, 1, position], {**body, "item_count": items}))
    return found, True


def _parts(api: Api, look: Messaging, course: Course) -> tuple[list[Row], list[Row]]:
    """The sections that the caller sees, and the groups of a course."""
    seen = [section for section in _living(api, course) if look.sees_section(course, section)]
    groups = [group for kind in group_rules.of_place(api, course) for group in group_rules.of_category(api, kind)]
    return (
        [_within(_section(api, look, course, section)) for section in seen],
        [_within(_group(api, look, group, course)) for group in groups],
    )


def _living(api: Api, course: Course) -> list[CourseSection]:
    return [row for row in api.store.course_sections.find("course", course.id) if row.workflow_state != "deleted"]


def _within(row: Row) -> Row:
    """A row as shown within its course, which is then omitted."""
    return row[0], {name: value for name, value in row[1].items() if name != "context_name"}


def _roles(api: Api, look: Messaging, place: Place, course: Course, code: str) -> list[Row]:
    counts = {part: len(look.within(place._replace(part=part))) for part in ROLES}
    permissions = _permissions(api, course)
    return [
        ([0, 0, position], _context(api, f"{code}_{part}", ROLES[part], count, permissions))
        for position, (part, count) in enumerate(counts.items())
        if count
    ]


def _permissions(api: Api, course: Course) -> dict[str, bool]:
    """The requested permissions that the caller has in a course."""
    return {name: True for name, has in courses.granted(api, course, _asked(api)).items() if has}


def _asked(api: Api) -> list[str]:
    return [*api.params.texts("permissions"), *(["send_messages"] if _says(api, "messageable_only") else [])]


def _context(api: Api, code: str, name: str, count: int, permissions: dict[str, bool]) -> Json:
    return {
        "id": code,
        "name": name,
        "avatar_url": api.url(shapes.GROUP_AVATAR),
        "type": "context",
        "user_count": count,
        "permissions": permissions,
    }


def _count(look: Messaging, place: Place) -> int:
    return len(look.within(place, whole=look.runs(place)))


def _course(api: Api, look: Messaging, course: Course) -> Row:
    name = course_shapes.course_name(api, course)
    body = _context(api, f"course_{course.id}", name, _count(look, Place(course)), _permissions(api, course))
    rank = LATELY if look.ended_lately(course) else 0 if look.takes_part(course) else 2 * LATELY
    return _ranked(api, rank, name, course.id), body


def _ranked(api: Api, kind: int, name: str, number: int) -> list[Any]:
    """The sort key of a context: by kind, in a search, then by name."""
    return [0, kind if _terms(api) else 0, collation.key(name), kind, number]


def _section(api: Api, look: Messaging, course: Course, section: CourseSection) -> Row:
    count = _count(look, Place(course, section))
    body = _context(api, f"section_{section.id}", section.name, count, _permissions(api, course))
    return _ranked(api, 1, section.name, section.id), body | {"context_name": course.name}


def _group(api: Api, look: Messaging, group: Group, known: Course | None = None) -> Row:
    """A group. In a course that the caller knows, with the permissions there; otherwise its people can be messaged.

    Parameters: `known`, the course in question.
    """
    home = group_rules.home(api, group_rules.category_of(api, group))
    if not isinstance(home, Course):
        own = group_rules.rights(api, group, api.caller)
        permissions = {name: True for name in _asked(api) if name in own}
    elif home == known or any(home.id == course.id for course, _ in look.own()):
        permissions = _permissions(api, home)
    else:
        permissions = {"send_messages": True}
    body = _context(api, f"group_{group.id}", group.name, _count(look, Place(None, group=group)), permissions)
    return _ranked(api, 2, group.name, group.id), body | {"context_name": home.name}


ROUTES: tuple[Route, ...] = rest(
    "conversations",
    SOURCE,
    ("GET /api/v1/search/recipients", recipients, "Possible message recipients"),
    ("GET /api/v1/conversations/find_recipients", recipients, "Possible message recipients, at the legacy path"),
)
