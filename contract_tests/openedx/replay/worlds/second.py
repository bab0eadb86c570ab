"""The world files of the second set of runs: micro-frontends, forums, teams, retirement, problems with answers."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from lms_emulator.providers.openedx.model.section import REGISTRATION_FIELDS

from .setups import Setup

START = datetime(2026, 11, 26, 14, 52, 0, 123456, tzinfo=UTC)
_RATES = {
    "enrollment_rate": "40/minute",
    "enrollment_staff_rate": "120/minute",
    "course_list_rate": "20/minute",
    "course_list_staff_rate": "40/minute",
}
#: The states of a retirement, as upstream has them; each comes ten steps after the one before.
RETIREMENT_STATES = [
    "PENDING", "LOCKING_ACCOUNT", "LOCKING_COMPLETE", "RETIRING_FORUMS", "FORUMS_COMPLETE", "RETIRING_EMAIL_LISTS",
    "EMAIL_LISTS_COMPLETE", "RETIRING_ENROLLMENTS", "ENROLLMENTS_COMPLETE", "RETIRING_NOTES", "NOTES_COMPLETE",
    "RETIRING_LMS", "LMS_COMPLETE", "ERRORED", "ABORTED", "COMPLETE",
]  # fmt: skip
#: The settings of each file.
SETTINGS: dict[str, dict[str, Any]] = {
    "openedx-recorded-2": {"release": "2025-07", **_RATES},
    "openedx-recorded-2-authn": {
        "release": "2025-07",
        "authn_mfe": True,
        "frame_options": "SAMEORIGIN",
        **_RATES,
    },
}
_FORUM_ROLES = {"forum role Moderator in CET": ("Moderator", "course-v1:CET+GW_01+2021_2022_FA")}


def world(name: str, document: dict[str, Any], settings: dict[str, Any]) -> dict[str, Any]:
    """The whole world file as plain data."""
    setup = Setup(document, START)
    site = setup["settings"]
    return {
        "name": name,
        "description": "What the second recorded Open edX LMS held when its runs began.",
        "settings": {"openedx": {"case_insensitive_matching": True, **settings}},
        "openedx": {
            **setup.site(),
            "contact_email": site["contact_email of every kind"],
            "login_redirect_whitelist": site["login_redirect_whitelist"],
            "registration_fields": REGISTRATION_FIELDS | {"honor_code": "hidden"},
            "mfe_config_api": site["ENABLE_MFE_CONFIG_API"],
            "retirement_service_worker": site["RETIREMENT_SERVICE_WORKER_USERNAME"],
            "retirement_states": RETIREMENT_STATES,
            "username_replacement_worker": site["USERNAME_REPLACEMENT_WORKER"],
            "micro_frontends": site["micro_front_ends"] | {"authn": "http://apps.local.openedx.io/authn"},
            "users": _users(setup),
            "applications": setup.applications(20),
            **setup.tokens(),
            "courses": [_course(course, setup) for course in setup["courses"]],
            "enrollments": [enrollment | {"created": START} for enrollment in setup["enrollments"]],
            "course_roles": setup["course_access_roles"],
            "forum_roles": [
                {"user": user["username"], "role": role, "course": course}
                for user in setup["users"]
                for role, course in [_FORUM_ROLES.get(user.get("note", ""), ("", ""))]
                if role
            ],
            "cohort_settings": [
                {"course": course["id"], "is_cohorted": True} for course in setup["courses"] if "cohorted" in course
            ],
            "cohorts": [_cohort(cohort) for cohort in setup["cohorts"]],
            "certificates": [_certificate(certificate) for certificate in setup["certificates"]],
        },
    }


def _users(setup: Setup) -> list[dict[str, Any]]:
    joined = setup.moment(setup["date_joined of every user"])
    users = [setup.service_user()]
    for item in setup["users"]:
        user = {key: value for key, value in item.items() if key != "note"} | {"date_joined": joined}
        if not user.pop("password_usable", True):
            del user["password"]
        user["activation_key"] = f"{user['id']:032x}"
        preferences = {key: value for name, key, value in setup["preferences"] if name == user["username"]}
        users.append(user | ({"preferences": preferences} if preferences else {}))
    return users


def _course(record: dict[str, Any], setup: Setup) -> dict[str, Any]:
    same = (
        "id", "display_name", "invitation_only", "effort", "short_description", "language", "mobile_available",
        "certificates_display_behavior", "handouts", "updates",
    )  # fmt: skip
    course = {name: record[name] for name in same if name in record} | setup.dates(record)
    course["verification_deadline"] = course["end"]
    course["self_paced"] = record["pacing"] == "self"
    course["modes"] = setup.modes(record)
    course["grading_policy"] = [
        {
            "type": line["type"],
            "short_label": line["short_label"],
            "count": line["min_count"],
            "dropped": line["drop_count"],
            "weight": line["weight"],
        }
        for line in record["grading_policy"]["GRADER"]
    ]
    course["grade_cutoffs"] = record["grading_policy"]["GRADE_CUTOFFS"]
    if "discussion_topics" in record:
        course["discussion_topics"] = {name: topic["id"] for name, topic in record["discussion_topics"].items()}
    if "teams_configuration" in record:
        teams = record["teams_configuration"]
        course["max_team_size"], course["teamsets"] = teams["max_team_size"], teams["topics"]
    course["content"] = [_block(block, setup) for block in setup["block_trees"].get(record["id"], [])]
    return course


def _block(record: dict[str, Any], setup: Setup) -> dict[str, Any]:
    names = {"visible_to_staff_only": "staff_only"}
    block = {names.get(key, key): value for key, value in record.items() if key not in ("what", "children")}
    if "due" in block:
        block["due"] = setup.moment(block["due"])
    if "multiple-choice" in record.get("what", ""):
        block["question"], block["max_attempts"] = {"kind": "choice", "answer": "choice_1"}, 3
    elif "numerical" in record.get("what", ""):
        block["question"] = {"kind": "numerical", "answer": "4"}
    block["children"] = [_block(child, setup) for child in record.get("children", [])]
    return block


def _cohort(record: dict[str, Any]) -> dict[str, Any]:
    return {("users" if key == "members" else key): value for key, value in record.items()}


def _certificate(record: dict[str, Any]) -> dict[str, Any]:
    kept = {key: record[key] for key in ("user", "course", "mode", "status", "grade", "download_url")}
    return kept | {"uuid": record["verify_uuid"], "created": START, "modified": START}
