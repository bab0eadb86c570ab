"""What a user may do in a course: by their enrollments there, by administering an account above, or as the public.

Source: canvas-lms app/models/course.rb, set_policy (2023-06), and the recorded exchanges of the runs `courses-*`.
"""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache

from lms_emulator.providers.canvas.call import identifiers
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.model import Course, Enrollment, User
from lms_emulator.providers.canvas.rules.permissions import (
    account_allows,
    allowed,
    in_force,
    is_account_admin,
    lasting,
    permissions,
)
from lms_emulator.providers.canvas.rules.states import CURRENT_OR_FUTURE, STAFF, State, ranges_of, state_of

NOTHING: frozenset[str] = frozenset()
READING = frozenset({"read", "read_outline", "read_syllabus"})
MEMBER = READING | {"read_as_member"}
STUDY = ("StudentEnrollment", "StudentViewEnrollment")
CONTENT_ADMINS = ("TeacherEnrollment", "DesignerEnrollment")
FLAGS = {"manage_feature_flags", "view_feature_flags"}
MANAGING = {
    "update",
    "conclude",
    "manage",
    "read_as_admin",
    "manage_course_content",
    "change_course_account",
    "use_student_view",
} | FLAGS
SPLIT = "manage_courses_delete"
"""Permissions that a root account has either as such or as several finer ones."""
READS_SIS = ("read_sis", "manage_sis")
"""The rights that allow seeing SIS ids; one is enough."""
POLICIES: dict[str, tuple[str, ...]] = {
    "read": ("read",),
    "read_outcomes": ("read", "read_as_admin"),
    "read_syllabus": ("read_syllabus",),
    "read_files": ("read", "read_as_admin"),
    "read_as_member": ("read_as_member", "read_as_admin"),
    "participate_as_student": ("participate_as_student",),
    "read_grades": ("read_grades",),
    "delete": ("delete",),
    "reset_content": ("reset_content",),
    "read_as_admin": ("read_as_admin",),
    "manage": ("manage",),
    "update": ("update",),
    "view_unpublished_items": ("read_as_admin",),
    "read_rubrics": ("read_rubrics",),
    "use_student_view": ("update", "use_student_view"),
    "create_tool_manually": ("lti_add_edit",),
    "read_prior_roster": ("read_prior_roster", "read_as_admin"),
    "direct_share": ("manage_content", "manage_course_content_add", "share_afterwards"),
    "edit_course_availability": ("manage",),
}
"""The rights in a course that are not role permissions, by Canvas's names, with what grants them."""
_RIGHTS_FROM = (
    "users",
    "courses",
    "enrollments",
    "course_sections",
    "enrollment_terms",
    "accounts",
    "account_users",
    "roles",
    "role_overrides",
    "feature_flags",
)


def enrollments_of(api: Api, user: User, course: Course) -> list[tuple[Enrollment, State]]:
    """The user's enrollments in a course that are not deleted or rejected, with their present states."""
    found = api.store.enrollments.find("whose", (course.id, user.id))
    return [(e, state) for e in found if (state := state_of(api, e, course)).name not in ("deleted", "rejected")]


def rights(api: Api, user: User | None, course: Course) -> frozenset[str]:
    """Everything that a user may do in a course: Canvas's permissions, and the rights of its policies."""
    key = (user.id if user is not None else None, course.id)
    known = api.rights.get(key)
    if known is None or known[0] is not course:
        known = api.rights[key] = course, _kept_rights(api, user, course)
    return known[1]


def _kept_rights(api: Api, user: User | None, course: Course) -> frozenset[str]:
    """The rights cached from an earlier request, if nothing has changed since; not for a course that was not stored
    yet, nor where roles keep their permissions for a while."""
    store, stale = api.store, bool(api.settings.role_permissions_kept_seconds)
    if user is None or stale or store.courses.get(course.id) is not course or store.users.get(user.id) is not user:
        return _rights(api, user, course)

    def compute() -> tuple[frozenset[str], set[datetime]]:
        mine = store.enrollments.find("whose", (course.id, user.id))
        moments = {moment for e in mine for dates in ranges_of(api, e, course) for moment in dates if moment}
        return _rights(api, user, course), moments

    key = ("rights", user.id, course.id, api.settings.granular_permissions)
    return store.derived_at(api.now, key, _RIGHTS_FROM, compute)


def granted(api: Api, course: Course, asked: list[str] | None) -> dict[str, bool]:
    """Whether the caller has each right in a course, by Canvas's own names.

    Parameters: `asked`, the names; None for all of them.
    """
    every = {**POLICIES, **{name: (name,) for name in permissions()}}
    held = rights(api, api.caller, course) - (permissions().keys() - in_force(api, course))
    return {name: not held.isdisjoint(every.get(name, ())) for name in (every if asked is None else asked)}


def keep_rights(api: Api, course: Course, changed: Course) -> None:
    """Let the caller see a changed course with the rights they had before: rights last as long as a request."""
    key = (api.caller.id if api.caller is not None else None, course.id)
    api.rights[key] = changed, rights(api, api.caller, course)


def may(api: Api, user: User | None, course: Course, *wanted: str) -> bool:
    """Whether a user has one of the rights in the course."""
    return not rights(api, user, course).isdisjoint(wanted)


def require(api: Api, course: Course, *wanted: str) -> None:
    """Require one of the rights in the course. Raises the refusal for callers without it."""
    held = not rights(api, api.caller, course).isdisjoint(wanted)
    if not api.call.check(f"may {' or '.join(wanted)} in course {course.id}", held):
        raise api.refused(f"{' or '.join(wanted)} in course {course.id}", *wanted)


def from_path(api: Api, *wanted: str, slot: str = "course_id") -> Course:
    """The course of the path. Raises the refusal `not_found`, and the one for callers who have none of the rights."""
    course = identifiers.course(api, api.slot(slot))
    if wanted:
        require(api, course, *wanted)
    return course


def _rights(api: Api, user: User | None, course: Course) -> frozenset[str]:
    found: frozenset[str] = frozenset()
    if course.workflow_state in ("available", "completed") and (
        course.is_public or (course.is_public_to_auth_users and user is not None)
    ):
        found = READING
    if user is None:
        return found
    for enrollment, state in enrollments_of(api, user, course):
        found |= _by_enrollment(api, course, enrollment, state)
    found |= _by_account(api, user, course)
    split = SPLIT in in_force(api, course)
    found -= {"reset_content"} if split and course.template else NOTHING
    return found | ({"undelete"} if ("delete" if split else "change_course_state") in found else NOTHING)


def _by_enrollment(api: Api, course: Course, enrollment: Enrollment, state: State) -> frozenset[str]:
    role = api.store.roles.get(enrollment.role_id)
    account = api.store.accounts.get(course.account_id)
    if state.restricted or role is None or account is None or course.workflow_state == "deleted":
        return NOTHING
    if course.workflow_state == "unpublished" and enrollment.type not in STAFF:
        return NOTHING
    granted = allowed(api, account, role)
    split = SPLIT in in_force(api, course)
    found = _of_member(granted, enrollment.type, state.name, split)
    watches = enrollment.type == "ObserverEnrollment" and enrollment.associated_user_id is not None
    if watches and state.name in ("active", "completed"):
        found |= {"read_grades"}
    ends = enrollment.type in CONTENT_ADMINS and (SPLIT if split else "change_course_state") in granted
    if ends and state.name in ("active", "completed") and course.sis_course_id is None and not course.template:
        found |= {"delete"}
    return found


@lru_cache(maxsize=1_024)
def _of_member(granted: frozenset[str], kind: str, state: str, split: bool) -> frozenset[str]:
    """What an enrollment of this kind and state allows.

    Parameters:
        granted: the permissions of their role.
        split: whether the root account has separate permissions for resetting and deleting courses.
    """
    staff = kind in STAFF
    if state == "completed":
        kept = {"read_as_admin", "read_rubrics", "use_student_view", "share_afterwards"} if staff else NOTHING
        own = {"read_grades"} if kind == "StudentEnrollment" else NOTHING
        return MEMBER | kept | own | (granted & lasting(kind, over=True))
    if state not in (*CURRENT_OR_FUTURE, "creation_pending"):
        return NOTHING
    granted = granted if state == "active" else granted & lasting(kind, over=False)
    if state.startswith("pending"):
        return MEMBER | granted
    found = set(MEMBER) | granted
    if staff:
        found |= {"read_as_admin", "update", "manage", "manage_course_content", "read_rubrics"} | FLAGS
    if kind in CONTENT_ADMINS:
        found |= {"conclude"} | ({"reset_content"} if not split or "manage_courses_reset" in granted else set())
    if kind in STUDY and state == "active":
        found.add("read_grades")
    if state == "active" and not staff:
        found.add("participate_as_student" if kind == "StudentEnrollment" else "participate")
    return frozenset(found)


def _by_account(api: Api, user: User, course: Course) -> set[str]:
    account = api.store.accounts.get(course.account_id)
    if account is None or not api.store.account_users.find("user", user.id):
        return set()
    held = {name for name in permissions() if account_allows(api, user, account, name)}
    found = set(held)
    if is_account_admin(api, user, account):
        found.add("read_as_admin")
    if "read_course_content" in held:
        found |= READING | {"read_as_member"}
    if "manage_courses_admin" in held:
        found |= MANAGING
    split = SPLIT in in_force(api, course)
    if ("manage_courses_reset" if split else "manage_courses") in held:
        found.add("reset_content")
    deletes = SPLIT in held if split else {"manage_courses", "change_course_state"} <= held
    imported = course.sis_course_id is not None and {"manage_sis", "change_course_state"} <= held
    if (deletes or imported) and not course.template:
        found.add("delete")
    return found
