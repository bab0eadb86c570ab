"""What `GET /_emulator/info` returns for Open edX."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any

import msgspec

from lms_emulator.lti.handle import LtiPlatformInfo

if TYPE_CHECKING:
    from lms_emulator.providers.openedx.model.accounts import Application, User
    from lms_emulator.providers.openedx.model.section import OpenedxStore


class Account(msgspec.Struct, kw_only=True):
    """A user who can sign in. `lti_id` is the `sub` that tools see."""

    id: int = 0
    username: str = ""
    password: str = ""
    email: str = ""
    name: str = ""
    lti_id: str = ""


class Client(msgspec.Struct, kw_only=True):
    """An OAuth2 application."""

    client_id: str = ""
    client_secret: str = ""
    redirect_uris: list[str] = []
    user: str = ""


class Clients(msgspec.Struct, kw_only=True):
    """One application of each kind; `trusted` skips the consent page."""

    client_credentials: Client = msgspec.field(default_factory=Client)
    authorization_code: Client = msgspec.field(default_factory=Client)
    public_authorization_code: Client = msgspec.field(default_factory=Client)
    trusted: Client = msgspec.field(default_factory=Client)
    sign_on: Client = msgspec.field(default_factory=Client)
    password: Client = msgspec.field(default_factory=Client)
    public_password: Client = msgspec.field(default_factory=Client)
    restricted: Client = msgspec.field(default_factory=Client)
    without_user: Client = msgspec.field(default_factory=Client)


class AccessTokens(msgspec.Struct, kw_only=True):
    """Ready-made opaque tokens."""

    superuser: str = ""
    staff: str = ""
    learner: str = ""
    other_learner: str = ""
    expired: str = ""
    inactive: str = ""


class Jwt(msgspec.Struct, kw_only=True):
    """How JWTs are signed. The real site shares the key set out of band and at `/auth/jwks.json`."""

    issuer: str = ""
    audience: str = ""
    hs256_secret: str = ""
    jwks: dict[str, Any] = {}


class Info(LtiPlatformInfo, kw_only=True):
    """Credentials and ids for tests."""

    superuser: Account = msgspec.field(default_factory=Account)
    staff: Account = msgspec.field(default_factory=Account)
    learner: Account = msgspec.field(default_factory=Account)
    other_learner: Account = msgspec.field(default_factory=Account)
    inactive: Account = msgspec.field(default_factory=Account)
    clients: Clients = msgspec.field(default_factory=Clients)
    access_tokens: AccessTokens = msgspec.field(default_factory=AccessTokens)
    course_id: str = ""
    other_course_id: str = ""
    closed_course_id: str = ""
    jwt: Jwt = msgspec.field(default_factory=Jwt)
    api_key: str = ""
    lti_client_id: str = ""
    deployment_id: str = ""
    lti_block: str = ""


def read(store: OpenedxStore, now: datetime, bases: dict[str, str]) -> Info:
    """Describe the first record of each kind in the world."""
    from lms_emulator.providers.openedx.lti.claims import DEPLOYMENT, external_id
    from lms_emulator.providers.openedx.oauth import jwts

    section = store.section

    def account(user: User | None) -> Account:
        if user is None:
            return Account()
        known = {"username": user.username, "password": user.password or "", "email": user.email, "name": user.name}
        return Account(id=user.id, lti_id=external_id(store, user), **known)

    superuser = _user(store, lambda u: u.is_superuser and u.is_active)
    staff = _user(store, lambda u: u.is_staff and not u.is_superuser and u.is_active)
    learners = [u for u in store.users if _is_learner(u)]
    inactive = _user(store, lambda u: not u.is_active)
    people = [superuser, staff, *[*learners, None, None][:2], inactive]
    accounts = [account(user) for user in people]
    courses = [course.id for course in store.courses]
    still_open = [course.id for course in store.courses if course.enrollment_end is None]
    tool = next(iter(store.lti_tools), None)
    closed = [course.id for course in store.courses if course.enrollment_end is not None]
    return Info(
        base_urls=bases,
        superuser=accounts[0],
        staff=accounts[1],
        learner=accounts[2],
        other_learner=accounts[3],
        inactive=accounts[4],
        clients=_clients(store),
        access_tokens=_tokens(store, people, now),
        course_id=(still_open or courses or [""])[0],
        other_course_id=(still_open[1:] or courses[1:] or [""])[0],
        closed_course_id=(closed or [""])[0],
        jwt=Jwt(
            issuer=section.jwt.issuer,
            audience=section.jwt.audience,
            hs256_secret=section.jwt.secret,
            jwks=jwts.key_set(section.jwt),
        ),
        api_key=section.edx_api_key,
        lti_client_id=tool.client_id if tool is not None else "",
        deployment_id=DEPLOYMENT if tool is not None else "",
        lti_block=tool.block if tool is not None else "",
    )


def _is_learner(user: User) -> bool:
    plain = user.is_active and not user.is_staff and not user.is_superuser
    return plain and user.standing == "enabled" and user.password is not None


def _user(store: OpenedxStore, condition: Callable[[User], bool]) -> User | None:
    return next((user for user in store.users if user.password is not None and condition(user)), None)


def _clients(store: OpenedxStore) -> Clients:
    def first(kind: str, condition: Callable[[Application], bool]) -> Client:
        own = [a for a in store.applications if a.client_id != store.section.login_service_client_id]
        for application in own:
            if application.authorization_grant_type == kind and condition(application):
                return Client(
                    client_id=application.client_id,
                    client_secret=application.client_secret if application.client_type == "confidential" else "",
                    redirect_uris=list(application.redirect_uris),
                    user=application.user or "",
                )
        return Client()

    def plain(application: Application) -> bool:
        return application.client_type == "confidential" and not application.restricted

    def public(application: Application) -> bool:
        return application.client_type == "public"

    def untrusted(application: Application) -> bool:
        return plain(application) and not application.skip_authorization and application.access is None

    return Clients(
        client_credentials=first("client-credentials", lambda a: plain(a) and a.user is not None),
        authorization_code=first("authorization-code", untrusted),
        public_authorization_code=first("authorization-code", public),
        trusted=first("authorization-code", lambda a: plain(a) and a.skip_authorization),
        sign_on=first("authorization-code", lambda a: plain(a) and _may(a, "user_id")),
        password=first("password", plain),
        public_password=first("password", public),
        restricted=first("client-credentials", lambda a: a.restricted),
        without_user=first("client-credentials", lambda a: plain(a) and a.user is None),
    )


def _may(application: Application, scope: str) -> bool:
    return application.access is not None and scope in application.access.scopes


def _tokens(store: OpenedxStore, people: list[User | None], now: datetime) -> AccessTokens:
    def of(user: User | None, *, alive: bool = True) -> str:
        names = {user.username} if user is not None else set()
        for token in store.access_tokens:
            if (token.user in names or not alive) and (token.expires > now) == alive:
                return token.token
        return ""

    superuser, staff, learner, other, inactive = people
    return AccessTokens(
        superuser=of(superuser),
        staff=of(staff),
        learner=of(learner),
        other_learner=of(other),
        expired=of(None, alive=False),
        inactive=of(inactive),
    )
