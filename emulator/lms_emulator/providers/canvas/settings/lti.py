"""How Canvas launches tools, and what it accepts from them."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from lms_emulator.core.settings import Was, choice

RECORDED = "fixtures/recordings/canvas"
TOKEN = "canvas-lms lib/canvas/oauth/token.rb"


def since(day: str, help: str, source: str, before: str) -> msgspec.Meta:
    """What Canvas does since a day that is chosen, between what shows it without and what shows it with it."""
    return choice(help, evidence="chosen", source=source, was=(Was(False, day, f"{before} (the day is chosen)"),))


class LtiSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Settings of LTI."""

    contact_email: Annotated[
        str,
        choice(
            "`tool_consumer_instance_contact_email` of LTI 1.1 launches: the school's contact address.",
            evidence="observed",
            source=f"{RECORDED}/lti-11.jsonl 14 (a school of its own)",
        ),
    ] = "notifications@instructure.com"
    platform_storage: Annotated[
        bool,
        choice(
            "Whether tools store data through a frame of Canvas's that `lti_storage_target` names, or in the page "
            "itself.",
            evidence="observed",
            source="https://canvas.instructure.com/doc/api/file.lti_launch_overview.html",
            was=(Was(False, "2024-01-01", f"{RECORDED}/lti-launch.jsonl 56 (`_parent` in 2023; the day is chosen)"),),
        ),
    ] = True
    checks_redirect_base: Annotated[
        bool,
        choice(
            "Whether a `redirect_uri` must match the registered one before the query, if that one has a query. "
            "Canvas compares only the query, so a signed launch can go to any host; the journal warns of it.",
            evidence="observed",
            source="canvas-lms app/controllers/lti/ims/authentication_controller.rb, redirect_uri (2024-04)",
        ),
    ] = False
    launch_in: Annotated[
        Literal["frame", "window"],
        choice(
            "Where a tool opens: in a frame of the page, as at Canvas unless the placement, the item or the "
            "assignment says otherwise, or always in the whole window, so that its URL is visible.",
            evidence="observed",
            source=f"{RECORDED}/lti-launch.jsonl 24",
        ),
    ] = "frame"
    tells_of_tabs: Annotated[
        bool,
        choice(
            "Whether `launch_presentation.document_target` is `window` for a tool that opens in a tab.",
            evidence="chosen",
            source="https://canvas.instructure.com/doc/api/file.placements_overview.html",
            was=(Was(False, "2024-01-01", f"{RECORDED}/lti-launch.jsonl 141 (`iframe`; the day is chosen)"),),
        ),
    ] = True
    dynamic_registration: Annotated[
        bool,
        choice(
            "Whether tools can register themselves.",
            evidence="observed",
            source="https://developerdocs.instructure.com/services/canvas/external-tools/lti/file.registration",
            was=(Was(False, "2024-01-01", f"{RECORDED}/lti-authorize.jsonl 4, 7, 8 (not in 2023; the day is chosen)"),),
        ),
    ] = True
    deployment_id_twice: Annotated[
        bool,
        choice(
            "Whether login initiation names the deployment as `lti_deployment_id` too.",
            evidence="observed",
            source="https://canvas.instructure.com/doc/api/file.lti_launch_overview.html",
            was=(Was(False, "2024-01-01", f"{RECORDED}/lti-launch.jsonl 56 (once in 2023; the day is chosen)"),),
        ),
    ] = True
    validation_traces: Annotated[
        bool,
        choice(
            "Whether the objects in an id_token contain `validation_context`, `errors` and null members.",
            evidence="chosen",
            source="https://canvas.instructure.com/doc/api/file.lti_launch_overview.html",
            was=(Was(True, "2024-01-01", f"{RECORDED}/lti-launch.jsonl 57 (in 2023; the day is chosen)"),),
        ),
    ] = False
    tells_consumer_keys: Annotated[
        bool,
        choice(
            "Whether the `lti1p1` claim proves the consumer key of an LTI 1.1 tool with the same URL. At Canvas, the "
            "hidden feature `include_oauth_consumer_key_in_lti_launch` decides; that it is on is chosen.",
            source="canvas-lms lib/lti/messages/jwt_message.rb, add_lti1p1_claims! (2024-04)",
            was=(Was(False, "2024-01-01", f"{RECORDED}/lti-launch.jsonl 56 (not in 2023; the day is chosen)"),),
        ),
    ] = True
    sessionless_launches_name_placement: Annotated[
        bool,
        since(
            "2024-05-01",
            "Whether the URL of a sessionless launch of LTI 1.3 has the requested `launch_type`, so that the tool "
            "opens there.",
            "canvas-lms app/controllers/lti/concerns/sessionless_launches.rb, course_or_account_launch_link (later)",
            "canvas-lms app/controllers/lti/concerns/sessionless_launches.rb (2024-04)",
        ),
    ] = True
    tells_number_separators: Annotated[
        bool,
        choice(
            "Whether `$Canvas.account.decimal_separator` and `$Canvas.account.thousand_separator` are expanded. At "
            "Canvas, the site's feature `new_quizzes_separators` decides; that it is on is chosen.",
            source="canvas-lms lib/lti/variable_expander.rb (2026)",
        ),
    ] = True
    newer_variables: Annotated[
        bool,
        since(
            "2023-07-01",
            "Whether custom fields support the variables added after June 2023, such as `$Canvas.term.id`.",
            "https://canvas.instructure.com/doc/api/file.tools_variable_substitutions.html",
            "canvas-lms lib/lti/variable_expander.rb (2023-06)",
        ),
    ] = True
    asset_processors: Annotated[
        bool,
        since(
            "2025-06-01",
            "Whether assignments can have document processors. A feature of the school decides; that it is on is "
            "chosen.",
            "canvas-lms app/controllers/lti/ims/asset_processor_controller.rb (2025)",
            "canvas-lms config/routes.rb (2023-06)",
        ),
    ] = True
    discussion_processors: Annotated[
        bool,
        since(
            "2025-12-01",
            "Whether document processors get the entries of graded discussions; needs `asset_processors`. A feature "
            "of the school decides; that it is on is chosen.",
            "canvas-lms app/models/discussion_entry.rb, send_lti_asset_processor_notification (2026)",
            "canvas-lms config/routes.rb (2023-06)",
        ),
    ] = True
    variables_as_text: Annotated[
        bool,
        since(
            "2025-01-01",
            "Whether custom fields contain numbers and booleans as strings, and variables whose value is null as "
            "written. Before, LTI 1.3 had the values themselves. It changed between April 2024 and 2026; the day is "
            "chosen.",
            "canvas-lms lib/lti/variable_expander.rb, expand_variables! (2026)",
            f"{RECORDED}/lti-vars.jsonl 26, 48",
        ),
    ] = True
    changed_variables: Annotated[
        bool,
        since(
            "2025-01-01",
            "Whether `$ResourceLink.id` and `$ResourceLink.title` are the link's, outside assignments too, "
            "`$Canvas.masqueradingUser.userId` is a `sub`, section names are sorted by id, and staff get the latest "
            "due date of the students. Before, the first was the line item's resource id. It changed between April "
            "2024 and 2026; the day is chosen.",
            "canvas-lms lib/lti/variable_expander.rb (2024-04, and of 2026)",
            f"{RECORDED}/lti-vars.jsonl 26, 48",
        ),
    ] = True
    notices: Annotated[
        bool,
        since(
            "2024-11-01",
            "Whether tools can receive notices.",
            "https://developerdocs.instructure.com/services/canvas/external-tools/lti/file.pns",
            "canvas-lms config/routes.rb (2023-06)",
        ),
    ] = True
    canvas_region: Annotated[
        str,
        choice("`canvas_region` in token answers.", evidence="observed", source=TOKEN),
    ] = "unknown"
    issuer: Annotated[
        str, choice("`iss` of LTI messages.", evidence="documented", source="canvas-lms doc/api/lti_launch_overview.md")
    ] = "https://canvas.instructure.com"
    deep_linking_answer_once: Annotated[
        bool,
        choice(
            "Whether a deep linking response is accepted only once per launch.",
            evidence="observed",
            source="canvas-lms app/controllers/lti/ims/concerns/deep_linking_services.rb (a site without a cache, as "
            "the recorded one was, takes several)",
        ),
    ] = True
    deep_linking_line_items: Annotated[
        bool,
        choice(
            "Whether line items of selected content create assignments, whatever the feature of that name says.",
            evidence="observed",
            source="canvas-lms app/controllers/lti/ims/deep_linking_controller.rb, lti_deep_linking_line_items",
            was=(Was(False, "2024-01-01", f"{RECORDED}/lti-deeplink.jsonl 202 (a switch in 2023; the day is chosen)"),),
        ),
    ] = True
    sign_on_host: Annotated[
        str,
        choice(
            "Sign-on host shared by all schools: an assertion's `aud` may name its token endpoint. Empty for none.",
            evidence="documented",
            source="https://canvas.instructure.com/doc/api/file.oauth_endpoints.html",
            was=(Was("", "2024-01-01", f"{RECORDED}/lti-token.jsonl 25 (refused in 2023; the day is chosen)"),),
        ),
    ] = "sso.canvaslms.com"
    id_token_lifetime_seconds: Annotated[
        int,
        choice("Lifetime of an id_token.", evidence="observed", source=f"{RECORDED}/lti-authorize.jsonl 18", ge=1),
    ] = 3600
    launch_lifetime_seconds: Annotated[
        int,
        choice(
            "How long a tool may take between login initiation and authentication request.", evidence="chosen", ge=1
        ),
    ] = 300
    service_token_lifetime_seconds: Annotated[
        int,
        choice("Lifetime of an LTI service token.", evidence="observed", source=f"{RECORDED}/lti-token.jsonl 0", ge=1),
    ] = 3600
    assertion_max_age_seconds: Annotated[
        int,
        choice(
            "Oldest `iat` of a client assertion.", evidence="observed", source=f"{RECORDED}/lti-token.jsonl 33", ge=1
        ),
    ] = 300
    assertion_future_buffer_seconds: Annotated[
        int,
        choice(
            "How far `iat` may be in the future.", evidence="observed", source=f"{RECORDED}/lti-token.jsonl 35", ge=0
        ),
    ] = 30
    reused_jti: Annotated[
        Literal["refuse", "allow"],
        choice(
            "A client assertion or deep linking response with a used `jti` or nonce. Canvas accepts it; 1EdTech's "
            "Security Framework does not. If allowed, there is a warning.",
            evidence="observed",
            source=f"{RECORDED}/lti-token.jsonl 40",
        ),
    ] = "allow"
    unchecked_by_canvas: Annotated[
        Literal["refuse", "allow"],
        choice(
            "What 1EdTech's specifications require and Canvas does not check: `prompt`, `response_type` and "
            "`response_mode` of a launch's authentication request, and an empty nonce; an assertion's `iss` and `kid`; "
            "message type, version, deployment and nonce of a deep linking response; scores for another tool's line "
            "item, and the list of its results; the body hash and the consumer key of LTI 1.1. If allowed, there is "
            "a warning.",
            evidence="observed",
            source=f"{RECORDED}/lti-token.jsonl 45, 48; {RECORDED}/lti-deeplink.jsonl 42; "
            f"{RECORDED}/lti-ags.jsonl 135; {RECORDED}/lti-11.jsonl 128",
        ),
    ] = "allow"
    critical_headers: Annotated[
        Literal["refuse", "ignore"],
        choice(
            "A `crit` header in a tool's JWT. Canvas's library, json-jwt, does not check it; RFC 7515 requires "
            "refusing it. If ignored, there is a warning.",
            evidence="documented",
            source="nov/json-jwt lib/json/jws.rb, verify!; canvas-lms lib/canvas/security/jwt_validator.rb",
        ),
    ] = "ignore"
    registrations_are_deployed: Annotated[
        bool,
        choice(
            "Whether an LTI registration that is created, or with which a tool registers itself, also installs the "
            "tool in the school, at first available nowhere (`lti_registrations_next`).",
            evidence="documented",
            source="canvas-lms app/services/lti/create_registration_service.rb (2025)",
        ),
    ] = True
    tool_content: Annotated[
        bool,
        choice(
            "Whether tools with `content_migration` export and import their content when courses are copied, exported "
            "or imported. At Canvas, `enable_lti_content_migration` decides; that it is on is chosen.",
            evidence="chosen",
            source="canvas-lms app/models/lti/content_migration_service.rb (2024-04)",
        ),
    ] = True
    tool_content_retry_seconds: Annotated[
        float,
        choice(
            "How long to wait before asking a tool again, up to five times, whether its export or import is complete. "
            "Canvas waits 20 s (`external_content_retry_delay_seconds`). After a time-out it pauses for "
            "1.5 s and 4.5 s; the emulator does so too, unless this is shorter.",
            evidence="chosen",
            source="canvas-lms lib/canvas/migration/external_content/migrator.rb (2024-04)",
            ge=0,
            le=60,
        ),
    ] = 1.0
