"""The pictures that a person may choose from.

A picture's token is a keyed hash of its address, so that only what was offered can be chosen.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import Any
from urllib.parse import quote

from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.model import User
from lms_emulator.providers.canvas.rules import people

NO_PICTURE = "/images/dotted_pic.png"


def choices(api: Api, user: User) -> list[dict[str, Any]]:
    """What a user may choose: the picture that Gravatar knows of the address, or none."""
    address = (people.email_of(api.store, user) or "nobody@example.com").lower()
    digest = hashlib.md5(address.encode(), usedforsecurity=False).hexdigest()
    nothing = api.url(NO_PICTURE)
    gravatar = f"https://secure.gravatar.com/avatar/{digest}?s=50&d={quote(nothing, safe='')}"
    offered = (("gravatar", "gravatar pic", gravatar), ("no_pic", "no pic", nothing))
    return [{"url": url, "type": kind, "display_name": name, "token": _token(user, url)} for kind, name, url in offered]


def _token(user: User, url: str) -> str:
    return hmac.new(user.uuid.encode(), url.encode(), hashlib.sha1).hexdigest()
