"""A tool that keeps state by cookie, or in the platform's storage where it is offered and the tool knows of it.

It follows 1EdTech's "LTI Client Side postMessages" and "LTI OIDC Login with LTI Client Side postMessages".
"""

from __future__ import annotations

import json
import secrets
import threading
from http.cookies import SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

LOGIN_PAGE = """<!doctype html><title>Login</title><script>
const state = %(state)s, target = %(target)s, origin = %(origin)s;
const frame = target === "_parent" ? window.parent : window.parent.frames[target];
window.addEventListener("message", event => {
  if (event.origin !== origin || event.data.subject !== "lti.put_data.response") return;
  location.href = %(next)s;
});
frame.postMessage({subject: "lti.put_data", message_id: "put", key: state, value: state}, origin);
</script>"""
LAUNCH_PAGE = """<!doctype html><title>Launch</title><p id="outcome">waiting</p><script>
const state = %(state)s, target = %(target)s, origin = %(origin)s;
const frame = target === "_parent" ? window.parent : window.parent.frames[target];
window.addEventListener("message", event => {
  if (event.origin !== origin || event.data.subject !== "lti.get_data.response") return;
  const mine = event.data.value === state;
  document.getElementById("outcome").textContent = mine ? "launched by storage" : "refused: the state is not mine";
});
frame.postMessage({subject: "lti.get_data", message_id: "get", key: state}, origin);
</script>"""


class StoringTool:
    """Serves on a free port.

    Parameters: `storage`, whether it knows of the platform's storage; `cookie`, what its cookies say of themselves.
    """

    def __init__(self, auth_url: str, client_id: str, *, storage: bool, cookie: str) -> None:
        tool = self
        self.cookie = cookie
        self.storage, self.auth_url, self.client_id = storage, auth_url, client_id

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                fields = dict(parse_qsl(body))
                path = urlsplit(self.path).path
                status, headers, text = (tool.login if path == "/login" else tool.launch)(fields, self.headers)
                self.send_response(status)
                for name, value in {"Content-Type": "text/html", **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(text.encode())

            def log_message(self, format: str, *args: object) -> None:
                """Nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def login(self, fields: dict[str, str], headers: Any) -> tuple[int, dict[str, str], str]:
        state = secrets.token_hex(8)
        asked = {
            "scope": "openid", "response_type": "id_token", "response_mode": "form_post", "prompt": "none",
            "client_id": self.client_id, "redirect_uri": f"{self.url}/launch", "state": state, "nonce": state,
            "login_hint": fields["login_hint"], "lti_message_hint": fields["lti_message_hint"],
        }  # fmt: skip
        following = f"{self.auth_url}?{urlencode(asked)}"
        target = fields.get("lti_storage_target")
        if self.storage and target:
            values = {"state": state, "target": target, "origin": self._origin(), "next": following}
            return 200, {}, LOGIN_PAGE % {name: json.dumps(value) for name, value in values.items()}
        cookie = f"state={state}; Path=/; HttpOnly{self.cookie}"
        return 302, {"Location": following, "Set-Cookie": cookie}, ""

    def launch(self, fields: dict[str, str], headers: Any) -> tuple[int, dict[str, str], str]:
        state = fields.get("state", "")
        if "id_token" not in fields:
            return 400, {}, f"<title>Launch</title><p id=outcome>refused: {fields.get('error')}</p>"
        cookie = SimpleCookie(headers.get("Cookie", "")).get("state")
        if cookie is not None and cookie.value == state:
            return 200, {}, "<title>Launch</title><p id=outcome>launched by cookie</p>"
        target = fields.get("lti_storage_target")
        if not (self.storage and target):
            return 401, {}, "<title>Launch</title><p id=outcome>refused: no cookie</p>"
        values = {"state": state, "target": target, "origin": self._origin()}
        return 200, {}, LAUNCH_PAGE % {name: json.dumps(value) for name, value in values.items()}

    def _origin(self) -> str:
        parts = urlsplit(self.auth_url)
        return f"{parts.scheme}://{parts.netloc}"

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
