"""Disabled families: the LMS answers as if they did not exist, or asks for credentials first.

Source: `fixtures/recordings/openedx-2`, learn.jsonl 607-620, 734-809 and acct.jsonl 764-804.
"""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from lms_emulator.core.http.routing import Route
from lms_emulator.providers.openedx import credentials, refusals, wire
from lms_emulator.providers.openedx.call import Call, caller
from lms_emulator.providers.openedx.routes.authorize import to_login
from lms_emulator.providers.openedx.routes.permissions import is_staff
from lms_emulator.providers.openedx.routes.resource import Family, recorded
from lms_emulator.providers.openedx.rules import keys, people

_PAGES: dict[str, tuple[str, int]] = {
    "/api/branding/v1/footer": ("acct", 764),
    "/api/embargo/v1/course_access/": ("acct", 800),
    "/api/ccx/v0/ccx": ("learn", 735),
    "/lti_provider/": ("learn", 734),
    "/api/course_apps/v1/apps/{course_id}": ("learn", 747),
    "/api/discussions/v0/{course_id}": ("learn", 750),
    "/api/discussions/v0/course/{course_id}/settings": ("learn", 753),
    "/api/discussions/v0/course/{course_id}/providers": ("learn", 756),
    "/api/xblock/v2/xblocks/{usage_key}/": ("learn", 772),
    "/api/content_tagging/v1/taxonomies/": ("learn", 783),
    "/api/demographics/v1/demographics/status/": ("learn", 792),
    "/enterprise/api/v1/enterprise-customer/": ("learn", 797),
    "/consent/api/v1/data_sharing_consent": ("learn", 798),
    "/courses/{course_id}/cohorts/settings": ("instr", 566),
    "/courses/{course_id}/cohorts/topics": ("instr", 573),
}


def off(call: Call) -> Response:
    """The site's 404 page: the family is not installed, or switched off."""
    refusal = refusals.page_not_found(call.path)
    refusal.diagnosis = "a site has this only if it is installed and switched on, which it is not on the emulated one"
    raise refusal


def notes(call: Call) -> Response:
    """The page of notes, for signed-in browsers; without a notes service there are none."""
    return to_login(call)


def nothing(call: Call) -> Response:
    """An empty list."""
    return wire.api_json([])


def unknown(call: Call) -> Response:
    """A 404."""
    raise refusals.OpenedxRefusal("unknown", status=404, message="Not found.", check="exists")


def agreements_off(call: Call) -> Response:
    """The honor code is not signed on this site."""
    raise refusals.api_error(404, None, reason="agreements_off", check="integrity signatures are on")


def _staff_of_course(call: Call) -> None:
    key = keys.course_key(call.path_params["course_id"])
    if key is None or not people.is_course_staff(call.store, caller(call), key.text):
        raise refusals.permission_denied("only the staff of the course may see this")


def live_course(call: Call) -> Response:
    """The live sessions of a course: not configured."""
    lti = {"lti_1p1_client_key": "", "lti_1p1_launch_url": "", "version": "lti_1p1", "lti_config": {}}
    return wire.api_json(
        {
            "course_key": None,
            "provider_type": "",
            "enabled": True,
            "lti_configuration": lti,
            "pii_sharing_allowed": False,
            "free_tier": False,
        }
    )


def live_providers(call: Call) -> Response:
    """The possible providers of live sessions."""
    zoom = {
        "name": "Zoom LTI PRO",
        "has_free_tier": False,
        "features": [],
        "pii_sharing": {"username": False, "email": False},
        "additional_parameters": ["custom_instructor_email"],
    }
    button = {
        "name": "Big Blue Button",
        "has_free_tier": False,
        "features": [],
        "pii_sharing": {"username": True, "email": False},
        "additional_parameters": [],
    }
    available = {"zoom": zoom, "big_blue_button": button}
    return wire.api_json({"providers": {"active": "", "available": available}})


def _learn(*numbers: int) -> str:
    return recorded("openedx-2/learn", *numbers)


def _pages() -> tuple[Route, ...]:
    family, line = Family("", tag="switched off"), "A family that is switched off"
    recorded_ones = (
        family.page(path, off, line, evidence="observed", source=recorded(f"openedx-2/{run}", number))
        for path, (run, number) in _PAGES.items()
    )
    provider = "edx-platform lms/urls.py; edx-platform lms/envs/common.py"
    lti_provider = "/lti_provider/courses/{course_id}/{usage_id}"
    return *recorded_ones, family.page(lti_provider, off, line, evidence="documented", source=provider)


_SESSION: dict[str, Any] = {"authenticators": (credentials.SESSION,), "permissions": (caller,)}
_AGREEMENTS = Family(
    "/api/agreements/v1", tag="agreements", authenticators=credentials.JWT_SESSION, permissions=(caller,)
)
_NOTES = Family("/courses/{course_id}/edxnotes", tag="notes")
_LIVE = Family("/api/course_live", tag="course_live", permissions=(caller, _staff_of_course), notes_course=False)
_PROGRAMS = Family("/api/program_enrollments/v1/programs", tag="programs", developer_errors=True, permissions=(caller,))

ROUTES = (
    *_pages(),
    *_AGREEMENTS.resource(
        "/integrity_signature/{course_id}",
        "The honor code",
        get=agreements_off,
        post=agreements_off,
        notes_course=False,
        source=_learn(607),
    ),
    *_AGREEMENTS.resource(
        "/lti_pii_signature/{course_id}",
        "Data for LTI tools",
        post=agreements_off,
        notes_course=False,
        source=_learn(620),
    ),
    _NOTES.page("/", notes, "Notes", source=_learn(775)),
    _NOTES.page("/notes/", notes, "Notes", source=_learn(777)),
    _NOTES.page("/token/", notes, "A token for notes", source=_learn(782)),
    *_LIVE.resource(
        "/course/{course_id}", "Live sessions", get=live_course, allow="GET, POST, HEAD, OPTIONS", source=_learn(743)
    ),
    *_LIVE.resource("/providers/{course_id}/", "Providers of live sessions", get=live_providers, source=_learn(746)),
    *_PROGRAMS.resource("/enrollments/", "The caller's programs", get=nothing, source=_learn(760)),
    *_PROGRAMS.resource("/readonly_access/", "Programs to read", get=nothing, source=_learn(764)),
    *_PROGRAMS.resource(
        "/{uuid}/enrollments/",
        "Enrolments in a program",
        get=unknown,
        permissions=(is_staff,),
        allow="GET, POST, PUT, PATCH, HEAD, OPTIONS",
        source=_learn(765),
    ),
    *Family("/api/val/v0", tag="videos").resource(
        "/videos/",
        "Videos",
        get=unknown,
        authenticators=credentials.JWT_SESSION,
        permissions=(is_staff,),
        allow="GET, POST, HEAD, OPTIONS",
        source=_learn(768),
    ),
    *Family("/api/ora_staff_grader", tag="ora").resource(
        "/initialize", "Open responses to grade", get=unknown, source=_learn(738)
    ),
    *Family("/api/edx_proctoring/v1", tag="proctoring").resource(
        "/proctored_exam/attempt/course_id/{course_id}",
        "Attempts at proctored exams",
        get=unknown,
        notes_course=False,
        source=_learn(791),
        **_SESSION,
    ),
    *Family("/api/edx_name_affirmation/v1", tag="names").resource(
        "/verified_name",
        "Verified names",
        get=unknown,
        allow="GET, POST, PATCH, DELETE, HEAD, OPTIONS",
        source=_learn(804),
        **_SESSION,
    ),
)
