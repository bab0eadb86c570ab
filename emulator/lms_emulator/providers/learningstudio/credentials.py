"""Authentication: an application that signs each request (OAuth 1.0a), or a user with an access token."""

from __future__ import annotations

import hmac
import re
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from lms_emulator.core.access.signers import known_secrets, whose_secret
from lms_emulator.core.clock import isoformat
from lms_emulator.core.http.refusals import Refusal, Unfinished, searched
from lms_emulator.core.skew import why_off
from lms_emulator.providers.learningstudio import refusals
from lms_emulator.providers.learningstudio.limits import throttle
from lms_emulator.providers.learningstudio.model.access import Nonce
from lms_emulator.providers.learningstudio.model.people import Campus, User
from lms_emulator.signing.cmac import cmac_aes
from lms_emulator.signing.pearson import AccessToken, Malformed, parse_access_token
from lms_emulator.signing.pearson_oauth1 import (
    SIGNATURE_METHOD,
    OAuth1Header,
    SignedRequest,
    base_string,
    base_strings,
    parse_header,
    signature,
)

if TYPE_CHECKING:
    from lms_emulator.providers.learningstudio.call import Call

_ACCESS_TOKEN = re.compile(r'(?:(?<!\s)\s++)?access_token\s*=\s*+(?:"([^"\s]*)"|([^"\s]*))\s*$', re.IGNORECASE)
_UNENCODED = re.compile(r"""\boauth_signature\s*=\s*"?[^",\s]*[+/=]""")
_NONCE = re.compile(r"[A-Za-z0-9]{1,32}")


@dataclass(frozen=True, kw_only=True)
class Caller:
    """A caller whose credentials are valid.

    Parameters:
        campus: the only campus that the caller sees.
        user: the user of the token; None with OAuth 1.0a, which sees the whole campus.
    """

    campus: Campus
    user: User | None


def identify(call: Call) -> Caller | None:
    """The caller; None if the request has no credentials. Raises a 401 for invalid ones."""
    given = call.headers.getlist("x-authorization")
    if len(given) > 1:
        raise refusals.ambiguous_credentials(len(given))
    if given:
        return _from_header(call, given[0])
    token = _from_cookie(call)
    if token is not None:
        return _from_token(call, token)
    if "authorization" in call.headers:
        raise refusals.unauthorized(
            "authorization_header",
            "Credentials are missing: use the X-Authorization header.",
            check="credentials are in X-Authorization",
            got="Authorization",
            diagnosis=_why_unread(call),
        )
    return None


def _why_unread(call: Call) -> str:
    """Why the Authorization header does not count here."""
    if call.headers["authorization"].count("|") == 2:
        where = call.world.providers[call.provider].hint_for_unknown_path(call.path)
        return "only eventing takes its tokens, at /v1/subscription and below" + (f"; {where}" if where else "")
    return "LearningStudio reads X-Authorization (or a cookie), never Authorization"


def require(call: Call) -> Caller:
    """The caller. Raises a 401 without credentials."""
    caller = identify(call)
    if caller is None:
        raise refusals.unauthorized(
            "missing_credentials",
            "Credentials are missing.",
            check="X-Authorization header or cookie",
            expected="X-Authorization: OAuth … or X-Authorization: Access_Token access_token=…",
            looked_for="X-Authorization: Access_Token access_token=<token>",
        )
    return caller


def _from_header(call: Call, value: str) -> Caller:
    scheme, _, rest = value.strip().partition(" ")
    if scheme.lower() == "oauth":
        return _from_signature(call, value)
    if scheme.lower() == "access_token":
        found = _ACCESS_TOKEN.match(rest)
        if found is not None:
            return _from_token(call, found[1] or found[2] or "")
    diagnosis = "the value begins with `Access_Token access_token=` or with `OAuth `"
    if scheme.lower() == "access_token":
        diagnosis = "after `Access_Token` comes `access_token=` and the token, and nothing else"
        if rest.count('"') == 1:
            diagnosis = "one of the two quotation marks around the token is missing; it needs none"
    if scheme.lower() == "bearer":
        diagnosis = "`Bearer` is RFC 6750; LearningStudio wants `Access_Token access_token=` and the token"
    raise refusals.unauthorized(
        "malformed_credentials",
        "Invalid credentials.",
        check="scheme of X-Authorization",
        expected="OAuth or Access_Token access_token=",
        got=value[:80],
        diagnosis=diagnosis,
    )


def _from_cookie(call: Call) -> str | None:
    allowed = call.settings.cookie
    if "cookie" not in call.headers:
        return None
    if allowed != "X-Authorization" and "access_token" in call.cookies:
        return call.cookies["access_token"]
    if allowed != "access_token" and "X-Authorization" in call.cookies:
        value = call.cookies["X-Authorization"]
        found = _ACCESS_TOKEN.search(unquote(value) if "%20" in value else value)
        return (found[1] or found[2] or "") if found else ""
    return None


# --- OAuth 2 ---
def _from_token(call: Call, text: str) -> Caller:
    if text.startswith("{"):
        raise refusals.placeholder("access_token", text)
    try:
        token, right = _read_token(text, call.store.section.server_key)
    except Malformed as malformed:
        why = _why_cut_besides(call, text) or str(malformed)
        raise _invalid_token("an access token's syntax", text, why, credential=text) from None
    if not hmac.compare_digest(token.signature.encode(), right.encode()):
        changed = "a field of the token was changed, or another server issued it"
        why = _why_cut(token.signature, right) or changed
        raise _invalid_token("the token's own signature", text, why, credential=text)
    call.check("access token: its own signature")
    if "|" in text and "%" not in text:
        call.warn("token_decoded", "The access token was percent-decoded; send it as it was issued (with %3a).")
    elif "%7c" in text.lower():
        call.warn("token_encoded", "The access token was percent-encoded again; send it as it was issued.")
    return _holder(call, token)


def _why_cut(came: str, right: str) -> str | None:
    cut = came and right.startswith(came) and came != right
    return f"the token is cut: {len(came)} of {len(right)} characters of its signature were sent" if cut else None


def _why_cut_besides(call: Call, text: str) -> str | None:
    """Why a token that is percent-encoded once too often would not be taken without that either."""
    try:
        token, right = _read_token(unquote(text), call.store.section.server_key)
    except Malformed:
        return None
    cut = _why_cut(token.signature, right)
    return f"it is percent-encoded once too often; and {cut}" if cut else None


@lru_cache(maxsize=1024)
def _read_token(text: str, server_key: str) -> tuple[AccessToken, str]:
    """A token and its expected signature; cached, because clients repeat their tokens."""
    token = parse_access_token(text)
    return token, token.sign(server_key).signature


def _holder(call: Call, token: AccessToken) -> Caller:
    now = call.clock.now()
    issued = call.store.access_tokens.get(token.canonical)
    expires = issued.expires if issued is not None else token.expires
    if now >= expires:
        raise refusals.unauthorized(
            "access_token_expired",
            "The access token has expired.",
            check="the access token has not expired",
            expected=f"before {isoformat(expires)}",
            got=isoformat(now),
            diagnosis="ask for a new token; the time inside the token is UTC-07:00 (Mountain Standard Time), not UTC",
        )
    if issued is None or issued.revoked:
        why = "it was revoked" if issued is not None else "it was issued before the world was reset or changed"
        unknown = token.issued() if issued is None else None
        raise _invalid_token("the token is among those issued", token.canonical, why, credential=unknown)
    call.check("access token: issued here, not revoked, not expired", expected=f"before {isoformat(expires)}")
    application = call.store.applications.get(token.application_id)
    campus = call.store.campuses.get(issued.client_string)
    user = call.store.users.get(token.user_id)
    if application is None or not application.active or campus is None or user is None or not user.active:
        raise _invalid_token("application, campus and user are active", token.canonical, "one of them is not any more")
    throttle(call, application.id)
    latest = call.store.latest_tokens.get((issued.application_id, issued.user_id))
    if latest is not None and latest.issued > issued.issued:
        call.warn(
            "old_token", "A newer access token was issued for this user; Pearson asks to use only the latest one."
        )
    return Caller(campus=campus, user=user)


def _invalid_token(check: str, got: str, diagnosis: str, *, credential: str | None = None) -> Refusal:
    message = "The access token is invalid."
    return refusals.unauthorized(
        "invalid_access_token", message, check=check, got=got, diagnosis=diagnosis, credential=credential
    )


# --- OAuth 1.0a ---
def _from_signature(call: Call, value: str) -> Caller:
    try:
        header = parse_header(value)
    except Malformed as malformed:
        why = _why_header(value) or str(malformed)
        raise _oauth1("malformed_oauth_header", "a readable OAuth header", got=value, diagnosis=why) from None
    if header.signature_method.startswith("'"):
        method = header.signature_method
        raise _oauth1("malformed_oauth_header", "a readable OAuth header", got=method, diagnosis=_QUOTES)
    for name in ("consumer_key", "application_id", "timestamp", "nonce", "signature"):
        if getattr(header, name).startswith("{"):
            raise refusals.placeholder(name if name == "application_id" else f"oauth_{name}", getattr(header, name))
    if header.signature_method != SIGNATURE_METHOD:
        raise _oauth1(
            "unsupported_signature_method",
            "oauth_signature_method",
            expected=SIGNATURE_METHOD,
            got=header.signature_method,
            diagnosis=f"the name is written {SIGNATURE_METHOD}"
            if sorted(re.findall("[a-z]+", header.signature_method.lower())) == ["aes", "cmac"]
            else "LearningStudio has no HMAC-SHA1 or PLAINTEXT; general-purpose OAuth 1.0 libraries do not work",
        )
    if header.extra:
        names = ", ".join(name for name, _ in header.extra)
        call.warn(
            "oauth_parameter_ignored", f"ignored: {names[:200]} in X-Authorization; it is not part of the signature"
        )
    if _UNENCODED.search(value):
        call.warn("unencoded_signature", "oauth_signature has an unencoded +, / or =; percent-encode it")
    campus = call.store.campuses.first("consumer_key", header.consumer_key)
    application = call.store.applications.get(header.application_id)
    if campus is None or application is None or not application.active:
        raise _unknown_oauth1_keys(call, header, campus)
    call.check("OAuth 1.0a: oauth_consumer_key and application_id are known")
    _check_signature(call, header, campus)
    call.check("OAuth 1.0a: oauth_signature")
    _check_time(call, header)
    call.check("OAuth 1.0a: oauth_timestamp is near the server's clock")
    _check_nonce(call, header)
    call.check("OAuth 1.0a: oauth_nonce is new")
    throttle(call, header.consumer_key)
    return Caller(campus=campus, user=None)


_JOINT = re.compile(r"([;&| ])[ \t]?oauth_")
_QUOTES = "values go in double quotes, not single ones"


def _why_header(value: str) -> str | None:
    """Why an OAuth header cannot be read."""
    if "," not in value and (joint := _JOINT.search(value, max(value.find("="), 0))):
        sign = "spaces" if joint[1] == " " else f"`{joint[1]}`"
        return f"its parts are joined by {sign}; commas go between them"
    return _QUOTES if "='" in value else None


def _oauth1(reason: str, check: str, **rest: object) -> Refusal:
    message = "Invalid OAuth 1.0a credentials."
    return refusals.unauthorized(reason, message, check=check, **rest)


def _unknown_oauth1_keys(call: Call, header: OAuth1Header, campus: Campus | None) -> Refusal:
    swapped = call.store.applications.get(header.consumer_key) is not None
    swapped = swapped or call.store.campuses.first("consumer_key", header.application_id) is not None
    inactive = call.store.applications.get(header.application_id) is not None
    check = "oauth_consumer_key is a campus's" if campus is None else "application_id is known and active"
    got = header.consumer_key if campus is None else header.application_id
    diagnosis = "the application id and the consumer key are in each other's place" if swapped else None
    if campus is not None and inactive:
        diagnosis = "the application is not active"
    return _oauth1("unknown_keys", check, got=got, diagnosis=diagnosis, credential=None if diagnosis else got)


def _check_signature(call: Call, header: OAuth1Header, campus: Campus) -> None:
    secret = campus.shared_secret
    requests = [_signed_request(call, header, path) for path in _paths(call)]
    sent = header.signature.encode()
    for request in requests:
        for reading, base in base_strings(request, strict=call.settings.query_encoding == "strict"):
            if hmac.compare_digest(signature(secret, base).encode(), sent):
                if call.query_string:
                    call.notes["oauth1_reading"] = reading
                return
    from lms_emulator.signing.pearson_diagnosis import diagnose_oauth1, limits

    base = base_string(requests[0])
    call.notes["signed_string"] = base
    urls = _urls(call, header)
    bases: dict[tuple[Any, ...], bytes] = {}

    def mistakes(key: str, in_time: Callable[[], bool]) -> str | None:
        return diagnose_oauth1(header.signature, requests[0], key, urls=urls, in_time=in_time, bases=bases)

    whose = whose_secret(call, lambda key: b64encode(cmac_aes(key, base.encode())).decode() == header.signature)
    raise _oauth1(
        "invalid_signature",
        f"oauth_signature is the Base64 CMAC-AES of {base}",
        expected=signature(secret, base),
        got=header.signature,
        diagnosis=f"it was signed with {whose}"
        if whose
        else mistaken(call, mistakes, secret, unexplained(secret) + limits(requests[0])),
    )


def mistaken(
    call: Call, find: Callable[[str, Callable[[], bool]], str | None], secret: str, otherwise: str
) -> str | Unfinished | None:
    """The mistake in a signature, made with the campus's own secret or also with somebody else's.

    Parameters:
        find: finds the mistake that reproduces the signature with a secret; checks its time budget as it goes.
        secret: the campus's.
        otherwise: the diagnosis if no mistake does.
    """
    others = [(whose, other) for whose, other in known_secrets(call) if other != secret]

    def search(in_time: Callable[[], bool]) -> str:
        if found := find(secret, in_time):
            return found
        for whose, other in others:
            if not in_time():  # what is to be tried is prepared for each secret, which takes long for long texts
                break
            if found := find(other, in_time):
                return f"it was signed with {whose()}; and {found}"
        return otherwise if in_time() else f"{otherwise}; not everything was tried, for lack of time"

    return searched(search)


def unexplained(secret: str, whose: str = "campus") -> str:
    """The diagnosis if no known mistake reproduces a signature. Parameters: `whose`, the owner of the secret."""
    return (
        f"no known mistake reproduces this signature: another secret was used (the {whose}'s has "
        f"{len(secret)} characters), or what was signed is not what was sent"
    )


def _paths(call: Call) -> list[str]:
    """The path as on the wire; behind a path prefix, with and without it."""
    path = call.raw_path.decode(errors="surrogateescape")
    return list(dict.fromkeys((path, call.prefix + path)))


def _signed_request(call: Call, header: OAuth1Header, path: str) -> SignedRequest:
    return SignedRequest(
        method=call.method,
        path=path,
        query=call.query_string.decode(errors="surrogateescape"),
        body=call.body,
        application_id=header.application_id,
        consumer_key=header.consumer_key,
        timestamp=header.timestamp,
        nonce=header.nonce,
    )


def _urls(call: Call, header: OAuth1Header) -> list[str]:
    path = call.raw_path.decode("latin-1")
    urls = [call.url(path), f"https://api.learningstudio.com{path}"]
    if header.realm and "://" in header.realm:
        urls.append(header.realm)
    return list(dict.fromkeys(urls))


def _check_time(call: Call, header: OAuth1Header) -> None:
    sent, now, window = header.timestamp, int(call.clock.timestamp()), call.settings.oauth1_window_seconds
    if not (sent.isascii() and sent.isdigit() and len(sent) <= 20):
        raise _oauth1(
            "malformed_timestamp",
            "oauth_timestamp",
            expected="whole seconds since 1970 (UTC)",
            got=sent,
        )
    away = int(sent) - now
    if abs(away) > window:
        diagnosis = f"the server's time is {now}; the request is {abs(away)} s {'ahead' if away > 0 else 'behind'}"
        if why := why_off(call.clock, int(sent)):
            diagnosis += f": {why}"
        raise _oauth1(
            "timestamp_out_of_window",
            f"oauth_timestamp within {window} s of the server's clock",
            expected=now,
            got=sent,
            diagnosis=diagnosis,
        )


def _check_nonce(call: Call, header: OAuth1Header) -> None:
    nonce, now = header.nonce, call.clock.now()
    if not _NONCE.fullmatch(nonce):
        why = _why_no_nonce(nonce)
        raise _oauth1("malformed_nonce", "oauth_nonce", expected="1 to 32 letters and digits", got=nonce, diagnosis=why)
    if not remember(call, header.consumer_key, nonce, call.settings.nonce_seconds):
        raise _oauth1(
            "nonce_reused",
            f"oauth_nonce is new within {call.settings.nonce_seconds} s",
            got=nonce,
            diagnosis=f"this nonce was used with this consumer key before {isoformat(now)}; draw one for each request",
        )


def _why_no_nonce(nonce: str) -> str:
    other = next((item for item in nonce if not (item.isascii() and item.isalnum())), "")
    if nonce.count("-") == 4 and len(nonce.strip("{}")) == 36:
        return "it is a GUID with dashes: send its 32 hex digits alone"
    if other:
        return f"it has more than letters and digits: {other!r}"
    return f"it is longer than 32 characters: it has {len(nonce)}" if nonce else "it is empty"


def remember(call: Call, key: str, value: str, seconds: int) -> bool:
    """Record that a value was used; False if it is remembered from an earlier use."""
    now = call.clock.now()
    used = call.store.nonces.get((key, value))
    if used is not None and used.until > now:
        return False
    call.store.nonces.put(Nonce(consumer_key=key, nonce=value, until=now + timedelta(seconds=seconds)))
    # Signed GETs write too, but the gateway tidies up only after writing methods.
    call.store.nonces.expire(now)
    return True
