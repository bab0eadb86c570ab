"""Notices, which a platform posts to the handlers that tools registered.

Source: 1EdTech Platform Notification Service 1.0 (https://www.imsglobal.org/spec/lti-pns/v1p0/main/).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Any, ClassVar, Generic, Protocol, TypeVar

from lms_emulator.core.http.exchange import Exchange
from lms_emulator.core.http.outgoing import OutgoingError, fetch, later
from lms_emulator.core.keys import private_key
from lms_emulator.core.state.tables import Table
from lms_emulator.lti.platform import LtiStore
from lms_emulator.lti.records import NoticeHandler
from lms_emulator.lti.rotating_keys import RotatingKeys
from lms_emulator.signing import lti13
from lms_emulator.signing.jwt import sign

LIFETIME_SECONDS = 3600


def claim(url: str, types: Sequence[str]) -> dict[str, Any]:
    """The claim of a launch that offers notices. Parameters: `url`, of the handlers."""
    return {
        "service_versions": ["1.0"],
        "platform_notification_service_url": url,
        "scope": [lti13.SCOPE_NOTICES],
        "notice_types_supported": list(types),
    }


class NoticeStore(LtiStore, Protocol):
    """The tables that notices need."""

    notice_handlers: Table[NoticeHandler]


CallT = TypeVar("CallT", bound=Exchange[NoticeStore, Any])
T = TypeVar("T")


class Notices(ABC, Generic[CallT, T]):
    """The notices of one platform. `T` is what subscribes: a tool, or a deployment.

    Attributes:
        title: the platform's name, for warnings.
        azp: whether notices name the authorized party.
    """

    keys: ClassVar[RotatingKeys]
    title: ClassVar[str]
    azp: ClassVar[bool] = True

    @abstractmethod
    def types(self, call: CallT, tool: T) -> Sequence[str]:
        """The types of notices that it can have."""

    @abstractmethod
    def url(self, call: CallT, tool: T) -> str:
        """The address of its handlers."""

    @abstractmethod
    def key(self, tool: T) -> int | str:
        """What its handlers are kept under."""

    @abstractmethod
    def client_id(self, tool: T) -> str:
        """Its client id."""

    @abstractmethod
    def deployment_id(self, call: CallT, tool: T) -> str:
        """Its deployment, as launches name it."""

    @abstractmethod
    def name(self, tool: T) -> str:
        """Its name, for the outbox."""

    @abstractmethod
    def issuer(self, call: CallT) -> str:
        """The platform, as launches name it."""

    @abstractmethod
    def stamp(self, at: datetime) -> str:
        """A time in the platform's format."""

    def claim(self, call: CallT, tool: T) -> dict[str, Any]:
        """The claim of a launch that offers notices."""
        return claim(self.url(call, tool), self.types(call, tool))

    def listed(self, call: CallT, tool: T) -> list[dict[str, Any]]:
        """The handlers, those that are set first."""
        handlers = {handler.notice_type: handler for handler in call.store.notice_handlers.find("tool", self.key(tool))}
        silent = [{"notice_type": kind, "handler": ""} for kind in self.types(call, tool) if kind not in handlers]
        return [*(self.shape(handler) for handler in handlers.values()), *silent]

    def shape(self, handler: NoticeHandler) -> dict[str, Any]:
        """A handler as JSON."""
        size = {"max_batch_size": handler.max_batch_size} if handler.max_batch_size is not None else {}
        return {"notice_type": handler.notice_type, "handler": handler.handler, **size}

    def subscribe(self, call: CallT, tool: T, kind: str, handler: str, largest: int | None) -> dict[str, Any]:
        """Set the handler of a type, or delete it if it is empty. Returns it as JSON."""
        for notice_handler in call.store.notice_handlers.find("tool", self.key(tool)):
            if notice_handler.notice_type == kind:
                call.store.notice_handlers.delete(notice_handler.id)
        number = call.store.next_number("notice_handlers")
        wanted = NoticeHandler(
            id=number, tool_id=self.key(tool), notice_type=kind, handler=handler, max_batch_size=largest
        )
        if handler:
            call.store.notice_handlers.put(wanted)
        return self.shape(wanted)

    def send(self, call: CallT, tool: T, kind: str, at: datetime, extra: dict[str, Any]) -> None:
        """Put a notice into the outbox and, if the tool subscribed to it, send it once the response is made."""
        subscribed = call.store.notice_handlers.find("tool", self.key(tool))
        wanted = next((handler for handler in subscribed if handler.notice_type == kind), None)
        if wanted is None:
            return
        key, client, now = self.keys.signing(call), self.client_id(tool), int(call.clock.timestamp())
        claims = {
            f"{lti13.CLAIM}version": lti13.VERSION,
            f"{lti13.CLAIM}notice": {"id": call.ids.uuid(), "timestamp": self.stamp(at), "type": kind},
            "aud": client,
            **({"azp": client} if self.azp else {}),
            f"{lti13.CLAIM}deployment_id": self.deployment_id(call, tool),
            "exp": now + LIFETIME_SECONDS,
            "iat": now,
            "iss": self.issuer(call),
            "nonce": call.ids.uuid(),
            **extra,
        }
        body = {"notices": [{"jwt": sign(claims, private_key(key.name), kid=key.kid)}]}
        name = self.name(tool)
        call.outbox.add("webhook", provider=call.provider, kind=kind, to=wanted.handler, at=at, subject=name, data=body)
        later(call, partial(self._deliver, call, wanted.handler, body))

    async def _deliver(self, call: CallT, url: str, body: dict[str, Any]) -> None:
        try:
            answer = await fetch(call, "POST", call.resolve(url), allowed=[url], json=body)
        except OutgoingError as error:
            call.warn("notice_not_delivered", f"{error}; {self.title} does not retry; the notice is in the outbox")
            return
        if answer.status_code >= 300:
            call.warn("notice_not_delivered", f"{url} answered {answer.status_code}; {self.title} does not retry")
