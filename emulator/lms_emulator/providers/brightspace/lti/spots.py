"""Brightspace's deep linking placements, and what each accepts.

Source: https://community.d2l.com/brightspace/kb/articles/23660: Quicklinks in the content, Insert Stuff in the editor
(the only one that accepts HTML), and activities, which are a single link to the tool. Other types are chosen.
"""

from __future__ import annotations

from typing import NamedTuple

from lms_emulator.providers.brightspace.model.lti import LinkKind


class Spot(NamedTuple):
    """A deep linking placement. `kind` is the kind of its links."""

    kind: LinkKind
    types: tuple[str, ...]
    multiple: bool


SPOTS = {
    "quicklink": Spot("quicklink", ("ltiResourceLink", "link", "file", "image"), multiple=True),
    "insertstuff": Spot("insert_stuff", ("ltiResourceLink", "link", "file", "image", "html"), multiple=True),
    "activity": Spot("activity", ("ltiResourceLink",), multiple=False),
    "assetprocessor": Spot("activity", ("ltiAssetProcessor",), multiple=True),
}
PROCESSORS = "assetprocessor"
"""The placement at an assignment, which takes no links."""
DEFAULT = "quicklink"
