"""The licences under which files may be used, and whether a file needs one.

Source: fixtures/recordings/canvas/content-files.jsonl 214; canvas-lms app/models/attachment.rb,
set_publish_state_for_usage_rights.
"""

from __future__ import annotations

from typing import NamedTuple

from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.model import Attachment
from lms_emulator.providers.canvas.rules import groups


class License(NamedTuple):
    """A licence, with its name and URL."""

    id: str
    name: str
    url: str


_CC = "http://creativecommons.org/licenses"
_EVERY = (
    License("private", "Private (Copyrighted)", "http://en.wikipedia.org/wiki/Copyright"),
    License("public_domain", "Public Domain", "http://en.wikipedia.org/wiki/Public_domain"),
    License("cc_by", "CC Attribution", f"{_CC}/by/4.0"),
    License("cc_by_sa", "CC Attribution Share Alike", f"{_CC}/by-sa/4.0"),
    License("cc_by_nc", "CC Attribution Non-Commercial", f"{_CC}/by-nc/4.0"),
    License("cc_by_nc_sa", "CC Attribution Non-Commercial Share Alike", f"{_CC}/by-nc-sa/4.0"),
    License("cc_by_nd", "CC Attribution No Derivatives", f"{_CC}/by-nd/4.0"),
    License("cc_by_nc_nd", "CC Attribution Non-Commercial No Derivatives", f"{_CC}/by-nc-nd/4.0/"),
)
LICENSES = {license.id: license for license in _EVERY}


def lacking(api: Api, file: Attachment) -> bool:
    """Whether a course demands usage rights that a file does not have; work that was handed in needs none."""
    course = groups.course_of(api, file.context_type, file.context_id)
    folder = api.store.folders.get(file.folder_id or 0)
    handed_in = folder is not None and folder.submission_context_code is not None
    demanded = course is not None and bool(course.settings.get("usage_rights_required"))
    return demanded and not handed_in and file.usage_rights is None
