"""The commonest answer, made in few steps."""

from __future__ import annotations

from starlette.responses import Response


class PlainResponse(Response):
    """What Starlette makes of bytes, status 200 and a media type, without headers of its own."""

    def __init__(self, body: bytes, media_type: bytes) -> None:
        self.status_code = 200
        self.background = None
        self.body = body
        self.raw_headers = [(b"content-length", b"%d" % len(body)), (b"content-type", media_type)]
