"""Behaviours of Canvas that differ between sites and dates, or that nobody outside knows."""

from __future__ import annotations

from typing import Annotated, Literal

from lms_emulator.core.settings import Was, choice
from lms_emulator.providers.canvas.settings.lti import RECORDED, LtiSettings, since

THROTTLING = "canvas-lms doc/api/throttling.md"
TOKEN = "canvas-lms lib/canvas/oauth/token.rb"


class CanvasSettings(LtiSettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Settings of the provider `canvas`."""

    analytics: Annotated[
        bool,
        choice(
            "Whether the site serves `/analytics`, as hosted sites do. Open-source Canvas answers with its page for "
            "unknown URLs.",
            evidence="observed",
            source="instructure/analytics config/routes.rb (2026-04); "
            f"{RECORDED}/grading-gradebook.jsonl 351-353 (a site without it)",
        ),
    ] = True
    new_quizzes: Annotated[
        bool,
        choice(
            "Whether the site has New Quizzes, served under `/api/quiz/v1`, as hosted sites may. Open-source Canvas "
            "answers with its page for unknown URLs.",
            evidence="documented",
            source="https://developerdocs.instructure.com/services/canvas/resources/new_quizzes",
        ),
    ] = True
    new_quizzes_url: Annotated[
        str,
        choice(
            "What the assignment of a New Quiz opens.",
            evidence="chosen",
            source="https://developerdocs.instructure.com/services/canvas/resources/new_quizzes (names none)",
        ),
    ] = "https://quiz-lti.example.test/lti/launch"
    new_quizzes_errors: Annotated[
        Literal["errors", "message"],
        choice(
            "The form of New Quizzes' validation errors (422, or 400 for an accommodation): `errors`, a list of "
            "messages as in Canvas, or `message`, one sentence.",
            evidence="chosen",
            source="https://developerdocs.instructure.com/services/canvas/resources/new_quizzes_accommodations "
            "(statuses only)",
        ),
    ] = "errors"
    granular_permissions: Annotated[
        bool,
        choice(
            "Whether the features `granular_permissions_*` are on in every school, as on hosted sites: separate "
            "permissions to add, edit and delete instead of one for all. Otherwise each school's feature flags "
            "decide.",
            evidence="documented",
            source="https://developerdocs.instructure.com/services/canvas/permissions/details/"
            "file.permissions_manage_course_content; canvas-lms app/models/role_override.rb (2024-04)",
            was=(Was(False, "2024-06-01", f"{RECORDED}/people-accounts.jsonl 41 (off in 2023; the day is chosen)"),),
        ),
    ] = True
    encryption_key: Annotated[
        str,
        choice(
            "The site's `encryption_key`, which signs the tokens of session URLs. If it is set, tokens that another "
            "site signed with the same key are valid too. Empty: the emulator's own key, whose tokens are valid only "
            "in the world that issued them.",
            evidence="observed",
            source="canvas-lms config/security.yml.example, lib/session_token.rb; "
            f"{RECORDED}/oauth-browser.jsonl 1 (signed with the key of that file)",
        ),
    ] = ""
    access_token_prefix: Annotated[
        str,
        choice(
            "The beginning of a new access token, before 64 random letters and digits. Hosted sites have the shard's "
            "number and a tilde there; a self-hosted site has nothing.",
            evidence="chosen",
            source="canvas-lms app/models/access_token.rb, generate_token; "
            f"{RECORDED}/oauth-session.jsonl 145, 152 (a self-hosted site)",
        ),
    ] = "1~"
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
            "Status of a missing permission: 403 since 2025, 401 before.",
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
            "Cost of a token request, charged to the session or address that sent it.",
            evidence="recorded",
            source=f"{RECORDED}/oauth-flow.jsonl 404-407",
            ge=0,
        ),
    ] = 200.0
    rate_limit_high_water: Annotated[
        float,
        choice("Level from which calls are refused.", evidence="documented", source=THROTTLING, ge=1),
    ] = 600.0
    rate_limit_reserved: Annotated[
        float,
        choice(
            "What a call reserves while it runs; the level may not exceed the mark minus this amount.",
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
            "Check the `code_verifier` against the `code_challenge` of the authorization request.",
            evidence="observed",
            source="canvas-lms lib/canvas/oauth/pkce.rb",
            was=(
                Was(False, "2024-01-01", f"{RECORDED}/oauth-flow.jsonl 76, 206 (ignored in 2023; the day is chosen)"),
            ),
        ),
    ] = True
    rich_content_host: Annotated[
        str,
        choice(
            "Host of the rich content service, for the variable `com.instructure.RCS.app_host`; empty for none.",
            evidence="observed",
            source=f"{RECORDED}/lti-vars.jsonl 26",
        ),
    ] = ""
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
        since(
            "2023-10-01",
            "Whether `GET /users/:id` includes first and last names.",
            "canvas-lms app/controllers/users_controller.rb, api_show (2024)",
            f"{RECORDED}/people-users.jsonl 2",
        ),
    ] = True
    bodies_of_listed_pages: Annotated[
        bool,
        since(
            "2023-10-01",
            "Whether lists of pages include bodies with `include[]=body`.",
            "canvas-lms app/controllers/wiki_pages_api_controller.rb, index (2024)",
            f"{RECORDED}/content-pages.jsonl 48",
        ),
    ] = True
    refuses_unreadable_announcements: Annotated[
        bool,
        choice(
            "Whether `/announcements` refuses a course that the caller cannot read, as its documentation says, or "
            "leaves its announcements out.",
            evidence="recorded",
            source=f"{RECORDED}/content-announcements.jsonl 32, 33; canvas-lms "
            "app/controllers/announcements_api_controller.rb (2024-04, 2026)",
        ),
    ] = False
    later_parameters: Annotated[
        bool,
        since(
            "2024-07-01",
            "Whether lists support the filters and members documented since 2023, such as `term_name` of terms.",
            "https://canvas.instructure.com/doc/api/all_resources.html",
            f"{RECORDED}/courses-enrol.jsonl 23 and people-accounts.jsonl 64, which pass over them",
        ),
    ] = True
    later_features: Annotated[
        bool,
        since(
            "2024-04-01",
            "Whether the site has the feature flags that canvas-lms has since 2023.",
            "canvas-lms config/feature_flags/00_standard.yml (2024-04)",
            f"{RECORDED}/courses-misc.jsonl 223, 261",
        ),
    ] = True
    keeps_items_published: Annotated[
        bool,
        since(
            "2023-10-01",
            "Whether a module item whose content cannot be unpublished is refused with a 403, or unpublished alone.",
            "canvas-lms app/controllers/context_module_items_api_controller.rb, update (2024-04)",
            f"{RECORDED}/content-modules.jsonl 186",
        ),
    ] = True
    refuses_unknown_states: Annotated[
        bool,
        since(
            "2025-01-01",
            "Whether lists of one's own enrollments refuse unknown states with a 400, or fail.",
            "canvas-lms app/controllers/enrollments_api_controller.rb (2026)",
            "canvas-lms app/controllers/enrollments_api_controller.rb (2024-04)",
        ),
    ] = True
    tells_auto_subscribe: Annotated[
        bool,
        since(
            "2023-09-01",
            "Whether an account calendar has `auto_subscribe`.",
            "canvas-lms app/controllers/account_calendars_api_controller.rb (2024)",
            f"{RECORDED}/misc.jsonl 90, 96",
        ),
    ] = True
    series_everywhere: Annotated[
        bool,
        since(
            "2023-12-16",
            "Whether every school has recurring events, or only those with the feature `calendar_series`.",
            "canvas-lms app/controllers/calendar_events_api_controller.rb (2024)",
            f"{RECORDED}/calendar-series.jsonl 0, 1",
        ),
    ] = True
    splits_series: Annotated[
        bool,
        since(
            "2024-07-01",
            "Whether a change or deletion of later events gives the earlier ones a shorter rule and answers with them, "
            "an event can become a series or a series one event, and a series can be moved with its first event.",
            "canvas-lms app/controllers/calendar_events_api_controller.rb, update_from_series (2025)",
            f"{RECORDED}/calendar-series.jsonl 24, 25, 33",
        ),
    ] = True
    concluded_course_status: Annotated[
        Literal[404, 422],
        choice(
            "Status of line items, scores and results in a concluded course.",
            evidence="observed",
            source="canvas-lms app/controllers/lti/concerns/gradebook_services.rb",
            was=(Was(404, "2024-01-01", f"{RECORDED}/lti-ags.jsonl 410 (by a switch in 2023; the day is chosen)"),),
        ),
    ] = 422
    one_attempt_of_several_files: Annotated[
        bool,
        choice(
            "Whether the files of a score form one attempt, created at once, or one attempt each, created when the "
            "file has arrived.",
            evidence="observed",
            source="canvas-lms app/controllers/lti/ims/scores_controller.rb, ags_scores_multiple_files",
            was=(Was(False, "2024-01-01", f"{RECORDED}/lti-ags.jsonl 314 (a switch in 2023; the day is chosen)"),),
        ),
    ] = True
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
            "Minimum length of a search term: 2 since about 2018, 3 before.",
            evidence="recorded",
            source="fixtures/recordings/canvas/people-users.jsonl 207",
            ge=1,
        ),
    ] = 2
    background_job_seconds: Annotated[
        int,
        choice(
            "How long imports, migrations, content exports, reports, blueprint synchronizations and downloads of "
            "scores' files stay queued. With 0, a client sees them queued once, and they are finished before its next "
            "request; otherwise it has to poll.",
            evidence="chosen",
            source=f"{RECORDED}/courses-migrations.jsonl 14-17 (one that waits, and one that is done)",
            ge=0,
        ),
    ] = 0
    feature_flag_delay_seconds: Annotated[
        int,
        choice(
            "How long the courses and sub-accounts of an account see the old state of a feature after a change: up "
            "to a minute at Canvas, whose servers cache it.",
            evidence="recorded",
            source=f"{RECORDED}/people-account-tools.jsonl 119, 122, 131, 132, 147 (between 6 and 32 seconds)",
            ge=0,
        ),
    ] = 0
    role_permissions_kept_seconds: Annotated[
        int,
        choice(
            "How long a role's permissions in an account, once looked at, are taken to be the same, whatever is "
            "overridden: five minutes at Canvas, each of whose processes keeps them. With 0 a change counts at once.",
            evidence="recorded",
            source=f"{RECORDED}/people-accounts.jsonl 296, 299, 300; "
            "canvas-lms app/models/role_override.rb, local_cache_ttl",
            ge=0,
        ),
    ] = 0
    default_per_page: Annotated[
        int, choice("Items per page.", evidence="documented", source="canvas-lms doc/api/pagination.md", ge=1)
    ] = 10
    max_per_page: Annotated[
        int,
        choice("Maximum items per page.", evidence="observed", source=f"{RECORDED}/people-paging.jsonl 10", ge=1),
    ] = 100
