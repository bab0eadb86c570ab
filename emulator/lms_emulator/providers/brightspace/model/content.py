"""Brightspace's records of content and announcements."""

from __future__ import annotations

from typing import Literal

from lms_emulator.core.state.records import Instant, Record


class Module(Record, frozen=True, kw_only=True):
    """A module of the content, below the module `parent_id`, if given."""

    id: int
    org_unit_id: int
    title: str
    parent_id: int | None = None
    is_hidden: bool = False
    last_modified: Instant


class Topic(Record, frozen=True, kw_only=True):
    """A topic: a file with its text, or a link."""

    id: int
    org_unit_id: int
    module_id: int
    title: str
    type: Literal["File", "Link"] = "File"
    url: str = ""
    file_name: str = ""
    content_type: str = "text/html"
    text: str = ""
    is_hidden: bool = False
    last_modified: Instant


class Attachment(Record, frozen=True, kw_only=True):
    """A file attached to an announcement."""

    file_id: int
    file_name: str
    file_size: int


class NewsItem(Record, frozen=True, kw_only=True):
    """An announcement."""

    id: int
    org_unit_id: int
    title: str
    body_text: str
    body_html: str | None = None
    is_hidden: bool = False
    is_published: bool = True
    is_global: bool = False
    is_pinned: bool = False
    show_only_in_course_offerings: bool = False
    is_author_info_shown: bool = True
    created_by: int | None = None
    created_date: Instant
    last_modified_by: int | None = None
    last_modified_date: Instant | None = None
    start_date: Instant
    end_date: Instant | None = None
    attachments: list[Attachment] = []
