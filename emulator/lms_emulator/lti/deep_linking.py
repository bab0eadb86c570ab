"""The deep linking response: the content that a tool chose.

Source: 1EdTech Deep Linking 2.0.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar, Generic, NamedTuple

from lms_emulator.core.access import issued_tokens
from lms_emulator.core.http.exchange import Exchange
from lms_emulator.core.http.refusals import Refusal
from lms_emulator.core.skew import why_not_now
from lms_emulator.lti.platform import (
    CallT,
    Fault,
    KeysUnavailableError,
    ToolKeys,
    key_set,
    token_fault,
    use_once,
    warn_of_critical,
)
from lms_emulator.signing import lti13
from lms_emulator.signing.jwk import KeySet, VerifyingKey
from lms_emulator.signing.jwt import Claims, read, verify
from lms_emulator.signing.lti13_services import LineItemData, ServiceError, read_line_item
from lms_emulator.signing.token_errors import TokenError


class Link(NamedTuple):
    """A content item of type `ltiResourceLink`, as it is placed."""

    title: str
    url: str | None
    description: str
    custom: dict[str, str]


class DeepLinking(ABC, Generic[CallT]):
    """How one platform accepts content items.

    Attributes:
        unmatched: the probable mistake when the platform's own data does not come back.
        algorithm: with which the platform signs that data.
    """

    unmatched: ClassVar[str]
    algorithm: ClassVar[str]

    @abstractmethod
    def own_key(self) -> KeySet | VerifyingKey:
        """The key that verifies the platform's own data."""

    @abstractmethod
    def issuer(self, call: CallT) -> str:
        """The platform's `iss`, expected in `aud` of the tool's response."""

    @abstractmethod
    def refusal(self, call: CallT, fault: Fault) -> Refusal:
        """The refusal of a response that fails a check."""

    def own_data(self, call: CallT, text: str) -> Claims:
        """The data that the platform signed in its request, and that the tool returns. Raises a refusal."""
        try:
            data = verify(text, self.own_key(), algorithms=[self.algorithm], now=call.clock.timestamp())
        except TokenError as error:
            raise self.refusal(call, self._unmatched(call, error, text)) from error
        check = "this world issued data"
        if not call.check(check, issued_tokens.find(call.store.issued_tokens, text) is not None):
            diagnosis = issued_tokens.DIAGNOSIS
            fault = Fault("deep_linking", "data_not_issued_here", check, diagnosis=diagnosis, credential=text)
            raise self.refusal(call, fault)
        return data

    def returned_data(self, call: CallT, message: str) -> Claims:
        """`own_data` from the claim `data` of the tool's response, which is otherwise still unverified."""
        try:
            data = read(message).claims.get(f"{lti13.DL_CLAIM}data")
        except TokenError as error:
            fault = Fault("deep_linking", "malformed", "JWT", got=error.got, credential=message)
            raise self.refusal(call, fault) from error
        if data is None:
            why = f"the response has no `data`: {self.unmatched}"
            raise self.refusal(call, Fault("deep_linking", "data_invalid", "data", diagnosis=why))
        return self.own_data(call, str(data))

    async def items(
        self, call: CallT, message: str, *, client_id: str, keys: ToolKeys, deployment_id: str
    ) -> list[dict[str, Any]]:
        """The content items of a verified response. Raises the refusal for the first fault."""
        try:
            public = await key_set(call, keys, self.read_keys)
            items = self.check(call, message, public, client_id=client_id, deployment_id=deployment_id)
        except KeysUnavailableError as error:
            raise self.refusal(call, error.fault) from error
        except TokenError as error:
            fault = await token_fault(call, "deep_linking", error, message)
            if error.reason == "wrong_issuer":
                fault = replace(fault, diagnosis=why_issuer(error.got, self.issuer(call)))
            elif error.reason == "bad_claim" and error.check.endswith("deployment_id"):
                fault = replace(fault, credential=str(error.got or "") or None)
            raise self.refusal(call, fault.noted(call)) from error
        warn_of_critical(call, message)
        claims = read(message).claims
        warn_of_misnamed_items(call, claims)
        nonce, again = str(claims.get("nonce", "")), self.allowed_again(call)
        if nonce and not use_once(call, "nonce", client_id, nonce, claims["exp"], allowed_again=again):
            raise self.refusal(call, Fault("deep_linking", "nonce_used", "nonce", got=nonce).noted(call))
        return items

    def check(
        self, call: CallT, message: str, keys: KeySet, *, client_id: str, deployment_id: str
    ) -> list[dict[str, Any]]:
        """The content items of a valid response. Raises TokenError."""
        return lti13.check_deep_linking_response(
            message,
            keys,
            client_id=client_id,
            issuer=self.issuer(call),
            deployment_id=deployment_id,
            now=call.clock.timestamp(),
            leeway=call.settings.assertion_future_buffer_seconds,
            max_age=call.settings.assertion_max_age_seconds or None,
            critical=call.settings.critical_headers,
        )

    def read_keys(self, found: Any) -> KeySet:
        """The keys of a tool's key set, as the platform reads one."""
        return KeySet.from_jwks(found)

    def allowed_again(self, call: CallT) -> bool:
        """Whether a nonce may be used more than once."""
        return False

    def line_item(self, call: CallT, item: Mapping[str, Any], link_id: str, label: str) -> LineItemData | None:
        """The line item requested by a content item. Raises a refusal if it is invalid.

        Parameters: `link_id`, of the placed link; `label`, a default.
        """
        wanted = item.get("lineItem")
        if not isinstance(wanted, dict):
            return None
        try:
            return self.read_line_item(call, {"label": label, **wanted, "resourceLinkId": link_id})
        except ServiceError as error:
            fault = Fault("deep_linking", "line_item", error.field, error.expected, error.got)
            raise self.refusal(call, fault) from error

    def read_line_item(self, call: CallT, body: Any) -> LineItemData:
        """A line item as the platform reads one. Raises ServiceError."""
        return read_line_item(body)

    def _unmatched(self, call: CallT, error: TokenError, text: str) -> Fault:
        if error.reason == "expired":
            ago = why_not_now(call.clock, error.got, ends=True)
            why = f"the deep linking request is too old: its `data` ended; {ago}"
            return Fault("deep_linking", "data_invalid", error.check, error.expected, error.got, why)
        named = (error.check, error.expected, error.got, self.unmatched)
        return Fault("deep_linking", "data_invalid", *named, credential=text)


def warn_of_misnamed_items(exchange: Exchange[Any, Any], claims: Mapping[str, Any]) -> None:
    """Warn of content items in another claim than theirs, which nobody places."""
    right = f"{lti13.DL_CLAIM}content_items"
    like = next((name for name in claims if name.rpartition("/")[2] == "content_items"), None)
    if like is not None and right not in claims:
        exchange.warn("content_items_misnamed", f"`{like}` was sent; the claim is `{right}`: nothing is placed")


def why_issuer(got: Any, issuer: str) -> str:
    """What is wrong with the `iss` of a message from a tool. Parameters: `issuer`, the platform."""
    if not got:
        return "it has no `iss`, which has to be the tool's client id"
    if got == issuer:
        return "`iss` and `aud` are in each other's place: a tool's message is from its client id, to the platform"
    return f"`iss` was sent as {got}; a tool's message is from the tool: it has to be its client id"


def link_of(item: Mapping[str, Any], title: str) -> Link:
    """A content item as a link. `title` is a default."""
    custom = item.get("custom")
    return Link(
        title=str(item.get("title") or title),
        url=str(item["url"]) if item.get("url") else None,
        description=str(item.get("text") or ""),
        custom={str(k): str(v) for k, v in custom.items()} if isinstance(custom, dict) else {},
    )
