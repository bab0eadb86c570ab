"""Behaviours of Brightspace that are not public, or that differ between schools."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from lms_emulator.core.settings import Was, choice

DOCS = "https://docs.valence.desire2learn.com"
VALIDATOR = "Brightspace/D2L.Security.OAuth2 src/D2L.Security.OAuth2/Validation/AccessTokens/AccessTokenValidator.cs"
VERSIONS = "brightspace-api 2.1.2 bsapi/__init__.py, check_versions"
LIMITS = "https://community.d2l.com/brightspace/kb/articles/1191-api-rate-logging-limiting-faq"


class BrightspaceSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Settings of the provider `brightspace`."""

    authorization_code_lifetime_seconds: Annotated[
        int,
        choice(
            "Lifetime of an authorization code.",
            evidence="chosen",
            source="https://www.rfc-editor.org/rfc/rfc6749, section 4.1.2 (at most 600)",
            ge=1,
        ),
    ] = 300
    missing_scope: Annotated[
        Literal["registered", "refuse"],
        choice(
            "An authorization request without `scope`: all registered scopes, or `invalid_scope`.", evidence="chosen"
        ),
    ] = "registered"
    insecure_redirects: Annotated[
        Literal["loopback", "refuse", "any"],
        choice(
            "Redirect URIs without TLS. Brightspace registers https only; the emulator also lets loopback addresses, "
            "`*.localhost` and the emulator's own LTIAAS be registered.",
            evidence="documented",
            source="pcstrategyandopsco/brightspaceR vignettes/setup.Rmd (https only)",
        ),
    ] = "loopback"
    pkce: Annotated[
        Literal["ignore", "check"],
        choice(
            "A `code_challenge` in an authorization request (RFC 7636): ignored, as D2L does not document PKCE, or "
            "compared with the `code_verifier`.",
            evidence="chosen",
        ),
    ] = "ignore"
    remember_consent: Annotated[
        bool, choice("Whether users are asked only once for consent to the same scopes.", evidence="chosen")
    ] = False
    refresh_token_reuse: Annotated[
        Literal["refuse", "revoke_family"],
        choice(
            "Effect of using a refresh token twice, besides the refusal: none, or revoking the newer tokens too.",
            evidence="chosen",
            source="https://www.rfc-editor.org/rfc/rfc9700, section 4.14.2 (revoke_family)",
        ),
    ] = "refuse"
    refreshed_scope: Annotated[
        Literal["same", "narrow"],
        choice(
            "`scope` in a refresh: ignored, or narrowing the token to a subset.",
            evidence="documented",
            source="https://www.rfc-editor.org/rfc/rfc6749, section 6",
        ),
    ] = "narrow"
    token_error_status: Annotated[
        Literal[400, 401],
        choice(
            "Status of `invalid_client` at the token endpoint.",
            evidence="inferred",
            source="https://www.rfc-editor.org/rfc/rfc6749, section 5.2",
        ),
    ] = 400
    assertion_audience_error: Annotated[
        str,
        choice(
            "The text after `Error validating assertion: ` if `aud` is not D2L's; captures end after the colon.",
            evidence="chosen",
            source="https://github.com/dmitry-viskov/pylti1.3/issues/43",
        ),
    ] = "The token's audience is not valid"
    expired_token_detail: Annotated[
        str,
        choice(
            "`detail` of the 401 for an expired token: the message of D2L's own library, as for a token that cannot be "
            "parsed, which was captured.",
            evidence="inferred",
            source="Brightspace/D2L.Security.OAuth2 "
            "src/D2L.Security.OAuth2/Validation/Exceptions/ExpiredTokenException.cs",
        ),
    ] = "The access token is expired"
    access_token_buffer_seconds: Annotated[
        int,
        choice(
            "How long an access token is accepted before its `nbf` and after its `exp`. D2L's validator keeps its "
            "library's clock skew of 300; with 0 tokens end when they say so.",
            evidence="chosen",
            source=f"{VALIDATOR}, ValidateAsync",
            ge=0,
        ),
    ] = 0
    insufficient_scope_type: Annotated[
        str,
        choice(
            "Fragment of the problem type for a missing scope, if the 403 is problem JSON; empty for the captured one, "
            "which is HTML by its type and looks like JSON.",
            evidence="observed",
            source="https://github.com/hypothesis/lms/issues/4856",
        ),
    ] = ""
    scope_of_no_group: Annotated[
        Literal["insufficient", "undefined"],
        choice(
            "The 403 for a token without any scope of the group that the call needs (`content` in `content:toc:read`): "
            "as for any missing scope, or the JSON *No scopes defined for specified requests*. Both were seen; which "
            "of them when, is not known.",
            evidence="chosen",
        ),
    ] = "insufficient"
    anonymous_status: Annotated[
        Literal[401, 403],
        choice(
            "Status of a call without a bearer token: 403 `Forbidden`, the body of a missing scope, or 401 as for an "
            "invalid token.",
            evidence="chosen",
        ),
    ] = 403
    lp_minimum_version: Annotated[
        str, choice("Oldest version of the `lp` product served.", evidence="observed", source=VERSIONS)
    ] = "1.31"
    lp_latest_version: Annotated[str, choice("Latest version of `lp`.", evidence="observed", source=VERSIONS)] = "1.53"
    le_minimum_version: Annotated[
        str, choice("Oldest version of the `le` product served.", evidence="observed", source=VERSIONS)
    ] = "1.51"
    le_latest_version: Annotated[str, choice("Latest version of `le`.", evidence="observed", source=VERSIONS)] = "1.93"
    newer_versions: Annotated[
        Literal["take", "refuse"],
        choice(
            "Calls of a version newer than the latest: treated as the latest, or 404 as for a version that is too "
            "old. D2L's page on versions tells clients to ask which are supported.",
            evidence="chosen",
            source="https://docs.valence.desire2learn.com/basic/version.html",
        ),
    ] = "take"
    unreadable_values: Annotated[
        Literal["refuse", "ignore"],
        choice(
            "An invalid number, boolean or time in a query, a body or a tool's content: refused with 400, or ignored "
            "with a warning. D2L documents the only time format that it takes, and the problem `#invalid-parameters`.",
            evidence="inferred",
            source=f"{DOCS}/basic/conventions.html; {DOCS}/res/apiprop.html",
        ),
    ] = "refuse"
    page_size: Annotated[int, choice("Items per page of a paged set.", evidence="chosen", ge=1)] = 100
    rate_limit_credits: Annotated[
        int,
        choice(
            "Credits per minute for each application.",
            evidence="documented",
            source=LIMITS,
            ge=1,
        ),
    ] = 50_000
    request_cost: Annotated[
        int,
        choice("Credits that one call costs.", evidence="documented", source=LIMITS, ge=0),
    ] = 10
    rate_limit: Annotated[
        Literal["never", "count"],
        choice(
            "`count` charges credits and answers 429 when they are used up; `never` only sends the headers.",
            evidence="chosen",
        ),
    ] = "never"
    id_token_lifetime_seconds: Annotated[
        int,
        choice(
            "Lifetime of an id_token.",
            evidence="observed",
            source="https://github.com/Cvmcosta/ltijs-demo-server/issues/23",
            ge=1,
        ),
    ] = 1800
    launch_lifetime_seconds: Annotated[
        int,
        choice(
            "How long a tool may take between login initiation and authentication request.", evidence="chosen", ge=1
        ),
    ] = 300
    authentication_errors: Annotated[
        Literal["page", "post"],
        choice(
            "How to refuse an authentication request with a known redirect URI: by a 404 page, or by an error "
            "posted to the tool, as LTI specifies.",
            evidence="documented",
            source="https://community.d2l.com/brightspace/kb/articles/23661",
        ),
    ] = "page"
    launch_in: Annotated[
        Literal["frame", "window"],
        choice(
            "Where a tool opens: in a frame of the page, as at the real Brightspace, or in the whole window, so "
            "that its URL is visible.",
            evidence="documented",
            source="https://community.d2l.com/brightspace/kb/articles/23764 (Open as External Resource)",
        ),
    ] = "frame"
    platform_storage: Annotated[
        bool,
        choice(
            "Whether tools in a frame can store data in Brightspace's page, so that they need no cookies. That it "
            "supports 1EdTech's drafts is documented; that `lti_storage_target` is `_parent` is chosen.",
            evidence="documented",
            source="https://community.d2l.com/brightspace/kb/articles/27427",
            was=(Was(False, "2022-07-01", "https://community.d2l.com/brightspace/kb/articles/27427 (July 2022)"),),
        ),
    ] = True
    lti_member_names: Annotated[
        str,
        choice(
            "Other names for members of the JSON of registrations and deployments, as `TargetLinkUri=TargetLinkUrl "
            "Extensions=EnabledExtensions`. Only some are public; the others are named as in Brightspace's forms.",
            evidence="chosen",
            source="https://community.d2l.com/brightspace/kb/articles/23662",
        ),
    ] = ""
    deep_linking_always: Annotated[
        bool,
        choice(
            "Whether registrations and deployments made by REST always have deep linking, requested or not.",
            evidence="documented",
            source=f"{DOCS}/res/ltiadvantage.html, EXTENSION_T",
            was=(Was(False, "2025-11-01", f"{DOCS}/res/ltiadvantage.html, EXTENSION_T: LMS 20.25.11"),),
        ),
    ] = True
    outcome_grade_item: Annotated[
        Literal["create", "existing"],
        choice(
            "The first score of an LTI 1.1 link without a grade item: creates one, named as the link, or fails. That "
            "one is created is reported, but not at which moment.",
            evidence="observed",
            source="https://github.com/hypothesis/product-backlog/issues/1388",
        ),
    ] = "create"
    outcome_points: Annotated[
        int, choice("Maximum points of the grade item that an LTI 1.1 outcome creates.", evidence="chosen", ge=1)
    ] = 100
    outcome_unsigned_status: Annotated[
        Literal[200, 401, 403],
        choice("Status of the answer to an LTI 1.1 outcome whose signature does not hold.", evidence="chosen"),
    ] = 401
    outcome_max_age_seconds: Annotated[
        int,
        choice(
            "How far the `oauth_timestamp` of an LTI 1.1 outcome may be off: 90 minutes, as the guide recommends.",
            evidence="inferred",
            source="https://www.imsglobal.org/specs/ltiv1p1/implementation-guide, 4.3",
            ge=1,
        ),
    ] = 5400
    copy_status: Annotated[
        str,
        choice(
            "`Status` of a finished copy of a course. Copies are finished at once.",
            evidence="inferred",
            source=f"{DOCS}/res/course.html",
        ),
    ] = "COMPLETE"
    service_token_lifetime_seconds: Annotated[
        int, choice("Lifetime of an LTI service token.", evidence="chosen", ge=1)
    ] = 3600
    assertion_max_age_seconds: Annotated[
        int,
        choice(
            "Maximum age of a client assertion by its `iat`; 0 for no limit, as D2L's validator does not check it.",
            evidence="inferred",
            source=f"{VALIDATOR}, ValidateAsync",
            ge=0,
        ),
    ] = 0
    assertion_future_buffer_seconds: Annotated[
        int,
        choice(
            "How far an assertion's `nbf` and `iat` may be in the future, and how long it is accepted after its "
            "`exp`: the default clock skew, which D2L's validator does not change.",
            evidence="inferred",
            source=f"{VALIDATOR}; AzureAD/azure-activedirectory-identitymodel-extensions-for-dotnet "
            "src/Microsoft.IdentityModel.Tokens/TokenValidationParameters.cs, DefaultClockSkew",
            ge=0,
        ),
    ] = 300
    token_url_as_audience: Annotated[
        bool,
        choice(
            "Whether an assertion's `aud` may be the token endpoint's URL, besides D2L's fixed audience.",
            evidence="observed",
            source="https://github.com/oat-sa/lib-lti1p3-core/issues/187 (May 2024)",
            was=(Was(False, "2024-05-15", "https://github.com/openwebwork/webwork2/pull/2342 (the day is chosen)"),),
        ),
    ] = True
    several_audiences: Annotated[
        Literal["fail", "take"],
        choice(
            "An assertion with several audiences in `aud`: D2L's token endpoint fails, or accepts one of them.",
            evidence="observed",
            source="https://github.com/oat-sa/lib-lti1p3-core/issues/187 (May 2024)",
        ),
    ] = "fail"
    reused_jti: Annotated[
        Literal["refuse", "allow"],
        choice(
            "An assertion with a used `jti`. D2L calls it potentially reusable; 1EdTech's Security Framework "
            "forbids it. If allowed, there is a warning.",
            evidence="documented",
            source="https://community.d2l.com/brightspace/kb/articles/23661",
        ),
    ] = "allow"
    critical_headers: Annotated[
        Literal["refuse", "ignore"],
        choice(
            "A `crit` header in a tool's JWT. RFC 7515 requires refusing it; if ignored, there is a warning.",
            evidence="chosen",
        ),
    ] = "refuse"
    session_lifetime_seconds: Annotated[int, choice("Lifetime of a browser session.", evidence="chosen", ge=1)] = 10_800
