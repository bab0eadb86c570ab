"""The LTI roles of Canvas users, as LTI 1.3 URIs and as LTI 1.1 names.

Sources: fixtures/recordings/canvas/lti-launch.jsonl 25, 27, 29, 31, 33, 35, 141, 145, 153;
fixtures/recordings/canvas/lti-11.jsonl 14, 17, 20.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from lms_emulator.providers.canvas import rules
from lms_emulator.providers.canvas.call import Call
from lms_emulator.providers.canvas.model import Course, User
from lms_emulator.signing import lti13

VOCABULARY = "http://purl.imsglobal.org/vocab/lis/v2/"
NOBODY = f"{VOCABULARY}system/person#None"
TEST_USER = "http://purl.imsglobal.org/vocab/lti/system/person#TestUser"
ADMINISTRATOR = f"{lti13.INSTITUTION}Administrator"
_TA = [f"{VOCABULARY}membership/Instructor#TeachingAssistant", f"{lti13.MEMBERSHIP}Instructor"]
_MEMBERSHIP = {
    "StudentEnrollment": [f"{lti13.MEMBERSHIP}Learner"],
    "StudentViewEnrollment": [f"{lti13.MEMBERSHIP}Learner", TEST_USER],
    "TeacherEnrollment": [f"{lti13.MEMBERSHIP}Instructor"],
    "TaEnrollment": _TA,
    "DesignerEnrollment": [f"{lti13.MEMBERSHIP}ContentDeveloper"],
    "ObserverEnrollment": [f"{lti13.MEMBERSHIP}Mentor"],
}
OF_MEMBERS = {role for roles in _MEMBERSHIP.values() for role in roles}
_MEMBERSHIP_OF_OLDER = {
    **_MEMBERSHIP,
    "StudentViewEnrollment": [f"{lti13.MEMBERSHIP}Learner"],
    "TaEnrollment": [f"{VOCABULARY}membership/instructor#TeachingAssistant", f"{lti13.MEMBERSHIP}Instructor"],
}
"""As variables give them to LTI 1.1 tools (canvas-lms lib/lti/substitutions_helper.rb, LIS_V2_ROLE_MAP)."""
_INSTITUTION = {
    "StudentEnrollment": "Student",
    "StudentViewEnrollment": "Student",
    "TeacherEnrollment": "Instructor",
    "TaEnrollment": "Instructor",
    "DesignerEnrollment": "Instructor",
}
_SYSTEM_1, _INSTITUTION_1, _ROLE_1 = (f"urn:lti:{kind}:ims/lis/" for kind in ("sysrole", "instrole", "role"))
NONE_1 = f"{_SYSTEM_1}None"
_MENTOR_1 = [f"{_ROLE_1}Learner/NonCreditLearner", f"{_ROLE_1}Mentor"]
_MEMBERSHIP_1 = {
    "StudentEnrollment": [f"{_ROLE_1}Learner"],
    "StudentViewEnrollment": [f"{_ROLE_1}Learner"],
    "TeacherEnrollment": [f"{_ROLE_1}Instructor"],
    "TaEnrollment": [f"{_ROLE_1}TeachingAssistant"],
    "DesignerEnrollment": [f"{_ROLE_1}ContentDeveloper"],
    "ObserverEnrollment": _MENTOR_1,
}
_SIMPLE = {
    "StudentEnrollment": "Learner",
    "StudentViewEnrollment": "Learner",
    "TeacherEnrollment": "Instructor",
    "TaEnrollment": f"{_ROLE_1}TeachingAssistant",
    "DesignerEnrollment": "ContentDeveloper",
    "ObserverEnrollment": f"{_INSTITUTION_1}Observer,{_ROLE_1}Mentor",
}


def of_members(types: Sequence[str], *, advantage: bool = True) -> list[str]:
    """The course roles of a user with these enrollment types.

    Parameters: `advantage`, whether they are for an LTI 1.3 tool; Canvas writes some differently for LTI 1.1.
    """
    names = _MEMBERSHIP if advantage else _MEMBERSHIP_OF_OLDER
    return _unique(role for kind in types for role in names.get(kind, []))


def simple(types: Iterable[str]) -> list[str]:
    """The same roles by LTI 1.1's short names."""
    return _unique(_SIMPLE[kind] for kind in types if kind in _SIMPLE)


def of(call: Call, user: User | None, course: Course | None, *, advantage: bool = True) -> list[str]:
    """All roles of a launch: institution, context and system roles, sorted."""
    if user is None:
        return [NOBODY]
    names = _MEMBERSHIP if advantage else _MEMBERSHIP_OF_OLDER
    system = [f"{VOCABULARY}system/person#SysAdmin"] if _is_site_admin(call, user) else []
    found = [*_of_institution(call, user, lti13.INSTITUTION), *system, *_here(call, user, course, names)]
    return sorted(_unique([*found, lti13.SYSTEM_USER]))


def of_all_1(call: Call, user: User | None, course: Course | None) -> list[str]:
    """The same for LTI 1.1: its `ext_roles`."""
    if user is None:
        return [NONE_1]
    system = [f"{_SYSTEM_1}SysAdmin"] if _is_site_admin(call, user) else []
    found = [*_of_institution(call, user, _INSTITUTION_1), *system, *_here(call, user, course, _MEMBERSHIP_1)]
    return sorted(_unique([*found, f"{_SYSTEM_1}User"]))


def of_launch_1(call: Call, user: User | None, course: Course | None) -> list[str]:
    """The roles of an LTI 1.1 launch: those in the course, otherwise the admin roles."""
    if user is None:
        return [NONE_1]
    found = simple(_types(call, user, course))
    if any(_admins(call, user)):
        found.append(f"{_INSTITUTION_1}Administrator")
    if _is_site_admin(call, user):
        found.append(f"{_SYSTEM_1}SysAdmin")
    return found or [NONE_1]


def _of_institution(call: Call, user: User, prefix: str) -> list[str]:
    mine = rules.active(rules.enrollments_of(call, user))
    found = [f"{prefix}{_INSTITUTION[enrollment.type]}" for enrollment in mine if enrollment.type in _INSTITUTION]
    return [*found, *([f"{prefix}Administrator"] if any(_admins(call, user)) else [])]


def _here(call: Call, user: User, course: Course | None, names: Mapping[str, list[str]]) -> list[str]:
    return [role for kind in _types(call, user, course) for role in names.get(kind, [])]


def _types(call: Call, user: User, course: Course | None) -> list[str]:
    if course is None or course.workflow_state == "completed":
        return []
    mine = rules.enrollments_of(call, user, course.id)
    return [enrollment.type for enrollment in mine if enrollment.workflow_state in ("active", "invited")]


def _admins(call: Call, user: User) -> list[int]:
    return [row.account_id for row in call.store.account_users.find("user", user.id) if row.workflow_state == "active"]


def _is_site_admin(call: Call, user: User) -> bool:
    accounts = (call.store.accounts.get(number) for number in _admins(call, user))
    return any(account is not None and account.site_admin for account in accounts)


def _unique(roles: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(roles))
