"""The pictures that a person may choose from.

A picture's token is a keyed hash of its address, so that only what was offered can be chosen.
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
"""Where a picture may come from that was not offered."""
NO_PICTURE = "/images/dotted_pic.png"


def choices(api: Api, user: User) -> list[dict[str, Any]]:
    """What a user may choose: the picture that Gravatar knows of the address, or none."""
    address = (people.email_of(api.store, user) or "nobody@example.com").lower()
    digest = hashlib.md5(address.encode(), usedforsecurity=False).hexdigest()
    nothing = api.url(NO_PICTURE)
    gravatar = f"https://secure.gravatar.com/avatar/{digest}?s=50&d={quote(nothing, safe='')}"
    offered = (("gravatar", "gravatar pic", gravatar), ("no_pic", "no pic", nothing))
    return [{"url": url, "type": kind, "display_name": name, "token": _token(user, url)} for kind, name, url in offered]


def chosen(api: Api, user: User, sent: Params, *, moderates: bool) -> dict[str, Any]:
    """What `avatar` in a request makes of a person's picture: a token of one that was offered, an address, or a state.

    An address that is not trusted takes the picture away, and so does a state, which counts for who moderates pictures.
    A locked picture is theirs to change alone.
    """
    token, url, state = sent.text("token"), sent.text("url"), sent.text("state")
    if token:
        sent_token = token.encode("utf-8", "surrogatepass")
        url = next(
            (one["url"] for one in choices(api, user) if hmac.compare_digest(one["token"].encode(), sent_token)), None
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
