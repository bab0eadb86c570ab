"""OpenLearning's records: users, institutions, courses, classes, enrolments, launch registrations. No HTTP.

Facts come from captured responses of the real API and its help pages; settings and routes mark the rest as chosen.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Literal, get_args

import msgspec

from lms_emulator.core.state.credentials import Credential
from lms_emulator.core.state.records import Instant, Record
from lms_emulator.core.state.store import Store, section_of
from lms_emulator.core.state.tables import Table, table

ObjectId = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{24}$")]
Slug = Annotated[str, msgspec.Meta(pattern="^[A-Za-z0-9_-]+$")]
MembershipRole = Literal["administrator", "staff", "member"]
ClassType = Literal["open", "requires-activation-code", "invite-only", "closed"]

DEFAULT_IMAGE = "https://www.openlearning.com/static/images/course-default.png"


class Institution(Record, frozen=True, kw_only=True):
    """A portal. `id` is its slug, which the API returns; paths also accept `object_id`."""

    id: Slug
    object_id: ObjectId
    name: str


class User(Record, frozen=True, kw_only=True):
    """An account.

    Parameters:
        managed_by: the institution that controls the account; None for a self-registered one.
        username, password: for HTTP Basic at the v1 API; None if the account has no password.
    """

    id: ObjectId
    full_name: str
    profile_name: str
    primary_email_address: str = ""
    image: str | None = None
    managed_by: str | None = None
    username: str | None = None
    password: str | None = None


class Membership(Record, frozen=True, kw_only=True):
    """A user's membership of an institution. The external id is the integrator's own key for the user."""

    institution: str
    user: ObjectId
    role: MembershipRole = "member"
    external_institution_id: str | None = None


class ApiKey(Record, frozen=True, kw_only=True):
    """An API key, which has its user's permissions. Format: the user's id, a dot, 64 hex digits."""

    key: str
    user: ObjectId


class Course(Record, frozen=True, kw_only=True):
    """A course. Every key can read a `public` one; learners can open an `online` one."""

    id: ObjectId
    institution: str
    slug: Slug
    title: str
    summary: str | None = None
    image: str | None = None
    price: float | None = None
    category: str | None = None
    duration: str | None = None
    promo_media_url: str | None = None
    self_paced: bool = False
    featured: bool = False
    public: bool = False
    online: bool = True
    created_by: ObjectId


class Class(Record, frozen=True, kw_only=True):
    """A class: one delivery of a course. `path` is its name in v1 paths (`FirstClass`)."""

    id: ObjectId
    course: ObjectId
    title: str
    path: str
    created_by: ObjectId
    type: ClassType = "open"
    is_billed: bool = False
    student_price: str | None = None
    currency: str | None = None
    activation_code: str | None = None
    start_date: str | None = None


class Program(Record, frozen=True, kw_only=True):
    """A series of an institution's courses in which users are enrolled together."""

    id: ObjectId
    institution: str
    title: str


class Enrolment(Record, frozen=True, kw_only=True):
    """A user's enrolment in a class (with its course), or in a program. `shares_email`: whether they agreed to share
    their address."""

    id: ObjectId
    user: ObjectId
    course: ObjectId | None = None
    class_id: ObjectId | None = None
    program: ObjectId | None = None
    role: Literal["learner", "instructor"] = "learner"
    external_enrolment_id: str | None = None
    shares_email: bool = False
    created_at: Instant
    completed_at: Instant | None = None


class Comment(Record, frozen=True, kw_only=True):
    """A comment by a member of a class on its page."""

    id: ObjectId
    class_id: ObjectId
    user: ObjectId
    text: str
    created_at: Instant


ConnectorType = Literal["webhook", "msautomate"]
PageAction = Literal["pageViewed", "pageCompleted", "pageCommented"]


class Connector(Record, frozen=True, kw_only=True):
    """A webhook for events in an institution's classes.

    `url`: where events are posted, in addition to the outbox; `actions`: the events that it sends. How an integrator
    subscribes to events is not public, so a connector sends all those that the emulator supports.
    """

    id: ObjectId
    institution: str
    name: str
    type: ConnectorType = "webhook"
    url: str = ""
    actions: tuple[PageAction, ...] = get_args(PageAction)


class Registration(Record, frozen=True, kw_only=True):
    """An LTI 1.1 consumer registered for an institution or for one class."""

    consumer_key: str
    secret: str
    institution: str
    class_id: ObjectId | None = None


class ContextMapping(Record, frozen=True, kw_only=True):
    """Maps an LTI context of an institution's consumer to a class ("Single Sign On Mapping")."""

    institution: str
    context_id: str
    class_id: ObjectId


class Nonce(Record, frozen=True, kw_only=True):
    """A used nonce. `signature` distinguishes a replayed launch from another launch with the same nonce."""

    consumer_key: str
    nonce: str
    signature: str = ""
    used_at: Instant
    keep_until: Instant


class IssuedLaunch(Record, frozen=True, kw_only=True):
    """The form that a sign-on call issued, kept so that a diagnosis can list changed fields."""

    nonce: str
    consumer_key: str
    url: str
    params: dict[str, str]
    keep_until: Instant


class Session(Record, frozen=True, kw_only=True):
    """A browser that is signed in to the web site."""

    id: str
    user: ObjectId
    expires_at: Instant


class ClassSetup(Record, frozen=True, kw_only=True):
    """A pending staff launch into a context without a class, which the set-up page completes."""

    token: str
    session: str
    institution: str
    context_id: str
    context_title: str
    expires_at: Instant


class RateWindow(Record, frozen=True, kw_only=True):
    """The number of a key's calls since the window began."""

    key: str
    began: Instant
    calls: int


def folded(text: str) -> str | None:
    """A name or e-mail address normalised for comparison: case is ignored, and blank ones are never equal."""
    return text.lower() if text.strip() else None


class OpenLearningStore(Store):
    """One world's OpenLearning."""

    institutions: Table[Institution] = table(
        key="id",
        indexes={"object_id": lambda i: i.object_id},
        credentials=(
            Credential(
                name="the id of an institution",
                value=lambda i: [i.id, i.object_id],
                tip="calls need an API key, launches the consumer key",
                public=True,
            ),
        ),
    )
    users: Table[User] = table(
        key="id",
        indexes={
            "email": lambda u: folded(u.primary_email_address),
            "profile_name": lambda u: u.profile_name,
            "username": lambda u: folded(u.username or ""),
            "managed_by": lambda u: u.managed_by,
        },
    )
    memberships: Table[Membership] = table(
        key=lambda m: (m.institution, m.user),
        indexes={
            "user": lambda m: m.user,
            "external": lambda m: (
                None if m.external_institution_id is None else [(m.institution, m.external_institution_id)]
            ),
        },
    )
    api_keys: Table[ApiKey] = table(
        key="key",
        indexes={"user": lambda k: k.user},
        credentials=(
            Credential(
                name="an API key",
                value="key",
                owner=lambda k: f"the user {k.user}",
                tip="send it as `api_key` in the query or as X-API-Key",
            ),
        ),
    )
    courses: Table[Course] = table(
        key="id", indexes={"institution": lambda c: c.institution, "slug": lambda c: c.slug.lower()}
    )
    classes: Table[Class] = table(key="id", indexes={"course": lambda c: c.course})
    programs: Table[Program] = table(key="id")
    enrolments: Table[Enrolment] = table(
        key="id",
        indexes={
            "user": lambda e: e.user,
            "place": lambda e: [(e.user, e.class_id or e.program)],
        },
    )
    comments: Table[Comment] = table(key="id", indexes={"class": lambda c: c.class_id})
    connectors: Table[Connector] = table(key="id", indexes={"institution": lambda c: c.institution})
    registrations: Table[Registration] = table(
        key="consumer_key",
        indexes={"institution": lambda r: r.institution},
        credentials=(
            Credential(
                name="a consumer key of LTI",
                value="consumer_key",
                owner=lambda r: r.institution,
                tip="it goes into `oauth_consumer_key` of launches, with its secret to sign them",
                public=True,
            ),
            Credential(
                name="a consumer secret",
                value="secret",
                owner=lambda r: r.consumer_key,
                tip="it signs launches and is never sent; were key and secret swapped?",
            ),
        ),
    )
    context_mappings: Table[ContextMapping] = table(key=lambda m: (m.institution, m.context_id))
    nonces: Table[Nonce] = table(
        key=lambda n: (n.consumer_key, n.nonce),
        keep_until=lambda n: n.keep_until,
        limit=200_000,
        single_use="the nonce of a launch",
    )
    issued_launches: Table[IssuedLaunch] = table(
        key="nonce",
        keep_until=lambda i: i.keep_until,
        limit=5_000,
        credentials=(
            Credential(
                name="the nonce of a launch given out", value="nonce", owner=lambda i: i.consumer_key, single_use=True
            ),
        ),
    )
    sessions: Table[Session] = table(
        key="id",
        keep_until=lambda s: s.expires_at,
        limit=100_000,
        credentials=(Credential(name="a session cookie", value="id", owner=lambda s: f"the user {s.user}"),),
    )
    class_setups: Table[ClassSetup] = table(
        key="token",
        keep_until=lambda s: s.expires_at,
        limit=5_000,
        credentials=(
            Credential(
                name="the token of a class set-up", value="token", owner=lambda s: s.institution, single_use=True
            ),
        ),
    )
    rate_windows: Table[RateWindow] = table(key="key", limit=5_000)

    # --- look-ups ---

    def institution(self, reference: str) -> Institution | None:
        """The institution with this slug or ObjectId."""
        return self.institutions.get(reference) or self.institutions.first("object_id", reference)

    def membership(self, institution: str, user: str) -> Membership | None:
        """The user's membership of the institution, if any."""
        return self.memberships.get((institution, user))

    def user_by_external_id(self, institution: str, external_id: str) -> User | None:
        """The account with this external id."""
        found = self.memberships.first("external", (institution, external_id))
        return self.users.get(found.user) if found else None

    def classes_of(self, course: str) -> list[Class]:
        """A course's classes, oldest first; the first is its default class."""
        return self.classes.find("course", course)

    def institution_of_class(self, klass: Class) -> str:
        """The slug of a class's institution."""
        course = self.courses.get(klass.course)
        return course.institution if course else ""

    def institution_registration(self, institution: str) -> Registration | None:
        """The consumer key and secret with which the API signs an institution's launches."""
        return next((r for r in self.registrations.find("institution", institution) if r.class_id is None), None)

    def enrolment(self, user: str, place: str) -> Enrolment | None:
        """The user's enrolment in a class or program."""
        return self.enrolments.first("place", (user, place))

    # --- permissions ---

    def administers(self, user: str, institution: str) -> bool:
        """Whether the user is an administrator of the institution."""
        membership = self.membership(institution, user)
        return membership is not None and membership.role == "administrator"

    def is_staff(self, user: str, institution: str) -> bool:
        """Whether the user has Institution Staff, which administrators imply."""
        membership = self.membership(institution, user)
        return membership is not None and membership.role in ("administrator", "staff")

    def controls(self, user: str, other: User) -> bool:
        """Whether `user` administers the institution that manages `other`."""
        return other.managed_by is not None and self.administers(user, other.managed_by)

    def administers_course(self, user: str, course: Course) -> bool:
        """Whether the user created the course or administers its institution."""
        return course.created_by == user or self.administers(user, course.institution)

    def may_see(self, user: str, course: Course) -> bool:
        """Whether the user's key can read the course: it is public, or the user is a member of its institution."""
        return course.public or self.membership(course.institution, user) is not None

    def kind_of(self, identifier: str) -> str | None:
        """The kind of record that an id identifies (`user`, `course`, `class`, ...), for diagnoses."""
        tables: Iterable[
            tuple[str, Table[Institution] | Table[User] | Table[Course] | Table[Class] | Table[Program]]
        ] = (
            ("institution", self.institutions),
            ("user", self.users),
            ("course", self.courses),
            ("class", self.classes),
            ("program", self.programs),
        )
        for kind, records in tables:
            if identifier in records:
                return kind
        if any(True for _ in self._external(identifier)):
            return "external institution id"
        return "institution" if self.institutions.first("object_id", identifier) else None

    def _external(self, identifier: str) -> Iterable[Membership]:
        for institution in self.institutions.values():
            yield from self.memberships.find("external", (institution.id, identifier))


Section = section_of(OpenLearningStore, "Section", doc="""The `[openlearning]` part of a world file.""")
