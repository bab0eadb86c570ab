"""What nobody outside Pearson knows, each with the answer chosen here."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from lms_emulator.core.settings import choice

CODES = "developer.pearson.com: LearningStudio response codes"
LIBRARIES = "Pearson's LearningStudio libraries, 2014"
LONGEST = 1_000_000_000
"""Seconds; some thirty years, which every date can bear."""


class LearningStudioSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Chosen behaviours of LearningStudio."""

    # POST /token
    token_error_status: Annotated[
        Literal[400, 401],
        choice(
            "Status of a refused token request. The API of 2011 gave 400; the page on response codes says 401 for APIs "
            "in general.",
            evidence="inferred",
            source="Pearson's Android, Windows Phone and mobile web clients of 2011",
        ),
    ] = 400
    assertion_window_seconds: Annotated[
        int, choice("How far an assertion's timestamp may be from the server's clock, either way.", ge=0, le=LONGEST)
    ] = 300
    assertion_reuse: Annotated[
        Literal["allow", "refuse"], choice("Whether one assertion may be sent again inside its window.")
    ] = "allow"
    upper_case_hex: Annotated[
        Literal["allow", "refuse"], choice("Whether an assertion's signature may be in upper case (with a warning).")
    ] = "allow"
    username_case: Annotated[
        Literal["exact", "ignored"], choice("Whether `JSMITH` is `jsmith` in assertions, logins and `loginid=`.")
    ] = "exact"
    access_token_seconds: Annotated[
        int, choice("Life of an access token.", evidence="documented", source=LIBRARIES, ge=1, le=LONGEST)
    ] = 3600
    refresh_token_seconds: Annotated[
        int,
        choice(
            "Life of a refresh token: 5 to 10 minutes longer than the access token's.",
            evidence="documented",
            source=LIBRARIES,
            ge=1,
            le=LONGEST,
        ),
    ] = 4200
    refresh_token_reuse: Annotated[
        Literal["refuse", "allow"], choice("Whether a refresh token works again after it was used.")
    ] = "refuse"
    access_token_after_refresh: Annotated[
        Literal["keep", "revoke"], choice("What becomes of the old access token when its pair is refreshed.")
    ] = "keep"
    access_grant_seconds: Annotated[
        int, choice("Life of an access grant of the flow of 2010 (POST /authorize/grant).", ge=1, le=LONGEST)
    ] = 3600
    access_grant_reuse: Annotated[
        Literal["allow", "refuse"], choice("Whether an access grant can be changed for tokens more than once.")
    ] = "allow"

    # OAuth 1.0a
    oauth1_window_seconds: Annotated[
        int, choice("How far oauth_timestamp may be from the server's clock, either way.", ge=0, le=LONGEST)
    ] = 300
    nonce_seconds: Annotated[
        int, choice("How long a used nonce is remembered, per consumer key.", ge=0, le=LONGEST)
    ] = 600
    query_encoding: Annotated[
        Literal["tolerant", "strict"],
        choice(
            "How query values stand in the signed string. Pearson's libraries disagree: `tolerant` takes what any of "
            "them does, `strict` only the raw text of the URL, as the Java library does."
        ),
    ] = "tolerant"

    # resources
    cookie: Annotated[
        Literal["both", "access_token", "X-Authorization"],
        choice(
            "Name of the cookie that can carry the access token.",
            source="developer.pearson.com: Using OAuth 2.0 tokens (that there is one)",
        ),
    ] = "both"
    me_with_oauth1_status: Annotated[
        Literal[403, 401, 404], choice("What `/me…` answers to OAuth 1.0a, which has no user.")
    ] = 403
    anonymous_system_date_time: Annotated[bool, choice("Whether /systemDateTime answers without credentials.")] = True
    other_campus_status: Annotated[Literal[404, 403], choice("What an id of another campus is answered with.")] = 404
    not_enrolled_status: Annotated[
        Literal[403, 404],
        choice(
            "What a user gets for a course he is not in.",
            evidence="inferred",
            source="developer.pearson.com: OAuth 1.0a (OAuth 2 is bounded by the user's rights)",
        ),
    ] = 403
    students_list_for_students: Annotated[
        Literal["refuse", "allow"],
        choice("Whether a student may read /courses/ID/students.", evidence="inferred", source="course API, expand"),
    ] = "refuse"
    raw_pipe_in_path: Annotated[
        Literal["refuse", "allow"],
        choice(
            "Whether a path may hold a `|` that is not written %7C.",
            evidence="documented",
            source="developer.pearson.com: pipe character encoding required, 2015-01-23",
        ),
    ] = "refuse"
    unsupported_format_status: Annotated[
        Literal[406, 404], choice("What `.xml` gets on a resource that is not emulated as XML.")
    ] = 406
    wrong_method_status: Annotated[Literal[405, 404], choice("What a known path answers to another method.")] = 405
    since_omits_today: Annotated[
        bool,
        choice(
            "Whether `since` on announcements leaves out today's, a defect of the real API.",
            evidence="observed",
            source="Pearson's iOS dashboard",
        ),
    ] = True
    lenient_json: Annotated[
        bool,
        choice(
            "Whether JSON bodies may have trailing commas.",
            evidence="inferred",
            source="a client in production sends one",
        ),
    ] = True
    link_base: Annotated[
        str,
        choice(
            "Scheme and host of the links in answers; empty: as the request came in. Pearson's Java library follows "
            "only links with `.com` in them. `UseSourceDomain=true` in a request gives its own host in any case.",
            evidence="observed",
            source=LIBRARIES,
        ),
    ] = ""
    rel_base: Annotated[
        str,
        choice("Beginning of the relation URLs in links (`…/rels/course`).", evidence="observed", source=LIBRARIES),
    ] = "https://api.learningstudio.com/rels"
    requests_per_second: Annotated[
        int,
        choice(
            "Requests per second and key before 429; 0: no limit. The real limit is 500; it is off here because a "
            "test suite on a frozen clock would spend it within one second.",
            evidence="chosen",
            source=CODES,
            ge=0,
        ),
    ] = 0
