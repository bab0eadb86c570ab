"""How Canvas launches an LTI 1.3 tool: login initiation, and the response to the tool's authentication request.

Sources: https://canvas.instructure.com/doc/api/file.lti_launch_overview.html; the order of checks and the texts from
github.com/instructure/canvas-lms `app/controllers/lti/ims/authentication_controller.rb`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import ClassVar
from urllib.parse import parse_qsl

from lms_emulator.core.access.jwts import why_not_whole
from lms_emulator.core.access.slips import is_jwt
from lms_emulator.core.errors import shortened
from lms_emulator.core.http.refusals import Refusal
from lms_emulator.lti.launches import AuthenticationRequest, Form, Launches, why_missing
from lms_emulator.lti.platform import Fault
from lms_emulator.lti.records import PendingLaunch
from lms_emulator.lti.rotating_keys import RotatingKeys
from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call import Call, number
from lms_emulator.providers.canvas.call.params import as_whole
from lms_emulator.providers.canvas.lti import claims, frames, places, tokens
from lms_emulator.providers.canvas.lti.claims import Opening
from lms_emulator.providers.canvas.lti.keys import KEYS
from lms_emulator.providers.canvas.model import User
from lms_emulator.providers.canvas.rules import keys, tools
from lms_emulator.providers.canvas.rules.people import effective_locale
from lms_emulator.signing import lti13
from lms_emulator.signing.jwt import Claims, sign, verify
from lms_emulator.signing.token_errors import TokenError

ERRORS = {
    "login_required": ("login_required", "Must have an active user session"),
    "launch_over": ("launch_no_longer_valid", "The launch has either expired or already been consumed"),
    "client_not_authorized": ("unauthorized_client", "Client not authorized in requested context"),
}


_LTI = lti13.CLAIM
ORDER = (
    *(f"{_LTI}{name}" for name in ("message_type", "version", "resource_link")),
    f"{lti13.DL_CLAIM}deep_linking_settings",
    *("aud", "azp", f"{_LTI}deployment_id", "exp", "iat", "iss", "nonce", "sub", f"{_LTI}target_link_uri"),
    *("picture", f"{_LTI}role_scope_mentor", "email", "name", "given_name", "family_name"),
    *(f"{_LTI}{name}" for name in ("lis", "context", "tool_platform", "launch_presentation")),
    *("locale", f"{_LTI}roles", f"{_LTI}custom", lti13.AGS_CLAIM, lti13.NRPS_CLAIM),
    *(f"{_LTI}{name}" for name in ("lti11_legacy_user_id", "lti1p1", "eulaservice")),
    "errors",
    *(f"{_LTI}{name}" for name in ("platformnotificationservice", "activity", "submission", "for_user")),
    *(f"{_LTI}{name}" for name in ("assetreport_type", "asset")),
    "https://www.instructure.com/placement",
)
"""The order of claims, as Canvas's code sets them (fixtures/recordings/canvas/lti-launch.jsonl 57; for observed
users `lib/lti/messages/jwt_message.rb`). The places of newer claims are assumed."""


class CanvasLaunches(Launches[Call, User]):
    """Canvas signs the message hint; its `verifier` identifies the pending launch."""

    keys: ClassVar[RotatingKeys] = KEYS
    path: ClassVar[str] = "/api/lti/authorize"
    order: ClassVar[tuple[str, ...]] = ORDER

    def initiate(self, call: Call, opening: Opening) -> Form:
        """The first step: the login initiation URL and its form. The launch is kept until the tool's authentication
        request."""
        launch, user = claims.launch(call, opening), opening.user
        pending = self.begin(call, user.id if user is not None else 0, call.ids.hex(128), launch)
        hint = {
            "verifier": pending.hint,
            "canvas_domain": call.authority,
            **opening.place.hint,
            "canvas_locale": effective_locale(user) if user is not None else "en",
            "include_storage_target": True,
            "exp": int(call.clock.timestamp()) + call.settings.launch_lifetime_seconds,
        }
        newer = {"lti_deployment_id": launch.deployment_id} if call.settings.deployment_id_twice else {}
        fields = {
            "iss": launch.issuer,
            "login_hint": self.login_hint(user) if user is not None else claims.PUBLIC_USER,
            "client_id": launch.client_id,
            **newer,
            "deployment_id": launch.deployment_id,
            "target_link_uri": launch.target_link_uri,
            "lti_message_hint": sign(hint, tokens.secret(), algorithm="HS256"),
            "canvas_environment": "prod",
            "canvas_region": "not_configured",
            **self.further_fields(call),
        }
        action = call.resolve(tools.key_of(call.store, opening.tool).oidc_initiation_url or "")
        return self.sent(call, pending, action, fields)

    def school_address(self, call: Call, hint: str) -> str:
        """The root account's own host from a hint: all root accounts share one sign-on host. Raises refusals."""
        domain = _read_hint(call, hint).get("canvas_domain")
        return call.base_url if domain == call.authority else f"{call.scheme}://{domain}"

    def request(self, call: Call, params: Mapping[str, str], user: User | None) -> AuthenticationRequest[User]:
        verifier = str(_read_hint(call, params.get("lti_message_hint", "")).get("verifier", ""))
        client = params.get("client_id", "")
        if not call.check("client_id is a number", as_whole(client) is not None, got=client):
            raise refusals.launch_client_unknown(client, places.why_deployment(call, client))
        key = keys.find(call.store, client)
        if not call.check("client_id belongs to a tool", key is not None and key.is_lti_key):
            why = (
                f"this is the client id of {key.name}, a key for the REST API: send that of an LTI key" if key else None
            )
            sent = params.get("redirect_uri", "")
            raise refusals.invalid_lti_redirect(
                expected=[], got=sent, diagnosis=why, credential=None if key else client
            )
        assert key is not None
        return AuthenticationRequest(
            params=params,
            client_id=str(key.id),
            redirect_uris=key.redirect_uris,
            pending=self.find(call, verifier),
            user=user,
        )

    def checks(self) -> tuple[Callable[[Call, AuthenticationRequest[User]], Fault | None], ...]:
        """Canvas makes all checks and reports the last failure, and the launch's age only if nothing else failed."""
        return (
            self.client_is_the_launchs,
            self.user_is_signed_in,
            self.scope_is_openid,
            self.nothing_is_missing,
            (self.launch_is_alive),
        )

    def nothing_is_missing(self, call: Call, request: AuthenticationRequest[User]) -> Fault | None:
        """All parameters must be present; only the value of `scope` matters."""
        missing = [name for name in lti13.REQUIRED_PARAMETERS if name not in request.params]
        if call.check("no parameter is missing", not missing, expected=list(lti13.REQUIRED_PARAMETERS), got=missing):
            return self.values_hold(call, request)
        why = why_missing(missing, request.params)
        return Fault("lti", "missing_parameter", ",".join(missing), "present", sorted(request.params), why)

    def values_hold(self, call: Call, request: AuthenticationRequest[User]) -> Fault | None:
        """What other platforms check besides; here it is a warning, unless the setting is strict."""
        fault = self.parameters_hold(call, request)
        if fault is None or call.settings.unchecked_by_canvas == "refuse":
            return fault
        for name, wanted, _ in lti13.FIXED_PARAMETERS:
            if (got := request.params[name]) != wanted:
                said = f"{name} is {shortened(got, 100)}, not {wanted}: Canvas does not look; others refuse it"
                call.warn(f"{name}_unchecked", said)
        if empty := [name for name in lti13.REQUIRED_PARAMETERS if not request.params[name]]:
            call.warn("value_unchecked", f"{', '.join(empty)} came empty: Canvas does not look; others refuse it")
        return None

    def scope_is_openid(self, call: Call, request: AuthenticationRequest[User]) -> Fault | None:
        """`scope` must be exactly `openid`."""
        scope = request.params.get("scope")
        if call.check("scope", scope == "openid", expected="openid", got=scope):
            return None
        return Fault("lti", "wrong_scope", "scope", "openid", scope)

    def user_is_signed_in(self, call: Call, request: AuthenticationRequest[User]) -> Fault | None:
        """The user must be signed in, unless the tool was opened anonymously."""
        if request.user is None and request.params.get("login_hint") == claims.PUBLIC_USER:
            return None
        return super().user_is_signed_in(call, request)

    def client_is_the_launchs(self, call: Call, request: AuthenticationRequest[User]) -> Fault | None:
        """The requesting tool must be the one that was opened, if that is known, and its key must be active."""
        fault = super().client_is_the_launchs(call, request) if request.pending is not None else None
        if fault is not None:
            return fault
        key = call.store.developer_keys.get(number(request.client_id))
        if call.check("the key is active", key is not None and keys.is_on_anywhere(call.store, key)):
            return None
        return Fault("lti", "client_not_authorized", "the key is active", got=request.client_id)

    def check_redirect_uri(self, call: Call, redirect_uri: str, registered: list[str]) -> None:
        """If the registered URI has no query, a query may be added. If it has one, Canvas compares only the query:
        its values must be there, in any order, and the rest of the URI is not checked.
        """
        base, *queries = redirect_uri.split("?")
        for uri in registered:
            own, *needed = uri.split("?")
            if not needed:
                if own == base:
                    return
                continue
            if not queries or not queries[0]:
                raise refusals.crashed("the registered redirect_uri has a query, this one has none", redirect_uri)
            if _values(needed[-1]).items() <= _values(queries[0]).items() and self._takes_base(call, base, own):
                return
        super().check_redirect_uri(call, redirect_uri, registered)

    def _takes_base(self, call: Call, base: str, own: str) -> bool:
        if base != own and not call.settings.checks_redirect_base:
            said = f"`{base}` is not `{own}`, which is registered: Canvas compares only the query of such a URI"
            call.warn("redirect_base_unchecked", said)
        return base == own or not call.settings.checks_redirect_base

    def issued_at(self, call: Call, pending: PendingLaunch) -> int:
        """Canvas creates the token when the page is opened, and adds the nonce later."""
        return int(pending.expires_at.timestamp()) - call.settings.launch_lifetime_seconds

    def claims(self, call: Call, launch: lti13.Launch, nonce: str, now: int) -> Claims:
        """Canvas used to leave traces of its own validation in every claim that is an object."""
        found = super().claims(call, launch, nonce, now)
        if not call.settings.validation_traces:
            return {
                name: {key: member for key, member in value.items() if member is not None}
                if isinstance(value, dict)
                else value
                for name, value in found.items()
                if name != "errors"
            }
        return {
            name: {**value, "validation_context": None, "errors": {"errors": {}}}
            if isinstance(value, dict) and name not in ("errors", f"{lti13.CLAIM}custom")
            else value
            for name, value in found.items()
        }

    def ordered(self, claims: Claims) -> Claims:
        """A line item comes before the claims that every message has (fixtures/recordings/canvas/lti-ags.jsonl 143)."""
        found, grades = super().ordered(claims), claims.get(lti13.AGS_CLAIM, {})
        if "lineitem" not in grades:
            return found
        found[lti13.AGS_CLAIM] = {"lineitem": grades["lineitem"], **grades}
        return {name: found[name] for name in dict.fromkeys((*ORDER[:3], lti13.AGS_CLAIM, *found)) if name in found}

    def wrong_redirect_uri(self, fault: Fault) -> Refusal:
        return refusals.invalid_lti_redirect(**fault.details)

    def login_hint(self, user: User) -> str:
        return places.user_id(user)

    def error(self, fault: Fault) -> tuple[str, str]:
        if fault.kind in ERRORS:
            return ERRORS[fault.kind]
        missing = f"The following parameters are missing: {fault.check}"
        wrong = f"The '{fault.check}' must be '{fault.expected}'"
        return "invalid_request_object", missing if fault.kind == "missing_parameter" else wrong

    def further_fields(self, call: Call) -> dict[str, str]:
        return {"lti_storage_target": "post_message_forwarding" if frames.stores(call) else "_parent"}


def _values(query: str) -> dict[str, tuple[str, ...]]:
    """The values of each parameter in a query."""
    found: dict[str, tuple[str, ...]] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        found[name] = (*found.get(name, ()), value)
    return found


def _read_hint(call: Call, hint: str) -> Claims:
    if not call.check("lti_message_hint came", bool(hint)):
        raise refusals.message_hint_missing()
    try:
        return verify(hint, tokens.secret(), algorithms=["HS256"], now=call.clock.timestamp())
    except TokenError as error:
        call.check("lti_message_hint", False, expected=error.expected, got=error.got)
        unchanged = "return the lti_message_hint of the login initiation unchanged"
        cut = why_not_whole(hint) if hint.startswith("eyJ") else None
        diagnosis = "the launch is too old" if error.reason == "expired" else cut or unchanged
        raise refusals.invalid_message_hint(diagnosis, None if is_jwt(hint) else hint) from error


LAUNCHES = CanvasLaunches()
