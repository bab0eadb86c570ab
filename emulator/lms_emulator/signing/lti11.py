"""LTI 1.1 launch messages: fields, signature, roles.

Source: 1EdTech "LTI Implementation Guide" 1.1 and 1.1.1 (sections 3 and 4 for the fields, 4.2 for OAuth).
OpenLearning is the *tool provider* of such a message; the integrator's site, or OpenLearning's API on its behalf,
is the *consumer* that signs it.
"""

from __future__ import annotations

import hmac
from base64 import b64encode
from collections.abc import Mapping
from hashlib import sha1, sha256

from lms_emulator.signing import oauth1

MESSAGE_TYPE = "basic-lti-launch-request"
VERSION = "LTI-1p0"
"""The version in messages of LTI 1.0, 1.1 and 1.1.1."""
SIGNATURE_METHOD, SHA256 = "HMAC-SHA1", "HMAC-SHA256"

OAUTH_FIELDS = (
    "oauth_consumer_key",
    "oauth_signature_method",
    "oauth_timestamp",
    "oauth_nonce",
    "oauth_version",
    "oauth_callback",
    "oauth_signature",
)
_ROLE_PREFIXES = ("urn:lti:role:ims/lis/", "urn:lti:instrole:ims/lis/", "urn:lti:sysrole:ims/lis/")
_STAFF = frozenset({"instructor", "administrator"})


def signed_launch(
    url: str,
    fields: Mapping[str, str],
    *,
    consumer_key: str,
    secret: str,
    timestamp: int,
    nonce: str,
    method: str = SIGNATURE_METHOD,
) -> dict[str, str]:
    """The complete form of a launch, ready to post: message, OAuth fields and signature.

    Parameters:
        url: the launch URL, exactly as the browser will post to it.
        fields: the message without OAuth fields (see `message`).
        consumer_key, secret: the registration of the consumer with the tool.
        timestamp: seconds since 1970.
        nonce: a value that was not used with this key before.
        method: `SIGNATURE_METHOD`, or `SHA256` where a consumer offers it.

    Returns:
        name to value, in a stable order, with `oauth_signature` last. All fields are signed, so the form must not be
        changed in any way.
    """
    params = {
        **fields,
        "oauth_consumer_key": consumer_key,
        "oauth_signature_method": method,
        "oauth_timestamp": str(timestamp),
        "oauth_nonce": nonce,
        "oauth_version": "1.0",
        "oauth_callback": "about:blank",
    }
    params[oauth1.SIGNATURE_FIELD] = signature("POST", url, params.items(), secret, method)
    return params


def signature(verb: str, url: str, pairs: oauth1.Pairs, secret: str, method: str) -> str:
    """The signature of a request, by `SHA256` or else HMAC-SHA1. Raises ValueError as `oauth1.base_string_uri`."""
    base, key = oauth1.signature_base_string(verb, url, pairs), oauth1.signing_key(secret)
    digest = hmac.new(key, base.encode(), sha256 if method == SHA256 else sha1).digest()
    return b64encode(digest).decode()


def message(resource_link_id: str, optional: Mapping[str, str | None]) -> dict[str, str]:
    """The message without OAuth fields: the three required fields, then the optional ones that are given.

    An empty text is sent and signed as an empty field; `None` omits the field.
    """
    fields = {"lti_message_type": MESSAGE_TYPE, "lti_version": VERSION, "resource_link_id": resource_link_id}
    fields.update((name, value) for name, value in optional.items() if value is not None)
    return fields


def roles(text: str) -> frozenset[str]:
    """Parse the roles of a launch, short or URNs: `Instructor,urn:lti:instrole:ims/lis/Administrator`. Result in lower
    case.

    A URN's sub-role is dropped (`Instructor/GuestInstructor` is an instructor).
    """
    found = set()
    for item in text.split(","):
        name = item.strip()
        for prefix in _ROLE_PREFIXES:
            name = name.removeprefix(prefix)
        if name:
            found.add(name.partition("/")[0].lower())
    return frozenset(found)


def is_staff(text: str) -> bool:
    """Whether a launch's roles include Instructor or Administrator, which may set up classes."""
    return bool(roles(text) & _STAFF)
