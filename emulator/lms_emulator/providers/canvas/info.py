"""What `GET /_emulator/info` says about Canvas."""

from __future__ import annotations

import msgspec

from lms_emulator.core.info import Client
from lms_emulator.lti.handle import LtiPlatformInfo
from lms_emulator.providers.canvas.model import AccessToken, CanvasStore, User
from lms_emulator.providers.canvas.rules import people


class Person(msgspec.Struct, kw_only=True):
    """A user who can sign in. `lti_id` is the `sub` that tools see."""

    id: int = 0
    name: str = ""
    login: str = ""
    password: str = ""
    email: str = ""
    lti_id: str = ""


class ScopedClient(Client, kw_only=True):
    """A developer key that enforces scopes."""

    scopes: list[str] = []


class AccessTokens(msgspec.Struct, kw_only=True):
    """Tokens ready for use: manually generated, so they do not expire; and an expired one."""

    student: str = ""
    teacher: str = ""
    admin: str = ""
    expired: str = ""


class Info(LtiPlatformInfo, kw_only=True):
    """Credentials and ids that a test needs."""

    client_id: str = ""
    client_secret: str = ""
    redirect_uri: str = ""
    other_client: Client = msgspec.field(default_factory=Client)
    scoped_client: ScopedClient = msgspec.field(default_factory=ScopedClient)
    lti_client_id: str = ""
    deployment_id: str = ""
    student: Person = msgspec.field(default_factory=Person)
    other_student: Person = msgspec.field(default_factory=Person)
    teacher: Person = msgspec.field(default_factory=Person)
    admin: Person = msgspec.field(default_factory=Person)
    course_id: int = 0
    other_course_id: int = 0
    access_tokens: AccessTokens = msgspec.field(default_factory=AccessTokens)


def read(store: CanvasStore, bases: dict[str, str]) -> Info:
    """Fill the answer from the world: the first course, its people, the keys, the manually generated tokens."""
    courses = [course for course in store.courses if course.workflow_state == "available"]
    info = Info(base_urls=bases)
    keys = [key for key in store.developer_keys if not key.is_lti_key and key.workflow_state == "active"]
    plain = [_client(store, key.id) for key in keys if not key.require_scopes and not key.trusted and key.redirect_uri]
    if plain:
        first = plain[0]
        info.client_id, info.client_secret, info.redirect_uri = first.client_id, first.client_secret, first.redirect_uri
        info.other_client = plain[1] if len(plain) > 1 else Client()
    scoped = next((key for key in keys if key.require_scopes), None)
    if scoped is not None:
        client = _client(store, scoped.id)
        info.scoped_client = ScopedClient(
            client_id=client.client_id,
            client_secret=client.client_secret,
            redirect_uri=client.redirect_uri,
            scopes=scoped.scopes,
        )
    tool = next(iter(store.tools), None)
    if tool is not None:
        info.lti_client_id, info.deployment_id = str(tool.developer_key_id), tool.deployment_id or ""
    if courses:
        info.course_id = courses[0].id
        info.other_course_id = courses[1].id if len(courses) > 1 else 0
        students = _people(store, courses[0].id, "StudentEnrollment")
        teachers = _people(store, courses[0].id, "TeacherEnrollment")
        info.student, info.teacher = _person(store, students[:1]), _person(store, teachers[:1])
        info.other_student = _person(store, students[1:2])
        admins = [user for admin in store.account_users if (user := store.users.get(admin.user_id)) is not None]
        info.admin = _person(store, admins[:1])
        info.access_tokens = AccessTokens(
            student=_token(store, info.student.id, expired=False),
            teacher=_token(store, info.teacher.id, expired=False),
            admin=_token(store, info.admin.id, expired=False),
            expired=_token(store, info.student.id, expired=True),
        )
    return info


def _client(store: CanvasStore, key_id: int) -> Client:
    key = store.developer_keys.get(key_id)
    assert key is not None
    return Client(client_id=str(key.id), client_secret=key.api_key, redirect_uri=key.redirect_uri or "")


def _people(store: CanvasStore, course_id: int, kind: str) -> list[User]:
    enrolled = [e for e in store.enrollments.find("course", course_id) if e.type == kind]
    return [user for e in enrolled if (user := store.users.get(e.user_id)) is not None]


def _person(store: CanvasStore, users: list[User]) -> Person:
    if not users:
        return Person()
    user = users[0]
    login = people.login_of(store, user)
    return Person(
        id=user.id,
        name=user.name,
        login=login.unique_id if login is not None else "",
        password=(login.password if login is not None else None) or "",
        email=people.email_of(store, user) or "",
        lti_id=user.lti_id,
    )


def _token(store: CanvasStore, user_id: int, *, expired: bool) -> str:
    def fits(token: AccessToken) -> bool:
        return (token.expires_at is not None) == expired and not token.revoked and token.permanent_expires_at is None

    return next((token.token for token in store.access_tokens.find("user", user_id) if fits(token)), "")
