"""Where a tool is launched: a course, an account, a group, or the person's own pages, which belong to the school.

Source: fixtures/recordings/canvas/lti-launch.jsonl 56, 140, 142, 152, 179.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

from lms_emulator.providers.canvas.call import Call
from lms_emulator.providers.canvas.call.api import global_id
from lms_emulator.providers.canvas.model import Account, Course, Group, Tool, User
from lms_emulator.providers.canvas.rules import tools
from lms_emulator.providers.canvas.rules.permissions import root_of
from lms_emulator.signing import lti13

COURSE_GROUP = "http://purl.imsglobal.org/vocab/lis/v2/course#Group"


@dataclass(frozen=True)
class Place:
    """A place of a launch.

    Attributes:
        kind: as it stands in addresses: `courses`, `accounts`, `groups` or `users`.
        id: of the course, account, group or person.
        account: the school, or the account itself.
        course: of a course, or of a group's course.
    """

    kind: str
    id: int
    account: Account
    course: Course | None = None
    group: Group | None = None

    @property
    def record(self) -> Course | Account | Group:
        """The group or course, or else the account."""
        return self.group or self.course or self.account

    @property
    def own_course(self) -> Course | None:
        """The course, where the place is one."""
        return self.record if isinstance(self.record, Course) else None

    @property
    def path(self) -> str:
        """The path of its own page."""
        return f"/{self.kind}/{self.id}"

    @property
    def name(self) -> str:
        """The title that tools are told."""
        return self.record.name or ""

    @property
    def opaque(self) -> str:
        """What tools know it by."""
        if isinstance(self.record, Course):
            return context_id(self.record)
        return group_id(self.record) if isinstance(self.record, Group) else opaque("account", self.record.id)

    @property
    def hint(self) -> dict[str, Any]:
        """How a message hint names it."""
        return {"context_type": type(self.record).__name__, "context_id": global_id(self.record.id)}

    @property
    def claim(self) -> dict[str, Any]:
        """How a launch names it."""
        if isinstance(self.record, Course):
            label = self.record.course_code or ""
            return {"id": self.opaque, "label": label, "title": self.name, "type": [lti13.COURSE_OFFERING]}
        kind = COURSE_GROUP if isinstance(self.record, Group) else "Account"
        return {"id": self.opaque, "title": self.name, "type": [kind]}


def of_course(x: Call, course: Course) -> Place:
    """A course as the place of a launch."""
    return Place("courses", course.id, tools.account_of(x.store, course), course)


def of_group(x: Call, group: Group) -> Place:
    """A group as the place of a launch."""
    above = tools.above(x.store, group)
    course = above if isinstance(above, Course) else None
    return Place("groups", group.id, tools.account_of(x.store, group), course, group)


def opaque(kind: str, id_: int) -> str:
    """40 hex digits that stand for a record without telling its number."""
    return hashlib.sha1(f"canvas {kind} {id_}".encode(), usedforsecurity=False).hexdigest()


def context_id(course: Course) -> str:
    """What tools know a course by."""
    return course.lti_context_id or opaque("course", course.id)


def group_id(group: Group) -> str:
    """What tools know a group by."""
    return group.lti_context_id or opaque("group", group.id)


def user_id(user: User) -> str:
    """What LTI 1.1 tools know a person by."""
    return user.lti_user_id or opaque("user", user.id)


def school(x: Call, account_id: int | None) -> Account:
    """The account at the top, of this account or of the world."""
    if account_id is not None:
        return root_of(x.store, account_id)
    return x.store.school


def deployment_id(x: Call, tool: Tool) -> str:
    """The id of a tool's deployment: made of the tool and of where it is installed."""
    if tool.deployment_id:
        return tool.deployment_id
    home = tools.home(x.store, tool)
    where = context_id(home) if isinstance(home, Course) else opaque("account", home.id)
    return f"{tool.id}:{where}"
