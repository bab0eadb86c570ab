"""Groups: permissions, filling of sets, leaders.

Source: canvas-lms app/models/group.rb, group_category.rb and group_membership.rb (2023-06), and the recorded exchanges
of `groups`.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from msgspec.structs import replace

from lms_emulator.providers.canvas.call import identifiers
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.model import (
    Account,
    Course,
    Group,
    GroupCategory,
    GroupMembership,
    User,
)
from lms_emulator.providers.canvas.rules import belonging, collation, courses, people, states
from lms_emulator.providers.canvas.rules.permissions import account_allows, is_account_admin, permissions

LIVING = ("accepted", "invited", "requested")
"""The states of memberships that are not over."""
FREE = ("communities", "student_organized")
"""The roles of sets in which users can be in several groups."""
OPEN = "parent_context_auto_join"
ON_REQUEST = "parent_context_request"
_READ = frozenset(["read", "read_files", "read_forum", "read_announcements", "read_roster"])
_CONTENT = frozenset(
    {
        *(f"manage_{kind}_{verb}" for kind in ("course_content", "files") for verb in ("add", "delete", "edit")),
        *(f"manage_wiki_{verb}" for verb in ("create", "delete", "update")),
        *("create_collaborations", "create_forum", "manage_calendar", "manage_content", "post_to_forum"),
    }
)
_MODERATE = frozenset(
    {
        *("allow_course_admin_actions", "delete", "manage", "manage_admin_users"),
        *("manage_students", "moderate_forum", "update"),
    }
)
_SEND = frozenset({"send_messages", "send_messages_all"})
_OF_PLACE = ("read_as_admin", "read_sis", "view_user_logins", "read_email_addresses", "participate_as_student")
"""Rights in a group that follow from the same rights in its course or account."""
POLICY = frozenset(
    {"participate", "view_unpublished_items", "create", "join", "leave", "create_conferences", *_OF_PLACE}
    | _READ
    | _CONTENT
    | _MODERATE
    | _SEND
)
"""The rights in a group, by Canvas's names."""


def home(api: Api, category: GroupCategory) -> Course | Account:
    """The course or account that a set is in. Raises the refusal `not_found` if it was deleted."""
    table: Any = api.store.courses if category.context_type == "Course" else api.store.accounts
    found: Course | Account = identifiers.known(
        table.get(category.context_id), f"the {category.context_type.lower()}", category.context_id
    )
    return found


def category_of(api: Api, group: Group) -> GroupCategory:
    """The set that a group is in, a deleted one too. Raises the refusal `not_found` if there is none."""
    return identifiers.known(
        api.store.group_categories.get(group.group_category_id), "the set of the group", group.id, deleted=True
    )


def course_of(api: Api, kind: str | None, number: int) -> Course | None:
    """The course of this kind and id of a context, or that of the group; None for all other contexts."""
    if kind == "Group" and (group := api.store.groups.get(number)) is not None:
        category = category_of(api, group)
        kind, number = category.context_type, category.context_id
    return api.store.courses.get(number) if kind == "Course" else None


def may(api: Api, place: Course | Account, *wanted: str, user: User | None = None) -> bool:
    """Whether a user (by default the caller) may do to groups there what one of the permissions allows."""
    who = user or api.caller
    if isinstance(place, Course):
        over, account = states.concluded(api, place, "TeacherEnrollment"), api.store.accounts.get(place.account_id)
        if over and not any(account_allows(api, who, account or api.root, value) for value in wanted):
            return False
        return courses.may(api, who, place, *wanted)
    return any(account_allows(api, who, place, value) for value in wanted)


def members(api: Api, group: Group, *wanted: str) -> list[GroupMembership]:
    """The memberships of a group in certain states, by default those that were accepted."""
    rows = api.store.group_memberships.find("group", group.id)
    return sorted((row for row in rows if row.workflow_state in (wanted or ("accepted",))), key=lambda row: row.id)


def people_of(api: Api, group: Group, *wanted: str, active: bool = False) -> list[User]:
    """The people of a group by name, whose memberships are in certain states, by default accepted.

    Parameters: `active`, of a course's group only those who take part in the course now.
    """
    rows = members(api, group, *wanted)
    course = course_of(api, "Group", group.id)
    if active and course is not None:
        rows = [row for row in rows if _is_active(api, course, row.user_id)]
    users = [user for row in rows if (user := api.store.users.get(row.user_id)) is not None]
    users = [user for user in users if user.workflow_state != "deleted"]
    return sorted(users, key=lambda user: (collation.key(people.sortable_name(user)), user.id))


def _is_active(api: Api, course: Course, user_id: int) -> bool:
    rows = api.store.enrollments.find("whose", (course.id, user_id))
    return any(states.state_of(api, row, course).name == "active" for row in rows)


def membership(api: Api, group: Group, user_id: int) -> GroupMembership | None:
    """A user's membership of a group, including invitations."""
    rows = api.store.group_memberships.find("whose", (group.id, user_id))
    return next((group_membership for group_membership in rows if group_membership.workflow_state != "deleted"), None)


def joined(api: Api, category: GroupCategory, user_id: int) -> list[tuple[Group, GroupMembership]]:
    """The groups of a set, by name, that a user is in or invited to, with the memberships."""
    rows = [row for row in api.store.group_memberships.find("user", user_id) if row.workflow_state != "deleted"]
    found = [(group, row) for row in rows if (group := api.store.groups.get(row.group_id)) is not None]
    within = [(g, row) for g, row in found if g.group_category_id == category.id and g.workflow_state != "deleted"]
    return sorted(within, key=lambda pair: (collation.key(pair[0].name), pair[0].id))


def is_member(api: Api, group: Group, user: User | None) -> bool:
    """Whether a user is in a group."""
    row = membership(api, group, user.id) if user is not None else None
    return row is not None and row.workflow_state == "accepted"


def rights(api: Api, group: Group, user: User | None) -> frozenset[str]:
    """A user's rights in a group: as manager of its context, as member, or as another viewer of its pages."""
    if user is None:
        return frozenset()
    category = category_of(api, group)
    place = home(api, category)
    row = membership(api, group, user.id)
    member = row is not None and row.workflow_state == "accepted"
    found = set(_CONTENT | {"participate", "read_as_member", "attach"}) if member else set[str]()
    if isinstance(place, Course) and not courses.may(api, user, place, "read", "read_as_admin"):
        return frozenset(found)
    held = _of_place(api, place, user)
    manages_all = may(api, place, "manage_groups_manage", user=user)
    if member or manages_all:
        found |= _READ | {"view_unpublished_items"}
        sends = manages_all or not isinstance(place, Course) or not _SEND.isdisjoint(held)
        found |= _SEND if sends else set()
    if manages_all:
        found |= _CONTENT | _MODERATE - {"delete"} | {"read_as_member", "attach"}
    for right, verb in (("create", "add"), ("delete", "delete")):
        found |= {"read", "read_files", right} if may(api, place, f"manage_groups_{verb}", user=user) else set()
    if member and row is not None and row.moderator:
        found |= _MODERATE
    if member and "moderate_forum" in held:
        found.add("moderate_forum")
    if group.leader_id == user.id:
        found.add("update")
    if "view_group_pages" in held:
        found |= _READ
    found |= held & {*_OF_PLACE}
    if "read_as_admin" in held:
        found |= held & {"post_to_forum", "create_forum"}
    return frozenset(found | _joining(api, group, category, place, user, held) | _meeting(found, held))


def _of_place(api: Api, place: Course | Account, user: User) -> frozenset[str]:
    """What a user may do in the course or account of a group."""
    if isinstance(place, Course):
        return courses.rights(api, user, place)
    known = {name for name in (*_OF_PLACE, *_SEND) if name in permissions()}
    admin = {"read_as_admin"} if is_account_admin(api, user, place) else set()
    return frozenset({name for name in known if account_allows(api, user, place, name)} | admin)


def _meeting(found: set[str], held: frozenset[str]) -> set[str]:
    return {"create_conferences"} if "manage_course_content_add" in found and "create_conferences" in held else set()


def _joining(
    api: Api, group: Group, category: GroupCategory, place: Course | Account, user: User, held: frozenset[str]
) -> set[str]:
    """Rights in student-made groups: to create, join and leave them."""
    signs_up = category.self_signup == "enabled" or (
        category.self_signup is not None and shares_section(api, group, user)
    )
    free = category.role in FREE
    opens = signs_up or (free and group.join_level in (OPEN, ON_REQUEST))
    found = {"join", "read_roster"} if opens and takes_part(api, place, user) else set[str]()
    if free or signs_up:
        found.add("leave")
    organized = isinstance(place, Course) and place.settings.get("allow_student_organized_groups", True)
    if category.role == "communities" or ("participate_as_student" in held and organized):
        found.add("create")
    return found


def manages(api: Api, group: Group) -> bool:
    """Whether the caller may change the group."""
    return "manage" in rights(api, group, api.caller)


def reads(api: Api, group: Group) -> bool:
    """Whether the caller sees the group."""
    return "read" in rights(api, group, api.caller)


def open_to(api: Api, group: Group) -> bool:
    """Whether the caller may join without an invitation."""
    return api.caller is not None and own_entry(api, group, api.caller) is not None


def of_category(api: Api, category: GroupCategory) -> list[Group]:
    """The groups of a set by name."""
    rows = [group for group in api.store.groups.find("category", category.id) if group.workflow_state != "deleted"]
    return sorted(rows, key=lambda group: (collation.key(group.name), group.id))


def of_place(api: Api, place: Course | Account) -> list[GroupCategory]:
    """The sets of a course or an account."""
    kind = "Course" if isinstance(place, Course) else "Account"
    rows = api.store.group_categories.find("context", (kind, place.id))
    return sorted(
        (category for category in rows if category.workflow_state != "deleted"), key=lambda category: category.id
    )


def candidates(api: Api, place: Course | Account, within: Collection[str] = states.CURRENT) -> list[User]:
    """The candidates for groups in a context, by name: a course's students, or an account's users."""
    if isinstance(place, Course):
        rows = api.store.enrollments.find("course", place.id)
        ids = {row.user_id for row in rows if row.type == "StudentEnrollment" and row.workflow_state in within}
    else:
        ids = {user.id for user in api.store.users if belonging.belongs(api, user, place)}
    users = [user for number in ids if (user := api.store.users.get(number)) is not None]
    return sorted(users, key=lambda user: (collation.key(people.sortable_name(user)), user.id))


def unassigned(api: Api, category: GroupCategory) -> list[User]:
    """The candidates who are in none of the set's groups."""
    taken = {member.user_id for group in of_category(api, category) for member in members(api, group)}
    return [user for user in candidates(api, home(api, category)) if user.id not in taken]


# filling


def make_group(api: Api, category: GroupCategory, **fields: Any) -> Group:
    """A new group of a set."""
    name = fields.pop("name", None) or api.call.ids.alnum(40)
    fields["max_membership"] = fields.get("max_membership") or category.group_limit
    made = Group(
        id=api.new_id("groups"),
        group_category_id=category.id,
        name=name,
        lti_context_id=api.call.ids.hex(40),
        created_at=api.now,
        **fields,
    )
    return api.store.groups.put(made)


# membership


def full(api: Api, category: GroupCategory, group: Group) -> bool:
    """Whether the group has reached its limit."""
    most = group.max_membership or category.group_limit
    return category.role != "student_organized" and most is not None and len(members(api, group)) >= most


def join(api: Api, group: Group, user_id: int, state: Any = "accepted", *, moderator: bool = False) -> GroupMembership:
    """Add a user to a group, and remove them from the set's other groups."""
    category = category_of(api, group)
    known = membership(api, group, user_id)
    if known is not None:
        changed = api.store.group_memberships.put(replace(known, workflow_state=state))
        _lead(api, group)
        return changed
    if category.role not in FREE:
        for other, old in joined(api, category, user_id):
            leave(api, other, old)
    made = GroupMembership(
        id=api.new_id("group_memberships"),
        group_id=group.id,
        user_id=user_id,
        workflow_state=state,
        moderator=moderator,
        created_at=api.now,
    )
    api.store.group_memberships.put(made)
    _lead(api, group)
    return made


def leave(api: Api, group: Group, row: GroupMembership) -> None:
    """Remove a user from a group. If it loses its leader, it gets another one if its set appoints leaders."""
    api.store.group_memberships.put(replace(row, workflow_state="deleted"))
    current = api.store.groups.get(group.id)
    if current is not None and current.leader_id == row.user_id:
        api.store.groups.put(replace(current, leader_id=None))
    _lead(api, group)


def _lead(api: Api, group: Group) -> None:
    """Appoint a leader for a group without one, if its set does so: the oldest user account, invited or not.

    Source: canvas-lms app/models/group_leadership.rb, member_changed_event. Canvas draws lots for `random`.
    """
    current = api.store.groups.get(group.id)
    if current is None or current.leader_id is not None or category_of(api, group).auto_leader is None:
        return
    rows = api.store.group_memberships.find("group", group.id)
    found = [row.user_id for row in rows if row.workflow_state != "deleted"]
    if found:
        api.store.groups.put(replace(current, leader_id=min(found)))


def takes_part(api: Api, place: Course | Account, user: User) -> bool:
    """Whether a user belongs to the course or account."""
    if isinstance(place, Account):
        return any(candidate.id == user.id for candidate in candidates(api, place))
    rows = api.store.enrollments.find("whose", (place.id, user.id))
    return any(row.workflow_state not in ("deleted", "rejected") for row in rows)


def shares_section(api: Api, group: Group, user: User) -> bool:
    """Whether the user shares a section with a member, or the group is empty."""
    course = category_of(api, group).context_id
    inside = [_sections(api, course, member.user_id) for member in members(api, group)]
    return not inside or not set().union(*inside).isdisjoint(_sections(api, course, user.id))


def _sections(api: Api, course_id: int, user_id: int) -> set[int]:
    rows = api.store.enrollments.find("whose", (course_id, user_id))
    return {row.course_section_id for row in rows if row.workflow_state != "deleted"}


def reachable(api: Api, course: Course, found: list[Group]) -> list[Group]:
    """The groups that a student limited to sections sees there: not those of other sections that are closed to them."""
    own = [row for row, _ in courses.enrollments_of(api, api.user, course) if row.type in states.STUDENTS]
    if not own or not all(row.limit_privileges_to_course_section for row in own):
        return found
    return [
        group
        for group in found
        if category_of(api, group).self_signup == "enabled"
        or is_member(api, group, api.user)
        or shares_section(api, group, api.user)
    ]


def mixed(api: Api, group: Group) -> bool:
    """Whether the members of a course's group share no section."""
    course = category_of(api, group).context_id
    inside = [_sections(api, course, member.user_id) for member in members(api, group)]
    return bool(inside) and not set.intersection(*inside)


def own_entry(api: Api, group: Group, user: User) -> str | None:
    """The state in which a user joins by themselves; None if they may not."""
    category = category_of(api, group)
    known = membership(api, group, user.id)
    if known is not None and known.workflow_state in ("accepted", "invited"):
        return "accepted"
    if not takes_part(api, home(api, category), user):
        return None
    if category.self_signup is not None:
        open_to_all = category.self_signup == "enabled" or shares_section(api, group, user)
        return "accepted" if open_to_all else None
    if category.role not in FREE:
        return None
    return {OPEN: "accepted", ON_REQUEST: "requested"}.get(group.join_level)


def communities(api: Api) -> GroupCategory:
    """The school's set of student-made groups; created on first use."""
    return own_set(api, api.root)


def own_set(api: Api, place: Course | Account) -> GroupCategory:
    """The set of a course's or account's groups that belong to no other; created on first use."""
    of_course = isinstance(place, Course)
    role, name = ("student_organized", "Student Groups") if of_course else ("communities", "Communities")
    found = next((category for category in of_place(api, place) if category.role == role), None)
    if found is not None:
        return found
    made = GroupCategory(
        id=api.new_id("group_categories"),
        context_type="Course" if of_course else "Account",
        context_id=place.id,
        name=name,
        role=role,
        created_at=api.now,
    )
    return api.store.group_categories.put(made)


def of_user(api: Api, user: User) -> list[Group]:
    """The groups that a user is in, by name."""
    rows = [row for row in api.store.group_memberships.find("user", user.id) if row.workflow_state == "accepted"]
    found = [group for row in rows if (group := api.store.groups.get(row.group_id)) is not None]
    shown = [group for group in found if group.workflow_state != "deleted"]
    return sorted(shown, key=lambda g: (collation.key(g.name), g.id))


def ids_within(api: Api, course: Course, user: User) -> list[int]:
    """The ids of a course's groups that a user is in."""
    sets = {category.id for category in of_place(api, course)}
    return sorted(group.id for group in of_user(api, user) if group.group_category_id in sets)


def by_set(api: Api, found: list[Group]) -> list[Group]:
    """Groups by the names of their sets, then by their own."""
    return sorted(found, key=lambda g: (collation.key(category_of(api, g).name), collation.key(g.name), g.id))
