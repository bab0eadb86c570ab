"""The request target and the Host of a request, as RFC 9112 has them."""

from __future__ import annotations

import re
from functools import lru_cache
from ipaddress import IPv6Address

_NOT_ASCII = re.compile(rb"[^\x21-\x7e]")
# The characters of a Host (RFC 3986, 3.2.2 and 3.2.3), without any that would break a URL or a log line.
_HOST = re.compile(rb"(?:\[([0-9A-Fa-f:.]+)\]|[0-9A-Za-z._~%!$&'()*+,;=-]+)(?::([0-9]*))?")


class BadRequestError(Exception):
    """The request violates RFC 9112 or a limit. Attributes: `status`, of the answer."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status


@lru_cache(maxsize=256)
def is_host(authority: bytes) -> bool:
    """Whether a Host can be part of a URL: in brackets it must be an IPv6 address, and a port has 16 bits."""
    found = _HOST.fullmatch(authority)
    if found is None or int(found[2] or b"0") > 65_535:
        return False
    try:
        return found[1] is None or IPv6Address(found[1].decode()) is not None
    except ValueError:
        return False


def split_target(target: bytes) -> tuple[bytes, bytes, bytes | None]:
    """Path, query and authority of a request target: origin form and `*` have no authority, absolute form has one.

    Non-ASCII bytes are percent-encoded. Raises BadRequestError for an absolute form whose scheme is not HTTP's, or that
    contains a user: RFC 9110, 4.2.4.
    """
    if b"#" in target:
        target = target.split(b"#", 1)[0]
    if _NOT_ASCII.search(target):
        target = _NOT_ASCII.sub(lambda m: b"%%%02X" % m[0][0], target)
    authority = None
    if not target.startswith(b"/"):
        if target == b"*":
            return target, b"", None
        scheme, found, rest = target.partition(b"://")
        if found:
            if scheme.lower() not in (b"http", b"https"):
                raise BadRequestError(400, "a target that is not an HTTP URL")
            end = re.search(rb"[/?]", rest)
            authority = rest[: end.start()] if end else rest
            if b"@" in authority:
                raise BadRequestError(400, "a target that contains a user")
            rest = rest[end.start() :] if end else b""
            target = rest if rest.startswith(b"/") else b"/" + rest
        else:
            target = b"/" + target
    path, _, query = target.partition(b"?")
    return path, query, authority
