"""What Canvas does where it may do otherwise, or where nobody outside knows."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from lms_emulator.core.settings import Was, choice

RECORDED = "fixtures/recordings/canvas"
THROTTLING = "canvas-lms doc/api/throttling.md"
TOKEN = "canvas-lms lib/canvas/oauth/token.rb"


def _since(day: str, help: str, source: str, before: str) -> msgspec.Meta:
    """What Canvas does since a day that is chosen, between what shows it without and what shows it with it."""
    return choice(help, evidence="chosen", source=source, was=(Was(False, day, f"{before} (the day is chosen)"),))


class CanvasSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Settings of the provider `canvas`."""

    access_token_lifetime_seconds: Annotated[
        int,
        choice(
            "Lifetime of an access token.", evidence="documented", source="canvas-lms doc/api/oauth_endpoints.md", ge=1
        ),
    ] = 3600
    authorization_code_lifetime_seconds: Annotated[
        int,
        choice("Lifetime of an authorization code.", evidence="observed", source=TOKEN, ge=1),
    ] = 600
    permission_denied_status: Annotated[
        Literal[401, 403],
        choice(
            "Status when a person may not do something: 403 since 2025, 401 before.",
            evidence="observed",
            source="canvas-lms app/controllers/application_controller.rb, render_unauthorized_action; "
            f"{RECORDED}/people-users.jsonl 89 (401 in 2023)",
        ),
    ] = 403
    rate_limit_status: Annotated[
        Literal[403, 429],
        choice(
            "Status of a throttled call.",
            evidence="documented",
            source="https://github.com/ucfopen/canvasapi/issues/704 (quotes the change log of October 2025)",
            was=(Was(403, "2025-10-01", "fixtures/recordings/canvas/people-throttle.jsonl 1, 2"),),
        ),
    ] = 429
    contact_email: Annotated[
        str,
        choice(
            "`tool_consumer_instance_contact_email` of LTI 1.1 launches: where the school's mail comes from.",
            evidence="observed",
            source=f"{RECORDED}/lti-11.jsonl 14 (a school of its own)",
        ),
    ] = "notifications@instructure.com"
    require_user_agent: Annotated[
        bool,
        choice(
            "Refuse a request that has no `User-Agent`, with 403.",
            evidence="documented",
            source="https://community.canvaslms.com/t5/-/-/ba-p/658205",
            was=(Was(False, "2026-01-17", "https://community.canvaslms.com/t5/-/-/ba-p/658205"),),
        ),
    ] = True
    dead_refresh_token_error: Annotated[
        Literal["invalid_grant", "invalid_request"],
        choice(
            "`error` for a refresh token that is unknown, revoked or replaced.",
            evidence="recorded",
            source="fixtures/recordings/canvas/oauth-flow.jsonl 2, 261, 262, 264",
            was=(
                Was(
                    "invalid_request",
                    "2022-07-01",
                    "https://github.com/tl-its-umich-edu/canvas-course-manager-next/issues/397",
                ),
            ),
        ),
    ] = "invalid_grant"
    rate_limit: Annotated[
        Literal["never", "bucket"],
        choice(
            "`bucket` throttles each token by Canvas's leaky bucket; `never` only sends the headers.",
            evidence="chosen",
            source=f"{THROTTLING} (the bucket)",
        ),
    ] = "never"
    request_cost: Annotated[float, choice("Cost of one call, units of the bucket.", evidence="chosen", ge=0)] = 0.05
    token_request_cost: Annotated[
        float,
        choice(
            "Cost of a token given at the token endpoint, for the session or address that asked.",
            evidence="recorded",
            source=f"{RECORDED}/oauth-flow.jsonl 404-407",
            ge=0,
        ),
    ] = 200.0
    rate_limit_high_water: Annotated[
        float,
        choice("Level from which on calls are refused.", evidence="documented", source=THROTTLING, ge=1),
    ] = 600.0
    rate_limit_reserved: Annotated[
        float,
        choice(
            "What a call holds back while it is under way: the bucket is full that much below the mark.",
            evidence="documented",
            source=f"{THROTTLING}; {RECORDED}/people-throttle.jsonl 1",
            ge=0,
        ),
    ] = 50.0
    rate_limit_outflow: Annotated[
        float,
        choice("Units that leave the bucket per second.", evidence="documented", source=THROTTLING, ge=0),
    ] = 10.0
    tells_why_token_died: Annotated[
        bool,
        choice(
            "Say `Revoked access token.` and `Expired access token.` instead of `Invalid access token.`",
            evidence="observed",
            source="https://github.com/tl-its-umich-edu/canvas-course-manager-next/issues/491",
            was=(Was(False, "2024-11-01", f"{RECORDED}/oauth-flow.jsonl 312, 354 (the day is chosen)"),),
        ),
    ] = True
    pkce: Annotated[
        bool,
        choice(
            "Hold a `code_verifier` against the `code_challenge` of the authorization request.",
            evidence="observed",
            source="canvas-lms lib/canvas/oauth/pkce.rb",
            was=(
                Was(False, "2024-01-01", f"{RECORDED}/oauth-flow.jsonl 76, 206 (ignored in 2023; the day is chosen)"),
            ),
        ),
    ] = True
    platform_storage: Annotated[
        bool,
        choice(
            "Whether tools may keep data in a frame of Canvas's, which `lti_storage_target` names.",
            evidence="observed",
            source="https://canvas.instructure.com/doc/api/file.lti_launch_overview.html",
            was=(Was(False, "2024-01-01", f"{RECORDED}/lti-launch.jsonl 56 (`_parent` in 2023; the day is chosen)"),),
        ),
    ] = True
    checks_redirect_base: Annotated[
        bool,
        choice(
            "Whether a `redirect_uri` has to be where the registered one is if that one has a query. Canvas compares "
            "the query only, so that a signed launch can go to any host; the journal warns of it.",
            evidence="observed",
            source="canvas-lms app/controllers/lti/ims/authentication_controller.rb, redirect_uri (2024-04)",
        ),
    ] = False
    launch_in: Annotated[
        Literal["frame", "window"],
        choice(
            "Where a tool is opened: in a frame of the page, as the real one does unless the placement, the item or "
            "the assignment says otherwise; or always in the whole window, so that its address shows.",
            evidence="observed",
            source=f"{RECORDED}/lti-launch.jsonl 24",
        ),
    ] = "frame"
    tells_of_tabs: Annotated[
        bool,
        choice(
            "Whether `launch_presentation.document_target` is `window` for a tool that opens in a tab of its own.",
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
    rich_content_host: Annotated[
        str,
        choice(
            "Host of the editor's own service, for the variable `com.instructure.RCS.app_host`; empty for none.",
            evidence="observed",
            source=f"{RECORDED}/lti-vars.jsonl 26",
        ),
    ] = ""
    validation_traces: Annotated[
        bool,
        choice(
            "Whether the objects in an id_token hold `validation_context`, `errors` and members that are null.",
            evidence="chosen",
            source="https://canvas.instructure.com/doc/api/file.lti_launch_overview.html",
            was=(Was(True, "2024-01-01", f"{RECORDED}/lti-launch.jsonl 57 (in 2023; the day is chosen)"),),
        ),
    ] = False
    tells_consumer_keys: Annotated[
        bool,
        choice(
            "Whether the `lti1p1` claim proves the consumer key of an LTI 1.1 tool that has the same address. At "
            "Canvas a hidden feature decides, `include_oauth_consumer_key_in_lti_launch`: that it is on is chosen.",
            source="canvas-lms lib/lti/messages/jwt_message.rb, add_lti1p1_claims! (2024-04)",
            was=(Was(False, "2024-01-01", f"{RECORDED}/lti-launch.jsonl 56 (not in 2023; the day is chosen)"),),
        ),
    ] = True
    denial_has_description: Annotated[
        bool,
        choice(
            "Whether `error=access_denied` comes with an `error_description`.",
            evidence="observed",
            source="canvas-lms app/controllers/oauth2_provider_controller.rb, deny",
            was=(Was(False, "2024-01-01", f"{RECORDED}/oauth-flow.jsonl 116 (none in 2023; the day is chosen)"),),
        ),
    ] = True
    redirect_token_errors: Annotated[
        bool,
        choice(
            "Answer an error at the token endpoint with a 302 to `redirect_uri` when that parameter was sent, unless "
            "the site's feature `no_redirect_on_oauth_token_method` is on.",
            evidence="observed",
            source="canvas-lms app/controllers/oauth2_provider_controller.rb",
            was=(Was(True, "2024-01-01", f"{RECORDED}/oauth-old-errors.jsonl 5 (the day is chosen)"),),
        ),
    ] = False
    first_and_last_names: Annotated[
        bool,
        _since(
            "2023-10-01",
            "Whether `GET /users/:id` tells first and last names.",
            "canvas-lms app/controllers/users_controller.rb, api_show (2024)",
            f"{RECORDED}/people-users.jsonl 2",
        ),
    ] = True
    bodies_of_listed_pages: Annotated[
        bool,
        _since(
            "2023-10-01",
            "Whether lists of pages tell bodies with `include[]=body`.",
            "canvas-lms app/controllers/wiki_pages_api_controller.rb, index (2024)",
            f"{RECORDED}/content-pages.jsonl 48",
        ),
    ] = True
    refuses_unreadable_announcements: Annotated[
        bool,
        _since(
            "2023-07-01",
            "Whether `/announcements` refuses a course that cannot be read, or passes it over.",
            "canvas-lms app/controllers/announcements_api_controller.rb (2024)",
            f"{RECORDED}/content-announcements.jsonl 32, 33",
        ),
    ] = True
    tells_auto_subscribe: Annotated[
        bool,
        _since(
            "2023-09-01",
            "Whether an account's calendar tells if everybody gets it.",
            "canvas-lms app/controllers/account_calendars_api_controller.rb (2024)",
            f"{RECORDED}/misc.jsonl 90, 96",
        ),
    ] = True
    series_everywhere: Annotated[
        bool,
        _since(
            "2023-12-16",
            "Whether every school has series of events, or those with the feature `calendar_series`.",
            "canvas-lms app/controllers/calendar_events_api_controller.rb (2024)",
            f"{RECORDED}/calendar-series.jsonl 0, 1",
        ),
    ] = True
    newer_variables: Annotated[
        bool,
        _since(
            "2023-07-01",
            "Whether custom fields know the variables that came after June 2023, such as `$Canvas.term.id`.",
            "https://canvas.instructure.com/doc/api/file.tools_variable_substitutions.html",
            "canvas-lms lib/lti/variable_expander.rb (2023-06)",
        ),
    ] = True
    notices: Annotated[
        bool,
        _since(
            "2024-11-01",
            "Whether tools can be told of notices.",
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
            "Whether the address that a tool answers to with content takes one answer only.",
            evidence="observed",
            source="canvas-lms app/controllers/lti/ims/concerns/deep_linking_services.rb (a site without a cache, as "
            "the recorded one was, takes several)",
        ),
    ] = True
    deep_linking_line_items: Annotated[
        bool,
        choice(
            "Whether line items of chosen content make assignments, whatever the switch of that name says.",
            evidence="observed",
            source="canvas-lms app/controllers/lti/ims/deep_linking_controller.rb, lti_deep_linking_line_items",
            was=(Was(False, "2024-01-01", f"{RECORDED}/lti-deeplink.jsonl 202 (a switch in 2023; the day is chosen)"),),
        ),
    ] = True
    sign_on_host: Annotated[
        str,
        choice(
            "Host that stands before all schools: an assertion's `aud` may name its token endpoint. Empty for none.",
            evidence="documented",
            source="https://canvas.instructure.com/doc/api/file.oauth_endpoints.html",
            was=(Was("", "2024-01-01", f"{RECORDED}/lti-token.jsonl 25 (refused in 2023; the day is chosen)"),),
        ),
    ] = "sso.canvaslms.com"
    concluded_course_status: Annotated[
        Literal[404, 422],
        choice(
            "Status of line items, scores and results in a course that is over.",
            evidence="observed",
            source="canvas-lms app/controllers/lti/concerns/gradebook_services.rb",
            was=(Was(404, "2024-01-01", f"{RECORDED}/lti-ags.jsonl 410 (by a switch in 2023; the day is chosen)"),),
        ),
    ] = 422
    one_attempt_of_several_files: Annotated[
        bool,
        choice(
            "Whether the files of a score are one attempt, made at once, or one attempt each, made when it has come.",
            evidence="observed",
            source="canvas-lms app/controllers/lti/ims/scores_controller.rb, ags_scores_multiple_files",
            was=(Was(False, "2024-01-01", f"{RECORDED}/lti-ags.jsonl 314 (a switch in 2023; the day is chosen)"),),
        ),
    ] = True
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
            "How far `iat` may lie in the future.", evidence="observed", source=f"{RECORDED}/lti-token.jsonl 35", ge=0
        ),
    ] = 30
    reused_jti: Annotated[
        Literal["refuse", "allow"],
        choice(
            "A client assertion or deep linking response whose `jti` or nonce was used before. Canvas takes it; "
            "1EdTech's Security Framework does not. What is allowed comes with a warning.",
            evidence="observed",
            source=f"{RECORDED}/lti-token.jsonl 40",
        ),
    ] = "allow"
    unchecked_by_canvas: Annotated[
        Literal["refuse", "allow"],
        choice(
            "What Canvas does not look at where 1EdTech's specifications ask for it: an assertion's `iss` and `kid`; "
            "message type, version, deployment and nonce of a deep linking response; scores for another tool's line "
            "item, and the list of its results; the body hash and the consumer key of LTI 1.1. What is allowed comes "
            "with a warning.",
            evidence="observed",
            source=f"{RECORDED}/lti-token.jsonl 45, 48; {RECORDED}/lti-deeplink.jsonl 42; "
            f"{RECORDED}/lti-ags.jsonl 135; {RECORDED}/lti-11.jsonl 128",
        ),
    ] = "allow"
    critical_headers: Annotated[
        Literal["refuse", "ignore"],
        choice(
            "A `crit` header in what a tool signed. Canvas's library, json-jwt, does not look at it; RFC 7515 refuses "
            "it. What is ignored comes with a warning.",
            evidence="documented",
            source="nov/json-jwt lib/json/jws.rb, verify!; canvas-lms lib/canvas/security/jwt_validator.rb",
        ),
    ] = "ignore"
    session_lifetime_seconds: Annotated[int, choice("Lifetime of a browser session.", evidence="chosen", ge=1)] = 86_400
    announcement_window_days: Annotated[
        int,
        choice(
            "How far back announcements are listed without `start_date`.",
            evidence="documented",
            source="canvas-lms app/controllers/announcements_api_controller.rb",
            ge=0,
        ),
    ] = 14
    min_search_term: Annotated[
        int,
        choice(
            "Fewest characters of a search term: 2 since about 2018, 3 before.",
            evidence="recorded",
            source="fixtures/recordings/canvas/people-users.jsonl 207",
            ge=1,
        ),
    ] = 2
    background_job_seconds: Annotated[
        int,
        choice(
            "How long imports, migrations, content exports, reports and blueprint synchronizations wait in the queue: "
            "with 0, a client sees them queued once, and they are done before its next request. Else it has to poll.",
            evidence="chosen",
            source=f"{RECORDED}/courses-migrations.jsonl 14-17 (one that waits, and one that is done)",
            ge=0,
        ),
    ] = 0
    feature_flag_delay_seconds: Annotated[
        int,
        choice(
            "How long after an account switched a feature its courses and accounts below still see the old state: up "
            "to a minute at Canvas, whose servers remember it.",
            evidence="recorded",
            source=f"{RECORDED}/people-account-tools.jsonl 119, 122, 131, 132, 147 (between 6 and 32 seconds)",
            ge=0,
        ),
    ] = 0
    default_per_page: Annotated[
        int, choice("Items of a page.", evidence="documented", source="canvas-lms doc/api/pagination.md", ge=1)
    ] = 10
    max_per_page: Annotated[
        int,
        choice("Most items of a page.", evidence="observed", source=f"{RECORDED}/people-paging.jsonl 10", ge=1),
    ] = 100
