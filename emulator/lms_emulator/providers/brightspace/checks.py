"""What can be wrong with a well-formed Brightspace section of a world file."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterable
from typing import Any

from lms_emulator.core.http.urls import parts_of
from lms_emulator.core.state.references import Reference, dangling, shared, unending

REFERENCES = (
    Reference("enrollments", "org_unit_id", "org_units"),
    Reference("enrollments", "user_id", "users"),
    Reference("enrollments", "role_id", "roles"),
    Reference("modules", "org_unit_id", "org_units"),
    Reference("modules", "parent_id", "modules"),
    Reference("topics", "org_unit_id", "org_units"),
    Reference("topics", "module_id", "modules"),
    Reference("news_items", "org_unit_id", "org_units"),
    Reference("group_categories", "org_unit_id", "org_units"),
    Reference("groups", "category_id", "group_categories"),
    Reference("grade_objects", "org_unit_id", "org_units"),
    Reference("grade_objects", "legacy_link_id", "legacy_links"),
    Reference("grade_values", "grade_object_id", "grade_objects"),
    Reference("grade_values", "user_id", "users"),
    Reference("applications", "service_user_id", "users"),
    Reference("deployments", "client_id", "registrations", "client_id"),
    Reference("deployments", "org_unit_id", "org_units"),
    Reference("lti_links", "deployment_id", "deployments"),
    Reference("lti_links", "org_unit_id", "org_units"),
    Reference("sharing_rules", "org_unit_id", "org_units"),
    Reference("line_items", "deployment_id", "deployments"),
    Reference("line_items", "grade_object_id", "grade_objects"),
    Reference("dropbox_folders", "org_unit_id", "org_units"),
    Reference("dropbox_submissions", "folder_id", "dropbox_folders"),
    Reference("dropbox_submissions", "user_id", "users"),
    Reference("asset_processors", "folder_id", "dropbox_folders"),
    Reference("asset_processors", "deployment_id", "deployments"),
    Reference("assets", "submission_id", "dropbox_submissions"),
    Reference("asset_reports", "asset_processor_id", "asset_processors"),
    Reference("asset_reports", "asset_id", "assets"),
    Reference("eula_acceptances", "deployment_id", "deployments"),
    Reference("eula_acceptances", "user_id", "users"),
    Reference("legacy_links", "org_unit_id", "org_units"),
    Reference("legacy_providers", "org_unit_id", "org_units"),
    Reference("legacy_results", "link_id", "legacy_links"),
    Reference("legacy_results", "org_unit_id", "org_units"),
    Reference("legacy_results", "user_id", "users"),
    Reference("notice_handlers", "tool_id", "deployments"),
    Reference("refresh_tokens", "client_id", "applications", "client_id"),
    Reference("refresh_tokens", "user_id", "users"),
)


_SHARED = {"deployment": "deployments", "legacy_link": "legacy_links", "legacy_provider": "legacy_providers"}


def _decodes(text: str) -> bool:
    try:
        b64decode(text, validate=True)
    except ValueError:
        return False
    return True


def problems(section: Any) -> Iterable[str]:
    """Dangling references, files that cannot be decoded, and usernames that two people share."""
    yield from dangling(section, REFERENCES)
    yield from unending(section, REFERENCES)
    for number, rule in enumerate(section.sharing_rules):
        table = _SHARED[rule.shares]
        if rule.owner not in {str(item.id) for item in getattr(section, table)}:
            yield f"sharing_rules[{number}].owner: {rule.owner!r} is not among `{table}`"
    for number, link in enumerate(section.legacy_links):
        parts = parts_of(link.url)
        if not (link.url.startswith("/") or (parts.scheme in ("http", "https") and parts.hostname)):
            yield f"legacy_links[{number}].url: {link.url!r} is not a URL"
    for number, work in enumerate(section.dropbox_submissions):
        for place, file in enumerate(work.files):
            if not _decodes(file.data):
                yield f"dropbox_submissions[{number}].files[{place}].data: this is not base64"
    yield from shared("users", "username", (user.username.lower() for user in section.users))
