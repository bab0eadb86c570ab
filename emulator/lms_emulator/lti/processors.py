"""Asset processors: what platforms tell them of an asset, and how their reports are read.

Source: 1EdTech Asset Processor 1.0 (https://www.imsglobal.org/spec/lti-ap/v1p0/main/).
"""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Mapping
from typing import Any

LONGEST = {"title": 1024, "result": 255, "comment": 65_536, "indicationAlt": 1024, "errorCode": 1024}
"""The longest texts of a report, in characters."""
MEMBERS = (*LONGEST, "indicationColor", "processingProgress")
"""The texts of a report, besides what it is about."""
PRIORITIES = ("0", "1", "2", "3", "4", "5")
_HEXADECIMAL = "0123456789abcdefABCDEF"


def described(
    asset_id: str, url: str, data: bytes, kind: str, timestamp: str | None, name: str | None
) -> dict[str, Any]:
    """An asset as notices name it. Parameters: `kind`, its media type; `name`, of its file if it is one."""
    return {
        "asset_id": asset_id,
        "url": url,
        "sha256_checksum": b64encode(hashlib.sha256(data).digest()).decode(),
        "timestamp": timestamp,
        "size": len(data),
        "content_type": kind,
        **({"title": name, "filename": name} if name is not None else {}),
    }


def why_nobody(sent: object) -> str:
    """Why nobody is found by the `userId` of a tool."""
    return f"nobody has the `sub` {sent}; `userId` is the `sub` of the id_token or of the roster"


def why_no_asset(sent: object) -> str:
    """Why no asset is found by the `assetId` of a report."""
    return f"no asset {sent} was submitted where this processor is; `assetId` is the `asset_id` of a notice"


def faults(texts: Mapping[str, str], priority: str | None) -> list[str]:
    """The members of a report that are invalid. Parameters: `texts`, those of `MEMBERS` that it has."""
    found = [name for name, most in LONGEST.items() if len(texts.get(name, "x")) > most]
    found += [name for name in ("title", "comment", "indicationAlt", "errorCode") if texts.get(name) == ""]
    if not is_colour(texts.get("indicationColor", "#000000")):
        found.append("indicationColor")
    if priority not in PRIORITIES:
        found.append("priority")
    if not texts.get("processingProgress"):
        found.append("processingProgress")
    return found


def is_colour(text: str) -> bool:
    """Whether a text is a colour, such as `#00ff00`."""
    return len(text) == 7 and text[0] == "#" and all(value in _HEXADECIMAL for value in text[1:])
