"""LTI 2, whose endpoints Canvas still has: no tool can register that way here, so its services refuse everybody.

Also, LTI Advantage tokens that site operators create for a tool.
"""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import Any, NoReturn

from starlette.responses import Response

from lms_emulator.core.http.routing import Route
from lms_emulator.providers.canvas import refusals
from lms_emulator.providers.canvas.call import identifiers
from lms_emulator.providers.canvas.call.api import Api, global_id
from lms_emulator.providers.canvas.lti import places
from lms_emulator.providers.canvas.lti.tokens import grant
from lms_emulator.providers.canvas.model import DeveloperKey
from lms_emulator.providers.canvas.routes.declare import RECORDED, rest, service
from lms_emulator.providers.canvas.routes.line_items import typed
from lms_emulator.providers.canvas.rules import contexts, features, keys, scopes, tools
from lms_emulator.providers.canvas.shapes import Json
from lms_emulator.providers.canvas.wire import reply

PROFILE = "339b6700-e4cb-47c5-a54f-3ee0064921a9"
PROFILE_TYPE = "application/vnd.ims.lti.v2.toolconsumerprofile+json"
VENDOR = "https://instructure.com"
_SETTINGS = ("application/vnd.ims.lti.v2.toolsettings+json", "application/vnd.ims.lti.v2.toolsettings.simple+json")
_QUOTED = (f"{_SETTINGS[0]}'", _SETTINGS[1])
_PROXY = ("application/vnd.ims.lti.v2.toolproxy+json",)
_BOTH = ("GET", "PUT")
OFFERED: tuple[tuple[str, str, tuple[str, ...], tuple[str, ...]], ...] = (
    ("{place}/tool_proxy", "ToolProxy.collection", _PROXY, ("POST",)),
    ("tool_proxy/{{tool_proxy_guid}}", "ToolProxy.item", _PROXY, ("GET",)),
    ("{place}/authorize", "vnd.Canvas.authorization", ("application/json",), ("POST",)),
    ("tool_settings/tool_proxy/{{tool_proxy_id}}", "ToolProxySettings", _SETTINGS, _BOTH),
    ("tool_settings/bindings/{{binding_id}}", "ToolProxyBindingSettings", _QUOTED, _BOTH),
    (
        "tool_proxy/{{tool_proxy_guid}}/courses/{{course_id}}/resource_link_id/{{resource_link_id}}/tool_setting",
        "LtiLinkSettings",
        _SETTINGS,
        _BOTH,
    ),
)
"""The services of the profile: address, name, media types (one with Canvas's own stray quote) and methods."""
_CHECK = "a tool that was registered by LTI 2 calls"


@cache
def _capabilities() -> tuple[str, ...]:
    text = resources.files("lms_emulator.providers.canvas").joinpath("catalogue/capabilities.tsv").read_text("utf-8")
    return tuple(text.split()[1:])


def profile(api: Api) -> Response:
    """What Canvas offers to LTI 2 tools; public."""
    context = contexts.from_path(api)
    if api.call.path_params.get("tool_consumer_profile_id", PROFILE) != PROFILE:
        raise refusals.not_found("the profile", api.slot("tool_consumer_profile_id"))
    place = context.path.removeprefix("/")
    own = api.url(f"/api/lti/{place}/tool_consumer_profile/{PROFILE}")
    return reply(
        api,
        {
            "lti_version": "LTI-2p0",
            "guid": PROFILE,
            "capability_offered": _capabilities(),
            "security_profile": [
                {"security_profile_name": "lti_oauth_hash_message_security", "digest_algorithm": ["HMAC-SHA1"]},
                {"security_profile_name": "oauth2_access_token_ws_security"},
                {"security_profile_name": "lti_jwt_ws_security", "digest_algorithm": ["HS256"]},
                {"security_profile_name": "lti_jwt_message_security", "digest_algorithm": ["HS256"]},
            ],
            "product_instance": _product(api),
            "service_offered": [
                {
                    "endpoint": api.url(f"/api/lti/{path.format(place=place)}"),
                    "format": media,
                    "action": methods,
                    "@id": f"{own}#{name}",
                    "@type": "RestService",
                }
                for path, name, media, methods in OFFERED
            ],
            "@id": own,
            "@type": "ToolConsumerProfile",
            "@context": ["http://purl.imsglobal.org/ctx/lti/v2/ToolConsumerProfile"],
        },
        headers=typed(PROFILE_TYPE),
    )


def _product(api: Api) -> Json:
    def text(value: str, key: str) -> Json:
        return {"default_value": value, "key": key}

    vendor = {"code": VENDOR, "vendor_name": text("Instructure", "vendor.name"), "timestamp": "2008-03-27T06:00:00Z"}
    return {
        "guid": f"{places.school(api.call, None).guid}:canvas-lms",
        "product_info": {
            "product_version": "none",
            "product_family": {"code": "canvas", "vendor": vendor},
            "product_name": text("Canvas by Instructure", "product.name"),
        },
        "service_owner": {
            "description": text(api.root.name or "", "service_owner.description"),
            "service_owner_name": text(api.root.name or "", "service_owner.name"),
        },
    }


def unauthenticated(api: Api) -> NoReturn:
    """Refuse a caller that is not an LTI 2 tool."""
    raise refusals.no_credentials(_CHECK)


def unauthorized(api: Api) -> NoReturn:
    """Refuse a caller that is not an LTI 2 tool, in the format of that specification."""
    raise refusals.rest("lti2_unauthorized", 401, {"error": "unauthorized"}, check=_CHECK)


def invalid_grant(api: Api) -> NoReturn:
    """Refuse a token to a caller that is not an LTI 2 tool."""
    raise refusals.rest("lti2_invalid_grant", 400, {"error": "invalid_grant"}, check=_CHECK)


# tokens created by operators


def advantage_token(api: Api) -> Json:
    """A service token for a key or a tool, created by a site operator, with any scope, whether the key's or not."""
    user = _operator(api)
    key = identifiers.known(
        _key(api), "the key or tool", api.params.text("client_id") or api.params.text("tool_id"), deleted=True
    )
    if not key.is_lti_key:
        body = {"status": "bad_request", "errors": [{"message": "Tool/Developer Key must be for LTI 1.3 tool"}]}
        raise refusals.rest("key_not_lti", 400, body, check="the key is an LTI key", got=key.id)
    return grant(
        api.call,
        key.id,
        list(scopes.LISTED_LTI),
        token_generated_for="site_admin",
        token_generated_by=global_id(user.id),
    )


def _key(api: Api) -> DeveloperKey | None:
    if (client := api.params.text("client_id")) is not None:
        return keys.find(api.store, client)
    tool = api.store.tools.get(identifiers.local_number(api.params.text("tool_id")) or 0)
    return tools.key_of(api.store, tool) if tool is not None and tool.developer_key_id is not None else None


def _operator(api: Api) -> Any:
    user = api.user
    if not api.check("is an operator of the site", features.sees_hidden(api)):
        raise api.refused("tokens of tools are made by operators of the site")
    return user


def proxy_token(api: Api) -> NoReturn:
    """A token for a tool of LTI 2, of which there are none."""
    _operator(api)
    raise refusals.not_found("the tool proxy", api.params.text("tool_proxy_id"))


_PLACES = ("courses/{course_id}", "accounts/{account_id}")
_WORK = "assignments/{assignment_id}"
_SUBMISSION = f"{_WORK}/submissions/{{submission_id}}"
_SOURCE = f"{RECORDED}/lti-misc.jsonl"

ROUTES: tuple[Route, ...] = (
    *service(
        "lti 2",
        f"{_SOURCE} 66, 76, 80, 82, 86, 90, 97, 99, 101, 102, 104",
        *(
            (f"{method} /api/lti/{path}", unauthenticated, line)
            for methods, path, line in (
                ("GET POST", "subscriptions", "Subscriptions of an LTI 2 tool"),
                ("GET PUT DELETE", "subscriptions/{id}", "A subscription of an LTI 2 tool"),
                ("GET", "users/{id}", "A person, for an LTI 2 tool"),
                ("GET", "groups/{group_id}/users", "The people of a group, for an LTI 2 tool"),
                ("GET", _WORK, "An assignment, for an LTI 2 tool"),
                ("GET", _SUBMISSION, "A submission, for an LTI 2 tool"),
                ("GET", f"{_SUBMISSION}/history", "The attempts of a submission, for an LTI 2 tool"),
                ("POST", f"{_SUBMISSION}/originality_report", "Create or change an originality report"),
                ("GET PUT", f"{_SUBMISSION}/originality_report/{{id}}", "An originality report"),
            )
            for method in methods.split()
        ),
        *(
            (f"{method} /api/lti/{path}", unauthorized, line)
            for methods, path, line in (
                ("GET PUT", "tool_settings/{tool_setting_id}", "Settings of an LTI 2 tool"),
                ("GET", "tool_proxy/{tool_proxy_guid}/tool_setting", "Settings of an LTI 2 tool"),
                *(("POST", f"{place}/tool_proxy", "Register an LTI 2 tool") for place in _PLACES),
            )
            for method in methods.split()
        ),
        *((f"POST /api/lti/{place}/authorize", invalid_grant, "A token for an LTI 2 tool") for place in _PLACES),
        *(
            (f"GET /api/lti/{place}/tool_consumer_profile{part}", profile, "The LTI 2 tool consumer profile")
            for place in _PLACES
            for part in ("", "/{tool_consumer_profile_id}")
        ),
    ),
    *rest(
        "lti 2",
        f"{_SOURCE} 106, 107, 108, 109, 111; canvas-lms app/controllers/lti/token_controller.rb",
        ("GET /api/lti/advantage_token", advantage_token, "A service token for a tool, for site admins"),
        ("GET /api/lti/lti_2_token", proxy_token, "A token for an LTI 2 tool, for site admins"),
    ),
)
