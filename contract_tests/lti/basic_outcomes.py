"""Results as tools of LTI 1.1 send them: the envelope, and OAuth 1.0 over the hash of a body."""

from __future__ import annotations

import base64
import hashlib
from urllib.parse import quote

from lms_emulator.signing import oauth1

_ENVELOPE = (
    '<imsx_POXEnvelopeRequest xmlns="http://www.imsglobal.org/services/ltiv1p1/xsd/imsoms_v1p0"><imsx_POXHeader>'
    "<imsx_POXRequestHeaderInfo><imsx_messageIdentifier>{message}</imsx_messageIdentifier></imsx_POXRequestHeaderInfo>"
    "</imsx_POXHeader><imsx_POXBody><{operation}Request><resultRecord><sourcedGUID><sourcedId>{sourced}</sourcedId>"
    "</sourcedGUID>{result}</resultRecord>{details}</{operation}Request></imsx_POXBody></imsx_POXEnvelopeRequest>"
)


def envelope(operation: str, sourced: str, result: str = "", details: str = "", message: str = "m1") -> str:
    """A message. Parameters: `result` and `details`, as XML; `sourced` and `message`, ids, escaped."""
    return _ENVELOPE.format(operation=operation, sourced=sourced, result=result, details=details, message=message)


def of_score(score: str) -> str:
    """The result with a score."""
    return f"<result><resultScore><textString>{score}</textString></resultScore></result>"


def body_hash(body: str | bytes) -> str:
    """The SHA-1 of a body in base64."""
    raw = body.encode() if isinstance(body, str) else body
    return base64.b64encode(hashlib.sha1(raw, usedforsecurity=False).digest()).decode()


def authorization(method: str, url: str, body: str, key: str, secret: str, **changes: str | None) -> str:
    """The header of a signed request. Parameters: `changes`, other values of its fields; None leaves one out."""
    fields = {
        "oauth_consumer_key": key,
        "oauth_nonce": "n",
        "oauth_timestamp": "1",
        "oauth_version": "1.0",
        "oauth_signature_method": "HMAC-SHA1",
        "oauth_body_hash": body_hash(body),
        **changes,
    }
    pairs = [(name, value) for name, value in fields.items() if value is not None and name != oauth1.SIGNATURE_FIELD]
    signature = fields.get(oauth1.SIGNATURE_FIELD, oauth1.sign(method, url, pairs, secret))
    pairs += [] if signature is None else [(oauth1.SIGNATURE_FIELD, signature)]
    return "OAuth " + ", ".join(f'{name}="{quote(value, safe="")}"' for name, value in pairs)
