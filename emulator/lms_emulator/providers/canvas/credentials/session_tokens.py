"""The token in a session URL: who signs in, until when, sealed so that only Canvas can have written it.

Source: fixtures/recordings/canvas/oauth-browser.jsonl 1, 27.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from typing import Any, NamedTuple

from lms_emulator.core.access import issued_tokens as issued
from lms_emulator.core.http import json_text
from lms_emulator.core.keys import private_pem
from lms_emulator.providers.canvas.call import Call

ALIVE_SECONDS = 30


class SessionToken(NamedTuple):
    """Who signs in, and whom they act as."""

    user_id: int
    become_user_id: int | None


def issue(x: Call, user_id: int, become_user_id: int | None) -> str:
    """A token that is valid for half a minute."""
    values: dict[str, Any] = {
        "created_at": int(x.clock.timestamp()),
        "user_id": user_id,
        "current_user_id": become_user_id,
    }
    sealed = values | {"signature": _signature(values)}
    token = base64.urlsafe_b64encode(json.dumps(sealed).encode()).decode().rstrip("=")
    return issued.remember(x.store.issued_tokens, token, values["created_at"] + ALIVE_SECONDS, kind="session")


def _signature(values: dict[str, Any]) -> str:
    secret = f"canvas session tokens\n{private_pem('canvas')}".encode()
    return hmac.new(secret, json.dumps(values).encode(), hashlib.sha256).hexdigest()


def read(x: Call, text: str) -> SessionToken | None:
    """The contents of a token; None if it is expired, tampered with, or not a token."""
    text = text.partition("#")[0]  # a program may have sent the URL's fragment along
    try:
        values = json_text.parse(base64.urlsafe_b64decode(text + "=="))
        signature = str(values.pop("signature"))
        age = x.clock.timestamp() - values["created_at"]
        right = hmac.compare_digest(signature.encode(), _signature(values).encode())
    except (ValueError, binascii.Error, KeyError, TypeError, AttributeError):
        return None
    if not right or age > ALIVE_SECONDS or issued.find(x.store.issued_tokens, text) is None:
        return None
    return SessionToken(values["user_id"], values["current_user_id"])
