"""Behaviours of the Open edX LMS that differ between sites, as named settings."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from lms_emulator.core.evidence import recording
from lms_emulator.core.settings import choice

Rate = Annotated[str, msgspec.Meta(pattern=r"^([1-9][0-9]*/[0-9]*[smhd][a-z]*)?$")]


class OpenedxSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Settings under the name `openedx`. Rates are `<count>/<second|minute|hour|day>` (`30/7d` too), or
    empty for no limit."""

    release: Annotated[
        Literal["2025-07", "2025-09"],
        choice(
            "Which month's upstream code the LMS runs, where the two recorded sites differ.",
            evidence="recorded",
            source=f"{recording('openedx-2/instr', 480)}; {recording('openedx/more', 177)}",
        ),
    ] = "2025-09"
    deployment: Annotated[
        Literal["plain", "tutor", "devstack"],
        choice(
            "How the site is deployed: `plain` is an LMS without front ends; `tutor` has micro-frontends under "
            "`apps.local.openedx.io` and cookies with a `Domain`; `devstack` has them on ports of `localhost`, and "
            "`lms_sessionid`. The settings below, and the keys of the world file, take precedence.",
            evidence="documented",
            source="overhangio/tutor tutor/templates/apps/openedx/settings/lms/production.py; "
            "edx-platform lms/envs/devstack.py",
        ),
    ] = "plain"
    authn_mfe: Annotated[
        bool | None,
        choice(
            "Sign-in, registration and password pages redirect to the micro-frontend `authn`; None: as the deployment "
            "has it.",
            evidence="recorded",
            source=recording("openedx-2/authn", 40),
        ),
    ] = None
    frame_options: Annotated[
        Literal["DENY", "SAMEORIGIN"] | None,
        choice(
            "The header `X-Frame-Options`; None: as the deployment has it.",
            evidence="recorded",
            source=recording("openedx-2/authn", 40),
        ),
    ] = None
    session_cookie_name: Annotated[
        str | None,
        choice(
            "The name of the session cookie; None: as the deployment has it. With `sessionid`, the cookie of any "
            "other Django site on the same host makes the LMS fail, because cookies are not bound to a port.",
            evidence="documented",
            source="edx-platform lms/envs/devstack.py, SESSION_COOKIE_NAME",
        ),
    ] = None
    secure_cookies: Annotated[
        bool | None,
        choice(
            "Cookies carry `Secure`; None: over HTTPS, and of devstack's only those of the signed-in browser.",
            evidence="documented",
            source="overhangio/tutor tutor/templates/apps/openedx/settings/lms/production.py, SESSION_COOKIE_SECURE; "
            "edx-platform openedx/core/djangoapps/user_authn/cookies.py, standard_cookie_settings",
        ),
    ] = None
    case_insensitive_matching: Annotated[
        bool,
        choice(
            "Tokens, client ids, codes, user names, e-mails and mode slugs match in any case, because of MySQL's "
            "default collation. Secrets and passwords never do.",
            evidence="recorded",
            source=recording("openedx/main", 37, 147, 534),
        ),
    ] = True
    access_token_seconds: Annotated[
        int,
        choice("Lifetime of an opaque access token.", evidence="recorded", source=recording("openedx/main", 0), ge=1),
    ] = 36_000
    jwt_seconds: Annotated[
        int, choice("Lifetime of a JWT.", evidence="recorded", source=recording("openedx/main", 94), ge=1)
    ] = 3_600
    code_seconds: Annotated[
        int,
        choice(
            "Lifetime of an authorization code.",
            evidence="documented",
            source="django-oauth-toolkit 1.7.1 oauth2_provider/settings.py, AUTHORIZATION_CODE_EXPIRE_SECONDS",
            ge=1,
        ),
    ] = 60
    refresh_token_seconds: Annotated[
        int,
        choice(
            "Age at which a refresh token stops working; 0 for never. The LMS only enforces its 90 days with a "
            "clean-up command.",
            evidence="documented",
            source="edx-platform openedx/envs/common.py, OAUTH2_PROVIDER",
            ge=0,
        ),
    ] = 0
    session_seconds: Annotated[
        int,
        choice("Lifetime of a signed-in session.", evidence="recorded", source=recording("openedx/main", 206), ge=1),
    ] = 2_419_200
    anonymous_session_seconds: Annotated[
        int,
        choice(
            "Lifetime of a session before sign-in.", evidence="recorded", source=recording("openedx/main", 521), ge=1
        ),
    ] = 1_209_600
    jwt_leeway_seconds: Annotated[
        int,
        choice(
            "Clock skew allowed in a JWT. Sites configure 1, which has no effect: edx-drf-extensions first checks "
            "signature and times together, without it.",
            evidence="documented",
            source="openedx/edx-drf-extensions 10.6.0 edx_rest_framework_extensions/auth/jwt/decoder.py",
            ge=0,
        ),
    ] = 0
    pkce_required: Annotated[
        bool,
        choice(
            "Refuse an authorization request without a code challenge.",
            evidence="documented",
            source="django-oauth-toolkit 1.7.1 oauth2_provider/settings.py, PKCE_REQUIRED",
        ),
    ] = False
    approval_prompt: Annotated[
        Literal["auto_even_if_expired", "auto", "force"],
        choice(
            "When consent is requested again: `auto_even_if_expired` (never, once any token was issued), `auto` (if "
            "no token is valid) or `force` (always).",
            evidence="documented",
            source="edx-platform openedx/envs/common.py, OAUTH2_PROVIDER",
        ),
    ] = "auto_even_if_expired"
    jwt_kid_header: Annotated[
        bool,
        choice(
            "Put `kid` into JWT headers.",
            evidence="documented",
            source="edx-platform openedx/core/djangoapps/oauth_dispatch/jwt.py, _create_jwt",
        ),
    ] = False
    jwt_creates_users: Annotated[
        bool,
        choice(
            "A valid JWT that names an unknown user creates that user.",
            evidence="recorded",
            source=recording("openedx/main", 566),
        ),
    ] = True
    max_failed_logins: Annotated[
        int,
        choice(
            "How many failed sign-ins lock an account.",
            evidence="recorded",
            source=recording("openedx/rate", 1283),
            ge=1,
        ),
    ] = 6
    lockout_seconds: Annotated[
        int,
        choice(
            "How long a locked account stays locked.", evidence="recorded", source=recording("openedx/rate", 1283), ge=1
        ),
    ] = 1_800
    default_enrollment_mode: Annotated[
        str,
        choice(
            "Mode of an enrolment that names none, where the course offers it; else audit, else honor.",
            evidence="recorded",
            source=recording("openedx/main", 1015),
        ),
    ] = "verified"
    lti_checks: Annotated[
        Literal["platform", "strict"],
        choice(
            "What is checked in LTI requests and assertions: `platform`, what the real component checks (signature "
            "and expiry, with a warning for the rest), or `strict`, everything that the specifications require.",
            evidence="documented",
            source="lti-consumer-xblock 9.14.0 lti_consumer/lti_1p3/key_handlers.py, ToolKeyHandler",
        ),
    ] = "platform"
    critical_headers: Annotated[
        Literal["refuse", "ignore"],
        choice(
            "A `crit` header in a JWT. PyJWT 2.12, which edx-platform has pinned since the spring of 2026, refuses "
            "it; earlier releases do not check it. If ignored, there is a warning.",
            evidence="documented",
            source="jpadilla/pyjwt CHANGELOG.rst, 2.12.0; openedx/edx-platform requirements/edx/base.txt",
        ),
    ] = "refuse"
    launch_lifetime_seconds: Annotated[
        int,
        choice(
            "How long a tool may take to request the launch after login initiation.",
            evidence="documented",
            source="lti-consumer-xblock 9.14.0 lti_consumer/utils.py, cache_lti_1p3_launch_data",
            ge=1,
        ),
    ] = 600
    id_token_lifetime_seconds: Annotated[
        int,
        choice(
            "Lifetime of the id_token of a launch, and of a service token.",
            evidence="documented",
            source="lti-consumer-xblock 9.14.0 lti_consumer/lti_1p3/consumer.py, generate_launch_request",
            ge=1,
        ),
    ] = 3_600
    assertion_max_age_seconds: Annotated[
        int, choice("Age at which a tool's assertion is refused, if `lti_checks` is `strict`.", ge=1)
    ] = 300
    assertion_future_buffer_seconds: Annotated[
        int, choice("Clock skew allowed in a tool's assertion, if `lti_checks` is `strict`.", ge=0)
    ] = 30
    token_endpoint_rate: Annotated[
        Rate,
        choice(
            "Limit on the token endpoint per address; the real default is `120/minute`.",
            evidence="observed",
            source=recording("openedx/rate", 1277),
        ),
    ] = ""
    user_rate: Annotated[
        Rate,
        choice(
            "Limit on every REST resource without its own, per user or address. The LMS defines the rate `60/minute` "
            "under the name `user` but applies it to no resource.",
            evidence="chosen",
            source="edx-platform openedx/envs/common.py, REST_FRAMEWORK",
        ),
    ] = ""
    enrollment_rate: Annotated[
        Rate,
        choice(
            "Limit on the enrollment API per learner or address; the real value is `40/minute`.",
            evidence="recorded",
            source=recording("openedx/extra", 70),
        ),
    ] = ""
    enrollment_staff_rate: Annotated[
        Rate,
        choice(
            "Limit on the enrollment API per staff member; the real value is `120/minute`.",
            evidence="documented",
            source="edx-platform openedx/core/djangoapps/enrollments/views.py, EnrollmentUserThrottle",
        ),
    ] = ""
    course_list_rate: Annotated[
        Rate,
        choice(
            "Limit on the course list per learner or address; the real value is `20/minute`.",
            evidence="recorded",
            source=recording("openedx/extra", 118),
        ),
    ] = ""
    course_list_staff_rate: Annotated[
        Rate,
        choice(
            "Limit on the course list per staff member; the real value is `40/minute`.",
            evidence="documented",
            source="edx-platform lms/djangoapps/course_api/views.py, CourseListUserThrottle",
        ),
    ] = ""
    registration_rate: Annotated[
        Rate,
        choice(
            "Limit on registrations per address; the real default is `60/7d`.",
            evidence="recorded",
            source=recording("openedx-2/rate2", 136),
        ),
    ] = ""
    validation_rate: Annotated[
        Rate,
        choice(
            "Limit on the validation of registration fields per address; the real default is `30/7d`.",
            evidence="recorded",
            source=recording("openedx-2/rate2", 51),
        ),
    ] = ""
    password_rate: Annotated[
        Rate,
        choice(
            "Limit on password resets per address; the real default is `1/minute`.",
            evidence="recorded",
            source=recording("openedx-2/rate2", 54, 55),
        ),
    ] = ""
    mfe_context_rate: Annotated[
        Rate,
        choice(
            "Limit on the context of the sign-in front end per address; the real default is `20/minute`.",
            evidence="recorded",
            source=recording("openedx-2/rate2", 20),
        ),
    ] = ""
    token_validation_rate: Annotated[
        Rate,
        choice(
            "Limit on the validation of password tokens per address, counted with the context of the "
            "front end; the real default is `30/7d`.",
            evidence="recorded",
            source=recording("openedx-2/rate2", 257),
        ),
    ] = ""
    course_ids_rate: Annotated[
        Rate,
        choice(
            "Limit on the list of course ids per user; the real default is `20/minute`.",
            evidence="recorded",
            source=recording("openedx-2/rate2", 278),
        ),
    ] = ""
