"""Dynamic registration: an administrator pastes the tool's URL, then enables the registration.

Sources: https://community.d2l.com/brightspace/kb/articles/23660 (the steps, and that a registration is disabled at
first); https://documentation.brightspace.com/EN/integrations/ipsis/LTI%20Advantage/dynamic_registration.htm (https;
whether the key set can be reached is not checked); members of the configuration after 1EdTech Dynamic Registration 1.0;
its URL and that of registration are chosen.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from lms_emulator.core.http.refusals import Refusal
from lms_emulator.lti.platform import Fault
from lms_emulator.lti.records import RegistrationToken
from lms_emulator.lti.registrations import PLATFORM, TOOL, Registrations, Wanted
from lms_emulator.providers.brightspace import oauth, refusals
from lms_emulator.providers.brightspace.call import Call
from lms_emulator.providers.brightspace.lti import sharing
from lms_emulator.providers.brightspace.lti.variables import NAMES
from lms_emulator.providers.brightspace.model import Deployment, LtiLink, ToolRegistration
from lms_emulator.providers.brightspace.model.lti import Extension
from lms_emulator.signing import lti13

CONFIGURATION = "/d2l/.well-known/openid-configuration"
PAGE = "/d2l/le/ltiadvantage/registrations"
MESSAGES = (
    lti13.RESOURCE_LINK_REQUEST,
    lti13.DEEP_LINKING_REQUEST,
    lti13.SUBMISSION_REVIEW_REQUEST,
    lti13.EULA_REQUEST,
    lti13.PROCESSOR_SETTINGS_REQUEST,
    lti13.REPORT_REVIEW_REQUEST,
)


class BrightspaceRegistrations(Registrations[Call]):
    """A new registration is disabled and has no deployment."""

    endpoint: ClassVar[str] = "/d2l/api/lti/registrations"

    def configuration_url(self, call: Call, token: str) -> str:
        return call.url(CONFIGURATION)

    def make_token(self, call: Call, url: str, user_id: int) -> str:
        return call.ids.token(64)

    def own_members(self, call: Call) -> dict[str, Any]:
        return {
            "issuer": call.base_url,
            "authorization_endpoint": call.url("/d2l/lti/authenticate"),
            "token_endpoint": call.url("/core/connect/token"),
            "jwks_uri": call.url("/d2l/.well-known/jwks"),
            "authorization_server": oauth.AUDIENCE,
            "scopes_supported": ["openid", *lti13.SERVICE_SCOPES, *lti13.FURTHER_SCOPES],
            PLATFORM: {
                "product_family_code": "desire2learn",
                "version": call.settings.le_latest_version,
                "messages_supported": [{"type": kind} for kind in MESSAGES],
                "notice_types_supported": [lti13.CONTEXT_COPY_NOTICE, lti13.SUBMISSION_NOTICE],
                "variables": list(NAMES),
            },
        }

    def create(self, call: Call, wanted: Wanted, token: RegistrationToken) -> dict[str, Any]:
        tool = ToolRegistration(
            client_id=call.ids.uuid(),
            name=wanted.name,
            login_url=wanted.login,
            redirect_uris=wanted.redirect_uris,
            keyset_url=wanted.keys,
            target_link_uri=wanted.tool["target_link_uri"],
            domain=wanted.tool["domain"],
            enabled=False,
            extensions=_extensions(wanted),
            custom={str(k): str(v) for k, v in (wanted.tool.get("custom_parameters") or {}).items()},
        )
        urls = [tool.login_url, *tool.redirect_uris, tool.target_link_uri, tool.keyset_url]
        wrong = next((url for url in urls if not oauth.secure_enough(call, url)), None)
        if wrong is not None:
            why = f"`{wrong}` is not a URL that begins with https://, which each address of a tool does"
            raise self.refusal(call, Fault("registration", "url_insecure", "the URLs", "https", wrong, why).noted(call))
        if taken(call, tool) is not None:
            why = "another registration has this name"
            raise self.refusal(call, Fault("registration", "name_taken", "client_name", diagnosis=why, got=tool.name))
        call.store.registrations.put(tool)
        call.warn("registration_disabled", f"{tool.name} is disabled until an administrator enables it")
        deployed = _deployed(call, tool, wanted) if token.deploys else {}
        return {**wanted.body, "client_id": tool.client_id, TOOL: {**wanted.tool, **deployed}}

    def refusal(self, call: Call, fault: Fault) -> Refusal:
        return refusals.registration_refused(fault.reason, fault.check, **fault.details)


def _deployed(call: Call, tool: ToolRegistration, wanted: Wanted) -> dict[str, str]:
    """Deploy a tool in the organization, shared with nobody yet, with its links. Returns members of the answer.

    Source: https://documentation.brightspace.com/EN/integrations/ipsis/LTI%20Advantage/dynamic_registration.htm
    (deployment and org level links are optional); which messages become links is chosen.
    """
    top = sharing.organization(call)
    if top is None:
        return {}
    deployment = Deployment(
        id=call.ids.uuid(),
        client_id=tool.client_id,
        org_unit_id=top.id,
        name=tool.name,
        extensions=[*tool.extensions, "deep_linking"],
        custom=tool.custom,
    )
    call.store.deployments.put(deployment)
    for message in wanted.tool["messages"]:
        if message["type"] == lti13.RESOURCE_LINK_REQUEST:
            own = message.get("custom_parameters")
            link = LtiLink(
                id=f"exu-{call.ids.digits(8)}_{top.id}",
                deployment_id=deployment.id,
                title=str(message.get("label") or tool.name),
                url=str(message.get("target_link_uri") or "") or None,
                custom={str(k): str(v) for k, v in own.items()} if isinstance(own, Mapping) else {},
            )
            call.store.lti_links.put(link)
    return {"deployment_id": deployment.id}


def taken(call: Call, tool: ToolRegistration) -> Literal["name", "domain"] | None:
    """What another registration has already: no two have the same name, no two that are enabled the same domain.

    Sources: https://community.d2l.com/brightspace/kb/articles/23662;
    https://documentation.brightspace.com/EN/integrations/ipsis/LTI%20Advantage/dynamic_registration.htm.
    """
    others = [registration for registration in call.store.registrations if registration.client_id != tool.client_id]
    if any(registration.name == tool.name for registration in others):
        return "name"
    return "domain" if tool.enabled and rivals(call, tool) else None


def rivals(call: Call, tool: ToolRegistration) -> list[ToolRegistration]:
    """The enabled registrations of others for the tool's domain."""
    others = [row for row in call.store.registrations if row.client_id != tool.client_id and row.enabled]
    return [registration for registration in others if tool.domain and registration.domain == tool.domain]


def _extensions(wanted: Wanted) -> list[Extension]:
    """The extensions whose scopes or messages a tool requests."""
    found: list[Extension] = []
    if set(lti13.AGS_SCOPES) & set(wanted.scopes):
        found.append("ags")
    if lti13.SCOPE_MEMBERSHIP in wanted.scopes:
        found.append("nrps")
    if lti13.SCOPE_ASSETS in wanted.scopes:
        found.append("asset_processor")
    if lti13.SCOPE_NOTICES in wanted.scopes:
        found.append("notices")
    if any(message["type"] == lti13.SUBMISSION_REVIEW_REQUEST for message in wanted.tool["messages"]):
        found.append("submission_review")
    return found


REGISTRATIONS = BrightspaceRegistrations()
