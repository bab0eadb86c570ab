"""Forms, URL-encoded and multipart."""

from __future__ import annotations

import binascii
import logging
import re
from typing import Any

from starlette.datastructures import FormData, Headers, UploadFile


def decode_pairs(data: bytes, errors: str = "replace") -> list[tuple[str, Any]]:
    """Pairs of a URL-encoded form, blank values kept, in order.

    Parameters: `errors`, how to treat bytes that are not UTF-8: by default U+FFFD, `strict` raises.
    """
    if not data:
        return []
    text = data.decode("utf-8", errors)
    parts = [part.partition("=") for part in text.split("&") if part]
    if "%" not in text and "+" not in text:
        return [(name, value) for name, _, value in parts]
    return [(_decoded(name, errors), _decoded(value, errors)) for name, _, value in parts]


_BROKEN_ESCAPES = re.compile(rb"(?:%(?![0-9A-Fa-f]{2}))+")


def unescaped(data: bytes) -> bytes:
    """`unquote_to_bytes`, but faster: quoted-printable differs only in the escape character, and decodes in C."""
    if b"%" not in data:
        return data
    whole = _BROKEN_ESCAPES.sub(lambda run: run[0].replace(b"%", b"%25"), data)
    return binascii.a2b_qp(whole.replace(b"=", b"=3D").replace(b"%", b"="))


def _decoded(text: str, errors: str) -> str:
    text = text.replace("+", " ")
    return unescaped(text.encode()).decode("utf-8", errors) if "%" in text else text


_QUIET = logging.NullHandler()


def read_multipart(headers: Headers, body: bytes) -> list[tuple[str, str | UploadFile]]:
    """Fields and files of a multipart form. Raises ValueError when it cannot be read."""
    from collections.abc import AsyncGenerator

    from starlette.formparsers import MultiPartException, MultiPartParser

    # The parser's own logger would report each broken form on stderr.
    logging.getLogger("python_multipart").addHandler(_QUIET)

    async def stream() -> AsyncGenerator[bytes, None]:
        yield body

    # The body is in memory, within `emulator.max_body_bytes`. A file on disk would be written in a thread.
    parser = MultiPartParser(headers, stream(), max_part_size=len(body))
    parser.spool_max_size = len(body) + 1

    async def parse() -> FormData:
        return await parser.parse()

    parsing = parse()
    try:
        parsing.send(None)
    except StopIteration as done:
        form: FormData = done.value
        return form.multi_items()
    except (MultiPartException, KeyError) as error:
        raise ValueError(str(error)) from None
    finally:
        parsing.close()
    raise AssertionError("nothing is waited for, as all is in memory")
