"""The ports: what a contract requires of an integration, one small Protocol per provider, in the provider's words.

An adapter is a class with the attribute `provider` and a constructor `(http, base, facts)`: how to send requests, the
provider's base URL, and the ids and credentials of `GET /_emulator/info`. It need not have every method: what it lacks
is done with the plain `wire` adapter of that provider.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, MutableMapping, Sequence
from typing import Any, Protocol, TypeVar

from .http import Browser
from .outcomes import Code, Form, Launched, Member, Refused, Token

F = TypeVar("F", bound=Callable[..., Any])


def creates(what: str, *, undone_by: str | None) -> Callable[[F], F]:
    """Mark an operation that creates or changes something at a site, which a live site must have allowed.

    Tokens, codes and sessions are no such thing: without them nothing could be asked. Those that a provider lets its
    clients revoke are revoked at the end.

    Parameters: `undone_by`, what the contracts do about it at the end; None if the provider has no way.
    """

    def mark(operation: F) -> F:
        vars(operation).update(creates=what, undone_by=undone_by)
        return operation

    return mark


Client = Mapping[str, Any]
"""An application: `client_id`, and `client_secret` where it has one."""


class Tool(Protocol):
    """A tool's side of LTI 1.3 at Canvas, Brightspace or Open edX.

    `seat` is the tool's registration (`adapters.wire.tool.Seat`), `session` what the tool keeps in the person's
    browser, `now` the tool's clock in epoch seconds, `jti` an id that was not used before.
    """

    def login(self, seat: Any, initiation: Mapping[str, str], session: MutableMapping[str, str]) -> str:
        """Answer a login initiation; returns the URL to redirect the browser to."""
        ...

    def accept(
        self, seat: Any, fields: Mapping[str, str], session: MutableMapping[str, str], now: int
    ) -> Launched | Refused:
        """Accept a posted id_token, or refuse it."""
        ...

    def service_token(self, seat: Any, scopes: Sequence[str], now: int, jti: str) -> Token | Refused:
        """A token for LTI services, by signed assertion."""
        ...

    def roster(self, seat: Any, launched: Launched, now: int, jti: str) -> dict[str, Member] | Refused:
        """The people of the launch's course by their ids (NRPS)."""
        ...

    def choice(self, seat: Any, launched: Launched, titles: Sequence[str], now: int, jti: str) -> str:
        """The signed deep linking response of a tool: links to itself with these titles."""
        ...

    @creates("a line item and a score", undone_by="the line item is deleted")
    def grade(self, seat: Any, launched: Launched, user: str, points: float, now: float, jti: str) -> Refused | None:
        """Give a person points of 100 (AGS), in a line item tagged `contract`."""
        ...

    def results(self, seat: Any, launched: Launched, now: int, jti: str) -> dict[str, float] | Refused:
        """Points by person (AGS)."""
        ...


class OpenEdx(Tool, Protocol):
    """Open edX: OAuth 2.0 tokens, opaque or JWT, who they stand for, and a learner's life by the REST APIs.

    `token` is an opaque token, `jwt` a JWT.
    """

    def client_credentials(self, client: Client, *, scope: str | None = None, jwt: bool = False) -> Token | Refused:
        """A token for the application itself."""
        ...

    def password(
        self, client: Client, username: str, password: str, *, scope: str | None = None, jwt: bool = False
    ) -> Token | Refused:
        """A token for a person whose password is known."""
        ...

    def authorize(
        self,
        browser: Browser,
        client: Client,
        redirect_uri: str,
        *,
        scope: str,
        state: str,
        challenge: str | None = None,
        agree: bool = True,
    ) -> Code | Refused:
        """Send a signed-in person's browser to the authorization endpoint. `challenge` is an S256 one."""
        ...

    def exchange(
        self, client: Client, code: str, redirect_uri: str, *, verifier: str | None = None, jwt: bool = False
    ) -> Token | Refused:
        """A token for an authorization code."""
        ...

    def refresh(self, client: Client, refresh_token: str, *, scope: str | None = None) -> Token | Refused:
        """A new pair for a refresh token."""
        ...

    def revoke(self, client: Client, token: str) -> Refused | None:
        """Revoke an access or refresh token."""
        ...

    def me(self, scheme: str | None, token: str) -> str | Refused:
        """The user name behind a token; `scheme` is `Bearer`, `JWT` or None for no credentials."""
        ...

    @creates("an enrolment", undone_by="the enrolment is restored, or made inactive if there was none")
    def enroll(self, token: str, username: str, course: str, active: bool) -> Refused | None:
        """Enrol a user, or end the enrolment, with an opaque token that has the right."""
        ...

    def enrolled(self, token: str, username: str, course: str) -> bool | Refused | None:
        """Whether a user is enrolled; None if never."""
        ...

    def course_grade(self, token: str, username: str, course: str) -> float | Refused:
        """A user's grade in a course, from 0 to 1."""
        ...

    def full_name(self, token: str, username: str) -> str | Refused | None:
        """The name in a user's account; None if the caller may not see it."""
        ...

    @creates("another name in an account", undone_by="the name is restored")
    def rename(self, token: str, username: str, name: str) -> Refused | None:
        """Change the name in a user's account."""
        ...

    @creates("a thread", undone_by="the thread is deleted")
    def post(self, token: str, course: str, title: str) -> str | Refused:
        """Start a discussion; returns the thread's id."""
        ...

    @creates("an answer in a thread", undone_by="the thread is deleted")
    def reply(self, token: str, thread: str, text: str) -> str | Refused:
        """Reply in a thread; returns the reply's id."""
        ...

    def replies(self, token: str, thread: str) -> int | Refused:
        """The number of replies that a thread reports."""
        ...

    @creates("a request to be forgotten", undone_by=None)
    def ask_to_retire(self, jwt: str, password: str) -> Refused | None:
        """Request the retirement of one's own account."""
        ...

    def to_retire(self, jwt: str, state: str, cool_off_days: int) -> list[str] | Refused:
        """Accounts that have been in a retirement state for so many days, by their former names."""
        ...

    @creates("a step of a retirement", undone_by=None)
    def move_retirement(self, jwt: str, username: str, state: str) -> Refused | None:
        """Move a retirement to a state."""
        ...

    @creates("a wiped account", undone_by=None)
    def retire(self, jwt: str, username: str) -> Refused | None:
        """Wipe the account of a user in retirement."""
        ...


class OpenLearning(Protocol):
    """OpenLearning: provisioning of managed users by API key, and LTI 1.1 sign-on."""

    @creates("an account", undone_by=None)
    def provision(self, api_key: str, institution: str, external_id: str, email: str, name: str) -> str | Refused:
        """Provision a managed user; returns the user's id."""
        ...

    def sign_on(self, api_key: str, institution: str, user_id: str, class_id: str | None = None) -> Form | Refused:
        """Request a launch that signs the user in."""
        ...

    def sign(self, url: str, fields: Mapping[str, str], key: str, secret: str, timestamp: int, nonce: str) -> Form:
        """Sign a launch with the institution's own consumer key."""
        ...

    def verify(self, form: Form, key: str, secret: str) -> bool:
        """Check a launch as a tool would."""
        ...

    @creates("an enrolment, and the account's sign-in", undone_by=None)
    def launch(self, browser: Browser, form: Form, *, method: str = "POST") -> str | Refused:
        """Submit a launch; returns the URL that the browser is redirected to."""
        ...

    def enrolments(self, api_key: str, user_id: str) -> list[str] | Refused:
        """Ids of the classes a user is enrolled in."""
        ...


class LearningStudio(Protocol):
    """Pearson LearningStudio: CMAC-signed assertions, password and refresh grants, OAuth 1.0a requests.

    `keys` are `application_id`, `application_name`, `consumer_key`, `shared_secret` and `client_string`; `now` is the
    integrator's clock in epoch seconds.
    """

    def assertion(self, keys: Mapping[str, Any], username: str, now: int) -> Token | Refused:
        """An access token for a user, by signed assertion."""
        ...

    def password(self, keys: Mapping[str, Any], username: str, password: str) -> Token | Refused:
        """An access token for a user whose password is known."""
        ...

    def refresh(self, keys: Mapping[str, Any], refresh_token: str) -> Token | Refused:
        """A new pair for a refresh token."""
        ...

    def get(self, token: str, path: str) -> Any | Refused:
        """A resource on behalf of a user, as JSON."""
        ...

    def signed(
        self, keys: Mapping[str, Any], method: str, path: str, now: int, nonce: str, body: bytes = b""
    ) -> Any | Refused:
        """A resource by a request signed with OAuth 1.0a, as JSON. `path` may carry a query."""
        ...

    @creates("a grade", undone_by="the grade is restored, or deleted if there was none")
    def grade(self, token: str, path: str, points: float | None, *, new: bool) -> Refused | None:
        """Give or change a grade on behalf of a teacher; None deletes it. `path` is the grade's."""
        ...


class Lms(Tool, Protocol):
    """Canvas or Brightspace: OAuth 2.0 with a person's consent, the REST API, and a tool's side of LTI 1.3."""

    def token(self, client: Client, code: str, redirect_uri: str) -> Token | Refused:
        """A token for an authorization code."""
        ...

    def refresh(self, client: Client, refresh_token: str) -> Token | Refused:
        """A new access token."""
        ...

    def whoami(self, access_token: str) -> str | Refused:
        """The id of the person behind a token."""
        ...


class Canvas(Lms, Protocol):
    """Canvas: beside what it has in common with Brightspace, work in a course by its REST API.

    `token` is a person's access token, `course` and the like are ids.
    """

    @creates("an assignment", undone_by="the assignment is deleted")
    def make_assignment(self, token: str, course: int, name: str, points: float) -> int | Refused:
        """Create and publish an assignment with text entry; returns its id."""
        ...

    @creates("an attempt", undone_by="the assignment is deleted")
    def hand_in(self, token: str, course: int, assignment: int, text: str) -> int | Refused:
        """Submit text; returns the number of the attempt."""
        ...

    @creates("a grade", undone_by="the assignment is deleted")
    def give_grade(self, token: str, course: int, assignment: int, user: int, points: float | None) -> Any | Refused:
        """Grade a submission; None removes the grade."""
        ...

    def submission(self, token: str, course: int, assignment: int, user: int) -> Any | Refused:
        """A submission as the caller sees it."""
        ...

    def current_score(self, token: str, course: int, user: int) -> float | Refused | None:
        """A user's current score, in percent."""
        ...

    @creates("a section", undone_by="the section is deleted")
    def make_section(self, token: str, course: int, name: str) -> int | Refused:
        """Create a section; returns its id."""
        ...

    @creates("an enrollment", undone_by="the enrollment is deleted")
    def enrol(self, token: str, section: int, user: int) -> int | Refused:
        """Enroll a user in a section; returns the enrollment's id."""
        ...

    @creates("another state of an enrollment", undone_by="the enrollment is deleted")
    def change_enrolment(self, token: str, course: int, enrolment: int, task: str) -> Any | Refused:
        """`conclude`, `inactivate`, `reactivate` or `delete` an enrollment."""
        ...

    def enrolments(self, token: str, section: int) -> dict[int, str] | Refused:
        """The enrollments of a section with their states, deleted ones left out."""
        ...

    @creates("a module", undone_by="the module is deleted")
    def make_module(self, token: str, course: int, name: str, after: int | None, assignment: int) -> int | Refused:
        """Create a module that requires another one and the submission of an assignment; returns its id."""
        ...

    def module_state(self, token: str, course: int, module: int) -> str | Refused:
        """The caller's progress in a module."""
        ...

    @creates("a file", undone_by="the file is deleted")
    def upload(self, token: str, course: int, name: str, content: bytes) -> int | Refused:
        """Upload a file in three steps, replacing one of the same name; returns its id."""
        ...

    def contents(self, token: str, course: int, file: int) -> bytes | Refused:
        """The contents of a file."""
        ...


class Ltiaas(Protocol):
    """LTIAAS: one API in front of many LMSes."""

    def access_token(self, api_key: str, platform: str, code: str) -> Token | Refused:
        """An LMS's access token for a code that the tool received."""
        ...

    def refresh(self, api_key: str, platform: str, refresh_token: str) -> Token | Refused:
        """A new access token."""
        ...

    def id_token(self, api_key: str, ltik: str) -> Any | Refused:
        """Who launched, and from where."""
        ...

    def members(self, api_key: str, ltik: str) -> list[str] | Refused:
        """Ids of the people of the course that the launch came from."""
        ...


PORTS: dict[str, type[Any]] = {
    "openedx": OpenEdx,
    "openlearning": OpenLearning,
    "learningstudio": LearningStudio,
    "canvas": Canvas,
    "brightspace": Lms,
    "ltiaas": Ltiaas,
}
"""The port of each provider."""
