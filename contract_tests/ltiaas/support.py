"""A running emulator, a browser-like client, and an LMS's side of a launch, signed with PyJWT."""

from __future__ import annotations

import tomllib
from importlib import resources
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import jwt

from lms_emulator.core.keys import private_key
from lms_emulator.server.sockets import Server

LTI = "https://purl.imsglobal.org/spec/lti/claim/"
AGS = "https://purl.imsglobal.org/spec/lti-ags/"
NRPS = "https://purl.imsglobal.org/spec/lti-nrps/"
DL = "https://purl.imsglobal.org/spec/lti-dl/claim/"
SPARE = private_key("spare")
ISSUER = "https://lms.test"
BENCH = "WorkbenchPlatform001"
SMALL = "SmallLmsPlatform0001"
ROTATING = "SmallLmsPlatform0002"
NEW_PLATFORM = {
    "url": "https://new.example",
    "clientId": "new-client",
    "name": "New LMS",
    "authenticationEndpoint": "https://new.example/auth",
    "accesstokenEndpoint": "https://new.example/token",
    "authConfig": {"method": "JWK_SET", "key": "https://new.example/jwks"},
}
"""A platform that can be registered."""


class Rig:
    """The emulator on its sockets. `url` is LTIAAS's own port; `info` its demo credentials."""

    def __init__(self, server: Server) -> None:
        self.root = server.url
        self.http = httpx.Client(trust_env=False, verify=False, timeout=60)
        self.everything: dict[str, Any] = self.http.get(f"{self.root}/_emulator/info").json()["providers"]
        self.info: dict[str, Any] = self.everything["ltiaas"]
        self.url: str = self.info["base_urls"]["port"]
        self.key: str = self.info["api_key"]
        self.pristine = ""

    def control(self, method: str, path: str, body: Any = None) -> Any:
        answer = self.http.request(method, f"{self.root}/_emulator{path}", json=body)
        assert answer.status_code < 300, answer.text
        return answer.json() if answer.content else None

    def reset(self) -> None:
        self.control("POST", "/reset")

    def settings(self, **values: Any) -> None:
        self.control("PATCH", "/settings", {"ltiaas": values})

    def freeze(self) -> None:
        self.control("POST", "/clock", {"freeze": True})

    def advance(self, seconds: float) -> None:
        self.control("POST", "/clock", {"advance": seconds})

    @property
    def refusal(self) -> dict[str, Any]:
        """The last refusal in the journal."""
        return self.control("GET", "/requests/last-refused")["refusal"]

    @property
    def last(self) -> dict[str, Any]:
        """The last LTIAAS exchange in the journal, whole."""
        entry = self.control("GET", "/requests?provider=ltiaas")["requests"][-1]
        return self.control("GET", f"/requests/{entry['id']}")

    def browser(self) -> httpx.Client:
        """A browser's cookie jar; redirects are looked at one by one."""
        return httpx.Client(base_url=self.url, trust_env=False, verify=False, follow_redirects=False)

    def api(self, method: str, path: str, body: Any = None, *, auth: str | None = None, **more: Any) -> httpx.Response:
        """A call of the tool's back end; Bearer with the demo key unless `auth` says otherwise."""
        headers = {"Authorization": auth if auth is not None else f"Bearer {self.key}", **more.pop("headers", {})}
        return self.http.request(method, f"{self.url}{path}", json=body, headers=headers, **more)


class Campus:
    """The demo world behind the demo tool. `lms(name)` is that provider's part of info."""

    def __init__(self, rig: Rig, tool_url: str) -> None:
        self.rig = rig
        self.tool = tool_url

    def lms(self, name: str) -> dict[str, Any]:
        return dict(self.rig.everything[name])

    def url(self, name: str) -> str:
        return str(self.rig.everything[name]["base_urls"]["port"])


def details(answer: httpx.Response) -> dict[str, Any]:
    """The envelope's details, after checking that it is an envelope."""
    body = answer.json()
    assert set(body) == {"status", "error", "details"}
    assert body["status"] == answer.status_code
    assert isinstance(body["error"], str)
    assert isinstance(body["details"], dict)
    return body["details"]


def query(url: str) -> dict[str, str]:
    """The query of a URL."""
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query, keep_blank_values=True).items()}


def bench_jwk() -> str:
    """The public key for the tests' signatures as an LMS, as a JWKS text."""
    import json

    from jwt.algorithms import RSAAlgorithm

    return json.dumps(
        {"keys": [{**RSAAlgorithm.to_jwk(SPARE.public_key(), as_dict=True), "kid": "bench", "use": "sig"}]}
    )


def world(small_url: str) -> dict[str, Any]:
    """The demo world's LTIAAS, with an LMS played by the tests and one on a socket of its own."""
    text = resources.files("lms_emulator.providers.ltiaas").joinpath("demo.toml").read_text()
    section = tomllib.loads(text)
    section["platforms"] += [
        {
            "id": BENCH,
            "tenant": "demo",
            "name": "Bench",
            "url": ISSUER,
            "client_id": "bench-client",
            "authentication_endpoint": f"{ISSUER}/auth",
            "accesstoken_endpoint": f"{small_url}/token",
            "auth_method": "JWK_KEY",
            "auth_key": bench_jwk(),
            "lms_urls": [small_url],
        },
        *(_small(small_url, SMALL, "small-lti-client"), _small(small_url, ROTATING, "small-lti-client-2")),
    ]
    section["lms_urls"] = [small_url]
    return {"name": "ltiaas-tests", "ltiaas": section}


def _small(url: str, platform_id: str, client_id: str) -> dict[str, Any]:
    return {
        "id": platform_id,
        "tenant": "demo",
        "name": "Small LMS",
        "url": url,
        "client_id": client_id,
        "product_family_code": "canvas",
        "authentication_endpoint": f"{url}/auth",
        "accesstoken_endpoint": f"{url}/token",
        "auth_method": "JWK_KEY",
        "auth_key": bench_jwk(),
        "oauth": {
            "client_id": "small-client",
            "client_secret": "small-secret",
            "authorization_endpoint": f"{url}/authorize",
            "token_endpoint": f"{url}/token",
            "scopes": ["a:b:c", "d:e:f"],
        },
    }


class LmsSide:
    """An LMS's part of a launch: initiates the login, and signs what the test wants signed."""

    def __init__(self, rig: Rig, *, issuer: str = ISSUER, client_id: str = "bench-client") -> None:
        self.rig = rig
        self.issuer = issuer
        self.client_id = client_id
        self.browser = rig.browser()
        self.target = f"{rig.url}/lti/launch"

    def login(self, **changes: Any) -> httpx.Response:
        fields = {
            "iss": self.issuer,
            "login_hint": "hint",
            "target_link_uri": self.target,
            "client_id": self.client_id,
            "lti_message_hint": "message",
            **changes,
        }
        return self.browser.post("/lti/login", data={k: v for k, v in fields.items() if v is not None})

    def begun(self, **changes: Any) -> dict[str, str]:
        """The parameters of the authentication request."""
        answer = self.login(**changes)
        assert answer.status_code == 302, answer.text
        return query(answer.headers["location"])

    def now(self) -> int:
        from datetime import datetime

        return int(datetime.fromisoformat(self.rig.control("GET", "/clock")["now"]).timestamp())

    def claims(self, nonce: str, /, **changes: Any) -> dict[str, Any]:
        """A valid resource link launch; a change to None leaves the claim out."""
        now = self.now()
        claims = {
            "iss": self.issuer,
            "sub": "learner-1",
            "aud": self.client_id,
            "azp": self.client_id,
            "iat": now,
            "exp": now + 3600,
            "nonce": nonce,
            "name": "Ada Lovelace",
            "given_name": "Ada",
            "family_name": "Lovelace",
            "email": "ada@example.edu",
            f"{LTI}message_type": "LtiResourceLinkRequest",
            f"{LTI}version": "1.3.0",
            f"{LTI}deployment_id": "deployment-1",
            f"{LTI}target_link_uri": self.target,
            f"{LTI}roles": ["http://purl.imsglobal.org/vocab/lis/v2/membership#Learner"],
            f"{LTI}resource_link": {"id": "link-1", "title": "Activity"},
            f"{LTI}context": {"id": "course-1", "label": "C1", "title": "Course", "type": ["CourseOffering"]},
            f"{LTI}custom": {"text": "yes", "number": 3, "nothing": None},
            f"{LTI}launch_presentation": {"document_target": "iframe", "width": 800, "locale": "en"},
            f"{LTI}tool_platform": {"guid": "g", "name": "Bench LMS", "product_family_code": "bench", "version": "9"},
            **changes,
        }
        return {name: value for name, value in claims.items() if value is not None}

    def services(self, small_url: str) -> dict[str, Any]:
        """The claims that offer roster and grades at the small LMS."""
        scopes = [f"{AGS}scope/{name}" for name in ("lineitem", "score", "result.readonly")]
        return {
            f"{AGS}claim/endpoint": {"scope": scopes, "lineitems": f"{small_url}/lineitems"},
            f"{NRPS}claim/namesroleservice": {
                "context_memberships_url": f"{small_url}/roster",
                "service_versions": ["2.0"],
            },
        }

    def sign(self, claims: dict[str, Any], *, kid: str | None = "bench", alg: str = "RS256", key: Any = SPARE) -> str:
        return jwt.encode(claims, key, algorithm=alg, headers={"kid": kid} if kid else None)

    def post(self, token: str | None, state: str) -> httpx.Response:
        fields = {"state": state} | ({"id_token": token} if token is not None else {})
        return self.browser.post("/lti/launch", data=fields)

    def launch(self, **changes: Any) -> httpx.Response:
        """A whole launch; returns the redirect to the tool (or the refusal)."""
        asked = self.begun()
        return self.post(self.sign(self.claims(asked["nonce"], **changes)), asked["state"])

    def ltik(self, **changes: Any) -> str:
        answer = self.launch(**changes)
        assert answer.status_code == 302, answer.text
        return query(answer.headers["location"])["ltik"]
