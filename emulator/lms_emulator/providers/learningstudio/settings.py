"""Settings for behaviours of LearningStudio that are not public, and the sources of the rest."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from lms_emulator.core.settings import choice

PORTAL = "http://developer.pearson.com"
"""Pearson's developer portal, which is closed: web archives have its pages."""
DASHBOARD = "PearsonDevelopersNetwork/LearningStudio-MobileDashboard-iOS LSDashboard/LearningStudio.swift"
CRITIQUES = "PearsonDevelopersNetwork/LearningStudio-MobileCritiques-iOS LSCritique/LearningStudio.swift"
MOBILE_SITE = "PearsonLearningStudio/mobile2-msite src/msite/scripts/ecollege/SessionManager.js"
MANUAL = "PearsonDevelopersNetwork/LearningStudio-Libraries-Python Documentation/detail/library-authentication.html"


def java(name: str) -> str:
    """A class of Pearson's Java library of 2014."""
    folder = "Library/src/main/java/com/pearson/pdn/learningstudio"
    return f"PearsonDevelopersNetwork/LearningStudio-Libraries-Java {folder}/{name}.java"


def android(name: str) -> str:
    """A class of Pearson's Android client of 2011."""
    return f"PearsonLearningStudio/mobile2-android-api src/com/ecollege/api/{name}.java"


def windows(name: str) -> str:
    """A class of Pearson's Windows Phone client of 2011."""
    return f"PearsonLearningStudio/mobile2-windows7 ECollegeAPI/{name}.cs"


_LONGEST = 1_000_000_000
"""Seconds: about thirty years, which stays within the calendar."""


class LearningStudioSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Chosen behaviours of LearningStudio."""

    # --- POST /token ---
    token_error_status: Annotated[
        Literal[400, 401],
        choice(
            "Status of a refused token request. The API of 2011 gave 400; the page on response codes says 401 for APIs "
            "in general.",
            evidence="inferred",
            source=android("ECollegeHttpResponseHandler"),
        ),
    ] = 400
    assertion_window_seconds: Annotated[
        int, choice("How far an assertion's timestamp may be from the server's clock, either way.", ge=0, le=_LONGEST)
    ] = 300
    assertion_reuse: Annotated[
        Literal["allow", "refuse"], choice("Whether one assertion may be sent again inside its window.")
    ] = "allow"
    upper_case_hex: Annotated[
        Literal["allow", "refuse"], choice("Whether an assertion's signature may be in upper case (with a warning).")
    ] = "allow"
    username_case: Annotated[
        Literal["exact", "ignored"],
        choice("Whether `JSMITH` is the user `jsmith` in assertions, logins and `loginid=`."),
    ] = "exact"
    access_token_seconds: Annotated[
        int, choice("Life of an access token.", evidence="documented", source=MANUAL, ge=1, le=_LONGEST)
    ] = 3600
    refresh_token_seconds: Annotated[
        int,
        choice(
            "Life of a refresh token: 5 to 10 minutes longer than the access token's.",
            evidence="documented",
            source=MANUAL,
            ge=1,
            le=_LONGEST,
        ),
    ] = 4200
    refresh_token_reuse: Annotated[
        Literal["refuse", "allow"], choice("Whether a refresh token works again after it was used.")
    ] = "refuse"
    access_token_after_refresh: Annotated[
        Literal["keep", "revoke"], choice("What happens to the old access token when its pair is refreshed.")
    ] = "keep"
    access_grant_seconds: Annotated[
        int, choice("Life of an access grant of the flow of 2010 (POST /authorize/grant).", ge=1, le=_LONGEST)
    ] = 3600
    access_grant_reuse: Annotated[
        Literal["allow", "refuse"], choice("Whether an access grant can be exchanged for tokens more than once.")
    ] = "allow"

    # --- OAuth 1.0a ---
    oauth1_window_seconds: Annotated[
        int, choice("How far oauth_timestamp may be from the server's clock, either way.", ge=0, le=_LONGEST)
    ] = 300
    nonce_seconds: Annotated[
        int, choice("How long a used nonce is remembered, per consumer key.", ge=0, le=_LONGEST)
    ] = 600
    query_encoding: Annotated[
        Literal["tolerant", "strict"],
        choice(
            "How query values appear in the signed string. Pearson's libraries disagree: `tolerant` accepts what any "
            "of them does, `strict` only the raw text of the URL, as the Java library does."
        ),
    ] = "tolerant"

    # --- eventing ---
    eventing_window_seconds: Annotated[
        int,
        choice("How far the timestamp of a subscription's token may be from the server's clock.", ge=0, le=_LONGEST),
    ] = 300

    # --- resources ---
    cookie: Annotated[
        Literal["both", "access_token", "X-Authorization"],
        choice(
            "Name of the cookie that can carry the access token.",
            source=f"{PORTAL}/using-oauth-2-token (a cookie may carry it)",
        ),
    ] = "both"
    me_with_oauth1_status: Annotated[
        Literal[403, 401, 404], choice("What `/me…` answers to OAuth 1.0a, which has no user.")
    ] = 403
    anonymous_system_date_time: Annotated[bool, choice("Whether /systemDateTime answers without credentials.")] = True
    other_campus_status: Annotated[Literal[404, 403], choice("The answer to an id of another campus.")] = 404
    not_enrolled_status: Annotated[
        Literal[403, 404],
        choice(
            "The answer to a user who asks for a course they are not in.",
            evidence="inferred",
            source=f"{PORTAL}/learningstudio/oauth-10a-system-system-authentication (a user's rights bound OAuth 2)",
        ),
    ] = 403
    students_list_for_students: Annotated[
        Literal["refuse", "allow"],
        choice(
            "Whether a student may read /courses/ID/students.",
            evidence="inferred",
            source=f"{PORTAL}/course-information (expand)",
        ),
    ] = "refuse"
    raw_pipe_in_path: Annotated[
        Literal["refuse", "allow"],
        choice(
            "Whether a path may contain a `|` that is not encoded as %7C.",
            evidence="documented",
            source=f"{PORTAL}/learningstudio/courses/20141023-pipe-character-encoding-required",
        ),
    ] = "refuse"
    wrong_method_status: Annotated[
        Literal[404, 405],
        choice(
            "The answer to a known path with another method. A comment in Pearson's Java library says 404 of a PUT "
            "to a custom item; of other paths nothing is known.",
            evidence="observed",
            source=f"{java('grades/GradeService')}, updateCustomGradebookItem",
        ),
    ] = 404
    method_override: Annotated[
        Literal["honour", "ignore"],
        choice(
            "Whether the header X-METHOD-OVERRIDE makes a PUT of a POST. Pearson's PHP library sends it; in the Java "
            "library the same call is commented out, and the Python library says that it does not work.",
            source="PearsonDevelopersNetwork/LearningStudio-Libraries-PHP Library/Grade/GradeService.php, "
            "createGradebookItem",
        ),
    ] = "honour"
    since_omits_today: Annotated[
        bool,
        choice(
            "Whether `since` leaves out today's announcements, a defect of the real API.",
            evidence="observed",
            source=DASHBOARD,
        ),
    ] = True
    lenient_json: Annotated[
        bool,
        choice("Whether JSON bodies may have trailing commas. At least one client in production sent them."),
    ] = True
    exam_refusal_status: Annotated[
        Literal[403, 400],
        choice(
            "Status of what an exam does not allow: it is not open, an attempt is over, a password or token is wrong."
        ),
    ] = 403
    exam_password_for: Annotated[
        Literal["attempts", "all"],
        choice(
            "Which requests need an exam's password. Pearson's page says all of them; its libraries send it with the "
            "one that begins an attempt, and could not go on if that were so.",
            evidence="observed",
            source=f"{java('exams/ExamService')}; {PORTAL}/exams/question-details-fill-blank-text",
        ),
    ] = "attempts"
    exam_token_for: Annotated[
        Literal["writes", "all", "nothing"],
        choice(
            "Which requests of an attempt need Pearson-Exam-Token. It is documented as required for PUT; Pearson's "
            "libraries send it always. A wrong one is always refused.",
            evidence="documented",
            source=f"{PORTAL}/exams/question-details-fill-blank-text",
        ),
    ] = "writes"
    exam_scores: Annotated[
        Literal["gradebook", "summary"],
        choice(
            "Whether a completed attempt without essays becomes a grade, or only the attempt's summary shows what it "
            "earned."
        ),
    ] = "gradebook"
    link_base: Annotated[
        str,
        choice(
            "Scheme and host of the links in answers; empty: those of the request. Pearson's Java library follows "
            "only links with `.com` in them. `UseSourceDomain=true` in a request always gives the host it came to.",
            evidence="observed",
            source=java("grades/GradeService"),
        ),
    ] = ""
    rel_base: Annotated[
        str,
        choice(
            "Beginning of the relation URLs in links (`…/rels/course`).",
            evidence="observed",
            source=java("exams/ExamService"),
        ),
    ] = "https://api.learningstudio.com/rels"
    most_reply_levels: Annotated[
        int,
        choice(
            "How many responses may be below one another in a discussion, which some answers nest; a reply to the "
            "lowest is a 400. Whether Pearson had a limit is not known.",
            ge=1,
            le=200,
        ),
    ] = 200
    requests_per_second: Annotated[
        int,
        choice(
            "Requests per second with one key before 429; 0 is no limit. The real limit is 500; it is off here because "
            "a test suite on a frozen clock would use it up within one second.",
            source=f"{PORTAL}/learningstudio/response-codes",
            ge=0,
        ),
    ] = 0
