"""Grants and tokens: `POST /token` and the flow of 2010."""

from __future__ import annotations

import hmac
import re
from collections.abc import Callable
from datetime import datetime, timedelta

from msgspec.structs import replace

from lms_emulator.core.access.bodies import why_another
from lms_emulator.core.access.signers import whose_secret
from lms_emulator.core.access.token_requests import why_no_grant
from lms_emulator.core.skew import why_off
from lms_emulator.providers.learningstudio import refusals
from lms_emulator.providers.learningstudio.call import Call
from lms_emulator.providers.learningstudio.credentials import mistaken, remember, unexplained
from lms_emulator.providers.learningstudio.model.access import AccessGrant, IssuedToken, LatestToken, RefreshToken
from lms_emulator.providers.learningstudio.model.people import Application, Campus, User
from lms_emulator.providers.learningstudio.oauth import mistakes
from lms_emulator.providers.learningstudio.wire import instant
from lms_emulator.signing.cmac import cmac_aes
from lms_emulator.signing.pearson import (
    ASSERTION_FIELDS,
    ASSERTION_TYPE_SOURCED_ID,
    ASSERTION_TYPE_USERNAME,
    AccessToken,
    Assertion,
    Malformed,
    SignedAssertion,
    parse_signed_assertion,
)

GRANTS = ("assertion", "password", "refresh_token")
ASSERTION_TYPES = (ASSERTION_TYPE_USERNAME, ASSERTION_TYPE_SOURCED_ID)
_GUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_DIGEST = re.compile("[0-9A-Fa-f]{32}")


# --- issuing ---
def issue(call: Call, application: Application, user: User, *, refreshable: bool) -> dict[str, object]:
    """Issue an access token, with a refresh token if it is `refreshable`. Returns the body of the answer."""
    now = call.clock.now()
    seconds = call.settings.access_token_seconds
    expires = now + timedelta(seconds=seconds)
    campus = call.store.campuses.get(user.client_string)
    token = AccessToken(
        application_id=application.id,
        consumer_key=campus.consumer_key if campus is not None else "",
        user_id=user.id,
        expires=expires.replace(microsecond=0),
    ).sign(call.store.section.server_key)
    call.store.access_tokens.put(
        IssuedToken(
            token=token.canonical,
            application_id=application.id,
            client_string=user.client_string,
            user_id=user.id,
            issued=now,
            expires=expires,
        )
    )
    call.store.latest_tokens.put(
        LatestToken(application_id=application.id, user_id=user.id, issued=now, expires=expires)
    )
    body: dict[str, object] = {"access_token": token.issued(), "expires_in": seconds}
    if refreshable:
        body["refresh_token"] = _refresh_token(call, application, user, token.canonical, now)
    return body


def _refresh_token(call: Call, application: Application, user: User, access_token: str, now: datetime) -> str:
    # URL-safe characters only: two of Pearson's libraries send it without percent-encoding.
    refresh = RefreshToken(
        token=call.ids.token(64),
        application_id=application.id,
        user_id=user.id,
        access_token=access_token,
        expires=now + timedelta(seconds=call.settings.refresh_token_seconds),
    )
    return call.store.refresh_tokens.put(refresh).token


# --- assertion ---
def by_assertion(call: Call, assertion_type: str, text: str) -> tuple[Application, User]:
    """The application and user of a signed assertion, checked in the order that gives the most useful message."""
    if assertion_type not in ASSERTION_TYPES:
        raise refusals.unsupported_assertion_type(call, assertion_type, ASSERTION_TYPES)
    signed = _parsed(call, text)
    assertion = signed.assertion
    sent = _moment(call, assertion)
    campus = call.store.campuses.first("consumer_key", assertion.consumer_key)
    if campus is None:
        raise refusals.unknown_keys(
            call, "consumerKey is a campus's", assertion.consumer_key, _misplaced(call, assertion, signed.signature)
        )
    _check_signature(call, signed, campus)
    call.check("assertion: the signature is that of the campus's shared secret")
    application = call.store.applications.get(assertion.application_id)
    if application is None or not application.active:
        raise refusals.unknown_keys(call, "applicationId is known and active", assertion.application_id)
    _check_campus(call, assertion, campus)
    call.check("assertion: consumerKey, applicationId and clientString belong together")
    _check_window(call, sent)
    call.check("assertion: the timestamp is near the server's clock")
    user = _asserted_user(call, assertion_type, assertion)
    if call.settings.assertion_reuse == "refuse" and not remember(
        call,
        campus.consumer_key,
        f"assertion {signed.signature.lower()}",
        2 * call.settings.assertion_window_seconds + 1,
    ):
        raise refusals.assertion_reused(call)
    return application, user


def _parsed(call: Call, text: str) -> SignedAssertion:
    try:
        signed = parse_signed_assertion(text)
    except Malformed as malformed:
        diagnosis = str(malformed)
        if "|" not in text and "%7c" in text.lower():
            diagnosis = "the assertion is percent-encoded twice"
        elif mark := next((char for char in ";,&/:\\ " if "|" not in text and text.count(char) >= 6), None):
            diagnosis = f"its fields are joined by {mark!r}; pipes go between them"
        elif text.count("|") == 5:
            diagnosis = _missing_field(call, text.split("|"))
        raise refusals.malformed_assertion(call, text, diagnosis) from None
    assertion = signed.assertion
    known = call.store.campuses.get(assertion.client_string) is not None
    # Names of people and campuses may begin with a bracket.
    real = known and _is_somebody(call, assertion)
    values = (*assertion.text.split("|"), signed.signature)
    for name, value in zip(ASSERTION_FIELDS, values, strict=True):
        if value.startswith("{") and not (name == "clientString" and known) and not (name == "userName" and real):
            raise refusals.placeholder(name, value)
    return signed


def _missing_field(call: Call, sent: list[str]) -> str:
    """Which of the seven fields is missing, judging by the format of the other six."""
    if not _DIGEST.fullmatch(sent[-1]):
        return "the signature is missing: append | and the hex CMAC-AES"
    if not any(character.isdigit() for character in sent[-2]) or _GUID.fullmatch(sent[-2]):
        return "the timestamp is missing: it comes before the signature, YYYY-MM-DDTHH:MM:SSZ"
    if call.store.campuses.first("consumer_key", sent[0]) is not None:
        return "the applicationName is missing: it comes first"
    if call.store.applications.get(sent[1]) is not None:
        return "the consumerKey is missing: it comes second"
    if call.store.campuses.get(sent[2]) is not None:
        return "the applicationId is missing: it comes third"
    if call.store.campuses.get(sent[3]) is None:
        return "the clientString is missing: it comes fourth"
    return "the userName is missing: it comes fifth"


def _is_somebody(call: Call, assertion: Assertion) -> bool:
    client_string, name = assertion.client_string, assertion.username
    by_name = call.store.user_named(client_string, name, ignore_case=True)
    return by_name is not None or call.store.users.first("sourced_id", (client_string, name)) is not None


def _moment(call: Call, assertion: Assertion) -> datetime:
    try:
        return assertion.moment()
    except Malformed as malformed:
        sent = assertion.timestamp
        diagnosis = str(malformed)
        if _GUID.fullmatch(sent) or not any(character.isdigit() for character in sent):
            diagnosis = _misplaced(call, assertion, "") or f"the sixth field is the timestamp, not {sent!r}"
        elif sent.strip() != sent:
            diagnosis = "there is white space around the timestamp: the fields follow each other without any"
        elif not sent.isdigit() and ("," in sent or "/" in sent or "T" not in sent):
            diagnosis = f"this is another way to write a time; write it as {instant(call.clock.now())}"
        elif "." in sent:
            diagnosis = "the timestamp has fractions of a second; write whole seconds"
        elif sent.isdigit():
            diagnosis = "the timestamp is a Unix time; write YYYY-MM-DDTHH:MM:SSZ"
        elif not sent.endswith("Z"):
            diagnosis = "the timestamp must be in UTC and end in Z"
        raise refusals.malformed_assertion(call, sent, diagnosis) from None


def _misplaced(call: Call, assertion: Assertion, signature: str) -> str | None:
    """Which known value is in the wrong field."""
    homes = dict.fromkeys((application.id for application in call.store.applications), "applicationId")
    for campus in call.store.campuses:
        homes[campus.consumer_key] = "consumerKey"
        homes[campus.client_string] = "clientString"
    values = (*assertion.text.split("|"), signature)
    for name, value in zip(ASSERTION_FIELDS, values, strict=True):
        home = homes.get(value)
        # An application or a user may have the same name as the campus.
        likely = name != "applicationName" and (name != "userName" or assertion.client_string not in homes)
        if home is not None and home != name and likely:
            return f"the {home} is in the place of the {name}; the order is {'|'.join(ASSERTION_FIELDS)}"
    first = homes.get(assertion.application_name)
    return f"the {first} is in the place of the applicationName" if first else None


def _check_signature(call: Call, signed: SignedAssertion, campus: Campus) -> None:
    right = signed.assertion.signature(campus.shared_secret)
    sent = signed.signature
    if hmac.compare_digest(right.encode(), sent.encode()):
        return
    if call.settings.upper_case_hex == "allow" and hmac.compare_digest(right.encode(), sent.lower().encode()):
        call.warn("upper_case_hex", "The assertion's signature is in upper case; Pearson's libraries write lower case.")
        return
    from lms_emulator.signing.pearson_assertion_diagnosis import diagnose_assertion

    diagnosis = "the hex digits are in upper case" if sent.lower() == right else None
    text = signed.assertion.text
    if diagnosis is None and (
        whose := whose_secret(call, lambda key: cmac_aes(key, text.encode()).hex() == sent.lower())
    ):
        diagnosis = f"it was signed with {whose}"
    otherwise = _misplaced(call, signed.assertion, sent) or unexplained(campus.shared_secret)

    def mistakes(key: str, in_time: Callable[[], bool]) -> str | None:
        return diagnose_assertion(sent, signed.assertion, key, in_time=in_time)

    call.notes["signed_string"] = text
    raise refusals.assertion_signature(
        call,
        check=f"signature is the hex CMAC-AES of {text!r}",
        expected=right,
        got=sent,
        diagnosis=diagnosis or mistaken(call, mistakes, campus.shared_secret, otherwise),
    )


def _check_campus(call: Call, assertion: Assertion, campus: Campus) -> None:
    got = assertion.client_string
    if got == campus.client_string:
        return
    if call.store.campuses.get(got) is not None:
        diagnosis = f"these are the keys of {campus.client_string}; each campus has its own keys"
    elif got.lower() == campus.client_string.lower():
        diagnosis = f"the client string is written {campus.client_string}"
    else:
        diagnosis = _misplaced(call, assertion, "") or f"these keys belong to {campus.client_string}"
    raise refusals.unknown_keys(call, "clientString is the campus of the consumer key", got, diagnosis)


def _check_window(call: Call, sent: datetime) -> None:
    now = call.clock.now()
    away = int(sent.timestamp()) - int(now.timestamp())
    window = call.settings.assertion_window_seconds
    if abs(away) <= window:
        return
    direction = "ahead of" if away > 0 else "behind"
    diagnosis = f"the server's time is {instant(now)}; the assertion is {abs(away)} s {direction} it"
    why = why_off(call.clock, sent.timestamp())
    if why:
        diagnosis += f": {why}. The timestamp must be in UTC"
    raise refusals.assertion_time(call, sent, diagnosis)


def _asserted_user(call: Call, assertion_type: str, assertion: Assertion) -> User:
    name = assertion.username
    by_sourced_id = call.store.users.first("sourced_id", (assertion.client_string, name))
    by_name = call.store.user_named(assertion.client_string, name, ignore_case=call.settings.username_case == "ignored")
    if assertion_type == ASSERTION_TYPE_SOURCED_ID:
        user, other, kind = by_sourced_id, by_name, "a sourced id"
    else:
        user, other, kind = by_name, by_sourced_id, "a username"
    if user is not None and user.active:
        return user
    if user is not None:
        diagnosis: str | None = "the user is not active"
    elif "\\" in name:
        diagnosis = "an assertion has the username alone; clientString\\username belongs to the password grant"
    elif other is not None:
        diagnosis = f"with this assertion_type the fifth field is {kind}; the value fits the other assertion_type"
    else:
        diagnosis = mistakes.why_nobody(call, assertion.client_string, name)
    raise refusals.unknown_user(call, name, diagnosis)


# --- password and refresh ---
def application_of(call: Call, client_id: str) -> Application:
    """The application of a `client_id`."""
    if client_id.startswith("{"):
        raise refusals.placeholder("client_id", client_id)
    application = call.store.applications.get(client_id)
    if application is None or not application.active:
        raise refusals.unknown_keys(call, "client_id is an application that is known and active", client_id)
    return application


def by_password(call: Call, username: str, password: str) -> User:
    """The user of `clientString\\username` with this password."""
    if "\\" not in username:
        raise refusals.username_without_client_string(call, username, mistakes.why_no_backslash(call, username))
    parts = username.split("\\")
    # A client string may itself contain a backslash.
    splits = [("\\".join(parts[:n]), "\\".join(parts[n:])) for n in range(1, len(parts))]
    known = [split for split in splits if call.store.campuses.get(split[0]) is not None]
    if not known and username.startswith("{"):
        raise refusals.placeholder("username", username)
    return by_login(call, *(known or splits)[0], password)


def by_login(call: Call, client_string: str, name: str, password: str) -> User:
    """The user with this login id and password in a campus."""
    if call.store.campuses.get(client_string) is None:
        why = mistakes.why_no_campus(call, client_string, name)
        raise refusals.bad_password(call, "the client string is a campus's", client_string, diagnosis=why)
    user = call.store.user_named(client_string, name, ignore_case=call.settings.username_case == "ignored")
    if user is None:
        why = mistakes.why_nobody(call, client_string, name)
        raise refusals.bad_password(call, "the user exists in the campus", name, diagnosis=why)
    if not user.active:
        raise refusals.bad_password(call, "the user is active", name, diagnosis=f"the user {name} is not active")
    if not user.password or not hmac.compare_digest(user.password.encode(), password.encode("utf-8", "replace")):
        raise refusals.bad_password(call, "the password is right", name, credential=password, registered=user.password)
    return user


def by_refresh_token(call: Call, application: Application, text: str) -> User:
    """The user of a refresh token, which can then not be used again."""
    kept = call.store.refresh_tokens.get(text)
    if kept is None:
        raise refusals.bad_refresh_token(
            call, "the refresh token was issued here and is not long expired", credential=text
        )
    if kept.application_id != application.id:
        raise refusals.bad_refresh_token(call, "the refresh token was issued to this client_id", credential=text)
    if call.clock.now() >= kept.expires:
        raise refusals.bad_refresh_token(
            call,
            f"the refresh token has not expired (it expired at {instant(kept.expires)})",
            "a refresh token outlives its access token by minutes only; after that, ask for the password again",
        )
    if kept.used and call.settings.refresh_token_reuse == "refuse":
        raise refusals.bad_refresh_token(
            call, "the refresh token is used once", "each refresh gives a new pair; use only the latest one"
        )
    user = call.store.users.get(kept.user_id)
    if user is None or not user.active:
        raise refusals.bad_refresh_token(call, "the user is active")
    call.store.refresh_tokens.put(replace(kept, used=True))
    old = call.store.access_tokens.get(kept.access_token)
    if old is not None and call.settings.access_token_after_refresh == "revoke":
        call.store.access_tokens.put(replace(old, revoked=True))
    return user


# --- the flow of 2010 ---
def grant(call: Call, application: Application, user: User) -> AccessGrant:
    """Issue an access grant."""
    return call.store.access_grants.put(
        AccessGrant(
            grant=call.ids.token(48),
            application_id=application.id,
            user_id=user.id,
            expires=call.clock.now() + timedelta(seconds=call.settings.access_grant_seconds),
        )
    )


def by_grant(call: Call, text: str) -> tuple[Application, User]:
    """The application and user of an access grant."""
    kept = call.store.access_grants.get(text)
    if kept is None:
        raise refusals.bad_grant("the access grant was issued here", credential=text)
    if call.clock.now() >= kept.expires:
        raise refusals.bad_grant("the access grant has not expired", diagnosis=f"it expired at {instant(kept.expires)}")
    if kept.used and call.settings.access_grant_reuse == "refuse":
        raise refusals.bad_grant("the access grant is used once (setting access_grant_reuse)")
    application, user = call.store.applications.get(kept.application_id), call.store.users.get(kept.user_id)
    if application is None or not application.active or user is None or not user.active:
        raise refusals.bad_grant("application and user are active")
    call.store.access_grants.put(replace(kept, used=True))
    return application, user


def grant_type_hint(call: Call, sent: str) -> str | None:
    """Why grant_type is missing or unusable, as a diagnosis."""
    if sent:
        older = "this API is older than the `urn:ietf:params:oauth:…` grants"
        return older if ":" in sent else why_no_grant(sent, GRANTS)
    if "grant_type" in call.query:
        return "the parameters belong in the body, not in the query"
    if call.body and not call.is_form:
        return (
            f"the body must be application/x-www-form-urlencoded; its content type is {call.content_type or 'missing'}"
        )
    return why_another(call) if call.body else None
