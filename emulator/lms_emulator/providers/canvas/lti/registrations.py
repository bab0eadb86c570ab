"""Dynamic registration: a user pastes the tool's registration URL, the tool registers, and an administrator then
enables its key.

Sources: https://developerdocs.instructure.com/services/canvas/external-tools/lti/file.registration; the configuration
as a Canvas of February 2026 returned it; fixtures/recordings/canvas/lti-misc.jsonl 146 (an earlier form); canvas-lms
app/models/lti/ims/registration.rb, build_placement_for, infer_privacy_level_from (2024), and
app/controllers/lti/ims/dynamic_registration_controller.rb (2026).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal, cast

from lms_emulator.core.http.refusals import Refusal
from lms_emulator.lti.platform import Fault
from lms_emulator.lti.records import RegistrationToken
from lms_emulator.lti.registrations import LIFETIME, PLATFORM, TOOL, Registrations, Wanted, fault_of, parse
from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call import Call
from lms_emulator.providers.canvas.call.api import global_id
from lms_emulator.providers.canvas.call.moments import when
from lms_emulator.providers.canvas.call.params import as_whole
from lms_emulator.providers.canvas.lti import documents, notices, places, tokens, variables
from lms_emulator.providers.canvas.model import (
    DeveloperKey,
    DeveloperKeyAccountBinding,
    LtiContextControl,
    LtiRegistration,
    Tool,
    ToolConfiguration,
)
from lms_emulator.providers.canvas.rules import registration_requests, scopes, tool_configurations, update_requests
from lms_emulator.providers.canvas.rules.registration_requests import PLACELESS, PREFIX, SPOTS, STANDARD
from lms_emulator.signing import lti13
from lms_emulator.signing.jwt import read, sign

Privacy = Literal["public", "name_only", "email_only", "anonymous"]
PLATFORM_NAME = "canvas.instructure.com"
CONFIGURATION = "/api/lti/security/openid-configuration"
_OPENING = """
account_navigation analytics_hub assignment_edit assignment_group_menu assignment_index_menu assignment_menu
assignment_selection assignment_view collaboration conference_selection course_assignments_menu
course_home_sub_navigation course_navigation course_settings_sub_navigation discussion_topic_index_menu
discussion_topic_menu file_index_menu file_menu global_navigation homework_submission link_selection
migration_selection module_group_menu module_index_menu module_index_menu_modal module_menu_modal module_menu
post_grades quiz_index_menu quiz_menu similarity_detection student_context_card submission_type_selection
tool_configuration top_navigation user_navigation wiki_index_menu wiki_page_menu
"""
_CHOOSING = f"""
assignment_selection {documents.SPOT} {documents.CONTRIBUTIONS} collaboration conference_selection
course_assignments_menu editor_button homework_submission link_selection migration_selection module_index_menu_modal
module_menu_modal submission_type_selection
"""
"""The placements that Canvas announces, in its order."""
_NAMES = {"name", "given_name", "family_name", f"{lti13.CLAIM}lis"}
_WIDE = ("assignment_edit", "post_grades")
"""Placements whose size settings apply to the launched tool rather than to the selection dialog."""


class CanvasRegistrations(Registrations[Call]):
    """Canvas identifies its own placements by URLs, and returns a deployment id at once."""

    endpoint: ClassVar[str] = "/api/lti/registrations"
    refused_requests_consume: ClassVar[bool] = True

    def configuration_url(self, call: Call, token: str) -> str:
        if not call.settings.dynamic_registration:
            return f"{call.settings.issuer}/api/lti/ims/security/openid-configuration"
        return call.url(f"{CONFIGURATION}?registration_token={token}")

    def make_token(
        self,
        call: Call,
        url: str | None,
        user_id: int,
        *,
        unified_tool_id: str | None = None,
        existing_registration: int | None = None,
    ) -> str:
        now = call.clock.now()
        if not call.settings.dynamic_registration:
            school = places.school(call, None).uuid
            early = {"initiated_at": now.isoformat(timespec="seconds"), "user_id": user_id, "root_account_uuid": school}
            return sign(early, tokens.secret(), algorithm="HS256")
        claims = {
            "uuid": call.ids.uuid(),
            "initiated_at": when(now),
            "user_id": global_id(user_id),
            "unified_tool_id": unified_tool_id,
            "root_account_global_id": global_id(places.school(call, None).id),
            "root_account_domain": call.authority,
            "registration_url": url,
            "existing_registration": existing_registration,
            "exp": int((now + LIFETIME).timestamp()),
        }
        return sign(_said(**claims), tokens.secret(), algorithm="HS256")

    def uuid_of(self, token: str) -> str | None:
        """The id in a registration token."""
        found = read(token).claims.get("uuid")
        return str(found) if found is not None else None

    def own_members(self, call: Call) -> dict[str, Any]:
        school = places.school(call, None)
        placeless = [{"type": kind} for kind in PLACELESS] if call.settings.asset_processors else []
        return {
            "issuer": call.settings.issuer,
            "authorization_endpoint": call.url("/api/lti/authorize_redirect"),
            "jwks_uri": call.url("/api/lti/security/jwks"),
            "token_endpoint": call.url(tokens.TOKEN_PATH),
            "scopes_supported": list(_offered(call)),
            "authorization_server": call.authority,
            PLATFORM: {
                "product_family_code": "canvas",
                "version": "vCloud",
                "messages_supported": [
                    {"type": lti13.RESOURCE_LINK_REQUEST, "placements": [*_announced(call, _OPENING), "ContentArea"]},
                    {
                        "type": lti13.DEEP_LINKING_REQUEST,
                        "placements": [*_announced(call, _CHOOSING), "ContentArea", "RichTextEditor"],
                    },
                    *placeless,
                ],
                **({"notice_types_supported": list(notices.TYPES)} if call.settings.notices else {}),
                "variables": variables.names(call.settings.newer_variables),
                f"{PREFIX}account_name": school.name,
                f"{PREFIX}account_lti_guid": f"{school.guid}:canvas-lms",
                f"{PREFIX}account_domain": call.authority,
            },
        }

    def admit(self, call: Call, token: RegistrationToken) -> None:
        if not call.check("the token names the tool's URL", "registration_url" in read(token.token).claims):
            raise refusals.registration_token_incomplete()
        super().admit(call, token)

    def checked(self, call: Call, body: Any) -> Wanted:
        faults = registration_requests.faults(body)
        if faults:
            other = Fault("registration", "invalid", "Canvas's schema", got=faults, diagnosis=_why_schema(faults[0]))
            fault = fault_of(body) or other
            raise refusals.registration_invalid(faults, fault.noted(call).check, **fault.details)
        wanted = parsed(registration_requests.kept(body))
        strange = [scope for scope in wanted.scopes if scope not in scopes.LTI]
        unknown = tool_configurations.faults_of_scopes(strange)
        if not call.check("tools can have these scopes", not strange, got=strange):
            sentence = unknown[0][1] if unknown else f"Invalid scopes: {', '.join(strange)}"
            raise refusals.registration_scopes_invalid(sentence, strange)
        return wanted

    def create(self, call: Call, wanted: Wanted, token: RegistrationToken) -> dict[str, Any]:
        said = read(token.token).claims
        if said.get("existing_registration") is not None:
            return self._update(call, wanted, said, token.user_id)
        school, store = places.school(call, None), call.store
        settings, privacy = configured(wanted)
        key = store.developer_keys.put(_key(call, wanted, school.id))
        store.lti_registrations.put(
            LtiRegistration(
                id=store.new_id("lti_registrations"),
                developer_key_id=key.id,
                name=wanted.name,
                admin_nickname=wanted.name,
                vendor=wanted.tool.get(f"{PREFIX}vendor"),
                description=wanted.tool.get("description"),
                dynamic=True,
                sent=wanted.body,
                guid=said.get("uuid"),
                registration_url=said.get("registration_url"),
                unified_tool_id=said.get("unified_tool_id"),
                created_by_id=token.user_id,
                updated_by_id=token.user_id,
                created_at=call.clock.now(),
                updated_at=call.clock.now(),
            )
        )
        store.developer_key_account_bindings.put(
            DeveloperKeyAccountBinding(
                id=store.new_id("developer_key_account_bindings"), account_id=school.id, developer_key_id=key.id
            )
        )
        found = store.tool_configurations.put(
            ToolConfiguration(
                id=store.new_id("tool_configurations"),
                developer_key_id=key.id,
                settings=settings,
                privacy_level=privacy,
            )
        )
        call.warn("key_off", f"the key {key.id} is off until an administrator enables it")
        if call.settings.registrations_are_deployed:
            _deploy(call, wanted, key, privacy, token.user_id)
        return {**answer(call, wanted.body, key, found), **_first_deployment(call, key)}

    def _update(self, call: Call, wanted: Wanted, said: Mapping[str, Any], user_id: int) -> dict[str, Any]:
        """Request the change of a registration. Returns the current registration."""
        number = said["existing_registration"]
        row = next((each for each in call.store.lti_registrations if number in (each.id, global_id(each.id))), None)
        key = call.store.developer_keys.get(row.developer_key_id) if row is not None else None
        if row is None or key is None or key.workflow_state == "deleted":
            raise refusals.not_found("the registration", number)
        school = places.school(call, None).id
        update_requests.ask(call, row, school, wanted.body, uuid=said.get("uuid"), user_id=user_id)
        return registered(call, row, key)

    def refusal(self, call: Call, fault: Fault) -> Refusal:
        return refusals.registration_refused(fault.reason, fault.check, **fault.details)


def _announced(call: Call, spots: str) -> list[str]:
    """The names of placements; Canvas's own are URLs."""
    offered = {
        documents.SPOT: call.settings.asset_processors,
        documents.CONTRIBUTIONS: call.settings.discussion_processors,
    }
    found = [name for name in spots.split() if offered.get(name, True)]
    return [name if name in offered else f"{PREFIX}{name}" for name in found]


def _offered(call: Call) -> tuple[str, ...]:
    """The scopes that tools may request, in Canvas's order (canvas-lms lib/token_scopes.rb, LTI_SCOPES, 2026)."""
    return (
        "openid",
        *scopes.REGISTRATION,
        *lti13.SERVICE_SCOPES,
        *((scopes.NOTICES,) if call.settings.notices else ()),
        *(scopes.DOCUMENTS if call.settings.asset_processors else ()),
        f"{PREFIX}public_jwk/scope/update",
        f"{PREFIX}account_lookup/scope/show",
        scopes.PROGRESS,
        scopes.PAGE_CONTENT,
    )


def key_members(wanted: Wanted) -> dict[str, Any]:
    """The developer key's fields from a registration."""
    return {
        "name": wanted.name,
        "redirect_uris": wanted.redirect_uris,
        "scopes": list(dict.fromkeys(wanted.scopes)),
        "icon_url": wanted.body.get("logo_uri"),
        "public_jwk_url": wanted.keys,
        "oidc_initiation_url": wanted.login,
        "target_link_uri": wanted.tool["target_link_uri"],
    }


def _key(call: Call, wanted: Wanted, school: int) -> DeveloperKey:
    return DeveloperKey(
        id=global_id(call.store.new_id("developer_keys")),
        account_id=school,
        api_key=call.ids.alnum(64),
        require_scopes=True,
        is_lti_key=True,
        created_at=call.clock.now(),
        **key_members(wanted),
    )


def _deploy(call: Call, wanted: Wanted, key: DeveloperKey, privacy: str, user_id: int) -> None:
    """Install a tool in the school, where it is not available yet."""
    times: dict[str, Any] = {"created_at": call.clock.now(), "updated_at": call.clock.now()}
    tool = call.store.tools.put(
        Tool(
            id=call.store.new_id("tools"),
            account_id=key.account_id,
            developer_key_id=key.id,
            name=wanted.name,
            description=wanted.tool.get("description"),
            domain=wanted.tool["domain"],
            url=wanted.tool["target_link_uri"],
            privacy=cast("Privacy", privacy if privacy in ("public", "name_only", "email_only") else "anonymous"),
            **times,
        )
    )
    call.store.lti_context_controls.put(
        LtiContextControl(
            id=call.store.new_id("lti_context_controls"),
            deployment_id=tool.id,
            account_id=key.account_id,
            available=False,
            created_by_id=user_id,
            updated_by_id=user_id,
            **times,
        )
    )


def parsed(body: dict[str, Any]) -> Wanted:
    """The parsed form of a valid request, without the scope `openid`, which Canvas does not keep."""
    wanted = parse(body)
    return wanted._replace(scopes=[scope for scope in wanted.scopes if scope != "openid"])


def configured(wanted: Wanted) -> tuple[dict[str, Any], str]:
    """The key's tool configuration in Canvas's own format, and the privacy level."""
    privacy = str(wanted.tool.get(f"{PREFIX}privacy_level") or _privacy_of(wanted.tool["claims"]))
    return _configuration(wanted, privacy), privacy


def _privacy_of(claims: list[Any]) -> Privacy:
    """The privacy level that allows the requested claims, for a tool that names no level."""
    names, email = not _NAMES.isdisjoint(map(str, claims)), "email" in claims
    if "picture" in claims or (names and email):
        return "public"
    if names:
        return "name_only"
    return "email_only" if email else "anonymous"


def _configuration(wanted: Wanted, privacy: str) -> dict[str, Any]:
    """canvas-lms app/models/lti/ims/registration.rb, canvas_configuration (2026), with its order."""
    tool, placements = wanted.tool, dict[str, dict[str, Any]]()
    for message in tool["messages"]:
        if message["type"] in PLACELESS:
            continue
        for spot in map(_own_name, message.get("placements") or ["ContentArea"]):
            if spot in SPOTS:
                placements.setdefault(spot, _placement(message, spot))
    placeless = [
        _said(
            type=message["type"],
            enabled=True,
            target_link_uri=message.get("target_link_uri"),
            custom_fields=message.get("custom_parameters"),
        )
        for message in tool["messages"]
        if message["type"] in PLACELESS
    ]
    return {
        "title": wanted.name,
        "scopes": wanted.scopes,
        "public_jwk_url": wanted.keys,
        "description": tool.get("description"),
        "custom_fields": tool.get("custom_parameters"),
        "target_link_uri": tool["target_link_uri"],
        "oidc_initiation_url": wanted.login,
        "url": tool["target_link_uri"],
        "privacy_level": privacy,
        "extensions": [
            {
                "domain": tool["domain"],
                "platform": PLATFORM_NAME,
                "tool_id": tool.get(f"{PREFIX}tool_id"),
                "privacy_level": privacy,
                "settings": _said(
                    text=wanted.name,
                    icon_url=wanted.body.get("logo_uri"),
                    platform=PLATFORM_NAME,
                    placements=list(placements.values()),
                    message_settings=placeless or None,
                ),
            }
        ],
    }


def _said(**members: Any) -> dict[str, Any]:
    """The members that are not blank."""
    return {name: value for name, value in members.items() if value is not None}


def _placement(message: dict[str, Any], spot: str) -> dict[str, Any]:
    """The configuration of one placement of a message."""
    shown, open_to = message.get(f"{PREFIX}display_type"), message.get(f"{PREFIX}visibility")
    size = "launch" if spot in _WIDE else "selection"
    hidden = spot == "course_navigation" and message.get(f"{PREFIX}course_navigation/default_enabled") is False
    return _said(
        placement=spot,
        enabled=True,
        message_type=message["type"],
        text=message.get("label"),
        custom_fields=message.get("custom_parameters"),
        icon_url=message.get("icon_uri"),
        target_link_uri=message.get("target_link_uri"),
        visibility=open_to if open_to in ("admins", "members", "public") else None,
        default="disabled" if hidden else None,
        display_type="default" if shown == "new_window" else shown,
        windowTarget="_blank" if shown == "new_window" else None,
        **{f"{size}_{side}": _measured(message, side) for side in ("width", "height")},
    )


def _measured(message: dict[str, Any], side: str) -> int | None:
    """The size that a message requests for its frame or window; otherwise that of Canvas's own member."""
    framed, windowed = message.get("iframe"), message.get("window")
    if message.get("preferred_presentation") == "window" or framed is None:
        framed = windowed
    said = framed.get(side) if isinstance(framed, dict) else None
    return as_whole(str(message.get(f"{PREFIX}launch_{side}") if said is None else said))


def _own_name(spot: Any) -> str:
    text = str(spot).removeprefix(PREFIX)
    return STANDARD.get(text, text)


def registered(call: Call, registration: LtiRegistration, key: DeveloperKey) -> dict[str, Any]:
    """The registration of a dynamically registered tool, with its first deployment."""
    found = call.store.tool_configurations.first("key", key.id)
    assert found is not None, "a dynamically registered tool has a configuration"
    return {**answer(call, registration.sent or {}, key, found), **_first_deployment(call, key)}


def _first_deployment(call: Call, key: DeveloperKey) -> dict[str, str]:
    tool = next((tool for tool in call.store.tools.find("key", key.id) if tool.workflow_state == "active"), None)
    return {"deployment_id": places.deployment_id(call, tool)} if tool is not None else {}


def _why_schema(fault: str) -> str:
    """What a fault says: `<value> <pointer>. Schema: <schema>`."""
    found, _, schema = fault.partition(". Schema: ")
    value, _, pointer = found.rpartition(" ")
    where = pointer.replace("~1", "/").replace("~0", "~")
    return f"`{where}` was sent as {value[:100]}, which Canvas's schema does not have: {schema[:300]}"


def answer(call: Call, body: dict[str, Any], key: DeveloperKey, found: ToolConfiguration) -> dict[str, Any]:
    """Canvas's response to a registration, which omits `contacts` and `client_uri`."""
    number = global_id(found.id)
    own = call.url(f"{CanvasRegistrations.endpoint}/{number}")
    view = call.url(f"/api/lti/accounts/{global_id(key.account_id or 0)}/registrations/{number}/view")
    scope = [value for value in str(body.get("scope") or "").split() if value != "openid"]
    return _said(
        client_id=str(key.id),
        application_type="web",
        grant_types=["client_credentials", "implicit"],
        initiate_login_uri=body.get("initiate_login_uri"),
        redirect_uris=body.get("redirect_uris"),
        response_types=["id_token"],
        client_name=body.get("client_name"),
        jwks_uri=body.get("jwks_uri"),
        logo_uri=key.icon_url,
        token_endpoint_auth_method="private_key_jwt",
        scope=" ".join([*scope, "openid"]),
        **{TOOL: {**(body.get(TOOL) or {}), f"{PREFIX}registration_config_url": view}},
        registration_client_uri=own,
    )


REGISTRATIONS = CanvasRegistrations()
