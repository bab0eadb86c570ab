"""Permissions at Brightspace: by role, and the role's security variables."""

from __future__ import annotations

from collections.abc import Iterable

from lms_emulator.providers.brightspace import refusals
from lms_emulator.providers.brightspace.call import Call, Identity, number
from lms_emulator.providers.brightspace.model import Enrollment, GradeObject, GradeValue, OrgUnit, Role, User

ENTER = "Courses.CanEnter"
SEE_CLASSLIST = "Classlist.SeeClasslist"
SEE_USERS = "Users.ViewEnrollments"
SEE_HIDDEN = "Content.SeeHidden"
MANAGE_NEWS = "News.Manage"
SEE_GRADES = "Grades.SeeAll"
SET_GRADES = "Grades.Enter"
SEE_GROUPS = "Groups.See"
PLACE_TOOLS = "ExternalLearningTools.Manage"
REGISTER_TOOLS = "LTI.ManageRegistrations"
SUBMIT = "Dropbox.Submit"
COPY_COURSES = "Courses.Copy"
DEPLOY_TOOLS = "LTI.ManageDeployments"


def find_unit(call: Call, reference: object) -> OrgUnit:
    """An org unit. Raises 404."""
    unit = call.store.org_units.get(number(reference))
    if unit is None:
        raise refusals.not_found("the org unit", reference)
    return unit


def enrollment(call: Call, user: User, org_unit_id: int) -> Enrollment | None:
    """The user's enrollment there, if it is active."""
    found = call.store.enrollments.first("part", (org_unit_id, user.id))
    return found if found is not None and found.is_active else None


def role_of(call: Call, record: Enrollment) -> Role:
    """The role of an enrollment."""
    role = call.store.roles.get(record.role_id)
    assert role is not None, "the world file's references are checked when it is loaded"
    return role


def role_in(call: Call, user: User, org_unit_id: int) -> Role | None:
    """The user's role in an org unit; None without an active enrollment."""
    found = enrollment(call, user, org_unit_id)
    return role_of(call, found) if found is not None else None


def may(call: Call, user: User, org_unit_id: int, variable: str) -> bool:
    """Whether the user's role there has the security variable."""
    role = role_in(call, user, org_unit_id)
    return role is not None and variable in role.permissions


def entered_unit(call: Call, user: User, reference: object) -> OrgUnit:
    """An org unit in which the user is enrolled. Raises 404 or 403."""
    unit = find_unit(call, reference)
    if not call.check("is enrolled in the org unit", enrollment(call, user, unit.id) is not None, got=user.username):
        raise refusals.not_authorized(unit.id, ENTER)
    return unit


def why_not(call: Call, needs: Iterable[str]) -> str | None:
    """The caller's role in the org unit of the path, and the roles that have the missing variable."""
    user = call.per_request(Identity).user
    unit = call.store.org_units.get(number(call.path_params.get("orgUnitId")))
    if user is None or unit is None:
        return None
    found = call.store.enrollments.first("part", (unit.id, user.id))
    role = role_of(call, found).name if found is not None else "nobody"
    state = "" if found is None or found.is_active else ", inactive"
    reasons = [f"{user.username} is {role} in org unit {unit.id}{state}"]
    for need in needs:
        names = [role.name for role in call.store.roles if need in role.permissions]
        if names:
            reasons.append(f"{need} belongs to {', '.join(names)}")
    return "; ".join(reasons)


def require(call: Call, user: User, unit: OrgUnit, variable: str) -> None:
    """Raise a 403 with the org unit and the variable, if the user's role lacks it."""
    if not call.check(variable, may(call, user, unit.id, variable), got=user.username):
        raise refusals.not_authorized(unit.id, variable)


def require_placing(call: Call, user: User, unit: OrgUnit) -> None:
    """Raise the page for a user who may not place tools in the org unit."""
    if not call.check(PLACE_TOOLS, may(call, user, unit.id, PLACE_TOOLS)):
        raise refusals.page_forbidden("the user can place tools")


def put_value(
    call: Call,
    column: GradeObject,
    user_id: int,
    points: float | None,
    *,
    comments: str = "",
    private_comments: str = "",
    by: int | None = None,
) -> GradeValue:
    """Set a user's value in a column."""
    last = call.store.grade_values.first("cell", (column.id, user_id))
    record = GradeValue(
        id=last.id if last is not None else call.store.next_number("grade_values"),
        grade_object_id=column.id,
        user_id=user_id,
        points=points,
        comments=comments,
        private_comments=private_comments,
        last_modified=call.clock.now(),
        last_modified_by=by,
    )
    return call.store.grade_values.put(record)
