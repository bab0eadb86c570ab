"""A world of LTIAAS in which every credential exists, and calls with them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import httpx
import jwt

from contract_tests.in_process import NOON, InProcess
from contract_tests.ltiaas.support import LTI, bench_jwk

NOW = int(NOON.timestamp())
KEY, OTHER_KEY, FIRST_KEY = "Key-of-demo", "key-of-other", "key-of-first"
SECRET, OTHER_SECRET = "s" * 64, "o" * 64
PLATFORMS = "/api/platforms"
DAY = 24 * 3600
NEVER = "well signed, but this world never issued it: was the world reset since, or is it another world's?"
ISSUER = "https://lms.test"


def platform(number: int, tenant: str) -> dict[str, Any]:
    return {
        "id": f"P{number}",
        "tenant": tenant,
        "name": "Bench",
        "url": ISSUER,
        "client_id": f"client-{number}",
        "authentication_endpoint": f"{ISSUER}/auth",
        "accesstoken_endpoint": f"{ISSUER}/token",
        "auth_method": "JWK_KEY",
        "auth_key": bench_jwk(),
        "oauth": {
            "client_id": "c",
            "client_secret": "s",
            "authorization_endpoint": f"{ISSUER}/authorize",
            "token_endpoint": f"{ISSUER}/token",
        },
    }


def launch(name: str, tenant: str = "demo", platform_id: str = "P1", seconds: int = 0, **more: Any) -> dict[str, Any]:
    return {
        "id": name,
        "tenant": tenant,
        "platform_id": platform_id,
        "claims": {"sub": "ada", f"{LTI}message_type": "LtiResourceLinkRequest"},
        "created_at": (NOON + timedelta(seconds=seconds)).isoformat(),
        "keep_until": "2999-01-01T00:00:00Z",
        **more,
    }


def activity(name: str, tenant: str = "demo", platform_id: str = "P1", generation: int = 2) -> dict[str, Any]:
    return {
        "id": name,
        "tenant": tenant,
        "platform_id": platform_id,
        "deployment_id": name,
        "generation": generation,
    }


SECTION: dict[str, Any] = {
    "tenants": [
        {"subdomain": "first", "api_key": FIRST_KEY, "ltik_secret": "f" * 64, "launch_url": "https://first.example"},
        {"subdomain": "demo", "api_key": KEY, "ltik_secret": SECRET, "launch_url": "https://tool.example/launch"},
        {"subdomain": "other", "api_key": OTHER_KEY, "ltik_secret": OTHER_SECRET},
    ],
    "platforms": [platform(1, "demo"), platform(2, "other")],
    "launches": [
        launch("plain"),
        launch("active", service_key_id="act"),
        launch("lost", service_key_id="nothing"),
        launch("theirs", tenant="other", platform_id="P2"),
        launch("removed", platform_id="P9"),
        launch("oldest", seconds=-DAY),
        launch("older", seconds=-DAY - 1),
        launch("ahead", seconds=1),
        launch("too-far-ahead", seconds=2),
    ],
    "activities": [
        activity("act"),
        activity("their-act", "other", "P2"),
        {**activity("with-roster"), "roster": {"context_memberships_url": "http://127.0.0.1:9/roster"}},
    ],
}


def ltik(name: str, secret: str = SECRET, seconds: int = 0, **changes: Any) -> str:
    claims = {"s": name, "user": "ada", "iat": NOW + seconds, **changes}
    return jwt.encode({k: v for k, v in claims.items() if v is not None}, secret)


def service_key(name: str, secret: str = SECRET, **changes: Any) -> str:
    claims = {"serviceKey": name, "platformId": "P1", "g": 2, **changes}
    return jwt.encode(claims, secret)


THE_KEY = "this is the API key of the tenant `demo`"
DECORATED = f"{THE_KEY}, but there are quotation marks around it"
OTHER_CASE = f"{THE_KEY}, but the case differs"


def bearer(rig: InProcess, key: str = KEY, host: str | None = None, **headers: str) -> httpx.Response:
    sent = {"Authorization": f"Bearer {key}", **headers}
    return rig.get(PLATFORMS, url=f"http://{host}" if host else None, headers=sent)


def launched(rig: InProcess, token: str, key: str = KEY, scheme: str = "LTIK-AUTH-V2") -> httpx.Response:
    return rig.get("/api/idtoken", headers={"Authorization": f"{scheme} {key}:{token}"})


def serviced(rig: InProcess, token: str, key: str = KEY) -> httpx.Response:
    return rig.get("/api/memberships", headers={"Authorization": f"SERVICE-AUTH-V1 {key}:{token}"})


def refused(rig: InProcess, answer: httpx.Response, description: str, reason: str, **details: Any) -> None:
    """One answer on the wire, whatever was wrong; the journal tells the faults apart."""
    assert (answer.status_code, answer.json()["details"]["description"]) == (401, description)
    refusal = rig.refusal
    assert {"reason": refusal.reason} | {name: getattr(refusal, name) for name in details} == {
        "reason": reason,
        **details,
    }


NO_KEY, NO_LTIK, NO_SERVICE_KEY = "Invalid API key", "Invalid or expired ltik.", "Invalid or expired service key."
