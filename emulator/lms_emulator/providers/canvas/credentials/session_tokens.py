"""The token in a session URL: which login it signs in, from when, and Canvas's signature over that.

Source: canvas-lms lib/session_token.rb and gems/json_token; fixtures/recordings/canvas/oauth-browser.jsonl 1, 27.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from typing import Any, NamedTuple

import msgspec

from lms_emulator.core.access import issued_tokens as issued
from lms_emulator.core.http import json_text
from lms_emulator.core.keys import private_pem
from lms_emulator.providers.canvas.call import Call
from lms_emulator.providers.canvas.call.api import Api, global_id
from lms_emulator.providers.canvas.call.identifiers import local_number
from lms_emulator.providers.canvas.model.people import Pseudonym
from lms_emulator.providers.canvas.rules.people import login_of

ALIVE_SECONDS = 30


class SessionToken(NamedTuple):
    """Which login signs in, whom its owner acts as, and whether the session counts as remembered."""

    login_id: int | None
    become_user_id: int | None
    remembered: bool


def issue(api: Api) -> str:
    """A token for the caller, good for half a minute; whoever acts as somebody goes on doing so in the browser.

    Raises the refusal for a caller without a login, which cannot be signed in.
    """
    caller = api.user
    real = api.real_user or caller
    login = login_of(api.store, real)
    if not api.check("the caller has a login", login is not None) or login is None:
        raise api.refused("open a session without a login")
    become = global_id(caller.id) if caller.id != real.id else None
    return _issue(api.call, global_id(login.id), become, remembered=True)


def issue_to_newcomer(call: Call, login: Pseudonym) -> str:
    """A token for somebody who has just registered."""
    return _issue(call, login.id, None, remembered=None)


def _issue(call: Call, login_id: int, become_user_id: int | None, *, remembered: bool | None) -> str:
    created_at = int(call.clock.timestamp())
    signature = _signature(call, created_at, login_id, become_user_id, remembered)
    values = {
        "created_at": created_at,
        "pseudonym_id": login_id,
        "current_user_id": become_user_id,
        "used_remember_me_token": remembered,
        "signature": {"_binary": base64.encodebytes(signature).decode()},
    }
    token = base64.urlsafe_b64encode(msgspec.json.encode(values)).decode().rstrip("=")
    return issued.remember(call.store.issued_tokens, token, created_at + ALIVE_SECONDS, kind="session")


def _signature(call: Call, *values: Any) -> bytes:
    """Canvas's signature over a token's values, in hexadecimal."""
    secret = call.settings.encryption_key or f"canvas session tokens\n{private_pem('canvas')}"
    names = {None: "", True: "true", False: "false"}
    message = "::".join(names[value] if value is None or isinstance(value, bool) else str(value) for value in values)
    return hmac.new(secret.encode(), message.encode(), "sha1").hexdigest().encode()


def read(call: Call, text: str) -> SessionToken | str:
    """The contents of a token; if it is invalid, the reason as text.

    With the emulator's own key, only tokens of this world are valid. With a key from the settings, all that it
    signed are, as at a site.
    """
    text = text.partition("#")[0]  # a program may have sent the URL's fragment along
    try:
        values = json_text.parse(base64.urlsafe_b64decode(text + "=="))
        signature = base64.b64decode(values["signature"]["_binary"])
        said = [values[name] for name in ("created_at", "pseudonym_id", "current_user_id", "used_remember_me_token")]
        age = call.clock.timestamp() - said[0]
        right = hmac.compare_digest(signature, _signature(call, *said))
    except (ValueError, binascii.Error, KeyError, TypeError, AttributeError):
        return "not a session token: pass the URL on unchanged"
    if not right:
        return "its signature is not this site's: it was changed, or another site issued it"
    if age > ALIVE_SECONDS:
        return f"{age:.0f} s old; it lives for {ALIVE_SECONDS} s"
    if age < -ALIVE_SECONDS:
        return f"it begins {-age:.0f} s from now"
    if not call.settings.encryption_key and issued.find(call.store.issued_tokens, text) is None:
        return "this world did not give it out, or gave it out before it was reset"
    _, login_id, become_user_id, remembered = said
    return SessionToken(local_number(login_id), local_number(become_user_id), bool(remembered))
