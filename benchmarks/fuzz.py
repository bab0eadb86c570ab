"""Bytes that are nearly a request: recorded ones and declared operations, with some of their bytes changed."""

from __future__ import annotations

import json
import random
import re
import tomllib
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

from lms_emulator import Emulator
from lms_emulator.app import load_providers

FIXTURES = Path(__file__).parents[1] / "fixtures"
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
_KINDS = ("application/json", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/xml")
_BODIES = (b"", b"[" * 2_000, b'{"a":' * 500, b"a=b&" * 3_000)
_NAMES = re.compile(r'[?&"]([A-Za-z_]+(?:\[[A-Za-z_]*\])*)(?:=|\\?":)')


def world(lms: Emulator) -> dict[str, Any]:
    """The demo world, with the Canvas and the Open edX that were recorded in place of its own."""
    made: dict[str, Any] = lms.dump()
    for name, file in (("canvas", "canvas-recorded"), ("openedx", "openedx-recorded")):
        made[name] = tomllib.loads((FIXTURES / "worlds" / f"{file}.toml").read_text())[name]
    return made


class Fuzz:
    """Makes requests for a running emulator that holds the `world`.

    Attributes: `operations`, how many of the providers' declared operations they go to.
    """

    def __init__(self, lms: Emulator) -> None:
        info = lms.info()["providers"]
        self._known = {name: sorted(set(_texts(info[name]))) for name in info}
        self._declared = [
            (name, method, route.path)
            for name, provider in load_providers().items()
            for route in provider.routes
            for method in route.methods or ("GET",)
        ]
        self.operations = len(self._declared)

    def batch(self, seed: int, count: int) -> list[bytes]:
        """Some requests, the same ones for the same seed."""
        rng = random.Random(seed)
        return [self._spoilt(rng, self._recorded(rng) if rng.random() < 0.5 else self._made(rng)) for _ in range(count)]

    def _recorded(self, rng: random.Random) -> bytes:
        name, request = rng.choice(_recordings())
        headers = {key: value for key, value in request["headers"].items() if key.lower() not in _OWN}
        body = request.get("body") or ""
        sent = body if isinstance(body, str) else json.dumps(body)
        for _ in range(rng.randrange(3)):  # another value somewhere, of a kind that some other place has
            values = re.findall(r"(?<==)[^&]*|(?<=\": )[^,}\]]*", sent)
            if values:
                sent = sent.replace(rng.choice(values), self._value(rng, name), 1)
        return _request(request["method"], f"/{name}{request['target']}", headers, sent.encode("utf-8", "replace"))

    def _made(self, rng: random.Random) -> bytes:
        name, method, path = rng.choice(self._declared)
        path = re.sub(r"\{[^}]*\}", lambda _: quote(self._value(rng, name), safe="+:@"), path)
        pairs = [(rng.choice(_names()), self._value(rng, name)) for _ in range(rng.randrange(5))]
        kind = rng.choice(_KINDS)
        body = rng.choice(_BODIES) if rng.random() < 0.3 else _body(kind, pairs)
        query = "?" + _form(pairs) if rng.random() < 0.5 else ""
        return _request(method, f"/{name}{path}{query}", self._credentials(rng, name) | {"Content-Type": kind}, body)

    def _value(self, rng: random.Random, name: str) -> str:
        drawn = rng.random()
        if drawn < 0.4:
            return str(rng.choice((1, 2, 3, 101, 103, 6836, 169, 3460001, 1800001, 1250001)))
        return rng.choice(self._known[name]) if drawn < 0.8 else rng.choice(_ODD)

    def _credentials(self, rng: random.Random, name: str) -> dict[str, str]:
        if name in _RECORDED and rng.random() < 0.8:
            kept = [
                r["headers"]["Authorization"] for n, r in _recordings() if n == name and "Authorization" in r["headers"]
            ]
            return {"Authorization": rng.choice(kept)}
        value = rng.choice(self._known[name])
        header = rng.choice(("Authorization", "Authorization", "X-API-Key", "X-Authorization"))
        return {header: rng.choice((f"Bearer {value}", f"JWT {value}", f"SERVICE-AUTH-V1 {value}", value))}

    @staticmethod
    def _spoilt(rng: random.Random, request: bytes) -> bytes:
        sent = bytearray(request)
        for _ in range(max(0, rng.randrange(6) - 2)):
            place = rng.randrange(len(sent))
            sent[place : place + rng.randrange(3)] = rng.randbytes(rng.randrange(4))
        return bytes(sent)


_RECORDED = ("canvas", "openedx")
_OWN = {"host", "content-length", "connection", "transfer-encoding"}


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


def _form(pairs: list[tuple[str, str]]) -> str:
    return "&".join(f"{quote(name, safe='[]')}={quote(value)}" for name, value in pairs)


def _body(kind: str, pairs: list[tuple[str, str]]) -> bytes:
    if kind.startswith("multipart"):
        parts = (f'--x\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n' for name, value in pairs)
        return "".join([*parts, "--x--\r\n"]).encode()
    return json.dumps(dict(pairs)).encode() if kind == "application/json" else _form(pairs).encode()


def _request(method: str, path: str, headers: dict[str, str], body: bytes) -> bytes:
    head = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", f"Content-Length: {len(body)}", "Connection: close"]
    head += [f"{name}: {value}" for name, value in ({"User-Agent": "fuzz"} | headers).items()]
    return "\r\n".join(head).encode("utf-8", "replace") + b"\r\n\r\n" + body
