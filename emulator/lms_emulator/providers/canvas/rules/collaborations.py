"""Who sees, changes and works on collaborations, and how a tool's content item becomes one.

Source: canvas-lms app/models/collaboration.rb, app/controllers/collaborations_controller.rb (2024-04).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from msgspec.structs import replace

from lms_emulator.core.http.outgoing import OutgoingError, fetch, later
from lms_emulator.core.http.refusals import SiteRefusal
from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.call.identifiers import known, local_number
from lms_emulator.providers.canvas.call.params import as_text, as_whole
from lms_emulator.providers.canvas.lti import places
from lms_emulator.providers.canvas.model import Collaboration, Collaborator, Course, Enrollment, Group, User
from lms_emulator.providers.canvas.rules import collation, contexts, groups, mails, states
from lms_emulator.providers.canvas.rules.contexts import Context
from lms_emulator.providers.canvas.rules.permissions import CONTENT

MEMBERS = "https://canvas.instructure.com/lti/collaboration"
"""The member of an LTI 1.3 content item that names collaborators; `ext_canvas_visibility` in LTI 1.1."""
LONGEST = 255


def of_context(api: Api, context: Context) -> list[Collaboration]:
    """The collaborations of a course or group that the caller sees, by title."""
    rows = api.store.collaborations.find("context", (context.type, context.id))
    found = [row for row in rows if row.workflow_state == "active"]
    if not contexts.may(api, context, *CONTENT):
        found = [row for row in found if _takes_part(api, row)]
    return sorted(found, key=lambda row: (collation.key(row.title), row.created_at, row.id))


def find(api: Api, **place: Any) -> Collaboration:
    """The collaboration of the path, which Canvas also finds when it was deleted. Raises the refusal `not_found`.

    Parameters: `place`, the course or group that it has to be in.
    """
    found = api.store.collaborations.get(local_number(api.slot("id")) or 0)
    return known(found, "the collaboration", api.slot("id"), deleted=True, **place)


def members(api: Api, collaboration: Collaboration) -> list[Collaborator]:
    """Who works on it, in the order in which they were added."""
    return sorted(api.store.collaborators.find("collaboration", collaboration.id), key=lambda member: member.id)


def _takes_part(api: Api, collaboration: Collaboration) -> bool:
    user = api.caller
    if user is None:
        return False
    there = members(api, collaboration)
    mine = {row.group_id for row in api.store.group_memberships.find("user", user.id)}
    return user.id == collaboration.user_id or any(m.user_id == user.id or (m.group_id or 0) in mine for m in there)


def may(api: Api, collaboration: Collaboration, what: str) -> bool:
    """Whether the caller may `read`, `update` or `delete` a collaboration."""
    return rights(api, collaboration)[what]


def rights(api: Api, collaboration: Collaboration) -> dict[str, bool]:
    """What the caller may do with it."""
    context, user = contexts.holding(api, collaboration), api.caller
    makes = contexts.may(api, context, "create_collaborations")
    own = user is not None and user.id == collaboration.user_id and makes
    edits = own or contexts.may(api, context, "manage_course_content_edit")
    deletes = own or contexts.may(api, context, "manage_course_content_delete")
    reads = edits or deletes or _takes_part(api, collaboration)
    return {"read": reads, "create": makes, "update": edits, "delete": deletes}


def keep(api: Api, context: Context, item: dict[str, Any], before: Collaboration | None) -> Collaboration:
    """Make a collaboration of a content item, or change one, with its members.

    Raises the refusal of an invalid one. The tool's `confirmUrl` is called either way.
    """
    confirm = as_text(item.get("confirmUrl"))
    try:
        made = api.store.collaborations.put(_read(api, context, item, before))
    except SiteRefusal:
        _confirm(api, "DELETE", confirm)
        raise
    _confirm(api, "POST", confirm)
    people, teams = _named(api, item)
    if before is None and api.real_user is not None and api.real_user != api.caller:
        people.append(api.user)
    set_members(api, context, made, people, teams)
    return made


def _read(api: Api, context: Context, item: dict[str, Any], before: Collaboration | None) -> Collaboration:
    fields = {
        **_described(as_text(item.get("title")), as_text(item.get("url"))),
        "description": as_text(item.get("text")),
        "data": item,
        "resource_link_lookup_uuid": as_text(item.get("lookup_uuid")),
        "user_id": (api.real_user or api.user).id,
    }
    if before is not None:
        return replace(before, **fields, updated_at=api.now)
    return Collaboration(**api.new_row("collaborations"), **context.place, **fields)


def _described(title: str | None, url: str | None) -> dict[str, Any]:
    """Title and URL. Raises the refusal of an invalid collaboration."""
    faults: dict[str, list[str | tuple[str, str]]] = {}
    if not (title or "").strip():
        faults["title"] = [("blank", "can't be blank")]
    elif len(title or "") > LONGEST:
        faults["title"] = [("too_long", f"is too long (maximum is {LONGEST} characters)")]
    if not (url or "").strip():
        faults["url"] = [("blank", "can't be blank")]
    if faults:
        raise refusals.invalid(faults)
    return {"title": title, "url": url}


def change(api: Api, context: Context, collaboration: Collaboration) -> Collaboration:
    """Change a collaboration by the fields of a form. Raises the refusal of an invalid one."""
    sent = api.params.hash("collaboration")
    title, url, text = (
        sent.text(name) if sent.has(name) else getattr(collaboration, name) for name in ("title", "url", "description")
    )
    people, teams = ({as_whole(text) for text in api.params.texts(name)} for name in ("user", "group"))
    described = _described(title, url)
    changed = replace(collaboration, **described, description=text, updated_at=api.now)
    set_members(
        api,
        context,
        changed,
        [user for user in api.store.users if user.id in people],
        [group for group in api.store.groups if group.id in teams],
    )
    return api.store.collaborations.put(changed)


def _confirm(api: Api, method: str, url: str | None) -> None:
    """Tell the tool whether its content item was accepted, if it gave a URL for that."""
    if not url:
        return

    async def tell() -> None:
        try:
            await fetch(api.call, method, api.call.resolve(url), allowed=[url])
        except OutgoingError as error:
            api.call.warn("confirm_url_failed", f"the tool could not be told of its content item: {error}")

    later(api.call, tell)


def _named(api: Api, item: dict[str, Any]) -> tuple[list[User], list[Group]]:
    """The people and groups that a content item names by their LTI ids. Raises the refusal `crashed`."""
    said = item.get("ext_canvas_visibility") or item.get(MEMBERS) or {}
    if not isinstance(said, dict):
        raise refusals.page_crashed(f"the visibility of a content item is an object, not {said!r}")
    users, teams = (
        {str(value) for value in (found if isinstance(found, list) else [found])}
        for found in (said.get("users") or [], said.get("groups") or [])
    )
    people = [user for user in api.store.users if {user.lti_id, places.user_id(user)} & users]
    return people, [group for group in api.store.groups if places.group_id(group) in teams]


def set_members(
    api: Api, context: Context, collaboration: Collaboration, people: Iterable[User], teams: Iterable[Group]
) -> None:
    """Replace the collaborators, as far as they belong to the course or group. The author always stays."""
    possible = {user.id for user in candidates(api, context)}
    wanted: dict[tuple[int | None, int | None], None] = {(collaboration.user_id, None): None}
    wanted |= dict.fromkeys((user.id, None) for user in people if user.id in possible)
    if isinstance(context.record, Course):
        here = (team for team in teams if groups.course_of(api, "Group", team.id) == context.record)
        wanted |= dict.fromkeys((None, team.id) for team in here)
    for member in members(api, collaboration):
        if (member.user_id, member.group_id) in wanted:
            del wanted[member.user_id, member.group_id]
        else:
            api.store.collaborators.delete(member.id)
    for user_id, group_id in wanted:
        number = api.new_id("collaborators")
        api.store.collaborators.put(
            Collaborator(id=number, collaboration_id=collaboration.id, user_id=user_id, group_id=group_id)
        )
        group = api.store.groups.get(group_id) if group_id is not None else None
        own = [user_id] if user_id is not None and user_id != collaboration.user_id else []
        _invite(api, context, collaboration, own if group is None else [m.user_id for m in groups.members(api, group)])


def _invite(api: Api, context: Context, collaboration: Collaboration, ids: Iterable[int]) -> None:
    """Mail new collaborators; in a course, those who take part in it now.

    Source: canvas-lms app/models/collaborator.rb, app/messages/collaboration_invitation.email.erb (2024-04).
    """
    record = context.record
    if isinstance(record, Course):
        rows = api.store.enrollments.find("course", record.id) if record.workflow_state != "unpublished" else ()
        here = {row.user_id for row in rows if states.state_of(api, row, record).name == "active"}
        ids = [number for number in ids if number in here]
    name, link = getattr(record, "name", ""), api.url(f"{context.path}/collaborations/{collaboration.id}")
    said = f"You've been invited to collaborate on a document, {collaboration.title} for {name}."
    users = [user for number in ids if (user := api.store.users.get(number)) is not None]
    mails.notify(api, "collaboration_invitation", users, f"Collaboration Invitation: {name}", said, link=link)


def candidates(api: Api, context: Context) -> list[User]:
    """Who can be a collaborator: the members of a course, or of a group and those who run its course."""
    if isinstance(context.record, Group):
        place = groups.home(api, groups.category_of(api, context.record))
        ids = {membership.user_id for membership in groups.members(api, context.record)}
        if isinstance(place, Course):
            ids |= {enrollment.user_id for enrollment in taking_part(api, place) if enrollment.type in states.STAFF}
    else:
        assert isinstance(context.record, Course)  # there are collaborations in courses and groups only
        ids = {enrollment.user_id for enrollment in taking_part(api, context.record)}
    return [user for number in ids if (user := api.store.users.get(number)) is not None]


def taking_part(api: Api, course: Course) -> list[Enrollment]:
    """The enrollments of a course that are in force."""
    rows = api.store.enrollments.find("course", course.id)
    return [enrollment for enrollment in rows if states.state_of(api, enrollment, course).name in states.CURRENT]
