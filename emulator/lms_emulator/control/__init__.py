"""The control API under `/_emulator`, on every socket."""

from __future__ import annotations

from collections.abc import Callable
from inspect import isawaitable
from typing import Any

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from lms_emulator.control.calls import Call, Problem, answer_to
from lms_emulator.control.guard import Guard, harden, wrong_type
from lms_emulator.control.operations import ROUTES
from lms_emulator.core.errors import NotFoundError, UsageError, WorldError
from lms_emulator.core.http.addresses import Address
from lms_emulator.core.http.problems import problem
from lms_emulator.core.http.routing import Router
from lms_emulator.core.worlds.world import World
from lms_emulator.server.bodies import CutOffError, TooLargeError, read_body
from lms_emulator.server.gateway import CONTROL_PREFIX, OUTDATED, ControlApp, Gateway

MAX_BODY_BYTES = 64 * 1024 * 1024
"""Largest body of the control API; worlds can be large."""


class Control(ControlApp):
    """Reads, resets and replaces worlds; shows the journal; changes clocks; scripts failures.

    Parameters: `token`, which callers must show; None asks for none.
    """

    def __init__(self, token: str | None = None) -> None:
        self._router = Router(ROUTES)
        self._guard = Guard(token)

    async def __call__(
        self, gateway: Gateway, world: World, address: Address, scope: Scope, receive: Receive, send: Send
    ) -> None:
        path = scope["path"][len(address.prefix) + len(CONTROL_PREFIX) :] or "/"
        if len(path) > 1:
            path = path.rstrip("/")
        response = self._guard.refusal(gateway.addresses, scope, path)
        if response is None:
            try:
                response = await self._answer(gateway, world, address, scope, receive, path)
            except CutOffError:
                return
        await harden(response)(scope, receive, send)

    async def _answer(
        self, gateway: Gateway, world: World, address: Address, scope: Scope, receive: Receive, path: str
    ) -> Response:
        name, _, below = path[1:].partition("/")
        if name in gateway.providers:
            await gateway.bring(name)
        provider = gateway.providers.get(name)
        if provider is None:
            router, inner = self._router, path
        else:
            router, inner = provider.control_router, f"/{below}"
        route, params, allowed = router.match(scope["method"], inner)
        if route is None:
            status = 405 if allowed else 404
            detail = (
                f"{path} takes {', '.join(allowed)}" if allowed else f"no such call {path}; see /_emulator/openapi.json"
            )
            return problem(status, detail, headers={"Allow": ", ".join(allowed)} if allowed else None)
        epoch = world.epoch
        try:
            body = await read_body(Headers(scope=scope), receive, MAX_BODY_BYTES)
        except TooLargeError:
            return problem(413, f"the body is over {MAX_BODY_BYTES} bytes")
        if world.epoch != epoch:
            return problem(503, OUTDATED)
        refused = wrong_type(scope, body)
        if refused is not None:
            return refused
        owner = self._guard.owns(scope)
        call = Call(gateway, world, address, scope, params, body, owner=owner)
        if provider is None:
            return await _call(lambda: route.handler(call))
        return await _call(lambda: route.handler(call.of(provider)))

    async def outside(
        self, gateway: Gateway, world: World, address: Address, scope: Scope, receive: Receive, send: Send
    ) -> None:
        """Answer a request on the gateway that names no provider: explain how to name one."""
        bases = ", ".join(f"{address.prefix}/{name}/…" for name in gateway.providers)
        detail = f"no provider at {scope['path']}; address one by prefix ({bases}), by host name or on its own port"
        await problem(404, detail)(scope, receive, send)


async def _call(operation: Callable[[], Any]) -> Response:
    try:
        result = operation()
        return answer_to(await result if isawaitable(result) else result)
    except Problem as error:
        return problem(error.status, error.detail)
    except NotFoundError as error:
        return problem(404, str(error))
    except WorldError as error:
        return problem(400, str(error), errors=error.problems)
    except UsageError as error:
        return problem(400, str(error))
