"""Every behaviour of LTIAAS that is not public, with the default chosen here.

`U1` and so on are rows of the list of unknowns in `docs/providers/ltiaas.md`.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from lms_emulator.core.settings import choice

GUIDE = "https://ltiaas.com/guides/flows/oauth2"
REFRESH = "https://ltiaas.com/api/post-api-oauth-access-token-refresh"
REFERENCE = "Siutan/LTIaaS-docs ltiaas-docs/api"
"""Where the API reference of docs.ltiaas.com, as of July 2025, can be read: a folder for each operation."""
LTIJS = "Cvmcosta/ltijs src"
"""The library that LTIAAS is built on."""
ERRORS = "https://ltiaas.com/guides/troubleshooting/troubleshooting_error_messages"


class LtiaasSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Chosen behaviours of LTIAAS."""

    # the portal of the default tenant, so that a demo tool elsewhere needs no world file
    launch_url: Annotated[str, choice("Replaces every tenant's launch URL; empty: as in the world.")] = ""
    deep_linking_url: Annotated[str, choice("Replaces every tenant's deep-linking URL; empty: as in the world.")] = ""
    oauth_return_url: Annotated[str, choice("Replaces every tenant's OAuth2 return URL; empty: as in the world.")] = ""

    # OAuth2: start, callback, return
    callback_path: Annotated[
        str, choice("U1. Path that the LMS sends the browser back to.", source=f"{GUIDE} (host only)")
    ] = "/oauth/callback"
    oauth_return_param: Annotated[
        str, choice("U2. Name of the one query parameter on the return URL.", source=f"{GUIDE} (that there is one)")
    ] = "code"
    oauth_code_field: Annotated[
        str, choice("U3. Body field of the code exchange; empty: the name of U2. `code` is always taken too.")
    ] = ""
    oauth_refresh_path: Annotated[
        Literal["all", "suffix", "infix", "dashed"],
        choice(
            "U4. Which refresh path answers: `/api/oauth/access-token/ID/refresh` (suffix), "
            "`/api/oauth/access-token/refresh/ID` (infix), `/api/oauth/access-token-refresh/ID` (dashed).",
            source=f"{REFRESH} (POST, platformId and body only)",
        ),
    ] = "all"
    exchange_returns_refresh_token: Annotated[
        bool, choice("U5. Does the code exchange answer with `refreshToken`?", evidence="inferred", source=REFRESH)
    ] = True
    refresh_returns_refresh_token: Annotated[
        Literal["auto", "never", "always"],
        choice("U6. Does a refresh answer with `refreshToken`? `auto`: when the LMS gave a new one.", source=REFRESH),
    ] = "auto"
    start_honours_parameters: Annotated[
        bool,
        choice("U7. Does /oauth/start act on `redirect`, `redirect_uri`, `return_to`, `state` and `scope`?"),
    ] = False
    oauth_refusal: Annotated[
        Literal["redirect", "envelope"],
        choice("U8. If the user declines: redirect to the return URL with `error`, or an error answer from LTIAAS."),
    ] = "redirect"
    inactive_service_status: Annotated[
        int, choice("U9. Status of INACTIVE_SERVICE.", source=f"{ERRORS} (the name)", ge=400, le=499)
    ] = 403
    service_not_available_status: Annotated[
        int,
        choice(
            "U9. Status of SERVICE_NOT_AVAILABLE_FOR_CONTEXT.",
            source=f"{ERRORS} (the name)",
            ge=400,
            le=499,
        ),
    ] = 403
    unknown_platform_status: Annotated[int, choice("U10. Status of PLATFORM_NOT_FOUND.", ge=400, le=499)] = 404
    wrong_api_key_code: Annotated[
        str,
        choice(
            "U11. Code of a wrong API key on Bearer endpoints.",
            evidence="documented",
            source=f"{REFERENCE}/get-api-registrations/index.md",
        ),
    ] = "INVALID_LTIK_AUTH_AUTHORIZATION_HEADER"
    validation_status: Annotated[int, choice("U12. Status of a body that does not validate.", ge=400, le=499)] = 400
    exchange: Annotated[
        Literal["on_access_token", "on_callback"],
        choice("U13. When LTIAAS trades the LMS's code for a token.", evidence="inferred", source=REFRESH),
    ] = "on_access_token"
    oauth_code_seconds: Annotated[int, choice("U14. How long the code on the return URL lives.", ge=1)] = 600
    oauth_code_single_use: Annotated[bool, choice("U14. Is the code spent by its first exchange?")] = True
    oauth_not_configured_code: Annotated[
        str, choice("U15. Code when the portal has no OAuth2 client for the platform. An invented name.")
    ] = "OAUTH_NOT_CONFIGURED"
    rate_limit_per_minute: Annotated[
        int, choice("U16. API calls a tenant may make in a minute; 0: no limit.", ge=0)
    ] = 0
    cors: Annotated[
        Literal["none", "any"],
        choice("U17. May a browser script of another origin read /api answers?"),
    ] = "none"
    start_authorization: Annotated[
        Literal["ignore", "refuse"],
        choice("U18. What /oauth/start does with an Authorization header, which a browser would not send."),
    ] = "ignore"
    oauth_state_seconds: Annotated[
        int, choice("How long a user may take to log in and consent: life of state and cookie.", ge=1)
    ] = 600
    oauth_return_platform_id: Annotated[bool, choice("Does the return URL include the platform?")] = False
    access_token_status: Annotated[int, choice("Status of a successful code exchange.", ge=200, le=201)] = 200

    # launches
    login_state_seconds: Annotated[
        int,
        choice(
            "How long the LMS may take to post the id_token.",
            evidence="observed",
            source=f"{LTIJS}/Provider/Provider.js",
            ge=1,
        ),
    ] = 60
    id_token_max_age_seconds: Annotated[
        int,
        choice(
            "Oldest `iat` of an id_token (TOKEN_TOO_OLD).",
            evidence="observed",
            source=f"{LTIJS}/Utils/Auth.js",
            ge=1,
        ),
    ] = 10
    critical_headers: Annotated[
        Literal["refuse", "ignore"],
        choice(
            "A `crit` header in an id_token. jsonwebtoken, which ltijs uses, does not check it; RFC 7515 requires "
            "refusing it. If ignored, there is a warning.",
            evidence="observed",
            source=f"auth0/node-jsonwebtoken 9.0.2 verify.js; {LTIJS}/Utils/Auth.js",
        ),
    ] = "ignore"
    legacy_launch_seconds: Annotated[
        int,
        choice(
            "U20. How far `oauth_timestamp` of an LTI 1.1 launch may be from now.",
            source="https://www.imsglobal.org/specs/ltiv1p1p1/implementation-guide, 4.2 (five minutes as an example)",
            ge=1,
        ),
    ] = 300
    legacy_query_signed: Annotated[
        Literal["either", "twice"],
        choice(
            "U21. How an LTI 1.1 launch signs a parameter that is in both the URL's query and the form: `twice` as "
            "in RFC 5849, or once as Canvas does.",
            source="canvas-lms gems/lti_outbound/lib/lti_outbound/tool_launch.rb (once)",
        ),
    ] = "either"
    ltik_hours: Annotated[
        int,
        choice(
            "How long an ltik lives.",
            evidence="documented",
            source="https://docs.ltiaas.com/guides/api/authentication",
            ge=1,
        ),
    ] = 24
    service_key_rotates: Annotated[
        bool, choice("Does a new launch of the same activity make older service keys stale?")
    ] = False
    cookie_secure: Annotated[
        Literal["auto", "always", "never"],
        choice(
            "`Secure; SameSite=None` on state cookies. `auto`: on https only, as HTTP clients keep such "
            "cookies back on plain http.",
            evidence="observed",
            source=f"{LTIJS}/Provider/Provider.js",
        ),
    ] = "auto"

    presentation_size: Annotated[
        Literal["left out", "numbers", "text"],
        choice(
            "Type of the frame's `width` and `height` in the id token: the reference has numbers, but LTIAAS's Node "
            "client accepts only strings, and otherwise rejects the whole id token.",
            source=f"{REFERENCE}/get-idtoken/index.md; LTIaaS/ltiaas-node-sdk src/resources/idtoken/schemas.ts",
        ),
    ] = "left out"

    # services
    lineitem_put_status: Annotated[
        int,
        choice(
            "Status of a replaced line item.",
            evidence="documented",
            source=f"{REFERENCE}/put-api-lineitems-lineitemid/index.md",
            ge=200,
            le=201,
        ),
    ] = 201
    deep_linking_form_id: Annotated[
        Literal["ltiaas_dl", "ltijs_submit"],
        choice(
            "Id of the deep-linking form: the guide and the reference differ.",
            evidence="documented",
            source=f"https://docs.ltiaas.com/guides/api/deeplinking; {REFERENCE}/post-api-deeplinking-form/index.md",
        ),
    ] = "ltiaas_dl"
    deep_linking_foreign_url: Annotated[
        Literal["warn", "refuse"],
        choice("What happens to an ltiResourceLink whose `url` is not this tenant's /lti/launch."),
    ] = "warn"
    lms_unreachable_status: Annotated[
        int, choice("Status when the LMS cannot be reached or answers nonsense.", ge=500, le=599)
    ] = 502
