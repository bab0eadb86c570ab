"""What published libraries do with each message of LTI 1.3 that a platform sends: the table of `docs/lti.md`.

`test_messages.py` sends each message to each library, and looks through the platforms for messages that are not here.
"""

from __future__ import annotations

from typing import NamedTuple

from lms_emulator.app import load_providers
from lms_emulator.providers.canvas.lti import documents, notices
from lms_emulator.signing import lti13

LIBRARIES = {"pylti1p3": "PyLTI1p3 2.0", "ltijs": "ltijs 5.9"}
WORKS = "works"
_EVERYWHERE = ("canvas", "brightspace", "openedx")
_UNKNOWN = ("Unrecognized message type", "NO_MESSAGE_TYPE_CLAIM")
_NO_RECEIVER = ("Missing state param", "NO_LTIK_OR_IDTOKEN_FOUND")
"""Notices are posted as JSON, without a login: both libraries take the post for a launch that lacks everything."""


class Outcome(NamedTuple):
    """The outcome of a message with each of `LIBRARIES`: `WORKS`, or the library's error as it refuses the message."""

    pylti1p3: str
    ltijs: str


def _sent(platforms: tuple[str, ...], messages: tuple[str, ...], *outcome: str) -> dict[tuple[str, str], Outcome]:
    return {(platform, message): Outcome(*outcome) for message in messages for platform in platforms}


MESSAGES = {
    **_sent(_EVERYWHERE, (lti13.RESOURCE_LINK_REQUEST, lti13.DEEP_LINKING_REQUEST), WORKS, WORKS),
    **_sent(("brightspace",), (lti13.SUBMISSION_REVIEW_REQUEST,), WORKS, _UNKNOWN[1]),
    **_sent(
        ("canvas", "brightspace"),
        (documents.EULA_REQUEST, documents.SETTINGS_REQUEST, documents.REVIEW_REQUEST),
        *_UNKNOWN,
    ),
    **_sent(("canvas",), notices.TYPES, *_NO_RECEIVER),
    **_sent(("brightspace",), (lti13.CONTEXT_COPY_NOTICE, lti13.SUBMISSION_NOTICE), *_NO_RECEIVER),
}


def table() -> str:
    """One row for each message; platforms that send it alike share a row."""
    titles = {name: provider.title for name, provider in load_providers().items()}
    rows: dict[tuple[str, Outcome], list[str]] = {}
    for (platform, message), outcome in MESSAGES.items():
        rows.setdefault((message, outcome), []).append(titles[platform])
    lines = [f"| message | platform | {' | '.join(LIBRARIES.values())} |", "|---|---|---|---|"]
    for (message, outcome), platforms in rows.items():
        cells = [said if said == WORKS else f"refused, `{said}`" for said in outcome]
        lines.append(f"| `{message}` | {', '.join(platforms)} | {' | '.join(cells)} |")
    return "\n".join(lines)
