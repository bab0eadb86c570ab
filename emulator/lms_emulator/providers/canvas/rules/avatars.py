"""The avatars that a user can choose from.

An avatar's token is a keyed hash of its URL, so that only offered ones can be chosen.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from typing import Any
from urllib.parse import quote

from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.call.params import Params
from lms_emulator.providers.canvas.model import User
from lms_emulator.providers.canvas.rules import people

STATES = ("none", "submitted", "approved", "locked", "reported", "re_reported")
_TRUSTED = re.compile(r"https?://[a-zA-Z0-9.-]+\.gravatar\.com/|https://[a-zA-Z0-9.-]+\.instructure\.com/")
"""The hosts of URLs that are accepted although they were not offered."""
NO_PICTURE = "/images/dotted_pic.png"


def choices(api: Api, user: User) -> list[dict[str, Any]]:
    """A user's choices: the Gravatar of the e-mail address, or no picture."""
    address = (people.email_of(api.store, user) or "nobody@example.com").lower()
    digest = hashlib.md5(address.encode(), usedforsecurity=False).hexdigest()
    nothing = api.url(NO_PICTURE)
    gravatar = f"https://secure.gravatar.com/avatar/{digest}?s=50&d={quote(nothing, safe='')}"
    offered = (("gravatar", "gravatar pic", gravatar), ("no_pic", "no pic", nothing))
    return [{"url": url, "type": kind, "display_name": name, "token": _token(user, url)} for kind, name, url in offered]


def chosen(api: Api, user: User, sent: Params, *, moderates: bool) -> dict[str, Any]:
    """The avatar fields after a request's `avatar`: the token of an offered one, a URL, or a state.

    A URL that is not trusted removes the picture, and so does a state, which only moderators of avatars can set. Only
    they can change a locked picture.
    """
    token, url, state = sent.text("token"), sent.text("url"), sent.text("state")
    if token:
        sent_token = token.encode("utf-8", "surrogatepass")
        url = next(
            (row["url"] for row in choices(api, user) if hmac.compare_digest(row["token"].encode(), sent_token)), None
        )
    if (url is None and state is None) or (user.avatar_state == "locked" and not moderates):
        return {}
    picture = url if state is None and url is not None and _TRUSTED.match(url) else None
    if not moderates:
        return {"avatar_image_url": picture, "avatar_state": "submitted" if picture else "approved"}
    kept = "locked" if user.avatar_state == "locked" and state is None else "approved"
    return {"avatar_image_url": picture, "avatar_state": state if state in STATES else kept}


def _token(user: User, url: str) -> str:
    return hmac.new(user.uuid.encode(), url.encode(), hashlib.sha1).hexdigest()
