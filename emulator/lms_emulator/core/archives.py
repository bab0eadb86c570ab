"""Zip archives that clients send."""

from __future__ import annotations

import io
import zipfile

MOST_UNPACKED = 16 * 1024 * 1024
"""Bytes that an archive may unpack to: a few kilobytes can expand to gigabytes."""


def opened(content: bytes) -> zipfile.ZipFile:
    """An archive to read. Raises `zipfile.BadZipFile`, also if it unpacks to more than `MOST_UNPACKED`.

    No entry yields more bytes than the archive declares.
    """
    archive = zipfile.ZipFile(io.BytesIO(content))
    unpacked = sum(entry.file_size for entry in archive.infolist())
    if unpacked > MOST_UNPACKED:
        raise zipfile.BadZipFile(f"it has {unpacked} bytes unpacked, and at most {MOST_UNPACKED} are read")
    return archive
