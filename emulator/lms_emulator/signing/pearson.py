"""LearningStudio's signed strings: the OAuth 2 assertion and the access token.

    assertion        = {applicationName}|{consumerKey}|{applicationId}|{clientString}|{userName}|{timestamp}
    signed assertion = assertion + "|" + hex(CMAC-AES(secret, assertion))
    access token     = {applicationId}|{consumerKey}|{userId}|{expiry, UTC-07:00}|{hex(CMAC-AES(server key, ...))}

Sources: developer.pearson.com "Creating the assertion signature", "Using the OAuth 2 token", and Pearson's own
libraries of 2014, which agree byte for byte.
"""

import re
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, timezone
from functools import cached_property
from urllib.parse import unquote

from lms_emulator.signing.cmac import cmac_aes

ASSERTION_TYPE_USERNAME = "urn:ecollege:names:moauth:1.0:assertion"
"""The fifth field is the username."""

ASSERTION_TYPE_SOURCED_ID = "urn:ecollege:names:sourcedid:1.0:assertion"
"""The fifth field is the user's sourced id (an id of the school's own student system)."""

MOUNTAIN_STANDARD_TIME = timezone(timedelta(hours=-7), "MST")
"""The zone of the expiry inside an access token: UTC-07:00 in summer and winter."""

TIMESTAMP_FORMAT = "%Y-%m-%dT%H:%M:%SZ"
_TIMESTAMP = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")
_EXPIRY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}")


class Malformed(ValueError):
    """The text is malformed; the message says where."""


@dataclass(frozen=True, kw_only=True)
class Assertion:
    """The six signed fields of an assertion, as sent.

    Parameters:
        application_name: free text, not validated by LearningStudio.
        consumer_key: the campus's key ("token key moniker"), a GUID.
        application_id: the application's GUID.
        client_string: the campus, e.g. `gbtestc`.
        username: the login id, or the sourced id with the second assertion type.
        timestamp: the text as sent; `YYYY-MM-DDTHH:MM:SSZ` in UTC if it is valid.
    """

    application_name: str
    consumer_key: str
    application_id: str
    client_string: str
    username: str
    timestamp: str

    @property
    def text(self) -> str:
        """The signed text: six fields separated by five pipes."""
        return "|".join(
            (
                self.application_name,
                self.consumer_key,
                self.application_id,
                self.client_string,
                self.username,
                self.timestamp,
            )
        )

    def signature(self, secret: str) -> str:
        """32 lower-case hex digits.

        Raises:
            ValueError: the secret's UTF-8 form does not have 16, 24 or 32 bytes.
        """
        return sign_text(secret, self.text)

    def signed(self, secret: str) -> str:
        """The value of the form field `assertion`, before percent-encoding."""
        return f"{self.text}|{self.signature(secret)}"

    def moment(self) -> datetime:
        """The timestamp as an aware UTC datetime.

        Raises:
            Malformed: it is not exactly `YYYY-MM-DDTHH:MM:SSZ`.
        """
        # strptime would also take "2014-5-3t1:2:3z".
        if _TIMESTAMP.fullmatch(self.timestamp):
            with suppress(ValueError):
                return datetime.fromisoformat(self.timestamp)
        raise Malformed(f"the timestamp {self.timestamp!r} is not YYYY-MM-DDTHH:MM:SSZ in UTC")


@dataclass(frozen=True, kw_only=True)
class SignedAssertion:
    """A received assertion, with its seventh field, the signature."""

    assertion: Assertion
    signature: str


def sign_text(secret: str, text: str) -> str:
    """Lower-case hex CMAC of `text` under a shared secret (both as UTF-8)."""
    return cmac_aes(secret.encode(), text.encode(errors="surrogatepass")).hex()


def format_timestamp(moment: datetime) -> str:
    """Format an assertion's timestamp: UTC, whole seconds, a literal Z."""
    return moment.astimezone(UTC).strftime(TIMESTAMP_FORMAT)


def parse_signed_assertion(text: str) -> SignedAssertion:
    """Split a signed assertion into its fields, unverified.

    Raises:
        Malformed: there are not exactly seven fields, or one of them is empty.
    """
    fields = text.split("|")
    if len(fields) != 7:
        raise Malformed(f"a signed assertion has 7 fields between pipes, this one has {len(fields)}")
    empty = [name for name, value in zip(ASSERTION_FIELDS, fields, strict=True) if not value]
    if empty:
        raise Malformed(f"the assertion's field {empty[0]} is empty")
    name, key, application, client, username, timestamp, signature = fields
    assertion = Assertion(
        application_name=name,
        consumer_key=key,
        application_id=application,
        client_string=client,
        username=username,
        timestamp=timestamp,
    )
    return SignedAssertion(assertion=assertion, signature=signature)


ASSERTION_FIELDS = (
    "applicationName",
    "consumerKey",
    "applicationId",
    "clientString",
    "userName",
    "timestamp",
    "signature",
)


@dataclass(frozen=True, kw_only=True)
class AccessToken:
    """An access token's fields.

    Parameters:
        application_id, consumer_key: GUIDs; the key is the campus's.
        user_id: the user's number. Clients extract it from the token (`token.split('|')[2]`).
        expires: aware datetime, whole seconds.
        signature: 32 lower-case hex digits; empty before signing.
    """

    application_id: str
    consumer_key: str
    user_id: int
    expires: datetime
    signature: str = ""

    @property
    def signed_text(self) -> str:
        """The signed text: the first four fields, with unencoded colons (what Pearson signed is not known)."""
        return f"{self.application_id}|{self.consumer_key}|{self.user_id}|{self._expiry}"

    @property
    def _expiry(self) -> str:
        return self.expires.astimezone(MOUNTAIN_STANDARD_TIME).strftime("%Y-%m-%dT%H:%M:%S")

    def sign(self, server_key: str) -> "AccessToken":
        """The same token with its signature."""
        return replace(self, signature=sign_text(server_key, self.signed_text))

    @cached_property
    def canonical(self) -> str:
        """The token with literal colons, for comparison and storage."""
        return f"{self.signed_text}|{self.signature}"

    def issued(self) -> str:
        """The token as LearningStudio issues it: pipes literal, colons as lower-case `%3a`."""
        head = self.signed_text.replace(":", "%3a")
        return f"{head}|{self.signature}"


def parse_access_token(text: str) -> AccessToken:
    """Parse a token as issued, percent-decoded, or percent-encoded once more (as cookies often are).

    Raises:
        Malformed: there are not five fields, or the user id is not a number, or the expiry not a time.
    """
    fields = unquote(unquote(text)).split("|")
    if len(fields) != 5:
        raise Malformed(f"an access token has 5 fields between pipes, this one has {len(fields)}")
    application, key, user, expiry, signature = fields
    if not (user.isascii() and user.isdigit() and len(user) < 20 and str(int(user)) == user):
        raise Malformed(f"the third field of an access token is the user's number, not {user!r}")
    expires = None
    if _EXPIRY.fullmatch(expiry):
        # OverflowError: the last hours of the year 9999 have no UTC.
        with suppress(ValueError, OverflowError):
            expires = datetime.fromisoformat(expiry).replace(tzinfo=MOUNTAIN_STANDARD_TIME).astimezone(UTC)
    if expires is None:
        raise Malformed(f"the fourth field of an access token is YYYY-MM-DDTHH:MM:SS, not {expiry!r}")
    return AccessToken(
        application_id=application,
        consumer_key=key,
        user_id=int(user),
        expires=expires,
        signature=signature,
    )
