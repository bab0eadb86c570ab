"""Configuration of micro-frontends, and the context of the one that signs in.

Source: edx-platform `lms/djangoapps/mfe_config_api/views.py` and `openedx/core/djangoapps/user_authn/api/views.py`
(MFEContextView); `fixtures/recordings/openedx-2`, acct.jsonl 1-20.
"""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from lms_emulator.core.clock import http_date
from lms_emulator.providers.openedx import credentials, limits, refusals, wire
from lms_emulator.providers.openedx.call import Call
from lms_emulator.providers.openedx.routes.permissions import anyone
from lms_emulator.providers.openedx.routes.resource import Family, recorded
from lms_emulator.providers.openedx.web import cookies, deployment, session

#: How long a client may keep the configuration.
SECONDS = 1


def read_config(call: Call) -> Response:
    """The configuration of all front ends, with that of the one named by `mfe`; an empty 404 where it is off."""
    section = call.store.section
    if not deployment.serves_mfe_config(call):
        refusal = refusals.api_error(404, None, reason="mfe_config_off", check="ENABLE_MFE_CONFIG_API")
        refusal.headers["content-type"] = wire.HTML
        raise refusal
    document = _defaults(call) | section.mfe_config | section.mfe_config_overrides.get(call.query.get("mfe", ""), {})
    headers = {"expires": http_date(call.clock.timestamp() + SECONDS), "cache-control": f"max-age={SECONDS}"}
    return wire.spaced_json(document, 200, headers)


def _defaults(call: Call) -> dict[str, Any]:
    """The configuration of a Tutor deployment."""
    section, base = call.store.section, call.base_url
    fronts = deployment.fronts(call)
    logo = f"{base}/theming/asset/images/logo.png"
    host = next(iter(fronts.values()), base).partition("//")[2].split("/")[0]
    studio = next(iter(deployment.redirect_hosts(call)), call.authority)
    document: dict[str, Any] = {
        "BASE_URL": host,
        "CSRF_TOKEN_API_PATH": "/csrf/api/v1/token",
        "CREDENTIALS_BASE_URL": "",
        "DISCOVERY_API_BASE_URL": "",
        "FAVICON_URL": f"{base}/favicon.ico",
        "INFO_EMAIL": section.contact_email,
        "LANGUAGE_PREFERENCE_COOKIE_NAME": cookies.LANGUAGE,
        "LMS_BASE_URL": base,
        "LOGIN_URL": f"{base}/login",
        "LOGO_URL": logo,
        "LOGO_WHITE_URL": logo,
        "LOGO_TRADEMARK_URL": logo,
        "LOGOUT_URL": f"{base}/logout",
        "MARKETING_SITE_BASE_URL": base,
        "PASSWORD_RESET_SUPPORT_LINK": f"mailto:{section.contact_email}",
        "REFRESH_ACCESS_TOKEN_ENDPOINT": f"{base}/login_refresh",
        "SITE_NAME": section.platform_name,
        "STUDIO_BASE_URL": f"{call.scheme}://{studio}",
        "USER_INFO_COOKIE_NAME": "user-info",
        "ACCESS_TOKEN_COOKIE_NAME": cookies.JWT_PAYLOAD,
    }
    known = (
        ("ACCOUNT_SETTINGS_URL", "account"),
        ("DISCUSSIONS_MFE_BASE_URL", "discussions"),
        ("LEARNING_BASE_URL", "learning"),
    )
    document |= {key: fronts[name] for key, name in known if name in fronts}
    if "profile" in fronts:
        document["ACCOUNT_PROFILE_URL"] = fronts["profile"].removesuffix("/u/")
    if "communications" in fronts:
        document["SCHEDULE_EMAIL_SECTION"] = True
    if deployment.has_authn(call):
        document["DISABLE_ENTERPRISE_LOGIN"] = True
    return document


def read_context(call: Call) -> Response:
    """The context of the sign-in front end: no other identity provider, and no further fields."""
    session.touch(call)
    context: dict[str, Any] = {
        "currentProvider": None,
        "platformName": call.store.section.platform_name,
        "providers": [],
        "secondaryProviders": [],
        "finishAuthUrl": None,
        "errorMessage": None,
        "registerFormSubmitButtonText": "Create Account",
        "autoSubmitRegForm": False,
        "syncLearnerProfileData": False,
        "countryCode": "",
        "welcomePageRedirectUrl": None,
        "pipelineUserDetails": {},
    }
    return wire.api_json(
        {
            "contextData": context,
            "registrationFields": {"fields": {}},
            "optionalFields": {"fields": {}, "extended_profile": []},
        }
    )


FAMILY = Family("/api", tag="mfe_config", authenticators=credentials.NONE, permissions=(anyone,))

ROUTES = (
    *FAMILY.resource(
        "/mfe_config/v1",
        "Configuration of micro-frontends",
        get=read_config,
        source=f"{recorded('main', 1205)}; {recorded('openedx-2/acct', 2)}",
    ),
    *FAMILY.resource(
        "/mfe_context",
        "Context for the sign-in front end",
        get=read_context,
        throttle=limits.mfe_context,
        source=recorded("openedx-2/acct", 14),
    ),
)
