"""A recording proxy: forwards requests to a real site and records each exchange without its secrets.

The file has the format of `fixtures/recordings`: one JSON object per line, with the request as sent to the site
and the response. Tokens, codes, passwords, keys, cookies and client secrets are replaced with references, like
`<secret:access_token-1>`. The same value gets the same reference everywhere, so a recording still shows which token
was used where. A site may reveal a secret in a place that the recorder does not know: read a recording before you
share it.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
import signal
import sys
import threading
from collections.abc import Iterable
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, quote_plus, unquote, urlsplit

SECRET_FIELD = re.compile(
    r"secret|password|token|assertion|api_?key|^code$|verifier|signature|nonce|session|csrf|ltik|^state$|^jwt$", re.I
)
NOT_SECRET = re.compile(
    r"^(token_type|token_type_hint|oauth_signature_method|expires_in|grant_type|assertion_type)$", re.I
)
SECRET_HEADERS = ("x-api-key", "x-edx-api-key", "x-csrftoken", "x-authorization", "api-key")
HOP_BY_HOP = frozenset(
    ("connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade", "content-length")
)
MIN_SECRET_LENGTH = 4
"""Shorter values are kept: they are not secrets, and replacing them would corrupt other text."""


class Redactor:
    """Replaces secrets with references, and remembers which is which, in memory only."""

    def __init__(self) -> None:
        self._known: dict[str, str] = {}
        self._counts: dict[str, int] = {}

    def learn(self, name: str, value: str) -> None:
        """Treat a value as a secret from now on, under a reference named after its field."""
        if len(value) < MIN_SECRET_LENGTH or value in self._known or value.startswith("<secret:"):
            return
        kind = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_") or "value"
        self._counts[kind] = self._counts.get(kind, 0) + 1
        reference = f"<secret:{kind}-{self._counts[kind]}>"
        self._known[value] = reference
        for form in (quote(value, safe=""), quote_plus(value), quote(value)):
            self._known.setdefault(form, reference)

    def clean(self, text: str) -> str:
        """The text with every known secret replaced, the longest first."""
        for value in sorted(self._known, key=len, reverse=True):
            if value in text:
                text = text.replace(value, self._known[value])
        return text

    def study(self, headers: Iterable[tuple[str, str]], target: str, body: str | None) -> None:
        """Find the secrets of one message: in its headers, its query, its form or JSON."""
        for name, value in headers:
            self._study_header(name.lower(), value)
        self._study_pairs(parse_qsl(urlsplit(target).query))
        if body:
            self._study_body(body)

    def _study_header(self, name: str, value: str) -> None:
        if name in ("authorization", *SECRET_HEADERS):
            scheme, _, rest = value.partition(" ")
            if scheme.lower() == "basic":
                self._study_basic(rest)
            for quoted in re.findall(r'(?:token|signature|nonce)="([^"]+)"', rest):
                self.learn(name, unquote(quoted))
                self.learn(name, quoted)
            if scheme.lower() == "access_token":
                rest = rest.partition("=")[2]
            self.learn("access_token" if name == "authorization" else name, (rest or scheme).strip('"'))
        elif name == "cookie":
            for pair in value.split(";"):
                self.learn(f"cookie_{pair.partition('=')[0].strip()}", pair.partition("=")[2].strip())
        elif name == "set-cookie":
            cookie, _, content = value.split(";", 1)[0].partition("=")
            self.learn(f"cookie_{cookie}", content.strip('"'))
        elif name == "location":
            parts = urlsplit(value)
            self._study_pairs([*parse_qsl(parts.query), *parse_qsl(parts.fragment)])

    def _study_basic(self, credentials: str) -> None:
        try:
            user, _, secret = base64.b64decode(credentials).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return
        self.learn("client_secret", unquote(secret))
        self.learn(f"basic_of_{user}", credentials)

    def _study_body(self, body: str) -> None:
        try:
            self._study_json(json.loads(body), "")
        except ValueError:
            if body.lstrip()[:1] == "<":
                for tag in re.findall(r"<input\b[^<>]*>", body):
                    attributes = dict(re.findall(r'(?<![\w-])([\w-]++)="([^"]*)"', tag))
                    self._study_pairs([(attributes.get("name", ""), attributes.get("value", ""))])
            else:
                self._study_pairs(parse_qsl(body))

    def _study_json(self, document: Any, name: str) -> None:
        if isinstance(document, dict):
            for key, value in document.items():
                self._study_json(value, str(key))
        elif isinstance(document, list):
            for item in document:
                self._study_json(item, name)
        elif isinstance(document, str):
            self._study_pairs([(name, document)])

    def _study_pairs(self, pairs: Iterable[tuple[str, str]]) -> None:
        for name, value in pairs:
            if SECRET_FIELD.search(name) and not NOT_SECRET.match(name):
                self.learn(name, value)


class Recorder:
    """Appends exchanges to a file."""

    def __init__(self, path: Path, secrets: Iterable[tuple[str, str]] = ()) -> None:
        self._file = path.open("a", encoding="utf-8")
        self._lock = threading.Lock()
        self.redactor = Redactor()
        self.count = 0
        for name, value in secrets:
            self.redactor.learn(name, value)

    def keep(self, request: dict[str, Any], response: dict[str, Any]) -> None:
        """Redact an exchange and write it."""
        with self._lock:
            redactor = self.redactor
            redactor.study(request["headers"].items(), request["target"], request["body"])
            redactor.study(response["headers"], request["target"], response["body"])
            path = urlsplit(request["target"]).path
            entry = {
                "n": self.count,
                "name": f"{request['method']} {path}",
                "group": path.strip("/").split("/")[0] or "root",
                "request": request,
                "response": response,
            }
            self.count += 1
            self._file.write(json.dumps(_cleaned(entry, redactor), ensure_ascii=False) + "\n")
            self._file.flush()

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def _cleaned(value: Any, redactor: Redactor) -> Any:
    if isinstance(value, str):
        return redactor.clean(value)
    if isinstance(value, dict):
        return {key: _cleaned(member, redactor) for key, member in value.items()}
    return [_cleaned(item, redactor) for item in value] if isinstance(value, list) else value


def text_of(body: bytes) -> str | None:
    """A body as text; None if it is not UTF-8."""
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError:
        return None


class Proxy(ThreadingHTTPServer):
    """Listens on loopback, forwards requests to `upstream`, and gives each exchange to the recorder."""

    daemon_threads = True

    def __init__(self, port: int, upstream: str, recorder: Recorder) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.upstream = urlsplit(upstream)
        self.recorder = recorder

    @property
    def url(self) -> str:
        """The URL that clients use instead of the site's."""
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: Proxy
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: Any) -> None:
        """Log nothing."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("do_"):
            return self._forward
        raise AttributeError(name)

    def _forward(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        site = self.server.upstream
        headers = {name: value for name, value in self.headers.items() if name.lower() not in HOP_BY_HOP}
        headers = {
            "Host": site.netloc,
            **{n: v for n, v in headers.items() if n.lower() not in ("host", "accept-encoding")},
        }
        connection = (HTTPSConnection if site.scheme == "https" else HTTPConnection)(site.netloc, timeout=60)
        target = site.path.rstrip("/") + self.path
        try:
            connection.putrequest(self.command, target, skip_host=True, skip_accept_encoding=True)
            for name, value in headers.items():
                connection.putheader(name, value)
            if body or self.command in ("POST", "PUT", "PATCH"):
                connection.putheader("Content-Length", str(len(body)))
            connection.endheaders(body or None)
            self._answer(connection.getresponse(), headers, target, body)
        except (OSError, HTTPException) as error:
            self.send_error(502, f"the site cannot be reached: {error}")
        finally:
            connection.close()

    def _answer(self, response: HTTPResponse, headers: dict[str, str], target: str, body: bytes) -> None:
        content = response.read()
        kept = [(name, value) for name, value in response.getheaders() if name.lower() not in HOP_BY_HOP]
        self.server.recorder.keep(
            {"method": self.command, "target": target, "headers": headers, "body": text_of(body) if body else None},
            {"status": response.status, "headers": [list(pair) for pair in kept], "body": text_of(content)},
        )
        self.send_response_only(response.status)
        for name, value in kept:
            self.send_header(name, self._through_proxy(value) if name.lower() == "location" else value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def _through_proxy(self, location: str) -> str:
        """A redirect to the site itself leads through the proxy, so that the browser stays with it."""
        site = self.server.upstream
        own = f"{site.scheme}://{site.netloc}{site.path.rstrip('/')}"
        return self.server.url + location[len(own) :] if location.startswith(own) else location


def record(upstream: str, *, port: int, out: Path, secrets: Iterable[tuple[str, str]] = ()) -> int:
    """Record until interrupted. Returns the exit code."""
    recorder = Recorder(out, secrets)
    proxy = Proxy(port, upstream, recorder)
    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=proxy.shutdown).start())
    print(f"lms-emulator recording {upstream} at {proxy.url} into {out}", flush=True)
    try:
        proxy.serve_forever(poll_interval=0.1)
    except KeyboardInterrupt:
        pass
    finally:
        proxy.server_close()
        recorder.close()
    print(f"{recorder.count} exchanges recorded; read them before you share them", file=sys.stderr)
    return 0
