"""A fast path for the most common kind of response."""

from __future__ import annotations

from starlette.responses import Response


class PlainResponse(Response):
    """The same as a Starlette response of bytes with status 200 and a media type, but cheaper to build."""

    def __init__(self, body: bytes, media_type: bytes) -> None:
        self.status_code = 200
        self.background = None
        self.body = body
        self.raw_headers = [(b"content-length", b"%d" % len(body)), (b"content-type", media_type)]
