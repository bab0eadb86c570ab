"""Real host names without sockets and without DNS, for Python code in this process.

Inside `with intercept(lms):` the emulator answers every call that httpx or requests would send to a real host name of a
provider (`https://api.openlearning.com/…`). Other calls go to their hosts as usual. The code under test needs no
change: HTTPS addresses and its own sessions and clients work.

While the context lasts, three methods are replaced in the whole process: `httpx.HTTPTransport.handle_request`,
`httpx.AsyncHTTPTransport.handle_async_request` and `requests.adapters.HTTPAdapter.send`. With these the libraries pass
a finished request to a connection. Sockets, `ssl` and name resolution are not touched.

To replace nothing, give `EmulatorTransport` to an `httpx.Client` (`transport=` or `mounts=`) and
`requests_adapter(lms)` to `Session.mount`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import httpx

from lms_emulator.client.httpx_transport import EmulatorTransport
from lms_emulator.client.transports import Transport, transport_to
from lms_emulator.core.http.addresses import Addresses

if TYPE_CHECKING:
    from lms_emulator.client.emulator import Emulator


def requests_adapter(lms: Emulator) -> Any:
    """An adapter for `requests.Session.mount("https://api.openlearning.com", …)`. Needs requests."""
    from lms_emulator.client.requests_transport import EmulatorAdapter

    return EmulatorAdapter(transport_to(lms))


def _addresses(lms: Emulator) -> Addresses:
    if lms.app is not None:
        return lms.app.addresses
    from lms_emulator.app import load_providers

    return Addresses({name: provider.hosts for name, provider in load_providers().items()})


def is_real_name(addresses: Addresses, host: str) -> bool:
    """Whether a host is a provider's real name (`openedx.localhost` is not: it is reached over a socket)."""
    host = host.lower().rstrip(".")
    for names in addresses.real_hosts.values():
        for name in names:
            if host == name or (name.startswith("*.") and host.endswith(name[1:])):
                return True
    return False


@contextmanager
def intercept(lms: Emulator, hosts: Mapping[str, str] | None = None) -> Iterator[Emulator]:
    """Answer calls to real host names from the emulator within the context. See the module docstring.

    Parameters: `lms`, from `Emulator.start`, `.in_process` or `.connect` (then over its HTTP port, and absolute URLs in
    answers begin with `http://`); `hosts`, additional host names and the provider of each, for sites that every school
    names itself: `{"lms.campus.edu": "openedx"}`.
    Raises ValueError for any world but the default one, an unknown provider, and `hosts` with a remote emulator.
    """
    transport = transport_to(lms)
    addresses = _addresses(lms)
    further = {name.lower().rstrip("."): provider for name, provider in (hosts or {}).items()}
    if further and lms.app is None:
        raise ValueError("further host names need an emulator in this process; start one with Emulator.start()")
    if unknown := set(further.values()) - set(addresses.providers):
        raise ValueError(f"unknown provider `{unknown.pop()}`; known: {', '.join(addresses.providers)}")

    def ours(url: str) -> bool:
        host = urlsplit(url).hostname or ""
        return host.rstrip(".") in further or is_real_name(addresses, host)

    with ExitStack() as stack:
        stack.enter_context(addresses.also(further))
        stack.callback(transport.close)
        _replace_httpx(stack, EmulatorTransport(transport), ours)
        _replace_requests(stack, transport, ours)
        yield lms


def _replace_httpx(stack: ExitStack, transport: EmulatorTransport, ours: Callable[[str], bool]) -> None:
    handle = httpx.HTTPTransport.handle_request
    handle_async = httpx.AsyncHTTPTransport.handle_async_request

    def handle_request(self: httpx.HTTPTransport, request: httpx.Request) -> httpx.Response:
        return transport.handle_request(request) if ours(str(request.url)) else handle(self, request)

    async def handle_async_request(self: httpx.AsyncHTTPTransport, request: httpx.Request) -> httpx.Response:
        if ours(str(request.url)):
            return await transport.handle_async_request(request)
        return await handle_async(self, request)

    _replace(stack, httpx.HTTPTransport, "handle_request", handle_request)
    _replace(stack, httpx.AsyncHTTPTransport, "handle_async_request", handle_async_request)


def _replace_requests(stack: ExitStack, transport: Transport, ours: Callable[[str], bool]) -> None:
    try:
        from requests.adapters import HTTPAdapter
    except ImportError:
        return
    from lms_emulator.client.requests_transport import EmulatorAdapter

    adapter = EmulatorAdapter(transport)
    original = HTTPAdapter.send

    def send(self: HTTPAdapter, request: Any, *args: Any, **kwargs: Any) -> Any:
        chosen = adapter.send if ours(request.url or "") else original.__get__(self)
        return chosen(request, *args, **kwargs)

    _replace(stack, HTTPAdapter, "send", send)


def _replace(stack: ExitStack, owner: type, name: str, replacement: Callable[..., Any]) -> None:
    original = getattr(owner, name)
    setattr(owner, name, replacement)
    stack.callback(setattr, owner, name, original)
