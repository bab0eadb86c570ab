"""Permissions to enroll, and the enrollment that a request results in.

Source: canvas-lms app/controllers/enrollments_api_controller.rb, create, and the recorded exchanges of
`courses-enrol-write`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, get_args

from lms_emulator.core.state.structure import convert
from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call import identifiers
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.call.params import Params
from lms_emulator.providers.canvas.model import Course, CourseSection, Enrollment, EnrollmentType, Role, User, touched
from lms_emulator.providers.canvas.rules import courses, enrolled, mails, people, roles, states
from lms_emulator.providers.canvas.rules.permissions import account_allows, chain
from lms_emulator.providers.canvas.rules.scores import Newcomers

KINDS: tuple[str, ...] = get_args(EnrollmentType)
_NAMES = {kind: kind.removesuffix("Enrollment").lower() for kind in KINDS}
STATES = ("active", "invited", "inactive", "completed", "creation_pending")
PARTS = {
    "TeacherEnrollment": "a teacher",
    "TaEnrollment": "a TA",
    "ObserverEnrollment": "an observer",
    "DesignerEnrollment": "a designer",
}
"""The roles in Canvas's mails; every other type is a student."""
NO_USER = "Can't create an enrollment without a user. Include enrollment[user_id] to create an enrollment"
WRONG_BASE = "The specified type must match the base type for the role"
INACTIVE_ROLE = "Cannot create an enrollment with this role because it is inactive."
CONCLUDED = "Can't add an enrollment to a concluded course."


@dataclass(frozen=True)
class Wish:
    """A requested enrollment, validated."""

    user: User
    course: Course
    section: CourseSection
    role: Role
    state: str | None
    associated_user_id: int | None
    limited: bool
    start_at: Any
    end_at: Any
    self_enrolled: bool = False
    test: bool = False

    @property
    def kind(self) -> str:
        """The enrollment's type; test students have their own."""
        return "StudentViewEnrollment" if self.test else self.role.base_role_type


def to_add(kind: str) -> str:
    """The permission needed to add users with an enrollment type to a course."""
    return f"add_{_NAMES[kind]}_to_course"


def to_end(kind: str, state: str) -> tuple[str, ...]:
    """The permissions, one of which is needed to end an enrollment of a type in a given state."""
    if kind == "StudentViewEnrollment":
        return ("use_student_view",)
    if state != "completed":
        return (f"remove_{_NAMES[kind]}_from_course",)
    return ("allow_course_admin_actions", *(("manage_students",) if kind == "StudentEnrollment" else ()))


def locked(api: Api, enrollment: Enrollment, course: Course) -> bool:
    """Whether an enrollment came from a SIS import and the caller does not manage imports."""
    account = api.store.accounts.get(course.account_id) or api.root
    manages = any(account_allows(api, api.caller, account, name) for name in ("manage_account_settings", "manage_sis"))
    return enrollment.sis_batch_id is not None and not manages


def default_section(api: Api, course: Course) -> CourseSection:
    """The default section, created if missing."""
    found = [s for s in api.store.course_sections.find("course", course.id) if s.workflow_state == "active"]
    known = next((section for section in found if section.default_section), None) or next(iter(found), None)
    return known or new_default_section(api, course)


def new_default_section(api: Api, course: Course) -> CourseSection:
    """Create the default section."""
    made = CourseSection(
        id=api.new_id("course_sections"),
        course_id=course.id,
        name=course.name,
        default_section=True,
        created_at=api.now,
    )
    return api.store.course_sections.put(made)


def role_of(api: Api, course: Course, fields: Params, faults: list[str]) -> Role | None:
    """The role given by `role_id`, `role` or `type`; problems are added to `faults`."""
    kind = fields.text("type") or None
    above = {account.id for account in chain(api.store, course.account_id)}
    role: Role | None = None
    if (number := fields.text("role_id")) or (name := fields.text("role")):
        every = [
            r for r in api.store.roles if r.account_id in above or (r.account_id is None and r.root_account_id in above)
        ]
        every = [r for r in every if not _of_site(api, r)]
        if number:
            role = roles.numbered(api.store, course.account_id, number)
            if role is not None and role.account_id is None and role.base_role_type in roles.COURSE_ROLES:
                role = roles.built_in(api, course, role.name)
        else:
            role = next((r for r in every if r.name == name and r.workflow_state != "deleted"), None)
        if role is None or role.base_role_type not in roles.COURSE_ROLES:
            faults.append("Invalid role")
            return None
        if role.workflow_state == "inactive":
            faults.append(INACTIVE_ROLE)
        if kind is not None and kind != role.base_role_type:
            faults.append(WRONG_BASE)
        return role
    if kind is not None and kind not in roles.COURSE_ROLES:
        faults.append("Invalid type")
        return None
    return roles.built_in(api, course, kind or "StudentEnrollment")


def _why_no_kind(fields: Params) -> str | None:
    """Which kind of enrolment was meant by `student`, `Teachers` and the like."""
    sent = (fields.text("type") or "").lower().removesuffix("s").replace("_", "").replace(" ", "")
    meant = next((kind for kind in sorted(KINDS) if sent and kind.lower().startswith(sent)), "")
    if not meant or meant == fields.text("type"):
        return None
    return f"`enrollment[type]` was sent as {fields.text('type')}: did you mean {meant}?"


def _why_no_role(api: Api, course: Course, fields: Params, role: Role | None) -> str | None:
    """Which roles there are, if `role` or `role_id` names none of them."""
    name = next((name for name in ("role_id", "role") if fields.text(name)), None)
    if name is None or role is not None:
        return None
    above = {account.id for account in chain(api.store, course.account_id)}
    known = [r for r in api.store.roles if r.base_role_type in roles.COURSE_ROLES and r.account_id in (None, *above)]
    words = ", ".join(dict.fromkeys(str(r.id) if name == "role_id" else r.name for r in known if not _of_site(api, r)))
    return (
        f"`enrollment[{name}]` was sent as {str(fields.text(name))[:100]}, which is not a role; there are {words[:200]}"
    )


def _of_site(api: Api, role: Role) -> bool:
    root = api.store.accounts.get(role.root_account_id)
    return root is not None and root.site_admin


def wish(api: Api, course: Course, section: CourseSection | None, fields: Params) -> Wish:
    """Read and validate the request. Raises Canvas's refusals."""
    if not fields.data:
        raise refusals.message(400, "no_parameters", "No parameters given")
    faults: list[str] = []
    role = role_of(api, course, fields, faults)
    if not fields.text("user_id"):
        faults.append(NO_USER)
    if faults:
        text, takes = ", ".join(faults), {"type": KINDS}
        check = "`enrollment[user_id]` came" if NO_USER in faults else "enrollment refused"
        why = _why_no_kind(fields) or _why_no_role(api, course, fields, role)
        raise refusals.message(400, "enrollment_refused", text, check=check, expected=takes, diagnosis=why)
    assert role is not None
    teaches = role.base_role_type in states.STAFF
    if not api.check("the course takes such people", not course.template and (teaches or not course.blueprint)):
        raise api.refused(f"enroll {_NAMES[role.base_role_type]}s in a template or a blueprint")
    courses.require(api, course, to_add(role.base_role_type))
    if section is None and (named := fields.text("course_section_id")):
        section = identifiers.section(api, named)
        if section.course_id != course.id or section.workflow_state == "deleted":
            raise refusals.not_found("the section in the course", named)
    user = identifiers.user(api, fields.text("user_id"))
    if not people.logins_of(api.store, user):
        raise refusals.not_found("a login of the person", user.id)
    _require_open(api, course, section, user)
    associated = fields.integer("associated_user_id") if fields.get("associated_user_id") else None
    if associated is not None and role.base_role_type != "ObserverEnrollment":
        text = "only ObserverEnrollments may have an associated_user_id"
        raise refusals.invalid({"associated_user_id": [("inclusion", text)]})
    if associated == user.id:
        raise refusals.invalid({"associated_user_id": ["Cannot observe yourself"]})
    if associated is not None and api.store.users.get(associated) is None:
        raise refusals.crashed("no user has the id of the observed user", associated)
    state = fields.text("enrollment_state")
    return Wish(
        user=user,
        course=course,
        section=section or default_section(api, course),
        role=role,
        state=state if state in STATES else None,
        associated_user_id=associated,
        limited=fields.flag("limit_privileges_to_course_section"),
        start_at=api.moment("enrollment", "start_at"),
        end_at=api.moment("enrollment", "end_at"),
        self_enrolled=fields.flag("self_enrolled"),
    )


def self_enrollment(api: Api, course: Course, section: CourseSection | None, fields: Params) -> Wish:
    """Read and check a self-enrollment by the code of an open course."""
    faults = []
    code = course.self_enrollment_code if course.self_enrollment else None
    if not code or fields.text("self_enrollment_code") != code:
        faults.append("enrollment[self_enrollment_code] is invalid")
    if fields.text("user_id") != "self":
        faults.append("enrollment[user_id] must be 'self' when self-enrolling")
    if faults:
        raise refusals.message(400, "self_enrollment_refused", ", ".join(faults))
    if not course.open_enrollment or states.concluded(api, course):
        raise refusals.message(400, "self_enrollment_closed", "course is not open for self-enrollment")
    role = roles.built_in(api, course, "StudentEnrollment")
    return Wish(
        user=api.user,
        course=course,
        section=section or default_section(api, course),
        role=role,
        state="active",
        associated_user_id=None,
        limited=False,
        start_at=None,
        end_at=None,
        self_enrolled=True,
    )


def _require_open(api: Api, course: Course, section: CourseSection | None, user: User) -> None:
    """Refuse enrollments in a concluded course, except for its members in a section that is still open."""
    if not states.concluded(api, course):
        return
    rows = api.store.enrollments.find("whose", (course.id, user.id))
    known = any(e.workflow_state != "deleted" for e in rows)
    ends = section.end_at if section is not None and section.restrict_enrollments_to_section_dates else None
    if not known or ends is None or ends < api.now:
        raise refusals.message(400, "course_concluded", CONCLUDED)


def enroll(api: Api, asked: Wish) -> Enrollment:
    """Enroll a user in a course; an enrollment of the same role and section is changed instead."""
    rows = api.store.enrollments.find("user", asked.user.id)
    same = [
        e
        for e in rows
        if e.course_section_id == asked.section.id
        and e.role_id == asked.role.id
        and e.associated_user_id == asked.associated_user_id
    ]
    state = _state(asked)
    fields: dict[str, Any] = {"limit_privileges_to_course_section": asked.limited, "self_enrolled": asked.self_enrolled}
    fields |= {"start_at": asked.start_at, "end_at": asked.end_at}
    if same:
        if states.state_of(api, same[0], asked.course).name != "active":
            fields["workflow_state"] = state
        if same[0].workflow_state == "deleted":
            fields["sis_batch_id"] = None
        record = touched(same[0], api.now, **fields)
    else:
        record = Enrollment(
            **api.new_row("enrollments"),
            course_id=asked.course.id,
            user_id=asked.user.id,
            type=convert(asked.kind, EnrollmentType),
            course_section_id=asked.section.id,
            role_id=asked.role.id,
            workflow_state=state,
            associated_user_id=asked.associated_user_id,
            uuid=api.new_uuid(),
            **fields,
        )
    enrolled.keep(api, record)
    living = (e for e in rows if e.workflow_state != "deleted")
    if not any(e.type == asked.kind and e.course_id == asked.course.id for e in living):
        api.call.per_request(Newcomers).enrollments.add(record.id)
    return record


def notify(api: Api, course: Course, record: Enrollment, before: str | None) -> None:
    """Notify a user of an invitation or enrollment. `before`: the previous state, if any."""
    user, invited = api.store.users.get(record.user_id), record.workflow_state == "invited"
    if user is None or record.self_enrolled or before == record.workflow_state:
        return
    words, link = PARTS.get(record.type, "a student"), api.url(f"/courses/{course.id}")
    invitation = f"{link}?invitation={record.uuid}"
    if invited and user.workflow_state != "registered":
        said = f"You've been invited to participate in a class at {api.call.authority}. "
        said += f"The class is called {course.name}, and you've been invited to participate as {words}."
        mails.notify(api, "enrollment_registration", [user], "Course Invitation", said, link=invitation)
    elif invited and record.type != "ObserverEnrollment":
        said = f"You've been invited to participate in the course, {course.name}, as {words}."
        mails.notify(api, "enrollment_invitation", [user], "Course Invitation", said, link=invitation)
    elif record.workflow_state == "active" and before is None and record.type != "ObserverEnrollment":
        said = f"You've been enrolled in the course, {course.name}, as {words}."
        mails.notify(api, "enrollment_notification", [user], "Course Enrollment", said, link=link)


def _state(asked: Wish) -> Any:
    """The initial state of a new or renewed enrollment."""
    if asked.test:
        return "active"
    open_, state = asked.course.workflow_state == "available", asked.state
    if state is None and asked.kind == "ObserverEnrollment" and asked.user.workflow_state == "registered":
        state = "active"
    if state in (None, "invited", "creation_pending"):
        pending = asked.kind not in states.STAFF and (not open_ or state == "creation_pending")
        return "creation_pending" if pending else "invited"
    return state
