"""Where a tool is launched: a course, an account, or the person's own pages, which belong to the school.

Source: fixtures/recordings/canvas/lti-launch.jsonl 56, 140, 142, 152.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

from lms_emulator.providers.canvas.call import Call
from lms_emulator.providers.canvas.call.api import global_id
from lms_emulator.providers.canvas.model import Account, Course, Tool, User
from lms_emulator.providers.canvas.rules import tools
from lms_emulator.providers.canvas.rules.permissions import root_of
from lms_emulator.signing import lti13


@dataclass(frozen=True)
class Place:
    """A place of a launch.

    Attributes:
        kind: as it stands in addresses: `courses`, `accounts` or `users`.
        id: of the course, account or person.
        account: the school, or the account itself.
        course: of a course.
    """

    kind: str
    id: int
    account: Account
    course: Course | None = None

    @property
    def record(self) -> Course | Account:
        """The course, or else the account."""
        return self.course if self.course is not None else self.account

    @property
    def path(self) -> str:
        """The path of its own page."""
        return f"/{self.kind}/{self.id}"

    @property
    def name(self) -> str:
        """The title that tools are told."""
        return (self.course.name if self.course is not None else self.account.name) or ""

    @property
    def opaque(self) -> str:
        """What tools know it by."""
        return context_id(self.course) if self.course is not None else opaque("account", self.account.id)

    @property
    def hint(self) -> dict[str, Any]:
        """How a message hint names it."""
        return {"context_type": type(self.record).__name__, "context_id": global_id(self.record.id)}

    @property
    def claim(self) -> dict[str, Any]:
        """How a launch names it."""
        if self.course is None:
            return {"id": self.opaque, "title": self.name, "type": ["Account"]}
        label = self.course.course_code or ""
        return {"id": self.opaque, "label": label, "title": self.name, "type": [lti13.COURSE_OFFERING]}


def opaque(kind: str, id_: int) -> str:
    """40 hex digits that stand for a record without telling its number."""
    return hashlib.sha1(f"canvas {kind} {id_}".encode(), usedforsecurity=False).hexdigest()


def context_id(course: Course) -> str:
    """What tools know a course by."""
    return course.lti_context_id or opaque("course", course.id)


def user_id(user: User) -> str:
    """What tools of LTI 1.1 know a person by."""
    return user.lti_user_id or opaque("user", user.id)


def school(x: Call, account_id: int | None) -> Account:
    """The account at the top, of this account or of the world."""
    if account_id is not None:
        return root_of(x.store, account_id)
    return next(one for one in x.store.accounts if one.parent_account_id is None and not one.site_admin)


def deployment_id(x: Call, tool: Tool) -> str:
    """The id of a tool's deployment: made of the tool and of where it is installed."""
    if tool.deployment_id:
        return tool.deployment_id
    home = tools.home(x.store, tool)
    where = context_id(home) if isinstance(home, Course) else opaque("account", home.id)
    return f"{tool.id}:{where}"
