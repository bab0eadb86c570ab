"""The entry point of every request: finds its world and provider, writes the journal, applies faults, links
explanations.

It knows nothing about any provider's rules.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from lms_emulator.core.clock import http_date, monotonic
from lms_emulator.core.http.addresses import Address, Addresses
from lms_emulator.core.http.exchange import Exchange, RequestHeaders, split_authority
from lms_emulator.core.http.problems import problem
from lms_emulator.core.outcomes import WELL
from lms_emulator.core.provider import AnyProvider
from lms_emulator.core.worlds.collection import Worlds
from lms_emulator.core.worlds.faults import Fault
from lms_emulator.core.worlds.journal import Entry
from lms_emulator.core.worlds.world import World
from lms_emulator.server.bodies import CutOffError, TooLargeError, check_parts, has_body, read_body
from lms_emulator.server.length import Lengths

if TYPE_CHECKING:
    from lms_emulator.server.answering import Answer

CONTROL_PREFIX = "/_emulator"
EXPLAIN_HEADER = b"x-emulator-explain"
OUTDATED = "the world was reset, replaced, restored or deleted during this request; its changes were discarded"


AnyExchange = Exchange[Any, Any]


class Gateway:
    """The ASGI application.

    Parameters:
        providers: by name.
        worlds: the default world and any further ones.
        addresses: how providers are reached.
        control: ASGI application of the control API; gets the world in `scope["state"]["world"]`.
    """

    def __init__(
        self,
        providers: Mapping[str, AnyProvider],
        worlds: Worlds,
        addresses: Addresses,
        control: ControlApp,
    ) -> None:
        self.providers = providers
        self.worlds = worlds
        self.addresses = addresses
        self.control = control
        self._lengths = Lengths()
        self._opened: dict[str, AnyProvider] = {}  # providers that are imported, with their routes compiled
        self.ca_pem: bytes | None = None
        """Certificate of the authority that signed ours, if HTTPS is on."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await _lifespan(receive, send)
            return
        if scope["type"] != "http":
            raise RuntimeError(f"the emulator does not speak {scope['type']}")
        headers = RequestHeaders(list(scope["headers"]))
        server_host, server_port = scope.get("server") or ("127.0.0.1", None)
        authority = headers.get("host") or server_host
        host, port = split_authority(authority)
        path: str = scope["path"]
        if path == "*":  # OPTIONS * asks whether the server is there
            await Response(status_code=204)(scope, receive, send)
            return
        address = self.addresses.locate(host, server_port, path, self.worlds.had)
        world = self.worlds.get(address.world)
        if world is None:
            known = ", ".join(world.name for world in self.worlds)
            await problem(404, f"there is no world `{address.world}`; known: {known}")(scope, receive, send)
            return
        epoch = world.epoch
        if CONTROL_PREFIX in path and f"{path[len(address.prefix) :]}/".startswith(f"{CONTROL_PREFIX}/"):
            await self.control(self, world, address, scope, receive, send)
        elif address.provider is None:
            await self.control.outside(self, world, address, scope, receive, send)
        else:
            provider = self._opened.get(address.provider) or await self.open_provider(address.provider)
            store = world.stores.get(address.provider)
            if store is None:
                if not world.has_read(address.provider):
                    await world.turns.long(partial(world.store, address.provider))
                store = world.store(address.provider)
            exchange = Exchange(
                scope,
                b"",
                address=address,
                addresses=self.addresses,
                world=world,
                store=store,
                settings=world.settings(address.provider),
                headers=headers,
                authority=authority,
                host=host,
                port=port,
                send_request=self,
            )
            exchange.epoch = epoch
            await self._exchange(provider, exchange, scope, receive, send)

    async def open_provider(self, name: str) -> AnyProvider:
        """Return a provider, imported and with its routes compiled.

        The first call takes up to half a second, in a thread, so that other requests need not wait.
        """
        if name not in self._opened:
            await asyncio.to_thread(lambda: self.providers[name].router)
            self._opened[name] = self.providers[name]
        return self._opened[name]

    async def _exchange(
        self, provider: AnyProvider, exchange: AnyExchange, scope: Scope, receive: Receive, send: Send
    ) -> None:
        begun, world = monotonic(), exchange.world
        exchange.entry_id = world.journal.next_id()
        fault = world.faults.hit(provider.name, exchange.method, exchange.path) if world.faults else None
        try:
            answered = await self._answered(provider, exchange, fault, receive if has_body(scope) else None)
        except CutOffError:
            return
        if answered is None or exchange.outdated:
            await problem(503, OUTDATED)(scope, receive, send)
            return
        if fault is not None:
            answered = _faulted(fault, exchange, answered)
        response = answered.response
        if answered.outcome not in WELL:
            response.raw_headers.append((EXPLAIN_HEADER, self._explain_url(exchange).encode("latin-1", "replace")))
        now = world.clock.timestamp()
        response.raw_headers.append((b"date", http_date(now).encode()))
        _record(exchange, answered, now, monotonic() - begun)
        if fault is not None and (fault.drop or fault.truncate is not None or fault.malformed):
            await _send_broken(fault, response, scope, send)
        else:  # what `Response.__call__` does, without the cases that cannot occur here
            await send({"type": "http.response.start", "status": response.status_code, "headers": response.raw_headers})
            await send({"type": "http.response.body", "body": response.body})

    async def _answered(
        self, provider: AnyProvider, exchange: AnyExchange, fault: Fault | None, receive: Receive | None
    ) -> Answer | None:
        """The answer; None if the world was reset before the request was complete and its delay over.

        Parameters: `receive`, for the body, if the request has one.
        """
        from lms_emulator.server.answering import Answer, answer  # no sooner, so that the process starts sooner

        limits = exchange.world.emulator
        try:
            if receive is not None:
                exchange.body = await read_body(exchange.headers, receive, limits.max_body_bytes)
                if len(exchange.body) > limits.max_fields:
                    check_parts(exchange, limits)
        except TooLargeError as error:
            refusal = provider.body_too_large(exchange, error.setting, getattr(limits, error.setting))
            answered = Answer(provider.render(exchange, refusal), "refused", refusal)
            answered.response.headers["connection"] = "close"
            return answered
        if fault is not None and fault.delay_ms:
            await asyncio.sleep(fault.delay_ms / 1000)
        if fault is not None and not exchange.outdated and (fault.status is not None or fault.rate_limit is not None):
            return Answer(_fault_response(fault), "fault")
        length = self._lengths.of(provider, exchange)
        return await exchange.world.turns.play(length.timed(answer(provider, exchange)), length.is_long)

    def _explain_url(self, exchange: AnyExchange) -> str:
        if self.addresses.public_url:
            base = self.addresses.public_url + ("" if exchange.world.is_default else f"/w/{exchange.world.name}")
        else:
            base = f"{exchange.scheme}://{exchange.authority}{exchange.prefix.removesuffix('/' + exchange.provider)}"
        return f"{base}{CONTROL_PREFIX}/requests/{exchange.entry_id}"


class ControlApp:
    """The part of the control API that the gateway uses; see `lms_emulator.control`."""

    async def __call__(
        self, gateway: Gateway, world: World, address: Address, scope: Scope, receive: Receive, send: Send
    ) -> None:
        """Answer a request under `/_emulator`."""
        raise NotImplementedError

    async def outside(
        self, gateway: Gateway, world: World, address: Address, scope: Scope, receive: Receive, send: Send
    ) -> None:
        """Answer a request on the gateway that belongs to no provider."""
        raise NotImplementedError


def _record(exchange: AnyExchange, answered: Answer, now: float, duration: float) -> None:
    response, refusal, world = answered.response, answered.refusal, exchange.world
    entry = Entry()
    entry.id = exchange.entry_id
    entry.at = now
    entry.duration = duration
    entry.world = world.name
    entry.provider = exchange.provider
    entry.reached_by = exchange.address.reached_by
    entry.scheme = exchange.scheme
    entry.host = exchange.authority
    entry.method = exchange.method
    target = b"%b?%b" % (exchange.raw_path, exchange.query_string) if exchange.query_string else exchange.raw_path
    entry.target = (exchange.prefix.encode() + target).decode("latin-1")
    entry.body = exchange.body
    entry.route = exchange.route.name if exchange.route is not None else ""
    entry.status = response.status_code
    entry.response_body = bytes(response.body)
    entry.checks = exchange.checks or ()
    entry.warnings = exchange.warnings or ()
    entry.notes = exchange.notes
    entry.refusal = refusal.record() if refusal is not None else None
    entry.later = refusal.later if refusal is not None else None
    entry.defect = answered.outcome == "provider_defect"
    entry.crash = answered.crash
    entry.outcome = answered.outcome
    entry.pack(exchange.headers.raw, response.raw_headers)
    world.journal.add(entry)


def _faulted(fault: Fault, exchange: Exchange[Any, Any], answered: Answer) -> Answer:
    effect = fault.effect
    exchange.notes["fault"] = fault.id
    exchange.notes["fault_effect"] = f"{fault.id}: {effect or f'{fault.delay_ms:g} ms of delay'}."
    return answered._replace(outcome="fault") if effect else answered


def _fault_response(fault: Fault) -> Response:
    headers = dict(fault.headers)
    if fault.rate_limit is not None and fault.status is None:
        headers.setdefault("Retry-After", str(fault.retry_after))
    return Response(fault.body, fault.status or 429, headers)


async def _send_broken(fault: Fault, response: Response, scope: Scope, send: Send) -> None:
    transport = scope.get("state", {}).get("transport")
    body = bytes(response.body)
    if fault.drop:
        if transport is None:
            raise ConnectionResetError("the connection was dropped by a scripted fault")
        transport.abort()
        await asyncio.sleep(0)  # so that the connection drops before the server notices that there was no answer
        return
    if fault.malformed:
        body = body[: len(body) // 2]
        headers = [(k, v) for k, v in response.raw_headers if k != b"content-length"]
        headers.append((b"content-length", str(len(body)).encode()))
        await send({"type": "http.response.start", "status": response.status_code, "headers": headers})
        await send({"type": "http.response.body", "body": body})
        return
    await send({"type": "http.response.start", "status": response.status_code, "headers": response.raw_headers})
    await send({"type": "http.response.body", "body": body[: fault.truncate], "more_body": True})
    if transport is not None:
        transport.close()
        await asyncio.sleep(0)


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        if message["type"] == "lifespan.startup":
            await send({"type": "lifespan.startup.complete"})
        elif message["type"] == "lifespan.shutdown":
            await send({"type": "lifespan.shutdown.complete"})
            return


__all__ = ["CONTROL_PREFIX", "ControlApp", "Gateway"]
