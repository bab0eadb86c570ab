"""HTTP as contracts use it: no redirects followed, no retries, no cookies kept; every exchange is remembered."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import shlex
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol
from urllib.parse import unquote, urlencode, urljoin, urlsplit

Pairs = Sequence[tuple[str, str]]
FORM = "application/x-www-form-urlencoded"

OF_EVERY_CLIENT = (("User-Agent", "lms-emulator-contracts"), ("Accept", "*/*"))
"""What every client sends: Canvas refuses a request without a User-Agent."""


@dataclasses.dataclass(frozen=True)
class Answer:
    """A response as received. `url` is the one requested."""

    url: str
    status: int
    headers: Pairs
    body: bytes

    @property
    def text(self) -> str:
        """The body as text; bytes that are not UTF-8 become U+FFFD."""
        return self.body.decode("utf-8", "replace")

    def json(self) -> Any:
        """The body as JSON, or None if it is something else."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None

    def header(self, name: str) -> str:
        """The first value of a header, or an empty text."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), "")

    @property
    def location(self) -> str:
        """Where a redirect leads, as an absolute URL; empty for other answers."""
        target = self.header("location")
        return urljoin(self.url, target) if target else ""


@dataclasses.dataclass(frozen=True)
class Sent:
    """One request and the status it got."""

    method: str
    url: str
    headers: Pairs
    body: bytes
    status: int


class Log:
    """The exchanges of the running example; `secrets` (value to reference) are never written out."""

    def __init__(self) -> None:
        self.sent: list[Sent] = []
        self.total = 0
        self.secrets: dict[str, str] = {}

    def begin(self) -> None:
        """Forget the last example."""
        self.sent.clear()

    def add(self, sent: Sent) -> None:
        """Remember an exchange."""
        self.sent.append(sent)
        self.total += 1

    def script(self) -> str:
        """The example as a shell script of curl calls, each with the status it got."""
        lines = ["#!/bin/sh", "# every request of the failing example, in order"]
        for number, sent in enumerate(self.sent, 1):
            words = ["curl", "-sS", "-i", "--path-as-is", "-X", sent.method]
            for name, value in sent.headers:
                words += ["-H", f"{name}: {value}"]
            if sent.body:
                words += ["--data-binary", sent.body.decode("utf-8", "backslashreplace")]
            lines += ["", f"# {number}. answered {sent.status}", " ".join(self._quote(w) for w in [*words, sent.url])]
        return "\n".join(lines)

    def _quote(self, word: str) -> str:
        quoted = shlex.quote(word)
        for value, reference in self.secrets.items():
            quoted = quoted.replace(value, f"'\"${reference}\"'")
        return quoted


class Http(Protocol):
    """How a request is sent: over a socket, or straight into an application."""

    log: Log

    def send(self, method: str, url: str, headers: Pairs = (), body: bytes = b"") -> Answer:
        """Send one request and return its answer as it is."""
        ...


def form(
    http: Http,
    url: str,
    fields: Mapping[str, str] | Iterable[tuple[str, str]],
    headers: Pairs = (),
    method: str = "POST",
) -> Answer:
    """Send a URL-encoded form. Fields whose value is None are left out."""
    pairs = fields.items() if isinstance(fields, Mapping) else fields
    body = urlencode([(name, value) for name, value in pairs if value is not None]).encode()
    return http.send(method, url, [("Content-Type", FORM), *headers], body)


def send_json(http: Http, method: str, url: str, document: Any, headers: Pairs = ()) -> Answer:
    """Send a JSON document."""
    return http.send(method, url, [("Content-Type", "application/json"), *headers], json.dumps(document).encode())


class InProcess:
    """Calls an ASGI application on an event loop of its own, without a socket."""

    def __init__(self, app: Callable[..., Any], log: Log) -> None:
        self.log = log
        self._app = app
        self._loop = asyncio.new_event_loop()

    def close(self) -> None:
        """Close the loop."""
        self._loop.close()

    def send(self, method: str, url: str, headers: Pairs = (), body: bytes = b"") -> Answer:
        """Run the application for one request."""
        answer = self._loop.run_until_complete(self._call(method, url, headers, body))
        self.log.add(Sent(method, url, headers, body, answer.status))
        return answer

    async def _call(self, method: str, url: str, headers: Pairs, body: bytes) -> Answer:
        parts = urlsplit(url)
        sent = [*OF_EVERY_CLIENT, *headers]
        raw = [(name.lower().encode("latin-1"), value.encode("utf-8")) for name, value in sent]
        if not any(name == b"host" for name, _ in raw):
            raw.insert(0, (b"host", parts.netloc.encode()))
        if body or method in ("POST", "PUT", "PATCH"):
            raw.append((b"content-length", str(len(body)).encode()))
        scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": method,
            "scheme": parts.scheme,
            "path": unquote(parts.path or "/"),
            "raw_path": (parts.path or "/").encode(),
            "query_string": parts.query.encode(),
            "root_path": "",
            "headers": raw,
            "client": ("127.0.0.1", 54321),
            "server": (parts.hostname, parts.port or 80),
            "state": {},
        }
        messages: list[dict[str, Any]] = []
        incoming = [{"type": "http.request", "body": body, "more_body": False}]

        async def receive() -> dict[str, Any]:
            return incoming.pop() if incoming else {"type": "http.disconnect"}

        async def send(message: dict[str, Any]) -> None:
            messages.append(message)

        await self._app(scope, receive, send)
        start = messages[0]
        pairs = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in start["headers"]]
        return Answer(url, start["status"], pairs, b"".join(m.get("body", b"") for m in messages[1:]))


class OverSocket:
    """Plain httpx: its transport without the client, which would follow redirects, keep cookies and decode bodies."""

    def __init__(self, log: Log, *, timeout: float = 30.0) -> None:
        import httpx

        self.log = log
        self._request = httpx.Request
        self._transport = httpx.HTTPTransport(trust_env=True)  # trusts SSL_CERT_FILE, and knows nothing of proxies
        self._extensions = {"timeout": httpx.Timeout(timeout).as_dict()}

    def close(self) -> None:
        """Close the connections."""
        self._transport.close()

    def send(self, method: str, url: str, headers: Pairs = (), body: bytes = b"") -> Answer:
        """Send over the network."""
        sent = [*OF_EVERY_CLIENT, *headers]
        request = self._request(method, url, headers=sent, content=body or None, extensions=self._extensions)
        response = self._transport.handle_request(request)
        try:
            content = response.read()
        finally:
            response.close()
        self.log.add(Sent(method, url, headers, body, response.status_code))
        return Answer(url, response.status_code, list(response.headers.multi_items()), content)


class Browser:
    """A person's browser: keeps cookies per site, follows redirects as far as requested."""

    def __init__(self, http: Http) -> None:
        self.http = http
        self.cookies: dict[str, dict[str, str]] = {}

    def send(self, method: str, url: str, headers: Pairs = (), body: bytes = b"") -> Answer:
        """Send one request with the site's cookies, and keep those that come back."""
        jar = self.cookies.setdefault(urlsplit(url).netloc, {})
        cookie = [("Cookie", "; ".join(f"{name}={value}" for name, value in jar.items()))] if jar else []
        answer = self.http.send(method, url, [*headers, *cookie], body)
        for name, value in answer.headers:
            if name.lower() == "set-cookie":
                key, _, rest = value.partition("=")
                content = rest.split(";", 1)[0]
                if content.strip('"') and "max-age=0" not in rest.lower():
                    jar[key.strip()] = content
                else:
                    jar.pop(key.strip(), None)
        return answer

    def form(self, url: str, fields: Pairs | Mapping[str, str], headers: Pairs = ()) -> Answer:
        """Submit a form. Over https it says where it stood, as every browser does and Django insists on."""
        pairs = list(fields.items()) if isinstance(fields, Mapping) else list(fields)
        referer = [("Referer", urljoin(url, "/"))] if url.startswith("https:") else []
        return self.send("POST", url, [("Content-Type", FORM), *referer, *headers], urlencode(pairs).encode())

    def open(self, url: str, *, until: Callable[[str], bool] = lambda url: False, most: int = 12) -> Answer:
        """Open a page and follow redirects until a page, or until a redirect leads to a URL for which `until` holds."""
        answer = self.send("GET", url)
        return self.follow(answer, until=until, most=most)

    def follow(self, answer: Answer, *, until: Callable[[str], bool] = lambda url: False, most: int = 12) -> Answer:
        """Follow an answer's redirects."""
        while answer.status in (301, 302, 303, 307) and answer.location and not until(answer.location) and most:
            answer, most = self.send("GET", answer.location), most - 1
        return answer
