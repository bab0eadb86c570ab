"""The avatars that a user can choose from.

An avatar's token is a keyed hash of its URL, so that only offered ones can be chosen.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from lms_emulator.providers.canvas.call.api import Api
from lms_emulator.providers.canvas.call.params import Params
from lms_emulator.providers.canvas.model import Attachment, Folder, User
from lms_emulator.providers.canvas.rules import contexts, files, media_types, people

STATES = ("none", "submitted", "approved", "locked", "reported", "re_reported")
_TRUSTED = re.compile(r"https?://[a-zA-Z0-9.-]+\.gravatar\.com/|https://[a-zA-Z0-9.-]+\.instructure\.com/")
"""The hosts of URLs that are accepted although they were not offered."""
NO_PICTURE = "/images/dotted_pic.png"
FILE = "attachment"
PROFILE_PICTURES = "profile pictures"
"""A user's folder for pictures to choose from, created on first use."""


@dataclass(frozen=True)
class Choice:
    """An avatar that a user can choose; it may be one of their files."""

    url: str
    kind: str
    name: str
    token: str
    file: Attachment | None = None


def choices(api: Api, user: User) -> list[Choice]:
    """A user's choices: the Gravatar of the e-mail address, the user's profile pictures, newest first, or no picture.

    Source: canvas-lms lib/api/v1/avatar.rb (2024-04).
    """
    address = people.email_of(api.store, user)
    digest = hashlib.md5(address.encode(), usedforsecurity=False).hexdigest() if address is not None else "000"
    nothing = api.url(NO_PICTURE)
    gravatar = f"https://secure.gravatar.com/avatar/{digest}?s=50&d={quote(nothing, safe='')}"
    held = files.files_in(api.store, _folder(api, user))
    pictures = sorted((file for file in held if file.content_type in media_types.PICTURES), key=lambda file: -file.id)
    found: list[tuple[str, str, str, Attachment | None]] = [
        (gravatar, "gravatar", "gravatar pic", None),
        *((thumbnail(api, file), FILE, file.display_name, file) for file in pictures),
        (nothing, "no_pic", "no pic", None),
    ]
    return [Choice(url, kind, name, _token(user, url), file) for url, kind, name, file in found]


def chosen(api: Api, user: User, sent: Params, *, moderates: bool) -> dict[str, Any]:
    """The avatar fields after a request's `avatar`: the token of an offered one, a URL, or a state.

    A URL that is not trusted removes the picture, and so does a state, which only moderators of avatars can set. Only
    they can change a locked picture.
    """
    token, url, state = sent.text("token"), sent.text("url"), sent.text("state")
    own = False
    if token:
        sent_token = token.encode("utf-8", "surrogatepass")
        offered = (row for row in choices(api, user) if hmac.compare_digest(row.token.encode(), sent_token))
        choice = next(offered, None)
        url, own = (choice.url, choice.kind == FILE) if choice is not None else (None, False)
    if (url is None and state is None) or (user.avatar_state == "locked" and not moderates):
        return {}
    picture = url if state is None and url is not None and (own or _TRUSTED.match(url)) else None
    if not moderates:
        return {"avatar_image_url": picture, "avatar_state": "submitted" if picture else "approved"}
    kept = "locked" if user.avatar_state == "locked" and state is None else "approved"
    return {"avatar_image_url": picture, "avatar_state": state if state in STATES else kept}


def _token(user: User, url: str) -> str:
    return hmac.new(user.uuid.encode(), url.encode(), hashlib.sha1).hexdigest()


def thumbnail(api: Api, file: Attachment) -> str:
    """The URL of a picture's thumbnail."""
    return api.url(f"/images/thumbnails/{file.id}/{file.uuid}")


def _folder(api: Api, user: User) -> Folder:
    """The user's folder of profile pictures, wherever it is."""
    context = contexts.get(api, "User", user.id)
    found = next((row for row in files.folders_of(api.store, context) if row.name == PROFILE_PICTURES), None)
    return found or files.make_folder(api, context, files.root_folder(api, context), PROFILE_PICTURES)
