"""What the real API description says about paths beyond their routes: names, schemas, paging.

Source: `fixtures/recordings/openedx/openapi-outline.json`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

PAGED = ({"name": "page", "in": "query", "required": False, "type": "integer"},)
PAGE_SIZE = {"name": "page_size", "in": "query", "required": False, "type": "integer"}
CURSOR = ({"name": "cursor", "in": "query", "required": False, "type": "string"},)

#: Our path to the documented one, where names differ; None leaves a path out.
RENAMED: dict[str, str | None] = {
    "/cohorts/v1/settings/{course_id}": "/cohorts/v1/settings/{course_key_string}",
    "/cohorts/v1/courses/{course_id}/cohorts/": None,
    "/cohorts/v1/courses/{course_id}/cohorts/{cohort_id}": (
        "/cohorts/v1/courses/{course_key_string}/cohorts/{cohort_id}"
    ),
    "/cohorts/v1/courses/{course_id}/cohorts/{cohort_id}/users/{username}": (
        "/cohorts/v1/courses/{course_key_string}/cohorts/{cohort_id}/users/{username}"
    ),
    "/courses/v1/blocks/{usage_key}": "/courses/v1/blocks/{usage_key_string}",
    "/courses/v2/blocks/{usage_key}": "/courses/v2/blocks/{usage_key_string}",
    "/courses/v1/courses/{course_id}": "/courses/v1/courses/{course_key_string}",
    "/enrollment/v1/enrollments": "/enrollment/v1/enrollments/",
    "/user/v1/preferences/{username}/{key}": "/user/v1/preferences/{username}/{preference_key}",
    "/user/v1/users/{user_id}/": "/user/v1/users/{id}/",
    "/user/v1/account/login_session/": None,
    "/user/v2/account/login_session/": None,
}
#: Operations of view sets, which are named after the action instead of the method.
ACTIONS = {
    ("POST", "/user/v1/accounts/cancel_retirement/"): "user_v1_accounts_cancel_retirement",
    ("POST", "/user/v1/accounts/name_change/{username}/confirm/"): "user_v1_accounts_name_change_confirm",
    ("POST", "/user/v1/accounts/retire/"): "user_v1_accounts_post",
    ("POST", "/user/v1/accounts/retire_misc/"): "user_v1_accounts_post",
    ("POST", "/user/v1/accounts/retirement_cleanup/"): "user_v1_accounts_cleanup",
    ("POST", "/user/v1/accounts/retirement_partner_report_cleanup/"): "user_v1_accounts_retirement_partner_cleanup",
    ("GET", "/user/v1/accounts/retirements_by_status_and_date/"): "user_v1_accounts_retirements_by_status_and_date",
    ("GET", "/user/v1/accounts/{username}/retirement_status/"): "user_v1_accounts_retirement_status_read",
    ("GET", "/user/v1/me"): "user_v1_get",
    ("POST", "/user/v1/accounts/search_emails"): "user_v1_accounts_search_emails",
    ("GET", "/user/v1/accounts/retirement_queue/"): "user_v1_accounts_retirement_queue",
}
#: Operations that exist but are not documented.
HIDDEN = (
    ("GET", "/user/v1/accounts/search_emails"),
    ("GET", "/user/v1/accounts/{username}/verifications/"),
    ("GET", "/user/v1/forum_roles/{name}/users/"),
    ("GET", "/user/v1/user_prefs/"),
)
_ACCOUNT = ["application/json", "application/merge-patch+json"]
#: What the documents say is read, where it is not what the view's parsers say.
CONSUMES = dict.fromkeys(
    ("/user/v1/accounts", "/user/v1/accounts/{username}", "/user/v1/accounts/search_emails"), _ACCOUNT
)
NUMBERED = (
    "/grades/v1/gradebook/{course_id}/grading-info",
    "/courses/v1/blocks/",
    "/courses/v1/blocks/{usage_key_string}",
    "/courses/v1/course_ids/",
    "/courses/v1/courses/",
    "/courses/v2/blocks/",
    "/courses/v2/blocks/{usage_key_string}",
    "/grades/v1/policy/courses/{course_id}/",
    "/user/v1/users/",
)
CURSORED = ("/enrollment/v1/enrollments/", "/grades/v1/courses/", "/grades/v1/section_grades_breakdown/")
#: What a path's objects look like, by the name of a definition (below), or a schema.
SCHEMAS: dict[str, Any] = {
    "/cohorts/v1/courses/{course_key_string}/cohorts/{cohort_id}": {"type": "object", "properties": {}},
    "/cohorts/v1/courses/{course_key_string}/cohorts/{cohort_id}/users/{username}": "CohortUsersAPI",
    "/cohorts/v1/settings/{course_key_string}": {"type": "object", "properties": {}},
    "/course_modes/v1/courses/{course_id}/": "course_modes.CourseMode",
    "/course_modes/v1/courses/{course_id}/{mode_slug}": "course_modes.CourseMode",
    "/courses/v1/course_ids/": {"type": "string"},
    "/courses/v1/courses/": "Course",
    "/courses/v1/courses/{course_key_string}": "CourseDetail",
    "/enrollment/v1/enrollments/": "CourseEnrollmentsApiList",
    "/user/v1/users/": "user_api.User",
    "/user/v1/users/{id}/": "user_api.User",
}

_MOMENT = {"type": "string", "format": "date-time"}
_TEXT = {"type": "string", "minLength": 1}
_READ_ONLY = {"type": "string", "readOnly": True}
_URI = {"type": "string", "format": "uri", "minLength": 1}
_COURSE: dict[str, Any] = {
    "blocks_url": _READ_ONLY,
    "effort": _TEXT,
    "end": _MOMENT,
    "enrollment_start": _MOMENT,
    "enrollment_end": _MOMENT,
    "id": _TEXT,
    "media": {"$ref": "#/definitions/_CourseApiMediaCollection"},
    "name": _TEXT,
    "number": _TEXT,
    "org": _TEXT,
    "short_description": _TEXT,
    "start": _MOMENT,
    "start_display": _TEXT,
    "start_type": _TEXT,
    "pacing": _TEXT,
    "mobile_available": {"type": "boolean"},
    "hidden": _READ_ONLY,
    "invitation_only": {"type": "boolean"},
    "course_id": {"type": "string", "readOnly": True, "minLength": 1},
}
_OPTIONAL = ("blocks_url", "hidden", "course_id")
_REQUIRED = [name for name in _COURSE if name not in _OPTIONAL]


def object_of(properties: Mapping[str, Any], required: list[str] | None = None) -> dict[str, Any]:
    """The schema of an object with these properties."""
    return {**({"required": required} if required else {}), "type": "object", "properties": dict(properties)}


DEFINITIONS: dict[str, Any] = {
    "course_modes.CourseMode": object_of(
        {
            "course_id": _TEXT,
            "mode_slug": _TEXT,
            "mode_display_name": _TEXT,
            "min_price": {"type": "integer"},
            "currency": _TEXT,
            "expiration_datetime": {**_MOMENT, "x-nullable": True},
            "expiration_datetime_is_explicit": {"type": "boolean"},
            "description": {"type": "string", "x-nullable": True},
            "sku": {"type": "string", "x-nullable": True},
            "bulk_sku": {"type": "string", "x-nullable": True},
        },
        ["course_id", "mode_slug", "mode_display_name", "currency"],
    ),
    "CourseEnrollmentsApiList": object_of(
        {
            "created": {**_MOMENT, "readOnly": True, "x-nullable": True},
            "mode": {"type": "string", "maxLength": 100, "minLength": 1},
            "is_active": {"type": "boolean"},
            "user": _READ_ONLY,
            "course_id": _TEXT,
        },
        ["course_id"],
    ),
    "Course": object_of(_COURSE, _REQUIRED),
    "CourseDetail": object_of({**_COURSE, "overview": _READ_ONLY}, _REQUIRED),
    "_CourseApiMediaCollection": object_of(
        {
            "banner_image": {"$ref": "#/definitions/_AbsolutMedia"},
            "course_image": {"$ref": "#/definitions/_Media"},
            "course_video": {"$ref": "#/definitions/_Media"},
            "image": {"$ref": "#/definitions/Image"},
        },
        ["banner_image", "course_image", "course_video", "image"],
    ),
    "_Media": object_of({"uri": _READ_ONLY}),
    "_AbsolutMedia": object_of({"uri": _READ_ONLY, "uri_absolute": _READ_ONLY}),
    "Image": object_of({"raw": _URI, "small": _URI, "large": _URI}, ["raw", "small", "large"]),
    "user_api.User": object_of(
        {
            "id": {"type": "integer", "readOnly": True},
            "email": {"type": "string", "format": "email", "maxLength": 254},
            "name": _READ_ONLY,
            "username": {"type": "string", "pattern": r"^[\w.@+-]+$", "maxLength": 150, "minLength": 1},
            "preferences": _READ_ONLY,
            "url": {"type": "string", "format": "uri", "readOnly": True},
        },
        ["username"],
    ),
    "CohortUsersAPI": object_of(
        {
            "username": {"type": "string", "pattern": r"^[\w.@+-]+$", "maxLength": 150, "minLength": 1},
            "email": {"type": "string", "format": "email", "maxLength": 254},
            "name": _READ_ONLY,
        },
        ["username"],
    ),
}
