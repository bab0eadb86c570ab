"""Groups, their sets and memberships as Canvas's JSON.

Fields: canvas-lms lib/api/v1/group.rb and group_category.rb (2023-06), and the recorded exchanges of `groups`.
"""

from __future__ import annotations

from collections.abc import Collection

from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.call.moments import when
from lms_emulator.providers.canvas.model import Account, Course, Group, GroupCategory, GroupMembership
from lms_emulator.providers.canvas.rules import groups, quotas, states
from lms_emulator.providers.canvas.rules.tabs import Tab
from lms_emulator.providers.canvas.shapes import Json
from lms_emulator.providers.canvas.shapes import files as file_shapes
from lms_emulator.providers.canvas.shapes import people as people_shapes
from lms_emulator.providers.canvas.shapes import tabs as tab_shapes

MOST = 1_000
"""How many of its people a group shows."""
TABS = (
    ("home", "Home", ""),
    ("announcements", "Announcements", "/announcements"),
    ("pages", "Pages", "/wiki"),
    ("people", "People", "/users"),
    ("discussions", "Discussions", "/discussion_topics"),
    ("files", "Files", "/files"),
    ("collaborations", "Collaborations", "/collaborations"),
)


def _sis(api: Api, place: Course | Account, name: str, value: str | None, batch: int | None) -> Json:
    if not people_shapes.context_allows(api, place, "read_sis", "manage_sis"):
        return {}
    if not people_shapes.context_allows(api, api.root, "manage_sis"):
        return {}
    return {name: value, "sis_import_id": batch}


def _place(record: GroupCategory) -> Json:
    return {"context_type": record.context_type, f"{record.context_type.lower()}_id": record.context_id}


def category(api: Api, record: GroupCategory, includes: Collection[str] = ()) -> Json:
    """A group category, with the parts in `includes`: groups_count, unassigned_users_count, groups."""
    place = groups.home(api, record)
    found = groups.of_category(api, record)
    caller = api.caller
    body: Json = {
        "id": record.id,
        "name": record.name,
        "role": record.role,
        "self_signup": record.self_signup,
        "group_limit": record.group_limit,
        "auto_leader": record.auto_leader,
        "created_at": when(record.created_at),
        **_place(record),
        **_sis(api, place, "sis_group_category_id", record.sis_source_id, record.sis_batch_id),
        "protected": record.role is not None,
        "allows_multiple_memberships": record.role in groups.FREE,
        "is_member": caller is not None and any(_accepted(api, sibling, caller.id) for sibling in found),
    }
    if "groups_count" in includes:
        body["groups_count"] = len(found)
    if "unassigned_users_count" in includes:
        body["unassigned_users_count"] = len(groups.unassigned(api, record))
    if "groups" in includes:
        body["groups"] = [group(api, row) for row in found]
    return body


def _accepted(api: Api, group: Group, user_id: int) -> bool:
    row = groups.membership(api, group, user_id)
    return row is not None and row.workflow_state == "accepted"


def group(api: Api, record: Group, includes: Collection[str] = (), *, inactive: bool = False) -> Json:
    """A group, with the parts in `includes`: users, permissions, group_category, tabs, favorites, can_access,
    can_message, html_url.

    Parameters: `inactive`, whether those of its people who do not take part in the course are marked, not left out.
    """
    within = groups.category_of(api, record)
    place = groups.home(api, within)
    leader = api.store.users.get(record.leader_id) if record.leader_id is not None else None
    avatar = api.store.attachments.get(record.avatar_id) if record.avatar_id is not None else None
    body: Json = {
        "id": record.id,
        "name": record.name,
        "created_at": when(record.created_at),
        "max_membership": record.max_membership,
        "is_public": record.is_public,
        "join_level": record.join_level,
        "group_category_id": within.id,
        "description": record.description,
        "members_count": len(groups.members(api, record)),
        "storage_quota_mb": quotas.of_group(api, record),
        **_place(within),
        "avatar_url": file_shapes.thumbnail(api, avatar) if avatar is not None else None,
        "role": within.role,
        "leader": None,
        **_sis(api, place, "sis_group_id", record.sis_source_id, record.sis_batch_id),
        "has_submission": _handed_in(api, record),
        "concluded": isinstance(place, Course) and states.concluded(api, place),
    }
    if leader is not None:
        page = api.url(f"/groups/{record.id}/users/{leader.id}")
        body["leader"] = people_shapes.display(api, leader) | {"html_url": page}
    return body | _included(api, record, includes, inactive)


def _handed_in(api: Api, record: Group) -> bool:
    return any(submissions_of(api, record.group_category_id, row.user_id) for row in groups.members(api, record))


def submissions_of(api: Api, category_id: int, user_id: int) -> list[int]:
    """What a user submitted to the assignments that are done in the groups of a set."""
    rows = ((row, api.store.assignments.get(row.assignment_id)) for row in api.store.submissions.find("user", user_id))
    return [
        row.id
        for row, base in rows
        if row.submission_type is not None and base is not None and base.group_category_id == category_id
    ]


def _included(api: Api, record: Group, includes: Collection[str], inactive: bool) -> Json:
    body: Json = {}
    within = groups.category_of(api, record)
    place = groups.home(api, within)
    if "users" in includes:
        admin = "read_as_admin" in groups.rights(api, record, api.caller)
        active = {user.id for user in groups.people_of(api, record, active=True)} if inactive else set[int]()
        found = groups.people_of(api, record, *(groups.LIVING if admin else ()), active=not (admin or inactive))
        body["users"] = [
            people_shapes.person(api, user, place) | ({"active": user.id in active} if inactive else {})
            for user in found[:MOST]
        ]
    if "permissions" in includes:
        inside = api.caller is not None and (groups.reads(api, record) or groups.manages(api, record))
        free = within.role in groups.FREE and record.join_level in (groups.OPEN, groups.ON_REQUEST)
        joins = inside and (free or within.self_signup == "enabled")
        body["permissions"] = {"create_discussion_topic": inside, "join": joins, "create_announcement": inside}
    if "group_category" in includes:
        body["group_category"] = category(api, within)
    if "tabs" in includes:
        body["tabs"] = tabs(api, record)
    if "favorites" in includes:
        chosen = api.user.preferences.get("favorite_groups", []) if api.caller is not None else []
        body["is_favorite"] = record.id in chosen
    if "can_access" in includes:
        body["can_access"] = groups.reads(api, record)
    if "can_message" in includes:
        body["can_message"] = "send_messages" in groups.rights(api, record, api.caller)
    if "html_url" in includes:
        body["html_url"] = api.url(f"/groups/{record.id}")
    return body


def tabs(api: Api, record: Group) -> list[Json]:
    """The pages of a group."""
    return [
        tab_shapes.tab(api, Tab(name, label, f"/groups/{record.id}{path}", place))
        for place, (name, label, path) in enumerate(TABS, start=1)
    ]


def membership(api: Api, record: GroupMembership, group: Group, *, created: bool | None = None) -> Json:
    """A user's place in a group. Parameters: `created`, whether it was just made."""
    place = groups.home(api, groups.category_of(api, group))
    body: Json = {
        "id": record.id,
        "group_id": record.group_id,
        "workflow_state": record.workflow_state,
        "created_at": when(record.created_at),
        "user_id": record.user_id,
        "moderator": record.moderator,
        **_sis(api, place, "sis_group_id", group.sis_source_id, record.sis_batch_id),
    }
    return body if created is None else body | {"just_created": created}
