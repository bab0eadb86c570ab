"""The LTI roles of people at Canvas.

Source: fixtures/recordings/canvas/lti-launch.jsonl 25, 27, 29, 31, 33, 35, 141, 145, 153.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from lms_emulator.providers.canvas import rules
from lms_emulator.providers.canvas.call import Call
from lms_emulator.providers.canvas.model import Course, User
from lms_emulator.signing import lti13

VOCABULARY = "http://purl.imsglobal.org/vocab/lis/v2/"
NOBODY = f"{VOCABULARY}system/person#None"
TEST_USER = "http://purl.imsglobal.org/vocab/lti/system/person#TestUser"
_TA = [f"{VOCABULARY}membership/Instructor#TeachingAssistant", f"{lti13.MEMBERSHIP}Instructor"]
_MEMBERSHIP = {
    "StudentEnrollment": [f"{lti13.MEMBERSHIP}Learner"],
    "StudentViewEnrollment": [f"{lti13.MEMBERSHIP}Learner", TEST_USER],
    "TeacherEnrollment": [f"{lti13.MEMBERSHIP}Instructor"],
    "TaEnrollment": _TA,
    "DesignerEnrollment": [f"{lti13.MEMBERSHIP}ContentDeveloper"],
    "ObserverEnrollment": [f"{lti13.MEMBERSHIP}Mentor"],
}
_INSTITUTION = {
    "StudentEnrollment": "Student",
    "StudentViewEnrollment": "Student",
    "TeacherEnrollment": "Instructor",
    "TaEnrollment": "Instructor",
    "DesignerEnrollment": "Instructor",
}


def of_members(types: Sequence[str]) -> list[str]:
    """The roles in a course of somebody with these enrollment types."""
    return _unique(role for kind in types for role in _MEMBERSHIP.get(kind, []))


def of(x: Call, user: User | None, course: Course | None) -> list[str]:
    """All roles that a launch names: in the institution, in the course, in the system; in the order of their names."""
    if user is None:
        return [NOBODY]
    mine = rules.enrollments_of(x, user)
    found = [f"{lti13.INSTITUTION}{_INSTITUTION[e.type]}" for e in rules.active(mine) if e.type in _INSTITUTION]
    for admin in x.store.account_users.find("user", user.id):
        account = x.store.accounts.get(admin.account_id)
        if admin.workflow_state == "active":
            found.append(f"{lti13.INSTITUTION}Administrator")
            if account is not None and account.site_admin:
                found.append(f"{VOCABULARY}system/person#SysAdmin")
    if course is not None and course.workflow_state != "completed":
        here = [e.type for e in mine if e.course_id == course.id and e.workflow_state in ("active", "invited")]
        found += of_members(here)
    return sorted(_unique([*found, lti13.SYSTEM_USER]))


def _unique(roles: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(roles))
