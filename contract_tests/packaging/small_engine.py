"""As much of a container engine's HTTP API as testcontainers needs, with a process of this machine for each container.

A container of our image is `lms-emulator serve` with the container's environment, its mounted files where they are on
this machine, and a free port for each one exposed. So the class is proved against the emulator itself.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit


class Engine(ThreadingHTTPServer):
    """Keeps the containers: their wishes, and their processes."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.wishes: dict[str, dict[str, Any]] = {}
        self.processes: dict[str, subprocess.Popen[str]] = {}
        self.ports: dict[str, dict[str, str]] = {}

    def create(self, wishes: dict[str, Any]) -> str:
        identity = f"{len(self.wishes) + 1:064x}"
        self.wishes[identity] = wishes
        return identity

    def start(self, identity: str) -> None:
        wishes = self.wishes[identity]
        variables = dict(line.split("=", 1) for line in wishes.get("Env") or [])
        for bind in wishes["HostConfig"].get("Binds") or []:
            outside, inside, _ = bind.split(":")
            variables = {name: value.replace(inside, outside) for name, value in variables.items()}
        command = [sys.executable, "-m", "lms_emulator", "serve", "--port", "0"]
        process = subprocess.Popen(command, env=variables, stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        url = process.stdout.readline().split()[-1]
        self.processes[identity] = process
        self.ports[identity] = {"8080/tcp": url.rpartition(":")[2]}
        if variables.get("LMS_EMULATOR_TLS"):
            line = next(line for line in process.stdout if line.startswith("HTTPS: "))
            self.ports[identity]["8443/tcp"] = re.findall(r"https://[^\s:]+:(\d+)", line)[0]

    def remove(self, identity: str) -> None:
        process = self.processes.pop(identity)
        process.terminate()
        assert process.wait(10) == 0
        assert process.stdout is not None
        process.stdout.close()

    def inspect(self, identity: str) -> dict[str, Any]:
        ports = self.ports.get(identity, {})
        mapped = {inside: [{"HostIp": "127.0.0.1", "HostPort": outside}] for inside, outside in ports.items()}
        running = identity in self.processes
        return {
            "Id": identity,
            "Name": f"/container-{identity[-2:]}",
            "Image": "sha256:0",
            "Config": {"Env": self.wishes[identity].get("Env"), "Labels": {}, "Image": self.wishes[identity]["Image"]},
            "HostConfig": {"NetworkMode": "bridge"},
            "State": {"Status": "running" if running else "created", "Running": running, "ExitCode": 0},
            "NetworkSettings": {"Ports": mapped, "Networks": {"bridge": {"IPAddress": "127.0.0.1", "Gateway": ""}}},
        }


class Handler(BaseHTTPRequestHandler):
    """One request of the engine's API, whatever version the client asks for."""

    server: Engine

    def answer(self, data: Any = None, status: int = 200) -> None:
        body = b"" if data is None else json.dumps(data).encode()
        self.send_response(204 if data is None else status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def handle_one(self) -> None:
        parts = urlsplit(self.path)
        path = re.sub(r"^/v[\d.]+", "", parts.path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        found = re.match(r"/containers/([0-9a-f]{64})(?:/(\w+))?$", path)
        if path == "/version":
            self.answer({"ApiVersion": "1.44", "MinAPIVersion": "1.24", "Version": "25", "Os": "linux"})
        elif path.startswith("/images/"):
            self.answer({"Id": "sha256:0", "RepoTags": [], "Config": {}, "Architecture": "amd64", "Os": "linux"})
        elif path == "/containers/create":
            self.answer({"Id": self.server.create(json.loads(body)), "Warnings": []}, 201)
        elif found and self.command == "GET" and found[2] == "json":
            self.answer(self.server.inspect(found[1]))
        elif found and found[2] == "start":
            self.answer(self.server.start(found[1]))
        elif found and self.command == "DELETE":
            self.answer(self.server.remove(found[1]))
        else:
            self.answer({"message": f"{self.command} {path} is not in this engine"}, 404)

    do_GET = do_POST = do_DELETE = do_HEAD = handle_one

    def log_message(self, *_: object) -> None: ...


@contextmanager
def small_engine() -> Iterator[Engine]:
    """An engine on a free port; containers that still run at the end are killed."""
    with Engine() as engine:
        thread = threading.Thread(target=engine.serve_forever, daemon=True)
        thread.start()
        try:
            yield engine
        finally:
            engine.shutdown()
            for process in engine.processes.values():
                process.kill()
                process.wait()
