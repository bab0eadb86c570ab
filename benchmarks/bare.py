"""The bare framework beside which the emulator is measured: the same stack, no checks, no state, no journal."""

from __future__ import annotations

import secrets
import time
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

_key: list[Any] = []


async def health(request: Request) -> JSONResponse:
    return JSONResponse({"status": "ready"})


async def opaque(request: Request) -> JSONResponse:
    await request.form()
    return JSONResponse({"access_token": secrets.token_urlsafe(22), "expires_in": 36000, "token_type": "Bearer"})


async def rs256(request: Request) -> JSONResponse:
    import jwt

    if not _key:
        from cryptography.hazmat.primitives.asymmetric import rsa

        _key.append(rsa.generate_private_key(65537, 2048))
    await request.form()
    now = int(time.time())
    claims = {"iss": "bare", "aud": "bare", "sub": "1", "iat": now, "exp": now + 3600, "jti": secrets.token_hex(16)}
    return JSONResponse({"access_token": jwt.encode(claims, _key[0], "RS256"), "expires_in": 3600})


app = Starlette(
    routes=[
        Route("/health", health),
        Route("/token", opaque, methods=["POST"]),
        Route("/token-rs256", rs256, methods=["POST"]),
    ]
)
