"""What the services of LTI Advantage have in common: the caller, the course, and paging."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar, Generic, TypeVar

from starlette.responses import JSONResponse, Response

from lms_emulator.core.http.refusals import Refusal
from lms_emulator.lti.platform import CallT, Fault
from lms_emulator.signing import lti13
from lms_emulator.signing import lti13_services as services

P = TypeVar("P")
M = TypeVar("M")
R = TypeVar("R")


class Service(ABC, Generic[CallT, P]):
    """A service of one platform. `P` is the place of a call: a course, and the tool's deployment there.

    Attributes: `charset`, the suffix of the platform's media types.
    """

    charset: ClassVar[str] = ""

    def answer(
        self, body: Any, media_type: str, status: int = 200, headers: Mapping[str, str] | None = None
    ) -> Response:
        """JSON as the platform writes it."""
        return JSONResponse(body, status, headers=headers, media_type=media_type + self.charset)

    @abstractmethod
    def enter(self, call: CallT, *scopes: str) -> P:
        """The place that the path names, for a tool whose token has one of the scopes. Raises a refusal."""

    @abstractmethod
    def refusal(self, call: CallT, fault: Fault) -> Refusal:
        """The refusal of an invalid body."""

    @abstractmethod
    def page(self, call: CallT, records: Sequence[R]) -> tuple[Sequence[R], dict[str, str]]:
        """The records of the requested page, and the headers that link to the others."""


class Roster(Service[CallT, P], Generic[CallT, P, M]):
    """Names and Roles. `M` is a member: a person in the course.

    Source: 1EdTech Names and Role Provisioning Services 2.0.
    """

    @abstractmethod
    def context(self, place: P) -> dict[str, str]:
        """The course, as the roster describes it."""

    @abstractmethod
    def members(self, call: CallT, place: P) -> Iterable[M]:
        """Everybody in the course."""

    @abstractmethod
    def roles(self, member: M) -> list[str]:
        """A member's LTI roles."""

    @abstractmethod
    def shape(self, call: CallT, place: P, member: M) -> dict[str, Any]:
        """A member as JSON."""

    def memberships(self, call: CallT) -> Response:
        """GET: the roster; `role` filters."""
        place = self.enter(call, lti13.SCOPE_MEMBERSHIP)
        wanted = call.query.get("role")
        found = [m for m in self.members(call, place) if not wanted or services.role_matches(wanted, self.roles(m))]
        shown, headers = self.page(call, found)
        members = [self.shape(call, place, member) for member in shown]
        body = services.membership_json(self.address(call), self.context(place), members)
        return self.answer(body, services.MEMBERSHIP_TYPE, headers=headers)

    def address(self, call: CallT) -> str:
        """The `id` of the roster: the requested URL."""
        return call.request_url
