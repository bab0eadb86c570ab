"""LTIAAS's records (tenants, platforms, launches, codes), and the rules about them. No HTTP."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, Literal

from msgspec.structs import replace

from lms_emulator.core.state.credentials import Credential
from lms_emulator.core.state.records import Record
from lms_emulator.core.state.store import Store, section_of
from lms_emulator.core.state.tables import Table, table
from lms_emulator.lti.records import KeyRotation
from lms_emulator.lti.store import KEY_ROTATIONS

AuthMethod = Literal["JWK_SET", "JWK_KEY", "RSA_KEY"]


class Plan(Record, frozen=True, kw_only=True):
    """The services of an account. OAuth2 is an add-on."""

    oauth2: bool = True
    deep_linking: bool = True
    assignment_and_grades: bool = True
    names_and_roles: bool = True
    dynamic_registration: bool = True


class PreApproval(Record, frozen=True, kw_only=True):
    """Portal settings `Enable Pre-Approval` and `Pre-Approval URL`."""

    enabled: bool = False
    url: str = ""


class Tenant(Record, frozen=True, kw_only=True):
    """One account: a subdomain of ltiaas.com with one API key and its portal settings.

    The first tenant of a world is the default for addresses without one (own port, path prefix, `ltiaas.localhost`).
    `ltik_secret` signs its ltiks, service keys and cookies.
    """

    subdomain: str
    api_key: str
    ltik_secret: str = "an-obviously-fake-secret-for-ltiks-and-cookies"
    tool_name: str = "Tool"
    launch_url: str = ""
    deep_linking_url: str = ""
    oauth_return_url: str = ""
    auto_activate: bool = False
    pre_approval: PreApproval = PreApproval()
    plan: Plan = Plan()


class OAuthClient(Record, frozen=True, kw_only=True):
    """The LMS's API key as entered in the portal. URLs may be relative to an emulated LMS (`canvas:/login/...`)."""

    client_id: str
    client_secret: str
    authorization_endpoint: str
    token_endpoint: str
    scopes: list[str] = []


class Platform(Record, frozen=True, kw_only=True):
    """One LMS registered with a tenant. `url` is its issuer, `id` is globally unique.

    `lms_urls` are further addresses of this LMS that may be called. `added` marks a platform that came through
    the API or by dynamic registration: it names no URL of its own.
    """

    id: str
    tenant: str
    url: str
    client_id: str
    name: str
    authentication_endpoint: str
    accesstoken_endpoint: str
    auth_method: AuthMethod = "JWK_SET"
    auth_key: str
    authorization_server: str | None = None
    active: bool = True
    product_family_code: str = ""
    oauth: OAuthClient | None = None
    lms_urls: list[str] = []
    added: bool = False


class Consumer(Record, frozen=True, kw_only=True):
    """An LMS that launches by LTI 1.1 or 1.2, with a tenant's consumer key and shared secret."""

    consumer_key: str
    secret: str
    tenant: str
    name: str = ""
    active: bool = True


class LoginState(Record, frozen=True, kw_only=True):
    """A login that waits for its id_token."""

    state: str
    tenant: str
    platform_id: str
    nonce: str
    query: str = ""
    created_at: datetime
    keep_until: datetime


class UsedNonce(Record, frozen=True, kw_only=True):
    """A nonce used by an id_token or an LTI 1.1 launch.

    Attributes: `sender`, the platform's id; in LTI 1.1, the consumer key.
    """

    sender: str
    nonce: str
    keep_until: datetime


class Launch(Record, frozen=True, kw_only=True):
    """A validated launch, which an ltik refers to.

    Attributes:
        platform_id: of an LTI 1.3 launch; empty for LTI 1.1, which has a `consumer_key`.
        claims: of the id_token; for LTI 1.1, the form's fields.
        target: the URL that an LTI 1.1 launch was posted to.
    """

    id: str
    tenant: str
    platform_id: str = ""
    consumer_key: str = ""
    claims: dict[str, Any]
    target: str = ""
    service_key_id: str | None = None
    created_at: datetime
    keep_until: datetime

    @property
    def user(self) -> Any:
        """The launched user, if the LMS sends one."""
        return self.claims.get("user_id" if self.consumer_key else "sub")


class Activity(Record, frozen=True, kw_only=True):
    """A launch context (usually one activity) and its LMS services, to which a service key refers."""

    id: str
    tenant: str
    platform_id: str
    deployment_id: str
    context_id: str = ""
    resource_link_id: str = ""
    grades: dict[str, Any] | None = None
    roster: dict[str, Any] | None = None
    generation: int = 1


class OAuthState(Record, frozen=True, kw_only=True):
    """A user who was sent to the LMS's consent page."""

    state: str
    tenant: str
    platform_id: str
    redirect_uri: str
    return_url: str
    echo: str | None = None
    used: bool = False
    created_at: datetime
    keep_until: datetime


class OAuthCode(Record, frozen=True, kw_only=True):
    """The one-time code on the return URL, and the LMS's code (or tokens) behind it."""

    code: str
    tenant: str
    platform_id: str
    lms_code: str
    redirect_uri: str
    tokens: dict[str, Any] | None = None
    used: bool = False
    created_at: datetime
    keep_until: datetime


class Registration(Record, frozen=True, kw_only=True):
    """A dynamic registration that waits for the tool's approval."""

    id: str
    tenant: str
    openid_configuration: dict[str, Any]
    registration_token: str | None = None
    privacy_level: str | None = None
    used: bool = False
    created_at: datetime
    keep_until: datetime


class RateWindow(Record, frozen=True, kw_only=True):
    """Calls of one tenant in one minute."""

    tenant: str
    minute: int
    calls: int


class SectionValues(Record, frozen=True, kw_only=True):
    """The `ltiaas` section of a world file.

    `lms_urls`: addresses of LMSs that LTIAAS may call for platforms added at run time.
    """

    lms_urls: list[str] = []


def activity_key(record: Activity) -> tuple[str, str, str, str]:
    """The key of an activity: launches from the same place share one record."""
    return (record.platform_id, record.deployment_id, record.context_id, record.resource_link_id)


def _on_platform(record: LoginState | Launch | Activity | OAuthState | OAuthCode) -> str:
    if isinstance(record, Launch) and record.consumer_key:
        return f"the tenant `{record.tenant}` and the consumer {record.consumer_key}"
    return f"the tenant `{record.tenant}` and the platform {record.platform_id}"


def _claim_of(name: str) -> Callable[[str], str | None]:
    """A claim of an unverified JWT."""

    def read(text: str) -> str | None:
        from lms_emulator.signing import jwt

        return jwt.claim(text, name)

    return read


def _signed(store: LtiaasStore, record: Launch | Activity, text: str) -> bool:
    """Whether the tenant signed it for this very record: seeded ids repeat after a reset."""
    from lms_emulator.signing import jwt

    tenant = store.tenants.get(record.tenant)
    if tenant is None or not jwt.is_signed(text, tenant.ltik_secret, "HS256"):
        return False
    claims = jwt.read(text).claims
    if isinstance(record, Activity):
        return claims.get("platformId") == record.platform_id
    return (claims.get("user"), claims.get("iat")) == (record.user, int(record.created_at.timestamp()))


class LtiaasStore(Store):
    """The state of LTIAAS in one world.

    Used or expired states, codes, nonces and launches are kept for a while, so that refusals can distinguish *used* and
    *expired* from *unknown*.
    """

    tenants: Table[Tenant] = table(
        key="subdomain",
        indexes={"api_key": lambda r: r.api_key},
        credentials=(
            Credential(
                name="the API key",
                value="api_key",
                owner=lambda r: f"the tenant `{r.subdomain}`",
                tip="send it as `Authorization: Bearer …`, or before the colon of LTIK-AUTH-V2 and SERVICE-AUTH-V1",
            ),
        ),
    )
    platforms: Table[Platform] = table(
        key="id",
        indexes={"tenant": lambda r: r.tenant, "client_id": lambda r: r.client_id},
        credentials=(
            Credential(
                name="the id of a platform", value="id", owner=lambda r: f"the tenant `{r.tenant}`", public=True
            ),
        ),
    )
    consumers: Table[Consumer] = table(
        key="consumer_key",
        indexes={"tenant": lambda r: r.tenant},
        credentials=(
            Credential(
                name="a consumer key of LTI 1.1",
                value="consumer_key",
                owner=lambda r: f"the tenant `{r.tenant}`",
                tip="it goes into `oauth_consumer_key` of launches, with its secret to sign them",
                public=True,
            ),
            Credential(
                name="a shared secret of LTI 1.1",
                value="secret",
                owner=lambda r: f"the consumer {r.consumer_key}",
                tip="it signs launches and is never sent; were key and secret swapped?",
            ),
        ),
    )
    login_states: Table[LoginState] = table(
        key="state",
        keep_until=lambda r: r.keep_until,
        limit=10_000,
        credentials=(Credential(name="the state of a login", value="state", owner=_on_platform),),
    )
    used_nonces: Table[UsedNonce] = table(
        key=lambda r: (r.sender, r.nonce),
        keep_until=lambda r: r.keep_until,
        limit=100_000,
        single_use="the nonce of a launch",
    )
    launches: Table[Launch] = table(
        key="id",
        keep_until=lambda r: r.keep_until,
        limit=20_000,
        credentials=(
            Credential(
                name="an ltik",
                value="id",
                owner=_on_platform,
                tip="send it as `Authorization: LTIK-AUTH-V2 <API key>:<ltik>`",
                read=_claim_of("s"),
                proved=_signed,
            ),
        ),
    )
    activities: Table[Activity] = table(
        key=activity_key,
        indexes={"id": lambda r: r.id},
        limit=20_000,
        credentials=(
            Credential(
                name="a service key",
                value="id",
                owner=_on_platform,
                tip="send it as `Authorization: SERVICE-AUTH-V1 <API key>:<service key>`",
                read=_claim_of("serviceKey"),
                proved=_signed,
            ),
        ),
    )
    oauth_states: Table[OAuthState] = table(
        key="state",
        keep_until=lambda r: r.keep_until,
        limit=10_000,
        credentials=(
            Credential(name="the state of an authorization", value="state", owner=_on_platform, single_use=True),
        ),
    )
    oauth_codes: Table[OAuthCode] = table(
        key="code",
        keep_until=lambda r: r.keep_until,
        limit=10_000,
        credentials=(Credential(name="the code of a return URL", value="code", owner=_on_platform, single_use=True),),
    )
    registrations: Table[Registration] = table(
        key="id",
        keep_until=lambda r: r.keep_until,
        limit=1_000,
        credentials=(
            Credential(
                name="the id of a dynamic registration",
                value="id",
                owner=lambda r: f"the tenant `{r.tenant}`",
                single_use=True,
            ),
        ),
    )
    rate_windows: Table[RateWindow] = table(key="tenant", limit=1_000)
    key_rotations: Table[KeyRotation] = KEY_ROTATIONS

    def default_tenant(self) -> Tenant | None:
        """The tenant that answers if the address has none."""
        return next(iter(self.tenants), None)

    def tenant_by_key(self, api_key: str) -> Tenant | None:
        """The tenant with this API key."""
        return self.tenants.first("api_key", api_key)

    def platform_of(self, tenant: Tenant, platform_id: str) -> Platform | None:
        """The tenant's platform with this id; None for an unknown one and for another tenant's."""
        platform = self.platforms.get(platform_id)
        return platform if platform is not None and platform.tenant == tenant.subdomain else None

    def spend_oauth_state(self, state: OAuthState) -> None:
        """Mark a state as used; it stays known until its `keep_until`."""
        self.oauth_states.put(replace(state, used=True))

    def spend_oauth_code(self, code: OAuthCode, *, used: bool = True) -> None:
        """Mark a code as used, or as unused again if the LMS was not called."""
        self.oauth_codes.put(replace(code, used=used))

    def remember_activity(self, found: Activity, *, rotate: bool) -> Activity:
        """Store the activity of a launch, keeping the id of an existing one. Returns the record.

        Parameters: `rotate`, whether service keys of earlier launches become stale.
        """
        earlier = self.activities.get(activity_key(found))
        if earlier is None:
            return self.activities.put(found)
        generation = earlier.generation + 1 if rotate else earlier.generation
        return self.activities.put(replace(found, id=earlier.id, generation=generation))


Section = section_of(LtiaasStore, "Section", SectionValues)
