"""What variables speak of: a person, a place, a tool, and what was placed there."""

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
    """There is no such thing here: the variable stays as it is written."""


@dataclass(frozen=True)
class Scene:
    """What variables speak of.

    Attributes:
        real_user: the person behind a masquerade.
        item: the item of a module that was opened. tagged: whether that of an assignment is known.
        asked: what the address that opened the tool said further: `selection`, `editor_contents` and the like.
        sealed: what an editor for assignments gave along, sealed: the id and the description of one that is not saved.
        file: what a menu of files hands over.
    """

    x: Call
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

    @property
    def person(self) -> User:
        """The user. Raises Missing for nobody."""
        if self.user is None:
            raise Missing
        return self.user

    @property
    def course(self) -> Course:
        """The course. Raises Missing outside of courses."""
        if not isinstance(self.place.record, Course):
            raise Missing
        return self.place.record

    @property
    def place_of_roles(self) -> Place:
        """The place, where people have roles: a course or an account. Raises Missing in groups, and for nobody."""
        there(self.user)
        if isinstance(self.place.record, Group):
            raise Missing
        return self.place

    @property
    def advantage(self) -> bool:
        """Whether the tool is one of LTI 1.3."""
        return self.tool.developer_key_id is not None

    @property
    def zone(self) -> tzinfo | None:
        """The time zone of the user, where they chose one."""
        return zone(self.user.time_zone) if self.user is not None else None

    @property
    def task(self) -> Assignment:
        """The assignment. Raises Missing outside of assignments."""
        if self.assignment is None:
            raise Missing
        return self.assignment

    @cached_property
    def dated(self) -> Assignment:
        """The assignment with the dates that hold for the user."""
        return assignments.dated(self.api, self.course, self.task)

    @property
    def school(self) -> Account:
        """The account at the top."""
        return places.school(self.x, self.place.account.id)

    @cached_property
    def api(self) -> Api:
        """The call, as rules want it, in the name of the user."""
        api = Api(self.x, Params({}))
        api.caller = api.real_user = self.user
        return api

    @cached_property
    def mine(self) -> list[Enrollment]:
        """The person's enrollments in the course. Raises Missing for nobody, and outside of courses."""
        number, gone = self.course.id, ("deleted", "rejected")
        found = self.x.store.enrollments.find("user", self.person.id)
        return [one for one in found if one.course_id == number and one.workflow_state not in gone]

    @cached_property
    def current(self) -> list[Enrollment]:
        """Those of them that are active."""
        return (
            [] if self.course.workflow_state == "completed" else [e for e in self.mine if e.workflow_state == "active"]
        )


def there(value: Any) -> Any:
    """A value that a variable stays as it is written without. Raises Missing for None."""
    if value is None:
        raise Missing
    return value


def moment(value: Any) -> str | None:
    """A time as most variables tell it; None for none."""
    return None if value is None else str(value.strftime("%Y-%m-%dT%H:%M:%SZ"))
