"""How Canvas launches a tool: login initiation, and the answer to the tool's authentication request.

Sources: https://canvas.instructure.com/doc/api/file.lti_launch_overview.html; the order of checks and the texts from
github.com/instructure/canvas-lms `app/controllers/lti/ims/authentication_controller.rb`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import ClassVar

from lms_emulator.core.http.refusals import Refusal
from lms_emulator.lti.launches import AuthenticationRequest, Form, Launches
from lms_emulator.lti.platform import Fault
from lms_emulator.providers.canvas import oauth, refusals
from lms_emulator.providers.canvas.call import Call, number
from lms_emulator.providers.canvas.lti import claims, tokens
from lms_emulator.providers.canvas.model import Course, Tool, User
from lms_emulator.providers.canvas.rules import keys
from lms_emulator.providers.canvas.rules.people import effective_locale
from lms_emulator.signing import lti13
from lms_emulator.signing.jwt import Claims, TokenError, sign, verify

STORAGE_TARGET = {"lti_storage_target": "post_message_forwarding"}
ERRORS = {
    "login_required": ("login_required", "Must have an active user session"),
    "launch_over": ("launch_no_longer_valid", "The launch has either expired or already been consumed"),
    "client_not_authorized": ("unauthorized_client", "Client not authorized in requested context"),
}


class CanvasLaunches(Launches[Call, User]):
    """Canvas signs the message hint; the launch itself waits under the `verifier` in it."""

    key: ClassVar[str] = "canvas"
    kid: ClassVar[str] = "canvas-2026-01"

    def initiate(self, x: Call, user: User, course: Course, tool: Tool, launch: lti13.Launch) -> Form:
        """The first step: where to post to at the tool, and what. The launch waits for the tool's answer."""
        pending = self.begin(x, user.id, x.ids.hex(128), launch)
        hint = {
            "verifier": pending.hint,
            "canvas_domain": x.authority,
            "context_type": "Course",
            "context_id": 10_000_000_000_000 + course.id,
            "canvas_locale": effective_locale(user),
            "include_storage_target": True,
            "exp": int(x.clock.timestamp()) + x.settings.launch_lifetime_seconds,
        }
        fields = {
            "iss": launch.issuer,
            "login_hint": self.login_hint(user),
            "client_id": launch.client_id,
            "lti_deployment_id": launch.deployment_id,
            "deployment_id": launch.deployment_id,
            "target_link_uri": launch.target_link_uri,
            "lti_message_hint": sign(hint, tokens.secret(), algorithm="HS256"),
            "canvas_environment": "prod",
            "canvas_region": "not_configured",
            **STORAGE_TARGET,
        }
        return x.resolve(claims.key_of(x, tool).oidc_initiation_url or ""), fields

    def school_address(self, x: Call, hint: str) -> str:
        """The school's own address that a hint names; one sign-on host stands before all schools."""
        try:
            domain = _read_hint(x, hint).get("canvas_domain")
        except TokenError:
            return x.base_url
        return x.base_url if domain == x.authority else f"{x.scheme}://{domain}"

    def request(self, x: Call, params: Mapping[str, str], user: User | None) -> AuthenticationRequest[User]:
        try:
            verifier = str(_read_hint(x, params.get("lti_message_hint", "")).get("verifier", ""))
        except TokenError as error:
            x.check("lti_message_hint", False, expected=error.expected, got=error.got)
            unchanged = "send back the lti_message_hint of the login initiation unchanged"
            diagnosis = "the launch is too old" if error.reason == "expired" else unchanged
            raise refusals.invalid_message_hint(diagnosis) from error
        key = oauth.find_key(x, params.get("client_id", ""))
        return AuthenticationRequest(
            params=params,
            client_id=str(key.id),
            redirect_uris=key.redirect_uris,
            pending=self.find(x, verifier),
            user=user,
        )

    def checks(self) -> tuple[Callable[[Call, AuthenticationRequest[User]], Fault | None], ...]:
        return self.parameters_hold, self.user_is_signed_in, self.launch_is_alive, self.client_is_the_launchs

    def client_is_the_launchs(self, x: Call, request: AuthenticationRequest[User]) -> Fault | None:
        """Besides, the developer key has to be switched on."""
        fault = super().client_is_the_launchs(x, request)
        key = x.store.developer_keys.get(number(request.client_id))
        if fault is not None or x.check(
            "the key is switched on", key is not None and keys.is_on_somewhere(x.store, key)
        ):
            return fault
        return Fault("lti", "client_not_authorized", "the key is switched on", got=request.client_id)

    def wrong_redirect_uri(self, fault: Fault) -> Refusal:
        return refusals.invalid_lti_redirect(fault.expected, fault.got)

    def login_hint(self, user: User) -> str:
        return user.lti_user_id

    def error(self, fault: Fault) -> tuple[str, str]:
        if fault.kind in ERRORS:
            return ERRORS[fault.kind]
        missing = f"The following parameters are missing: {fault.check}"
        wrong = f"The '{fault.check}' must be '{fault.expected}'"
        return "invalid_request_object", missing if fault.kind == "missing_parameter" else wrong

    def further_fields(self) -> dict[str, str]:
        return STORAGE_TARGET


def _read_hint(x: Call, hint: str) -> Claims:
    return verify(hint, tokens.secret(), algorithms=["HS256"], now=x.clock.timestamp())


LAUNCHES = CanvasLaunches()
