"""How Brightspace launches a tool: login initiation, and the response to the tool's authentication request.

Source: LTI Security Framework 1.0, 5.1.1 (https://www.imsglobal.org/spec/security/v1p0/), for the errors.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import ClassVar

from lms_emulator.core.http.refusals import Refusal
from lms_emulator.lti.launches import AuthenticationRequest, Form, Launches
from lms_emulator.lti.platform import Fault
from lms_emulator.lti.rotating_keys import RotatingKeys
from lms_emulator.providers.brightspace import refusals
from lms_emulator.providers.brightspace.call import Call
from lms_emulator.providers.brightspace.lti import claims
from lms_emulator.providers.brightspace.lti.keys import KEYS
from lms_emulator.providers.brightspace.model import Deployment, User
from lms_emulator.signing import lti13
from lms_emulator.signing.jwt import Claims

ERRORS = {
    "launch_over": ("invalid_request", "lti_message_hint is unknown, expired or already used"),
    "login_required": ("login_required", "The user of login_hint is not signed in"),
    "client_not_authorized": ("unauthorized_client", "client_id is not that of the launched tool"),
}

_OF_LTI = (
    "message_type",
    "version",
    "deployment_id",
    "target_link_uri",
    "resource_link",
    "roles",
    "context",
    "lis",
    "launch_presentation",
)
ORDER = (
    *("nbf", "exp", "iss", "aud", "iat", "sub", "given_name", "family_name", "name", "email", "nonce"),
    *(f"{lti13.CLAIM}{name}" for name in _OF_LTI),
    claims.BRIGHTSPACE_CLAIM,
    lti13.AGS_CLAIM,
    lti13.NRPS_CLAIM,
    f"{lti13.CLAIM}tool_platform",
)
"""The order of claims in a captured launch; others follow."""


class BrightspaceLaunches(Launches[Call, User]):
    """The message hint is a random text that identifies the pending launch."""

    keys: ClassVar[RotatingKeys] = KEYS
    path: ClassVar[str] = "/d2l/lti/authenticate"
    order: ClassVar[tuple[str, ...]] = ORDER

    def initiate(self, call: Call, user: User, deployment: Deployment, launch: lti13.Launch) -> Form:
        """The first step: the login initiation URL and its form. The launch is kept until the tool's request."""
        pending = self.begin(call, user.id, call.ids.token(64), launch)
        fields = {
            "iss": launch.issuer,
            "login_hint": self.login_hint(user),
            "target_link_uri": launch.target_link_uri,
            "client_id": launch.client_id,
            "lti_deployment_id": launch.deployment_id,
            "lti_message_hint": pending.hint,
            **self.further_fields(call),
        }
        return self.sent(call, pending, call.resolve(claims.registration(call, deployment).login_url), fields)

    def request(self, call: Call, params: Mapping[str, str], user: User | None) -> AuthenticationRequest[User]:
        client_id = params.get("client_id", "")
        tool = call.store.registrations.get(client_id)
        if tool is None or not tool.enabled:
            call.check("client_id is an enabled registration", False, got=client_id)
            why = claims.why_deployment(call, client_id)
            raise refusals.lti_page(
                "lti_client_unknown", "Unknown client_id", got=client_id, credential=client_id, diagnosis=why
            )
        return AuthenticationRequest(
            params=params,
            client_id=client_id,
            redirect_uris=tool.redirect_uris,
            pending=self.find(call, params.get("lti_message_hint", "")),
            user=user,
        )

    def user_is_signed_in(self, call: Call, request: AuthenticationRequest[User]) -> Fault | None:
        """The signed-in user must be the one who began the launch."""
        pending, user = request.pending, request.user
        if pending is None or user is None or user.id == pending.user_id:
            return super().user_is_signed_in(call, request)
        check = "the session's user began the launch"
        return Fault("lti", "login_required", check, pending.user_id, user.id).noted(call)

    def wrong_redirect_uri(self, fault: Fault) -> Refusal:
        return refusals.lti_page("lti_redirect_uri_mismatch", "Invalid redirect_uri", **fault.details)

    def login_hint(self, user: User) -> str:
        return user.lti_sub

    def error(self, fault: Fault) -> tuple[str, str]:
        broken = f"{fault.check} is missing or not what LTI 1.3 requires"
        return ERRORS.get(fault.kind, ("invalid_request", broken))

    def claims(self, call: Call, launch: lti13.Launch, nonce: str, now: int) -> Claims:
        found = super().claims(call, launch, nonce, now)
        del found["azp"]
        found["nbf"] = found["iat"]
        if "lineitem" in (grades := found.get(lti13.AGS_CLAIM, {})):
            found[lti13.AGS_CLAIM] = {name: grades[name] for name in ("scope", "lineitem", "lineitems")}
        return found

    def further_fields(self, call: Call) -> dict[str, str]:
        """The frame of the platform's storage: the page around the tool."""
        stores = call.settings.platform_storage and call.settings.launch_in == "frame"
        return {"lti_storage_target": "_parent"} if stores else {}

    def refused(self, call: Call, request: AuthenticationRequest[User], fault: Fault) -> Refusal:
        if call.settings.authentication_errors == "post":
            return super().refused(call, request, fault)
        return refusals.lti_not_found(fault.reason, fault.check, **fault.details)

    def checks(self) -> tuple[Callable[[Call, AuthenticationRequest[User]], Fault | None], ...]:
        return *super().checks(), self.state_came

    def state_came(self, call: Call, request: AuthenticationRequest[User]) -> Fault | None:
        """Brightspace also requires `state`."""
        if call.check("state came", bool(request.params.get("state"))):
            return None
        return Fault("lti", "missing_parameter", "state", "present", sorted(request.params))


LAUNCHES = BrightspaceLaunches()
