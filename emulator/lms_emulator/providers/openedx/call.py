"""The type of one request to the LMS, its caller, and the format of its answer."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, TypeAlias

from lms_emulator.core.http.exchange import Exchange
from lms_emulator.providers.openedx import refusals
from lms_emulator.providers.openedx.model.section import OpenedxStore
from lms_emulator.providers.openedx.rules import keys
from lms_emulator.providers.openedx.settings import OpenedxSettings

if TYPE_CHECKING:
    from starlette.responses import Response

    from lms_emulator.providers.openedx.credentials import Identity
    from lms_emulator.providers.openedx.model.accounts import User
    from lms_emulator.providers.openedx.model.courseware import Course

Call: TypeAlias = Exchange[OpenedxStore, OpenedxSettings]

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data"
MERGE_PATCH = "application/merge-patch+json"
ANY_BODY = (JSON, FORM, MULTIPART)


def readable_key(text: object) -> keys.CourseKey:
    """A course key, for views that fail (500) on an unreadable one. Raises that failure."""
    key = keys.course_key(text)
    if key is None:
        raise refusals.unreadable_key(text)
    return key


@dataclass(slots=True)
class Caller:
    """Who a request comes from.

    Attributes:
        identity: how a call of a REST resource was authenticated; None for an anonymous one.
        user: who the answer is for: the browser session's user, until a REST resource has authenticated its caller.
        unheeded: why the session was ignored.
    """

    identity: Identity | None = None
    user: User | None = None
    unheeded: str | None = None


@dataclass(frozen=True, kw_only=True)
class Dialect:
    """How a REST resource reads bodies and words its errors.

    Attributes:
        allow: the value of the header `Allow`.
        parsers: media types of the bodies that are read.
        developer_errors: errors come wrapped as `developer_message`.
        challenge: what `WWW-Authenticate` says with a 401; None turns the 401 into a 403.
        headers: additional headers of every answer but a failure.
        takes: the kinds of credentials that count: `JWT`, `Bearer`, `session`.
    """

    allow: str
    parsers: tuple[str, ...] = ANY_BODY
    developer_errors: bool = False
    challenge: str | None = None
    headers: tuple[tuple[str, str], ...] = ()
    takes: tuple[str, ...] = ("JWT", "Bearer", "session")

    @cached_property
    def _marks(self) -> tuple[tuple[bytes, bytes], ...]:
        named = (("allow", self.allow), *self.headers)
        return tuple((name.lower().encode(), value.encode("latin-1")) for name, value in named if value)

    def mark(self, response: Response) -> None:
        """Add `Allow` and the further headers to an answer, unless it has them."""
        present = dict(response.raw_headers)
        response.raw_headers += [mark for mark in self._marks if mark[0] not in present]


@dataclass(slots=True)
class Reply:
    """The format of the answer to a request.

    Attributes:
        dialect: that of the REST resource that answers; None outside the REST APIs.
        bare: the answer comes from outside the middleware, and carries none of its headers.
        framed: the answer may be shown in a frame, and carries no `X-Frame-Options`.
    """

    dialect: Dialect | None = None
    bare: bool = False
    framed: bool = False


def course_of(call: Call) -> Course:
    """The course in the URL. Raises the refusal `unknown_course`."""
    text = call.path_params["course_id"]
    key = keys.course_key(text)
    course = call.store.courses.get(key.text) if key is not None else None
    if course is None:
        raise refusals.OpenedxRefusal(
            "unknown_course", status=404, message="Not found.", check="course exists", got=text
        )
    return course


def calling_user(call: Call) -> User | None:
    """The authenticated caller of a REST resource, None for an anonymous one."""
    identity = call.per_request(Caller).identity
    return identity.user if identity is not None else None


def caller(call: Call) -> User:
    """The authenticated caller of a REST resource. Raises the refusal for an anonymous one."""
    return calling_identity(call).user


def calling_identity(call: Call) -> Identity:
    """The caller of a REST resource and how they were authenticated. Raises the refusal for an anonymous one."""
    caller = call.per_request(Caller)
    found = caller.identity
    if found is None:
        dialect, scheme = call.per_request(Reply).dialect, call.headers.get("authorization", "").partition(" ")[0]
        raise refusals.not_authenticated(dialect.takes if dialect else (), scheme, caller.unheeded)
    return found
