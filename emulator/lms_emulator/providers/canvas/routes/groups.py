"""REST: groups, their members, and permissions."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from lms_emulator.core.http.routing import Route
from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call import identifiers
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.call.params import as_integer
from lms_emulator.providers.canvas.model import Course, Group, GroupMembership, User
from lms_emulator.providers.canvas.paging import paged
from lms_emulator.providers.canvas.routes import group_categories as sets
from lms_emulator.providers.canvas.routes.declare import RECORDED, rest
from lms_emulator.providers.canvas.routes.group_categories import limit, may_set_sis, require_manager
from lms_emulator.providers.canvas.routes.rosters import search_term, searched
from lms_emulator.providers.canvas.rules import courses, groups, permissions, registering, stickiness
from lms_emulator.providers.canvas.rules import tabs as tab_rules
from lms_emulator.providers.canvas.shapes import groups as shapes
from lms_emulator.providers.canvas.shapes import people as people_shapes

WHOLE = ("users", "permissions", "group_category")


def _found(api: Api, slot: str = "group_id") -> Group:
    return identifiers.group(api, api.slot(slot))


def _read(api: Api, slot: str = "group_id") -> Group:
    """The group in the path, for callers who may see it. Raises the refusal for others."""
    group = _found(api, slot)
    if not api.check("sees the group", groups.reads(api, group)):
        raise api.refused(f"reads group {group.id}")
    return group


def _managed(api: Api, right: str) -> Group:
    """The group in the path, for callers who may change it. Raises the refusal for others."""
    group = _found(api)
    if not api.check(f"may {right} the group", right in groups.rights(api, group, api.caller)):
        raise api.refused(f"{right} group {group.id}")
    return group


def show(api: Api) -> Any:
    """One group."""
    return shapes.group(api, _read(api), api.params.includes)


def of_course(api: Api) -> Any:
    """The groups of a course; with `only_own_groups`, the caller's."""
    course = identifiers.course(api, api.slot("course_id"))
    if not groups.may(api, course, *permissions.GROUPS):
        courses.require(api, course, "read_roster")
    _require_groups(api)
    found = [group for category in groups.of_place(api, course) for group in groups.of_category(api, category)]
    shown = any(tab.name == "people" for tab in tab_rules.of_course(api, course))
    found = _own_of(api, found, only=not shown)
    if api.params.get("section_restricted") not in (None, False):
        found = groups.reachable(api, course, found)
    return _listed(api, found)


def _listed(api: Api, found: list[Group]) -> Any:
    inactive = api.params.flag("include_inactive_users")

    def shape(group: Group) -> Any:
        return shapes.group(api, group, api.params.includes, inactive=inactive)

    return paged(api, groups.by_set(api, found), shape)


def _require_groups(api: Api) -> None:
    """Refuse who asks for differentiation tags alone, which nobody may see while the school does not use them."""
    if api.later.text("collaboration_state") == "non_collaborative":
        raise api.refused("sees differentiation tags, which the school does not use")


def _own_of(api: Api, found: list[Group], *, only: bool = False) -> list[Group]:
    """The groups, or those of them that the caller is in, if that is asked for. Parameters: `only`, in any case."""
    if not (api.params.flag("only_own_groups") or only):
        return found
    own = {group.id for group in groups.of_user(api, api.user)}
    return [group for group in found if group.id in own]


def of_account(api: Api) -> Any:
    """The groups of an account; with `only_own_groups`, the caller's."""
    account = permissions.account_from_path(api, "read_roster")
    _require_groups(api)
    found = _own_of(api, [group for row in groups.of_place(api, account) for group in groups.of_category(api, row)])
    return _listed(api, found)


def own(api: Api) -> Any:
    """The groups that the caller is in."""
    wanted = api.params.text("context_type")
    found = groups.of_user(api, api.user)
    if wanted:
        found = [group for group in found if groups.category_of(api, group).context_type == wanted]
    return paged(api, found, lambda group: shapes.group(api, group, api.params.includes))


def create(api: Api) -> Any:
    """Make a group in a set."""
    return _made_in(api, api.slot("group_category_id"))


def _made_in(api: Api, named: str) -> Any:
    category = identifiers.named(api, "group_categories", named, "the set")
    place = groups.home(api, category)
    require_manager(api, place, "manage_groups_add")
    fields = _fields(api, None) | _sis_id(api, "set")
    if "storage_quota_mb" in fields and not _sets_quota(api, place):
        del fields["storage_quota_mb"]
    if category.role != "communities":
        fields.pop("is_public", None)
    return shapes.group(api, groups.make_group(api, category, **fields), WHOLE)


def found_community(api: Api) -> Any:
    """Create a group outside any course, with the caller as its first member; or one in the set that is named."""
    if api.params.get("group_category_id") not in (None, False):
        return _made_in(api, api.params.text("group_category_id") or "")
    fields = _fields(api, None) | _sis_id(api, "set")
    fields.pop("storage_quota_mb", None)
    group = groups.make_group(api, groups.communities(api), **fields)
    if api.caller is not None:
        groups.join(api, group, api.caller.id, moderator=True)
    return shapes.group(api, group, WHOLE)


def _sis_id(api: Api, verb: str, own: Group | None = None) -> dict[str, str | None]:
    """The SIS id that is asked for, if any. Raises the refusals for callers without the right, and for a taken id."""
    if not may_set_sis(api, "sis_group_id", verb):
        return {}
    wanted = api.params.text("sis_group_id") or None
    if wanted and any(row.sis_source_id == wanted for row in api.store.groups if own is None or row.id != own.id):
        raise refusals.invalid({"sis_source_id": ["taken"]})
    return {"sis_source_id": wanted}


def _sets_quota(api: Api, place: Any) -> bool:
    account = api.store.accounts.get(place.account_id) if isinstance(place, Course) else place
    return account is not None and permissions.account_allows(api, api.caller, account, "manage_storage_quotas")


def _fields(api: Api, known: Group | None) -> dict[str, Any]:
    """The group's fields from the request, validated. Raises the refusals for invalid ones."""
    asked, found = api.params, dict[str, Any]()
    if asked.has("name"):
        found["name"] = asked.text("name") or ""
        if known is not None and not found["name"]:
            raise refusals.invalid({"name": ["Name is required"]})
        if len(found["name"]) > 255:
            raise refusals.invalid({"name": ["Enter a shorter group name"]})
    if asked.has("description"):
        found["description"] = asked.text("description")
    if asked.has("is_public"):
        found["is_public"] = bool(asked.boolean("is_public"))
        if known is not None and groups.category_of(api, known).role != "communities":
            del found["is_public"]
        elif known is not None and known.is_public and not found["is_public"]:
            raise refusals.invalid({"is_public": ["Cannot change a public group to private"]})
    if asked.has("join_level"):
        found["join_level"] = asked.text("join_level") or "invitation_only"
    if asked.has("max_membership"):
        found["max_membership"] = limit(api, "max_membership")
    if (quota := asked.whole("storage_quota_mb")) is not None:
        found["storage_quota_mb"] = quota
    return found


def update(api: Api) -> Any:
    """Change a group, its members and its leader."""
    leader = _leader(api, _found(api))
    group = _managed(api, "update")
    category = groups.category_of(api, group)
    place = groups.home(api, category)
    fields = _fields(api, group) | leader
    if (named := api.params.text("avatar_id")) is not None:
        fields["avatar_id"] = _image(api, group, named)
    if "storage_quota_mb" in fields and not _sets_quota(api, place):
        del fields["storage_quota_mb"]
    fields |= _sis_id(api, "update", group)
    fields = stickiness.without_sticky(api, group, fields)
    fields["max_membership"] = fields.get("max_membership", group.max_membership) or category.group_limit
    group = api.store.groups.put(stickiness.by_hand(group, replace(group, **fields)))
    if api.params.get("members") is not None:
        _set_members(api, group, [api.store.users.get(as_integer(word)) for word in api.params.words("members")])
        group = api.store.groups.get(group.id) or group
    return shapes.group(api, group, WHOLE)


def _leader(api: Api, group: Group) -> dict[str, Any]:
    """The leader named in the request. Raises the refusal for a non-member, before any permission is checked."""
    if not api.params.has("leader"):
        return {}
    if api.params.peek("leader") in (None, False, "", {}, []):
        return {"leader_id": None}
    key = identifiers.local_number(api.params.hash("leader").text("id") or "")
    if key is None or groups.membership(api, group, key) is None:
        raise refusals.rest("leader_no_member", 400, {}, check="the leader is a member")
    return {"leader_id": key}


def _image(api: Api, group: Group, named: str) -> int | None:
    """The referenced image among a group's files."""
    file = api.store.attachments.get(identifiers.local_number(named) or 0)
    own = file is not None and (file.context_type, file.context_id) == ("Group", group.id)
    return file.id if file and own and file.file_state != "deleted" and file.content_type.startswith("image") else None


def _set_members(api: Api, group: Group, wanted: list[Any]) -> None:
    place = groups.home(api, groups.category_of(api, group))
    staying = {user.id for user in wanted if user is not None and groups.takes_part(api, place, user)}
    for row in groups.members(api, group):
        if row.user_id not in staying:
            groups.leave(api, group, row)
    for user in wanted:
        if user is not None and user.id in staying:
            groups.join(api, api.store.groups.get(group.id) or group, user.id)


def tabs(api: Api) -> Any:
    """The tabs of a group."""
    group = _found(api)
    if not api.check("sees the group", groups.reads(api, group)):
        raise refusals.not_found("the group", group.id)
    return shapes.tabs(api, group)


def destroy(api: Api) -> Any:
    """Delete a group."""
    group = _managed(api, "delete")
    body = shapes.group(api, group)
    api.store.groups.put(replace(group, workflow_state="deleted"))
    return body


def permitted(api: Api) -> Any:
    """Which of the requested permissions the caller has in a group."""
    group = _read(api)
    own = groups.rights(api, group, api.caller)
    return {name: name in own for name in api.params.texts("permissions") or sorted(groups.POLICY)}


# memberships


def memberships(api: Api) -> Any:
    """The memberships of a group, by default including invitations and requests."""
    group = _found(api)
    if not api.check("sees the group", groups.reads(api, group) or groups.open_to(api, group)):
        raise api.refused(f"reads group {group.id}")
    asked = api.params.get("filter_states")
    if asked is not None and not isinstance(asked, list):
        raise refusals.crashed("`filter_states` is a list", asked)
    found = [row for row in groups.members(api, group, *groups.LIVING) if asked is None or row.workflow_state in asked]
    path = f"/api/v1/groups/{group.id}/memberships"
    return paged(api, found, lambda group_membership: shapes.membership(api, group_membership, group), path=path)


def _row(api: Api, group: Group) -> GroupMembership:
    """The membership in the path, by its id or by a person's. Raises the refusal `not_found`."""
    by_user = "user_id" in api.call.path_params
    slot = api.slot("user_id" if by_user else "membership_id")
    if by_user or slot == "self":
        user = identifiers.find(api, "users", slot)
        found = groups.membership(api, group, user.id) if user is not None else None
    else:
        found = api.store.group_memberships.get(identifiers.local_number(slot) or 0)
    if found is None or found.group_id != group.id or found.workflow_state == "deleted":
        raise refusals.not_found("the membership", slot)
    return found


def membership(api: Api) -> Any:
    """One membership."""
    group = _found(api)
    row = _row(api, group)
    if not api.check("sees who is in the group", groups.reads(api, group) or groups.open_to(api, group), got=group.id):
        raise api.refused(f"reads group {group.id}")
    return shapes.membership(api, row, group)


def join(api: Api) -> Any:
    """Join a group, or add a user."""
    group = _found(api)
    user: User = identifiers.user(api, api.params.text("user_id") or "")
    category = groups.category_of(api, group)
    itself = api.caller is not None and user.id == api.caller.id
    state = groups.own_entry(api, group, user) if itself else None
    place = groups.home(api, category)
    if groups.may(api, place, "manage_groups_manage"):
        state = "accepted" if groups.takes_part(api, place, user) or state else None
    if not api.check("may add this person", state is not None, got=user.id):
        raise api.refused(f"adds {user.id} to group {group.id}")
    known = groups.membership(api, group, user.id)
    if (known is None or known.workflow_state != "accepted") and groups.full(api, category, group):
        raise refusals.invalid({"group_id": ["The group is full."]})
    row = groups.join(api, group, user.id, state)
    return shapes.membership(api, row, group, created=known is None)


def change_membership(api: Api) -> Any:
    """Accept a member, or make them a moderator."""
    group = _found(api)
    row = _row(api, group)
    if not api.check("manages the group", groups.manages(api, group)):
        raise api.refused(f"manages group {group.id}")
    changes: dict[str, Any] = {}
    if api.params.text("workflow_state") == "accepted":
        changes["workflow_state"] = "accepted"
    if api.params.has("moderator"):
        changes["moderator"] = bool(api.params.boolean("moderator"))
    return shapes.membership(api, api.store.group_memberships.put(replace(row, **changes)), group)


def leave(api: Api) -> Any:
    """Leave a group, or remove a user."""
    group = _found(api)
    row = _row(api, group)
    if not api.check("may end the membership", _may_end(api, group, row)):
        raise api.refused(f"removes {row.user_id} from group {group.id}")
    groups.leave(api, group, row)
    return {"ok": True}


def _may_end(api: Api, group: Group, row: GroupMembership) -> bool:
    own = api.caller is not None and row.user_id == api.caller.id
    return groups.manages(api, group) or (own and "leave" in groups.rights(api, group, api.caller))


def take_out(api: Api) -> Any:
    """Remove several users. Those whom the caller may not remove stay; non-members are skipped."""
    group = _found(api)
    wanted = {identifiers.local_number(text) for text in api.params.texts("user_ids")}
    rows = [row for row in groups.members(api, group) if row.user_id in wanted]
    leaving = [row for row in rows if _may_end(api, group, row)]
    for row in leaving:
        groups.leave(api, group, row)
    return {
        "message": "Bulk delete completed",
        "deleted_user_ids": [row.user_id for row in leaving],
        "unauthorized_user_ids": [row.user_id for row in rows if row not in leaving],
    }


def invite(api: Api) -> Any:
    """Invite people by e-mail address or login. In a course's set they become members at once."""
    group = _managed(api, "manage")
    state = "invited" if groups.category_of(api, group).role in groups.FREE else "accepted"
    rows = []
    for text in reversed(api.params.texts("invitees")):
        user = registering.addressed(api, text.strip())
        if user is not None:
            rows.append(groups.join(api, group, user.id, state))
    return [shapes.membership(api, group_membership, group) for group_membership in rows]


def users(api: Api) -> Any:
    """The people in a group."""
    group = _read(api)
    place = groups.home(api, groups.category_of(api, group))
    only = api.params.flag("exclude_inactive")
    found = groups.people_of(api, group, *(() if only else groups.LIVING), active=only)
    if (term := search_term(api)) is not None:
        found = searched(api, place, found, term)
    hidden = sets.hidden(api)

    def shape(user: User) -> Any:
        body = people_shapes.person(api, user, place, api.params.includes)
        if isinstance(place, Course) and "group_submissions" in api.params.includes:
            body["group_submissions"] = shapes.submissions_of(api, group.group_category_id, user.id) or None
        if isinstance(place, Course) and "active_status" in api.params.includes:
            rows = api.store.enrollments.find("whose", (place.id, user.id))
            body["is_inactive"] = bool(rows) and all(e.workflow_state == "inactive" for e in rows)
        return {name: value for name, value in body.items() if name not in hidden}

    return paged(api, found, shape)


# `DELETE /users` is documented today but was not in the source of 2024-04-07; the exact day is unknown
GROUP = "/api/v1/groups/{group_id}"
CATEGORY = "/api/v1/group_categories/{group_category_id}"
ROUTES: tuple[Route, ...] = (
    *rest(
        "group categories",
        f"{RECORDED}/groups.jsonl 7-30, 54-66; canvas-lms app/controllers/group_categories_controller.rb",
        ("GET /api/v1/courses/{course_id}/group_categories", sets.index, "Group categories of a course"),
        ("POST /api/v1/courses/{course_id}/group_categories", sets.create, "Create a group category"),
        ("GET /api/v1/accounts/{account_id}/group_categories", sets.index, "Group categories of an account"),
        ("POST /api/v1/accounts/{account_id}/group_categories", sets.create, "Create a group category"),
        ("GET /api/v1/group_categories/{id}", sets.show, "A group category"),
        ("PUT /api/v1/group_categories/{id}", sets.update, "Change a group category"),
        ("DELETE /api/v1/group_categories/{id}", sets.destroy, "Delete a group category"),
        (f"GET {CATEGORY}/groups", sets.list_groups, "Groups of a category"),
        (f"POST {CATEGORY}/groups", create, "Create a group"),
        (f"GET {CATEGORY}/users", sets.users, "People of a category"),
        (f"POST {CATEGORY}/assign_unassigned_members", sets.assign, "Assign unassigned members"),
        (f"GET {CATEGORY}/export", sets.export, "Export memberships as CSV"),
        (f"POST {CATEGORY}/import", sets.import_csv, "Import memberships from CSV"),
    ),
    *rest(
        "groups",
        f"{RECORDED}/groups.jsonl 78-86, 101-116; canvas-lms app/controllers/groups_controller.rb",
        ("GET /api/v1/users/self/groups", own, "The caller's groups"),
        ("GET /api/v1/courses/{course_id}/groups", of_course, "Groups of a course"),
        ("GET /api/v1/accounts/{account_id}/groups", of_account, "Groups of an account"),
        ("POST /api/v1/groups", found_community, "Create a community"),
        (f"GET {GROUP}", show, "A group"),
        (f"PUT {GROUP}", update, "Change a group"),
        (f"DELETE {GROUP}", destroy, "Delete a group"),
        (f"GET {GROUP}/tabs", tabs, "Tabs of a group"),
        (f"GET {GROUP}/permissions", permitted, "The caller's permissions in a group"),
        (f"GET {GROUP}/users", users, "People in a group"),
        (f"POST {GROUP}/invite", invite, "Invite people"),
    ),
    *rest(
        "group memberships",
        f"{RECORDED}/groups.jsonl 160-172, 174-183; canvas-lms app/controllers/group_memberships_controller.rb",
        (f"GET {GROUP}/memberships", memberships, "Memberships"),
        (f"POST {GROUP}/memberships", join, "Join a group"),
        (f"GET {GROUP}/memberships/{{membership_id}}", membership, "A membership"),
        (f"PUT {GROUP}/memberships/{{membership_id}}", change_membership, "Change a membership"),
        (f"DELETE {GROUP}/memberships/{{membership_id}}", leave, "Leave a group"),
        (f"GET {GROUP}/users/{{user_id}}", membership, "A user's membership"),
        (f"PUT {GROUP}/users/{{user_id}}", change_membership, "Change a user's membership"),
        (f"DELETE {GROUP}/users/{{user_id}}", leave, "Remove a user from a group"),
    ),
    *rest(
        "group memberships",
        "https://canvas.instructure.com/doc/api/groups.html, Bulk delete memberships",
        (f"DELETE {GROUP}/users", take_out, "Remove several users"),
        evidence="documented",
        since="2024-04-08",
    ),
)
