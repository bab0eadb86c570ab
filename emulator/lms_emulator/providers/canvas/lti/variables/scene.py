"""The context in which variables are expanded: user, course or account, tool, and the opened resource."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import tzinfo
from functools import cached_property
from typing import Any

from lms_emulator.providers.canvas.call import Call
from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.call.moments import zone
from lms_emulator.providers.canvas.call.params import Params
from lms_emulator.providers.canvas.lti import places
from lms_emulator.providers.canvas.lti.places import Place
from lms_emulator.providers.canvas.model import (
    Account,
    Assignment,
    Attachment,
    Collaboration,
    ContentTag,
    Course,
    Enrollment,
    Group,
    ResourceLink,
    Tool,
    User,
)
from lms_emulator.providers.canvas.rules import assignments


class Missing(Exception):
    """The launch has no such object: the variable is left unexpanded."""


@dataclass(frozen=True)
class Scene:
    """The context in which variables are expanded.

    Attributes:
        real_user: the masquerading user.
        item: the module item that was opened. tagged: whether an assignment's module item is known.
        asked: further query parameters of the opening URL, such as `selection` and `editor_contents`.
        sealed: id and description of an unsaved assignment, sealed by the assignment editor.
        file: the file that a file menu exports.
        collaboration: the collaboration that the tool is opened to change.
    """

    call: Call
    user: User | None
    place: Place
    tool: Tool
    real_user: User | None = None
    assignment: Assignment | None = None
    link: ResourceLink | None = None
    item: ContentTag | None = None
    placement: str | None = None
    tagged: bool = True
    asked: dict[str, Any] = field(default_factory=dict)
    sealed: dict[str, Any] = field(default_factory=dict)
    file: Attachment | None = None
    collaboration: Collaboration | None = None

    @property
    def person(self) -> User:
        """The user. Raises Missing for anonymous visitors."""
        if self.user is None:
            raise Missing
        return self.user

    @property
    def course(self) -> Course:
        """The course. Raises Missing outside courses."""
        if not isinstance(self.place.record, Course):
            raise Missing
        return self.place.record

    @property
    def place_of_roles(self) -> Place:
        """A context in which users have roles: a course or an account. Raises Missing in groups, and for anonymous
        visitors."""
        required(self.user)
        if isinstance(self.place.record, Group):
            raise Missing
        return self.place

    @property
    def advantage(self) -> bool:
        """Whether this is an LTI 1.3 tool."""
        return self.tool.developer_key_id is not None

    @property
    def zone(self) -> tzinfo | None:
        """The user's time zone, if they chose one."""
        return zone(self.user.time_zone) if self.user is not None else None

    @property
    def task(self) -> Assignment:
        """The assignment. Raises Missing outside assignments."""
        if self.assignment is None:
            raise Missing
        return self.assignment

    @cached_property
    def dated(self) -> Assignment:
        """The assignment with the user's effective dates."""
        return assignments.dated(self.api, self.course, self.task)

    @property
    def school(self) -> Account:
        """The root account."""
        return places.school(self.call, self.place.account.id)

    @cached_property
    def api(self) -> Api:
        """The call on behalf of the user, in the form that rules take."""
        api = Api(self.call, Params({}))
        api.caller = api.real_user = self.user
        return api

    @cached_property
    def mine(self) -> list[Enrollment]:
        """The user's enrollments in the course. Raises Missing for anonymous visitors, and outside courses."""
        number, ended = self.course.id, ("deleted", "rejected")
        found = self.call.store.enrollments.find("whose", (number, self.person.id))
        return [item for item in found if item.workflow_state not in ended]

    @cached_property
    def current(self) -> list[Enrollment]:
        """The active ones of them."""
        return (
            [] if self.course.workflow_state == "completed" else [e for e in self.mine if e.workflow_state == "active"]
        )


def required(value: Any) -> Any:
    """The value. Raises Missing for None, so that the variable is left unexpanded."""
    if value is None:
        raise Missing
    return value


def moment(value: Any) -> str | None:
    """A time in the format of most variables; None if there is none."""
    return None if value is None else str(value.strftime("%Y-%m-%dT%H:%M:%SZ"))
