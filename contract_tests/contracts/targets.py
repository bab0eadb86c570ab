"""The side under test: the emulator in this process, an emulator over a socket, the oracle, or the real provider."""

from __future__ import annotations

import json
import os
import time
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from lms_emulator.providers import PROVIDERS

from .http import Browser, Http, InProcess, Log, OverSocket, send_json

STRICT = {"emulator": {"strict": True}}
"""So that no contract sends what the emulator does nothing with."""


class Unavailable(Exception):
    """The target cannot be used here; the text says why and what would help."""


class Target(Protocol):
    """One side of a contract.

    Attributes:
        name: `in-process`, `socket`, `oracle` or `live`.
        has_clock: whether time can be moved.
        writes: whether contracts may create things.
        seats: whether a tool can be had in the seat that the contracts about LTI need.
        folds_case: whether Open edX's database finds tokens in any case of letters, as MySQL does; SQLite does not.
        http: how requests reach it.
    """

    name: str
    has_clock: bool
    writes: bool
    folds_case: bool
    seats: bool
    http: Http

    @property
    def providers(self) -> frozenset[str]:
        """Which of the six it serves."""
        ...

    def begin(self) -> None:
        """Back to the seed, with the clock standing still at a whole second."""
        ...

    def advance(self, seconds: float) -> None:
        """Move the clock."""
        ...

    def epoch(self) -> int:
        """What the clock says, in epoch seconds."""
        ...

    def base(self, provider: str) -> str:
        """The provider's base URL, without trailing slash."""
        ...

    def facts(self, provider: str) -> dict[str, Any]:
        """Ids and credentials, with the keys of `GET /_emulator/info`."""
        ...

    def close(self) -> None:
        """Stop what was started."""
        ...


class _Emulator:
    has_clock = True
    writes = True
    folds_case = True
    seats = True
    http: Any
    gateway: str

    def __init__(self) -> None:
        self._info: dict[str, Any] | None = None

    def _control(self, method: str, path: str, document: Any = None) -> Any:
        log, silent = self.http.log, Log()
        self.http.log = silent  # control calls are not part of an example
        try:
            if document is None:
                answer = self.http.send(method, f"{self.gateway}/_emulator{path}")
            else:
                answer = send_json(self.http, method, f"{self.gateway}/_emulator{path}", document)
        finally:
            self.http.log = log
        if answer.status >= 400:
            raise RuntimeError(f"{method} /_emulator{path} answered {answer.status}: {answer.text}")
        return answer.json()

    def begin(self) -> None:
        self._control("POST", "/reset")
        now = self._control("GET", "/clock")["now"]
        self._control("POST", "/clock", {"freeze": True})
        self._control("POST", "/clock", {"set": now[:19] + "Z"})

    def advance(self, seconds: float) -> None:
        self._control("POST", "/clock", {"advance": seconds})

    def epoch(self) -> int:
        """The world's clock."""
        return int(datetime.fromisoformat(self._control("GET", "/clock")["now"]).timestamp())

    def info(self) -> dict[str, Any]:
        """Everything `GET /_emulator/info` tells."""
        if self._info is None:
            self._info = self._control("GET", "/info")
        return self._info

    @property
    def providers(self) -> frozenset[str]:
        return frozenset(self.info()["providers"])

    def base(self, provider: str) -> str:
        return f"{self.gateway}/{provider}"

    def facts(self, provider: str) -> dict[str, Any]:
        found: dict[str, Any] = self.info()["providers"][provider]
        return found

    def close(self) -> None:
        self.http.close()


class EmulatorInProcess(_Emulator):
    """The emulator's application, called directly: the fastest target."""

    name = "in-process"

    def __init__(self) -> None:
        super().__init__()
        from lms_emulator.app import create_app

        self.gateway = "http://127.0.0.1:8080"
        self.app = create_app("demo", settings=STRICT, seed="contracts", allow_outgoing=["127.0.0.1"])
        self.http = InProcess(self.app, Log())

    def begin(self) -> None:
        """Reset and freeze without going through the control API: it is done before every example."""
        world = self.app.worlds.default
        world.reset()
        world.clock.freeze()
        world.clock.set(world.clock.now().replace(microsecond=0))

    def advance(self, seconds: float) -> None:
        """Move the world's clock."""
        self.app.worlds.default.clock.advance(seconds)

    def epoch(self) -> int:
        """The world's clock."""
        return int(self.app.worlds.default.clock.timestamp())


class EmulatorOverSocket(_Emulator):
    """An emulator listening on sockets: one started here, or the one at `url`."""

    name = "socket"

    def __init__(self, url: str | None = None) -> None:
        super().__init__()
        self._own: Any = None
        if url is None:
            from lms_emulator import Emulator

            self._own = Emulator.start(world="demo", settings=STRICT, allow_outgoing=["127.0.0.1"])
            url = self._own.url
        self.gateway = url.rstrip("/")
        self.http = OverSocket(Log())

    def base(self, provider: str) -> str:
        """The provider's own port: published clients insist on paths at the root of a site. These speak http."""
        if self.gateway.startswith("https:"):
            return super().base(provider)
        found: str = self.facts(provider)["base_urls"].get("port") or super().base(provider)
        return found

    def close(self) -> None:
        """Close connections, and stop the emulator if it was started here."""
        super().close()
        if self._own is not None:
            self._own.stop()


class OpenEdxOracle:
    """The libraries behind Open edX's sign-in, in a process and a virtual environment of their own."""

    name = "oracle"
    providers = frozenset({"openedx"})
    has_clock = True
    writes = True
    folds_case = False
    seats = False

    def __init__(self, url: str, stop: Any = None) -> None:
        self.http: Any = OverSocket(Log())
        self._url, self._stop = url, stop
        self._facts: dict[str, Any] = self.http.send("GET", f"{url}/_oracle/info").json()

    def begin(self) -> None:
        """Forget everything added to the seed."""
        self._quiet("/_oracle/reset")

    def advance(self, seconds: float) -> None:
        """Move the clock of the whole process."""
        self._quiet("/_oracle/clock", {"advance": seconds})

    def epoch(self) -> int:
        """The clock of the whole process."""
        return int(self._quiet("/_oracle/clock")["now"])

    def _quiet(self, path: str, document: Any = None) -> Any:
        log, self.http.log = self.http.log, Log()
        answer = send_json(self.http, "POST", self._url + path, document or {})
        self.http.log = log
        return answer.json()

    def base(self, provider: str) -> str:
        """The site."""
        return self._url

    def facts(self, provider: str) -> dict[str, Any]:
        """What was seeded."""
        return self._facts

    def close(self) -> None:
        """Stop the process."""
        self.http.close()
        if self._stop is not None:
            self._stop()


class ConsumerOracle(OpenEdxOracle):
    """The component that makes Open edX an LTI platform, in a process and a virtual environment of its own."""

    seats = True

    def begin(self) -> None:
        """One tool, with the key set that LTIAAS publishes, and nothing that it did."""
        from lms_emulator.core.keys import private_key
        from lms_emulator.signing.jwk import jwks

        tool = "https://tool.example/lti"
        wanted = {"login_url": f"{tool}/login", "launch_url": f"{tool}/launch", "client_id": TOOL_CLIENT}
        self._quiet(
            "/_oracle/reset", {**wanted, "grades": "programmatic", "keys": jwks([(TOOL_KID, private_key("ltiaas"))])}
        )

    def facts(self, provider: str) -> dict[str, Any]:
        """What was seeded, and by which key the tool signs there."""
        return {"platforms": {"openedx": TOOL_KID}} if provider == "ltiaas" else self._facts

    def sign_in(self, person: str) -> Browser:
        """A browser in which somebody sees the block's page."""
        browser = Browser(self.http)
        browser.send("GET", f"{self._url}/_oracle/sign-in/{self._facts[person]['username']}")
        return browser


TOOL_KID, TOOL_CLIENT = "contract", "c11e0000-0000-4000-8000-000000000078"


class Live:
    """The real provider. `LMS_LIVE_<PROVIDER>_URL` is its address; `LMS_LIVE_<PROVIDER>_FACTS` is a JSON file with the
    ids and credentials, with the keys that `GET /_emulator/info` has for that provider.

    Its clock cannot be moved. Nothing is created unless `LMS_LIVE_WRITES=1`.
    """

    name = "live"
    has_clock = False
    folds_case = True
    seats = False

    def __init__(self, environment: dict[str, str] | None = None) -> None:
        env = dict(os.environ) if environment is None else environment
        self._sites = {p: env[f"LMS_LIVE_{p.upper()}_URL"] for p in PROVIDERS if f"LMS_LIVE_{p.upper()}_URL" in env}
        if not self._sites:
            names = ", ".join(f"LMS_LIVE_{p.upper()}_URL" for p in PROVIDERS)
            raise Unavailable(f"no live provider is named in the environment (set one of {names})")
        self.providers = frozenset(self._sites)
        self.writes = env.get("LMS_LIVE_WRITES") == "1"
        self.http: Any = OverSocket(Log())
        self._facts: dict[str, dict[str, Any]] = {}
        for provider in self._sites:
            path = env.get(f"LMS_LIVE_{provider.upper()}_FACTS")
            if path is None:
                raise Unavailable(f"LMS_LIVE_{provider.upper()}_FACTS names no file of ids and credentials")
            self._facts[provider] = json.loads(Path(path).read_text(encoding="utf-8"))
            for name, value in _secrets(self._facts[provider]):
                self.http.log.secrets[value] = f"LMS_LIVE_{provider.upper()}_{name}"

    def begin(self) -> None:
        """Nothing: a real site has no reset."""

    def advance(self, seconds: float) -> None:
        """A real site's clock does not move."""
        raise RuntimeError("the clock of a live provider cannot be moved")

    def epoch(self) -> int:
        """A real site's clock is everybody's."""
        return int(time.time())

    def base(self, provider: str) -> str:
        """The address from the environment."""
        return self._sites[provider].rstrip("/")

    def facts(self, provider: str) -> dict[str, Any]:
        """The facts from the environment's file."""
        return self._facts[provider]

    def close(self) -> None:
        """Close the connections."""
        self.http.close()


SECRET_WORDS = ("secret", "password", "token", "key")


def _secrets(facts: Any, path: tuple[str, ...] = ()) -> list[tuple[str, str]]:
    if isinstance(facts, dict):
        return [pair for name, value in facts.items() for pair in _secrets(value, (*path, name))]
    secret = any(word in part for part in path for word in SECRET_WORDS)
    return [("_".join(path).upper(), facts)] if secret and isinstance(facts, str) and len(facts) > 3 else []
