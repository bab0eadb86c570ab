"""The world files of the second set of runs, from `openedx-2/setup.json`. The differences from the first are its own:
micro-frontends, forums, teams, retirement, and problems with answers.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from lms_emulator.providers.openedx.model.section import REGISTRATION_FIELDS, RETIREMENT_STATES

#: The moment that `start-1h` and the like in the setup count from.
START = datetime(2026, 11, 26, 14, 52, 0, 123456, tzinfo=UTC)
_RATES = {
    "enrollment_rate": "40/minute",
    "enrollment_staff_rate": "120/minute",
    "course_list_rate": "20/minute",
    "course_list_staff_rate": "40/minute",
}
#: The settings of each file.
SECOND: dict[str, dict[str, Any]] = {
    "openedx-recorded-2": {"release": "2025-07", **_RATES},
    "openedx-recorded-2-authn": {
        "release": "2025-07",
        "authn_mfe": True,
        "frame_options": "SAMEORIGIN",
        **_RATES,
    },
}
_PERIODS = {"m": "minutes", "h": "hours", "d": "days"}
_FORUM_ROLES = {"forum role Moderator in CET": ("Moderator", "course-v1:CET+GW_01+2021_2022_FA")}


def second_world(name: str, setup: dict[str, Any], settings: dict[str, Any]) -> dict[str, Any]:
    """The whole world file as plain data."""
    site, jwt = setup["settings"], setup["settings"]["JWT"]
    clients = {one["name"]: one["client_id"] for one in setup["applications"]}
    return {
        "name": name,
        "description": "What the second recorded Open edX LMS held when its runs began.",
        "settings": {"openedx": {"case_insensitive_matching": True, **settings}},
        "openedx": {
            "platform_name": setup["platform_name"],
            "contact_email": site["contact_email of every kind"],
            "edx_api_key": site["EDX_API_KEY"],
            "session_cookie_domain": site["session_cookie_domain"],
            "cors_origin_whitelist": site["cors_origin_whitelist"],
            "login_redirect_whitelist": site["login_redirect_whitelist"],
            "login_service_client_id": setup["service_user"]["application_client_id"],
            "registration_fields": REGISTRATION_FIELDS | {"honor_code": "hidden"},
            "mfe_config_api": site["ENABLE_MFE_CONFIG_API"],
            "retirement_service_worker": site["RETIREMENT_SERVICE_WORKER_USERNAME"],
            "retirement_states": RETIREMENT_STATES,
            "username_replacement_worker": site["USERNAME_REPLACEMENT_WORKER"],
            "micro_frontends": site["micro_front_ends"] | {"authn": "http://apps.local.openedx.io/authn"},
            "jwt": {
                "issuer": jwt["issuer"],
                "audience": jwt["audience"],
                "secret": jwt["hs256_secret"],
                "kid": jwt["private_signing_jwk"]["kid"],
                "private_signing_jwk": jwt["private_signing_jwk"],
            },
            "users": _users(setup),
            "applications": _applications(setup),
            "access_tokens": [_token(one, clients) for one in setup["access_tokens"]],
            "refresh_tokens": [_refresh(one, clients) for one in setup["access_tokens"] if "refresh_token" in one],
            "courses": [_course(one, setup["block_trees"]) for one in setup["courses"]],
            "enrollments": [one | {"created": START} for one in setup["enrollments"]],
            "course_roles": setup["course_access_roles"],
            "forum_roles": [
                {"user": one["username"], "role": role, "course": course}
                for one in setup["users"]
                for role, course in [_FORUM_ROLES.get(one.get("note", ""), ("", ""))]
                if role
            ],
            "cohort_settings": [
                {"course": one["id"], "is_cohorted": True} for one in setup["courses"] if "cohorted" in one
            ],
            "cohorts": [_cohort(one) for one in setup["cohorts"]],
            "certificates": [_certificate(one) for one in setup["certificates"]],
        },
    }


def _users(setup: dict[str, Any]) -> list[dict[str, Any]]:
    joined = _moment(setup["date_joined of every user"])
    service = setup["service_user"]
    users = [{"id": service["id"], "username": service["username"], "email": f"{service['username']}@fake.email"}]
    for one in setup["users"]:
        user = {key: value for key, value in one.items() if key != "note"} | {"date_joined": joined}
        if not user.pop("password_usable", True):
            del user["password"]
        user["activation_key"] = f"{user['id']:032x}"
        preferences = {key: value for name, key, value in setup["preferences"] if name == user["username"]}
        users.append(user | ({"preferences": preferences} if preferences else {}))
    return users


def _applications(setup: dict[str, Any]) -> list[dict[str, Any]]:
    service = setup["service_user"]
    login = {
        "name": "Login Service for JWT Cookies",
        "client_id": service["application_client_id"],
        "client_type": "public",
        "authorization_grant_type": "password",
        "user": service["username"],
    }
    return [{"id": 1, **login}, *(one | {"id": 20 + place} for place, one in enumerate(setup["applications"]))]


def _token(one: dict[str, Any], clients: dict[str, str]) -> dict[str, Any]:
    return {
        "token": one["token"],
        "user": one["user"],
        "application": clients.get(one["application"] or ""),
        "expires": _moment(one["expires"]),
        "scope": one["scope"],
    }


def _refresh(one: dict[str, Any], clients: dict[str, str]) -> dict[str, Any]:
    return {
        "token": one["refresh_token"],
        "user": one["user"],
        "application": clients.get(one["application"] or ""),
        "access_token": one["token"],
        "revoked": _moment(one.get("refresh_revoked")),
        "created": _moment(one.get("refresh_created", "start-1h")),
    }


def _course(one: dict[str, Any], trees: dict[str, Any]) -> dict[str, Any]:
    same = (
        "id", "display_name", "invitation_only", "effort", "short_description", "language", "mobile_available",
        "certificates_display_behavior", "handouts", "updates",
    )  # fmt: skip
    course = {name: one[name] for name in same if name in one}
    for name in ("start", "end", "enrollment_start", "enrollment_end"):
        course[name] = _moment(one[name])
    course["verification_deadline"] = course["end"]
    course["self_paced"] = one["pacing"] == "self"
    course["modes"] = [_mode(mode) for mode in one["modes"]]
    course["grading_policy"] = [
        {
            "type": line["type"],
            "short_label": line["short_label"],
            "count": line["min_count"],
            "dropped": line["drop_count"],
            "weight": line["weight"],
        }
        for line in one["grading_policy"]["GRADER"]
    ]
    course["grade_cutoffs"] = one["grading_policy"]["GRADE_CUTOFFS"]
    if "discussion_topics" in one:
        course["discussion_topics"] = {name: topic["id"] for name, topic in one["discussion_topics"].items()}
    if "teams_configuration" in one:
        teams = one["teams_configuration"]
        course["max_team_size"], course["teamsets"] = teams["max_team_size"], teams["topics"]
    course["content"] = [_block(block) for block in trees.get(one["id"], [])]
    return course


def _mode(one: dict[str, Any]) -> dict[str, Any]:
    names = {"mode_slug": "slug", "mode_display_name": "name"}
    mode = {names.get(key, key): value for key, value in one.items()}
    if "expiration_datetime" in mode:
        mode["expiration_datetime"] = _moment(mode["expiration_datetime"])
    return mode


def _block(one: dict[str, Any]) -> dict[str, Any]:
    names = {"visible_to_staff_only": "staff_only"}
    block = {names.get(key, key): value for key, value in one.items() if key not in ("what", "children")}
    if "due" in block:
        block["due"] = _moment(block["due"])
    if "multiple-choice" in one.get("what", ""):
        block["question"], block["max_attempts"] = {"kind": "choice", "answer": "choice_1"}, 3
    elif "numerical" in one.get("what", ""):
        block["question"] = {"kind": "numerical", "answer": "4"}
    block["children"] = [_block(child) for child in one.get("children", [])]
    return block


def _cohort(one: dict[str, Any]) -> dict[str, Any]:
    return {("users" if key == "members" else key): value for key, value in one.items()}


def _certificate(one: dict[str, Any]) -> dict[str, Any]:
    kept = {key: one[key] for key in ("user", "course", "mode", "status", "grade", "download_url")}
    return kept | {"uuid": one["verify_uuid"], "created": START, "modified": START}


def _moment(text: str | None) -> datetime | None:
    if text is None:
        return None
    if text.startswith("start-"):
        return START - timedelta(**{_PERIODS[text[-1]]: int(text[6:-1])})
    return datetime.fromisoformat(text).astimezone(UTC)
