"""Settings for behaviours of OpenLearning that are not public, and the sources of the rest."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from lms_emulator.core.settings import choice

GUIDE = "https://help.openlearning.com/t/k9slj4/openlearning-api-user-provisioning-and-single-sign-on-with-lti"
V1_GUIDE = "https://help.openlearning.com/t/y7w850/course-provisioning-and-setup-apis"
WEBHOOK_CONNECTOR = "https://help.openlearning.com/t/60ypzw5/openlearning-webhook-connector"
LTI_PROVISIONING = "https://help.openlearning.com/t/k99c8r"
CAPTURE = "chriskok/cikguhub OL_data.py, c031bba"
PAYMENT_GATEWAY = "OpenLearningNet/integration-examples payment-gateway/src/index.ts, ab71ca2"
GATEWAY_MOCK = "rumanta/ol-mock-external-gateway README.md, 445d21c"
COURSE_LIST = "QtRoS/acadebot2 rudra/searchengine/openlearning.go, 4bc73a2"
CORRECT_SERVICE = "RodrigoZillesg/eau-app eau-backend/src/services/openlearningCorrect.service.ts, 4f91e01"
CATALOGUE_SYNC = "RodrigoZillesg/eau-app eau-backend/src/services/openlearningCatalogSync.service.ts, 5470c98"
STATUS_REPORT = "RodrigoZillesg/eau-app OPENLEARNING_STATUS_REPORT.md, 2fb6222"


class OpenLearningSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Settings under the name `openlearning`."""

    # --- the API ---
    trailing_slash: Annotated[
        Literal["strict", "redirect"],
        choice("The answer to an API path without its trailing slash: 404, or a 301 to the path with it."),
    ] = "strict"
    bearer_keys: Annotated[
        Literal["accept", "refuse"],
        choice(
            "Whether `Authorization: Bearer` can carry the API key.",
            source=f"{GUIDE} (calls the key a bearer token in prose)",
        ),
    ] = "accept"
    error_style: Annotated[
        Literal["per_version", "both", "meta", "detail"],
        choice("Error bodies: `meta.error`, `detail`, or both; `per_version` is both in v2.1 and detail in v2.2."),
    ] = "per_version"
    field_error_status: Annotated[
        Literal[400, 422],
        choice(
            "Status for a missing or invalid field; 422 answers with FastAPI's list of details.",
            evidence="inferred",
            source="RodrigoZillesg/eau-app OPENLEARNING_SSO_EDGE_CASES.md, 56ea7ae (a business error with 400)",
        ),
    ] = 400
    json_bodies: Annotated[
        Literal["accept", "refuse"],
        choice("Whether endpoints documented for forms accept JSON as well (with a warning), or answer 415."),
    ] = "accept"
    exact_json_405: Annotated[
        bool,
        choice(
            "Program enrolments answer 405 to exactly `application/json`; with a charset parameter they work.",
            evidence="observed",
            source=GATEWAY_MOCK,
        ),
    ] = False
    check_email_format: Annotated[bool, choice("Refuse e-mail addresses without a local part, an @ and a domain.")] = (
        True
    )
    default_page_size: Annotated[
        int,
        choice(
            "Items per page of lists if the client does not ask for a number.",
            evidence="inferred",
            source="RodrigoZillesg/eau-app OPENLEARNING_INTEGRATION_REPORT.md, 4f91e01 (97 and 60 items in one call)",
            ge=1,
        ),
    ] = 100
    max_page_size: Annotated[int, choice("The maximum of itemsPerPage.", ge=1)] = 1000
    list_external_id_alias: Annotated[
        bool, choice("Send `external_id` beside `external_institution_id` in lists of managed users.")
    ] = False
    send_mail_by_default: Annotated[
        bool,
        choice(
            "Default of `send_password_email` and `send_welcome_email`.",
            evidence="inferred",
            source=f"{GUIDE} (tells integrators to switch them off)",
        ),
    ] = True
    rate_limit_per_minute: Annotated[int, choice("Calls per minute with one key before 429; 0 for no limit.", ge=0)] = 0

    # --- launches ---
    web_base_url: Annotated[
        str,
        choice(
            "Address of the web site in answers and in signed launch URLs, e.g. `https://www.openlearning.com`; "
            "empty: the address of the request."
        ),
    ] = ""
    launch_max_age_seconds: Annotated[
        int,
        choice(
            "How long a launch is valid after its timestamp.",
            source="OpenLearningNet/LTI-Bridge LtiLaunch/index.ts, 1bb59dc (the default of its library ims-lti)",
            ge=0,
        ),
    ] = 300
    launch_clock_skew_seconds: Annotated[int, choice("How far in the future a launch's timestamp may be.", ge=0)] = 60
    allow_get_launch: Annotated[
        bool, choice("Accept launches sent as GET links, which the guide does not provide for.")
    ] = False
    launch_creates_user: Annotated[
        bool,
        choice(
            "A launch signed by the integrator creates a managed account for an unknown user.",
            evidence="documented",
            source=(
                "https://help.openlearning.com/t/k90963/lti-v1-1-single-sign-on-launching-openlearning-from-a-consumer-application"
            ),
        ),
    ] = True
    session_seconds: Annotated[int, choice("How long a browser stays signed in after a launch.", ge=1)] = 14_400

    # --- the v1 API ---
    v1_course_online: Annotated[bool, choice("Whether courses created by the v1 API are online at once.")] = False
