"""Where Brightspace lets a tool choose content, and what it takes there.

Source: https://community.d2l.com/brightspace/kb/articles/23660: Quicklinks of the content, Insert Stuff of the editor
(which alone takes HTML), and activities, which are one link to the tool. Which other types each takes is chosen.
"""

from __future__ import annotations

from typing import NamedTuple

from lms_emulator.providers.brightspace.model.lti import LinkKind


class Spot(NamedTuple):
    """One place that asks a tool for content. `kind` is what its links become."""

    kind: LinkKind
    types: tuple[str, ...]
    multiple: bool


SPOTS = {
    "quicklink": Spot("quicklink", ("ltiResourceLink", "link", "file", "image"), multiple=True),
    "insertstuff": Spot("insert_stuff", ("ltiResourceLink", "link", "file", "image", "html"), multiple=True),
    "activity": Spot("activity", ("ltiResourceLink",), multiple=False),
}
DEFAULT = "quicklink"
