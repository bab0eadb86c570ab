"""What `serve` prints below the ready line: where each provider is and how to get in."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec

from lms_emulator.command.listing import columns
from lms_emulator.server.sockets import Server

_PAUSE_SECONDS = 0.02
_WANTED = ("api_key", "consumer_key", "shared_secret", "client_id", "client_secret", "learner", "student")


async def print_banner(server: Server) -> None:
    """Print a short table of base URLs and demo credentials.

    Reads every provider's demo world, one after the other, so that requests that arrive meanwhile do not wait.
    """
    await asyncio.sleep(_PAUSE_SECONDS)
    gateway = server.gateway
    world = gateway.worlds.default
    rows = [("provider", "base URL", "demo credentials")]
    for name in gateway.providers:
        bases = gateway.addresses.base_urls(name, world.name, "http", gateway.addresses.host, server.port)
        info = msgspec.to_builtins(gateway.providers[name].info(world, bases))
        rows.append((name, bases.get("port") or bases["prefix"], "  ".join(_credentials(info))))
        await asyncio.sleep(_PAUSE_SECONDS)
    lines = [columns(rows)]
    if server.tls_port is not None:
        authority = f"authority: {server.url}/_emulator/ca.pem"
        lines.append(f"HTTPS: https://{gateway.addresses.host}:{server.tls_port}  {authority}")
    lines.append(f"everything a test needs: {server.url}/_emulator/info")
    print("\n".join(lines), flush=True)


def _credentials(info: dict[str, Any]) -> list[str]:
    found = []
    for key in _WANTED:
        value = info.get(key)
        if isinstance(value, str) and value:
            found.append(f"{key}={value if len(value) <= 44 else value[:41] + '…'}")
        elif isinstance(value, dict) and value.get("password"):
            found.append(f"{key}={value.get('username') or value.get('login')}/{value['password']}")
    return found[:3]
