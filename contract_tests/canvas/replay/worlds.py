"""Write the world file that the recorded runs begin from: `python -m contract_tests.canvas.replay.worlds`.

Everything comes from `setup.json`; ids stay as they are given there.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import tomli_w

from .recordings import WORLD, setup

#: When everything in the recorded world was made.
MADE = datetime.fromisoformat("2026-08-01T12:00:00Z")
SHARD = 10_000_000_000_000
#: Where tables begin to count (in ten thousands) of which the recorded world has no row yet, as their rows' ids in the
#: recorded answers show.
BANDS = {
    "account_notifications": 104,
    "account_reports": 107,
    "appointment_groups": 115,
    "assessment_question_banks": 117,
    "assessment_questions": 118,
    "assessment_requests": 119,
    "assignment_overrides": 124,
    "attachments": 128,
    "authentication_providers": 141,
    "blackout_dates": 142,
    "bookmarks": 143,
    "calendar_events": 144,
    "conditional_release_assignment_set_associations": 155,
    "conditional_release_assignment_sets": 156,
    "conditional_release_rules": 157,
    "conditional_release_scoring_ranges": 158,
    "content_exports": 159,
    "content_migrations": 160,
    "content_shares": 163,
    "context_modules": 169,
    "conversation_batches": 170,
    "conversation_messages": 172,
    "conversations": 174,
    "course_pace_module_items": 176,
    "course_paces": 177,
    "custom_gradebook_columns": 185,
    "discussion_entries": 191,
    "discussion_topics": 197,
    "error_reports": 205,
    "external_feeds": 208,
    "folders": 213,
    "gradebook_filters": 215,
    "grading_period_groups": 217,
    "grading_periods": 218,
    "grading_standards": 219,
    "group_categories": 221,
    "group_memberships": 222,
    "groups": 223,
    "late_policies": 233,
    "learning_outcome_groups": 226,
    "learning_outcome_results": 228,
    "learning_outcomes": 229,
    "lti_results": 241,
    "master_courses_child_subscriptions": 248,
    "master_courses_master_migrations": 250,
    "master_courses_master_templates": 251,
    "media_objects": 253,
    "media_tracks": 254,
    "migration_issues": 260,
    "moderated_grading_provisional_grades": 261,
    "observer_alert_thresholds": 269,
    "observer_alerts": 270,
    "outcome_import": 277,
    "planner_notes": 282,
    "planner_overrides": 283,
    "poll_choices": 285,
    "poll_sessions": 286,
    "poll_submissions": 287,
    "polls": 288,
    "quiz_groups": 294,
    "quiz_questions": 297,
    "quiz_reports": 300,
    "quiz_submission_events": 301,
    "quiz_submissions": 303,
    "quizzes": 304,
    "role_overrides": 306,
    "roles": 307,
    "rubric_assessments": 308,
    "rubric_associations": 309,
    "rubrics": 310,
    "sis_batches": 321,
    "stream_items": 324,
    "submission_comments": 325,
    "wiki_pages": 352,
}
_STATES = {"claimed": "unpublished", "created": "unpublished"}


def main() -> None:
    """Write the file."""
    WORLD.write_text(tomli_w.dumps(world(setup())), encoding="utf-8")


def world(given: dict[str, Any]) -> dict[str, Any]:
    """The whole world file as plain data."""
    return {
        "name": "canvas-recorded",
        "description": "What the recorded Canvas of June 2023 held when its runs began.",
        "settings": {
            "emulator": {"as_of": "2023-06-20"},
            "canvas": {
                "analytics": False,
                "new_quizzes": False,
                "permission_denied_status": 401,
                "rate_limit": "bucket",
                "feature_flag_delay_seconds": 30,
                "role_permissions_kept_seconds": 300,
                "issuer": given["lti_issuer"],
                "access_token_prefix": "",
                "encryption_key": "facdd3a131ddd8988b14f6e4e01039c93cfa0160",
                "contact_email": "canvas@example.test",
                "rich_content_host": "http://rce.canvas.docker:3000",
                "deep_linking_answer_once": False,
            },
        },
        "canvas": _plain(
            {
                "next_ids": _next_ids(given["first_new_ids"]),
                "accounts": [_account(account) for account in given["accounts"]],
                "enrollment_terms": [
                    _kept(term, "id name root_account_id sis_term_id start_at end_at workflow_state created_at")
                    for term in given["terms"]
                ],
                "roles": [_role(role) for role in given["roles"] if role["root_account_id"]],
                "authentication_providers": [{"id": 1, "account_id": 2}, {"id": 2, "account_id": 1}],
                "users": [
                    _kept(user, "id name sortable_name short_name uuid lti_id time_zone workflow_state created_at")
                    | {"stuck_sis_fields": ["name", "sortable_name"]}
                    for user in given["users"]
                ],
                "pseudonyms": [_login(login, given) for login in given["logins"]],
                "communication_channels": [row | {"created_at": MADE} for row in given["communication_channels"]],
                "account_users": given["admins"],
                "user_observers": [observer | {"created_at": MADE} for observer in given["observers"]],
                "courses": [_course(course) for course in given["courses"]],
                "course_sections": given["sections"],
                "enrollments": [_enrollment(enrollment) for enrollment in given["enrollments"]],
                "assignment_groups": given["assignment_groups"],
                "assignments": [_assignment(assignment, given) for assignment in given["assignments"]],
                "submissions": [_kept(row, "id user_id assignment_id workflow_state") for row in given["submissions"]],
                "developer_keys": _developer_keys(given),
                "developer_key_account_bindings": [_binding(binding) for binding in given["developer_key_bindings"]],
                "tool_configurations": [_configuration(row) for row in given["tool_configurations"]],
                "tools": [_tool(tool, given) for tool in given["external_tools"]],
                "resource_links": [_link(link, given) for link in given["lti_resource_links"]],
                "line_items": [_line_item(item, given) for item in given["lti_line_items"]],
                "access_tokens": [_token(token) for token in given["keys"]["tokens"].values()],
            }
        ),
    }


def _next_ids(given: dict[str, int]) -> dict[str, int]:
    counted = {table: number for table, number in given.items() if number > 1}
    return counted | {table: 10_000 * band + 1 for table, band in BANDS.items() if table not in counted}


def _kept(record: dict[str, Any], names: str, **changes: Any) -> dict[str, Any]:
    return {name: record[name] for name in names.split() if name in record} | changes


def _account(record: dict[str, Any]) -> dict[str, Any]:
    names = "id name parent_account_id uuid sis_account_id integration_id workflow_state default_time_zone"
    account = _kept(record, names, guid=record["lti_guid"].removesuffix(":canvas-lms"), created_at=MADE)
    return account | ({"site_admin": True} if record["name"] == "Site Admin" else {})


def _role(record: dict[str, Any]) -> dict[str, Any]:
    names = "id base_role_type workflow_state root_account_id"
    return _kept(record, names, name=record["role"], created_at=MADE, updated_at=MADE)


def _login(record: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    return record | {"password": given["keys"]["logins"][record["unique_id"]]["password"]}


def _course(record: dict[str, Any]) -> dict[str, Any]:
    course = {key: value for key, value in record.items() if key not in ("root_account_id", "time_zone")}
    return course | {"workflow_state": _STATES.get(record["workflow_state"], record["workflow_state"])}


def _enrollment(record: dict[str, Any]) -> dict[str, Any]:
    return record | {"updated_at": record["created_at"]}


def _assignment(record: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    names = (
        "id name course_id assignment_group_id position due_at unlock_at lock_at points_possible grading_type "
        "description lti_context_id created_at"
    )
    published = record["workflow_state"] == "published"
    kinds = record["submission_types"].split(",")
    links = [link for link in given["lti_resource_links"] if link["context_id"] == record["id"]]
    tools = {tool["id"]: tool["url"] for tool in given["external_tools"]}
    tag: dict[str, Any] = {}
    for link in links:
        number = link["context_external_tool_id"]
        own = {"id": given["first_new_ids"]["content_tags"] - 1, "resource_link_id": f"{record['id']:040x}"}
        tag = {"external_tool": {"url": tools[number], "content_id": number, **own}}
    return _kept(record, names, updated_at=record["created_at"], published=published, submission_types=kinds, **tag)


def _developer_keys(given: dict[str, Any]) -> list[dict[str, Any]]:
    keys: list[dict[str, Any]] = [{"id": SHARD + 1, "name": "User-Generated", "visible": False}]
    names = (
        "name email account_id redirect_uris scopes require_scopes allow_includes auto_expire_tokens visible "
        "is_lti_key public_jwk oidc_initiation_url workflow_state created_at"
    )
    return keys + [
        _kept(key, names, id=int(key["client_id"]), api_key=key["client_secret"]) for key in given["developer_keys"]
    ]


def _binding(record: dict[str, Any]) -> dict[str, Any]:
    return record | {"developer_key_id": SHARD + record["developer_key_id"]}


def _configuration(record: dict[str, Any]) -> dict[str, Any]:
    names = "id settings privacy_level"
    return _kept(record, names, developer_key_id=SHARD + record["developer_key_id"], created_at=MADE, updated_at=MADE)


def _token(record: dict[str, Any]) -> dict[str, Any]:
    names = "id user_id token purpose permanent_expires_at"
    token = _kept(record, names, developer_key_id=SHARD + 1, created_at=MADE)
    if "permanent_expires_at" in token:
        token["permanent_expires_at"] = datetime.fromisoformat(token["permanent_expires_at"].replace(" UTC", "Z"))
    return token


def _tool(record: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    place = {"account_id" if record["context_type"] == "Account" else "course_id": record["context_id"]}
    made = {
        "privacy": record["workflow_state"],
        "created_at": record["created_at"],
        "updated_at": record["created_at"],
        **place,
    }
    kept = _kept(record, "id name url domain consumer_key shared_secret")
    if record["lti_version"] == "1.3":
        key = SHARD + record["developer_key_id"]
        said = next(row for row in given["tool_configurations"] if SHARD + row["developer_key_id"] == key)
        return kept | made | {"developer_key_id": key, "description": said["settings"]["description"]}
    settings = dict(record["settings"])
    return kept | made | {"custom": settings.pop("custom_fields", None), "settings": settings}


def _link(given: dict[str, Any], setup: dict[str, Any]) -> dict[str, Any]:
    assignment = next(item for item in setup["assignments"] if item["id"] == given["context_id"])
    return {
        "id": given["resource_link_uuid"],
        "lookup_id": given["lookup_uuid"],
        "course_id": assignment["course_id"],
        "tool_id": given["context_external_tool_id"],
        "assignment_id": assignment["id"],
        "title": assignment["name"],
    }


def _line_item(given: dict[str, Any], setup: dict[str, Any]) -> dict[str, Any]:
    assignment = next(item for item in setup["assignments"] if item["id"] == given["assignment_id"])
    link = next(row for row in setup["lti_resource_links"] if row["id"] == given["lti_resource_link_id"])
    return {
        "id": given["id"],
        "course_id": assignment["course_id"],
        "assignment_id": assignment["id"],
        "developer_key_id": given["client_id"],
        "data": {
            "label": given["label"],
            "score_maximum": given["score_maximum"],
            "resource_link_id": link["resource_link_uuid"],
        },
        "coupled": given["coupled"],
    }


def _plain(document: Any) -> Any:
    """Times as TOML has them, and no nulls."""
    if isinstance(document, dict):
        return {key: _plain(value) for key, value in document.items() if value is not None}
    if isinstance(document, list):
        return [_plain(value) for value in document]
    if isinstance(document, str) and len(document) == 20 and document[10] == "T" and document[-1] == "Z":
        return datetime.fromisoformat(document)
    return document


if __name__ == "__main__":
    main()
