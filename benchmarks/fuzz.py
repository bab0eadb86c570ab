"""Requests that are nearly right, in worlds that nobody would write.

Recorded ones and those by which each kind of credential is got and used, with values changed; declared operations with
whatever is known to stand somewhere; documented parameters of operations on what the world has, with odd values. Some
bytes of some are changed.
"""

from __future__ import annotations

import json
import random
import re
import tomllib
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
from contract_tests.credentials.makers import MAKERS, Side
from contract_tests.everywhere.existing import DemoWorld, credentials
from contract_tests.everywhere.odd_values import FORMS, VALUES, nested
from contract_tests.everywhere.odd_worlds import OddWorlds
from msgspec import to_builtins

from lms_emulator import Emulator
from lms_emulator.app import load_providers
from lms_emulator.core.coverage import serves

FIXTURES = Path(__file__).parents[1] / "fixtures"
FORM, JSON = "application/x-www-form-urlencoded", "application/json"
_ODD = (
    "",
    "0",
    "-1",
    "9" * 30,
    "1e999",
    "null",
    "[]",
    "{}",
    "%00",
    "\x00",
    "💥",
    "..",
    "x" * 300,
    "http://[::1",
    "a[b]=c",
)
_KINDS = (JSON, FORM, "multipart/form-data; boundary=x", "text/xml", "text/csv", "application/merge-patch+json")
_BODIES = (b"", b"[" * 2_000, b'{"a":' * 500, b"a=b&" * 3_000)
_NAMES = re.compile(r'[?&"]([A-Za-z_]+(?:\[[A-Za-z_]*\])*)(?:=|\\?":)')
_PLACEHOLDER = re.compile(r"<[^>]*>")
_VALUE = re.compile(r"(?<==)[^&]*|(?<=\": )[^,}\]]*")
_FOCUS = 12
"""Of so many requests, half are about one group of operations, so that they meet what one another left."""


def world(lms: Emulator) -> dict[str, Any]:
    """The demo world, with the Canvas and the Open edX that were recorded in place of its own."""
    made: dict[str, Any] = lms.dump()
    for name, file in (("canvas", "canvas-recorded"), ("openedx", "openedx-recorded")):
        made[name] = to_builtins(tomllib.loads((FIXTURES / "worlds" / f"{file}.toml").read_text())[name])
    return made


class Fuzz:
    """Makes requests for a running emulator with the demo world, and the worlds that they are for.

    Attributes: `operations`, how many of the providers' declared operations they go to.
    """

    def __init__(self, lms: Emulator) -> None:
        self._lms = lms
        self._used = _used(lms)
        info = lms.info()["providers"]
        self._known = {name: sorted(set(_texts(info[name]))) for name in info}
        self._owners = {name: credentials(lms, name) for name in info}
        self._worlds = lms.dump(), world(lms)  # with all that was given out
        self._odd_worlds = [OddWorlds(value) for value in self._worlds]
        self._declared = [
            (name, method, route.path)
            for name, provider in load_providers().items()
            for route in provider.routes
            for method in route.methods or ("GET",)
        ]
        self._documented = [
            (name, method, operation)
            for name, provider in load_providers().items()
            if provider.catalogue is not None
            for operation in provider.catalogue.operations
            for method in ("GET", "POST", "PUT", "PATCH", "DELETE")
            if operation.takes(method) and serves(provider, operation, method)
        ]
        self.operations = len(self._declared)

    def batch(self, seed: int, count: int) -> tuple[bytes, list[bytes]]:
        """A world, and some requests for it: the same ones for the same seed."""
        rng = random.Random(seed)
        self._place = place = rng.randrange(2)
        made = self._odd_worlds[place].made(seed) if rng.random() < 0.7 else self._worlds[place]
        self._has = {
            name: DemoWorld(self._lms, name, rng.choice, made[name]) for name in load_providers() if name in made
        }
        makers, requests = (self._recorded, self._of_clients, self._made, self._to_documented), list[bytes]()
        group: list[Any] = []
        while len(requests) < count:
            if len(requests) % _FOCUS == 0:
                name, _, operation = rng.choice(self._documented)
                group = [each for each in self._documented if each[0] == name and each[2].family == operation.family]
            focused = rng.random() < 0.5
            request = self._to(rng, *rng.choice(group)) if focused else rng.choice(makers)(rng)
            requests.append(self._spoilt(rng, request) if rng.random() < 0.3 else request)
        return json.dumps(made).encode(), requests

    def _recorded(self, rng: random.Random) -> bytes:
        name, request = rng.choice(_recordings())
        headers = {key: value for key, value in request["headers"].items() if key.lower() not in _OWN}
        body = request.get("body") or ""
        sent = self._changed(rng, name, body if isinstance(body, str) else json.dumps(body))
        if "Authorization" in headers and (self._place == 0 or rng.random() < 0.6):
            headers |= self._good(rng, name)
        return _request(request["method"], f"/{name}{request['target']}", headers, sent.encode("utf-8", "replace"))

    def _of_clients(self, rng: random.Random) -> bytes:
        """A request by which some credential is got or used, with the credential of that time or another."""
        method, target, headers, body = rng.choice(self._used)
        name = target.split("/")[1]
        if rng.random() < 0.2:
            headers = headers | self._credentials(rng, name)
        elif self._place == 1 and name in _RECORDED and "authorization" in headers:
            headers = headers | {"authorization": self._good(rng, name)["Authorization"]}
        path, mark, query = target.partition("?")
        sent = self._changed(rng, name, body.decode("latin-1"))
        return _request(
            method, path + mark + self._changed(rng, name, query), headers, sent.encode("latin-1", "replace")
        )

    def _changed(self, rng: random.Random, name: str, text: str) -> str:
        """With another value here and there, of a kind that some other place has."""
        for _ in range(rng.randrange(3)):
            values = list(_VALUE.finditer(text))
            if values:
                placeholder = rng.choice(values)
                text = text[: placeholder.start()] + self._value(rng, name) + text[placeholder.end() :]
        return text

    def _made(self, rng: random.Random) -> bytes:
        name, method, path = rng.choice(self._declared)
        path = re.sub(r"\{[^}]*\}", lambda _: quote(self._value(rng, name), safe="+:@"), path)
        pairs = [(rng.choice(_names()), self._value(rng, name)) for _ in range(rng.randrange(5))]
        kind = rng.choice(_KINDS)
        body = rng.choice(_BODIES) if rng.random() < 0.3 else _body(kind, pairs)
        query = "?" + _form(pairs) if rng.random() < 0.5 else ""
        return _request(method, f"/{name}{path}{query}", self._credentials(rng, name) | {"Content-Type": kind}, body)

    def _to_documented(self, rng: random.Random) -> bytes:
        return self._to(rng, *rng.choice(self._documented))

    def _to(self, rng: random.Random, name: str, method: str, operation: Any) -> bytes:
        """A request by who may do most, about what there is, with some of the parameters that are documented."""
        path = self._has[name].filled(operation.path.replace("[/]", ""))
        wanted = sorted(operation.parameters or ())
        chosen = rng.sample(wanted, min(len(wanted), rng.choice((0, 1, 2, 4, 30))))
        headers = self._good(rng, name) if rng.random() < 0.9 else self._credentials(rng, name)
        kind, query, body = rng.choice(_KINDS[:3]), "", b""
        pairs = [(_PLACEHOLDER.sub("1", each), self._fitting(rng, name, operation, each)) for each in chosen]
        if method in ("GET", "DELETE") or rng.random() < 0.1:
            query = "?" + _form(pairs)
        elif kind == JSON:
            document: dict[str, Any] = {}
            for each, value in pairs:
                given = rng.choice(VALUES) if rng.random() < 0.3 else value
                _merged(document, nested([each], given))
            body = json.dumps(document).encode()
        else:
            body = _body(kind, pairs)
        return _request(method, f"/{name}{path}{query}", headers | ({"Content-Type": kind} if body else {}), body)

    def _fitting(self, rng: random.Random, name: str, operation: Any, parameter: str) -> str:
        choices = sorted(operation.choices.get(parameter, ()))
        drawn = rng.random()
        if choices and drawn < 0.6:
            return str(rng.choice(choices))
        return self._value(rng, name) if drawn < 0.8 else rng.choice(_FITTING)

    def _value(self, rng: random.Random, name: str) -> str:
        drawn = rng.random()
        if drawn < 0.4:
            return str(rng.choice((1, 2, 3, 101, 103, 6836, 169, 3460001, 1800001, 1250001)))
        return rng.choice(self._known[name]) if drawn < 0.8 else rng.choice(_ODD)

    def _good(self, rng: random.Random, name: str) -> dict[str, str]:
        """Headers of who may do much in this world."""
        recorded = self._place == 1 and name in _RECORDED
        return {"Authorization": rng.choice(_most_used(name))} if recorded else dict(self._owners[name])

    def _credentials(self, rng: random.Random, name: str) -> dict[str, str]:
        drawn = rng.random()
        if drawn < 0.4:  # of any kind that some client got
            kept = [headers for _, target, headers, _ in self._used if target.startswith(f"/{name}/")]
            chosen = rng.choice(kept)
            return {key: value for key, value in chosen.items() if key in _OPENING}
        if name in _RECORDED and drawn < 0.8:
            return {"Authorization": rng.choice(_authorizations(name))}
        value = rng.choice(self._known[name])
        header = rng.choice(("Authorization", "Authorization", "X-API-Key", "X-Authorization"))
        return {header: rng.choice((f"Bearer {value}", f"JWT {value}", f"SERVICE-AUTH-V1 {value}", value))}

    @staticmethod
    def _spoilt(rng: random.Random, request: bytes) -> bytes:
        sent = bytearray(request)
        for _ in range(1 + rng.randrange(3)):
            place = rng.randrange(len(sent))
            sent[place : place + rng.randrange(3)] = rng.randbytes(rng.randrange(4))
        return bytes(sent)


_RECORDED = ("canvas", "openedx")
_OWN = {"host", "content-length", "connection", "transfer-encoding", "accept-encoding", "user-agent"}
_OPENING = ("authorization", "cookie", "x-authorization", "x-api-key")
_FITTING = (
    *(form for form in map(bytes.decode, FORMS) if len(form) < 500),
    *("2026-12-01T00:00:00Z", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z", "true", "false", "50", "A", "<p>x</p>"),
    *("Pacific/Auckland", "Honolulu", "FREQ=DAILY;INTERVAL=999999;COUNT=200", "published", "deleted", "online_upload"),
)
Used = tuple[str, str, dict[str, str], bytes]


def _used(lms: Emulator) -> list[Used]:
    """The requests by which each kind of credential is got in the demo world, and would be used: it is good still."""
    elsewhere = lms.new_world("elsewhere")
    with _overheard() as requests:
        side, other = Side(lms), Side(elsewhere)
        for key in sorted(MAKERS):
            MAKERS[key](side).use(other)
        side.close()
        other.close()
    bases = [(name, getattr(world, name).url) for world in (elsewhere, lms) for name in load_providers()]
    found = []
    for request in requests:
        url = str(request.url)
        for name, base in bases:
            if url.startswith(base):
                headers = {key: value for key, value in request.headers.items() if key not in _OWN}
                found.append((request.method, f"/{name}{url.removeprefix(base)}", headers, request.content))
    lms.call("DELETE", "/worlds/elsewhere")
    return found


@contextmanager
def _overheard() -> Iterator[list[httpx.Request]]:
    """What this process sends."""
    requests: list[httpx.Request] = []
    original = httpx.Client.send

    def send(client: httpx.Client, request: httpx.Request, **options: Any) -> httpx.Response:
        request.read()
        requests.append(request)
        return original(client, request, **options)

    httpx.Client.send = send
    try:
        yield requests
    finally:
        httpx.Client.send = original


@cache
def _recordings() -> list[tuple[str, dict[str, Any]]]:
    found = []
    for name in _RECORDED:
        for file in sorted((FIXTURES / "recordings" / name).glob("*.jsonl")):
            found += [(name, json.loads(line)["request"]) for line in file.read_text("utf-8").split("\n") if line]
    return found


@cache
def _authorizations(name: str) -> list[str]:
    every = (request["headers"].get("Authorization") for owner, request in _recordings() if owner == name)
    return [each for each in every if each is not None]


@cache
def _most_used(name: str) -> list[str]:
    return [header for header, _ in Counter(_authorizations(name)).most_common(2)]


@cache
def _names() -> list[str]:
    """The names of parameters and members in the recordings."""
    texts = (f"{request['target']}&{request.get('body') or ''}" for _, request in _recordings())
    return sorted({name for text in texts for name in _NAMES.findall(text)})


def _texts(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [text for key, item in value.items() if key != "base_urls" for text in _texts(item)]
    if isinstance(value, list):
        return [text for item in value for text in _texts(item)]
    return [str(value)]


def _merged(whole: dict[str, Any], part: dict[str, Any]) -> None:
    for name, value in part.items():
        if isinstance(value, dict) and isinstance(whole.get(name), dict):
            _merged(whole[name], value)
        else:
            whole[name] = value


def _form(pairs: list[tuple[str, str]]) -> str:
    return "&".join(f"{quote(name, safe='[]')}={quote(value, safe='%')}" for name, value in pairs)


def _body(kind: str, pairs: list[tuple[str, str]]) -> bytes:
    if kind.startswith("multipart"):
        parts = (f'--x\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n' for name, value in pairs)
        return "".join([*parts, "--x--\r\n"]).encode()
    return json.dumps(dict(pairs)).encode() if kind.endswith("json") else _form(pairs).encode()


def _request(method: str, path: str, headers: dict[str, str], body: bytes) -> bytes:
    head = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", f"Content-Length: {len(body)}", "Connection: close"]
    head += [f"{name}: {value}" for name, value in ({"User-Agent": "fuzz"} | headers).items()]
    return "\r\n".join(head).encode("utf-8", "replace") + b"\r\n\r\n" + body
