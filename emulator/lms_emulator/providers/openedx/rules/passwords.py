"""The token of a password reset mail, as Django makes it.

Source: Django 4.2 `django/contrib/auth/tokens.py` (PasswordResetTokenGenerator).
"""

from __future__ import annotations

import hashlib
import hmac
import string
from datetime import UTC, datetime

from lms_emulator.providers.openedx.model.accounts import User

_DIGITS = string.digits + string.ascii_lowercase
_SALT = "django.contrib.auth.tokens.PasswordResetTokenGenerator"
_ORIGIN = datetime(2001, 1, 1, tzinfo=UTC)
#: How long a token is valid.
SECONDS = 259_200


def base36(number: int) -> str:
    """A number in base 36."""
    text = ""
    while number or not text:
        number, digit = divmod(number, 36)
        text = _DIGITS[digit] + text
    return text


def token(user: User, now: datetime, secret: str) -> str:
    """The token that lets the user of a mail set a new password."""
    return _at(user, int((now - _ORIGIN).total_seconds()), secret)


def _at(user: User, seconds: int, secret: str) -> str:
    signed_in = user.last_login.replace(microsecond=0, tzinfo=None) if user.last_login else ""
    value = f"{user.id}{user.password}{signed_in}{seconds}{user.email}"
    key = hashlib.sha256((_SALT + secret).encode()).digest()
    digest = hmac.new(key, value.encode(), hashlib.sha256).hexdigest()
    return f"{base36(seconds)}-{digest[::2]}"


def holds(user: User, text: str, now: datetime, secret: str) -> bool:
    """Whether a token was made for this user, for this password, and not too long ago."""
    stamp = text.partition("-")[0]
    if not stamp or any(character not in _DIGITS for character in stamp) or len(stamp) > 20:
        return False
    seconds = int(stamp, 36)
    age = (now - _ORIGIN).total_seconds() - seconds
    return age <= SECONDS and hmac.compare_digest(
        _at(user, seconds, secret).encode(), text.encode("utf-8", "surrogatepass")
    )
