"""Finds the world and the provider that a request is for, and builds the address of another provider."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import NamedTuple
from urllib.parse import urlsplit

DEFAULT_WORLD = "default"
_MOST_KEPT = 1_000
_LONGEST_KEPT = 255  # no host name is longer


class Address(NamedTuple):
    """Where a request arrived.

    `provider` is None on the gateway itself; `prefix` is the part of the path to strip (`/openedx`,
    `/w/a/openedx`, or empty); `reached_by` tells how: `port`, `host`, `prefix` or `gateway`.
    """

    world: str
    provider: str | None
    prefix: str
    reached_by: str


class Addresses:
    """The three ways to a provider: own port, host name, path prefix on the gateway.

    Parameters:
        hosts: real host names of each provider; `*.example.com` matches any name below it.
        public_url: the gateway's address as clients see it, when it is not the one they connect to.
        allowed_hosts: further domains of our own: the names, and everything below them; `*` for any.
    """

    def __init__(
        self,
        hosts: Mapping[str, Sequence[str]],
        public_url: str | None = None,
        allowed_hosts: Iterable[str] = (),
    ) -> None:
        self.providers = tuple(hosts)
        self.real_hosts = hosts
        self.public_url = public_url.rstrip("/") if public_url else None
        self.gateway_port: int | None = None
        self.ports: dict[int, str] = {}  # port -> provider
        self.host = "127.0.0.1"
        self.domains = ("localhost", *(name.lower().strip("*. ") or "*" for name in allowed_hosts))
        """Below these, `provider.world.domain` always names a world."""
        self._by_prefix: dict[tuple[str, int | None, str], Address] = {}  # by host, port and first segment of the path

    @cached_property
    def _by_real_host(self) -> dict[str, str]:
        """Real host names, and `.example.com` for `*.example.com`, to providers."""
        return {name.removeprefix("*"): provider for provider in self.providers for name in self.real_hosts[provider]}

    @contextmanager
    def also(self, hosts: Mapping[str, str]) -> Iterator[None]:
        """Within the context, let additional host names lead to providers: host name to provider."""
        before = dict(self._by_real_host)
        self._by_real_host.update({name.lower(): provider for name, provider in hosts.items()})
        self._by_prefix.clear()
        try:
            yield
        finally:
            self._by_real_host.clear()
            self._by_real_host.update(before)
            self._by_prefix.clear()

    def listen(self, host: str, gateway_port: int, ports: Mapping[str, int]) -> None:
        """Note the sockets that were opened: provider name to port."""
        self.host = "127.0.0.1" if host in ("0.0.0.0", "::") else host
        self.gateway_port = gateway_port
        self.ports = {port: provider for provider, port in ports.items()}
        self._by_prefix.clear()

    def locate(self, host: str, port: int | None, path: str, had_world: Callable[[str], bool]) -> Address:
        """Decide by host name, then by port, then by path prefix.

        Parameters: `host`, the Host header without port, any case; `port`, of the socket that took the
        request; `path`, as on the wire; `had_world`, whether there is or was a further world of that name.
        The named world need not exist; an address that names one never leads to the default world.
        """
        first = path[1:].split("/", 1)[0]
        found = self._by_prefix.get((host, port, first))
        if found is None:
            found = self._locate(host, port, path, had_world)
            plain = found.reached_by == "prefix" and found.world == DEFAULT_WORLD and first != "w"
            if plain and len(host) <= _LONGEST_KEPT:
                if len(self._by_prefix) >= _MOST_KEPT:
                    self._by_prefix.clear()
                self._by_prefix[host, port, first] = found
        return found

    def _locate(self, host: str, port: int | None, path: str, had_world: Callable[[str], bool]) -> Address:
        world = DEFAULT_WORLD
        name = host.lower().rstrip(".")
        provider = self._named_by(name)
        if provider is not None:
            labels = name.split(".", 2)
            if (
                labels[0] == provider
                and len(labels) > 1
                and (self._names_world(name, provider) or had_world(labels[1]))
            ):
                world = labels[1]
            return Address(world, provider, "", "host")
        provider = self.ports.get(port) if port is not None else None
        if provider is not None:
            return Address(world, provider, "", "port")
        prefix = ""
        if path.startswith("/w/"):
            world = path[3:].split("/", 1)[0]
            prefix = f"/w/{world}"
            path = path[len(prefix) :]
        first = path[1:].split("/", 1)[0]
        if first in self.providers:
            return Address(world, first, f"{prefix}/{first}", "prefix")
        return Address(world, None, prefix, "gateway")

    def trusts(self, host: str) -> bool:
        """Whether a Host header is one of our own, not that of a web site whose owner pointed its name here.

        IP addresses, names without a dot and `.internal` are safe: nobody can register them.
        """
        name = host.lower().rstrip(".")
        if "." not in name or ":" in name or name.replace(".", "").isdigit() or name.endswith(".internal"):
            return True
        if self.public_url and name == urlsplit(self.public_url).hostname:
            return True
        own = any(domain == "*" or f".{name}".endswith(f".{domain}") for domain in self.domains)
        return own or self._by_real_name(name) is not None

    def _names_world(self, host: str, provider: str) -> bool:
        """Whether a host below one of our own domains has more labels than its provider."""
        return any(host.endswith(f".{domain}") and host != f"{provider}.{domain}" for domain in self.domains)

    def _named_by(self, host: str) -> str | None:
        label = host.partition(".")[0]
        if label in self.providers:
            return label
        if host == "localhost" or host[:1].isdigit() or ":" in host:
            return None  # no provider: its real names need not be loaded
        return self._by_real_name(host)

    def _by_real_name(self, host: str) -> str | None:
        found = self._by_real_host.get(host)
        _, _, rest = host.partition(".")
        while found is None and rest:
            found = self._by_real_host.get("." + rest)
            _, _, rest = rest.partition(".")
        return found

    def base_urls(self, provider: str, world: str, scheme: str, host: str, port: int | None) -> dict[str, str]:
        """The provider's base URLs by way of reaching it: `port` (default world only), `prefix`, `host`.

        There is no `port` if the gateway was reached on a port other than its own. The ports of a container are then
        mapped, and the emulator cannot know the outer port of a provider.

        Parameters: `scheme`, `host`, `port`: how the gateway is reached.
        """
        authority = host if port is None else f"{host}:{port}"
        gateway = self.public_url or f"{scheme}://{authority}"
        bases: dict[str, str] = {}
        own = self.port_of(provider)
        if world == DEFAULT_WORLD and own is not None and scheme == "http" and port == self.gateway_port:
            bases["port"] = f"http://{host}:{own}"
        bases["prefix"] = f"{gateway}{self.prefix(provider, world)}"
        label = provider if world == DEFAULT_WORLD else f"{provider}.{world}"
        bases["host"] = f"{scheme}://{label}.localhost" + (f":{port}" if port is not None else "")
        return bases

    def port_of(self, provider: str) -> int | None:
        """The provider's own port, if it has one."""
        return next((port for port, name in self.ports.items() if name == provider), None)

    @staticmethod
    def prefix(provider: str, world: str) -> str:
        """The provider's path prefix on the gateway."""
        return f"/{provider}" if world == DEFAULT_WORLD else f"/w/{world}/{provider}"
