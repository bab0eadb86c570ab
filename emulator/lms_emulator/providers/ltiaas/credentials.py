"""Authentication: the tenant, and the launch or activity of its credential."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple

from msgspec.structs import replace

from lms_emulator.core.access import issued_tokens as issued
from lms_emulator.core.access.jwts import why_not_whole
from lms_emulator.core.access.slips import is_jwt
from lms_emulator.providers.ltiaas import refusals
from lms_emulator.providers.ltiaas.call import Call
from lms_emulator.providers.ltiaas.model import Activity, Consumer, Launch, Platform, RateWindow, Tenant
from lms_emulator.providers.ltiaas.wire import LTIK, Credential, Scheme, Unreadable, read_authorization

if TYPE_CHECKING:
    from lms_emulator.signing.token_errors import TokenError

DOMAIN = ".ltiaas.com"
KEY_ALONE, KEY_AND_TOKEN = "Authorization: Bearer <API key>", "Authorization: LTIK-AUTH-V2 <API key>:<ltik>"


class Caller(NamedTuple):
    """An authenticated tool.

    Attributes:
        lms: the platform that launched it, or the consumer, with LTI 1.1.
        launch: with an ltik.
        activity: set if the launch offered a service.
    """

    tenant: Tenant
    lms: Platform | Consumer
    launch: Launch | None
    activity: Activity | None

    @property
    def platform(self) -> Platform:
        """The platform of an LTI 1.3 launch; only those have an activity or claims."""
        assert isinstance(self.lms, Platform)
        return self.lms


def tenant_in_address(call: Call) -> Tenant | None:
    """The tenant in the host name (`demo.ltiaas.com`); None if there is none.

    Raises `gateway_forbidden` for an unknown subdomain: such a request does not reach LTIAAS proper.
    """
    host = call.host.lower().rstrip(".")
    if not host.endswith(DOMAIN):
        return None
    tenant = call.store.tenants.get(host.removesuffix(DOMAIN))
    if tenant is None:
        raise refusals.gateway_forbidden(host)
    return tenant


def tenant_of_platform(call: Call, platform_id: str) -> Tenant:
    """The tenant of a browser's request about a platform: the one in the host name, otherwise the platform's.

    Platform ids are globally unique, so a URL without a tenant is unambiguous.
    """
    named = tenant_in_address(call)
    if named is not None:
        return named
    platform = call.store.platforms.get(platform_id)
    tenant = call.store.tenants.get(platform.tenant) if platform is not None else call.store.default_tenant()
    if tenant is None:
        raise refusals.platform_not_found(call.settings.unknown_platform_status, platform_id)
    return tenant


def platform_of(call: Call, tenant: Tenant, platform_id: str) -> Platform:
    """The tenant's platform of this id. Raises the refusal `platform_not_found`, which says whose it is."""
    platform = call.store.platform_of(tenant, platform_id)
    if platform is None:
        other = call.store.platforms.get(platform_id)
        why = f"the platform is one of the tenant `{other.tenant}`, not of `{tenant.subdomain}`" if other else None
        raise refusals.platform_not_found(call.settings.unknown_platform_status, platform_id, why)
    return platform


def with_portal_overrides(call: Call, tenant: Tenant) -> Tenant:
    """The tenant, with portal URLs overridden by settings."""
    changes = {
        name: getattr(call.settings, name)
        for name in ("launch_url", "deep_linking_url", "oauth_return_url")
        if getattr(call.settings, name)
    }
    return replace(tenant, **changes)


def bearer(call: Call) -> Tenant:
    """The tenant of a Bearer API key, for endpoints that accept nothing else.

    Raises 401 `invalid_api_key` or `bearer_only`.
    """
    code = call.settings.wrong_api_key_code
    credential = read_authorization(call.headers.get("authorization"))
    if isinstance(credential, Unreadable):
        raise refusals.invalid_api_key(
            code,
            got=credential.why,
            diagnosis=credential.diagnosis,
            looked_for=KEY_ALONE if credential.elsewhere else None,
        )
    _warn_of_browser(call)
    if credential.scheme != "Bearer":
        raise refusals.bearer_only(code, credential.scheme)
    tenant = call.store.tenant_by_key(credential.api_key)
    if tenant is None:
        raise refusals.invalid_api_key(
            code,
            got="an unknown API key",
            diagnosis=_key_diagnosis(call, credential.api_key),
            credential=credential.api_key,
        )
    _check_address(call, tenant, code)
    _count(call, tenant)
    call.check("Authorization: Bearer <API key>", got=f"tenant {tenant.subdomain}")
    return tenant


def service_caller(call: Call, taken: Collection[Scheme]) -> Caller:
    """The tenant and launch (or activity) behind an ltik or service key.

    Parameters: `taken`, the schemes that the endpoint accepts.
    Raises 401 with the reason, and 400 when the platform has been removed or switched off since the launch.
    """
    credential = read_authorization(call.headers.get("authorization"))
    if isinstance(credential, Unreadable):
        raise refusals.invalid_ltik(
            reason="unreadable_credential",
            got=credential.why,
            diagnosis=credential.diagnosis,
            looked_for=KEY_AND_TOKEN if credential.elsewhere else None,
        )
    _warn_of_browser(call)
    if credential.scheme not in taken:
        raise refusals.scheme_not_taken(credential.scheme, list(taken), ltik=is_jwt(credential.api_key))
    tenant = call.store.tenant_by_key(credential.api_key)
    if tenant is None:
        raise refusals.invalid_ltik(
            reason="wrong_api_key",
            got="an unknown API key",
            diagnosis="the API key came behind the colon; it goes before it"
            if call.store.tenant_by_key(credential.token)
            else _key_diagnosis(call, credential.api_key) or "the ltik was not checked: the API key is wrong",
            credential=credential.api_key,
        )
    _check_address(call, tenant, refusals.INVALID_AUTHORIZATION)
    _count(call, tenant)
    caller = (
        _by_ltik(call, tenant, credential) if credential.scheme in LTIK else _by_service_key(call, tenant, credential)
    )
    call.check(f"Authorization: {credential.scheme}", got=f"tenant {tenant.subdomain}, {_called(caller.lms)}")
    return caller


def _called(lms: Platform | Consumer) -> str:
    return f"platform {lms.id}" if isinstance(lms, Platform) else f"consumer {lms.consumer_key}"


def make_ltik(call: Call, tenant: Tenant, lms: Platform | Consumer, launch: Launch, context_id: str) -> str:
    """The ltik of a launch: an HS256 JWT with the claims of ltijs, as far as LTI 1.1 has them."""
    from lms_emulator.signing.jwt import sign

    registration: dict[str, Any] = {"consumerKey": launch.consumer_key}
    if isinstance(lms, Platform):
        registration = {
            "platformUrl": launch.claims.get("iss"),
            "clientId": lms.client_id,
            "deploymentId": launch.claims.get("https://purl.imsglobal.org/spec/lti/claim/deployment_id"),
            "platformCode": f"lti{lms.id}",
        }
    claims = {
        **registration,
        "contextId": context_id,
        "user": launch.user,
        "s": launch.id,
        "iat": int(launch.created_at.timestamp()),
    }
    return sign(claims, tenant.ltik_secret, algorithm="HS256")


def make_service_key(tenant: Tenant, activity: Activity) -> str:
    """The service key of an activity. It has no user and no expiry."""
    from lms_emulator.signing.jwt import sign

    claims = {"serviceKey": activity.id, "platformId": activity.platform_id, "g": activity.generation}
    return sign(claims, tenant.ltik_secret, algorithm="HS256")


def _by_ltik(call: Call, tenant: Tenant, credential: Credential) -> Caller:
    claims = _proved(call, tenant, credential.token)
    launch = call.store.launches.get(claims.get("s"))
    if launch is None or launch.tenant != tenant.subdomain or not _stands_for(claims, launch):
        raise refusals.invalid_ltik(
            reason="ltik_unknown",
            got="an ltik of a launch unknown here",
            diagnosis=issued.DIAGNOSIS,
            credential=credential.token,
        )
    platform = call.store.platform_of(tenant, launch.platform_id)
    lms = call.store.consumers.get(launch.consumer_key) if launch.consumer_key else platform
    if lms is None or lms.tenant != tenant.subdomain:
        raise refusals.invalid_ltik(reason="ltik_platform_gone", got="an ltik of a platform that was removed")
    activity = call.store.activities.first("id", launch.service_key_id)
    return Caller(tenant, lms, launch, activity)


def _stands_for(claims: dict[str, Any], launch: Launch) -> bool:
    """Whether an ltik belongs to this launch: with seeded ids, another launch had the same id before a reset."""
    return (claims.get("user"), claims.get("iat")) == (launch.user, int(launch.created_at.timestamp()))


def _proved(call: Call, tenant: Tenant, token: str) -> dict[str, Any]:
    from lms_emulator.signing.jwt import verify
    from lms_emulator.signing.token_errors import TokenError

    hours = call.settings.ltik_hours
    try:
        return verify(
            token,
            tenant.ltik_secret,
            algorithms=["HS256"],
            now=call.clock.timestamp(),
            leeway=1,
            max_age=hours * 3600 - 1,
            required=(),
        )
    except TokenError as error:
        expired = error.reason == "too_old"
        other = _of_another_tenant(call, tenant, token) if error.reason == "bad_signature" else None
        raise refusals.invalid_ltik(
            reason="ltik_expired" if expired else f"ltik_{error.reason}",
            got=error.reason,
            diagnosis=f"an ltik is valid for {hours} h; background jobs use the service key of /api/idtoken"
            if expired
            else other or _why_no_ltik(error, token),
            credential=None if error.is_of_time or other else token,
        ) from None


def _of_another_tenant(call: Call, tenant: Tenant, token: str) -> str | None:
    """Whether the ltik or service key is another tenant's than the API key."""
    from lms_emulator.signing.jwt import verify
    from lms_emulator.signing.token_errors import TokenError

    for other in call.store.tenants:
        with suppress(TokenError):
            verify(token, other.ltik_secret, algorithms=["HS256"], now=call.clock.timestamp(), required=())
            if other.subdomain != tenant.subdomain:
                return f"the token is of the tenant `{other.subdomain}`, the API key of `{tenant.subdomain}`"
    return None


def _why_no_ltik(error: TokenError, token: str) -> str | None:
    whole = "; pass on the whole ltik of the launch URL unchanged"
    if error.reason in ("malformed", "bad_signature") and (why := why_not_whole(token)) is not None:
        return f"{why}{whole}"
    return {
        "alg_none": "LTIAAS signs its ltiks, and this is not signed: pass on the ltik of the launch URL unchanged",
        "alg_not_allowed": "this JWT is not an ltik; was it the LMS's own id_token?",
        "malformed": f"this is not a JWT: its {error.check} has to be {error.expected}, and is {error.got}{whole}",
        "bad_signature": f"LTIAAS did not sign this{whole}",
    }.get(error.reason)


def _by_service_key(call: Call, tenant: Tenant, credential: Credential) -> Caller:
    from lms_emulator.signing.jwt import verify
    from lms_emulator.signing.token_errors import TokenError

    try:
        claims = verify(
            credential.token, tenant.ltik_secret, algorithms=["HS256"], now=call.clock.timestamp(), required=()
        )
    except TokenError as error:
        other = _of_another_tenant(call, tenant, credential.token) if error.reason == "bad_signature" else None
        raise refusals.invalid_service_key(
            reason=f"service_key_{error.reason}",
            got=error.reason,
            diagnosis=other,
            credential=None if error.is_of_time or other else credential.token,
        ) from None
    if "serviceKey" not in claims:
        raise refusals.invalid_service_key(
            reason="service_key_is_ltik",
            got="an ltik",
            diagnosis="sent the ltik; read `services.serviceKey`",
            credential=credential.token,
        )
    activity = call.store.activities.first("id", claims["serviceKey"])
    platform = call.store.platform_of(tenant, str(claims.get("platformId")))
    if activity is None or activity.tenant != tenant.subdomain or platform is None:
        raise refusals.invalid_service_key(
            reason="service_key_unknown",
            got="a key of an activity unknown here",
            diagnosis=issued.DIAGNOSIS if activity is None else None,
            credential=credential.token,
        )
    if activity.generation != claims.get("g"):
        raise refusals.invalid_service_key(
            reason="service_key_stale",
            got="the key of an earlier launch",
            diagnosis="a later launch replaced this service key; read it again at every launch",
        )
    return Caller(tenant, platform, None, activity)


def _check_address(call: Call, tenant: Tenant, code: str) -> None:
    named = tenant_in_address(call)
    if named is not None and named.subdomain != tenant.subdomain:
        raise refusals.invalid_api_key(
            code,
            got="the API key of another tenant",
            diagnosis=f"the host is tenant `{named.subdomain}`, the API key is `{tenant.subdomain}`'s",
        )


def _key_diagnosis(call: Call, sent: str) -> str | None:
    for tenant in call.store.tenants:
        if sent.startswith(tenant.api_key + ":"):
            return "sent `<API key>:<token>` as Bearer; the scheme for that is LTIK-AUTH-V2 or SERVICE-AUTH-V1"
    if sent.count(".") == 2:
        return "sent an ltik or service key as Bearer; this endpoint is for the account: write `Bearer <API key>`"
    return None


def _warn_of_browser(call: Call) -> None:
    if call.headers.get("origin") or call.headers.get("sec-fetch-mode") == "cors":
        call.warn("api_key_in_browser", "the API key came with a browser's headers: it belongs in the back end only")


def _count(call: Call, tenant: Tenant) -> None:
    limit = call.settings.rate_limit_per_minute
    if not limit:
        return
    now = call.clock.timestamp()
    minute = int(now) // 60
    window = call.store.rate_windows.get(tenant.subdomain)
    calls = window.calls + 1 if window is not None and window.minute == minute else 1
    if calls > limit:
        raise refusals.rate_limited(limit, retry_after=max(1, int((minute + 1) * 60 - now)))
    call.store.rate_windows.put(RateWindow(tenant=tenant.subdomain, minute=minute, calls=calls))
