"""What can be wrong with a well-formed Canvas of a world file."""

from __future__ import annotations

from collections.abc import Iterable

from lms_emulator.core.state.references import Reference, dangling, shared
from lms_emulator.providers.canvas.model import CanvasSection

REFERENCES = (
    Reference("developer_keys", "accounts", "accounts"),
    Reference("courses", "account_id", "accounts"),
    Reference("enrollments", "course_id", "courses"),
    Reference("enrollments", "user_id", "users"),
    Reference("folders", "course_id", "courses"),
    Reference("files", "course_id", "courses"),
    Reference("files", "folder_id", "folders"),
    Reference("discussion_topics", "course_id", "courses"),
    Reference("pages", "course_id", "courses"),
    Reference("modules", "course_id", "courses"),
    Reference("assignments", "course_id", "courses"),
    Reference("assignments", "resource_link_id", "resource_links"),
    Reference("tools", "course_id", "courses"),
    Reference("tools", "developer_key_id", "developer_keys"),
    Reference("resource_links", "course_id", "courses"),
    Reference("resource_links", "tool_id", "tools"),
    Reference("line_items", "course_id", "courses"),
    Reference("line_items", "developer_key_id", "developer_keys"),
    Reference("results", "line_item_id", "line_items"),
    Reference("results", "user_id", "users"),
    Reference("access_tokens", "user_id", "users"),
    Reference("access_tokens", "developer_key_id", "developer_keys"),
)


def problems(section: CanvasSection) -> Iterable[str]:
    """References to records that are not there, and logins that two people have."""
    yield from dangling(section, REFERENCES)
    yield from shared("users", "login", (user.login.lower() for user in section.users))
