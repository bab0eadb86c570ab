"""Variables about the user, their roles and their view of a course."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from lms_emulator.providers.canvas.call.api import global_id
from lms_emulator.providers.canvas.call.moments import iana_name
from lms_emulator.providers.canvas.lti import places, roles
from lms_emulator.providers.canvas.lti.variables.scene import Scene, required
from lms_emulator.providers.canvas.model import CourseSection, Enrollment, Pseudonym, User
from lms_emulator.providers.canvas.rules import courses, past_ids, people, tools
from lms_emulator.providers.canvas.rules.permissions import account_allows, admins_over, is_account_admin, permissions
from lms_emulator.providers.canvas.shapes.people import picture_for_tools

_LONGEST = 40_000


def _login(scene: Scene) -> Pseudonym | None:
    return people.login_of(scene.call.store, scene.person)


def _signs_in_with(scene: Scene) -> str:
    login: Pseudonym = required(_login(scene))
    return login.unique_id


def _of_login(name: str) -> Callable[[Scene], Any]:
    return lambda scene: getattr(required(_login(scene)), name)


def _masquerading(scene: Scene) -> User:
    found: User = required(scene.real_user)
    return found


def _sis_email(scene: Scene) -> str | None:
    required(people.sis_user_id(scene.call.store, scene.person))
    return people.sis_email_of(scene.call.store, scene.person)


def email(scene: Scene) -> str | None:
    """The default address, or that of the SIS for a tool that has `prefer_sis_email`, itself or for its
    `tool_configuration`."""
    store = scene.call.store
    said = tools.settings(store, scene.tool)
    parts = (said, said.get("tool_configuration") or {})
    prefers = any(str(part.get("prefer_sis_email")).lower() == "true" for part in parts)
    preferred = people.sis_email_of(store, scene.person) if prefers else None
    return preferred or people.email_of(store, scene.person) or None


def _types(scene: Scene) -> list[str]:
    return list(dict.fromkeys(enrollment.type for enrollment in scene.current))


def _role_names(scene: Scene) -> str:
    """Canvas's names of the user's roles; custom roles by their own names."""
    person, store = scene.person, scene.call.store
    found: list[str] = []
    place = scene.place_of_roles
    for enrollment in scene.current if place.course is not None else []:
        role = store.roles.get(enrollment.role_id)
        custom = role is not None and role.workflow_state != "built_in" and role.name != role.base_role_type
        found.append(role.name if role is not None and custom else enrollment.type)
    for _, role in admins_over(store, person, place.account.id):
        found.append("Account Admin" if role.name == "AccountAdmin" else role.name)
    return ",".join(dict.fromkeys(found))


def _membership(scene: Scene) -> str:
    """The user's roles in the course, or as an admin of the account."""
    place, person = scene.place_of_roles, scene.person
    member_roles = roles.of_members(_types(scene), advantage=scene.advantage) if place.course is not None else []
    admin = is_account_admin(scene.api, person, place.account)
    return ",".join([*member_roles, *([roles.ADMINISTRATOR] if admin else [])])


def _concluded(scene: Scene) -> str:
    if scene.course and scene.user is None:
        return roles.NONE_1
    done = [
        row.type for row in scene.mine if row not in scene.current and row.workflow_state in ("active", "completed")
    ]
    return ",".join(roles.simple(done)) or roles.NONE_1


def _enrollment_state(scene: Scene) -> str:
    if scene.course and scene.user is None:
        return ""
    states = [state.name for _, state in courses.enrollments_of(scene.api, scene.person, scene.course)]
    return "active" if "active" in states else "inactive" if states else ""


def _sections(scene: Scene, enrollments: list[Enrollment]) -> list[CourseSection]:
    found = (scene.call.store.course_sections.get(enrollment.course_section_id) for enrollment in enrollments)
    return [section for section in found if section is not None]


def observed(scene: Scene) -> list[User]:
    """The students whom the user observes in the course."""
    if scene.course and scene.user is None:
        return []
    rows = [row for row in scene.current if row.type == "ObserverEnrollment" and row.associated_user_id]
    return [
        seen for enrollment in rows if (seen := scene.call.store.users.get(enrollment.associated_user_id)) is not None
    ]


def _allowed(scene: Scene, names: str) -> str:
    """Those of the named permissions that the user has here."""
    place, user, wanted = scene.place_of_roles, scene.person, names.split(",")
    if place.course is not None:
        held = courses.rights(scene.api, user, place.course)
        return ",".join(name for name in wanted if name in held)
    known = permissions()
    return ",".join(name for name in wanted if name in known and account_allows(scene.api, user, place.account, name))


def _administered(scene: Scene) -> str:
    """The accounts that the user administers, including subaccounts."""
    found = [account.id for account in scene.call.store.accounts if is_account_admin(scene.api, scene.person, account)]
    text = ",".join(str(number) for number in found)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST].rpartition(',')[0]},truncated"


def _image(scene: Scene) -> str:
    return picture_for_tools(scene.api, scene.person)


def _is_test_student(scene: Scene) -> bool:
    rows = scene.call.store.enrollments.find("user", scene.person.id)
    return any(row.type == "StudentViewEnrollment" for row in rows)


def _ids_of_1_1(scene: Scene) -> str:
    """The ids for LTI 1.1 that the user had before merges, and today's."""
    past = [row.user_lti_context_id for row in scene.call.store.user_past_lti_ids.find("user", scene.person.id)]
    return ",".join([*filter(None, dict.fromkeys(past)), places.user_id(scene.person)])


def _known(scene: Scene, user: User) -> User:
    """A user with the ids that tools know them by in this place."""
    return past_ids.as_known(scene.call.store, user, scene.place.record)


def _section_names(scene: Scene) -> str:
    """Each section once, by id, as in `Canvas.course.sectionIds`."""
    found = {section.id: section.name for section in _sections(scene, scene.mine)}
    return json.dumps([found[number] for number in sorted(found)], ensure_ascii=False)


PERMISSIONS = "Canvas.membership.permissions<"
"""The prefix of the one variable that takes an argument: `Canvas.membership.permissions<manage_grades>`."""

VALUES: dict[str, Callable[[Scene], Any]] = {
    "Canvas.user.id": lambda s: s.person.id,
    "User.id": lambda s: s.person.id,
    "User.username": _signs_in_with,
    "User.image": _image,
    "Canvas.user.loginId": _signs_in_with,
    "Canvas.user.sisSourceId": _of_login("sis_user_id"),
    "Canvas.user.sisIntegrationId": _of_login("integration_id"),
    "Person.sourcedId": _of_login("sis_user_id"),
    "Canvas.user.globalId": lambda s: global_id(s.person.id),
    "vnd.instructure.User.uuid": lambda s: _known(s, s.person).uuid,
    "vnd.instructure.User.current_uuid": lambda s: s.person.uuid,
    "Canvas.user.prefersHighContrast": lambda s: str(bool(s.person.preferences.get("high_contrast"))).lower(),
    "Canvas.user.isRootAccountAdmin": lambda s: is_account_admin(s.api, s.person, s.school),
    "Person.name.full": lambda s: s.person.name,
    "Person.name.display": lambda s: people.short_name(s.person),
    "Person.name.given": lambda s: people.name_parts(people.sortable_name(s.person))[0],
    "Person.name.family": lambda s: people.name_parts(people.sortable_name(s.person))[1],
    "com.instructure.Person.name_sortable": lambda s: people.sortable_name(s.person),
    "Person.email.primary": email,
    "vnd.Canvas.Person.email.sis": _sis_email,
    "Person.address.timezone": lambda s: iana_name(s.person.time_zone or s.school.default_time_zone) or "Etc/UTC",
    "com.instructure.Person.pronouns": lambda s: s.person.pronouns,
    "Membership.role": lambda s: ",".join(roles.of(s.call, s.person, s.place.own_course, advantage=s.advantage)),
    "com.instructure.User.allRoles": lambda s: ",".join(roles.of(s.call, s.user, s.place.own_course)),
    "Canvas.xuser.allRoles": lambda s: ",".join(roles.of_all_1(s.call, s.user, s.place.own_course)),
    "com.Instructure.membership.roles": _membership,
    "Canvas.membership.roles": _role_names,
    "Canvas.membership.concludedRoles": _concluded,
    "Canvas.enrollment.enrollmentState": _enrollment_state,
    "Canvas.course.sectionIds": lambda s: ",".join(map(str, sorted({row.course_section_id for row in s.current}))),
    "Canvas.course.sectionSisSourceIds": lambda s: ",".join(
        sorted({section.sis_section_id for section in _sections(s, s.current) if section.sis_section_id})
    ),
    "Canvas.course.sectionRestricted": lambda s: all(row.limit_privileges_to_course_section for row in s.mine),
    "com.instructure.User.sectionNames": lambda s: json.dumps(
        [section.name for section in _sections(s, s.mine)], ensure_ascii=False
    ),
    "com.instructure.User.observees": lambda s: ",".join(
        _known(s, seen).lti_id if s.advantage else places.user_id(seen) for seen in observed(s)
    ),
    "com.instructure.Observee.sisIds": lambda s: ",".join(
        known for seen in observed(s) if (known := people.sis_user_id(s.call.store, seen))
    ),
    "Canvas.masqueradingUser.id": lambda s: _masquerading(s).id,
    "Canvas.masqueradingUser.userId": lambda s: places.user_id(_known(s, _masquerading(s))),
}

NEWER: dict[str, Callable[[Scene], Any]] = {
    "Canvas.user.adminableAccounts": _administered,
    "com.instructure.User.student_view": _is_test_student,
    "Canvas.user.prefersDyslexicFont": lambda s: str(bool(s.person.preferences.get("dyslexic_friendly_font"))).lower(),
    "com.instructure.user.lti_1_1_id.history": _ids_of_1_1,
}
"""Variables added after June 2023."""

CHANGED: dict[str, Callable[[Scene], Any]] = {
    "com.instructure.User.sectionNames": _section_names,
    "Canvas.masqueradingUser.userId": lambda s: (
        known.lti_id if (known := _known(s, _masquerading(s))) and s.advantage else places.user_id(known)
    ),
}
"""Variables that got another form after April 2024."""


def with_argument(name: str) -> Callable[[Scene], Any] | None:
    """The function that computes a variable with an argument; None for other names."""
    if name.startswith(PERMISSIONS) and name.endswith(">"):
        return lambda scene: _allowed(scene, name.removeprefix(PERMISSIONS)[:-1])
    return None
