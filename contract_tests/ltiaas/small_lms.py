"""A small LMS on a real socket, for LTIAAS with an LMS other than the emulated ones.

Signs and checks with PyJWT directly, so that what LTIAAS sends is judged by other code than what made it.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

import httpx
import jwt

SCOPE = "https://purl.imsglobal.org/spec/"
NRPS_TYPE = "application/vnd.ims.lti-nrps.v2.membershipcontainer+json"


class SmallLms:
    """Its state. `rotate` makes refresh tokens one-time; `deny` refuses consent; `requests` is what it got."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.tool_keys_url = ""
        self.number = 0  # never reset: a slow request of an earlier test must not meet a later one's code
        self.reset()

    def reset(self) -> None:
        """As new."""
        self.rotate = False
        self.deny = ""
        self.slow = 0.0
        self.garbage = False
        self.codes: dict[str, str] = {}
        self.refresh_tokens: set[str] = set()
        self.access_tokens: dict[str, str] = {}
        self.jtis: set[str] = set()
        self.line_items: dict[str, dict[str, Any]] = {}
        self.scores: list[dict[str, Any]] = []
        self.students = {"learner-1", "learner-2", "learner-3"}
        self.requests: list[tuple[str, str, dict[str, str], bytes]] = []
        self.assertions: list[tuple[dict[str, Any], dict[str, Any]]] = []
        self.registrations: list[dict[str, Any]] = []

    def fresh(self, kind: str) -> str:
        self.number += 1
        return f"{kind}-{self.number}-of-the-small-lms"

    # OAuth2

    def authorize(self, query: dict[str, str]) -> tuple[int, dict[str, str], Any]:
        answer = {"state": query["state"]}
        if self.deny:
            answer["error"] = self.deny
        else:
            answer["code"] = self.fresh("code")
            self.codes[answer["code"]] = query["redirect_uri"]
        return 302, {"Location": f"{query['redirect_uri']}?{urlencode(answer)}"}, None

    def token(self, form: dict[str, str]) -> tuple[int, dict[str, str], Any]:
        if self.garbage:
            return 200, {}, "<html>not what was asked for</html>"
        grant = form.get("grant_type")
        if grant == "client_credentials":
            return self.service_token(form)
        if (form.get("client_id"), form.get("client_secret")) != ("small-client", "small-secret"):
            return 401, {}, {"error": "invalid_client"}
        if grant == "authorization_code":
            if self.codes.pop(form.get("code", ""), None) != form.get("redirect_uri"):
                return 400, {}, {"error": "invalid_grant", "error_description": "authorization_code not found"}
            refresh = self.fresh("refresh")
            self.refresh_tokens.add(refresh)
            return 200, {}, self.user_token() | {"refresh_token": refresh}
        sent = form.get("refresh_token", "")
        if sent not in self.refresh_tokens:
            return 400, {}, {"error": "invalid_request", "error_description": "refresh_token not found"}
        body = self.user_token()
        if self.rotate:
            self.refresh_tokens.remove(sent)
            body["refresh_token"] = self.fresh("refresh")
            self.refresh_tokens.add(body["refresh_token"])
        return 200, {}, body

    def user_token(self) -> dict[str, Any]:
        return {"access_token": self.fresh("access"), "token_type": "Bearer", "expires_in": 1234}

    def service_token(self, form: dict[str, str]) -> tuple[int, dict[str, str], Any]:
        assertion = form["client_assertion"]
        header = jwt.get_unverified_header(assertion)
        keys = {key.key_id: key for key in jwt.PyJWKSet.from_dict(httpx.get(self.tool_keys_url).json()).keys}
        claims = jwt.decode(
            assertion,
            keys[header["kid"]].key,
            algorithms=["RS256"],
            audience=f"{self.url}/token",
            issuer="small-lti-client",
            options={
                "require": ["iss", "sub", "aud", "iat", "exp", "jti"],
                "verify_iat": False,  # the world's clock may be moved, this LMS's is not
                "verify_exp": False,
            },
        )
        if claims["sub"] != claims["iss"] or claims["jti"] in self.jtis:
            return 400, {}, {"error": "invalid_client"}
        self.jtis.add(claims["jti"])
        self.assertions.append((header, claims))
        token = self.fresh("service")
        self.access_tokens[token] = form["scope"]
        return 200, {}, {"access_token": token, "token_type": "Bearer", "expires_in": 3600, "scope": form["scope"]}

    # services

    def service(self, method: str, path: str, query: dict[str, str], headers: dict[str, str], body: bytes) -> Any:
        scopes = self.access_tokens.get(headers.get("authorization", "").removeprefix("Bearer "), "")
        if not scopes:
            return 401, {}, {"error": "no token"}
        if path == "/roster":
            assert "contextmembership.readonly" in scopes
            return self.roster(query)
        if path.endswith("/scores"):
            assert "lti-ags/scope/score" in scopes
            score = json.loads(body)
            if score["userId"] not in self.students:
                return 422, {}, {"errors": "User not found in course or is not a student"}
            self.scores.append({**score, "of": f"{self.url}{path.removesuffix('/scores')}"})
            return 204, {}, None
        if path.endswith("/results"):
            return 200, {}, self.results(f"{self.url}{path.removesuffix('/results')}", query)
        assert "lti-ags/scope/lineitem" in scopes
        return self.line_item(method, path, query, body)

    def roster(self, query: dict[str, str]) -> tuple[int, dict[str, str], Any]:
        start, limit = int(query.get("from", 0)), int(query.get("limit", 10))
        role = query.get("role", "")
        people = [{"user_id": f"learner-{n}", "roles": ["Learner"], "given_name": f"L{n}"} for n in (1, 2, 3)]
        people.append({"user_id": "teacher-1", "roles": ["Instructor"], "lis_person_sourcedid": "T1"})
        people = [person for person in people if not role or role in person["roles"]]
        page = people[start : start + limit]
        more = {**query, "from": start + limit}
        link = {"Link": f'<{self.url}/roster?{urlencode(more)}>; rel="next"'} if start + limit < len(people) else {}
        context = {"id": "course-1", "title": "Course", "label": "C1"}
        return (
            200,
            {**link, "Content-Type": NRPS_TYPE},
            {"id": f"{self.url}/roster", "context": context, "members": page},
        )

    def results(self, line_item: str, query: dict[str, str]) -> list[dict[str, Any]]:
        found = [
            {
                "id": f"{line_item}/results/{score['userId']}",
                "userId": score["userId"],
                "scoreOf": line_item,
                "resultScore": score.get("scoreGiven"),
                "resultMaximum": score.get("scoreMaximum"),
            }
            for score in self.scores
            if score["of"] == line_item
        ]
        return [result for result in found if query.get("user_id") in (None, result["userId"])]

    def line_item(self, method: str, path: str, query: dict[str, str], body: bytes) -> tuple[int, dict[str, str], Any]:
        url = f"{self.url}{path}"
        if path == "/lineitems":
            if method == "POST":
                self.number += 1
                item = {"id": f"{url}/{self.number}", **json.loads(body)}
                self.line_items[item["id"]] = item
                return 201, {}, item
            found = [item for item in self.line_items.values() if query.get("tag") in (None, item.get("tag"))]
            return 200, {"Link": f'<{url}?page=2>; rel="next", <{url}>; rel="first"'}, found
        if url not in self.line_items:
            return 404, {}, {"errors": {"type": "not_found"}}
        if method == "PUT":
            self.line_items[url] = {"id": url, **json.loads(body)}
        if method == "DELETE":
            del self.line_items[url]
            return 204, {}, None
        return 200, {}, self.line_items[url]

    # dynamic registration

    def openid_configuration(self) -> dict[str, Any]:
        return {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/auth",
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/jwks",
            "registration_endpoint": f"{self.url}/register",
            "scopes_supported": ["openid", f"{SCOPE}lti-nrps/scope/contextmembership.readonly"],
            f"{SCOPE}lti-platform-configuration": {
                "product_family_code": "small",
                "version": "1",
                "messages_supported": [
                    {"type": "LtiResourceLinkRequest"},
                    {"type": "LtiDeepLinkingRequest", "placements": ["ContentArea"]},
                ],
            },
        }

    def answer(self, method: str, target: str, headers: dict[str, str], body: bytes) -> tuple[int, dict[str, str], Any]:
        parts = urlsplit(target)
        query = dict(parse_qsl(parts.query))
        self.requests.append((method, target, headers, body))
        if self.slow:
            time.sleep(self.slow)
        if parts.path == "/authorize":
            return self.authorize(query)
        if parts.path == "/token":
            return self.token({name: values[-1] for name, values in parse_qs(body.decode()).items()})
        if parts.path == "/.well-known/openid-configuration":
            return 200, {}, self.openid_configuration()
        if parts.path == "/register":
            if headers.get("authorization") != "Bearer registration-token":
                return 401, {}, {"error": "invalid_token"}
            self.registrations.append(json.loads(body))
            return 201, {}, {"client_id": f"registered-{len(self.registrations)}"}
        return self.service(method, parts.path, query, headers, body)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body in one packet
    lms: SmallLms

    def _do(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        status, extra, content = self.lms.answer(self.command, self.path, headers, body)
        payload = (
            b"" if content is None else content.encode() if isinstance(content, str) else json.dumps(content).encode()
        )
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", **extra}.items():
            self.send_header(name, value)
        if status != 204:
            self.send_header("Content-Length", str(len(payload)))
        self.end_headers()
        self.wfile.write(payload)

    do_GET = do_POST = do_PUT = do_DELETE = _do

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet."""


@contextmanager
def small_lms() -> Iterator[SmallLms]:
    """Run one until the block ends."""
    handler = type("Handler", (_Handler,), {})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    handler.lms = SmallLms(f"http://127.0.0.1:{server.server_address[1]}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield handler.lms
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
