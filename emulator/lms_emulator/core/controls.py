"""Control calls that a provider adds: what their handlers receive.

A handler answers with data for JSON, a pair of data and status, None for 204, or a Response. It raises `UsageError` for
400 and `NotFoundError` for 404.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import msgspec

from lms_emulator.core.http.routing import Route

if TYPE_CHECKING:
    from lms_emulator.core.worlds.world import World

StoreT_co = TypeVar("StoreT_co", covariant=True)


class ControlCall(msgspec.Struct, Generic[StoreT_co], frozen=True, kw_only=True):
    """One call.

    Attributes:
        world, store: whose state it is about.
        provider, title: the provider's name, and its display name.
        params: the path parameters.
        query: the query's parameters.
        body: the body's members.
        url: of the provider's calls, without trailing slash.
    """

    world: World
    store: StoreT_co
    provider: str
    title: str
    params: Mapping[str, Any]
    query: Mapping[str, str]
    body: Mapping[str, Any]
    url: str


def control(methods: str, path: str, handler: Any, summary: str, **openapi: Any) -> Route:
    """Declare such a call. Parameters: `path`, below `/_emulator/<provider>`; `openapi`, as for `Route`."""
    return Route(
        methods=(methods,),
        path=path,
        handler=handler,
        evidence="documented",
        source="docs/control-api.md",
        summary=summary,
        openapi=openapi,
    )
