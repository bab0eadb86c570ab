"""LTI services: names and roles of a course or a group, and the membership service that preceded them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from starlette.responses import Response

from lms_emulator.core.http.routing import Route
from lms_emulator.core.http.urls import add_query
from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call import identifiers
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.lti import claims, places, roles, variables
from lms_emulator.providers.canvas.lti.callers import enter, enter_group
from lms_emulator.providers.canvas.model import Assignment, Course, Group, ResourceLink, Tool, User
from lms_emulator.providers.canvas.paging import paged, per_page
from lms_emulator.providers.canvas.routes.declare import RECORDED, rest, service
from lms_emulator.providers.canvas.routes.line_items import typed
from lms_emulator.providers.canvas.rules import assignments, collation, contexts, past_ids, people, states, tools
from lms_emulator.providers.canvas.rules.permissions import GROUPS
from lms_emulator.providers.canvas.shapes import Json
from lms_emulator.providers.canvas.wire import reply
from lms_emulator.signing import lti13, lti13_services

PAGE = 50
RANK = ("TeacherEnrollment", "TaEnrollment", "DesignerEnrollment", *states.STUDENTS, "ObserverEnrollment")
MEMBER, MANAGER = f"{lti13.MEMBERSHIP}Member", f"{lti13.MEMBERSHIP}Manager"
IN_MESSAGES = {
    *("Person.name.full", "Person.name.display", "Person.name.family", "Person.name.given", "Person.sourcedId"),
    *("Person.email.primary", "vnd.Canvas.Person.email.sis", "Person.address.timezone", "Message.locale"),
    *("User.id", "User.image", "User.username", "vnd.instructure.User.uuid"),
    *("Canvas.user.id", "Canvas.user.globalId", "Canvas.user.loginId"),
    *("Canvas.user.sisSourceId", "Canvas.user.sisIntegrationId"),
    *("Canvas.course.id", "Canvas.course.sectionIds", "Canvas.group.contextIds", "Canvas.xapi.url", "Caliper.url"),
}
"""The variables that are replaced in the messages of a roster; all others stay as they are written."""
MEMBERSHIPS = "http://purl.imsglobal.org/ctx/lis/v2/MembershipContainer"
OLD_ROLES = {
    "TeacherEnrollment": "urn:lti:role:ims/lis/Instructor",
    "TaEnrollment": "urn:lti:role:ims/lis/TeachingAssistant",
    "DesignerEnrollment": "urn:lti:role:ims/lis/ContentDeveloper",
    "StudentEnrollment": "urn:lti:role:ims/lis/Learner",
    "StudentViewEnrollment": "urn:lti:role:ims/lis/Learner",
    "ObserverEnrollment": "urn:lti:role:ims/lis/Learner/NonCreditLearner",
}


class Member(NamedTuple):
    """A person of a roster, with the LTI roles and the types of the enrollments."""

    user: User
    roles: list[str]
    types: Sequence[str] = ()


def _of_course(api: Api, course: Course) -> list[Member]:
    types_of: dict[int, list[str]] = {}
    for row in api.store.enrollments.find("course", course.id):
        if states.state_of(api, row, course).name == "active":
            types_of.setdefault(row.user_id, []).append(row.type)
    found = ((api.store.users.get(number), sorted(types, key=RANK.index)) for number, types in sorted(types_of.items()))
    return [Member(user, roles.of_members(types), types) for user, types in found if user is not None]


def _of_group(api: Api, group: Group) -> list[Member]:
    rows = api.store.group_memberships.find("group", group.id)
    numbers = sorted({row.user_id for row in rows if row.workflow_state == "accepted"})
    found = [user for number in numbers if (user := api.store.users.get(number)) is not None]
    return [Member(user, [MEMBER, MANAGER] if user.id == group.leader_id else [MEMBER]) for user in found]


def in_course(api: Api) -> Response:
    """The roster of a course; `rlid` limits it to a link's people and adds what a launch would say about each."""
    place = enter(api, lti13.SCOPE_MEMBERSHIP)
    course, tool = place.course, place.tool
    account = tools.account_of(api.store, course)
    scene = places.Place("courses", course.id, account, course)
    opaque = places.context_id(course)
    link = _link(api, course, tool, opaque)
    base = _assignment(api, link)
    members = [member for member in _of_course(api, course) if base is None or _sees(api, base, member)]
    context = {"id": opaque, "label": course.course_code, "title": course.name}
    return _roster(api, tool, scene, link, members, context)


def in_group(api: Api) -> Response:
    """The roster of a group."""
    _, group, tool = enter_group(api, lti13.SCOPE_MEMBERSHIP)
    opaque = group.lti_context_id or places.opaque("group", group.id)
    above = tools.above(api.store, group)
    link = _link(api, above, tool, opaque) if isinstance(above, Course) else None
    scene = places.Place("groups", group.id, tools.account_of(api.store, group))
    base = _assignment(api, link)
    members = [row for row in _of_group(api, group) if base is None or assignments.assigned(api, base, row.user.id)]
    return _roster(api, tool, scene, link, members, {"id": opaque, "title": group.name})


def _roster(
    api: Api, tool: Tool, place: places.Place, link: ResourceLink | None, members: list[Member], context: Json
) -> Response:
    wanted = api.params.text("role")
    found = [member for member in members if not wanted or wanted in member.roles]
    if wanted and wanted not in {*roles.OF_MEMBERS, MEMBER, MANAGER}:
        api.params.read_as("a role that nobody has", "role")
    asked = bool(api.params.text("rlid"))

    def shape(member: Member) -> Json:
        user = past_ids.as_known(api.store, member.user, place.record)
        body = claims.member(api.call, user, member.types, tool.privacy)
        more = {"message": [_message(api, member.user, tool, place, link)]} if asked else {}
        return {**body, "roles": member.roles, **more}

    def wrap(rows: list[Json]) -> Json:
        return {"id": api.call.request_url, "context": context, "members": rows}

    headers = typed(lti13_services.MEMBERSHIP_TYPE)
    return paged(api, found, shape, size=_size(api), hidden=("limit",), headers=headers, wrap=wrap)


def _size(api: Api) -> int:
    """The page size: `limit`, which is capped lower than `per_page`."""
    asked = api.params.integer("limit")
    if asked > 0:
        return min(asked, PAGE)
    return per_page(api) if api.params.text("per_page") is not None else PAGE


def _link(api: Api, course: Course, tool: Tool, context_id: str) -> ResourceLink | None:
    """The link that `rlid` names; None for the whole course. Raises the refusals for a link that is not the tool's."""
    rlid = api.params.text("rlid")
    if not rlid or rlid == context_id:
        return None
    link = api.store.resource_links.get(rlid)
    if link is None:
        raise _bad_link("Invalid 'rlid' parameter", rlid)
    base = _assignment(api, link)
    if link.course_id != course.id or (base is not None and base.workflow_state == "deleted"):
        raise _bad_link("Requested ResourceLink was not found", rlid)
    owner = api.store.tools.get(link.tool_id)
    if owner is None or owner.developer_key_id != tool.developer_key_id:
        raise _bad_link("Tool does not have access to rlid or rlid does not exist", rlid)
    if base is not None and "external_tool" not in base.submission_types:
        raise _bad_link("Requested assignment not configured for external tool launches", rlid)
    return link


def _bad_link(sentence: str, rlid: str) -> Exception:
    return refusals.lti_service(
        "rlid_unknown",
        sentence,
        400,
        check="rlid is a link to the tool in this course",
        got=rlid,
        diagnosis="it is the `id` of the claim resource_link, or context, of a launch of this tool in this course",
    )


def _assignment(api: Api, link: ResourceLink | None) -> Assignment | None:
    return api.store.assignments.get(link.assignment_id or 0) if link is not None else None


def _sees(api: Api, base: Assignment, member: Member) -> bool:
    """Whether a link's roster has a member: a mere student, or one requested as a learner, must be assigned."""
    studies = any(kind in states.STUDENTS for kind in member.types)
    more = set(member.types) - set(states.STUDENTS) and api.params.text("role") != f"{lti13.MEMBERSHIP}Learner"
    return not studies or bool(more) or assignments.assigned(api, base, member.user.id)


def _message(api: Api, user: User, tool: Tool, place: places.Place, link: ResourceLink | None) -> Json:
    """What a launch would say about a member beyond the roster."""
    fields = {
        **tools.as_claimed(tools.custom(api.store, tool)),
        **tools.as_linked(link.custom if link is not None else None),
    }
    scene = variables.Scene(api.call, user=user, place=place, tool=tool)
    known = {name: text for name, text in fields.items() if str(text).removeprefix("$") in IN_MESSAGES}
    legacy = places.user_id(past_ids.as_known(api.store, user, place.record))
    return {
        f"{lti13.CLAIM}message_type": lti13.RESOURCE_LINK_REQUEST,
        "locale": people.effective_locale(user),
        f"{lti13.CLAIM}custom": {**fields, **variables.expanded(scene, known)},
        f"{lti13.CLAIM}lti11_legacy_user_id": legacy,
        f"{lti13.CLAIM}lti1p1": {"user_id": legacy},
    }


# the older service


def _page_of_memberships(api: Api, name: str, opaque: str, members: list[Member], path: str) -> Response:
    size, page = per_page(api), max(1, api.params.integer("page"))
    members = sorted(members, key=lambda member: collation.key(people.sortable_name(member.user)))
    shown = members[(page - 1) * size : page * size]
    role = api.params.text("role")
    query = [("page", page + 1), ("per_page", size), *([("role", role)] if role else [])]
    following = add_query(api.url(path), query) if page * size < len(members) else None
    subject = {
        "@id": None,
        "name": name,
        "@type": "Context",
        "contextId": opaque,
        "membership": [_membership(api, member) for member in shown],
    }
    body = {
        "@id": None,
        "@type": "Page",
        "@context": MEMBERSHIPS,
        "differences": None,
        "nextPage": following,
        "pageOf": {
            "membershipPredicate": "http://www.w3.org/ns/org#membership",
            "membershipSubject": subject,
            "@id": None,
            "@context": MEMBERSHIPS,
            "@type": "LISMembershipContainer",
        },
    }
    return reply(api, body)


def _membership(api: Api, member: Member) -> Json:
    given, family, _ = people.name_parts(people.sortable_name(member.user))
    urns = list(dict.fromkeys(OLD_ROLES[kind] for kind in member.types)) or ["urn:lti:role:ims/lis/Member"]
    person = {
        "@id": None,
        "name": member.user.name,
        "img": member.user.avatar_image_url,
        "email": people.email_of(api.store, member.user),
        "familyName": family,
        "givenName": given,
        "resultSourcedId": None,
        "sourcedId": people.sis_user_id(api.store, member.user),
        "userId": places.user_id(member.user),
    }
    return {"@id": None, "status": "Active", "role": urns, "member": person}


def memberships(api: Api) -> Response:
    """The members of a course as JSON-LD, for those who run it."""
    course = identifiers.course(api, api.slot("course_id"))
    context = contexts.get(api, "Course", course.id)
    if not api.check("reads the roster as an administrator", contexts.may(api, context, "read_as_admin")):
        raise api.refused(f"read the memberships of course {course.id}")
    path = f"/api/lti/courses/{course.id}/membership_service"
    return _page_of_memberships(api, course.name, places.context_id(course), _of_course(api, course), path)


def group_memberships(api: Api) -> Response:
    """The members of a group as JSON-LD; Canvas lists none."""
    group = identifiers.group(api, api.slot("group_id"))
    context = contexts.of(group)
    if not api.check("may read the group", contexts.may(api, context, "read", "read_as_admin", *GROUPS)):
        raise api.refused(f"read the memberships of group {group.id}")
    opaque = group.lti_context_id or places.opaque("group", group.id)
    path = f"/api/lti/groups/{group.id}/membership_service"
    return _page_of_memberships(api, group.name, opaque, [], path)


ROUTES: tuple[Route, ...] = (
    *service(
        "lti services",
        f"{RECORDED}/lti-nrps.jsonl 15, 28, 58, 72, 79, 97, 107; "
        "canvas-lms app/controllers/lti/ims/names_and_roles_controller.rb",
        ("GET /api/lti/courses/{course_id}/names_and_roles", in_course, "The course's roster"),
        ("GET /api/lti/groups/{group_id}/names_and_roles", in_group, "The group's roster"),
    ),
    *rest(
        "lti services",
        f"{RECORDED}/lti-nrps.jsonl 137, 140, 143; canvas-lms app/controllers/lti/membership_service_controller.rb",
        ("GET /api/lti/courses/{course_id}/membership_service", memberships, "The course's members, as JSON-LD"),
        ("GET /api/lti/groups/{group_id}/membership_service", group_memberships, "The group's members, as JSON-LD"),
    ),
)
