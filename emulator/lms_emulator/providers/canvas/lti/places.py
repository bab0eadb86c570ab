"""The context of a launch: a course, an account, a group, or a user's own pages, which belong to the root account.

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
    """The context of a launch.

    Attributes:
        kind: as in URLs: `courses`, `accounts`, `groups` or `users`.
        id: of the course, account, group or user.
        account: the context's account; for other contexts than accounts, the root account.
        course: the course, or the group's course.
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
        """The course, if the context is one."""
        return self.record if isinstance(self.record, Course) else None

    @property
    def path(self) -> str:
        """The path of the context's page."""
        return f"/{self.kind}/{self.id}"

    @property
    def name(self) -> str:
        """The context's title in launches."""
        return self.record.name or ""

    @property
    def opaque(self) -> str:
        """The context's opaque id."""
        if isinstance(self.record, Course):
            return context_id(self.record)
        return group_id(self.record) if isinstance(self.record, Group) else opaque("account", self.record.id)

    @property
    def hint(self) -> dict[str, Any]:
        """The context in a message hint."""
        return {"context_type": type(self.record).__name__, "context_id": global_id(self.record.id)}

    @property
    def claim(self) -> dict[str, Any]:
        """The context claim's id and labels."""
        if isinstance(self.record, Course):
            label = self.record.course_code or ""
            return {"id": self.opaque, "label": label, "title": self.name, "type": [lti13.COURSE_OFFERING]}
        kind = COURSE_GROUP if isinstance(self.record, Group) else "Account"
        return {"id": self.opaque, "title": self.name, "type": [kind]}


def of_course(call: Call, course: Course) -> Place:
    """A course as the context of a launch."""
    return Place("courses", course.id, tools.account_of(call.store, course), course)


def of_group(call: Call, group: Group) -> Place:
    """A group as the context of a launch."""
    above = tools.above(call.store, group)
    course = above if isinstance(above, Course) else None
    return Place("groups", group.id, tools.account_of(call.store, group), course, group)


def opaque(kind: str, id_: int) -> str:
    """40 hex digits that identify a record without revealing its number."""
    return hashlib.sha1(f"canvas {kind} {id_}".encode(), usedforsecurity=False).hexdigest()


def context_id(course: Course) -> str:
    """A course's context id."""
    return course.lti_context_id or opaque("course", course.id)


def group_id(group: Group) -> str:
    """A group's context id."""
    return group.lti_context_id or opaque("group", group.id)


def user_id(user: User) -> str:
    """A user's id for LTI 1.1 tools."""
    return user.lti_user_id or opaque("user", user.id)


def school(call: Call, account_id: int | None) -> Account:
    """The root account of an account, or of the world."""
    if account_id is not None:
        return root_of(call.store, account_id)
    return call.store.school


def deployment_id(call: Call, tool: Tool) -> str:
    """A tool's deployment id, derived from the tool and the context in which it is installed."""
    if tool.deployment_id:
        return tool.deployment_id
    home = tools.home(call.store, tool)
    where = context_id(home) if isinstance(home, Course) else opaque("account", home.id)
    return f"{tool.id}:{where}"


def why_deployment(call: Call, client_id: str) -> str | None:
    """That a deployment's id came in place of a client id; None if it is no deployment's."""
    found = (tool for tool in call.store.tools if tool.developer_key_id and deployment_id(call, tool) == client_id)
    tool = next(found, None) if ":" in client_id else None
    return f"this is a deployment id; the client id is {tool.developer_key_id}" if tool is not None else None
