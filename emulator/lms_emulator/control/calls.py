"""One call of the control API: what an operation receives, and how its result becomes a response."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import msgspec
from starlette.datastructures import Headers, QueryParams
from starlette.requests import cookie_parser
from starlette.responses import Response

from lms_emulator.core.controls import ControlCall
from lms_emulator.core.http.addresses import Address
from lms_emulator.core.http.exchange import split_authority
from lms_emulator.core.worlds.world import World

if TYPE_CHECKING:
    from starlette.types import Scope

    from lms_emulator.core.provider import AnyProvider
    from lms_emulator.server.gateway import Gateway

_SLICE = 1_000


class Problem(Exception):
    """A call that fails. The answer is `application/problem+json`."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail


class Call:
    """A control request: the gateway, the addressed world, path parameters, query and JSON body.

    Attributes: `owner`, whether the caller is known to be the emulator's owner.
    """

    def __init__(
        self,
        gateway: Gateway,
        world: World,
        address: Address,
        scope: Scope,
        params: dict[str, Any],
        body: bytes,
        *,
        owner: bool = False,
    ) -> None:
        self.owner = owner
        self.gateway = gateway
        self.world = world
        self.params = params
        self.query = QueryParams(scope["query_string"])
        self.body = body
        self.scheme: str = scope["scheme"]
        server = scope.get("server") or ("127.0.0.1", None)
        self.cookies = cookie_parser(Headers(scope=scope).get("cookie", ""))
        self.host, self.port = split_authority(Headers(scope=scope).get("host") or server[0])
        self._address = address

    def json(self) -> Any:
        """The body as JSON; an empty one is an empty object. Raises Problem."""
        if not self.body or self.body.isspace():
            return {}
        try:
            return msgspec.json.decode(self.body)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise Problem(400, f"the body is not JSON: {error}") from None
        except RecursionError:
            raise Problem(400, "the body is nested too deeply") from None

    def json_object(self) -> dict[str, Any]:
        """The body as a JSON object. Raises Problem."""
        data = self.json()
        if not isinstance(data, dict):
            raise Problem(400, f"the body must be a JSON object, got {type(data).__name__}")
        return data

    def of(self, provider: AnyProvider) -> ControlCall[Any]:
        """The call in the form that a provider's own handlers take. Raises Problem."""
        return ControlCall(
            world=self.world,
            store=self.world.store(provider.name),
            provider=provider.name,
            title=provider.title,
            params=self.params,
            query=self.query,
            body=self.json_object(),
            url=f"{self.control_url()}/{provider.name}",
        )

    def control_url(self) -> str:
        """The address of this world's control API."""
        return f"{self.gateway_url()}{'' if self.world.is_default else f'/w/{self.world.name}'}/_emulator"

    def gateway_address(self) -> tuple[str, str, int | None]:
        """Scheme, host and port at which this client reaches the gateway, through any of its sockets."""
        addresses = self.gateway.addresses
        on_own_port = self._address.reached_by == "port"
        port = addresses.gateway_port if on_own_port else self.port
        host = self.host
        if self._address.reached_by == "host":
            host = addresses.host
        return self.scheme, host, port

    def gateway_url(self) -> str:
        """The gateway's base URL as this client reaches it, or `--public-url`."""
        if self.gateway.addresses.public_url:
            return self.gateway.addresses.public_url
        scheme, host, port = self.gateway_address()
        return f"{scheme}://{host}" + (f":{port}" if port is not None else "")

    def bases(self, provider: str, world: str | None = None) -> dict[str, str]:
        """Base URLs of a provider as this client can use them."""
        return self.gateway.addresses.base_urls(provider, world or self.world.name, *self.gateway_address())


def answer_to(result: Any) -> Response:
    """An operation's result as a response: None is 204, data is JSON, a pair is (data, status)."""
    if isinstance(result, Response):
        return result
    if result is None:
        return Response(status_code=204)
    data, status = result if isinstance(result, tuple) else (result, 200)
    return Response(b"".join(_json(data)), status, media_type="application/json")


def _json(value: Any, depth: int = 3) -> Iterator[bytes]:
    """The JSON of a value, in chunks: encoding a world in one call would block every other thread."""
    if isinstance(value, dict) and value and depth:
        for number, (name, inner) in enumerate(value.items()):
            yield (b"," if number else b"{") + msgspec.json.encode(str(name)) + b":"
            yield from _json(inner, depth - 1)
        yield b"}"
    elif isinstance(value, list) and len(value) > _SLICE:
        for start in range(0, len(value), _SLICE):
            yield (b"," if start else b"[") + msgspec.json.encode(value[start : start + _SLICE])[1:-1]
        yield b"]"
    else:
        yield msgspec.json.encode(value)
