"""The control API under `/_emulator`, on every socket."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from lms_emulator.control.calls import Call, Problem, answer_to
from lms_emulator.control.guard import Guard, harden, wrong_type
from lms_emulator.control.operations import IMMEDIATE, LONG, OF_NO_STATE, ROUTES
from lms_emulator.core.errors import NotFoundError, UsageError, WorldError
from lms_emulator.core.http.addresses import Address
from lms_emulator.core.http.problems import problem
from lms_emulator.core.http.routing import Router
from lms_emulator.core.suggest import nearest
from lms_emulator.core.worlds.world import World
from lms_emulator.server.bodies import MOST_NAMES, CutOffError, TooLargeError, read_body, too_many, too_many_names
from lms_emulator.server.gateway import CONTROL_PREFIX, OUTDATED, ControlApp, Gateway
from lms_emulator.server.length import LONG_BYTES

MAX_VALUES = 1_000_000
"""Maximum number of commas and brackets in a body of the control API, which is parsed in one go."""
MAX_BODY_BYTES = 32 * 1024 * 1024
"""Maximum size of a body in bytes; worlds can be large."""


class Control(ControlApp):
    """The control API: worlds, journal, clocks, settings, scripted failures.

    Parameters: `token`, which callers must send; None if they need none.
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
            await gateway.open_provider(name)
        provider = gateway.providers.get(name)
        router, inner = (self._router, path) if provider is None else (provider.control_router, f"/{below}")
        route, params, allowed = router.match(scope["method"], inner)
        if route is None:
            return _unrouted(path, ", ".join(allowed))
        epoch = world.epoch
        body = await _body(scope, receive)
        if isinstance(body, Response):
            return body
        owner = self._guard.owns(scope)
        call = Call(gateway, world, address, scope, params, body, owner=owner)

        def answered() -> Response:
            if world.epoch != epoch and scope["method"] != "GET" and route.handler not in OF_NO_STATE:
                return problem(503, OUTDATED)
            if len(body) > MOST_NAMES and too_many_names(body):
                return problem(413, f"the body has over {MOST_NAMES} different names; give it to `serve --world`")
            return _answered(lambda: route.handler(call if provider is None else call.of(provider)))

        if route.handler in IMMEDIATE:
            return answered()
        if route.handler in LONG or len(body) > LONG_BYTES:
            return await world.turns.long(answered)
        return await world.turns.short(answered)

    async def outside(
        self, gateway: Gateway, world: World, address: Address, scope: Scope, receive: Receive, send: Send
    ) -> None:
        """Answer a request on the gateway that names no provider, explaining how to name one."""
        bases = ", ".join(f"{address.prefix}/{name}/…" for name in gateway.providers)
        detail = f"no provider at {scope['path']}; address one by prefix ({bases}), by host name or on its own port"
        await problem(404, detail)(scope, receive, send)


async def _body(scope: Scope, receive: Receive) -> bytes | Response:
    """The body of a call; the problem, if it is too large or of a type that no call takes."""
    try:
        body = await read_body(Headers(scope=scope), receive, MAX_BODY_BYTES)
    except TooLargeError:
        return problem(413, f"the body is over {MAX_BODY_BYTES} bytes")
    if (refused := wrong_type(scope, body)) is not None:
        return refused
    if too_many(body, MAX_VALUES):
        return problem(413, f"the body has over {MAX_VALUES} commas and brackets; give it to `serve --world`")
    return body


def _unrouted(path: str, allowed: str) -> Response:
    if allowed:
        return problem(405, f"{path} takes {allowed}", headers={"Allow": allowed})
    similar = nearest(path, (route.path for route in ROUTES), 0.7)
    tip = f"did you mean {similar}?" if similar else "see /_emulator/openapi.json"
    return problem(404, f"unknown call {path}; {tip}")


def _answered(operation: Callable[[], Any]) -> Response:
    try:
        return answer_to(operation())
    except Problem as error:
        return problem(error.status, error.detail)
    except NotFoundError as error:
        return problem(404, str(error))
    except WorldError as error:
        return problem(400, str(error), errors=error.problems)
    except UsageError as error:
        return problem(400, str(error))
