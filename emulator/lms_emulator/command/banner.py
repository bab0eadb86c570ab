"""What `serve` prints below the ready line: where each provider is and how to get in."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
import traceback
from functools import partial
from typing import Any

import msgspec

from lms_emulator.command.listing import columns
from lms_emulator.server.sockets import Server

_PAUSE_SECONDS = 0.02
_MOST_FILES = 65_536
_NICE = 15
"""Requests come first: what the child imports, the server may be importing for one of them."""
_WANTED = ("api_key", "consumer_key", "shared_secret", "client_id", "client_secret", "learner", "student")


async def print_banner(server: Server) -> None:
    """Print a short table of base URLs and demo credentials.

    On Linux a forked child prints it: every provider must be imported for that, which takes a second and 25 MiB, and
    most are never used.
    """
    await asyncio.sleep(_PAUSE_SECONDS)
    # A thread may be importing a provider for a request: the child would wait for its import locks forever.
    alone = threading.active_count() == 1
    try:
        child = os.fork() if alone and sys.platform == "linux" else None
    except OSError:  # no more processes
        child = None
    if child is None:
        await server.gateway.worlds.default.turns.long(partial(_print, server))
        return
    if child == 0:
        _print_and_exit(server)
    try:
        while os.waitpid(child, os.WNOHANG)[0] == 0:
            await asyncio.sleep(_PAUSE_SECONDS)
    except asyncio.CancelledError:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        raise


def _print_and_exit(server: Server) -> None:
    """The child's whole job: close the server's sockets, print, and exit without running atexit handlers."""
    status = 1
    try:
        signal.set_wakeup_fd(-1)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_DFL)
        os.closerange(3, _MOST_FILES)  # otherwise the sockets stay open, and their ports taken, while this runs
        os.nice(_NICE)
        _print(server)
        status = 0
    except BrokenPipeError:
        pass  # the reader has gone away
    except Exception:
        traceback.print_exc()
    finally:
        os._exit(status)


def _print(server: Server) -> None:
    gateway = server.gateway
    world = gateway.worlds.default
    rows = [("provider", "base URL", "demo credentials")]
    for name in gateway.providers:
        bases = gateway.addresses.base_urls(name, world.name, "http", gateway.addresses.host, server.port)
        info = msgspec.to_builtins(gateway.providers[name].info(world, bases))
        rows.append((name, bases.get("port") or bases["prefix"], "  ".join(_credentials(info))))
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
