"""What `GET /_emulator/info` returns for Brightspace."""

from __future__ import annotations

import msgspec

from lms_emulator.core.info import Client
from lms_emulator.lti.handle import LtiPlatformInfo
from lms_emulator.providers.brightspace.model import Application, BrightspaceStore, User


class Person(msgspec.Struct, kw_only=True):
    """A user who can sign in. `lti_id` is the `sub` that tools see."""

    id: int = 0
    name: str = ""
    username: str = ""
    password: str = ""
    email: str = ""
    lti_id: str = ""


class AccessTokens(msgspec.Struct, kw_only=True):
    """Signed tokens ready for use, valid for years, and an expired one."""

    student: str = ""
    instructor: str = ""
    expired: str = ""


class Info(LtiPlatformInfo, kw_only=True):
    """Credentials and ids for tests."""

    client_id: str = ""
    client_secret: str = ""
    redirect_uri: str = ""
    scope: str = ""
    other_client: Client = msgspec.field(default_factory=Client)
    lti_client_id: str = ""
    deployment_id: str = ""
    student: Person = msgspec.field(default_factory=Person)
    other_student: Person = msgspec.field(default_factory=Person)
    instructor: Person = msgspec.field(default_factory=Person)
    administrator: Person = msgspec.field(default_factory=Person)
    org_unit_id: int = 0
    other_org_unit_id: int = 0
    access_tokens: AccessTokens = msgspec.field(default_factory=AccessTokens)


def read(store: BrightspaceStore, bases: dict[str, str]) -> Info:
    """Describe the world: the first course, its users by role, the applications, the ready tokens."""
    info = Info(base_urls=bases)
    applications = [row for row in store.applications if row.enabled and row.client_secret]
    if applications:
        first = _client(applications[0])
        info.client_id, info.client_secret, info.redirect_uri = first.client_id, first.client_secret, first.redirect_uri
        info.scope = " ".join(applications[0].scopes)
        info.other_client = _client(applications[1]) if len(applications) > 1 else Client()
    deployment = next(iter(store.deployments), None)
    if deployment is not None:
        info.lti_client_id, info.deployment_id = deployment.client_id, deployment.id
    units = [unit for unit in store.org_units if unit.type_id == 3]
    if units:
        info.org_unit_id = units[0].id
        info.other_org_unit_id = units[1].id if len(units) > 1 else 0
        students = _people(store, units[0].id, "Learner")
        info.student, info.other_student = _person(students[:1]), _person(students[1:2])
        info.instructor = _person(_people(store, units[0].id, "Instructor")[:1])
    organization = next((unit for unit in store.org_units if unit.type_id == 1), None)
    if organization is not None:
        info.administrator = _person(_people(store, organization.id, "Administrator")[:1])
    ready = {record.label: record.token for record in store.demo_tokens}
    info.access_tokens = AccessTokens(
        student=ready.get("student", ""), instructor=ready.get("instructor", ""), expired=ready.get("expired", "")
    )
    return info


def _client(application: Application) -> Client:
    return Client(
        client_id=application.client_id,
        client_secret=application.client_secret,
        redirect_uri=next(iter(application.redirect_uris), ""),
    )


def _people(store: BrightspaceStore, org_unit_id: int, lis_role: str) -> list[User]:
    roles = {role.id for role in store.roles if lis_role in role.lis_roles}
    enrolled = [e for e in store.enrollments.find("unit", org_unit_id) if e.role_id in roles]
    return [user for e in enrolled if (user := store.users.get(e.user_id)) is not None]


def _person(users: list[User]) -> Person:
    if not users:
        return Person()
    user = users[0]
    return Person(
        id=user.id,
        name=user.name,
        username=user.username,
        password=user.password,
        email=user.email,
        lti_id=user.lti_sub,
    )
