"""The JSON of accounts.

Source: edx-platform `openedx/core/djangoapps/user_api/accounts/serializers.py` (UserReadOnlySerializer) and
`user_api/serializers.py` (UserSerializer).
"""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Any

from lms_emulator.providers.openedx.model.accounts import User
from lms_emulator.providers.openedx.rules import accounts
from lms_emulator.providers.openedx.shapes import moment

#: How many of the fields, from the first, others see of an open and of a private account.
SHARED, PRIVATE = 11, 3
#: Names and pixels of the profile image's sizes.
IMAGE_SIZES = {"full": 500, "large": 120, "medium": 50, "small": 30}


def shared(user: User, now: datetime, base_url: str) -> dict[str, Any]:
    """An account as others see it."""
    shown = SHARED if accounts.privacy(user, now) == "all_users" else PRIVATE
    return dict(list(full(user, now, base_url).items())[:shown])


def profile_image(user: User, base_url: str) -> dict[str, Any]:
    """Where the pictures of a user lie."""
    if user.image_uploaded is None:
        names = {name: f"{base_url}/static/images/profiles/default_{n}.png" for name, n in IMAGE_SIZES.items()}
    else:
        digest = hashlib.md5(f"{user.username}".encode()).hexdigest()
        version = int(user.image_uploaded.timestamp())
        names = {
            name: f"{base_url}/media/profile-images/{digest}_{n}.jpg?v={version}" for name, n in IMAGE_SIZES.items()
        }
    pictures = {f"image_url_{name}": address for name, address in names.items()}
    return {"has_image": user.image_uploaded is not None, **pictures}


def full(user: User, now: datetime, base_url: str) -> dict[str, Any]:
    """An account as its owner and staff see it."""
    joined = user.date_joined
    return {
        "account_privacy": accounts.privacy(user, now),
        "profile_image": profile_image(user, base_url),
        "username": user.username,
        "bio": user.bio,
        "course_certificates": None,
        "country": user.country,
        "date_joined": moment(joined.replace(microsecond=0) if joined else None),
        "language_proficiencies": [{"code": code} for code in user.language_proficiencies],
        "level_of_education": user.level_of_education,
        "social_links": [{"platform": name, "social_link": link} for name, link in user.social_links.items()],
        "time_zone": user.preferences.get("time_zone"),
        "name": user.name,
        "email": user.email,
        "id": user.id,
        "verified_name": None,
        "extended_profile": [],
        "gender": user.gender,
        "state": user.state,
        "goals": user.goals,
        "is_active": user.is_active,
        "last_login": moment(user.last_login),
        "mailing_address": user.mailing_address,
        "requires_parental_consent": accounts.is_minor(user, now),
        "secondary_email": None,
        "secondary_email_enabled": None,
        "year_of_birth": user.year_of_birth,
        "phone_number": user.phone_number,
        "activation_key": accounts.activation_key(user),
        "pending_name_change": user.pending_name,
    }


def for_services(user: User, base_url: str, *, area: str = "api/user") -> dict[str, Any]:
    """An account in the list for services with the API key. Parameters: `area`, where its address lies."""
    return {
        "id": user.id,
        "url": f"{base_url}/{area}/v1/users/{user.id}/",
        "email": user.email,
        "name": user.name,
        "username": user.username,
        "preferences": dict(sorted(user.preferences.items())),
    }
